#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""options.def is the one list of options: --help, the manual page and the completions say the same."""

import re
import unittest

import project


class HelpTest(unittest.TestCase):
    """--help is made from the list; here it is read back."""

    def test_every_option_and_no_other(self):
        text = project.run("--help").stdout
        shown = {}
        for letter, name, argument, words in re.findall(r"^  (?:-(\w), |    )--([\w-]+)(?:=(\S+))? +(\S.*)$", text,
                                                        re.MULTILINE):
            shown[name] = project.Option(name, letter, argument or None, words)
        self.assertEqual(shown, {option.name: option for option in project.options()})

    def test_formats_and_parts(self):
        text = project.run("--help").stdout
        text = " ".join(text.split())
        for name, parts in project.formats().items():
            self.assertGreater(len(parts), 1)
            found = re.search(rf"of {name}: ([\w, -]+)[;.]", text)
            self.assertIsNotNone(found, f"--help does not list the parts of {name}")
            self.assertEqual(sorted(found[1].split(", ")), sorted(parts))

    def test_flags(self):
        words = re.search(r"^FLAGS: ([A-Z ]+),", project.run("--help").stdout, re.MULTILINE)[1].split()
        self.assertEqual(set(words), project.flags())

    def test_exit_statuses(self):
        self.assertRegex(project.run("--help").stdout, r"Exit status: 0 .*1 .*2 ")


class ManTest(unittest.TestCase):
    """bindsim(1)."""

    def setUp(self):
        self.text = (project.ROOT / "man/bindsim.1").read_text()

    def items(self, section):
        """The `.It` lines of a section."""
        body = re.search(rf'^\.S[hs] "?{section}"?\n(.*?)(?=^\.Sh |\Z)', self.text, re.MULTILINE | re.DOTALL)
        self.assertIsNotNone(body, f"bindsim.1 has no section {section}")
        return re.findall(r"^\.It (.*)$", body[1], re.MULTILINE)

    def test_every_option_and_no_other(self):
        found = {}
        for line in self.items("STEPS") + self.items("OPTIONS"):
            for flag, rest in re.findall(r"Fl (-?[\w-]+)((?: (?!, )\S+)*)", line):
                found[f"-{flag}"] = rest
        self.assertEqual(set(found), project.spellings())
        for option in project.options():
            has_value = " Ar " in found[f"--{option.name}"]
            self.assertEqual(has_value, option.argument is not None, f"the value of --{option.name}")
            if option.argument:
                words = re.findall(r"[A-Z]+", option.argument)
                self.assertEqual(re.findall(r"[A-Z]+(?=\b)", found[f"--{option.name}"].replace("Ns", "")
                                            .replace("Ar", "").replace("Op", "")), words)

    def test_formats_and_parts(self):
        formats = re.search(r"^\.Sh FORMATS\n(.*?)(?=^\.Sh )", self.text, re.MULTILINE | re.DOTALL)[1]
        sections = dict(re.findall(r"^\.Ss ([\w-]+)\n(.*?)(?=^\.Ss |\Z)", formats, re.MULTILINE | re.DOTALL))
        self.assertEqual({name: sorted(re.findall(r"^\.It Cm ([\w-]+)$", body, re.MULTILINE))
                          for name, body in sections.items()},
                         {name: sorted(parts) for name, parts in project.formats().items()})

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


class CompletionTest(unittest.TestCase):
    """The completions' own lists."""

    def test_every_option_and_no_other(self):
        for shell, path in project.COMPLETIONS.items():
            with self.subTest(shell):
                text = project.without_comments(path)
                if shell == "fish":
                    lines = "\n".join(re.findall(r"^complete -c bindsim .*$", text, re.MULTILINE))
                    found = {f"--{name}" for name in re.findall(r" -l ([\w-]+)", lines)}
                    found |= {f"-{letter}" for letter in re.findall(r" -s (\w)", lines)}
                elif shell == "bash":
                    words = re.search(r"^_bindsim_options='([^']*)'", text, re.MULTILINE)[1].split()
                    found = {word.removesuffix("=") for word in words}
                else:
                    body = text[text.index("_arguments "):]
                    found = {word.removesuffix("=") for word in re.findall(r"'\*?(--[\w-]+=?)(?=\[)", body)}
                    found |= {word.removesuffix("=") for word in re.findall(r"(?<=[')])(--[\w-]+=?)(?=\[)", body)}
                    for both in re.findall(r"\{(-\w,--[\w-]+=?)\}", body):
                        found |= {word.removesuffix("=") for word in both.split(",")}
                self.assertEqual(found, project.spellings())

    def test_values(self):
        """Where an option takes a value the completions say so."""
        with_value = {f"--{option.name}" for option in project.options() if option.argument}
        text = project.without_comments(project.COMPLETIONS["bash"])
        words = re.search(r"^_bindsim_options='([^']*)'", text, re.MULTILINE)[1].split()
        self.assertEqual({word[:-1] for word in words if word.endswith("=")}, with_value)
        text = project.without_comments(project.COMPLETIONS["zsh"])
        self.assertEqual(set(re.findall(r"(--[\w-]+)=(?=[\[}])", text)), with_value)
        text = project.without_comments(project.COMPLETIONS["fish"])
        self.assertEqual({f"--{name}" for name in re.findall(r" -l ([\w-]+) -[xr]", text)}, with_value)

    # How each shell's file spells a list of words.
    LISTS = {
        "bash": {"flags": r"^_bindsim_flags='([^']*)'", "formats": r"^_bindsim_formats='([^']*)'",
                 "text": r"^_bindsim_text_parts='([^']*)'", "ld-debug": r"^_bindsim_ld_debug_parts='([^']*)'"},
        "zsh": {"flags": r"_values -s , flag (.*)$", "formats": r":format:\(([^)]*)\)",
                "text": r"else\n\t\t_values -s , part (.*)$", "ld-debug": r"== ld-debug .*\n\t\t_values -s , part (.*)$"},
        "fish": {"flags": r"for flag in (.*)$", "formats": r"-l format -x -a '([^']*)'",
                 "text": r"set -l parts (.*)$", "ld-debug": r"ld-debug.*\n +set parts (.*)$"},
    }

    def test_formats_parts_and_flags(self):
        expected = {"flags": project.flags(), "formats": set(project.formats())}
        expected |= {name: set(parts) for name, parts in project.formats().items()}
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
