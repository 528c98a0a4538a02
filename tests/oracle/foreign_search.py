#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares searches: which of many files a loader of another machine takes, on which processor, and what it refuses.

    foreign_search.py --bindsim build/bindsim --seeds 1-40 [MACHINE...]

Each seed spreads a few libraries over directories and their subdirectories for processors, makes links among them, some
that lead out of the root, and changes what stands in the headers of some; then a program opens them one after another.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from debian_packages import Unavailable
from foreign_machines import MACHINES, ForeignRoot, Machine, prepared
from graph_build import Toolbox
from loader import DRIVER_OPTIONS, SKIPPED, Question, compare, run_real, run_simulated
from random_graphs import commands
from seeds import parse_seeds


@dataclass(frozen=True)
class Processor:
    """One that QEMU 7.2 can be: what it calls it, and what bindsim is told."""

    emulated: str = ""
    options: tuple[str, ...] = ()


PROCESSORS = {
    "aarch64": [Processor("cortex-a53", ("--cpu=armv8-a",)), Processor("cortex-a76", ("--cpu=armv8.1-a",))],
    "arm": [Processor("cortex-a15", ("--cpu=armv7-a+neon",)), Processor("max", ("--cpu=armv8-a",))],
    "ppc64le": [Processor(f"power{n}", (f"--cpu=power{n}", "--platform=")) for n in (8, 9, 10)],
    "s390x": [Processor("max", ("--cpu=z13+vxe+nodfp", "--platform=")),
              Processor("max,vx=off", ("--cpu=zEC12+vxe+nodfp", "--platform="))],
}
# What directories of processors are called, those of other machines among them.
NAMES = ["tls", "sse2", "i686", "x86_64", "haswell", "atomics", "aarch64", "vfp", "neon", "v7l", "v8l", "altivec", "dfp",
         "power9", "zarch", "ldisp", "eimm", "vx", "vxe", "z13"]
LEVELS = ["x86-64-v2", "x86-64-v3", "power9", "power10", "z13", "z14"]
MACHINE_NUMBERS = [0, 3, 8, 20, 21, 22, 40, 43, 62, 183, 243]


def _subdirectory(rng: random.Random, known: Sequence[str]) -> str:
    kind = rng.random()
    if kind < 0.3:
        return ""
    if kind < 0.5:
        return f"glibc-hwcaps/{rng.choice(LEVELS)}/"
    if kind < 0.85 and known:
        return rng.choice(known)
    return "".join(f"{name}/" for name in rng.sample(NAMES, rng.choice([1, 1, 2, 3])))


def _known_subdirectories(root: ForeignRoot, processor: Processor) -> list[str]:
    """Those that the loader itself would look into, from what it says of a search."""
    question = Question("/tmp/driver", ["libnone.so:NOW"], {**_variables(processor), "LD_LIBRARY_PATH": "/tmp/none"}, "/",
                        ("libs",), root=root)
    tried = [line.partition("trying file=/tmp/none/")[2] for block in run_real(question).blocks for line in block.lines]
    return [path.removesuffix("libnone.so") for path in tried if path.endswith("/libnone.so")]


def _variables(processor: Processor) -> dict[str, str]:
    return {"QEMU_CPU": processor.emulated} if processor.emulated else {}


def _flags(rng: random.Random, machine: Machine) -> int:
    """e_flags of this machine or of any other."""
    known = {"arm": [0x5000200, 0x5000400, 0x5000000, 0x4000000, 0x2, 0x5800400],
             "riscv64": [0, 1, 2, 3, 4, 5, 6, 8, 0xd, 0x10],
             "mips64el": [0x20, 0x24, 0x6, 0x7, 0x400, 0x80000007, 0x60000004, 0x100, 0x200],
             "ppc64le": [0, 1, 2, 3]}.get(machine.name, [0])
    return rng.choice([*known, 1 << rng.randrange(32), rng.getrandbits(32)])


def _change_header(rng: random.Random, machine: Machine, file: bytearray) -> None:
    """One field of the header, to what a file for something else has there."""
    order = "big" if machine.name == "s390x" else "little"
    wide = file[4] == 2

    def put(offset: int, size: int, value: int) -> None:
        file[offset:offset + size] = (value & ((1 << 8 * size) - 1)).to_bytes(size, order)
    change = rng.choice(["class", "order", "machine", "flags", "flags", "flags", "os", "abi", "type", "version", "entry size",
                         "cut", "magic"])
    if change == "class":
        file[4] ^= 3
    elif change == "order":
        file[5] ^= 3
    elif change == "machine":
        put(18, 2, rng.choice(MACHINE_NUMBERS))
    elif change == "flags":
        put(48 if wide else 36, 4, _flags(rng, machine))
    elif change == "os":
        file[7] = rng.choice([0, 3, 6, 9, 97, 255])
    elif change == "abi":
        file[7], file[8] = rng.choice([0, 3]), rng.choice([1, 2, 3, 4, 5, 6, 7])
    elif change == "type":
        put(16, 2, rng.choice([0, 1, 2, 4]))
    elif change == "version":
        put(rng.choice([20, 6]), 1, 2)
    elif change == "entry size":
        put(54 if wide else 42, 2, rng.choice([32, 56, 40]))
    elif change == "cut":
        del file[rng.choice([0, 3, 15, 30, 51, 63, 100]):]
    else:
        file[0] = 0


@dataclass
class Search:
    """One seed's files, below /tmp/seed-N of the root."""

    rng: random.Random
    root: ForeignRoot
    tools: Toolbox
    directory: Path
    known: list[str]

    def build(self) -> list[str]:
        """Makes the files; returns steps that open them."""
        steps = []
        libraries = [f"lib{i}.so" for i in range(self.rng.randint(1, 3))]
        for i, name in enumerate(libraries):
            image = self._library(name, libraries[i + 1:])
            places = {f"{self.rng.choice('abc')}/{_subdirectory(self.rng, self.known)}{name}"
                      for _ in range(self.rng.randint(2, 7))}
            for place in sorted(places):
                self._place(self.directory / place, image)
            steps += [f"{name}:NOW", *(f"{self._inside(place)}:NOW" for place in self.rng.sample(sorted(places), 1))]
        return self.rng.sample(steps, len(steps))

    def _inside(self, place: str) -> str:
        return f"{self.root.inside(self.directory)}/{place}"

    def _library(self, name: str, others: list[str]) -> bytes:
        work = self.directory / "work"
        work.mkdir(exist_ok=True)
        dialect = self.tools.dialect
        needed = self.rng.sample(others, self.rng.randint(0, len(others)))
        text = f"{dialect.head}.text\n.globl f_{name[:-3]}\nf_{name[:-3]}:\n{dialect.end}"
        text += "".join(dialect.use("call")[0].format(f"f_{other[:-3]}") for other in needed)
        self._run([self.tools.tool("as"), *dialect.assembler_options, "-o", "object.o", "-"], work, text)
        paths = [f"$ORIGIN/{self.rng.choice(['', '../'])}{self.rng.choice('abc')}", self._inside(self.rng.choice("abc"))]
        options = ["-rpath", ":".join(self.rng.sample(paths, self.rng.choice([1, 2]))),
                   self.rng.choice(["--enable-new-dtags", "--disable-new-dtags"])] if self.rng.random() < 0.5 else []
        for other in needed:
            if not (work / other).exists():
                self._run([self.tools.tool("ld"), "-shared", "-soname", other, "-o", other, "object.o"], work)
        self._run([self.tools.tool("ld"), "-shared", "--no-as-needed", "--allow-shlib-undefined", "-o", "library", "object.o",
                   *options, *needed], work)
        return (work / "library").read_bytes()

    @staticmethod
    def _run(command: list[str], work: Path, text: str = "") -> None:
        subprocess.run(command, cwd=work, input=text, text=True, check=True, capture_output=True)

    def _place(self, path: Path, image: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        kind = self.rng.random()
        if kind < 0.2:
            self._link(path, image)
            return
        if kind < 0.5:
            changed = bytearray(image)
            _change_header(self.rng, self.root.machine, changed)
            image = bytes(changed)
        path.write_bytes(image)

    def _link(self, path: Path, image: bytes) -> None:
        """Absolute links and those with too many `..` end below the root, whoever follows them."""
        target = self.directory / f"target{len(list(self.directory.iterdir()))}.so"
        target.write_bytes(image)
        inside = self.root.inside(target)
        relative = os.path.relpath(target, path.parent)
        os.symlink(self.rng.choice([inside, f"{'../' * 30}{inside}", relative, "/nowhere/at/all.so", path.name]), path)


def check_seed(seed: int, bindsim: str, root: ForeignRoot, tools: Toolbox,
               processors: dict[Processor, list[str]]) -> tuple[int, int, list[str]]:
    """How many steps and lines were compared, and what differs."""
    rng = random.Random(f"{root.machine.name}/{seed}")
    directory = root.path / "tmp" / f"seed-{seed}"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    processor = rng.choice(list(processors))
    steps = Search(rng, root, tools, directory, processors[processor]).build()
    inside = root.inside(directory)
    path = ":".join(rng.sample([f"{inside}/a", f"{inside}/b", f"{inside}/c", "/usr/lib/none"], rng.randint(0, 3)))
    env = {**_variables(processor), **({"LD_LIBRARY_PATH": path} if path else {})}
    question = Question("/tmp/driver", steps, env, inside, ("libs", "bindings"), root=root, extra=processor.options)
    real = run_real(question)
    reports = []
    if differences := compare(real, run_simulated(question, bindsim)):
        reports.append("\n".join([f"{root.machine.name}, seed {seed}, {processor.emulated or 'the processor'}:",
                                  commands(question, bindsim), *differences]))
    return len(steps), sum(len(block.lines) for block in real.blocks), reports


def check_machine(machine: Machine, arguments: argparse.Namespace) -> bool | None:
    """Prints how the machine's searches compare: whether they agree, or None where they cannot be made."""
    steps, lines, reports = 0, 0, []
    try:
        with tempfile.TemporaryDirectory(prefix="foreign-search-") as scratch:
            base = Path(arguments.keep or scratch).resolve() / machine.name
            base.mkdir(parents=True, exist_ok=True)
            with prepared(machine, base, Path(arguments.cache).resolve()) as root:
                tools = Toolbox(base, machine)
                tools.compile()
                subprocess.run([machine.tool("gcc"), "-pie", "-o", base / "tmp/driver", tools.driver[True],
                                *DRIVER_OPTIONS], check=True)
                processors = {processor: _known_subdirectories(root, processor)
                              for processor in PROCESSORS.get(machine.name, [Processor()])}
                for seed in parse_seeds(arguments.seeds):
                    of_seed = check_seed(seed, arguments.bindsim, root, tools, processors)
                    steps, lines, reports = steps + of_seed[0], lines + of_seed[1], reports + of_seed[2]
    except Unavailable as reason:
        print(f"{machine.name}: skipped: {reason}")
        return None
    for report in reports:
        print(report)
    print(f"{machine.name}: {steps} opens on {len(processors)} processors, {lines} lines compared, {len(reports)} differences",
          flush=True)
    return lines > 0 and not reports


def main() -> int:
    """All machines, or those that are named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("machines", nargs="*", metavar="MACHINE", help=", ".join(MACHINES))
    parser.add_argument("--seeds", default="1-40", metavar="LIST")
    parser.add_argument("--bindsim", default="build/bindsim", metavar="PATH")
    parser.add_argument("--cache", default="/var/tmp/bindsim-packages", metavar="DIR")
    parser.add_argument("--keep", metavar="DIR", help="make the roots in DIR and leave them there")
    arguments = parser.parse_args()
    arguments.bindsim = str(Path(arguments.bindsim).resolve())
    results = [check_machine(MACHINES[name], arguments) for name in arguments.machines or MACHINES]
    if False in results:
        return 1
    return 0 if True in results else SKIPPED


if __name__ == "__main__":
    sys.exit(main())
