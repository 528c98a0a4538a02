#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares the simulator with the loaders of other glibc versions, from other suites of the distribution's archive.

    other_loaders.py --bindsim build/src/cli/bindsim --cache DIR [--suites bullseye,trixie] [--seeds 1-40]
    other_loaders.py --bindsim build/src/cli/bindsim --root-of 2.28=DIR [--root-of 2.35=DIR]

Each suite's libc6 is downloaded by apt, from the archive that apt is configured for, and unpacked; nothing is
installed.  The scenarios and random graphs are then run with that directory as their root, which takes a namespace of
its own for mounts and chroot(2).  A suite that the archive does not have is passed over; where nothing could be
compared the exit status is 77.  With --root-of the directory is one that somebody laid out, such as the DESTDIR of a
glibc that was built with Debian's directories, and no suite is asked for unless --suites is given too.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SKIPPED = 77
SUITES = "bullseye,trixie"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
CLONE_NEWNS, MS_BIND, MS_REC, MS_PRIVATE = 0x20000, 0x1000, 0x4000, 0x40000


class Unavailable(Exception):
    """Something that this comparison needs is not to be had here."""


def archive() -> str:
    """The address of the archive that apt is configured for."""
    listed = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI) $(ORIGIN)", "Created-By: Packages"],
                            text=True, capture_output=True, check=False)
    addresses = [line.split()[0] for line in listed.stdout.splitlines() if line.endswith(" Debian")]
    main = [address for address in addresses if "security" not in address]
    if not main:
        raise Unavailable("apt knows no archive of Debian; apt-get update may help")
    return main[0]


def apt_options(directory: Path, suite: str, architecture: str = "amd64") -> list[str]:
    """An apt that keeps everything in a directory of its own."""
    for part in ("state/lists/partial", "cache/archives/partial", "out"):
        (directory / part).mkdir(parents=True, exist_ok=True)
    (directory / "status").touch()
    source = directory / "sources.list"
    source.write_text(f"deb [signed-by={KEYRING}] {archive()} {suite} main\n")
    values = {"Dir::State": directory / "state", "Dir::State::status": directory / "status",
              "Dir::Cache": directory / "cache", "Dir::Etc::sourcelist": source, "Dir::Etc::sourceparts": "/dev/null",
              "Acquire::Languages": "none", "Acquire::Check-Valid-Until": "false", "APT::Architecture": architecture}
    return [word for name, value in values.items() for word in ("-o", f"{name}={value}")]


def downloaded(directory: Path, suite: str, name: str, architecture: str = "amd64") -> Path:
    """The suite's package of that name, as a file below DIRECTORY."""
    options = apt_options(directory, suite, architecture)
    for command in (["update"], ["download", name]):
        done = subprocess.run(["apt-get", *options, *command], cwd=directory / "out", text=True, capture_output=True,
                              check=False)
        if done.returncode != 0:
            raise Unavailable(f"{suite}: apt-get {command[0]} fails: {(done.stderr.strip() or '?').splitlines()[-1]}")
    return next((directory / "out").glob(f"{name}_*.deb"))


def unpacked(cache: Path, suite: str) -> Path:
    """The suite's libc6 as a root directory, downloaded if it is not there yet."""
    root = cache / suite / "root"
    if root.exists():
        return root
    package = downloaded(cache / suite, suite, "libc6")
    unfinished = cache / suite / "unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    subprocess.run(["dpkg-deb", "-x", str(package), str(unfinished)], check=True)
    for name in ("lib", "lib64"):
        if not (unfinished / name).exists():
            (unfinished / name).symlink_to(f"usr/{name}")
    (unfinished / "proc").mkdir()
    unfinished.rename(root)
    return root


def version_of(root: Path) -> str:
    """What the C library says of itself."""
    found = re.search(rb"release version (\d+\.\d+)", (root / "lib/x86_64-linux-gnu/libc.so.6").read_bytes())
    if not found:
        raise Unavailable(f"{root}: its libc does not tell its version")
    return found[1].decode()


def laid_out(words: str) -> Path:
    """The root directory that VERSION=DIR names, if it holds that release."""
    version, _, directory = words.partition("=")
    root = Path(directory).resolve()
    if not (root / "lib/x86_64-linux-gnu/libc.so.6").exists() or not (root / "lib64/ld-linux-x86-64.so.2").exists():
        raise Unavailable(f"{words}: no C library and loader of a Debian root in there")
    if version_of(root) != version:
        raise Unavailable(f"{words}: its libc says {version_of(root)}")
    (root / "proc").mkdir(exist_ok=True)
    return root


def enter_namespace() -> None:
    """From here on mounts are this process's own."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) != 0 or libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None) != 0:
        raise Unavailable(f"no namespace for mounts: {os.strerror(ctypes.get_errno())}")


def bind(source: Path, target: Path) -> None:
    """Makes SOURCE, a file or a directory, appear at TARGET."""
    if source.is_dir():
        target.mkdir(parents=True, exist_ok=True)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(os.fsencode(source), os.fsencode(target), None, MS_BIND | MS_REC, None) != 0:
        raise Unavailable(f"{target} cannot be mounted: {os.strerror(ctypes.get_errno())}")


def compare(root: Path, arguments: argparse.Namespace) -> bool:
    """Runs the other programs with ROOT as their root; whether they found no difference."""
    version = version_of(root)
    old = tuple(map(int, version.split("."))) < (2, 35)
    parts = "bindings,scopes+libs,versions+files" + ("" if old else ",mapped+addresses,slots")
    with tempfile.TemporaryDirectory(prefix="other-loaders-") as directory:
        work = Path(directory).resolve()
        bind(Path("/proc"), root / "proc")
        bind(work, root / work.relative_to("/"))
        environment = {**os.environ, "BINDSIM_ORACLE_ROOT": str(root), "BINDSIM_ORACLE_GLIBC": version}
        agree = True
        for program, options in (("run_scenarios.py", ["--keep", work / "scenarios"]),
                                 ("random_graphs.py", ["--keep", work / "graphs", "--seeds", arguments.seeds,
                                                       "--show", parts]),
                                 ("../record/random_plans.py", ["--keep", work / "plans", "--seeds", arguments.seeds])):
            print(f"glibc {version}, {program}:", flush=True)
            done = subprocess.run([sys.executable, HERE / program, "--bindsim", arguments.bindsim, *options],
                                  env=environment, check=False)
            agree = agree and done.returncode == 0
        subprocess.run(["umount", "-l", root / work.relative_to("/")], check=True)
    return agree


def main() -> int:
    """All suites, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bindsim", default="build/src/cli/bindsim", metavar="PATH")
    parser.add_argument("--cache", default="/var/tmp/bindsim-loaders", metavar="DIR", help="where downloads are kept")
    parser.add_argument("--suites", metavar="LIST", help=f"(default: {SUITES})")
    parser.add_argument("--root-of", action="append", default=[], metavar="VERSION=DIR", help="a glibc that is there")
    parser.add_argument("--seeds", default="1-40", metavar="LIST", help="of the random graphs (default: %(default)s)")
    arguments = parser.parse_args()
    arguments.bindsim = str(Path(arguments.bindsim).resolve())
    results = []
    try:
        for tool in ("apt-get", "dpkg-deb", "gcc", "ld"):
            if shutil.which(tool) is None:
                raise Unavailable(f"{tool} is missing")
        enter_namespace()
    except Unavailable as reason:
        print(f"skipped: {reason}")
        return SKIPPED
    suites = arguments.suites or ("" if arguments.root_of else SUITES)
    cache = Path(arguments.cache).resolve()
    for find, words in [*((laid_out, words) for words in arguments.root_of),
                        *((lambda suite: unpacked(cache, suite), suite) for suite in suites.split(",") if suite)]:
        try:
            results.append(compare(find(words), arguments))
        except Unavailable as reason:
            print(f"skipped: {reason}")
    if not results:
        return SKIPPED
    print(f"{len(results)} other loaders compared, {results.count(False)} with differences")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
