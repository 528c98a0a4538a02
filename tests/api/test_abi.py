#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the library exports, what its header is to compilers, and what bindsim itself says of it.

    test_abi.py --update    writes exports.txt anew, for a release that adds functions
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

from case import BINDSIM, BUILD, LIBRARY, ROOT, SANITIZED, LibraryTest
from library import HEADERS, declared

VERSIONS = ROOT / "src/api/libbindsim.map"
SYMBOLS = ROOT / "debian/libbindsim1.symbols"
EXPORTS = Path(__file__).with_name("exports.txt")
STATIC = BUILD / "src/api/libbindsim.a"
INCLUDE = ["-I", str(ROOT / "include"), "-I", str(BUILD / "include")]


def exported() -> list[str]:
    """What the library exports, with versions, sorted."""
    lines = subprocess.run(["nm", "-D", "--defined-only", LIBRARY], capture_output=True, text=True, check=True).stdout.splitlines()
    return sorted(line.split()[2] for line in lines if line.split()[1] != "A")


class ExportsTest(LibraryTest):
    """Names and versions."""

    def test_list(self) -> None:
        self.assertEqual(exported(), EXPORTS.read_text().splitlines())

    def test_package(self) -> None:
        """The package's list has each, and each version by itself, so that programs depend on the one that has what they need."""
        names = {name.replace("@@", "@") for name in exported()}
        versions = {name.partition("@")[2] for name in names}
        listed = re.findall(r"^ (\S+) [\d.]+$", SYMBOLS.read_text(), re.MULTILINE)
        self.assertEqual(sorted(listed), sorted(names | {f"{version}@{version}" for version in versions}))

    def test_header(self) -> None:
        self.assertEqual(declared(), sorted(name.partition("@")[0] for name in exported()))
        self.assertGreater(len(declared()), 100)

    def test_each_is_documented(self) -> None:
        """Each function has a comment, its own or that of those it stands with, and the version that brought it."""
        versions = dict(name.split("@@BINDSIM_") for name in exported())
        for text in (path.read_text() for path in HEADERS):
            self.check_comments(text, versions)
            for paragraph in text.split("\n\n"):
                if paragraph.startswith("BINDSIM_API "):
                    self.fail(f"it stands alone, without a comment: {paragraph}")

    def check_comments(self, text: str, versions: dict[str, str]) -> None:
        for match in re.finditer(r"^BINDSIM_API ", text, re.MULTILINE):
            before = text[:match.start()].rstrip()
            if before.endswith(";"):
                before = before[:before.rindex("BINDSIM_API")].rstrip()
            while before.endswith(";") and "BINDSIM_API" in before:
                before = before[:before.rindex("BINDSIM_API")].rstrip()
            self.assertTrue(before.endswith("*/"), text[match.start():match.start() + 80])
            name = re.search(r"bindsim_\w+(?=\()", text[match.start():]).group()
            since = re.findall(r"Since\s[*\s]*([\d.]+\d)", before[before.rindex("/*"):])
            # Records that stand together have one comment, before the first of them.
            self.assertIn(since[-1:], ([versions[name]], []) if versions[name] == "1.0" else ([versions[name]],), name)

    def test_manual_page(self) -> None:
        """bindsim(3) has each in its synopsis and tells of it."""
        synopsis, _, text = (ROOT / "man/bindsim.3").read_text().partition(".Sh DESCRIPTION")
        self.assertEqual(sorted(re.findall(r"^\.Fn (\w+)", synopsis, re.MULTILINE)), declared())
        self.assertEqual(set(re.findall(r"^\.Fn (\w+)", text, re.MULTILINE)), set(declared()))

    def test_soname(self) -> None:
        dynamic = subprocess.run(["readelf", "-dW", LIBRARY], capture_output=True, text=True, check=True).stdout
        self.assertIn("Library soname: [libbindsim.so.1]", dynamic)
        self.assertNotRegex(dynamic, r"RPATH|RUNPATH|TEXTREL")

    @unittest.skipUnless(STATIC.exists(), "there is no static library")
    def test_static(self) -> None:
        """Nothing is seen of the floors."""
        lines = subprocess.run(["nm", "-g", "--defined-only", STATIC], capture_output=True, text=True, check=True).stdout
        names = sorted(line.split()[2] for line in lines.splitlines() if len(line.split()) == 3)
        ours = [name for name in names if not re.match(r"_?_?(asan|ubsan|odr_asan)|DW\.", name)]
        self.assertEqual(ours, declared())


class HeaderTest(LibraryTest):
    """Other compilers, other languages."""

    def compile(self, compiler: str, language: str, standard: str) -> None:
        suffix = {"c": "c", "c++": "cc"}[language]
        source = self.directory / f"header.{suffix}"
        source.write_text("#include <bindsim/bindsim.h>\n#include <bindsim/bindsim.h>\n"
                          "int main(void) { return bindsim_version_number() != BINDSIM_VERSION_NUMBER; }\n")
        self.check_run(compiler, "-x", language, f"-std={standard}", "-Wall", "-Wextra", "-pedantic", "-Werror", "-Wshadow",
                       *INCLUDE, "-c", str(source), "-o", "/dev/null")

    def test_compilers(self) -> None:
        tried = 0
        for compiler, language, standards in (("gcc", "c", ("c99", "c11", "gnu17")), ("clang", "c", ("c99", "c11", "c17")),
                                              ("g++", "c++", ("c++11", "c++17", "c++20")), ("clang++", "c++", ("c++17",))):
            if not shutil.which(compiler):
                continue
            for standard in standards:
                tried += 1
                with self.subTest(compiler=compiler, standard=standard):
                    self.compile(compiler, language, standard)
        self.assertGreater(tried, 0)


@unittest.skipIf(SANITIZED, "the address sanitizer is no part of the library")
class CheckTest(LibraryTest):
    """The library as bindsim sees it."""

    def test_check(self) -> None:
        """Nothing is captured, undeclared or needless, and nothing else is found either."""
        done = self.run_in(BINDSIM, "check", "--format=json", str(LIBRARY))
        self.assertEqual(done.returncode, 0, done.stderr)
        report = json.loads(done.stdout)
        rules = {f["rule"] for f in report["findings"] if LIBRARY.name in self.names(report, f)}
        self.assertEqual(rules - {"weak-unresolved"}, set())
        self.assertEqual(report["outcome"], "ok")
        self.assertEqual(report["counts"]["undefined"], 0)

    @staticmethod
    def names(report: dict, finding: dict) -> set[str]:
        return {Path(o["name"]).name for o in report["objects"] if o["id"] in (finding["from"], finding["to"])}

    def test_needs(self) -> None:
        """It is linked with the C library and no other: the rest is opened when it is used."""
        report = json.loads(self.run_in(BINDSIM, "--format=json", "--no-env", str(LIBRARY)).stdout)
        # The second one has what thread-local storage takes.
        self.assertLessEqual(set(report["objects"][0]["needed"]), {"libc.so.6", "ld-linux-x86-64.so.2"})

    def test_manners(self) -> None:
        """What a library does not do, it does not even know."""
        report = json.loads(self.run_in(BINDSIM, "--format=json", "--no-env", str(LIBRARY)).stdout)
        asked = {b["symbol"] for b in report["steps"][0]["bindings"] if b["from"] == 0}
        self.assertIn("malloc", asked)
        self.assertEqual(asked & {"exit", "_exit", "quick_exit", "printf", "puts", "perror", "stderr", "stdout", "signal",
                                  "setlocale", "umask", "chdir", "fchdir", "setenv", "putenv", "unsetenv", "fork", "execve",
                                  "system", "popen", "ptrace"}, set())

    def test_versioned_names_only(self) -> None:
        """Each name has the one version when it is asked for from outside, and none without."""
        source = "".join(f"void {name}(void);\n" for name in declared()) + \
            "void *all[] = {" + ", ".join(declared()) + "};"
        (self.directory / "user.c").write_text(source)
        self.check_run("gcc", "-shared", "-fPIC", "-nostdlib", "-o", "user.so", "user.c", str(LIBRARY.resolve()),
                       f"-Wl,-rpath,{LIBRARY.parent}")
        report = json.loads(self.run_in(BINDSIM, "--format=json", "--no-env", "./user.so").stdout)
        found = {b["symbol"]: (b["version"], b["definition_version"]) for b in report["steps"][0]["bindings"]
                 if b["from"] == 0 and b["symbol"].startswith("bindsim_")}
        versions = dict(name.split("@@") for name in exported())
        self.assertEqual(found, {name: (versions[name], versions[name]) for name in declared()})

    def test_what_was_released_stays(self) -> None:
        """Functions that a version has brought stay in its node: programs ask for them there."""
        nodes = re.findall(r"^(BINDSIM_\d\.\d) \{\nglobal:\n(.*?)(?:local|\})", VERSIONS.read_text(), re.MULTILINE | re.DOTALL)
        self.assertEqual([name for name, _ in nodes], ["BINDSIM_1.0", "BINDSIM_1.1"])
        self.assertEqual(len(re.findall(r"\w+;", nodes[0][1])), 120)


if __name__ == "__main__":
    if "--update" in sys.argv:
        EXPORTS.write_text("".join(name + "\n" for name in exported()))
    else:
        unittest.main()
