# SPDX-License-Identifier: MIT
"""The tree of a case: packages of Debian, PyPI and npm, downloaded and unpacked, not installed, and never run here."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

from labels import Case

sys.path += [str(Path(__file__).resolve().parents[1] / "oracle")]

from debian_packages import Unavailable, download, with_needs  # noqa: E402

# The C library is this machine's, whose loader is asked about.
NOT_UNPACKED = {"libc6", "libc-bin", "gcc-12-base"}
# What Python 3.11 on x86-64 with this machine's C library takes.  Of several builds of one version the first one in this
# order is had: counts differ between builds.
WHEEL_TAGS = ["--python-version=3.11", "--implementation=cp", "--abi=cp311", "--abi=abi3", "--abi=none",
              *(f"--platform=manylinux{tag}_x86_64" for tag in ("2014", "_2_17", "_2_28", "_2_27", "_2_12", "2010", "1"))]


def _fetch(command: list[str], directory: Path, what: str) -> None:
    try:
        done = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=300, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"{what}: {error}") from error
    if done.returncode != 0:
        lines = [line for line in (done.stderr or done.stdout).strip().splitlines() if "complete log" not in line]
        raise Unavailable(f"{what}: {lines[-1] if lines else command[0] + ' failed'}")


def _wheel(requirement: str, cache: Path) -> Path:
    """The file of a wheel, NAME==VERSION."""
    directory = cache / "wheels" / requirement
    if not list(directory.glob("*.whl")):
        directory.mkdir(parents=True, exist_ok=True)
        _fetch([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:", *WHEEL_TAGS, "-d", ".",
                requirement], directory, requirement)
    return next(directory.glob("*.whl"))


def _npm_package(package: str, cache: Path) -> Path:
    """The file of a package of npm, NAME@VERSION."""
    directory = cache / "npm" / package.replace("/", "+")
    if not list(directory.glob("*.tgz")):
        directory.mkdir(parents=True, exist_ok=True)
        _fetch(["npm", "pack", "--loglevel=error", "--ignore-scripts", package], directory, package)
    return next(directory.glob("*.tgz"))


def _unpack_npm(file: Path, directory: Path) -> None:
    """Without the folder `package` that all is in."""
    directory.mkdir(parents=True, exist_ok=True)
    with tarfile.open(file) as archive:
        for member in archive:
            member.name = member.name.partition("/")[2]
            if member.isfile() and ".." not in Path(member.name).parts:
                archive.extract(member, directory)


def unpack(case: Case, cache: Path) -> Path:
    """The tree of a case, made if it is not there."""
    tree = cache / "trees" / case.name
    complete = tree / "complete"
    content = "\n".join((*case.packages, *case.wheels, *case.npm))
    if complete.exists() and complete.read_text() == content:
        return tree
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir(parents=True)
    names = [name for name in with_needs(cache, "amd64", case.packages) if name not in NOT_UNPACKED] if case.packages else []
    for file in download(cache, "amd64", names):
        subprocess.run(["dpkg-deb", "-x", file, tree], check=True)
    for requirement in case.wheels:
        with zipfile.ZipFile(_wheel(requirement, cache)) as archive:
            archive.extractall(tree / "wheels")
    for package in case.npm:
        _unpack_npm(_npm_package(package, cache), tree / "node_modules" / package.rpartition("@")[0])
    program = tree / "empty.c"
    program.write_text("int main(void) { return 0; }\n")
    subprocess.run(["gcc", "-o", tree / "empty", program], check=True)
    complete.write_text(content)
    return tree
