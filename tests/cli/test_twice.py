#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One library twice in a process: what is said of it, and of what only looks like it."""

import json
import unittest

from harness import CommandLineTest

SOURCE = "int one(void) { return 1; } int two(void) { return 2; } int three(void) { return 3; }"
USES = SOURCE + "int use(void) { return one() + two() + three(); }"
OTHER = "int four(void) { return 4; }"


class TwiceTest(CommandLineTest):
    """A program that opens two libraries."""

    def setUp(self):
        super().setUp()
        self.program()

    def library(self, path, soname, source=SOURCE, *options):
        (self.directory / path).parent.mkdir(exist_ok=True)
        self.object(path, source, f"-Wl,-soname,{soname}", *options)

    def versioned(self, path, soname, node):
        script = self.file(f"{node}.map", f"{node} {{ global: *; }};")
        self.library(path, soname, SOURCE, f"-Wl,--version-script={script}")

    def findings(self, *steps):
        """Rule, level and kinds of evidence; the text report must agree."""
        arguments = ["./app", *(f"--dlopen={step}" for step in steps)]
        document = json.loads(self.bindsim("--format=json", *arguments).out)
        found = [(f["rule"], f["level"], [fact["kind"] for fact in f["evidence"]]) for f in document["findings"]]
        text = self.bindsim("--show=findings,notes", *arguments).out
        told = [tuple(line.split(": ")[1::-1]) for line in text.splitlines()
                if line.startswith(("error: ", "warning: ", "note: "))]
        self.assertEqual(sorted(told), sorted((rule, level) for rule, level, _ in found), text)
        return found

    def rules(self, *steps):
        return [(rule, level) for rule, level, _ in self.findings(*steps)]

    def pair(self, first, second, source=SOURCE):
        """The findings when two libraries of these sonames are opened, each to itself."""
        self.library("a/" + first, first)
        self.library("b/" + second, second, source)
        return self.rules(f"./a/{first}:NOW", f"./b/{second}:NOW")

    def test_two_versions(self):
        for first, second in (("libfoo.so.1", "libfoo.so.2"), ("libfoo-1.so.0", "libfoo-2.so.0"),
                              ("libfoo3.10.so.1.0", "libfoo3.11.so.1.0"), ("libfoo.so.1.1", "libfoo.so.3"),
                              ("libfoo-0123abcd.so.4", "libfoo.so.5")):
            self.assertEqual(self.pair(first, second), [("two-versions", "warning")], (first, second))

    def test_other_libraries_of_like_names(self):
        for first, second in (("libz.so.1", "libz3.so.4"), ("libfoo.so.1", "libfoo-extra.so.2"), ("libfoo.so.1", "libfoos.so.2"),
                              ("foo.so.1", "foo.so.2"), ("libfoo_a.so", "libfoo_b.so")):
            rules = [rule for rule, *_ in self.pair(first, second)]
            self.assertNotIn("two-versions", rules, (first, second))
            self.assertNotIn("loaded-twice", rules, (first, second))

    def test_nothing_exported_alike(self):
        self.assertEqual(self.pair("libfoo.so.1", "libfoo.so.2", OTHER), [])

    def test_versions_keep_them_apart(self):
        self.versioned("libfoo.so.1", "libfoo.so.1", "FOO_1")
        self.versioned("libfoo.so.2", "libfoo.so.2", "FOO_2")
        (rule, level, evidence), = self.findings("./libfoo.so.1:NOW,GLOBAL", "./libfoo.so.2:NOW,GLOBAL")
        self.assertEqual((rule, level), ("two-versions", "note"))
        self.assertEqual(evidence, ["shared-exports", "versioned"])

    def test_a_namespace_of_its_own(self):
        self.library("libfoo.so.1", "libfoo.so.1")
        self.library("libfoo.so.2", "libfoo.so.2")
        document = json.loads(self.bindsim("--format=json", "./app", "--dlopen=./libfoo.so.1:NOW",
                                           "--dlmopen=./libfoo.so.2:NOW").out)
        self.assertEqual(document["findings"], [])

    def test_one_that_was_closed(self):
        self.library("libfoo.so.1", "libfoo.so.1")
        self.library("libfoo.so.2", "libfoo.so.2")
        answer = self.bindsim("--format=json", "./app", "--dlopen=./libfoo.so.1:NOW", "--dlclose=1",
                              "--dlopen=./libfoo.so.2:NOW")
        self.assertEqual(json.loads(answer.out)["findings"], [])

    def test_two_files_of_one_soname(self):
        self.library("a/libfoo.so.1", "libfoo.so.1")
        self.library("b/libfoo.so.1", "libfoo.so.1", SOURCE + OTHER)
        (rule, level, evidence), = self.findings("./a/libfoo.so.1:NOW", "./b/libfoo.so.1:NOW")
        self.assertEqual((rule, level), ("loaded-twice", "warning"))
        self.assertEqual(evidence, ["file", "other-file", "other-build"])

    def test_two_files_of_one_build(self):
        for path, soname in (("a/libfoo.so.1", "libfoo.so.1"), ("b/libfoo-00aa11bb.so.1", "libfoo-00aa11bb.so.1")):
            self.library(path, soname, SOURCE, "-Wl,--build-id=0x0123456789abcdef")
        (rule, _, evidence), = self.findings("./a/libfoo.so.1:NOW", "./b/libfoo-00aa11bb.so.1:NOW")
        self.assertEqual((rule, evidence[-1]), ("loaded-twice", "same-build"))

    def test_one_file_by_two_names(self):
        self.library("libfoo.so.1", "libfoo.so.1")
        (self.directory / "link.so").symlink_to("libfoo.so.1")
        self.assertEqual(self.rules("./libfoo.so.1:NOW", "./link.so:NOW"), [])

    def test_one_finding_for_one_cause(self):
        self.library("libfoo.so.1", "libfoo.so.1", USES)
        self.library("libfoo.so.2", "libfoo.so.2", USES.replace("return 3", "return 4"))
        (rule, level, evidence), = self.findings("./libfoo.so.1:NOW,GLOBAL", "./libfoo.so.2:NOW")
        self.assertEqual((rule, level), ("captured-references", "error"))
        self.assertEqual(evidence, ["shared-exports", "same-code", "two-versions"])


class FingerprintTest(CommandLineTest):
    """What a finding is known by in other runs."""

    def prints(self, *steps):
        document = json.loads(self.bindsim("--format=json", "./app", *(f"--dlopen={step}" for step in steps)).out)
        return {f["rule"]: f["fingerprint"] for f in document["findings"]}

    def setUp(self):
        super().setUp()
        self.program()

    def pair(self, first, second, source=USES.replace("return 3", "return 4")):
        """That of second.so, captured by first.so."""
        for path, text in ((first, SOURCE), (second, source)):
            (self.directory / path).parent.mkdir(exist_ok=True)
            self.object(path, text, f"-Wl,-soname,{path.rpartition('/')[2]}")
        return self.prints(f"./{first}:GLOBAL", f"./{second}")

    def test_what_does_not_matter(self):
        first = self.pair("a/libfoo.so.1", "b/libbar.so.2")
        self.assertEqual(len(first), 1)
        self.assertEqual(first, self.pair("c/libfoo.so.3", "libbar-0123abcd.so.4"))
        fewer = USES.replace("return 3", "return 4").replace("one() + ", "")
        self.assertEqual(first, self.pair("a/libfoo.so.1", "b/libbar.so.2", fewer))

    def test_what_matters(self):
        first, second = self.pair("libfoo.so.1", "libbar.so.1"), self.pair("libfoo.so.1", "libbaz.so.1")
        self.assertNotEqual(*(list(found.values()) for found in (first, second)))
        turned = self.pair("libbar.so.1", "libfoo.so.1")
        self.assertNotEqual(first, turned)


class CopyTest(CommandLineTest):
    """How much of an object another one exports, too."""

    def copy(self, first, second):
        """Numbers and texts of the evidence of the one captured object."""
        self.program()
        self.object("first.so", first)
        self.object("second.so", second)
        answer = self.bindsim("--format=json", "./app", "--dlopen=./first.so:GLOBAL", "--dlopen=./second.so")
        finding, = json.loads(answer.out)["findings"]
        return [(fact["kind"], fact["n"], fact["of"], fact["text"]) for fact in finding["evidence"]]

    def test_a_part(self):
        self.assertEqual(self.copy(SOURCE, USES), [("shared-exports", 3, 4, None), ("same-code", 3, 3, None)])

    def test_what_is_hidden_is_not_exported(self):
        hidden = '__attribute__((visibility("hidden"))) int more(void) { return 5; }'
        self.assertEqual(self.copy(SOURCE + hidden, USES + hidden), [("shared-exports", 3, 4, None), ("same-code", 3, 3, None)])

    def test_a_copy_of_what_is_needed(self):
        self.program()
        self.object("libfoo.so", SOURCE)
        self.object("second.so", USES, "-Wl,--no-as-needed", "./libfoo.so")
        answer = self.bindsim("--format=json", "./app", "--dlopen=./libfoo.so:GLOBAL", "--dlopen=./second.so")
        finding, = json.loads(answer.out)["findings"]
        self.assertEqual([fact["kind"] for fact in finding["evidence"]], ["shared-exports", "needs-it", "same-code"])

    def test_a_namespace(self):
        names = [f"_ZN4llvm{len(name)}{name}Ev" for name in ("one", "two", "three", "four")]
        source = "".join(f"int {name}(void) {{ return 1; }}" for name in names)
        uses = source + f"int use(void) {{ return {' + '.join(f'{name}()' for name in names)}; }}"
        self.assertEqual(self.copy(source, uses),
                         [("shared-exports", 4, 5, None), ("namespace", 4, 4, "llvm"), ("same-code", 4, 4, None)])


if __name__ == "__main__":
    unittest.main()
