#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares the simulator with musl's loader of another machine, on random graphs of shared objects.

    other_machines.py --machine aarch64 --bindsim build/src/cli/bindsim --cache DIR [--seeds 1-60]

The packages musl and musl-dev of that machine are downloaded by apt and unpacked into a root directory, in which the
machine's programs are run as ../foreign_machines.py does it.  Where a part of that is missing the exit status is 77.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from graphs import MuslBuilder, Tools, make_plain
from musl import SKIPPED, commands, compare, run_real, run_simulated
from plans import make_plain_question
from results import Result

from foreign_machines import MACHINES, ForeignRoot
from other_loaders import Unavailable, downloaded
from seeds import parse_seeds

SUITE = "bookworm"
ARCHITECTURES = {"i386": "i386", "aarch64": "arm64", "s390x": "s390x"}  # Debian's words for the machines


def unpacked(cache: Path, machine: str) -> Path:
    """Both packages in one directory, downloaded if they are not there yet."""
    there = cache / machine / "packages"
    if not there.exists():
        unfinished = cache / machine / "unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        for name in ("musl", "musl-dev"):
            package = downloaded(cache / machine, SUITE, name, ARCHITECTURES[machine])
            subprocess.run(["dpkg-deb", "-x", str(package), str(unfinished)], check=True)
        unfinished.rename(there)
    return there


def fill(root: ForeignRoot, packages: Path) -> list[str]:
    """Lays out the loader and its path file in the root; returns the compiler for programs that it runs."""
    library = next((packages / "lib").glob("*-linux-musl"))
    shutil.copytree(packages / "lib", root.path / "lib", symlinks=True)
    shutil.copytree(packages / "etc", root.path / "etc", symlinks=True)
    root.furnish()
    static = packages / "usr" / "lib" / library.name
    if not (static / "libc.so").exists():
        shutil.copy2(library / "libc.so", static / "libc.so")
    specs = (static / "musl-gcc.specs").read_text()
    for path in ("/usr/include/", "/usr/lib/"):
        specs = specs.replace(f"{path}{library.name}", f"{packages}{path}{library.name}")
    (root.path / "specs").write_text(specs)
    return [root.machine.tool("gcc"), "-specs", str(root.path / "specs")]


@dataclass(frozen=True)
class Check:
    """Asks one seed's plans; a class, so that it travels to the workers."""

    bindsim: str
    root: ForeignRoot
    tools: Tools
    plans: int
    keep: bool

    def __call__(self, seed: int) -> Result:
        directory = self.root.path / "tmp" / f"seed-{seed}"
        directory.mkdir(parents=True)
        inside = self.root.inside(directory)
        result = Result()
        try:
            graph = make_plain(seed, inside)
            program = MuslBuilder(graph, directory, self.tools).build()
            for number in range(self.plans):
                self._ask(f"seed {seed}, plan {number + 1}", random.Random(f"{seed}/musl/{number}"), graph, inside,
                          os.path.relpath(program, directory), result)
        except RuntimeError as error:
            result.reports.append(f"seed {seed}: cannot be built: {error}")
        if not self.keep:
            shutil.rmtree(directory)
        return result

    def _ask(self, title: str, rng: random.Random, graph, inside: str, program: str, result: Result) -> None:
        typed = rng.choice([f"{inside}/{program}", f"./{program}"])
        question = replace(make_plain_question(rng, graph, inside, typed), root=self.root)
        real = run_real(question)
        result.note(question, real)
        if differences := compare(question, real, run_simulated(question, self.bindsim)):
            result.reports.append("\n".join([f"{title}:", commands(question, self.bindsim), *differences]))


def work(arguments: argparse.Namespace, base: Path) -> int:
    """Everything below BASE."""
    machine = MACHINES[arguments.machine]
    if reason := machine.unavailable():
        raise Unavailable(reason)
    packages = unpacked(Path(arguments.cache).resolve(), machine.name)
    root = ForeignRoot(machine, base)
    tools = Tools(base / "tmp", machine, fill(root, packages))
    tools.compile()
    trial = base / "tmp" / "trial"
    subprocess.run([*tools.compiler, "-o", trial, tools.driver], check=True)
    if reason := root.cannot_start(root.inside(trial)):
        raise Unavailable(reason)
    seeds, total = parse_seeds(arguments.seeds), Result()
    with multiprocessing.Pool(arguments.jobs) as pool:
        check = Check(os.path.abspath(arguments.bindsim), root, tools, arguments.plans, bool(arguments.keep))
        for result in pool.imap(check, seeds):
            for report in result.reports:
                print(report, flush=True)
            total.add(result)
    return total.close(len(seeds))


def main() -> int:
    """Compares in a memory-backed directory where there is one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--machine", required=True, choices=ARCHITECTURES)
    parser.add_argument("--bindsim", default="build/src/cli/bindsim", metavar="PATH")
    parser.add_argument("--cache", default="/var/tmp/bindsim-musl", metavar="DIR", help="where downloads are kept")
    parser.add_argument("--seeds", default="1-60", metavar="LIST", help="(default: %(default)s)")
    parser.add_argument("--plans", type=int, default=3, help="plans for each graph (default 3)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--keep", metavar="DIR", help="make the root in DIR, a new directory, and leave it there")
    arguments = parser.parse_args()
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    try:
        if arguments.keep:
            Path(arguments.keep).mkdir(parents=True)
            return work(arguments, Path(arguments.keep).resolve())
        with tempfile.TemporaryDirectory(prefix="musl-machines-", dir=memory) as directory:
            return work(arguments, Path(directory))
    except Unavailable as reason:
        print(f"skipped: {reason}")
        return SKIPPED


if __name__ == "__main__":
    sys.exit(main())
