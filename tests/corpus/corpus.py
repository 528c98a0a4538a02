#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Asks about real packages that are known to harm each other, or not to, and holds the errors against the labels.

    corpus.py --bindsim build/bindsim [--cache DIR] [--case NAME]...

Debian's packages are downloaded and unpacked into a private directory, nothing is installed and nothing is run.  The
exit status is 0 only if each harmful plan of cases.py has an error about one of its pairs and no other plan has any; it
is 77 where the packages cannot be had.  What they take is 1.5 GB.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path

from cases import CASES, LIBRARIES, Case, Plan

sys.path += [str(Path(__file__).resolve().parents[1] / "oracle")]

from debian_packages import Unavailable, download, with_needs  # noqa: E402

SKIPPED = 77
# The C library is this machine's, whose loader is asked about.
NOT_UNPACKED = {"libc6", "libc-bin", "gcc-12-base"}


def unpack(case: Case, cache: Path) -> Path:
    """The tree of a case, made if it is not there."""
    tree = cache / "trees" / case.name
    if (tree / "complete").exists():
        return tree
    tree.mkdir(parents=True, exist_ok=True)
    names = [name for name in with_needs(cache, "amd64", case.packages) if name not in NOT_UNPACKED]
    for file in download(cache, "amd64", names):
        subprocess.run(["dpkg-deb", "-x", file, tree], check=True)
    program = tree / "empty.c"
    program.write_text("int main(void) { return 0; }\n")
    subprocess.run(["gcc", "-o", tree / "empty", program], check=True)
    (tree / "complete").touch()
    return tree


def ask(bindsim: str, case: Case, plan: Plan, tree: Path) -> dict:
    """The JSON report."""
    def inside(text: str) -> str:
        return text.replace("{T}", str(tree))
    path = f"{tree}{LIBRARIES}:{tree}/lib/x86_64-linux-gnu"
    command = [bindsim, "--format=json", "--no-env", "--env", f"LD_LIBRARY_PATH={path}"]
    for name, value in case.environment.items():
        command += ["--env", f"{name}={inside(value)}"]
    command.append(f"{tree}{case.program}" if case.program else str(tree / "empty"))
    for step in plan.steps:
        command += ["--dlopen", inside(step)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{case.name}, {plan.name}: status {done.returncode}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def errors(document: dict) -> list[tuple[str, str, str]]:
    """Rule and base names of the two objects of each error."""
    names = [Path(entry["path"] or entry["name"]).name for entry in document["objects"]]
    return [(finding["rule"], names[finding["from"]], names[finding["to"]] if finding["to"] is not None else "nobody")
            for finding in document["findings"] if finding["level"] == "error"]


def check(case: Case, plan: Plan, found: list[tuple[str, str, str]]) -> str | None:
    """What is wrong, if something is."""
    told = "; ".join(f"{rule}: {source} to {target}" for rule, source, target in found) or "nothing"
    if plan.may_harm:
        return None
    if not plan.harms:
        return f"{case.name}, {plan.name}: it does no harm, and there is {told}" if found else None
    if any(fnmatchcase(source, pair[0]) and fnmatchcase(target, pair[1])
           for _, source, target in found for pair in plan.harms):
        return None
    return f"{case.name}, {plan.name}: {plan.harms} is harmful, and there is {told}"


def main() -> int:
    """Goes through all cases."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bindsim", default="build/bindsim", metavar="PATH")
    parser.add_argument("--cache", type=Path, default=Path("corpus-cache"), metavar="DIR")
    parser.add_argument("--case", action="append", default=[], metavar="NAME")
    arguments = parser.parse_args()
    bindsim, cache = str(Path(arguments.bindsim).resolve()), arguments.cache.resolve()
    cache.mkdir(parents=True, exist_ok=True)
    problems, plans, harmful = [], 0, 0
    for case in CASES:
        if arguments.case and case.name not in arguments.case:
            continue
        try:
            tree = unpack(case, cache)
        except Unavailable as error:
            print(f"skipped: {case.name}: {error}")
            return SKIPPED
        for plan in case.plans:
            plans += 1
            harmful += bool(plan.harms)
            try:
                problem = check(case, plan, errors(ask(bindsim, case, plan, tree)))
            except RuntimeError as error:
                problem = str(error)
            problems += [problem] if problem else []
    for problem in problems:
        print(problem)
    print(f"{plans} plans, {harmful} of them harmful, {len(problems)} judged otherwise than their labels")
    return 1 if problems or not plans else 0


if __name__ == "__main__":
    sys.exit(main())
