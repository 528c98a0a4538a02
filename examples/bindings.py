#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bindings.py EXECUTABLE [FILE[:FLAGS]]...: what bindings.c does, by way of ctypes.

The library is libbindsim.so.1, or the file that $LIBBINDSIM names.
"""

from __future__ import annotations

import ctypes
import os
import sys

STATES = ["ok", "failed", "not reached"]
NONE = 2**32 - 1

handle, text, size, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint32
handle_at = ctypes.POINTER(handle)

# What is used here: parameters, and what is returned.
FUNCTIONS = {
    "plan_new": ([handle_at], ctypes.c_int),
    "plan_set": ([handle, text, text, handle_at], ctypes.c_int),
    "plan_step": ([handle, text, text, handle_at], ctypes.c_int),
    "plan_free": ([handle], None),
    "simulate": ([handle, handle, handle, handle_at, handle_at], ctypes.c_int),
    "error_message": ([handle], text),
    "error_free": ([handle], None),
    "level_name": ([ctypes.c_int], text),
    "why_name": ([ctypes.c_int], text),
    "result_is_refused": ([handle], ctypes.c_int),
    "result_free": ([handle], None),
    "result_object": ([handle, number], handle),
    "object_name": ([handle], text),
    "result_steps": ([handle], size),
    "result_step": ([handle, size], handle),
    "step_number": ([handle], number),
    "step_words": ([handle], text),
    "step_state": ([handle], ctypes.c_int),
    "step_message": ([handle], text),
    "result_bindings": ([handle], size),
    "result_binding": ([handle, size], handle),
    "binding_referrer": ([handle], number),
    "binding_symbol": ([handle], text),
    "binding_version": ([handle], text),
    "binding_when": ([handle], text),
    "binding_answers": ([handle], size),
    "binding_definer": ([handle, size], number),
    "binding_epoch": ([handle, size], number),
    "binding_why": ([handle, size], ctypes.c_int),
    "result_findings": ([handle], size),
    "result_finding": ([handle, size], handle),
    "finding_level": ([handle], ctypes.c_int),
    "finding_rule": ([handle], text),
    "finding_headline": ([handle], text),
}


class Problem(Exception):
    """What the library says went wrong."""


class Bindsim:
    """The library, with functions by their names without bindsim_."""

    def __init__(self, path: str) -> None:
        library = ctypes.CDLL(path)
        for name, (parameters, result) in FUNCTIONS.items():
            function = getattr(library, "bindsim_" + name)
            function.argtypes, function.restype = parameters, result
            setattr(self, name, function)

    def check(self, status: int, error: handle) -> None:
        """Raises what a function that returned STATUS left in ERROR."""
        if not status:
            return
        message = self.error_message(error) or b"out of memory"
        self.error_free(error)
        raise Problem(os.fsdecode(message))

    def all(self, result: handle, things: str, thing: str) -> list[int]:
        """The records of RESULT."""
        count, get = getattr(self, "result_" + things), getattr(self, "result_" + thing)
        return [get(result, index) for index in range(count(result))]

    def name(self, result: handle, id: int) -> str:
        return os.fsdecode(self.object_name(self.result_object(result, id)) or b"nobody")


def describe(bindsim: Bindsim, result: handle) -> None:
    """Prints what RESULT says."""
    for step in bindsim.all(result, "steps", "step"):
        message = bindsim.step_message(step)
        print(f"step {bindsim.step_number(step)} {os.fsdecode(bindsim.step_words(step))}: {STATES[bindsim.step_state(step)]}" +
              (f": {os.fsdecode(message)}" if message is not None else ""))
    for binding in bindsim.all(result, "bindings", "binding"):
        version, referrer = bindsim.binding_version(binding), bindsim.binding_referrer(binding)
        for k in range(bindsim.binding_answers(binding)):
            definer = bindsim.binding_definer(binding, k)
            if definer == referrer:
                continue
            print(f"{bindsim.name(result, referrer)}: {os.fsdecode(bindsim.binding_symbol(binding))}" +
                  (f"@{os.fsdecode(version)}" if version else "") + f" -> {bindsim.name(result, definer)} "
                  f"({os.fsdecode(bindsim.why_name(bindsim.binding_why(binding, k)))}, "
                  f"{os.fsdecode(bindsim.binding_when(binding))}, after step {bindsim.binding_epoch(binding, k)})")
    for finding in bindsim.all(result, "findings", "finding"):
        print(f"{os.fsdecode(bindsim.level_name(bindsim.finding_level(finding)))}: "
              f"{os.fsdecode(bindsim.finding_rule(finding))}: {os.fsdecode(bindsim.finding_headline(finding))}")


def main() -> int:
    if len(sys.argv) < 2:
        print(f"usage: {sys.argv[0]} EXECUTABLE [FILE[:FLAGS]]...", file=sys.stderr)
        return 2
    bindsim = Bindsim(os.environ.get("LIBBINDSIM", "libbindsim.so.1"))
    plan, result, error = handle(), handle(), handle()
    try:
        bindsim.check(bindsim.plan_new(ctypes.byref(plan)), error)
        bindsim.check(bindsim.plan_set(plan, b"executable", os.fsencode(sys.argv[1]), ctypes.byref(error)), error)
        for word in sys.argv[2:]:
            bindsim.check(bindsim.plan_step(plan, b"dlopen", os.fsencode(word), ctypes.byref(error)), error)
        bindsim.check(bindsim.simulate(None, plan, None, ctypes.byref(result), ctypes.byref(error)), error)
        describe(bindsim, result)
        return bindsim.result_is_refused(result)
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 2
    finally:
        bindsim.result_free(result)
        bindsim.plan_free(plan)


if __name__ == "__main__":
    sys.exit(main())
