# SPDX-License-Identifier: MIT
"""The functions of the headers, called from Python: what a parameter is, is read from the declarations."""

from __future__ import annotations

import ctypes
import os
import re
import unittest

from case import LIBRARY, ROOT, SANITIZED, LibraryTest

HEADERS = sorted((ROOT / "include/bindsim").glob("*.h"))
NONE = 2**32 - 1
SIMPLE = {"void": None, "int": ctypes.c_int, "size_t": ctypes.c_size_t, "uint32_t": ctypes.c_uint32, "uint64_t": ctypes.c_uint64}


def declarations() -> list[tuple[str, str, list[str]]]:
    """Each function: what it returns, its name, its parameters."""
    text = "".join(path.read_text() for path in HEADERS)
    text = re.sub(r"/\*.*?\*/|^\s*#[^\n]*(\\\n[^\n]*)*", "", text, flags=re.DOTALL | re.MULTILINE)
    found = []
    for part in re.findall(r"BINDSIM_API\b([^;]*);", text):
        words = " ".join(part.split())
        returned, name, parameters = re.fullmatch(r"(.*?)\b(bindsim_\w+)\((.*)\)", words).groups()
        found.append((returned.strip(), name, [p.strip() for p in parameters.split(",")]))
    return found


def declared() -> list[str]:
    return sorted(name for _, name, _ in declarations())


def type_of(words: str) -> type | None:
    """A declaration without what it declares, as ctypes has it."""
    words = re.sub(r"\bconst\b", "", words)
    if re.match(r" *char \*$", words):
        return ctypes.c_char_p
    if "*" in words or "_function" in words:
        return ctypes.c_void_p
    words = words.strip()
    return ctypes.c_int if words.startswith("enum ") else SIMPLE[words]


class Problem(Exception):
    """What a function left in its error; STATUS, FILE, PLACE and REASON are its parts."""

    def __init__(self, library: Library, status: int, error: ctypes.c_void_p) -> None:
        self.status = status
        self.file, self.place, self.reason = (getattr(library, f"error_{part}")(error) for part in ("file", "place", "reason"))
        super().__init__(library.error_message(error) or library.status_text(status))
        library.error_free(error)


class Library:
    """bindsim_NAME() as NAME. One that ends in an error raises it; what it hands over is returned."""

    def __init__(self) -> None:
        self.library = ctypes.CDLL(str(LIBRARY))
        for returned, name, parameters in declarations():
            setattr(self, name.removeprefix("bindsim_"), self.function(returned, name, parameters))

    def function(self, returned: str, name: str, parameters: list[str]):
        function = getattr(self.library, name)
        if parameters == ["void"]:
            parameters = []
        function.argtypes = [type_of(re.sub(r"\b\w+$", "", parameter)) for parameter in parameters]
        function.restype = type_of(returned)
        has_error = "struct bindsim_error **error" in parameters
        handles = [i for i, parameter in enumerate(parameters) if re.search(r"\*\*ret_\w+$", parameter)]

        def call(*given):
            error, ret = ctypes.c_void_p(), ctypes.c_void_p()
            words = [os.fsencode(word) if isinstance(word, str) else word for word in given]
            for i in handles:
                words.insert(i, ctypes.byref(ret))
            while len(words) < len(parameters) - has_error:
                words.append(None)  # a length that nobody wants
            status = function(*words, *([ctypes.byref(error)] if has_error else []))
            if isinstance(status, bytes):
                return os.fsdecode(status)
            if returned == "enum bindsim_status" and name != "bindsim_error_status":
                if status:
                    raise Problem(self, status, error)
                return ret
            return status

        return call

    def text(self, written: ctypes.c_void_p) -> str:
        """What a function wrote, which is given back."""
        text = ctypes.string_at(written.value).decode()
        ctypes.CDLL(None).free(written)
        return text

    def plan(self, executable: str, *steps: str, **members: str) -> ctypes.c_void_p:
        """EXECUTABLE, which opens STEPS."""
        plan = self.plan_new()
        for member, value in {"executable": executable, **members}.items():
            self.plan_set(plan, member, value)
        for words in steps:
            self.plan_step(plan, "dlopen", words)
        return plan

    def each(self, of, count: str, record: str) -> list:
        """The records of OF."""
        return [getattr(self, record)(of, i) for i in range(getattr(self, count)(of))]


@unittest.skipIf(SANITIZED, "Python has no address sanitizer")
class AskingTest(LibraryTest):
    """Tests that ask LIB. Names of files are those that are seen from the directory of the examples."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.lib = Library()
        cls.addClassCleanup(os.chdir, os.getcwd())
        os.chdir(cls.directory)
