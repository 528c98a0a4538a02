# SPDX-License-Identifier: MIT
"""What a loader run said, cut into one block per step, and the comparison of two such transcripts.

The real loader and the simulator print the same lines but frame them differently: the driver can only report a step
after the loader is done with it, the simulator announces it first.  Both become the same `Transcript` here, so that
everything peculiar to the real side (process ids, the vdso, call lines) is dealt with in this one place.

Steps that constructors carry out lie within another step.  The driver says where each begins and ends, and so its lines
are cut out of the outer step's; their blocks come behind that of the outer step, in the order in which they began.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace

PREFIX = "         0:\t"
OK = "ok"
NOT_REACHED = "not reached"
CRASHED = "crashed"
CRASHED_IN_CONSTRUCTOR = "crashed in a constructor"

_OWN_LINES = (PREFIX + "bindsim: mapped ", PREFIX + "bindsim: address ", PREFIX + "bindsim: slot ")
_DEBUG_LINE = re.compile(r"\s*(\d+):\t(.*)$", re.DOTALL)
_MARKER = re.compile(r"bindsim: step (\d+): (ok|begin|not reached|failed:.*)$", re.DOTALL)
_SLOT = re.compile(r"bindsim: slot (.*): (calling|null|own|fault|undefined)$", re.DOTALL)
_SYSTEM_SLOT = re.compile(r"bindsim: slot /(?:usr/)?lib\S* \[\d+\] ")
_BINDING = re.compile(r"binding file (.*) \[(\d+)\] to (.*) \[(\d+)\]: (?:normal|protected) symbol `")
_BINDING_TARGET = re.compile(r"binding file (.* \[\d+\]) to (.* \[\d+\]): (?:normal|protected) symbol (`.*)$")
_FATAL = re.compile(r": (error while loading shared libraries|symbol lookup error|relocation error): |: error due to GNU_PROPERTY_")
_VERSION = re.compile(r": (version `.*' not found|no version information available|weak version `.*' not found) ")
_CIRCULAR = re.compile(r": IFUNC symbol '.*' referenced in '.*' is defined in the executable and creates an unsat")
_ASSERTION = "Inconsistency detected by ld.so: "
_ADDRESS = re.compile(r"\b(dynamic|base|entry|phdr): 0x([0-9a-f]+)")
_VDSO = re.compile(r"linux-(vdso(32|64)?|gate)\.so")
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
    """The texts of debug lines (prefix removed) that both sides have: no blanks, no vdso, no calls.

    Addresses are told as if each object had been loaded at 0.
    """
    inside_vdso = False
    base = 0
    for text in lines:
        if text.startswith(("object=", "file=")):
            inside_vdso = _VDSO.match(text, text.index("=") + 1) is not None
        elif not text.startswith((" scope ", " no scope", "  dynamic: ", "    entry: ")):
            inside_vdso = False
        if not text or inside_vdso or text.startswith(_CALL_LINES):
            continue
        if text.startswith("binding file linux-") and _VDSO.match(text, len("binding file ")):
            continue
        if _SYSTEM_SLOT.match(text):
            continue
        if text.startswith(("  dynamic: ", "    entry: ")):
            addresses = {name: int(value, 16) for name, value in _ADDRESS.findall(text)}
            base = addresses.get("base", base)
            text = _ADDRESS.sub(lambda match: f"{match[1]}: 0x{addresses[match[1]] - base:016x}", text)
        yield text


def _without_constructor_bindings(texts: list[str]) -> list[str]:
    """Drops what constructors bound lazily or failed to find by dlsym: the loader's own work in a step is over by then.

    What the driver lets them do has blocks of its own.
    """
    kept: list[str] = []
    constructing = False
    for text in texts:
        constructing = constructing or text.startswith(("calling init: ", "calling preinit: "))
        if not (constructing and (text.startswith("binding file ") or ": error: " in text)):
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
    # It is the loader's doing or that of the call which the step makes.
    if reason.startswith("loader crashes") or ": segmentation fault: " in reason:
        return CRASHED
    return f"failed: {reason}".rstrip()


def _finish(texts: list[str]) -> list[str]:
    """The lines of a block.  The slots of a step have no order that means anything."""
    lines = normalise_lines(_without_constructor_bindings(texts))
    ordered: list[str] = []
    for are_slots, group in itertools.groupby(lines, lambda text: text.startswith("bindsim: slot ")):
        ordered += sorted(group) if are_slots else group
    return [PREFIX + text for text in ordered]


class SlotAnswers:
    """What children say that call through a jump slot each, to tell what it would bind.

    `faults` are slots that lead to something which is no function.
    """

    def __init__(self) -> None:
        self.faults: set[str] = set()
        self._calling: tuple[int, str] | None = None
        self._answer = ""

    def hear(self, process: int, text: str) -> None:
        """Takes a line of a child in, or of its parent about a child that the loader ended."""
        slot = _SLOT.match(text)
        target = _BINDING_TARGET.match(text)
        if slot and slot[2] == "calling":
            self._calling = (process, slot[1])
            self._answer = ""
        elif self._calling is None or (process != self._calling[0] and not (slot and slot[2] == "undefined")):
            return
        elif slot and slot[2] == "fault":
            self.faults.add(slot[1])
            self._answer = self._answer or "own"
        elif slot:
            self._answer = self._answer or slot[2]
        elif target and f"{target[1]} symbol {target[3]}" == self._calling[1]:
            self._answer = self._answer or f"to {target[2]}"

    def take(self) -> list[str]:
        """The line about the child that was heard last, if there was one."""
        if self._calling is None:
            return []
        line = f"bindsim: slot {self._calling[1]}: {self._answer or 'no answer'}"
        self._calling = None
        return [line]


@dataclass
class _Frame:
    """A step under way."""

    block: Block
    texts: list[str] = field(default_factory=list)


class _RealRun:
    """The steps of a real run as its lines come in; the last of `frames` is the innermost step under way."""

    def __init__(self, program: str, outer: list[int]) -> None:
        self.program = program
        self.blocks: list[Block] = []
        self.frames: list[_Frame] = []
        self._outer = iter(outer)

    def begin(self, step: int | None = None) -> None:
        """A step of the program begins, or the constructors' step of that number."""
        block = Block(next(self._outer, -1) if step is None else step)
        self.blocks.append(block)
        self.frames.append(_Frame(block))

    def innermost(self) -> _Frame:
        """A line between two steps is the beginning of the next one of the program."""
        if not self.frames:
            self.begin()
        return self.frames[-1]

    def end(self, step: int, text: str) -> None:
        """The innermost step is over."""
        frame = self.innermost()
        self.frames.pop()
        frame.block.step = step
        frame.block.outcome = _outcome(step, text, self.program)
        frame.block.lines = _finish(frame.texts)

    def abandon(self, outcome: Callable[[list[str]], str]) -> None:
        """The process is gone: the innermost step ended it and all around it, and none of them was reported."""
        end = outcome(self.innermost().texts)
        for frame in self.frames:
            frame.block.outcome = end
            frame.block.lines = _finish(frame.texts)
            frame.block.reported = False
        self.frames = []


def parse_real(stderr: Iterable[str], process: int, exit_status: int, program: str, steps: int | None,
               within: Collection[int] = ()) -> Transcript:
    """Cuts the real loader's standard error at the driver's markers, each of which *ends* its block.

    `steps` is None for a program that is not the driver: it has a start-up only, which ends where it gets control.
    `within` are the numbers of steps that constructors carry out.
    """
    transcript = Transcript(blocks=[], exit_status=exit_status)
    outer = [step for step in range((steps or 0) + 1) if step not in within]
    run = _RealRun(program, outer)
    slots = SlotAnswers()
    reported = 0
    in_control = False
    for line in stderr:
        debug_line = _DEBUG_LINE.match(line)
        if debug_line is None:
            transcript.messages.append(line)
            continue
        speaker, text = int(debug_line[1]), debug_line[2]
        if speaker != process or _SLOT.match(text):
            if text.startswith("bindsim: slot ") and text.endswith(": calling"):
                run.innermost().texts.extend(slots.take())
            slots.hear(speaker, text)
            continue
        marker = _MARKER.match(text)
        if marker is None:
            if not in_control:
                run.innermost().texts.append(text)
            in_control = in_control or (steps is None and text.startswith("transferring control: "))
        elif marker[2] == "begin":
            run.innermost()
            run.begin(int(marker[1]))
        else:
            run.innermost().texts.extend(slots.take())
            reported += len(run.frames) == 1
            run.end(int(marker[1]), marker[2])
    if steps is None or reported < len(outer):
        started = in_control and exit_status >= 0
        run.abandon(lambda texts: OK if started else _process_end(exit_status, transcript.messages, texts, program))
    transcript.blocks = run.blocks
    seen = {block.step for block in run.blocks}
    transcript.blocks += [Block(step, NOT_REACHED, reported=False) for step in range((steps or 0) + 1)
                          if step not in seen]
    return transcript


def parse_simulated(stdout: Iterable[str], stderr: Iterable[str], exit_status: int, program: str) -> Transcript:
    """Cuts the simulator's standard output at its markers, each of which *begins* its block."""
    transcript = Transcript(blocks=[], exit_status=exit_status, simulated=True)
    texts: list[str] = []

    def close_block() -> None:
        if transcript.blocks:
            transcript.blocks[-1].lines = _finish(texts)
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
