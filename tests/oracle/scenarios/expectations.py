# SPDX-License-Identifier: MIT
"""What a scenario expects of a run, whether it is the real loader's or the simulator's.

Each expectation is parsed once and then asked for its complaints about a run; it sees nothing but the debug lines and
the outcomes, so that the same words are held against both loaders.
"""

import re
from dataclasses import dataclass

OUTCOMES = {"ok": "ok", "is not reached": "not reached", "crashes": "crashed"}
ALIASES = {"ld.so": "ld-linux-x86-64.so.2"}
ANYTHING = "..."
NOWHERE = ("undefined", "null", "own")  # where a slot may lead instead of to an object
_BINDING = re.compile(r"binding file (.*) \[(\d+)\] to (.*) \[(\d+)\]: "
                      r"(normal|protected) symbol `([^']*)'(?: \[(.*)\])?$")
_SLOT = re.compile(r"bindsim: slot (.*) \[(\d+)\] symbol `([^']*)'(?: \[(.*)\])?: (?:to (.*) \[(\d+)\]|(.*))$")
_SUBDIRECTORY = re.compile(r"(^|/)(glibc-hwcaps/[^/]+|tls|x86_64|haswell|xeon_phi|avx512_1)/")


class ExpectationError(Exception):
    """An `expect` statement that means nothing."""


@dataclass(frozen=True)
class Binding:
    """One `binding file` line, or one about a slot.  Objects have their namespace behind them: `A.so[0]`."""

    source: str
    target: str
    manner: str
    symbol: str
    version: str


def without_namespace(name):
    """`A.so` of `A.so[1]`."""
    return re.sub(r"\[\d+\]$", "", name)


def namespace_of(name):
    """`1` of `A.so[1]`; empty where none is named."""
    return name[len(without_namespace(name)):]


class Run:
    """A transcript, and the directory that `$DIR` stands for."""

    def __init__(self, transcript, directory, simulated):
        self.blocks = transcript.blocks
        self.messages = transcript.messages
        self.exit_status = transcript.exit_status
        self.directory = directory
        self.simulated = simulated

    def lines(self, step):
        """The lines of one step, or of all, without their prefix."""
        blocks = self.blocks if step is None else [block for block in self.blocks if block.step == step]
        return [line.partition("\t")[2] for block in blocks for line in block.lines]

    def bindings(self, step):
        found = [_BINDING.match(line) for line in self.lines(step)]
        return [Binding("%s[%s]" % m.group(1, 2), "%s[%s]" % m.group(3, 4), m[5], m[6], m[7] or "")
                for m in found if m]

    def slots(self, step):
        """The slots that wait at the end of a step; the target of one that leads nowhere says why."""
        found = [_SLOT.match(line) for line in self.lines(step)]
        return [Binding("%s[%s]" % m.group(1, 2), "%s[%s]" % m.group(5, 6) if m[5] else m[7], "", m[3], m[4] or "")
                for m in found if m]

    def last_step(self):
        """The step that was the last to be carried out."""
        return [block.step for block in self.blocks if block.outcome != "not reached"][-1]

    def outcome(self, step):
        return next((block.outcome for block in self.blocks if block.step == step), "no such step")

    def expand(self, text):
        return text.replace("$DIR", self.directory)

    def same(self, expected, actual):
        """A name with a slash means exactly that; one without means any object of that base name.

        Its namespace counts where one is expected.
        """
        if without_namespace(expected) != expected:
            if namespace_of(expected) != namespace_of(actual):
                return False
            expected = without_namespace(expected)
        actual = without_namespace(actual)
        expected = ALIASES.get(expected, expected)
        if "/" in expected:
            return self.expand(expected) == actual
        return actual.rpartition("/")[2] == expected

    def same_list(self, expected, actual, same=None):
        """Element by element; a final `...` stands for any further elements."""
        if expected and expected[-1] == ANYTHING:
            expected = expected[:-1]
            actual = actual[:len(expected)]
        return len(expected) == len(actual) and all(map(same or self.same, expected, actual))


class Expectation:
    """Common parts: the words, the step they are about (None: the whole run), the category of lines they need."""

    category = ""
    real_only = False

    def __init__(self, text, step, match):
        self.text = text
        self.step = step
        self.read(match)

    def read(self, match):
        """Takes what it needs from the statement."""

    def objects_named(self):
        """The objects that must be there for it to mean anything."""
        return []

    def wrong(self, run):
        """What is seen instead, or None when it is as expected."""
        raise NotImplementedError

    def complaints(self, run):
        """A list of one or no complaint about the run."""
        if self.real_only and run.simulated:
            return []
        seen = self.wrong(run)
        return [] if seen is None else ["expect %s\n    but: %s" % (self.text, seen)]


class Outcome(Expectation):
    """start ok | step 2 fails: TEXT | step 3 is not reached | start crashes"""

    def read(self, match):
        self.step = 0 if match[1] == "start" else int(match[2])
        self.word, self.message = match[3], match[4]

    @property
    def ends_process(self):
        return self.word == "crashes" or (self.step == 0 and self.word == "fails")

    def wrong(self, run):
        outcome = run.outcome(self.step)
        if self.word in OUTCOMES:
            return None if outcome == OUTCOMES[self.word] else outcome
        if self.message is None:
            return None if outcome == "failed:" or outcome.startswith("failed: ") else outcome
        wanted = "failed: " + run.expand(self.message)
        return None if _like(wanted.rstrip(), outcome) else outcome


class BindsTo(Expectation):
    """B.so: foo -> A.so | app: foo [V3] -> A.so | B.so: foo -> app, A.so (protected) | B.so: foo -> no line

    Several targets are those of successive lines; equal neighbours count once.
    """

    def read(self, match):
        self.source, self.symbol, self.version = match[1], match[2], match[3]
        self.targets = [] if match[4] == "no line" else match[4].split(", ")
        self.manner = match[5]

    def objects_named(self):
        return [self.source, *self.targets]

    def wrong(self, run):
        found = [b for b in run.bindings(self.step) if b.symbol == self.symbol and run.same(self.source, b.source)]
        targets = _without_repeats([b.target for b in found])
        if not run.same_list(self.targets, targets):
            return ", ".join(targets) or "no line"
        if self.version is not None and any(b.version != self.version for b in found):
            return "versions " + ", ".join("[%s]" % b.version for b in found)
        if self.manner and any(b.manner != self.manner for b in found):
            return ", ".join(b.manner for b in found)
        return None


class Binds(Expectation):
    """B.so binds foo, baz, foo: the symbols of all binding lines from B.so"""

    def read(self, match):
        self.source, self.symbols = match[1], match[2].split(", ")

    def objects_named(self):
        return [self.source]

    def wrong(self, run):
        symbols = [b.symbol for b in run.bindings(self.step) if run.same(self.source, b.source)]
        return None if symbols == self.symbols else ", ".join(symbols) or "no line"


class BindingOrder(Expectation):
    """binding order: c.so, b.so, app: the order in which these objects are relocated"""

    def read(self, match):
        self.objects = match[1].split(", ")

    def objects_named(self):
        return self.objects

    def wrong(self, run):
        sources = [b.source for b in run.bindings(self.step)]
        sources = _without_repeats([s for s in sources if any(run.same(o, s) for o in self.objects)])
        return None if run.same_list(self.objects, sources) else ", ".join(sources) or "no line"


class Scopes(Expectation):
    """scopes of B.so: [app A.so] [B.so D.so]: as last printed"""

    category = "scopes"

    def read(self, match):
        self.object = match[1]
        self.lists = [part.split() for part in re.findall(r"\[([^\]]*)\]", match[2])]

    def wrong(self, run):
        found, current = {}, None
        for line in run.lines(self.step):
            owner = re.match(r"object=(.*) \[(\d+)\]$", line)
            entry = re.match(r" scope (\d+): (.*)$", line)
            if owner:
                current = run.same(self.object, "%s[%s]" % owner.group(1, 2))
            elif entry and current:
                found[int(entry[1])] = entry[2].split()
        lists = [found[index] for index in sorted(found)]
        same = len(lists) == len(self.lists) and all(map(run.same_list, self.lists, lists))
        return None if same else " ".join("[%s]" % " ".join(names) for names in lists) or "no scopes"


class Global(Expectation):
    """global: R.so, a.so: what is added to the global scope, in this order"""

    category = "scopes"

    def read(self, match):
        self.objects = [] if match[1] == "nothing" else match[1].split(", ")

    def wrong(self, run):
        found = [re.match(r"add (.*) \[(\d+)\] to global scope$", line) for line in run.lines(self.step)]
        names = ["%s[%s]" % m.group(1, 2) for m in found if m]
        return None if run.same_list(self.objects, names) else ", ".join(names) or "nothing"


class Search(Expectation):
    """search for libq.so: d1/libq.so, d2/libq.so: files tried, those in subdirectories for CPU features left out

    `every try for` does not leave them out.
    """

    category = "libs"

    def read(self, match):
        self.all = match[1] == "every try"
        self.request = match[2]
        self.files = [] if match[3] == "nothing" else match[3].split(", ")

    def wrong(self, run):
        tried, inside = [], False
        for line in run.lines(self.step):
            find = re.match(r"find library=(.*) \[\d+\]; searching$", line)
            entry = re.match(r"  trying file=(.*)$", line)
            if find:
                inside = find[1] == self.request
            elif entry and inside and (self.all or not _SUBDIRECTORY.search(entry[1])):
                tried.append(entry[1])
        same = run.same_list(self.files, tried, lambda expected, actual: run.expand(expected) == actual)
        return None if same else ", ".join(tried) or "nothing"


class Slot(BindsTo):
    """slot B.so: foo -> A.so | slot B.so: foo [V] -> undefined (or null, own, no line)

    What a first call would bind to at the end of the step (the last one).
    """

    category = "slots"

    def objects_named(self):
        return [self.source, *(name for name in self.targets if name not in NOWHERE)]

    def wrong(self, run):
        step = self.step if self.step is not None else run.last_step()
        found = [slot for slot in run.slots(step) if slot.symbol == self.symbol and run.same(self.source, slot.source)
                 and self.version in (None, slot.version)]
        targets = [slot.target for slot in found]
        return None if run.same_list(self.targets, targets) else ", ".join(targets) or "no line"


class Address(Expectation):
    """address: A.so | address: nothing: the object that holds what dlsym found in the step (in all)"""

    category = "addresses"

    def read(self, match):
        self.objects = [] if match[1] == "nothing" else match[1].split(", ")

    def objects_named(self):
        return self.objects

    def wrong(self, run):
        found = [re.match(r"bindsim: address (.*) \[(\d+)\]\+0x[0-9a-f]+$", line) for line in run.lines(self.step)]
        names = ["%s[%s]" % m.group(1, 2) for m in found if m]
        return None if run.same_list(self.objects, names) else ", ".join(names) or "nothing"


class Mapped(Expectation):
    """mapped: app, A.so, libc.so.6, ld.so: the link-map list after the step (the last one)

    `mapped in 1: ...` is about one namespace only.
    """

    category = "mapped"

    def read(self, match):
        self.space = match[1]
        self.objects = [] if match[2] == "nothing" else match[2].split(", ")

    def wrong(self, run):
        step = self.step if self.step is not None else run.last_step()
        found = [re.match(r"bindsim: mapped (.*) \[(\d+)\]$", line) for line in run.lines(step)]
        names = ["%s[%s]" % m.group(1, 2) for m in found if m and self.space in (None, m[2])]
        return None if run.same_list(self.objects, names) else ", ".join(names) or "nothing"


class Line(Expectation):
    """line: TEXT | no line: TEXT; `*` stands for anything"""

    def read(self, match):
        self.wanted = match[1] == "line"
        self.pattern = match[2]

    def wrong(self, run):
        found = any(_like(run.expand(self.pattern), line.strip()) for line in run.lines(self.step))
        return None if found == self.wanted else "there is none" if self.wanted else "there is one"


class Stderr(Expectation):
    """stderr: TEXT: a line beside the debug lines, which only the real loader prints in these words"""

    real_only = True

    def read(self, match):
        self.pattern = match[1]

    def wrong(self, run):
        found = any(_like(run.expand(self.pattern), message) for message in run.messages)
        return None if found else "\n         ".join(run.messages) or "nothing on standard error"


class Exit(Expectation):
    """exit 127: the real process's own status"""

    real_only = True

    def read(self, match):
        self.status = int(match[1])

    def wrong(self, run):
        return None if run.exit_status == self.status else "exit status %d" % run.exit_status


def _like(pattern, text):
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text) is not None


def _without_repeats(items):
    return [item for i, item in enumerate(items) if i == 0 or items[i - 1] != item]


_FORMS = [
    (r"(?:(start)|step (\d+)) (ok|fails|crashes|is not reached)(?:: (.*))?", Outcome),
    (r"binding order: (.*)", BindingOrder),
    (r"scopes of (\S+): (.*)", Scopes),
    (r"global: (.*)", Global),
    (r"(search|every try) for (\S+): (.*)", Search),
    (r"mapped(?: in (\d+))?: (.*)", Mapped),
    (r"address: (.*)", Address),
    (r"slot (\S+): ([^\s\[]+)(?: \[(.*)\])? -> (.*?)(?: \((protected|normal)\))?", Slot),
    (r"(line|no line): (.*)", Line),
    (r"stderr: (.*)", Stderr),
    (r"exit (\d+)", Exit),
    (r"(\S+) binds (.*)", Binds),
    (r"(\S+): ([^\s\[]+)(?: \[(.*)\])? -> (.*?)(?: \((protected|normal)\))?", BindsTo),
]


def parse_expectation(text):
    """[in start: | in step N: ] FORM"""
    place = re.match(r"in (?:start|step (\d+)): ", text)
    step = int(place[1] or 0) if place else None
    rest = text[place.end():] if place else text
    for form, kind in _FORMS:
        match = re.fullmatch(form, rest)
        if match:
            return kind(text, step, match)
    raise ExpectationError("no such expectation: %s" % text)


def unexpected_outcomes(expectations, run):
    """Steps that nothing is expected of must succeed, unless the process was expected to end before them."""
    spoken_of = {e.step for e in expectations if isinstance(e, Outcome)}
    ends = [e.step for e in expectations if isinstance(e, Outcome) and e.ends_process]
    last = min(ends) if ends else run.blocks[-1].step
    return ["%s: %s" % ("start" if block.step == 0 else "step %d" % block.step, block.outcome)
            for block in run.blocks if block.step <= last and block.step not in spoken_of and block.outcome != "ok"]
