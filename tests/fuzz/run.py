#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs fuzzers for so many executions each, and says what came of it.

    run.py BUILD [--executions N] [--corpus DIRECTORY] [--jobs N] [TARGET...]
    run.py BUILD --minimise [--corpus DIRECTORY] [TARGET...]
    run.py BUILD --coverage [--corpus DIRECTORY] [TARGET...]

BUILD was set up with -Dfuzz=libfuzzer, or with -Dfuzz=afl; CONTRIBUTING.md says how. Inputs are kept in DIRECTORY/TARGET (fuzz-corpus/),
which begins as what corpus/ and make_corpus.py have, logs and what was found beside it. A run that finds a crash, a hang or too much
memory is begun again for what is left. The table has the executions that were really made.

--minimise writes corpus/TARGET/inputs.hex anew: of DIRECTORY/TARGET the smallest inputs that come to as many places of the code, as far
as there is room for them. --coverage wants a BUILD of clang with -fprofile-instr-generate -fcoverage-mapping and tells how many lines and
branches of src/ the inputs come to.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import inputs
import make_corpus

HERE = Path(__file__).resolve().parent
HEX_ROOM = 5000  # characters of a file of corpus/: all of them together stay well below 100 kB
SECONDS, MEGABYTES = 10, 2048  # of one input: beyond it is a hang, or no bound
LONGEST = {"hash": 400, "versions": 400, "relocations": 400, "notes": 600, "alike": 400, "peek": 1200, "cache": 400, "conf": 200,
           "live": 1200, "core": 2600, "dwarf": 700, "demangle": 200, "policy": 1200, "libraries": 600, "plan": 1000, "report": 4500,
           "scan": 3400, "archive": 300, "image": 9000, "log": 1500, "root": 30000}

# Of these an input comes to so many places that to weigh inputs by how rare those are takes longer than to run them.
UNWEIGHED = {"root"}

# What a target is about: the files of src/ whose coverage is told.
ABOUT = {
    "image": ["elf/image.c", "elf/tables.c", "elf/dynamic.c", "elf/symbols.c", "elf/hash.c", "elf/chains.c", "elf/versions.c",
              "elf/relocations.c", "elf/notes.c"],
    "hash": ["elf/hash.c", "elf/chains.c", "elf/symbols.c"], "versions": ["elf/versions.c"],
    "relocations": ["elf/relocations.c", "elf/mips-got.c"], "notes": ["elf/notes.c", "report/dlopen-notes.c"],
    "alike": ["check/alike.c"], "peek": ["elf/peek.c"], "cache": ["search/cache.c", "search/cache-kinds.c"], "conf": ["search/conf.c"],
    "live": ["live/memory.c", "live/link-maps.c"],
    "core": ["live/core.c", "live/core-notes.c", "live/objects.c", "live/contents.c", "live/global.c", "live/link-maps.c"],
    "dwarf": ["proof/attributes.c", "proof/compare.c", "proof/debug-file.c", "proof/layout.c", "proof/types.c", "proof/units.c",
              "proof/value.c"],
    "demangle": ["check/demangle.c"], "policy": ["policy/read.c", "base/ini.c"], "libraries": ["check/library-db.c", "base/ini.c"],
    "plan": ["input/plan-file.c", "input/plan-steps.c", "report/plan-format.c"],
    "report": ["input/report-file.c", "input/report-head.c", "input/report-members.c", "input/report-records.c", "input/baseline.c"],
    "scan": ["cli/scan-merge.c", "cli/scan-read.c", "cli/scan-journal.c", "cli/scan-stamp.c"],
    "archive": ["archive/archive.c", "archive/tree.c", "cli/unpack.c", "cli/image.c"],
    "log": ["log/parse.c", "log/reader.c", "log/follow.c", "log/facts.c", "log/searches.c", "log/objects.c", "log/account.c",
            "log/conclude.c", "log/clashes.c", "log/image.c", "log/steps.c"],
    "root": ["sim", "scope", "bind", "search", "elf", "report"],
}


@dataclass
class Outcome:
    """What came of a target."""

    target: str
    executions: int = 0
    seconds: float = 0
    edges: int = 0
    inputs: int = 0
    found: list[str] = field(default_factory=list)


def dictionary(target: str, place: Path) -> list[str]:
    """The option that names a dictionary made of the target's words."""
    source = HERE / "words" / f"{target}.def"
    if not source.exists():
        return []
    lines = []
    for word in re.findall(r'^WORD\("(.*)"\)$', source.read_text(), re.M):
        raw = word.encode().decode("unicode_escape").encode("latin-1")
        if raw:
            lines.append('"' + "".join(f"\\x{byte:02x}" for byte in raw) + '"')
    path = place / f"{target}.dict"
    path.write_text("\n".join(lines) + "\n")
    return [str(path)]


def begin(directory: Path, targets: list[str]) -> None:
    """The inputs to begin with."""
    seeds = directory / "seeds"
    make_corpus.make(seeds, targets)
    for target in targets:
        place = directory / target
        place.mkdir(parents=True, exist_ok=True)
        (directory / "found").mkdir(exist_ok=True)
        for number, data in enumerate(inputs.read_all(HERE / "corpus" / target)):
            (place / f"kept-{number}").write_bytes(data)
        for seed in sorted((seeds / target).iterdir()) if (seeds / target).is_dir() else []:
            (place / f"seed-{seed.name}").write_bytes(seed.read_bytes())
            # Of ELF files the headers are enough; a text that is cut is mostly none.
            if seed.stat().st_size > LONGEST[target] and target != "peek":
                print(f"{target}: the seed {seed.name} is longer than inputs are: it will be cut", file=sys.stderr)


def is_afl(program: Path) -> bool:
    """It was built for AFL++."""
    return b"__AFL_SHM_ID" in program.read_bytes()


def run_libfuzzer(program: Path, outcome: Outcome, wanted: int, directory: Path) -> None:
    """Begins it again until it has made as many executions."""
    target = outcome.target
    log = directory / f"{target}.log"
    options = ["-dict=" + path for path in dictionary(target, directory)]
    log.write_text("")
    empty = 0
    while outcome.executions < wanted and empty < 20:
        command = [program, f"-runs={wanted - outcome.executions}", f"-max_len={LONGEST[target]}", f"-timeout={SECONDS}",
                   f"-rss_limit_mb={MEGABYTES}", "-print_final_stats=1", "-reload=0", "-use_value_profile=0", "-reduce_inputs=1", f"-entropic={int(target not in UNWEIGHED)}",
                   f"-artifact_prefix={directory}/found/{target}-", *options, directory / target]
        started = time.monotonic()
        begin_of_run = log.stat().st_size
        with log.open("ab") as file:
            status = subprocess.run([str(word) for word in command], stdout=subprocess.DEVNULL, stderr=file, check=False).returncode
        outcome.seconds += time.monotonic() - started
        told = log.read_bytes()[begin_of_run:].decode(errors="replace")
        executions = re.findall(r"stat::number_of_executed_units: (\d+)", told) or re.findall(r"^#(\d+)", told, re.M)
        outcome.executions += int(executions[-1]) if executions else 0
        empty = 0 if executions and int(executions[-1]) > 1000 else empty + 1
        outcome.edges = max([outcome.edges, *map(int, re.findall(r"cov: (\d+)", told))])
        outcome.found += re.findall(r"Test unit written to (\S+)", told)
        if status == 0 or "Done " in told:
            break


def run_afl(program: Path, outcome: Outcome, wanted: int, directory: Path) -> None:
    """AFL++ in persistent mode; the mutator that knows ELF beside its own where there is one."""
    target = outcome.target
    output = directory / f"{target}.afl"
    environment = dict(os.environ, AFL_SKIP_CPUFREQ="1", AFL_NO_UI="1", AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES="1", AFL_NO_AFFINITY="1",
                       AFL_FAST_CAL="1", AFL_AUTORESUME="1")
    mutator = program.parent / "afl-mutator.so"
    if target in ("image", "peek", "root", "core") and mutator.exists():
        environment |= {"AFL_CUSTOM_MUTATOR_LIBRARY": str(mutator), "BINDSIM_FUZZ_PARTS": "1" if target == "root" else ""}
    command = ["afl-fuzz", "-i", directory / target, "-o", output, "-E", wanted, "-t", f"{SECONDS * 1000}", "-m", "none",
               "-G", LONGEST[target]]
    command += [word for path in dictionary(target, directory) for word in ("-x", path)]
    started = time.monotonic()
    with (directory / f"{target}.log").open("w") as log:
        subprocess.run([*map(str, command), "--", str(program)], stdout=log, stderr=subprocess.STDOUT, env=environment, check=False)
    outcome.seconds = time.monotonic() - started
    stats = output / "default" / "fuzzer_stats"
    numbers = dict(re.findall(r"^(\w+) *: (.*)$", stats.read_text(), re.M)) if stats.exists() else {}
    outcome.executions = int(numbers.get("execs_done", 0))
    outcome.edges = int(numbers.get("edges_found", 0))
    for kind in ("crashes", "hangs"):
        outcome.found += [str(path) for path in (output / "default" / kind).glob("id*")]


def fuzz(program: Path, target: str, wanted: int, directory: Path) -> Outcome:
    """One target."""
    outcome = Outcome(target)
    (run_afl if is_afl(program) else run_libfuzzer)(program, outcome, wanted, directory)
    outcome.inputs = sum(1 for _ in (directory / target).iterdir())
    return outcome


def run_all(arguments: argparse.Namespace) -> int:
    """The table, a line when a target is done."""
    begin(arguments.corpus, arguments.targets)
    # What is killed leaves its directory behind.
    with tempfile.TemporaryDirectory(prefix="bindsim-fuzz.", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None) as place:
        os.environ["BINDSIM_FUZZ_DIRECTORY"] = place
        return run_targets(arguments)


def run_targets(arguments: argparse.Namespace) -> int:
    """The same, once all is there."""
    print("target|executions|exec/s|edges|inputs|found", flush=True)
    found = 0
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        jobs = [pool.submit(fuzz, arguments.programs / f"fuzz-{target}", target, arguments.executions, arguments.corpus)
                for target in arguments.targets]
        for job in concurrent.futures.as_completed(jobs):
            o = job.result()
            rate = int(o.executions / o.seconds) if o.seconds else 0
            print(f"{o.target}|{o.executions}|{rate}|{o.edges}|{o.inputs}|{len(o.found)}", flush=True)
            for path in o.found:
                print(f"  {path}", flush=True)
            found += len(o.found)
    return 1 if found else 0


# ---- corpora -----------------------------------------------------------------------------------------------------------------------


def minimise(arguments: argparse.Namespace) -> int:
    """Edges alone count, not how often they are gone through; the smallest inputs come first where there is no room for all."""
    for target in arguments.targets:
        place = arguments.corpus / f"{target}.least"
        place.mkdir(exist_ok=True)
        for path in place.iterdir():
            path.unlink()
        command = [arguments.programs / f"fuzz-{target}", "-set_cover_merge=1", "-use_counters=0", f"-max_len={LONGEST[target]}",
                   f"-timeout={SECONDS}", place, arguments.corpus / target]
        subprocess.run([str(word) for word in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        data = sorted((path.read_bytes() for path in place.iterdir()), key=lambda data: (len(data), data))
        kept, size = [], 0
        for item in data:
            size += 2 * len(item) + 1
            if size > HEX_ROOM:
                break
            kept.append(item)
        inputs.write(HERE / "corpus" / target / "inputs.hex", kept)
        print(f"{target}: {len(kept)} of {len(data)} inputs", flush=True)
    return 0


# ---- coverage ----------------------------------------------------------------------------------------------------------------------


def tool(name: str) -> str:
    """LLVM's tools may have a version in their names."""
    for directory in os.environ.get("PATH", "").split(":"):
        for candidate in (name, f"{name}-14"):
            if os.access(os.path.join(directory, candidate), os.X_OK):
                return candidate
    return name


def coverage(arguments: argparse.Namespace) -> int:
    """Lines and branches of what each target is about."""
    print("target|lines|of|%|branches|of|%")
    for target in arguments.targets:
        program = arguments.programs / f"fuzz-{target}"
        raw, merged = arguments.corpus / f"{target}.profraw", arguments.corpus / f"{target}.profdata"
        subprocess.run([program, "-runs=0", arguments.corpus / target], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False,
                       env=dict(os.environ, LLVM_PROFILE_FILE=str(raw)))
        subprocess.run([tool("llvm-profdata"), "merge", "-o", merged, raw], check=True)
        exported = subprocess.run([tool("llvm-cov"), "export", "-summary-only", "-format=text", program, f"-instr-profile={merged}"],
                                  stdout=subprocess.PIPE, check=True).stdout
        numbers = {}
        for item in json.loads(exported)["data"][0]["files"]:
            name = item["filename"].rpartition("/src/")[2]
            if any(name == about or name.startswith(about + "/") for about in ABOUT[target]):
                numbers[name] = [item["summary"][what][how] for what in ("lines", "branches") for how in ("covered", "count")]
        lines, of_lines, branches, of_branches = (sum(column) for column in zip(*numbers.values()))
        print(f"{target}|{lines}|{of_lines}|{100 * lines / of_lines:.1f}|{branches}|{of_branches}|"
              f"{100 * branches / max(1, of_branches):.1f}", flush=True)
        (arguments.corpus / f"{target}.coverage").write_text("".join(
            f"{name}|{'|'.join(map(str, row))}\n" for name, row in sorted(numbers.items())))
    return 0


def main() -> int:
    """The command; 1 when something was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=Path)
    parser.add_argument("targets", nargs="*", metavar="TARGET")
    parser.add_argument("--executions", type=int, default=10_000_000)
    parser.add_argument("--corpus", type=Path, default=Path("fuzz-corpus"))
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--minimise", action="store_true")
    parser.add_argument("--coverage", action="store_true")
    arguments = parser.parse_intermixed_args()
    arguments.programs = arguments.build.resolve() / "tests" / "fuzz"
    arguments.corpus = arguments.corpus.resolve()
    arguments.targets = arguments.targets or list(LONGEST)
    for target in arguments.targets:
        if target not in LONGEST:
            parser.error(f"no target {target}: there are {', '.join(LONGEST)}")
    if arguments.minimise:
        return minimise(arguments)
    return coverage(arguments) if arguments.coverage else run_all(arguments)


if __name__ == "__main__":
    sys.exit(main())
