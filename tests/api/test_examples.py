#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The example programs, and the one in bindsim(3), built against the library that is installed in a directory.

By way of pkg-config, with gcc and clang, shared and static. They must all print the same.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import unittest

from case import BINDSIM, BUILD, ROOT, SANITIZED, LibraryTest

STEPS = ("./player", "./copy.so:NOW,LOCAL", "./nothing.so")


class ExamplesTest(LibraryTest):
    """One installation for all."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        installed = subprocess.run(["meson", "install", "--no-rebuild", "--quiet", "-C", BUILD, "--destdir",
                                    cls.directory / "installed"], capture_output=True, text=True, check=False)
        if installed.returncode:
            raise AssertionError(installed.stdout + installed.stderr)
        cls.pc = next((cls.directory / "installed").rglob("libbindsim.pc"))
        cls.library = next((cls.directory / "installed").rglob("libbindsim.so"))

    def flags(self, *options: str) -> list[str]:
        """What pkg-config says; the prefix is below the directory of the installation."""
        out = self.check_run("pkg-config", *options, "libbindsim", PKG_CONFIG_PATH=str(self.pc.parent),
                             PKG_CONFIG_SYSROOT_DIR=str(self.directory / "installed"))
        return out.split()

    def sanitizers(self) -> list[str]:
        return ["-fsanitize=address,undefined"] if SANITIZED else []

    def build(self, compiler: str, source: str, static: bool) -> str:
        output = f"{compiler}-{'static' if static else 'shared'}-{os.path.basename(source)}.out"
        if (self.directory / output).exists():
            return output
        words = self.flags("--cflags", "--libs", *(["--static"] if static else []))
        if static:
            words = [str(self.library.with_suffix(".a")) if word == "-lbindsim" else word for word in words]
        self.check_run(compiler, "-Wall", "-Wextra", "-Werror", source, "-o", output, *words, *self.sanitizers(),
                       *([] if static else [f"-Wl,-rpath,{self.library.parent}"]))
        return output

    def compilers(self) -> list[str]:
        # gcc's sanitizers are in the library.
        return [compiler for compiler in ("gcc", "clang") if shutil.which(compiler) and (compiler == "gcc" or not SANITIZED)]

    def test_version(self) -> None:
        self.assertEqual(self.check_run("pkg-config", "--modversion", "libbindsim", PKG_CONFIG_PATH=str(self.pc.parent)).strip(),
                         re.search(r"version: '([^']*)'", (ROOT / "meson.build").read_text()).group(1))

    def test_api_version(self) -> None:
        """That of the header, of the newest symbols and of the file's name."""
        told = self.check_run("pkg-config", "--variable=api_version", "libbindsim", PKG_CONFIG_PATH=str(self.pc.parent)).strip()
        header = (ROOT / "include/bindsim/bindsim.h").read_text()
        self.assertEqual(re.findall(r"#define BINDSIM_API_M\w+ (\d+)", header), told.split("."))
        self.assertEqual(re.findall(r"^BINDSIM_([\d.]+) ", (ROOT / "src/api/libbindsim.map").read_text(), re.MULTILINE)[-1], told)
        self.assertTrue(self.library.resolve().name.endswith(f".so.{told}.0"))

    def answers(self, source: str, *words: str, **variables: str) -> set[tuple[int, str]]:
        """What the program SOURCE prints, however it was built."""
        answers = set()
        for compiler in self.compilers():
            for static in (False, True):
                if static and not self.library.with_suffix(".a").exists():
                    continue
                done = self.run_in("./" + self.build(compiler, source, static), *words, **variables)
                self.assertEqual(done.stderr, "")
                answers.add((done.returncode, done.stdout))
        return answers

    def test_programs(self) -> None:
        answers = self.answers(str(ROOT / "examples/bindings.c"), *STEPS)
        if not SANITIZED:
            done = self.run_in(sys.executable, str(ROOT / "examples/bindings.py"), *STEPS, LIBBINDSIM=str(self.library))
            self.assertEqual(done.stderr, "")
            answers.add((done.returncode, done.stdout))
        self.assertEqual(len(answers), 1, answers)
        (status, text), = answers
        self.assertEqual(status, 1)
        self.assertIn("step 1 dlopen ./copy.so: ok\n", text)
        self.assertIn("step 2 dlopen ./nothing.so: failed: ./nothing.so: cannot open shared object file", text)
        self.assertIn(f"./copy.so: codec_read -> {self.directory}/lib/libcodec.so.1 (first-in-scope, load, after step 1)\n", text)
        self.assertIn("error: captured-references: copy.so is bound to libcodec.so.1", text)

    POLICY = ("[check]\nbaseline = known.json\n[plan one]\nexecutable = ./player\nstep = dlopen ./copy.so:NOW\n"
              "[plan two]\nexecutable = ./player\nstep = dlopen ./data.so\n")

    def gate(self, *words: str, **variables: str) -> tuple[int, str]:
        """What both programs say of POLICY, which is the same."""
        answers = self.answers(str(ROOT / "examples/gate.c"), "gate.ini", *words, **variables)
        if not SANITIZED:
            done = self.run_in(sys.executable, str(ROOT / "examples/gate.py"), "gate.ini", *words,
                               LIBBINDSIM=str(self.library), **variables)
            self.assertEqual(done.stderr, "")
            answers.add((done.returncode, done.stdout))
        self.assertEqual(len(answers), 1, answers)
        return answers.pop()

    def test_gate(self) -> None:
        """What counts, what helps, and what is otherwise than in a report of one step less."""
        (self.directory / "gate.ini").write_text(self.POLICY)
        (self.directory / "known.json").write_text('{"schema": "bindsim-baseline-1", "findings": []}')
        with open(self.directory / "old.json", "w", encoding="utf-8") as out:
            out.write(self.run_in(BINDSIM, "--no-env", "--format=json", "--show=objects,bindings,findings", "./player").stdout)
        status, text = self.gate("old.json")
        self.assertEqual(status, 1)
        self.assertIn("one: counts: captured-references: copy.so is bound to libcodec.so.1", text)
        self.assertIn("remedy: cures: step 1: --dlopen ./copy.so:NOW,DEEPBIND\n", text)
        self.assertRegex(text, r"\nnew: ./copy.so: codec_read: nobody -> \S*libcodec.so.1 \(")
        self.run_in(BINDSIM, "check", "--policy=gate.ini", "--quiet", "--write-baseline=known.json")
        status, text = self.gate()
        self.assertEqual(status, 0)
        self.assertIn("one: baseline: captured-references: ", text)

    def test_gate_and_its_surroundings(self) -> None:
        """A host is looked for in $PATH, and variables are those of whoever asks if the policy says so, as for `bindsim check'."""
        variables = {"PATH": f"{self.directory}:{os.environ['PATH']}", "LD_BIND_NOW": "1"}
        for use_env, is_found in (("no", True), ("yes", False)):
            (self.directory / "gate.ini").write_text(f"[check]\nuse-env = {use_env}\n[plan one]\nhost = player\n"
                                                     "step = dlopen ./second.so:LAZY\n[require-bind-now]\nobject = second.so\n")
            with self.subTest(use_env):
                tool = self.run_in(BINDSIM, "check", "--policy=gate.ini", **variables)
                self.assertEqual("error: required-bind-now: " in tool.stdout, is_found, tool)
                self.assertEqual("one: counts: required-bind-now: " in self.gate(**variables)[1], is_found)

    def test_wrong(self) -> None:
        program = self.build(self.compilers()[0], str(ROOT / "examples/bindings.c"), False)
        for words, message in ((["./nobody"], "./nobody: No such file or directory\n"),
                               (["./player", "x:NOW,SOON"], "dlopen 'x:NOW,SOON': 'SOON' is no flag")):
            done = self.run_in("./" + program, *words)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertTrue(done.stderr.startswith(message), done.stderr)
            if not SANITIZED:
                again = self.run_in(sys.executable, str(ROOT / "examples/bindings.py"), *words, LIBBINDSIM=str(self.library))
                self.assertEqual((again.returncode, again.stdout, again.stderr), (2, "", done.stderr))

    def test_manual_page(self) -> None:
        """The program in bindsim(3)."""
        page = (ROOT / "man/bindsim.3").read_text()
        example = page.partition('.\\" example\n.Bd -literal -offset indent\n')[2].partition(".Ed")[0]
        text = example.lstrip("\n").replace("\\e", "\\").replace("\\&", "").replace("\\-", "-").replace("\\(aq", "'")
        self.assertIn("int\nmain", text)
        (self.directory / "page.c").write_text(text)
        (status, out), = self.answers("page.c", "./player", "./copy.so")
        self.assertEqual(status, 0)
        self.assertIn(f"codec_read: {self.directory}/lib/libcodec.so.1\n", out)


if __name__ == "__main__":
    unittest.main()
