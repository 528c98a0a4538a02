#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""search-path: directories that others decide on, in RPATH, RUNPATH and LD_LIBRARY_PATH."""

import os
import unittest

from harness import HOOK, INTERPRETER, environment
from test_clashes import ClashTest

CALLER = "int hook(void); void _start(void) { hook(); }"
OLD_TAGS = "-Wl,--disable-new-dtags"


class SearchPathTest(ClashTest):
    """A program that needs libhook.so, which lies in lib."""

    RULE = "search-path"

    def setUp(self):
        super().setUp()
        self.object("lib/libhook.so", HOOK, "-Wl,-soname,libhook.so")
        self.needing("$ORIGIN/lib")

    def needing(self, path, *options, name="app"):
        self.program(name, CALLER, "lib/libhook.so", *([f"-Wl,-rpath,{path}"] if path is not None else []), *options)

    def test_origin(self):
        self.assertEqual(self.found("./app"), [])
        self.needing("$ORIGIN/lib", OLD_TAGS)
        self.assertEqual(self.found("./app"), [])

    def test_relative(self):
        self.needing("lib")
        self.assertEqual(self.found("./app"), [("warning", "app", "libhook.so", [],
                                                ["element-relative", "in-runpath", "loaded-through"])])
        text = self.bindsim("./app").out
        self.assertIn("warning: search-path: the search path of app has 1 doubtful element", text)
        self.assertIn("lib: it is relative to the working directory", text)
        self.assertIn("1 object was loaded, the first of them libhook.so", text)

    def test_rpath(self):
        self.needing("lib", OLD_TAGS)
        self.assertEqual(self.found("./app"), [("warning", "app", "libhook.so", [],
                                                ["element-relative", "in-rpath", "loaded-through"])])

    def test_empty(self):
        self.needing("$ORIGIN/absent:::$ORIGIN/lib")
        self.assertEqual(self.found("./app"), [("warning", "app", None, [],
                                                ["element-empty", "in-runpath", "sought-there"])])
        self.assertIn("1 object is found elsewhere, but looked for there first: libhook.so", self.bindsim("./app").out)

    def test_empty_is_where_it_is(self):
        self.needing("$ORIGIN/absent:")
        (self.directory / "lib/libhook.so").rename(self.directory / "libhook.so")
        self.assertEqual(self.found("./app"), [("warning", "app", "libhook.so", [],
                                                ["element-empty", "in-runpath", "loaded-through"])])

    def test_behind_the_place_where_it_is(self):
        self.needing("$ORIGIN/lib:lib")
        self.assertEqual(self.found("./app"), [("note", "app", None, [], ["element-relative", "in-runpath"])])
        # What lies in a part of an element's directory is another's.
        self.needing(f"{self.directory}:{self.directory}/lib:lib")
        self.assertEqual(self.levels("./app"), ["note"])

    def test_nobody_asks(self):
        self.program("app", "void _start(void) {}", "-Wl,-rpath,lib")
        self.assertEqual(self.levels("./app"), ["note"])
        # A dlopen does, by and by, and is told of once.
        plan = ["./app", "--dlopen=libhook.so", "--dlclose=1", "--dlopen=libhook.so"]
        self.assertEqual(self.found(*plan), [
            ("note", "app", None, [], ["element-relative", "in-runpath"]),
            ("warning", "app", "libhook.so", [], ["element-relative", "in-runpath", "loaded-through"])])

    def test_a_runpath_does_not_serve_others(self):
        self.object("lib/libmiddle.so", "int hook(void); int middle(void) { return hook(); }", "-Wl,-soname,libmiddle.so",
                    str(self.directory / "lib/libhook.so"), "-Wl,-rpath,$ORIGIN")
        source = "int middle(void); void _start(void) { middle(); }"
        options = ("lib/libmiddle.so", "-Wl,--allow-shlib-undefined")
        self.program("app", source, *options, "-Wl,-rpath,$ORIGIN/lib:lib")
        self.assertEqual(self.levels("./app"), ["note"])
        # A RPATH does, unless the other has a RUNPATH.
        self.program("app", source, *options, "-Wl,-rpath,absent:$ORIGIN/lib", OLD_TAGS)
        self.assertEqual(self.found("./app"), [("warning", "app", None, [],
                                                ["element-relative", "in-rpath", "sought-there"])])
        self.assertIn("1 object is found elsewhere", self.bindsim("./app").out)
        self.object("lib/libmiddle.so", "int hook(void); int middle(void) { return hook(); }", "-Wl,-soname,libmiddle.so",
                    str(self.directory / "lib/libhook.so"))
        self.assertIn("2 objects are found elsewhere", self.bindsim("./app").out)

    def test_a_place_where_anybody_may_write(self):
        (self.directory / "lib").chmod(0o777)
        for mode in (0o777, 0o1777):
            (self.directory / "lib").chmod(mode)
            self.assertEqual(self.found("./app"), [("warning", "app", "libhook.so", [],
                                                    ["element-writable", "in-runpath", "loaded-through"])])
        (self.directory / "lib").chmod(0o775)
        self.assertEqual(self.found("./app"), [])

    def test_the_library_path(self):
        self.needing(None)
        self.assertEqual(self.found("./app", env=environment(LD_LIBRARY_PATH="lib")),
                         [("warning", "app", "libhook.so", [], ["element-relative", "in-library-path", "loaded-through"])])
        self.assertEqual(self.found("./app", env=environment(LD_LIBRARY_PATH=f":{self.directory}/lib")),
                         [("warning", "app", None, [], ["element-empty", "in-library-path", "sought-there"])])
        self.assertEqual(self.found("./app", env=environment(LD_LIBRARY_PATH=f"{self.directory}/lib")), [])

    def test_what_the_question_says_itself(self):
        self.needing(None)
        self.assertEqual(self.levels("--library-path=lib", "./app"), [])
        self.assertEqual(self.levels(f"--library-path=:{self.directory}/lib", "./app"), ["warning"])

    def test_musl_skips_what_is_empty(self):
        self.needing("::$ORIGIN/lib")
        self.assertEqual(self.found("--loader=musl", "./app"), [])
        self.needing("absent:$ORIGIN/lib")
        self.assertEqual(self.levels("--loader=musl", "./app"), ["warning"])

    def test_several_elements_are_one_finding(self):
        self.needing("one::lib")
        (_, _, target, _, facts), = self.found("./app")
        self.assertEqual((target, facts), ("libhook.so", ["element-relative", "in-runpath", "sought-there", "element-empty",
                                                          "in-runpath", "sought-there", "element-relative", "in-runpath",
                                                          "loaded-through"]))
        self.assertIn("has 3 doubtful elements", self.bindsim("./app").out)


class BuildTreeTest(ClashTest):
    """Programs that are installed in a system of their own."""

    RULE = "search-path"

    def installed(self, path, at="usr/bin"):
        self.object("root/usr/lib64/libhook.so", HOOK, "-Wl,-soname,libhook.so")
        self.program(f"root/{at}/app", CALLER, f"{os.path.relpath('usr/lib64', at)}/libhook.so", f"-Wl,-rpath,{path}")
        return self.found("--root=root", f"/{at}/app")

    def setUp(self):
        super().setUp()
        self.object(f"root{INTERPRETER}", "int loader;", "-Wl,-soname,ld-linux-x86-64.so.2")

    def test_build_trees(self):
        for path in ("/home/me/app/build", "/root/src", "/build/app-1.0/lib", "/builds/1", "/tmp/x", "/usr/src/app",
                     "/builddir/app/BUILD/lib", "/srv/BUILD", "/srv/BUILDS/BUILD/1", "/var/tmp/app"):
            with self.subTest(path=path):
                self.assertEqual(self.installed(path), [("note", "app", None, [],
                                                         ["element-build", "in-runpath", "sought-there"])])

    def test_other_places(self):
        for path in ("/opt/app/lib", "/usr/lib", "/usr/lib/BUILDING", "/homely/lib", "$ORIGIN/../lib", "/usr/local/lib"):
            with self.subTest(path=path):
                self.assertEqual(self.installed(path), [])

    def test_what_is_not_installed_may_look_there(self):
        self.assertEqual(self.installed("/home/me/lib", at="home/me/bin"), [])


if __name__ == "__main__":
    unittest.main()
