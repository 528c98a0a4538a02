#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Steps of every kind in the JSON formats, and jump slots over time.

    steps_test.py --bindsim build/bindsim [-- arguments of unittest]
"""

import random
import sys

import reports
from case import OPTIONS, Case, main
from case import setUpModule as set_up
from damage import damages
from fixtures import furnish_steps
from plans import furnish_random, random_plan

HERE, THERE, KINDS = "./libhere.so", "./libthere.so", "./libkinds.so"
SEEDS = 120


def setUpModule():
    set_up()
    furnish_steps(Case.shop)


class StepCase(Case):
    """Asks about ./steps."""

    def steps(self, *arguments, **named):
        """The document, and its steps by their numbers."""
        document = self.ask("./steps", *arguments, **named)
        return document, {step["number"]: step for step in document["steps"]}

    def slot(self, document, symbol, source="libcalls.so"):
        """The record of a slot, its answers as (after, name or what else happens)."""
        found = [slot for slot in document["slots"]
                 if slot["symbol"] == symbol and self.name(document, slot["from"]) == source]
        self.assertEqual(1, len(found), "%s: %s" % (symbol, found))
        return found[0], [(answer["after"], self.name(document, answer["to"]) or answer["outcome"])
                          for answer in found[0]["answers"]]


class Question(StepCase):
    def test_every_kind_has_its_members(self):
        document, _ = self.steps("--dlopen", HERE + ":LAZY", "--dlmopen", THERE, "--dlmopen", HERE + "@2",
                                 "--dlsym", "here", "--dlsym", "NEXT:here", "--dlsym", "1:here@V", "--dlclose", "1",
                                 "--call", "libcalls.so:steady", "--caller", "libcalls.so", "--dlsym", "call")
        common = [{key: step.pop(key) for key in ("number", "block", "caller")}
                  for step in document["question"]["steps"]]
        self.assertEqual([{"number": number, "block": None, "caller": "libcalls.so" if number == 9 else None}
                          for number in range(1, 10)], common)
        flags = {"spelled": None, "flags": [], "number_flags": None}
        self.assertEqual(
            [{"kind": "dlopen", "file": HERE, "spelled": "LAZY", "flags": ["lazy"], "number_flags": None},
             {"kind": "dlmopen", "namespace_of": None, "file": THERE, **flags},
             {"kind": "dlmopen", "namespace_of": 2, "file": HERE, **flags},
             {"kind": "dlsym", "handle": "default", "symbol": "here", "version": None},
             {"kind": "dlsym", "handle": "next", "symbol": "here", "version": None},
             {"kind": "dlsym", "handle": 1, "symbol": "here", "version": "V"},
             {"kind": "dlclose", "handle": 1},
             {"kind": "call", "object": "libcalls.so", "symbol": "steady", "version": None},
             {"kind": "dlsym", "handle": "default", "symbol": "call", "version": None}],
            document["question"]["steps"])

    def test_blocks(self):
        document, _ = self.steps("--init", "libcalls.so", "--dlsym", "call", "--end-init", "--init", "libcalls.so",
                                 "--end-init", "--dlsym", "call")
        self.assertEqual([{"number": 1, "object": "libcalls.so"}, {"number": 2, "object": "libcalls.so"}],
                         document["question"]["blocks"])
        self.assertEqual([1, None], [step["block"] for step in document["question"]["steps"]])


class Results(StepCase):
    def test_dlopen(self):
        document, steps = self.steps("--dlopen", HERE, "--dlopen", HERE, "--dlopen", HERE + ":NODELETE",
                                     "--dlopen", THERE + ":NODELETE")
        here, there = steps[1]["root"], steps[4]["root"]
        self.assertEqual([{"namespace": 0, "handles": 1, "kept": False, "activated": []},
                          {"namespace": 0, "handles": 2, "kept": False, "activated": []},
                          {"namespace": 0, "handles": 3, "kept": True, "activated": []},
                          {"namespace": 0, "handles": 1, "kept": False, "activated": [there]}],
                         [steps[number]["opened"] for number in (1, 2, 3, 4)])
        self.assertEqual([False, True, True, False], [steps[number]["was_open"] for number in (1, 2, 3, 4)])
        self.assertEqual([here, there], document["steps"][-1]["mapped"][-2:])

    def test_dlmopen(self):
        document, steps = self.steps("--dlmopen", HERE, "--dlmopen", THERE + "@1", "--dlmopen", HERE)
        self.assertEqual([1, 1, 2], [steps[number]["opened"]["namespace"] for number in (1, 2, 3)])
        self.assertEqual([1, 1, 2], [document["objects"][steps[number]["root"]]["namespace"] for number in (1, 2, 3)])

    def test_dlsym(self):
        document, steps = self.steps("--dlopen", KINDS, *(word for name in ("function", "thread", "resolved", "fixed")
                                                         for word in ("--dlsym", "1:" + name)))
        found = [steps[number]["found"] for number in (2, 3, 4, 5)]
        self.assertEqual({"libkinds.so"}, {self.name(document, entry["object"]) for entry in found})
        self.assertEqual(["offset", "tls", "ifunc", "absolute"], [entry["kind"] for entry in found])
        self.assertEqual([True, False, False, False], [entry["offset"] is not None for entry in found])
        binding = self.binding(document, "function")
        self.assertEqual(("dlsym", "program", 2, []),
                         (binding["when"], binding["asked_by"], binding["step"], binding["kinds"]))

    def test_dlsym_that_finds_nothing(self):
        document, steps = self.steps("--dlsym", "missing", "--dlsym", "call")
        self.assertEqual(("failed", False, "ok"), (steps[1]["state"], steps[1]["ends_process"], steps[2]["state"]))
        self.assertNotIn("found", steps[1])
        self.assertEqual(("undefined", "dlsym"), (self.binding(document, "missing")["outcome"],
                                                  self.binding(document, "missing")["when"]))

    def test_dlclose(self):
        document, steps = self.steps("--dlopen", HERE, "--dlopen", HERE, "--dlclose", "1", "--dlclose", "2",
                                     "--dlopen", THERE + ":NODELETE", "--dlclose", "5", "--dlopen", HERE,
                                     "--dlopen", "./libbound.so", "--dlclose", "7", "--dlclose", "8")
        self.assertEqual([("open", 1), ("unloaded", 0), ("permanent", 0), ("in-use", 0), ("unloaded", 0)],
                         [(steps[number]["closed"]["fate"], steps[number]["closed"]["handles"])
                          for number in (3, 4, 6, 9, 10)])
        self.assertEqual([steps[1]["root"]], steps[4]["unloaded"])
        self.assertEqual({steps[7]["root"], steps[8]["root"]}, set(steps[10]["unloaded"]))
        self.assertEqual(10, document["objects"][steps[7]["root"]]["died"])

    def test_step_that_opened_nothing(self):
        _, steps = self.steps("--dlopen", "libnowhere.so", "--dlclose", "1", "--dlsym", "1:here", "--dlmopen",
                              HERE + "@1")
        for number in (2, 3, 4):
            self.assertEqual(("failed", "step 1 opened nothing"), (steps[number]["state"], steps[number]["message"]))

    def test_call(self):
        document, steps = self.steps("--call", "libcalls.so:steady", "--call", "libcalls.so:steady")
        self.assertEqual([False, True], [steps[number]["was_bound"] for number in (1, 2)])
        binding = self.binding(document, "steady", when="call")
        self.assertEqual((1, ["jump-slot"], "bound"), (binding["step"], binding["kinds"], binding["outcome"]))
        self.assertEqual("libcalls.so", self.name(document, steps[1]["caller"]))
        self.assertEqual([], steps[2]["bindings"])

    def test_call_that_ends_the_process(self):
        _, steps = self.steps("--call", "libcalls.so:nowhere", "--dlsym", "call")
        self.assertEqual((True, "failed", "not-reached", None),
                         (steps[1]["ends_process"], steps[1]["state"], steps[2]["state"], steps[2]["epoch"]))
        self.assertNotIn("because", steps[2])

    def test_caller(self):
        document, steps = self.steps("--dlopen", HERE, "--caller", "libcalls.so", "--dlopen", THERE)
        self.assertEqual(["steps", "libcalls.so"],
                         [self.name(document, steps[number]["caller"]) for number in (1, 2)])
        self.assertEqual(steps[2]["caller"], document["objects"][steps[2]["root"]]["found"]["asked_by"])


class Constructors(StepCase):
    def test_steps_within_steps(self):
        document, steps = self.steps("--init", HERE, "--dlopen", THERE, "--dlsym", "here", "--end-init",
                                     "--dlopen", HERE)
        here, there = steps[3]["root"], steps[1]["root"]
        self.assertEqual([0, 3, 1, 2], [step["number"] for step in document["steps"]])
        self.assertEqual([0, 3, 1, 2], [step["epoch"] for step in document["steps"]])
        self.assertEqual([(here, here), (here, here), (None, 0)],
                         [(steps[number]["within"], steps[number]["caller"]) for number in (1, 2, 3)])
        self.assertEqual(([here], [there]), (steps[3]["loaded"], steps[1]["loaded"]))
        self.assertEqual((1, 1), (steps[3]["counts"]["objects"], steps[1]["counts"]["objects"]))

    def test_constructors_that_never_run(self):
        document, steps = self.steps("--init", "libnothing.so", "--dlsym", "call", "--end-init")
        self.assertEqual(("not-reached", "the constructors of libnothing.so do not run", None),
                         (steps[1]["state"], steps[1]["because"], steps[1]["message"]))
        self.assertEqual(("refused", "refusal", 1),
                         (document["outcome"], document["reason"], document["counts"]["refused"]))

    def test_constructors_that_end_the_process(self):
        document, steps = self.steps("--init", "libcalls.so", "--call", "libcalls.so:nowhere", "--end-init",
                                     "--init", "libnothing.so", "--dlsym", "call", "--end-init", "--dlsym", "call")
        self.assertEqual(["failed", "failed", "not-reached", "not-reached"],
                         [steps[number]["state"] for number in range(4)])
        self.assertFalse([step for step in document["steps"] if "because" in step])
        self.assertEqual(2, document["counts"]["refused"])

    def test_call_before_the_step_is_over(self):
        """Such a slot never waits at the end of a step."""
        document, steps = self.steps("--init", "libcalls.so", "--call", "libcalls.so:steady", "--end-init")
        slot, answers = self.slot(document, "steady")
        self.assertEqual(([], 1, 1), (answers, slot["called"], slot["until"]))
        self.assertFalse([entry for entry in steps[0]["bindings"] if entry["symbol"] == "steady"])
        self.assertEqual(slot["slot"], self.binding(document, "steady", when="call")["slot"])


    def test_steps_that_cannot_be_carried_out(self):
        """They have no answer, and what was under way has none to show."""
        for name in ("json", "ndjson", "text", "ld-debug"):
            status, _ = reports.run(OPTIONS.bindsim, [
                "--format=" + name, "./steps", "--init", "libcalls.so", "--dlopen", HERE, "--end-init", "--init", HERE,
                "--call", "libcalls.so:unknown", "--end-init"], self.directory)
            self.assertEqual(2, status)


class Slots(StepCase):
    def test_one_answer_where_it_never_changes(self):
        document, _ = self.steps("--dlopen", HERE + ":GLOBAL", "--dlopen", THERE + ":GLOBAL")
        slot, answers = self.slot(document, "steady")
        self.assertEqual(([(0, "libcalls.so")], None, None), (answers, slot["called"], slot["until"]))
        self.assertEqual([(0, "undefined")], self.slot(document, "nowhere")[1])

    def test_answers_follow_the_scope(self):
        document, _ = self.steps("--dlopen", HERE, "--dlopen", HERE + ":GLOBAL", "--dlopen", THERE + ":GLOBAL",
                                 "--dlclose", "1", "--dlclose", "2")
        self.assertEqual([(0, "undefined"), (2, "libhere.so"), (5, "libthere.so")], self.slot(document, "here")[1])
        self.assertEqual([(0, "undefined"), (3, "libthere.so")], self.slot(document, "there")[1])
        self.assertEqual([(0, "weak-unresolved"), (2, "libhere.so"), (5, "weak-unresolved")],
                         self.slot(document, "perhaps")[1])

    def test_call_is_the_end(self):
        document, _ = self.steps("--dlopen", HERE + ":GLOBAL", "--call", "libcalls.so:here", "--dlopen",
                                 THERE + ":GLOBAL", "--dlclose", "1")
        slot, answers = self.slot(document, "here")
        self.assertEqual(([(0, "undefined"), (1, "libhere.so")], 2, 2), (answers, slot["called"], slot["until"]))
        binding = self.binding(document, "here", when="call")
        self.assertEqual((slot["slot"], "libhere.so"), (binding["slot"], self.name(document, binding["to"])))

    def test_unloading_is_the_end(self):
        document, steps = self.steps("--dlopen", "./libneeds.so:LAZY", "--dlclose", "1")
        slot, answers = self.slot(document, "here", "libneeds.so")
        self.assertEqual(([(1, "libhere.so")], None, 2), (answers, slot["called"], slot["until"]))
        self.assertEqual("unloaded", steps[2]["closed"]["fate"])

    def test_binding_of_the_step_is_the_first_answer(self):
        document, _ = self.steps("--dlopen", HERE + ":GLOBAL")
        self.assertEqual((None, 0), (self.binding(document, "here", when="first-call")["to"],
                                     self.binding(document, "here", when="first-call")["step"]))

    def test_filter_on_any_answer(self):
        arguments = ("--dlopen", HERE + ":GLOBAL", "--dlopen", THERE + ":GLOBAL", "--dlclose", "1")
        everything, _ = self.steps(*arguments)
        document, _ = self.steps(*arguments, "--to", "libhere.so")
        self.assertEqual({"here", "perhaps"}, {slot["symbol"] for slot in document["slots"]})
        for slot in document["slots"]:
            self.assertEqual(everything["slots"][slot["slot"]], slot)

    def test_nothing_waits_with_bind_now(self):
        self.assertEqual([], self.ask("./app", "--bind-now", "--dlopen", HERE)["slots"])

    def test_slots_alone(self):
        document, _ = self.steps("--dlopen", HERE + ":GLOBAL", options=("--show=slots",))
        self.assertEqual({"first-call"}, {entry["when"] for step in document["steps"] for entry in step["bindings"]})
        self.assertTrue(document["slots"])


class Findings(StepCase):
    def found(self, document):
        return {(finding["rule"], finding["level"], finding["step"], self.name(document, finding.get("before", 0)),
                 self.name(document, finding["to"]), *(example["symbol"] for example in finding["examples"]))
                for finding in document["findings"] if finding["decided_by"] is None}

    def test_rules_over_time(self):
        document, _ = self.steps("--dlopen", HERE + ":GLOBAL", "--dlopen", THERE + ":GLOBAL", "--dlclose", "1",
                                 "--dlclose", "2")
        self.assertEqual({("unresolved-at-call", "error", 0, "steps", None, "nowhere"),
                          ("when-matters", "error", 4, "libthere.so", None, "there"),
                          ("when-matters", "error", 4, "libthere.so", None, "here"),
                          ("when-matters", "note", 3, "libhere.so", None, "perhaps")}, self.merged(document))

    def test_slot_of_a_finding(self):
        """It tells when who answered, for all functions of the finding."""
        document, _ = self.steps("--dlopen", HERE + ":GLOBAL", "--dlopen", THERE + ":GLOBAL", "--dlclose", "1")
        slots = {slot["symbol"]: slot for slot in document["slots"]}
        for finding in document["findings"]:
            slot = document["slots"][finding["slot"]]
            self.assertEqual(finding["to"], slot["answers"][-1]["to"])
            self.assertEqual(finding["step"], slot["answers"][-1]["after"])
            for example in finding["examples"]:
                self.assertEqual(slot["answers"], slots[example["symbol"]]["answers"])
        self.assertEqual(4, len(document["findings"]))

    def merged(self, document):
        return {(*key[:5], symbol) for key in self.found(document) for symbol in key[5:]}

    def test_healed(self):
        document, _ = self.steps("--dlopen", HERE + ":GLOBAL")
        self.assertIn(("healed", "warning", 1, None, "libhere.so", "here"), self.found(document))
        for finding in document["findings"]:
            self.assertEqual(finding["rule"] in ("healed", "when-matters"), "before" in finding)

    def test_they_are_a_reason(self):
        document, _ = self.steps("--fail-on=error")
        self.assertEqual(("ok", "finding"), (document["outcome"], document["reason"]))
        self.assertEqual(document["counts"]["errors"],
                         sum(entry["level"] == "error" for entry in document["findings"]))


class Schema(StepCase):
    def test_damages(self):
        document, _ = self.steps("--dlopen", HERE + ":GLOBAL", "--dlmopen", THERE, "--dlsym", "here", "--call",
                                 "libcalls.so:here", "--dlclose", "2", "--init", "libnothing.so", "--dlsym", "call",
                                 "--end-init")
        for damage, damaged in damages(document):
            self.assertFalse(self.schemas.report.is_valid(damaged), damage)
        for line in {(line["type"], line.get("kind")): line for line in self.lines}.values():
            for damage, damaged in damages(line):
                self.assertFalse(self.schemas.stream.is_valid(damaged), damage)

    def test_members_belong_to_kinds(self):
        """What one kind of call comes to is no part of another's record."""
        document, steps = self.steps("--dlopen", HERE, "--dlsym", "1:here", "--dlclose", "1", "--call",
                                     "libcalls.so:steady")
        members = {1: "opened", 2: "found", 3: "closed", 4: "was_bound"}
        for number, step in steps.items():
            self.assertEqual({members[number]} if number else set(), set(members.values()) & set(step))
        steps[1]["found"] = steps[2]["found"]
        self.assertFalse(self.schemas.report.is_valid(document))


class RandomPlans(Case):
    def test_random_plans(self):
        """All that must hold for any question holds: see Answer.problems."""
        furnish_random(self.shop, random.Random(0))
        answered = changed = 0
        for seed in range(SEEDS):
            plan = random_plan(random.Random(seed))
            with self.subTest(seed=seed, plan=" ".join(plan)):
                answer = reports.Answer(OPTIONS.bindsim, plan, self.directory, ("--show=" + reports.PARTS,))
                if answer.document is None:
                    continue
                answered += 1
                changed += any(len(slot["answers"]) > 1 for slot in answer.document["slots"])
                self.assertEqual([], list(answer.problems(self.schemas))[:5])
        self.assertGreater(answered, SEEDS / 2, "most plans ask what cannot be asked")
        self.assertGreater(changed, SEEDS / 10, "slots seldom change")


if __name__ == "__main__":
    sys.exit(main(__doc__))
