#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""docs/queries.md: its commands and queries are run as they stand there and print what it shows.

    test_queries.py --update    writes what they print anew

Commands are transcripts, as in README.md; they build on each other. A block of SQL behind `<!-- duckdb -->` is run by
DuckDB where its package for Python is, and its rows are those of the text block behind it. bindsim-sqlite(5) is held
against the database, too.
"""

import os
import re
import shutil
import subprocess
import sys
import unittest

import project

sys.path.append(str(project.ROOT / "tests/cli"))
sys.path.append(str(project.ROOT / "build-test/python"))  # where scripts/test.sh has put it
import transcripts
from examples import build_examples

try:
    import duckdb
except ImportError:
    duckdb = None
try:
    import sqlite3
except ImportError:
    sqlite3 = None

PAGE = project.ROOT / "docs/queries.md"
SCHEMA = project.ROOT / "src/report/sqlite"
TRANSCRIPT = re.compile(r"^<!-- run in: examples -->\n```\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DUCK = re.compile(r"^<!-- duckdb -->\n```sql\n(.*?)^```\n(?:\n```text\n(.*?)^```$)?", re.MULTILINE | re.DOTALL)
FENCE = re.compile(r"^```", re.MULTILINE)


def writes_databases():
    return "built without" not in project.run("--format=sqlite", "--show=?", "x").stderr


@unittest.skipUnless(os.path.exists("/lib64/ld-linux-x86-64.so.2"), "the examples are for x86-64")
@unittest.skipUnless(writes_databases(), "there is no SQLite")
@unittest.skipUnless(shutil.which("sqlite3"), "there is no sqlite3(1)")
class QueriesTest(unittest.TestCase):
    """The page, from its beginning to its end."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.directory = transcripts.new_directory()
        cls.addClassCleanup(shutil.rmtree, cls.directory)
        build_examples(cls.directory)
        cls.printed = [(block[1], transcripts.again(block[1], cls.directory)) for block in TRANSCRIPT.finditer(PAGE.read_text())]

    def hold(self, written, now):
        if "--update" in sys.argv:
            PAGE.write_text(PAGE.read_text().replace(written, now, 1))
        else:
            self.assertEqual(now, written)

    def test_transcripts(self):
        self.assertGreater(len(self.printed), 10)
        for written, now in self.printed:
            self.assertNotIn("\nError: ", now, "a query that SQLite refuses shows nothing to anybody")
            self.hold(written, now)

    def test_every_block_is_run(self):
        text = PAGE.read_text()
        inside = sum(2 for _ in TRANSCRIPT.finditer(text)) + sum(4 if block[2] is not None else 2 for block in DUCK.finditer(text))
        self.assertEqual(len(FENCE.findall(text)), inside)

    def line(self, row):
        """As sqlite3(1) prints a row."""
        text = "|".join("" if value is None else " ".join(value) if isinstance(value, list) else str(value) for value in row)
        return text.replace(str(self.directory), transcripts.STAND_IN)

    @unittest.skipUnless(duckdb, "there is no package duckdb")
    def test_duckdb(self):
        here = os.getcwd()
        os.chdir(self.directory)
        self.addCleanup(os.chdir, here)
        connection = duckdb.connect()
        self.addCleanup(connection.close)
        asked = 0
        for block in DUCK.finditer(PAGE.read_text()):
            rows = connection.execute(block[1]).fetchall()
            if block[2] is not None:
                now = "".join(self.line(row) + "\n" for row in rows)
                self.assertNotEqual(now, "")
                self.hold(block[0], block[0].replace(f"```text\n{block[2]}", f"```text\n{now}"))
                asked += 1
        self.assertGreater(asked, 2)
        # Both ways, and the database of the same run, say the same.
        query = "SELECT referrer, definer, count(*) FROM bound WHERE outcome = 'bound' GROUP BY referrer, definer ORDER BY 1, 2"
        text = subprocess.run(["sqlite3", "player.db", query], capture_output=True, text=True, check=True).stdout
        self.assertEqual(text.replace(str(self.directory), transcripts.STAND_IN), "".join(self.line(row) + "\n" for row in connection.execute(query).fetchall()))

    def test_plans_are_explained(self):
        """No query of the views reads a whole table of symbols or definitions for one name."""
        for view, index in (("exports", "definitions_by_symbol"), ("bound", "bindings_by_symbol")):
            text = subprocess.run(["sqlite3", "player.db", f"EXPLAIN QUERY PLAN SELECT * FROM {view} WHERE symbol = 'codec_open'"],
                                  cwd=self.directory, capture_output=True, text=True, check=True).stdout
            self.assertIn("symbols_by_name", text)
            self.assertIn(index, text)


@unittest.skipUnless(sqlite3, "Python has no SQLite")
class PageTest(unittest.TestCase):
    """bindsim-sqlite(5) has each table and view with its columns, in their order."""

    def setUp(self):
        self.connection = sqlite3.connect(":memory:")
        self.addCleanup(self.connection.close)
        self.connection.executescript((SCHEMA / "schema.sql").read_text() + (SCHEMA / "views.sql").read_text())
        self.text = (project.ROOT / "man/bindsim-sqlite.5").read_text()

    def test_columns(self):
        for kind, section in (("table", "TABLES"), ("view", "VIEWS")):
            body = re.search(rf"^\.Sh {section}\n(.*?)(?=^\.Sh )", self.text, re.MULTILINE | re.DOTALL)[1]
            listed = {name: columns.split(" , ") for name, columns in
                      re.findall(r"^\.It Li (\w+)\n(?:(?!\.It ).*\n)*?Columns:\n\.Li (.*) \.$", body, re.MULTILINE)}
            names = [row[0] for row in self.connection.execute("SELECT name FROM sqlite_schema WHERE type = ?", (kind,))]
            there = {name: [row[1] for row in self.connection.execute(f"PRAGMA table_info({name})")] for name in names}
            self.assertEqual(listed, there)

    def test_columns_of_scans(self):
        connection = sqlite3.connect(":memory:")
        self.addCleanup(connection.close)
        connection.executescript((SCHEMA / "scan-schema.sql").read_text() + (SCHEMA / "scan-views.sql").read_text())
        for kind, section in (("table", "Tables"), ("view", "Views")):
            body = re.search(rf"^\.Ss {section} of scans\n(.*?)(?=^\.S[sh] )", self.text, re.MULTILINE | re.DOTALL)[1]
            listed = {name: columns.split(" , ") for name, columns in
                      re.findall(r"^\.It Li (\w+)\n(?:(?!\.It ).*\n)*?Columns:\n\.Li (.*) \.$", body, re.MULTILINE)}
            names = [row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = ?", (kind,))]
            there = {name: [row[1] for row in connection.execute(f"PRAGMA table_info({name})")] for name in names}
            self.assertEqual(listed, there)
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        self.assertIn(f"is {application:#x}", self.text)

    def test_numbers(self):
        application, version = (self.connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version"))
        self.assertIn(f"is {application:#x}", self.text)
        self.assertEqual(version // 100, 1)

    def test_parts(self):
        body = re.search(r"^\.Ss Parts\n(.*?)(?=^\.Ss )", self.text, re.MULTILINE | re.DOTALL)[1]
        self.assertEqual(set(re.findall(r"^\.It Cm (\S+)$", body, re.MULTILINE)), project.parts("sqlite"))

    def test_keys_of_a_run(self):
        """Rows of a run have its number in front of their key, so that many are in one database; views tell it, too."""
        shared = {"document", "symbols", "versions", "manners", "files", "needed", "definitions"}
        for (name,) in self.connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
            columns = self.connection.execute(f"PRAGMA table_info({name})").fetchall()
            self.assertEqual(columns[0][1] == "run" and columns[0][5] == 1, name not in shared, name)
        for (name,) in self.connection.execute("SELECT name FROM sqlite_schema WHERE type = 'view'").fetchall():
            columns = [row[1] for row in self.connection.execute(f"PRAGMA table_info({name})")]
            self.assertEqual(columns[:3] == ["run", "plan", "program"], name != "exports", name)


if __name__ == "__main__":
    unittest.main(argv=[word for word in sys.argv if word != "--update"])
