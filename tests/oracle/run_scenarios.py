#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the scenarios of scenarios/*.scn: builds their objects and puts each question to the loader and to bindsim.

For every scenario: the real loader must answer as expected (or the expectation is worth nothing), the simulator must
answer as expected, and what both print must agree line by line.
"""

import argparse
import concurrent.futures
import fnmatch
import os
import re
import shutil
import sys
import tempfile
from functools import partial
from pathlib import Path

import loader
from scenarios.expectations import Run, unexpected_outcomes
from scenarios.fixtures import BuildError, Workshop
from scenarios.language import ScenarioError, read_scenarios

HERE = Path(__file__).resolve().parent
INTERPRETER = "/lib64/ld-linux-x86-64.so.2"
SKIPPED = 77
# Functions of ld.so that the C library's own code calls while it starts and when something fails.  A lazy start binds
# them when they are called, which is the library's doing and no part of the question.
LIBRARY_CALLS = re.compile(r"binding file \S*/libc\.so\.6 .* symbol `(__tunable_get_val|_dl_exception_create|"
                           r"_dl_fatal_printf)'")
# Any of the C library's own references, which a lazy start binds when the library comes to them.
OF_LIBRARY = re.compile(r"binding file /lib\S* ")
# What the loader's own options are called in the simulator.
SIMULATOR_OPTIONS = {"--glibc-hwcaps-mask": "--hwcaps-mask", "--glibc-hwcaps-prepend": "--hwcaps-prepend"}


def main():
    options = parse_arguments()
    try:
        scenarios = [scenario for path in sorted((HERE / "scenarios").glob("*.scn"))
                     for scenario in read_scenarios(path) if matches(scenario, options.filter)]
    except ScenarioError as error:
        sys.exit("run_scenarios: %s" % error)
    if options.list:
        for scenario in scenarios:
            print("%-24s %s" % (scenario.place, scenario.title))
        return 0
    if not os.path.exists(INTERPRETER):
        print("run_scenarios: there is no %s to ask" % INTERPRETER)
        return SKIPPED
    version = loader.glibc_version()
    if not loader.can_list_namespaces():
        scenarios = [scenario for scenario in scenarios
                     if not any(step.startswith(("newlm:", "lm:")) for step in scenario.steps)]
    return run_all([scenario for scenario in scenarios if scenario.concerns(version)], options)


def parse_arguments():
    parser = argparse.ArgumentParser(description="Run loader scenarios against the real loader and bindsim.")
    parser.add_argument("--bindsim", default="build/bindsim", help="the simulator (default: %(default)s)")
    parser.add_argument("--real-only", action="store_true", help="only check that the real loader does as expected")
    parser.add_argument("--filter", metavar="GLOB", help="only scenarios whose FILE.scn:LINE or heading matches")
    parser.add_argument("--keep", metavar="DIR", help="build in DIR and leave everything there")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="how many at a time (default: %(default)s)")
    parser.add_argument("--list", action="store_true", help="list the scenarios and do nothing")
    options = parser.parse_args()
    options.bindsim = os.path.abspath(options.bindsim)
    if not (options.real_only or options.list or os.access(options.bindsim, os.X_OK)):
        parser.error("there is no program %s (see --bindsim, --real-only)" % options.bindsim)
    return options


def matches(scenario, glob):
    return glob is None or any(fnmatch.fnmatch(text, pattern) for text in (scenario.place, scenario.title)
                               for pattern in (glob, "*%s*" % glob))


def run_all(scenarios, options):
    """Builds everything, then runs everything, prints what fails and closes with the counts.

    The two do not mix: a program that one thread still writes cannot be started while another thread forks.
    """
    workdir = os.path.realpath(options.keep or tempfile.mkdtemp(prefix="scenarios-"))
    os.makedirs(os.path.join(workdir, "cache"), exist_ok=True)
    workshop = Workshop(os.path.join(workdir, "cache"), HERE / "driver.c")
    failed = 0
    try:
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            directories = [os.path.join(workdir, scenario.place.replace(".scn:", "-")) for scenario in scenarios]
            faults = list(pool.map(partial(build, workshop), scenarios, directories))
            answers = pool.map(partial(ask, options), scenarios, directories, faults)
            for scenario, problems in zip(scenarios, answers):
                failed += bool(problems)
                if problems:
                    print("FAIL %s: %s" % (scenario.place, scenario.title))
                    print("\n".join("  " + line for problem in problems for line in problem.split("\n")))
    finally:
        if not options.keep:
            shutil.rmtree(workdir)
    asked = "the loader" if options.real_only else "the loader and the simulator"
    print("%d scenarios asked of %s: %d passed, %d failed" % (len(scenarios), asked, len(scenarios) - failed, failed))
    return 1 if failed or not scenarios else 0


def build(workshop, scenario, directory):
    """Makes the scenario's files; says what went wrong."""
    shutil.rmtree(directory, ignore_errors=True)
    os.makedirs(directory)
    try:
        workshop.furnish(scenario, directory)
    except (BuildError, OSError) as error:
        return str(error)
    return None


def ask(options, scenario, directory, fault):
    """The problems with one scenario, each a text of one or more lines; none when all is well."""
    if fault:
        return [fault]
    if not scenario.expectations:
        return ["nothing is expected"]
    try:
        return put_question(options, scenario, directory)
    except OSError as error:
        return [str(error)]


def put_question(options, scenario, directory):
    """Runs and checks."""
    question = question_of(scenario, directory)
    real = run_through_loader(question, scenario) if scenario.loader_options else loader.run_real(question)
    if scenario.lazy and not scenario.environment.get("LD_BIND_NOW"):
        real = real.only(lambda line: not LIBRARY_CALLS.search(line))
    if loader.ROOT:
        return compare_only(options, scenario, question, real)
    problems = ["real loader: " + text for text in check(scenario, real, directory, simulated=False)]
    if compared_nothing(real):
        problems.append("real loader: nothing was bound and nothing failed: there is nothing to compare")
    if options.real_only:
        return problems
    simulated = loader.run_simulated(question, options.bindsim)
    problems += ["simulator: " + text for text in check(scenario, simulated, directory, simulated=True)]
    return problems + ["comparison: " + text for text in loader.compare(real, simulated)]


def compare_only(options, scenario, question, real):
    """Under another C library the expectations need not hold; that both sides agree is what counts."""
    simulated = loader.run_simulated(question, options.bindsim)
    if scenario.lazy:
        real, simulated = (side.only(lambda line: not OF_LIBRARY.search(line)) for side in (real, simulated))
    return ["comparison: " + text for text in loader.compare(real, simulated)]


def question_of(scenario, directory):
    driven = scenario.program.with_libc
    environment = {name: value.replace("$DIR", directory) for name, value in scenario.environment.items()}
    return loader.Question(
        program="./" + os.path.relpath(scenario.program.path, scenario.directory),
        steps=tuple(step.replace("$DIR", directory) for step in scenario.steps), env=environment,
        cwd=os.path.join(directory, scenario.directory), categories=tuple(scenario.categories),
        bind_now=not scenario.lazy, driver=driven, extra=tuple(simulator_options(scenario)))


def simulator_options(scenario):
    for option in scenario.loader_options:
        name, equals, value = option.partition("=")
        yield SIMULATOR_OPTIONS.get(name, name) + equals + value


def run_through_loader(question, scenario):
    """Starts the program as `ld.so OPTIONS PROGRAM`, the only way to give the loader options."""
    options = [word for option in scenario.loader_options for word in option.split("=", 1)]
    command = [INTERPRETER, *options, question.program, *loader.driver_arguments(question)]
    process = loader.start(command, question)
    stderr = process.communicate()[1].decode("utf-8", "surrogateescape").splitlines()
    return loader.read_real(question, stderr, process)


def check(scenario, transcript, directory, simulated):
    """Complaints about one run."""
    if not transcript.blocks:
        return ["it printed nothing: " + "; ".join(transcript.messages[:3])]
    run = Run(transcript, directory, simulated)
    complaints = unexpected_outcomes(scenario.expectations, run)
    for expectation in scenario.expectations:
        complaints += expectation.complaints(run)
    return complaints


def compared_nothing(transcript):
    return not any(block.lines or block.outcome != loader.OK for block in transcript.blocks)


if __name__ == "__main__":
    sys.exit(main())
