#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares the simulator with the real loader on a root made of another architecture's Debian packages.

    foreign_packages.py --bindsim build/bindsim --cache /var/tmp/packages [ARCHITECTURE...]

The packages are downloaded once, with lists and state of their own, so that dpkg's architectures stay as they are, and
unpacked without being configured: no ld.so.cache, loaders and libraries by way of absolute and relative links.  Every
program in them is started with all bindings made at once.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from foreign_machines import MACHINES, ForeignRoot
from loader import SKIPPED, Question, compare, run_real, run_simulated

ARCHITECTURES = {"arm64": "aarch64", "s390x": "s390x", "mips64el": "mips64el"}
ENDLESS = ("yes",)
PACKAGES = ["hello", "libc6", "libgcc-s1", "libstdc++6", "coreutils", "libselinux1", "libacl1", "libattr1",
            "libpcre2-8-0", "libgmp10", "libcrypt1", "sed", "grep", "bc", "libreadline8", "libtinfo6", "jq", "libjq1",
            "libonig5", "file", "libmagic1", "liblzma5", "libbz2-1.0", "zlib1g"]


class Unavailable(Exception):
    """The packages cannot be had here."""


def _apt(directory: Path, architecture: str, *words: str) -> None:
    """apt-get for one foreign architecture, with nothing of the machine's own state but its list of sources."""
    settings = {"APT::Architecture": architecture, "APT::Architectures": architecture, "Dir::State": directory / "state",
                "Dir::Cache": directory / "cache", "Dir::State::status": directory / "state/status",
                "APT::Sandbox::User": ""}
    command = ["apt-get", "-qq"]
    for name, value in settings.items():
        command += ["-o", f"{name}={value}"]
    try:
        done = subprocess.run([*command, *words], cwd=directory, capture_output=True, text=True, timeout=300, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(str(error)) from error
    if done.returncode != 0:
        raise Unavailable(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"{words[0]} failed")


def packages(directory: Path, architecture: str) -> list[Path]:
    """The files of all packages, downloaded if they are not there."""
    for part in ("state/lists/partial", "cache/archives/partial"):
        (directory / part).mkdir(parents=True, exist_ok=True)
    (directory / "state/status").touch()
    have = {path.name.partition("_")[0] for path in directory.glob("*.deb")}
    if missing := [name for name in PACKAGES if name not in have]:
        _apt(directory, architecture, "update")
        _apt(directory, architecture, "download", *missing)
    return sorted(directory.glob("*.deb"))


def _programs(root: ForeignRoot) -> Iterator[str]:
    for directory in ("bin", "usr/bin", "usr/sbin"):
        for path in sorted((root.path / directory).glob("*")):
            if path.name not in ENDLESS and path.is_file() and not path.is_symlink() and path.read_bytes()[:4] == b"\x7fELF":
                yield root.inside(path)


def check(root: ForeignRoot, bindsim: str) -> tuple[int, int, list[str]]:
    """How many programs and binding lines were compared, and what differs."""
    programs, bindings, reports = 0, 0, []
    for program in _programs(root):
        question = Question(program, cwd="/", categories=("libs", "bindings"), driver=False, root=root)
        real = run_real(question)
        programs, bindings = programs + 1, bindings + real.binding_lines()
        if differences := compare(real, run_simulated(question, bindsim)):
            reports.append("\n".join([f"{root.machine.name}: {program}:", *differences]))
    return programs, bindings, reports


def check_architecture(architecture: str, bindsim: str, cache: Path) -> bool | None:
    """Prints how the architecture's programs compare: whether they agree, or None where that cannot be told."""
    machine = MACHINES[ARCHITECTURES[architecture]]
    if machine.emulator and shutil.which(machine.emulator) is None:
        print(f"{architecture}: skipped: {machine.emulator} is missing")
        return None
    with tempfile.TemporaryDirectory(prefix="foreign-packages-") as directory:
        root = ForeignRoot(machine, Path(directory))
        try:
            for package in packages(cache / architecture, architecture):
                subprocess.run(["dpkg-deb", "-x", package, directory], check=True)
        except Unavailable as error:
            print(f"{architecture}: skipped: {error}")
            return None
        root.furnish()
        if reason := root.cannot_start("/usr/bin/hello"):
            print(f"{architecture}: skipped: {reason}")
            return None
        programs, bindings, reports = check(root, bindsim)
    for report in reports:
        print(report)
    print(f"{architecture}: {programs} programs, {bindings} binding lines compared, {len(reports)} differences", flush=True)
    return bindings > 0 and not reports


def main() -> int:
    """All architectures, or those that are named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("architectures", nargs="*", metavar="ARCHITECTURE", help=", ".join(ARCHITECTURES))
    parser.add_argument("--bindsim", default="build/bindsim", metavar="PATH")
    parser.add_argument("--cache", default="/var/tmp/bindsim-packages", metavar="DIR")
    arguments = parser.parse_args()
    bindsim, cache = str(Path(arguments.bindsim).resolve()), Path(arguments.cache).resolve()
    results = [check_architecture(name, bindsim, cache) for name in arguments.architectures or ARCHITECTURES]
    if False in results:
        return 1
    return 0 if True in results else SKIPPED


if __name__ == "__main__":
    sys.exit(main())
