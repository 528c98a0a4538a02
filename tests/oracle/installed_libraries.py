#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares the simulator with the real loader on random steps over the shared libraries of this machine.

    installed_libraries.py --seeds 1-100 --bindsim build/bindsim [PATH]...

A seed takes a few libraries of all that are installed and gives a program that opens them with random flags, also in
namespaces of their own, looks names up and closes them again.  All bindings are made at once, and every line is compared.
The libraries were not made for this: constructors run that end the process or call the loader themselves.  What comes after
that is left out, and counted.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import sys
import tempfile
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from elf_file import interpreter
from loader import (OK, PREFIX, SKIPPED, Block, Question, Transcript, build_driver, compare, compare_lines, run_real,
                    run_simulated, unavailable)
from random_graphs import commands
from seeds import parse_seeds

DIRECTORIES = ("/usr/lib/x86_64-linux-gnu", "/usr/lib/python3", "/usr/lib/python3.11", "/usr/lib/jvm")
# Those that are asked for; most are in some library.
NAMES = ("malloc", "printf", "environ", "stdout", "memcpy", "inflate", "deflate", "__cxa_throw", "_ZTISt9exception",
         "g_malloc", "g_type_init", "sqlite3_open", "SSL_new", "XML_Parse", "PyInit__ssl", "_init", "gconv", "main")
SHOWN = (("bindings", "files"), ("bindings", "files", "mapped"), ("bindings", "files", "scopes", "mapped"),
         ("bindings", "files", "libs"), ("bindings", "files", "versions"))


@dataclass
class Result:
    """What one seed adds to the closing line."""

    steps: int = 0
    lines: int = 0
    left: int = 0
    report: str = ""


@dataclass
class Session:
    """Steps as the driver takes them, as they come to be chosen."""

    random: random.Random
    libraries: list[str]
    steps: list[str] = field(default_factory=list)
    opened: list[int] = field(default_factory=list)

    def add(self) -> None:
        """One step more."""
        kind = self.random.random()
        if kind < 0.62 or not self.opened:
            self._open()
        elif kind < 0.82:
            self.steps.append(f"close:{self.opened.pop(self.random.randrange(len(self.opened)))}")
        else:
            self.steps.append(f"sym:{self.random.choice(['DEFAULT', *map(str, self.opened)])}:{self.random.choice(NAMES)}")

    def _open(self) -> None:
        library = self.random.choice(self.libraries)
        # By its base name it comes through the cache, if it does.
        name = Path(library).name if self.random.random() < 0.25 else library
        flags = [self.random.choice(["NOW", "LAZY"])]
        apart = self.random.random() < 0.12
        for flag, chance in (("GLOBAL", 0.0 if apart else 0.35), ("DEEPBIND", 0.15), ("NODELETE", 0.07), ("NOLOAD", 0.05)):
            if self.random.random() < chance:
                flags.append(flag)
        self.steps.append(f"{'newlm:' if apart else ''}{name}:{','.join(flags)}")
        self.opened.append(len(self.steps))


def is_library(path: Path) -> bool:
    """A shared object of this machine's kind, and no program."""
    try:
        with path.open("rb") as file:
            start = file.read(20)
    except OSError:
        return False
    return start[:6] == b"\x7fELF\x02\x01" and start[16:20] == b"\x03\0\x3e\0" and interpreter(path) is None


def find_libraries(places: list[str]) -> list[str]:
    """All below these places, each file once."""
    found: set[str] = set()
    for place in places:
        files = Path(place).rglob("*.so*") if Path(place).is_dir() else [Path(place)]
        found.update(os.path.realpath(file) for file in files)
    return sorted(file for file in found if is_library(Path(file)))


def _calls(block: Block) -> int:
    """How many objects were opened and closed: more than the step itself does, if constructors or destructors do so, too."""
    return sum(line.startswith((PREFIX + "opening file=", PREFIX + "closing file=")) for line in block.lines)


def _comparable(real: Transcript, simulated: Transcript) -> tuple[int, list[str]]:
    """The number of blocks up to which the loader was left alone, and what differs in the one that the process died in."""
    for number, (block, other) in enumerate(zip(real.blocks, simulated.blocks)):
        if _calls(block) > _calls(other):
            return number, []
        if not block.reported:
            begun = block.lines == other.lines[:len(block.lines)]
            return number, [] if begun else compare_lines(block.lines, other.lines, f"step {block.step}, which the process died in")
    return len(real.blocks), []


def check_seed(seed: int, bindsim: str, libraries: list[str], driver: str) -> Result:
    """Runs one session on both sides."""
    chance = random.Random(seed)
    session = Session(chance, chance.sample(libraries, min(chance.randint(2, 8), len(libraries))))
    for _ in range(chance.randint(3, 14)):
        session.add()
    question = Question(driver, steps=session.steps, cwd="/", categories=chance.choice(SHOWN))
    real, simulated = run_real(question), run_simulated(question, bindsim)
    kept, differences = _comparable(real, simulated)
    result = Result(steps=kept, left=kept < len(real.blocks))
    del real.blocks[kept:], simulated.blocks[kept:]
    if result.left:
        # What the rest came to is not asked.
        simulated.exit_status = any(block.outcome != OK for block in simulated.blocks)
    result.lines = sum(len(block.lines) for block in real.blocks)
    if differences := [*compare(real, simulated), *differences]:
        result.report = "\n".join([f"seed {seed}:", commands(question, bindsim), *differences])
    return result


def main() -> int:
    """Compares all seeds; the exit status is 0 only if something was compared and nothing differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("places", nargs="*", default=DIRECTORIES, metavar="PATH",
                        help="libraries, or directories that have some (default: where Debian has them)")
    parser.add_argument("--seeds", default="1-40", metavar="LIST", help="e.g. 7 or 1-40 or 3,9-12 (default 1-40)")
    parser.add_argument("--bindsim", default="build/bindsim", metavar="PATH")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    if not Path(arguments.bindsim).exists():
        print(f"{arguments.bindsim}: no such program", file=sys.stderr)
        return 2
    if reason := unavailable(["gcc"]):
        print(f"skipped: {reason}")
        return SKIPPED
    libraries, seeds = find_libraries(arguments.places), parse_seeds(arguments.seeds)
    steps = lines = left = differing = 0
    with tempfile.TemporaryDirectory() as directory, multiprocessing.Pool(max(1, arguments.jobs)) as pool:
        check = partial(check_seed, bindsim=str(Path(arguments.bindsim).resolve()), libraries=libraries,
                        driver=str(build_driver(directory)))
        for result in pool.imap(check, seeds):
            steps, lines, left = steps + result.steps, lines + result.lines, left + result.left
            differing += bool(result.report)
            if result.report:
                print(result.report, flush=True)
    print(f"{len(libraries)} libraries, {len(seeds)} sessions, {steps} steps, {lines} lines compared, {differing} differences; "
          f"{left} sessions were left where a library's own code ended the process or called the loader")
    return 1 if differing or not lines else 0


if __name__ == "__main__":
    sys.exit(main())
