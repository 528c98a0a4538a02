# SPDX-License-Identifier: MIT
"""Runs bindsim, validates what it writes against the published schemas, and holds its formats against each other."""

import json
import os
import subprocess
from pathlib import Path

import database
import debug
from validation import Validator

SKIPPED = 77
PARTS = "steps,objects,bindings,slots,findings,scopes,searches,demangled,mapped,suppressed,dlopen-notes"
REFERENCES = ("from", "to", "before", "object", "root", "within", "caller", "needed_by", "required_by", "via",
              "asked_by")
LISTS = ("loaded", "unloaded", "promoted", "activated", "mapped", "lists")
SCHEMAS = Path(__file__).resolve().parent.parent.parent / "schema"


def read_schema(name):
    with open(SCHEMAS / (name + ".schema.json"), encoding="utf-8") as file:
        return json.load(file)


class Schemas:
    """The validators of reports and of the lines of a stream."""

    def __init__(self):
        self.report = Validator(read_schema("bindsim-report-1"))
        # The schema of a line is a choice by its type: to make it beforehand says more.
        lines = read_schema("bindsim-stream-1")
        self.stream = Validator(lines)
        self.lines = {name: Validator({"$ref": "#/$defs/" + name, "$defs": lines["$defs"]})
                      for name in ("run", "object", "step", "binding", "slot", "finding", "suppressed",
                                   "dlopen-note", "end")}

    def problems(self, document, lines):
        for problem in self.report.problems(document):
            yield "json: " + problem
        for number, line in enumerate(lines, 1):
            for problem in self.lines[line["type"]].problems(line):
                yield "ndjson: line %d: %s" % (number, problem)


class Answer:
    """What bindsim says to one question, in all machine-readable formats."""

    def __init__(self, bindsim, arguments, cwd=".", options=()):
        self.status, self.json = run(bindsim, ["--format=json", *options, *arguments], cwd)
        _, self.ndjson = run(bindsim, ["--format=ndjson", *options, *arguments], cwd)
        _, self.debug = run(bindsim, ["--format=ld-debug", "--show=" + debug.PARTS, *arguments], cwd)
        _, self.again = run(bindsim, ["--format=json", *options, *arguments], cwd)
        self.database = database.ask(bindsim, [*options, *arguments], cwd)
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
        yield from outcome_problems(self.document, self.status)
        if self.document != document_of(self.lines, self.document):
            yield "json and ndjson differ"
        if self.database:
            yield from ("sqlite: " + problem for problem in database.problems(self.document, self.database))
            self.database.close()
        shown = self.document["parts"], self.document["filter"]
        if {"objects", "bindings"} <= set(shown[0]) and not any(shown[1].values()):
            yield from debug.problems(self.debug, self.document)


def run(bindsim, arguments, cwd="."):
    """Exit status and standard output; a refusal must have said something."""
    done = subprocess.run([bindsim, *arguments], cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, check=False,
                          env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"})
    if done.returncode not in (0, 1, 2) or (done.returncode and not done.stderr):
        raise AssertionError("exit status %d: %s" % (done.returncode, done.stderr.decode(errors="replace")))
    return done.returncode, done.stdout


def outcome_problems(document, status):
    """The exit status and all that tells of it."""
    refused = [step["number"] for step in document["steps"] if step["state"] == "failed" or "because" in step]
    if (status == 0) != (document["reason"] is None):
        yield "reason %s and exit status %d" % (document["reason"], status)
    if (document["reason"] == "refusal") != bool(refused) or (document["outcome"] == "refused") != bool(refused):
        yield "%s, %s: refused are %s" % (document["outcome"], document["reason"], refused)
    if document["counts"]["refused"] != len(refused):
        yield "%d refused, not %s" % (document["counts"]["refused"], refused)


def document_problems(document):
    """References that lead nowhere, sums that do not add up."""
    objects = document.get("objects")
    known = {entry["id"] for entry in objects} if objects is not None else None
    if objects is not None and [entry["id"] for entry in objects] != list(range(len(objects))):
        yield "ids are not those of the places"
    for step in document["steps"]:
        for entry in step.get("bindings", []):
            if entry["step"] != step["number"]:
                yield "a binding of step %d stands in step %d" % (entry["step"], step["number"])
            if (entry["to"] is None) != (entry["outcome"] != "bound"):
                yield "outcome without definer: %s" % entry
    yield from order_problems(document)
    yield from slot_problems(document)
    if known is not None:
        referring = [document["steps"], document.get("slots", []), document.get("findings", []),
                     document.get("suppressed", []), document.get("dlopen_notes", []), objects]
        unknown = set(references(referring)) - known
        if unknown:
            yield "unknown objects are referred to: %s" % unknown
        told = [number for step in document["steps"] for number in step["loaded"]]
        # What a call would load is known by an id, and is not in the process.
        if sorted(told) != sorted(entry["id"] for entry in objects if entry["born"] is not None):
            yield "loaded are %s" % told
    for name in document["steps"][0]["counts"]:
        if sum(step["counts"][name] for step in document["steps"]) != document["counts"][name]:
            yield "%s do not add up" % name


def order_problems(document):
    """Each step of the plan once; they end one after the other, and nobody comes to the rest."""
    steps = document["steps"]
    if sorted(step["number"] for step in steps) != list(range(len(document["question"]["steps"]) + 1)):
        yield "no plan's steps: %s" % [step["number"] for step in steps]
    kinds = {step["number"]: step["kind"] for step in document["question"]["steps"]}
    for step in steps[1:]:
        if step["kind"] != kinds[step["number"]]:
            yield "step %d is no %s" % (step["number"], step["kind"])
    reached = [step["epoch"] for step in steps if step["epoch"] is not None]
    if sorted(reached) != list(range(len(reached))) or [step["epoch"] for step in steps[:len(reached)]] != reached:
        yield "epochs are %s" % [step["epoch"] for step in steps]


def answer_at(document, slot, epoch):
    """The answer of SLOT in EPOCH, or None where it does not wait."""
    epochs = {step["number"]: step["epoch"] for step in document["steps"]}
    if slot["until"] is not None and epoch >= epochs[slot["until"]]:
        return None
    held = [answer for answer in slot["answers"] if epochs[answer["after"]] <= epoch]
    return held[-1] if held else None


def slot_problems(document):
    """The bindings of the steps and the slots say the same."""
    epochs = {step["number"]: step["epoch"] for step in document["steps"]}
    slots = {slot["slot"]: slot for slot in document.get("slots", [])}
    for slot in slots.values():
        times = [epochs[answer["after"]] for answer in slot["answers"]]
        told = [[answer.get(key) for key in ("to", "why", "outcome", "loads")] for answer in slot["answers"]]
        if sorted(set(times)) != times or any(one == two for one, two in zip(told, told[1:])):
            yield "not folded: %s" % slot
    left = set()
    for step in document["steps"]:
        for entry in step.get("bindings", []):
            if entry["when"] == "first-call":
                answer = answer_at(document, slots[entry["slot"]], step["epoch"])
                left.add(entry["slot"])
                if not answer or any(answer[key] != entry[key] for key in ("to", "why", "outcome")):
                    yield "%s, but the slot says %s" % (entry, answer)
            elif entry["when"] == "call" and step["state"] == "ok" and slots[entry["slot"]]["called"] != entry["step"]:
                yield "%s, but the slot says %s" % (entry, slots[entry["slot"]])
    if not any(document["filter"].values()):
        waiting = {slot["slot"] for slot in slots.values() if answer_at(document, slot, epochs[slot["step"]])}
        if list(slots) != list(range(len(slots))) or waiting != left:
            yield "these slots wait, and those are told of: %s, %s" % (waiting, left)


def references(value):
    """All ids of objects in a part of a document."""
    if isinstance(value, list):
        for item in value:
            yield from references(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key in REFERENCES and isinstance(item, int) and not (key == "from" and "lists" in value):
                yield item
            elif key in LISTS:
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
    if "slot" in types and {"object", "step", "binding"} & set(types[types.index("slot"):]):
        yield "a step comes behind the slots"
    if "objects" not in lines[0]["parts"]:
        return
    known = set()
    for line in lines:
        if line["type"] == "object":
            known.add(line["id"])
        elif not set(references(line)) <= known:
            yield "objects that come later are referred to: %s" % line


def document_of(lines, document):
    """The document that a stream amounts to; objects come and die in it as the document's do."""
    rest = [dict(line) for line in lines]  # nothing is changed but members of lines: to copy what is in them takes longest
    head, tail = rest[0], rest[-1]
    made = {**head, **tail, "schema": "bindsim-report-1", "steps": []}
    del made["type"], made["lines"]
    for part in ("objects", "findings", "suppressed"):
        if part in head["parts"]:
            made[part] = []
    if "dlopen-notes" in head["parts"]:
        made["dlopen_notes"] = []
    if {"bindings", "slots"} & set(head["parts"]):
        made["slots"] = []
    for line in rest[1:-1]:
        kind = line.pop("type")
        if kind == "step":
            made["steps"].append(line)
            if {"bindings", "slots"} & set(head["parts"]):
                line["bindings"] = []
        elif kind == "binding":
            made["steps"][-1]["bindings"].append(line)
        elif kind == "object" and line["id"] < len(made["objects"]):
            made["objects"][line["id"]] = line  # a call would have loaded it, and now it is loaded
        else:
            made[kind if kind == "suppressed" else kind.replace("-", "_") + "s"].append(line)
    for step in made["steps"]:
        for gone in step["unloaded"]:
            if "objects" in made:
                made["objects"][gone]["died"] = step["number"]
    return made
