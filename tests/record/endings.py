#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Records programs that end, or become others, while their threads open, close, begin threads and fork.

    endings.py --seeds 1-40 --bindsim build/bindsim

Each seed says how the program ends, which thread does it, how many others there are and what they do, and how long that goes
on. The status must be the one that it has without bindsim, the plan must be complete, and the end must be seen: a run that
takes longer than WATCHDOG_SECONDS, which is a thousand times what it needs, hangs, and is told with what its threads do.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "oracle"))

from loader import SKIPPED, unavailable  # noqa: E402
from random_plans import may_not_trace  # noqa: E402
from seeds import parse_seeds  # noqa: E402

WATCHDOG_SECONDS = 60
LIBRARIES = 3
# How it ends, and the status that this gives.
ENDS = {
    "exec": 7,
    "exec-again": 7,
    "exec-count": 7,
    "_exit": 5,
    "exit": 5,
    "abort": 128 + signal.SIGABRT,
    "segv": 128 + signal.SIGSEGV,
    "kill": 128 + signal.SIGKILL,
    "term": 128 + signal.SIGTERM,
    "killed": 128 + signal.SIGKILL,
    "stopped": 128 + signal.SIGKILL,
    "thread-exit": 5,
    "return": 5,
}
# What the other threads do besides.
WORKS = ("open", "thread", "fork", "vfork", "all", "fork-exec")
LIBRARY = "int own; static int n; __attribute__((constructor)) static void construct(void) { n++; }\n"
PROGRAM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { COUNT = 100, TELL };

static const char *how, *work;
static long delay;
static char **words;

static int is(const char *a, const char *b) { return strcmp(a, b) == 0; }

static void *tiny(void *x) { return dlsym(RTLD_DEFAULT, "puts") ? x : NULL; }

static void begin_thread(void)
{
	pthread_t t;

	if (pthread_create(&t, NULL, tiny, NULL) == 0)
		pthread_join(t, NULL);
}

static void begin_process(int kind)
{
	pid_t p = kind == 1 ? vfork() : fork();

	if (p == 0 && kind == 2)
		execl("/bin/true", "true", NULL);
	if (p == 0)
		_exit(0);
	if (p > 0)
		waitpid(p, NULL, 0);
}

/* Children that call the loader, and say when they begin and end; whoever execs counts them. */
static void *tell_by_children(void)
{
	for (;;) {
		pid_t p = fork();

		if (p == 0) {
			write(TELL, "b", 1);
			dlclose(dlopen("./lib0.so", RTLD_NOW));
			write(TELL, "e", 1);
			_exit(0);
		}
		if (p > 0)
			waitpid(p, NULL, 0);
	}
	return NULL;
}

static int count(void)
{
	long begun = 0, ended = 0;
	char byte;

	while (read(COUNT, &byte, 1) == 1) {
		begun += byte == 'b';
		ended += byte == 'e';
	}
	return begun == ended ? 7 : 1;
}

static void *open_and_close(void *x)
{
	char name[32];

	if (is(how, "exec-count"))
		tell_by_children();

	snprintf(name, sizeof name, "./lib%ld.so", (long)x % 3);
	for (;;) {
		void *h = dlopen(name, RTLD_NOW);

		dlsym(h, "own");
		if (is(work, "thread") || is(work, "all"))
			begin_thread();
		if (is(work, "fork") || is(work, "all"))
			begin_process(0);
		if (is(work, "vfork") || is(work, "all"))
			begin_process(1);
		if (is(work, "fork-exec"))
			begin_process(2);
		dlclose(h);
	}
	return NULL;
}

static void *end(void *x)
{
	usleep(delay);
	if (is(how, "exec"))
		execl("/bin/sh", "sh", "-c", "exit 7", NULL);
	if (is(how, "exec-again")) {
		words[1] = "exec";
		execv(words[0], words);
	}
	if (is(how, "exec-count")) {
		words[1] = "count";
		execv(words[0], words);
	}
	if (is(how, "_exit"))
		_exit(5);
	if (is(how, "exit"))
		exit(5);
	if (is(how, "abort"))
		abort();
	if (is(how, "segv"))
		raise(SIGSEGV);
	if (is(how, "kill"))
		kill(getpid(), SIGKILL);
	if (is(how, "term"))
		kill(getpid(), SIGTERM);
	if (is(how, "killed") && fork() == 0) {
		kill(getppid(), SIGKILL);
		_exit(0);
	}
	if (is(how, "stopped") && fork() == 0) {
		for (int i = 0; i < 30; i++) {
			usleep(delay / 50);
			kill(getppid(), i % 2 ? SIGCONT : SIGSTOP);
		}
		kill(getppid(), SIGKILL);
		_exit(0);
	}
	if (is(how, "thread-exit"))
		_exit(5);
	return NULL;
}

int main(int n, char **v)
{
	pthread_t t;

	words = v;
	how = v[1];
	if (is(how, "count"))
		return count();
	if (is(how, "exec-count")) {
		int ends[2];

		if (pipe(ends) != 0 || dup2(ends[0], COUNT) != COUNT ||
		    dup3(ends[1], TELL, O_CLOEXEC) != TELL)
			return 1;
		close(ends[0]);
		close(ends[1]);
	}
	work = v[2];
	delay = atol(v[3]);
	for (long i = 0; i < atol(v[4]); i++)
		pthread_create(&t, NULL, open_and_close, (void *)i);
	if (is(how, "return")) {
		usleep(delay);
		return 5;
	}
	if (is(how, "thread-exit") || is(v[5], "thread")) {
		pthread_create(&t, NULL, end, NULL);
		if (is(how, "thread-exit"))
			pthread_exit(NULL);
		open_and_close((void *)0);
	}
	end(NULL);
	for (;;)
		pause();
}
"""


@dataclass(frozen=True)
class Settings:
    """What every worker needs to know."""

    bindsim: str
    base: Path


@dataclass(frozen=True)
class Case:
    """What the program is to do."""

    how: str
    work: str
    delay: int
    threads: int
    by: str
    children: bool

    @property
    def words(self) -> list[str]:
        """The command."""
        return ["./app", self.how, self.work, str(self.delay), str(self.threads), self.by]


def make_case(seed: int) -> Case:
    """That of SEED; each way to end has its turn."""
    choose = random.Random(seed)
    how = list(ENDS)[seed % len(ENDS)]
    return Case(how, choose.choice(WORKS), choose.choice((0, 100, 1000, 5000, 20000, choose.randrange(60000))),
                choose.choice((1, 2, 6, 8)), choose.choice(("main", "thread")), choose.random() < 0.25)


def traced_by(pid: int) -> list[int]:
    """The processes that PID traces, whoever is their parent."""
    found = []
    for path in Path("/proc").glob("[0-9]*/status"):
        try:
            if f"\nTracerPid:\t{pid}\n" in path.read_text():
                found.append(int(path.parent.name))
        except OSError:
            pass
    return found


def threads_of(pid: int) -> list[str]:
    """What a process and all that it traces are at: a line for each thread."""
    lines, pids = [], [pid, *traced_by(pid)]
    while pids:
        pid = pids.pop()
        try:
            for task in sorted(Path(f"/proc/{pid}/task").iterdir()):
                status = dict(line.split(":", 1) for line in (task / "status").read_text().splitlines())
                try:
                    where = (task / "wchan").read_text()
                except OSError:
                    where = "?"
                lines.append(f"  {pid}/{task.name} {status['Name'].strip()}: {status['State'].strip()}, {where}, pending "
                             f"{status['SigPnd'].strip()} {status['ShdPnd'].strip()}")
        except OSError:
            pass
    return lines


def check_seed(seed: int, settings: Settings) -> tuple[str, list[str]]:
    """Runs its program. Returns how it ends, and what is wrong."""
    case = make_case(seed)
    title = f"seed {seed}: {' '.join(case.words)}{' --children' if case.children else ''}"
    plan = settings.base / f"{seed}.plan"
    words = [settings.bindsim, "record", "-q", "-o", str(plan), *(["--children"] if case.children else []), "--", *case.words]
    process = subprocess.Popen(words, cwd=settings.base, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE)
    try:
        _, err = process.communicate(timeout=WATCHDOG_SECONDS)
    except subprocess.TimeoutExpired:
        lines = threads_of(process.pid)
        process.kill()
        process.communicate()
        return case.how, [f"{title}: hangs", *lines]
    wrong = []
    if process.returncode != ENDS[case.how] or err:
        wrong.append(f"{title}: status {process.returncode}, not {ENDS[case.how]}: {err.decode(errors='replace')[:2000]}")
    try:
        json.loads(plan.read_text())
    except (OSError, ValueError) as error:
        wrong.append(f"{title}: {error}")
    for path in settings.base.glob(f"{seed}.plan*"):
        path.unlink()
    return case.how, wrong


@dataclass(frozen=True)
class _Check:
    settings: Settings

    def __call__(self, seed: int) -> tuple[str, list[str]]:
        return check_seed(seed, self.settings)


def build(base: Path) -> None:
    """The program and what it opens."""
    (base / "lib.c").write_text(LIBRARY)
    (base / "app.c").write_text(PROGRAM)
    for i in range(LIBRARIES):
        subprocess.run(["gcc", "-w", "-shared", "-fPIC", "-o", f"lib{i}.so", "lib.c"], cwd=base, check=True)
    subprocess.run(["gcc", "-w", "-O1", "-o", "app", "app.c", "-pthread", "-ldl"], cwd=base, check=True)


def main() -> int:
    """Checks all seeds, prints what is wrong and a closing line."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--seeds", default="1-40", metavar="LIST")
    options.add_argument("--bindsim", default="build/bindsim", metavar="PATH")
    options.add_argument("--jobs", type=int, default=2 * (os.cpu_count() or 1))
    arguments = options.parse_args()
    bindsim = str(Path(arguments.bindsim).resolve())
    if reason := unavailable(["gcc"]) or may_not_trace(bindsim):
        print(f"skipped: {reason}")
        return SKIPPED
    ends: Counter[str] = Counter()
    n_wrong = 0
    with tempfile.TemporaryDirectory(prefix="endings-") as directory:
        settings = Settings(bindsim, Path(directory).resolve())
        build(settings.base)
        with multiprocessing.Pool(max(1, arguments.jobs)) as pool:
            for how, wrong in pool.imap_unordered(_Check(settings), parse_seeds(arguments.seeds)):
                ends[how] += 1
                n_wrong += bool(wrong)
                for line in wrong:
                    print(line, flush=True)
    print("ends: " + ", ".join(f"{count} {how}" for how, count in sorted(ends.items())))
    print(f"{ends.total()} programs, {n_wrong} of them wrong")
    return 1 if n_wrong or not ends else 0


if __name__ == "__main__":
    sys.exit(main())
