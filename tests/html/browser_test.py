#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The HTML page in a real browser, without a window: what a person types, and what is seen then.

Skipped where there is no Chromium with its driver.
"""

import re
import sys
import unittest

import browser
from case import IMAGE, MANGLED, OBJECT, SCRIPT, PageTest

NOT_RUN = 77
ROWS = """return Array.from(document.querySelectorAll("#rows tr"), (row) => Array.from(row.cells, (cell) => cell.innerText));"""

# The address has what was typed as soon as it is answered.
ANSWERED = """const value = (id) => document.getElementById(id).value;
const asked = new URLSearchParams(location.hash.slice(1).replace(/\\+/g, "%2B"));
return (asked.get("symbol") || "") === value("symbol") && (asked.get("object") || "") === value("object") &&
    (asked.get("side") || "") === value("side") && document.getElementById("found").textContent === arguments[0];"""


class BrowserTest(PageTest):
    """A page of objects with hostile names, and the browser that shows it."""

    scripts, width = True, 0

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.browser = browser.Browser(cls.width, cls.scripts)
        cls.addClassCleanup(cls.browser.close)

    def show(self, *arguments, fragment=""):
        path = self.directory / "page.html"
        answer = self.bindsim(f"--report=html:{path}", "-q", *(arguments or self.ask))
        self.assertIn(answer.status, (0, 1))
        self.browser.open(path, fragment)

    def found(self, count):
        """The rows, once there are COUNT bindings."""
        words = f"{count:,} binding" + ("" if count == 1 else "s")
        self.browser.wait_for(ANSWERED, words)
        return self.browser.run(ROWS)

    def bindings(self, *arguments):
        """Each binding that JSON tells, and the names of its objects."""
        document = self.document(*arguments)
        names = {item["id"]: item["name"].rsplit("/", 1)[-1] for item in document["objects"]}
        return [(binding, names[binding["from"]], names.get(binding["to"], "nobody"))
                for step in document["steps"] for binding in step["bindings"]]

    def compare(self, rows, bindings):
        """ROWS tell of BINDINGS, in their order."""
        self.assertEqual(len(rows), len(bindings))
        for (symbol, referrer, definer, why, when), (binding, from_, to) in zip(rows, bindings):
            name = binding.get("demangled", binding["symbol"])
            version = f" @{binding['version']}" if binding["version"] else ""
            self.assertEqual(symbol.replace("\n", " ").strip(),
                             (name + (f" {binding['symbol']}" if "demangled" in binding else "") + version).lstrip("\ufffd"))
            self.assertEqual(referrer, from_)
            self.assertEqual(definer.split("\n")[0], to)
            words = binding["why"] if binding["outcome"] == "bound" else binding["outcome"]
            self.assertEqual(why.split(",")[0], words.replace("-", " "))
            self.assertTrue(when.startswith(f"step {binding['step']}, {binding['when'].replace('-', ' ')}"), when)

    def assert_quiet(self):
        """Nothing was complained of, and nothing asked for but the page itself."""
        self.assertEqual(self.browser.complaints(), [])
        asked = {url.partition("#")[0] for url in self.browser.requests()} - {"about:blank"}
        self.assertEqual(asked, {(self.directory / "page.html").as_uri()})


class SearchTest(BrowserTest):
    """Symbols, objects, and links to both."""

    def test_symbols(self):
        self.show()
        everything = self.bindings()
        for text, matches in ((SCRIPT, lambda name: SCRIPT in name), (IMAGE[:14].upper(), lambda name: IMAGE in name),
                              ("SHAPE<int>::", lambda name: name == MANGLED), ("e4draw", lambda name: name == MANGLED),
                              ("/^(lazily|_ZN3geo)/", lambda name: re.match("lazily|_ZN3geo", name)),
                              ("/draw\\(\\)$/", lambda name: name == MANGLED), ("\\xff\\xfe", lambda name: "\\xff" in name)):
            with self.subTest(text):
                want = [item for item in everything if matches(item[0]["symbol"])]
                self.assertTrue(want)
                self.browser.type("#symbol", text)
                self.compare(self.found(len(want)), want)
        self.browser.type("#symbol", "nothing is called so")
        self.assertEqual(self.found(0), [])
        self.browser.type("#symbol", "/(/")
        self.browser.wait_for("return document.getElementById('found').textContent.startsWith('This is no')")
        self.assertEqual(self.browser.run("return document.querySelectorAll('img, b').length"), 0)
        self.assert_quiet()

    def test_objects(self):
        self.show()
        everything = self.bindings()
        row = next(item["id"] for item in self.document()["objects"] if item["name"] == "./second.so")
        self.browser.click(f"#p1-o{row} td.js a")
        want = [item for item in everything if "second.so" in item[1:]]
        self.compare(self.found(len(want)), want)
        self.browser.type("#object", OBJECT)
        self.browser.run("document.getElementById('side').value = 'to';"
                         "document.getElementById('side').dispatchEvent(new Event('input', { bubbles: true }));")
        want = [item for item in everything if item[2] == OBJECT]
        self.assertTrue(want)
        self.compare(self.found(len(want)), want)
        self.browser.click("#rows tr td:nth-child(2) a")
        self.browser.wait_for(f"return location.hash === '#p1-o{row}'")
        self.assert_quiet()

    def test_deep_links(self):
        self.show(fragment="#symbol=lazily&object=second.so")
        want = [item for item in self.bindings() if item[0]["symbol"] == "lazily"]
        rows = self.found(len(want))
        self.compare(rows, want)
        self.browser.type("#symbol", "geo")
        self.browser.wait_for("return location.hash === '#symbol=geo&object=second.so'")
        self.show(fragment="#p1-f1")
        self.assertTrue(self.browser.run("return document.getElementById('p1-f1').open"))
        self.assert_quiet()

    def test_slots(self):
        """What a first call binds changes with the time."""
        self.object("plain.so", "int lazily(void); int use(void) { return lazily(); }", "-Wl,-z,lazy")
        self.show("./app", "--dlopen=./plain.so:LAZY", "--dlopen=./later.so:GLOBAL", "--call=plain.so:lazily",
                  fragment="#symbol=lazily")
        waiting, called = self.found(2)
        self.assertEqual(waiting[2], "nobody\nfrom step 2 on later.so\ncalled in step 3")
        self.assertEqual(called[2].split("\n")[0], "later.so")

    def test_pages(self):
        functions = [f"f{i}" for i in range(250)]
        self.object("many.so", "".join(f"int {name}(void) {{ return 1; }}" for name in functions)
                    + "int all(void) { return " + " + ".join(f"{name}()" for name in functions) + "; }")
        ask = ("./app", "--dlopen=./many.so")
        self.show(*ask)
        everything = self.bindings(*ask)
        self.assertGreater(len(everything), 200)
        self.browser.type("#symbol", "/./")
        self.compare(self.found(len(everything)), everything[:100])
        self.browser.click("#on")
        self.compare(self.browser.run(ROWS), everything[100:200])
        self.browser.click("#back")
        self.compare(self.browser.run(ROWS), everything[:100])

    def test_plans(self):
        plans = "".join(f"[plan p{i}]\nexecutable = ./app\nstep = dlopen ./first.so:GLOBAL\nstep = dlopen ./second.so\n" for i in (1, 2))
        self.file(".bindsim.ini", plans.replace("first.so", OBJECT))
        self.show("check", "--fail-on=none")
        self.browser.type("#symbol", "lazily")
        rows = self.found(2)
        self.assertEqual([row[4].rpartition(", ")[2] for row in rows], ["plan p1", "plan p2"])
        self.show(fragment="#symbol=lazily&plan=2")
        self.found(1)


class LookTest(BrowserTest):
    """What the page looks like."""

    def test_dark_and_light(self):
        self.show()
        colors = []
        for is_dark in (False, True):
            self.browser.dark(is_dark)
            colors.append(self.browser.run("const style = getComputedStyle(document.body);"
                                           "return [style.backgroundColor, style.color].map((c) => Number(/\\d+/.exec(c)[0]));"))
        (light, ink), (dark, chalk) = colors
        self.assertGreater(light - ink, 150)
        self.assertGreater(chalk - dark, 150)
        self.assert_quiet()


class PhoneTest(BrowserTest):
    """360 pixels are enough."""

    width = 360

    def test_no_sideways_scroll(self):
        self.show(fragment="#symbol=/./")
        self.found(len(self.bindings()))
        self.browser.run("document.querySelectorAll('details').forEach((node) => { node.open = true; });")
        self.assertEqual(self.browser.run("return [innerWidth, document.documentElement.scrollWidth]"), [360, 360])


class WithoutScriptsTest(BrowserTest):
    """All but the search is there."""

    scripts = False

    def test_findings(self):
        self.show()
        text = self.browser.text("main")
        for words in ("refused", "Findings", "Clashes", "Objects", "Scopes", "second.so"):
            self.assertIn(words, text)
        self.assertIn("needs JavaScript", self.browser.text("header"))
        self.assertNotIn("Symbol", self.browser.text("header"))
        self.browser.click("details.finding > summary")
        self.assertIn("for example", self.browser.text("details.finding"))
        self.assert_quiet()


if __name__ == "__main__":
    if not browser.is_there():
        print("there is no chromium with a chromedriver")
        sys.exit(NOT_RUN)
    unittest.main()
