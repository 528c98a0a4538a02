# SPDX-License-Identifier: MIT
"""The lines of ld-debug against a document: what the loader does, and what bindsim tells beside."""

import re

MARKER = "\ufffd"
PARTS = "bindings,mapped,addresses,slots"
STEP_LINE = re.compile(r"bindsim: step (\d+): ")
BINDING_LINE = re.compile(r"binding file (.*) \[(\d+)\] to (.*) \[(\d+)\]: (normal|protected) symbol "
                          r"`(.*?)'(?: \[(.*)\])?$")
OWN_LINE = re.compile(r"bindsim: (mapped|address|slot) (.*)$")
MADE = ("load", "call", "dlsym")


def unmarked(text):
    """The bytes that a string of a report stands for, as Python spells file names."""
    if not text.startswith(MARKER):
        return text
    raw = re.sub(rb"\\(\\|x([0-9a-f]{2}))", lambda m: bytes.fromhex(m[2].decode()) if m[2] else b"\\",
                 text[1:].encode())
    return raw.decode("utf-8", "surrogateescape")


def problems(output, document):
    """The bindings, and what each step leaves behind, are the same in both."""
    told = read(output)
    if told is None:
        return
    named = Names(document)
    ended = {step["number"] for step in document["steps"] if step["ends_process"]}
    for lost in sorted(told["binding"] - bindings_of(document, named), key=str)[:3]:
        yield "ld-debug only: %s" % (lost,)
    for extra in sorted(bindings_of(document, named) - told["binding"], key=str)[:3]:
        yield "json only: %s" % (extra,)
    for kind, lines_of in (("mapped", mapped_of), ("address", address_of), ("slot", slots_of)):
        if kind == "mapped" and kind not in document["parts"]:
            continue
        for step in document["steps"]:
            # Behind its failure a start-up is gone through for the report's sake; nobody can call any more.
            if step["number"] in ended and kind != "address":
                continue
            debug, json = told[kind].get(step["number"], []), lines_of(document, step, named)
            if debug != json:
                yield "%s after step %d: ld-debug %s, json %s" % (kind, step["number"], debug, json)


def read(output):
    """Of each kind of line what it says, by steps; None when a name breaks lines."""
    found = {"binding": set(), "mapped": {}, "address": {}, "slot": {}}
    step = None
    for line in output.decode("utf-8", "surrogateescape").removesuffix("\n").split("\n"):
        if not line.startswith("         0:\t"):
            return None
        text = line[12:]
        if match := STEP_LINE.match(text):
            step = int(match[1])
        elif match := BINDING_LINE.match(text):
            # (step, from, its namespace, to, its namespace, symbol, version, protected)
            found["binding"].add((step, match[1], int(match[2]), match[3], int(match[4]), match[6], match[7],
                                  match[5] == "protected"))
        elif match := OWN_LINE.match(text):
            found[match[1]].setdefault(step, []).append(match[2])
    return found


class Names:
    """The objects of a document as the loader's lines name them."""

    def __init__(self, document):
        self.pairs = [(unmarked(entry["name"]), entry["namespace"]) for entry in document["objects"]]

    def __getitem__(self, number):
        return "%s [%d]" % self.pairs[number]


def bindings_of(document, named):
    return {(entry["step"], *named.pairs[entry["from"]], *named.pairs[entry["to"]], unmarked(entry["symbol"]),
             entry["version"] and unmarked(entry["version"]), entry.get("protected", False))
            for step in document["steps"] for entry in step["bindings"]
            if entry["when"] in MADE and entry["outcome"] == "bound" and entry["why"] != "local"}


def mapped_of(document, step, named):
    del document
    return [named[number] for number in step["mapped"]]


def address_of(document, step, named):
    del document
    found = step.get("found", {"offset": None})
    return [] if found["offset"] is None else ["%s+0x%x" % (named[found["object"]], found["offset"])]


def slots_of(document, step, named):
    """The slots that wait after STEP with their answers; nobody comes to a step without an end."""
    if step["epoch"] is None:
        return []
    epochs = {other["number"]: other["epoch"] for other in document["steps"]}
    lines = []
    for slot in document["slots"]:
        answers = [answer for answer in slot["answers"] if epochs[answer["after"]] <= step["epoch"]]
        if not answers or (slot["until"] is not None and epochs[slot["until"]] <= step["epoch"]):
            continue
        version = " [%s]" % unmarked(slot["version"]) if slot["version"] else ""
        lines.append("%s symbol `%s'%s: %s" % (named[slot["from"]], unmarked(slot["symbol"]), version,
                                               words_of(answers[-1], named)))
    return lines


def words_of(answer, named):
    if answer["why"] == "local":
        return "own"
    if answer["to"] is not None:
        return "to " + named[answer["to"]]
    return "null" if answer["outcome"] == "weak-unresolved" else "undefined"
