#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every scenario, and some random questions, through the JSON formats: they validate, and their parts fit each other."""

from __future__ import annotations

import argparse
import os
import sys
from concurrent.futures import ThreadPoolExecutor

import answers
import graphs
from laboratory import HERE, build, command_of, extend_language, language, scenario_of, workplace

sys.path.insert(0, str(HERE.parent / "json"))
import reports  # noqa: E402
import validation  # noqa: E402

SHOWN = "--show=" + reports.PARTS


def assumption_problems(document: dict) -> list[str]:
    """What is listed is what something is marked with, and what waits is what the slots say."""
    answer = answers.Answer(document)
    listed = [entry["switch"] for entry in document["assumptions"]]
    found = []
    if sorted(answer.all_marks) != sorted(listed):
        found.append(f"listed {sorted(listed)}, marked {sorted(answer.all_marks)}")
    waiting = sorted(slot for entry in document["waiting"] for slot in entry["slots"])
    if waiting != [slot["slot"] for slot in document["slots"] if slot["until"] is None]:
        found.append(f"waiting {waiting}")
    for entry in document["waiting"]:
        if any(document["slots"][slot]["from"] != entry["object"] for slot in entry["slots"]):
            found.append(f"of another object: {entry}")
    on_demand = any(demand["made"] for step in document["steps"] for demand in step.get("demands", []))
    if on_demand and "on_demand" not in document and not any(s["name"] == "qnx.lazyload"
                                                             for s in document["question"]["settings"]):
        found.append("nothing is told of what loading on demand changes")
    return found


def examine(bindsim: str, schemas: reports.Schemas, scenario, directory: str, fault: str | None) -> list[str]:
    """The problems with one scenario in all its settings."""
    if fault:
        return [fault]
    found = []
    for setting in dict.fromkeys(expected.setting for expected in scenario.expectations):
        options = ["--set", "qnx." + setting.replace("$DIR", directory)] if setting else []
        command = command_of(bindsim, scenario, directory, *options)
        answer = reports.Answer(bindsim, command[1:], os.path.join(directory, scenario.directory), [SHOWN])
        if answer.document is not None:
            found += [*answer.problems(schemas), *assumption_problems(answer.document)]
    return found


def main() -> int:
    """Builds everything, asks everything."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bindsim", default="build/src/cli/bindsim", type=os.path.abspath, metavar="PATH")
    options = parser.parse_args()
    if not validation.VALIDATES:
        print("skipped: " + validation.WHY_NOT)
        return reports.SKIPPED
    extend_language()
    scenarios = [s for name in ("scenarios.scn", "choices.scn") for s in language.read_scenarios(HERE / name)]
    for scenario in scenarios:
        scenario.program.with_libc = False
    scenarios += [scenario_of(question.text()) for seed in range(1, 6) for question in graphs.random_question(seed, 2)]
    schemas = reports.Schemas()
    failed = 0
    with workplace(None) as (workdir, workshop), ThreadPoolExecutor(os.cpu_count()) as pool:
        directories = [os.path.join(workdir, str(n)) for n in range(len(scenarios))]
        faults = list(pool.map(lambda pair: build(workshop, *pair), zip(scenarios, directories)))
        found = pool.map(lambda triple: examine(options.bindsim, schemas, *triple), zip(scenarios, directories, faults))
        for scenario, problems in zip(scenarios, found):
            failed += bool(problems)
            for problem in problems[:4]:
                print(f"FAIL {scenario.place} {scenario.title}: {problem}")
    print(f"{len(scenarios)} questions through json and ndjson: {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
