#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The document that bindsim check writes of several plans: it fits its schema, which is no wider than it, and sums up.

    check_test.py --bindsim build/bindsim [-- arguments of unittest]
"""

import copy
import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import reports
import validation
from case import OPTIONS, main
from damage import members_of

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))
LIBRARIES = {"liba.so": "int f(void) { return 1; } int g(void) { return 2; } int h(void) { return 3; }",
             "libb.so": "int f(void) { return 4; } int g(void) { return 5; } int h(void) { return 6; }"
                        "int all(void) { return f() + g() + h(); }"}


class CheckTest(unittest.TestCase):
    """A directory of two libraries that clash."""

    @classmethod
    def setUpClass(cls):
        # After the tool is known: it reads the environment when it is imported.
        from harness import build

        directory = tempfile.TemporaryDirectory(prefix="check-test-")
        cls.addClassCleanup(directory.cleanup)
        cls.directory = Path(directory.name)
        for name, source in LIBRARIES.items():
            build(cls.directory / "lib" / name, source, "-shared", "-fPIC")
        schema = reports.read_schema("bindsim-check-1")
        # As the rule for schemas within schemas has it: the reference finds it by its $id.
        bundle = {**schema, "$defs": {"report": reports.read_schema("bindsim-report-1")}}
        cls.schema, cls.validator = schema, validation.Validator(bundle)

    def check(self, *arguments):
        done = subprocess.run([OPTIONS.bindsim, "check", "--no-policy", "--format=json", *arguments, "lib"], cwd=self.directory,
                              capture_output=True, check=False, env={"LC_ALL": "C", "PATH": "/bin"})
        return done.returncode, done.stdout.decode("ascii")

    def document(self, *arguments):
        status, text = self.check(*arguments)
        document = json.loads(text)
        problems = list(self.validator.problems(document))
        self.assertEqual(problems, [])
        self.assertEqual(document["verdict"]["outcome"], "failed" if status else "passed")
        return document

    def test_fits(self):
        for arguments in ([], ["--fail-on=warning"], ["--fail-on=note"], ["--show=findings"], ["--show=steps,objects,scopes,searches"]):
            self.document(*arguments)

    def test_sums(self):
        for level, failed in (("error", 0), ("warning", 1), ("note", 2)):
            document = self.document(f"--fail-on={level}")
            verdict, plans = document["verdict"], document["plans"]
            self.assertEqual((verdict["plans"], verdict["failed"]), (len(plans), failed))
            for name in ("counts", "below", "suppressed", "baseline"):
                self.assertEqual(verdict[name], sum(plan["report"]["verdict"][name] for plan in plans))
            for plan in plans:
                self.assertEqual(plan["report"]["verdict"]["plan"], plan["name"])

    def test_reports_are_those_of_one_plan(self):
        for plan in self.document()["plans"]:
            status, text = self.check("--plan-name=" + plan["name"])
            alone = json.loads(text)
            self.assertEqual((status, alone["schema"], alone["steps"]), (0, "bindsim-report-1", plan["report"]["steps"]))

    def test_same_bytes(self):
        self.assertEqual(self.check(), self.check())

    def test_file_is_complete_or_not_there(self):
        self.assertEqual(self.check("-o", "out.json"), (0, ""))
        self.assertEqual((self.directory / "out.json").read_text(), self.check()[1])
        os.unlink(self.directory / "out.json")
        status, text = self.check("-o", "out.json", "--loader=glibc", "--host=./lib/none")
        self.assertEqual((status, text, (self.directory / "out.json").exists()), (2, "", False))

    def test_schema_is_no_wider(self):
        """Each member is needed, none may be added, and each of them is explained or of a kind."""
        document = self.document()
        for where in ([], ["verdict"], ["tool"], ["plans", 0]):
            place = document
            for key in where:
                place = place[key]
            for change in [*place, None]:
                damaged = copy.deepcopy(document)
                inner = damaged
                for key in where:
                    inner = inner[key]
                if change is None:
                    inner["surprise"] = 1
                else:
                    del inner[change]
                self.assertFalse(self.validator.is_valid(damaged), (where, change))
        damaged = copy.deepcopy(document)
        damaged["plans"][1]["report"]["surprise"] = 1
        self.assertFalse(self.validator.is_valid(damaged), "the reports are not looked at")
        self.assertGreater(len(list(members_of(self.schema))), 10)


if __name__ == "__main__":
    sys.exit(main(__doc__))
