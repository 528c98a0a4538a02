#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Signals and limits that end the tool at any moment, and signals that only disturb it.

MOMENTS in the environment: how many moments each question is ended at.
"""

from __future__ import annotations

import contextlib
import json
import lzma
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import tarfile
import threading
import time
import unittest
from collections.abc import Iterator, Set
from pathlib import Path

from faults import BINDSIM, CC, OLD, QUESTIONS, Seen, World, differences, environment, files_that_are_wrong, same, written

MOMENTS = int(os.environ.get("MOMENTS", "1"))
INJECT = os.environ.get("INJECT")
# What looks for leaks traces the tool, and can neither be stopped nor do without processes.
os.environ["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
PATIENCE = 20
ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL, signal.SIGQUIT, signal.SIGALRM, signal.SIGXCPU, signal.SIGPIPE)

# It opens and closes a library again and again; for $1 a child of it does so, too.
BUSY = r"""
#include <dlfcn.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	int forks = argc > 1 && fork() == 0;

	for (int i = 0; i < 40; i++) {
		void *handle = dlopen("./real.so", RTLD_NOW);
		if (!handle)
			return 9;
		dlclose(handle);
		usleep(2000);
	}
	return forks ? 0 : 3;
}
"""


class Tool:
    """A run of the tool in WORLD, of which everything that it starts can be found."""

    def __init__(self, world: World, arguments: list[str], **options) -> None:
        self.world = world
        self.process = subprocess.Popen([BINDSIM, *arguments], cwd=world.directory, env=world.environment(), stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, start_new_session=True, **{"stdin": subprocess.DEVNULL, **options})

    def send(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process.pid, number)

    def seen(self, names: Set[str] | None = None) -> Seen:
        """What it left, with the status as a shell has it; when those who remove files that are not called one of NAMES have
        had their time."""
        out, err = self.process.communicate(timeout=60)
        status = self.process.returncode
        until = time.monotonic() + PATIENCE
        while names is not None and not names >= set(os.listdir(self.world.out)) and time.monotonic() < until:
            time.sleep(0.01)
        return Seen(status if status >= 0 else 128 - status, out, err.decode("utf-8", "replace"), written(self.world.out))


class SignalsTest(unittest.TestCase):
    """One world for all of them."""

    maxDiff = None

    @classmethod
    def setUpClass(cls) -> None:
        cls.world = World()
        cls.addClassCleanup(cls.world.close)
        here = cls.world.directory
        (here / "busy.c").write_text(BUSY)
        subprocess.run([*CC, "-o", "busy", "busy.c", "-g0"], cwd=here, check=True)
        (here / "many").mkdir()
        for i in range(60):
            shutil.copy(here / "opener", here / f"many/program-{i}")
        with tarfile.open(here / "root.tar", "w") as archive:
            archive.add(here / "root", ".")
            archive.add(here / "app", "usr/bin/app")
        (here / "root.tar.xz").write_bytes(lzma.compress((here / "root.tar").read_bytes()))
        if shutil.which("zstd"):
            subprocess.run(["zstd", "-q", "root.tar"], cwd=here, check=True)

    def setUp(self) -> None:
        self.random = random.Random(self.id())

    def questions(self) -> dict[str, list[str]]:
        """Those that write files, to out/ or to a directory of their own."""
        asked = {name: self.world.words(name) for name in ("many", "sqlite", "check-baseline", "check-wheel")}
        asked["html"] = ["--format=html", "-o", "out/page.html", *QUESTIONS["text"]]
        asked["scan"] = ["scan", "-j2", "--report=markdown:out/page", "--report=json:out/report", "many", "app"]
        asked["scan-sqlite"] = ["scan", "-j2", "--format=sqlite", "-o", "out/scan.sqlite", "many"]
        asked["xz"] = ["check", "--no-policy", "-o", "out/report", "root.tar.xz"]
        if (self.world.directory / "root.tar.zst").exists():
            asked["zstd"] = ["check", "--no-policy", "-o", "out/report", "root.tar.zst"]
        return asked

    def left(self) -> list[str]:
        """What is in tmp/ when those who remove it have had their time."""
        until = time.monotonic() + PATIENCE
        while (left := os.listdir(self.world.tmp)) and time.monotonic() < until:
            time.sleep(0.01)
        return left

    def alive(self) -> list[str]:
        """The processes that run files of the world, when those that are about to end have ended."""
        until = time.monotonic() + PATIENCE
        while (found := list(self.running())) and time.monotonic() < until:
            time.sleep(0.01)
        return found

    def running(self) -> Iterator[str]:
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError, IndexError):
                if entry.name.isdigit() and int(entry.name) != self.world.process.pid and \
                        os.readlink(entry / "exe").startswith(f"{self.world.directory}/"):
                    yield f"{entry.name} {(entry / 'stat').read_text().rpartition(')')[2].split()[0]}"

    def measure(self, arguments: list[str]) -> tuple[Seen, float]:
        """The answer, and how many seconds it takes."""
        began = time.monotonic()
        wanted = Tool(self.world, arguments).seen()
        self.assertIn(wanted.status, (0, 1), wanted)
        return wanted, time.monotonic() - began

    def moments(self, seconds: float) -> list[float]:
        return [self.random.random() * seconds * 1.05 for _ in range(MOMENTS)]


class EndedTest(SignalsTest):
    """No file is there by half."""

    def test_files(self) -> None:
        for name, arguments in self.questions().items():
            wanted, seconds = self.measure(arguments)
            # Without many moments, of all signals each has one question at least.
            for number in ENDING if MOMENTS > 1 else self.random.sample(ENDING, 4):
                for moment in self.moments(seconds):
                    before = {file: OLD for file in wanted.files} if self.random.random() < 0.5 else {}
                    for file, content in before.items():
                        (self.world.out / file).write_bytes(content)
                    tool = Tool(self.world, arguments)
                    time.sleep(moment)
                    tool.send(number)
                    seen = tool.seen(wanted.files.keys())
                    # What takes the place of another file has a name of its own for a moment, when it is complete.
                    for file in seen.files.keys() - wanted.files.keys() if before and number == signal.SIGKILL else ():
                        if re.fullmatch(r"(.*)\.\w{6}", file) and same(seen.files[file], wanted.files[file[:-7]]):
                            del seen.files[file]
                    wrong = differences(wanted, seen, str(int(number)), before, self.left(), "ended")
                    self.assertEqual(wrong, [], f"{name}, {number.name} after {moment:.4f} s")

    def test_a_reader_that_waits(self) -> None:
        """For more of a log."""
        text = (self.world.directory / "opener.log").read_bytes()
        for number in ENDING:
            for moment in (0.1, *self.moments(0.2)):
                tool = Tool(self.world, ["log", "--format=json", "-o", "out/report", "-"], stdin=subprocess.PIPE)
                with contextlib.suppress(BrokenPipeError):
                    tool.process.stdin.write(text[:len(text) // 2])
                    tool.process.stdin.flush()
                time.sleep(moment)
                tool.send(number)
                self.assertEqual(tool.seen(), (128 + number, b"", "", {}), number)

    def test_a_journal_goes_on(self) -> None:
        """Whatever ends a scan, however often: the next one has the same answer, and does not begin anew."""
        arguments = ["scan", "-j2", "--format=ndjson", "many", "app", "opener"]
        wanted, seconds = self.measure(arguments)
        journal = self.world.out / "journal"
        for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGINT):
            size = 0
            for moment in [*self.moments(seconds), seconds / 2, seconds / 3]:
                tool = Tool(self.world, [*arguments, "--journal=out/journal"])
                time.sleep(moment)
                tool.send(number)
                out, err = tool.process.communicate(timeout=60)
                self.assertIn(tool.process.returncode, (0, -number), err)
                self.assertTrue(wanted.out.startswith(out))
                self.assertEqual(os.listdir(self.world.out), ["journal"] if journal.exists() else [])
                # A line that was not whole may be cut off.
                lines = journal.read_bytes().count(b"\n") if journal.exists() else 0
                self.assertGreaterEqual(lines, size)
                size = lines
            for _ in range(2):
                seen = Tool(self.world, [*arguments, "--journal=out/journal"])
                self.assertEqual(seen.process.communicate(timeout=60)[0], wanted.out)
                self.assertEqual(seen.process.returncode, wanted.status)
            journal.unlink()


class RecordedTest(SignalsTest):
    """A command that is run for its calls does not stay behind, running or stopped."""

    def ended(self, number: int, moment: float, *words: str) -> tuple[int, str, bytes | None]:
        tool = Tool(self.world, ["record", "-o", "out/busy.plan", *words])
        time.sleep(moment)
        tool.send(number)
        seen = tool.seen()
        self.assertEqual(self.alive(), [], f"signal {number} after {moment:.4f} s")
        # The plan of a child has its number behind the name.
        self.assertTrue(all(name.startswith("busy.plan") for name in seen.files), seen.files)
        self.assertTrue(all(json.loads(text) for text in seen.files.values()))
        return seen.status, seen.err, seen.files.get("busy.plan")

    def seconds_of_record(self) -> float:
        began = time.monotonic()
        status, err, _ = self.ended(signal.SIGWINCH, 0, "--", "./busy")
        if "ptrace" in err:
            self.skipTest("programs cannot be traced")
        self.assertEqual(status, 3, err)
        return time.monotonic() - began

    def test_record(self) -> None:
        seconds = self.seconds_of_record()
        for words in (["--", "./busy"], ["--children", "--", "./busy", "twice"]):
            for number in (*ENDING, signal.SIGINT):
                for moment in [*self.moments(seconds), seconds / 2]:
                    status, err, plan = self.ended(number, moment, *words)
                    # The first two are for the command. It did not begin, or is over, where they end the tool.
                    is_for_command = number in (signal.SIGTERM, signal.SIGHUP)
                    self.assertIn(status, (3, 128 + number), err)
                    if plan is None:
                        self.assertEqual(status, 128 + number, err)
                        self.assertEqual(err, "")
                    else:
                        steps = json.loads(plan)["steps"]
                        self.assertLessEqual(len(steps), 80)
                    if is_for_command and moment == seconds / 2:
                        self.assertIsNotNone(plan, err)

    def test_killed_while_it_is_stopped(self) -> None:
        seconds = self.seconds_of_record()
        for moment in [*self.moments(seconds), seconds / 3]:
            tool = Tool(self.world, ["record", "-o", "out/busy.plan", "--", "./busy"])
            time.sleep(moment)
            tool.send(signal.SIGSTOP)
            time.sleep(0.02)
            tool.send(signal.SIGKILL)
            self.assertIn(tool.seen().status, (3, 128 + signal.SIGKILL))
            self.assertEqual(self.alive(), [])

    def test_verify(self) -> None:
        arguments = ["verify", "--run", "-o", "out/report", "./busy", *(["--dlopen", "./real.so", "--dlclose", "1"])]
        wanted, seconds = self.measure(arguments)
        for number in ENDING:
            for moment in self.moments(seconds):
                tool = Tool(self.world, arguments)
                time.sleep(moment)
                tool.send(number)
                seen = tool.seen()
                self.assertEqual(self.alive(), [], number)
                self.assertEqual(differences(wanted, seen, str(int(number)), {}, self.left(), "ended"), [], (number, moment))

    @unittest.skipUnless(INJECT, "where inject was built")
    def test_killed_before_it_traces(self) -> None:
        """The command never runs when nobody is there any more to see what it does."""
        seconds = self.seconds_of_record()
        self.assertGreater(seconds, 0)
        done = subprocess.run([INJECT, "any:SIGKILL:0-0", "calls", BINDSIM, "record", "-o", "out/busy.plan", "--", "./busy"],
                              cwd=self.world.directory, env=environment(), capture_output=True, check=False)
        if done.returncode in (98, 99):
            self.skipTest(done.stderr.decode())
        written(self.world.out)
        # Those around fork(2) are soon after the start.
        for first in self.random.sample(range(1, 90), 6 * MOMENTS if MOMENTS < 10 else 89):
            subprocess.run([INJECT, f"any:SIGKILL:{first}-{first}", "/dev/null", BINDSIM, "record", "-o", "out/busy.plan", "--",
                            "./busy"], cwd=self.world.directory, env=environment(), capture_output=True, check=False)
            self.assertEqual(self.alive(), [], first)
            self.assertLessEqual(set(written(self.world.out)), {"busy.plan"}, first)


class DisturbedTest(SignalsTest):
    """Signals that mean nothing to the tool, as many as can be sent, change nothing."""

    @contextlib.contextmanager
    def storm(self, tool: Tool, *numbers: int) -> Iterator[None]:
        over = threading.Event()

        def send() -> None:
            while not over.is_set() and tool.process.poll() is None:
                for number in numbers:
                    tool.send(number)

        thread = threading.Thread(target=send)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            tool.send(signal.SIGCONT)

    def test_storms(self) -> None:
        log = (self.world.directory / "opener.log").read_bytes()
        for name in ("many", "verify-run", "check-wheel", "scan-journal", "record", "pid", "log"):
            arguments = ["log", "--format=json", "-"] if name == "log" else self.world.words(name)
            text = log if name == "log" else b""
            for numbers in ((), (signal.SIGSTOP, signal.SIGCONT), (signal.SIGWINCH,), (signal.SIGCHLD, signal.SIGURG, signal.SIGCONT)):
                tool = Tool(self.world, arguments, stdin=subprocess.PIPE)
                with self.storm(tool, *numbers) if numbers else contextlib.nullcontext():
                    for start in range(0, len(text), 4096):
                        tool.process.stdin.write(text[start:start + 4096])
                        tool.process.stdin.flush()
                        time.sleep(0.001)
                    seen = tool.seen()
                if not numbers:
                    wanted = seen
                    self.assertIn(seen.status, (0, 1), seen)
                journal = seen.files.pop("journal", b"")
                self.assertEqual(bool(journal), name == "scan-journal")
                self.assertEqual((seen.status, seen.err), (wanted.status, wanted.err), (name, numbers))
                self.assertTrue(same(seen.out, wanted.out), (name, numbers))
                self.assertEqual(seen.files.keys(), wanted.files.keys() - {"journal"}, (name, numbers))
                for file, content in seen.files.items():
                    self.assertTrue(same(content, wanted.files[file]), (name, numbers, file))
                self.assertEqual(self.left(), [], (name, numbers))


@unittest.skipUnless(INJECT, "where inject was built")
class ClosedTest(SignalsTest):
    """What close(2) has to say."""

    def test_journal(self) -> None:
        arguments = self.world.words("scan-journal")
        report = self.world.directory / "closes"
        outcomes = set()

        def run(numbers: str) -> None:
            done = subprocess.run([INJECT, f"close:EIO:{numbers}", str(report), BINDSIM, *arguments], capture_output=True,
                                  cwd=self.world.directory, env=self.world.environment(), check=False)
            if done.returncode in (98, 99):
                self.skipTest(done.stderr.decode())
            outcomes.add((done.returncode, done.stderr))
            written(self.world.out)

        run("0-0")
        # The last ones are what is closed at the end; how many come before is the C library's and the threads' matter.
        for number in range(int(report.read_text()) + 8, 0, -1):
            run(f"{number}-{number}")
        self.assertIn((2, b"bindsim: out/journal: Input/output error\n"), outcomes)


class LimitedTest(SignalsTest):
    """setrlimit(2), where the tool is ended, or may have less than it would take."""

    def limited(self, arguments: list[str], limits: dict[str, tuple[int, int]], **options) -> Tool:
        def limit() -> None:
            for name, values in limits.items():
                resource.setrlimit(getattr(resource, "RLIMIT_" + name), values)
        return Tool(self.world, arguments, preexec_fn=limit, **options)

    def test_processor_time(self) -> None:
        """A log without end takes all of it."""
        text = (self.world.directory / "opener.log").read_bytes() * 64
        for limits, number in (((1, 20), signal.SIGXCPU), ((1, 1), signal.SIGKILL))[:MOMENTS]:
            tool = self.limited(["log", "--format=json", "-o", "out/report", "-"], {"CPU": limits}, stdin=subprocess.PIPE)
            with contextlib.suppress(BrokenPipeError):
                while True:
                    tool.process.stdin.write(text)
            with contextlib.suppress(BrokenPipeError):
                tool.process.stdin.close()
            tool.process.stdin = None
            # The kernel has SIGXCPU first where both limits are one.
            seen = tool.seen()
            self.assertIn(seen.status, {128 + number, 128 + signal.SIGXCPU}, seen.err)
            self.assertEqual((seen.out, seen.err, seen.files), (b"", "", {}))

    def test_size_of_files(self) -> None:
        """Where the signal is ignored, it is an error of the file that would be too large, as of a full disk."""
        for name in ("many", "sqlite", "check-baseline", "scan-journal"):
            arguments = self.world.words(name)
            wanted, _ = self.measure(arguments)
            for size in (0, 100, 1000, 5000):
                for before in ({}, {file: OLD for file in wanted.files if file != "journal"}):
                    for file, content in before.items():
                        (self.world.out / file).write_bytes(content)
                    with unlike_python(signal.SIGXFSZ):
                        seen = self.limited(arguments, {"FSIZE": (size, size)}, restore_signals=False).seen()
                    if seen.status == 2:
                        self.assertRegex(seen.err, r"\A(bindsim: .*\n)*bindsim: .*(File too large|disk I/O error|database or disk is full)\n\Z")
                        self.assertEqual(files_that_are_wrong(wanted, seen, before), [], (name, size))
                    else:
                        self.assertEqual((seen.status, seen.files.keys()), (wanted.status, wanted.files.keys()), (name, size, seen.err))

    @unittest.skipIf(os.geteuid(), "root has another user's processes counted")
    def test_number_of_processes(self) -> None:
        """Without threads the answer is the same; without processes it is said what there is none of."""
        here = self.world.directory
        shutil.copy(BINDSIM, here / "bindsim")
        for path in (here, self.world.tmp, self.world.out):
            path.chmod(0o777)
        somebody = 1 << 20 | os.getpid()
        for name in ("scan", "scan-json", "text-all", "check-directory", "check-wheel", "verify-run", "record"):
            arguments = self.world.words(name)
            wanted, _ = self.measure(arguments)
            outcomes = set()
            for n in (1, 2, 3, 16):
                seen = self.limited(arguments, {"NPROC": (n, n)}, executable=here / "bindsim", user=somebody, group=somebody,
                                    extra_groups=[]).seen()
                outcomes.add(seen.status)
                if seen.status == 2:
                    self.assertRegex(seen.err, r"\Abindsim: .*Resource temporarily unavailable\n\Z", (name, n))
                    self.assertEqual((seen.out, seen.files), (b"", {}), (name, n))
                else:
                    self.assertEqual((seen.status, seen.err, seen.files.keys()), (wanted.status, wanted.err, wanted.files.keys()), (name, n))
                    self.assertTrue(same(seen.out, wanted.out), (name, n))
                self.assertEqual(self.left(), [], (name, n))
            self.assertIn(wanted.status, outcomes, name)
            self.assertEqual(2 in outcomes, name in ("check-wheel", "verify-run", "record"), name)

    def test_stack(self) -> None:
        """It is the size of the stacks of threads, too."""
        sanitized = b"__asan_init" in Path(BINDSIM).read_bytes()
        for name in ("json-all", "scan", "order-pairs", "check-wheel"):
            arguments = self.world.words(name)
            wanted, _ = self.measure(arguments)
            for size in (1 << 20,) if sanitized else (128 << 10, 1 << 20, 1 << 40, resource.RLIM_INFINITY):
                self.assertEqual(self.limited(arguments, {"STACK": (size, resource.RLIM_INFINITY)}).seen(), wanted, (name, size))


@contextlib.contextmanager
def unlike_python(number: int) -> Iterator[None]:
    """What is started meanwhile has the signal NUMBER ignored."""
    before = signal.signal(number, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(number, before)


if __name__ == "__main__":
    unittest.main()
