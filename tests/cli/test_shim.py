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
        trial, = [trial for trial in document["trials"] if trial["remedy"] == "deepbind" and trial["step"] == 2]
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

    def test_what_it_defines_is_there_for_others_as_before(self):
        """It was opened with RTLD_GLOBAL, and so it is in what was simulated."""
        self.object("codecs_here.so", EXTENSION % (functions(3, 100) + "int given(void) { return 7; }"))
        self.object("asker.so", "int given(void);\nint asked(void) { return given(); }")
        self.plan = (*self.plan[:2], "--dlopen=./codecs_here.so:NOW,GLOBAL", "--dlopen=./asker.so:NOW")
        asks = "\nassert ctypes.CDLL('./asker.so').asked() == 7"
        self.assertEqual(self.run_python("sys.setdlopenflags(before | 256)\nimport codecs_here\nsys.setdlopenflags(before)" + asks),
                         OTHER)
        self.assertEqual(self.run_python(self.shim() + asks), OWN)

    def test_no_harm_where_there_is_no_deepbind(self):
        self.assertEqual(self.run_python(self.shim(), "import os\ndel os.RTLD_DEEPBIND\n"), OTHER)

    def test_flags_are_put_back_when_the_import_fails(self):
        code = ("import sys\nbefore = sys.getdlopenflags()\ntry:\n    exec(open('shim.py').read())\n"
                "except ImportError:\n    print(sys.getdlopenflags() == before)\n")
        self.file("shim.py", self.shim())
        (self.directory / "codecs_here.so").unlink()
        done = subprocess.run([self.python, "-c", code], cwd=self.directory, check=True, text=True, capture_output=True)
        self.assertEqual(done.stdout, "True\n")


MODULE = EXTENSION.replace("codecs_here", "{0}").replace("codec_0() + codec_1() + codec_2()", "{1}").replace("%s", "{2}")
# The braces of C stay what they are.
MODULE = MODULE.replace("{", "{{").replace("}", "}}")
for number in "012":
    MODULE = MODULE.replace("{{" + number + "}}", "{" + number + "}")


class LinesTest(CommandLineTest):
    """What is to be written where Python makes the call: it does what the simulation says, in a real Python."""

    def setUp(self):
        super().setUp()
        self.python = os.path.realpath(sys.executable)

    def changes(self, remedy, *plan, step=None):
        document = json.loads(self.bindsim("advise", "--format=json", self.python, *plan).out)
        trial, = [trial for trial in document["trials"] if trial["remedy"] == remedy and step in (None, trial["step"])]
        return {change["language"]: change["text"] for change in trial["changes"]}

    def run_python(self, code):
        done = subprocess.run([self.python, "-c", "import ctypes, os, sys\n" + code], cwd=self.directory, text=True,
                              capture_output=True, timeout=60, check=False)
        return done.stdout.strip() if done.returncode == 0 else done.stderr.strip().splitlines()[-1]

    def test_an_import_that_serves_others(self):
        self.object("giver.so", MODULE.format("giver", "7", "int given(void) { return 7; }"))
        self.object("taker.so", MODULE.format("taker", "given()", "int given(void);"))
        changes = self.changes("global", "--dlopen=./giver.so:NOW,LOCAL", "--dlopen=./taker.so:NOW,LOCAL")
        self.assertEqual(list(changes), ["python"])
        tail = "\nimport taker\nprint(taker.answer, sys.getdlopenflags() == os.RTLD_NOW)"
        self.assertIn("undefined symbol: given", self.run_python("import giver" + tail))
        self.assertEqual(self.run_python(changes["python"] + tail), "7 True")

    SUM = "codec_0() + codec_1() + codec_2()"

    def test_an_import_that_is_not_to_serve_others(self):
        """The flags are put back, too: who set them may want them for what is imported next."""
        self.object("early.so", MODULE.format("early", self.SUM, functions(3)))
        self.object("late.so", MODULE.format("late", self.SUM, functions(3, 100)))
        changes = self.changes("local", "--dlopen=./early.so:NOW,GLOBAL", "--dlopen=./late.so:NOW")
        self.assertEqual(list(changes), ["python"])
        head = "flags = os.RTLD_NOW | os.RTLD_GLOBAL\nsys.setdlopenflags(flags)\n"
        tail = "\nimport late\nprint(late.answer, sys.getdlopenflags() == flags)"
        self.assertEqual(self.run_python(head + "import early" + tail), f"{OTHER} True")
        self.assertEqual(self.run_python(head + changes["python"] + tail), f"{OWN} True")

    def clash(self):
        self.object("other.so", functions(3))
        self.object("codecs_here.so", EXTENSION % functions(3, 100))
        return ("--dlopen=./other.so:NOW,GLOBAL", "--dlopen=./codecs_here.so:NOW,LOCAL")

    TAIL = "\nimport codecs_here\nprint(codecs_here.answer)"

    def test_a_library_that_ctypes_opens(self):
        changes = self.changes("local", *self.clash(), step=1)
        self.assertEqual(changes, {"python": 'ctypes.CDLL("./other.so", mode=os.RTLD_NOW | os.RTLD_LOCAL)',
                                   "c": 'dlopen("./other.so", RTLD_NOW | RTLD_LOCAL)'})
        self.assertEqual(self.run_python(changes["python"].replace("LOCAL", "GLOBAL") + self.TAIL), str(OTHER))
        self.assertEqual(self.run_python(changes["python"] + self.TAIL), str(OWN))

    def test_an_order(self):
        changes = self.changes("order", *self.clash())
        self.assertEqual(changes, {"python": 'import codecs_here\nctypes.CDLL("./other.so", mode=os.RTLD_NOW | os.RTLD_GLOBAL)'})
        self.assertEqual(self.run_python(changes["python"] + self.TAIL), str(OWN))

    def test_a_module_of_a_package(self):
        """Its name is what is below the directory of what is installed."""
        ask = self.clash()
        place = "old/site-packages/venv-1/lib/site-packages"
        target = self.directory / place / "deep/inner/codecs_here.so"
        target.parent.mkdir(parents=True)
        (self.directory / "codecs_here.so").rename(target)
        ask = (ask[0], ask[1].replace("./codecs_here", f"./{place}/deep/inner/codecs_here"))
        first, _ = self.changes("order", *ask)["python"].splitlines()
        self.assertEqual(first, "import deep.inner.codecs_here")
        head = f"sys.path.append('{place}')\n"
        self.assertEqual(self.run_python(head + first + "\nprint(deep.inner.codecs_here.answer)"), str(OWN))
        head += 'ctypes.CDLL("./other.so", mode=os.RTLD_NOW | os.RTLD_GLOBAL)\n'
        self.assertEqual(self.run_python(head + first + "\nprint(deep.inner.codecs_here.answer)"), str(OTHER))
        shim = self.changes("deepbind", *ask)["python"]
        self.assertEqual(self.run_python(head + shim + "\nprint(codecs_here.answer)"), str(OWN))

    def test_names_of_any_bytes(self):
        self.clash()
        name = 'o"t\\h\u00e9r.so'
        (self.directory / "other.so").rename(self.directory / name)
        line = self.changes("local", f"--dlopen=./{name}:NOW,GLOBAL", "--dlopen=./codecs_here.so:NOW,LOCAL", step=1)["python"]
        self.assertEqual(line, r'ctypes.CDLL(os.fsdecode(b"./o\"t\\h\xc3\xa9r.so"), mode=os.RTLD_NOW | os.RTLD_LOCAL)')
        self.assertEqual(self.run_python(line + self.TAIL), str(OWN))

    def test_programs_that_are_no_python(self):
        ask = self.clash()
        self.program()
        self.object("again.so", functions(3, 5) + "int use(void) { return codec_0() + codec_1() + codec_2(); }")
        document = json.loads(self.bindsim("advise", "--format=json", "./app", ask[0], ask[0].replace("other", "again")).out)
        self.assertEqual({change["language"] for trial in document["trials"] for change in trial["changes"]} & {"python"}, set())
        self.assertTrue(document["trials"])

    def test_who_makes_the_call(self):
        """As record has it: where it is ctypes, nobody else has to write anything."""
        ask = self.clash()
        module = subprocess.run([self.python, "-c", "import _ctypes; print(getattr(_ctypes, '__file__', ''))"], check=True, text=True,
                                capture_output=True).stdout.strip()
        if module:
            changes = self.changes("local", f"--dlopen={module}:NOW", f"--caller={module}", ask[0], f"--caller={self.python}", ask[1], step=2)
            self.assertEqual(list(changes), ["python"])
        self.assertEqual(list(self.changes("local", "--caller=libc.so.6", ask[0], f"--caller={self.python}", ask[1], step=1)), ["c"])


if __name__ == "__main__":
    unittest.main()
