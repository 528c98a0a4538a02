#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every scenario of the oracle through the JSON formats: they validate and say what ld-debug says.

    scenarios_test.py --bindsim build/bindsim
"""

import argparse
import concurrent.futures
import itertools
import os
import sys
import tempfile
from pathlib import Path

import reports
import validation

ORACLE = Path(__file__).resolve().parent.parent / "oracle"
sys.path.insert(0, str(ORACLE))
import loader  # noqa: E402
import run_scenarios  # noqa: E402
from scenarios.fixtures import Workshop  # noqa: E402
from scenarios.language import read_scenarios  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bindsim", default="build/bindsim", type=os.path.abspath)
    options = parser.parse_args()
    if not validation.QUICK:
        print("scenarios_test: some of the documents have megabytes, and there is no jsonschema-rs")
        return reports.SKIPPED
    if not os.path.exists(run_scenarios.INTERPRETER):
        print("scenarios_test: the scenarios are for x86-64")
        return reports.SKIPPED
    scenarios = [scenario for path in sorted((ORACLE / "scenarios").glob("*.scn"))
                 for scenario in read_scenarios(path)]
    with tempfile.TemporaryDirectory(prefix="json-scenarios-") as workdir:
        return check_all(scenarios, os.path.realpath(workdir), options.bindsim)


def check_all(scenarios, workdir, bindsim):
    os.makedirs(os.path.join(workdir, "cache"))
    workshop = Workshop(os.path.join(workdir, "cache"), ORACLE / "driver.c")
    schemas = reports.Schemas()
    directories = [os.path.join(workdir, scenario.place.replace(".scn:", "-")) for scenario in scenarios]
    failed = refused = 0
    with concurrent.futures.ThreadPoolExecutor() as pool:
        faults = list(pool.map(lambda pair: run_scenarios.build(workshop, *pair), zip(scenarios, directories)))
        # All documents at once would take gigabytes.
        judged = list(pool.map(lambda pair: judge(bindsim, schemas, *pair), zip(scenarios, directories)))
    for scenario, fault, found in zip(scenarios, faults, judged):
        problems = [fault] if fault else []
        if found is None:
            refused += 1
        elif not fault:
            problems += found
        failed += bool(problems)
        for problem in problems:
            print("FAIL %s: %s" % (scenario.place, problem))
    print("%d scenarios through json and ndjson: %d failed, %d are questions that bindsim does not answer"
          % (len(scenarios), failed, refused))
    return 1 if failed or refused == len(scenarios) else 0


def judge(bindsim, schemas, scenario, directory):
    """The first problems of an answer; None where there is none."""
    question = run_scenarios.question_of(scenario, directory)
    arguments = [word for word in loader.simulator_arguments(question) if not word.startswith(("--format=", "--show="))]
    answer = reports.Answer(bindsim, arguments, question.cwd, options=["--show=" + reports.PARTS])
    return None if answer.document is None else list(itertools.islice(answer.problems(schemas), 5))


if __name__ == "__main__":
    sys.exit(main())
