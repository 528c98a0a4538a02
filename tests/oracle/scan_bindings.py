#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a scan says of programs, against what the real loader does with them.

    scan_bindings.py --bindsim PATH [--sample N] [--seed N] [PATH...]
    scan_bindings.py --bindsim PATH --cache DIR --architecture ARCH [--sample N] [--seed N]

The first scans PATHs of this machine, /usr/bin by default; the second the root of scan_systems.py, whose loader is emulated.
Of the programs a sample is taken, half of it among those of which the scan has something to tell. No program is run: the
loader traces them, as ldd -r does, and prints all bindings. Held against that is, for each program,

- its outcome: what is refused has a library that is not found, a symbol that nobody defines, or a version that is not there;
- the objects that it loads, in the order of the link map, and what is not found;
- each finding about one object that is bound to another, or is not: every example of it is in the loader's log, or nothing is;
- the bindings that a single run of the program prints, line by line, where nothing is refused.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

import debian_packages
import scan_systems
import system_programs
from elf_file import interpreter
from foreign_machines import MACHINES, ForeignRoot
from foreign_packages import ARCHITECTURES
from loader import SKIPPED, unavailable

TIMEOUT_SECONDS = 300
TRACING = {"LD_TRACE_LOADED_OBJECTS": "1", "LD_WARN": "yes", "LD_BIND_NOW": "yes", "LD_DEBUG": "bindings"}
BINDING = re.compile(r"^ *\d+:\tbinding file (.+) \[0\] to (.+) \[0\]: \w+(?: \w+)? symbol `([^']*)'")
LISTED = re.compile(r"^\t(?:(.+) => )?(.+?)(?: \(0x[0-9a-f]+\))?$")
# Findings whose examples are references of the one object that are bound to the other.
BOUND = {"captured-references", "split-copy", "captured-dependency", "type-identity", "unique-crosses", "definitions-differ",
         "interposer-bypassed", "object-split", "undeclared-dependency", "version-crossed"}
# Findings about two objects of which none is bound to the other for any of the examples.
APART = {"embedded-copy", "isolated", "potential"}
SHOWN_DIFFERENCES = 10


class Bindings:
    """Programs of one system, and what its loader says of them."""

    def __init__(self, bindsim: str, options: list[str], root: ForeignRoot | None):
        self.bindsim, self.options, self.root = bindsim, options, root
        self.counts: Counter[str] = Counter()
        self.problems: list[str] = []

    def outside(self, path: str) -> Path:
        return Path(f"{self.root.path}{path}") if self.root else Path(path)

    def can_be_traced(self, path: str) -> bool:
        """Of a set-id program the loader drops the variables that have it trace, so that it would run."""
        status = os.stat(self.outside(path))
        loader = interpreter(self.outside(path))
        return not status.st_mode & (stat.S_ISUID | stat.S_ISGID) and bool(loader) and "/ld-linux" in loader

    def real(self, path: str) -> tuple[list[str], list[str], list[str]]:
        """The files that the loader lists, the names that it does not find, and its lines of LD_DEBUG, as they are."""
        command = self.root.command(path) if self.root else [path]
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="surrogateescape") as log:
            done = subprocess.run(command, env=TRACING, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, cwd="/",
                                  encoding="utf-8", errors="surrogateescape", timeout=TIMEOUT_SECONDS, check=False,
                                  preexec_fn=self.root.enter("/") if self.root else None)
            log.seek(0)
            lines = log.read().splitlines()
        files, missing = [], []
        for line in done.stdout.splitlines():
            match = LISTED.match(line)
            if not match or match[2].startswith("linux-vdso.") or "undefined symbol" in line or "linux-gate" in line:
                continue
            if match[2] == "not found":
                missing.append(match[1])
            else:
                files.append(match[2])
        return files, missing, lines

    def check(self, record: dict) -> None:
        path = record["path"]
        files, missing, lines = self.real(path)
        bound = defaultdict(Counter)
        for line in lines:
            if match := BINDING.match(line):
                bound[match[1], match[2]][match[3]] += 1
        errors = [line for line in lines if ": error: " in line]

        def problem(text: str) -> None:
            self.problems.append(f"{path}: {text}")
        self.counts["programs"] += 1
        self.counts["programs that are refused"] += record["outcome"] == "refused"
        self.check_outcome(record, missing, errors, problem)
        loaded = [name for name in record["loaded"] if name != path]
        self.counts["objects"] += len(files)
        if sorted(loaded) != sorted(files):
            problem(f"other objects: loader only {sorted(set(files) - set(loaded))}, "
                    f"scan only {sorted(set(loaded) - set(files))}")
        elif loaded != files:
            problem("the objects come in another order")
        for finding in record["findings"]:
            self.check_finding(finding, bound, problem)
        if record["outcome"] == "ok" and not errors:
            self.check_lines(path, lines, problem)

    def check_outcome(self, record: dict, missing: list[str], errors: list[str], problem) -> None:
        messages = " ".join(refusal["message"] or "" for refusal in record["refusals"])
        told = " ".join([messages, *(" ".join(finding["examples"]) for finding in record["findings"])])
        if record["outcome"] == "refused" and not missing and not errors:
            problem(f"refused, and the loader has nothing against it: {messages}")
        if missing and not any(name in messages for name in missing):
            problem(f"not found: {missing}, and the scan says {record['outcome']}: {messages}")
        for line in errors:
            symbol = line.partition("undefined symbol: ")[2].split(",")[0].split()
            # What is bound at its first call is a finding; of a start-up that fails earlier nothing more may be told.
            if symbol and symbol[0] not in told and not missing:
                problem(f"the scan does not tell: {line.strip()}")

    def check_finding(self, finding: dict, bound: dict, problem) -> None:
        rule, ends = finding["rule"], [finding[side] and finding[side]["name"] for side in ("from", "to")]
        if None in ends:
            return
        to, back = bound[tuple(ends)], bound[tuple(reversed(ends))]
        if rule == "unused-needed":
            wrong, kind = sorted(to), "nothing is bound"
        elif rule in BOUND:
            wrong, kind = [name for name in finding["examples"] if name not in to], "bound"
            # A symbol is counted for its address and for its calls, which the loader binds apart.
            if to.total() < finding["symbols"]:
                wrong.append(f"{finding['symbols']} symbols, and the loader binds {to.total()}")
        elif rule in APART:
            wrong, kind = [name for name in finding["examples"] if name in to or name in back], "not bound"
        else:
            return
        self.counts[f"findings of the rule {rule}"] += 1
        self.counts["examples"] += len(finding["examples"])
        if wrong:
            problem(f"{rule}: {ends[0]} and {ends[1]}, {kind}, but for: {wrong[:5]}")

    def check_lines(self, path: str, lines: list[str], problem) -> None:
        """As system_programs.py does."""
        loader = interpreter(self.outside(path)) or ""
        real = (text for line in lines if system_programs._compared(text := line.partition(":\t")[2]))
        command = [self.bindsim, "--bind-now", "--no-env", "--format=ld-debug", *self.options, path]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd="/",
                              encoding="utf-8", errors="surrogateescape") as simulated:
            count, report = system_programs._first_difference(
                real, system_programs.without_final_block(system_programs.simulated_lines(simulated), path, loader))
        self.counts["bindings"] += count
        if report:
            problem(f"other bindings\n{report}")


def take_sample(records: list[dict], n: int, chance: random.Random) -> list[dict]:
    """N of them, half of which have something to tell."""
    telling = [record for record in records if record["findings"] or record["outcome"] != "ok"]
    first = chance.sample(telling, min(n // 2, len(telling)))
    rest = [record for record in records if record not in first]
    return first + chance.sample(rest, min(n - len(first), len(rest)))


def check(options: argparse.Namespace, paths: list[str], more: list[str], root: ForeignRoot | None) -> int:
    command = [options.bindsim, "scan", "--format=ndjson", "--show=programs,notes,objects", *more, *paths]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS * 3, check=False)
    records = [line for line in map(json.loads, done.stdout.splitlines()) if line["type"] == "program"]
    bindings = Bindings(options.bindsim, more, root)
    traced = [record for record in records if record["outcome"] != "unanswered" and bindings.can_be_traced(record["path"])]
    sample = take_sample(traced, options.sample, random.Random(options.seed))
    for record in sample:
        bindings.check(record)
    for text in bindings.problems[:SHOWN_DIFFERENCES]:
        print(text)
    counts = bindings.counts
    print(f"{len(records)} programs scanned, {len(traced)} of them can be traced; seed {options.seed}")
    for name in sorted(name for name in counts if name.startswith("findings ")):
        print(f"  {counts[name]} {name}")
    print(f"{counts['programs']} programs, {counts['programs that are refused']} of them refused, {counts['objects']} objects, "
          f"{counts['examples']} symbols of findings and {counts['bindings']} bindings compared, "
          f"{len(bindings.problems)} differences", flush=True)
    return 1 if bindings.problems or not counts["bindings"] else 0


def main() -> int:
    options = scan_systems.read_options(__doc__)
    options.bindsim = str(Path(options.bindsim).resolve())
    if not options.architecture:
        if reason := unavailable():
            print(f"skipped: {reason}")
            return SKIPPED
        return check(options, options.paths or ["/usr/bin"], [], None)
    machine = MACHINES[ARCHITECTURES[options.architecture]]
    if machine.emulator and shutil.which(machine.emulator) is None:
        print(f"skipped: {machine.emulator} is missing")
        return SKIPPED
    try:
        root = ForeignRoot(machine, scan_systems.make_root(options.cache, options.architecture))
    except (debian_packages.Unavailable, OSError, subprocess.CalledProcessError) as error:
        print(f"skipped: {error}")
        return SKIPPED
    root.furnish()
    try:
        if reason := root.cannot_start("/usr/bin/true"):
            print(f"skipped: {reason}")
            return SKIPPED
        return check(options, [], ["--root", str(root.path), *root.options], root)
    finally:
        (root.path / "emulator").unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
