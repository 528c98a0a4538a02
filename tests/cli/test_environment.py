#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What of bindsim's own environment counts, and how an option says otherwise."""

import json
import unittest

from harness import HOOK, USER, CommandLineTest, environment

MISSING = ("failed: ./app: error while loading shared libraries: libhook.so: cannot open shared object file: "
           "No such file or directory")


class EnvironmentTest(CommandLineTest):
    """./app needs libhook.so, which lies in lib/ and, as another file, in other/."""

    def setUp(self):
        super().setUp()
        self.object("lib/libhook.so", HOOK, "-Wl,-soname,libhook.so")
        self.object("other/libhook.so", HOOK, "-Wl,-soname,libhook.so")
        self.object("interposer.so", HOOK)
        self.object("libuse.so", USER)
        self.program("app", "int hook(void); void _start(void) { hook(); }", "lib/libhook.so", "-Wl,-z,lazy")

    def bindings(self, *arguments, **options):
        answer = self.bindsim("--format=ld-debug", *arguments, **options)
        return [line.partition("binding file ")[2] for line in answer.out.splitlines() if "binding file" in line]

    def target(self, *arguments, **options):
        """The object that the program's reference to hook binds to."""
        bindings = self.bindings("--bind-now", *arguments, "./app", **options)
        self.assertEqual(len(bindings), 1, bindings)
        return bindings[0].partition(" to ")[2].partition(" [")[0]

    def test_what_counted_is_told(self):
        for loader in ("glibc", "musl", "qnx"):
            ask = (f"--loader={loader}", "--env=LD_LIBRARY_PATH=lib", "--env=LD_PRELOAD=./interposer.so", "--env=OTHER=1", "./app")
            told = json.loads(self.bindsim("--format=json", *ask).out)["question"]["environment"]
            self.assertEqual([entry["name"] for entry in told], ["LD_LIBRARY_PATH", "LD_PRELOAD"])
            self.assertIn("LD_PRELOAD=./interposer.so", self.bindsim(*ask).out)
        told = json.loads(self.bindsim("--format=json", "--secure", "--loader=musl", *ask[1:]).out)["question"]["environment"]
        self.assertEqual(told, [])

    def test_library_path(self):
        here = environment(LD_LIBRARY_PATH="lib")
        self.assertEqual(self.outcomes("./app"), [MISSING])
        self.assertEqual(self.target(env=here), "lib/libhook.so")
        self.assertEqual(self.outcomes("--no-env", "./app", env=here), [MISSING])
        self.assertEqual(self.target("--env=LD_LIBRARY_PATH=other", env=here), "other/libhook.so")
        self.assertEqual(self.target("--no-env", "--env=LD_LIBRARY_PATH=other", env=here), "other/libhook.so")
        self.assertEqual(self.target("--library-path=other", env=here), "other/libhook.so")
        self.assertEqual(self.target("--library-path=other", "--env=LD_LIBRARY_PATH=lib"), "other/libhook.so")
        self.assertEqual(self.outcomes("--env=LD_LIBRARY_PATH=", "./app", env=here), [MISSING])

    def test_it_is_reported(self):
        here = environment(LD_LIBRARY_PATH="lib", LD_BIND_NOW="1", LD_UNRELATED="x", HOME="/")
        out = self.bindsim("./app", env=here).out
        for text in ("LD_LIBRARY_PATH=lib", "LD_BIND_NOW=1"):
            self.assertIn(text, out)
        self.assertNotIn("UNRELATED", out)
        self.assertNotIn("HOME", out)
        out = self.bindsim("--no-env", "--library-path=lib", "./app", env=here).out
        self.assertNotIn("LD_BIND_NOW", out)
        self.assertIn("--library-path", out)
        out = self.bindsim("--library-path=lib", "--env=LD_DYNAMIC_WEAK=", "./app").out
        self.assertIn("LD_DYNAMIC_WEAK=", out)

    def test_bind_now(self):
        path = "--library-path=lib"
        self.assertEqual(self.bindings(path, "./app"), [])
        for arguments, variables in ((["--bind-now"], {}), (["--env=LD_BIND_NOW=1"], {}), ([], {"LD_BIND_NOW": "0"})):
            self.assertEqual(len(self.bindings(path, *arguments, "./app", env=environment(**variables))), 1)
        self.assertEqual(self.bindings(path, "./app", "--env=LD_BIND_NOW="), [])
        self.assertEqual(self.bindings(path, "--no-env", "./app", env=environment(LD_BIND_NOW="1")), [])

    def test_preload(self):
        path = "--library-path=lib"
        self.assertEqual(self.target(path, "--preload=./interposer.so"), "./interposer.so")
        self.assertEqual(self.target(path, "--env=LD_PRELOAD=./interposer.so"), "./interposer.so")
        self.assertEqual(self.target(path, "--env=LD_PRELOAD=./other/libhook.so", "--preload=./interposer.so"),
                         "./other/libhook.so")
        answer = self.bindsim(path, "--preload=./absent.so ./interposer.so", "./app")
        self.assertEqual(answer.status, 0)
        self.assertIn("absent.so", answer.out)

    def test_the_last_one_counts(self):
        self.assertEqual(self.target("--env=LD_LIBRARY_PATH=lib", "--env=LD_LIBRARY_PATH=other"), "other/libhook.so")

    def test_a_value_may_hold_anything(self):
        self.object("a=b/libhook.so", HOOK)
        self.assertEqual(self.target("--env=LD_LIBRARY_PATH=a=b"), "a=b/libhook.so")

    def test_what_is_not_simulated_is_said(self):
        for name in ("LD_AUDIT", "LD_PROFILE"):
            answer = self.bindsim("--library-path=lib", f"--env={name}=x", "./app")
            self.assertEqual(answer.status, 0)
            self.assertRegex(answer.err, rf"\Abindsim: {name}=x is not simulated")

    def test_secure(self):
        here = environment(LD_LIBRARY_PATH="lib")
        self.assertEqual(self.outcomes("--secure", "./app", env=here), [MISSING])


class SurroundingsTest(CommandLineTest):
    """The other things that no file tells."""

    def setUp(self):
        super().setUp()
        self.program("app", "int hook(void); void _start(void) { hook(); }",
                     str(self.object("build/libhook.so", HOOK, "-Wl,-soname,libhook.so")), "-Wl,-z,now")
        (self.directory / "build/libhook.so").unlink()

    def found(self, *arguments, **options):
        """Where the program's libhook.so is found, or None."""
        answer = self.bindsim("--format=ld-debug", *arguments, "./app", **options)
        if answer.status:
            return None
        line = next(line for line in answer.out.splitlines() if "binding file ./app [0] to " in line)
        return line.partition("./app [0] to ")[2].partition(" [")[0]

    def test_working_directory(self):
        self.object("sub/lib/libhook.so", HOOK)
        (self.directory / "app").rename(self.directory / "sub/app")
        self.assertEqual(self.found("--library-path=lib", cwd="sub"), "lib/libhook.so")
        self.assertEqual(self.found("--library-path=lib", f"--cwd={self.directory}/sub"), "lib/libhook.so")
        self.assertEqual(self.found("--library-path=lib", "--cwd=sub"), "lib/libhook.so")

    def test_cpu(self):
        path = "--library-path=lib"
        for directory in ("lib", "lib/glibc-hwcaps/x86-64-v2", "lib/glibc-hwcaps/x86-64-v3", "lib/glibc-hwcaps/mine"):
            self.object(f"{directory}/libhook.so", HOOK)
        for level, directory in (("x86-64", ""), ("x86-64-v1", ""), ("x86-64-v2", "glibc-hwcaps/x86-64-v2/"),
                                 ("x86-64-v4", "glibc-hwcaps/x86-64-v3/")):
            self.assertEqual(self.found(path, f"--cpu={level}"), f"lib/{directory}libhook.so")
        self.assertEqual(self.found(path, "--cpu=x86-64-v3", "--hwcaps-mask=x86-64-v2"),
                         "lib/glibc-hwcaps/x86-64-v2/libhook.so")
        self.assertEqual(self.found(path, "--cpu=x86-64-v3", "--hwcaps-prepend=mine"),
                         "lib/glibc-hwcaps/mine/libhook.so")

    def test_platform(self):
        self.object("lib/station/libhook.so", HOOK)
        self.assertIsNone(self.found("--library-path=lib/$PLATFORM"))
        self.assertEqual(self.found("--library-path=lib/$PLATFORM", "--platform=station"), "lib/station/libhook.so")

    def test_inhibit_rpath(self):
        self.object("lib/libhook.so", HOOK, "-Wl,-soname,libhook.so")
        self.program("app", "int hook(void); void _start(void) { hook(); }", "lib/libhook.so", "-Wl,-z,now",
                     "-Wl,-rpath,lib")
        self.assertEqual(self.found(), "lib/libhook.so")
        self.assertIsNone(self.found("--inhibit-rpath="))

    def test_loader(self):
        self.object("lib/libhook.so", HOOK)
        self.assertEqual(self.found("--library-path=lib", "--loader=glibc"), "lib/libhook.so")


if __name__ == "__main__":
    unittest.main()
