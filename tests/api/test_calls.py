#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The library's functions, called from C; and that what they say is what the report in JSON says."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import subprocess
import sys
import unittest

from case import BINDSIM, BUILD, LIBRARY, ROOT, SANITIZED, LibraryTest, environment

sys.path.append(str(ROOT / "examples"))
import bindings as example  # noqa: E402

MORE = {"binding_step": "number", "binding_outcome": "int", "finding_fingerprint": "text", "finding_step": "number", "finding_subject": "number",
        "finding_other": "number"}


class CallsTest(LibraryTest):
    """The programs of this directory."""

    def program(self, name: str) -> str:
        return str(BUILD / "tests/api" / f"api-{name}-test")

    def test_plan(self) -> None:
        self.check_run(self.program("plan"))

    def test_result(self) -> None:
        self.check_run(self.program("result"))

    def test_check(self) -> None:
        self.check_run(self.program("check"))

    def test_study(self) -> None:
        self.check_run(self.program("study"))

    def test_report(self) -> None:
        self.check_run(self.program("report"))

    def test_report_in_another_locale(self) -> None:
        for locale in ("C.UTF-8", "de_DE.UTF-8"):
            self.check_run(self.program("report"), LC_ALL=locale)

    def test_signals(self) -> None:
        self.check_run(self.program("signals"))

    def test_threads(self) -> None:
        self.check_run(self.program("threads"))

    def test_memory(self) -> None:
        self.assertRegex(self.check_run(self.program("memory")), r"memory lacked in \d\d+ places")

    @unittest.skipIf(SANITIZED, "valgrind runs nothing that has the address sanitizer")
    @unittest.skipUnless(shutil.which("valgrind"), "there is no valgrind")
    def test_valgrind(self) -> None:
        # It takes a second or two to start: only the suite `long' has it look at all of them.
        for name in ("plan", "result", "check", "study") if os.environ.get("VALGRIND") == "all" else ("result",):
            done = self.run_in("valgrind", "-q", "--error-exitcode=9", "--leak-check=full",
                               "--errors-for-leak-kinds=definite", self.program(name))
            if "debuginfo reader: Possibly corrupted" in done.stderr:
                self.skipTest("this valgrind cannot read what this compiler writes")
            # It warns of system calls that it does not know.
            self.assertEqual(done.returncode, 0, done.stderr)


@unittest.skipIf(SANITIZED, "Python has no address sanitizer")
class AgreementTest(LibraryTest):
    """Bindings and findings, one by one."""

    def answer(self, *steps: str) -> list:
        """What the library says, in a process of its own."""
        done = self.run_in(sys.executable, os.path.abspath(__file__), "--tell", *steps, BUILD=str(BUILD))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return json.loads(done.stdout)

    def test_plans(self) -> None:
        for steps in (["./copy.so:NOW,LOCAL"], ["./second.so:LAZY", "./first.so:NOW,GLOBAL"], ["./nothing.so", "./static.so"],
                      ["./templates.so", "./more-templates.so"], ["./newer.so"], ["./unique-1.so", "./unique-2.so"]):
            with self.subTest(steps):
                words = [word for step in steps for word in ("--dlopen", step)]
                done = subprocess.run([BINDSIM, "--format=json", "--no-env", "./player", *words], cwd=self.directory,
                                      env=environment(), capture_output=True, check=False)
                report = json.loads(done.stdout)
                wanted = [[b["step"], b["from"], b["symbol"], b["version"], b["when"], b["to"], b["why"], b["outcome"]]
                          for step in report["steps"] for b in step["bindings"]]
                findings = [[f["rule"], f["level"], f["fingerprint"], f["step"], f["from"], f["to"]]
                            for f in report["findings"]]
                self.assertTrue(wanted)
                self.assertEqual(self.answer(*steps), [wanted, findings])


def tell(steps: list[str]) -> None:
    """Prints bindings and findings of ./player with STEPS as JSON."""
    kinds = {"number": ctypes.c_uint32, "int": ctypes.c_int, "text": ctypes.c_char_p}
    example.FUNCTIONS.update({name: ([ctypes.c_void_p] + [ctypes.c_size_t] * (name == "binding_outcome"), kinds[kind])
                              for name, kind in MORE.items()})
    example.FUNCTIONS["outcome_name"] = ([ctypes.c_int], ctypes.c_char_p)
    bindsim = example.Bindsim(str(LIBRARY))
    plan, result = ctypes.c_void_p(), ctypes.c_void_p()
    bindsim.plan_new(ctypes.byref(plan))
    bindsim.plan_set(plan, b"executable", b"./player", None)
    for step in steps:
        bindsim.plan_step(plan, b"dlopen", os.fsencode(step), None)
    if bindsim.simulate(None, plan, None, ctypes.byref(result), None):
        sys.exit(1)

    def text(value: bytes | None) -> str | None:
        return None if value is None else os.fsdecode(value)

    def some(value: int) -> int | None:
        return None if value == example.NONE else value

    bindings = [[bindsim.binding_step(b), some(bindsim.binding_referrer(b)), text(bindsim.binding_symbol(b)),
                 text(bindsim.binding_version(b)), text(bindsim.binding_when(b)), some(bindsim.binding_definer(b, 0)),
                 text(bindsim.why_name(bindsim.binding_why(b, 0))), text(bindsim.outcome_name(bindsim.binding_outcome(b, 0)))]
                for b in bindsim.all(result, "bindings", "binding")]
    levels = {level: text(bindsim.level_name(level)) for level in range(4)}
    findings = [[text(bindsim.finding_rule(f)), levels[bindsim.finding_level(f)], text(bindsim.finding_fingerprint(f)),
                 bindsim.finding_step(f),
                 some(bindsim.finding_subject(f)), some(bindsim.finding_other(f))]
                for f in bindsim.all(result, "findings", "finding")]
    json.dump([bindings, findings], sys.stdout)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--tell"]:
        tell(sys.argv[2:])
    else:
        unittest.main()
