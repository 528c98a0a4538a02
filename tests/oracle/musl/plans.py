# SPDX-License-Identifier: MIT
"""Random plans for musl: the environment, and what the program and the constructors of its objects open, find and call.

A plan is made first without callers, calls and constructors.  musl carries it out and tells which objects there are
after each step, and which jump slots they have; by that the rest is chosen.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

from musl import LOADER, NOT_REACHED, OK, Question, Transcript, run_real

from graph_model import DIRECTORIES, Graph
from graph_plans import file_to_open


def _library_path(rng: random.Random, graph: Graph, root: str) -> str:
    directories = [root if d == "." else f"{root}/{d}" for d in DIRECTORIES]
    rng.shuffle(directories)
    if graph.search == "environment" or rng.random() < 0.3:
        return rng.choice([":", ":", "\n", "::"]).join(directories)
    if rng.random() < 0.4:
        odd = [*directories, "a", "./b", "", f"{root}/missing", f"{root}/afile", "$ORIGIN", f"{root}/c//"]
        odd += ["loop"] if rng.random() < 0.2 else []
        return ":".join(rng.sample(odd, rng.randint(1, 4)))
    return ""


def _environment(rng: random.Random, graph: Graph, root: str) -> dict[str, str]:
    env: dict[str, str] = {}
    if path := _library_path(rng, graph, root):
        env["LD_LIBRARY_PATH"] = path
    if rng.random() < 0.25:
        words = [rng.choice([o.request, f"{root}/{o.place}", f"./{o.place}"])
                 for o in rng.choices(graph.objects, k=rng.choice([1, 1, 2, 3]))]
        words += ["libabsent.so"] if rng.random() < 0.2 else ["libm.so"] if rng.random() < 0.1 else []
        rng.shuffle(words)
        env["LD_PRELOAD"] = rng.choice([" ", ":", "\n"]).join(words)
    if rng.random() < 0.05:
        env["LD_BIND_NOW"] = "1"
    return env


def _mode(rng: random.Random) -> str:
    words = [rng.choice(["NOW", "NOW", "LAZY", "LAZY"])]
    for word, chance in (("GLOBAL", 0.45), ("LOCAL", 0.1), ("DEEPBIND", 0.15), ("NODELETE", 0.1), ("NOLOAD", 0.1)):
        if rng.random() < chance:
            words.append(word)
    if rng.random() < 0.05:
        return rng.choice(["0", "1", "2", "3", "0x101", "0x10d"])
    rng.shuffle(words)
    return ",".join(words)


# What is there without being a file of the graph's.
SYSTEM = ["libc.so", "libm.so.6", "libc.so.6", LOADER, "ld-musl-x86_64.so.1"]


def _symbol(rng: random.Random) -> str:
    return rng.choice(["f", "f", "d", "u", "i"]) + str(rng.randint(0, 5))


def _open(rng: random.Random, graph: Graph, root: str, steps: list[str]) -> str:
    """Something new, or what was opened before, with whatever mode."""
    again = [step for step in steps if not step.startswith(("sym:", "close:", "call:"))]
    file = rng.choice(again).rsplit(":", 1)[0] if again and rng.random() < 0.3 else file_to_open(rng, graph, root, SYSTEM, tokens=False)
    return f"{file}:{_mode(rng)}"


def _ask(rng: random.Random, opened: list[int]) -> str:
    if opened and rng.random() < 0.4:
        return f"sym:{rng.choice(opened)}:{_symbol(rng)}"
    return f"sym:{rng.choice(['DEFAULT', 'NEXT'])}:{_symbol(rng)}"


def _steps(rng: random.Random, graph: Graph, root: str) -> list[str]:
    steps: list[str] = []
    opened: list[int] = []
    for _ in range(rng.randint(1, 12)):
        choice = rng.random()
        if choice < 0.55 or not opened:
            steps.append(_open(rng, graph, root, steps))
            opened.append(len(steps))
        elif choice < 0.65:
            steps.append(f"close:{rng.choice(opened)}")
        else:
            steps.append(_ask(rng, opened))
    return steps


# ---- what there is after each step ----------------------------------------------------------------------------------

NONSENSE = "ended with exit status 124"  # what the driver makes of a step that it cannot carry out


@dataclass
class _State:
    """The objects that can make calls and be named, those that the step brought, and slots: (object, symbol)."""

    objects: list[str] = field(default_factory=list)
    brought: list[str] = field(default_factory=list)
    bound: list[tuple[str, str]] = field(default_factory=list)
    waiting: list[tuple[str, str]] = field(default_factory=list)
    null: list[tuple[str, str]] = field(default_factory=list)


def _states(question: Question) -> dict[int, _State]:
    """By step, as far as the process lives."""
    states: dict[int, _State] = {}
    before: list[str] = []
    told = run_real(replace(question, steps=("show:state", *question.steps)))
    for block in (block for block in told.blocks if block.reported):
        names, agents = ([line.partition(word)[2].removesuffix(" [0]") for line in block.lines if word in line]
                         for word in ("bindsim: mapped ", "bindsim: agent "))
        if any(name.endswith("/program") for name in names[1:]):
            break  # the program's second copy has an agent of another kind
        state = _State([name for name in agents if name != LOADER and names.count(name) == 1 and ":" not in name])
        state.brought = [name for name in state.objects if name not in before] if block.outcome == OK else []
        for line in block.lines:
            _, found, slot = line.partition("bindsim: jump slot ")
            if found:
                name, symbol, where = slot.rsplit(" ", 2)
                if name in state.objects and symbol[0] in "fi":
                    getattr(state, where).append((name, symbol))
        states[block.step] = state
        before = names
    return states


def _callable(rng: random.Random, state: _State, owner: str | None = None) -> str | None:
    """A call through a slot of OWNER, or of anybody; seldom one that ends the process."""
    slots = state.bound if rng.random() < 0.8 else state.waiting + state.null
    slots = [slot for slot in slots if owner in (None, slot[0])]
    return "call:{}:{}".format(*rng.choice(slots)) if slots else None


def _with_callers(rng: random.Random, question: Question) -> Question:
    """Lets objects that are mapped by then make some of the calls, and calls some functions."""
    states = _states(question)
    steps = list(question.steps)
    twice = any("/program:" in step for step in steps)  # then its name means two objects, and no caller
    for number, step in enumerate(steps, start=1):
        before = states.get(number - 1)
        if before is None:
            break
        if step.startswith("sym:") and rng.random() < 0.3:
            steps[number - 1] = _callable(rng, before) or step
        elif before.objects and not step.startswith("close:") and not twice and rng.random() < 0.5:
            steps[number - 1] = f"by:{rng.choice(before.objects)}:{step}"
    return replace(question, steps=tuple(steps))


def _constructors_step(rng: random.Random, graph: Graph, root: str, owner: str, within: int, state: _State,
                       steps: list[str]) -> str:
    opened = [n for n, step in enumerate(steps, start=1) if n < within and not step.startswith(("sym:", "call:"))]
    choice = rng.random()
    if choice < 0.2 and (call := _callable(rng, state, owner)):
        return call
    step = _open(rng, graph, root, [step for step in steps if not step.startswith("by:")])
    if choice < 0.65 and "/program:" not in step:
        return step
    if choice < 0.7 and opened:
        return f"close:{rng.choice(opened)}"
    step = _ask(rng, opened)
    return f"by:{rng.choice(state.objects)}:{step}" if rng.random() < 0.2 else step


def _with_constructors(rng: random.Random, graph: Graph, root: str, question: Question) -> Question:
    """Lets constructors make steps; in a second round also those of objects that constructors brought."""
    named: set[str] = set()
    for _ in range(rng.choice([1, 1, 2])):
        states = _states(question)
        brought = [(number, name) for number, state in states.items() for name in state.brought if name not in named]
        steps = list(question.steps)
        for number, owner in rng.sample(brought, min(len(brought), rng.choice([1, 1, 2, 3]))):
            if owner in named:
                continue
            named.add(owner)
            block = [_constructors_step(rng, graph, root, owner, number, states[number], question.numbered())
                     for _ in range(rng.choice([1, 1, 2, 3]))]
            steps += [f"init:{owner}", *block, "end-init"]
        question = replace(question, steps=tuple(steps))
    return question


def _is_sound(told: Transcript) -> bool:
    """Constructors' steps change what comes after: a caller may have another name then, or a block no object."""
    outcomes = [block.outcome for block in told.blocks]
    return NONSENSE not in outcomes and (told.exit_status != 0 or NOT_REACHED not in outcomes)


def make_plain_question(rng: random.Random, graph: Graph, root: str, program: str) -> Question:
    """One without callers, calls and constructors, for which the loader need not be asked."""
    return Question(program, tuple(_steps(rng, graph, root)), _environment(rng, graph, root), root)


def make_question(rng: random.Random, graph: Graph, root: str, program: str) -> Question:
    """One start of PROGRAM, a path as it is typed."""
    question = _with_callers(rng, make_plain_question(rng, graph, root, program))
    extended = _with_constructors(rng, graph, root, question) if rng.random() < 0.5 else question
    return extended if _is_sound(run_real(extended)) else question
