# SPDX-License-Identifier: MIT
"""A conversation with the driver under the real loader: one step at a time, each chosen by what there is by then.

A random plan is only worth something if its steps mean something: a handle must be one of an object that is still
mapped, a caller must be there, a call must go through a slot that leads somewhere.  Only the loader knows.
"""

from __future__ import annotations

import re
import subprocess
import threading
from dataclasses import dataclass, field

from loader import Question, program_command, start
from transcript import SlotAnswers

TIMEOUT_SECONDS = 20.0
_LINE = re.compile(r"\s*(\d+):\t(.*)$")
_NAMED = re.compile(r"bindsim: (mapped|agent|constructing) (.*) \[(\d+)\]$")
_SLOT = re.compile(r"bindsim: slot (.*) \[(\d+)\] symbol `(.*?)'(?: \[(.*)\])?: (.*)$")
_END = re.compile(r"bindsim: step (\d+): (ok|failed: .*|failed:)$")


@dataclass(frozen=True)
class Named:
    """An object, as a step names it."""

    name: str
    space: int

    def __str__(self) -> str:
        return f"{self.name}[{self.space}]"


@dataclass(frozen=True)
class Slot:
    """A jump slot that nobody called yet, and what a call would find: `to ...`, undefined, null or own.

    Those are left out that lead to something which is no function.
    """

    owner: Named
    symbol: str
    version: str
    answer: str

    @property
    def text(self) -> str:
        """As slot lines name it."""
        version = f" [{self.version}]" if self.version else ""
        return f"{self.owner.name} [{self.owner.space}] symbol `{self.symbol}'{version}"

    @property
    def step(self) -> str:
        """The step that calls it."""
        return f"call:{self.owner}:{self.symbol}{'@' + self.version if self.version else ''}"


@dataclass
class State:
    """What there is after a step."""

    outcome: str = ""
    mapped: list[Named] = field(default_factory=list)
    agents: list[Named] = field(default_factory=list)
    handles: list[int] = field(default_factory=list)
    slots: list[Slot] = field(default_factory=list)
    constructed: list[Named] = field(default_factory=list)


class Session:
    """One process.  `state` is None once it is gone."""

    def __init__(self, question: Question) -> None:
        shown = ["show:mapped", "show:state"] + ([] if question.bind_now else ["show:slots"])
        self._process = start([*program_command(question), *shown, "-"], question, stdin=subprocess.PIPE)
        self._timer = threading.Timer(TIMEOUT_SECONDS, self._process.kill)
        self._timer.start()
        self.state: State | None = self._listen()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._process.kill()
        self._process.communicate()

    def carry_out(self, step: str) -> None:
        """Lets the driver carry out one more step."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(step.encode() + b"\n")
            self._process.stdin.flush()
            self.state = self._listen()
        except BrokenPipeError:
            self.state = None

    def _listen(self) -> State | None:
        assert self._process.stderr is not None
        state, slots = State(), SlotAnswers()
        for line in self._process.stderr:
            match = _LINE.match(line.decode("utf-8", "surrogateescape").rstrip("\n"))
            if match is None:
                continue
            if int(match[1]) != self._process.pid or match[2].startswith("bindsim: slot "):
                if match[2].endswith(": calling"):
                    _note(state, slots.take())
                slots.hear(int(match[1]), match[2])
            elif end := _END.match(match[2]):
                _note(state, slots.take())
                state.outcome = end[2]
                state.slots = [slot for slot in state.slots if slot.text not in slots.faults]
                return state
            else:
                _note(state, [match[2]])
        return None


def _note(state: State, texts: list[str]) -> None:
    for text in texts:
        if named := _NAMED.match(text):
            {"mapped": state.mapped, "agent": state.agents,
             "constructing": state.constructed}[named[1]].append(Named(named[2], int(named[3])))
        elif text.startswith("bindsim: handle "):
            state.handles.append(int(text.removeprefix("bindsim: handle ")))
        elif slot := _SLOT.match(text):
            state.slots.append(Slot(Named(slot[1], int(slot[2])), slot[3], slot[4] or "", slot[5]))
