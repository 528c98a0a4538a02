#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bindsim scan --journal where files change: what goes on says what a scan from the beginning says."""

import json
import os
import re
import shutil
import subprocess
import time
import unittest

from harness import BINDSIM, INTERPRETER, PROGRAM, CommandLineTest, environment

REALTIME_COARSE = 5  # CLOCK_REALTIME_COARSE of Linux, which Python has no name for
SHOWN = ("scan", "--format=ndjson", "--show=programs,notes,objects,bindings")
NAMES = [f"a_name_that_fills_the_pipe_{number}" for number in range(150)]


class ChangesTest(CommandLineTest):
    """A program that finds libone.so and libtwo.so in lib, or before that in late."""

    def setUp(self):
        super().setUp()
        for place, results in (("lib", (1, 2)), ("other", (3, 4))):
            for name, result in zip(("one", "two"), results):
                self.object(f"{place}/lib{name}.so", f"int {name}(void) {{ return {result}; }} int of_{place}_{name};",
                            f"-Wl,-soname,lib{name}.so")

    def user(self, name, *path):
        """A program that needs both, and looks for them in these directories."""
        return self.program(name, "int one(void); int two(void); void _start(void) { one(); two(); }", f"-L{self.directory}/lib", "-lone",
                            "-ltwo", *(["-Wl,-rpath," + ":".join(map(str, path))] if path else []))

    def settle(self):
        """What changed in the tick of the kernel's clock in which a scan begins may have changed after it began."""
        newest = max(os.lstat(os.path.join(place, name)).st_ctime_ns
                     for place, below, names in os.walk(self.directory) for name in below + names)
        while time.clock_gettime_ns(REALTIME_COARSE) <= newest:
            time.sleep(0.001)

    def asked(self, *what, journal="journal", **options):
        """Scans with the journal; the programs that it asked about, when the answer was the whole one."""
        path = self.directory / journal
        n_before = path.read_text().count("\np ") if path.exists() else 0
        answer = self.bindsim(*SHOWN, f"--journal={path}", *what, **options)
        self.assertEqual(answer.out, self.bindsim(*SHOWN, *what, **options).out)
        lines = [line for line in path.read_text().splitlines() if line.startswith("p ")]
        return [os.path.basename(json.loads(line.split("\t")[2])["path"]) for line in lines[n_before:]]


class MeanwhileTest(ChangesTest):
    """While the scan goes on: between a program's run and its line in the journal."""

    def fill(self):
        """Programs that come first, and whose bindings fill a pipe."""
        self.object("full/libfull.so", " ".join(f"int {name}(void) {{ return 1; }}" for name in NAMES), "-Wl,-soname,libfull.so")
        calls = " ".join(f"extern int {name}(void); void *of_{name} = {name};" for name in NAMES)
        first = self.program("bin/00", PROGRAM + calls, f"-L{self.directory}/full", "-lfull", f"-Wl,-rpath,{self.directory}/full")
        for number in range(1, 30):
            shutil.copy(first, self.directory / f"bin/{number:02}")

    def meanwhile(self, change, *what):
        """A scan of WHAT, in which CHANGE is made when all programs were run and few are written; then one that goes on."""
        self.settle()
        command = [BINDSIM, *SHOWN, "-j2", f"--journal={self.directory}/journal", *what]
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=self.directory, env=environment()) as process:
            process.stdout.read(1)
            # Its threads go on until it waits for who reads; should it be slower than that, nothing is tried.
            time.sleep(0.5)
            change()
            process.stdout.read()
        self.settle()
        self.asked(*what)
        self.assertEqual(self.asked(*what), [])

    def test_a_link_to_an_old_file_appears(self):
        """Where the program looked first, and there was nothing."""
        self.fill()
        (self.directory / "late").mkdir()
        self.user("bin/last", self.directory / "late", self.directory / "lib")
        self.meanwhile(lambda: (self.directory / "late/libtwo.so").symlink_to("../other/libtwo.so"), "bin")

    def test_a_directory_is_renamed(self):
        """What is in it is as old as before, and of the first name that was looked for there is nothing in it."""
        self.fill()
        self.user("bin/last", self.directory / "late", self.directory / "lib")
        (self.directory / "other/libone.so").unlink()
        self.meanwhile(lambda: (self.directory / "other").rename(self.directory / "late"), "bin")

    def test_a_library_goes(self):
        self.fill()
        self.user("bin/last", self.directory / "other", self.directory / "lib")
        self.meanwhile((self.directory / "other/libone.so").unlink, "bin")

    def test_a_link_above_the_program_is_turned(self):
        """The program is the same file by both ways, and $ORIGIN another directory."""
        self.fill()
        self.user("v1/last", "$ORIGIN/lib")
        (self.directory / "v2").mkdir()
        os.link(self.directory / "v1/last", self.directory / "v2/last")
        for version, place in (("v1", "lib"), ("v2", "other")):
            shutil.copytree(self.directory / place, self.directory / version / "lib")
        link = self.directory / "now"
        link.symlink_to("v1")

        def turn():
            link.unlink()
            link.symlink_to("v2")
        self.meanwhile(turn, "bin", "now/last")


    def test_a_library_is_written_to(self):
        """Of the program that has it mapped then nothing can be said; those that come have it as it is now."""
        self.fill()
        last = self.user("bin/last", self.directory / "lib")
        for number in range(100):
            shutil.copy(last, self.directory / f"bin/more{number:02}")
        command = [BINDSIM, "scan", "--format=ndjson", "--show=programs,bindings", "-j1", "bin"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=self.directory, env=environment(), stderr=subprocess.PIPE) as process:
            process.stdout.read(1)
            time.sleep(0.5)
            with open(self.directory / "lib/libone.so", "ab") as library:
                library.write(b"x")
            out, errors = process.communicate(timeout=60)
        self.assertRegex(errors.decode(), r"nothing can be said in 1 run, the first: .*/libone\.so: it changed while it was read\n")
        sums = json.loads(out.splitlines()[-1])
        self.assertEqual((process.returncode, sums["programs"], sums["unanswered"]), (2, 131, 1))


class BetweenTest(ChangesTest):
    """Between two scans."""

    def test_a_link_above_the_program_is_turned(self):
        self.user("v1/last", "$ORIGIN/lib")
        (self.directory / "v2").mkdir()
        os.link(self.directory / "v1/last", self.directory / "v2/last")
        for version, place in (("v1", "lib"), ("v2", "other")):
            shutil.copytree(self.directory / place, self.directory / version / "lib")
        (self.directory / "now").symlink_to("v1")
        self.settle()
        self.assertEqual(self.asked("now/last"), ["last"])
        self.assertEqual(self.asked("now/last"), [])
        (self.directory / "now").unlink()
        (self.directory / "now").symlink_to("v2")
        self.assertEqual(self.asked("now/last"), ["last"])

    def test_relative_paths_from_elsewhere(self):
        """The libraries are the same files there, by other names."""
        self.user("bin/last")
        for place in ("here", "there"):
            (self.directory / place / "lib").mkdir(parents=True)
            for name in ("one", "two"):
                os.link(self.directory / f"lib/lib{name}.so", self.directory / place / f"lib/lib{name}.so")
        # What needs nothing is asked about once.
        self.program("bin/alone", PROGRAM)
        # By $ORIGIN it goes on from where the library lies.
        self.object("sub/libsub.so", "int sub;", "-Wl,-soname,libsub.so")
        os.remove(self.directory / "here/lib/libone.so")
        os.remove(self.directory / "there/lib/libone.so")
        self.object("here/lib/libone.so", "int one(void) { return 1; } extern int sub; int *place = &sub;", f"-L{self.directory}/sub",
                    "-lsub", "-Wl,-rpath,$ORIGIN/sub", "-Wl,-soname,libone.so")
        os.link(self.directory / "here/lib/libone.so", self.directory / "there/lib/libone.so")
        for place in ("here", "there"):
            shutil.copytree(self.directory / "sub", self.directory / place / "lib/sub")
        self.settle()
        what = ("--library-path=lib", str(self.directory / "bin"))
        self.assertEqual(self.asked(*what, cwd="here"), ["alone", "last"])
        self.assertEqual(self.asked(*what, cwd="here"), [])
        self.assertEqual(self.asked(*what, cwd="there"), ["last"])
        self.assertIn(f"{self.directory}/there/lib/sub/libsub.so", self.bindsim(*SHOWN, *what, cwd="there").out)

    def test_who_may_write(self):
        """That a directory comes to be everybody's is told of a program that looks there."""
        self.user("bin/last", self.directory / "late", self.directory / "lib")
        (self.directory / "late").mkdir()
        self.settle()
        self.assertEqual(self.asked("bin"), ["last"])
        (self.directory / "late").chmod(0o777)
        self.settle()
        self.assertEqual(self.asked("bin"), ["last"])

    def test_what_ldconfig_would_read(self):
        """Files that are included, and libraries of the same directory by what is in them."""
        root = self.directory / "root"
        for name in ("lib64", "etc/ld.so.conf.d", "bin"):
            (root / name).mkdir(parents=True)
        shutil.copy(INTERPRETER, root / "lib64")
        self.user("root/bin/last")
        shutil.copytree(self.directory / "lib", root / "srv/lib")
        shutil.copytree(self.directory / "other", root / "srv/other")
        (root / "etc/ld.so.conf").write_text("include ld.so.conf.d/*.conf\n")
        included = root / "etc/ld.so.conf.d/one.conf"
        included.write_text("/srv/lib\n")
        self.settle()
        what = ("--ldconfig", "--root=root")
        self.assertEqual(self.asked(*what), ["last"])
        self.assertEqual(self.asked(*what), [])
        included.write_text("/srv/other\n")
        self.settle()
        self.assertEqual(self.asked(*what), ["last"])
        # A library takes another name, and its directory is as it was.
        renamed = self.object("renamed.so", "int one(void) { return 5; }", "-Wl,-soname,libone.so").read_bytes()
        (root / "srv/other/libzero.so").write_bytes(self.object("zero.so", "int zero;", "-Wl,-soname,libzero.so").read_bytes())
        (root / "srv/other/libone.so").unlink()
        self.settle()
        self.assertEqual(self.asked(*what), ["last"])
        (root / "srv/other/libzero.so").write_bytes(renamed)
        self.settle()
        self.assertEqual(self.asked(*what), ["last"])

    @unittest.skipUnless(shutil.which("unshare"), "unshare is missing")
    def test_another_mount(self):
        """What cannot be written to is as it was until it is mounted anew: then its times say nothing."""
        self.user("bin/last", self.directory / "image")
        (self.directory / "image").mkdir()
        self.settle()
        script = """
            mount_it() { mount --bind lib image && { test "$1" = rw || mount -o remount,bind,ro image; }; }
            scan() { "$BINDSIM" scan --format=ndjson --journal="$1" -o out bin; grep -c '^p ' "$1"; }
            mount_it rw || exit 77
            scan written; umount image; mount_it rw; scan written; umount image
            mount_it ro || exit 77
            scan read; scan read; umount image; mount_it ro; scan read
        """
        done = subprocess.run(["unshare", "-r", "-m", "sh", "-c", script], cwd=self.directory, capture_output=True, text=True,
                              env={**environment(), "BINDSIM": BINDSIM, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}, check=False, timeout=60)
        if done.returncode == 77:
            self.skipTest(f"nothing can be mounted: {done.stderr}")
        self.assertEqual(done.stdout.split()[:-1], ["1", "1", "1", "1"], done.stderr)
        # Before that the number of the mount that went is that of the one that comes.
        if [int(number) for number in re.findall("[0-9]+", os.uname().release)[:2]] >= [6, 8]:
            self.assertEqual(done.stdout.split()[-1], "2", done.stderr)


if __name__ == "__main__":
    unittest.main()
