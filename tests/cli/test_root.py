#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""--root: a little system in a directory, of which nothing outside is seen."""

import json
import re
import shutil
import subprocess
import unittest

from harness import HOOK, INTERPRETER, PROGRAM, CommandLineTest, build, environment

LIBRARIES = "usr/lib64"


class RootTest(CommandLineTest):
    """root/ has a program, a stand-in for ld.so, and libhook.so by way of links; host/ is the world outside."""

    def setUp(self):
        super().setUp()
        self.object(f"root{INTERPRETER}", "int nothing;", "-Wl,-soname,ld-linux-x86-64.so.2")
        self.object("root/opt/real/hook.so", HOOK, "-Wl,-soname,libhook.so")
        (self.directory / "root" / LIBRARIES).mkdir(parents=True)
        self.link(f"root/{LIBRARIES}/libhook.so", "/opt/real/hook.so")
        self.program("root/usr/bin/tool", "int hook(void); void _start(void) { hook(); }",
                     str(self.directory / "root/opt/real/hook.so"))
        self.object("host/libhost.so", "int host;")
        self.root = f"--root={self.directory}/root"

    def link(self, name, target):
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(target)

    def mapped(self, *arguments, **options):
        answer = self.bindsim("--format=ld-debug", "--show=mapped", *arguments, **options)
        self.assertEqual(answer.status, 0, answer)
        self.assertNotIn(str(self.directory), answer.out)
        return [line.split()[3] for line in answer.out.splitlines() if "bindsim: mapped" in line]

    def test_names_are_those_inside(self):
        self.assertEqual(self.mapped(self.root, "/usr/bin/tool"),
                         ["/usr/bin/tool", f"/{LIBRARIES}/libhook.so"])
        self.assertNotIn(str(self.directory), self.bindsim(self.root, "/usr/bin/tool").out)
        self.assertNotIn(str(self.directory), self.bindsim(self.root, "/usr/bin/absent").err)

    def test_sysroot_is_the_same(self):
        self.assertEqual(self.mapped("--sysroot", str(self.directory / "root"), "/usr/bin/tool"),
                         self.mapped(self.root, "/usr/bin/tool"))

    def test_default_path(self):
        # $PATH is the host's and does not count.
        self.assertEqual(self.mapped(self.root, "tool", env=environment(PATH="/nonexistent"))[0], "tool")
        self.program("root/elsewhere/other")
        answer = self.bindsim(self.root, "other", env=environment(PATH="/elsewhere"))
        self.assert_trouble(answer, "other: No such file or directory")

    def test_relative_names(self):
        self.program("root/home/own")
        self.assertEqual(self.mapped(self.root, "usr/bin/tool")[0], "usr/bin/tool")
        self.assertEqual(self.mapped(self.root, "./own", cwd="root/home")[0], "./own")
        self.assertEqual(self.mapped(self.root, "--cwd=/home", "./own")[0], "./own")

    def test_nothing_outside_is_seen(self):
        host = f"{self.directory}/host/libhost.so"
        self.assertIn("failed", self.outcomes(self.root, "/usr/bin/tool", f"--dlopen={host}")[1])
        self.link("root/absolute.so", host)
        self.link("root/upwards.so", "../host/libhost.so")
        self.link("root/far-upwards.so", "../" * 40 + host.lstrip("/"))
        for name in ("absolute.so", "upwards.so", "far-upwards.so"):
            self.assertIn("failed", self.outcomes(self.root, "/usr/bin/tool", f"--dlopen=/{name}")[1], name)
        for name in ("/../host/libhost.so", "/usr/../../host/libhost.so", f"/{LIBRARIES}/../../../host/libhost.so"):
            self.assertIn("failed", self.outcomes(self.root, "/usr/bin/tool", f"--dlopen={name}")[1], name)
        # The same names do find what is inside.
        build(self.directory / "root" / host.lstrip("/"), "int host;", "-shared", "-fPIC")
        for name in ("absolute.so", "far-upwards.so"):
            self.assertEqual(self.outcomes(self.root, "/usr/bin/tool", f"--dlopen=/{name}")[1], "ok", name)

    def unconfigured(self):
        """Libraries in directories that only ld.so.conf names, with no links and no cache yet."""
        for place, soname in (("opt/a/libone.so.1.2", "libone.so.1"), ("opt/a/libone.so.1.10", "libone.so.1"),
                              ("opt/b/libone.so.1", "libone.so.1"), ("opt/b/libtwo.so.2", "libtwo.so.2"),
                              ("opt/b/glibc-hwcaps/x86-64-v2/libtwo.so.2", "libtwo.so.2"),
                              ("opt/b/libplain.so", ""), (f"{LIBRARIES}/libthree.so.3", "libthree.so.3")):
            self.object(f"root/{place}", "int nothing;", *([f"-Wl,-soname,{soname}"] if soname else []))
        self.link("root/opt/b/libtwo.so", "/opt/b/libtwo.so.2")
        self.link("root/opt/b/libgone.so.1", "nowhere")
        self.file("root/opt/a/liblist.so", "INPUT ( libone.so.1 )")
        self.file("root/etc/ld.so.conf", "# directories\ninclude ld.so.conf.d/*.conf nothing.conf\n"
                                         "  /opt/b/ # the same as /opt/link\n/absent\n")
        self.file("root/etc/ld.so.conf.d/b.conf", "/opt/link=libc6\n")
        self.file("root/etc/ld.so.conf.d/a.conf", "/opt/a//\n")
        self.file("root/etc/ld.so.conf.d/.hidden.conf", "/usr/bin\n")
        self.link("root/opt/link", "b")

    WANTED = [f"--dlopen={name}" for name in ("libone.so.1", "libtwo.so.2", "libplain.so", "libthree.so.3", "liblist.so")]

    def test_a_root_that_was_not_configured_yet(self):
        self.unconfigured()
        answer = self.bindsim(self.root, "/usr/bin/tool", *self.WANTED)
        self.assertIn("/etc/ld.so.cache: there is none, so that the directories in /etc/ld.so.conf are not searched "
                      "(/opt/a, /opt/link); --ldconfig does as if ldconfig had run", answer.err)
        self.assertIn("/opt/link/libtwo.so.2: in a directory of ld.so.conf; there is no ld.so.cache (--ldconfig makes one)",
                      answer.out)
        self.assertEqual([outcome[:6] for outcome in self.outcomes(self.root, "/usr/bin/tool", *self.WANTED)],
                         ["ok", "failed", "failed", "failed", "ok", "failed"])
        answer = self.bindsim(self.root, "--ldconfig", "--cpu=x86-64-v2", "--format=ld-debug", "--show=mapped",
                              "/usr/bin/tool", *self.WANTED)
        mapped = {line.split()[3] for line in answer.out.splitlines() if "bindsim: mapped" in line}
        self.assertEqual(mapped, {"/usr/bin/tool", f"/{LIBRARIES}/libhook.so", "/opt/a/libone.so.1",
                                  "/opt/link/glibc-hwcaps/x86-64-v2/libtwo.so.2", "/opt/link/libplain.so",
                                  f"/{LIBRARIES}/libthree.so.3"})
        self.assertNotIn("there is none", answer.err)

    TAKEN_FOR_EMPTY = "ldconfig reads it, and it is taken for empty here: Permission denied"

    def test_what_ldconfig_reads_and_this_user_may_not(self):
        """It finds nothing there when the same user runs it, and seldom says so; but root does."""
        self.unconfigured()
        one, two, plain = "/opt/a/libone.so.1", "/opt/link/glibc-hwcaps/x86-64-v2/libtwo.so.2", "/opt/link/libplain.so"
        for name, closed, found in (("a directory of files to include", "etc/ld.so.conf.d",
                                     {"/opt/b/libone.so.1", two.replace("link", "b"), "/opt/b/libplain.so"}),
                                    ("a file to include", "etc/ld.so.conf.d/a.conf", {"/opt/link/libone.so.1", two, plain}),
                                    ("the first file", "etc/ld.so.conf", set()),
                                    ("a directory", "opt/a", {"/opt/link/libone.so.1", two, plain}),
                                    ("hwcaps", "opt/b/glibc-hwcaps", {one, "/opt/link/libtwo.so.2", plain}),
                                    ("a library", "opt/b/libplain.so", {one, two})):
            with self.subTest(name):
                path = self.directory / "root" / closed
                mode = path.stat().st_mode
                path.chmod(0)
                try:
                    answer = self.bindsim(self.root, "--ldconfig", "--cpu=x86-64-v2", "--format=ld-debug", "--show=mapped",
                                          "/usr/bin/tool", *self.WANTED[:3], **self.unprivileged())
                finally:
                    path.chmod(mode)
                told = [line for line in answer.err.splitlines() if self.TAKEN_FOR_EMPTY in line]
                self.assertEqual(told, [f"bindsim: /{closed.replace('opt/b', 'opt/link')}: {self.TAKEN_FOR_EMPTY}"], answer)
                self.assertEqual(set(re.findall(r"mapped (/opt\S+)", answer.out)), found, answer)

    def test_what_a_scan_may_not_read_of_what_ldconfig_reads(self):
        """It is told once of all programs, of those that a journal has, too; JSON has it with each of them."""
        self.unconfigured()
        shutil.copy(self.directory / "root/usr/bin/tool", self.directory / "root/usr/bin/zool")
        user = self.unprivileged()
        self.directory.chmod(0o777)
        told = f"bindsim: /opt/a: {self.TAKEN_FOR_EMPTY}"
        question = ("scan", self.root, "--ldconfig", "/usr/bin")
        parts = [f"--shard={part}/2" for part in (1, 2)]
        path = self.directory / "root/opt/a"
        path.chmod(0)
        try:
            whole = self.bindsim(*question, "--format=json", "-j2", **user)
            sarif = self.bindsim(*question, "--format=sarif", **user)
            for number in range(2):
                answer = self.bindsim(*question, "--journal=journal", **user)
                self.assertEqual(answer.err.splitlines(), [told], number)
            for number, part in enumerate(parts):
                self.bindsim(*question, part, "--format=ndjson", f"--output=part{number}", **user)
        finally:
            path.chmod(0o755)
        merged = self.bindsim("scan", "--merge", "part0", "part1", "--format=json")
        self.assertEqual((merged.out, merged.err), (whole.out, whole.err))
        self.assertEqual(whole.err.splitlines(), [told])
        for program in json.loads(whole.out)["results"]:
            self.assertEqual([(made["code"], made["path"], made["errno"]) for made in program["diagnostics"]
                              if made["code"] != "assumed"],
                             [("cannot-read", "/opt/a", "EACCES")])
        [run] = json.loads(sarif.out)["runs"]
        self.assertEqual([told["descriptor"]["id"] for told in run["invocations"][0]["toolExecutionNotifications"]],
                         ["cannot-read"])
        answer = self.bindsim(*question, "--journal=journal", **user)
        self.assertEqual(answer.err, "", "it can be read now")

    def test_what_the_want_of_a_cache_means_where_its_files_cannot_be_read(self):
        self.unconfigured()
        (self.directory / "root/etc/ld.so.conf.d").chmod(0)
        answer = self.bindsim(self.root, "/usr/bin/tool", **self.unprivileged())
        (self.directory / "root/etc/ld.so.conf.d").chmod(0o755)
        self.assertEqual(answer.err.count(self.TAKEN_FOR_EMPTY), 1, answer)

    def test_a_root_without_either(self):
        self.assertNotIn("ld.so.cache", self.bindsim(self.root, "/usr/bin/tool").err)

    @unittest.skipUnless(shutil.which("ldconfig", path="/sbin:/usr/sbin"), "there is no ldconfig")
    def test_what_ldconfig_writes_is_what_is_foreseen(self):
        self.unconfigured()
        # The loader's own directories need not be those of the ldconfig at hand.
        conf = self.directory / "root/etc/ld.so.conf"
        conf.write_text(conf.read_text() + "/lib64\n/usr/lib64\n")
        question = [self.root, "--cpu=x86-64-v2", "--format=ld-debug", "--show=libs", "/usr/bin/tool", *self.WANTED]
        foreseen = self.bindsim("--ldconfig", *question).out
        ldconfig = shutil.which("ldconfig", path="/sbin:/usr/sbin")
        done = subprocess.run([ldconfig, "-r", self.directory / "root"], capture_output=True, text=True, check=False)
        if not (self.directory / "root/etc/ld.so.cache").exists():
            self.skipTest(done.stderr)
        self.assertEqual(self.bindsim(*question).out, foreseen)
        self.assertEqual(self.bindsim("--ldconfig", *question).out, foreseen)

    def test_directories_for_processors_up_to_2_36(self):
        for place in ("opt/b/tls/libtls.so.1", "opt/b/libtls.so.1", "opt/a/libtls.so.1", "opt/a/x86_64/tls/libboth.so.1",
                      "opt/a/x86_64/libboth.so.1", "opt/a/power9/libpower.so.1"):
            self.object(f"root/{place}", "int nothing;", f"-Wl,-soname,{place.rpartition('/')[2]}")
        self.file("root/etc/ld.so.conf", "/opt/a\n/opt/b\n")
        question = [self.root, "--ldconfig", "--cpu=x86-64", "--platform=x86_64", "/usr/bin/tool"]
        question += [f"--dlopen=lib{name}.so.1" for name in ("tls", "both", "power")]
        for release, found in (("2.36", ["/opt/b/tls/libtls.so.1", "/opt/a/x86_64/tls/libboth.so.1"]),
                               ("2.37", ["/opt/a/libtls.so.1"])):
            answer = self.bindsim(f"--loader=glibc:{release}", "--format=ld-debug", "--show=mapped", *question)
            mapped = [line.split()[3] for line in answer.out.splitlines() if "bindsim: mapped" in line]
            self.assertEqual([name for name in dict.fromkeys(mapped) if name.startswith("/opt/")], found)

    def test_loops_end(self):
        self.link("root/loop.so", "/loop.so")
        self.assertIn("failed: /loop.so: cannot open shared object file: Too many levels of symbolic links",
                      self.outcomes(self.root, "/usr/bin/tool", "--dlopen=/loop.so")[1])

    def test_the_hosts_environment_does_not_count(self):
        self.object("root/opt/first/libhook.so", HOOK)
        host = environment(LD_LIBRARY_PATH="/opt/first")
        self.assertIn(f"/{LIBRARIES}/libhook.so", self.mapped(self.root, "tool", env=host))
        self.assertIn("/opt/first/libhook.so", self.mapped(self.root, "--env=LD_LIBRARY_PATH=/opt/first", "tool"))
        self.assertIn("/opt/first/libhook.so", self.mapped(self.root, "--library-path=/opt/first", "tool"))

    def test_preload_file(self):
        self.object("root/opt/extra.so", HOOK)
        self.file("root/etc/ld.so.preload", "# comment\n/opt/extra.so\n")
        self.assertEqual(self.mapped(self.root, "tool")[1], "/opt/extra.so")

    def test_the_loader_must_be_inside(self):
        (self.directory / f"root{INTERPRETER}").unlink()
        self.assert_trouble(self.bindsim(self.root, "tool"), INTERPRETER)

    def test_a_name_from_outside(self):
        """As a shell completes it: it is told what it is called inside."""
        for root, name in (("root", "root/usr/bin/tool"), ("./root/", "root//./usr/bin/tool"),
                           (f"{self.directory}/root", f"{self.directory}/root/usr/bin/tool")):
            for words in ([], ["scan"], ["check"]):
                self.assert_trouble(self.bindsim(*words, f"--root={root}", name),
                                    f"bindsim: {name}: No such file or directory; inside the root it is /usr/bin/tool\n")
        self.assert_trouble(self.bindsim("scan", "--root=root", "root"), "inside the root it is /\n")
        for root, name in (("root", "root/usr/bin/absent"), ("root", "roots/usr/bin/tool"), ("root", "host/libhost.so"),
                           ("root", f"{self.directory}/root/usr/bin/tool")):
            self.assert_trouble(self.bindsim(f"--root={root}", name), f"bindsim: {name}: No such file or directory\n")

    def test_a_root_that_was_not_named(self):
        """A loader that the host does not have, and that lies above the program."""
        self.object("other/lib/ld-other.so.1", "int nothing;")
        self.program("other/usr/bin/app", PROGRAM, "-Wl,--dynamic-linker=/lib/ld-other.so.1")
        self.object("other/usr/lib/libhook.so", HOOK)
        gone = "its loader /lib/ld-other.so.1 cannot be opened: No such file or directory"
        ask = ("--loader=glibc",)
        ask_for = "--root=DIR is for a system that lies in a directory"
        for at, name, hint in ((".", "other/usr/bin/app", f"; the directory other has it: {ask_for}"),
                               (".", f"{self.directory}/other/usr/bin/app", f"; the directory {self.directory}/other has it: {ask_for}"),
                               ("other/usr/bin", "./app", "")):
            self.assert_trouble(self.bindsim(*ask, name, cwd=at), f"bindsim: {name}: {gone}{hint}\n")
        self.assertIn(f"{gone}; the directory ./other has it\n", self.bindsim("scan", *ask, "other").out)
        self.assert_trouble(self.bindsim("--root=root", "/usr/bin/tool", "--loader=musl"), "cannot be opened: No such file or directory\n")

    def test_files_of_the_answer_are_the_hosts(self):
        self.bindsim(self.root, "-o", "report", "tool")
        self.assertTrue((self.directory / "report").exists())

    def test_what_was_assumed(self):
        # The stand-in for ld.so does not say which its default directories are.
        self.assertEqual(self.bindsim(self.root, "tool").err, "")
        self.assertIn("default directories", self.bindsim(self.root, "-v", "tool").err)

    def test_root_of_the_host(self):
        self.program("app", PROGRAM)
        self.assertEqual(self.mapped("--root=/", str(self.directory / "app"), "--argv0=app"), ["app"])


if __name__ == "__main__":
    unittest.main()
