#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Records random steps over the libraries of this machine, with all that their constructors do, and verifies the plan.

    random_sessions.py --seeds 1-40 --bindsim build/bindsim [--by driver|python|threads] [PATH...]

The steps are those of oracle/installed_libraries.py, which has to leave out what comes after constructors that call the
loader or end the process.  Here they are recorded like any other call.  By Python it is _ctypes that makes them, between
imports; by threads, four of them at once.
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
from functools import partial
from pathlib import Path

from real_programs import SKIPPED, untraceable, verify

import account
from installed_libraries import DIRECTORIES, Session, find_libraries
from loader import build_driver, unavailable
from seeds import parse_seeds


MODULES = ("ssl", "sqlite3", "decimal", "lzma", "bz2", "curses", "readline", "zlib", "hashlib", "json", "array", "mmap")


def _in_python(step: str, number: int) -> str:
    """A step of the driver as _ctypes makes it; what a step before has opened is in `handles`, if it has."""
    kind, _, rest = step.partition(":")
    if kind == "close":
        return f"_ctypes.dlclose(handles.pop({rest}))"
    if kind == "sym":
        handle, _, name = rest.partition(":")
        return f"_ctypes.dlsym({'0' if handle == 'DEFAULT' else f'handles[{handle}]'}, {name!r})"
    file, _, flags = step.removeprefix("newlm:").rpartition(":")
    mode = " | ".join(f"os.RTLD_{flag}" for flag in flags.split(","))
    return f"handles[{number}] = _ctypes.dlopen({file!r}, {mode})"


def python_command(steps: list[str], threads: int, chance: random.Random) -> list[str]:
    """A Python that makes these steps; each thread makes all of them in an order of its own."""
    lines = ["import _ctypes, os, threading", "def each(steps):", "    handles = {}", "    for step in steps:",
             "        try: exec(step, globals(), {'handles': handles})", "        except Exception: pass"]
    own = [_in_python(step, number) for number, step in enumerate(steps, start=1)]
    if not threads:
        own = [line for step in own for line in (step, *([f"import {chance.choice(MODULES)}"] if chance.random() < 0.4 else []))]
        lines.append(f"each({own!r})")
    for _ in range(threads):
        lines.append(f"threading.Thread(target=each, args=({chance.sample(own, len(own))!r},)).start()")
    return ["/usr/bin/python3", "-c", "\n".join(lines)]


def check_seed(seed: int, bindsim: str, libraries: list[str], driver: str, by: str, keep: Path | None) -> tuple[int, list[str]]:
    """Lines about bindings that were compared, and what is wrong with a seed's session."""
    chance = random.Random(seed)
    session = Session(chance, chance.sample(libraries, min(chance.randint(2, 8), len(libraries))))
    for _ in range(chance.randint(3, 14)):
        session.add()
    variables = ["LD_BIND_NOW=1"] if chance.random() < 0.5 else []
    program = [driver, *session.steps] if by == "driver" else python_command(session.steps, 4 if by == "threads" else 0, chance)
    with tempfile.TemporaryDirectory() as name:
        directory = keep / str(seed) if keep else Path(name)
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        plan = directory / "plan"
        told = ["LD_DEBUG=bindings,files", f"LD_DEBUG_OUTPUT={directory / 'log'}"]
        subprocess.run([bindsim, "record", "-q", "-o", plan, "--", "/usr/bin/env", *told, *variables, *program], cwd="/",
                       env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"}, stdin=subprocess.DEVNULL, capture_output=True, timeout=120,
                       check=False)
        # Other processes are those that constructors start; what they say is less.
        log = max(directory.glob("log.*"), key=lambda log: log.stat().st_size, default=None)
        if log is None or not plan.exists():
            return 0, [f"seed {seed}: there is no plan: {' '.join(program)}"]
        lines, problems = account.differences(bindsim, plan, log)
        problems += verify(bindsim, plan, log, f"{log.suffix[1:]}:1", by != "threads")
    heading = f"seed {seed}: {' '.join(variables)} {' '.join(program)}"
    return lines, ["\n  ".join([heading, *problems[:8]])] if problems else []


def main() -> int:
    """Goes through all seeds; the exit status is 0 only if something was compared and nothing differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("places", nargs="*", default=DIRECTORIES, metavar="PATH", help="libraries, or directories with some")
    parser.add_argument("--seeds", default="1-40", metavar="LIST")
    parser.add_argument("--bindsim", default="build/bindsim", metavar="PATH")
    parser.add_argument("--by", choices=("driver", "python", "threads"), default="driver")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="leave plans and logs in DIR")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    bindsim = str(Path(arguments.bindsim).resolve())
    if reason := unavailable(["gcc"]) or untraceable(bindsim):
        print(f"skipped: {reason}")
        return SKIPPED
    seeds, lines, problems = parse_seeds(arguments.seeds), 0, []
    if arguments.keep:
        arguments.keep.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as directory, multiprocessing.Pool(max(1, arguments.jobs)) as pool:
        driver = build_driver((arguments.keep or Path(directory)).resolve())
        check = partial(check_seed, bindsim=bindsim, libraries=find_libraries(arguments.places), driver=str(driver), by=arguments.by,
                        keep=arguments.keep and arguments.keep.resolve())
        for compared, wrong in pool.imap(check, seeds):
            lines += compared
            problems += wrong
            for problem in wrong:
                print(problem, flush=True)
    print(f"{len(seeds)} sessions, {lines} lines about bindings compared, {len(problems)} differences")
    return 1 if problems or not lines else 0


if __name__ == "__main__":
    sys.exit(main())
