#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bindsim scan: all programs below a path in one run, in parts, and after a kill."""

import itertools
import json
import os
import platform
import pty
import random
import resource
import shutil
import signal
import struct
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from harness import BINDSIM, CC, INTERPRETER, PROGRAM, CommandLineTest, build, environment
from scans import of_record, of_report

CODEC = "int codec_open(void) {{ return {0}; }} int codec_read(void) {{ return {0}; }} int codec_close(void) {{ return {0}; }}"
CARRIER = CODEC + "int use_{0}(void) {{ return codec_open() + codec_read() + codec_close(); }}"
USER = "int use_{0}(void); void _start(void) {{ use_{0}(); }}"


REALTIME_COARSE = 5  # CLOCK_REALTIME_COARSE of Linux, which Python has no name for

SHARED = Path(os.path.realpath(tempfile.mkdtemp(prefix="bindsim-scan-")))


def setUpModule():
    """Two libraries that clash, and three programs: one that finds both, one that needs none, one that finds none."""
    for number, name in enumerate(("one", "two")):
        build(SHARED / f"lib/libcodec-{name}.so", CARRIER.format(number), "-shared", "-fPIC", f"-Wl,-soname,libcodec-{name}.so")
    libraries = [f"-L{SHARED}/lib", "-l:libcodec-one.so", "-l:libcodec-two.so", "-pie", "-fPIE", "-Wl,-z,now"]
    build(SHARED / "bin/clash", "int use_0(void); int use_1(void); void _start(void) { use_0(); use_1(); }", *libraries,
          f"-Wl,-rpath,{SHARED}/lib")
    build(SHARED / "bin/broken", USER.format(0), *libraries[:2], *libraries[3:])
    build(SHARED / "bin/sound", PROGRAM, "-pie", "-fPIE")


def tearDownModule():
    shutil.rmtree(SHARED, ignore_errors=True)


class ScanTest(CommandLineTest):
    """What the tests share: copies of these files."""

    def setUp(self):
        super().setUp()
        self.libraries()

    def libraries(self):
        for part in ("bin", "lib"):
            shutil.copytree(SHARED / part, self.directory / part)

    def clashing(self, name):
        """A program that needs both libraries and finds them."""
        shutil.copy(SHARED / "bin/clash", self.directory / name)

    def scan(self, *arguments, status=None, **options):
        """The lines of the answer as a stream, held against the schema, and its text."""
        answer = self.bindsim("scan", "--format=ndjson", *arguments, **options)
        if status is not None:
            self.assertEqual(answer.status, status, answer)
        lines = [json.loads(line) for line in answer.out.splitlines()]
        for line in lines:
            self.assert_valid(line, "bindsim-scan-1")
        self.assertEqual(answer.status, 1 if lines[-1]["reason"] else 0)
        self.assertEqual([line["type"] for line in lines if line["type"] != "file"], ["scan"] + ["program"] * lines[-1]["runs"]
                         + ["pair"] * lines[-1]["pairs"] + ["end"])
        return lines

    def programs(self, lines):
        return {os.path.basename(line["path"]): line for line in lines if line["type"] == "program"}


class SubjectsTest(ScanTest):
    """Which files are asked about."""

    def paths(self, *arguments, **options):
        return [line["path"] for line in self.scan(*arguments, **options) if line["type"] == "program"]

    def test_programs_of_a_directory(self):
        self.file("bin/script", "#!/bin/sh\n", 0o755)
        self.file("bin/data", "data")
        self.file("bin/empty", "")
        subprocess.run([*CC, "-nostdlib", "-static", "-o", "bin/static", "-x", "c", "-"], cwd=self.directory, check=True,
                       input=b"void _start(void) {}")
        lines = self.scan("bin", "lib")
        self.assertEqual([line["path"] for line in lines[1:4]], ["./bin/broken", "./bin/clash", "./bin/sound"])
        self.assertEqual(lines[0]["skipped"], {"static": 1, "scripts": 1, "foreign": 0, "other": 4, "unreadable": 0})
        self.assertEqual(lines[0]["programs"], 3)

    def test_a_file_counts_once(self):
        """By the first of its own names; a link counts where the file has no other name."""
        os.link(self.directory / "bin/sound", self.directory / "bin/again")
        (self.directory / "bin/aaa").symlink_to("sound")
        (self.directory / "bin/dangling").symlink_to("nothing")
        (self.directory / "loop").mkdir()
        (self.directory / "loop/back").symlink_to("..")
        (self.directory / "other").mkdir()
        (self.directory / "other/link").symlink_to("../bin/sound")
        self.assertEqual(self.paths("bin"), ["./bin/again", "./bin/broken", "./bin/clash"])
        self.assertEqual(self.paths("other", "loop"), ["./other/link"])
        self.assertEqual(self.paths("bin/aaa", "bin/sound"), ["bin/sound"])
        self.assertEqual(self.paths("-", input=b"other/link\nbin\n"), ["./bin/again", "./bin/broken", "./bin/clash"])
        self.assertEqual(self.paths("other/link", "bin/aaa"), ["bin/aaa"])

    def test_what_nobody_may_execute(self):
        """It is no program, as execve(2) has it, unless it is named, or the modes of the whole tree were lost."""
        for name in ("sound", "clash"):
            (self.directory / "bin" / name).chmod(0o644)
        os.link(self.directory / "bin/sound", self.directory / "bin/again")
        (self.directory / "bin/link").symlink_to("clash")
        self.file("bin/script", "#!/bin/sh\n", 0o644)
        for jobs in ("-j1", "-j4"):
            lines = self.scan("bin", jobs)
            self.assertEqual([line["path"] for line in lines if line["type"] == "program"], ["./bin/broken"])
            self.assertEqual(lines[0]["skipped"], {"static": 0, "scripts": 0, "foreign": 0, "other": 3, "unreadable": 0})
            self.assertEqual(self.paths("bin", "bin/sound", jobs), ["./bin/broken", "bin/sound"])
            self.assertEqual(self.paths("-", jobs, input=b"bin\nbin/again\n"), ["./bin/broken", "bin/again"])
            self.assertEqual(self.paths("bin", "--libraries", jobs), ["./bin/again", "./bin/broken", "./bin/clash"])
        (self.directory / "bin/broken").chmod(0o644)
        for jobs in ("-j1", "-j4"):
            lines = self.scan("bin", jobs)
            self.assertEqual([line["path"] for line in lines if line["type"] == "program"],
                             ["./bin/again", "./bin/broken", "./bin/clash"])
            self.assertEqual(lines[0]["skipped"], {"static": 0, "scripts": 1, "foreign": 0, "other": 0, "unreadable": 0})
        # A link says nothing of the tree that it is in.
        self.program("outside", PROGRAM).chmod(0o755)
        (self.directory / "bin/outside").symlink_to("../outside")
        self.assertEqual(self.paths("bin"), ["./bin/again", "./bin/broken", "./bin/clash", "./bin/outside"])
        (self.directory / "bin/outside").unlink()
        for mode in (0o100, 0o010, 0o001):
            (self.directory / "bin/clash").chmod(mode)
            self.assertEqual(self.paths("bin"), ["./bin/clash"])

    def test_many_directories(self):
        """Some threads walk through them; what they find hangs on none."""
        for number in range(300):
            place = self.directory / f"deep/{number % 7}/{number % 11}/{number}"
            place.mkdir(parents=True)
            shutil.copy(self.directory / "bin/sound", place / "own")
            (place / "data").write_text("x")
            os.link(self.directory / "bin/clash", place / "clash")
        answers = {self.bindsim("scan", "--format=ndjson", "deep", f"-j{jobs}").out for jobs in (1, 2, 3, 4, 8)}
        self.assertEqual(len(answers), 1)
        lines = [json.loads(line) for line in answers.pop().splitlines()]
        self.assertEqual((lines[0]["programs"], lines[0]["skipped"]["other"]), (301, 300))

    def test_lists(self):
        names = ["./bin/sound", "bin/clash", "./bin/broken"]
        expected = ["./bin/broken", "./bin/sound", "bin/clash"]
        self.assertEqual(self.paths("-", input="\n".join(names).encode()), expected)
        self.assertEqual(self.paths("-0", input="\0".join(names).encode()), expected)
        self.assertEqual(self.paths("--null", "-", input=("\0".join(names) + "\0").encode()), expected)
        self.assertEqual(self.paths("-", input=b"lib\nbin\n"), ["./bin/broken", "./bin/clash", "./bin/sound"])
        self.assertIsNone(self.scan("-0", input=b"bin")[0]["paths"])

    def test_names_of_all_kinds(self):
        for name in ("a b", "new\nline", "quo\"te", "\udcff", "\ufffd"):
            os.link(self.directory / "bin/sound", self.directory / "bin" / name)
        self.assertEqual(self.paths("-0", input="bin/new\nline\0".encode()), ["bin/new\nline"])
        found = self.bindsim("scan", "--format=ndjson", "-o", "odd.nd", "-0", input=b"./bin/\xff")
        self.assertEqual(found.status, 0)
        self.assertEqual("\ufffd./bin/\\xff", json.loads((self.directory / "odd.nd").read_text().splitlines()[1])["path"])
        self.bindsim("scan", "--format=ndjson", "--show=objects", "-o", "objects.nd", "-0", input=b"./bin/\xff")
        self.assertEqual(self.bindsim("scan", "--show=objects", "-0", input=b"./bin/\xff").out,
                         self.bindsim("scan", "--merge", "--show=objects", "objects.nd").out)

    def test_libraries(self):
        lines = self.scan("--libraries", "lib")
        self.assertEqual([(line["path"], line["library"]) for line in lines[1:-1]],
                         [("./lib/libcodec-one.so", True), ("./lib/libcodec-two.so", True)])
        self.assertEqual(self.paths("lib"), [])

    def test_a_root(self):
        """Paths are inside it; links lead nowhere else; what the kernel makes is left out at its top."""
        for name in ("usr/bin/sound", "proc/sound", "srv/dev/sound"):
            self.program(f"root/{name}")
        (self.directory / "root/lib64").mkdir()
        shutil.copy(INTERPRETER, self.directory / "root/lib64")
        (self.directory / "root/bin").symlink_to("/usr/bin")
        (self.directory / "root/usr/bin/away").symlink_to(self.directory / "bin/clash")
        self.assertEqual(self.paths("--root", "root", status=0), ["/srv/dev/sound", "/usr/bin/sound"])
        self.assertEqual(self.paths("--root=root", "bin", status=0), ["/usr/bin/sound"])
        self.assertEqual(self.paths("--root=root", "/proc", status=0), ["/proc/sound"])

    def test_trouble(self):
        for arguments, words in (
                ([], ["which programs"]),
                (["nowhere"], ["nowhere", "No such file"]),
                (["-", "bin"], ["bin", "too many"]),
                (["-j0", "bin"], ["--jobs '0'"]),
                (["-j", "1x", "bin"], ["--jobs '1x'"]),
                (["--memory=1", "bin"], ["--memory '1'"]),
                (["--shard=3/2", "bin"], ["--shard '3/2'"]),
                (["--shard=0/2", "bin"], ["--shard '0/2'"]),
                (["--shard=1", "bin"], ["--shard '1'"]),
                (["--format=html", "bin"], ["html", "bindsim --format=html PROGRAM"]),
                (["--show=bindings", "bin"], ["bindings"]),
                (["--symbol=x", "bin"], ["--symbol"]),
                (["--pair=a,b", "bin"], ["--pair"]),
                (["--plan=p", "bin"], ["--plan"]),
                (["--proof=all", "bin"], ["--proof=all"]),
                (["--follow-dlopen-notes", "bin"], ["--follow-dlopen-notes"]),
                (["--libraries", "--dlopen=x", "bin"], ["--libraries"]),
                (["--plugins=nowhere", "bin"], ["nowhere"]),
                (["--plugins=bin", "bin"], ["--plugins bin", "no shared object"]),
                (["--policy=nowhere", "bin"], ["nowhere", "No such file"]),
                (["--policy=x", "--no-policy", "bin"], ["--policy", "--no-policy"]),
                (["--baseline=nowhere", "bin"], ["nowhere", "No such file"]),
                (["--plan-name=x", "bin"], ["--plan-name", "check"]),
                (["--write-baseline=x", "--shard=1/2", "bin"], ["--write-baseline", "--merge"]),
                (["--gen-suppressions", "--format=json", "bin"], ["--gen-suppressions", "json"]),
                (["--merge", "--policy=x", "x"], ["--merge", "--policy"]),
                (["--merge", "--today=2026-01-01", "x"], ["--merge", "--today"]),
                (["--merge"], ["--merge"]),
                (["--merge", "--shard=1/2", "x"], ["--merge", "--shard"]),
                (["--merge", "--root=/", "x"], ["--merge", "--root"]),
                (["--merge", "nowhere"], ["nowhere"])):
            self.assert_trouble(self.bindsim("scan", *arguments), *words)
        self.assert_trouble(self.bindsim("scan", "-", input=b"bin\0lib"), "standard input", "--null")
        self.assert_trouble(self.bindsim("scan", "-", input=b"bin\nnowhere\n"), "nowhere")
        self.assert_trouble(self.bindsim("--use-env", "bin/sound"), "--use-env", "check and scan")
        self.assert_trouble(self.bindsim("--jobs=1", "bin/sound"), "--jobs", "scan")
        for option in ("--policy=x", "--no-policy", "--baseline=x", "--write-baseline=x", "--gen-suppressions", "--today=2026-01-01"):
            self.assert_trouble(self.bindsim(option, "bin/sound"), option.split("=")[0], "check and scan")

    def test_what_cannot_be_read(self):
        self.file("bin/secret", "x", 0o000)
        (self.directory / "bin/closed").mkdir(mode=0o000)
        answer = self.bindsim("scan", "bin/sound", "bin", "--format=json", **self.unprivileged())
        self.assertEqual(json.loads(answer.out)["skipped"]["unreadable"], 1)
        (self.directory / "bin/secret").chmod(0o011)
        answer = self.bindsim("scan", "bin/sound", "bin", "--format=json", **self.unprivileged())
        self.assertEqual(json.loads(answer.out)["skipped"]["unreadable"], 2)
        self.assertIn("what cannot be read is left out: 2 in all, the first: ./bin/closed: Permission denied\n", answer.err)

    def test_what_can_be_listed_only(self):
        """A directory, of which no file can be opened, is no reason to say nothing of the others."""
        (self.directory / "listed").mkdir()
        shutil.copy(self.directory / "bin/sound", self.directory / "listed/sound")
        (self.directory / "listed").chmod(0o444)
        answer = self.bindsim("scan", "bin/sound", "listed", "--format=json", **self.unprivileged())
        (self.directory / "listed").chmod(0o755)
        self.assertEqual((answer.status, json.loads(answer.out)["programs"], json.loads(answer.out)["skipped"]["unreadable"]), (0, 1, 1))
        self.assertIn("what cannot be read is left out: 1 in all, the first: ./listed/sound: Permission denied\n", answer.err)


class RunsTest(ScanTest):
    """What is said of a program is what its own run says."""

    def test_findings_and_refusals(self):
        lines = self.scan("bin", status=1)
        programs = self.programs(lines)
        self.assertEqual({name: line["outcome"] for name, line in programs.items()},
                         {"broken": "refused", "clash": "ok", "sound": "ok"})
        [refusal] = programs["broken"]["refusals"]
        self.assertIn("libcodec-one.so", refusal["message"])
        [finding] = [f for f in programs["clash"]["findings"] if f["level"] == "error"]
        self.assertEqual((finding["from"]["lasting"], finding["to"]["lasting"], finding["symbols"]),
                         ("libcodec-two", "libcodec-one", 3))
        self.assertCountEqual(finding["examples"], ["codec_open", "codec_read", "codec_close"])
        self.assertEqual(programs["sound"]["findings"], [])
        self.assertEqual((lines[-1]["reason"], lines[-1]["refused"], lines[-1]["with_errors"], lines[-1]["sound"]),
                         ("refusal", 1, 1, 1))

    def test_the_same_as_single_runs(self):
        """Level for level, rule for rule, object for object."""
        lines = self.scan("bin", "--show=programs,pairs,notes,objects")
        for line in lines[1:4]:
            single = self.bindsim("check", "--no-policy", "--format=json", "--show=findings,objects,steps,mapped", line["path"])
            self.assertEqual(of_record(line), of_report(json.loads(single.out)))

    def test_programs_that_share_a_library(self):
        """What was found out for one holds for the next but for the names that it defines itself."""
        own = ["", "int codec_open(void) { return 5; }", "", "int codec_open(void) { return 6; } int codec_read(void) { return 6; }"]
        link = [f"-L{SHARED}/lib", "-l:libcodec-one.so", f"-Wl,-rpath,{SHARED}/lib", "-Wl,--export-dynamic"]
        for number in range(12):
            now = ["-Wl,-z,now"] if number % 5 == 4 else []
            self.program(f"alike/{number:02}", USER.format(0) + own[number % len(own)], *link, *now)
        lines = self.scan("alike", "-j1", "--show=programs,pairs,notes,objects")
        captured = [[finding["symbols"] for finding in line["findings"] if finding["rule"] == "captured-references"]
                    for line in lines if line["type"] == "program"]
        self.assertEqual(captured, [[], [1], [], [2]] * 3)
        for line in lines[1:13]:
            single = self.bindsim("check", "--no-policy", "--format=json", "--show=findings,objects,steps,mapped", line["path"])
            self.assertEqual(of_record(line), of_report(json.loads(single.out)))

    @unittest.skipUnless(platform.machine() == "x86_64", "it writes a type of relocation for x86-64")
    def test_what_fails_behind_another_failure(self):
        """A program that is refused tells but the first reason; the next has the second one for itself."""
        self.object("part/libdata.so", "int datum;", "-Wl,-soname,libdata.so")
        # No linker writes a type that no loader knows. The addend shows where it belongs.
        odd = self.object("part/libodd.so", "extern char datum[]; char *place = datum + 0x5a5a5a5a;", "-Wl,-soname,libodd.so",
                          "-nostdlib")
        data = odd.read_bytes()
        at = data.index(struct.pack("<Q", 0x5a5a5a5a)) - 8
        odd.write_bytes(data[:at] + b"\xc8" + data[at + 1:])
        self.object("part/libopen.so", "extern int nowhere; int *place = &nowhere;", "-Wl,-soname,libopen.so", "-nostdlib")
        link = [f"-L{self.directory}/part", f"-Wl,-rpath,{self.directory}/part", "-Wl,--no-as-needed",
                "-Wl,--unresolved-symbols=ignore-all", "-lodd", "-ldata"]
        self.program("turn/a", PROGRAM, *link, "-lopen")
        self.program("turn/b", PROGRAM, *link)
        messages = {name: line["refusals"][0]["message"]
                    for name, line in self.programs(self.scan("turn", "-j1", status=1)).items()}
        self.assertIn("undefined symbol: nowhere", messages["a"])
        self.assertIn("unexpected reloc type 0xc8", messages["b"])

    def test_pairs(self):
        for number in range(3):
            os.makedirs(self.directory / f"more/{number}")
            self.clashing(f"more/{number}/clash")
        lines = self.scan("more", "bin/clash")
        pairs = {(line["rule"], line["from"], line["to"]): line for line in lines if line["type"] == "pair"}
        error = next(line for line in pairs.values() if line["level"] == "error")
        self.assertEqual((error["from"], error["to"], error["programs"], error["most_symbols"]),
                         ("libcodec-two", "libcodec-one", 4, 3))
        self.assertEqual(error["examples"], ["./more/0/clash", "./more/1/clash", "./more/2/clash", "bin/clash"])
        levels = [line["level"] for line in lines if line["type"] == "pair"]
        self.assertEqual(levels, sorted(levels))  # "error" sorts before "warning"

    def test_steps_belong_to_every_program(self):
        plugin = f"{SHARED}/lib/libcodec-two.so"
        lines = self.scan(f"--dlopen={plugin}:GLOBAL", "bin/sound", "bin/clash")
        self.assertEqual(lines[0]["steps"], [f"dlopen {plugin}"])
        self.assertEqual([line["objects"] for line in lines[1:3]], [3, 2])

    def test_plugins(self):
        self.object("plug/liba.so", CARRIER.format(7))
        self.object("plug/libb.so", CARRIER.format(8))
        lines = self.scan("--plugins=plug:GLOBAL", "bin/sound", "bin/clash", "bin/broken")
        runs = [(line["path"], line["plugin"], line["plugins"]) for line in lines if line["type"] == "program"]
        each = [(None, 0), ("plug/liba.so", 1), ("plug/libb.so", 1), ("plug", 2)]
        self.assertEqual(runs, [(path, *rest) for path in ("bin/broken", "bin/clash", "bin/sound") for rest in each])
        by_run = {(line["path"], line["plugin"]): line for line in lines if line["type"] == "program"}
        # Alone neither plugin meets the other; what clash has without them is not told again.
        self.assertEqual(by_run["bin/sound", "plug/liba.so"]["findings"], [])
        self.assertEqual({f["from"]["lasting"] for f in by_run["bin/sound", "plug"]["findings"]}, {"libb"})
        self.assertEqual({f["from"]["lasting"] for f in by_run["bin/clash", "plug/liba.so"]["findings"]}, {"liba"})
        self.assertEqual((lines[-1]["programs"], lines[-1]["runs"]), (3, 12))
        # A directory that is named twice is the same one, another way to open is another question.
        self.assertEqual(self.scan("--plugins=plug:GLOBAL", "--plugins=./plug/:GLOBAL", "bin/sound", "bin/clash", "bin/broken"),
                         lines)
        more = self.scan("--plugins=plug:GLOBAL", "--plugins=plug", "bin/sound")
        self.assertEqual(more[-1]["runs"], 6)

    def test_the_environment_is_not_read(self):
        """But where it is asked for."""
        env = environment(LD_LIBRARY_PATH=str(self.directory / "lib"))
        self.assertEqual(self.programs(self.scan("bin/broken", env=env))["broken"]["outcome"], "refused")
        self.assertEqual(self.programs(self.scan("--use-env", "bin/broken", env=env))["broken"]["outcome"], "ok")

    def test_levels_that_fail(self):
        for level, status in (("error", 1), ("warning", 1), ("none", 0)):
            self.assertEqual(self.bindsim("scan", f"--fail-on={level}", "bin/clash").status, status)
        self.assertEqual(self.bindsim("scan", "--fail-on=none", "bin/broken").status, 1)
        answer = self.bindsim("scan", "-q", "bin")
        self.assertEqual((answer.status, answer.out), (1, ""))

    def test_what_cannot_be_answered(self):
        """A loader that nobody knows: the rest is answered, and the status tells."""
        self.program("bin/odd", "void _start(void) {}", "-Wl,--dynamic-linker=/lib/ld-unheard-of.so")
        answer = self.bindsim("scan", "--format=ndjson", "bin/odd", "bin/sound")
        self.assertEqual(answer.status, 2)
        self.assertRegex(answer.err, "nothing can be said in 1 run, the first: bin/odd: (?!bin/odd)")
        programs = self.programs(map(json.loads, answer.out.splitlines()))
        self.assertEqual((programs["odd"]["outcome"], programs["sound"]["outcome"]), ("unanswered", "ok"))
        self.assertTrue(programs["odd"]["problem"])
        self.assert_valid(programs["odd"], "bindsim-scan-1")

    def test_what_cannot_be_read_is_named(self):
        """One of it, whatever the order of the directory."""
        for name in ("b", "a"):
            deep = self.directory / "tree" / name
            for _ in range(201):
                deep /= "d"
            deep.mkdir(parents=True)
        answer = self.bindsim("scan", "--format=ndjson", "tree")
        path = "./tree/a" + "/d" * 199
        self.assertEqual((answer.status, answer.err),
                         (0, f"bindsim: what cannot be read is left out: 2 in all, the first: {path}: too many directories\n"))
        (self.directory / "part").write_text(answer.out)
        self.assertIn("left out: files and directories, 2 in all\n", self.bindsim("scan", "--merge", "part").err)

    def test_text(self):
        out = self.bindsim("scan", "bin").out
        self.assertIn("./bin/broken\n   refused  step 0: ", out)
        self.assertIn("   error    captured-references: libcodec-two.so and libcodec-one.so, 3 symbols: ", out)
        self.assertRegex(out, r"(?m)^ +1  error +captured-references +libcodec-two and libcodec-one, as in \./bin/clash$")
        self.assertIn("3 programs: 1 refused, 1 with errors, 1 with neither\n", out)
        self.assertNotIn("sound", out)
        self.assertEqual(self.bindsim("scan", "bin/sound").out.splitlines()[0], "1 program: 1 without errors and warnings")

    def test_what_another_report_shows(self):
        """Text has the parts that are shown of it, whatever another report wants to know, or the parts were made with."""
        plain = self.bindsim("scan", "bin")
        self.assertEqual(self.bindsim("scan", "--report=sqlite:all.db", "bin").out, plain.out)
        plain_notes = self.bindsim("scan", "--show=programs,notes,pairs", "bin", "--dlopen=lib/libcodec-two.so:DEEPBIND")
        self.bindsim("scan", "--format=ndjson", "-o", "more", "--show=programs,notes,pairs,objects", "bin",
                     "--dlopen=lib/libcodec-two.so:DEEPBIND")
        for form in ("text", "markdown"):
            self.assertEqual(self.bindsim("scan", "--merge", f"--format={form}", "more").out,
                             self.bindsim("scan", f"--format={form}", "bin", "--dlopen=lib/libcodec-two.so:DEEPBIND").out)
        self.assertEqual(self.bindsim("scan", "--merge", "--show=programs,notes,pairs", "more").out, plain_notes.out)
        self.assertIn("   note ", plain_notes.out)
        self.assertNotIn("| **refused**", self.bindsim("scan", "--format=markdown", "--show=pairs", "bin").out)


class ManyTest(ScanTest):
    """Some more programs."""

    def libraries(self):
        super().libraries()
        source = self.directory / "bin"
        for number in range(24):
            place = self.directory / f"many/{number % 5}"
            place.mkdir(parents=True, exist_ok=True)
            kind = ("sound", "clash", "broken")[number % 3]
            shutil.copy(source / kind, place / f"{kind}-{number}")

    def whole(self, form="ndjson", *arguments):
        return self.bindsim("scan", f"--format={form}", *arguments, "many").out


class SameBytesTest(ManyTest):
    """However a scan is made, its answer is one."""

    def test_threads(self):
        for form in ("text", "json", "ndjson"):
            answers = {self.whole(form, f"-j{jobs}") for jobs in (1, 2, 4, 16)}
            self.assertEqual(len(answers), 1, form)
        self.assert_valid(json.loads(self.whole("json")), "bindsim-scan-1")
        self.assert_valid(json.loads(self.whole("json", "--show=pairs")), "bindsim-scan-1")

    def test_little_memory(self):
        """What is dropped is read again; nothing else shows."""
        self.assertEqual(self.whole("ndjson", "--memory=16"), self.whole())

    def parts(self, n, *arguments):
        names = []
        for part in range(1, n + 1):
            name = f"part-{part}-of-{n}.ndjson"
            answer = self.bindsim("scan", "--format=ndjson", "-o", name, f"--shard={part}/{n}", *arguments, "many")
            self.assertIn(answer.status, (0, 1))
            names.append(name)
        return names

    def test_shards(self):
        for n in (1, 3, 7):
            names = self.parts(n)
            for line in itertools.chain.from_iterable((self.directory / name).read_text().splitlines() for name in names):
                self.assert_valid(json.loads(line), "bindsim-scan-1")
            random.Random(n).shuffle(names)
            for form in ("text", "json", "ndjson"):
                merged = self.bindsim("scan", "--merge", f"--format={form}", *names)
                self.assertEqual((merged.out, merged.status), (self.whole(form), 1), f"{n} parts, {form}")

    def test_shards_with_notes_objects_and_plugins(self):
        more = ("--show=programs,notes,objects", "--plugins=lib")
        self.assertEqual(self.bindsim("scan", "--merge", "--format=ndjson", "--show=programs", *self.parts(3, *more)).out,
                         self.whole("ndjson", *more))

    def test_a_stream_in_other_formats(self):
        self.bindsim("scan", "--format=ndjson", "-o", "whole.ndjson", "many")
        for form in ("text", "json", "ndjson"):
            self.assertEqual(self.bindsim("scan", "--merge", f"--format={form}", "whole.ndjson").out, self.whole(form))

    def test_parts_that_do_not_fit(self):
        names = self.parts(3)
        self.assert_trouble(self.bindsim("scan", "--merge", *names[:2]), "part 3 of 3 is missing")
        self.assert_trouble(self.bindsim("scan", "--merge", *names, names[0]), names[0], "same part")
        kept = {name: (self.directory / name).read_bytes() for name in names}
        foreign = self.parts(3, "--dlopen=x")[1]
        for name in (names[0], names[2]):
            (self.directory / name).write_bytes(kept[name])
        self.assert_trouble(self.bindsim("scan", "--merge", names[0], foreign, names[2]), foreign)
        (self.directory / names[1]).write_bytes(kept[names[1]])
        [other] = self.parts(1)
        self.assert_trouble(self.bindsim("scan", "--merge", *names, other), other, "same scan")

    def test_more_parts_than_files_may_be_open(self):
        """And most of them have no program."""
        names = self.parts(80)

        def few():
            resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
        done = subprocess.run([BINDSIM, "scan", "--merge", "--format=ndjson", *reversed(names)], cwd=self.directory,
                              capture_output=True, text=True, env=environment(), preexec_fn=few, check=False)
        self.assertEqual((done.stdout, done.returncode), (self.whole(), 1), done.stderr)
        self.assert_trouble(self.bindsim("scan", "--merge", *names[:3], *names[4:]), "part 4 of 80 is missing\n")
        self.assert_trouble(self.bindsim("scan", "--merge", *names[:3], *names[5:9], names[60]),
                            "part 4 of 80 is missing, and 71 more\n")
        self.assert_trouble(self.bindsim("scan", "--merge", *names[:3], *names[5:9], names[60], names[5]),
                            f"{names[5]}: it is the same part as {names[5]}")

    def test_a_part_that_is_no_file(self):
        [name] = self.parts(1)
        os.mkfifo(self.directory / "fifo")
        (self.directory / "shut").mkdir()
        self.assert_trouble(self.bindsim("scan", "--merge", name, "fifo"), "fifo: it is no regular file")
        self.assert_trouble(self.bindsim("scan", "--merge", name, "shut"), "shut: Is a directory")
        self.assert_trouble(self.bindsim("scan", "--merge", name, "nowhere"), "nowhere: No such file")
        self.assert_trouble(self.bindsim("scan", "--merge", "/dev/null"), "/dev/null")
        (self.directory / "words").write_text("part\n")
        for other in ("words", "bin/sound"):
            self.assert_trouble(self.bindsim("scan", "--merge", name, other), f"{other}: line 1: it is no part of a scan")

    def test_a_long_line_in_a_part(self):
        """Longer than what is read at once."""
        more = [f"--dlopen={str(number) + 'z' * 100000}" for number in range(3)]
        whole, names = self.whole("ndjson", *more), self.parts(2, *more)
        self.assertGreater(max(map(len, whole.splitlines())), 1 << 18)
        self.assertEqual(self.bindsim("scan", "--merge", "--format=ndjson", *names).out, whole)

    def test_parts_that_are_damaged(self):
        names = self.parts(3)
        path = self.directory / names[1]
        content = path.read_text()
        lines = content.splitlines(keepends=True)
        for bad in (content[:-1], content[:-20], "".join(lines[:-1]), content + lines[1], "", "x\n", lines[1],
                    content.replace('"type":"scan"', '"type":"run"'), content.replace('"schema":"b', '"schema":"c'),
                    content.replace('"plugin":null,"plugins":0', '"plugin":null,"plugins":5'),
                    lines[0] + lines[1].replace('"objects":', '"objekte":') + "".join(lines[2:]),
                    lines[0] + "".join(lines[2:]), lines[0] + lines[2] + lines[1] + "".join(lines[3:])):
            path.write_text(bad)
            answer = self.bindsim("scan", "--merge", "-o", "merged", *names)
            self.assertEqual((answer.status, len(answer.err.splitlines())), (2, 1), answer)
            self.assertFalse((self.directory / "merged").exists())
            self.assertIn("part-", answer.err)


class JournalTest(ManyTest):
    """Killed at any point, the same command goes on, and asks again what may have another answer now."""

    COMMAND = ("scan", "--format=ndjson", "--journal=journal", "many")

    def setUp(self):
        super().setUp()
        self.settle()

    def settle(self):
        """What changed in the tick of the kernel's clock in which a scan begins may have changed after it began."""
        newest = max(os.lstat(os.path.join(place, name)).st_ctime_ns for place, _, names in os.walk(self.directory) for name in names)
        while time.clock_gettime_ns(REALTIME_COARSE) <= newest:
            time.sleep(0.001)

    def journal(self):
        return (self.directory / "journal").read_bytes()

    def programs_in(self, journal):
        """The programs that it has lines of, in order."""
        return [json.loads(line.split("\t")[2])["path"] for line in journal.decode().splitlines() if line.startswith("p ")]

    def again(self):
        answer = self.bindsim(*self.COMMAND)
        self.assertEqual((answer.out, answer.status), (self.whole(), 1))

    def asked_again(self):
        """Goes on, and returns the programs that were asked about anew."""
        before = self.journal()
        self.again()
        self.assertTrue(self.journal().startswith(before))
        return self.programs_in(self.journal()[len(before):])

    def test_cut_anywhere(self):
        """A kill leaves a journal that ends anywhere."""
        self.again()
        whole = self.journal()
        self.again()
        self.assertEqual(self.journal(), whole)
        chance = random.Random(9)
        for at in [0, 1, 10, len(whole) - 1, *(chance.randrange(len(whole)) for _ in range(12))]:
            (self.directory / "journal").write_bytes(whole[:at])
            self.again()
            self.assertEqual(self.journal(), whole, at)

    def kill(self, lines):
        process = subprocess.Popen([BINDSIM, *self.COMMAND], cwd=self.directory, stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, env=environment())
        for _ in range(lines):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        process.communicate()

    def test_killed(self):
        """By SIGKILL while it writes, again and again; what it has found is not asked again."""
        chance = random.Random(3)
        expected = self.whole()
        for number in range(24):
            if number % 6 == 0:
                (self.directory / "journal").unlink(missing_ok=True)
            self.kill(chance.randrange(26))
            whole = self.journal().rpartition(b"\n")[0]
            programs = self.programs_in(whole)
            self.assertEqual(len(set(programs)), len(programs))
            if number % 3 == 2:
                self.assertEqual(self.bindsim(*self.COMMAND).out, expected)
                self.assertEqual(len(self.programs_in(self.journal())), 24)

    def test_a_journal_saves_runs(self):
        self.again()
        whole = self.journal()
        self.assertEqual(len(self.programs_in(whole)), 24)
        self.assertEqual(self.asked_again(), [])
        # Without the last line, one is asked about.
        (self.directory / "journal").write_bytes(b"".join(whole.splitlines(keepends=True)[:-1]))
        self.assertEqual(self.asked_again(), self.programs_in(whole)[-1:])

    def test_a_library_is_rebuilt(self):
        """Between the kill and what goes on: those that load it are asked again, and no others."""
        library = self.directory / "lib/libcodec-two.so"
        for path in self.directory.glob("many/*/clash-*"):
            path.unlink()
        libraries = [f"-L{self.directory}/lib", "-l:libcodec-one.so", "-l:libcodec-two.so", "-pie", "-fPIE", "-Wl,-z,now"]
        for number in (1, 3, 7):
            build(self.directory / f"many/{number % 5}/clash-{number}", "int use_0(void); int use_1(void); void _start(void) { use_0(); use_1(); }",
                  *libraries, f"-Wl,-rpath,{self.directory}/lib")
        clashing = ["./many/1/clash-1", "./many/2/clash-7", "./many/3/clash-3"]
        self.settle()
        self.kill(12)
        done = self.programs_in(self.journal().rpartition(b"\n")[0])
        missing = len(list(self.directory.glob("many/*/*"))) - len(done)
        build(library, "int use_1(void) { return 1; }", "-shared", "-fPIC", "-Wl,-soname,libcodec-two.so")
        self.settle()
        asked = self.asked_again()
        self.assertEqual(set(asked) - set(done) | set(clashing), set(asked))
        self.assertEqual(len(asked), missing + len(set(clashing) & set(done)))
        self.assertEqual(self.asked_again(), [])
        self.assertNotIn("captured-references", self.bindsim(*self.COMMAND).out)
        # The same file with another time is another one; one that is away, too.
        os.utime(library, ns=(1, 1))
        self.settle()
        self.assertEqual(sorted(self.asked_again()), clashing)
        library.unlink()
        self.assertEqual(sorted(self.asked_again()), clashing)
        self.assertIn('"refused":%d' % (8 + 3), self.bindsim(*self.COMMAND).out)

    def test_what_was_missing_is_there(self):
        """A library that a program did without: it comes to lie where it was looked for."""
        place = self.directory / "late"
        program = self.directory / "many/0/waits"
        build(program, "int use_0(void); void _start(void) { use_0(); }", f"-L{self.directory}/lib", "-l:libcodec-one.so", "-pie", "-fPIE",
              f"-Wl,-rpath,{place}:{place}/deeper")
        self.settle()
        self.again()
        for where in ("late/deeper", "late"):
            (self.directory / where).mkdir(parents=True, exist_ok=True)
            shutil.copy(SHARED / "lib/libcodec-one.so", self.directory / where)
            self.settle()
            self.assertEqual(self.asked_again(), ["./many/0/waits"], where)
            self.assertEqual(self.asked_again(), [])

    def test_a_program_is_rebuilt(self):
        self.again()
        path = self.directory / "many/0/sound-0"
        path.write_bytes((self.directory / "bin/clash").read_bytes())
        (self.directory / "many/2/broken-2").unlink()
        shutil.copy(SHARED / "bin/sound", self.directory / "many/2/new")
        self.settle()
        self.assertEqual(sorted(self.asked_again()), ["./many/0/sound-0", "./many/2/new"])
        self.assertEqual(self.asked_again(), [])

    def test_plugins_and_all_that_is_shown(self):
        """Lines of several runs, of files and bindings."""
        command = (*self.COMMAND, "--plugins=lib", "--show=programs,notes,exports,bindings")
        whole = self.bindsim("scan", "--format=ndjson", *command[3:])
        self.assertEqual(self.bindsim(*command).out, whole.out)
        full = self.journal()
        for at in (len(full), len(full) // 2):
            (self.directory / "journal").write_bytes(full[:at])
            self.assertEqual(self.bindsim(*command).out, whole.out)
            self.assertEqual(self.journal(), full)

    def test_what_could_not_be_answered(self):
        """What would have to be there for an answer nobody knows: it is asked again."""
        self.program("many/0/odd", "void _start(void) {}", "-Wl,--dynamic-linker=/lib/ld-unheard-of.so")
        self.settle()
        expected = self.bindsim("scan", "--format=ndjson", "many")
        self.assertEqual(expected.status, 2)
        self.assertEqual(self.bindsim(*self.COMMAND).out, expected.out)
        before = self.journal()
        self.assertEqual(self.bindsim(*self.COMMAND).out, expected.out)
        self.assertEqual(self.programs_in(self.journal()[len(before):]), ["./many/0/odd"])

    def test_other_questions(self):
        """Another one is refused, with what is another."""
        self.again()
        for arguments in (["--dlopen=x"], ["--show=notes"], ["--shard=1/2"], ["--libraries"], ["bin"], ["--library-path=lib"]):
            self.assert_trouble(self.bindsim(*self.COMMAND, *arguments), "journal", "another scan", "options")
        policy = self.file("policy.ini", "[level two-versions]\nlevel = none\n")
        self.assert_trouble(self.bindsim(*self.COMMAND, f"--policy={policy}"), "journal", "policy")
        whole = self.journal()
        head = whole.split(b" ")
        for other in (b" ".join([head[0], b"99.9", *head[2:]]), whole.replace(b"journal-4", b"journal-1", 1)):
            (self.directory / "journal").write_bytes(other)
            self.assert_trouble(self.bindsim(*self.COMMAND), "journal", "another bindsim")
            self.assertEqual(self.journal(), other)

    def test_a_link_that_is_turned_meanwhile(self):
        """A program that was run with the file before is asked again, though the one that the link leads to now is an old one."""
        names = [f"a_name_that_fills_the_pipe_{number}" for number in range(150)]
        (self.directory / "turn/bin").mkdir(parents=True)
        self.object("turn/libfull.so", " ".join(f"int {name}(void) {{ return 1; }}" for name in names), "-Wl,-soname,libfull.so")
        for version, name in enumerate(("turned", "other")):
            self.object(f"turn/libturn.so.{version}", f"int {name}(void) {{ return 1; }}", "-Wl,-soname,libturn.so")
        link = self.directory / "turn/libturn.so"
        link.symlink_to("libturn.so.0")
        flags = [f"-L{link.parent}", f"-Wl,-rpath,{link.parent}"]
        calls = " ".join(f"extern int {name}(void); void *of_{name} = {name};" for name in names)
        self.program("turn/bin/00", PROGRAM + calls, *flags, "-lfull")
        for number in range(1, 30):
            shutil.copy(self.directory / "turn/bin/00", self.directory / f"turn/bin/{number:02}")
        self.program("turn/bin/last", PROGRAM + "extern int turned(void); void *place = turned;", *flags, "-lturn")
        self.settle()
        command = ["scan", "--format=ndjson", "--show=programs,bindings", "-j2", "turn/bin"]
        with subprocess.Popen([BINDSIM, *command, "--journal=turned"], stdout=subprocess.PIPE, cwd=self.directory,
                              env=environment()) as process:
            process.stdout.read(1)
            # Its threads go on until it waits for who reads; should it be slower than that, nothing is tried.
            time.sleep(0.5)
            link.unlink()
            link.symlink_to("libturn.so.1")
            process.stdout.read()
        self.assertEqual(self.bindsim(*command, "--journal=turned").out, self.bindsim(*command).out)

    def test_another_working_directory(self):
        """What is named from there is another file elsewhere, and finds others by $ORIGIN, though it has the same inode."""
        self.program("here/bin/app", USER.format(0), f"-L{SHARED}/lib", "-l:libcodec-one.so", "-Wl,-rpath,$ORIGIN/../lib")
        for tree in ("here", "there"):
            shutil.copytree(SHARED / "lib", self.directory / tree / "lib")
        os.makedirs(self.directory / "there/bin")
        os.link(self.directory / "here/bin/app", self.directory / "there/bin/app")
        self.settle()
        command = ("scan", "--format=ndjson", "--show=objects,programs", f"--journal={self.directory}/journal")
        here = self.bindsim(*command, "bin", cwd="here")
        self.assertEqual(self.bindsim(*command, "bin", cwd="here").out, here.out)
        self.assert_trouble(self.bindsim(*command, "bin", cwd="there"), "journal", "working directory")
        (self.directory / "journal").unlink()
        self.assertIn("/there/bin/../lib/libcodec-one.so", self.bindsim(*command, "bin", cwd="there").out)
        (self.directory / "journal").unlink()
        whole = self.bindsim(*command, self.directory / "here/bin", cwd="here")
        self.assertEqual(self.bindsim(*command, self.directory / "here/bin", cwd="there").out, whole.out)

    def test_threads_and_verdicts_are_no_question(self):
        """Nor is what counts a part of it, or a baseline."""
        self.bindsim("scan", "--write-baseline=known.json", "-q", "many")
        self.settle()
        self.again()
        whole = self.journal()
        for arguments in (["-j3"], ["--fail-on=none"], ["--baseline=known.json"]):
            (self.directory / "journal").write_bytes(whole[:len(whole) // 2])
            self.assertEqual(self.bindsim(*self.COMMAND, *arguments).out, self.whole("ndjson", *arguments))
            self.assertEqual(self.journal(), whole)

    def test_damage(self):
        self.again()
        whole = self.journal()
        middle = len(whole) // 2
        lines = whole.splitlines(keepends=True)
        for bad in (b"text\n", b"x" * 100, whole[:middle] + b"!" + whole[middle + 1:], lines[0] + b"".join(lines[2:]),
                    whole + b"p 0\n", whole.replace(b"f ", b"g ", 1)):
            (self.directory / "journal").write_bytes(bad)
            self.assert_trouble(self.bindsim(*self.COMMAND), "journal")
            self.assertEqual(self.journal(), bad, "a file that is none of ours stays as it is")
        self.assert_trouble(self.bindsim(*self.COMMAND[:2], "--journal=nowhere/journal", "many"), "nowhere/journal")


class OutputTest(ScanTest):
    """Where the answer goes."""

    def test_files(self):
        self.bindsim("scan", "bin", "-o", "text", "--report=json:json", "--report=ndjson:ndjson")
        self.assertEqual((self.directory / "text").read_text(), self.bindsim("scan", "bin").out)
        for form in ("json", "ndjson"):
            self.assertEqual((self.directory / form).read_text(), self.bindsim("scan", f"--format={form}", "bin").out)
        self.assert_trouble(self.bindsim("scan", "bin", "-o", "nowhere/text"), "nowhere/text")

    def test_progress(self):
        """At a terminal only, and not without a word of it being asked for."""
        for arguments, shown in (([], True), (["-q"], False)):
            parent, child = pty.openpty()
            command = [BINDSIM, "scan", "-o", "out", *arguments, "bin"]
            process = subprocess.Popen(command, cwd=self.directory, stderr=child, env=environment())
            os.close(child)
            seen = b""
            while True:
                try:
                    data = os.read(parent, 4096)
                except OSError:
                    break
                if not data:
                    break
                seen += data
            process.wait()
            os.close(parent)
            self.assertEqual(b"] 1/3" in seen, shown, seen)
            self.assertEqual(b"\r\x1b[K" in seen, shown, "it is wiped off")
            self.assertTrue(seen.rstrip().endswith(b"something is refused in 1 run"), seen)

    def test_streams_as_it_goes(self):
        process = subprocess.Popen([BINDSIM, "scan", "--format=ndjson", "bin"], cwd=self.directory, stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, env=environment())
        self.assertEqual(json.loads(process.stdout.readline())["type"], "scan")
        process.communicate()


if __name__ == "__main__":
    unittest.main()
