#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bindsim order: the same steps in other orders."""

import itertools
import json
import os
import shutil
import subprocess
import unittest

from harness import HOOK, USER, CommandLineTest

CODEC = "int codec_open(void) {{ return {0}; }} int codec_read(void) {{ return {0}; }} int codec_close(void) {{ return {0}; }}"
CARRIER = CODEC + "int use_{0}(void) {{ return codec_open() + codec_read() + codec_close(); }}"
UNIQUE = """__asm__(".globl unique_object\\n.type unique_object, @gnu_unique_object\\n.size unique_object, 4\\n"
                    ".data\\nunique_object: .long 1\\n.text\\n"); extern int unique_object; int *p{0} = &unique_object;"""
WEAK = "__attribute__((weak)) int shared(void) {{ return 1; }} int use_{0}(void) {{ return shared(); }}"


class OrderTest(CommandLineTest):
    """What the tests share."""

    def setUp(self):
        super().setUp()
        self.program()

    def order(self, *arguments, **options):
        """The answer in JSON, which is held against the schema, and in text; they have one status."""
        answer = self.bindsim("order", "--format=json", *arguments, **options)
        text = self.bindsim("order", *arguments, **options)
        self.assertEqual((answer.status, answer.err), (text.status, text.err))
        self.assertEqual(answer, self.bindsim("order", "--format=json", *arguments, **options), "the same bytes")
        document = json.loads(answer.out)
        self.assert_valid(document, "bindsim-order-1")
        self.assertEqual(document["reason"] is None, answer.status == 0)
        return document, text

    def carriers(self, *names):
        """Objects that define three functions each, and call them."""
        for number, name in enumerate(names):
            self.object(name, CARRIER.format(number))

    def name(self, document, number):
        """An object's base name."""
        return None if number is None else os.path.basename(document["objects"][number]["name"])


class StepsTest(OrderTest):
    """Orders of steps."""

    def test_a_namespace_that_is_used_again_is_another_one(self):
        """The step that made it first is over; whichever comes first, the objects are those of their own steps."""
        self.carriers("libfirst.so", "libplug.so")
        document, _ = self.order("./app", "--dlmopen=./libfirst.so", "--dlclose=1", "--dlmopen=./libplug.so")
        self.assertEqual(len(document["classes"]), 1)
        names = [made["name"] for made in document["objects"]]
        self.assertEqual(len(names), len(set(names)), names)

    def test_diagnostics(self):
        """What the answers are given in spite of is told once, of however many runs."""
        self.carriers("plugins/libfirst.so", "plugins/libplug.so", "plugins/libthird.so")
        told = "bindsim: LD_PROFILE=x is not simulated: bindings may differ"
        for steps in (["--dlopen=plugins/libfirst.so", "--dlopen=plugins/libplug.so"], ["--pairs=plugins"]):
            self.assertEqual(self.bindsim("order", "--env=LD_PROFILE=x", "./app", *steps).err.splitlines()[:1], [told])
            self.assertEqual(self.bindsim("order", "--env=LD_PROFILE=x", "./app", *steps).err.count(told), 1)
            self.assertNotIn(told, self.bindsim("order", "./app", *steps).err)

    def test_independent_steps_are_stable(self):
        for name in "abc":
            self.object(f"lib{name}.so", f"int {name}(void) {{ return 1; }} int use_{name}(void) {{ return {name}(); }}")
        document, text = self.order("./app", *(f"--dlopen=./lib{name}.so:GLOBAL" for name in "abc"))
        self.assertIsNone(document["finding"])
        self.assertEqual(document["tried"], {"orders": 6, "all": True, "possible": 6, "untried": 0, "left_out": 0, "safe": 6,
                                             "with_warnings": 0, "harmful": 0})
        self.assertCountEqual(map(tuple, document["orders"]), itertools.permutations([1, 2, 3]))
        self.assertEqual(document["orders"][0], [1, 2, 3])
        self.assertIn("stable: no binding, finding or failure depends on the order\n", text.out)
        self.assertIn("all orders are safe\n", text.out)

    def test_capture_in_one_order(self):
        self.carriers("libfirst.so", "libplug.so")
        document, text = self.order("./app", "--dlopen=./libfirst.so:GLOBAL", "--dlopen=./libplug.so:LOCAL")
        self.assertEqual(document["finding"], {"rule": "order-dependent", "level": "error", "references": 3, "strong": 3})
        [moved] = document["dependent"]
        self.assertEqual(self.name(document, moved["from"]), "libplug.so")
        self.assertCountEqual(moved["symbols"], ["codec_open", "codec_read", "codec_close"])
        decided = moved["decided_by"]
        self.assertEqual((decided["step"], decided["before"]), (1, 2))
        self.assertEqual(self.name(document, decided["then"]), "libfirst.so")
        self.assertEqual(self.name(document, decided["else"]), "libplug.so")
        self.assertEqual([(c["orders"], c["worst"]) for c in document["classes"]], [([0], "error"), ([1], "none")])
        self.assertIn("   libplug.so: 3 references: to libfirst.so when step 1 comes before step 2, else to itself\n", text.out)
        self.assertIn("1 of 2 orders are safe", text.out)

    def test_both_global_capture_each_other(self):
        self.carriers("liba.so", "libb.so")
        document, _ = self.order("./app", "--dlopen=./liba.so:GLOBAL", "--dlopen=./libb.so:GLOBAL")
        self.assertEqual(document["tried"]["harmful"], 2)
        self.assertEqual({self.name(document, moved["from"]) for moved in document["dependent"]}, {"liba.so", "libb.so"})

    def test_what_makes_it_stable(self):
        self.carriers("libfirst.so", "libplug.so")
        for first, second in (("GLOBAL", "LOCAL,DEEPBIND"), ("LOCAL", "LOCAL")):
            document, _ = self.order("./app", f"--dlopen=./libfirst.so:{first}", f"--dlopen=./libplug.so:{second}")
            self.assertIsNone(document["finding"], (first, second))
            self.assertEqual(document["tried"]["safe"], 2)

    def test_unique_symbols_cross_local(self):
        for number in (1, 2):
            self.object(f"libu{number}.so", UNIQUE.format(number))
        document, _ = self.order("./app", "--dlopen=./libu1.so:LOCAL", "--dlopen=./libu2.so:LOCAL")
        self.assertEqual(document["finding"]["strong"], 0)
        self.assertEqual({self.name(document, moved["from"]): [self.name(document, answer["to"]) for answer in moved["answers"]]
                          for moved in document["dependent"]},
                         {"libu1.so": ["libu1.so", "libu2.so"], "libu2.so": ["libu1.so", "libu2.so"]})

    def test_weak_symbols_are_a_note(self):
        for number in (1, 2):
            self.object(f"libw{number}.so", WEAK.format(number))
        document, text = self.order("./app", "--dlopen=./libw1.so:GLOBAL", "--dlopen=./libw2.so:GLOBAL")
        self.assertEqual((document["finding"]["level"], document["tried"]["safe"]), ("note", 2))
        self.assertEqual(text.status, 0)
        for level, status in (("note", 1), ("warning", 0)):
            self.assertEqual(self.bindsim("order", f"--fail-on={level}", "./app", "--dlopen=./libw1.so:GLOBAL",
                                          "--dlopen=./libw2.so:GLOBAL").status, status)

    def test_a_strong_symbol_is_a_warning(self):
        """One captured symbol is a note, but that it is another function is more."""
        for number in (1, 2):
            self.object(f"libs{number}.so", f"int one(void) {{ return {number}; }} int use_{number}(void) {{ return one(); }}")
        document, _ = self.order("./app", "--dlopen=./libs1.so:GLOBAL", "--dlopen=./libs2.so:GLOBAL")
        self.assertEqual(document["finding"]["level"], "warning")

    def test_the_same_instructions_are_a_note(self):
        """Unless the capture itself is more."""
        self.object("libs1.so", "int one(void) { return 1; } int use(void) { return one(); }")
        (self.directory / "libs2.so").write_bytes((self.directory / "libs1.so").read_bytes())
        document, _ = self.order("./app", "--dlopen=./libs1.so:GLOBAL", "--dlopen=./libs2.so:GLOBAL")
        self.assertEqual((document["finding"]["level"], document["finding"]["strong"]), ("note", 0))
        self.assertEqual(document["finding"]["references"], 2)

    def test_a_step_that_needs_another(self):
        self.object("libhook.so", HOOK)
        self.object("libuser.so", USER)
        document, text = self.order("./app", "--dlopen=./libhook.so:GLOBAL", "--dlopen=./libuser.so:NOW")
        self.assert_refused(text, "a step is refused in some order")
        self.assertEqual(document["finding"]["level"], "error")
        self.assertEqual(document["finding"]["references"], 0, "what is not there has no other answer")
        refused = [c for c in document["classes"] if c["refusals"]]
        self.assertEqual([c["orders"] for c in refused], [[1]])
        self.assertEqual(refused[0]["refusals"], [{"step": 2, "message": "./libuser.so: undefined symbol: hook"}])
        self.assertIn("   2 1: harmful\n      step 2 fails: ./libuser.so: undefined symbol: hook\n", text.out)

    def test_references_go_with_their_step(self):
        self.object("liba.so", "int a(void) { return 1; }")
        self.object("libb.so", "int b(void) { return 1; }")
        self.object("libc.so", "int c(void) { return 1; }")
        document, text = self.order("./app", "--dlopen=./liba.so", "--dlsym=1:a", "--dlopen=./libb.so", "--dlsym=3:b",
                                    "--dlclose=3", "--dlopen=./libc.so", "--dlsym=6:c")
        self.assertEqual((text.status, document["finding"]), (0, None))
        self.assertEqual(document["tried"]["orders"], 6)
        self.assertEqual([step["step"] for step in document["steps"] if step["moves"]], [1, 3, 6])

    def test_orders_that_break_references_are_left_out(self):
        self.carriers("liba.so", "libb.so", "libc.so")
        document, text = self.order("./app", "--dlopen=./liba.so", "--dlopen=./libb.so", "--dlclose=1",
                                    "--dlmopen=./libc.so", "--dlmopen=./liba.so@4")
        self.assertTrue(all(order.index(1) < order.index(2) and order.index(4) < order.index(5)
                            for order in document["orders"]))
        self.assertEqual((document["tried"]["orders"], document["tried"]["left_out"], text.status), (6, 18, 0))

    def test_namespaces_are_known_by_their_step(self):
        """Which of two namespaces comes first is no difference."""
        self.carriers("liba.so")
        document, _ = self.order("./app", "--dlmopen=./liba.so", "--dlmopen=./liba.so")
        self.assertIsNone(document["finding"])
        self.assertEqual({o["namespace_of"] for o in document["objects"] if o["name"].endswith("liba.so")}, {1, 2})

    def test_constructors_and_callers_stay(self):
        self.object("liba.so", "int a(void) { return 1; }")
        self.object("libb.so", "int b(void) { return 1; }")
        self.object("libc.so", CODEC.format(1))
        document, text = self.order("./app", "--dlopen=./liba.so", "--init=./liba.so", "--dlopen=./libc.so:GLOBAL", "--end-init",
                                    "--caller=./liba.so", "--dlopen=./libb.so")
        self.assertEqual([step["moves"] for step in document["steps"]], [True, False, True])
        # Before liba.so is there it calls nothing.
        self.assertEqual(document["orders"], [[1, 3]])
        self.assertEqual((document["tried"]["left_out"], text.status), (1, 0))
        self.assertIn("1 is left out, in which a step comes before one that it refers to\n", text.out)

    def test_what_constructors_do(self):
        """The steps of a block are made where its object is opened, in any order."""
        self.object("liba.so", "int a(void) { return 1; }")
        self.object("libhook.so", HOOK)
        self.object("libuser.so", USER)
        document, text = self.order("./app", "--dlopen=./liba.so", "--init=./liba.so", "--dlopen=./libhook.so:GLOBAL",
                                    "--end-init", "--dlopen=./libuser.so:NOW")
        self.assertEqual([c["refusals"] for c in document["classes"]],
                         [[], [{"step": 3, "message": "./libuser.so: undefined symbol: hook"}]])
        self.assertEqual(text.status, 1)

    def test_a_failure_names_the_step_as_given(self):
        self.object("liba.so", "int a(void) { return 1; }")
        document, _ = self.order("./app", "--dlopen=./liba.so", "--dlopen=./none.so", "--dlclose=2")
        for found in document["classes"]:
            self.assertEqual(found["refusals"][-1], {"step": 3, "message": "step 2 opened nothing"})

    def test_decided_by_nothing_alone(self):
        """Of three definers the first one serves: two answers have more than one reason."""
        for name in "abc":
            self.object(f"lib{name}.so", "int hook(void) { return 1; }")
        self.object("libuser.so", USER)
        document, text = self.order("./app", *(f"--dlopen=./lib{name}.so:GLOBAL" for name in "abc"), "--dlopen=./libuser.so:LAZY")
        moved = next(m for m in document["dependent"] if self.name(document, m["from"]) == "libuser.so")
        self.assertIsNone(moved["decided_by"])
        for order, answer in zip(document["orders"], moved["answers"]):
            first = next(step for step in order if step != 4)
            self.assertEqual(self.name(document, answer["to"]), f"lib{'abc'[first - 1]}.so")
        self.assertIn("to liba.so in 1 2 3 4 and 7 more orders, to libb.so in ", text.out)

    def test_many_steps_are_tried_in_pairs(self):
        names = [f"lib{number}.so" for number in range(6)]
        self.carriers(*names)
        steps = [f"--dlopen=./{name}" for name in names]
        document, text = self.order("./app", *steps)
        self.assertFalse(document["tried"]["all"])
        self.assertEqual((document["tried"]["orders"], document["tried"]["possible"]), (30, 720))
        self.assertEqual({tuple(order[:2]) for order in document["orders"]}, set(itertools.permutations(range(1, 7), 2)))
        for order in document["orders"]:
            self.assertEqual(order[2:], sorted(order[2:]))
        self.assertIn("30 orders tried, two for each pair of steps, of 720\n", text.out)
        for most, tried in ((23, (12, False)), (24, (24, True)), (1, (12, False))):
            document, _ = self.order(f"--max-orders={most}", "./app", *steps[:4])
            self.assertEqual((document["tried"]["orders"], document["tried"]["all"]), tried)

    def test_no_other_order(self):
        self.carriers("liba.so")
        for steps in ([], ["--dlopen=./liba.so"]):
            document, text = self.order("./app", *steps)
            self.assertEqual((document["tried"]["orders"], document["finding"]), (1, None))
            self.assertIn("there is no other order", text.out)


class AnswerTest(OrderTest):
    """Options that choose the answer."""

    def setUp(self):
        super().setUp()
        self.carriers("libfirst.so", "libplug.so")
        self.question = ["./app", "--dlopen=./libfirst.so:GLOBAL", "--dlopen=./libplug.so:LOCAL"]

    def test_filters(self):
        for option, count in (("--symbol=codec_o*", 1), ("--from=libplug.so", 3), ("--from=libfirst.so", 0), ("--to=libfirst.so", 3),
                              ("--to=app", 0)):
            document, _ = self.order(option, *self.question)
            self.assertEqual(sum(m["references"] for m in document["dependent"]), count, option)
            self.assertEqual(document["finding"]["references"], 3, "filters choose what is listed")

    def test_parts(self):
        out = self.bindsim("order", "--show=orders", *self.question).out
        self.assertTrue(out.startswith("1 of 2 orders are safe"), out)
        self.assertNotIn("libplug.so: 3 references", out)
        out = self.bindsim("order", "--show=bindings", *self.question).out
        self.assertEqual(out.count("      codec_"), 3)
        self.assertNotIn("dependent", json.loads(self.bindsim("order", "--format=json", "--show=steps", *self.question).out))
        self.assert_trouble(self.bindsim("order", "--show=slots", *self.question), "no such part", "bindings")

    def test_outputs(self):
        answer = self.bindsim("order", "-o", "out", "--report=json:out.json", *self.question)
        self.assertEqual((answer.status, answer.out), (0, ""))
        self.assertIn("order-dependent", (self.directory / "out").read_text())
        self.assertEqual(json.loads((self.directory / "out.json").read_text())["schema"], "bindsim-order-1")
        answer = self.bindsim("order", "-q", "--fail-on=error", *self.question)
        self.assertEqual((answer.status, answer.out), (1, ""))
        self.assertIn("--fail-on=error", answer.err)
        document, _ = self.order("--fail-on=error", *self.question)
        self.assertEqual(document["reason"], "finding")
        self.assertIn("\033[", self.bindsim("order", "--color=always", *self.question).out)
        self.assertEqual(self.bindsim("order", "-o", "gone", "./none").status, 2)
        self.assertFalse((self.directory / "gone").exists())

    def test_demangled_and_escaped(self):
        for number in (1, 2):
            self.object(f"lib\033{number}.so", f'int f(void) __asm__("_ZN5codec4openEv"); int f(void) {{ return {number}; }}'
                                               "int use(void) { return f(); }")
        out = self.bindsim("order", "./app", "--dlopen=./lib\0331.so:GLOBAL", "--dlopen=./lib\0332.so:GLOBAL").out
        self.assertIn("      codec::open()\n", out)
        self.assertNotIn("\033", out)

    def test_bad_input(self):
        for arguments, words in ((["--format=sarif", *self.question], ["order writes text or json", "sarif"]),
                                 (["--report=junit:x", *self.question], ["junit"]),
                                 (["--max-orders=0", *self.question], ["--max-orders '0'", "50000"]),
                                 (["--max-orders=4x", *self.question], ["4x"]),
                                 (["./none"], ["none"]), ([], ["which executable"]),
                                 (["--pairs=./none", "./app"], ["./none", "No such file"]),
                                 (["--pairs=.", "--max-orders=3", "./app"], ["--max-orders"]),
                                 (["--pairs=.", "--root=/", "./app"], ["--root"])):
            self.assert_trouble(self.bindsim("order", *arguments), *words)
        self.assert_trouble(self.bindsim("--max-orders=3", "./app"), "--max-orders belongs to the command order")

    def test_a_plan_file(self):
        self.bindsim("--format=plan", "-o", "plan.json", *self.question)
        self.assertEqual(self.bindsim("order", "--plan=plan.json").out.splitlines()[3:],
                         self.bindsim("order", *self.question).out.splitlines()[3:])


class PairsTest(OrderTest):
    """--pairs."""

    def setUp(self):
        super().setUp()
        self.carriers("ext/a.so", "ext/b.so")
        self.object("ext/c.so", "int alone(void) { return 1; }")
        self.file("ext/readme.so", "text")
        self.file("ext/short.so", b"\x7fELF")
        os.symlink("a.so", self.directory / "ext/z.so")

    def pairs(self, document):
        """The records by the names of their files."""
        names = [os.path.basename(file["file"]) for file in document["files"]]
        return {(names[pair["a"]], names[pair["b"]]): pair for pair in document["pairs"]}

    def test_dependent_pairs(self):
        document, text = self.order("--pairs=ext/:GLOBAL", "./app")
        self.assertEqual([file["file"] for file in document["files"]], ["ext/a.so", "ext/b.so", "ext/c.so"])
        self.assertEqual((document["tried_pairs"], document["dependent_pairs"]), (3, 1))
        found = self.pairs(document)
        self.assertEqual(list(found), [("a.so", "b.so")])
        pair = found["a.so", "b.so"]
        self.assertEqual((pair["order_dependent"], pair["references"], pair["rule"]), ("error", 6, "captured-references"))
        self.assertIn("error: a.so and b.so: depends on the order, 6 references, captured-references\n", text.out)

    def test_stable_pairs(self):
        document, text = self.order("--pairs=ext", "./app")
        self.assertEqual((document["dependent_pairs"], document["pairs"]), (0, []))
        self.assertIn("stable: no pair depends on its order, or does harm that neither does alone\n", text.out)

    def test_steps_before_them(self):
        """What is captured by a step before is no matter of a pair."""
        self.carriers("libfirst.so")
        document, _ = self.order("--pairs=ext", "./app", "--dlopen=./libfirst.so:GLOBAL")
        self.assertEqual((document["dependent_pairs"], document["pairs"], document["worst"]), (0, [], "error"))

    def test_refusals(self):
        self.object("ext/d.so", "int alone(void); int needs(void) { return alone(); }")
        self.object("ext/e.so", "int nowhere(void); int needs_more(void) { return nowhere(); }")
        document, text = self.order("--pairs=ext:GLOBAL", "./app")
        self.assert_refused(text, "alone or in some order of a pair")
        self.assertEqual([file["file"] for file in document["files"] if file["refusal"]], ["ext/d.so", "ext/e.so"])
        found = self.pairs(document)
        self.assertEqual([order["refusal"] for order in found["c.so", "d.so"]["in_order"]],
                         [None, "ext/d.so: undefined symbol: alone"])
        self.assertFalse([names for names in found if "e.so" in names], "what is refused in any case is told once")

    def test_they_are_what_steps_say(self):
        """A pair is judged as if its two steps were asked about."""
        for number in range(4):
            shutil.copy(self.directory / f"ext/{'ab'[number % 2]}.so", self.directory / f"ext/copy{number}.so")
        for flags in ("GLOBAL", "LOCAL"):
            document, _ = self.order(f"--pairs=ext:{flags}", "./app")
            found = self.pairs(document)
            files = [file["file"] for file in document["files"]]
            for a, b in itertools.combinations(files, 2):
                alone, _ = self.order("./app", f"--dlopen={a}:{flags}", f"--dlopen={b}:{flags}")
                pair = found.get((os.path.basename(a), os.path.basename(b)))
                self.assertEqual(pair["order_dependent"] if pair else "none",
                                 alone["finding"]["level"] if alone["finding"] else "none")

    def test_programs_are_left_out(self):
        """A program that may lie anywhere has the ELF type of a shared object."""
        whole, _ = self.order("--pairs=ext:GLOBAL", "./app")
        self.program("ext/pie", "int main(void) { return 0; }", "-fPIE", "-pie")
        document, text = self.order("--pairs=ext:GLOBAL", "./app")
        self.assertEqual(document, whole)
        self.assertEqual((text.status, text.err), (0, "bindsim: --pairs: ext/pie is left out: it is a program\n"))
        self.program("ext/fixed", "int main(void) { return 0; }", "-no-pie", "-fno-pie")
        self.program("ext/static", "int main(void) { return 0; }", "-static-pie")
        document, text = self.order("--pairs=ext:GLOBAL", "./app")
        self.assertEqual(document, whole)
        self.assertEqual((text.status, text.err), (0, "bindsim: --pairs: 3 programs are left out, the first: ext/fixed\n"))

    def test_separate_debug_files_are_left_out(self):
        """They have the ELF type of what they are split from, and nothing to load."""
        whole, _ = self.order("--pairs=ext:GLOBAL", "./app")
        for name in ("a.so", "b.so"):
            subprocess.run(["objcopy", "--only-keep-debug", f"ext/{name}", f"ext/{name}.debug"], cwd=self.directory, check=True)
        document, text = self.order("--pairs=ext:GLOBAL", "./app")
        self.assertEqual(document, whole)
        self.assertEqual((text.status, text.err), (0, ""))

    def test_damaged_files_are_told_by_the_loader(self):
        data = bytearray((self.directory / "ext/c.so").read_bytes())
        data[32:40] = b"\xff" * 8  # e_phoff
        self.file("ext/damaged.so", bytes(data))
        document, text = self.order("--pairs=ext", "./app")
        self.assert_refused(text, "alone or in some order of a pair")
        self.assertEqual([file["file"] for file in document["files"] if file["refusal"]], ["ext/damaged.so"])

    def test_the_working_directory(self):
        (self.directory / "deep").mkdir()
        document, _ = self.order("--pairs=ext:GLOBAL", "--cwd=..", "./app", cwd="deep")
        self.assertEqual(document["dependent_pairs"], 1)


if __name__ == "__main__":
    unittest.main()
