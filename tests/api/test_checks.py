#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Policies, baselines and checks: what the library says is what `bindsim check` says, member for member."""

from __future__ import annotations

import json
import unittest

from case import BINDSIM
from library import AskingTest, Problem

COPY = ("./player", "./copy.so:NOW,LOCAL")
QUIET = "[suppress]\nrule = captured-references\nreason = we know\n"


class ChecksTest(AskingTest):
    """Names of files are those that are seen from the directory of the examples."""

    def tool(self, *words: str) -> tuple[int, dict]:
        """The exit status of `bindsim check', and its report."""
        done = self.run_in(BINDSIM, "check", "--format=json", "--today=2026-11-30", *words)
        return done.returncode, json.loads(done.stdout)

    def check(self, *plans, policy: str | None = None, baseline=None, **settings):
        """The verdict about PLANS, pairs of a name and a plan, which are freed."""
        check = self.lib.check_new()
        self.lib.check_set_today(check, "2026-11-30")
        if policy is not None:
            read = self.lib.policy_read(policy, len(policy), settings.pop("path", None))
            self.lib.check_set_policy(check, read)
            self.lib.policy_free(read)
        if baseline is not None:
            self.lib.check_set_baseline(check, baseline)
        for name, value in settings.items():
            getattr(self.lib, f"check_set_{name}")(check, value)
        for name, plan in plans:
            self.lib.check_add(check, name, plan)
            self.lib.plan_free(plan)
        if not plans:
            self.lib.check_add_policy_plans(check, None)
        options = self.lib.options_new()
        self.lib.options_report(options, "json", None)
        verdict = self.lib.check_run(None, check, options)
        self.lib.options_free(options)
        self.lib.check_free(check)
        self.addCleanup(self.lib.verdict_free, verdict)
        return verdict

    def report(self, verdict) -> dict:
        return json.loads(self.lib.verdict_report(verdict, 0))

    def found(self, result) -> list[tuple]:
        lib = self.lib
        return [(lib.finding_rule(f), lib.level_name(lib.finding_level(f)), lib.disposition_name(lib.finding_disposition(f)),
                 lib.finding_excuse(f)) for f in lib.each(result, "result_findings", "result_finding")]

    @staticmethod
    def told(report: dict) -> list[tuple]:
        """The same of a report."""
        return [(f["rule"], f["level"], f["disposition"], f.get("excuse")) for f in report["findings"]]

    def agree(self, verdict, *words: str) -> None:
        """With the tool."""
        status, wanted = self.tool(*words)
        self.assertEqual(self.report(verdict), wanted)
        self.assertEqual(self.lib.verdict_passes(verdict), status == 0)
        result = self.lib.verdict_result(verdict, 0)
        self.assertEqual(self.found(result), self.told(wanted))
        for at, name in enumerate(("counts", "below", "suppressed", "baseline")):
            self.assertEqual(self.lib.result_tally(result, at), wanted["verdict"][name], name)

    def test_policies(self) -> None:
        for policy, passes in (("", False), (QUIET, True), ("[check]\nfail-on = none\n", True), ("[check]\nfail-on = note\n", False),
                               ("[level captured-references]\nlevel = warning\n", True),
                               ("[suppress]\nrule = healed\nreason = never there\n", False),
                               (f"{QUIET}expires = 2026-11-30\n", True), (f"{QUIET}expires = 2026-11-29\n", False),
                               ("[forbid]\nsymbol = codec_open\n", False), ("[require-export]\nobject = copy.so\nsymbol = nothing\n", False),
                               ("[check]\nloader = glibc:2.31\nlibrary-path = lib\n", False)):
            with self.subTest(policy):
                (self.directory / ".bindsim.ini").write_text(policy)
                verdict = self.check((None, self.lib.plan(*COPY)), policy=policy)
                self.agree(verdict, COPY[0], f"--dlopen={COPY[1]}")
                self.assertEqual(self.lib.verdict_passes(verdict), passes)
        (self.directory / ".bindsim.ini").unlink()

    def test_fail_on_is_the_callers(self) -> None:
        """It goes before what the policy says of it."""
        verdict = self.check((None, self.lib.plan(*COPY)), policy="[check]\nfail-on = error\n", fail_on=0)
        self.assertTrue(self.lib.verdict_passes(verdict))

    def test_refusal_fails(self) -> None:
        verdict = self.check((None, self.lib.plan("./player", "./nothing.so")), policy="")
        self.assertFalse(self.lib.verdict_passes(verdict))

    def test_partial(self) -> None:
        """What was of no use to some of the plans may be of use to others."""
        policy = "[suppress]\nrule = healed\nreason = never there\n"
        rules = [[rule for rule, *_ in self.found(self.lib.verdict_result(self.check(
            (None, self.lib.plan("./player")), policy=policy, partial=partial), 0))] for partial in (0, 1)]
        self.assertIn("unused-suppression", rules[0])
        self.assertNotIn("unused-suppression", rules[1])

    def test_baseline(self) -> None:
        """That of a verdict lets nothing count any more, and is the file that the tool writes."""
        lib = self.lib
        before = self.check((None, lib.plan(*COPY)), policy="")
        baseline = lib.verdict_baseline(before)
        text = lib.text(lib.baseline_write(baseline))
        self.assertEqual(self.run_in(BINDSIM, "check", "--no-policy", "--quiet", "--write-baseline=known.json", COPY[0],
                                     f"--dlopen={COPY[1]}").returncode, 1)
        self.assertEqual(text, (self.directory / "known.json").read_text())
        read = lib.baseline_read_file("known.json")
        self.addCleanup(lib.baseline_free, read)
        for known in (baseline, read):
            self.agree(self.check((None, lib.plan(*COPY)), baseline=known), "--no-policy", "--baseline=known.json", COPY[0],
                       f"--dlopen={COPY[1]}")
        wanted = json.loads(text)["findings"]
        self.assertTrue(wanted)
        self.assertEqual([{"fingerprint": lib.known_fingerprint(k), "from": lib.known_subject(k), "to": lib.known_other(k) or None,
                           "rule": lib.known_rule(k), "level": lib.level_name(lib.known_level(k)), "symbols": lib.known_symbols(k)}
                          for k in lib.each(read, "baseline_findings", "baseline_finding")],
                         [{key: f.get(key) for key in ("fingerprint", "from", "to", "rule", "level", "symbols")} for f in wanted])

    def test_gone(self) -> None:
        lib = self.lib
        known = lib.verdict_baseline(self.check(("a", lib.plan(*COPY)), ("b", lib.plan(*COPY, "./first.so"))))
        names = [lib.known_plan(k) for k in lib.each(known, "baseline_findings", "baseline_finding")]
        self.assertEqual(sorted(set(names)), ["a", "b"])
        verdict = self.check(("a", lib.plan("./player")), baseline=known)
        gone = lib.each(lib.verdict_result(verdict, 0), "result_gone", "result_gone_finding")
        self.assertEqual(len(gone), names.count("a"))
        self.assertEqual({lib.known_plan(k) for k in gone}, {"a"})
        self.assertEqual([g["fingerprint"] for g in self.report(verdict)["verdict"]["gone"]],
                         [lib.known_fingerprint(k) for k in gone])
        # The new one keeps what it has of plans that nobody asked about.
        kept = lib.each(lib.verdict_baseline(verdict), "baseline_findings", "baseline_finding")
        self.assertEqual([lib.known_plan(k) for k in kept], ["b"] * names.count("b"))

    def test_baseline_of_libraries(self) -> None:
        """A check of the policy's plans leaves what is known of its libraries in the baseline."""
        lib = self.lib
        known = json.dumps({"schema": "bindsim-baseline-1", "findings": [
            {"plan": f"{name} together", "fingerprint": "0123456789abcdef", "rule": "healed", "from": "a.so", "to": None, "level": "note", "symbols": 1}
            for name in ("others", "plugins")]})
        baseline = lib.baseline_read(known, len(known), None)
        self.addCleanup(lib.baseline_free, baseline)
        verdict = self.check(policy="[plan one]\nexecutable = ./player\n[libraries plugins]\ndirectory = lib\n", baseline=baseline)
        kept = lib.each(lib.verdict_baseline(verdict), "baseline_findings", "baseline_finding")
        self.assertEqual([lib.known_plan(k) for k in kept], ["plugins together"])

    PLANS = ("[plan one]\nexecutable = ./player\nstep = dlopen ./copy.so:NOW\n"
             "[plan two]\nexecutable = ./player\nenv = LD_PRELOAD=./third.so\ncaller = player\nstep = init player\n"
             "step = dlopen ./first.so\nstep = end-init\nstep = dlsym hook\n")

    def test_plans(self) -> None:
        """Those of a policy, and one document about all of them."""
        lib = self.lib
        (self.directory / "plans.ini").write_text(self.PLANS)
        verdict = self.check(policy=self.PLANS, path="plans.ini")
        status, wanted = self.tool("--policy=plans.ini")
        self.assertEqual(self.report(verdict), wanted)
        self.assertEqual((status, lib.verdict_passes(verdict)), (1, 0))
        self.assertEqual([lib.verdict_plan(verdict, i) for i in range(3)], ["one", "two", None])
        self.assertEqual(lib.verdict_results(verdict), 2)
        self.assertEqual([self.found(lib.verdict_result(verdict, i)) for i in range(2)],
                         [self.told(plan["report"]) for plan in wanted["plans"]])

    def test_home(self) -> None:
        """The plans of a policy are at home in its directory."""
        (self.directory / "policies").mkdir(exist_ok=True)
        policy = "[check]\nbaseline = known.json\nuse-env = yes\n[plan p]\nexecutable = ../player\nstep = dlopen ../copy.so\n"
        (self.directory / "policies/p.ini").write_text(policy)
        read = self.lib.policy_read_file("policies/p.ini")
        self.addCleanup(self.lib.policy_free, read)
        self.assertEqual(self.lib.policy_baseline(read), "policies/known.json")
        self.assertEqual(self.lib.policy_uses_environment(read), 1)
        base = self.lib.plan_new()
        self.lib.plan_set_variable(base, "LD_BIND_NOW", "1")
        plan = self.lib.policy_plan(read, 0, base)
        text = json.loads(self.lib.text(self.lib.plan_write(plan)))
        self.assertEqual((text["cwd"], text["executable"], text["environment"]), ("policies/", "../player", {"LD_BIND_NOW": "1"}))
        for handle in (base, plan):
            self.lib.plan_free(handle)

    def test_host(self) -> None:
        policy = "[plan p]\nhost = player\n"
        base = self.lib.plan_new()
        read = self.lib.policy_read(policy, len(policy), None)
        with self.assertRaises(Problem) as raised:
            self.lib.policy_plan(read, 0, base)
        self.assertEqual((raised.exception.status, str(raised.exception)),
                         (5, "player: plan p: there is no such host in the search path"))
        self.lib.plan_set(base, "search_path", f"/nowhere:{self.directory}")
        plan = self.lib.policy_plan(read, 0, base)
        self.assertEqual(json.loads(self.lib.text(self.lib.plan_write(plan)))["executable"], f"{self.directory}/player")
        self.lib.plan_free(plan)
        self.lib.plan_free(base)
        self.lib.policy_free(read)

    def test_what_is_no_policy(self) -> None:
        """Each has its line, and no name of an option."""
        for text, place, reason in (("[checks]\n", "line 1", "no such section: 'checks'"),
                                    ("[check]\nroot =\n", "line 2", "nothing stands behind"), ("[check]\n\0", None, "it has a NUL byte")):
            with self.assertRaises(Problem) as raised:
                self.lib.policy_read(text, len(text), "mine.ini")
            problem = raised.exception
            self.assertEqual((problem.status, problem.file, problem.place), (8, "mine.ini", place))
            self.assertTrue(problem.reason.startswith(reason), problem.reason)
        for line, reason in (("step = open x", "step 'open x': dlopen FILE"), ("step = end-init", "step 'end-init': no init"),
                             ("env = x", "env 'x': NAME=VALUE is wanted"), ("step = dlclose x", "step 'dlclose x': ")):
            text = f"[plan p]\nexecutable = ./player\n{line}\n"
            with self.assertRaises(Problem) as raised:
                self.check(policy=text)
            self.assertEqual((raised.exception.file, raised.exception.place), (".bindsim.ini", "line 3"))
            self.assertTrue(raised.exception.reason.startswith(reason), raised.exception.reason)

    def test_what_is_no_baseline(self) -> None:
        for text, message in (("{", "b.json: line 1, column 1: "), ("{}", 'b.json: "schema": "bindsim-baseline-1" is wanted'),
                              ('{"schema": "bindsim-baseline-1", "findings": [{}]}', "b.json: findings[0].fingerprint")):
            with self.assertRaises(Problem) as raised:
                self.lib.baseline_read(text, len(text), "b.json")
            self.assertEqual(raised.exception.status, 8)
            self.assertTrue(str(raised.exception).startswith(message), str(raised.exception))

    def test_what_is_no_check(self) -> None:
        lib = self.lib
        check, plan, empty = lib.check_new(), lib.plan("./player"), lib.plan_new()
        self.addCleanup(lib.check_free, check)
        for status, words, call in ((2, "the check has no plans", lambda: lib.check_run(None, check, None)),
                                    (2, "'2026-02-30' is no day", lambda: lib.check_set_today(check, "2026-02-30")),
                                    (2, "a check with a policy is wanted", lambda: lib.check_add_policy_plans(check, None)),
                                    (2, "the plan names no executable", lambda: lib.check_add(check, "x", empty))):
            with self.assertRaises(Problem) as raised:
                call()
            self.assertEqual(raised.exception.status, status)
            self.assertTrue(str(raised.exception).startswith(words), str(raised.exception))
        lib.check_add(check, "x", plan)
        with self.assertRaisesRegex(Problem, "there is a plan x already"):
            lib.check_add(check, "x", plan)
        nobody = lib.plan("./nobody")
        lib.check_add(check, "y", nobody)
        with self.assertRaises(Problem) as raised:
            lib.check_run(None, check, None)
        self.assertEqual((raised.exception.status, raised.exception.file, raised.exception.place), (5, "./nobody", "plan y"))
        options = lib.options_new()
        lib.options_report(options, "plan", None)
        with self.assertRaisesRegex(Problem, "the format plan is about one plan, not 2"):
            lib.check_run(None, check, options)
        lib.options_free(options)
        for handle in (plan, empty, nobody):
            lib.plan_free(handle)


if __name__ == "__main__":
    unittest.main()
