# SPDX-License-Identifier: MIT
"""The objects that transcripts are about: a player, its codec library, and plugins that bring their own copy of it.

    player            needs libcodec.so.1
    lib/libcodec.so.1 defines codec_open, codec_read, codec_close and the data codec_table and codec_names
    copy.so           has an older build of all of it inside, and uses it
    static.so         has older builds of codec_open and codec_read inside, and uses them
    newer.so          uses codec_reset, which no libcodec.so.1 has
    first.so, second.so   first.so defines hook, second.so uses it
    third.so          defines hook, too
    owner.so          defines hook, too, and needs second.so

Files that are not found, each for another reason:

    wants.so          needs libwanted.so, which is nowhere
    asks.so           needs libextra.so, which is in lib/, on the RUNPATH of the program launcher
    deep/opener.so    has the RPATH deep; needy.so needs libdeep.so, which is there
    kit/plugin.so     needs libbeside.so, which is in kit/, too
    broken            a program that needs libwanted.so and libextra.so

What is captured and how bad it is:

    data.so           has the data of libcodec.so.1 inside, and uses it
    templates.so, more-templates.so   weak definitions of the same names, in C++
    malloc.so         has an allocator; heap.so, too, and uses it
    copier            a program with a copy relocation for codec_table

Lookups that are decided by something else than the order:

    libver.so         defines ver_call in V1 and V2; old.so in V1, hidden; other.so in V3; bare.so in no version
    user.so, plain.so user.so asks for V2 of it, plain.so for no version
    weak.so           a weak reference that nobody answers
    protected.so      protected_call is protected, and its address is taken; public.so defines it, too
    unique-1.so, unique-2.so     both define and use the unique symbol unique_object
    cplusplus.so      calls functions of C++ and Rust, which libnames.so defines
    宽.so, e\u0301.so   names that take more and fewer columns than they have characters
"""

from __future__ import annotations

import argparse
import subprocess
from pathlib import Path

from harness import CC, build

PARTS = {"open": "int codec_open(void) { return 1; }", "read": "int codec_read(void) { return 2; }",
         "close": "int codec_close(void) { return 3; }", "table": "int codec_table[4] = { 1 };",
         "names": "const char *codec_names[2] = { 0 };"}
CODEC = "\n".join(PARTS.values())
OLDER = CODEC.replace("return ", "return 10 + ")
USES = "int codec_open(void); int codec_read(void);"
WEAK = "\n".join(f'__attribute__((weak)) int w{i}(void) __asm__("{name}"); int w{i}(void) {{ return {i}; }}'
                 for i, name in enumerate(("_ZN5codec3oneIiEEvT_", "_ZN5codec4FileC1Ev", "_ZN5codec4FileC2Ev",
                                           "_ZN5codec3twoEv"))) + "int use(void) { return w0() + w1() + w2() + w3(); }"
UNIQUE = """__asm__(".globl unique_object\\n.type unique_object, @gnu_unique_object\\n.size unique_object, 4\\n"
                    ".data\\nunique_object: .long 1\\n.text\\n"); extern int unique_object; int *{0} = &unique_object;"""


def build_examples(directory: Path) -> None:
    """Builds all of them."""
    def library(name: str, source: str, *options: str) -> None:
        build(directory / name, source, "-shared", "-fPIC", *options)

    def program(name: str, source: str, *options: str) -> None:
        build(directory / name, source, "-pie", "-fPIE", *options)

    def soname(name: str) -> str:
        return f"-Wl,-soname,{name}"

    now = "-Wl,-z,now"
    library("lib/libcodec.so.1", CODEC, soname("libcodec.so.1"))
    program("player", f"{USES} void _start(void) {{ codec_open(); codec_read(); }}", "lib/libcodec.so.1", now,
            "-Wl,--enable-new-dtags", "-Wl,-rpath,$ORIGIN/lib")
    library("copy.so", f"{OLDER} int plugin(void)"
                       "{ return codec_open() + codec_read() + codec_close() + codec_table[1]; }")
    library("static.so", "int codec_open(void) { return 11; } int codec_read(void) { return 12; }"
                         "int plugin(void) { return codec_open() + codec_read(); }")
    library("newer.so", "int codec_reset(void); int codec_open(void);"
                        "int plugin(void) { return codec_reset() + codec_open(); }")
    library("first.so", "int hook(void) { return 1; }")
    library("second.so", "int hook(void); int plugin(void) { return hook(); }")
    library("third.so", "int hook(void) { return 3; }")
    library("owner.so", "int hook(void) { return 4; }", "-Wl,--no-as-needed", "./second.so")

    wanted = "int wanted(void); int plugin(void) { return wanted(); }"
    extra = "int extra(void); int plugin(void) { return extra(); }"
    library("libwanted.so", "int wanted(void) { return 1; }", soname("libwanted.so"))
    library("lib/libextra.so", "int extra(void) { return 1; }", soname("libextra.so"))
    library("wants.so", wanted, "libwanted.so")
    library("asks.so", extra, "lib/libextra.so")
    program("broken", "int wanted(void); int extra(void); void _start(void) { wanted(); extra(); }", now, "libwanted.so",
            "lib/libextra.so")
    program("launcher", "void _start(void) {}", "-Wl,--enable-new-dtags", "-Wl,-rpath,$ORIGIN/lib")
    (directory / "libwanted.so").unlink()
    library("deep/libdeep.so", "int deep(void) { return 1; }", soname("libdeep.so"))
    library("deep/opener.so", "int opener;", "-Wl,--disable-new-dtags", "-Wl,-rpath,$ORIGIN")
    library("needy.so", "int deep(void); int plugin(void) { return deep(); }", "deep/libdeep.so")
    library("kit/libbeside.so", "int beside(void) { return 1; }", soname("libbeside.so"))
    build(directory / "kit/plugin.so", "int beside(void); int plugin(void) { return beside(); }", "-shared", "-fPIC",
          "./libbeside.so")

    library("data.so", f"{PARTS['table']} {PARTS['names']} int plugin(void) {{ return codec_table[1] + !codec_names[1]; }}")
    library("templates.so", WEAK)
    library("more-templates.so", WEAK)
    library("malloc.so", "void *malloc(unsigned long n) { return (void *)n; }")
    library("heap.so", "void *malloc(unsigned long n) { return (void *)(n + 1); } void *use(void) { return malloc(1); }",
            "-fno-builtin")
    library("libtable.so", f"{PARTS['table']} int table_read(void) {{ return codec_table[1]; }}", soname("libtable.so"))
    build(directory / "copier", "extern int codec_table[]; int table_read(void);"
                                "void _start(void) { codec_table[0] = table_read(); }",
          "-no-pie", "-fno-pie", "libtable.so", now, "-Wl,-rpath,$ORIGIN")

    def versioned(name: str, script: str, *symvers: str) -> None:
        (directory / "map").write_text(script)
        assembly = "\\n".join(f".symver call_{i}, ver_call{symver}" for i, symver in enumerate(symvers))
        calls = " ".join(f"int call_{i}(void) {{ return {i}; }}" for i in range(len(symvers)))
        library(name, f'__asm__("{assembly}"); {calls}', soname(name), f"-Wl,--version-script={directory}/map")
        (directory / "map").unlink()

    versioned("libver.so", "V1 { ver_call; }; V2 { ver_call; } V1;", "@V1", "@@V2")
    versioned("old.so", "V0 { nothing; }; V1 { ver_call; } V0;", "@V1")
    versioned("other.so", "V3 { ver_call; };", "@@V3")
    library("bare.so", "int ver_call(void) { return 0; }")
    user = "int ver_call(void); int plugin(void) { return ver_call(); }"
    library("user.so", user, "libver.so")
    library("plain.so", user)
    library("weak.so", "__attribute__((weak)) int absent(void); int plugin(void) { return absent ? absent() : 0; }")
    library("protected.so", '__attribute__((visibility("protected"))) int protected_call(void) { return 1; }'
                            "int (*pointer)(void) = protected_call;")
    library("public.so", "int protected_call(void) { return 2; }")
    for i in (1, 2):
        library(f"unique-{i}.so", UNIQUE.format(f"pointer_{i}"))
    names = ("_ZN5codec4openERKNS_4FileEi", "_ZN5codec4FileC1EPKc", "_RNvC5codec4read")
    library("libnames.so", "".join(f'int f{i}(void) __asm__("{name}"); int f{i}(void) {{ return {i}; }}'
                                   for i, name in enumerate(names)), soname("libnames.so"))
    calls = " + ".join(f"f{i}()" for i in range(len(names)))
    library("cplusplus.so", "".join(f'int f{i}(void) __asm__("{name}");' for i, name in enumerate(names))
            + f"int plugin(void) {{ return {calls}; }}", "libnames.so", "-Wl,-rpath,$ORIGIN")
    for name in ("宽.so", "e\u0301.so", "plain-name.so"):
        library(name, "int nothing;")


def build_host(directory: Path) -> None:
    """Builds a program that can be run, beside the examples: it opens what its arguments name."""
    source = directory / "host.c"
    source.write_text("#include <dlfcn.h>\nint codec_open(void);\nint main(int argc, char **argv)\n{\n\tcodec_open();\n"
                      "\tfor (int i = 1; i < argc; i++)\n\t\tdlopen(argv[i], RTLD_NOW);\n\treturn 0;\n}\n")
    subprocess.run([*CC, "-g0", "-Wl,--build-id=none", "-Wl,-z,lazy", "-o", "host", "host.c", "lib/libcodec.so.1", "-Wl,-rpath,$ORIGIN/lib"],
                   cwd=directory, check=True)
    source.unlink()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Builds the examples of README.md and docs/queries.md in DIRECTORY, to be tried.")
    parser.add_argument("directory", metavar="DIRECTORY", type=Path, help="is made if it is not there")
    place = parser.parse_args().directory
    place.mkdir(parents=True, exist_ok=True)
    build_examples(place)
    build_host(place)
