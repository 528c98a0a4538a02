#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`bindsim --pid` of a process that waits, against the log that its loader wrote."""

import json
import re
import subprocess

import case
from case import RecordTest
from harness import environment

_BINDING = re.compile(r"\s*\d+:\tbinding file (\S+) \[\d+\] to (\S+) \[\d+\]: \S+ symbol `([^']*)'")


class WaitingTest(RecordTest):
    """It is read where it runs."""

    def test_slots(self):
        """Those of what was opened hold what the log has, and nothing differs from the simulation."""
        self.library("libhook.so", "int hook(void) { return 1; } int data;")
        self.library("libuser.so", "int hook(void); extern int data; int use(void) { return hook() + data; }", "./libhook.so")
        self.executable("app", 'int main(void) { if (!dlopen("./libuser.so", RTLD_NOW)) return 1;'
                        ' puts("ready"); fflush(stdout); getchar(); return 0; }')
        process = subprocess.Popen([*self.place.before, "/usr/bin/env", "LD_DEBUG=bindings", "./app"], cwd=self.directory,
                                   env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(process.stdout.readline(), b"ready\n")
        answer = self.bindsim("--pid", str(process.pid), "--format=json", "--show=contents")
        log = process.communicate(b"\n", timeout=case.TIMEOUT_SECONDS)[1].decode()
        self.assertEqual((process.returncode, answer.status), (0, 0), answer.err)
        read = json.loads(answer.out)["process"]
        self.assertEqual((read["counts"]["differ"], read["counts"]["patched"]), (0, 0))
        self.assertGreater(read["counts"]["agree"], 10)
        names = [made["name"] or "./app" for made in read["objects"]]
        held = {(names[slot["from"]], names[slot["to"]], slot["symbol"]) for slot in read["contents"] if slot["holds"] == "bound"}
        real = {match.groups() for line in log.splitlines() if (match := _BINDING.match(line)) and match[1] == "./libuser.so"}
        self.assertEqual({of for of in held if of[0] == "./libuser.so"}, real)
        self.assertIn(("./libuser.so", "./libhook.so", "hook"), real)


if __name__ == "__main__":
    case.main()
