#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What EXECUTABLE may be, how it is found, and what is said of files that no loader starts."""

import json
import os
import struct
import subprocess
import unittest

from harness import HOOK, INTERPRETER, PROGRAM, CommandLineTest, environment


class FindTest(CommandLineTest):
    """A name without a slash: the current directory, then $PATH."""

    def first_object(self, *arguments, **options):
        answer = self.bindsim("--format=ld-debug", "--show=mapped", *arguments, **options)
        self.assertEqual(answer.status, 0, answer)
        return answer.out.splitlines()[1]

    def test_what_was_meant_instead_of_a_program(self):
        """What every command that takes a program says of a directory and of an archive, and with a root."""
        (self.directory / "tree").mkdir()
        (self.directory / "x.whl").write_bytes(b"PK\5\6" + bytes(18))
        (self.directory / "other").write_text("no program")
        for words, prefix in (([], ""), (["explain", "--symbol=x"], ""), (["order"], ""), (["advise"], ""),
                              (["verify", "--run"], ""), (["--follow-dlopen-notes"], ""), (["diff", "--left-root=/", "--right-root=/", f"--cwd={self.directory}"], "left: ")):
            with self.subTest(words):
                answer = self.bindsim(*words, "./tree")
                self.assert_trouble(answer, f"bindsim: {prefix}./tree: Is a directory; about the programs in it: bindsim scan ")
                self.assertTrue(answer.err.endswith(" ./tree\n"), answer.err)
                self.assert_trouble(self.bindsim(*words, "./x.whl"),
                                    f"{prefix}./x.whl: not an ELF file; about what is in it: bindsim check ./x.whl\n")
                self.assert_trouble(self.bindsim(*words, "./other"), f"{prefix}./other: not an ELF file\n")
        self.assert_trouble(self.bindsim(f"--root={self.directory}", "/tree"),
                            f"/tree: Is a directory; about the programs in it: bindsim scan --root {self.directory} /tree\n")
        # Words that can be typed.
        (self.directory / "my tree").mkdir()
        self.assert_trouble(self.bindsim("./my tree"), "./my tree: Is a directory; about the programs in it: bindsim scan './my tree'\n")

    def test_directory_first_then_path(self):
        # $ORIGIN tells which of the two it was: only the program in bin has the library beside it.
        beside = ["-Wl,--enable-new-dtags", "-Wl,-rpath,$ORIGIN"]
        self.object("bin/only-in-bin.so")
        self.program("bin/tool", PROGRAM, *beside)
        path = environment(PATH=f"/nonexistent:{self.directory}/bin")
        plan = ["--dlopen=only-in-bin.so"]
        self.assertEqual(self.outcomes("tool", *plan, env=path), ["ok", "ok"])
        self.program("tool", PROGRAM, *beside)
        self.assertEqual(self.outcomes("tool", *plan, env=path)[0], "ok")
        self.assertIn("failed", self.outcomes("tool", *plan, env=path)[1])
        self.assertEqual(self.outcomes("bin/tool", *plan, env=path), ["ok", "ok"])

    def test_empty_element_of_path(self):
        self.program("sub/tool")
        self.assertIn("mapped tool [0]", self.first_object("tool", cwd="sub", env=environment(PATH="/nonexistent::")))

    def test_directories_are_passed_over(self):
        (self.directory / "tool").mkdir()
        (self.directory / "first/tool").mkdir(parents=True)
        self.program("bin/tool")
        path = environment(PATH=f"{self.directory}/first:{self.directory}/bin")
        self.assertIn("mapped tool [0]", self.first_object("tool", env=path))

    def test_a_slash_means_that_file(self):
        self.program("bin/tool")
        path = environment(PATH=f"{self.directory}/bin")
        self.assert_trouble(self.bindsim("./tool", env=path), "./tool", "No such file or directory")
        self.assert_trouble(self.bindsim("other", env=path), "other", "No such file or directory")

    def test_it_is_called_as_typed(self):
        self.program("bin/tool")
        for word in ("bin/tool", "./bin/../bin/tool", str(self.directory / "bin" / "tool")):
            self.assertIn(f"mapped {word} [0]", self.first_object(word))
        self.assertIn("mapped other [0]", self.first_object("bin/tool", "--argv0=other"))

    def test_a_shared_object_may_stand_in(self):
        self.object("libneeds.so", "int hook(void); int use(void) { return hook(); }", "-Wl,-z,now",
                    str(self.object("libhook.so", HOOK, "-Wl,-soname,libhook.so")))
        self.assertEqual(self.outcomes("./libneeds.so", "--library-path=."), ["ok"])
        answer = self.bindsim("./libneeds.so")
        self.assert_refused(answer, "./libneeds.so: error while loading shared libraries: libhook.so: "
                                    "cannot open shared object file: No such file or directory")


class RefuseTest(CommandLineTest):
    """Status 2, with what the file is instead."""

    def test_no_such_file(self):
        self.assert_trouble(self.bindsim("./absent"), "./absent: No such file or directory")
        self.assert_trouble(self.bindsim("/dev/null/absent"), "Not a directory")
        self.assert_trouble(self.bindsim(""))

    def test_directory(self):
        (self.directory / "directory").mkdir()
        self.assert_trouble(self.bindsim("./directory"), "./directory: Is a directory")

    def test_unreadable(self):
        self.program().chmod(0)
        self.file("libdata.so", "", 0)
        self.program("readable")
        nobody = self.unprivileged()
        self.assert_trouble(self.bindsim("./app", **nobody), "./app: Permission denied")
        answer = self.bindsim("./readable", "--dlopen=./libdata.so", **nobody)
        self.assert_refused(answer, "./libdata.so: cannot open shared object file: Permission denied")

    def test_no_elf_file(self):
        self.file("empty", "")
        self.assert_trouble(self.bindsim("./empty"), "./empty: the file is empty")
        for content in ("x", "\x7fEL", "just some text, longer than the header of an ELF file would be, to be sure of it\n"):
            self.file("text", content)
            self.assert_trouble(self.bindsim("./text"), "./text: not an ELF file")

    def test_what_other_options_read(self):
        """A plan, a log and a core are told from other files, and by whom they are read."""
        self.program()
        self.bindsim("--format=plan", "-o", "app.plan", "./app", "--dlopen=./absent.so")
        for words in (["./app.plan"], ["explain", "--symbol=x", "./app.plan"], ["check", "--no-policy", "./app.plan"]):
            self.assert_trouble(self.bindsim(*words), "./app.plan: a plan, no program: --plan ./app.plan\n")
        self.file("other.json", '{"schema": "another"}')
        self.assert_trouble(self.bindsim("./other.json"), "./other.json: not an ELF file\n")
        log = self.directory / "log"
        subprocess.run(["./app"], cwd=self.directory, check=False, stdout=subprocess.DEVNULL,
                       env=environment(LD_DEBUG="all", LD_DEBUG_OUTPUT=str(log)))
        name = next(self.directory.glob("log.*")).name
        self.assert_trouble(self.bindsim(f"./{name}"), f"./{name}: a log of LD_DEBUG, no program: bindsim log ./{name}\n")
        for content in ("12: x", " 12:", "12", ":\tx", " \t"):
            self.file("no-log", content)
            self.assert_trouble(self.bindsim("./no-log"), "./no-log: not an ELF file\n")
        core = bytearray((self.directory / "app").read_bytes())
        core[16:18] = struct.pack("=H", 4)
        self.file("core", bytes(core))
        self.assert_trouble(self.bindsim("./core"), "./core: a core file, no program: --core ./core\n")

    def test_script(self):
        self.file("script", "#! /usr/bin/env -S sh -e\nexec true\n", 0o755)
        self.assert_trouble(self.bindsim("./script"), "./script: a script; its interpreter is /usr/bin/env\n")

    def test_libtool_wrapper(self):
        wrapper = "#! /bin/sh\n\n# tool - temporary wrapper script for .libs/tool\n# Generated by libtool (GNU libtool) 2.4.7\n"
        self.file("tool", wrapper, 0o755)
        self.program(".libs/tool")
        self.assert_trouble(self.bindsim("./tool"), "libtool wrapper", "./.libs/tool")
        (self.directory / ".libs/tool").rename(self.directory / ".libs/lt-tool")
        self.assert_trouble(self.bindsim("./tool"), "libtool wrapper", "./.libs/lt-tool")
        (self.directory / ".libs/lt-tool").unlink()
        self.assert_trouble(self.bindsim("./tool"), "a script", "/bin/sh")

    def test_static_executable(self):
        self.program("static", PROGRAM, "-static", "-no-pie", "-fno-pie")
        self.assert_trouble(self.bindsim("./static"), "./static: a static executable")
        self.program("static-pie", PROGRAM, "-static-pie")
        self.assert_trouble(self.bindsim("./static-pie"), "./static-pie: a static executable")

    def test_relocatable_object(self):
        source = self.file("part.c", HOOK)
        subprocess.run(["gcc", "-c", source.name], cwd=self.directory, check=True)
        self.assert_trouble(self.bindsim("./part.o"), "./part.o: neither an executable nor a shared object")

    def test_truncated(self):
        whole = self.program().read_bytes()
        self.file("cut", whole[:100])
        self.assert_trouble(self.bindsim("./cut"), "./cut: the program headers lie outside of the file")

    def test_cut_off_behind_the_headers(self):
        whole = self.program("whole", PROGRAM, str(self.object("libhook.so", HOOK)), "-Wl,--no-as-needed").read_bytes()
        program_headers_end = 64 + 56 * struct.unpack_from("<H", whole, 56)[0]
        for size in range(program_headers_end, len(whole), 97):
            self.file("cut", whole[:size])
            answer = self.bindsim("./cut")
            if answer.status == 0:
                continue # nothing but section headers is missing
            self.assertIn("./cut", answer.err)

    def test_foreign_machine(self):
        content = bytearray(self.program().read_bytes())
        struct.pack_into("<H", content, 18, 0x1234)
        self.file("foreign", bytes(content))
        self.assert_trouble(self.bindsim("./foreign"), "./foreign: unknown machine 4660")

    def test_loader_that_is_not_there(self):
        self.program("musl", PROGRAM, "-Wl,--dynamic-linker=/nowhere/ld-musl-x86_64.so.1")
        self.assert_trouble(self.bindsim("./musl"), "./musl", "/nowhere/ld-musl-x86_64.so.1")
        self.program("lost", PROGRAM, "-Wl,--dynamic-linker=/nonexistent/ld-linux.so.2")
        self.assert_trouble(self.bindsim("./lost"), "./lost", "/nonexistent/ld-linux.so.2")
        self.file("ld.so.text", "no loader\n")
        self.program("odd", PROGRAM, f"-Wl,--dynamic-linker={self.directory}/ld.so.text")
        self.assert_trouble(self.bindsim("./odd"), "./odd", "ld.so.text")

    def test_loader_without_a_name(self):
        content = self.program().read_bytes()
        name = INTERPRETER.encode() + b"\0"
        self.assertEqual(content.count(name), 1)
        self.file("nameless", content.replace(name, bytes(len(name))), 0o755)
        self.assert_trouble(self.bindsim("./nameless"), "./nameless: the name of its loader (PT_INTERP) is empty; --loader chooses one\n")

    def test_separate_debug_files(self):
        """They have the headers of a program or library, and nothing of what is loaded."""
        self.program()
        self.object("libhook.so", HOOK)
        self.program("static", PROGRAM, "-static", "-no-pie", "-fno-pie")
        self.program("headers", PROGRAM)
        for name in ("app", "libhook.so", "static"):
            subprocess.run(["objcopy", "--only-keep-debug", name, f"{name}.debug"], cwd=self.directory, check=True)
            self.assert_trouble(self.bindsim(f"./{name}.debug"), f"./{name}.debug: a separate debug file: the program itself is elsewhere\n")
        # As strip(1) of elfutils leaves them: the program headers are those of the whole file.
        whole, debug = ((self.directory / name).read_bytes() for name in ("app", "app.debug"))
        start = struct.unpack_from("<Q", whole, 32)[0]
        size = struct.unpack_from("<H", whole, 54)[0] * struct.unpack_from("<H", whole, 56)[0]
        self.assertEqual(struct.unpack_from("<Q", debug, 32)[0], start)
        self.file("other.debug", debug[:start] + whole[start:start + size] + debug[start + size:])
        self.assert_trouble(self.bindsim("./other.debug"), "a separate debug file")
        answer = self.bindsim("scan", "--format=ndjson", ".")
        head, *records = [json.loads(line) for line in answer.out.splitlines()]
        self.assertEqual((answer.status, answer.err, head["skipped"]["static"]), (0, "", 1), head)
        self.assertGreaterEqual(head["skipped"]["other"], 5)
        self.assertEqual([record["path"] for record in records if "path" in record], ["./app", "./headers"])
        answer = self.bindsim("check", "--no-policy", "--format=json", ".")
        self.assertEqual(answer.status, 0, answer.err)
        self.assertNotIn(".debug", answer.out)

    def test_devices_and_pipes(self):
        os.mkfifo(self.directory / "pipe")
        for path in ("/dev/null", "/dev/zero", "./pipe"):
            self.assert_trouble(self.bindsim(path), path)


class OpenedFilesTest(CommandLineTest):
    """The same files where the simulated loader meets them: that is part of the answer, not trouble."""

    def setUp(self):
        super().setUp()
        self.program()

    def opened(self, name):
        answer = self.bindsim("./app", f"--dlopen=./{name}")
        self.assertEqual(answer.status, 1, answer)
        self.assertRegex(answer.out, rf"(?m)^  1  dlopen ./{name} +failed$")
        told = next(line for line in answer.out.splitlines() if line.startswith("error: step 1: dlopen "))
        message = answer.err.partition("step 1 failed: ")[2].rstrip("\n")
        self.assertEqual(told.partition("dlopen ")[2], message)
        return message

    def test_words_of_the_loader(self):
        whole = self.object("libhook.so", HOOK).read_bytes()
        self.file("cut.so", whole[:20])
        self.assertEqual(self.opened("cut.so"), "./cut.so: file too short")
        self.file("text.so", "x" * 100)
        self.assertEqual(self.opened("text.so"), "./text.so: invalid ELF header")
        self.assertEqual(self.opened("absent.so"),
                         "./absent.so: cannot open shared object file: No such file or directory")
        (self.directory / "directory.so").mkdir()
        self.assertEqual(self.opened("directory.so"), "./directory.so: cannot read file data: Is a directory")
        foreign = bytearray(whole)
        struct.pack_into("<H", foreign, 18, 0xb7)
        self.file("foreign.so", bytes(foreign))
        self.assertEqual(self.opened("foreign.so"),
                         "./foreign.so: cannot open shared object file: No such file or directory")
        foreign = bytearray(whole)
        foreign[4] = 1
        self.file("narrow.so", bytes(foreign))
        self.assertEqual(self.opened("narrow.so"), "./narrow.so: wrong ELF class: ELFCLASS32")
        self.assertEqual(self.opened("app"), "./app: cannot dynamically load position-independent executable")

    def test_every_prefix_of_a_library(self):
        whole = self.object("libhook.so", HOOK).read_bytes()
        for size in range(0, len(whole), 61):
            self.file("cut.so", whole[:size])
            self.assertIn(self.bindsim("./app", "--dlopen=./cut.so").status, (0, 1))


if __name__ == "__main__":
    unittest.main()
