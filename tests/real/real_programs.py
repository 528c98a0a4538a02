#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Records real programs, simulates what was recorded, and verifies that by what the loader said in the very same run.

    real_programs.py --bindsim build/bindsim [--cache DIR] [--here] [NAME...]

Each program runs under `bindsim record` with LD_DEBUG for it alone, once lazily and once with LD_BIND_NOW.  `bindsim
verify` must find no difference between log and plan, and neither must account.py, which knows nothing of verify.  The
program is run once more without a tracer, which must have changed no binding.  What a program is made of is in
programs.py; packages are downloaded to the cache and not installed.  The exit status is 77 where nothing could be traced.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path += [str(HERE.parent / "corpus"), str(HERE.parent / "oracle")]

import account  # noqa: E402
from fixtures import build  # noqa: E402
from labels import Case  # noqa: E402
from programs import ALL, Program  # noqa: E402
from trees import Unavailable, unpack  # noqa: E402

SKIPPED = 77
RACES = 2
MOST_SHOWN = 8
# The shell tells the process id, which every program that it becomes keeps.
TELLING = 'echo $$ >"$1"; shift; exec "$@"'


@dataclass
class Tally:
    """What has come of runs."""

    runs: int = 0
    steps: int = 0
    lines: int = 0
    problems: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Sums up."""
        self.runs += other.runs
        self.steps += other.steps
        self.lines += other.lines
        self.problems += other.problems


class Run:
    """One program, started lazily or not, in a directory of its own that is the same in every run."""

    def __init__(self, program: Program, tree: Path, built: Path, directory: Path, now: bool, bindsim: str) -> None:
        self.program, self.now, self.bindsim = program, now, bindsim
        self.tree, self.built, self.directory = tree, built, directory
        self.plan = directory / "plan"
        self.said = ""  # by record

    def _filled(self, text: str) -> str:
        return text.replace("{T}", str(self.tree)).replace("{W}", str(self.directory))

    def start(self, *before: str) -> subprocess.CompletedProcess[bytes]:
        """Runs the program under LD_DEBUG, behind the words of a tracer if there are any."""
        shutil.rmtree(self.directory, ignore_errors=True)
        shutil.copytree(self.built, self.directory)
        variables = {"LD_DEBUG": "bindings,files", "LD_DEBUG_OUTPUT": str(self.directory / "log"), **self.program.environment}
        if self.now:
            variables["LD_BIND_NOW"] = "1"
        telling = ["/bin/sh", "-c", TELLING, "sh", str(self.directory / "pid")]
        words = ["/usr/bin/env", *(f"{name}={self._filled(value)}" for name, value in variables.items()),
                 *map(self._filled, self.program.command)]
        # What Python keeps of a first run, a second one need not write.
        surroundings = {"PATH": "/usr/bin:/bin", "HOME": str(self.directory), "LC_ALL": "C", "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.run([*before, *telling, *words], cwd=self.directory, env=surroundings, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=200, check=False)

    def record(self) -> subprocess.CompletedProcess[bytes]:
        """Runs it and writes its plan."""
        followed = ["--children"] if self.program.children else []
        done = self.start(self.bindsim, "record", "-v", *followed, "-o", str(self.plan), "--")
        self.said = done.stderr.decode(errors="replace")
        return done

    @property
    def log(self) -> Path:
        """What the loader said in the process that was started, whatever it has become."""
        return self.directory / f"log.{(self.directory / 'pid').read_text().strip()}"

    def plans(self) -> Iterator[tuple[Path, Path, str]]:
        """All plans of programs under LD_DEBUG, with the log and the process in it that each is about."""
        first = self.log.suffix[1:]
        others = {int(plan.name.rpartition("-")[2]): plan for plan in self.directory.glob("plan.exec-*")}
        for number in re.findall(rf"^bindsim: process {first}, .*: program (\d+) of it made no call", self.said, re.MULTILINE):
            others[int(number)] = None
        # What the process was in turn; the number that is not there is that of the plan itself.
        others[next(number for number in range(1, len(others) + 2) if number not in others)] = self.plan
        # A shell and env(1) come before there is LD_DEBUG.
        images = [plan for number, plan in sorted(others.items()) if (is_told(plan) if plan else number > 2)]
        for image, plan in enumerate(images, start=1):
            if plan:
                yield plan, self.log, f"{first}:{image}"
        for plan in sorted(self.directory.glob("plan.[0-9]*")):
            process = plan.suffix[1:]
            own = self.directory / f"log.{process}"
            yield plan, own if own.exists() else self.log, process


def verify(bindsim: str, plan: Path, log: Path, process: str, steady: bool = True) -> list[str]:
    """What verify has to say against a plan; what threads did at once has no order that anybody could know in all."""
    report = plan.with_name("verified")
    command = [bindsim, "verify", "--format=json", "--report", f"text:{report}", "--plan", str(plan), "--log", str(log),
               "--process", process]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=300, check=False)
    if done.returncode == 0 or (done.returncode == 1 and not steady and differs_in_counts(json.loads(done.stdout))):
        return []
    words = report.read_text(errors="replace")[:3000] if done.returncode == 1 else ""
    return [f"verify ends with status {done.returncode}:\n{words}{done.stderr.decode(errors='replace')}"]


def differs_in_counts(document: dict) -> bool:
    """Whether there is no difference but in how many handles there were when one more came or went.

    Where nothing is mapped or unmapped nobody sees in which order threads had the loader.
    """
    return all(one["kind"] in ("opened", "closing") for cause in document["causes"] for one in cause["disagreements"])


def is_told(plan: Path) -> bool:
    """Whether the loader was asked to tell what it does."""
    return "LD_DEBUG" in json.loads(plan.read_text(errors="surrogateescape"))["environment"]


def opened(plan: dict) -> Iterator[str]:
    """Base names of all that a plan opens."""
    def of(steps: list[dict]) -> Iterator[str]:
        for step in steps:
            if "dlopen" in step or "dlmopen" in step:
                yield Path(step.get("dlopen", step.get("dlmopen"))).name
            yield from of(step.get("steps", []))
    yield from of(plan["steps"])


def count(steps: list[dict]) -> int:
    """How many steps these are, blocks opened."""
    return sum(count(step["steps"]) if "init" in step else 1 for step in steps)


def examine(run: Run, tally: Tally) -> list[str]:
    """Records, simulates and verifies; what is wrong."""
    program, problems, alone = run.program, [], None
    if program.steady:
        run.start()
        alone = account.read(run.log)
    done = run.record()
    if done.returncode != program.status:
        problems.append(f"record ends with status {done.returncode} and not {program.status}: "
                        f"{done.stderr.decode(errors='replace')[-600:].strip()}")
    if not run.plan.exists():
        return [*problems, "there is no plan"]
    for plan, log, process in run.plans():
        question = json.loads(plan.read_text(errors="surrogateescape"))
        tally.steps += count(question["steps"])
        if plan == run.plan:
            names = list(opened(question))
            problems += [f"the plan opens no {name}" for name in program.opens
                         if not any(fnmatchcase(of, name) for of in names)]
        problems += [f"{plan.name}: {problem}" for problem in verify(run.bindsim, plan, log, process, program.steady)]
        if plan == run.plan and not program.children:
            lines, wrong = account.differences(run.bindsim, plan, log)
            tally.lines += lines
            problems += [f"{plan.name}: {problem}" for problem in wrong]
    if alone is not None:
        traced = account.read(run.log)
        problems += [f"with record alone: {' '.join(binding)}" for binding in traced - alone]
        problems += [f"without record alone: {' '.join(binding)}" for binding in alone - traced]
    return problems


def trees(program: Program, cache: Path) -> Path:
    """The tree with what a program is made of; Unavailable where that cannot be had."""
    if program.python:
        version = subprocess.run([program.command[0], "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
                                 capture_output=True, text=True, check=False)
        if version.stdout.strip() != program.python:
            raise Unavailable(f"the wheels are for Python {program.python}, and {program.command[0]} is another one")
    if program.here:
        if program.command[0].startswith("/") and not os.access(program.command[0], os.X_OK):
            raise Unavailable(f"there is no {program.command[0]}")
        return cache
    cache.mkdir(parents=True, exist_ok=True)
    tree = unpack(Case(program.name, program.packages, (), wheels=program.wheels, npm=program.npm), cache)
    for file in tree.glob("node_modules/*/bin/*"):
        file.chmod(0o755)
    return tree


def untraceable(bindsim: str) -> str | None:
    """Why no program can be traced here, or None."""
    with tempfile.TemporaryDirectory() as directory:
        done = subprocess.run([bindsim, "record", "-q", "-o", f"{directory}/plan", "--", "/bin/true"], capture_output=True,
                              text=True, timeout=60, check=False)
    return done.stderr.strip() if done.returncode != 0 and re.search("ptrace|not permitted", done.stderr) else None


def check(job: tuple[Program, Path], built: Path, base: Path, bindsim: str) -> Tally:
    """A program, lazily and not."""
    program, tree = job
    tally = Tally()
    for now in (False, True):
        mode = "now" if now else "lazily"
        problems = examine(Run(program, tree, built, base / f"{program.name}-{mode}", now, bindsim), tally)
        # Where threads open and close at once, a close that unmaps nothing has no place that anybody could know: now and then
        # a plan has it too early or too late; and processes that end at once may cut each other's lines. What is wrong in the
        # recorder is wrong each time.
        for attempt in range(RACES if problems and (program.children or not program.steady) else 0):
            print(f"{program.name}, {mode}: once more, for: {problems[0].splitlines()[0]}", flush=True)
            problems = examine(Run(program, tree, built, base / f"{program.name}-{mode}-{attempt}", now, bindsim), tally)
            if not problems:
                break
        tally.runs += 1
        tally.problems += [f"{program.name}, {mode}: {problem}" for problem in problems[:MOST_SHOWN]]
        if len(problems) > MOST_SHOWN:
            tally.problems.append(f"{program.name}, {mode}: ... and {len(problems) - MOST_SHOWN} more")
    return tally


def options(description: str) -> argparse.ArgumentParser:
    """Those of all that go through programs."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("names", nargs="*", metavar="NAME", help="programs (default: all)")
    parser.add_argument("--bindsim", default="build/bindsim", metavar="PATH")
    parser.add_argument("--cache", type=Path, default=Path("real-cache"), metavar="DIR")
    parser.add_argument("--here", action="store_true", help="only those that take no packages")
    return parser


def main() -> int:
    """Goes through all programs; the exit status is 0 only if something was verified and nothing differs."""
    parser = options(__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--keep", type=Path, metavar="DIR", help="run them in DIR and leave everything there")
    arguments = parser.parse_args()
    bindsim, cache = str(Path(arguments.bindsim).resolve()), arguments.cache.resolve()
    if reason := untraceable(bindsim):
        print(f"skipped: {reason}")
        return SKIPPED
    total, skipped, jobs = Tally(), 0, []
    for program in ALL:
        if (arguments.names and program.name not in arguments.names) or (arguments.here and not program.here):
            continue
        try:
            jobs.append((program, trees(program, cache)))
        except Unavailable as error:
            print(f"skipped: {program.name}: {error}")
            skipped += 1
    with tempfile.TemporaryDirectory(prefix="real-programs-") as temporary, multiprocessing.Pool(arguments.jobs) as pool:
        base = (arguments.keep or Path(temporary)).resolve()
        base.mkdir(parents=True, exist_ok=True)
        built = build(Path(temporary) / "built")
        for tally in pool.imap_unordered(partial(check, built=built, base=base, bindsim=bindsim), jobs, chunksize=1):
            total.add(tally)
            for problem in tally.problems:
                print(problem, flush=True)
    print(f"{len(jobs)} programs, {total.runs} runs, {total.steps} steps recorded, {total.lines} lines about bindings compared, "
          f"{len(total.problems)} differences, {skipped} programs skipped")
    if skipped and not jobs:
        return SKIPPED
    return 1 if total.problems or not total.lines else 0


if __name__ == "__main__":
    sys.exit(main())
