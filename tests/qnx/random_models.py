#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Random questions: bindsim binds, loads and fails as a model says that was written from the rules alone (model.py)."""

from __future__ import annotations

import argparse
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor

import answers
import graphs
import model
from laboratory import SKIPPED, Workshop, build, extend_language, run, scenario_of, unavailable, workplace

SHOWN = "--show=bindings,slots,objects,mapped"


def short(name: str) -> str:
    """./L3.so is L3."""
    base = name.rpartition("/")[2].removesuffix(".so")
    return "X" if base == "app" else base


def told(state: answers.State) -> dict[tuple, tuple]:
    """By (object, symbol, kind): "bound" or "waits", to whom, and whether a call would load."""
    return {(short(who[0]), symbol, kind): (answer[0], short(answer[1][0]) if answer[1] else None, answer[3])
            for (who, symbol, kind), (answer, _) in state.references.items()}


def expected(process: model.Process) -> dict[tuple, tuple]:
    """The same as the model has it."""
    found = {}
    for o in process.order:
        for symbol in o.thing.calls:
            if o.name == "X" and symbol in o.thing.defines:
                continue  # the link editor has bound it
            if (symbol, "plt") in o.bound:
                found[(o.name, symbol, "plt")] = ("bound", o.bound[(symbol, "plt")], False)
            else:
                found[(o.name, symbol, "plt")] = ("waits", *process.slot(o, symbol))
        for symbol in o.thing.reads:
            found[(o.name, symbol, "data")] = ("bound", o.bound[(symbol, "data")], False)
    return found


def compare(question: graphs.Question, answer: answers.Answer) -> tuple[int, list[str]]:
    """How many references were held against each other, and what differs first."""
    count = 0
    try:
        process = model.Process(question)
    except model.Refused as refused:
        return 0, [] if answer.states[0].outcome[0] == "failed" else [f"start-up: refused for {refused}"]
    for number in range(len(question.steps) + 1):
        state = answer.states[number]
        outcome = process.step(number, question.steps[number - 1]) if number else "ok"
        if outcome != state.outcome[0]:
            return count, [f"step {number}: {state.outcome}, expected {outcome}"]
        if process.over:
            break
        here, there = told(state), expected(process)
        loaded = [short(name) for name, _ in state.loaded]
        if loaded != [o.name for o in process.order]:
            return count, [f"step {number}: loaded {loaded}, expected {[o.name for o in process.order]}"]
        wrong = [f"step {number}: {key}: {here.get(key)}, expected {there.get(key)}"
                 for key in sorted({*here, *there}) if here.get(key) != there.get(key)]
        count += len(there)
        if wrong:
            return count, wrong
    return count, []


def main() -> int:
    """Goes through the seeds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bindsim", default="build/src/cli/bindsim", type=os.path.abspath, metavar="PATH")
    parser.add_argument("--seeds", default="1-30", metavar="FROM-TO")
    parser.add_argument("--plans", default=4, type=int, metavar="N", help="plans for each seed's objects")
    parser.add_argument("--keep", metavar="DIR", help="build in DIR and leave everything there")
    options = parser.parse_args()
    if reason := unavailable():
        print(f"skipped: {reason}")
        return SKIPPED
    extend_language()
    first, last = map(int, options.seeds.split("-"))

    def one(seed: int, workdir: str, workshop: Workshop) -> tuple[int, int, int]:
        asked = count = failed = 0
        for n, question in enumerate(map(graphs.plain, graphs.random_question(seed, options.plans))):
            scenario = scenario_of(question.text())
            directory = os.path.join(workdir, f"{seed}-{n}")
            fault = build(workshop, scenario, directory)
            if fault:
                raise RuntimeError(fault)
            done = run(options.bindsim, scenario, directory, "--format=json", SHOWN)
            if done.returncode == 2 and ("the call: " in done.stderr or "the caller: " in done.stderr):
                continue  # the plan means an object that is not there
            references, wrong = compare(question, answers.Answer(json.loads(done.stdout)))
            asked, count, failed = asked + 1, count + references, failed + bool(wrong)
            if wrong:
                print("\n".join([question.text(), *wrong[:5], directory]))
        return asked, count, failed
    with workplace(options.keep) as place, ThreadPoolExecutor(os.cpu_count()) as pool:
        sums = [sum(numbers) for numbers in zip(*pool.map(lambda seed: one(seed, *place), range(first, last + 1)))]
    print(f"{sums[0]} questions, {sums[1]} references after their steps: {sums[2]} questions differ from the model")
    return 1 if sums[2] or not sums[1] else 0


if __name__ == "__main__":
    sys.exit(main())
