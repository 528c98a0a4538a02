#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Builds the seeds of a fuzzer and has it try them: replay.py PROGRAM MUTATIONS."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import make_corpus


def main() -> int:
    """The exit status is that of the program."""
    program, mutations = Path(sys.argv[1]).resolve(), sys.argv[2]
    kind = program.name.removeprefix("fuzz-")
    with tempfile.TemporaryDirectory(prefix="bindsim-fuzz.") as directory:
        make_corpus.make(Path(directory))
        seeds = sorted((Path(directory) / kind).iterdir())
        return subprocess.run([program, mutations, *seeds], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
