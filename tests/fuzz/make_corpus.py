#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Builds the seeds of the fuzzers: DIRECTORY/TARGET/* for each target.

    make_corpus.py DIRECTORY

ELF files, and containers of a program, two libraries, ld.so and a cache, are made on the spot; the sources are below. Texts and
tables are those of seeds.py.
"""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path

import seeds

LIBRARY_A = """
	.text
	.globl a_old, a_new, both, uniq, tls_a
	.symver a_old, shared@A_1
	.symver a_new, shared@@A_2
	.type a_old, @function
	.type a_new, @function
	.type both, @function
a_old:	ret
a_new:	ret
both:	call both@PLT
	call b_only@PLT
	call nowhere@PLT
	mov uniq@GOTPCREL(%rip), %rax
	mov tls_b@gottpoff(%rip), %rcx
	.data
	.type uniq, @gnu_unique_object
	.size uniq, 8
uniq:	.quad both
	.quad maybe
	.weak maybe
	.section .tdata, "awT", @progbits
	.type tls_a, @object
	.size tls_a, 8
tls_a:	.quad 0
	.section .note.dlopen, "a", @note
	.balign 4
	.long 4, 2f - 1f, 0x407c0c0a
	.asciz "FDO"
1:	.asciz "[{\\"soname\\":[\\"libb.so\\",\\"x\\"],\\"priority\\":\\"required\\"},{\\"soname\\":[\\"y\\"],\\"feature\\":\\"f\\"}]"
2:	.balign 4
"""
LIBRARY_B = """
	.text
	.globl b_only, both, uniq, tls_b, data, prot, resolver
	.type b_only, @function
	.type both, @function
	.type prot, @function
	.type resolver, @gnu_indirect_function
	.protected prot
b_only:	call shared@PLT
	call prot@PLT
	ret
both:	ret
prot:	ret
resolver: ret
	.data
	.type uniq, @gnu_unique_object
	.size uniq, 8
uniq:	.quad prot
	.type data, @object
	.size data, 8
data:	.quad resolver
	.section .tdata, "awT", @progbits
	.type tls_b, @object
	.size tls_b, 8
tls_b:	.quad 0
"""
PROGRAM = """
	.text
	.globl _start
_start:	call both@PLT
	call shared@PLT
	call resolver@PLT
	mov data@GOTPCREL(%rip), %rax
	.data
	.quad both, data
"""
LOADER = "\t.globl __tls_get_addr\n__tls_get_addr: ret\n\t.type __tls_get_addr, @function\n"
END = '\t.section .note.GNU-stack,"",@progbits\n'


LINE = "        11:\t"
LOGS = {
    "open": ["symbol=__vdso_clock_gettime;  lookup in file=linux-vdso.so.1 [0]", "file=libc.so.6 [0];  needed by ./app [0]",
             "find library=libc.so.6 [0]; searching", " search cache=/etc/ld.so.cache", "  trying file=/lib/libc.so.6",
             "file=libc.so.6 [0];  generating link map", "Initial object scopes", "object=./app [0]",
             " scope 0: ./app /lib/libc.so.6", "initialize program: ./app", "transferring control: ./app",
             "file=$ORIGIN/x.so [0];  dynamically loaded by ./app [0]", "file=$ORIGIN/x.so [0];  generating link map",
             "object=/opt/x.so [0]", " scope 0: /opt/x.so", " scope 1: ./app /lib/libc.so.6",
             "relocation processing: /opt/x.so (lazy)", "calling init: /opt/x.so",
             "file=./y.so [1];  generating link map", "./y.so: error: symbol lookup error: undefined symbol: f, version V (fatal)",
             "file=./y.so [1];  destroying link map", "add /opt/x.so [0] to global scope",
             "opening file=/opt/x.so [0]; direct_opencount=1", "file=/opt/x.so [0];  destroying link map", "calling fini:  [0]"],
    "bind": ["binding file ./a [0] to ./b [0]: normal symbol `f' [V1]", "binding file ./c [0] to ./d [0]: normal symbol `f'",
             "binding file ./d [0] to ./b [0]: protected symbol `f'", "calling init: /lib/libc.so.6",
             "binding file linux-vdso.so.1 [0] to linux-vdso.so.1 [0]: normal symbol `__vdso_clock_gettime' [LINUX_2.6]",
             "initialize program: ./a", "transferring control: ./a", "find library=libx.so [0]; searching",
             " search path=/lib:/usr/lib\t\t(system search path)", "  trying file=/usr/lib/libx.so", "    (no such file)",
             "find library=libc.so.6 [0]; searching", "calling init: /lib/libc.so.6", "initialize program: ./b"],
}
PLANS = {
    "least": '{"schema":"bindsim-plan-1"}',
    "members": """{"schema":"bindsim-plan-1","executable":"app","search_path":"/bin","argv0":"a","loader":"glibc","root":"/",
        "cwd":"c","cpu":"x86-64","platform":"p","hwcaps_mask":"m","hwcaps_prepend":"h","secure":true,"inhibit_cache":false,"ldconfig":true,
        "inhibit_rpath":"r","library_path":"l","preload":"q","environment":{"LD_X":"y","A":"","\\ufffd\\\\xff":"z"}}""",
    "steps": """{"schema":"bindsim-plan-1","executable":"./app","steps":[{"dlopen":"x","flags":"NOW,GLOBAL"},
        {"dlopen":"","flags":["now","RTLD_LOCAL"]},{"dlmopen":"y","flags":258,"namespace_of":1,"caller":"c"},
        {"dlsym":"f","version":"V","handle":"next"},{"dlsym":"f","handle":1},{"dlclose":2},{"call":"f","object":"o[1]"}]}""",
    "blocks": """{"schema":"bindsim-plan-1","executable":"./app","steps":[{"init":"a","steps":[{"dlclose":1},
        {"init":"b","steps":[{"dlopen":"x"},{"init":"c","steps":[]}]},{"dlclose":2}]},{"init":"a","steps":[{"dlclose":3}]}]}""",
}


class Builder:
    """Links small files without padding: everything is in the first pages."""

    def __init__(self, directory: Path):
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)

    def link(self, output: str, source: str, *arguments: str) -> bytes:
        """The file OUTPUT, made of assembler."""
        subprocess.run(["gcc", "-nostdlib", "-x", "assembler", "-", "-x", "none", "-o", output, "-Wl,-z,norelro",
                        "-Wl,-z,noseparate-code", "-Wl,--unresolved-symbols=ignore-all", "-s", "-L.", *arguments],
                       input=source + END, text=True, cwd=self.directory, check=True)
        return (self.directory / output).read_bytes()

    def library(self, output: str, source: str, *arguments: str) -> bytes:
        """A shared object."""
        return self.link(output, source, "-shared", f"-Wl,-soname,{output}", *arguments)


def cache(names: tuple[str, ...]) -> bytes:
    """An ld.so.cache of the new format for x86-64 that leads NAMES to /lib."""
    strings, entries = b"", b""
    start = 48 + 24 * len(names)
    for name in sorted(names, reverse=True):
        key = start + len(strings)
        strings += name.encode() + b"\0"
        value = start + len(strings)
        strings += f"/lib/{name}".encode() + b"\0"
        entries += struct.pack("<iIIIQ", 0x303, key, value, 0, 0)
    return b"glibc-ld.so.cache1.1" + struct.pack("<IIB3xI12x", len(names), len(strings), 2, 0) + entries + strings


def without_segments(data: bytes) -> bytes:
    """No program headers, and a place for them that is far outside: found by the fuzzer once."""
    return data[:32] + struct.pack("<Q", 0x25000000) + data[40:56] + bytes(2) + data[58:]


def container(*parts: bytes) -> bytes:
    """The input of fuzz-root."""
    return struct.pack("<5I", *map(len, parts)) + b"".join(parts)


def make_files(directory: Path) -> None:
    """Those that are linked."""
    for style in ("gnu", "sysv", "both"):
        build = Builder(directory / f"built-{style}")
        (build.directory / "a.map").write_text("A_1 {}; A_2 { global: both; uniq; tls_a; };\n")
        (build.directory / "b.map").write_text("B_1 { global: *; };\n")
        hashes = f"-Wl,--hash-style={style}"
        loader = build.library("ld-linux-x86-64.so.2", LOADER, hashes)
        b = build.library("libb.so", LIBRARY_B, hashes, *(["-Wl,--version-script,b.map"] if style != "sysv" else []))
        a = build.library("liba.so", LIBRARY_A, hashes, "-Wl,--version-script,a.map", "-Wl,--no-as-needed", "-l:libb.so",
                          *(["-Wl,-z,now", "-Wl,-rpath,$ORIGIN/../lib"] if style == "gnu" else ["-Wl,-Bsymbolic"]))
        kind = ["-pie"] if style == "gnu" else ["-no-pie"]
        program = build.link("app", PROGRAM, hashes, *kind, "-Wl,--no-as-needed", "-l:liba.so", "-l:libb.so",
                             "-Wl,-dynamic-linker,/lib64/ld-linux-x86-64.so.2")
        for name, data in (("ld", loader), ("a", a), ("b", b), ("app", program)):
            (directory / "image" / f"{style}-{name}").write_bytes(data)
            (directory / "peek" / f"{style}-{name}").write_bytes(data)
            (directory / "image" / f"{style}-{name}-no-segments").write_bytes(without_segments(data))
        (directory / "root" / style).write_bytes(container(program, a, b, loader, cache(("liba.so", "libb.so"))))


def make(directory: Path, targets: list[str] | None = None) -> None:
    """Writes the seeds of TARGETS, or all there are."""
    directory = directory.resolve()
    texts = {"plan": {name: text.encode() for name, text in PLANS.items()}}
    # The first byte says in which pieces it comes.
    texts["log"] = {name: ("\n" + "".join(f"{LINE}{line}\n" for line in lines) + "Error relocating ./a: f: symbol not found\n").encode()
                    for name, lines in LOGS.items()}
    for target, inputs in (seeds.SEEDS | texts | {"image": {}, "root": {}}).items():
        (directory / target).mkdir(parents=True, exist_ok=True)
        for name, data in inputs.items():
            (directory / target / name).write_bytes(data)
    if targets is None or {"image", "peek", "root"} & set(targets):
        make_files(directory)


def main() -> int:
    """The command."""
    make(Path(sys.argv[1]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
