#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Two copies of LLVM 14 in one process, compared binding for binding.

    duplicate_llvm.py --bindsim build/bindsim [--cache DIR]

Debian's packages are downloaded and unpacked into a private directory, nothing is installed.  A shared object libX.so
is linked statically with LLVM's archives, nothing hidden, and opened next to libLLVM-14 in both orders and in several
modes.  The text report must find what is captured, and only that, and the transcript of it in README.md, which comes
after `<!-- run in: llvm VERSION -->`, must be what is printed now (--update writes it anew).  The exit status is 77 where
the packages or the compiler cannot be had.
"""

from __future__ import annotations

import argparse
import difflib
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from loader import (OK, SKIPPED, Question, Transcript, binding_parties, build_driver, compare, run_real, run_simulated,
                    unavailable)

sys.path += [str(Path(__file__).resolve().parents[1] / directory) for directory in ("cli", "docs")]

PACKAGES = ["libllvm14", "llvm-14-dev", "libedit2", "libffi8", "libgcc-s1", "libstdc++6", "libtinfo6", "libxml2",
            "libz3-4", "libbsd0", "libmd0", "libicu72", "liblzma5", "zlib1g"]
ARCHIVES = ["Core", "Remarks", "BitstreamReader", "BinaryFormat", "Support", "Demangle"]
LIBRARY_DIRECTORIES = ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"]

PLUGIN_SOURCE = """
#include "llvm/IR/Function.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/raw_ostream.h"

extern "C" void print_module(int argc, char **argv)
{
    llvm::cl::ParseCommandLineOptions(argc, argv);
    llvm::LLVMContext context;
    llvm::Module module("module", context);
    module.setDataLayout("e");
    auto *type = llvm::FunctionType::get(llvm::Type::getVoidTy(context), false);
    llvm::Function::Create(type, llvm::Function::ExternalLinkage, "function", module);
    module.print(llvm::outs(), nullptr);
}
"""


# What the text report says of the two copies.
FINDING = re.compile(r"^(error|warning): (?:captured-references|split-copy): (\S+) is bound to (\S+) for ([\d,]+) symbols")
PLUGIN_CAPTURED = "error: libX.so to libLLVM-14.so.1: 2,350"
LLVM_CAPTURED = "warning: libLLVM-14.so.1 to libX.so: 577"


class Unavailable(Exception):
    """The case cannot be built here; the text says why."""


@dataclass(frozen=True)
class Plan:
    """Modes for the two opens; `expected` are the bindings between the copies (plugin to LLVM, LLVM to plugin)."""

    name: str
    first: str
    second: str
    plugin_first: bool = False
    expected: tuple[int, int] | None = None
    findings: tuple[str, ...] = ()


PLANS = [
    Plan("libLLVM GLOBAL, plugin LOCAL", "NOW,GLOBAL", "NOW,LOCAL", expected=(2350, 0), findings=(PLUGIN_CAPTURED,)),
    Plan("both LOCAL", "NOW,LOCAL", "NOW,LOCAL", expected=(0, 0)),
    Plan("plugin DEEPBIND", "NOW,GLOBAL", "NOW,LOCAL,DEEPBIND", expected=(0, 0)),
    Plan("both GLOBAL, plugin DEEPBIND", "NOW,GLOBAL", "NOW,GLOBAL,DEEPBIND", expected=(0, 0)),
    Plan("both GLOBAL", "NOW,GLOBAL", "NOW,GLOBAL", expected=(2350, 0), findings=(PLUGIN_CAPTURED,)),
    Plan("plugin first, GLOBAL", "NOW,GLOBAL", "NOW,LOCAL", plugin_first=True, expected=(0, 577),
         findings=(LLVM_CAPTURED,)),
    Plan("plugin first, LOCAL", "NOW,LOCAL", "NOW,LOCAL", plugin_first=True, expected=(0, 0)),
    Plan("plugin first, GLOBAL, libLLVM DEEPBIND", "NOW,GLOBAL", "NOW,LOCAL,DEEPBIND", plugin_first=True,
         expected=(0, 0)),
]


def _run(command: list[str | Path], cwd: Path, why: str) -> None:
    try:
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    except OSError as error:
        raise Unavailable(f"{why}: {error}") from error
    if done.returncode != 0:
        raise Unavailable(f"{why}: {done.stderr.strip().splitlines()[-1:] or done.returncode}")


def _fetch(cache: Path) -> Path:
    """The tree of unpacked packages; made once, and only there as a whole."""
    tree = cache / "tree"
    if tree.is_dir():
        return tree
    for tool in ("apt-get", "dpkg"):
        if shutil.which(tool) is None:
            raise Unavailable(f"{tool} is missing")
    downloads, unfinished = cache / "packages", cache / "tree.unfinished"
    downloads.mkdir(parents=True, exist_ok=True)
    _run(["apt-get", "-q", "download", *PACKAGES], downloads, "packages cannot be downloaded")
    shutil.rmtree(unfinished, ignore_errors=True)
    for package in sorted(downloads.glob("*.deb")):
        _run(["dpkg", "-x", package, unfinished], cache, f"{package.name} cannot be unpacked")
    unfinished.rename(tree)
    return tree


def _find(tree: Path, name: str) -> Path:
    for directory in LIBRARY_DIRECTORIES:
        if (tree / directory / name).exists():
            return tree / directory / name
    raise Unavailable(f"no {name} in the packages")


def _build_plugin(cache: Path, tree: Path) -> Path:
    """libX.so: what its few lines use of LLVM comes along from the archives, with everything exported."""
    plugin, source = cache / "libX.so", cache / "plugin.cpp"
    if plugin.exists() and source.exists() and source.read_text() == PLUGIN_SOURCE:
        return plugin
    source.write_text(PLUGIN_SOURCE)
    command: list[str | Path] = ["g++", "-shared", "-fPIC", "-O2", source, "-o", plugin]
    command += [f"-I{tree}/usr/include/llvm-14", f"-I{tree}/usr/include/llvm-c-14", f"-L{tree}/usr/lib/llvm-14/lib"]
    command += [f"-l:libLLVM{name}.a" for name in ARCHIVES]
    _run([*command, _find(tree, "libtinfo.so.6"), _find(tree, "libz.so.1")], cache, "libX.so cannot be linked")
    return plugin


def _crossings(transcript: Transcript, source: str, target: str) -> int:
    """Distinct binding lines from one object to another, by base name."""
    found = set()
    for block in transcript.blocks:
        for line in block.lines:
            parties = binding_parties(line)
            if parties and os.path.basename(parties[0]) == source and os.path.basename(parties[1]) == target:
                found.add(line)
    return len(found)


def _findings(question: Question, bindsim: str) -> list[str]:
    """The errors and warnings of the text report."""
    command = [os.path.abspath(bindsim), *(f"--env={name}={value}" for name, value in question.env.items()), question.program]
    done = subprocess.run([*command, *(f"--dlopen={step}" for step in question.steps)], cwd=question.cwd, text=True,
                          env={"LC_ALL": "C"}, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    found = [f"{m[1]}: {m[2]} to {m[3]}: {m[4]}" for m in map(FINDING.match, done.stdout.splitlines()) if m]
    return found if done.returncode == 0 else [*found, done.stderr.strip()]


def _study(question: Question, bindsim: str, command: str, first: str, second: str) -> tuple[dict, list[str]]:
    """What COMMAND says of the plan with these flags, and the base names of its objects."""
    files = [step.partition(":")[0] for step in question.steps]
    words = [os.path.abspath(bindsim), command, "--format=json", *(f"--env={name}={value}" for name, value in question.env.items()),
             question.program, f"--dlopen={files[0]}:{first}", f"--dlopen={files[1]}:{second}"]
    done = subprocess.run(words, cwd=question.cwd, env={"LC_ALL": "C"}, stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip())
    answer = json.loads(done.stdout)
    return answer, [os.path.basename(made["name"]) for made in answer["objects"]]


def _orders(question: Question, bindsim: str, first: str, second: str, captured: bool) -> list[str]:
    """What is wrong with what `bindsim order` says of the plan, if something is. What libstdc++ takes from libm or libc is
    no matter of the two copies."""
    answer, names = _study(question, bindsim, "order", first, second)
    moved = {symbol for found in answer["dependent"] for symbol in found["symbols"] if names[found["from"]] == "libX.so"
             and [names[to["to"]] for to in found["answers"]] == ["libLLVM-14.so.1", "libX.so"]}
    others = [names[found["from"]] for found in answer["dependent"] if "LLVM" in names[found["from"]]]
    level = answer["finding"]["level"] if answer["finding"] else "none"
    print(f"orders, plugin {second}: {len(moved)} symbols of the plugin depend on the order: {level}", flush=True)
    if captured == (level == "error" and len(moved) == 2350) and (captured or (not moved and level in ("none", "note"))) and not others:
        return []
    return [f"order: {len(moved)} symbols, {level}, {others}"]


# What advise must come to, by remedy and object: its worth, the references that are still captured, and what is new.
ADVICE = {
    ("deepbind", "libX.so"): ("trades", 0, [("object-split", "environ")]),
    ("local", "libLLVM-14.so.1"): ("cures", 0, []),
    ("order", "libX.so"): ("cures", 0, []),
    ("hidden", "libX.so"): ("cures", 0, []),
    ("version-script", "libX.so"): ("cures", 0, []),
    ("symbolic", "libX.so"): ("cures", 0, []),
    ("symbolic-functions", "libX.so"): ("trades", 553, []),  # more of its classes are split than before
}


def _advice(question: Question, bindsim: str) -> list[str]:
    """Where `bindsim advise` comes to something else: RTLD_DEEPBIND stops the capture, and what it costs is named."""
    answer, names = _study(question, bindsim, "advise", "NOW,GLOBAL", "NOW,LOCAL")
    found = {(trial["remedy"], names[trial["object"]]):
             (trial["benefit"], trial["captured_after"], [(e["rule"], e["example"]) for e in trial["effects"] if e["new"]])
             for trial in answer["trials"]}
    own = answer["trials"][answer["best"]["own"]]["remedy"]
    print(f"advice: {len(found)} remedies; for who opens the plugin: {own}", flush=True)
    wrong = [f"advise: {key}: {found.get(key)}, not {expected}" for key, expected in ADVICE.items() if found.get(key) != expected]
    return wrong + [f"advise: {own} for who opens the plugin"] * (own != "deepbind")


def _story(cache: Path, tree: Path, plugin: Path) -> Path:
    """The directory in which README.md tells of the plan: host, plugin.so, and the packages' libraries in lib."""
    story = cache / "story"
    shutil.rmtree(story, ignore_errors=True)
    (story / "lib").mkdir(parents=True)
    shutil.copy(cache / "driver", story / "host")
    shutil.copy(plugin, story / "plugin.so")
    for directory in LIBRARY_DIRECTORIES:
        for library in (tree / directory).glob("*.so*"):
            if not (story / "lib" / library.name).exists():
                (story / "lib" / library.name).symlink_to(library.resolve())
    return story


def _readme(story: Path, bindsim: str, update: bool) -> list[str]:
    """How README.md's transcripts of the story differ from what is printed now."""
    os.environ["BINDSIM"] = os.path.abspath(bindsim)
    import test_readme
    import transcripts

    version = next((cache_file.name.split("_")[1].replace("%3a", ":")
                    for cache_file in (story.parent / "packages").glob("llvm-14-dev_*")), "of no version")
    blocks = [block for block in test_readme.blocks() if block[1] == "llvm"]
    if not blocks:
        return ["README.md has no transcript to run in llvm"]
    differences = []
    for block in blocks:
        if block[2] != version:
            print(f"README.md tells of LLVM {block[2]}, these packages are {version}: not compared")
            continue
        now = transcripts.again(block[4], story)
        if update:
            readme = test_readme.README
            readme.write_text(readme.read_text().replace(block[4], now))
        else:
            differences += difflib.unified_diff(block[4].splitlines(), now.splitlines(), "README.md", "now", "", "", 1, "")
    return differences


def _check(plan: Plan, question: Question, bindsim: str, real_only: bool) -> tuple[int, list[str]]:
    """One plan on both sides: the number of binding lines and what differs."""
    real = run_real(question)
    simulated = run_real(question) if real_only else run_simulated(question, bindsim)
    crossings = (_crossings(real, "libX.so", "libLLVM-14.so.1"), _crossings(real, "libLLVM-14.so.1", "libX.so"))
    outcomes = ", ".join(block.outcome for block in real.blocks)
    print(f"{plan.name}: {crossings[0]} bindings from the plugin to libLLVM, {crossings[1]} back; {outcomes}",
          flush=True)
    differences = compare(real, simulated)
    if plan.expected is not None and crossings != plan.expected:
        differences.append(f"the real loader: {crossings} crossings, expected {plan.expected}")
    if not real_only and (found := _findings(question, bindsim)) != list(plan.findings):
        differences.append(f"the report's findings: {found}, expected {list(plan.findings)}")
    if real.blocks[0].outcome != OK:
        differences.append("the driver does not start: " + "; ".join(real.messages))
    return real.binding_lines(), differences


def main() -> int:
    """Builds the case, runs the plans, sums up."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bindsim", default="build/bindsim", metavar="PATH")
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bindsim-oracle" / "llvm-14"
    parser.add_argument("--cache", type=Path, default=default, metavar="DIR", help=f"(default {default})")
    parser.add_argument("--real-only", action="store_true", help="compare the real loader with itself: a self-test")
    parser.add_argument("--update", action="store_true", help="write the transcript in README.md anew")
    arguments = parser.parse_args()
    if not arguments.real_only and not Path(arguments.bindsim).exists():
        print(f"{arguments.bindsim}: no such program", file=sys.stderr)
        return 2
    cache = arguments.cache.resolve()
    try:
        if reason := unavailable(["gcc", "g++"]):
            raise Unavailable(reason)
        tree = _fetch(cache)
        plugin = _build_plugin(cache, tree)
    except Unavailable as reason:
        print(f"skipped: {reason}")
        return SKIPPED
    build_driver(cache)
    env = {"LD_LIBRARY_PATH": ":".join(str(tree / directory) for directory in LIBRARY_DIRECTORIES)}
    lines, total = 0, 0
    for plan in PLANS:
        files = ["libLLVM-14.so.1", str(plugin)]
        if plan.plugin_first:
            files.reverse()
        question = Question("./driver", [f"{files[0]}:{plan.first}", f"{files[1]}:{plan.second}"], env, cache)
        count, differences = _check(plan, question, arguments.bindsim, arguments.real_only)
        lines, total = lines + count, total + len(differences)
        for difference in differences:
            print(difference)
    if not arguments.real_only:
        question = Question("./driver", ["libLLVM-14.so.1", str(plugin)], env, cache)
        for second, captured in (("NOW,LOCAL", True), ("NOW,LOCAL,DEEPBIND", False)):
            for difference in (differences := _orders(question, arguments.bindsim, "NOW,GLOBAL", second, captured)):
                print(difference)
            total += len(differences)
        for difference in (differences := _advice(question, arguments.bindsim)):
            print(difference)
        total += len(differences)
        for difference in (differences := _readme(_story(cache, tree, plugin), arguments.bindsim, arguments.update)):
            print(difference)
        total += len(differences)
    print(f"{len(PLANS)} plans, {lines} binding lines compared, {total} differences")
    return 1 if total or lines == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
