#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""--pid and --core: processes that change while they are read, and cores that lie."""

import os
import shutil
import struct
import subprocess
import unittest

from test_process import NOW, PROGRAM, ProcessTest

AT_PHDR, AT_PHENT, AT_PHNUM = 3, 4, 5
NT_AUXV, PT_NOTE = 6, 4
HEADER, PROGRAM_HEADER = 64, 56


class Core:
    """A 64-bit core, whose members can be written to."""

    def __init__(self, content):
        self.bytes = bytearray(content)

    def notes(self):
        """(type, offset, size) of what the notes hold."""
        at, = struct.unpack_from("<Q", self.bytes, 32)
        n, = struct.unpack_from("<H", self.bytes, 56)
        for header in range(at, at + n * PROGRAM_HEADER, PROGRAM_HEADER):
            kind, _, begin, _, _, size = struct.unpack_from("<IIQQQQ", self.bytes, header)
            at_note = begin
            while kind == PT_NOTE and at_note < begin + size:
                n_name, n_text, note = struct.unpack_from("<III", self.bytes, at_note)
                text = at_note + 12 + (n_name + 3 & ~3)
                yield note, text, n_text
                at_note = text + (n_text + 3 & ~3)

    def auxiliary(self, values):
        """The same core with other VALUES by tag."""
        for note, text, size in self.notes():
            for at in range(text, text + size, 16) if note == NT_AUXV else ():
                tag, = struct.unpack_from("<Q", self.bytes, at)
                if tag in values:
                    struct.pack_into("<Q", self.bytes, at + 8, values[tag])
        return bytes(self.bytes)


class LyingCoreTest(ProcessTest):
    """An end, in bounded time and memory."""

    def core(self, *command):
        """The core of COMMAND, a program that waits, without its files' text."""
        if not shutil.which("gcore"):
            self.skipTest("there is no gcore")
        with self.running(*command) as process:
            subprocess.run(["gcore", "-o", "core", str(process.pid)], cwd=self.directory, check=True, capture_output=True,
                           stdin=subprocess.DEVNULL)
            os.rename(self.directory / f"core.{process.pid}", self.directory / "core")
        return (self.directory / "core").read_bytes()

    def test_program_headers_without_end(self):
        self.compile("app", PROGRAM)
        content = self.core("./app")
        for values in ({AT_PHENT: 0, AT_PHNUM: 1 << 63}, {AT_PHENT: 0}, {AT_PHNUM: 1 << 63}, {AT_PHNUM: 1 << 16}):
            self.file("lying", Core(content).auxiliary(values))
            self.assert_trouble(self.bindsim("--core=lying"), "its auxiliary vector is not at hand")

    def test_notes_that_are_read_again_and_again(self):
        """A small file that has no blocks, and many headers of the same long notes."""
        n, size = 1000, 1 << 27
        header = bytearray(b"\x7fELF\x02\x01\x01".ljust(HEADER, b"\0"))
        struct.pack_into("<HH", header, 16, 4, 62)
        struct.pack_into("<Q", header, 32, HEADER)
        struct.pack_into("<H", header, 56, n)
        one = struct.pack("<IIQQQQQQ", PT_NOTE, 0, HEADER + n * PROGRAM_HEADER, 0, 0, size, 0, 4)
        path = self.file("lying", bytes(header) + one * n)
        self.assert_trouble(self.bindsim("--core=lying"), "it is cut within its notes")
        os.truncate(path, HEADER + n * PROGRAM_HEADER + size)
        self.assert_trouble(self.bindsim("--core=lying"), "its notes are too long")


if __name__ == "__main__":
    unittest.main()
