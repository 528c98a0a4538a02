# SPDX-License-Identifier: MIT
"""Builds the files of a graph: assembler sources, version scripts, one link against stubs per object.

Every object is assembled by hand-written instructions, since only those choose the kind of each relocation, and linked
by ld without any start-up files, which takes milliseconds.  The stubs stand for the needed objects at link time, so
cycles are no problem, and may promise other symbols and versions than the finished objects have.
"""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.append(str(Path(__file__).resolve().parents[1]))
import made as kept  # noqa: E402
from dialects import X86_64, Dialect  # noqa: E402
from elf_file import (DF_SYMBOLIC, STV_HIDDEN, STV_INTERNAL, STV_PROTECTED, ElfFile, change_binding, change_type,  # noqa: E402
                      change_visibility, clear_value)  # noqa: E402
from graph_model import DIRECTORIES, Definition, Executable, Graph, Reference, SharedObject  # noqa: E402
from loader import AGENT_COMPILING, AGENT_OPTIONS, DRIVER_OPTIONS, DRIVER_SOURCES, HERE, link_arguments  # noqa: E402

if TYPE_CHECKING:
    from foreign_machines import Machine

LIBC_REFERENCES = (Reference("puts", "call"), Reference("getppid", "call"), Reference("labs", "got"),
                   Reference("malloc", "call"), Reference("free", "got"), Reference("errno", "tlsie"))
_CHANGES = {"protected": change_visibility(STV_PROTECTED), "hidden": change_visibility(STV_HIDDEN),
            "internal": change_visibility(STV_INTERNAL), "type3": change_type(3), "type8": change_type(8),
            "binding3": change_binding(3), "binding13": change_binding(13), "no value": clear_value}
_VERSION_CHANGES = {"flip version": lambda version: version ^ 0x8000, "show versions": lambda version: version & 0x7FFF}

# An allocator that works, for objects that take malloc's place: the process goes on to use it.  Its functions do not
# call each other, for such calls would bind lazily whenever the process happens to allocate.
MALLOC_SOURCE = """
typedef unsigned long size_t;
static char arena[1 << 26];
static size_t used;
static char *take(size_t size) { char *start = arena + used; used += (size + 31) & ~15UL; return start; }
void *malloc(size_t size) { return take(size); }
void *calloc(size_t count, size_t size) { return take(count * size); }
void free(void *pointer) { (void)pointer; }
void *realloc(void *old, size_t size) {
    char *start = take(size);
    for (size_t i = 0; old != 0 && i < size && (char *)old + i < arena + used; i++) start[i] = ((char *)old)[i];
    return start;
}
"""

_TYPES = {"func": "function", "notype": "notype", "ifunc": "gnu_indirect_function", "data": "object",
          "tls": "tls_object"}
_SECTIONS = {"func": ".text", "notype": ".text", "ifunc": ".text", "data": ".data",
             "tls": '.section .tdata, "awT", {0}progbits'}


def _run(command: Sequence[str | os.PathLike[str]], cwd: Path, text: str = "") -> None:
    done = subprocess.run(command, cwd=cwd, input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))} (in {cwd}): {done.stderr}")


@functools.cache
def _makers() -> list[bytes]:
    """Who writes the files, for made.py."""
    return kept.files(__file__, HERE / "elf_file.py")


@functools.cache
def _content(path: str, _when: int) -> bytes:
    """A file that is linked into many."""
    return kept.files(path)[0]


def _body(dialect: Dialect, kind: str) -> str:
    bodies = {"func": dialect.end, "notype": dialect.end, "ifunc": dialect.resolver}
    return bodies.get(kind, "\t.quad 1\n")


def _definition_text(definition: Definition, dialect: Dialect) -> str:
    label = f"{definition.name}__{definition.node}" if definition.node else definition.name
    kind = definition.kind if definition.kind != "ifunc" or dialect.ifunc else "func"
    type_name = "gnu_unique_object" if definition.binding == "unique" else _TYPES[kind]
    data = kind == "data" or (kind == "notype" and definition.name[0] in "du")
    kind_of_place = "data" if data else kind
    lines = [_SECTIONS[kind_of_place].format(dialect.mark), f".{'weak' if definition.binding == 'weak' else 'globl'} {label}",
             f".type {label}, {dialect.mark}{type_name}", f".size {label}, {definition.size}"]
    if definition.visibility != "default":
        lines.append(f".{definition.visibility} {label}")
    lines.append(f"{label}:\n{_body(dialect, kind_of_place)}\t.zero {definition.size - 8}\n")
    if definition.node:
        at = "@@" if definition.default else "@"
        lines.append(f".symver {label}, {definition.name}{at}{definition.node}, remove")
    return "\n".join(lines)


def _reference_text(reference: Reference, dialect: Dialect) -> tuple[str, str]:
    name, head = reference.name, ""
    if reference.node:
        name = f"{reference.name}__ref_{reference.node}"
        head = f".symver {name}, {reference.name}@{reference.node}\n"
    if reference.weak:
        head += f".weak {name}\n"
    code, data = dialect.use(reference.how)
    return head + code.format(name), data.format(name)


def source(definitions: Sequence[Definition], references: Sequence[Reference], start: bool = False,
           dialect: Dialect = X86_64) -> str:
    """The assembler source of one object; `start` adds an entry point that ends the process."""
    uses = [_reference_text(reference, dialect) for reference in references]
    parts = [dialect.head, *(_definition_text(definition, dialect) + "\n" for definition in definitions)]
    # What resolvers choose is marked by the eight bytes before it, for the driver's eyes.
    parts.append(f'.text\n.balign 8\n.asciz "IFUNC\\0\\0"\n.Lchosen:\n{dialect.end}.Luses:\n')
    parts.append("".join(code for code, _ in uses))
    parts.append(f"{dialect.end}.data\n.Lwords:\n\t{dialect.word} .Lwords\n" + "".join(data for _, data in uses))
    if start:
        parts.append(f".text\n.globl _start, __start\n_start:\n__start:\n{dialect.exit}")
    parts.append(f'.section .note.GNU-stack, "", {dialect.mark}progbits\n')
    return "".join(parts)


class Builder:
    """Builds one graph below `root`; what all graphs share (driver objects, libc's path) comes from `Toolbox`."""

    def __init__(self, graph: Graph, root: Path, tools: Toolbox) -> None:
        self.graph, self.root, self.tools = graph, root, tools
        self.work = root / ".build"
        self._sources: dict[str, str] = {}  # of objects that are assembled when they are linked

    def build(self) -> Path:
        """Makes all files and returns the program's path."""
        for directory in [*DIRECTORIES, ".build"]:
            (self.root / directory).mkdir(parents=True, exist_ok=True)
        (self.root / "afile").write_text("not a directory\n")
        for made in self.graph.objects:
            self._stub(made)
        for made in self.graph.objects:
            if not made.missing:
                self._object(made)
        self._links()
        return self._executable(self.graph.executable)

    def _assemble(self, name: str, text: str) -> Path:
        output = self.work / f"{name}.o"
        self._sources[str(output)] = text
        return output

    def _link(self, command: Sequence[str | Path], output: Path, changes: str = "", change: Callable[[], None] | None = None) -> None:
        """Runs COMMAND, which writes OUTPUT, and has it changed; or takes what was made before of the same parts."""
        words = [str(word) for word in command]
        sources = [word for word in words if word in self._sources]

        def make() -> None:
            for word in sources:
                _run([self.tools.tool("as"), *self.tools.dialect.assembler_options, "-o", word, "-"], self.work, self._sources[word])
            _run(words, self.work)
            if change:
                change()
        ingredients = [*_makers(), changes, *self._parts(words, output)]
        if self.tools.machine or any(os.fsencode(self.root) in os.fsencode(part) for part in ingredients):
            make()
        else:
            kept.once(ingredients, output, make)

    def _parts(self, words: Sequence[str], output: Path) -> Iterator[str | bytes]:
        """What the words of a command stand for."""
        for word in words:
            option, equals, path = word.rpartition("=")
            if path == str(output):
                yield "output"
            elif path in self._sources:
                yield self._sources[path]
            elif os.path.isabs(path) and os.path.isfile(path):
                yield option + equals
                yield _content(path, os.stat(path).st_mtime_ns)
            else:
                yield word

    def _source(self, definitions: Sequence[Definition], references: Sequence[Reference], start: bool = False) -> str:
        return source(definitions, references, start, self.tools.dialect)

    def _known(self, options: Sequence[str]) -> list[str]:
        return [option for option in options if option not in self.tools.dialect.without_options]

    def _script(self, name: str, nodes: Sequence[tuple[str, str]]) -> list[str]:
        if not nodes:
            return []
        path = self.work / f"{name}.map"
        path.write_text("".join(f"{node} {{ }} {parent};\n" for node, parent in nodes))
        return [f"--version-script={path}"]

    def _stub_path(self, index: int) -> Path:
        return self.work / f"stub{index}.so"

    def _stub(self, made: SharedObject) -> None:
        """A stub has no protected symbols, for the linker refuses copies of them where the loader only warns."""
        definitions = [replace(d, visibility="default") for d in made.stub if d.visibility != "hidden"]
        stub = self._assemble(f"stub{made.index}", self._source(definitions, ()))
        output = self._stub_path(made.index)
        self._link([self.tools.tool("ld"), "-shared", "-o", output, f"-soname={made.request}",
                    *self._script(f"stub{made.index}", made.stub_nodes), stub], output)

    def _search_path(self, directories: Sequence[str], runpath: bool) -> list[str]:
        if not directories:
            return []
        return ["-rpath", ":".join(directories), "--enable-new-dtags" if runpath else "--disable-new-dtags"]

    def _object(self, made: SharedObject) -> None:
        references = [*made.references, *(LIBC_REFERENCES if made.libc else ())]
        inputs = [self._assemble(f"object{made.index}", self._source(made.definitions, references))]
        inputs += [self.tools.agent] if self.tools.agent else []
        if made.malloc:
            inputs.append(self.tools.malloc)
        output = self.root / made.place
        output.parent.mkdir(parents=True, exist_ok=True)
        command: list[str | Path] = [self.tools.tool("ld"), "-shared", "-o", output, *self._known(made.options),
                                     *(AGENT_OPTIONS if self.tools.agent else ()), *inputs]
        command += [*self._script(f"{made.index}", made.nodes), *self._search_path(made.search_path, made.runpath)]
        command += [f"-soname={made.soname}"] if made.soname else []
        command += [f"-f{self.graph.objects[index].request}" for index in made.auxiliary]
        command += [f"-F{self.graph.objects[index].request}" for index in made.filters]
        command += ["-zorigin"] if made.symbolic_flag else []
        command += ["--no-as-needed", *(self._stub_path(index) for index in made.needed)]
        command += [self.tools.libc] if made.libc else []
        self._link(command, output, repr((made.symbolic_flag, made.changes)), lambda: self._change(made, output))

    @staticmethod
    def _change(made: SharedObject, output: Path) -> None:
        file = ElfFile(output)
        changed = file.repair_versions() > 0
        if made.symbolic_flag:
            file.add_dynamic_flags(DF_SYMBOLIC)
        for name, change in made.changes:
            if change in _VERSION_CHANGES:
                file.change_versions(name, _VERSION_CHANGES[change])
            else:
                file.change_symbols(name, _CHANGES[change])
        if changed or made.symbolic_flag or made.changes:
            file.save()

    def _links(self) -> None:
        for path, target in self.graph.links:
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            if not os.path.lexists(self.root / path):
                os.symlink(os.path.relpath(self.root / target, (self.root / path).parent), self.root / path)
        for path, target in self.graph.hard_links:
            if not os.path.lexists(self.root / path) and (self.root / target).exists():
                os.link(self.root / target, self.root / path)
        os.symlink("loop", self.root / "loop")
        for path, what in self.graph.broken:
            if not os.path.lexists(self.root / path):
                self._broken(self.root / path, what)

    def _broken(self, path: Path, what: str) -> None:
        if what == "directory":
            path.mkdir()
            return
        content = bytearray(self._stub_path(0).read_bytes())
        if what == "class":
            content[4] ^= 3
        elif what == "machine":
            content[18:20] = self.tools.other_machine
        else:
            content = bytearray(b"" if what == "empty" else b"no object, only text\n" * 20)
        path.write_bytes(content)

    def _possible(self, program: Executable) -> list[Reference]:
        if not program.pie or self.tools.dialect.pie_copies:
            return program.references
        return [replace(reference, how="got" if reference.how == "copy" else reference.how)
                for reference in program.references]

    def _executable(self, program: Executable) -> Path:
        text = self._source(program.definitions, self._possible(program), start=not program.driver)
        if not program.pie:
            head = self.tools.dialect.head
            text = head + self.tools.dialect.fixed_head + text.removeprefix(head)
        own = self._assemble("program", text)
        output = self.root / program.directory / "program"
        options = [*program.options, *self._search_path(program.search_path, program.runpath), "-znow",
                   "--allow-shlib-undefined", "--no-as-needed", *(() if program.pie else self.tools.dialect.fixed)]
        stubs = [self._stub_path(index) for index in program.needed]
        if program.driver:
            command: list[str | Path] = [self.tools.tool("gcc"), "-pie" if program.pie else "-no-pie", "-o", output,
                                         self.tools.driver[program.pie], own,
                                         *DRIVER_OPTIONS]
            for option in options:
                command += ["-Xlinker", option]
            self._link([*command, *stubs, *link_arguments()], output)
        else:
            kind = ["-pie"] if program.pie else []
            self._link([self.tools.tool("ld"), *kind, "-dynamic-linker", self.tools.interpreter, "-o", output, own, *options, *stubs],
                       output)
        return output


class Toolbox:
    """What is compiled once and linked into many graphs, by the host's toolchain or the one of another machine."""

    def __init__(self, directory: Path, machine: Machine | None = None) -> None:
        self.machine = machine
        self.dialect = machine.dialect if machine else X86_64
        self.driver = {pie: directory / f"driver{int(pie)}.o" for pie in (False, True)}
        self.agent: Path | None = directory / "agent.o"  # None: no object makes calls by itself
        self.malloc = directory / "malloc.o"
        self.libc = self._ask("-print-file-name=libc.so.6", directory)
        self.interpreter = machine.interpreter if machine else "/lib64/ld-linux-x86-64.so.2"

    @property
    def other_machine(self) -> bytes:
        """e_machine of some machine that the graph's is not: AArch64, or for it SPARC."""
        number = 43 if self.machine and self.machine.name == "aarch64" else 183
        return number.to_bytes(2, "big" if self.machine and self.machine.name == "s390x" else "little")

    def tool(self, name: str) -> str:
        """The program of the toolchain that is called `name`."""
        return self.machine.tool(name) if self.machine else name

    def _ask(self, option: str, directory: Path) -> str:
        return subprocess.run([self.tool("gcc"), option], cwd=directory, capture_output=True, text=True,
                              check=True).stdout.strip()

    def compile(self) -> None:
        """Compiles the shared parts; the workers only use them."""
        for pie, output in self.driver.items():
            self._compile(["-O1", "-fno-optimize-sibling-calls", "-fPIE" if pie else "-fno-pie", HERE / "driver.c"], output)
        self._compile([*AGENT_COMPILING, HERE / "agent.c"], self.agent)
        self._compile(["-O1", "-fPIC", "-ffreestanding", "-fno-builtin", "-x", "c", "-"], self.malloc, MALLOC_SOURCE)

    def _compile(self, words: Sequence[str | Path], output: Path, text: str = "") -> None:
        kept.compile_once([self.tool("gcc"), "-c", *words], output, DRIVER_SOURCES, text)
