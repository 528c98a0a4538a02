# SPDX-License-Identifier: MIT
"""A small editor for built ELF files (64-bit, little-endian).

Linkers refuse to make most of the files that loaders have rules for: a hidden symbol in .dynsym, an object with both
RPATH and RUNPATH, a hash table whose filter lies.  So such files are linked as ordinary ones and edited afterwards.
Only what the loader reads is edited (program headers, .dynamic and the tables it points to); section headers are left
as they are, and would mislead any tool that believes in them.
"""

import struct

PT_LOAD, PT_DYNAMIC, PT_NOTE = 1, 2, 4
TAGS = {
    "null": 0, "needed": 1, "pltrelsz": 2, "hash": 4, "strtab": 5, "symtab": 6, "rela": 7, "relasz": 8, "strsz": 10,
    "soname": 14, "rpath": 15, "symbolic": 16, "jmprel": 23, "bind_now": 24, "runpath": 29, "flags": 30, "relrsz": 35,
    "relr": 36, "relrent": 37, "relacount": 0x6FFFFFF9, "gnu_hash": 0x6FFFFEF5, "versym": 0x6FFFFFF0, "flags_1": 0x6FFFFFFB,
    "verneed": 0x6FFFFFFE, "verneednum": 0x6FFFFFFF, "auxiliary": 0x7FFFFFFD, "filter": 0x7FFFFFFF,
    "unknown": 0x6000BEEF,
}
STRING_TAGS = ("needed", "auxiliary", "filter", "soname", "rpath", "runpath")
BINDINGS = {"local": 0, "global": 1, "weak": 2, "unique": 10}
VISIBILITIES = {"default": 0, "internal": 1, "hidden": 2, "protected": 3}
TYPES = {"notype": 0, "object": 1, "func": 2, "section": 3, "file": 4, "common": 5, "tls": 6, "ifunc": 10}
SHN_UNDEF, SHN_ABS = 0, 0xFFF1
HEADER_FIELDS = {  # offset and width in the ELF header
    "class": (4, 1), "data": (5, 1), "ident-version": (6, 1), "osabi": (7, 1), "abiversion": (8, 1), "padding": (9, 1),
    "type": (16, 2), "machine": (18, 2), "version": (20, 4), "phentsize": (54, 2), "phnum": (56, 2),
}
SEGMENT_FIELDS = {"type": (0, 4), "flags": (4, 4), "offset": (8, 8), "vaddr": (16, 8)}
WIDTHS = {1: "<B", 2: "<H", 4: "<I", 8: "<Q"}


class PatchError(Exception):
    """The file has no such thing to edit: the scenario is wrong, not the loader."""


class Image:
    """One ELF file in memory, to be edited in place and written back by the caller."""

    def __init__(self, data):
        self.data = bytearray(data)

    def get(self, offset, width):
        return struct.unpack_from(WIDTHS[width], self.data, offset)[0]

    def put(self, offset, width, value):
        struct.pack_into(WIDTHS[width], self.data, offset, value)

    # Headers.

    def set_header(self, field, value):
        offset, width = HEADER_FIELDS[field]
        self.put(offset, width, value)

    def segments(self, kind):
        """File offsets of the program headers of one kind."""
        start, size, count = self.get(32, 8), self.get(54, 2), self.get(56, 2)
        headers = [start + i * size for i in range(count)]
        return [header for header in headers if self.get(header, 4) == kind]

    def set_segment(self, kind, index, field, value):
        offset, width = SEGMENT_FIELDS[field]
        self.put(self.segments(kind)[index] + offset, width, value)

    def file_offset(self, address):
        for header in self.segments(PT_LOAD):
            offset, start, size = self.get(header + 8, 8), self.get(header + 16, 8), self.get(header + 32, 8)
            if start <= address < start + size:
                return offset + address - start
        raise PatchError("address 0x%x is in no segment's file part" % address)

    # The dynamic section.

    def _dynamic_range(self):
        headers = self.segments(PT_DYNAMIC)
        if not headers:
            raise PatchError("no dynamic section")
        return self.get(headers[0] + 8, 8), self.get(headers[0] + 32, 8) // 16

    def dynamic(self):
        """The entries before the first DT_NULL, as [tag, value] lists."""
        start, slots = self._dynamic_range()
        entries = []
        for i in range(slots):
            tag, value = self.get(start + 16 * i, 8), self.get(start + 16 * i + 8, 8)
            if tag == 0:
                break
            entries.append([tag, value])
        return entries

    def set_dynamic(self, entries):
        start, slots = self._dynamic_range()
        if len(entries) >= slots:
            raise PatchError("the dynamic section has only %d slots" % slots)
        for i, (tag, value) in enumerate(entries + [[0, 0]] * (slots - len(entries))):
            self.put(start + 16 * i, 8, tag)
            self.put(start + 16 * i + 8, 8, value)

    def value(self, tag):
        """The last entry of that tag, as the loader takes it."""
        values = [value for entry, value in self.dynamic() if entry == TAGS[tag]]
        if not values:
            raise PatchError("no DT_%s" % tag.upper())
        return values[-1]

    def has(self, tag):
        return any(entry == TAGS[tag] for entry, _ in self.dynamic())

    def remove_tag(self, tag):
        self.set_dynamic([entry for entry in self.dynamic() if entry[0] != TAGS[tag]])

    def add_tag(self, tag, value):
        self.set_dynamic(self.dynamic() + [[TAGS[tag], value]])

    def add_flags(self, tag, bits):
        """Sets bits in DT_FLAGS or DT_FLAGS_1, which is added where the linker saw no need for it."""
        entries = self.dynamic()
        if not self.has(tag):
            entries.append([TAGS[tag], 0])
        self.set_dynamic([[t, v | bits] if t == TAGS[tag] else [t, v] for t, v in entries])

    def clear_flags(self, tag, bits):
        self.set_dynamic([[t, v & ~bits] if t == TAGS[tag] else [t, v] for t, v in self.dynamic()])

    def arrange_strings(self, wanted, dropped):
        """Puts (tag, string) pairs before all other entries, in the order given, and drops the tags of other strings.

        The strings must stand in .dynstr already; the tags under which the linker brought them there do not matter.
        An empty string is the one at offset 0.
        """
        strings = [[TAGS[tag], self.string_offset(string)] for tag, string in wanted]
        kinds = {TAGS[tag] for tag in STRING_TAGS}
        others = [[tag, value] for tag, value in self.dynamic()
                  if tag not in kinds or self._string_at(value) not in dropped]
        self.set_dynamic(strings + others)

    def string_offset(self, string):
        start, size = self.file_offset(self.value("strtab")), self.value("strsz")
        found = bytes(self.data[start:start + size]).find(string.encode() + b"\0") if string else 0
        if found < 0:
            raise PatchError("%r is not in the dynamic string table" % string)
        return found

    def _string_at(self, offset):
        start = self.file_offset(self.value("strtab")) + offset
        return bytes(self.data[start:self.data.index(0, start)]).decode()

    def set_value(self, tag, value):
        self.value(tag)
        self.set_dynamic([[t, value] if t == TAGS[tag] else [t, v] for t, v in self.dynamic()])

    # Symbols.

    def _symbol_count(self):
        """Symbols have no count of their own; .dynsym ends where .dynstr begins in what GNU ld writes."""
        return (self.value("strtab") - self.value("symtab")) // 24

    def symbols(self, name):
        """File offsets of the .dynsym entries of that name (one for each version)."""
        base = self.file_offset(self.value("symtab"))
        entries = [base + 24 * i for i in range(1, self._symbol_count())]
        found = [entry for entry in entries if self._string_at(self.get(entry, 4)) == name]
        if not found:
            raise PatchError("no dynamic symbol %r" % name)
        return found

    def set_symbol(self, name, **fields):
        """Sets binding, type, visibility, section or value of every dynamic symbol of that name."""
        for entry in self.symbols(name):
            info, other = self.get(entry + 4, 1), self.get(entry + 5, 1)
            binding, kind = fields.get("binding", info >> 4), fields.get("type", info & 15)
            self.put(entry + 4, 1, binding << 4 | kind)
            self.put(entry + 5, 1, other & ~3 | fields.get("visibility", other & 3))
            if "section" in fields:
                self.put(entry + 6, 2, fields["section"])
            if "value" in fields:
                self.put(entry + 8, 8, fields["value"])

    def symbol_index(self, name):
        return (self.symbols(name)[0] - self.file_offset(self.value("symtab"))) // 24

    def set_version_index(self, name, index):
        versions = self.file_offset(self.value("versym"))
        self.put(versions + 2 * self.symbol_index(name), 2, index)

    # Relocations.

    def set_relocation_type(self, name, kind):
        """Changes the type of every relocation against that symbol."""
        index, changed = self.symbol_index(name), 0
        for table, size in (("rela", "relasz"), ("jmprel", "pltrelsz")):
            if not self.has(table):
                continue
            start = self.file_offset(self.value(table))
            for entry in range(start, start + self.value(size), 24):
                if self.get(entry + 12, 4) == index:
                    self.put(entry + 8, 4, kind)
                    changed += 1
        if not changed:
            raise PatchError("no relocation against %r" % name)

    def join_relocations(self):
        """Makes the data table include the table of calls that follows it, as some linkers have it."""
        table, size, calls = self.value("rela"), self.value("relasz"), self.value("pltrelsz")
        if table + size != self.value("jmprel"):
            raise PatchError("the two relocation tables do not adjoin")
        self.set_dynamic([[t, size + calls] if t == TAGS["relasz"] else [t, v] for t, v in self.dynamic()])

    # Versions and hash tables.

    def version_needs(self):
        """(file offset of the vernaux entry, version name) for all needed versions."""
        need = self.file_offset(self.value("verneed"))
        for _ in range(self.value("verneednum")):
            aux = need + self.get(need + 8, 4)
            for _ in range(self.get(need + 2, 2)):
                yield aux, self._string_at(self.get(aux + 8, 4))
                aux += self.get(aux + 12, 4)
            need += self.get(need + 12, 4)

    def weaken_version_need(self, version):
        for aux, name in self.version_needs():
            if name == version:
                self.put(aux + 4, 2, self.get(aux + 4, 2) | 2)
                return
        raise PatchError("version %r is not needed" % version)

    def empty_bloom_filter(self):
        table = self.file_offset(self.value("gnu_hash"))
        words = self.get(table + 8, 4)
        self.data[table + 16:table + 16 + 8 * words] = bytes(8 * words)

    def set_bloom_shift(self, shift):
        self.put(self.file_offset(self.value("gnu_hash")) + 12, 4, shift)

    def empty_hash_buckets(self):
        """Sets the number of buckets of the GNU hash table to nought."""
        self.put(self.file_offset(self.value("gnu_hash")), 4, 0)
