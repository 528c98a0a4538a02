#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Asks about many programs of the same libraries on stores that keep what runs find out, and about each on a store of its own.

    rerun_programs.py --seeds 1-20 --bindsim build/bindsim --rerun build/tests/rerun

Each seed gives libraries that define and use names of one small set, some weak, protected, unique, thread-local or with a
version, and programs that need some of them in some order and define some of the names themselves, or none. They are asked
one after the other, some of them again, lazily and at once, with preloads and with libraries that are opened later. Before
the seeds come programs that differ in a single name. The exit status is 0 only if answers that were kept were of use, and
nothing differs.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from loader import SKIPPED, unavailable
from seeds import parse_seeds

NAMES = [f"name_{i}" for i in range(24)]
LIBRARIES, PROGRAMS, QUESTIONS = 9, 7, 30
KINDS = ["function"] * 8 + ["weak"] * 3 + ["data"] * 3 + ["protected", "unique", "tls", "ifunc"]


@dataclass
class Source:
    """What an object defines, and what it refers to."""

    defines: dict[str, str] = field(default_factory=dict)  # name: kind
    calls: list[str] = field(default_factory=list)
    reads: list[str] = field(default_factory=list)
    weakly: list[str] = field(default_factory=list)
    version: str | None = None  # of all that it defines

    def text(self) -> str:
        """In C."""
        lines = []
        for name, kind in self.defines.items():
            lines += {
                "function": [f"int {name}(void) {{ return 1; }}"],
                "weak": [f"__attribute__((weak)) int {name}(void) {{ return 2; }}"],
                "data": [f"int {name} = 3;"],
                "protected": [f'__attribute__((visibility("protected"))) int {name}(void) {{ return 4; }}'],
                "unique": [f"int {name} = 5; __asm__(\".type {name}, %gnu_unique_object\");"],
                "tls": [f'__thread int tls_{name} __attribute__((tls_model("initial-exec")));',
                        f"int *where_{name}(void) {{ return &tls_{name}; }}"],
                "ifunc": [f"static int {name}_one(void) {{ return 6; }}",
                          f"static int (*{name}_resolve(void))(void) {{ return {name}_one; }}",
                          f'int {name}(void) __attribute__((ifunc("{name}_resolve")));'],
            }[kind]
        # Names have no type here: an assembler's reference is to whatever answers.
        users = [f'"call {name}@PLT\\n"' for name in self.calls]
        users += [f'"movq {name}@GOTPCREL(%rip), %rax\\n"' for name in self.reads]
        users += [f'".weak {name}\\nmovq {name}@GOTPCREL(%rip), %rax\\n"' for name in self.weakly
                  if name not in self.defines]
        body = " ".join(users) or '""'
        return "\n".join([*lines, f'__asm__(".text\\nuser_of_names:\\n" {body} "ret\\n");', ""])


class Workshop:
    """Builds objects in a directory of its own, and asks about them there."""

    def __init__(self, bindsim: str, rerun: str, directory: Path):
        self.bindsim, self.rerun, self.directory = bindsim, rerun, directory
        self.n_questions = 0

    def compile(self, name: str, source: Source, *flags: str) -> None:
        command = ["gcc", "-O0", "-w", "-x", "c", "-", "-o", self.directory / name, "-Wl,--hash-style=gnu",
                   "-Wl,--allow-shlib-undefined", "-Wl,--unresolved-symbols=ignore-all", f"-L{self.directory}", *flags]
        if source.version:
            script = self.directory / f"{name}.map"
            script.write_text(f"{source.version} {{ global: *; }};\n")
            command.append(f"-Wl,--version-script={script}")
        done = subprocess.run(command, input=source.text(), text=True, check=False, stderr=subprocess.PIPE)
        if done.returncode:
            raise RuntimeError(f"{name}: {done.stderr}")

    def library(self, name: str, source: Source, needs: list[str], *flags: str) -> None:
        self.compile(f"lib{name}.so", source, "-shared", "-fPIC", "-nostdlib", f"-Wl,-soname,lib{name}.so",
                     "-Wl,--no-as-needed", *(f"-l{need}" for need in needs), *flags)

    def program(self, name: str, source: Source, needs: list[str], *flags: str) -> None:
        source.defines.setdefault("main", "function")
        self.compile(name, source, "-fPIE", "-pie", "-Wl,--export-dynamic", "-Wl,--no-as-needed",
                     *(f"-l{need}" for need in needs), *flags)

    def question(self, *arguments: str) -> Path:
        """As a plan."""
        path = self.directory / f"question-{self.n_questions}.json"
        self.n_questions += 1
        subprocess.run([self.bindsim, "--no-env", "--library-path=.", "--format=plan", f"--output={path}", *arguments],
                       cwd=self.directory, check=True)
        return path

    def ask(self, questions: list[Path]) -> tuple[int, str]:
        """How often answers that were kept were of use, and what differs."""
        done = subprocess.run([self.rerun, *questions], cwd=self.directory, capture_output=True, text=True, check=False)
        return (int(done.stdout.split()[-5]), "") if done.returncode == 0 else (0, done.stdout + done.stderr)


def one_name(workshop: Workshop) -> tuple[int, str]:
    """Programs that define a name of a library's and programs that do not, in turn."""
    workshop.library("below", Source({"name_0": "function", "name_1": "data", "name_2": "weak"}), [])
    workshop.library("above", Source({"name_3": "function"}, ["name_0", "name_3"], ["name_1"], ["name_2", "name_9"]),
                     ["below"])
    workshop.program("plain", Source(), ["above"])
    workshop.program("calls", Source({"name_0": "function"}), ["above"])
    workshop.program("holds", Source({"name_1": "data", "name_9": "function"}), ["above"])
    workshop.program("turned", Source({"name_2": "weak"}), ["below", "above"])
    order = ["plain", "calls", "plain", "holds", "calls", "holds", "turned", "plain", "turned", "calls"]
    return workshop.ask([workshop.question(*now, f"./{program}") for now in ((), ("--bind-now",), ()) for program in order])


def random_source(chance: random.Random, n: int, kinds: list[str]) -> Source:
    names = chance.sample(NAMES, min(n, len(NAMES)))
    source = Source({name: chance.choice(kinds) for name in names})
    source.calls = chance.sample(NAMES, chance.randint(0, 8))
    source.reads = [name for name in chance.sample(NAMES, chance.randint(0, 6)) if name not in source.calls]
    source.weakly = [name for name in chance.sample(NAMES, 3) if name not in source.calls + source.reads]
    # What is thread-local or protected is referred to in ways of its own.
    own = {name for name, kind in source.defines.items() if kind in ("protected", "ifunc")}
    source.calls = [name for name in source.calls if name not in own]
    source.reads = [name for name in source.reads if name not in own]
    return source


def random_programs(chance: random.Random, workshop: Workshop) -> tuple[int, str]:
    libraries = [f"random_{i}" for i in range(LIBRARIES)]
    for i, name in enumerate(libraries):
        source = random_source(chance, chance.randint(1, 7), KINDS)
        if chance.random() < 0.3:
            source.version = chance.choice(["VERSION_1", "VERSION_2"])
        flags = [flag for flag in ("-Wl,-Bsymbolic", "-Wl,-z,now", "-Wl,--hash-style=sysv") if chance.random() < 0.12]
        workshop.library(name, source, chance.sample(libraries[:i], chance.randint(0, min(i, 3))), *flags)
    # All names are somewhere, so that not each start ends at once.
    workshop.library("rest", Source({name: "function" for name in NAMES if chance.random() < 0.9}), [])
    questions = []
    for i in range(PROGRAMS):
        source = random_source(chance, chance.choice([0, 0, 1, 2, 5]), ["function", "weak", "data", "unique"])
        needs = chance.sample(libraries, chance.randint(2, 6)) + ["rest"]
        workshop.program(f"program_{i}", source, needs)
    for _ in range(QUESTIONS):
        arguments = [f"./program_{chance.randrange(PROGRAMS)}"]
        if chance.random() < 0.4:
            arguments.append("--bind-now")
        if chance.random() < 0.2:
            arguments.append(f"--preload=./lib{chance.choice(libraries)}.so")
        for _ in range(chance.choice([0, 0, 1, 2])):
            flags = chance.choice(["LAZY", "NOW", "NOW,GLOBAL", "LAZY,DEEPBIND", "NOW,NODELETE"])
            arguments.append(f"--dlopen=./lib{chance.choice(libraries)}.so:{flags}")
        if len(arguments) > 2 and chance.random() < 0.3 and arguments[-1].startswith("--dlopen"):
            arguments.append(f"--dlclose={sum(argument.startswith('--dlopen') for argument in arguments)}")
        questions.append(workshop.question(*arguments))
    return workshop.ask(questions)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", default="1-10", metavar="LIST")
    parser.add_argument("--bindsim", required=True)
    parser.add_argument("--rerun", required=True)
    arguments = parser.parse_args()
    if reason := unavailable(["gcc", "as", "ld"]):
        print(f"skipped: {reason}")
        return SKIPPED
    tools = [str(Path(tool).resolve()) for tool in (arguments.bindsim, arguments.rerun)]
    n_found, n_problems, seeds = [], 0, parse_seeds(arguments.seeds)
    for seed in [None, *seeds]:
        with tempfile.TemporaryDirectory(prefix="programs-") as directory:
            workshop = Workshop(*tools, Path(directory))
            found, problem = one_name(workshop) if seed is None else random_programs(random.Random(seed), workshop)
        n_found.append(found)
        if problem:
            print(f"seed {seed}: {problem}")
            n_problems += 1
    print(f"{len(seeds)} seeds, kept answers were of use {sum(n_found)} times, {n_problems} problems")
    return 1 if n_problems or not all(n_found) else 0


if __name__ == "__main__":
    sys.exit(main())
