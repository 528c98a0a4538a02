#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Comparisons: what the library says is what `bindsim diff` says, its report byte for byte."""

from __future__ import annotations

import json
import unittest

from case import BINDSIM
from library import NONE, AskingTest, Problem

SIDES = ("left", "right")


class CompareTest(AskingTest):
    """Plans, plan files and reports, in all mixtures."""

    def side(self, what):
        """A file, or the executable and the steps of a plan."""
        if isinstance(what, str):
            side = self.lib.side_read_file(what)
        else:
            plan = self.lib.plan(*what)
            side = self.lib.side_of_plan(plan, None)
            self.lib.plan_free(plan)
        self.addCleanup(self.lib.side_free, side)
        return side

    def compare(self, left, right, parts=None, options=None):
        diff = self.lib.compare(None, self.side(left), self.side(right), parts, options)
        self.addCleanup(self.lib.diff_free, diff)
        return diff

    def tool(self, *words: str) -> str:
        done = self.run_in(BINDSIM, "diff", "--no-env", *words)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        return done.stdout

    def report(self, name: str, text_format: str, *words: str) -> str:
        """The file NAME with what the tool says of a plan."""
        with open(self.directory / name, "w", encoding="utf-8") as out:
            out.write(self.run_in(BINDSIM, f"--format={text_format}", "--no-env", *words).stdout)
        return name

    def written(self, diff, *show) -> str:
        return self.lib.text(self.lib.diff_write(diff, "json", *(show or [None])))

    def records(self, diff) -> dict:
        """What the functions say, as the report has it."""
        lib = self.lib

        def some(value: int) -> int | None:
            return None if value == NONE else value

        def changes(tell, at: int) -> list[str]:
            words = []
            while (word := tell(diff, at, len(words))) is not None:
                words.append(word)
            return words

        def sides(at: int, **tell) -> list:
            return [{key: function(diff, at, which) for key, function in tell.items()} for which in (0, 1)]

        return {
            "steps": [(lib.diff_step_number(diff, i), changes(lib.diff_step_change, i),
                       sides(i, words=lib.diff_step_words, message=lib.diff_step_message)) for i in range(lib.diff_steps(diff))],
            "findings": [(lib.diff_finding_rule(diff, i), some(lib.diff_finding_subject(diff, i)), some(lib.diff_finding_other(diff, i)),
                          changes(lib.diff_finding_change, i),
                          sides(i, level=lib.diff_finding_level, symbols=lib.diff_finding_symbols))
                         for i in range(lib.diff_findings(diff))],
            "bindings": [(some(lib.diff_binding_referrer(diff, i)), lib.diff_binding_symbol(diff, i), lib.diff_binding_change(diff, i),
                          lib.diff_binding_cause(diff, i), some(lib.diff_binding_cause_object(diff, i)),
                          some(lib.diff_binding_cause_step(diff, i)), [some(lib.diff_binding_definer(diff, i, w)) for w in (0, 1)],
                          [lib.diff_binding_version(diff, i, w) for w in (0, 1)]) for i in range(lib.diff_bindings(diff))],
            "objects": [(changes(lib.diff_object_change, i), sides(i, name=lib.diff_object_name, path=lib.diff_object_path,
                                                                   soname=lib.diff_object_soname, build=lib.diff_object_build_id))
                        for i in range(lib.diff_objects(diff))],
            "gaps": [(lib.diff_gap_part(diff, i), lib.diff_gap_reason(diff, i)) for i in range(lib.diff_gaps(diff))],
            "loaders": [lib.diff_loader(diff, which) for which in (0, 1)],
            "count": lib.diff_count(diff),
        }

    @staticmethod
    def told(report: dict) -> dict:
        """The same of a report with all parts."""
        levels = {"note": 1, "warning": 2, "error": 3}

        def words(side: dict | None) -> str | None:
            return side and (side["call"] or "start-up")

        return {
            "steps": [(s["number"], s["changes"], [{"words": words(s[w]), "message": s[w] and s[w]["message"]} for w in SIDES])
                      for s in report["steps"]],
            "findings": [(f["rule"], f["from"], f["to"], f["changes"],
                          [{"level": levels[f[w]["level"]] if f[w] else 0, "symbols": f[w]["symbols"] if f[w] else 0} for w in SIDES])
                         for f in report["findings"]],
            "bindings": [(p["from"], b["symbol"], c["change"], c["cause"], c["object"], c["step"], [b[w] and b[w]["to"] for w in SIDES],
                          [b[w] and b[w]["version"] for w in SIDES])
                         for c in report["causes"] for p in c["pairs"] for b in p["bindings"]],
            "objects": [(o["changes"], [{key: o[w] and o[w][member] for key, member in
                                         (("name", "name"), ("path", "path"), ("soname", "soname"), ("build", "build_id"))}
                                        for w in SIDES]) for o in report["objects"]],
            "gaps": [(g["part"], g["reason"]) for g in report["not_compared"]],
            "loaders": [report[w]["loader"] for w in SIDES],
            "count": report["counts"]["differences"],
        }

    ALL = "steps,findings,causes,bindings,objects"

    def agree(self, diff, *words: str) -> None:
        self.assertEqual(self.written(diff), self.tool("--format=json", *words))
        whole = self.tool("--format=json", f"--show={self.ALL}", *words)
        self.assertEqual(self.written(diff, self.ALL), whole)
        self.assertEqual(self.records(diff), self.told(json.loads(whole)))

    def test_plan_against_plan(self) -> None:
        """A step more, in words of the tool."""
        plans = [self.report(f"{i}.plan.json", "plan", "./player", *(f"--dlopen={s}" for s in steps))
                 for i, steps in enumerate((["./second.so:LAZY"], ["./first.so:GLOBAL", "./second.so:LAZY"],
                                            ["./nothing.so"], ["./copy.so"], []))]
        for left in plans:
            for right in plans:
                with self.subTest(left=left, right=right):
                    diff = self.compare(left, right)
                    self.agree(diff, left, right)
                    self.assertEqual(self.lib.diff_count(diff) == 0, left == right)

    def test_executables(self) -> None:
        self.agree(self.compare(("./player",), ("./launcher",)), "./player", "./launcher")

    def test_reports(self) -> None:
        """One that was kept, against what is there now; which was written as a document or as a stream."""
        words = ("./player", "--dlopen=./copy.so")
        for text_format in ("json", "ndjson"):
            old = self.report(f"old.{text_format}", text_format, *words, "--show=objects,bindings,findings")
            self.assertEqual(self.lib.diff_count(self.compare(old, ("./player", "./copy.so"))), 0)
            now = self.report("now.plan.json", "plan", "./player", "--dlopen=./static.so")
            self.agree(self.compare(old, now), old, now)
            self.agree(self.compare(now, old), now, old)

    def test_what_a_report_lacks(self) -> None:
        """It is told; that nothing else differs is no answer."""
        old = self.report("few.json", "json", "./player", "--show=objects,findings")
        diff = self.compare(old, ("./player",))
        self.assertEqual([part for part, _ in self.records(diff)["gaps"]], ["bindings"])
        self.assertEqual(self.lib.diff_count(diff), 0)

    def test_filter(self) -> None:
        options = self.lib.options_new()
        self.addCleanup(self.lib.options_free, options)
        self.lib.options_set_filter(options, "codec_r*", None, None)
        left, right = (self.report(f"f{i}.plan.json", "plan", "./player", f"--dlopen={s}") for i, s in enumerate(("./copy.so", "./static.so")))
        self.agree(self.compare(left, right, None, options), "--symbol=codec_r*", left, right)

    def test_reports_that_were_filtered(self) -> None:
        """Against what has the same filter, or it is told, with no word of a command line."""
        options = self.lib.options_new()
        self.addCleanup(self.lib.options_free, options)
        self.lib.options_set_filter(options, "codec_r*", None, None)
        old = self.report("filtered.json", "json", "./player", "--dlopen=./copy.so", "--show=objects,bindings,findings", "--symbol=codec_r*")
        now = self.report("filtered.plan.json", "plan", "./player", "--dlopen=./static.so")
        self.agree(self.compare(old, now, None, options), "--symbol=codec_r*", old, now)
        whole = self.compare(old, now)
        self.agree(whole, old, now)
        self.assertEqual({reason for _, reason in self.records(whole)["gaps"]},
                         {"the two were not cut down by the same globs of symbol, from and to"})

    def test_parts(self) -> None:
        """What is not compared does not differ."""
        sides = ("./player", "./copy.so"), ("./player", "./static.so")
        whole, objects = self.compare(*sides), self.compare(*sides, "objects")
        self.assertLess(self.lib.diff_count(objects), self.lib.diff_count(whole))
        self.assertEqual((self.lib.diff_bindings(objects), self.lib.diff_steps(objects)), (0, 0))

    def test_sides_outlive_nothing(self) -> None:
        """A diff stands for itself, and a side serves many."""
        lib = self.lib
        plan = lib.plan("./player", "./copy.so")
        side = lib.side_of_plan(plan, "mine")
        lib.plan_free(plan)
        diffs = [lib.compare(None, side, other, None, None) for other in (side, self.side(("./player", "./nothing.so")))]
        lib.side_free(side)
        self.assertEqual([lib.diff_count(diff) > 0 for diff in diffs], [False, True])
        report = json.loads(self.written(diffs[1]))
        self.assertEqual((report["left"]["name"], report["left"]["kind"], report["steps"][0]["left"]["call"]),
                         ("mine", "plan", "dlopen ./copy.so"))
        for diff in diffs:
            lib.diff_free(diff)

    def test_text(self) -> None:
        left, right = (self.report(f"t{i}.plan.json", "plan", "./player", f"--dlopen={s}") for i, s in enumerate(("./copy.so", "./static.so")))
        self.assertEqual(self.lib.text(self.lib.diff_write(self.compare(left, right), "text", None)), self.tool(left, right))

    def test_what_is_no_side(self) -> None:
        no_text, no_plan = 8, 4
        for text, status, message in (("", no_text, "a.json: line 1, column "), ("{}", no_text, "a.json: no member schema: "),
                                      ("[]", no_text, "a.json: no member schema"),
                                      ('{"schema": "bindsim-report-1"}', no_text, "a.json: no member question"),
                                      ('{"schema": "bindsim-plan-1", "executable": 1}', no_plan, "a.json: executable: "),
                                      ('{"schema": "bindsim-plan-1"}', no_plan, "a.json: the plan names no executable")):
            with self.assertRaises(Problem) as raised:
                self.lib.side_read(text, len(text), "a.json")
            self.assertTrue(str(raised.exception).startswith(message), str(raised.exception))
            self.assertEqual((raised.exception.status, raised.exception.file), (status, "a.json"))
        with self.assertRaises(Problem) as raised:
            self.lib.side_read_file("nobody.json")
        self.assertEqual((raised.exception.status, raised.exception.file), (3, "nobody.json"))

    def test_what_is_no_comparison(self) -> None:
        with self.assertRaises(Problem) as raised:
            self.compare(("./player",), ("./nobody",))
        self.assertEqual((raised.exception.status, raised.exception.file, raised.exception.place), (5, "./nobody", "right"))
        with self.assertRaisesRegex(Problem, "a comparison has no part 'everything'"):
            self.compare(("./player",), ("./player",), "steps,everything")
        diff = self.compare(("./player",), ("./player",))
        with self.assertRaisesRegex(Problem, "the format is text or json, not 'html'"):
            self.lib.diff_write(diff, "html", None)
        options = self.lib.options_new()
        self.addCleanup(self.lib.options_free, options)
        self.lib.options_report(options, "json", None)
        with self.assertRaisesRegex(Problem, "takes no options with reports"):
            self.compare(("./player",), ("./player",), None, options)


if __name__ == "__main__":
    unittest.main()
