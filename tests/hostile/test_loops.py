#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What leads back to itself, and what is deep, long or much: an end, with a small stack, in bounded time and memory.

With $HOSTILE_FULL there is ten times as much, which takes minutes."""

import json
import os
import resource
import struct
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "cli"))
from elf_fields import GNU_HASH, HASH, VERDEF_TAG, VERNEED_TAG, Elf  # noqa: E402
from harness import BINDSIM, CC, HOOK, INTERPRETER, CommandLineTest, environment  # noqa: E402

MOST_SECONDS = 60  # of the processor; a build with sanitizers takes a tenth of it
STACK = 1 << 20  # with less, the tool makes itself a larger one: src/cli/stack.c
FULL = bool(os.environ.get("HOSTILE_FULL"))


class LoopsTest(CommandLineTest):
    """Each question is asked with the smallest stack that the tool makes do with."""

    def ask(self, *arguments, wanted=(0,), seconds=MOST_SECONDS, memory=resource.RLIM_INFINITY):
        def limit():
            resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
            resource.setrlimit(resource.RLIMIT_STACK, (STACK, STACK))

        done = subprocess.run([BINDSIM, *arguments], cwd=self.directory, env=environment(), stdin=subprocess.DEVNULL,
                              capture_output=True, check=False, preexec_fn=limit, timeout=300)
        err = done.stderr.decode("utf-8", "replace")
        self.assertIn(done.returncode, wanted, err[-2000:])
        self.assertTrue(err or not done.returncode)
        return done.returncode, done.stdout.decode("utf-8", "replace"), err

    def is_sanitized(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))

        return subprocess.run([BINDSIM, "--version"], env=environment(), capture_output=True, check=False, preexec_fn=limit).returncode != 0

    def link(self, name, *options, source=None):
        """A shared object out of one source, quickly."""
        if not (self.directory / "empty.o").exists():
            self.file("empty.s", '.section .note.GNU-stack,"",@progbits\n.globl f\nf: ret\n')
            subprocess.run([CC[0], "-c", "empty.s"], cwd=self.directory, check=True)
        subprocess.run(["ld", "-shared", "-o", name, source or "empty.o", "--no-as-needed", *options], cwd=self.directory, check=True)

    def patch(self, name, change):
        """CHANGE(ELF, BYTES) of a file."""
        path = self.directory / name
        content = bytearray(path.read_bytes())
        change(Elf(bytes(content)), content)
        path.write_bytes(content)


class NeededTest(LoopsTest):
    """Objects that need each other."""

    def test_itself_and_each_other(self):
        self.program()
        for name, needed in (("liba.so", "libb.so"), ("libb.so", "libc.so"), ("libc.so", "liba.so"), ("libself.so", "libself.so")):
            (self.directory / "stand-in").mkdir(exist_ok=True)
            self.link("stand-in/" + needed, "-soname", needed)
            self.link(name, "-soname", name, "stand-in/" + needed, "-rpath", "$ORIGIN")
        for loader in ("glibc", "musl", "qnx"):
            self.ask(f"--loader={loader}", "./app", "--dlopen=./liba.so", "--dlopen=./libself.so", "--dlclose=1", wanted=(0, 1, 2))
        self.ask("check", "--no-policy", "./app", "--dlopen=./liba.so", "--dlopen=./libself.so")

    def test_filters(self):
        self.program()
        for option in ("-f", "-F"):
            self.link("libself.so", "-soname", "libself.so", option, "libself.so", "-rpath", "$ORIGIN")
            self.link("libone.so", "-soname", "libone.so", option, "libtwo.so", "-rpath", "$ORIGIN")
            self.link("libtwo.so", "-soname", "libtwo.so", option, "libone.so", "-rpath", "$ORIGIN")
            self.ask("./app", "--dlopen=./libself.so", "--dlopen=./libone.so", "--dlsym=1:f", "--dlclose=2", wanted=(0, 1))

    def test_origin_and_rpath(self):
        self.program("app", "void _start(void) {}", "-Wl,-rpath," + ":".join(["$ORIGIN/" + "$ORIGIN" * 50] * 20 + ["$ORIGIN/loop/loop/loop"]))
        os.symlink(".", self.directory / "loop")
        os.symlink("round", self.directory / "round")
        self.link("libx.so", "-soname", "liby.so")
        self.ask("./app", "--dlopen=libx.so", "--dlopen=./" + "loop/" * 40 + "libx.so", "--dlopen=./" + "loop/" * 41 + "libx.so", "--dlopen=round/libx.so",
                 "--dlopen=round", wanted=(1,))

    def chain(self, n):
        """Copies of one object, each of which needs the next: their names are all of one length."""
        self.link("lib00001.so", "-soname", "lib00001.so")
        self.link("lib00000.so", "-soname", "lib00000.so", "lib00001.so", "-rpath", "$ORIGIN")
        content = (self.directory / "lib00000.so").read_bytes()
        for i in range(n):
            own, next_one = b"lib%05d.so" % i, b"lib%05d.so" % ((i + 1) % n)
            (self.directory / own.decode()).write_bytes(content.replace(b"lib00000", b"X" * 8).replace(b"lib00001.so", next_one).replace(b"X" * 8, own[:8]))

    def test_a_chain_of_thousands(self):
        self.program()
        self.chain(10000 if FULL else 1000)
        for loader in ("glibc", "musl"):
            self.ask(f"--loader={loader}", "--format=ld-debug", "./app", "--dlopen=./lib00000.so", "--dlclose=1", wanted=(0, 1, 2))

    def test_a_complete_graph(self):
        self.program()
        names = [f"lib{i:03}.so" for i in range(300 if FULL else 60)]
        self.link("one.so", "-soname", names[0])
        content = (self.directory / "one.so").read_bytes()
        for name in names:
            (self.directory / name).write_bytes(content.replace(names[0].encode(), name.encode()))
        self.link("all.so", *names, "-rpath", "$ORIGIN", "-soname", "lib-me.so")
        content = (self.directory / "all.so").read_bytes()
        for name in names:
            (self.directory / name).write_bytes(content.replace(b"lib-me.so\0", name.encode().ljust(9, b"\0") + b"\0"))
        for loader in ("glibc", "musl"):
            self.ask(f"--loader={loader}", "--format=ld-debug", "./app", "--dlopen=./lib000.so", "--dlopen=./lib001.so", "--dlclose=1", wanted=(0, 1, 2))

    def test_ten_thousand_needed(self):
        """One object with as many entries; what is needed is not there, or is always the same."""
        self.program()
        self.link("libx.so", "-soname", "libx.so")
        self.link("liball.so", "libx.so", "-rpath", "$ORIGIN", "-z", "norelro", "-z", "noseparate-code", "-z", "noexecstack")
        self.patch("liball.so", self.repeat_needed)
        self.assertEqual(subprocess.run(["readelf", "-d", "liball.so"], cwd=self.directory, capture_output=True, check=True).stdout.count(b"(NEEDED)"), 10000)
        self.ask("--format=ld-debug", "./app", "--dlopen=./liball.so")

    @staticmethod
    def repeat_needed(elf, content):
        """The dynamic section anew, at the end of the file, in a segment of its own."""
        dynamic = next(s for s in elf.segments if s["type"] == 2)
        pairs = [struct.unpack_from("<QQ", content, dynamic["offset"] + 16 * i) for i in range(elf.n_dynamic)]
        needed = next(value for tag, value in pairs if tag == 1)
        pairs = [(1, needed)] * 9999 + pairs
        content.extend(b"\0" * (-len(content) % 4096))
        at, address = len(content), 0x10000000
        text = b"".join(struct.pack("<QQ", *pair) for pair in pairs)
        struct.pack_into("<Q", content, 40, 0)  # no sections, which say otherwise
        struct.pack_into("<HHH", content, 58, 0, 0, 0)
        content.extend(text)
        for i, segment in enumerate(elf.segments):
            header = elf.header["phoff"] + 56 * i
            if segment["type"] == 2:
                struct.pack_into("<QQQQQ", content, header + 8, at, address, address, len(text), len(text))
            elif segment["type"] in (4, 0x6474e551):  # notes, the stack: wanted less
                struct.pack_into("<IIQQQQQQ", content, header, 1, 6, at, address, address, len(text), len(text), 4096)


class TablesTest(LoopsTest):
    """Lists within an object that lead back."""

    def setUp(self):
        super().setUp()
        self.file("map", "V1 { f; g; }; V2 { h; } V1;\n")
        self.object("libhook.so", "int f(void) { return 1; } int g(void) { return 1; } int h(void) { return 1; }", "-Wl,-soname,libhook.so",
                    "-Wl,--version-script=map", "-Wl,--hash-style=both")
        self.object("libother.so", "int k(void) { return 1; }", "-Wl,-soname,libother.so", "-Wl,--version-script=map")
        self.object("libuser.so", "int f(void); int h(void); int k(void); int use(void) { return f() + h() + k(); }", "-L.", "-lhook", "-lother",
                    "-Wl,-rpath,$ORIGIN")
        self.program()

    def try_it(self):
        for arguments in (["./app", "--dlopen=./libuser.so", "--dlsym=1:nothing", "--dlsym=1:h@V2"], ["./libhook.so"], ["check", "--no-policy", "./app", "--dlopen=./libuser.so"],
                          ["--loader=musl", "./app", "--dlopen=./libuser.so"], ["./app", "--dlopen=./libuser.so", "--format=json"]):
            self.ask(*arguments, wanted=(0, 1, 2))

    def test_version_lists(self):
        originals = {name: (self.directory / name).read_bytes() for name in ("libhook.so", "libuser.so")}
        # vd_next, vd_aux, vda_next; vn_next, vn_aux, vna_next: to itself, backwards, without an end, by the largest step.
        for name, tag, places in (("libhook.so", VERDEF_TAG, (16, 12, 24)), ("libuser.so", VERNEED_TAG, (12, 8, 28))):
            for place in places:
                for value in (0, 1, 4, 0xffffffff, 0xfffffff0, 0xffffffec, 0x80000000) if FULL else (0, 1, 0xfffffff0):
                    with self.subTest(name=name, place=place, value=value):
                        (self.directory / name).write_bytes(originals[name])
                        self.patch(name, lambda elf, content, tag=tag, place=place, value=value:
                                   struct.pack_into("<I", content, elf.at_tag(tag) + place, value))
                        self.ask("./app", "--dlopen=./libuser.so", "--dlsym=1:h@V2", wanted=(0, 1))
            (self.directory / name).write_bytes(originals[name])

    def test_counts_of_versions(self):
        for name, tag in (("libhook.so", VERDEF_TAG), ("libuser.so", VERNEED_TAG)):
            for value in (0, 0xffff, 0xffffffff, 1 << 63):
                def count(elf, content, tag=tag, value=value):
                    dynamic = next(s for s in elf.segments if s["type"] == 2)
                    for i in range(elf.n_dynamic):
                        at = dynamic["offset"] + 16 * i
                        if struct.unpack_from("<Q", content, at)[0] == tag + 1:
                            struct.pack_into("<Q", content, at + 8, value)

                self.patch(name, count)
                self.try_it()

    def test_hash_chains(self):
        def sysv_round(elf, content):
            at = elf.at_tag(HASH)
            n_buckets, n = struct.unpack_from("<II", content, at)
            for i in range(n):
                struct.pack_into("<I", content, at + 8 + 4 * n_buckets + 4 * i, max(i, 1))
            for i in range(n_buckets):
                struct.pack_into("<I", content, at + 8 + 4 * i, 1)

        def gnu_endless(elf, content):
            at = elf.at_tag(GNU_HASH)
            n_buckets, base, n_bloom = struct.unpack_from("<III", content, at)
            n = struct.unpack_from("<I", content, elf.at_tag(HASH) + 4)[0]
            chains = at + 16 + 8 * n_bloom + 4 * n_buckets
            for i in range(n - base):
                word = struct.unpack_from("<I", content, chains + 4 * i)[0]
                struct.pack_into("<I", content, chains + 4 * i, word & ~1)
            for i in range(n_bloom):
                struct.pack_into("<Q", content, at + 16 + 8 * i, 0xffffffffffffffff)

        self.patch("libhook.so", sysv_round)
        self.try_it()
        self.patch("libhook.so", gnu_endless)
        self.try_it()
        # Without the one, a loader goes by the other.
        self.object("libhook.so", "int f(void) { return 1; } int h(void) { return 1; }", "-Wl,-soname,libhook.so", "-Wl,--hash-style=sysv")
        self.patch("libhook.so", sysv_round)
        self.try_it()


class FilesTest(LoopsTest):
    """Files that lead back to themselves."""

    def test_symbolic_links(self):
        self.program()
        os.symlink("b", self.directory / "a")
        os.symlink("a", self.directory / "b")
        for arguments in (["a"], ["./a"], ["./app", "--dlopen=./a"], ["--plan=a"], ["--root=a", "/x"], ["--cwd=a", "./app"],
                          ["check", "--policy=a", "./app"], ["scan", "a"], ["log", "a"], ["--core=a"], ["-o", "a", "./app"], ["diff", "a", "./app"]):
            self.ask(*arguments, wanted=(1, 2))
        # The loader goes on without it.
        self.ask("./app", "--preload=./a")

    def test_links_in_a_root(self):
        (self.directory / "root/etc").mkdir(parents=True)
        os.symlink("/usr/lib", self.directory / "root/lib")
        os.symlink("/lib", self.directory / "root/usr")
        os.symlink("/lib64/deeper", self.directory / "root/lib64")
        os.symlink("ld.so.cache", self.directory / "root/etc/ld.so.cache")
        self.program("root/app")
        for arguments in (["/app"], ["--ldconfig", "/app"], ["/usr/lib/x"], ["scan", "/"]):
            self.ask("--root=root", *arguments, wanted=(0, 1, 2))

    def test_directories_round_and_deep(self):
        self.program()
        (self.directory / "set/in").mkdir(parents=True)
        os.symlink("..", self.directory / "set/in/again")
        here = os.open(self.directory / "set", os.O_RDONLY)
        self.addCleanup(os.close, here)
        for _ in range(1500 if FULL else 300):
            os.mkdir("d", dir_fd=here)
            next_one = os.open("d", os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = next_one
        self.addCleanup(subprocess.run, ["rm", "-rf", self.directory / "set"], check=False)
        for arguments in (["scan", "set"], ["check", "--no-policy", "--recursive", "--host=./app", "set"]):
            self.ask(*arguments, wanted=(0, 1, 2))

    def test_configuration_that_includes_itself(self):
        self.object(f"root{INTERPRETER}", "int nothing;", "-Wl,-soname,ld-linux-x86-64.so.2")
        self.program("root/app")
        self.file("root/etc/ld.so.conf", "include /etc/ld.so.conf\ninclude /etc/*.conf\ninclude /etc/round/*.conf\n/opt\n")
        self.file("root/etc/round/a.conf", "include b.conf\ninclude *.conf\n")
        self.file("root/etc/round/b.conf", "include a.conf\ninclude /etc/ld.so.conf\n")
        self.ask("--root=root", "--ldconfig", "/app", "--dlopen=libnone.so", wanted=(0, 1, 2))

    def test_interpreters(self):
        self.program("self", "void _start(void) {}", "-Wl,--dynamic-linker,./self")
        self.file("one", "#!two\n", 0o755)
        self.file("two", "#!./one\n", 0o755)
        for name in ("self", "one", "two"):
            self.ask("./" + name, wanted=(0, 1, 2))


class CoreTest(LoopsTest):
    """A core file that tells of more files than any process has."""

    @staticmethod
    def core(n, n_maps, long):
        """Half of the areas are one file that is not there, with all link maps in it; of the others each two are a file of its own."""
        base, page, where = 0x100000000, 4096, 0x10000000
        names = [b"/gone/" + b"x" * long] * (n // 2)
        for i in range(n // 4):
            names += [b"/" + b"./" * (long // 2) + b"".join(b"./" if i >> k & 1 else b"//" for k in range(20)) + b"bin/true"] * 2
        areas = b"".join(struct.pack("<QQQ", base + i * page, base + (i + 1) * page, i % 2) for i in range(len(names)))
        files = struct.pack("<QQ", len(names), page) + areas + b"\0".join(names) + b"\0"
        headers = struct.pack("<IIQQQQQQ", 6, 4, 0, where, where, 112, 112, 8) + struct.pack("<IIQQQQQQ", 2, 6, 0, where + 112, where + 112, 32, 32, 8)
        dynamic, debug, maps = struct.pack("<QQQQ", 21, where + 144, 0, 0), struct.pack("<QQQQQQ", 1, where + 192, 0, 0, 0, 0), where + 192
        memory = headers + dynamic + debug + b"".join(struct.pack("<QQQQQ", 0, where + 184, base, maps + (i + 1) * 40 if i + 1 < n_maps else 0, 0)
                                                      for i in range(n_maps))

        def note(kind, text):
            return struct.pack("<III", 5, len(text), kind) + b"CORE\0\0\0\0" + text + b"\0" * (-len(text) % 4)

        auxv = b"".join(struct.pack("<QQ", *pair) for pair in ((3, where), (4, 56), (5, 2), (6, page), (7, base), (9, base), (0, 0)))
        notes = note(1, b"\0" * 336) + note(6, auxv) + note(0x46494c45, files)
        start = 64 + 2 * 56
        header = b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + struct.pack("<HHIQQQIHHHHHH", 4, 62, 1, 0, 64, 0, 0, 64, 56, 2, 0, 0, 0)
        loads = struct.pack("<IIQQQQQQ", 4, 0, start, 0, 0, len(notes), 0, 4)
        loads += struct.pack("<IIQQQQQQ", 1, 6, start + len(notes), where, 0, len(memory), len(memory), page)
        return header + loads + notes + memory

    def test_many_files(self):
        self.file("core", self.core(800000 if FULL else 200000, 16000, 200))
        self.ask("--core=core", wanted=(2,), seconds=60 if FULL else 15)


class MuchTest(LoopsTest):
    """Names, symbols, versions and steps without number."""

    def test_many_symbols(self):
        n = 1000000 if FULL else 50000
        self.program()
        with open(self.directory / "many.s", "w") as file:
            file.write('.section .note.GNU-stack,"",@progbits\n.altmacro\n.macro one n\n.globl s\\n\ns\\n:\n.endm\n.set i,0\n.rept %d\none %%i\n.set i,i+1\n.endr\n' % n)
        subprocess.run([CC[0], "-c", "many.s"], cwd=self.directory, check=True)
        self.link("libmany.so", source="many.o")
        self.ask("./app", "--dlopen=./libmany.so", f"--dlsym=1:s{n - 1}")

    def test_many_versions(self):
        self.program()
        n = 32000 if FULL else 2000  # which is what there is an index for, but for the mark of hidden ones
        self.file("map", "".join(f"V{i} {{ {'f;' if i == 0 else ''} }};\n" for i in range(n)))
        self.link("libversions.so", "--version-script=map", "-soname", "libversions.so")
        self.ask("./app", "--dlopen=./libversions.so", "--dlsym=1:f@V0")

    def test_long_names(self):
        self.program()
        long = "n" * (1 << (20 if FULL else 17))
        self.file("long.s", f'.section .note.GNU-stack,"",@progbits\n.globl {long}\n{long}: ret\n.globl use\nuse: call missing{long}\n')
        subprocess.run([CC[0], "-c", "long.s"], cwd=self.directory, check=True)
        self.link("liblong.so", source="long.o")
        self.link("named.so")
        (self.directory / "rsp").write_text(f"-soname {long}\n-rpath /{long}:{'/x:' * 100000}\n")
        self.link("libnamed.so", "@rsp")
        self.link("libneeds.so", "libnamed.so", "-rpath", "$ORIGIN")
        for name in ("text", "json", "ld-debug", "markdown", "github", "html", "sarif", "junit"):
            status, out, _ = self.ask(f"--format={name}", "./app", "--dlopen=./liblong.so:LAZY", "--dlopen=./libneeds.so", wanted=(1,))
            self.assertLess(len(out), 64 << 20)
        plan = '{"executable": "./app", "steps": [{"kind": "dlopen", "file": "%s"}]}' % long
        self.file("plan", plan)
        self.ask("--plan=plan", wanted=(1, 2))

    def test_many_steps(self):
        self.program()
        self.object("libhook.so", HOOK)
        document = self.ask("--format=plan", "./app", "--dlopen=./libhook.so", "--dlsym=1:hook", "--dlclose=1")[1]
        plan = json.loads(document)
        plan["steps"] = plan["steps"][:1] + plan["steps"][1:2] * (100000 if FULL else 10000)
        self.file("plan", json.dumps(plan))
        self.ask("--plan=plan", "--format=ld-debug")

    def test_one_library_over_and_over(self):
        """Each opening makes an object of its own, and what is kept of a step does not grow with all that were before."""
        self.program()
        self.object("libhook.so", HOOK + "int hook(void); int again(void) { return hook(); }")
        document = self.ask("--format=plan", "./app", "--dlopen=./libhook.so", "--dlclose=1")[1]
        plan = json.loads(document)
        opening, closing = plan["steps"]
        plan["steps"] = [step for i in range(10000) for step in (opening, {**closing, "dlclose": 2 * i + 1})]
        self.file("plan", json.dumps(plan))
        # A sanitizer takes more address space for itself than there is.
        memory = resource.RLIM_INFINITY if self.is_sanitized() else 3 << 29
        self.ask("--plan=plan", memory=memory)

    def test_deep_documents(self):
        for text in ("[" * 100000, '{"steps":' * 100000, '{"steps":[' + '{"init":[' * 50000):
            self.file("deep", text)
            for arguments in (["--plan=deep"], ["diff", "deep", "./app"], ["check", "--no-policy", "--baseline=deep", "./app"]):
                self.ask(*arguments, wanted=(2,))


if __name__ == "__main__":
    unittest.main()
