#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""docs/rules has a page for each rule of the findings, and bindsim-findings(7) a section: they say what rules.def says,
and the examples do what the pages tell.

    test_rules.py --update    writes both anew, to be read as a diff
"""

import os
import re
import shutil
import sys
import textwrap
import unittest

import pages
import project
import transcripts

UPDATE = "--update" in sys.argv
RULES = project.ROOT / "docs/rules"
MAN = project.ROOT / "man/bindsim-findings.7"
IN_MAN = ('.\\" {}: begin\n', '.\\" {}: end\n')
OF_POLICY = {"required-binding", "required-isolation", "required-export", "required-bind-now", "forbidden-duplicate",
             "unused-suppression", "expired-suppression"}
ELSEWHERE = {"order-dependent": "order", "slot-patched": "--pid and --core"}


def sections(rule):
    """The help of a rule: paragraphs, and the levels as a list of pairs."""
    for paragraph in rule.help.split("\n\n"):
        if re.match(r"(error|warning|note) {2,}", paragraph):
            yield [(level, " ".join(words.split())) for level, words in
                   re.findall(r"^(error|warning|note) {2,}(.*(?:\n {4,}.*)*)", paragraph, re.MULTILINE)]
        else:
            yield " ".join(paragraph.split())


def markdown(rule):
    """What stands at the top of its page."""
    text = f"{rule.summary[0].upper()}{rule.summary[1:]}.\n\n"
    for part in sections(rule):
        if isinstance(part, list):
            text += "| level | when |\n| --- | --- |\n" + "".join(f"| {level} | {words} |\n" for level, words in part) + "\n"
        else:
            head, colon, rest = part.partition(": ")
            rest = re.sub(r"(?<![\w`])(-(?:W|f|D|z )[\w,=/.-]*\w|--[\w-]+(?:=\w+)?|RTLD_\w+|LD_\w+(?:=\d)?)", r"`\1`", rest if colon else part)
            text += f"**{head}:** {rest}\n\n" if colon and head in ("Not reported", "What helps", "One level less") else (f"{head}: " if colon else "") + rest + "\n\n"
    return "\n".join(line if line.startswith("|") else textwrap.fill(line, 118, break_long_words=False, break_on_hyphens=False)
                     for line in text.split("\n"))


def silence(rule):
    """What stands at its end."""
    if rule.slug in ("unused-suppression", "expired-suppression"):
        return "It is silenced by what helps: it is about the policy itself.\n\n" + links(rule)
    if rule.slug == "order-dependent":
        return "Policies are of `bindsim check`; `bindsim order --fail-on` says from which level on it counts.\n\n" + links(rule)
    section = f"[suppress]\nrule = {rule.slug}\nfrom = plugin.so\nreason = why it may stay\n"
    return ("A section of the policy, for these objects alone:\n\n"
            f"```ini\n{section}```\n\n"
            "`bindsim check --gen-suppressions` writes such sections, and `--write-baseline` keeps what is there today out of the\n"
            f"verdict. A section `[level {rule.slug}]` with `level = none` turns the rule off.\n\n") + links(rule)


def links(rule):
    """Where more is told."""
    return (f"`bindsim explain --rule {rule.slug}` and bindsim-findings(7) tell the same;\n"
            "bindsim-policy(5) tells of policies. [All rules](README.md)\n")


def example(rule, text):
    """What the page's example asks, with the finding that it gets, for the manual page."""
    for block in pages.BLOCK.finditer(text.partition("\n## Mended\n")[0]):
        if block[1] or not block[3].startswith(transcripts.PROMPT):
            continue
        for command in transcripts.parse(block[3]):
            lines = "\n".join(command.output).split(f": {rule.slug}: ")
            if len(lines) < 2:
                continue
            begin = next(i for i, line in enumerate(command.output) if f": {rule.slug}: " in line)
            found = command.output[begin:]
            found = found[:next((i for i, line in enumerate(found) if not line.strip() or i and re.match(r"\w+: [a-z-]+: ", line)), len(found))]
            return [f"$ {command.text}", *found[:8]]
    return []


def escaped(words):
    """A paragraph of mdoc."""
    words = words.replace("\\", "\\e")
    words = re.sub(r"(?<![\w])-(?=[\w-])|(?<=-)-(?=\w)", r"\\-", words)
    return re.sub(r"^(?=[.'])", r"\\&", words)


def wrapped(words):
    """A line for each sentence, as mdoc wants it."""
    return "".join(f"{escaped(sentence)}\n" for sentence in re.split(r"(?<=[.;]) (?=[A-Z])", words))


def mdoc(rule, has_text, text):
    """What stands in its section of the manual page."""
    out = ""
    for part in sections(rule):
        out += ".Pp\n" if has_text or out else ""
        if isinstance(part, list):
            out = out.removesuffix(".Pp\n")
            out += ".Bl -tag -width warning -compact\n" + "".join(f".It Cm {level}\n{wrapped(words)}" for level, words in part) + ".El\n"
        else:
            out += wrapped(part)
    shown = example(rule, text)
    if shown:
        out += ".Bd -literal\n" + "".join(line.replace("\\", "\\e") + "\n" for line in shown) + ".Ed\n"
    return out


class PagesTest(unittest.TestCase):
    """Each rule has a page, and none is left over."""

    maxDiff = None

    def test_every_rule_and_no_other(self):
        self.assertEqual({path.stem for path in RULES.glob("*.md")} - {"README"}, {rule.slug for rule in project.rules()})

    def test_they_say_what_the_rules_say(self):
        for rule in project.rules():
            path = RULES / f"{rule.slug}.md"
            text = path.read_text()
            self.assertTrue(text.startswith(f"# {rule.slug}\n"))
            now = pages.put_between(text, "rules.def", markdown(rule))
            now = pages.put_between(now, "silence", silence(rule))
            if UPDATE:
                path.write_text(now)
            else:
                self.assertEqual(text, now)

    def test_the_index(self):
        listed = "".join(f"| [{rule.slug}]({rule.slug}.md) | {', '.join(rule.levels)} | {rule.summary} |\n" for rule in project.rules())
        path = RULES / "README.md"
        now = pages.put_between(path.read_text(), "rules", "| rule | levels | what is seen |\n| --- | --- | --- |\n" + listed)
        if UPDATE:
            path.write_text(now)
        else:
            self.assertEqual(path.read_text(), now)

    def test_they_are_installed(self):
        text = (project.ROOT / "docs/meson.build").read_text()
        for rule in project.rules():
            self.assertIn(f"'rules/{rule.slug}.md'", text)


@unittest.skipUnless(os.path.exists("/lib64/ld-linux-x86-64.so.2") and shutil.which("cc") and shutil.which("g++"),
                     "the examples are for x86-64 and the GNU C library")
class ExamplesTest(unittest.TestCase):
    """What a page shows is what happens, the rule speaks in its example, and is silent in the mended one."""

    maxDiff = None

    def test_examples(self):
        only = os.environ.get("RULES", "").split()
        for rule in project.rules():
            if only and rule.slug not in only:
                continue
            with self.subTest(rule.slug):
                self.check(rule, RULES / f"{rule.slug}.md")

    def check(self, rule, path):
        directory = transcripts.new_directory()
        self.addCleanup(shutil.rmtree, directory, ignore_errors=True)
        text = path.read_text()
        ran = pages.run(text, directory)
        mended = text.index("\n## Mended\n")
        if UPDATE:
            for block in ran:
                if pages.masked(block.now) != pages.masked(block.written):
                    text = text.replace(f"```\n{block.written}```", f"```\n{block.now}```")
            path.write_text(text)
        for block in ran:
            told = f": {rule.slug}: " in block.now
            self.assertEqual(told, block.start < mended, block.now)
            self.assertNotRegex(block.now, r"(?m)^(?:cc|g\+\+|/\S*ld): |^bindsim: .*(?:unknown|cannot|which executable)", rule.slug)
            if not UPDATE:
                self.assertEqual(pages.masked(block.now), pages.masked(block.written))
        self.assertEqual({block.start < mended for block in ran}, {True, False})


class ManTest(unittest.TestCase):
    """bindsim-findings(7)."""

    maxDiff = None

    def test_every_rule_and_no_other(self):
        body = re.search(r"^\.Sh RULES\n(.*?)(?=^\.Sh )", MAN.read_text(), re.MULTILINE | re.DOTALL)[1]
        self.assertEqual(re.findall(r"^\.Ss (.*)$", body, re.MULTILINE), [rule.slug for rule in project.rules()])

    def test_they_say_what_the_rules_say(self):
        text = MAN.read_text()
        for rule in project.rules():
            page = (RULES / f"{rule.slug}.md").read_text()
            start = text.index(f"\n.Ss {rule.slug}\n")
            before, section = text[:start], text[start:]
            has_text = not section.startswith(f"\n.Ss {rule.slug}\n{IN_MAN[0].format('rules.def')}")
            now = pages.wrap(before + pages.put_between(section, "rules.def", mdoc(rule, has_text, page), *IN_MAN))
            if UPDATE:
                text = now
            else:
                self.assertEqual(text[:start + 4000], now[:start + 4000], rule.slug)
                self.assertEqual(text, now)
        if UPDATE:
            MAN.write_text(text)


if __name__ == "__main__":
    unittest.main(argv=[word for word in sys.argv if word != "--update"])
