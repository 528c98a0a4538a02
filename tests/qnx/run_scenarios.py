#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs scenarios.scn and choices.scn: builds their objects and holds what bindsim says of them against what is expected.

There is no loader of QNX to be asked, so every heading names the rules (man/bindsim-qnx.7) that its expectation is taken
from.  Objects are described as in tests/oracle/scenarios; README.md describes the rest.  Nothing that is built is run.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from functools import partial

from laboratory import (HERE, SKIPPED, Expected, build, extend_language, holds_stub, language, run, run_plainly,
                        unavailable, workplace)
from scenarios.suite import go_through

N_ROWS = 75  # of the table of scenarios that the profile was specified with
SHOWN = "bindings,mapped,addresses,slots,libs,lazyload,statistics"
HEADER = re.compile(r" *0:\tbindsim: step (\d+): (ok|not reached|failed: .*)$")


# ---- reading answers ------------------------------------------------------------------------------------------------

def blocks_of(text: str) -> list[tuple[str, list[str]]]:
    """By step: its outcome and its lines."""
    blocks: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        header = HEADER.match(line)
        if header:
            blocks.append((header[2], []))
        elif blocks:
            blocks[-1][1].append(line.partition("\t")[2])
    return blocks


def short(name: str) -> str:
    """./d/A.so is A; the program is X."""
    base = name.rpartition("/")[2].removesuffix(".so")
    return "X" if base == "app" else base


BINDING = re.compile(r"binding file (\S+) \[\d+\] to (\S+) \[\d+\]: (?:normal|protected) symbol `([^']*)'")
SLOT = re.compile(r"bindsim: slot (\S+) \[\d+\] symbol `([^']*)'(?: \[[^\]]*\])?: (?:to (\S+) \[\d+\]|(\w+))")
ADDRESS = re.compile(r"bindsim: address (\S+) \[\d+\]\+")
MAPPED = re.compile(r"bindsim: mapped (\S+) \[\d+\]")


def references(lines: list[str]) -> dict[str, str]:
    """`P.f`, and `slot P.f` for one that waits: to whom."""
    found = {}
    for line in lines:
        if match := BINDING.match(line):
            found[f"{short(match[1])}.{match[3]}"] = short(match[2])
        elif match := SLOT.match(line):
            found[f"slot {short(match[1])}.{match[2]}"] = short(match[3]) if match[3] else match[4]
    return found


CATEGORIES = {"load_object: ": "libs", "dlopen(": "libs", "binding file ": "reloc", "lazyload: ": "lazyload",
              "statistics: ": "statistics", "Initial object scopes": "debug", "object=": "debug", " scope ": "debug"}


def categories(lines: list[str]) -> str:
    """Whose messages these are; a line that is of none names itself."""
    found = {next((category for start, category in CATEGORIES.items() if line.startswith(start)), repr(line))
             for line in messages(lines)}
    order = list(dict.fromkeys(CATEGORIES.values()))
    return ", ".join(sorted(found, key=lambda name: order.index(name) if name in order else 99)) or "none"


def messages(lines: list[str]) -> list[str]:
    """What the loader says, without what bindsim adds."""
    return [line for line in lines if line.strip() and not line.startswith("bindsim: ")]


class Asked:
    """One way of asking about a scenario, and the answer."""

    def __init__(self, bindsim: str, scenario, directory: str, setting: str | None) -> None:
        self.bindsim, self.scenario, self.directory = bindsim, scenario, directory
        self.options = ["--set", "qnx." + setting.replace("$DIR", directory)] if setting else []
        shown = getattr(scenario, "shown", SHOWN)
        self.done = self.ask("--format=ld-debug", *([f"--show={shown}"] if shown else []))
        self.blocks = blocks_of(self.done.stdout)

    def ask(self, *options: str):
        """Puts the same question for another report."""
        return run(self.bindsim, self.scenario, self.directory, *self.options, *options)

    def is_met(self, expected: Expected) -> bool:
        """Whether the answer is as it should be."""
        what = expected.what
        outcome, lines = self.blocks[len(self.blocks) - 1 if expected.step is None else expected.step] \
            if self.blocks else ("", [])
        if what in ("ok", "not reached"):
            return outcome == what
        for pattern, holds in PATTERNS:
            if match := re.fullmatch(pattern, what, re.S):
                return holds(self, outcome, lines, match)
        raise language.ScenarioError(f"what is expected? {expected.text}")

    def problems(self, expectations: list[Expected]) -> list[str]:
        """What is not as expected, and what fails although nothing was said of it."""
        found = [f"expected: {expected.text}" for expected in expectations if not self.is_met(expected)]
        named = {e.step for e in expectations if e.what.startswith("fails") or e.what == "not reached"}
        if not any(e.step is None for e in expectations):
            found += [f"step {n}: {outcome}" for n, (outcome, _) in enumerate(self.blocks)
                      if outcome != "ok" and n not in named]
        return found + [" ".join(self.options), self.done.stdout + self.done.stderr, self.directory] if found else []


def has_rule(word: str, lines: list[str], rule: str) -> bool:
    """Whether the step is told to rest on that rule."""
    return any(rule in re.split(r"[ ,]+", line) for line in lines if line.startswith(f"bindsim: {word} "))


def named_in(pattern: re.Pattern, lines: list[str]) -> list[str]:
    """The objects of some of bindsim's lines."""
    return [short(match[1]) for match in map(pattern.match, lines) if match]


PATTERNS = [
    (r"text ([\w,]+): (.*)", lambda a, outcome, lines, m: m[2] in a.ask(f"--show={m[1]}").stdout),
    (r"no text ([\w,]+): (.*)", lambda a, outcome, lines, m: m[2] not in a.ask(f"--show={m[1]}").stdout),
    (r"json: (.*)", lambda a, outcome, lines, m: re.search(m[1], a.ask("--format=json").stdout) is not None),
    (r"(no )?answer: (.*)", lambda a, outcome, lines, m: (m[2] in a.done.stdout) != bool(m[1])),
    (r"fails:(.*)", lambda a, outcome, lines, m: outcome.startswith("failed: ") and m[1].strip() in outcome),
    (r"((?:slot )?\S+\.\S+) -> (\S+)", lambda a, outcome, lines, m: references(lines).get(m[1], "nothing") == m[2]),
    (r"mapped (.*)", lambda a, outcome, lines, m: named_in(MAPPED, lines) == m[1].split(", ")),
    (r"found (\S+)", lambda a, outcome, lines, m: named_in(ADDRESS, lines) == ([m[1]] if m[1] != "nothing" else [])),
    (r"(un)?(assumed|probable) (\S+)", lambda a, outcome, lines, m: has_rule(m[2], lines, m[3]) != bool(m[1])),
    (r"(no )?line: (.*)", lambda a, outcome, lines, m: any(m[2] in line for line in lines) != bool(m[1])),
    (r"lines (.*)", lambda a, outcome, lines, m: (" | ".join(messages(lines)) or "none") == m[1]),
    (r"categories (.*)", lambda a, outcome, lines, m: categories(lines) == m[1]),
    (r"stub X (\S+)", lambda a, outcome, lines, m: holds_stub(os.path.join(a.directory, "app"), m[1])),
]


def ask(scenario, directory: str, fault: str | None, bindsim: str) -> list[str]:
    """The problems with one scenario."""
    if fault:
        return [fault]
    if not scenario.expectations:
        return ["nothing is expected"]
    problems = []
    for setting in dict.fromkeys(expected.setting for expected in scenario.expectations):
        asked = Asked(bindsim, scenario, directory, setting)
        problems += asked.problems([e for e in scenario.expectations if e.setting == setting])
    return problems


def missing_rows(scenarios: list) -> list[str]:
    """Rows of the specification's table that no heading begins with."""
    numbers = {int(match[1]) for s in scenarios if s.topic == "scenarios" and (match := re.match(r"(\d+)\b", s.title))}
    wrong = sorted(numbers ^ set(range(1, N_ROWS + 1)))
    return [f"no scenario, or no row: {', '.join(map(str, wrong))}"] if wrong else []


def missing_switches(scenarios: list, bindsim: str) -> list[str]:
    """Switches that no scenario turns, or the other way round."""
    listed = re.findall(r"^qnx\.(\w+) ", run_plainly(bindsim, "loaders", "qnx"), re.M)
    manual = (HERE.parent.parent / "man" / "bindsim-qnx.7").read_text(encoding="ascii")
    listed_there = re.findall(r"^\.It Cm qnx\.(\w+)", manual, re.M)
    tested = [number for s in scenarios if s.topic == "choices" for number in s.numbers]
    return [f"bindsim-qnx(7) has {listed_there.count(name)} entries for {name}" for name in listed
            if listed_there.count(name) != 1] + [f"{name} is switched in {tested.count(name)} scenarios" for name in sorted({*listed, *tested})
            if name not in listed or tested.count(name) != 1]


def main() -> int:
    """Builds everything, then asks everything, and sums up."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bindsim", default="build/src/cli/bindsim", metavar="PATH")
    parser.add_argument("--filter", default="", metavar="TEXT", help="only scenarios whose heading has TEXT")
    parser.add_argument("--keep", metavar="DIR", help="build in DIR and leave everything there")
    options = parser.parse_args()
    if reason := unavailable():
        print(f"skipped: {reason}")
        return SKIPPED
    extend_language()
    every = [s for name in ("scenarios.scn", "choices.scn") for s in language.read_scenarios(HERE / name)]
    scenarios = [s for s in every if options.filter in s.title]
    faults_of_all = missing_rows(every) + missing_switches(every, os.path.abspath(options.bindsim))
    for scenario in scenarios:
        scenario.program.with_libc = False
    bindsim = os.path.abspath(options.bindsim)
    with workplace(options.keep) as (workdir, workshop):
        failed = go_through(scenarios, [os.path.join(workdir, f"{s.topic}-{s.line}") for s in scenarios],
                            partial(build, workshop), partial(ask, bindsim=bindsim))
    print("".join(f"FAIL {fault}\n" for fault in faults_of_all), end="")
    failed += len(faults_of_all)
    print(f"{len(scenarios)} scenarios: {failed} failed")
    return 1 if failed or not scenarios else 0


if __name__ == "__main__":
    sys.exit(main())
