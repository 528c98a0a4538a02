# SPDX-License-Identifier: MIT
"""What the project says of itself, read once from the files that say it."""

from __future__ import annotations

import functools
import os
import re
import subprocess
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
BINDSIM = os.path.abspath(os.environ.get("BINDSIM", ROOT / "build/src/cli/bindsim"))
COMPLETIONS = {"bash": ROOT / "completions/bash/bindsim", "zsh": ROOT / "completions/zsh/_bindsim",
               "fish": ROOT / "completions/fish/bindsim.fish"}
MAN_PAGES = sorted((ROOT / "man").glob("*.[1-9]"))


class Option(NamedTuple):
    """A row of src/cli/options.def."""

    name: str
    letter: str
    argument: str | None
    help: str
    may_have: bool = False  # the argument can be left out

    def spellings(self) -> set[str]:
        """As on a command line, without a value."""
        return {f"--{self.name}"} | ({f"-{self.letter}"} if self.letter else set())


ROW = re.compile(r'^(OPTION|MAY_HAVE)\(\w+, "([\w-]+)", (?:0|\'(\w)\'), (?:NULL|"([^"]*)"),\s*"([^"]*)"\)', re.MULTILINE)


@functools.cache
def options() -> list[Option]:
    """All options."""
    text = (ROOT / "src/cli/options.def").read_text()
    rows = [Option(name, letter, argument or None, words, macro == "MAY_HAVE")
            for macro, name, letter, argument, words in ROW.findall(text)]
    if len(rows) != text.count("\nOPTION(") + text.count("\nMAY_HAVE("):
        raise AssertionError("a row of options.def is not understood")
    return rows


@functools.cache
def owners() -> dict[str, str]:
    """For each option the command that alone has it, or "none"."""
    owner, found = "none", {}
    for line in (ROOT / "src/cli/options.def").read_text().splitlines():
        if group := re.match(r'GROUP\("[^"]*", (\w+)\)', line):
            owner = group[1].lower()
        elif row := re.match(r'(?:OPTION|MAY_HAVE)\(\w+, "([\w-]+)"', line):
            found[row[1]] = owner
    return found


@functools.cache
def shared() -> dict[str, set[str]]:
    """Options that some commands alone take, with these."""
    text = (ROOT / "src/cli/takes.def").read_text()
    return {name: set(those.split()) for names, those in re.findall(r'^SHARED\("([^"]*)", "([^"]*)"\)$', text, re.MULTILINE)
            for name in names.split()}


@functools.cache
def options_of(command: str) -> list[Option]:
    """The options that a command takes, "none": no command."""
    text = (ROOT / "src/cli/takes.def").read_text()
    rows = {name.lower(): (which, set(names.split())) for name, which, names in
            re.findall(r'^TAKES\((\w+), (\w+), "([^"]*)",\s+"[^"]*"\)$', text, re.MULTILINE)}
    of_some = shared()
    if set(rows) != commands() | {"none"}:
        raise AssertionError("takes.def has a row for each command")
    which, names = rows[command]
    owner = owners()
    unknown = (names | set(of_some)) - {name for name, whose in owner.items() if whose == "none"}
    if unknown:
        raise AssertionError(f"takes.def has no business with {unknown}")

    def takes(name: str) -> bool:
        if name in ("help", "version"):
            return True
        if owner[name] != "none":
            return owner[name] == command
        return command in of_some[name] if name in of_some else (name in names) == (which == "ONLY")
    return [option for option in options() if takes(option.name)]


def modes() -> dict[str, set[str]]:
    """Ways of commands, each with the options that it takes of those of its command."""
    names = {option.name for option in options()}
    return {mode: names & set(words.split()) if which == "ONLY" else names - set(words.split()) for mode, which, words in
            re.findall(r'^MODE\((\w+), (\w+), "([^"]*)"\)$', (ROOT / "src/cli/takes.def").read_text(), re.MULTILINE)}


def spellings() -> set[str]:
    """All options, long and short."""
    return set().union(*(option.spellings() for option in options()))


@functools.cache
def formats() -> dict[str, list[str]]:
    """The formats with their parts, as the tool itself names them when it does not know one."""
    names = run("--format=?", "x").stderr.partition("there are ")[2].split()
    parts_of = {name: run(f"--format={name}", "--show=?", "x").stderr.partition(f"format {name} has ")[2].split()
                for name in names}
    if not parts_of["sqlite"]:  # built without it: the tool names them elsewhere
        parts_of["sqlite"] = re.search(r"^  sqlite +(\w.*(?:\n {4,}.*)*)", run("help", "options").stdout, re.MULTILINE)[1].replace(",", "").split()
    return {name: [] if words == ["none"] else words for name, words in parts_of.items()}


def parts(*names: str) -> set[str]:
    """The parts of these formats together."""
    known = formats()
    return set().union(*(known[name] for name in names))


class Rule(NamedTuple):
    """A row of src/check/rules.def."""

    slug: str
    summary: str
    levels: list[str]
    help: str = ""


def words_of_other_commands() -> list[tuple[str, str]]:
    """The rules of log, the causes of verify and of diff, each with what it means."""
    found = []
    for name in ("log/rules", "study/verify-causes", "study/causes"):
        text = (ROOT / f"src/{name}.def").read_text()
        rows = re.findall(r'^(?:RULE|CAUSE)\(\w+, "([\w-]+)",\s+"([^"]+)"', text, re.MULTILINE)
        if len(rows) != len(re.findall(r"^(?:RULE|CAUSE)\(", text, re.MULTILINE)):
            raise AssertionError(f"a row of {name}.def is not understood")
        found += rows
    return found


def causes() -> set[str]:
    """Those of them that are no rules of the findings."""
    return {slug for slug, _ in words_of_other_commands()} - {rule.slug for rule in rules()}


@functools.cache
def rules() -> list[Rule]:
    """All rules of the findings. Their help has a line for each level that they give."""
    text = (ROOT / "src/check/rules.def").read_text()
    rows = re.findall(r'^RULE\(\w+, "([\w-]+)",\s*(?:NULL|"[^"]*"),\s*"([^"]*)",(.*?)"\)$', text, re.MULTILINE | re.DOTALL)
    if len(rows) != text.count("\nRULE("):
        raise AssertionError("a row of rules.def is not understood")
    return [Rule(slug, summary, re.findall(r'^ *"(error|warning|note) {2,}', words, re.MULTILINE), unquoted(words + '"'))
            for slug, summary, words in rows]


def unquoted(literals: str) -> str:
    """What string literals of C, one behind the other, stand for."""
    whole = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', literals))
    return whole.replace("\\n", "\n").replace('\\"', '"').replace("\\\\", "\\")


def remedies() -> dict[str, str]:
    """What advise tries, with the words for it."""
    text = (ROOT / "src/study/remedies.def").read_text()
    rows = re.findall(r'^REMEDY\(\w+, "([\w-]+)", \w+, "([^"]*)"\)$', text, re.MULTILINE)
    if len(rows) != text.count("\nREMEDY("):
        raise AssertionError("a row of remedies.def is not understood")
    return dict(rows)


@functools.cache
def levels() -> set[str]:
    """What --fail-on takes, as the tool itself names it."""
    words = run("--fail-on=?", "x").stderr.partition("'?': ")[2].partition(" is wanted")[0]
    return set(re.findall(r"\w+", words)) - {"or"}


@functools.cache
def commands() -> set[str]:
    """The words that are no program but a command."""
    return set(re.findall(r'^COMMAND\(\w+, "(\w+)"', (ROOT / "src/cli/commands.def").read_text(), re.MULTILINE))


@functools.cache
def flags() -> set[str]:
    """The names of dlopen flags."""
    table = (ROOT / "src/profile/modes.c").read_text().partition("bs_mode_names[] = {")[2].partition("};")[0]
    return set(re.findall(r'"([A-Z]+)"', table))


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the tool."""
    return subprocess.run([BINDSIM, *arguments], text=True, capture_output=True, check=False, stdin=subprocess.DEVNULL)


def without_comments(path: Path) -> str:
    """A shell file without lines that are comments."""
    return "\n".join(line for line in path.read_text().splitlines() if not line.lstrip().startswith("#"))
