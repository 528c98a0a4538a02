# SPDX-License-Identifier: MIT
"""The small programs and plug-ins of sources/, which are built once and copied to wherever a program is run."""

from __future__ import annotations

import subprocess
from pathlib import Path

SOURCES = Path(__file__).resolve().parent / "sources"
SCRIPT = "package require sqlite3\npackage require tdom\n"
# What each plug-in is compiled with, and what it needs.
PLUGS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "one": ((), ()),
    "two": ((), ("one",)),
    "three": ((), ("libz.so.1",)),
    "four": ((), ("two", "three")),
    "inner": ((), ("one",)),
    # Its constructor opens another, whose constructor runs inside.
    "middle": (("OPENS=\"./inner.so\"",), ()),
    "outer": (("OPENS=\"./middle.so\"",), ("three",)),
    "crashes": (("OPENS=\"./two.so\"", "CRASHES"), ("three",)),
}


def _compile(*words: str | Path) -> None:
    subprocess.run(["gcc", "-O1", *words], check=True)


def build(place: Path) -> Path:
    """Makes a directory with everything, for programs that are started where it is copied to."""
    place.mkdir(parents=True)
    for name, (macros, needs) in PLUGS.items():
        libraries = ["-l:libz.so.1" if need.startswith("lib") else place / f"{need}.so" for need in needs]
        _compile("-shared", "-fPIC", "-Wl,-z,lazy", "-Wl,-rpath,$ORIGIN", "-Wl,--no-as-needed", f"-DNAME={name}",
                 *(f"-D{macro}" for macro in macros), f"-Wl,-soname,{name}.so", SOURCES / "plug.c", *libraries,
                 "-o", place / f"{name}.so")
    _compile("-pthread", "-Wl,-z,lazy", SOURCES / "opener.c", "-o", place / "opener")
    # One that crashes before it begins, while constructors of what it needs open something.
    _compile("-pthread", "-Wl,-z,lazy", "-Wl,-rpath,$ORIGIN", "-Wl,--no-as-needed", SOURCES / "opener.c", place / "crashes.so",
             "-o", place / "crashing")
    (place / "script.tcl").write_text(SCRIPT)
    return place
