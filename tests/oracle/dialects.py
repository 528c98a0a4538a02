# SPDX-License-Identifier: MIT
"""The assembler of each machine, as far as graphs of objects need it: a definition of each kind, a use of each kind.

Of this code there run the resolvers of IFUNCs, what slots lead to, and the end of programs without a driver: a use is
there for the relocation that it makes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Dialect:
    """How one assembler says it.

    `uses` has, by the kind of use, what goes into the code and what goes into the data; a kind that is missing is taken
    for another one (`instead`).  `pie_copies` tells whether position-independent programs can use copies.  `fixed` are the
    linker's options for those that are not, and `fixed_head` comes after the head of their sources.
    """

    uses: Mapping[str, tuple[str, str]]
    end: str
    exit: str
    resolver: str
    head: str = ""
    mark: str = "%"
    word: str = ".quad"
    ifunc: bool = True
    pie_copies: bool = False
    instead: Mapping[str, str] = field(default_factory=dict)
    assembler_options: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    fixed_head: str = ""
    without_options: tuple[str, ...] = ("-zpack-relative-relocs",)

    def use(self, how: str) -> tuple[str, str]:
        """The code and the data of a use."""
        return self.uses[self.instead.get(how, how)]


X86_64 = Dialect(
    uses={
        "call": ("\tcall {0}@PLT\n", ""), "got": ("\tmovq {0}@GOTPCREL(%rip), %rax\n", ""),
        "word": ("", "\t.quad {0}\n"), "copy": ("\tmovq {0}(%rip), %rax\n", ""),
        "canonical": ("\tmovq ${0}, %rax\n", ""), "tlsgd": ("\tleaq {0}@tlsgd(%rip), %rdi\n", ""),
        "tlsie": ("\tmovq {0}@gottpoff(%rip), %rax\n", ""),
        "tlsdesc": ("\tleaq {0}@tlsdesc(%rip), %rax\n\tcall *{0}@tlscall(%rax)\n", ""),
    },
    end="\tret\n", exit="\tmovl $231, %eax\n\txorl %edi, %edi\n\tsyscall\n",
    resolver="\tleaq .Lchosen(%rip), %rax\n\tret\n", mark="@",
    pie_copies=True, without_options=())

X32 = Dialect(
    uses={
        **X86_64.uses, "word": ("", "\t.long {0}\n"), "canonical": ("\tmovl ${0}, %eax\n", ""),
        "tlsdesc": ("\tlea {0}@tlsdesc(%rip), %rax\n\tcall *{0}@tlscall(%eax)\n", ""),
    },
    end=X86_64.end, exit="\tmovl $0x400000e7, %eax\n\txorl %edi, %edi\n\tsyscall\n", resolver=X86_64.resolver, mark="@",
    word=".long", pie_copies=True, without_options=())

I386 = Dialect(
    uses={
        "call": ("\tcall {0}@PLT\n", ""), "got": ("\tmovl {0}@GOT(%ebx), %eax\n", ""),
        "word": ("", "\t.long {0}\n"), "copy": ("\tmovl {0}, %eax\n", ""), "canonical": ("\tmovl ${0}, %eax\n", ""),
        "tlsgd": ("\tleal {0}@tlsgd(,%ebx,1), %eax\n", ""), "tlsie": ("\tmovl {0}@gotntpoff(%ebx), %eax\n", ""),
        "tlsdesc": ("\tleal {0}@tlsdesc(%ebx), %eax\n\tcall *{0}@tlscall(%eax)\n", ""),
    },
    end="\tret\n", exit="\tmovl $252, %eax\n\txorl %ebx, %ebx\n\tint $0x80\n",
    resolver="\tcall 1f\n1:\tpopl %eax\n\tleal .Lchosen-1b(%eax), %eax\n\tret\n", word=".long", without_options=())

AARCH64 = Dialect(
    uses={
        "call": ("\tbl {0}\n", ""), "got": ("\tadrp x0, :got:{0}\n\tldr x0, [x0, :got_lo12:{0}]\n", ""),
        "word": ("", "\t.xword {0}\n"), "copy": ("\tadrp x0, {0}\n\tldrb w0, [x0, :lo12:{0}]\n", ""),
        "canonical": ("\tadrp x0, {0}\n\tadd x0, x0, :lo12:{0}\n", ""),
        "tlsgd": ("\tadrp x0, :tlsgd:{0}\n\tadd x0, x0, :tlsgd_lo12:{0}\n", ""),
        "tlsie": ("\tadrp x0, :gottprel:{0}\n\tldr x0, [x0, :gottprel_lo12:{0}]\n", ""),
        "tlsdesc": ("\tadrp x0, :tlsdesc:{0}\n\tldr x1, [x0, :tlsdesc_lo12:{0}]\n\tadd x0, x0, :tlsdesc_lo12:{0}\n"
                    "\t.tlsdesccall {0}\n\tblr x1\n", ""),
    },
    end="\tret\n", exit="\tmov x8, #94\n\tmov x0, #0\n\tsvc #0\n", resolver="\tadr x0, .Lchosen\n\tret\n", word=".xword")

ARM = Dialect(
    uses={
        "call": ("\tbl {0}(PLT)\n", ""), "got": ("\t.word {0}(GOT)\n", ""), "word": ("", "\t.word {0}\n"),
        "copy": ("\tmovw r0, #:lower16:{0}\n\tmovt r0, #:upper16:{0}\n", ""),
        "canonical": ("\tmovw r0, #:lower16:{0}\n\tmovt r0, #:upper16:{0}\n", ""),
        "tlsgd": ("\t.word {0}(TLSGD)\n", ""), "tlsie": ("\t.word {0}(GOTTPOFF)\n", ""),
        "tlsdesc": ("\tldr r0, 2f\n1:\tbl {0}(tlscall)\n\tb 3f\n2:\t.word {0}(tlsdesc) + (. - 1b)\n3:\n", ""),
    },
    end="\tbx lr\n", exit="\tmov r7, #248\n\tmov r0, #0\n\tsvc #0\n",
    resolver="\tldr r0, 1f\n0:\tadd r0, pc, r0\n\tbx lr\n1:\t.word .Lchosen - (0b + 8)\n",
    head=".syntax unified\n.arch armv7-a\n.eabi_attribute Tag_ABI_VFP_args, 1\n.arm\n", word=".word")

RISCV64 = Dialect(
    uses={
        "call": ("\tcall {0}@plt\n", ""), "got": ("\tla a0, {0}\n", ""), "word": ("", "\t.dword {0}\n"),
        "copy": ("\tlui a0, %hi({0})\n\tlb a0, %lo({0})(a0)\n", ""),
        "canonical": ("\tlui a0, %hi({0})\n\taddi a0, a0, %lo({0})\n", ""), "tlsgd": ("\tla.tls.gd a0, {0}\n", ""),
        "tlsie": ("\tla.tls.ie a0, {0}\n", ""),
    },
    end="\tret\n", exit="\tli a7, 94\n\tli a0, 0\n\tecall\n", resolver="\tlla a0, .Lchosen\n\tret\n",
    head=".option norelax\n.option pic\n", word=".dword", instead={"tlsdesc": "tlsgd"})

PPC64LE = Dialect(
    uses={
        "call": ("\tbl {0}\n\tnop\n", ""), "got": ("\taddis 3, 2, {0}@got@ha\n\tld 3, {0}@got@l(3)\n", ""),
        "word": ("", "\t.quad {0}\n"), "copy": ("\tlis 3, {0}@highest\n\tori 3, 3, {0}@higher\n", ""),
        "canonical": ("\tlis 3, {0}@highest\n\tori 3, 3, {0}@higher\n", ""),
        "tlsgd": ("\taddis 3, 2, {0}@got@tlsgd@ha\n\taddi 3, 3, {0}@got@tlsgd@l\n", ""),
        "tlsie": ("\taddis 9, 2, {0}@got@tprel@ha\n\tld 9, {0}@got@tprel@l(9)\n", ""),
    },
    end="\tblr\n", exit="\tli 0, 234\n\tli 3, 0\n\tsc\n",
    resolver="\tmflr 0\n\tbcl 20, 31, 1f\n1:\tmflr 3\n\taddi 3, 3, .Lchosen-1b\n\tmtlr 0\n\tblr\n",
    head=".abiversion 2\n", instead={"tlsdesc": "tlsgd"})

S390X = Dialect(
    uses={
        "call": ("\tbrasl %r14, {0}@PLT\n", ""), "got": ("\tlgrl %r1, {0}@GOTENT\n", ""), "word": ("", "\t.quad {0}\n"),
        "copy": ("\tlarl %r1, {0}\n", ""), "canonical": ("\tlarl %r1, {0}\n", ""),
        "tlsgd": ("\t.balign 8\n\t.quad {0}@TLSGD\n", ""), "tlsie": ("\tlarl %r1, {0}@INDNTPOFF\n", ""),
    },
    end="\tbr %r14\n", exit="\tlghi %r2, 0\n\tsvc 248\n", resolver="\tlarl %r2, .Lchosen\n\tbr %r14\n",
    instead={"tlsdesc": "tlsgd"})

MIPS64EL = Dialect(
    uses={
        "call": ("\tld $25, %call16({0})($28)\n\tjalr $25\n\tnop\n", ""), "got": ("\tld $4, %got_disp({0})($28)\n", ""),
        "word": ("", "\t.dword {0}\n"), "copy": ("\tlui $2, %hi({0})\n\tlb $2, %lo({0})($2)\n", ""),
        "canonical": ("\tlui $2, %hi({0})\n\tdaddiu $2, $2, %lo({0})\n", ""),
        "tlsgd": ("\tdaddiu $4, $28, %tlsgd({0})\n", ""), "tlsie": ("\tld $2, %gottprel({0})($28)\n", ""),
    },
    end="\tjr $31\n\tnop\n", exit="\tli $2, 5205\n\tmove $4, $0\n\tsyscall\n", resolver="",
    head=".abicalls\n.set noreorder\n.set nomacro\n", word=".dword", ifunc=False, instead={"tlsdesc": "tlsgd"},
    assembler_options=("-64", "-mips64r2"), fixed=("-Ttext-segment=0x400000",), fixed_head=".option pic0\n")
