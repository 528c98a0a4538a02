# SPDX-License-Identifier: MIT
"""A log of the loader held against a simulation, in a few lines and without bindsim's help.

It is to find what `bindsim verify` passes over: each line about a binding that the loader wrote must be one that the
simulation has as often, or what a slot that waits would bind, and each that the simulation has must be in the log.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

_BINDING = re.compile(rb"\s*(\d+):\tbinding file (.*) \[(\d+)\] to (.*) \[(\d+)\]: (?:normal|protected) symbol `(.*?)'(?: \[(.*)\])?$")
_SLOT = re.compile(rb"\s*0:\tbindsim: slot (.*) \[(\d+)\] symbol `(.*?)'(?: \[(.*)\])?: to (.*) \[(\d+)\]$")
_STEP = re.compile(rb"\s*0:\tbindsim: step (\d+): (.*)$")
# From, its namespace, to, its namespace, symbol, version.
Binding = tuple[str, str, str, str, str, str]


def _text(parts: tuple[bytes | None, ...]) -> tuple[str, ...]:
    return tuple((part or b"").decode("utf-8", "surrogateescape") for part in parts)


def bindings(lines: list[bytes]) -> Counter[Binding]:
    """All of a log, but for the kernel's own object."""
    found: Counter[Binding] = Counter()
    for line in lines:
        if (match := _BINDING.match(line)) and not match[2].startswith(b"linux-vdso."):
            found[_text(match.groups()[1:])] += 1
    return found


def whole_lines(log: Path) -> tuple[list[bytes], int]:
    """The lines of a log, and how many there were besides that another thread has torn by one of its own."""
    prefix = b"%10d:\t" % int(log.suffix[1:])
    lines, torn = [], 0
    for line in log.read_bytes().split(b"\n"):
        parts = line.split(prefix)
        torn += len(parts) - 2 if len(parts) > 2 else 0
        lines.append(prefix + parts[-1] if len(parts) > 1 else line)
    return lines, torn


def read(log: Path) -> Counter[Binding]:
    """The bindings of a log's file."""
    return bindings(whole_lines(log)[0])


def _all_steps(steps: list[dict]) -> Iterator[dict]:
    for step in steps:
        yield step
        yield from _all_steps(step.get("steps", []))


def differences(bindsim: str, plan: Path, log: Path) -> tuple[int, list[str]]:
    """How many lines were compared, and what is wrong with them."""
    command = [bindsim, "--plan", str(plan), "--format=ld-debug", "--show=bindings,slots"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=300, check=False)
    if done.returncode == 2:
        return 0, [f"{' '.join(command)}: {done.stderr.decode(errors='replace').strip()}"]
    lines = done.stdout.split(b"\n")
    told, torn = whole_lines(log)
    real, simulated = bindings(told), bindings(lines)
    waiting = {(match[1], match[2], match[5], match[6], match[3], match[4]) for line in lines if (match := _SLOT.match(line))}
    answers = {_text(parts) for parts in waiting}
    steps = list(_all_steps(json.loads(plan.read_text(errors="surrogateescape"))["steps"]))
    # In what the C library opens by itself it looks names up by itself, too.
    own = {Path(step["dlopen"]).name for step in steps if step.get("internal") and "dlopen" in step}
    # The same look-up many times over is one step of a plan.
    asked = {step["dlsym"] for step in steps if "dlsym" in step}
    late = {binding for binding in real - simulated
            if binding in answers or (binding[0] == binding[2] and Path(binding[0]).name in own)
            or (binding in simulated and binding[4] in asked)}
    problems = [f"the loader alone: {' '.join(binding)} ({count})" for binding, count in (real - simulated).items()
                if binding not in late]
    missing = simulated - real
    if missing.total() > torn:
        problems += [f"the simulation alone: {' '.join(binding)} ({count})" for binding, count in missing.items()]
    return real.total(), problems
