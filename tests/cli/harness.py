# SPDX-License-Identifier: MIT
"""What the tests of the command line share: the tool, and small objects to ask it about.

    class SomeTest(CommandLineTest):
        def test_something(self):
            self.object("libhook.so", "int hook(void) { return 1; }")
            answer = self.bindsim("./app", "--dlopen", "./libhook.so")
            self.assertEqual(answer.status, 0)

The tool is $BINDSIM. Every test has a directory of its own, in which the tool is run. Nothing is linked against the C
library, so that answers do not depend on the one at hand; nothing that is built is ever run.
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path[len(sys.path):] = [str(ROOT / "tests"), str(ROOT / "tests" / "json")]
import made  # noqa: E402
from validation import VALIDATES, Validator  # noqa: E402

BINDSIM = os.path.abspath(os.environ.get("BINDSIM", ROOT / "build/src/cli/bindsim"))
CC = os.environ.get("CC", "gcc").split()
INTERPRETER = "/lib64/ld-linux-x86-64.so.2"
TIMEOUT_SECONDS = 60
# The tool sees nothing of the caller's environment but this.
KEPT = ("PATH", "LANG", "LC_ALL", "LOCPATH", "TMPDIR", "ASAN_OPTIONS", "UBSAN_OPTIONS", "MALLOC_PERTURB_")

# Tests that were started in the background, or by nohup(1), have these ignored, and so would have what they start; what is
# caught is not.
for _number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, lambda *_: None)

PROGRAM = "void _start(void) {}"
HOOK = "int hook(void) { return 1; }"
USER = "int hook(void); int use(void) { return hook(); }"


class Answer(NamedTuple):
    """What one run of the tool gave."""

    status: int
    out: str
    err: str


def environment(**variables: str) -> dict[str, str]:
    """The environment of the tool: what is kept, and VARIABLES."""
    return {**{name: os.environ[name] for name in KEPT if name in os.environ}, **variables}


def build(path: Path, source: str, *options: str, root: Path | None = None) -> None:
    """Compiles and links SOURCE as the file PATH, without the C library; all it is made of lies in ROOT."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = path.with_name(path.name + ".c")
    text.write_text(source)
    command = [*CC, "-nostdlib", "-fno-stack-protector", "-g0", "-Wl,--build-id=none", "-o", f"./{path.name}", f"./{text.name}"]
    made.make([*command, *options], path.name, path.parent, root=root, check=True)
    text.unlink()


@functools.cache
def validator_of(schema: str) -> Validator:
    """The one for a published schema."""
    return Validator(json.loads((ROOT / "schema" / f"{schema}.schema.json").read_text()))


@functools.cache
def writes_databases() -> bool:
    """This build, on this machine, has SQLite."""
    return "format sqlite has" in subprocess.run([BINDSIM, "--format=sqlite", "--show=?", "x"], capture_output=True, text=True, check=False).stderr


@unittest.skipUnless(os.path.exists(INTERPRETER), f"the tests need an x86-64 system with {INTERPRETER}")
class CommandLineTest(unittest.TestCase):
    """A test in a directory of its own."""

    maxDiff = None

    def setUp(self) -> None:
        self.directory = Path(os.path.realpath(tempfile.mkdtemp(prefix="bindsim-cli-")))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)

    def object(self, name: str, source: str = "int nothing;", *options: str) -> Path:
        """A shared object."""
        build(self.directory / name, source, "-shared", "-fPIC", *options, root=self.directory)
        return self.directory / name

    def program(self, name: str = "app", source: str = PROGRAM, *options: str) -> Path:
        """An executable."""
        build(self.directory / name, source, "-pie", "-fPIE", *options, root=self.directory)
        return self.directory / name

    def file(self, name: str, content: str | bytes, mode: int = 0o644) -> Path:
        """Any other file."""
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        path.chmod(mode)
        return path

    def bindsim(self, *arguments: str | os.PathLike[str], env: dict[str, str] | None = None, cwd: str = ".",
                **options) -> Answer:
        """Runs the tool in the test's directory, or in CWD below it."""
        options = {"stdout": subprocess.PIPE, **({} if "input" in options else {"stdin": subprocess.DEVNULL}), **options}
        done = subprocess.run([options.pop("tool", BINDSIM), *arguments], cwd=self.directory / cwd,
                              stderr=subprocess.PIPE, env=environment() if env is None else env, check=False,
                              timeout=TIMEOUT_SECONDS, **options)
        out = (done.stdout or b"").decode("utf-8", "surrogateescape")
        answer = Answer(done.returncode, out, done.stderr.decode("utf-8", "surrogateescape"))
        self.check_contract(answer, arguments)
        return answer

    def unprivileged(self) -> dict:
        """Options for bindsim() that run the tool as somebody who may not read every file."""
        if os.geteuid() != 0:
            return {}
        # The directory of the tool may be closed to others: they get a copy.
        self.directory.chmod(0o755)
        shutil.copy(BINDSIM, self.directory / "bindsim")
        return {"tool": self.directory / "bindsim", "user": 65534, "group": 65534, "extra_groups": []}

    def check_contract(self, answer: Answer, arguments) -> None:
        """What holds for every run: a known status, and a message with every status but 0."""
        self.assertIn(answer.status, (0, 1, 2), f"{arguments}: {answer}")
        for line in answer.err.splitlines():
            self.assertRegex(line, r"^bindsim: .", f"{arguments}: a message of another kind")
        if answer.status:
            self.assertNotEqual(answer.err, "", f"{arguments}: status {answer.status} without a message")

    def assert_trouble(self, answer: Answer, *words: str) -> None:
        """Status 2, one message that has all of WORDS in it, and no report."""
        self.assertEqual(answer.status, 2, answer)
        self.assertEqual(answer.out, "")
        self.assertEqual(len(answer.err.splitlines()), 1, f"one message is enough: {answer.err}")
        for word in words:
            self.assertIn(word, answer.err)

    def assert_valid(self, document, schema: str) -> None:
        """DOCUMENT is as the published SCHEMA says, where there is a validator."""
        if VALIDATES:
            self.assertEqual([], list(validator_of(schema).problems(document)))

    def assert_refused(self, answer: Answer, message: str) -> None:
        """Status 1, with MESSAGE on standard error."""
        self.assertEqual(answer.status, 1, answer)
        self.assertIn(message, answer.err)

    def outcomes(self, *arguments: str, **options) -> list[str]:
        """The outcome of every step, as --format=ld-debug has it."""
        answer = self.bindsim("--format=ld-debug", "--show=mapped", *arguments, **options)
        return [line.partition(": step ")[2].partition(": ")[2] for line in answer.out.splitlines()
                if line.startswith("         0:\tbindsim: step ")]
