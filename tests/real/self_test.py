#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A comparison that finds nothing may be one that finds nothing ever: here logs and plans are spoilt, and it must be told.

    self_test.py --bindsim build/bindsim
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import account
from fixtures import build
from programs import ALL
from real_programs import SKIPPED, Run, untraceable, verify

SPOILT = 25


def spoilt_logs(lines: list[bytes], program: bytes, chance: random.Random) -> Iterator[tuple[str, list[bytes]]]:
    """Logs in which a line is missing, there twice, or leads elsewhere."""
    # A line without a version may be that of a dlsym, which the program may repeat.
    of_relocation = [number for number, line in enumerate(lines) if b"binding file " in line and line.endswith(b"]")
                     and not line.split(b"binding file ")[1].startswith((program, b"linux-vdso"))]
    for number in chance.sample(of_relocation, SPOILT):
        what = lines[number].split(b"\t")[1].decode()
        yield f"without {what}", [*lines[:number], *lines[number + 1:]]
        yield f"twice {what}", [*lines[:number], lines[number], *lines[number:]]
        before, _, after = lines[number].partition(b" to ")
        yield f"elsewhere {what}", [*lines[:number], before + b" to /nowhere.so [0]" + after[after.index(b":"):], *lines[number + 1:]]


def spoilt_plans(plan: dict) -> Iterator[tuple[str, dict]]:
    """Plans that lack one of the steps that map something."""
    for number, step in enumerate(plan["steps"]):
        if "dlopen" in step and not step["dlopen"].endswith("missing.so"):
            # A step that others name by its number becomes one that opens nothing.
            steps = [*plan["steps"][:number], {"dlopen": "./not-there.so"}, *plan["steps"][number + 1:]]
            yield f"without dlopen {step['dlopen']}", {**plan, "steps": steps}


def main() -> int:
    """Spoils a run of the plug-ins; the exit status is 0 if all of that is found, and nothing in what is not spoilt."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bindsim", default="build/bindsim", metavar="PATH")
    bindsim = str(Path(parser.parse_args().bindsim).resolve())
    if reason := untraceable(bindsim):
        print(f"skipped: {reason}")
        return SKIPPED
    problems, count = [], 0
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        program = next(program for program in ALL if program.name == "plug-ins")
        run = Run(program, directory, build(directory / "built"), directory / "run", True, bindsim)
        run.record()
        process = run.log.suffix[1:]
        for found in (verify(bindsim, run.plan, run.log, process), account.differences(bindsim, run.plan, run.log)[1]):
            problems += [f"nothing is spoilt: {problem}" for problem in found]
        lines, plan = run.log.read_bytes().split(b"\n"), json.loads(run.plan.read_text())
        spoilt = directory / f"spoilt.{process}"
        for what, content in spoilt_logs(lines, bytes(run.directory / "opener"), random.Random(1)):
            spoilt.write_bytes(b"\n".join(content))
            count += 2
            if not verify(bindsim, run.plan, spoilt, process):
                problems.append(f"verify does not see the log {what}")
            if not account.differences(bindsim, run.plan, spoilt)[1]:
                problems.append(f"account.py does not see the log {what}")
        for what, content in spoilt_plans(plan):
            spoilt = directory / "spoilt"
            spoilt.write_text(json.dumps(content))
            count += 1
            if not verify(bindsim, spoilt, run.log, process):
                problems.append(f"verify does not see the plan {what}")
    for problem in problems:
        print(problem)
    print(f"{count} of what was spoilt were asked about, {len(problems)} not found")
    return 1 if problems or not count else 0


if __name__ == "__main__":
    sys.exit(main())
