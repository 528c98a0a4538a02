#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bindsim check of shared objects that have no program: a directory, or [libraries NAME] of a policy."""

import json
import shutil
import unittest

from check_case import CheckTest, functions, user
from harness import INTERPRETER, PROGRAM, environment


class SetTest(CheckTest):
    """lib/ has a library, a copy of it, and an object that leaves something to its program."""

    def setUp(self):
        super().setUp()
        self.object("lib/liba.so", functions(5))
        self.object("lib/libb.so", user(5, 100))
        self.object("lib/libc.so", "extern int of_host; int host_call(void); int c(void) { return host_call() + of_host; }")


class DirectoryTest(SetTest):
    """A directory in place of an executable."""

    def headings(self, answer):
        return [line.partition(":")[0] for line in answer.out.splitlines() if ": glibc " in line]

    def test_two_plans(self):
        answer = self.check("lib")
        self.assertEqual(answer.status, 0, answer)
        self.assertEqual(self.headings(answer), ["apart", "together"])
        self.assertEqual(answer.out.count("start-up and 3 steps"), 2)

    def test_clash_is_a_warning(self):
        answer = self.check("lib", "--fail-on=warning")
        self.assertEqual(answer.status, 1, answer)
        apart, together = answer.out.split("together: ")
        self.assertNotIn("captured-references", apart)
        self.assertIn("warning: captured-references: libb.so is bound to liba.so for 5 symbols of its own", together)
        self.assertIn("plan together: check failed: 1 finding counts", answer.err)

    def test_duplicates_are_notes(self):
        apart = self.check("lib", "--show=notes", "--plan-name=apart").out
        self.assertIn("note: isolated: libb.so and liba.so both define 5 symbols", apart)

    def test_nothing_twice(self):
        """What is told of the objects apart is not told of them together again."""
        for n in range(2):
            self.object(f"lib/unused{n}.so", "int nothing;", str(self.directory / "lib/liba.so"), "-Wl,--no-as-needed",
                        "-Wl,-rpath,$ORIGIN", "-Wl,-soname,x")
        answer = self.check("lib", "--show=notes")
        together = answer.out.partition("together: ")[2]
        self.assertNotIn("isolated", together)

    def test_what_shares_nothing(self):
        self.object("other/one.so", functions(5, names="one_%d"))
        self.object("other/two.so", functions(5, names="two_%d"))
        answer = self.check("other", "--show=notes,suppressed", "--fail-on=note")
        self.assertEqual(answer.status, 0, answer)
        self.assertNotIn("note:", answer.out)

    def test_left_to_the_program(self):
        answer = self.check("lib", "--plan-name=apart", "--show=notes")
        self.assertEqual(answer.status, 0, answer)
        self.assertIn("note: what nobody defines is left to the program (step 3)", answer.out)
        for name in ("host_call", "of_host"):
            self.assertIn(f"{name}  in lib/libc.so", answer.out)

    def test_missing_library(self):
        self.object("gone/libneeded.so")
        self.object("lib/libd.so", "int d;", "-Wl,--no-as-needed", str(self.directory / "gone/libneeded.so"))
        (self.directory / "gone/libneeded.so").unlink()
        answer = self.check("lib", "--plan-name=apart")
        self.assert_refused(answer, "libneeded.so: cannot open shared object file")

    def test_a_host(self):
        self.program("host", "int of_host; int host_call(void) { return 0; }\n" + PROGRAM, "-Wl,-E")
        answer = self.check("lib", "--host=./host")
        self.assertEqual(answer.status, 0, answer)
        self.assertEqual(self.headings(answer), ["apart"])
        self.program("poor", PROGRAM)
        self.assert_refused(self.check("lib", "--host=./poor"), "undefined symbol: ")
        self.assert_trouble(self.check("lib", "--host=nobody-has-this"), "the host nobody-has-this is not in $PATH")

    def test_links_and_others(self):
        """One object with two names is one, and what is no shared object is left alone."""
        (self.directory / "lib/liba.so.1").symlink_to("liba.so")
        (self.directory / "lib/gone.so").symlink_to("nowhere")
        self.program("lib/prog")
        self.file("lib/notes.so", "words")
        self.object("lib/below/libe.so")
        answer = self.check("lib", "--format=plan", "--plan-name=apart")
        self.assertEqual([step["dlopen"] for step in json.loads(answer.out)["steps"]],
                         ["lib/liba.so", "lib/libb.so", "lib/libc.so"])
        answer = self.check("lib", "--recursive", "--format=plan", "--plan-name=apart")
        self.assertEqual(json.loads(answer.out)["steps"][0], {"dlopen": "lib/below/libe.so", "flags": "NOW,LOCAL"})

    def test_what_comes_with_modules(self):
        """It is not opened by itself, as in a wheel; unless there is no module."""
        def opened(*words):
            answer = self.check(*words, "--format=plan", "--plan-name=apart")
            self.assertEqual(answer.status, 0, answer)
            return [step["dlopen"] for step in json.loads(answer.out)["steps"]]

        brought = self.object("site/pack.libs/libbrought-1234.so", "int brought;")
        self.object("site/.libs/libtool.so")
        self.assertEqual(opened("--recursive", "site"), ["site/.libs/libtool.so", "site/pack.libs/libbrought-1234.so"])
        self.object("site/pack/mod.cpython-311-x86_64-linux-gnu.so", "extern int brought; int *mod = &brought;", str(brought),
                    "-Wl,-rpath,$ORIGIN/../pack.libs")
        self.assertEqual(opened("--recursive", "site"), ["site/.libs/libtool.so", "site/pack/mod.cpython-311-x86_64-linux-gnu.so"])
        self.assertEqual(opened("site/pack.libs"), ["site/pack.libs/libbrought-1234.so"])

    def test_a_program_of_that_name(self):
        """What scripts mean by a program's name stays the same when a directory is called so."""
        self.program("bin/lib")
        answer = self.check("lib", env=environment(PATH=str(self.directory / "bin")))
        self.assertTrue(answer.out.startswith("lib: glibc "), answer.out)
        self.assertEqual(self.headings(self.check("./lib")), ["apart", "together"])

    def test_plan_asks_the_same(self):
        self.check("lib", "--plan-name=together", "--format=plan", "-o", "plan.json")
        asked = self.check("--plan=plan.json", "--format=json")
        self.assertIn("captured-references", [f["rule"] for f in json.loads(asked.out)["findings"]])

    def test_inside_a_root(self):
        """DIR is a directory of the root, where the libraries find each other, too."""
        self.object(f"root{INTERPRETER}", "int nothing;", "-Wl,-soname,ld-linux-x86-64.so.2")
        self.object("root/usr/lib64/libneeded.so", "int needed;", "-Wl,-soname,libneeded.so")
        self.object("root/opt/libuser.so", "int user;", "-Wl,--no-as-needed", str(self.directory / "root/usr/lib64/libneeded.so"),
                    "-Wl,-soname,libuser.so")
        shutil.rmtree(self.directory / "lib")
        answer = self.check("/opt", "--root=root", "--format=json")
        self.assertEqual(answer.status, 0, answer)
        names = [o["name"] for o in json.loads(answer.out)["objects"]]
        self.assertIn("/opt/libuser.so", names)
        self.assertNotIn(str(self.directory), answer.out)
        self.assert_trouble(self.check("/lib", "--root=root"), "/lib: No such file or directory")

    def test_unreadable(self):
        """What lies in a directory that cannot be read is not passed over."""
        self.object("open/libx.so", "int x;")
        self.object("open/shut/liby.so", "int y;")
        (self.directory / "open/shut").chmod(0)
        self.addCleanup((self.directory / "open/shut").chmod, 0o755)
        nobody = self.unprivileged()
        self.assert_trouble(self.bindsim("check", "--no-policy", "--recursive", "./open", **nobody), "./open/shut: Permission denied")
        self.assert_trouble(self.bindsim("check", "--no-policy", "./open/shut", "--host=./app", **nobody), "./open/shut: Permission denied")
        self.assert_trouble(self.bindsim("check", "--no-policy", "./open/shut/below", "--host=./app", **nobody),
                            "./open/shut/below: Permission denied")
        self.assertEqual(self.bindsim("check", "--no-policy", "./open", **nobody).status, 0)

    def test_problems(self):
        (self.directory / "empty").mkdir()
        self.assert_trouble(self.check("empty"), "empty: no shared object in it\n")
        self.assert_trouble(self.check("empty", "--recursive"), "in it or below it")
        self.object("empty/a/b/libdeep.so")
        self.assert_trouble(self.check("empty"), "empty: no shared object in it; below it there are some: --recursive")
        self.assert_trouble(self.check("lib", "--dlopen=x"), "lib: steps belong to an executable")
        self.assert_trouble(self.check("lib", "--plan-name=other"), "--plan-name 'other': no such plan of lib")
        self.assert_trouble(self.check("./app", "--host=./app"), "--host is about a directory or an archive")
        self.assert_trouble(self.check("./absent", "--host=./app"), "./absent: No such file or directory")
        self.assert_trouble(self.check("./app/lib", "--host=./app"), "./app/lib: Not a directory")
        self.assert_trouble(self.check("./app", "--recursive"), "--recursive is about a directory")
        self.assert_trouble(self.check("lib", "--executable=x"), "--executable is about an archive")
        self.assert_trouble(self.bindsim("lib", "--recursive"), "--recursive belongs to the command check")

    def test_no_access(self):
        options = self.unprivileged()
        if not options:
            self.skipTest("only root can be somebody else")
        (self.directory / "lib").chmod(0)
        self.assert_trouble(self.check("lib", **options), "lib: Permission denied")


class PolicyTest(SetTest):
    """[libraries NAME]"""

    POLICY = "[libraries plugins]\ndirectory = lib\n"

    def test_plans(self):
        self.policy(self.POLICY + "[plan app]\nexecutable = ./app\n")
        answer = self.check()
        self.assertEqual(answer.status, 0, answer)
        for name in ("app", "plugins apart", "plugins together"):
            self.assertIn(f"{name}: ", answer.out)
        for name, n in (("app", 1), ("plugins", 2), ("plugins together", 1)):
            self.assertEqual(self.check(f"--plan-name={name}").out.count("check: "), n)
        self.assert_trouble(self.check("--plan-name=plug"), "no such plan; there are app plugins")

    def test_beside_the_policy(self):
        self.policy(self.POLICY)
        (self.directory / "below").mkdir()
        self.assertEqual(self.check(cwd="below").status, 0)

    def test_glob(self):
        self.policy(self.POLICY + "glob = lib[ac].so\n")
        answer = self.check("--format=plan", "--plan-name=plugins apart")
        self.assertEqual([step["dlopen"] for step in json.loads(answer.out)["steps"]], ["lib/liba.so", "lib/libc.so"])
        self.policy(self.POLICY + "glob = nothing*\n")
        self.assert_trouble(self.check(), "lib: no shared object is called nothing* in it")

    def test_recursive(self):
        self.policy("[libraries all]\ndirectory = .\nrecursive = yes\n")
        self.assertIn("start-up and 6 steps", self.check().out)
        self.policy("[libraries all]\ndirectory = .\nrecursive = no\n")
        self.assertIn("start-up and 3 steps", self.check().out)
        self.object("outer/inner/libdeep.so")
        self.policy("[libraries all]\ndirectory = outer\n")
        self.assert_trouble(self.check(), "outer: no shared object in it; below it there are some: recursive = yes")
        self.policy("[libraries all]\ndirectory = outer\nglob = lib?.so\n")
        self.assert_trouble(self.check(), "outer: no shared object is called lib?.so in it\n")

    def test_host(self):
        self.program("host", "int of_host; int host_call(void) { return 0; }\n" + PROGRAM, "-Wl,-E")
        self.policy(self.POLICY + "host = ./host\n")
        answer = self.check()
        self.assertEqual(answer.status, 0, answer)
        self.assertTrue(answer.out.startswith("plugins: ./host: glibc"), answer.out)

    def test_levels(self):
        """A section of the policy has the last word on what might be."""
        self.policy(self.POLICY + "[level captured-references]\nlevel = error\n")
        self.assertEqual(self.check().status, 1)
        self.policy(self.POLICY + "[suppress]\nrule = captured-references\nreason = r\n[check]\nfail-on = warning\n")
        self.assertEqual(self.check().status, 0)

    def test_baseline(self):
        self.policy(self.POLICY + "[check]\nfail-on = warning\nbaseline = known.json\n")
        self.check("--write-baseline=known.json")
        self.assertEqual(self.check().status, 0)
        self.object("lib/libz.so", user(5, 200))
        self.assertEqual(self.check().status, 1)

    def test_baseline_of_other_plans(self):
        """What is known of libraries stays when others are checked, as long as the policy has the libraries."""
        self.policy(self.POLICY + "[plan app]\nexecutable = ./app\n[check]\nfail-on = warning\n")
        self.check("--write-baseline=known.json")
        known = (self.directory / "known.json").read_text()
        self.assertIn("plugins together", known)
        for name in ("app", "plugins apart"):
            self.check(f"--plan-name={name}", "--baseline=known.json", "--write-baseline=new.json")
            self.assertEqual((self.directory / "new.json").read_text(), known, name)
        self.policy("[plan app]\nexecutable = ./app\n[libraries plug]\ndirectory = lib\n[check]\nfail-on = warning\n")
        self.check("--plan-name=app", "--baseline=known.json", "--write-baseline=new.json")
        self.assertNotIn("plugins", (self.directory / "new.json").read_text())

    def test_problems(self):
        for text, problem in (
                ("[libraries]\n", "1: libraries have a name: [libraries NAME]"),
                ("[libraries a]\n", "1: [libraries NAME] needs a directory"),
                ("[libraries a]\ndir = x\n", "2: no such key in [libraries NAME]: 'dir'; there are directory glob"),
                ("[libraries a]\nrecursive = maybe\n", "2: yes or no is wanted"),
                ("[libraries a]\ndirectory = x\n[plan a]\n", "3: there are libraries a in line 1 already"),
                ("[plan a]\nexecutable = x\n[libraries a]\n", "3: there is a plan a in line 1 already"),
                ("[libraries a]\ndirectory = nowhere\n", "nowhere: No such file or directory")):
            self.policy(text)
            self.assert_trouble(self.check(), problem)


if __name__ == "__main__":
    unittest.main()
