# SPDX-License-Identifier: MIT
"""Decides at random, by seed, what a graph's objects are like."""

from __future__ import annotations

import random
from dataclasses import replace

from graph_model import (DIRECTORIES, NODES, POOLS, SUBDIRECTORIES, Definition, Executable, Flavour, Graph, Reference,
                         SharedObject)

FLAVOURS = {
    "plain": Flavour(),
    "unique": Flavour(weights={"f": 2, "d": 1, "i": 0, "u": 8, "t": 0.5}, symbolic=0.3, copies=8, deepbind=0.5),
    "protected": Flavour(weights={"f": 6, "d": 4, "i": 0, "u": 0.5, "t": 0}, protected=0.1, changed=0.45,
                         changes=("protected",), copies=5, canonical=9, pie=0.2),
    "tls": Flavour(weights={"f": 2, "d": 1, "i": 0.5, "u": 0.5, "t": 9}, sizes=(8, 40, 120, 240, 400, 900),
                   tls_models=("tlsgd", "tlsie", "tlsdesc", "tlsdesc", "tlsdesc")),
    "versions": Flavour(versioned=0.9, several_versions=0.6, changed=0.3,
                        changes=("flip version", "show versions", "show versions", "hidden")),
    "plugins": Flavour(weights={"f": 8, "d": 1, "i": 1, "u": 1, "t": 0.3}, foreign=70, strong=0.6, lazy=0.75,
                       bind_now=0.1, needs=(0, 0, 0, 1, 1, 2), program_needs=(0, 0, 1)),
}


def _names(letters: str = "".join(POOLS)) -> list[str]:
    return [f"{letter}{number}" for letter in letters for number in range(POOLS[letter])]


def _kind(rng: random.Random, name: str) -> str:
    return {"f": rng.choices(["func", "notype", "ifunc"], [90, 6, 4])[0], "i": rng.choice(["ifunc", "ifunc", "func"]),
            "d": rng.choices(["data", "notype"], [95, 5])[0], "u": "data", "t": "tls"}[name[0]]


def _binding(rng: random.Random, name: str) -> str:
    if name[0] == "u":
        return rng.choices(["unique", "global"], [75, 25])[0]
    return rng.choices(["global", "weak"], [78, 22])[0]


def _define(rng: random.Random, flavour: Flavour, name: str, nodes: list[str]) -> list[Definition]:
    """One name's definitions in one object: none or one version, or several of which one may be the default."""
    kind = _kind(rng, name)
    visibility = rng.choices(["default", "protected", "hidden"], [0.97 - flavour.protected, flavour.protected, 0.03])[0]
    size = rng.choice(flavour.sizes) if kind == "tls" else 8
    base = Definition(name, kind, _binding(rng, name), visibility, size=size)
    if not nodes or rng.random() < 0.25:
        return [base]
    if len(nodes) == 1 or rng.random() > flavour.several_versions:
        return [replace(base, node=rng.choice(nodes), default=rng.random() < 0.85)]
    chosen = rng.sample(nodes, rng.randint(2, len(nodes)))
    default = rng.choice([*chosen, ""])
    return [replace(base, node=node, default=node == default) for node in chosen]


def _definitions(rng: random.Random, flavour: Flavour, count: int, nodes: list[str],
                 weights: dict[str, float]) -> list[Definition]:
    names: list[str] = []
    while len(names) < count:
        name = rng.choices(_names(), [weights[n[0]] for n in _names()])[0]
        if name not in names:
            names.append(name)
    return [definition for name in names for definition in _define(rng, flavour, name, nodes)]


def _version_nodes(rng: random.Random, flavour: Flavour) -> list[tuple[str, str]]:
    if rng.random() > flavour.versioned:
        return []
    names = rng.sample(NODES, rng.randint(1, 3))
    return [(name, rng.choice(["", names[position - 1]]) if position else "") for position, name in enumerate(names)]


def _options(rng: random.Random) -> list[str]:
    """Linker options that the loader sees something of."""
    options = ["--hash-style=" + rng.choice(["gnu", "sysv", "both"])]
    for chance, option in ((0.15, "-znow"), (0.08, "-znodelete"), (0.03, "-zinterpose"), (0.02, "-zinitfirst"),
                           (0.02, "-znodefaultlib"), (0.02, "-znodlopen"), (0.10, "-Bsymbolic"),
                           (0.05, "-Bsymbolic-functions"), (0.15, "-znocombreloc"), (0.04, "-zpack-relative-relocs"),
                           (0.03, "--no-eh-frame-hdr")):
        if rng.random() < chance:
            options.append(option)
    return options


def _changes(rng: random.Random, flavour: Flavour, definitions: list[Definition]) -> list[tuple[str, str]]:
    """Edits of the finished file: visibilities that survive the linker, odd types and bindings, no value, and the
    hidden bit of versions the wrong way round."""
    return [(definition.name, rng.choice(flavour.changes)) for definition in definitions if definition.kind != "tls"
            and definition.visibility == "default" and definition.kind != "ifunc" and rng.random() < flavour.changed]


def _how(rng: random.Random, flavour: Flavour, name: str, executable: bool, pie: bool) -> str:
    if name[0] in "fi":
        canonical = ["canonical"] * flavour.canonical if executable and not pie and name[0] == "f" else []
        return rng.choice(["call", "call", "call", "got", "word", *canonical])
    copied = ["copy"] * flavour.copies if executable else []
    return rng.choice(["got", "got", "word", *copied])


def _linkable_versions(name: str, own: list[Definition], stubs: list[list[Definition]]) -> list[str]:
    """The versions of a name that a reference may ask for by name: the linker wants one file that defines it."""
    definers = [stub for stub in [own, *stubs] if any(d.name == name for d in stub)]
    if len(definers) != 1:
        return []
    return [d.node for d in definers[0] if d.name == name and d.node]


def _visible(definition: Definition, owner: SharedObject) -> bool:
    """Whether a plain reference from elsewhere is meant to find this definition."""
    changed = [name for name, change in owner.changes if change != "protected"]
    return definition.visibility != "hidden" and definition.default and definition.name not in changed


def _references(rng: random.Random, flavour: Flavour, graph_objects: list[SharedObject], own: list[Definition],
                needed: list[int], reachable: list[int], executable: bool, pie: bool) -> list[Reference]:
    """Uses of own names, of names that the needed objects promise, and now and then of any name at all.

    Versions can only be asked for where a *directly* needed stub has them: the linker looks no further.
    """
    stubs = [[d for d in graph_objects[number].stub if d.visibility != "hidden"] for number in needed]
    promised = [d.name for number in reachable for d in graph_objects[number].stub
                if _visible(d, graph_objects[number])]
    if executable:
        promised = [d.name for stub in stubs for d in stub if d.default]
    own_names = [d.name for d in own]
    tls_models = {f"t{number}": "tlsie" if executable else rng.choice(flavour.tls_models)
                  for number in range(POOLS["t"])}
    references: list[Reference] = []
    for _ in range(rng.randint(2, 10)):
        origin = rng.choices(["own", "promised", "any"], [35, 50, 0 if executable else flavour.foreign])[0]
        if origin == "any":
            name, weak = rng.choice(_names()), rng.random() >= flavour.strong
        elif candidates := (own_names if origin == "own" else promised):
            name, weak = rng.choice(candidates), rng.random() < 0.12
        else:
            continue
        if plugin := origin == "any" and not weak and rng.random() < 0.95:
            name = f"f{rng.randrange(POOLS['f'])}"
        node = ""
        versions = _linkable_versions(name, own, stubs)
        if versions and rng.random() < 0.4:
            node = rng.choice(versions)
        how = tls_models.get(name) or _how(rng, flavour, name, executable, pie)
        if plugin:
            how = "call"
        if executable and how in ("copy", "canonical") and name in own_names:
            how = "got"
        references += [Reference(name, how, weak, node)] * rng.choice([1, 1, 1, 2])
    rng.shuffle(references)
    return references


def _file_names(rng: random.Random, index: int, earlier: list[SharedObject]) -> tuple[str, str, str | None]:
    """File, directory and SONAME; sometimes those of an earlier object, in another directory."""
    if earlier and rng.random() < 0.08:
        twin = rng.choice(earlier)
        directories = [d for d in DIRECTORIES + SUBDIRECTORIES
                       if all(o.directory != d or o.file != twin.file for o in earlier)]
        if directories:
            return twin.file, rng.choice(directories), twin.soname
    file = f"lib{index}.so"
    soname = rng.choices([file, f"{file}.1", None], [75, 15, 10])[0]
    return file, rng.choice(DIRECTORIES), soname


def _trouble(rng: random.Random, victims: list[SharedObject]) -> None:
    """Lets some objects not keep what their stub promised."""
    for victim in victims:
        what = rng.choices(["nothing", "gone", "symbol", "versions", "node", "unversioned stub"],
                           [62, 6, 12, 4, 4, 12])[0]
        if what == "gone":
            victim.missing = True
        elif what == "symbol" and len(victim.definitions) > 1:
            name = rng.choice(victim.definitions).name
            victim.definitions = [d for d in victim.definitions if d.name != name]
        elif what == "versions" and victim.nodes:
            names: dict[str, Definition] = {d.name: replace(d, node="", default=True) for d in victim.definitions}
            victim.definitions, victim.nodes = list(names.values()), []
        elif what == "node" and victim.nodes:
            gone = victim.nodes[-1][0]
            victim.nodes = victim.nodes[:-1]
            kept = {d.name: d for d in victim.definitions if d.node == gone}
            victim.definitions = [d for d in victim.definitions if d.node != gone]
            present = {d.name for d in victim.definitions}
            victim.definitions += [replace(d, node="", default=True) for n, d in kept.items() if n not in present]
        elif what == "unversioned stub":
            plain: dict[str, Definition] = {d.name: replace(d, node="", default=True) for d in victim.stub}
            victim.stub, victim.stub_nodes = list(plain.values()), []


def _search_paths(rng: random.Random, search: str, root: str, executable: bool) -> tuple[list[str], bool]:
    """The RPATH or RUNPATH of an object, by the graph's way of finding things."""
    everywhere = ["$ORIGIN", "$ORIGIN/a", "$ORIGIN/b", "$ORIGIN/c", "$ORIGIN/.."]
    odd = ["${ORIGIN}/b", root, f"{root}/c/", f"{root}//a", "", "a", f"{root}/missing", f"{root}/afile", "loop",
           "$LIB", "/nowhere/$PLATFORM", f"{root}/a/../b", "$ORIGINAL"]
    if search == "runpath" or (search == "rpath" and executable):
        rng.shuffle(everywhere)
        return everywhere + [f"{root}/{d}" for d in "abc"], search == "runpath"
    if rng.random() < (0.8 if search == "wild" else 0.3):
        return rng.sample(everywhere + odd, rng.randint(1, 5)), rng.random() < (0.1 if search == "rpath" else 0.5)
    return [], True


def _other_build(rng: random.Random, definitions: list[Definition]) -> list[Definition]:
    """Much the same symbols, as another build of a library has them."""
    return [replace(d, binding=_binding(rng, d.name)) if rng.random() < 0.2 else d for d in definitions
            if rng.random() < 0.97]


def _make_objects(rng: random.Random, flavour: Flavour, root: str, search: str, with_libc: bool) -> list[SharedObject]:
    objects: list[SharedObject] = []
    count = rng.randint(3, 9)
    for index in range(count):
        file, directory, soname = _file_names(rng, index, objects)
        made = SharedObject(index, file, directory, soname)
        made.request = soname or file
        if rng.random() < 0.03:
            made.request = rng.choice([f"{root}/{made.place}", f"./{made.place}"])
        made.nodes = _version_nodes(rng, flavour)
        made.definitions = _definitions(rng, flavour, rng.randint(2, 9), [name for name, _ in made.nodes],
                                        flavour.weights)
        twin = next((o for o in objects if o.request == made.request), None)
        if twin is not None and rng.random() < 0.85:
            made.nodes, made.definitions = list(twin.nodes), _other_build(rng, twin.definitions)
        made.stub, made.stub_nodes = list(made.definitions), list(made.nodes)
        made.changes = _changes(rng, flavour, made.definitions)
        made.options = _options(rng)
        made.search_path, made.runpath = _search_paths(rng, search, root, executable=False)
        made.symbolic_flag = made.runpath and rng.random() < flavour.symbolic
        made.libc = with_libc and rng.random() < 0.5
        made.malloc = with_libc and rng.random() < 0.08
        others = [j for j in range(count) if j > index or rng.random() < 0.2]
        made.needed = rng.sample(others, min(len(others), rng.choice(flavour.needs)))
        if index + 1 < count and rng.random() < 0.04:
            rng.choice([made.auxiliary, made.filters]).append(rng.randint(index + 1, count - 1))
        objects.append(made)
    for made in objects:
        made.needed = _distinct(objects, made.needed)
    return objects


def _distinct(objects: list[SharedObject], needed: list[int]) -> list[int]:
    """Without objects of a SONAME that is already among them: the linker would leave the second one out."""
    return list({objects[number].request: number for number in reversed(needed)}.values())[::-1]


def _make_executable(rng: random.Random, flavour: Flavour, graph_objects: list[SharedObject], root: str,
                     search: str) -> Executable:
    driver, pie = rng.random() < 0.85, rng.random() < flavour.pie
    count = rng.choice(flavour.program_needs) if driver and rng.random() < 0.8 else rng.randint(1, 4)
    needed = rng.sample(range(len(graph_objects)), min(count, len(graph_objects)))
    needed = _distinct(graph_objects, needed)
    definitions = [d for d in _definitions(rng, flavour, rng.randint(1, 6), [], flavour.executable_weights)
                   if d.kind != "ifunc" or (rng.random() < 0.15 and pie)]
    search_path, runpath = _search_paths(rng, search, root, executable=True)
    options = ["--hash-style=" + rng.choice(["gnu", "sysv", "both"])]
    if rng.random() < 0.6:
        options.append("--export-dynamic")
    else:
        options += [f"--export-dynamic-symbol={d.name}" for d in definitions if rng.random() < 0.5]
    return Executable(driver, pie, rng.choice([".", ".", ".", "a"]), definitions, [], needed, search_path, runpath,
                      options)


def make_graph(seed: int, root: str) -> Graph:
    """The graph of a seed.  `root` is only written into search paths: it takes no part in any choice."""
    rng = random.Random(seed)
    search = rng.choices(["environment", "rpath", "runpath", "wild"], [35, 20, 25, 20])[0]
    flavour = FLAVOURS[rng.choices(["plain", "unique", "protected", "versions", "tls", "plugins"],
                                    [33, 12, 10, 10, 7, 28])[0]]
    objects = _make_objects(rng, flavour, root, search, with_libc=rng.random() < 0.3)
    executable = _make_executable(rng, flavour, objects, root, search)
    graph = Graph(seed, flavour, objects, executable, search)
    startup = graph.closure(executable.needed)
    where = rng.choices(["nowhere", "loaded", "anywhere"], [45, 40, 15])[0]
    if where != "nowhere":
        _trouble(rng, [o for o in objects if where == "anywhere" or o.index not in startup])
    for made in objects:
        made.references = _references(rng, flavour, objects, made.definitions, made.needed, graph.closure(made.needed),
                                      executable=False, pie=True)
    executable.references = _references(rng, flavour, objects, executable.definitions, executable.needed,
                                        executable.needed, executable=True, pie=executable.pie)
    for made in objects:
        if made.soname and made.soname != made.file and rng.random() < 0.95:
            graph.links.append((f"{made.directory}/{made.soname}", made.place))
    for made in rng.sample(objects, min(2, len(objects))):
        kind = rng.choice([graph.links, graph.hard_links])
        kind.append((f"{rng.choice(DIRECTORIES)}/other{made.index}.so", made.place))
    if search == "wild" and rng.random() < 0.3:
        victim = rng.choice(objects)
        directory = rng.choice([d for d in DIRECTORIES if d != victim.directory])
        what = rng.choice(["empty", "text", "directory", "class", "machine"])
        graph.broken.append((f"{directory}/{victim.file}", what))
    return graph
