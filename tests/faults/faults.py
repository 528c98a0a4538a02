# SPDX-License-Identifier: MIT
"""What the tests of faults share: a small world of files, a question for each command and format, and what must hold
whatever fails while it is answered.

A run that survives a fault gives the very answer that it gives without one. Every other one ends with status 2 and one
message, its output is a beginning of the answer, files that it was to write are as they were, and nothing is left over.
"""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import zipfile
from pathlib import Path
from typing import NamedTuple

sys.path.append(str(Path(__file__).resolve().parents[1] / "cli"))
from harness import BINDSIM, CC, INTERPRETER, PROGRAM, CommandLineTest, build, environment, writes_databases  # noqa: E402,F401

OLD = b"what was there before\n"
# What differs from run to run: the number of a process, where it has things.
VARYING = re.compile(rb"0x[0-9a-f]{6,}")

LIBRARY = """
struct codec { int width; char name[%d]; };
int codec_open(struct codec *codec) { return codec->width; }
int codec_close(struct codec *codec) { return codec->name[0]; }
int codec_table[4] = { %d };
"""
USES = """
struct codec; int codec_open(struct codec *); int codec_close(struct codec *); extern int codec_table[];
int %s_use(struct codec *c) { return codec_open(c) + codec_close(c) + codec_table[1]; }
"""
OPENER = r"""
#include <dlfcn.h>
#include <stdio.h>
int main(int argc, char **argv)
{
	void *handle = dlopen("./real.so", RTLD_NOW);
	if (argc > 1) {
		puts("ready");
		fflush(stdout);
		getchar();
	}
	return handle && dlsym(handle, "real_use") ? 0 : 9;
}
"""
NOTE = r"""
__asm__(".section .note.dlopen,\"a\"; .balign 4; .long 4; .long 2f-1f; .long 0x407c0c0a; .asciz \"FDO\";"
        "1: .asciz \"[{\\\"soname\\\":[\\\"./noted.so\\\"],\\\"feature\\\":\\\"more\\\"}]\"; 2: .balign 4; .text");
"""
POLICY = """[suppress]
rule = captured-references
reason = they are known
"""


def object_of(path: Path, source: str, *options: str) -> None:
    build(path, source, "-shared", "-fPIC", *options)


class World:
    """The files. Questions are asked in its directory; outputs go to out/, temporary files to tmp/."""

    def __init__(self) -> None:
        self.directory = Path(os.path.realpath(tempfile.mkdtemp(prefix="bindsim-faults-")))
        self.out, self.tmp = self.directory / "out", self.directory / "tmp"
        for path in (self.out, self.tmp):
            path.mkdir()
        here = self.directory
        codec = ("-Wl,-soname,libcodec.so.1", "-g")
        object_of(here / "lib/libcodec.so.1", LIBRARY % (8, 1), *codec)
        object_of(here / "plugins/second.so", LIBRARY % (16, 2) + USES % "second" + NOTE, "-g")
        object_of(here / "plugins/first.so", USES % "first", "./../lib/libcodec.so.1", "-Wl,-rpath,$ORIGIN/../lib:$ORIGIN/lib", "-g")
        object_of(here / "noted.so", "int noted;")
        build(here / "app", PROGRAM + USES % "app", "-pie", "-fPIE", "./lib/libcodec.so.1", "-Wl,-rpath,$ORIGIN/lib", "-g",
              "-Wl,-z,lazy")
        object_of(here / "real.so", "int puts(const char *); int real_use(void) { return puts(\"\"); }")
        (here / "opener.c").write_text(OPENER)
        subprocess.run([*CC, "-o", "opener", "opener.c", "-g0"], cwd=here, check=True)
        self.log()
        self.archives()
        self.process = self.waiting()
        self.core()
        self.root()
        (here / "policy.ini").write_text(POLICY)
        for name, extra in (("left", []), ("right", ["--dlopen", "./plugins/second.so"])):
            self.plain("--format=json", "--show=steps,objects,bindings,slots,findings,scopes", "-o", f"{name}.json",
                       "./app", *extra)
        self.plain("--format=plan", "-o", "app.plan", *STEPS)
        for number in (1, 2):
            self.plain("scan", "--format=ndjson", "-o", f"part{number}.ndjson", f"--shard={number}/2", "app", "opener")

    def waiting(self) -> subprocess.Popen:
        """A process that has opened what it opens."""
        process = subprocess.Popen(["./opener", "wait"], cwd=self.directory, env=environment(), stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, preexec_fn=lambda: resource.setrlimit(
                                       resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)))
        process.stdout.readline()
        return process

    def core(self) -> None:
        """The file core, of such a process; an empty one where the system puts it elsewhere."""
        process = self.waiting()
        process.send_signal(signal.SIGABRT)
        process.communicate()
        found = [path for path in self.directory.glob("core*") if path.is_file()]
        if found:
            found[0].rename(self.directory / "core")
        else:
            shutil.copy(self.directory / "app", self.directory / "core")

    def close(self) -> None:
        self.process.communicate(b"\n")
        shutil.rmtree(self.directory, ignore_errors=True)

    def plain(self, *arguments: str) -> None:
        """A run of the tool that prepares something."""
        done = subprocess.run([BINDSIM, *arguments], cwd=self.directory, env=environment(), capture_output=True, check=False,
                              timeout=60)
        assert done.returncode in (0, 1), (arguments, done)

    def log(self) -> None:
        """What the loader says of a run."""
        done = subprocess.run(["./opener"], cwd=self.directory, env=environment(LD_DEBUG="bindings,files,scopes,libs,versions"),
                              capture_output=True, check=False, timeout=60)
        (self.directory / "opener.log").write_bytes(done.stderr)

    def root(self) -> None:
        """The program in a directory that is a system of its own."""
        root = self.directory / "root"
        for source, target in ((INTERPRETER, INTERPRETER), (self.directory / "app", "/app"),
                               (self.directory / "lib/libcodec.so.1", "/opt/lib/libcodec.so.1")):
            path = root / target.lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, path)
        (root / "etc").mkdir()
        (root / "etc/ld.so.conf").write_text("include ld.so.conf.d/*.conf\n")
        (root / "etc/ld.so.conf.d").mkdir()
        (root / "etc/ld.so.conf.d/opt.conf").write_text("/opt/lib\n")

    def words(self, question: str) -> list[str]:
        """The arguments of a question."""
        return [word.replace("{here}", str(self.directory)).replace("{pid}", str(self.process.pid)) for word in QUESTIONS[question]]

    def archives(self) -> None:
        with zipfile.ZipFile(self.directory / "pack-1-cp311-cp311-linux_x86_64.whl", "w", zipfile.ZIP_DEFLATED) as wheel:
            wheel.write(self.directory / "plugins/first.so", "pack/_core.cpython-311-x86_64-linux-gnu.so")
            wheel.write(self.directory / "lib/libcodec.so.1", "pack/lib/libcodec.so.1")
            wheel.writestr("pack-1.dist-info/RECORD", "")

    def environment(self) -> dict[str, str]:
        return environment(TMPDIR=str(self.tmp), LD_LIBRARY_PATH="lib")


THREAD = threading.local()
WORLDS: list[World] = []


def world_of_thread() -> World:
    """One for each thread: questions leave nothing in it."""
    if not hasattr(THREAD, "world"):
        THREAD.world = World()
        WORLDS.append(THREAD.world)
    return THREAD.world


STEPS = ["./app", "--dlopen", "./plugins/first.so:GLOBAL,LAZY", "--dlopen", "./plugins/second.so", "--dlsym", "first_use",
         "--call", "app:codec_open", "--dlopen", "./missing.so", "--dlclose", "2"]
DEEP = ["./app", "--dlopen", "./plugins/second.so:DEEPBIND", "--dlmopen", "./plugins/first.so", "--init", "plugins/first.so",
        "--dlsym", "codec_open", "--end-init"]
ALL = "--show=steps,unresolved,findings,notes,objects,scopes,pairs,bindings,slots,suppressed,dlopen-notes"
WHEEL = "pack-1-cp311-cp311-linux_x86_64.whl"
# By name. What is written to out/ is compared, too.
QUESTIONS: dict[str, list[str]] = {
    "text": STEPS,
    "text-all": [ALL, "--proof=all", *STEPS],
    "deep": DEEP,
    "json": ["--format=json", *STEPS],
    "json-all": ["--format=json", "--show=steps,objects,bindings,slots,findings,scopes,searches,demangled,mapped,suppressed,"
                 "dlopen-notes", *STEPS],
    "ndjson": ["--format=ndjson", *STEPS],
    "ld-debug": ["--format=ld-debug", "--show=bindings,libs,scopes,versions,files,mapped,addresses,slots", *STEPS],
    "ldd": ["--format=ldd", "--show=libs,versions,undefined,unused", "./app"],
    **{name: [f"--format={name}", *STEPS] for name in ("sarif", "junit", "github", "gitlab", "markdown", "dot", "html", "plan")},
    "sqlite": ["--format=sqlite", "-o", "out/report.sqlite", *STEPS],
    "many": ["--report=json:out/report.json", "--report=html:out/report.html", "--report=sarif:out/report.sarif",
             "--report=plan:out/report.plan", *STEPS],
    "output": ["-o", "out/report.txt", *STEPS],
    "plan-file": ["--plan", "app.plan"],
    "follow": ["--follow-dlopen-notes", *STEPS],
    "root": ["--root", "root", "/app"],
    "ldconfig": ["--ldconfig", "--root", "root", "/app", "--dlopen", "libcodec.so.1"],
    "musl": ["--loader=musl", *STEPS[:5]],
    "qnx": ["--loader=qnx", *STEPS[:5]],
    "explain-symbol": ["explain", "--symbol", "codec_*", *STEPS],
    "explain-pair": ["explain", "--pair", "second.so,libcodec.so.1", *STEPS],
    "explain-rule": ["explain", "--rule", "captured-references"],
    "check": ["check", "--no-policy", *STEPS],
    "check-policy": ["check", "--policy", "policy.ini", "--gen-suppressions", *STEPS],
    "check-baseline": ["check", "--no-policy", "--write-baseline=out/baseline", *STEPS],
    "check-directory": ["check", "--no-policy", "--host=./app", "plugins"],
    "check-wheel": ["check", "--no-policy", "--host={here}/app", WHEEL],
    "order": ["order", *STEPS[:5]],
    "order-json": ["order", "--format=json", *STEPS[:5]],
    "order-pairs": ["order", "--pairs=plugins", "./app"],
    "advise": ["advise", *STEPS[:5]],
    "advise-json": ["advise", "--format=json", *STEPS[:5]],
    "diff": ["diff", "left.json", "right.json"],
    "diff-json": ["diff", "--format=json", "--show=steps,findings,causes,bindings,objects", "./app", "app.plan"],
    "verify-log": ["verify", "--log=opener.log", "--show=steps,causes,lines", "./opener", "--dlopen", "./real.so:NOW"],
    "verify-run": ["verify", "--run", "./opener", "--dlopen", "./real.so:NOW"],
    "log": ["log", "opener.log"],
    "log-json": ["log", "--format=json", "opener.log"],
    "log-plan": ["log", "--format=plan", "opener.log"],
    "scan": ["scan", "-j2", "--show=programs,pairs,notes,objects", "app", "opener", "plugins"],
    "scan-json": ["scan", "-j1", "--format=json", "--plugins=plugins", "--libraries", "app", "plugins"],
    "scan-journal": ["scan", "-j2", "--format=ndjson", "--journal=out/journal", "app", "opener"],
    "scan-sqlite": ["scan", "-j1", "--format=sqlite", "-o", "out/scan.sqlite", "app", "opener"],
    "scan-merge": ["scan", "--merge", "--format=json", "part1.ndjson", "part2.ndjson"],
    "record": ["record", "-o", "out/opener.plan", "--", "./opener"],
    "pid": ["--pid={pid}", "--show=process,differences,contents"],
    "pid-json": ["verify", "--pid={pid}", "--format=json"],
    "core": ["--core=core"],
    "loaders": ["loaders"],
    "loaders-one": ["loaders", "glibc"],
    "help": ["scan", "--help"],
}


class Seen(NamedTuple):
    """What a run left behind. STATUS: what the shell has as $?."""

    status: int
    out: bytes
    err: str
    files: dict[str, bytes]


def written(directory: Path) -> dict[str, bytes]:
    """The files in DIRECTORY, which is empty afterwards."""
    files = {}
    for entry in directory.iterdir():
        files[entry.name] = entry.read_bytes()
        entry.unlink()
    return files


def status_of(status: int) -> int:
    """As subprocess has it, of what waitpid(2) gave."""
    return os.waitstatus_to_exitcode(status)


END = 1 << 62


def chosen(count: int, share: int, seed: int) -> list[int]:
    """Which of COUNT are to fail. What comes after the last one of a run without a fault is tried, too."""
    if not share or count <= share:
        return list(range(1, count + 2))
    edge = share // 4
    stride = max(1, (count - 2 * edge) // (share - 2 * edge))
    return sorted({*range(1, edge + 1), *range(edge + 1 + seed % stride, count - edge, stride), *range(count - edge, count + 2)})


def same(a: bytes, b: bytes) -> bool:
    return a == b or VARYING.sub(b"", a) == VARYING.sub(b"", b)


def begins(whole: bytes, part: bytes) -> bool:
    return whole.startswith(part) or VARYING.sub(b"", whole).startswith(VARYING.sub(b"", part))


def differences(wanted: Seen, seen: Seen, words: str, before: dict[str, bytes], left: list[str],
                wish: str = "trouble") -> list[str]:
    """What is wrong with SEEN where WANTED is the answer without a fault. WORDS: a pattern that the message of a run that
    ends has. BEFORE: the files that were in out/. LEFT: what is in tmp/ now. WISH: what may be instead of the answer."""
    wrong = [f"left behind: tmp/{name}" for name in left]
    if (seen.status, seen.err) == (wanted.status, wanted.err) and same(seen.out, wanted.out):
        if wish != "answer" and (seen.files.keys() != wanted.files.keys() or
                                 not all(same(seen.files[n], wanted.files[n]) for n in wanted.files)):
            wrong.append(f"other files: {sorted(seen.files)}")
        return wrong
    if wish == "same":
        return [*wrong, f"another answer, of status {seen.status}: {seen.err[:1500]!r}"]
    if wish == "told":
        if not re.search(words, seen.err):
            wrong.append(f"another answer, of status {seen.status}, and nobody says why: {seen.err[:1500]!r}")
        wish = "answer"
    if wish == "answer" and seen.status in (0, 1):
        # The loader would meet it, too. The answer is whole.
        if bool(seen.status) > bool(seen.err) or not set(seen.files) <= set(wanted.files):
            wrong.append(f"no answer, of status {seen.status}: {seen.err[:1500]!r} {sorted(seen.files)}")
        return wrong
    if wish == "ended" and seen.status == 128 + int(words):
        others = set(seen.err.splitlines()) - set(wanted.err.splitlines())
        # `record' ends with the signal that came to what it records, and says what it wrote.
        if any("opener.plan: " not in line for line in others):
            wrong.append(f"a message about a signal: {seen.err[:1500]!r}")
        return wrong + files_that_are_wrong(wanted, seen, before)
    if seen.status != 2:
        return [*wrong, f"status {seen.status}, not 2 or the whole answer (of status {wanted.status}): {seen.err[:1500]!r}"]
    lines = seen.err.splitlines()
    # What was told of the answer before is told; each of several outputs has a message of its own.
    others = [line for line in lines[:-1] if line not in wanted.err.splitlines() and not re.search(words, line)]
    if wish == "answer":
        others, words = [], ""
        # A scan has its whole answer, in which one program has none.
        if "bindsim: nothing can be said in " in seen.err and seen.files.keys() == wanted.files.keys():
            return wrong
    if others or not lines or not lines[-1].startswith("bindsim: ") or not re.search(words, lines[-1]):
        wrong.append(f"not one message: {seen.err[:1500]!r}")
    if wish != "answer" and not begins(wanted.out, seen.out):
        wrong.append("another answer on standard output")
    return wrong + files_that_are_wrong(wanted, seen, before)


def is_json(content: bytes) -> bool:
    try:
        return isinstance(json.loads(content), dict)
    except ValueError:
        return False


def files_that_are_wrong(wanted: Seen, seen: Seen, before: dict[str, bytes]) -> list[str]:
    """Of a run that did not come to its end: each is what it was, or is to be."""
    wrong = []
    for name, content in seen.files.items():
        if name not in wanted.files and name not in before:
            wrong.append(f"left behind: out/{name}")
        elif name == "journal":
            continue
        elif name.endswith(".plan") and is_json(content):
            # Of what was done until then.
            continue
        elif content != before.get(name) and not same(content, wanted.files.get(name, b"")):
            wrong.append(f"half a file: out/{name}")
    return wrong + [f"gone: out/{name}" for name in before if name not in seen.files]
