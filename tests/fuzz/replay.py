#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Has a fuzzer try the inputs of corpus/ and the seeds of make_corpus.py: replay.py PROGRAM MUTATIONS [--few WRAPPER...].

MUTATIONS variants of each seed are tried, too. --few: a handful of inputs only, by PROGRAM under WRAPPER, such as valgrind.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import inputs
import make_corpus

HERE = Path(__file__).resolve().parent
A_FEW, SHORT = 6, 1000  # bytes


def a_few(place: Path, corpus: list[bytes], seeds: list[Path]) -> list[Path]:
    """Files with some of CORPUS, evenly chosen, and the first seed: a program that is interpreted is slow."""
    short = [data for data in corpus if len(data) < SHORT]
    chosen = short[:: max(1, len(short) // A_FEW)][:A_FEW]
    (place / "few.hex").write_text("".join(data.hex() + "\n" for data in chosen))
    return [place / "few.hex", *seeds[:1]]


def main() -> int:
    """The exit status is that of the program."""
    program, mutations, wrapper = Path(sys.argv[1]).resolve(), sys.argv[2], sys.argv[3:]
    target = program.name.removeprefix("fuzz-")
    corpus = HERE / "corpus" / target
    with tempfile.TemporaryDirectory(prefix="bindsim-fuzz.") as directory:
        place = Path(directory)
        make_corpus.make(place, [target])
        seeds = sorted((place / target).iterdir())
        if wrapper[:1] == ["--few"]:
            return subprocess.run([*wrapper[1:], program, "0", *a_few(place, inputs.read_all(corpus), seeds)], check=False).returncode
        status = subprocess.run([program, "0", *sorted(corpus.glob("*.hex"))], check=False).returncode if corpus.is_dir() else 0
        return status or subprocess.run([program, mutations, *seeds], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
