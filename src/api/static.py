#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""static.py API CORE OUTPUT -- COMPILER...: libbindsim.a, one object that shows its public names alone.

All of API is in it, and of CORE and libiberty what API needs. All other names become local, so that a program may have its own
of the same name. The archive has neither times nor owners in it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("api")
    parser.add_argument("core")
    parser.add_argument("output", type=Path)
    parser.add_argument("--ar", required=True)
    parser.add_argument("--objcopy", required=True)
    parser.add_argument("--private-dir", type=Path, required=True)
    at = sys.argv.index("--")
    arguments, compiler = parser.parse_args(sys.argv[1:at]), sys.argv[at + 1:]
    arguments.private_dir.mkdir(parents=True, exist_ok=True)
    one = arguments.private_dir / "libbindsim.o"
    subprocess.run([*compiler, "-r", "-nostdlib", "-o", one, "-Wl,--whole-archive", arguments.api, "-Wl,--no-whole-archive",
                    arguments.core, "-liberty"], check=True)
    # The address sanitizer has names of its own, which are to be one for all.
    kept = [f"--keep-global-symbol={pattern}" for pattern in ("bindsim_*", "__odr_asan*", "DW.ref.*")]
    subprocess.run([arguments.objcopy, "--wildcard", *kept, one], check=True)
    arguments.output.unlink(missing_ok=True)
    subprocess.run([arguments.ar, "rcsD", arguments.output, one], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
