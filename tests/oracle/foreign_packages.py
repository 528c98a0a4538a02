#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares the simulator with the real loader on a root made of another architecture's Debian packages.

    foreign_packages.py --bindsim build/bindsim --cache /var/tmp/packages [ARCHITECTURE...]

The packages are downloaded once, with lists and state of their own, so that dpkg's architectures stay as they are, and
unpacked without being configured: no ld.so.cache, loaders and libraries by way of absolute and relative links.  Every
program in them is started with all bindings made at once; then once more with libraries in directories that only a
cache leads to, which the architecture's own ldconfig writes, and with bindsim in the place of that one.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from debian_packages import Unavailable, download
from foreign_machines import MACHINES, ForeignRoot
from foreign_search import LEVELS
from loader import SKIPPED, Question, compare, run_real, run_simulated

ARCHITECTURES = {"arm64": "aarch64", "armhf": "arm", "i386": "i386", "ppc64el": "ppc64le", "s390x": "s390x",
                 "mips64el": "mips64el"}
ENDLESS = ("yes",)
PACKAGES = ["hello", "libc6", "libc-bin", "libgcc-s1", "libstdc++6", "coreutils", "libselinux1", "libacl1", "libattr1",
            "libpcre2-8-0", "libgmp10", "libcrypt1", "sed", "grep", "bc", "libreadline8", "libtinfo6", "jq", "libjq1",
            "libonig5", "file", "libmagic1", "liblzma5", "libbz2-1.0", "zlib1g"]


def _programs(root: ForeignRoot) -> Iterator[str]:
    for directory in ("bin", "usr/bin", "usr/sbin"):
        for path in sorted((root.path / directory).glob("*")):
            if path.name not in ENDLESS and path.is_file() and not path.is_symlink() and path.read_bytes()[:4] == b"\x7fELF":
                yield root.inside(path)


def check(root: ForeignRoot, bindsim: str, what: str, extra: tuple[str, ...] = ()) -> tuple[int, int, list[str]]:
    """How many programs and binding lines were compared, and what differs."""
    programs, bindings, reports = 0, 0, []
    for program in _programs(root):
        question = Question(program, cwd="/", categories=("libs", "bindings"), driver=False, root=root, extra=extra)
        real = run_real(question)
        programs, bindings = programs + 1, bindings + real.binding_lines()
        if differences := compare(real, run_simulated(question, bindsim)):
            reports.append("\n".join([f"{root.machine.name}: {program}, {what}:", *differences]))
    return programs, bindings, reports


def _spread(root: ForeignRoot, architecture: str) -> None:
    """Moves and copies libraries to where only a cache leads, some into directories for one kind of processor."""
    rng = random.Random(architecture)
    places = ["opt/a", "opt/b/lib", "opt/c"]
    for place in places:
        (root.path / place).mkdir(parents=True, exist_ok=True)
    for library in sorted((root.path / "usr/lib" / root.machine.multiarch).glob("*.so.*")):
        if library.is_symlink() or not library.is_file():
            continue
        for _ in range(rng.choice([0, 1, 2, 3])):
            below = rng.choice(["", "", "tls", "atomics", "neon", "vfp", "altivec", "vx", "zarch", "sse2", "i686",
                                *(f"glibc-hwcaps/{level}" for level in LEVELS)])
            target = root.path / rng.choice(places) / below / library.name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(library, target)
        if rng.random() < 0.5:
            away = root.path / rng.choice(places) / library.name
            shutil.move(library, away)
    conf = root.path / "etc/ld.so.conf.d"
    conf.mkdir(exist_ok=True)
    (conf / "zz-more.conf").write_text("# more\n/opt/b/lib\t\ninclude /etc/more/*.list\n/not/there\n")
    (root.path / "etc/more").mkdir(exist_ok=True)
    (root.path / "etc/more/one.list").write_text("/opt/c\n/opt/a # not a comment's end\n")
    (root.path / "etc/more/two.list").write_text("/opt/a\n")


def _make_cache(root: ForeignRoot) -> None:
    done = subprocess.run(root.command("/sbin/ldconfig"), preexec_fn=root.enter("/"), capture_output=True, text=True,
                          env={}, check=False)
    if done.returncode != 0:
        raise Unavailable(f"ldconfig: {done.stderr.strip()}")


def check_architecture(architecture: str, bindsim: str, cache: Path) -> bool | None:
    """Prints how the architecture's programs compare: whether they agree, or None where that cannot be told."""
    machine = MACHINES[ARCHITECTURES[architecture]]
    if machine.emulator and shutil.which(machine.emulator) is None:
        print(f"{architecture}: skipped: {machine.emulator} is missing")
        return None
    with tempfile.TemporaryDirectory(prefix="foreign-packages-") as directory:
        root = ForeignRoot(machine, Path(directory))
        try:
            for package in download(cache / architecture, architecture, PACKAGES):
                subprocess.run(["dpkg-deb", "-x", package, directory], check=True)
        except Unavailable as error:
            print(f"{architecture}: skipped: {error}")
            return None
        root.furnish()
        if reason := root.cannot_start("/usr/bin/hello"):
            print(f"{architecture}: skipped: {reason}")
            return None
        results = [check(root, bindsim, "no cache")]
        try:
            _spread(root, architecture)
            _make_cache(root)
        except Unavailable as error:
            print(f"{architecture}: {error}")
            return False
        results.append(check(root, bindsim, "with a cache"))
        results.append(check(root, bindsim, "with bindsim's cache", ("--ldconfig",)))
    programs, bindings = (sum(result[i] for result in results) for i in (0, 1))
    reports = [report for result in results for report in result[2]]
    for report in reports:
        print(report)
    print(f"{architecture}: {programs} starts, {bindings} binding lines compared, {len(reports)} differences", flush=True)
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
