#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Has each system call of some kinds fail, be cut short or interrupted, or a signal come before it, for each question.

    calls.py --inject TOOL [--share N] [--some N] [--only QUESTION,...] [--faults KIND:WHAT,...]

TOOL is what inject.c makes. Without --share all calls of each question are tried, else about N, at the beginning, at the end
and between. What is wrong is printed, with the command that shows it once more.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import os
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

from faults import BINDSIM, END, OLD, QUESTIONS, WORLDS, Seen, World, chosen, differences, world_of_thread, written

# What the loader says, which opens libraries that few questions need.
LOADER = r"lib[\w+-]+\.so[.\d]*: (cannot read file data|failed to map segment|cannot (allocate|open|create|make|change|stat))"
LACKS = LOADER + "|zero-fill pages|[Oo]ut of memory|[Nn]o memory|[Cc]annot allocate memory|Resource temporarily unavailable"
# What is to become of a run: `same': it gives the answer; `trouble': or it ends with these words; `answer': or it is another
# one, for the loader that is simulated would meet the same; `told': the same, and these words are said; `ended': or the signal
# ends it.
FAULTS: dict[str, tuple[str, str]] = {
    "read:EINTR": ("same", ""),
    "write:EINTR": ("same", ""),
    "open:EINTR": ("same", ""),
    "wait:EINTR": ("same", ""),
    "read:short": ("same", ""),
    "write:short": ("same", ""),
    "write:ENOSPC": ("trouble", "No space left on device|database or disk is full|disk I/O error"),
    "put:ENOSPC": ("trouble", "No space left on device"),
    "write:EDQUOT": ("trouble", "Disk quota exceeded|disk I/O error"),
    "sync:EIO": ("trouble", "Input/output error|disk I/O error"),
    "rename:ENOSPC": ("trouble", "No space left on device"),
    "close:EIO": ("trouble", "Input/output error"),
    "make:ENOSPC": ("trouble", "No space left on device"),
    # SQLite opens a file once more, for reading, and says later that it cannot write to it.
    "open:EMFILE": ("trouble", "[Tt]oo many open files|unable to open database|sqlite: Input/output error"),
    "open:ENFILE": ("trouble", "[Tt]oo many open files|unable to open database|sqlite: Input/output error"),
    "memory:ENOMEM": ("trouble", LACKS),
    "start:EAGAIN": ("trouble", LACKS),
    "open:EACCES": ("answer", "[Pp]ermission denied|unable to open database"),
    "open:EIO": ("answer", "[Ii]nput/output error|unable to open database"),
    "open:ELOOP": ("answer", "[Tt]oo many levels of symbolic links|unable to open database"),
    "read:EIO": ("answer", "[Ii]nput/output error|disk I/O error"),
    "map:ENOMEM": ("answer", LACKS),
    "map:EACCES": ("answer", LOADER + "|[Pp]ermission denied"),
    "stat:EIO": ("answer", "[Ii]nput/output error|disk I/O error"),
    "list:EIO": ("told", "[Ii]nput/output error"),
    "list:ENOMEM": ("trouble", LACKS),
    "link:EIO": ("answer", "[Ii]nput/output error"),
    "any:SIGTERM": ("ended", "15"),
    "any:SIGINT": ("ended", "2"),
    "any:SIGHUP": ("ended", "1"),
    "any:SIGPIPE": ("ended", "13"),
    "any:SIGKILL": ("ended", "9"),
}
# Neither does libarchive.
TIRED = "Failed to open"
# Those that may come to all calls from one on.
PRINTED = ("help", "loaders", "loaders-one", "explain-rule")
STDIO = (*PRINTED, "scan-merge", "scan-journal")
LASTING = {"EINTR": "/2", "short": "", "ENOSPC": "", "EDQUOT": "", "EMFILE": "", "ENOMEM": "", "EIO": "", "EAGAIN": ""}


def is_unfinished(world: World) -> bool:
    """A file is there under the name that it has before it is complete."""
    return any(re.search(r"\.\w{6}$", entry.name) and entry.name.count(".") > 1 for entry in world.out.iterdir())


def run(inject: str, world: World, rule: str, arguments: list[str], before: dict[str, bytes]) -> tuple[Seen, list[str], int]:
    """What a run gives, what it leaves in tmp/, and how many calls there were."""
    for name, content in before.items():
        (world.out / name).write_bytes(content)
    report = world.directory / "calls"
    done = subprocess.run(["timeout", "-s", "KILL", "60", inject, rule, str(report), BINDSIM, *arguments], cwd=world.directory, env=world.environment(),
                          stdin=subprocess.DEVNULL, capture_output=True, check=False)
    left = [entry.name for entry in world.tmp.iterdir()]
    # Who removes it may take a moment when the tool was killed.
    until = time.monotonic() + 10
    while (left or is_unfinished(world)) and done.returncode > 128 and time.monotonic() < until:
        time.sleep(0.01)
        left = [entry.name for entry in world.tmp.iterdir()]
    if left:
        subprocess.run(["rm", "-rf", *left], cwd=world.tmp, check=True)
    return (Seen(done.returncode, done.stdout, done.stderr.decode("utf-8", "replace"), written(world.out)), left,
            int(report.read_text() or 0) if done.returncode not in (98, 99) else 0)


def is_asked(question: str, fault: str) -> bool:
    """What `record' writes is mostly memory of the program; help by stdio goes on behind what is lost."""
    kind, _, _ = fault.partition(":")
    if kind == "put":
        return question == "record"
    return kind != "write" or question not in ("record", *PRINTED)


def try_fault(inject: str, question: str, fault: str, share: int) -> tuple[str, int, int, list[str]]:
    """What was tried, how many calls there are, how many runs were made, what was wrong."""
    world = world_of_thread()
    arguments = world.words(question)
    wish, words = FAULTS[fault]
    wanted, left, count = run(inject, world, f"{fault}:0-0", arguments, {})
    name = f"{question} {fault}"
    if wanted.status not in (0, 1) or left:
        return name, count, 1, [f"{name}: no answer without a fault: {wanted}"]
    old = {file: OLD for file in wanted.files if file != "journal"}
    wrong, runs = [], 1
    lasting = LASTING.get(fault.partition(":")[2])
    rules = [f"{number}-{number}" for number in chosen(count, share, sum(name.encode())) if number <= count]
    if lasting is not None and count:
        rules += [f"{number}-{END}{lasting}" for number in chosen(count, share, sum(name.encode())) if number <= count]
    for index, rule in enumerate(rules):
        # What takes the place of another file is there under another name for a moment.
        before = old if index % 2 and fault != "any:SIGKILL" else {}
        seen, left, _ = run(inject, world, f"{fault}:{rule}", arguments, before)
        runs += 1
        # The loader does not try again.
        mild = "trouble" if wish == "same" and re.search(LOADER, seen.err) else wish
        # These read and print by stdio, which gives up.
        if fault in ("write:EINTR", "read:EINTR") and question in STDIO or TIRED in seen.err:
            mild = "trouble"
        # Whether the loader of a program that runs can be followed is a part of its plan.
        if question == "record" and wish == "trouble":
            mild = "answer"
        found = differences(wanted, seen, words or f"{LOADER}|Interrupted system call", before, left, mild)
        wrong += [f"{name}: {what}\n    inject {fault}:{rule} /dev/null {shlex.join([BINDSIM, *arguments])}" for what in found]
        if len(wrong) >= MOST_WRONG:
            break
    return name, count, runs, wrong


MOST_WRONG = 5


def main() -> int:
    global MOST_WRONG
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inject", required=True, type=lambda path: str(Path(path).resolve()))
    parser.add_argument("--share", type=int, default=0)
    parser.add_argument("--some", type=int, default=1, help="ask only every SOMEth of the pairs of question and fault")
    parser.add_argument("--most-wrong", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--only")
    parser.add_argument("--faults")
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    MOST_WRONG = options.most_wrong
    done = subprocess.run([options.inject, "any:SIGTERM:0-0", os.devnull, "true"], capture_output=True, check=False)
    if done.returncode in (98, 99):
        print(f"programs cannot be traced here: {done.stderr.decode()}")
        return 77
    pairs = [(question, fault) for question in (options.only.split(",") if options.only else QUESTIONS)
             for fault in (options.faults.split(",") if options.faults else FAULTS) if is_asked(question, fault)][::options.some]
    tried, calls, failed = 0, 0, False
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for name, count, runs, wrong in pool.map(lambda pair: try_fault(options.inject, *pair, options.share), pairs):
            tried += runs
            calls += count
            failed |= bool(wrong)
            for line in wrong:
                print(f"WRONG {line}", flush=True)
    print(f"{calls} calls, {tried} runs")
    for world in WORLDS:
        if options.keep:
            print(f"cd {world.directory}")
        else:
            world.close()
    return failed


if __name__ == "__main__":
    sys.exit(main())
