#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The scenarios of qnx for another machine: their objects are made from C by a cross compiler, and nothing is run.

A scenario whose objects C and a link editor alone cannot make (edited files, versions, visibility) is left out and counted.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

import run_scenarios
from laboratory import HERE, SKIPPED, extend_language, language

MACHINES = {  # the compiler's prefix, the names that the interpreter has in such programs
    "aarch64": ("aarch64-linux-gnu", ["/usr/lib/ldqnx-64.so.2"]),
    "arm": ("arm-linux-gnueabihf", ["/usr/lib/ldqnx.so.2", "/usr/lib/ldqnx.so.3"]),
}
COMPILED = {"calls", "reads"}
PLAIN = {"weak", "data"}
OPTIONS = ["-fPIC", "-O1", "-fno-inline", "-fno-builtin", "-nostdlib", "-ffreestanding", "-w", "-x", "c",
           "-Wl,--build-id=none", "-Wl,--no-as-needed", "-Wl,-z,lazy", "-Wl,--hash-style=gnu"]


class Unmade(Exception):
    """What C cannot say."""


def _definition(symbol) -> str:
    weak = "__attribute__((weak)) " if "weak" in symbol.adjectives else ""
    if "data" in symbol.adjectives:
        return f"{weak}long {symbol.name} = 1;"
    return f"{weak}void {symbol.name}(void) {{}}"


def _reference(kind: str, symbol, defined: set[str]) -> str:
    weak = "__attribute__((weak)) " if "weak" in symbol.adjectives else ""
    if kind == "calls":
        return f"extern {weak}void {symbol.name}(void); void use_{symbol.name}(void) {{ {symbol.name}(); }}"
    declared = "" if symbol.name in defined else f"extern {weak}long {symbol.name}; "
    return f"{declared}long use_{symbol.name}(void) {{ return {symbol.name}; }}"


def source_of(spec) -> str:
    """The object as C."""
    symbols = [*spec.defines, *(symbol for _, symbol in spec.references)]
    if (spec.patches or spec.versions or any(s.version or s.values or s.source or s.adjectives - PLAIN for s in symbols)
            or any(kind not in COMPILED for kind, _ in spec.references) or spec.hash_style != "gnu"):
        raise Unmade
    defined = {symbol.name for symbol in spec.defines}
    lines = [_definition(symbol) for symbol in spec.defines]
    lines += [_reference(kind, symbol, defined) for kind, symbol in spec.references]
    return "\n".join([*lines, "void _start(void) {}" if spec.kind == "executable" else ""])


class Workshop:
    """Builds a scenario's files for one machine."""

    def __init__(self, machine: str) -> None:
        self.triplet, self.interpreters = MACHINES[machine]
        self.made = 0

    def _compile(self, target: str, source: str, *options: str) -> None:
        done = subprocess.run([f"{self.triplet}-gcc", "-o", target, *OPTIONS, "-", "-x", "none", *options], input=source,
                              capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{source}\n{done.stderr}")

    def _stubs(self, spec, wanted: list[str], directory: str) -> list[str]:
        """Libraries to be linked against, so that the names of the needs get in; the first has what the program misses."""
        stubs = []
        for number, name in enumerate(name for clause, name in spec.strings if clause == "needs"):
            if "/" in name:
                raise Unmade
            stub = os.path.join(directory, f"stub-{number}.so")
            self._compile(stub, "\n".join(wanted if not number else []), "-shared", f"-Wl,-soname,{name}")
            stubs.append(stub)
        return stubs

    def furnish(self, scenario, directory: str) -> None:
        """All files of the scenario."""
        if hasattr(scenario, "marked") or any(file.kind != "hardlink" for file in scenario.files):
            raise Unmade
        for number, spec in enumerate(scenario.objects):
            place = os.path.join(directory, ".stubs", str(number))
            os.makedirs(place)
            self._build(spec, os.path.join(directory, spec.path), place, directory)
        for file in scenario.files:
            os.link(os.path.join(directory, file.content), os.path.join(directory, file.path))

    def _build(self, spec, target: str, place: str, directory: str) -> None:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        source, tags = source_of(spec), dict(spec.strings)
        own = {symbol.name for symbol in spec.defines}
        executable = spec.kind == "executable"
        free = [s for _, s in spec.references if s.name not in own]
        kinds = dict((symbol.name, kind) for kind, symbol in spec.references)
        wanted = [f"long {s.name};" if kinds[s.name] == "reads" else f"void {s.name}(void) {{}}" for s in free]
        if executable and wanted and "needs" not in tags:
            raise Unmade
        options = self._stubs(spec, wanted if executable else [], place)
        for tag, dtags in (("rpath", "--disable-new-dtags"), ("runpath", "--enable-new-dtags")):
            if tag in tags:
                options += [f"-Wl,{dtags}", f"-Wl,-rpath,{tags[tag].replace('$DIR', directory)}"]
        if "soname" in tags:
            options.append(f"-Wl,-soname,{tags['soname']}")
        if spec.linked:
            options.append("-Wl," + ",".join(spec.linked))
        if executable:
            self.made += 1
            interpreter = self.interpreters[self.made % len(self.interpreters)]
            options += ["-pie", "-Wl,-E", f"-Wl,-dynamic-linker,{interpreter}"]
        self._compile(target, source, *(options if executable else ["-shared", *options]))


def main() -> int:
    """Builds what can be built for the machine, and asks."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bindsim", default="build/src/cli/bindsim", type=os.path.abspath, metavar="PATH")
    parser.add_argument("--machine", choices=MACHINES, required=True)
    options = parser.parse_args()
    workshop = Workshop(options.machine)
    if shutil.which(f"{workshop.triplet}-gcc") is None:
        print(f"skipped: {workshop.triplet}-gcc is missing")
        return SKIPPED
    extend_language()
    scenarios = [s for name in ("scenarios.scn", "choices.scn") for s in language.read_scenarios(HERE / name)]

    def examine(scenario) -> list[str] | None:
        scenario.program.with_libc = False
        with tempfile.TemporaryDirectory(prefix="qnx-") as directory:
            directory = os.path.realpath(directory)
            try:
                workshop.furnish(scenario, directory)
            except Unmade:
                return None
            # The editor that looks into a slot knows one machine only.
            scenario.expectations = [e for e in scenario.expectations if not e.what.startswith("stub ")]
            return run_scenarios.ask(scenario, directory, None, options.bindsim)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        answers = list(pool.map(examine, scenarios))
    for scenario, problems in zip(scenarios, answers):
        if problems:
            print(f"FAIL {scenario.place}: {scenario.title}")
            print("\n".join("  " + line for problem in problems for line in problem.split("\n")))
    failed, left_out = sum(bool(a) for a in answers), answers.count(None)
    print(f"{options.machine}: {len(scenarios) - left_out} scenarios: {failed} failed; {left_out} left out, which C cannot say")
    return 1 if failed or left_out * 2 > len(scenarios) else 0


if __name__ == "__main__":
    sys.exit(main())
