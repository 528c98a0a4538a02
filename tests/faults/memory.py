#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Has each allocation of each question fail, alone and with all that follow.

    memory.py --without-memory TOOL [--share N] [--only NAME,...] [--list]

TOOL is the tool with memory.c linked in front of it, which makes a process for each allocation that fails. --share has
each question try about N allocations: the first ones and the last ones, and some in between, which are others for each
question; without it, all are tried. What is wrong is printed, with the command that shows it once more.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import os
import shlex
import subprocess
import sys
from pathlib import Path

from faults import END, OLD, QUESTIONS, WORLDS, Seen, World, chosen, differences, status_of, world_of_thread, written

WORDS = "[Oo]ut of memory|[Cc]annot allocate memory|Resource temporarily unavailable"


class Server:
    """The tool, asked the same question over and over."""

    def __init__(self, tool: str, world: World, arguments: list[str]) -> None:
        self.world = world
        self.streams = world.directory / "streams"
        self.streams.mkdir(exist_ok=True)
        commands, self.commands = os.pipe()
        self.answers, answers = os.pipe()
        self.process = subprocess.Popen([tool, *arguments], cwd=world.directory,
                                        env={**world.environment(), "FAIL_SERVER": f"{commands},{answers},{self.streams}"},
                                        stdin=subprocess.DEVNULL, pass_fds=(commands, answers))
        os.close(commands)
        os.close(answers)
        self.lines = os.fdopen(self.answers, "r")

    def close(self) -> None:
        os.close(self.commands)
        self.process.wait(timeout=60)
        self.lines.close()

    def run(self, first: int, last: int, before: dict[str, bytes]) -> tuple[Seen, list[str], int]:
        """What a run gives in which the allocations FIRST to LAST fail; what it leaves in tmp/; how many there were."""
        for name, content in before.items():
            (self.world.out / name).write_bytes(content)
        os.write(self.commands, f"{first} {last}\n".encode())
        status, count = map(int, self.lines.readline().split())
        out, err = ((self.streams / name).read_bytes() for name in ("stdout", "stderr"))
        left = [entry.name for entry in self.world.tmp.iterdir()]
        subprocess.run(["rm", "-rf", *left], cwd=self.world.tmp, check=True) if left else None
        return Seen(status_of(status), out, err.decode("utf-8", "replace"), written(self.world.out)), left, count


def try_question(tool: str, name: str, share: int) -> tuple[str, int, int, list[str]]:
    """NAME, how many allocations there are, how many runs were made, what was wrong."""
    world = world_of_thread()
    arguments = world.words(name)
    if KEEP:
        print(f"{name}: cd {world.directory}")
    server = Server(tool, world, arguments)
    try:
        wanted, left, count = server.run(0, 0, {})
        if wanted.status not in (0, 1) or left:
            return name, count, 1, [f"{name}: no answer without a fault: {wanted.status} {wanted.err} {left}"]
        old = {file: OLD for file in wanted.files if file != "journal"}
        runs, wrong = 1, []
        for index, number in enumerate(chosen(count, share, sum(name.encode()))):
            for last in (number, END) if not share else ((number, END)[index % 2],):
                before = old if number % 2 else {}
                seen, left, _ = server.run(number, last, before)
                runs += 1
                command = shlex.join([tool, *arguments])
                wrong += [f"{name}: {what}\n    FAIL={number}-{last} {command}"
                          for what in differences(wanted, seen, WORDS, before, left)]
            if len(wrong) >= MOST_WRONG:
                wrong.append(f"{name}: no more is tried")
                break
        return name, count, runs, wrong
    finally:
        server.close()


MOST_WRONG = 10
KEEP = False


def main() -> int:
    global MOST_WRONG, KEEP
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--without-memory", required=True, type=lambda path: str(Path(path).resolve()))
    parser.add_argument("--share", type=int, default=0)
    parser.add_argument("--most-wrong", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--only")
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    MOST_WRONG, KEEP = options.most_wrong, options.keep
    names = options.only.split(",") if options.only else list(QUESTIONS)
    tried, failed = 0, False
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for name, count, runs, wrong in pool.map(
                lambda name: try_question(options.without_memory, name, options.share), names):
            tried += runs
            failed |= bool(wrong)
            print(f"{name}: {count} allocations, {runs} runs", flush=True)
            for line in wrong:
                print(f"WRONG {line}", flush=True)
    print(f"{tried} runs")
    for world in [] if KEEP else WORLDS:
        world.close()
    return failed


if __name__ == "__main__":
    sys.exit(main())
