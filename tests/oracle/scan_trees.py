#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Scans of small trees made at random, in which loaders, machines and paths of all kinds meet.

    scan_trees.py --bindsim PATH [--seeds 1-100] [--cache DIR]

A tree is a root, or a directory of this machine's own. It has programs for glibc and for musl, of x86-64, i386 and x32, side by
side in the same directories, and libraries of the same names for all of them. Files have several paths, by hard links, links and
linked directories, so that one library has several $ORIGINs; search paths are relative, have $ORIGIN, $LIB and $PLATFORM, lead
upwards and nowhere. The loaders that this machine lacks are taken from packages in DIR, or left out.

- A scan has the same bytes for 1 and 4 threads, for 3 parts, in little memory, and when it takes all from its journal.
- Of each program it says what a scan of that program alone says, bindings included, and what `bindsim check` of it says.
- The real loaders, where they run here, load the same files.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from debian_packages import Unavailable
from foreign_machines import MACHINES, ForeignRoot
from other_loaders import downloaded
from seeds import parse_seeds

sys.path.append(str(Path(__file__).resolve().parents[1] / "cli"))
from scans import of_record, of_report  # noqa: E402

SKIPPED = 77
TIMEOUT_SECONDS = 120
SHOWN_PROBLEMS = 10
SUITE = "bookworm"
LISTED = re.compile(r"^\t(?:(.+) => )?(.+?)(?: \(0x[0-9a-f]+\))?$")


@dataclass(frozen=True)
class Kind:
    """A loader of a machine: how objects for it are made, and where Debian has it."""

    name: str
    assembler: str
    linker: str
    word: str  # the directive that an address is written by
    interpreter: str
    cross: str  # where it lies beside a cross compiler
    package: tuple[str, str, str]  # its name, its architecture, and the file in it
    is_musl: bool = False
    suite: str = SUITE


KINDS = (
    Kind("glibc x86-64", "--64", "elf_x86_64", ".quad", "/lib64/ld-linux-x86-64.so.2", "",
         ("libc6", "amd64", "lib/x86_64-linux-gnu/ld-linux-x86-64.so.2")),
    Kind("glibc i386", "--32", "elf_i386", ".long", "/lib/ld-linux.so.2", "/usr/i686-linux-gnu/lib",
         ("libc6", "i386", "lib/i386-linux-gnu/ld-linux.so.2")),
    Kind("glibc x32", "--x32", "elf32_x86_64", ".long", "/libx32/ld-linux-x32.so.2", "/usr/x86_64-linux-gnux32/lib",
         ("libc6-x32", "amd64", "libx32/ld-linux-x32.so.2")),
    Kind("musl x86-64", "--64", "elf_x86_64", ".quad", "/lib/ld-musl-x86_64.so.1", "",
         ("musl", "amd64", "lib/x86_64-linux-musl/libc.so"), True),
    Kind("musl i386", "--32", "elf_i386", ".long", "/lib/ld-musl-i386.so.1", "",
         ("musl", "i386", "lib/i386-linux-musl/libc.so"), True),
    Kind("an older glibc x86-64", "--64", "elf_x86_64", ".quad", "/opt/older/ld-linux-x86-64.so.2", "",
         ("libc6", "amd64", "lib/x86_64-linux-gnu/ld-2.31.so"), suite="bullseye"),
)
SYMBOLS = [f"symbol_{number}" for number in range(30)]
NAMES = [f"lib{letter}.so.1" for letter in "abcd"]
DIRECTORIES = ["a", "a/lib", "b", "b/lib64", "b/lib/x86_64-linux-gnu", "b/lib/i386-linux-gnu", "c", "c/x86_64", "c/haswell", "c/i686",
               "c/glibc-hwcaps/x86-64-v2", "d/e/f"]
LINKED = ["l", "a/m", "d/n", "c/o"]  # directories by another name


@cache
def loader_file(cache_directory: Path | None, kind: Kind) -> Path | None:
    """The file of KIND's loader, from this machine or a package."""
    name, architecture, inside = kind.package
    for place in (kind.interpreter, f"{kind.cross}/{os.path.basename(kind.interpreter)}"):
        if platform.machine() == "x86_64" and os.path.exists(place):
            return Path(place)
    if not cache_directory:
        return None
    place = cache_directory.resolve() / "scan-trees" / kind.suite
    unpacked = place / f"{name}-{architecture}"
    try:
        if not unpacked.exists():
            package = downloaded(place, kind.suite, name, architecture)
            subprocess.run(["dpkg-deb", "-x", package, unpacked], check=True)
    except (Unavailable, OSError, subprocess.CalledProcessError):
        return None
    return unpacked / inside if (unpacked / inside).exists() else None


def run(*words: str | Path, **options) -> None:
    subprocess.run([str(word) for word in words], check=True, timeout=TIMEOUT_SECONDS, **options)


class Linker:
    """Makes objects; what they are linked against are empty ones with the names that they shall need."""

    def __init__(self, directory: Path):
        self.directory = directory
        self.stubs: dict[tuple[str, str], Path] = {}

    def stub(self, kind: Kind, soname: str) -> Path:
        if (kind.linker, soname) not in self.stubs:
            path = self.directory / f"stub-{len(self.stubs)}.so"
            self.link(kind, path, "", ["-shared", "-soname", soname])
            self.stubs[kind.linker, soname] = path
        return self.stubs[kind.linker, soname]

    def link(self, kind: Kind, path: Path, text: str, options: list) -> None:
        run("as", kind.assembler, "-o", self.directory / "object.o", "-", input=text.encode())
        run("ld", "-m", kind.linker, "-o", path, "--no-as-needed", "--allow-shlib-undefined", "--unresolved-symbols=ignore-all",
            *options[:1], self.directory / "object.o", *options[1:], stderr=subprocess.DEVNULL)


@dataclass
class Tree:
    """One tree, what the tool is told of it, and who can run its programs."""

    path: Path
    chance: random.Random
    kinds: list[Kind]
    linker: Linker
    is_root: bool
    options: list[str] = field(default_factory=list)
    more: list[str] = field(default_factory=list)  # what `bindsim scan` alone takes
    has_steps: bool = False
    cwd: str = "/"
    library_path: str = ""

    def inside(self, relative: str) -> str:
        """As the tree's processes name it."""
        return f"/srv/{relative}" if self.is_root else f"{self.path}/srv/{relative}"

    def outside(self, relative: str) -> Path:
        return self.path / "srv" / relative

    def element(self) -> str:
        """One of a search path."""
        place = self.chance.choice(DIRECTORIES + LINKED)
        ups = "../" * self.chance.randrange(1, 3)
        return self.chance.choice([
            "$ORIGIN", "${ORIGIN}", *[f"$ORIGIN/{ups}{place}"] * 3, f"$ORIGIN/{ups}b/$LIB", f"$ORIGIN/{ups}c/$PLATFORM",
            *[self.inside(place)] * 5, self.inside("b/${LIB}"), self.inside("c/$PLATFORM"), place, f"./{place}", f"{ups}{place}",
            f"{place}/", "", ".", "$LIB", "nowhere", self.inside("nowhere/at/all"), "$ORIGIN/nowhere"])

    def home(self, kind: Kind, path: Path) -> str:
        """Where there is a library of each name for KIND, as PATH may have it in its search path."""
        place = f"home/{KINDS.index(kind)}"
        return self.chance.choice([f"$ORIGIN/{os.path.relpath(self.outside(place), path.parent)}", self.inside(place)])

    def needed(self) -> str:
        """What an object asks for: mostly a name, sometimes a path."""
        name = self.chance.choice(NAMES)
        if self.chance.random() < 0.95:
            return name
        place = self.chance.choice(DIRECTORIES + LINKED)
        return self.chance.choice([f"{place}/{name}", f"./{place}/{name}", self.inside(f"{place}/{name}"), f"$ORIGIN/{name}",
                                   f"$ORIGIN/../{place}/{name}"])

    def text(self, kind: Kind) -> str:
        lines = ['.section .note.GNU-stack,"",@progbits', ".text"]
        defined = self.chance.sample(SYMBOLS, self.chance.choice([0, 1, 2, 4, 8]))
        for name in defined:
            what = self.chance.choice(["function"] * 8 + ["object"] * 5 + ["gnu_indirect_function", "gnu_unique_object"])
            binding = self.chance.choice([".globl", ".globl", ".weak"])
            lines += [f"{binding} {name}", f".type {name},@{what}", f"{name}: .long 0", f".size {name},4"]
            if what != "gnu_unique_object" and self.chance.random() < 0.1:
                lines += [f".protected {name}"]
        others = [name for name in SYMBOLS if name not in defined]
        for name in self.chance.sample(others, self.chance.randrange(0, 4)):
            lines += [f".weak {name}"] * (self.chance.random() < 0.99)
            lines += [f"call {name}@PLT"]
        lines += ['.section .data.rel,"aw"']
        for name in self.chance.sample(SYMBOLS, self.chance.randrange(2, 20)):
            lines += [f".weak {name}"] * (name in others and self.chance.random() < 0.996)
            lines += [f"{kind.word} {name}"]
        return "\n".join(lines) + "\n"

    def make_object(self, kind: Kind, path: Path, options: list[str]) -> None:
        chance = self.chance
        if chance.random() < 0.9:
            elements = [self.element() for _ in range(chance.randrange(0, 5))]
            if chance.random() < 0.9:
                elements.append(self.home(kind, path))
            tags = chance.choice(["--enable-new-dtags", "--enable-new-dtags", "--disable-new-dtags"])
            options = [*options, "-rpath", ":".join(elements), tags]
        stubs = [self.linker.stub(kind, name) for name in sorted({self.needed() for _ in range(chance.randrange(0, 4))})]
        self.linker.link(kind, path, self.text(kind), [*options, f"--hash-style={chance.choice(['gnu', 'both', 'sysv'])}",
                                                       "-z", chance.choice(["now", "lazy"]), "-z", "dynamic-undefined-weak", *stubs])

    def make_library(self, kind: Kind, path: Path, name: str) -> None:
        soname = self.chance.choice([name, name, name, "other.so", None])
        self.make_object(kind, path, ["-shared", *(["-soname", soname] if soname else [])])

    def place(self, name: str) -> Path | None:
        """Where a file of this name may be put, or None: there is one."""
        path = self.outside(f"{self.chance.choice(DIRECTORIES)}/{name}")
        return None if os.path.lexists(path) else path

    def fill(self) -> None:
        chance = self.chance
        for name in DIRECTORIES:
            self.outside(name).mkdir(parents=True, exist_ok=True)
        for name in LINKED:
            target = self.outside(chance.choice(DIRECTORIES))
            self.outside(name).symlink_to(os.path.relpath(target, self.outside(name).parent))
        libraries = []
        for kind in self.kinds:
            self.outside(f"home/{KINDS.index(kind)}").mkdir(parents=True)
            for name in NAMES:
                libraries.append(self.outside(f"home/{KINDS.index(kind)}/{name}"))
                self.make_library(kind, libraries[-1], name)
        for _ in range(chance.randrange(10, 30)):
            name = chance.choice(NAMES)
            if path := self.place(name):
                self.make_library(chance.choice(self.kinds), path, name)
                libraries.append(path)
        for _ in range(chance.randrange(6, 16)):
            if path := self.place(chance.choice(NAMES)):
                source = chance.choice(libraries)
                if chance.random() < 0.7:
                    os.link(source, path)
                else:
                    path.symlink_to(os.path.relpath(source, path.parent))
        programs = []
        for number in range(chance.randrange(6, 16)):
            kind = chance.choice(self.kinds)
            if path := self.place(f"program-{number}"):
                self.make_object(kind, path, ["-pie", "-dynamic-linker", kind.interpreter])
                programs.append(path)
        for number in range(chance.randrange(0, 4)):
            if path := self.place(f"copy-{number}"):
                shutil.copy(chance.choice(programs), path)
        if chance.random() < 0.5:
            self.cwd = self.inside(chance.choice(["", *DIRECTORIES, *LINKED]))
            self.options.append(f"--cwd={self.cwd}")
        elif not self.is_root:
            self.cwd = str(self.path)
        if chance.random() < 0.5:
            self.library_path = chance.choice(":;").join(self.element() for _ in range(chance.randrange(1, 4)))
            self.options.append(f"--library-path={self.library_path}")
        if chance.random() < 0.2:
            self.options.append(f"--preload={chance.choice(NAMES)}")
            self.has_steps = True
        for _ in range(chance.choice([0, 0, 0, 0, 1, 2])):
            flags = chance.choice(["NOW", "LAZY", "NOW,GLOBAL", "LAZY,GLOBAL", "NOW,DEEPBIND"])
            self.options.append(f"--dlopen={self.needed()}:{flags}")
            self.has_steps = True
        if not self.has_steps and chance.random() < 0.2:
            self.more.append("--libraries")
        if chance.random() < 0.2:
            place = self.inside(f"home/{KINDS.index(chance.choice(self.kinds))}")
            self.more.append(f"--plugins={place}:{chance.choice(['GLOBAL', 'LAZY'])}")

    def fill_root(self, loaders: dict[Kind, Path]) -> None:
        for name in ("lib64", "lib", "libx32", "etc", "proc", "opt/older"):
            (self.path / name).mkdir(parents=True)
        for kind in self.kinds:
            interpreter = self.path / kind.interpreter.lstrip("/")
            shutil.copy(loaders[kind], interpreter)
            # The C library says which release it is where the loader does not.
            if kind.suite != SUITE:
                shutil.copy(loaders[kind].parent / "libc.so.6", interpreter.parent)
        if self.chance.random() < 0.5:
            listed = self.chance.sample(DIRECTORIES + LINKED, 3)
            (self.path / "etc/ld.so.conf").write_text("".join(self.inside(name) + "\n" for name in listed))
            if ldconfig := shutil.which("ldconfig", path="/usr/sbin:/sbin"):
                run(ldconfig, "-X", "-r", self.path, stderr=subprocess.DEVNULL)


class Check:
    """The scans of one tree."""

    def __init__(self, bindsim: str, tree: Tree, directory: Path, counts: Counter[str]):
        self.bindsim, self.tree, self.directory, self.counts = bindsim, tree, directory, counts
        self.problems: list[str] = []
        self.root = [f"--root={tree.path}"] if tree.is_root else []

    def bytes_of(self, *arguments: str, show: str = "programs,pairs,notes,objects,exports,bindings") -> bytes:
        done = subprocess.run([self.bindsim, "scan", "--format=ndjson", f"--show={show}", *arguments], capture_output=True,
                              cwd=self.tree.path, timeout=TIMEOUT_SECONDS, check=False)
        if done.returncode not in (0, 1, 2):
            self.problems.append(f"scan {' '.join(arguments)}: {done.returncode} {done.stderr.decode()}")
        return done.stdout

    def whole(self) -> bytes:
        """The scan, which is the same however it is made."""
        what = [*self.root, *self.tree.options, *self.tree.more, self.tree.inside("")]
        answer = self.bytes_of("-j1", *what)
        for option in ("-j4", "--memory=16"):
            if self.bytes_of(option, *what) != answer:
                self.problems.append(f"{option}: OTHER BYTES")
        parts = []
        for part in (1, 2, 3):
            parts.append(str(self.directory / f"part-{part}"))
            Path(parts[-1]).write_bytes(self.bytes_of(f"--shard={part}/3", *what))
        done = subprocess.run([self.bindsim, "scan", "--merge", "--format=ndjson", "--show=programs,pairs,exports", *parts],
                              capture_output=True, timeout=TIMEOUT_SECONDS, check=False)
        if done.stdout != answer:
            self.problems.append(f"3 parts: OTHER BYTES {done.stderr.decode()}")
        journal = self.directory / "journal"
        journal.unlink(missing_ok=True)
        for words in ("with a journal", "from the journal"):
            if self.bytes_of(f"--journal={journal}", *what) != answer:
                self.problems.append(f"{words}: OTHER BYTES")
        return answer

    def check(self) -> list[str]:
        records = [line for line in map(json.loads, self.whole().splitlines()) if line["type"] == "program"]
        if not records:
            self.problems.append("no program was scanned")
        for _, of_path in itertools.groupby(records, lambda record: record["path"]):
            self.check_alone(list(of_path))
        for record in records:
            self.counts["runs"] += 1
            self.counts[record["outcome"]] += 1
            self.counts["bindings"] += len(record.get("bindings", []))
            if not record["plugin"] and not record["library"]:
                self.counts["programs"] += 1
                self.check_single(record)
                if not self.tree.has_steps:
                    self.check_real(record)
        return self.problems

    def check_alone(self, records: list[dict]) -> None:
        """By a scan of one program, to which nothing is left by others."""
        path = records[0]["path"]
        answer = self.bytes_of(*self.root, *self.tree.options, *self.tree.more, path)
        alone = [line for line in map(json.loads, answer.splitlines()) if line["type"] == "program"]
        different = {key for one, other in zip(records, alone) for key in one.keys() | other.keys() if one.get(key) != other.get(key)}
        if different or len(records) != len(alone):
            self.problems.append(f"{path}: alone it has other {', '.join(sorted(different)) or 'runs'}")

    def check_single(self, record: dict) -> None:
        done = subprocess.run([self.bindsim, "check", "--no-policy", "--proof=none", "--format=json",
                               "--show=findings,objects,steps,mapped", *self.root, *self.tree.options, record["path"]],
                              capture_output=True, text=True, cwd=self.tree.path, timeout=TIMEOUT_SECONDS, check=False)
        if record["outcome"] == "unanswered":
            different = [] if done.returncode == 2 and record["problem"] in done.stderr else ["problem"]
        else:
            scanned, single = of_record(record), of_report(json.loads(done.stdout)) if done.stdout else {}
            different = [key for key in scanned if scanned[key] != single.get(key)]
        if different:
            self.problems.append(f"{record['path']}: its own run has other {', '.join(different)}: {done.stderr}")

    # ---- the real loaders -------------------------------------------------------------------------------------------

    def real(self, kind: Kind, path: str) -> tuple[list[str], list[str]] | None:
        """The files that the loader lists and the names that it does not find; None: it does not list, or does not run."""
        tree = self.tree
        environment = {"LD_LIBRARY_PATH": tree.library_path} if tree.library_path else {}
        command = [kind.interpreter, "--list", path] if kind.is_musl else [path]
        if not kind.is_musl:
            environment["LD_TRACE_LOADED_OBJECTS"] = "1"
        root = ForeignRoot(MACHINES["i386"], tree.path)
        try:
            done = subprocess.run(command, env=environment, cwd=None if tree.is_root else tree.cwd, capture_output=True, text=True,
                                  timeout=TIMEOUT_SECONDS, check=False, preexec_fn=root.enter(tree.cwd) if tree.is_root else None)
        except (OSError, subprocess.SubprocessError):
            return None
        if done.returncode < 0:
            return None
        files, missing = [], []
        for line in done.stdout.splitlines():
            match = LISTED.match(line)
            # The loader of musl is an object like others only where somebody needs it by name.
            if not match or match[2].startswith(("linux-vdso.", "linux-gate.", "statically linked")) or match[2] == kind.interpreter:
                continue
            if match[2] == "not found":
                missing.append(match[1])
            else:
                files.append(match[2])
        missing += re.findall(r"Error loading shared library ([^:]+):", done.stderr + done.stdout)
        if not done.stdout:
            missing += [done.stderr or "anything"]
        return files, missing

    def check_real(self, record: dict) -> None:
        outside = Path(f"{self.tree.path}{record['path']}") if self.tree.is_root else Path(record["path"])
        content = outside.read_bytes()
        kind = next(kind for kind in KINDS if kind.interpreter.encode() + b"\0" in content)
        real = self.real(kind, record["path"])
        if not real:
            return
        self.counts[f"programs that {kind.name} was asked about"] += 1
        files, missing = real
        loaded = [name for name in record["loaded"] if name not in (record["path"], kind.interpreter)]
        if missing and record["outcome"] != "refused":
            self.problems.append(f"{record['path']}: {kind.name} does not find {missing}, and the scan says {record['outcome']}")
        elif not missing and loaded != files:
            self.problems.append(f"{record['path']}: {kind.name} loads {files}, the scan says {loaded}: {record['refusals']}")


def check_seed(options: argparse.Namespace, seed: int, loaders: dict[Kind, Path], counts: Counter[str]) -> list[str]:
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="bindsim-trees-") as name:
        directory = Path(os.path.realpath(name))
        for place in ("tree", "made"):
            (directory / place).mkdir()
        is_root = chance.random() < 0.6
        here = [kind for kind in loaders if is_root or loaders[kind] == Path(kind.interpreter)]
        kinds = chance.sample(here, min(len(here), chance.choice([1, 2, 2, 2, 3, 3, 5])))
        tree = Tree(directory / "tree", chance, kinds, Linker(directory / "made"), is_root)
        tree.fill()
        if is_root:
            tree.fill_root(loaders)
        if options.keep:
            shutil.copytree(directory / "tree", options.keep / f"seed-{seed}", symlinks=True)
            print(f"seed {seed}: {tree.options}")
        return Check(options.bindsim, tree, directory, counts).check()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bindsim", required=True)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--seeds", default="1-100")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="copy the trees to DIR")
    options = parser.parse_args()
    options.bindsim = str(Path(options.bindsim).resolve())
    if not all(shutil.which(tool) for tool in ("as", "ld")):
        print("skipped: as and ld are missing")
        return SKIPPED
    loaders = {kind: path for kind in KINDS if (path := loader_file(options.cache, kind))}
    if not loaders:
        print("skipped: there is no loader")
        return SKIPPED
    counts: Counter[str] = Counter()
    problems = 0
    seeds = parse_seeds(options.seeds)
    for seed in seeds:
        found = check_seed(options, seed, loaders, counts)
        for text in found[:SHOWN_PROBLEMS]:
            print(f"seed {seed}: {text}", flush=True)
        problems += len(found)
    print(f"{len(seeds)} trees for {', '.join(kind.name for kind in loaders)}: {dict(counts)}; {problems} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
