#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Policies: each key has a case that passes and one that fails."""

import json
import os
import unittest
import xml.etree.ElementTree
from pathlib import Path

from check_case import PLANS, CheckTest, functions, user
from examples import build_examples
from harness import ROOT, environment


class FileTest(CheckTest):
    """Where the policy is, and what is wrong with it."""

    QUIET = "[suppress]\nrule = captured-references\nreason = r\n"

    def test_found_upwards(self):
        (self.directory / "below/deeper").mkdir(parents=True)
        self.policy(self.QUIET)
        command = ("../../app", "--dlopen=../../first.so:GLOBAL", "--dlopen=../../copy.so")
        answer = self.check("-v", *command, cwd="below/deeper")
        self.assertEqual(answer.status, 0, answer)
        self.assertIn("bindsim: the policy is ../../.bindsim.ini\n", answer.err)
        self.assertEqual(self.check("--no-policy", *command, cwd="below/deeper").status, 1)
        self.policy("[check]\n", "below/.bindsim.ini")
        answer = self.check("-v", *command, cwd="below/deeper")
        self.assertEqual(answer.status, 1)
        self.assertIn("the policy is ../.bindsim.ini\n", answer.err)

    def test_named(self):
        self.policy(self.QUIET, "other.ini")
        self.assertEqual(self.check(*self.COPY).status, 1)
        self.assertEqual(self.check("--policy=other.ini", *self.COPY).status, 0)
        self.assertEqual(self.check("--policy=-", *self.COPY, input=self.QUIET.encode()).status, 0)
        self.assert_trouble(self.check("--policy=nowhere.ini", *self.COPY), "nowhere.ini: No such file")
        self.assert_trouble(self.check("--policy=other.ini", "--no-policy", *self.COPY), "one of the two")

    def test_verbose_without(self):
        self.assertIn("bindsim: there is no policy\n", self.check("-v", "--no-policy", "./app").err)

    def test_problems(self):
        for text, problem in (
                ("rule = healed\n", ".bindsim.ini:1: a section has to come first"),
                ("[checks]\n", ".bindsim.ini:1: no such section: 'checks'; did you mean check?"),
                ("[supress]\n", ".bindsim.ini:1: no such section: 'supress'; did you mean suppress?"),
                ("[levl healed]\n", ".bindsim.ini:1: no such section: 'levl healed'; did you mean level healed?"),
                ("[rules]\n", ".bindsim.ini:1: no such section: 'rules'; there are check plan NAME libraries NAME level RULE allow"),
                ("[check]\nfailon = error\n", ".bindsim.ini:2: no such key in [check]: 'failon'; did you mean fail-on?"),
                ("[plan a]\nexecutabel = x\n", ".bindsim.ini:2: no such key in [plan NAME]: 'executabel'; did you mean executable?"),
                ("[suppress]\nruel = healed\n", ".bindsim.ini:2: no such key here: 'ruel'; did you mean rule?"),
                ("[suppress]\nrule = captured-reference\n",
                 ".bindsim.ini:2: no such rule: 'captured-reference'; did you mean captured-references?"),
                ("[level heald]\n", ".bindsim.ini:1: no such rule: 'heald'; did you mean healed?"),
                ("[check]\nnonsense\n", ".bindsim.ini:2: neither `[NAME]' nor `KEY = VALUE'"),
                ("[check]\nfail = error\n", ".bindsim.ini:2: no such key in [check]: 'fail'"),
                ("[check]\nfail-on = always\n", ".bindsim.ini:2: error, warning, note or none is wanted"),
                ("[check]\nuse-env = maybe\n", ".bindsim.ini:2: yes or no is wanted"),
                ("[check]\nroot =\n", ".bindsim.ini:2: nothing stands behind"),
                ("[level nothing]\n", ".bindsim.ini:1: no such rule: 'nothing'"),
                ("[level healed]\n\n[check]\n", ".bindsim.ini:1: [level RULE] needs a level"),
                ("[level healed]\nlevel = bad\n", ".bindsim.ini:2: error, warning"),
                ("[plan]\n", ".bindsim.ini:1: a plan has a name"),
                ("[plan a]\nexecutable = ./app\n[plan a]\n", ".bindsim.ini:3: there is a plan a in line 1"),
                ("[plan a]\nstep = dlopen x\n", ".bindsim.ini:1: [plan NAME] needs an executable or a host"),
                ("[plan a]\nhost = x\nexecutable = x\n", ".bindsim.ini:1: [plan NAME] needs an executable or a host"),
                ("[plan a]\nhost = ./x\n", ".bindsim.ini:2: a host is looked for in $PATH"),
                ("[plan a]\ncolour = red\n", ".bindsim.ini:2: no such key in [plan NAME]: 'colour'"),
                ("[allow]\nreason = r\n", ".bindsim.ini:1: which duplicates?"),
                ("[forbid]\nrule = healed\n", ".bindsim.ini:2: no such key here: 'rule'; there are symbol demangled"),
                ("[require-binding]\nsymbol = a\n", ".bindsim.ini:1: [require-binding] needs a symbol and a to"),
                ("[require-isolation]\n", ".bindsim.ini:1: [require-isolation] needs a between"),
                ("[require-isolation]\nbetween = a\n", ".bindsim.ini:2: two objects are wanted"),
                ("[require-export]\nobject = a\n", ".bindsim.ini:1: [require-export] needs an object and a symbol"),
                ("[require-bind-now]\n", ".bindsim.ini:1: [require-bind-now] needs an object"),
                ("[suppress]\nrule = healed\n", ".bindsim.ini:1: [suppress] needs a reason"),
                ("[suppress]\nrule = healed\nreason =\n", ".bindsim.ini:3: the reason is empty: say why"),
                ("[suppress]\nreason = r\n", ".bindsim.ini:1: which findings?"),
                ("[suppress]\nrule = none\n", ".bindsim.ini:2: no such rule: 'none'; there are captured-references "),
                ("[suppress]\nrule = healed\nreason = r\nexpires = 2026-13-01\n", ".bindsim.ini:4: a day is wanted"),
                ("[suppress]\nfrom = a\nfrom = b\n", ".bindsim.ini:3: `from' is there twice"),
                ("[suppress]\nfrom = " + "a" * 200 + "\n", ".bindsim.ini:2: the line is longer"),
                ("[" + "a" * 60 + "]\n", ".bindsim.ini:1: the name is longer"),
                ("[check]\n [check]\n", ".bindsim.ini:2: a section begins at the start of its line"),
                ("[check]\n\0", ".bindsim.ini: it has a NUL byte at offset 8")):
            self.policy(text)
            self.assert_trouble(self.check("./app"), f"bindsim: {problem}")

    def test_comments(self):
        self.policy("; words\n[suppress] ; more\nrule = captured-references ; of them\nreason = r\n")
        self.assertEqual(self.check(*self.COPY).status, 0)


class ManualTest(CheckTest):
    """The example in bindsim-policy(5)."""

    def test_example(self):
        page = (ROOT / "man/bindsim-policy.5").read_text()
        example = page.partition(".Bd -literal -offset indent\n")[2].partition(".Ed\n")[0]
        self.assertGreater(example.count("["), 8)
        build_examples(self.directory)
        self.policy(example)
        (self.directory / "ci").mkdir()
        self.check("--plan-name=plugin", "--write-baseline=ci/bindsim-baseline.json")
        answer = self.check("--plan-name=plugin", "--today=2027-06-30")
        self.assertEqual((answer.status, self.summary(answer)), (0, "no finding counts, 1 suppressed"))
        self.assertEqual(self.check("--plan-name=plugin", "--today=2027-07-01").status, 1)


class DefaultsTest(CheckTest):
    """[check]."""

    def test_fail_on(self):
        self.policy("[check]\nfail-on = warning\n")
        self.assertEqual(self.check(*self.FEW).status, 1)
        self.assertEqual(self.check("--fail-on=error", *self.FEW).status, 0)
        self.policy("[check]\nfail-on = none\n")
        self.assertEqual(self.check(*self.COPY).status, 0)

    def test_library_path(self):
        self.object("lib/libneeded.so", "int needed;", "-Wl,-soname,libneeded.so")
        self.object("needy.so", "extern int needed; int *n = &needed;", "lib/libneeded.so")
        needy = ("./app", "--dlopen=./needy.so")
        self.assertEqual(self.check(*needy).status, 1)
        self.policy("[check]\nlibrary-path = lib\n")
        self.assertEqual(self.check(*needy).status, 0)
        self.assertEqual(self.check("--library-path=elsewhere", *needy).status, 1)

    def test_loader(self):
        self.policy("[check]\nloader = glibc:2.31\n")
        self.assertIn("glibc 2.31", self.check("./app").out)
        self.assertIn("glibc 2.28", self.check("--loader=glibc:2.28", "./app").out)
        self.policy("[check]\nloader = hurd\n")
        self.assertEqual(self.check("./app").status, 2)

    def test_root(self):
        self.policy("[check]\nroot = image\n[plan inside]\nexecutable = /app\n")
        (self.directory / "image/lib64").mkdir(parents=True)
        (self.directory / "below").mkdir()
        self.program("image/app")
        loader = os.path.realpath("/lib64/ld-linux-x86-64.so.2")
        (self.directory / "image/lib64/ld-linux-x86-64.so.2").write_bytes(Path(loader).read_bytes())
        self.assertEqual(self.check().status, 0)
        self.assertEqual(self.check(cwd="below").status, 0)
        self.assertEqual(self.check("--root=/nowhere").status, 2)

    def test_baseline(self):
        (self.directory / "below").mkdir()
        self.policy("[check]\nbaseline = known.json\n[plan a]\nexecutable = ./app\n"
                    "step = dlopen ./first.so:GLOBAL\nstep = dlopen ./copy.so\n")
        self.assert_trouble(self.check(), "known.json: No such file", ".bindsim.ini names it", "--write-baseline=known.json")
        self.assertEqual(self.check("--write-baseline=known.json").status, 1)
        self.assertEqual(self.check().status, 0)
        self.assertEqual(self.check(cwd="below").status, 0)
        self.file("none.json", '{"schema":"bindsim-baseline-1","schema_version":"1.0","findings":[]}')
        self.assertEqual(self.check("--baseline=none.json").status, 1)


class PlanTest(CheckTest):
    """[plan NAME]."""

    def test_all_and_one(self):
        self.policy(PLANS)
        answer = self.check()
        self.assertEqual(answer.status, 1)
        self.assertRegex(answer.out, r"(?s)^bad: ./app: .*\ncheck: failed: .*\n\ngood: ./app: .*\ncheck: passed: ")
        self.assertEqual(answer.err, "bindsim: plan bad: check failed: 1 finding counts\n")
        self.assertEqual(self.check("--plan-name=good").status, 0)
        answer = self.check("--plan-name=bad")
        self.assertEqual(answer.status, 1)
        self.assertNotIn("good", answer.out)
        self.assertEqual(self.check("./app").status, 0)
        self.assert_trouble(self.check("--plan-name=other"), "'other': no such plan; there are bad good")
        self.assert_trouble(self.check("--plan-name=good", "./app"), "not both")
        self.policy("[check]\n")
        self.assert_trouble(self.check(), "which executable? .bindsim.ini has no [plan NAME]")

    def test_trouble_with_one(self):
        self.policy(PLANS + "[plan missing]\nexecutable = ./nowhere\n")
        answer = self.check("-o", "report")
        self.assertEqual(answer.status, 2)
        self.assertIn("plan missing: ./nowhere: No such file", answer.err)
        self.assertFalse((self.directory / "report").exists())

    def test_home_is_the_directory_of_the_policy(self):
        (self.directory / "below").mkdir()
        self.policy(PLANS)
        self.assertEqual(self.check("--plan-name=good", cwd="below").status, 0)
        self.assertIn("copy.so is bound to first.so", self.check(cwd="below").out)
        self.assertEqual(self.check("--plan-name=good", f"--policy={self.directory}/.bindsim.ini", cwd="/").status, 0)

    def test_steps(self):
        self.object("calls.so", "int codec_0(void); int call(void) { return codec_0(); }")
        self.policy("[plan a]\nexecutable = ./app\nstep = init first.so\nstep = dlopen ./few.so:LAZY\nstep = end-init\n"
                    "step = dlopen ./first.so:GLOBAL\nstep = dlopen ./calls.so:LAZY\nstep = call calls.so:codec_0\n"
                    "step = dlsym DEFAULT:codec_1\nstep = dlmopen ./few.so\nstep = dlclose 6\n")
        policy = json.loads(self.check("--format=json").out)["question"]
        line = json.loads(self.bindsim(
            "--no-env", "--format=json", "./app", "--init=first.so", "--dlopen=./few.so:LAZY", "--end-init",
            "--dlopen=./first.so:GLOBAL", "--dlopen=./calls.so:LAZY", "--call=calls.so:codec_0", "--dlsym=DEFAULT:codec_1",
            "--dlmopen=./few.so", "--dlclose=6").out)["question"]
        self.assertEqual(policy, line)

    def test_wrong_steps(self):
        for step, problem in (("open ./x.so", "step 'open ./x.so': dlopen FILE[:FLAGS], dlmopen, dlsym"),
                              ("dlclose one", "the number of a step is wanted"), ("end-init", "no init before it"),
                              ("dlsym", "is wanted"), ("end-init x", "end-init takes no value")):
            self.policy(f"[plan a]\nexecutable = ./app\nstep = {step}\n")
            self.assert_trouble(self.check(), ".bindsim.ini:3: ", problem)
        self.policy("[plan a]\nexecutable = ./app\nstep = init x\n")
        self.assert_trouble(self.check(), ".bindsim.ini:1: plan a: an init has no end-init")
        self.policy("[plan a]\nexecutable = ./app\nenv = x\n")
        self.assert_trouble(self.check(), ".bindsim.ini:3: env 'x': NAME=VALUE is wanted")

    def test_env_and_what_wins(self):
        self.policy("[plan a]\nexecutable = ./app\nenv = LD_PRELOAD=./copy.so\n")
        self.assertIn("copy.so", self.check("--show=objects").out)
        out = self.check("--show=objects", "--env=LD_PRELOAD=./few.so").out
        self.assertIn("few.so", out)
        self.assertNotIn("copy.so", out)

    def test_caller(self):
        self.object("sub/beside.so")
        self.object("caller.so", "int caller;", "-Wl,--enable-new-dtags", "-Wl,-rpath,$ORIGIN/sub")
        plan = "[plan a]\nexecutable = ./app\nstep = dlopen ./caller.so\n%sstep = dlopen beside.so\n"
        self.policy(plan % "")
        self.assertEqual(self.check().status, 1)
        self.policy(plan % "caller = caller.so\n")
        self.assertEqual(self.check().status, 0)

    def test_host(self):
        self.program("bin/host-of-plugins")
        # What lies about in the working directory is no host.
        (self.directory / "host-of-plugins").mkdir()
        self.policy("[plan a]\nhost = host-of-plugins\nstep = dlopen ./first.so\n")
        env = environment(PATH=f"{self.directory}/bin:{os.environ['PATH']}")
        self.assertEqual(self.check(env=env).status, 0)
        self.assert_trouble(self.check(), "plan a: the host host-of-plugins is not in $PATH")

    def test_formats(self):
        self.policy(PLANS)
        document = json.loads(self.check("--format=json").out)
        self.assertEqual([plan["name"] for plan in document["plans"]], ["bad", "good"])
        # Of one plan it is what it would be without others.
        alone = self.check("--format=json", "--plan-name=bad")
        self.assertEqual((alone.status, json.loads(alone.out)), (1, document["plans"][0]["report"]))
        for options in ([], ["--plan-name=good"]):
            issues = json.loads(self.check("--format=gitlab", *options).out)
            self.assertEqual(len({issue["fingerprint"] for issue in issues}), 0 if options else 1)
        self.assertEqual([run["automationDetails"]["id"] != "" for run in json.loads(self.check("--format=sarif").out)["runs"]],
                         [True, True])
        suites = xml.etree.ElementTree.fromstring(self.check("--format=junit").out)
        self.assertEqual([suite.tag for suite in suites], ["testsuite", "testsuite"])
        lines = [json.loads(line) for line in self.check("--format=ndjson").out.splitlines()]
        self.assertEqual([line["verdict"]["plan"] for line in lines if line["type"] == "end"], ["bad", "good"])

    def test_written_as_a_plan_file(self):
        self.policy(PLANS)
        self.assertEqual(self.check("--plan-name=bad", "--format=plan", "-o", "bad.plan").status, 0)
        self.assertIn("captured-references", self.bindsim("--plan=bad.plan").out)
        self.assert_trouble(self.check("--format=plan"), "plan is about one plan")

    def test_a_plan_file(self):
        self.bindsim("--no-env", "--format=plan", "-o", "app.plan", *self.COPY)
        self.assertEqual(self.check("--plan=app.plan").status, 1)


class LevelTest(CheckTest):
    """[level RULE]."""

    def levels(self, text, *arguments):
        self.policy(text)
        return [(level, disposition) for rule, level, disposition in self.findings(*arguments)
                if rule == "captured-references"]

    def test_levels(self):
        level = "[level captured-references]\nlevel = "
        self.assertEqual(self.levels(level + "error\n", *self.FEW), [("error", "counts")])
        self.assertEqual(self.levels(level + "warning\n", *self.COPY), [("warning", "below")])
        self.assertEqual(self.levels(level + "note\n", *self.COPY), [("note", "below")])
        self.assertEqual(self.levels(level + "none\n", *self.COPY), [])
        self.assertEqual(self.levels("[level healed]\nlevel = none\n", *self.COPY), [("error", "counts")])

    def test_objects(self):
        for key, good, bad in (("from", "copy.*", "few.so"), ("to", "first.so", "copy.so")):
            text = "[level captured-references]\nlevel = note\n%s = %s\n"
            self.assertEqual(self.levels(text % (key, good), *self.COPY), [("note", "below")])
            self.assertEqual(self.levels(text % (key, bad), *self.COPY), [("error", "counts")])

    def test_the_last_one_is_right(self):
        text = "[level captured-references]\nlevel = %s\n"
        self.assertEqual(self.levels(text % "none" + text % "error", *self.COPY), [("error", "counts")])
        self.assertEqual(self.levels(text % "error" + text % "note", *self.COPY), [("note", "below")])


class DuplicateTest(CheckTest):
    """[allow] and [forbid]."""

    def setUp(self):
        super().setUp()
        self.object("libpair.so.1", user(3, 50, "pair_%d"), "-Wl,-soname,libpair.so.1")
        self.object("other.so", functions(3, 70, "pair_%d") + 'int cxx(void) __asm__("_ZN4llvm4openEv"); int cxx(void) { return 1; }')
        self.object("cxx.so", 'int cxx(void) __asm__("_ZN4llvm4openEv"); int cxx(void) { return 2; }')

    # Nothing is bound across: no rule but the policy's has anything to say that counts.
    APART = ("./app", "--dlopen=./libpair.so.1", "--dlopen=./other.so", "--dlopen=./cxx.so")
    MATCHING = (("symbol", "pair_*", "other_*"), ("symbol", "llvm::*", "clang::*"), ("demangled", "llvm::*", "clang::*"),
                ("object", "other.so", "few.so"), ("soname", "libpair.so.*", "other.so"), ("family", "libpair", "libpair.so"))

    def test_forbid(self):
        self.assertEqual(self.by_policy("[check]\n", "forbidden-duplicate", *self.APART), None)
        for key, good, bad in self.MATCHING:
            text = "[forbid]\n%s = %s\nreason = there is to be one\n"
            self.policy(text % (key, good))
            self.assertIn(("forbidden-duplicate", "error", "counts"), self.findings(*self.APART), key)
            self.policy(text % (key, bad))
            self.assertEqual(self.disposition("forbidden-duplicate", *self.APART), None, key)
        self.policy("[forbid]\nsymbol = pair_*\nreason = there is to be one\n")
        out = self.check(*self.APART).out
        self.assertIn("other.so and libpair.so.1 both define 3 symbols, which the policy forbids", out)
        self.assertIn("policy      .bindsim.ini:1: there is to be one", out)

    def test_forbid_needs_all_keys(self):
        self.policy("[forbid]\nsymbol = pair_*\nobject = cxx.so\n")
        self.assertEqual(self.disposition("forbidden-duplicate", *self.APART), None)

    def test_what_is_no_duplicate(self):
        self.policy("[forbid]\nsymbol = *\n")
        self.assertEqual(self.disposition("forbidden-duplicate", "--preload=./libpair.so.1", "./app", "--dlopen=./other.so"), None)
        self.assertEqual(self.disposition("forbidden-duplicate", "./app", "--dlopen=./libpair.so.1"), None)
        self.assertEqual(self.disposition("forbidden-duplicate", "./app", "--dlopen=./libpair.so.1", "--dlmopen=./other.so"), None)

    def test_allow_is_an_exception(self):
        text = "[forbid]\nsymbol = pair_*\n[allow]\n%s = %s\n"
        for key, good, bad in (("symbol", "pair_*", "pair_9"), ("object", "libpair.so.1", "cxx.so"),
                               ("family", "libpair", "libother")):
            self.assertEqual(self.by_policy(text % (key, good), "forbidden-duplicate", *self.APART), None)
            self.assertEqual(self.by_policy(text % (key, bad), "forbidden-duplicate", *self.APART), "counts")
        self.policy(text % ("symbol", "pair_0"))
        self.assertIn("both define 2 symbols", self.check(*self.APART).out)

    def test_allow_excuses_findings(self):
        plan = ("./app", "--dlopen=./other.so:GLOBAL", "--dlopen=./libpair.so.1")
        self.assertEqual(self.by_policy("[check]\n", "captured-references", *plan), "counts")
        for key, good, bad in (("symbol", "pair_*", "pair_0"), ("demangled", "pair_*", "llvm::*"),
                               ("object", "other.so", "cxx.so"), ("soname", "libpair.so.1", "other.so"),
                               ("family", "libpair", "libother")):
            text = "[allow]\n%s = %s\nreason = the same in both\n"
            self.assertEqual(self.by_policy(text % (key, good), "captured-references", *plan), "suppressed", key)
            self.assertEqual(self.by_policy(text % (key, bad), "captured-references", *plan), "counts", key)

    def test_allow_is_about_duplicates(self):
        self.object("asks.so", "int nobody(void); int ask(void) { return nobody(); }")
        self.assertEqual(self.by_policy("[allow]\nobject = asks.so\n", "unresolved-at-call", "./app", "--dlopen=./asks.so:LAZY"), "counts")


class RequirementTest(CheckTest):
    """[require-...]."""

    def test_binding(self):
        text = "[require-binding]\nsymbol = %s\nfrom = %s\nto = %s\n"
        for symbol, whose, to, broken in (("codec_*", "copy.so", "first.so", None), ("codec_*", "copy.so", "copy.so", "counts"),
                                          ("codec_4", "copy.so", "copy.so", "counts"), ("codec_9", "copy.so", "copy.so", None),
                                          ("codec_*", "few.so", "copy.so", None), ("codec_*", "*", "first.so", None)):
            self.assertEqual(self.by_policy(text % (symbol, whose, to), "required-binding"), broken, (symbol, whose, to))
        self.policy("[require-binding]\nsymbol = codec_*\nto = copy.so\n")
        out = self.check(*self.COPY).out
        self.assertIn("required-binding: copy.so is bound elsewhere for 5 symbols than the policy requires (step 2)", out)
        self.assertIn("bound to    first.so, and not to copy.so\n   policy      .bindsim.ini:1\n", out)

    def test_binding_to_nobody(self):
        self.object("asks.so", "int nobody(void); int ask(void) { return nobody(); }")
        self.assertEqual(self.by_policy("[require-binding]\nsymbol = nobody\nto = asks.so\n", "required-binding", "./app",
                                        "--dlopen=./asks.so:LAZY"), "counts")
        self.assertIn("bound to    nobody, and not to asks.so\n", self.check("./app", "--dlopen=./asks.so:LAZY").out)

    def test_binding_by_what_people_write(self):
        cxx = 'int open_(void) __asm__("_ZN4llvm4openEv"); int open_(void) { return %d; }'
        self.object("llvm.so", cxx % 1)
        self.object("plugin.so", cxx % 2 + "int use(void) { return open_(); }")
        plan = ("./app", "--dlopen=./llvm.so:GLOBAL", "--dlopen=./plugin.so")
        text = "[require-binding]\nsymbol = llvm::*\nfrom = plugin.so\nto = plugin.so\n"
        self.assertEqual(self.by_policy(text, "required-binding", *plan), "counts")
        self.assertEqual(self.by_policy(text, "required-binding", plan[0], plan[1], plan[2] + ":DEEPBIND"), None)

    def test_binding_that_changes_later(self):
        self.object("late.so", "int codec_0(void); int late(void) { return codec_0(); }")
        self.object("third.so", functions(1, 9))
        plan = ["./app", "--dlopen=./late.so:LAZY", "--dlopen=./first.so:GLOBAL", "--dlclose=2", "--dlopen=./third.so:GLOBAL"]
        self.policy("[require-binding]\nsymbol = codec_0\nfrom = late.so\nto = first.so\n")
        document = json.loads(self.check("--format=json", *plan).out)
        told = [(f["step"], f["to"] is None) for f in document["findings"] if f["rule"] == "required-binding"]
        self.assertEqual(sorted(told), [(1, True), (3, True), (4, False)])

    def test_isolation(self):
        text = "[require-isolation]\nbetween = %s\n"
        for between, broken in (("copy.so,first.so", "counts"), ("first.so , copy.so", "counts"), ("copy.so,few.so", None),
                                ("app,first.so", None)):
            self.assertEqual(self.by_policy(text % between, "required-isolation"), broken, between)
        self.policy(text % "copy.so,first.so")
        self.assertEqual(self.disposition("required-isolation", *self.COPY[:2], "--dlopen=./copy.so:DEEPBIND"), None)

    def test_export(self):
        text = "[require-export]\nobject = %s\nsymbol = %s\n"
        for whose, symbol, broken in (("copy.so", "plugin", None), ("copy.so", "plug*", None), ("copy.so", "entry", "counts"),
                                      ("*.so", "plugin", "counts"), ("gone.so", "plugin", "counts")):
            self.assertEqual(self.by_policy(text % (whose, symbol), "required-export"), broken, (whose, symbol))
        self.object("hidden.so", '__attribute__((visibility("hidden"))) int plugin(void) { return 1; }')
        self.assertEqual(self.by_policy(text % ("hidden.so", "plugin"), "required-export", "./app", "--dlopen=./hidden.so"),
                         "counts")
        self.policy(text % ("gone.so", "plugin"))
        self.assertRegex(self.check(*self.COPY).out, r"lacks       plugin\n(.*\n)?   but         no object is called gone.so")

    def test_export_in_several_plans(self):
        self.policy("[require-export]\nobject = copy.so\nsymbol = plugin\n"
                    "[plan with]\nexecutable = ./app\nstep = dlopen ./copy.so\n[plan without]\nexecutable = ./app\n")
        self.assertEqual(self.check().status, 0)
        self.assertEqual(self.check("--plan-name=without").status, 0)
        self.policy("[require-export]\nobject = copy.so\nsymbol = plugin\n[plan without]\nexecutable = ./app\n")
        self.assertEqual(self.check().status, 1)

    def test_bind_now(self):
        text = "[require-bind-now]\nobject = %s\n"
        lazy = ("./app", "--dlopen=./first.so:GLOBAL", "--dlopen=./few.so:LAZY")
        self.assertEqual(self.by_policy(text % "few.so", "required-bind-now", *lazy), "counts")
        self.assertEqual(self.by_policy(text % "few.so", "required-bind-now", *self.FEW), None)
        self.assertEqual(self.by_policy(text % "copy.so", "required-bind-now", *lazy), None)
        self.assertEqual(self.by_policy(text % "few.so", "required-bind-now", "--bind-now", *lazy), None)
        self.policy(text % "few.so")
        self.assertIn("few.so leaves 2 functions to their first call", self.check(*lazy).out)

    def test_they_can_be_suppressed(self):
        text = "[require-export]\nobject = copy.so\nsymbol = entry\n[suppress]\nrule = required-export\nreason = r\n"
        self.assertEqual(self.by_policy(text, "required-export"), "suppressed")
        text = "[require-export]\nobject = copy.so\nsymbol = entry\n[level required-export]\nlevel = note\n"
        self.assertEqual(self.by_policy(text, "required-export"), "below")


class SuppressTest(CheckTest):
    """[suppress]."""

    def test_keys(self):
        for key, good, bad in (("rule", "captured-references", "healed"), ("from", "copy.so", "few.so"), ("to", "first.so", "copy.so"),
                               ("symbol", "codec_*", "codec_0"), ("symbol", "*", "other_*")):
            text = "[suppress]\n%s = %s\nreason = r\n"
            self.assertEqual(self.by_policy(text % (key, good), "captured-references"), "suppressed", (key, good))
            self.assertEqual(self.by_policy(text % (key, bad), "captured-references"), "counts", (key, bad))
        both = "[suppress]\nfrom = copy.so\nto = few.so\nreason = r\n"
        self.assertEqual(self.by_policy(both, "captured-references"), "counts")

    def test_symbols_that_are_no_examples(self):
        self.object("many.so", functions(9) + functions(1, 5, "zz_%d"))
        self.object("uses.so", user(9, 100) + "int zz_0(void) { return 3; } int more(void) { return zz_0(); }")
        plan = ("./app", "--dlopen=./many.so:GLOBAL", "--dlopen=./uses.so")
        text = "[suppress]\nrule = captured-references\nsymbol = %s\nreason = r\n"
        self.assertEqual(self.by_policy(text % "codec_*", "captured-references", *plan), "counts")
        self.assertEqual(self.by_policy(text % "[cz]*", "captured-references", *plan), "suppressed")

    def test_expires(self):
        text = "[suppress]\nrule = captured-references\nreason = r\nexpires = 2026-06-30\n"
        self.policy(text)
        self.assertEqual(self.findings("--today=2026-06-30", *self.COPY), [("captured-references", "error", "suppressed")])
        self.assertEqual(self.findings("--today=2026-07-01", *self.COPY),
                         [("captured-references", "error", "counts"), ("expired-suppression", "warning", "below")])
        out = self.check("--today=2026-07-01", *self.COPY).out
        self.assertIn("expired-suppression: 1 suppression of the policy has expired", out)
        self.assertIn(".bindsim.ini:1: rule=captured-references expires=2026-06-30", out)

    def test_the_day(self):
        self.policy("[suppress]\nrule = captured-references\nreason = r\nexpires = 2001-09-09\n")
        for epoch, status in (("1000000000", 0), ("1000080000", 1)):
            self.assertEqual(self.check(*self.COPY, env=environment(SOURCE_DATE_EPOCH=epoch)).status, status)
        self.assertEqual(self.check(*self.COPY).status, 1, "it is later by the clock")
        self.assertEqual(self.check("--today=2001-09-09", *self.COPY, env=environment(SOURCE_DATE_EPOCH="2000000000")).status, 0)

    def test_unused(self):
        self.policy("[suppress]\nrule = healed\nreason = r\n[suppress]\nrule = captured-references\nreason = r\n")
        self.assertEqual(self.findings(*self.COPY),
                         [("captured-references", "error", "suppressed"), ("unused-suppression", "note", "below")])
        answer = self.check("--fail-on=note", *self.COPY)
        self.assertIn("note: unused-suppression: 1 suppression of the policy meets no finding", answer.out)
        self.assertIn(".bindsim.ini:1: rule=healed", answer.out)
        self.assertNotIn(".bindsim.ini:4", answer.out)

    def test_notes_are_of_use(self):
        self.object("alone.so", functions(5, 50))
        self.policy("[suppress]\nrule = isolated\nreason = r\n")
        out = self.check("--show=notes", "./app", "--dlopen=./first.so", "--dlopen=./alone.so").out
        self.assertNotIn("unused", out)

    def test_unused_in_no_plan(self):
        self.policy("[suppress]\nrule = captured-references\nreason = r\n" + PLANS)
        self.assertNotIn("unused", self.check("--show=notes").out)
        self.assertNotIn("unused", self.check("--show=notes", "--plan-name=good").out)
        self.assertIn("unused", self.check("--show=notes", "./app").out)

    def test_generated(self):
        self.policy("[check]\nfail-on = warning\n" + PLANS + "[plan few]\nexecutable = ./app\n"
                    "step = dlopen ./first.so:GLOBAL\nstep = dlopen ./copy.so\nstep = dlopen ./few.so\n")
        answer = self.check("--gen-suppressions")
        self.assertEqual(answer.status, 1)
        self.assertEqual(answer.out.count("[suppress]"), 2, "one for each finding, in however many plans it is")
        policy = (self.directory / ".bindsim.ini").read_text()
        self.policy(policy + answer.out)
        self.assert_trouble(self.check(), "the reason is empty: say why")
        self.policy(policy + answer.out.replace("reason =", "reason = because"))
        answer = self.check("--show=notes,findings")
        self.assertEqual(answer.status, 0, answer)
        self.assertNotIn("unused", answer.out)
        self.assertEqual(self.check("--gen-suppressions").out, "")
        self.assert_trouble(self.check("--gen-suppressions", "--format=json"), "--gen-suppressions writes sections")

    def test_generated_for_odd_names(self):
        name = "a[b]*; c.so"
        os.rename(self.directory / "copy.so", self.directory / name)
        plan = (*self.COPY[:2], f"--dlopen=./{name}")
        self.policy(self.check("--gen-suppressions", *plan).out.replace("reason =", "reason = because"))
        self.assertEqual(self.check(*plan).status, 0)
        self.assertEqual(self.check(*self.COPY[:2], "--dlopen=./few.so", "--fail-on=warning").status, 1)

    def test_generated_for_functions_that_nobody_defines(self):
        self.object("asks.so", "int nobody(void); int ask(void) { return nobody(); }")
        plan = ("./app", "--dlopen=./asks.so:LAZY")
        out = self.check("--gen-suppressions", *plan).out
        self.assertIn("symbol = nobody\n", out)
        self.policy(out.replace("reason =", "reason = because"))
        self.assertEqual(self.check(*plan).status, 0)


if __name__ == "__main__":
    unittest.main()
