# SPDX-License-Identifier: MIT
"""Pages that can be typed: their files are written and their transcripts are run, from the top to the end.

A block behind `<!-- file: NAME -->` is the file NAME; a block that begins with a prompt is a transcript. What depends on
the machine alone is not compared: numbers in the lines that name the loader's release, that sum up or that tell how code
was compiled.
"""

from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path
from typing import NamedTuple

import project

sys.path.append(str(project.ROOT / "tests/cli"))
import transcripts  # noqa: E402


def wrap(page: str) -> str:
    """A manual page as scripts/wrap-man.py has it."""
    return runpy.run_path(str(project.ROOT / "scripts/wrap-man.py"))["wrapped"](page)


BLOCK = re.compile(r"(?:^<!-- file: (\S+) -->\n(?:`\S+`:\n\n)?)?^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# The lines whose numbers belong to the compiler, the C library and the machine.
OF_THE_MACHINE = re.compile(r"^\S+: (?:glibc|musl) [\d.]+ |^ +\d+ objects?,|^   (?:compared|proof|copy) |^ {15}\d+ of \d+ definitions|"
                            r"^ +\d+  (?:start-up|dlopen|dlclose|dlsym)|^(?:cc|gcc|g\+\+|clang): ", re.MULTILINE)


class Ran(NamedTuple):
    """A transcript as it stands in the page, and as it is now."""

    start: int
    written: str
    now: str


def run(text: str, directory: Path) -> list[Ran]:
    """Runs the page TEXT in DIRECTORY."""
    ran = []
    for block in BLOCK.finditer(text):
        if block[1]:
            path = directory / block[1]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block[3])
        elif block[3].startswith(transcripts.PROMPT):
            ran.append(Ran(block.start(), block[3], transcripts.again(block[3], directory)))
    return ran


def masked(transcript: str) -> str:
    """A transcript without what depends on the machine alone."""
    return "\n".join(re.sub(r"\s+", " ", re.sub(r"\d[\d,.]*|\bno\b", "N", line)) if OF_THE_MACHINE.search(line) else line
                     for line in transcript.splitlines())


def between(text: str, mark: str, begin: str = "<!-- {}: begin -->\n", end: str = "<!-- {}: end -->\n") -> str:
    """What stands between two marks."""
    return text.partition(begin.format(mark))[2].partition(end.format(mark))[0]


def put_between(text: str, mark: str, inside: str, begin: str = "<!-- {}: begin -->\n", end: str = "<!-- {}: end -->\n") -> str:
    """TEXT with INSIDE between two marks."""
    before, first, rest = text.partition(begin.format(mark))
    _, last, behind = rest.partition(end.format(mark))
    if not first or not last:
        raise AssertionError(f"there are no marks {mark}")
    return before + first + inside + last + behind
