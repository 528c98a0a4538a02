#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares the simulator with the real loader of another machine, on random graphs of shared objects.

    foreign_graphs.py --machine aarch64 --seeds 1-60 --bindsim build/bindsim

What random_graphs.py does for x86-64, in a root directory with the machine's C library, whose programs an emulator runs.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from foreign_machines import MACHINES, ForeignRoot
from foreign_plans import Plan, make_plans
from graph_build import Builder, Toolbox
from graph_random import make_graph
from loader import (SKIPPED, Question, Transcript, binding_parties, compare, real_environment, run_real,
                    run_simulated, simulator_command)
from random_graphs import parse_seeds


@dataclass
class Result:
    """What one seed adds to the closing line."""

    seed: int
    plans: int = 0
    bindings: int = 0
    steps: int = 0
    failures: int = 0
    crashes: int = 0
    unbuilt: int = 0
    reports: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Settings:
    """What every worker needs to know."""

    bindsim: str
    root: ForeignRoot
    tools: Toolbox
    plans: int
    keep: bool
    real_only: bool
    categories: tuple[str, ...]


def _generated_only(transcript: Transcript, plan: Plan) -> Transcript:
    """Lazily, libc's and the loader's own references bind whenever the running program gets there."""
    def wanted(line: str) -> bool:
        parties = binding_parties(line)
        own = (plan.cwd, "./", "a/", "b/", "c/", "lib")
        return parties is None or parties[0] == plan.program or parties[0].startswith(own)
    return transcript.only(wanted)


def _commands(question: Question, bindsim: str) -> str:
    """Two shell lines that ask the question again by hand, the first of them inside the root."""
    variables = [f"{name}={shlex.quote(value)}" for name, value in real_environment(question).items() if name != "PATH"]
    words = question.root.command(question.program) if question.root else []
    real = " ".join(["env -i", *variables, *map(shlex.quote, [*words, *question.steps])])
    return (f"  cd {shlex.quote(question.directory)}\n  (in the root) {real}\n"
            f"  {shlex.join(simulator_command(question, bindsim))}")


def _runs(settings: Settings) -> Iterator[tuple[tuple[str, ...], bool]]:
    """What is asked and whether all bindings are made at once; and once more lazily."""
    for categories in settings.categories:
        yield tuple(categories.split("+")), True
    yield ("bindings",), False


def check_plan(settings: Settings, result: Result, plan: Plan, number: int, driver: bool) -> None:
    """Runs one plan in all modes on both sides and adds what it finds to the seed's result."""
    result.plans += 1
    for categories, bind_now in _runs(settings):
        question = Question(plan.program, plan.steps, plan.env, plan.cwd, categories, bind_now, driver,
                            root=settings.root)
        real = run_real(question)
        simulated = run_real(question) if settings.real_only else run_simulated(question, settings.bindsim)
        if not bind_now:
            real, simulated = _generated_only(real, plan), _generated_only(simulated, plan)
            result.steps += len(real.blocks)
            result.failures += sum(block.outcome.startswith("failed") for block in real.blocks)
            result.crashes += any(block.outcome.startswith("crashed") for block in real.blocks)
        result.bindings += real.binding_lines()
        if differences := compare(real, simulated):
            mode = f"{'+'.join(categories)}, {'now' if bind_now else 'lazy'}"
            heading = f"seed {result.seed}, plan {number}, {mode}:"
            result.reports.append("\n".join([heading, _commands(question, settings.bindsim), *differences]))


def check_seed(seed: int, settings: Settings) -> Result:
    """Builds a seed's graph, runs its plans, and removes the files again unless they are to be kept."""
    directory = settings.root.path / "tmp" / f"seed-{seed}"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    result = Result(seed)
    inside = Path(settings.root.inside(directory))
    loader = Path(settings.root.machine.interpreter).name
    try:
        graph = make_graph(seed, str(inside))
        program = inside / Builder(graph, directory, settings.tools).build().relative_to(directory)
        for number, plan in enumerate(make_plans(graph, inside, program, settings.plans, [loader]), start=1):
            check_plan(settings, result, plan, number, graph.executable.driver)
    except RuntimeError as error:
        if "assertion fail" in str(error):
            result.unbuilt += 1  # the linker's own trouble, in which nobody's loader has a part
        else:
            result.reports.append(f"seed {seed}: cannot be built: {error}")
    if not settings.keep:
        shutil.rmtree(directory)
    return result


@dataclass(frozen=True)
class _Check:
    """check_seed for a pool: the settings travel once per task, and a closure would not travel at all."""

    settings: Settings

    def __call__(self, seed: int) -> Result:
        return check_seed(seed, self.settings)


def run_seeds(settings: Settings, seeds: list[int], processes: int, verbose: bool) -> int:
    """Checks all seeds, prints what differs and a closing line; returns the exit status."""
    total = Result(0)
    with multiprocessing.Pool(max(1, processes)) as pool:
        for result in pool.imap(_Check(settings), seeds):
            for report in result.reports:
                print(report, flush=True)
            if verbose:
                print(f"seed {result.seed}: {result.plans} plans, {result.steps} steps, {result.bindings} binding "
                      f"lines, {len(result.reports)} differences", flush=True)
            for name in ("plans", "bindings", "steps", "failures", "crashes", "unbuilt", "reports"):
                setattr(total, name, getattr(total, name) + getattr(result, name))
    if total.unbuilt:
        print(f"{total.unbuilt} graphs could not be linked: an assertion of the linker failed")
    print(f"{len(seeds) - total.unbuilt} graphs, {total.plans} plans, {total.steps} steps ({total.failures} refused, "
          f"{total.crashes} ended the process), {total.bindings} binding lines compared, {len(total.reports)} differences")
    if total.bindings == 0:
        print("nothing was compared", file=sys.stderr)
    return 1 if total.reports or total.bindings == 0 else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--machine", required=True, choices=MACHINES)
    parser.add_argument("--seeds", default="1-60", metavar="LIST", help="e.g. 7 or 1-40 or 3,9-12 (default 1-60)")
    parser.add_argument("--bindsim", default="build/bindsim", metavar="PATH")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--plans", type=int, default=2, help="plans for each graph (default 2)")
    parser.add_argument("--show", default="bindings,scopes,libs", metavar="LIST", help="what to compare, one run each with all bindings made at once; A+B asks for both in one run")
    parser.add_argument("--keep", metavar="DIR", help="make the root directory DIR and leave it there")
    parser.add_argument("--verbose", action="store_true", help="a line for each seed")
    parser.add_argument("--real-only", action="store_true", help="compare the real loader with itself: a self-test")
    return parser.parse_args()


def _work(arguments: argparse.Namespace, base: Path) -> int:
    root = ForeignRoot(MACHINES[arguments.machine], base)
    root.fill()
    if reason := root.cannot_run():
        print(f"skipped: {reason}")
        return SKIPPED
    tools = Toolbox(base / "tmp", root.machine)
    tools.compile()
    settings = Settings(str(Path(arguments.bindsim).resolve()), root, tools, arguments.plans, bool(arguments.keep),
                        arguments.real_only, tuple(arguments.show.split(",")))
    return run_seeds(settings, list(parse_seeds(arguments.seeds)), arguments.jobs, arguments.verbose)


def main() -> int:
    """Runs the comparison in a memory-backed directory where there is one."""
    arguments = _arguments()
    if not arguments.real_only and not Path(arguments.bindsim).exists():
        print(f"{arguments.bindsim}: no such program", file=sys.stderr)
        return 2
    if reason := MACHINES[arguments.machine].unavailable():
        print(f"skipped: {reason}")
        return SKIPPED
    if arguments.keep:
        base = Path(arguments.keep).resolve()
        base.mkdir(parents=True, exist_ok=True)
        return _work(arguments, base)
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="foreign-graphs-", dir=memory) as directory:
        return _work(arguments, Path(directory))


if __name__ == "__main__":
    sys.exit(main())
