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
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import loader
from loader import simulator_steps
from transcript import CRASHED, NOT_REACHED, OK, PREFIX, Block, Transcript, compare_lines

if TYPE_CHECKING:
    from foreign_machines import ForeignRoot

__all__ = ["CRASHED", "DRIVER_SOURCES", "ENTRY", "NOT_REACHED", "OK", "PREFIX", "SKIPPED", "Question", "Transcript", "commands", "compare",
           "compare_lists", "run_real", "run_simulated", "unavailable", "version"]

DRIVER_SOURCES = (HERE / "driver.c", HERE / "machine.h", *loader.DRIVER_SOURCES)
LOADER = "/lib/ld-musl-x86_64.so.1"
SKIPPED = 77
TIMEOUT_SECONDS = 60.0
# How the driver begins, for the linker.
ENTRY = ["-Wl,-e,bindsim_entry"]
SHOWN = "bindings,mapped,addresses,slots"

_LINE = re.compile(r" *\d+:\t(.*)$", re.DOTALL)
_MARKER = re.compile(r"bindsim: step (\d+): (begin|ok|not reached|failed:.*)$", re.DOTALL)
_VERSION = re.compile(r"(symbol `[^']*') \[[^\]]*\]")


@dataclass(frozen=True)
class Question:
    """A program made of driver.c, its steps in the driver's words, and what is around it."""

    program: str
    steps: Sequence[str] = ()
    env: dict[str, str] = field(default_factory=dict)
    cwd: str | os.PathLike[str] = "."
    loader: str = ""
    root: ForeignRoot | None = None  # of another machine; program and cwd are inside it

    def numbered(self) -> list[str]:
        """The steps that have numbers, from 1 on: `init:OBJECT` and `end-init` are none."""
        return [step for step in self.steps if step != "end-init" and not step.startswith(("init:", "show:"))]

    def outer(self) -> list[int]:
        """The numbers of those that the program carries out, and of start-up."""
        numbers, depth, count = [0], 0, 0
        for step in self.steps:
            if step.startswith("init:"):
                depth += 1
            elif step == "end-init":
                depth -= 1
            elif not step.startswith("show:"):
                count += 1
                numbers += [] if depth else [count]
        return numbers


def unavailable() -> str | None:
    """Why musl cannot be asked here, or None where it can."""
    for tool in ("musl-gcc", "gcc", "as", "ld"):
        if shutil.which(tool) is None:
            return f"{tool} is missing"
    return None if os.path.exists(LOADER) else f"there is no {LOADER}"


def version() -> tuple[int, ...]:
    """The loader's, by what it says of itself when it is run without a program."""
    told = subprocess.run([LOADER], capture_output=True, text=True, check=False).stderr
    found = re.search(r"^Version (\d+)\.(\d+)\.(\d+)", told, re.MULTILINE)
    return tuple(map(int, found.groups())) if found else (0,)


# ---- the real one ---------------------------------------------------------------------------------------------------

def _environment(question: Question) -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), **question.env}


def run_real(question: Question) -> Transcript:
    """Runs the program under musl."""
    program, enter, cwd = [question.program], None, question.cwd
    if question.root is not None:
        program, enter, cwd = question.root.command(question.program), question.root.enter(str(question.cwd)), None
    try:
        done = subprocess.run([*program, *question.steps], cwd=cwd, env=_environment(question), preexec_fn=enter,
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                              timeout=TIMEOUT_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        return Transcript([], [f"no end within {error.timeout} seconds"], exit_status=-9)
    return _read_real(question, done.stderr.decode("utf-8", "surrogateescape").splitlines(), done.returncode)


def _read_real(question: Question, lines: list[str], status: int) -> Transcript:
    """Cuts the driver's lines at its markers: one ends the innermost step, `begin` begins one within it."""
    transcript = Transcript([], [], exit_status=status)
    outer = iter(question.outer())
    frames: list[Block] = []
    for line in lines:
        debug = _LINE.match(line)
        if not debug:
            transcript.messages.append(line)
            continue
        if not frames:
            frames.append(Block(next(outer, -1)))
            transcript.blocks.append(frames[0])
        marker = _MARKER.match(debug[1])
        if not marker:
            frames[-1].lines.append(PREFIX + debug[1])
        elif marker[2] == "begin":
            frames.append(Block(int(marker[1])))
            transcript.blocks.append(frames[-1])
        else:
            frames[-1].step, frames[-1].outcome = int(marker[1]), marker[2]
            frames.pop()
    _note_end(transcript, frames, next(outer, None))
    seen = {block.step for block in transcript.blocks}
    transcript.blocks += [Block(step, NOT_REACHED, reported=False) for step in range(len(question.numbered()) + 1)
                          if step not in seen]
    return transcript


def _note_end(transcript: Transcript, frames: list[Block], following: int | None) -> None:
    """The step in which the process ended, and those around it."""
    if not frames and following is not None:
        frames = [Block(following)]
        transcript.blocks += frames
    for block in frames:
        block.outcome = _end(transcript.exit_status, transcript.messages, block.step)
        block.lines = [PREFIX + message for message in transcript.messages]
        block.reported = False


def _end(status: int, messages: list[str], step: int) -> str:
    """The outcome of the step in which the process ended."""
    if status < 0:
        return CRASHED
    if status == 127 and step == 0 and messages:
        return f"failed: {messages[-1]}"
    return f"ended with exit status {status}"


# ---- the simulated one ----------------------------------------------------------------------------------------------

def simulator_command(question: Question, bindsim: str) -> list[str]:
    """The whole command line."""
    command = [os.path.abspath(bindsim), "--format=ld-debug", f"--show={SHOWN}"]
    command += [f"--loader={question.loader}"] if question.loader else []
    if question.root is not None:
        command += ["--root", str(question.root.path), *question.root.machine.options]
    for name, value in question.env.items():
        command += ["--env", f"{name}={value}"]
    return [*command, question.program, *simulator_steps(question)]


def commands(question: Question, bindsim: str) -> str:
    """How to ask both by hand."""
    env = " ".join(f"{name}='{value}'" for name, value in question.env.items())
    quoted = " ".join(f"'{word}'" for word in [question.program, *question.steps])
    simulated = " ".join(f"'{word}'" for word in simulator_command(question, bindsim))
    inside = "" if question.root is None else f"in the root {question.root.path}: "
    return f"    ({inside}cd {question.cwd}; env {env} {quoted})\n    (cd {directory_of(question)}; {simulated})"


def directory_of(question: Question) -> str:
    """The working directory as this machine has it."""
    return (str(question.root.path) if question.root else "") + str(question.cwd)


def run_simulated(question: Question, bindsim: str) -> Transcript:
    """Runs the simulator in the same directory."""
    environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C"}
    try:
        done = subprocess.run(simulator_command(question, bindsim), cwd=directory_of(question), env=environment,
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


def interpreter(program: str) -> str:
    """The loader that the program asks for."""
    found = re.search(rb"/[^\0]*ld-musl-[^\0]*", Path(program).read_bytes())
    return os.fsdecode(found[0]) if found else LOADER


# ---- the loader as a command ----------------------------------------------------------------------------------------

_LIST_OPTIONS = {"LD_LIBRARY_PATH": "--library-path", "LD_PRELOAD": "--preload"}


def compare_lists(question: Question, bindsim: str) -> list[str]:
    """How --format=ldd differs from `ld-musl --list PROGRAM`, whose addresses are left out.

    The loader takes $ORIGIN from the program's name then, which is why it is a whole path.  Asked a second time, it is
    told by options what the environment says otherwise, and by the environment what these replace.
    """
    differences = _compare_list(question, bindsim, question.env, {})
    options = {name: value for name, value in question.env.items() if value and name in _LIST_OPTIONS}
    if options:
        env = {**question.env, **{name: "/nowhere" for name in options}}
        differences += ["by options: " + text for text in _compare_list(question, bindsim, env, options)]
    return differences


def _compare_list(question: Question, bindsim: str, env: dict[str, str], options: dict[str, str]) -> list[str]:
    program = os.path.normpath(os.path.join(question.cwd, question.program))
    told = [f"{_LIST_OPTIONS[name]}={value}" for name, value in options.items()]
    done = subprocess.run([interpreter(program), "--list", *told, "--", program], cwd=question.cwd,
                          env=_environment(replace(question, env=env)), text=True, capture_output=True, check=False)
    if done.returncode < 0:
        return []
    real = [re.sub(r" \(0x[0-9a-f]+\)$", "", line) for line in done.stdout.splitlines()] + done.stderr.splitlines()
    command = [os.path.abspath(bindsim), "--format=ldd", *told]
    command += [f"--env={name}={value}" for name, value in env.items()]
    simulated = subprocess.run([*command, program], cwd=question.cwd, env={"LC_ALL": "C"}, text=True,
                               capture_output=True, check=False)
    differences = compare_lines([PREFIX + line for line in real],
                                [PREFIX + line for line in simulated.stdout.splitlines()], "lines")
    if (done.returncode, simulated.returncode) not in ((0, 0), (127, 1)):
        differences.append(f"exit status {done.returncode}, simulated {simulated.returncode}")
    return differences


# ---- both -----------------------------------------------------------------------------------------------------------

def _comparable(question: Question, real: Block, simulated: Block) -> tuple[list[str], list[str]]:
    """The lines of both sides that can be held against each other."""
    left, right = real.lines, simulated.lines
    step = question.numbered()[real.step - 1] if real.step else ""
    step = re.sub("^by:[^:]*:", "", step)
    if not real.reported:
        # The process did not live to say more.
        left, right = ([line for line in lines if line.startswith(PREFIX + "Error ")] for lines in (left, right))
    elif step.startswith("sym:"):
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
