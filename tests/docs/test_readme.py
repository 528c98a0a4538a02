#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The transcripts of README.md are run again and compared.

    test_readme.py --update    writes them anew

A block of code that begins with a prompt has a comment before it that says where it is run: `<!-- run in: PLACE -->`.
PLACE is `examples`, objects that are built here, or `python`, the directory that scripts/fetch-example.sh fills with
files of Debian's packages (build-demo/example, or $BINDSIM_EXAMPLE), or `llvm`, which tests/oracle/duplicate_llvm.py
makes and compares. The numbers in the latter two are those of one version of the packages, which the comment names:
`<!-- run in: python 3.11.2-6+deb12u9 -->`. With another the block is skipped. So is that of `process`, where the examples are
and a program that runs, if the C library is another one than the comment names.
"""

import os
import re
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

import project

sys.path.append(str(project.ROOT / "tests/cli"))
import transcripts
from examples import build_examples, build_host

README = project.ROOT / "README.md"
BLOCK = re.compile(r"(?:^<!-- run in: (\w+)(?: (\S+))? -->\n)?^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXAMPLE = Path(os.environ.get("BINDSIM_EXAMPLE", project.ROOT / "build-demo/example"))


def blocks():
    """All blocks that are transcripts."""
    return [match for match in BLOCK.finditer(README.read_text()) if match[4].startswith(transcripts.PROMPT)]


class ReadmeTest(unittest.TestCase):
    """Each transcript in its place."""

    maxDiff = None

    def check(self, place, directory):
        found = [block for block in blocks() if block[1] == place]
        self.assertTrue(found, f"README.md has no transcript to run in {place}")
        for block in found:
            now = transcripts.again(block[4], directory)
            if "--update" in sys.argv:
                README.write_text(README.read_text().replace(block[4], now))
            else:
                self.assertEqual(now, block[4])

    def test_every_transcript_has_a_place(self):
        self.assertTrue(blocks())
        for block in blocks():
            self.assertIn(block[1], ("examples", "python", "llvm", "process"), block[0])
        self.assertTrue(all(block[2] for block in blocks() if block[1] != "examples"), "which version?")

    @unittest.skipUnless(os.path.exists("/lib64/ld-linux-x86-64.so.2"), "the examples are for x86-64")
    def test_examples(self):
        directory = transcripts.new_directory()
        self.addCleanup(shutil.rmtree, directory)
        build_examples(directory)
        self.check("examples", directory)

    @unittest.skipUnless(os.path.exists("/lib64/ld-linux-x86-64.so.2"), "the examples are for x86-64")
    def test_a_reader_can_build_the_examples(self):
        """With the command that stands before the first of them."""
        directory = transcripts.new_directory()
        self.addCleanup(shutil.rmtree, directory)
        [script] = re.findall(r"`python3 (\S+) DIRECTORY` builds", README.read_text())
        subprocess.run([sys.executable, project.ROOT / script, directory / "new/tried"], check=True)
        for name in ("player", "copy.so", "lib/libcodec.so.1", "host"):
            self.assertTrue((directory / "new/tried" / name).exists(), name)

    @unittest.skipUnless(shutil.which("dpkg-query"), "nobody tells of which version the C library is")
    def test_process(self):
        version = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", "libc6"], capture_output=True, text=True, check=False).stdout
        written = {block[2] for block in blocks() if block[1] == "process"}
        if {version} != written:
            self.skipTest(f"the C library is of version {version}, the transcript of {written}")
        directory = transcripts.new_directory()
        self.addCleanup(shutil.rmtree, directory)
        build_examples(directory)
        build_host(directory)
        self.check("process", directory)

    def test_python(self):
        version = EXAMPLE / "version"
        if not version.exists():
            self.skipTest(f"there is no {EXAMPLE}: scripts/fetch-example.sh makes it")
        written = {block[2] for block in blocks() if block[1] == "python"}
        if {version.read_text().strip()} != written:
            self.skipTest(f"the packages are of version {version.read_text().strip()}, the transcript of {written}")
        self.check("python", EXAMPLE)


class CommandsTest(unittest.TestCase):
    """The commands that the README tells to type."""

    def test_they_are_there(self):
        text = README.read_text()
        for script in ("scripts/demo.sh", "scripts/test.sh"):
            self.assertIn(f"    sh {script}\n", text)
            self.assertTrue((project.ROOT / script).is_file())
        for script in re.findall(r"\b((?:scripts|tests)/[\w/.-]+\w)\b", text):
            self.assertTrue((project.ROOT / script).exists(), f"README.md names {script}")

    def test_links_lead_somewhere(self):
        for path in project.ROOT.glob("*.md"):
            for link in re.findall(r"\]\(([^)#:]+)\)", path.read_text()):
                self.assertTrue((path.parent / link).exists(), f"{path.name} links to {link}")


if __name__ == "__main__":
    unittest.main(argv=[argument for argument in sys.argv if argument != "--update"])
