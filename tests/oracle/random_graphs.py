#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares the simulator with the real loader on random graphs of shared objects.

    random_graphs.py --seeds 1-40 --bindsim build/bindsim

Each seed gives a set of objects, a program and some plans (environment, steps of every kind).  Plans start lazily or
with all bindings made at once; each is run once for every set of categories.  In lazy runs only what the generated
objects refer to counts.  The exit status is 0 only if something was compared and nothing differs.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import shlex
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from graph_build import Builder, Toolbox
from graph_plans import Plan, make_plans
from graph_random import make_graph
from loader import (SKIPPED, Question, Transcript, binding_parties, can_list_namespaces, compare, driver_arguments,
                    program_command, real_environment, run_real, run_simulated, simulator_command, unavailable)
from seeds import parse_seeds

if TYPE_CHECKING:
    from foreign_machines import ForeignRoot

KINDS = {"newlm": "dlmopen", "lm": "dlmopen", "sym": "dlsym", "close": "dlclose", "call": "call"}


@dataclass
class Result:
    """What one seed adds to the closing line."""

    seed: int
    plans: int = 0
    bindings: int = 0
    steps: int = 0
    failures: int = 0
    crashes: int = 0
    slots: int = 0
    unbuilt: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    reports: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Settings:
    """What every worker needs to know.  Graphs of another machine have a `root`, and `base` lies in it."""

    bindsim: str
    base: Path
    tools: Toolbox
    plans: int
    keep: bool
    real_only: bool
    categories: tuple[str, ...]
    root: ForeignRoot | None = None


def _generated_only(transcript: Transcript, root: str, program: str) -> Transcript:
    """Lazily, libc's and the loader's own references bind whenever the running program gets there."""
    def wanted(line: str) -> bool:
        parties = binding_parties(line)
        return parties is None or parties[0] == program or parties[0].startswith((root, "./", "a/", "b/", "c/", "lib"))
    return transcript.only(wanted)


def commands(question: Question, bindsim: str) -> str:
    """Two shell lines that ask the question again by hand."""
    variables = [f"{name}={shlex.quote(value)}" for name, value in real_environment(question).items() if name != "PATH"]
    real = " ".join(["env -i", *variables, *map(shlex.quote, [*program_command(question), *driver_arguments(question)])])
    inside = "(in the root) " if question.root else ""
    return (f"  cd {shlex.quote(question.directory)}\n  {inside}{real}\n"
            f"  {shlex.join(simulator_command(question, bindsim))}")


def _kinds(steps: list[str]) -> Iterator[str]:
    """What a plan consists of, for the closing line."""
    depth = 0
    for step in steps:
        if step.startswith("init:") or step == "end-init":
            depth += 1 if step != "end-init" else -1
            continue
        if depth:
            yield "by constructors"
        if step.startswith("by:"):
            yield "by a caller"
            step = step.split(":", 2)[2]
        yield KINDS.get(step.partition(":")[0], "dlopen")


def check_plan(settings: Settings, result: Result, plan: Plan, number: int, driver: bool) -> None:
    """Asks both sides for each set of categories and adds what comes of it to the seed's result."""
    result.plans += 1
    result.kinds.update(_kinds(plan.steps))
    for position, categories in enumerate(settings.categories):
        question = plan.question(tuple(categories.split("+")), driver)
        real = run_real(question)
        simulated = run_real(question) if settings.real_only else run_simulated(question, settings.bindsim)
        if not plan.bind_now:
            real = _generated_only(real, plan.cwd, plan.program)
            simulated = _generated_only(simulated, plan.cwd, plan.program)
        result.bindings += real.binding_lines()
        result.slots += sum("\tbindsim: slot " in line for block in real.blocks for line in block.lines)
        if position == 0:
            result.steps += len(real.blocks)
            result.failures += sum(block.outcome.startswith("failed") for block in real.blocks)
            result.crashes += any(block.outcome.startswith("crashed") for block in real.blocks)
        if differences := compare(real, simulated):
            mode = f"{categories}, {'now' if plan.bind_now else 'lazy'}"
            heading = f"seed {result.seed}, plan {number}, {mode}:"
            result.reports.append("\n".join([heading, commands(question, settings.bindsim), *differences]))


def check_seed(seed: int, settings: Settings) -> Result:
    """Builds a seed's graph, runs its plans, and removes the files again unless they are to be kept."""
    root = settings.base / f"seed-{seed}"
    if root.exists():
        shutil.rmtree(root)
    root.mkdir(parents=True)
    result = Result(seed)
    inside = Path(settings.root.inside(root)) if settings.root else root
    try:
        graph = make_graph(seed, str(inside))
        program = inside / Builder(graph, root, settings.tools).build().relative_to(root)
        for number, plan in enumerate(make_plans(graph, inside, program, settings.plans, settings.root), start=1):
            if not can_list_namespaces() and any(":newlm:" in f":{step}" for step in plan.steps):
                continue
            check_plan(settings, result, plan, number, graph.executable.driver)
    except RuntimeError as error:
        if "assertion fail" in str(error):
            result.unbuilt += 1  # the linker's own trouble, in which nobody's loader has a part
        else:
            result.reports.append(f"seed {seed}: cannot be built: {error}")
    if not settings.keep:
        shutil.rmtree(root)
    return result


def parser(description: str) -> argparse.ArgumentParser:
    """The options of programs that compare random graphs."""
    options = argparse.ArgumentParser(description=description)
    options.add_argument("--seeds", default="1-40", metavar="LIST", help="e.g. 7 or 1-40 or 3,9-12 (default 1-40)")
    options.add_argument("--bindsim", default="build/bindsim", metavar="PATH")
    options.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options.add_argument("--plans", type=int, default=2, help="plans for each graph (default 2)")
    options.add_argument("--show", default="bindings,scopes+libs,versions+files,mapped+addresses,slots", metavar="LIST",
                         help="what to compare, one run each; A+B asks for both in one run (default %(default)s)")
    options.add_argument("--keep", metavar="DIR", help="build the graphs in DIR and leave them there")
    options.add_argument("--verbose", action="store_true", help="a line for each seed")
    options.add_argument("--real-only", action="store_true", help="compare the real loader with itself: a self-test")
    return options


def run(arguments: argparse.Namespace, base: Path, tools: Toolbox, root: ForeignRoot | None = None) -> int:
    """Checks all seeds, prints what differs and closing lines; returns the exit status."""
    settings = Settings(str(Path(arguments.bindsim).resolve()), base, tools, arguments.plans, bool(arguments.keep),
                        arguments.real_only, tuple(arguments.show.split(",")), root)
    seeds = parse_seeds(arguments.seeds)
    total = Result(0)
    with multiprocessing.Pool(max(1, arguments.jobs)) as pool:
        jobs = pool.imap(_Check(settings), seeds)
        for result in jobs:
            for report in result.reports:
                print(report, flush=True)
            if arguments.verbose:
                print(f"seed {result.seed}: {result.plans} plans, {result.steps} steps, {result.failures} failures, "
                      f"{result.bindings} binding lines, {len(result.reports)} differences", flush=True)
            for name in ("plans", "bindings", "steps", "failures", "crashes", "slots", "unbuilt", "kinds", "reports"):
                setattr(total, name, getattr(total, name) + getattr(result, name))
    if total.unbuilt:
        print(f"{total.unbuilt} graphs could not be linked: an assertion of the linker failed")
    print("steps: " + ", ".join(f"{count} {kind}" for kind, count in sorted(total.kinds.items())))
    print(f"{len(seeds) - total.unbuilt} graphs, {total.plans} plans, {total.steps} steps ({total.failures} refused, "
          f"{total.crashes} ended the process), {total.bindings} binding lines and {total.slots} waiting slots compared, "
          f"{len(total.reports)} differences")
    if total.bindings == 0:
        print("nothing was compared", file=sys.stderr)
        return 1
    return 1 if total.reports else 0


@dataclass(frozen=True)
class _Check:
    """check_seed for a pool: the settings travel once per task, and a closure would not travel at all."""

    settings: Settings

    def __call__(self, seed: int) -> Result:
        return check_seed(seed, self.settings)


@contextmanager
def workplace(arguments: argparse.Namespace) -> Iterator[Path]:
    """Where the graphs are built: in memory if that can be, unless they are to be kept."""
    if arguments.keep:
        base = Path(arguments.keep).resolve()
        base.mkdir(parents=True, exist_ok=True)
        yield base
        return
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="random-graphs-", dir=memory) as directory:
        yield Path(directory)


def compare_graphs(description: str, compare_all: Callable[[argparse.Namespace, Path, Toolbox], int]) -> int:
    """What a program does that compares graphs of this machine: options, tools, and COMPARE_ALL in its workplace."""
    arguments = parser(description.splitlines()[0]).parse_args()
    if not arguments.real_only and not Path(arguments.bindsim).exists():
        print(f"{arguments.bindsim}: no such program", file=sys.stderr)
        return 2
    if reason := unavailable(["gcc", "as", "ld"]):
        print(f"skipped: {reason}")
        return SKIPPED
    with workplace(arguments) as base:
        tools = Toolbox(base)
        tools.compile()
        return compare_all(arguments, base, tools)


if __name__ == "__main__":
    sys.exit(compare_graphs(__doc__, run))
