#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the pages about scans say is done: their shell, the functions of the Spark job, the actions for Bazel."""

import os
import re
import shutil
import subprocess
import sys
import unittest

import project

sys.path.append(str(project.ROOT / "tests/cli"))
from harness import BINDSIM, INTERPRETER, CommandLineTest, environment  # noqa: E402

CARRIER = ("int codec_open(void) {{ return {0}; }} int codec_read(void) {{ return {0}; }} int codec_close(void) {{ return {0}; }}"
           "int use_{0}(void) {{ return codec_open() + codec_read() + codec_close(); }}")


def blocks(page, language):
    """The fenced blocks of PAGE in LANGUAGE."""
    text = (project.ROOT / "docs" / page).read_text()
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@unittest.skipUnless(os.access("/bin/sh", os.X_OK), "the pages need a shell")
class ScanPagesTest(CommandLineTest):
    """A small tree to scan."""

    def setUp(self):
        super().setUp()
        for number in (1, 2):
            self.object(f"tree/lib/lib{number}.so", CARRIER.format(number))
        self.program("tree/sound")
        self.program("tree/clash", "int use_1(void); int use_2(void); void _start(void) { use_1(); use_2(); }",
                     f"-L{self.directory}/tree/lib", "-l:lib1.so", "-l:lib2.so", f"-Wl,-rpath,{self.directory}/tree/lib")
        for number in range(10):
            shutil.copy(self.directory / "tree" / ("clash" if number % 3 else "sound"), self.directory / f"tree/{number}")
        (self.directory / "bin").mkdir()
        (self.directory / "bin/bindsim").symlink_to(BINDSIM)
        self.tree = str(self.directory / "tree")
        self.whole = self.bindsim("scan", "--format=ndjson", self.tree).out

    def shell(self, text, *arguments, **variables):
        path = f"{self.directory}/bin:{os.environ['PATH']}"
        done = subprocess.run(["sh", "-c", text, "sh", *arguments], cwd=self.directory, capture_output=True, text=True,
                              env=environment(PATH=path, TREE=self.tree, HOME=str(self.directory), **variables),
                              timeout=100, check=False)
        for line in done.stderr.splitlines():
            self.assertRegex(line, "^bindsim: scan failed: |^parallel: |^Academic tradition|^$|citation", done)
        return done

    def assert_whole(self, name="whole.ndjson"):
        self.assertEqual((self.directory / name).read_text(), self.whole)
        (self.directory / name).unlink()
        for part in self.directory.glob("part-*"):
            part.unlink()

    def test_shell(self):
        """Block by block; one that has no merge is followed by one that has."""
        with_merge = 0
        for block in blocks("scan.md", "sh"):
            if "# scan.slurm" in block:
                for task in range(1, 8):
                    self.shell(block, SLURM_ARRAY_TASK_ID=str(task), SLURM_ARRAY_TASK_COUNT="7", SLURM_CPUS_PER_TASK="2")
                self.assertEqual(len(list(self.directory.glob("part-*.ndjson"))), 7)
                continue
            if "| parallel " in block and not shutil.which("parallel"):
                continue
            if "jq " in block and not shutil.which("jq"):
                continue
            done = self.shell(block)
            if "--merge" in block:
                with_merge += 1
                self.assert_whole()
            elif "-o whole" in block:
                self.assertEqual((self.directory / "whole.ndjson").read_text(), self.whole)
            elif "jq " in block:
                self.assertRegex(done.stdout, r"(?m)^ +\d+ \w+ [\w-]+$")
        self.assertGreaterEqual(with_merge, 2)

    def test_spark(self):
        """Its functions, as executors and the driver call them."""
        [block] = blocks("scan-spark.md", "python")
        job = {"__name__": "job"}
        exec(compile(block, "scan_job.py", "exec"), job)  # the page's own words
        results = [job["scan_part"](part, 5, self.tree, BINDSIM) for part in (3, 1, 5, 2, 4)]
        self.assertEqual(job["merge"](results, str(self.directory / "whole.ndjson"), BINDSIM), 1)
        self.assert_whole()
        with self.assertRaises(RuntimeError):
            job["scan_part"](1, 1, str(self.directory / "nowhere"), BINDSIM)

    def test_bazel(self):
        """The shell of its actions."""
        [block] = blocks("scan-bazel.md", "python")
        compile(block, "scan.bzl", "exec")  # Starlark of this kind is Python, too
        commands = dict(re.findall(r'^(_\w+) = """\n(.*?)^"""$', block, re.MULTILINE | re.DOTALL))
        root = self.directory / "root"
        (root / "lib64").mkdir(parents=True)
        shutil.copy(INTERPRETER, root / "lib64")
        shutil.copytree(self.tree, root / "tree")
        subprocess.run(["tar", "-c", "-f", self.directory / "image.tar", "-C", root, "."], check=True)
        for part in (1, 2, 3):
            done = self.shell(commands["_PART"], BINDSIM, "image.tar", f"{part}/3", f"part-{part}")
            self.assertEqual(done.returncode, 0, done)
        done = self.shell(commands["_MERGE"], BINDSIM, "whole.ndjson", "part-1", "part-2", "part-3")
        self.assertEqual(done.returncode, 0, done)
        self.whole = self.bindsim("scan", "--root=root", "--format=ndjson").out
        self.assert_whole()


if __name__ == "__main__":
    unittest.main()
