#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What `meson install` puts where, that it takes it away again, and that all of it can be moved.

    test_install.py     of the build in $BUILD
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests" / "cli"))
from examples import build_examples  # noqa: E402

BUILD = Path(os.path.abspath(os.environ.get("BUILD", ROOT / "build")))


def options() -> dict[str, object]:
    """The options of the build."""
    text = subprocess.run(["meson", "introspect", "--buildoptions", BUILD], capture_output=True, text=True, check=True).stdout
    return {option["name"]: option["value"] for option in json.loads(text)}


def run(*command: str | os.PathLike[str], **options) -> subprocess.CompletedProcess:
    return subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=120, **options)


class InstallTest(unittest.TestCase):
    """One installation, which the tests that change it have a copy of."""

    maxDiff = None

    @classmethod
    def setUpClass(cls) -> None:
        cls.place = Path(os.path.realpath(tempfile.mkdtemp(prefix="bindsim-install-")))
        cls.addClassCleanup(shutil.rmtree, cls.place, ignore_errors=True)
        cls.options = options()
        cls.install(cls.place / "made")

    @classmethod
    def install(cls, directory: Path) -> None:
        done = run("meson", "install", "--no-rebuild", "-C", BUILD, "--destdir", directory)
        if done.returncode:
            raise AssertionError(done.stdout + done.stderr)

    def setUp(self) -> None:
        self.use(self.place / "made")

    def use(self, directory: Path) -> None:
        self.directory = directory
        self.prefix = directory / str(self.options["prefix"]).lstrip("/")

    def use_copy(self) -> None:
        """What is done to it from here on is this test's own."""
        copy = Path(tempfile.mkdtemp(dir=self.place))
        shutil.copytree(self.place / "made", copy, symlinks=True, dirs_exist_ok=True)
        self.use(copy)

    def files(self) -> set[str]:
        """All that is there, from the prefix on. Nothing may be elsewhere."""
        found = {path for path in self.directory.rglob("*") if not path.is_dir() or path.is_symlink()}
        self.assertEqual([path for path in found if self.prefix not in path.parents], [])
        return {str(path.relative_to(self.prefix)) for path in found}

    def wanted(self) -> set[str]:
        """What is to be there, told by the sources."""
        option, data = self.options, self.options["datadir"]
        files = {f"{option['bindir']}/bindsim", f"{data}/bindsim/libraries.conf", f"{data}/zsh/site-functions/_bindsim",
                 f"{data}/fish/vendor_completions.d/bindsim.fish"}
        files |= {f"{data}/bindsim/schema/{path.name}" for path in (ROOT / "schema").glob("*.json")}
        files |= {f"{option['mandir']}/man{path.suffix[1:]}/{path.name}" for path in (ROOT / "man").glob("*.[1-9]")}
        if option["docs"]:
            files |= {f"{data}/doc/bindsim/{path.relative_to(ROOT / 'docs')}" for path in (ROOT / "docs").rglob("*")
                      if path.is_file() and path.name != "meson.build"}
            files |= {f"{data}/doc/bindsim/{name}" for name in ("README.md", "CHANGELOG.md")}
        library = option["libdir"]
        if option["library"]:
            files |= {f"{library}/{name}" for name in ("libbindsim.so", "libbindsim.so.1", "libbindsim.so.1.1.0",
                                                       "pkgconfig/libbindsim.pc")}
            files |= {f"{option['includedir']}/bindsim/{name}" for name in ("bindsim.h", "advise.h", "check.h", "compare.h", "process.h", "version.h")}
            files |= {f"{library}/libbindsim.a"} if option["library_static"] else set()
        else:
            files.discard(f"{option['mandir']}/man3/bindsim.3")
        return files

    def test_files(self) -> None:
        found = self.files()
        bash = {name for name in found if re.fullmatch(r".*bash-completion/completions/bindsim", name)}
        self.assertEqual(len(bash), 1)
        self.assertEqual(sorted(found - bash), sorted(self.wanted()))

    def test_modes(self) -> None:
        for name in self.files():
            path = self.prefix / name
            if path.is_symlink():
                self.assertNotIn("/", os.readlink(path))
                continue
            mode = path.stat().st_mode & 0o7777
            runs = name.endswith("bin/bindsim") or ".so." in name
            self.assertEqual(oct(mode), oct(0o755 if runs else 0o644), name)

    def test_uninstall(self) -> None:
        """What is taken away is what was installed last."""
        self.use(self.place / "taken away")
        self.install(self.directory)
        self.assertNotEqual(self.files(), set())
        done = run("ninja", "-C", BUILD, "uninstall")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(self.files(), set())

    def test_no_paths(self) -> None:
        """Where it was built is in nothing that is installed."""
        for name in sorted(self.files()):
            content = (self.prefix / name).read_bytes()
            for path in {ROOT, BUILD, self.directory}:
                self.assertNotIn(os.fsencode(path) + b"/", content, name)

    def test_moved(self) -> None:
        """The known libraries are those that lie beside the tool, wherever that is."""
        self.use_copy()
        moved = self.directory / "somewhere/else"
        moved.parent.mkdir()
        self.prefix.rename(moved)
        tool, known = moved / str(self.options["bindir"]) / "bindsim", moved / str(self.options["datadir"]) / "bindsim/libraries.conf"
        question = self.question()
        self.assertNotIn("libraries.conf", run(tool, *question).stderr)
        known.write_text("nonsense\n")
        self.assertIn(f"{known}:1: ", run(tool, *question).stderr)
        # By another name, from another directory, and by a link.
        link = self.directory / "link"
        link.symlink_to(tool)
        self.assertIn(f"{known}:1: ", run(link, *question, cwd="/").stderr)
        known.unlink()
        self.assertNotIn("libraries.conf", run(tool, *question).stderr)

    def question(self) -> list[str]:
        """One whose answer asks which libraries are known."""
        examples = self.directory / "examples"
        build_examples(examples)
        return [str(examples / "player"), "--dlopen", str(examples / "copy.so")]

    def test_library_moved(self) -> None:
        """The same of the library, which pkg-config finds where it is told the directory, as README.md says."""
        if not self.options["library"]:
            self.skipTest("the build has no library")
        self.use_copy()
        moved = self.directory / "somewhere"
        self.prefix.rename(moved)
        library = moved / str(self.options["libdir"])
        (moved / str(self.options["datadir"]) / "bindsim/libraries.conf").write_text("nonsense\n")
        source, program = self.directory / "log.c", self.directory / "log"
        source.write_text("""#include <bindsim/bindsim.h>
static void tell(void *user, const char *code, const char *file, uint64_t offset, const char *message)
{
	(void)user, (void)offset;
	printf("%s: %s: %s\\n", code, file ? file : "", message);
}
int main(int argc, char **argv)
{
	struct bindsim_plan *plan;
	struct bindsim_options *options;
	struct bindsim_result *result = NULL;

	return argc != 3 || bindsim_plan_new(&plan) || bindsim_options_new(&options) || bindsim_options_set_log(options, tell, NULL) ||
	       bindsim_plan_set(plan, "executable", argv[1], NULL) ||
	       bindsim_plan_dlopen(plan, argv[2], NULL, NULL) || bindsim_simulate(NULL, plan, options, &result, NULL);
}
""")
        sanitizers = [] if self.options["b_sanitize"] == "none" else ["-fsanitize=" + str(self.options["b_sanitize"])]
        flags = run("pkg-config", f"--define-variable=prefix={moved}", "--cflags", "--libs", "libbindsim",
                    env={**os.environ, "PKG_CONFIG_PATH": str(library / "pkgconfig")})
        self.assertEqual(flags.stdout.split(), [f"-I{moved / str(self.options['includedir'])}", f"-L{library}", "-lbindsim"], flags)
        done = run("cc", source, "-o", program, *flags.stdout.split(), f"-Wl,-rpath,{library}", *sanitizers)
        self.assertEqual(done.returncode, 0, done.stderr)
        program_of_plan, _, opened = self.question()
        done = run(program, program_of_plan, opened, env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("bad-library-db: ", done.stdout)
        self.assertIn(f"{moved}/{self.options['datadir']}/bindsim/libraries.conf", done.stdout)


if __name__ == "__main__":
    unittest.main()
