# SPDX-License-Identifier: MIT
"""Fixtures that were made before are not made again: the quick suite compiles some 2,500 small objects, run after run.

    made.make(["gcc", "-shared", "-o", "libx.so", "x.c"], "libx.so", directory)

What a compiler writes depends on its command, on what it reads and on itself. All of that is in the key: the words, the
standard input, each file of the directory that the fixtures lie in, with its path, each file elsewhere that a word names,
the compiler, and the state of the package manager, which stands for the linker and the system's libraries. A command
whose input cannot be told so is simply run. The directory has another name of the same length each time: its name is no
part of the key, and in what is kept zeros stand for it. What is kept lies in $BINDSIM_FIXTURES, else in build-test/fixtures;
scripts/test.sh deletes what was not used for a week. BINDSIM_FIXTURES= (empty) makes all anew.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STORE = os.environ.get("BINDSIM_FIXTURES", str(ROOT / "build-test/fixtures"))
LARGEST_INPUT = 8 << 20
# They write more than one file, or the name of the directory into it.
UNSUITABLE = (b"-g", b"-c", b"-save-temps", b"-fprofile", b"--coverage", b"-Wl,--out-implib", b"-Wl,-Map")
SEARCHING = (b"-B", b"-I", b"-L")  # the files that they lead to are not named


def make(command: Sequence[str | bytes | os.PathLike], output: str | bytes | os.PathLike, directory: Path,
         text: bytes | None = None, root: Path | None = None, **options) -> subprocess.CompletedProcess:
    """Runs COMMAND in DIRECTORY, or copies what it would write to OUTPUT, if that is kept.

    TEXT is its standard input, ROOT the directory that all its input is in (DIRECTORY), OPTIONS are subprocess.run's. What
    says something that is caught is made anew each time, to say it again.
    """
    target = os.path.join(os.fsencode(directory), os.fsencode(output))
    key = _key(command, directory, text, root or directory, target) if STORE else None
    kept = os.path.join(STORE, key[:2], key) if key else ""
    if key and _take(kept, target, os.fsencode(root or directory)):
        return subprocess.CompletedProcess(command, 0, b"", b"")
    done = subprocess.run(command, cwd=directory, input=text, **options)
    if key and done.returncode == 0 and not done.stdout and not done.stderr:
        _keep(target, kept, os.fsencode(root or directory))
    return done


def once(ingredients: Iterable[str | bytes], target: str | os.PathLike, make: Callable[[], object]) -> None:
    """Calls MAKE, which writes TARGET, or copies what it wrote before of the same INGREDIENTS.

    They are all that decides what is written but for the compiler and the linker of this machine; what MAKE does is one of
    them, too, by files() of its sources. Where TARGET lies must be of no account.
    """
    digest = hashlib.sha256(_tools(b"gcc"))
    for ingredient in map(os.fsencode, ingredients):
        digest.update(b"%d:%s" % (len(ingredient), ingredient))
    key = digest.hexdigest()
    kept = os.path.join(STORE, key[:2], key) if STORE else ""
    if kept and _take(kept, os.fsencode(target), b""):
        return
    make()
    if kept:
        _keep(os.fsencode(target), kept, b"")


def compile_once(command: Sequence[str | os.PathLike], output: str | os.PathLike, sources: Iterable[str | os.PathLike] = (),
                 text: str | None = None) -> None:
    """Runs COMMAND with `-o OUTPUT', or copies what it wrote before; SOURCES are all that it reads of this repository."""
    once([*command, text or "", *files(*sources)], output,
         lambda: subprocess.run([*command, "-o", output], input=text, text=True, check=True))


def files(*paths: str | os.PathLike) -> list[bytes]:
    """What these hold, as ingredients."""
    return [_content(os.fsencode(path)) for path in paths]


def _key(command, directory: Path, text: bytes | None, root: Path, target: bytes) -> str | None:
    """What decides what is written; None where that cannot be told."""
    words = [os.fsencode(word) for word in command]
    name = os.fsencode(root)
    digest = hashlib.sha256(_tools(words[0]) + b"%d" % len(name))
    for word in words:
        if word.startswith(UNSUITABLE) and word != b"-g0":
            return None
        digest.update(b"%d:%s" % (len(word), word.replace(name, bytes(len(name)))))
    digest.update(b"in%d:%s" % (len(text or b""), (text or b"").replace(name, bytes(len(name)))))
    if not _add_directory(digest, root, target) or not _add_elsewhere(digest, words, directory, root):
        return None
    digest.update(os.fsencode(os.path.relpath(directory, root)))
    return digest.hexdigest()


def _add_directory(digest, root: Path, target: bytes) -> bool:
    """All that ROOT holds, but TARGET, which is about to be written."""
    total = 0
    for path, names, files in os.walk(os.fsencode(root)):
        names.sort()
        for name in sorted(files + [name for name in names if os.path.islink(os.path.join(path, name))]):
            file = os.path.join(path, name)
            if os.path.abspath(file) == os.path.abspath(target):
                continue
            digest.update(b"\0" + os.path.relpath(file, os.fsencode(root)))
            status = os.lstat(file)
            if stat.S_ISLNK(status.st_mode):
                digest.update(b"->" + os.readlink(file).replace(os.fsencode(root), b""))
            elif stat.S_ISREG(status.st_mode):
                total += status.st_size
                if total > LARGEST_INPUT:
                    return False
                digest.update(b"=" + _content(file, os.fsencode(root)))
    return True


def _add_elsewhere(digest, words: list[bytes], directory: Path, root: Path) -> bool:
    """The files outside of ROOT that WORDS name."""
    inside = os.fsencode(os.path.realpath(root)) + b"/"
    for part in (part for word in words[1:] for part in (word, *re.split(b"[,=]", word))):
        leads_on = part[:2] in SEARCHING
        path = os.path.realpath(os.path.join(os.fsencode(directory), part[2:] if leads_on else part.removeprefix(b"@")))
        if (path + b"/").startswith(inside) or not os.path.exists(path):
            continue
        if leads_on or os.path.isfile(path) and os.path.getsize(path) > LARGEST_INPUT:
            return False
        if os.path.isfile(path):
            digest.update(b"\1" + part + b"=" + _content(path))
    return True


def _content(path: bytes, name: bytes = b"") -> bytes:
    with open(path, "rb") as file:
        content = file.read()
    return hashlib.sha256(content.replace(name, bytes(len(name))) if name else content).digest()


@functools.cache
def _tools(compiler: bytes) -> bytes:
    """The compiler, and the state of what is installed."""
    words = []
    for path in (shutil.which(compiler), "/var/lib/dpkg/status"):
        if path and os.path.exists(path):
            status = os.stat(path)
            words.append(f"{os.path.realpath(path)} {status.st_size} {status.st_mtime_ns}")
    variables = ("CPATH", "LIBRARY_PATH", "C_INCLUDE_PATH", "LD_RUN_PATH", "LDEMULATION", "COLLECT_GCC_OPTIONS")
    words += [f"{name}={os.environ[name]}" for name in variables if name in os.environ]
    return os.fsencode("\n".join(words))


def _take(kept: str, target: bytes, name: bytes) -> bool:
    try:
        with open(kept, "rb") as file:
            head, _, content = file.read().partition(b"\n")
        os.utime(kept)
    except FileNotFoundError:
        return False
    mode, *places = map(int, head.split())
    content = bytearray(content) if places else content
    for place in places:
        content[place:place + len(name)] = name
    with contextlib.suppress(FileNotFoundError):
        os.unlink(target)
    with open(target, "wb") as file:
        file.write(content)
    os.chmod(target, mode)
    return True


def _keep(target: bytes, kept: str, name: bytes) -> None:
    """The file's mode and the places of NAME in it, a line end, the file."""
    if not os.path.isfile(target):
        return
    with open(target, "rb") as file:
        content = file.read()
    places = [found.start() for found in re.finditer(re.escape(name), content)] if name else []
    numbers = [stat.S_IMODE(os.stat(target).st_mode), *places]
    os.makedirs(os.path.dirname(kept), exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=os.path.dirname(kept), delete=False) as file:
        file.write(b"%s\n%s" % (" ".join(map(str, numbers)).encode(), content))
    os.replace(file.name, kept)
