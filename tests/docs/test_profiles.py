#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bindsim-profiles(7) says of each profile what `bindsim loaders` says.

    test_profiles.py --update    writes it anew, to be read as a diff
"""

import re
import sys
import unittest

import pages
import project

MAN = project.ROOT / "man/bindsim-profiles.7"
MARKS = ('.\\" {}: begin\n', '.\\" {}: end\n')


def escaped(words):
    """A line of mdoc."""
    return re.sub(r"^(?=[.'])", r"\\&", words.replace("\\", "\\e"))


def mdoc(name):
    """A profile's rows, and its switches."""
    rows = re.search(rf"^{name}( .*)?\n((?:  .*\n)*)", project.run("loaders").stdout, re.MULTILINE)
    out = ".Bl -tag -width \"rules from\"\n"
    if rows[1]:
        out += f".It releases\n{escaped(rows[1].strip())}\n"
    for what, how in re.findall(r"^  (\S.*?)  +(\S.*)$", rows[2], re.MULTILINE):
        if what != "switches":
            out += f".It {what}\n{escaped(how)}\n"
    out += ".El\n"
    switches = re.findall(rf"^({name}\.[\w-]+) +(.*)\n((?:    .*\n)*)", project.run("loaders", name).stdout, re.MULTILINE)
    if switches:
        out += ".Pp\nIts switches, with the value that each has by default:\n.Bl -tag -width indent\n"
        for key, value, words in switches:
            out += f".It Cm {key}\n{escaped(value)}\n" + "".join(f".br\n{escaped(line.strip())}\n" for line in words.splitlines())
        out += ".El\n"
    else:
        out += ".Pp\nIt has no switches.\n"
    return out


class PageTest(unittest.TestCase):
    """The page and the tool."""

    maxDiff = None

    def test_it_says_what_the_tool_says(self):
        text = now = MAN.read_text()
        for name in re.findall(r"^(\w+)", project.run("loaders").stdout, re.MULTILINE):
            now = pages.put_between(now, f"loaders {name}", mdoc(name), *MARKS)
        now = pages.wrap(now)
        if "--update" in sys.argv:
            MAN.write_text(now)
        else:
            self.assertEqual(text, now)


if __name__ == "__main__":
    unittest.main(argv=[word for word in sys.argv if word != "--update"])
