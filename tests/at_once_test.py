#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What runs at once is told of as if it had run one after the other."""

import threading
import unittest

from at_once import AtOnce


class Example(unittest.TestCase):
    """Two of them wait for each other."""

    meeting = threading.Barrier(2)

    def first(self):
        self.meeting.wait(60)

    def second(self):
        self.meeting.wait(60)

    def wrong(self):
        self.assertEqual(1, 2)

    def broken(self):
        raise OSError("broken")

    def partly_wrong(self):
        for number in range(3):
            with self.subTest(number):
                self.assertEqual(number, 1)

    def left_out(self):
        self.skipTest("a reason")


class Prepared(unittest.TestCase):
    """Has what threads would not wait for."""

    @classmethod
    def setUpClass(cls):
        pass

    def nothing(self):
        pass


class AtOnceTest(unittest.TestCase):
    """The suite."""

    def run_tests(self, *names):
        result = unittest.TestResult()
        AtOnce([AtOnce(map(Example, names))]).run(result)
        self.assertEqual(result.testsRun, len(names))
        return result

    def test_at_once(self):
        self.assertTrue(self.run_tests("first", "second").wasSuccessful())

    def test_what_fails_is_told(self):
        result = self.run_tests("wrong", "broken", "partly_wrong")
        self.assertFalse(result.wasSuccessful())
        self.assertEqual(len(result.failures), 3)
        self.assertIn("OSError: broken", result.errors[0][1])

    def test_what_is_left_out_is_told(self):
        self.assertEqual([reason for _, reason in self.run_tests("left_out").skipped], ["a reason"])

    def test_preparations_are_refused(self):
        with self.assertRaises(RuntimeError):
            AtOnce([Prepared("nothing")]).run(unittest.TestResult())


if __name__ == "__main__":
    unittest.main()
