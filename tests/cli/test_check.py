#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bindsim check: the command, its verdicts and baselines."""

import json
import os
import subprocess
import unittest
from pathlib import Path

from check_case import PLANS, CheckTest, functions, user
from harness import BINDSIM, VALIDATES, environment


class VerdictTest(CheckTest):
    """The command, its exit status and what it reads."""

    def test_passes_and_fails(self):
        answer = self.check("./app")
        self.assertEqual((answer.status, answer.err), (0, ""))
        self.assertEqual(self.summary(answer), "no finding counts")
        answer = self.check(*self.COPY)
        self.assertEqual(answer.status, 1)
        self.assertEqual(self.summary(answer), "1 finding counts")
        self.assertEqual(answer.err, "bindsim: check failed: 1 finding counts\n")
        self.assertIn("error: captured-references: copy.so is bound to first.so", answer.out)
        self.assertEqual(self.bindsim(*self.COPY).status, 0, "without the command nothing changes")

    def test_fail_on(self):
        self.assertEqual(self.summary(self.check(*self.FEW)), "no finding counts, 1 below --fail-on=error (--show=findings,notes)")
        # What is shown needs no word that shows it.
        self.assertEqual(self.summary(self.check("--show=findings,notes", *self.FEW)), "no finding counts, 1 below --fail-on=error")
        answer = self.check("--fail-on=warning", *self.FEW)
        self.assertEqual((answer.status, self.summary(answer)), (1, "1 finding counts"))
        self.assertEqual(self.check("--fail-on=none", *self.COPY).status, 0)

    def test_what_the_dots_stand_for(self):
        """The commands that the report has can be typed."""
        rest = "; bindsim explain --rule RULE tells what a rule means, bindsim advise ... what helps)\n\ncheck: failed"
        pair = "bindsim explain --pair copy.so,first.so ...\n"
        answer = self.check("--fail-on=warning", *self.COPY)
        self.assertIn(pair, answer.out)
        self.assertIn(f"\n\n  (... are EXECUTABLE and STEPs, or --plan FILE, of this command{rest}", answer.out)
        self.policy("[plan my own]\nexecutable = ./app\n" + "".join(f"step = dlopen {w.partition('=')[2]}\n" for w in self.COPY[1:]))
        answer = self.check()
        self.assertIn(pair, answer.out)
        words = ["--format=plan", "-o", "FILE", "--plan-name='my own'"]
        self.assertIn(f"\n\n  (... is --plan FILE, which this command writes with {' '.join(words)}{rest}", answer.out)
        # "This command" is all of it, with what only an answer has a use for.
        self.assertEqual(self.check("--fail-on=warning", "--proof=none", *words[:3], "--plan-name=my own").status, 0)
        self.assertIn("bound to it", self.bindsim("explain", "--pair", "copy.so,first.so", "--plan", "FILE").out)
        self.assertEqual(self.check("--show=steps,findings", *self.COPY).out.count("(..."), 1)
        for answer in (self.check("./app"), self.check("--show=steps", *self.COPY)):
            self.assertNotIn("(...", answer.out)

    def test_notes_count_as_what_they_are(self):
        # Neither object is bound across: what the end of the run tells is a note, and which one is known.
        self.object("alone.so", functions(5, 50))
        apart = ("./app", "--dlopen=./first.so", "--dlopen=./alone.so")
        self.assertEqual(self.check(*apart).status, 0)
        answer = self.check("--fail-on=note", *apart)
        self.assertEqual(answer.status, 1)
        self.assertIn("note: isolated: ", answer.out)

    def test_a_refusal_fails(self):
        answer = self.check("./app", "--dlopen=./nowhere.so")
        self.assertEqual(answer.status, 1)
        self.assertEqual(self.summary(answer), "1 step refused, no finding counts")
        self.assertIn("step 1 failed", answer.err)
        self.assertIn("cannot open shared object file", answer.out)

    def test_trouble(self):
        self.assert_trouble(self.check("./nowhere"), "./nowhere: No such file")
        self.assert_trouble(self.check(), "which executable? There is no policy that has a [plan NAME]")
        self.assert_trouble(self.check("--dlopen=./first.so"), "steps without an EXECUTABLE")
        self.assert_trouble(self.bindsim("--use-env", "./app"), "--use-env belongs to the commands check and scan")
        self.assert_trouble(self.check("--today=2026-02-30", "./app"), "a day is wanted")
        self.assert_trouble(self.check("chekc", "./app"), "one executable, directory or archive at a time: './app'")
        self.assert_trouble(self.bindsim("chekc", "./app"), "did you mean check?")

    def test_a_file_of_that_name(self):
        self.program("check")
        self.assertEqual(self.bindsim("./check").status, 0)

    def test_quiet(self):
        answer = self.check("-q", *self.COPY)
        self.assertEqual((answer.status, answer.out), (1, ""))

    def test_help_fits_a_screen(self):
        answer = self.check("--help")
        self.assertEqual(answer.status, 0)
        self.assertLessEqual(len(answer.out.splitlines()), 24)
        self.assertLessEqual(max(map(len, answer.out.splitlines())), 80)
        for word in ("--policy=FILE", "--baseline=FILE", "--gen-suppressions", "--fail-on=LEVEL", "Exit status"):
            self.assertIn(word, answer.out)

    def test_environment(self):
        env = environment(LD_BIND_NOW="1")

        def counts(*arguments, command=("check",)):
            return "LD_BIND_NOW=1" in self.bindsim(*command, *arguments, "./app", env=env).out

        self.assertTrue(counts(command=()))
        self.assertFalse(counts())
        self.assertTrue(counts("--use-env"))
        self.assertFalse(counts("--use-env", "--no-env"))
        self.assertTrue(counts("--env=LD_BIND_NOW=1"))
        self.policy("[check]\nuse-env = yes\n")
        self.assertTrue(counts())
        self.assertFalse(counts("--no-policy"))
        self.policy("[check]\nuse-env = no\n")
        self.assertFalse(counts())

    def test_shown_on_demand(self):
        self.policy("[suppress]\nrule = captured-references\nreason = they are one build\n")
        answer = self.check(*self.COPY)
        self.assertNotIn("captured-references", answer.out)
        answer = self.check("--show=findings,suppressed", *self.COPY)
        self.assertIn("captured-references", answer.out)
        self.assertIn("suppressed  they are one build", answer.out)
        answer = self.check("--show=findings,notes", *self.FEW, "--no-policy")
        self.assertIn("warning: captured-references", answer.out)

    def test_json(self):
        self.policy("[suppress]\nrule = captured-references\nreason = they are one build\n")
        document = json.loads(self.check("--format=json", *self.COPY).out)
        self.assertEqual(document["verdict"],
                         {"outcome": "passed", "policy": ".bindsim.ini", "plan": None, "counts": 0, "below": 0,
                          "suppressed": 1, "baseline": 0, "gone": []})
        self.assertEqual([f["excuse"] for f in document["findings"]], ["they are one build"])
        document = json.loads(self.bindsim("--format=json", *self.COPY).out)
        self.assertNotIn("verdict", document)
        self.assertNotIn("disposition", document["findings"][0])

    def test_services(self):
        """Excused findings are no annotations and no failed cases; SARIF has words for them."""
        self.policy("[suppress]\nfrom = copy.so\nreason = known since May\n")
        for name in ("github", "gitlab", "junit", "markdown"):
            told = self.check(f"--format={name}", *self.COPY)
            self.assertEqual((told.status, "captured-references" in told.out), (0, False), told.out)
            self.assertIn("captured-references", self.check(f"--format={name}", "--no-policy", *self.COPY).out)
        result, = json.loads(self.check("--format=sarif", *self.COPY).out)["runs"][0]["results"]
        self.assertEqual(result["suppressions"], [{"kind": "external", "justification": "known since May"}])
        self.assertNotIn("baselineState", result)
        self.check("--no-policy", "--fail-on=warning", "--write-baseline=known.json", *self.FEW)
        for plan, state in ((self.FEW, "unchanged"), (self.COPY, "new")):
            answer = self.check("--no-policy", "--fail-on=warning", "--format=sarif", "--baseline=known.json", *plan)
            result, = json.loads(answer.out)["runs"][0]["results"]
            self.assertEqual((result["baselineState"], result["suppressions"]), (state, []))

    def test_other_formats(self):
        plain = self.bindsim("--no-env", "--format=ld-debug", *self.COPY)
        answer = self.check("--format=ld-debug", *self.COPY)
        self.assertEqual((answer.status, answer.out), (1, plain.out))


class BaselineTest(CheckTest):
    """--baseline and --write-baseline."""

    def write(self, *arguments, name="known.json", status=1):
        self.assertEqual(self.check(f"--write-baseline={name}", "-q", *arguments).status, status)
        return json.loads((self.directory / name).read_text())

    def known(self, *arguments):
        return self.check("--baseline=known.json", *arguments)

    def test_only_what_is_new(self):
        self.write(*self.COPY)
        answer = self.known(*self.COPY)
        self.assertEqual((answer.status, self.summary(answer)), (0, "no finding counts, 1 in the baseline"))
        self.assertNotIn("captured-references", answer.out)
        self.object("new.so", user(4, 200))
        answer = self.known(*self.COPY, "--dlopen=./new.so")
        told = "1 finding counts, 1 in the baseline, 1 below --fail-on=error (--show=findings,notes)"
        self.assertEqual((answer.status, self.summary(answer)), (1, told))
        self.assertIn("new.so is bound to first.so", answer.out)
        self.assertNotIn("copy.so is bound", answer.out)

    def test_what_grew(self):
        self.object("copy.so", user(3, 100))
        self.write(*self.COPY)
        self.object("copy.so", user(5, 100))
        answer = self.known(*self.COPY)
        self.assertEqual(answer.status, 1)
        self.assertIn("baseline    grew from 3 to 5 symbols", answer.out)
        self.write(*self.COPY)
        self.object("copy.so", user(3, 100))
        self.assertEqual(self.known(*self.COPY).status, 0, "what shrinks is known")

    def test_whose_level_rose(self):
        self.policy("[level captured-references]\nlevel = warning\n")
        self.write("--fail-on=warning", *self.COPY)
        answer = self.known("--no-policy", "--fail-on=warning", *self.COPY)
        self.assertEqual(answer.status, 1)
        self.assertIn("baseline    it was no more than a finding of level warning", answer.out)
        self.write("--no-policy", "--fail-on=warning", *self.COPY)
        self.assertEqual(self.known("--fail-on=warning", *self.COPY).status, 0)

    def test_what_is_gone(self):
        self.write(*self.COPY)
        answer = self.known("./app")
        self.assertEqual(answer.status, 0)
        self.assertIn("no longer there, but in the baseline: captured-references: copy.so and first.so\n", answer.out)
        document = json.loads(self.known("--format=json", "./app").out)
        self.assertEqual([(k["rule"], k["from"], k["to"], k["level"], k["symbols"]) for k in document["verdict"]["gone"]],
                         [("captured-references", "copy.so", "first.so", "error", 5)])
        self.assertNotIn("no longer", self.known(*self.COPY).out)

    def test_versions_and_places_do_not_matter(self):
        self.object("one/libcodec.so.1", functions(5), "-Wl,-soname,libcodec.so.1")
        self.object("two/libcodec.so.2", functions(5, 40), "-Wl,-soname,libcodec.so.2")
        self.write("./app", "--dlopen=./one/libcodec.so.1:GLOBAL", "--dlopen=./copy.so")
        self.assertEqual(self.known("./app", "--dlopen=./two/libcodec.so.2:GLOBAL", "--dlopen=./copy.so").status, 0)

    def test_several_of_one_fingerprint(self):
        self.object("sub/copy.so", user(3, 300))
        both = (*self.COPY, "--dlopen=./sub/copy.so")
        document = self.write(*both)
        self.assertEqual([f["symbols"] for f in document["findings"]], [3, 5])
        self.assertEqual(len({f["fingerprint"] for f in document["findings"]}), 1)
        self.assertEqual(self.known(*both).status, 0)
        self.assertEqual(self.known(self.COPY[0], self.COPY[1], "--dlopen=./sub/copy.so", "--dlopen=./copy.so").status, 0)
        self.assertIn("no longer there", self.known(*self.COPY).out)
        self.write(*self.COPY)
        self.assertEqual(self.known(*both).status, 1)

    def test_the_file(self):
        self.policy("[check]\nfail-on = warning\n" + PLANS + "[plan few]\nexecutable = ./app\n"
                    "step = dlopen ./first.so:GLOBAL\nstep = dlopen ./few.so\n")
        document = self.write()
        self.assertEqual([(f["plan"], f["from"], f["level"]) for f in document["findings"]],
                         [("bad", "copy.so", "error"), ("few", "few.so", "warning")])
        text = (self.directory / "known.json").read_text()
        self.write(name="again.json")
        self.assertEqual((self.directory / "again.json").read_text(), text)
        self.assertEqual(self.known().status, 0)
        self.assertEqual(self.known(*self.COPY).status, 1, "it is another plan's")
        self.assertNotIn("no longer", self.known("--plan-name=few").out)

    def test_other_plans_stay_in_it(self):
        few = "[plan few]\nexecutable = ./app\nstep = dlopen ./first.so:GLOBAL\nstep = dlopen ./few.so\n"
        self.policy("[check]\nfail-on = warning\nbaseline = known.json\n" + PLANS + few)
        self.write()
        whole = (self.directory / "known.json").read_text()
        self.write("--plan-name=bad", status=0)
        self.assertEqual((self.directory / "known.json").read_text(), whole)
        document = self.write(*self.COPY)
        self.assertEqual([f["plan"] for f in document["findings"]], [None, "bad", "few"])
        self.assertEqual(self.check().status, 0)
        self.policy("[check]\nfail-on = warning\nbaseline = known.json\n" + few)
        document = self.write(status=0)
        self.assertEqual([f["plan"] for f in document["findings"]], [None, "few"], "a plan that is no more is not kept")

    def test_suppressed_and_below_are_not_in_it(self):
        self.assertEqual(self.write(*self.FEW, status=0)["findings"], [])
        self.policy("[suppress]\nrule = captured-references\nreason = r\n")
        self.assertEqual(self.write(*self.COPY, status=0)["findings"], [])

    @unittest.skipUnless(VALIDATES, "there is no validator")
    def test_schema(self):
        self.object("asks.so", "int nobody(void); int ask(void) { return nobody(); }")
        document = self.write(*self.COPY, "--dlopen=./asks.so:LAZY")
        self.assertEqual([f["to"] for f in document["findings"]], ["first.so", None])
        self.assert_valid(document, "bindsim-baseline-1")
        del document["findings"][0]["level"]
        with self.assertRaises(AssertionError):
            self.assert_valid(document, "bindsim-baseline-1")

    def test_complete_or_not_there(self):
        self.assertEqual(self.check("--write-baseline=known.json", "./nowhere").status, 2)
        self.assertFalse((self.directory / "known.json").exists())
        self.assertEqual(self.check("--write-baseline=no/where.json", "./app").status, 2)
        self.assertEqual(self.check("--write-baseline=/dev/full", "./app").status, 2)
        self.write(*self.COPY)
        text = (self.directory / "known.json").read_text()
        self.assertEqual(self.check("--write-baseline=known.json", "./nowhere").status, 2)
        self.assertEqual((self.directory / "known.json").read_text(), text)

    def test_problems(self):
        good = {"plan": None, "fingerprint": "0" * 16, "rule": "r", "from": "a", "to": None, "level": "note", "symbols": 1}
        for text, problem in (("nonsense", "line 1, column"), ("{}", '"schema": "bindsim-baseline-1" is wanted'),
                              ('{"schema":"bindsim-baseline-1"}', "findings: an array is wanted"),
                              *((json.dumps({"schema": "bindsim-baseline-1", "findings": [good, {**good, key: bad}]}),
                                 f"findings[1].{key} is not there, or wrong")
                                for key, bad in (("fingerprint", "x"), ("fingerprint", None), ("level", "none"), ("symbols", -1),
                                                 ("symbols", "1"), ("rule", 1), ("from", None)))):
            self.file("known.json", text)
            self.assert_trouble(self.known("./app"), "known.json: ", problem)
        self.file("known.json", json.dumps({"schema": "bindsim-baseline-1", "more": 1, "findings": [{**good, "more": 1}]}))
        self.assertEqual(self.known("./app").status, 0, "a later version has more members")
        (self.directory / "known.json").unlink()
        self.assert_trouble(self.known("./app"), "known.json: No such file")


class PipelineTest(CheckTest):
    """A shell script as a pipeline runs it: it fails on a new duplicate, and passes with the baseline."""

    SCRIPT = """set -eu
if [ "${1-}" = accept ]; then
	bindsim check --quiet --write-baseline=ci/baseline.json || test $? = 1
fi
bindsim check --report=ndjson:ci/report.ndjson
"""
    POLICY = """[check]
baseline = ci/baseline.json
[plan plugins]
executable = ./app
step = dlopen ./first.so:NOW,GLOBAL
step = dlopen ./copy.so:NOW
"""

    def run_script(self, *arguments):
        path = f"{os.path.dirname(BINDSIM)}:{os.environ['PATH']}"
        return subprocess.run(["sh", "ci.sh", *arguments], cwd=self.directory, env=environment(PATH=path), check=False,
                              text=True, capture_output=True, timeout=60)

    def test_pipeline(self):
        self.file("ci.sh", self.SCRIPT)
        self.file("ci/baseline.json", '{"schema":"bindsim-baseline-1","schema_version":"1.0","findings":[]}')
        self.policy(self.POLICY)
        self.assertEqual(self.run_script().returncode, 1, "the duplicate is new")
        self.assertEqual(self.run_script("accept").returncode, 0)
        self.assertEqual(self.run_script().returncode, 0, "it is known")
        # A change brings one more duplicate.
        self.object("new.so", user(3, 500))
        self.policy(self.POLICY + "step = dlopen ./new.so:NOW\n")
        done = self.run_script()
        self.assertEqual(done.returncode, 1)
        self.assertIn("new.so is bound to first.so for 3 symbols", done.stdout)
        self.assertNotIn("copy.so is bound", done.stdout)
        last = json.loads((self.directory / "ci/report.ndjson").read_text().splitlines()[-1])
        self.assertEqual((last["verdict"]["counts"], last["verdict"]["baseline"]), (1, 1))


if __name__ == "__main__":
    unittest.main()
