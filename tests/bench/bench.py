#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures bindsim against ldd and against the loader's own trace, and how its time grows.

    bench.py --bindsim build/src/cli/bindsim [--again build/tests/bench/again] [--runs N] [--work DIRECTORY]
             [--program PATH]... [--json FILE] [--markdown FILE] [--plot FILE.svg]

Whole processes, warm cache. The two sides of a comparison run in turn; what counts is the median of the ratios of
neighbouring runs. Both write to /dev/null. --again names the program that simulates once and then again on the images
that are loaded by then. --markdown replaces the tables in FILE, --plot has gnuplot draw how time grows. CPU is user and
system time of the process and its children, memory the largest resident set of any of them. A build for release is what should be measured. Times never fail a test: the exit
status is 0 unless something could not be run.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from document import markdown, plot_growth, replace_tables
from generate import Shape, generate

LOADER_TRACE = {"LD_TRACE_LOADED_OBJECTS": "1", "LD_WARN": "yes", "LD_BIND_NOW": "yes", "LD_DEBUG": "bindings"}
# Ratios that the project wants to reach: for more than 300 objects, and for 20 to 150.
TARGETS = {"report": (0.17, 0.30), "ld-debug": (0.15, 0.25), "ndjson": (0.40, None)}


@dataclass(frozen=True)
class Command:
    """What to run; the environment is nothing but PATH and this."""

    arguments: tuple[str, ...]
    environment: tuple[tuple[str, str], ...] = ()


@dataclass
class Sample:
    """One run: seconds, seconds, kibibytes."""

    wall: float
    cpu: float
    memory: int


@dataclass
class Row:
    """One comparison on one program."""

    what: str
    program: str
    objects: int
    wall: float  # medians, of bindsim
    cpu: float
    memory: int
    other_wall: float
    other_cpu: float
    other_memory: int
    wall_ratio: float  # medians of ratios
    cpu_ratio: float
    target: float | None


class Stopwatch:
    """Runs commands by way of measure.c."""

    def __init__(self, directory: Path):
        self.program = directory / "measure"
        source = Path(__file__).resolve().parent / "measure.c"
        subprocess.run(["gcc", "-O2", "-static", "-o", self.program, source], check=True)

    def run(self, command: Command) -> Sample:
        """Runs it once; a status other than 0 or 1 is an error."""
        # The stopwatch is static: no loader reads these variables before its command's does.
        environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", **dict(command.environment)}
        done = subprocess.run([self.program, *command.arguments], env=environment, stdin=subprocess.DEVNULL,
                              capture_output=True, check=True, text=True)
        wall, cpu, memory, status = done.stdout.split()
        if status not in ("0", "1"):
            raise RuntimeError(f"{' '.join(command.arguments)}: status {status}")
        return Sample(float(wall), float(cpu), int(memory))


def compare(watch: Stopwatch, what: str, ours: Command, theirs: Command, program: str, objects: int, runs: int) -> Row:
    """Runs both in turn; the first run of each only warms up."""
    watch.run(ours), watch.run(theirs)
    pairs = [(watch.run(ours), watch.run(theirs)) for _ in range(runs)]
    large, middle = TARGETS[what]
    target = large if objects > 300 else middle if 20 <= objects <= 150 else None

    def median(get) -> float:
        return statistics.median(get(*pair) for pair in pairs)

    return Row(what, Path(program).name, objects, median(lambda a, b: a.wall), median(lambda a, b: a.cpu),
               int(median(lambda a, b: a.memory)), median(lambda a, b: b.wall), median(lambda a, b: b.cpu),
               int(median(lambda a, b: b.memory)), median(lambda a, b: a.wall / b.wall),
               median(lambda a, b: a.cpu / max(b.cpu, 1e-6)), target)


# ---- programs ---------------------------------------------------------------------------------


def interpreter(path: str) -> str | None:
    """PT_INTERP of a 64-bit little-endian program, or None."""
    try:
        with open(path, "rb") as file:
            head = file.read(4096)
    except OSError:
        return None
    if head[:6] != b"\x7fELF\x02\x01" or len(head) < 64:
        return None
    offset, count = struct.unpack_from("<Q", head, 32)[0], struct.unpack_from("<H", head, 56)[0]
    for at in range(offset, min(offset + 56 * count, len(head) - 56), 56):
        kind, _, place, _, _, size = struct.unpack_from("<IIQQQQ", head, at)
        if kind == 3 and place + size <= len(head):
            return head[place:place + size - 1].decode(errors="surrogateescape")
    return None


def count_objects(path: str) -> int:
    """Lines that ldd would print, or 0."""
    loader = interpreter(path)
    if not loader or not os.path.exists(loader):
        return 0
    read, write = os.pipe()
    environment = {"LD_TRACE_LOADED_OBJECTS": "1", "LC_ALL": "C"}
    pid = os.posix_spawn(loader, [loader, path], environment, file_actions=[
        (os.POSIX_SPAWN_DUP2, write, 1), (os.POSIX_SPAWN_OPEN, 2, "/dev/null", os.O_RDWR, 0)])
    os.close(write)
    with os.fdopen(read, "rb") as output:
        lines = output.read().splitlines()
    os.waitpid(pid, 0)
    return 0 if any(b"not found" in line for line in lines) else len(lines)


def find_programs() -> list[tuple[str, int]]:
    """One of few objects, one of about 20, and the one of the most on this machine."""
    paths = sorted({os.path.realpath(entry) for directory in ("/usr/bin", "/usr/sbin") if os.path.isdir(directory)
                    for entry in os.scandir(directory) if entry.is_file()})
    counts = {path: number for path in paths if (number := count_objects(path))}
    chosen = {}
    if few := shutil.which("ls"):
        chosen[os.path.realpath(few)] = None
    chosen[min(counts, key=lambda path: (abs(counts[path] - 20), path))] = None
    chosen[max(counts, key=lambda path: (counts[path], path))] = None
    return sorted(((path, counts.get(path, 0)) for path in chosen), key=lambda pair: pair[1])


# ---- comparisons ------------------------------------------------------------------------------


def measure_programs(watch: Stopwatch, bindsim: str, programs: list[tuple[str, int]], runs: int,
                     has_ndjson: bool) -> list[Row]:
    """Each program in each way."""
    rows = []
    for program, objects in programs:
        trace = Command((program,), tuple(LOADER_TRACE.items()))
        pairs = {"report": (Command((bindsim, program)), Command(("ldd", "-r", program))),
                 "ld-debug": (Command((bindsim, "--bind-now", "--format=ld-debug", program)), trace)}
        if has_ndjson:
            pairs["ndjson"] = (Command((bindsim, "--bind-now", "--format=ndjson", "--show=bindings", program)), trace)
        rows += [compare(watch, what, *pair, program, objects, runs) for what, pair in pairs.items()]
    return rows


def show_rows(rows: list[Row]) -> None:
    """The table."""
    print(f"{'bindsim':9} {'program':22} {'objects':>7} {'ms':>7} {'against':18} {'ms':>7} {'wall':>6} {'CPU':>6} "
          f"{'target':>7}  {'MiB':>6} {'MiB':>6}")
    for row in rows:
        against = "ldd -r" if row.what == "report" else "LD_DEBUG=bindings"
        target = "" if row.target is None else f"{row.target:.2f}{'' if row.wall_ratio <= row.target else '!'}"
        print(f"{row.what:9} {row.program[:22]:22} {row.objects:7} {row.wall * 1e3:7.1f} {against:18} "
              f"{row.other_wall * 1e3:7.1f} {row.wall_ratio:6.3f} {row.cpu_ratio:6.3f} {target:>7}  "
              f"{row.memory / 1024:6.1f} {row.other_memory / 1024:6.1f}")


# ---- the same question again --------------------------------------------------------------------


def measure_again(again: str, programs: list[tuple[str, int]], runs: int) -> list[tuple[str, int, float, float]]:
    """Of each program: name, objects, milliseconds of the first simulation and of one more; medians."""
    rows = []
    for program, objects in programs:
        times = []
        for _ in range(runs):
            done = subprocess.run([again, program, "5"], capture_output=True, check=True, text=True,
                                  env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"})
            times.append([float(word) * 1e3 for word in done.stdout.split()[:2]])
        rows.append((Path(program).name, objects, *(statistics.median(column) for column in zip(*times))))
    return rows


def show_again(rows: list[tuple[str, int, float, float]]) -> None:
    """The table."""
    print("\nsimulated again on loaded images (at most a fifth is wanted)")
    for name, objects, first, more in rows:
        print(f"  {name[:22]:22} {objects:7} {first:7.1f} ms, then {more:6.1f} ms, {more / first:.2f}")


# ---- growth -----------------------------------------------------------------------------------

GROWTH = {
    "objects": [Shape(number, 200, 150) for number in (40, 80, 160)],
    "symbols": [Shape(40, number, 150) for number in (400, 800, 1600)],
    "references": [Shape(40, 400, number) for number in (600, 1200, 2400)],
    # The same symbols and references in all, over more objects: each lookup has a longer way.
    "scope": [Shape(number, 16000 // number, 24000 // number) for number in (20, 40, 80)],
}


def measure_growth(watch: Stopwatch, bindsim: str, work: Path, runs: int) -> dict[str, list[float]]:
    """CPU time of the ld-debug report for each shape, the least of all runs: the machine only ever adds to it."""
    result = {}
    for name, shapes in GROWTH.items():
        commands = [Command((bindsim, "--bind-now", "--format=ld-debug",
                             str(generate(work / f"{name}{number}", shape)))) for number, shape in enumerate(shapes)]
        samples = [[watch.run(command).cpu for command in commands] for _ in range(runs)]
        result[name] = [min(times) for times in zip(*samples)]
    return result


def show_growth(growth: dict[str, list[float]]) -> None:
    """Times, and their ratios from one size to its double."""
    print("\ngrowth of CPU time when this doubles (2 is linear; for scope 1: its length should not count)")
    for name, times in growth.items():
        factors = " ".join(f"x{after / before:.2f}" for before, after in zip(times, times[1:]))
        print(f"  {name:11} " + " ".join(f"{seconds * 1e3:7.1f} ms" for seconds in times) + f"   {factors}")


def machine() -> str:
    """The processor and how many there are."""
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            model = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), model)
    except OSError:
        pass
    return f"{model}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {' '.join(platform.libc_ver())}"


def main() -> int:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bindsim", default="build/src/cli/bindsim", metavar="PATH")
    parser.add_argument("--runs", type=int, default=15, metavar="N", help="pairs of runs for each comparison")
    parser.add_argument("--work", type=Path, metavar="DIRECTORY", help="where generated programs are, and stay")
    parser.add_argument("--again", metavar="PATH", help="the program that simulates once and then again")
    parser.add_argument("--program", action="append", default=[], metavar="PATH", help="one more to measure")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there, too")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="a document whose tables are replaced")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw how time grows, as SVG")
    arguments = parser.parse_args()
    for tool in ("ldd", "gcc"):
        if not shutil.which(tool):
            print(f"skipped: {tool} is missing")
            return 77
    bindsim = str(Path(arguments.bindsim).resolve())
    with tempfile.TemporaryDirectory(prefix="bindsim-bench.") as directory:
        work = arguments.work.resolve() if arguments.work else Path(directory)
        watch = Stopwatch(Path(directory))
        programs = find_programs()
        for objects in (150, 320):
            program = str(generate(work / f"program{objects}", Shape(objects, 300, 250)))
            programs.append((program, objects))
        programs += [(os.path.realpath(path), count_objects(path)) for path in arguments.program]
        try:
            watch.run(Command((bindsim, "--format=ndjson", programs[0][0])))
            has_ndjson = True
        except RuntimeError:
            has_ndjson = False
        rows = measure_programs(watch, bindsim, programs, arguments.runs, has_ndjson)
        again = measure_again(arguments.again, programs, arguments.runs) if arguments.again else []
        growth = measure_growth(watch, bindsim, work, arguments.runs)
    print(machine())
    print(f"medians of {arguments.runs} interleaved pairs; a target with ! is not reached\n")
    show_rows(rows)
    show_again(again)
    show_growth(growth)
    if arguments.markdown:
        replace_tables(arguments.markdown, markdown(machine(), rows, again, growth, arguments.runs))
    if arguments.plot:
        plot_growth(growth, arguments.plot)
    if arguments.json:
        figures = {"machine": machine(), "runs": arguments.runs, "again": again, "growth": growth,
                   "rows": [asdict(row) for row in rows]}
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
