# SPDX-License-Identifier: MIT
"""What a loader run said, cut into one block per step, and the comparison of two such transcripts.

The real loader and the simulator print the same lines but frame them differently: the driver can only report a step
after the loader is done with it, the simulator announces it first.  Both become the same `Transcript` here, so that
everything peculiar to the real side (process ids, the vdso, call lines) is dealt with in this one place.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

PREFIX = "         0:\t"
OK = "ok"
NOT_REACHED = "not reached"
CRASHED = "crashed"
CRASHED_IN_CONSTRUCTOR = "crashed in a constructor"

_OWN_LINES = (PREFIX + "bindsim: mapped ", PREFIX + "bindsim: address ")
_DEBUG_LINE = re.compile(r"\s*(\d+):\t(.*)$", re.DOTALL)
_MARKER = re.compile(r"bindsim: step (\d+): (ok|calling|not reached|failed:.*)$", re.DOTALL)
_BINDING = re.compile(r"binding file (.*) \[(\d+)\] to (.*) \[(\d+)\]: (?:normal|protected) symbol `")
_FATAL = re.compile(r": (error while loading shared libraries|symbol lookup error|relocation error): ")
_VERSION = re.compile(r": (version `.*' not found|no version information available|weak version `.*' not found) ")
_CIRCULAR = re.compile(r": IFUNC symbol '.*' referenced in '.*' is defined in the executable and creates an unsat")
_ASSERTION = "Inconsistency detected by ld.so: "
_ADDRESS = re.compile(r"\b(dynamic|base|entry|phdr): 0x[0-9a-f]+")
_VDSO = re.compile(r"linux-(vdso|gate)\.so")
_CALL_LINES = ("calling init: ", "calling fini: ", "calling preinit: ", "initialize program: ",
               "transferring control: ")


@dataclass
class Block:
    """One step's lines, normalised and in order, and how the step ended.

    `reported` is false where the driver did not live to report the step, so that what it would have listed (maps,
    addresses) is not there to be compared.
    """

    step: int
    outcome: str = OK
    lines: list[str] = field(default_factory=list)
    reported: bool = True


@dataclass
class Transcript:
    """One run.  `messages` are the lines that are not debug output; they are for reading, not for comparing."""

    blocks: list[Block]
    messages: list[str] = field(default_factory=list)
    exit_status: int = 0
    simulated: bool = False

    def only(self, wanted: Callable[[str], bool]) -> Transcript:
        """The same transcript with nothing but the lines that `wanted` accepts."""
        return replace(self, blocks=[replace(block, lines=[line for line in block.lines if wanted(line)])
                                     for block in self.blocks])

    def binding_lines(self) -> int:
        """How many binding lines there are in all blocks: a comparison without any compares nothing."""
        return sum(binding_parties(line) is not None for block in self.blocks for line in block.lines)


def binding_parties(line: str) -> tuple[str, str] | None:
    """The referring and the referred-to object of a binding line, None for every other line."""
    match = _BINDING.match(line, len(PREFIX)) if line.startswith(PREFIX) else None
    return (match[1], match[3]) if match else None


def normalise_message(message: str, program: str, whole_process: bool = True) -> str:
    """A failure's reason without the parts that depend on who reports it.

    Where the loader ends the process it writes `PROG: KIND: REASON` on standard error; dlerror(3) says REASON only.
    Whether an outcome carries `PROG: ` and KIND is decided here and nowhere else: both sides go through this function,
    and both parts are taken off where they stand.  A step of a process that lives on (`whole_process` false) has no
    KIND, and a `PROG: ` without one is then the name of the object that dlerror speaks of.
    """
    message = message.rstrip()
    bare = message.removeprefix(f"{program}: ")
    for kind in ("error while loading shared libraries: ", "symbol lookup error: ", "relocation error: "):
        if bare.startswith(kind):
            return bare.removeprefix(kind)
    return bare if whole_process or bare.startswith("IFUNC symbol '") else message


def normalise_lines(lines: Iterable[str]) -> Iterator[str]:
    """The texts of debug lines (prefix removed) that both sides have: no blanks, no vdso, no calls, no addresses."""
    inside_vdso = False
    for text in lines:
        if text.startswith(("object=", "file=")):
            inside_vdso = _VDSO.match(text, text.index("=") + 1) is not None
        elif not text.startswith((" scope ", " no scope", "  dynamic: ", "    entry: ")):
            inside_vdso = False
        if not text or inside_vdso or text.startswith(_CALL_LINES):
            continue
        if text.startswith("binding file linux-") and _VDSO.match(text, len("binding file ")):
            continue
        if text.startswith(("  dynamic: ", "    entry: ")):
            text = _ADDRESS.sub(r"\1: (address)", text)
        yield text


def split_debug_line(line: str, process: int) -> str | None:
    """The text of a debug line of this process; None for anything else on the stream."""
    match = _DEBUG_LINE.match(line)
    return match[2] if match and int(match[1]) == process else None


def _is_debug_line(line: str) -> bool:
    return _DEBUG_LINE.match(line) is not None


def _without_constructor_bindings(texts: list[str], keep: bool) -> list[str]:
    """Drops what constructors bound lazily or failed to find by dlsym: the loader's own work in a step is over by then."""
    kept: list[str] = []
    constructing = False
    for text in texts:
        constructing = constructing or text.startswith(("calling init: ", "calling preinit: "))
        if keep or not (constructing and (text.startswith("binding file ") or ": error: " in text)):
            kept.append(text)
    return kept


def _process_end(exit_status: int, messages: list[str], texts: list[str], program: str) -> str:
    """The outcome of the step during which the process ended, by what it left behind."""
    assertion = any(_ASSERTION in message for message in messages)
    if exit_status < 0 or assertion:
        calls = [text for text in texts if text.startswith(_CALL_LINES)]
        constructing = not assertion and bool(calls) and calls[-1].startswith(("calling init: ", "calling preinit: "))
        return CRASHED_IN_CONSTRUCTOR if constructing else CRASHED
    for pattern, statuses in ((_FATAL, (127,)), (_CIRCULAR, (127,)), (_VERSION, (1,))):
        found = [message for message in messages if pattern.search(message)]
        if found and exit_status in statuses:
            return f"failed: {normalise_message(found[-1], program)}"
    return OK if exit_status == 0 else f"ended with exit status {exit_status}"


def _outcome(step: int, text: str, program: str) -> str:
    if not text.startswith("failed:"):
        return text
    reason = normalise_message(text.removeprefix("failed:").lstrip(" "), program, whole_process=step == 0)
    if reason.startswith("loader crashes"):
        return CRASHED
    return f"failed: {reason}".rstrip()


def _finish(texts: list[str], keep_constructor_bindings: bool) -> list[str]:
    return [PREFIX + text for text in normalise_lines(_without_constructor_bindings(texts, keep_constructor_bindings))]


def parse_real(stderr: Iterable[str], process: int, exit_status: int, program: str, steps: int | None,
               constructors_bind: bool = False) -> Transcript:
    """Cuts the real loader's standard error at the driver's markers, each of which *ends* its block.

    `steps` is None for a program that is not the driver: it has a start-up only, which ends where it gets control.
    """
    transcript = Transcript(blocks=[], exit_status=exit_status)
    texts: list[str] = []
    in_control = False
    for line in stderr:
        text = split_debug_line(line, process)
        if text is None:
            if not _is_debug_line(line):
                transcript.messages.append(line)
            continue
        marker = _MARKER.match(text)
        if marker is None:
            if not in_control:
                texts.append(text)
            in_control = in_control or (steps is None and text.startswith("transferring control: "))
        elif marker[2] == "calling":
            texts = []
        else:
            transcript.blocks.append(Block(int(marker[1]), _outcome(int(marker[1]), marker[2], program),
                                           _finish(texts, constructors_bind)))
            texts = []
    if steps is None or len(transcript.blocks) <= steps:
        started = in_control and exit_status >= 0
        end = OK if started else _process_end(exit_status, transcript.messages, texts, program)
        transcript.blocks.append(Block(len(transcript.blocks), end, _finish(texts, constructors_bind), reported=False))
    for step in range(len(transcript.blocks), (steps or 0) + 1):
        transcript.blocks.append(Block(step, NOT_REACHED, reported=False))
    return transcript


def parse_simulated(stdout: Iterable[str], stderr: Iterable[str], exit_status: int, program: str) -> Transcript:
    """Cuts the simulator's standard output at its markers, each of which *begins* its block."""
    transcript = Transcript(blocks=[], exit_status=exit_status, simulated=True)
    texts: list[str] = []

    def close_block() -> None:
        if transcript.blocks:
            transcript.blocks[-1].lines = _finish(texts, keep_constructor_bindings=True)
        elif texts:
            transcript.messages.append(f"lines before the first step: {texts[0]}")

    for line in stdout:
        if not line.startswith(PREFIX):
            if line:
                transcript.messages.append(f"not a line of the format: {line}")
            continue
        text = line[len(PREFIX):]
        marker = _MARKER.match(text)
        if marker is None:
            texts.append(text)
        else:
            close_block()
            texts = []
            transcript.blocks.append(Block(int(marker[1]), _outcome(int(marker[1]), marker[2], program)))
    close_block()
    transcript.messages.extend(f"standard error: {line}" for line in stderr)
    return transcript


def _first_difference(left: list[str], right: list[str], context: int = 3) -> list[str]:
    position = next((i for i, (a, b) in enumerate(zip(left, right)) if a != b), min(len(left), len(right)))
    shown = [f"    (lines {position + 1} on; {len(left)} real, {len(right)} simulated)"]
    shown += [f"      {line[len(PREFIX):]}" for line in left[max(0, position - context):position]]
    shown += [f"    - {line[len(PREFIX):]}" for line in left[position:position + context]] or ["    - (end)"]
    shown += [f"    + {line[len(PREFIX):]}" for line in right[position:position + context]] or ["    + (end)"]
    return shown


def _multiset_difference(left: list[str], right: list[str], limit: int = 5) -> list[str]:
    real_only, simulated_only = Counter(left) - Counter(right), Counter(right) - Counter(left)
    shown = []
    for sign, what, lines in (("-", "real", real_only), ("+", "simulated", simulated_only)):
        if lines:
            shown.append(f"    {lines.total()} only {what}:")
            shown += [f"    {sign} {line[len(PREFIX):]}" for line in list(lines)[:limit]]
    return shown


def compare_lines(real: list[str], simulated: list[str], what: str, ordered: bool = True) -> list[str]:
    """A readable account of the first difference of two lists of lines; nothing when they agree."""
    if real == simulated:
        return []
    differences = _multiset_difference(real, simulated)
    if not differences and not ordered:
        return []
    heading = f"{what}: lines differ" if differences else f"{what}: same lines in another order"
    if ordered:
        differences = _first_difference(real, simulated) + differences
    return ["\n".join([heading, *differences])]


def _compare_status(simulated: Transcript) -> list[str]:
    """A refusal must show in the exit status, and a clean run must not."""
    failed = any(block.outcome != OK for block in simulated.blocks)
    expected = 1 if failed else 0
    if simulated.exit_status == expected:
        return []
    return [f"simulator: exit status {simulated.exit_status}, expected {expected}"]


def compare(real: Transcript, simulated: Transcript, ordered: bool = True) -> list[str]:
    """The differences between two runs, block by block; empty when they agree.

    A constructor of the real process may end it after the step's bindings are all made.  The simulator runs none, so
    there the lines of that step still count, its outcome and all that follows do not.
    """
    differences: list[str] = []
    if simulated.simulated:
        differences += [f"simulator: {m}" for m in simulated.messages if not m.startswith("standard error: ")][:5]
        differences += _compare_status(simulated)
    for left, right in zip(real.blocks, simulated.blocks):
        name = f"step {left.step}"
        if left.step != right.step:
            differences.append(f"{name}: the simulator has step {right.step} here")
            break
        comparable = right.lines if left.reported else [x for x in right.lines if not x.startswith(_OWN_LINES)]
        differences += compare_lines(left.lines, comparable, name, ordered)
        if left.outcome == CRASHED_IN_CONSTRUCTOR and right.outcome == OK:
            return differences
        if left.outcome != right.outcome:
            differences.append(f"{name}: outcome\n    - {left.outcome}\n    + {right.outcome}")
    if len(real.blocks) != len(simulated.blocks):
        differences.append(f"{len(real.blocks)} steps real, {len(simulated.blocks)} simulated")
    if differences and simulated.simulated:
        differences += [f"simulator: {m}" for m in simulated.messages if m.startswith("standard error: ")][:5]
    return differences
