#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares the start-up of programs for other machines, linked against their C library, line by line.

    foreign_programs.py --bindsim build/bindsim [MACHINE...]

Each machine has programs with and without position-independent code, bound at once and lazily: one of C, and one that
needs every library of the compiler's.  What the C library's own objects bind is the larger part of it.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from debian_packages import Unavailable
from foreign_machines import MACHINES, ForeignRoot, check_machines
from loader import Question, Transcript, compare, run_real, run_simulated

SOURCE = """
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
static int by_name(const void *a, const void *b) { return strcmp(a, b); }
void (*address_taken)(void *) = free;
int main(int argc, char **argv) {
    struct tm now = { 0 };
    char *text = malloc(64);
    setlocale(LC_ALL, "");
    qsort(argv, argc, sizeof *argv, by_name);
    strftime(text, 64, "%c", &now);
    fprintf(stderr, "%s %d\\n", text, errno);
    address_taken(text);
    return ferror(stdout);
}
"""

# With bindings the loader says when the program gets control.
CATEGORIES = (("bindings",), ("scopes", "bindings"), ("libs", "files", "versions", "bindings"))


def _programs(root: ForeignRoot) -> Iterator[str]:
    """Builds the machine's programs; yields their paths inside the root."""
    libraries = [path for path in root.machine.libraries()
                 if path.name.startswith(("libstdc++.so.6", "libgomp.so.1", "libatomic.so.1", "libm.so.6",
                                          "libgcc_s.so.1", "libresolv.so.2", "libitm.so.1"))
                 and path.name.count(".") == 2]
    for pie in ("-pie", "-no-pie"):
        for name, more in (("plain", []), ("many", ["-Wl,--no-as-needed", *map(str, libraries)])):
            program = root.path / "tmp" / f"{name}{pie}"
            code = "-fPIE" if pie == "-pie" else "-fno-pie"
            subprocess.run([root.machine.tool("gcc"), "-O1", pie, code, "-x", "c", "-o", program, "-", "-x", "none",
                            *more], input=SOURCE, text=True, check=True)
            yield root.inside(program)


def _without_early_calls(transcript: Transcript) -> Transcript:
    """Before the program gets control the C library sets itself up, and binds lazily what it calls for that."""
    return transcript.only(lambda line: "libc.so.6 [0] to /" not in line or "symbol `__tunable_get_val'" not in line)


def check(root: ForeignRoot, bindsim: str) -> tuple[int, list[str]]:
    """How many binding lines were compared, and what differs."""
    bindings, reports = 0, []
    for program in _programs(root):
        for categories in CATEGORIES:
            for bind_now in (True, False):
                question = Question(program, cwd="/", categories=categories, bind_now=bind_now, driver=False, root=root)
                real = run_real(question)
                if not bind_now:
                    real = _without_early_calls(real)
                simulated = run_simulated(question, bindsim)
                bindings += real.binding_lines()
                if differences := compare(real, simulated):
                    how = f"{','.join(categories)}, {'now' if bind_now else 'lazy'}"
                    reports.append("\n".join([f"{root.machine.name}: {program}, {how}:", *differences]))
    return bindings, reports


def main() -> int:
    """All machines, or those that are named."""
    return check_machines(__doc__.splitlines()[0], check, "binding lines", list(MACHINES))


if __name__ == "__main__":
    sys.exit(main())
