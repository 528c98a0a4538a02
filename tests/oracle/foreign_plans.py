# SPDX-License-Identifier: MIT
"""Random questions about a graph of another machine: the environment, and what the program opens, finds and closes.

Unlike those of graph_plans.py they are chosen without asking the loader, which would need a driver that knows the
machine's calls and jump slots.
"""

from __future__ import annotations

import os
import random
from dataclasses import dataclass
from pathlib import Path

from graph_model import Graph
from graph_plans import environment, object_name


@dataclass(frozen=True)
class Plan:
    """One start of the program; paths in it are real ones, below the graph's directory."""

    program: str
    cwd: str
    env: dict[str, str]
    steps: list[str]


def _mode(rng: random.Random, deepbind: float) -> str:
    """Flags as a step writes them; sometimes as a number, rarely without a mode bit."""
    words = [rng.choice(["NOW", "NOW", "LAZY"])]
    for word, chance in (("GLOBAL", 0.4), ("LOCAL", 0.1), ("DEEPBIND", deepbind), ("NODELETE", 0.1), ("NOLOAD", 0.08)):
        if rng.random() < chance:
            words.append(word)
    rng.shuffle(words)
    if rng.random() < 0.08:
        values = {"LAZY": os.RTLD_LAZY, "NOW": os.RTLD_NOW, "GLOBAL": os.RTLD_GLOBAL, "LOCAL": os.RTLD_LOCAL,
                  "DEEPBIND": os.RTLD_DEEPBIND, "NODELETE": os.RTLD_NODELETE, "NOLOAD": os.RTLD_NOLOAD}
        return str(sum(values[word] for word in words))
    if rng.random() < 0.02:
        return rng.choice(["0", "0x100", "0x801", "LAZY,NOW"])
    return rng.choice([",", ",", "|", "+"]).join(words)


def _file(rng: random.Random, graph: Graph, root: str, loaders: list[str]) -> str:
    """Something to open, named in one of the ways that lead to different searches."""
    other = rng.random()
    if other < 0.03:
        return ""
    if other < 0.07:
        return rng.choice(["libabsent.so", f"{root}/absent.so", "./absent.so"])
    if other < 0.09:
        return f"{root}/{graph.executable.directory}/program"
    if other < 0.13:
        return rng.choice(["libc.so.6", "libm.so.6", *loaders])
    links = [path for path, _ in [*graph.links, *graph.hard_links, *graph.broken]]
    if links and other < 0.25:
        return f"{root}/{rng.choice(links)}"
    return object_name(rng, rng.choice(graph.objects), root)


def _opens(rng: random.Random, graph: Graph, root: str, loaders: list[str]) -> list[str]:
    steps: list[str] = []
    for _ in range(rng.randint(0, 6)):
        if steps and rng.random() < 0.12:
            file = rng.choice(steps).rsplit(":", 1)[0]
        else:
            file = _file(rng, graph, root, loaders)
        steps.append(f"{file}:{_mode(rng, graph.flavour.deepbind)}")
    return steps


def _other_steps(rng: random.Random, steps: list[str], namespaces: bool) -> list[str]:
    """Mixes dlsym, dlclose and dlmopen into the opens, each handle closed at most once and not used after that.

    dlmopen is left out where the loader itself would fail: with a global mode, and with filters in the graph.
    """
    mixed: list[str] = []
    living: list[int] = []
    for step in steps:
        if namespaces and rng.random() < 0.25 and not step.startswith(":"):
            mixed.append(f"newlm:{step}")
        else:
            mixed.append(step)
        living.append(len(mixed))
        while rng.random() < 0.45:
            choice = rng.random()
            if choice < 0.35:
                number = living.pop(rng.randrange(len(living))) if living else len(mixed)
                if f"close:{number}" not in mixed and number <= len(mixed):
                    mixed.append(f"close:{number}")
            else:
                name = rng.choice(["f", "d", "u", "i"]) + str(rng.randint(0, 5))
                handle = rng.choice([f"{rng.choice(living)}:", "DEFAULT:", ""]) if living else ""
                version = rng.choice(["", "", "@V1", "@V2", "@V3"])
                mixed.append(f"sym:{handle}{name}{version}")
    return mixed


def make_plans(graph: Graph, root: Path, program: Path, count: int, loaders: list[str]) -> list[Plan]:
    """The seed's plans.  `loaders` are the names of what is there without being a file of the graph's."""
    plans: list[Plan] = []
    for number in range(count):
        rng = random.Random(f"{graph.seed}/{number}")
        relative = os.path.relpath(program, root)
        typed = rng.choice([str(program), f"./{relative}", f"a/../{relative}"])
        steps = _opens(rng, graph, str(root), loaders) if graph.executable.driver else []
        if graph.executable.driver:
            filters = any(made.auxiliary or made.filters for made in graph.objects)
            steps = _other_steps(rng, steps, namespaces=not filters)
        plans.append(Plan(typed, str(root), environment(rng, graph, str(root)), steps))
    return plans
