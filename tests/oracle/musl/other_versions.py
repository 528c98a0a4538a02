#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares the simulator with other versions of musl, from other suites of the distribution's archive.

    other_versions.py --bindsim build/src/cli/bindsim --cache DIR [--suites bullseye,trixie] [--seeds 1-60]

Each suite's package is downloaded by apt and unpacked; nothing is installed.  Its loader is then mounted over this
machine's, in a namespace of its own, and the scenarios and random graphs are run: no rule is told which version it is,
the simulator has to see it.  A suite that cannot be had is passed over; where nothing could be compared the exit status
is 77.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from musl import HERE, LOADER, SKIPPED, unavailable, version

from other_loaders import SUITES, Unavailable, bind, downloaded, enter_namespace


def loader_of(cache: Path, suite: str) -> Path:
    """The suite's loader, downloaded if it is not there yet."""
    kept = cache / suite / "ld-musl"
    if not kept.exists():
        unpacked = cache / suite / "unpacked"
        subprocess.run(["dpkg-deb", "-x", str(downloaded(cache / suite, suite, "musl")), str(unpacked)], check=True)
        next(path for path in unpacked.glob("**/x86_64-linux-musl/libc.so") if path.is_file()).rename(kept)
    return kept


def compare(loader: Path, arguments: argparse.Namespace) -> bool:
    """Runs the other programs with LOADER in place of this machine's; whether they found no difference."""
    place = Path(os.path.realpath(LOADER))
    bind(loader, place)
    title = "musl " + ".".join(map(str, version()))
    told = subprocess.run([arguments.bindsim, "--loader=musl", sys.executable], capture_output=True, text=True,
                          check=False).stdout
    agree = f": {title} " in told
    if not agree:
        print(f"the simulator does not see that it is {title}: {told}")
    for program, options in (("run_scenarios.py", []), ("random_graphs.py", ["--seeds", arguments.seeds])):
        print(f"{title}, {program}:", flush=True)
        done = subprocess.run([sys.executable, HERE / program, "--bindsim", arguments.bindsim, *options], check=False)
        agree = agree and done.returncode == 0
    subprocess.run(["umount", "-l", str(place)], check=True)
    return agree


def main() -> int:
    """All suites, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bindsim", default="build/src/cli/bindsim", metavar="PATH")
    parser.add_argument("--cache", default="/var/tmp/bindsim-musl", metavar="DIR", help="where downloads are kept")
    parser.add_argument("--suites", default=SUITES, metavar="LIST", help="(default: %(default)s)")
    parser.add_argument("--seeds", default="1-60", metavar="LIST", help="of the random graphs (default: %(default)s)")
    arguments = parser.parse_args()
    arguments.bindsim = str(Path(arguments.bindsim).resolve())
    results = []
    try:
        if reason := unavailable():
            raise Unavailable(reason)
        enter_namespace()
    except Unavailable as reason:
        print(f"skipped: {reason}")
        return SKIPPED
    for suite in arguments.suites.split(","):
        try:
            results.append(compare(loader_of(Path(arguments.cache).resolve(), suite), arguments))
        except Unavailable as reason:
            print(f"skipped: {reason}")
    if not results:
        return SKIPPED
    print(f"{len(results)} other versions compared, {results.count(False)} with differences")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
