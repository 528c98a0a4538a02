# SPDX-License-Identifier: MIT
"""embed.py FILE NAME OUTPUT: the text of FILE as a C string called NAME."""

import sys
from pathlib import Path


def main() -> None:
    source, name, output = sys.argv[1:]
    text = Path(source).read_bytes()
    rows = [text[i:i + 16] for i in range(0, len(text), 16)]
    lines = ["\t" + " ".join(f"{byte}," for byte in row) for row in rows]
    Path(output).write_text(f"/* made from {Path(source).name} */\nextern const char {name}[];\nconst char {name}[] = {{\n" +
                            "\n".join(lines) + "\n\t0\n};\n", encoding="ascii")


if __name__ == "__main__":
    main()
