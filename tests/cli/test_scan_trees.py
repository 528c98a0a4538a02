#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bindsim scan where the tree does not wait, and where names and files are not what one would wish."""

import json
import os
import re
import shutil
import socket
import subprocess
import unittest

from harness import BINDSIM, CommandLineTest, environment

NAMES = [b"plain", b"new\nline", b"tab\there", b"inv\xff\xfealid", b"\x1b[31mred", "\u00e9\u65e5\u202e".encode(), b'quo"te\\', b"-dash",
         b" space ", b"per%0Acent", b"x" * 250]


class TreeTest(CommandLineTest):
    """A program to copy."""

    def setUp(self):
        super().setUp()
        self.object("lib/libneeded.so", "int needed(void) { return 1; }")
        self.program("app", "int needed(void); void _start(void) { needed(); }", f"-L{self.directory}/lib", "-l:libneeded.so",
                     f"-Wl,-rpath,{self.directory}/lib")

    def copy(self, name):
        path = os.path.join(os.fsencode(self.directory), b"tree", name if isinstance(name, bytes) else name.encode())
        os.makedirs(os.path.dirname(path), exist_ok=True)
        shutil.copy(os.fsencode(self.directory / "app"), path)
        return path

    def records(self, answer):
        return [line for line in map(json.loads, answer.splitlines()) if line["type"] == "program"]


class NamesTest(TreeTest):
    """Every byte but NUL and / may be in a name."""

    def setUp(self):
        super().setUp()
        for name in NAMES:
            self.copy(name)

    def test_formats(self):
        """No byte of a name does anything to a terminal, a line or a document."""
        whole = self.bindsim("scan", "--format=ndjson", "tree").out
        self.assertEqual(len(self.records(whole)), len(NAMES))
        self.assertNotRegex(whole, "[\x00-\x09\x0b-\x1f\x7f]")
        self.assertEqual(len({record["path"] for record in self.records(whole)}), len(NAMES))
        document = json.loads(self.bindsim("scan", "--format=json", "tree").out)
        self.assertEqual(document["results"], self.records(whole))
        text = self.bindsim("scan", "--show=objects", "tree").out
        self.assertNotRegex(text, "[\x00-\x09\x0b-\x1f\x7f]")
        self.assertEqual(text.count("   loaded   "), len(NAMES))

    def test_parts_and_journals(self):
        """They are read back to the same bytes."""
        whole = self.bindsim("scan", "--format=ndjson", "tree").out
        names = [f"part-{part}" for part in (1, 2, 3)]
        for part, name in enumerate(names, 1):
            self.bindsim("scan", "--format=ndjson", f"--shard={part}/3", "-o", name, "tree")
        self.assertEqual(self.bindsim("scan", "--merge", "--format=ndjson", *names).out, whole)
        for _ in range(2):
            self.assertEqual(self.bindsim("scan", "--format=ndjson", "--journal=journal", "tree").out, whole)

    def test_lists(self):
        """The last name need not end."""
        paths = sorted(b"./tree/" + name for name in NAMES)
        whole = self.records(self.bindsim("scan", "--format=ndjson", "tree").out)
        for text in (b"\0".join(paths), b"\0".join([*reversed(paths), b""])):
            self.assertEqual(self.records(self.bindsim("scan", "--format=ndjson", "-0", input=text).out), whole)
        lines = [path for path in paths if b"\n" not in path]
        answer = self.bindsim("scan", "--format=ndjson", "-", input=b"\n".join(lines))
        self.assertEqual(len(self.records(answer.out)), len(lines))


class FilesTest(TreeTest):
    """What is no file, or not long one."""

    def test_special_files(self):
        """None is waited for, read without end or followed in circles."""
        self.copy("sound")
        self.copy("below/sound")
        tree = self.directory / "tree"
        os.mkfifo(tree / "fifo")
        with socket.socket(socket.AF_UNIX) as listener:
            before = os.getcwd()
            os.chdir(tree)  # such a name may not be long
            listener.bind("socket")
            os.chdir(before)
        for name, target in (("loop", "."), ("up", "../tree"), ("self", "self"), ("one", "two"), ("two", "one"),
                             ("dangling", "/nowhere"), ("zero", "/dev/zero"), ("link", "sound")):
            (tree / name).symlink_to(target)
        for name, size in (("empty", 0), ("holes", 1 << 40)):
            with open(tree / name, "wb") as file:
                file.truncate(size)
        answer = self.bindsim("scan", "--format=ndjson", "tree")
        self.assertEqual((answer.status, answer.err, [record["path"] for record in self.records(answer.out)]),
                         (0, "", ["./tree/below/sound", "./tree/sound"]))
        self.assertEqual(json.loads(answer.out.splitlines()[0])["skipped"]["other"], 2)
        answer = self.bindsim("scan", "tree/fifo", "tree/zero")
        self.assertEqual((answer.status, answer.out.splitlines()[0]), (0, "0 programs"))
        # A job that was pointed at the wrong place is to see it.
        self.assertIn("scan: no program is there; --libraries asks about shared objects, too, and bindsim check ", answer.err)
        self.assertIn("scan: no program is there; bindsim check ", self.bindsim("scan", "--libraries", "tree/zero").err)
        self.assertEqual(self.bindsim("scan", "-").err, "")

    def test_who_waits_to_write(self):
        """To a FIFO that a link leads to: nobody reads from it meanwhile."""
        self.copy("program")
        fifo = self.directory / "fifo"
        os.mkfifo(fifo)
        (self.directory / "tree/link").symlink_to(fifo)
        with subprocess.Popen(["timeout", "20", "sh", "-c", 'echo ready; echo words > "$0"', fifo], stdout=subprocess.PIPE) as writer:
            writer.stdout.readline()
            with self.assertRaises(subprocess.TimeoutExpired):
                writer.wait(timeout=0.2)
            for arguments in (["tree"], ["--libraries", "tree"], ["--root=.", "/tree"]):
                self.bindsim("scan", *arguments)
            with self.assertRaises(subprocess.TimeoutExpired):
                writer.wait(timeout=0.2)
            self.assertEqual(fifo.read_text(), "words\n")

    def test_a_tree_that_changes(self):
        """After it was listed: each program is told of, as it was found then."""
        for name in ("deleted", "directory", "emptied", "fifo", "halved", "kept", "other", "script"):
            self.copy(name)
        tree = self.directory / "tree"
        # The outputs are opened one after the other when the tree is listed; each waits for its reader.
        for name in ("first", "second"):
            os.mkfifo(self.directory / name)
        command = [BINDSIM, "scan", "--format=ndjson", "-o", "out", "--report=text:first", "--report=text:second", "tree"]
        with subprocess.Popen(command, cwd=self.directory, env=environment(), stderr=subprocess.PIPE, text=True) as process:
            with open(self.directory / "first") as first:
                for name in ("deleted", "directory", "fifo"):
                    (tree / name).unlink()
                (tree / "directory").mkdir()
                os.mkfifo(tree / "fifo")
                os.truncate(tree / "emptied", 0)
                os.truncate(tree / "halved", (tree / "halved").stat().st_size // 2)
                (tree / "script").write_text("#!/bin/sh\n")
                self.program("tree/other", "void _start(void) { }")
                with open(self.directory / "second") as second:
                    second.read()
                first.read()
            _, errors = process.communicate(timeout=60)
        records = {record["path"].rpartition("/")[2]: record for record in self.records((self.directory / "out").read_text())}
        self.assertEqual((process.returncode, len(records)), (2, 8), errors)
        *damages, unanswered = errors.splitlines()
        for damage in damages:
            self.assertTrue(damage.startswith("bindsim: ./tree/halved: "), errors)
        self.assertTrue(unanswered.endswith("the first: ./tree/deleted: No such file or directory"), errors)
        outcomes = {name: record["outcome"] for name, record in records.items()}
        self.assertEqual({name: outcomes[name] for name in ("deleted", "directory", "emptied", "fifo", "kept", "other")},
                         {"deleted": "unanswered", "directory": "unanswered", "emptied": "unanswered", "fifo": "unanswered",
                          "kept": "ok", "other": "ok"})
        self.assertNotEqual(outcomes["halved"], "ok")
        self.assertNotEqual(outcomes["script"], "ok")
        for name, record in records.items():
            if outcomes[name] == "unanswered":
                self.assertIn(f"./tree/{name}: ", record["problem"])

    @unittest.skipUnless(shutil.which("unshare"), "unshare is missing")
    def test_one_file_system(self):
        """That of each path that is named; by -j1 or handed over from thread to thread."""
        for place in (".", "a/b", "c/d/e"):
            self.copy(f"{place}/program")
        script = """
            for place in tree/a/mounted tree/c/d/mounted; do
                mkdir $place && mount -t tmpfs none $place && mkdir $place/below && cp app $place/below/inside || exit 77
            done
            for jobs in -j1 -j4; do
                "$BINDSIM" scan --format=ndjson $jobs tree
                "$BINDSIM" scan --format=ndjson $jobs --one-file-system tree
                "$BINDSIM" scan --format=ndjson $jobs --one-file-system tree/a/mounted tree
            done
        """
        done = subprocess.run(["unshare", "-r", "-m", "sh", "-c", script], cwd=self.directory, capture_output=True, text=True,
                              env={**environment(), "BINDSIM": BINDSIM, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}, check=False, timeout=60)
        if done.returncode == 77:
            self.skipTest(f"nothing can be mounted: {done.stderr}")
        scans = [[record["path"] for record in self.records(scan)] for scan in re.split(r'(?m)^{"type":"scan",.*\n', done.stdout)[1:]]
        on_disk = ["./tree/a/b/program", "./tree/c/d/e/program", "./tree/program"]
        one, other = "tree/a/mounted/below/inside", "./tree/c/d/mounted/below/inside"
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(scans, 2 * [sorted([*on_disk, f"./{one}", other]), on_disk, [*on_disk, one]])

    def test_directories_that_go(self):
        """One that is gone when it comes to be entered is none that cannot be read."""
        self.copy("kept")
        places = [os.path.join(self.directory, "tree", str(number)) for number in range(400)]
        for _ in range(2):
            for place in places:
                os.mkdir(place)
            with subprocess.Popen([BINDSIM, "scan", "--format=ndjson", "-j1", "tree"], cwd=self.directory, env=environment(),
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
                for place in reversed(places):
                    os.rmdir(place)
                out, errors = process.communicate(timeout=60)
            self.assertEqual((process.returncode, errors, len(self.records(out))), (0, "", 1))

    def test_a_library_that_vanishes(self):
        """A program that comes later is refused, and the one before is not."""
        self.copy("app")
        os.mkfifo(self.directory / "first")
        os.mkfifo(self.directory / "second")
        command = [BINDSIM, "scan", "--format=ndjson", "-o", "out", "--report=text:first", "--report=text:second", "tree"]
        with subprocess.Popen(command, cwd=self.directory, env=environment(), stderr=subprocess.PIPE, text=True) as process:
            with open(self.directory / "first") as first:
                (self.directory / "lib/libneeded.so").unlink()
                with open(self.directory / "second") as second:
                    second.read()
                first.read()
            process.communicate(timeout=60)
        [record] = self.records((self.directory / "out").read_text())
        self.assertEqual((process.returncode, record["outcome"]), (1, "refused"))
        self.assertIn("libneeded.so: cannot open shared object file", record["refusals"][0]["message"])


if __name__ == "__main__":
    unittest.main()
