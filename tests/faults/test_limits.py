#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Where the system gives less than usual: standard files that are closed, readers that leave, disks that are full, files that
nobody may read, and limits of a process."""

import contextlib
import json
import os
import resource
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from faults import BINDSIM, CommandLineTest, environment, writes_databases


class LimitsTest(CommandLineTest):
    """A program with a library, which the tool is asked about."""

    def setUp(self):
        super().setUp()
        self.object("libhook.so", "int hook(void) { return 1; }")
        self.program("app", "int hook(void); void _start(void) { hook(); }", "./libhook.so", "-Wl,-rpath,$ORIGIN")
        self.before = sorted(os.listdir(self.directory))

    def left(self):
        return [name for name in sorted(os.listdir(self.directory)) if name not in self.before]

    def shell(self, script, **options):
        """What `sh -c SCRIPT' gives, in which "$B" is the tool."""
        done = subprocess.run(["sh", "-c", script], cwd=self.directory, env=environment(B=BINDSIM), capture_output=True,
                              check=False, timeout=60, **options)
        return done.returncode, done.stdout.decode(), done.stderr.decode()


class StackTest(LimitsTest):
    """A small stack, which libraries that are opened when they are needed know nothing of."""

    def test_64_kilobytes(self):
        """libdw and SQLite need more."""
        codec = "".join(f"int codec_{part}(void) {{{{ return {{0}}; }}}}" for part in ("open", "read", "close"))
        codec += "int use{0}(void) {{ return codec_open() + codec_read() + codec_close(); }}"
        for number in range(2):
            self.object(f"lib{number}.so", codec.format(number), "-g")
        self.program("clash", "int use0(void); int use1(void); void _start(void) { use0(); use1(); }", "./lib0.so", "./lib1.so")
        for what, status in (("./app", 0), ("--proof=all ./clash", 0), ("check ./clash", 1), ("advise ./clash", 0),
                             ("explain --symbol=hook ./app", 0), ("order --dlopen=./lib0.so --dlopen=./lib1.so ./app", 0),
                             ("--format=sqlite -o /dev/null ./clash", 0), ("--format=html ./clash", 0), ("diff ./app ./clash", 1),
                             ("scan --format=json -j2 .", 1), ("scan --format=sqlite -o /dev/null .", 1), ("loaders", 0)):
            usual = self.shell(f'"$B" {what}')
            self.assertEqual(usual[0], status, (what, usual))
            self.assertEqual(self.shell(f'ulimit -s 64; "$B" {what} >small')[::2], usual[::2], what)
        self.assertEqual(self.shell('ulimit -s 64; "$B" record -o plan -- sh -c "ulimit -s"')[:2], (0, "64\n"))


class StandardFilesTest(LimitsTest):
    """A descriptor that is closed is nobody else's."""

    def test_no_standard_output(self):
        for what in ("./app", "--format=json ./app", "scan app", "loaders", "--help"):
            self.assertEqual(self.shell(f'"$B" {what} >&-'), (2, "", "bindsim: standard output: Bad file descriptor\n"), what)

    def test_reports_are_nobodys_standard_output(self):
        """Each is what it is otherwise."""
        self.assertEqual(self.shell('"$B" --report=json:whole ./app >/dev/null'), (0, "", ""))
        for closed in (">&-", "<&-", "<&- >&-", "2>&-", "<&- >&- 2>&-"):
            self.shell(f'"$B" -q --report=json:report ./app {closed}')
            self.shell(f'"$B" -q --report=json:other --report=text:third ./app {closed}')
            for name in ("report", "other"):
                if (self.directory / name).exists():
                    self.assertEqual((self.directory / name).read_bytes(), (self.directory / "whole").read_bytes(), closed)
            self.assertEqual([name for name in self.left() if name.partition(".")[2]], [], closed)

    def test_o_without_standard_output(self):
        for closed in (">&-", "<&- >&-", "<&- >&- 2>&-"):
            self.assertEqual(self.shell(f'"$B" -o report ./app {closed}'), (0, "", ""), closed)
            self.assertIn("start-up", (self.directory / "report").read_text())

    def test_messages_go_nowhere_else(self):
        """Not into a file that is open where standard error was."""
        status, out, _ = self.shell('"$B" -o report ./app --dlopen ./absent.so 2>&-')
        self.assertEqual((status, out), (1, ""))
        self.assertNotIn("bindsim: ", (self.directory / "report").read_text())

    def test_no_standard_input(self):
        self.assertEqual(self.shell('"$B" log - <&-'), (2, "", "bindsim: standard input: Bad file descriptor\n"))

    def test_the_program_that_is_run_has_what_it_expects(self):
        status, out, err = self.shell('"$B" verify --run /bin/true <&- >&- 2>&-')
        self.assertIn(status, (0, 2), (out, err))


class ReaderTest(LimitsTest):
    """A reader that leaves ends the tool without a word, as it ends others, and leaves no file by half."""

    def test_head(self):
        for what in ("./app", "--format=json ./app", "--format=ndjson ./app", "scan app", "--help"):
            status, out, err = self.shell(f'{{ "$B" {what}; echo $? >status; }} | head -c 1')
            self.assertEqual((status, len(out), err), (0, 1, ""), what)
            self.assertIn((self.directory / "status").read_text(), ("0\n", "141\n"))

    def run_unread(self, *arguments, ignored):
        reading, writing = os.pipe()
        os.close(reading)
        with os.fdopen(writing, "wb") as pipe:
            return subprocess.run([BINDSIM, *arguments], cwd=self.directory, env=environment(), stdout=pipe, check=False,
                                  stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=60, restore_signals=not ignored)

    def test_reports_beside_it(self):
        for form in ("text", "json", "ndjson"):
            arguments = [f"--format={form}", "--report=json:report", "--report=html:page", "./app"]
            done = self.run_unread(*arguments, ignored=False)
            self.assertEqual((done.returncode, done.stderr, self.left()), (-signal.SIGPIPE, b"", []), form)
            done = self.run_unread(*arguments, ignored=True)
            self.assertEqual((done.returncode, done.stderr), (2, b"bindsim: standard output: Broken pipe\n"), form)
            self.assertEqual([name for name in self.left() if name not in ("report", "page")], [], form)
            for name in self.left():
                (self.directory / name).unlink()


class DiskTest(LimitsTest):
    """A file system without room."""

    def test_tmpfs(self):
        place = self.directory / "small"
        place.mkdir()
        if os.geteuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "none", place], check=False,
                                          stderr=subprocess.DEVNULL).returncode:
            self.skipTest("a tmpfs cannot be mounted")
        try:
            (place / "report").write_text("old\n")
            (place / "filler").write_bytes(b"x" * 8192)
            for form in ("html", "sqlite") if writes_databases() else ("html",):
                answer = self.bindsim(f"--format={form}", "-o", "small/report", "./app")
                self.assert_trouble(answer, "small/report")
                self.assertRegex(answer.err, "No space left|full|disk I/O error")
                self.assertEqual((place / "report").read_text(), "old\n")
            answer = self.bindsim("--report=html:small/page", "--report=json:report", "./app")
            self.assertEqual((answer.status, answer.err.count("\n")), (2, 1), answer)
            self.assertEqual(sorted(os.listdir(place)), ["filler", "report"])
            json.loads((self.directory / "report").read_text())
        finally:
            subprocess.run(["umount", place], check=True)


class UnreadableTest(LimitsTest):
    """As somebody who may not read every file."""

    def ask(self, *arguments):
        return self.bindsim(*arguments, **self.unprivileged())

    def test_what_is_asked_about(self):
        for name, words in (("app", ["./app"]), ("plan", ["--plan=plan"]), ("log", ["log", "log"]),
                            ("policy", ["check", "--policy=policy", "./libhook.so"]), ("left", ["diff", "left", "./libhook.so"]),
                            ("list", ["check", "--no-policy", "--baseline=list", "./libhook.so"]),
                            ("part", ["scan", "--merge", "part"]), ("core", ["--core=core"])):
            if name != "app":
                self.file(name, "{}\n")
            (self.directory / name).chmod(0)
            self.assert_trouble(self.ask(*words), name, "Permission denied")

    def test_a_library_is_a_part_of_the_answer(self):
        (self.directory / "libhook.so").chmod(0)
        self.assert_refused(self.ask("./app"), "libhook.so: cannot open shared object file: Permission denied")

    def test_directories(self):
        (self.directory / "closed").mkdir(mode=0)
        for words in (["check", "--no-policy", "closed"], ["scan", "closed"], ["order", "--pairs=closed", "./app"]):
            self.assert_trouble(self.ask(*words), "closed", "Permission denied")
        answer = self.ask("scan", "app", ".")
        self.assertEqual(answer.status, 0, answer)
        self.assertIn("what cannot be read is left out", answer.err)

    def test_names_that_lead_nowhere(self):
        (self.directory / "loop").symlink_to("loop")
        for name, reason in (("./loop", "Too many levels of symbolic links"), ("./" + "x" * 300, "File name too long"),
                             ("./" + "x/" * 3000, "File name too long"), ("./app/app", "Not a directory")):
            self.assert_trouble(self.bindsim(name), reason)
            answer = self.bindsim("./app", "--dlopen", name)
            self.assert_refused(answer, reason)


class ProcessLimitsTest(LimitsTest):
    """setrlimit(2)."""

    def limited(self, *arguments, **limits):
        def limit():
            for name, value in limits.items():
                resource.setrlimit(getattr(resource, "RLIMIT_" + name), (value, value))
        return subprocess.run([BINDSIM, *arguments], cwd=self.directory, env=environment(), capture_output=True, check=False,
                              stdin=subprocess.DEVNULL, timeout=60, preexec_fn=limit)

    def test_open_files(self):
        """The answer, or what there was too little of; nothing between."""
        names = [f"./lib{i}.so" for i in range(40)]
        for name in names:
            self.object(name)
        self.program("many", "void _start(void) {}", "-Wl,--no-as-needed", *names, "-Wl,-rpath,$ORIGIN")
        for words in (["./many"], ["--root=/", str(self.directory / "many")], ["scan", "-j8", "."],
                      ["check", "--no-policy", "."], *([["--format=sqlite", "-o", "report", "./many"]] if writes_databases() else [])):
            whole = self.limited(*words)
            self.assertIn(whole.returncode, (0, 1), whole)
            outcomes = set()
            for n in (3, 4, 5, 6, 7, 8, 10, 12, 16, 23):
                done = self.limited(*words, NOFILE=n)
                if b"loading shared libraries" in done.stderr:
                    continue
                outcomes.add(done.returncode)
                if done.returncode == 2:
                    self.assertRegex(done.stderr.decode(), r"(?i)\Abindsim: .*(too many open files|unable to open)", words)
                    self.assertEqual(done.stderr.count(b"\n"), 1, done.stderr)
                else:
                    self.assertEqual((done.returncode, done.stdout), (whole.returncode, whole.stdout), (words, n))
                self.assertEqual([name for name in self.left() if name.startswith("report.")], [])
            self.assertIn(whole.returncode, outcomes, words)

    def test_file_size(self):
        """SIGXFSZ ends it, and what it wrote is gone with it."""
        done = self.limited("-o", "report", "./app", FSIZE=64)
        self.assertEqual((done.returncode, done.stderr, self.left()), (-signal.SIGXFSZ, b"", []))

    def test_stack(self):
        whole = self.limited("--format=json", "./app")
        self.assertEqual(whole.returncode, 0)
        for size in (1 << 20, 512 << 10):
            self.assertEqual(self.limited("--format=json", "./app", STACK=size).stdout, whole.stdout, size)

    def test_address_space(self):
        """An answer, or that there is no memory; a sanitizer takes more than there is."""
        whole = self.limited("./app")
        outcomes = set()
        for size in (*range(4 << 20, 24 << 20, 1 << 19), 256 << 20):
            done = self.limited("-o", "report", "./app", AS=size)
            if done.returncode in (0, 2) and b"bindsim" in done.stderr + b"bindsim"[:7 * (not done.returncode)]:
                outcomes.add(done.returncode)
                if done.returncode == 0:
                    self.assertEqual((self.directory / "report").read_bytes(), whole.stdout)
                    (self.directory / "report").unlink()
            self.assertEqual(self.left(), [], size)
        if not outcomes:
            self.skipTest("nothing starts with so little room")
        self.assertIn(0, outcomes)


class SignalTest(LimitsTest):
    """Signals while the tool works."""

    def start(self, *arguments):
        """One of its outputs is a pipe that is full: it has begun both of them, and waits."""
        fifo = self.directory / "fifo"
        os.mkfifo(fifo)
        self.before = sorted(os.listdir(self.directory))
        self.pipe = os.open(fifo, os.O_RDWR | os.O_NONBLOCK)
        self.filled = 0
        with contextlib.suppress(BlockingIOError):
            while True:
                self.filled += os.write(self.pipe, b"x" * 4096)
        process = subprocess.Popen([BINDSIM, "--report=json:report", "--report=text:fifo", *arguments], cwd=self.directory,
                                   env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        deadline = time.monotonic() + 20
        while not self.has_open(process, fifo) and time.monotonic() < deadline:
            time.sleep(0.01)
        return process

    @staticmethod
    def has_open(process, path):
        for link in Path(f"/proc/{process.pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                if os.readlink(link) == str(path):
                    return True
        return False

    def drain(self):
        """What the pipe has now."""
        text = b""
        with contextlib.suppress(BlockingIOError):
            while piece := os.read(self.pipe, 1 << 16):
                text += piece
        return text

    def test_each_that_ends_it(self):
        for number in (signal.SIGQUIT, signal.SIGXCPU, signal.SIGALRM, signal.SIGVTALRM, signal.SIGPROF):
            with self.start("./app") as process:
                process.send_signal(number)
                process.wait(timeout=20)
            os.close(self.pipe)
            self.assertEqual((process.returncode, self.left()), (-number, []))
            (self.directory / "fifo").unlink()

    def test_stopped_and_continued(self):
        with self.start("./app") as process:
            text = b""
            while process.poll() is None:
                for _ in range(20):
                    process.send_signal(signal.SIGSTOP)
                    process.send_signal(signal.SIGCONT)
                text += self.drain()
            text += self.drain()
        os.close(self.pipe)
        self.assertEqual((process.returncode, self.left()), (0, ["report"]))
        self.assertIn(b"start-up", text[self.filled:])


class RecordedTest(LimitsTest):
    """A program that hangs is ended by who waits for it."""

    @staticmethod
    def hangs(process):
        """Whether what it has started is the program, and sleeps: neither is traced to a stop."""
        with contextlib.suppress(OSError, IndexError):
            child = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0]
            return b"sleep" in Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")[0] and \
                "\nState:\tS" in Path(f"/proc/{child}/status").read_text()
        return False

    def test_record(self):
        process = subprocess.Popen([BINDSIM, "record", "-o", "sleep.plan", "--", "sleep", "60"], cwd=self.directory,
                                   env=environment(), stderr=subprocess.PIPE, start_new_session=True)
        deadline = time.monotonic() + 20
        while not self.hangs(process) and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.01)
        # As a terminal does at ^C: to all of them.
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=20)
        if b"ptrace" in err:
            self.skipTest("programs cannot be traced")
        self.assertIn(process.returncode, (128 + signal.SIGINT, -signal.SIGINT), err)
        self.assertEqual(self.left(), ["sleep.plan"])
        json.loads((self.directory / "sleep.plan").read_text())

    def test_verify(self):
        with tempfile.TemporaryDirectory() as tmp:
            process = subprocess.Popen([BINDSIM, "verify", "--run", "--argument=60", "/bin/sleep"], cwd=self.directory,
                                       env=environment(TMPDIR=tmp), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                       start_new_session=True)
            deadline = time.monotonic() + 20
            while not os.listdir(tmp) and time.monotonic() < deadline:
                time.sleep(0.01)
            os.killpg(process.pid, signal.SIGINT)
            process.communicate(timeout=20)
            self.assertIn(process.returncode, (-signal.SIGINT, 2))
            deadline = time.monotonic() + 20
            while os.listdir(tmp) and time.monotonic() < deadline:
                time.sleep(0.01)
            self.assertEqual(os.listdir(tmp), [])


if __name__ == "__main__":
    unittest.main()
