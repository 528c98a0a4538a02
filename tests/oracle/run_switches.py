#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each switch of the glibc profile has its effect, and only then: switches.txt has the smallest case of each.

The simulator alone is asked, since no machine has all the loaders; other_loaders.py asks those that can be had.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import loader
from run_scenarios import check, question_of
from scenarios.fixtures import BuildError, Workshop
from scenarios.language import read_scenarios

HERE = Path(__file__).resolve().parent
# What is shown elsewhere, or nowhere because no program of the scenarios' kind sees it.
ELSEWHERE = {
    "cache-legacy-bits": "tests/unit/search-cache-test.c", "keeps-root-dir": "tests/unit/search-list-test.c",
    "checks-cache-again": "tests/cli/test_loaders.py", "close-puts-first": "other_loaders.py, in its random graphs",
    "tls-holds-rseq": "other_loaders.py, in its random graphs", "canonical-program": "tests/cli/test_loaders.py",
}


def switches(bindsim):
    """KEY: (first value, second value), as the tool lists them."""
    listed = subprocess.run([bindsim, "loaders", "glibc"], text=True, capture_output=True, check=True).stdout
    return {key: (first, second) for key, first, second
            in re.findall(r"^glibc\.([\w-]+) +(\w+) (?:from|up to) .*, else (\w+)$", listed, re.MULTILINE)}


def cases(text):
    """Yields (key, statements)."""
    for part in re.split(r"^== ", text, flags=re.MULTILINE)[1:]:
        key, *statements = part.rstrip().split("\n")
        yield key, statements


def scenario_of(statements, key, value, directory):
    """The case with the switch at VALUE, and the further settings that it wants."""
    path = directory / (key + "-" + value + ".scn")
    own = [line.partition(": ")[2] if line.startswith(value + ": ") else line for line in statements
           if not re.match(r"(?!%s: )(yes|no|dfs|counting): |with " % value, line)]
    wanted = [line.split()[1:] for line in own if line.startswith("definition ")]
    own = [line for line in own if not line.startswith("definition ")]
    path.write_text("\n".join(["# %s=%s" % (key, value), *own]) + "\n")
    further = [line.removeprefix("with ") for line in statements if line.startswith("with ")]
    return read_scenarios(path)[0], ["%s=%s" % (key, value), *further], wanted


def definitions(bindsim, question):
    """What versions the definitions have that the references of a symbol are bound to, by the report in JSON."""
    command = [bindsim, "--format=json", "--show=bindings", "--bind-now", "--env=LD_LIBRARY_PATH=.", *question.extra,
               question.program]
    done = subprocess.run(command, cwd=question.cwd, text=True, capture_output=True, check=True)
    return {binding["symbol"]: binding.get("definition_version") or "none"
            for binding in json.loads(done.stdout)["steps"][0]["bindings"]}


def try_case(bindsim, workshop, statements, key, value, directory):
    """What is wrong with the answer."""
    scenario, settings, wanted = scenario_of(statements, key, value, directory)
    place = directory / (key + "-" + value)
    place.mkdir()
    workshop.furnish(scenario, str(place))
    question = question_of(scenario, str(place))
    extra = ["--cpu=x86-64-v2", "--loader=glibc:2.36", *("--set=glibc." + setting for setting in settings)]
    question = loader.Question(**{**vars(question), "extra": (*question.extra, *extra)})
    problems = check(scenario, loader.run_simulated(question, bindsim), str(place), simulated=True)
    for symbol, version in wanted:
        found = definitions(bindsim, question)[symbol]
        problems += ["%s: the definition of %s, not of %s" % (symbol, found, version)] if found != version else []
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bindsim", default="build/src/cli/bindsim", metavar="PATH")
    bindsim = os.path.abspath(parser.parse_args().bindsim)
    known, seen, failed, tried = switches(bindsim), set(ELSEWHERE), 0, 0
    with tempfile.TemporaryDirectory(prefix="switches-") as name:
        directory = Path(os.path.realpath(name))
        (directory / "cache").mkdir()
        workshop = Workshop(str(directory / "cache"), HERE / "driver.c")
        for key, statements in cases((HERE / "switches.txt").read_text()):
            seen.add(key)
            for value in known.get(key, ()):
                tried += 1
                try:
                    problems = try_case(bindsim, workshop, statements, key, value, directory)
                except (BuildError, OSError) as error:
                    problems = [str(error)]
                failed += bool(problems)
                for problem in problems:
                    print("FAIL %s=%s: %s" % (key, value, problem))
    for key in set(known) ^ seen:
        failed += 1
        print("FAIL %s: %s" % (key, "no case" if key in known else "no such switch"))
    print("%d settings of %d switches: %d failed" % (tried, len(known), failed))
    return 1 if failed or not tried else 0


if __name__ == "__main__":
    sys.exit(main())
