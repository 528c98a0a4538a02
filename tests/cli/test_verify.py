#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bindsim verify: the simulation against what the loader did. Here, other than elsewhere, what is built is run."""

import json
import os
import re
import resource
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from harness import BINDSIM, CC, TIMEOUT_SECONDS, CommandLineTest, environment

APP = """
#include <dlfcn.h>
#include <nss.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
int hook(void);
int main(int argc, char **argv)
{
	void *handle = NULL;
	int lives = 1;
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "open") == 0)
			handle = dlopen("./plug.so", RTLD_NOW);
		else if (strcmp(argv[i], "global") == 0)
			handle = dlopen("./plug.so", RTLD_NOW | RTLD_GLOBAL);
		else if (strcmp(argv[i], "find") == 0)
			lives &= dlsym(handle, "plug_entry") != NULL && dlsym(RTLD_DEFAULT, "strtol") != NULL;
		else if (strcmp(argv[i], "close") == 0)
			dlclose(handle);
		else if (strcmp(argv[i], "look-up") == 0) {
			__nss_configure_lookup("passwd", "nowhere");
			getpwnam("nobody");
		} else if (strcmp(argv[i], "sleep") == 0)
			sleep(60);
		else if (strcmp(argv[i], "crash") == 0)
			*(volatile int *)0 = 1;
		else if (strcmp(argv[i], "exec") == 0)
			execl("./other", "./other", NULL);
	puts("the program's own words");
	return !lives || hook() == 7 ? 3 : 0;
}
"""
OTHER = "int main(void) { return 0; }"
HOOK = "int hook(void) { return 1; }"
PLUG = "int hook(void); int plug_entry(void) { return hook(); }"


def prints_bindings() -> bool:
    """The loader at hand has such lines: one release has not."""
    done = subprocess.run(["/bin/true"], env={"LD_DEBUG": "bindings"}, capture_output=True, check=False)
    return b"binding file" in done.stderr


@unittest.skipUnless(prints_bindings(), "this loader prints no binding lines")
class VerifyTest(CommandLineTest):
    """A program that opens a library if it is told to."""

    built: str = ""

    def setUp(self):
        super().setUp()
        if not VerifyTest.built:
            VerifyTest.built = tempfile.mkdtemp(prefix="bindsim-verify-")
            unittest.addModuleCleanup(shutil.rmtree, VerifyTest.built)
            self.native("libhook.so", HOOK, "-shared", "-fPIC", "-Wl,-soname,libhook.so")
            self.native("app", APP, "-L.", "-lhook", "-Wl,-rpath,.", "-Wl,-z,lazy", "-ldl")
            self.native("plug.so", PLUG, "-shared", "-fPIC")
            shutil.copytree(self.directory, VerifyTest.built, dirs_exist_ok=True)
        shutil.copytree(VerifyTest.built, self.directory, dirs_exist_ok=True)

    def native(self, name, source, *options):
        """With the C library."""
        text = self.file(name + ".c", source)
        text.parent.mkdir(exist_ok=True)
        subprocess.run([*CC, "-o", name, text, *options], cwd=self.directory, check=True)

    def log(self, *arguments, words="all", program="./app", **variables):
        """What the loader says while the program runs."""
        done = subprocess.run([program, *arguments], cwd=self.directory, capture_output=True, check=False,
                              env=environment(LD_DEBUG=words, **variables))
        return done.stderr.decode()

    def verify(self, *arguments, log=None, **options):
        """The answer in JSON, which is held against the schema, and in text; they have one status."""
        if log is not None:
            arguments = ["--log=-", *arguments]
            options["input"] = log.encode()
        answer = self.bindsim("verify", "--format=json", *arguments, **options)
        text = self.bindsim("verify", *arguments, **options)
        self.assertEqual(answer.status, text.status)
        if answer.status == 2:
            self.assertEqual(answer.err, text.err)
            return None, text
        document = json.loads(answer.out)
        self.assert_valid(document, "bindsim-verify-1")
        self.assertEqual(document["reason"], "disagreement" if answer.status else None)
        self.assertEqual(text.out.endswith("all agree\n"), answer.status == 0, text.out)
        return document, text

    def check_contract(self, answer, arguments):
        """The program's words stand on standard error, too."""
        own = "".join(f"{line}\n" for line in answer.err.splitlines() if line != "the program's own words")
        super().check_contract(answer._replace(err=own), arguments)

    def causes(self, document):
        return [(cause["cause"], os.path.basename(cause["object"] or "")) for cause in document["causes"]]

    def parts(self, document):
        return {part["part"]: part for part in document["parts"]}


class RunTest(VerifyTest):
    """--run."""

    def test_all_agrees(self):
        document, text = self.verify("--run", "./app")
        self.assertEqual(text.status, 0, text)
        self.assertEqual(document["source"], {"kind": "run", "files": [], "process": None, "image": 1, "program": "./app",
                                              "end": "exit status 0"})
        for name, part in self.parts(document).items():
            self.assertTrue(part["compared"], name)
            self.assertEqual((part["disagree"], part["not_reached"]), (0, 0), name)
            if name != "errors":
                self.assertGreater(part["agree"], 0, name)
        self.assertGreater(document["slots"]["called"], 0)
        self.assertEqual([step["reached"] for step in document["steps"]], [True])

    def test_the_report_stands_alone_on_standard_output(self):
        _, text = self.verify("--run", "./app")
        self.assertNotIn("own words", text.out)
        self.assertIn("the program's own words\n", text.err)

    def test_what_the_program_opens_is_a_missing_step(self):
        document, text = self.verify("--run", "--argument=open", "./app")
        self.assertEqual(text.status, 1)
        self.assertEqual(self.causes(document), [("missing-step", "plug.so")])
        self.assertIn("missing-step: ./plug.so was opened; the plan has no such step\n", text.out)
        self.assertIn("hint: ", text.out)

    def test_steps_that_the_program_makes(self):
        document, text = self.verify("--run", "--argument=open", "--argument=find", "./app", "--dlopen=./plug.so:NOW")
        self.assertEqual(text.status, 0, text)
        self.assertEqual(document["untold_lookups"], 2, "both calls of dlsym, of which the plan has none")
        _, text = self.verify("--run", "--argument=open", "--argument=close", "./app", "--dlopen=./plug.so:NOW",
                              "--dlclose=1")
        self.assertEqual(text.status, 0, text)

    def test_a_module_of_the_c_library_that_is_not_there(self):
        document, text = self.verify("--run", "--argument=look-up", "./app")
        self.assertEqual(text.status, 0, text)
        self.assertEqual(document["untold_opens"], 1)
        self.assertIn("; the C library asked for 1 module that is not there\n", text.out)
        self.native("libnss_nowhere.so.2", "int nowhere;", "-shared", "-fPIC")
        document, text = self.verify("--run", "--argument=look-up", "--env=LD_LIBRARY_PATH=.", "./app")
        self.assertEqual(self.causes(document), [("missing-step", "libnss_nowhere.so.2")])
        self.assertEqual(document["untold_opens"], 0)

    def test_a_step_that_the_program_does_not_make(self):
        document, text = self.verify("--run", "./app", "--dlopen=./plug.so:NOW")
        self.assertEqual(text.status, 1)
        self.assertEqual(document["causes"][0]["cause"], "step-not-made")
        self.assertEqual(document["causes"][0]["step"], 1)
        self.assertEqual({cause["cause"] for cause in document["causes"]}, {"step-not-made"})

    def test_another_flag(self):
        document, text = self.verify("--run", "--argument=global", "./app", "--dlopen=./plug.so:NOW")
        self.assertEqual(text.status, 1)
        self.assertIn("scopes", text.out)
        self.assertEqual(self.parts(document)["bindings"]["disagree"], 0)
        self.assertEqual(self.parts(document)["scopes"]["disagree"], 1)

    def test_a_preload_of_the_real_process_only(self):
        self.native("pre.so", HOOK, "-shared", "-fPIC")
        log = self.log(LD_PRELOAD="./pre.so")
        document, text = self.verify("./app", log=log)
        self.assertEqual(text.status, 1)
        self.assertEqual(self.causes(document)[0], ("missing-object", "pre.so"))
        self.assertEqual(self.verify("--env=LD_PRELOAD=./pre.so", "./app", log=log)[1].status, 0)
        self.assertEqual(self.verify("--run", "--env=LD_PRELOAD=./pre.so", "./app")[1].status, 0)

    def test_arguments_of_a_plan(self):
        self.file("plan.json", json.dumps({"schema": "bindsim-plan-1", "executable": "./app", "arguments": ["open"],
                                           "environment": {}, "steps": [{"dlopen": "./plug.so", "flags": "NOW"}]}))
        self.assertEqual(self.verify("--run", "--plan=plan.json")[1].status, 0)
        document, _ = self.verify("--run", "--plan=plan.json", "--argument=nothing")
        self.assertEqual(document["causes"][0]["cause"], "step-not-made")

    def test_one_that_does_not_end(self):
        before = time.monotonic()
        document, text = self.verify("--run", "--timeout=1", "--argument=sleep", "./app", "--dlopen=./plug.so:NOW")
        self.assertLess(time.monotonic() - before, 50)
        self.assertEqual(text.status, 0, text)
        self.assertEqual(document["source"]["end"], "ended after 1 seconds")
        self.assertIn("not reached: step 1, dlopen ./plug.so\n", text.out)
        self.assertGreater(self.parts(document)["bindings"]["not_reached"], 0)

    def test_one_whose_children_are_not_waited_for(self):
        """Who ignores SIGCHLD hands that on; the program is to have it, too."""
        self.native("ignores", "#include <signal.h>\nint main(void) { return signal(SIGCHLD, SIG_DFL) == SIG_IGN ? 5 : 6; }")
        for action, status in ((signal.SIG_IGN, 5), (signal.SIG_DFL, 6)):
            document, text = self.verify("--run", "--timeout=600", "./ignores",
                                         preexec_fn=lambda action=action: signal.signal(signal.SIGCHLD, action))
            self.assertEqual((text.status, document["source"]["end"]), (0, f"exit status {status}"))

    def test_without_standard_files(self):
        for closed in ((0,), (0, 1), (1,), (2,), (0, 1, 2)):
            done = subprocess.run([BINDSIM, "verify", "--run", "-o", "out.txt", "./app"], cwd=self.directory, check=False,
                                  env=environment(), timeout=TIMEOUT_SECONDS, capture_output=True,
                                  preexec_fn=lambda closed=closed: [os.close(fd) for fd in closed])
            self.assertEqual(done.returncode, 0, (closed, done))
            self.assertTrue((self.directory / "out.txt").read_text().endswith("all agree\n"))
            os.unlink(self.directory / "out.txt")

    def test_it_ends_when_the_tool_is_killed(self):
        read, write = os.pipe()
        with subprocess.Popen([BINDSIM, "verify", "--run", "--argument=sleep", "./app"], cwd=self.directory, env=environment(),
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=write) as tool:
            os.close(write)
            while not (children := (Path(f"/proc/{tool.pid}/task/{tool.pid}/children").read_text().split())) or not any(
                    Path(f"/proc/{child}/cmdline").read_bytes().endswith(b"sleep\0") for child in children[1:]):
                time.sleep(0.01)
            before = time.monotonic()
            tool.kill()
        # Nobody else has the other end.
        self.assertEqual(os.read(read, 1), b"")
        os.close(read)
        self.assertLess(time.monotonic() - before, 50)

    def test_one_that_crashes(self):
        document, text = self.verify("--run", "--argument=crash", "./app")
        self.assertEqual(text.status, 0, text)
        self.assertEqual(document["source"]["end"], f"signal {int(signal.SIGSEGV)}")

    def test_a_start_that_fails(self):
        os.unlink(self.directory / "libhook.so")
        document, text = self.verify("--run", "./app", check_words=False)
        self.assertEqual(text.status, 0, text)
        self.assertEqual(document["steps"][0]["state"], "failed")
        self.assertEqual(document["source"]["end"], "exit status 127")

    def test_the_environment_is_the_plans(self):
        self.native("environment", '#include <stdlib.h>\nint main(void) { return getenv("SEEN") ? 5 : 6; }')
        for options, end in (((), 5), (("--no-env",), 6), (("--no-env", "--env=SEEN=1"), 5)):
            document, _ = self.verify("--run", *options, "./environment", env=environment(SEEN="1"))
            self.assertEqual(document["source"]["end"], f"exit status {end}", options)

    def test_the_working_directory_is_the_plans(self):
        (self.directory / "below").mkdir()
        shutil.copy(self.directory / "libhook.so", self.directory / "below")
        self.assertEqual(self.verify("--run", "--cwd", str(self.directory / "below"), "../app")[1].status, 0)

    def test_nothing_is_left_behind(self):
        temporary = self.directory / "tmp"
        temporary.mkdir()
        self.verify("--run", "./app", env=environment(TMPDIR=str(temporary)))
        self.assertEqual(os.listdir(temporary), [])

    def test_what_cannot_be_run(self):
        for options, words in ((("--root=.", "/app"), ("--root",)), (("--preload=./plug.so", "./app"), ("LD_PRELOAD",)),
                               (("--library-path=.", "./app"), ("LD_LIBRARY_PATH",)), (("--secure", "./app"), ("--secure",)),
                               (("./missing",), ("./missing", "No such file"))):
            self.assert_trouble(self.bindsim("verify", "--run", *options), *words)

    def test_a_program_whose_loader_tells_nothing(self):
        self.file("runs", "#!/bin/sh\ntouch ran\n", 0o755)
        self.assert_trouble(self.bindsim("verify", "--run", "./runs"), "./runs: a script; its interpreter is /bin/sh\n")
        self.assertFalse((self.directory / "ran").exists())
        self.file("script", "#!/nowhere/shell\n", 0o755)
        self.assert_trouble(self.bindsim("verify", "--run", "./script"), "./script")
        self.native("static", OTHER, "-static")
        self.assert_trouble(self.bindsim("verify", "--run", "./static"), "./static: a static executable")

    @unittest.skipUnless(os.geteuid() == 0, "only root can give files away")
    def test_a_program_that_is_set_user_id(self):
        os.chown(self.directory / "app", 65534, 65534)
        os.chmod(self.directory / "app", 0o4755)
        self.assert_trouble(self.bindsim("verify", "--run", "./app"), "set-user-ID", "./app")

    def check_contract(self, answer, arguments):
        """The loader's own words, too."""
        own = "".join(f"{line}\n" for line in answer.err.splitlines() if not line.startswith("./app: error while loading"))
        super().check_contract(answer._replace(err=own), arguments)

    def verify(self, *arguments, check_words=True, **options):
        del check_words
        return super().verify(*arguments, **options)


class LogTest(VerifyTest):
    """--log."""

    def test_all_agrees(self):
        for words, compared in (("all", {"errors", "objects", "searches", "versions", "scopes", "bindings"}),
                                ("bindings", {"errors", "bindings"}), ("libs", {"errors", "searches"}),
                                ("files,scopes", {"errors", "objects", "scopes"}), ("versions", {"errors", "versions"})):
            document, text = self.verify("./app", "--dlopen=./plug.so:NOW", log=self.log("open", words=words))
            self.assertEqual(text.status, 0, text)
            self.assertEqual({name for name, part in self.parts(document).items() if part["compared"]}, compared)
            for name in {"searches", "objects", "scopes", "versions", "bindings"} - compared:
                self.assertIn(f"   {name:10}not told; LD_DEBUG=", text.out)

    def test_files(self):
        self.file("run.log", self.log())
        document, text = self.verify("--log=run.log", "./app")
        self.assertEqual((text.status, document["source"]["kind"], document["source"]["files"]), (0, "log", ["run.log"]))
        self.assertEqual(document["source"]["program"], "./app")
        subprocess.run(["./app"], cwd=self.directory, env=environment(LD_DEBUG="all", LD_DEBUG_OUTPUT="out"), check=False,
                       stdout=subprocess.DEVNULL)
        [name] = [name for name in os.listdir(self.directory) if name.startswith("out.")]
        document, text = self.verify(f"--log={name}", "./app")
        self.assertEqual((text.status, document["source"]["process"]), (0, int(name.removeprefix("out."))))

    def test_a_cut_log(self):
        lines = self.log("open").splitlines(keepends=True)
        for part in range(1, 10):
            document, text = self.verify("./app", "--dlopen=./plug.so:NOW", log="".join(lines[:len(lines) * part // 10]))
            self.assertEqual(text.status, 0, text)
            self.assertEqual(document["disagreements"], 0)
        self.assertFalse(self.verify("./app", "--dlopen=./plug.so:NOW", log="".join(lines[:60]))[0]["steps"][1]["reached"])

    def test_a_line_that_is_bound_otherwise(self):
        log = self.log()
        changed, n = re.subn(r"(binding file ./app \[0\] to )\S*libhook.so( \[0\]: normal symbol `hook')", r"\1./plug.so\2",
                             log)
        self.assertEqual(n, 1)
        _, text = self.verify("./app", log=changed)
        self.assertEqual(text.status, 1)
        self.assertRegex(text.out, r"./app: hook\n      loader      ./plug.so \(standard input:\d+\)\n"
                                   r"      simulation  (\./)?libhook.so: the first in scope order that matches\n")

    def test_a_library_that_came_for_nothing_first(self):
        """What was mapped and gone before anything was bound has come: its constructors run the second time, and what stands
        before them was not told when it came first."""
        once = "int once_value(void) { return 1; } __attribute__((constructor)) static void start(void) { once_value(); }"
        options = ("-shared", "-fPIC", "-L.", "-Lsub", "-Wl,--no-as-needed", "-Wl,-rpath,.", "-Wl,-z,lazy")
        self.native("libonce.so", once, "-shared", "-fPIC", "-O0", "-Wl,-z,lazy")
        self.native("sub/libgone.so", "int gone;", "-shared", "-fPIC", "-Wl,-soname,libgone.so")
        self.native("first.so", "int first;", *options, "-lgone")
        self.native("second.so", "int second;", *options, "-lonce")
        self.native("opener", '#include <dlfcn.h>\nint main(void) { dlopen("./first.so", RTLD_NOW); dlopen("./second.so", RTLD_LAZY);'
                    'dlopen("./sub/libgone.so", RTLD_NOW); return !dlopen("./first.so", RTLD_LAZY); }', "-ldl")
        log = self.log(words="bindings,files", program="./opener")
        self.assertRegex(log, "first.so .*destroying link map")
        document, _ = self.verify("./opener", "--dlopen=./first.so:NOW", "--dlopen=./second.so:LAZY", "--dlopen=./sub/libgone.so:NOW",
                                  "--dlopen=./first.so:LAZY", log=log)
        self.assertEqual(self.causes(document), [])

    def test_a_lookup_by_a_handle_that_came_late(self):
        """Nothing tells of the dlsym: by the object's scope it finds another one, by its handle its own."""
        self.native("libentry.so", "int entry(void) { return 1; }", "-shared", "-fPIC")
        self.native("user.so", "int entry(void) { return 2; }", "-shared", "-fPIC", "-L.", "-Wl,--no-as-needed", "-lentry", "-Wl,-rpath,.")
        self.native("opener", '#include <dlfcn.h>\nint main(void) { dlopen("./user.so", RTLD_NOW);'
                    'return !dlsym(dlopen("./libentry.so", RTLD_NOW), "entry"); }', "-ldl")
        log = self.log(words="bindings,files", program="./opener")
        document, _ = self.verify("./opener", "--dlopen=./user.so:NOW", "--dlopen=./libentry.so:NOW", log=log)
        self.assertEqual(self.causes(document), [])

    def test_a_call_is_no_lookup_besides(self):
        """Its own list, or what is behind it, has what the call was bound to; who called dlsym would be told the same."""
        self.native("own.so", "int hook(void) { return 2; } __attribute__((constructor)) static void start(void) { hook(); }",
                    "-shared", "-fPIC", "-Wl,-z,lazy")
        self.native("deep", "#define _GNU_SOURCE\n#include <dlfcn.h>\nint hook(void);\n"
                    'int main(void) { dlopen("./own.so", RTLD_LAZY | RTLD_DEEPBIND); return hook() - 1; }',
                    "-L.", "-lhook", "-Wl,-rpath,.", "-Wl,-z,lazy", "-ldl")
        log = self.log(program="./deep", words="bindings")
        self.assertEqual(self.verify("./deep", "--dlopen=./own.so:LAZY,DEEPBIND", log=log)[1].status, 0)
        document, _ = self.verify("./deep", "--dlopen=./own.so:LAZY", log=log)
        self.assertEqual(self.causes(document), [("other-definer", "own.so")])

    def test_a_call_that_nobody_answered(self):
        """RTLD_NEXT would find nothing behind the library, either."""
        self.native("libuse.so", "int hook(void); int use(void) { return hook(); }", "-shared", "-fPIC", "-Wl,-z,lazy")
        shutil.move(self.directory / "libhook.so", self.directory / "whole.so")
        self.native("libhook.so", "int other;", "-shared", "-fPIC", "-Wl,-soname,libhook.so")
        self.native("uses", "int use(void); int main(void) { return use() - 1; }", "-L.", "-Wl,--no-as-needed",
                    "-Wl,--unresolved-symbols=ignore-all", "-lhook", "-luse", "-Wl,-rpath,.", "-Wl,-z,lazy")
        log = self.log(program="./uses", words="bindings")
        self.assertIn("undefined symbol: hook (fatal)", log)
        self.assertEqual(self.verify("./uses", log=log)[1].status, 0)
        shutil.move(self.directory / "whole.so", self.directory / "libhook.so")
        document, _ = self.verify("./uses", log=log)
        self.assertEqual(self.causes(document), [("other-outcome", "libuse.so")])

    def test_lines_that_two_threads_tear(self):
        lines = self.log(words="bindings").splitlines()
        at = [i for i, line in enumerate(lines) if "binding file" in line and line.endswith("]") and "linux-vdso" not in line]
        first, second = at[4], at[5]
        head, _, version = lines[first].rpartition(" [")
        torn = [*lines[:first], head + lines[second], f" [{version}", *lines[first + 1:second], *lines[second + 1:]]
        document, text = self.verify("./app", log="\n".join([*torn, ""]))
        self.assertEqual((text.status, document["torn_lines"]), (0, 2), text)
        self.assertIn("2 torn lines are passed over\n", text.out)
        whole, _ = self.verify("./app", log="\n".join([*lines, ""]))
        self.assertEqual(whole["torn_lines"], 0)

    def test_another_file(self):
        (self.directory / "two").mkdir()
        shutil.copy(self.directory / "libhook.so", self.directory / "two")
        log = self.log(LD_LIBRARY_PATH="two")
        shutil.rmtree(self.directory / "two")
        document, text = self.verify("--env=LD_LIBRARY_PATH=two", "./app", log=log)
        # The runpath comes behind the variable, whose directory is gone.
        self.assertEqual((text.status, document["causes"][0]["cause"]), (1, "other-file"), text)

    def test_a_start_that_failed_in_the_simulation_only(self):
        log = self.log()
        os.unlink(self.directory / "libhook.so")
        document, text = self.verify("./app", log=log)
        self.assertEqual(text.status, 1)
        self.assertIn("other-outcome", [cause["cause"] for cause in document["causes"]])

    def test_own_answers_are_a_log(self):
        """What --format=ld-debug prints can be read back."""
        printed = self.bindsim("--format=ld-debug", "--show=bindings,libs,files,scopes,versions", "./app",
                               "--dlopen=./plug.so:NOW").out
        document, text = self.verify("./app", "--dlopen=./plug.so:NOW", log=printed)
        self.assertEqual(text.status, 0, text)
        self.assertIsNone(document["source"]["process"])


class HostileTest(VerifyTest):
    """Logs that no loader writes, or only one in a bad mood."""

    def check_peak(self, log):
        """A few megabytes of log need no gigabyte."""
        document, _ = self.verify("./app", log=log)
        self.assertEqual(document["reason"], "disagreement")
        self.assertLess(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, 1 << 20)

    def prefix(self, log):
        return re.search(r"^ *\d+:\t", log, re.MULTILINE)[0]

    def test_a_search_in_many_places(self):
        log = self.log()
        prefix = self.prefix(log)
        tries = "".join(f"{prefix}  trying file=/usr/lib/number-{i}/libz.so\n" for i in range(20000))
        self.check_peak(f"{log}{prefix}find library=libz.so [0]; searching\n{tries}{prefix}\n")

    def test_many_objects_and_many_answers(self):
        """What is done for each of them goes through none of the others: with that this took minutes."""
        log = self.log()
        prefix = self.prefix(log)
        for lines in ("".join(f"{prefix}file=libz{i}.so [0];  generating link map\n" for i in range(150000)),
                      "".join(f"{prefix}binding file ./app [0] to d{i}.so [0]: normal symbol `hook'\n" for i in range(80000))):
            answer = self.bindsim("verify", "--log=-", "--show=causes", "./app", input=(log + lines).encode())
            self.assertEqual(answer.status, 1)
            self.assertIn(f"\n{lines.count(prefix):,} disagreements\n".replace(",", " "), answer.out.replace(",", " "))

    def test_a_scope_of_many_objects(self):
        log = self.log()
        prefix = self.prefix(log)
        self.check_peak(f"{log}{prefix}object=./app [0]\n{prefix} scope 0: {'./libany.so ' * 40000}\n")


class ProcessTest(VerifyTest):
    """Which process of a log."""

    def test_others_are_passed_over(self):
        self.native("other", OTHER)
        log = self.log("-c", "./other; ./app; ./other", program="/bin/sh")
        document, text = self.verify("./app", log=log)
        self.assertEqual((text.status, document["source"]["program"]), (0, "./app"), text)

    def test_several(self):
        log = self.log("-c", "./app; ./app", program="/bin/sh")
        _, text = self.verify("./app", log=log)
        self.assert_trouble(text, "--process", "./app")
        [first, second] = re.findall(r"(\d+) \(./app, standard input:\d+\)", text.err)
        for pid in (first, second):
            document, text = self.verify("./app", f"--process={pid}", log=log)
            self.assertEqual((text.status, document["source"]["process"]), (0, int(pid)))
        self.assert_trouble(self.verify("./app", "--process=1", log=log)[1], "no such process")

    def test_programs_that_follow_each_other(self):
        self.native("other", OTHER)
        log = self.log("exec")
        document, text = self.verify("./app", log=log)
        self.assertEqual((text.status, document["source"]["image"]), (0, 1), text)
        document, text = self.verify("./other", log=log)
        self.assertEqual((text.status, document["source"]["image"]), (0, 2), text)
        pid = document["source"]["process"]
        self.assertEqual(self.verify("./other", f"--process={pid}:2", log=log)[1].status, 0)

    def test_none(self):
        self.native("other", OTHER)
        self.assert_trouble(self.verify("./other", log=self.log())[1], "./other", "./app", "--process")


class UsageTest(VerifyTest):
    """What is no question."""

    def test_bad_usage(self):
        for arguments, words in ((("./app",), ("--log", "--run")), (("--run", "--log=x", "./app"), ("--log", "--run")),
                                 (("--log=x", "--argument=a", "./app"), ("--argument",)),
                                 (("--log=x", "--timeout=1", "./app"), ("--timeout",)),
                                 (("--run", "--process=1", "./app"), ("--process",)),
                                 (("--log", "x", "y", "./app"), ("'./app' is one too many", "--log of its own")),
                                 (("--run", "./app", "word"), ("'word' is one too many", "--argument of its own")),
                                 (("--run", "--timeout=0", "./app"), ("--timeout",)),
                                 (("--log=x", "--process=one", "./app"), ("--process", "one")),
                                 (("--log=x", "--process=1:0", "./app"), ("'1:0'", "PID:IMAGE")),
                                 (("--log=x", "--process=1:2:3", "./app"), ("'1:2:3'", "PID:IMAGE")),
                                 (("--run", "--format=sarif", "./app"), ("sarif",)),
                                 (("--run", "--show=bindings", "./app"), ("bindings",))):
            self.assert_trouble(self.bindsim("verify", *arguments), *words)
        self.assert_trouble(self.bindsim("--run", "./app"), "verify")

    def test_logs_that_say_nothing(self):
        self.assert_trouble(self.bindsim("verify", "--log=missing.log", "./app"), "missing.log", "No such file")
        self.assert_trouble(self.bindsim("verify", "--log=.", "./app"), ".", "directory")
        self.file("empty.log", "")
        self.assert_trouble(self.bindsim("verify", "--log=empty.log", "./app"), "empty.log", "LD_DEBUG")
        self.file("noise.log", "nothing\nof a loader\n")
        self.assert_trouble(self.bindsim("verify", "--log=noise.log", "./app"), "noise.log", "LD_DEBUG")
        for words in ("statistics", "reloc"):
            self.file("other.log", self.log(words=words))
            self.assert_trouble(self.bindsim("verify", "--log=other.log", "./app"), "other.log", "LD_DEBUG=all")
        self.file("run.log", self.log())
        self.assert_trouble(self.bindsim("verify", "--log=run.log", "--process=2", "./missing"), "no such process")

    def test_outputs(self):
        self.file("run.log", self.log())
        answer = self.bindsim("verify", "--log=run.log", "-o", "out.json", "--format=json", "--report=text:out.txt", "./app")
        self.assertEqual((answer.status, answer.out), (0, ""))
        self.assertEqual(json.loads((self.directory / "out.json").read_text())["schema"], "bindsim-verify-1")
        self.assertIn("all agree\n", (self.directory / "out.txt").read_text())
        quiet = self.bindsim("verify", "-q", "--log=run.log", "./app")
        self.assertEqual((quiet.status, quiet.out, quiet.err), (0, "", ""))
        quiet = self.bindsim("verify", "-q", "-o", "quiet.txt", "--log=run.log", "./app")
        self.assertEqual((quiet.status, quiet.out, quiet.err), (0, "", ""))
        self.assertEqual((self.directory / "quiet.txt").read_text(), (self.directory / "out.txt").read_text())


if __name__ == "__main__":
    unittest.main()
