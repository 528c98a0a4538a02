#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Records programs of musl's that carry out random plans on random graphs of shared objects.

    musl_plans.py --seeds 1-20 --bindsim build/bindsim

musl's loader keeps no log. So what the simulation makes of a plan, which musl/random_graphs.py holds against the loader, is
compared with what it makes of the plan that was recorded while the loader carried it out. First calls through lazy slots
musl does not have. The exit status is 0 only if something was compared and nothing differs.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import re
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "oracle"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "oracle" / "musl"))

from graphs import MuslBuilder, Tools, make_plain  # noqa: E402
from musl import SKIPPED, Question, run_simulated, unavailable  # noqa: E402
from plans import make_question  # noqa: E402
from random_plans import TIMEOUT_SECONDS, differences, may_not_trace, without_calls  # noqa: E402
from seeds import parse_seeds  # noqa: E402

# musl looks at no versions, and the lines of musl.py have none.
_LINE = re.compile(r"\s*\d+:\t(binding file .*?: \w+ symbol `[^']*')")


@dataclass(frozen=True)
class Check:
    """Records one seed's plans; a class, so that it travels to the workers."""

    bindsim: str
    base: Path
    plans: int

    def __call__(self, seed: int) -> tuple[list[str], int, Counter[str]]:
        root = self.base / f"seed-{seed}"
        root.mkdir(parents=True, exist_ok=True)
        graph = make_plain(seed, str(root))
        program = MuslBuilder(graph, root, Tools(self.base)).build()
        reports, compared, kinds = [], 0, Counter()
        for number in range(self.plans):
            rng = random.Random(f"{seed}/musl/{number}")
            typed = rng.choice([str(program), "./" + os.path.relpath(program, root)])
            question = make_question(rng, graph, str(root), typed)
            question = replace(question, steps=without_calls(list(question.steps)))
            recorded = self.base / f"seed-{seed}-{number}.plan"
            found, lines = self.check(question, recorded)
            compared += lines
            text = recorded.read_text() if recorded.exists() else ""
            kinds.update({kind: text.count(f'{{"{kind}":') for kind in ("dlopen", "dlsym", "dlclose", "init")})
            if found:
                reports.append("\n".join([f"seed {seed}, plan {number}: {question.env} {question.steps}", *found]))
        return reports, compared, kinds

    def check(self, question: Question, recorded: Path) -> tuple[list[str], int]:
        """What differs, and how many lines were compared."""
        inner = ["env", "-i", *(f"{name}={value}" for name, value in question.env.items()), question.program, *question.steps]
        subprocess.run([self.bindsim, "record", "-q", "-o", str(recorded), "--", *inner], cwd=question.cwd,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       timeout=TIMEOUT_SECONDS, check=False)
        if not recorded.exists():
            return ["no plan"], 0
        done = subprocess.run([self.bindsim, "--format=ld-debug", "--show=bindings", "--plan", str(recorded)], cwd="/",
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT_SECONDS, check=False)
        given = [line for block in run_simulated(question, self.bindsim).blocks for line in block.lines]
        one = [match[1] for line in given if (match := _LINE.match(line))]
        other = [match[1] for line in done.stdout.decode("utf-8", "surrogateescape").splitlines() if (match := _LINE.match(line))]
        return differences(one, other, "the plan and what was recorded:"), len(one)


def main() -> int:
    """Checks all seeds, prints what differs and a closing line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bindsim", default="build/bindsim", metavar="PATH")
    parser.add_argument("--seeds", default="1-20", metavar="LIST")
    parser.add_argument("--plans", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    bindsim = str(Path(options.bindsim).resolve())
    if reason := unavailable() or may_not_trace(bindsim):
        print(f"skipped: {reason}")
        return SKIPPED
    failures, total, kinds = 0, 0, Counter()
    with tempfile.TemporaryDirectory(prefix="musl-plans-") as temporary:
        base = Path(temporary)
        Tools(base).compile()
        with multiprocessing.Pool(options.jobs) as pool:
            for reports, compared, found in pool.imap(Check(bindsim, base, options.plans), parse_seeds(options.seeds)):
                failures += len(reports)
                total += compared
                kinds.update(found)
                for report in reports:
                    print(report, flush=True)
    print("recorded: " + ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())))
    print(f"{total} bindings compared, {failures} differences")
    return 1 if failures or not total else 0


if __name__ == "__main__":
    sys.exit(main())
