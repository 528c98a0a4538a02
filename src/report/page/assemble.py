# SPDX-License-Identifier: MIT
"""assemble.py PAGE STYLE SCRIPT OUTPUT: PAGE with the style sheet, the script and the policy that allows these two alone.

All files are ASCII: what they hold does not depend on how a page is read.
"""

import base64
import hashlib
import sys
from pathlib import Path


def source(text: str) -> str:
    """What a Content-Security-Policy calls the inline TEXT."""
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def main() -> None:
    page, style, script = (Path(name).read_text(encoding="ascii") for name in sys.argv[1:4])
    policy = f"default-src 'none'; style-src {source(style)}; script-src {source(script)}; base-uri 'none'; form-action 'none'"
    for name, text in (("policy", policy), ("style", style), ("script", script)):
        page = page.replace("{{" + name + "}}", text)
    Path(sys.argv[4]).write_text(page, encoding="ascii")


if __name__ == "__main__":
    main()
