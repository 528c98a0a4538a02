#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""pinned: what stays after the dlclose that should unload it."""

import unittest

from harness import HOOK, USER
from test_clashes import UNIQUE, ClashTest

UNIQUE_WARNING = ("warning", "first.so", None, [], ["stays-unique"])


class PinnedTest(ClashTest):
    RULE = "pinned"

    def setUp(self):
        super().setUp()
        self.object("first.so", UNIQUE % 1)

    def test_a_unique_symbol(self):
        plan = ["./app", "--dlopen=./first.so", "--dlclose=1"]
        self.assertEqual(self.found(*plan), [UNIQUE_WARNING])
        text = self.bindsim(*plan).out
        self.assertIn("warning: pinned: dlclose does not unload first.so (step 2)", text)
        self.assertIn("a unique symbol of it is bound, u", text)

    def test_it_is_told_once(self):
        self.assertEqual(self.found("./app", "--dlopen=./first.so", "--dlclose=1", "--dlopen=./first.so", "--dlclose=3"),
                         [UNIQUE_WARNING])

    def test_nobody_closes_it(self):
        self.assertEqual(self.found("./app", "--dlopen=./first.so"), [])

    def test_no_unique_symbol(self):
        self.object("first.so", "int u = 1; int *pointer = &u;")
        self.assertEqual(self.found("./app", "--dlopen=./first.so", "--dlclose=1"), [])

    def test_what_it_needs_stays(self):
        self.object("plugin.so", "extern int *pointer_1; int use(void) { return *pointer_1; }",
                    str(self.directory / "first.so"))
        note = ("note", *UNIQUE_WARNING[1:])
        self.assertEqual(self.found("./app", "--dlopen=./plugin.so", "--dlclose=1"), [note])
        # What that needs itself stays for its sake, and is no news.
        self.object("first.so", UNIQUE % 1, "-Wl,--no-as-needed", self.library("libleaf.so", "int leaf;"))
        self.assertEqual(self.found("./app", "--dlopen=./plugin.so", "--dlclose=1"), [note])

    def test_another_handle_keeps_it(self):
        self.assertEqual(self.found("./app", "--dlopen=./first.so", "--dlopen=./first.so", "--dlclose=1"), [])
        self.assertEqual(self.found("./app", "--dlopen=./first.so", "--dlopen=./first.so", "--dlclose=1", "--dlclose=2"),
                         [UNIQUE_WARNING])

    def test_another_one_needs_it(self):
        self.object("plugin.so", "extern int *pointer_1; int use(void) { return *pointer_1; }",
                    str(self.directory / "first.so"))
        self.assertEqual(self.found("./app", "--dlopen=./plugin.so", "--dlopen=./first.so", "--dlclose=2"), [])

    def test_the_flag_of_the_file(self):
        self.object("first.so", HOOK, "-Wl,-z,nodelete")
        self.assertEqual(self.found("./app", "--dlopen=./first.so", "--dlclose=1"),
                         [("note", "first.so", None, [], ["stays-by-flag"])])

    def test_the_plan_asks_for_it(self):
        self.object("first.so", HOOK)
        self.assertEqual(self.found("./app", "--dlopen=./first.so:NODELETE", "--dlclose=1"), [])
        self.object("leaf.so", UNIQUE % 1)
        self.object("first.so", HOOK, "-Wl,--no-as-needed", str(self.directory / "leaf.so"))
        self.assertEqual(self.found("./app", "--dlopen=./first.so:NODELETE", "--dlclose=1"), [])

    def test_what_stays_is_bound_to_it(self):
        self.object("first.so", HOOK)
        self.object("second.so", USER)
        plan = ["./app", "--dlopen=./first.so:GLOBAL", "--dlopen=./second.so"]
        self.assertEqual(self.found(*plan, "--dlclose=1"), [("note", "first.so", "second.so", [], ["stays-bound"])])
        self.assertEqual(self.found(*plan, "--dlclose=2", "--dlclose=1"), [])
        self.assertEqual(self.found(*plan[:2], "--dlopen=./second.so:LAZY", "--dlclose=1"), [])

    def test_start_up_is_bound_to_it(self):
        """A program's first call that ends in a plugin keeps the plugin for ever."""
        self.object("first.so", HOOK)
        self.program("caller", "int hook(void); void _start(void) { hook(); }", "-Wl,-z,lazy",
                     self.library("libpast.so", HOOK))
        self.object("libpast.so", "int nothing;")
        plan = ["./caller", "--dlopen=./first.so:GLOBAL"]
        self.assertEqual(self.found(*plan, "--call=caller:hook", "--dlclose=1"),
                         [("note", "first.so", "caller", [], ["stays-bound"])])
        self.assertEqual(self.found(*plan, "--dlclose=1"), [])

    def test_a_library_of_start_up(self):
        self.program("app", "int hook(void); void _start(void) { hook(); }", self.library("libhook.so", HOOK))
        self.assertEqual(self.found("./app", "--dlopen=" + str(self.directory / "libhook.so"), "--dlclose=1"), [])

    def test_a_loader_that_unloads_nothing(self):
        self.assertEqual(self.found("--loader=musl", "./app", "--dlopen=./first.so", "--dlclose=1"), [])


if __name__ == "__main__":
    unittest.main()
