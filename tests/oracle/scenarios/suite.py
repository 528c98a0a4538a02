# SPDX-License-Identifier: MIT
"""Goes through scenarios of a loader that run_scenarios.py does not know: builds all of them, then asks."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor


def go_through(scenarios: Sequence, directories: Sequence[str], build: Callable[[object, str], str | None],
               ask: Callable[[object, str, str | None], list[str]]) -> int:
    """How many failed; what is wrong with each is printed.  BUILD says why it could not, ASK what is not as expected."""
    failed = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        faults = list(pool.map(build, scenarios, directories))
        for scenario, problems in zip(scenarios, pool.map(ask, scenarios, directories, faults)):
            failed += bool(problems)
            if problems:
                print(f"FAIL {scenario.place}: {scenario.title}")
                print("\n".join("  " + line for problem in problems for line in problem.split("\n")))
    return failed
