#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Options, their order, and what is said of a command line that cannot be understood."""

import json
import re
import subprocess
import unittest

from harness import BINDSIM, HOOK, CommandLineTest, environment


class MisuseTest(CommandLineTest):
    """Each of these is status 2 with one message that names the word at fault."""

    def test_no_executable(self):
        self.assert_trouble(self.bindsim(), "which executable?")
        self.assert_trouble(self.bindsim("--dlopen", "x.so"), "which executable?")

    def test_an_option_that_took_it(self):
        self.program()
        for words, told in ((("--symbol", "./app"), "which executable? './app' is the value of --symbol. Usage: "),
                            (("explain", "--symbol", "./app"), "which executable? './app' is the value of --symbol. bindsim explain"),
                            (("check", "--write-baseline", "./app"), "which executable? './app' is the value of --write-baseline. "),
                            (("scan", "-j", "2", "--journal", "./app"), "which programs? './app' is the value of --journal. ")):
            self.assert_trouble(self.bindsim(*words), told)
        for words in (("--symbol=./app",), ("--symbol", "absent"), ("--loader", "glibc")):
            self.assertNotIn("is the value of", self.bindsim(*words).err)

    def test_two_executables(self):
        self.assert_trouble(self.bindsim("./a", "./b"), "./b")
        self.assert_trouble(self.bindsim("./a", "--bind-now", "--", "--b"), "'--b'")

    def test_unknown_options(self):
        for word in ("--unknown", "--unknown=1", "-Z", "--dlopenx=y", "--Format=text"):
            self.assert_trouble(self.bindsim(word, "./app"), word.partition("=")[0])

    def test_an_option_that_was_mistyped(self):
        for word, meant in (("--formt=text", "--format"), ("--dlopne", "--dlopen"), ("--libary-path=x", "--library-path"),
                            ("--bindnow", "--bind-now"), ("--json", "--format=json"), ("--sarif", "--format=sarif")):
            self.assert_trouble(self.bindsim(word, "./app"), f"option {word.partition('=')[0]};", f"did you mean {meant}?")
        for word in ("--nothing-like-it", "--", "--x"):
            self.assertNotIn("did you mean", self.bindsim(word + "=1", "./app").err)

    def test_a_value_that_was_mistyped(self):
        self.program()
        self.file("policy.ini", "[plan plugins]\nexecutable = ./app\n[libraries library]\ndirectory = .\n")
        for words, meant in ((("--format=jsn",), "json"), (("--report=sarf:x",), "sarif"), (("--show=finding",), "findings"),
                             (("explain", "--rule=captured-reference"), "captured-references"),
                             (("advise", "--remedy=deepbind,simbolic"), "symbolic"), (("--loader=glib:2.31",), "glibc"),
                             (("--loader=glibc-2.31",), "glibc:2.31"), (("--loader=musl1.2.4",), "musl:1.2.4"),
                             (("--set=gilbc.sort=dfs",), "glibc"), (("--set=glibc.sorts=dfs",), "sort"),
                             (("check", "--plan-name=pluggins", "--policy=policy.ini"), "plugins"),
                             (("check", "--plan-name=libary", "--policy=policy.ini"), "library")):
            answer = self.bindsim(*words, *([] if "check" in words else ["./app"]))
            self.assert_trouble(answer, f"did you mean {meant}?")
            self.assertNotIn("there are", answer.err)
        for words, one in ((("--format=xml",), "there are text"), (("--loader=glibc-2.99",), "there are glibc"), (("--show=names",), "format text has steps"),
                           (("explain", "--rule=nothing"), "there are captured-references"),
                           (("advise", "--remedy=prayer"), "there are deepbind")):
            answer = self.bindsim(*words, "./app")
            self.assert_trouble(answer, one)
            self.assertNotIn("did you mean", answer.err)

    def test_a_format_that_there_is_not(self):
        """Told are those that the command writes, and all of them, wherever the command stands."""
        self.program()
        every = self.bindsim("--format=nosuch", "./app").err.split("there are ")[1].split()
        for command, names in (("check", every), ("explain", ["text"]), ("loaders", ["text"]), ("log", None), ("scan", None),
                               ("advise", ["text", "json"]), ("diff", ["text", "json"]), ("order", ["text", "json"]),
                               ("verify", ["text", "json"])):
            for words in ((command, "--format=nosuch"), ("--format=nosuch", command), (command, "--report=nosuch:x", "-q")):
                answer = self.bindsim(*words, "./app")
                self.assert_trouble(answer, "'nosuch': unknown format; there are ")
                told = answer.err.split("there are ")[1].split()
                self.assertEqual(told, names or told, words)
            for name in set(every) - set(told):
                question = {"explain": ["--symbol=x", "./app"], "diff": ["./app", "./app"], "loaders": [], "verify": ["--run", "./app"]}.get(command, ["./app"])
                self.assert_trouble(self.bindsim(command, f"--format={name}", *question),
                                    "writes", f"not --format={name}")
            for name in told if command in ("scan", "log") else ():
                self.assertNotIn("not --format", self.bindsim(command, f"--format={name}", "./app").err)
        self.assertIn("html", self.bindsim("verify", "--pid=1", "--format=nosuch").err)

    def test_a_word_too_many(self):
        """What it may have been meant for is told."""
        for words, told in ((("./app", "./libhook.so"), "steps: --dlopen ./libhook.so"),
                            (("order", "./app", "lib/libhook.so.1"), "steps: --dlopen lib/libhook.so.1"),
                            (("./app", "explain"), "'explain' is one too many; a command stands before it: bindsim explain ..."),
                            (("explain", "hook", "./app"), "option: --symbol GLOB, --pair FROM,TO or --rule RULE"),
                            (("diff", "a", "b", "c"), "diff is about LEFT and RIGHT: 'c' is one too many"),
                            (("check", "./app", "libhook.so"), "one executable, directory or archive at a time: 'libhook.so'")):
            self.assert_trouble(self.bindsim(*words), told)
        self.file("here.so", "")
        self.assert_trouble(self.bindsim("./app", "here.so"), "steps: --dlopen ./here.so\n")
        self.assert_trouble(self.bindsim("./app", "nowhere.so"), "steps: --dlopen nowhere.so\n")
        for words in (("./app", "./some.sox"), ("./app", "./a.so/b"), ("explain", "--symbol=hook", "./app", "b")):
            self.assert_trouble(self.bindsim(*words), "is one too many\n")

    def test_an_object_that_is_not_there(self):
        """An empty listing is no answer about it."""
        self.program()
        for option in ("--from", "--to"):
            for words in (("explain",), ("--show=bindings",), ("--show=slots",), ()):
                self.assertIn(f"no object of this process is called 'nonesuch' ({option})",
                              self.bindsim(*words, f"{option}=nonesuch", "./app").out)
        self.object("libhook.so", HOOK)
        self.object("libhook.so.1.2.3", HOOK)
        for name, meant in (("libhook.so", "libhook.so.1.2.3"), ("libhok.so.1.2.3", "libhook.so.1.2.3"), ("ap", None)):
            out = self.bindsim("explain", f"--pair=app,{name}", "./app", "--dlopen=./libhook.so.1.2.3").out
            self.assertIn(f"'{name}' (--to); " + (f"did you mean {meant}?" if meant else "--show=objects"), out)
        for words in (("--from=app",), ("--to=app",), ("--from=libhook.so", "--dlopen=./libhook.so"), ("--symbol=nonesuch",)):
            self.assertNotIn("no object", self.bindsim("--show=bindings", *words, "./app").out)

    def test_a_directory_is_no_executable(self):
        (self.directory / "app").mkdir()
        for word in ("app", "./app", "."):
            self.assert_trouble(self.bindsim(word), f"{word}: Is a directory")
        self.assert_trouble(self.bindsim("absent"), "absent: No such file or directory")

    def test_an_option_that_is_too_short(self):
        answer = self.bindsim("--inhibit=x", "./app")
        self.assert_trouble(answer, "--inhibit may be any of --inhibit-cache, --inhibit-rpath")
        self.program()
        self.assertEqual(self.bindsim("--inhibit-c", "./app").status, 0)

    def test_short_options_in_one_word(self):
        self.assert_trouble(self.bindsim("-vZ", "./app"), "unknown option -Z;")
        self.assert_trouble(self.bindsim("./app", "-vo"), "-o needs a value")

    def test_missing_value(self):
        for word in ("--dlopen", "--env", "--library-path", "--preload", "--root", "--format", "--show", "-o", "--cpu"):
            self.assert_trouble(self.bindsim("./app", word), word, "needs a value")

    def test_value_where_none_is_taken(self):
        self.program()
        for word in ("--bind-now=1", "--no-env=yes", "--help=all"):
            self.assert_trouble(self.bindsim(word, "./app"), f"{word.partition('=')[0]} takes no value", word)

    def test_unknown_words(self):
        self.program()
        self.assert_trouble(self.bindsim("--format=yaml", "./app"), "yaml", "text", "ld-debug")
        self.assert_trouble(self.bindsim("--color=blue", "./app"), "blue", "auto")
        self.assert_trouble(self.bindsim("--show=bindings,names", "./app"), "'names'", "steps")
        self.assert_trouble(self.bindsim("--show=", "./app"), "''")
        self.assert_trouble(self.bindsim("--show=steps,", "./app"), "''")
        self.assert_trouble(self.bindsim("--loader=nonesuch", "./app"), "nonesuch")
        self.assert_trouble(self.bindsim("--cpu=x86-64-v9", "./app"), "x86-64-v9")

    def test_parts_belong_to_their_format(self):
        self.program()
        self.assert_trouble(self.bindsim("--show=mapped", "./app"), "'mapped'", "format text has", "pairs")
        self.assert_trouble(self.bindsim("--format=ld-debug", "--show=steps", "./app"), "'steps'", "ld-debug")
        self.assert_trouble(self.bindsim("--format=json", "--show=libs", "./app"), "'libs'", "json", "searches")
        # The format counts wherever it stands.
        self.assertEqual(self.bindsim("--show=mapped", "./app", "--format=ld-debug").status, 0)

    def test_parts_of_several_reports(self):
        """Each part must belong to one of them."""
        self.program()
        both = ["--format=ld-debug", "--report=ldd:report", "./app"]
        self.assertEqual(self.bindsim("--show=mapped,unused", *both).status, 0)
        (self.directory / "report").unlink()
        answer = self.bindsim("--show=mapped,searches", *both)
        self.assert_trouble(answer, "'searches'", "format ld-debug has", "format ldd has")
        self.assertFalse((self.directory / "report").exists())

    def test_reports(self):
        self.program()
        for word in ("json", "json:", "", ":file"):
            self.assert_trouble(self.bindsim("--report", word, "./app"), f"'{word.partition(':')[0]}")
        self.assert_trouble(self.bindsim("--report=yaml:file", "./app"), "--report 'yaml'", "ndjson")
        self.assertFalse((self.directory / "file").exists())

    def test_levels(self):
        self.program()
        for word in ("", "errors", "Error", "fatal"):
            self.assert_trouble(self.bindsim(f"--fail-on={word}", "./app"), f"'{word}'", "error, warning, note or none")

    def test_explain(self):
        self.program()
        self.assert_trouble(self.bindsim("explain", "./app"), "explain what?", "--symbol")
        self.assert_trouble(self.bindsim("explain", "--symbol=x"), "which executable?")
        self.assert_trouble(self.bindsim("explain", "--symbol=x", "--format=json", "./app"), "json")
        for word in ("", "app", "app,", ",app"):
            self.assert_trouble(self.bindsim("explain", f"--pair={word}", "./app"), f"'{word}'", "FROM,TO")
        self.assert_trouble(self.bindsim("explain", "--rule=nonesuch"), "'nonesuch'", "captured-references")
        self.assert_trouble(self.bindsim("--rule=captured-references", "./app"), "explain")

    def test_bad_variables(self):
        for word in ("NAME", "=value", ""):
            self.assert_trouble(self.bindsim("--env", word, "./app"), f"'{word}'", "NAME=VALUE")

    def test_places_that_are_not_there(self):
        self.program()
        self.assert_trouble(self.bindsim("--root=absent", "./app"), "absent", "No such file or directory")
        self.assert_trouble(self.bindsim("--cwd=absent", "./app"), "absent", "No such file or directory")


class OrderTest(CommandLineTest):
    """Options and steps may stand on both sides of the executable."""

    def setUp(self):
        super().setUp()
        self.program()
        for name in ("one.so", "two.so", "three.so"):
            self.object(name, HOOK)

    def mapped(self, *arguments, **options):
        answer = self.bindsim("--format=ld-debug", "--show=mapped", *arguments, **options)
        self.assertEqual(answer.status, 0, answer)
        last = answer.out.rpartition("bindsim: step ")[2]
        return [line.split()[3] for line in last.splitlines()[1:]]

    def test_before_and_after(self):
        steps = ["--dlopen", "./one.so", "--dlopen=./two.so", "--dlopen", "./three.so"]
        expected = ["./app", "./one.so", "./two.so", "./three.so"]
        self.assertEqual(self.mapped("./app", *steps), expected)
        self.assertEqual(self.mapped(*steps, "./app"), expected)
        self.assertEqual(self.mapped(*steps[:2], "./app", *steps[2:]), expected)
        # An environment that changes how getopt(3) works changes nothing here.
        self.assertEqual(self.mapped(*steps[:2], "./app", *steps[2:], env=environment(POSIXLY_CORRECT="1")), expected)

    def test_end_of_options(self):
        self.assertEqual(self.mapped("--dlopen=./one.so", "--", "./app"), ["./app", "./one.so"])
        self.assertEqual(self.mapped("./app", "--dlopen=./one.so", "--"), ["./app", "./one.so"])
        self.program("--help")
        self.assertEqual(self.mapped("--dlopen=./one.so", "--", "--help"), ["--help", "./one.so"])

    def test_an_option_given_twice(self):
        answer = self.bindsim("--format=text", "--format=ld-debug", "./app")
        self.assertTrue(answer.out.startswith("         0:\t"), answer)

    def test_two_runs_are_the_same(self):
        for form in ("text", "ld-debug"):
            arguments = [f"--format={form}", "./app", "--dlopen=./one.so:NOW,GLOBAL", "--dlopen=./absent.so"]
            answers = {self.bindsim(*arguments) for _ in range(3)}
            self.assertEqual(len(answers), 1)


class CommandTest(CommandLineTest):
    """The first word may be a command."""

    def test_a_file_of_that_name(self):
        self.program("explain")
        self.assertIn("./explain: ", self.bindsim("./explain").out)
        self.assert_trouble(self.bindsim("explain"), "which executable?")
        self.assertIn("in explain, step 0", self.bindsim("--symbol=hook", "explain", self.user("explain")).out)

    def user(self, name):
        """A program with a reference to hook."""
        self.program(name, "int hook(void); void _start(void) { hook(); }", str(self.object("libhook.so", HOOK)))
        return name

    def test_a_selection_of_nothing(self):
        """No heading stands over nothing."""
        self.user("app")
        lazily = "\nat the first call\n  app -> libhook.so  hook"
        self.assertIn(lazily, self.bindsim("--show=bindings", "--symbol=hook", "./app").out)
        for chosen in ("--symbol=other", "--from=libhook.so"):
            self.assertEqual(self.bindsim("--show=bindings", chosen, "./app").out.splitlines()[1:], [])
        for words, told in ((("--symbol=other",), "to a symbol 'other' is made in this process"),
                            (("--symbol=other", "--from=app"), "to a symbol 'other' is made by 'app'"),
                            (("--symbol=other", "--to=libhook.so"), "to a symbol 'other' is bound to 'libhook.so'"),
                            (("--symbol=other", "--pair=app,libhook.so"),
                             "to a symbol 'other' is made by 'app' and bound to 'libhook.so'")):
            answer = self.bindsim("explain", *words, "./app")
            self.assertEqual((answer.status, answer.out), (0, f"no reference {told}: nothing to explain\n"))

    def test_a_value_of_megabytes(self):
        """A message has the beginning of it, and the reason."""
        for character in ("x", "ä"):
            self.file("plan.json", '{"schema": "bindsim-plan-1", "executable": "./%s"}' % (character * 1000000))
            answer = self.bindsim("--plan=plan.json")
            self.assert_trouble(answer, f"bindsim: ./{character}", f"{character}...{character}", f"{character}: File name too long\n")
            self.assertLess(len(answer.err), 20000)

    def test_options_on_both_sides(self):
        self.user("app")
        answers = {self.bindsim(*words) for words in (
            ("explain", "--symbol=hook", "./app"), ("--symbol=hook", "explain", "./app"),
            ("explain", "./app", "--symbol", "hook"))}
        self.assertEqual(len(answers), 1, answers)
        answer = answers.pop()
        self.assertIn("bound to it", answer.out)
        # It is no command behind the executable.
        self.assert_trouble(self.bindsim("./app", "explain"), "one executable at a time")

    def test_a_command_that_was_mistyped(self):
        self.user("app")
        for word in ("explian", "explan", "Explain", "explains"):
            answer = self.bindsim(word, "--symbol=hook", "./app")
            self.assert_trouble(answer, f"'{word}' is no command, did you mean explain?", "'./app'")
        for word in ("./explian", "explode", "exp", "app"):
            self.assert_trouble(self.bindsim(word, "./app"), "one executable at a time: './app'")

    def test_in_a_file(self):
        self.user("app")
        out = self.bindsim("explain", "--symbol=hook", "./app").out
        self.assertEqual(self.bindsim("explain", "--symbol=hook", "-o", "file", "./app"), (0, "", ""))
        self.assertEqual((self.directory / "file").read_text(), out)

    def test_rule_needs_no_executable(self):
        answer = self.bindsim("explain", "--rule", "captured-references")
        self.assertEqual((answer.status, answer.err), (0, ""))
        self.assertTrue(answer.out.startswith("captured-references: "))


class HelpTest(CommandLineTest):
    """What needs no executable."""

    def test_version(self):
        for word in ("--version", "-V"):
            answer = self.bindsim(word)
            self.assertEqual((answer.status, answer.err), (0, ""))
            self.assertRegex(answer.out, r"\Abindsim \d+\.\d+\.\d+\n\Z")

    def test_help(self):
        for word in ("--help", "-h"):
            answer = self.bindsim(word)
            self.assertEqual((answer.status, answer.err), (0, ""))
            self.assertTrue(answer.out.startswith("Usage: bindsim [OPTION]... EXECUTABLE [STEP]...\n"))

    def test_nothing_to_ask_about(self):
        """The message names the help of the command."""
        self.assert_trouble(self.bindsim(), "which executable? Usage: bindsim [OPTION]... EXECUTABLE", "bindsim --help tells more")
        for command in ("advise", "order", "verify"):
            self.assert_trouble(self.bindsim(command), f"{command}: which executable? bindsim {command} --help tells how")
        self.assert_trouble(self.bindsim("-x"), "unknown option -x; bindsim help options lists all")

    def test_empty_names(self):
        """A script's variable was not set: the message says which value is empty."""
        for option, wanted in (("plan", "FILE"), ("output", "FILE"), ("library-db", "FILE"), ("core", "FILE"), ("root", "DIR"), ("cwd", "DIR")):
            self.assert_trouble(self.bindsim(f"--{option}=", "./app"), f"bindsim: --{option} '': {wanted} is wanted\n")
        for command, option, wanted in (("check", "policy", "FILE"), ("check", "host", "PROGRAM"), ("verify", "log", "FILE"),
                                        ("scan", "plugins", "DIR[:FLAGS]"), ("scan", "journal", "FILE"), ("order", "pairs", "DIR[:FLAGS]")):
            self.assert_trouble(self.bindsim(command, f"--{option}", "", "./app"), f"bindsim: --{option} '': {wanted} is wanted\n")
        for command in (("log",), ("scan",), ("scan", "--merge")):
            self.assert_trouble(self.bindsim(*command, ""), "bindsim: '': No such file or directory\n")
        self.program("app")
        self.assertEqual(self.bindsim("./app", "--dlopen=", "--library-path=", "--preload=").status, 0)

    def test_help_fits_a_terminal(self):
        for line in self.bindsim("--help").out.splitlines():
            self.assertLessEqual(len(line), 80, line)
            self.assertEqual(line, line.rstrip())

    def test_they_win_over_what_comes_later(self):
        self.assertEqual(self.bindsim("--version", "--unknown").status, 0)


class LibrariesTest(CommandLineTest):
    """What few questions need is opened by them alone."""

    def hide(self, name: str) -> dict[str, str]:
        """An environment in which the library NAME cannot be opened."""
        self.file(f"hidden/{name}", "no library")
        return environment(LD_LIBRARY_PATH=str(self.directory / "hidden"))

    def needed(self) -> str:
        done = subprocess.run(["readelf", "-d", BINDSIM], stdout=subprocess.PIPE, text=True, check=True)
        return done.stdout

    def test_nothing_optional_is_needed(self):
        for name in ("libdw", "libelf", "libjansson", "libarchive", "libz"):
            self.assertNotIn(name, self.needed())

    def test_the_file_says_what_it_opens(self):
        with open(BINDSIM, "rb") as file:
            notes = re.findall(rb'\[{"soname":\[.*?}\]', file.read())
        said = {name: entry for note in notes for entry in json.loads(note) for name in entry["soname"]}
        # It can be built without the last.
        self.assertEqual(set(said) - {"libarchive.so.13", "libsqlite3.so.0"}, {"libdw.so.1", "libelf.so.1", "libjansson.so.4"})
        for entry in said.values():
            self.assertEqual(set(entry), {"soname", "feature", "description", "priority"})

    def test_without_jansson(self):
        self.program()
        hidden = self.hide("libjansson.so.4")
        self.assertEqual(self.bindsim("./app", env=hidden).status, 0)
        for option in ("--format=json", "--format=ndjson", "--format=plan"):
            self.assert_trouble(self.bindsim(option, "./app", env=hidden), option.partition("=")[2], "libjansson.so.4")
        self.file("a.plan", "{}")
        self.assert_trouble(self.bindsim("--plan", "a.plan", env=hidden), "a.plan", "libjansson.so.4")

    def test_without_libarchive(self):
        self.program()
        hidden = self.hide("libarchive.so.13")
        self.assertEqual(self.bindsim("check", "--no-policy", "./app", env=hidden).status, 0)
        self.file("a.whl", b"PK\x03\x04")
        answer = self.bindsim("check", "--no-policy", "a.whl", env=hidden)
        self.assert_trouble(answer, "a.whl: ", "libarchive")
        if "built without" not in answer.err:
            self.assertIn("libarchive, which reads archives, is not there: ", answer.err)

    def test_without_libelf(self):
        self.program()
        hidden = self.hide("libelf.so.1")
        self.assertEqual(self.bindsim("./app", env=hidden).status, 0)
        turned = bytearray((self.directory / "app").read_bytes())
        turned[5] = 2  # EI_DATA: ELFDATA2MSB
        self.file("foreign", bytes(turned), 0o755)
        answer = self.bindsim("-v", "./foreign", env=hidden)
        self.assertEqual(answer.status, 2)
        self.assertIn("libelf.so.1", answer.err)


if __name__ == "__main__":
    unittest.main()
