# SPDX-License-Identifier: MIT
"""Objects for the tests of the JSON formats: each is linked from C or assembly when a test asks for it."""

import os
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
import made  # noqa: E402

RUNPATH = ("-Wl,-rpath,$ORIGIN", "-Wl,--enable-new-dtags")


class Workshop:
    """Builds into one directory; gcc is told everything that decides what is in the file."""

    def __init__(self, directory, compiler=("gcc",)):
        self.directory = directory
        self.compiler = list(compiler)

    def path(self, name):
        return os.path.join(os.fsencode(self.directory), os.fsencode(name))

    def link(self, name, source, *arguments, language="c"):
        """Makes the file NAME; libraries among ARGUMENTS are named relative to the directory."""
        command = [*self.compiler, "-O1", "-fPIC", "-nostdlib", "-Wl,--no-as-needed", "-Wl,--allow-shlib-undefined",
                   "-Wl,--build-id=none", "-o", b"./" + os.fsencode(name), *arguments, "-x", language, "-"]
        text = source if isinstance(source, bytes) else source.encode()
        done = made.make(command, self.path(name), self.directory, text, capture_output=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(done.stderr.decode(errors="replace"))

    def library(self, name, source, *arguments, soname=None, language="c"):
        soname = name if soname is None else soname
        self.link(name, source, "-shared", b"-Wl,-soname=" + os.fsencode(soname), *arguments, language=language)

    def program(self, name, source, *arguments):
        self.link(name, source + "\nvoid _start(void) { }\n", "-pie", "-Wl,-z,lazy", "-Wl,-e,_start",
                  *RUNPATH, *arguments)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def remove(self, name):
        os.remove(self.path(name))


def furnish(shop):
    """The ordinary ones."""
    calls = ("extern int b(void), maybe(void) __attribute__((weak)); int a(void) { return b(); }"
             "int (*pointers[])(void) = { b, maybe };")
    shop.library("libb.so", "int b(void) { return 1; }")
    shop.library("liba.so", calls, "./libb.so", *RUNPATH)
    shop.program("app", "extern int a(void); int call(void) { return a(); }", "./liba.so")
    shop.program("now", "extern int a(void); int call(void) { return a(); }", "./liba.so", "-Wl,-z,now")
    shop.library("libgone.so", "int gone(void) { return 1; }")
    shop.program("needs-gone", "extern int a(void); extern int gone(void); int call(void) { return a() + gone(); }",
                 "./liba.so", "./libgone.so")
    shop.remove("libgone.so")
    shop.library("libundefined.so", "extern int one, two, b(void);"
                                    "void *pointers[] = { (void *)b, &one, (void *)0, &two, (void *)b };")
    shop.library("libpre.so", "int b(void) { return 2; }")
    shop.write("libtext.so", "no library\n")
    os.mkdir(shop.path("here"))
    shop.library("here/libhere.so", "int here(void) { return 1; }")
    furnish_versions(shop)
    furnish_captured(shop)
    furnish_unique(shop)
    furnish_notes(shop)


def furnish_versions(shop):
    shop.write("one.map", "V1 { global: f; local: *; };\n")
    shop.write("two.map", "V1 { global: f; local: *; }; V2 { global: g; } V1;\n")
    shop.library("libv.so", "int f(void) { return 1; } int g(void) { return 2; }", "-Wl,--version-script=two.map")
    shop.library("libuser.so", "extern int f(void), g(void); void *pointers[] = { (void *)f, (void *)g };", "./libv.so")
    os.mkdir(shop.path("old"))
    shop.library("old/libv.so", "int f(void) { return 1; }", "-Wl,--version-script=one.map", soname="libv.so")


def furnish_captured(shop):
    """Two copies of one library: what libsecond.so defines and uses is bound to libfirst.so."""
    copy = ("int _Z3onei(int x) { return x; } int _Z3twoi(int x) { return x; } int _Z5threei(int x) { return x; }"
            "__attribute__((weak)) int _Z6inlinei(int x) { return x; }")
    uses = "void *pointers[] = { (void *)_Z3onei, (void *)_Z3twoi, (void *)_Z5threei };"
    shop.library("libfirst.so", copy)
    shop.library("libsecond.so", copy.replace("return x", "return x + 1") + uses)
    shop.program("captured", "extern int _Z3onei(int); int call(void) { return _Z3onei(1); }", "./libfirst.so",
                 "./libsecond.so")


def furnish_notes(shop):
    """A program and a library that say what they may open."""
    note = """
        .section .note.dlopen, "a", @note
        .balign 4
        .long 4, 2f - 1f, 0x407c0c0a
        .asciz "FDO"
1:      .asciz "%s"
2:      .balign 4
        .section .note.GNU-stack,"",@progbits
"""
    shop.library("libnoting.so", note % (r'[{\"soname\":[\"./libfirst.so\"],\"feature\":\"\303\274\"}]'), language="assembler")
    text = r'[{\"soname\":[\"libno.so\",\"./libnoting.so\"],\"priority\":\"required\"},{\"soname\":[\"libno.so\"]},7]'
    shop.program("noting", "__asm__(%s);" % "\n".join('"%s\\n"' % line.replace("\\", "\\\\").replace('"', '\\"')
                                                    for line in (note % text).splitlines()))


def furnish_unique(shop):
    unique = """
        .globl only
        .type only, @gnu_unique_object
        .size only, 4
        .data
only:   .long 1
        .balign 8
        .quad only
        .section .note.GNU-stack,"",@progbits
"""
    for name in ("libu1.so", "libu2.so"):
        shop.library(name, unique, language="assembler")


LAZY = "-Wl,-z,lazy"
CONSTRUCTOR = "__attribute__((constructor)) static void start(void) { } "


def furnish_steps(shop):
    """A program whose library calls functions that others define, some of them of several kinds."""
    shop.library("libcalls.so", CONSTRUCTOR + "extern int here(void), there(void), nowhere(void), "
                 "perhaps(void) __attribute__((weak)); int steady(void) { return 1; }"
                 "int call(void) { return here() + there() + nowhere() + perhaps() + steady(); }", LAZY)
    shop.program("steps", "extern int call(void); int main_call(void) { return call(); }", "./libcalls.so")
    shop.library("libhere.so", CONSTRUCTOR + "int here(void) { return 1; } int perhaps(void) { return 1; }")
    shop.library("libthere.so", CONSTRUCTOR + "int there(void) { return 1; } int here(void) { return 2; }")
    shop.library("libkinds.so", "__thread int thread; int function(void) { return 1; } static int *chosen(void) "
                 "{ return 0; } int resolved(void) __attribute__((ifunc(\"chosen\")));"
                 "__asm__(\".globl fixed\\n.set fixed, 42\");")
    shop.library("libneeds.so", "extern int here(void); int needs(void) { return here(); }", LAZY, "./libhere.so",
                 *RUNPATH)
    shop.library("libbound.so", "extern int here(void); int (*pointer)(void) = here;", "./libhere.so", *RUNPATH)


# What a file system and a symbol table may hold.
WEIRD_FILES = [b'lib"quoted".so', b"lib\\back.so", b"lib\nline.so", b"lib\x01\x1f\x7fcontrol.so", b"lib\xff\xfe.so",
               b"lib\\xff\xff.so", "lib\u00e4\u20ac\U0001f600.so".encode(), b"lib\xc2\x85c1.so", b"lib\xed\xa0\x80.so",
               "\ufffdlib\\xff.so".encode(), b"lib<b>&.so"]


def furnish_weird(shop):
    """Names of files and symbols; returns the symbols."""
    for name in WEIRD_FILES:
        shop.library(name, "int inside(void) { return 1; }")
    symbols = [b"sym\xff\xfe", "sym\u00e4".encode(), b"_Z3onei", b"_ZN3fooIXadL_Z3barEEE3bazEv", b"sym$.x@",
               b"_RNvC6_123foo3bar"]
    lines = [b'.globl "%s"\n.quad "%s"\n' % (name, name) for name in symbols[:4] + symbols[5:]]
    shop.library("libsymbols.so", b".data\n" + b"".join(lines) + b'.section .note.GNU-stack,"",@progbits\n',
                 language="assembler")
    return symbols[:4] + symbols[5:]
