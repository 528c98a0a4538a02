#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""options.def is the one list of options: --help, the manual page and the completions say the same."""

import json
import pathlib
import re
import tempfile
import unittest

import project

CI_FORMATS = ("sarif", "junit", "github", "gitlab")  # they have the same parts


def help_text():
    """All options, without the breaks that make them fit a terminal."""
    return re.sub(r"\n {12,}(?=\S)", " ", project.run("help", "options").stdout)


class HelpTest(unittest.TestCase):
    """Help is made from the list; here it is read back."""

    def test_it_fits_a_screen(self):
        for command in sorted(project.commands()):
            done = project.run(command, "--help")
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertEqual(done.stdout, project.run("help", command).stdout)
            self.assertTrue(done.stdout.startswith(f"Usage: bindsim {command} "), done.stdout)
            self.assertIn("Exit status: ", done.stdout)
            self.assertIn(f"bindsim-{command}(1)", done.stdout)
            self.fits(done.stdout)
        text = project.run("--help").stdout
        self.assertEqual(text, project.run("help").stdout)
        self.fits(text)
        self.assertEqual(set(re.findall(r"^  (\w+) +\w", text.partition("\nCommands;")[2].partition("\nSteps, ")[0], re.MULTILINE)),
                         project.commands())
        words = text.partition("\nSteps, ")[2].partition("\nFLAGS: ")[0]
        named = dict(re.findall(r"--([\w-]+)=?(\S*)", words))
        taken = {option.name: option.argument or "" for option in project.options_of("none")}
        self.assertLessEqual({"dlopen", "dlsym", "plan", "root", "format"}, set(named))
        self.assertEqual(named, {name: taken.get(name) for name in named})

    def fits(self, text):
        lines = text.splitlines()
        self.assertLessEqual(len(lines), 24)
        self.assertLessEqual(max(map(len, lines)), 80)
        self.assertEqual(lines, [line.rstrip() for line in lines])

    def test_a_command_tells_of_its_own_options(self):
        """And of no option that it does not take."""
        owners = project.owners()
        for command in project.commands():
            shown = set(re.findall(r"^  (?:-\w,|   ) --([\w-]+)", project.run(command, "--help").stdout, re.MULTILINE))
            self.assertLessEqual({name for name, owner in owners.items() if owner == command}, shown, command)
            self.assertLessEqual(shown, {option.name for option in project.options_of(command)}, command)

    def test_topics(self):
        done = project.run("help", "chekc")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (2, "", "bindsim: help 'chekc': no such command; did you mean check?\n"))
        done = project.run("help", "check", "order")
        self.assertEqual((done.returncode, done.stdout), (2, ""))

    def test_every_option_and_no_other(self):
        text = help_text()
        shown = {}
        for letter, name, optional, argument, words in re.findall(
                r"^  (?:-(\w), |    )--([\w-]+)(?:(\[?)=(\S+))? +(\S.*)$", text, re.MULTILINE):
            if optional:
                self.assertTrue(argument.endswith("]"), argument)
                argument = argument[:-1]
            shown[name] = project.Option(name, letter, argument or None, words, bool(optional))
        self.assertEqual(shown, {option.name: option for option in project.options()})

    def test_formats_and_parts(self):
        text = help_text()
        formats = project.formats()
        self.assertEqual(list(formats), ["text", "ld-debug", "json", "ndjson", "ldd", "plan", "sarif", "junit", "github",
                                         "gitlab", "markdown", "dot", "html", "sqlite"])
        for name, parts in formats.items():
            self.assertEqual(len(parts) > 1, name != "plan")
        table = text.partition("\nParts for --show:\n")[2].partition("\n\n")[0]
        shown = {name: words.split(", ") for name, words in re.findall(r"^  ([\w-]+) +(\w.*)$", table, re.MULTILINE)}
        self.assertEqual(shown, {name: parts for name, parts in formats.items() if parts})
        named = next(option.help for option in project.options() if option.name == "format")
        self.assertEqual(set(re.findall(r"[\w-]+", named)) - {"default", "or"}, set(formats))

    def test_levels(self):
        named = next(option.help for option in project.options() if option.name == "fail-on").partition(": ")[2]
        self.assertEqual(set(re.findall(r"\w+", named)) - {"default", "or"}, project.levels())
        self.assertEqual(project.levels(), {"error", "warning", "note", "none"})

    def test_flags(self):
        words = re.search(r"^FLAGS: ([A-Z ]+), and of qnx ([A-Z \n]+),", help_text(), re.MULTILINE)
        self.assertEqual({*words[1].split(), *words[2].split()}, project.flags())
        own = re.search(r"^qnx\n(?:  .*\n)*?  own flags +([A-Z, ]+)", project.run("loaders").stdout, re.MULTILINE)[1]
        self.assertEqual(words[2].split(), own.split(", "))

    def test_exit_statuses(self):
        self.assertRegex(help_text(), r"(?s)Exit status: 0 .*1 .*2\s")


class ParserTest(unittest.TestCase):
    """takes.def is what the parser does: an option that a command does not take is refused, by name, and no other is."""

    VALUES = {"dlopen": "libc.so.6", "dlmopen": "libc.so.6", "dlsym": "main", "dlclose": "1", "call": "a:b", "env": "A=B", "loader": "glibc",
              "set": "glibc.sort=dfs", "cpu": "x86-64", "format": "text", "show": "x", "report": "json:/dev/null", "fail-on": "error",
              "proof": "none", "color": "never", "today": "2026-01-01", "remedy": "local", "max-orders": "1", "timeout": "1", "jobs": "1",
              "memory": "64", "shard": "1/1", "pair": "a,b", "rule": "healed", "pid": "1", "process": "1",
              # What is written is not to be there afterwards, whoever runs this.
              "output": "/nowhere/output", "write-baseline": "/nowhere/baseline", "journal": "/nowhere/journal"}

    # That of the options which is about nothing in this line, such as --host of check, is refused with other words.
    REFUSED = r"has no --|belongs? to|no option of it|has no say|goes with verify|has logs only|record starts what it records|without --init"

    def spelled(self, option):
        """With a value, if it wants one."""
        value = "=" + self.VALUES.get(option.name, "/nowhere") if option.argument and not option.may_have else ""
        return f"--{option.name}{value}"

    def test_what_ways_of_commands_take(self):
        """What has no say in one of them is refused, too: nothing is passed over."""
        words = {"EXPLAIN_RULE": ["explain", "--rule=healed"], "SCAN_MERGE": ["scan", "--merge", "/nowhere"], "VERIFY_LOG": ["verify", "--log=/nowhere", "/nowhere"],
                 "VERIFY_PROCESS": ["verify", "--pid=1", "--root=/nowhere"]}
        self.assertEqual(set(words), set(project.modes()))
        for mode, taken in project.modes().items():
            command, *rest = words[mode]
            for option in project.options_of(command):
                if option.name in ("help", "version", "init", "end-init"):
                    continue
                done = project.run(command, *rest, self.spelled(option))
                refused = bool(re.search(rf"ha(s|ve) no --{option.name}\b", done.stderr))
                self.assertEqual(refused, option.name not in taken, f"{mode} --{option.name}: {done}")
                self.assertTrue(done.returncode == 2 or not refused)

    def test_what_commands_take(self):
        words = {"log": ["/nowhere"], "diff": ["/nowhere", "/nowhere"], "record": ["--", "/nowhere/program"], "loaders": [], "help": [],
                 "verify": ["--log=/nowhere", "/nowhere"], "explain": ["--symbol=x", "/nowhere"], "none": ["/nowhere"]}
        for command in sorted(project.commands() | {"none"}):
            taken = {option.name for option in project.options_of(command)}
            for option in project.options():
                if option.name in ("help", "version", "init", "end-init"):
                    continue
                after = [] if option.name == "rule" and command == "explain" else words.get(command, ["/nowhere"])
                done = project.run(*([] if command == "none" else [command]), self.spelled(option), *after)
                refused = bool(re.search(self.REFUSED, done.stderr))
                if option.name in taken:
                    # --argument and --timeout go with --run.
                    self.assertFalse(refused and "belongs to --run" not in done.stderr, f"{command} --{option.name}: {done.stderr}")
                else:
                    self.assertEqual((done.returncode, refused), (2, True), f"{command} --{option.name}: {done}")


class RuleTest(unittest.TestCase):
    """bindsim explain --rule."""

    def test_every_rule(self):
        self.assertTrue(project.rules())
        for rule in project.rules():
            done = project.run("explain", "--rule", rule.slug)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertTrue(done.stdout.startswith(f"{rule.slug}: {rule.summary}\n\n"), done.stdout)
            self.assertIn(rule.help, done.stdout)
            self.assertIn(f"rules/{rule.slug}.md", done.stdout)
            self.assertTrue(rule.levels, f"the help of {rule.slug} names no level")
            for line in done.stdout.splitlines():
                self.assertLessEqual(len(line), 110)

    def test_no_other(self):
        done = project.run("explain", "--rule=?")
        self.assertEqual(done.returncode, 2)
        words = [*(rule.slug for rule in project.rules()), *(slug for slug, _ in project.words_of_other_commands())]
        self.assertLess(len(set(words)), len(words), "loaded-twice is a word of check and of log")
        self.assertEqual(done.stderr.partition("there are ")[2].split(), list(dict.fromkeys(words)))
        done = project.run("advise", "--rule=?", "x")
        self.assertEqual(done.stderr.partition("there are ")[2].split(), [rule.slug for rule in project.rules()])

    def test_words_of_other_commands(self):
        """Whatever log, verify and diff say why by is explained, with a page that is there."""
        rules = {rule.slug: rule.summary for rule in project.rules()}
        for slug, meaning in project.words_of_other_commands():
            with self.subTest(slug=slug):
                done = project.run("explain", "--rule", slug)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertIn(f"{slug}: {meaning}\n\n", done.stdout)
                self.assertEqual(f"{slug}: {rules.get(slug)}\n\n" in done.stdout, slug in rules)
                page, section = re.findall(r": (bindsim-\w+)\((\d)\)\.$", done.stdout, re.MULTILINE)[-1]
                if page != "bindsim-diff":
                    self.assertIn(f".It Cm {slug}\n", (project.ROOT / f"man/{page}.{section}").read_text())
                self.assertLessEqual(max(map(len, done.stdout.splitlines())), 110)

    def test_it_is_about_no_program(self):
        done = project.run("explain", "--rule=healed", "./app")
        self.assertEqual((done.returncode, done.stdout, done.stderr),
                         (2, "", "bindsim: explain --rule is about no process: './app' is too many\n"))

    def test_it_goes_where_it_is_told(self):
        done = project.run("explain", "--rule", "healed")
        with tempfile.TemporaryDirectory() as directory:
            told = project.run("explain", "-q", "--rule", "healed", "-o", f"{directory}/healed.txt")
            self.assertEqual((told.returncode, told.stdout, told.stderr), (0, "", ""))
            self.assertEqual((pathlib.Path(directory) / "healed.txt").read_text(), done.stdout)
        told = project.run("explain", "--rule", "healed", "-o", "/nowhere/healed.txt")
        self.assertEqual((told.returncode, told.stdout), (2, ""))
        self.assertIn("/nowhere/healed.txt: ", told.stderr)


class ManTest(unittest.TestCase):
    """bindsim(1) and the pages beside it."""

    def setUp(self):
        self.text = self.page("bindsim.1")

    @staticmethod
    def page(name):
        return (project.ROOT / "man" / name).read_text()

    def items(self, section, text=None):
        """The `.It` lines of a section."""
        body = re.search(rf'^\.S[hs] "?{section}"?\n(.*?)(?=^\.Sh |\Z)', text or self.text, re.MULTILINE | re.DOTALL)
        self.assertIsNotNone(body, f"there is no section {section}")
        return re.findall(r"^\.It (.*)$", body[1], re.MULTILINE)

    def options_in(self, lines):
        """The options of such lines, each with what stands behind it."""
        found = {}
        for line in lines:
            for flag, rest in re.findall(r"Fl (-?[\w-]+)((?: (?!, Fl)\S+)*)", line):
                found[f"-{flag}"] = rest
        return found

    def test_commands_tell_of_their_own_options(self):
        """bindsim-COMMAND(1) has those that belong to it, and none that it does not take."""
        owners = project.owners()
        for command in project.commands():
            found = set(self.options_in(self.items("OPTIONS", self.page(f"bindsim-{command}.1"))))
            own = [option for option in project.options() if owners[option.name] == command]
            self.assertLessEqual(set().union(*(option.spellings() for option in own)), found, command)
            self.assertLessEqual({f"--{name}" for name, those in project.shared().items() if command in those}, found, command)
            taken = set().union(*(option.spellings() for option in project.options_of(command)))
            self.assertLessEqual(found, taken, command)
            if len(project.options_of(command)) < 20:
                self.assertEqual(found | {"-h", "--help", "-V", "--version"} | taken & {
                    "--format", "--show", "--output", "-o", "--report", "--fail-on", "--color", "-v", "--verbose", "-q", "--quiet", "--symbol",
                    "--from", "--to", "--pair"}, taken, command)

    def test_every_option_and_no_other(self):
        found = {}
        for command in project.commands():
            found |= self.options_in(self.items("OPTIONS", self.page(f"bindsim-{command}.1")))
        found |= self.options_in(self.items("STEPS") + self.items("OPTIONS"))
        self.assertEqual(set(found), project.spellings())
        for option in project.options():
            has_value = " Ar " in found[f"--{option.name}"]
            self.assertEqual(has_value, option.argument is not None, f"the value of --{option.name}")
            self.assertEqual(found[f"--{option.name}"].startswith(" Ns Op = "), option.may_have, option.name)
            if option.argument:
                words = re.findall(r"[A-Z]+", option.argument)
                self.assertEqual(re.findall(r"[A-Z]+(?=\b)", found[f"--{option.name}"].replace("Ns", "")
                                            .replace("Ar", "").replace("Op", "")), words)

    def test_formats_and_parts(self):
        formats = re.search(r"^\.Sh FORMATS\n(.*?)(?=^\.Sh )", self.page("bindsim-formats.5"), re.MULTILINE | re.DOTALL)[1]
        found = {}
        for names, body in re.findall(r"^\.Ss ([\w -]+)\n(.*?)(?=^\.Ss |\Z)", formats, re.MULTILINE | re.DOTALL):
            for name in names.split(" and "):
                found[name] = sorted(re.findall(r"^\.It Cm ([\w-]+)$", body, re.MULTILINE))
        self.assertEqual(found, {name: sorted(parts) for name, parts in project.formats().items()})

    def test_parts_of_json(self):
        """bindsim-json(5) has them, too."""
        page = (project.ROOT / "man/bindsim-json.5").read_text()
        body = re.search(r"^\.Ss Parts\n(.*?)(?=^\.Ss )", page, re.MULTILINE | re.DOTALL)[1]
        listed = " , ".join(re.findall(r"^\.It Cm (.*)$", body, re.MULTILINE)).split(" , ")
        self.assertEqual(set(listed), project.parts("json", "ndjson"))

    def test_rules_and_their_levels(self):
        body = re.search(r"^\.Sh RULES\n(.*?)(?=^\.Sh )", self.page("bindsim-findings.7"), re.MULTILINE | re.DOTALL)[1]
        table: dict[str, list[str]] = {}
        for kind, word in re.findall(r"^\.(Ss|It Cm) ([\w-]+)$", body, re.MULTILINE):
            if kind == "Ss":
                table[word] = []
            else:
                table[list(table)[-1]].append(word)
        self.assertEqual(table, {rule.slug: rule.levels for rule in project.rules()})

    def test_rules_of_logs(self):
        """bindsim-log(1) has those of src/log, in their order."""
        text = (project.ROOT / "src/log/rules.def").read_text()
        known = re.findall(r'^RULE\(\w+, "([\w-]+)"', text, re.MULTILINE)
        listed = re.findall(r"^\.It Cm ([\w-]+)$", self.page("bindsim-log.1"), re.MULTILINE)
        self.assertEqual([word for word in listed if word in known], known)

    def test_remedies(self):
        body = re.search(r"^\.Sh DESCRIPTION\n(.*?)(?=^\.Sh )", self.page("bindsim-advise.1"), re.MULTILINE | re.DOTALL)[1]
        table = body.partition(".Bl -tag")[2].partition(".El")[0]
        listed = {slug: " ".join(words.replace("\\-", "-").split()) for slug, words in
                  re.findall(r"^\.It Cm ([\w-]+)\n((?:[^.].*\n)*)", table, re.MULTILINE)}
        self.assertEqual(list(listed.items()), list(project.remedies().items()))
        done = project.run("advise", "--remedy=?", "x")
        self.assertEqual(done.stderr.partition("there are ")[2].split(), list(project.remedies()))

    def test_reasons(self):
        """Why something is no finding: the list, the manual page and both schemas have the same, in one order."""
        rows = (project.ROOT / "src/check/reasons.def").read_text()
        known = re.findall(r'^REASON\(\w+, "([\w-]+)", "([^"]+)"\)$', rows, re.MULTILINE)
        self.assertEqual(len(known), rows.count("\nREASON("))
        table = self.page("bindsim-findings.7").partition(".Bl -tag -width copy-relocation -compact\n")[2].partition(".El\n")[0]
        self.assertEqual([(slug, " ".join(words.split())) for slug, words in
                          re.findall(r"^\.It Li ([\w-]+)\n((?:[^.].*\n)*)", table, re.MULTILINE)], known)
        for schema in ("report", "stream"):
            text = (project.ROOT / f"schema/bindsim-{schema}-1.schema.json").read_text()
            reason = json.loads(text)["$defs"]["suppressed"]["properties"]["reason"]
            self.assertEqual(reason["enum"], [slug for slug, _ in known])

    def test_causes(self):
        """Why a reference is bound otherwise: the list and the schema have the same, in one order."""
        rows = (project.ROOT / "src/study/causes.def").read_text()
        known = re.findall(r'^CAUSE\(\w+, "([\w-]+)", "[^"]+"\)$', rows, re.MULTILINE)
        self.assertEqual(len(known), rows.count("\nCAUSE("))
        schema = json.loads((project.ROOT / "schema/bindsim-diff-1.schema.json").read_text())
        self.assertEqual(schema["$defs"]["cause"]["properties"]["cause"]["enum"], known)

    def test_levels(self):
        body = re.search(r"^\.It Fl -fail-on [^\n]*\n(.*?)(?=^\.It )", self.text, re.MULTILINE | re.DOTALL)[1]
        self.assertEqual(set(re.findall(r"\w+", " ".join(re.findall(r"^\.Cm (.*)$", body, re.MULTILINE)))),
                         project.levels())

    def test_commands(self):
        self.assertEqual(set(re.findall(r"^\.It Cm (\w+)$", re.search(
            r"^\.Sh COMMANDS\n(.*?)(?=^\.Sh )", self.text, re.MULTILINE | re.DOTALL)[1], re.MULTILINE)),
            project.commands())
        for command in project.commands():
            self.assertRegex(self.text.partition(".Sh DESCRIPTION")[0], rf"(?m)^\.Cm {command}$")
            self.assertIn(f"bindsim {command} ", project.run("help", "options").stdout)
            self.assertIn(f".Xr bindsim-{command} 1 ", self.text)
            page = self.page(f"bindsim-{command}.1")
            for section in ("SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "EXAMPLES", "SEE ALSO"):
                self.assertIn(f"\n.Sh {section}\n", page)
            self.assertIn(f".Nm bindsim\n.Cm {command}\n", page)

    def test_profiles(self):
        """bindsim-profiles(7) has a section for each, with the switches that it has."""
        page = self.page("bindsim-profiles.7")
        names = re.findall(r"^(\w+)", project.run("loaders").stdout, re.MULTILINE)
        self.assertGreater(len(names), 2)
        for name in names:
            body = re.search(rf"^\.Ss {name}\n(.*?)(?=^\.S[hs] )", page, re.MULTILINE | re.DOTALL)
            self.assertIsNotNone(body, f"no section about {name}")
            listed = set(re.findall(rf"^({name}\.[\w-]+) ", project.run("loaders", name).stdout, re.MULTILINE))
            self.assertEqual(set(re.findall(rf"^\.It Cm ({name}\.[\w-]+)$", body[1], re.MULTILINE)), listed, name)
            self.assertIn(f".Xr bindsim-{name} 7", body[1])

    def test_every_format_has_a_page(self):
        """And every file that commands write."""
        page = self.page("bindsim-formats.5")
        told = " and ".join(re.findall(r"^\.Ss (.*)$", page, re.MULTILINE)).split(" and ")
        for name in [*project.formats(), "baseline", "suppressions", "parts of a scan", "journal"]:
            self.assertIn(name, told)

    def test_flags(self):
        self.assertEqual({line.removeprefix("Cm ") for line in self.items("STEPS") if line.startswith("Cm ")},
                         project.flags())

    def test_exit_statuses(self):
        listed = (project.ROOT / "src/cli/cli.h").read_text()
        statuses = re.findall(r"^\tBS_EXIT_\w+ = (\d)", listed, re.MULTILINE)
        self.assertEqual(self.items("EXIT STATUS"), statuses)
        self.assertEqual(statuses, ["0", "1", "2"])

    def test_variables(self):
        """Every variable that the code asks for is in the manual page."""
        asked = set()
        for path in sorted((project.ROOT / "src").rglob("*.c")):
            asked |= set(re.findall(r'\b(?:getenv|count|not_simulated|find)\((?:run(?:->plan)?, )?"([A-Z_]+)"',
                                    path.read_text()))
        self.assertIn("LD_PRELOAD", asked)
        self.assertIn("NO_COLOR", asked)
        section = re.search(r"^\.Sh ENVIRONMENT\n(.*?)(?=^\.Sh )", self.text, re.MULTILINE | re.DOTALL)[1]
        for name in asked:
            self.assertRegex(section, rf"\b{name}\b")


class SwitchTest(unittest.TestCase):
    """bindsim-glibc(7) tells each switch, and since when it has which value."""

    def test_every_switch_and_no_other(self):
        listed = dict(re.findall(r"^glibc\.([\w-]+) +(.*)$", project.run("loaders", "glibc").stdout, re.MULTILINE))
        page = (project.ROOT / "man/bindsim-glibc.7").read_text()
        body = re.search(r"^\.Ss Releases\n(.*?)(?=^\.S[sh] )", page, re.MULTILINE | re.DOTALL)[1]
        told = {key: re.sub(r"\s+", " ", text).partition(": ")[0]
                for key, text in re.findall(r"^\.It Cm ([\w-]+)\n(.*?)(?=^\.(?:It|El))", body, re.MULTILINE | re.DOTALL)}
        self.assertEqual(told, listed)


class CompletionTest(unittest.TestCase):
    """The completions' own lists. Which options a command has is tried in the shells, by test_completions.py."""

    @staticmethod
    def bash_options():
        text = project.without_comments(project.COMPLETIONS["bash"])
        return " ".join(re.findall(r"^_bindsim_(?:common|\w+_options)='([^']*)'", text, re.MULTILINE)).split()

    def test_every_option_and_no_other(self):
        for shell, path in project.COMPLETIONS.items():
            with self.subTest(shell):
                text = project.without_comments(path)
                if shell == "fish":
                    lines = "\n".join(re.findall(r"^complete -c bindsim .*$", text, re.MULTILINE))
                    found = {f"--{name}" for name in re.findall(r" -l ([\w-]+)", lines)}
                    found |= {f"-{letter}" for letter in re.findall(r" -s (\w)", lines)}
                elif shell == "bash":
                    found = {word.removesuffix("=") for word in self.bash_options()}
                else:
                    body = text[text.index("\nspecs=("):]
                    # "=-": the value stands in the same word, if there is one.
                    found = {word.removesuffix("=") for word in re.findall(r"'\*?(--[\w-]+?=?)-?(?=\[)", body)}
                    found |= {word.removesuffix("=") for word in re.findall(r"(?<=[')])(--[\w-]+=?)(?=\[)", body)}
                    for both in re.findall(r"\{(-\w,--[\w-]+=?)\}", body):
                        found |= {word.removesuffix("=") for word in both.split(",")}
                self.assertEqual(found, project.spellings())

    def test_values(self):
        """Where an option takes a value the completions say so."""
        with_value = {f"--{option.name}" for option in project.options() if option.argument}
        self.assertEqual({word[:-1] for word in self.bash_options() if word.endswith("=")}, with_value)
        text = project.without_comments(project.COMPLETIONS["zsh"])
        self.assertEqual(set(re.findall(r"(--[\w-]+)=-?(?=[\[}])", text)), with_value)
        text = project.without_comments(project.COMPLETIONS["fish"])
        self.assertEqual({f"--{name}" for name in re.findall(r" -l ([\w-]+) -(?:[xr]|f -a)", text)}, with_value)

    # How each shell's file spells a list of words.
    LISTS = {
        "bash": {"flags": r"^_bindsim_flags='([^']*)'", "formats": r"^_bindsim_formats='([^']*)'",
                 "text": r"^_bindsim_text_parts='([^']*)'", "ld-debug": r"^_bindsim_ld_debug_parts='([^']*)'",
                 "json": r"^_bindsim_json_parts='([^']*)'", "ndjson": r"^_bindsim_json_parts='([^']*)'",
                 "ldd": r"^_bindsim_ldd_parts='([^']*)'", "rules": r"^_bindsim_rules='([^']*)'",
                 "causes": r"^_bindsim_causes='([^']*)'",
                 **{name: r"^_bindsim_ci_parts='([^']*)'" for name in CI_FORMATS},
                 "markdown": r"^_bindsim_markdown_parts='([^']*)'", "dot": r"^_bindsim_dot_parts='([^']*)'",
                 "remedies": r"^_bindsim_remedies='([^']*)'",
                 "html": r"^_bindsim_html_parts='([^']*)'", "sqlite": r"^_bindsim_sqlite_parts='([^']*)'",
                 "levels": r"^_bindsim_fail_on='([^']*)'", "commands": r"^_bindsim_commands='([^']*)'"},
        "zsh": {"flags": r"^\tflags=\(([^)]*)\)", "formats": r"^\t\t\*\) compadd (text .*) ;;$",
                "text": r"^\t\ttext '([^']*)'", "ld-debug": r"^\t\tld-debug '([^']*)'", "json": r"^\t\tjson '([^']*)'",
                "ndjson": r"^\t\tndjson '([^']*)'", "ldd": r"^\t\tldd '([^']*)'", "rules": r"^\tlocal -a words=\(([^)]*)\)",
                "causes": r"explain \]\] && words\+=\(([^)]*)\)",
                **{name: rf"^\t\t{name} '([^']*)'" for name in (*CI_FORMATS, "markdown", "dot", "html", "sqlite")},
                "remedies": r"_values -s , remedy (.*)$",
                 "levels": r"--fail-on.*:level:\(([^)]*)\)", "commands": r"commands:command:\(([^)]*)\)"},
        "fish": {"flags": r"for flag in (.*)$", "formats": r"^set -g __bindsim_formats (.*)$",
                 "text": r"^set -g __bindsim_text_parts (.*)$", "ld-debug": r"case ld-debug\n +set -a parts (.*)$",
                 "json": r"case json ndjson\n +set -a parts (.*)$", "ndjson": r"case json ndjson\n +set -a parts (.*)$",
                 "ldd": r"case ldd\n +set -a parts (.*)$", "rules": r"-l rule -x -a '([^']*)'",
                 "causes": r"takes rule explain' -l rule -x -a '([^']*)'",
                 **{name: r"case sarif junit github gitlab\n +set -a parts (.*)$" for name in CI_FORMATS},
                 "markdown": r"case markdown\n +set -a parts (.*)$", "dot": r"case dot\n +set -a parts (.*)$",
                 "remedies": r"for remedy in (.*)$",
                 "html": r"case html\n +set -a parts (.*)$", "sqlite": r"case sqlite\n +set -a parts (.*)$",
                 "levels": r"-l fail-on -x -a '([^']*)'", "commands": r"-n 'test -z \(__bindsim_command\)' -a '([^']*)'"},
    }

    def test_lists_of_words(self):
        expected = {"flags": project.flags(), "formats": set(project.formats()), "levels": project.levels(),
                    "rules": {rule.slug for rule in project.rules()}, "causes": project.causes(), "commands": project.commands(),
                    "remedies": set(project.remedies())}
        expected |= {name: set(parts) for name, parts in project.formats().items() if parts}
        for shell, path in project.COMPLETIONS.items():
            text = path.read_text()
            self.assertEqual(set(self.LISTS[shell]), set(expected), "a new format needs a pattern here")
            for what, pattern in self.LISTS[shell].items():
                with self.subTest(f"{shell}, {what}"):
                    found = re.search(pattern, text, re.MULTILINE)
                    self.assertIsNotNone(found, f"no list of them in {path}")
                    self.assertEqual(set(found[1].split()), expected[what])


if __name__ == "__main__":
    unittest.main()
