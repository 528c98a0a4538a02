# SPDX-License-Identifier: MIT
"""What the tests of bindsim check share: copies of a library, and what becomes of findings about them."""

import json
import re

from harness import CommandLineTest


def functions(n, value=0, names="codec_%d"):
    return "".join(f"int {names % i}(void) {{ return {value + i}; }}\n" for i in range(n))


def user(n, value=0, names="codec_%d"):
    calls = " + ".join(f"{names % i}()" for i in range(n))
    return functions(n, value, names) + f"int plugin(void) {{ return {calls}; }}"


class CheckTest(CommandLineTest):
    """copy.so is bound to first.so for five functions of its own, few.so for two."""

    COPY = ("./app", "--dlopen=./first.so:GLOBAL", "--dlopen=./copy.so")
    FEW = ("./app", "--dlopen=./first.so:GLOBAL", "--dlopen=./few.so")

    def setUp(self):
        super().setUp()
        self.program()
        self.object("first.so", functions(5))
        self.object("copy.so", user(5, 100))
        self.object("few.so", user(2, 100))

    def check(self, *arguments, **options):
        return self.bindsim("check", *arguments, **options)

    def policy(self, text, name=".bindsim.ini"):
        return self.file(name, text)

    def summary(self, answer):
        """The line that sums up."""
        lines = re.findall(r"^check: (.*)$", answer.out, re.MULTILINE)
        self.assertEqual(len(lines), 1, answer)
        self.assertEqual(lines[0].partition(":")[0], "failed" if answer.status else "passed")
        self.assertTrue(answer.out.endswith(f"check: {lines[0]}\n"), answer.out)
        return lines[0].partition(": ")[2]

    def findings(self, *arguments):
        """Rule, level and disposition of each finding; the summary must count the same."""
        answer = self.check("--format=json", *arguments)
        document = json.loads(answer.out)
        found = [(f["rule"], f["level"], f["disposition"]) for f in document["findings"]]
        for name in ("counts", "below", "suppressed", "baseline"):
            self.assertEqual(document["verdict"][name], [d for *_, d in found].count(name), found)
        self.assertEqual((document["verdict"]["outcome"], document["reason"]),
                         ("failed", "finding") if answer.status else ("passed", None))
        return found

    def disposition(self, rule, *arguments):
        found = [disposition for name, _, disposition in self.findings(*arguments) if name == rule]
        self.assertLessEqual(len(found), 1)
        return found[0] if found else None

    def by_policy(self, text, rule, *arguments):
        """What becomes of the finding of a rule under a policy."""
        self.policy(text)
        return self.disposition(rule, *(arguments or self.COPY))


PLANS = """
[plan bad]
executable = ./app
step = dlopen ./first.so:NOW,GLOBAL
step = dlopen ./copy.so
[plan good]
executable = ./app
"""
