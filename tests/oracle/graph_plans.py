# SPDX-License-Identifier: MIT
"""Random questions about a graph: the environment, and what the program opens, finds, calls and closes.

Steps are chosen one at a time in a conversation with the real loader (graph_session.py), so that each means something
where it stands, and so that what is interesting comes often.  A plan that is made is only a list of steps.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from graph_model import DIRECTORIES, Definition, Flavour, Graph, SharedObject
from graph_session import Named, Session, State
from loader import Question, Transcript, run_real

if TYPE_CHECKING:
    from foreign_machines import ForeignRoot


@dataclass(frozen=True)
class Plan:
    """One start of the program; paths in it are real ones, below the graph's directory, as they are inside `root`."""

    program: str
    cwd: str
    env: dict[str, str]
    steps: list[str]
    bind_now: bool
    root: ForeignRoot | None = None

    def question(self, categories: tuple[str, ...] = ("bindings",), driver: bool = True) -> Question:
        """The plan as a question."""
        return Question(self.program, self.steps, self.env, self.cwd, categories, self.bind_now, driver, root=self.root)


def _shuffled(rng: random.Random, values: list[str]) -> list[str]:
    return rng.sample(values, len(values))


def _library_path(rng: random.Random, graph: Graph, root: str) -> str:
    """LD_LIBRARY_PATH: complete where the graph relies on it, otherwise absent, partial or odd."""
    directories = [root if d == "." else f"{root}/{d}" for d in DIRECTORIES]
    if graph.search == "environment" or (graph.search == "wild" and rng.random() < 0.65):
        extra = [""] if rng.random() < 0.1 else []
        return rng.choice([":", ":", ":", ";"]).join(_shuffled(rng, directories + extra))
    if rng.random() < (0.6 if graph.search == "wild" else 0.1):
        odd = [*directories, "a", "./b", "", f"{root}/missing", f"{root}/afile", f"{root}/loop", "$ORIGIN",
               f"{root}/c//", "loop", "afile"]
        return ":".join(rng.sample(odd, rng.randint(1, 4)))
    return ""


def _preload(rng: random.Random, graph: Graph, root: str) -> str:
    words = []
    for made in rng.choices(graph.objects, k=rng.choice([1, 1, 2, 3])):
        words.append(rng.choice([made.request, made.request, f"{root}/{made.place}", f"./{made.place}"]))
    if rng.random() < 0.15:
        words.insert(rng.randint(0, len(words)), rng.choice(["libabsent.so", f"{root}/absent.so"]))
    return rng.choice([" ", ":"]).join(words)


def environment(rng: random.Random, graph: Graph, root: str) -> dict[str, str]:
    env: dict[str, str] = {}
    if path := _library_path(rng, graph, root):
        env["LD_LIBRARY_PATH"] = path
    if rng.random() < 0.25:
        env["LD_PRELOAD"] = _preload(rng, graph, root)
    if rng.random() < 0.05:
        env["LD_DYNAMIC_WEAK"] = rng.choice(["", "1"])
    return env


def _mode(rng: random.Random, flavour: Flavour) -> str:
    """Flags as a step writes them; sometimes as a number, rarely without a mode bit."""
    words = ["LAZY" if rng.random() < flavour.lazy else "NOW"]
    for word, chance in (("GLOBAL", 0.4), ("LOCAL", 0.1), ("DEEPBIND", flavour.deepbind), ("NODELETE", 0.06),
                         ("NOLOAD", 0.08)):
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


def _system_files(root: ForeignRoot | None) -> list[str]:
    """What is there without being a file of the graph's."""
    loaders = ["ld-linux-x86-64.so.2", "linux-vdso.so.1"] if root is None else [Path(root.machine.interpreter).name]
    return ["libc.so.6", "libm.so.6", *loaders]


def file_to_open(rng: random.Random, graph: Graph, root: str, system: list[str], tokens: bool = True) -> str:
    """Something to open, named in one of the ways that lead to different searches; TOKENS: $ORIGIN is among them."""
    other = rng.random()
    if other < 0.03:
        return ""
    if other < 0.07:
        return rng.choice(["libabsent.so", f"{root}/absent.so", "./absent.so"])
    if other < 0.09:
        return f"{root}/{graph.executable.directory}/program"
    if other < 0.13:
        return rng.choice(system)
    links = [path for path, _ in [*graph.links, *graph.hard_links, *graph.broken]]
    if links and other < 0.25:
        return f"{root}/{rng.choice(links)}"
    return object_name(rng, rng.choice(graph.objects), root, tokens)


def object_name(rng: random.Random, made: SharedObject, root: str, tokens: bool = True) -> str:
    """An object by one of its names."""
    return rng.choice([made.request] * 4 + [f"{root}/{made.place}"] * 3 + [f"./{made.place}", f"./{made.place}",
                      made.file if "/" in made.place else f"./{made.place}",
                      *([f"$ORIGIN/{made.place}"] if tokens else []), f"{root}/a/../{made.place}"])


def _symbol(rng: random.Random, graph: Graph) -> str:
    """Mostly a name that some object defines, with one of its versions, another one or none.

    Where objects bring an allocator, thread-local variables may lie in its memory, which is that of an object.
    """
    definitions = [d for made in graph.objects for d in made.definitions] + graph.executable.definitions
    if any(made.malloc for made in graph.objects):
        definitions = [d for d in definitions if d.kind != "tls"] or [Definition("f0", "func")]
    definition = rng.choice(definitions)
    name = definition.name if rng.random() < 0.9 else rng.choice("fdu") + str(rng.randint(0, 9))
    versions = [definition.node] * 3 + ["V1", "V2", "V9"] if rng.random() < 0.35 else [""]
    version = rng.choice(versions)
    return f"{name}@{version}" if version else name


@dataclass
class _Planner:
    """Chooses the steps of one plan.  `opened` are the steps that opened something, with what they were told to."""

    rng: random.Random
    graph: Graph
    root: str
    namespaces: bool
    system: list[str]
    steps: list[str] = field(default_factory=list)
    opened: dict[int, str] = field(default_factory=dict)
    closed: dict[int, int] = field(default_factory=dict)
    constructed: list[tuple[int, Named]] = field(default_factory=list)
    answers: dict[str, set[str]] = field(default_factory=dict)
    startup: set[str] = field(default_factory=set)

    def next_step(self, state: State) -> str:
        """A step that makes sense now."""
        kinds: list[tuple[float, Callable[[State], str | None]]] = [
            (12, self._open), (14, self._open_fresh), (20, self._open_for_slot), (10, self._reopen),
            (3, self._open_program), (22, self._close), (16, self._find), (13, self._call),
            (6 if self.namespaces else 0, self._open_apart), (7 if self.namespaces else 0, self._open_beside)]
        while True:
            kind = self.rng.choices([kind for _, kind in kinds], [weight for weight, _ in kinds])[0]
            if step := kind(state):
                return step

    def note(self, step: str, state: State) -> None:
        """Remembers what came of a step."""
        self.steps.append(step)
        number = len(self.steps)
        kind = step.partition(":")[0]
        if kind == "close":
            handle = int(step.partition(":")[2])
            self.closed[handle] = self.closed.get(handle, 0) + 1
        elif number in state.handles:
            self.opened[number] = step
        self.look(number, state)

    def look(self, number: int, state: State) -> None:
        """Remembers what there is."""
        self.constructed += [(number, named) for named in state.constructed]
        if number == 0:
            self.startup = {f"by:{agent}:" for agent in state.agents}
        for slot in state.slots:
            self.answers.setdefault(slot.step, set()).add(slot.answer)

    def _caller(self, state: State, chance: float) -> tuple[str, int]:
        """`by:OBJECT:`, or nothing for the program; and the caller's namespace."""
        if not state.agents or self.rng.random() > chance:
            return "", 0
        agent = self.rng.choice(state.agents)
        return f"by:{agent}:", agent.space

    def _absent(self, state: State) -> list[SharedObject]:
        """The objects that are not in the first namespace."""
        mapped = {os.path.basename(named.name) for named in state.mapped if named.space == 0}
        return [made for made in self.graph.objects if not mapped & {made.file, made.soname}]

    def _open_fresh(self, state: State) -> str | None:
        """Something that is not there, by the program: most is loaded and unloaded that way."""
        if not (absent := self._absent(state)):
            return None
        mode = _mode(self.rng, self.graph.flavour)
        return f"{object_name(self.rng, self.rng.choice(absent), self.root)}:{mode}"

    def _open_for_slot(self, state: State) -> str | None:
        """What defines the function that a waiting slot asks for, so that the slot may lead there then."""
        asked = {slot.symbol for slot in state.slots if slot.owner.space == 0}
        candidates = [made for made in self._absent(state) if asked & {d.name for d in made.definitions}]
        if not candidates:
            return None
        mode = self.rng.choice(["LAZY", "LAZY|GLOBAL", "LAZY,GLOBAL", "NOW+GLOBAL"])
        return f"{object_name(self.rng, self.rng.choice(candidates), self.root)}:{mode}"

    def _open(self, state: State) -> str:
        caller, space = self._caller(state, 0.3)
        mode = _mode(self.rng, self.graph.flavour)
        while space > 0 and _loader_would_crash(mode) and (mode[0].isdigit() or self.rng.random() < 0.97):
            mode = _mode(self.rng, self.graph.flavour)
        return f"{caller}{file_to_open(self.rng, self.graph, self.root, self.system)}:{mode}"

    def _reopen(self, state: State) -> str | None:
        """What was opened before, closed or not."""
        files = [step for step in self.opened.values() if not step.startswith(("newlm:", "lm:", "by:"))]
        if not files:
            return None
        return f"{self.rng.choice(files).rsplit(':', 1)[0]}:{_mode(self.rng, self.graph.flavour)}"

    def _open_program(self, state: State) -> str:
        return f":{_mode(self.rng, self.graph.flavour)}"

    def _close(self, state: State) -> str | None:
        """Most often what is open; now and then once more than it was opened."""
        handles = [number for number in state.handles if self.closed.get(number, 0) == 0 or self.rng.random() < 0.25]
        return f"close:{self.rng.choice(handles)}" if handles else None

    def _find(self, state: State) -> str:
        """For RTLD_NEXT, the loader looks for the caller in the list of whoever brought it, however long that one is
        gone, and without an end; so after a close only start-up objects ask for it."""
        caller, _ = self._caller(state, 0.45)
        handles = ["DEFAULT:", *(f"{number}:" for number in state.handles)]
        if not self.closed or not caller or caller in self.startup:
            handles += ["NEXT:", "NEXT:" if caller else ""]
        if self.rng.random() < 0.03:
            handles.append(f"{self.rng.randint(1, 1 + len(self.steps))}:")
        step = self.rng.choice(handles)
        if step[:1].isdigit() and int(step[:-1]) in self.opened and int(step[:-1]) not in state.handles:
            step = ""
        return f"{caller}sym:{step}{_symbol(self.rng, self.graph)}"

    def _call(self, state: State) -> str | None:
        """A slot that leads to something: rather one that would have led elsewhere before.

        A name without a version would not tell which of two references to it is meant.
        """
        slots = [slot for slot in state.slots if (slot.answer.startswith("to ") or slot.answer == "own")
                 and not (slot.version == "" and any(step.startswith(f"{slot.step}@") for step in self.answers))]
        if self.rng.random() < 0.02:
            slots = [slot for slot in state.slots if slot.answer == "undefined" and slot.version] or slots
        if not slots:
            return None
        weights = [5 if len(self.answers.get(slot.step, ())) > 1 else 1 for slot in slots]
        slot = self.rng.choices(slots, weights)[0]
        return self._caller(state, 0.05)[0] + slot.step

    def _open_apart(self, state: State) -> str:
        """Where the caller's namespace has a C library, an error that this one raises ends the process."""
        caller, space = self._caller(state, 0.2)
        file = file_to_open(self.rng, self.graph, self.root, self.system)
        mode = self._apart_mode()
        if space > 0 and (not file or _loader_would_crash(mode)):
            has_library = any(named.space == space and named.name.endswith("/libc.so.6") for named in state.mapped)
            if not has_library or self.rng.random() < 0.8:
                caller = ""
        return f"{caller}newlm:{file}:{mode}"

    def _open_beside(self, state: State) -> str | None:
        apart = [number for number in state.handles if "lm:" in self.opened.get(number, "")]
        handles = apart or state.handles
        if not handles or (not apart and self.rng.random() < 0.8):
            return None
        file = file_to_open(self.rng, self.graph, self.root, self.system)
        return f"lm:{self.rng.choice(handles)}:{file}:{self._apart_mode()}"

    def _apart_mode(self) -> str:
        mode = _mode(self.rng, self.graph.flavour)
        while _loader_would_crash(mode) and self.rng.random() < 0.9:
            mode = _mode(self.rng, self.graph.flavour)
        return mode

    def constructors_steps(self, owner: Named, before: int) -> list[str]:
        """What constructors might do: what they open or find is searched from their object."""
        return [self._constructors_step(owner, before) for _ in range(self.rng.choice([1, 1, 2]))]

    def _constructors_step(self, owner: Named, before: int) -> str:
        own = [step for step in self.answers if step.startswith(f"call:{owner}:")]
        earlier = [number for number in self.opened if number < before]
        what = self.rng.random()
        if what < 0.6:
            mode = _mode(self.rng, self.graph.flavour)
            apart = "newlm:" if self.namespaces and self.rng.random() < 0.1 else ""
            if (owner.space > 0 or apart) and _loader_would_crash(mode):
                mode = "NOW"
            file = file_to_open(self.rng, self.graph, self.root, self.system)
            step = f"{apart if file else ''}{file}:{mode}"
        elif what < 0.75 and own:
            step = self.rng.choice(own)
        elif what < 0.85 and earlier:
            step = f"close:{self.rng.choice(earlier)}"
        else:
            following = [] if self.closed and before else ["NEXT:"]
            handle = self.rng.choice(["DEFAULT:", *following, *(f"{number}:" for number in earlier)])
            step = f"sym:{handle}{_symbol(self.rng, self.graph)}"
        if owner.space == 0 and self.startup and not step.startswith("close:") and self.rng.random() < 0.1:
            return self.rng.choice(sorted(self.startup)) + step
        return step


def _loader_would_crash(mode: str) -> bool:
    """Modes that no caller outside the first namespace survives."""
    return "GLOBAL" in mode or mode[0].isdigit()


def _talk(planner: _Planner, plan: Plan, count: int) -> None:
    with Session(plan.question()) as session:
        if session.state is not None:
            planner.look(0, session.state)
        while session.state is not None and len(planner.steps) < count:
            step = planner.next_step(session.state)
            session.carry_out(step)
            if session.state is None:
                planner.steps.append(step)
            else:
                planner.note(step, session.state)


def _with_constructors(planner: _Planner, plan: Plan) -> Plan:
    """The same plan with steps in constructors, unless something in it has lost its meaning by that."""
    chosen = planner.rng.sample(planner.constructed, min(len(planner.constructed), planner.rng.choice([1, 1, 2, 3])))
    steps = list(plan.steps)
    for number, owner in chosen:
        name = str(owner) if owner.space or planner.rng.random() < 0.5 else owner.name
        steps += [f"init:{name}", *planner.constructors_steps(owner, number), "end-init"]
    extended = replace(plan, steps=steps)
    return extended if _is_sound(run_real(extended.question(), timeout=20), steps) else plan


def _is_sound(transcript: Transcript, steps: list[str]) -> bool:
    """Nothing undefined is asked, every block of constructors ran, and no call led nowhere."""
    if any(block.outcome in ("failed: undefined", "not reached") for block in transcript.blocks):
        return False
    return not any(block.outcome.startswith("crashed") for block in transcript.blocks)


def make_plans(graph: Graph, root: Path, program: Path, count: int, machine: ForeignRoot | None = None) -> list[Plan]:
    """The seed's plans.  `root` and `program` are paths inside the root of the machine."""
    plans: list[Plan] = []
    filters = any(made.auxiliary or made.filters for made in graph.objects)
    malloc = any(made.malloc for made in graph.objects)
    for number in range(count):
        rng = random.Random(f"{graph.seed}/{number}")
        relative = os.path.relpath(program, root)
        typed = rng.choice([str(program), f"./{relative}", f"a/../{relative}"])
        # The C library's own lazy calls would bind to an allocator that is opened, whenever it makes them.
        bind_now = malloc or rng.random() < graph.flavour.bind_now
        plan = Plan(typed, str(root), environment(rng, graph, str(root)), [], bind_now, machine)
        if malloc:
            plan.env.pop("LD_DYNAMIC_WEAK", None)  # it would mix the functions of two allocators
        if graph.executable.driver:
            planner = _Planner(rng, graph, str(root), not filters, _system_files(machine))
            _talk(planner, plan, rng.choice([0, 3, 5, 8, 10, 12, 16]))
            plan = replace(plan, steps=planner.steps)
            if planner.constructed and rng.random() < 0.4:
                plan = _with_constructors(planner, plan)
        plans.append(plan)
    return plans
