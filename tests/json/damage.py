# SPDX-License-Identifier: MIT
"""Documents that no longer are what the schema says, and a walk through schemas."""

import json

OPTIONAL = {"demangled", "definition_version", "protected", "asked_by", "namespace", "filter", "searches", "scopes",
            "bindings", "objects", "findings", "slots", "slot", "mapped", "because", "suppressed",
            "dlopen_notes", "dlopen_note"}


def damages(document):
    """Copies with one member removed, added or of another type: one of each kind of place."""
    seen = set()
    text = json.dumps(document)  # read anew it is copied in a tenth of copy.deepcopy()'s time
    for path in paths_of(document):
        kind = tuple("[]" if isinstance(key, int) else key for key in path)
        if kind in seen:
            continue
        seen.add(kind)
        for what in ("remove", "replace", "add"):
            damaged = json.loads(text)
            holder = damaged
            for key in path[:-1]:
                holder = holder[key]
            if what == "remove":
                if isinstance(path[-1], int) or path[-1] in OPTIONAL:
                    continue
                del holder[path[-1]]
            elif what == "replace":
                holder[path[-1]] = 0.5
            elif isinstance(holder, dict):
                holder["surprise"] = 1
            else:
                continue
            yield "%s %s" % (what, path), damaged


def paths_of(value, path=()):
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield path + (key,)
        yield from paths_of(item, path + (key,))


def members_of(schema, path=""):
    """Every member of every object that a schema describes, conditions left out."""
    if isinstance(schema, list):
        for number, item in enumerate(schema):
            yield from members_of(item, "%s/%d" % (path, number))
    elif isinstance(schema, dict):
        for name, member in schema.get("properties", {}).items():
            yield "%s/%s" % (path, name), member
        for key, item in schema.items():
            if key not in ("if", "then", "else"):
                yield from members_of(item, "%s/%s" % (path, key))
