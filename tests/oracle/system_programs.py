#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares the simulator with the real loader on the start-up of every installed program.

    system_programs.py --bindsim build/bindsim [--sample N] [PATH...]

No program runs: the loader traces them (what ldd -r does) and prints all bindings on the way.  Lines are compared one
by one as the two processes print them, for a single program can have hundreds of thousands.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import stat
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from elf_file import interpreter
from loader import PREFIX, SKIPPED, binding_parties, unavailable

CONTEXT = 3
MALLOC_LOOKUPS = ("calloc", "free", "malloc", "realloc")
LIBC = "/libc.so.6 ["
# The loader's own relocations are a handful; with the four look-ups before them they fit well in this.
LONGEST_FINAL_BLOCK = 64


@dataclass
class Result:
    """How one program compared."""

    program: str
    lines: int = 0
    report: str = ""


@dataclass(frozen=True)
class Job:
    """One program and how to ask about it."""

    program: str
    loader: str
    bindsim: str
    real_only: bool


def find_programs(paths: Iterable[str]) -> tuple[list[tuple[str, str]], dict[str, int]]:
    """The dynamically linked programs below `paths` with their loaders, each file once; and how many of what else.

    Set-id programs are left out: for them the loader drops the variables that make it trace, so they would run.
    """
    programs: list[tuple[str, str]] = []
    skipped = {"not dynamic": 0, "set-id": 0, "other loader": 0, "same file": 0}
    seen: set[tuple[int, int]] = set()
    for path in paths:
        files = sorted(entry.path for entry in os.scandir(path)) if os.path.isdir(path) else [path]
        for file in files:
            try:
                status = os.stat(file)
            except OSError:
                continue
            if not stat.S_ISREG(status.st_mode) or not os.access(file, os.X_OK):
                continue
            loader = interpreter(file)
            if (status.st_dev, status.st_ino) in seen:
                skipped["same file"] += 1
            elif loader is None:
                skipped["not dynamic"] += 1
            elif not os.path.basename(loader).startswith("ld-linux"):
                skipped["other loader"] += 1
            elif status.st_mode & (stat.S_ISUID | stat.S_ISGID):
                skipped["set-id"] += 1
            else:
                programs.append((file, loader))
            seen.add((status.st_dev, status.st_ino))
    return programs, skipped


def _compared(text: str) -> bool:
    """Binding lines (not the vdso's) and the loader's own error lines; nothing else is printed under trace."""
    if text.startswith("binding file "):
        return not text.startswith(("binding file linux-vdso.", "binding file linux-gate."))
    return ": error: " in text or text.startswith("marking ")


def traced_lines(process: subprocess.Popen[str]) -> Iterator[str]:
    """What the real loader prints for the program: its debug lines without the prefix."""
    prefix = f"{process.pid:10d}:\t"
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith(prefix) and _compared(text := line[len(prefix):].rstrip("\n")):
            yield text


def simulated_lines(process: subprocess.Popen[str]) -> Iterator[str]:
    """What the simulator prints for the start-up; a refusal appears as a line of its own."""
    assert process.stdout is not None
    for line in process.stdout:
        text = line[len(PREFIX):].rstrip("\n")
        if not line.startswith(PREFIX):
            yield f"(not a line of the format: {line.rstrip()})"
        elif text.startswith("bindsim: ") and text != "bindsim: step 0: ok":
            yield f"({text})"
        elif _compared(text):
            yield text


def without_final_block(lines: Iterable[str], program: str, loader: str) -> Iterator[str]:
    """The simulated lines but for those that a real start prints last and a trace does not print at all.

    At the end of a real start the loader looks up the four functions of malloc from the main program and redoes its
    own relocations.  Under LD_TRACE_LOADED_OBJECTS it ends before both; all that comes earlier is the same.
    """
    tail: deque[str] = deque()
    with_libc = False
    for line in lines:
        with_libc = with_libc or LIBC in line
        tail.append(line)
        if len(tail) > LONGEST_FINAL_BLOCK:
            yield tail.popleft()
    while tail and (parties := binding_parties(PREFIX + tail[-1])) is not None and parties[0] == loader:
        tail.pop()
    last = list(tail)[-len(MALLOC_LOOKUPS):]
    if [line.rpartition("symbol `")[2].partition("'")[0] for line in last] == list(MALLOC_LOOKUPS) and all(
            line.startswith(f"binding file {program} [0] ") for line in last):
        yield from list(tail)[:-len(MALLOC_LOOKUPS)]
    else:
        yield from tail
        if with_libc:
            yield "(the look-ups of calloc, free, malloc and realloc from the main program are missing at the end)"


def _first_difference(real: Iterator[str], simulated: Iterator[str]) -> tuple[int, str]:
    """The number of lines compared and an account of the first difference; both iterators are read to their end."""
    before: deque[str] = deque(maxlen=CONTEXT)
    count = 0
    for left, right in zip_longest(real, simulated):
        if left != right:
            left_more = [left or "(end)", *(line for line, _ in zip(real, range(CONTEXT - 1)))]
            right_more = [right or "(end)", *(line for line, _ in zip(simulated, range(CONTEXT - 1)))]
            rest = (sum(1 for _ in real), sum(1 for _ in simulated))
            shown = [f"  from line {count + 1} on ({rest[0]} and {rest[1]} further lines):"]
            shown += [f"      {line}" for line in before] + [f"    - {line}" for line in left_more]
            return count, "\n".join(shown + [f"    + {line}" for line in right_more])
        count += 1
        before.append(left)
    return count, ""


def compare_program(job: Job) -> Result:
    """Runs both sides at once and compares their lines while they come."""
    environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C"}
    tracing = {**environment, "LD_TRACE_LOADED_OBJECTS": "1", "LD_WARN": "yes", "LD_BIND_NOW": "yes",
               "LD_DEBUG": "bindings"}
    texts = {"stdin": subprocess.DEVNULL, "text": True, "encoding": "utf-8", "errors": "surrogateescape", "cwd": "/"}
    real = subprocess.Popen([job.program], env=tracing, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **texts)
    if job.real_only:
        other = subprocess.Popen([job.program], env=tracing, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **texts)
        lines = traced_lines(other)
    else:
        command = [job.bindsim, "--bind-now", "--format=ld-debug", job.program]
        other = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **texts)
        lines = without_final_block(simulated_lines(other), job.program, job.loader)
    with real, other:
        count, report = _first_difference(traced_lines(real), lines)
    if real.returncode != 0:
        report = f"  the real loader ended with status {real.returncode}\n{report}"
    elif other.returncode != 0:
        report = f"  the simulator ended with status {other.returncode}\n{report}"
    return Result(job.program, count, report)


def sample(programs: list[tuple[str, str]], count: int) -> list[tuple[str, str]]:
    """`count` of them, evenly spread and always the same."""
    if count <= 0 or count >= len(programs):
        return programs
    return [programs[number * len(programs) // count] for number in range(count)]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paths", nargs="*", default=["/usr/bin", "/usr/sbin"], metavar="PATH",
                        help="programs, or directories of programs (default /usr/bin and /usr/sbin)")
    parser.add_argument("--bindsim", default="build/bindsim", metavar="PATH")
    parser.add_argument("--sample", type=int, default=0, metavar="N", help="only N programs, the same each time")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--reports", type=int, default=20, metavar="N", help="show N differences (default 20)")
    parser.add_argument("--real-only", action="store_true", help="compare the real loader with itself: a self-test")
    return parser.parse_args()


def main() -> int:
    """Compares all programs and sums up; the exit status is 0 only if something was compared and nothing differs."""
    arguments = _arguments()
    if not arguments.real_only and not Path(arguments.bindsim).exists():
        print(f"{arguments.bindsim}: no such program", file=sys.stderr)
        return 2
    if reason := unavailable():
        print(f"skipped: {reason}")
        return SKIPPED
    found, skipped = find_programs(arguments.paths)
    programs = sample(found, arguments.sample)
    bindsim = str(Path(arguments.bindsim).resolve())
    lines, differing = 0, []
    with multiprocessing.Pool(max(1, arguments.jobs)) as pool:
        jobs = [Job(program, loader, bindsim, arguments.real_only) for program, loader in programs]
        for result in pool.imap_unordered(compare_program, jobs):
            lines += result.lines
            if result.report:
                differing.append(result.program)
                if len(differing) <= arguments.reports:
                    print(f"{result.program}:\n{result.report}", flush=True)
    print("skipped: " + ", ".join(f"{count} {what}" for what, count in skipped.items()))
    if differing:
        print("differ: " + " ".join(sorted(differing)))
    print(f"{len(programs)} programs, {lines} lines compared, {len(differing)} differences")
    if lines == 0:
        print("nothing was compared", file=sys.stderr)
        return 1
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
