#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What two objects define alike: the findings about it where nothing is bound across, and what is no finding."""

import json
import os
import unittest

from harness import PROGRAM, CommandLineTest

LIBRARY = [f"codec_{name}" for name in ("open", "close", "read", "write", "seek", "tell", "flush", "error", "reset", "name",
                                        "size", "mode")]


def functions(names, attribute=""):
    """Definitions of NAMES."""
    return "".join(f"{attribute} int {name}(void) {{ return 1; }}\n" for name in names)


class DuplicatesTest(CommandLineTest):
    """A program, and objects that define the same."""

    def setUp(self):
        super().setUp()
        self.program()

    def ask(self, *arguments, **options):
        """The JSON report."""
        answer = self.bindsim("--format=json", *arguments, **options)
        self.assertEqual(answer.status, 0, answer)
        document = json.loads(answer.out)
        self.names = [os.path.basename(item["name"]) for item in document["objects"]]
        return document

    def found(self, *arguments, **options):
        """Rule, level, objects, number of symbols and kinds of evidence of all findings."""
        return [(f["rule"], f["level"], self.names[f["from"]], self.names[f["to"]], f["counts"]["symbols"],
                 [e["kind"] for e in f["evidence"]]) for f in self.ask(*arguments, **options)["findings"]]

    def rules(self, *arguments, **options):
        return [rule for rule, *_ in self.found(*arguments, **options)]

    def left_out(self, *arguments, **options):
        """Objects, number and names by reason; text must tell the same, and the counts must be those of the list."""
        document = self.ask(*arguments, **options)
        items = document["suppressed"]
        self.assertEqual(document["counts"]["suppressed"], sum(item["symbols"] for item in items))
        text = self.bindsim("--show=suppressed", *arguments, **options).out
        for item in items:
            plural = "symbol" if item["symbols"] == 1 else "symbols"
            self.assertIn(f"  {self.names[item['from']]}, {self.names[item['to']]}: {item['reason']}, {item['symbols']} {plural}\n",
                          text)
        return [(item["reason"], self.names[item["from"]], self.names[item["to"]],
                 sorted(example["symbol"] for example in item["examples"])) for item in items]


class EmbeddedTest(DuplicatesTest):
    """A library, and a plugin that has it inside, bound when it was linked."""

    def setUp(self):
        super().setUp()
        self.codec = str(self.object("libcodec.so", functions(LIBRARY)))
        self.program("app", "int codec_open(void); void _start(void) { codec_open(); }", self.codec)

    USE = "int use(void) { return codec_open() + codec_read(); }"

    def plugin(self, names, *options):
        self.object("plugin.so", functions(names) + (self.USE if names[0] == "codec_open" else ""), *options)
        return self.found("./app", "--dlopen=./plugin.so")

    def test_a_copy(self):
        self.assertEqual(self.plugin(LIBRARY, "-Wl,-Bsymbolic"),
                         [("embedded-copy", "note", "libcodec.so", "plugin.so", 12, ["shared-exports", "prefix", "by-symbolic"])])

    def test_a_copy_that_is_needed(self):
        found = self.plugin(LIBRARY, "-Wl,-Bsymbolic", "-Wl,--no-as-needed", self.codec)
        self.assertEqual(found, [("embedded-and-needed", "warning", "plugin.so", "libcodec.so", 12,
                                  ["contains", "prefix", "by-symbolic"])])
        text = self.bindsim("./app", "--dlopen=./plugin.so").out
        self.assertIn("plugin.so contains 12 symbols of libcodec.so, and needs it all the same (step 1)\n", text)
        self.assertIn("plugin.so exports 12 of the 12 symbols that libcodec.so exports\n", text)
        self.assertIn("12 of them begin with codec_\n", text)
        self.assertNotIn("explain --pair", text)

    def test_a_copy_that_is_needed_for_nothing(self):
        """That no reference goes there, which unused-needed tells, is the other side of it and hides nothing."""
        weak = "__attribute__((weak)) void start(void); void begin(void) { if (start) start(); }"
        self.program("app", "int codec_open(void); void start(void) {} void _start(void) { codec_open(); }", "-rdynamic", self.codec)
        self.object("plugin.so", functions(LIBRARY) + self.USE + weak, "-Wl,-Bsymbolic", "-Wl,--no-as-needed", self.codec)
        found = {finding[0]: finding[1:4] for finding in self.found("./app", "--dlopen=./plugin.so")}
        self.assertEqual(found, {"embedded-and-needed": ("warning", "plugin.so", "libcodec.so"),
                                 "unused-needed": ("note", "plugin.so", "libcodec.so")})

    def test_what_is_hidden(self):
        for options in (["-fvisibility=hidden"], ["-fvisibility=hidden", "-Wl,--no-as-needed", self.codec]):
            self.assertEqual(self.plugin(LIBRARY, *options), [])

    def test_needed_and_used(self):
        self.object("plugin.so", "int codec_open(void); int use(void) { return codec_open(); }", self.codec)
        self.assertEqual(self.found("./app", "--dlopen=./plugin.so"), [])

    def test_nine_are_no_library(self):
        self.assertEqual(self.plugin(LIBRARY[:9], "-Wl,-Bsymbolic", "-Wl,--no-as-needed", self.codec),
                         [("potential", "note", "plugin.so", "libcodec.so", 9, ["by-symbolic"])])

    def test_less_than_half_is_no_library(self):
        others = [f"other_{number}" for number in range(20)]
        self.object("libcodec.so", functions(LIBRARY + others))
        more = [f"more_{number}" for number in range(20)]
        self.assertEqual(self.plugin(LIBRARY + more, "-Wl,-Bsymbolic", "-Wl,--no-as-needed", self.codec)[0][0], "potential")

    def test_who_has_fewer_comes_first(self):
        more = [f"more_{number}" for number in range(20)]
        self.assertEqual(self.plugin(LIBRARY + more, "-Wl,-Bsymbolic"),
                         [("embedded-copy", "note", "libcodec.so", "plugin.so", 12, ["shared-exports", "prefix", "by-symbolic"])])
        # Who needs the other has the copy, however much else it has.
        self.assertEqual(self.plugin(LIBRARY + more, "-Wl,-Bsymbolic", "-Wl,--no-as-needed", self.codec),
                         [("embedded-and-needed", "warning", "plugin.so", "libcodec.so", 12,
                           ["contains", "prefix", "by-symbolic"])])

    def test_what_captured_references_tells(self):
        self.assertEqual([finding[0] for finding in self.plugin(LIBRARY)], ["captured-references"])
        self.assertEqual([finding[0] for finding in self.plugin(LIBRARY[1:] + LIBRARY[:1], "-Wl,--no-as-needed", self.codec)],
                         ["embedded-and-needed"])

    def test_the_program_has_the_copy(self):
        self.program("app", functions(LIBRARY) + PROGRAM, "-rdynamic", "-Wl,--no-as-needed", self.codec)
        self.assertEqual(self.found("./app")[0][:4], ("embedded-and-needed", "warning", "app", "libcodec.so"))

    def test_weak_definitions_are_no_copy(self):
        self.object("libcodec.so", functions(LIBRARY, "__attribute__((weak))"))
        self.object("plugin.so", functions(LIBRARY, "__attribute__((weak))"), "-Wl,-Bsymbolic")
        self.assertEqual(self.found("./app", "--dlopen=./plugin.so"), [])

    def test_a_namespace_of_its_own(self):
        self.plugin(LIBRARY, "-Wl,-Bsymbolic")
        self.assertEqual(self.found("./app", "--dlmopen=./plugin.so"), [])

    def test_what_is_closed_again(self):
        self.plugin(LIBRARY, "-Wl,-Bsymbolic")
        self.assertEqual(self.found("./app", "--dlopen=./plugin.so", "--dlclose=1"), [])

    def test_fail_on(self):
        """The exit status does not depend on what is shown."""
        self.plugin(LIBRARY, "-Wl,-Bsymbolic")
        plan = ["./app", "--dlopen=./plugin.so"]
        self.assertEqual([self.bindsim(f"--fail-on={level}", *more, *plan).status
                          for level in ("note", "warning") for more in ([], ["-q"], ["--format=ldd"])], [1, 1, 1, 0, 0, 0])
        self.assertIn("no clash (1 note not shown: --show=notes)\n", self.bindsim(*plan).out)

    def test_cplusplus(self):
        names = [f"_ZN5codec{len(name)}{name}Ev" for name in LIBRARY]
        source = "".join(f'int f{n}(void) __asm__("{name}"); int f{n}(void) {{ return 1; }}' for n, name in enumerate(names))
        self.object("libcodec.so", source)
        self.program("app", PROGRAM, "-Wl,--no-as-needed", self.codec)
        self.object("plugin.so", source, "-Wl,-Bsymbolic")
        self.assertEqual(self.found("./app", "--dlopen=./plugin.so")[0][-1], ["shared-exports", "namespace", "by-symbolic"])

    def test_other_hash_tables(self):
        for first in ("sysv", "gnu"):
            for second in ("sysv", "gnu"):
                self.object("libcodec.so", functions(LIBRARY), f"-Wl,--hash-style={first}")
                self.assertEqual([finding[:5] for finding in self.plugin(LIBRARY, "-Wl,-Bsymbolic", f"-Wl,--hash-style={second}")],
                                 [("embedded-copy", "note", "libcodec.so", "plugin.so", 12)], (first, second))

    def test_a_start_up_that_fails(self):
        self.program("app", PROGRAM, "-Wl,--no-as-needed", self.codec, str(self.object("libgone.so")))
        self.object("plugin.so", functions(LIBRARY), "-Wl,-Bsymbolic")
        (self.directory / "libgone.so").unlink()
        answer = self.bindsim("--show=notes,suppressed", "--preload=./plugin.so", "./app")
        self.assertEqual(answer.status, 1)
        self.assertIn("  nothing\n", answer.out)


class ApartTest(DuplicatesTest):
    """Fewer functions, and why nothing is bound across."""

    SOME = LIBRARY[:3]
    USE = "int use_%s(void) { return codec_open() + codec_close() + codec_read(); }"

    def pair(self, first=(), second=(), plan=("GLOBAL", "LOCAL"), source=USE):
        for name, options in (("first", first), ("second", second)):
            self.object(f"{name}.so", functions(self.SOME) + (source % name if source else ""), *options)
        return self.found("./app", f"--dlopen=./first.so:{plan[0]}", f"--dlopen=./second.so:{plan[1]}")

    def script(self, version):
        return f"-Wl,--version-script={self.file(version + '.map', version + ' { global: *; };')}"

    def test_scopes(self):
        self.assertEqual(self.pair(plan=("LOCAL", "LOCAL")), [("isolated", "note", "second.so", "first.so", 3, ["no-scope"])])

    def test_versions(self):
        scripts = [self.script("FIRST"), self.script("SECOND")]
        self.assertEqual(self.pair([scripts[0]], [scripts[1]]),
                         [("isolated", "note", "second.so", "first.so", 3, ["other-versions"])])
        # One version of both keeps nothing apart.
        self.assertEqual([rule for rule, *_ in self.pair([scripts[0]], [scripts[0]])], ["captured-references"])

    def test_two_versions_of_one_symbol(self):
        """They count once."""
        source = "".join(f'__asm__(".symver {name}_1,{name}@V1\\n.symver {name}_2,{name}@@V2");'
                         f"int {name}_1(void) {{ return 1; }} int {name}_2(void) {{ return 2; }}" for name in self.SOME)
        script = self.file("both.map", "V1 { global: codec_*; local: *; }; V2 { } V1;")
        self.object("first.so", source, f"-Wl,--version-script={script}")
        self.object("second.so", functions(self.SOME))
        self.assertEqual(self.found("./app", "--dlopen=./first.so", "--dlopen=./second.so"),
                         [("isolated", "note", "second.so", "first.so", 3, ["no-scope"])])

    def test_deepbind(self):
        self.assertEqual(self.pair(plan=("GLOBAL", "DEEPBIND")),
                         [("potential", "note", "second.so", "first.so", 3, ["by-deepbind"])])

    def test_symbolic(self):
        self.assertEqual(self.pair(second=["-Wl,-Bsymbolic"])[0][-1], ["by-symbolic"])

    def test_protected(self):
        self.assertEqual(self.pair(second=["-fvisibility=protected"]),
                         [("potential", "note", "second.so", "first.so", 3, ["protected"])])

    def test_no_reference(self):
        self.assertEqual(self.pair(second=["-Wl,-Bsymbolic-functions"]),
                         [("potential", "note", "second.so", "first.so", 3, ["not-looked-up"])])
        self.assertEqual(self.pair(source=""), [("potential", "note", "second.so", "first.so", 3, ["not-looked-up"])])

    def test_who_is_bound_across_is_told_of_once(self):
        self.assertEqual([rule for rule, *_ in self.pair()], ["captured-references"])

    def test_past_a_need(self):
        """captured-dependency is about the two definers, too."""
        self.object("first.so", functions(self.SOME))
        need = str(self.object("libneed.so", functions(self.SOME)))
        self.object("second.so", "int codec_open(void), codec_close(void), codec_read(void);" + self.USE % "second", need)
        self.assertEqual(self.rules("./app", "--dlopen=./first.so:GLOBAL", "--dlopen=./second.so"),
                         ["captured-dependency", "unused-needed"])

    def test_two_versions_of_a_library(self):
        for number in (1, 2):
            self.object(f"libtwo.so.{number}", functions(self.SOME), f"-Wl,-soname,libtwo.so.{number}")
        self.assertEqual(self.rules("./app", "--dlopen=./libtwo.so.1", "--dlopen=./libtwo.so.2"), ["two-versions"])

    def test_many_objects(self):
        """Each with the first alone, where there are many."""
        for number in range(12):
            self.object(f"part{number}.so", functions(self.SOME))
        found = self.found("./app", *(f"--dlopen=./part{number}.so" for number in range(12)))
        self.assertEqual(sorted({finding[3] for finding in found}), ["part0.so"])
        self.assertEqual(len(found), 11)
        found = self.found("./app", *(f"--dlopen=./part{number}.so" for number in range(4)))
        self.assertEqual(len(found), 6)


class LeftOutTest(DuplicatesTest):
    """For each reason what is left out for it; a finding about it there is none."""

    def pair(self, first, second=None, *options, plan=("GLOBAL", "LOCAL"), more=()):
        self.object("first.so", first, *options)
        self.object("second.so", first if second is None else second, *options)
        arguments = [*more, "./app", f"--dlopen=./first.so:{plan[0]}", f"--dlopen=./second.so:{plan[1]}"]
        self.assertEqual(self.found(*arguments), [])
        return self.left_out(*arguments)

    def test_nothing(self):
        self.assertEqual(self.left_out("./app"), [])
        text = self.bindsim("./app").out
        self.assertIn("no clash\n", text)
        self.assertNotIn("duplicate", text)
        self.assertIn("  nothing\n", self.bindsim("--show=suppressed", "./app").out)

    def test_linker_made(self):
        source = '__asm__(".globl _end\\n.data\\n_end: .long 1\\n.text"); extern char _end[]; char *use(void) { return _end; }'
        self.assertEqual(self.pair(source.replace("use", "first"), source), [("linker-made", "second.so", "first.so", ["_end"])])

    def test_version_node(self):
        script = f"-Wl,--version-script={self.file('v.map', 'CODEC_1 { global: *; };')}"
        self.assertEqual(self.pair("int first(void) { return 1; }", "int second(void) { return 1; }", script),
                         [("version-node", "second.so", "first.so", ["CODEC_1"])])

    def test_vague_linkage(self):
        source = functions(LIBRARY, "__attribute__((weak))") + "int use_%s(void) { return codec_open() + codec_close(); }"
        self.assertEqual(self.pair(source % "first", source % "second"),
                         [("vague-linkage", "second.so", "first.so", self.examples())])

    def examples(self):
        item, = json.loads(self.bindsim("--format=json", "./app", "--dlopen=./first.so:GLOBAL",
                                        "--dlopen=./second.so").out)["suppressed"]
        self.assertEqual((item["symbols"], len(item["examples"])), (12, 5))
        self.assertLessEqual({example["symbol"] for example in item["examples"]}, set(LIBRARY))
        return sorted(example["symbol"] for example in item["examples"])

    def test_weak_default(self):
        names = ["codec_open", "codec_read", "codec_seek"]
        use = "int use(void) { return codec_open() + codec_read() + codec_seek(); }"
        self.assertEqual(self.pair(functions(names), functions(names, "__attribute__((weak))") + use),
                         [("weak-default", "second.so", "first.so", names)])

    def test_replaceable(self):
        heap = "".join(f"void *{name}(unsigned long n) {{ return (void *)n; }}" for name in ("malloc", "valloc", "pvalloc", "_Znwm"))
        use = "".join(f"void *use_{name}(void) {{ return {name}(1); }}" for name in ("malloc", "valloc", "pvalloc", "_Znwm"))
        self.assertEqual(self.pair(heap, heap + use, "-fno-builtin"),
                         [("replaceable", "second.so", "first.so", ["_Znwm", "malloc", "pvalloc", "valloc"])])

    def test_unwinder(self):
        names = ["_Unwind_Resume", "_Unwind_GetIP", "_Unwind_SetIP", "_Unwind_Backtrace"]
        self.assertEqual(self.pair(functions(names)), [("unwinder", "second.so", "first.so", sorted(names))])

    def test_preloaded(self):
        names = ["codec_open", "codec_read", "codec_seek"]
        use = "int use(void) { return codec_open() + codec_read() + codec_seek(); }"
        self.object("first.so", functions(names))
        self.object("second.so", functions(names) + use)
        arguments = ["--preload=./first.so", "./app", "--dlopen=./second.so"]
        self.assertEqual(self.found(*arguments), [])
        self.assertEqual(self.left_out(*arguments), [("preloaded", "second.so", "first.so", names)])
        self.assertEqual(self.rules("./app", "--dlopen=./first.so:GLOBAL", "--dlopen=./second.so"), ["captured-references"])

    def test_libc(self):
        names = ["regcomp", "regexec", "regfree"]
        script = f"-Wl,--version-script={self.file('libc.map', 'GLIBC_2.2.5 { global: *; };')}"
        libc = str(self.object("libc.so.6", functions(names), "-Wl,-soname,libc.so.6", script))
        self.program("app", functions(names) + PROGRAM, "-rdynamic", "-Wl,--no-as-needed", libc, "-Wl,-rpath,$ORIGIN")
        self.assertEqual(self.found("./app"), [])
        self.assertIn(("libc", "libc.so.6", "app", names), self.left_out("./app"))
        # What is no libc is told of.
        other = str(self.object("libother.so", functions(names)))
        self.program("app", functions(names) + PROGRAM, "-rdynamic", "-Wl,--no-as-needed", other)
        self.assertEqual(self.rules("./app"), ["potential"])

    def test_copy_relocation(self):
        library = str(self.object("libdata.so", "int a = 1, b = 2, c = 3; int use(void) { return a + b + c; }"))
        self.program("copier", "extern int a, b, c; void _start(void) { a = b + c; }", "-no-pie", "-fno-pie", library)
        self.assertEqual(self.found("./copier"), [])
        self.assertEqual(self.left_out("./copier"), [("copy-relocation", "libdata.so", "copier", ["a", "b", "c"])])

    def test_canonical_plt(self):
        library = str(self.object("libcall.so", "int call(void) { return 1; } void *use(void) { return (void *)call; }"))
        self.program("user", "int call(void); void *keep; void _start(void) { keep = (void *)call; }", "-no-pie", "-fno-pie",
                     library)
        self.assertEqual(self.found("./user"), [])
        self.assertEqual(self.left_out("./user"), [("canonical-plt", "libcall.so", "user", ["call"])])

    def test_unique(self):
        unique = ('__asm__(".globl u\\n.type u, @gnu_unique_object\\n.size u, 4\\n.data\\nu: .long 1\\n.text\\n");'
                  "extern int u; int *pointer_%d = &u;")
        self.assertEqual(self.pair(unique % 1, unique % 2), [("unique", "second.so", "first.so", ["u"])])

    def test_namespace(self):
        names = ["codec_open", "codec_read", "codec_seek"]
        self.object("first.so", functions(names))
        self.object("second.so", functions(names))
        arguments = ["./app", "--dlopen=./first.so", "--dlmopen=./second.so"]
        self.assertEqual(self.found(*arguments), [])
        self.assertEqual(self.left_out(*arguments), [("namespace", "second.so", "first.so", names)])

    def test_forwarding(self):
        """The front of another library."""
        long = "volatile int n = 3; n *= n + n / 7; n *= n + n / 11; n *= n + n / 13; n *= n + n / 17; return n;"
        whole = str(self.object("libwhole.so", functions(LIBRARY).replace("return 1;", long)))
        self.object("libfront.so", functions(LIBRARY), "-O2", "-Wl,-Bsymbolic", "-Wl,--no-as-needed", whole)
        arguments = ["./app", "--dlopen=./libfront.so"]
        self.assertEqual(self.found(*arguments), [])
        self.assertEqual([item[:3] for item in self.left_out(*arguments)], [("forwarding", "libwhole.so", "libfront.so")])
        # Two of one size are two copies.
        self.object("libfront.so", functions(LIBRARY).replace("return 1;", long), "-Wl,-Bsymbolic", "-Wl,--no-as-needed", whole)
        self.assertEqual(self.rules(*arguments), ["embedded-and-needed"])

    def test_few(self):
        self.assertEqual(self.pair(functions(["hook", "other"])), [("few", "second.so", "first.so", ["hook", "other"])])
        self.assertEqual(self.pair("int a = 1, b = 2, c = 3, d = 4;"), [("few", "second.so", "first.so", ["a", "b", "c", "d"])])

    def test_a_hook_that_is_bound_across_is_a_note(self):
        self.object("first.so", functions(["hook"]))
        self.object("second.so", functions(["hook"]) + "int use(void) { return hook(); }")
        arguments = ["./app", "--dlopen=./first.so:GLOBAL", "--dlopen=./second.so"]
        self.assertEqual(self.rules(*arguments), ["captured-references"])
        self.assertEqual(self.left_out(*arguments), [])

    def test_what_a_finding_counts_is_not_counted_again(self):
        names = ["codec_open", "codec_read", "codec_seek"]
        weak = functions(["inline_used", "inline_unused"], "__attribute__((weak))")
        self.object("first.so", functions(names) + weak)
        self.object("second.so", functions(names) + weak +
                    "int use(void) { return codec_open() + codec_read() + codec_seek() + inline_used(); }")
        arguments = ["./app", "--dlopen=./first.so:GLOBAL", "--dlopen=./second.so"]
        self.assertEqual(self.found(*arguments)[0][4], 4)
        self.assertEqual(self.left_out(*arguments), [("vague-linkage", "second.so", "first.so", ["inline_unused"])])

    def test_the_last_line(self):
        self.pair(functions(["one"], "__attribute__((weak))"))
        plan = ["./app", "--dlopen=./first.so:GLOBAL", "--dlopen=./second.so"]
        self.assertIn("; no clash (1 harmless duplicate not shown: --show=suppressed)\n", self.bindsim(*plan).out)
        self.object("second.so", functions(["one", "two"], "__attribute__((weak))") + functions(["hook"]) +
                    "int use(void) { return hook(); }")
        self.object("first.so", functions(["one", "two"], "__attribute__((weak))") + functions(["hook"]))
        self.assertIn("; no clash (1 note, 2 harmless duplicates not shown: --show=notes,suppressed)\n", self.bindsim(*plan).out)
        self.assertNotIn("not shown", self.bindsim("--show=steps,notes,suppressed", *plan).out)

    def test_globs(self):
        self.pair(functions(["one"], "__attribute__((weak))"))
        plan = ["./app", "--dlopen=./first.so:GLOBAL", "--dlopen=./second.so"]
        for more, n in ((["--from=second.so"], 1), (["--to=second.so"], 0), (["--to=first.so"], 1)):
            self.assertEqual(len(self.ask(*more, *plan)["suppressed"]), n, more)
            self.assertEqual(self.bindsim("--show=suppressed", *more, *plan).out.count("second.so, first.so: "), n, more)


if __name__ == "__main__":
    unittest.main()
