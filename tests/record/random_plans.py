#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Records programs that carry out random plans on random graphs of shared objects.

    random_plans.py --seeds 1-20 --bindsim build/bindsim

Each seed gives objects, a program and plans, as in random_graphs.py, but for first calls through lazy slots, which no
plan that is recorded has. The program is run twice under LD_DEBUG, by itself and recorded: what the loader says must be the same, line for
line. The recorded plan is simulated: it must have the bindings that the loader told of, in the same order. The exit status
is 0 only if something was compared and nothing differs.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field, replace
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "oracle"))

from graph_build import Builder, Toolbox  # noqa: E402
from graph_plans import Plan, make_plans  # noqa: E402
from graph_random import make_graph  # noqa: E402
from loader import (ROOT, SKIPPED, Question, can_list_namespaces, driver_arguments, real_environment,  # noqa: E402
                    unavailable)
from seeds import parse_seeds  # noqa: E402

if TYPE_CHECKING:
    from foreign_machines import ForeignRoot

TIMEOUT_SECONDS = 60
CATEGORIES = ("bindings", "libs", "scopes", "versions")
_LINE = re.compile(r"\s*(\d+):\t(.*)$")
_BINDING = re.compile(r"binding file (.*) \[\d+\] to (.*) \[\d+\]: ")
_STEP = re.compile(r"bindsim: step \d+: ")
# Enters another root, where there is one, and becomes a program; its variables come before "--".
_ENTER = """import os, sys
root, cwd, *words = sys.argv[1:]
at = words.index("--")
os.chroot(root)
os.chdir(cwd)
os.execve(words[at + 1], words[at + 1:], dict(word.split("=", 1) for word in words[:at]))"""
# What stands for a first call: it asks for what no object has.
NO_CALL = "sym:DEFAULT:no_such_symbol"


@dataclass(frozen=True)
class Settings:
    """What every worker needs to know. Programs that run on a virtual machine (machines.py) have its `root`, and `recorder` is
    the bindsim in there; `base` is the same path inside it and outside."""

    bindsim: str
    base: Path
    tools: Toolbox
    plans: int
    root: ForeignRoot | None = None
    recorder: str = ""


@dataclass
class Result:
    """What one seed adds to the closing line."""

    plans: int = 0
    bindings: int = 0
    steps: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    reports: list[str] = field(default_factory=list)


def without_calls(steps: list[str]) -> list[str]:
    """STEPS with their numbers, and no first calls. What is asked again is recorded once."""
    asked, result = set(), []
    for given in steps:
        step = given.replace("sym:DEFAULT:", "sym:")
        is_symbol = re.match(r"(by:[^:]*:)?sym:", step)
        result.append(NO_CALL if "call:" in step or (is_symbol and step in asked) else step)
        asked = asked | {step} if is_symbol else set()
    return result


def run(command: list[str], question: Question, env: dict[str, str]) -> tuple[int, list[str]]:
    """The status and the loader's and the driver's lines of the one process that writes any."""
    done = subprocess.run(command, cwd=question.directory, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, timeout=TIMEOUT_SECONDS, check=False)
    lines = []
    for line in done.stderr.decode("utf-8", "surrogateescape").split("\n"):
        match = _LINE.match(line)
        lines.append(match[2] if match else line)
    return done.returncode if done.returncode >= 0 else 128 - done.returncode, lines


def bindings(lines: list[str], plan: Plan) -> list[str]:
    """The binding lines; lazily, only those of what was generated, whose code calls nothing by itself."""
    found = []
    for line in lines:
        match = _BINDING.match(line)
        # The loader's own lookups in the vDSO are no references of a file.
        if not match or match[1].startswith("linux-vdso"):
            continue
        if (plan.bind_now or match[1] == plan.program or
                match[1].startswith((plan.cwd, "./", "a/", "b/", "c/", "lib"))):
            found.append(line)
    return found


def differences(one: list[str], other: list[str], what: str) -> list[str]:
    """Nothing, or a few lines that say what is different."""
    return [what, *list(unified_diff(one, other, lineterm="", n=1))[2:40]] if one != other else []


def check_plan(settings: Settings, result: Result, plan: Plan, driver: bool, recorded: Path) -> list[str]:
    """Runs and records PLAN, and simulates what was recorded; returns what differs."""
    question = plan.question(CATEGORIES, driver)
    program = [question.program, *(driver_arguments(question) if driver else ())]
    env = real_environment(question)
    variables = [f"{name}={value}" for name, value in env.items()]
    inner = ["/usr/bin/env", "-i", *variables, *program]
    if ROOT:
        inner = [sys.executable, "-S", "-c", _ENTER, ROOT, str(question.cwd), *variables, "--", *program]
    root = settings.root
    recorder = root.command(settings.recorder) if root else [settings.bindsim]
    alone_command = [*root.command(inner[0]), *inner[1:]] if root else inner
    status, alone = run(alone_command, question, {"PATH": env["PATH"]})
    traced_status, traced = run([*recorder, "record", "-q", "-o", str(recorded), "--", *inner], question,
                                {"PATH": env["PATH"]})
    found = differences(alone, traced, "LD_DEBUG by itself and recorded:")
    if status != traced_status:
        found += [f"status {status} by itself, {traced_status} recorded"]
    if not recorded.exists():
        return [*found, "no plan"]
    shown = ["--format=ld-debug", "--show=bindings", "--plan", str(recorded)]
    there = ["--root", str(root.path), *root.options] if root else []
    done = simulate([settings.bindsim, *there, *shown], "/")
    simulated = [match[2] for line in done.stdout.decode("utf-8", "surrogateescape").split("\n")
                 if (match := _LINE.match(line))]
    real = bindings(alone, plan)
    result.bindings += len(real)
    result.steps += sum(bool(_STEP.match(line)) for line in simulated)
    for kind in ("dlopen", "dlmopen", "dlsym", "dlclose", "init"):
        result.kinds[kind] += recorded.read_text().count(f'{{"{kind}":')
    found += differences(real, bindings(simulated, plan), "the loader and the simulation of what was recorded:")
    if done.returncode == 2:
        found += [done.stderr.decode("utf-8", "replace")]
    if root:
        inside = simulate([*recorder, *shown], question.directory)
        found += differences(done.stdout.decode("utf-8", "replace").split("\n"),
                             inside.stdout.decode("utf-8", "replace").split("\n"), "bindsim here and where the program runs:")
    return found


def simulate(command: list[str], cwd: str) -> subprocess.CompletedProcess[bytes]:
    """What COMMAND says, which is bindsim and what it is asked."""
    return subprocess.run(command, cwd=cwd, env={"PATH": os.environ.get("PATH", "/usr/bin:/bin")}, stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=TIMEOUT_SECONDS, check=False)


def check_seed(seed: int, settings: Settings) -> Result:
    """Builds a seed's graph and checks its plans."""
    root = settings.base / f"seed-{seed}"
    root.mkdir(parents=True, exist_ok=True)
    result = Result()
    try:
        graph = make_graph(seed, str(root))
        program = Builder(graph, root, settings.tools).build()
        plans = make_plans(graph, root, program, settings.plans, settings.root)
    except RuntimeError as error:
        if "assertion fail" not in str(error):  # the linker's own trouble
            result.reports.append(f"seed {seed}: cannot be built: {error}")
        plans = []
    for number, given in enumerate(plans, start=1):
        if not can_list_namespaces() and any(":newlm:" in f":{step}" for step in given.steps):
            continue
        plan = replace(given, steps=without_calls(given.steps))
        result.plans += 1
        recorded = settings.base / f"seed-{seed}-{number}.plan"
        if found := check_plan(settings, result, plan, graph.executable.driver, recorded):
            result.reports.append("\n".join([f"seed {seed}, plan {number}{', now' if plan.bind_now else ''}: "
                                             f"{plan.env} {plan.steps}", *found]))
    return result


@dataclass(frozen=True)
class _Check:
    settings: Settings

    def __call__(self, seed: int) -> Result:
        return check_seed(seed, self.settings)


def compare(settings: Settings, seeds: list[int], jobs: int) -> int:
    """Checks all seeds, prints what differs and closing lines; returns the exit status."""
    total = Result()
    with multiprocessing.Pool(max(1, jobs)) as pool:
        for result in pool.imap(_Check(settings), seeds):
            for report in result.reports:
                print(report, flush=True)
            for name in ("plans", "bindings", "steps", "kinds", "reports"):
                setattr(total, name, getattr(total, name) + getattr(result, name))
    print("recorded: " + ", ".join(f"{count} {kind}" for kind, count in sorted(total.kinds.items())))
    print(f"{total.plans} plans, {total.bindings} bindings compared, {len(total.reports)} differences", flush=True)
    if total.bindings == 0:
        print("nothing was compared", file=sys.stderr)
        return 1
    return 1 if total.reports else 0


def may_not_trace(bindsim: str) -> str:
    """Why no program can be recorded here, or nothing."""
    with tempfile.TemporaryDirectory() as directory:
        done = subprocess.run([bindsim, "record", "-q", "-o", f"{directory}/true.plan", "--", "true"], timeout=TIMEOUT_SECONDS,
                              capture_output=True, text=True, check=False)
    return done.stderr.strip() if done.returncode == 2 and "traced" in done.stderr else ""


def main() -> int:
    """Checks all seeds, prints what differs and a closing line."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--seeds", default="1-20", metavar="LIST")
    options.add_argument("--bindsim", default="build/bindsim", metavar="PATH")
    options.add_argument("--plans", type=int, default=2)
    options.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options.add_argument("--keep", metavar="DIR", help="build the graphs in DIR and leave them there")
    arguments = options.parse_args()
    bindsim = str(Path(arguments.bindsim).resolve())
    if reason := unavailable(["gcc", "as", "ld"]) or may_not_trace(bindsim):
        print(f"skipped: {reason}")
        return SKIPPED
    with tempfile.TemporaryDirectory(prefix="random-plans-") as directory:
        base = Path(arguments.keep or directory).resolve()
        base.mkdir(parents=True, exist_ok=True)
        tools = Toolbox(base)
        tools.compile()
        settings = Settings(bindsim, base, tools, arguments.plans)
        return compare(settings, parse_seeds(arguments.seeds), arguments.jobs)


if __name__ == "__main__":
    sys.exit(main())
