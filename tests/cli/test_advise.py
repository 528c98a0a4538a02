#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bindsim advise: what is tried, what each does, and what is advised."""

import json
import unittest
from pathlib import Path

from check_case import functions, user
from harness import CommandLineTest

KINDS = ["deepbind", "no-deepbind", "local", "global", "nodelete", "order", "preload-order", "dlmopen", "symbolic",
         "symbolic-functions", "hidden", "version-script", "protected"]


class AdviseTest(CommandLineTest):
    """copy.so is bound to first.so for five functions of its own."""

    COPY = ("./app", "--dlopen=./first.so:GLOBAL", "--dlopen=./copy.so")

    def setUp(self):
        super().setUp()
        self.program()
        self.object("first.so", functions(5))
        self.object("copy.so", user(5, 100))

    def advise(self, *arguments, **options):
        return self.bindsim("advise", *arguments, **options)

    def document(self, *arguments, **options):
        """The advice as JSON, which the schema allows."""
        answer = self.advise("--format=json", *arguments, **options)
        document = json.loads(answer.out)
        self.assert_valid(document, "bindsim-advice-1")
        self.check_document(document)
        reason = "finding" if "a finding reaches" in answer.err else "refusal" if answer.status else None
        self.assertEqual((document["reason"], answer.status), (reason, 1 if reason else 0))
        return document

    def check_document(self, document):
        """What holds for any advice: the order of trials, and that their plans' objects are known."""
        benefits = ["cures", "helps", "trades", "nothing", "ignored", "harms", "fails"]
        ranks = [benefits.index(trial["benefit"]) for trial in document["trials"]]
        self.assertEqual(ranks, sorted(ranks))
        self.assertEqual([o["id"] for o in document["objects"]], list(range(len(document["objects"]))))
        for hands, index in document["best"].items():
            of_use = [i for i, trial in enumerate(document["trials"])
                      if trial["hands"] == hands and trial["benefit"] in ("cures", "helps", "trades")]
            self.assertEqual(index, of_use[0] if of_use else None)
        for trial in document["trials"]:
            new = [effect for effect in trial["effects"] if effect["new"]]
            if trial["benefit"] in ("cures", "helps", "nothing"):
                self.assertEqual(new, [], trial["words"])
            self.assertEqual(trial["failed_step"] is not None, trial["benefit"] == "fails")

    def trials(self, document):
        """Trials by kind and, where there is one, object; several of one kind are an error."""
        found = {}
        for trial in document["trials"]:
            name = None if trial["object"] is None else Path(document["objects"][trial["object"]]["name"]).name
            self.assertNotIn((trial["remedy"], name), found)
            found[trial["remedy"], name] = trial
        return found


class RemedyTest(AdviseTest):
    """Each remedy is tried where it may help, and what it does is what the loader would do."""

    def captured(self, *arguments):
        """References of copy.so that another object captures, as the report of the plan itself counts them."""
        document = json.loads(self.bindsim("--format=json", "--show=findings,objects", *arguments).out)
        return sum(f["counts"]["symbols"] for f in document["findings"] if f["rule"] in ("captured-references", "split-copy"))

    def test_flags_and_order(self):
        trials = self.trials(self.document(*self.COPY))
        expected = {
            ("deepbind", "copy.so"): ("./app", "--dlopen=./first.so:GLOBAL", "--dlopen=./copy.so:DEEPBIND"),
            ("local", "first.so"): ("./app", "--dlopen=./first.so:LOCAL", "--dlopen=./copy.so"),
            ("order", "copy.so"): ("./app", "--dlopen=./copy.so", "--dlopen=./first.so:GLOBAL"),
            ("dlmopen", "copy.so"): ("./app", "--dlopen=./first.so:GLOBAL", "--dlmopen=./copy.so"),
        }
        before = self.captured(*self.COPY)
        self.assertEqual(before, 5)
        for key, arguments in expected.items():
            self.assertEqual((trials[key]["captured_before"], trials[key]["captured_after"]),
                             (before, self.captured(*arguments)), key)
            self.assertEqual(trials[key]["benefit"], "trades" if key[0] == "dlmopen" else "cures", key)

    def test_links(self):
        """What a view of the file says is what the file says that is really linked so."""
        trials = self.trials(self.document(*self.COPY))
        links = {
            "symbolic": ("-Wl,-Bsymbolic",),
            "symbolic-functions": ("-Wl,-Bsymbolic-functions",),
            "hidden": ("-fvisibility=hidden",),
            "version-script": ("-Wl,--version-script=script",),
            "protected": ("-fvisibility=protected",),
        }
        self.file("script", trials["version-script", "copy.so"]["changes"][0]["text"] + "\n")
        for kind, options in links.items():
            self.object("copy.so", user(5, 100), *options)
            self.assertEqual(trials[kind, "copy.so"]["captured_after"], self.captured(*self.COPY), kind)
            self.assertEqual(trials[kind, "copy.so"]["captured_after"], 0)

    def test_data_stays_with_symbolic_functions(self):
        source = "int table[4]; " + user(5, 100) + " int *at(void) { return table; }"
        self.object("first.so", "int table[4];" + functions(5))
        self.object("copy.so", source)
        trial = self.trials(self.document(*self.COPY))["symbolic-functions", "copy.so"]
        self.object("copy.so", source, "-Wl,-Bsymbolic-functions")
        self.assertEqual((trial["benefit"], trial["captured_after"], trial["leaving"]),
                         ("helps", self.captured(*self.COPY), 1))

    def test_a_version_script_keeps_what_is_needed(self):
        self.object("copy.so", user(5, 100) + "int looked_up(void) { return 1; }")
        self.object("user.so", "int plugin(void); int second(void) { return plugin(); }", "./copy.so")
        document = self.document("./app", "--dlopen=./first.so:GLOBAL", "--dlopen=./user.so", "--library-path=.")
        trial = self.trials(document)["version-script", "copy.so"]
        self.assertEqual(trial["exports"], ["looked_up", "plugin"])
        self.assertEqual(trial["changes"][0]["text"].split(),
                         ["{", "global:", "looked_up;", "plugin;", "local:", "*;", "};"])

    def test_local_for_what_is_needed_by_others_fails(self):
        """The remedy of one clash is the end of another object."""
        self.object("needs.so", "int codec_1(void); int needs(void) { return codec_1(); }")
        document = self.document("./app", "--dlopen=./first.so:GLOBAL", "--dlopen=./copy.so",
                                 "--dlopen=./needs.so", "--bind-now")
        trial = self.trials(document)["local", "first.so"]
        self.assertEqual((trial["benefit"], trial["failed_step"]), ("fails", 3))
        self.assertIn("undefined symbol: codec_1", trial["failure"])

    def test_global_for_what_a_step_misses(self):
        self.object("needs.so", "int codec_1(void); int needs(void) { return codec_1(); }")
        plan = ("./app", "--dlopen=./first.so", "--dlopen=./needs.so:NOW")
        answer = self.advise(*plan)
        self.assertEqual(answer.status, 1)
        self.assertIn("error: step 2 fails: ./needs.so: undefined symbol: codec_1", answer.out)
        document = self.document(*plan)
        self.assertEqual(document["failed_step"], 2)
        trial = self.trials(document)["global", "first.so"]
        self.assertEqual((trial["benefit"], trial["hands"]), ("cures", "other"))
        self.assertEqual(trial["changes"][0]["text"], 'dlopen("./first.so", RTLD_NOW | RTLD_GLOBAL)')

    def test_preload_order(self):
        self.object("hook.so", functions(3, 7) + "int hook(void) { return codec_0() + codec_1() + codec_2(); }")
        self.object("wrap.so", functions(3, 9))
        document = self.document("./app", "--preload=./wrap.so:./hook.so", "--dlopen=./first.so:GLOBAL",
                                 "--dlopen=./copy.so", "--remedy=preload-order")
        self.assertLessEqual({trial["preload"] for trial in document["trials"]}, {"./hook.so:./wrap.so"})
        self.assertEqual({trial["remedy"] for trial in document["trials"]}, {"preload-order"})

    def test_a_step_that_fails_instead_of_another_is_told(self):
        """One refusal goes and another comes: that is no gain."""
        self.object("libx.so", "int v2(void); int x(void) { return v2(); }")
        self.object("liby.so", "int v2(void) { return 1; } int v3(void); int y(void) { return v3(); }")
        self.object("libz.so", "int v3(void) { return 1; }")
        plan = ("./app", "--bind-now", "--dlopen=./libz.so:GLOBAL", "--dlopen=./libx.so", "--dlopen=./liby.so:GLOBAL")
        document = self.document(*plan, "--remedy=order")
        moved = [trial for trial in document["trials"] if trial["step"] == 3 and trial["before"] == 1]
        for trial in moved:
            self.assertEqual((trial["benefit"], trial["failed_step"]), ("fails", 3))
        self.assertEqual([t["failed_step"] for t in document["trials"] if (t["step"], t["before"]) == (3, 2)], [None])

    def test_the_step_that_fails_anew_is_the_one_that_is_blamed(self):
        self.object("needs.so", "int codec_1(void); int needs(void) { return codec_1(); }")
        document = self.document("./app", "--dlopen=./missing.so", "--dlopen=./first.so:GLOBAL", "--dlopen=./copy.so",
                                 "--dlopen=./needs.so", "--bind-now", "--remedy=local")
        self.assertEqual([(t["benefit"], t["failed_step"]) for t in document["trials"]], [("fails", 4)])

    def test_a_clash_that_becomes_worse_is_harm(self):
        self.object("second.so", functions(2, 50))
        self.object("cc.so", user(6, 100))
        plan = ("./app", "--dlopen=./second.so:GLOBAL", "--dlopen=./first.so:GLOBAL", "--dlopen=./cc.so", "--to=first.so",
                "--remedy=local")
        trial, = [t for t in self.document(*plan)["trials"] if t["step"] == 1]
        self.assertEqual((trial["captured_before"], trial["captured_after"], trial["benefit"]), (3, 5, "harms"))

    def test_namespaces_are_known_by_their_step_before_and_after(self):
        self.object("apart.so", "int own(void) { return 1; } int apart(void) { return own(); }")
        plan = ("--dlopen=./first.so:GLOBAL", "--dlopen=./copy.so", "--remedy=order")
        without = self.document("./app", *plan)["trials"][0]
        beside = self.trials(self.document("./app", "--dlmopen=./apart.so", *plan))["order", "copy.so"]
        self.assertEqual(beside["changed"], without["changed"])

    def test_preloads_are_a_word_for_a_shell(self):
        for name in ("one$HOME.so", "two'.so"):
            self.object(name, "int unrelated(void) { return 1; }")
        answer = self.advise("--preload=./two'.so:./one$HOME.so", *self.COPY, "--remedy=preload-order")
        self.assertIn("LD_PRELOAD='./one$HOME.so:./two'\\''.so'\n", answer.out)

    def test_nodelete(self):
        document = self.document(*self.COPY, "--dlclose=2", "--remedy=nodelete")
        self.assertEqual([(t["remedy"], t["step"]) for t in document["trials"]], [("nodelete", 2)])
        self.assertEqual(document["trials"][0]["benefit"], "nothing")

    def test_deepbind_that_splits_is_told(self):
        """DEEPBIND stops the capture, and parts the object from a variable that the program holds a copy of."""
        self.object("libstate.so", "int state = 1; int *where(void) { return &state; }", "-Wl,-soname,libstate.so")
        self.program("app", "extern int state; int *volatile at; void _start(void) { at = &state; }", "-no-pie", "-fno-pic",
                     "-Wl,-z,now", "./libstate.so")
        self.object("copy.so", user(5, 100) + "extern int state; int *mine(void) { return &state; }", "./libstate.so")
        document = self.document("./app", "--dlopen=./first.so:GLOBAL", "--dlopen=./copy.so", "--library-path=.")
        trial = self.trials(document)["deepbind", "copy.so"]
        self.assertEqual((trial["benefit"], trial["captured_after"]), ("trades", 0))
        self.assertEqual([(e["rule"], e["example"]) for e in trial["effects"] if e["new"]], [("object-split", "state")])
        self.assertEqual(document["best"]["own"], document["trials"].index(trial))

    def test_interposers_that_are_bypassed_are_counted(self):
        self.object("wrap.so", "int log_it(void) { return 2; }")
        self.object("liblog.so", "int log_it(void) { return 1; }", "-Wl,-soname,liblog.so")
        self.object("copy.so", user(5, 100) + "int log_it(void); int logs(void) { return log_it(); }", "./liblog.so")
        document = self.document("./app", "--preload=./wrap.so", "--dlopen=./first.so:GLOBAL", "--dlopen=./copy.so",
                                 "--library-path=.")
        trial = self.trials(document)["deepbind", "copy.so"]
        self.assertEqual(trial["bypassed"], 1)
        self.assertEqual(trial["benefit"], "trades")
        self.assertEqual([e["rule"] for e in trial["effects"] if e["new"]], [])
        self.assertIn("1 reference that went to a preloaded object and no longer does", trial["costs"])

    def test_unique_symbols_cross_whatever_the_flag(self):
        unique = '__asm__(".globl shared; .type shared, @gnu_unique_object; .size shared, 4; .data; shared: .long %d; .text");'
        self.object("first.so", unique % 1 + functions(5) + "extern int shared; int *get(void) { return &shared; }")
        self.object("copy.so", unique % 2 + user(5, 100) + "extern int shared; int *get(void) { return &shared; }")
        trial = self.trials(self.document(*self.COPY))["deepbind", "copy.so"]
        self.assertEqual(trial["unique"], 1)
        self.assertIn("1 unique symbol crosses still: STB_GNU_UNIQUE, which no flag keeps apart", trial["costs"])

    def test_musl_passes_over_deepbind(self):
        document = self.document("--loader=musl", *self.COPY)
        trial = self.trials(document)["deepbind", "copy.so"]
        self.assertEqual((trial["benefit"], trial["captured_after"]), ("ignored", trial["captured_before"]))
        self.assertNotEqual(document["best"]["own"], document["trials"].index(trial))

    def test_the_program_is_the_other_object(self):
        self.program("app", functions(5) + "void _start(void) {}", "-rdynamic")
        document = self.document("./app", "--dlopen=./copy.so")
        trial = self.trials(document)["hidden", "app"]
        self.assertEqual((trial["benefit"], trial["symbols"]), ("cures", 5))
        self.assertIn("without -rdynamic", trial["changes"][0]["text"])

    def test_a_library_that_others_need_is_not_to_be_hidden(self):
        self.object("libfirst.so.1", functions(5), "-Wl,-soname,libfirst.so.1")
        document = self.document("./app", "--dlopen=./libfirst.so.1:GLOBAL", "--dlopen=./copy.so")
        self.assertNotIn(("hidden", "libfirst.so.1"), self.trials(document))
        self.assertIn(("hidden", "copy.so"), self.trials(document))


class WordsTest(AdviseTest):
    """The command, its options and the text."""

    def test_the_text(self):
        answer = self.advise(*self.COPY)
        self.assertEqual((answer.status, answer.err), (0, ""))
        self.assertIn("error: captured-references: copy.so is bound to first.so for 5 symbols of its own (step 2)\n",
                      answer.out)
        self.assertIn("  cures    step 2: --dlopen ./copy.so:NOW,DEEPBIND\n"
                      "                  captured references 5 -> 0\n", answer.out)
        self.assertIn("advice for who opens it: step 2: --dlopen ./copy.so:NOW,DEEPBIND\n"
                      "           gone   captured-references\n"
                      "           costs  musl passes over RTLD_DEEPBIND, and not every system has it\n"
                      "  where ./copy.so is opened:\n"
                      '    dlopen("./copy.so", RTLD_NOW | RTLD_DEEPBIND)\n', answer.out)
        self.assertIn("advice for who makes the other calls: step 1: --dlopen ./first.so:NOW,LOCAL\n", answer.out)
        self.assertIn("    -Wl,--exclude-libs,ALL\n", answer.out)

    def test_advice_names_what_it_brings(self):
        """Who copies a line has its price beside it; what cures comes first."""
        self.object("wrap.so", "int log_it(void) { return 2; }")
        self.object("liblog.so", "int log_it(void) { return 1; }", "-Wl,-soname,liblog.so")
        self.object("copy.so", user(5, 100) + "int log_it(void); int logs(void) { return log_it(); }", "./liblog.so")
        out = self.advise("./app", "--preload=./wrap.so", "--dlopen=./first.so:GLOBAL", "--dlopen=./copy.so",
                          "--library-path=.").out
        advice = out[out.index("advice for"):]
        deepbind = advice[advice.index("advice for who opens it, which brings harm of its own: "):]
        self.assertIn("costs  1 reference that went to a preloaded object and no longer does\n", deepbind)
        self.assertLess(advice.index("advice for who builds it: "), advice.index("advice for who opens it, "))

    def test_parts(self):
        whole = self.advise(*self.COPY).out
        self.assertNotIn("tried on", self.advise("--show=changes", *self.COPY).out)
        self.assertNotIn("advice for", self.advise("--show=tried", *self.COPY).out)
        self.assertEqual(self.advise("--show=clashes,tried,changes", *self.COPY).out, whole)
        self.assertIn("{\n      global:\n        plugin;\n", self.advise("--show=all-changes", *self.COPY).out)
        self.assert_trouble(self.advise("--show=steps", *self.COPY), "no such part", "clashes tried changes all-changes")

    def test_nothing_to_advise(self):
        answer = self.advise("./app")
        self.assertEqual(answer.status, 0)
        self.assertIn("Nothing to advise", answer.out)
        self.assertEqual(self.document("./app")["trials"], [])

    def test_no_remedy_is_good(self):
        answer = self.advise("--remedy=nodelete,global", *self.COPY)
        self.assertIn("No remedy is good. There was none to try.", answer.out)
        answer = self.advise("--remedy=nodelete", *self.COPY, "--dlclose=2")
        self.assertIn("No remedy is good. None of those that were tried makes it any better.", answer.out)
        answer = self.advise("--remedy=dlmopen", *self.COPY)
        self.assertIn("No remedy is good. The best of them brings new harm: ", answer.out)

    def test_remedies_are_chosen(self):
        for kind in KINDS:
            document = self.document(f"--remedy={kind}", *self.COPY)
            self.assertLessEqual({trial["remedy"] for trial in document["trials"]}, {kind})
        document = self.document("--remedy=local,deepbind", *self.COPY)
        self.assertEqual({trial["remedy"] for trial in document["trials"]}, {"local", "deepbind"})

    def test_findings_are_chosen(self):
        self.assertEqual(len(self.document("--from=copy.so", *self.COPY)["clashes"]), 1)
        self.assertEqual(self.document("--from=first.so", *self.COPY)["clashes"], [])
        self.assertEqual(len(self.document("--to=first.*", *self.COPY)["clashes"]), 1)
        self.assertEqual(len(self.document("--rule=captured-references", *self.COPY)["clashes"]), 1)
        self.assertEqual(self.document("--rule=two-versions", *self.COPY)["clashes"], [])

    def test_numbers_are_left_as_they_are(self):
        answer = self.advise("./app", "--dlopen=./first.so:0x102", "--dlopen=./copy.so:2")
        self.assertIn("Flags that are numbers were left as they are", answer.out)
        self.assertNotIn("DEEPBIND", answer.out)

    def test_exit_status(self):
        self.assertEqual(self.advise(*self.COPY).status, 0)
        answer = self.advise("--fail-on=error", *self.COPY)
        self.assertEqual((answer.status, answer.err), (1, "bindsim: a finding reaches --fail-on=error\n"))
        answer = self.advise("./app", "--dlopen=./nowhere.so")
        self.assertEqual(answer.status, 1)
        self.assertIn("step 1 failed: ./nowhere.so", answer.err)
        self.assert_trouble(self.advise("./nowhere"), "./nowhere: No such file")
        for arguments, reason in (((*self.COPY,), None), (("--fail-on=error", *self.COPY), "finding"),
                                  (("./app", "--dlopen=./nowhere.so"), "refusal"),
                                  (("--rule=pinned", "./app", "--dlopen=./nowhere.so"), "refusal")):
            self.assertEqual(self.document(*arguments)["reason"], reason, arguments)

    def test_trouble(self):
        self.assert_trouble(self.advise("--remedy=prayer", *self.COPY), "--remedy 'prayer': unknown; there are deepbind ")
        self.assert_trouble(self.advise("--format=sarif", *self.COPY), "advise writes text or json, not --format=sarif")
        self.assert_trouble(self.advise("--symbol=x", *self.COPY), "--symbol has no say in advise")
        self.assert_trouble(self.bindsim("--remedy=local", *self.COPY), "--remedy belongs to the command advise")
        self.assert_trouble(self.bindsim("--rule=pinned", *self.COPY), "--rule belongs to the commands explain and advise")
        self.assert_trouble(self.advise("--rule=nonsense", *self.COPY), "--rule 'nonsense': unknown")
        self.assert_trouble(self.advise(), "which executable?")

    def test_files(self):
        answer = self.advise("-o", "advice.txt", "--report=json:advice.json", *self.COPY)
        self.assertEqual((answer.status, answer.out), (0, ""))
        self.assertEqual((self.directory / "advice.txt").read_text(), self.advise(*self.COPY).out)
        self.assertEqual((self.directory / "advice.json").read_text(), self.advise("--format=json", *self.COPY).out)
        self.assertEqual(self.advise("-q", *self.COPY).out, "")

    def test_the_same_bytes(self):
        self.assertEqual(self.advise("--format=json", *self.COPY).out, self.advise("--format=json", *self.COPY).out)

    def test_names_are_escaped(self):
        self.object("bad\x1b.so", user(5, 100))
        answer = self.advise("./app", "--dlopen=./first.so:GLOBAL", "--dlopen=./bad\x1b.so")
        self.assertNotIn("\x1b", answer.out)
        self.assertIn('dlopen("./bad\\033.so", ', answer.out)

    def test_a_plan_file_and_constructors(self):
        plan = self.bindsim("--format=plan", "./app", "--dlopen=./first.so:GLOBAL", "--init", "copy.so", "--dlsym=codec_1",
                            "--end-init", "--dlopen=./copy.so").out
        self.file("plan.json", plan)
        document = self.document("--plan=plan.json")
        self.assertEqual(document["trials"][0]["benefit"], "cures")


if __name__ == "__main__":
    unittest.main()
