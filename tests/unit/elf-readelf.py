#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares what src/elf reads with what readelf(1) prints: elf-readelf.py ELF-DUMP FILE...

A FILE that is a directory stands for the ELF files in it. Both readers must name the same dynamic
symbols, relocations, versions, interpreter and build id; and every defined symbol must be found
through the hash table.
"""

import os
import re
import shutil
import subprocess
import sys

SKIPPED = 77
# The numbers 10 are named only in files that say they are for GNU systems.
OTHER_SYSTEM = "<OS specific>: "
TYPES = {"NOTYPE": 0, "OBJECT": 1, "FUNC": 2, "SECTION": 3, "FILE": 4, "COMMON": 5, "TLS": 6,
         "IFUNC": 10, "10": 10}
BINDINGS = {"LOCAL": 0, "GLOBAL": 1, "WEAK": 2, "UNIQUE": 10, "10": 10}
VISIBILITIES = {"DEFAULT": 0, "INTERNAL": 1, "HIDDEN": 2, "PROTECTED": 3}
# readelf's names that differ from those of <elf.h>.
ALIASES = {"R_386_JUMP_SLOT": "R_386_JMP_SLOT", "R_X86_64_JUMP_SLO": "R_X86_64_JUMP_SLOT"}

SYMBOL = re.compile(r"\s*(\d+): ([0-9a-f]+)\s+(\S+)\s+(\S+)\s+(\S+)\s+(\S+)\s+(?:\[.*?\]\s+)?(\S+)"
                    r"(?: +(?!\[)(\S*))?")
RELOCATION = re.compile(r"([0-9a-f]{8,16})\s+([0-9a-f]{8,16})\s+(R_\S+)(.*)")
NEED_FILE = re.compile(r"Version: \d+\s+File: (\S+)")
NEED_NAME = re.compile(r"0x[0-9a-f]+:\s+Name: (\S+)\s+Flags: .*?Version: (\d+)")
DEFINITION = re.compile(r"Rev: \d+\s+Flags: (.*?)\s+Index: (\d+)\s+Cnt: \d+\s+Name: (.*)")


def readelf(path):
    """The facts of readelf about PATH, in the shape that FACTS has for ours."""
    text = subprocess.run(["readelf", "-hlW", "--dyn-syms", "-r", "-V", "-n", path],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          env={**os.environ, "LC_ALL": "C"}).stdout.decode(errors="replace")
    wide = "ELF64" in text
    facts = {"symbol": [], "reloc": [], "verdef": [], "verneed": [], "interp": [], "build-id": [], "dlopen-note": []}
    part, need = "", ""
    for line in text.splitlines():
        if line.startswith("Symbol table"):
            part = "symbols"
        elif line.startswith(("Relocation section", "Version ")):
            part = line
        elif line.startswith("Displaying notes"):
            part = "notes"
        m = SYMBOL.match(line.replace(OTHER_SYSTEM, ""))
        if m and part == "symbols":
            index, value, size, kind, bind, visibility, _, name = m.groups()
            name = (name or "").split("@")[0]
            facts["symbol"].append((int(index), int(value, 16), int(size, 0), TYPES.get(kind, kind),
                                    BINDINGS.get(bind, bind), VISIBILITIES[visibility],
                                    "" if kind == "SECTION" else name))
        m = RELOCATION.match(line)
        if m and part.startswith("Relocation") and ".relr" not in part:
            place, info, kind, rest = m.groups()
            symbol = int(info, 16) >> (32 if wide else 8)
            addend = 0
            if ".rela" in part:
                words = rest.split()
                sign = -1 if len(words) > 1 and words[-2] == "-" else 1
                addend = sign * int(words[-1], 16) if words else 0
            facts["reloc"].append((int(place, 16), symbol, ALIASES.get(kind, kind),
                                   addend % 2 ** 64))
        if m := NEED_FILE.search(line):
            need = m.group(1)
        if m := NEED_NAME.search(line):
            facts["verneed"].append((need, m.group(1), int(m.group(2))))
        if m := DEFINITION.search(line):
            flags, index, name = m.groups()
            facts["verdef"].append((int(index), 1 if "BASE" in flags else 0, name))
        if m := re.search(r"Requesting program interpreter: (.*)\]", line):
            facts["interp"].append(m.group(1))
        if m := re.search(r"Build ID: ([0-9a-f]+)", line):
            facts["build-id"].append(m.group(1))
        # In some releases no line ends behind a type that readelf does not know.
        for size in re.findall(r"FDO +0x([0-9a-f]+)\s+Unknown note type: \(0x407c0c0a\)", line):
            facts["dlopen-note"].append(f"{int(size, 16):x}")
    return facts


def parse_dump(lines):
    facts = {"symbol": [], "reloc": [], "verdef": [], "verneed": [], "interp": [], "build-id": [],
             "dlopen-note": [], "lost": []}
    for line in lines:
        key, _, rest = line.partition(" ")
        words = rest.split(" ")
        if key == "symbol":
            kind = int(words[3])
            facts[key].append((int(words[0]), int(words[1], 16), int(words[2]), kind,
                               int(words[4]), int(words[5]), "" if kind == 3 else words[6]))
        elif key == "reloc":
            facts[key].append((int(words[0], 16), int(words[1]), words[2].split("/")[0],
                               int(words[3]) % 2 ** 64))
        elif key == "verdef":
            facts[key].append((int(words[0]), int(words[1]) & 1, words[2]))
        elif key == "verneed":
            facts[key].append((words[0], words[1], int(words[2])))
        elif key in facts:
            facts[key].append(rest)
    return facts


def differences(ours, theirs):
    """Sentences about what differs."""
    named = all(r[2] != "-" for r in ours["reloc"])
    for key in theirs:
        mine, other = ours[key], theirs[key]
        if key == "symbol":
            # Ours may count padding behind the table.
            mine = mine[:len(other)]
        if key == "reloc":
            if not named:  # no table for this machine
                mine, other = [(r[0], r[1], r[3]) for r in mine], [(r[0], r[1], r[3]) for r in other]
            mine, other = sorted(mine), sorted(other)
        if key in ("verdef", "verneed", "build-id"):
            mine, other = sorted(mine), sorted(other)
        if mine != other:
            pairs = [(m, o) for m, o in zip(mine, other) if m != o][:3]
            yield f"{key}: {len(mine)} here, {len(other)} there, first {pairs}"
    for rest in ours["lost"]:
        index, name = rest.split(" ", 1)
        if int(index) < len(theirs["symbol"]):
            yield f"{name} is not found through the hash table"


def is_elf(path):
    try:
        with open(path, "rb") as f:
            return f.read(4) == b"\x7fELF"
    except OSError:
        return False


def main():
    if not shutil.which("readelf"):
        return SKIPPED
    dump, status, paths = sys.argv[1], 0, []
    for path in sys.argv[2:]:
        names = [os.path.join(path, n) for n in sorted(os.listdir(path))] \
            if os.path.isdir(path) else [path]
        # Objects and files without section headers are nothing that readelf can be asked about.
        paths += [n for n in names if is_elf(n) and not n.endswith((".o", "-headless", "-by-hand"))]
    if not paths:
        return SKIPPED
    for path in paths:
        lines = subprocess.run([dump, path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                               check=True).stdout.decode(errors="replace").splitlines()
        for sentence in differences(parse_dump(lines), readelf(path)):
            print(f"{path}: {sentence}")
            status = 1
    print(f"{len(paths)} files compared")
    return status


if __name__ == "__main__":
    sys.exit(main())
