#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Findings about what objects say they need: undeclared-dependency, needs-global, unused-needed and version-crossed."""

import unittest

from test_clashes import ClashTest

LIBRARY = "int one(void) { return 1; } int two(void) { return 2; }"
USER = "int one(void), two(void); int use(void) { return one() + two(); }"
ONE_USER = "int one(void); int use(void) { return one(); }"


class UndeclaredDependencyTest(ClashTest):
    RULE = "undeclared-dependency"

    def setUp(self):
        super().setUp()
        self.right = self.library("libright.so", LIBRARY)
        self.object("user.so", USER)

    GLOBAL = ["./app", "--dlopen=./libright.so:GLOBAL", "--dlopen=./user.so"]

    def test_opened_for_all(self):
        self.assertEqual(self.found(*self.GLOBAL),
                         [("warning", "user.so", "libright.so", ["one", "two"], ["comes-global"])])

    def test_weak_definitions(self):
        self.library("libright.so", LIBRARY.replace("int ", "__attribute__((weak)) int "))
        self.assertEqual(self.found(*self.GLOBAL), [])

    def test_it_says_which_step(self):
        text = self.bindsim(*self.GLOBAL).out
        self.assertIn("user.so is bound to libright.so, which it does not need, for 2 symbols (step 2)", text)
        self.assertIn("step 1, which put libright.so into the global scope when it opened libright.so", text)

    def test_what_the_opened_one_needs_is_there_for_all(self):
        self.object("host.so", "int host;", "-Wl,--no-as-needed", self.right)
        answer = self.bindsim("./app", "--dlopen=./host.so:GLOBAL", "--dlopen=./user.so")
        self.assertIn("step 1, which put libright.so into the global scope when it opened host.so", answer.out)

    def test_somebody_else_needs_it(self):
        self.object("other.so", ONE_USER, self.right)
        self.program("app", "int use(void); void _start(void) { use(); }", "-Wl,--no-as-needed",
                     "-Wl,--allow-shlib-undefined", str(self.directory / "user.so"), str(self.directory / "other.so"))
        self.assertEqual(self.found("./app"), [("warning", "user.so", "libright.so", ["one", "two"], ["comes-with"])])
        self.assertIn("through     other.so, which needs libright.so", self.bindsim("./app").out)

    def test_what_the_program_is_linked_with(self):
        """A host whose functions are in a library: its plugins use that as they would use the host."""
        self.program("app", "int one(void); void _start(void) { one(); }", self.right)
        self.assertEqual(self.levels("./app", "--dlopen=./user.so"), ["note"])
        self.program("app", "int use(void); void _start(void) { use(); }", "-Wl,--no-as-needed",
                     "-Wl,--allow-shlib-undefined", str(self.directory / "user.so"), self.right)
        self.assertEqual(self.levels("./app"), ["warning"])

    def test_at_the_first_call(self):
        self.assertEqual(self.levels(*self.GLOBAL[:2], "--dlopen=./user.so:LAZY"), ["warning"])

    def test_the_root_of_its_dlopen(self):
        self.object("plugin.so", "int back(void) { return 1; }", "-Wl,--no-as-needed",
                    self.library("libpart.so", "int back(void); int use(void) { return back(); }"))
        self.assertEqual(self.found("./app", "--dlopen=./plugin.so"),
                         [("warning", "libpart.so", "plugin.so", ["back"], ["comes-as-root"])])

    def test_what_is_needed_is_declared(self):
        self.object("user.so", USER, self.right)
        self.assertEqual(self.found(*self.GLOBAL), [])

    def test_needed_indirectly_is_too_common(self):
        middle = self.library("libmiddle.so", "int middle;", "-Wl,--no-as-needed", self.right)
        self.object("user.so", USER, "-Wl,--no-as-needed", middle)
        self.assertEqual(self.found("./app", "--dlopen=./user.so"), [])

    def test_weak_references(self):
        self.object("user.so", USER.replace("int one(void), two(void);",
                                            "__attribute__((weak)) int one(void), two(void);"))
        self.assertEqual(self.found(*self.GLOBAL), [])

    def test_a_definition_of_its_own(self):
        self.object("user.so", LIBRARY + "int use(void) { return one() + two(); }")
        self.assertEqual(self.found(*self.GLOBAL), [])

    def test_another_need_has_it_too(self):
        """Then captured-dependency tells of it."""
        self.object("user.so", USER, self.library("libother.so", LIBRARY))
        self.assertEqual(self.found(*self.GLOBAL), [])

    def test_plugins_use_their_host(self):
        self.program("host", LIBRARY + "void _start(void) {}", "-rdynamic")
        self.assertEqual(self.found("./host", "--dlopen=./user.so"),
                         [("note", "user.so", "host", ["one", "two"], ["comes-from-start"])])

    def test_the_preloaded_are_meant(self):
        self.assertEqual(self.found("--preload=./libright.so", "./app", "--dlopen=./user.so"),
                         [("note", "user.so", "libright.so", ["one", "two"], ["comes-from-start"])])

    def test_libc_is_a_note(self):
        self.library("libright.so", LIBRARY, "-Wl,-soname,libm.so.6")
        self.assertEqual(self.levels(*self.GLOBAL), ["note"])

    def test_what_may_be_replaced(self):
        heap = "void *malloc(unsigned long n) { return (void *)n; } void free(void *p) { (void)p; }"
        self.object("libright.so", heap, "-fno-builtin")
        self.object("user.so", "void *malloc(unsigned long); void free(void *); void use(void) { free(malloc(1)); }",
                    "-fno-builtin", "-O0")
        self.assertEqual(self.found(*self.GLOBAL), [])

    def test_an_unwinder(self):
        self.object("libright.so", "int _Unwind_Resume(void) { return 1; }")
        self.object("user.so", "int _Unwind_Resume(void); int use(void) { return _Unwind_Resume(); }")
        self.assertEqual(self.found(*self.GLOBAL), [])

    def test_a_copy_relocation(self):
        data = self.library("libdata.so", "int data = 1; int *where(void) { return &data; }")
        self.object("libuser.so", "extern int data; int use(void) { return data; }")
        self.program("app", "extern int data; int use(void); void _start(void) { data = use(); }", "-no-pie", "-fno-pie",
                     "-Wl,--allow-shlib-undefined", str(self.directory / "libuser.so"), data)
        self.assertEqual(self.found("./app"), [])


class NeedsGlobalTest(ClashTest):
    RULE = "needs-global"
    STATUS = 1

    def setUp(self):
        super().setUp()
        self.object("libright.so", LIBRARY)
        self.object("user.so", USER)

    def test_opened_apart(self):
        self.assertEqual(self.found("./app", "--dlopen=./libright.so:LOCAL", "--dlopen=./user.so"),
                         [("error", "user.so", "libright.so", ["one", "two"], ["opened-local"])])

    def test_it_says_which_step(self):
        self.object("host.so", "int host;", "-Wl,--no-as-needed", "./libright.so", "-Wl,-rpath,$ORIGIN")
        text = self.bindsim("./app", "--dlopen=./host.so:LOCAL", "--dlopen=./user.so").out
        self.assertIn("user.so is not bound to libright.so, which has 2 symbols that it misses (step 2)", text)
        self.assertIn("step 1 opened host.so with RTLD_LOCAL", text)

    def test_another_namespace(self):
        self.assertEqual(self.found("./app", "--dlmopen=./libright.so", "--dlopen=./user.so"),
                         [("error", "user.so", "libright.so", ["one", "two"], ["other-namespace"])])

    def test_the_same_namespace_comes_first(self):
        self.object("copy.so", LIBRARY)
        (_, _, target, _, facts), = self.found("./app", "--dlmopen=./copy.so", "--dlopen=./libright.so:LOCAL",
                                               "--dlopen=./user.so")
        self.assertEqual((target, facts), ("libright.so", ["opened-local"]))

    def test_data(self):
        self.object("libright.so", "int data = 1;")
        self.object("user.so", "extern int data; int use(void) { return data; }")
        self.assertEqual(len(self.found("./app", "--dlopen=./libright.so", "--dlopen=./user.so:LAZY")), 1)

    def test_a_call_that_ends_the_process(self):
        self.assertEqual(self.found("./app", "--dlopen=./libright.so", "--dlopen=./user.so:LAZY",
                                    "--call=user.so:one"),
                         [("error", "user.so", "libright.so", ["one"], ["opened-local"]),
                          ("error", "user.so", "libright.so", ["two"], ["opened-local"])])

    def test_a_version_that_fits(self):
        self.file("one.map", "ONE { global: *; };")
        self.file("two.map", "TWO { global: *; };")
        self.object("libright.so", LIBRARY, "-Wl,--version-script,one.map", "-Wl,-soname,libright.so")
        self.object("user.so", ONE_USER, "./libright.so", "-Wl,-rpath,$ORIGIN")
        self.object("other.so", LIBRARY, "-Wl,--version-script,two.map")
        self.object("libright.so", "int nothing;", "-Wl,--version-script,one.map", "-Wl,-soname,libright.so",
                    "-Wl,--undefined-version")
        self.assertEqual(self.found("./app", "--dlopen=./other.so", "--dlopen=./user.so"), [])

    def test_nobody_has_it(self):
        self.assertEqual(self.found("./app", "--dlopen=./user.so"), [])
        self.object("libright.so", "static int one(void) { return 1; } int (*call)(void) = one;")
        self.assertEqual(self.found("./app", "--dlopen=./libright.so", "--dlopen=./user.so"), [])

    def test_it_is_gone(self):
        self.assertEqual(self.found("./app", "--dlopen=./libright.so", "--dlclose=1", "--dlopen=./user.so"), [])

    def test_constructors_are_running(self):
        """Their object comes into the global scope when they are over."""
        plan = ["./app", "--init", "libright.so", "--dlopen=./user.so", "--end-init", "--dlopen=./libright.so"]
        self.assertEqual(self.found(*plan), [("error", "user.so", "libright.so", ["one", "two"], ["opened-local"])])
        self.assertEqual(self.found(*plan[:-1], "--dlopen=./libright.so:GLOBAL"), [])

    def test_a_dlsym_that_finds_nothing(self):
        self.assertEqual(self.found("./app", "--dlopen=./libright.so", "--dlsym=one"), [])


class NeedsGlobalLaterTest(ClashTest):
    """Slots that wait, in a plan that succeeds."""

    RULE = "needs-global"

    def setUp(self):
        super().setUp()
        self.object("libright.so", LIBRARY)
        self.object("user.so", USER)

    def test_a_first_call_would_end_the_process(self):
        self.assertEqual(self.found("./app", "--dlopen=./libright.so:LOCAL", "--dlopen=./user.so:LAZY"),
                         [("error", "user.so", "libright.so", ["one", "two"], ["opened-local"])])

    def test_opened_for_all(self):
        self.assertEqual(self.found("./app", "--dlopen=./libright.so:GLOBAL", "--dlopen=./user.so:LAZY"), [])

    def test_promoted_later(self):
        self.assertEqual(self.found("./app", "--dlopen=./libright.so:LOCAL", "--dlopen=./user.so:LAZY",
                                    "--dlopen=./libright.so:GLOBAL"), [])

    def test_weak_references(self):
        self.object("user.so", USER.replace("int one(void), two(void);",
                                            "__attribute__((weak)) int one(void), two(void);"))
        self.assertEqual(self.found("./app", "--dlopen=./libright.so:LOCAL", "--dlopen=./user.so"), [])


class UnusedNeededTest(ClashTest):
    RULE = "unused-needed"

    def setUp(self):
        super().setUp()
        self.right = self.library("libright.so", LIBRARY)
        self.other = self.library("libother.so", "int other(void) { return 3; }")

    def test_nothing_is_bound_to_it(self):
        self.program("app", "int one(void); void _start(void) { one(); }", "-Wl,--no-as-needed", self.right, self.other)
        self.assertEqual(self.found("./app"), [("note", "app", "libother.so", [], [])])
        self.assertEqual(self.found("./app", "--bind-now"), [("note", "app", "libother.so", [], [])])
        self.assertIn(str(self.directory / "libother.so"), self.bindsim("--format=ldd", "--show=unused", "./app").out)

    def test_all_is_used(self):
        self.program("app", "int one(void), other(void); void _start(void) { one(); other(); }", self.right, self.other)
        self.assertEqual(self.found("./app"), [])

    def test_libraries_too(self):
        user = self.library("libuser.so", ONE_USER, "-Wl,--no-as-needed", self.right, self.other)
        self.program("app", "int use(void); void _start(void) { use(); }", user)
        self.assertEqual(self.found("./app"), [("note", "libuser.so", "libother.so", [], [])])

    def test_in_a_dlopen(self):
        self.object("user.so", ONE_USER, "-Wl,--no-as-needed", self.right, self.other)
        self.assertEqual(self.found("./app", "--dlopen=./user.so"), [("note", "user.so", "libother.so", [], [])])
        self.assertEqual(self.found("./app", "--dlopen=./user.so:LAZY"), [("note", "user.so", "libother.so", [], [])])

    def test_the_loader_s_stand_in(self):
        loader = self.library("libloader.so", "int nothing;", "-Wl,-soname,ld-linux-x86-64.so.2")
        self.object("user.so", ONE_USER, "-Wl,--no-as-needed", self.right, self.other, loader)
        self.assertEqual(self.found("./app", "--dlmopen=./user.so"), [("note", "user.so", "libother.so", [], [])])

    def test_another_one_has_the_symbol(self):
        first = self.library("libfirst.so", LIBRARY)
        self.program("app", "int one(void); void _start(void) { one(); }", "-Wl,--no-as-needed", first, self.right)
        self.assertEqual(self.found("./app"), [("note", "app", "libright.so", [], [])])

    def test_a_copy_relocation_uses_it(self):
        data = self.library("libdata.so", "int data = 1;")
        self.program("app", "extern int data; void _start(void) { data = 2; }", "-no-pie", "-fno-pie", data)
        self.assertEqual(self.found("./app"), [])

    def test_what_binds_nothing_gathers_others(self):
        group = self.library("libgroup.so", "static int group; int *get(void) { return &group; }", "-Wl,--no-as-needed",
                             self.right, self.other)
        self.program("app", "int *get(void); void _start(void) { get(); }", group)
        self.assertEqual(self.found("./app"), [])

    def test_libc(self):
        libc = self.library("libfake.so", LIBRARY, "-Wl,-soname,libc.so.6")
        self.program("app", "int other(void); void _start(void) { other(); }", "-Wl,--no-as-needed", libc, self.other,
                     "-Wl,-rpath,$ORIGIN")
        (self.directory / "libfake.so").rename(self.directory / "libc.so.6")
        self.assertEqual(self.found("./app"), [])


class VersionCrossedTest(ClashTest):
    RULE = "version-crossed"

    def setUp(self):
        super().setUp()
        self.file("node.map", "NODE_1 { global: *; };")

    def versioned(self, name, source):
        return self.library(name, source, "-Wl,--version-script,node.map", f"-Wl,-soname,{name}")

    def linked(self, name, source, *libraries):
        self.object(name, source, *libraries, "-Wl,-rpath,$ORIGIN", "-Wl,--allow-shlib-undefined")

    def test_a_foreign_copy(self):
        """The library has lost the functions, a program has them."""
        self.linked("user.so", USER, self.versioned("libright.so", LIBRARY))
        self.versioned("libright.so", "int nothing;")
        self.program("app", LIBRARY + "void _start(void) {}", "-rdynamic")
        self.assertEqual(self.found("./app", "--dlopen=./user.so"),
                         [("warning", "user.so", "app", ["one", "two"], ["asks-for-version", "version-of"])])
        text = self.bindsim("./app", "--dlopen=./user.so").out
        self.assertIn("2 references ask for one, such as NODE_1, and app has none", text)
        self.assertIn("libright.so, which was to have these versions", text)

    def test_it_has_the_version(self):
        self.linked("user.so", USER, self.versioned("libright.so", LIBRARY))
        self.assertEqual(self.found("./app", "--dlopen=./user.so"), [])

    def test_what_is_meant_to_be_merged(self):
        """Weak in both: that the object's own definitions have versions makes no finding of it."""
        weak = LIBRARY.replace("int ", "__attribute__((weak)) int ")
        self.versioned("user.so", weak + USER)
        self.program("app", weak + "void _start(void) {}", "-rdynamic")
        self.assertEqual(self.found("./app", "--dlopen=./user.so"), [])

    def test_a_worse_finding_has_it(self):
        """captured-dependency tells of the pair."""
        self.linked("user.so", USER, self.versioned("libright.so", LIBRARY))
        self.program("app", LIBRARY + "void _start(void) {}", "-rdynamic")
        plan = ["./app", "--dlopen=./user.so"]
        self.assertEqual(self.found(*plan), [])
        self.RULE = "captured-dependency"
        self.assertEqual(self.found(*plan), [("warning", "user.so", "app", ["one", "two"],
                                              ["needed-definer", "asks-for-version", "version-of"])])

    def test_captured_references_have_it(self):
        self.object("second.so", LIBRARY + "int use(void) { return one() + two(); }", "-Wl,--version-script,node.map")
        self.program("app", LIBRARY + "void _start(void) {}", "-rdynamic")
        plan = ["./app", "--dlopen=./second.so"]
        self.assertEqual(self.found(*plan), [])
        self.RULE = "captured-references"
        (_, _, _, _, facts), = self.found(*plan)
        self.assertIn("asks-for-version", facts)
        # Where neither has versions there is nothing to cross.
        self.object("second.so", LIBRARY + "int use(void) { return one() + two(); }")
        (_, _, _, _, facts), = self.found(*plan)
        self.assertNotIn("asks-for-version", facts)

    def test_libc_is_a_note(self):
        """A program with a getenv of its own has taken libc's place, for all."""
        self.linked("user.so", USER, self.versioned("libc.so.6", LIBRARY))
        self.program("app", LIBRARY + "void _start(void) {}", "-rdynamic")
        self.assertEqual(self.found("./app", "--dlopen=./user.so"),
                         [("note", "user.so", "app", ["one", "two"], ["asks-for-version", "version-of"])])

    def test_the_named_file_has_lost_its_versions(self):
        self.linked("user.so", USER, self.versioned("libright.so", LIBRARY))
        self.library("libright.so", LIBRARY, "-Wl,-soname,libright.so")
        # Older ones end the process with an assertion.
        self.assertEqual(self.found("--loader=glibc:2.41", "./app", "--dlopen=./user.so"),
                         [("note", "user.so", "libright.so", ["one", "two"], ["asks-for-version", "named-file"])])

    def test_no_version_is_asked_for(self):
        self.linked("user.so", USER, self.library("libright.so", LIBRARY, "-Wl,-soname,libright.so"))
        self.versioned("libright.so", LIBRARY)
        self.assertEqual(self.found("./app", "--dlopen=./user.so"),
                         [("note", "user.so", "libright.so", ["one", "two"], ["asks-for-none"])])

    def test_the_count_of_notes_is_the_same_unseen(self):
        self.linked("user.so", USER, self.library("libright.so", LIBRARY, "-Wl,-soname,libright.so"))
        self.versioned("libright.so", LIBRARY)
        self.assertIn("1 note not shown", self.bindsim("./app", "--dlopen=./user.so").out)

    def test_weak_references_ask_for_none(self):
        weak = USER.replace("int one(void), two(void);", "__attribute__((weak)) int one(void), two(void);")
        self.linked("user.so", weak, "-Wl,--no-as-needed", self.library("libright.so", LIBRARY, "-Wl,-soname,libright.so"))
        self.versioned("libright.so", LIBRARY)
        self.assertEqual(self.found("./app", "--dlopen=./user.so"), [])

    def test_the_preloaded_are_meant(self):
        self.linked("user.so", USER, self.versioned("libright.so", LIBRARY))
        self.object("first.so", LIBRARY)
        self.assertEqual(self.found("--preload=./first.so", "./app", "--dlopen=./user.so"), [])

    def test_an_allocator_is_meant(self):
        heap, use = (text.replace("one", "malloc").replace("two", "free") for text in (LIBRARY, USER))
        self.linked("user.so", use, "-fno-builtin", self.versioned("libright.so", "int nothing;"),
                    self.library("libheap.so", heap, "-fno-builtin", "-Wl,--version-script,node.map"))
        self.library("libheap.so", "int nothing;", "-Wl,--version-script,node.map")
        self.program("app", heap + "void _start(void) {}", "-rdynamic", "-fno-builtin")
        self.assertEqual(self.found("./app", "--dlopen=./user.so"), [])

    def test_a_copy_relocation(self):
        data = self.versioned("libdata.so", "int data = 1; int *where(void) { return &data; }")
        self.program("app", "extern int data; int *where(void); void _start(void) { data = *where(); }", "-no-pie",
                     "-fno-pie", data, "-Wl,-rpath,$ORIGIN")
        self.assertEqual(self.found("./app"), [])

    def test_a_loader_that_compares_no_versions(self):
        self.linked("user.so", USER, self.versioned("libright.so", LIBRARY))
        self.versioned("libright.so", "int nothing;")
        self.program("app", LIBRARY + "void _start(void) {}", "-rdynamic")
        self.assertEqual(self.found("--loader=musl", "./app", "--dlopen=./user.so"), [])


if __name__ == "__main__":
    unittest.main()
