# SPDX-License-Identifier: MIT
"""Generates programs of many shared objects, the same bytes each time.

    program = generate(directory, Shape(objects=300, exports=200, references=100))

Objects are assembled, not compiled, and linked by several processes.  Names look like those of C++; every third object
has a version; an object refers to those behind it in the list, to itself, and to a few symbols that several define.
"""

from __future__ import annotations

import os
import random
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

NAMESPACES = ("engine", "storage", "network", "detail", "render", "session", "codec")
CLASSES = ("ConnectionManager", "PropertyTree", "BufferPool", "AsyncResultHandler", "SchemaValidator", "TokenStream")
METHODS = ("initialize", "processNextChunk", "registerObserver", "compareAndUpdate", "serializeTo", "lookupByName")
COMMON = 12  # symbols that a tenth of the objects define as weak, as inline functions are


@dataclass(frozen=True)
class Shape:
    """How large: objects beside the program, and in each the symbols it defines and refers to."""

    objects: int
    exports: int
    references: int
    own_share: float = 0.4  # of the references, to the object itself


def _mangled(number: int, index: int) -> str:
    parts = (NAMESPACES[index % len(NAMESPACES)], CLASSES[(index // 7) % len(CLASSES)] + str(number),
             METHODS[(index // 3) % len(METHODS)] + str(index))
    scopes = "".join(f"{len(part)}{part}" for part in parts)
    return f"_ZN{scopes}ERKNSt7__cxx1112basic_stringIcSt11char_traitsIcEEEi"


def _common(index: int) -> str:
    return f"_ZNSt6vectorIN6shared{len(str(index)) + 4}Item{index}ESaIS1_EE17_M_realloc_insertIJRKS1_EEEvv"


def _definition(name: str, weak: bool = False) -> str:
    return f"\t.{'weak' if weak else 'globl'} {name}\n\t.type {name}, @function\n{name}:\n\tret\n\t.size {name}, 1\n"


def _reference(name: str, call: bool) -> str:
    return f"\tcall {name}@PLT\n" if call else f"\tmov {name}@GOTPCREL(%rip), %rax\n"


def _object_source(number: int, shape: Shape, needs: list[int]) -> str:
    pick = random.Random(f"{number} {shape}")
    lines = ["\t.text\n"]
    lines += [_definition(_mangled(number, index)) for index in range(shape.exports)]
    if number % 10 == 0:
        lines += [_definition(_common(index), weak=True) for index in range(COMMON)]
    lines.append("code:\n")
    for index in range(shape.references):
        if not needs or pick.random() < shape.own_share:
            name = _mangled(number, pick.randrange(shape.exports))
        elif pick.random() < 0.05:
            name = _common(pick.randrange(COMMON))
        else:
            name = _mangled(pick.choice(needs), pick.randrange(shape.exports))
        lines.append(_reference(name, call=index % 2 == 0))
    return "".join([*lines, '\t.section .note.GNU-stack,"",@progbits\n'])


def _library(number: int) -> str:
    return f"libpart{number:04d}.so"


def _run(command: list[str], directory: Path, source: str | None = None) -> None:
    subprocess.run(command, input=source, text=True, cwd=directory, check=True)


def _link(directory: Path, shape: Shape, number: int) -> None:
    pick = random.Random(number)
    behind = range(number + 1, shape.objects)
    needs = sorted(pick.sample(behind, min(6, len(behind))) + list(behind[:1]))
    arguments = ["-Wl,-soname," + _library(number), *(f"-Wl,--no-as-needed,stubs/{_library(need)}" for need in
                                                      sorted(set(needs)))]
    if number % 3 == 0:
        (directory / f"{number}.map").write_text(f"PART_{number}.0 {{ global: *; }};\n")
        arguments.append(f"-Wl,--version-script,{number}.map")
    _run(["gcc", "-nostdlib", "-shared", "-Wl,--hash-style=gnu", "-Wl,--build-id=none", "-Wl,-z,lazy",
          "-Wl,--unresolved-symbols=ignore-all", "-x", "assembler", "-", "-x", "none", *arguments,
          "-o", _library(number)], directory, _object_source(number, shape, sorted(set(needs))))


def _stub(directory: Path, number: int) -> None:
    """What the linker needs of a library in order to name it, before the library is made."""
    _run(["gcc", "-nostdlib", "-shared", f"-Wl,-soname,{_library(number)}", "-Wl,--build-id=none", "-x", "assembler",
          "-", "-o", f"stubs/{_library(number)}"], directory, "")


def generate(directory: Path, shape: Shape) -> Path:
    """The program; its libraries lie beside it and are found by its RPATH."""
    program = directory / "program"
    if program.exists():
        return program
    (directory / "stubs").mkdir(parents=True)
    with ThreadPoolExecutor(os.cpu_count()) as workers:
        list(workers.map(lambda number: _stub(directory, number), range(shape.objects)))
        list(workers.map(lambda number: _link(directory, shape, number), range(shape.objects)))
    first = range(min(40, shape.objects))
    source = "\t.text\n\t.globl _start\n_start:\n" + "".join(
        _reference(_mangled(number, index), call=True) for number in first for index in range(min(5, shape.exports)))
    _run(["gcc", "-nostdlib", "-pie", "-Wl,--build-id=none", "-Wl,-z,lazy", "-Wl,--disable-new-dtags",
          "-Wl,-rpath,$ORIGIN", "-Wl,--allow-shlib-undefined", "-Wl,--no-as-needed", "-x", "assembler", "-", "-x",
          "none", *(_library(number) for number in first), "-o", "unfinished"], directory,
         source + '\thlt\n\t.section .note.GNU-stack,"",@progbits\n')
    (directory / "unfinished").rename(program)
    return program
