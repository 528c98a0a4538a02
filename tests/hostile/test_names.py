#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Names that files choose, in every place that has one, and what comes of them in every format and message."""

import json
import os
import pty
import re
import shutil
import sqlite3
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from xml.etree import ElementTree

sys.path.append(str(Path(__file__).resolve().parents[1] / "cli"))
from harness import BINDSIM, CC, INTERPRETER, CommandLineTest, environment  # noqa: E402

# Escape sequences of terminals, line ends, commands of services, what is no UTF-8, C1 controls, marks that turn the direction of
# writing round, what means something to shells, HTML, Markdown, SQL, dot, XML and printf(3).
EVIL = b"\x1b[31m\x07\n::error::injected\r\x08\x7f\xc2\x9b31m%0A%n<b>evil</b>&\"'`|\\$(x);]]>--\t\xe2\x80\xae\xe2\x80\x8f\xf0\x9f\x98\x80"
NO_UTF8 = b"\xff\xc3(\xed\xa0\x80\xc0\x80"


def all_names(evil):
    """By use: EVIL as a file's name, as an entry in a list of lines and as one in a path; a version."""
    line = evil.replace(b"\n", b"")
    word = line.translate(bytes.maketrans(b":;$/", b"----"))
    return evil.replace(b"/", b"-"), line, word, b"V" + word


CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
MISLEADING = re.compile("[\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
FORMATS = ("text", "json", "ndjson", "plan", "sarif", "junit", "github", "gitlab", "markdown", "dot", "html")
RAW = ("ld-debug", "ldd")  # the loader's words


def sysv_hash(name):
    """That of version names."""
    h = 0
    for byte in name:
        h = (h << 4) + byte
        h = (h ^ (h & 0xf0000000) >> 24) & 0x0fffffff
    return h


def quoted(name):
    """As the assembler wants NAME."""
    return b'"' + name.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


def reverse(text):
    """The bytes that bindsim-json(5) says TEXT stands for."""
    if not text.startswith("\ufffd"):
        return text.encode()
    return re.sub(rb"\\(\\|x[0-9a-f]{2})", lambda m: b"\\" if m[1] == b"\\" else bytes([int(m[1][1:], 16)]), text[1:].encode())


class NamesTest(CommandLineTest):
    """An executable, what it needs and what it opens."""

    EVIL = EVIL

    @classmethod
    def setUpClass(cls):
        cls.place = os.path.realpath(tempfile.mkdtemp(prefix="bindsim-names-")).encode()
        cls.addClassCleanup(shutil.rmtree, cls.place, ignore_errors=True)
        cls.name, cls.line, cls.word, cls.version = all_names(cls.EVIL)
        cls.plain_version = b"V" * len(cls.version)
        cls.build()

    def setUp(self):
        self.directory = Path(os.fsdecode(self.place))

    @classmethod
    def build(cls):
        first, second = b"first" + cls.name + b".so", b"second" + cls.name + b".so"
        cls.first, cls.second = first, second
        cls.write(b"map", cls.plain_version + b" { f*; };")
        symbol = b"f" + cls.line.replace(b'"', b"").replace(b"\\", b"").replace(b"@", b"")
        define = b".globl %s\n.type %s,@function\n.size %s,4\n%s: ret; nop; nop; nop\n" % ((quoted(symbol),) * 4)
        use = b".globl use\nuse: call %s\n ret\n"
        missing = b"missing" + symbol
        cls.link(first, define + b".globl common\n.type common,@function\ncommon: ret\n", b"-shared", b"-soname", first, b"--version-script=map")
        cls.link(second, define + use % quoted(symbol) + b" call common@plt\n.globl common\n.type common,@function\ncommon: ret\n"
                  + b" call %s\n" % quoted(missing), b"-shared", b"-soname", second, b"-rpath", b"$ORIGIN/" + cls.word,
                  b"--unresolved-symbols=ignore-all", first)
        cls.link(b"app" + cls.name, b".globl _start\n_start: call common@plt\n ret\n", b"-pie", b"-rpath", b"$ORIGIN:" + cls.word, b"--dynamic-linker",
                  INTERPRETER.encode(), b"--no-as-needed", first)
        cls.app = b"./app" + cls.name
        cls.symbol = symbol
        cls.steps = [b"--dlopen=./" + second + b":LAZY", b"--dlopen=./absent" + cls.name, b"--dlsym=1:" + missing.partition(b"@")[0],
                      b"--dlsym=common", b"--dlopen=./text" + cls.name]
        cls.write(b"text" + cls.name, b"no ELF")

    @classmethod
    def write(cls, name, content):
        with open(cls.place + b"/" + name, "wb") as file:
            file.write(content)

    @classmethod
    def link(cls, name, source, *options):
        cls.write(b"source.s", b'.section .note.GNU-stack,"",@progbits\n.text\n' + source)
        subprocess.run([CC[0], "-c", "source.s", "-o", "source.o"], cwd=cls.place, check=True)
        subprocess.run(["ld", "-o", b"./" + name, "source.o", *options], cwd=cls.place, check=True)
        with open(cls.place + b"/" + name, "rb") as file:
            content = file.read()
        # No linker takes such versions from anybody.
        for old, new in ((cls.plain_version, cls.version), (struct.pack("<I", sysv_hash(cls.plain_version)), struct.pack("<I", sysv_hash(cls.version)))):
            content = content.replace(old, new)
        cls.write(name, content)
        os.chmod(cls.place + b"/" + name, 0o755)

    def ask(self, *arguments, **options):
        done = subprocess.run([BINDSIM, *arguments], cwd=self.directory, env=environment(), capture_output=True, check=False,
                              stdin=subprocess.DEVNULL, timeout=60, **options)
        self.assertIn(done.returncode, (0, 1, 2), done.stderr)
        if done.returncode:
            self.assertNotEqual(done.stderr, b"")
        self.assert_harmless(done.stderr, "stderr")
        for line in done.stderr.splitlines():
            self.assertTrue(line.startswith(b"bindsim: "), line)
        return done

    def assert_harmless(self, output, what):
        """A terminal shows it, and does nothing else."""
        text = output.decode("utf-8")  # or it is none
        found = CONTROL.search(text) or (MISLEADING.search(text) if what in ("text", "stderr", "stdout", *RAW) else None)
        if found:
            self.fail(f"{what}: {text[max(0, found.start() - 60):found.end() + 20]!r}")
        # The loader has line ends in names, too; nobody else sees them as such.
        if what not in RAW:
            self.assertNotRegex(text, "(?m)^::error::injected", what)

    def check_format(self, name, output):
        self.assert_harmless(output, name)
        text = output.decode()
        if name in ("json", "sarif", "gitlab", "plan"):
            json.loads(text)
        elif name == "ndjson":
            for line in text.splitlines():
                json.loads(line)
        elif name == "junit":
            ElementTree.fromstring(text)
        elif name in ("html", "markdown"):
            # What is fenced in is text.
            self.assertNotIn("<b>evil", re.sub("(?ms)^```text\n.*?\n```$", "", text) if name == "markdown" else text)
        elif name == "github":
            for line in text.splitlines():
                self.assertRegex(line, "^(::(error|warning|notice) |[^:])")
        elif name == "dot" and shutil.which("dot"):
            subprocess.run(["dot", "-Tsvg", "-o", "/dev/null"], input=output, check=True, stderr=subprocess.DEVNULL)

    def test_formats(self):
        for name in FORMATS:
            with self.subTest(format=name):
                self.check_format(name, self.ask("--format=" + name, self.app, *self.steps).stdout)

    def test_verdicts(self):
        for name in FORMATS:
            with self.subTest(format=name):
                self.check_format(name, self.ask("check", "--no-policy", "--format=" + name, self.app, *self.steps).stdout)

    def test_all_parts(self):
        for name, parts in (("text", "all"), ("json", "all"), ("ndjson", "all")):
            done = self.ask("--format=" + name, "--show=bindings,objects,steps,search,findings,scopes,versions", self.app, *self.steps)
            if done.returncode != 2:
                self.check_format(name, done.stdout)

    def test_names_can_be_told_from_json(self):
        document = json.loads(self.ask("--format=json", self.app, *self.steps).stdout)
        names = {reverse(made["name"]) for made in document["objects"] if made.get("name")}
        self.assertIn(b"./" + self.second, names)
        sonames = {reverse(made["soname"]) for made in document["objects"] if made.get("soname")}
        self.assertLessEqual({self.first, self.second}, sonames)

    def test_plan_is_the_same_question(self):
        plan = self.ask("--format=plan", self.app, *self.steps).stdout
        self.write(b"plan.json", plan)
        self.assertEqual(self.ask("--plan=plan.json", "--format=json").stdout, self.ask("--format=json", self.app, *self.steps).stdout)

    def test_database(self):
        self.ask("--format=sqlite", "-o", "base", self.app, *self.steps)
        with sqlite3.connect(self.directory / "base") as base:
            base.text_factory = bytes
            tables = [row[0].decode() for row in base.execute("select name from sqlite_master where type = 'table'")]
            for table in tables:
                for row in base.execute(f'select * from "{table}"'):
                    for value in row:
                        if isinstance(value, bytes):
                            value.decode("utf-8")

    def test_commands(self):
        other = [b"./" + self.second]
        commands = [["explain", b"--symbol=" + self.symbol.partition(b"@")[0], self.app, *self.steps], ["explain", "--symbol=common", self.app, *self.steps],
                    # A step asks, not an object.
                    ["explain", "--symbol=*", self.app, b"--dlsym=DEFAULT:" + self.symbol],
                    ["advise", self.app, *self.steps], ["order", self.app, *self.steps], ["order", "--pairs=.", self.app],
                    ["diff", self.app, *other], ["scan", "--libraries", "."], ["scan", self.app], ["check", "--no-policy", "."],
                    ["check", "--no-policy", "--host", self.app, "."], ["check", "--no-policy", "--gen-suppressions", self.app, *self.steps]]
        for command in commands:
            for name in ("text", "json"):
                with self.subTest(command=command[:2], format=name):
                    if command[0] == "explain" and name == "json":
                        continue
                    self.check_format(name if "--gen-suppressions" not in command else "text", self.ask(*command, "--format=" + name).stdout)

    def test_loaders_words_in_a_file(self):
        """They are as the loader has them: who compares them wants the bytes."""
        for name in RAW:
            self.assertIn(self.name, self.ask("--format=" + name, self.app, *self.steps).stdout)

    def on_a_terminal(self, *arguments):
        """What the tool writes there."""
        leader, follower = pty.openpty()
        with subprocess.Popen([BINDSIM, *arguments], cwd=self.directory, env=environment(), stdin=subprocess.DEVNULL, stdout=follower,
                              stderr=subprocess.DEVNULL) as process:
            os.close(follower)
            out = b""
            try:
                while piece := os.read(leader, 1 << 16):
                    out += piece
            except OSError:  # the end
                pass
            process.wait()
        os.close(leader)
        return out.replace(b"\r\n", b"\n")

    def test_loaders_words_on_a_terminal(self):
        for name, show in (("ld-debug", "--show=libs,files,scopes,bindings,versions,mapped,slots"), ("ldd", "-v")):
            out = self.on_a_terminal("--format=" + name, show, self.app, *self.steps)
            self.assertIn(b"first\\x1b[31m", out)
            self.assert_harmless(out, name)

    def test_words_of_the_command_line(self):
        for arguments in ([self.EVIL], [b"--" + self.EVIL], [b"--format=" + self.EVIL, self.app], [b"--plan=" + self.EVIL], [b"--loader=" + self.EVIL, self.app],
                          [b"--set=" + self.EVIL, self.app], [b"--root=" + self.EVIL, self.app], [b"--dlopen=" + self.EVIL, self.app], [b"--dlsym=" + self.EVIL, self.app],
                          [b"--dlclose=" + self.EVIL, self.app], [b"--caller=" + self.EVIL, "--dlopen=x", self.app], [b"--call=" + self.EVIL, self.app],
                          [b"--init=" + self.EVIL, "--end-init", self.app], [b"--show=" + self.EVIL, self.app], [b"--cpu=" + self.EVIL, self.app],
                          [b"--fail-on=" + self.EVIL, self.app], [b"--color=" + self.EVIL, self.app], [b"-o" + self.EVIL + b"/x", self.app], [b"--report=" + self.EVIL, self.app],
                          ["log", self.EVIL], ["diff", self.EVIL, self.EVIL], ["check", b"--policy=" + self.EVIL, self.app], ["check", b"--baseline=" + self.EVIL, self.app],
                          ["check", self.EVIL], ["scan", self.EVIL], ["scan", "--merge", self.EVIL], [b"--core=" + self.EVIL], [b"--pid=" + self.EVIL], ["loaders", self.EVIL],
                          ["explain", b"--symbol=" + self.EVIL, self.app], ["explain", b"--pair=" + self.EVIL, self.app], ["explain", b"--rule=" + self.EVIL],
                          ["advise", b"--remedy=" + self.EVIL, self.app], ["order", b"--pairs=" + self.EVIL, self.app], ["verify", b"--log=" + self.EVIL, self.app],
                          ["record", b"-o", "plan", "--", self.EVIL], [b"--library-db=" + self.EVIL, self.app], [b"--cwd=" + self.EVIL, self.app], [b"--preload=" + self.EVIL, self.app],
                          [b"--library-path=" + self.EVIL, self.app], [b"--argv0=" + self.EVIL, self.app], [b"--env=" + self.EVIL, self.app], [b"--env=LD_PRELOAD=" + self.EVIL, self.app],
                          [b"--env=LD_LIBRARY_PATH=" + self.EVIL, self.app], ["check", b"--today=" + self.EVIL, self.app], ["check", b"--plan-name=" + self.EVIL, self.app]):
            with self.subTest(arguments=arguments):
                self.assert_harmless(self.ask(*arguments).stdout, "stdout")

    def test_files_that_are_read(self):
        text = self.EVIL.decode("utf-8", "replace")
        content = [b'{"schema": "' + self.line + b'"}', b"{" + self.EVIL, b"[" + self.line + b"]\n" + self.line + b" = " + self.line + b"\n", b"[plan " + self.word + b"]\nexecutable = " + self.line,
                   b"     1:\tbinding file " + self.line + b" [0] to " + self.line + b" [0]: normal symbol `" + self.line + b"'\n     1:\t" + self.line + b": error: symbol lookup error: undefined symbol: "
                   + self.line + b" (fatal)\n", json.dumps({"schema": "x", text: text, "executable": text, "steps": [{"dlopen": text, text: 1}]}).encode()]
        for i, text in enumerate(content):
            self.write(b"read" + self.name, text)
            path = b"read" + self.name
            for arguments in ([b"--plan=" + path], ["check", b"--policy=" + path, self.app], ["check", "--no-policy", b"--baseline=" + path, self.app],
                              [b"--library-db=" + path, self.app], ["log", path], ["log", "--format=json", path], ["verify", b"--log=" + path, self.app],
                              ["diff", path, self.app], ["scan", "--merge", path], [b"--core=" + path], [path]):
                with self.subTest(content=i, arguments=arguments):
                    self.assert_harmless(self.ask(*arguments).stdout, "stdout")

    def test_archives(self):
        tree = self.place + b"-tree"
        self.addCleanup(shutil.rmtree, tree)
        os.makedirs(tree + os.path.dirname(INTERPRETER).encode())
        shutil.copytree(self.place, tree + b"/usr/bin")
        shutil.copy(self.place + b"/" + self.first, tree + INTERPRETER.encode())
        subprocess.run(["tar", "-cf", self.place + b"/archive.tar", "-C", tree, "."], check=True)
        archives = ["archive.tar"]
        if NO_UTF8 not in self.EVIL:  # which Python's own writer of such archives does not know
            archives.append("archive.whl")
            subprocess.run([sys.executable, "-m", "zipfile", "-c", self.place + b"/archive.whl", tree + b"/usr/bin/" + self.first, tree + b"/usr/bin/" + self.second],
                           check=True)
        for archive in archives:
            for name in ("text", "json", "junit", "github"):
                done = self.ask("check", "--no-policy", "--format=" + name, archive)
                self.check_format(name, done.stdout) if done.stdout else self.assertEqual(done.returncode, 2)

    def test_root(self):
        root = self.place + b"/root" + self.name
        os.makedirs(root + os.path.dirname(INTERPRETER).encode())
        os.makedirs(root + b"/etc")
        shutil.copy(self.place + b"/" + self.first, root + INTERPRETER.encode())
        shutil.copy(self.place + b"/app" + self.name, root + b"/app")
        self.write(b"root" + self.name + b"/etc/ld.so.preload", self.line)
        self.write(b"root" + self.name + b"/etc/ld.so.conf", self.line + b"\ninclude " + self.line + b"\nhwcap " + self.line + b"\n")
        for arguments in (["/app"], ["--ldconfig", "/app"], ["-v", "/app"]):
            self.assert_harmless(self.ask(b"--root=" + root, *arguments).stdout, "stdout")

    def test_interpreter(self):
        self.link(b"odd", b".globl _start\n_start: ret\n", b"-pie", b"--dynamic-linker", b"/" + self.line, self.first)
        self.write(b"script", b"#!/" + self.line + b"\n")
        for path in ("./odd", "./script"):
            self.assertEqual(self.ask(path).returncode, 2)


class NoUtf8Test(NamesTest):
    """The same with bytes that are no characters."""

    EVIL = EVIL + NO_UTF8


if __name__ == "__main__":
    unittest.main()
