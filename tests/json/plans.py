# SPDX-License-Identifier: MIT
"""Small plans from a seed, over objects that define and call each other's functions."""

from fixtures import CONSTRUCTOR, LAZY, RUNPATH

LIBRARIES, FUNCTIONS = 7, 8
FLAGS = ("LAZY", "NOW", "GLOBAL", "LOCAL", "DEEPBIND", "NODELETE", "NOLOAD")


def furnish_random(shop, chance):
    """lib0.so to lib6.so and the program random; each needs some of those before it."""
    for number in range(LIBRARIES):
        shop.library("lib%d.so" % number, CONSTRUCTOR + source(chance, "call%d" % number), LAZY, *RUNPATH,
                     *("./lib%d.so" % needed for needed in range(number) if chance.random() < 0.2))
    shop.program("random", "extern int call0(void), call1(void); int call(void) { return call0() + call1(); }",
                 "./lib0.so", "./lib1.so")


def source(chance, caller):
    defined = {name for name in range(FUNCTIONS) if chance.random() < 0.35}
    lines = ["extern int f%d(void)%s;" % (name, " __attribute__((weak))" if chance.random() < 0.2 else "")
             for name in range(FUNCTIONS)]
    lines += ["int f%d(void) { return %d; }" % (name, name) for name in sorted(defined)]
    called = [name for name in range(FUNCTIONS) if chance.random() < 0.5]
    lines.append("int %s(void) { return 0%s; }" % (caller, "".join(" + f%d()" % name for name in called)))
    return "\n".join(lines)


def random_plan(chance):
    plan = ["./random"]
    opened, number, in_block = [], 0, False
    for _ in range(chance.randint(3, 12)):
        if chance.random() < 0.12:
            plan += ["--end-init"] if in_block else ["--init", "lib%d.so" % chance.randrange(LIBRARIES)]
            in_block = not in_block
        number += 1
        plan += step(chance, opened)
        if plan[-2] in ("--dlopen", "--dlmopen"):
            opened.append(number)
    return plan + ["--end-init"] * in_block


def step(chance, opened):
    kind = chance.choices(("dlopen", "dlmopen", "dlsym", "dlclose", "call"), (8, 1, 2, 3, 3))[0]
    some = chance.choice(opened) if opened else 1
    if kind == "dlopen":
        flags = {flag for flag in FLAGS if chance.random() < {"LAZY": 0.7, "GLOBAL": 0.5}.get(flag, 0.1)}
        return ["--dlopen", ":".join(filter(None, ("./lib%d.so" % chance.randrange(LIBRARIES),
                                                   ",".join(sorted(flags)))))]
    if kind == "dlmopen":
        return ["--dlmopen", "./lib%d.so:LAZY%s" % (chance.randrange(LIBRARIES),
                                                    "@%d" % some if chance.random() < 0.3 else "")]
    if kind == "dlsym":
        return ["--dlsym", chance.choice(("", "NEXT:", "%d:" % some)) + "f%d" % chance.randrange(FUNCTIONS)]
    if kind == "dlclose":
        return ["--dlclose", "%d" % some]
    return ["--call", "lib%d.so:f%d" % (chance.randrange(2), chance.randrange(FUNCTIONS))]
