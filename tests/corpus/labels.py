# SPDX-License-Identifier: MIT
"""What a labelled case is made of: packages, what a program with them opens, and what harm that does."""

from __future__ import annotations

from dataclasses import dataclass, field

LIBRARIES = "/usr/lib/x86_64-linux-gnu"
Bound = tuple[tuple[str, str, int], ...]


@dataclass(frozen=True)
class Plan:
    """Steps as FILE:FLAGS; `harms` are pairs FROM, TO of patterns for base names, of which one must be an error.

    A plan without `harms` does no harm, or, if it `may_harm`, is asked nothing but an answer.  `bound` is what the
    real loader binds across: FROM, TO as in `harms` and the number of different symbols.  `known_wrong` is the reason
    why the tool judges otherwise than the label; the suite fails once it does not.
    """

    name: str
    steps: tuple[str, ...] = ()
    harms: tuple[tuple[str, str], ...] = ()
    may_harm: bool = False
    bound: Bound = ()
    known_wrong: str = ""


@dataclass(frozen=True)
class Case:
    """Packages, a program in them (None: an empty one), and what it is asked to open.

    Debian's `packages` come with what they need and are unpacked to {T}, `wheels`, as NAME==VERSION, to {T}/wheels, and
    `npm` packages, as NAME@VERSION, to {T}/node_modules/NAME.  `why` is the judgement of the labels.
    """

    name: str
    packages: tuple[str, ...]
    plans: tuple[Plan, ...]
    program: str | None = None
    environment: dict[str, str] = field(default_factory=dict)
    wheels: tuple[str, ...] = ()
    npm: tuple[str, ...] = ()
    why: str = ""


def pair(first: str, second: str, harms: tuple[tuple[str, str], ...], deepbind: bool = True, bound: Bound = ()) -> list[Plan]:
    """One library for all to see and then another: as it is, with RTLD_LOCAL, with RTLD_DEEPBIND.

    What is `bound` across as it is, is not in the other two.
    """
    apart = tuple((source, target, 0) for source, target, _ in bound)
    plans = [Plan("as it is", (f"{first}:NOW,GLOBAL", f"{second}:NOW"), harms, bound=bound),
             Plan("LOCAL", (f"{first}:NOW", f"{second}:NOW"), bound=apart)]
    return plans + ([Plan("DEEPBIND", (f"{first}:NOW,GLOBAL", f"{second}:NOW,DEEPBIND"), bound=apart)] if deepbind else [])


def other_order(first: str, second: str, *harms: tuple[str, str], bound: Bound = ()) -> Plan:
    """The same two, the other way round."""
    return Plan("other order", (f"{first}:NOW,GLOBAL", f"{second}:NOW"), harms, bound=bound)
