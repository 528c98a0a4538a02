#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The completions at work, in the shells that are there."""

import contextlib
import os
import pty
import re
import select
import shutil
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import project

FLAGS = project.flags()
SECONDS = 20


class Terminal:
    """A shell at a terminal. A command called bindsim prints its arguments, so that what Tab made of them is seen."""

    def __init__(self, command, directory, environment):
        self.child, self.file = pty.fork()
        if self.child == 0:
            os.chdir(directory)
            os.execvpe(command[0], command, environment)
        self.seen = ""

    def send(self, text):
        os.write(self.file, text.encode())

    def until(self, pattern):
        """Reads on until PATTERN comes; what came counts once."""
        end = time.monotonic() + SECONDS
        while not (found := re.search(pattern, self.seen, re.DOTALL)):
            ready, _, _ = select.select([self.file], [], [], max(0, end - time.monotonic()))
            data = os.read(self.file, 65536) if ready else b""
            if not data:
                raise AssertionError(f"no {pattern!r} in {self.seen!r}")
            self.seen += data.decode("utf-8", "replace")
        self.seen = self.seen[found.end():]
        return found

    def complete(self, line):
        """The arguments that LINE and Tab lead to."""
        self.send(f"{line}\t\n")
        return self.until(r"\[\[(.*?)\]\]")[1].split(">")

    def close(self):
        self.send("\nexit\n")
        os.close(self.file)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.child, 0)


class Asked:
    """A shell that has read its completion and is asked for the replies to one line after the other: it takes longer to
    start than to answer. SCRIPT reads the words of a question, the line last, each up to a NUL, and prints the replies and a NUL."""

    def __init__(self, command, script):
        self.home = tempfile.TemporaryDirectory(prefix="bindsim-completion-")
        self.messages = tempfile.TemporaryFile()
        environment = {"PATH": os.environ["PATH"], "HOME": self.home.name, "TERM": "dumb", "LC_ALL": "C"}
        self.process = subprocess.Popen([*command, "-c", script], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.messages)

    def replies(self, *words):
        """A set; what was written to standard error is a failure."""
        line = words[-1]
        self.process.stdin.write(b"".join(os.fsencode(word) + b"\0" for word in words))
        self.process.stdin.flush()
        text = b""
        while not text.endswith(b"\0"):
            data = os.read(self.process.stdout.fileno(), 65536)
            assert data, f"{line}: the shell is gone: {self.said()}"
            text += data
        assert not self.said(), f"{line}: {self.said()}"
        return set(text[:-1].decode().splitlines())

    def said(self):
        """What it wrote to standard error."""
        return os.pread(self.messages.fileno(), 65536, 0)  # the place in the file is the shell's, too

    def close(self):
        self.process.communicate()
        self.messages.close()
        self.home.cleanup()


class ShellTest(unittest.TestCase):
    """A directory with a program and a library in it."""

    shell = "bash"
    question = ()  # the command and the script of a shell that can be asked
    asked = None

    @classmethod
    def setUpClass(cls):
        if cls.question and shutil.which(cls.shell):
            cls.asked = Asked(*cls.question)
            cls.addClassCleanup(cls.asked.close)

    def setUp(self):
        if shutil.which(self.shell) is None:
            self.skipTest(f"there is no {self.shell}")
        self.directory = Path(tempfile.mkdtemp(prefix="bindsim-completion-"))
        self.addCleanup(shutil.rmtree, self.directory)
        for name in ("program", "library.so", "one two.so"):
            (self.directory / name).touch()
        (self.directory / "program").chmod(0o755)
        (self.directory / "folder").mkdir()

    def more_files(self):
        """Files of all kinds."""
        for name in ("app.plan", "report.json", "policy.ini", "known.conf", "notes.txt", "wheel.whl", "image.tar.gz", "core.42",
                     "libother.so.1"):
            (self.directory / name).touch()

    def environment(self):
        return {"PATH": os.environ["PATH"], "HOME": str(self.directory), "TERM": "dumb", "LC_ALL": "C"}


class BashTest(ShellTest):
    """bash, asked for all replies and at a terminal."""

    # Each line has a process of its own, which changes nothing for the next one.
    question = (["bash", "--norc"], f'''. '{project.COMPLETIONS["bash"]}'
        while IFS= read -r -d '' directory && IFS= read -r -d '' mode && IFS= read -r -d '' COMP_LINE; do
            (cd "$directory" && eval "$mode" && COMP_POINT=${{#COMP_LINE}} && _bindsim </dev/null
             [[ ${{#COMPREPLY[@]}} == 0 ]] || printf "%s\\n" "${{COMPREPLY[@]}}")
            printf '\\0'
        done''')
    # What is typed, and the arguments that come of it and Tab.
    LINES = (
        ("bindsim --bi", ["--bind-now"]),
        ("bindsim --format=ld-", ["--format=ld-debug"]),
        ("bindsim expl", ["explain"]),
        ("bindsim --report=json:./lib", ["--report=json:./library.so"]),
        ("bindsim --dlopen=./lib", ["--dlopen=./library.so"]),
        ("bindsim --dlopen=library.so:DEEP", ["--dlopen=library.so:DEEPBIND"]),
        ("bindsim --dlopen library.so:NOW,DEEP", ["--dlopen", "library.so:NOW,DEEPBIND"]),
        ("bindsim --dlopen 'library.so:NOW|DEEP", ["--dlopen", "library.so:NOW|DEEPBIND"]),
        ("bindsim --dlopen='library.so:NOW|DEEP", ["--dlopen=library.so:NOW|DEEPBIND"]),
        ("bindsim program --dlopen=./library.so --dlclose=", ["program", "--dlopen=./library.so", "--dlclose=1"]),
        ("bindsim program --dlopen library.so:NOW --dlmopen library.so:NOW@", ["program", "--dlopen", "library.so:NOW", "--dlmopen", "library.so:NOW@1"]),
        ("bindsim check --no-p", ["check", "--no-policy"]),
        ("bindsim one", ["one two.so"]))

    def replies(self, line, mode=":"):
        """All replies to Tab at the end of LINE, as readline would insert them, in a shell that is in this MODE."""
        return self.asked.replies(self.directory, mode, line)

    def test_options(self):
        options = {f"--{option.name}" + ("=" if option.argument else "") for option in project.options()}
        options |= {f"--{option.name}" for option in project.options() if option.may_have}
        self.assertEqual(self.replies("bindsim --"), options)
        for command in (*project.commands(), "none"):
            options = {f"--{option.name}" + ("=" if option.argument else "") for option in project.options_of(command)}
            options |= {f"--{option.name}" for option in project.options_of(command) if option.may_have}
            word = "program" if command == "none" else command
            self.assertEqual(self.replies(f"bindsim {word} --"), options, command)
            self.assertEqual(self.replies(f"bindsim --color=never {word} --"), options, command)
            self.assertEqual(self.replies(f"bindsim --output check {word} --"), options, command)
        self.assertEqual(self.replies("bindsim program --bi"), {"--bind-now"})

    def test_values(self):
        self.assertEqual(self.replies("bindsim --format="), set(project.formats()))
        self.assertEqual(self.replies("bindsim --format "), set(project.formats()))
        for name, parts in project.formats().items():
            self.assertEqual(self.replies(f"bindsim --format={name} --show="), set(parts))
            self.assertEqual(self.replies(f"bindsim --format {name} --show "), set(parts))
            self.assertEqual(self.replies(f"bindsim --report {name}:file --show "), project.parts("text", name))
            self.assertEqual(self.replies(f"bindsim --format=ldd --report={name}:file --show="),
                             project.parts("ldd", name))
        self.assertEqual(self.replies("bindsim diff --show="), set(
            project.run("diff", "--show=?", "x", "y").stderr.partition("format text has ")[2].split()))
        self.assertEqual(self.replies("bindsim --show=steps,"),
                         {f"steps,{part}" for part in project.parts("text") - {"steps"}})
        self.assertEqual(self.replies("bindsim --fail-on="), project.levels())
        self.assertEqual(self.replies("bindsim --follow-dlopen-notes=re"), {"required", "recommended"})
        self.assertEqual(self.replies("bindsim --follow-dlopen-notes pro"), {"program"})
        self.assertEqual(self.replies("bindsim explain --rule "), {rule.slug for rule in project.rules()} | project.causes())
        self.assertEqual(self.replies("bindsim advise --rule "), {rule.slug for rule in project.rules()})
        self.assertEqual(self.replies("bindsim --report="), {f"{name}:" for name in project.formats()})
        self.assertEqual(self.replies("bindsim --report json:pro"), {"program"})
        self.assertEqual(self.replies("bindsim --color=a"), {"auto", "always"})
        self.assertEqual(self.replies("bindsim --loader=glibc:2.4"), {"2.40", "2.41", "2.42", "2.43", "2.44"})
        self.assertEqual(self.replies("bindsim --cwd="), {"folder"})

    def test_flags(self):
        self.assertEqual(self.replies("bindsim --dlopen=./library.so:"), FLAGS)
        self.assertEqual(self.replies("bindsim --dlopen ./library.so:"), FLAGS)
        self.assertEqual(self.replies("bindsim --dlopen ./library.so:NOW,L"), {"NOW,LAZY", "NOW,LOCAL", "NOW,LAZYLOAD"})
        self.assertEqual(self.replies("bindsim --dlopen ./library.so:LOCAL+LAZY,L"), {"LOCAL+LAZY,LAZYLOAD"})
        self.assertEqual(self.replies("bindsim --dlmopen=./library.so:"), FLAGS)

    def test_steps(self):
        self.assertEqual(self.replies("bindsim --dlsym "), {"DEFAULT:", "NEXT:"})
        self.assertEqual(self.replies("bindsim --dlsym=N"), {"NEXT:"})
        self.assertEqual(self.replies("bindsim --dlsym=NEXT:"), set())
        self.assertEqual(self.replies("bindsim --call lib"), {"library.so"})
        self.assertEqual(self.replies("bindsim --call=library.so:"), set())
        for option in ("plan", "init", "caller"):
            self.assertEqual(self.replies(f"bindsim --{option} lib"), {"library.so"})
        for option in ("dlclose", "end-init"):
            self.assertEqual(self.replies(f"bindsim --{option}="), set())

    def test_step_numbers(self):
        """Of the steps on the line those that open something; all are counted."""
        line = "bindsim program --dlopen ./a.so --dlsym=1:f --dlmopen=./b.so --call a.so:g --dlopen=./c.so:NOW "
        self.assertEqual(self.replies(f"{line} --dlclose "), {"1", "3", "5"})
        self.assertEqual(self.replies(f"{line} --dlclose="), {"1", "3", "5"})
        self.assertEqual(self.replies(f"{line} --dlsym "), {"DEFAULT:", "NEXT:", "1:", "3:", "5:"})
        self.assertEqual(self.replies(f"{line} --dlmopen ./library.so:NOW@"), {"@1", "@3", "@5"})
        self.assertEqual(self.replies("bindsim --plan x --dlopen ./a.so --dlclose "), set())

    def test_parts_of_commands(self):
        for command, words in (("advise", ["x"]), ("order", ["x"]), ("log", ["x"]), ("scan", ["--format=ndjson", "x"]), ("verify", ["--run", "x"]),
                               ("diff", ["x", "y"]), ("explain", ["--symbol=x", "x"])):
            known = project.run(command, "--show=?", *words).stderr.partition(" has ")[2].split()
            self.assertTrue(known, command)
            self.assertEqual(self.replies(f"bindsim {command} --show="), set(known), command)

    def test_formats_of_commands(self):
        for command, words in (("advise", ["x"]), ("order", ["x"]), ("log", ["x"]), ("scan", ["x"]), ("verify", ["--run", "x"]),
                               ("diff", ["x", "y"]), ("explain", ["--symbol=x", "x"]), ("loaders", [])):
            for name in project.formats():
                said = project.run(command, f"--format={name}", *words).stderr
                if "this bindsim was built without" in said:
                    continue
                refused = "format" in said
                self.assertEqual(name in self.replies(f"bindsim {command} --format="), not refused, (command, name))

    def test_kinds_of_files(self):
        self.more_files()
        self.assertEqual(self.replies("bindsim --plan "), {"app.plan", "report.json", "folder"})
        self.assertEqual(self.replies("bindsim check --policy="), {"policy.ini", "folder"})
        self.assertEqual(self.replies("bindsim --library-db="), {"known.conf", "folder"})
        self.assertEqual(self.replies("bindsim --core="), {"core.42", "folder"})
        self.assertEqual(self.replies("bindsim --plan n"), {"notes.txt"})
        self.assertEqual(self.replies("bindsim --dlopen "), {"library.so", "libother.so.1", "one two.so", "folder"})
        self.assertEqual(self.replies("bindsim explain "), {"program", "library.so", "libother.so.1", "one two.so", "folder"})
        self.assertEqual(self.replies("bindsim check w"), {"wheel.whl"})
        self.assertEqual(self.replies("bindsim check image"), {"image.tar.gz"})
        self.assertIn("notes.txt", self.replies("bindsim log "))
        self.assertEqual(self.replies("bindsim order --pairs=folder:DEEP"), {"DEEPBIND"})

    def test_words_of_commands(self):
        self.assertIn("musl", self.replies("bindsim loaders "))
        self.assertNotIn("program", self.replies("bindsim loaders "))
        self.assertEqual(self.replies("bindsim help "), project.commands() | {"options"})

    def test_files(self):
        self.assertEqual(self.replies("bindsim --dlopen=lib"), {"library.so"})
        self.assertEqual(self.replies("bindsim --bind-now pro"), {"program"})
        self.assertEqual(self.replies("bindsim explain pro"), {"program"})
        self.assertEqual(self.replies("bindsim -o "), {"program", "library.so", "one two.so", "folder"})
        self.assertEqual(self.replies("bindsim scan -j "), set())

    def test_recorded(self):
        """Behind -- stands a line of its own: its first word is a command."""
        self.assertIn("basename", self.replies("bindsim record -o x -- basena"))
        self.assertEqual(self.replies("bindsim record -- ./pro"), {"./program"})
        self.assertEqual(self.replies("bindsim record --children -- cat lib"), {"library.so"})
        self.assertEqual(self.replies("bindsim record -- cat --bin"), set())
        self.assertEqual(self.replies("bindsim record --chi"), {"--children"})

    def test_commands(self):
        words = {"program", "library.so", "one two.so", "folder"} | project.commands()
        for letter in {command[0] for command in project.commands()}:
            self.assertEqual(self.replies(f"bindsim {letter}"), {word for word in words if word[0] == letter})
        self.assertEqual(self.replies("bindsim loa"), {"loaders"})
        self.assertEqual(self.replies("bindsim "), words)
        self.assertEqual(self.replies("bindsim program e"), set())

    def test_modes(self):
        """Whatever the user has set in his shell."""
        (self.directory / "odd[1].so").touch()
        for line in ("bindsim ", "bindsim --", "bindsim check --po", "bindsim loaders --", "bindsim program --dlopen=od", "bindsim scan --plugins=",
                     "bindsim program --dlopen a --dlclose ", "bindsim program --dlopen=a:NOW,", "bindsim scan --show=", "bindsim scan od",
                     "bindsim --format=plan --show=", "bindsim --report=", "bindsim record -- ./", "bindsim --set glibc.", "bindsim x --dlsym "):
            usual = self.replies(line)
            for mode in ("set -u", "set -f", "set -o posix", "shopt -s nullglob", "shopt -s failglob", "shopt -s nocasematch", "IFS=:",
                         "IFS=$'\\n'", "IFS="):
                self.assertEqual(self.replies(line, mode), usual, f"{mode}: {line}")
        self.assertEqual(self.replies("bindsim program --dlopen=odd", "shopt -s nullglob"), {"odd[1].so"})

    def test_at_a_terminal(self):
        terminal = Terminal(["bash", "--norc", "--noprofile", "-i"], self.directory, self.environment())
        self.addCleanup(terminal.close)
        terminal.send("bind 'set enable-bracketed-paste off'; bindsim() { local IFS='>'; printf '[[%s]]\\n' \"$*\"; }\n")
        terminal.send(f". {project.COMPLETIONS['bash']}; echo re''ady\n")
        terminal.until("ready")
        for line, arguments in self.LINES:
            self.assertEqual(terminal.complete(line), arguments, line)

    def test_with_bash_completion(self):
        """The package finds the file by itself, where it is installed, and has changed what bash cuts words at."""
        package = os.environ.get("BASH_COMPLETION", "/usr/share/bash-completion/bash_completion")
        if not os.path.exists(package):
            self.skipTest("there is no bash-completion")
        place = self.directory / ".local/share/bash-completion/completions"
        place.mkdir(parents=True)
        shutil.copy(project.COMPLETIONS["bash"], place / "bindsim")
        terminal = Terminal(["bash", "--norc", "--noprofile", "-i"], self.directory, self.environment())
        self.addCleanup(terminal.close)
        terminal.send("bind 'set enable-bracketed-paste off'; bindsim() { local IFS='>'; printf '[[%s]]\\n' \"$*\"; }\n")
        terminal.send(f". {package}; echo re''ady\n")
        terminal.until("ready")
        for line, arguments in self.LINES:
            self.assertEqual(terminal.complete(line), arguments, line)


class ZshTest(ShellTest):
    """zsh at a terminal."""

    shell = "zsh"

    def test_at_a_terminal(self):
        for name in ("app.plan", "app.txt", "policy.ini", "policy.txt"):
            (self.directory / name).touch()
        terminal = Terminal(["zsh", "-f", "-i"], self.directory, self.environment())
        self.addCleanup(terminal.close)
        terminal.send(f"fpath=({project.COMPLETIONS['zsh'].parent} $fpath); autoload -U compinit; compinit -u -D\n")
        terminal.send("bindsim() { print -r -- \"[[${(j:>:)@}]]\" }; unsetopt beep; echo re''ady\n")
        terminal.until("ready")
        for line, arguments in (
                ("bindsim --bi", ["--bind-now"]),
                ("bindsim --format=ld-", ["--format=ld-debug"]),
                ("bindsim --format=ld-debug --show=map", ["--format=ld-debug", "--show=mapped"]),
                ("bindsim --format=json --show=sea", ["--format=json", "--show=searches"]),
                ("bindsim --report=ldd:x --show=unu", ["--report=ldd:x", "--show=unused"]),
                ("bindsim --report=nd", ["--report=ndjson:"]),
                ("bindsim --report=json:lib", ["--report=json:library.so"]),
                ("bindsim --format=pl", ["--format=plan"]),
                ("bindsim --plan=lib", ["--plan=library.so"]),
                ("bindsim --plan lib", ["--plan", "library.so"]),
                ("bindsim --dlsym=NE", ["--dlsym=NEXT:"]),
                ("bindsim scan -j prog", ["scan", "-j", "prog"]),
                ("bindsim --call=lib", ["--call=library.so:"]),
                ("bindsim --dlmopen=library.so:DEEP", ["--dlmopen=library.so:DEEPBIND"]),
                ("bindsim --fail-on=w", ["--fail-on=warning"]),
                ("bindsim --follow-dlopen-notes=s", ["--follow-dlopen-notes=suggested"]),
                ("bindsim --follow-dlopen-notes prog", ["--follow-dlopen-notes", "program"]),
                ("bindsim explain --rule=he", ["explain", "--rule=healed"]),
                ("bindsim expl", ["explain"]),
                ("bindsim --show=ste", ["--show=steps"]),
                ("bindsim --dlopen=library.so:DEEP", ["--dlopen=library.so:DEEPBIND"]),
                ("bindsim --dlopen=library.so:NOW,DEEP", ["--dlopen=library.so:NOW,DEEPBIND"]),
                ("bindsim --dlopen library.so:NOW,DEEP", ["--dlopen", "library.so:NOW,DEEPBIND"]),
                ("bindsim --dlopen library.so:NOW+DEEP", ["--dlopen", "library.so:NOW+DEEPBIND"]),
                ("bindsim --dlopen library.so:LAZY,LA", ["--dlopen", "library.so:LAZY,LAZYLOAD"]),
                ("bindsim --dlopen library.so:NOW\\|DEEP", ["--dlopen", "library.so:NOW|DEEPBIND"]),
                ("bindsim --color=al", ["--color=always"]),
                ("bindsim record -o x -- basenam", ["record", "-o", "x", "--", "basename"]),
                ("bindsim record -- cat lib", ["record", "--", "cat", "library.so"]),
                ("bindsim program --dlopen=./library.so --dlclose=", ["program", "--dlopen=./library.so", "--dlclose=1"]),
                ("bindsim program --dlopen ./library.so --dlclose ", ["program", "--dlopen", "./library.so", "--dlclose", "1"]),
                ("bindsim program --dlsym=f --dlopen=./library.so --dlmopen=library.so:NOW@",
                 ["program", "--dlsym=f", "--dlopen=./library.so", "--dlmopen=library.so:NOW@2"]),
                ("bindsim program --dlopen=./library.so --dlsym=1", ["program", "--dlopen=./library.so", "--dlsym=1:"]),
                ("bindsim check --no-p", ["check", "--no-policy"]),
                ("bindsim program --no-p", ["program", "--no-p"]),
                ("bindsim --color=never log --fro", ["--color=never", "log", "--from"]),
                ("bindsim log --roo", ["log", "--roo"]),
                ("bindsim order --show=ord", ["order", "--show=orders"]),
                ("bindsim scan --format=nd", ["scan", "--format=ndjson"]),
                ("bindsim order --pairs=folder:DEEP", ["order", "--pairs=folder:DEEPBIND"]),
                ("bindsim --plan=ap", ["--plan=app.plan"]),
                ("bindsim --policy=p", ["--policy=policy.ini"]),
                ("bindsim loaders mus", ["loaders", "musl"]),
                ("bindsim help opt", ["help", "options"]),
                ("bindsim prog", ["program"])):
            self.assertEqual(terminal.complete(line), arguments, line)

    def test_options_of_commands(self):
        """The filter of the file, asked as it is, for each command."""
        text = project.COMPLETIONS["zsh"].read_text()
        functions = text.partition("local command spec")[0].partition("# What is to be recorded")[0]
        specs = re.search(r"^specs=\(\n.*?^\)\n", text, re.MULTILINE | re.DOTALL)[0]
        for command in (*project.commands(), "none"):
            script = functions + f"command={command}\n" + specs + """
                for spec in $specs; do _bindsim_takes $spec && print -r -- ${${${spec#\\(*\\)}#\\*}%%[=\\[]*}; done"""
            done = subprocess.run(["zsh", "-f", "-c", script], text=True, capture_output=True, check=True)
            self.assertEqual(done.stderr, "")
            found = {word for word in done.stdout.split() if word.startswith("-")}
            self.assertEqual(found, set().union(*(option.spellings() for option in project.options_of(command))), command)

    def test_the_file_is_sound(self):
        subprocess.run(["zsh", "-n", project.COMPLETIONS["zsh"]], check=True)


class FishTest(ShellTest):
    """fish, which can be asked."""

    shell = "fish"
    question = (["fish", "--no-config"], f"""source '{project.COMPLETIONS["fish"]}'
        while read --null directory; and read --null line
            cd $directory
            complete -C $line
            printf '\\0'
        end""")

    def replies(self, line):
        return {reply.partition("\t")[0] for reply in self.asked.replies(self.directory, line)}

    def test_options(self):
        replies = {reply.removesuffix("=") for reply in self.replies("bindsim --")}
        self.assertEqual(replies, {f"--{option.name}" for option in project.options()})
        for command in (*project.commands(), "none"):
            word = "program" if command == "none" else command
            for before in ("", "--color=never ", "--output check "):
                replies = {reply.removesuffix("=") for reply in self.replies(f"bindsim {before}{word} --")}
                self.assertEqual(replies, {f"--{option.name}" for option in project.options_of(command)}, before + command)

    def test_step_numbers(self):
        line = "bindsim program --dlopen ./a.so --dlsym=1:f --dlmopen=./b.so --call a.so:g --dlopen=./c.so:NOW "
        self.assertEqual(self.replies(f"{line} --dlclose "), {"1", "3", "5"})
        self.assertEqual(self.replies(f"{line} --dlclose="), {"--dlclose=1", "--dlclose=3", "--dlclose=5"})
        self.assertEqual(self.replies(f"{line} --dlsym "), {"DEFAULT:", "NEXT:", "1:", "3:", "5:"})
        self.assertEqual(self.replies(f"{line} --dlmopen library.so:NOW@"), {f"library.so:NOW@{n}" for n in (1, 3, 5)})
        self.assertEqual(self.replies("bindsim --plan x --dlopen ./a.so --dlclose "), set())

    def test_of_commands(self):
        for command, parts in (("advise", {"clashes", "tried", "changes", "all-changes"}), ("scan", {"programs", "pairs", "notes", "objects", "exports", "bindings"})):
            self.assertEqual(self.replies(f"bindsim {command} --show="), {f"--show={part}" for part in parts})
        self.assertEqual(self.replies("bindsim scan --format "),
                         {"text", "json", "ndjson", "sqlite", "sarif", "junit", "github", "gitlab", "markdown"})
        self.assertIn("musl", self.replies("bindsim loaders "))
        self.assertEqual(self.replies("bindsim help "), project.commands() | {"options"})

    def test_kinds_of_files(self):
        self.more_files()
        self.assertEqual(self.replies("bindsim --plan "), {"app.plan", "report.json", "folder/"})
        self.assertEqual(self.replies("bindsim check --policy="), {"--policy=policy.ini", "--policy=folder/"})
        self.assertEqual(self.replies("bindsim --plan n"), {"notes.txt"})
        self.assertEqual(self.replies("bindsim --dlopen "), {"library.so", "libother.so.1", "one two.so", "folder/"})
        self.assertEqual(self.replies("bindsim explain "), {"program", "library.so", "libother.so.1", "one two.so", "folder/"})
        self.assertEqual(self.replies("bindsim check w"), {"wheel.whl"})

    def test_values(self):
        self.assertEqual(self.replies("bindsim --format="), {f"--format={name}" for name in project.formats()})
        for name, parts in project.formats().items():
            self.assertEqual(self.replies(f"bindsim --format={name} --show="), {f"--show={part}" for part in parts})
            self.assertEqual(self.replies(f"bindsim --format=ldd --report={name}:file --show="),
                             {f"--show={part}" for part in project.parts("ldd", name)})
        self.assertEqual(self.replies("bindsim --report=ldd:file --show="),
                         {f"--show={part}" for part in project.parts("text", "ldd")})
        self.assertEqual(self.replies("bindsim --show steps,"),
                         {f"steps,{part}" for part in project.parts("text") - {"steps"}})
        self.assertEqual(self.replies("bindsim --report="), {f"--report={name}:" for name in project.formats()})
        self.assertEqual(self.replies("bindsim --report json:./pro"), {"json:./program"})
        self.assertEqual(self.replies("bindsim --fail-on="), {f"--fail-on={level}" for level in project.levels()})
        self.assertEqual(self.replies("bindsim --follow-dlopen-notes=s"), {"--follow-dlopen-notes=suggested"})
        self.assertEqual(self.replies("bindsim explain --rule="),
                         {f"--rule={slug}" for slug in {rule.slug for rule in project.rules()} | project.causes()})
        self.assertEqual(self.replies("bindsim advise --rule="), {f"--rule={rule.slug}" for rule in project.rules()})

    def test_recorded(self):
        self.assertIn("basename", self.replies("bindsim record -o x -- basena"))
        self.assertEqual(self.replies("bindsim record -- cat lib"), {"library.so"})

    def test_commands(self):
        for command in project.commands():
            self.assertIn(command, self.replies(f"bindsim {command[0]}"))
            self.assertNotIn(command, self.replies(f"bindsim program {command[0]}"))

    def test_flags(self):
        self.assertEqual(self.replies("bindsim --dlopen=library.so:"),
                         {f"--dlopen=library.so:{flag}" for flag in FLAGS})
        self.assertEqual(self.replies("bindsim --dlmopen=library.so:"),
                         {f"--dlmopen=library.so:{flag}" for flag in FLAGS})
        self.assertEqual(self.replies("bindsim --dlopen library.so:LOCAL+LAZY,"),
                         {f"library.so:LOCAL+LAZY,{flag}" for flag in FLAGS - {"LOCAL", "LAZY"}})

    def test_files(self):
        self.assertIn("--dlopen=library.so", self.replies("bindsim --dlopen=lib"))
        self.assertIn("program", self.replies("bindsim prog"))
        self.assertEqual(self.replies("bindsim scan -j "), set())
        self.assertIn("--plan=library.so", self.replies("bindsim --plan=lib"))
        self.assertIn("library.so", self.replies("bindsim --plan lib"))

    def test_steps(self):
        self.assertEqual(self.replies("bindsim --dlsym="), {"--dlsym=DEFAULT:", "--dlsym=NEXT:"})
        self.assertEqual(self.replies("bindsim --format=p"), {"--format=plan"})


if __name__ == "__main__":
    unittest.main()
