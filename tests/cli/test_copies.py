#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Two copies of one library: whether their code is the same, whether an object is torn in two, whose constructors run."""

import json
import os
import shutil
import unittest
from unittest import mock

import harness
from harness import CommandLineTest

NAMES = ("one", "two", "three")


def functions(value=1, body="return {0};", names=NAMES):
    """Three functions; a build with another VALUE or BODY is another build of them."""
    return "".join(f"int {name}(void) {{ {body.format(value)} }}\n" for name in names)


def uses(names=NAMES):
    return f"int use(void) {{ return {' + '.join(f'{name}()' for name in names)}; }}\n"


class CopiesTest(CommandLineTest):
    def setUp(self):
        super().setUp()
        self.program()

    def findings(self, *arguments):
        """Rule, level, objects, and the evidence by its kind."""
        answer = self.bindsim("--format=json", *arguments)
        self.assertEqual(answer.status, 0, answer)
        document = json.loads(answer.out)
        names = [os.path.basename(item["name"]) for item in document["objects"]] + ["nobody"]
        found = [(f["rule"], f["level"], names[f["from"]], names[-1 if f["to"] is None else f["to"]],
                  {fact["kind"]: fact for fact in f["evidence"]}) for f in document["findings"]]
        text = self.bindsim("--show=findings,notes", *arguments).out
        told = [tuple(line.split(": ")[1::-1]) for line in text.splitlines()
                if line.startswith(("error: ", "warning: ", "note: "))]
        self.assertEqual(sorted(told), sorted((rule, level) for rule, level, *_ in found), text)
        return found

    def rules(self, *arguments):
        return [(rule, level) for rule, level, *_ in self.findings(*arguments)]

    PLAN = ("./app", "--dlopen=./first.so:GLOBAL", "--dlopen=./second.so")

    def pair(self, first, second, *options):
        """The findings when second.so is captured by first.so."""
        # clang takes it that nothing is interposed, unless it is told otherwise.
        self.object("first.so", first, "-fsemantic-interposition", *options)
        self.object("second.so", second, "-fsemantic-interposition", *options)
        return self.findings(*self.PLAN)


class SameCodeTest(CopiesTest):
    """A copy that is the same build is no error."""

    def same(self, first, second, *options):
        """How many functions of second.so are the same in first.so, of how many, and the level."""
        (_, level, _, _, evidence), = self.pair(first, second, *options)
        return evidence["same-code"]["n"], evidence["same-code"]["of"], level

    def test_constants_differ(self):
        self.assertEqual(self.same(functions(1), functions(2) + uses()), (0, 3, "error"))

    def test_two_of_them(self):
        names = NAMES[:2]
        self.assertEqual(self.same(functions(1, names=names), functions(2, names=names) + uses(names)), (0, 2, "warning"))
        self.assertEqual(self.same(functions(1, names=names), functions(1, names=names) + uses(names)), (2, 2, "note"))

    def test_all_the_same(self):
        self.assertEqual(self.same(functions(1), functions(1) + uses()), (3, 3, "warning"))

    def test_one_differs(self):
        other = functions(1, names=NAMES[:2]) + functions(2, names=NAMES[2:])
        self.assertEqual(self.same(functions(1), other + uses()), (2, 3, "error"))

    def test_what_is_called_lies_elsewhere(self):
        """Calls, variables and constants are found relative to the place; that must not count."""
        body = ('static int n; static const char *const words[] = {{ "a", "b" }}; extern int helper(const char *, int);'
                "return helper(words[n & 1], 5) + n++ + (n > 3 ? helper(\"text\", 7) : {0});")
        helper = "__attribute__((noinline)) int helper(const char *s, int n) { return *s + n; }"
        padding = "int padding(int x) { return x * 77 + 5; } const char table[1000] = { 1 }; int zero[500];"
        mine = functions(1, body) + helper
        self.assertEqual(self.same(mine, padding + mine + uses(), "-O2")[2], "warning")
        self.assertEqual(self.same(mine, padding + mine.replace('"text"', '"mark"') + uses(), "-O2")[2], "error")

    def test_a_switch(self):
        """Tables of jumps hold distances that differ from build to build."""
        cases = "".join(f"case {i}: return other({i * i + 3});" for i in range(12))
        body = f"extern int other(int), which; switch (which) {{{{ {cases} }}}} return {{0}};"
        common = "int which = 1; __attribute__((noinline)) int other(int n) { return n + which; }"
        first, second = functions(1, body) + common, functions(1, body) + common
        padding = "const int pad[77] = { 1 }; int more(int x) { return pad[x] * 77; }"
        self.assertEqual(self.same(first, padding + second + uses(), "-O2")[2], "warning")
        changed = second.replace("other(3)", "other(77)")
        self.assertEqual(self.same(first, padding + changed + uses(), "-O2")[2], "error")

    def test_variables_of_other_sizes(self):
        first, second = functions() + "int table[4] = { 1 };", functions() + uses() + "int table[5] = { 1 }; int *p = table;"
        self.assertIn(("captured-references", "error"), [f[:2] for f in self.pair(first, second)])


AARCH64 = "aarch64-linux-gnu-gcc"


@unittest.skipUnless(shutil.which(AARCH64), f"needs {AARCH64}")
class SameCodeOnAarch64Test(SameCodeTest):
    """The same for instructions of AArch64, with constants and code in one segment, as its link editor likes it."""

    def setUp(self):
        compiler = mock.patch.object(harness, "CC", [AARCH64])
        compiler.start()
        self.addCleanup(compiler.stop)
        super().setUp()
        self.file("lib/ld-linux-aarch64.so.1", (self.directory / "app").read_bytes())

    def bindsim(self, *arguments, **options):
        return super().bindsim("--root=.", "--loader=glibc:2.36", *arguments, **options)


class SplitCopyTest(CopiesTest):
    def test_part_of_it_stays(self):
        """A version script of the other object hides a name that both have: versions keep it at home."""
        names = tuple(f"_ZN3lib{len(name)}{name}Ev" for name in (*NAMES, "four"))
        (rule, level, source, target, evidence), = self.pair(functions(1, names=names[:3]),
                                                             functions(2, names=names) + uses(names))
        self.assertEqual((rule, level, source, target), ("split-copy", "error", "second.so", "first.so"))
        self.assertEqual(evidence["stays"]["n"], 1)

    def test_what_stays_is_something_else(self):
        names = tuple(f"_ZN3lib{len(name)}{name}Ev" for name in NAMES)
        own = functions(3, names=("_ZN4mine4fourEv", "plain"))
        found = self.pair(functions(1, names=names),
                          functions(2, names=names) + own + uses((*names, "_ZN4mine4fourEv", "plain")))
        self.assertEqual([f[:2] for f in found], [("captured-references", "error")])

    def test_a_prefix(self):
        names = tuple(f"shape_{name}" for name in (*NAMES, "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"))
        first = functions(1, names=names[:10])
        found = self.pair(first, functions(2, names=names) + uses(names))
        self.assertEqual([(f[0], f[4]["stays"]["n"]) for f in found], [("split-copy", 1)])
        other = (*names[:10], "other_name")
        found = self.pair(first, functions(2, names=other) + uses(other))
        self.assertEqual([f[0] for f in found], ["captured-references"])

    def test_both_have_it_and_it_stays(self):
        protected = '__attribute__((visibility("protected"))) int kept = 1; int *keeps = &kept;'
        (rule, level, *_), = self.pair(functions(1) + protected, functions(2) + uses() + protected)
        self.assertEqual((rule, level), ("split-copy", "error"))

    def test_one_source_with_more_of_it(self):
        names = tuple(f"_ZN3lib{len(name)}{name}Ev" for name in (*NAMES, "four"))
        (rule, level, *_), = self.pair(functions(1, names=names[:3]), functions(1, names=names) + uses(names))
        self.assertEqual((rule, level), ("captured-references", "warning"))


# What a C++ compiler makes of a variable with a constructor and a destructor.
REGISTRY = """
extern int __cxa_atexit(void (*)(void *), void *, void *);
struct { long first, last; } registry;
static void destroy(void *p) { (void)p; }
__attribute__((constructor)) static void construct(void) { registry.first = 1; __cxa_atexit(destroy, &registry, 0); }
__attribute__((constructor)) static void also(void) { registry.last = 1; }
long more = 1, *counts = &more;
"""
ATEXIT = "int __cxa_atexit(void (*f)(void *), void *p, void *d) { return !f + !p + !d; }"


class ConstructedTwiceTest(CopiesTest):
    def setUp(self):
        super().setUp()
        self.program("app", ATEXIT + "void _start(void) {}", "-rdynamic")

    def levels(self, first, second, *arguments):
        self.object("first.so", first)
        self.object("second.so", second)
        return [f[1] for f in self.findings(*arguments, *self.PLAN) if f[0] == "constructed-twice"]

    def test_one_variable(self):
        self.assertEqual(self.levels(REGISTRY, REGISTRY), ["warning"])

    def test_each_its_own(self):
        self.assertEqual(self.levels(REGISTRY, REGISTRY.replace("struct {", "static struct {")), [])

    def test_no_constructors(self):
        plain = REGISTRY.replace("__attribute__((constructor))", "__attribute__((used))")
        self.assertEqual(self.levels(plain, REGISTRY), [])

    def test_what_stands_in_the_file(self):
        self.assertEqual(self.levels(REGISTRY.replace("registry;", "registry = { 7, 7 };"), REGISTRY), [])

    DB = "[shapes]\nsoname = libshapes.so*\nmarker = one two\n"

    def test_a_library_that_is_known_for_it(self):
        known = self.file("known.conf", self.DB + "twice = both count the same shapes\n")
        quiet = self.file("quiet.conf", self.DB)
        copies = functions(1), functions(1) + uses()
        self.assertEqual(self.levels(*copies, f"--library-db={quiet}"), [])
        self.assertEqual(self.levels(*copies, f"--library-db={known}"), ["error"])
        # The last one to say something about it is right.
        self.assertEqual(self.levels(*copies, f"--library-db={known}", f"--library-db={quiet}"), [])
        facts = [f[4] for f in self.findings(f"--library-db={known}", *self.PLAN) if f[0] == "constructed-twice"]
        self.assertEqual(facts[0]["known-harm"]["text"], "both count the same shapes")
        self.assertEqual(facts[0]["carried-by-both"]["text"], "shapes")

    def test_who_does_not_carry_it(self):
        known = self.file("known.conf", self.DB.replace("one two", "one four") + "twice = both count the same shapes\n")
        self.assertEqual(self.levels(functions(1), functions(1) + uses(), f"--library-db={known}"), [])


class StableTest(CopiesTest):
    """A library whose interface is kept: one copy does for another."""

    DB = "[shapes]\nsoname = libshapes*.so*\nmarker = one two three\n"

    def levels(self, rule, second, *libraries, stable="yes"):
        known = self.file("known.conf", self.DB + f"stable = {stable}\n")
        self.object("libshapes.so.1", functions(1))
        self.object("second.so", second, *libraries)
        plan = ("./app", "--dlopen=./libshapes.so.1:GLOBAL", "--dlopen=./second.so")
        return [f[1] for f in self.findings(f"--library-db={known}", *plan) if f[0] == rule]

    def test_all_of_it_goes(self):
        self.assertEqual(self.levels("captured-references", functions(2) + uses()), ["warning"])
        self.assertEqual(self.levels("captured-references", functions(2) + uses(), stable="no"), ["error"])

    def test_part_of_it_stays(self):
        protected = '__attribute__((visibility("protected"))) int kept = 1; int *keeps = &kept;'
        self.file("known.conf", self.DB + "stable = yes\n")
        self.object("libshapes.so.2", functions(1) + protected)
        self.object("third.so", functions(2) + uses() + protected)
        found = self.findings("--library-db=known.conf", "./app", "--dlopen=./libshapes.so.2:GLOBAL", "--dlopen=./third.so")
        self.assertEqual([f[:2] for f in found], [("split-copy", "error")])

    def test_another_library(self):
        self.DB = self.DB.replace("three", "other")
        self.assertEqual(self.levels("captured-references", functions(2) + uses()), ["error"])

    def test_what_another_copy_is_used_for(self):
        """It needs the library and gets the copy in another object."""
        known = self.file("known.conf", self.DB + "stable = yes\n")
        shapes = str(self.object("libshapes.so.1", functions(1)))
        self.object("copy.so", functions(2))
        calls = "".join(f"int {name}(void);" for name in NAMES) + uses()
        self.object("user.so", calls, shapes)
        plan = ("./app", "--dlopen=./copy.so:GLOBAL", "--dlopen=./user.so")
        self.assertEqual([f[1] for f in self.findings(*plan) if f[0] == "captured-dependency"], ["error"])
        found = [f for f in self.findings(f"--library-db={known}", *plan) if f[0] == "captured-dependency"]
        self.assertEqual([(f[1], f[4]["stable"]["text"]) for f in found], [("warning", "shapes")])


VERSION = 'const char banner[] = "libshapes version 4.2.1-rc1 of today";'


class LeakTest(CopiesTest):
    DB = "[shapes]\nsoname = libshapes*.so*\nmarker = one two\nmarker = three\nversion = libshapes version * of\n"

    def found(self, *arguments):
        self.file("known.conf", self.DB)
        return [f for f in self.findings("--library-db=known.conf", *arguments) if f[0] == "leaked-static-runtime"]

    def test_nobody_else_has_it(self):
        self.object("plugin.so", functions() + VERSION)
        (_, level, source, target, evidence), = self.found("./app", "--dlopen=./plugin.so")
        self.assertEqual((level, source, target), ("note", "plugin.so", "nobody"))
        self.assertEqual(evidence["carries"]["text"], "shapes 4.2.1-rc1")

    def test_the_library_is_there_too(self):
        self.object("plugin.so", functions())
        self.object("libshapes.so.1", functions())
        (_, level, source, target, evidence), = self.found("./app", "--dlopen=./libshapes.so.1", "--dlopen=./plugin.so")
        self.assertEqual((level, source, target), ("warning", "plugin.so", "libshapes.so.1"))
        self.assertEqual((evidence["carries"]["text"], sorted(evidence)), ("shapes", ["also-in", "carries"]))

    def test_another_copy_is_there_too(self):
        self.object("plugin.so", functions())
        self.object("other.so", functions())
        found = self.found("./app", "--dlopen=./other.so", "--dlopen=./plugin.so")
        self.assertEqual([f[1:4] for f in found], [("warning", "other.so", "plugin.so"), ("warning", "plugin.so", "other.so")])

    def test_a_namespace_keeps_them_apart(self):
        self.object("plugin.so", functions())
        self.object("libshapes.so.1", functions())
        found = self.found("./app", "--dlmopen=./libshapes.so.1", "--dlopen=./plugin.so")
        self.assertEqual([f[1:4] for f in found], [("note", "plugin.so", "nobody")])

    def test_the_library_itself(self):
        self.object("libshapes-2.so", functions())
        self.object("renamed.so", functions(), "-Wl,-soname,libshapes.so.1")
        self.assertEqual(self.found("./app", "--dlopen=./libshapes-2.so"), [])
        self.assertEqual(self.found("./app", "--dlopen=./renamed.so"), [])

    def test_a_part_of_it(self):
        self.object("plugin.so", functions(names=NAMES[:2]))
        self.assertEqual(self.found("./app", "--dlopen=./plugin.so"), [])
        self.DB += "least = 2\n"
        self.assertEqual(len(self.found("./app", "--dlopen=./plugin.so")), 1)

    def test_what_is_hidden_does_not_leak(self):
        self.object("plugin.so", functions(), "-fvisibility=hidden")
        self.assertEqual(self.found("./app", "--dlopen=./plugin.so"), [])

    def test_a_program_serves_its_plugins(self):
        self.program("app", functions() + "void _start(void) {}", "-rdynamic")
        self.object("libshapes.so.1", functions())
        (_, level, source, _, _), = self.found("./app", "--dlopen=./libshapes.so.1")
        self.assertEqual((level, source), ("note", "app"))

    def test_what_comes_with_the_tool(self):
        names = ("EVP_DigestInit_ex", "EVP_EncryptInit_ex", "ERR_get_error", "RAND_bytes")
        banner = 'const char banner[] = "OpenSSL 3.0.99 1 Jan 2030";'
        self.object("plugin.so", functions(names=names) + banner)
        self.object("half.so", functions(names=names[:3]) + banner)
        facts = [f[4]["carries"]["text"] for f in self.findings("./app", "--dlopen=./plugin.so") if f[0] == "leaked-static-runtime"]
        self.assertEqual(facts, ["OpenSSL 3.0.99"])
        self.assertEqual(self.rules("./app", "--dlopen=./half.so"), [])


UNWINDER = "".join(f"int _Unwind_{name}(void) {{{{ return {{0}}; }}}}" for name in ("RaiseException", "Resume", "GetIP", "SetGR"))
RUNTIME = "int _Unwind_RaiseException(void); int raise(void) { return _Unwind_RaiseException(); }"
THROUGH = "int _Unwind_Resume(void), raise(void); int through(void) { return raise() + _Unwind_Resume(); }"


class UnwinderTest(CopiesTest):
    """libunwind.so.8 is an unwinder, too, and stands in for libgcc_s.so.1, or for a part of the process."""

    def setUp(self):
        super().setUp()
        one = str(self.object("libgcc_s.so.1", UNWINDER.format(1)))
        two = str(self.object("libunwind.so.8", UNWINDER.format(2)))
        runtime = str(self.object("libruntime.so", RUNTIME, one))
        self.object("plugin.so", THROUGH, runtime, one)
        self.object("first.so", THROUGH, two, runtime, one)

    def rules(self, *arguments):
        """But for needs: not all that is linked against is used."""
        return [f[:2] for f in self.findings(*arguments) if f[0] != "unused-needed"]

    def test_one_serves_all(self):
        self.assertEqual(self.rules("./app", "--dlopen=./plugin.so"), [])
        self.assertEqual(self.rules("./app", "--dlopen=./libunwind.so.8:GLOBAL", "--dlopen=./plugin.so"), [])
        self.assertEqual(self.rules("./app", "--dlopen=./first.so"), [])

    def test_an_earlier_one_keeps_its_own(self):
        found = self.findings("./app", "--dlopen=./libruntime.so", "--dlopen=./first.so")
        (rule, level, source, target, evidence), = [f for f in found if f[0] != "unused-needed"]
        self.assertEqual((rule, level, source, target), ("mixed-unwinders", "error", "first.so", "libunwind.so.8"))
        self.assertEqual(sorted(evidence), ["raised-by", "raised-with"])

    def test_a_namespace_of_its_own(self):
        self.assertEqual(self.rules("./app", "--dlopen=./plugin.so", "--dlmopen=./first.so"), [])

    def test_what_an_unwinder_has_inside(self):
        inside = UNWINDER.format(3) + "int personality(void) { return _Unwind_GetIP() + _Unwind_SetGR() + _Unwind_Resume(); }"
        self.object("libgcc_s.so.1", inside)
        self.assertEqual(self.rules("./app", "--dlopen=./libunwind.so.8:GLOBAL", "--dlopen=./plugin.so"), [])


class LibraryFileTest(CopiesTest):
    """What is wrong with a file is said with its place, and nothing is simulated."""

    def problem(self, text):
        self.file("libs.conf", text)
        answer = self.bindsim("--library-db=libs.conf", "./app")
        self.assertEqual((answer.status, answer.out), (2, ""), answer)
        return answer.err

    GOOD = "[a]\nsoname = liba.so*\nmarker = a\n"

    def test_good(self):
        self.file("libs.conf", "; words\n\n" + self.GOOD)
        self.assertEqual(self.bindsim("--library-db=libs.conf", "./app").status, 0)
        self.assertEqual(self.bindsim("--library-db=-", "./app", input=self.GOOD.encode()).status, 0)

    def test_problems(self):
        for text, problem in ((self.GOOD + "colour = red\n", "libs.conf:4: no such key"),
                              ("soname = a\n", "libs.conf:1: a section has to come first"),
                              (self.GOOD + "nonsense\n", "libs.conf:4: neither"),
                              (self.GOOD + "least = none\n", "libs.conf:4: `least'"),
                              (self.GOOD + "least = 2\n", "libs.conf: [a] asks for more markers than it has"),
                              (self.GOOD + "stable = true\n", "libs.conf:4: `stable'"),
                              (self.GOOD + "version = 1.0\n", "libs.conf:4: `version'"),
                              (self.GOOD + "version = * of a\n", "libs.conf:4: `version'"),
                              (self.GOOD + "twice =\n", "libs.conf:4: nothing stands behind"),
                              ("[a]\nsoname = a\n", "libs.conf: [a] has no marker"),
                              ("[a]\nmarker = a\n", "libs.conf: [a] has no soname"),
                              (self.GOOD + "marker = " + "b" * 200 + "\n", "libs.conf:4: the line is longer"),
                              ("[" + "a" * 60 + "]\n", "libs.conf:1: the name is longer"),
                              (self.GOOD + "\0", "libs.conf: it has a NUL byte at offset 33")):
            self.assertIn(problem, self.problem(text))

    def test_no_file(self):
        answer = self.bindsim("--library-db=nowhere.conf", "./app")
        self.assertEqual((answer.status, answer.out), (2, ""))
        self.assertIn("nowhere.conf: No such file or directory", answer.err)


if __name__ == "__main__":
    unittest.main()
