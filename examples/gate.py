#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""gate.py POLICY [REPORT]: what gate.c does, by way of ctypes.

The library is libbindsim.so.1, or the file that $LIBBINDSIM names.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from collections.abc import Callable, Iterator

handle, text, size, number, integer = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint32, ctypes.c_int
handle_at = ctypes.POINTER(handle)

# What is used here: parameters, and what is returned. Those that end in ERRORS hand over what they make, or fail.
ERRORS = [handle_at, handle_at]
FUNCTIONS = {
    "error_message": ([handle], text), "error_free": ([handle], None), "status_text": ([integer], text),
    "store_new": ([handle_at], integer), "store_unref": ([handle], None),
    "policy_read_file": ([text, *ERRORS], integer), "policy_free": ([handle], None), "policy_baseline": ([handle], text),
    "policy_plan": ([handle, size, handle, *ERRORS], integer), "policy_uses_environment": ([handle], integer),
    "plan_new": ([handle_at], integer), "plan_free": ([handle], None), "plan_set": ([handle, text, text, handle_at], integer),
    "plan_set_environment": ([handle, ctypes.POINTER(text), handle_at], integer),
    "baseline_read_file": ([text, *ERRORS], integer), "baseline_free": ([handle], None),
    "check_new": ([handle_at], integer), "check_free": ([handle], None), "check_set_policy": ([handle, handle], integer),
    "check_set_baseline": ([handle, handle], integer), "check_add_policy_plans": ([handle, handle, handle_at], integer),
    "check_run": ([handle, handle, handle, *ERRORS], integer), "verdict_free": ([handle], None),
    "verdict_passes": ([handle], integer), "verdict_results": ([handle], size), "verdict_result": ([handle, size], handle),
    "verdict_plan": ([handle, size], text), "result_findings": ([handle], size), "result_finding": ([handle, size], handle),
    "finding_disposition": ([handle], integer), "disposition_name": ([integer], text), "finding_rule": ([handle], text),
    "finding_headline": ([handle], text), "finding_excuse": ([handle], text),
    "advise": ([handle, text, text, handle, *ERRORS], integer), "advice_free": ([handle], None),
    "advice_best": ([handle, integer], number), "advice_trial": ([handle, size], handle), "trial_benefit": ([handle], integer),
    "benefit_name": ([integer], text), "trial_words": ([handle], text),
    "side_read_file": ([text, *ERRORS], integer), "side_of_plan": ([handle, text, *ERRORS], integer), "side_free": ([handle], None),
    "compare": ([handle, handle, handle, text, handle, *ERRORS], integer), "diff_free": ([handle], None),
    "diff_gaps": ([handle], size), "diff_gap_part": ([handle, size], text), "diff_gap_reason": ([handle, size], text),
    "diff_bindings": ([handle], size), "diff_binding_change": ([handle, size], text), "diff_binding_cause": ([handle, size], text),
    "diff_binding_referrer": ([handle, size], number), "diff_binding_symbol": ([handle, size], text),
    "diff_binding_definer": ([handle, size, integer], number), "diff_object_name": ([handle, number, integer], text),
}
# Those that fail and make nothing.
NOTHING_MADE = {"check_add_policy_plans", "plan_set", "plan_set_environment"}
LEFT, RIGHT = 0, 1


class Problem(Exception):
    """What the library says went wrong."""


class Bindsim:
    """The functions that are used here; texts are str."""

    def __init__(self, path: str) -> None:
        self.library = ctypes.CDLL(path)

    def __getattr__(self, name: str) -> Callable:
        function = getattr(self.library, "bindsim_" + name)
        function.argtypes, function.restype = FUNCTIONS[name]

        def call(*parameters: object) -> object:
            told = function(*(os.fsencode(p) if isinstance(p, str) else p for p in parameters))
            return os.fsdecode(told) if isinstance(told, bytes) else told

        return call

    def make(self, name: str, *parameters: object) -> handle:
        """What the function NAME hands over, if anything; or a problem."""
        made, error = handle(), handle()
        wanted = len(FUNCTIONS[name][0]) - len(parameters)
        places = [ctypes.byref(error)] if name in NOTHING_MADE else [ctypes.byref(made), ctypes.byref(error)][:wanted]
        status = getattr(self, name)(*parameters, *places)
        if status:
            message = self.error_message(error) or self.status_text(status)
            self.error_free(error)
            raise Problem(message)
        return made


def print_findings(bindsim: Bindsim, verdict: handle) -> None:
    for i in range(bindsim.verdict_results(verdict)):
        result = bindsim.verdict_result(verdict, i)
        for k in range(bindsim.result_findings(result)):
            finding = bindsim.result_finding(result, k)
            excuse = bindsim.finding_excuse(finding)
            print(f"{bindsim.verdict_plan(verdict, i)}: {bindsim.disposition_name(bindsim.finding_disposition(finding))}: "
                  f"{bindsim.finding_rule(finding)}: {bindsim.finding_headline(finding)}" + (f" ({excuse})" if excuse is not None else ""))


def print_remedies(bindsim: Bindsim, advice: handle) -> None:
    """The best one for whoever it is in the hands of."""
    for hands in range(3):
        trial = bindsim.advice_trial(advice, bindsim.advice_best(advice, hands))
        if trial:
            print(f"remedy: {bindsim.benefit_name(bindsim.trial_benefit(trial))}: {bindsim.trial_words(trial)}")


def print_differences(bindsim: Bindsim, diff: handle) -> None:
    def name(id: int) -> str:
        return bindsim.diff_object_name(diff, id, RIGHT) or bindsim.diff_object_name(diff, id, LEFT) or "nobody"

    for i in range(bindsim.diff_gaps(diff)):
        print(f"not compared: {bindsim.diff_gap_part(diff, i)}: {bindsim.diff_gap_reason(diff, i)}")
    for i in range(bindsim.diff_bindings(diff)):
        left, right = (name(bindsim.diff_binding_definer(diff, i, side)) for side in (LEFT, RIGHT))
        print(f"{bindsim.diff_binding_change(diff, i)}: {name(bindsim.diff_binding_referrer(diff, i))}: "
              f"{bindsim.diff_binding_symbol(diff, i)}: {left} -> {right} ({bindsim.diff_binding_cause(diff, i)})")


def take_surroundings(bindsim: Bindsim, base: handle, policy: handle) -> None:
    """Where hosts are looked for, and the variables of this process if the policy wants them: else none are in a plan."""
    bindsim.make("plan_set", base, "search_path", os.environ.get("PATH"))
    if bindsim.policy_uses_environment(policy):
        variables = [name + b"=" + value for name, value in os.environb.items()]
        bindsim.make("plan_set_environment", base, (text * (len(variables) + 1))(*variables))


def ask(bindsim: Bindsim, policy_path: str, report: str | None, made: contextlib.ExitStack) -> bool:
    """Prints all of it. Returns whether the plans pass. MADE gives back what the library has made."""
    def make(name: str, free: str, *parameters: object) -> handle:
        one = bindsim.make(name, *parameters)
        made.callback(getattr(bindsim, free), one)
        return one

    store = make("store_new", "store_unref")
    policy = make("policy_read_file", "policy_free", policy_path)
    base = make("plan_new", "plan_free")
    take_surroundings(bindsim, base, policy)
    check = make("check_new", "check_free")
    bindsim.check_set_policy(check, policy)
    known = bindsim.policy_baseline(policy)
    if known:
        bindsim.check_set_baseline(check, make("baseline_read_file", "baseline_free", known))
    bindsim.make("check_add_policy_plans", check, base)
    verdict = make("check_run", "verdict_free", store, check, None)
    plan = make("policy_plan", "plan_free", policy, 0, base)
    print_findings(bindsim, verdict)
    passes = bool(bindsim.verdict_passes(verdict))
    if not passes:
        print_remedies(bindsim, make("advise", "advice_free", plan, None, None, None))
    if report:
        before = make("side_read_file", "side_free", report)
        now = make("side_of_plan", "side_free", plan, None)
        print_differences(bindsim, make("compare", "diff_free", store, before, now, None, None))
    return passes


def main() -> int:
    if len(sys.argv) not in (2, 3):
        print(f"usage: {sys.argv[0]} POLICY [REPORT]", file=sys.stderr)
        return 2
    bindsim = Bindsim(os.environ.get("LIBBINDSIM", "libbindsim.so.1"))
    try:
        with contextlib.ExitStack() as made:
            return 0 if ask(bindsim, sys.argv[1], sys.argv[2] if len(sys.argv) == 3 else None, made) else 1
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
