#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Asks many questions about random graphs on one store that keeps what runs find out, and each on a store of its own.

    rerun_graphs.py --seeds 1-20 --bindsim build/bindsim --rerun build/tests/rerun

Each seed gives objects, a program and plans, as in random_graphs.py, and variants of the plans: with steps left out or in
another order, with other flags, with all bindings made at once. They are asked in a random order, some of them twice. The
exit status is 0 only if something was compared and nothing differs.
"""

from __future__ import annotations

import argparse
import copy
import json
import multiprocessing
import os
import random
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from graph_build import Builder, Toolbox
from graph_plans import make_plans
from graph_random import make_graph
from loader import SKIPPED, simulator_command, unavailable
from seeds import parse_seeds

QUESTIONS = 24  # of each seed


@dataclass(frozen=True)
class Settings:
    """What every worker needs to know."""

    bindsim: str
    rerun: str
    base: Path
    tools: Toolbox


def variants(rng: random.Random, plan: dict) -> list[dict]:
    """PLAN, and what somebody would ask who tries remedies."""
    result = [plan]
    for change in ("cut", "order", "flags", "now", "preload"):
        other = copy.deepcopy(plan)
        steps = other.get("steps", [])
        # Steps that refer to others stay where they are.
        opens = [step for step in steps if set(step) <= {"dlopen", "flags"}]
        if change == "cut" and steps:
            del steps[rng.randrange(len(steps)):]
        elif change == "order" and len(opens) == len(steps):
            rng.shuffle(steps)
        elif change == "flags":
            for step in opens:
                if rng.random() < 0.6 and not step.get("flags", "NOW")[0].isdigit():
                    flag = rng.choice(["DEEPBIND", "GLOBAL", "NODELETE"])
                    step["flags"] = "|".join(dict.fromkeys([*step.get("flags", "NOW").split("|"), flag]))
        elif change == "now":
            if other["environment"].pop("LD_BIND_NOW", None) is None:
                other["environment"]["LD_BIND_NOW"] = "1"
        elif change == "preload" and opens:
            other["environment"]["LD_PRELOAD"] = rng.choice(opens)["dlopen"]
        result.append(other)
    return result


def plan_files(settings: Settings, seed: int, root: Path) -> list[Path]:
    """All questions of a seed, as files, in the order in which they are asked."""
    graph = make_graph(seed, str(root))
    program = Builder(graph, root, settings.tools).build()
    rng = random.Random(f"rerun/{seed}")
    plans = []
    for plan in make_plans(graph, root, program, 2):
        command = simulator_command(plan.question((), graph.executable.driver), settings.bindsim)
        command = [word for word in command if not word.startswith(("--format", "--show"))]
        done = subprocess.run([*command, "--format=plan"], cwd=root, check=True, stdout=subprocess.PIPE,
                              env={"PATH": os.environ["PATH"]})
        plans += variants(rng, json.loads(done.stdout))
    files = []
    for number, plan in enumerate(rng.choices(plans, k=QUESTIONS)):
        path = root / f"question-{number}.json"
        path.write_text(json.dumps(plan))
        files.append(path)
    return files


def check_seed(seed: int, settings: Settings) -> tuple[int, list[str]]:
    """Lines compared, and what differs."""
    root = settings.base / f"seed-{seed}"
    root.mkdir()
    try:
        files = plan_files(settings, seed, root)
    except RuntimeError as error:
        # The linker's own trouble, in which nobody's loader has a part.
        return 0, [] if "assertion fail" in str(error) else [f"seed {seed}: cannot be built: {error}"]
    done = subprocess.run([settings.rerun, *files], cwd=root, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode == 0:
        return int(done.stdout.split()[-2]), []
    return 0, [f"seed {seed}: status {done.returncode}\n{done.stdout}{done.stderr}"]


@dataclass(frozen=True)
class _Check:
    """check_seed for a pool."""

    settings: Settings

    def __call__(self, seed: int) -> tuple[int, list[str]]:
        return check_seed(seed, self.settings)


def main() -> int:
    """Goes through all seeds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", default="1-20", metavar="LIST")
    parser.add_argument("--bindsim", default="build/bindsim", metavar="PATH")
    parser.add_argument("--rerun", default="build/tests/rerun", metavar="PATH")
    arguments = parser.parse_args()
    if reason := unavailable(["gcc", "as", "ld"]):
        print(f"skipped: {reason}")
        return SKIPPED
    seeds = parse_seeds(arguments.seeds)
    lines, reports = 0, []
    with tempfile.TemporaryDirectory(prefix="rerun-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None) as base:
        tools = Toolbox(Path(base))
        tools.compile()
        settings = Settings(str(Path(arguments.bindsim).resolve()), str(Path(arguments.rerun).resolve()), Path(base), tools)
        with multiprocessing.Pool() as pool:
            for more, problems in pool.imap(_Check(settings), seeds):
                lines += more
                reports += problems
    for report in reports:
        print(report)
    print(f"{len(seeds)} graphs, {len(seeds) * QUESTIONS} questions, {lines} lines compared, {len(reports)} differences")
    return 1 if reports or not lines else 0


if __name__ == "__main__":
    sys.exit(main())
