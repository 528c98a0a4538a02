# SPDX-License-Identifier: MIT
"""Asks the real loader and the simulator the same question.

    question = Question("./driver", steps=["libm.so.6:NOW,GLOBAL", "sym:1:sin", "close:1"], cwd=directory)
    differences = compare(run_real(question), run_simulated(question, bindsim))

Steps are written as the driver's arguments (driver.c); `simulator_arguments` turns them into the simulator's options.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from transcript import (CRASHED, CRASHED_IN_CONSTRUCTOR, NOT_REACHED, OK, PREFIX, Block, Transcript, binding_parties,
                        compare, compare_lines, normalise_message, parse_real, parse_simulated)

__all__ = ["CRASHED", "CRASHED_IN_CONSTRUCTOR", "NOT_REACHED", "OK", "PREFIX", "SKIPPED", "Block", "Question",
           "Transcript", "binding_parties", "build_driver", "compare", "compare_lines", "normalise_message",
           "real_environment", "run_real", "run_simulated", "simulator_arguments", "simulator_command", "unavailable"]

HERE = Path(__file__).resolve().parent
TIMEOUT_SECONDS = 60.0
SKIPPED = 77


@dataclass(frozen=True)
class Question:
    """A program, what it is to open, and everything around it that the loader looks at.

    `driver` says that the program is driver.c's (or treats its arguments like it); any other program has no steps.
    `constructors_bind` keeps the binding lines printed while constructors run; they are dropped by default, for the
    simulator runs none unless told what they do (`extra`, e.g. `--init`).  `extra` are options for the simulator only.
    """

    program: str
    steps: Sequence[str] = ()
    env: dict[str, str] = field(default_factory=dict)
    cwd: str | os.PathLike[str] = "."
    categories: Sequence[str] = ("bindings",)
    bind_now: bool = True
    driver: bool = True
    constructors_bind: bool = False
    extra: Sequence[str] = ()


def unavailable(tools: Sequence[str] = ()) -> str | None:
    """Why the real loader cannot be asked here (then a test ends with SKIPPED), or None where it can."""
    if platform.machine() != "x86_64":
        return "the oracle is the GNU loader for x86-64"
    for tool in tools:
        if shutil.which(tool) is None:
            return f"{tool} is missing"
    trial = run_real(Question(shutil.which("true") or "true", cwd="/", driver=False))
    return None if trial.binding_lines() else "this loader prints no binding lines"


def build_driver(workdir: str | os.PathLike[str], cc_args: Sequence[str] = ()) -> Path:
    """Compiles the driver into `workdir`; `cc_args` may add objects to link with, or another output kind."""
    driver = Path(workdir) / "driver"
    command = ["gcc", "-O1", "-Wall", "-fno-optimize-sibling-calls", str(HERE / "driver.c"), "-o", str(driver),
               "-Wl,-z,now", *cc_args]
    subprocess.run(command, check=True, cwd=workdir)
    return driver


# What LD_DEBUG knows; the simulator's further ones (mapped, addresses) come from the driver.
LOADER_CATEGORIES = ("bindings", "files", "libs", "scopes", "versions")


def _loader_categories(question: Question) -> list[str]:
    return [category for category in question.categories if category in LOADER_CATEGORIES]


def real_environment(question: Question) -> dict[str, str]:
    """Nothing of the caller's environment may reach the loader but the search path for programs."""
    environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", **question.env}
    environment["LD_DEBUG"] = ",".join(_loader_categories(question)) or "bindings"
    if question.bind_now:
        environment["LD_BIND_NOW"] = "1"
    return environment


def _driver_arguments(question: Question) -> list[str]:
    shown = [f"show:{category}" for category in question.categories if category not in LOADER_CATEGORIES]
    return shown + [step.split(">", 1)[0] if step.startswith("call:") else step for step in question.steps]


def run_real(question: Question, timeout: float = TIMEOUT_SECONDS) -> Transcript:
    """Runs the program under the real loader."""
    command = [question.program, *(_driver_arguments(question) if question.driver else ())]
    process = subprocess.Popen(command, cwd=question.cwd, env=real_environment(question), stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        _, stderr = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        _, stderr = process.communicate()
        stderr += f"\nno end within {timeout} seconds\n".encode()
    transcript = parse_real(_lines(stderr), process.pid, process.returncode, question.program,
                            len(question.steps) if question.driver else None, question.constructors_bind)
    if _loader_categories(question):
        return transcript
    # Nothing but the loader's error lines was wanted, and those come with some category only.
    return transcript.only(lambda line: not line.startswith((PREFIX + "binding file ", PREFIX + "marking ")))


def _lines(output: bytes) -> list[str]:
    """Lines end with newlines only: a name may hold any other byte, including what Python takes for a line's end."""
    return output.decode("utf-8", "surrogateescape").removesuffix("\n").split("\n") if output else []


def _simulator_step(step: str) -> list[str]:
    kind, _, rest = step.partition(":")
    if kind == "close":
        return ["--dlclose", rest]
    if kind == "sym":
        return ["--dlsym", rest]
    if kind == "newlm":
        return ["--dlmopen", rest]
    if kind == "lm":
        number, _, file = rest.partition(":")
        return ["--dlmopen", f"{file}@{number}"]
    if kind == "call":
        if ">" not in rest:
            raise ValueError(f"{step}: call:N:FUNCTION>OBJECT:SYMBOL tells the simulator which slot the call binds")
        return ["--call", rest.split(">", 1)[1]]
    return ["--dlopen", step]


def simulator_arguments(question: Question) -> list[str]:
    """The options and steps that put the question to the simulator.

    The loader's variables are passed as options: in the environment they would act on the simulator's own start too.
    """
    arguments = ["--format=ld-debug", "--show=" + ",".join(question.categories)]
    if question.bind_now:
        arguments.append("--bind-now")
    for name, value in question.env.items():
        arguments += ["--env", f"{name}={value}"]
    arguments += [*question.extra, question.program]
    for step in question.steps:
        arguments += _simulator_step(step)
    return arguments


def simulator_command(question: Question, bindsim: str | os.PathLike[str]) -> list[str]:
    """The whole command line, for running and for showing where there is a difference."""
    return [str(Path(bindsim).resolve()), *simulator_arguments(question)]


def run_simulated(question: Question, bindsim: str | os.PathLike[str], timeout: float = TIMEOUT_SECONDS) -> Transcript:
    """Runs the simulator in the same directory."""
    environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C"}
    try:
        done = subprocess.run(simulator_command(question, bindsim), cwd=question.cwd, env=environment,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired:
        return Transcript([], [f"no end within {timeout} seconds"], exit_status=-9, simulated=True)
    return parse_simulated(_lines(done.stdout), _lines(done.stderr), done.returncode, question.program)
