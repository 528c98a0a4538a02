#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Random graphs of objects with random plans, asked of musl and of bindsim.

The graphs are those of ../random_graphs.py, changed where musl would refuse too many of them: fewer IFUNCs and hidden
versions, and always the driver as the program.  plans.py makes the plans.  Every difference comes with the commands
that show it by hand.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from graphs import MuslBuilder, Tools, make_plain
from musl import SKIPPED, commands, compare, run_real, run_simulated, unavailable
from plans import make_question
from results import Result

from graph_model import Graph
from seeds import parse_seeds


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
            graph = make_plain(seed, str(root))
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
        question = make_question(rng, graph, str(root), typed)
        real = run_real(question)
        differences = compare(question, real, run_simulated(question, self.bindsim))
        result.note(question, real)
        if differences:
            result.reports.append("\n".join([f"seed {seed}, plan {number + 1}:", commands(question, self.bindsim),
                                             *differences]))


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
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="musl-graphs-", dir=memory) as temporary:
        base = Path(options.keep or temporary).resolve()
        base.mkdir(parents=True, exist_ok=True)
        Tools(base).compile()
        seeds, total = parse_seeds(options.seeds), Result()
        with multiprocessing.Pool(options.jobs) as pool:
            check = Check(os.path.abspath(options.bindsim), base, options.plans, bool(options.keep))
            for result in pool.imap(check, seeds):
                for report in result.reports:
                    print(report, flush=True)
                total.add(result)
    return total.close(len(seeds))


if __name__ == "__main__":
    sys.exit(main())
