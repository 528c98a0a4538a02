#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""--loader with a release, --set, and the command that lists them."""

import json
import re
import shutil
import unittest

from harness import HOOK, INTERPRETER, PROGRAM, CommandLineTest


class LoadersTest(CommandLineTest):
    """bindsim loaders."""

    def test_all(self):
        answer = self.bindsim("loaders")
        self.assertEqual((answer.status, answer.err), (0, ""))
        self.assertRegex(answer.out, r"(?m)^glibc 2\.17 to 2\.44; 2\.36 where the files do not tell$")
        self.assertRegex(answer.out, r"(?m)^  verified against  .*2\.36")

    def test_how_they_differ(self):
        profiles = {name: self.bindsim("loaders", name).out for name in ("glibc", "musl", "qnx")}
        rows = {name: dict(re.findall(r"^  (\w[\w ]*?)  +(\S.*)$", out, re.MULTILINE)) for name, out in profiles.items()}
        for what in ("path tags", "the same object", "scopes", "calls", "own flags"):
            self.assertEqual(len({rows[name][what] for name in rows}), 3, what)
        self.assertEqual([rows[name]["own flags"] for name in rows], ["DEEPBIND", "none", "WORLD, GROUP, LAZYLOAD, NOSHARE"])
        self.assertEqual([rows[name]["dlclose"].split()[1] for name in rows], ["what", "nothing", "what"])

    def test_switches(self):
        answer = self.bindsim("loaders", "glibc")
        self.assertEqual(answer.status, 0)
        self.assertRegex(answer.out, r"(?m)^glibc\.sort +dfs from 2\.35 on, else counting\n    \S.*\(elf/.*\)$")
        self.assertRegex(answer.out, r"(?m)^glibc\.legacy-hwcaps +yes up to 2\.36, else no$")
        self.assertRegex(answer.out, r"(?m)^glibc\.extern-protected-data +yes from 2\.22 to 2\.35, else no$")

    def test_one_release(self):
        values = {release: dict(re.findall(r"^glibc\.([\w-]+) +(\w+)$", self.bindsim("loaders", release).out,
                                           re.MULTILINE)) for release in ("glibc:2.17", "glibc:2.36", "glibc:2.42")}
        self.assertEqual([v["sort"] for v in values.values()], ["counting", "dfs", "dfs"])
        self.assertEqual([v["base-version-waits"] for v in values.values()], ["no", "no", "yes"])
        self.assertEqual([v["greedy-tokens"] for v in values.values()], ["yes", "no", "no"])
        self.assertEqual({len(v) for v in values.values()}, {len(values["glibc:2.36"])})

    def test_mistakes(self):
        for words, complaint in ((["loaders", "nix"], "no loader profile is called 'nix'; there are glibc"),
                                 (["loaders", "glibc:2.16"], "glibc:2.16: releases 2.17 to 2.44 are known"),
                                 (["loaders", "glibc", "glibc"], "one too many"),
                                 (["loaders", "--format=json"], "loaders writes text only, not --format=json")):
            answer = self.bindsim(*words)
            self.assertEqual(answer.status, 2)
            self.assertIn(complaint, answer.err)


class ReleaseTest(CommandLineTest):
    """--loader and the release that the files tell."""

    def setUp(self):
        super().setUp()
        self.program("app", PROGRAM)

    def title(self, *arguments):
        answer = self.bindsim("--format=json", *arguments, "./app")
        self.assertEqual(answer.status, 0, answer)
        return json.loads(answer.out)["question"]["loader_title"], answer.err

    def test_asked_for(self):
        self.assertEqual(self.title("--loader=glibc:2.28"), ("glibc 2.28", ""))
        self.assertEqual(self.title("--loader=glibc:2.36"), ("glibc 2.36", ""))

    def test_unknown(self):
        for text in ("glibc:2.45", "glibc:2", "glibc:2.36.1", "glibc:", "glibc:new"):
            answer = self.bindsim(f"--loader={text}", "./app")
            self.assertEqual(answer.status, 2)
            self.assertIn("releases 2.17 to 2.44 are known, as in glibc:2.36", answer.err)

    def root(self, words=b"release VERSION 2.??"):
        """A root whose loader has other WORDS where it tells its release."""
        (self.directory / "root/lib64").mkdir(parents=True)
        with open(INTERPRETER, "rb") as loader:
            text = re.sub(rb"release version 2\.\d\d", words, loader.read())
        (self.directory / "root/lib64/ld-linux-x86-64.so.2").write_bytes(text)
        shutil.copy(self.directory / "app", self.directory / "root/app")

    def test_found_in_the_loader(self):
        self.root(b"release version 2.28")
        self.assertEqual(self.title("--root=root", "-v")[0], "glibc 2.28")

    def test_found_beside_it(self):
        self.root()
        (self.directory / "root/lib64/libc.so.6").write_bytes(b"GNU C Library (x) stable release version 2.23, by")
        self.assertEqual(self.title("--root=root", "-v")[0], "glibc 2.23")

    def test_found_through_links(self):
        """The loader and the C library lie elsewhere under names of their release, as they did up to 2.33."""
        self.root()
        library = self.directory / "root/lib/x86_64-linux-gnu"
        library.mkdir(parents=True)
        loader = self.directory / "root/lib64/ld-linux-x86-64.so.2"
        loader.rename(library / "ld-2.31.so")
        loader.symlink_to("/lib/x86_64-linux-gnu/ld-2.31.so")
        (library / "libc-2.31.so").write_bytes(b"GNU C Library (x) stable release version 2.31, by")
        (library / "libc.so.6").symlink_to("libc-2.31.so")
        self.assertEqual(self.title("--root=root", "-v")[0], "glibc 2.31")

    def test_asked_for_against_the_root(self):
        self.root(b"release version 2.36")
        self.assertEqual(self.title("--root=root", "--loader=glibc:2.28"), ("glibc 2.28", ""))
        self.assertEqual(self.title("--root=root", "--loader=glibc"), ("glibc 2.36", ""))

    def test_newer_than_all(self):
        self.root()
        (self.directory / "root/lib64/libc.so.6").write_bytes(b"release version 2.99.")
        title, messages = self.title("--root=root", "-v")
        self.assertEqual(title, "glibc 2.44")
        self.assertIn("release 2.99 is simulated as the nearest that is known", messages)

    def test_not_found(self):
        self.root()
        title, messages = self.title("--root=root", "-v")
        self.assertEqual(title, "glibc 2.36")
        self.assertIn("it does not say which release it is: glibc 2.36", messages)


class SettingTest(CommandLineTest):
    """--set."""

    def setUp(self):
        super().setUp()
        self.program("app", PROGRAM)

    def test_mistakes(self):
        for setting, complaint in (("glibc.sort", "PROFILE.KEY=VALUE is wanted"),
                                   ("sort=dfs", "'sort' is no PROFILE.KEY, as in glibc.sort"),
                                   ("nix.sort=dfs", "no loader profile is called 'nix'"),
                                   ("glibc.sorts=dfs", "glibc has no switch 'sorts'; did you mean sort?"),
                                   ("glibc.order=dfs", "glibc has no switch 'order'; there are glibc-hwcaps "),
                                   ("glibc.sort=countign", "sort is dfs or counting, not 'countign'; did you mean counting?"),
                                   ("musl.sort=dfs", "musl has no switch 'sort'; there "),
                                   ("glibc.sort=bubble", "sort is dfs or counting, not 'bubble'"),
                                   ("glibc.opens-pie=maybe", "opens-pie is no or yes, not 'maybe'")):
            answer = self.bindsim("--set", setting, "./app")
            self.assertEqual((answer.status, answer.out), (2, ""), setting)
            self.assertIn(complaint, answer.err)

    def test_the_reports_say_it(self):
        answer = self.bindsim("--set=glibc.sort=counting", "--set=glibc.opens-pie=yes", "./app")
        self.assertIn("with --set=glibc.sort=counting --set=glibc.opens-pie=yes\n", answer.out)
        answer = self.bindsim("--set=glibc.sort=counting", "--format=json", "./app")
        self.assertEqual(json.loads(answer.out)["question"]["settings"], [{"name": "glibc.sort", "value": "counting"}])

    def test_in_plans(self):
        answer = self.bindsim("--set=glibc.sort=counting", "--set=glibc.opens-pie=no", "--format=plan", "./app")
        plan = json.loads(answer.out)
        self.assertEqual(plan["settings"], {"glibc.opens-pie": "no", "glibc.sort": "counting"})
        (self.directory / "plan").write_text(answer.out)
        answer = self.bindsim("--plan=plan", "--set=glibc.opens-pie=yes", "--format=json")
        self.assertEqual([(s["name"], s["value"]) for s in json.loads(answer.out)["question"]["settings"]],
                         [("glibc.opens-pie", "no"), ("glibc.sort", "counting"), ("glibc.opens-pie", "yes")])
        self.assertNotIn("settings", json.loads(self.bindsim("--format=plan", "./app").out))

    def test_mistakes_in_plans(self):
        for settings, complaint in (({"glibc.sorts": "dfs"}, "glibc has no switch 'sorts'"),
                                    ({"sort": "dfs"}, "'sort' is no name of a switch"),
                                    ({"glibc.sort": 1}, "a string is wanted")):
            plan = {"schema": "bindsim-plan-1", "executable": "./app", "settings": settings}
            (self.directory / "plan").write_text(json.dumps(plan))
            answer = self.bindsim("--plan=plan")
            self.assertEqual(answer.status, 2)
            self.assertIn(complaint, answer.err)


class MissingCacheTest(CommandLineTest):
    """What a search says that tries no file, where there is no ld.so.cache."""

    def test_both_ways(self):
        self.program("app", PROGRAM, "-Wl,--no-as-needed", "-lc")
        self.object("plugin.so", "int plugin;", "-nostdlib", "-Wl,-z,nodefaultlib,--no-as-needed", "-lm")
        root = self.directory / "root"
        root.mkdir()
        for name in ("app", "plugin.so"):
            shutil.copy(self.directory / name, root / name)
        for file in (INTERPRETER, "/lib/x86_64-linux-gnu/libc.so.6"):
            (root / file.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, root / file.lstrip("/"))
        for value, reason in (("yes", ": No such file or directory"), ("no", "")):
            answer = self.bindsim("--root=root", f"--set=glibc.checks-cache-again={value}", "--format=ld-debug",
                                  "./app", "--dlopen=./plugin.so")
            self.assertIn(f"step 1: failed: libm.so.6: cannot open shared object file{reason}\n", answer.out)


class CanonicalProgramTest(CommandLineTest):
    """$ORIGIN of what is run as `ld.so FILE`, which a shared object that stands in for a program is."""

    def test_both_ways(self):
        self.object("real/libhook.so", HOOK, "-Wl,-soname,libhook.so")
        self.object("real/user.so", "int hook(void); int use(void) { return hook(); }", "-Wl,-rpath,$ORIGIN",
                    "-Wl,--no-as-needed", "./libhook.so")
        (self.directory / "link.so").symlink_to("real/user.so")
        found = {value: self.bindsim("--format=ld-debug", f"--set=glibc.canonical-program={value}", "./link.so").status
                 for value in ("yes", "no")}
        self.assertEqual(found, {"yes": 0, "no": 1})


if __name__ == "__main__":
    unittest.main()
