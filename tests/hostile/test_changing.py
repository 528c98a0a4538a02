#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Files that change while the tool has them mapped: an end, a message that says so, and no answer made of them."""

import fcntl
import os
import struct
import subprocess
import sys
import termios
import time
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "cli"))
from harness import BINDSIM, CommandLineTest, environment  # noqa: E402

PIPE = 4096
N = 2500  # symbols: their names take more pages than are read ahead, and what is said of them more than a pipe has room for


class ChangingTest(CommandLineTest):
    """Nobody reads what the tool writes until its pipe is full: there it stands still, with files mapped."""

    def setUp(self):
        super().setUp()
        self.program()
        names = [f"a_function_with_a_long_name_{i}" for i in range(N)]
        self.object("libfirst.so", "".join(f"int {name}(void) {{ return 1; }}\n" for name in names), "-O0")
        self.first = (self.directory / "libfirst.so").read_bytes()
        self.object("libuser.so", "".join(f"int {name}(void);\n" for name in names)
                    + "int use(void) { return " + " + ".join(f"{name}()" for name in names) + "; }", "-O0")
        self.steps = ["--dlopen=./libfirst.so:NOW,GLOBAL", "--dlopen=./libuser.so:NOW", "--dlsym=1:a_function_with_a_long_name_3",
                      "--dlopen=./libsecond.so:NOW"]
        self.object("libsecond.so", f"int {names[0]}(void); int use_it(void) {{ return {names[0]}(); }}")

    def change_meanwhile(self, change, *arguments):
        """(status, stdout, stderr) of a run in the midst of which CHANGE() is called."""
        reading, writing = os.pipe()
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, PIPE)
        with subprocess.Popen([BINDSIM, *arguments], cwd=self.directory, env=environment(), stdin=subprocess.DEVNULL,
                              stdout=writing, stderr=subprocess.PIPE) as process:
            os.close(writing)
            deadline = time.monotonic() + 60
            while struct.unpack("i", fcntl.ioctl(reading, termios.FIONREAD, b"\0" * 4))[0] < PIPE:
                self.assertIsNone(process.poll(), "it says less than a pipe has room for")
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.005)
            change()
            out = b""
            while piece := os.read(reading, 1 << 16):
                out += piece
            os.close(reading)
            err = process.stderr.read().decode()
        return process.returncode, out, err

    def run_and_cut(self, size, *arguments):
        return self.change_meanwhile(lambda: os.truncate(self.directory / "libfirst.so", size), *arguments, "./app", *self.steps)

    def test_a_library_that_shrinks(self):
        for size in (0, 1, 4096, 70000):
            for arguments in (["--format=ndjson"], ["--format=ld-debug"], ["--format=json"], ["check", "--no-policy", "--format=ld-debug"]):
                with self.subTest(size=size, arguments=arguments):
                    self.file("libfirst.so", self.first)
                    status, _, err = self.run_and_cut(size, *arguments)
                    self.assertEqual((status, err), (2, "bindsim: ./libfirst.so: it shrank while it was read\n"))

    def test_no_half_of_an_output(self):
        reports = ["--report=json:report.json", "--report=sarif:report.sarif"]
        status, _, err = self.run_and_cut(4096, "--format=ndjson", *reports)
        self.assertEqual(status, 2, err)
        self.assertEqual([path.name for path in self.directory.glob("report*")], [])

    def test_a_library_that_is_replaced(self):
        """The file that was read is there as long as somebody reads it."""
        def replace():
            self.file("other", b"something else")
            os.rename(self.directory / "other", self.directory / "libfirst.so")

        status, out, err = self.change_meanwhile(replace, "--format=ndjson", "./app", *self.steps)
        self.assertEqual((status, err), (0, ""))
        self.file("libfirst.so", self.first)
        self.assertEqual(out.decode(), self.bindsim("--format=ndjson", "./app", *self.steps).out)

    def test_a_library_that_is_written_to(self):
        """Whoever writes at its end may have written elsewhere, too."""
        def write_at(place):
            with open(self.directory / "libfirst.so", "r+b") as file:
                file.seek(place)
                file.write(b"x")

        for place in (100, len(self.first) // 2, len(self.first) + 100000):
            for arguments in (["--format=ndjson"], ["check", "--no-policy", "--format=ndjson"]):
                with self.subTest(place=place, arguments=arguments):
                    self.file("libfirst.so", self.first)
                    status, _, err = self.change_meanwhile(lambda at=place: write_at(at), *arguments, "./app", *self.steps)
                    self.assertEqual((status, err), (2, "bindsim: ./libfirst.so: it changed while it was read\n"))

    def test_what_is_not_in_it(self):
        """Its mode, its links, its name."""
        def move():
            path = self.directory / "libfirst.so"
            path.chmod(0o700)
            os.link(path, self.directory / "another")
            os.rename(path, self.directory / "third")

        self.assertEqual(self.change_meanwhile(move, "--format=ndjson", "./app", *self.steps)[::2], (0, ""))


if __name__ == "__main__":
    unittest.main()
