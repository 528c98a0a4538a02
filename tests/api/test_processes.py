#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Processes and cores: what the library says is what the tool says with --pid and --core. What is built here is run."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import unittest
from pathlib import Path

from case import BINDSIM, CC, environment
from library import NONE, AskingTest, Problem
from test_process import wait_for_rest

CORE_PATTERN = Path("/proc/sys/kernel/core_pattern")
# It opens what its arguments say, and waits.
PROGRAM = """
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!dlopen(argv[i], RTLD_NOW))
			puts(dlerror());
	puts("ready");
	fflush(stdout);
	if (getchar() == 'a')
		abort();
	return 0;
}
"""
# A library whose slot for `hook` holds something else as soon as it is there.
PATCHER = """
#include <sys/mman.h>
int hook(void);
int use(void) { return hook(); }
static int inside(void) { return 3; }
__attribute__((constructor)) static void patch(void)
{
	void **slot;
	__asm__("lea hook@GOTPCREL(%%rip), %0" : "=r"(slot));
	*slot = (void *)inside;
}
"""


@unittest.skipUnless(os.uname().machine == "x86_64", "a slot is patched by its instruction set")
class ProcessTest(AskingTest):
    """Processes as a loader leaves them, and one with a slot that no loader wrote."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.compile("libhook.so", "int hook(void) { return 1; }", "-shared", "-fPIC")
        cls.compile("libuse.so", "int hook(void); int use(void) { return hook(); }", "-shared", "-fPIC", "-L.", "-lhook",
                    "-Wl,-rpath,$ORIGIN")
        cls.compile("libpatched.so", PATCHER, "-shared", "-fPIC", "-Wl,-z,norelro", "-L.", "-lhook", "-Wl,-rpath,$ORIGIN")
        cls.compile("app", PROGRAM)

    @classmethod
    def compile(cls, name: str, source: str, *options: str) -> None:
        (cls.directory / "source.c").write_text(source)
        subprocess.run([*CC, "-O0", "-o", name, "source.c", *options], check=True, cwd=cls.directory)

    def start(self, *files: str, core: int = 0) -> subprocess.Popen:
        process = subprocess.Popen(["./app", *files], cwd=self.directory, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                   env=environment(), preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (core, core)))
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        self.assertEqual(process.stdout.readline(), "ready\n")
        wait_for_rest(process.pid)
        return process

    def read(self, pid: int, plan=None):
        options = self.lib.options_new()
        self.lib.options_report(options, "json", None)
        process = self.lib.process_read(None, pid, plan, options)
        self.lib.options_free(options)
        self.addCleanup(self.lib.process_free, process)
        return process

    def report(self, process) -> dict:
        return json.loads(self.lib.process_report(process, 0))

    def tool(self, *words: str) -> dict:
        done = self.run_in(BINDSIM, "--format=json", *words)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        return json.loads(done.stdout)

    def agree(self, process, *words: str) -> dict:
        """With the tool, and with itself."""
        report = self.report(process)
        self.assertEqual(report, self.tool(*words))
        lib, counts = self.lib, report["process"]["counts"]
        self.assertEqual([getattr(lib, f"process_{name}")(process) for name in ("agreeing", "differing", "not_compared")],
                         [counts[name] for name in ("agree", "differ", "not_compared")])
        self.assertEqual([lib.process_missing_object(process, i) for i in range(lib.process_missing(process))],
                         report["process"]["missing"])
        self.assertEqual([f["rule"] for f in report["findings"]],
                         [lib.finding_rule(f) for f in lib.each(lib.process_result(process), "result_findings", "result_finding")])
        return report

    def test_as_simulated(self) -> None:
        lib = self.lib
        running = self.start("./libuse.so")
        process = self.read(running.pid)
        self.agree(process, f"--pid={running.pid}")
        self.assertTrue(lib.process_agrees(process))
        self.assertGreater(lib.process_agreeing(process), 5)
        self.assertEqual((lib.process_signal(process), lib.process_is_loading(process), lib.process_unexpected(process)), (0, 0, 0))
        # The plan that leads to it can be asked by itself.
        plan = lib.process_plan(process)
        self.addCleanup(lib.plan_free, plan)
        text = json.loads(lib.text(lib.plan_write(plan)))
        self.assertEqual([os.path.basename(step["dlopen"]) for step in text["steps"]], ["libuse.so"])
        result = lib.simulate(None, plan, None)
        self.addCleanup(lib.result_free, result)
        self.assertFalse(lib.result_is_refused(result))

    def test_patched(self) -> None:
        lib = self.lib
        running = self.start("./libpatched.so")
        process = self.read(running.pid)
        report = self.agree(process, f"--pid={running.pid}")
        self.assertIn("slot-patched", [f["rule"] for f in report["findings"]])
        # Nobody can say what the loader had put there.
        self.assertTrue(lib.process_agrees(process))
        slots = [i for i in range(lib.process_slots(process)) if lib.process_slot_symbol(process, i) == "hook"]
        self.assertTrue(slots)
        result = lib.process_result(process)

        def name(object_id: int) -> str | None:
            return None if object_id == NONE else os.path.basename(lib.object_name(lib.result_object(result, object_id)))

        for i in slots:
            self.assertEqual((lib.process_slot_differs(process, i), lib.process_slot_holds(process, i), name(lib.process_slot_object(process, i)),
                              name(lib.process_slot_simulated(process, i))), (0, "patched", "libpatched.so", "libhook.so"))

    def test_a_slot_that_differs(self) -> None:
        """The plan has a library in front that the process has behind: it is really bound to another one."""
        lib = self.lib
        self.compile("libother.so", "int hook(void) { return 2; }", "-shared", "-fPIC")
        running = self.start("./libuse.so", "./libother.so")
        plan = lib.plan("./app", "./libother.so:NOW,GLOBAL", "./libuse.so:NOW")
        self.addCleanup(lib.plan_free, plan)
        process = self.read(running.pid, plan)
        self.assertFalse(lib.process_agrees(process))
        result = lib.process_result(process)
        told = [(lib.process_slot_symbol(process, i), lib.process_slot_holds(process, i),
                 *(os.path.basename(lib.object_name(lib.result_object(result, one(process, i))))
                   for one in (lib.process_slot_object, lib.process_slot_definer, lib.process_slot_simulated)))
                for i in range(lib.process_slots(process)) if lib.process_slot_differs(process, i)]
        self.assertEqual(told, [("hook", "bound", "libuse.so", "libhook.so", "libother.so")])
        self.assertEqual(lib.process_differing(process), 1)

    def test_a_plan_that_is_given(self) -> None:
        """What the process has beside it is unexpected."""
        lib = self.lib
        running = self.start("./libuse.so")
        plan = lib.plan("./app")
        self.addCleanup(lib.plan_free, plan)
        process = self.read(running.pid, plan)
        self.assertFalse(lib.process_agrees(process))
        files = [os.path.basename(lib.process_unexpected_file(process, i)) for i in range(lib.process_unexpected(process))]
        self.assertEqual(sorted(files), ["libhook.so", "libuse.so"])

    def test_a_file_that_was_replaced(self) -> None:
        lib = self.lib
        self.compile("libsoon.so", "int soon(void) { return 1; }", "-shared", "-fPIC")
        running = self.start("./libsoon.so")
        (self.directory / "libsoon.so").unlink()
        self.compile("libsoon.so", "int soon(void) { return 22; }", "-shared", "-fPIC")
        process = self.read(running.pid)
        self.assertEqual([(os.path.basename(lib.process_file(process, i)), lib.process_file_state(process, i))
                          for i in range(lib.process_files(process))], [("libsoon.so", "replaced")])

    def test_core(self) -> None:
        """The same of one that has ended, where there is something that writes cores."""
        pattern = CORE_PATTERN.read_text().strip() if CORE_PATTERN.exists() else "|"
        if "/" in pattern or pattern.startswith("|"):
            self.skipTest("cores are written elsewhere")
        try:
            running = self.start("./libuse.so", core=resource.RLIM_INFINITY)
        except subprocess.SubprocessError:
            self.skipTest("no core may be written")
        running.communicate("a")
        core, = (path.name for path in self.directory.glob("core*"))
        options = self.lib.options_new()
        self.lib.options_report(options, "json", None)
        process = self.lib.core_read(None, core, None, None, options)
        self.lib.options_free(options)
        self.addCleanup(self.lib.process_free, process)
        self.agree(process, f"--core={core}")
        self.assertTrue(self.lib.process_agrees(process))
        self.assertEqual(self.lib.process_signal(process), signal.SIGABRT)

    def test_what_is_no_process(self) -> None:
        lib = self.lib
        (self.directory / "no-core").write_text("no core")
        for status, call, words in ((9, lambda: lib.process_read(None, 2**31 - 2, None, None), "there is no such process"),
                                    (2, lambda: lib.process_read(None, 0, None, None), "the number of a process"),
                                    (9, lambda: lib.core_read(None, "no-core", None, None, None), "no-core: "),
                                    (9, lambda: lib.core_read(None, "nowhere", None, None, None), "nowhere: No such file")):
            with self.assertRaises(Problem) as raised:
                call()
            self.assertEqual(raised.exception.status, status)
            self.assertIn(words, str(raised.exception))


if __name__ == "__main__":
    unittest.main()
