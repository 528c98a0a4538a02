# SPDX-License-Identifier: MIT
"""Just enough of ELF to tell which programs to run, and to change what no linker option changes."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

PT_DYNAMIC, PT_INTERP = 2, 3
SHT_DYNSYM, SHT_VERDEF, SHT_VERNEED, SHT_VERSYM = 11, 0x6FFFFFFD, 0x6FFFFFFE, 0x6FFFFFFF
DT_NULL, DT_FLAGS = 0, 30
DF_SYMBOLIC = 2
STV_INTERNAL, STV_HIDDEN, STV_PROTECTED = 1, 2, 3

_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_PROGRAM_HEADER = struct.Struct("<IIQQQQQQ")


class _Layout:
    """The records of one class and byte order.

    Program headers and symbols have their members in the order of the 64-bit class, whatever their order in the file.
    """

    def __init__(self, ident: bytes) -> None:
        order = "<" if ident[5] == 1 else ">"
        self.wide = ident[4] == 2
        self.header = struct.Struct(order + ("16sHHIQQQIHHHHHH" if self.wide else "16sHHIIIIIHHHHHH"))
        self._program_header = struct.Struct(order + ("IIQQQQQQ" if self.wide else "IIIIIIII"))
        self.section_header = struct.Struct(order + ("IIQQQQIIQQ" if self.wide else "IIIIIIIIII"))
        self.symbol = struct.Struct(order + ("IBBHQQ" if self.wide else "IIIBBH"))
        self.dynamic = struct.Struct(order + ("qQ" if self.wide else "iI"))
        self.verdef = struct.Struct(order + "HHHHIII")
        self.verneed = struct.Struct(order + "HHIII")
        self.vernaux = struct.Struct(order + "IHHII")
        self.half = struct.Struct(order + "H")

    def program_header(self, data: bytes | bytearray, position: int) -> tuple[int, ...]:
        """type, flags, offset, vaddr, paddr, filesz, memsz, align."""
        fields = self._program_header.unpack_from(data, position)
        return fields if self.wide else (fields[0], fields[6], *fields[1:6], fields[7])

    def read_symbol(self, data: bytes | bytearray, position: int) -> list[int]:
        """name, info, other, section, value, size."""
        fields = self.symbol.unpack_from(data, position)
        return list(fields if self.wide else (fields[0], *fields[3:6], fields[1], fields[2]))

    def write_symbol(self, data: bytearray, position: int, fields: list[int]) -> None:
        """The opposite of `read_symbol`."""
        self.symbol.pack_into(data, position, *(fields if self.wide else [fields[0], *fields[4:6], *fields[1:4]]))


def interpreter(path: str | os.PathLike[str]) -> str | None:
    """The PT_INTERP string of an ELF64 file; None for everything else, whatever it is."""
    try:
        with open(path, "rb") as file:
            start = file.read(_HEADER.size)
            if len(start) < _HEADER.size or start[:6] != b"\x7fELF\x02\x01":
                return None
            header = _HEADER.unpack(start)
            file.seek(header[5])
            table = file.read(header[9] * header[10])
            for position in range(0, len(table) - _PROGRAM_HEADER.size + 1, header[9] or 1):
                kind, _, offset, _, _, size, _, _ = _PROGRAM_HEADER.unpack_from(table, position)
                if kind == PT_INTERP:
                    file.seek(offset)
                    return file.read(size).split(b"\0", 1)[0].decode("utf-8", "surrogateescape")
    except OSError:
        pass
    return None


class ElfFile:
    """A small object file held in memory, to be changed in place and written back."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.data = bytearray(path.read_bytes())
        self.layout = _Layout(self.data[:16])
        self.header = self.layout.header.unpack_from(self.data)

    def save(self) -> None:
        """Writes the changed bytes over the file (the same inode, so hard links stay links)."""
        with open(self.path, "r+b") as file:
            file.write(self.data)

    def _dynamic_section(self) -> tuple[int, int]:
        for number in range(self.header[10]):
            entry = self.layout.program_header(self.data, self.header[5] + number * self.header[9])
            if entry[0] == PT_DYNAMIC:
                return entry[2], entry[5]
        raise ValueError(f"{self.path}: no dynamic section")

    def add_dynamic_flags(self, flags: int) -> None:
        """Sets bits of DT_FLAGS, which must exist (`-z origin` makes one)."""
        offset, size = self._dynamic_section()
        for position in range(offset, offset + size, self.layout.dynamic.size):
            tag, value = self.layout.dynamic.unpack_from(self.data, position)
            if tag == DT_FLAGS:
                self.layout.dynamic.pack_into(self.data, position, tag, value | flags)
                return
        raise ValueError(f"{self.path}: no DT_FLAGS")

    def _sections(self) -> list[tuple[int, ...]]:
        return [self.layout.section_header.unpack_from(self.data, self.header[6] + number * self.header[11])
                for number in range(self.header[12])]

    def _version_indices(self) -> Iterator[int]:
        """The indices that version definitions and needs give meaning to."""
        for section in self._sections():
            position = section[4]
            for _ in range(section[7] if section[1] == SHT_VERDEF else 0):
                _, _, index, _, _, _, following = self.layout.verdef.unpack_from(self.data, position)
                yield index & 0x7FFF
                position += following
            for _ in range(section[7] if section[1] == SHT_VERNEED else 0):
                _, count, _, first, following = self.layout.verneed.unpack_from(self.data, position)
                auxiliary = position + first
                for _ in range(count):
                    _, _, index, _, step = self.layout.vernaux.unpack_from(self.data, auxiliary)
                    yield index & 0x7FFF
                    auxiliary += step
                position += following

    def repair_versions(self) -> int:
        """Gives symbols with a version index that means nothing the base version; returns how many there were.

        ld can write such indices where an object and a needed one define versions of a name.  The loader reads past
        the end of its table for them, so its answer would depend on what happens to lie there.
        """
        known, repaired = {0, 1, *self._version_indices()}, 0
        for section in self._sections():
            if section[1] != SHT_VERSYM:
                continue
            for position in range(section[4], section[4] + section[5], 2):
                if self.layout.half.unpack_from(self.data, position)[0] & 0x7FFF not in known:
                    self.layout.half.pack_into(self.data, position, 1)
                    repaired += 1
        return repaired

    def change_versions(self, name: str, change: Callable[[int], int]) -> None:
        """Lets `change` edit the versym entries of all definitions called `name`, where there are versions."""
        versions = next((section[4] for section in self._sections() if section[1] == SHT_VERSYM), None)
        for number, (position, found) in enumerate(self._dynamic_symbols(), start=1):
            if versions is not None and found == name and self.layout.read_symbol(self.data, position)[3] != 0:
                version = self.layout.half.unpack_from(self.data, versions + 2 * number)[0]
                self.layout.half.pack_into(self.data, versions + 2 * number, change(version))

    def _dynamic_symbols(self) -> Iterator[tuple[int, str]]:
        sections = self._sections()
        for section in sections:
            if section[1] != SHT_DYNSYM:
                continue
            strings = sections[section[6]][4]
            for position in range(section[4] + self.layout.symbol.size, section[4] + section[5], self.layout.symbol.size):
                start = strings + self.layout.read_symbol(self.data, position)[0]
                yield position, self.data[start:self.data.index(0, start)].decode()

    def change_symbols(self, name: str, change: Callable[[list[int]], None]) -> int:
        """Lets `change` edit [name, info, other, section, value, size] of every dynamic symbol called `name`."""
        changed = 0
        for position, found in self._dynamic_symbols():
            if found == name:
                fields = self.layout.read_symbol(self.data, position)
                change(fields)
                self.layout.write_symbol(self.data, position, fields)
                changed += 1
        return changed


def change_visibility(visibility: int) -> Callable[[list[int]], None]:
    """A change for `ElfFile.change_symbols`: definitions get `visibility`, references stay as they are."""
    def change(fields: list[int]) -> None:
        if fields[3] != 0:
            fields[2] = (fields[2] & ~3) | visibility
    return change


def change_type(kind: int) -> Callable[[list[int]], None]:
    """A change for `ElfFile.change_symbols`: definitions get the symbol type `kind`."""
    def change(fields: list[int]) -> None:
        if fields[3] != 0:
            fields[1] = (fields[1] & ~15) | kind
    return change


def change_binding(binding: int) -> Callable[[list[int]], None]:
    """A change for `ElfFile.change_symbols`: definitions get the symbol binding `binding`."""
    def change(fields: list[int]) -> None:
        if fields[3] != 0:
            fields[1] = (fields[1] & 15) | (binding << 4)
    return change


def clear_value(fields: list[int]) -> None:
    """A change for `ElfFile.change_symbols`: definitions get the value 0, which the loader does not accept."""
    if fields[3] != 0:
        fields[4] = 0
