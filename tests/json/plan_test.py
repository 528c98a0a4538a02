#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Plan files: what bindsim writes and what its manual page shows fits the schema, and what the schema refuses it refuses.

    plan_test.py --bindsim build/bindsim [-- arguments of unittest]
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import reports
import validation
from damage import members_of, paths_of
from debug import unmarked

OPTIONS = argparse.Namespace(bindsim=None)
PAGE = Path(__file__).resolve().parents[2] / "man/bindsim-plan.5"
# Every member, and a step of every kind with all that it may have.
FULL = {
    "schema": "bindsim-plan-1", "executable": "app", "unknown_program": "u", "search_path": "/bin", "argv0": "a",
    "arguments": ["-c", ""], "loader": "glibc", "root": "/",
    "cwd": "/tmp", "cpu": "x86-64", "platform": "p", "hwcaps_mask": "m", "hwcaps_prepend": "h", "secure": True,
    "inhibit_cache": True, "ldconfig": True, "inhibit_rpath": "r", "library_path": "l", "preload": "q", "environment": {"LD_X": "y"},
    "steps": [
        {"dlopen": "x.so", "flags": "NOW,GLOBAL", "caller": "c", "internal": True}, {"dlopen": "x.so", "flags": ["now"]},
        {"dlopen": "x.so", "flags": 2}, {"dlmopen": "x.so", "flags": "0x2", "namespace_of": 1, "caller": "c"},
        {"dlsym": "f", "version": "V", "handle": "next", "caller": "c"}, {"dlsym": "f", "handle": 1, "internal": True},
        {"dlclose": 1, "caller": "c", "internal": False}, {"call": "f", "version": "V", "object": "o", "caller": "c"},
        {"init": "o", "steps": [{"dlclose": 1}, {"init": "p", "steps": []}]}]}
# What takes the place of each value in turn.
VALUES = [None, True, False, 0, 1, -1, 0.5, 2**32 - 1, 2**32, 10**30, "", "x", "next", "NEXT", "now", "now,", "now|lazy", "0x1", "08",
          "a\0b", "\ufffd", "\ufffd\\", "\ufffd\\x41", "\ufffd\\x00", "\ufffd\\xg", "\ufffdnow", "a=b", "\n", [], ["now"], ["x"], [""],
          [1], [[]], {}, {"x": "y"}, {"dlopen": "x"}, [{"dlopen": "x"}]]
NAMES = ["surprise", "", "dlopen", "flags", "handle", "steps", "object", "caller", "namespace_of", "schema", "$schema", "\ufffd\\",
         "\ufffdcaller", "a\0b"]


class Case(unittest.TestCase):
    """A directory, and the schema."""

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp(prefix="plan-test-")
        cls.addClassCleanup(shutil.rmtree, cls.directory)
        cls.schema = reports.read_schema("bindsim-plan-1")
        cls.validator = validation.Validator(cls.schema)

    def bindsim(self, *arguments, text=None):
        """Exit status, standard output and standard error."""
        done = subprocess.run([OPTIONS.bindsim, *arguments], cwd=self.directory, capture_output=True, check=False, input=text,
                              env={"LC_ALL": "C", "PATH": "/bin"})
        return done.returncode, done.stdout, done.stderr.decode()

    def write(self, *arguments, text=None):
        """The plan that the arguments write. It fits the schema and is its own plan."""
        status, out, err = self.bindsim("--format=plan", *arguments, text=text)
        self.assertEqual((0, ""), (status, err))
        plan = json.loads(out)
        self.assertEqual([], list(self.validator.problems(plan)))
        self.assertEqual((0, out, ""), self.bindsim("--format=plan", "--plan=-", text=out))
        return plan

    def is_read(self, plan):
        """Whether bindsim takes PLAN, after all that must hold was checked; what it takes it writes as it should."""
        text = plan if isinstance(plan, bytes) else json.dumps(plan).encode()
        status, out, err = self.bindsim("--format=plan", "--plan=-", "./app", text=text)
        if status:
            self.assertEqual((2, b""), (status, out))
            self.assertRegex(err, r"\Abindsim: standard input: .*\n\Z")
            return False
        self.assertEqual("", err)
        self.assertEqual([], list(self.validator.problems(json.loads(out))))
        return True


class Written(Case):
    def test_options(self):
        self.write("app", "--argv0=a", "--loader=glibc", "--root=r", "--cwd=c", "--cpu=x", "--platform=p", "--hwcaps-mask=m",
                   "--hwcaps-prepend=q", "--secure", "--inhibit-cache", "--ldconfig", "--inhibit-rpath=i", "--library-path=l",
                   "--preload=p",
                   "--bind-now", "--env=A=b")
        self.write("app")
        self.write("")

    def test_steps(self):
        for flags in ("", ":NOW", ":rtld_now|GLOBAL+local,NODELETE", ":0x102", ":0402", ":4294967295", ":0XaB"):
            self.write("./app", f"--dlopen=x{flags}", f"--dlmopen=x{flags}", f"--dlmopen=x{flags}@1", f"--dlopen={flags}")
        self.write("./app", "--dlsym=f", "--dlsym=NEXT:f@V", "--dlsym=0:f", "--dlclose=0", "--call=o:f", "--call=o:f@@V",
                   "--caller=", "--init=", "--dlclose=4294967295", "--caller=c", "--dlclose=1", "--init=x", "--end-init",
                   "--end-init")

    def test_bytes(self):
        for raw in (b"\xff", b"\xef\xbf\xbd\\x", b"\n\t\x01\x7f\\\"", b"\xe2\x82\xac", b"\xff\x01\xc2\x80\\x41"):
            name = os.fsdecode(raw)
            plan = self.write(name, f"--env={name}={name}", f"--dlopen={name}", f"--dlsym={name}", f"--call={name}:{name}",
                              f"--init={name}", "--end-init")
            self.assertEqual(raw, os.fsencode(unmarked(plan["executable"])))
            self.assertEqual([raw], [os.fsencode(unmarked(key)) for key in plan["environment"]])


class Schema(Case):
    def test_every_member_has_a_description(self):
        for path, member in members_of(self.schema):
            while "description" not in member and "$ref" in member:
                member = self.schema["$defs"][member["$ref"].removeprefix("#/$defs/")]
            self.assertIn("description", member, path)

    def test_the_manual_page(self):
        """It shows plans that are sound, and names every member."""
        text = PAGE.read_text(encoding="utf-8")
        shown = [block for block in re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed$", text, re.MULTILINE | re.DOTALL)
                 if block.startswith("{")]
        self.assertGreater(len(shown), 1)
        for block in shown:
            self.assertEqual([], list(self.validator.problems(json.loads(block))))
            self.assertTrue(self.is_read(block.encode()))
        for path, _ in members_of(self.schema):
            self.assertRegex(text, rf"(?m)^\.(It )?Li (.* )?{path.rpartition('/')[2]}\b")


class Refused(Case):
    """What the schema refuses bindsim refuses. It refuses more: schemas do not count blocks, and know no flags."""

    def compare(self, plan, what):
        """1 if both refuse PLAN."""
        is_sound = self.validator.is_valid(plan)
        if not is_sound:
            self.assertFalse(self.is_read(plan), f"{what}: the schema refuses what bindsim reads")
        elif not self.is_read(plan):
            self.stricter.append(what)
        return not is_sound

    def setUp(self):
        self.stricter = []
        self.assertTrue(self.validator.is_valid(FULL))
        self.assertTrue(self.is_read(FULL))

    def changed(self, path, change):
        """FULL, after CHANGE of what holds the last key of PATH, and that key."""
        plan = json.loads(json.dumps(FULL))
        holder = plan
        for key in path[:-1]:
            holder = holder[key]
        change(holder, path[-1])
        return plan

    def test_other_values(self):
        refused = 0
        for path in paths_of(FULL):
            for value in VALUES:
                plan = self.changed(path, lambda holder, key, value=value: holder.__setitem__(key, value))
                refused += self.compare(plan, f"{path} = {value!r}")
        self.assertGreater(refused, 800)
        # Only these: words that are no flags, numbers that are none, names of variables that are none after all.
        for what in self.stricter:
            self.assertRegex(what, r"'flags'.*\) = (\['x'\]|'x'|'next'|'NEXT'|'08'|\['\\n'\])$|= '\ufffd'$", "needlessly strict")

    def test_members_that_are_missing(self):
        for path in paths_of(FULL):
            self.compare(self.changed(path, lambda holder, key: holder.pop(key)), f"without {path}")
        self.assertEqual([], self.stricter)

    def test_members_that_are_unknown(self):
        for path in paths_of(FULL):
            for name in NAMES:
                if isinstance(path[-1], str) and "environment" not in path:
                    plan = self.changed(path, lambda holder, key, name=name: holder.setdefault(name, 1))
                    self.compare(plan, f"{name!r} beside {path}")
        self.assertEqual([], self.stricter)

    def test_variables(self):
        for name in ("", "=", "A=B", "\ufffd\\", "\ufffd\\x3d", "\ufffd", "a\0b", "\ufffd\\xff", "ok"):
            self.compare({**FULL, "environment": {name: "x"}}, name)
        self.assertEqual(["\ufffd\\x3d", "\ufffd"], self.stricter)

    def test_whole_documents(self):
        for value in VALUES:
            self.assertTrue(self.compare(value, repr(value)))

    def test_every_cut(self):
        """A file that ends too early is none."""
        text = json.dumps(FULL).encode()
        for n in range(0, len(text), 1 if os.environ.get("CUTS") == "all" else 7):
            self.assertFalse(self.is_read(text[:n]))


def main():
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bindsim", default="build/bindsim", type=os.path.abspath)
    parser.add_argument("rest", nargs="*")
    parser.parse_args(namespace=OPTIONS)
    if not validation.VALIDATES:
        print("plan_test: " + validation.WHY_NOT)
        return reports.SKIPPED
    return not unittest.main(argv=[sys.argv[0], *OPTIONS.rest], exit=False).result.wasSuccessful()


if __name__ == "__main__":
    sys.exit(main())
