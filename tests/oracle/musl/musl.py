# SPDX-License-Identifier: MIT
"""Asks musl's loader and the simulator the same question.

musl has no LD_DEBUG, so driver.c tells where each relocation leads after the fact.  A start-up that fails is known by
what the loader writes on standard error, and by nothing else; of a dlsym only the address is compared.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from transcript import CRASHED, NOT_REACHED, OK, PREFIX, Block, Transcript, compare_lines

__all__ = ["CRASHED", "ENTRY", "NOT_REACHED", "OK", "PREFIX", "SKIPPED", "Question", "Transcript", "commands", "compare",
           "compare_lists", "run_real", "run_simulated", "unavailable"]

LOADER = "/lib/ld-musl-x86_64.so.1"
SKIPPED = 77
TIMEOUT_SECONDS = 60.0
# How the driver begins, for the linker.
ENTRY = ["-Wl,-e,bindsim_entry"]
SHOWN = "bindings,mapped,addresses,slots"

_LINE = re.compile(r" *\d+:\t(.*)$", re.DOTALL)
_MARKER = re.compile(r"bindsim: step (\d+): (ok|not reached|failed:.*)$", re.DOTALL)
_VERSION = re.compile(r"(symbol `[^']*') \[[^\]]*\]")


@dataclass(frozen=True)
class Question:
    """A program made of driver.c, its steps in the driver's words, and what is around it."""

    program: str
    steps: Sequence[str] = ()
    env: dict[str, str] = field(default_factory=dict)
    cwd: str | os.PathLike[str] = "."
    loader: str = ""


def unavailable() -> str | None:
    """Why musl cannot be asked here, or None where it can."""
    for tool in ("musl-gcc", "gcc", "as", "ld"):
        if shutil.which(tool) is None:
            return f"{tool} is missing"
    return None if os.path.exists(LOADER) else f"there is no {LOADER}"


# ---- the real one ---------------------------------------------------------------------------------------------------

def _environment(question: Question) -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), **question.env}


def run_real(question: Question) -> Transcript:
    """Runs the program under musl."""
    try:
        done = subprocess.run([question.program, *question.steps], cwd=question.cwd, env=_environment(question),
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                              timeout=TIMEOUT_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        return Transcript([], [f"no end within {error.timeout} seconds"], exit_status=-9)
    lines = done.stderr.decode("utf-8", "surrogateescape").splitlines()
    transcript = Transcript([], [], exit_status=done.returncode)
    texts: list[str] = []
    for line in lines:
        debug = _LINE.match(line)
        marker = debug and _MARKER.match(debug[1])
        if not debug:
            transcript.messages.append(line)
        elif marker:
            transcript.blocks.append(Block(int(marker[1]), marker[2], [PREFIX + text for text in texts]))
            texts = []
        else:
            texts.append(debug[1])
    if len(transcript.blocks) <= len(question.steps):
        number = len(transcript.blocks)
        transcript.blocks.append(Block(number, _end(done.returncode, transcript.messages, number),
                                       [PREFIX + message for message in transcript.messages], reported=False))
    for number in range(len(transcript.blocks), len(question.steps) + 1):
        transcript.blocks.append(Block(number, NOT_REACHED, reported=False))
    return transcript


def _end(status: int, messages: list[str], step: int) -> str:
    """The outcome of the step in which the process ended."""
    if status < 0:
        return CRASHED
    if status == 127 and step == 0 and messages:
        return f"failed: {messages[-1]}"
    return f"ended with exit status {status}"


# ---- the simulated one ----------------------------------------------------------------------------------------------

def _step_options(step: str, program: str) -> list[str]:
    kind, _, rest = step.partition(":")
    if kind == "by":
        caller, _, what = rest.partition(":")
        return ["--caller", caller, *_step_options(what, program), "--caller", program]
    if kind == "sym":
        return ["--dlsym", rest]
    if kind == "close":
        return ["--dlclose", rest]
    if kind == "call":
        return ["--call", rest]
    return ["--dlopen", step]


def simulator_command(question: Question, bindsim: str) -> list[str]:
    """The whole command line."""
    command = [os.path.abspath(bindsim), "--format=ld-debug", f"--show={SHOWN}"]
    command += [f"--loader={question.loader}"] if question.loader else []
    for name, value in question.env.items():
        command += ["--env", f"{name}={value}"]
    command.append(question.program)
    for step in question.steps:
        command += _step_options(step, question.program)
    return command


def commands(question: Question, bindsim: str) -> str:
    """How to ask both by hand."""
    env = " ".join(f"{name}='{value}'" for name, value in question.env.items())
    quoted = " ".join(f"'{word}'" for word in [question.program, *question.steps])
    simulated = " ".join(f"'{word}'" for word in simulator_command(question, bindsim))
    return f"    (cd {question.cwd}; env {env} {quoted})\n    (cd {question.cwd}; {simulated})"


def run_simulated(question: Question, bindsim: str) -> Transcript:
    """Runs the simulator in the same directory."""
    environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C"}
    try:
        done = subprocess.run(simulator_command(question, bindsim), cwd=question.cwd, env=environment,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        return Transcript([], [f"no end within {error.timeout} seconds"], exit_status=-9, simulated=True)
    transcript = Transcript([], [], exit_status=done.returncode, simulated=True)
    for line in done.stdout.decode("utf-8", "surrogateescape").splitlines():
        text = line.removeprefix(PREFIX)
        marker = _MARKER.match(text)
        if marker:
            outcome = CRASHED if "failed: loader crashes" in text or "failed: segmentation fault" in text else marker[2]
            transcript.blocks.append(Block(int(marker[1]), outcome))
        elif transcript.blocks:
            transcript.blocks[-1].lines.append(_VERSION.sub(r"\1", line))
    stderr = done.stderr.decode("utf-8", "surrogateescape").splitlines()
    transcript.messages += [f"standard error: {line}" for line in stderr]
    return transcript


# ---- the loader as a command ----------------------------------------------------------------------------------------

def compare_lists(question: Question, bindsim: str) -> list[str]:
    """How --format=ldd differs from `ld-musl --list PROGRAM`, whose addresses are left out.

    The loader takes $ORIGIN from the program's name then, which is why it is a whole path.
    """
    program = os.path.normpath(os.path.join(question.cwd, question.program))
    done = subprocess.run([LOADER, "--list", program], cwd=question.cwd, env=_environment(question), text=True,
                          capture_output=True, check=False)
    if done.returncode < 0:
        return []
    real = [re.sub(r" \(0x[0-9a-f]+\)$", "", line) for line in done.stdout.splitlines()] + done.stderr.splitlines()
    command = [os.path.abspath(bindsim), "--format=ldd"]
    command += [f"--env={name}={value}" for name, value in question.env.items()]
    simulated = subprocess.run([*command, program], cwd=question.cwd, env={"LC_ALL": "C"}, text=True,
                               capture_output=True, check=False).stdout.splitlines()
    return compare_lines([PREFIX + line for line in real], [PREFIX + line for line in simulated], "lines")


# ---- both -----------------------------------------------------------------------------------------------------------

def _comparable(question: Question, real: Block, simulated: Block) -> tuple[list[str], list[str]]:
    """The lines of both sides that can be held against each other."""
    left, right = real.lines, simulated.lines
    step = question.steps[real.step - 1] if real.step else ""
    if not real.reported:
        # The process did not live to say more.
        left, right = ([line for line in lines if line.startswith(PREFIX + "Error ")] for lines in (left, right))
    elif step.startswith(("sym:", "by:")):
        left, right = ([line for line in lines if not line.startswith(PREFIX + "binding file ")]
                       for lines in (left, right))
    elif real.outcome != OK:
        right = [line for line in right if not line.startswith(PREFIX + "binding file ")]
    return left, right


def compare(question: Question, real: Transcript, simulated: Transcript) -> list[str]:
    """The differences between two runs, block by block; empty when they agree."""
    differences: list[str] = []
    for left, right in zip(real.blocks, simulated.blocks):
        name = f"step {left.step}"
        if left.step != right.step:
            differences.append(f"{name}: the simulator has step {right.step} here")
            break
        differences += compare_lines(*_comparable(question, left, right), name)
        if left.outcome != right.outcome:
            differences.append(f"{name}: outcome\n    - {left.outcome}\n    + {right.outcome}")
    if len(real.blocks) != len(simulated.blocks):
        differences.append(f"{len(real.blocks)} steps real, {len(simulated.blocks)} simulated")
    expected = 1 if any(block.outcome != OK for block in simulated.blocks) else 0
    if simulated.simulated and simulated.exit_status != expected:
        differences.append(f"simulator: exit status {simulated.exit_status}, expected {expected}")
    if differences:
        differences += [message for message in [*real.messages, *simulated.messages]][:6]
    return differences
