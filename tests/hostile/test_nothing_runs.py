#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Nothing is executed: every command but those that run a program on purpose is killed by the kernel if it tries to."""

import os
import re
import shutil
import signal
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "cli"))
from harness import BINDSIM, CC, INTERPRETER, ROOT, CommandLineTest, environment  # noqa: E402

# Whoever runs one of them leaves a file behind.
MARK = r"""
static long call(long number, long a, long b, long c)
{
	long ret;
	__asm__ volatile("syscall" : "=a"(ret) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
	return ret;
}
static void mark(void) { call(85, (long)"MARKER", 0644, 0); }
__attribute__((constructor)) static void constructor(void) { mark(); }
static void *choose(void) { mark(); return constructor; }
void chosen(void) __attribute__((ifunc("choose")));
"""
CANNOT = 77


class NothingRunsTest(CommandLineTest):
    """On this machine, and in a root."""

    def setUp(self):
        super().setUp()
        self.marker = self.directory / "executed"
        self.jail = self.directory / "jail"
        subprocess.run([*CC, "-D_GNU_SOURCE", "-o", self.jail, str(Path(__file__).with_name("jail.c"))], check=True)
        mark = MARK.replace("MARKER", str(self.marker))
        self.object("libhook.so", mark + "int hook(void) { chosen(); return 1; }", "-Wl,-soname,libhook.so")
        self.object("libplug.so", mark + "int hook(void); int plug(void) { return hook(); }", "-L.", "-lhook", "-Wl,-rpath,$ORIGIN")
        self.program("app", mark + "int hook(void); void _start(void) { mark(); hook(); call(60, 0, 0, 0); }", "-L.", "-lhook", "-Wl,-rpath,$ORIGIN")
        self.file("script", f"#!/bin/sh\ntouch {self.marker}\n", 0o755)
        for name in ("app", "libhook.so", "libplug.so"):
            (self.directory / "root/usr/bin").mkdir(parents=True, exist_ok=True)
            shutil.copy(self.directory / name, self.directory / "root/usr/bin" / name)
        self.object(f"root{INTERPRETER}", mark, "-Wl,-soname,ld-linux-x86-64.so.2")
        self.commands = set()

    def ask(self, *arguments, fork=False):
        """What the tool says in a jail; (status, stdout)."""
        variables = environment(ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0")
        done = subprocess.run([self.jail, *(["--fork"] if fork else []), BINDSIM, *arguments], cwd=self.directory, env=variables,
                              stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=60)
        if done.returncode == CANNOT:
            self.skipTest(done.stderr.decode())
        return done.returncode, done.stdout

    def assert_runs_nothing(self, *arguments, fork=False, wanted=(0, 1)):
        with self.subTest(arguments=arguments):
            self.assertIn(self.ask(*arguments, fork=fork)[0], wanted)
            self.assertFalse(self.marker.exists())
        self.commands.update(word for word in arguments[:1] if str(word).isalpha())

    def test_the_jail_is_one(self):
        self.assertEqual(self.ask("record", "-o", "plan", "--", "./app")[0], -signal.SIGSYS)
        self.assertEqual(self.ask("verify", "--run", "./app")[0], -signal.SIGSYS)
        self.assertFalse(self.marker.exists())
        done = subprocess.run([self.jail, "--fork", "/bin/sh", "-c", "/bin/true; exit 3"], check=False, stderr=subprocess.DEVNULL)
        self.assertIn(done.returncode, (-signal.SIGSYS, 128 + signal.SIGSYS, 3))
        self.assertNotEqual(done.returncode, 0)
        subprocess.run(["./app"], cwd=self.directory, check=False)
        self.assertTrue(self.marker.exists())

    def test_commands(self):
        steps = ["--dlopen=./libplug.so:NOW", "--dlsym=1:plug", "--call=app:hook", "--dlclose=1"]
        for arguments in (["./app", *steps], ["--bind-now", "./app"], ["--preload=./libplug.so", "./app"], ["./libplug.so"],
                          ["--loader=musl", "./app"], ["explain", "--symbol=hook", "./app", *steps], ["explain", "--rule=captured"],
                          ["check", "--no-policy", "./app", *steps], ["check", "--no-policy", "."], ["advise", "./app", *steps],
                          ["diff", "./app", "./libplug.so"], ["order", "./app", *steps], ["order", "--pairs=.", "./app"], ["scan", "."], ["scan", "--libraries", "."],
                          ["loaders"], ["help"], ["help", "check"], ["--version"], ["--help"], ["--follow-dlopen-notes", "./app"], ["--proof=all", "./app", *steps]):
            self.assert_runs_nothing(*arguments, wanted=(0, 1) if arguments[0] != "explain" else (0, 1, 2))
        self.assert_runs_nothing("./script", wanted=(2,))
        for name in ("text", "json", "ndjson", "sarif", "junit", "github", "gitlab", "markdown", "dot", "html", "ldd", "ld-debug", "plan"):
            self.assert_runs_nothing(f"--format={name}", "./app", *steps)
        self.file("log", "         1:\tbinding file ./app [0] to ./libhook.so [0]: normal symbol `hook'\n")
        self.assert_runs_nothing("log", "log")
        self.assert_runs_nothing("verify", "--log=log", "./app", wanted=(0, 1, 2))
        self.assert_runs_nothing("verify", f"--pid={os.getpid()}")
        self.assert_runs_nothing("--core=log", wanted=(2,))
        (self.directory / "plan").write_bytes(self.ask("--format=plan", "./app", *steps)[1])
        self.assert_runs_nothing("--plan=plan")
        named = set(re.findall(r'^COMMAND\(\w+, "(\w+)"', (ROOT / "src/cli/commands.def").read_text(), re.MULTILINE))
        self.assertTrue(named)
        self.assertLessEqual(named - self.commands, {"record"})

    def test_in_a_root(self):
        for arguments in (["/usr/bin/app"], ["check", "--no-policy", "/usr/bin/app"], ["--ldconfig", "/usr/bin/app", "--dlopen=/usr/bin/libplug.so"],
                          ["scan", "/usr"], ["advise", "/usr/bin/app"]):
            self.assert_runs_nothing(*arguments, "--root=root")

    def test_archives(self):
        """A process of its own removes what was laid out: it executes nothing either."""
        subprocess.run(["tar", "-cf", "archive.tar", "-C", "root", "."], cwd=self.directory, check=True)
        self.assert_runs_nothing("check", "--no-policy", "archive.tar", fork=True)


if __name__ == "__main__":
    unittest.main()
