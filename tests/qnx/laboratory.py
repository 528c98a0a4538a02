# SPDX-License-Identifier: MIT
"""What the tests of qnx share: scenarios in a language of their own, their files, and how bindsim is asked."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "oracle"))

from scenarios import elfpatch, fixtures, language  # noqa: E402

SKIPPED = 77
INTERPRETER = "/usr/lib/ldqnx-64.so.2"
POSFLAG_1 = 0x6ffffdfd
NEEDED = 1


# ---- the language ---------------------------------------------------------------------------------------------------

def step_options(kind: str, rest: str) -> list[str]:
    """The options of bindsim for one step."""
    words = shlex.split(rest)
    if kind == "dlopen":
        return ["--dlopen", words[0] + (":" + words[1] if len(words) > 1 else "")]
    if kind == "dlmopen":
        return ["--dlmopen", words[0]]
    if kind == "call":
        return ["--call", f"{'./app' if words[0] == 'X' else words[0] + '.so'}:{words[1]}"]
    return ["--" + kind, rest]


def extend_language() -> None:
    """The statements that the scenarios of other loaders do not have."""
    def step(kind):
        return lambda scenario, rest: scenario.steps.append(step_options(kind, rest))

    def option(scenario, rest):
        scenario.steps.append(shlex.split(rest))

    def expect(scenario, rest):
        scenario.expectations.append(Expected(rest, getattr(scenario, "setting", None)))

    def setting(scenario, rest):
        scenario.setting = rest

    def shown(scenario, rest):
        scenario.shown = None if rest == "default" else rest

    def mark(scenario, rest):
        scenario.marked = [*getattr(scenario, "marked", []), rest]
    language._READERS.update({kind: step(kind) for kind in ("dlopen", "dlmopen", "dlsym", "dlclose", "call")})
    language._READERS.update({"option": option, "expect": expect, "mark": mark, "with": setting, "shown": shown})


class Expected:
    """One `expect` statement."""

    category = None

    def __init__(self, text: str, setting: str | None) -> None:
        self.text, self.setting = text, setting
        match = re.match(r"(?:in step (\d+): )?(.*)$", text)
        self.step, self.what = match[1] and int(match[1]), match[2]

    @staticmethod
    def objects_named():
        return []


# ---- building -------------------------------------------------------------------------------------------------------

class Workshop(fixtures.Workshop):
    """Programs name QNX's loader."""

    def __init__(self, directory: str) -> None:
        super().__init__(directory, HERE / "no-driver")

    def makers(self) -> list[str]:
        return [*super().makers(), __file__]

    def _link(self, recipe, target: str) -> None:
        if "-shared" in recipe.arguments:
            super()._link(recipe, target)
            return
        command = ["gcc", "-o", target, *fixtures.COMMON_ARGUMENTS, *recipe.arguments,
                   f"-Wl,-dynamic-linker,{INTERPRETER}"]
        stubs = [self.build(stub) for stub in recipe.stubs]
        fixtures._run([*command, "-x", "assembler", "-", "-x", "none", *stubs], recipe.source)


@contextmanager
def workplace(keep: str | None) -> Iterator[tuple[str, Workshop]]:
    """A directory for the files of a test, with its workshop; it goes unless its name is given."""
    workdir = os.path.realpath(keep or tempfile.mkdtemp(prefix="qnx-"))
    shutil.rmtree(workdir, ignore_errors=True)
    os.makedirs(os.path.join(workdir, "cache"))
    try:
        yield workdir, Workshop(os.path.join(workdir, "cache"))
    finally:
        if not keep:
            shutil.rmtree(workdir)


def unavailable() -> str | None:
    """Why no files can be made here, or None."""
    if shutil.which("gcc") is None or os.uname().machine != "x86_64":
        return "fixtures are made by a gcc for x86-64"
    return None


def mark_lazy(path: str, needed: str) -> None:
    """DF_P1_LAZYLOAD before the DT_NEEDED of that name."""
    image = elfpatch.Image(Path(path).read_bytes())
    entries = list(image.dynamic())
    wanted = image.string_offset(needed)
    at = next(i for i, (tag, value) in enumerate(entries) if tag == NEEDED and value == wanted)
    image.set_dynamic(entries[:at] + [(POSFLAG_1, 1)] + entries[at:])
    Path(path).write_bytes(image.data)


def holds_stub(path: str, symbol: str) -> bool:
    """Whether the jump slot for that symbol leads into the code of its own file."""
    image = elfpatch.Image(Path(path).read_bytes())
    tags = dict(image.dynamic())
    start, size = image.file_offset(tags[23]), tags[2]  # DT_JMPREL, DT_PLTRELSZ
    for entry in range(start, start + size, 24):
        index = image.get(entry + 12, 4)
        name = image.get(image.file_offset(tags[6] + 24 * index), 4)
        at = image.file_offset(tags[5] + name)
        if image.data[at:image.data.index(0, at)] != symbol.encode():
            continue
        stub = image.get(image.file_offset(image.get(entry, 8)), 8)
        return any(image.get(header + 4, 4) & 1 and image.get(header + 16, 8) <= stub <
                   image.get(header + 16, 8) + image.get(header + 32, 8) for header in image.segments(elfpatch.PT_LOAD))
    return False


def build(workshop: Workshop, scenario, directory: str) -> str | None:
    os.makedirs(directory)
    try:
        workshop.furnish(scenario, directory)
        for need in getattr(scenario, "marked", []):
            mark_lazy(os.path.join(directory, scenario.program.path), need)
    except (fixtures.BuildError, OSError, ValueError) as error:
        return str(error)
    return None


# ---- asking ---------------------------------------------------------------------------------------------------------

def command_of(bindsim: str, scenario, directory: str, *options: str) -> list[str]:
    """How bindsim is called, in the scenario's directory below that one."""
    command = [bindsim, *options]
    for name, value in scenario.environment.items():
        command += ["--env", f"{name}={value.replace('$DIR', directory)}"]
    command.append("./" + os.path.relpath(scenario.program.path, scenario.directory))
    for step in scenario.steps:
        command += [word.replace("$DIR", directory) for word in step]
    return command


def run(bindsim: str, scenario, directory: str, *options: str) -> subprocess.CompletedProcess:
    """Asks bindsim."""
    return subprocess.run(command_of(bindsim, scenario, directory, *options), capture_output=True, text=True, check=False,
                          cwd=os.path.join(directory, scenario.directory),
                          env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"}, timeout=60)


def scenario_of(text: str):
    """The one scenario that a text describes."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "question.scn"
        path.write_text(text, encoding="ascii")
        scenario, = language.read_scenarios(path)
    scenario.program.with_libc = False
    return scenario


def run_plainly(bindsim: str, *words: str) -> str:
    """What bindsim writes when it is called with nothing but these words."""
    return subprocess.run([bindsim, *words], capture_output=True, text=True, check=True).stdout
