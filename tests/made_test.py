#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What is kept of a fixture is what would be made: the same bytes, and made anew as soon as anything in it is another."""

import os
import stat
import subprocess
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import made


class MadeTest(unittest.TestCase):
    """A store of its own, and the number of commands that were run."""

    def setUp(self):
        self.store = tempfile.TemporaryDirectory(prefix="bindsim-made-")
        self.addCleanup(self.store.cleanup)
        self.enterContext(mock.patch.object(made, "STORE", self.store.name))
        self.runs = self.enterContext(mock.patch.object(made.subprocess, "run", side_effect=subprocess.run))

    def enterContext(self, context):  # Python 3.10 has none
        value = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return value

    def directory(self, **files):
        directory = tempfile.TemporaryDirectory(prefix="bindsim-made-")
        self.addCleanup(directory.cleanup)
        for name, text in files.items():
            (Path(directory.name) / name).write_text(text)
        return Path(directory.name)

    def make(self, directory, *options, text=b"int f(void) { return 1; }"):
        """Whether it was made anew."""
        before = self.runs.call_count
        made.make(["gcc", "-g0", "-nostdlib", "-shared", "-fPIC", "-o", "x.so", "-xc", "-", "-xnone", *options], "x.so", directory, text, check=True,
                  stderr=subprocess.PIPE)
        return self.runs.call_count > before

    def test_kept(self):
        first, second = self.directory(), self.directory()
        self.assertTrue(self.make(first))
        self.assertFalse(self.make(second))
        self.assertEqual((first / "x.so").read_bytes(), (second / "x.so").read_bytes())
        self.assertTrue(stat.S_IXUSR & (second / "x.so").stat().st_mode)

    def test_anew(self):
        self.make(self.directory(h="#define N 1\n"))
        self.assertTrue(self.make(self.directory(h="#define N 2\n")), "a file beside it is another")
        self.assertTrue(self.make(self.directory(i="#define N 1\n")), "its name is another")
        self.assertTrue(self.make(self.directory(h="#define N 1\n"), "-Wl,-soname,x"), "an option")
        self.assertTrue(self.make(self.directory(h="#define N 1\n"), text=b"int f(void) { return 2; }"), "the source")

    def test_what_is_said(self):
        """It is part of what was asked for."""
        source = b'#warning "so it is"\nint f(void) { return 1; }'
        self.assertEqual([self.make(self.directory(), text=source) for _ in range(2)], [True, True])
        self.assertEqual([self.make(self.directory(), "-w", text=source) for _ in range(2)], [True, False])

    def test_once(self):
        """By what it is told, wherever the file lies."""
        calls = []

        def make(*ingredients, directory=None):
            target = (directory or self.directory()) / "x"

            def write():
                calls.append(target)
                target.write_bytes(b"\0\n".join(os.fsencode(part) for part in ingredients))
                target.chmod(0o755)
            made.once(ingredients, target, write)
            self.assertEqual((target.read_bytes(), target.stat().st_mode & 0o777), (b"\0\n".join(os.fsencode(part) for part in ingredients), 0o755))
            return len(calls)
        self.assertEqual([make("a", b"b"), make("a", b"b"), make("ab"), make("a", b"b"), make("ab", ""), make("a", "c")], [1, 1, 2, 2, 3, 4])

    def test_once_that_fails(self):
        target = self.directory() / "x"
        for _ in range(2):
            with self.assertRaises(ZeroDivisionError):
                made.once(["a"], target, lambda: 1 // 0)
        made.once(["a"], target, lambda: target.write_text("made"))
        self.assertEqual(target.read_text(), "made")

    def test_elsewhere(self):
        script = self.directory(map="V1 { global: f; };\n") / "map"
        self.assertTrue(self.make(self.directory(), f"-Wl,--version-script={script}"))
        self.assertFalse(self.make(self.directory(), f"-Wl,--version-script={script}"))
        script.write_text("V2 { global: f; };\n")
        self.assertTrue(self.make(self.directory(), f"-Wl,--version-script={script}"))

    def test_untold(self):
        other = self.directory()
        for _ in range(2):
            self.assertTrue(self.make(self.directory(), f"-L{other}"), "what is found there is not known")
            self.assertTrue(self.make(self.directory(), "-g"), "the directory is in the file")

    def test_name_of_the_directory(self):
        """It is in what is made, and another one each time."""
        for _ in range(2):
            directory = self.directory()
            anew = self.make(directory, f"-Wl,-rpath,{directory}:{directory}/lib")
            self.assertEqual((directory / "x.so").read_bytes().count(os.fsencode(directory)), 2)
        self.assertFalse(anew)

    def test_failure(self):
        for _ in range(2):
            with self.assertRaises(subprocess.CalledProcessError):
                self.make(self.directory(), text=b"no C\n")

    def test_switched_off(self):
        with mock.patch.object(made, "STORE", ""):
            self.make(self.directory())
            self.assertTrue(self.make(self.directory()))


if __name__ == "__main__":
    unittest.main()
