#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""--pid and --core: processes that change while they are read, and cores that lie."""

import json
import os
import resource
import shutil
import struct
import subprocess
import time
import unittest

from harness import CC, INTERPRETER
from test_process import NOW, PATCHER, PROGRAM, ProcessTest

AT_PHDR, AT_PHENT, AT_PHNUM = 3, 4, 5
NT_AUXV, PT_NOTE = 6, 4
HEADER, PROGRAM_HEADER = 64, 56


class Core:
    """A 64-bit core, whose members can be written to."""

    def __init__(self, content):
        self.bytes = bytearray(content)

    def notes(self):
        """(type, offset, size) of what the notes hold."""
        at, = struct.unpack_from("<Q", self.bytes, 32)
        n, = struct.unpack_from("<H", self.bytes, 56)
        for header in range(at, at + n * PROGRAM_HEADER, PROGRAM_HEADER):
            kind, _, begin, _, _, size = struct.unpack_from("<IIQQQQ", self.bytes, header)
            at_note = begin
            while kind == PT_NOTE and at_note < begin + size:
                n_name, n_text, note = struct.unpack_from("<III", self.bytes, at_note)
                text = at_note + 12 + (n_name + 3 & ~3)
                yield note, text, n_text
                at_note = text + (n_text + 3 & ~3)

    def auxiliary(self, values):
        """The same core with other VALUES by tag."""
        for note, text, size in self.notes():
            for at in range(text, text + size, 16) if note == NT_AUXV else ():
                tag, = struct.unpack_from("<Q", self.bytes, at)
                if tag in values:
                    struct.pack_into("<Q", self.bytes, at + 8, values[tag])
        return bytes(self.bytes)


RESTLESS = r"""
#include <dlfcn.h>
#include <stdio.h>
int main(int argc, char **argv)
{
	puts("ready");
	fflush(stdout);
	for (;;)
		for (int i = 1; i < argc; i++) {
			void *handle = dlopen(argv[i], RTLD_NOW);
			if (handle)
				dlclose(handle);
		}
}
"""
# The loader, which relocates it, comes back from its resolver never.
STUCK = r"""
static long call(long number, long a, long b, long c)
{
	long ret;
	__asm__ volatile("syscall" : "=a"(ret) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
	return ret;
}
static int one(void) { return 1; }
static void *choose(void)
{
	call(1, 1, (long)"ready\n", 6);
	for (;;)
		call(34, 0, 0, 0);
	return one;
}
int chosen(void) __attribute__((ifunc("choose")));
int hook(void); int puts(const char *);
int (*last)(void) = chosen; int (*first)(void) = hook;
int use(void) { return hook() + chosen() + puts(""); }
"""


class RestlessTest(ProcessTest):
    """Processes that change."""

    def assert_makes_sense(self, answer):
        """It is of one moment: nothing is there by half."""
        self.assertEqual((answer.status, answer.err), (0, ""))
        process = json.loads(answer.out)["process"]
        self.assertEqual([(made["name"], made["file"]) for made in process["objects"]
                          if made["file"] not in ("same", "none")], [])
        self.assertEqual((process["counts"]["patched"], process["counts"]["unreadable"], process["counts"]["differ"]), (0, 0, 0))

    def test_who_opens_and_closes_all_the_time(self):
        names = [f"./lib{i}.so" for i in range(6)]
        for i, name in enumerate(names):
            self.library(name, f'int puts(const char *); int f{i}(void) {{ return puts(""); }}')
        self.compile("app", RESTLESS)
        with self.running("./app", *names) as process:
            for _ in range(12):
                self.assert_makes_sense(self.bindsim("verify", f"--pid={process.pid}", "--format=json", "--show=objects"))

    def test_who_starts_and_ends(self):
        """An answer, or that it is not there."""
        self.compile("app", "int main(void) { return 0; }", "-Wl,-z,now")
        for i in range(30):
            process = subprocess.Popen(["./app"], cwd=self.directory)
            time.sleep(i % 10 / 5000)
            answer = self.bindsim("verify", f"--pid={process.pid}", "--format=json", "--show=objects")
            process.wait()
            if answer.status == 2:
                self.assert_trouble(answer)
                self.assertRegex(answer.err, "has no memory|there is no such process")
            else:
                self.assert_makes_sense(answer)

    def test_a_loader_that_is_at_work(self):
        """What it has not come to is not patched."""
        self.library("libhook.so", "int hook(void) { return 1; }")
        self.library("libstuck.so", STUCK, "-Wl,-z,now", "-L.", "-lhook", "-Wl,-rpath,$ORIGIN")
        self.compile("app", PROGRAM)
        with self.running("./app", f"./libstuck.so:{NOW}") as process:
            document = self.read("verify", f"--pid={process.pid}")
        self.assertGreater(document["process"]["counts"]["unreadable"], 0)
        self.assertEqual(document["findings"], [])
        self.assert_as_simulated(document)


class ElsewhereTest(ProcessTest):
    """Processes that see other files than we do."""

    def test_a_mount_namespace(self):
        """Nobody but the process sees what is mounted where its library is."""
        if os.geteuid() or subprocess.run(["unshare", "-m", "true"], check=False).returncode:
            self.skipTest("mount namespaces are for root")
        self.library("inside/libhook.so", "int hook(void) { return 1; }")
        self.library("outside/libhook.so", "int other(void) { return 1; }")
        self.compile("app", PROGRAM.replace("return 0;", "return hook();").replace("int main", "int hook(void); int main"),
                     "-L" + str(self.directory / "inside"), "-lhook", f"-Wl,-rpath,{self.directory}/outside")
        with self.running("unshare", "-m", "sh", "-c", "mount --bind inside outside && exec ./app") as process:
            answer = self.bindsim("verify", f"--pid={process.pid}", "--format=json", "--show=contents,objects,steps")
        self.assertEqual((answer.status, answer.err), (0, ""))
        document = json.loads(answer.out)
        self.assert_as_simulated(document)
        self.assertIn(("app", "lazy", None), self.slots(document, "hook"))


    def test_a_loader_that_was_started_as_a_program_that_is_gone(self):
        """/proc has the loader in its place."""
        self.compile("app", PROGRAM)
        with self.running(INTERPRETER, "./app") as process:
            (self.directory / "app").unlink()
            answer = self.bindsim(f"--pid={process.pid}")
        self.assertEqual(answer.status, 2)
        self.assertIn("/app: No such file or directory", answer.err)
        self.assertNotIn("the loader", answer.err)


class LyingCoreTest(ProcessTest):
    """An end, in bounded time and memory."""

    def core(self, *command):
        """The core of COMMAND, a program that waits, without its files' text."""
        if not shutil.which("gcore"):
            self.skipTest("there is no gcore")
        with self.running(*command) as process:
            subprocess.run(["gcore", "-o", "core", str(process.pid)], cwd=self.directory, check=True, capture_output=True,
                           stdin=subprocess.DEVNULL)
            os.rename(self.directory / f"core.{process.pid}", self.directory / "core")
        return (self.directory / "core").read_bytes()

    def test_a_loader_that_was_started_as_a_program(self):
        """Its program is named, which is none of the kernel's."""
        self.compile("app", PROGRAM)
        self.core(INTERPRETER, "./app")
        for words in ([], ["./app"], [self.directory / "app"]):
            self.assert_as_simulated(self.read("--core=core", *words))

    def test_more_objects_than_files_may_be_open(self):
        self.file("one.s", ".globl f\nf: ret\n")
        subprocess.run([CC[0], "-c", "one.s"], cwd=self.directory, check=True)
        names = [f"./lib{i}.so" for i in range(150)]
        for name in names:
            subprocess.run(["ld", "-shared", "--build-id", "-o", name, "one.o"], cwd=self.directory, check=True)
        self.compile("app", PROGRAM)
        self.core("./app", *(f"{name}:{NOW}" for name in names))
        answer = self.bindsim("verify", "--core=core", "--format=json", "--show=objects",
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100)))
        self.assertEqual((answer.status, answer.err), (0, ""))
        self.assertEqual({made["file"] for made in json.loads(answer.out)["process"]["objects"]}, {"same", "none"})

    def test_a_file_that_is_gone_and_was_read_too(self):
        """What lies between the object and another mapping of its file is not its own."""
        self.library("libgone.so", "int gone(void) { return 1; }")
        self.library("libhook.so", "int hook(void) { return 1; }")
        self.library("libpatched.so", PATCHER % "mmap(0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)",
                     "-Wl,-z,norelro", "-L.", "-lhook", "-Wl,-rpath,$ORIGIN")
        self.compile("app", PROGRAM.replace("int main", "#include <fcntl.h>\n#include <sys/mman.h>\nint main").replace(
                     'puts("ready");', """
                     mmap(0, 4096, PROT_READ, MAP_PRIVATE, open("libgone.so", O_RDONLY), 0); puts("ready");"""))
        self.core("./app", f"./libgone.so:{NOW}", f"./libpatched.so:{NOW}")
        (self.directory / "libgone.so").unlink()
        answer = self.bindsim("--core=core", "--format=json", "--show=contents,objects")
        self.assertEqual([slot["target"] for slot in json.loads(answer.out)["process"]["contents"] if slot["symbol"] == "hook"],
                         ["anonymous"])

    def test_program_headers_without_end(self):
        self.compile("app", PROGRAM)
        content = self.core("./app")
        for values in ({AT_PHENT: 0, AT_PHNUM: 1 << 63}, {AT_PHENT: 0}, {AT_PHNUM: 1 << 63}, {AT_PHNUM: 1 << 16}):
            self.file("lying", Core(content).auxiliary(values))
            self.assert_trouble(self.bindsim("--core=lying"), "its auxiliary vector is not at hand")

    def test_notes_that_are_read_again_and_again(self):
        """A small file that has no blocks, and many headers of the same long notes."""
        n, size = 1000, 1 << 27
        header = bytearray(b"\x7fELF\x02\x01\x01".ljust(HEADER, b"\0"))
        struct.pack_into("<HH", header, 16, 4, 62)
        struct.pack_into("<Q", header, 32, HEADER)
        struct.pack_into("<H", header, 56, n)
        one = struct.pack("<IIQQQQQQ", PT_NOTE, 0, HEADER + n * PROGRAM_HEADER, 0, 0, size, 0, 4)
        path = self.file("lying", bytes(header) + one * n)
        self.assert_trouble(self.bindsim("--core=lying"), "it is cut within its notes")
        os.truncate(path, HEADER + n * PROGRAM_HEADER + size)
        self.assert_trouble(self.bindsim("--core=lying"), "its notes are too long")


if __name__ == "__main__":
    unittest.main()
