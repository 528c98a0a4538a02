# SPDX-License-Identifier: MIT
"""Asks the real loader and the simulator the same question.

    question = Question("./driver", steps=["libm.so.6:NOW,GLOBAL", "sym:1:sin", "close:1"], cwd=directory)
    differences = compare(run_real(question), run_simulated(question, bindsim))

Steps are written as the driver's arguments (driver.c); `simulator_arguments` turns them into the simulator's options.
`init:OBJECT` and `end-init` stand among them, but have no number.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.append(str(Path(__file__).resolve().parents[1]))
import made  # noqa: E402
from transcript import (CRASHED, CRASHED_IN_CONSTRUCTOR, NOT_REACHED, OK, PREFIX, Block, Transcript,  # noqa: E402
                        binding_parties, compare, compare_lines, normalise_message, parse_real, parse_simulated)

if TYPE_CHECKING:
    from foreign_machines import ForeignRoot

__all__ = ["AGENT_COMPILING", "AGENT_OPTIONS", "CRASHED", "CRASHED_IN_CONSTRUCTOR", "DRIVER_OPTIONS", "NOT_REACHED", "OK",
           "PREFIX", "SKIPPED", "Block", "Question", "Transcript", "binding_parties", "build_driver", "compare", "compare_lines",
           "driver_arguments", "normalise_message", "program_command", "read_real", "real_environment", "run_real",
           "run_simulated", "simulator_arguments", "simulator_command", "simulator_steps", "unavailable"]

HERE = Path(__file__).resolve().parent
TIMEOUT_SECONDS = 60.0
# All that driver.c and agent.c are made of.
DRIVER_SOURCES = (HERE / "driver.c", HERE / "agent.c", *sorted((HERE / "driver").glob("*.h")))
SKIPPED = 77

# What "/" is to the program and to the simulator where that is not this machine's (other_loaders.py says it), and
# which glibc is in there.  Files to be run must have the same path inside as outside.
ROOT = os.environ.get("BINDSIM_ORACLE_ROOT")
ROOT_GLIBC = os.environ.get("BINDSIM_ORACLE_GLIBC", "")
ROOT_LIBRARIES = "lib/x86_64-linux-gnu"
# How a program is linked that has the driver in it, and an object with the code of agent.c.
DRIVER_OPTIONS = ("-Wl,-z,now",)
AGENT_OPTIONS = ("-init", "bindsim_init")
# How agent.c is compiled: nothing in it may bind to anything.
AGENT_COMPILING = ("-O1", "-fPIC", "-ffreestanding", "-fno-stack-protector", "-fno-asynchronous-unwind-tables")


@dataclass(frozen=True)
class Question:
    """A program, what it is to open, and everything around it that the loader looks at.

    `driver` says that the program is driver.c's (or treats its arguments like it); any other program has no steps.
    Binding lines printed while constructors run are dropped, but for those of steps that constructors carry out.
    `extra` are options for the simulator only.  A question about another machine has the `root` that program and
    directory lie in; both are paths inside it.
    """

    program: str
    steps: Sequence[str] = ()
    env: dict[str, str] = field(default_factory=dict)
    cwd: str | os.PathLike[str] = "."
    categories: Sequence[str] = ("bindings",)
    bind_now: bool = True
    driver: bool = True
    extra: Sequence[str] = ()
    root: ForeignRoot | None = None

    @property
    def directory(self) -> str:
        """The working directory as this machine has it."""
        return str(self.cwd) if self.root is None else str(self.root.path) + str(self.cwd)

    def numbers(self) -> tuple[int, frozenset[int]]:
        """How many steps there are, and the numbers of those that constructors carry out."""
        count, depth, within = 0, 0, set()
        for step in self.steps:
            if step.startswith("init:"):
                depth += 1
            elif step == "end-init":
                depth -= 1
            else:
                count += 1
                if depth:
                    within.add(count)
        return count, frozenset(within)


def unavailable(tools: Sequence[str] = ()) -> str | None:
    """Why the real loader cannot be asked here (then a test ends with SKIPPED), or None where it can."""
    if os.uname().machine != "x86_64":
        return "the oracle is the GNU loader for x86-64"
    for tool in tools:
        if shutil.which(tool) is None:
            return f"{tool} is missing"
    if ROOT:
        return None
    trial = run_real(Question(shutil.which("true") or "true", cwd="/", driver=False))
    return None if trial.binding_lines() else "this loader prints no binding lines"


def glibc_version() -> tuple[int, ...]:
    """Of the C library that the programs run with, which is that of this Python where there is no other root."""
    if ROOT:
        return tuple(map(int, ROOT_GLIBC.split(".")))
    name, _, version = (os.confstr("CS_GNU_LIBC_VERSION") or "").partition(" ")
    return tuple(map(int, version.split(".")[:2])) if name == "glibc" else (0, 0)


def can_list_namespaces() -> bool:
    """Up to 2.34 no program can list the objects of another namespace, as the driver must."""
    return not ROOT or glibc_version() >= (2, 35)


def link_arguments() -> list[str]:
    """What a program with a libc is linked against, so that it asks for no version that its own libc lacks."""
    if not ROOT or glibc_version() >= (2, 34):
        return []
    libraries = Path(ROOT) / ROOT_LIBRARIES
    return ["-nodefaultlibs", str(libraries / "libc.so.6"), str(libraries / "libdl.so.2")]


def start(command: Sequence[str], question: Question, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
    """Starts the program of a question, in its directory and its root."""
    def enter_root() -> None:
        os.chroot(ROOT or "/")
        os.chdir(question.cwd)
    enter = enter_root if ROOT else None
    if question.root is not None:
        enter = question.root.enter(str(question.cwd))
    return subprocess.Popen(command, cwd=None if ROOT else question.directory, env=real_environment(question),
                            stdin=stdin, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, preexec_fn=enter)


def build_driver(workdir: str | os.PathLike[str]) -> Path:
    """Compiles the driver into `workdir`."""
    driver = Path(workdir) / "driver"
    made.compile_once(["gcc", "-O1", "-Wall", "-fno-optimize-sibling-calls", HERE / "driver.c", *DRIVER_OPTIONS], driver,
                      DRIVER_SOURCES)
    return driver


# What LD_DEBUG knows; the simulator's further ones (mapped, addresses, slots) come from the driver.
LOADER_CATEGORIES = ("bindings", "files", "libs", "scopes", "versions")


def _loader_categories(question: Question) -> list[str]:
    return [category for category in question.categories if category in LOADER_CATEGORIES]


def real_environment(question: Question) -> dict[str, str]:
    """Nothing of the caller's environment may reach the loader but the search path for programs."""
    environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", **question.env}
    categories = _loader_categories(question)
    if not categories or ("slots" in question.categories and "bindings" not in categories):
        categories.append("bindings")
    environment["LD_DEBUG"] = ",".join(categories)
    if question.bind_now:
        environment["LD_BIND_NOW"] = "1"
    return environment


def driver_arguments(question: Question) -> list[str]:
    """What the driver is told on its command line."""
    shown = [f"show:{category}" for category in question.categories if category not in LOADER_CATEGORIES]
    return [*shown, *question.steps]


def program_command(question: Question) -> list[str]:
    """The words that start the program, inside its root."""
    return [question.program] if question.root is None else question.root.command(question.program)


def run_real(question: Question, timeout: float = TIMEOUT_SECONDS) -> Transcript:
    """Runs the program under the real loader."""
    process = start([*program_command(question), *(driver_arguments(question) if question.driver else ())], question)
    try:
        _, stderr = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        _, stderr = process.communicate()
        stderr += f"\nno end within {timeout} seconds\n".encode()
    transcript = read_real(question, _lines(stderr), process)
    if "bindings" in question.categories or ("slots" not in question.categories and _loader_categories(question)):
        return transcript
    # Binding lines were only asked for since slots, and the loader's error lines, need them.
    return transcript.only(lambda line: not line.startswith((PREFIX + "binding file ", PREFIX + "marking ")))


def read_real(question: Question, lines: list[str], process: subprocess.Popen[bytes]) -> Transcript:
    """The transcript of a process that is over, from its standard error."""
    steps, within = question.numbers()
    return parse_real(lines, process.pid, process.returncode, question.program, steps if question.driver else None,
                      within)


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
        return ["--call", rest]
    return ["--dlopen", step]


def simulator_steps(question: Question) -> list[str]:
    """All steps.  `by:` holds for one step, `--caller` until the next one; each block begins with its object."""
    arguments: list[str] = []
    usual = [question.program]
    current = list(usual)
    for step in question.steps:
        if step.startswith("init:"):
            usual.append(step.removeprefix("init:"))
            current.append(usual[-1])
            arguments += ["--init", usual[-1]]
            continue
        if step == "end-init":
            usual.pop()
            current.pop()
            arguments.append("--end-init")
            continue
        caller = usual[-1]
        if step.startswith("by:"):
            caller, _, step = step.removeprefix("by:").partition(":")
        if caller != current[-1]:
            arguments += ["--caller", caller]
            current[-1] = caller
        arguments += _simulator_step(step)
    return arguments


def simulator_arguments(question: Question) -> list[str]:
    """The options and steps that put the question to the simulator.

    The loader's variables are passed as options: in the environment they would act on the simulator's own start too.
    """
    arguments = ["--format=ld-debug", "--show=" + ",".join(question.categories)]
    if ROOT:
        arguments += ["--root", ROOT, "--cwd", str(question.cwd)]
    if question.bind_now:
        arguments.append("--bind-now")
    if question.root is not None:
        arguments += ["--root", str(question.root.path), *question.root.options]
    for name, value in question.env.items():
        arguments += ["--env", f"{name}={value}"]
    return [*arguments, *question.extra, question.program, *simulator_steps(question)]


def simulator_command(question: Question, bindsim: str | os.PathLike[str]) -> list[str]:
    """The whole command line, for running and for showing where there is a difference."""
    return [str(Path(bindsim).resolve()), *simulator_arguments(question)]


def run_simulated(question: Question, bindsim: str | os.PathLike[str], timeout: float = TIMEOUT_SECONDS) -> Transcript:
    """Runs the simulator in the same directory."""
    environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C"}
    try:
        done = subprocess.run(simulator_command(question, bindsim), cwd=question.directory, env=environment,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired:
        return Transcript([], [f"no end within {timeout} seconds"], exit_status=-9, simulated=True)
    return parse_simulated(_lines(done.stdout), _lines(done.stderr), done.returncode, question.program)
