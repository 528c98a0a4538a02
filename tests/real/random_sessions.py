#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Records random steps over the libraries of this machine, with all that their constructors do, and verifies the plan.

    random_sessions.py --seeds 1-40 --bindsim build/bindsim

The steps are those of oracle/installed_libraries.py, which has to leave out what comes after constructors that call the
loader or end the process.  Here they are recorded like any other call.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from real_programs import SKIPPED, untraceable

import account
from installed_libraries import DIRECTORIES, Session, find_libraries
from loader import build_driver, unavailable
from seeds import parse_seeds


def check_seed(seed: int, bindsim: str, libraries: list[str], driver: str, keep: Path | None) -> tuple[int, list[str]]:
    """Lines about bindings that were compared, and what is wrong with a seed's session."""
    chance = random.Random(seed)
    session = Session(chance, chance.sample(libraries, min(chance.randint(2, 8), len(libraries))))
    for _ in range(chance.randint(3, 14)):
        session.add()
    with tempfile.TemporaryDirectory() as name:
        directory = keep / str(seed) if keep else Path(name)
        directory.mkdir(parents=True, exist_ok=True)
        variables = ["LD_DEBUG=bindings,files", f"LD_DEBUG_OUTPUT={directory / 'log'}"]
        if chance.random() < 0.5:
            variables.append("LD_BIND_NOW=1")
        subprocess.run([bindsim, "record", "-q", "-o", directory / "plan", "--", "/usr/bin/env", *variables, driver, *session.steps],
                       cwd="/", env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"}, stdin=subprocess.DEVNULL, capture_output=True,
                       timeout=120, check=False)
        logs = sorted(directory.glob("log.*"), key=lambda log: log.stat().st_size)
        if not logs or not (directory / "plan").exists():
            return 0, [f"seed {seed}: there is no plan: {' '.join(session.steps)}"]
        verified = subprocess.run([bindsim, "verify", "--plan", directory / "plan", "--log", logs[-1]], stdin=subprocess.DEVNULL,
                                  capture_output=True, text=True, errors="replace", timeout=120, check=False)
        lines, problems = account.differences(bindsim, directory / "plan", logs[-1])
    if verified.returncode != 0:
        problems.append(f"verify ends with status {verified.returncode}:\n{verified.stdout[:2000]}{verified.stderr[:500]}")
    heading = f"seed {seed}: {' '.join(variables)} {' '.join(session.steps)}"
    return lines, ["\n  ".join([heading, *problems[:8]])] if problems else []


def main() -> int:
    """Goes through all seeds; the exit status is 0 only if something was compared and nothing differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("places", nargs="*", default=DIRECTORIES, metavar="PATH", help="libraries, or directories with some")
    parser.add_argument("--seeds", default="1-40", metavar="LIST")
    parser.add_argument("--bindsim", default="build/bindsim", metavar="PATH")
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
        check = partial(check_seed, bindsim=bindsim, libraries=find_libraries(arguments.places), driver=str(driver),
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
