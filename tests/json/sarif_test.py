#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds --format=sarif against the schema of SARIF 2.1.0.

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
from pathlib import Path

from validation import WHY_NOT, VALIDATES, Validator

sys.path.insert(0, str(Path(__file__).parents[1] / "cli"))
SKIPPED = 77
CRATE, VERSION = "serde-sarif", "0.8.0"
SHA256 = "af47e7b67f24efe74076621fd3a5fbe7398add9e84fe820c971219a385895cea"
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
)


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
    from examples import build_examples  # it wants a compiler, which --help does not

    path = arguments.schema or fetch(arguments.cache)
    if path is None:
        print("there is no schema: cargo cannot fetch it")
        return SKIPPED
    # A bracket without its partner stands for itself, which not every reader of patterns knows.
    schema = json.loads(path.read_text().replace("{2}]?$", "{2}\\\\]?$"))
    validator = Validator(schema, any_draft=True)
    problems, results = [], 0
    with tempfile.TemporaryDirectory(prefix="bindsim-sarif-") as directory:
        build_examples(Path(directory))
        for name in (b"\xff<\n.so", b"\xfe%.so"):
            shutil.copy(os.path.join(directory, "copy.so"), os.path.join(os.fsencode(directory), name))
        for question in QUESTIONS:
            done = subprocess.run([arguments.bindsim, "--format=sarif", "--no-env", *question], cwd=directory,
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False, timeout=60)
            document = json.loads(done.stdout)
            results += len(document["runs"][0]["results"])
            problems += [f"{question}: {problem}" for problem in validator.problems(document)]
    # The validator does look.
    document["runs"][0]["invocations"][0]["toolExecutionNotifications"] = [{"level": "worst"}]
    if validator.is_valid(document):
        problems.append("a report that is not valid is taken for one that is")
    print("\n".join(problems))
    print(f"{len(QUESTIONS)} reports with {results} results, {len(problems)} problems")
    return 1 if problems or results < 8 else 0


if __name__ == "__main__":
    sys.exit(main())
