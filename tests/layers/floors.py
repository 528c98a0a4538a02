#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints which floor of src/ includes which, and fails on what docs/architecture.md rules out.

    floors.py [SOURCE_ROOT]

The floors and their order are the table in docs/architecture.md. A floor may include itself and those above it in the
table; files called *-priv.h belong to their floor alone; libelf is met in src/elf only, libdw in one file of src/proof,
libarchive in one of src/archive, SQLite in one of src/report, jansson where JSON is written or read; below report nothing prints, below cli nothing
ends the process, and below report nothing speaks of options of the tool, for libbindsim hands on what it says. No file is long, and each begins with its licence.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

MOST_LINES = 700
SPDX = "SPDX-License-Identifier: MIT"
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
FLOOR_SAID = re.compile(r"^ \* Floor (\d+)[:.]", re.MULTILINE)
FLOOR_ROW = re.compile(r"^\| (\d+) \| (\w+) \|", re.MULTILINE)
LIBELF = re.compile(r"^(libelf|gelf|nlist)(\.h)?$")
LIBARCHIVE = re.compile(r"^archive(_entry)?\.h$")
LIBDW = re.compile(r"^(libdw|dwarf|libdwfl|elfutils/.*)(\.h)?$")
# What meets libdw, and what meets jansson; the others go by way of them.
DWARF_FILE = "src/proof/dw-late.h"
JSON_FILE = "src/report/jansson-late.h"
ARCHIVE_FILE = "src/archive/late.h"
SQLITE_FILE = "src/report/sqlite-late.h"
# Who takes JSON apart or makes it, by the first idea of docs/architecture.md.
JSON_CALL = re.compile(r"\bjson_t\b|\bjson_[a-z_]+\s*\(")
JSON_USERS = re.compile(r"src/(report/.*|input/(plan-.*|report-.*|baseline\.c)|cli/(scan-read|image)\.c)")
# Strings, characters and comments; an apostrophe in a comment is no character.
NOT_CODE = re.compile(r'/\*.*?\*/|\bformat\(printf\b|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)
PRINTING = re.compile(r"\b(v?d?f?printf|f?puts|f?putc|putchar|perror|fwrite|fflush|fopen|stdout|stderr|FILE|warnx?|errx?)"
                      r"\b(?=\s*[(*,;)])|\bwrite\s*\(\s*[12]\s*,")
# base may abort(): an arena whose caller prepared for no failure has nowhere else to go.
ENDING = {True: re.compile(r"\b(_?exit|_Exit|quick_exit|errx?)\s*\("),
          False: re.compile(r"\b(_?exit|_Exit|quick_exit|errx?|abort)\s*\(")}
# ld.so has two of these names itself.
OPTION = re.compile(r"--(?!(?:library-path|preload)\b)[a-z][a-z-]+")
SOURCES = ("*.c", "*.h", "*.def", "*.py", "*.sh")


def read_floors(root: Path) -> dict[str, int]:
    """The floors by name with their numbers."""
    text = (root / "docs" / "architecture.md").read_text()
    return {name: int(number) for number, name in FLOOR_ROW.findall(text)}


def code_of(text: str) -> str:
    """TEXT without comments and strings, line for line."""
    return NOT_CODE.sub(lambda match: "\n" * match.group().count("\n"), text)


def included(path: Path, quoted: bool, name: str, root: Path) -> Path | None:
    """The project's file that an #include means, or None for one of the system's."""
    places = [path.parent, root / "src", root / "include"] if quoted else [root / "include"]
    for place in places:
        if (place / name).is_file():
            return (place / name).resolve()
    return None


class Report:
    """What was found wrong, and the arrows between floors."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.floors = read_floors(root)
        self.problems: list[str] = []
        self.arrows: dict[str, set[str]] = {}

    def complain(self, path: Path, text: str) -> None:
        self.problems.append(f"{path.relative_to(self.root)}: {text}")

    def check_include(self, path: Path, floor: str, quoted: bool, name: str) -> None:
        """One #include of a file of FLOOR."""
        if LIBELF.match(name) and (floor != "elf" or path.name == "elf.h"):
            self.complain(path, f"includes <{name}>: only the sources of src/elf meet libelf")
        if LIBDW.match(name) and str(path.relative_to(self.root)) != DWARF_FILE:
            self.complain(path, f"includes <{name}>: only {DWARF_FILE} does")
        if name == "jansson.h" and str(path.relative_to(self.root)) != JSON_FILE:
            self.complain(path, f"includes <jansson.h>: only {JSON_FILE} does")
        if not quoted and LIBARCHIVE.match(name) and str(path.relative_to(self.root)) != ARCHIVE_FILE:
            self.complain(path, f"includes <{name}>: only {ARCHIVE_FILE} does")
        if name == "sqlite3.h" and str(path.relative_to(self.root)) != SQLITE_FILE:
            self.complain(path, f"includes <sqlite3.h>: only {SQLITE_FILE} does")
        target = included(path, quoted, name, self.root)
        if target is None:
            if quoted:
                self.complain(path, f'includes "{name}", which is not there')
            return
        relative = target.relative_to(self.root)
        if relative.parts[0] != "src":
            return
        other = relative.parts[1]
        if other == floor:
            return
        self.arrows.setdefault(floor, set()).add(other)
        if target.name.endswith("-priv.h"):
            self.complain(path, f"includes {relative}, which is private to {other}")
        if other not in self.floors:
            self.complain(path, f"includes {relative}, whose floor is not in docs/architecture.md")
        elif self.floors[other] >= self.floors[floor]:
            self.complain(path, f"includes {relative}: the arrow from {floor} to {other} points upwards")

    def check_source(self, path: Path, floor: str) -> None:
        """Everything about one file of src."""
        text = path.read_text()
        for bracket, name in INCLUDE.findall(text):
            self.check_include(path, floor, bracket == '"', name)
        if (count := text.count("\n")) > MOST_LINES:
            self.complain(path, f"{count} lines are too many: {MOST_LINES} at most")
        for number in FLOOR_SAID.findall(text):
            if int(number) != self.floors[floor]:
                self.complain(path, f"says that it is of floor {number}, not {self.floors[floor]}")
        code = code_of(text)
        if JSON_CALL.search(code) and not JSON_USERS.fullmatch(str(path.relative_to(self.root))):
            self.complain(path, "meets JSON, which docs/architecture.md does not say of it")
        rules = (("prints", PRINTING, "report"), ("ends the process", ENDING[floor == "base"], "cli"))
        for rule, pattern, first_free in rules:
            if self.floors[floor] < self.floors[first_free] and (found := pattern.search(code)):
                line = code.count("\n", 0, found.start()) + 1
                self.complain(path, f"line {line}: {rule} ({found.group().strip()}): that is for {first_free} to do")

    def check_words(self, path: Path, floor: str) -> None:
        """The strings of a file of src; tables have them for the tool to print."""
        if path.suffix != ".c" or self.floors[floor] >= self.floors["report"]:
            return
        for match in NOT_CODE.finditer(path.read_text()):
            if match.group().startswith('"') and (found := OPTION.search(match.group())):
                self.complain(path, f"speaks of {found.group()}: that is for report or cli to do")

    def check_public(self, path: Path) -> None:
        """include/bindsim is for others: it leads to nothing that is not installed."""
        for bracket, name in INCLUDE.findall(path.read_text()):
            target = included(path, bracket == '"', name, self.root)
            if target is not None and self.root / "include" not in target.parents:
                self.complain(path, f"includes {name}, which is not installed")

    def check_licences(self) -> None:
        """Every source begins with its licence."""
        for directory in ("src", "include", "tests", "scripts"):
            for pattern in SOURCES:
                for path in sorted((self.root / directory).rglob(pattern)):
                    if SPDX not in "".join(path.read_text().splitlines(keepends=True)[:3]):
                        self.complain(path, f"no '{SPDX}' in its first lines")

    def run(self) -> None:
        """Checks everything."""
        for needed in ("base", "elf", "report", "cli"):
            if needed not in self.floors:
                sys.exit(f"docs/architecture.md: no row for {needed} in the table of floors")
        sources = sorted(path for pattern in ("*.c", "*.h", "*.def") for path in (self.root / "src").rglob(pattern))
        for path in sources:
            floor = path.relative_to(self.root / "src").parts[0]
            if floor not in self.floors:
                self.complain(path, "its floor is not in docs/architecture.md")
            else:
                self.check_source(path, floor)
                self.check_words(path, floor)
        for path in sorted((self.root / "include").rglob("*.h")):
            self.check_public(path)
        self.check_licences()
        for floor in sorted(self.arrows, key=lambda name: self.floors.get(name, -1)):
            below = sorted(self.arrows[floor], key=lambda name: self.floors.get(name, -1))
            print(f"{floor} -> {', '.join(below)}")
        print("\n".join(self.problems))
        print(f"{len(sources)} files in {len(self.floors)} floors, {len(self.problems)} problems")


def main() -> int:
    """The exit status is 0 only if files were read and nothing is wrong."""
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[2]).resolve()
    report = Report(root)
    report.run()
    return 1 if report.problems or not report.arrows else 0


if __name__ == "__main__":
    sys.exit(main())
