#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the scenarios of scenarios/*.scn: builds their objects and puts each question to musl and to bindsim.

The language is that of ../scenarios.  For every scenario musl must answer as expected, the simulator must answer as
expected, and what both say must agree line by line.  The same goes for the list that musl makes of each program.
"""

from __future__ import annotations

import argparse
import fnmatch
import os
import shutil
import sys
import tempfile
from functools import partial
from pathlib import Path

from musl import DRIVER_SOURCES, HERE, LOADER, SKIPPED, Question, commands, compare, compare_lists, run_real, run_simulated, unavailable
from musl import ENTRY, version
import made
from scenarios import fixtures, language
from scenarios.expectations import Run, unexpected_outcomes
from scenarios.suite import go_through


# The rules, and the rows of the table of scenarios, that the profile was made from; some are held elsewhere.
RULES = [*range(1, 18), *range(20, 26), *range(30, 45), *range(50, 59), *range(60, 65), 70]
MARKS = [*(f"#{n}" for n in range(1, 44)), *(f"M-{n}" for n in RULES)]
ELSEWHERE = {"M-64": "tests/cli/test_musl.py, test_calls_that_there_are_not",
             "M-70": "every scenario: compare_lists() in musl.py"}


def table(scenarios: list[language.Scenario]) -> list[tuple[str, list[str]]]:
    """Each rule and row with the scenarios that are about it."""
    return [(mark, [f"{s.place}: {s.title}" for s in scenarios if mark in s.numbers]
             + ([ELSEWHERE[mark]] if mark in ELSEWHERE else [])) for mark in MARKS]


def read_all(filter_: str | None) -> list[language.Scenario]:
    """All scenarios, each with the driver in its program."""
    language.SYSTEM_OBJECTS.add(os.path.basename(LOADER))
    scenarios = [s for path in sorted((HERE / "scenarios").glob("*.scn")) for s in language.read_scenarios(path)]
    for scenario in scenarios:
        scenario.program.with_libc |= not scenario.program.libc_said
    asked = [s for s in scenarios if s.concerns(version())]
    return [s for s in asked if filter_ is None or any(fnmatch.fnmatch(text, f"*{filter_}*")
                                                       for text in (s.place, s.title))]


# ---- building -------------------------------------------------------------------------------------------------------

class Workshop(fixtures.Workshop):
    """Links programs with musl and its driver, and callers with the code that makes calls on their behalf."""

    def __init__(self, directory: str) -> None:
        self.directory = directory
        super().__init__(directory, HERE / "driver.c")
        made.compile_once(["musl-gcc", "-O1", "-fno-optimize-sibling-calls", "-c", HERE / "driver.c"],
                          self.compiled(fixtures.DRIVER), DRIVER_SOURCES)
        fixtures._run(["as", "-o", self.compiled(fixtures.AGENT), str(HERE / "agent.s")])

    def compiled(self, name: str) -> str:
        return f"{self.directory}/musl-{name.lower()}.o"

    def makers(self) -> list[str]:
        """musl's library is also its loader, which other_versions.py exchanges."""
        return [*super().makers(), __file__, str(HERE / "musl.py"), LOADER]

    def _link(self, recipe, target: str) -> None:
        program = fixtures.DRIVER in recipe.arguments
        # Without it an object that has nothing but code and data gets an empty segment, which 1.2.2 refuses.
        command = ["musl-gcc" if program else "gcc", "-o", target, *fixtures.COMMON_ARGUMENTS, "-Wl,-z,noseparate-code"]
        command += [] if program or "-shared" in recipe.arguments else [f"-Wl,--dynamic-linker={LOADER}"]
        parts = {name: self.compiled(name) for name in (fixtures.DRIVER, fixtures.AGENT)}
        command += [parts.get(argument, argument) for argument in recipe.arguments]
        command += ENTRY if program else []
        if recipe.versions:
            Path(target + ".map").write_text(recipe.versions, encoding="ascii")
            command.append("-Wl,--version-script=" + target + ".map")
        stubs = [self.build(stub) for stub in recipe.stubs]
        fixtures._run([*command, "-x", "assembler", "-", "-x", "none", *stubs], recipe.source)


def build(workshop: Workshop, scenario: language.Scenario, directory: str) -> str | None:
    """Makes the scenario's files; says what went wrong."""
    os.makedirs(directory)
    try:
        workshop.furnish(scenario, directory)
    except (fixtures.BuildError, OSError) as error:
        return str(error)
    return None


# ---- asking ---------------------------------------------------------------------------------------------------------

def question_of(scenario: language.Scenario, directory: str) -> Question:
    program = "./" + os.path.relpath(scenario.program.path, scenario.directory)
    env = {name: value.replace("$DIR", directory) for name, value in scenario.environment.items()}
    return Question(program, tuple(step.replace("$DIR", directory) for step in scenario.steps), env,
                    os.path.join(directory, scenario.directory))


def check(scenario, transcript, directory: str, simulated: bool) -> list[str]:
    run = Run(transcript, directory, simulated)
    expectations = [e for e in scenario.expectations if not (e.real_only and simulated)]
    complaints = unexpected_outcomes(expectations, run)
    for expectation in expectations:
        complaints += expectation.complaints(run)
    return complaints


def ask(scenario, directory: str, fault: str | None, bindsim: str | None) -> list[str]:
    """The problems with one scenario."""
    if fault:
        return [fault]
    if not scenario.expectations:
        return ["nothing is expected"]
    question = question_of(scenario, directory)
    real = run_real(question)
    problems = ["musl: " + text for text in check(scenario, real, directory, simulated=False)]
    if bindsim is None:
        return problems
    simulated = run_simulated(question, bindsim)
    problems += ["simulator: " + text for text in check(scenario, simulated, directory, simulated=True)]
    problems += ["comparison: " + text for text in compare(question, real, simulated)]
    problems += ["--list: " + text for text in compare_lists(question, bindsim)]
    return problems + [commands(question, bindsim)] if problems else []


def main() -> int:
    """Builds everything, then asks everything, and sums up."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bindsim", default="build/bindsim", metavar="PATH")
    parser.add_argument("--real-only", action="store_true", help="only check that musl does as expected")
    parser.add_argument("--filter", metavar="TEXT", help="only scenarios whose FILE.scn:LINE or heading has TEXT")
    parser.add_argument("--table", action="store_true", help="print which scenarios are about which rule, and end")
    parser.add_argument("--keep", metavar="DIR", help="build in DIR and leave everything there")
    options = parser.parse_args()
    if options.table:
        for mark, places in table(read_all(None)):
            print(f"{mark}\t" + "\n\t".join(places))
        return 0
    if reason := unavailable():
        print(f"skipped: {reason}")
        return SKIPPED
    scenarios = read_all(options.filter)
    if bare := [mark for mark, places in table(read_all(None)) if not places]:
        print(f"no scenario is about {', '.join(bare)}")
        return 1
    workdir = os.path.realpath(options.keep or tempfile.mkdtemp(prefix="musl-"))
    shutil.rmtree(workdir, ignore_errors=True)
    os.makedirs(os.path.join(workdir, "cache"))
    try:
        workshop = Workshop(os.path.join(workdir, "cache"))
        directories = [os.path.join(workdir, s.place.replace(".scn:", "-")) for s in scenarios]
        bindsim = None if options.real_only else os.path.abspath(options.bindsim)
        failed = go_through(scenarios, directories, partial(build, workshop), partial(ask, bindsim=bindsim))
    finally:
        if not options.keep:
            shutil.rmtree(workdir)
    print(f"{len(scenarios)} scenarios: {len(scenarios) - failed} passed, {failed} failed")
    return 1 if failed or not scenarios else 0


if __name__ == "__main__":
    sys.exit(main())
