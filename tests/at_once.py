# SPDX-License-Identifier: MIT
"""Tests that mostly wait do so at once.

    from at_once import load_tests  # noqa: F401

A module that has this runs all its tests in threads, a few dozen at a time. Each has its own instance, as always, so that
what setUp() makes is the test's own; what is set up for a class or a module is not, and such tests are refused.
"""

from __future__ import annotations

import concurrent.futures
import unittest

THREADS = 32  # the tests wait: that there are fewer processors does not matter


class AtOnce(unittest.TestSuite):
    """Tests that run in threads, and are told of in their order."""

    def run(self, result: unittest.TestResult, debug: bool = False) -> unittest.TestResult:
        tests = list(flat(self))
        for test in tests:
            if has_fixture(type(test)):
                raise RuntimeError(f"{test.id()}: its class is set up, which threads would not wait for")
        with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
            for test, own in zip(tests, pool.map(run_alone, tests)):
                tell(result, test, own)
        return result


def flat(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from flat(test)
        else:
            yield test


def has_fixture(kind: type) -> bool:
    return any(getattr(kind, name).__func__ is not getattr(unittest.TestCase, name).__func__
               for name in ("setUpClass", "tearDownClass") if hasattr(kind, name))


def run_alone(test: unittest.TestCase) -> unittest.TestResult:
    own = unittest.TestResult()
    test.run(own)
    return own


def tell(result: unittest.TestResult, test: unittest.TestCase, own: unittest.TestResult) -> None:
    """Adds what OWN has of TEST to RESULT."""
    result.startTest(test)
    if own.wasSuccessful() and not own.skipped:
        result.addSuccess(test)
    for _, reason in own.skipped:
        result.addSkip(test, reason)
    result.errors += own.errors
    result.failures += own.failures
    result.stopTest(test)


def load_tests(loader, tests, pattern) -> unittest.TestSuite:  # pylint: disable=unused-argument
    """What unittest asks for in a module that has it."""
    return AtOnce(tests)
