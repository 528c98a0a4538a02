# SPDX-License-Identifier: MIT
"""What comparing random graphs came to."""

from __future__ import annotations

from dataclasses import dataclass, field

from musl import CRASHED, NOT_REACHED, Question, Transcript


@dataclass
class Result:
    """What comparing came to, for a seed or for all."""

    plans: int = 0
    steps: int = 0
    within: int = 0
    refused: int = 0
    crashes: int = 0
    bindings: int = 0
    reports: list[str] = field(default_factory=list)

    def add(self, other: Result) -> None:
        for name in ("plans", "steps", "within", "refused", "crashes", "bindings", "reports"):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def note(self, question: Question, real: Transcript) -> None:
        """Counts one plan that was carried out."""
        within = set(range(len(question.numbered()) + 1)) - set(question.outer())
        self.plans += 1
        self.steps += sum(block.outcome != NOT_REACHED for block in real.blocks)
        self.within += sum(block.step in within and block.outcome != NOT_REACHED for block in real.blocks)
        self.refused += sum(block.outcome.startswith("failed") for block in real.blocks)
        self.crashes += sum(block.outcome == CRASHED for block in real.blocks)
        self.bindings += sum("binding file " in line for block in real.blocks for line in block.lines)

    def close(self, graphs: int) -> int:
        """Prints the closing line; the exit status."""
        print(f"{graphs} graphs, {self.plans} plans, {self.steps} steps ({self.within} by constructors, {self.refused} "
              f"refused, {self.crashes} ended the process), {self.bindings} bindings compared, {len(self.reports)} "
              "differences")
        return 1 if self.reports or not self.bindings else 0
