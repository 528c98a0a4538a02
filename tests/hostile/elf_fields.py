# SPDX-License-Identifier: MIT
"""Where the numbers of an ELF file are: every field of every table, by name."""

import struct

EHDR = {64: [(16, 2, "type"), (18, 2, "machine"), (20, 4, "version"), (24, 8, "entry"), (32, 8, "phoff"), (40, 8, "shoff"), (48, 4, "flags"),
             (52, 2, "ehsize"), (54, 2, "phentsize"), (56, 2, "phnum"), (58, 2, "shentsize"), (60, 2, "shnum"), (62, 2, "shstrndx")],
        32: [(16, 2, "type"), (18, 2, "machine"), (20, 4, "version"), (24, 4, "entry"), (28, 4, "phoff"), (32, 4, "shoff"), (36, 4, "flags"),
             (40, 2, "ehsize"), (42, 2, "phentsize"), (44, 2, "phnum"), (46, 2, "shentsize"), (48, 2, "shnum"), (50, 2, "shstrndx")]}
PHDR = {64: (56, [(0, 4, "type"), (4, 4, "flags"), (8, 8, "offset"), (16, 8, "vaddr"), (24, 8, "paddr"), (32, 8, "filesz"), (40, 8, "memsz"), (48, 8, "align")]),
        32: (32, [(0, 4, "type"), (4, 4, "offset"), (8, 4, "vaddr"), (12, 4, "paddr"), (16, 4, "filesz"), (20, 4, "memsz"), (24, 4, "flags"), (28, 4, "align")])}
SHDR = {64: (64, [(0, 4, "name"), (4, 4, "type"), (8, 8, "flags"), (16, 8, "addr"), (24, 8, "offset"), (32, 8, "size"), (40, 4, "link"), (44, 4, "info"),
                  (48, 8, "addralign"), (56, 8, "entsize")]),
        32: (40, [(i * 4, 4, name) for i, name in enumerate("name type flags addr offset size link info addralign entsize".split())])}
SYM = {64: (24, [(0, 4, "name"), (4, 1, "info"), (5, 1, "other"), (6, 2, "shndx"), (8, 8, "value"), (16, 8, "size")]),
       32: (16, [(0, 4, "name"), (4, 4, "value"), (8, 4, "size"), (12, 1, "info"), (13, 1, "other"), (14, 2, "shndx")])}
VERDEF = [(0, 2, "version"), (2, 2, "flags"), (4, 2, "ndx"), (6, 2, "cnt"), (8, 4, "hash"), (12, 4, "aux"), (16, 4, "next"), (20, 4, "aux-name"), (24, 4, "aux-next")]
VERNEED = [(0, 2, "version"), (2, 2, "cnt"), (4, 4, "file"), (8, 4, "aux"), (12, 4, "next")]
VERNAUX = [(0, 4, "hash"), (4, 2, "flags"), (6, 2, "other"), (8, 4, "name"), (12, 4, "next")]
NULL_TAG = 0
HASH, STRTAB, SYMTAB, RELA, RELASZ, REL, RELSZ, JMPREL, PLTRELSZ = 4, 5, 6, 7, 8, 17, 18, 23, 2
GNU_HASH, VERSYM, VERDEF_TAG, VERNEED_TAG, INIT_ARRAY = 0x6ffffef5, 0x6ffffff0, 0x6ffffffc, 0x6ffffffe, 25


class Elf:
    """The tables of CONTENT, a file of little-endian order."""

    def __init__(self, content):
        self.content = content
        self.bits = 64 if content[4] == 2 else 32
        self.word = self.bits // 8
        self.header = {name: self.number(at, width) for at, width, name in EHDR[self.bits]}
        self.fields = []
        self.segments = [self.entry(self.header["phoff"], i, PHDR) for i in range(self.header["phnum"])]
        dynamic = next((s["offset"] for s in self.segments if s["type"] == 2), None)
        self.dynamic = {}
        self.n_dynamic = 0
        while dynamic is not None:
            at = dynamic + self.n_dynamic * 2 * self.word
            tag, value = self.number(at, self.word), self.number(at + self.word, self.word)
            self.add(at, [(0, self.word, "tag"), (self.word, self.word, "value")], f"dynamic {self.n_dynamic} (tag {tag:#x})")
            self.n_dynamic += 1
            self.dynamic.setdefault(tag, value)
            if tag == NULL_TAG:
                break

    def number(self, at, width):
        return int.from_bytes(self.content[at:at + width], "little")

    def entry(self, start, i, kind):
        size, members = kind[self.bits]
        return {name: self.number(start + i * size + at, width) for at, width, name in members}

    def add(self, base, members, name):
        self.fields += [(base + at, width, f"{name} {member}") for at, width, member in members
                        if base + at + width <= len(self.content)]

    def offset(self, address):
        return next((s["offset"] + address - s["vaddr"] for s in self.segments
                     if s["type"] == 1 and s["vaddr"] <= address < s["vaddr"] + s["filesz"]), None)

    def at_tag(self, tag):
        return self.offset(self.dynamic[tag]) if tag in self.dynamic else None

    def words(self, at, n, name):
        for i in range(n):
            self.add(at + 4 * i, [(0, 4, str(i))], name)

    def all(self):
        """(offset, width, name) of all of them."""
        self.add(0, [(4, 1, "class"), (5, 1, "data"), (6, 1, "version"), (7, 1, "osabi"), (8, 1, "abiversion")], "ident")
        self.add(0, EHDR[self.bits], "header")
        for kind, start, n, what in ((PHDR, "phoff", "phnum", "segment"), (SHDR, "shoff", "shnum", "section")):
            size, members = kind[self.bits]
            for i in range(self.header[n]):
                # No loader reads sections: some of them stand for all.
                if what == "segment" or i < 4:
                    self.add(self.header[start] + i * size, members, f"{what} {i}")
        n_symbols = self.hashes()
        symbols, versions = self.at_tag(SYMTAB), self.at_tag(VERSYM)
        for i in range(n_symbols):
            size, members = SYM[self.bits]
            self.add(symbols + i * size, members, f"symbol {i}")
            if versions is not None:
                self.add(versions + 2 * i, [(0, 2, "version")], f"symbol {i}")
        self.version_tables()
        self.relocations()
        for segment in self.segments:
            if segment["type"] == 4:
                self.words(segment["offset"], min(segment["filesz"] // 4, 24), "note")
        return self.fields

    def hashes(self):
        n_symbols = 0
        if (at := self.at_tag(HASH)) is not None:
            n_buckets, n_symbols = self.number(at, 4), self.number(at + 4, 4)
            self.words(at, 2 + n_buckets + n_symbols, "DT_HASH")
        if (at := self.at_tag(GNU_HASH)) is not None:
            n_buckets, base, n_bloom = (self.number(at + 4 * i, 4) for i in range(3))
            self.words(at, 4 + n_bloom * self.word // 4 + n_buckets + max(0, n_symbols - base), "DT_GNU_HASH")
        return n_symbols

    def version_tables(self):
        at = self.at_tag(VERDEF_TAG)
        for i in range(self.dynamic.get(VERDEF_TAG + 1, 0) if at is not None else 0):
            self.add(at, VERDEF, f"verdef {i}")
            at += self.number(at + 16, 4)
        at = self.at_tag(VERNEED_TAG)
        for i in range(self.dynamic.get(VERNEED_TAG + 1, 0) if at is not None else 0):
            self.add(at, VERNEED, f"verneed {i}")
            aux = at + self.number(at + 8, 4)
            for k in range(self.number(at + 2, 2)):
                self.add(aux, VERNAUX, f"vernaux {i} {k}")
                aux += self.number(aux + 12, 4)
            at += self.number(at + 12, 4)

    def relocations(self):
        for table, size in ((RELA, RELASZ), (REL, RELSZ), (JMPREL, PLTRELSZ)):
            if (at := self.at_tag(table)) is None:
                continue
            members = ["offset", "info", "addend"] if table == RELA or self.bits == 64 else ["offset", "info"]
            width = len(members) * self.word
            for i in range(min(self.dynamic.get(size, 0) // width, 8)):
                self.add(at + i * width, [(k * self.word, self.word, name) for k, name in enumerate(members)], f"relocation {table} {i}")


def words_of(content, width=4):
    """Every WIDTH bytes of CONTENT, for files whose structure is all numbers."""
    return [(at, width, f"word {at:#x}") for at in range(0, len(content) - width + 1, width)]


def core(program=b"/app"):
    """A core file of no process: its headers, notes, and a page."""
    def note(kind, text):
        return struct.pack("<III", 5, len(text), kind) + b"CORE\0\0\0\0" + text + b"\0" * (-len(text) % 4)

    auxv = b"".join(struct.pack("<QQ", *pair) for pair in ((3, 0x400040), (4, 56), (5, 3), (6, 4096), (7, 0x7f0000000000), (9, 0x400200), (31, 0x500000), (0, 0)))
    files = struct.pack("<QQQQQ", 1, 4096, 0x400000, 0x401000, 0) + program + b"\0"
    notes = note(1, b"\0" * 336) + note(3, b"\0" * 136) + note(6, auxv) + note(0x46494c45, files)
    start = 64 + 3 * 56
    header = b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + struct.pack("<HHIQQQIHHHHHH", 4, 62, 1, 0, 64, 0, 0, 64, 56, 3, 0, 0, 0)
    loads = struct.pack("<IIQQQQQQ", 4, 0, start, 0, 0, len(notes), 0, 4)
    page = (start + len(notes) + 4095) & ~4095
    loads += struct.pack("<IIQQQQQQ", 1, 5, page, 0x400000, 0, 4096, 4096, 4096)
    loads += struct.pack("<IIQQQQQQ", 1, 6, page + 4096, 0x500000, 0, 4096, 4096, 4096)
    content = (header + loads + notes).ljust(page, b"\0") + header.ljust(4096, b"\0") + program.ljust(4096, b"\0")
    return content, list(range(start, start + len(notes)))
