#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""FILE[:FLAGS] of --dlopen, in all its spellings.

What the flags do is seen from outside: GLOBAL lends `hook` to a later object, LAZY lets one be opened that misses it,
NOLOAD opens nothing.
"""

import unittest

from harness import HOOK, USER, CommandLineTest

NOT_A_FILE = "failed: {}: cannot open shared object file: No such file or directory"
UNDEFINED = "failed: ./libuse.so: undefined symbol: hook"


class FlagsTest(CommandLineTest):
    """Each plan opens libhook.so, which defines hook, and libuse.so, which calls it."""

    def setUp(self):
        super().setUp()
        self.program()
        self.object("libhook.so", HOOK)
        self.object("libuse.so", USER)

    def after_hook(self, flags):
        """The outcome of libuse.so after libhook.so was opened with FLAGS."""
        return self.outcomes("./app", "--dlopen", f"./libhook.so:{flags}", "--dlopen", "./libuse.so")[1:]

    def use(self, flags):
        """The outcome of libuse.so opened alone, with FLAGS."""
        return self.outcomes("./app", "--dlopen", f"./libuse.so:{flags}")[1]

    def test_spellings(self):
        for flags in ("NOW|GLOBAL", "NOW,GLOBAL", "NOW+GLOBAL", "RTLD_NOW|RTLD_GLOBAL", "RTLD_NOW,GLOBAL", "now,global",
                      "rtld_now|rtld_global", "Rtld_Now+gLoBaL", "GLOBAL,NOW", "GLOBAL", "GLOBAL,GLOBAL",
                      "LAZY|GLOBAL,NODELETE+LOCAL", "258", "0x102", "0402"):
            with self.subTest(flags):
                self.assertEqual(self.after_hook(flags), ["ok", "ok"])

    def test_local(self):
        for flags in ("NOW|LOCAL", "LOCAL", "NOW", "LAZY", "DEEPBIND", "NODELETE", "NOW,DEEPBIND,NODELETE", "2", "1"):
            with self.subTest(flags):
                self.assertEqual(self.after_hook(flags), ["ok", UNDEFINED])
        self.assertEqual(self.outcomes("./app", "--dlopen=./libhook.so", "--dlopen=./libuse.so")[1:], ["ok", UNDEFINED])

    def test_now_unless_lazy(self):
        for flags in ("LAZY", "lazy,local", "RTLD_LAZY", "1"):
            with self.subTest(flags):
                self.assertEqual(self.use(flags), "ok")
        for flags in ("NOW", "LOCAL", "DEEPBIND", "NODELETE", "2"):
            with self.subTest(flags):
                self.assertEqual(self.use(flags), UNDEFINED)
        self.assertEqual(self.outcomes("./app", "--dlopen=./libuse.so")[1], UNDEFINED)

    def test_noload(self):
        self.assertEqual(self.outcomes("./app", "--dlopen=./libhook.so:NOLOAD")[1], "failed: ")
        plan = ["--dlopen=./libhook.so:LOCAL", "--dlopen=./libhook.so:NOLOAD,GLOBAL", "--dlopen=./libuse.so"]
        self.assertEqual(self.outcomes("./app", *plan)[1:], ["ok", "ok", "ok"])

    def test_numbers_are_passed_as_they_are(self):
        self.assertEqual(self.use("0"), "failed: ./libuse.so: invalid mode for dlopen(): Invalid argument")
        self.assertEqual(self.use("0x100"), "failed: ./libuse.so: invalid mode for dlopen(): Invalid argument")
        self.assertEqual(self.use("0x202"), "failed: invalid mode parameter")

    def test_what_is_no_flags_belongs_to_the_name(self):
        for text in ("", "FOO", "NOW,", ",NOW", "NOW,,LAZY", "NOW FOO", "NOW|FOO", "RTLD_", "RTLD_FOO", "-1", "+2", " 2", "2x",
                     "0x", "08", "4294967296", "99999999999999999999", "WORLD", "NOW:", "NOW|2"):
            with self.subTest(text):
                self.assertEqual(self.use(text), NOT_A_FILE.format(f"./libuse.so:{text}"))

    def test_a_flag_that_was_mistyped(self):
        """A name may hold such a text, so this is no error."""
        for text, words in (("GLOBL", "'GLOBL' is no flag (did you mean GLOBAL?); taken as part of the file name"),
                            ("DEEPBND", "'DEEPBND' is no flag (did you mean DEEPBIND?); taken as part of the file name"),
                            ("deepbnd", "'deepbnd' is no flag (did you mean DEEPBIND?); taken as part of the file name"),
                            ("NOW,GLOBL", "'GLOBL' is no flag (did you mean GLOBAL?); ':NOW,GLOBL' is taken as part of the file name"),
                            ("NOW,FOO", "'FOO' is no flag; ':NOW,FOO' is taken as part of the file name"),
                            ("globl|now", "'globl' is no flag (did you mean GLOBAL?); ':globl|now' is taken as part of the file name"),
                            ("rtld_nwo", "'rtld_nwo' is no flag (did you mean NOW?); taken as part of the file name"),
                            ("FOO", "'FOO' is no flag; taken as part of the file name"),
                            ("RTLD_", "'RTLD_' is no flag; taken as part of the file name"),
                            ("NOW,", "'' is no flag; ':NOW,' is taken as part of the file name")):
            for option in ("--dlopen", "--dlmopen"):
                answer = self.bindsim(f"{option}=./libuse.so:{text}", "--format=plan", "./app")
                self.assertEqual(answer.err, f"bindsim: {option} './libuse.so:{text}': {words}\n")
                self.assertEqual(answer.status, 0)
        for text in ("", "1.2", "foo", "C", "a,b", "x86-64", "C:LAZY", "2:LAZY", "now:", "LAZY"):
            self.assertEqual(self.bindsim(f"--dlopen=./libuse.so:{text}", "--format=plan", "./app").err, "")

    def test_a_flag_of_another_loader(self):
        """Belongs to the name, as any other word does; but who wrote it meant a flag."""
        for text, flag in (("WORLD", "WORLD"), ("NOW,rtld_group", "GROUP")):
            answer = self.bindsim("--no-env", f"--dlopen=./libuse.so:{text}", "./app")
            self.assertIn(f"bindsim: {flag} is a flag of qnx, and none of glibc: ':{text}' is taken as part of the file name "
                          "./libuse.so\n", answer.err)
            self.assertEqual(answer.status, 1)
        self.assertNotIn("is a flag", self.bindsim("--no-env", "--loader=qnx", "--dlopen=./libuse.so:WORLD", "./app").err)
        self.assertNotIn("is a flag", self.bindsim("--no-env", "--dlopen=./libuse.so:DEEPBIND", "./app").err)

    def test_flags_that_a_colon_joins(self):
        for text, before in (("NOW:LAZY", ":NOW"), ("rtld_now:GLOBAL", ":rtld_now"), ("NOW,GLOBAL:DEEPBIND", ":NOW,GLOBAL"),
                             ("LAZY:NOW:0x2", ":NOW")):
            answer = self.bindsim(f"--dlopen=./libuse.so:{text}", "--format=plan", "./app")
            self.assertEqual(answer.err, f"bindsim: --dlopen './libuse.so:{text}': flags are joined by a comma; "
                                         f"'{before}' is taken as part of the file name\n")
            self.assertEqual(answer.status, 0)

    def test_the_last_colon_counts(self):
        self.assertEqual(self.use("NOW:LAZY"), NOT_A_FILE.format("./libuse.so:NOW"))
        (self.directory / "libuse.so").rename(self.directory / "a:LAZY")
        self.assertEqual(self.outcomes("./app", "--dlopen=./a:LAZY:LAZY")[1], "ok")
        self.assertEqual(self.outcomes("./app", "--dlopen=./a:LAZY")[1], NOT_A_FILE.format("./a"))
        (self.directory / "a:LAZY").rename(self.directory / "b:c")
        self.assertEqual(self.outcomes("./app", "--dlopen=./b:c:LAZY")[1], "ok")
        self.assertEqual(self.outcomes("./app", "--dlopen=./b:c")[1], "failed: ./b:c: undefined symbol: hook")

    def test_a_name_that_looks_like_flags(self):
        self.assertEqual(self.outcomes("./app", "--dlopen=NOW")[1], NOT_A_FILE.format("NOW"))

    def test_empty_file_is_the_program(self):
        for text in ("", ":NOW", ":GLOBAL", ":NOLOAD", ":0x2"):
            with self.subTest(text):
                self.assertEqual(self.outcomes("./app", "--dlopen", text), ["ok", "ok"])
        self.assertEqual(self.outcomes("./app", "--dlopen", ":0")[1],
                         "failed: invalid mode for dlopen(): Invalid argument")

    def test_they_are_reported_as_written(self):
        out = self.bindsim("./app", "--dlopen=./libhook.so:RTLD_now+0x1").out
        self.assertRegex(out, r"(?m)^  1  dlopen ./libhook.so:RTLD_now\+0x1 +failed$")
        out = self.bindsim("./app", "--dlopen=./libhook.so:Rtld_Now+global").out
        self.assertRegex(out, r"(?m)^  1  dlopen ./libhook.so  Rtld_Now\+global  ok ")


if __name__ == "__main__":
    unittest.main()
