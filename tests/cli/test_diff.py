#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bindsim diff: what it says of builds, roots, plans and reports, and the transcript in the manual page.

    test_diff.py --update writes that transcript anew
"""

import json
import re
import shutil
import sys
import unittest

import transcripts
from harness import INTERPRETER, ROOT, CommandLineTest, build, environment

MAN = ROOT / "man/bindsim-diff.1"
BLOCK = re.compile(r"(^too:\n\.Bd -literal -offset indent\n)(.*?)(?=^\.Ed$)", re.MULTILINE | re.DOTALL)
POSIX = "int regcomp(void) { return 1; } int regexec(void) { return 2; } int glob(void) { return 3; }"
SERVER = ("int regcomp(void), regexec(void), glob(void); void _start(void) { regcomp(); regexec(); glob(); }")
COPY = "\n".join(f"int copy{number}(void) {{ return 1; }}" for number in range(40))
CALLS = f"int calls(void) {{ return {' + '.join(f'copy{number}()' for number in range(40))}; }}"


def furnish_server(directory) -> None:
    """before/server, and after/server, which needs a library with a regcomp of its own."""
    for side in ("before", "after"):
        for name in ("libposix.so.1", "libmatch.so.5"):
            source = POSIX if name == "libposix.so.1" else "int regcomp(void) { return 4; } int match(void) { return 5; }"
            build(directory / side / name, source, "-shared", "-fPIC", f"-Wl,-soname,{name}")
        needs = ["./libposix.so.1"] if side == "before" else ["./libmatch.so.5", "./libposix.so.1"]
        build(directory / side / "server", SERVER, "-pie", "-fPIE", "-xnone", "-Wl,--no-as-needed", *needs, "-Wl,-rpath,$ORIGIN")


class DiffTest(CommandLineTest):
    """Helpers."""

    def differs(self, *arguments, **options):
        """What is printed when there are differences."""
        answer = self.bindsim("diff", *arguments, **options)
        self.assertEqual(answer.status, 1, answer)
        self.assertRegex(answer.err, r"^bindsim: [\d,]+ differences?\n$")
        return answer.out

    def same(self, *arguments, **options):
        """There is none."""
        answer = self.bindsim("diff", *arguments, **options)
        self.assertEqual((answer.status, answer.err), (0, ""), answer)
        self.assertTrue(answer.out.endswith("\nno difference\n"), answer.out)

    def causes(self, *arguments):
        """Each cause as (change, cause, object, references)."""
        answer = self.bindsim("diff", "--format=json", *arguments)
        document = json.loads(answer.out)

        def name(number):
            entry = number if number is None else document["objects"][number]
            return entry and (entry["right"] or entry["left"])["name"].rpartition("/")[2]

        return [(cause["change"], cause["cause"], name(cause["object"]), cause["references"]) for cause in document["causes"]]


class BuildsTest(DiffTest):
    """Two builds of a program."""

    def test_a_library_that_came(self):
        furnish_server(self.directory)
        out = self.differs("before/server", "after/server")
        self.assertIn("\nrebound: server: 1 reference now binds to libmatch.so.5, which was libposix.so.1's\n"
                      "   because     libmatch.so.5 is there now\n   for example regcomp\n", out)
        self.assertRegex(out, r"\n  libmatch\.so\.5 is there now: \S+/after/libmatch\.so\.5\n")
        self.assertIn("\n3 differences: 1 binding, 2 objects\n", out)
        out = self.differs("after/server", "before/server", "--show=causes")
        self.assertIn("because     libmatch.so.5 is not there any more\n", out)
        self.same("before/server", "before/server")

    def test_definitions(self):
        """What the files of both sides say."""
        for side, first, second in (("one", "int a(void) { return 1; }", "int a(void) { return 2; } int b(void) { return 2; }"),
                                    ("two", "int b(void) { return 1; }", "int a(void) { return 2; } int b(void) { return 2; }")):
            self.object(f"{side}/libfirst.so", first, "-Wl,-soname,libfirst.so")
            self.object(f"{side}/libsecond.so", second, "-Wl,-soname,libsecond.so")
            build(self.directory / side / "app", "int a(void), b(void); void _start(void) { a(); b(); }", "-pie", "-fPIE",
                  "-xnone", "./libfirst.so", "./libsecond.so", "-Wl,-rpath,$ORIGIN")
        self.assertEqual(self.causes("one/app", "two/app"), [("rebound", "definition-gone", "libfirst.so", 1),
                                                             ("rebound", "definition-new", "libfirst.so", 1)])
        for side in ("one", "two"):
            self.bindsim(f"{side}/app", "--format=json", "-o", f"{side}.json")
        # Reports do not say who defines what, nor have these files build IDs.
        self.assertEqual({cause for _, cause, _, _ in self.causes("one.json", "two.json")}, {"scope"})

    def test_undefined(self):
        for side, text in (("one", "int a(void) { return 1; }"), ("two", "int other(void) { return 1; }")):
            self.object(f"{side}/libfirst.so", text, "-Wl,-soname,libfirst.so")
        self.object("one/user.so", "int a(void); int use(void) { return a(); }", "-xnone", "./libfirst.so", "-Wl,-rpath,$ORIGIN",
                    "-Wl,-z,lazy")
        shutil.copy(self.directory / "one/user.so", self.directory / "two/user.so")
        for side in ("one", "two"):
            self.program(f"{side}/app")
        self.assertEqual(self.causes("one/app", "two/app", "--dlopen", "$ORIGIN/user.so:LAZY"),
                         [("lost", "definition-gone", "libfirst.so", 1)])
        out = self.differs("one/app", "two/app", "--dlopen", "$ORIGIN/user.so:NOW")
        self.assertIn("\nstep 1: dlopen $ORIGIN/user.so NOW\n   now         fails: ", out)
        self.assertIn("undefined symbol: a\n   before      succeeds\n", out)
        self.assertIn("user.so is not there at the end any more", out)

    def test_objects_with_their_references(self):
        """They are one item, however many objects came."""
        self.program()
        for number in range(3):
            self.object(f"lib{number}.so", f"int a{number}(void); int use(void) {{ return a{number}(); }}", "-Wl,-z,lazy")
        steps = [word for number in range(3) for word in ("--dlopen", f"./lib{number}.so:LAZY")]
        self.bindsim("--format=plan", "-o", "a.plan", "./app")
        self.bindsim("--format=plan", "-o", "b.plan", "./app", *steps)
        self.bindsim("--format=plan", "-o", "c.plan", "./app", *steps[:2])
        self.assertEqual(self.causes("a.plan", "b.plan"), [("new-undefined", "object-came", None, 3)])
        self.assertIn("\nundefined: 3 references:\n               lib0.so: 1 reference is new and binds to nobody\n",
                      self.differs("a.plan", "b.plan"))
        self.assertIn("because     their objects are there now\n", self.differs("a.plan", "b.plan"))
        self.assertIn("because     lib0.so is there now\n", self.differs("a.plan", "c.plan"))
        self.assertIn("because     lib0.so is not there any more\n", self.differs("c.plan", "a.plan"))

    def test_rebuilt_referrer(self):
        for side, text in (("one", "int a(void);"), ("two", "int a(void), b(void); int c(void) { return b(); }")):
            self.object(f"{side}/libfirst.so", "int a(void) { return 1; } int b(void) { return 1; }", "-Wl,-soname,libfirst.so")
            self.object(f"{side}/user.so", text + "int use(void) { return a(); }", "-xnone", "./libfirst.so", "-Wl,-rpath,$ORIGIN",
                        "-Wl,-z,lazy")
            self.program(f"{side}/app")
        self.assertEqual(self.causes("one/app", "two/app", "--dlopen", "$ORIGIN/user.so"),
                         [("new", "referrer-rebuilt", "user.so", 1)])
        self.assertEqual(self.causes("two/app", "one/app", "--dlopen", "$ORIGIN/user.so"),
                         [("gone", "referrer-rebuilt", "user.so", 1)])

    def test_versions(self):
        for side, version in (("one", "V1"), ("two", "V2")):
            self.file(f"{side}/map", f"{version} {{ global: a; }};")
            self.object(f"{side}/libfirst.so.{version[1]}.0", "int a(void) { return 1; }", "-Wl,-soname,libfirst.so",
                        "-Wl,--version-script=map")
            (self.directory / side / "libfirst.so").symlink_to(f"libfirst.so.{version[1]}.0")
            build(self.directory / side / "app", "int a(void); void _start(void) { a(); }", "-pie", "-fPIE", "-xnone",
                  "./libfirst.so", "-Wl,-rpath,$ORIGIN")
        self.assertEqual(self.causes("one/app", "two/app"), [("version", "asks-other-version", "app", 1)])
        out = self.differs("one/app", "two/app")
        self.assertIn("version: app: 1 reference now binds to another version in libfirst.so\n", out)
        self.assertIn("for example a [V1] -> [V2]\n", out)


class ScopesTest(DiffTest):
    """Two plans."""

    def setUp(self):
        super().setUp()
        self.program()
        self.object("libfirst.so", COPY)
        self.object("libsecond.so", COPY + CALLS)

    def plan(self, name, *steps):
        self.bindsim("--format=plan", "-o", name, "./app", *steps)
        return name

    def test_many_as_one(self):
        """One object comes to the front of the scope."""
        plans = [self.plan(f"{flags}.plan", "--dlopen", f"./libfirst.so:NOW,{flags}", "--dlopen", "./libsecond.so:NOW")
                 for flags in ("LOCAL", "GLOBAL")]
        out = self.differs(*plans)
        self.assertIn("\nrebound: libsecond.so: 40 references now bind to libfirst.so, which were its own\n"
                      "   because     libfirst.so is in the global scope now (step 1 opens it GLOBAL)\n"
                      "   for example copy0\n               copy1\n               copy10\n", out)
        self.assertIn("\nnew warning: captured-references: libsecond.so -> libfirst.so, 40 symbols\n", out)
        self.assertIn("\nstep 1: dlopen ./libfirst.so NOW,GLOBAL, is another call\n   now         succeeds\n"
                      "   before      dlopen ./libfirst.so NOW,LOCAL succeeds\n", out)
        listed = self.differs(*plans, "--show=bindings")
        self.assertEqual(len(re.findall(r"^  libsecond\.so: copy\d+: libsecond\.so -> libfirst\.so$", listed, re.MULTILINE)), 40)
        self.assertEqual(self.causes(*reversed(plans)), [("rebound", "not-global", "libfirst.so", 40)])
        self.assertIn("\n40 differences: 40 bindings\n", self.differs(*plans, "--show=causes"))
        self.assertIn("\n1 difference: 1 binding\n", self.differs(*plans, "--show=causes", "--symbol=copy7"))
        self.same(*plans, "--show=causes", "--from=libfirst.so")
        self.same(*plans, "--show=causes", "--to=app")
        self.assertIn("\n40 differences: 40 bindings\n", self.differs(*plans, "--show=causes", "--to=libsecond.so"))

    def test_deepbind(self):
        first = ("--dlopen", "./libfirst.so:NOW,GLOBAL", "--dlopen")
        plans = [self.plan("plain.plan", *first, "./libsecond.so:NOW"),
                 self.plan("deep.plan", *first, "./libsecond.so:NOW,DEEPBIND")]
        self.assertEqual(self.causes(*plans), [("rebound", "deepbind", "libsecond.so", 40)])
        self.assertIn("now bind to itself, which were libfirst.so's\n   because     step 2 opens libsecond.so with DEEPBIND now\n",
                      self.differs(*plans))
        self.assertIn("without DEEPBIND now", self.differs(*reversed(plans)))

    def test_order(self):
        self.object("libuser.so", "int copy0(void); int use(void) { return copy0(); }", "-Wl,-z,lazy")
        opened = [["--dlopen", f"./lib{name}.so:GLOBAL"] for name in ("first", "second")]
        user = ["--dlopen", "./libuser.so"]
        plans = [self.plan("a.plan", *opened[0], *opened[1], *user), self.plan("b.plan", *opened[1], *opened[0], *user)]
        self.assertEqual(self.causes(*plans), [("rebound", "order", "libsecond.so", 41)])
        out = self.differs(*plans)
        self.assertIn("because     libsecond.so comes before libfirst.so now\n", out)
        self.assertIn("comes at another place in the order of loading", out)

    def test_lazy(self):
        """What waits has what a first call would bind; what was called has what it bound."""
        self.object("libuser.so", "int copy0(void); int use(void) { return copy0(); }", "-Wl,-z,lazy")
        opened = ("--dlopen", "./libuser.so:LAZY")
        plans = [self.plan("a.plan", *opened), self.plan("b.plan", *opened, "--dlopen", "./libfirst.so:GLOBAL")]
        self.assertIn(("found", "object-came", "libfirst.so", 1), self.causes(*plans))

    def test_dlsym(self):
        plans = [self.plan("a.plan", "--dlsym", "copy0"), self.plan("b.plan", "--dlsym", "copy1")]
        out = self.differs(*plans)
        self.assertIn("because     the program asks otherwise\n", out)

    def test_namespaces(self):
        plan = self.plan("a.plan", "--dlopen", "./libfirst.so", "--dlmopen", "./libfirst.so")
        self.same(plan, plan)
        out = self.differs(self.plan("b.plan", "--dlopen", "./libfirst.so"), plan)
        self.assertIn("\n  libfirst.so [1] is there now: ./libfirst.so\n", out)
        self.assertIn("\nstep 2: dlmopen ./libfirst.so, is new\n", out)


class RootsTest(DiffTest):
    """The same image before and after an upgrade."""

    def image(self, name, libraries):
        """A root with a program and a plugin."""
        root = self.directory / name
        (root / "lib64").mkdir(parents=True)
        shutil.copy(INTERPRETER, root / INTERPRETER[1:])
        for file, source in libraries.items():
            build(root / "usr/lib" / file, source, "-shared", "-fPIC", f"-Wl,-soname,{'.'.join(file.split('.')[:3])}")
            (root / "usr/lib" / ".".join(file.split(".")[:3])).symlink_to(file)
        build(root / "usr/bin/app", "int one(void); void _start(void) { one(); }", "-pie", "-fPIE", "-xnone", "-L../lib",
              "-l:libone.so.1", "-Wl,-rpath,/usr/lib")
        return root

    def test_programs_of_two_names(self):
        """They are matched, but one is no build of the other; what has one name may be."""
        for name, source in (("first", "void _start(void) { }"), ("second", "int x; void _start(void) { }"),
                             ("new/first", "int x; void _start(void) { }")):
            self.program(name, source)
        out = self.differs("./first", "./second")
        self.assertRegex(out, r"\n  second is another program\b")
        self.assertNotIn("another build", out)
        self.assertRegex(self.differs("./first", "./new/first"), r"\n  first is another build\b")

    def test_upgrade(self):
        self.image("old", {"libone.so.1.2": "int one(void) { return 1; }"})
        self.image("new", {"libone.so.1.3": "int one(void) { return 2; }"})
        roots = ("--left-root=old", "--right-root=new")
        out = self.differs(*roots, "/usr/bin/app")
        self.assertIn("left   /usr/bin/app in old: executable, ", out)
        self.assertIn("right  /usr/bin/app in new: executable, ", out)
        self.assertRegex(out, r"\n  libone\.so\.1 is another build\n")
        self.assertNotIn("is there now", out)
        self.assertEqual(self.causes(*roots, "/usr/bin/app"), [])
        self.same("--root=old", "/usr/bin/app", "/usr/bin/app")
        self.same("--left-root=new", "--root=old", "--right-root=new", "/usr/bin/app", "/usr/bin/app")

    def test_found_elsewhere(self):
        self.image("old", {"libone.so.1.2": "int one(void) { return 1; }"})
        root = self.image("new", {"libone.so.1.2": "int one(void) { return 1; }"})
        (root / "lib").mkdir()
        (root / "usr/lib/libone.so.1").rename(root / "lib/libone.so.1")
        (root / "usr/lib/libone.so.1.2").rename(root / "lib/libone.so.1.2")
        out = self.differs("--left-root=old", "--right-root=new", "/usr/bin/app")
        self.assertIn("\n  libone.so.1 lies at /lib/libone.so.1, was at /usr/lib/libone.so.1; is found by default-directories, was by "
                      "runpath\n", out)

    def test_a_plan_in_two_roots(self):
        self.image("old", {"libone.so.1.2": "int one(void) { return 1; }"})
        self.image("new", {"libone.so.1.3": "int one(void) { return 2; }"})
        self.bindsim("--format=plan", "-o", "question.plan", "--root=old", "/usr/bin/app", "--dlopen", "libone.so.1")
        out = self.differs("--right-root=new", "question.plan")
        self.assertIn("left   question.plan in old: plan, ", out)
        self.assertIn("right  question.plan in new: plan, ", out)


class ReportsTest(DiffTest):
    """Reports of different days, and what is no report."""

    def setUp(self):
        super().setUp()
        self.program()
        self.object("libhook.so", "int hook(void) { return 1; }")

    def test_gaps(self):
        self.bindsim("./app", "--format=json", "-o", "whole.json")
        self.bindsim("./app", "--format=json", "--show=objects", "-o", "objects.json")
        self.bindsim("./app", "--format=json", "--symbol=a*", "-o", "cut.json")
        self.bindsim("./app", "--format=json", "--show=bindings", "-o", "bindings.json")
        lacks = [f"{part} cannot be compared: objects.json was written without the part {part}\n" for part in ("findings", "bindings")]
        answer = self.bindsim("diff", "whole.json", "objects.json")
        self.assertIn("\nnot compared: bindings: objects.json was written without the part bindings\n", answer.out)
        self.assertIn("\nnot compared: findings: objects.json was written without the part findings\n", answer.out)
        self.assertTrue(answer.out.endswith("\nno difference in what could be compared\n"), answer.out)
        self.assertEqual((answer.status, answer.err), (2, "".join(f"bindsim: {line}" for line in lacks)))
        quiet = self.bindsim("diff", "-q", "objects.json", "whole.json")
        self.assertEqual((quiet.status, quiet.out, quiet.err), (2, "", answer.err))
        self.same("whole.json", "objects.json", "--show=objects,steps")
        answer = self.bindsim("diff", "whole.json", "objects.json", "--show=findings")
        self.assertEqual((answer.status, answer.err), (2, f"bindsim: {lacks[0]}"))
        answer = self.bindsim("diff", "whole.json", "objects.json", "--format=json")
        self.assertEqual((answer.status, json.loads(answer.out)["counts"]["differences"]), (2, 0))
        self.bindsim("./app", "--dlopen", "./libhook.so", "--format=json", "-o", "later.json")
        answer = self.bindsim("diff", "-q", "objects.json", "later.json")
        self.assertEqual((answer.status, answer.err), (1, "".join(f"bindsim: {line}" for line in lacks) + "bindsim: 2 differences\n"))
        answer = self.bindsim("diff", "whole.json", "cut.json", "--show=causes")
        self.assertIn("\nnot compared: bindings: the two were not cut down by the same globs of symbol, from and to\n", answer.out)
        self.assertEqual(answer.status, 2)
        self.same("cut.json", "cut.json")
        self.assert_trouble(self.bindsim("diff", "whole.json", "bindings.json"), "bindings.json: parts: ", "objects")

    def test_what_is_no_report(self):
        self.bindsim("./app", "--format=json", "-o", "whole.json")
        self.bindsim("./app", "--format=ndjson", "-o", "whole.ndjson")
        text = (self.directory / "whole.json").read_text()
        lines = (self.directory / "whole.ndjson").read_text().splitlines(keepends=True)
        for name, content, words in (
                ("broken.json", text[:200], ("broken.json: line ", "column")),
                ("other.json", '{"schema": "bindsim-baseline-1"}', ("other.json: schema: ", "bindsim-baseline-1")),
                ("later.json", text.replace("bindsim-report-1", "bindsim-report-2"), ("later.json: schema: ", "bindsim-report-2")),
                ("none.json", "{}", ("none.json: no member schema",)),
                ("empty.ndjson", lines[0], ("empty.ndjson: the stream has no end",)),
                ("twice.ndjson", "".join([*lines, lines[-1]]), ("behind the end",)),
                ("ids.json", text.replace('"id":1,', '"id":7,'), ("ids.json: objects[1].id: 7 is out of range",)),
                ("state.json", text.replace('"state":"ok"', '"state":"odd"'), ('state.json: steps[0].state: "odd" is unknown',)),
                ("kind.json", text.replace('"kind":"executable"', '"kind":5'), ("objects[0].kind: a string is wanted, not a number",))):
            with self.subTest(name):
                self.file(name, content)
                self.assert_trouble(self.bindsim("diff", name, "whole.json"), *words)
                self.assert_trouble(self.bindsim("diff", "whole.json", name), *words)

    def test_later_members(self):
        """A minor version only adds."""
        self.bindsim("./app", "--format=json", "-o", "whole.json")
        text = (self.directory / "whole.json").read_text()
        self.file("later.json", text.replace('"schema_version":"1.', '"later":[{}],"schema_version":"1.9'))
        self.same("whole.json", "later.json")

    def test_standard_input(self):
        self.bindsim("./app", "--format=json", "-o", "whole.json")
        text = (self.directory / "whole.json").read_text()
        answer = self.bindsim("diff", "-", "./app", input=text.encode())
        self.assertEqual((answer.status, answer.err), (0, ""))
        self.assert_trouble(self.bindsim("diff", "-", "-", input=text.encode()), "standard input is one side, not both")

    def test_names_do_not_reach_the_terminal(self):
        self.object("lib\x1b[31m.so", "int a(void) { return 1; }")
        self.bindsim("./app", "--format=json", "-o", "a.json")
        self.bindsim("./app", "--dlopen", "./lib\x1b[31m.so", "--format=json", "-o", "b.json")
        out = self.differs("a.json", "b.json")
        self.assertNotIn("\x1b", out)
        self.assertIn("lib\\x1b[31m.so is there now", out)


class UsageTest(DiffTest):
    """The command line."""

    def setUp(self):
        super().setUp()
        self.program()

    def test_trouble(self):
        self.bindsim("./app", "--format=json", "-o", "whole.json")
        for arguments, words in (
                ((), ("diff what? LEFT and RIGHT",)),
                (("./app",), ("diff what? LEFT and RIGHT",)),
                (("./app", "./gone"), ("right: ", "./gone")),
                (("./gone", "./app"), ("left: ", "./gone")),
                (("./app", "./app", "./app"), ("./app",)),
                (("./app", "./app", "--format=sarif"), ("diff writes text or json, not --format=sarif",)),
                (("./app", "./app", "--show=pairs"), ("--show 'pairs': no such part", "causes")),
                (("./app", "./app", "--fail-on=error"), ("--fail-on has no say in diff",)),
                (("./app", "./app", "--proof=all"), ("--proof has no say in diff",)),
                (("whole.json", "./app", "--dlopen", "./x.so"), ("whole.json: it is a report",)),
                (("whole.json", "./app", "--left-root=."), ("whole.json: it is a report",)),
                (("./app", "./app", "-o", "no/such/file"), ("no/such/file",))):
            with self.subTest(arguments):
                self.assert_trouble(self.bindsim("diff", *arguments), *words)
        self.assert_trouble(self.bindsim("--left-root=.", "/app"), "--left-root belongs to the command diff")

    def test_outputs(self):
        self.object("libhook.so", "int hook(void) { return 1; }")
        self.bindsim("--format=plan", "-o", "a.plan", "./app", "--dlopen", "./libhook.so")
        answer = self.bindsim("diff", "./app", "a.plan", "-q")
        self.assertEqual((answer.status, answer.out, answer.err), (1, "", "bindsim: 2 differences\n"))
        answer = self.bindsim("diff", "./app", "a.plan", "-q", "--show=findings")
        self.assertEqual((answer.status, answer.out, answer.err), (0, "", ""))
        text = self.differs("./app", "a.plan", "-o", "out.txt", "--report=json:out.json")
        self.assertEqual(text, "")
        self.assertIn("is there now", (self.directory / "out.txt").read_text())
        self.assertEqual(json.loads((self.directory / "out.json").read_text())["counts"]["differences"], 2)
        self.assertIn("\x1b[1mstep 1\x1b[0m: ", self.differs("./app", "a.plan", "--color=always"))

    def test_environment(self):
        """It counts for executables, not for plans."""
        self.object("libs/libhook.so", "int hook(void) { return 1; }", "-Wl,-soname,libhook.so")
        self.program("user", "int hook(void); void _start(void) { hook(); }", "-xnone", "libs/libhook.so")
        self.bindsim("--format=plan", "-o", "a.plan", "./user")
        env = environment(LD_LIBRARY_PATH="libs")
        self.assertIn("\nstep 0: start-up\n   now         fails: ", self.differs("./user", "a.plan", env=env))
        self.same("./user", "a.plan", "--no-env", env=env)
        self.same("a.plan", "a.plan", env=env)
        self.same("./user", "a.plan", "--env=LD_LIBRARY_PATH=libs", env=env)
        self.same("./user", "a.plan", "--library-path=libs", env=env)

    def test_help(self):
        answer = self.bindsim("diff", "--help")
        self.assertTrue(answer.out.startswith("Usage: bindsim diff "), answer.out)
        self.assertIn("--left-root=DIR", answer.out)

    def test_loader(self):
        self.bindsim("--format=plan", "-o", "old.plan", "--loader=glibc:2.31", "./app")
        self.bindsim("--format=plan", "-o", "musl.plan", "--loader=musl", "./app")
        out = self.bindsim("diff", "old.plan", "musl.plan").out
        self.assertIn("old.plan: plan, glibc 2.31\n", out)
        self.assertIn("musl.plan: plan, musl 1.2", out)


def transcript_now() -> str:
    """The manual page's example, as it would be written now."""
    directory = transcripts.new_directory()
    try:
        furnish_server(directory)
        return transcripts.again("$ bindsim diff before/server after/server\n", directory)
    finally:
        shutil.rmtree(directory)


@unittest.skipUnless(shutil.which("gcc"), "there is no gcc")
class ManTest(CommandLineTest):
    """The transcript in bindsim-diff(1)."""

    def test_transcript(self):
        written = BLOCK.search(MAN.read_text())
        self.assertIsNotNone(written)
        now = re.sub(r"glibc 2\.\d+", "glibc 2.36", transcript_now())
        self.assertEqual(written[2].replace("\\e", "\\"), now)


if __name__ == "__main__":
    if "--update" in sys.argv:
        MAN.write_text(BLOCK.sub(lambda found: found[1] + transcript_now().replace("\\", "\\e"), MAN.read_text()))
    else:
        unittest.main()
