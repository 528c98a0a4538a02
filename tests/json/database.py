# SPDX-License-Identifier: MIT
"""Reads what --format=sqlite writes back as the document of --format=json that it amounts to.

Nothing is compared table by table: the whole document is made anew of the rows, and must be the one that bindsim wrote,
but for the few members that no table has (LEFT_OUT).
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

try:
    import sqlite3
except ImportError:
    sqlite3 = None

# As schema.sql names the parts of a message; what the plan said, word for word.
LEFT_OUT = {"step": ("spelled", "caller", "dlopen_note"), "message": ("failure",), "document": ("assumptions", "on_demand", "waiting"),
            "finding": ("help",)}
STEP_COUNTS = ("objects", "bindings", "first_call", "local", "weak_unresolved", "undefined")
RUN_COUNTS = (*STEP_COUNTS, "refused", "errors", "warnings", "notes")
FINDING_COUNTS = ("symbols", "functions", "data", "weak", "replaceable", "first_call", "inside")
DISPOSITIONS = ("counts", "below", "suppressed", "baseline")
QUESTION = ("argv0", "loader", "loader_title", "machine", "interp", "root", "cwd", "bind_now", "secure", "library_path",
            "preload", "inhibit_cache", "inhibit_rpath", "cpu", "platform", "hwcaps_mask", "hwcaps_prepend")
OPTIONAL = ("definition_version", "before", "instead", "slot", "disposition", "excuse")


class Database:
    """A file of --format=sqlite."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.connection = sqlite3.connect(path, check_same_thread=False)  # one after the other
        self.connection.row_factory = sqlite3.Row

    @classmethod
    def of(cls, content: bytes) -> Database:
        """The same of the bytes of one."""
        with tempfile.TemporaryDirectory(prefix="bindsim-db-") as directory:
            path = Path(directory) / "db"
            path.write_bytes(content)
            found = cls(":memory:")
            stored = sqlite3.connect(path)
            stored.backup(found.connection)
            stored.close()
        return found

    def close(self) -> None:
        self.connection.close()

    def rows(self, sql: str, *values) -> list[dict]:
        return [dict(row) for row in self.connection.execute(sql, values)]

    def problems(self) -> list[str]:
        """What SQLite finds wrong, foreign keys included."""
        found = [row[0] for row in self.connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
        return found + [f"foreign key: {tuple(row)}" for row in self.connection.execute("PRAGMA foreign_key_check")]

    def document(self, parts: list[str], run: int = 1) -> dict:
        """The document of --format=json, as far as PARTS are asked for."""
        return Run(self, run, parts).document()


def ask(bindsim: str, arguments: list, cwd: str | os.PathLike[str] = ".") -> Database | None:
    """What bindsim answers; None where nothing is answered, or nobody has SQLite."""
    done = subprocess.run([bindsim, "--format=sqlite", *arguments], cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True,
                          check=False, env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"})
    return Database.of(done.stdout) if sqlite3 and done.returncode in (0, 1) else None


def unsigned(number: int | None) -> int | None:
    return number if number is None else number & (1 << 64) - 1


def split(text: str | None) -> list[str]:
    return text.split(",") if text else []


class Run:
    """One run of a database."""

    def __init__(self, database: Database, run: int, parts: list[str]) -> None:
        self.database = database
        self.number = run
        (self.row,) = self.rows("SELECT * FROM runs WHERE run = ?")
        self.parts = [part for part in split(self.row["parts"]) if part in parts]

    def rows(self, sql: str, *values) -> list[dict]:
        """Of the run, which is the first parameter."""
        return self.database.rows(sql, self.number, *values)

    def of_step(self, table: str, step: int, order: str = "position") -> list[dict]:
        rows = self.rows(f"SELECT * FROM {table} WHERE run = ? AND step = ? ORDER BY {order}", step)
        return [{key: value for key, value in row.items() if key not in ("run", "step", "position")} for row in rows]

    def symbol(self, row: dict) -> dict:
        """The members of a symbol, from columns of the table symbols."""
        return {"symbol": row["name"], **({"demangled": row["demangled"]} if row["demangled"] is not None else {})}

    # ---- the whole ---------------------------------------------------------------------------------------------------

    def document(self) -> dict:
        row = self.row
        (about,) = self.database.rows("SELECT * FROM document")
        made = {"tool": {"name": about["tool"], "version": about["tool_version"]}, "question": self.question(),
                "parts": self.parts,
                "filter": {name: row["filter_" + name] for name in ("symbol", "from", "to")},
                "steps": [self.step(step) for step in self.rows("SELECT * FROM steps WHERE run = ? ORDER BY step")],
                "objects": self.objects(), "diagnostics": self.diagnostics(),
                "outcome": row["outcome"], "reason": row["reason"], "fail_on": row["fail_on"],
                "counts": {**{name: row[name] for name in RUN_COUNTS}, "suppressed": row["left_out"]}}
        if row["verdict"]:
            made["verdict"] = {"outcome": row["verdict"], "policy": row["policy"], "plan": row["plan"],
                               **{name: row[name] for name in DISPOSITIONS}, "gone": self.gone()}
        if {"bindings", "slots"} & set(self.parts):
            made["slots"] = self.slots()
        for part, read in (("findings", self.findings), ("suppressed", self.suppressed), ("dlopen-notes", self.notes)):
            if part in self.parts:
                made[part.replace("-", "_")] = read()
        return made

    def question(self) -> dict:
        row = self.row
        variables = {kind: [{"name": entry["name"], "value": entry["value"]} for entry in self.rows(
            "SELECT * FROM variables WHERE run = ? AND kind = ? ORDER BY position", kind)] for kind in ("environment", "setting")}
        return {"executable": row["program"], **{name: row[name] for name in QUESTION},
                **({"ldconfig": True} if row["ldconfig"] else {}),
                "settings": variables["setting"], "environment": variables["environment"],
                "steps": [self.call(step) for step in self.rows("SELECT * FROM steps WHERE run = ? AND step > 0 ORDER BY step")],
                "blocks": [{"number": entry["block"], "object": entry["object"]} for entry in self.rows(
                    "SELECT * FROM blocks WHERE run = ? ORDER BY block")]}

    # ---- steps -------------------------------------------------------------------------------------------------------

    def call(self, row: dict) -> dict:
        made = {"number": row["step"], "kind": row["kind"], "block": row["block"]}
        kind = row["kind"]
        if kind in ("dlopen", "dlmopen"):
            made |= {"file": row["file"], "flags": split(row["flags"]), "number_flags": unsigned(row["number_flags"])}
        if kind == "dlmopen":
            made["namespace_of"] = row["namespace_of"]
        if kind in ("dlsym", "dlclose"):
            made["handle"] = int(row["handle"]) if row["handle"].isdigit() else row["handle"]
        if kind in ("dlsym", "call"):
            made |= {"symbol": row["symbol"], "version": row["version"]}
        if kind == "call":
            made["object"] = row["called_object"]
        return {**made, **({"internal": True} if row["internal"] else {})}

    def changed(self, step: int, change: str) -> list[int]:
        return [row["object"] for row in self.rows(
            "SELECT object FROM step_objects WHERE run = ? AND step = ? AND change = ? ORDER BY position", step, change)]

    def step(self, row: dict) -> dict:
        number, ok = row["step"], row["state"] == "ok"
        made = {"number": number, **{name: row[name] for name in ("kind", "within", "caller", "state", "epoch", "ends_process",
                                                                  "root", "was_open")},
                "message": row["message"] if row["state"] == "failed" else None,
                "failure": None if row["words"] is None else {name: row[name] for name in ("subject", "words", "errno", "needed_by", "crash")},
                "counts": {name: row[name] for name in STEP_COUNTS},
                **{name: self.of_step(name, number) for name in ("hints", "missing", "version_problems", "passed_over")},
                **{name: self.changed(number, name) for name in ("loaded", "unloaded", "promoted")}}
        if row["state"] == "not-reached" and row["message"] is not None:
            made["because"] = row["message"]
        if row["assumptions"]:
            made["assumptions"] = split(row["assumptions"])
        if ok:
            made |= self.returned(row)
        if demands := self.of_step("demands", number):
            made["demands"] = demands
        for part, read in (("searches", self.searches), ("scopes", self.scopes), ("mapped", lambda step: self.changed(step, "mapped"))):
            if part in self.parts:
                made[part] = read(number)
        if {"bindings", "slots"} & set(self.parts):
            made["bindings"] = self.bindings(number)
        return made

    def returned(self, row: dict) -> dict:
        kind = row["kind"]
        if kind in ("dlopen", "dlmopen"):
            (root,) = self.rows("SELECT namespace FROM objects WHERE run = ? AND object = ?", row["root"])
            return {"opened": {"namespace": root["namespace"], "handles": row["handles"], "kept": row["kept"],
                               "activated": self.changed(row["step"], "activated")}}
        if kind == "dlsym":
            return {"found": {"object": row["found_object"], "version": row["found_version"], "kind": row["found_kind"],
                              "offset": unsigned(row["found_offset"])}}
        if kind == "dlclose":
            return {"closed": {"object": row["closed_object"], "fate": row["fate"], "handles": row["handles"]}}
        return {"was_bound": row["was_bound"]} if kind == "call" else {}

    def searches(self, step: int) -> list[dict]:
        made = []
        for row in self.of_step("searches", step, "search"):
            search = {"kind": row["kind"], "name": row["name"], "places": []}
            if row["kind"] == "library":
                search["namespace"] = row["namespace"]
            if row["kind"] == "filtee":
                search["filter"] = row["filter"]
            for place in self.rows("SELECT * FROM places WHERE run = ? AND step = ? AND search = ? ORDER BY place", step, row["search"]):
                names = {"file": ("how", "verdict", "errno", "words"), "list": ("label",), "cache": ()}[place["kind"]]
                told = {"kind": place["kind"], "directories" if place["kind"] == "list" else "file": place["text"],
                        **{name: place[name] for name in names}}
                search["places"].append({**told, **({"of": place["owner"]} if place["kind"] == "list" else {})})
            made.append(search)
        return made

    def scopes(self, step: int) -> list[dict]:
        made = []
        for row in self.of_step("scopes", step, "scope"):
            lists = self.rows("SELECT position, list FROM scope_lists WHERE run = ? AND step = ? AND scope = ? ORDER BY position",
                              step, row["scope"])
            assert [entry["position"] for entry in lists] == list(range(row["first"], row["first"] + len(lists)))
            made.append({"object": row["object"], "from": row["first"],
                         "lists": [[entry["object"] for entry in self.rows(
                             "SELECT object FROM lists WHERE run = ? AND list = ? ORDER BY position", entry["list"])] for entry in lists],
                         **({"assumptions": split(row["assumptions"])} if row["assumptions"] else {})})
        return made

    # ---- bindings ----------------------------------------------------------------------------------------------------

    @staticmethod
    def answer(row: dict) -> dict:
        made = {"to": row["definer"], "definition_version": row["defined"], "why": row["why"], "outcome": row["outcome"]}
        if row["loads"]:
            made["loads"] = True
        if row["assumptions"]:
            made["assumptions"] = split(row["assumptions"])
        return made

    def bindings(self, step: int) -> list[dict]:
        made = []
        for row in self.rows("SELECT b.*, m.*, s.name, s.demangled, v.name AS asked, w.name AS defined FROM bindings b"
                             " JOIN manners m ON m.manner = b.manner JOIN symbols s ON s.symbol = b.symbol"
                             " LEFT JOIN versions v ON v.version = b.version LEFT JOIN versions w ON w.version = b.definition_version"
                             " WHERE run = ? AND step = ? ORDER BY binding", step):
            entry = {"step": row["step"], "from": row["referrer"], **self.symbol(row), "version": row["asked"],
                     "kinds": split(row["kinds"]), "relocations": row["relocations"], **self.answer(row), "when": row["moment"],
                     "slot": row["slot"]}
            if row["protected"]:
                entry["protected"] = True
            if row["asked_by"]:
                entry["asked_by"] = row["asked_by"]
            made.append(entry)
        return made

    def slots(self) -> list[dict]:
        made = []
        for row in self.rows("SELECT t.*, s.name, s.demangled, v.name AS asked FROM slots t JOIN symbols s ON s.symbol = t.symbol"
                             " LEFT JOIN versions v ON v.version = t.version WHERE run = ? ORDER BY slot"):
            answers = self.rows("SELECT a.*, m.*, w.name AS defined FROM answers a JOIN manners m ON m.manner = a.manner"
                                " LEFT JOIN versions w ON w.version = a.definition_version WHERE run = ? AND slot = ? ORDER BY answer",
                                row["slot"])
            made.append({"slot": row["slot"], "step": row["step"], "from": row["referrer"], **self.symbol(row),
                         "version": row["asked"], "called": row["called"], "until": row["until"],
                         "answers": [{"after": answer["after"], **self.answer(answer)} for answer in answers]})
        return made

    # ---- objects and the rest ----------------------------------------------------------------------------------------

    def objects(self) -> list[dict]:
        made = []
        for row in self.rows("SELECT o.*, f.soname, f.build_id, f.rpath, f.runpath FROM objects o LEFT JOIN files f"
                             " ON f.file = o.file WHERE run = ? ORDER BY object"):
            needed = self.database.rows("SELECT name FROM needed WHERE file = ? ORDER BY position", row["file"])
            made.append({"id": row["object"], **{name: row[name] for name in (
                "name", "path", "soname", "build_id", "kind", "role", "namespace", "born", "died", "preloaded", "rpath", "runpath")},
                "needed": [entry["name"] for entry in needed],
                "found": row["how"] and {"how": row["how"], "via": row["via"], "asked_by": row["asked_by"]},
                "binds": row["binds"] and {"when": row["binds"], "mark": row["mark"]}})
        return made

    def examples(self, table: str, key: str, number: int) -> list[dict]:
        return [self.symbol(row) for row in self.rows(
            f"SELECT s.* FROM {table} e JOIN symbols s ON s.symbol = e.symbol WHERE e.run = ? AND e.{key} = ? ORDER BY e.position", number)]

    def findings(self) -> list[dict]:
        made = []
        for row in self.rows("SELECT * FROM findings WHERE run = ? ORDER BY finding"):
            evidence = self.rows("SELECT * FROM evidence WHERE run = ? AND finding = ? ORDER BY position", row["finding"])
            made.append({
                **{name: row[name] for name in ("rule", "fingerprint", "level", "disposition", "excuse", "step", "slot", "decided_by", "preloaded")},
                **{name: row[name + "_object"] for name in ("from", "to", "before", "instead")},
                "counts": {name: row[name] for name in FINDING_COUNTS},
                "examples": self.examples("finding_symbols", "finding", row["finding"]),
                "evidence": [{"kind": fact["kind"], "n": unsigned(fact["n"]), "of": unsigned(fact["of_n"]), "object": fact["object"],
                              "text": fact["text"]} for fact in evidence],
                "proof": self.proof(row["finding"])})
        return made

    def proof(self, finding: int) -> dict | None:
        rows = self.rows("SELECT * FROM proofs WHERE run = ? AND finding = ?", finding)
        if not rows:
            return None
        made = {key: value for key, value in rows[0].items() if key not in ("run", "finding")}
        made["symbols"] = []
        for row in self.rows("SELECT p.*, s.name AS symbol_name, s.demangled FROM proof_symbols p JOIN symbols s ON s.symbol = p.symbol"
                             " WHERE run = ? AND finding = ? ORDER BY position", finding):
            sides = self.rows("SELECT * FROM proof_definitions WHERE run = ? AND finding = ? AND position = ? ORDER BY side", finding,
                              row["position"])
            made["symbols"].append({
                **self.symbol({"name": row["symbol_name"], "demangled": row["demangled"]}), "verdict": row["verdict"],
                "difference": row["difference"] and {"kind": row["difference"], **{name: row[name] for name in ("type", "name", "first", "second")}},
                "definitions": [{key: value for key, value in side.items() if key not in ("run", "finding", "position", "side")}
                                for side in sides]})
        return made

    def suppressed(self) -> list[dict]:
        return [{"from": row["from_object"], "to": row["to_object"], "reason": row["reason"], "symbols": row["symbols"],
                 "examples": self.examples("suppressed_symbols", "suppressed", row["position"])}
                for row in self.rows("SELECT * FROM suppressed WHERE run = ? ORDER BY position")]

    def notes(self) -> list[dict]:
        made = []
        for row in self.rows("SELECT * FROM dlopen_notes WHERE run = ? ORDER BY position"):
            sonames = self.rows("SELECT * FROM dlopen_note_sonames WHERE run = ? AND note = ? ORDER BY position", row["position"])
            made.append({**{key: value for key, value in row.items() if key not in ("run", "position")},
                         "sonames": [{key: value for key, value in entry.items() if key not in ("run", "note", "position")}
                                     for entry in sonames]})
        return made

    def diagnostics(self) -> list[dict]:
        return [{key: value for key, value in row.items() if key not in ("run", "position")}
                for row in self.rows("SELECT * FROM diagnostics WHERE run = ? ORDER BY position")]

    def gone(self) -> list[dict]:
        return [{"fingerprint": row["fingerprint"], "rule": row["rule"], "from": row["from_name"], "to": row["to_name"],
                 "level": row["level"], "symbols": row["symbols"]}
                for row in self.rows("SELECT * FROM gone WHERE run = ? ORDER BY position")]


# ---- comparing -----------------------------------------------------------------------------------------------------------


def plain(value):
    """A copy of VALUE without what is null for want of it, and with numbers of errno as texts."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    made = {key: plain(item) for key, item in value.items() if not (key in OPTIONAL and item is None)}
    if isinstance(made.get("errno"), int):
        made["errno"] = str(made["errno"])
    return made


def comparable(document: dict) -> dict:
    """A document of --format=json as far as a database has it."""
    made = plain(document)
    for name in ("schema", "schema_version", *LEFT_OUT["document"]):
        made.pop(name, None)
    for step in made["question"]["steps"]:
        for name in LEFT_OUT["step"]:
            step.pop(name, None)
    made["steps"].sort(key=lambda step: step["number"])
    for step in made["steps"]:
        for entry in (*step["missing"], *step["passed_over"]):
            for name in LEFT_OUT["message"]:
                entry.pop(name, None)
    for finding in made.get("findings", ()):
        for name in LEFT_OUT["finding"]:
            finding.pop(name, None)
    return made


def difference(one, other, place: str = "") -> str | None:
    """The first place where ONE and OTHER are not the same, and what stands there; None: they are."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted(set(one) | set(other)):
            if key not in one or key not in other:
                return f"{place}.{key}: only in {'the database' if key in other else 'JSON'}"
            if found := difference(one[key], other[key], f"{place}.{key}"):
                return found
        return None
    if isinstance(one, list) and isinstance(other, list):
        if len(one) != len(other):
            return f"{place}: {len(one)} in JSON, {len(other)} in the database"
        return next((found for i, pair in enumerate(zip(one, other)) if (found := difference(*pair, f"{place}[{i}]"))), None)
    return None if one == other else f"{place}: {one!r} in JSON, {other!r} in the database"


def problems(document: dict, database: Database, run: int = 1) -> list[str]:
    """In what DATABASE does not say what DOCUMENT, of --format=json, does."""
    expected = comparable(document)
    made = plain(database.document(document["parts"], run))
    if "objects" not in expected:
        del made["objects"]  # other rows refer to them: they are always there
    found = difference(expected, made)
    order = [step["number"] for step in document["steps"]]
    told = [row["step"] for row in database.rows("SELECT step FROM bindings WHERE run = ? GROUP BY step ORDER BY min(binding)", run)]
    if told != [number for number in order if number in told]:
        found = found or f"bindings of steps {told}, in JSON {order}"
    return [*([found] if found else []), *database.problems()]
