#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Versions, words and pages: what is said in two places is the same in both."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import project

sys.path.append(str(project.ROOT / "tests/cli"))
import transcripts
from examples import build_examples
from harness import made

GLOSSARY = project.ROOT / "docs/glossary.md"


class VersionTest(unittest.TestCase):
    """The version stands in meson.build."""

    def setUp(self):
        self.version = re.search(r"^  version: '([^']+)'", (project.ROOT / "meson.build").read_text(), re.MULTILINE)[1]

    def test_changelog_begins_with_it(self):
        first = re.search(r"^## (\S+)", (project.ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)[1]
        self.assertEqual(first, self.version)

    def test_the_tool_says_it(self):
        self.assertEqual(project.run("--version").stdout, f"bindsim {self.version}\n")

    def test_no_newer_meson_is_wanted(self):
        """Than meson.build and README.md say: meson knows what is newer, and warns."""
        declared = re.search(r"^  meson_version: '>= ([\d.]+)'", (project.ROOT / "meson.build").read_text(), re.MULTILINE)[1]
        self.assertIn(f"meson {declared} or newer", " ".join((project.ROOT / "README.md").read_text().split()))
        log = Path(project.BINDSIM).resolve().parents[2] / "meson-logs/meson-log.txt"
        if not log.exists():
            self.skipTest("it lies in no directory of a build")
        self.assertNotIn("uses feature introduced in", log.read_text(errors="replace"))


class TextTest(unittest.TestCase):
    """What a merge leaves behind when it goes wrong."""

    def test_tables_are_whole(self):
        """A row stands in a table, whose second line says how its columns stand."""
        for page in project.ROOT.glob("**/*.md"):
            if any(part.startswith("build") for part in page.relative_to(project.ROOT).parts):
                continue
            text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
            for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
                self.assertRegex(table, r"\A.*\n\|(?: :?-+:? \|)+\n", f"{page}: a row is lost")


class ManTest(unittest.TestCase):
    """The pages are sound for those who print them."""

    def check(self, tool, *command):
        """What is printed of each page. A page that was sound is, as long as neither it nor what is installed changes."""
        if shutil.which(tool) is None:
            self.skipTest(f"there is no {tool}")
        with tempfile.TemporaryDirectory() as directory:
            printed = Path(directory) / "printed"
            for page in project.MAN_PAGES:
                made.once([*command, page.name, *made.files(page)], printed, lambda page=page: self.print(page, command, printed))
                yield page, printed.read_text(encoding="utf-8")

    def print(self, page, command, printed):
        done = subprocess.run([*command, page], text=True, capture_output=True, check=False, encoding="utf-8",
                              env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "MANROFFSEQ": "", "MANWIDTH": "90"})
        self.assertEqual((done.returncode, done.stderr), (0, ""), f"{page}:\n{done.stdout[:2000]}")
        printed.write_text(done.stdout, encoding="utf-8")

    def test_groff(self):
        list(self.check("groff", "groff", "-mdoc", "-Tutf8", "-ww", "-z", "-rCHECKSTYLE=10"))

    def test_mandoc(self):
        list(self.check("mandoc", "mandoc", "-Tlint", "-Wwarning"))

    # Of another system, or not installed, or called so.
    TOLERATED = r"referenced manual not found|operating system explicitly specified|section name: Sh VIEWS|outdated mandoc.db|lacks .* entry"

    def test_style(self):
        """All that mandoc has to say, but for what it cannot know. scripts/wrap-man.py breaks lines that are too long."""
        if shutil.which("mandoc") is None:
            self.skipTest("there is no mandoc")
        done = subprocess.run(["mandoc", "-Tlint", *project.MAN_PAGES], text=True, capture_output=True, check=False)
        self.assertEqual([line for line in (done.stdout + done.stderr).splitlines() if not re.search(self.TOLERATED, line)], [])

    def test_man(self):
        for page, text in self.check("man", "man", "--warnings", "-E", "UTF-8", "-l"):
            self.assertIn("SEE ALSO", text, page)

    def test_pages_know_each_other(self):
        for page in project.MAN_PAGES:
            text = page.read_text()
            name, section = re.search(r"^\.Dt (\S+) (\d)$", text, re.MULTILINE).groups()
            self.assertEqual(page.name, f"{name.lower()}.{section}")
            if page.stem != "bindsim":
                self.assertRegex(text, r"(?m)^\.Xr bindsim 1\b")
                self.assertRegex((project.ROOT / "man/bindsim.1").read_text(), rf"(?m)^\.Xr {page.stem} {section} ?")

    def test_references_lead_somewhere(self):
        """To a page of ours, or to one of another program; and to a section of the page itself."""
        ours = {(page.stem, page.suffix[1:]) for page in project.MAN_PAGES}
        for page in project.MAN_PAGES:
            text = page.read_text()
            named = set(re.findall(r"\bXr (\S+) (\d)\b", text))
            self.assertEqual({name for name in named if name[0].startswith("bindsim")} - ours, set(), page.name)
            self.assertNotIn((page.stem, page.suffix[1:]), named, f"{page.name} refers to itself")
            sections = set(re.findall(r'^\.S[hs] "?(.*?)"?$', text, re.MULTILINE))
            for section in re.findall(r'^\.Sx "?(.*?)"?(?: [.,:;])?$', text, re.MULTILINE):
                self.assertIn(section, sections, page.name)
            see_also = re.findall(r"^\.Xr (\S+) (\d)", text.partition(".Sh SEE ALSO\n")[2], re.MULTILINE)
            self.assertEqual(see_also, sorted(set(see_also), key=lambda each: (each[1], each[0])), page.name)

    def test_pages_and_sections_that_the_program_names(self):
        """Messages and help send people to pages that are there."""
        ours = {f"{page.stem}({page.suffix[1:]})" for page in project.MAN_PAGES}
        for path in [*(project.ROOT / "src").rglob("*.[ch]"), *(project.ROOT / "src").rglob("*.def"), *project.ROOT.glob("*.md"),
                     *(project.ROOT / "docs").rglob("*.md"), *(project.ROOT / "schema").glob("*.json")]:
            named = set(re.findall(r"\bbindsim(?:-[a-z]+)?\(\d\)", path.read_text()))
            self.assertLessEqual(named, ours, path)

    def test_examples_that_ask_jq(self):
        """bindsim-json(5) has three of them: they are done as told."""
        if not os.path.exists("/lib64/ld-linux-x86-64.so.2"):
            self.skipTest("the examples are for x86-64")
        if shutil.which("jq") is None:
            self.skipTest("there is no jq")
        text = (project.ROOT / "man/bindsim-json.5").read_text()
        blocks = [block for block in re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed$", text, re.MULTILINE | re.DOTALL)
                  if "jq" in block]
        self.assertEqual(len(blocks), 3)
        with tempfile.TemporaryDirectory() as directory:
            build_examples(Path(directory))
            for block, app, printed in zip(blocks, ("./player", "./newer.so", "./player"), (
                    "codec_read\ncodec_open\n", "./newer.so\tcodec_reset\n./newer.so\tcodec_open\n",
                    "hook\tafter step 1\tundefined\tafter step 2\t./first.so\n")):
                script = re.sub(r"^\$ ", "", block, flags=re.MULTILINE).replace("\\e", "\\")
                script = script.replace("./app", app).replace("libcrypto", "libcodec")
                path = f"{os.path.dirname(project.BINDSIM)}:{os.environ['PATH']}"
                done = subprocess.run(["sh", "-c", script], cwd=directory, env={"PATH": path, "LC_ALL": "C"}, text=True,
                                      capture_output=True, check=False)
                self.assertEqual((done.stdout, done.stderr), (printed, ""))

    def test_pages_are_installed(self):
        listed = (project.ROOT / "man/meson.build").read_text()
        for page in sorted((project.ROOT / "man").glob("*.[1-9]")):
            self.assertIn(page, project.MAN_PAGES)
            self.assertIn(f"'{page.name}'", listed)

    def test_man_finds_them(self):
        """Where they lie when they are installed, by the names that help and messages give."""
        if shutil.which("man") is None:
            self.skipTest("there is no man")
        with tempfile.TemporaryDirectory() as directory:
            for page in project.MAN_PAGES:
                place = Path(directory) / f"man{page.suffix[1:]}"
                place.mkdir(exist_ok=True)
                shutil.copy(page, place)
            for name in ("bindsim", "bindsim-findings", *(f"bindsim-{command}" for command in project.commands())):
                done = subprocess.run(["man", "-M", directory, "-w", name], text=True, capture_output=True, check=False,
                                      env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"})
                self.assertEqual((done.returncode, done.stderr), (0, ""), name)
                self.assertIn(f"/{name}.", done.stdout)

    def test_an_example_that_compares_with_the_real_loader(self):
        """The page tells how to hold an answer against ld.so: it is done as told."""
        text = (project.ROOT / "man/bindsim.1").read_text()
        block = next(block for block in re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed$", text, re.MULTILINE | re.DOTALL)
                     if "LD_DEBUG" in block)
        script = re.sub(r"^\$ ", "", block, flags=re.MULTILINE)
        self.assertIn("diff simulated real", script)
        with tempfile.TemporaryDirectory() as directory:
            path = f"{os.path.dirname(project.BINDSIM)}:{os.environ['PATH']}"
            probe = subprocess.run(["/bin/true"], env={"LD_DEBUG": "bindings"}, text=True, capture_output=True, check=False)
            if "binding file" not in probe.stderr:
                self.skipTest("this loader prints no binding lines")
            done = subprocess.run(["sh", "-ec", script], cwd=directory, env={"PATH": path, "LC_ALL": "C"}, text=True,
                                  capture_output=True, check=False)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
            with open(os.path.join(directory, "real"), encoding="utf-8") as file:
                self.assertGreater(len(file.readlines()), 50)


    def test_a_transcript(self):
        """The page shows what `bindsim order` prints: it is what is printed."""
        if not os.path.exists("/lib64/ld-linux-x86-64.so.2"):
            self.skipTest("the examples are for x86-64")
        text = (project.ROOT / "man/bindsim-order.1").read_text()
        [block] = [block for block in re.findall(r"^\.Bd -literal\n(.*?)^\.Ed$", text, re.MULTILINE | re.DOTALL)
                   if block.startswith("$ bindsim order ")]
        directory = transcripts.new_directory()
        self.addCleanup(shutil.rmtree, directory)
        build_examples(directory)
        self.assertEqual(transcripts.again(block, directory), block)


class WordsTest(unittest.TestCase):
    """Documents name commands, options, parts, rules, profiles and files that are there."""

    PAGES = [*project.ROOT.glob("*.md"), *(project.ROOT / "docs").rglob("*.md"), project.ROOT / "tests/README.md"]
    # The options of other programs that stand alone in a code span, and of the project's own scripts.
    FOREIGN = {"--exclude-libs", "--as-needed", "--no-as-needed", "--quick", "--foreign", "--exhaustive", "--update", "--sshlogin", "--transferfile", "--return", "--remove-rpath", "--deploy-mode"}

    def spans(self, path):
        """What stands in code: spans, blocks and indented lines."""
        text = path.read_text()
        for block in re.findall(r"^```\w*\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            yield from re.sub(r"\\\n\s*", " ", block).splitlines()
        yield from re.findall(r"^ {4,}(\S.*)$", text, re.MULTILINE)
        yield from re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text)

    def commands_in(self, line):
        """The words behind `bindsim` in a command line, up to what belongs to another program."""
        for words in re.findall(r"(?:^|[ `$(])bindsim((?: [^|;&`\n]+)?)", line):
            yield words.partition(" -- ")[0].split(" #")[0].split()

    def test_options(self):
        known = project.spellings()
        for path in self.PAGES:
            if path.name == "CHANGELOG.md":
                continue
            for line in self.spans(path):
                named = [word for words in self.commands_in(line) for word in words]
                named += [line.split()[0]] if line.startswith("--") and f"`{line}`" in path.read_text() else []
                for word in named:
                    option = re.match(r"--[a-z][\w-]*", word.strip("[]()'\"`,."))
                    if option and option[0] not in self.FOREIGN:
                        self.assertIn(option[0], known, f"{path}: {line}")

    def test_commands(self):
        """A word behind bindsim is a command, or looks like a program."""
        known = project.commands()
        for path in self.PAGES:
            for line in self.spans(path):
                if not re.match(r"(?:\$ )?bindsim ", line):
                    continue
                for words in self.commands_in(line):
                    if words and re.fullmatch(r"[a-z]+", words[0]) and words[0] not in known:
                        self.assertIn(words[0], ("helloworld", "git", "apps", "python3"), f"{path}: {line}")

    def test_command_lines(self):
        """Each that a document or a manual page shows has options that its command takes."""
        takes = {command: set().union(*(option.spellings() for option in project.options_of(command)))
                 for command in project.commands() | {"none"}}
        seen = 0
        for path in [*self.PAGES, *project.MAN_PAGES]:
            text = re.sub(r"\\e?\n\s*", " ", path.read_text()).replace("\\-", "-")
            lines = re.findall(r"^(?:\.Dl )?\$ (?:\w+=\S+ )*bindsim (.*)$", text, re.MULTILINE) if path in project.MAN_PAGES else [
                line.removeprefix("$ ").removeprefix("bindsim ") for line in self.spans(path) if re.match(r"(?:\$ )?bindsim ", line)]
            for line in lines:
                words = re.split(r" (?:--|\||>|#|2>&1) ", f"{line} ")[0].split()
                command = next((word for word in words if word in project.commands()), "none")
                for word in words:
                    if option := re.match(r"--[a-z][\w-]*", word.strip("[]()'\"`,.")):
                        seen += 1
                        self.assertIn(option[0], takes[command], f"{path}: bindsim {line}")
        self.assertGreater(seen, 300)

    def test_names_of_the_source(self):
        """The architecture page tells of functions, types and files that are there."""
        text = (project.ROOT / "docs/architecture.md").read_text()
        words = {word for folder in ("src", "include", "tests") for path in (project.ROOT / folder).rglob("*.[ch]")
                 for word in re.findall(r"\b(?:bs|BS)_\w+", path.read_text())}
        for name in set(re.findall(r"`(?:struct |enum )?(bs_\w+|BS_\w+)", text)):
            first = re.split(r"(?<=\w)/", name)[0]
            self.assertTrue(any(word.startswith(first) for word in words), first)
        folders = [path for path in project.ROOT.iterdir() if path.is_dir() and not path.name.startswith(("build", "."))]
        files = {path.name for folder in folders for path in folder.rglob("*")}
        for name in re.findall(r"`([\w/-]+\.(?:c|h|def|py|sh))`", text):
            self.assertTrue((project.ROOT / name).exists() or os.path.basename(name) in files, name)
        for floor in (path for path in (project.ROOT / "src").iterdir() if path.is_dir()):
            self.assertRegex(text, rf"(?m)^\| \d+ \| {floor.name} \|", "each floor has a row")

    def test_facts_of_the_readme(self):
        """Formats, loaders, releases and parts that README.md tells of are those that the tool has."""
        text = (project.ROOT / "README.md").read_text()
        table = text.partition("| `--format=` | for |")[2].partition("\n\n")[0]
        self.assertEqual(set(re.findall(r"`([\w-]+)`", " ".join(re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)))), set(project.formats()))
        steps = text.partition("| step | is |")[2].partition("\n\n")[0]
        rows = set(re.findall(r"^\| `--([\w-]+)", steps, re.MULTILINE))
        self.assertEqual(rows, {"dlopen", "dlmopen", "dlsym", "dlclose", "call", "init", "caller"})
        shown = re.search(r"`--show` has more parts: ([\w, -]*\w)", text)[1].split(", ")
        self.assertLessEqual(set(shown), project.parts("text"))
        loaders = project.run("loaders").stdout
        for name in re.findall(r"^(\w+)", loaders, re.MULTILINE):
            self.assertRegex(text, rf"(?i)\b{name}'s\b", "the loaders that it simulates")
        self.assertIn(f"for {re.search('^glibc [0-9.]+ to [0-9.]+', loaders)[0]}", text)
        told = text.partition("No differences are left with ")[2].partition("Other releases")[0]
        glibc, musl = re.findall(r"^  verified against  (.*)", loaders, re.MULTILINE)[:2]
        for release in re.findall(r"\d+\.\d+(?:\.\d+)?", told):
            self.assertIn(release, glibc + musl)
        for machine in re.findall(r"\b(?:x86-64|i386|x32|aarch64|arm|riscv64|ppc64le|s390x|mips64el)\b", told):
            self.assertIn(machine, glibc + musl)

    def test_rules(self):
        """What is called like a rule is one."""
        known = {rule.slug for rule in project.rules()}
        for path in self.PAGES:
            for slug in re.findall(r"(?:--rule[ =]|^(?:error|warning|note): )([a-z]+(?:-[a-z]+)+)", path.read_text(), re.MULTILINE):
                self.assertIn(slug, known, path)

    def test_files(self):
        """Links lead somewhere, and files of the project that are named are there."""
        for path in self.PAGES:
            text = path.read_text()
            for link in re.findall(r"\]\(([^)#:\s]+)\)", text):
                self.assertTrue((path.parent / link).exists(), f"{path} links to {link}")
            for name in re.findall(r"(?<![\w/.-])((?:src|tests|scripts|docs|schema|man|completions|include|data)/[\w/.-]*\w)", text):
                there = (project.ROOT / name).exists() or (path.parent / name).exists() or list(project.ROOT.glob(name + "*"))
                self.assertTrue(there or name == "src/cli/bindsim", f"{path} names {name}")  # that is built


class GlossaryTest(unittest.TestCase):
    """docs/glossary.md has one sentence and a source for each word, and the words are used."""

    def setUp(self):
        self.rows = re.findall(r"^\| \*\*(.+?)\*\* \| (.+?) \| (.+?) \|$", GLOSSARY.read_text(), re.MULTILINE)

    def words(self):
        """The headwords; a row may have several."""
        return [word for row in self.rows for word in row[0].split(", ")]

    def test_rows(self):
        self.assertGreater(len(self.rows), 20)
        for word, sentence, source in self.rows:
            self.assertRegex(sentence, r"^[A-Z`].*[^.]\.$", f"one sentence for {word}")
            self.assertNotRegex(sentence, r"\w\w\. [A-Z]", f"one sentence for {word}")
            self.assertTrue(source.strip(), word)
        words = [word.lower() for word in self.words()]
        self.assertEqual(words, sorted(words), "in order of the alphabet")
        self.assertEqual(len(set(words)), len(words))

    def test_words_are_used(self):
        """Each word stands in another document, or in a header."""
        paths = [*project.MAN_PAGES, *project.ROOT.glob("*.md"), project.ROOT / "docs/architecture.md",
                 *(project.ROOT / "src").rglob("*.[ch]"), *(project.ROOT / "include").rglob("*.h")]
        text = " ".join(" ".join(path.read_text() for path in paths).split()).lower()
        for word in self.words():
            self.assertTrue(re.search(rf"\b{re.escape(word.lower())}", text), f"nobody uses '{word}'")

    def test_words_that_the_manual_introduces(self):
        """What bindsim-glibc(7) sets in italics is explained here."""
        page = (project.ROOT / "man/bindsim-glibc.7").read_text()
        introduced = set(re.findall(r"^\.Em (\w[\w ]*?)(?: [:,.;])?$", page, re.MULTILINE))
        self.assertGreater(len(introduced), 4)
        known = {word.lower() for word in self.words()}
        for word in introduced:
            self.assertTrue({word, word.removesuffix("s")} & known, f"the glossary does not know '{word}'")


if __name__ == "__main__":
    unittest.main()
