# SPDX-License-Identifier: MIT
"""Seeds of the targets whose input is a text, or a table that the target puts into a frame: sound ones, from which it is not far to
those that are not."""

from __future__ import annotations

import json
import struct
from pathlib import Path

# ---- tables in frames (see the head of each fuzz-TARGET.c) ------------------------------------------------------------------------

NAMES = ["", "a", "b", "f", "g", "ab", "V1", "V_2", "x", "xy", "main", "malloc", "__cxa", "libc.so.6", "GLIBC_2.4", "_ZN1aC1Ev"]
OFFSETS = [sum(len(n) + 1 for n in NAMES[:i]) for i in range(len(NAMES))]
X86_64, X32, I386, AARCH64, ARM, RISCV, PPC64, S390X, MIPS = range(9)
BIG = (S390X,)


def order(kind: int) -> str:
    """The byte order of a kind of file, for struct."""
    return ">" if kind in BIG else "<"


def words(kind: int, *values: int) -> bytes:
    """Words of 32 bits."""
    return struct.pack(f"{order(kind)}{len(values)}I", *values)


def hash_gnu(name: str) -> int:
    """The hash of DT_GNU_HASH."""
    h = 5381
    for c in name.encode():
        h = (h * 33 + c) & 0xFFFFFFFF
    return h


def hash_sysv(name: str) -> int:
    """The hash of DT_HASH."""
    h = 0
    for c in name.encode():
        h = (h << 4) + c
        h = (h ^ (h >> 24 & 0xF0)) & 0x0FFFFFFF
    return h


def gnu_table(kind: int, wide: bool) -> bytes:
    """Of the names 1 to 15, in one bucket; the bloom filter lets all pass."""
    bloom = b"\xff" * (8 if wide else 4)
    chain = [hash_gnu(name) & ~1 for name in NAMES[1:]]
    chain[-1] |= 1
    return words(kind, 1, 1, 1, 6) + bloom + words(kind, 1, *chain)


def sysv_table(kind: int, word: str = "I") -> bytes:
    """Of the same, in three buckets."""
    n, buckets, chain = 3, [0] * 3, [0] * len(NAMES)
    for i, name in enumerate(NAMES[1:], 1):
        bucket = hash_sysv(name) % n
        chain[i], buckets[bucket] = buckets[bucket], i
    return struct.pack(f"{order(kind)}{2 + n + len(chain)}{word}", n, len(chain), *buckets, *chain)


def hashes() -> dict[str, bytes]:
    """Hash tables."""
    seeds = {}
    for kind, wide in ((X86_64, True), (I386, False), (S390X, True)):
        seeds[f"gnu-{kind}"] = bytes([kind, 1, 16, 0, 0]) + gnu_table(kind, wide)
        seeds[f"sysv-{kind}"] = bytes([kind, 2, 16, 0, 0]) + sysv_table(kind, "Q" if kind == S390X else "I")
    seeds["named"] = bytes([0, 5, 16, 0, 0]) + words(0, 1, 1, 1, 6) + b"\xff" * 8 + words(0, 1, 0x01F1, 0x02F1, 0x13F1)
    mips = words(MIPS, 1, 1, 1, 6) + b"\xff" * 8 + words(MIPS, 1, *[hash_gnu(n) & ~1 for n in NAMES[1:-1]], hash_gnu(NAMES[-1]) | 1)
    seeds["mips"] = bytes([MIPS, 1, 16, 0, 0]) + mips + words(MIPS, *range(1, 16))
    return seeds


def version_tables(kind: int) -> bytes:
    """A base and two definitions, the second with two names; a need of two versions; versions of eight symbols."""
    o = order(kind)
    def verdef(flags: int, index: int, name: int, following: int) -> bytes:
        return struct.pack(f"{o}HHHHIII", 1, flags, index, 1, hash_sysv(NAMES[name]), 20, following) + words(kind, OFFSETS[name], 0)
    defs = verdef(1, 1, 13, 28) + verdef(0, 2, 6, 28) + verdef(0, 3, 7, 0)
    needs = struct.pack(f"{o}HHIII", 1, 2, OFFSETS[13], 16, 0)
    for name, other, following in ((14, 4, 16), (6, 5, 0)):
        needs += struct.pack(f"{o}IHHII", hash_sysv(NAMES[name]), 0, other, OFFSETS[name], following)
    symbols = struct.pack(f"{o}8H", 0, 1, 2, 0x8002, 3, 4, 5, 0x8003)
    total = len(defs) + len(needs) + len(symbols)
    first = (len(defs) * 256 + total - 1) // total
    second = (len(needs) * 256 + (total - len(defs)) - 1) // (total - len(defs))
    return bytes([kind, 15, 8, first, second, 0x13, 0]) + defs + needs + symbols


def relocations() -> dict[str, bytes]:
    """A few of each kind, for the machines that differ."""
    seeds = {}
    for kind, wide, rel in ((X86_64, 1, 0), (X32, 0, 0), (I386, 0, 1), (AARCH64, 1, 0), (ARM, 0, 1), (RISCV, 1, 0), (PPC64, 1, 0),
                            (S390X, 1, 0), (MIPS, 1, 1)):
        o = order(kind)
        table = b""
        for symbol, kind_of in ((0, 8), (1, 6), (2, 7), (3, 1), (0, 37), (4, 5)):
            info = symbol << 32 | kind_of if wide else symbol << 8 | kind_of
            table += struct.pack(f"{o}{'QQ' if wide else 'II'}", 64, info)
            table += b"" if rel else struct.pack(f"{o}{'q' if wide else 'i'}", 4)
        which = (1 if rel else 2) | 4 | 8 | (16 if rel else 0) | (128 if kind == MIPS else 0)
        head = bytes([kind, which, 8, 85, 85, 128, 1, 0, 0, 2, 8, 3])
        seeds[f"tables-{kind}"] = head + table * 2 + struct.pack(f"{o}{'3Q' if wide else '3I'}", 64, 0xFF, 3)
        seeds[f"last-{kind}"] = bytes([kind, which & ~8 | 32, 8, 255, 255, 24, 1, 0, 0, 2, 8, 3]) + table
    return seeds


def note(kind: int, name: bytes, n: int, text: bytes, align: int = 4) -> bytes:
    """A note with its padding."""
    data = words(kind, len(name), len(text), n) + name
    data += b"\0" * (-len(data) % align) + text
    return data + b"\0" * (-len(data) % align)


def notes() -> dict[str, bytes]:
    """Build ids, ABI tags, properties and what is said of dlopen."""
    seeds = {}
    for kind in (X86_64, I386, S390X):
        text = b'[{"soname":["libx.so","y"],"feature":"f","description":"d","priority":"suggested"},{"soname":["z"]}]\0'
        known = note(kind, b"GNU\0", 3, b"\1\2\3\4") + note(kind, b"GNU\0", 1, words(kind, 0, 3, 2, 0))
        known += note(kind, b"FDO\0", 0x407C0C0A, text)
        align = 4 if kind == I386 else 8
        properties = b"".join(words(kind, which, 4, 3) + b"\0" * (align - 4) for which in (0xB0008000, 0xC0000002, 0xC0008002))
        seeds[f"all-{kind}"] = bytes([kind, 64 if align == 4 else 65, 60, 255, 0]) + note(kind, b"GNU\0", 5, properties, align) + known
    return seeds


def cache(names: tuple[str, ...], old: bool, extended: bool) -> bytes:
    """What stands behind the magic of an ld.so.cache."""
    entry = 12 if old else 24
    head = 16 if old else 48
    table, strings = b"", b""
    # Old offsets count from the end of the entries, new ones from the start of the file.
    start = 0 if old else head + entry * len(names)
    for name in names:
        key = start + len(strings)
        strings += name.encode() + b"\0"
        value = start + len(strings)
        strings += f"/lib/{name}".encode() + b"\0"
        table += struct.pack("<iII", 0x303, key, value)
        table += b"" if old else struct.pack("<IQ", 0, (1 << 62) if extended and name == names[0] else 0)
    if old:
        return b"\0" + struct.pack("<I", len(names)) + table + strings
    level = start + len(strings)
    strings += b"v3\0" + b"\0" * (-(level + 3) % 4)
    at = start + len(strings)
    tail = struct.pack("<II4II", 0xEAA42174, 1, 1, 0, at + 24, 4, level) if extended else b""
    return struct.pack("<IIB3xI12x", len(names), len(strings), 2, at if extended else 0) + table + strings + tail


CACHED = ("x", "libb.so.10", "libb.so.1", "liba.so", "liba.so", "lib1.so")

# ---- functions -------------------------------------------------------------------------------------------------------------------

CODE = bytes.fromhex("554889e5488d3d10000000e800000000488b05040000000f8410000000c705000000000100000031c05dc3")
CODE_AARCH64 = bytes.fromhex("fd7bbfa900000090000000910100009000000094200040f9fd7bc1a8c0035fd6")


def functions(kind: int, code: bytes) -> bytes:
    """The same one twice, but for one field."""
    second = bytearray(code)
    second[9 if kind == 0 else 8] ^= 8
    constants = b"text %s\n\0other\0\0\0"
    return bytes([kind, 256 * len(constants) // (len(constants) + 2 * len(code) + 16) + 1, 30]) + constants + b"v" * 12 + code + second


# ---- processes -------------------------------------------------------------------------------------------------------------------


def memory_of_process(word: str) -> bytes:
    """Program headers, a dynamic section, a record of two namespaces, maps and their names; it begins at 64."""
    w = struct.calcsize(word)
    base, dynamic, debug, second, maps, names = 64, 200, 264, 320, 380, 900
    image = bytearray(256 * 4)
    def put(at: int, *values: int) -> None:
        struct.pack_into(f"<{len(values)}{word}", image, at - base, *values)
    for i, (kind, address) in enumerate(((6, base), (2, dynamic))):
        at = base + 56 * i
        struct.pack_into("<I", image, at - base, kind)
        put(at + (16 if w == 8 else 8), address)
        put(at + (40 if w == 8 else 20), 64)
    put(dynamic, 1, 7, 21, debug, 0, 0)
    for record, version, first, following in ((debug, 2, maps, second), (second, 1, maps + 160, 0)):
        struct.pack_into("<I", image, record - base, version)
        put(record + w, first, 77)
        struct.pack_into("<I", image, record + 3 * w - base, 0)
        put(record + 4 * w, 0, following)
    for i, following in enumerate((1, 0, 0)):
        at = maps + 80 * i
        put(at, 4096 * i, names + 8 * i, dynamic, maps + 80 if following else 0, 0, at, int(i == 2), names + 40)
        image[names + 8 * i - base:names + 8 * i - base + 5] = b"lib%d\0" % i
    put(names + 40, names, 0)
    return bytes(image)


def live(word: str) -> bytes:
    """An auxiliary vector, and that memory."""
    vector = struct.pack(f"<10{word}", 3, 64, 5, 2, 4, 56, 9, 99, 0, 0)
    return bytes([1 if word == "Q" else 0, len(vector)]) + vector + memory_of_process(word)


def core() -> bytes:
    """A core of a process of /app, mapped at 0x20000, and /liba.so, at 0x30000; its own memory lies at 0x10000."""
    at, app, lib = 0x10000, 0x20000, 0x30000
    phdrs, dynamic, debug, maps, names = at, at + 0x100, at + 0x200, at + 0x280, at + 0x400
    memory = bytearray(0x500)
    def put(address: int, *values: int) -> None:
        struct.pack_into(f"<{len(values)}Q", memory, address - at, *values)
    struct.pack_into("<IIQQQQQQ", memory, 0, 6, 4, 0, 0, 0, 448, 448, 8)
    struct.pack_into("<IIQQQQQQ", memory, 56, 2, 6, 0, 0x100, 0, 64, 64, 8)
    put(dynamic, 21, debug, 0, 0)
    put(debug, 1, maps, 0, 0, 0)
    for i, (base, ld) in enumerate(((app, app + 512), (lib, lib + 512))):
        record = maps + 0x80 * i
        put(record, base, names + 16 * i, ld, maps + 0x80 if i == 0 else 0, 0, record, 0, names + 64)
    put(names + 64, names + 16, 0)
    memory[0x410:0x419] = b"/liba.so\0"
    slots = bytearray(0x200)
    struct.pack_into("<6Q", slots, 64, 0, app + 72, lib + 80, app + 0x123, 0, 0x999)
    auxv = struct.pack("<12Q", 3, phdrs, 4, 56, 5, 2, 9, app + 0x40, 7, lib, 0, 0)
    files = struct.pack("<8Q", 2, 4096, app, app + 0x1000, 0, lib, lib + 0x1000, 0) + b"/app\0/liba.so\0"
    texts = note(0, b"CORE\0", 1, b"\x0b" + b"\0" * 15) + note(0, b"CORE\0", 6, auxv) + note(0, b"CORE\0", 0x46494C45, files)
    head = 64 + 56 * 3
    pieces = [(4, 0, texts), (1, at, bytes(memory)), (1, app, bytes(slots))]
    table, body = b"", b""
    for kind, address, data in pieces:
        table += struct.pack("<IIQQQQQQ", kind, 6, head + len(body), address, 0, len(data), len(data), 1)
        body += data
    header = b"\x7fELF\2\1\1" + b"\0" * 9 + struct.pack("<HHIQQQIHHHHHH", 4, 62, 1, 0, 64, 0, 0, 64, 56, len(pieces), 0, 0, 0)
    return header + table + body


# ---- debug information -----------------------------------------------------------------------------------------------------------


def uleb(n: int) -> bytes:
    """A number as DWARF has them."""
    out = b""
    while True:
        out += bytes([n & 0x7F | (0x80 if n > 0x7F else 0)])
        n >>= 7
        if not n:
            return out


def abbreviation(code: int, tag: int, children: int, *pairs: tuple[int, int]) -> bytes:
    """An entry of .debug_abbrev."""
    return uleb(code) + uleb(tag) + bytes([children]) + b"".join(uleb(a) + uleb(f) for a, f in pairs) + b"\0\0"


def dwarf(version: int) -> bytes:
    """Two functions, two variables, a structure that each of two declares, a typedef and an enumeration."""
    name, string, addr, ref, data1 = 3, 8, 1, 0x13, 0x0B
    abbrev = abbreviation(1, 0x11, 1, (name, string), (0x11, addr), (0x12, 7))
    abbrev += abbreviation(2, 0x24, 0, (name, string), (0x0B, data1), (0x3E, data1))
    abbrev += abbreviation(3, 0x13, 1, (name, string), (0x0B, data1))
    abbrev += abbreviation(4, 0x0D, 0, (name, string), (0x49, ref), (0x38, data1))
    abbrev += abbreviation(5, 0x2E, 1, (name, string), (0x3F, 0x0C), (0x49, ref), (0x11, addr), (0x12, 7))
    abbrev += abbreviation(6, 0x05, 0, (0x49, ref))
    abbrev += abbreviation(7, 0x34, 0, (name, string), (0x3F, 0x0C), (0x49, ref), (2, 0x18 if version > 3 else 0x0A))
    abbrev += abbreviation(8, 0x0F, 0, (0x49, ref))
    abbrev += abbreviation(9, 0x16, 0, (name, string), (0x49, ref))
    abbrev += abbreviation(10, 0x04, 1, (name, string), (0x0B, data1)) + abbreviation(11, 0x28, 0, (name, string), (0x1C, data1))
    abbrev += abbreviation(12, 0x39, 1, (name, string)) + b"\0"
    head = 12 if version > 4 else 11
    info = b"\1u\0" + struct.pack("<QQ", 16, 64)
    at: dict[str, int] = {}
    def place(what: str) -> None:
        at[what] = head + len(info)
    place("int")
    info += b"\2int\0\4\5"
    place("S")
    info += b"\3S\0\10"
    info += b"\4a\0" + struct.pack("<I", at["int"]) + b"\0" + b"\4b\0" + struct.pack("<I", at["int"]) + b"\4" + b"\0"
    place("p")
    info += b"\10" + struct.pack("<I", at["S"])
    place("t")
    info += b"\11T\0" + struct.pack("<I", at["p"])
    place("e")
    info += b"\12E\0\4" + b"\13x\0\1" + b"\13y\0\2" + b"\0"
    info += b"\14n\0" + b"\3S\0\4\0" + b"\0"
    for i, function in enumerate((b"f", b"g")):
        info += b"\5" + function + b"\0\1" + struct.pack("<IQQ", at["int"], 16 + 8 * i, 8)
        info += b"\6" + struct.pack("<I", at["t"]) + b"\6" + struct.pack("<I", at["e"]) + b"\0"
    for i, variable in enumerate((b"v", b"w")):
        info += b"\7" + variable + b"\0\1" + struct.pack("<I", at["p"]) + b"\x09\3" + struct.pack("<Q", 32 + 8 * i)
    info += b"\0"
    unit = struct.pack("<H", version) + (b"\1\10" + struct.pack("<I", 0) if version > 4 else struct.pack("<IB", 0, 8))
    info = struct.pack("<I", len(unit) + len(info)) + unit + info
    return bytes([16, (256 * len(abbrev) + len(abbrev) + len(info) - 1) // (len(abbrev) + len(info)), 0, 0]) + abbrev + info


# ---- archives --------------------------------------------------------------------------------------------------------------------


def entry(kind: int, name: int, target: int = 0, content: bytes = b"") -> bytes:
    """An entry of the list that fuzz-archive makes a tar of."""
    return bytes([kind, name, target, len(content)]) + content


ELF = b"\x7fELF\2\1\1" + b"\0" * 20
LAYER = entry(0, 0, 0, ELF) + entry(3, 1, 0) + entry(0, 12)
ARCHIVES = {
    "files": b"\0" + entry(5, 0) + entry(0, 2, 0, ELF) + entry(0, 5, 0, b"/opt\n") + entry(4, 1, 0) + entry(3, 30, 2),
    "escape": b"\2" + entry(4, 0, 8) + entry(0, 2, 0, ELF) + entry(0, 6) + entry(4, 1, 24) + entry(0, 3, 0, ELF) + entry(0, 31),
    "docker": b"\2" + entry(0, 16, 0, b'[{"Layers":["layer.tar","l/layer.tar"]}]') + entry(64, 21, 0, LAYER) + entry(64, 22, 0, LAYER),
    "oci": b"\2" + entry(0, 18) + entry(0, 17, 0, b'{"manifests":[{"digest":"sha256:1"}]}') +
           entry(0, 19, 0, b'{"layers":[{"digest":"sha256:2"}]}') + entry(64, 20, 0, LAYER),
}

# ---- texts -----------------------------------------------------------------------------------------------------------------------

MANGLED = """_ZNSt6vectorIiSaIiEE9push_backERKi _ZN3foo3barIJidEEEvDpT_ _ZTVN10__cxxabiv117__class_type_infoE _ZThn16_N1A1fEv
_ZTv0_n24_N1A1fEv _ZNK1AcvT_IiEEv _Z1fIXadL_Z1gvEEEvv _ZZ1fvENKUlvE_clEv _ZL1xB5cxx11 _Z1fDTcl1gfp_EE _ZGVZ1fvE1s _RNvCs1234_7mycrate3foo
_RINvNtC3std3mem8align_ofdE _RNvXs_C7mycrateNtB4_3FooNtB4_3Bar3baz _ZN4core3fmt9Formatter3pad17h0123456789abcdefE _D3std5stdio7writelnFZv
_D4test3fooFNaNbNiNfZi _Z1fILb1ELi5ELc97EEvv _ZN1AIiE1BIdEC2Ev _Z3fooILPKc0EEvv _Znwm _ZdlPvm _ZplRK1AS1_ ___ _Z _ZN""".split()

POLICY = """[check]
loader = glibc:2.36
fail-on = warning
use-env = no
[level interposed]
level = note
[allow]
symbol = a*
reason = known ; remark
[forbid]
soname = liba.so*
[require-binding]
symbol = f
to = libb.so
[require-isolation]
[require-export]
object = x
symbol = f
[require-bind-now]
[suppress]
rule = captured
from = a
to = b
reason = r
expires = 2024-02-29
[plan p]
executable = ./app
step = dlopen libx.so:NOW
env = LD_X=1
[libraries l]
directory = d
glob = *.so
recursive = yes
"""
LIBRARIES = "[zlib]\nsoname = libz.so.*\nmarker = inflate deflate\nleast = 2\nversion = zlib *\nstable = yes\n[x]\nsoname = a b\nmarker = c\ntwice = bad\n"
BASELINE = """{"schema":"bindsim-baseline-1","findings":[{"fingerprint":"0123456789abcdef","rule":"captured","level":"error",
"from":"a","to":"b","symbols":3,"plan":"p"},{"fingerprint":"0000000000000001","rule":"x","level":"note","from":"a","to":null,"symbols":0}]}"""
SEEDS: dict[str, dict[str, bytes]] = {
    "hash": hashes(),
    "versions": {f"kind-{kind}": version_tables(kind) for kind in (X86_64, I386, S390X)},
    "relocations": relocations(),
    "notes": notes(),
    "alike": {"x86-64": functions(X86_64, CODE), "aarch64": functions(AARCH64, CODE_AARCH64)},
    "peek": {"script": b"#!/bin/sh\n"},
    "cache": {
        "new": bytes([0, 0, 0x1F]) + cache(CACHED, False, False),
        "extended": bytes([0, 0, 0x0D]) + cache(CACHED, False, True),
        "old": bytes([0, 1, 2]) + cache(CACHED, True, False),
        "raw": bytes([0, 2, 1]) + b"glibc-ld.so.cache1.1" + cache(CACHED, False, False),
    },
    "conf": {
        "includes": b"# c\n/usr/lib\ninclude *.conf\nhwcap 0 x\n/opt = libc6 \n\0include ld.so.conf.d/2.conf\n/a\0/b/\ninclude 3.*\0",
        "circle": b"include [123].conf d/*/*.conf\n\0include /etc/ld.so.conf\n\0/x\n",
    },
    "live": {"wide": live("Q"), "narrow": live("I")},
    "core": {"core": core()},
    "dwarf": {"4": dwarf(4), "5": dwarf(5), "3": dwarf(3)},
    "demangle": {str(i): name.encode() for i, name in enumerate(MANGLED)},
    "policy": {"all": POLICY.encode()},
    "libraries": {"two": LIBRARIES.encode() + b"\0" + LIBRARIES.replace("zlib", "z").encode()},
    "report": {"baseline": b"\2" + BASELINE.encode()},
    "scan": {},
    "archive": ARCHIVES,
}


# What `bindsim diff' asks for in a report. The rest is passed over, and makes a seed longer than an input may be.
ASKED = set("""answers asked_by bindings block blocks born build_id called caller counts definition_version end examples executable file
    filter finding findings flags found from handle how id kind level loaded loader loader_title message name namespace namespace_of next
    number number_flags object objects outcome parts path program promoted question rule schema slot slots soname state step steps symbol
    symbols to type unloaded version when""".split())
FINDING = {"rule": "captured-references", "level": "note", "step": 0, "from": 1, "to": 2, "counts": {"symbols": 1},
           "examples": [{"symbol": "f"}]}


def asked(value: object) -> object:
    """VALUE without what nobody asks for, with a few bindings of many."""
    if isinstance(value, dict):
        return {key: asked(item[:3] if key == "bindings" and isinstance(item, list) else item) for key, item in value.items()
                if key in ASKED}
    return [asked(item) for item in value] if isinstance(value, list) else value


def compact(value: object) -> bytes:
    """VALUE as JSON."""
    return json.dumps(value, separators=(",", ":")).encode()


def scan(text: bytes) -> list[bytes]:
    """The records of a scan of three programs, the second of which it has not seen, with a few exports and bindings of many."""
    lines = []
    for line in text.splitlines():
        record = json.loads(line)
        for key in ("exports", "bindings"):
            if isinstance(record.get(key), list):
                record[key] = record[key][:1]
        if record["type"] == "scan":
            record["programs"] -= 1
        if record.get("path") != "/bin/p2" and record["type"] != "pair":
            lines.append(compact(record))
    return lines


def add_texts() -> None:
    """What bindsim itself once wrote: reports of a small process, and a scan of three programs, in parts and whole."""
    place = Path(__file__).resolve().parent / "texts"
    report = asked(json.loads((place / "report.json").read_bytes())) | {"findings": [FINDING]}
    records = [asked(json.loads(line)) for line in (place / "report.ndjson").read_bytes().splitlines()]
    bindings = [record for record in records if record["type"] == "binding"]
    records = [record for record in records if record not in bindings[3:]]
    records.insert(-1, {"type": "finding"} | FINDING)
    SEEDS["report"] |= {"document": b"\0" + compact(report), "stream": b"\1" + b"\n".join(map(compact, records)) + b"\n"}
    whole, first, second = (scan((place / f"{name}.ndjson").read_bytes()) for name in ("whole", "part-1", "part-2"))
    programs = [line for line in whole if b'"type":"program"' in line]
    SEEDS["scan"] |= {
        "whole": b"\0" + b"\n".join(whole) + b"\n",
        "parts": b"\1" + b"\n".join(first) + b"\n\0" + b"\n".join(second) + b"\n",
        "journal": b"\3f\t0 - f/lib/liba.so\nf\t1 d l/lib\n" + b"".join(b"p\t0,1\t" + line + b"\n" for line in programs),
    }


add_texts()
