#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Counts the instructions that bindsim takes for fixed inputs, and holds them against those that are known.

    instructions.py [--work DIRECTORY] [--update]

A slow-down that a noisy machine hides is seen here: valgrind counts what the whole process does, all threads together,
in a release build of its own. Another compiler, library or processor counts otherwise, so the known counts name theirs;
where it is another one the test is skipped. --update writes instructions.json anew.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from generate import Shape, generate

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
KNOWN = HERE / "instructions.json"
SKIPPED = 77
TOLERANCE = 0.05
LOADER = Path("/lib64/ld-linux-x86-64.so.2")

INPUTS = {"40 objects": Shape(40, 200, 150), "120 objects": Shape(120, 200, 150)}
QUESTIONS = {
    # --no-env: valgrind has something preloaded, which is no part of the question.
    "report": ["src/cli/bindsim", "--no-env", "{program}"],
    "all bindings as ld-debug": ["src/cli/bindsim", "--no-env", "--bind-now", "--format=ld-debug", "{program}"],
    "all bindings as ndjson": ["src/cli/bindsim", "--no-env", "--bind-now", "--format=ndjson", "--show=bindings", "{program}"],
    "simulated five times": ["tests/bench/again", "{program}", "4"],
}


def environment() -> dict[str, str]:
    """What a count depends on besides the sources."""
    compiler = subprocess.run([os.environ.get("CC", "cc"), "-dumpfullversion", "-dumpversion"], text=True,
                              capture_output=True, check=True).stdout.strip()
    # glibc takes other functions on other processors: 5 % of all instructions lie between Intel's with AVX2 and the rest.
    told = subprocess.run([LOADER, "--list-diagnostics"], text=True, capture_output=True, check=False) if LOADER.exists() else None
    named = re.search(r'^dl_platform="(.*)"', told.stdout, re.M) if told else None
    return {"machine": platform.machine(), "compiler": compiler, "libc": " ".join(platform.libc_ver()),
            "platform": named[1] if named else ""}


def build(work: Path) -> Path:
    """A release build in WORK."""
    directory = work / "release"
    if not (directory / "build.ninja").exists():
        subprocess.run(["meson", "setup", directory, ROOT, "--buildtype=release", "-Doracle=false"], check=True,
                       stdout=subprocess.DEVNULL)
    targets = sorted({command[0] for command in QUESTIONS.values()})
    subprocess.run(["ninja", "-C", directory, *targets], check=True, stdout=subprocess.DEVNULL)
    return directory


def on_one_processor() -> None:
    """There bindsim has no second thread, and who of two comes first to something makes no difference."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def count(command: list[str]) -> int:
    """Instructions of the process."""
    done = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *command], text=True, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, check=False, env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
                          preexec_fn=on_one_processor)
    collected = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or not collected or collected[1] == "0":
        raise RuntimeError(f"{' '.join(command)}: status {done.returncode}\n{done.stderr}")
    return int(collected[1])


def count_all(work: Path) -> dict[str, dict[str, int]]:
    """Each question on each input."""
    directory = build(work)
    counts: dict[str, dict[str, int]] = {}
    for name, shape in INPUTS.items():
        program = str(generate(work / name.replace(" ", "-"), shape))
        counts[name] = {what: count([str(directory / command[0]), *(word.format(program=program) for word in command[1:])])
                        for what, command in QUESTIONS.items()}
    return counts


def compare(known: dict, counted: dict) -> list[str]:
    """What became slower; everything is printed."""
    slower = []
    for name, questions in counted.items():
        for what, number in questions.items():
            ratio = number / known[name][what]
            print(f"{name:12} {what:26} {number / 1e6:8.2f} million instructions, {ratio:.3f} of what is known")
            if ratio > 1 + TOLERANCE:
                slower.append(f"{name}: {what}: {number} instructions, {known[name][what]} are known")
            elif ratio < 1 - TOLERANCE:
                print("    that is less: instructions.py --update keeps it")
    return slower


def main() -> int:
    """Counts, and compares or writes down."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, metavar="DIRECTORY", help="where the build and the programs are, and stay")
    parser.add_argument("--update", action="store_true", help="write the counts to instructions.json")
    arguments = parser.parse_args()
    for tool in ("valgrind", "meson", "ninja", "gcc"):
        if not shutil.which(tool):
            print(f"skipped: {tool} is missing")
            return SKIPPED
    here = environment()
    known = json.loads(KNOWN.read_text()) if KNOWN.exists() else []
    counts = next((entry["counts"] for entry in known if entry["of"] == here), None)
    if not arguments.update and not counts:
        print(f"skipped: counts are known of {[entry['of'] for entry in known]}, this is {here}")
        return SKIPPED
    with tempfile.TemporaryDirectory(prefix="bindsim-instructions.") as directory:
        counted = count_all(arguments.work.resolve() if arguments.work else Path(directory))
    if arguments.update:
        others = [entry for entry in known if entry["of"] != here]
        KNOWN.write_text(json.dumps([*others, {"of": here, "counts": counted}], indent=1) + "\n")
        return 0
    slower = compare(counts, counted)
    print("\n".join(["slower than it was:", *slower] if slower else ["nothing is slower"]))
    return 1 if slower else 0


if __name__ == "__main__":
    sys.exit(main())
