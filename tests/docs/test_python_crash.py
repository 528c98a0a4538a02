#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""docs/python-crash.md is typed as it stands.

    test_python_crash.py --update    writes its transcripts anew, to be read as a diff

What it shows is compared where Python and the C library are those that it names; elsewhere the crash, the finding and the
cure must be there.
"""

import os
import platform
import re
import shutil
import subprocess
import sys
import unittest

import pages
import project
import transcripts

try:
    import yaml
except ImportError:
    yaml = None

PAGE = project.ROOT / "docs/python-crash.md"
PATH = "/usr/bin:/bin"
PROGRAM = """import os, sysconfig
print(sysconfig.get_python_version(), os.path.exists(sysconfig.get_path("include") + "/Python.h"))"""


def python():
    """The version of the Python that the page means, and whether its headers are there."""
    done = subprocess.run(["python3", "-c", PROGRAM], env={"PATH": PATH}, capture_output=True, text=True, check=False)
    return done.stdout.split() if done.returncode == 0 else ["none", "False"]


@unittest.skipUnless(os.path.exists("/lib64/ld-linux-x86-64.so.2") and shutil.which("cc", path=PATH), "for x86-64 and the GNU C library")
class PythonCrashTest(unittest.TestCase):
    """From the crash to the job."""

    maxDiff = None

    def setUp(self):
        self.version, headers = python()
        if headers != "True":
            self.skipTest("there is no Python in /usr/bin with its headers")
        if shutil.which("gdb", path=PATH) is None:
            self.skipTest("there is no gdb")
        old = os.environ["PATH"]
        os.environ["PATH"] = PATH
        self.addCleanup(os.environ.__setitem__, "PATH", old)

    def test_it_is_as_told(self):
        directory = transcripts.new_directory()
        self.addCleanup(shutil.rmtree, directory)
        text = PAGE.read_text()
        ran = pages.run(text, directory)
        whole = "".join(block.now for block in ran)
        for fact in ("exit status 139\n", "tracking.so [0]: normal symbol `geo_shape'", "error: split-copy: imaging.so is bound to tracking.so",
                     "imaging.so  geo_shape -> tracking.so", "=> tracking.so: defines it; bound to it", "check: passed: no finding counts",
                     "error: required-isolation: ", "bindsim: check failed: ", "sys.setdlopenflags("):
            self.assertIn(fact, whole)
        self.assertRegex(whole, r"python3 app.py\n6.0\n2006.0\n")
        if "--update" in sys.argv:
            for block in ran:
                if pages.masked(block.now) != pages.masked(block.written):
                    text = text.replace(block.written, block.now)
            PAGE.write_text(text)
            return
        written = re.search(r"^<!-- of: python (\S+), glibc (\S+) -->$", text, re.MULTILINE).groups()
        if written == (self.version, platform.libc_ver()[1]):
            for block in ran:
                self.assertEqual(pages.masked(block.now), pages.masked(block.written))


@unittest.skipUnless(yaml, "there is no package yaml")
class JobTest(unittest.TestCase):
    """The job is what its service can read, and the page types what it runs."""

    def setUp(self):
        blocks = list(pages.BLOCK.finditer(PAGE.read_text()))
        (text,) = [block[3] for block in blocks if block[1] and block[1].endswith(".yml")]
        self.job = yaml.safe_load(text)["jobs"]["check"]
        self.typed = {command.text for block in blocks if not block[1] and block[3].startswith(transcripts.PROMPT)
                      for command in transcripts.parse(block[3])}

    def test_commands_are_typed(self):
        """All but what only a runner can do."""
        runs = [step["run"].strip() for step in self.job["steps"] if "run" in step]
        self.assertEqual([run for run in runs if "$GITHUB_" not in run and run not in self.typed], [])
        self.assertTrue(any(run.startswith("bindsim check ") for run in runs))

    def test_findings_may_be_passed_on(self):
        """GitHub refuses SARIF of a job that does not say so; what is passed on is what check writes."""
        (passed_on,) = [step["with"]["sarif_file"] for step in self.job["steps"] if "upload-sarif" in step.get("uses", "")]
        self.assertEqual(self.job["permissions"], {"contents": "read", "actions": "read", "security-events": "write"})
        self.assertTrue(any(f"--report=sarif:{passed_on} " in step.get("run", "") for step in self.job["steps"]))


if __name__ == "__main__":
    unittest.main(argv=[word for word in sys.argv if word != "--update"])
