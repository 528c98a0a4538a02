# SPDX-License-Identifier: MIT
"""Reads .scn files.  README.md describes the language; this module is its only definition.

A scenario is a paragraph: one or more heading lines that begin with `#`, then statements.  An indented line continues
the statement above it.  A paragraph of headings only is a remark about the file.
"""

import re
import shlex
from dataclasses import dataclass, field

from scenarios.expectations import BindsTo, ExpectationError, parse_expectation, without_namespace

STRING_CLAUSES = ("needs", "auxiliary", "filter", "soname", "rpath", "runpath")
REFERENCE_CLAUSES = ("calls", "reads", "points-to", "copies", "takes", "reads-tls", "reads-tls-ie", "reads-tls-desc",
                     "reads-tls-local")
CLAUSES = STRING_CLAUSES + REFERENCE_CLAUSES + ("defines", "versions", "hash", "linked")
PLAIN_ADJECTIVES = ("weak", "unique", "protected", "hidden", "internal", "local", "data", "tls", "ifunc", "absolute",
                    "unexported")
VALUED_ADJECTIVES = ("type", "binding", "value", "size", "index")
DEFAULT_ENVIRONMENT = {"LD_LIBRARY_PATH": "."}
DEFAULT_PROGRAM = "app"
SYSTEM_OBJECTS = {"ld.so", "libc.so.6", "libm.so.6"}  # that a scenario may name without describing them


class ScenarioError(Exception):
    """A mistake in a scenario file, with the place where it stands."""


@dataclass(frozen=True)
class Symbol:
    """A name in a `defines` or reference clause, with what is said about it."""

    name: str
    version: str = ""
    default_version: bool = False
    adjectives: frozenset = frozenset()
    values: tuple = ()
    source: str = ""

    def value(self, key, default=None):
        return dict(self.values).get(key, default)


@dataclass
class ObjectSpec:
    """A shared object or executable to be linked; the clauses keep the order in which they were written."""

    path: str
    kind: str = "object"
    pie: bool = True
    with_libc: bool = False
    libc_said: bool = False
    strings: list = field(default_factory=list)
    defines: list = field(default_factory=list)
    references: list = field(default_factory=list)
    versions: list = field(default_factory=list)
    hash_style: str = "gnu"
    linked: list = field(default_factory=list)
    calls_loader: bool = False
    patches: list = field(default_factory=list)


@dataclass(frozen=True)
class FileSpec:
    """Something in the scenario's directory that is not linked: made in the order given, after all objects."""

    kind: str
    path: str
    content: str = ""


@dataclass
class Scenario:
    """One question to the loader, everything needed to put it, and the answers expected."""

    topic: str
    line: int
    title: str
    objects: list = field(default_factory=list)
    files: list = field(default_factory=list)
    environment: dict = field(default_factory=lambda: dict(DEFAULT_ENVIRONMENT))
    directory: str = "."
    lazy: bool = False
    steps: list = field(default_factory=list)
    callers: list = field(default_factory=list)
    loader_options: list = field(default_factory=list)
    since: tuple = (0,)
    until: tuple = (99, 0)
    categories: list = field(default_factory=lambda: ["bindings"])
    expectations: list = field(default_factory=list)

    @property
    def numbers(self):
        """The marks in brackets at the end of the heading: scenario and erratum numbers of the rules page."""
        found = re.search(r"\[([^\]]*)\]$", self.title)
        return found[1].split(", ") if found else []

    @property
    def place(self):
        return "%s.scn:%d" % (self.topic, self.line)

    @property
    def program(self):
        for spec in self.objects:
            if spec.kind == "executable":
                return spec
        return None

    def concerns(self, version):
        """Whether what it expects is true of that version of the loader."""
        return self.since <= version <= self.until

    def use_category(self, category):
        if category not in self.categories:
            self.categories.append(category)


def read_scenarios(path):
    """All scenarios of one file."""
    scenarios = []
    for number, headings, statements in _paragraphs(path.read_text()):
        if not statements:
            continue
        place = "%s:%d" % (path.name, number)
        if not headings:
            raise ScenarioError("%s: a scenario begins with its question: # ..." % place)
        scenario = Scenario(path.stem, number, " ".join(headings))
        for line, statement in statements:
            try:
                _read_statement(scenario, statement)
            except (ScenarioError, ExpectationError, ValueError) as error:
                raise ScenarioError("%s:%d: %s" % (path.name, line, error)) from error
        try:
            _finish(scenario)
        except ScenarioError as error:
            raise ScenarioError("%s: %s" % (place, error)) from error
        scenarios.append(scenario)
    return scenarios


def _paragraphs(text):
    """Yields (line number, headings, [(line number, statement)])."""
    start, headings, statements = 0, [], []
    for number, line in enumerate(text.split("\n") + [""], 1):
        if not line.strip():
            if headings or statements:
                yield start, headings, statements
            start, headings, statements = 0, [], []
            continue
        start = start or number
        if line.startswith("#"):
            if not statements:
                headings.append(line.lstrip("#").strip())
        elif line[0] in " \t" and statements:
            statements[-1] = (statements[-1][0], statements[-1][1] + " " + line.strip())
        else:
            statements.append((number, line.rstrip()))


def _read_statement(scenario, statement):
    word, _, rest = statement.partition(" ")
    reader = _READERS.get(word)
    if reader is None:
        raise ScenarioError("unknown statement %r" % word)
    reader(scenario, rest.strip())


def _read_object(scenario, rest):
    scenario.objects.append(_parse_object("object", rest))


def _read_executable(scenario, rest):
    if scenario.program:
        raise ScenarioError("a second executable")
    scenario.objects.append(_parse_object("executable", rest))


def _parse_object(kind, text):
    words = shlex.split(text)
    spec = ObjectSpec(words.pop(0), kind)
    while words and words[0] not in CLAUSES:
        word = words.pop(0)
        if word == "in":
            spec.path = "%s/%s" % (words.pop(0), spec.path)
        elif word == "non-pie" and kind == "executable":
            spec.pie = False
        elif word in ("with-libc", "without-libc") and kind == "executable":
            spec.with_libc = word == "with-libc"
            spec.libc_said = True
        else:
            raise ScenarioError("%r is neither a clause nor an attribute of an %s" % (word, kind))
    for clause, body in _clauses(words):
        _add_clause(spec, clause, body)
    return spec


def _clauses(words):
    """Yields (clause word, list of items, each a list of words); commas part the items."""
    clause, items = None, []
    for word in words:
        if word in CLAUSES:
            if clause:
                yield clause, items
            clause, items = word, [[]]
            continue
        more = word.endswith(",")
        items[-1].append(word[:-1] if more else word)
        if more:
            items.append([])
    if clause:
        yield clause, items


def _add_clause(spec, clause, items):
    if clause == "linked":
        spec.linked += [word for item in items for word in item]
    elif clause == "hash":
        spec.hash_style = _one_word(items[0])
    elif clause == "versions":
        spec.versions += [_one_word(item) for item in items]
    elif clause == "defines":
        spec.defines += [_parse_symbol(item) for item in items]
    elif clause in REFERENCE_CLAUSES:
        spec.references += [(clause, _parse_symbol(item)) for item in items]
    else:
        spec.strings += [(clause, _one_word(item)) for item in items]


def _one_word(item):
    if len(item) != 1:
        raise ScenarioError("one word expected instead of %r" % " ".join(item))
    return item[0]


def _parse_symbol(item):
    """[ADJECTIVE]... NAME[@VERSION|@@VERSION] [from FILE]"""
    words, adjectives, values, source = list(item), set(), [], ""
    while words and words[0] in PLAIN_ADJECTIVES + VALUED_ADJECTIVES:
        word = words.pop(0)
        if word in VALUED_ADJECTIVES:
            values.append((word, int(words.pop(0), 0)))
        else:
            adjectives.add(word)
    if len(words) == 3 and words[1] == "from":
        source = words[2]
        words = words[:1]
    name, at, version = _one_word(words).partition("@")
    default = version.startswith("@")
    if at and not version.lstrip("@"):
        raise ScenarioError("a version expected after %s" % words[0])
    return Symbol(name, version.lstrip("@"), default, frozenset(adjectives), tuple(values), source)


def _read_patch(scenario, rest):
    path, colon, action = rest.partition(": ")
    for spec in scenario.objects:
        if colon and spec.path == path:
            spec.patches.append(tuple(action.split()))
            return
    raise ScenarioError("patch OBJECT: ACTION, for an object named before")


def _read_file(kind):
    def read(scenario, rest):
        path, _, content = rest.partition(" ")
        scenario.files.append(FileSpec(kind, path, content.strip().removeprefix("-> ")))
    return read


def _read_environment(scenario, rest):
    if rest.startswith("no "):
        scenario.environment.pop(rest[3:], None)
        return
    name, equals, value = rest.partition("=")
    if not equals:
        raise ScenarioError("env NAME=VALUE, or env no NAME")
    scenario.environment[name] = value


def _read_directory(scenario, rest):
    scenario.directory = rest


def _read_start(scenario, rest):
    if rest != "lazy":
        raise ScenarioError("start lazy")
    scenario.lazy = True


def _read_step(word):
    def read(scenario, rest):
        scenario.steps.append(_step(scenario, "%s %s" % (word, rest)))
    return read


def _step(scenario, text):
    """A step in the driver's words."""
    word, _, rest = text.partition(" ")
    if word not in _STEPS:
        raise ScenarioError("no such step: %s" % text)
    return _STEPS[word](scenario, rest.strip())


def _dlopen(_, rest):
    """FILE FLAG...; a file of no name is written "" and no flags at all are the driver's default."""
    words = shlex.split(rest)
    return ":".join([words[0], ",".join(words[1:])]) if len(words) > 1 else words[0]


def _dlmopen(scenario, rest):
    """FILE FLAG... [in step N]"""
    beside = re.fullmatch(r"(.*) in step (\d+)", rest)
    if beside:
        return "lm:%s:%s" % (beside[2], _dlopen(scenario, beside[1]))
    return "newlm:" + _dlopen(scenario, rest)


def _dlsym(_, rest):
    """[DEFAULT|NEXT|step N] SYMBOL[@VERSION]"""
    match = re.fullmatch(r"(?:(DEFAULT|NEXT) |step (\d+) )?(\S+)", rest)
    if not match:
        raise ScenarioError("dlsym [DEFAULT|NEXT|step N] SYMBOL[@VERSION]")
    handle = match[1] or match[2]
    return "sym:%s:%s" % (handle, match[3]) if handle else "sym:" + match[3]


def _dlclose(_, rest):
    """step N"""
    match = re.fullmatch(r"step (\d+)", rest)
    if not match:
        raise ScenarioError("dlclose step N")
    return "close:" + match[1]


def _call(_, rest):
    """OBJECT SYMBOL[@VERSION]"""
    owner, symbol = rest.split()
    return "call:%s:%s" % (owner, symbol)


def _by(scenario, rest):
    """OBJECT: STEP"""
    owner, colon, step = rest.partition(": ")
    if not colon:
        raise ScenarioError("by OBJECT: STEP")
    scenario.callers.append(owner)
    return "by:%s:%s" % (owner, _step(scenario, step))


_STEPS = {"dlopen": _dlopen, "dlmopen": _dlmopen, "dlsym": _dlsym, "dlclose": _dlclose, "call": _call, "by": _by}


def _read_constructor(scenario, rest):
    """of OBJECT: STEP.  Those that follow one another directly belong to one run of the constructors."""
    match = re.fullmatch(r"of (\S+): (.*)", rest)
    if not match:
        raise ScenarioError("constructor of OBJECT: STEP")
    scenario.callers.append(match[1])
    step = _step(scenario, match[2])
    if scenario.steps and scenario.steps[-1] == "end-init":
        first = max(i for i, word in enumerate(scenario.steps) if word.startswith("init:"))
        if scenario.steps[first] == "init:" + match[1]:
            scenario.steps.insert(-1, step)
            return
    scenario.steps += ["init:" + match[1], step, "end-init"]


def _read_loader(scenario, rest):
    scenario.loader_options += shlex.split(rest)


def _read_version(scenario, rest):
    which, version = rest.split()
    if which not in ("since", "until"):
        raise ScenarioError("glibc since VERSION, or glibc until VERSION, or the same with musl")
    setattr(scenario, which, tuple(map(int, version.split("."))))


def _read_compare(scenario, rest):
    for category in rest.split(", "):
        scenario.use_category(category)


def _read_expect(scenario, rest):
    expectation = parse_expectation(rest)
    if expectation.category:
        scenario.use_category(expectation.category)
    scenario.expectations.append(expectation)


_READERS = {
    "object": _read_object, "executable": _read_executable, "patch": _read_patch, "env": _read_environment,
    "cwd": _read_directory, "start": _read_start, "constructor": _read_constructor, "loader": _read_loader,
    "glibc": _read_version, "musl": _read_version, "compare": _read_compare, "expect": _read_expect,
    **{word: _read_step(word) for word in _STEPS},
    **{kind: _read_file(kind) for kind in ("file", "directory", "symlink", "hardlink", "copy")},
}


def _finish(scenario):
    """A plan needs the driver as its program; where none is described, it is the driver alone."""
    if scenario.program is None:
        scenario.objects.append(ObjectSpec(DEFAULT_PROGRAM, "executable"))
        scenario.program.with_libc = True
    if scenario.steps or "mapped" in scenario.categories:
        scenario.program.with_libc = True
    for spec in scenario.objects:
        spec.calls_loader = spec.kind == "object" and any(_names(name, spec.path) for name in scenario.callers)
    _check_names(scenario)


def _names(name, path):
    """Whether a step's OBJECT, or an expectation's, can be that file."""
    return without_namespace(name).rpartition("/")[2] == path.rpartition("/")[2]


def _check_names(scenario):
    """An expectation about an object or a reference that does not exist could never fail."""
    paths = [spec.path for spec in scenario.objects] + [file.path for file in scenario.files]
    known = {path.rpartition("/")[2] for path in paths} | SYSTEM_OBJECTS
    for name in scenario.callers:
        if without_namespace(name).rpartition("/")[2] not in known:
            raise ScenarioError("no object %r is described that could make calls" % name)
    for expectation in scenario.expectations:
        for name in expectation.objects_named():
            if without_namespace(name).rpartition("/")[2] not in known:
                raise ScenarioError("no object %r is described: %s" % (name, expectation.text))
        if type(expectation) is BindsTo and not expectation.targets:
            _check_reference(scenario, expectation)


def _check_reference(scenario, expectation):
    source = without_namespace(expectation.source).rpartition("/")[2]
    specs = [spec for spec in scenario.objects if spec.path.rpartition("/")[2] == source]
    names = {symbol.name for spec in specs for _, symbol in spec.references}
    if specs and not specs[0].with_libc and expectation.symbol not in names:
        raise ScenarioError("%s has no such reference: %s" % (source, expectation.text))
