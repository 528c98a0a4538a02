#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Names that debug information chooses, of types, members, files and compilers, and what comes of them in what is told of
two definitions that differ."""

import json
import os
import re
import resource
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "cli"))
sys.path.append(str(Path(__file__).resolve().parent))
import test_names  # noqa: E402
from harness import BINDSIM, CommandLineTest, environment, made  # noqa: E402

CXX = os.environ.get("CXX", "g++")
# Names that stand in .debug_str, because they are not short: nothing else moves when they become longer.
SOURCE = """
namespace OUTSIDE { struct SINGLE { int i; }; struct TWOFOLD { int i; }; enum COLOURS { REDDISH, GREENISH }; struct BEFORE { int i; };
struct SHAPES : BEFORE { int EXTENT; SINGLE *MEMBER; COLOURS colour; virtual void draw(); }; void SHAPES::draw() {} }
extern "C" int total(OUTSIDE::SHAPES *s, int by) { return s->EXTENT * by; }
extern "C" int use(OUTSIDE::SHAPES *s) { s->draw(); return total(s, 1); }
"""
CHANGES = (("int EXTENT", "float EXTENT"), ("SINGLE *MEMBER", "TWOFOLD *MEMBER"), ("REDDISH, GREENISH", "GREENISH, REDDISH"), (": BEFORE", ": TWOFOLD"))
NAMES = ("OUTSIDE", "SINGLE", "TWOFOLD", "COLOURS", "REDDISH", "GREENISH", "BEFORE", "SHAPES", "EXTENT", "MEMBER")
PLAN = ("--proof=all", "./app", "--dlopen=./first.so:GLOBAL", "--dlopen=./second.so")
MEMORY = 1 << 30
WHERE = "/where/it/was/built"


@unittest.skipUnless(shutil.which(CXX), f"the tests need {CXX}")
class DebugNamesTest(CommandLineTest):
    """first.so and second.so have definitions of the same names."""

    ask, assert_harmless, check_format, on_a_terminal = (getattr(test_names.NamesTest, name) for name in ("ask", "assert_harmless", "check_format", "on_a_terminal"))

    def setUp(self):
        super().setUp()
        self.program()

    def assembly(self, source):
        self.file("source.cc", source)
        command = [CXX, "-g", "-S", "-fPIC", "-fno-rtti", "-fno-exceptions", "-fno-asynchronous-unwind-tables", "source.cc"]
        made.once([*command, WHERE, source], self.directory / "source.s", lambda: subprocess.run(
            [*command, f"-ffile-prefix-map={self.directory}={WHERE}"], cwd=self.directory, check=True))
        return (self.directory / "source.s").read_bytes()

    def assemble(self, name, text):
        self.file("source.s", text)
        made.make([CXX, "-shared", "-nostdlib", "-o", name, "source.s"], name, self.directory, check=True)

    @staticmethod
    def string(name):
        """NAME as the assembler's text has it; letters stand for themselves, for there are millions of them."""
        return b'.string "%s"' % re.sub(rb"\W", lambda byte: b"\\%03o" % ord(byte[0]), name)

    @classmethod
    def renamed(cls, text, names):
        """The names of debug information that NAMES has, in the assembler's TEXT, which has no others as strings."""
        for name, new in names.items():
            text, n = re.subn(rb'\.string\t"%s"' % re.escape(name.encode()),
                              lambda _, string=cls.string(new): string, text)
            assert n, name
        return text

    def differing(self, evil, change):
        for name, source in (("first.so", SOURCE), ("second.so", SOURCE.replace(*change).replace("* by", "+ by"))):
            text = self.assembly(source)
            names = {word: evil + word.encode() for word in NAMES if f'.string\t"{word}"'.encode() in text}
            for what in (rb"GNU C\+\+[^\"]*", WHERE.encode(), rb"source\.cc"):
                text = re.sub(rb'\.string\t"(%s)"' % what, lambda m: self.string(evil + m[1]), text)
            self.assemble(name, self.renamed(text, names))

    def test_formats(self):
        for evil in (test_names.EVIL, test_names.EVIL + test_names.NO_UTF8):
            for change in CHANGES[:2]:
                self.differing(evil, change)
                # A plan is the question alone.
                for name in set(test_names.FORMATS) - {"plan"}:
                    with self.subTest(format=name, change=change):
                        self.check_format(name, self.ask("--format=" + name, *PLAN).stdout)
                        self.check_format(name, self.ask("check", "--no-policy", "--format=" + name, *PLAN).stdout)

    def test_they_can_be_told_from_json(self):
        evil = test_names.EVIL + test_names.NO_UTF8
        self.differing(evil, CHANGES[0])
        document = json.loads(self.ask("--format=json", "--show=findings", *PLAN).stdout)
        proof = next(f for f in document["findings"] if f["rule"] == "captured-references")["proof"]
        difference = next(symbol["difference"] for symbol in proof["symbols"] if symbol["difference"])
        self.assertEqual(test_names.reverse(difference["type"]), evil + b"OUTSIDE::" + evil + b"SHAPES")
        self.assertEqual(test_names.reverse(difference["name"]), evil + b"EXTENT")

    def test_on_a_terminal(self):
        for change in CHANGES:
            self.differing(test_names.EVIL, change)
            out = self.on_a_terminal("--color=never", *PLAN)
            self.assertIn(rb"\x1b[31m", out)
            self.assert_harmless(out, "text")

    def ask_in_little(self, *arguments):
        """With a gigabyte of address space, where a sanitizer does not take more than that for itself."""
        def limit():
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))

        can = subprocess.run([BINDSIM, "--version"], env=environment(), capture_output=True, check=False, preexec_fn=limit).returncode == 0
        return self.ask(*arguments, preexec_fn=limit if can else None).stdout.decode()

    def test_long_names(self):
        for change in CHANGES:
            with self.subTest(change=change):
                self.differing(b"n" * (1 << 20), change)
                out = self.ask_in_little(*PLAN)
                self.assertIn("violates the one definition rule", out)
                self.assertLess(len(out), 1 << 17)

    def test_many_of_one_long_name(self):
        """Bases, dimensions and namespaces: what is told of them is as long as the page, and not as the product."""
        n = 250  # namespaces within each other that g++ takes
        names = [f"Base_{i}" for i in range(n)]
        bases = "".join(f"struct {name} {{ int of_{name}; }};\n" for name in names) + "struct SHAPES : %s { int i; virtual void draw(); };"
        dimensions = "struct SHAPES { %s i" + "[1]" * n + "; virtual void draw(); };"
        spaces = "".join(f"namespace {name} {{ " for name in names) + "struct DEEP { %s i; };" + "}" * n + \
            f"\nstruct SHAPES {{ {'::'.join(names)}::DEEP d; virtual void draw(); }};"
        body = ' void SHAPES::draw() {} extern "C" int total(SHAPES *s) { return sizeof *s + %d; } extern "C" int use(SHAPES *s) { s->draw(); return total(s); }'
        for what, first, second in ((bases, ", ".join(names), ", ".join(reversed(names))), (dimensions, "int", "float"), (spaces, "int", "float")):
            for name, source in (("first.so", what % first), ("second.so", what % second)):
                text = self.assembly(source + body % (name == "first.so"))
                labels = dict((m[2].decode(), m[1]) for m in re.finditer(rb'(\.LASF\d+):\n\t\.string\t"(Base_\d+)"', text))
                for other in list(labels)[1:]:
                    text = text.replace(b".long\t" + labels[other] + b"\n", b".long\t" + labels["Base_0"] + b"\n")
                if labels:
                    text = self.renamed(text, {"Base_0": b"n" * (1 << 20)})
                self.assemble(name, text)
            out = self.ask_in_little(*PLAN)
            self.assertIn("violates the one definition rule", out)
            self.assertLess(len(out), 1 << 17)


if __name__ == "__main__":
    unittest.main()
