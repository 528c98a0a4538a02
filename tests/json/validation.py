# SPDX-License-Identifier: MIT
"""Validates documents against schemas.

By jsonschema-rs, which scripts/test.sh lays into build-test/python: it looks at megabytes within milliseconds. Where
it cannot be had jsonschema does the same a thousand times slower (QUICK is False), and where neither is VALIDATES is
False and nothing can be judged.
"""

import contextlib
import sys
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "build-test" / "python"))

jsonschema_rs = Draft202012Validator = None
try:
    import jsonschema_rs
except ImportError:
    # To import it takes longer than many a test.
    with contextlib.suppress(ImportError):
        import jsonschema
        from jsonschema import Draft202012Validator

QUICK = jsonschema_rs is not None
VALIDATES = QUICK or Draft202012Validator is not None
WHY_NOT = "there is neither jsonschema-rs nor jsonschema with draft 2020-12"


class Validator:
    """Holds documents against SCHEMA, of draft 2020-12 or, if ANY_DRAFT, of the one that it names."""

    def __init__(self, schema, any_draft=False):
        if not VALIDATES:
            raise unittest.SkipTest(WHY_NOT)
        if QUICK:
            jsonschema_rs.meta.validate(schema)
            make = jsonschema_rs.validator_for if any_draft else jsonschema_rs.Draft202012Validator
        else:
            make = jsonschema.validators.validator_for(schema) if any_draft else Draft202012Validator
            make.check_schema(schema)
        self.validator = make(schema)

    def problems(self, document):
        """What is wrong with DOCUMENT, a sentence each."""
        for error in self.validator.iter_errors(document):
            yield "%s: %s" % (list(error.instance_path if QUICK else error.absolute_path), error.message[:300])

    def is_valid(self, document):
        return self.validator.is_valid(document)
