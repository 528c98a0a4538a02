#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Scans of whole systems: the answer is one however it is made, and says of each program what its own run says.

    scan_systems.py --bindsim PATH [--sample N] [--seed N] [PATH...]
    scan_systems.py --bindsim PATH --cache DIR --architecture ARCH [--sample N] [--seed N]

The first scans PATHs of this machine, /usr/bin by default. The second makes a Debian root of more than 2,000 programs for
ARCH out of packages, which are downloaded and unpacked in DIR, nothing of them being run, and scans that.

1, 2 and 4 threads, 1, 3 and 7 parts, little memory, and scans that are killed at random and go on must give the same bytes.
The runs of a sample of the programs must say what the scan says of them. Time and memory are printed and decide nothing.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import debian_packages

sys.path.append(str(Path(__file__).resolve().parents[1] / "cli"))
from scans import of_record, of_report  # noqa: E402

SKIPPED = 77
TIMEOUT_SECONDS = 900
# Programs by the hundred, of many kinds: pictures, maps, genes, brains, screens, documents, networks, data bases.
PACKAGES = """netpbm grass-core emboss mrtrix3 xscreensaver-data-extra xscreensaver-gl-extra dcmtk minc-tools
    texlive-binaries llvm-14 samba x11-apps x11-utils systemd bsdgames coreutils findutils util-linux procps e2fsprogs
    gdal-bin openssh-server ncbi-blast+ postgresql-15 lvm2 ffmpeg graphviz git""".split()
LEAST_PROGRAMS = 2000
KILLS = 4
AT_ONCE = 40  # packages in one download


def make_root(cache: Path, architecture: str) -> Path:
    """A root with PACKAGES and all that they need, as files."""
    directory = cache.resolve() / f"scan-{architecture}"
    root = directory / "root"
    if (directory / "complete").exists():
        return root
    directory.mkdir(parents=True, exist_ok=True)
    names = debian_packages.with_needs(directory, architecture, PACKAGES)
    for name in ("bin", "sbin", "lib"):
        (root / "usr" / name).mkdir(parents=True, exist_ok=True)
        if not (root / name).is_symlink():
            (root / name).symlink_to(f"usr/{name}")
    for at in range(0, len(names), AT_ONCE):
        for package in debian_packages.download(directory, architecture, names[at:at + AT_ONCE]):
            with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE) as archive:
                subprocess.run(["tar", "-x", "--keep-directory-symlink", "--no-same-owner", "-C", root],
                               stdin=archive.stdout, check=True)
    (directory / "complete").touch()
    return root


class Scans:
    """Scans of one system, in a directory of their own."""

    def __init__(self, bindsim: str, arguments: list[str], directory: Path):
        self.bindsim, self.arguments, self.directory = bindsim, arguments, directory
        self.problems = 0

    def run(self, *options: str, name: str = "out", timeout: float = TIMEOUT_SECONDS) -> bytes:
        """What a scan writes to NAME."""
        path = self.directory / name
        path.unlink(missing_ok=True)
        done = subprocess.run([self.bindsim, "scan", "-o", path, *options], capture_output=True, text=True,
                              timeout=timeout, check=False)
        if done.returncode not in (0, 1, 2) or not path.exists():
            raise RuntimeError(f"{options}: {done.returncode} {done.stderr}")
        return path.read_bytes()

    def whole(self, *options: str, name: str = "out") -> bytes:
        return self.run("--format=ndjson", "--show=programs,pairs,notes,objects", *options, *self.arguments, name=name)

    def expect(self, what: str, got: bytes, wanted: bytes) -> None:
        print(f"{what}: {'the same bytes' if got == wanted else 'OTHER BYTES'}", flush=True)
        self.problems += got != wanted

    def broken_off(self, chance: random.Random, size: int) -> bytes:
        """The answer, which has SIZE bytes, of a scan that is killed wherever chance has it, and goes on each time."""
        journal = self.directory / "journal"
        journal.unlink(missing_ok=True)
        command = [self.bindsim, "scan", "-o", self.directory / "killed", f"--journal={journal}",
                   "--format=ndjson", "--show=programs,pairs,notes,objects", *self.arguments]
        for part in sorted(chance.random() for _ in range(KILLS)):
            with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
                while process.poll() is None and (not journal.exists() or journal.stat().st_size < part * size):
                    time.sleep(0.002)
                process.kill()
            n_lines = journal.read_bytes().count(b"\n")
            print(f"killed when the journal had {n_lines} lines")
        return self.whole(f"--journal={journal}")

    def compare(self, record: dict, options: list[str]) -> None:
        """Holds RECORD against the program's own run."""
        done = subprocess.run([self.bindsim, "check", "--no-policy", "--proof=none", "--format=json",
                               "--show=findings,objects,steps,mapped", *options, record["path"]],
                              capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False)
        if record["outcome"] == "unanswered":
            same = done.returncode == 2 and record["problem"] in done.stderr
        else:
            same = bool(done.stdout) and of_record(record) == of_report(json.loads(done.stdout))
        if not same:
            print(f"{record['path']}: its own run says something else")
            self.problems += 1


def scan(options: argparse.Namespace, arguments: list[str], root: list[str], least: int, directory: Path) -> int:
    scans = Scans(options.bindsim, arguments, directory)
    chance = random.Random(options.seed)
    began = time.monotonic()
    whole = scans.whole()
    seconds = time.monotonic() - began
    lines = [json.loads(line) for line in whole.splitlines()]
    records = [line for line in lines if line["type"] == "program"]
    print(f"{len(records)} programs in {seconds:.1f} s, {len(whole)} bytes: {lines[-1]}", flush=True)
    if len(records) < least:
        print(f"there are to be {least} at least")
        scans.problems += 1
    for threads in (1, 2, 4):
        scans.expect(f"{threads} threads", scans.whole(f"-j{threads}"), whole)
    scans.expect("little memory", scans.whole("--memory=64"), whole)
    for n in (1, 3, 7):
        names = [f"part-{part}" for part in range(1, n + 1)]
        for part, name in enumerate(names, 1):
            scans.whole(f"--shard={part}/{n}", name=name)
        merged = scans.run("--merge", "--format=ndjson", *(str(directory / name) for name in names))
        scans.expect(f"{n} parts", merged, whole)
    scans.expect("broken off", scans.broken_off(chance, len(whole)), whole)
    sample = chance.sample(records, min(options.sample, len(records)))
    began = time.monotonic()
    for record in sample:
        scans.compare(record, root)
    each = (time.monotonic() - began) / max(1, len(sample))
    print(f"{len(sample)} programs by themselves: {each * 1000:.1f} ms each; "
          f"the scan took {seconds / max(1, len(records)) / each:.2f} times that for each")
    return scans.problems


def read_options(description: str | None) -> argparse.Namespace:
    """The options of a test that scans PATHs of this machine, or the root of an architecture."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--bindsim", required=True)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--architecture")
    parser.add_argument("--sample", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("paths", nargs="*")
    return parser.parse_args()


def main() -> int:
    options = read_options(__doc__)
    arguments, root, least = options.paths or ["/usr/bin"], [], 1
    if options.architecture:
        try:
            root = ["--root", str(make_root(options.cache, options.architecture))]
        except (debian_packages.Unavailable, OSError, subprocess.CalledProcessError) as error:
            print(f"skipped: {error}")
            return SKIPPED
        arguments, least = [*root], LEAST_PROGRAMS
    with tempfile.TemporaryDirectory(prefix="bindsim-scan-") as directory:
        problems = scan(options, arguments, root, least, Path(directory))
    print(f"{problems} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
