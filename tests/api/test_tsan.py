#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Builds the library with the thread sanitizer, and has many threads use it.

    test_tsan.py COMPILER...    in $TSAN_BUILD
"""

from __future__ import annotations

import os
import subprocess
import sys
import unittest
from pathlib import Path

from case import ROOT, LibraryTest

DIRECTORY = Path(os.path.abspath(os.environ.get("TSAN_BUILD", ROOT / "build-tsan")))
COMPILER: list[str] = []


class ThreadsTest(LibraryTest):
    """The one program."""

    def build(self) -> Path:
        program = DIRECTORY / "tests/api/api-threads-test"
        if not (DIRECTORY / "build.ninja").exists():
            subprocess.run(["meson", "setup", "-Db_sanitize=thread", "-Db_lundef=false", "-Doracle=false", "-Dlibrary_static=false",
                            DIRECTORY, ROOT], check=True, stdout=subprocess.DEVNULL,
                           env={**os.environ, **({"CC": " ".join(COMPILER)} if COMPILER else {})})
        subprocess.run(["ninja", "-C", DIRECTORY, program.relative_to(DIRECTORY)], check=True, stdout=subprocess.DEVNULL)
        return program

    def test_races(self) -> None:
        (self.directory / "tsan.c").write_text("int main(void) { return 0; }\n")
        if self.run_in(*(COMPILER or ["cc"]), "-fsanitize=thread", "tsan.c", "-o", "tsan").returncode:
            self.skipTest("there is no thread sanitizer")
        program = self.build()
        # Addresses that are laid out at random are not where the sanitizer expects them on every kernel.
        self.check_run("setarch", "-R", str(program), TSAN_OPTIONS="halt_on_error=1")


if __name__ == "__main__":
    if not [word for word in sys.argv[1:] if word.startswith("-")]:
        COMPILER, sys.argv[1:] = sys.argv[1:], []
    unittest.main()
