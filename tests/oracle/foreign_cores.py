#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reads core files of other machines: what slots hold against the log of the process that died.

    foreign_cores.py --bindsim build/bindsim [MACHINE...]

A program of each machine opens a library, calls some functions under LD_DEBUG=bindings and dies.  Emulators write cores
that do not tell which files were mapped; kernels write others.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from debian_packages import Unavailable
from foreign_machines import MACHINES, ForeignRoot, check_machines
from live_graphs import BINDING
from loader import Question, program_command, start

LIBRARY = "int hook(void) { return 1; } int other(void) { return 2; } int variable = 3; int *pointer = &variable;"
PLUGIN = "int hook(void); int other(void); int use(void) { return hook(); } int more(void) { return other(); }"
PROGRAM = """
#include <dlfcn.h>
#include <stdlib.h>
extern int variable;
int hook(void);
int main(int argc, char **argv) {
    void *plugin = dlopen("/tmp/libplugin.so", RTLD_LAZY);
    int (*use)(void) = plugin ? (int (*)(void))dlsym(plugin, "use") : NULL;
    (void)argv;
    if (argc == 7 || !use || use() + hook() + variable != 5)
        return 1;
    abort();
}
"""


def build(root: ForeignRoot, name: str, source: str, *options: str) -> None:
    """Compiles a file into the root."""
    target = root.path / "tmp" / name
    subprocess.run([root.machine.tool("gcc"), "-O1", "-x", "c", "-o", target, "-", "-x", "none", *options], input=source,
                   text=True, check=True, cwd=root.path / "tmp")


def machine_of(file: Path) -> bytes:
    """What tells the machine of an ELF file, in its header."""
    with file.open("rb") as opened:
        header = opened.read(20)
    return header[4:6] + header[18:20]


def crash(root: ForeignRoot, program: str) -> tuple[Path, dict]:
    """The core of a process that died, and what its loader said."""
    question = Question(program, cwd="/tmp", bind_now=False, driver=False, root=root)
    limit = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (limit[1], limit[1]))
    try:
        process = start(program_command(question), question)
        _, stderr = process.communicate(timeout=60)
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, limit)
    # Some emulators only leave a core of themselves.
    cores = [core for core in sorted((root.path / "tmp").glob("*core*"))
             if machine_of(core) == machine_of(root.path / program[1:])]
    if process.returncode == 1 or not cores:
        raise Unavailable(f"no core is written; status {process.returncode}")
    log = defaultdict(set)
    for line in stderr.decode(errors="replace").splitlines():
        if match := BINDING.match(line):
            log[match[2], match[6]].add(match[4])
    return cores[0], log


def check(root: ForeignRoot, bindsim: str) -> tuple[int, list[str]]:
    """How many slots were compared, and what differs."""
    compared, wrong = 0, []
    build(root, "libhook.so", LIBRARY, "-shared", "-fPIC")
    build(root, "libplugin.so", PLUGIN, "-shared", "-fPIC", "-Wl,-z,lazy", "-L.", "-lhook", "-Wl,-rpath,/tmp")
    for name, options in (("pie", ["-pie", "-fPIE"]), ("fixed", ["-no-pie", "-fno-pie"])):
        build(root, name, PROGRAM, *options, "-Wl,-z,lazy", "-L.", "-lhook", "-ldl", "-Wl,-rpath,/tmp")
        core, log = crash(root, f"/tmp/{name}")
        done = subprocess.run([bindsim, f"--core={core}", f"--root={root.path}", "--cwd=/tmp", f"/tmp/{name}", *root.options,
                               "--format=json", "--show=contents"], capture_output=True, text=True, check=False, timeout=120,
                              env={"PATH": os.environ["PATH"]})
        for rest in (root.path / "tmp").glob("*core*"):
            rest.unlink()
        if done.returncode:
            wrong.append(f"{name}: status {done.returncode}: {done.stderr}")
            continue
        process = json.loads(done.stdout)["process"]
        names = [made["name"] or f"/tmp/{name}" for made in process["objects"]]
        held = set()
        for slot in process["contents"]:
            held.add((os.path.basename(names[slot["from"]]), slot["symbol"], slot["holds"]))
            compared += slot["agreement"] == "agrees"
            if slot["agreement"] == "differs" or slot["holds"] == "patched":
                wrong.append(f"{name}: {slot}")
            key = names[slot["from"]], slot["symbol"]
            if slot["holds"] == "bound" and key in log and names[slot["to"]] not in log[key]:
                wrong.append(f"{name}: {slot}, the loader says {log[key]}")
        for wanted in (("libplugin.so", "hook", "bound"), ("libplugin.so", "other", "lazy")):
            if wanted not in held:
                wrong.append(f"{name}: {wanted} is not there")
    return compared, wrong


def main() -> int:
    """All machines, or those that are named."""
    # Who binds what without relocations is not read.
    machines = [name for name in MACHINES if not name.startswith("mips")]
    return check_machines(__doc__.splitlines()[0], check, "slots", machines)


if __name__ == "__main__":
    sys.exit(main())
