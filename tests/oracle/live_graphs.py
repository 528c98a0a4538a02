#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds what `bindsim --pid` reads out of processes against what their loader says, and against the simulation.

    live_graphs.py --seeds 1-30 --bindsim build/bindsim

Each seed gives a set of objects and some plans.  The program carries a plan out under LD_DEBUG=bindings and then waits.
Each slot that is told to be bound must be bound so in the loader's log, each line of the log about an object that is still
there must be found in its slots, and nothing may be patched.  With the plan at hand no slot may hold anything else than
the simulation says; the plan that is derived from the process alone is simulated, too, and what differs then is counted.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from graph_build import Builder, Toolbox
from graph_plans import Plan, make_plans
from graph_random import make_graph
from loader import SKIPPED, TIMEOUT_SECONDS, Question, driver_arguments, program_command, simulator_steps, start, unavailable
from seeds import parse_seeds

BINDING = re.compile(r"^\s*(\d+):\tbinding file (.*) \[(\d+)\] to (.*) \[(\d+)\]: \w+ symbol `([^']*)'(?: \[(.*)\])?$")
END = re.compile(r"^\s*(?:\d+:\t)?bindsim: step (\d+): (?!begin)")
Key = tuple[str, int, str, "str | None"]


@dataclass
class Process:
    """A program that has carried out its plan and waits; None where it did not live to see the end."""

    question: Question
    log: dict[Key, set[str]] = field(default_factory=lambda: defaultdict(set))

    def __enter__(self) -> Process:
        self.process = start([*program_command(self.question), *driver_arguments(self.question), "-"], self.question,
                             stdin=subprocess.PIPE)
        self.timer = threading.Timer(TIMEOUT_SECONDS, self.process.kill)
        self.timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.timer.cancel()
        self.process.kill()
        self.process.communicate()

    def wait(self) -> bool:
        """Reads the log up to the end of the plan; false when the process ends before."""
        count, within = self.question.numbers()
        last = max(number for number in range(count + 1) if number not in within)
        for raw in self.process.stderr or ():
            line = raw.decode("utf-8", "surrogateescape").rstrip("\n")
            if match := BINDING.match(line):
                if int(match[1]) == self.process.pid:
                    self.log[match[2], int(match[3]), match[6], match[7]].add(match[4])
            elif (match := END.match(line)) and int(match[1]) == last:
                return True
        return False


class Case:
    """One plan, and what is told of its process."""

    def __init__(self, process: Process, bindsim: str, counts: Counter[str]) -> None:
        self.process, self.bindsim, self.counts = process, os.path.abspath(bindsim), counts

    def ask(self, *arguments: str) -> dict:
        """The answer in JSON."""
        command = [self.bindsim, f"--pid={self.process.process.pid}", "--format=json", "--show=contents", *arguments]
        done = subprocess.run(command, cwd=self.process.question.cwd, env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
        if done.returncode not in (0, 1):
            raise RuntimeError(f"{' '.join(command)}: status {done.returncode}: {done.stderr.decode(errors='replace')}")
        return json.loads(done.stdout)["process"]

    def name(self, made: dict) -> str:
        """As the loader prints it."""
        return made["name"] or self.process.question.program

    def against_log(self, told: dict) -> list[str]:
        """Slots against the log, then the log against slots."""
        wrong, objects, log = [], told["objects"], self.process.log
        held: dict[Key, set[str]] = defaultdict(set)
        for slot in told["contents"]:
            made = objects[slot["from"]]
            key = self.name(made), made["namespace"], slot["symbol"], slot["version"]
            where = f"{key} {slot['kind']} holds {slot['holds']}"
            if slot["holds"] == "patched":
                wrong.append(f"{where}: {slot}")
            if slot["holds"] != "bound":
                held[key].add(slot["holds"])
                continue
            to = self.name(objects[slot["to"]])
            held[key].add(to)
            self.counts["slots bound"] += 1
            if key in log:
                self.counts["slots held against the log"] += 1
                if to not in log[key]:
                    wrong.append(f"{where} to {to}, the loader says {log[key]}")
            elif "ld-linux" not in self.name(made) and (slot["simulated"] or {}).get("why") != "local":
                wrong.append(f"{where} to {to}, of which the loader says nothing")
        # The log goes on about what was unloaded and came again, and about calls that fill no slot.
        question = self.process.question
        is_new = question.env.get("LD_BIND_NOT") or any(step.startswith("close:") for step in question.steps)
        asked = {step.rpartition(":")[2].partition("@")[0] for step in question.steps if "sym:" in step}
        alive = {(self.name(made), made["namespace"]) for made in objects if made["file"] == "same"}
        for key, definers in log.items():
            if key[:2] not in alive or key not in held or key[2] in asked:
                continue  # it was unloaded, dlsym asked, or it is no address: TLS, a copy
            self.counts["lines held against slots"] += 1
            if not held[key] & definers and held[key] != {"changed"} and not (is_new and held[key] == {"lazy"}):
                wrong.append(f"{key}: the loader says {definers}, the slots hold {held[key]}")
        return wrong

    def check(self) -> list[str]:
        """All that is wrong."""
        question = self.process.question
        options = [f"--env={name}={value}" for name, value in question.env.items()]
        told = self.ask(*options, *simulator_steps(question))
        wrong = self.against_log(told)
        for slot in told["contents"]:
            self.counts[slot["agreement"]] += 1
            if slot["agreement"] == "differs":
                wrong.append(f"other than simulated: {slot}")
        if told["missing"]:
            wrong.append(f"simulated and not there: {told['missing']}")
        wrong += [f"not simulated: {made['name']}" for made in told["objects"]
                  if made["object"] is None and made["file"] != "none"]
        derived = self.ask(*options)
        self.counts["slots other than by the derived plan"] += derived["counts"]["differ"]
        self.counts["derived plans that are right"] += not derived["counts"]["differ"] and not derived["missing"]
        return wrong


def check(plan: Plan, driver: bool, bindsim: str, counts: Counter[str]) -> list[str]:
    """One plan."""
    question = plan.question(("bindings",), driver)
    if not driver:
        return []
    with Process(question) as process:
        if not process.wait():
            counts["plans that end the process"] += 1
            return []
        counts["plans"] += 1
        return Case(process, bindsim, counts).check()[:8]


def main() -> int:
    """Goes through the seeds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bindsim", default="build/bindsim", metavar="PATH")
    parser.add_argument("--seeds", type=parse_seeds, default=parse_seeds("1-8"), metavar="LIST")
    parser.add_argument("--plans", type=int, default=2, metavar="N", help="for each seed")
    parser.add_argument("--keep", metavar="DIR", help="build the graphs in DIR and leave them there")
    arguments = parser.parse_args()
    if reason := unavailable(["gcc"]):
        print(f"skipped: {reason}")
        return SKIPPED
    counts: Counter[str] = Counter()
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="bindsim-live-") as name:
        base = Path(os.path.realpath(arguments.keep or name))
        base.mkdir(parents=True, exist_ok=True)
        tools = Toolbox(base)
        tools.compile()
        for seed in arguments.seeds:
            root = base / f"seed-{seed}"
            root.mkdir(parents=True)
            graph = make_graph(seed, str(root))
            try:
                program = Builder(graph, root, tools).build()
            except RuntimeError as error:
                if "assertion fail" not in str(error):
                    raise
                continue  # the linker's own trouble
            for number, plan in enumerate(make_plans(graph, root, program, arguments.plans), start=1):
                found = check(plan, graph.executable.driver, arguments.bindsim, counts)
                wrong += bool(found)
                if found:
                    print(f"seed {seed}, plan {number}: {plan.env} {plan.bind_now} {plan.steps}")
                for line in found:
                    print(f"seed {seed}, plan {number}: {line}", flush=True)
            if not arguments.keep:
                shutil.rmtree(root)
    print(", ".join(f"{number} {what}" for what, number in counts.items()) + f"; {wrong} plans differ")
    return 1 if wrong or not counts["lines held against slots"] else 0


if __name__ == "__main__":
    sys.exit(main())
