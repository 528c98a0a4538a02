# SPDX-License-Identifier: MIT
"""The seeds that tests of random cases are given."""


def parse_seeds(text: str) -> list[int]:
    """`3`, `1-40`, `5,9,20-30`."""
    seeds: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        seeds += range(int(first), int(last or first) + 1)
    return seeds
