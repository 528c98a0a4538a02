# SPDX-License-Identifier: MIT
"""What the tests of the HTML page share: objects with harmless and with hostile names, and a reader of pages.

The reader takes no page that a browser would have to mend: each element is closed in its order, attributes and elements
are those that the report is known to write. So a name that breaks out of its place is found whatever it says.
"""

from __future__ import annotations

import json
import sys
from html.parser import HTMLParser
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "cli"))
from harness import CommandLineTest  # noqa: E402  (beside the tests of the command line)

VOID = {"meta", "br", "input", "rect", "path"}
ELEMENTS = VOID | set("html head title style script body header main section form noscript label select option datalist nav ul li"
                      " h1 h2 h3 h4 p pre code em strong small span div a button table thead tbody tr th td details summary"
                      " dl dt dd svg text".split())
ATTRIBUTES = set("lang charset http-equiv content name type class id hidden for role autocomplete spellcheck placeholder list"
                 " value scope href tabindex data-label width height viewbox d x y rx text-anchor transform".split())
SCRIPT, IMAGE, BYTES = '</script><script>alert(1)</script>', '"><img src=x onerror=alert(2)>', b"\xff\xfe<!--<script>"
OBJECT = "<b onclick=x>&amp;'\".so"
# What assemblers take between quotes has no quotes of its own, and no bytes that are none of a character.
PATCHED = {"Q" * len(IMAGE): IMAGE.encode(), "Z" * len(BYTES): BYTES}
MANGLED = "_ZN3geo5ShapeIiE4drawEv"


class Element:
    """An element, its attributes, and what is in it: elements and texts."""

    def __init__(self, name: str, attributes: dict[str, str | None]):
        self.name, self.attributes, self.inside = name, attributes, []

    def text(self) -> str:
        return "".join(part if isinstance(part, str) else part.text() for part in self.inside)

    def all(self, name: str = "", **attributes: str) -> list[Element]:
        """Those called NAME below it with these attributes; "class_" has one of the classes."""
        found = []
        for part in self.inside:
            if isinstance(part, str):
                continue
            own = dict(part.attributes)
            classes = (own.get("class") or "").split()
            if name in ("", part.name) and all(value in classes if key == "class_" else own.get(key) == value
                                               for key, value in attributes.items()):
                found.append(part)
            found += part.all(name, **attributes)
        return found


class Page(HTMLParser):
    """A page that is read."""

    def __init__(self, text: str):
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self.open = [self.root]
        self.declarations = []
        self.feed(text)
        self.close()
        assert len(self.open) == 1, f"not closed: {[element.name for element in self.open]}"
        assert self.declarations == ["DOCTYPE html"], self.declarations

    def handle_decl(self, decl):
        self.declarations.append(decl)

    def handle_comment(self, data):
        raise AssertionError(f"a comment: {data}")

    def handle_pi(self, data):
        raise AssertionError(f"an instruction: {data}")

    unknown_decl = handle_pi

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        assert tag in ELEMENTS, f"an element {tag}"
        assert len(set(names)) == len(names), f"{tag}: {names}"
        unknown = [name for name in names if name not in ATTRIBUTES and not name.startswith("aria-")]
        assert not unknown, f"{tag}: attributes {unknown}"
        element = Element(tag, dict(attrs))
        self.open[-1].inside.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag, attrs):
        assert tag in ("rect", "path"), tag
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag):
        assert self.open[-1].name == tag, f"</{tag}> closes {self.open[-1].name}"
        self.open.pop()

    def handle_data(self, data):
        self.open[-1].inside.append(data)

    def all(self, name: str = "", **attributes: str) -> list[Element]:
        return self.root.all(name, **attributes)

    def one(self, name: str = "", **attributes: str) -> Element:
        (found,) = self.all(name, **attributes)
        return found

    def plans(self) -> list[dict]:
        """The data of each plan: objects, slots, and its bindings as --format=json has them, relocations left out."""
        plans, plan = [], {"bindings": [], "symbols": [], "manners": []}
        for script in self.all("script", class_="bindsim"):
            block = json.loads(script.text())
            if "objects" in block:
                plans.append({**block, "bindings": plan["bindings"]})
                plan = {"bindings": [], "symbols": [], "manners": []}
                continue
            plan["symbols"] += block["symbols"]
            plan["manners"] += block["manners"]
            for referrer, pairs in block["bindings"]:
                for symbol, manner in zip(pairs[::2], pairs[1::2]):
                    name = plan["symbols"][symbol]
                    name = {"symbol": name} if isinstance(name, str) else dict(zip(("symbol", "demangled"), name))
                    plan["bindings"].append({"step": block["step"], "from": referrer, **name, **plan["manners"][manner]})
        return plans


class PageTest(CommandLineTest):
    """An object that defines names, and one that has its own and is bound to them."""

    def setUp(self):
        super().setUp()
        self.program()
        names = [SCRIPT, *PATCHED, MANGLED]
        define = "".join(f'.globl "{name}"\n.type "{name}",@function\n"{name}": ret\n' for name in names[:1] + names[3:])
        refer = ".data\n" + "".join(f'.weak "{name}"\n.quad "{name}"\n' for name in names[1:3])
        refer += "".join(f'.quad "{name}"\n' for name in names[:1] + names[3:])
        calls = "int lazily(void); int use(void) { return lazily(); }"
        self.object("first.so", self.assembly(define) + "int lazily(void) { return 1; }", "-Wl,-z,lazy")
        self.object("second.so", self.assembly(define + refer) + calls, "-Wl,-z,lazy")
        self.object("later.so", "int lazily(void) { return 2; }")
        second = self.directory / "second.so"
        content = second.read_bytes()
        for name, patch in PATCHED.items():
            self.assertIn(name.encode(), content)
            content = content.replace(name.encode(), patch)
        second.write_bytes(content)
        (self.directory / "first.so").rename(self.directory / OBJECT)
        self.ask = ["./app", f"--dlopen=./{OBJECT}:GLOBAL", "--dlopen=./second.so:LAZY", "--dlopen=./absent.so",
                    "--dlopen=./later.so:GLOBAL"]

    @staticmethod
    def assembly(text: str) -> str:
        return '__asm__("' + text.replace('"', '\\"').replace("\n", "\\n") + '.text\\n");\n'

    def page(self, *arguments: str, status: int = 1, **options) -> Page:
        answer = self.bindsim("--format=html", *(arguments or self.ask), **options)
        self.assertEqual(answer.status, status, answer.err)
        return Page(answer.out)

    def document(self, *arguments: str) -> dict:
        return json.loads(self.bindsim("--format=json", *(arguments or self.ask)).out)
