#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Builds the files that the tests of src/elf read: elf-fixtures.py DIRECTORY CC...

Writes DIRECTORY/NAME for every fixture that the tools at hand can make, and DIRECTORY.stamp at the
end; a test whose fixture is missing is skipped. Nothing is linked against the C library, so that
every byte of a table is ours.
"""

import os
import shutil
import struct
import subprocess
import sys

LIBRARY = """
#define NOTE(variable, text) static const struct { unsigned n_owner, n_text, type; char owner[4]; char bytes[sizeof text]; } \\
    variable __attribute__((used, aligned(4), section(".note.dlopen"))) = { 4, sizeof text, 0x407c0c0a, "FDO", text }
NOTE(first, "[{\\"soname\\":[\\"libfirst.so\\"]}]");
NOTE(second, "[{\\"soname\\":[\\"libsecond.so.1\\",\\"libsecond.so.0\\"],\\"priority\\":\\"required\\"}]");
__thread int tls_own;
extern __thread int tls_other;
extern int other_data;
extern void other(void);
extern __attribute__((weak)) void perhaps(void);
static int local;
int counter = 1;
int *where = &counter;
int *elsewhere = &other_data;
int *inside = &local;
__attribute__((visibility("protected"))) int guarded(void) { return 1; }
void work(void) { other(); if (perhaps) perhaps(); tls_own++; }
int tls(void) { return tls_other; }
"""

VERSIONED = """
int old_name(void) { return 1; }
int new_name(void) { return 2; }
int plain(void) { return 3; }
__asm__(".symver old_name, name@V1");
__asm__(".symver new_name, name@@V2");
"""
VERSION_SCRIPT = "V1 { global: plain; local: old_name; new_name; };\nV2 { } V1;\n"

USER = """
extern int name(void);
extern int plain(void);
int use(void) { return name() + plain(); }
"""

EXECUTABLE = """
extern int counter;
extern void work(void);
void _start(void) { counter++; work(); for (;;) ; }
"""

RELATIVE = """
static int v[100];
#define P(i) &v[i], &v[i + 1], &v[i + 2], &v[i + 3]
int *pointers[] = { P(0), P(4), P(8), P(12), P(16), P(20), P(24), P(28), P(32), P(36) };
int *more[] = { 0, &v[1], 0, &v[2] };
"""

IFUNC = """
static int one(void) { return 1; }
static int (*choose(void))(void) { return one; }
int chosen(void) __attribute__((ifunc("choose")));
__attribute__((visibility("hidden"), ifunc("choose"))) int chosen_inside(void);
int (*pointer)(void) = chosen_inside;
"""

# GNU_PROPERTY_X86_ISA_1_NEEDED of x86-64-v3, and an ABI tag: Linux 5.6.7.
NOTES = """
__asm__(".section .note.gnu.property,\\"a\\"\\n"
	".p2align 3\\n"
	".long 4, 16, 5\\n"
	".asciz \\"GNU\\"\\n"
	".long 0xc0008002, 4, 4, 0\\n"
	".section .note.ABI-tag,\\"a\\"\\n"
	".p2align 2\\n"
	".long 4, 16, 1\\n"
	".asciz \\"GNU\\"\\n"
	".long 0, 5, 6, 7\\n");
int x;
"""

CROSS = {
    "i386": "i386-linux-gnu",
    "aarch64": "aarch64-linux-gnu",
    "arm": "arm-linux-gnueabihf",
    "riscv64": "riscv64-linux-gnu",
    "ppc64le": "powerpc64le-linux-gnu",
    "ppc64": "powerpc64-linux-gnu",
    "s390x": "s390x-linux-gnu",
    "mips64el": "mips64el-linux-gnuabi64",
    "mips64": "mips64-linux-gnuabi64",
    "mips": "mips-linux-gnu",
}


class Builder:
    def __init__(self, directory, cc):
        self.directory = directory
        self.cc = cc
        os.makedirs(directory, exist_ok=True)

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, content):
        with open(self.path(name), "wb") as f:
            f.write(content if isinstance(content, bytes) else content.encode())
        return self.path(name)

    def run(self, name, command):
        """Runs COMMAND, which makes NAME; no NAME is left when it fails."""
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode and os.path.exists(self.path(name)):
            os.remove(self.path(name))
        return done.returncode == 0

    def link(self, name, source, *options):
        source = self.write(name + ".c", source)
        kind = [] if "-no-pie" in options else ["-fPIC", "-shared"]
        return self.run(name, self.cc + [
            "-O1", "-g0", *kind, "-nostdlib", "-ffreestanding", "-fcf-protection=none",
            "-fno-asynchronous-unwind-tables", "-Wl,--hash-style=gnu", "-o", self.path(name),
            source, *options])

    def cross(self, name, triple):
        """Links with lld, or with binutils of that machine where lld does not know it."""
        clang = shutil.which("clang")
        if not clang:
            return
        source, made = self.write(name + ".c", LIBRARY), self.path(name)
        style = "sysv" if "mips" in name else "both"
        compile_only = [clang, "--target=" + triple, "-O1", "-fPIC", "-ffreestanding", "-c",
                        source, "-o", made + ".o"]
        if not self.run(name + ".o", compile_only):
            return
        for linker in "ld.lld", triple + "-ld":
            if shutil.which(linker) and self.run(name, [
                    linker, "-shared", "--build-id=sha1", "--hash-style=" + style, "-soname",
                    name + ".so", "-o", made, made + ".o"]):
                break
        gnu = shutil.which(triple + "-ld")
        if gnu and "mips" in name:
            self.run(name + "-xhash", [gnu, "-shared", "--hash-style=gnu", "-o", made + "-xhash",
                                       made + ".o"])


def without_section_headers(image):
    """A 64-bit file whose header knows no sections."""
    image = bytearray(image)
    struct.pack_into("<Q", image, 40, 0)
    struct.pack_into("<HHH", image, 58, 0, 0, 0)
    return bytes(image)


def native_fixtures(b):
    b.write("versions.map", VERSION_SCRIPT)
    b.link("plain", LIBRARY, "-Wl,-soname,libplain.so.1", "-Wl,--build-id=0x0123456789abcdef",
           "-Wl,-rpath,/one:/two", "-Wl,--enable-new-dtags")
    b.link("sysv", LIBRARY, "-Wl,--hash-style=sysv", "-Wl,-rpath,/old",
           "-Wl,--disable-new-dtags")
    b.link("both", LIBRARY, "-Wl,--hash-style=both", "-Wl,-z,now", "-Wl,-Bsymbolic")
    b.link("versioned", VERSIONED, "-Wl,--version-script," + b.path("versions.map"),
           "-Wl,-soname,libversioned.so")
    b.link("user", USER, b.path("versioned"))
    b.link("relr", RELATIVE, "-Wl,-z,pack-relative-relocs")
    b.link("ifunc", IFUNC)
    b.link("property", NOTES)
    b.link("executable", EXECUTABLE, "-no-pie", "-fno-pie", "-Wl,-dynamic-linker,/lib/ld.so.9",
           "-Wl,--unresolved-symbols=ignore-all", b.path("plain"))
    for name in "plain", "versioned":
        if os.path.exists(b.path(name)):
            with open(b.path(name), "rb") as f:
                b.write(name + "-headless", without_section_headers(f.read()))


def s390x_by_hand():
    """Big-endian, with the 64-bit words that s390x has in DT_HASH: symbols "f" and "g".

    The only bucket starts with symbol 2, whose chain goes on to 1."""
    strings = b"\0f\0g\0"
    table = struct.pack(">QQ", 1, 3) + struct.pack(">Q", 2) + struct.pack(">QQQ", 0, 0, 1)
    symbols = bytes(24)
    for i, name in enumerate((1, 3)):
        symbols += struct.pack(">IBBHQQ", name, 0x12, 0, 1, 0x1000 + i, 8)
    at_dynamic = 64 + 2 * 56
    at_hash = at_dynamic + 6 * 16
    at_symbols = at_hash + len(table)
    at_strings = at_symbols + len(symbols)
    end = at_strings + len(strings)
    dynamic = b"".join(struct.pack(">qQ", tag, value) for tag, value in (
        (4, at_hash), (5, at_strings), (6, at_symbols), (10, len(strings)), (11, 24), (0, 0)))
    header = b"\x7fELF\x02\x02\x01" + bytes(9) + struct.pack(
        ">HHIQQQIHHHHHH", 3, 22, 1, 0, 64, 0, 0, 64, 56, 2, 0, 0, 0)
    load = struct.pack(">IIQQQQQQ", 1, 4, 0, 0, 0, end, end, 0x1000)
    section = struct.pack(">IIQQQQQQ", 2, 4, at_dynamic, at_dynamic, at_dynamic, 96, 96, 8)
    return header + load + section + dynamic + table + symbols + strings


def main():
    b = Builder(sys.argv[1], sys.argv[2:])
    native_fixtures(b)
    for name, triple in CROSS.items():
        b.cross(name, triple)
    b.write("s390x-by-hand", s390x_by_hand())
    with open(sys.argv[1] + ".stamp", "w", encoding="ascii"):
        pass


if __name__ == "__main__":
    main()
