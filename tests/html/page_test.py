#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The HTML page as it is written, held against --format=json of the same question. What a browser makes of it is in browser_test.py."""

import base64
import hashlib
import re
import shutil
import subprocess
import unittest

from case import BYTES, IMAGE, MANGLED, OBJECT, SCRIPT, Page, PageTest

POLICY = """
[suppress]
from = *
reason = <i>known</i>

[plan one]
executable = ./app
step = dlopen ./{object}:GLOBAL
step = dlopen ./second.so

[plan two]
executable = ./app
step = dlopen ./later.so
"""


class StructureTest(PageTest):
    """A page that needs nothing from elsewhere, and that can be read without a mouse."""

    def test_links_lead_somewhere(self):
        page = self.page()
        ids = [element.attributes["id"] for element in page.all() if "id" in element.attributes]
        self.assertEqual(len(set(ids)), len(ids))
        links = {link.attributes["href"] for link in page.all("a")}
        self.assertTrue(all(link.startswith("#") for link in links), links)
        missing = {link for link in links if not link.startswith("#object=") and link[1:] not in ids}
        self.assertEqual(missing, set())
        for part in ("findings", "clashes", "steps", "objects", "scopes", "suppressed"):
            self.assertIn(f"#p1-{part}", links)

    def test_nothing_from_elsewhere(self):
        answer = self.bindsim("--format=html", *self.ask)
        page = Page(answer.out)
        self.assertNotRegex(answer.out, r"https?:|@import|url\(")
        policy = page.one("meta", **{"http-equiv": "Content-Security-Policy"}).attributes["content"]
        rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
        self.assertEqual(rules["default-src"], "'none'")
        scripts = [script for script in page.all("script") if script.attributes.get("type") != "application/json"]
        for rule, elements in (("script-src", scripts), ("style-src", page.all("style"))):
            (element,) = elements
            digest = base64.b64encode(hashlib.sha256(element.text().encode()).digest()).decode()
            self.assertEqual(rules[rule], f"'sha256-{digest}'")
        self.assertLess(len(scripts[0].text()), 15000)

    def test_accessible(self):
        page = self.page()
        headers = page.all("th")
        self.assertTrue(headers)
        for header in headers:
            self.assertIn(header.attributes.get("scope"), ("col", "row"))
        labelled = sum(len(label.all("input") + label.all("select")) for label in page.all("label"))
        self.assertEqual(labelled, len(page.all("input") + page.all("select")))
        for part in page.all("section"):
            page.one(id=part.attributes["aria-labelledby"])
        levels = [int(element.name[1]) for element in page.all() if re.fullmatch(r"h\d", element.name)]
        self.assertEqual(levels[0], 1)
        self.assertTrue(all(after <= before + 1 for before, after in zip(levels, levels[1:])), levels)
        for table in page.all("table"):
            columns = len(table.all("thead")[0].all("th"))
            for row in table.all("tbody")[0].all("tr"):
                self.assertEqual(len(row.inside), columns)

    @unittest.skipUnless(shutil.which("node"), "no node to read the script")
    def test_script_is_one(self):
        page = self.page()
        self.file("page.js", page.all("script")[-1].text())
        subprocess.run(["node", "--check", "page.js"], cwd=self.directory, check=True)

    def test_same_bytes(self):
        first = self.bindsim("--format=html", *self.ask).out
        self.assertEqual(self.bindsim(f"--report=html:{self.directory}/page", *self.ask).status, 1)
        self.assertEqual((self.directory / "page").read_text(), first)


class ContentTest(PageTest):
    """What is told is what JSON tells."""

    def test_bindings(self):
        (plan,) = self.page().plans()
        document = self.document()
        want = [{key: value for key, value in binding.items() if key not in ("relocations", "slot")}
                for step in document["steps"] for binding in step["bindings"]]
        self.assertEqual(plan["bindings"], want)
        self.assertGreater(len(want), 4)
        symbols = {binding["symbol"] for binding in want}
        self.assertLessEqual({SCRIPT, IMAGE, MANGLED}, symbols)
        self.assertIn("�" + r"\xff\xfe<!--<script>", symbols)

    def test_bindings_of_a_program(self):
        """One with versions, thousands of bindings and slots that wait."""
        ask = ("/bin/sh", "--dlopen=libc.so.6")
        (plan,) = self.page(*ask, status=0).plans()
        document = self.document(*ask)
        want = [{key: value for key, value in binding.items() if key not in ("relocations", "slot")}
                for step in document["steps"] for binding in step["bindings"]]
        self.assertEqual(plan["bindings"], want)

    def test_slots_that_change(self):
        ask = ["./app", "--dlopen=./second.so:LAZY", "--dlopen=./later.so:GLOBAL", "--call=second.so:lazily"]
        self.object("second.so", "int lazily(void); int use(void) { return lazily(); }", "-Wl,-z,lazy")
        (plan,) = self.page(*ask, status=0).plans()
        want = [slot for slot in self.document(*ask)["slots"] if len(slot["answers"]) > 1 or slot["called"] is not None]
        self.assertEqual(plan["slots"], want)
        self.assertEqual(len(want), 1)

    def test_objects(self):
        page, document = self.page(), self.document()
        (plan,) = page.plans()
        self.assertEqual(plan["objects"], [[item["name"], item["soname"]] for item in document["objects"]])
        rows = {row.attributes["id"]: row for row in page.all("tr") if "-o" in row.attributes.get("id", "")}
        shown = [item for item in document["objects"] if item["role"] != "vdso"]
        self.assertEqual(len(rows), len(shown))
        for item in shown:
            text = rows[f"p1-o{item['id']}"].text()
            self.assertIn(item["name"].rsplit("/", 1)[-1], text)
            for need in item["needed"]:
                self.assertIn(need, text)

    def test_findings(self):
        page, document = self.page(), self.document()
        shown = page.all("details", class_="finding")
        self.assertEqual(len(shown), len(document["findings"]))
        self.assertGreater(len(shown), 0)
        for finding in document["findings"]:
            words = f"{finding['level']} {finding['rule']} "
            self.assertTrue(any(item.all("summary")[0].text().startswith(words) for item in shown), words)
            self.assertTrue(page.all(id=f"p1-r-{finding['rule']}"), "its meaning")
        pairs = {(finding["from"], finding["to"]) for finding in document["findings"]
                 if finding["to"] not in (None, finding["from"])}
        self.assertEqual(len(page.all("rect")), len(pairs))
        counts = document["counts"]
        self.assertIn(f"1 step refused, {counts['errors']} error", page.one(class_="verdict").text())

    def test_steps_and_troubles(self):
        page = self.page()
        rows = page.one("table", class_="steps").all("tbody")[0].all("tr")
        states = [row.all("td")[2].text() for row in rows]
        self.assertEqual(states, [{"not-reached": "not reached"}.get(step["state"], step["state"])
                                  for step in self.document()["steps"]])
        self.assertIn("cannot open shared object file", page.one("pre", class_="error").text())

    def test_scopes(self):
        page = self.page()
        document = self.document("--show=scopes,objects", *self.ask)
        names = {item["id"]: item["name"].rsplit("/", 1)[-1] for item in document["objects"]}
        lists = {row.attributes["id"]: row.all("td")[1].text() for row in page.all("tr")
                 if "-s" in row.attributes.get("id", "")}
        for step in document["steps"]:
            # A later view of an object shows all that an earlier one of the step does.
            for scope in {scope["object"]: scope for scope in step["scopes"]}.values():
                for one in scope["lists"]:
                    self.assertIn(", ".join(names[member] for member in one), lists.values())
        asked = next(table for table in page.all("table") if "in their order" in table.all("thead")[0].text())
        self.assertEqual([row.all("td")[0].text() for row in asked.all("tr") if "step 2" in row.text()], ["second.so"])
        rows = [row for table in page.all("table") if "Namespace" in table.all("thead")[0].text()
                for row in table.all("tbody")[0].all("tr")]
        self.assertEqual([row.all("th")[0].text() for row in rows], ["start-up", "step 1", "step 4"])
        last = rows[-1].all("a")[0].attributes["href"][1:]
        self.assertTrue(lists[last].endswith(f"{OBJECT}, later.so"), lists[last])


class HostileTest(PageTest):
    """Names are text wherever they stand. Page() has seen that no element and no attribute came of them."""

    def test_names(self):
        answer = self.bindsim("--format=html", *self.ask)
        self.assertNotIn(SCRIPT, answer.out)
        self.assertNotIn("<img", answer.out)
        self.assertNotIn("<!--", answer.out)
        for script in Page(answer.out).all("script", class_="bindsim"):
            self.assertNotIn("<", script.text())
        self.assertNotIn(BYTES, answer.out.encode("utf-8", "surrogateescape"))

    def test_in_the_title(self):
        shutil.copy(self.directory / "app", self.directory / '"><title>\n.exe')
        page = self.page('./"><title>\n.exe', status=0)
        self.assertEqual(page.one("title").text(), './"><title>\\x0a.exe - bindsim')


class PartsTest(PageTest):
    """--show and the filters."""

    def headings(self, *arguments):
        return [heading.text() for heading in self.page(*arguments, *self.ask).all("h3")]

    def test_parts(self):
        self.assertEqual(self.headings("--show=objects"), ["Objects"])
        self.assertEqual(self.headings("--show=findings"), ["Findings", "Clashes"])
        page = self.page("--show=steps,scopes", *self.ask)
        self.assertEqual([heading.text() for heading in page.all("h3")], ["Steps", "Scopes"])
        self.assertEqual(page.plans() + page.all("form") + page.all("table", id="rows"), [])
        self.assertEqual(self.page("--show=findings", *self.ask).all("details", class_="note"), [])
        self.assertEqual(len(self.page("--show=bindings", *self.ask).plans()), 1)

    def test_filters(self):
        (plan,) = self.page("--symbol=geo::*", *self.ask).plans()
        self.assertEqual({binding["symbol"] for binding in plan["bindings"]}, {MANGLED})
        (plan,) = self.page("--from=./app", *self.ask).plans()
        self.assertEqual(plan["bindings"], [])
        page = self.page("--to=app", *self.ask)
        self.assertEqual(page.all("details", class_="finding"), [])

    def test_nothing_to_tell(self):
        page = self.page("./app", status=0)
        self.assertIn("No error, no warning.", page.one("main").text())
        self.assertIn("No two objects have a finding.", page.one("main").text())


class CheckTest(PageTest):
    """A page of bindsim check."""

    def check(self, *arguments, status, policy=POLICY):
        self.file(".bindsim.ini", policy.format(object=OBJECT))
        answer = self.bindsim("check", "--format=html", "--fail-on=note", *arguments)
        self.assertEqual(answer.status, status, answer.err)
        return Page(answer.out)

    def test_plans(self):
        page = self.check(status=0)
        self.assertEqual([part.text() for part in page.all("h2")][1:], ["one: ./app", "two: ./app"])
        self.assertEqual([plan["plan"] for plan in page.plans()], ["one", "two"])
        self.assertEqual(len(page.all("html")), 1)
        self.assertEqual(len(page.all("section", class_="plan")), 2)
        self.assertTrue(page.all(id="p2-objects"))
        first, second = page.all(class_="verdict")
        self.assertRegex(first.text(), "^check: passed: no finding counts, [0-9]+ suppressed$")
        self.assertEqual(second.text(), "check: passed: no finding counts")
        self.assertIn("suppressed: <i>known</i>", page.one("main").text())

    def test_one_plan_of_several(self):
        page = self.check("--plan-name=two", status=0)
        self.assertEqual([plan["plan"] for plan in page.plans()], ["two"])

    def test_baseline(self):
        bare = POLICY.replace("[suppress]\nfrom = *\nreason = <i>known</i>\n", "")
        page = self.check("--write-baseline=known", status=1, policy=bare)
        self.assertIn("check: failed: ", page.all(class_="verdict")[0].text())
        page = self.check("--baseline=known", status=0, policy=bare)
        self.assertRegex(page.one("section", id="p1").text(), "[0-9]+ in the baseline")
        self.assertTrue(page.all("details", class_="finding"))
        page = self.check("--baseline=known", status=0, policy=bare.replace("step = dlopen ./second.so\n", ""))
        self.assertIn("no longer there, but in the baseline: ", page.all(class_="verdict")[0].text())


if __name__ == "__main__":
    unittest.main()
