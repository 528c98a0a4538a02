# SPDX-License-Identifier: MIT
"""Stands in for the simulator: asks the real loader, and prints what it says as the simulator would.

    stand_in.py OPTION... PROGRAM OPTION...     as bindsim; with FAKE_CHANGE=N one line is another

It is started for each question, and therefore imports little.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from loader import CRASHED, OK, PREFIX, Question, Transcript, run_real


def render(transcript: Transcript, program: str = "./driver") -> str:
    """A transcript as the simulator would print it."""
    text = ""
    for block in transcript.blocks:
        outcome = "failed: loader crashes: told so" if block.outcome == CRASHED else block.outcome
        if block.step == 0 and outcome.startswith("failed: "):
            outcome = f"failed: {program}: symbol lookup error: {outcome.removeprefix('failed: ')}"
        text += f"{PREFIX}bindsim: step {block.step}: {outcome}\n" + "".join(f"{line}\n" for line in block.lines)
    return text


def play_simulator(arguments: list[str]) -> int:
    """Answers the question that `arguments` put by asking the real loader."""
    program, steps, env, categories, bind_now = "", [], {}, ("bindings",), False
    kinds = {"--dlopen": "", "--dlclose": "close:", "--dlsym": "sym:", "--dlmopen": "newlm:", "--call": "call:",
             "--init": "init:"}
    callers = [""]
    rest = iter(arguments)
    for argument in rest:
        if argument in kinds:
            value = next(rest)
            if argument == "--init":
                callers.append("")
            file, at, number = value.rpartition("@")
            if argument == "--dlmopen" and at and number.isdigit():
                step = f"lm:{number}:{file}"
            else:
                step = kinds[argument] + value
            steps.append(step if not callers[-1] or argument == "--init" else f"by:{callers[-1]}:{step}")
        elif argument == "--end-init":
            steps.append("end-init")
            callers.pop()
        elif argument == "--caller":
            callers[-1] = next(rest)
        elif argument == "--env":
            name, _, value = next(rest).partition("=")
            env[name] = value
        elif argument.startswith("--show="):
            categories = tuple(argument.removeprefix("--show=").split(","))
        elif argument == "--bind-now":
            bind_now = True
        elif not argument.startswith("--"):
            program = argument
    driver = b"bindsim: " in Path(program).read_bytes()
    answer = run_real(Question(program, steps, env, os.getcwd(), categories, bind_now, driver))
    lines = render(answer, program).splitlines(keepends=True)
    if (number := int(os.environ.get("FAKE_CHANGE", "-1"))) >= 0:
        lines[number] = lines[number].replace("symbol `", "symbol `not_")
    sys.stdout.write("".join(lines))
    return int(any(block.outcome != OK for block in answer.blocks))


if __name__ == "__main__":
    sys.exit(play_simulator(sys.argv[1:]))
