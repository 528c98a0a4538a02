# SPDX-License-Identifier: MIT
"""Random questions about qnx: objects, an environment and a plan from a seed, written as a scenario."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

FUNCTIONS = [f"f{i}" for i in range(5)]
DATA = [f"d{i}" for i in range(2)]


@dataclass
class Thing:
    """One object; the program is called X."""

    name: str
    needs: list[str] = field(default_factory=list)
    defines: dict[str, str] = field(default_factory=dict)  # name: "", "weak", "data", "weak data"
    calls: list[str] = field(default_factory=list)
    reads: list[str] = field(default_factory=list)
    now: bool = False
    symbolic: bool = False
    soname: str = ""
    marked: list[str] = field(default_factory=list)  # needs of the program that are marked as lazy
    place: str = ""  # a directory of its own
    tag: tuple[str, str] | None = None  # rpath or runpath, and a directory
    protected: list[str] = field(default_factory=list)  # of its definitions, those that it refers to as protected
    version: str = ""  # of all its definitions
    wanted: dict[str, str] = field(default_factory=dict)  # by call: "@V1 from L3.so"

    @property
    def path(self) -> str:
        """Where its file is."""
        return (self.place + "/" if self.place else "") + self.name + ".so"


@dataclass
class Question:
    """What there is, and what is done with it."""

    things: dict[str, Thing]
    environment: dict[str, str]
    steps: list[tuple]

    def text(self) -> str:
        """The same in the language of scenarios."""
        lines = ["# a random question"]
        lines += [_object_line(thing) for thing in self.things.values()]
        # The link editor would bind what it is told to with -Bsymbolic, and leave nothing to the loader.
        lines += [f"patch {thing.path}: add symbolic 0" for thing in self.things.values() if thing.symbolic]
        lines += [f"hardlink link-{thing.name}.so {thing.path}" for thing in self.things.values()
                  if thing.place]
        lines += [f"mark {need}.so" for need in self.things["X"].marked]
        lines += [f"env {name}={value}" for name, value in self.environment.items()]
        lines += [_step_line(step) for step in self.steps]
        return "\n".join(lines) + "\nexpect in step 0: ok\n"


def _object_line(thing: Thing) -> str:
    words = ["executable app" if thing.name == "X" else f"object {thing.name}.so"]
    if thing.place:
        words += ["in", thing.place]
    if thing.tag:
        words += list(thing.tag)
    if thing.soname:
        words.append(f"soname {thing.soname}.so")
    words += [f"needs {need}.so" for need in thing.needs]
    words += ["defines " + " ".join(filter(None, ["protected" * (name in thing.protected), kind,
                                                  name + (f"@@{thing.version}" if thing.version else "")]))
              for name, kind in thing.defines.items()]
    words += [f"calls {name}{thing.wanted.get(name, '')}" for name in thing.calls]
    words += [f"reads {name}" for name in thing.reads]
    if thing.now:
        words.append("linked -z now")
    return " ".join(words)


def _step_line(step: tuple) -> str:
    kind = step[0]
    if kind == "dlopen":
        flags = ",".join(sorted(step[2])) or "0"
        return f"dlopen {step[3]}{step[1]}.so {flags}"
    if kind == "call":
        return f"call {step[1]} {step[2]}"
    if kind == "dlclose":
        return f"dlclose {step[1]}"
    handle, symbol, caller = step[1:]
    return f"option --caller {caller + '.so' if caller else './app'}\ndlsym {handle}:{symbol}"


# ---- chance ---------------------------------------------------------------------------------------------------------

def _thing(chance: random.Random, name: str, later: list[str]) -> Thing:
    thing = Thing(name)
    thing.needs = chance.sample(later, min(len(later), chance.choice([0, 1, 1, 2, 3])))
    for symbol in chance.sample(FUNCTIONS, chance.choice([0, 1, 1, 2, 3])):
        thing.defines[symbol] = chance.choice(["", "", "", "weak"])
    for symbol in chance.sample(DATA, chance.choice([0, 1, 2, 2])):
        thing.defines[symbol] = "data"
    thing.calls = sorted(chance.sample(FUNCTIONS, chance.choice([0, 1, 2, 3])))
    thing.reads = sorted(s for s in chance.sample(DATA, chance.choice([0, 0, 1, 1])) if s not in thing.defines)
    thing.protected = [symbol for symbol, kind in thing.defines.items() if kind == "" and chance.random() < 0.06]
    thing.version = "V1" if name != "X" and thing.defines and chance.random() < 0.08 else ""
    thing.now = name != "X" and chance.random() < 0.08
    thing.symbolic = name != "X" and chance.random() < 0.15
    return thing


def _flags(chance: random.Random) -> set[str]:
    flags = set()
    flags |= chance.choice([set(), {"NOW"}, {"LAZY"}, {"LAZY"}, {"LAZY", "NOW"} if chance.random() < 0.2 else {"NOW"}])
    flags |= chance.choice([set(), set(), {"GLOBAL"}, {"LOCAL"}])
    flags |= chance.choice([set(), set(), {"WORLD"}, {"GROUP"}, {"WORLD", "GROUP"}])
    if chance.random() < 0.08:
        return (flags - {"NOW"}) | {"LAZY", "GROUP"}
    flags |= {"LAZYLOAD"} if chance.random() < 0.4 else set()
    flags |= {"NOLOAD"} if chance.random() < 0.06 else set()
    flags |= {"NOSHARE"} if chance.random() < 0.06 else set()
    return flags


def _spelled(chance: random.Random, thing: Thing) -> str:
    """What stands before the name of a file."""
    if thing.place:
        return chance.choice(["", "", f"{thing.place}/", "$DIR/link-"])
    return chance.choice(["", "", "", "", "./", "$DIR/"])


def _plan(chance: random.Random, things: dict[str, Thing]) -> list[tuple]:
    libraries = [name for name in things if name != "X"]
    steps: list[tuple] = []
    opened: list[tuple[int, str]] = []
    for _ in range(chance.choice([2, 3, 4, 5, 6, 7, 8])):
        kind = chance.choice(["dlopen"] * 5 + ["call"] * 4 + ["dlsym"] * 2 + ["dlclose"])
        if kind == "dlopen" or not opened:
            name = chance.choice(libraries)
            steps.append(("dlopen", name, _flags(chance), _spelled(chance, things[name])))
            opened.append((len(steps), name))
        elif kind == "call" and chance.random() < 0.4:
            # What was opened misses something that is opened later, before it is called.
            caller = things[chance.choice([name for _, name in opened] + things[opened[-1][1]].needs)
                            .removesuffix("s")]
            symbol = chance.choice(caller.calls or FUNCTIONS)
            definers = [name for name in libraries if symbol in things[name].defines]
            chance.shuffle(definers)
            for name in definers[:2]:
                steps.append(("dlopen", name, chance.choice([{"GLOBAL"}, {"LAZY", "GLOBAL"}, {"LAZY"}]), ""))
                opened.append((len(steps), name))
            if caller.calls:
                steps.append(("call", caller.name, symbol))
        elif kind == "call":
            # Of an object that the plan opens, or the program: others may not be there.
            caller = things[chance.choice([name for _, name in opened])]
            if caller.calls:
                steps.append(("call", caller.name, chance.choice(caller.calls)))
        elif kind == "dlsym":
            handle = chance.choice(["DEFAULT", "NEXT"] + [str(number) for number, _ in opened])
            caller = chance.choice(["", chance.choice(opened)[1]]) if not handle.isdigit() else ""
            steps.append(("dlsym", handle, chance.choice(FUNCTIONS), caller))
        else:
            steps.append(("dlclose", chance.choice(opened)[0]))
    return steps


def plain(question: Question) -> Question:
    """The same without paths, versions and visibility, which the model does not know, and without what it leaves open."""
    things = {}
    for thing in question.things.values():
        copy = Thing(thing.name, thing.needs, thing.defines, thing.calls, thing.reads, thing.now, thing.symbolic,
                     thing.soname, thing.marked)
        things[thing.name] = copy
    steps = []
    for step in question.steps:
        if step[0] == "dlopen":
            steps.append((*step[:2], step[2] - {"NOSHARE"}, ""))
        else:
            # Steps are referred to by their numbers.
            steps.append(("dlsym", "DEFAULT", FUNCTIONS[0], "") if step[0] == "dlclose" else step)
    # All ask for an object by one name: by another it is another until its file has been looked for.
    environment = {name: value.replace("$DIR/", "") for name, value in question.environment.items() if name != "DL_DEBUG"}
    return Question(things, environment, steps)


def random_question(seed: int, n_plans: int) -> list[Question]:
    """Plans for the same objects."""
    chance = random.Random(seed)
    names = ["X"] + [f"L{i}" for i in range(chance.randint(3, 7))]
    things = {name: _thing(chance, name, names[i + 1:]) for i, name in enumerate(names)}
    # A program that needs all would leave nothing to be opened; one that lacks data would not start.
    things["X"].needs = things["X"].needs[:2]
    things["X"].reads = []
    for thing in things.values():
        for symbol in thing.calls:
            if chance.random() < 0.06 and symbol not in thing.defines:
                thing.wanted[symbol] = f"@{chance.choice(['V1', 'V2'])} from {chance.choice(names[1:])}.so"
    if chance.random() < 0.5:
        things["X"].tag = chance.choice([("rpath", "$DIR/d1"), ("runpath", "$DIR/d1"), ("rpath", "$ORIGIN/d1"), ("runpath", "$ORIGIN/d1")])
    for name in names[1:]:
        if chance.random() < (0.25 if things["X"].tag else 0.1):
            things[name].place = "d1"
        if chance.random() < 0.25:
            things[name].tag = ("runpath", "$DIR/d1")
    things["X"].marked = [need for need in things["X"].needs if chance.random() < 0.3]
    for thing in list(things.values())[1:]:
        if chance.random() < 0.3 and len(names) > 4:
            cycle = chance.choice(names[1:])
            if cycle != thing.name and cycle not in thing.needs and chance.random() < 0.3:
                thing.needs.append(cycle)
    if chance.random() < 0.2:
        things[names[-1]].soname = names[-1] + "s"
        things[chance.choice(names[1:-1])].needs.append(names[-1] + "s")
    questions = []
    for _ in range(n_plans):
        environment = {}
        if chance.random() < 0.15:
            environment["LD_BIND_NOW"] = chance.choice(["", "1", "1"])
        if chance.random() < 0.15:
            environment["LD_PRELOAD"] = f"$DIR/{chance.choice([*names[1:], 'missing'])}.so"
        if chance.random() < 0.04:
            environment["DL_DEBUG"] = chance.choice(["help", "libs,help", "libs,nonsense"])
        questions.append(Question(things, environment, _plan(chance, things)))
    return questions
