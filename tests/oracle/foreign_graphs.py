#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares the simulator with the real loader of another machine, on random graphs of shared objects.

    foreign_graphs.py --machine aarch64 --seeds 1-60 --bindsim build/bindsim

What random_graphs.py does for x86-64, in a root directory with the machine's C library, whose programs an emulator runs.
"""

from __future__ import annotations

import sys
from pathlib import Path

from debian_packages import Unavailable
from foreign_machines import MACHINES, prepared
from graph_build import Toolbox
from loader import SKIPPED
from random_graphs import parser, run, workplace


def main() -> int:
    """Lays out a root and runs the comparison in it."""
    options = parser(__doc__.splitlines()[0])
    options.add_argument("--machine", required=True, choices=MACHINES)
    options.add_argument("--cache", default="/var/tmp/bindsim-packages", metavar="DIR",
                         help="where what is downloaded stays: the kernel that x32 needs (default %(default)s)")
    arguments = options.parse_args()
    machine = MACHINES[arguments.machine]
    if not arguments.real_only and not Path(arguments.bindsim).exists():
        print(f"{arguments.bindsim}: no such program", file=sys.stderr)
        return 2
    try:
        with workplace(arguments) as base, prepared(machine, base, Path(arguments.cache).resolve()) as root:
            tools = Toolbox(base, machine)
            tools.compile()
            return run(arguments, base / "tmp", tools, root)
    except Unavailable as reason:
        print(f"skipped: {reason}")
        return SKIPPED


if __name__ == "__main__":
    sys.exit(main())
