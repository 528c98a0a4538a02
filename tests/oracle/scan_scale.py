#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How a scan grows: trees of N and 10 N small programs that are built for it, of several kinds.

    scan_scale.py --bindsim PATH [--programs N] [--kind KIND]...

- copies: copies of two programs, one of which has two libraries that clash
- libraries: each program has a library of its own, the clash is the same everywhere
- pairs: the same, and each library has another name, so that there are as many pairs of objects as programs
- links: ten symbolic links for each program
- flat: all in one directory

Printed are processor time, memory, and what is written for each; time decides nothing. Held are: memory at ten times the
programs stays below what --memory allows and the names take, few files are open at once, the parts merge to the bytes of
the whole, and each program is told once.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

LEAST_MEMORY = 64  # MiB, for --memory
SLACK = 48  # MiB, what the tool needs beside
FOR_EACH = 512  # bytes for each file that is looked at
FOR_EACH_PAIR = 1024  # bytes for each pair of objects that clash
OPEN_FILES = 64
PARTS = 100  # more than files may be open
CODEC = ("int codec_open(void) {{ return {0}; }} int codec_read(void) {{ return {0}; }} int codec_close(void) {{ return {0}; }}"
         "int use_{0}(void) {{ return codec_open() + codec_read() + codec_close(); }}")
OWN = b"lAAAAA.so"


def link(path: Path, source: str, *arguments: str) -> Path:
    subprocess.run(["gcc", "-x", "c", "-o", path, "-", "-x", "none", "-nostdlib", "-fPIC", "-s", "-Wl,-z,noseparate-code",
                    "-Wl,--build-id=none", *arguments], input=source, text=True, check=True)
    return path


class Trees:
    """Directories of programs."""

    def __init__(self, directory: Path):
        self.directory = directory
        parts = directory / "parts"
        parts.mkdir()
        for number, name in ((1, "libone.so"), (2, "libtwo.so"), (2, OWN.decode())):
            link(parts / name, CODEC.format(number), "-shared", f"-Wl,-soname,{name}")
        run_path = f"-Wl,-rpath,$ORIGIN:{parts}"
        both = "int use_1(void); int use_2(void); void _start(void) { use_1(); use_2(); }"
        paths = [link(parts / "sound", "void _start(void) { }", "-pie"),
                 link(parts / "clash", both, "-pie", f"-L{parts}", "-l:libone.so", "-l:libtwo.so", run_path),
                 link(parts / "own", both, "-pie", f"-L{parts}", "-l:libone.so", f"-l:{OWN.decode()}", run_path)]
        self.sound, self.clash, self.own = (path.read_bytes() for path in paths)
        self.library = (parts / OWN.decode()).read_bytes()

    def write(self, path: Path, content: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def make(self, kind: str, n: int) -> Path:
        tree = self.directory / f"{kind}-{n}"
        for number in range(n):
            place = tree / f"{number // 1000:04}"
            if kind == "copies":
                self.write(place / f"p{number:07}", self.sound if number % 5 else self.clash)
            elif kind == "flat":
                self.write(tree / f"p{number:07}", self.sound)
            elif kind == "links":
                path = tree / f"programs/p{number:07}"
                self.write(path, self.sound)
                place.mkdir(exist_ok=True)
                for k in range(10):
                    (place / f"l{number:07}-{k}").symlink_to(path)
            else:
                name = OWN
                if kind == "pairs":
                    letters, rest = "", number
                    for _ in range(5):
                        letters, rest = letters + chr(ord("a") + rest % 26), rest // 26
                    name = f"l{letters}.so".encode()
                self.write(place / f"{number:07}/program", self.own.replace(OWN, name))
                self.write(place / f"{number:07}" / name.decode(), self.library.replace(OWN, name))
        return tree


class Scale:
    """Scans of trees."""

    def __init__(self, bindsim: str, directory: Path):
        self.bindsim, self.directory, self.trees = bindsim, directory, Trees(directory)
        self.problems = 0

    def expect(self, holds: bool, what: str) -> None:
        if not holds:
            print(what)
            self.problems += 1

    def scan(self, *arguments: str) -> tuple[float, float]:
        """Seconds of a processor, and MiB."""
        out = self.directory / "usage"
        code = ("import resource, subprocess, sys\n"
                f"resource.setrlimit(resource.RLIMIT_NOFILE, ({OPEN_FILES}, {OPEN_FILES}))\n"
                "status = subprocess.run(sys.argv[2:], stderr=subprocess.DEVNULL).returncode\n"
                "usage = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
                "open(sys.argv[1], 'w').write(f'{usage.ru_utime + usage.ru_stime} {usage.ru_maxrss / 1024} {status}')\n")
        subprocess.run([sys.executable, "-c", code, out, self.bindsim, "scan", "--format=ndjson", *arguments], check=True)
        seconds, memory, status = map(float, out.read_text().split())
        self.expect(status in (0, 1), f"status {status}: {arguments}")
        return seconds, memory

    def measure(self, kind: str, n: int) -> None:
        tree = self.trees.make(kind, n)
        whole, journal = self.directory / "whole", self.directory / "journal"
        journal.unlink(missing_ok=True)
        seconds, memory = self.scan(f"--memory={LEAST_MEMORY}", f"--journal={journal}", "-o", str(whole), str(tree))
        with open(whole, "rb") as file:
            lines = sum(line.startswith(b'{"type":"program"') for line in file)
        self.expect(lines == n, f"{kind}: {lines} programs, not {n}")
        n_files = n * {"links": 11, "libraries": 2, "pairs": 2}.get(kind, 1)
        most = LEAST_MEMORY + SLACK + (n_files * FOR_EACH + (n * FOR_EACH_PAIR if kind == "pairs" else 0)) / (1 << 20)
        self.expect(memory <= most, f"{kind}: {memory:.0f} MiB, and {most:.0f} are allowed")
        again, _ = self.scan(f"--memory={LEAST_MEMORY}", f"--journal={journal}", "-o", str(self.directory / "again"), str(tree))
        self.expect(whole.read_bytes() == (self.directory / "again").read_bytes(), f"{kind}: other bytes from the journal")
        print(f"{kind:10} {n:8} {seconds:8.2f} s {memory:6.0f} MiB {whole.stat().st_size / n:6.0f} bytes of ndjson and "
              f"{journal.stat().st_size / n:.0f} of the journal each; {again:.2f} s out of the journal", flush=True)
        if kind == "copies":
            self.merge(tree, whole)
        shutil.rmtree(tree)

    def merge(self, tree: Path, whole: Path) -> None:
        names = [str(self.directory / f"part-{part}") for part in range(1, PARTS + 1)]
        total = 0.0
        for part, name in enumerate(names, 1):
            total += self.scan(f"--shard={part}/{PARTS}", "-o", name, str(tree))[0]
        merged = self.directory / "merged"
        seconds, memory = self.scan("--merge", "-o", str(merged), *names)
        self.expect(merged.read_bytes() == whole.read_bytes(), "the parts merge to other bytes")
        print(f"           in {PARTS} parts {total:.2f} s, merged in {seconds:.2f} s and {memory:.0f} MiB", flush=True)
        for name in names:
            os.unlink(name)


def main() -> int:
    kinds = ("copies", "libraries", "pairs", "links", "flat")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bindsim", required=True)
    parser.add_argument("--programs", type=int, default=1000)
    parser.add_argument("--kind", action="append", choices=kinds)
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory(prefix="bindsim-scale-") as directory:
        scale = Scale(str(Path(options.bindsim).resolve()), Path(directory))
        for kind in options.kind or kinds:
            for n in (options.programs, 10 * options.programs):
                scale.measure(kind, n)
        problems = scale.problems
    print(f"{problems} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
