#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Asks about real packages that are known to harm each other, or not to, and holds the errors against the labels.

    corpus.py --bindsim build/bindsim [--cache DIR] [--case NAME]...

Packages of Debian, PyPI and npm are downloaded and unpacked into a private directory, nothing is installed and nothing is
run.  The exit status is 0 only if each harmful plan has an error about one of its pairs and each harmless one has none,
but for those that are known to be judged wrongly, which are printed and must stay wrong: a label that has come true loses
its `known_wrong`.  What the real loader was seen to bind across must be what is simulated.  A case whose packages cannot
be had is skipped, and the status is 77 if all are.  What they take is 5 GB.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from debian_cases import DEBIAN
from labels import LIBRARIES, Case, Plan
from npm_cases import NPM
from trees import Unavailable, unpack
from wheel_cases import WHEELS

SKIPPED = 77
CASES = [*DEBIAN, *WHEELS, *NPM]


def ask(bindsim: str, case: Case, plan: Plan, tree: Path) -> dict:
    """The JSON report."""
    def inside(text: str) -> str:
        return text.replace("{T}", str(tree))
    path = f"{tree}{LIBRARIES}:{tree}/lib/x86_64-linux-gnu"
    show = "steps,objects,findings" + (",bindings" if plan.bound else "")
    command = [bindsim, "--format=json", f"--show={show}", "--no-env", "--env", f"LD_LIBRARY_PATH={path}"]
    for name, value in case.environment.items():
        command += ["--env", f"{name}={inside(value)}"]
    command.append(f"{tree}{case.program}" if case.program else str(tree / "empty"))
    for step in plan.steps:
        command += ["--dlopen", inside(step)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{case.name}, {plan.name}: status {done.returncode}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def base_names(document: dict) -> list[str]:
    """Of all objects, by their numbers."""
    return [Path(entry["path"] or entry["name"]).name for entry in document["objects"]]


def errors(document: dict) -> list[tuple[str, str, str]]:
    """Rule and base names of the two objects of each error."""
    names = base_names(document)
    return [(finding["rule"], names[finding["from"]], names[finding["to"]] if finding["to"] is not None else "nobody")
            for finding in document["findings"] if finding["level"] == "error"]


def judged_otherwise(plan: Plan, found: list[tuple[str, str, str]]) -> str | None:
    """In what the errors are not what the label says."""
    told = "; ".join(f"{rule}: {source} to {target}" for rule, source, target in found) or "nothing"
    if plan.may_harm:
        return None
    if not plan.harms:
        return f"it does no harm, and there is {told}" if found else None
    if any(fnmatchcase(source, pair[0]) and fnmatchcase(target, pair[1])
           for _, source, target in found for pair in plan.harms):
        return None
    return f"{plan.harms} is harmful, and there is {told}"


def bound_otherwise(plan: Plan, document: dict) -> list[str]:
    """Pairs with another number of symbols bound across than the real loader has."""
    if not plan.bound:
        return []
    names = base_names(document)
    crossing = {(binding["from"], binding["to"], binding["symbol"])
                for step in document["steps"] for binding in step["bindings"] or []
                if binding["to"] is not None and binding["from"] != binding["to"]}
    problems = []
    for source, target, number in plan.bound:
        count = sum(fnmatchcase(names[of], source) and fnmatchcase(names[to], target) for of, to, _ in crossing)
        if count != number:
            problems.append(f"{source} is bound to {target} for {number} symbols by the real loader, for {count} here")
    return problems


@dataclass
class Tally:
    """What has come of the plans."""

    plans: int = 0
    harmful: int = 0
    skipped: int = 0
    known_wrong: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def add(self, bindsim: str, case: Case, plan: Plan, tree: Path) -> None:
        """Asks about one plan more."""
        where = f"{case.name}, {plan.name}"
        self.plans += 1
        self.harmful += bool(plan.harms)
        try:
            document = ask(bindsim, case, plan, tree)
        except RuntimeError as error:
            self.problems.append(str(error))
            return
        self.problems += [f"{where}: {problem}" for problem in bound_otherwise(plan, document)]
        problem = judged_otherwise(plan, errors(document))
        if plan.known_wrong and problem:
            self.known_wrong.append(f"{where}: {problem}; the label: {plan.known_wrong}")
        elif plan.known_wrong:
            self.problems.append(f"{where}: known to be judged wrongly, and is not any more: take known_wrong away")
        elif problem:
            self.problems.append(f"{where}: {problem}")


def main() -> int:
    """Goes through all cases."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bindsim", default="build/bindsim", metavar="PATH")
    parser.add_argument("--cache", type=Path, default=Path("corpus-cache"), metavar="DIR")
    parser.add_argument("--case", action="append", default=[], metavar="NAME")
    arguments = parser.parse_args()
    bindsim, cache = str(Path(arguments.bindsim).resolve()), arguments.cache.resolve()
    cache.mkdir(parents=True, exist_ok=True)
    tally = Tally()
    for case in CASES:
        if arguments.case and case.name not in arguments.case:
            continue
        try:
            tree = unpack(case, cache)
        except Unavailable as error:
            print(f"skipped: {case.name}: {error}")
            tally.skipped += 1
            continue
        for plan in case.plans:
            tally.add(bindsim, case, plan, tree)
    for wrong in tally.known_wrong:
        print(f"KNOWN TO BE WRONG: {wrong}")
    for problem in tally.problems:
        print(problem)
    print(f"{tally.plans} plans, {tally.harmful} of them harmful, {len(tally.problems)} judged otherwise than their labels, "
          f"{len(tally.known_wrong)} known to be judged wrongly, {tally.skipped} cases skipped")
    if tally.skipped and not tally.plans:
        return SKIPPED
    return 1 if tally.problems or not tally.plans else 0


if __name__ == "__main__":
    sys.exit(main())
