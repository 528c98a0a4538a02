#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests of the oracle itself: agreement is only worth something if disagreement would be seen.

stand_in.py plays the simulator, so that whole comparisons run without one; FAKE_CHANGE=N in its environment spoils line N.
"""

from __future__ import annotations

import stat
import subprocess
import sys
import tempfile
import unittest
from dataclasses import replace
from pathlib import Path

from elf_file import interpreter
from loader import (AGENT_COMPILING, AGENT_OPTIONS, CRASHED, CRASHED_IN_CONSTRUCTOR, NOT_REACHED, OK, PREFIX, Block, Question,
                    Transcript, build_driver, compare, run_real, run_simulated, simulator_arguments)
from stand_in import render
from system_programs import without_final_block
from transcript import parse_real, parse_simulated

HERE = Path(__file__).resolve().parent
STEPS = ["libm.so.6:NOW,GLOBAL", "libabsent.so:LAZY", "libz.so.1:NOW,NOLOAD", "sym:1:sin", "sym:absent", "close:1",
         "close:2"]


class ComparisonTest(unittest.TestCase):
    """A real run against itself, and against itself with one thing changed."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.directory = tempfile.TemporaryDirectory()
        build_driver(cls.directory.name)
        cls.question = Question("./driver", STEPS, cwd=cls.directory.name)
        cls.real = run_real(cls.question)

    @classmethod
    def tearDownClass(cls) -> None:
        cls.directory.cleanup()

    def simulated(self, text: str, exit_status: int = 1) -> Transcript:
        return parse_simulated(text.splitlines(), [], exit_status, "./driver")

    def test_outcomes_of_the_real_loader(self) -> None:
        missing = "libabsent.so: cannot open shared object file: No such file or directory"
        self.assertEqual([block.outcome for block in self.real.blocks],
                         [OK, OK, f"failed: {missing}", "failed:", OK, "failed: ./driver: undefined symbol: absent", OK,
                          "failed: step 2 opened nothing"])
        self.assertGreater(self.real.binding_lines(), 50)

    def test_the_same_agrees(self) -> None:
        self.assertEqual(compare(self.real, run_real(self.question)), [])
        self.assertEqual(compare(self.real, self.simulated(render(self.real))), [])

    def test_every_changed_line_is_seen(self) -> None:
        lines = render(self.real).splitlines(keepends=True)
        for number in range(len(lines)):
            for changed in (lines[:number] + lines[number + 1:],
                            lines[:number] + [lines[number].rstrip("\n") + "x\n"] + lines[number + 1:],
                            lines[:number] + [lines[number]] + lines[number:]):
                self.assertNotEqual(compare(self.real, self.simulated("".join(changed))), [], lines[number])

    def test_order_counts_unless_told_otherwise(self) -> None:
        blocks = [replace(block, lines=block.lines[::-1]) for block in self.real.blocks]
        reverse = replace(self.real, blocks=blocks)
        self.assertNotEqual(compare(self.real, reverse), [])
        self.assertEqual(compare(self.real, reverse, ordered=False), [])

    def test_exit_status_and_form_count(self) -> None:
        text = render(self.real)
        self.assertNotEqual(compare(self.real, self.simulated(text, exit_status=0)), [])
        self.assertNotEqual(compare(self.real, self.simulated(text, exit_status=2)), [])
        self.assertNotEqual(compare(self.real, self.simulated("stray\n" + text)), [])
        self.assertNotEqual(compare(self.real, self.simulated(text.replace("         0:\t", "0:\t", 1))), [])
        self.assertNotEqual(compare(self.real, self.simulated("")), [])

    def stand_in(self, name: str, variable: str = "") -> Path:
        program = Path(self.directory.name) / name
        program.write_text(f"#!/bin/sh\n{variable} exec {sys.executable} -S {HERE / 'stand_in.py'} \"$@\"\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        return program

    def test_whole_comparison_with_a_stand_in(self) -> None:
        honest, lying = self.stand_in("honest"), self.stand_in("lying", "FAKE_CHANGE=1")
        for categories in (("bindings",), ("scopes",), ("libs",), ("files",)):
            question = replace(self.question, categories=categories, env={"LD_LIBRARY_PATH": "/nowhere:"})
            self.assertEqual(compare(run_real(question), run_simulated(question, honest)), [])
        for program, seeds, status in ((honest, "1-4", 0), (lying, "1,2", 1)):
            done = subprocess.run([sys.executable, HERE / "random_graphs.py", "--seeds", seeds, "--bindsim", program],
                                  capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, status, done.stdout + done.stderr)


class StepsTest(unittest.TestCase):
    """A real run with steps of every kind, and every line of it changed."""

    STEPS = ["./B.so:LAZY", "./A.so:NOW,GLOBAL", "by:B.so:sym:DEFAULT:foo", "call:B.so:foo", "by:B.so:newlm:./A.so:NOW",
             "lm:5:./B.so:LAZY", "call:B.so[1]:bar", "sym:NEXT:absent", "init:A.so", "sym:foo", "by:B.so:./absent.so",
             "end-init", "close:2", "close:1"]
    CATEGORIES = ("bindings", "mapped", "addresses", "slots")

    @classmethod
    def setUpClass(cls) -> None:
        cls.directory = tempfile.TemporaryDirectory()
        build_driver(cls.directory.name)
        for name, source in (("A.so", ".globl foo, bar\n.type foo, @function\n.type bar, @function\nfoo: bar: ret"),
                             ("B.so", "call foo@PLT\ncall bar@PLT")):
            subprocess.run(["gcc", "-shared", "-nostdlib", "-Wl,-z,lazy", "-Wl," + ",".join(AGENT_OPTIONS),
                            *AGENT_COMPILING, "-o", name, str(HERE / "agent.c"), "-x", "assembler", "-"], input=f"{source}\n", text=True, check=True,
                           cwd=cls.directory.name, capture_output=True)
        cls.question = Question("./driver", cls.STEPS, cwd=cls.directory.name, categories=cls.CATEGORIES,
                                bind_now=False)
        cls.real = run_real(cls.question)

    @classmethod
    def tearDownClass(cls) -> None:
        cls.directory.cleanup()

    def own_lines(self, step: int) -> list[str]:
        """What the driver said of a step, the first namespace's system objects left out."""
        lines = next(block.lines for block in self.real.blocks if block.step == step)
        return [line.partition("bindsim: ")[2] for line in lines if "bindsim: " in line and ".so." not in line]

    def test_outcomes_of_the_real_loader(self) -> None:
        absent = "failed: ./absent.so: cannot open shared object file: No such file or directory"
        self.assertEqual([(block.step, block.outcome) for block in self.real.blocks],
                         [(0, OK), (1, OK), (2, OK), (9, OK), (10, absent), (3, OK), (4, OK), (5, OK), (6, OK), (7, OK),
                          (8, "failed: ./driver: undefined symbol: absent"), (11, OK), (12, OK)])

    def test_lines_of_the_driver(self) -> None:
        self.assertEqual(self.own_lines(1), ["mapped ./driver [0]", "mapped ./B.so [0]",
                                             "slot ./B.so [0] symbol `bar': undefined",
                                             "slot ./B.so [0] symbol `foo': undefined"])
        found = self.own_lines(3)
        self.assertRegex(found[0], r"^address \./A\.so \[0\]\+0x")
        self.assertEqual(found[-2:], ["slot ./B.so [0] symbol `bar': to ./A.so [0]",
                                      "slot ./B.so [0] symbol `foo': to ./A.so [0]"])
        self.assertEqual(self.own_lines(7)[-2:], ["slot ./B.so [0] symbol `bar': to ./A.so [0]",
                                                  "slot ./B.so [1] symbol `foo': to ./A.so [1]"])
        self.assertEqual(self.own_lines(12), ["mapped ./driver [0]", "mapped ./A.so [1]", "mapped ./B.so [1]",
                                              "slot ./B.so [1] symbol `foo': to ./A.so [1]"])

    def test_every_changed_line_is_seen(self) -> None:
        lines = render(self.real).splitlines()
        self.assertEqual(compare(self.real, parse_simulated(lines, [], 1, "./driver")), [])
        slot = PREFIX + "bindsim: slot "
        for number, line in enumerate(lines):
            for changed in ([], [line + "x"], [line, line]):
                simulated = parse_simulated([*lines[:number], *changed, *lines[number + 1:]], [], 1, "./driver")
                self.assertNotEqual(compare(self.real, simulated), [], line)
            if number and line != lines[number - 1] and not (line.startswith(slot) and
                                                             lines[number - 1].startswith(slot)):
                swapped = [*lines[:number - 1], line, lines[number - 1], *lines[number + 1:]]
                self.assertNotEqual(compare(self.real, parse_simulated(swapped, [], 1, "./driver")), [], line)


class ParsingTest(unittest.TestCase):
    """The real loader's peculiarities, on made-up output."""

    @staticmethod
    def parse(text: str, exit_status: int, steps: int | None = 1) -> Transcript:
        return parse_real(text.splitlines(), 7, exit_status, "./p", steps)

    @staticmethod
    def debug(*lines: str) -> str:
        return "".join(f"         7:\t{line}\n" for line in lines)

    def test_start_up_failures(self) -> None:
        for text, status, outcome in (
                ("./p: error while loading shared libraries: x.so: cannot open", 127, "failed: x.so: cannot open"),
                ("./p: symbol lookup error: x.so: undefined symbol: f", 127, "failed: x.so: undefined symbol: f"),
                ("./p: a.so: version `V' not found (required by ./p)\n"
                 "./p: a.so: version `W' not found (required by q)", 1,
                 "failed: a.so: version `W' not found (required by q)"),
                ("Inconsistency detected by ld.so: f.c: 1: g: Assertion `x' failed!", 127, CRASHED)):
            blocks = self.parse(text, status).blocks
            self.assertEqual([block.outcome for block in blocks], [outcome, NOT_REACHED])

    def test_what_is_left_out(self) -> None:
        text = self.debug("binding file linux-vdso.so.1 [0] to linux-vdso.so.1 [0]: normal symbol `x' [LINUX_2.6]",
                          "Initial object scopes", "object=linux-vdso.so.1 [0]", " scope 0: linux-vdso.so.1", "",
                          "object=./p [0]", " scope 0: ./p", "", "calling init: x", "initialize program: ./p")
        text += "        8:\tbinding file of [0] to another process [0]: normal symbol `x'\n"
        blocks = self.parse(text + self.debug("bindsim: step 0: ok", "bindsim: step 1: ok"), 0).blocks
        self.assertEqual(blocks[0].lines, [PREFIX + "Initial object scopes", PREFIX + "object=./p [0]",
                                           PREFIX + " scope 0: ./p"])
        self.assertEqual(len(blocks), 2)

    def test_addresses_are_those_of_an_object_at_0(self) -> None:
        text = self.debug("  dynamic: 0x00007f0000003d48  base: 0x00007f0000001000   size: 0x0000000000005110",
                          "    entry: 0x00007f0000001000  phdr: 0x00007f0000001040  phnum:                 11",
                          "bindsim: step 0: ok")
        self.assertEqual([line[len(PREFIX):] for line in self.parse(text, 0, 0).blocks[0].lines],
                         ["  dynamic: 0x0000000000002d48  base: 0x0000000000000000   size: 0x0000000000005110",
                          "    entry: 0x0000000000000000  phdr: 0x0000000000000040  phnum:                 11"])

    def test_constructor_that_ends_the_process(self) -> None:
        text = self.debug("bindsim: step 0: ok", "binding file a [0] to b [0]: normal symbol `x'", "",
                          "calling init: a", "binding file a [0] to b [0]: normal symbol `lazy'")
        real = self.parse(text, -6)
        self.assertEqual(real.blocks[1].outcome, CRASHED_IN_CONSTRUCTOR)
        self.assertEqual(len(real.blocks[1].lines), 1)
        simulated = Transcript([Block(0), Block(1, OK, list(real.blocks[1].lines))], simulated=True)
        self.assertEqual(compare(real, simulated), [])
        simulated.blocks[1].lines.clear()
        self.assertNotEqual(compare(real, simulated), [])

    def test_crash_is_a_crash_on_both_sides(self) -> None:
        real = self.parse(self.debug("bindsim: step 0: ok"), -11)
        self.assertEqual([block.outcome for block in real.blocks], [OK, CRASHED])
        text = f"{PREFIX}bindsim: step 0: ok\n{PREFIX}bindsim: step 1: failed: loader crashes: mutual filters\n"
        self.assertEqual(compare(real, parse_simulated(text.splitlines(), [], 1, "./p")), [])

    def test_steps_within_steps(self) -> None:
        text = self.debug("bindsim: step 0: ok", "outer", "calling init: a", "bindsim: step 3: begin", "inner",
                          "calling init: b", "bindsim: step 4: begin", "innermost", "bindsim: step 4: ok", "inner, too",
                          "bindsim: step 3: failed: x", "add a [0] to global scope", "bindsim: step 1: ok", "last")
        blocks = parse_real((text + self.debug("bindsim: step 2: ok")).splitlines(), 7, 0, "./p", 5, {3, 4, 5}).blocks
        self.assertEqual([(block.step, block.outcome, [line[len(PREFIX):] for line in block.lines])
                          for block in blocks],
                         [(0, OK, []), (1, OK, ["outer", "add a [0] to global scope"]),
                          (3, "failed: x", ["inner", "inner, too"]), (4, OK, ["innermost"]), (2, OK, ["last"]),
                          (5, NOT_REACHED, [])])

    def test_process_that_ends_within_a_step(self) -> None:
        text = self.debug("bindsim: step 0: ok", "outer", "calling init: a", "bindsim: step 2: begin", "inner")
        blocks = parse_real(text.splitlines(), 7, -11, "./p", 3, {2}).blocks
        self.assertEqual([(block.step, block.outcome) for block in blocks],
                         [(0, OK), (1, CRASHED), (2, CRASHED), (3, NOT_REACHED)])

    def test_slots(self) -> None:
        text = ""
        for child, name, answer in ((8, "f", "binding file a [1] to b [0]: protected symbol `f' [V]"),
                                    (9, "g", "a: error: symbol lookup error: undefined symbol: g, version V (fatal)\n"
                                     "         7:\tbindsim: slot a [1] symbol `g' [V]: undefined"),
                                    (10, "h", "bindsim: slot a [1] symbol `h' [V]: null"), (11, "i", ""),
                                    (12, "j", "bindsim: slot a [1] symbol `j' [V]: fault")):
            said = [f"bindsim: slot a [1] symbol `{name}' [V]: calling", "marking b [0] as NODELETE", answer]
            text += "".join(f"{child:10}:\t{line}\n" for line in said)
        text = self.debug("bindsim: mapped a [1]") + text + self.debug("bindsim: step 0: ok")
        self.assertEqual([line.partition(": ")[2] for line in self.parse(text, 0, 0).blocks[0].lines],
                         ["mapped a [1]", "slot a [1] symbol `f' [V]: to b [0]", "slot a [1] symbol `g' [V]: undefined",
                          "slot a [1] symbol `h' [V]: null", "slot a [1] symbol `i' [V]: no answer",
                          "slot a [1] symbol `j' [V]: own"])

    def test_programs_without_a_driver(self) -> None:
        text = self.debug("binding file a [0] to b [0]: normal symbol `x'", "transferring control: ./p",
                          "binding file a [0] to b [0]: normal symbol `lazy'")
        real = self.parse(text, 3, steps=None)
        self.assertEqual([(block.outcome, len(block.lines)) for block in real.blocks], [(OK, 1)])


class OtherTest(unittest.TestCase):
    """The rest: options, ELF headers, the end of a start-up."""

    def test_steps_become_options(self) -> None:
        question = Question("p", ["a.so:NOW", "close:1", "sym:1:f@V", "newlm:a.so:LAZY", "lm:4:b.so:NOW",
                                  "by:a.so[0]:sym:NEXT:g", "init:c.so", "sym:f", "by:b.so:call:a.so:f", "close:2",
                                  "end-init", "by:a.so[0]:b.so", "close:8"], {"LD_PRELOAD": "x"}, bind_now=False)
        self.assertEqual(simulator_arguments(question),
                         ["--format=ld-debug", "--show=bindings", "--env", "LD_PRELOAD=x", "p", "--dlopen", "a.so:NOW",
                          "--dlclose", "1", "--dlsym", "1:f@V", "--dlmopen", "a.so:LAZY", "--dlmopen", "b.so:NOW@4",
                          "--caller", "a.so[0]", "--dlsym", "NEXT:g", "--init", "c.so", "--dlsym", "f",
                          "--caller", "b.so", "--call", "a.so:f", "--caller", "c.so", "--dlclose", "2", "--end-init",
                          "--dlopen", "b.so", "--caller", "p", "--dlclose", "8"])
        self.assertEqual(question.numbers(), (11, {7, 8, 9}))

    def test_interpreter(self) -> None:
        self.assertIsNone(interpreter(__file__))
        self.assertIsNone(interpreter("/nonexistent"))
        self.assertIn("ld-linux", interpreter("/bin/sh") or "")

    def test_final_block(self) -> None:
        start = ["binding file p [0] to /lib/libc.so.6 [0]: normal symbol `puts' [G]"]
        end = [f"binding file p [0] to /lib/libc.so.6 [0]: normal symbol `{name}' [G]"
               for name in ("calloc", "free", "malloc", "realloc")]
        end += ["binding file ld [0] to /lib/libc.so.6 [0]: normal symbol `_dl_catch_error' [G]"]
        self.assertEqual(list(without_final_block(start * 100 + end, "p", "ld")), start * 100)
        self.assertEqual(len(list(without_final_block(start, "p", "ld"))), 2)


if __name__ == "__main__":
    unittest.main()
