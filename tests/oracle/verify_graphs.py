#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds `bindsim verify` against the real loader on random graphs of shared objects.

    verify_graphs.py --seeds 1-12 --bindsim build/bindsim

Each seed gives the graphs and plans of random_graphs.py.  The driver carries a plan out under LD_DEBUG, and verify must
agree with every line of the log.  Then the log is falsified in one place, or a step is taken out of the plan, by the same
seed, and verify must find that: a comparison that finds nothing proves nothing.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import re
import shlex
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from graph_build import Builder, Toolbox
from graph_plans import make_plans
from graph_random import make_graph
from loader import (TIMEOUT_SECONDS, Question, driver_arguments, program_command, simulator_command,
                    simulator_steps, start)
from random_graphs import compare_graphs
from seeds import parse_seeds

CATEGORIES = ("bindings", "files", "libs", "scopes", "versions")
BINDING = re.compile(r"\s*\d+:\tbinding file (.*) \[(\d+)\] to (.*) \[(\d+)\]: (?:normal|protected) symbol `(.*?)'(?: \[(.*)\])?$")


@dataclass
class Result:
    """What one seed adds to the closing line."""

    plans: int = 0
    crashes: int = 0
    agreed: int = 0
    untold: int = 0
    called: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    unbuilt: int = 0
    reports: list[str] = field(default_factory=list)


@dataclass
class Answer:
    """One run of verify."""

    status: int
    document: dict
    error: str
    command: str

    @property
    def disagreements(self) -> int:
        return self.document.get("disagreements", -1)

    @property
    def agreed(self) -> int:
        return sum(part["agree"] for part in self.document["parts"])

    def told(self) -> str:
        """What it found, for people."""
        lines = [f"  {cause['cause']}: {cause['words']} ({cause['n']})" + "".join(
            f"\n      {line['kind']} {line['from']} {line['name']}: {line['loader']} / {line['simulation']}"
            for line in cause["disagreements"][:3]) for cause in self.document.get("causes", [])]
        return "\n".join([f"  {self.command}", f"  status {self.status}: {self.error}", *lines[:6]])


def real_log(question: Question) -> tuple[list[str], int, bool]:
    """The lines of the driver's process, its exit status, and whether it ended in time."""
    process = start([*program_command(question), *driver_arguments(question)], question)
    try:
        _, stderr = process.communicate(timeout=TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return [], -9, False
    lines = stderr.decode("utf-8", "surrogateescape").split("\n")
    prefix = f"{process.pid:10d}:\t"
    # What the driver says of steps is no loader's.
    return [line for line in lines if line.startswith(prefix) and not line.startswith(prefix + "bindsim: ")], \
        process.returncode, True


def verify(question: Question, bindsim: str, lines: list[str], steps: list[str] | None = None) -> Answer:
    """Asks verify about the log LINES."""
    words = [bindsim, "verify", "--log=-", "--format=json"]
    if question.bind_now:
        words.append("--bind-now")
    for name, value in question.env.items():
        words += ["--env", f"{name}={value}"]
    words += [*question.extra, question.program, *(simulator_steps(question) if steps is None else steps)]
    environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C"}
    done = subprocess.run(words, cwd=question.directory, env=environment, capture_output=True, check=False,
                          timeout=TIMEOUT_SECONDS, input="\n".join([*lines, ""]).encode("utf-8", "surrogateescape"))
    try:
        document = json.loads(done.stdout)
    except ValueError:
        document = {}
    return Answer(done.returncode, document, done.stderr.decode(errors="replace").strip(),
                  f"cd {shlex.quote(question.directory)}; {shlex.join(words)}")


def says_nothing(answer: Answer, lines: list[str]) -> bool:
    """The few LINES have nothing whole that can be compared, and that is the answer."""
    said = r"\t(binding file (?!linux-vdso)|file=|checking for version| scope \d)"
    return answer.status == 2 and "can be compared" in answer.error and not any(re.search(said, line) for line in lines)


# ---- faults ---------------------------------------------------------------------------------------------------------


def text_of(line: str) -> str:
    return line.partition("\t")[2]


def eager_lines(question: Question, bindsim: str) -> Counter[str]:
    """The binding lines that the simulation makes at start-up, where no call through a slot can be one of them."""
    done = subprocess.run(simulator_command(Question(question.program, (), question.env, question.cwd, ("bindings",),
                                                     question.bind_now), bindsim),
                          cwd=question.directory, env={"LC_ALL": "C"}, capture_output=True, check=False)
    return Counter(map(text_of, done.stdout.decode("utf-8", "surrogateescape").split("\n")))


@dataclass
class Log:
    """What is falsified."""

    lines: list[str]
    eager: Counter[str]

    def relocations(self) -> list[int]:
        """Binding lines before the program has control, of which a log has each exactly as often as it is bound."""
        end = next((i for i, line in enumerate(self.lines) if "\ttransferring control: " in line), 0)
        real = Counter(map(text_of, self.lines[:end]))
        return [i for i in range(end) if BINDING.match(self.lines[i])
                and real[text_of(self.lines[i])] == self.eager[text_of(self.lines[i])]]

    def put(self, at: int, *lines: str) -> list[str]:
        """Other LINES instead of the one at AT."""
        return [*self.lines[:at], *lines, *self.lines[at + 1:]]


def swap_definer(log: Log, rng: random.Random) -> tuple[list[str], str] | None:
    """Another object of the log answers."""
    places = log.relocations()
    objects = sorted({BINDING.match(log.lines[i])[3] for i in places})
    if len(objects) < 2:
        return None
    at = rng.choice(places)
    match = BINDING.match(log.lines[at])
    other = rng.choice([name for name in objects if name != match[3]])
    return log.put(at, log.lines[at][:match.start(3)] + other + log.lines[at][match.end(3):]), match[5]


def drop_line(log: Log, rng: random.Random) -> tuple[list[str], str] | None:
    """A line of a relocation is missing."""
    if not (places := log.relocations()):
        return None
    at = rng.choice(places)
    return log.put(at), BINDING.match(log.lines[at])[5]


def double_line(log: Log, rng: random.Random) -> tuple[list[str], str] | None:
    """A line of a relocation stands twice: one that could be no dlsym's, since it asks for a version."""
    places = [i for i in log.relocations() if BINDING.match(log.lines[i])[6]]
    if not places:
        return None
    at = rng.choice(places)
    return log.put(at, log.lines[at], log.lines[at]), BINDING.match(log.lines[at])[5]


def swap_scope(log: Log, rng: random.Random) -> tuple[list[str], str] | None:
    """Two objects of a scope stand the other way round."""
    places, of_vdso = [], False
    for i, line in enumerate(log.lines):
        if "\tobject=" in line:
            of_vdso = "\tobject=linux-vdso" in line  # the kernel's own, which no simulation has
        elif not of_vdso and re.search(r"\t scope \d+: \S+ \S+", line):
            places.append(i)
    if not places:
        return None
    at = rng.choice(places)
    head, _, names = log.lines[at].partition(": ")
    words = names.split(" ")
    words[0], words[1] = words[1], words[0]
    changed = head + ": " + " ".join(words)
    return None if changed == log.lines[at] else (log.put(at, changed), words[0])


def other_version(log: Log, rng: random.Random) -> tuple[list[str], str] | None:
    """A version check asks for another version."""
    places = [i for i, line in enumerate(log.lines) if "\tchecking for version `" in line]
    if not places:
        return None
    at = rng.choice(places)
    return log.put(at, re.sub(r"version `.*?' in", "version `NOBODY_1' in", log.lines[at])), "NOBODY_1"


def other_place(log: Log, rng: random.Random) -> tuple[list[str], str] | None:
    """A search tried another file: not the last one, which the end of the log may cut."""
    last = max((i for i, line in enumerate(log.lines) if "\tfind library=" in line), default=0)
    places = [i for i in range(last) if "\t  trying file=" in log.lines[i]]
    if not places:
        return None
    at = rng.choice(places)
    return log.put(at, log.lines[at] + ".elsewhere"), ".elsewhere"


FAULTS = {"definer": swap_definer, "dropped": drop_line, "doubled": double_line, "scope": swap_scope,
          "version": other_version, "search": other_place}


def mentions(document: dict, word: str) -> bool:
    return word in json.dumps(document["causes"])


def check_faults(result: Result, question: Question, bindsim: str, lines: list[str], name: str, rng: random.Random) -> None:
    """Falsifies the log in each way once: verify must find one or two disagreements, which name what was changed."""
    log = Log(lines, eager_lines(question, bindsim))
    for kind, falsify in FAULTS.items():
        made = falsify(log, rng)
        if made is None:
            continue
        changed, word = made
        answer = verify(question, bindsim, changed)
        found = answer.disagreements
        result.faults[kind] += 1
        if answer.status != 1 or not 1 <= found <= 2 or not mentions(answer.document, word):
            result.reports.append(f"{name}: fault {kind} ({word}): {found} disagreements\n{answer.told()}")


def check_steps(result: Result, question: Question, bindsim: str, lines: list[str], name: str) -> None:
    """Without its steps the plan lacks what the log shows to be opened."""
    opened = [line for line in lines if "dynamically loaded by" in line]
    if not opened:
        return
    answer = verify(question, bindsim, lines, [])
    result.faults["steps"] += 1
    causes = [cause["cause"] for cause in answer.document.get("causes", [])]
    if answer.status != 1 or not causes or causes[0] != "missing-step":
        result.reports.append(f"{name}: no steps: {causes[:3]}\n{answer.told()}")


# ---- other plans ----------------------------------------------------------------------------------------------------


def renumber(steps: list[str], gone: set[int]) -> list[str] | None:
    """STEPS without those with the numbers GONE; None where another one refers to one of these."""
    numbers: dict[int, int] = {}
    kept, count = [], 0
    for step in steps:
        if step.startswith("init:") or step == "end-init":
            kept.append(step)
            continue
        count += 1
        if count in gone:
            continue
        numbers[count] = len(numbers) + 1
        head, call = "", step
        if step.startswith("by:"):
            head, call = re.match(r"(by:[^:]*:)(.*)", step).groups()
        if match := re.match(r"(close:|lm:|sym:)(\d+)(:.*|$)", call):
            if int(match[2]) not in numbers:
                return None
            call = f"{match[1]}{numbers[int(match[2])]}{match[3]}"
        kept.append(head + call)
    return kept


def numbered(steps: list[str]) -> list[tuple[int, int, str]]:
    """Place, number and text of each step that the program makes without another caller."""
    result, count, depth = [], 0, 0
    for place, step in enumerate(steps):
        if step.startswith("init:") or step == "end-init":
            depth += 1 if step != "end-init" else -1
            continue
        count += 1
        if not depth:
            result.append((place, count, step))
    return result


def other_plans(steps: list[str], rng: random.Random) -> dict[str, list[str]]:
    """A flag is another one, a step is missing, two have changed places, another file is opened."""
    plain = [(place, number, step) for place, number, step in numbered(steps)
             if not step.startswith(("newlm:", "lm:", "sym:", "close:", "call:", "by:"))]
    made: dict[str, list[str]] = {}
    if not plain:
        return made
    place, number, step = rng.choice(plain)
    if "GLOBAL" in step:
        made["flag"] = [*steps[:place], step.replace("GLOBAL", "LOCAL"), *steps[place + 1:]]
    if (dropped := renumber(steps, {number})) is not None:
        made["step"] = dropped
    if len(plain) > 1:
        (a, _, first), (b, _, second) = rng.sample(plain, 2)
        changed = list(steps)
        changed[a], changed[b] = second, first
        made["swapped"] = changed
        changed = list(steps)
        changed[a] = second.rpartition(":")[0] + ":" + first.rpartition(":")[2]
        made["file"] = changed
    return made


def told_lines(question: Question, bindsim: str, steps: list[str]) -> Counter[str] | None:
    """What the simulation of other STEPS tells that no call can explain; None: it is no plan."""
    asked = Question(question.program, steps, question.env, question.cwd, ("files", "libs", "scopes", "versions"),
                     question.bind_now, extra=question.extra)
    done = subprocess.run(simulator_command(asked, bindsim), cwd=question.directory, env={"LC_ALL": "C"}, capture_output=True,
                          check=False, timeout=TIMEOUT_SECONDS)
    if done.returncode == 2:
        return None
    texts = (text_of(line) for line in done.stdout.decode("utf-8", "surrogateescape").split("\n"))
    return Counter(text for text in texts if not text.startswith(("bindsim: ", "object=", "marking "))
                   and " search path=" not in text and "(relocation dependency)" not in text and ": error: " not in text)


def check_plans(result: Result, question: Question, bindsim: str, lines: list[str], name: str, rng: random.Random) -> None:
    """Another plan whose simulation lacks what the log has must not agree."""
    asked = told_lines(question, bindsim, list(question.steps))
    for kind, steps in other_plans(list(question.steps), rng).items():
        told = told_lines(question, bindsim, steps)
        if told is None or asked is None or not asked - told:
            continue
        changed = Question(question.program, steps, question.env, question.cwd, CATEGORIES, question.bind_now,
                           extra=question.extra)
        answer = verify(question, bindsim, lines, simulator_steps(changed))
        result.faults[f"plan {kind}"] += 1
        if answer.status != 1 or answer.disagreements < 1:
            lost = "; ".join(list(asked - told)[:3])
            result.reports.append(f"{name}: other plan {kind}: it agrees, and lacks {lost}\n{answer.told()}")


def check_untold(result: Result, question: Question, bindsim: str, lines: list[str], name: str) -> None:
    """Without its dlsym steps the plan does not tell of lookups, which agree all the same."""
    steps = list(question.steps)
    # What was looked up stays loaded, which later steps would show.
    if any("close:" in step for step in steps) or any(step.startswith("init:") for step in steps):
        return
    gone = {number for _, number, step in numbered(steps) if "sym:" in step}
    kept = renumber(steps, gone)
    if not gone or kept is None:
        return
    changed = Question(question.program, kept, question.env, question.cwd, CATEGORIES, question.bind_now, extra=question.extra)
    answer = verify(question, bindsim, lines, simulator_steps(changed))
    result.faults["untold"] += 1
    if answer.status != 0:
        result.reports.append(f"{name}: without dlsym\n{answer.told()}")
        return
    result.untold += answer.document["untold_lookups"]


# ---- all of it --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Check:
    """One seed."""

    bindsim: str
    base: Path
    tools: Toolbox
    plans: int
    keep: bool

    def __call__(self, seed: int) -> Result:
        root = self.base / f"seed-{seed}"
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        result = Result()
        try:
            graph = make_graph(seed, str(root))
            program = Builder(graph, root, self.tools).build()
            for number, plan in enumerate(make_plans(graph, root, program, self.plans, None), start=1):
                self.check(result, plan.question(CATEGORIES, graph.executable.driver), f"seed {seed}, plan {number}",
                           random.Random(seed * 1000 + number))
        except RuntimeError as error:
            if "assertion fail" not in str(error):
                raise
            result.unbuilt += 1
        if not self.keep:
            shutil.rmtree(root)
        return result

    def check(self, result: Result, question: Question, name: str, rng: random.Random) -> None:
        """The whole log first, then a part of it, then faults."""
        lines, status, ended = real_log(question)
        result.plans += 1
        if not ended or not lines:
            result.crashes += 1
            return
        answer = verify(question, self.bindsim, lines)
        result.crashes += status < 0
        if answer.status != 0 or answer.disagreements != 0:
            result.reports.append(f"{name} (driver ended with {status}):\n{answer.told()}")
            return
        result.agreed += answer.agreed
        result.untold += answer.document["untold_lookups"]
        result.called += answer.document["slots"]["called"]
        cut = rng.randrange(1, len(lines) + 1)
        part = verify(question, self.bindsim, lines[:cut])
        result.faults["cut"] += 1
        if part.status != 0 and not says_nothing(part, lines[:cut]):
            result.reports.append(f"{name}: cut after {cut} of {len(lines)} lines\n{part.told()}")
        check_faults(result, question, self.bindsim, lines, name, rng)
        check_steps(result, question, self.bindsim, lines, name)
        check_plans(result, question, self.bindsim, lines, name, rng)
        check_untold(result, question, self.bindsim, lines, name)


def run(arguments: argparse.Namespace, base: Path, tools: Toolbox) -> int:
    """Checks all seeds, prints what differs and a closing line; returns the exit status."""
    seeds = parse_seeds(arguments.seeds)
    total = Result()
    check = Check(str(Path(arguments.bindsim).resolve()), base, tools, arguments.plans, bool(arguments.keep))
    with multiprocessing.Pool(max(1, arguments.jobs)) as pool:
        for result in pool.imap(check, seeds):
            for report in result.reports:
                print(report, flush=True)
            for name in ("plans", "crashes", "agreed", "untold", "called", "faults", "unbuilt", "reports"):
                setattr(total, name, getattr(total, name) + getattr(result, name))
    faults = ", ".join(f"{count} {kind}" for kind, count in sorted(total.faults.items()))
    print(f"{len(seeds) - total.unbuilt} graphs, {total.plans} plans ({total.crashes} ended by a signal), {total.agreed} lines "
          f"agree, {total.called} slots called, {total.untold} lookups untold; faults: {faults}; {len(total.reports)} differences")
    if not total.agreed or not total.faults:
        print("nothing was compared", file=sys.stderr)
        return 1
    return 1 if total.reports else 0


if __name__ == "__main__":
    sys.exit(compare_graphs(__doc__, run))
