# SPDX-License-Identifier: MIT
"""The random graphs of ../graph_random.py as musl gets them, and how they are built."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from musl import DRIVER_SOURCES, ENTRY, HERE, LOADER

import graph_build
import made
from graph_build import Builder, Toolbox
from graph_model import Graph, Reference
from graph_random import make_graph
from loader import DRIVER_OPTIONS

if TYPE_CHECKING:
    from foreign_machines import Machine

LIBC_REFERENCES = (Reference("puts", "call"), Reference("getppid", "call"), Reference("labs", "got"),
                   Reference("malloc", "call"), Reference("free", "got"), Reference("open64", "call"))

graph_build.LIBC_REFERENCES = LIBC_REFERENCES


def make_plain(seed: int, root: str) -> Graph:
    """The graph of a seed as musl gets it."""
    graph = make_graph(seed, root)
    _plainer(random.Random(f"{seed}/musl"), graph)
    return graph


def _plainer(rng: random.Random, graph: Graph) -> None:
    """Takes away some of what musl finds nothing by."""
    keep_ifuncs, keep_versions, joined = rng.random() < 0.15, rng.random() < 0.3, rng.random() < 0.85
    program = graph.executable

    def definitions(found):
        found = [d if keep_ifuncs or d.kind != "ifunc" else replace(d, kind="func") for d in found]
        if keep_versions:
            return found
        return list({d.name: replace(d, node="", default=True) for d in found}.values())

    def references(found):
        # The loader dies of a weak reference to a thread-local variable that nobody defines.
        found = [r for r in found if not (r.weak and r.name[0] == "t") or rng.random() < 0.03]
        return found if keep_versions else [replace(r, node="") for r in found]

    at_start = graph.closure(program.needed)
    for made in graph.objects:
        made.definitions, made.stub = definitions(made.definitions), definitions(made.stub)
        made.references = references(made.references)
        if made.index not in at_start and rng.random() < 0.6:
            # What nobody promises may wait where the object is opened RTLD_LAZY.
            made.references += [Reference(rng.choice(["f", "f", "d"]) + str(rng.randint(0, 5)),
                                          rng.choice(["call", "call", "got"])) for _ in range(rng.randint(1, 3))]
        if not keep_versions:
            made.nodes, made.stub_nodes = [], []
            made.changes = [change for change in made.changes if "version" not in change[1]]
        made.malloc = False
        # Otherwise some get an empty segment, which 1.2.2 refuses.
        made.options += ["-z", "noseparate-code"] if joined else []
        made.libc = rng.random() < 0.3
        if rng.random() < 0.15:
            made.options.append("-znorelro")
    program.driver = True
    program.definitions, program.references = definitions(program.definitions), references(program.references)
    graph.broken = [(path, "text" if what == "class" else what) for path, what in graph.broken]


class MuslBuilder(Builder):
    """The same files for musl, of this machine or another: the content of each variable tells whose it is."""

    def _assemble(self, name: str, text: str) -> Path:
        if name.startswith("object"):
            text = text.replace("\t.quad 1\n", f"\t.quad {int(name[6:]) + 2}\n")
        return super()._assemble(name, text)

    def _executable(self, program) -> Path:
        head = self.tools.dialect.head
        text = self._source(program.definitions, self._possible(program))
        if not program.pie:
            text = head + self.tools.dialect.fixed_head + text.removeprefix(head)
        own = self._assemble("program", text)
        output = self.root / program.directory / "program"
        command: list[str | Path] = [*self.tools.compiler, "-pie" if program.pie else "-no-pie", "-o", output,
                                     self.tools.driver, own, *(() if self.tools.machine else (*DRIVER_OPTIONS, *ENTRY))]
        options = [*program.options, *self._search_path(program.search_path, program.runpath),
                   "--allow-shlib-undefined", "--no-as-needed", *(() if program.pie else self.tools.dialect.fixed)]
        for option in options:
            command += ["-Xlinker", option]
        self._link([*command, *(self._stub_path(index) for index in program.needed)], output)
        return output


class Tools(Toolbox):
    """What is made once and linked into many graphs; `compiler` makes programs that musl runs."""

    def __init__(self, directory: Path, machine: Machine | None = None, compiler: Sequence[str] = ("musl-gcc",)) -> None:
        super().__init__(directory, machine)
        self.compiler = list(compiler)
        self.driver = directory / "driver.o"
        self.libc = directory / "libc.so"
        self.agent = directory / "agent.o" if machine is None else None
        self.interpreter = LOADER

    def compile(self) -> None:
        """Makes them; the workers only use them."""
        if self.agent:
            subprocess.run(["as", "-o", self.agent, HERE / "agent.s"], check=True)
        command = [*self.compiler, "-O1", "-fPIE", "-fno-optimize-sibling-calls", "-c", HERE / "driver.c"]
        if self.machine:
            subprocess.run([*command, "-o", self.driver], check=True)
        else:
            made.compile_once(command, self.driver, DRIVER_SOURCES)
        mark = self.dialect.mark
        names = "".join(f".globl {r.name}\n.type {r.name}, {mark}function\n{r.name}: {self.dialect.end}"
                        for r in LIBC_REFERENCES)
        subprocess.run([self.tool("gcc"), "-shared", "-nostdlib", "-Wl,-soname,libc.so", "-o", self.libc, "-x",
                        "assembler", "-"], input=self.dialect.head + names, text=True, check=True)
