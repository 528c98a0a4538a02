#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The profile of musl, with a loader made here: no musl is needed, and its version is ours to say."""

import json
import unittest

from harness import CommandLineTest

LIBRARY = """
__asm__(".section .rodata\\n.byte 0\\n.asciz \\"%s\\"\\n.previous");
int __libc_start_main(void) { return 0; }
int stdin = 1;
int open(void) { return 0; }
int readdir_r(void) { return 0; }
"""


class MuslTest(CommandLineTest):
    """Questions whose answer does not hang on the machine's musl, if it has one."""

    def setUp(self) -> None:
        super().setUp()
        self.loader("1.2.5")

    def loader(self, version: str) -> None:
        self.object("lib/ld-musl-x86_64.so.1", LIBRARY % version)
        self.object("libc.so", LIBRARY % version, "-Wl,-soname,libc.so")

    def program(self, name: str = "app", source: str = "void _start(void) {}", *options: str):
        interp = f"-Wl,--dynamic-linker={self.directory}/lib/ld-musl-x86_64.so.1"
        return super().program(name, source, interp, *options)

    def test_versions(self):
        self.program()
        for version in ("1.2.3", "1.2.5", "1.2.12"):
            self.loader(version)
            self.assertTrue(self.bindsim("./app").out.startswith(f"./app: musl {version} x86-64, start-up\n"))
        self.assertIn("musl 1.2.4 x86-64", self.bindsim("--loader=musl:1.2.4", "./app").out)
        self.loader("none")
        self.assertIn("musl 1.2.5 x86-64", self.bindsim("./app").out)
        self.assertIn("does not tell its version", self.bindsim("-v", "./app").err)
        for version in ("", "1", "1.2", "1.2.x", "2.36", "1.2.5x"):
            self.assert_trouble(self.bindsim(f"--loader=musl:{version}", "./app"), f"'{version}' is no version of musl")
        self.assert_trouble(self.bindsim("--loader=muslin", "./app"), "muslin")

    def test_another_loader_than_the_file_asks_for(self):
        """Its own file is taken, too; a library that stands in for an executable asks for none."""
        super().program("other")
        self.object("libhook.so")
        for file in ("/other", "/libhook.so"):
            answer = self.bindsim("--format=json", "--root=.", "--loader=musl", file)
            question = json.loads(answer.out)["question"]
            self.assertEqual((question["loader_title"], question["interp"]),
                             ("musl 1.2.5", "/lib/ld-musl-x86_64.so.1"))

    def test_names_with_64(self):
        """From 1.2.4 on open64 is open; what the loader's buffer does not hold is not looked for."""
        source = "int %s(void); int f(void) { return %s(); }"
        for name in ("open64", "readdir64_r", "posix_fallocate64", "close64"):
            self.object(f"{name}.so", source % (name, name), "-Wl,--allow-shlib-undefined")
        self.program("app", "void _start(void) {}", "-Wl,--no-as-needed", f"{self.directory}/libc.so")
        for version, expected in (("1.2.3", []), ("1.2.4", ["open64", "readdir64_r"])):
            bound = [name for name in ("open64", "readdir64_r", "posix_fallocate64", "close64")
                     if self.outcomes(f"--loader=musl:{version}", "./app", "--dlopen", f"./{name}.so")[1] == "ok"]
            self.assertEqual(bound, expected)

    def test_an_alias_leads_to_the_loader(self):
        self.program("app", "void _start(void) {}", "-Wl,--no-as-needed", f"{self.directory}/libc.so")
        self.object("libuse.so", "int open64(void); int f(void) { return open64(); }")
        answer = self.bindsim("--format=ld-debug", "./app", "--dlopen", "./libuse.so")
        loader = f"{self.directory}/lib/ld-musl-x86_64.so.1"
        self.assertIn(f"binding file ./libuse.so [0] to {loader} [0]: normal symbol `open64'", answer.out)
        self.assertEqual(self.outcomes("./app", "--dlopen", "./libuse.so", "--dlsym", "open64")[2],
                         "failed: Symbol not found: open64")

    def test_packed_relocations(self):
        self.program()
        self.object("libhook.so", "int a; int *hook[] = { &a, &a, &a }; __attribute__((visibility(\"hidden\"))) int b;"
                    "int *own[] = { &b, &b };", "-Wl,-z,pack-relative-relocs")
        arguments = ("./app", "--dlopen", "./libhook.so")
        self.assertIn("DT_RELR", self.bindsim("--loader=musl:1.2.3", *arguments).err)
        self.assertEqual(self.bindsim("--loader=musl:1.2.4", *arguments).err, "")

    def test_segments_of_no_size(self):
        """GNU ld makes one for unwinding tables where there are none; up to 1.2.2 the loader does not get over it."""
        self.program()
        source = "__asm__(\".globl f\\n.type f,@function\\nf: ret\");"
        for name, option in (("libapart.so", "separate-code"), ("libjoined.so", "noseparate-code")):
            self.object(name, source, f"-Wl,-z,{option}", "-fno-asynchronous-unwind-tables", "-Wl,--build-id=none")
        steps = ("./app", "--dlopen", "./libapart.so", "--dlopen", "./libjoined.so")
        self.assertEqual(self.outcomes("--loader=musl:1.2.3", *steps), ["ok", "ok", "ok"])
        told = self.outcomes("--loader=musl:1.2.2", *steps)
        self.assertEqual(told, ["ok", "failed: Error loading shared library ./libapart.so: Invalid argument", "ok"])

    def test_deepbind_is_named(self):
        self.program()
        self.object("libhook.so")
        answer = self.bindsim("./app", "--dlopen", "./libhook.so:DEEPBIND")
        self.assertEqual(answer.status, 0)
        self.assertIn("step 1: dlopen ./libhook.so: RTLD_DEEPBIND means nothing to musl", answer.err)
        answer = self.bindsim("--format=json", "./app", "--dlopen", "./libhook.so:DEEPBIND")
        self.assertEqual([d["code"] for d in json.loads(answer.out)["diagnostics"]], ["ignored"])
        self.assertEqual(self.bindsim("./app", "--dlopen", "./libhook.so:NOW").err, "")

    def deepbind_case(self) -> None:
        """app has hook and dep; the plugin has hook, its need has dep; both refer to all, and to what only app has."""
        names = ("hook", "dep", "other")
        refer = "".join(f"int {name}(void);" for name in names) + "int %s(void) { return hook() + dep() + other(); }"
        self.program("app", "".join(f"int {name}(void) {{ return 0; }}" for name in names) + "void _start(void) {}",
                     "-Wl,--export-dynamic")
        need = self.object("libneed.so", "int dep(void) { return 1; }" + refer % "need", "-Wl,-soname,libneed.so",
                           "-Wl,-z,undefs")
        self.object("libplug.so", "int hook(void) { return 1; }" + refer % "plug", "-Wl,--no-as-needed", str(need),
                    "-Wl,-z,undefs", f"-Wl,-rpath,{self.directory}")

    def bound(self, *arguments: str) -> dict[tuple[str, str], str]:
        """(object, symbol) -> object, of the functions of deepbind_case()."""
        lines = self.bindsim("--format=ld-debug", "--bind-now", *arguments).out.splitlines()
        words = [line.split() for line in lines if "binding file" in line]
        return {(line[3].rpartition("/")[2], line[-1].strip("`'")): line[6].rpartition("/")[2] for line in words
                if line[-1].strip("`'") in ("hook", "dep", "other")}

    def test_what_follows_from_an_ignored_deepbind(self):
        self.deepbind_case()
        step = ("./app", "--dlopen", "./libplug.so:DEEPBIND")
        text = self.bindsim(*step).out
        self.assertIn("warning: ignored-deepbind: libplug.so is bound to app for 1 symbol that RTLD_DEEPBIND would bind to "
                      "itself (step 1)\n   for example hook\n   because     musl has no RTLD_DEEPBIND and passes it over\n",
                      text)
        self.assertIn("libplug.so is bound to app for 1 symbol that RTLD_DEEPBIND would bind to libneed.so (step 1)", text)
        document = json.loads(self.bindsim("--format=json", *step).out)
        names = {entry["id"]: entry["name"].rpartition("/")[2] for entry in document["objects"]}
        found = {(names[f["from"]], f["examples"][0]["symbol"]): (names[f["to"]], names[f["instead"]])
                 for f in document["findings"] if f["rule"] == "ignored-deepbind"}
        self.assertTrue(all(f["counts"]["symbols"] == 1 for f in document["findings"] if f["rule"] == "ignored-deepbind"))
        # What glibc makes of the flag is what musl's plan would have wanted.
        musl, glibc = self.bound(*step), self.bound("--loader=glibc", *step)
        self.assertEqual(found, {key: (musl[key], glibc[key]) for key in musl if musl[key] != glibc[key]})
        self.assertEqual(len(found), 4)
        self.assertEqual(self.bound("./app", "--dlopen", "./libplug.so"), musl)
        for quiet in (("./app", "--dlopen", "./libplug.so"), ("./app", "--dlopen", "./libneed.so", "--dlopen",
                      "./libneed.so:DEEPBIND"), ("--loader=glibc", *step)):
            self.assertNotIn("ignored-deepbind", self.bindsim(*quiet).out)
        self.assertEqual(self.bindsim("--fail-on=warning", *step).status, 1)

    def test_deepbind_is_not_recommended(self):
        self.deepbind_case()
        for answer in (self.bindsim("./app", "--dlopen", "./libplug.so"),
                       self.bindsim("explain", "--symbol", "*", "./app", "--dlopen", "./libplug.so")):
            self.assertIn("libplug.so", answer.out)
            self.assertNotIn("DEEPBIND", answer.out)

    def test_calls_that_there_are_not(self):
        self.program()
        self.object("libhook.so")
        self.assertEqual(self.outcomes("./app", "--dlmopen", "./libhook.so", "--dlopen", "./libhook.so", "--dlsym",
                                       "2:hook@V1", "--dlsym", "2:hook", "--dlclose", "2"),
                         ["ok", "failed: musl has no dlmopen", "ok", "failed: musl has no dlvsym",
                          "failed: Symbol not found: hook", "ok"])

    def test_system_path(self):
        """Two levels above the loader; a file there replaces what is built in."""
        hook = self.object("libhook.so", "int nothing;", "-Wl,-soname,libhook.so")
        self.program("app", "void _start(void) {}", "-Wl,--no-as-needed", str(hook))
        self.object("there/libhook.so")
        self.assertIn("failed: Error loading shared library libhook.so: No such file or directory (needed by ./app)",
                      self.outcomes("./app")[0])
        self.file("etc/ld-musl-x86_64.path", f"/nowhere\n\n{self.directory}/there")
        answer = self.bindsim("--format=ld-debug", "--show=mapped", "./app")
        self.assertIn(f"mapped {self.directory}/there/libhook.so [0]", answer.out)
        self.file("etc/ld-musl-x86_64.path", "")
        answer = self.bindsim("./app")
        self.assert_refused(answer, "libhook.so")
        self.assertIn("no directory that exists", answer.out)

    def test_privileges(self):
        self.program("app", "void _start(void) {}")
        self.object("libhook.so")
        arguments = ("--format=ld-debug", "--show=mapped", "--env=LD_PRELOAD=./libhook.so", "./app")
        self.assertIn("libhook.so", self.bindsim(*arguments).out)
        self.assertNotIn("libhook.so", self.bindsim("--secure", *arguments).out)
        self.assertIn("libhook.so", self.bindsim("--secure", "--preload=./libhook.so", *arguments).out)

    def test_variables(self):
        """What the loader does not read does not count."""
        self.program()
        answer = self.bindsim("--env=LD_BIND_NOW=1", "--env=LD_DYNAMIC_WEAK=1", "--env=LD_AUDIT=x", "./app")
        self.assertEqual(answer.err, "")
        self.assertNotIn("LD_", answer.out)

    def test_other_file_in_the_way(self):
        self.program("app", "int f(void); void _start(void) { f(); }", "-Wl,--no-as-needed",
                     str(self.object("libhook.so", "int f(void) { return 0; }", "-Wl,-soname,libhook.so")))
        self.file("first/libhook.so", "no object\n" * 20)
        answer = self.bindsim("--env=LD_LIBRARY_PATH=first:.", "./app")
        self.assert_refused(answer, "Error relocating ./app: f: symbol not found")
        self.assertIn("missing too libhook.so", answer.out)
        for line in ("Error loading shared library libhook.so: Exec format error (needed by ./app)",
                     "Error relocating ./app: f: symbol not found"):
            self.assertIn(line, self.bindsim("--format=ldd", "--env=LD_LIBRARY_PATH=first:.", "./app").out)

    def test_what_waits(self):
        """Told as a slot, by findings, and by explain."""
        self.program()
        self.object("libuse.so", "int hook(void); int use(void) { return hook(); }")
        self.object("libhook.so", "int hook(void) { return 1; }")
        lazy = ("./app", "--dlopen", "./libuse.so:LAZY")
        self.assertIn("error: unresolved-at-call: libuse.so", self.bindsim(*lazy).out)
        healed = self.bindsim(*lazy, "--dlopen", "./libhook.so:GLOBAL").out
        self.assertIn("warning: healed: libuse.so: 1 function is defined by nobody before step 2", healed)
        told = self.bindsim("explain", "--symbol", "hook", *lazy, "--dlopen", "./libhook.so:GLOBAL").out
        self.assertIn("nobody answers: undefined symbol", told)
        self.assertIn("=> libhook.so: defines it; bound to it", told)
        answer = self.bindsim(*lazy, "--call", "libuse.so:hook", "--dlopen", "./libhook.so:GLOBAL")
        self.assert_refused(answer, "the call of hook, which nobody defines so far, jumps to no function")
        self.assertIn("not reached", answer.out)

    def test_explain_knows_no_deepbind(self):
        self.program("app", "int hook(void) { return 0; } void _start(void) {}", "-Wl,--export-dynamic")
        self.object("libhook.so", "int hook(void) { return 1; } int use(void) { return hook(); }")
        told = self.bindsim("explain", "--symbol", "hook", "./app", "--dlopen", "./libhook.so").out
        self.assertIn("for libhook.so to win: link libhook.so with -Bsymbolic", told)
        self.assertNotIn("DEEPBIND", told)


if __name__ == "__main__":
    unittest.main()
