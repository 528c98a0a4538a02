#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Asks questions about random graphs, and about programs of this machine, for JSON and for a database.

    database_graphs.py --seeds 1-6 --programs 20 --bindsim build/bindsim

The questions are those of rerun_graphs.py: steps of every kind, lazily and at once. No loader is asked: the database must
be read back as the document of JSON, whole, and its foreign keys hold. The exit status is 0 only if something was compared
and nothing differs.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from graph_build import Toolbox
from loader import SKIPPED, unavailable
from rerun_graphs import Settings, plan_files
from seeds import parse_seeds

sys.path.append(str(Path(__file__).resolve().parents[1] / "json"))
import database  # noqa: E402

QUESTIONS = 8  # of each seed
PARTS = "steps,objects,bindings,slots,findings,scopes,searches,demangled,mapped,suppressed,dlopen-notes"
PROGRAMS = "/usr/bin"


def compare(bindsim: str, arguments: list[str], cwd: str | os.PathLike[str]) -> tuple[int, list[str]]:
    """How many rows of bindings were compared, and what differs."""
    arguments = [f"--show={PARTS}", *arguments]
    done = subprocess.run([bindsim, "--format=json", *arguments], cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, check=False,
                          env={"PATH": os.environ["PATH"], "LC_ALL": "C"})
    if done.returncode not in (0, 1):
        return 0, []  # no program for this loader
    found = database.ask(bindsim, arguments, cwd)
    if not found:
        return 0, [f"{arguments}: a document, and no database"]
    document = json.loads(done.stdout)
    problems = [f"{arguments}: {problem}" for problem in database.problems(document, found)]
    rows = found.rows("SELECT count(*) AS n FROM bindings")[0]["n"]
    found.close()
    return rows, problems


@dataclass(frozen=True)
class _Seed:
    """All questions of a seed."""

    settings: Settings

    def __call__(self, seed: int) -> tuple[int, list[str]]:
        root = self.settings.base / f"seed-{seed}"
        root.mkdir()
        try:
            files = plan_files(self.settings, seed, root)[:QUESTIONS]
        except RuntimeError as error:
            # The linker's own trouble.
            return 0, [] if "assertion fail" in str(error) else [f"seed {seed}: cannot be built: {error}"]
        answers = [compare(self.settings.bindsim, ["--plan", str(path)], root) for path in files]
        return sum(rows for rows, _ in answers), [f"seed {seed}: {problem}" for _, problems in answers for problem in problems]


@dataclass(frozen=True)
class _Program:
    """A program of the machine."""

    bindsim: str

    def __call__(self, path: str) -> tuple[int, list[str]]:
        return compare(self.bindsim, [path], ".")


def main() -> int:
    """Goes through all seeds and programs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", default="1-6", metavar="LIST")
    parser.add_argument("--programs", default=20, type=int, metavar="N")
    parser.add_argument("--bindsim", default="build/bindsim", metavar="PATH")
    arguments = parser.parse_args()
    if reason := unavailable(["gcc", "as", "ld"]):
        print(f"skipped: {reason}")
        return SKIPPED
    bindsim = str(Path(arguments.bindsim).resolve())
    said = subprocess.run([bindsim, "--format=sqlite", "--show=?", "x"], capture_output=True, text=True, check=False).stderr
    if database.sqlite3 is None or "format sqlite has" not in said:
        print(f"skipped: no SQLite: {said.strip()}")
        return SKIPPED
    seeds = parse_seeds(arguments.seeds)
    programs = sorted(os.path.join(PROGRAMS, name) for name in os.listdir(PROGRAMS))
    programs = random.Random("programs").sample(programs, min(arguments.programs, len(programs)))
    rows, reports = 0, []
    with tempfile.TemporaryDirectory(prefix="database-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None) as base:
        tools = Toolbox(Path(base))
        tools.compile()
        settings = Settings(bindsim, "", Path(base), tools)
        with multiprocessing.Pool() as pool:
            for more, problems in (*pool.imap(_Seed(settings), seeds), *pool.imap(_Program(bindsim), programs)):
                rows += more
                reports += problems
    for report in reports:
        print(report)
    print(f"{len(seeds)} graphs, {len(seeds) * QUESTIONS} questions, {len(programs)} programs, {rows} bindings compared,"
          f" {len(reports)} differences")
    return 1 if reports or not rows else 0


if __name__ == "__main__":
    sys.exit(main())
