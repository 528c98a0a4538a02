# SPDX-License-Identifier: MIT
"""What bench.py measured, for docs/performance.md: tables in Markdown and a plot by gnuplot."""

from __future__ import annotations

import subprocess
from pathlib import Path

BEGIN, END = "<!-- what bench.py measured -->\n", "<!-- end of it -->\n"


def plot_growth(growth: dict[str, list[float]], path: Path) -> None:
    """Each line begins at 1: what doubles at every step to the right of it, and the time that it takes."""
    data = ""
    for name, times in growth.items():
        points = "".join(f"{2 ** step} {seconds / times[0]:.3f}\n" for step, seconds in enumerate(times))
        data += f"${name} << EOD\n{points}EOD\n"
    lines = ", ".join(f"${name} with linespoints linewidth 2 title '{name}'" for name in growth)
    script = (f"{data}set terminal svg size 640,420 font 'sans,13'\nset output '{path}'\nset logscale xy 2\nset key left\n"
              "set xlabel 'size'\nset ylabel 'CPU time'\nset xrange [1:4]\nset yrange [0.9:4.5]\n"
              f"plot x with lines dashtype 2 linecolor 'gray' title 'linear', {lines}\n")
    subprocess.run(["gnuplot"], input=script, text=True, check=True)


def markdown(machine: str, rows: list, again: list[tuple[str, int, float, float]], growth: dict[str, list[float]],
             runs: int) -> str:
    """The tables as docs/performance.md has them."""
    text = [f"{machine}; medians of {runs} interleaved pairs.\n\n",
            "| bindsim | program | objects | ms | against | ms | wall | CPU | target | MiB | MiB |\n",
            "| --- | --- | ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n"]
    for row in rows:
        against = "`ldd -r`" if row.what == "report" else "`LD_DEBUG=bindings`"
        target = "" if row.target is None else f"{row.target:.2f}{'' if row.wall_ratio <= row.target else ' missed'}"
        cells = (row.what, row.program, row.objects, f"{row.wall * 1e3:.1f}", against, f"{row.other_wall * 1e3:.1f}",
                 f"{row.wall_ratio:.3f}", f"{row.cpu_ratio:.3f}", target, f"{row.memory / 1024:.1f}",
                 f"{row.other_memory / 1024:.1f}")
        text.append(f"| {' | '.join(map(str, cells))} |\n")
    if again:
        text += ["\nThe same question again, on images that are loaded:\n\n",
                 "| program | objects | first, ms | again, ms | ratio |\n| --- | ---: | ---: | ---: | ---: |\n"]
        text += [f"| {name} | {objects} | {first:.1f} | {more:.1f} | {more / first:.2f} |\n"
                 for name, objects, first, more in again]
    text += ["\nCPU time when this doubles, and doubles again (2 is linear; of the length of scopes, 1):\n\n",
             "| | ms | ms | ms | ratios |\n| --- | ---: | ---: | ---: | --- |\n"]
    for name, times in growth.items():
        factors = ", ".join(f"{after / before:.2f}" for before, after in zip(times, times[1:]))
        text.append(f"| {name} | " + " | ".join(f"{seconds * 1e3:.1f}" for seconds in times) + f" | {factors} |\n")
    return "".join(text)


def replace_tables(path: Path, tables: str) -> None:
    """Between the two marks in PATH."""
    before, _, rest = path.read_text().partition(BEGIN)
    path.write_text(before + BEGIN + "\n" + tables + "\n" + END + rest.partition(END)[2])
