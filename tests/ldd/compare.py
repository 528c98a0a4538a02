#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds --format=ldd against ldd: programs, shared objects, and fixtures that lack something.

    compare.py --bindsim build/src/cli/bindsim [--sample N] [PATH...]
"""

from __future__ import annotations

import argparse
import difflib
import multiprocessing
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import fixtures

SKIPPED = 77
LOADER = "/lib64/ld-linux-x86-64.so.2"
# ldd's option, and the parts that are its output.
MODES = (("", "libs"), ("-v", "libs,versions"), ("-r", "libs,undefined"), ("-u", "unused"))


@dataclass(frozen=True)
class Question:
    """One file, asked about in one of the modes."""

    file: str
    option: str
    parts: str
    bindsim: str
    preload: str = ""


def normalised(output: str) -> list[str]:
    """What ldd prints, without what bindsim does not claim to know.

    Addresses are the kernel's choice.  ldd starts `ld.so FILE`, where a real start is by the kernel: $ORIGIN is then
    the directory of the name as typed, with links in it, which is why all files are asked for by their real paths.
    `ldd -u` is LD_DEBUG=unused, under which errors are told twice.  A failed assertion of the loader is told in its
    words, a crash in bindsim's.
    """
    lines = [re.sub(r" \(0x[0-9a-f]+\)$", "", line) for line in output.splitlines()]
    lines = [line for line in lines if not re.match(r" *\d+:\t", line)]
    return ["(crash)" if line.startswith("Inconsistency detected by ld.so: ") or ": the loader crashes when " in line
            else line for line in lines]


def _environment(**more: str) -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", **more}


def real(question: Question) -> list[str]:
    """ldd's answer; with a preload, which would act on ldd's shell, the loader's own in ldd's way."""
    if question.preload:
        command = [LOADER, question.file]
        environment = _environment(LD_TRACE_LOADED_OBJECTS="1", LD_PRELOAD=question.preload)
    else:
        command = ["ldd", *([question.option] if question.option else []), question.file]
        environment = _environment()
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env=environment, check=False, text=True, errors="surrogateescape")
    return normalised(done.stdout)


def simulated(question: Question) -> tuple[list[str], int, str]:
    """The simulator's answer, its exit status and its messages."""
    command = [question.bindsim, "--no-env", "--format=ldd", f"--show={question.parts}", question.file]
    if question.preload:
        command += ["--env", f"LD_PRELOAD={question.preload}"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, env=_environment(), check=False,
                          text=True, errors="surrogateescape")
    return normalised(done.stdout), done.returncode, done.stderr


def ask(question: Question) -> tuple[Question, int, str]:
    """Lines compared, and the difference as text."""
    expected, (got, status, messages) = real(question), simulated(question)
    if status == 2 and (": a static executable" in messages or ": the loader cannot load itself" in messages):
        return question, 0, ""  # bindsim says so and has nothing to list
    report = "\n".join(difflib.unified_diff(expected, got, "ldd", "bindsim", lineterm="", n=1))
    if status not in (0, 1):
        report += f"\nbindsim ended with status {status}"
    if any(line.startswith("\t") and not line.startswith("\t\t") and line.endswith(" => not found")
           for line in expected) and status != 1:
        report += f"\nsomething is missing, but bindsim's status is {status}"
    return question, len(expected), report


def _is_ours(path: Path) -> bool:
    """A dynamic ELF file for x86-64 that no other loader is named in."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            head = file.read(64)
    except OSError:
        return False
    if head[:5] != b"\x7fELF\x02" or head[18:20] != b"\x3e\x00" or head[16:18] not in (b"\x02\x00", b"\x03\x00"):
        return False
    done = subprocess.run(["ldd", path], env=_environment(), capture_output=True, check=False, text=True,
                          errors="surrogateescape")
    return done.returncode == 0 or "error while loading" in done.stdout


def _files(paths: Sequence[str], sample: int) -> list[str]:
    found: dict[str, None] = {}
    for path in paths:
        entries = sorted(Path(path).iterdir()) if Path(path).is_dir() else [Path(path)]
        for entry in entries:
            if entry.is_file() and (".so" in entry.name or os.access(entry, os.X_OK)):
                found[os.path.realpath(entry)] = None
    names = list(found)
    if 0 < sample < len(names):
        names = [names[number * len(names) // sample] for number in range(sample)]
    return [name for name in names if _is_ours(Path(name))]


def main() -> int:
    """Exit status 0: everything agrees, and something was compared."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paths", nargs="*", metavar="PATH", help="files, or directories of files",
                        default=["/usr/bin", "/usr/sbin", "/usr/lib/x86_64-linux-gnu"])
    parser.add_argument("--bindsim", default="build/src/cli/bindsim", metavar="PATH")
    parser.add_argument("--sample", type=int, default=0, metavar="N", help="only N of the files, the same each time")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    for tool in ("ldd", "gcc", LOADER):
        if not shutil.which(tool):
            print(f"skipped: {tool} is missing")
            return SKIPPED
    bindsim = str(Path(arguments.bindsim).resolve())
    with tempfile.TemporaryDirectory(prefix="bindsim-ldd.") as directory:
        built = [str(path) for path in fixtures.build(Path(os.path.realpath(directory)) / "fixtures")]
        files = built + _files(arguments.paths, arguments.sample)
        questions = [Question(file, option, parts, bindsim) for file in files for option, parts in MODES]
        questions.append(Question(built[0], "", "libs", bindsim, preload="libnone.so:libm.so.6"))
        lines = differing = 0
        with multiprocessing.Pool(max(1, arguments.jobs)) as pool:
            for question, count, report in pool.imap(ask, questions, chunksize=4):
                lines += count
                if report:
                    differing += 1
                    print(f"ldd {question.option} {question.file} {question.preload}\n{report}", flush=True)
    print(f"{len(questions)} questions, {lines} lines, {differing} differences")
    return 1 if differing or not lines else 0


if __name__ == "__main__":
    sys.exit(main())
