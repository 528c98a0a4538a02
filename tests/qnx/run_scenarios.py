#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs scenarios.scn: builds its objects and holds what bindsim says of them against what is expected.

There is no loader of QNX to be asked, so every heading names the rules (man/bindsim-qnx.7) that its expectation is taken
from.  Objects are described as in tests/oracle/scenarios; README.md describes the rest.  Nothing that is built is run.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "oracle"))

from scenarios import elfpatch, fixtures, language  # noqa: E402

SKIPPED = 77
INTERPRETER = "/usr/lib/ldqnx-64.so.2"
SHOWN = "bindings,mapped,addresses,slots,libs,lazyload,statistics"
POSFLAG_1 = 0x6ffffdfd
NEEDED = 1
HEADER = re.compile(r" *0:\tbindsim: step (\d+): (ok|not reached|failed: .*)$")


# ---- the language ---------------------------------------------------------------------------------------------------

def step_options(kind: str, rest: str) -> list[str]:
    """The options of bindsim for one step."""
    words = shlex.split(rest)
    if kind == "dlopen":
        return ["--dlopen", words[0] + (":" + words[1] if len(words) > 1 else "")]
    if kind == "dlmopen":
        return ["--dlmopen", words[0]]
    if kind == "call":
        return ["--call", f"{'./app' if words[0] == 'X' else words[0] + '.so'}:{words[1]}"]
    return ["--" + kind, rest]


def extend_language() -> None:
    """The statements that the scenarios of other loaders do not have."""
    def step(kind):
        return lambda scenario, rest: scenario.steps.append(step_options(kind, rest))

    def option(scenario, rest):
        scenario.steps.append(shlex.split(rest))

    def expect(scenario, rest):
        scenario.expectations.append(Expected(rest))

    def mark(scenario, rest):
        scenario.marked = rest
    language._READERS.update({kind: step(kind) for kind in ("dlopen", "dlmopen", "dlsym", "dlclose", "call")})
    language._READERS.update({"option": option, "expect": expect, "mark": mark})


class Expected:
    """One `expect` statement."""

    category = None

    def __init__(self, text: str) -> None:
        self.text = text
        match = re.match(r"(?:in step (\d+): )?(.*)$", text)
        self.step, self.what = match[1] and int(match[1]), match[2]

    @staticmethod
    def objects_named():
        return []


# ---- building -------------------------------------------------------------------------------------------------------

class Workshop(fixtures.Workshop):
    """Programs name QNX's loader."""

    def __init__(self, directory: str) -> None:
        super().__init__(directory, HERE / "no-driver")

    def _link(self, recipe, target: str) -> None:
        if "-shared" in recipe.arguments:
            super()._link(recipe, target)
            return
        command = ["gcc", "-o", target, *fixtures.COMMON_ARGUMENTS, *recipe.arguments,
                   f"-Wl,-dynamic-linker,{INTERPRETER}"]
        stubs = [self.build(stub) for stub in recipe.stubs]
        fixtures._run([*command, "-x", "assembler", "-", "-x", "none", *stubs], recipe.source)


def mark_lazy(path: str, needed: str) -> None:
    """DF_P1_LAZYLOAD before the DT_NEEDED of that name."""
    image = elfpatch.Image(Path(path).read_bytes())
    entries = list(image.dynamic())
    wanted = image.string_offset(needed)
    at = next(i for i, (tag, value) in enumerate(entries) if tag == NEEDED and value == wanted)
    image.set_dynamic(entries[:at] + [(POSFLAG_1, 1)] + entries[at:])
    Path(path).write_bytes(image.data)


def build(workshop: Workshop, scenario, directory: str) -> str | None:
    os.makedirs(directory)
    try:
        workshop.furnish(scenario, directory)
        if hasattr(scenario, "marked"):
            mark_lazy(os.path.join(directory, scenario.program.path), scenario.marked)
    except (fixtures.BuildError, OSError, ValueError) as error:
        return str(error)
    return None


# ---- asking ---------------------------------------------------------------------------------------------------------

def run(bindsim: str, scenario, directory: str, *options: str) -> subprocess.CompletedProcess:
    command = [bindsim, *options]
    for name, value in scenario.environment.items():
        command += ["--env", f"{name}={value.replace('$DIR', directory)}"]
    command.append("./" + os.path.relpath(scenario.program.path, scenario.directory))
    for step in scenario.steps:
        command += [word.replace("$DIR", directory) for word in step]
    return subprocess.run(command, cwd=os.path.join(directory, scenario.directory), capture_output=True, text=True, check=False,
                          env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"}, timeout=60)


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


def is_met(expected: Expected, blocks, answer, ask) -> bool:
    what, step = expected.what, expected.step
    last = len(blocks) - 1
    outcome, lines = blocks[last if step is None else step] if blocks else ("", [])
    if match := re.fullmatch(r"text ([\w,]+): (.*)", what):
        return match[2] in ask(f"--show={match[1]}").stdout
    if match := re.fullmatch(r"no text ([\w,]+): (.*)", what):
        return match[2] not in ask(f"--show={match[1]}").stdout
    if match := re.fullmatch(r"json: (.*)", what):
        return re.search(match[1], ask("--format=json").stdout) is not None
    if match := re.fullmatch(r"exit (\d)", what):
        return answer.returncode == int(match[1])
    if match := re.fullmatch(r"message (.*)", what):
        return match[1] in answer.stderr
    if what in ("ok", "not reached"):
        return outcome == what
    if match := re.fullmatch(r"fails:(.*)", what):
        return outcome.startswith("failed: ") and match[1].strip() in outcome
    if match := re.fullmatch(r"((?:slot )?\S+\.\S+) -> (\S+)", what):
        return references(lines).get(match[1], "nothing") == match[2]
    if match := re.fullmatch(r"mapped (.*)", what):
        return [short(m[1]) for m in map(MAPPED.match, lines) if m] == match[1].split(", ")
    if match := re.fullmatch(r"found (\S+)", what):
        return [short(m[1]) for m in map(ADDRESS.match, lines) if m] == ([match[1]] if match[1] != "nothing" else [])
    if match := re.fullmatch(r"(un)?assumed (\S+)", what):
        has = any(match[2] in re.split(r"[ ,]+", line) for line in lines if line.startswith("bindsim: assumed "))
        return has != bool(match[1])
    if match := re.fullmatch(r"(no )?line: (.*)", what):
        return any(match[2] in line for line in lines) != bool(match[1])
    raise language.ScenarioError(f"what is expected? {expected.text}")


def ask(scenario, directory: str, fault: str | None, bindsim: str) -> list[str]:
    """The problems with one scenario."""
    if fault:
        return [fault]
    shown = getattr(scenario, "shown", SHOWN)
    answer = run(bindsim, scenario, directory, "--format=ld-debug", f"--show={shown}")
    blocks = blocks_of(answer.stdout)
    problems = []
    for expected in scenario.expectations:
        if not is_met(expected, blocks, answer, lambda *options: run(bindsim, scenario, directory, *options)):
            problems.append(f"expected: {expected.text}")
    if not scenario.expectations:
        problems.append("nothing is expected")
    named = {e.step for e in scenario.expectations if e.what.startswith("fails") or e.what == "not reached"}
    surprises = [f"step {n}: {outcome}" for n, (outcome, _) in enumerate(blocks)
                 if outcome != "ok" and n not in named and not any(e.step is None for e in scenario.expectations)]
    problems += surprises
    return problems + [answer.stdout + answer.stderr, directory] if problems else []


def main() -> int:
    """Builds everything, then asks everything, and sums up."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bindsim", default="build/src/cli/bindsim", metavar="PATH")
    parser.add_argument("--filter", default="", metavar="TEXT", help="only scenarios whose heading has TEXT")
    parser.add_argument("--keep", metavar="DIR", help="build in DIR and leave everything there")
    options = parser.parse_args()
    if shutil.which("gcc") is None or os.uname().machine != "x86_64":
        print("skipped: fixtures are made by a gcc for x86-64")
        return SKIPPED
    extend_language()
    scenarios = [s for s in language.read_scenarios(HERE / "scenarios.scn") if options.filter in s.title]
    for scenario in scenarios:
        scenario.program.with_libc = False
    workdir = os.path.realpath(options.keep or tempfile.mkdtemp(prefix="qnx-"))
    shutil.rmtree(workdir, ignore_errors=True)
    os.makedirs(os.path.join(workdir, "cache"))
    failed = 0
    try:
        workshop = Workshop(os.path.join(workdir, "cache"))
        directories = [os.path.join(workdir, str(s.line)) for s in scenarios]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            faults = list(pool.map(lambda pair: build(workshop, *pair), zip(scenarios, directories)))
            bindsim = os.path.abspath(options.bindsim)
            answers = pool.map(lambda triple: ask(*triple, bindsim), zip(scenarios, directories, faults))
            for scenario, problems in zip(scenarios, answers):
                failed += bool(problems)
                if problems:
                    print(f"FAIL {scenario.place}: {scenario.title}")
                    print("\n".join("  " + line for problem in problems for line in problem.split("\n")))
    finally:
        if not options.keep:
            shutil.rmtree(workdir)
    print(f"{len(scenarios)} scenarios: {len(scenarios) - failed} passed, {failed} failed")
    return 1 if failed or not scenarios else 0


if __name__ == "__main__":
    sys.exit(main())
