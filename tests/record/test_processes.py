#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`bindsim record`: processes that fork, exec, get signals or have threads, and the command's line and status."""

import contextlib
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import time
import unittest
from pathlib import Path

import case
from case import BINDSIM, RecordTest, only_here
from harness import environment

HOOK = {"dlopen": "./libhook.so", "flags": "NOW"}
OPEN = 'dlopen("./libhook.so", RTLD_NOW);'


class LineTest(RecordTest):
    """What may be asked, and what is said."""

    def test_messages(self):
        """Of files, programs and steps; not with -q. Without -o the plan is called as the program."""
        self.executable("app", "int main(void) { puts(\"out\"); fputs(\"err\\n\", stderr); return 0; }")
        self.library("libhook.so", "int hook;")
        recorded = self.finish(self.start("--", "./app", "x"), "app.plan")
        self.assertEqual((recorded.status, recorded.out, recorded.err), (0, "out\n", "err\nbindsim: app.plan: ./app, 0 steps\n"))
        recorded = self.record("./app", options=("-q",))
        self.assertEqual((recorded.status, recorded.out, recorded.err), (0, "out\n", "err\n"))

    def test_the_line(self):
        """One message says what is wrong, and nothing is run."""
        self.executable("app", 'int main(void) { fclose(fopen("ran", "w")); return 0; }')
        for words, message in ((["record"], "record what?"), (["record", "--"], "record what?"),
                               (["record", "-o", "x", "./app", "./x"], "stands behind --: bindsim record [OPTION]... -- ./app"),
                               (["record", "./app", "-c", "x"], "stands behind --"),
                               (["record", "-o", ".", "--", "./app"], ".: it is a directory"),
                               (["record", "--pid=1"], "bindsim --pid N --format=plan"),
                               (["record", "./app"], "stands behind --"), (["record", "./app", "--", "x"], "stands behind --"),
                               (["record", "-o", "-", "--", "./app"], "the command's own"),
                               (["record", "--dlopen", "x", "--", "./app"], "--dlopen"),
                               (["record", "--format=json", "--", "./app"], "--format"),
                               (["--children", "./app"], "belongs to the command record"),
                               (["record", "-o", "absent/x", "--", "./app"], "absent/x"),
                               (["record", "--", "./absent"], "./absent: No such file or directory\n"),
                               (["record", "--", "absent-program"], "absent-program: No such file or directory in PATH\n"),
                               (["record", "--", "."], ".: Permission denied")):
            self.assert_trouble(self.bindsim(*words), message)
        self.file("script", "#!/nowhere/sh\n", 0o755)
        self.executable("foreign", "int main(void) { return 0; }", "-Wl,--dynamic-linker=/nowhere/ld.so")
        for name in ("./script", "./foreign"):
            self.assert_trouble(self.bindsim("record", "--", name), f"{name}: the interpreter that it names is not there\n")
        # Nobody's machine is that of no number; the shell would read it as a script.
        content = bytearray((self.directory / "foreign").read_bytes())
        content[18:20] = b"\xff\xff"
        (self.directory / "foreign").write_bytes(content)
        self.assert_trouble(self.bindsim("record", "--", "./foreign"), "./foreign: Exec format error\n")
        for path in (f"/nowhere:{self.directory}:/bin", "/bin::"):
            self.assert_trouble(self.bindsim("record", "--", "foreign", env=environment(PATH=path)), "foreign: Exec format error\n")
        self.assertFalse((self.directory / "ran").exists())
        self.assertEqual(list(self.directory.glob("*.plan*")), [])
        self.assertIn("--children", self.bindsim("record", "--help").out)

    def test_statuses(self):
        """The command's own; its input and output, too."""
        self.assertEqual([self.record("sh", "-c", f"exit {n}").status for n in (0, 1, 2, 77)], [0, 1, 2, 77])
        self.assertEqual(self.record("sh", "-c", "kill -TERM $$").status, 128 + 15)
        process = self.start("-q", "-o", "out.plan", "--", "cat", stdin=subprocess.PIPE)
        out, _ = process.communicate(b"through", timeout=60)
        self.assertEqual(out, b"through")

    def test_what_has_no_loader(self):
        """It is run, and its plan has no steps; a script is run by what it names."""
        self.executable("static", "int main(void) { return 4; }", "-static")
        recorded = self.record("./static")
        self.assertEqual((recorded.status, recorded.steps), (4, []))
        self.assertIn("./static: it is linked statically", recorded.err)
        self.file("script", "#!/bin/sh\nexit 5\n", 0o755)
        recorded = self.record("./script", "x")
        self.assertEqual((recorded.status, recorded.plan["arguments"]), (5, ["./script", "x"]))
        self.assertEqual(recorded.plan["executable"], os.path.realpath("/bin/sh"))

    @only_here("the program is one of i386")
    def test_another_machine(self):
        """It is not run where it would be the command."""
        code = b"\xb8\x01\0\0\0\xbb\x06\0\0\0\xcd\x80"  # _exit(6)
        header = struct.pack("<16sHHIIIIIHHHHHH", b"\x7fELF\x01\x01\x01", 2, 3, 1, 0x8048054, 52, 0, 0, 52, 32, 1, 0, 0, 0)
        segment = struct.pack("<IIIIIIII", 1, 0, 0x8048000, 0x8048000, 84 + len(code), 84 + len(code), 5, 0x1000)
        self.file("other", header + segment + code, 0o755)
        try:
            self.assertEqual(subprocess.run(["./other"], cwd=self.directory, check=False).returncode, 6)
        except OSError:
            self.skipTest("this kernel runs no 32-bit programs")
        self.assert_trouble(self.bindsim("record", "-o", "out.plan", "--", "./other"), "/other: it is of another machine")
        recorded = self.record("env", "./other")
        self.assertEqual((recorded.status, recorded.plan["executable"][-3:]), (6, "env"))
        self.assertIn("no plan is made of it", recorded.err)


class ProcessesTest(RecordTest):
    """More than one program, thread or process."""

    def setUp(self) -> None:
        super().setUp()
        self.library("libhook.so", "int hook(void) { return 1; }")

    def plans(self) -> dict[str, list]:
        """The steps of all plans by the names of their files, with N for a process's number."""
        found = {}
        for path in sorted(self.directory.glob("out.plan*")):
            self.plan(path.name)
            parts = ["N" if part.isdigit() else part for part in path.name.split(".")]
            found.setdefault(".".join(parts), []).append(json.loads(path.read_text())["steps"])
        return found

    def test_exec(self):
        """The last program that opened something is the one; the others' plans lie beside it."""
        self.executable("app", f'int main(int n, char **v) {{ {OPEN} if (n > 1) execvp(v[1], v + 1); return 3; }}')
        self.assertEqual(self.record("env", "X=1", "./app").status, 3)
        self.assertEqual(self.plans(), {"out.plan": [[HOOK]]})
        for path in self.directory.glob("out.plan*"):
            path.unlink()
        recorded = self.record("./app", "./app", "true")
        self.assertEqual((recorded.status, recorded.plan["arguments"]), (0, ["true"]))
        self.assertEqual(self.plans(), {"out.plan": [[HOOK]], "out.plan.exec-1": [[HOOK]]})
        self.assertIn("bindsim: out.plan.exec-1: ./app, 1 step\n", recorded.err)

    def test_programs_that_made_no_call(self):
        """As those that a wrapper is before it is the program: a plan of each start-up is in nobody's way, and of no use."""
        self.executable("app", f'int main(int n, char **v) {{ if (n == 1) {OPEN} else execvp(v[1], v + 1); return 0; }}')
        recorded = self.record("./app", "env", "./app")
        self.assertEqual(self.plans(), {"out.plan": [[HOOK]]})
        self.assertIn("bindsim: 2 other programs that were run in the same process made no call, and have no plan; -v names them\n",
                      recorded.err)
        recorded = self.record("./app", "env", "./app", options=("-v",))
        self.assertEqual(re.findall(r"process \d+, (\S+): program (\d) of it made no call, there is no plan of it\n", recorded.err),
                         [("./app", "1"), ("/usr/bin/env", "2")])
        self.assertNotIn("-v names", recorded.err)
        self.assertEqual(self.record("./app", "env", "./app", options=("-q",)).err, "")
        # Where none made a call the last one is what was run.
        self.assertEqual(self.record("env", "env", "true").steps, [])
        self.assertEqual(list(self.plans()), ["out.plan"])

    def test_plans_of_a_run_before(self):
        """They stay, for nobody knows whose they are, and are told."""
        self.executable("app", f'int main(int n, char **v) {{ {OPEN} if (n > 1) execvp(v[1], v + 1); return 0; }}')
        self.assertNotIn("from before", self.record("./app", "./app").err)
        self.assertIn("out.plan.exec-1", self.plans())
        recorded = self.record("./app")
        self.assertIn("bindsim: out.plan.exec-1: it is there from before, and no plan of this run\n", recorded.err)
        for name in ("out.plan.17", "out.plan.17.exec-2"):
            self.file(name, "{}")
        for name in ("out.plan.exec-", "out.plan.old", "out.plan.exec-1.bak", "xout.plan.exec-1", "out.plan.1.2"):
            self.file(name, "{}")
        self.assertIn("bindsim: out.plan.17 and 2 more are there from before, and no plans of this run\n", self.record("./app").err)
        self.assertNotIn("from before", self.record("./app", options=("-q",)).err)
        self.assertTrue((self.directory / "out.plan.exec-1").exists())

    def test_exec_by_a_thread(self):
        """The other threads are gone with their calls."""
        self.executable("app", """static void *run(void *x) { execl("/bin/true", "true", NULL); return x; }
            static void *wait_(void *x) { for (;;) pause(); }
            int main(void) { pthread_t a, b; %s pthread_create(&a, NULL, wait_, NULL); pthread_create(&b, NULL, run, NULL);
            for (;;) dlsym(RTLD_DEFAULT, "hook"); }""" % OPEN)
        recorded = self.record("./app")
        self.assertEqual(recorded.status, 0)
        self.assertEqual(recorded.steps[0], HOOK)

    def test_fork(self):
        """Children that nobody follows run as if nobody traced their parent."""
        for call in ("fork()", "vfork()"):
            self.executable("app", f"""int main(void) {{ int status; void *h = {OPEN} pid_t p = {call};
                if (!p) {{ {'dlsym(h, "hook"); dlopen("libm.so.6", RTLD_NOW);' if call == 'fork()' else ''} _exit(6); }}
                waitpid(p, &status, 0); dlsym(h, "hook"); return WEXITSTATUS(status); }}""")
            recorded = self.record("./app")
            self.assertEqual(recorded.status, 6)
            self.assertEqual(self.plans(), {"out.plan": [[HOOK, {"dlsym": "hook", "handle": 1}]]}, call)
            # One that goes on in its parent's memory is part of it until it runs another program.
            self.assertEqual("1 forked process is not recorded; --children" in recorded.err, call == "fork()", recorded.err)
            self.assertNotIn("not recorded", self.record("./app", options=("-q",)).err)
            self.assertNotIn("not recorded", self.record("./app", options=("--children",)).err)
            for path in self.directory.glob("out.plan.*"):
                path.unlink()

    def test_spawn(self):
        """posix_spawn(3), system(3), and vfork(2) with an exec."""
        self.executable("app", f"""#include <spawn.h>
            extern char **environ; int main(void) {{ pid_t p; int status; char *words[] = {{ "sh", "-c", "exit 5", NULL }};
            {OPEN} if (posix_spawn(&p, "/bin/sh", NULL, NULL, words, environ)) return 1; waitpid(p, &status, 0);
            if (WEXITSTATUS(status) != 5 || WEXITSTATUS(system("exit 4")) != 4) return 2;
            if (!(p = vfork())) {{ execv("/bin/sh", words); _exit(1); }}
            waitpid(p, &status, 0); dlsym(RTLD_DEFAULT, "end"); return WEXITSTATUS(status); }}""")
        recorded = self.record("./app")
        self.assertEqual(recorded.status, 5)
        self.assertIn("3 forked processes are not recorded; --children", recorded.err)
        self.assertEqual(self.plans(), {"out.plan": [[HOOK, {"dlsym": "end"}]]})

    def test_children(self):
        """One that opens something and one that execs have a plan each; one that does neither has none."""
        self.executable("app", f"""int main(int n, char **v) {{ int status; {OPEN} if (n > 1) return 0;
            if (!fork()) {{ dlsym(RTLD_DEFAULT, "child"); _exit(0); }} wait(&status);
            if (!fork()) _exit(0); wait(&status);
            if (!fork()) {{ execl("./app", "app", "x", NULL); _exit(1); }} wait(&status);
            if (!vfork()) {{ execl("./app", "app", "x", NULL); _exit(1); }} wait(&status);
            dlsym(RTLD_DEFAULT, "end"); return 0; }}""")
        recorded = self.record("./app", options=("--children", "-v"))
        self.assertEqual(recorded.status, 0)
        self.assertEqual(recorded.err.count("made no call, there is no plan of it"), 2)
        plans = self.plans()
        self.assertEqual(plans["out.plan"], [[HOOK, {"dlsym": "end"}]])
        self.assertEqual(sorted(plans["out.plan.N"], key=len), [[HOOK], [HOOK], [HOOK, {"dlsym": "child"}]])
        self.assertEqual(len(plans), 2)

    def test_a_child_that_lives_on(self):
        """It is waited for where it is followed."""
        self.executable("app", f'int main(void) {{ if (!fork()) {{ usleep(300000); {OPEN} _exit(0); }} return 3; }}')
        recorded = self.record("./app", options=("--children",))
        self.assertEqual(recorded.status, 3)
        self.assertEqual(self.plans(), {"out.plan": [[]], "out.plan.N": [[HOOK]]})

    def test_threads(self):
        """Eight that open and close at the same time: every call is there, and what is recorded can be simulated."""
        for i in range(8):
            self.library(f"lib{i}.so", f"int own{i}(void) {{ return 1; }} CONSTRUCTOR {{ dlsym(RTLD_DEFAULT, \"in{i}\"); }}")
        self.executable("app", """static void *work(void *x) { char name[16], own[16]; long n = (long)x;
            snprintf(name, sizeof name, "./lib%ld.so", n); snprintf(own, sizeof own, "own%ld", n);
            for (int i = 0; i < 50; i++) { void *h = dlopen(name, RTLD_NOW); if (!h || !dlsym(h, own)) _exit(9);
            if (i < 49) dlclose(h); } return NULL; }
            int main(void) { pthread_t t[8]; for (long i = 0; i < 8; i++) pthread_create(&t[i], NULL, work, (void *)i);
            for (int i = 0; i < 8; i++) pthread_join(t[i], NULL); return 0; }""", "-Wl,-z,now")
        recorded = self.record("./app")
        self.assertEqual(recorded.status, 0)
        text = (self.directory / "out.plan").read_text()
        counts = [text.count(f'"{kind}":') for kind in ("dlopen", "init", "dlclose")]
        self.assertEqual(counts, [400, 400, 392])
        for i in range(8):
            self.assertEqual(text.count(f'"dlsym":"own{i}"'), 50)
            self.assertEqual(text.count(f'"dlsym":"in{i}"'), 50)
        self.assertEqual([s for s in self.bindsim("--plan", "out.plan", "--format=ld-debug").out.splitlines() if ": failed" in s
                          and "undefined symbol: in" not in s], [])

    def test_everything_at_once(self):
        """Threads that open, fork, spawn and end while timers go off: the program notices nothing, and no call is lost."""
        for i in range(4):
            self.library(f"lib{i}.so", f'int own; CONSTRUCTOR {{ dlsym(RTLD_DEFAULT, "in{i}"); }}')
        self.executable("app", """#include <spawn.h>
            #include <sys/time.h>
            extern char **environ; static volatile long ticks; static void tick(int s) { ticks++; }
            static void *tiny(void *x) { return dlsym(RTLD_DEFAULT, "puts") ? x : NULL; }
            static void *work(void *x) { long n = (long)x; char name[32]; char *words[] = { "true", NULL }; pid_t p; int st = 0;
            pthread_t t; void *got; snprintf(name, sizeof name, "./lib%ld.so", n % 4);
            for (int i = 0; i < 12; i++) { void *h = dlopen(name, RTLD_NOW); if (!h || !dlsym(h, "own")) _exit(9);
            switch (n) {
            case 0: if (!(p = fork())) _exit(0); if (waitpid(p, &st, 0) != p || st) _exit(8); break;
            case 1: if (posix_spawnp(&p, "true", NULL, NULL, words, environ) || waitpid(p, &st, 0) != p || st) _exit(7); break;
            case 2: if (pthread_create(&t, NULL, tiny, &st) || pthread_join(t, &got) || got != &st) _exit(6); break;
            case 3: if (!(p = vfork())) { execvp("true", words); _exit(1); } if (waitpid(p, &st, 0) != p || st) _exit(5); }
            dlclose(h); } return NULL; }
            int main(void) { struct sigaction a = { .sa_handler = tick, .sa_flags = SA_RESTART };
            struct itimerval every = { { 0, 1000 }, { 0, 1000 } }; pthread_t t[8];
            sigaction(SIGPROF, &a, NULL); sigaction(SIGALRM, &a, NULL);
            setitimer(ITIMER_PROF, &every, NULL); setitimer(ITIMER_REAL, &every, NULL);
            for (long i = 0; i < 8; i++) pthread_create(&t[i], NULL, work, (void *)i);
            for (int i = 0; i < 8; i++) pthread_join(t[i], NULL); return 0; }""")
        for options in ((), ("--children",)):
            recorded = self.record("./app", options=options)
            self.assertEqual(recorded.status, 0, options)
            text = (self.directory / "out.plan").read_text()
            self.assertEqual([text.count(f'{{"{kind}":') for kind in ("dlopen", "dlclose")], [96, 96], options)

    def test_signals(self):
        """The program's handlers run, also in the midst of its calls, and no call is counted twice."""
        self.executable("app", "#define TICK %d" % self.place.tick + """
            static volatile int n; static void count(int s) { n++; }
            int main(void) { struct sigaction a = { .sa_handler = count, .sa_flags = SA_RESTART }; sigaction(SIGALRM, &a, NULL);
            sigaction(SIGUSR1, &a, NULL); ualarm(TICK, TICK); kill(getpid(), SIGUSR1);
            for (int i = 0; i < 300; i++) dlclose(dlopen("./libhook.so", RTLD_NOW));
            ualarm(0, 0); return n ? 0 : 1; }""")
        recorded = self.record("./app")
        self.assertEqual(recorded.status, 0)
        self.assertEqual([list(step)[0] for step in recorded.steps], ["dlopen", "dlclose"] * 300)

    def test_traps_of_its_own(self):
        """SIGTRAP by an instruction and by raise(3)."""
        self.executable("app", f"""static volatile int n;
            static void count(int s, siginfo_t *info, void *context) {{ n++; if (info->si_code > 0) STEP_OVER(context); }}
            int main(void) {{ struct sigaction a = {{ .sa_sigaction = count, .sa_flags = SA_SIGINFO }};
            sigaction(SIGTRAP, &a, NULL); raise(SIGTRAP); {OPEN} TRAP(); return n == 2 ? 0 : 1; }}""")
        recorded = self.record("./app")
        self.assertEqual((recorded.status, recorded.steps), (0, [HOOK]))
        self.executable("app", f'int main(void) {{ {OPEN} TRAP(); return 0; }}')
        self.assertEqual(self.record("./app").status, 128 + 5)

    def waiting(self, more: str = "") -> subprocess.Popen:
        """A program that opened something and waits, recorded."""
        self.executable("app", f'int main(void) {{ {more} {OPEN} puts("ready"); fflush(stdout); for (;;) pause(); }}')
        process = self.start("-o", "out.plan", "--", "./app", start_new_session=True)
        self.assertEqual(process.stdout.readline(), b"ready\n")
        return process

    def command_of(self, process: subprocess.Popen) -> int:
        """The number of the process that it traces."""
        return int(self.read(f"/proc/{process.pid}/task/{process.pid}/children").split()[0])

    def send_and_wait(self, process: subprocess.Popen, number: int) -> None:
        """Sends the signal, and waits for it to be taken: another one that came before would be none."""
        process.send_signal(number)
        if self.place.before:
            time.sleep(0.2)  # whom the client passes it on to cannot be seen
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            while int(Path(f"/proc/{process.pid}/status").read_text().split("ShdPnd:")[1].split()[0], 16) & (1 << (number - 1)):
                time.sleep(0.01)

    def test_killed_from_outside(self):
        """The plan is written."""
        process = self.waiting()
        self.kill(self.command_of(process), signal.SIGKILL)
        recorded = self.finish(process)
        self.assertEqual((recorded.status, recorded.steps), (128 + 9, [HOOK]))

    def test_from_the_terminal(self):
        """What all processes of it get ends the program, not bindsim."""
        process = self.waiting()
        self.kill(-process.pid, signal.SIGINT)
        recorded = self.finish(process)
        self.assertEqual((recorded.status, recorded.steps), (128 + 2, [HOOK]))

    def test_interrupted_at_its_begin(self):
        """What meets the command before it is one ends it, and bindsim sees that."""
        statuses = []

        def interrupt_after(seconds: float) -> None:
            process = self.start("-q", "-o", "out.plan", "--", "sleep", "60", start_new_session=True)
            time.sleep(seconds)
            os.killpg(process.pid, signal.SIGINT)
            process.communicate(timeout=60)
            statuses.append(process.returncode)

        for delay in range(40):
            interrupt_after(0.002 + delay / 4000)
        # On a machine that has other things to do nothing may have begun by then.
        seconds = 0.02
        while 128 + 2 not in statuses and seconds < 20:
            interrupt_after(seconds)
            seconds *= 2
        # 2 and -2: it was over before it could be traced, or bindsim did not care for signals yet.
        self.assertEqual([status for status in statuses if status not in (128 + 2, 2, -2)], [])
        self.assertIn(128 + 2, statuses)

    def test_passed_on(self):
        """SIGTERM and SIGHUP are the program's."""
        for number in (signal.SIGTERM, signal.SIGHUP):
            process = self.waiting()
            self.kill(process.pid, number)
            recorded = self.finish(process)
            self.assertEqual((recorded.status, recorded.steps), (128 + number, [HOOK]))

    def test_terminated_twice(self):
        """What ignores SIGTERM is killed by the second one; SIGHUP may come as often as it likes."""
        process = self.waiting("signal(SIGTERM, SIG_IGN); signal(SIGHUP, SIG_IGN);")
        for number in (signal.SIGHUP, signal.SIGHUP, signal.SIGTERM):
            self.send_and_wait(process, number)
        self.assertIsNone(process.poll())
        process.send_signal(signal.SIGTERM)
        recorded = self.finish(process)
        self.assertEqual((recorded.status, recorded.steps), (128 + 9, [HOOK]))

    def test_terminated_while_busy(self):
        """A program that calls all the time, of which there is always something to hear, gets it nevertheless."""
        self.executable("app", """static void *work(void *x) { for (;;) dlclose(dlopen("./libhook.so", RTLD_NOW)); }
            int main(void) { pthread_t t; signal(SIGTERM, SIG_IGN); puts("ready"); fflush(stdout);
            for (int i = 0; i < 6; i++) pthread_create(&t, NULL, work, NULL); work(NULL); }""")
        process = self.start("-q", "-o", "out.plan", "--", "./app")
        self.assertEqual(process.stdout.readline(), b"ready\n")
        time.sleep(0.2)
        self.send_and_wait(process, signal.SIGTERM)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(self.finish(process).status, 128 + 9)

    def test_children_are_terminated(self):
        """What the command left behind gets SIGTERM when the command is over, and is killed by the second one."""
        for ignores, status in ((False, 15), (True, 9)):
            self.executable("app", f"""int main(void) {{ pid_t parent = getpid(); if (fork()) return 3; {'signal(SIGTERM, SIG_IGN);' * ignores} {OPEN}
                while (kill(parent, 0) == 0) usleep(1000); puts("ready"); fflush(stdout); for (;;) pause(); }}""")
            process = self.start("-q", "-o", "out.plan", "--children", "--", "./app")
            self.assertEqual(process.stdout.readline(), b"ready\n")
            self.send_and_wait(process, signal.SIGTERM)
            if ignores:
                self.assertIsNone(process.poll())
                process.send_signal(signal.SIGTERM)
            self.assertEqual(self.finish(process).status, 3, status)
            self.assertEqual(self.plans()["out.plan.N"].count([HOOK]), 1)
            for path in self.directory.glob("out.plan*"):
                path.unlink()

    def test_without_bindsim(self):
        """The program ends with it."""
        process = self.waiting()
        command = self.command_of(process)
        self.kill(process.pid, signal.SIGKILL)
        process.communicate(timeout=60)
        for _ in range(600):
            stat = self.read(f"/proc/{command}/stat")
            if not stat or ") Z " in stat:
                return
            time.sleep(0.1)
        self.fail("it runs on")

    def test_stopped_and_continued(self):
        """Job control stops it, and lets it go on."""
        process = self.waiting()
        command = self.command_of(process)
        self.kill(command, signal.SIGSTOP)
        time.sleep(0.2)
        self.kill(command, signal.SIGCONT)
        time.sleep(0.1)
        self.kill(command, signal.SIGTERM)
        self.assertEqual(self.finish(process).status, 128 + 15)

    @only_here("the client is not the program's parent")
    def test_signals_that_are_ignored(self):
        """What whoever started bindsim ignores, the program ignores, too."""
        words = [BINDSIM, "record", "-q", "-o", "out.plan", "--", "grep", "SigIgn", "/proc/self/status"]
        done = subprocess.run(words, cwd=self.directory, env=environment(), capture_output=True, text=True, timeout=60, check=True,
                              preexec_fn=lambda: [signal.signal(number, signal.SIG_IGN) for number in (signal.SIGCHLD, signal.SIGHUP)])
        ignored = int(done.stdout.split()[1], 16)
        self.assertTrue(ignored & (1 << (signal.SIGHUP - 1)) and ignored & (1 << (signal.SIGCHLD - 1)))

    @only_here("Python enters the root")
    @unittest.skipUnless(os.geteuid() == 0, "chroot(2) is root's")
    def test_in_another_root(self):
        """Paths in the plan are those of the process, and the root is named."""
        self.executable("app", f"int main(void) {{ {OPEN} return 0; }}")
        needed = [word for line in subprocess.run(["ldd", "./app"], cwd=self.directory, capture_output=True, text=True, check=True).stdout.splitlines()
                  for word in line.split() if word.startswith("/")]
        for file in needed:
            target = self.directory / "root" / file.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
        (self.directory / "root/sub").mkdir()
        for name in ("app", "libhook.so"):
            shutil.copy(self.directory / name, self.directory / "root/sub" / name)
        enter = 'import os; os.chroot("root"); os.chdir("/sub"); os.execl("./app", "./app")'
        plan = self.record(sys.executable, "-S", "-c", enter).plan
        self.assertEqual((plan["root"], plan["cwd"], plan["executable"], plan["steps"]), (f"{self.directory}/root", "/sub", "./app", [HOOK]))
        self.assertEqual(self.bindsim("--plan", "out.plan").status, 0)


if __name__ == "__main__":
    case.main()
