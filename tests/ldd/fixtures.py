# SPDX-License-Identifier: MIT
"""Programs that lack something: libraries, versions, symbols.

    for fixture in build(directory): ...

Each is built with libraries that are then replaced or taken away, so that only the loader finds out.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

# What each library exports; a program refers to it in one of three ways.
CALL, ADDRESS, WEAK = "call", "address", "weak"


def _source(exports: tuple[str, ...], references: tuple[tuple[str, str], ...]) -> str:
    lines = []
    for name in exports:
        lines += ["\t.text", f"\t.globl {name}", f"\t.type {name}, @function", f"{name}:", "\tret", f"\t.size {name}, 1"]
    for name, how in references:
        if how == CALL:
            lines += ["\t.text", f"\tcall {name}@PLT"]
        elif how == WEAK:
            lines += [f"\t.weak {name}", "\t.data", f"\t.quad {name}"]
        else:
            lines += ["\t.data", f"\t.quad {name}"]
    return "\n".join([*lines, '\t.section .note.GNU-stack,"",@progbits', ""])


class Workshop:
    """Links what a fixture is made of, in a directory of its own."""

    def __init__(self, directory: Path):
        self.directory = directory
        directory.mkdir(parents=True)

    def _link(self, output: str, source: str, arguments: list[str]) -> Path:
        assembly = self.directory / (output + ".s")
        assembly.write_text(source)
        subprocess.run(["gcc", "-nostdlib", assembly.name, *arguments, "-o", output, "-Wl,--allow-shlib-undefined",
                        "-Wl,--unresolved-symbols=ignore-all", "-Wl,--build-id=none", "-Wl,--no-as-needed",
                        "-L.", "-Wl,-rpath,$ORIGIN"], check=True, cwd=self.directory)
        assembly.unlink()
        return self.directory / output

    def library(self, name: str, exports: tuple[str, ...] = (), references: tuple[tuple[str, str], ...] = (),
                needs: tuple[str, ...] = (), versions: str = "") -> Path:
        """A shared object NAME; VERSIONS is a version script."""
        arguments = ["-shared", f"-Wl,-soname,{name}", *(f"-l:{need}" for need in needs)]
        if versions:
            (self.directory / "versions").write_text(versions)
            arguments.append("-Wl,--version-script,versions")
        return self._link(name, _source(exports, references), arguments)

    def program(self, references: tuple[tuple[str, str], ...] = (), needs: tuple[str, ...] = (),
                now: bool = False) -> Path:
        """The program `app`, a position-independent executable."""
        source = "\t.text\n\t.globl _start\n_start:\n\thlt\n" + _source((), references)
        return self._link("app", source, ["-pie", "-Wl,-z," + ("now" if now else "lazy"),
                                          *(f"-l:{need}" for need in needs)])

    def remove(self, *names: str) -> None:
        """Takes libraries away that the linker needed to see."""
        for name in names:
            (self.directory / name).unlink()


def _missing(shop: Workshop) -> Path:
    """Two libraries ask for the same one that is not there, and the program for another."""
    for name in ("libgone.so", "libalso.so"):
        shop.library(name, ("gone",))
    shop.library("liba.so", ("a",), (("gone", CALL),), ("libgone.so",))
    shop.library("libb.so", ("b",), (("gone", ADDRESS),), ("libgone.so", "liba.so"))
    program = shop.program((("a", CALL), ("b", CALL)), ("liba.so", "libalso.so", "libb.so"))
    shop.remove("libgone.so", "libalso.so")
    return program


def _missing_before_loader(shop: Workshop) -> Path:
    """A missing library stands before the need for ld.so itself."""
    shop.library("libgone.so", ("gone",))
    program = shop.program((("__tls_get_addr", CALL),), ("libgone.so", "ld-linux-x86-64.so.2", "libc.so.6"))
    shop.remove("libgone.so")
    return program


def _missing_versions(shop: Workshop) -> Path:
    """One library lost a version, another all versions, a third is not there."""
    for name in ("libv.so", "libn.so", "libm0.so"):
        number = name[3]
        shop.library(name, (f"{number}1", f"{number}2"),
                     versions=f"V_{number}_1 {{ global: {number}1; }}; V_{number}_2 {{ global: {number}2; }};")
    references = tuple((f"{number}{i}", CALL) for number in "vnm" for i in (1, 2))
    program = shop.program(references, ("libv.so", "libn.so", "libm0.so"))
    shop.library("libv.so", ("v1",), versions="V_v_1 { global: v1; };")
    shop.library("libn.so", ("n1", "n2"))
    shop.remove("libm0.so")
    return program


UNDEFINED = (("u1", ADDRESS), ("u2", ADDRESS), ("u1", ADDRESS), ("u1", CALL), ("u3", CALL), ("u4", WEAK),
             ("u2", CALL), ("u2", ADDRESS))


def _undefined(shop: Workshop) -> Path:
    """Symbols that nobody defines, of the program and of a library."""
    shop.library("liba.so", ("a",), UNDEFINED)
    return shop.program((("a", CALL), *UNDEFINED), ("liba.so",))


def _undefined_now(shop: Workshop) -> Path:
    """The same in a program that binds at once."""
    shop.library("liba.so", ("a",), UNDEFINED)
    return shop.program((("a", CALL), *UNDEFINED), ("liba.so",), now=True)


def _unused(shop: Workshop) -> Path:
    """Some libraries are called, some are referred to, some are neither."""
    for name in "abcd":
        shop.library(f"lib{name}.so", (name,))
    shop.library("libgone.so")
    program = shop.program((("b", CALL), ("d", ADDRESS)), ("liba.so", "libb.so", "libgone.so", "libc.so", "libd.so"))
    shop.remove("libgone.so")
    return program


def _no_elf(shop: Workshop) -> Path:
    """A library that the loader refuses: there is no list then."""
    shop.library("libgone.so")
    shop.library("liba.so")
    program = shop.program((), ("libgone.so", "liba.so"))
    shop.remove("libgone.so")
    (shop.directory / "liba.so").write_bytes(b"no ELF file" * 100)
    return program


def _other_class(shop: Workshop) -> Path:
    """A library of the other class counts as missing."""
    path = shop.library("liba.so")
    program = shop.program((), ("liba.so",))
    data = bytearray(path.read_bytes())
    data[4] = 1
    path.write_bytes(data)
    return program


def _no_needs(shop: Workshop) -> Path:
    """A program without DT_NEEDED."""
    return shop.program()


def _library(shop: Workshop) -> Path:
    """A shared object stands in for the program."""
    shop.library("libgone.so", ("gone",))
    path = shop.library("liba.so", ("a",), (("gone", CALL), ("u1", ADDRESS)), ("libgone.so",))
    shop.remove("libgone.so")
    return path


def build(directory: Path) -> list[Path]:
    """All fixtures, each in a directory below."""
    makers = (_missing, _missing_before_loader, _missing_versions, _undefined, _undefined_now, _unused, _no_elf,
              _other_class, _no_needs, _library)
    return [make(Workshop(directory / make.__name__.strip("_"))) for make in makers]
