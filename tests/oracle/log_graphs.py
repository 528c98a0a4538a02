#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Has `bindsim log` read what the real loader prints while random plans are carried out, and asks again.

    log_graphs.py --seeds 1-12 --bindsim build/bindsim

Each plan of random_graphs.py is run once under LD_DEBUG=all.  The bindings that are read back must be the log's lines.
Then the plan is run without what no log shows, which are dlsym and first calls; what `bindsim log --format=plan` makes of
that log is simulated, and must bind what the real process bound.  In lazy runs only what the generated objects refer to
counts.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

from graph_build import Builder, Toolbox
from graph_plans import Plan, make_plans
from graph_random import make_graph
from loader import (PREFIX, SKIPPED, Question, binding_parties, can_list_namespaces, driver_arguments,
                    real_environment, unavailable)
from log_programs import difference, expected, read_back
from random_graphs import workplace
from seeds import parse_seeds
from transcript import normalise_lines

TIMEOUT_SECONDS = 120
MARKER = re.compile(rb"\tbindsim: (step|slot|mapped|address) ")
# Nobody is there: a step that does nothing, and keeps the numbers of all others.
NO_STEP = "./no-such-object.so:NOW"


@dataclass
class Result:
    """What one seed adds to the closing line."""

    plans: int = 0
    bindings: int = 0
    simulated: int = 0
    unlike: int = 0
    reports: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Check:
    """check for a pool."""

    bindsim: str
    base: Path
    tools: Toolbox
    plans: int

    def __call__(self, seed: int) -> Result:
        return check_seed(seed, self)


def run_logged(question: Question, words: str = "all") -> tuple[int, bytes, int]:
    """The pid of the program, its whole standard error, and its exit status."""
    environment = {**real_environment(question), "LD_DEBUG": words}
    with subprocess.Popen([question.program, *driver_arguments(question)], env=environment, cwd=question.directory,
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        try:
            _, stderr = process.communicate(timeout=TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            _, stderr = process.communicate()
        return process.pid, stderr, process.returncode


def of_process(log: bytes, pid: int) -> bytes:
    """The lines of one process."""
    prefix = b"%10d:\t" % pid
    return b"".join(line for line in log.splitlines(keepends=True) if line.startswith(prefix))


def without_hidden_steps(plan: Plan) -> Plan:
    """The plan without what no log shows."""
    def is_hidden(step: str) -> bool:
        word = step.split(":", 2)[2] if step.startswith("by:") else step
        return word.startswith(("sym:", "call:"))
    return replace(plan, steps=[NO_STEP if is_hidden(step) else without_hidden_flag(step) for step in plan.steps])


def without_hidden_flag(step: str) -> str:
    """A dlmopen without RTLD_DEEPBIND: its first object has one list in its scope either way, but DT_SYMBOLIC counts
    in one of the two only (glibc elf/dl-load.c:_dl_map_object_from_fd)."""
    head, _, flags = step.rpartition(":")
    if "newlm:" not in f":{step}":
        return step
    if flags.isdigit():
        return f"{head}:{int(flags) & ~os.RTLD_DEEPBIND}"
    return f"{head}:" + ",".join(word for word in re.split("[,|+]", flags) if word != "DEEPBIND")


def bound(lines: list[str], plan: Plan) -> Counter[str]:
    """The bindings among LINES, which have no prefix, that count."""
    kept: Counter[str] = Counter()
    constructing = False
    for line in normalise_lines(lines):
        parties = binding_parties(PREFIX + line)
        if parties is None:
            continue
        if plan.bind_now or parties[0] == plan.program or parties[0].startswith((plan.cwd, "./", "a/", "b/", "c/", "lib")):
            kept[line] += 1
    return kept


def real_bindings(log: bytes, plan: Plan) -> Counter[str]:
    """What the process bound, up to its end; not what its own code asks for at run time."""
    texts = [line.split("\t", 1)[1] for line in log.decode("utf-8", "surrogateescape").split("\n") if "\t" in line]
    return bound(texts, plan)


def simulated_bindings(bindsim: str, plan: Plan, path: Path) -> Counter[str]:
    """What the simulation of the plan in the file PATH binds."""
    command = [bindsim, "--format=ld-debug", "--plan", str(path), *(["--bind-now"] if plan.bind_now else [])]
    for name, value in plan.env.items():
        command += ["--env", f"{name}={value}"]
    done = subprocess.run(command, cwd=plan.cwd, capture_output=True, timeout=TIMEOUT_SECONDS, check=False,
                          env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C"})
    if done.returncode not in (0, 1):
        raise ValueError(f"status {done.returncode}: {done.stderr.decode(errors='replace')}")
    lines = done.stdout.decode("utf-8", "surrogateescape").split("\n")
    return bound([line[len(PREFIX):] for line in lines if line.startswith(PREFIX)], plan)


def check_reading(check: Check, result: Result, plan: Plan, heading: str) -> None:
    """What is read back is what is there."""
    pid, log, _ = run_logged(plan.question())
    wanted = expected(of_process(log, pid))
    result.bindings += len(wanted)
    if wanted and (differs := difference(wanted, read_back(check.bindsim, log, f"--process={pid}"))):
        result.reports.append(f"{heading}\n{differs}")


def check_plan(check: Check, result: Result, plan: Plan, heading: str, place: Path) -> None:
    """The plan that the log gives binds what the process bound."""
    shown = without_hidden_steps(plan)
    pid, log, status = run_logged(shown.question())
    # A process that the loader killed has no plan, and one that ended before its start-up did is a plan without steps.
    if status < 0 or b"Inconsistency detected by ld.so" in log:
        result.unlike += 1
        return
    path = place / "log.plan"
    done = subprocess.run([check.bindsim, "log", "--format=plan", f"--process={pid}", "-o", str(path), "-"], input=log,
                          capture_output=True, timeout=TIMEOUT_SECONDS, check=False)
    if done.returncode not in (0, 1):
        raise ValueError(f"log --format=plan: status {done.returncode}: {done.stderr.decode(errors='replace')}")
    real = real_bindings(of_process(log, pid), shown)
    simulated = simulated_bindings(check.bindsim, shown, path)
    result.simulated += real.total()
    if real == simulated:
        return
    only = [f"    - {line}" for line in list(real - simulated)[:4]] + [f"    + {line}" for line in list(simulated - real)[:4]]
    numbers = f"  {(real - simulated).total()} only real, {(simulated - real).total()} only simulated; cd {plan.cwd}"
    result.reports.append("\n".join([heading + " as a plan:", numbers, f"  {shown.steps}", *only]))


def check_seed(seed: int, check: Check) -> Result:
    """Builds a seed's graph, and reads the logs of its plans."""
    root = check.base / f"seed-{seed}"
    root.mkdir(parents=True)
    result = Result()
    try:
        graph = make_graph(seed, str(root))
        program = Builder(graph, root, check.tools).build()
        for number, plan in enumerate(make_plans(graph, root, program, check.plans, None), start=1):
            if not can_list_namespaces() and any(":newlm:" in f":{step}" for step in plan.steps):
                continue
            if not graph.executable.driver:
                plan = replace(plan, steps=[])
            result.plans += 1
            heading = f"seed {seed}, plan {number}, {'now' if plan.bind_now else 'lazy'}:"
            try:
                check_reading(check, result, plan, heading)
                check_plan(check, result, plan, heading, root)
            except (ValueError, subprocess.TimeoutExpired) as error:
                result.reports.append(f"{heading} {error}")
    except RuntimeError as error:
        if "assertion fail" not in str(error):
            result.reports.append(f"seed {seed}: cannot be built: {error}")
    if not os.environ.get("KEEP_GRAPHS"):
        shutil.rmtree(root)
    return result


def main() -> int:
    """The exit status is 0 only if something was compared and nothing differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", default="1-12", metavar="LIST")
    parser.add_argument("--bindsim", default="build/bindsim", metavar="PATH")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--plans", type=int, default=2, help="plans for each graph (default 2)")
    parser.add_argument("--keep", metavar="DIR", help="build the graphs in DIR and leave them there")
    arguments = parser.parse_args()
    if reason := unavailable(["gcc", "as", "ld"]):
        print(f"skipped: {reason}")
        return SKIPPED
    total = Result()
    with workplace(arguments) as base:
        tools = Toolbox(base)
        tools.compile()
        check = Check(str(Path(arguments.bindsim).resolve()), base, tools, arguments.plans)
        with multiprocessing.Pool(max(1, arguments.jobs)) as pool:
            for result in pool.imap(check, parse_seeds(arguments.seeds)):
                for report in result.reports:
                    print(report, flush=True)
                for name in ("plans", "bindings", "simulated", "unlike", "reports"):
                    setattr(total, name, getattr(total, name) + getattr(result, name))
    print(f"{total.plans} plans ({total.unlike} ended by a crash have no plan), {total.bindings} bindings read back, "
          f"{total.simulated} simulated again, {len(total.reports)} differences")
    return 1 if total.reports or not total.bindings or not total.simulated else 0


if __name__ == "__main__":
    sys.exit(main())
