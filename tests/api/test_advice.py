#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Advice: what the library says is what `bindsim advise` says, its reports byte for byte."""

from __future__ import annotations

import json
import unittest

from case import BINDSIM
from library import NONE, AskingTest, Problem

HANDS = ("own", "other", "link")


class AdviceTest(AskingTest):
    """Plans with clashes, and without."""

    def advise(self, *steps: str, rule=None, remedies=None, options=None):
        plan = self.lib.plan("./player", *steps)
        advice = self.lib.advise(plan, rule, remedies, options)
        self.lib.plan_free(plan)
        self.addCleanup(self.lib.advice_free, advice)
        return advice

    def tool(self, *words: str) -> str:
        done = self.run_in(BINDSIM, "advise", "--no-env", "./player", *words)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        return done.stdout

    @staticmethod
    def all(tell, record) -> list:
        """What TELL says by number, until it says nothing."""
        told = []
        while (one := tell(record, len(told))) is not None:
            told.append(one)
        return told

    def records(self, advice) -> dict:
        """What the functions say."""
        lib = self.lib

        def some(value: int) -> int | None:
            return None if value == NONE else value

        return {
            "failed": (some(lib.advice_failed_step(advice)), lib.advice_failure(advice)),
            "clashes": [(lib.clash_rule(c), lib.level_name(lib.clash_level(c)), lib.clash_step(c), lib.clash_symbols(c),
                         self.all(lib.clash_example, c)) for c in lib.each(advice, "advice_clashes", "advice_clash")],
            "trials": [(lib.trial_remedy(t), lib.trial_words(t), HANDS[lib.trial_hands(t)], lib.benefit_name(lib.trial_benefit(t)),
                        some(lib.trial_failed_step(t)), lib.trial_failure(t), lib.trial_errors(t), lib.trial_warnings(t),
                        lib.trial_changed(t), self.all(lib.trial_cost, t),
                        list(zip(self.all(lib.trial_change_language, t), self.all(lib.trial_change_place, t),
                                 self.all(lib.trial_change, t))),
                        [(lib.effect_rule(e), bool(lib.effect_is_new(e)), lib.level_name(lib.effect_level_before(e)),
                          lib.effect_symbols_before(e), lib.level_name(lib.effect_level_after(e)), lib.effect_symbols_after(e))
                         for e in lib.each(t, "trial_effects", "trial_effect")])
                       for t in lib.each(advice, "advice_trials", "advice_trial")],
            "best": [some(lib.advice_best(advice, hands)) for hands in range(3)],
        }

    @staticmethod
    def told(report: dict) -> dict:
        """The same of a report."""
        return {
            "failed": (report["failed_step"], report["failure"]),
            "clashes": [(c["rule"], c["level"], c["step"], c["count"], c["examples"]) for c in report["clashes"]],
            "trials": [(t["remedy"], t["words"], t["hands"], t["benefit"], t["failed_step"], t["failure"], t["errors"], t["warnings"],
                        t["changed"], t["costs"], [(c["language"], c["where"], c["text"]) for c in t["changes"]],
                        [(e["rule"], e["new"], e["before"]["level"], e["before"]["count"], e["after"]["level"], e["after"]["count"])
                         for e in t["effects"]]) for t in report["trials"]],
            "best": [report["best"][hands] for hands in HANDS],
        }

    def agree(self, advice, *words: str) -> dict:
        for text_format in ("json", "text"):
            self.assertEqual(self.lib.advice_report(advice, text_format), self.tool(f"--format={text_format}", *words))
        report = json.loads(self.lib.advice_report(advice, "json"))
        self.assertEqual(self.records(advice), self.told(report))
        self.assertEqual(bool(self.lib.advice_has_cure(advice)), any(t["benefit"] == "cures" for t in report["trials"]))
        return report

    def test_plans(self) -> None:
        for steps in (["./copy.so:NOW,LOCAL"], ["./first.so", "./second.so"], ["./nothing.so"], [], ["./templates.so", "./more-templates.so"],
                      ["./second.so:NOW", "./first.so:GLOBAL"]):
            with self.subTest(steps):
                self.agree(self.advise(*steps), *(f"--dlopen={step}" for step in steps))

    def test_few_remedies(self) -> None:
        report = self.agree(self.advise("./copy.so", remedies="deepbind,symbolic"), "--dlopen=./copy.so", "--remedy=deepbind,symbolic")
        self.assertEqual({t["remedy"] for t in report["trials"]}, {"deepbind", "symbolic"})

    def test_filter_and_rule(self) -> None:
        options = self.lib.options_new()
        self.addCleanup(self.lib.options_free, options)
        self.lib.options_set_filter(options, None, "nobody*", None)
        self.assertEqual(self.agree(self.advise("./copy.so", options=options), "--dlopen=./copy.so", "--from=nobody*")["clashes"], [])
        self.assertEqual(self.agree(self.advise("./copy.so", rule="healed"), "--dlopen=./copy.so", "--rule=healed")["clashes"], [])

    def test_the_plan_of_a_trial(self) -> None:
        """It is cured: no clash is left, and it can be simulated and written like others."""
        lib = self.lib
        advice = self.advise("./copy.so:NOW,LOCAL", remedies="deepbind")
        trial = lib.advice_trial(advice, lib.advice_best(advice, 0))
        plan = lib.trial_plan(trial)
        self.addCleanup(lib.plan_free, plan)
        self.assertIn("DEEPBIND", json.loads(lib.text(lib.plan_write(plan)))["steps"][0]["flags"])
        again = lib.advise(plan, None, None, None)
        self.addCleanup(lib.advice_free, again)
        self.assertEqual((lib.trial_benefit(trial), lib.advice_clashes(again)), (0, 0))

    def test_names(self) -> None:
        remedies = []
        while (name := self.lib.remedy(len(remedies))) is not None:
            remedies.append(name)
            self.assertTrue(self.lib.remedy_summary(name))
        self.assertIn("version-script", remedies)
        self.assertIsNone(self.lib.remedy_summary("prayer"))

    def test_what_is_no_question(self) -> None:
        for words, arguments in (("there is no remedy 'prayer'", {"remedies": "deepbind,prayer"}), ("there is no rule 'x'", {"rule": "x"})):
            with self.assertRaisesRegex(Problem, words):
                self.advise("./copy.so", **arguments)
        options = self.lib.options_new()
        self.addCleanup(self.lib.options_free, options)
        self.lib.options_set_filter(options, "codec*", None, None)
        with self.assertRaisesRegex(Problem, "takes no options with a glob for symbols"):
            self.advise("./copy.so", options=options)
        plan = self.lib.plan("./nobody")
        self.addCleanup(self.lib.plan_free, plan)
        with self.assertRaises(Problem) as raised:
            self.lib.advise(plan, None, None, None)
        self.assertEqual((raised.exception.status, str(raised.exception)), (5, "./nobody: No such file or directory"))
        self.assertIsNone(self.lib.advice_report(self.advise(), "html"))


if __name__ == "__main__":
    unittest.main()
