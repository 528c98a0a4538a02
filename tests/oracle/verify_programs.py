#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs installed programs by `bindsim verify --run`, with --version or --help, and reports what does not agree.

    verify_programs.py --bindsim build/bindsim [--sample N] [PROGRAM...]

What a program opens itself is not in the plan: verify must say so first, as a missing step, and nothing else may disagree
but what follows from that.  Such a program is run once more, its log becomes a plan by `bindsim log --format=plan`, and with
that plan the log must agree.  Without PROGRAMs those of /usr/bin are run but for some that do more than print.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from loader import SKIPPED, unavailable
from system_programs import find_programs, sample

SECONDS = 10
# Programs that do something whatever they are told, or that change what others do.
NEVER = {"yes", "sleep", "kill", "pkill", "killall", "reboot", "shutdown", "halt", "poweroff", "init", "telinit", "systemctl",
         "su", "sudo", "login", "newgrp", "sg", "script", "Xorg", "startx", "setsid", "nohup", "dbus-daemon", "gdbserver",
         "mesg", "wall", "write", "chfn", "chsh", "passwd", "systemd-run", "screen", "tmux", "ssh-agent", "gpg-agent"}


@dataclass
class Result:
    """How one run compared."""

    command: str
    status: int = 0
    agreed: int = 0
    missing: int = 0
    planned: int = 0
    causes: Counter[str] = field(default_factory=Counter)
    report: str = ""
    trouble: str = ""


def told(document: dict, without: tuple[str, ...]) -> str:
    """The causes but for those WITHOUT, with examples."""
    return "\n".join(f"  {cause['cause']}: {cause['words']} ({cause['n']})" + "".join(
        f"\n      {line['kind']} {line['from']} {line['name']}: {line['loader']} / {line['simulation']}"
        for line in cause["disagreements"][:3]) for cause in document["causes"] if cause["cause"] not in without)


@dataclass(frozen=True)
class Run:
    """One program with one argument."""

    bindsim: str

    def __call__(self, job: tuple[str, str]) -> Result:
        program, argument = job
        result = Result(f"{program} {argument}")
        with tempfile.TemporaryDirectory(prefix="verify-programs-") as directory:
            environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "HOME": directory, "TERM": "dumb",
                           "TMPDIR": directory}
            words = [self.bindsim, "verify", "--run", f"--timeout={SECONDS}", "--format=json", f"--argument={argument}", program]
            try:
                done = subprocess.run(words, env=environment, cwd=directory, stdin=subprocess.DEVNULL, capture_output=True,
                                      check=False, timeout=6 * SECONDS)
            except subprocess.TimeoutExpired:
                result.trouble = "no end"
                return result
        message = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        result.status = done.returncode
        if done.returncode not in (0, 1):
            result.trouble = " ".join(message)
            return result
        document = json.loads(done.stdout)
        result.agreed = sum(part["agree"] for part in document["parts"])
        result.causes = Counter(cause["cause"] for cause in document["causes"])
        result.missing = result.causes.pop("missing-step", 0)
        if result.causes:
            result.report = told(document, ("missing-step",))
        elif result.missing:
            self.by_its_own_plan(result, program, argument)
        return result

    def by_its_own_plan(self, result: Result, program: str, argument: str) -> None:
        """The log of one more run, as a plan, must agree with itself."""
        with tempfile.TemporaryDirectory(prefix="verify-programs-") as directory:
            environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "HOME": directory, "TERM": "dumb"}
            debug = {"LD_DEBUG": "bindings,files,libs,reloc,scopes,versions", "LD_DEBUG_OUTPUT": f"{directory}/log"}
            with subprocess.Popen([program, argument], env={**environment, **debug}, cwd=directory, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
                try:
                    process.wait(SECONDS)
                except subprocess.TimeoutExpired:
                    process.kill()
            log = f"{directory}/log.{process.pid}"
            plan = subprocess.run([self.bindsim, "log", "--format=plan", log], env=environment, cwd=directory,
                                  capture_output=True, check=False, timeout=6 * SECONDS)
            done = subprocess.run([self.bindsim, "verify", "--log", log, "--plan=-", "--format=json"], env=environment,
                                  cwd=directory, input=plan.stdout, capture_output=True, check=False, timeout=6 * SECONDS)
        if done.returncode == 0:
            result.planned = 1
        elif done.returncode == 1:
            result.report = "  by the plan of its log:\n" + told(json.loads(done.stdout), ())
        else:
            result.report = f"  by the plan of its log: {plan.stderr.decode()}{done.stderr.decode()}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("programs", nargs="*", metavar="PROGRAM")
    parser.add_argument("--bindsim", default="build/bindsim", metavar="PATH")
    parser.add_argument("--sample", type=int, default=0, metavar="N", help="only N programs, the same each time")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    if not Path(arguments.bindsim).exists():
        print(f"{arguments.bindsim}: no such program", file=sys.stderr)
        return 2
    if reason := unavailable():
        print(f"skipped: {reason}")
        return SKIPPED
    found, _ = find_programs(arguments.programs or ["/usr/bin"])
    programs = [program for program, _ in sample(found, arguments.sample) if os.path.basename(program) not in NEVER]
    jobs = [(program, argument) for program in programs for argument in ("--version", "--help")]
    total, agreed, with_steps, planned, differing, troubles = 0, 0, 0, 0, 0, Counter()
    with multiprocessing.Pool(max(1, arguments.jobs)) as pool:
        for result in pool.imap(Run(str(Path(arguments.bindsim).resolve())), jobs):
            total += 1
            agreed += result.agreed
            with_steps += result.missing > 0
            planned += result.planned
            if result.trouble:
                troubles[result.trouble.partition(": ")[2].partition(": ")[0]] += 1
                print(f"{result.command}: {result.trouble}", flush=True)
            if result.report:
                differing += 1
                print(f"{result.command}:\n{result.report}", flush=True)
    print(f"{total} runs of {len(programs)} programs, {agreed} lines agree, {with_steps} open what no plan tells, "
          f"{planned} of them agree with the plan of their log, "
          f"{sum(troubles.values())} could not be held, {differing} differ otherwise")
    if not agreed:
        print("nothing was compared", file=sys.stderr)
        return 1
    return 1 if differing or troubles else 0


if __name__ == "__main__":
    sys.exit(main())
