# SPDX-License-Identifier: MIT
"""What the tests of `bindsim record` share: programs that are built and run, and what was recorded of them.

    class SomeTest(RecordTest):
        def test_something(self):
            self.library("libhook.so", "int hook(void) { return 1; }")
            self.executable("app", 'int main(void) { dlopen("./libhook.so", RTLD_NOW); }')
            recorded = self.record("./app")
            self.assertEqual(recorded.steps, [{"dlopen": "./libhook.so", "flags": "NOW"}])

Where nothing may be traced the tests are skipped. The programs may run elsewhere, in a virtual machine (machines.py): what
cannot be tested there is marked @only_here(WHY).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "cli"), str(Path(__file__).resolve().parents[1])]

import made  # noqa: E402
from harness import BINDSIM, CC, CommandLineTest, environment  # noqa: E402

SKIPPED = 77
TIMEOUT_SECONDS = 60
HEAD = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <ucontext.h>
#define CONSTRUCTOR __attribute__((constructor)) static void construct(void)
/* An instruction that raises SIGTRAP, and what a handler does so that it is not carried out again. */
#ifdef __aarch64__
#define TRAP() __asm__ volatile("brk #0")
#define STEP_OVER(context) ((ucontext_t *)(context))->uc_mcontext.pc += 4
#else
#define TRAP() __asm__ volatile("int3")
#define STEP_OVER(context) (void)(context)
#endif
"""
_LINE = re.compile(r"\s*\d+:\t(binding file (.*) \[\d+\] to .*)$")


@dataclass(frozen=True)
class Place:
    """Where programs are run, and bindsim with them: the words before a command, the directory that the tests' directories are
    made in, the compiler, what __builtin_trap() ends with, and how many microseconds may lie between two signals: where a stop
    takes longer nothing but signals is ever taken."""

    before: tuple[str, ...] = ()
    directory: str | None = None
    compiler: tuple[str, ...] = tuple(CC)
    trap: int = signal.SIGILL
    tick: int = 500


def only_here(why: str) -> Callable:
    """Marks a test that is skipped where programs run elsewhere."""
    def mark(test: Callable) -> Callable:
        test.only_here = why
        return test
    return mark


@dataclass
class Recorded:
    """What a run of `bindsim record` gave."""

    status: int
    out: str
    err: str
    plan: dict | None

    @property
    def steps(self) -> list[dict]:
        """Those of the plan."""
        assert self.plan is not None, self.err
        return self.plan["steps"]


class RecordTest(CommandLineTest):
    """A test in a directory of its own, with programs that are run there."""

    place = Place()

    def setUp(self) -> None:
        super().setUp()
        if self.place.directory is None:
            return
        if why := getattr(getattr(self, self._testMethodName), "only_here", ""):
            self.skipTest(why)
        # The path that is meant has links in it, which are none in the programs' root.
        self.directory = Path(tempfile.mkdtemp(prefix="bindsim-record-", dir=self.place.directory))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)

    def kill(self, process: int, number: int) -> None:
        """Sends a signal, to a group where PROCESS is negative."""
        if self.place.before:
            subprocess.run([*self.place.before, "/usr/bin/kill", f"-{int(number)}", str(process)], cwd=self.directory,
                           env=environment(), check=True, timeout=TIMEOUT_SECONDS)
        else:
            os.kill(process, number)

    def read(self, path: str) -> str:
        """The text of a file of /proc; "" where the process is gone."""
        done = subprocess.run([*self.place.before, "/usr/bin/cat", path], cwd=self.directory, env=environment(),
                              stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=TIMEOUT_SECONDS)
        return done.stdout.decode("latin-1")

    def compile(self, name: str, source: str, *options: str, compiler: list[str] | None = None) -> Path:
        """Compiles and links SOURCE as the file NAME."""
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = path.with_name(path.name + ".c")
        text.write_text(HEAD + source)
        command = [*(compiler or self.place.compiler), "-g0", "-O1", "-w", "-o", f"./{name}", f"./{name}.c"]
        made.make([*command, *options], name, self.directory, check=True)
        text.unlink()
        return path

    def library(self, name: str, source: str, *options: str, **more) -> Path:
        """A shared object, which may be linked with the C library."""
        return self.compile(name, source, "-shared", "-fPIC", *options, **more)

    def executable(self, name: str, source: str, *options: str, **more) -> Path:
        """A program that can be run."""
        return self.compile(name, source, *options, "-ldl", "-pthread", **more)

    def start(self, *words: str | os.PathLike[str], env: dict[str, str] | None = None, **options) -> subprocess.Popen:
        """`bindsim record WORDS`, under way."""
        if self.place.before:  # another kernel, which keeps what it knows of files that were built again or taken away
            subprocess.run([*self.place.before, "/bin/sh", "-c", "echo 2 > /proc/sys/vm/drop_caches"], check=True,
                           stdin=subprocess.DEVNULL, timeout=TIMEOUT_SECONDS, cwd=self.directory, env={})
        return subprocess.Popen([BINDSIM, "record", *words], cwd=self.directory, env={**environment(), **(env or {})},
                                **{"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options})

    def finish(self, process: subprocess.Popen, plan: str = "out.plan") -> Recorded:
        """Waits for its end; what it wrote must be valid."""
        out, err = process.communicate(timeout=TIMEOUT_SECONDS)
        text = lambda data: (data or b"").decode("utf-8", "surrogateescape")
        return Recorded(process.returncode, text(out), text(err), self.plan(plan))

    def plan(self, name: str = "out.plan") -> dict | None:
        """The plan NAME, which holds to the schema and to --plan, or None."""
        path = self.directory / name
        if not path.exists():
            return None
        plan = json.loads(path.read_text())
        self.assert_valid(plan, "bindsim-plan-1")
        answer = self.bindsim("--plan", path, "--format=plan")
        self.assertEqual((answer.status, answer.out), (0, path.read_text()), answer.err)
        return plan

    def record(self, *command: str, options: tuple[str, ...] = (), env: dict[str, str] | None = None, **more) -> Recorded:
        """Records COMMAND in out.plan."""
        return self.finish(self.start("-o", "out.plan", *options, "--", *command, env=env, **more))

    def assert_same_bindings(self, *command: str, env: dict[str, str] | None = None) -> list[str]:
        """What is recorded of COMMAND, with all bindings made at once, has those that its loader tells of. Objects of this
        directory count, and all lines of the log are the same with and without bindsim. Returns the lines compared."""
        (self.directory / "both.plan").unlink(missing_ok=True)
        words = ["/usr/bin/env", "LD_BIND_NOW=1", "LD_DEBUG=bindings", *(f"{name}={value}" for name, value in (env or {}).items()),
                 *command]
        alone = subprocess.run([*self.place.before, *words], cwd=self.directory, env=environment(), stdin=subprocess.DEVNULL, capture_output=True,
                               timeout=TIMEOUT_SECONDS, check=False)
        traced = self.finish(self.start("-q", "-o", "both.plan", "--", *words), "both.plan")
        simulated = self.bindsim("--plan", "both.plan", "--format=ld-debug", "--show=bindings")
        real = self.bindings(alone.stderr.decode())
        self.assertEqual(real, self.bindings(traced.err))
        mine = [line for line in real if self.is_mine(line)]
        self.assertEqual(mine, [line for line in self.bindings(simulated.out) if self.is_mine(line)])
        return mine

    def bindings(self, log: str) -> list[str]:
        """The binding lines of a log."""
        return [match[1] for line in log.splitlines() if (match := _LINE.match(line))]

    def is_mine(self, line: str) -> bool:
        """Whether an object of this directory refers."""
        return line.startswith(("binding file ./", "binding file lib", f"binding file {self.directory}"))


def may_trace() -> str:
    """Why programs cannot be traced here, or nothing."""
    with tempfile.TemporaryDirectory() as directory:
        done = subprocess.run([BINDSIM, "record", "-q", "-o", f"{directory}/true.plan", "--", "true"], capture_output=True,
                              text=True, env=environment(), timeout=TIMEOUT_SECONDS, check=False)
    cannot = done.returncode == 2 and ("(ptrace)" in done.stderr or "cannot be traced" in done.stderr)
    return done.stderr.strip() if cannot else ""


def main() -> None:
    """Runs the tests of the calling module, or skips them all."""
    if reason := may_trace():
        print(f"skipped: {reason}")
        sys.exit(SKIPPED)
    unittest.main()
