# SPDX-License-Identifier: MIT
"""Transcripts: commands behind a `$ ` with what they print, run again and compared.

    $ bindsim ./player --dlopen ./plugin.so:NOW
    ./player: glibc 2.36 x86-64, start-up and 1 step
    ...

Commands go to sh, with the tool first in $PATH; what they write to standard error counts, too.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

from harness import BINDSIM, environment, made

PROMPT = "$ "
MORE = "> "
TIMEOUT_SECONDS = 60
# A compiler and nothing else: what it writes may be kept.
COMPILING = re.compile(r"(?:cc|gcc|g\+\+|clang) (?:[\w./,:=+ -]|'[^']*')*-o [\w./]+(?:[\w./,:=+ -]|'[^']*')*")
# What a transcript has in place of the directory in which it is run; as long, for tables have columns.
STAND_IN = "/home/sam/player-1.0"


class Command(NamedTuple):
    """One command and the lines that it printed."""

    text: str
    output: list[str]


def parse(text: str) -> list[Command]:
    """The commands in a transcript. A command may go on behind `> ` in the next line."""
    commands: list[Command] = []
    for line in text.splitlines():
        if line.startswith(PROMPT):
            commands.append(Command(line.removeprefix(PROMPT), []))
        elif not commands:
            raise ValueError(f"a transcript begins with {PROMPT!r}: {line!r}")
        elif line.startswith(MORE) and not commands[-1].output:
            commands[-1] = Command(f"{commands[-1].text}\n{line.removeprefix(MORE)}", [])
        else:
            commands[-1].output.append(line)
    return commands


def new_directory() -> Path:
    """A directory for whose path transcripts have the stand-in."""
    path = os.path.realpath(tempfile.mkdtemp(prefix="player-", dir="/tmp"))
    if "0x" in path:  # commands of transcripts hide addresses
        os.rmdir(path)
        return new_directory()
    assert len(path) == len(STAND_IN), path
    return Path(path)


def run(command: str, directory: Path) -> list[str]:
    """What COMMAND prints in DIRECTORY."""
    path = f"{os.path.dirname(BINDSIM)}:{os.environ.get('PATH', '/usr/bin:/bin')}"
    options = {"env": environment(PATH=path), "check": False, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT,
               "timeout": TIMEOUT_SECONDS}
    if COMPILING.fullmatch(command):
        words = shlex.split(command)
        done = made.make(words, words[words.index("-o") + 1], directory, **options)
    else:
        done = subprocess.run(["sh", "-c", command], cwd=directory, stdin=subprocess.DEVNULL, **options)
    return done.stdout.decode().replace(str(directory), STAND_IN).splitlines()


def again(text: str, directory: Path) -> str:
    """The transcript as it would be written now."""
    lines = []
    for command in parse(text):
        lines += [PROMPT + command.text.replace("\n", f"\n{MORE}"), *run(command.text, directory)]
    return "\n".join(lines) + "\n"
