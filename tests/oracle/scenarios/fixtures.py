# SPDX-License-Identifier: MIT
"""Builds the files of a scenario: assembles, links and edits its objects and puts everything in one directory.

Dynamic string tags (NEEDED, RPATH, ...) are written by the editor, not by the linker, so that they come in the order
the scenario gives and need no files at link time.  The linker is only made to put the strings into .dynstr: by
`-f STRING` for shared objects, by the sonames of stub libraries for executables.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import threading
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))
import made  # noqa: E402
from loader import AGENT_COMPILING, AGENT_OPTIONS, DRIVER_OPTIONS, DRIVER_SOURCES, link_arguments  # noqa: E402
from scenarios import elfpatch  # noqa: E402
from scenarios.assembly import assemble_object, assemble_stub, version_script  # noqa: E402

UNNAMED_STUB = "nowhere.so"  # holds what an executable references without saying from where; never needed at run time


class BuildError(Exception):
    """A fixture that gcc or the editor refused to make."""


@dataclass(frozen=True)
class Recipe:
    """All that determines a linked file's bytes, so that equal fixtures are built once."""

    source: str
    arguments: tuple
    stubs: tuple = ()
    versions: str = ""
    strings: tuple = ()
    dropped: tuple = ()
    edits: tuple = ()

    def key(self):
        return hashlib.sha256(repr(self).encode()).hexdigest()[:24]


class Workshop:
    """Builds recipes into a cache directory; safe to use from several threads."""

    def __init__(self, directory, driver_source):
        """What objects need that make calls lies beside the driver."""
        self.cache = directory
        self.sources = {DRIVER: driver_source, AGENT: driver_source.with_name("agent.c")}
        self._guard = threading.Lock()
        self._locks = {}

    def build(self, recipe):
        target = os.path.join(self.cache, recipe.key())
        with self._lock_of(target):
            if not os.path.exists(target):
                unfinished = target + ".unfinished"
                made.once(self._ingredients(recipe), unfinished, lambda: self._make(recipe, unfinished))
                os.replace(unfinished, target)
        return target

    def makers(self):
        """The files that say how recipes become files."""
        return [__file__, elfpatch.__file__]

    @cached_property
    def _made_by(self):
        return [type(self).__qualname__, *COMMON_ARGUMENTS, *made.files(*self.makers())]

    def _ingredients(self, recipe):
        """What made.py wants to know."""
        parts = set(self.sources).intersection(recipe.arguments)
        yield from self._made_by
        yield repr(recipe)
        yield from made.files(*(self.compiled(name) for name in sorted(parts)))
        if parts:
            yield from made.files(*filter(os.path.exists, link_arguments()))

    def _make(self, recipe, target):
        self._link(recipe, target)
        self._edit(recipe, target)

    def _lock_of(self, target):
        with self._guard:
            return self._locks.setdefault(target, threading.Lock())

    def _link(self, recipe, target):
        command = ["gcc", "-o", target, *COMMON_ARGUMENTS, *recipe.arguments]
        if recipe.versions:
            with open(target + ".map", "w", encoding="ascii") as script:
                script.write(recipe.versions)
            command.append("-Wl,--version-script=" + target + ".map")
        libraries = link_arguments() if set(self.sources).intersection(command) else []
        for name in set(self.sources).intersection(command):
            command[command.index(name)] = self.compiled(name)
        stubs = [self.build(stub) for stub in recipe.stubs]
        _run([*command, "-x", "assembler", "-", "-x", "none", *stubs, *libraries], recipe.source)

    def _edit(self, recipe, target):
        if not (recipe.strings or recipe.dropped or recipe.edits):
            return
        with open(target, "rb") as file:
            image = elfpatch.Image(file.read())
        try:
            if recipe.strings or recipe.dropped:
                image.arrange_strings(recipe.strings, recipe.dropped)
            for edit in recipe.edits:
                apply_edit(image, edit)
        except (elfpatch.PatchError, KeyError, ValueError, IndexError) as error:
            raise BuildError("cannot edit as told: %r" % error) from error
        with open(target, "wb") as file:
            file.write(image.data)

    def compiled(self, name):
        target = os.path.join(self.cache, name + ".o")
        with self._lock_of(target):
            if not os.path.exists(target):
                unfinished = target + ".unfinished"
                options = AGENT_COMPILING if name == AGENT else ("-O1", "-fno-optimize-sibling-calls")
                made.compile_once(["gcc", *options, "-c", self.sources[name]], unfinished, DRIVER_SOURCES)
                os.replace(unfinished, target)
        return target

    def furnish(self, scenario, directory):
        """Builds the scenario's objects and files below `directory`."""
        for spec in scenario.objects:
            target = os.path.join(directory, spec.path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy(self.build(recipe_for(spec, directory)), target)
        for file in scenario.files:
            _make_file(file, os.path.join(directory, file.path), directory)


DRIVER, AGENT = "DRIVER", "AGENT"  # stand in a recipe for the compiled driver.c and agent.c
COMMON_ARGUMENTS = ["-Wl,--build-id=none", "-Wl,--no-as-needed", "-Wl,-z,lazy", "-Wl,--allow-shlib-undefined"]


def _run(command, text=""):
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BuildError("%s\n%s" % (" ".join(command), done.stderr.strip()))


def recipe_for(spec, directory):
    """How the object described is made; `$DIR` in its strings is the scenario's directory."""
    executable = spec.kind == "executable"
    strings = tuple(("needed" if clause == "needs" else clause, string.replace("$DIR", directory))
                    for clause, string in spec.strings)
    defined = [symbol.version for symbol in spec.defines if symbol.version]
    arguments = ["-Wl,--hash-style=" + ("both" if spec.hash_style == "none" else spec.hash_style)]
    arguments += _linker_options([word.replace("$DIR", directory) for word in spec.linked])
    if executable:
        stubs, dropped = _executable_stubs(spec, strings)
        arguments += ["-pie" if spec.pie else "-no-pie"]
        arguments += [DRIVER, *DRIVER_OPTIONS] if spec.with_libc else ["-nostdlib"]
        arguments += ["-Wl,--export-dynamic-symbol=" + symbol.name for symbol in spec.defines]
    else:
        stubs = _sourced_stubs(spec)
        dropped = tuple(string for _, string in strings) + tuple(symbol.source for _, symbol in spec.references)
        arguments += ["-shared", "-nostdlib"] + _auxiliary_options(strings)
        arguments += [AGENT, "-Wl," + ",".join(AGENT_OPTIONS)] if spec.calls_loader else []
    return Recipe(assemble_object(spec, starts=executable and not spec.with_libc), tuple(arguments), stubs,
                  version_script(list(spec.versions) + defined), strings, dropped, tuple(_edits(spec)))


def _linker_options(words):
    """-z now, -Bsymbolic, ... as the linker knows them."""
    return ["-Wl," + ",".join(words)] if words else []


def _auxiliary_options(strings):
    return [word for _, string in strings if string for word in ("-Xlinker", "-f", "-Xlinker", string)]


def _stub(soname, references):
    versions = version_script([symbol.version for _, symbol in references if symbol.version])
    return Recipe(assemble_stub(references), ("-shared", "-nostdlib", "-Wl,-soname," + soname), versions=versions)


def _sourced_stubs(spec):
    """Stubs for the libraries that references name as their source: these alone give a needed version."""
    sources = dict.fromkeys(symbol.source for _, symbol in spec.references if symbol.source)
    return tuple(_stub(source, [(kind, symbol) for kind, symbol in spec.references if symbol.source == source])
                 for source in sources)


def _executable_stubs(spec, strings):
    """An executable's undefined symbols must all be defined somewhere, and its strings come from sonames."""
    own = {symbol.name for symbol in spec.defines}
    sources = {symbol.source for _, symbol in spec.references if symbol.source}
    names = [string for _, string in strings if string and string not in sources]
    free = [(kind, symbol) for kind, symbol in spec.references if not symbol.source and symbol.name not in own]
    stubs = _sourced_stubs(spec) + tuple(_stub(name, []) for name in dict.fromkeys(names))
    stubs += (_stub(UNNAMED_STUB, free),)
    return stubs, tuple(sources) + tuple(names) + (UNNAMED_STUB,)


def _edits(spec):
    """The edits that adjectives ask for, then those of `patch` statements."""
    if spec.hash_style == "none":
        yield ("remove", "hash")
        yield ("remove", "gnu_hash")
    symbols = [(symbol, True) for symbol in spec.defines] + [(symbol, False) for _, symbol in spec.references]
    for symbol, defined in symbols:
        for visibility in ("protected", "hidden", "internal"):
            if visibility in symbol.adjectives:
                yield ("symbol", symbol.name, "visibility", visibility)
        if "unique" in symbol.adjectives and symbol.version:  # the assembler loses the binding under .symver
            yield ("symbol", symbol.name, "binding", "unique")
        if "local" in symbol.adjectives:
            yield ("symbol", symbol.name, "binding", "local")
        for field in ("type", "binding"):
            if symbol.value(field) is not None:
                yield ("symbol", symbol.name, field, str(symbol.value(field)))
        if defined and symbol.value("value") is not None and "absolute" not in symbol.adjectives:
            yield ("symbol", symbol.name, "value", str(symbol.value("value")))
        if defined and symbol.value("index") is not None:
            yield ("version-index", symbol.name, str(symbol.value("index")))
    yield from spec.patches


def apply_edit(image, edit):
    """Carries out one `patch` action, given as its words."""
    action, words = edit[0], edit[1:]
    _EDITS[action](image, *words)


def _edit_symbol(image, name, field, value):
    names = {"binding": elfpatch.BINDINGS, "visibility": elfpatch.VISIBILITIES, "type": elfpatch.TYPES,
             "section": {"undefined": elfpatch.SHN_UNDEF, "absolute": elfpatch.SHN_ABS}}.get(field, {})
    image.set_symbol(name, **{field: names[value] if value in names else int(value, 0)})


def _edit_truncate(image, size):
    del image.data[int(size, 0):]


def _edit_empty(image, what):
    {"bloom": image.empty_bloom_filter, "buckets": image.empty_hash_buckets}[what]()


SEGMENT_KINDS = {"load": elfpatch.PT_LOAD, "dynamic": elfpatch.PT_DYNAMIC, "note": elfpatch.PT_NOTE}
_EDITS = {
    "symbol": _edit_symbol,
    "truncate": _edit_truncate,
    "empty": _edit_empty,
    "bloom": lambda image, field, value: image.set_bloom_shift(int(value, 0)),
    "remove": lambda image, tag: image.remove_tag(tag),
    "add": lambda image, tag, value: image.add_tag(tag, int(value, 0)),
    "value": lambda image, tag, value: image.set_value(tag, int(value, 0)),
    "set": lambda image, tag, bits: image.add_flags(tag, int(bits, 0)),
    "clear": lambda image, tag, bits: image.clear_flags(tag, int(bits, 0)),
    "header": lambda image, field, value: image.set_header(field, int(value, 0)),
    "segment": lambda image, kind, number, field, value:
        image.set_segment(SEGMENT_KINDS[kind], int(number), field, int(value, 0)),
    "relocation": lambda image, name, kind: image.set_relocation_type(name, int(kind, 0)),
    "join": lambda image, what: image.join_relocations(),
    "version-index": lambda image, name, index: image.set_version_index(name, int(index, 0)),
    "weaken": lambda image, version: image.weaken_version_need(version),
}


def _make_file(file, target, directory):
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if file.kind == "file":
        with open(target, "w", encoding="utf-8") as out:
            out.write("" if file.content == "empty" else file.content.replace("$DIR", directory))
    elif file.kind == "directory":
        os.makedirs(target, exist_ok=True)
    elif file.kind == "symlink":
        os.symlink(file.content, target)
    elif file.kind == "hardlink":
        os.link(os.path.join(directory, file.content), target)
    else:
        shutil.copy(os.path.join(directory, file.content), target)
