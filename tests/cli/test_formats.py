#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The formats for services: SARIF, JUnit, GitHub, GitLab, Markdown, DOT. Whole ones are in reports/."""

import html
import json
import os
import re
import shutil
import subprocess
import unittest
import urllib.parse
import xml.etree.ElementTree

from harness import CommandLineTest, environment

FORMATS = ("sarif", "junit", "github", "gitlab", "markdown", "dot")
USE = "int use(void) { return tick() + tack() + tock(); }"
TEMPLATE = ("_ZN3geo5ShapeIiE4drawEv", "_ZlsRN3geo5ShapeIcEEi", "_ZN3geo5ShapeIdEixEi")
# What is special in one format or another; the last byte is no UTF-8. Files with such names are there.
HOSTILE = (b'quote".so', b"line\nend.so", b"cr\rlf.so", b"100%25.so", b"<b>&amp;'.so", b"a:b,c=d::e.so", b"[x](y)|`*_~.so",
           b"```\n```.so", b"\\N\\G\\\".so", b"@team #1 $x$ ]]>.so", b"\xff\xfe.so", "\ufffe\u202e\u5bbd.so".encode(),
           b"-->.so", b"${{ x }}%0A.so")


def copy(value):
    """Three functions."""
    return "".join(f"int {name}(void) {{ return {value + i}; }}" for i, name in enumerate(("tick", "tack", "tock")))


def templates(value):
    """Functions of C++ templates, as a compiler makes them; no C++ compiler is needed for it."""
    functions = "".join(f'int f{i}(void) __asm__("{name}"); int f{i}(void) {{ return {value + i}; }}'
                        for i, name in enumerate(TEMPLATE))
    return functions + "int use(void) { return f0() + f1() + f2(); }"


class FormatTest(CommandLineTest):
    """A program, an object that defines functions, and one that has its own and is bound to them."""

    def setUp(self):
        super().setUp()
        self.program()
        self.object("first.so", copy(1))
        self.object("second.so", copy(100) + USE)
        self.ask = ["./app", "--dlopen=./first.so:GLOBAL", "--dlopen=./second.so"]

    def write(self, form, *arguments, status=0, **options):
        answer = self.bindsim(f"--format={form}", *(arguments or self.ask), **options)
        self.assertEqual(answer.status, status, answer)
        return answer.out

    def sarif(self, *arguments, **options):
        document = json.loads(self.write("sarif", *arguments, **options))
        self.check_sarif(document)
        return document["runs"][0]

    def junit(self, *arguments, **options):
        suites = xml.etree.ElementTree.fromstring(self.write("junit", *arguments, **options).encode())
        self.check_junit(suites)
        return suites[0]

    def gitlab(self, *arguments, **options):
        issues = json.loads(self.write("gitlab", *arguments, **options))
        for issue in issues:
            self.assertEqual(set(issue), {"description", "check_name", "fingerprint", "severity", "location"})
            self.assertEqual(issue["location"]["lines"], {"begin": 1})
            self.assertNotRegex(issue["location"]["path"], r"^/|^\./|\n")
        self.assertEqual(len({issue["fingerprint"] for issue in issues}), len(issues))
        return issues

    def github(self, *arguments, **options):
        """Kind, file, title and message of each annotation."""
        found = []
        for line in self.write("github", *arguments, **options).splitlines():
            match = re.fullmatch(r"::(error|warning|notice) (?:file=([^,:]+),line=1,)?title=([^,:]+)::([^\r\n]*)", line)
            self.assertIsNotNone(match, line)
            self.assertNotRegex(line, r"%(?!25|0A|0D|3A|2C)")
            found.append((match[1], *(urllib.parse.unquote(part or "") for part in match.groups()[1:])))
        return found

    def check_sarif(self, document):
        """What code scanning wants beyond what the schema does, which tests/json/sarif_test.py asks."""
        self.assertEqual(document["version"], "2.1.0")
        (run,) = document["runs"]
        rules = run["tool"]["driver"]["rules"]
        self.assertRegex(run["automationDetails"]["id"], r"^bindsim/[0-9a-f]{16}/$")
        used = {result["ruleId"] for result in run["results"]}
        self.assertEqual({rule["id"] for rule in rules}, used)
        for rule in rules:
            self.assertLessEqual(len(rule["fullDescription"]["text"]), 1024)
            self.assertIn(rule["defaultConfiguration"]["level"], ("error", "warning", "note"))
            self.assertIn(rule["properties"]["problem.severity"], ("error", "warning", "recommendation"))
            self.assertLessEqual(len(rule["properties"]["tags"]), 20)
        for result in run["results"]:
            self.assertEqual(rules[result["ruleIndex"]]["id"], result["ruleId"])
            self.assertEqual(len(result["locations"]), 1)
            places = result["locations"] + result["relatedLocations"]
            self.assertLessEqual(len(places), 100)
            for place in places:
                artifact = place["physicalLocation"]["artifactLocation"]
                self.assertRegex(artifact["uri"], r"^(?!/)([\w.~/-]|%[0-9A-F]{2})+$")
                self.assertIn(artifact["uriBaseId"], run["originalUriBaseIds"])
                self.assertEqual(place["physicalLocation"]["region"], {"startLine": 1})
        prints = [result["partialFingerprints"]["bindsimFingerprint/v1"] for result in run["results"]]
        self.assertEqual(len(set(prints)), len(prints))

    def check_junit(self, suites):
        self.assertEqual(suites.tag, "testsuites")
        (suite,) = suites
        cases = list(suite)
        self.assertEqual({case.tag for case in cases}, {"testcase"})
        for element in (suites, suite):
            self.assertEqual(int(element.get("tests")), len(cases))
            self.assertEqual(int(element.get("failures")), len(suite.findall("testcase/failure")))
        names = [(case.get("classname"), case.get("name")) for case in cases]
        self.assertEqual(len(set(names)), len(names))
        self.assertEqual(names[0], ("bindsim", "simulation"))
        for case in cases:
            self.assertEqual(case.get("time"), "0")
            self.assertLessEqual(len(case), 1)


class HealthyTest(FormatTest):
    """Nothing to tell: each format says so in its way, and no finding is made up."""

    def test_nothing(self):
        run = self.sarif("./app")
        self.assertEqual((run["results"], run["tool"]["driver"]["rules"]), ([], []))
        self.assertEqual(run["invocations"][0], {
            "executionSuccessful": True, "exitCode": 0, "exitCodeDescription": "start-up and all steps succeed",
            "toolExecutionNotifications": []})
        self.assertEqual([(case.get("name"), len(case)) for case in self.junit("./app")], [("simulation", 0)])
        self.assertEqual(self.github("./app"), [])
        self.assertEqual(self.gitlab("./app"), [])
        self.assertNotIn("<details>", self.write("markdown", "./app"))
        self.assertNotIn("penwidth", self.write("dot", "./app"))


class FindingTest(FormatTest):
    """A finding in each format: its rule, its level, its objects and the words of the text report."""

    HEADLINE = "second.so is bound to first.so for 3 symbols of its own (step 2)"

    def test_sarif(self):
        run = self.sarif()
        (result,) = run["results"]
        self.assertEqual((result["ruleId"], result["level"]), ("captured-references", "error"))
        self.assertEqual(result["message"]["text"].splitlines()[:2], [self.HEADLINE, "of them: 3 functions"])
        (place,) = result["locations"]
        self.assertEqual(place["physicalLocation"]["artifactLocation"], {"uri": "second.so", "uriBaseId": "%SRCROOT%"})
        self.assertEqual({(symbol["fullyQualifiedName"], symbol["kind"]) for symbol in place["logicalLocations"]},
                         {(name, "function") for name in ("tick", "tack", "tock")})
        self.assertEqual([other["physicalLocation"]["artifactLocation"]["uri"] for other in result["relatedLocations"]],
                         ["first.so"])
        self.assertEqual(run["invocations"][0]["exitCode"], 0)
        failed = self.sarif("--fail-on=error", *self.ask, status=1)["invocations"][0]
        self.assertEqual((failed["exitCode"], failed["exitCodeDescription"]), (1, "a finding reaches --fail-on=error"))

    def test_the_rule(self):
        (rule,) = self.sarif()["tool"]["driver"]["rules"]
        told = self.bindsim("explain", "--rule=captured-references").out
        text = f"{rule['id']}: {rule['shortDescription']['text']}\n\n{rule['help']['text']}\n"
        self.assertTrue(told.startswith(text + "\n"), told)
        # A build that was told where the documents are links the rule's page there, else that of the manual.
        place = os.environ.get("DOCS_URL")
        self.assertEqual(rule["helpUri"], f"{place}/rules/{rule['id']}.md" if place else f"man:bindsim-findings(7)#{rule['id']}")
        document = json.loads(self.bindsim("--format=json", *self.ask).out)
        self.assertEqual([finding["help"] for finding in document["findings"]], [rule["helpUri"]])
        lines = self.bindsim("--format=ndjson", *self.ask).out.splitlines()
        self.assertEqual([line["help"] for line in map(json.loads, lines) if line["type"] == "finding"], [rule["helpUri"]])
        self.assertEqual(rule["name"], "CapturedReferences")
        self.assertIn("\n- **error** functions are captured", rule["help"]["markdown"])
        self.assertEqual(rule["defaultConfiguration"], {"level": "error"})

    def test_the_fingerprint_is_that_of_json(self):
        (finding,) = json.loads(self.write("json"))["findings"]
        (result,) = self.sarif()["results"]
        self.assertEqual(result["partialFingerprints"], {"bindsimFingerprint/v1": finding["fingerprint"]})
        self.assertEqual(self.gitlab()[0]["fingerprint"], finding["fingerprint"])

    def test_a_variable(self):
        for i, name in enumerate(("first", "second")):
            self.object(f"{name}.so", f"int table[4] = {{ {i} }}; int names[4] = {{ {i} }};"
                                      "int use(void) { return table[0] + names[0]; }")
        (result,) = self.sarif()["results"]
        self.assertEqual(result["level"], "warning")
        self.assertEqual({symbol["kind"] for symbol in result["locations"][0]["logicalLocations"]}, {"variable"})
        self.assertEqual(self.gitlab()[0]["severity"], "minor")
        self.assertEqual(self.github()[0][0], "warning")

    def test_symbols_that_the_referrer_does_not_define(self):
        self.object("libneeded.so", copy(1))
        self.object("second.so", "int tick(void), tack(void), tock(void);" + USE, str(self.directory / "libneeded.so"),
                    "-Wl,-rpath,$ORIGIN")
        (result,) = self.sarif()["results"]
        self.assertEqual(result["ruleId"], "captured-dependency")
        self.assertEqual({(symbol["fullyQualifiedName"], symbol["kind"])
                          for symbol in result["locations"][0]["logicalLocations"]},
                         {(name, "function") for name in ("tick", "tack", "tock")})
        self.assertEqual([other["physicalLocation"]["artifactLocation"]["uri"] for other in result["relatedLocations"]],
                         ["first.so", "libneeded.so"])
        self.object("lazy.so", "int nowhere(void); int use(void) { return nowhere(); }")
        (unresolved,) = self.sarif("./app", "--dlopen=./lazy.so:LAZY")["results"]
        self.assertEqual(unresolved["locations"][0]["logicalLocations"], [{"fullyQualifiedName": "nowhere"}])
        self.assertEqual(unresolved["relatedLocations"], [])

    def test_junit(self):
        _, case = self.junit()
        self.assertEqual((case.get("classname"), case.get("name")), ("captured-references", "./second.so -> ./first.so"))
        (failure,) = case
        self.assertEqual((failure.tag, failure.get("type"), failure.get("message")),
                         ("failure", "captured-references", self.HEADLINE))
        self.assertTrue(failure.text.startswith(f"error: {self.HEADLINE}\n   of them     3 functions\n"), failure.text)

    def test_github(self):
        ((kind, path, title, message),) = self.github()
        self.assertEqual((kind, path, title), ("error", "second.so", "captured-references"))
        self.assertEqual(message.splitlines()[:2], [self.HEADLINE, "of them: 3 functions"])

    def test_gitlab(self):
        (issue,) = self.gitlab()
        self.assertEqual((issue["check_name"], issue["severity"], issue["description"], issue["location"]["path"]),
                         ("captured-references", "major", self.HEADLINE, "second.so"))

    def test_markdown(self):
        page = self.write("markdown")
        self.assertIn("start-up and 2 steps: **1 error, 0 warnings**\n", page)
        self.assertIn("| 1 | dlopen ./first.so | GLOBAL | ok | 1 | 0 |\n", page)
        self.assertIn(f"<b>error</b> <code>captured-references</code>: {self.HEADLINE}</summary>\n\n", page)
        self.assertIn("```text\n   of them     3 functions\n", page)
        self.assertNotIn("| 1 |", self.write("markdown", "--show=findings", *self.ask))
        page = self.write("markdown", "--bind-now", "--library-path=/a_b", *self.ask)
        self.assertIn(r"and 2 steps with LD\_BIND\_NOW=1 --library-path=/a\_b: **1 error", page)

    def test_dot(self):
        graph = self.write("dot")
        self.assertEqual(graph.count("captured-references: 3"), 1)
        self.assertRegex(graph, r"m\d -> m\d \[color=red, [^\n]*captured-references")
        self.assertNotIn("captured", self.write("dot", "--show=needed,steps", *self.ask))
        self.assertNotIn("dlopen", self.write("dot", "--show=needed", "./app"))

    def test_only_what_is_selected(self):
        for form in FORMATS:
            self.assertIn("captured-references", self.write(form, "--from=second.so", *self.ask))
            self.assertNotIn("captured-references", self.write(form, "--from=first.so", *self.ask))


class LevelTest(FormatTest):
    """Notes, and what --fail-on makes of findings."""

    def setUp(self):
        super().setUp()
        self.alone = ["./app", "--dlopen=./first.so", "--dlopen=./second.so"]  # isolated: a note

    def test_notes_are_a_part(self):
        for form in FORMATS:
            self.assertNotIn("isolated", self.write(form, *self.alone))
            self.assertIn("isolated", self.write(form, "--show=notes", *self.alone))
            self.assertNotIn("captured", self.write(form, "--show=notes", *self.ask))

    def test_notes_that_count_are_shown(self):
        for form in FORMATS:
            self.assertIn("isolated", self.write(form, "--fail-on=note", *self.alone, status=1))

    def test_levels_of_notes(self):
        shown = ["--show=notes", *self.alone]
        (result,) = self.sarif(*shown)["results"]
        self.assertEqual(result["level"], "note")
        self.assertEqual([issue["severity"] for issue in self.gitlab(*shown)], ["info"])
        self.assertEqual([kind for kind, *_ in self.github(*shown)], ["notice"])

    def test_what_fails_a_case(self):
        def tags(*arguments, status=0):
            return [child.tag for case in self.junit(*arguments, status=status) for child in case]
        self.assertEqual(tags("--show=notes", *self.alone), ["system-out"])
        self.assertEqual(tags("--fail-on=note", *self.alone, status=1), ["failure"])
        self.assertEqual(tags(*self.ask), ["failure"])
        self.object("second.so", copy(1) + USE)  # the same instructions: a warning
        self.assertEqual(tags(*self.ask), ["system-out"])
        self.assertEqual(tags("--fail-on=warning", *self.ask, status=1), ["failure"])


class RefusalTest(FormatTest):
    """What the loader refuses."""

    def setUp(self):
        super().setUp()
        self.ask = ["./app", "--dlopen=./absent.so"]
        self.words = "step 1 failed: ./absent.so: cannot open shared object file: No such file or directory"

    def test_each(self):
        invocation = self.sarif(status=1)["invocations"][0]
        self.assertEqual(invocation["exitCode"], 1)
        self.assertEqual(invocation["toolExecutionNotifications"],
                         [{"descriptor": {"id": "refused"}, "level": "error", "message": {"text": self.words}}])
        (case,) = self.junit(status=1)
        self.assertEqual((case[0].get("type"), case[0].get("message")), ("refused", self.words))
        self.assertEqual(self.github(status=1), [("error", "app", "refused", self.words)])
        (issue,) = self.gitlab(status=1)
        self.assertEqual((issue["check_name"], issue["severity"], issue["description"]), ("refused", "critical", self.words))
        page = self.write("markdown", status=1)
        self.assertIn("1 step refused", page)
        self.assertIn("| 1 | dlopen ./absent.so |  | **failed** |  |  |\n", page)
        self.assertIn("```text\nerror: step 1: dlopen ./absent.so: cannot open", page)
        self.assertIn('color=red, fontcolor=red, label="1: dlopen ./absent.so\\nfailed"', self.write("dot", status=1))

    def test_what_start_up_misses(self):
        (self.directory / "build").mkdir()
        gone = self.object("build/libgone.so", "int gone(void) { return 1; }", "-Wl,-soname,libgone.so")
        self.program("lost", "int gone(void); void _start(void) { gone(); }", str(gone))
        gone.unlink()
        self.assertIn("libgone.so", self.junit("./lost", status=1)[0][0].text)
        self.assertRegex(self.write("dot", "./lost", status=1), r'x0 \[label="libgone.so\\nnot found"')
        self.object("wants.so", "int nothing;", "-Wl,--no-as-needed", str(self.object("libaway.so")))
        (self.directory / "libaway.so").unlink()
        graph = self.write("dot", "./app", "--dlopen=./wants.so", status=1)
        self.assertEqual(re.findall(r"m\d -> (x\d)", graph), ["x0"])
        self.assertNotIn("not found", self.write("dot", "./app", "--dlopen=./absent.so", status=1))

    def test_a_preload_that_is_passed_over(self):
        ask = ["--preload=./absent.so", "./app"]
        words = "object ./absent.so from --preload is not preloaded: ./absent.so: cannot open shared object file"
        (notification,) = self.sarif(*ask)["invocations"][0]["toolExecutionNotifications"]
        self.assertEqual(notification["level"], "warning")
        self.assertTrue(notification["message"]["text"].startswith(words), notification)
        self.assertEqual([(kind, title) for kind, _, title, _ in self.github(*ask)], [("warning", "not-preloaded")])
        self.assertIn("**warning**: object ./absent.so from --preload", self.write("markdown", *ask))


class AssumptionTest(FormatTest):
    """What an answer rests on that a loader's documents leave open."""

    def test_marks_are_explained(self):
        self.program("user", "int tick(void); void _start(void) { tick(); }", str(self.directory / "first.so"))
        ask = ["--loader=qnx", "./user", "--dlopen=./second.so:WORLD"]
        (result,) = self.sarif(*ask)["results"]
        (marks,) = set(re.findall(r"\[assumed: (Q-\d+(?:, Q-\d+)*)\]", result["message"]["text"]))
        (notification,) = self.sarif(*ask)["invocations"][0]["toolExecutionNotifications"]
        self.assertEqual((notification["descriptor"]["id"], notification["level"]), ("assumed", "note"))
        for mark in marks.split(", "):
            self.assertIn(f"\n  {mark}  ", notification["message"]["text"])
            self.assertIn(f"\n  {mark}  ", self.write("markdown", *ask))
        self.assertNotIn("assumed", self.write("markdown"))
        self.assertNotIn("assumed", self.write("sarif"))


class PlaceTest(FormatTest):
    """How files are named."""

    def places(self, *arguments, **options):
        """URI and base of a finding's objects."""
        (result,) = self.sarif(*arguments, **options)["results"]
        return [tuple(place["physicalLocation"]["artifactLocation"].values())
                for place in (*result["locations"], *result["relatedLocations"])]

    def test_below_the_working_directory(self):
        (self.directory / "deep").mkdir()
        (self.directory / "first.so").rename(self.directory / "deep/first.so")
        self.assertEqual(self.places("./app", f"--dlopen={self.directory}/deep/first.so:GLOBAL",
                                     "--dlopen=./deep/.././/second.so"),
                         [("second.so", "%SRCROOT%"), ("deep/first.so", "%SRCROOT%")])

    def test_elsewhere(self):
        (self.directory / "deep").mkdir()
        away = urllib.parse.quote(str(self.directory).lstrip("/"))
        ask = ["../app", "--dlopen=../first.so:GLOBAL", "--dlopen=../second.so"]
        self.assertEqual(self.places(*ask, cwd="deep"), [(f"{away}/second.so", "ROOT"), (f"{away}/first.so", "ROOT")])
        self.assertEqual(self.gitlab(*ask, cwd="deep")[0]["location"]["path"], f"{away}/second.so")
        self.assertEqual(self.sarif(*ask, cwd="deep")["originalUriBaseIds"]["ROOT"]["uri"], "file:///")

    def test_in_a_root(self):
        (self.directory / "root/lib64").mkdir(parents=True)
        shutil.copy("/lib64/ld-linux-x86-64.so.2", self.directory / "root/lib64")
        for name in ("app", "first.so", "second.so"):
            (self.directory / name).rename(self.directory / "root" / name)
        ask = ["--root=root", "/app", "--dlopen=/first.so:GLOBAL", "--dlopen=/second.so"]
        self.assertEqual(self.places(*ask), [("second.so", "ROOT"), ("first.so", "ROOT")])
        self.assertNotIn("uri", self.sarif(*ask)["originalUriBaseIds"]["ROOT"])
        self.assertNotIn(str(self.directory), self.write("sarif", *ask))
        self.assertEqual(self.gitlab(*ask)[0]["location"]["path"], "second.so")

    def test_a_name_for_each_plan(self):
        def name(*arguments, **options):
            return self.sarif(*arguments, **options)["automationDetails"]["id"]
        self.assertEqual(name(*self.ask), name(*self.ask))
        self.assertNotEqual(name(*self.ask), name(*self.ask, "--bind-now"))
        self.assertNotEqual(name(*self.ask), name(*self.ask[:2]))
        self.assertEqual(name("app"), name("app", env=environment(PATH="/somewhere:/else")))
        self.assertNotEqual(name("app"), name("app", env=environment(LD_LIBRARY_PATH="/somewhere")))

    def test_a_title_for_each_plan(self):
        steps = ["--dlopen=./first.so:NOW,GLOBAL", *["--dlopen=./second.so"] * 5]
        self.assertEqual(self.junit("./app", *steps[:2]).get("name"),
                         "./app: start-up, dlopen ./first.so:NOW,GLOBAL, dlopen ./second.so")
        self.assertTrue(self.junit("./app", *steps[:5]).get("name").endswith(", dlopen ./second.so" * 4))
        self.assertTrue(self.junit("./app", *steps).get("name").endswith(", dlopen ./second.so" * 3 + " and 2 more steps"))


class SameNameTest(FormatTest):
    """Findings that have one fingerprint."""

    def test_fingerprints_are_counted(self):
        for directory in ("a", "b", "c"):
            (self.directory / directory).mkdir()
            shutil.copy(self.directory / "second.so", self.directory / directory / "second.so")
        ask = [*self.ask[:2], *(f"--dlopen=./{directory}/second.so" for directory in "abc"), "--symbol=*"]
        prints = [result["partialFingerprints"]["bindsimFingerprint/v1"] for result in self.sarif(*ask)["results"]
                  if result["ruleId"] == "captured-references"]
        self.assertEqual(len(prints), 3)
        self.assertEqual(prints, [prints[0], f"{prints[0]}:2", f"{prints[0]}:3"])
        self.gitlab(*ask)
        self.junit(*ask)


class LimitTest(FormatTest):
    """What services take no more of."""

    def copies(self, n):
        for i in range(n):
            shutil.copy(self.directory / "second.so", self.directory / f"copy{i}.so")
        return [f"--dlopen=./copy{i}.so" for i in range(n)]

    def test_ten_annotations_of_a_kind(self):
        ten = self.github(*self.ask[:2], *self.copies(10))
        self.assertEqual([kind for kind, *_ in ten], ["error"] * 10)
        more = self.github(*self.ask[:2], *self.copies(11))
        self.assertEqual([kind for kind, *_ in more], ["error"] * 10 + ["notice"])
        self.assertEqual(more[-1][2:], ("bindsim", "1 more error: no more than ten of a kind are shown here"))
        notes = self.github("--show=notes", "./app", *self.copies(6))
        self.assertEqual([kind for kind, *_ in notes], ["notice"] * 10)
        self.assertEqual(notes[-1][3], "6 more notes: no more than ten of a kind are shown here")

    def test_refusals_are_errors(self):
        ask = [*self.ask[:2], *self.copies(8), *(f"--dlopen=./absent{i}.so" for i in range(5))]
        found = self.github(*ask, status=1)
        self.assertEqual([title for _, _, title, _ in found], ["refused"] * 5 + ["captured-references"] * 5 + ["bindsim"])
        self.assertIn("3 more errors:", found[-1][3])

    def test_more_findings_than_services_take(self):
        """Each of 420 objects has the functions of 60 others inside: 25,200 findings."""
        names = [[f"f{i}_{k}" for k in range(3)] for i in range(60)]
        for i, own in enumerate(names):
            self.object(f"lib{i}.so", "".join(f"int {name}(void) {{ return {i}; }}" for name in own))
        every = [name for own in names for name in own]
        self.object("second.so", "".join(f"int {name}(void) {{ return 100; }}" for name in every)
                    + f"int use(void) {{ return {'() + '.join(every)}(); }}")
        run = self.sarif("./app", *(f"--dlopen=./lib{i}.so:GLOBAL" for i in range(60)), *self.copies(420),
                         "--report=markdown:page")
        self.assertEqual(len(run["results"]), 25000)
        (notification,) = run["invocations"][0]["toolExecutionNotifications"]
        self.assertEqual((notification["level"], notification["descriptor"]["id"]), ("warning", "too-many-results"))
        self.assertTrue(notification["message"]["text"].startswith("200 more findings"), notification)
        page = (self.directory / "page").read_text()
        self.assertLess(len(page.encode()), 1 << 20)
        left = int(re.search(r"\n(\d+) more findings are left out\.\n", page)[1])
        self.assertEqual(page.count("<details>"), 25200 - left)
        self.assertGreater(page.count("<details>"), 500)


class HostileTest(FormatTest):
    """Names that mean something to a format are told as names, and what is no character as \\xNN."""

    def setUp(self):
        super().setUp()
        self.object("first.so", templates(1))
        self.object("second.so", templates(100))

    @staticmethod
    def escaped(name):
        text = name.decode("utf-8", "surrogateescape").replace("\u202e", os.fsdecode(b"\\xe2\\x80\\xae"))
        return "".join(f"\\x{ord(c) & 0xff:02x}" if ord(c) < 0x20 or 0xdc80 <= ord(c) <= 0xdcff else c for c in text)

    def each(self):
        """Each name, as it stands in reports, and the question about it."""
        for name in HOSTILE:
            path = os.fsencode(self.directory) + b"/" + name
            shutil.copy(self.directory / "second.so", path)
            yield name, self.escaped(name), [*self.ask[:2], b"--dlopen=./" + name]
            os.unlink(path)

    def test_sarif(self):
        for name, escaped, ask in self.each():
            with self.subTest(name):
                (result,) = self.sarif(*ask)["results"]
                place = result["locations"][0]
                uri = place["physicalLocation"]["artifactLocation"]["uri"]
                self.assertEqual(urllib.parse.unquote_to_bytes(uri), name)
                self.assertTrue(result["message"]["text"].startswith(f"{escaped} is bound to first.so for 3 symbols"))
                symbols = {(symbol["fullyQualifiedName"], symbol["decoratedName"])
                           for symbol in place["logicalLocations"]}
                self.assertEqual(symbols, {("geo::Shape<int>::draw()", TEMPLATE[0]),
                                           ("operator<<(geo::Shape<char>&, int)", TEMPLATE[1]),
                                           ("geo::Shape<double>::operator[](int)", TEMPLATE[2])})

    def test_junit(self):
        for name, escaped, ask in self.each():
            with self.subTest(name):
                _, case = self.junit(*ask)
                # XML has no U+FFFE.
                escaped = escaped.replace("\ufffe", "\\xef\\xbf\\xbe")
                self.assertEqual(case.get("name"), f"./{escaped} -> ./first.so")
                self.assertTrue(case[0].get("message").startswith(f"{escaped} is bound to"), case[0].get("message"))
                self.assertIn("operator<<(geo::Shape<char>&, int)", case[0].text)

    def test_github(self):
        for name, escaped, ask in self.each():
            with self.subTest(name):
                ((kind, path, _, message),) = self.github(*ask)
                self.assertEqual((kind, path), ("error", escaped))
                self.assertTrue(message.startswith(f"{escaped} is bound to"), message)
                self.assertIn("operator<<(geo::Shape<char>&, int)", message)

    def test_gitlab(self):
        for name, escaped, ask in self.each():
            with self.subTest(name):
                (issue,) = self.gitlab(*ask)
                self.assertEqual(issue["location"]["path"], escaped)
                self.assertTrue(issue["description"].startswith(f"{escaped} is bound to"), issue)

    def test_markdown(self):
        for name, escaped, ask in self.each():
            with self.subTest(name):
                page = self.write("markdown", *ask)
                # No mark-up of its own in cells: punctuation is behind a backslash.
                (cell,) = re.findall(r"^\| 2 \| dlopen \./(.*) \|  \| ok \| 1 \| 3 \|$", page, re.MULTILINE)
                self.assertNotRegex(re.sub(r"\\.|@<!-- -->", "", cell), r"[|`*_<>\[\]$#]|@")
                plain = html.unescape(re.sub(r"\\([!-/:-@[-`{-~])", r"\1", cell.replace("@<!-- -->", "@")))
                self.assertEqual(plain.replace("\\xef\\xbf\\xbe", "\ufffe"), escaped)
                (summary,) = re.findall(r"^<details><summary>(.*)</summary>$", page, re.MULTILINE)
                self.assertEqual(set(re.findall(r"<[^>]*>", summary)) - {"<!-- -->"}, {"<b>", "</b>", "<code>", "</code>"})
                # The block of evidence ends where it is meant to.
                block = re.search(r"^(`{3,})text\n(.*?)^\1$", page, re.MULTILINE | re.DOTALL)
                self.assertIn("operator<<(geo::Shape<char>&, int)", block[2])
                self.assertTrue(page[block.end():].startswith("\n\n</details>\n"), page)

    def test_long_names(self):
        """The words of a finding may be longer than any buffer."""
        names = [f"{letter}" * 70000 for letter in "abc"]
        for file, value in (("first.so", 1), ("second.so", 100)):
            self.object(file, "".join(f"int {name}(void) {{ return {value + i}; }}" for i, name in enumerate(names))
                        + f"int use(void) {{ return {'() + '.join(names)}(); }}")
        for form in ("sarif", "junit", "github", "markdown"):
            text = self.write(form)
            for name in names:
                self.assertIn(name, text, form)
        self.assertEqual({symbol["fullyQualifiedName"] for symbol in
                          self.sarif()["results"][0]["locations"][0]["logicalLocations"]}, set(names))

    # The language of DOT, as far as it is written. (https://graphviz.org/doc/info/lang.html)
    TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|->|[\[\]{}=;,]|[A-Za-z_0-9]+|$)', re.DOTALL)

    def labels(self, graph):
        """The labels of GRAPH, which must be well-formed, with their line ends as such."""
        at, tokens = 0, []
        while at < len(graph):
            match = self.TOKEN.match(graph, at)
            self.assertIsNotNone(match, f"no token: {graph[at:at + 40]!r}")
            tokens.append(match[1])
            at = match.end()
        text = " ".join("L" if token.startswith('"') else token for token in tokens if token)
        attributes = r"\[ (?:\w+ = \w+|\w+ = L)(?: , (?:\w+ = \w+|\w+ = L))* \]"
        statement = rf"(?:(?:graph|node|\w\d+)(?: -> \w\d+)?(?: {attributes})? ; )"
        self.assertRegex(text, rf"^digraph bindsim {{ {statement}+(?:subgraph cluster_\d+ {{ label = L ; {statement}+}} )+"
                               rf"{statement}*}}$")
        return [html.unescape(re.sub(r"\\(.)", lambda match: {"n": "\n"}.get(match[1], match[1]), token[1:-1]))
                for token in tokens if token.startswith('"')]

    def test_dot(self):
        for name, escaped, ask in self.each():
            with self.subTest(name):
                graph = self.write("dot", *ask)
                self.assertIn(f"{escaped}\n./{escaped}", self.labels(graph))
                self.assertIn(f"2: dlopen ./{escaped}", self.labels(graph))
                if shutil.which("dot"):
                    subprocess.run(["dot", "-Tsvg", "-o", "/dev/null"], input=graph.encode(), check=True, timeout=60)


class GraphTest(FormatTest):
    """Arrows and namespaces of --format=dot."""

    def test_needs_and_namespaces(self):
        self.object("libbase.so", "int base(void) { return 1; }", "-Wl,-soname,libbase.so")
        self.object("liball.so", "int base(void); int all(void) { return base(); }", str(self.directory / "libbase.so"),
                    "-Wl,-rpath,$ORIGIN")
        graph = self.write("dot", "./app", "--dlopen=./liball.so", "--dlmopen=./liball.so", "--dlclose=1")
        numbers = dict(re.findall(r'^    (m\d+) \[label="([\w.]+)\\n', graph, re.MULTILINE))
        first, second = (re.findall(r"m\d+(?= \[)", body) for body in re.findall(
            r"subgraph cluster_\d+ {(.*?)}", graph, re.DOTALL))
        arrows = re.findall(r"^  (m\d+) -> (m\d+);$", graph, re.MULTILINE)
        self.assertEqual([(numbers[a], numbers[b]) for a, b in arrows], [("liball.so", "libbase.so")] * 2)
        for objects, (a, b) in zip((first, second), arrows):
            self.assertLessEqual({a, b}, set(objects))
        self.assertRegex(graph, r"s1 -> m\d+ \[style=dashed")
        self.assertRegex(graph, r'label="3: dlclose 1"')
        self.assertEqual(len(re.findall(r"liball.so\\n[^\n]*gray50", graph)), 1)


if __name__ == "__main__":
    unittest.main()
