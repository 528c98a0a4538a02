#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Findings: what is one, how bad it is, and what --fail-on makes of it."""

import json
import os
import unittest

from harness import CommandLineTest

ONE, TWO, THREE = ("int %s(void) { return 1; }" % name for name in ("one", "two", "three"))
# Another build of the same.
OWN = (ONE + TWO + THREE).replace("return 1", "return 2")
USES = "int use(void) { return one() + two() + three(); }"


class FindingsTest(CommandLineTest):
    """A program, a library that it opens for all to see, and an object that has definitions of the same names."""

    def setUp(self):
        super().setUp()
        self.program()

    def plan(self, first="./first.so:GLOBAL", second="./second.so"):
        return ["./app", f"--dlopen={first}", f"--dlopen={second}"]

    def findings(self, *arguments):
        """Level, objects and counts of all captured references, as JSON has them; the text report must agree."""
        answer = self.bindsim("--format=json", *arguments)
        self.assertEqual(answer.status, 0, answer)
        document = json.loads(answer.out)
        names = [item["name"] for item in document["objects"]]
        found = [(f["level"], names[f["from"]], names[f["to"]], f["counts"]) for f in document["findings"]
                 if f["rule"] == "captured-references"]
        text = self.bindsim("--show=findings,notes", *arguments).out
        told = [line.partition(":")[0] for line in text.splitlines() if ": captured-references: " in line]
        self.assertEqual(sorted(told), sorted(level for level, *_ in found), text)
        return found

    def levels(self, *arguments):
        return [level for level, *_ in self.findings(*arguments)]

    def pair(self, first, second, *options):
        """The levels when second.so meets the definitions of first.so."""
        self.object("first.so", first)
        self.object("second.so", second, *options)
        return self.levels(*self.plan())

    def test_three_functions_are_an_error(self):
        self.assertEqual(self.pair(ONE + TWO + THREE, OWN + USES), ["error"])
        (level, source, target, counts), = self.findings(*self.plan())
        self.assertEqual((source, target), ("./second.so", "./first.so"))
        self.assertEqual((counts["symbols"], counts["functions"], counts["data"]), (3, 3, 0))

    def test_two_are_a_warning(self):
        self.assertEqual(self.pair(ONE + TWO, OWN + USES), ["warning"])
        (_, _, _, counts), = self.findings(*self.plan())
        self.assertEqual((counts["functions"], counts["inside"]), (2, 1))

    def test_data_is_a_warning(self):
        data = "int a = 1, b = 2, c = 3, d = 4;"
        self.assertEqual(self.pair(data, data + "int use(void) { return a + b + c + d; }"), ["warning"])

    def test_what_is_not_used_is_not_captured(self):
        self.assertEqual(self.pair(ONE + TWO + THREE, ONE + TWO + THREE), [])

    def test_what_is_not_defined_is_not_captured(self):
        self.assertEqual(self.pair(ONE + TWO + THREE, "int one(void), two(void), three(void);" + USES), [])

    def test_what_is_bound_inside_is_not_captured(self):
        own = OWN + USES
        self.assertEqual(self.pair(ONE + TWO + THREE, own, "-Wl,-Bsymbolic"), [])
        self.assertEqual(self.pair(ONE + TWO + THREE, own, "-fvisibility=hidden"), [])
        self.assertEqual(self.pair(ONE + TWO + THREE, own, "-fvisibility=protected"), [])

    def test_the_flags_decide(self):
        self.pair(ONE + TWO + THREE, OWN + USES)
        self.assertEqual(self.levels(*self.plan("./first.so:LOCAL")), [])
        self.assertEqual(self.levels(*self.plan(second="./second.so:DEEPBIND")), [])
        self.assertEqual(self.levels(*self.plan(second="./second.so:LAZY")), ["error"])
        self.assertEqual(self.levels("./app", "--dlopen=./second.so", "--dlopen=./first.so:GLOBAL"), [])

    def test_weak_definitions_are_none(self):
        weak = "__attribute__((weak)) "
        parts = "".join(weak + part for part in (ONE, TWO, THREE))
        self.assertEqual(self.pair(parts, parts + USES), [])
        self.assertEqual(self.pair(parts, weak + OWN + USES), ["warning"])

    def test_an_allocator_is_none(self):
        heap = "".join(f"void *{name}(unsigned long n) {{ return (void *)n; }}" for name in ("malloc", "valloc", "pvalloc"))
        use = "".join(f"void *use_{name}(void) {{ return {name}(1); }}" for name in ("malloc", "valloc", "pvalloc"))
        self.assertEqual(self.pair(heap, heap + use, "-fno-builtin"), [])

    def test_what_is_preloaded_is_none(self):
        self.pair(ONE + TWO + THREE, OWN + USES)
        preload = ["--preload=./first.so", "./app", "--dlopen=./second.so"]
        self.assertEqual(self.levels(*preload), [])

    def test_a_copy_relocation_is_none(self):
        self.object("libdata.so", "int a = 1, b = 2, c = 3; int use(void) { return a + b + c; }")
        source = "extern int a, b, c; int use(void); void _start(void) { a = b + c + use(); }"
        self.program("copier", source, "-no-pie", "-fno-pie", str(self.directory / "libdata.so"))
        self.assertEqual(self.levels("./copier"), [])
        # The same without copies: the program has variables of its own.
        self.program("owner", "int a = 4, b = 5, c = 6; int use(void); void _start(void) { use(); }", "-rdynamic",
                     str(self.directory / "libdata.so"))
        self.assertEqual(self.levels("./owner"), ["warning"])

    def test_unique_symbols_are_none(self):
        unique = ('__asm__(".globl u\\n.type u, @gnu_unique_object\\n.size u, 4\\n.data\\nu: .long 1\\n.text\\n");'
                  "extern int u; int *pointer_%d = &u;")
        self.object("first.so", unique % 1)
        self.object("second.so", unique % 2)
        self.assertEqual(self.levels(*self.plan()), [])
        self.assertEqual(self.levels(*self.plan("./first.so:LOCAL")), [])

    def test_the_loader_changes_over_to_libc(self):
        """Also where libc comes with a dlopen, to a program that has none."""
        if os.path.exists("/lib/x86_64-linux-gnu/libc.so.6"):
            self.object("plugin.so", "int puts(const char *); int use(void) { return puts(0); }", "-lc")
            self.assertEqual(self.levels("./app", "--dlopen=./plugin.so"), [])

    def test_at_start_up(self):
        self.object("libfirst.so", ONE + TWO + THREE)
        self.object("libsecond.so", OWN + USES)
        self.program("both", "int one(void), use(void); void _start(void) { one(); use(); }",
                     str(self.directory / "libfirst.so"), str(self.directory / "libsecond.so"))
        self.assertEqual(self.levels("./both"), ["error"])
        self.assertEqual(self.levels("./both", "--bind-now"), ["error"])

    def test_a_step_that_fails_has_none(self):
        self.object("first.so", ONE + TWO + THREE)
        self.object("second.so", OWN + USES + "extern int absent; int *p = &absent;")
        answer = self.bindsim("--show=findings,notes", *self.plan())
        self.assertEqual(answer.status, 1)
        self.assertNotIn("captured-references", answer.out)


class FailOnTest(CommandLineTest):
    """--fail-on: which exit status, and which message."""

    def setUp(self):
        super().setUp()
        self.program()
        self.object("first.so", ONE + TWO + THREE)
        self.plans = {"none": ["./app"]}
        for level, own in (("error", OWN), ("warning", (ONE + TWO).replace("return 1", "return 2")),
                           ("note", ONE + "__attribute__((weak)) " + TWO)):
            self.object(f"{level}.so", own + "int use(void) { return one() + two(); }" +
                        ("int more(void) { return three(); }" if level == "error" else ""))
            self.plans[level] = ["./app", "--dlopen=./first.so:GLOBAL", f"--dlopen=./{level}.so"]

    ORDER = ("none", "note", "warning", "error")

    def test_every_level(self):
        for worst, plan in self.plans.items():
            self.assertEqual(self.bindsim(*plan).status, 0)
            for wanted in self.ORDER:
                answer = self.bindsim(f"--fail-on={wanted}", *plan)
                fails = wanted != "none" and self.ORDER.index(worst) >= self.ORDER.index(wanted)
                self.assertEqual(answer.status, int(fails), (worst, wanted))
                self.assertEqual(answer.err, f"bindsim: a finding reaches --fail-on={wanted}\n" if fails else "")

    def test_the_last_one_counts(self):
        self.assertEqual(self.bindsim("--fail-on=error", "--fail-on=none", *self.plans["error"]).status, 0)

    def test_what_is_shown_does_not_matter(self):
        for arguments in (["-q"], ["--show=objects"], ["--format=ld-debug"], ["--format=ldd"], ["--from=nonesuch"],
                          ["--format=json", "--show=steps"]):
            self.assertEqual(self.bindsim("--fail-on=error", *arguments, *self.plans["error"]).status, 1, arguments)

    def test_explain_counts_them_too(self):
        answer = self.bindsim("explain", "--symbol=one", "--fail-on=error", *self.plans["error"])
        self.assert_refused(answer, "a finding reaches --fail-on=error")

    def test_a_refusal_comes_first(self):
        answer = self.bindsim("--fail-on=error", *self.plans["error"], "--dlopen=./absent.so")
        self.assertEqual((answer.status, answer.err.splitlines()), (1, [
            "bindsim: step 3 failed: ./absent.so: cannot open shared object file: No such file or directory"]))

    def test_the_reason_in_json(self):
        for arguments, reason in ((["--fail-on=error"], "finding"), ([], None),
                                  (["--fail-on=error", "--dlopen=./absent.so"], "refusal")):
            answer = self.bindsim("--format=json", *self.plans["error"], *arguments)
            self.assertEqual(json.loads(answer.out)["reason"], reason)
            self.assertEqual(answer.status, int(reason is not None))

    def test_the_report_is_complete(self):
        plain = self.bindsim(*self.plans["error"])
        failed = self.bindsim("--fail-on=note", "-o", "file", *self.plans["error"])
        self.assertEqual(failed.status, 1)
        self.assertEqual((self.directory / "file").read_text(), plain.out)


if __name__ == "__main__":
    unittest.main()
