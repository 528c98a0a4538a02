#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds --format=sarif of all commands that write it against the schema of SARIF 2.1.0.

    sarif_test.py --bindsim BINDSIM --cache DIRECTORY [--schema FILE]

The schema is OASIS's and no part of this project. It is taken from FILE, or else from the Rust crate serde-sarif, which has
a copy of it and which cargo fetches into DIRECTORY once.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from validation import WHY_NOT, VALIDATES, Validator

sys.path.insert(0, str(Path(__file__).parents[1] / "cli"))
SKIPPED = 77
CRATE, VERSION = "serde-sarif", "0.8.0"
SHA256 = "af47e7b67f24efe74076621fd3a5fbe7398add9e84fe820c971219a385895cea"
WHEEL = "pack-1-cp311-cp311-linux_x86_64.whl"
# Findings of several rules and levels, refusals, none of them, names that are no UTF-8.
QUESTIONS = (
    ["./player"],
    ["./player", "--dlopen=./copy.so:NOW,LOCAL", "--dlopen=./nothing.so"],
    ["--show=findings,notes", "./player", "--dlopen=./copy.so:DEEPBIND", "--dlopen=./data.so", "--dlopen=./static.so"],
    ["--show=findings,notes", "./player", "--dlopen=./templates.so:GLOBAL", "--dlopen=./more-templates.so"],
    ["./player", "--dlopen=./unique-1.so", "--dlopen=./unique-2.so"],
    ["./player", "--dlopen=./second.so:LAZY", "--dlopen=./first.so:GLOBAL", "--dlopen=./newer.so:LAZY"],
    ["./player", "--dlmopen=./copy.so", "--dlsym=1:nothing", "--preload=./absent.so"],
    ["./broken"],
    ["./player", b"--dlopen=./\xff<\n.so", b"--dlopen=./\xfe%.so:GLOBAL"],
    # A symbol that is called and has its address taken is bound twice.
    ["--show=findings,notes", "./player", "--dlopen=./twice.so"],
    # Several plans are several runs.
    ["check", "--no-policy", "--fail-on=note", "./player", "--dlopen=./copy.so"],
    ["check", "--policy=policy.ini", "./player", "--dlopen=./copy.so"],
    ["check", "--policy=plans.ini"],
    ["check", "--no-policy", "--baseline=known.json", "./player", "--dlopen=./copy.so", "--dlopen=./data.so"],
    ["check", "--no-policy", "."],
    ["check", "--no-policy", "--host=./player", WHEEL],
    ["scan", "--show=programs,notes", "."],
    ["scan", "--libraries", "--show=programs,notes", "."],
    ["scan", "--plugins=plugins:GLOBAL", "."],
    ["scan", "--policy=policy.ini", "--plugins=plugins", "."],
    ["scan", "--baseline=known-scan.json", "--plugins=plugins", "."],
    ["scan", "--show=programs,notes", "--dlopen=./twice.so", "player", "odd"],
    ["scan", "--merge", "part-1", "part-2"],
)
POLICY = """\
[suppress]
rule = captured-references
from = copy*
reason = it is known
[suppress]
rule = healed
reason = no finding matches it
[level interposer-bypassed]
level = warning
"""
PLANS = """\
[plan one]
executable = ./player
step = dlopen ./copy.so
[plan two]
executable = ./player
step = dlopen ./data.so
step = dlopen ./nothing.so
"""
NEEDED = "int codec_open(void) { return 5; } int codec_read(void) { return 5; }"
TWICE = """int codec_open(void), codec_read(void); int (*opens)(void) = codec_open; int (*reads)(void) = codec_read;
int twice(void) { return codec_open() + codec_read(); }"""


def build_more(directory: Path, bindsim: str) -> None:
    """What commands ask about beside the examples."""
    from examples import build_examples  # it wants a compiler, which --help does not
    from harness import PROGRAM, build

    build_examples(directory)
    for name in (b"\xff<\n.so", b"\xfe%.so"):
        shutil.copy(directory / "copy.so", os.path.join(os.fsencode(directory), name))
    build(directory / "needed.so", NEEDED, "-shared", "-fPIC", "-Wl,-soname,needed.so")
    build(directory / "twice.so", TWICE, "-shared", "-fPIC", str(directory / "needed.so"), f"-Wl,-rpath,{directory}")
    build(directory / "odd", PROGRAM, "-pie", "-fPIE", "-Wl,--dynamic-linker=/lib/ld-unheard-of.so")
    (directory / "plugins").mkdir()
    for name in ("copy.so", "data.so", "twice.so"):
        shutil.copy(directory / name, directory / "plugins")
    (directory / "policy.ini").write_text(POLICY)
    (directory / "plans.ini").write_text(PLANS)
    with zipfile.ZipFile(directory / WHEEL, "w") as archive:
        for name in ("copy.so", "data.so", "twice.so"):
            archive.write(directory / name, f"pack/{name}")

    def run(*words: str) -> None:
        subprocess.run([bindsim, *words], cwd=directory, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, timeout=60)
    run("check", "--no-policy", "--write-baseline=known.json", "./player", "--dlopen=./copy.so")
    run("scan", "--write-baseline=known-scan.json", ".")
    for part in (1, 2):
        run("scan", "--format=ndjson", f"--shard={part}/2", "-o", f"part-{part}", "--plugins=plugins", "player", "copier", "odd")


def write(bindsim: str, question: list, directory: Path) -> dict:
    """What --format=sarif says to QUESTION."""
    is_command = question[0] in ("check", "scan")
    words = [*question[:is_command], "--format=sarif", *([] if is_command else ["--no-env"]), *question[is_command:]]
    done = subprocess.run([bindsim, *words], cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=60)
    if not done.stdout:
        sys.exit(f"{question}: {done.stderr.decode()}")
    return json.loads(done.stdout)


def fetch(cache: Path) -> Path | None:
    """The schema in CACHE, or None where it cannot be had."""
    schema = cache / "sarif-schema-2.1.0.json"
    if schema.exists():
        return schema
    cargo = shutil.which("cargo")
    if not cargo:
        return None
    with tempfile.TemporaryDirectory(prefix="bindsim-sarif-") as directory:
        project = Path(directory)
        (project / "src").mkdir()
        (project / "src/lib.rs").touch()
        (project / "Cargo.toml").write_text(f'[package]\nname = "schema"\nversion = "0.0.0"\nedition = "2021"\n\n'
                                            f'[dependencies]\n{CRATE} = "={VERSION}"\n')
        home = project / "home"
        done = subprocess.run([cargo, "fetch", "--quiet"], cwd=project, env={**os.environ, "CARGO_HOME": str(home)},
                              check=False)
        found = list(home.glob(f"registry/src/*/{CRATE}-{VERSION}/src/schema.json"))
        if done.returncode or not found:
            return None
        data = found[0].read_bytes()
    if hashlib.sha256(data).hexdigest() != SHA256:
        sys.exit(f"the schema of {CRATE} {VERSION} is not the one that is known")
    cache.mkdir(parents=True, exist_ok=True)
    schema.write_bytes(data)
    return schema


def main() -> int:
    """The exit status is 0 when all reports are valid, and a report that is not is found to be so."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--bindsim", required=True, type=os.path.abspath)
    parser.add_argument("--cache", required=True, type=Path)
    parser.add_argument("--schema", type=Path)
    arguments = parser.parse_args()
    if not VALIDATES:
        print(WHY_NOT)
        return SKIPPED
    path = arguments.schema or fetch(arguments.cache)
    if path is None:
        print("there is no schema: cargo cannot fetch it")
        return SKIPPED
    # A bracket without its partner stands for itself, which not every reader of patterns knows.
    schema = json.loads(path.read_text().replace("{2}]?$", "{2}\\\\]?$"))
    validator = Validator(schema, any_draft=True)
    problems, results, most_runs = [], 0, 0
    with tempfile.TemporaryDirectory(prefix="bindsim-sarif-") as directory:
        build_more(Path(directory), arguments.bindsim)
        for question in QUESTIONS:
            document = write(arguments.bindsim, question, Path(directory))
            results += sum(len(run["results"]) for run in document["runs"])
            most_runs = max(most_runs, len(document["runs"]))
            problems += [f"{question}: {problem}" for problem in validator.problems(document)]
    # The validator does look.
    document["runs"][0]["invocations"][0]["toolExecutionNotifications"] = [{"level": "worst"}]
    if validator.is_valid(document):
        problems.append("a report that is not valid is taken for one that is")
    print("\n".join(problems))
    print(f"{len(QUESTIONS)} reports with {results} results, {len(problems)} problems")
    return 1 if problems or results < 40 or most_runs < 2 else 0


if __name__ == "__main__":
    sys.exit(main())
