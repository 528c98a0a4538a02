# SPDX-License-Identifier: MIT
"""Random graphs of shared objects: what each defines, refers to, needs, and how it is linked.

All names come from small pools, so that objects define the same names over and over: who wins is the question that
the graphs put.  The first letter of a name tells what kind of thing it is (f function, i IFUNC, d data, u unique data,
t thread-local), since the loader itself never checks and a mix-up of kinds would crash for reasons of its own.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

POOLS = {"f": 10, "d": 6, "i": 3, "u": 3, "t": 4}
NODES = ["V1", "V2", "V3", "V4"]
DIRECTORIES = ["a", "b", "c", "."]
SUBDIRECTORIES = ["a/glibc-hwcaps/x86-64-v2", "b/glibc-hwcaps/x86-64-v3", "c/tls", "a/x86_64"]


@dataclass(frozen=True)
class Definition:
    """A symbol that an object defines; without a `node` it is unversioned, or has the base version."""

    name: str
    kind: str
    binding: str = "global"
    visibility: str = "default"
    node: str = ""
    default: bool = True


@dataclass(frozen=True)
class Reference:
    """A use of a symbol: by a call, the GOT, a data word, a copy, a canonical PLT entry or one of the TLS models."""

    name: str
    how: str
    weak: bool = False
    node: str = ""


@dataclass
class SharedObject:
    """One object to build.  `stub` is what others see of it when they are linked: it may promise what is not kept."""

    index: int
    file: str
    directory: str
    soname: str | None
    request: str = ""
    definitions: list[Definition] = field(default_factory=list)
    stub: list[Definition] = field(default_factory=list)
    nodes: list[tuple[str, str]] = field(default_factory=list)
    stub_nodes: list[tuple[str, str]] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
    needed: list[int] = field(default_factory=list)
    auxiliary: list[int] = field(default_factory=list)
    filters: list[int] = field(default_factory=list)
    search_path: list[str] = field(default_factory=list)
    runpath: bool = True
    options: list[str] = field(default_factory=list)
    symbolic_flag: bool = False
    changes: list[tuple[str, str]] = field(default_factory=list)
    libc: bool = False
    malloc: bool = False
    missing: bool = False

    @property
    def place(self) -> str:
        """The path below the graph's directory."""
        return self.file if self.directory == "." else f"{self.directory}/{self.file}"


@dataclass
class Executable:
    """The program: the plan's driver, or one that only starts and ends."""

    driver: bool
    pie: bool
    directory: str
    definitions: list[Definition]
    references: list[Reference]
    needed: list[int]
    search_path: list[str]
    runpath: bool
    options: list[str]


@dataclass
class Graph:
    """Everything that a seed decides about the files."""

    seed: int
    objects: list[SharedObject]
    executable: Executable
    search: str
    links: list[tuple[str, str]] = field(default_factory=list)
    hard_links: list[tuple[str, str]] = field(default_factory=list)
    broken: list[tuple[str, str]] = field(default_factory=list)

    def closure(self, roots: list[int]) -> list[int]:
        """The objects that `roots` bring along, they included."""
        found: list[int] = []
        queue = list(roots)
        while queue:
            number = queue.pop(0)
            if number not in found:
                found.append(number)
                queue += self.objects[number].needed
        return found


def _names(letters: str = "".join(POOLS)) -> list[str]:
    return [f"{letter}{number}" for letter in letters for number in range(POOLS[letter])]


def _kind(rng: random.Random, name: str) -> str:
    return {"f": rng.choices(["func", "notype", "ifunc"], [90, 6, 4])[0], "i": rng.choice(["ifunc", "ifunc", "func"]),
            "d": rng.choices(["data", "notype"], [95, 5])[0], "u": "data", "t": "tls"}[name[0]]


def _binding(rng: random.Random, name: str) -> str:
    if name[0] == "u":
        return rng.choices(["unique", "global"], [75, 25])[0]
    return rng.choices(["global", "weak"], [78, 22])[0]


def _define(rng: random.Random, name: str, nodes: list[str]) -> list[Definition]:
    """One name's definitions in one object: none or one version, or several of which one may be the default."""
    kind = _kind(rng, name)
    visibility = rng.choices(["default", "protected", "hidden"], [91, 6, 3])[0]
    base = Definition(name, kind, _binding(rng, name), visibility)
    if not nodes or rng.random() < 0.25:
        return [base]
    if len(nodes) == 1 or rng.random() < 0.75:
        return [replace(base, node=rng.choice(nodes), default=rng.random() < 0.85)]
    chosen = rng.sample(nodes, rng.randint(2, len(nodes)))
    default = rng.choice([*chosen, ""])
    return [replace(base, node=node, default=node == default) for node in chosen]


def _definitions(rng: random.Random, count: int, nodes: list[str]) -> list[Definition]:
    weights = {"f": 5, "d": 3, "i": 1, "u": 2, "t": 1.5}
    names: list[str] = []
    while len(names) < count:
        name = rng.choices(_names(), [weights[n[0]] for n in _names()])[0]
        if name not in names:
            names.append(name)
    return [definition for name in names for definition in _define(rng, name, nodes)]


def _version_nodes(rng: random.Random) -> list[tuple[str, str]]:
    if rng.random() < 0.5:
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


def _changes(rng: random.Random, definitions: list[Definition]) -> list[tuple[str, str]]:
    """Edits of the finished file: visibilities that survive the linker, odd types and bindings, no value."""
    kinds = ["protected"] * 10 + ["hidden"] * 3 + ["internal", "type3", "type8", "binding3", "binding13", "no value"]
    return [(definition.name, rng.choice(kinds)) for definition in definitions
            if definition.visibility == "default" and definition.kind in ("func", "data") and rng.random() < 0.07]


def _how(rng: random.Random, name: str, executable: bool, pie: bool) -> str:
    if name[0] in "fi":
        canonical = ["canonical"] * 2 if executable and not pie and name[0] == "f" else []
        return rng.choice(["call", "call", "call", "got", "word", *canonical])
    copied = ["copy"] * 3 if executable else []
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


def _references(rng: random.Random, graph_objects: list[SharedObject], own: list[Definition], needed: list[int],
                reachable: list[int], executable: bool, pie: bool) -> list[Reference]:
    """Uses of own names, of names that the needed objects promise, and now and then of any name at all.

    Versions can only be asked for where a *directly* needed stub has them: the linker looks no further.
    """
    stubs = [[d for d in graph_objects[number].stub if d.visibility != "hidden"] for number in needed]
    promised = [d.name for number in reachable for d in graph_objects[number].stub
                if _visible(d, graph_objects[number])]
    if executable:
        promised = [d.name for stub in stubs for d in stub if d.default]
    own_names = [d.name for d in own]
    tls_models = {f"t{number}": "tlsie" if executable else rng.choice(["tlsgd", "tlsgd", "tlsie", "tlsdesc"])
                  for number in range(POOLS["t"])}
    references: list[Reference] = []
    for _ in range(rng.randint(2, 10)):
        origin = rng.choices(["own", "promised", "any"], [35, 50, 0 if executable else 15])[0]
        if origin == "any":
            name, weak = rng.choice(_names()), rng.random() < 0.95
        elif candidates := (own_names if origin == "own" else promised):
            name, weak = rng.choice(candidates), rng.random() < 0.12
        else:
            continue
        node = ""
        versions = _linkable_versions(name, own, stubs)
        if versions and rng.random() < 0.4:
            node = rng.choice(versions)
        how = tls_models.get(name) or _how(rng, name, executable, pie)
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


def _make_objects(rng: random.Random, root: str, search: str, with_libc: bool) -> list[SharedObject]:
    objects: list[SharedObject] = []
    count = rng.randint(3, 9)
    for index in range(count):
        file, directory, soname = _file_names(rng, index, objects)
        made = SharedObject(index, file, directory, soname)
        made.request = soname or file
        if rng.random() < 0.03:
            made.request = rng.choice([f"{root}/{made.place}", f"./{made.place}"])
        made.nodes = _version_nodes(rng)
        made.definitions = _definitions(rng, rng.randint(2, 9), [name for name, _ in made.nodes])
        twin = next((o for o in objects if o.request == made.request), None)
        if twin is not None and rng.random() < 0.85:
            made.nodes, made.definitions = list(twin.nodes), _other_build(rng, twin.definitions)
        made.stub, made.stub_nodes = list(made.definitions), list(made.nodes)
        made.changes = _changes(rng, made.definitions)
        made.options = _options(rng)
        made.search_path, made.runpath = _search_paths(rng, search, root, executable=False)
        made.symbolic_flag = made.runpath and rng.random() < 0.06
        made.libc = with_libc and rng.random() < 0.5
        made.malloc = with_libc and rng.random() < 0.08
        others = [j for j in range(count) if j > index or rng.random() < 0.2]
        made.needed = rng.sample(others, min(len(others), rng.choice([0, 1, 1, 2, 2, 3])))
        if index + 1 < count and rng.random() < 0.04:
            rng.choice([made.auxiliary, made.filters]).append(rng.randint(index + 1, count - 1))
        objects.append(made)
    for made in objects:
        made.needed = _distinct(objects, made.needed)
    return objects


def _distinct(objects: list[SharedObject], needed: list[int]) -> list[int]:
    """Without objects of a SONAME that is already among them: the linker would leave the second one out."""
    return list({objects[number].request: number for number in reversed(needed)}.values())[::-1]


def _make_executable(rng: random.Random, graph_objects: list[SharedObject], root: str, search: str) -> Executable:
    driver, pie = rng.random() < 0.85, rng.random() < 0.5
    needed = rng.sample(range(len(graph_objects)), rng.randint(0 if driver else 1, min(4, len(graph_objects))))
    needed = _distinct(graph_objects, needed)
    definitions = [d for d in _definitions(rng, rng.randint(1, 6), [])
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
    objects = _make_objects(rng, root, search, with_libc=rng.random() < 0.3)
    executable = _make_executable(rng, objects, root, search)
    graph = Graph(seed, objects, executable, search)
    startup = graph.closure(executable.needed)
    where = rng.choices(["nowhere", "loaded", "anywhere"], [45, 40, 15])[0]
    if where != "nowhere":
        _trouble(rng, [o for o in objects if where == "anywhere" or o.index not in startup])
    for made in objects:
        made.references = _references(rng, objects, made.definitions, made.needed, graph.closure(made.needed),
                                      executable=False, pie=True)
    executable.references = _references(rng, objects, executable.definitions, executable.needed,
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
