#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Builds twice in unlike surroundings and compares every file that is installed, byte by byte.

    reproducible.py [--compiler CC]... [--keep DIRECTORY]

The two builds differ in the place of sources and build, and how one leads to the other; in the user's name and home, the
locale, the time zone, the umask, the order in which things are built, the dates of the sources and, where there is
faketime(1), the clock. Nothing is taken from a cache.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ALIKE = ["-Dbuildtype=debugoptimized", "-Dtests=false", "-Dprefix=/usr", "-Dlibdir=lib"]


class Surroundings:
    """One of the two: sources and build below DIRECTORY."""

    def __init__(self, directory: Path, second: bool) -> None:
        self.sources = directory / ("a/rather/longer/path/to/the/sources" if second else "one")
        self.build = directory / "build elsewhere" / "deep" if second else self.sources / "b"
        self.installed = directory / ("installed-2" if second else "installed-1")
        self.second = second

    def environment(self, compiler: str) -> dict[str, str]:
        values = {"USER": "second", "LOGNAME": "second", "HOME": "/nonexistent/second", "LC_ALL": "C.UTF-8", "TZ": "Asia/Tokyo"} \
            if self.second else {"USER": "first", "LOGNAME": "first", "HOME": "/nonexistent/first", "LC_ALL": "C", "TZ": "UTC"}
        kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "PYENV_ROOT") if name in os.environ}
        # meson takes a cache that it finds unless it is told a compiler.
        return {**kept, **values, "CC": compiler, "CCACHE_DISABLE": "1"}

    def run(self, compiler: str, *command: str | os.PathLike[str]) -> None:
        """Runs COMMAND, on another day in the second case."""
        faked = ["faketime", "-f", "+400d"] if self.second and shutil.which("faketime") else []
        done = subprocess.run([*faked, *command], env=self.environment(compiler), umask=0o077 if self.second else 0o022,
                              capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"{command}: {done.stdout}{done.stderr}")

    def copy(self) -> None:
        """The sources, as git tracks them, dated otherwise each time."""
        names = subprocess.run(["git", "-C", ROOT, "ls-files", "-z"], capture_output=True, check=False)
        listed = [Path(os.fsdecode(name)) for name in names.stdout.split(b"\0") if name] if not names.returncode else \
            [path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file() and not path.relative_to(ROOT).parts[0].startswith("build")]
        then = time.time() - (86400 * 900 if self.second else 3600)
        for name in listed:
            if not (ROOT / name).exists():
                continue
            target = self.sources / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, target)
            os.chmod(target, 0o755 if os.access(ROOT / name, os.X_OK) else 0o644)
            os.utime(target, (then, then))

    def make(self, compiler: str) -> dict[str, str]:
        """Builds and installs; the digests of what is there, by name."""
        self.run(compiler, "meson", "setup", *ALIKE, self.build, self.sources)
        self.run(compiler, "ninja", "-C", self.build, *(["-j3"] if self.second else ["-j2"]))
        self.run(compiler, "meson", "install", "--no-rebuild", "-C", self.build, "--destdir", self.installed)
        return {str(path.relative_to(self.installed)): digest(path) for path in sorted(self.installed.rglob("*"))
                if not path.is_dir() or path.is_symlink()}


def digest(path: Path) -> str:
    if path.is_symlink():
        return "link to " + os.readlink(path)
    return f"{path.stat().st_mode & 0o777:o} {hashlib.sha256(path.read_bytes()).hexdigest()}"


def compare(compiler: str, directory: Path) -> bool:
    """True when the two builds of COMPILER are one."""
    both = [Surroundings(directory, which) for which in (False, True)]
    for one in both:
        one.copy()
    first, second = (one.make(compiler) for one in both)
    differ = sorted(name for name in first.keys() | second.keys() if first.get(name) != second.get(name))
    for name in differ:
        print(f"{compiler}: {name} is not the same: {first.get(name)}, {second.get(name)}")
    print(f"{compiler}: {len(first)} files, {len(differ)} of them not the same in both builds")
    return bool(first) and not differ


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--compiler", action="append", default=[])
    parser.add_argument("--keep", type=Path)
    arguments = parser.parse_args()
    compilers = arguments.compiler or [name for name in ("gcc", "clang") if shutil.which(name)]
    ok = True
    for compiler in compilers:
        with tempfile.TemporaryDirectory(prefix="bindsim-twice-") as directory:
            place = arguments.keep / compiler if arguments.keep else Path(directory)
            ok &= compare(compiler, place)
    return 0 if ok and compilers else 1


if __name__ == "__main__":
    sys.exit(main())
