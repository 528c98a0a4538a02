# SPDX-License-Identifier: MIT
"""Builds the files of a graph: assembler sources, version scripts, one link against stubs per object.

Every object is assembled by hand-written instructions, since only those choose the kind of each relocation, and linked
by ld without any start-up files, which takes milliseconds.  The stubs stand for the needed objects at link time, so
cycles are no problem, and may promise other symbols and versions than the finished objects have.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from elf_file import (DF_SYMBOLIC, STV_HIDDEN, STV_INTERNAL, STV_PROTECTED, ElfFile, change_binding, change_type,
                      change_visibility, clear_value)
from graph_model import DIRECTORIES, Definition, Executable, Graph, Reference, SharedObject
from loader import AGENT_OPTIONS, DRIVER_OPTIONS, HERE, link_arguments

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

_USES = {
    "call": ("\tcall {0}@PLT\n", ""), "got": ("\tmovq {0}@GOTPCREL(%rip), %rax\n", ""), "word": ("", "\t.quad {0}\n"),
    "copy": ("\tmovq {0}(%rip), %rax\n", ""), "canonical": ("\tmovq ${0}, %rax\n", ""),
    "tlsgd": ("\tleaq {0}@tlsgd(%rip), %rdi\n", ""), "tlsie": ("\tmovq {0}@gottpoff(%rip), %rax\n", ""),
    "tlsdesc": ("\tleaq {0}@tlsdesc(%rip), %rax\n\tcall *{0}@tlscall(%rax)\n", ""),
}
_TYPES = {"func": "@function", "notype": "@notype", "ifunc": "@gnu_indirect_function", "data": "@object",
          "tls": "@tls_object"}
_BODIES = {"func": "\tret\n", "notype": "\tret\n", "data": "\t.quad 1\n", "tls": "\t.quad 1\n",
           "ifunc": "\tleaq .Lchosen(%rip), %rax\n\tret\n"}
_SECTIONS = {"func": ".text", "notype": ".text", "ifunc": ".text", "data": ".data",
             "tls": '.section .tdata, "awT", @progbits'}


def _run(command: Sequence[str | os.PathLike[str]], cwd: Path, text: str = "") -> None:
    done = subprocess.run(command, cwd=cwd, input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))} (in {cwd}): {done.stderr}")


def _definition_text(definition: Definition) -> str:
    label = f"{definition.name}__{definition.node}" if definition.node else definition.name
    kind = "@gnu_unique_object" if definition.binding == "unique" else _TYPES[definition.kind]
    data = definition.kind == "data" or (definition.kind == "notype" and definition.name[0] in "du")
    kind_of_place = "data" if data else definition.kind
    lines = [_SECTIONS[kind_of_place], f".{'weak' if definition.binding == 'weak' else 'globl'} {label}",
             f".type {label}, {kind}", f".size {label}, {definition.size}"]
    if definition.visibility != "default":
        lines.append(f".{definition.visibility} {label}")
    lines.append(f"{label}:\n{_BODIES[kind_of_place]}\t.zero {definition.size - 8}\n")
    if definition.node:
        at = "@@" if definition.default else "@"
        lines.append(f".symver {label}, {definition.name}{at}{definition.node}, remove")
    return "\n".join(lines)


def _reference_text(reference: Reference) -> tuple[str, str]:
    name, head = reference.name, ""
    if reference.node:
        name = f"{reference.name}__ref_{reference.node}"
        head = f".symver {name}, {reference.name}@{reference.node}\n"
    if reference.weak:
        head += f".weak {name}\n"
    code, data = _USES[reference.how]
    return head + code.format(name), data.format(name)


def source(definitions: Sequence[Definition], references: Sequence[Reference], start: bool = False) -> str:
    """The assembler source of one object; `start` adds an entry point that ends the process."""
    uses = [_reference_text(reference) for reference in references]
    parts = [_definition_text(definition) + "\n" for definition in definitions]
    parts.append(".text\n.Lchosen:\n\tret\n\t.ascii \"IFUNC\"\n.Luses:\n" + "".join(code for code, _ in uses))
    parts.append("\tret\n.data\n.Lwords:\n\t.quad .Lwords\n" + "".join(data for _, data in uses))
    if start:
        parts.append(".text\n.globl _start\n_start:\n\tmovl $231, %eax\n\txorl %edi, %edi\n\tsyscall\n")
    parts.append('.section .note.GNU-stack, "", @progbits\n')
    return "".join(parts)


class Builder:
    """Builds one graph below `root`; what all graphs share (driver objects, libc's path) comes from `Toolbox`."""

    def __init__(self, graph: Graph, root: Path, tools: Toolbox) -> None:
        self.graph, self.root, self.tools = graph, root, tools
        self.work = root / ".build"

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
        _run(["as", "-o", output, "-"], self.work, text)
        return output

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
        stub = self._assemble(f"stub{made.index}", source(definitions, ()))
        _run(["ld", "-shared", "-o", self._stub_path(made.index), f"-soname={made.request}",
              *self._script(f"stub{made.index}", made.stub_nodes), stub], self.work)

    def _search_path(self, directories: Sequence[str], runpath: bool) -> list[str]:
        if not directories:
            return []
        return ["-rpath", ":".join(directories), "--enable-new-dtags" if runpath else "--disable-new-dtags"]

    def _object(self, made: SharedObject) -> None:
        references = [*made.references, *(LIBC_REFERENCES if made.libc else ())]
        inputs = [self._assemble(f"object{made.index}", source(made.definitions, references)), self.tools.agent]
        if made.malloc:
            inputs.append(self.tools.malloc)
        output = self.root / made.place
        output.parent.mkdir(parents=True, exist_ok=True)
        command: list[str | Path] = ["ld", "-shared", "-o", output, *made.options, *AGENT_OPTIONS, *inputs]
        command += [*self._script(f"{made.index}", made.nodes), *self._search_path(made.search_path, made.runpath)]
        command += [f"-soname={made.soname}"] if made.soname else []
        command += [f"-f{self.graph.objects[index].request}" for index in made.auxiliary]
        command += [f"-F{self.graph.objects[index].request}" for index in made.filters]
        command += ["-zorigin"] if made.symbolic_flag else []
        command += ["--no-as-needed", *(self._stub_path(index) for index in made.needed)]
        command += [self.tools.libc] if made.libc else []
        _run(command, self.work)
        self._change(made, output)

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
            content[4] = 1
        elif what == "machine":
            content[18] = 183
        else:
            content = bytearray(b"" if what == "empty" else b"no object, only text\n" * 20)
        path.write_bytes(content)

    def _executable(self, program: Executable) -> Path:
        own = self._assemble("program", source(program.definitions, program.references, start=not program.driver))
        output = self.root / program.directory / "program"
        options = [*program.options, *self._search_path(program.search_path, program.runpath), "-znow",
                   "--allow-shlib-undefined", "--no-as-needed"]
        stubs = [self._stub_path(index) for index in program.needed]
        if program.driver:
            command: list[str | Path] = ["gcc", "-pie" if program.pie else "-no-pie", "-o", output,
                                         self.tools.driver[program.pie], own, *DRIVER_OPTIONS]
            for option in options:
                command += ["-Xlinker", option]
            _run([*command, *stubs, *link_arguments()], self.work)
        else:
            kind = ["-pie"] if program.pie else []
            _run(["ld", *kind, "-dynamic-linker", self.tools.interpreter, "-o", output, own, *options, *stubs],
                 self.work)
        return output


class Toolbox:
    """What is compiled once and linked into many graphs."""

    def __init__(self, directory: Path) -> None:
        self.driver = {pie: directory / f"driver{int(pie)}.o" for pie in (False, True)}
        self.agent = directory / "agent.o"
        self.malloc = directory / "malloc.o"
        self.libc = self._ask("-print-file-name=libc.so.6", directory)
        self.interpreter = "/lib64/ld-linux-x86-64.so.2"

    @staticmethod
    def _ask(option: str, directory: Path) -> str:
        return subprocess.run(["gcc", option], cwd=directory, capture_output=True, text=True, check=True).stdout.strip()

    def compile(self) -> None:
        """Compiles the shared parts; the workers only use them."""
        for pie, output in self.driver.items():
            _run(["gcc", "-O1", "-fno-optimize-sibling-calls", "-fPIE" if pie else "-fno-pie", "-c", "-o", output,
                  HERE / "driver.c"], output.parent)
        _run(["as", "-o", self.agent, HERE / "agent.s"], self.agent.parent)
        _run(["gcc", "-O1", "-fPIC", "-ffreestanding", "-fno-builtin", "-x", "c", "-c", "-o", self.malloc, "-"],
             self.malloc.parent, MALLOC_SOURCE)
