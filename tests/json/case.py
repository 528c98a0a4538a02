# SPDX-License-Identifier: MIT
"""What the tests of the JSON formats share: a directory of fixtures, and questions about them."""

import argparse
import os
import shutil
import sys
import tempfile
import unittest

import reports
import validation
from fixtures import Workshop, furnish

OPTIONS = argparse.Namespace(bindsim=None, compiler=["gcc"])


def setUpModule():
    """All tests share one directory of fixtures."""
    Case.directory = os.path.realpath(tempfile.mkdtemp(prefix="json-test-"))
    unittest.addModuleCleanup(shutil.rmtree, Case.directory)
    Case.shop = Workshop(Case.directory, OPTIONS.compiler)
    Case.schemas = reports.Schemas()
    furnish(Case.shop)


class Case(unittest.TestCase):
    """Asks questions about the fixtures."""

    directory = shop = schemas = lines = None

    def ask(self, *arguments, options=("--show=" + reports.PARTS,)):
        """The document that answers, after all that must hold for any was checked."""
        answer = reports.Answer(OPTIONS.bindsim, arguments, self.directory, options)
        self.assertIsNotNone(answer.document, "no answer: %s" % (arguments,))
        problems = list(answer.problems(self.schemas))
        self.assertFalse(problems, "%s: %s" % (arguments, "\n".join(problems[:5])))
        self.lines = answer.lines
        return answer.document

    def binding(self, document, symbol, **members):
        found = [entry for step in document["steps"] for entry in step["bindings"] if entry["symbol"] == symbol
                 and all(entry.get(key) == value for key, value in members.items())]
        self.assertEqual(len(found), 1, "%s: %s" % (symbol, found))
        return found[0]

    @staticmethod
    def name(document, number):
        return number if number is None else os.path.basename(document["objects"][number]["name"])


def main(description):
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--bindsim", default="build/bindsim", type=os.path.abspath)
    parser.add_argument("--compiler", default="gcc", type=str.split)
    parser.add_argument("rest", nargs="*")
    parser.parse_args(namespace=OPTIONS)
    if not validation.VALIDATES:
        print(validation.WHY_NOT)
        return reports.SKIPPED
    return not unittest.main(argv=[sys.argv[0], *OPTIONS.rest], exit=False).result.wasSuccessful()
