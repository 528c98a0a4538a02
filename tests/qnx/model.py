# SPDX-License-Identifier: MIT
"""What the documents of qnx say, told once more: objects, scopes, placeholders, bindings.

Written from the rules (bindsim-qnx(7) numbers them) and not from bindsim's code, with none of its shortcuts: every
search goes through the scope from its beginning. It knows names, but no paths, versions or visibility.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field

import graphs


class Refused(Exception):
    """The loader gives up."""


@dataclass(eq=False)
class Placeholder:
    """A need that was not loaded when its scope was made. (Q-42)"""

    name: str
    owner: "Loaded"
    filled: "Loaded | None" = None


@dataclass(eq=False)
class Loaded:
    """An object in the process."""

    thing: graphs.Thing
    at_start: bool
    flags: frozenset = frozenset()
    links: list = field(default_factory=list)  # Loaded or Placeholder
    scope: list = field(default_factory=list)
    is_global: bool = False
    is_cut: bool = False
    falls_back: bool = False
    bound: dict = field(default_factory=dict)  # by (symbol, "plt" or "data")

    @property
    def name(self) -> str:
        """What it is called here."""
        return self.thing.name


class Process:
    """One run, step by step."""

    def __init__(self, question: graphs.Question) -> None:
        self.things = question.things
        self.bind_now = bool(question.environment.get("LD_BIND_NOW"))
        preload = question.environment.get("LD_PRELOAD", "").rpartition("/")[2].removesuffix(".so")
        self.order: list[Loaded] = []
        self.promoted: list[Loaded] = []
        self.preloads: list[Loaded] = []
        self.start: list[Loaded] = []
        self.opened: dict[int, Loaded] = {}
        self.over = False
        self.fresh: list[Loaded] = []
        self._start(preload)

    # ---- finding and loading

    def loaded(self, name: str) -> Loaded | None:
        """By soname, or by the name of its file, which all ask for in the same way here. (Q-9)"""
        return next((o for o in self.order if name == o.thing.soname or name == o.name), None)

    def _bring(self, name: str, at_start: bool, flags: frozenset) -> Loaded:
        found = self.loaded(name)
        if found:
            return found
        if name not in self.things or name == "X":
            raise Refused(name)
        new = Loaded(self.things[name], at_start, flags)
        self.order.append(new)
        self.fresh.append(new)
        return new

    def _start(self, preload: str) -> None:
        program = Loaded(self.things["X"], True)
        self.order.append(program)
        self.fresh.append(program)
        if preload and preload in self.things:  # one that is not there is passed over
            self.preloads.append(self._bring(preload, True, frozenset()))
        for o in self.order:  # grows: breadth-first
            for need in o.thing.needs:
                lazy = o is program and need in o.thing.marked
                there = self.loaded(need)
                o.links.append(there or (Placeholder(need, o) if lazy else self._bring(need, True, frozenset())))
        self.start = list(self.order)
        for o in self.order:
            o.is_global = True
            o.scope = list(self.start)
        if any(isinstance(link, Placeholder) for link in program.links):
            program.is_cut = True
            program.scope = [program, *self.preloads, *program.links, *self.start]
        self._symbolic_first(self.order)
        self._relocate()

    @staticmethod
    def _symbolic_first(objects: list[Loaded]) -> None:
        for o in objects:
            if o.thing.symbolic:
                o.scope.insert(0, o)

    def tree(self, root: Loaded) -> list[Loaded]:
        """It, its needs, theirs, as far as they are loaded."""
        found = [root]
        for o in found:
            for link in o.links:
                target = link.filled if isinstance(link, Placeholder) else link
                if target and target not in found:
                    found.append(target)
        return found

    def _load_needs(self, root: Loaded, first: int, flags: frozenset, on_demand: bool) -> None:
        """What an opening with these flags brings behind ROOT, and the scopes of all that is new."""
        scopes = flags & {"WORLD", "GROUP"}
        world = "WORLD" in scopes or not scopes
        group = "GROUP" in scopes or not scopes
        cut = "LAZYLOAD" in flags
        index = first
        while index < len(self.fresh) and (group or cut):
            o = self.fresh[index]
            index += 1
            for need in o.thing.needs:
                there = self.loaded(need)
                o.links.append(there or (Placeholder(need, o) if cut else self._bring(need, False, flags)))
        own = [root, *root.links] if cut else self.tree(root) if group else [root]
        head = self.start if world else self.preloads
        others = list(self.promoted) if world else []
        first_others = cut or not group  # else Q-22
        new = self.fresh[first:]
        for o in new:
            o.flags = flags
            o.scope = [*head, *others, *own] if first_others else [*head, *own, *others]
            o.is_cut = cut
            #
            o.falls_back = "LAZY" in flags and (world or "GROUP" not in flags) and not on_demand
        self._symbolic_first(new)

    def _fill(self, place: Placeholder) -> Loaded:
        """Loads what a placeholder stands for. (Q-44, Q-46)"""
        before = len(self.fresh)
        new = self._bring(place.name, False, frozenset())
        place.filled = new
        if len(self.fresh) > before:
            owner = place.owner
            self._load_needs(new, before, frozenset({"GROUP", "LAZYLOAD"}) | (owner.flags & {"NOW"}), True)
            if owner.is_global:
                self._promote(new)
        return new

    def _promote(self, o: Loaded) -> None:
        if not o.is_global:
            o.is_global = True
            self.promoted.append(o)

    # ---- binding

    def walk(self, scope: list, symbol: str, fills: bool = True):
        """Who defines it, and whether something would have to be loaded on the way."""
        loads = False
        for entry in scope:
            o = entry
            if isinstance(entry, Placeholder):
                o = entry.filled
                if o is None and fills:
                    o = self._fill(entry)
                elif o is None:
                    loads = True
                    o = self.loaded(entry.name)
                    thing = o.thing if o else self.things.get(entry.name)
                    if thing is None:
                        return None, True
                    if symbol in thing.defines:
                        return thing.name, True
                    continue
            if symbol in o.thing.defines:
                return o.name, loads
        return None, loads

    def binds_now(self, o: Loaded) -> bool:
        """Q-39"""
        return self.bind_now or o.thing.now or "NOW" in o.flags

    def _needed_now(self, o: Loaded):
        for symbol in o.thing.reads:
            yield symbol, "data"
        if self.binds_now(o):
            for symbol in o.thing.calls:
                if not (o.name == "X" and symbol in o.thing.defines):
                    yield symbol, "plt"

    def _relocate(self) -> None:
        """Binds what must be bound of all that is new, loading on the way. (Q-45, Q-51)"""
        for o in self.fresh:  # grows
            for symbol, kind in self._needed_now(o):
                self.walk(o.scope, symbol)
        for o in self.fresh:
            for symbol, kind in self._needed_now(o):
                found, _ = self.walk(o.scope, symbol)
                if found is None and kind == "plt" and o.falls_back:
                    found, _ = self.walk(self.promoted, symbol)
                if found is None:
                    raise Refused(symbol)
                o.bound[(symbol, kind)] = found

    def slot(self, o: Loaded, symbol: str):
        """What a first call would bind, and whether it would load something."""
        return self.walk(o.scope + (self.promoted if o.falls_back else []), symbol, False)

    # ---- steps

    def step(self, number: int, step: tuple) -> str:
        """Carries one out: "ok", "failed" or "ended"."""
        before = copy.deepcopy((self.order, self.promoted, self.preloads, self.start, self.opened))
        self.fresh = []
        try:
            return {"dlopen": self._dlopen, "call": self._call, "dlsym": self._dlsym}[step[0]](number, *step[1:])
        except Refused:
            self.over = step[0] == "call"
            self.order, self.promoted, self.preloads, self.start, self.opened = before
            return "failed"

    def _dlopen(self, number: int, name: str, flags: set, _spelled: str) -> str:
        flags = frozenset(flags - {"LAZY"} if {"LAZY", "NOW"} <= flags else flags)
        there = self.loaded(name)
        if not there and "NOLOAD" in flags:
            return "failed"
        root = there or self._bring(name, False, flags)
        if not there:
            self._load_needs(root, 0, flags, False)
            self._relocate()
        if "GLOBAL" in flags:
            for o in self.tree(root):
                self._promote(o)
        self.opened[number] = root
        return "ok"

    def _call(self, _number: int, name: str, symbol: str) -> str:
        caller = next((o for o in self.order if o.name == name), None)
        if caller is None or (symbol, "plt") in caller.bound:
            return "ok"
        found, _ = self.walk(caller.scope, symbol)
        if found is None and caller.falls_back:
            found, _ = self.walk(self.promoted, symbol)
        if found is None:
            raise Refused(symbol)
        self._relocate()
        caller.bound[(symbol, "plt")] = found
        return "ok"

    def _dlsym(self, _number: int, handle: str, symbol: str, caller: str) -> str:
        if handle.isdigit():
            root = self.opened.get(int(handle))
            if root is None:
                return "failed"
            scope = self.tree(root) if not root.is_cut else [root, *root.links]
            found, _ = self.walk(scope, symbol)
            self._relocate()
        else:
            asker = next(o for o in self.order if o.name == (caller or "X"))
            together = {asker}
            for o in self.order:
                if not o.at_start and asker in self.tree(o):
                    together |= set(self.tree(o))
            visible = [o for o in self.order if o.is_global or o in together]
            if handle == "NEXT":
                at = self.order.index(asker)
                visible = [o for o in visible if self.order.index(o) > at]
            found, _ = self.walk(visible, symbol)
        return "ok" if found else "failed"
