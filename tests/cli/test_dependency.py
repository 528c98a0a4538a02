#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""captured-dependency: an object that is bound past a library that it needs."""

import json
import unittest

from harness import CommandLineTest

LIBRARY = "int one(void) { return 1; } int two(void) { return 2; } int three(void) { return 3; } int four = 4;"
USER = "int one(void), two(void), three(void); int use(void) { return one() + two() + three(); }"


class DependencyTest(CommandLineTest):
    """A library, another one of the same functions, and a user that needs the first."""

    def setUp(self):
        super().setUp()
        self.program()
        self.build()

    def build(self, library=LIBRARY, other=LIBRARY, user=USER):
        self.object("libright.so", library)
        self.object("libwrong.so", other)
        self.object("user.so", user, "./libright.so", "-Wl,-rpath,$ORIGIN")

    def findings(self, *steps, program="./app", options=()):
        answer = self.bindsim("--format=json", *options, program, *(f"--dlopen={step}" for step in steps))
        document = json.loads(answer.out)
        names = [item["name"] for item in document["objects"]]
        return [(f["level"], names[f["from"]], names[f["to"]], f["counts"]["symbols"],
                 [(names[fact["object"]], fact["n"]) for fact in f["evidence"] if fact["kind"] == "needed-definer"])
                for f in document["findings"] if f["rule"] == "captured-dependency"]

    def test_three_functions(self):
        self.assertEqual(self.findings("./libwrong.so:NOW,GLOBAL", "./user.so:NOW"),
                         [("error", "./user.so", "./libwrong.so", 3, [("./libright.so", 3)])])

    def test_at_the_first_call(self):
        (level, *_), = self.findings("./libwrong.so:NOW,GLOBAL", "./user.so:LAZY")
        self.assertEqual(level, "error")

    def test_two_functions(self):
        self.build(other="int one(void) { return 1; } int two(void) { return 2; }")
        (level, _, _, n, _), = self.findings("./libwrong.so:NOW,GLOBAL", "./user.so:NOW")
        self.assertEqual((level, n), ("warning", 2))

    def test_one_function(self):
        self.build(other="int one(void) { return 1; }")
        (level, *_), = self.findings("./libwrong.so:NOW,GLOBAL", "./user.so:NOW")
        self.assertEqual(level, "note")

    def test_a_program_that_serves_its_plugins(self):
        self.program("host", LIBRARY + "void _start(void) {}", "-rdynamic")
        (level, _, target, n, _), = self.findings("./user.so:NOW", program="./host")
        self.assertEqual((level, target, n), ("warning", "./host", 3))

    def test_through_another_library(self):
        self.object("libmiddle.so", "int middle;", "-Wl,--no-as-needed", "./libright.so")
        self.object("user.so", USER, "-Wl,--no-as-needed", "./libmiddle.so")
        (level, *_), = self.findings("./libwrong.so:NOW,GLOBAL", "./user.so:NOW")
        self.assertEqual(level, "error")

    def test_who_is_alone(self):
        self.assertEqual(self.findings("./user.so:NOW"), [])
        self.assertEqual(self.findings("./libwrong.so:NOW", "./user.so:NOW"), [])
        self.assertEqual(self.findings("./libwrong.so:NOW,GLOBAL", "./user.so:NOW,DEEPBIND"), [])

    def test_nothing_needed_defines_it(self):
        self.object("user.so", USER)
        self.assertEqual(self.findings("./libwrong.so:NOW,GLOBAL", "./user.so:NOW"), [])

    def test_the_preloaded_are_meant(self):
        self.assertEqual(self.findings("./user.so:NOW", options=("--preload", "./libwrong.so")), [])

    def test_weak_definitions(self):
        weak = LIBRARY.replace("int one", "__attribute__((weak)) int one").replace("int two", "__attribute__((weak)) int two")
        weak = weak.replace("int three", "__attribute__((weak)) int three")
        self.build(library=weak, other=weak)
        self.assertEqual(self.findings("./libwrong.so:NOW,GLOBAL", "./user.so:NOW"), [])

    def test_what_may_be_replaced(self):
        library, user = (text.replace("one", "_Znwm").replace("two", "_ZdlPv").replace("three", "_Znam")
                         for text in (LIBRARY, USER))
        self.build(library, library, user)
        self.assertEqual(self.findings("./libwrong.so:NOW,GLOBAL", "./user.so:NOW"), [])


if __name__ == "__main__":
    unittest.main()
