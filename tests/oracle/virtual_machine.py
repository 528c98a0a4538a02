# SPDX-License-Identifier: MIT
"""A virtual machine for programs that this kernel does not run, and user-mode emulators do not: those of x32, and tracers.

    with virtual_machine.boot(X32, root, workdir, cache) as guest:
        subprocess.run([*guest.command(root), "/usr/bin/program"])

qemu boots Debian's kernel, which has x32 behind a boot parameter, with an initial file system of one program
(virtual_machine.c).  The directory `root` is shared with it.  The kernel's package is downloaded once and not installed.
"""

from __future__ import annotations

import gzip
import re
import shutil
import socket
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from debian_packages import Unavailable, download

BOOT_SECONDS = 180.0
_MODULES = ("virtio_pci", "9pnet_virtio", "9p", "e1000")
_COMMAND_LINE = "quiet panic=-1 mitigations=off nokaslr"


@dataclass(frozen=True)
class Kind:
    """A machine that can be had: its emulator and the words that choose the board, the processor as qemu and as bindsim
    call it, Debian's name of the architecture, who compiles what runs in it, and what its kernel is told."""

    qemu: str
    board: tuple[str, ...]
    processor: str
    level: str
    architecture: str
    compiler: str
    parameters: str

    def unavailable(self) -> str | None:
        """What is missing, or None."""
        for tool in (self.qemu, self.compiler, "gcc", "dpkg-deb", "apt-get"):
            if shutil.which(tool) is None:
                return f"{tool} is missing"
        return None


X32 = Kind("qemu-system-x86_64", ("-machine", "pc"), "Nehalem", "x86-64-v2", "amd64", "gcc", "console=ttyS0 syscall.x32=y")
AARCH64 = Kind("qemu-system-aarch64", ("-machine", "virt"), "cortex-a72", "armv8-a", "arm64", "aarch64-linux-gnu-gcc",
               "console=ttyAMA0")


@dataclass(frozen=True)
class Guest:
    """A machine that runs: the program that stands in for those inside it, and the port that it talks to."""

    client: Path
    port: int

    def command(self, root: Path) -> list[str]:
        """The words before a program and its arguments."""
        return [str(self.client), str(self.port), str(root)]


def _kernel(kind: Kind, cache: Path) -> Path:
    """The unpacked package of the kernel: its image and the modules that are needed."""
    cache = cache / kind.architecture
    cache.mkdir(parents=True, exist_ok=True)
    unpacked = cache / "kernel"
    if (unpacked / "done").exists():
        return unpacked
    meta = download(cache, kind.architecture, [f"linux-image-{kind.architecture}"])[0]
    depends = subprocess.run(["dpkg-deb", "-f", meta, "Depends"], capture_output=True, text=True, check=True).stdout
    name = re.match(r"linux-image-[^\s,]+", depends)
    if name is None:
        raise Unavailable(f"linux-image-{kind.architecture} needs no kernel")
    package = download(cache, kind.architecture, [name[0]])[0]
    shutil.rmtree(unpacked, ignore_errors=True)
    unpacked.mkdir()
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE) as process:
        with tarfile.open(fileobj=process.stdout, mode="r|") as tar:
            for member in tar:
                if member.isfile() and re.search(r"/boot/vmlinuz-|/(fs|net)/9p/|/virtio/|/e1000/|/netfs/|/fscache/", member.name):
                    data = tar.extractfile(member)
                    assert data is not None
                    (unpacked / re.sub(r"^vmlinuz-.*", "vmlinuz", Path(member.name).name)).write_bytes(data.read())
    (unpacked / "done").touch()
    return unpacked


def _in_order(kernel: Path) -> list[Path]:
    """The modules, each behind those that it needs."""
    order: list[Path] = []

    def add(name: str) -> None:
        path = next((path for path in kernel.glob("*.ko") if path.stem.replace("-", "_") == name.replace("-", "_")), None)
        if path is None or path in order:
            return  # then it is a part of the kernel's image, which finds out if that is not so
        needed = re.search(rb"\0depends=([^\0]*)\0", path.read_bytes())
        for other in needed[1].decode().split(",") if needed and needed[1] else ():
            add(other)
        order.append(path)
    for module in _MODULES:
        add(module)
    return order


def _archive(files: dict[str, tuple[int, bytes]]) -> bytes:
    """A cpio archive in the form that kernels read: mode and content by path."""
    archive = bytearray()
    for number, (name, (mode, content)) in enumerate([*files.items(), ("TRAILER!!!", (0, b""))], start=1):
        fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0)
        archive += b"070701" + b"".join(b"%08x" % field for field in fields) + name.encode() + b"\0"
        archive += bytes(-len(archive) % 4)
        archive += content
        archive += bytes(-len(archive) % 4)
    return bytes(archive)


def _initial_files(program: Path, kernel: Path) -> dict[str, tuple[int, bytes]]:
    modules = _in_order(kernel)
    order = "".join(f"/modules/{path.name}\n" for path in modules).encode()
    files = {name: (0o40755, b"") for name in ("dev", "modules")}
    files["init"] = (0o100755, program.read_bytes())
    files["modules/order"] = (0o100644, order)
    return {**files, **{f"modules/{path.name}": (0o100644, path.read_bytes()) for path in modules}}


def _free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


def _wait(process: subprocess.Popen[bytes]) -> None:
    """Until the guest says that it is ready, which takes seconds."""
    timer = threading.Timer(BOOT_SECONDS, process.kill)
    timer.start()
    said: list[str] = []
    assert process.stdout is not None
    for line in process.stdout:
        said.append(line.decode("utf-8", "replace").strip())
        if "bindsim: ready" in said[-1]:
            timer.cancel()
            return
    timer.cancel()
    raise Unavailable("the virtual machine does not start: " + " / ".join(said[-3:]))


@contextmanager
def boot(kind: Kind, root: Path, workdir: Path, cache: Path) -> Iterator[Guest]:
    """A machine in which `root` is the root directory of programs; it ends with the block."""
    kernel = _kernel(kind, cache)
    program, client = workdir / "virtual-machine", workdir / "client"
    for compiler, made in ((kind.compiler, program), ("gcc", client)):
        subprocess.run([compiler, "-O1", "-static", "-o", made, Path(__file__).with_suffix(".c")], check=True)
    (workdir / "initial.gz").write_bytes(gzip.compress(_archive(_initial_files(program, kernel)), 1))
    port = _free_port()
    command = [kind.qemu, *kind.board, "-accel", "tcg,thread=multi", "-cpu", kind.processor, "-smp", "2", "-m", "1024",
               "-nodefaults", "-display", "none", "-serial", "stdio", "-no-reboot", "-kernel", kernel / "vmlinuz",
               "-initrd", workdir / "initial.gz", "-append", f"{kind.parameters} {_COMMAND_LINE}",
               "-fsdev", f"local,id=root,path={root},security_model=none",
               "-device", "virtio-9p-pci,fsdev=root,mount_tag=root",
               "-netdev", f"user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:{port}-10.0.2.15:1",
               "-device", "e1000,netdev=net,romfile="]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        _wait(process)
        yield Guest(client, port)
    finally:
        process.kill()
        process.wait()
