#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Builds a shared object whose tables take several pages each: many_symbols.py FILE CC..."""

import subprocess
import sys
from pathlib import Path

target = Path(sys.argv[1])
source = target.with_suffix(".c")
source.write_text("".join(f"int a_function_of_some_length_{i}(void) {{ return {i}; }}\n" for i in range(1500)))
subprocess.run([*sys.argv[2:], "-nostdlib", "-shared", "-fPIC", "-O0", "-g0", "-o", target, source], check=True)
