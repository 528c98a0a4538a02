#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Whole reports: the transcripts in reports/ are run again and compared.

    test_reports.py --update    writes them anew; look at the differences before you believe them
"""

import shutil
import sys
import tempfile
import unittest
from pathlib import Path

import transcripts
from examples import build_examples
from harness import CommandLineTest

REPORTS = sorted((Path(__file__).parent / "reports").glob("*.txt"))


class ReportTest(CommandLineTest):
    """One test for each transcript, in a copy of the examples."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.examples = Path(tempfile.mkdtemp(prefix="bindsim-examples-"))
        cls.addClassCleanup(shutil.rmtree, cls.examples)
        build_examples(cls.examples)

    def setUp(self):
        self.directory = transcripts.new_directory()
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        shutil.copytree(self.examples, self.directory, dirs_exist_ok=True)


def add_test(path):
    def test(self):
        written = path.read_text()
        now = transcripts.again(written, self.directory)
        if "--update" in UPDATE and now != written:
            path.write_text(now)
            print(f"{path.name} changed")
        else:
            self.assertEqual(now, written)
    setattr(ReportTest, f"test_{path.stem.replace('-', '_')}", test)


for report in REPORTS:
    add_test(report)
UPDATE = [argument for argument in sys.argv if argument == "--update"]


class CompletenessTest(unittest.TestCase):
    """Transcripts that are not there would pass."""

    def test_there_are_transcripts(self):
        self.assertGreaterEqual(len(REPORTS), 13)
        for path in REPORTS:
            self.assertTrue(any(command.output for command in transcripts.parse(path.read_text())), path)


if __name__ == "__main__":
    unittest.main(argv=[argument for argument in sys.argv if argument != "--update"])
