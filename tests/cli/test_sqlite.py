#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""--format=sqlite: the rows are those of --format=json, the views what a few lines of Python make of it."""

import json
import os
import pty
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
from collections import Counter
from pathlib import Path

from examples import build_examples
from harness import BINDSIM, HOOK, ROOT, USER, CommandLineTest, environment, writes_databases

sys.path.append(str(ROOT / "tests" / "json"))
import database  # noqa: E402

PARTS = "steps,objects,bindings,slots,findings,scopes,searches,demangled,mapped,suppressed,dlopen-notes"
PLANS = (
    ["./player"],
    ["./player", "--dlopen=./copy.so:LAZY"],
    ["./player", "--dlopen=./static.so", "--dlopen=./data.so", "--dlclose=1", "--dlsym=DEFAULT:codec_open"],
    ["./player", "--dlopen=./newer.so", "--dlopen=./first.so:GLOBAL", "--dlopen=./second.so:LAZY", "--call=second.so:hook"],
    ["./player", "--dlopen=./second.so:LAZY", "--dlopen=./first.so:GLOBAL", "--dlopen=./third.so:GLOBAL", "--dlsym=NEXT:hook"],
    ["./player", "--dlmopen=./copy.so", "--dlopen=./copy.so", "--dlopen=./nowhere.so", "--init=./first.so", "--dlopen=./third.so",
     "--end-init", "--dlopen=./first.so"],
    ["./broken", "--dlopen=./first.so"],
    ["./copier", "--dlopen=./data.so"],
    ["./launcher", "--dlopen=./asks.so", "--dlopen=./wants.so", "--dlopen=./deep/opener.so", "--dlopen=./needy.so"],
    ["./player", "--dlopen=./libver.so:GLOBAL", "--dlopen=./user.so", "--dlopen=./plain.so", "--dlopen=./weak.so"],
    ["./player", "--dlopen=./templates.so:GLOBAL", "--dlopen=./more-templates.so", "--dlopen=./malloc.so:GLOBAL", "--dlopen=./heap.so"],
    ["./player", "--dlopen=./unique-1.so", "--dlopen=./unique-2.so", "--dlopen=./cplusplus.so", "--dlopen=./protected.so:GLOBAL"],
    ["./player", "--preload=./copy.so", "--env=LD_BIND_NOW=1"],
    ["--loader=musl", "./player", "--dlopen=./copy.so", "--dlopen=./weak.so"],
)


def can_write():
    """This build has SQLite, and so has Python."""
    return database.sqlite3 is not None and writes_databases()


@unittest.skipUnless(can_write(), "there is no SQLite")
class DatabaseTest(CommandLineTest):
    """What tests of databases share."""

    def open(self, *arguments, status=(0, 1), **options):
        """The database that the tool writes."""
        path = tempfile.mkdtemp(prefix="bindsim-db-")
        self.addCleanup(shutil.rmtree, path)
        answer = self.bindsim("--format=sqlite", "-o", f"{path}/db", *arguments, **options)
        self.assertIn(answer.status, status, answer)
        found = database.Database(f"{path}/db")
        self.addCleanup(found.close)
        return found

    def json(self, *arguments, **options):
        return json.loads(self.bindsim("--format=json", *arguments, **options).out)

    def count(self, found, table):
        return found.rows(f"SELECT count(*) AS n FROM {table}")[0]["n"]


class ExamplesTest(DatabaseTest):
    """Databases about the objects of the transcripts."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.examples = Path(os.path.realpath(tempfile.mkdtemp(prefix="bindsim-cli-")))
        cls.addClassCleanup(shutil.rmtree, cls.examples)
        build_examples(cls.examples)
        cls.answers = {}  # by plan: no test changes them
        cls.databases = tempfile.mkdtemp(prefix="bindsim-db-")
        cls.addClassCleanup(shutil.rmtree, cls.databases)

    def setUp(self):
        super().setUp()
        self.directory = self.examples  # nothing is written there

    def both(self, *plan):
        """The document and the database of PLAN."""
        if tuple(plan) not in self.answers:
            path = f"{self.databases}/{len(self.answers)}"
            text = self.bindsim("--format=json", f"--report=sqlite:{path}", f"--show={PARTS},definitions", *plan).out
            self.answers[tuple(plan)] = json.loads(text), database.Database(path)
            self.addClassCleanup(self.answers[tuple(plan)][1].close)
        return self.answers[tuple(plan)]

    def test_rows(self):
        for plan in PLANS:
            with self.subTest(plan):
                document, found = self.both(*plan)
                self.assertEqual(database.problems(document, found), [])
                self.assertGreater(self.count(found, "definitions"), 0)

    def test_filters(self):
        for filters in (["--symbol=codec_*"], ["--from=copy.so"], ["--to=libcodec.so.1", "--symbol=*open"], ["--from=none"]):
            ask = [*filters, f"--show={PARTS},definitions", "./player", "--dlopen=./copy.so:LAZY"]
            found = self.open(*ask)
            self.assertEqual(database.problems(self.json(*ask[:-3], f"--show={PARTS}", *ask[-2:]), found), [])
            names = {row["symbol"] for row in found.rows("SELECT symbol FROM exports")}
            if "--symbol=codec_*" in filters:
                self.assertEqual({name for name in names if not name.startswith("codec_")}, set())
            self.assertEqual(bool(names), True)

    # ---- views -------------------------------------------------------------------------------------------------------

    def bound(self, document):
        """All bindings of a document with the names of objects."""
        names = [entry["name"] for entry in document["objects"]]
        for step in document["steps"]:
            for entry in step["bindings"]:
                yield {**entry, "referrer": names[entry["from"]], "definer": None if entry["to"] is None else names[entry["to"]]}

    def test_bound(self):
        for plan in PLANS:
            document, found = self.both(*plan)
            expected = [(b["step"], b["referrer"], b["symbol"], b.get("demangled"), b["version"], ",".join(b["kinds"]), b["relocations"],
                         b["definer"], b.get("definition_version"), b["why"], b["outcome"], b["when"]) for b in self.bound(document)]
            rows = found.connection.execute("SELECT step, referrer, symbol, demangled, version, kinds, relocations, definer,"
                                            " definition_version, why, outcome, moment FROM bound ORDER BY binding")
            self.assertEqual([tuple(row) for row in rows], expected)

    def test_bound_pairs(self):
        for plan in PLANS:
            document, found = self.both(*plan)
            numbers, relocations, waiting = Counter(), Counter(), Counter()
            for b in self.bound(document):
                if b["outcome"] == "bound" and b["when"] != "not-reached":
                    pair = b["from"], b["to"]
                    numbers[pair] += 1
                    relocations[pair] += b["relocations"]
                    waiting[pair] += b["when"] == "first-call"
            names = [entry["name"] for entry in document["objects"]]
            expected = sorted((names[pair[0]], names[pair[1]], numbers[pair], relocations[pair], waiting[pair]) for pair in numbers)
            rows = found.connection.execute("SELECT referrer, definer, bindings, relocations, first_call FROM bound_pairs")
            self.assertEqual(sorted(tuple(row) for row in rows), expected)

    def test_undefined(self):
        total = 0
        for plan in PLANS:
            document, found = self.both(*plan)
            expected = [(b["referrer"], b["symbol"], b["when"]) for b in self.bound(document) if b["outcome"] in ("undefined", "crash")]
            rows = found.connection.execute("SELECT referrer, symbol, moment FROM undefined")
            self.assertEqual(sorted(tuple(row) for row in rows), sorted(expected))
            total += len(expected)
        self.assertGreater(total, 3)

    def test_calls(self):
        total = 0
        for plan in PLANS:
            document, found = self.both(*plan)
            names = [entry["name"] for entry in document["objects"]]
            expected = [(names[slot["from"]], slot["symbol"], answer["after"], None if answer["to"] is None else names[answer["to"]],
                         answer["outcome"], answer is slot["answers"][-1]) for slot in document["slots"] for answer in slot["answers"]]
            rows = found.connection.execute("SELECT referrer, symbol, after, definer, outcome, is_last FROM calls ORDER BY slot, answer")
            self.assertEqual([tuple(row) for row in rows], expected)
            total += len(expected)
        self.assertGreater(total, 5)

    def test_scope_members(self):
        for plan in PLANS:
            document, found = self.both(*plan)
            names = [entry["name"] for entry in document["objects"]]
            scopes = {}
            for step in document["steps"]:
                for scope in step["scopes"]:  # what is told once more is otherwise now, from there on
                    known = scopes.setdefault((step["number"], scope["object"]), {})
                    for place in [place for place in known if place >= scope["from"]]:
                        del known[place]
                    known.update(enumerate(scope["lists"], scope["from"]))
            expected = [(step, names[number], place, k, names[member]) for (step, number), known in scopes.items()
                        for place, part in known.items() for k, member in enumerate(part)]
            rows = found.connection.execute("SELECT step, object, list, position, member FROM scope_members")
            self.assertEqual(sorted(tuple(row) for row in rows), sorted(expected))

    def test_captured_references(self):
        """Those that findings count are all there; of the others the document says why they are no finding."""
        pairs = 0
        for plan in PLANS:
            document, found = self.both(*plan)
            names = [entry["name"] for entry in document["objects"]]
            symbols = {}
            for row in found.rows("SELECT referrer, definer, symbol FROM captured_references"):
                symbols.setdefault((row["referrer"], row["definer"]), set()).add(row["symbol"])
            told = {(names[f["from"]], names[f["to"]]): f for f in document["findings"] if f["rule"] in ("captured-references", "split-copy")}
            for pair, finding in told.items():
                self.assertEqual(len(symbols[pair]), finding["counts"]["symbols"], (plan, pair))
                self.assertLessEqual({example["symbol"] for example in finding["examples"]}, symbols[pair])
                pairs += 1
            left = {frozenset((names[entry["from"]], names[entry["to"]])) for entry in document["suppressed"]}
            for pair in symbols.keys() - told.keys():
                self.assertIn(frozenset(pair), left, plan)
            marked = found.rows("SELECT referrer, definer, captured FROM bound_pairs WHERE captured")
            self.assertEqual({(row["referrer"], row["definer"]) for row in marked}, set(symbols))
        self.assertGreater(pairs, 4)

    def test_told(self):
        for plan in PLANS:
            document, found = self.both(*plan)
            names = [entry["name"] for entry in document["objects"]]
            expected = [(f["rule"], f["level"], f["step"], f["from"] is not None and names[f["from"]] or None,
                         None if f["to"] is None else names[f["to"]], f["counts"]["symbols"],
                         " ".join(example["symbol"] for example in f["examples"]) or None) for f in document["findings"]]
            rows = found.connection.execute("SELECT rule, level, step, from_object, to_object, symbols, examples FROM told ORDER BY finding")
            self.assertEqual([tuple(row) for row in rows], expected)

    def test_exports(self):
        """As readelf(1) has them."""
        found = self.open("./player", "--dlopen=./libver.so", "--dlopen=./protected.so", "--dlopen=./templates.so", "--dlopen=./unique-1.so",
                          "--dlopen=./copy.so", "--dlopen=./old.so")
        files = found.rows("SELECT file, path FROM files WHERE path NOT LIKE '%ld-linux%'")
        self.assertEqual(len(files), 8)
        for file in files:
            text = subprocess.run(["readelf", "-W", "--dyn-syms", file["path"]], cwd=self.directory, capture_output=True, text=True,
                                  check=True).stdout
            expected = set()
            for line in text.splitlines():
                match = re.match(r" *(\d+): \w+ +(\w+) (\w+) +(\w+) +(\w+) +(\w+) (\S+)", line)
                if not match or match[6] == "UND" or match[4] == "LOCAL" or match[3] == "OBJECT" and match[6] == "ABS":
                    continue
                entry, size, kind, binding, visibility, _, name = match.groups()
                name, at, version = name.partition("@")
                expected.add((int(entry), name, version.lstrip("@") or None, at == "" or version.startswith("@"), kind.lower(), binding.lower(),
                              visibility.lower(), int(size, 0)))
            rows = found.rows("SELECT d.entry, e.* FROM definitions d JOIN exports e ON e.file = d.file AND e.symbol ="
                              " (SELECT name FROM symbols s WHERE s.symbol = d.symbol) AND e.version IS (SELECT name FROM versions v"
                              " WHERE v.version = d.version) WHERE d.file = ?", file["file"])
            made = {(row["entry"], row["symbol"], row["version"], bool(row["is_default"]), row["type"], row["binding"], row["visibility"],
                     row["size"]) for row in rows}
            self.assertEqual(made, expected, file["path"])

    # ---- the file ----------------------------------------------------------------------------------------------------

    def test_it_says_what_it_is(self):
        found = self.open("./player")
        self.assertEqual(found.rows("PRAGMA application_id")[0]["application_id"], int.from_bytes(b"bsim", "big"))
        (about,) = found.rows("SELECT * FROM document")
        major, minor = about["schema"].rpartition("-")[2], about["schema_version"].partition(".")[2]
        self.assertEqual(found.rows("PRAGMA user_version")[0]["user_version"], 100 * int(major) + int(minor))
        self.assertEqual(about["schema_version"].partition(".")[0], major)

    def test_same_bytes(self):
        """Whatever memory had in it before."""
        def run(perturb):
            return subprocess.run([BINDSIM, "--format=sqlite", "./player", "--dlopen=./copy.so:LAZY", "--dlopen=./templates.so"], cwd=self.directory,
                                  env=environment(MALLOC_PERTURB_=perturb), capture_output=True, check=True).stdout
        first = run("1")
        self.assertEqual(first[:16], b"SQLite format 3\0")
        for perturb in ("1", "165", "0"):
            self.assertEqual(run(perturb), first)

    def test_parts(self):
        """What is not asked for has no rows."""
        tables = {"bindings": {"bindings", "slots", "answers"}, "slots": {"bindings", "slots", "answers"},
                  "findings": {"findings", "finding_symbols", "evidence"}, "scopes": {"scopes", "scope_lists", "lists"},
                  "searches": {"searches", "places"}, "suppressed": {"suppressed", "suppressed_symbols"}, "definitions": {"definitions"}}
        plan = ("./player", "--dlopen=./copy.so:LAZY", "--dlopen=./data.so", "--dlopen=./templates.so:GLOBAL", "--dlopen=./more-templates.so")
        for part, expected in (*tables.items(), ("steps", set())):
            found = self.open(f"--show={part}", *plan)
            filled = {table for table in set().union(*tables.values()) if self.count(found, table)}
            self.assertEqual(filled, expected, part)
            self.assertEqual(found.problems(), [])
        self.assertEqual(self.count(self.open("--show=bindings", *plan), "symbols WHERE demangled NOT NULL"), 0)
        self.assertGreater(self.count(self.open("--show=bindings,demangled", *plan), "symbols WHERE demangled NOT NULL"), 0)
        answer = self.bindsim("--format=sqlite", "--show=pairs", "./player")
        self.assert_trouble(answer, "pairs", "definitions")

    def test_several_plans(self):
        """One database for the plans of a check; what they share is there once."""
        policy = self.examples / "policy.ini"
        policy.write_text("[plan one]\nexecutable = ./player\nstep = dlopen ./copy.so\n\n[plan two]\nexecutable = ./player\n"
                          "step = dlopen ./data.so\nstep = dlopen ./copy.so:LAZY\n\n[plan three]\nexecutable = ./broken\n")
        ask = ["check", "--policy=policy.ini", "--fail-on=error"]
        documents = [plan["report"] for plan in self.json(*ask, f"--show={PARTS}")["plans"]]
        found = self.open(*ask, f"--show={PARTS},definitions")
        self.assertEqual([(row["run"], row["plan"], row["verdict"]) for row in found.rows("SELECT * FROM runs ORDER BY run")],
                         [(i, document["verdict"]["plan"], document["verdict"]["outcome"]) for i, document in enumerate(documents, 1)])
        self.assertEqual([document["verdict"]["plan"] for document in documents], ["one", "two", "three"])
        for number, document in enumerate(documents, 1):
            self.assertEqual(database.problems(document, found, number), [])
        paths = [row["path"] for row in found.rows("SELECT path FROM files")]
        self.assertEqual(len(set(paths)), len(paths))
        self.assertEqual(found.rows("SELECT count(DISTINCT run) AS n FROM objects JOIN files USING (file) WHERE files.path LIKE '%copy.so'"),
                         [{"n": 2}])
        # One plan, chosen, is what it is alone.
        alone = self.open(*ask, "--plan-name=two", f"--show={PARTS},definitions")
        self.assertEqual(database.problems(documents[1], alone), [])

    def test_outputs(self):
        ask = ["./player", "--dlopen=./copy.so"]
        with tempfile.TemporaryDirectory() as directory:
            piped = subprocess.run([BINDSIM, "--format=sqlite", *ask], cwd=self.directory, env=environment(), capture_output=True, check=True).stdout
            self.bindsim("--format=sqlite", "-o", f"{directory}/one", *ask)
            text = self.bindsim(f"--report=sqlite:{directory}/two", f"--report=json:{directory}/three", *ask)
            self.assertEqual((Path(directory) / "one").read_bytes(), piped)
            self.assertEqual((Path(directory) / "two").read_bytes(), piped)
            self.assertEqual(text, self.bindsim(*ask))
            self.assertEqual((Path(directory) / "three").read_text(), self.bindsim("--format=json", *ask).out)

    def test_terminal(self):
        master, slave = pty.openpty()
        try:
            answer = self.bindsim("--format=sqlite", "./player", stdout=slave)
            self.assert_trouble(answer, "sqlite", "terminal", "-o FILE")
        finally:
            os.close(master)
            os.close(slave)

    def test_complete_or_not_there(self):
        def small_files():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))
        with tempfile.TemporaryDirectory() as directory:
            place = f"{directory}/db"
            self.assert_trouble(self.bindsim("--format=sqlite", "-o", place, "./nowhere"), "./nowhere")
            self.assert_trouble(self.bindsim("--format=sqlite", "-o", f"{directory}/gone/db", "./player"), "gone/db", "No such file")
            answer = self.bindsim("--format=sqlite", "-o", place, "./player", preexec_fn=small_files)
            self.assert_trouble(answer, place, "File too large")
            # A plan that cannot be answered leaves nothing of the others.
            Path(directory, "policy.ini").write_text("[plan one]\nexecutable = /bin/true\n\n[plan two]\nexecutable = ./nowhere\n")
            self.assertEqual(self.bindsim("check", f"--policy={directory}/policy.ini", "--format=sqlite", "-o", place).status, 2)
            self.assertEqual(os.listdir(directory), ["policy.ini"])

    @unittest.skipUnless(os.path.exists("/dev/full"), "there is no /dev/full")
    def test_full_device(self):
        self.assert_trouble(self.bindsim("--format=sqlite", "-o", "/dev/full", "./player"), "/dev/full", "No space left")
        with open("/dev/full", "w", encoding="ascii") as full:
            self.assert_trouble(self.bindsim("--format=sqlite", "./player", stdout=full), "standard output", "No space left")

    def test_no_memory(self):
        """However much there is, the answer is whole, or there is a message and no file."""
        def limited(room):
            return subprocess.run([BINDSIM, "--format=sqlite", "-o", place, "--proof=none", "./player", "--dlopen=./copy.so",
                                   "--dlopen=./templates.so"], cwd=self.directory, env=environment(), capture_output=True, check=False,
                                  preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (room, room)))
        with tempfile.TemporaryDirectory() as directory:
            place = f"{directory}/db"
            if limited(1 << 32).returncode:
                self.skipTest("a sanitizer takes more room than can be limited")
            whole = Path(place).read_bytes()
            outcomes = Counter()
            for room in range(5 << 20, 14 << 20, 1 << 19):
                Path(place).unlink(missing_ok=True)
                answer = limited(room)
                outcomes[answer.returncode] += 1
                if answer.returncode == 0:
                    self.assertEqual(Path(place).read_bytes(), whole)
                elif answer.returncode == 2:
                    self.assertRegex(answer.stderr, rb"\Abindsim: .+\n\Z")
                    self.assertEqual(os.listdir(directory), [])
                else:  # the system's loader had no room for the tool itself
                    self.assertIn(b"error while loading shared libraries", answer.stderr)
            self.assertGreater(outcomes[2], 0, outcomes)
            self.assertGreater(outcomes[0], 0, outcomes)


class CopiesTest(DatabaseTest):
    """Known libraries, and objects that are there twice."""

    SSL = "int SSL_CTX_new(void) { return 1; } int SSL_connect(void) { return 2; } int SSL_new(void) { return 3; }"

    def test_two_of_a_library(self):
        self.program()
        self.object("one/libssl.so.1.1", self.SSL, "-Wl,-soname,libssl.so.1.1")
        self.object("two/libssl.so.3", self.SSL, "-Wl,-soname,libssl.so.3")
        self.object("plugin.so", self.SSL)
        self.object("other.so", HOOK)
        found = self.open("./app", "--dlopen=./one/libssl.so.1.1", "--dlopen=./two/libssl.so.3", "--dlopen=./plugin.so", "--dlopen=./other.so")
        self.assertEqual(found.rows("SELECT library, copies, namespaces, objects FROM library_copies"),
                         [{"library": "OpenSSL's TLS", "copies": 3, "namespaces": 1,
                           "objects": "./one/libssl.so.1.1 ./two/libssl.so.3 ./plugin.so"}])
        self.assertEqual([(row["name"], row["is_itself"]) for row in found.rows(
            "SELECT name, is_itself FROM known_libraries JOIN objects USING (run, object) ORDER BY object")],
            [("./one/libssl.so.1.1", 1), ("./two/libssl.so.3", 1), ("./plugin.so", 0)])
        self.assertEqual(found.rows("SELECT family, objects, files, names FROM loaded_twice"),
                         [{"family": "libssl", "objects": 2, "files": 2, "names": "./one/libssl.so.1.1 ./two/libssl.so.3"}])
        # A name alone is no copy.
        self.object("part/libssl.so.9", HOOK, "-Wl,-soname,libssl.so.9")
        alone = self.open("./app", "--dlopen=./one/libssl.so.1.1", "--dlopen=./part/libssl.so.9")
        self.assertEqual((self.count(alone, "library_copies"), self.count(alone, "loaded_twice")), (0, 1))
        alone = self.open("./app", "--dlopen=./one/libssl.so.1.1", "--dlopen=./other.so")
        self.assertEqual((self.count(alone, "library_copies"), self.count(alone, "loaded_twice")), (0, 0))

    def test_a_library_of_ones_own(self):
        """--library-db counts, and a file in two namespaces is one file."""
        self.program()
        self.object("first.so", HOOK)
        self.object("second.so", HOOK)
        self.file("own.conf", "[Hooks]\nsoname = libhooks.so*\nmarker = hook\n")
        found = self.open("--library-db=own.conf", "./app", "--dlopen=./first.so", "--dlopen=./second.so", "--dlmopen=./first.so")
        self.assertEqual([row["library"] for row in found.rows("SELECT library FROM library_copies WHERE copies = 3 AND namespaces = 2")],
                         ["Hooks"])
        self.assertEqual(found.rows("SELECT family, objects, files, namespaces FROM loaded_twice WHERE family = 'first.so'"),
                         [{"family": "first.so", "objects": 2, "files": 1, "namespaces": 2}])


class HostileTest(DatabaseTest):
    """Names that are no text."""

    NAMES = (b"\xff\xfe.so", "\u00e4.so".encode(), b"line\nend.so", b"quote'\".so", b"a\\xffb.so", "\ufffdx.so".encode(), b"\xed\xa0\x80.so",
             b"\xc0\xaf.so", b"\xf5\x80\x80\x80.so", "\U0001f600.so".encode(), b"\x01\x7f\xc2\x80.so", b"'; DROP TABLE objects; --.so")

    @staticmethod
    def bytes_of(text):
        """What a text of the database was in the file."""
        if not text.startswith("\ufffd"):
            return text.encode()
        return re.sub(rb"\\(?:\\|x([0-9a-f]{2}))", lambda match: bytes([int(match[1], 16)]) if match[1] else b"\\", text[1:].encode())

    def test_round_trip(self):
        self.program()
        self.object("plain.so", HOOK)
        for name in self.NAMES:
            shutil.copy(self.directory / "plain.so", os.fsencode(self.directory) + b"/" + name)
        ask = ["./app", *(b"--dlopen=./" + name for name in self.NAMES)]
        document, found = self.json(f"--show={PARTS}", *ask), self.open(f"--show={PARTS},definitions", *ask)
        self.assertEqual(database.problems(document, found), [])
        names = {self.bytes_of(row["name"]) for row in found.rows("SELECT name FROM objects")}
        self.assertLessEqual({b"./" + name for name in self.NAMES}, names)
        self.assertEqual(len({row["name"] for row in found.rows("SELECT name FROM objects")}), self.count(found, "objects"))
        for row in found.rows("SELECT path, file FROM objects WHERE born > 0"):
            self.assertTrue(os.path.exists(os.path.join(os.fsencode(self.directory), self.bytes_of(row["path"]))))

    def test_symbols(self):
        names = [b"sym\xff\xfe", "sym\u00e4".encode(), b"a'b", b"\xed\xa0\x80"]
        self.program()
        (self.directory / "s.s").write_bytes(b".data\n" + b"".join(b'.globl "%s"\n"%s": .quad "%s"\n' % (name, name, name) for name in names)
                                             + b'.section .note.GNU-stack,"",@progbits\n')
        subprocess.run(["gcc", "-nostdlib", "-shared", "-o", "libs.so", "s.s"], cwd=self.directory, check=True)
        found = self.open("./app", "--dlopen=./libs.so")
        for source in ("exports WHERE path LIKE '%libs.so'", "bound WHERE referrer LIKE '%libs.so'"):
            self.assertEqual({self.bytes_of(row["symbol"]) for row in found.rows(f"SELECT symbol FROM {source}")}, set(names))
        self.assertEqual(found.problems(), [])

    def test_long_names(self):
        """Longer than a page."""
        name = "n" * 70000
        self.program()
        self.object("long.so", f"int {name}(void) {{ return 1; }} int (*p)(void) = {name};")
        found = self.open("./app", "--dlopen=./long.so")
        self.assertEqual([row["symbol"] for row in found.rows("SELECT symbol FROM bound WHERE referrer LIKE '%long.so'")], [name])


class BuildTest(DatabaseTest):
    """Two runs of it in one directory do not come to each other's files."""

    def test_many_at_once(self):
        self.program()
        self.object("libuse.so", USER)
        runs = [subprocess.Popen([BINDSIM, "--format=sqlite", "-o", "db", "./app", "--dlopen=./libuse.so:LAZY"], cwd=self.directory,
                                 env=environment()) for _ in range(4)]
        self.assertEqual([run.wait(timeout=60) for run in runs], [0] * 4)
        found = database.Database(self.directory / "db")
        self.addCleanup(found.close)
        self.assertEqual(found.problems(), [])
        self.assertEqual(sorted(os.listdir(self.directory)), ["app", "db", "libuse.so"])


if __name__ == "__main__":
    unittest.main()
