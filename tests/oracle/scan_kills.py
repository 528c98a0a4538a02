#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Scans that are killed, whose disk is full, or whose journal is cut: each goes on to the same bytes, or says why not.

    scan_kills.py --bindsim PATH [--kills N] [--seed N] [PATH...]
    scan_kills.py --bindsim PATH [--kills N] [--seed N] --root DIR

- SIGKILL comes N times at random moments, and the same command goes on each time. What a journal had it still has.
- A limit on the size of files ends a scan of a few programs while it writes its journal, at every byte.
- The journal of these programs is cut, and has a byte changed, at every place: what follows is the whole answer, or one
  message and nothing else.
- A disk of some pages is full, and then it is larger; for that it takes a mount of one's own.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TIMEOUT_SECONDS = 600
FEW = 3  # programs whose journal is gone through byte by byte
SHOWN = ("--format=ndjson", "--show=programs,pairs,notes,objects")
ENDED_BY_KILL = -9
DISK_SIZES = (4, 8, 12, 16, 24)  # KiB


def can_be_nameless(directory: Path) -> bool:
    """Whether a file can be there without a name, so that a kill leaves nothing of it."""
    try:
        os.close(os.open(directory, os.O_TMPFILE | os.O_WRONLY))
    except OSError:
        return False
    return True


class Kills:
    """Scans of one system, in a directory of their own."""

    def __init__(self, bindsim: str, directory: Path, arguments: list[str]):
        self.bindsim, self.directory, self.arguments = bindsim, directory, arguments
        self.journal = directory / "journal"
        self.output = directory / "out"
        self.problems = 0

    def problem(self, text: str) -> None:
        print(text, flush=True)
        self.problems += 1

    def command(self, *options: str) -> list[str]:
        return [self.bindsim, "scan", *SHOWN, *options, *self.arguments]

    def run(self, *options: str, **more) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(self.command(*options), capture_output=True, timeout=TIMEOUT_SECONDS, check=False, **more)

    # ---- at random moments ------------------------------------------------------------------------------------------

    def killed(self, chance: random.Random, n_kills: int) -> None:
        began = time.monotonic()
        whole = self.run().stdout
        seconds = time.monotonic() - began
        kills = early = finished = 0
        before = b""
        while kills < n_kills:
            command = self.command(f"--journal={self.journal}", "-o", str(self.output), f"-j{chance.choice([1, 2, 4])}")
            with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
                try:
                    process.wait(chance.uniform(0, seconds / 2))
                except subprocess.TimeoutExpired:
                    process.kill()
            if process.returncode == ENDED_BY_KILL:
                kills += 1
                # It may have come to its end but for what a process does when it exits.
                if self.output.exists() and self.output.read_bytes() != whole:
                    self.problem("a scan that was killed left an output that is not complete")
                self.output.unlink(missing_ok=True)
                now = self.journal.read_bytes() if self.journal.exists() else b""
                early += now.count(b"\n") < 2
                kept = before[:before.rfind(b"\n") + 1]
                if not now.startswith(kept):
                    self.problem(f"kill {kills}: the journal lost what it had: {len(kept)} bytes, now {len(now)}")
                before = now
            else:
                finished += 1
                if process.returncode not in (0, 1, 2) or not self.output.exists() or self.output.read_bytes() != whole:
                    self.problem(f"after {kills} kills: status {process.returncode}, OTHER BYTES")
                self.output.unlink(missing_ok=True)
                self.journal.unlink()
                before = b""
        done = self.run(f"--journal={self.journal}")
        if done.stdout != whole:
            self.problem("after the last kill: OTHER BYTES")
        self.journal.unlink()
        left = [path.name for path in self.directory.iterdir()]
        if left and can_be_nameless(self.directory):
            self.problem(f"left behind: {left}")
        print(f"{kills} kills at random moments of a scan of {seconds:.1f} s, {early} of them before anything was found; "
              f"{finished + 1} scans came to their end, each of {len(whole)} bytes", flush=True)

    # ---- at every byte ----------------------------------------------------------------------------------------------

    def at_every_byte(self, every: int) -> None:
        """At each byte, or at EVERY byte of so many, and at the first and the last ones."""
        whole = self.run(f"--journal={self.journal}", "-j1").stdout
        journal = self.journal.read_bytes()
        places = [at for at in range(len(journal)) if at % every == 0 or at < 50 or at >= len(journal) - 50]

        def goes_on(how: str, at: int, may_refuse: bool = False) -> bool:
            done = self.run(f"--journal={self.journal}", "-j1")
            if done.stdout == whole:
                return True
            if not may_refuse or done.returncode != 2 or done.stdout or len(done.stderr.splitlines()) != 1:
                self.problem(f"{how} at byte {at}: status {done.returncode}, {done.stderr!r}, {len(done.stdout)} bytes")
            return False

        for at in places:
            self.journal.unlink()
            done = self.run(f"--journal={self.journal}", "-j1",
                            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (at, at)))
            if not done.returncode or self.journal.stat().st_size != at:
                self.problem(f"the journal may have {at} bytes: status {done.returncode}, {done.stderr!r}")
            goes_on("ended", at)
        print(f"{len(places)} scans ended while they wrote a byte from 0 to {len(journal) - 1} of their journal", flush=True)
        for at in places:
            self.journal.write_bytes(journal[:at])
            goes_on("cut", at)
        refused = 0
        for at in places:
            for other in {journal[at] ^ 1, ord("\n")} - {journal[at]}:
                self.journal.write_bytes(journal[:at] + bytes([other]) + journal[at + 1:])
                refused += not goes_on("changed", at, may_refuse=True)
        print(f"{len(places)} journals were cut, and some {2 * len(places)} changed, of which {refused} were refused", flush=True)
        self.journal.unlink()

    # ---- a full disk ------------------------------------------------------------------------------------------------

    def full_disk(self) -> None:
        whole = self.run().stdout
        disk = self.directory / "disk"
        disk.mkdir()
        script = """
            mount -t tmpfs -o size="$1"k none "$2" || exit 77
            journal=--journal=$2/journal; shift 2
            "$@" "$journal" -o "$0/first" 2> "$0/err"; echo $? > "$0/status"
            mount -o remount,size=64m "${journal#--journal=}/.." 2> /dev/null || mount -o remount,size=64m "$DISK"
            "$@" "$journal" -o "$0/second"; test $? != 2
        """
        full = 0
        for size in DISK_SIZES:
            done = subprocess.run(["unshare", "-r", "-m", "sh", "-c", script, self.directory, str(size), disk, *self.command()],
                                  capture_output=True, text=True, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DISK": str(disk)},
                                  timeout=TIMEOUT_SECONDS, check=False)
            if done.returncode == 77:
                print(f"no full disk: {done.stderr.strip()}")
                break
            error, status = (self.directory / "err").read_text(), (self.directory / "status").read_text().strip()
            first, second = self.directory / "first", self.directory / "second"
            if status == "2":
                full += 1
                if first.exists() or len(error.splitlines()) != 1 or "No space left on device" not in error:
                    self.problem(f"a disk of {size} KiB: {error!r}")
            elif first.read_bytes() != whole:
                self.problem(f"a disk of {size} KiB: status {status}, OTHER BYTES")
            if not second.exists() or second.read_bytes() != whole:
                self.problem(f"when the disk had room again: {done.stderr!r}")
            for name in ("first", "second", "err", "status"):
                (self.directory / name).unlink(missing_ok=True)
        else:
            print(f"{len(DISK_SIZES)} small disks, {full} of them full: the scans went on when there was room", flush=True)
            if not full:
                self.problem("none was too small")
        disk.rmdir()


def few_programs(bindsim: str, arguments: list[str]) -> list[str]:
    """The first that the scan has, as arguments."""
    done = subprocess.run([bindsim, "scan", "--format=ndjson", "--show=programs", *arguments], capture_output=True, text=True,
                          timeout=TIMEOUT_SECONDS, check=False)
    paths = [line.split('"path":"', 1)[1].split('"', 1)[0] for line in done.stdout.splitlines() if '"type":"program"' in line]
    return [*(word for word in arguments if word.startswith("--root")), *paths[:FEW]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bindsim", required=True)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--every", type=int, default=1, metavar="N", help="end, cut and change the journal at every Nth byte")
    parser.add_argument("--root")
    parser.add_argument("paths", nargs="*")
    options = parser.parse_args()
    arguments = [f"--root={options.root}"] if options.root else options.paths or ["/usr/bin"]
    problems = 0
    with tempfile.TemporaryDirectory(prefix="bindsim-kills-") as directory:
        kills = Kills(options.bindsim, Path(directory), arguments)
        kills.killed(random.Random(options.seed), options.kills)
        kills.arguments = few_programs(options.bindsim, arguments)
        kills.at_every_byte(max(1, options.every))
        if shutil.which("unshare"):
            kills.arguments = arguments
            kills.full_disk()
        problems = kills.problems
    print(f"{problems} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
