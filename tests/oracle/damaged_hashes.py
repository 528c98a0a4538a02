#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Damages the hash table of a library and compares who answers with the real loader.

    damaged_hashes.py --bindsim build/src/cli/bindsim [--seeds 1-200]

Three libraries define the same functions; one of two has some words of its DT_GNU_HASH changed: a bucket, a chain word, a
word of the bloom filter.  Where the loader dies of that, or the simulator says that it may, there is nothing to compare.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

from loader import SKIPPED, unavailable
from seeds import parse_seeds

FUNCTIONS = [f"f{number}" for number in range(24)]
TRACE = {"LD_TRACE_LOADED_OBJECTS": "1", "LD_WARN": "yes", "LD_BIND_NOW": "yes", "LD_DEBUG": "bindings",
         "LD_LIBRARY_PATH": "."}
BINDING = re.compile(r"binding file (\S+) .*")


def _compile(directory: Path, name: str, source: str, *options: str) -> None:
    subprocess.run(["gcc", "-fPIC", "-Wl,--hash-style=gnu", "-Wl,--allow-shlib-undefined",
                    "-Wl,--unresolved-symbols=ignore-all", "-x", "c", "-", "-x", "none", *options, "-o", name],
                   input=source, text=True, check=True, cwd=directory)


def build(directory: Path) -> None:
    """libown defines and refers, libother defines as libspare does, libuser refers; two programs list them."""
    definitions = "".join(f"int {name}(void) {{ return 1; }}\n" for name in FUNCTIONS)
    table = "void *table[] = { " + ", ".join(f"(void *){name}" for name in FUNCTIONS) + " };\n"
    declarations = "".join(f"extern int {name}(void);\n" for name in FUNCTIONS)
    calls = "int calls(void) { return " + " + ".join(f"{name}()" for name in FUNCTIONS) + "; }\n"
    shared = ("-shared", "-nostdlib")
    _compile(directory, "libown.so", definitions + table, *shared)
    _compile(directory, "libother.so", definitions, *shared)
    _compile(directory, "libspare.so", definitions, *shared)
    _compile(directory, "libuser.so", declarations + table.replace("table", "theirs") + calls, *shared)
    for name, order in (("app1", ("own", "other")), ("app2", ("other", "own"))):
        libraries = [f"./lib{library}.so" for library in ("user", *order, "spare")]
        _compile(directory, name, "int main(void) { return 0; }\n", "-Wl,--no-as-needed", *libraries)


def table_place(path: Path) -> tuple[int, int]:
    """Offset and size of .gnu.hash."""
    listed = subprocess.run(["readelf", "-SW", path], capture_output=True, text=True, check=True).stdout
    found = re.search(r"\.gnu\.hash\s+\S+\s+\S+\s+(\S+)\s+(\S+)", listed)
    return int(found[1], 16), int(found[2], 16)


def damage(image: bytearray, offset: int, size: int, rng: random.Random) -> None:
    """Changes one to three words."""
    for _ in range(rng.choice((1, 1, 2, 3))):
        at = offset + 4 * rng.randrange(size // 4)
        word = struct.unpack_from("<I", image, at)[0]
        changed = rng.choice((word ^ 1 << rng.randrange(32), word ^ 1, word ^ 2, rng.randrange(40), rng.getrandbits(32)))
        struct.pack_into("<I", image, at, changed)


def bindings(text: str) -> list[str]:
    """Those of our libraries, sorted."""
    return sorted(line[0] for line in BINDING.finditer(text) if line[1] in ("./libuser.so", "./libown.so"))


def ask(bindsim: str, directory: Path, program: str) -> tuple[list[str], list[str]] | None:
    """What both say; None where one of them comes to no end."""
    try:
        real = subprocess.run([f"./{program}"], env=TRACE, capture_output=True, text=True, timeout=10, check=False,
                              cwd=directory)
    except subprocess.TimeoutExpired:
        return None
    if real.returncode < 0 or "Inconsistency detected" in real.stderr:
        return None
    simulated = subprocess.run([bindsim, "--bind-now", "--no-env", "--env", "LD_LIBRARY_PATH=.", "--format=ld-debug",
                                "--report", "ldd:/dev/null", f"./{program}"], capture_output=True, text=True, timeout=60,
                               check=False, cwd=directory)
    if "loader crashes" in simulated.stderr:
        return None
    said, answered = bindings(real.stderr), bindings(simulated.stdout)
    if simulated.returncode == 1:  # It ends where a normal start would; the trace goes on.
        said = [line for line in said if line in answered]
    return said, answered


def main() -> int:
    """Damages, asks, compares."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bindsim", default="build/src/cli/bindsim", metavar="PATH")
    parser.add_argument("--seeds", default="1-200", metavar="LIST")
    options = parser.parse_args()
    if reason := unavailable():
        print(f"skipped: {reason}")
        return SKIPPED
    bindsim, compared, lines, differences = os.path.abspath(options.bindsim), 0, 0, 0
    with tempfile.TemporaryDirectory(prefix="bindsim-hashes.") as name:
        directory = Path(name)
        build(directory)
        for seed in parse_seeds(options.seeds):
            rng = random.Random(seed)
            victim = directory / rng.choice(("libown.so", "libother.so"))
            intact = victim.read_bytes()
            image = bytearray(intact)
            damage(image, *table_place(victim), rng)
            victim.write_bytes(image)
            for program in ("app1", "app2"):
                answer = ask(bindsim, directory, program)
                if answer is None:
                    continue
                compared, lines = compared + 1, lines + len(answer[0])
                if answer[0] != answer[1]:
                    differences += 1
                    print(f"seed {seed}: {victim.name}, {program}:", *sorted(set(answer[0]) ^ set(answer[1])), sep="\n  ")
            victim.write_bytes(intact)
    print(f"{compared} starts with damaged tables, {lines} binding lines compared, {differences} differences")
    return 1 if differences or not lines else 0


if __name__ == "__main__":
    sys.exit(main())
