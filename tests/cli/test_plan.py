#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""--plan and --format=plan: a question as a file. That files fit the schema is tested in tests/json."""

import json
import os
import subprocess
import unittest

from harness import BINDSIM, HOOK, USER, CommandLineTest, environment

SCHEMA = {"schema": "bindsim-plan-1"}
LD_DEBUG_PARTS = "bindings,libs,scopes,versions,files,mapped,addresses,slots"
ALL_FLAGS = "LAZY NOW GLOBAL LOCAL DEEPBIND NODELETE NOLOAD"
# Steps of every kind, with each of their parts; blocks of constructors in all places.
EVERY_STEP = [
    "--dlopen=libx.so", "--dlopen=libx.so:RTLD_now|Global", "--dlopen=:0x2", "--dlopen=a:b", "--init=liby.so",
    "--dlopen=libz.so:LAZY,LOCAL", "--caller=libz.so", "--init=libw.so", "--init=libv.so", "--dlsym=inner", "--end-init",
    "--dlclose=3", "--end-init", "--dlsym=NEXT:outer@V_1", "--end-init", "--dlmopen=libm.so", "--dlmopen=libm.so:NOW@8",
    "--caller=libx.so", "--dlsym=DEFAULT:f", "--dlsym=2:g@@V_2", "--call=liby.so:h", "--call=liby.so[1]:h@V_3",
    "--init=liby.so", "--end-init", "--caller=", "--dlclose=0", "--dlsym=0:f"]


class PlanTest(CommandLineTest):
    """What the tests of plans share."""

    def plan(self, *arguments, **options):
        """The plan that these arguments write, as bytes and as a value."""
        answer = self.bindsim("--format=plan", *arguments, **options)
        self.assertEqual((answer.status, answer.err), (0, ""), answer)
        return answer.out, json.loads(answer.out)

    def keep(self, value, name="plan"):
        """A plan as a file."""
        return self.file(name, value if isinstance(value, (str, bytes)) else json.dumps(value)).name

    def read(self, value, *arguments, **options):
        """What a plan file means, as bindsim writes it."""
        return self.plan("--plan", self.keep(value), *arguments, **options)[1]

    def assert_same(self, first, second, **options):
        """Two command lines give the same answer."""
        for form in (["--format=json"], ["--format=ldd"], ["--format=ld-debug", f"--show={LD_DEBUG_PARTS}"]):
            answers = [self.bindsim(*form, *arguments, **options) for arguments in (first, second)]
            self.assertEqual(*answers)
            self.assertNotEqual(answers[0].out, "")


class WriteTest(PlanTest):
    """--format=plan."""

    def test_the_least(self):
        self.assertEqual(self.plan("./app")[0],
                         '{\n  "schema":"bindsim-plan-1",\n  "executable":"./app",\n  "environment":{},\n  "steps":[]\n}\n')

    def test_nothing_is_simulated(self):
        for word in ("./absent", "/", ""):
            self.assertEqual(self.plan(word)[1]["executable"], word)
        self.assertEqual(self.plan("./absent", "--root=/absent", "--loader=nonesuch")[1]["root"], "/absent")

    def test_every_member(self):
        _, plan = self.plan("app", "--argv0=a", "--loader=glibc", "--root=r", "--cwd=c", "--cpu=x86-64-v3", "--platform=p",
                            "--hwcaps-mask=m", "--hwcaps-prepend=pp", "--secure", "--inhibit-cache", "--ldconfig",
                            "--inhibit-rpath=i", "--library-path=l", "--preload=pre", "--bind-now", "--env=A=", "--env=A=b=c")
        self.assertEqual(plan, {
            **SCHEMA, "executable": "app", "argv0": "a", "loader": "glibc", "root": "r", "cwd": "c", "cpu": "x86-64-v3",
            "platform": "p", "hwcaps_mask": "m", "hwcaps_prepend": "pp", "secure": True, "inhibit_cache": True,
            "ldconfig": True, "inhibit_rpath": "i", "library_path": "l", "preload": "pre", "environment": {"A": "b=c", "LD_BIND_NOW": "1"},
            "steps": []})

    def test_every_step(self):
        self.assertEqual(self.plan("./app", *EVERY_STEP)[1]["steps"], [
            {"dlopen": "libx.so"}, {"dlopen": "libx.so", "flags": "RTLD_now|Global"}, {"dlopen": "", "flags": "0x2"},
            {"dlopen": "a:b"},
            {"init": "liby.so", "steps": [
                {"dlopen": "libz.so", "flags": "LAZY,LOCAL"},
                {"init": "libw.so", "steps": [
                    {"init": "libv.so", "steps": [{"dlsym": "inner"}]},
                    {"dlclose": 3}]},
                {"dlsym": "outer", "version": "V_1", "handle": "next", "caller": "libz.so"}]},
            {"dlmopen": "libm.so"}, {"dlmopen": "libm.so", "flags": "NOW", "namespace_of": 8},
            {"dlsym": "f", "caller": "libx.so"}, {"dlsym": "g", "version": "V_2", "handle": 2, "caller": "libx.so"},
            {"call": "h", "object": "liby.so", "caller": "libx.so"},
            {"call": "h", "version": "V_3", "object": "liby.so[1]", "caller": "libx.so"},
            {"dlclose": 0, "caller": ""}, {"dlsym": "f", "handle": 0, "caller": ""},
            {"init": "liby.so", "steps": []}])

    def test_variables_that_count(self):
        here = environment(LD_LIBRARY_PATH="lib", GLIBC_TUNABLES="x", LD_ODD="", HOME="/", LDX="1")
        _, plan = self.plan("./app", "--env=B=2", env=here)
        self.assertEqual(plan["environment"], {"B": "2", "GLIBC_TUNABLES": "x", "LD_LIBRARY_PATH": "lib", "LD_ODD": ""})
        self.assertEqual(list(plan["environment"]), sorted(plan["environment"]))
        for option in ("--no-env", "--root=."):
            self.assertEqual(self.plan("./app", option, env=here)[1]["environment"], {})
        reordered = dict(reversed(here.items()))
        self.assertEqual(self.plan("./app", env=here), self.plan("./app", env=reordered))

    def test_search_path(self):
        here = {**environment(), "PATH": "/somewhere:"}
        self.assertEqual(self.plan("app", env=here)[1]["search_path"], "/somewhere:")
        self.assertNotIn("search_path", self.plan("./app", env=here)[1])
        self.assertNotIn("search_path", self.plan("app", "--root=.", env=here)[1])
        self.assertNotIn("search_path", self.plan("app", env={"LC_ALL": "C"})[1])

    def test_blocks_in_a_row(self):
        """Whether blocks that no step follows stand in each other makes no difference."""
        inside = self.plan("./app", "--init=a", "--dlclose=1", "--init=b", "--dlclose=1", "--end-init", "--end-init")
        behind = self.plan("./app", "--init=a", "--dlclose=1", "--end-init", "--init=b", "--dlclose=1", "--end-init")
        self.assertEqual(inside, behind)
        empty = self.plan("./app", "--init=a", "--init=b", "--init=c", "--end-init", "--end-init", "--end-init")[1]
        self.assertEqual(empty["steps"], [{"init": name, "steps": []} for name in "abc"])

    def test_deepest(self):
        words = ["./app", *(f"--init={i}" for i in range(16)), "--dlclose=1", *["--end-init", "--dlclose=2"] * 16]
        text, _ = self.plan(*words)
        self.assertEqual(self.plan("--plan", self.keep(text))[0], text)
        self.assert_trouble(self.bindsim(*(f"--init={i}" for i in range(17))), "--init '16'", "16 blocks")

    def test_bytes(self):
        """What is no UTF-8 comes back as the same bytes; what is comes as it is."""
        names = [b"\xff", b"a\\b\xe9", b"\\xff", b"\xef\xbf\xbd", b"\xef\xbf\xbd\\", b"\xc3\xa4\n\t\"\x7f", b"\xff\n\xc2\x85",
                 b"\xed\xa0\x80", b"\xf0\x9f\x90\x9b", b"\xff\xef\xbf\xbd"]
        for name in names:
            with self.subTest(name):
                spelled = os.fsdecode(name)
                words = [f"./{spelled}", f"--argv0={spelled}", "--dlopen", spelled, f"--env={spelled}={spelled}",
                         f"--call={spelled}:{spelled}"]
                text, plan = self.plan(*words)
                self.assertTrue(text.isascii())
                self.assertEqual(self.plan("--plan", self.keep(text))[0], text)
                try:
                    is_plain = not name.decode().startswith("\ufffd")
                except UnicodeDecodeError:
                    is_plain = False
                self.assertEqual(plan["argv0"] == spelled, is_plain)
                self.assertEqual(plan["steps"][0]["dlopen"], plan["argv0"])
                self.assertEqual(list(plan["environment"].items()), [(plan["argv0"], plan["argv0"])])

    def test_where_it_goes(self):
        self.program()
        text, _ = self.plan("./app")
        self.assertEqual(self.bindsim("--format=plan", "-o", "file", "./app"), (0, "", ""))
        self.assertEqual((self.directory / "file").read_text(), text)
        plain = self.bindsim("./app")
        self.assertEqual(self.bindsim("--report=plan:other", "./app"), plain)
        self.assertEqual((self.directory / "other").read_text(), text)
        # Without a run; -q asks for its status.
        answer = self.bindsim("--format=plan", "--report=plan:third", "./absent")
        self.assertEqual((answer.status, answer.out), (0, (self.directory / "third").read_text()))
        answer = self.bindsim("-q", "--report=plan:third", "./absent")
        self.assert_trouble(answer, "absent")
        self.assertIn("absent", (self.directory / "third").read_text())
        self.assert_trouble(self.bindsim("--format=plan", "-o", "absent/file", "./app"), "absent/file")

    def test_a_program_in_place_of_a_plan(self):
        self.program()
        self.assert_trouble(self.bindsim("--plan", "./app"), "./app: an ELF file, and no plan: programs are named without --plan")

    def test_beside_a_report(self):
        """The question is written whatever comes of the run."""
        answer = self.bindsim("--format=plan", "--report=json:report", "./absent")
        self.assertEqual(answer.status, 2)
        self.assertEqual(json.loads(answer.out)["executable"], "./absent")
        self.assertFalse((self.directory / "report").exists())
        self.program()
        answer = self.bindsim("--format=plan", "--report=json:report", "--dlopen=absent.so", "./app")
        self.assert_refused(answer, "absent.so")
        self.assertEqual(json.loads((self.directory / "report").read_text())["schema"], "bindsim-report-1")
        self.assertEqual(json.loads(answer.out)["steps"], [{"dlopen": "absent.so"}])

    def test_it_has_no_parts(self):
        self.assert_trouble(self.bindsim("--format=plan", "--show=steps", "./app"), "'steps'", "format plan has none")
        self.assert_trouble(self.bindsim("explain", "--symbol=x", "--format=plan", "./app"), "plan")


class SameTest(PlanTest):
    """A plan has the answer of the command line that it was written from."""

    def setUp(self):
        super().setUp()
        self.object("lib/libhook.so", HOOK, "-Wl,-soname,libhook.so")
        self.object("libuse.so", USER)
        self.program("app", "int hook(void); void _start(void) { hook(); }", "lib/libhook.so")

    def check(self, *words, **options):
        text, _ = self.plan(*words, **options)
        self.keep(text)
        self.assertEqual(self.plan("--plan=plan")[0], text)
        here = environment(LD_LIBRARY_PATH="/absent", LD_BIND_NOW="1", PATH="/usr/bin:/bin")
        self.assert_same(words, ["--plan=plan"], **options)
        there = self.bindsim("--plan=plan", "--format=json", env=here)
        self.assertEqual(there, self.bindsim(*words, "--format=json", **options))

    def test_variables(self):
        self.check("./app", env=environment(LD_LIBRARY_PATH="lib"))
        self.check("./app", "--env=LD_LIBRARY_PATH=absent", env=environment(LD_LIBRARY_PATH="lib"))
        self.check("./app", "--bind-now", "--library-path=lib", "--preload=./libuse.so")

    def test_steps(self):
        self.check("./app", "--library-path=lib", "--dlopen=./libuse.so:RTLD_Now|Global", "--dlopen=libabsent.so:0x101",
                   "--dlopen=:LAZY", "--dlopen=lib/libhook.so:NOLOAD")

    def test_steps_of_every_kind(self):
        self.object("libuser.so", USER, "-Wl,-z,lazy")
        self.check("./app", "--library-path=lib", "--init=libhook.so", "--dlopen=./libuser.so:LAZY", "--call=libuser.so:use",
                   "--end-init", "--call=libuser.so:hook", "--caller=libuser.so", "--dlsym=NEXT:hook", "--caller=./app",
                   "--dlsym=1:use", "--dlmopen=./libuse.so", "--dlmopen=libhook.so:NOW@6", "--dlsym=7:hook", "--dlclose=6",
                   "--dlclose=1", "--dlclose=1", "--dlsym=DEFAULT:hook@V")

    def test_surroundings(self):
        self.check("../app", f"--cwd={self.directory}/lib", "--argv0=other")
        self.check("./app", f"--cwd={self.directory}", "--env=LD_LIBRARY_PATH=lib", "--cpu=x86-64-v2", "--platform=p",
                   "--inhibit-cache", "--hwcaps-mask=x86-64-v2", "--hwcaps-prepend=mine", "--inhibit-rpath=")
        self.check("./app", "--secure", "--loader=glibc", "--env=LD_LIBRARY_PATH=lib")
        self.check(f"{self.directory}/app", "--root=/", f"--library-path={self.directory}/lib")

    def test_path(self):
        self.program("bin/tool")
        self.check("tool", env={**environment(), "PATH": f"{self.directory}/bin"})


class ReadTest(PlanTest):
    """--plan: what may stand in the file."""

    def test_least(self):
        self.assertEqual(self.read(SCHEMA, "./app"), {**SCHEMA, "executable": "./app", "environment": {}, "steps": []})
        self.assertEqual(self.read({**SCHEMA, "executable": "./a", "secure": False}),
                         {**SCHEMA, "executable": "./a", "environment": {}, "steps": []})

    def test_every_step_again(self):
        text, _ = self.plan("./app", *EVERY_STEP)
        self.assertEqual(self.plan("--plan", self.keep(text))[0], text)

    def test_flags(self):
        for written, read in (("now", "now"), (["now", "RTLD_GLOBAL"], "now,RTLD_GLOBAL"), (["Local"], "Local"), (258, "258"),
                              (0, "0"), (4294967295, "4294967295"), ("0x2", "0x2"), ("NOW+LAZY", "NOW+LAZY")):
            with self.subTest(written):
                plan = self.read({**SCHEMA, "executable": "a", "steps": [{"dlopen": "x", "flags": written}]})
                self.assertEqual(plan["steps"], [{"dlopen": "x", "flags": read}])

    def test_default_handle(self):
        plan = self.read({**SCHEMA, "executable": "a", "steps": [{"handle": "default", "dlsym": "a@b"}]})
        self.assertEqual(plan["steps"], [{"dlsym": "a@b"}])

    def test_strings(self):
        for written, read in (("\ufffda", "a"), ("\ufffd\\x41\\\\", "A\\"), ("\ufffd\\xFF", "\ufffd\\xff"), ("\\x41", "\\x41"),
                              ("a\ufffd\\", "a\ufffd\\"), ("\ufffd", "")):
            with self.subTest(written):
                self.assertEqual(self.read({**SCHEMA, "executable": "./a", "argv0": written})["argv0"], read)

    def test_standard_input(self):
        text, _ = self.plan("./app", "--dlopen=x")
        done = subprocess.run([BINDSIM, "--plan=-", "--format=plan"], input=text, text=True, capture_output=True, check=False)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, text, ""))
        self.assert_trouble(self.bindsim("--plan=-"), "bindsim: standard input: line 1, ")

    def test_own_environment_does_not_count(self):
        here = environment(LD_LIBRARY_PATH="lib", LD_BIND_NOW="1")
        self.assertEqual(self.read({**SCHEMA, "executable": "app"}, env=here),
                         {**SCHEMA, "executable": "app", "environment": {}, "steps": []})


class OnTopTest(PlanTest):
    """What the command line says wins."""

    BASE = {**SCHEMA, "executable": "base", "search_path": "/base", "argv0": "base", "loader": "base", "cwd": "base",
            "cpu": "base", "platform": "base", "hwcaps_mask": "base", "hwcaps_prepend": "base", "secure": True,
            "inhibit_rpath": "base", "library_path": "base", "preload": "base",
            "environment": {"A": "base", "LD_BIND_NOW": "base"}, "steps": [{"dlopen": "base"}]}

    def test_each_option(self):
        for name, value in self.BASE.items():
            if isinstance(value, str) and name not in ("schema", "executable", "search_path"):
                with self.subTest(name):
                    plan = self.read(self.BASE, f"--{name.replace('_', '-')}=top")
                    self.assertEqual(plan, {**self.BASE, name: "top"})
        self.assertEqual(self.read(self.BASE, "--inhibit-cache"), {**self.BASE, "inhibit_cache": True})
        self.assertEqual(self.read(self.BASE, "--secure"), self.BASE)

    def test_executable(self):
        here = {**environment(), "PATH": "/top"}
        self.assertEqual(self.read(self.BASE, "top", env=here), {**self.BASE, "executable": "top", "search_path": "/top"})
        plan = self.read(self.BASE, "./top", env=here)
        self.assertEqual((plan["executable"], "search_path" in plan), ("./top", False))
        # In another root the usual directories are meant.
        plan = self.read(self.BASE, "--root=top", env=here)
        self.assertEqual((plan["root"], "search_path" in plan), ("top", False))

    def test_arguments_are_those_of_one_program(self):
        base = {**self.BASE, "arguments": ["-c", ""]}
        self.assertEqual(self.read(base), base)
        self.assertEqual(self.read(base, "--argv0=top")["arguments"], ["-c", ""])
        self.assertNotIn("arguments", self.read(base, "top"))

    def test_internal_calls(self):
        base = {**self.BASE, "steps": [{"dlopen": "x", "internal": True}, {"dlsym": "f", "handle": 1, "internal": True},
                                       {"dlclose": 1, "internal": True}, {"dlclose": 1}]}
        self.assertEqual(self.read(base), base)
        base["steps"][3]["internal"] = False
        self.assertNotIn("internal", self.read(base)["steps"][3])

    def test_variables(self):
        plan = self.read(self.BASE, "--env=A=top", "--env=B=top", "--bind-now")
        self.assertEqual(plan["environment"], {"A": "top", "B": "top", "LD_BIND_NOW": "1"})

    def test_steps_come_behind(self):
        base = {**self.BASE, "steps": [{"init": "a", "steps": [{"dlopen": "x", "caller": "c"}]}, {"init": "b", "steps": []}]}
        plan = self.read(base, "--dlsym=1:f", "--init=a", "--dlclose=1", "--end-init", "--init=b", "--end-init")
        # Where a block without steps stands among the others is all that counts.
        self.assertEqual(plan["steps"], [base["steps"][0], {"dlsym": "f", "handle": 1}, base["steps"][1],
                                         {"init": "a", "steps": [{"dlclose": 1}]}, {"init": "b", "steps": []}])

    def test_the_order_of_words(self):
        self.keep(self.BASE)
        words = ["--plan=plan", "--argv0=top", "--dlopen=x", "top"]
        self.assertEqual(*(self.plan(*order) for order in (words, words[::-1])))

    def test_one_plan(self):
        self.keep(self.BASE)
        self.assert_trouble(self.bindsim("--plan=plan", "--plan=plan"), "one plan at a time")

    def test_no_executable(self):
        self.keep(SCHEMA)
        self.assert_trouble(self.bindsim("--plan=plan"), "which executable?")

    def test_with_commands(self):
        self.program()
        self.keep({**SCHEMA, "executable": "./app"})
        self.assertEqual(self.bindsim("explain", "--symbol=x", "--plan=plan"), self.bindsim("explain", "--symbol=x", "./app"))


class MisuseTest(PlanTest):
    """Each of these is one message that names the file and the place, and status 2."""

    def refuse(self, value, *words):
        """The message for a plan that is none."""
        answer = self.bindsim("--plan", self.keep(value), "--format=plan")
        self.assert_trouble(answer, *words)
        self.assertTrue(answer.err.startswith("bindsim: plan: "), answer)

    def refuse_step(self, step, message):
        """The same for a plan with one step, which MESSAGE follows."""
        self.refuse({**SCHEMA, "executable": "a", "steps": [{"dlclose": 0}, step]}, f"bindsim: plan: steps[1]{message}")

    def test_syntax(self):
        for text, place in (("", "line 1, column 0: "), ("{\n  \"schema\" 1}", "line 2, column "), ("{\"a\":1,\n\"a\":2}", "line 2, "),
                            ("{} x", "line 1, column 4: "), ("{\"schema\": \"\\u0000\"}", "line 1, "), ("// x\n{}", "line 1, "),
                            ("{\"schema\": 99999999999999999999}", "line 1, "), (b"{\"schema\": \"\xff\"}", "line 1, "),
                            (b"{\"sch\0ema\": 1}", "line 1, "), ("[" * 5000, "line 1, "), ("{\"a\": 1e999}", "line 1, ")):
            with self.subTest(text[:30]):
                self.refuse(text, f"bindsim: plan: {place}")

    def test_files(self):
        self.assert_trouble(self.bindsim("--plan=absent"), "bindsim: absent: No such file or directory")
        self.assert_trouble(self.bindsim("--plan=."), "bindsim: .: Is a directory")
        self.file("closed", json.dumps(SCHEMA), 0)
        self.assert_trouble(self.bindsim("--plan=closed", **self.unprivileged()), "bindsim: closed: Permission denied")

    @unittest.skipUnless(os.path.exists("/dev/zero"), "there is no /dev/zero")
    def test_a_file_without_end(self):
        self.assert_trouble(self.bindsim("--plan=/dev/zero"), "bindsim: /dev/zero: it is a device")

    def test_schema(self):
        self.refuse([], "a plan is an object, not an array")
        self.refuse({}, "no member schema", "bindsim-plan-1")
        self.refuse({"schema": "bindsim-report-1", "tool": 1}, "schema: ", "not \"bindsim-report-1\"")
        self.refuse({"schema": 1}, "schema: ", "not a number")

    def test_members(self):
        self.refuse({**SCHEMA, "executabel": "x"}, "unknown member 'executabel'; there are schema, executable, ", " and steps")
        for value, kind in ((None, "null"), (1, "a number"), (1.5, "a number with a fraction"), ([], "an array"),
                            ({}, "an object"), (True, "true"), (False, "false")):
            self.refuse({**SCHEMA, "cwd": value}, f"plan: cwd: a string is wanted, not {kind}")
        self.refuse({**SCHEMA, "secure": "yes"}, "plan: secure: true or false is wanted, not a string")
        self.refuse({**SCHEMA, "steps": {}}, "plan: steps: an array is wanted, not an object")

    def test_environment(self):
        self.refuse({**SCHEMA, "environment": ["A=b"]}, "plan: environment: an object is wanted, not an array")
        self.refuse({**SCHEMA, "environment": {"A": 1}}, "plan: environment.A: a string is wanted, not a number")
        for name in ("", "A=B", "\ufffd", "\ufffd\\x3d"):
            self.refuse({**SCHEMA, "environment": {name: ""}}, "plan: environment: ", "no name of a variable")
        self.refuse({**SCHEMA, "environment": {"A": "", "B": "", "\ufffdA": ""}}, "plan: environment: A is there twice")

    def test_strings(self):
        for text in ("\ufffd\\", "\ufffd\\x", "\ufffd\\x4", "\ufffd\\xg0", "\ufffd\\x00", "\ufffd\\n", "\ufffda\\"):
            with self.subTest(text):
                self.refuse({**SCHEMA, "argv0": text}, "plan: argv0: in a string that begins with U+FFFD")

    def test_steps(self):
        self.refuse_step([], ": an object is wanted, not an array")
        self.refuse_step({}, ": no call: dlopen, dlmopen, dlsym, dlclose, call or init is wanted")
        self.refuse_step({"caller": "x"}, ": no call: ")
        self.refuse_step({"dlopen": "x", "dlclose": 1}, ": dlopen and dlclose are two steps")
        self.refuse_step({"dlopen": "x", "falgs": "now"}, ": unknown member 'falgs'; beside dlopen there are flags, caller and internal")
        self.refuse_step({"dlclose": 1, "internal": 1}, ".internal: true or false is wanted, not a number")
        self.refuse({**SCHEMA, "arguments": "x"}, "arguments: an array is wanted, not a string")
        self.refuse({**SCHEMA, "arguments": ["x", 1]}, "arguments[1]: a string is wanted, not a number")
        self.refuse_step({"dlclose": 1, "flags": "now"}, ": unknown member 'flags'; beside dlclose there are caller and internal")
        self.refuse_step({"dlopen": None}, ".dlopen: a string is wanted, not null")
        self.refuse_step({"dlopen": "x", "caller": 1}, ".caller: a string is wanted, not a number")
        self.refuse_step({"dlsym": ""}, ".dlsym: it is empty")
        self.refuse_step({"dlsym": "f", "version": ""}, ".version: it is empty")
        self.refuse_step({"call": "f"}, ": no member object")
        self.refuse_step({"call": "f", "object": ""}, ".object: it is empty")

    def test_numbers(self):
        for value in (-1, 4294967296):
            self.refuse_step({"dlclose": value}, f".dlclose: {value} is no number of a step")
            self.refuse_step({"dlsym": "f", "handle": value}, f".handle: {value} is no number of a step")
        self.refuse_step({"dlmopen": "x", "namespace_of": 0}, ".namespace_of: 0 is no number of a step")
        for value, kind in (("1", "a string"), (1.0, "a number with a fraction"), (True, "true")):
            self.refuse_step({"dlclose": value}, f".dlclose: the number of a step is wanted, not {kind}")
        self.refuse_step({"dlsym": "f", "handle": "NEXT"}, ".handle: ")
        self.refuse_step({"dlsym": "f", "handle": []}, ".handle: ")

    def test_flags(self):
        self.refuse_step({"dlopen": "x", "flags": "NOW,GLOBL"}, ".flags: 'GLOBL' is no flag; did you mean GLOBAL?")
        self.refuse_step({"dlopen": "x", "flags": "NOW,FOO"}, f".flags: 'FOO' is no flag; there are {ALL_FLAGS}")
        self.refuse_step({"dlopen": "x", "flags": ["now", "globl"]}, ".flags[1]: 'globl' is no flag; did you mean GLOBAL?")
        for value in ("", "now,", "2x", "-1", "4294967296", "\ufffdnow", [""], ["now,global"], ["2"]):
            self.refuse_step({"dlopen": "x", "flags": value}, ".flags")
        self.refuse_step({"dlopen": "x", "flags": []}, ".flags: no flag is in it")
        self.refuse_step({"dlopen": "x", "flags": [2]}, ".flags[0]: a flag's name is wanted, not a number")
        self.refuse_step({"dlopen": "x", "flags": -1}, ".flags: -1 does not fit dlopen's int")
        self.refuse_step({"dlopen": "x", "flags": {}}, ".flags: a string, an array of names or a number is wanted")

    def test_blocks(self):
        self.refuse_step({"init": "x"}, ": no member steps")
        self.refuse_step({"init": 1, "steps": []}, ".init: a string is wanted")
        self.refuse_step({"init": "x", "steps": [], "caller": "y"}, ": unknown member 'caller'; beside init there is steps")
        self.refuse_step({"init": "x", "steps": [{"dlclose": 1}, {"dlopen": 1}]}, ".steps[1].dlopen: a string is wanted")
        step = {"dlclose": 1}
        for _ in range(17):
            step = {"init": "x", "steps": [step]}
        self.refuse_step(step, ".steps[0]" * 16 + ": more than 16 blocks")

    def test_a_message_is_one_line(self):
        self.refuse({**SCHEMA, "a\nb": 1}, "unknown member 'a\\x0ab'")
        self.refuse({"schema": "a\nb"}, "a\\x0ab")


if __name__ == "__main__":
    unittest.main()
