#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""--pid and --core: what processes really hold. Other than elsewhere in this directory, what is built here is run."""

import contextlib
import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import time
import unittest
from pathlib import Path

from harness import CC, INTERPRETER, CommandLineTest, environment, made as keep

CORE_PATTERN = Path("/proc/sys/kernel/core_pattern")
MUSL = shutil.which("musl-gcc")
# A program that opens what its arguments say (FILE:MODE, MODE a number; "@" before it: in a new namespace), and waits.
PROGRAM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		char *colon = strrchr(argv[i], ':');
		int mode = atoi(colon + 1);
		void *handle;
		*colon = '\0';
		handle = *argv[i] == '@' ? dlmopen(LM_ID_NEWLM, argv[i] + 1, mode) : dlopen(argv[i], mode);
		if (!handle)
			puts(dlerror());
	}
	puts("ready");
	fflush(stdout);
	getchar();
	return 0;
}
"""
NOW, LAZY, GLOBAL, DEEPBIND = 2, 1, 0x100, 8
# A library that puts something into its own GOT entry of `hook` when it is opened.
PATCHER = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/mman.h>
int hook(void);
int elsewhere(void);
static int inside(void) { return 3; }
int use(void) { return hook(); }
__attribute__((constructor)) static void patch(void)
{
	void **slot;
	__asm__("lea hook@GOTPCREL(%%%%rip), %%0" : "=r"(slot));
	(void)inside;
	*slot = (void *)(%s);
}
"""


def wait_for_rest(pid):
    """Until the process waits for its input: what it calls for that is bound. Those that do something else are given a second."""
    deadline = time.monotonic() + 1
    with contextlib.suppress(OSError):
        while time.monotonic() < deadline and not re.match(r"\d+ 0x0 ", Path(f"/proc/{pid}/syscall").read_text()):
            time.sleep(0.005)


def started(command, directory, **options):
    """A process of COMMAND that has said that it is ready."""
    process = subprocess.Popen(command, cwd=directory, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                               env=environment(**options.pop("variables", {})), **options)
    for line in process.stdout:
        if line == "ready\n":
            wait_for_rest(process.pid)
            return process
    raise RuntimeError(f"{command} ends with {process.wait()}")


class ProcessTest(CommandLineTest):
    """What the tests share."""

    validated = set()

    def compile(self, name, source, *options):
        """A file that is linked against the C library."""
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        (self.directory / "source.c").write_text(source)
        compiler = options[0] if options and options[0] == MUSL else CC[0]
        keep.make([compiler, *(CC[1:] if compiler == CC[0] else []), "-O0", "-o", name, "source.c",
                   *(options[1:] if compiler == MUSL else options)], name, self.directory, check=True)
        return path

    def library(self, name, source, *options):
        """A shared object of the same kind."""
        return self.compile(name, source, "-shared", "-fPIC", *options)

    @contextlib.contextmanager
    def running(self, *command, **options):
        """A process that waits, and its number."""
        process = started(command, options.pop("directory", self.directory), **options)
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    def read(self, *arguments, status=0, **options):
        """The answer in JSON with all slots, which is held against the schema."""
        answer = self.bindsim(*arguments, "--format=json", "--show=contents,objects,steps,findings,bindings", **options)
        self.assertEqual(answer.status, status, answer.err)
        document = json.loads(answer.out)
        if type(self) in ProcessTest.validated:
            return document
        # One of each class, and a sample of it, for a validator that may be slow.
        ProcessTest.validated.add(type(self))
        contents = document["process"]["contents"]
        sample = {**document["process"], "contents": contents[:20] + [slot for slot in contents if slot["target"]]}
        steps = [{**step, "bindings": step["bindings"][:5]} for step in document["steps"]]
        self.assert_valid({**document, "process": sample, "steps": steps, "slots": document["slots"][:5]}, "bindsim-report-1")
        return document

    def slots(self, document, symbol):
        """The slots of SYMBOL, each with the base names of its two objects."""
        objects = document["process"]["objects"]

        def name(number):
            return None if number is None else os.path.basename(objects[number]["path"] or objects[number]["name"])
        return [(name(slot["from"]), slot["holds"], name(slot["to"])) for slot in document["process"]["contents"]
                if slot["symbol"] == symbol]

    def assert_as_simulated(self, document):
        """Nothing differs, and something was compared."""
        process = document["process"]
        self.assertEqual([slot for slot in process["contents"] if slot["agreement"] == "differs"], [])
        self.assertEqual((process["counts"]["differ"], process["counts"]["patched"], process["missing"]), (0, 0, []))
        self.assertGreater(process["counts"]["agree"], 10)
        self.assertEqual([made for made in process["objects"] if made["object"] is None and made["file"] != "none"], [])

    def patched(self, value, *arguments, status=0, **options):
        """What is told of a process with a slot that holds VALUE."""
        if not (self.directory / "app").exists():
            self.library("libhook.so", "int hook(void) { return 1; } int elsewhere(void) { return 2; }")
            self.compile("app", PROGRAM)
        self.library("libpatched.so", PATCHER % value, "-Wl,-z,norelro", "-L.", "-lhook", "-Wl,-rpath,$ORIGIN")
        with self.running("./app", f"./libpatched.so:{NOW}", **options) as process:
            return self.read(f"--pid={process.pid}", *arguments, status=status)


class LiveTest(ProcessTest):
    """Processes as a loader leaves them."""

    def test_what_waits_and_what_is_bound(self):
        self.library("libhook.so", "int hook(void) { return 1; } int other(void) { return 2; }")
        source = "int hook(void); int other(void); int use(void) { return hook(); } int more(void) { return other(); }"
        self.library("liblazy.so", source + "__attribute__((constructor)) void f(void) { use(); }", "-Wl,-z,lazy", "-L.", "-lhook",
                     "-Wl,-rpath,$ORIGIN")
        self.library("libnow.so", source, "-Wl,-z,now", "-L.", "-lhook", "-Wl,-rpath,$ORIGIN")
        self.compile("app", PROGRAM)
        with self.running("./app", f"./liblazy.so:{LAZY}", f"./libnow.so:{LAZY}") as process:
            document = self.read(f"--pid={process.pid}")
        self.assert_as_simulated(document)
        self.assertEqual(self.slots(document, "hook"),
                         [("liblazy.so", "bound", "libhook.so"), ("libnow.so", "bound", "libhook.so")])
        self.assertEqual(self.slots(document, "other"),
                         [("liblazy.so", "lazy", None), ("libnow.so", "bound", "libhook.so")])
        self.assertEqual([made["counts"] if "counts" in made else made["lazy"] for made in document["process"]["objects"]
                          if made["name"].endswith("libnow.so")], [0])

    def test_the_plan_is_found_out(self):
        """Order, flags and namespaces are those of the process."""
        self.library("libhook.so", "int hook(void) { return 1; }")
        self.library("libshared.so", "int shared(void) { return 1; }")
        self.library("libown.so", "int hook(void) { return 2; } int use(void) { return hook(); }")
        self.library("libapart.so", "int apart(void) { return 3; }")
        self.compile("app", PROGRAM)
        with self.running("./app", f"./libhook.so:{NOW | GLOBAL}", f"./libshared.so:{NOW}", f"./libown.so:{NOW | DEEPBIND}",
                          f"@./libapart.so:{NOW}") as process:
            plan = json.loads(self.bindsim(f"--pid={process.pid}", "--format=plan").out)
            document = self.read(f"--pid={process.pid}")
        self.assert_as_simulated(document)
        self.assertEqual([(os.path.basename(step.get("dlopen", step.get("dlmopen"))), step["flags"])
                          for step in plan["steps"]],
                         [("libhook.so", "NOW,GLOBAL"), ("libshared.so", "NOW,LOCAL"),
                          ("libown.so", "NOW,LOCAL,DEEPBIND"), ("libapart.so", "NOW,LOCAL")])
        self.assertIn("dlmopen", plan["steps"][3])
        self.assertEqual(self.slots(document, "hook"), [("libown.so", "bound", "libown.so")])
        self.assertEqual({made["namespace"] for made in document["process"]["objects"]}, {0, 1})
        # The plan can be asked by itself.
        (self.directory / "found.plan").write_text(json.dumps(plan))
        self.assertEqual(self.bindsim("--plan=found.plan").status, 0)

    def test_a_plan_that_is_given(self):
        self.library("libhook.so", "int hook(void) { return 1; }")
        self.library("libother.so", "int hook(void) { return 2; }")
        self.library("libuser.so", "int hook(void); int use(void) { return hook(); }")
        self.compile("app", PROGRAM)
        with self.running("./app", f"./libhook.so:{NOW | GLOBAL}", f"./libother.so:{NOW | GLOBAL}",
                          f"./libuser.so:{NOW}") as process:
            right = ["--dlopen=./libhook.so:GLOBAL", "--dlopen=./libother.so:GLOBAL", "--dlopen=./libuser.so"]
            self.assert_as_simulated(self.read(f"--pid={process.pid}", *right))
            wrong = [right[1], right[0], right[2]]
            document = self.read(f"--pid={process.pid}", *wrong)
            text = self.bindsim(f"--pid={process.pid}", *wrong)
            # verify asks the same, and its status says whether they agree.
            self.assertEqual(self.bindsim("verify", f"--pid={process.pid}", *right)[0], 0)
            self.assertEqual(self.bindsim("verify", f"--pid={process.pid}")[0], 0)
            differs = self.bindsim("verify", f"--pid={process.pid}", *wrong)
            self.assertEqual((differs.status, differs.out), (1, text.out))
            self.assertIn("disagree: 1 slot, 0 objects\n", differs.err)
            lacks = self.bindsim("verify", f"--pid={process.pid}", "--format=json", *right[:2])
            self.assertEqual(lacks.status, 1)
            self.assertIn("disagree: 0 slots, 1 object\n", lacks.err)
            self.file("right.plan", self.bindsim("--format=plan", "./app", *right).out)
            self.assert_as_simulated(self.read(f"--pid={process.pid}", "--plan=right.plan"))
        self.assertEqual(document["process"]["plan"], "given")
        self.assertEqual(document["process"]["counts"]["differ"], 1)
        self.assertIn("libuser.so  hook -> libhook.so; simulated: libother.so, the first in its scope\n", text.out)
        self.assertIn("1 other than simulated\n", text.out)
        # What is told of the run is what really is.
        bindings = [binding for step in document["steps"] for binding in step["bindings"] if binding["symbol"] == "hook"]
        self.assertEqual([os.path.basename(document["objects"][binding["to"]]["name"]) for binding in bindings], ["libhook.so"])

    def test_definitions_of_all_kinds(self):
        """IFUNCs, copies, canonical PLT entries, protected, weak, versioned and absolute ones."""
        self.file("versions", "V1 { old; }; V2 { kept; } V1;")
        self.library("libkinds.so", """
            static int one(void) { return 1; }
            static void *choose(void) { return one; }
            int chosen(void) __attribute__((ifunc("choose")));
            int variable = 4; int *same = &variable;
            int called(void) { return 2; }
            __attribute__((visibility("protected"))) int kept(void) { return 3; }
            __attribute__((weak)) extern int nobody(void);
            int (*address)(void) = called; int (*nowhere)(void) = nobody; int (*by_address)(void) = chosen;
            __asm__(".globl fixed\\n.set fixed, 0x1234");
            int use(void) { return chosen() + kept() + (nobody ? nobody() : 0); }
            """)
        source = """
            extern int variable; int called(void); int chosen(void); int kept(void); extern char fixed[];
            int (*pointer)(void) = called; char *absolute = fixed;
            void *taken(void) { return called; }
            int calls(void) { return called() + chosen() + kept() + variable; }
        """ + PROGRAM.replace('puts("ready");', 'if (pointer() == 7 || taken() == fixed) calls(); puts("ready");')
        for name, options in {"pie": ["-pie", "-fPIE"], "fixed": ["-no-pie", "-fno-pie"], "now": ["-Wl,-z,now"]}.items():
            with self.subTest(name):
                self.compile(name, source, "-L.", "-lkinds", "-Wl,-rpath,$ORIGIN", *options)
                with self.running(f"./{name}") as process:
                    document = self.read(f"--pid={process.pid}")
                self.assert_as_simulated(document)
                self.assertIn(("libkinds.so", "null", None), self.slots(document, "nobody"))
                self.assertTrue(all(held[2] in (name, "libkinds.so") for held in self.slots(document, "called")
                                    if held[1] == "bound"))
                # A pointer that others compare needs one address in the process.
                holder = "libkinds.so" if name == "pie" or name == "now" else name
                self.assertIn(("libkinds.so", "bound", holder), self.slots(document, "called"))

    def test_the_environment_is_that_of_the_process(self):
        self.library("libhook.so", "int puts(const char *s) { (void)s; return 1; }")
        self.compile("app", PROGRAM.replace('puts("ready")', 'fputs("ready\\n", stdout)'))
        with self.running("./app", variables={"LD_PRELOAD": "./libhook.so", "LD_BIND_NOW": "1"}) as process:
            document = self.read(f"--pid={process.pid}", env=environment(LD_LIBRARY_PATH="/nowhere"))
        self.assert_as_simulated(document)
        self.assertEqual(self.slots(document, "puts")[0], ("app", "bound", "libhook.so"))
        self.assertEqual(document["process"]["counts"]["lazy"], 0)

    def test_a_loader_that_is_started_as_a_program(self):
        self.library("libhook.so", "int hook(void) { return 1; }")
        self.compile("app", PROGRAM)
        with self.running(INTERPRETER, "./app", f"./libhook.so:{NOW}") as process:
            document = self.read(f"--pid={process.pid}")
        self.assert_as_simulated(document)
        self.assertEqual(document["question"]["argv0"], "./app")

    def test_an_auditor(self):
        """It has a namespace, and may lead calls elsewhere."""
        self.library("libaudit.so", """
            #define _GNU_SOURCE
            #include <link.h>
            #include <string.h>
            static int other(const char *s) { (void)s; return 0; }
            unsigned la_version(unsigned version) { (void)version; return LAV_CURRENT; }
            unsigned la_objopen(struct link_map *map, Lmid_t lmid, uintptr_t *cookie)
            { (void)map; (void)lmid; (void)cookie; return LA_FLG_BINDTO | LA_FLG_BINDFROM; }
            uintptr_t la_symbind64(Elf64_Sym *symbol, unsigned index, uintptr_t *from, uintptr_t *to, unsigned *flags,
                                   const char *name)
            { (void)index; (void)from; (void)to; (void)flags;
              return strcmp(name, "dlerror") == 0 ? (uintptr_t)other : symbol->st_value; }
            """)
        self.compile("app", PROGRAM, "-Wl,-z,now")
        with self.running("./app", variables={"LD_AUDIT": "./libaudit.so"}) as process:
            answer = self.bindsim(f"--pid={process.pid}", "--format=json", "--show=contents,findings")
        document = json.loads(answer.out)
        self.assertEqual(self.slots(document, "dlerror")[0], ("app", "patched", "libaudit.so"))
        self.assertEqual([finding["level"] for finding in document["findings"] if finding["rule"] == "slot-patched"], ["note"])
        self.assertEqual(document["process"]["counts"]["differ"], 0)
        self.assertIn("LD_AUDIT=./libaudit.so is not simulated", answer.err)

    def test_files_that_are_others_now(self):
        for name in ("libgone.so", "libother.so"):
            self.library(name, "int gone(void) { return 1; }")
        self.compile("app", PROGRAM)
        with self.running("./app", f"./libgone.so:{NOW}", f"./libother.so:{NOW}") as process:
            (self.directory / "libgone.so").unlink()
            self.library("new.so", "int otherwise(void) { return 1; }")
            os.rename(self.directory / "new.so", self.directory / "libother.so")
            answer = self.bindsim(f"--pid={process.pid}", "--show=process", "--format=text")
        self.assertRegex(answer.err, r"libgone\.so: the file (was deleted|that the process mapped cannot be had)")
        self.assertIn("libother.so: the file was replaced", answer.err)
        self.assertRegex(answer.out, r"libother\.so  .*replaced")

    @unittest.skipUnless(os.geteuid() == 0, "chroot(2) is for root")
    def test_a_root_of_its_own(self):
        root = self.directory / "root"
        self.compile("root/app", PROGRAM)
        self.library("root/lib/libhook.so", "int hook(void) { return 1; }")
        for line in subprocess.run(["ldd", root / "app"], capture_output=True, text=True, check=True).stdout.splitlines():
            if match := re.search(r"(/\S+) \(0x", line):
                (root / match[1][1:]).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(os.path.realpath(match[1]), root / match[1][1:])
        with self.running("/app", f"/lib/libhook.so:{NOW}", preexec_fn=lambda: (os.chroot(root), os.chdir("/"))) as process:
            document = self.read(f"--pid={process.pid}")
        self.assert_as_simulated(document)
        self.assertIn("/lib/libhook.so", [made["path"] for made in document["process"]["objects"]])

    @unittest.skipUnless(MUSL, "there is no musl-gcc")
    def test_musl(self):
        self.compile("libhook.so", "int hook(void) { return 1; }", MUSL, "-shared", "-fPIC")
        self.compile("libuser.so", "int hook(void); int use(void) { return hook(); }", MUSL, "-shared", "-fPIC")
        self.compile("app", PROGRAM.replace("dlmopen(LM_ID_NEWLM, ", "dlopen("), MUSL)
        with self.running("./app", f"./libhook.so:{NOW | GLOBAL}", f"./libuser.so:{NOW}") as process:
            document = self.read(f"--pid={process.pid}", "--dlopen=./libhook.so:GLOBAL", "--dlopen=./libuser.so")
        self.assert_as_simulated(document)
        self.assertEqual(self.slots(document, "hook"), [("libuser.so", "bound", "libhook.so")])

    def test_programs_of_this_machine(self):
        """What is at hand of them, with what they open by themselves."""
        programs = [["perl", "-MPOSIX", "-MSocket", "-e", '$| = 1; print "ready\\n"; <STDIN>'],
                    ["bash", "-c", "echo ready; read x"],
                    ["python3", "-c", "import ssl, ctypes, decimal\nprint('ready', flush=True); input()"],
                    ["node", "-e", "console.log('ready'); process.stdin.resume()"],
                    ["sh", "-c", "echo ready; read x"]]
        read = 0
        for program in programs:
            if not shutil.which(program[0]):
                continue
            with self.subTest(program[0]), self.running(*program) as process:
                self.assert_as_simulated(self.read(f"--pid={process.pid}"))
                read += 1
        self.assertGreater(read, 0)


class PatchedTest(ProcessTest):
    """Slots that somebody else wrote to."""

    def finding(self, document):
        found = [finding for finding in document["findings"] if finding["rule"] == "slot-patched"]
        self.assertEqual(len(found), 1, found)
        self.assertEqual([example["symbol"] for example in found[0]["examples"]], ["hook"])
        return found[0]["level"], found[0]["evidence"][0]["kind"], found[0]["evidence"][0]["text"]

    def test_by_whom(self):
        for value, level, kind, text in (
                ("elsewhere", "warning", "holds-symbol", "elsewhere"),
                ("inside", "note", "holds-object", None),
                ("mmap(0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)", "warning", "holds-anonymous", None),
                ("16", "error", "holds-nothing", None)):
            with self.subTest(value):
                document = self.patched(value)
                found = self.finding(document)
                self.assertEqual(found[:2], (level, kind))
                self.assertIn(text, (None, found[2]))
                self.assertEqual(document["process"]["counts"]["patched"], 1)
                self.assertEqual(document["process"]["counts"]["differ"], 0)
                self.assertEqual([held for _, held, _ in self.slots(document, "hook")], ["patched"])

    def test_it_counts(self):
        self.patched("16", "--fail-on=error", status=1)
        self.patched("elsewhere", "--fail-on=error")
        self.patched("elsewhere", "--fail-on=warning", status=1)

    def test_a_definition_of_that_name_is_no_patch(self):
        """It is bound, only otherwise than a loader would."""
        self.library("libsecond.so", "int hook(void) { return 5; }")
        document = self.patched('dlsym(dlopen("./libsecond.so", RTLD_NOW), "hook")')
        self.assertEqual(self.slots(document, "hook"), [("libpatched.so", "bound", "libsecond.so")])
        self.assertEqual((document["process"]["counts"]["patched"], document["process"]["counts"]["differ"]), (0, 1))

    def test_a_resolver_that_chooses_another_object(self):
        """It is no patch where its object refers to what it chose; what it cannot have chosen is one."""
        self.library("libhook.so", "int hook(void) { return 1; } int elsewhere(void) { return 2; }")
        self.library("libfar.so", """int hook(void); static void *choose(void) { return hook; }
                     int chosen(void) __attribute__((ifunc("choose")));""", "-Wl,-z,now", "-L.", "-lhook", "-Wl,-rpath,$ORIGIN")
        self.compile("app", PROGRAM)
        for value, holds, definer in (("0", "bound", "libfar.so"), ('dlsym(dlopen("./libhook.so", RTLD_NOW), "elsewhere")',
                                                                    "patched", "libhook.so")):
            with self.subTest(value):
                self.library("libpatched.so", (PATCHER % f"{value} ? {value} : *slot").replace("hook", "chosen").replace(
                    "libchosen", "libhook"), "-Wl,-z,norelro,-z,now", "-L.", "-lfar", "-Wl,-rpath,$ORIGIN")
                with self.running("./app", f"./libpatched.so:{NOW}") as process:
                    document = self.read(f"--pid={process.pid}")
                self.assertEqual(self.slots(document, "chosen"), [("libpatched.so", holds, definer)])

    def test_variables_are_the_programs(self):
        self.library("libhook.so", "int hook(void) { return 1; }")
        self.compile("app", PROGRAM)
        for value, target in ("own", "object"), ("0", "nothing"):
            with self.subTest(value):
                self.library("libvariable.so", f"""int hook(void); int own(void); int own(void) {{ return 2; }}
                             int (*handler)(void) = hook;
                             __attribute__((constructor)) void f(void) {{ handler = {value}; }}""",
                             "-L.", "-lhook", "-Wl,-rpath,$ORIGIN")
                with self.running("./app", f"./libvariable.so:{NOW}") as process:
                    document = self.read(f"--pid={process.pid}")
                self.assertEqual([(slot["holds"], slot["target"]) for slot in document["process"]["contents"]
                                  if slot["symbol"] == "hook"], [("changed", target)])
                self.assert_as_simulated(document)

    def test_in_every_format(self):
        self.library("libhook.so", "int hook(void) { return 1; } int elsewhere(void) { return 2; }")
        self.library("libpatched.so", PATCHER % "elsewhere", "-Wl,-z,norelro", "-L.", "-lhook", "-Wl,-rpath,$ORIGIN")
        self.compile("app", PROGRAM)
        with self.running("./app", f"./libpatched.so:{NOW}") as process:
            pid = f"--pid={process.pid}"
            text = self.bindsim(pid)
            # What the report says leads on: the commands that it names have no --pid.
            self.bindsim(pid, "--format=plan", "-o", "app.plan")
            lines = self.bindsim(pid, "--format=ndjson", "--show=contents,findings").out.split("\n")[:-1]
            chosen = self.bindsim(pid, "--show=contents", "--symbol=hook", "--from=libpatched.so", "--to=libhook.so").out
            none = self.bindsim(pid, "--show=contents", "--symbol=hook", "--to=libc.so.6").out
            for name in ("sarif", "junit", "github", "gitlab", "markdown", "html"):
                self.assertIn("slot-patched", self.bindsim(pid, f"--format={name}").out, name)
        self.assertIn("warning: slot-patched: libpatched.so has 1 slot with what no loader put there (step 1)\n", text.out)
        self.assertIn("the address of elsewhere\n", text.out)
        self.assertIn("  (... is --plan FILE, which this command writes with --format=plan -o FILE; ", text.out)
        self.assertIn("libhook.so", self.bindsim("explain", "--symbol=hook", "--plan=app.plan").out)
        records = [json.loads(line) for line in lines]
        self.assertEqual([record["holds"] for record in records if record["type"] == "content" and record["symbol"] == "hook"],
                         ["patched"])
        self.assertEqual(len([record for record in records if record["type"] == "process"]), 1)
        for record in records:
            if record["type"] in ("process", "finding") or record.get("symbol") == "hook":
                self.assert_valid(record, "bindsim-stream-1")
        self.assertIn("  libpatched.so  hook -> patched: the address of elsewhere in libhook.so\n", chosen)
        self.assertNotIn("hook ->", none)


class CoreTest(ProcessTest):
    """Processes that are dead."""

    def setUp(self):
        super().setUp()
        self.library("libhook.so", "int hook(void) { return 1; } int elsewhere(void) { return 2; }")
        self.library("libpatched.so", PATCHER % "elsewhere", "-Wl,-z,norelro", "-L.", "-lhook", "-Wl,-rpath,$ORIGIN")
        self.library("liblazy.so", "int hook(void); int use(void) { return hook(); }", "-Wl,-z,lazy", "-L.", "-lhook",
                     "-Wl,-rpath,$ORIGIN", "-Wl,--build-id")
        self.compile("app", PROGRAM)
        self.steps = ("./app", f"./libpatched.so:{NOW}", f"./liblazy.so:{LAZY | GLOBAL}", f"@./libhook.so:{NOW}")

    def crash(self):
        """What the process tells before it dies, and its core."""
        if not shutil.which("gcore"):
            self.skipTest("there is no gcore")
        with self.running(*self.steps) as process:
            alive = self.read(f"--pid={process.pid}")
            subprocess.run(["gcore", "-o", "core", str(process.pid)], cwd=self.directory, check=True, capture_output=True,
                           stdin=subprocess.DEVNULL)
            os.rename(self.directory / f"core.{process.pid}", self.directory / "core")
        return alive

    def assert_like(self, dead, alive):
        """The same slots, findings and objects."""
        self.assertEqual(dead["process"]["source"], "core")
        self.assertEqual(dead["process"]["contents"], alive["process"]["contents"])
        self.assertEqual(dead["process"]["counts"], alive["process"]["counts"])
        self.assertEqual(dead["findings"], alive["findings"])
        self.assertEqual([(made["name"], made["path"], made["global"]) for made in dead["process"]["objects"]],
                         [(made["name"], made["path"], made["global"]) for made in alive["process"]["objects"]])

    def test_gcore(self):
        alive = self.crash()
        self.assert_like(self.read("--core=core"), alive)
        self.assertEqual(alive["process"]["counts"]["patched"], 1)
        self.assertIn("  core: ", self.bindsim("--core=core").out)
        self.assert_like(self.read("--core=core", "./app"), alive)

    def test_a_crash(self):
        pattern = CORE_PATTERN.read_text().strip()
        if pattern not in ("core", "core.%p"):
            self.skipTest("cores of crashes go elsewhere here")
        limit = resource.getrlimit(resource.RLIMIT_CORE)
        if limit[1] != resource.RLIM_INFINITY and limit[1] < 1 << 28:
            self.skipTest("no cores are allowed")
        with self.running(*self.steps,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (limit[1], limit[1]))) as process:
            alive = self.read(f"--pid={process.pid}")
            # From outside: a call of raise(3) would bind a slot.
            process.send_signal(signal.SIGABRT)
            process.wait()
            self.assertEqual(process.returncode, -signal.SIGABRT)
            cores = list(self.directory.glob("core*"))
        if not cores:
            self.skipTest("the kernel wrote no core")
        dead = self.read(f"--core={cores[0].name}")
        self.assert_like(dead, alive)
        self.assertEqual(dead["process"]["signal"], signal.SIGABRT)
        self.assertIn(f"  core: ended by signal {int(signal.SIGABRT)}; ", self.bindsim(f"--core={cores[0].name}").out)

    def test_files_that_are_others_now(self):
        self.crash()
        self.library("new.so", "int otherwise(void) { return 1; }", "-Wl,--build-id")
        os.rename(self.directory / "new.so", self.directory / "liblazy.so")
        answer = self.bindsim("--core=core", "--show=process")
        self.assertIn("liblazy.so: the file was replaced", answer.err)
        (self.directory / "liblazy.so").unlink()
        self.assertIn("liblazy.so: the file that the process mapped cannot be had", self.bindsim("--core=core").err)

    def test_another_program(self):
        """It is the executable of the command line that a message is about."""
        self.crash()
        self.program("other", "int main(void) { return 1; }", "-Wl,--build-id")
        answer = self.bindsim("--core=core", "./other")
        self.assertRegex(answer.err, r"bindsim: \./other: the core is of another program, or of another build: /.*\n")
        self.file("text", "no program")
        self.assert_trouble(self.bindsim("--core=core", "./text"), "./text: not an ELF file\n")
        self.assert_trouble(self.bindsim("--core=core", "./absent"), "./absent: No such file or directory\n")

    def test_cut_and_damaged(self):
        """At any place: an answer or one message, and no crash."""
        self.crash()
        bytes_ = (self.directory / "core").read_bytes()
        rng = random.Random(7)
        sizes = [0, 1, 4, 16, 63, 64, 120, 500, 2000, *(rng.randrange(len(bytes_)) for _ in range(6))]
        for size in sizes:
            self.file("cut", bytes_[:size])
            self.bindsim("--core=cut")
        for _ in range(12):
            damaged = bytearray(bytes_)
            for _ in range(rng.choice([1, 8, 40])):
                damaged[rng.randrange(8192)] = rng.choice([0, 1, 0x7f, 0xff, rng.randrange(256)])
            self.file("damaged", bytes(damaged))
            self.bindsim("--core=damaged")


class RefusedTest(ProcessTest):
    """What cannot be read: status 2 and one message."""

    def test_usage(self):
        for words in (["--pid=0"], ["--pid=x"], ["--pid=-1"], ["--pid=99999999999"], ["--pid="]):
            self.assert_trouble(self.bindsim(*words), "the number of a process is wanted")
        self.assert_trouble(self.bindsim("--pid=1", "--core=core"), "one process at a time")
        self.assert_trouble(self.bindsim("--pid=1", "./app"), "'./app' is one too many")
        self.assert_trouble(self.bindsim("explain", "--pid=1", "--symbol=x"), "goes with verify or no command",
                            "for explain make a plan of it: bindsim --pid ... --format=plan -o FILE")
        self.assert_trouble(self.bindsim("log", "--core=x", "x.log"), "log has logs only, not --core")
        self.assert_trouble(self.bindsim("verify", "--pid=1", "--log=x"), "--pid and --log")
        self.assert_trouble(self.bindsim("verify", "--core=x", "--run"), "--core and --run")
        self.assert_trouble(self.bindsim("--pid=1", "--follow-dlopen-notes"), "goes with no --pid")
        self.program()
        for part in ("process", "differences", "contents"):
            self.assert_trouble(self.bindsim("./app", f"--show={part}"), "--pid and --core")

    def test_no_such_process(self):
        self.assert_trouble(self.bindsim("--pid=2147483646"), "there is no such process")

    @unittest.skipUnless(os.geteuid() == 0, "another user's process is wanted")
    def test_not_allowed(self):
        self.compile("app", PROGRAM)
        with self.running("./app") as process:
            self.assert_trouble(self.bindsim(f"--pid={process.pid}", **self.unprivileged()), "CAP_SYS_PTRACE", "ptrace_scope")

    def test_static(self):
        self.compile("app", PROGRAM.replace("dlmopen(LM_ID_NEWLM, argv[i] + 1, mode)", "NULL")
                     .replace("dlopen(argv[i], mode)", "NULL").replace("puts(dlerror());", ";"), "-static")
        with self.running("./app") as process:
            self.assert_trouble(self.bindsim(f"--pid={process.pid}"), "it is static")

    def test_no_core(self):
        self.program()
        self.assert_trouble(self.bindsim("--core=none"), "No such file")
        self.assert_trouble(self.bindsim("--core=."), "no regular file")
        self.assert_trouble(self.bindsim("--core=app"), "it is no core file")
        for name, content, words in (("zst", b"\x28\xb5\x2f\xfd....", "zstd -d"), ("lz4", b"\x04\x22\x4d\x18....", "lz4 -d"),
                                     ("gz", b"\x1f\x8b......", "gunzip"), ("xz", b"\xfd7zXZ\0...", "unxz"),
                                     ("text", b"hello, world", "no ELF file"), ("kdump", b"KDUMP   ....", "kernel"),
                                     ("empty", b"", "no ELF file")):
            self.file(name, content)
            self.assert_trouble(self.bindsim(f"--core={name}"), words)


if __name__ == "__main__":
    # A slow machine may forbid to look at what is not a child; what is run here are children.
    unittest.main()
