# SPDX-License-Identifier: MIT
"""What the project says of itself, read from the files that say it."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
BINDSIM = os.path.abspath(os.environ.get("BINDSIM", ROOT / "build/src/cli/bindsim"))
COMPLETIONS = {"bash": ROOT / "completions/bash/bindsim", "zsh": ROOT / "completions/zsh/_bindsim",
               "fish": ROOT / "completions/fish/bindsim.fish"}
MAN_PAGES = [ROOT / "man/bindsim.1", ROOT / "man/bindsim-glibc.7"]


class Option(NamedTuple):
    """A row of src/cli/options.def."""

    name: str
    letter: str
    argument: str | None
    help: str

    def spellings(self) -> set[str]:
        """As on a command line, without a value."""
        return {f"--{self.name}"} | ({f"-{self.letter}"} if self.letter else set())


ROW = re.compile(r'^OPTION\(\w+, "([\w-]+)", (?:0|\'(\w)\'), (?:NULL|"([^"]*)"),\s*"([^"]*)"\)', re.MULTILINE)


def options() -> list[Option]:
    """All options."""
    text = (ROOT / "src/cli/options.def").read_text()
    rows = [Option(name, letter, argument or None, words) for name, letter, argument, words in ROW.findall(text)]
    if len(rows) != text.count("\nOPTION("):
        raise AssertionError("a row of options.def is not understood")
    return rows


def spellings() -> set[str]:
    """All options, long and short."""
    return set().union(*(option.spellings() for option in options()))


def formats() -> dict[str, list[str]]:
    """The formats with their parts, as the tool itself names them when it does not know one."""
    names = run("--format=?", "x").stderr.partition("there are ")[2].split()
    return {name: run(f"--format={name}", "--show=?", "x").stderr.partition("it has ")[2].split() for name in names}


def flags() -> set[str]:
    """The names of dlopen flags."""
    table = (ROOT / "src/cli/step.c").read_text().partition("flags[] = {")[2].partition("};")[0]
    return set(re.findall(r'"([A-Z]+)"', table))


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the tool."""
    return subprocess.run([BINDSIM, *arguments], text=True, capture_output=True, check=False, stdin=subprocess.DEVNULL)


def without_comments(path: Path) -> str:
    """A shell file without lines that are comments."""
    return "\n".join(line for line in path.read_text().splitlines() if not line.lstrip().startswith("#"))
