#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Has `bindsim log` read what the real loader prints at the start-up of every installed program.

    log_programs.py --bindsim build/bindsim [--sample N] [PATH...]

No program runs: the loader traces them, under LD_DEBUG=bindings or, for every fourth one, LD_DEBUG=all.  The bindings
that are read back must be the log's lines, in their order and number.  Then some logs are mixed line by line, as those of
processes that write to one file, and each process must come out as before.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from loader import SKIPPED, unavailable
from system_programs import find_programs, sample

BINDING = re.compile(rb"^ *(\d+):\t(binding file .*)$", re.MULTILINE)
MIXED = 4
TIMEOUT_SECONDS = 300


@dataclass
class Result:
    """How one program, or some of them, compared."""

    name: str
    lines: int = 0
    report: str = ""


@dataclass(frozen=True)
class Job:
    """Programs whose logs are read, together if there are several."""

    programs: tuple[str, ...]
    words: str
    bindsim: str
    seed: int


def trace(program: str, words: str) -> tuple[int, bytes]:
    """The pid of the loader that traced PROGRAM, and what it printed."""
    environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "LD_TRACE_LOADED_OBJECTS": "1",
                   "LD_WARN": "yes", "LD_BIND_NOW": "yes", "LD_DEBUG": words}
    with subprocess.Popen([program], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, cwd="/") as process:
        assert process.stderr is not None
        return process.pid, process.stderr.read()


def expected(log: bytes) -> list[bytes]:
    """The bindings of a log, as --format=ld-debug has them."""
    return [b"         0:\t" + match[2] for match in BINDING.finditer(log)]


def read_back(bindsim: str, log: bytes, *options: str) -> list[bytes]:
    """The bindings that the tool reads."""
    done = subprocess.run([bindsim, "log", "--format=ld-debug", *options, "-"], input=log, capture_output=True,
                          timeout=TIMEOUT_SECONDS, check=False)
    if done.returncode not in (0, 1):
        raise ValueError(f"status {done.returncode}: {done.stderr.decode(errors='replace')}")
    return done.stdout.splitlines()


def difference(left: list[bytes], right: list[bytes]) -> str:
    """The first one, or nothing."""
    if left == right:
        return ""
    at = next((i for i, (a, b) in enumerate(zip(left, right)) if a != b), min(len(left), len(right)))
    shown = [f"  from binding {at + 1} on; {len(left)} in the log, {len(right)} read"]
    shown += [f"    - {line.decode(errors='replace')}" for line in left[at:at + 2]]
    shown += [f"    + {line.decode(errors='replace')}" for line in right[at:at + 2]]
    return "\n".join(shown)


def mix(logs: list[bytes], seed: int) -> bytes:
    """The lines of LOGS in some order that keeps each log's own."""
    rng = random.Random(seed)
    waiting = [log.splitlines(keepends=True)[::-1] for log in logs]
    mixed = []
    while waiting := [lines for lines in waiting if lines]:
        lines = rng.choice(waiting)
        mixed += [lines.pop() for _ in range(min(len(lines), rng.randint(1, 20)))]
    return b"".join(mixed)


def check(job: Job) -> Result:
    """Reads the logs of a job back."""
    result = Result(" ".join(job.programs))
    traced = [trace(program, job.words) for program in job.programs]
    try:
        if len(traced) == 1:
            wanted = expected(traced[0][1])
            result.lines = len(wanted)
            # What prints nothing is no log.
            result.report = difference(wanted, read_back(job.bindsim, traced[0][1])) if wanted else ""
            return result
        log = mix([text for _, text in traced], job.seed)
        for pid, text in traced:
            wanted = expected(text)
            result.lines += len(wanted)
            if wanted:
                result.report += difference(wanted, read_back(job.bindsim, log, f"--process={pid}"))
    except (ValueError, subprocess.TimeoutExpired) as error:
        result.report = f"  {error}"
    return result


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paths", nargs="*", default=["/usr/bin", "/usr/sbin"], metavar="PATH")
    parser.add_argument("--bindsim", default="build/bindsim", metavar="PATH")
    parser.add_argument("--sample", type=int, default=0, metavar="N", help="only N programs, the same each time")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    return parser.parse_args()


def main() -> int:
    """The exit status is 0 only if something was compared and nothing differs."""
    arguments = _arguments()
    if reason := unavailable():
        print(f"skipped: {reason}")
        return SKIPPED
    bindsim = str(Path(arguments.bindsim).resolve())
    names = [program for program, _ in sample(find_programs(arguments.paths)[0], arguments.sample)]
    jobs = [Job((name,), "bindings" if number % 4 else "all", bindsim, number) for number, name in enumerate(names)]
    jobs += [Job(tuple(names[at:at + MIXED]), "bindings", bindsim, at) for at in range(0, len(names), 5 * MIXED)]
    lines, differing = 0, 0
    with multiprocessing.Pool(max(1, arguments.jobs)) as pool:
        for result in pool.imap_unordered(check, jobs):
            lines += result.lines
            if result.report:
                differing += 1
                print(f"{result.name}:\n{result.report}", flush=True)
    print(f"{len(names)} programs, {len(jobs)} logs, {lines} bindings compared, {differing} differences")
    return 1 if differing or not lines else 0


if __name__ == "__main__":
    sys.exit(main())
