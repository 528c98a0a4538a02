#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Where the report goes: whole files or none, outputs that cannot be written, colours, silence."""

import contextlib
import json
import os
import pty
import re
import resource
import signal
import stat
import subprocess
import time
import unittest

from harness import BINDSIM, HOOK, USER, CommandLineTest, environment

ESCAPE = "\x1b["


class FileTest(CommandLineTest):
    """-o FILE."""

    def setUp(self):
        super().setUp()
        self.program()
        self.object("libhook.so", HOOK)
        self.object("libuse.so", USER)
        self.ask = ["./app", "--dlopen=./libhook.so"]
        self.report = self.bindsim(*self.ask).out

    def names(self):
        return sorted(entry.name for entry in os.scandir(self.directory / "out"))

    def to_file(self, *arguments, name="out/report", **options):
        (self.directory / "out").mkdir(exist_ok=True)
        return self.bindsim("-o", name, *arguments, **options)

    def read(self, name="out/report"):
        return (self.directory / name).read_text()

    def test_the_same_bytes(self):
        answer = self.to_file(*self.ask)
        self.assertEqual(answer, (0, "", ""))
        self.assertEqual(self.read(), self.report)
        self.assertEqual(self.names(), ["report"])
        self.assertEqual(self.bindsim("--output=out/other", *self.ask), (0, "", ""))
        self.assertEqual(self.read("out/other"), self.report)

    def test_an_old_file_is_replaced(self):
        self.file("out/report", "old\n" * 10000)
        self.to_file(*self.ask)
        self.assertEqual(self.read(), self.report)

    def test_permissions_are_those_of_a_new_file(self):
        self.to_file(*self.ask, umask=0o027)
        self.assertEqual(stat.S_IMODE((self.directory / "out/report").stat().st_mode), 0o640)

    def test_complete_when_the_program_is_refused(self):
        ask = ["./app", "--dlopen=./libuse.so", "--dlopen=./libhook.so"]
        answer = self.to_file(*ask)
        self.assert_refused(answer, "undefined symbol: hook")
        self.assertEqual(answer.out, "")
        self.assertEqual(self.read(), self.bindsim(*ask).out)
        self.assertRegex(self.read(), r"(?m)^  2  dlopen ./libhook.so +ok ")
        self.assertEqual(self.names(), ["report"])

    def test_not_there_when_there_is_no_answer(self):
        self.assert_trouble(self.to_file("./absent"))
        self.assertEqual(self.names(), [])
        self.assert_trouble(self.to_file("./app", "--unknown"))
        self.assertEqual(self.names(), [])
        self.file("out/report", "old\n")
        self.assert_trouble(self.to_file("./absent"))
        self.assert_trouble(self.to_file("--cpu=nonesuch", "./app"))
        self.assertEqual(self.read(), "old\n")
        self.assertEqual(self.names(), ["report"])

    def test_the_file_behind_a_link(self):
        self.file("elsewhere/report", "old\n")
        (self.directory / "out").mkdir()
        (self.directory / "out/report").symlink_to("../elsewhere/report")
        self.to_file(*self.ask)
        self.assertTrue((self.directory / "out/report").is_symlink())
        self.assertEqual(self.read("elsewhere/report"), self.report)
        self.assertEqual(os.listdir(self.directory / "elsewhere"), ["report"])

    def test_standard_output_by_name(self):
        # Not /dev/stdout itself: a fault would take it away from the whole system.
        (self.directory / "stdout").symlink_to("/proc/self/fd/1")
        self.assertEqual(self.bindsim("-o", "stdout", *self.ask).out, self.report)
        self.assertTrue((self.directory / "stdout").is_symlink())
        with open(self.directory / "file", "w", encoding="ascii") as file:
            self.bindsim("-o", "stdout", *self.ask, stdout=file)
        self.assertEqual(self.read("file"), self.report)

    def test_a_dash_is_standard_output(self):
        for words in (["-o", "-"], ["--output=-"], ["-o", "out/report", "-o", "-"], ["-q", "--report=text:-"]):
            self.assertEqual(self.bindsim(*words, *self.ask), (0, self.report, ""), words)
        self.assertEqual(self.bindsim("-o", "./-", *self.ask), (0, "", ""))
        self.assertEqual(self.read("-"), self.report)
        (self.directory / "-").unlink()
        answer = self.to_file("--report=json:-", *self.ask)
        self.assertEqual((answer.status, json.loads(answer.out)["reason"]), (0, None))
        self.assertEqual(self.read(), self.report)
        answer = self.bindsim("diff", "-q", "--report=json:-", "./app", "./app")
        self.assertEqual((answer.status, answer.err), (0, ""))
        json.loads(answer.out)
        self.assertFalse((self.directory / "-").exists())

    def test_one_report_for_standard_output(self):
        for words in (["--report=json:-"], ["-q", "--report=json:-", "--report=text:-"], ["-o", "-", "--report=sarif:-"]):
            answer = self.bindsim(*words, *self.ask)
            self.assert_trouble(answer, "standard output has room for one report")
            self.assertEqual(answer.out, "")

    def test_places_where_nothing_can_be_written(self):
        self.assert_trouble(self.bindsim("-o", "absent/report", *self.ask), "absent/report", "No such file")
        self.assert_trouble(self.bindsim("-o", ".", *self.ask), "Is a directory")
        self.assert_trouble(self.bindsim("-o", "", *self.ask))
        (self.directory / "out").mkdir()
        (self.directory / "out").chmod(0o555)
        self.assert_trouble(self.to_file(*self.ask, **self.unprivileged()), "out/report", "Permission denied")


class DeviceTest(CommandLineTest):
    """Outputs that end too early."""

    def setUp(self):
        super().setUp()
        self.program()

    @unittest.skipUnless(os.path.exists("/dev/full"), "there is no /dev/full")
    def test_full_device(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            for arguments in (["./app"], ["--help"], ["--version"], ["./app", "--format=ld-debug"]):
                self.assert_trouble(self.bindsim(*arguments, stdout=full), "standard output", "No space left")
        # Not as root: a fault would replace the device.
        answer = self.bindsim("-o", "/dev/full", "./app", **self.unprivileged())
        self.assert_trouble(answer, "/dev/full", "No space left")
        # Trouble outweighs a refusal.
        with open("/dev/full", "w", encoding="ascii") as full:
            answer = self.bindsim("./app", "--dlopen=./absent.so", stdout=full)
        self.assertEqual(answer.status, 2)
        self.assertIn("No space left", answer.err)

    def test_file_size_limit(self):
        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))
        self.file("report", "old\n")
        self.assert_trouble(self.bindsim("-o", "report", "./app", preexec_fn=limit), "report", "File too large")
        self.assertEqual((self.directory / "report").read_text(), "old\n")
        self.assertEqual(sorted(os.listdir(self.directory)), ["app", "report"])

    def test_closed_standard_output(self):
        self.assert_trouble(self.bindsim("./app", preexec_fn=lambda: os.close(1)), "standard output", "Bad file")

    def reader_that_left(self, **options):
        """Runs the tool into a pipe that nobody reads."""
        reading, writing = os.pipe()
        os.close(reading)
        with os.fdopen(writing, "wb") as pipe:
            done = subprocess.run([BINDSIM, "./app"], cwd=self.directory, env=environment(), stdout=pipe, check=False,
                                  stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=60, **options)
        return done.returncode, done.stderr.decode()

    def test_closed_pipe(self):
        self.assertEqual(self.reader_that_left(), (-signal.SIGPIPE, ""))
        status, message = self.reader_that_left(restore_signals=False)
        self.assertEqual((status, message), (2, "bindsim: standard output: Broken pipe\n"))


class EndTest(CommandLineTest):
    """Whatever ends the tool early, no file that is not complete is left."""

    def setUp(self):
        super().setUp()
        self.program()
        os.mkfifo(self.directory / "fifo")
        self.before = sorted(os.listdir(self.directory))

    def left(self):
        return [name for name in sorted(os.listdir(self.directory)) if name not in self.before]

    def start(self, *arguments, **options):
        """The tool as it waits for who reads the fifo, with a file that is begun."""
        command = [BINDSIM, "./app", "--report=html:report", "--report=json:other", "--report=text:fifo", *arguments]
        process = subprocess.Popen(command, cwd=self.directory, env=environment(), stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, **options)
        deadline = time.monotonic() + 20
        while self.begun(process) < 2 and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.01)
        self.assertEqual(self.begun(process), 2)
        return process

    def begun(self, process):
        """How many files there are, with and without a name."""
        opened = 0
        with contextlib.suppress(OSError):
            for name in os.listdir(f"/proc/{process.pid}/fd"):
                with contextlib.suppress(OSError):
                    opened += os.readlink(f"/proc/{process.pid}/fd/{name}").startswith(f"{self.directory}/#")
        return opened + len(self.left())

    def test_killed(self):
        """Nothing is heard of that signal; where files can be without a name, nothing is left."""
        try:
            os.close(os.open(self.directory, os.O_TMPFILE | os.O_WRONLY))
        except OSError as error:
            self.skipTest(f"no file without a name: {error}")
        with self.start() as process:
            process.kill()
            process.wait(timeout=20)
        self.assertEqual((process.returncode, self.left()), (-signal.SIGKILL, []))

    def test_signals(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.start() as process:
                process.send_signal(number)
                process.wait(timeout=20)
            self.assertEqual((process.returncode, self.left()), (-number, []))

    def test_ignored_signals(self):
        with self.start(preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)) as process:
            process.send_signal(signal.SIGHUP)
            self.assertIn("start-up", (self.directory / "fifo").read_text())
            process.wait(timeout=20)
        self.assertEqual((process.returncode, self.left()), (0, ["other", "report"]))

    def test_no_memory(self):
        """There is none from where the tool waits on: for the reports behind that one."""
        plenty = (1 << 32, 1 << 32)
        answer = subprocess.run([BINDSIM, "./app"], cwd=self.directory, env=environment(), check=False, timeout=60,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, plenty))
        if answer.returncode:
            self.skipTest("a sanitizer takes more room than can be limited")
        with self.start(*["--report=json:/dev/null"] * 100) as process:
            resource.prlimit(process.pid, resource.RLIMIT_AS, (0, 0))
            (self.directory / "fifo").read_bytes()
            process.wait(timeout=20)
            self.assertEqual((process.returncode, process.stderr.read()), (2, b"bindsim: out of memory\n"))
        self.assertEqual(self.left(), [])


class ColorTest(CommandLineTest):
    """--color, and what decides without it."""

    def setUp(self):
        super().setUp()
        self.program()

    def on_terminal(self, *arguments, **variables):
        """What the tool prints when its standard output is a terminal."""
        master, slave = pty.openpty()
        try:
            self.bindsim("./app", *arguments, stdout=slave, env=environment(**variables))
            return os.read(master, 65536).decode()
        finally:
            os.close(master)
            os.close(slave)

    def test_asked_for(self):
        self.assertIn(ESCAPE, self.bindsim("./app", "--color=always").out)
        self.assertNotIn(ESCAPE, self.bindsim("./app", "--color=never").out)
        self.assertNotIn(ESCAPE, self.on_terminal("--color=never", TERM="xterm"))

    def test_terminal(self):
        self.assertIn(ESCAPE, self.on_terminal(TERM="xterm"))
        self.assertIn(ESCAPE, self.on_terminal("--color=auto", TERM="xterm", NO_COLOR=""))
        self.assertNotIn(ESCAPE, self.on_terminal(TERM="dumb"))
        self.assertNotIn(ESCAPE, self.on_terminal(TERM="xterm", NO_COLOR="1"))
        self.assertIn(ESCAPE, self.on_terminal("--color=always", TERM="xterm", NO_COLOR="1"))

    def test_only_the_terminal_has_them(self):
        self.assertIn(ESCAPE, self.on_terminal("--report=text:file", TERM="xterm"))
        self.assertNotIn(ESCAPE, (self.directory / "file").read_text())
        self.bindsim("./app", "-o", "file", "--color=always")
        self.assertIn(ESCAPE, (self.directory / "file").read_text())

    def test_colours_are_all_that_they_add(self):
        self.object("libuse.so", USER)
        ask = ["./app", "--dlopen=./libuse.so", "--dlopen=./libuse.so:LAZY", "--show=steps,unresolved,pairs,bindings"]
        colored = self.bindsim("--color=always", *ask).out
        self.assertGreater(colored.count(ESCAPE), 10)
        self.assertEqual(re.sub(r"\x1b\[[0-9;]*m", "", colored), self.bindsim(*ask).out)
        # Each colour ends in its line.
        for line in colored.splitlines():
            self.assertEqual(len(re.findall(r"\x1b\[0m", line)) * 2, line.count(ESCAPE), line)

    def test_no_terminal(self):
        self.assertNotIn(ESCAPE, self.bindsim("./app").out)
        self.assertNotIn(ESCAPE, self.bindsim("./app", "--color=auto").out)

    def test_formats_for_programs_have_none(self):
        for form in ("ld-debug", "ldd", "json", "ndjson", "sarif", "junit", "github", "gitlab", "markdown", "dot", "html"):
            self.assertNotIn(ESCAPE, self.bindsim("./app", f"--format={form}", "--color=always").out)

    def test_names_cannot_send_escapes(self):
        answer = self.bindsim("./app", "--dlopen=./\x1b[2Jx\n.so")
        self.assert_refused(answer, "")
        self.assertNotIn("\x1b", answer.out)
        self.assertIn(r"./\x1b[2Jx\x0a.so", answer.out)
        self.assertNotIn("\x1b", answer.err)


class QuietTest(CommandLineTest):
    """-q."""

    def test_status_only(self):
        self.program()
        self.assertEqual(self.bindsim("-q", "./app"), (0, "", ""))
        answer = self.bindsim("--quiet", "./app", "--dlopen=./absent.so")
        self.assert_refused(answer, "absent.so")
        self.assertEqual(answer.out, "")
        self.assert_trouble(self.bindsim("-q", "./absent"), "./absent")

    def test_a_file_is_written(self):
        """By every command: -q is about the terminal, and a file is asked for by its name."""
        self.program()
        self.file("run.log", "        11:\tbinding file a [0] to b [0]: normal symbol `f'\n"
                             "        11:\tfind library=libc.so.6 [0]; searching\n")
        self.bindsim("--format=json", "-o", "left.json", "./app")
        for words in (["./app"], ["--format=json", "./app"], ["--format=plan", "./app"], ["explain", "--symbol=puts", "./app"],
                      ["check", "--no-policy", "./app"], ["check", "--no-policy", "--gen-suppressions", "./app"],
                      ["order", "./app", "--dlopen=libm.so.6", "--dlopen=libdl.so.2"], ["advise", "./app"],
                      ["diff", "left.json", "left.json"], ["log", "run.log"], ["scan", "app"],
                      ["scan", "--no-policy", "--gen-suppressions", "app"], ["scan", "--format=ndjson", "app"]):
            with self.subTest(words=words):
                loud = self.bindsim(*words)
                self.assertEqual(self.bindsim("-q", *words), loud._replace(out=""))
                self.assertEqual(self.bindsim("-q", "-o", "report", *words), loud._replace(out=""))
                self.assertEqual((self.directory / "report").read_text(), loud.out)
                self.assertTrue(loud.out or "--gen-suppressions" in words)
                self.assertEqual(self.bindsim("-q", "-o", "-", *words), loud._replace(out=""))
                (self.directory / "report").unlink()

    def test_other_reports_are_written(self):
        self.program()
        expected = self.bindsim("--format=json", "./app").out
        self.assertEqual(self.bindsim("-q", "--report=json:file", "./app"), (0, "", ""))
        self.assertEqual((self.directory / "file").read_text(), expected)
        self.assertEqual(self.bindsim("-q", "--report=json:file", "-o", "report", "./app"), (0, "", ""))
        self.assertEqual(sorted(os.listdir(self.directory)), ["app", "file", "report"])


class SeveralReportsTest(CommandLineTest):
    """--report FORMAT:FILE: each is what the format prints alone."""

    FORMATS = ("text", "ld-debug", "ldd", "json", "ndjson", "sarif", "junit", "github", "gitlab", "markdown", "dot", "html")

    def setUp(self):
        super().setUp()
        self.program()
        self.object("libhook.so", HOOK)
        self.object("libuse.so", USER)
        self.ask = ["./app", "--dlopen=./libuse.so", "--dlopen=./libhook.so:GLOBAL", "--dlopen=./libuse.so:LAZY"]

    def read(self, name):
        return (self.directory / name).read_text()

    def test_the_same_bytes(self):
        reports = [f"--report={form}:{form}.out" for form in self.FORMATS]
        for main in self.FORMATS:
            alone = self.bindsim(f"--format={main}", *self.ask)
            together = self.bindsim(f"--format={main}", *reports, *self.ask)
            self.assertEqual(together, alone)
            for form in self.FORMATS:
                self.assertEqual(self.read(f"{form}.out"), self.bindsim(f"--format={form}", *self.ask).out, form)

    def test_a_start_up_that_fails(self):
        (self.directory / "build").mkdir()
        self.program("lost", "int hook(void); void _start(void) { hook(); }",
                     str(self.object("build/libgone.so", HOOK, "-Wl,-soname,libgone.so")))
        (self.directory / "build/libgone.so").unlink()
        for first, second in (("ldd", "text"), ("text", "ld-debug"), ("ld-debug", "json")):
            answer = self.bindsim(f"--format={first}", f"--report={second}:file", "./lost")
            self.assert_refused(answer, "libgone.so")
            self.assertIn("libgone.so", self.read("file"))

    def test_parts_of_each(self):
        self.bindsim("--show=mapped,pairs", "--report=text:text", "--report=ldd:ldd", "--format=ld-debug", *self.ask)
        self.assertEqual(self.read("text"), self.bindsim("--show=pairs", *self.ask).out)
        self.assertEqual(self.read("ldd"), self.bindsim("--format=ldd", *self.ask).out)

    def test_all_or_none(self):
        """Where there is no answer, there is no file; where one cannot be opened, neither."""
        self.assert_trouble(self.bindsim("--report=json:one", "--report=ndjson:two", "./absent"))
        self.assert_trouble(self.bindsim("--report=json:one", "--report=ndjson:absent/two", "./app"), "absent/two")
        self.assertEqual(sorted(os.listdir(self.directory)), ["app", "libhook.so", "libuse.so"])

    @unittest.skipUnless(os.path.exists("/dev/full"), "there is no /dev/full")
    def test_one_that_cannot_be_written(self):
        answer = self.bindsim("--report=json:/dev/full", "--report=ndjson:two", "./app")
        self.assertEqual(answer.status, 2)
        self.assertIn("/dev/full: No space left", answer.err)
        self.assertEqual(self.read("two"), self.bindsim("--format=ndjson", "./app").out)

    def test_a_file_name_with_colons(self):
        self.bindsim("--report=json:a:b", "./app")
        self.assertTrue((self.directory / "a:b").exists())

    def test_explain_beside_a_report(self):
        answer = self.bindsim("explain", "--symbol=hook", "--report=json:file", *self.ask)
        self.assertEqual(answer.status, 1)
        self.assertIn("nobody answers", answer.out)
        self.assertEqual(self.read("file"), self.bindsim("--format=json", "--symbol=hook", *self.ask).out)


class WidthTest(CommandLineTest):
    """Columns line up on a terminal, whatever the names are made of."""

    NAMES = ("plain.so", "\u5bbd\u5bbd.so", "\uac00.so", "e\u0301e\u0301.so", "\U0001f600.so", "\x01.so", "\udcff.so")
    WIDTHS = (8, 7, 5, 5, 5, 7, 7) # an escaped byte is \xNN

    def test_table(self):
        self.program()
        for name in self.NAMES:
            self.object("libx.so").rename(self.directory / name)
        out = self.bindsim("./app", *(f"--dlopen=./{name}:NOW" for name in self.NAMES)).out
        rows = [line for line in out.splitlines() if re.match(r"  [1-9]  dlopen ", line)]
        self.assertEqual(len(rows), len(self.NAMES))
        for row, width in zip(rows, self.WIDTHS):
            cell = re.match(r"  \d  dlopen \./(.*?\.so *)  NOW  ok {16}\+1         0$", row)
            self.assertIsNotNone(cell, row)
            name = cell[1].rstrip()
            self.assertEqual(width + len(cell[1]) - len(name), max(self.WIDTHS), row)


if __name__ == "__main__":
    # A test looks at what happens when SIGPIPE is ignored: then it must be here, too, whoever started this.
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    unittest.main()
