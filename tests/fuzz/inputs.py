# SPDX-License-Identifier: MIT
"""The inputs in corpus/: files with one in each line, in hexadecimal, and remarks in lines that begin with #."""

from __future__ import annotations

from pathlib import Path


def read_all(directory: Path) -> list[bytes]:
    """Those of all files of DIRECTORY, should there be any."""
    inputs = []
    for path in sorted(directory.glob("*.hex")):
        inputs += [bytes.fromhex(line) for line in path.read_text().splitlines() if not line.startswith("#")]
    return inputs


def write(path: Path, inputs: list[bytes]) -> None:
    """Replaces the file PATH."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(data.hex() + "\n" for data in inputs))
