# SPDX-License-Identifier: MIT
"""Turns what a scenario says of an object into x86-64 assembly.

Assembly, for a compiler would decide which relocations there are.  No fixture's code ever runs but IFUNC resolvers and
`_start`, so the instructions need only be such that the linker makes the relocation meant.
"""

NOT_EXECUTABLE_STACK = '.section .note.GNU-stack,"",@progbits'
LEAVE = ["mov $231, %eax", "xor %edi, %edi", "syscall"]  # exit_group(0)
DATA_REFERENCES = ("points-to",)
REFERENCES = {
    "calls": ["call {}@PLT"],
    "reads": ["mov {}@GOTPCREL(%rip), %rax"],
    "points-to": [".quad {}"],
    "copies": ["mov {}(%rip), %eax"],
    "takes": ["mov ${}, %eax"],
    "reads-tls": ["lea {}@tlsgd(%rip), %rdi"],
    "reads-tls-ie": ["mov {}@gottpoff(%rip), %rax"],
    "reads-tls-desc": ["lea {}@tlsdesc(%rip), %rax", "call *{}@tlscall(%rax)"],
    "reads-tls-local": ["lea {}@tlsld(%rip), %rdi"],
}


def assemble_object(spec, starts):
    """`starts` adds a `_start` that leaves at once, for a program without any library."""
    text, data = [], []
    for number, symbol in enumerate(spec.defines):
        section, lines = _definition(symbol, number)
        (text if section == "text" else data).extend(lines)
    for kind, symbol in spec.references:
        lines = [line.format(local_name(symbol)) for line in REFERENCES[kind]]
        (data if kind in DATA_REFERENCES else text).extend(_attributes(symbol) + lines)
    if starts:
        text = [".globl _start", "_start:", *LEAVE] + text
    return "\n".join([".text", *text, ".data", *data, NOT_EXECUTABLE_STACK, ""])


def local_name(symbol):
    """What the assembly calls a referenced symbol: a name of its own where a version goes with it."""
    return "%s_at_%s" % (symbol.name, symbol.version) if symbol.version else symbol.name


def _attributes(symbol):
    name = local_name(symbol)
    lines = [".symver %s, %s@%s" % (name, symbol.name, symbol.version)] if symbol.version else []
    return lines + ([".weak %s" % name] if "weak" in symbol.adjectives else [])


def _definition(symbol, number):
    """The section it belongs to, and the lines; a versioned symbol has a name of its own until the linker sees it."""
    name = "%s_definition_%d" % (symbol.name, number) if symbol.version else symbol.name
    binding = ".weak" if "weak" in symbol.adjectives else ".globl"
    head = ["%s %s" % (binding, name)]
    if symbol.version:
        at = "@@" if symbol.default_version else "@"
        head.append(".symver %s, %s%s%s, remove" % (name, symbol.name, at, symbol.version))
    if "unexported" in symbol.adjectives:
        head.append(".hidden %s" % name)
    size = symbol.value("size", 8)
    if "absolute" in symbol.adjectives:
        return "data", head + [".set %s, %d" % (name, symbol.value("value", 0))]
    if "ifunc" in symbol.adjectives:
        target = ".Ltarget%d" % number
        return "text", head + [".type %s, %%gnu_indirect_function" % name, "%s:" % name,
                               "lea %s(%%rip), %%rax" % target, "ret", "%s:" % target, "ret", ".ascii \"IFUNC\""]
    if "tls" in symbol.adjectives:
        return "data", [".pushsection .tdata, \"awT\", @progbits", *_data(head, name, "object", size), ".popsection"]
    if "unique" in symbol.adjectives:
        return "data", _data(head, name, "gnu_unique_object", size)
    if "data" in symbol.adjectives:
        return "data", _data(head, name, "object", size)
    return "text", head + [".type %s, @function" % name, "%s:" % name, "ret", ".size %s, 1" % name]


def _data(head, name, kind, size):
    return head + [".type %s, @%s" % (name, kind), ".size %s, %d" % (name, size), "%s: .zero %d" % (name, size)]


def assemble_stub(references):
    """The library that an executable is linked against: defines all that it references, as the linker needs it.

    References to one symbol of several kinds want one definition; a call makes it a function.
    """
    kinds = {}
    for kind, symbol in references:
        kinds.setdefault((symbol.name, symbol.version), []).append((kind, symbol))
    text, data = [], []
    for number, ((name, version), uses) in enumerate(kinds.items()):
        used_as = {kind for kind, _ in uses}
        label = "%s_stub_%d" % (name, number) if version else name
        head = [".globl %s" % label]
        if version:
            head.append(".symver %s, %s@%s, remove" % (label, name, version))
        if any(kind.startswith("reads-tls") for kind in used_as):
            data += [".pushsection .tdata, \"awT\", @progbits", *_data(head, label, "object", 8), ".popsection"]
        elif used_as & {"copies", "reads"} and not used_as & {"calls", "takes"}:
            data += _data(head, label, "object", max(symbol.value("size", 8) for _, symbol in uses))
        else:
            text += head + [".type %s, @function" % label, "%s:" % label, "ret"]
    return "\n".join([".text", *text, ".data", *data, NOT_EXECUTABLE_STACK, ""])


def version_script(names):
    """Each version inherits from the one before it, as libraries do; their order is that of their indices."""
    nodes, before = [], ""
    for name in dict.fromkeys(names):
        nodes.append("%s {}%s;" % (name, before))
        before = " " + name
    return "\n".join(nodes)
