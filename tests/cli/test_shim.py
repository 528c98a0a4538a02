#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The shim that bindsim advise writes for an extension of Python, run in a Python.

Here something is run, other than in the other tests of the command line: this interpreter, with two small objects.
"""

import json
import os
import subprocess
import sys
import unittest

from check_case import functions
from harness import CommandLineTest

# The stable part of Python's interface (struct PyModuleDef), so that no header is needed.
EXTENSION = """
static struct {
    long references;
    void *type, *init;
    long index;
    void *copy;
    const char *name, *doc;
    long size;
    void *methods, *slots, *traverse, *clear, *free;
} definition = { .references = 1, .name = "codecs_here", .size = -1 };
void *PyModule_Create2(void *definition, int version);
int PyModule_AddIntConstant(void *module, const char *name, long value);
%s
void *PyInit_codecs_here(void)
{
    void *module = PyModule_Create2(&definition, 1013);
    PyModule_AddIntConstant(module, "answer", codec_0() + codec_1() + codec_2());
    return module;
}
"""
OTHER, OWN = 3, 303  # codec_0() + codec_1() + codec_2() of the other library, and of the extension

CAPTURED = """
import ctypes, sys
ctypes.CDLL("./other.so", mode=ctypes.RTLD_GLOBAL)
before = sys.getdlopenflags()
%s
print(codecs_here.answer, sys.getdlopenflags() == before)
"""


class ShimTest(CommandLineTest):
    """An extension that is bound to another library's functions of the same names."""

    def setUp(self):
        super().setUp()
        self.python = os.path.realpath(sys.executable)
        self.object("other.so", functions(3))
        self.object("codecs_here.so", EXTENSION % functions(3, 100))
        self.plan = (self.python, "--dlopen=./other.so:NOW,GLOBAL", "--dlopen=./codecs_here.so:NOW,LOCAL")

    def run_python(self, imports, before=""):
        done = subprocess.run([self.python, "-c", before + CAPTURED % imports], cwd=self.directory, check=True, text=True,
                              capture_output=True, timeout=60)
        answer, restored = done.stdout.split()
        self.assertEqual(restored, "True", "the interpreter's flags are others now")
        return int(answer)

    def shim(self):
        document = json.loads(self.bindsim("advise", "--format=json", *self.plan).out)
        trial, = [trial for trial in document["trials"] if trial["remedy"] == "deepbind"]
        self.assertEqual(trial["captured_after"], 0)
        change, = trial["changes"]
        self.assertEqual(change["language"], "python")
        return change["text"]

    def test_it_stops_the_capture(self):
        self.assertEqual(self.run_python("import codecs_here"), OTHER, "the real loader captures, too")
        self.assertEqual(self.run_python(self.shim()), OWN)

    def test_the_text_has_it_line_by_line(self):
        answer = self.bindsim("advise", *self.plan)
        shim = answer.out.partition("from . import codecs_here):\n\n")[2].partition("\n\nadvice ")[0]
        self.assertEqual("\n".join(line.removeprefix("    ") for line in shim.split("\n")), self.shim())

    def test_no_harm_where_there_is_no_deepbind(self):
        self.assertEqual(self.run_python(self.shim(), "import os\ndel os.RTLD_DEEPBIND\n"), OTHER)

    def test_flags_are_put_back_when_the_import_fails(self):
        code = ("import sys\nbefore = sys.getdlopenflags()\ntry:\n    exec(open('shim.py').read())\n"
                "except ImportError:\n    print(sys.getdlopenflags() == before)\n")
        self.file("shim.py", self.shim())
        (self.directory / "codecs_here.so").unlink()
        done = subprocess.run([self.python, "-c", code], cwd=self.directory, check=True, text=True, capture_output=True)
        self.assertEqual(done.stdout, "True\n")


if __name__ == "__main__":
    unittest.main()
