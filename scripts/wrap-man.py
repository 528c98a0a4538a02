#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Breaks the text lines of manual pages so that none is longer than 80 bytes, which `mandoc -Tlint` wants.

    wrap-man.py man/*.[1-9]

A sentence ends its line; what stands in literal blocks and in lines of macros is left alone.
"""

import re
import sys
from pathlib import Path

WIDTH = 80


def is_text(line):
    return bool(line) and line[0] not in ".'"


def width(text):
    return len(text.encode())


def broken(text):
    """TEXT in lines of no more than WIDTH bytes, none of which would be taken for a macro."""
    lines, line = [], ""
    for word in text.split(" "):
        if line and width(line) + 1 + width(word) > WIDTH and is_text(word):
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return [*lines, line]


def wrapped(page):
    """PAGE with all its text lines broken."""
    out, run, literal = [], [], False

    def flush():
        if any(width(line) > WIDTH for line in run):
            whole = ""
            for line in run:
                whole = f"{whole} {line}" if whole else line
                if re.search(r"[.!?:;]\)?$", line):
                    out.extend(broken(whole))
                    whole = ""
            out.extend(broken(whole) if whole else [])
        else:
            out.extend(run)
        run.clear()

    for line in page.split("\n"):
        if re.match(r"\.Bd\b.*-(?:literal|unfilled)", line):
            literal = True
        elif line.startswith(".Ed"):
            literal = False
        if is_text(line) and not literal:
            run.append(line)
        else:
            flush()
            out.append(line)
    flush()
    return "\n".join(out)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        path = Path(name)
        before = path.read_text()
        if (after := wrapped(before)) != before:
            path.write_text(after)
