#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the pages about scans say is done: their shell, the Spark job, the actions for Bazel.

Spark and Bazel run themselves where there is a pyspark, with a Java, and a bazel.
"""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

import project

sys.path.append(str(project.ROOT / "tests/cli"))
from harness import BINDSIM, INTERPRETER, CommandLineTest, environment, writes_databases  # noqa: E402

CARRIER = ("int codec_open(void) {{ return {0}; }} int codec_read(void) {{ return {0}; }} int codec_close(void) {{ return {0}; }}"
           "int use_{0}(void) {{ return codec_open() + codec_read() + codec_close(); }}")


def blocks(page, language):
    """The fenced blocks of PAGE in LANGUAGE."""
    text = (project.ROOT / "docs" / page).read_text()
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def files(page):
    """The files that PAGE has one make: their names and what is in them."""
    text = (project.ROOT / "docs" / page).read_text()
    return dict(re.findall(r"^`([\w./]+)`[^`\n]*(?:\n[^`\n]+)*:\n\n```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))


# It kills itself when it is to make the third part, once.
DIES_ONCE = """#!/bin/sh
case " $* " in *--shard=3/*)
	if [ ! -e "$HOME/died" ]; then
		touch "$HOME/died"
		kill -9 $$
	fi
	;;
esac
exec "$(dirname "$0")/bindsim-itself" "$@"
"""


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

    def run_shell(self, text, *arguments, timeout=100, **variables):
        path = f"{self.directory}/bin:{os.environ['PATH']}"
        return subprocess.run(["sh", "-c", text, "sh", *arguments], cwd=self.directory, capture_output=True, text=True,
                              env=environment(PATH=path, TREE=self.tree, HOME=str(self.directory), **variables),
                              timeout=timeout, check=False)

    def shell(self, text, *arguments, **variables):
        done = self.run_shell(text, *arguments, **variables)
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
            if "sqlite3 " in block and not (shutil.which("sqlite3") and writes_databases()):
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

    def lose_a_part(self):
        """From here on the third part dies at the first attempt."""
        tool = self.directory / "bin/bindsim"
        (self.directory / "died").unlink(missing_ok=True)
        if tool.is_symlink():
            tool.rename(self.directory / "bin/bindsim-itself")
        tool.write_text(DIES_ONCE)
        tool.chmod(0o755)

    def test_lost_parts(self):
        """Each engine once more, with a part that dies; the page says what to do then."""
        shell = blocks("scan.md", "sh")
        [array] = [block for block in shell if "# scan.slurm" in block]
        [again] = [block for block in shell if "for part in" in block]
        engines = {name: block for name in ("xargs", "parallel") for block in shell if f"| {name} " in block}
        merge = f"{again.splitlines()[-1]}\n"

        def task(number):
            return self.run_shell(array, SLURM_ARRAY_TASK_ID=str(number), SLURM_ARRAY_TASK_COUNT="7", SLURM_CPUS_PER_TASK="2")
        self.lose_a_part()
        done = self.run_shell(engines["xargs"])
        self.assertIn("part 3 is lost\n", done.stdout)
        self.assertEqual((done.returncode, done.stderr.splitlines()[-1]), (2, "bindsim: part 3 of 7 is missing"))
        self.assertFalse((self.directory / "whole.ndjson").exists())
        self.assertEqual(self.shell(again).returncode, 1)
        self.assert_whole()
        if shutil.which("parallel"):
            self.lose_a_part()
            done = self.run_shell(engines["parallel"])
            self.assertEqual(done.returncode, 1, done)
            self.assertTrue((self.directory / "died").exists())
            self.assert_whole()
        self.lose_a_part()
        for number in range(1, 8):
            task(number)
        self.assertIn("part 3 of 7 is missing", self.run_shell(merge).stderr)
        task(3)
        self.assertEqual(self.shell(merge).returncode, 1)
        self.assert_whole()

    def test_spark(self):
        """Its functions, as executors and the driver call them."""
        job = {"__name__": "job"}
        exec(compile(files("scan-spark.md")["scan_job.py"], "scan_job.py", "exec"), job)  # the page's own words
        results = [job["scan_part"](part, 5, self.tree, BINDSIM) for part in (3, 1, 5, 2, 4)]
        self.assertEqual(job["merge"](results, str(self.directory / "whole.ndjson"), BINDSIM), 1)
        self.assert_whole()
        with self.assertRaises(RuntimeError):
            job["scan_part"](1, 1, str(self.directory / "nowhere"), BINDSIM)

    @unittest.skipUnless(importlib.util.find_spec("pyspark") and shutil.which("java"), "there is no pyspark, or no Java")
    def test_spark_itself(self):
        """With a task that is lost, and what is asked of the rows."""
        spark = Path(importlib.util.find_spec("pyspark").origin).parent
        self.lose_a_part()
        (self.directory / "scan_job.py").write_text(files("scan-spark.md")["scan_job.py"])
        variables = {"PYTHONPATH": os.pathsep.join([str(spark.parent), os.environ.get("PYTHONPATH", "")]),
                     "SPARK_HOME": str(spark), "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1",
                     "SPARK_LOCAL_DIRS": str(self.directory / "spark")}
        [submit] = blocks("scan-spark.md", "sh")
        done = self.run_shell(submit.replace("spark-submit", f"{spark}/bin/spark-submit"), timeout=300, **variables)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertTrue((self.directory / "died").exists())
        self.assertIn("Lost task", done.stderr)
        self.assertEqual((self.directory / "whole.ndjson").read_text(), self.whole)
        [_, query] = blocks("scan-spark.md", "python")
        done = subprocess.run([sys.executable, "-c", query], cwd=self.directory, capture_output=True, text=True, timeout=300,
                              env=environment(HOME=str(self.directory), **variables), check=False)
        programs = [line for line in map(json.loads, self.whole.splitlines()) if line["type"] == "program"]
        count = sum(finding["rule"] == "captured-references" for line in programs for finding in line["findings"])
        self.assertRegex(done.stdout, rf"(?m)^\|captured-references *\|error *\|{count} *\|$", done.stderr)

    def root(self):
        """The tree and its loader as a root of their own, in an archive."""
        root = self.directory / "root"
        (root / "lib64").mkdir(parents=True)
        shutil.copy(INTERPRETER, root / "lib64")
        shutil.copytree(self.tree, root / self.tree.lstrip("/"))
        self.whole = self.bindsim("scan", "--root=root", "--format=ndjson").out
        subprocess.run(["tar", "-c", "-f", self.directory / "image.tar", "-C", root, "."], check=True)
        return root

    def test_bazel(self):
        """The shell of its actions."""
        text = files("scan-bazel.md")["scan.bzl"]
        compile(text, "scan.bzl", "exec")  # Starlark of this kind is Python, too
        commands = dict(re.findall(r'^(_\w+) = """\n(.*?)^"""$', text, re.MULTILINE | re.DOTALL))
        self.root()
        for part in (1, 2, 3):
            done = self.shell(commands["_PART"], BINDSIM, "image.tar", f"{part}/3", f"part-{part}")
            self.assertEqual(done.returncode, 0, done)
        done = self.shell(commands["_MERGE"], BINDSIM, "whole.ndjson", "part-1", "part-2", "part-3")
        self.assertEqual(done.returncode, 0, done)
        self.assert_whole()

    @unittest.skipUnless(shutil.which("bazel"), "there is no bazel")
    def test_bazel_itself(self):
        """In its sandbox; nothing is made twice, and the test fails where something was found."""
        for name, text in files("scan-bazel.md").items():
            (self.directory / name).parent.mkdir(exist_ok=True)
            (self.directory / name).write_text(text)
        root = self.root()
        # What measures coverage would be downloaded for any test, though nothing is measured.
        coverage = self.directory / "coverage"
        coverage.mkdir()
        (coverage / "WORKSPACE").touch()
        (coverage / "BUILD").write_text("".join(f'filegroup(name = "{name}", visibility = ["//visibility:public"])\n'
                                                for name in ("coverage_report_generator", "lcov_merger", "coverage_output_generator")))
        (self.directory / ".bazelrc").write_text(f"startup --output_user_root={self.directory}/bazel --max_idle_secs=20\n"
                                                 f"build --override_repository=remote_coverage_tools={coverage}\n")
        build, test = blocks("scan-bazel.md", "sh")

        def bazel(text):
            return self.run_shell(f"set -e\n{text}", timeout=300, ROOT=str(root), USER="nobody")
        try:
            done = bazel(build)
            self.assertEqual((done.returncode, (self.directory / "whole.ndjson").read_text()), (0, self.whole), done.stderr)
            self.assertRegex(done.stderr, "18 total actions|18 processes")
            self.assertRegex(bazel("bazel build //:image_scan").stderr, "1 total action|1 process")
            done = bazel(test)
            self.assertEqual(done.returncode, 3, done.stderr)  # some tests failed
            # Without what clashes it passes.
            for path in root.rglob("*"):
                if path.is_file() and path.read_bytes() == (self.directory / "tree/clash").read_bytes():
                    path.unlink()
            done = bazel(build.replace("cp \"$(", "# \"$(") + test)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual((self.directory / "whole.ndjson").read_text(),
                             self.bindsim("scan", "--root=root", "--format=ndjson").out)
        finally:
            bazel("bazel shutdown")
            subprocess.run(["chmod", "-R", "u+rwX", self.directory], check=False)


if __name__ == "__main__":
    unittest.main()
