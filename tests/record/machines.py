#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`bindsim record` on another machine, in a virtual one.

    machines.py --machine aarch64 --bindsim build/bindsim --build /var/tmp/bindsim-aarch64

bindsim is built for the machine by its cross compiler and Debian's libraries, and laid into a root directory with the
machine's C library, from which a virtual machine runs programs: emulators of programs let nobody trace. What random_plans.py
does here is done there, and so are the tests of this directory that can be. Recorded plans are simulated by this machine's
bindsim, and there as well, which must say the same. `--build` is kept, and the next build is a short one.
"""

from __future__ import annotations

import argparse
import importlib
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "oracle"))

import virtual_machine  # noqa: E402
from debian_packages import Unavailable, download  # noqa: E402
from foreign_machines import MACHINES, ForeignRoot, Machine, prepared  # noqa: E402
from graph_build import Toolbox  # noqa: E402
from loader import SKIPPED  # noqa: E402
from random_plans import Settings, compare  # noqa: E402
from seeds import parse_seeds  # noqa: E402

SOURCE = Path(__file__).resolve().parents[2]
VIRTUAL = {"aarch64": virtual_machine.AARCH64}
SIGTRAP = 5
PATIENCE_SECONDS = 600
TICK_MICROSECONDS = 20000
# What bindsim is compiled and linked with, and opens when it runs.
NEEDED = ("libinih-dev", "libinih1", "libiberty-dev", "libelf1", "libelf-dev", "libdw1", "libdw-dev", "libjansson4",
          "libjansson-dev", "zlib1g", "zlib1g-dev", "liblzma-dev", "liblzma5",
          "libbz2-dev", "libbz2-1.0")
# What programs of the tests are started by, and character sets of iconv(3).
PROGRAMS = ("busybox", "bash", "libtinfo6", "libc6")
APPLETS = ("cat", "env", "false", "kill", "sh", "true")
BINDSIM = "/usr/bin/bindsim"
MODULES = ("test_calls", "test_constructors", "test_processes", "test_waiting")


def unpacked(cache: Path, architecture: str, names: tuple[str, ...], to: Path) -> Path:
    """A directory with the files of these packages."""
    for package in download(cache, architecture, names):
        subprocess.run(["dpkg-deb", "-x", package, to], check=True)
    return to


def cross_file(machine: Machine, sysroot: Path) -> str:
    """What meson is told of the machine."""
    library = sysroot / "usr" / "lib" / machine.multiarch
    return f"""[binaries]
c = '{machine.tool("gcc")}'
ar = '{machine.tool("ar")}'
strip = '{machine.tool("strip")}'
pkgconfig = 'pkg-config'
[built-in options]
c_args = ['-I{sysroot}/usr/include', '-I{sysroot}/usr/include/libiberty']
c_link_args = ['-L{library}']
[properties]
pkg_config_libdir = '{library}/pkgconfig'
sys_root = '{sysroot}'
[host_machine]
system = 'linux'
cpu_family = '{machine.name}'
cpu = '{machine.name}'
endian = 'little'
"""


def built(machine: Machine, sysroot: Path, build: Path) -> Path:
    """bindsim for the machine; what is optional is left out."""
    for tool in ("meson", "ninja", "pkg-config"):
        if shutil.which(tool) is None:
            raise Unavailable(f"{tool} is missing")
    build.mkdir(parents=True, exist_ok=True)
    if not (build / "build.ninja").exists():
        (build / "cross.ini").write_text(cross_file(machine, sysroot))
        run_quietly(["meson", "setup", build, SOURCE, "--cross-file", build / "cross.ini", "--buildtype=debugoptimized",
                     "-Dauto_features=disabled", "-Dtests=false"])
    run_quietly(["ninja", "-C", build, "src/cli/bindsim"])
    return build / "src/cli/bindsim"


def run_quietly(command: list[str | Path]) -> None:
    """Prints what it said only if it fails, which ends the test."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False)
    if done.returncode != 0:
        sys.exit(f"{command[0]}: {done.stdout[-4000:]}")


def furnish(root: ForeignRoot, bindsim: Path, sysroot: Path, programs: Path) -> None:
    """Lays in bindsim, the libraries that it opens, and the programs."""
    binaries, library = root.path / "usr/bin", root.path / "usr/lib" / root.machine.multiarch
    binaries.mkdir(parents=True)
    os.symlink("usr/bin", root.path / "bin")
    shutil.copy2(bindsim, binaries / "bindsim")
    for file in programs.glob("bin/*"):
        shutil.copy2(file, binaries / file.name)
    for applet in APPLETS:
        os.symlink("busybox", binaries / applet)
    for place in (sysroot, programs):
        for directory in (place / "lib" / root.machine.multiarch, place / "usr/lib" / root.machine.multiarch):
            for file in directory.glob("*.so.*"):
                if not (library / file.name).exists():
                    shutil.copy2(file, library / file.name)
    shutil.copytree(programs / "usr/lib" / root.machine.multiarch / "gconv", library / "gconv")


def run_tests(root: ForeignRoot, directory: Path, work: Path, names: list[str]) -> bool:
    """The tests NAMES of this directory; their bindsim is a script that has the one of the root run."""
    script = work / "bindsim"
    script.write_text(f'#!/bin/sh\nexec {shlex.join(root.command(BINDSIM))} "$@"\n')
    script.chmod(0o755)
    os.environ["BINDSIM"] = str(script)
    case, harness = importlib.import_module("case"), importlib.import_module("harness")
    case.TIMEOUT_SECONDS = harness.TIMEOUT_SECONDS = PATIENCE_SECONDS
    case.RecordTest.place = case.Place(tuple(root.command(BINDSIM)[:-1]), str(directory), (root.machine.tool("gcc"),), SIGTRAP, TICK_MICROSECONDS)
    suite = unittest.TestSuite(unittest.defaultTestLoader.loadTestsFromName(name) for name in names)
    return unittest.TextTestRunner(sys.stdout, verbosity=2).run(suite).wasSuccessful()


def check(arguments: argparse.Namespace, work: Path) -> int:
    """Builds, boots and compares below WORK; returns the exit status."""
    kind = VIRTUAL[arguments.machine]
    machine = replace(MACHINES[arguments.machine], virtual=kind, emulator=None, options=(f"--cpu={kind.level}",))
    if reason := machine.unavailable():
        raise Unavailable(reason)
    cache = Path(arguments.cache).resolve() / kind.architecture
    cache.mkdir(parents=True, exist_ok=True)
    sysroot = unpacked(cache, kind.architecture, NEEDED, cache / "sysroot")
    programs = unpacked(cache, kind.architecture, PROGRAMS, cache / "programs")
    bindsim = built(machine, sysroot, Path(arguments.build).resolve())
    with prepared(machine, work / "root", Path(arguments.cache).resolve()) as root:
        furnish(root, bindsim, sysroot, programs)
        # One path for both: a directory in the root, and here a link to it.
        base = work / "base"
        Path(f"{root.path}{base}").mkdir(parents=True)
        os.symlink(f"{root.path}{base}", base)
        status = 0
        if arguments.only != "tests":
            tools = Toolbox(base, machine)
            tools.compile()
            settings = Settings(str(Path(arguments.bindsim).resolve()), base, tools, arguments.plans, root, BINDSIM)
            status = compare(settings, parse_seeds(arguments.seeds), arguments.jobs)
        if arguments.only != "plans" and not run_tests(root, base, work, arguments.tests.split(",")):
            status = 1
        return status


def main() -> int:
    """Compares on one machine."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--machine", required=True, choices=VIRTUAL)
    options.add_argument("--bindsim", default="build/bindsim", metavar="PATH")
    options.add_argument("--build", required=True, metavar="DIR", help="where bindsim is built for the machine")
    options.add_argument("--cache", default="/var/tmp/bindsim-packages", metavar="DIR",
                         help="where what is downloaded stays (default %(default)s)")
    options.add_argument("--seeds", default="1-20", metavar="LIST")
    options.add_argument("--plans", type=int, default=2)
    options.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options.add_argument("--only", choices=("plans", "tests"), help="random plans, or the tests of this directory")
    options.add_argument("--tests", default=",".join(MODULES), metavar="LIST", help="modules, or e.g. test_calls.CallsTest.test_flags")
    arguments = options.parse_args()
    try:
        with tempfile.TemporaryDirectory(prefix="machines-") as directory:
            return check(arguments, Path(directory).resolve())
    except Unavailable as reason:
        print(f"skipped: {reason}")
        return SKIPPED


if __name__ == "__main__":
    sys.exit(main())
