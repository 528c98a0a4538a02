#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What is no regular file, in every place where a file is read or written: an end, the status, a message."""

import concurrent.futures
import os
import shutil
import socket
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "cli"))
from harness import BINDSIM, HOOK, INTERPRETER, CommandLineTest, environment  # noqa: E402
from at_once import load_tests  # noqa: E402,F401  # pylint: disable=unused-import

HANGS_AFTER = 60  # seconds: nothing takes a tenth of that
NONE = "there is none"
USES_HOOK = "int hook(void); void _start(void) { hook(); }"
# A root has its own; the kernel's are the machine's.
KERNELS = ["/dev/zero", "/dev/null", "/dev/full", "/dev/tty", "/proc/self/mem", "/proc/self/maps", "/proc/kcore",
           "/proc/self/exe", "/proc/self/fd", "/sys/kernel/notes"]


class SpecialFileTest(CommandLineTest):
    """Each test tries all of the files, several at once. The tests are, too: a FIFO is given two seconds to find its other end."""

    def setUp(self):
        super().setUp()
        self.program()
        os.mkfifo(self.directory / "fifo")
        (self.directory / "directory").mkdir()
        self.socket = socket.socket(socket.AF_UNIX)
        self.addCleanup(self.socket.close)
        self.socket.bind(os.path.relpath(self.directory / "socket"))
        self.own = ["fifo", "directory", "socket"]
        try:
            os.mknod(self.directory / "block", 0o60600, os.makedev(7, 250))
            self.own.append("block")
        except PermissionError:
            pass
        self.all = [str(self.directory / name) for name in self.own] + [path for path in KERNELS if os.path.lexists(path)]

    def run_tool(self, arguments, **options):
        """As bindsim(), and no more memory than a large library would take."""
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, **options}
        with subprocess.Popen([BINDSIM, *arguments], cwd=self.directory, env=environment(), stderr=subprocess.PIPE,
                              start_new_session=True, **options) as process:
            try:
                out, err = process.communicate(timeout=HANGS_AFTER)
            except subprocess.TimeoutExpired:
                process.kill()
                raise AssertionError(f"{arguments}: it hangs") from None
        return process.returncode, out, err.decode("utf-8", "surrogateescape")

    def try_all(self, arguments, wanted, paths=None, nothing_else=True):
        """ARGUMENTS(PATH) ends with one of the statuses WANTED, and says so; the message names the file, but for links of the
        kernel's, which are followed."""
        paths = self.all if paths is None else paths
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = pool.map(lambda path: self.run_tool(arguments(path)), paths)
            for path, (status, out, err) in zip(paths, answers):
                with self.subTest(path=path):
                    self.assertIn(status, wanted, err)
                    lines = err.splitlines()
                    for line in lines:
                        self.assertRegex(line, "^bindsim: .")
                    if status:
                        self.assertTrue(lines)
                    if status == 2:
                        self.assertEqual(len(lines), 1, err)
                        self.assertIn(os.path.basename(path), err)
                        if nothing_else:
                            self.assertEqual(out, b"")


class ReadByTheToolTest(SpecialFileTest):
    """None of them is what is wanted."""

    def test_plan(self):
        self.try_all(lambda path: [f"--plan={path}"], {2})

    def test_policy(self):
        # An empty one is one.
        self.try_all(lambda path: ["check", f"--policy={path}", "./app"], {0, 2})

    def test_baseline(self):
        self.try_all(lambda path: ["check", "--no-policy", f"--baseline={path}", "./app"], {2})

    def test_database_of_libraries(self):
        self.try_all(lambda path: [f"--library-db={path}", "./app"], {0, 2})

    def test_log(self):
        """But for the tool itself, which has the words of loaders inside."""
        self.try_all(lambda path: ["log", path], {2}, [path for path in self.all if path != "/proc/self/exe"])
        self.try_all(lambda path: ["log", path], {0, 1, 2}, ["/proc/self/exe"], nothing_else=False)

    def test_verified_log(self):
        paths = [path for path in self.all if path != "/proc/self/exe"]
        self.try_all(lambda path: ["verify", f"--log={path}", "./app"], {2}, paths)

    def test_left_report(self):
        self.try_all(lambda path: ["diff", path, "./app"], {1, 2})

    def test_right_report(self):
        self.try_all(lambda path: ["diff", "./app", path], {1, 2})

    def test_part_of_a_scan(self):
        self.try_all(lambda path: ["scan", "--merge", path], {2})

    def test_part_without_an_end(self):
        """A line takes no more memory than a document would."""
        with open(self.directory / "hole", "wb") as file:
            file.write(b"{")
            file.truncate(1 << 30)
        answer = self.bindsim("scan", "--merge", "hole")
        self.assertEqual((answer.status, answer.err), (2, "bindsim: hole: File too large\n"))

    def test_journal_of_a_scan(self):
        self.try_all(lambda path: ["scan", f"--journal={path}", "./app"], {0, 2})

    def test_core(self):
        self.try_all(lambda path: [f"--core={path}"], {2})

    def test_list_of_a_scan(self):
        for path in self.all:
            if os.path.isdir(path) or path.endswith("socket"):
                continue
            with self.subTest(path=path):
                try:
                    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
                except OSError:
                    continue
                with open(descriptor, "rb") as file:
                    status, _, err = self.run_tool(["scan", "--null"], stdin=file)
                self.assertIn(status, (0, 1, 2))
                self.assertTrue(err or not status)

    def test_archive(self):
        self.try_all(lambda path: ["check", "--no-policy", path], {0, 1, 2}, [path for path in self.all if not os.path.isdir(path)])


class ReadByTheLoaderTest(SpecialFileTest):
    """What the loader makes of them is the answer."""

    def test_executable(self):
        self.try_all(lambda path: [path], {0, 1, 2})
        for command in ("check", "order", "advise"):
            self.try_all(lambda path, command=command: [command, path], {0, 1, 2}, self.all[:4] + ["/dev/zero"])
        self.try_all(lambda path: ["scan", path], {0, 1, 2})

    def test_opened(self):
        self.try_all(lambda path: ["./app", f"--dlopen={path}"], {0, 1})

    def test_preloaded(self):
        self.try_all(lambda path: [f"--preload={path}", "./app"], {0, 1})

    def test_needed(self):
        self.object("libhook.so", HOOK, "-Wl,-soname,libhook.so")
        self.program("user", USES_HOOK, "-L.", "-lhook")
        for path in self.all:
            place = self.directory / ("in-" + path.replace("/", "-"))
            place.mkdir()
            (place / "libhook.so").symlink_to(path)
        self.try_all(lambda path: [f"--library-path=in-{path.replace('/', '-')}", "./user"], {0, 1})

    def test_debug_file(self):
        self.program("debugged", "void _start(void) {}", "-g")
        shutil.copy(self.directory / "debugged", self.directory / "debugged.debug")
        subprocess.run(["objcopy", "--strip-debug", "--add-gnu-debuglink=debugged.debug", "debugged"], cwd=self.directory, check=True)
        for path in self.all:
            (self.directory / "debugged.debug").unlink()
            (self.directory / "debugged.debug").symlink_to(path)
            with self.subTest(path=path):
                self.assertEqual(self.run_tool(["--proof=all", "./debugged"])[0], 0)


class InTheRootTest(SpecialFileTest):
    """The files that a loader has in fixed places."""

    def setUp(self):
        super().setUp()
        self.object(f"root{INTERPRETER}", "int nothing;", "-Wl,-soname,ld-linux-x86-64.so.2")
        self.object("root/usr/lib64/libhook.so", HOOK, "-Wl,-soname,libhook.so")
        self.program("root/usr/bin/tool", USES_HOOK, str(self.directory / "root/usr/lib64/libhook.so"))
        (self.directory / "root/etc").mkdir()

    def in_place(self, place, wanted, *arguments):
        path = self.directory / "root" / place.lstrip("/")
        path.unlink(missing_ok=True)
        kinds = {"fifo": os.mkfifo, "directory": os.mkdir,
                 "zero": lambda p: os.mknod(p, 0o20666, os.makedev(1, 5)), "block": lambda p: os.mknod(p, 0o60600, os.makedev(7, 250))}
        for kind, make in kinds.items():
            try:
                make(path)
            except PermissionError:
                continue
            with self.subTest(kind=kind, place=place):
                status, _, err = self.run_tool([*(arguments or ["--root=root", "/usr/bin/tool"])])
                self.assertIn(status, wanted, err)
                self.assertTrue(err or not status)
            if kind == "directory":
                path.rmdir()
            else:
                path.unlink()

    def test_files_of_the_loader(self):
        for place in ("/etc/ld.so.cache", "/etc/ld.so.preload"):
            self.in_place(place, {0})
        self.in_place("/etc/ld.so.conf", {0}, "--root=root", "--ldconfig", "/usr/bin/tool")
        self.object("root/lib/ld-musl-x86_64.so.1", "int nothing;")
        self.in_place("/etc/ld-musl-x86_64.path", {0, 1}, "--root=root", "--loader=musl", "/usr/bin/tool")

    def test_included_configuration(self):
        self.file("root/etc/ld.so.conf", "include /etc/more.conf\n")
        self.in_place("/etc/more.conf", {0}, "--root=root", "--ldconfig", "/usr/bin/tool")

    def test_interpreter(self):
        self.in_place(INTERPRETER, {1, 2})

    def test_library(self):
        self.in_place("/usr/lib64/libhook.so", {1})

    def test_program(self):
        self.in_place("/usr/bin/tool", {2})
        self.in_place("/usr/bin/other", {2}, "--root=root", "other")


class WrittenTest(SpecialFileTest):
    """Reports go where they are sent, or it is said why not."""

    def setUp(self):
        super().setUp()
        self.places = [str(self.directory / name) for name in self.own] + ["/dev/null", "/dev/full", "/proc/self/maps"]

    def test_text(self):
        self.try_all(lambda path: ["-o", path, "./app"], {0, 2}, self.places)

    def test_json(self):
        self.try_all(lambda path: ["--format=json", "-o", path, "./app"], {0, 2}, self.places)

    def test_baseline(self):
        self.try_all(lambda path: ["check", "--no-policy", f"--write-baseline={path}", "./app"], {0, 2}, self.places, nothing_else=False)

    def test_database(self):
        self.try_all(lambda path: ["--format=sqlite", "-o", path, "./app"], {0, 2}, self.places)

    def test_why_not(self):
        self.assertEqual(self.run_tool(["-o", "/dev/null", "./app"]), (0, b"", ""))
        self.assertIn("No space left", self.run_tool(["-o", "/dev/full", "./app"])[2])
        self.assertIn("nobody reads", self.run_tool(["-o", "fifo", "./app"])[2])

    def test_somebody_reads_from_a_fifo(self):
        with subprocess.Popen(["cat", "fifo"], cwd=self.directory, stdout=subprocess.PIPE) as reader:
            self.assertEqual(self.run_tool(["-o", "fifo", "./app"])[0], 0)
            self.assertIn(b"app", reader.communicate()[0])


class FifoTest(SpecialFileTest):
    """Somebody may write to one: that is how a shell hands over <(COMMAND)."""

    def test_somebody_writes(self):
        plan = self.run_tool(["--format=plan", "./app"])[1]
        with subprocess.Popen(["sh", "-c", "sleep 0.2; exec cat >fifo"], cwd=self.directory, stdin=subprocess.PIPE) as writer:
            writer.stdin.write(plan)
            writer.stdin.close()
            self.assertEqual(self.run_tool(["--plan=fifo"])[0], 0)

    def test_somebody_writes_late(self):
        """Who has it open is waited for, however long."""
        plan = self.run_tool(["--format=plan", "./app"])[1]
        reading, writing = os.pipe()
        with subprocess.Popen(["sh", "-c", "sleep 3; exec cat"], stdin=subprocess.PIPE, stdout=writing) as writer:
            os.close(writing)
            writer.stdin.write(plan)
            writer.stdin.close()
            status, _, err = self.run_tool([f"--plan=/dev/fd/{reading}"], pass_fds=[reading])
        os.close(reading)
        self.assertEqual((status, err), (0, ""))

    def test_nobody_writes(self):
        questions = [["--plan=fifo"], ["log", "fifo"], ["diff", "fifo", "./app"]]
        with concurrent.futures.ThreadPoolExecutor(len(questions)) as pool:
            for arguments, (_, _, err) in zip(questions, pool.map(self.run_tool, questions)):
                with self.subTest(arguments=arguments):
                    self.assertIn("nobody writes", err)


if __name__ == "__main__":
    unittest.main()
