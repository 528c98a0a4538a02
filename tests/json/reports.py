# SPDX-License-Identifier: MIT
"""Runs bindsim, validates what it writes against the published schemas, and holds its formats against each other."""

import copy
import json
import os
import re
import subprocess
from pathlib import Path

try:
    from jsonschema import Draft202012Validator
except ImportError:
    Draft202012Validator = None

SKIPPED = 77
MARKER = "\ufffd"
PARTS = "steps,objects,bindings,slots,findings,scopes,searches,demangled"
REFERENCES = ("from", "to", "object", "root", "needed_by", "required_by", "via", "asked_by")
SCHEMAS = Path(__file__).resolve().parent.parent.parent / "schema"
STEP_LINE = re.compile(r"bindsim: step (\d+): ")
BINDING_LINE = re.compile(r"binding file (.*) \[(\d+)\] to (.*) \[(\d+)\]: (normal|protected) symbol "
                          r"`(.*?)'(?: \[(.*)\])?$")


def read_schema(name):
    with open(SCHEMAS / (name + ".schema.json"), encoding="utf-8") as file:
        return json.load(file)


class Schemas:
    """The two validators."""

    def __init__(self):
        schemas = [read_schema(name) for name in ("bindsim-report-1", "bindsim-stream-1")]
        for schema in schemas:
            Draft202012Validator.check_schema(schema)
        self.report, self.stream = map(Draft202012Validator, schemas)
        # The schema of a line is a choice by its type: to make it beforehand is quicker and says more.
        self.lines = {name: Draft202012Validator({"$ref": "#/$defs/" + name, "$defs": schemas[1]["$defs"]})
                      for name in ("run", "object", "step", "binding", "finding", "end")}

    def problems(self, document, lines):
        for error in self.report.iter_errors(document):
            yield "json: %s: %s" % (list(error.absolute_path), error.message[:300])
        for number, line in enumerate(lines, 1):
            for error in self.lines[line["type"]].iter_errors(line):
                yield "ndjson: line %d: %s: %s" % (number, list(error.absolute_path), error.message[:300])


class Answer:
    """What bindsim says to one question, in all machine-readable formats."""

    def __init__(self, bindsim, arguments, cwd=".", options=()):
        self.status, self.json = run(bindsim, ["--format=json", *options, *arguments], cwd)
        _, self.ndjson = run(bindsim, ["--format=ndjson", *options, *arguments], cwd)
        _, self.debug = run(bindsim, ["--format=ld-debug", *arguments], cwd)
        _, self.again = run(bindsim, ["--format=json", *options, *arguments], cwd)
        self.document = self.lines = None
        if self.status in (0, 1):
            self.document = json.loads(self.json.decode("ascii"))
            self.lines = [json.loads(line) for line in self.ndjson.decode("ascii").splitlines()]

    def problems(self, schemas):
        """Everything that must hold for any question."""
        if self.json != self.again:
            yield "two runs differ"
        yield from schemas.problems(self.document, self.lines)
        yield from stream_problems(self.lines)
        yield from document_problems(self.document)
        if (self.status == 0) != (self.document["reason"] is None):
            yield "reason %s and exit status %d" % (self.document["reason"], self.status)
        if self.document != document_of(self.lines, self.document):
            yield "json and ndjson differ"
        shown = self.document["parts"], self.document["filter"]
        if {"objects", "bindings"} <= set(shown[0]) and not any(shown[1].values()):
            yield from debug_problems(self)


def run(bindsim, arguments, cwd="."):
    """Exit status and standard output; a refusal must have said something."""
    done = subprocess.run([bindsim, *arguments], cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, check=False,
                          env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"})
    if done.returncode not in (0, 1, 2) or (done.returncode and not done.stderr):
        raise AssertionError("exit status %d: %s" % (done.returncode, done.stderr.decode(errors="replace")))
    return done.returncode, done.stdout


def unmarked(text):
    """The bytes that a string of a report stands for, as Python spells file names."""
    if not text.startswith(MARKER):
        return text
    raw = re.sub(rb"\\(\\|x([0-9a-f]{2}))", lambda m: bytes.fromhex(m[2].decode()) if m[2] else b"\\",
                 text[1:].encode())
    return raw.decode("utf-8", "surrogateescape")


def document_problems(document):
    """References that lead nowhere, sums that do not add up."""
    objects = document.get("objects")
    known = {entry["id"] for entry in objects} if objects is not None else None
    if objects is not None and [entry["id"] for entry in objects] != list(range(len(objects))):
        yield "ids are not those of the places"
    for number, step in enumerate(document["steps"]):
        if step["number"] != number:
            yield "step %d stands at place %d" % (step["number"], number)
        for entry in step.get("bindings", []):
            if entry["step"] != number:
                yield "a binding of step %d stands in step %d" % (entry["step"], number)
            if (entry["to"] is None) != (entry["outcome"] != "bound"):
                yield "outcome without definer: %s" % entry
    if known is not None:
        unknown = set(references([document["steps"], document.get("findings", []), objects])) - known
        if unknown:
            yield "unknown objects are referred to: %s" % unknown
    for name in document["steps"][0]["counts"]:
        if sum(step["counts"][name] for step in document["steps"]) != document["counts"][name]:
            yield "%s do not add up" % name


def references(value):
    """All ids of objects in a part of a document."""
    if isinstance(value, list):
        for item in value:
            yield from references(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key in REFERENCES and isinstance(item, int) and not (key == "from" and "lists" in value):
                yield item
            elif key in ("loaded", "unloaded", "promoted", "lists"):
                yield from flat(item)
            else:
                yield from references(item)


def flat(value):
    for item in value:
        if isinstance(item, list):
            yield from flat(item)
        else:
            yield item


def stream_problems(lines):
    """The order of lines, and that an object comes before what refers to it."""
    types = [line["type"] for line in lines]
    if types[0] != "run" or types[-1] != "end" or types.count("run") + types.count("end") != 2:
        yield "no stream from run to end: %s ... %s" % (types[0], types[-1])
    if lines[-1].get("lines") != len(lines):
        yield "%s lines are said to be %d" % (lines[-1].get("lines"), len(lines))
    if "objects" not in lines[0]["parts"]:
        return
    known = set()
    for line in lines:
        if line["type"] == "object":
            known.add(line["id"])
        elif not set(references(line)) <= known:
            yield "objects that come later are referred to: %s" % line


def document_of(lines, document):
    """The document that a stream amounts to; objects die in it as the document's do."""
    rest = copy.deepcopy(lines)
    head, tail = rest[0], rest[-1]
    made = {**head, **tail, "schema": "bindsim-report-1", "steps": []}
    del made["type"], made["lines"]
    for part in ("objects", "findings"):
        if part in head["parts"]:
            made[part] = []
    for line in rest[1:-1]:
        kind = line.pop("type")
        if kind == "step":
            made["steps"].append(line)
            if {"bindings", "slots"} & set(head["parts"]):
                line["bindings"] = []
        elif kind == "binding":
            made["steps"][-1]["bindings"].append(line)
        elif kind == "object":
            made["objects"].append(line)
        else:
            made["findings"].append(line)
    for step in made["steps"]:
        for gone in step["unloaded"]:
            if "objects" in made:
                made["objects"][gone]["died"] = step["number"]
    return made


def debug_problems(answer):
    """The loader's lines and the bindings of the document are the same."""
    told, listed = debug_bindings(answer.debug), document_bindings(answer.document)
    if told is None:
        return
    for lost in sorted(told - listed, key=str)[:3]:
        yield "ld-debug only: %s" % (lost,)
    for extra in sorted(listed - told, key=str)[:3]:
        yield "json only: %s" % (extra,)


def debug_bindings(output):
    """(step, from, its namespace, to, its namespace, symbol, version, protected) of each line.

    None when a name breaks lines.
    """
    found, step = set(), None
    for line in output.decode("utf-8", "surrogateescape").removesuffix("\n").split("\n"):
        if not line.startswith("         0:\t"):
            return None
        text = line[12:]
        if match := STEP_LINE.match(text):
            step = int(match[1])
        elif match := BINDING_LINE.match(text):
            found.add((step, match[1], int(match[2]), match[3], int(match[4]), match[6], match[7],
                       match[5] == "protected"))
    return found


def document_bindings(document):
    names = [(unmarked(entry["name"]), entry["namespace"]) for entry in document["objects"]]
    return {(entry["step"], *names[entry["from"]], *names[entry["to"]], unmarked(entry["symbol"]),
             entry["version"] and unmarked(entry["version"]), entry.get("protected", False))
            for step in document["steps"] for entry in step["bindings"]
            if entry["when"] == "load" and entry["outcome"] == "bound" and entry["why"] != "local"}
