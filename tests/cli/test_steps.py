#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Steps beyond dlopen: how they are written, which object is meant, what happens to a plan that cannot be carried out."""

import unittest

from harness import HOOK, PROGRAM, USER, CommandLineTest

OTHER_HOOK = "int hook(void) { return 2; }"


class StepTest(CommandLineTest):
    """libhook.so defines hook; libuse.so calls it; both without sonames."""

    def setUp(self):
        super().setUp()
        self.program()
        self.object("libhook.so", HOOK)
        self.object("libuse.so", USER)

    def steps(self, *arguments):
        """The outcome of all steps but start-up."""
        return self.outcomes("./app", *arguments)[1:]

    def lines(self, show, *arguments):
        """What --show=SHOW prints, without the lines that begin a step."""
        out = self.bindsim("--format=ld-debug", f"--show={show}", "./app", *arguments).out
        return [text for text in (line.partition("\t")[2] for line in out.splitlines())
                if not text.startswith("bindsim: step ")]


class WritingTest(StepTest):
    """The forms that the options of steps take."""

    def test_a_handle_is_a_word_or_a_number(self):
        open_it = "--dlopen=./libhook.so:GLOBAL"
        for handle in ("", "DEFAULT:", "default:", "1:"):
            with self.subTest(handle):
                self.assertEqual(self.steps(open_it, f"--dlsym={handle}hook"), ["ok", "ok"])
        for handle in ("DEFALT:", ":", "-1:", "1x:"):
            with self.subTest(handle):
                self.assert_trouble(self.bindsim("./app", open_it, f"--dlsym={handle}hook"), "DEFAULT, NEXT")

    def test_a_version_stands_behind_the_symbol(self):
        for version in ("@V1", "@@V1", "@V@1"):
            answer = self.steps("--dlopen=./libhook.so", f"--dlsym=1:nonesuch{version}")[1]
            self.assertEqual(answer, f"failed: ./libhook.so: undefined symbol: nonesuch, version {version.lstrip('@')}")
        for word in ("", "hook@", "@V1", "1:"):
            with self.subTest(word):
                self.assert_trouble(self.bindsim("./app", f"--dlsym={word}"), "is wanted")

    def test_numbers_of_steps(self):
        for word in ("", "x", "1 ", "0x1", "99999999999"):
            with self.subTest(word):
                self.assert_trouble(self.bindsim("./app", f"--dlclose={word}"), "the number of a step")
        self.assert_trouble(self.bindsim("./app", "--dlmopen=./libhook.so@0"), "counts from 1")

    def test_a_call_names_object_and_function(self):
        for word in ("", "hook", ":hook", "./libuse.so:"):
            with self.subTest(word):
                self.assert_trouble(self.bindsim("./app", f"--call={word}"), "OBJECT:SYMBOL")

    def test_blocks_are_closed(self):
        self.assert_trouble(self.bindsim("./app", "--init=./libhook.so", "--dlopen=./libuse.so"), "no --end-init")
        self.assert_trouble(self.bindsim("./app", "--end-init"), "without --init")

    def test_an_at_sign_may_belong_to_the_name(self):
        self.object("lib@home.so", HOOK)
        self.assertEqual(self.steps("--dlmopen=./lib@home.so", "--dlmopen=./lib@home.so:NOW@1"), ["ok", "ok"])
        self.assertEqual(self.lines("mapped", "--dlmopen=./lib@home.so:NOW@1"), ["bindsim: mapped ./app [0]"] * 2)


class TableTest(StepTest):
    """The steps, for a person."""

    def test_columns_of_ten_steps_and_more(self):
        for n in (9, 10, 100):
            lines = self.bindsim("./app", *["--dlopen=./libhook.so"] * n).out.splitlines()
            head = next(i for i, line in enumerate(lines) if line.endswith("  objects  bindings"))
            rows = lines[head + 1:head + n + 2]
            self.assertEqual([int(row.split()[0]) for row in rows], list(range(n + 1)))
            self.assertEqual({row.index(" ok ") for row in rows}, {rows[0].index(" ok ")})
            ends = {len(row.split("  was open already")[0]) for row in rows}
            self.assertEqual(ends, {len(lines[head])})


class NothingOpenedTest(StepTest):
    """A step that names a step which opened nothing fails, and the plan goes on."""

    def test_of_every_kind(self):
        for step in ("--dlclose=1", "--dlsym=1:hook", "--dlmopen=./libhook.so@1"):
            with self.subTest(step):
                self.assertEqual(self.steps("--dlopen=./absent.so", step, "--dlopen=./libhook.so")[1:],
                                 ["failed: step 1 opened nothing", "ok"])

    def test_a_step_that_opens_nothing_by_its_kind(self):
        self.assertEqual(self.steps("--dlopen=./libhook.so", "--dlsym=1:hook", "--dlclose=2", "--dlclose=7")[2:],
                         ["failed: step 2 opened nothing", "failed: step 7 opened nothing"])

    def test_an_attempt_that_failed(self):
        self.assertEqual(self.steps("--dlopen=./libuse.so", "--dlclose=1")[1:], ["failed: step 1 opened nothing"])


class ObjectTest(StepTest):
    """By which names an object can be called; the better a name fits, the more it counts."""

    def bound_to(self, name, *plan):
        """Whom a call by the object called NAME binds."""
        return [line for line in self.lines("bindings", *plan, f"--call={name}:hook") if "`hook'" in line]

    def test_names(self):
        self.object("dir/real.so", USER, "-Wl,-soname,libnamed.so")
        (self.directory / "link.so").symlink_to("dir/real.so")
        plan = ["--dlopen=./libhook.so:GLOBAL", "--dlopen=./dir/real.so:LAZY", "--dlopen=./link.so:LAZY"]
        for name in ("./dir/real.so", "./link.so", "libnamed.so", "real.so", "real.so[0]"):
            with self.subTest(name):
                self.assertEqual(self.bound_to(name, *plan), [
                    "binding file ./dir/real.so [0] to ./libhook.so [0]: normal symbol `hook'"])
        for name in ("link.so", "dir/real.so", "real.so[1]", "nonesuch"):
            with self.subTest(name):
                self.assert_trouble(self.bindsim("./app", *plan, f"--call={name}:hook"), f"called '{name}'", "step 4")

    def test_the_executable(self):
        self.program("bin/tool", USER + PROGRAM, "-rdynamic", "-Wl,--unresolved-symbols=ignore-all")
        for name in ("bin/tool", "tool"):
            with self.subTest(name):
                answer = self.bindsim("bin/tool", "--dlopen=./libhook.so:GLOBAL", f"--call={name}:hook",
                                      "--format=ld-debug")
                self.assertIn("binding file bin/tool [0] to ./libhook.so [0]: normal symbol `hook'", answer.out)

    def test_several_of_one_name(self):
        self.object("a/plugin.so", USER)
        self.object("b/plugin.so", USER)
        plan = ["--dlopen=./libhook.so:GLOBAL", "--dlopen=./a/plugin.so:LAZY", "--dlopen=./b/plugin.so:LAZY"]
        self.assert_trouble(self.bindsim("./app", *plan, "--call=plugin.so:hook"), "several objects",
                            "./a/plugin.so[0], ./b/plugin.so[0]")
        self.assertEqual(len(self.bound_to("./b/plugin.so", *plan)), 1)

    def test_the_lowest_namespace(self):
        plan = ["--dlmopen=./libhook.so", "--dlmopen=./libuse.so:LAZY@1", "--dlopen=./libhook.so:GLOBAL",
                "--dlopen=./libuse.so:LAZY"]
        self.assertEqual(self.bound_to("libuse.so", *plan), [
            "binding file ./libuse.so [0] to ./libhook.so [0]: normal symbol `hook'"])
        self.assertEqual(self.bound_to("libuse.so[1]", *plan), [
            "binding file ./libuse.so [1] to ./libhook.so [1]: normal symbol `hook'"])

    def test_a_caller_that_is_gone(self):
        gone = ["--dlopen=./libhook.so", "--caller=libhook.so", "--dlclose=1"]
        self.assertEqual(self.steps(*gone), ["ok", "ok"])
        self.assert_trouble(self.bindsim("./app", *gone, "--dlopen=./libuse.so"), "step 3", "libhook.so")
        self.assertEqual(self.steps(*gone, "--caller=./app", "--dlopen=./libhook.so")[2:], ["ok"])


class CallTest(StepTest):
    """The first call of a function through a slot that waits."""

    LAZY = ("--dlopen=./libhook.so:GLOBAL", "--dlopen=./libuse.so:LAZY")

    def test_it_binds_for_good(self):
        self.object("libother.so", OTHER_HOOK)
        plan = [*self.LAZY, "--call=libuse.so:hook", "--dlclose=1", "--dlopen=./libother.so:GLOBAL", "--call=libuse.so:hook"]
        self.assertEqual(self.lines("bindings", *plan), [
            "binding file ./libuse.so [0] to ./libhook.so [0]: normal symbol `hook'"])

    def test_nothing_defines_it(self):
        self.assertEqual(self.steps("--dlopen=./libuse.so:LAZY", "--call=libuse.so:hook", "--dlopen=./libhook.so"), [
            "ok", "failed: ./app: symbol lookup error: ./libuse.so: undefined symbol: hook", "not reached"])

    def test_a_slot_that_was_bound_when_it_was_loaded(self):
        plan = ["--dlopen=./libhook.so:GLOBAL", "--dlopen=./libuse.so:NOW", "--call=libuse.so:hook"]
        self.assertEqual(self.steps(*plan), ["ok", "ok", "ok"])
        self.assertEqual(len(self.lines("bindings", *plan)), 1)

    def test_nothing_is_kept_under_bind_not(self):
        plan = ["--env=LD_BIND_NOT=1", *self.LAZY, "--call=libuse.so:hook", "--call=libuse.so:hook"]
        self.assertEqual(len(self.lines("bindings", *plan)), 2)
        self.assertEqual(self.lines("slots", *plan)[-1], "bindsim: slot ./libuse.so [0] symbol `hook': to ./libhook.so [0]")

    def test_a_function_that_is_not_referred_to(self):
        self.assert_trouble(self.bindsim("./app", *self.LAZY, "--call=libuse.so:nonesuch"), "step 3", "does not refer to",
                            "nonesuch")

    def test_slots_are_asked_after_each_step(self):
        self.assertEqual(self.lines("slots", "--dlopen=./libuse.so:LAZY", "--dlopen=./libhook.so", "--dlopen=./libhook.so:GLOBAL",
                                    "--call=libuse.so:hook"), [
            "bindsim: slot ./libuse.so [0] symbol `hook': undefined", "bindsim: slot ./libuse.so [0] symbol `hook': undefined",
            "bindsim: slot ./libuse.so [0] symbol `hook': to ./libhook.so [0]"])

    def test_own_and_weak_slots(self):
        self.object("libmixed.so", """__attribute__((visibility("protected"))) int mine(void) { return 1; }
            __attribute__((weak)) int maybe(void); int use(void) { return mine() + maybe(); }""", "-Wl,-z,lazy")
        lines = self.lines("slots", "--dlopen=./libmixed.so:LAZY")
        self.assertIn("bindsim: slot ./libmixed.so [0] symbol `maybe': null", lines)
        self.assertIn("jumps to address 0", self.steps("--dlopen=./libmixed.so:LAZY", "--call=libmixed.so:maybe")[1])


class ConstructorTest(StepTest):
    """Calls of constructors happen inside the step that loads their object."""

    def order(self, *arguments):
        """The numbers of the steps in the order in which they are shown, with their outcomes."""
        answer = self.bindsim("--format=ld-debug", "./app", *arguments)
        return [line.partition(": step ")[2] for line in answer.out.splitlines() if ": step " in line]

    def test_promotion_comes_after_them(self):
        self.assertEqual(self.order("--init=libhook.so", "--dlopen=./libuse.so", "--end-init",
                                    "--dlopen=./libhook.so:GLOBAL", "--dlopen=./libuse.so"), [
            "0: ok", "2: ok", "1: failed: ./libuse.so: undefined symbol: hook", "3: ok"])

    def test_each_run_has_its_block(self):
        block = ["--init=libhook.so", "--dlsym=hook", "--end-init"]
        self.assertEqual(self.order(*block, *block, "--dlopen=./libhook.so", "--dlclose=3", "--dlopen=./libhook.so"), [
            "0: ok", "3: ok", "1: ok", "4: ok", "5: ok", "2: ok"])

    def test_constructors_that_never_run(self):
        answer = self.bindsim("./app", "--init=libhook.so", "--dlopen=./libuse.so:LAZY", "--end-init")
        self.assert_refused(answer, "step 1 is not reached: the constructors of libhook.so do not run")
        answer = self.bindsim("./app", "--dlopen=./libhook.so", "--init=libhook.so", "--dlsym=hook", "--end-init",
                              "--init=libhook.so", "--dlsym=hook", "--end-init")
        self.assert_refused(answer, "step 3 is not reached")

    def test_the_object_makes_the_calls(self):
        self.assertEqual(self.order("--init=libhook.so", "--dlsym=hook", "--end-init", "--dlopen=./libhook.so",
                                    "--dlsym=hook"),
                         ["0: ok", "2: ok", "1: ok", "3: failed: ./app: undefined symbol: hook"])

    def test_blocks_in_blocks(self):
        self.object("libinner.so", "int inner;")
        plan = ["--init=libhook.so", "--dlopen=./libinner.so", "--init=libinner.so", "--dlsym=inner", "--end-init",
                "--dlsym=hook", "--end-init", "--dlopen=./libhook.so"]
        self.assertEqual(self.order(*plan), ["0: ok", "4: ok", "1: ok", "2: ok", "3: ok"])

    def test_a_step_that_ends_the_process(self):
        plan = ["--dlopen=./libuse.so:LAZY", "--init=libhook.so", "--call=libuse.so:hook", "--end-init",
                "--dlopen=./libhook.so", "--dlopen=./libhook.so"]
        message = "failed: ./app: symbol lookup error: ./libuse.so: undefined symbol: hook"
        self.assertEqual(self.order(*plan), ["0: ok", "1: ok", f"3: {message}", f"2: {message}", "4: not reached"])


if __name__ == "__main__":
    unittest.main()
