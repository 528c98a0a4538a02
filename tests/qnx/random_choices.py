#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Random questions: whatever an answer has otherwise when a switch is turned is marked with that switch, and nothing else is.

Every question is asked as it is and once more with each switch of qnx turned (--set).  After each step the two are held
against each other: what the step came to, and what each reference is bound to or waits for.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from concurrent.futures import ThreadPoolExecutor

import answers
import graphs
from laboratory import (SKIPPED, Workshop, build, extend_language, run, run_plainly, scenario_of, unavailable,
                        workplace)

SHOWN = "--show=bindings,slots,objects,mapped,scopes"


def switches_of(bindsim: str) -> dict[str, tuple[str, str]]:
    """By name: the value that it has, and the other."""
    text = run_plainly(bindsim, "loaders", "qnx")
    found = dict(re.findall(r"^(qnx\.\w+) +(yes|no)$", text, re.M))
    return {name: (value, "no" if value == "yes" else "yes") for name, value in found.items()
            if name not in ("qnx.pdebug", "qnx.lazyload")}


class Tally:
    """What was found."""

    def __init__(self) -> None:
        self.answers = self.problems = self.differences = self.marks = self.idle = 0
        self.turned: set[str] = set()
        self.idle_names: dict[str, int] = {}
        self.outcomes: dict[str, int] = {}

    def add(self, other: "Tally") -> None:
        """Takes in what another question came to."""
        self.answers += other.answers
        self.problems += other.problems
        self.differences += other.differences
        self.marks += other.marks
        self.idle += other.idle
        self.turned |= other.turned
        for mine, theirs in ((self.idle_names, other.idle_names), (self.outcomes, other.outcomes)):
            for name, count in theirs.items():
                mine[name] = mine.get(name, 0) + count


def compare(switch: str, here: answers.Answer, there: answers.Answer, tally: Tally) -> list[str]:
    """What differs and is not marked."""
    problems, last = [], 0
    justified: set[tuple] = set()
    for number, state in here.states.items():
        other = there.states[number]
        if state.outcome != other.outcome or state.brought != other.brought:
            tally.differences += 1
            justified.add((number,))
            if switch not in state.marks:
                problems.append(f"step {number}: {state.outcome} {state.brought}, {other.outcome} {other.brought}")
        for key, (answer, marks) in state.references.items():
            if key[0] not in other.loaded or other.is_end:
                continue  # told by the step that has it not
            answer_there = other.references.get(key, (None,))[0]
            if answers.is_same(answer, answer_there):
                continue
            tally.differences += 1
            justified.add(key)
            if switch not in marks:
                problems.append(f"step {number}: {key}: {answer}, {answer_there}")
        last = number
        if state.loaded != other.loaded:
            break  # what comes later follows from it
    for number, state in ((n, s) for n, s in here.states.items() if n <= last):
        for key, marked in [((number,), state.marks)] + [(key, marks) for key, (_, marks) in state.references.items()]:
            if switch in marked:
                tally.marks += 1
                if key not in justified:
                    tally.idle += 1
                    if os.environ.get("QNX_IDLE"):
                        print("idle", switch, number, key, state.references.get(key), there.states[number].references.get(key), there.states[number].outcome)
                    tally.idle_names[switch] = tally.idle_names.get(switch, 0) + 1
    if justified:
        tally.turned.add(switch)
    return problems


def check_listed(answer: answers.Answer) -> list[str]:
    """The list of assumptions names what is marked and nothing else."""
    listed = [entry["switch"] for entry in answer.report["assumptions"]]
    if set(listed) == answer.all_marks and len(listed) == len(set(listed)):
        return []
    return [f"listed {sorted(listed)}, marked {sorted(answer.all_marks)}"]


def ask(bindsim: str, scenario, directory: str, *options: str) -> answers.Answer | None:
    """The answer; None where bindsim cannot carry out the plan."""
    done = run(bindsim, scenario, directory, "--format=json", SHOWN, *options)
    if done.returncode not in (0, 1):
        if done.returncode != 2 or "the call: " not in done.stderr and "the caller: " not in done.stderr:
            raise RuntimeError(f"status {done.returncode}: {done.stderr}")
        return None
    return answers.Answer(json.loads(done.stdout))


def examine(bindsim: str, switches: dict, question: graphs.Question, scenario, directory: str) -> Tally:
    """Asks with every switch."""
    tally = Tally()
    here = ask(bindsim, scenario, directory)
    if here is None:
        return tally
    tally.answers = 1
    for state in here.states.values():
        tally.outcomes[state.outcome[0]] = tally.outcomes.get(state.outcome[0], 0) + 1
    found = check_listed(here)
    for switch, (_, other) in switches.items():
        there = ask(bindsim, scenario, directory, "--set", f"{switch}={other}")
        if there is None:
            continue
        found += [f"{switch}: {problem}" for problem in compare(switch, here, there, tally)]
    tally.problems = len(found)
    if found:
        print("\n".join([question.text(), *found[:6], directory]))
    return tally


def main() -> int:
    """Goes through the seeds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bindsim", default="build/src/cli/bindsim", type=os.path.abspath, metavar="PATH")
    parser.add_argument("--seeds", default="1-12", metavar="FROM-TO")
    parser.add_argument("--plans", default=3, type=int, metavar="N", help="plans for each seed's objects")
    parser.add_argument("--keep", metavar="DIR", help="build in DIR and leave everything there")
    options = parser.parse_args()
    if reason := unavailable():
        print(f"skipped: {reason}")
        return SKIPPED
    extend_language()
    switches = switches_of(options.bindsim)
    first, last = map(int, options.seeds.split("-"))
    total = Tally()

    def one(seed: int, workdir: str, workshop: Workshop) -> Tally:
        tally = Tally()
        for n, question in enumerate(graphs.random_question(seed, options.plans)):
            scenario = scenario_of(question.text())
            directory = os.path.join(workdir, f"{seed}-{n}")
            fault = build(workshop, scenario, directory)
            if fault:
                raise RuntimeError(fault)
            tally.add(examine(options.bindsim, switches, question, scenario, directory))
        return tally
    with workplace(options.keep) as place, ThreadPoolExecutor(os.cpu_count()) as pool:
        for tally in pool.map(lambda seed: one(seed, *place), range(first, last + 1)):
            total.add(tally)
    share = 100 * total.idle / total.marks if total.marks else 0
    print(f"{total.answers} questions, each with {len(switches)} switches turned, of which {len(total.turned)} changed something: "
          f"{total.differences} differences, {total.problems} problems; {total.marks} marks, {share:.1f}% of which no switch "
          f"justifies {total.idle_names or ''}")
    print("steps:", total.outcomes)
    print("never changed anything:", ", ".join(sorted(set(switches) - total.turned)))
    return 1 if total.problems or not total.answers or (share > 2 and total.idle > 10) else 0


if __name__ == "__main__":
    sys.exit(main())
