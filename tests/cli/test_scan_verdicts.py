#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bindsim scan with a policy and a baseline: what counts in each program, and in the formats that services read."""

import json
import re
import shutil
import sqlite3
import subprocess
import unittest
import xml.etree.ElementTree as ElementTree

import test_scan
from harness import BINDSIM, build, environment

REASON = "reason = known"
CAPTURED = "[suppress]\nrule = captured-references\nfrom = libcodec-two.so\n" + REASON + "\n"
NEVER = "[suppress]\nrule = two-versions\nfrom = libnobody.so\n" + REASON + "\n"
FORMATS = ("text", "json", "ndjson", "sarif", "junit", "github", "gitlab", "markdown")


def setUpModule():
    test_scan.setUpModule()


def tearDownModule():
    test_scan.tearDownModule()


class VerdictTest(test_scan.ManyTest):
    """What the tests share: many programs, eight of which clash."""

    def libraries(self):
        super().libraries()
        self.validated = {}
        for path in [*self.directory.glob("many/*/broken-*"), *self.directory.glob("many/*/sound-*[02468]")]:
            path.unlink()

    def assert_valid(self, document, name):
        """Some of each kind: there are many alike."""
        kind = (document.get("type"), bool(document.get("findings")), bool(document.get("bindings")), name)
        self.validated[kind] = self.validated.get(kind, 0) + 1
        if self.validated[kind] <= 2:
            super().assert_valid(document, name)

    def policy(self, *sections):
        return "--policy=" + str(self.file("policy.ini", "\n".join(sections)))

    def lines(self, *arguments, status, path="many"):
        return self.scan(*arguments, path, status=status)

    def dispositions(self, lines):
        return [(line["path"], finding["rule"], finding["level"], finding["disposition"], finding.get("excuse"))
                for line in lines if line["type"] == "program" for finding in line["findings"]]


class PolicyTest(VerdictTest):
    """The same meaning as in check."""

    def of_check(self, *arguments):
        told = []
        for path in sorted(self.directory.glob("many/1/*")):
            name = "./" + str(path.relative_to(self.directory))
            answer = json.loads(self.bindsim("check", "--format=json", "--proof=none", *arguments, name).out)
            told += [(name, finding["rule"], finding["level"], finding["disposition"], finding["excuse"])
                     for finding in answer["findings"]
                     if finding["level"] != "note" and finding["rule"] not in ("unused-suppression", "expired-suppression")]
        return sorted(told)

    def test_as_in_check(self):
        """Program for program, whatever the policy says and whatever counts."""
        for number, sections in enumerate((
                [CAPTURED], [NEVER, "[level captured-references]\nlevel = warning\n"], ["[level captured-references]\nlevel = none\n"],
                ["[forbid]\nsymbol = codec_*\n"], ["[allow]\nfamily = libcodec-*\n"],
                ["[require-binding]\nsymbol = use_*\nto = libnothing*\n", "[require-bind-now]\nobject = *\n"],
                [CAPTURED, "[require-isolation]\nbetween = libcodec-two.so, libcodec-one.so\n"])):
            policy, level = self.policy(*sections), ("error", "warning", "none")[number % 3]
            answer = self.bindsim("scan", "--format=ndjson", policy, f"--fail-on={level}", "./many/1")
            found = [json.loads(line) for line in answer.out.splitlines()]
            for line in found:
                self.assert_valid(line, "bindsim-scan-1")
            expected = self.of_check(policy, f"--fail-on={level}")
            self.assertGreater(len(found), 3, answer)
            self.assertEqual(sorted(row[:4] for row in self.dispositions(found)), [row[:4] for row in expected], sections)
            for row in self.dispositions(found):
                self.assertEqual(row[3] == "suppressed" and row[4] is None, False, "what is suppressed says why")
            self.assertEqual(answer.status, 1 if any(row[3] == "counts" for row in expected) else 0)

    def test_suppressed(self):
        lines = self.lines(self.policy(CAPTURED), status=0)
        self.assertEqual(lines[-1]["verdict"], {"counts": 0, "below": 0, "suppressed": 8, "baseline": 0, "gone": 0, "of_policy": []})
        self.assertEqual({row[3:] for row in self.dispositions(lines)}, {("suppressed", "known")})
        self.assertEqual([line for line in lines if line["type"] == "pair"], [])
        self.assertEqual(lines[-1]["with_errors"], 0)
        answer = self.bindsim("scan", self.policy(CAPTURED), "many")
        self.assertNotIn("captured-references", answer.out)
        self.assertIn("scan: passed: no finding counts, 8 suppressed\n", answer.out)
        answer = self.bindsim("scan", self.policy(NEVER), "many")
        self.assertIn("scan failed: 8 findings count", answer.err)
        self.assertIn("scan: failed: 8 findings count", answer.out)

    def test_told_once(self):
        """A section that no program has a use for is told of once, and one that some program has is not."""
        expired = "[suppress]\nrule = split-copy\nexpires = 2020-01-01\n" + REASON + "\n"
        export = "[require-export]\nobject = libmissing.so\nsymbol = entry\n"
        policy = self.policy(CAPTURED, NEVER, expired, export)
        lines = self.lines(policy, status=1)
        told = lines[-1]["verdict"]["of_policy"]
        self.assertEqual([(item["rule"], item["level"], item["disposition"]) for item in told],
                         [("unused-suppression", "note", "below"), ("expired-suppression", "warning", "below"),
                          ("required-export", "error", "counts")])
        self.assertIn("policy.ini:6: rule=two-versions from=libnobody.so", told[0]["words"])
        self.assertNotIn("unused-suppression", {row[1] for row in self.dispositions(lines)})
        # The same of parts, of which some have no use for what others have.
        for n in (1, 3):
            parts = []
            for part in range(1, n + 1):
                parts.append(f"part-{part}-of-{n}")
                answer = self.bindsim("scan", "--format=ndjson", "-o", parts[-1], policy, f"--shard={part}/{n}", "many")
                self.assertIn(answer.status, (0, 1))
                self.assertEqual(json.loads((self.directory / parts[-1]).read_text().splitlines()[-1])["verdict"]["of_policy"], [])
            merged = self.bindsim("scan", "--merge", "--format=ndjson", *parts)
            self.assertEqual(merged.out, self.whole("ndjson", policy))
        out = self.bindsim("scan", policy, "many").out
        self.assertEqual(out.count("unused-suppression"), 1)
        # A policy can speak of these findings, too.
        lines = self.lines(self.policy(CAPTURED, NEVER, "[level unused-suppression]\nlevel = error\n"), status=1)
        self.assertEqual(lines[-1]["verdict"]["of_policy"][0]["disposition"], "counts")
        lines = self.lines(self.policy(CAPTURED, NEVER, "[suppress]\nrule = unused-suppression\n" + REASON + "\n"), "--fail-on=note", status=0)
        self.assertIn("suppressed", {item["disposition"] for item in lines[-1]["verdict"]["of_policy"]})

    def test_what_the_policy_says_of_the_scan(self):
        """[check] holds for scans; a policy is looked for upwards, unless told not to."""
        (self.directory / "many/.bindsim.ini").write_text("[check]\nfail-on = none\n" + CAPTURED)
        answer = self.bindsim("scan", "--format=ndjson", ".", cwd=self.directory / "many")
        self.assertEqual(answer.status, 0)
        lines = [json.loads(line) for line in answer.out.splitlines()]
        self.assertEqual(lines[0]["judged"]["fail_on"], "none")
        self.assertEqual(lines[-1]["verdict"]["below"], 8)
        answer = self.bindsim("scan", "--no-policy", ".", cwd=self.directory / "many")
        self.assertEqual(answer.status, 1)
        answer = self.bindsim("scan", "--fail-on=error", "--format=ndjson", ".", cwd=self.directory / "many")
        self.assertEqual(json.loads(answer.out.splitlines()[-1])["verdict"]["suppressed"], 8)
        self.assert_trouble(self.bindsim("scan", self.policy("[suppress]\nrule = no-such\n" + REASON), "many"), "policy.ini", "no-such")
        # The baseline that it names: told how it is made.
        policy = self.policy("[check]\nbaseline = known.json\n")
        self.assert_trouble(self.bindsim("scan", policy, "many"), "known.json", "bindsim scan --write-baseline")
        self.assertEqual(self.bindsim("scan", policy, "-q", f"--write-baseline={self.directory}/known.json", "many").status, 1)
        self.assertEqual(self.bindsim("scan", policy, "many").status, 0)

    def test_gen_suppressions(self):
        """Each section once, whatever the number of programs; with a reason they excuse all."""
        answer = self.bindsim("scan", "--gen-suppressions", "many")
        self.assertEqual(answer.out.count("[suppress]"), 1)
        self.assertEqual(self.bindsim("scan", self.policy(answer.out.replace("reason =", "reason = so be it")), "many").status, 0)
        self.assertEqual(self.bindsim("scan", "--gen-suppressions", self.policy(CAPTURED), "many").out, "")
        self.bindsim("scan", "--format=ndjson", "-o", "whole", "many")
        self.assertEqual(self.bindsim("scan", "--merge", "--gen-suppressions", "whole").out, answer.out)


class BaselineTest(VerdictTest):
    """What was there before does not count."""

    def write(self, *arguments, name="known.json"):
        self.bindsim("scan", "-q", f"--write-baseline={name}", *arguments)
        document = json.loads((self.directory / name).read_text())
        self.assert_valid(document, "bindsim-baseline-1")
        return document["findings"]

    def test_new_clashes_only(self):
        known = self.write("many")
        self.assertEqual([item["rule"] for item in known], ["captured-references"] * 8)
        self.assertEqual(len({item["plan"] for item in known}), 8)
        lines = self.lines("--baseline=known.json", status=0)
        self.assertEqual(lines[-1]["verdict"]["baseline"], 8)
        self.clashing("many/0/new")
        lines = self.lines("--baseline=known.json", status=1)
        self.assertEqual([row[0] for row in self.dispositions(lines) if row[3] == "counts"], ["./many/0/new"])
        answer = self.bindsim("scan", "--baseline=known.json", "many")
        self.assertIn("scan failed: 1 finding counts", answer.err)
        self.assertEqual(re.findall(r"^\./many\S*", answer.out, re.MULTILINE), ["./many/0/new"])
        self.assertRegex(answer.out, r"(?m)^ +1  error +captured-references")

    def test_growth_and_what_is_gone(self):
        shutil.copytree(self.directory / "lib", self.directory / "own")
        build(self.directory / "bin/own", "int use_0(void); int use_1(void); void _start(void) { use_0(); use_1(); }",
              f"-L{self.directory}/own", "-l:libcodec-one.so", "-l:libcodec-two.so", "-pie", "-fPIE", "-Wl,-z,now",
              f"-Wl,-rpath,{self.directory}/own")
        self.write("bin/own")
        more = test_scan.CODEC + "int codec_more(void) {{ return {0}; }} int use_{0}(void) {{ return codec_open() + codec_read() + codec_close() + codec_more(); }}"
        for number, name in enumerate(("one", "two")):
            build(self.directory / f"own/libcodec-{name}.so", more.format(number), "-shared", "-fPIC", f"-Wl,-soname,libcodec-{name}.so")
        lines = self.scan("--baseline=known.json", "bin/own", status=1)
        [finding] = lines[1]["findings"]
        self.assertEqual((finding["disposition"], finding["before"]), ("counts", {"level": "error", "symbols": 3}))
        self.assertIn("in the baseline: error, 3 symbols", self.bindsim("scan", "--baseline=known.json", "bin/own").out)
        build(self.directory / "own/libcodec-two.so", "int use_1(void) { return 1; }", "-shared", "-fPIC", "-Wl,-soname,libcodec-two.so")
        lines = self.scan("--baseline=known.json", "bin/own", status=0)
        self.assertEqual([(item["rule"], item["from"], item["symbols"]) for item in lines[1]["gone"]], [("captured-references", "libcodec-two", 3)])
        self.assertEqual(lines[-1]["verdict"]["gone"], 1)
        out = self.bindsim("scan", "--baseline=known.json", "bin/own").out
        self.assertIn("   gone     captured-references: libcodec-two and libcodec-one\n", out)
        self.assertIn("1 of the baseline gone", out)

    def test_plugins_have_entries_of_their_own(self):
        self.object("plug/liba.so", test_scan.CARRIER.format(7))
        self.object("plug/libb.so", test_scan.CARRIER.format(8))
        arguments = ("--plugins=plug:GLOBAL", "bin/sound", "bin/clash")
        known = self.write(*arguments)
        self.assertIn("bin/sound with all of plug", {item["plan"] for item in known})
        self.assertEqual(self.bindsim("scan", "--baseline=known.json", *arguments).status, 0)

    def test_the_same_bytes(self):
        """The baseline of a whole scan, however it was made; and what is judged by it."""
        self.write("many")
        whole = (self.directory / "known.json").read_bytes()
        for jobs in (1, 2, 16):
            self.write(f"-j{jobs}", "many", name="other.json")
            self.assertEqual((self.directory / "other.json").read_bytes(), whole)
        self.clashing("many/0/new")
        policy = self.policy(NEVER)
        for n in (1, 3):
            plain, judged = [], []
            for part in range(1, n + 1):
                plain.append(f"plain-{part}-of-{n}")
                self.bindsim("scan", "--format=ndjson", "-o", plain[-1], f"--shard={part}/{n}", "many")
                judged.append(f"judged-{part}-of-{n}")
                self.bindsim("scan", "--format=ndjson", "-o", judged[-1], "--baseline=known.json", policy, f"--shard={part}/{n}", "many")
            self.write("--merge", *plain, name="other.json")
            self.write("many", name="now.json")
            self.assertEqual((self.directory / "other.json").read_bytes(), (self.directory / "now.json").read_bytes())
            reports = [f"--report={form}:{{}}.{form}" for form in FORMATS]
            merged = self.bindsim("scan", "--merge", "-q", *(report.format("merged") for report in reports), *judged)
            expected = self.bindsim("scan", "-q", "--baseline=known.json", policy, *(report.format("whole") for report in reports), "many")
            self.assertEqual((merged.status, merged.err), (expected.status, expected.err), f"{n} parts")
            for form in FORMATS:
                self.assertEqual((self.directory / f"merged.{form}").read_text(), (self.directory / f"whole.{form}").read_text(), f"{n} parts, {form}")
            # A baseline that is given late counts as one that was there.
            late = self.bindsim("scan", "--merge", "--baseline=known.json", *plain)
            self.assertEqual(late.out, self.bindsim("scan", "--baseline=known.json", "many").out)
        self.assert_trouble(self.bindsim("scan", "--merge", *plain[:2], judged[2]), "same scan")

    def test_files_that_are_none(self):
        self.file("bad.json", "{")
        self.assert_trouble(self.bindsim("scan", "--baseline=bad.json", "many"), "bad.json", "line 1")
        self.assert_trouble(self.bindsim("scan", "--write-baseline=nowhere/b.json", "many"), "nowhere/b.json")
        self.assert_trouble(self.bindsim("scan", "--write-baseline=b.json", "nowhere"), "nowhere")
        self.assertFalse((self.directory / "b.json").exists())


class ServicesTest(VerdictTest):
    """What services read: well-formed, as long as the programs are many, and the same for any number of threads."""

    def libraries(self):
        super().libraries()
        shutil.copy(self.directory / "bin/broken", self.directory / "many/0/br<o>ken & \"co\" *")

    def answers(self, form, *arguments):
        answers = {self.whole(form, *arguments, f"-j{jobs}") for jobs in (1, 4)}
        self.assertEqual(len(answers), 1)
        return answers.pop()

    def test_gitlab(self):
        items = json.loads(self.answers("gitlab"))
        self.assertEqual(len(items), 9)
        self.assertEqual(len({item["fingerprint"] for item in items}), 9)
        self.assertEqual({(item["check_name"], item["severity"]) for item in items},
                         {("captured-references", "major"), ("refused", "critical")})
        self.assertIn("many/1/clash-1", {item["location"]["path"] for item in items})
        self.assertIn("./many/1/clash-1: captured-references: libcodec-two.so and libcodec-one.so", "".join(item["description"] for item in items))
        self.assertEqual(json.loads(self.bindsim("scan", "--format=gitlab", "bin/sound").out), [])

    def test_github(self):
        lines = self.answers("github").splitlines()
        self.assertEqual(len([line for line in lines if line.startswith("::error file=many/")]), 9)
        for number in range(8):
            self.clashing(f"many/0/more-{number}")
        lines = self.answers("github").splitlines()
        self.assertEqual(len([line for line in lines if line.startswith("::error ")]), 10)
        self.assertIn("7 more errors", lines[-1])

    def test_junit(self):
        root = ElementTree.fromstring(self.answers("junit"))
        suites = root.findall("testsuite")
        self.assertEqual(len(suites), 13)
        for suite in suites:
            self.assertEqual(int(suite.get("tests")), len(suite.findall("testcase")))
            self.assertEqual(int(suite.get("failures")), len(suite.findall("testcase/failure")))
        self.assertEqual(sum(int(suite.get("failures")) for suite in suites), 9)
        [case] = [case for case in root.iter("testcase") if case.get("classname") == "captured-references"][:1]
        self.assertIn("libcodec-two.so -> ", case.get("name"))

    def test_sarif(self):
        [run] = json.loads(self.answers("sarif"))["runs"]
        self.assertEqual(len(run["results"]), 8)
        rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
        for result in run["results"]:
            self.assertEqual(rules[result["ruleIndex"]], result["ruleId"])
        self.assertEqual(len({result["partialFingerprints"]["bindsimFingerprint/v1"] for result in run["results"]}), 8)
        [notification] = run["invocations"][0]["toolExecutionNotifications"]
        self.assertIn("step 0 failed", notification["message"]["text"])
        # Suppressions and baselines are told.
        [run] = json.loads(self.answers("sarif", self.policy(CAPTURED)))["runs"]
        self.assertEqual({result["suppressions"][0]["justification"] for result in run["results"]}, {"known"})
        self.bindsim("scan", "-q", "--write-baseline=known.json", "many")
        [run] = json.loads(self.answers("sarif", "--baseline=known.json"))["runs"]
        self.assertEqual({result["baselineState"] for result in run["results"]}, {"unchanged"})

    def test_markdown(self):
        out = self.answers("markdown")
        self.assertEqual(out.count("| **error** | "), 8)
        self.assertIn("br&lt;o&gt;ken &amp; &quot;co&quot; \\*", out)
        self.assertIn("| 8 | error | `captured-references` | libcodec-two and libcodec-one |", out)
        self.assertIn("13 programs: **1 refused, 0 unknown, 8 with errors", out)

    def test_one_program_and_one_object(self):
        """They are called so, and what is no program is called none."""
        self.object("plug/liba.so", test_scan.CARRIER.format(7))
        self.object("plug/libb.so", test_scan.CARRIER.format(8))
        for words, told in ((["bin/clash"], "1 program"), (["--libraries", "plug/liba.so"], "1 object"),
                            (["--libraries", "plug"], "2 objects")):
            self.assertIn(f"\n{told}: **", self.bindsim("scan", "--format=markdown", *words).out)
            [run] = json.loads(self.bindsim("scan", "--format=sarif", *words).out)["runs"]
            self.assertEqual(run["automationDetails"]["description"]["text"], f"a scan of {told}")

    def test_notes_on_request(self):
        self.object("lib/libplain.so", "int plain(void) { return 1; }")
        for form in ("gitlab", "sarif", "junit", "github", "markdown"):
            plain, noted = self.whole(form), self.whole(form, "--show=programs,notes")
            self.assertGreaterEqual(len(noted), len(plain) if form != "markdown" else 0)
            self.assertEqual(self.bindsim("scan", f"--format={form}", "--show=objects", "many").status, 2)


class DatabaseTest(VerdictTest):
    """A scan as tables."""

    SHOW = "--show=programs,pairs,objects,exports"

    def setUp(self):
        super().setUp()
        if "built without" in self.bindsim("scan", "--format=sqlite", "-o", "x.db", "bin/sound").err:
            self.skipTest("there is no SQLite")

    def ask(self, path, query):
        connection = sqlite3.connect(self.directory / path)
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()

    def test_content(self):
        lines = self.scan("--plugins=lib", "--show=programs,notes,pairs,exports,bindings", "many")
        self.assertEqual(self.bindsim("scan", "--plugins=lib", "--format=sqlite", "-o", "all.db",
                                      "--show=programs,notes,pairs,exports,bindings", "many").status, 1)
        programs = [line for line in lines if line["type"] == "program"]
        self.assertEqual(self.ask("all.db", "SELECT path, plugin, outcome, errors FROM runs ORDER BY run"),
                         [(line["path"], line["plugin"], line["outcome"], line["found"]["error"]) for line in programs])
        self.assertEqual(self.ask("all.db", "SELECT run, rule, level, from_name, to_name, symbols FROM findings ORDER BY run, finding"),
                         [(run + 1, f["rule"], f["level"], f["from"] and f["from"]["name"], f["to"] and f["to"]["name"], f["symbols"])
                          for run, line in enumerate(programs) for f in line["findings"]])
        self.assertEqual(self.ask("all.db", "SELECT l.run, o.name FROM loads l JOIN objects o USING (object) ORDER BY l.run, l.position"),
                         [(run + 1, name) for run, line in enumerate(programs) for name in line["loaded"]])
        self.assertEqual(self.ask("all.db", "SELECT run, step, referrer, symbol, version, definer, moment FROM bound ORDER BY run, binding"),
                         [(run + 1, step, line["parties"][a], symbol, version, None if b is None else line["parties"][b], moment)
                          for run, line in enumerate(programs) for step, a, b, symbol, version, moment in line.get("bindings", [])])
        files = {line["path"]: line for line in lines if line["type"] == "file"}
        self.assertEqual(dict(self.ask("all.db", "SELECT path, count(*) FROM exports GROUP BY path")),
                         {path: len(line["exports"]) for path, line in files.items() if line["exports"]})
        self.assertEqual(self.ask("all.db", "SELECT rule, level, from_lasting, to_lasting, programs FROM pairs ORDER BY pair"),
                         [(line["rule"], line["level"], line["from"], line["to"], line["programs"]) for line in lines if line["type"] == "pair"])
        self.assertEqual(self.ask("all.db", "SELECT programs, runs FROM scan"), [(12, len(programs))])
        self.assertEqual(self.ask("all.db", "PRAGMA integrity_check"), [("ok",)])
        self.assertEqual(self.ask("all.db", "PRAGMA foreign_key_check"), [])

    def test_diagnostics(self):
        """What is wrong with inputs, for each program that meets it."""
        self.bindsim("scan", "--format=sqlite", "-o", "told.db", "--env=LD_PROFILE=x", "bin/clash", "bin/sound")
        lines = self.scan("--env=LD_PROFILE=x", "bin/clash", "bin/sound")
        wanted = [(run + 1, *diagnostic.values()) for run, line in enumerate(self.programs(lines).values())
                  for diagnostic in line["diagnostics"]]
        self.assertEqual(len(wanted), 2)
        self.assertEqual(self.ask("told.db", "SELECT run, code, path, offset, errno, detail FROM diagnostics ORDER BY run, position"),
                         wanted)

    def test_bindings_are_the_loaders(self):
        """Those of a single run."""
        [line] = [line for line in self.scan("--show=pairs,bindings", "bin/clash") if line["type"] == "program"]
        report = json.loads(self.bindsim("--format=json", "--show=objects,bindings", "--no-env", "bin/clash").out)
        names = {made["id"]: made["name"] for made in report["objects"]}
        self.assertEqual(sorted((line["parties"][a], symbol, None if b is None else line["parties"][b]) for _, a, b, symbol, _, _ in line["bindings"]),
                         sorted((names[b["from"]], b["symbol"], None if b["to"] is None else names[b["to"]])
                                for step in report["steps"] for b in step["bindings"]))

    def test_the_same_bytes(self):
        self.bindsim("scan", "--format=sqlite", "-o", "whole.db", "many")
        whole = (self.directory / "whole.db").read_bytes()
        for jobs in (1, 4):
            self.bindsim("scan", "--format=sqlite", "-o", "jobs.db", f"-j{jobs}", "many")
            self.assertEqual((self.directory / "jobs.db").read_bytes(), whole)
        for n in (1, 3, 7):
            parts = []
            for part in range(1, n + 1):
                parts.append(f"part-{part}-of-{n}")
                self.bindsim("scan", "--format=ndjson", self.SHOW, "-o", parts[-1], f"--shard={part}/{n}", "many")
            parts.reverse()
            self.bindsim("scan", "--merge", "--format=sqlite", "-o", "merged.db", *parts)
            self.assertEqual((self.directory / "merged.db").read_bytes(), whole, n)
            merged = self.bindsim("scan", "--merge", "--format=ndjson", self.SHOW, *parts)
            self.assertEqual(merged.out, self.whole("ndjson", self.SHOW), n)
        self.bindsim("scan", "--format=ndjson", "-o", "plain", "many")
        self.assert_trouble(self.bindsim("scan", "--merge", "--format=sqlite", "-o", "m.db", "plain"), "plain", "--show=exports")
        self.assertFalse((self.directory / "m.db").exists())

    def test_where_it_goes(self):
        piped = subprocess.run([BINDSIM, "scan", "--format=sqlite", "bin/clash"], cwd=self.directory, capture_output=True,
                               env=environment(), check=False).stdout
        self.bindsim("scan", "--format=sqlite", "-o", "file.db", "bin/clash")
        self.assertEqual(piped, (self.directory / "file.db").read_bytes())
        self.bindsim("scan", "-q", "--report=sqlite:other.db", "bin/clash")
        self.assertEqual(piped, (self.directory / "other.db").read_bytes())
        self.assert_trouble(self.bindsim("scan", "--format=sqlite", "-o", "nowhere/x.db", "bin/clash"), "nowhere/x.db")
        self.assertEqual(list(self.directory.glob("*.db.*")), [])

    def test_questions(self):
        library = self.file("codec.conf", "[Codec]\nsoname = libcodec-*.so*\nmarker = codec_open codec_read\n")
        self.bindsim("scan", "--format=sqlite", "-o", "q.db", f"--library-db={library}", "many")
        self.assertEqual(len(self.ask("q.db", "SELECT * FROM library_copies WHERE library = 'Codec' AND copies = 2")), 8)
        self.assertEqual([row[0] for row in self.ask("q.db", "SELECT soname FROM exports WHERE symbol = 'codec_open' ORDER BY 1")],
                         ["libcodec-one.so", "libcodec-two.so"])
        self.assertEqual(self.ask("q.db", "SELECT count(DISTINCT program) FROM loaded WHERE soname = 'libcodec-one.so'"), [(8,)])


if __name__ == "__main__":
    unittest.main()
