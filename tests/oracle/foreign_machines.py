# SPDX-License-Identifier: MIT
"""The machines beside x86-64, and a root directory with the C library of each.

The toolchains and C libraries are those that Debian makes for cross-compiling.  Programs run inside their root, the
emulator (statically linked) with them, so that every path means the same to the real loader and to the simulator, which
is told `--root`.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import dialects
import virtual_machine
from debian_packages import Unavailable
from dialects import Dialect

SKIPPED = 77
SHOWN_DIFFERENCES = 20

CLONE_NEWNS, CLONE_NEWUSER = 0x20000, 0x10000000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000


@dataclass(frozen=True)
class Machine:
    """One machine: its toolchain (`triplet`), the directory of its libraries, its loader, who runs its programs.

    `options` tell the simulator what processor the emulator of Debian 12 stands for: the loader looks into directories
    named after it.  A machine that is `virtual` has its programs run by another kernel (virtual_machine.py), of that kind.
    """

    name: str
    triplet: str
    multiarch: str
    interpreter: str
    dialect: Dialect
    emulator: str | None
    options: tuple[str, ...] = ()
    virtual: virtual_machine.Kind | None = None

    def tool(self, name: str) -> str:
        """The cross compiler or binutil called `name`."""
        return f"{self.triplet}-{name}"

    def unavailable(self) -> str | None:
        """What is missing to compile for the machine and to run its programs, or None."""
        for tool in (self.tool("gcc"), self.tool("as"), self.tool("ld"), *([self.emulator] if self.emulator else [])):
            if shutil.which(tool) is None:
                return f"{tool} is missing"
        if self.virtual and (reason := self.virtual.unavailable()):
            return reason
        if not self.libraries():
            return f"the C library for {self.triplet} is missing"
        return None

    def libraries(self) -> list[Path]:
        """The shared objects of the cross C library and of the compiler."""
        return sorted({path.name: path for directory in ("lib", "lib64", "libx32")
                       for path in Path(f"/usr/{self.triplet}/{directory}").glob("*.so*")
                       if _is_elf(path)}.values())


def _is_elf(path: Path) -> bool:
    with open(path, "rb") as file:
        return file.read(4) == b"\x7fELF"


MACHINES = {machine.name: machine for machine in (
    Machine("i386", "i686-linux-gnu", "i386-linux-gnu", "/lib/ld-linux.so.2", dialects.I386, None),
    Machine("x32", "x86_64-linux-gnux32", "x86_64-linux-gnux32", "/libx32/ld-linux-x32.so.2", dialects.X32, None,
            (f"--cpu={virtual_machine.X32.level}",), virtual=virtual_machine.X32),
    Machine("aarch64", "aarch64-linux-gnu", "aarch64-linux-gnu", "/lib/ld-linux-aarch64.so.1", dialects.AARCH64,
            "qemu-aarch64-static", ("--cpu=armv8.1-a",)),
    Machine("arm", "arm-linux-gnueabihf", "arm-linux-gnueabihf", "/lib/ld-linux-armhf.so.3", dialects.ARM,
            "qemu-arm-static", ("--cpu=armv8-a",)),
    Machine("riscv64", "riscv64-linux-gnu", "riscv64-linux-gnu", "/lib/ld-linux-riscv64-lp64d.so.1", dialects.RISCV64,
            "qemu-riscv64-static"),
    Machine("ppc64le", "powerpc64le-linux-gnu", "powerpc64le-linux-gnu", "/lib64/ld64.so.2", dialects.PPC64LE,
            "qemu-ppc64le-static", ("--cpu=power9", "--platform=")),
    Machine("s390x", "s390x-linux-gnu", "s390x-linux-gnu", "/lib/ld64.so.1", dialects.S390X, "qemu-s390x-static",
            ("--cpu=z13+vxe+nodfp", "--platform=")),
    Machine("mips64el", "mips64el-linux-gnuabi64", "mips64el-linux-gnuabi64", "/lib64/ld.so.1", dialects.MIPS64EL,
            "qemu-mips64el-static"),
)}


# Debian 12's cross C libraries are older than its others, which took a rule of 2.39 back.
_OLDER_LIBRARY = b"Debian GLIBC 2.36-8)"
_OLDER_RULES = ("--set", "glibc.loader-copies-grow=yes")


@dataclass(frozen=True)
class ForeignRoot:
    """A directory laid out as a merged /usr of the machine, in which its programs run."""

    machine: Machine
    path: Path
    guest: virtual_machine.Guest | None = None

    def fill(self) -> None:
        """Copies the libraries, the loader and the emulator in."""
        library = self.path / "usr" / "lib" / self.machine.multiarch
        for directory in (library, self.path / "usr" / "lib64", self.path / "usr" / "libx32", self.path / "etc"):
            directory.mkdir(parents=True, exist_ok=True)
        for name in ("lib", "lib64", "libx32"):
            if not os.path.lexists(self.path / name):
                os.symlink(f"usr/{name}", self.path / name)
        for source in self.machine.libraries():
            shutil.copy2(source, library / source.name)
        loader = self.path / self.machine.interpreter.lstrip("/")
        if not os.path.lexists(loader):
            os.symlink(f"/lib/{self.machine.multiarch}/{loader.name}", loader)
        self.furnish()

    def furnish(self) -> None:
        """Adds what programs need to run: the emulator, and places for /proc and for what is made."""
        for name in ("tmp", "proc"):
            (self.path / name).mkdir(exist_ok=True)
        if self.machine.emulator:
            shutil.copy2(shutil.which(self.machine.emulator) or "", self.path / "emulator")

    @property
    def options(self) -> tuple[str, ...]:
        """What the simulator is told of the processor, and of the C library what its release does not tell."""
        library = self.path / "usr" / "lib" / self.machine.multiarch / "libc.so.6"
        older = library.exists() and _OLDER_LIBRARY in library.read_bytes()
        return self.machine.options + (_OLDER_RULES if older else ())

    def command(self, program: str) -> list[str]:
        """The words that start `program` inside the root."""
        if self.guest:
            return [*self.guest.command(self.path), program]
        return ["/emulator", program] if self.machine.emulator else [program]

    def enter(self, cwd: str) -> Callable[[], None]:
        """What a child process does before it becomes the program: makes the directory its root.

        It gets the host's /proc there, by which a loader learns where its executable is.  A virtual machine does so itself.
        """
        if self.guest:
            return lambda: os.chdir(f"{self.path}{cwd}")
        libc = ctypes.CDLL(None, use_errno=True)
        spaces = CLONE_NEWNS | (CLONE_NEWUSER if os.geteuid() != 0 else 0)
        root = bytes(self.path)

        def enter() -> None:
            if (libc.unshare(spaces) or libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None)
                    or libc.mount(b"/proc", root + b"/proc", None, MS_BIND | MS_REC, None)):
                raise OSError(ctypes.get_errno(), "no namespace of its own")
            os.chroot(root)
            os.chdir(cwd)
        return enter

    def inside(self, path: Path) -> str:
        """A path below the root as the programs in it have it."""
        return "/" + str(path.relative_to(self.path))

    def cannot_run(self) -> str | None:
        """Why programs cannot be run in the root here, or None: tries one that only ends."""
        program = self.path / "tmp" / "trial"
        subprocess.run([self.machine.tool("gcc"), "-x", "c", "-o", program, "-"], input="int main(void) { return 0; }",
                       text=True, check=True)
        return self.cannot_start(self.inside(program))

    def cannot_start(self, program: str) -> str | None:
        """Why `program`, which lies in the root, does not run, or None."""
        try:
            done = subprocess.run(self.command(program), preexec_fn=self.enter("/"), check=False,
                                  capture_output=True, text=True, env={})
        except (OSError, subprocess.SubprocessError) as error:
            return f"programs for {self.machine.name} cannot be run: {error}"
        return None if done.returncode == 0 else f"programs for {self.machine.name} do not run here: {done.stderr}"


@contextmanager
def prepared(machine: Machine, path: Path, cache: Path) -> Iterator[ForeignRoot]:
    """A root laid out in `path`, in which programs can be run; raises Unavailable where that cannot be."""
    if reason := machine.unavailable():
        raise Unavailable(reason)
    root = ForeignRoot(machine, path)
    root.fill()
    if not machine.virtual:
        yield _tried(root)
        return
    with tempfile.TemporaryDirectory(prefix="virtual-machine-") as directory:
        with virtual_machine.boot(machine.virtual, path, Path(directory), cache) as guest:
            yield _tried(replace(root, guest=guest))


def _tried(root: ForeignRoot) -> ForeignRoot:
    if reason := root.cannot_run():
        raise Unavailable(reason)
    return root


# ---- a test of all machines -------------------------------------------------------------------------------------------

# What differs between a root's loader and bindsim, and of how many that were compared.
Check = Callable[[ForeignRoot, str], tuple[int, list[str]]]


def _agrees(root: ForeignRoot, bindsim: str, check: Check, what: str) -> bool:
    compared, wrong = check(root, bindsim)
    for difference in wrong[:SHOWN_DIFFERENCES]:
        print(f"{root.machine.name}: {difference}")
    print(f"{root.machine.name}: {compared} {what} compared, {len(wrong)} differences", flush=True)
    return compared > 0 and not wrong


def check_machines(description: str, check: Check, what: str, names: list[str]) -> int:
    """The whole of a test: the exit status after `check` was asked about the machines of the command line, else `names`."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("machines", nargs="*", metavar="MACHINE", help=", ".join(MACHINES))
    parser.add_argument("--bindsim", default="build/bindsim", metavar="PATH")
    parser.add_argument("--cache", default="/var/tmp/bindsim-packages", metavar="DIR")
    arguments = parser.parse_args()
    bindsim, cache = str(Path(arguments.bindsim).resolve()), Path(arguments.cache).resolve()
    results = []
    for name in arguments.machines or names:
        try:
            with tempfile.TemporaryDirectory(prefix="foreign-machine-") as directory:
                with prepared(MACHINES[name], Path(directory), cache) as root:
                    results.append(_agrees(root, bindsim, check, what))
        except Unavailable as reason:
            print(f"{name}: skipped: {reason}")
    return SKIPPED if not results else 0 if all(results) else 1
