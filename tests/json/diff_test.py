#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bindsim diff in JSON: by its schema, against a naive comparison of two reports, and with damaged reports.

    diff_test.py --bindsim BINDSIM [--compiler "gcc"] [TEST...]
"""

import itertools
import json
import os
import random
import subprocess
import sys
import unittest

import case
import made
import reports
import validation
from case import OPTIONS, Case
from damage import damages

SEED = 8
ROUNDS = 10
DAMAGES = 120
PARTS = "steps,findings,causes,bindings,objects"
NAMES = [f"name{number}" for number in range(9)]


def setUpModule():
    """The directory of fixtures."""
    case.setUpModule()


def run(*arguments, cwd, text=None):
    """One run of the tool."""
    return subprocess.run([OPTIONS.bindsim, *arguments], cwd=cwd, input=text, text=True, errors="surrogateescape", capture_output=True,
                          timeout=60, check=False)


class DiffCase(Case):
    """Compares what is in the directory of fixtures."""

    schema = None

    @classmethod
    def setUpClass(cls):
        cls.schema = validation.Validator(reports.read_schema("bindsim-diff-1"))

    def diff(self, *arguments, text=None):
        """The document, which is as the schema says, and as its counts and the exit status say."""
        done = run("diff", "--format=json", f"--show={PARTS}", *arguments, cwd=self.directory, text=text)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        document = json.loads(done.stdout)
        self.assertEqual(list(self.schema.problems(document)), [])
        counts = document["counts"]
        self.assertEqual(done.returncode, min(1, counts["differences"]))
        pairs = [pair for cause in document["causes"] for pair in cause["pairs"]]
        bindings = [binding for pair in pairs for binding in pair["bindings"]]
        for cause in document["causes"]:
            self.assertEqual(cause["references"], sum(pair["references"] for pair in cause["pairs"]))
        self.assertEqual([pair["references"] for pair in pairs], [len(pair["bindings"]) for pair in pairs])
        self.assertEqual(counts["bindings"], len(bindings))
        self.assertEqual(counts["steps"], len(document["steps"]))
        self.assertEqual(counts["findings"], len(document["findings"]))
        self.assertEqual(counts["objects"], sum(bool(entry["changes"]) for entry in document["objects"]))
        self.assertEqual(counts["differences"], sum(counts[part] for part in ("bindings", "steps", "findings", "objects")))
        return document

    def text(self, name):
        """What is in a file of the directory."""
        with open(os.path.join(self.directory, name), encoding="utf-8") as file:
            return file.read()

    def report(self, name, *arguments, form="json"):
        """The file NAME with a report."""
        done = run(f"--format={form}", "-o", name, *arguments, cwd=self.directory)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        return name


class Same(DiffCase):
    """A thing and itself."""

    def questions(self):
        """Every program here with every object, one after the other."""
        names = sorted(name for name in os.listdir(self.directory) if os.path.isfile(os.path.join(self.directory, name)))
        objects = [name for name in names if ".so" in name]
        programs = [name for name in names if "." not in name and os.access(os.path.join(self.directory, name), os.X_OK)]
        self.assertTrue(programs)
        self.assertTrue(objects)
        for program in programs:
            yield (f"./{program}",)
            for name in objects[::3]:
                yield (f"./{program}", "--dlopen", f"./{name}:LAZY,GLOBAL", "--dlmopen", f"./{name}", "--dlsym", "NEXT:foo")

    def test_nothing_differs(self):
        asked = 0
        for question in self.questions():
            if run("--format=json", "-o", "same.json", *question, cwd=self.directory).returncode == 2:
                continue
            run("--format=ndjson", "-o", "same.ndjson", *question, cwd=self.directory)
            with self.subTest(question):
                for left, right, steps in (("same.json", "same.ndjson", ()), (question[0], "same.json", None),
                                           (question[0], question[0], question[1:])):
                    if steps is None:
                        run("--format=plan", "-o", "same.plan", *question, cwd=self.directory)
                        left, steps = "same.plan", ()
                    document = self.diff(left, right, *steps)
                    self.assertEqual(document["counts"]["differences"], 0, (left, document))
            asked += 1
            if asked == 15:
                break
        self.assertGreater(asked, 5)


# ---- a naive comparison --------------------------------------------------------------------------


def keys_of(document):
    """By id: what an object is called on both sides. The graphs here have each name once in a namespace."""
    return {entry["id"]: "the program" if entry["kind"] == "executable"
            else (entry["namespace"], (entry["soname"] or os.path.basename(entry["name"])))
            for entry in document["objects"]}


def answers_of(document):
    """By reference: all its answers at the end."""
    keys = keys_of(document)
    found = {}

    def add(entry, answer):
        reference = (keys[entry["from"]], entry.get("asked_by", "relocation"), entry["symbol"])
        found.setdefault(reference, set()).add((entry["version"], keys.get(answer["to"]), answer.get("definition_version"),
                                                answer["outcome"]))

    for step in document["steps"]:
        for entry in step["bindings"]:
            if entry["when"] != "first-call":
                add(entry, entry)
    for slot in document["slots"]:
        if slot["called"] is None and slot["answers"]:
            add(slot, slot["answers"][-1])
    return found


def findings_of(document):
    """By what a finding is known by: its worst level and its symbols."""
    found = {}
    order = ["none", "note", "warning", "error"]
    for entry in document["findings"]:
        level, count = found.get(entry["fingerprint"], ("none", 0))
        found[entry["fingerprint"]] = (max(level, entry["level"], key=order.index), count + entry["counts"]["symbols"])
    return found


def changed_references(left, right):
    """References whose answers differ."""
    was, now = answers_of(left), answers_of(right)
    return {reference for reference in was.keys() | now.keys() if was.get(reference) != now.get(reference)}


def told_references(document):
    """The same as diff tells it, each with its answers on both sides."""
    keys = {}
    for entry in document["objects"]:
        side = entry["right"] or entry["left"]
        is_program = entry["id"] == 0
        keys[entry["id"]] = "the program" if is_program else (side["namespace"], side["soname"]
                                                              or os.path.basename(side["name"]))
    told = {}
    for cause in document["causes"]:
        for pair in cause["pairs"]:
            for binding in pair["bindings"]:
                reference = (keys[pair["from"]], binding["asked_by"], binding["symbol"])
                told.setdefault(reference, []).append(tuple(
                    answer and (answer["version"], keys.get(answer["to"]), answer["definition_version"], answer["outcome"])
                    for answer in (binding["left"], binding["right"])))
    return told


class Naive(DiffCase):
    """Random pairs of small graphs: what diff tells is what a comparison of two reports tells that knows no causes."""

    def graph(self, chance, directory):
        """Four objects and a program that needs two of them."""
        path = os.path.join(self.directory, directory)
        os.makedirs(path)
        for index in range(4):
            defined = chance.sample(NAMES, 3)
            used = chance.sample(NAMES, 4)
            text = "".join(f"__attribute__((weak)) int {name}(void);" if chance.random() < 0.3 else f"int {name}(void);"
                           for name in used if name not in defined)
            text += "".join(f"int {name}(void) {{ return {index}; }}" for name in defined)
            text += f"int use{index}(void) {{ return {' + '.join(f'{name}()' for name in used)}; }}"
            self.compile(path, f"lib{index}.so", text, "-shared", "-fPIC", f"-Wl,-soname,lib{index}.so",
                         *chance.choice([(), ("-Wl,-z,now",), ("-Wl,-Bsymbolic",)]))
        needs = chance.sample(range(4), 2)
        self.compile(path, "app", "void _start(void) {}", "-pie", "-fPIE", "-Wl,--no-as-needed", "-Wl,-rpath,$ORIGIN",
                     "-Wl,--unresolved-symbols=ignore-all", *(f"-l:lib{need}.so" for need in needs), "-L.")
        return [index for index in range(4) if index not in needs]

    def compile(self, path, name, text, *options):
        made.make([*OPTIONS.compiler, "-nostdlib", "-fno-stack-protector", "-g0", "-o", name, "-xc", "-", "-xnone", *options],
                  name, path, text.encode(), check=True, stderr=subprocess.DEVNULL)

    def ask(self, chance, directory, rest):
        """A plan for the graph in DIRECTORY, as a file."""
        steps = []
        for index in chance.sample(rest, chance.randint(0, len(rest))):
            flags = chance.choice(["LAZY", "NOW"]) + chance.choice(["", ",GLOBAL", ",DEEPBIND"])
            steps += [chance.choice(["--dlopen", "--dlopen", "--dlmopen"]), f"{directory}/lib{index}.so:{flags}"]
        if chance.random() < 0.5:
            steps += ["--dlsym", chance.choice(NAMES)]
        if steps and chance.random() < 0.3:
            steps += ["--dlclose", "1"]
        return (f"{directory}/app", *steps)

    def test_random_pairs(self):
        chance = random.Random(SEED)
        differing = 0
        for number in range(ROUNDS // 2):
            first, second = f"graph{number}a", f"graph{number}b"
            rest = self.graph(chance, first), self.graph(chance, second)
            pairs = itertools.chain([(first, second)], [(first, first)])
            for left, right in pairs:
                questions = self.ask(chance, left, rest[0]), self.ask(chance, right, rest[left != right])
                with self.subTest(questions):
                    differing += self.compare(*questions)
        self.assertGreater(differing, ROUNDS // 2)

    def compare(self, *questions):
        """Compares two questions in three ways; whether references differ."""
        for name, question in zip(("left", "right"), questions):
            self.report(f"{name}.json", *question)
            self.report(f"{name}.ndjson", *question, form="ndjson")
            run("--format=plan", "-o", f"{name}.plan", *question, cwd=self.directory)
        documents = [json.loads(self.text(f"{name}.json")) for name in ("left", "right")]
        expected = changed_references(*documents)
        was, now = answers_of(documents[0]), answers_of(documents[1])
        findings = findings_of(documents[0]), findings_of(documents[1])
        objects = [set(keys_of(document).values()) for document in documents]
        for left, right in (("left.json", "right.json"), ("left.ndjson", "right.plan"), ("left.plan", "right.ndjson")):
            document = self.diff(left, right)
            told = told_references(document)
            self.assertEqual(told.keys(), expected, (left, right))
            for reference, answers in told.items():
                alone = was.get(reference, set()) ^ now.get(reference, set())
                self.assertLessEqual(alone, {answer for pair in answers for answer in pair})
                for before, after in answers:
                    self.assertIn(before, was.get(reference, {None}))
                    self.assertIn(after, now.get(reference, {None}))
            self.assertEqual(len(document["findings"]),
                             sum(findings[0].get(key) != findings[1].get(key) for key in {*findings[0], *findings[1]}))
            self.assertEqual([sum(word in entry["changes"] for entry in document["objects"]) for word in ("came", "went")],
                             [len(objects[1] - objects[0]), len(objects[0] - objects[1])])
        return bool(expected)


class Damaged(DiffCase):
    """Reports that are none: one message, or an answer, and no crash."""

    def test_members(self):
        # The parts that are read: damage to another is no matter.
        self.report("whole.json", "./app", "--dlopen", "./libsecond.so:LAZY", "--show=steps,objects,bindings,findings")
        chosen = list(damages(json.loads(self.text("whole.json"))))
        random.Random(SEED).shuffle(chosen)
        refused = 0
        for what, document in chosen[:DAMAGES]:
            done = run("diff", "-", "whole.json", cwd=self.directory, text=json.dumps(document))
            with self.subTest(what):
                self.assertIn(done.returncode, (0, 1, 2), done.stderr)
                if done.returncode == 2:
                    self.assertRegex(done.stderr, r"^bindsim: standard input: .+\n$")
                    refused += 1
        self.assertGreater(refused, DAMAGES // 10)

    def test_bytes(self):
        self.report("whole.json", "./app")
        self.report("whole.ndjson", "./app", form="ndjson")
        chance = random.Random(SEED)
        for name in ("whole.json", "whole.ndjson"):
            text = self.text(name)
            for _ in range(40):
                at = chance.randrange(len(text))
                damaged = chance.choice([text[:at], text[:at] + chance.choice('{}[]",:0-9\\') + text[at + 1:],
                                         text[:at] + text[at:at + 50] + text[at:]])
                done = run("diff", "-", name, cwd=self.directory, text=damaged)
                self.assertIn(done.returncode, (0, 1, 2), done.stderr)
                self.assertNotIn("Sanitizer", done.stderr)


class Large(DiffCase):
    """Reports of a size that no run has: there is an answer, and before long."""

    def write(self, name, document):
        with open(os.path.join(self.directory, name), "w", encoding="utf-8") as file:
            file.write(json.dumps(document))  # json.dump() is slow: it is not written in C
        return name

    def document(self):
        self.report("whole.json", "./app", "--dlopen", "./libsecond.so:LAZY", "--show=steps,objects,bindings,findings")
        return json.loads(self.text("whole.json"))

    def test_long_paths(self):
        """Words of which every place looks like the beginning of one."""
        for directory, word in (("q/", "./"), ("a/" * 30000, "/a"), ("a/" * 30000, "a/")):
            document = self.document()
            executable, *others = document["objects"]
            executable["name"] = executable["path"] = directory + "m"
            for entry in others[:3]:
                entry["path"] = word * 100000 + "x"
            left = self.write("left.json", document)
            others[0]["path"] += "y"
            with self.subTest(word):
                changed = [entry for entry in self.diff(left, self.write("right.json", document))["objects"] if entry["changes"]]
                self.assertEqual([entry["changes"] for entry in changed], [["path"]])


    def test_many_findings(self):
        """Those that are one are one, and the others are told apart, however late their names differ."""
        document = self.document()
        finding = {"rule": "unresolved", "level": "warning", "from": 0, "to": None, "counts": {"symbols": 1}}
        document["findings"] = [{**finding, "examples": [{"symbol": "x" * 1000 + str(number)}]} for number in range(16000)]
        left = self.write("left.json", document)
        self.assertEqual(self.diff(left, left)["findings"], [])
        document["findings"][::2] = [{**entry, "level": "error"} for entry in document["findings"][::2]]
        del document["findings"][0]
        document["findings"].reverse()
        found = self.diff(left, self.write("right.json", document))["findings"]
        self.assertEqual([entry["changes"] for entry in found], [["level"]] * 7999 + [["gone"]])
        document["findings"] += document["findings"][:8000]
        found = self.diff(left, self.write("right.json", document))["findings"]
        self.assertEqual(len(found), 8000 + 4000)


class Written(DiffCase):
    """The document."""

    def test_same_bytes(self):
        self.report("a.json", "./app")
        outputs = {run("diff", "--format=json", f"--show={PARTS}", "a.json", "./app", "--dlopen", "./libsecond.so",
                       cwd=self.directory).stdout for _ in range(2)}
        outputs |= {run("diff", "--format=json", f"--show={PARTS}", "./app", "./app", "--dlopen", "./libsecond.so",
                        cwd=self.directory).stdout for _ in range(2)}
        self.assertEqual(len(outputs), 2)


if __name__ == "__main__":
    sys.exit(case.main(__doc__))
