#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds `bindsim order` against the real loader, which carries out random steps in every order.

    order_graphs.py --seeds 1-30 --bindsim build/bindsim

Each seed gives a set of objects and some plans, of which the dlopen steps are kept.  The program is run in each order
under LD_DEBUG=bindings.  For each order the loader must refuse the same steps; where a reference that
is there is bound elsewhere in another order, `order` must say so; and what it says of an order must be so there.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path

from graph_build import Builder, Toolbox
from graph_plans import Plan, make_plans
from graph_random import make_graph
from loader import OK, SKIPPED, Question, Transcript, run_real, simulator_steps, unavailable
from seeds import parse_seeds

MOST_STEPS = 4
NO_DLOPEN = re.compile(r"(newlm|lm|sym|close|call|by|init):|end-init$")
BINDING = re.compile(r".*binding file (.*) \[\d+\] to (.*) \[\d+\]: \w+ symbol `([^']*)'")
Bindings = dict[tuple[str, str], set[str]]


def dlopens(plan: Plan) -> list[str]:
    """The first few different files that the plan opens, with its flags."""
    steps: dict[str, str] = {}
    for step in plan.steps:
        if not NO_DLOPEN.match(step) and step.partition(":")[0]:
            steps.setdefault(step.partition(":")[0], step)
    return list(steps.values())[:MOST_STEPS]


class Case:
    """A plan in all orders, in the real world and in the answer."""

    def __init__(self, question: Question, bindsim: str) -> None:
        self.question = question
        self.files: dict[tuple[int, int], str] = {}
        options = ["--bind-now", *(f"--env={name}={value}" for name, value in question.env.items())]
        self.command = [os.path.abspath(bindsim), "order", "--format=json", *options, question.program, *simulator_steps(question)]

    def ask(self) -> dict:
        """The answer."""
        done = subprocess.run(self.command, cwd=self.question.cwd, env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
        if done.returncode not in (0, 1):
            raise RuntimeError(f"status {done.returncode}: {done.stderr.decode(errors='replace')}")
        return json.loads(done.stdout)

    def file(self, name: str) -> str:
        """Objects are called by the first name that was asked for, which depends on the order; files are not. Of a file
        with several hard links it is the first one that was met."""
        path = os.path.realpath(os.path.join(self.question.cwd, name))
        if not os.path.exists(path):
            return path
        status = os.stat(path)
        return self.files.setdefault((status.st_dev, status.st_ino), path)

    def run(self, order: list[int]) -> Transcript:
        """The real thing; ORDER are numbers of steps."""
        return run_real(replace(self.question, steps=[self.question.steps[number - 1] for number in order]))

    def bindings(self, transcript: Transcript, refused: bool = False) -> Bindings:
        """Who is bound to whom. What a refused step bound is mostly gone, and counts only if REFUSED."""
        found: Bindings = defaultdict(set)
        for block in transcript.blocks:
            for line in block.lines if refused or block.outcome == OK else ():
                if match := BINDING.match(line):
                    found[self.file(match[1]), match[3]].add(self.file(match[2]))
        return found


def refusals(transcript: Transcript, order: list[int]) -> dict[int, str]:
    """Messages by the number of the step."""
    return {order[block.step - 1] if block.step else 0: block.outcome.removeprefix("failed: ")
            for block in transcript.blocks if block.outcome.startswith("failed")}


def differences(case: Case, document: dict, real: list[Transcript], counts: Counter[str]) -> list[str]:
    """Where the two disagree."""
    wrong = []
    bound = [case.bindings(transcript) for transcript in real]
    possible = [case.bindings(transcript, refused=True) for transcript in real]
    files = [case.file(made["name"]) for made in document["objects"]]
    for found in document["classes"]:
        told = {refusal["step"]: refusal["message"] or "" for refusal in found["refusals"]}
        for at in found["orders"]:
            seen = refusals(real[at], document["orders"][at])
            if set(seen) != set(told):
                wrong.append(f"order {document['orders'][at]}: the loader refuses {seen}, told is {told}")
            counts["refusals"] += len(seen)
    told_of = set()
    for moved in document["dependent"]:
        for symbol in moved["symbols"]:
            key = files[moved["from"]], symbol
            told_of.add(key)
            for order, there, answer in zip(document["orders"], possible, moved["answers"]):
                if not answer["there"] or answer["to"] is None:
                    continue
                if files[answer["to"]] not in there.get(key, ()):
                    wrong.append(f"order {order}: {key} is bound to {there.get(key)}, told is {files[answer['to']]}")
                counts["answers"] += 1
    for key in set().union(*bound):
        answers = {frozenset(there[key]) for there in bound if key in there}
        if len(answers) > 1 and key not in told_of:
            wrong.append(f"{key} is bound to {[sorted(answer) for answer in answers]}, nothing is told")
    counts["bindings"] += sum(map(len, bound))
    counts["references that depend"] += len(told_of)
    return wrong


def check(plan: Plan, bindsim: str, counts: Counter[str]) -> list[str]:
    """One plan."""
    steps = dlopens(plan)
    if len(steps) < 2:
        return []
    case = Case(replace(plan, steps=steps, bind_now=True).question(), bindsim)
    document = case.ask()
    if sorted(document["orders"]) != sorted(map(list, itertools.permutations(range(1, len(steps) + 1)))):
        return ["these are not all orders"]
    real = [case.run(order) for order in document["orders"]]
    if any(block.outcome.startswith("crashed") for transcript in real for block in transcript.blocks):
        counts["plans that the loader does not survive"] += 1
        return []
    counts["plans"] += 1
    counts["orders"] += len(real)
    counts["plans that depend"] += document["finding"] is not None
    if wrong := differences(case, document, real, counts):
        return [" ".join(case.command), *wrong[:8]]
    return []


def main() -> int:
    """Goes through the seeds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bindsim", default="build/bindsim", metavar="PATH")
    parser.add_argument("--seeds", type=parse_seeds, default=parse_seeds("1-12"), metavar="LIST")
    parser.add_argument("--plans", type=int, default=2, metavar="N", help="for each seed")
    arguments = parser.parse_args()
    if reason := unavailable(["gcc"]):
        print(f"skipped: {reason}")
        return SKIPPED
    counts: Counter[str] = Counter()
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="bindsim-order-") as name:
        base = Path(os.path.realpath(name))
        tools = Toolbox(base)
        tools.compile()
        for seed in arguments.seeds:
            root = base / f"seed-{seed}"
            root.mkdir()
            graph = make_graph(seed, str(root))
            try:
                program = Builder(graph, root, tools).build()
            except RuntimeError as error:
                if "assertion fail" not in str(error):
                    raise
                continue  # the linker's own trouble
            for plan in make_plans(graph, root, program, arguments.plans):
                found = check(plan, arguments.bindsim, counts)
                wrong += bool(found)
                for line in found:
                    print(f"seed {seed}: {line}", flush=True)
            shutil.rmtree(root)
    print(", ".join(f"{number} {what}" for what, number in counts.items()) + f"; {wrong} plans differ")
    return 1 if wrong or not counts["references that depend"] else 0


if __name__ == "__main__":
    sys.exit(main())
