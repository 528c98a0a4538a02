#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bindsim log: what a real loader printed is read back.

Logs are made here, by the loader of this machine; those of other releases are written down, after the sources that they
name.
"""

import json
import os
import random
import re
import shutil
import subprocess
import unittest

from harness import CC, CommandLineTest, made

BINDING = re.compile(rb"^ *(\d+):\t(binding file .*)$", re.MULTILINE)
CODEC = "int codec_open(void) {{ return {0}; }} int codec_read(void) {{ return {0}; }}"
USE = "int codec_open(void), codec_read(void); int use(void) { return codec_open() + codec_read(); }"
NOISE = [b"hello from the program\n", b"\n", b"12:\tno prefix\n", b"a\tb:\tc\n", b"\xff\xfe\x80 no UTF-8\n", b"Error: x\n",
         b"warning: debug option `zork' unknown; try LD_DEBUG=help\n", b"binding file of another kind\n", b"carriage\r\n"]


def plain(environment=None):
    """What programs run with."""
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", **(environment or {})}


def bindings(log, pid=None):
    """The binding lines of a log, as --format=ld-debug has them."""
    return [b"         0:\t" + match[2] for match in BINDING.finditer(log) if pid is None or int(match[1]) == pid]


class LogTest(CommandLineTest):
    """What the tests share."""

    def build(self, name, source, *options):
        """A program, or with -shared an object, that can be run."""
        path = self.file(name + ".c", source)
        made.make([*CC, "-g0", "-o", name, path.name, *options], name, self.directory, check=True)
        path.unlink()

    def library(self, name, source, *options):
        self.build(name, source, "-shared", "-fPIC", *options)

    def run_logged(self, words, *command, **variables):
        """The pid of a process and its log."""
        environment = plain({"LD_DEBUG": words, **variables})
        with subprocess.Popen(command, env=environment, cwd=self.directory, stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
            return process.pid, process.stderr.read()

    def log(self, *arguments, **options):
        """The answer in JSON, held against the schema, and all other formats must come to the same."""
        answer = self.bindsim("log", "--format=json", *arguments, **options)
        self.assertEqual(answer, self.bindsim("log", "--format=json", *arguments, **options), "the same bytes")
        text = self.bindsim("log", *arguments, **options)
        stream = self.bindsim("log", "--format=ndjson", *arguments, **options)
        self.assertEqual((answer.status, answer.err), (text.status, text.err))
        self.assertEqual((answer.status, answer.err), (stream.status, stream.err))
        document = json.loads(answer.out)
        lines = [json.loads(line) for line in stream.out.splitlines()]
        for record in [document, *lines[:200]]:
            self.assert_valid(record, "bindsim-log-1")
        self.assertEqual(document["reason"] is None, answer.status == 0)
        records = [dict(line) for line in lines if line["record"] == "binding"]
        for record in records:
            del record["record"], record["process"]
        self.assertEqual(records, [b for p in document["processes"] for b in p.get("bindings", [])])
        self.assertEqual(lines[-1]["record"], "end")
        return document, text

    def read_back(self, log, *options):
        """The bindings of a log."""
        path = self.file("back.log", log)
        answer = self.bindsim("log", "--format=ld-debug", *options, str(path))
        self.assertIn(answer.status, (0, 1), answer.err)
        return answer.out.encode("utf-8", "surrogateescape").splitlines()

    def rules(self, document):
        """(rule, level) of all findings."""
        return [(f["rule"], f["level"]) for p in document["processes"] for f in p.get("findings", [])]


class ReadingTest(LogTest):
    """Messages are found whatever stands around them."""

    def setUp(self):
        super().setUp()
        self.pid, self.real = self.run_logged("all", "/bin/ls", "/", LD_BIND_NOW="1")
        self.assertGreater(len(bindings(self.real)), 100)

    def test_a_clean_log(self):
        self.assertEqual(self.read_back(self.real), bindings(self.real))
        document, text = self.log("back.log")
        process = document["processes"][0]
        self.assertEqual((process["pid"], process["program"], process["origin"]), (self.pid, "/bin/ls", "started"))
        self.assertEqual(process["messages"].get("unknown", 0), 0)
        self.assertEqual(process["lacks"], [])
        self.assertEqual(document["noise"], 0)
        self.assertEqual(sum(b["times"] for b in process["bindings"]), len(bindings(self.real)))
        self.assertIn("/bin/ls", text.out)

    def test_every_message_is_known(self):
        """All words of LD_DEBUG, alone."""
        for words in ("libs", "files", "reloc", "symbols", "bindings", "versions", "scopes", "statistics", "all,statistics"):
            _, log = self.run_logged(words, "/bin/ls", "/")
            self.file("a.log", log)
            document, _ = self.log("a.log")
            self.assertEqual(len(document["processes"]), 1, words)
            self.assertEqual(document["processes"][0]["messages"].get("unknown", 0), 0, words)

    def test_noise_between_and_before(self):
        rng = random.Random(1)
        noisy = b""
        for line in self.real.splitlines(keepends=True):
            while rng.random() < 0.2:
                noisy += rng.choice(NOISE)
            if rng.random() < 0.1:
                noisy += rng.choice([b"no end", b"\0" * 30, b"\t", b"\xc3", b"100%:", b"x:\t"])
            noisy += line.replace(b"\n", b"\r\n") if rng.random() < 0.1 else line
        self.assertEqual(self.read_back(noisy), bindings(self.real))

    def test_cut_anywhere(self):
        rng = random.Random(2)
        for _ in range(25):
            begin, end = sorted(rng.sample(range(len(self.real)), 2))
            part = self.real[begin:end]
            whole = part[part.find(b"\n") + 1:part.rfind(b"\n") + 1] if begin else part[:part.rfind(b"\n") + 1]
            if bindings(whole):
                got = self.read_back(part)
                # The first line may be whole by chance.
                self.assertIn(got, (bindings(whole), bindings(part[:part.rfind(b"\n") + 1])))

    def test_mixed_processes(self):
        other, second = self.run_logged("bindings", "/bin/true")
        rng = random.Random(3)
        waiting = [self.real.splitlines(keepends=True), second.splitlines(keepends=True)]
        mixed = b""
        while any(waiting):
            mixed += rng.choice([lines for lines in waiting if lines]).pop(0)
        self.assertEqual(self.read_back(mixed, f"--process={self.pid}"), bindings(self.real))
        self.assertEqual(self.read_back(mixed, f"--process={other}"), bindings(second))
        self.assertEqual(self.read_back(mixed, "--process=t*e"), bindings(second))

    def test_what_the_loader_writes_apart(self):
        """A version comes by a write of its own (glibc elf/dl-lookup.c:_dl_debug_bindings): somebody may come between."""
        head = b"        11:\tbinding file a [0] to b [0]: normal symbol `f'"
        tail = b" [V1]\n"
        other = b"        12:\tbinding file c [0] to d [0]: normal symbol `g' [V2]\n"
        for between in (other, b"the program\n", b"        12:\t\n", other * 3):
            got = self.read_back(head + between + tail, "--process=11")
            self.assertEqual(got, [b"         0:\tbinding file a [0] to b [0]: normal symbol `f' [V1]"], between)
        # Whose it is cannot be told: it is not passed off as a line of the loader.
        both = head + head.replace(b"11:", b"12:") + other.replace(b"12:", b"13:") + tail + tail
        self.file("a.log", both)
        document, text = self.log("a.log")
        self.assertIn("damaged", text.out)
        self.assertGreater(sum(p["damaged"] for p in document["processes"]), 0)

    def test_a_message_behind_other_words(self):
        line = b"        11:\tfrom a threadbinding file a [0] to b [0]: normal symbol `f'\n"
        self.file("a.log", line)
        document, _ = self.log("a.log")
        self.assertEqual(document["processes"][0]["damaged"], 1)

    def test_names_with_anything_in_them(self):
        name = b"/opt/a to b/lib'x [1].so"
        line = b"binding file " + name + b" [0] to " + name + b" [2]: protected symbol `f' [V 1]"
        self.assertEqual(self.read_back(b"        11:\t" + line + b"\n"), [b"         0:\t" + line])

    def test_lines_that_are_too_long(self):
        long = b"        11:\tbinding file " + b"x" * (3 << 20) + b" [0] to b [0]: normal symbol `f'\n"
        good = b"        11:\tbinding file a [0] to b [0]: normal symbol `f'\n"
        self.file("a.log", good + long + good)
        document, text = self.log("a.log")
        self.assertEqual(document["long_lines"], 1)
        self.assertIn("a.log:2", text.out)
        self.assertEqual(document["processes"][0]["bindings"][0]["times"], 2)

    def test_standard_input_and_several_files(self):
        half = self.real[:len(self.real) // 2].rfind(b"\n") + 1
        self.file("b.log", self.real[half:])
        with (self.directory / "a.log").open("wb") as file:
            file.write(self.real[:half])
        with (self.directory / "a.log").open("rb") as first:
            answer = self.bindsim("log", "--format=ld-debug", "-", "b.log", stdin=first)
        self.assertEqual(answer.out.encode().splitlines(), bindings(self.real))

    def test_output_files_of_the_loader(self):
        process = subprocess.run(["/bin/sh", "-c", "/bin/true; exec /bin/ls /"], cwd=self.directory, check=True, capture_output=True,
                                 env=plain({"LD_DEBUG": "bindings", "LD_DEBUG_OUTPUT": str(self.directory / "out")}))
        self.assertEqual(process.stderr, b"")
        files = sorted(path.name for path in self.directory.glob("out.*"))
        self.assertEqual(len(files), 2)
        document, _ = self.log(*files)
        self.assertEqual({p["program"] for p in document["processes"]}, {"/bin/sh", "/bin/true", "/bin/ls"})
        for process in document["processes"]:
            self.assertIn(f"out.{process['pid']}", files)


class ProcessTest(LogTest):
    """Where one process ends and another begins."""

    def programs(self, log):
        self.file("a.log", log)
        document, _ = self.log("a.log", "--show=processes")
        return [(p["program"], p["image"], p["origin"]) for p in document["processes"]]

    def test_exec_chains_for_every_word(self):
        for words in ("bindings", "symbols", "files", "libs", "reloc", "versions", "all", "libs,reloc", "files,scopes",
                      "bindings,libs", "versions,statistics"):
            with self.subTest(words=words):
                _, log = self.run_logged(words, "/bin/sh", "-c", "exec /usr/bin/env /bin/true")
                self.assertEqual(self.programs(log), [("/bin/sh", 1, "started"), ("/usr/bin/env", 2, "started"),
                                                      ("/bin/true", 3, "started")])

    def test_exec_chains_without_calls(self):
        """Words that do not print who gets control."""
        for words in ("scopes", "statistics", "scopes,statistics"):
            with self.subTest(words=words):
                _, log = self.run_logged(words, "/bin/sh", "-c", "exec /usr/bin/env /bin/true")
                self.assertEqual([image for _, image, _ in self.programs(log)], [1, 2, 3])

    def test_children_of_a_shell(self):
        for words in ("bindings", "files", "all"):
            with self.subTest(words=words):
                _, log = self.run_logged(words, "/bin/sh", "-c", "/bin/true; /bin/ls / | /bin/cat; exec /bin/true")
                started = [(name, image) for name, image, origin in self.programs(log) if origin == "started"]
                self.assertEqual(sorted(started), sorted([("/bin/sh", 1), ("/bin/true", 1), ("/bin/ls", 1), ("/bin/cat", 1),
                                                          ("/bin/true", 2)]))

    def test_a_child_without_an_exec(self):
        self.library("libx.so", "int x;")
        self.build("app", """
            #include <dlfcn.h>
            #include <sys/wait.h>
            #include <unistd.h>
            int main(void) { if (!fork()) { dlopen("./libx.so", RTLD_LAZY); _exit(0); } wait(0); return 0; }""")
        pid, log = self.run_logged("all", "./app")
        self.file("a.log", log)
        document, text = self.log("a.log")
        parent, child = document["processes"]
        self.assertEqual((parent["pid"], parent["origin"]), (pid, "started"))
        self.assertEqual((child["origin"], child["parent"], child["program"]), ("forked", 0, "./app"))
        self.assertEqual([step["file"] for step in child["opens"]], ["./libx.so"])
        self.assertIn(f"forked from {pid}", text.out)

    def test_ifunc_resolvers_begin_no_process(self):
        """They ask the vdso, too (glibc sysdeps/unix/sysv/linux/x86/time.c), but not for the clock."""
        self.build("app", "#include <time.h>\n#include <sys/time.h>\n"
                   "int main(void) { struct timeval t; return time(0) == 1 || gettimeofday(&t, 0); }")
        _, log = self.run_logged("bindings", "./app")
        self.assertEqual(self.programs(log), [("./app", 1, "started")])

    def test_threads(self):
        self.library("libx.so", "int x;")
        self.build("app", """
            #include <dlfcn.h>
            #include <pthread.h>
            static void *open(void *file) { for (int i = 0; i < 20; i++) dlclose(dlopen(file, RTLD_NOW)); return 0; }
            int main(void) { pthread_t t[4]; for (int i = 0; i < 4; i++) pthread_create(&t[i], 0, open, "./libx.so");
                             for (int i = 0; i < 4; i++) pthread_join(t[i], 0); return 0; }""")
        # What threads bind lazily they bind without a lock, and write into each other's lines.
        _, log = self.run_logged("all", "./app", LD_BIND_NOW="1")
        self.assertEqual(self.read_back(log), bindings(log))
        document, _ = self.log("back.log")
        self.assertEqual(len(document["processes"]), 1)
        self.assertGreaterEqual(document["processes"][0]["opened"], 20)

    def test_many_processes(self):
        """Those that are kept in full are not all."""
        one = b"".join(b"%10d:\tbinding file ./app [0] to ./lib.so [0]: normal symbol `f'\n" % pid for pid in range(1, 301))
        self.file("a.log", one + one)
        document, text = self.log("a.log")
        self.assertEqual(len(document["processes"]), 300)
        self.assertTrue(all(p["messages"]["binding"] == 2 for p in document["processes"]))
        self.assertGreater(sum(p["complete"] for p in document["processes"]), 10)
        self.assertLess(sum(p["complete"] for p in document["processes"]), 100)
        self.assertIn("260 more processes", text.out)
        chosen, _ = self.log("--process=7", "a.log")
        self.assertEqual(chosen["processes"][0]["bindings"][0]["times"], 2)


class StepsTest(LogTest):
    """What was opened and closed."""

    def setUp(self):
        super().setUp()
        self.library("libplug.so", "int plug(void) { return 1; }")
        self.library("libbad.so", "int nobody(void); int bad(void) { return nobody(); }")
        self.library("libouter.so", """
            #include <dlfcn.h>
            __attribute__((constructor)) static void start(void) { dlopen("./libplug.so", RTLD_NOW | RTLD_GLOBAL); }""")
        self.build("app", """
            #define _GNU_SOURCE
            #include <dlfcn.h>
            int main(void)
            {
                void *outer = dlopen("./libouter.so", RTLD_LAZY);
                dlopen("./libbad.so", RTLD_NOW);
                dlopen("libabsent.so", RTLD_NOW);
                dlclose(outer);
                outer = dlopen("./libouter.so", RTLD_NOW | RTLD_DEEPBIND);
                dlmopen(LM_ID_NEWLM, "./libplug.so", RTLD_NOW);
                dlsym(outer, "zork");
                dlopen(0, RTLD_NOW);
                return 0;
            }""")
        _, log = self.run_logged("all", "./app")
        self.file("a.log", log)

    def test_the_sequence(self):
        document, text = self.log("a.log")
        opens = document["processes"][0]["opens"]
        seen = [(s["call"], s["file"], s["state"], s["namespace"], s["within"], s["closes"]) for s in opens]
        self.assertEqual(seen[:6], [
            ("dlopen", "./libouter.so", "done", 0, None, None),
            ("dlopen", "./libplug.so", "done", 0, 1, None),
            ("dlopen", "./libbad.so", "failed", 0, None, None),
            ("dlopen", "libabsent.so", "failed", 0, None, None),
            ("dlclose", "./libouter.so", "done", 0, None, 1),
            ("dlopen", "./libouter.so", "done", 0, None, None),
        ])
        self.assertEqual([s["call"] for s in opens].count("dlmopen"), 1)
        self.assertEqual((opens[0]["lazy"], opens[1]["global"], opens[5]["deepbind"]), (True, True, True))
        self.assertEqual((opens[0]["deepbind"], opens[3]["missing"]), (False, "libabsent.so"))
        rules = self.rules(document)
        self.assertIn(("open-failed", "error"), rules)
        self.assertIn(("undefined-symbol", "error"), rules)
        self.assertIn(("undefined-symbol", "note"), rules, "the dlsym")
        self.assertIn("from constructors of ./libouter.so", text.out)
        self.assertEqual(document["reason"], "refusal")

    def test_it_can_be_simulated(self):
        answer = self.bindsim("log", "--format=plan", "-o", "a.plan", "a.log")
        self.assertEqual(answer.status, 1, "the log shows refusals")
        self.assertIn("not in the log: ", answer.err)
        text = self.bindsim("--plan", "a.plan", "--format=json")
        steps = json.loads(text.out)["steps"]
        self.assertEqual([s["state"] for s in steps[1:5]], ["ok", "ok", "failed", "failed"])
        # A second time, from there, it is the same.
        again = self.bindsim("--plan", "a.plan", "--format=plan")
        self.assertEqual(again.out, (self.directory / "a.plan").read_text())

    def test_without_the_words_that_tell(self):
        _, log = self.run_logged("bindings", "./app")
        self.file("b.log", log)
        document, text = self.log("b.log")
        process = document["processes"][0]
        self.assertEqual(process["opens"], [])
        self.assertEqual(process["lacks"], ["files", "libs"])
        self.assertIn("LD_DEBUG=files", text.out)
        self.assertEqual({rule for rule, level in self.rules(document) if level == "warning"}, {"undefined-symbol"})
        self.assertEqual(document["reason"], "refusal")

    def test_one_process_of_several(self):
        _, log = self.run_logged("all", "/bin/sh", "-c", "exec ./app")
        self.file("b.log", log)
        for kind in ("plan", "ld-debug"):
            self.assert_trouble(self.bindsim("log", f"--format={kind}", "b.log"), "--process", "sh", "app")
            self.assertIn(self.bindsim("log", f"--format={kind}", "--process=app", "b.log").status, (0, 1))

    def test_programs_that_a_process_was_in_turn(self):
        """Have one id; which of them is meant says a number behind it, as for verify."""
        _, log = self.run_logged("all", "/bin/sh", "-c", "exec ./app")
        self.file("b.log", log)
        document, _ = self.log("b.log")
        (shell, app) = document["processes"]
        self.assertEqual((shell["pid"], shell["image"], app["image"]), (app["pid"], 1, 2))
        for image, program in ((1, "sh"), (2, "app")):
            chosen, _ = self.log(f"--process={app['pid']}:{image}", "b.log")
            self.assertEqual([(p["image"], os.path.basename(p["program"])) for p in chosen["processes"]], [(image, program)])
            plan = self.bindsim("log", "--format=plan", f"--process={app['pid']}:{image}", "b.log")
            self.assertEqual(os.path.basename(json.loads(plan.out)["executable"]), program)
        both, _ = self.log(f"--process={app['pid']}", "b.log")
        self.assertEqual(len(both["processes"]), 2)
        self.assert_trouble(self.bindsim("log", "--format=plan", f"--process={app['pid']}", "b.log"),
                            f"{app['pid']}:1 (", f"sh) or {app['pid']}:2 (./app)")
        for wrong in ("3", "0", "x", ""):
            self.assert_trouble(self.bindsim("log", f"--process={app['pid']}:{wrong}", "b.log"), "no such process")

    def test_a_process_that_is_not_there(self):
        """The message names those that are, the first of many."""
        _, log = self.run_logged("all", "./app")
        self.file("one.log", log)
        self.assert_trouble(self.bindsim("log", "--process=other", "one.log"), "no such process; there is ", " (./app)\n")
        _, log = self.run_logged("files", "/bin/sh", "-c", "/bin/true; /bin/true; /bin/true; /bin/true; /bin/true; /bin/true; :")
        self.file("many.log", log)
        self.assert_trouble(self.bindsim("log", "--process=1", "many.log"), "(/bin/true), ", "(/bin/sh)", " and 2 more\n")


class FindingTest(LogTest):
    """What clashes, and what is missing."""

    def test_captured_references(self):
        self.library("libcodec.so.1", CODEC.format(1))
        self.library("copy.so", CODEC.format(2) + USE)
        self.build("host", """
            #include <dlfcn.h>
            int main(void) { dlopen("./libcodec.so.1", RTLD_NOW | RTLD_GLOBAL);
                             return !dlsym(dlopen("./copy.so", RTLD_NOW), "codec_open"); }""")
        _, log = self.run_logged("bindings,files", "./host")
        self.file("a.log", log)
        document, text = self.log("a.log")
        self.assertEqual(self.rules(document), [("captured", "warning")])
        process = document["processes"][0]
        finding = process["findings"][0]
        names = [o["name"] for o in process["objects"]]
        self.assertEqual((names[finding["from"]], names[finding["to"]]), ("./copy.so", "./libcodec.so.1"))
        self.assertEqual(finding["symbols"], ["codec_open"])
        self.assertIn("that ./copy.so has itself", text.out)
        self.assertEqual(self.bindsim("log", "a.log").status, 0)
        self.assertEqual(self.bindsim("log", "--fail-on=error", "a.log").status, 0)
        self.assert_refused(self.bindsim("log", "--fail-on=warning", "a.log"), "--fail-on=warning")

    def test_two_that_are_used(self):
        self.library("liba.so", CODEC.format(1))
        self.library("libb.so", CODEC.format(2))
        self.library("usea.so", USE, "./liba.so")
        self.library("useb.so", USE, "./libb.so")
        self.build("host", """
            #include <dlfcn.h>
            int main(void) { dlopen("./usea.so", RTLD_NOW); dlopen("./useb.so", RTLD_NOW); return 0; }""")
        _, log = self.run_logged("bindings", "./host")
        self.file("a.log", log)
        document, text = self.log("a.log")
        self.assertEqual(self.rules(document), [("split-symbol", "warning")])
        finding = document["processes"][0]["findings"][0]
        self.assertEqual(sorted(finding["symbols"]), ["codec_open", "codec_read"])
        self.assertEqual([u["symbols"] for u in finding["users"]], [2, 2])
        self.assertIn("./useb.so uses that of ./libb.so: 2 symbols", text.out)
        none, _ = self.log("--symbol=zork", "a.log")
        self.assertEqual(self.rules(none), [])
        some, _ = self.log("--pair", "useb.so,libb.so", "a.log")
        self.assertEqual(len(some["processes"][0]["bindings"]), 2)

    def test_healthy_programs_are_told_nothing(self):
        for program in ("/bin/ls", "/usr/bin/env", "/bin/bash"):
            _, log = self.run_logged("all", program, "--version", LD_BIND_NOW="1")
            self.file("a.log", log)
            document, _ = self.log("a.log")
            self.assertEqual([f for f in self.rules(document) if f[1] != "note"], [], program)

    def test_many_that_are_alike(self):
        """Each is told with one other, not with all."""
        lines = [f"        11:\tbinding file ./app [0] to /opt/{i}/libz.so [0]: normal symbol `f{i}'\n" for i in range(400)]
        lines += [f"        11:\tbinding file ./app [0] to /opt/libplug-{i}.so [0]: normal symbol `g{i}'\n" for i in range(400)]
        self.file("a.log", "".join(lines))
        document, _ = self.log("a.log")
        self.assertEqual(self.rules(document), [("loaded-twice", "warning")] * 399 + [("loaded-twice", "note")] * 399)

    def test_a_start_up_that_fails(self):
        self.library("libneeded.so", "int needed(void) { return 1; }")
        self.build("app", "int needed(void); int main(void) { return needed() - 1; }", "./libneeded.so", "-Wl,-z,now")
        (self.directory / "libneeded.so").rename(self.directory / "moved")
        for words in ("all", "libs", "files,libs"):
            _, log = self.run_logged(words, "./app")
            self.file("a.log", log)
            document, text = self.log("a.log")
            self.assertEqual(self.rules(document)[0], ("not-started", "error"), words)
            self.assertIn("libneeded.so", text.out)
            self.assert_refused(text, "refused")
        self.library("libneeded.so", "int other;")
        _, log = self.run_logged("bindings", "./app")
        self.file("a.log", log)
        document, text = self.log("a.log")
        self.assertEqual(self.rules(document), [("undefined-symbol", "error")])
        self.assertIn("it ended the process", text.out)

    def test_a_version_that_is_missing(self):
        """glibc elf/dl-version.c:match_symbol"""
        self.file("a.log", "        11:\t./app: error: version lookup error: ./libx.so: version `V2' not found (required by ./app) "
                  "(fatal)\n")
        document, _ = self.log("a.log")
        self.assertEqual(self.rules(document), [("version-missing", "error")])
        self.assertEqual(document["reason"], "refusal")


class ReleaseTest(LogTest):
    """Words of other releases, and other loaders."""

    def release(self, *lines, pid="        11"):
        self.file("a.log", "".join(f"{pid}:\t{line}\n" for line in lines))
        document, text = self.log("a.log")
        process = document["processes"][0]
        self.assertEqual(process["messages"].get("unknown", 0), 0, lines)
        return process["release_from"], process["release_to"], process, text

    def test_2_3(self):
        """No namespaces, and a pid of five columns (glibc 2.3 elf/dl-misc.c, dl-lookup.c, dl-open.c)."""
        first, last, process, _ = self.release(
            "file=libc.so.6;  needed by ./app", "file=libc.so.6;  generating link map",
            "calling init: /lib/libc.so.6", "initialize program: ./app", "transferring control: ./app",
            "binding file ./app to /lib/libc.so.6: normal symbol `puts' [GLIBC_2.0]",
            "opening file=/lib/libm.so.6; opencount == 1", pid="   11")
        self.assertEqual((first, last), (None, 3))
        self.assertEqual((process["pid"], process["program"]), (11, "./app"))
        self.assertEqual(self.read_back((self.directory / "a.log").read_bytes()),
                         [b"         0:\tbinding file ./app to /lib/libc.so.6: normal symbol `puts' [GLIBC_2.0]"])

    def test_2_17(self):
        """Destructors by the program's name (glibc 2.17 elf/dl-fini.c); libc's constructor asks the vdso
        (sysdeps/unix/sysv/linux/x86_64/init-first.c)."""
        clock = "binding file linux-vdso.so.1 [0] to linux-vdso.so.1 [0]: normal symbol `__vdso_clock_gettime' [LINUX_2.6]"
        start = ("binding file /lib64/libc.so.6 [0] to /lib64/libc.so.6 [0]: normal symbol `_res' [GLIBC_2.2.5]",
                 "calling init: /lib64/libc.so.6", clock, "initialize program: ./app", "transferring control: ./app")
        end = ("calling fini: ./app [0]", "calling fini: /lib64/libc.so.6 [0]")
        first, last, process, _ = self.release(*start, "binding file ./app [0] to /lib64/libc.so.6 [0]: normal symbol `memcpy' "
                                               "[GLIBC_2.14]", *end)
        self.assertEqual((first, last), (14, 30))
        self.assertEqual((process["origin"], process["phase"]), ("started", "ending"))
        # An exec shows late, but it shows.
        self.file("b.log", "".join(f"        11:\t{line}\n" for line in start + start + end))
        document, _ = self.log("b.log")
        self.assertEqual([p["image"] for p in document["processes"]], [1, 2])
        self.assertEqual([p["messages"]["binding"] for p in document["processes"]], [2, 2])

    def test_2_29(self):
        """glibc 2.29 elf/rtld.c:print_statistics says clock cycles."""
        self.assertEqual(self.release("", "runtime linker statistics:",
                                      "  total startup time in dynamic loader: 93191 clock cycles")[:2], (None, 29))
        self.assertEqual(self.release("", "runtime linker statistics:",
                                      "  total startup time in dynamic loader: 93191 cycles")[:2], (30, None))

    def test_2_31(self):
        """glibc 2.31 to 2.35 elf/dl-lookup.c:add_dependency says "reference to", later ones "from"."""
        mark = "marking ./x.so [0] as NODELETE due to reference {} main program"
        self.assertEqual(self.release(mark.format("to"))[:2], (31, 35))
        self.assertEqual(self.release(mark.format("from"))[:2], (36, None))

    def test_2_36_has_no_bindings(self):
        """glibc 2.36 elf/dl-lookup.c lost the line; symbols are there."""
        _, _, process, text = self.release(
            "symbol=puts;  lookup in file=./app [0]", "file=libc.so.6 [0];  needed by ./app [0]",
            "checking for version `GLIBC_2.34' in file /lib/libc.so.6 [0] required by file ./app [0]", "calling fini:  [0]")
        self.assertIn("bindings", process["lacks"])
        self.assertIn("2.36 has no such lines", text.out)

    def test_hwcaps(self):
        """glibc 2.33 to 2.36 have both kinds of directories (elf/dl-hwcaps.c)."""
        self.assertEqual(self.release(
            "find library=x [0]; searching",
            " search path=/lib/glibc-hwcaps/x86-64-v2:/lib/tls:/lib\t\t(system search path)")[:2], (33, 36))

    def test_after_2_42(self):
        """glibc master elf/dl-load.c:open_verify says why a file is passed over."""
        first, _, process, text = self.release(
            "file=libx.so [0];  dynamically loaded by ./app [0]", "find library=libx.so [0]; searching",
            " search path=/opt\t\t(system search path)", "  trying file=/opt/libx.so",
            "    (incompatible ELF class)", "", "calling fini:  [0]")
        self.assertEqual(first, 43)
        self.assertEqual(process["searches"][0]["tried"], [{"file": "/opt/libx.so", "reason": "incompatible ELF class"}])
        self.assertIn("incompatible ELF class", text.out)

    def test_an_open_without_a_line(self):
        """glibc 2.42 elf/dl-open.c: one that changes nothing."""
        _, _, process, text = self.release(
            "transferring control: ./app", "file=./x.so [0];  dynamically loaded by ./app [0]",
            "file=./x.so [0];  generating link map", "opening file=./x.so [0]; direct_opencount=1",
            "closing file=./x.so; direct_opencount=1", "closing file=./x.so; direct_opencount=0")
        self.assertEqual([(s["call"], s["inferred"]) for s in process["opens"]],
                         [("dlopen", False), ("dlclose", False), ("dlopen", True), ("dlclose", False)])
        self.assertIn("no line of it", text.out)

    def test_musl(self):
        """musl ldso/dynlink.c:load_deps, do_relocs"""
        self.file("a.log", "Error loading shared library libx.so: No such file or directory (needed by ./app)\n"
                  "Error relocating ./app: f: symbol not found\nError relocating ./app: g: symbol not found\n")
        document, text = self.log("a.log")
        self.assertEqual((document["processes"][0]["loader"], document["reason"]), ("musl", "refusal"))
        self.assertEqual(sorted(self.rules(document)), [("not-started", "error")] + [("undefined-symbol", "error")] * 2)
        self.assertIn("libx.so: No such file or directory, wanted by ./app", text.out)

    def test_qnx(self):
        """Building Embedded Systems, "Shared libraries", shows such lines."""
        self.file("a.log", "load_object: attempt load of libsocket.so.3\nload_elf32: loaded lib at addr b8200000(text)\n")
        self.assert_trouble(self.bindsim("log", "a.log"), "a.log:1", "QNX", "not read")

    def test_bindsim_itself(self):
        self.program()
        self.object("libx.so", "int x(void) { return 1; }")
        simulated = self.bindsim("./app", "--dlopen", "./libx.so", "--format=ld-debug", "-o", "a.log")
        self.assertEqual(simulated.status, 0)
        document, _ = self.log("a.log")
        self.assertEqual(document["processes"][0]["loader"], "bindsim")


class UsageTest(LogTest):
    """The command line."""

    def test_what_cannot_be_done(self):
        self.file("empty", "")
        self.file("other", "nothing\nof a loader\n")
        self.file("one.log", "        11:\tcalling init: x\n")
        for words, wanted in (
                ((), ["FILE"]), (("absent",), ["absent", "No such file"]), (("empty",), ["empty", "LD_DEBUG"]),
                (("other",), ["other", "LD_DEBUG"]), (("--format=dot", "one.log"), ["dot", "ndjson"]),
                (("--process=12", "one.log"), ["--process"]), (("--process=", "one.log"), ["--process"]),
                (("--dlopen=x", "one.log"), ["--dlopen"]), (("--root=/", "one.log"), ["--root"]),
                (("--bind-now", "one.log"), ["--bind-now"]), (("--plan=x", "one.log"), ["--plan"]),
                (("--proof=all", "one.log"), ["--proof"]), (("--show=zork", "one.log"), ["zork"]),
                (("--format=plan", "one.log"), ["program"]), (("-o", "absent/x", "one.log"), ["absent/x"])):
            with self.subTest(words=words):
                self.assert_trouble(self.bindsim("log", *words), *wanted)
        self.assertIn("belongs to the commands log", self.bindsim("--process=1", "./app").err)
        self.assertFalse((self.directory / "absent").exists())

    def test_reports_and_quiet(self):
        self.file("one.log", "        11:\tbinding file a [0] to b [0]: normal symbol `f'\n")
        answer = self.bindsim("log", "-q", "--report", "json:a.json", "--report", "ld-debug:a.txt", "one.log")
        self.assertEqual((answer.status, answer.out, answer.err), (0, "", ""))
        self.assertEqual(json.loads((self.directory / "a.json").read_text())["schema"], "bindsim-log-1")
        self.assertIn("symbol `f'", (self.directory / "a.txt").read_text())

    def test_control_characters_do_not_reach_the_terminal(self):
        self.file("one.log", b"        11:\tbinding file \x1b[31ma [0] to b [0]: normal symbol `f\x07'\n")
        answer = self.bindsim("log", "--show=objects,bindings,pairs", "one.log")
        self.assertNotIn("\x1b", answer.out)
        self.assertIn("\\x1b[31ma", answer.out)

    def test_help(self):
        answer = self.bindsim("log", "--help")
        self.assertEqual(answer.status, 0)
        self.assertIn("--process", answer.out)


if __name__ == "__main__":
    unittest.main()
