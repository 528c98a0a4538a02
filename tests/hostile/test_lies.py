#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A file that somebody writes to while it is read: each number of it is another one when it is read again, strings lose
their ends, and any byte changes at any time. An answer of any kind, or a reason; never a crash, and always an end."""

import os
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "cli"))
sys.path.append(str(Path(__file__).resolve().parent))
from elf_fields import STRTAB, Elf  # noqa: E402
from test_fields import SmallFilesTest  # noqa: E402

LIES = os.environ["LIES"]  # tests/hostile/lies.c


class LiesTest(SmallFilesTest):
    """One lie after the other."""

    def lie(self, name, way):
        elf = Elf((self.root / name).read_bytes())
        fields = [field for field in elf.all() if "section" not in field[2]] + [(elf.at_tag(STRTAB), 0, "strings")]
        done = subprocess.run([LIES, self.root, name, way], input="".join(f"{at} {width} {what}\n" for at, width, what in fields),
                              capture_output=True, text=True, check=False,
                              env={**os.environ, "ASAN_OPTIONS": "quarantine_size_mb=8:detect_leaks=0"})
        print(done.stdout.splitlines()[-1] if done.stdout else "", file=sys.stderr)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr[-6000:])

    def test_library(self):
        self.build_all()
        self.lie("libhook.so", "now")

    def test_library_again(self):
        self.build_all()
        self.lie("libhook.so", "again")

    def test_user(self):
        self.build_all()
        self.lie("libplug.so", "lazy")

    def test_user_again(self):
        self.build_all()
        self.lie("libplug.so", "again")

    def test_program(self):
        self.build_all()
        self.lie("app", "musl")


if __name__ == "__main__":
    unittest.main()
