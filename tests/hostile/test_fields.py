#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every field of every table of small files gets every odd value: an answer each time, in bounded time and memory."""

import os
import shutil
import subprocess
import sys
import unittest
from pathlib import Path
from unittest import mock

sys.path.append(str(Path(__file__).resolve().parents[1] / "cli"))
import harness  # noqa: E402
from elf_fields import Elf, core, words_of  # noqa: E402
from harness import INTERPRETER, CommandLineTest, build  # noqa: E402

FIELDS = os.environ.get("FIELDS", "")  # tests/hostile/fields.c
LIBRARY = """
__asm__(".symver hook_1,hook@V1"); __asm__(".symver hook_2,hook@@V2");
int hook_1(void) { return 1; } int hook_2(void) { return 2; }
int data = 3; int *pointer = &data; _Thread_local int variable; __attribute__((weak)) int maybe(void);
int more(void) { return variable + *pointer + (maybe ? maybe() : 0); }
"""
PLUG = "int hook(void); int more(void); extern int data; int plug(void) { return hook() + more() + data; } int (*at)(void) = hook;"


class SmallFilesTest(CommandLineTest):
    """A program, a library, a plug-in that needs it, and what a root has beside."""

    def setUp(self):
        super().setUp()
        self.file("map", "V1 { local: _*; }; V2 { hook; data; more; plug; } V1;\n")
        self.options = ["-Wl,--hash-style=both", "-Wl,-z,noseparate-code", "-Wl,-z,lazy", "-Wl,--version-script=../map", "-Wl,-z,max-page-size=4096"]
        self.root = self.directory / "root"

    def build_all(self, rpath="-Wl,-rpath,$ORIGIN", interpreter=INTERPRETER):
        for name, source, *options in (("libhook.so", LIBRARY, "-Wl,-soname,libhook.so"),
                                       ("libplug.so", PLUG, "-L.", "-lhook", rpath, "-Wl,--build-id=sha1"),
                                       (interpreter.lstrip("/"), "int nothing;", f"-Wl,-soname,{os.path.basename(interpreter)}"),
                                       ("app", "int hook(void); void _start(void) { hook(); }", "-L.", "-lhook", rpath)):
            script = self.options if "/" not in name and name != "app" else ["-Wl,--hash-style=both", "-Wl,-z,noseparate-code"]
            kind = ["-pie", "-fPIE", f"-Wl,--dynamic-linker={interpreter}"] if name == "app" else ["-shared", "-fPIC", "-ftls-model=initial-exec"]
            build(self.root / name, source, *kind, *options, *script)
        (self.root / "lib").mkdir(exist_ok=True)
        shutil.copy(self.root / interpreter.lstrip("/"), self.root / "lib/ld-musl-x86_64.so.1")


class FieldsTest(SmallFilesTest):
    """One odd value after the other."""

    def try_fields(self, name, way, fields):
        text = "".join(f"{at} {width} {what}\n" for at, width, what in fields)
        done = subprocess.run([FIELDS, self.root, name, way], input=text, capture_output=True, text=True, check=False,
                              env={**os.environ, "ASAN_OPTIONS": "quarantine_size_mb=8:detect_leaks=0"})
        print(done.stdout.splitlines()[-1] if done.stdout else "", file=sys.stderr)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr[-6000:])

    def elf(self, name):
        return Elf((self.root / name).read_bytes()).all()

    def test_library(self):
        self.build_all()
        self.try_fields("libhook.so", "now", self.elf("libhook.so"))

    def test_user(self):
        self.build_all()
        self.try_fields("libplug.so", "lazy", self.elf("libplug.so"))

    def test_program(self):
        self.build_all()
        self.try_fields("app", "now", self.elf("app"))
        self.try_fields("app", "musl", [field for field in self.elf("app") if "segment" in field[2] or "dynamic" in field[2]])

    def test_32_bits(self):
        if not shutil.which("clang") or not shutil.which("ld.lld"):
            self.skipTest("clang and lld build for i386")
        with mock.patch.object(harness, "CC", ["clang", "--target=i386-linux-gnu", "-fuse-ld=lld"]):
            self.build_all(interpreter="/lib/ld-linux.so.2")
        self.try_fields("libhook.so", "now", self.elf("libhook.so"))

    def test_cache(self):
        if not (ldconfig := shutil.which("ldconfig", path="/sbin:/usr/sbin:/bin:/usr/bin")):
            self.skipTest("there is no ldconfig")
        self.build_all(rpath="-Wl,-z,now")
        (self.root / "etc").mkdir()
        (self.root / "opt").mkdir()
        shutil.move(self.root / "libhook.so", self.root / "opt/libhook.so")
        self.file("root/etc/ld.so.conf", "/opt\n")
        subprocess.run([ldconfig, "-r", self.root], check=True, stderr=subprocess.DEVNULL)
        self.try_fields("etc/ld.so.cache", "now", words_of((self.root / "etc/ld.so.cache").read_bytes()[:400]))

    def test_core(self):
        content, notes = core()
        self.root.mkdir()
        self.file("root/core", content)
        headers = [field for field in Elf(content).all() if "section" not in field[2] and "note" not in field[2]]
        self.try_fields("core", "core", headers + [field for field in words_of(content, 8) if notes[0] <= field[0] <= notes[-1] - 8]
                        + [field for field in words_of(content[:notes[0] + 64]) if field[0] >= notes[0]])


if __name__ == "__main__":
    unittest.main()
