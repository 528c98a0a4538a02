# SPDX-License-Identifier: MIT
"""What the tests of the library share: where it was built, and the objects of tests/cli/examples.py."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.path.abspath(os.environ.get("BUILD", ROOT / "build")))
LIBRARY = BUILD / "src/api/libbindsim.so.1"
sys.path.append(str(ROOT / "tests" / "cli"))
from examples import build_examples  # noqa: E402
from harness import BINDSIM, CC, INTERPRETER, environment  # noqa: E402

SANITIZED = b"__asan_init" in LIBRARY.read_bytes()


class LibraryTest(unittest.TestCase):
    """Tests in one directory, in which the examples are."""

    maxDiff = None

    @classmethod
    def setUpClass(cls) -> None:
        cls.directory = Path(os.path.realpath(tempfile.mkdtemp(prefix="bindsim-api-")))
        cls.addClassCleanup(shutil.rmtree, cls.directory, ignore_errors=True)
        build_examples(cls.directory)
        # The directory is a root, too.
        (cls.directory / INTERPRETER[1:]).parent.mkdir()
        shutil.copy(INTERPRETER, cls.directory / INTERPRETER[1:])

    def run_in(self, *command: str | os.PathLike[str], **variables: str) -> subprocess.CompletedProcess:
        """Runs COMMAND among the examples. Outputs are texts."""
        return subprocess.run(command, cwd=self.directory, env=environment(**variables), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=250, check=False)

    def check_run(self, *command: str | os.PathLike[str], **variables: str) -> str:
        """The same; it must end well and say nothing on standard error. Returns what it printed."""
        done = self.run_in(*command, **variables)
        self.assertEqual((done.returncode, done.stderr), (0, ""), f"{command}: {done.stdout}")
        return done.stdout
