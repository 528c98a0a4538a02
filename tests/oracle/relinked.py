#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds the view of an object as another link would have made it against the object that was really linked so.

    relinked.py --seeds 1-10 --bindsim build/bindsim --as-if build/tests/as-if

Each seed gives objects, a program and plans, as in random_graphs.py. One object is linked anew: with -Bsymbolic, with
-Bsymbolic-functions, with some of its definitions hidden, with some of them protected. Three answers are compared:

- the real loader's and bindsim's about the object linked anew, which says that this object is understood;
- as_if.c's about the object linked anew, and about the view of the first one: each reference that is left has the same
  definer, steps end alike, warnings and errors are the same. What the link editor resolved the view binds to the object.

The exit status is 0 only if something was compared and nothing differs.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import re
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

from graph_build import Builder, Toolbox
from graph_model import Graph, SharedObject
from graph_plans import make_plans
from graph_random import make_graph
from loader import SKIPPED, Question, compare, run_real, run_simulated, simulator_command, unavailable
from random_graphs import _generated_only as generated_only
from seeds import parse_seeds

WAYS = ("symbolic", "symbolic-functions", "hidden", "protected")
PLANS = 2  # of each seed


@dataclass(frozen=True)
class Settings:
    """What every worker needs to know."""

    bindsim: str
    as_if: str
    base: Path
    tools: Toolbox


@dataclass
class Result:
    """What comes of one seed."""

    compared: Counter[str] = field(default_factory=Counter)
    reports: list[str] = field(default_factory=list)


@dataclass
class Answer:
    """What as_if.c prints."""

    bindings: dict[tuple[str, str, str], str]  # referrer, symbol, class: definer
    steps: list[str]
    findings: Counter[tuple[str, ...]]
    problem: str = ""  # why the plan cannot be carried out any more: an object or a slot that it names is not there


def ask(settings: Settings, root: Path, plan: Path, what: Path, how: str, names: list[str]) -> Answer:
    """Asks as_if.c about PLAN."""
    done = subprocess.run([settings.as_if, plan, what, how, *names], cwd=root, capture_output=True, text=True,
                          errors="replace", check=False, timeout=60)
    if done.returncode == 2 and re.match(r"step \d+: ", done.stderr):
        return Answer({}, [], Counter(), done.stderr)
    if done.returncode != 0:
        raise RuntimeError(f"as-if {how}: status {done.returncode}: {done.stderr}")
    answer = Answer({}, [], Counter())
    for line in done.stdout.splitlines():
        kind, *parts = line.split("\t")
        if kind == "binding":
            answer.bindings[parts[0], parts[1], parts[2]] = parts[3]
        elif kind == "finding":
            answer.findings[tuple(parts)] += 1
        else:
            answer.steps.append(line)
    return answer


def is_of(name: str, what: Path, root: Path) -> bool:
    """Whether NAME[copy] is the file WHAT."""
    path = root / name.rpartition("[")[0]
    return path.exists() and what.exists() and path.samefile(what)


def differences(view: Answer, real: Answer, what: Path, root: Path) -> list[str]:
    """What the view of the first object says otherwise than the one that was linked anew."""
    found = []
    for key, definer in real.bindings.items():
        if view.bindings.get(key) != definer:
            found.append(f"{' '.join(key)}: to {definer}, but in the view to {view.bindings.get(key)}")
    for key, definer in view.bindings.items():
        if key not in real.bindings and not (is_of(key[0], what, root) and definer == key[0]):
            found.append(f"{' '.join(key)}: no such reference is left, and in the view it goes to {definer}")
    if view.steps != real.steps:
        found += [f"{real.steps}, but in the view {view.steps}"]
    for which, more in (("only in truth", real.findings - view.findings), ("only in the view", view.findings - real.findings)):
        found += [f"{which}: {' '.join(finding)}" for finding in more if finding[1] in ("warning", "error")]
    return found


def relinked(made: SharedObject, how: str, names: set[str]) -> SharedObject:
    """The object as it is to be linked anew."""
    if how.startswith("symbolic"):
        return replace(made, options=[*made.options, f"-B{how}"])
    return replace(made, definitions=[replace(d, visibility=how) if d.name in names else d for d in made.definitions])


def candidates(graph: Graph) -> list[SharedObject]:
    """Objects whose files are as the link editor leaves them, and which another link can do something about."""
    return [made for made in graph.objects if made.definitions and not (
        made.missing or made.changes or made.symbolic_flag or made.malloc or any("symbolic" in o for o in made.options) or
        any(d.visibility != "default" for d in made.definitions))]


def check_way(settings: Settings, builder: Builder, made: SharedObject, how: str, plans: list[tuple[Question, Path]],
              rng: random.Random, result: Result, heading: str) -> None:
    """Links MADE anew, compares, and restores it."""
    what = builder.root / made.place
    every = sorted({d.name for d in made.definitions})
    names = set(every) if rng.random() < 0.3 else set(rng.sample(every, rng.randint(1, len(every))))
    arguments = [] if how.startswith("symbolic") else sorted(names)
    views = [ask(settings, builder.root, plan, what, how, arguments) for _, plan in plans]
    before = what.read_bytes()
    # The file may have other names, which are to lead to what is linked anew, too.
    same = builder.work / "same"
    os.link(what, same)
    try:
        builder._object(relinked(made, how, names))
    except RuntimeError:
        # What others need by a version or a TLS model may not be linkable in this way.
        result.compared["links that the link editor refuses"] += 1
        os.replace(same, what)
        return
    same.write_bytes(what.read_bytes())
    os.replace(same, what)
    for (question, plan), view in zip(plans, views):
        answer = ask(settings, builder.root, plan, what, "none", [])
        if answer.problem:
            # The view still has the slots that the link editor has resolved.
            if view.problem != answer.problem and " does not refer to " not in answer.problem:
                result.reports.append(f"{heading}, {made.place} {how}, {plan.name}: {answer.problem!r}, view: {view.problem!r}")
            result.compared["plans that name what is not there"] += 1
            continue
        real, simulated = run_real(question), run_simulated(question, settings.bindsim)
        if not question.bind_now:
            real, simulated = (generated_only(t, str(question.cwd), question.program) for t in (real, simulated))
        # A plan that suits the first object may use a handle that has died with the other one: no question to a loader.
        # So may a plan call through a slot that the link editor has resolved: the driver finds none.
        calls = any("call:" in step for step in question.steps) and any(b.outcome == "failed: undefined" for b in real.blocks)
        # And the driver knows no handle of a step that opened nothing.
        nothing = any("opened nothing" in block.outcome for block in simulated.blocks)
        if calls or nothing or any(" is used although " in message for message in simulated.messages):
            result.compared["plans that do not suit the loader"] += 1
            problems = []
        else:
            problems = [f"the loader itself: {line}" for line in compare(real, simulated)]
            result.compared["lines of the loader"] += real.binding_lines()
        problems += differences(view, answer, what, builder.root)
        result.compared["references"] += len(answer.bindings)
        result.compared["references that were resolved"] += len(view.bindings.keys() - answer.bindings.keys())
        result.compared["warnings and errors"] += sum(f[1] in ("warning", "error") for f in answer.findings)
        if problems:
            result.reports.append("\n  ".join([f"{heading}, {made.place} {how} {' '.join(arguments)}, {plan.name}:", *problems]))
    what.write_bytes(before)


def plan_file(settings: Settings, question: Question, path: Path) -> Path:
    """The question, for as_if.c to read."""
    command = [word for word in simulator_command(question, settings.bindsim) if not word.startswith(("--format", "--show"))]
    done = subprocess.run([*command, "--format=plan"], cwd=question.directory, check=True, stdout=subprocess.PIPE,
                          env={"PATH": os.environ["PATH"]})
    path.write_text(json.dumps(json.loads(done.stdout)))
    return path


def check_seed(seed: int, settings: Settings) -> Result:
    """Builds a seed's graph and links one of its objects anew in every way."""
    root = settings.base / f"seed-{seed}"
    root.mkdir()
    graph = make_graph(seed, str(root))
    rng = random.Random(f"relinked/{seed}")
    result = Result()
    builder = Builder(graph, root, settings.tools)
    try:
        program = builder.build()
    except RuntimeError as error:
        # The linker's own trouble, in which nobody's loader has a part.
        if "assertion fail" not in str(error):
            result.reports.append(f"seed {seed}: cannot be built: {error}")
        return result
    possible = candidates(graph)
    if not possible:
        return result
    made = rng.choice(possible)
    questions = [plan.question((("bindings",)), graph.executable.driver) for plan in make_plans(graph, root, program, PLANS)]
    plans = [(question, plan_file(settings, question, root / f"plan-{number}.json"))
             for number, question in enumerate(questions, start=1)]
    for how in WAYS:
        check_way(settings, builder, made, how, plans, rng, result, f"seed {seed}")
        result.compared["objects linked anew"] += 1
    return result


@dataclass(frozen=True)
class _Check:
    """check_seed for a pool."""

    settings: Settings

    def __call__(self, seed: int) -> Result:
        return check_seed(seed, self.settings)


def main() -> int:
    """Goes through all seeds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", default="1-10", metavar="LIST")
    parser.add_argument("--bindsim", default="build/bindsim", metavar="PATH")
    parser.add_argument("--as-if", default="build/tests/as-if", metavar="PATH")
    parser.add_argument("--keep", metavar="DIR", help="build the graphs in DIR and leave them there")
    arguments = parser.parse_args()
    if reason := unavailable(["gcc", "as", "ld"]):
        print(f"skipped: {reason}")
        return SKIPPED
    seeds = parse_seeds(arguments.seeds)
    compared: Counter[str] = Counter()
    reports: list[str] = []
    with tempfile.TemporaryDirectory(prefix="relinked-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None) as made:
        base = Path(arguments.keep).resolve() if arguments.keep else Path(made)
        base.mkdir(parents=True, exist_ok=True)
        tools = Toolbox(base)
        tools.compile()
        settings = Settings(str(Path(arguments.bindsim).resolve()), str(Path(arguments.as_if).resolve()), base, tools)
        with multiprocessing.Pool() as pool:
            for result in pool.imap(_Check(settings), seeds):
                compared += result.compared
                reports += result.reports
    for report in reports:
        print(report)
    print(f"{len(seeds)} graphs, " + ", ".join(f"{n} {what}" for what, n in sorted(compared.items())) + f", {len(reports)} differences")
    return 1 if reports or not compared["references"] else 0


if __name__ == "__main__":
    sys.exit(main())
