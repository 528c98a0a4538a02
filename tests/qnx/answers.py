# SPDX-License-Identifier: MIT
"""A JSON answer of bindsim as plain facts: what each step came to, and what every reference is bound to after it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class State:
    """A step, and the process at its end."""

    outcome: tuple
    loaded: list[tuple[str, int]]
    brought: tuple
    # (object, symbol, waits or how it is bound): its answer and the switches that it is marked with
    references: dict[tuple, tuple[tuple, frozenset]] = field(default_factory=dict)
    marks: frozenset = frozenset()
    is_end: bool = False  # of the process


def is_same(one: tuple | None, other: tuple | None) -> bool:
    """Whether two answers for a reference are: what is not loaded yet has a name and no more."""
    if one is None or other is None or one[0] != other[0] or one[2:] != other[2:]:
        return one is other
    a, b = one[1], other[1]
    return a == b or bool(a and b and "not loaded" in (a[1], b[1]) and a[0] == b[0])


class Answer:
    """One report, step by step."""

    def __init__(self, report: dict) -> None:
        self.report = report
        self.names = [entry["name"] or "X" for entry in report["objects"]]
        self.states: dict[int, State] = {}
        self.all_marks: set[str] = set()
        epoch_of: dict[int, int] = {}
        bound: dict[tuple, tuple[tuple, frozenset]] = {}
        reached = [step for step in report["steps"] if step["state"] != "not-reached"]
        for step in reached:
            epoch_of[step["number"]] = step["epoch"]
        for step in report["steps"]:
            self._take(step, bound, epoch_of)

    # ---- names

    def _who(self, mapped: list[int]) -> dict[int, tuple[str, int]]:
        """By id: the name, and how many of that name come before."""
        seen: dict[str, int] = {}
        who = {}
        for number in mapped:
            name = self.names[number]
            who[number] = (name, seen.get(name, 0))
            seen[name] = seen.get(name, 0) + 1
        return who

    def _target(self, who: dict, answer: dict) -> tuple:
        to = answer["to"]
        where = None if to is None else who.get(to, (self.names[to], "not loaded"))
        return (where, answer["outcome"], answer.get("loads", False))

    def _changes(self, step: dict, who: dict) -> tuple:
        """What the step loaded, in the order of loading, made global, and came to on demand."""
        def named(numbers):
            return tuple(who.get(i, (self.names[i], "gone")) for i in numbers)
        loaded = step.get("loaded", [])
        kept = [i for i in step.get("mapped", []) if i in loaded]
        demands = tuple((d["name"], d["made"], d["object"] is not None and self.names[d["object"]])
                        for d in step.get("demands", []))
        return (named(kept), named(i for i in loaded if i not in kept), named(step.get("promoted", [])),
                frozenset(self.names[i] for i in step.get("unloaded", [])), demands)

    # ---- a step

    def _take(self, step: dict, bound: dict, epoch_of: dict) -> None:
        number = step["number"]
        mapped = step.get("mapped", [])
        who = self._who(mapped)
        self.all_marks |= set(step.get("assumptions", []))
        for view in step.get("scopes", []):
            self.all_marks |= set(view.get("assumptions", []))
        found = step.get("found")
        outcome = (step["state"], step["message"], step.get("was_bound"),
                   None if not found else who.get(found["object"], self.names[found["object"]]))
        state = State(outcome, [who[i] for i in mapped],
                      self._changes(step, who),
                      marks=frozenset(step.get("assumptions", [])), is_end=step["ends_process"])
        for binding in step.get("bindings", []):
            marks = frozenset(binding.get("assumptions", []))
            self.all_marks |= marks
            if binding["when"] in ("load", "call") and "asked_by" not in binding:
                bound[(binding["from"], binding["symbol"], "plt" if "jump-slot" in binding["kinds"] else "data")] = (
                    binding, marks)
        for (owner, symbol, kind), (binding, marks) in bound.items():
            if owner in who:
                state.references[(who[owner], symbol, kind)] = (("bound",) + self._target(who, binding), marks)
        for slot in self.report["slots"]:
            self._take_slot(slot, number, who, epoch_of, state)
        self.states[number] = state

    def _take_slot(self, slot: dict, number: int, who: dict, epoch_of: dict, state: State) -> None:
        """What it waits for at the end of the step, if it does."""
        if number not in epoch_of or slot["from"] not in who:
            return
        epoch = epoch_of[number]
        for answer in slot["answers"]:
            self.all_marks |= set(answer.get("assumptions", []))
        ended = [epoch_of[slot[key]] for key in ("called", "until") if key in slot and slot[key] is not None]
        current = [answer for answer in slot["answers"] if epoch_of[answer["after"]] <= epoch]
        if not current or any(epoch >= end for end in ended):
            return
        state.references[(who[slot["from"]], slot["symbol"], "plt")] = (
            ("waits",) + self._target(who, current[-1]), frozenset(current[-1].get("assumptions", [])))
