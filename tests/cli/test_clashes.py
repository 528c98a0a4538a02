#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Findings about clashes beside captured-references: for each rule what it finds, and the twin that it must not find."""

import json
import os
import unittest

from harness import CommandLineTest


class ClashTest(CommandLineTest):
    """A program, and findings of one rule."""

    RULE = ""
    STATUS = 0  # of the questions

    def setUp(self):
        super().setUp()
        self.program()

    def library(self, name, source, *options):
        """A shared object that others are linked against."""
        return str(self.object(name, source, *options))

    def found(self, *arguments, **options):
        """Level, objects, symbols and kinds of evidence of the rule's findings; the text report must have them, too."""
        answer = self.bindsim("--format=json", *arguments, **options)
        self.assertEqual(answer.status, self.STATUS, answer)
        document = json.loads(answer.out)
        names = {item["id"]: os.path.basename(item["name"]) for item in document["objects"]}
        names[None] = None
        found = [(f["level"], names[f["from"]], names[f["to"]], sorted(e["symbol"] for e in f["examples"]),
                  [e["kind"] for e in f["evidence"]]) for f in document["findings"] if f["rule"] == self.RULE]
        text = self.bindsim("--show=findings,notes", *arguments, **options).out
        told = [line.partition(":")[0] for line in text.splitlines() if f": {self.RULE}: " in line]
        self.assertEqual(sorted(told), sorted(level for level, *_ in found), text)
        return found

    def levels(self, *arguments, **options):
        return [level for level, *_ in self.found(*arguments, **options)]


def shape(*functions, table="weak", inline=(), use=("draw", "move")):
    """What a C++ compiler makes of a class geo::Shape with FUNCTIONS and a vtable; no C++ compiler is needed for it."""
    names = {name: f'_ZN3geo5Shape{len(name)}{name}Ev' for name in functions}
    source = "".join(f'{"__attribute__((weak)) " if name in inline else ""}void {name}(void) __asm__("{symbol}");'
                     f"void {name}(void) {{}}\n" for name, symbol in names.items())
    source += 'extern void *table[] __asm__("_ZTVN3geo5ShapeE");'
    attribute = {"weak": "weak", "hidden": 'visibility("hidden")'}[table]
    source += f"__attribute__(({attribute})) void *table[] = {{ 0, 0, {functions[0]} }};\n"
    calls = "".join(f"{name}();" for name in use if name in functions)
    return source + f"void **use(void) {{ {calls} return table; }}\n"


class TypeIdentityTest(ClashTest):
    RULE = "type-identity"

    def plan(self):
        return ["./app", "--dlopen=./first.so:GLOBAL", "--dlopen=./second.so"]

    def pair(self, first, second, *options):
        self.object("first.so", first)
        self.object("second.so", second, *options)
        return self.found(*self.plan())

    BOTH = shape("draw", "move")

    def test_functions_stay(self):
        self.assertEqual(self.pair(self.BOTH, self.BOTH, "-Wl,-Bsymbolic-functions"),
                         [("warning", "second.so", "first.so", ["_ZTVN3geo5ShapeE"], ["functions-stay"])])

    def test_all_of_it_goes(self):
        self.assertEqual(self.pair(self.BOTH, self.BOTH), [])

    def test_all_of_it_stays(self):
        self.assertEqual(self.pair(self.BOTH, self.BOTH, "-Wl,-Bsymbolic"), [])

    def test_a_new_function_stays(self):
        newer = shape("draw", "move", "turn", use=("turn",))
        self.assertEqual(len(self.pair(self.BOTH, newer)), 1)
        # A function that is not even used tells nothing.
        self.assertEqual(self.pair(self.BOTH, shape("draw", "move", "turn")), [])

    def test_the_table_stays(self):
        hidden = shape("draw", "move", table="hidden")
        self.assertEqual(self.pair(hidden, self.BOTH),
                         [("warning", "second.so", "first.so", ["_ZN3geo5Shape4drawEv", "_ZN3geo5Shape4moveEv"],
                           ["types-stay"])])

    def test_who_only_uses_the_class(self):
        """Its virtual functions are inline, so its users have its tables; one object implements the rest."""
        user = shape("draw", inline=("draw",))
        self.assertEqual(self.pair(user, shape("draw", "move", inline=("draw",))), [])
        self.assertEqual(self.pair(user, shape("draw", "move", inline=("draw",)), "-Wl,-Bsymbolic-functions"), [])

    GUARD = ('int guard __asm__("_ZGVZ7countervE1n"), variable __asm__("_ZZ7countervE1n");'
             "int guard = 1, variable = 1; int use(void) { return guard + variable; }")

    def test_a_guard_and_its_variable(self):
        self.assertEqual(self.pair(self.GUARD, self.GUARD), [])
        guard_alone = 'int guard __asm__("_ZGVZ7countervE1n"); int guard = 1;'
        self.assertEqual(self.pair(guard_alone, self.GUARD),
                         [("warning", "second.so", "first.so", ["_ZGVZ7countervE1n"], ["variables-stay"])])

    def test_what_is_preloaded_is_meant(self):
        self.pair(self.BOTH, self.BOTH, "-Wl,-Bsymbolic-functions")
        self.assertEqual(self.found("--preload=./first.so", "./app", "--dlopen=./second.so"), [])


UNIQUE = ('__asm__(".globl u\\n.type u, @gnu_unique_object\\n.size u, 4\\n.data\\nu: .long 1\\n.text\\n");'
          "extern int u; int *pointer_%d = &u;")


class UniqueCrossesTest(ClashTest):
    RULE = "unique-crosses"

    def setUp(self):
        super().setUp()
        self.object("first.so", UNIQUE % 1)
        self.object("second.so", UNIQUE % 2)

    def plan(self, first, second):
        return ["./app", f"--dlopen=./first.so:{first}", f"--dlopen=./second.so:{second}"]

    def test_local_is_passed_over(self):
        self.assertEqual(self.found(*self.plan("LOCAL", "LOCAL")),
                         [("warning", "second.so", "first.so", ["u"], ["not-in-scope", "pinned"])])

    def test_deepbind_is_passed_over(self):
        self.assertEqual(self.found(*self.plan("GLOBAL", "DEEPBIND")),
                         [("warning", "second.so", "first.so", ["u"], ["pinned"])])

    def test_first_in_scope(self):
        self.assertEqual(self.levels(*self.plan("GLOBAL", "LOCAL")), [])

    def test_together_is_a_note(self):
        first = str(self.directory / "first.so")
        self.object("group.so", "int group;", "-Wl,--no-as-needed", str(self.directory / "second.so"), first)
        self.assertEqual(self.levels("./app", "--dlopen=./first.so:LOCAL", "--dlopen=./group.so"), ["note"])

    def test_one_instance(self):
        self.object("needs.so", "extern int u; int *pointer = &u;", str(self.directory / "first.so"))
        self.assertEqual(self.levels("./app", "--dlopen=./first.so:LOCAL", "--dlopen=./needs.so"), [])

    def test_constants_are_a_note(self):
        for name, number in (("first.so", 1), ("second.so", 2)):
            self.object(name, UNIQUE.replace(".data\\n", ".section .rodata\\n") % number)
        self.assertEqual(self.levels(*self.plan("LOCAL", "LOCAL")), ["note"])

    def test_no_unique(self):
        plain = "int u = 1; int *pointer_%d = &u;"
        self.object("first.so", plain % 1)
        self.object("second.so", plain % 2)
        self.assertEqual(self.levels(*self.plan("LOCAL", "LOCAL")), [])


class DefinitionsDifferTest(ClashTest):
    RULE = "definitions-differ"

    def pair(self, first, second):
        self.object("first.so", first)
        self.object("second.so", second + " void *use(void) { return (void *)&thing; }")
        return self.found("./app", "--dlopen=./first.so:GLOBAL", "--dlopen=./second.so")

    def test_size_of_data(self):
        self.assertEqual(self.pair("int thing[4] = {1};", "int thing[8] = {1};"),
                         [("error", "second.so", "first.so", ["thing"], ["sizes"])])
        self.assertEqual(self.pair("int thing[8] = {1};", "int thing[4] = {1};"),
                         [("warning", "second.so", "first.so", ["thing"], ["sizes"])])

    def test_unique_symbols(self):
        for name, size in (("first.so", 4), ("second.so", 8)):
            self.object(name, UNIQUE.replace(".size u, 4", f".size u, {size}") % size)
        self.assertEqual([f[:3] for f in self.found("./app", "--dlopen=./first.so", "--dlopen=./second.so")],
                         [("error", "second.so", "first.so")])

    def user(self, definition, reference):
        """Nothing of its own, and a library that is not the one it was compiled for."""
        self.object("first.so", definition)
        self.object("user.so", reference, "-ftls-model=initial-exec")
        return [(f[0], f[1], f[2], f[4]) for f in self.found("./app", "--dlopen=./first.so:GLOBAL", "--dlopen=./user.so")]

    def test_what_the_reference_expects(self):
        thread = "extern __thread int thing; int use(void) { return thing; }"
        plain = "extern int thing; int use(void) { return thing; }"
        call = "int thing(void); int use(void) { return thing(); }"
        self.assertEqual(self.user("int thing = 1;", thread), [("error", "user.so", "first.so", ["tls-is-plain"])])
        self.assertEqual(self.user("__thread int thing = 1;", plain), [("error", "user.so", "first.so", ["plain-is-tls"])])
        self.assertEqual(self.user("int thing = 1;", call), [("error", "user.so", "first.so", ["function-is-data"])])
        self.assertEqual(self.user("int thing = 1;", plain), [])
        self.assertEqual(self.user("__thread int thing = 1;", thread), [])
        self.assertEqual(self.user("int thing(void) { return 1; }", call), [])
        self.assertEqual(self.user("int thing(void) { return 1; }", "int thing(void); void *use(void) { return (void *)thing; }"), [])

    def test_the_same_size(self):
        self.assertEqual(self.pair("int thing[8] = {2};", "int thing[8] = {1};"), [])

    def test_size_of_functions(self):
        self.assertEqual(self.pair("int thing(void) { return 1; }",
                                   "int thing(void) { volatile int n = 3; return n * n; }"), [])

    def test_function_and_data(self):
        self.assertEqual(self.pair("int thing[4] = {1};", "int thing(void) { return 1; }"),
                         [("error", "second.so", "first.so", ["thing"], ["function-is-data"])])
        self.assertEqual(self.pair("int thing(void) { return 1; }", "int thing[4] = {1};"),
                         [("error", "second.so", "first.so", ["thing"], ["data-is-function"])])

    def test_thread_local_data(self):
        self.assertEqual(self.pair("__thread int thing = 1;", "int thing = 1;"),
                         [("error", "second.so", "first.so", ["thing"], ["plain-is-tls"])])

    def test_the_worst_comes_first(self):
        self.object("first.so", "int a[4] = {1}, b[4] = {1}, c[4] = {1};")
        self.object("second.so", "int a[5] = {1}, b[50] = {1}, c[6] = {1}; int *use[] = { a, b, c };")
        answer = self.bindsim("--format=json", "./app", "--dlopen=./first.so:GLOBAL", "--dlopen=./second.so")
        finding, = (f for f in json.loads(answer.out)["findings"] if f["rule"] == self.RULE)
        self.assertEqual([e["symbol"] for e in finding["examples"]][0], "b")
        self.assertEqual([(e["n"], e["of"], e["text"]) for e in finding["evidence"]], [(200, 16, "b")])

    def copy(self, then, now):
        """A program that was linked against one library and runs with another."""
        library = self.library("libdata.so", f"int thing[{then}] = {{1}};")
        self.program("copier", "extern int thing[]; void _start(void) { thing[0] = 2; }", "-no-pie", "-fno-pie", library)
        self.library("libdata.so", f"int thing[{now}] = {{1}};")
        return self.found("./copier")

    def test_a_copy_that_is_too_small(self):
        self.assertEqual(self.copy(4, 8), [("error", "copier", "libdata.so", ["thing"], ["sizes"])])

    def test_a_copy_that_is_too_large(self):
        self.assertEqual(self.copy(8, 4), [("warning", "copier", "libdata.so", ["thing"], ["sizes"])])

    def test_a_copy_that_fits(self):
        self.assertEqual(self.copy(8, 8), [])


HEAP = "void *malloc(unsigned long n) { return (void *)n; } void free(void *p) {}"
USES_HEAP = "void *malloc(unsigned long); void free(void *); void use_%s(void) { free(malloc(1)); }"


class InterposerTest(ClashTest):
    """A program on a library with an allocator, and a plugin on the same."""

    RULE = "interposer-bypassed"

    def setUp(self):
        super().setUp()
        heap = self.library("libheap.so", HEAP + "int version(void) { return 1; }", "-fno-builtin")
        self.program("app", "void *malloc(unsigned long); void _start(void) { malloc(1); }", "-fno-builtin", heap)
        self.object("preload.so", HEAP, "-fno-builtin")
        self.object("plugin.so", USES_HEAP % "plugin", "-fno-builtin", heap)

    def test_deepbind_past_a_preload(self):
        for when in ("", ",NOW", ",LAZY"):
            self.assertEqual(self.found("--preload=./preload.so", "./app", f"--dlopen=./plugin.so:DEEPBIND{when}"),
                             [("error", "plugin.so", "libheap.so", ["free", "malloc"], ["bypassed", "by-deepbind"])])

    def test_without_the_flag(self):
        self.assertEqual(self.found("--preload=./preload.so", "./app", "--dlopen=./plugin.so"), [])

    def test_without_an_interposer(self):
        self.assertEqual(self.found("./app", "--dlopen=./plugin.so:DEEPBIND"), [])

    def test_a_preload_that_nobody_uses(self):
        self.object("preload.so", HEAP.replace("malloc", "other"), "-fno-builtin")
        self.assertEqual(self.found("--preload=./preload.so", "./app", "--dlopen=./plugin.so:DEEPBIND"), [])

    def test_other_functions_are_a_warning(self):
        heap = str(self.directory / "libheap.so")
        self.object("preload.so", "int version(void) { return 2; }")
        self.object("plugin.so", "int version(void); int use(void) { return version(); }", heap)
        self.program("app", "int version(void); void _start(void) { version(); }", heap)
        self.assertEqual(self.levels("--preload=./preload.so", "./app", "--dlopen=./plugin.so:DEEPBIND"), ["warning"])
        self.assertEqual(self.levels("--preload=./preload.so", "./app", "--dlopen=./plugin.so"), [])

    def test_an_allocator_of_the_executable(self):
        heap = str(self.directory / "libheap.so")
        user = self.library("libuser.so", USES_HEAP % "user", "-fno-builtin", heap)
        self.program("owner", HEAP + "void use_user(void); void _start(void) { use_user(); }", "-fno-builtin", "-rdynamic",
                     user, heap)
        self.assertEqual(self.levels("./owner", "--dlopen=./plugin.so:DEEPBIND"), ["error"])
        self.assertEqual(self.levels("./owner", "--dlopen=./plugin.so"), [])

    def test_an_allocator_of_a_library(self):
        """As libjemalloc or a sanitizer's library, with which the program is linked."""
        heap = str(self.directory / "libheap.so")
        first = self.library("libfirst.so", HEAP, "-fno-builtin")
        self.program("linked", "void *malloc(unsigned long); void _start(void) { malloc(1); }", "-fno-builtin",
                     "-Wl,--no-as-needed", first, heap)
        self.assertEqual([f[:3] for f in self.found("./linked", "--dlopen=./plugin.so:DEEPBIND")],
                         [("error", "plugin.so", "libheap.so")])
        self.assertEqual(self.levels("./linked", "--dlopen=./plugin.so"), [])

    def test_what_a_sanitizer_watches(self):
        libc = self.library("libc.so.6", HEAP + "int strcpy(void) { return 1; }", "-fno-builtin", "-Wl,-soname,libc.so.6")
        watch = self.library("libwatch.so", HEAP + "int strcpy(void) { return 2; } int other(void) { return 3; }", "-fno-builtin")
        self.object("plugin.so", "int strcpy(void), other(void); int use(void) { return strcpy() + other(); }", "-fno-builtin",
                    libc)
        self.program("linked", "void *malloc(unsigned long); void _start(void) { malloc(1); }", "-fno-builtin",
                     "-Wl,--no-as-needed", watch, libc)
        self.assertEqual([(f[0], f[3]) for f in self.found("./linked", "--dlopen=./plugin.so:DEEPBIND")], [("warning", ["strcpy"])])
        self.assertEqual(self.levels("./linked", "--dlopen=./plugin.so"), [])

    def test_an_allocator_of_its_own(self):
        self.object("plugin.so", HEAP + USES_HEAP % "plugin", "-fno-builtin")
        self.assertEqual(self.levels("--preload=./preload.so", "./app", "--dlopen=./plugin.so:DEEPBIND"), ["warning"])

    def test_a_namespace(self):
        found = self.found("--preload=./preload.so", "./app", "--dlmopen=./plugin.so")
        self.assertEqual([(f[0], f[-1]) for f in found], [("warning", ["bypassed", "by-namespace"])])


class ObjectSplitTest(ClashTest):
    RULE = "object-split"

    def copier(self, source, *options):
        """A program that holds THING of libdata.so by copy relocation, and a plugin that uses it."""
        library = self.library("libdata.so", source, *options)
        self.program("copier", "extern int thing[2]; int *keep; void _start(void) { keep = thing; }", "-no-pie", "-fno-pie",
                     library)
        self.object("plugin.so", "extern int thing[2]; int *use(void) { return thing; }", library)

    def test_deepbind_past_a_copy(self):
        self.copier("int thing[2] = {1}; int *inside(void) { return thing; }")
        self.assertEqual(self.found("./copier", "--dlopen=./plugin.so:DEEPBIND"),
                         [("warning", "plugin.so", "libdata.so", ["thing"], ["copied"])])
        self.assertEqual(self.found("./copier", "--dlopen=./plugin.so"), [])

    def test_what_is_protected(self):
        """The library goes on with its own; ld.so warns of it, too."""
        source = '__attribute__((visibility("protected"))) int thing[2] = {1}; int *inside(void) { return thing; }'
        self.library("libdata.so", source.replace("protected", "default"))
        self.program("copier", "extern int thing[2]; int *keep; void _start(void) { keep = thing; }", "-no-pie", "-fno-pie",
                     str(self.directory / "libdata.so"))
        self.assertEqual(self.found("./copier"), [])
        self.library("libdata.so", source)
        self.assertEqual(self.found("./copier"), [("warning", "copier", "libdata.so", ["thing"], ["stays-protected"])])

    def test_what_a_constructor_fills_in(self):
        """std::cout: the second one was never constructed."""
        library = self.library("libdata.so", 'int thing[2] __asm__("_ZSt4cout"); int *inside(void) { return thing; }')
        use = 'extern int thing[2] __asm__("_ZSt4cout"); int *keep; void %s(void) { keep = thing; }'
        self.program("copier", use % "_start", "-no-pie", "-fno-pie", library)
        self.object("plugin.so", use % "use", library)
        self.assertEqual([f[:3] for f in self.found("./copier", "--dlopen=./plugin.so:DEEPBIND")],
                         [("error", "plugin.so", "libdata.so")])
        self.assertEqual(self.found("./copier", "--dlopen=./plugin.so"), [])

    def test_constants(self):
        self.copier("const int thing[2] = {1};")
        self.assertEqual(self.found("./copier", "--dlopen=./plugin.so:DEEPBIND"), [])

    def test_no_copy(self):
        self.copier("int thing[2] = {1};")
        self.program("user", "extern int thing[2]; int *keep; void _start(void) { keep = thing; }",
                     str(self.directory / "libdata.so"), "-fPIC")
        self.assertEqual(self.found("./user", "--dlopen=./plugin.so:DEEPBIND"), [])

    def test_a_copy_from_a_symbolic_library(self):
        self.copier("int thing[2] = {1}; int *inside(void) { return thing; }", "-Wl,-Bsymbolic")
        self.assertEqual(self.found("./copier"), [("warning", "copier", "libdata.so", ["thing"], ["stays-inside"])])
        self.copier("int thing[2] = {1}; int *inside(void) { return thing; }", "-Wl,-Bsymbolic-functions")
        self.assertEqual(self.found("./copier"), [])

    TYPE = ('__asm__(".weak _ZTI3Box\\n.type _ZTI3Box, @object\\n.size _ZTI3Box, 8\\n.data\\n_ZTI3Box: .quad 1\\n.text\\n");'
            'extern long type __asm__("_ZTI3Box"); long *%s = &type;')

    def test_a_type_that_both_sides_use(self):
        host = self.library("libhost.so", self.TYPE % "host" + "int host_call(void) { return 1; }")
        self.program("app", "int host_call(void); void _start(void) { host_call(); }", host)
        self.object("plugin.so", self.TYPE % "plugin" + "int host_call(void); int use(void) { return host_call(); }")
        self.assertEqual(self.found("./app", "--dlopen=./plugin.so:DEEPBIND"),
                         [("warning", "plugin.so", "plugin.so", ["_ZTI3Box"], ["elsewhere"])])
        self.assertEqual(self.found("./app", "--dlopen=./plugin.so"), [])
        # One that has nothing to do with the host is isolated, which is what the flag is for.
        self.object("plugin.so", self.TYPE % "plugin")
        self.assertEqual(self.found("./app", "--dlopen=./plugin.so:DEEPBIND"), [])


class CountTest(CommandLineTest):
    """A symbol counts once, whether it is called, its address is taken, or both, and whatever else the step brings."""

    NAMES = ("one", "two")
    CODE = "".join(f"int {name}(void) {{ return {number}; }}" for number, name in enumerate(NAMES))
    USE = ("int one(void), two(void); int (*addresses[])(void) = {{ one, two }};"
           "int use{}(void) {{ return one() + two(); }}")

    def counts(self, *arguments):
        document = json.loads(self.bindsim("--format=json", *arguments).out)
        names = [os.path.basename(item["name"]) for item in document["objects"]]
        return {(f["rule"], names[f["from"]], names[f["to"]]):
                (f["level"], f["counts"]["symbols"], f["counts"]["functions"], sorted(e["symbol"] for e in f["examples"]))
                for f in document["findings"]}

    def setUp(self):
        super().setUp()
        self.program()
        self.object("libfirst.so", self.CODE.replace("return", "return 10 +"))
        self.object("libother.so", self.USE.format("_other"))

    def test_captured(self):
        for flags in ("LAZY", "NOW"):
            self.object("libcopy.so", self.CODE + self.USE.format("_copy"), "-Wl,--no-as-needed", "./libother.so", "-Wl,-rpath,$ORIGIN")
            found = self.counts("./app", "--dlopen=./libfirst.so:GLOBAL", f"--dlopen=./libcopy.so:{flags}")
            self.assertEqual(found["captured-references", "libcopy.so", "libfirst.so"], ("warning", 2, 2, ["one", "two"]), flags)
            self.assertEqual(found["undeclared-dependency", "libother.so", "libfirst.so"], ("warning", 2, 0, ["one", "two"]), flags)

    def test_dependency(self):
        self.object("libright.so", self.CODE)
        self.object("user.so", self.USE.format("_user"), "-Wl,--no-as-needed", "./libright.so", "./libother.so", "-Wl,-rpath,$ORIGIN")
        for flags in ("LAZY", "NOW"):
            found = self.counts("./app", "--dlopen=./libfirst.so:GLOBAL", f"--dlopen=./user.so:{flags}")
            self.assertEqual(found["captured-dependency", "user.so", "libfirst.so"], ("warning", 2, 2, ["one", "two"]), flags)

    def test_what_differs(self):
        """glibc before 2.36 asks once for a GOT entry and once for a pointer: they may have other answers there."""
        self.object("deft.so", "__thread int x = 1;")
        self.object("ref.so", "extern int x; int *address = &x; int use_x(void) { return x; }")
        for loader in ("glibc:2.31", "glibc:2.36"):
            found = self.counts(f"--loader={loader}", "./app", "--dlopen=./deft.so:GLOBAL", "--dlopen=./ref.so")
            self.assertEqual(found["definitions-differ", "ref.so", "deft.so"], ("error", 1, 0, ["x"]), loader)

    def test_unwinders(self):
        raising = "int _Unwind_RaiseException(void) { return 1; } int _Unwind_Resume(void) { return 1; }"
        one, two = (str(self.object(name, raising)) for name in ("libone.so.1", "libtwo.so.1"))
        self.object("raiser.so", "int _Unwind_RaiseException(void); int raise(void) { return _Unwind_RaiseException(); }", one)
        self.object("through.so", "int _Unwind_Resume(void); int (*address)(void) = _Unwind_Resume;"
                    "int through(void) { return _Unwind_Resume(); }", two, "-Wl,--no-as-needed", "./libother.so", "-Wl,-rpath,$ORIGIN")
        found = self.counts("./app", "--dlopen=./libfirst.so:GLOBAL", "--dlopen=./raiser.so", "--dlopen=./through.so:LAZY")
        self.assertEqual(found["mixed-unwinders", "through.so", "libtwo.so.1"], ("error", 1, 0, ["_Unwind_Resume"]))

    def test_versions_are_symbols_of_their_own(self):
        """f@V1 and f@@V2 are two."""
        versions = self.file("versions", "V1 { one; }; V2 { two; };")
        twice = ('int old(void) {{ return 1; }} int new(void) {{ return 2; }}'
                 '__asm__(".symver old, {0}@V1"); __asm__(".symver new, {0}@@V2");')
        script = f"-Wl,--version-script={versions}"
        self.object("libone.so", twice.format("name"), script, "-Wl,-soname,libone.so")
        self.object("user.so", 'int old(void), new(void); __asm__(".symver old, name@V1"); __asm__(".symver new, name@V2");'
                    "int (*addresses[])(void) = { old, new }; int use(void) { return old() + new(); }", "./libone.so", "-Wl,-rpath,$ORIGIN")
        self.object("libzero.so", "int name(void) { return 0; }")
        found = self.counts("./app", "--dlopen=./libzero.so:GLOBAL", "--dlopen=./user.so:LAZY")
        self.assertEqual(found["captured-dependency", "user.so", "libzero.so"], ("warning", 2, 2, ["name", "name"]))


if __name__ == "__main__":
    unittest.main()
