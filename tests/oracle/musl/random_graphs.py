#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Random graphs of objects with random plans, asked of musl and of bindsim.

The graphs are those of ../random_graphs.py, changed where musl would refuse too many of them: fewer IFUNCs and hidden
versions, and always the driver as the program.  Every difference comes with the commands that show it by hand.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

from musl import HERE, LOADER, NOT_REACHED, CRASHED, OK, SKIPPED, Question, commands, compare, run_real, run_simulated
from musl import ENTRY, unavailable

import graph_build
from loader import DRIVER_OPTIONS
from graph_build import Builder, Toolbox
from graph_model import DIRECTORIES, Graph, Reference
from graph_random import make_graph

LIBC_REFERENCES = (Reference("puts", "call"), Reference("getppid", "call"), Reference("labs", "got"),
                   Reference("malloc", "call"), Reference("free", "got"), Reference("open64", "call"))


# ---- graphs ---------------------------------------------------------------------------------------------------------

def _plainer(rng: random.Random, graph: Graph) -> None:
    """Takes away some of what musl finds nothing by."""
    keep_ifuncs, keep_versions = rng.random() < 0.15, rng.random() < 0.3
    program = graph.executable

    def definitions(found):
        found = [d if keep_ifuncs or d.kind != "ifunc" else replace(d, kind="func") for d in found]
        if keep_versions:
            return found
        return list({d.name: replace(d, node="", default=True) for d in found}.values())

    def references(found):
        # The loader dies of a weak reference to a thread-local variable that nobody defines.
        found = [r for r in found if not (r.weak and r.name[0] == "t") or rng.random() < 0.03]
        return found if keep_versions else [replace(r, node="") for r in found]

    at_start = graph.closure(program.needed)
    for made in graph.objects:
        made.definitions, made.stub = definitions(made.definitions), definitions(made.stub)
        made.references = references(made.references)
        if made.index not in at_start and rng.random() < 0.6:
            # What nobody promises may wait where the object is opened RTLD_LAZY.
            made.references += [Reference(rng.choice(["f", "f", "d"]) + str(rng.randint(0, 5)),
                                          rng.choice(["call", "call", "got"])) for _ in range(rng.randint(1, 3))]
        if not keep_versions:
            made.nodes, made.stub_nodes = [], []
            made.changes = [change for change in made.changes if "version" not in change[1]]
        made.malloc = False
        made.libc = rng.random() < 0.3
        if rng.random() < 0.15:
            made.options.append("-znorelro")
    program.driver = True
    program.definitions, program.references = definitions(program.definitions), references(program.references)
    graph.broken = [(path, "text" if what == "class" else what) for path, what in graph.broken]


class MuslBuilder(Builder):
    """The same files for musl: the content of each variable tells whose it is."""

    def _assemble(self, name: str, text: str) -> Path:
        if name.startswith("object"):
            text = text.replace("\t.quad 1\n", f"\t.quad {int(name[6:]) + 2}\n")
        return super()._assemble(name, text)

    def _executable(self, program) -> Path:
        own = self._assemble("program", graph_build.source(program.definitions, program.references))
        output = self.root / program.directory / "program"
        command: list[str | Path] = ["musl-gcc", "-pie" if program.pie else "-no-pie", "-o", output, self.tools.driver,
                                     own, *DRIVER_OPTIONS, *ENTRY]
        options = [*program.options, *self._search_path(program.search_path, program.runpath),
                   "--allow-shlib-undefined", "--no-as-needed"]
        for option in options:
            command += ["-Xlinker", option]
        graph_build._run([*command, *(self._stub_path(index) for index in program.needed)], self.work)
        return output


class Tools(Toolbox):
    """What is made once and linked into many graphs."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.driver = directory / "driver.o"
        self.libc = directory / "libc.so"
        self.agent = directory / "agent.o"
        self.interpreter = LOADER

    def compile(self) -> None:
        """Makes them; the workers only use them."""
        subprocess.run(["as", "-o", self.agent, HERE / "agent.s"], check=True)
        subprocess.run(["musl-gcc", "-O1", "-fPIE", "-fno-optimize-sibling-calls", "-c", "-o", self.driver,
                        HERE / "driver.c"], check=True)
        names = "".join(f".globl {r.name}\n.type {r.name}, @function\n{r.name}: ret\n" for r in LIBC_REFERENCES)
        subprocess.run(["gcc", "-shared", "-nostdlib", "-Wl,-soname,libc.so", "-o", self.libc, "-x", "assembler", "-"],
                       input=names, text=True, check=True)


# ---- plans ----------------------------------------------------------------------------------------------------------

def _library_path(rng: random.Random, graph: Graph, root: str) -> str:
    directories = [root if d == "." else f"{root}/{d}" for d in DIRECTORIES]
    rng.shuffle(directories)
    if graph.search == "environment" or rng.random() < 0.3:
        return rng.choice([":", ":", "\n", "::"]).join(directories)
    if rng.random() < 0.4:
        odd = [*directories, "a", "./b", "", f"{root}/missing", f"{root}/afile", "$ORIGIN", f"{root}/c//"]
        odd += ["loop"] if rng.random() < 0.2 else []
        return ":".join(rng.sample(odd, rng.randint(1, 4)))
    return ""


def _environment(rng: random.Random, graph: Graph, root: str) -> dict[str, str]:
    env: dict[str, str] = {}
    if path := _library_path(rng, graph, root):
        env["LD_LIBRARY_PATH"] = path
    if rng.random() < 0.25:
        words = [rng.choice([o.request, f"{root}/{o.place}", f"./{o.place}"])
                 for o in rng.choices(graph.objects, k=rng.choice([1, 1, 2, 3]))]
        words += ["libabsent.so"] if rng.random() < 0.2 else ["libm.so"] if rng.random() < 0.1 else []
        rng.shuffle(words)
        env["LD_PRELOAD"] = rng.choice([" ", ":", "\n"]).join(words)
    if rng.random() < 0.05:
        env["LD_BIND_NOW"] = "1"
    return env


def _mode(rng: random.Random) -> str:
    words = [rng.choice(["NOW", "NOW", "LAZY", "LAZY"])]
    for word, chance in (("GLOBAL", 0.45), ("LOCAL", 0.1), ("DEEPBIND", 0.15), ("NODELETE", 0.1), ("NOLOAD", 0.1)):
        if rng.random() < chance:
            words.append(word)
    if rng.random() < 0.05:
        return rng.choice(["0", "1", "2", "3", "0x101", "0x10d"])
    rng.shuffle(words)
    return ",".join(words)


def _file(rng: random.Random, graph: Graph, root: str) -> str:
    other = rng.random()
    if other < 0.03:
        return ""
    if other < 0.07:
        return rng.choice(["libabsent.so", f"{root}/absent.so", "./absent.so"])
    if other < 0.09:
        return f"{root}/{graph.executable.directory}/program"
    if other < 0.13:
        return rng.choice(["libc.so", "libm.so.6", "libc.so.6", LOADER, "ld-musl-x86_64.so.1"])
    links = [path for path, _ in [*graph.links, *graph.hard_links, *graph.broken]]
    if links and other < 0.25:
        return f"{root}/{rng.choice(links)}"
    made = rng.choice(graph.objects)
    return rng.choice([made.request] * 4 + [f"{root}/{made.place}"] * 3 + [f"./{made.place}", f"./{made.place}",
                      made.file if "/" in made.place else f"./{made.place}", f"{root}/a/../{made.place}"])


def _symbol(rng: random.Random) -> str:
    return rng.choice(["f", "f", "d", "u", "i"]) + str(rng.randint(0, 5))


def _steps(rng: random.Random, graph: Graph, root: str) -> list[str]:
    steps: list[str] = []
    opened: list[int] = []
    for _ in range(rng.randint(1, 12)):
        choice = rng.random()
        if choice < 0.55 or not opened:
            again = [step for step in steps if not step.startswith(("sym:", "close:", "by:"))]
            file = rng.choice(again).rsplit(":", 1)[0] if again and rng.random() < 0.3 else _file(rng, graph, root)
            steps.append(f"{file}:{_mode(rng)}")
            opened.append(len(steps))
        elif choice < 0.65:
            steps.append(f"close:{rng.choice(opened)}")
        elif choice < 0.8:
            steps.append(f"sym:{rng.choice(opened)}:{_symbol(rng)}")
        else:
            steps.append(f"sym:{rng.choice(['DEFAULT', 'NEXT'])}:{_symbol(rng)}")
    return steps


def _with_callers(rng: random.Random, question: Question) -> Question:
    """Lets objects that the real process has mapped by then make some of the calls."""
    real = run_real(question)
    steps = list(question.steps)
    if any(line.endswith("/program [0]") for block in real.blocks[-1:] for line in block.lines[1:]):
        return question  # two objects of one name: no step could name the program as its caller again
    for number, step in enumerate(steps, start=1):
        before = next((b for b in real.blocks if b.step == number - 1 and b.reported), None)
        mapped = [line.partition("mapped ")[2].removesuffix(" [0]") for line in before.lines
                  if "bindsim: mapped " in line] if before else []
        callers = [name for name in mapped if name not in (question.program, LOADER) and not name.endswith("/program")
                   and mapped.count(name) == 1 and ":" not in name]
        if callers and rng.random() < 0.6 and step.startswith(("sym:NEXT", "sym:DEFAULT")):
            steps[number - 1] = f"by:{rng.choice(callers)}:{step}"
    return replace(question, steps=tuple(steps))


# ---- asking ---------------------------------------------------------------------------------------------------------

@dataclass
class Result:
    """What comparing came to, for a seed or for all."""

    plans: int = 0
    steps: int = 0
    refused: int = 0
    crashes: int = 0
    bindings: int = 0
    reports: list[str] = field(default_factory=list)

    def add(self, other: Result) -> None:
        for name in ("plans", "steps", "refused", "crashes", "bindings", "reports"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(frozen=True)
class Check:
    """Asks one seed's plans; a class, so that it travels to the workers."""

    bindsim: str
    base: Path
    plans: int
    keep: bool

    def __call__(self, seed: int) -> Result:
        root = self.base / f"seed-{seed}"
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        result = Result()
        try:
            graph = make_graph(seed, str(root))
            _plainer(random.Random(f"{seed}/musl"), graph)
            program = MuslBuilder(graph, root, Tools(self.base)).build()
            for number in range(self.plans):
                self._ask(seed, number, graph, root, program, result)
        except RuntimeError as error:
            result.reports.append(f"seed {seed}: cannot be built: {error}")
        if not self.keep:
            shutil.rmtree(root)
        return result

    def _ask(self, seed: int, number: int, graph: Graph, root: Path, program: Path, result: Result) -> None:
        rng = random.Random(f"{seed}/musl/{number}")
        typed = rng.choice([str(program), "./" + os.path.relpath(program, root)])
        question = _with_callers(rng, Question(typed, tuple(_steps(rng, graph, str(root))),
                                               _environment(rng, graph, str(root)), str(root)))
        real = run_real(question)
        differences = compare(question, real, run_simulated(question, self.bindsim))
        result.plans += 1
        result.steps += sum(block.outcome != NOT_REACHED for block in real.blocks)
        result.refused += sum(block.outcome.startswith("failed") for block in real.blocks)
        result.crashes += sum(block.outcome == CRASHED for block in real.blocks)
        result.bindings += sum("binding file " in line for block in real.blocks for line in block.lines)
        if differences:
            result.reports.append("\n".join([f"seed {seed}, plan {number + 1}:", commands(question, self.bindsim),
                                             *differences]))


def _seeds(text: str) -> list[int]:
    """`3`, `1-40`, `5,9,20-30`."""
    seeds: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        seeds += range(int(first), int(last or first) + 1)
    return seeds


def main() -> int:
    """Compares in a memory-backed directory where there is one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bindsim", default="build/bindsim", metavar="PATH")
    parser.add_argument("--seeds", default="1-20", metavar="LIST", help="e.g. 7 or 1-40 or 3,9-12 (default 1-20)")
    parser.add_argument("--plans", type=int, default=3, help="plans for each graph (default 3)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--keep", metavar="DIR", help="build the graphs in DIR and leave them there")
    options = parser.parse_args()
    if reason := unavailable():
        print(f"skipped: {reason}")
        return SKIPPED
    graph_build.LIBC_REFERENCES = LIBC_REFERENCES
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="musl-graphs-", dir=memory) as temporary:
        base = Path(options.keep or temporary).resolve()
        base.mkdir(parents=True, exist_ok=True)
        Tools(base).compile()
        seeds, total = _seeds(options.seeds), Result()
        with multiprocessing.Pool(options.jobs) as pool:
            check = Check(os.path.abspath(options.bindsim), base, options.plans, bool(options.keep))
            for result in pool.imap(check, seeds):
                for report in result.reports:
                    print(report, flush=True)
                total.add(result)
    print(f"{len(seeds)} graphs, {total.plans} plans, {total.steps} steps ({total.refused} refused, {total.crashes} "
          f"ended the process), {total.bindings} bindings compared, {len(total.reports)} differences")
    return 1 if total.reports or not total.bindings else 0


if __name__ == "__main__":
    sys.exit(main())
