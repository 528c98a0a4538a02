# SPDX-License-Identifier: MIT
"""Debian's packages as files, downloaded without a change to this machine's own state."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path


class Unavailable(Exception):
    """What a test asks for cannot be had here."""


def _apt(directory: Path, architecture: str, *words: str) -> str:
    """What apt-get prints for one architecture, with nothing of the machine's own state but its list of sources."""
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
    return done.stdout


def _prepare(directory: Path) -> None:
    for part in ("state/lists/partial", "cache/archives/partial"):
        (directory / part).mkdir(parents=True, exist_ok=True)
    (directory / "state/status").touch()


def with_needs(directory: Path, architecture: str, names: Sequence[str]) -> list[str]:
    """These packages and what they depend on, all that they would be installed with where there is nothing."""
    _prepare(directory)
    if not any((directory / "state/lists").glob("*Packages*")):
        with suppress(Unavailable):
            _apt(directory, architecture, "update")
    lines = _apt(directory, architecture, "install", "--no-install-recommends", "--simulate", *names).splitlines()
    return sorted({line.split()[1].partition(":")[0] for line in lines if line.startswith("Inst ")})


def download(directory: Path, architecture: str, names: Sequence[str]) -> list[Path]:
    """The files of these packages, in their order, downloaded if they are not there."""
    _prepare(directory)

    def files() -> dict[str, Path]:
        return {path.name.partition("_")[0]: path for path in directory.glob("*.deb")}
    if missing := [name for name in names if name not in files()]:
        with suppress(Unavailable):
            _apt(directory, architecture, "update")  # a part of the archive may be out of order
        _apt(directory, architecture, "download", *missing)
    return [files()[name] for name in names]
