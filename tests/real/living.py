#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Looks into real programs while they live, and into core files of them, and holds that against simulations.

    living.py --bindsim build/bindsim [--cache DIR] [--here] [NAME...]

Each program says that it is ready and waits.  What `bindsim --pid` finds in its slots must be what is simulated, by the
plan that it derives from the process and by one that `bindsim record` has made of another run; and a core file made by
gcore must hold the same as the process did.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path

from programs import PYTHON, Program
from real_programs import SKIPPED, Unavailable, options, trees, untraceable

WAITS = "; print('ready', flush=True); input()"
LIVING = [
    Program("python", (PYTHON, "-c", "import ssl, sqlite3, ctypes, decimal" + WAITS), here=True),
    Program("perl", ("/usr/bin/perl", "-e", "use POSIX; use Socket; use Storable; $| = 1; print \"ready\\n\"; <STDIN>"), here=True),
    Program("shell", ("/bin/sh", "-c", "echo ready; read line"), here=True),
    Program("numpy-scipy", (PYTHON, "-c", "import numpy, scipy.linalg, scipy.optimize" + WAITS), (),
            {"PYTHONPATH": "{T}/wheels", "OPENBLAS_NUM_THREADS": "1"}, wheels=("numpy==1.26.4", "scipy==1.14.1"), python="3.11"),
    Program("ruby", ("{T}/usr/bin/ruby3.1", "--disable-gems", "-e",
                     "%w[json openssl socket].each { |name| require name }; STDOUT.sync = true; puts 'ready'; gets"), (),
            {"LD_LIBRARY_PATH": "{T}/usr/lib/x86_64-linux-gnu", "RUBYLIB": "{T}/usr/lib/ruby/3.1.0:"
             "{T}/usr/lib/x86_64-linux-gnu/ruby/3.1.0:{T}/usr/lib/ruby/vendor_ruby"}, packages=("ruby3.1", "libruby3.1")),
]


@contextmanager
def started(program: Program, tree: Path, *before: str) -> Iterator[int]:
    """The process id of a program that waits; it ends by itself at the end."""
    variables = {name: value.replace("{T}", str(tree)) for name, value in program.environment.items()}
    command = [*before, *(word.replace("{T}", str(tree)) for word in program.command)]
    process = subprocess.Popen(command, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", **variables}, stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        if process.stdout.readline() != b"ready\n":
            raise RuntimeError("it does not start")
        yield process.pid
    finally:
        process.communicate(b"\n", timeout=60)


def observed(bindsim: str, *words: str) -> tuple[dict, list[str]]:
    """What a process or a core file was found to hold, and what is wrong with it."""
    done = subprocess.run([bindsim, "--format=json", *words], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          errors="replace", timeout=200, check=False)
    # A step of the plan that failed in the program, too, is no trouble.
    if done.returncode not in (0, 1):
        return {}, [f"{' '.join(words)}: status {done.returncode}: {done.stderr.strip()}"]
    process = json.loads(done.stdout)["process"]
    counts = process["counts"]
    problems = [f"{' '.join(words)}: {counts[what]} slots {what}" for what in ("differ", "patched", "unreadable") if counts[what]]
    if not counts["agree"]:
        problems.append(f"{' '.join(words)}: nothing was compared")
    return process, problems


def examine(program: Program, tree: Path, bindsim: str, directory: Path) -> tuple[int, list[str]]:
    """How many slots agree, and what is wrong."""
    plan, problems = str(directory / "plan"), []
    with started(program, tree, bindsim, "record", "-q", "-o", plan, "--"):
        pass
    with started(program, tree) as pid:
        here, wrong = observed(bindsim, f"--pid={pid}")
        problems += wrong
        problems += observed(bindsim, f"--pid={pid}", f"--plan={plan}")[1]
        made = subprocess.run(["gcore", "-o", str(directory / "core"), str(pid)], capture_output=True, timeout=200, check=False)
    core = directory / f"core.{pid}"
    if not core.exists():
        return 0, [*problems, f"gcore: {made.stderr.decode(errors='replace')[-300:]}"]
    dead, wrong = observed(bindsim, f"--core={core}")
    problems += wrong
    problems += observed(bindsim, f"--core={core}", f"--plan={plan}")[1]
    for entry in [*here.get("objects", []), *dead.get("objects", [])]:
        # A core leaves out by what some files could be checked.
        if entry.pop("file") not in ("same", "unchecked", "none"):
            problems.append(f"{entry['path']} is another file")
    problems += [f"{left} in the process and {right} in the core" for member in ("objects", "contents")
                 for left, right in zip_longest(here.get(member, []), dead.get(member, [])) if left != right]
    if here.get("counts") != dead.get("counts"):
        problems.append(f"{here.get('counts')} in the process and {dead.get('counts')} in the core")
    return here.get("counts", {}).get("agree", 0), problems


def main() -> int:
    """Goes through all programs; the exit status is 0 only if slots were compared and none differs."""
    arguments = options(__doc__.splitlines()[0]).parse_args()
    bindsim, cache = str(Path(arguments.bindsim).resolve()), arguments.cache.resolve()
    if reason := untraceable(bindsim) or (None if shutil.which("gcore") else "gcore is missing"):
        print(f"skipped: {reason}")
        return SKIPPED
    count, slots, bad, skipped = 0, 0, 0, 0
    for program in LIVING:
        if (arguments.names and program.name not in arguments.names) or (arguments.here and not program.here):
            continue
        try:
            tree = trees(program, cache)
        except Unavailable as error:
            print(f"skipped: {program.name}: {error}")
            skipped += 1
            continue
        with tempfile.TemporaryDirectory() as directory:
            agreed, problems = examine(program, tree, bindsim, Path(directory))
        count, slots, bad = count + 1, slots + agreed, bad + len(problems)
        for problem in problems:
            print(f"{program.name}: {problem[:2000]}")
    print(f"{count} living programs, {slots} slots compared, {bad} differences, {skipped} programs skipped")
    if skipped and not count:
        return SKIPPED
    return 1 if bad or not slots else 0


if __name__ == "__main__":
    sys.exit(main())
