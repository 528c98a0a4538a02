# SPDX-License-Identifier: MIT
"""What a random graph of shared objects consists of: what each object defines, refers to, needs, and how it is linked.

All names come from small pools, so that objects define the same names over and over: who wins is the question that
the graphs put.  The first letter of a name tells what kind of thing it is (f function, i IFUNC, d data, u unique data,
t thread-local), since the loader itself never checks and a mix-up of kinds would crash for reasons of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field

POOLS = {"f": 10, "d": 6, "i": 3, "u": 5, "t": 4}
NODES = ["V1", "V2", "V3", "V4"]
DIRECTORIES = ["a", "b", "c", "."]
SUBDIRECTORIES = ["a/glibc-hwcaps/x86-64-v2", "b/glibc-hwcaps/x86-64-v3", "c/tls", "a/x86_64"]


@dataclass(frozen=True)
class Flavour:
    """How often what occurs in a graph and in its plans.

    Most graphs have some of everything; others dwell on one matter, since what is rare in three places would hardly
    ever come together in one graph otherwise.  `foreign` references go to whatever name, promised by nobody, and
    `strong` ones among them have to be found sooner or later.
    """

    weights: dict[str, float] = field(default_factory=lambda: {"f": 5, "d": 3, "i": 1, "u": 2, "t": 1.5})
    protected: float = 0.06
    versioned: float = 0.5
    several_versions: float = 0.25
    changed: float = 0.07
    changes: tuple[str, ...] = ("protected",) * 10 + ("hidden",) * 3 + ("internal", "type3", "type8", "binding3",
                                                                       "binding13", "no value", "flip version")
    executable_weights: dict[str, float] = field(default_factory=lambda: {"f": 5, "d": 3, "i": 1, "u": 0.5, "t": 1.5})
    symbolic: float = 0.06
    copies: int = 3
    canonical: int = 2
    deepbind: float = 0.25
    sizes: tuple[int, ...] = (8,)
    tls_models: tuple[str, ...] = ("tlsgd", "tlsgd", "tlsie", "tlsdesc")
    pie: float = 0.5
    foreign: float = 15
    strong: float = 0.05
    lazy: float = 0.33
    bind_now: float = 0.4
    needs: tuple[int, ...] = (0, 1, 1, 2, 2, 3)
    program_needs: tuple[int, ...] = (0, 1, 2)


@dataclass(frozen=True)
class Definition:
    """A symbol that an object defines; without a `node` it is unversioned, or has the base version."""

    name: str
    kind: str
    binding: str = "global"
    visibility: str = "default"
    node: str = ""
    default: bool = True
    size: int = 8


@dataclass(frozen=True)
class Reference:
    """A use of a symbol: by a call, the GOT, a data word, a copy, a canonical PLT entry or one of the TLS models."""

    name: str
    how: str
    weak: bool = False
    node: str = ""


@dataclass
class SharedObject:
    """One object to build.  `stub` is what others see of it when they are linked: it may promise what is not kept."""

    index: int
    file: str
    directory: str
    soname: str | None
    request: str = ""
    definitions: list[Definition] = field(default_factory=list)
    stub: list[Definition] = field(default_factory=list)
    nodes: list[tuple[str, str]] = field(default_factory=list)
    stub_nodes: list[tuple[str, str]] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
    needed: list[int] = field(default_factory=list)
    auxiliary: list[int] = field(default_factory=list)
    filters: list[int] = field(default_factory=list)
    search_path: list[str] = field(default_factory=list)
    runpath: bool = True
    options: list[str] = field(default_factory=list)
    symbolic_flag: bool = False
    changes: list[tuple[str, str]] = field(default_factory=list)
    libc: bool = False
    malloc: bool = False
    missing: bool = False

    @property
    def place(self) -> str:
        """The path below the graph's directory."""
        return self.file if self.directory == "." else f"{self.directory}/{self.file}"


@dataclass
class Executable:
    """The program: the plan's driver, or one that only starts and ends."""

    driver: bool
    pie: bool
    directory: str
    definitions: list[Definition]
    references: list[Reference]
    needed: list[int]
    search_path: list[str]
    runpath: bool
    options: list[str]


@dataclass
class Graph:
    """Everything that a seed decides about the files."""

    seed: int
    flavour: Flavour
    objects: list[SharedObject]
    executable: Executable
    search: str
    links: list[tuple[str, str]] = field(default_factory=list)
    hard_links: list[tuple[str, str]] = field(default_factory=list)
    broken: list[tuple[str, str]] = field(default_factory=list)

    def closure(self, roots: list[int]) -> list[int]:
        """The objects that `roots` bring along, they included."""
        found: list[int] = []
        queue = list(roots)
        while queue:
            number = queue.pop(0)
            if number not in found:
                found.append(number)
                queue += self.objects[number].needed
        return found
