/* SPDX-License-Identifier: MIT */
/*
 * elf.h - one file as plain facts, read once and never changed
 *
 * An image is a view: its tables point into the mapped file; libelf converts a copy of them only
 * when the file's byte order is foreign. Every table's place in the file is checked when the image
 * is read, so the accessors below need no error return. Everything is found by the program headers
 * and the dynamic section, as a loader does it; section headers are never looked at.
 *
 * An image says what is in the file. It knows neither who asked for the file nor whether a loader
 * would take it: that is judged by the search and scope floors, through the facts given here.
 *
 * This floor is the only user of libelf. Floor 1: may include base.h.
 */
#pragma once

#include "../base/base.h"
#include "../base/guard.h"
#include "store.h"

#include <elf.h>

/* ---- machines ----------------------------------------------------------------------------- */

/*
 * What a relocation type means to symbol lookup. The loader calls it the type class
 * (glibc sysdeps/MACHINE/dl-machine.h: elf_machine_type_class); the types that a lookup never
 * sees have kinds of their own. Where a machine gives a type another class than its kind suggests,
 * the table has the kind of that class, but for the TLS relocations of MIPS (tls_is_data).
 */
enum bs_reloc_kind {
	BS_RELOC_UNKNOWN,   /* the loader says "unexpected reloc type" */
	BS_RELOC_NONE,	    /* nothing is done */
	BS_RELOC_RELATIVE,  /* load address only, or a slot of the MIPS GOT: no lookup of its own */
	BS_RELOC_IRELATIVE, /* calls a resolver, no symbol */
	BS_RELOC_DATA,	    /* symbol lookup, class 0 */
	BS_RELOC_GLOB_DAT,  /* class 0, a slot of the GOT */
	BS_RELOC_SLOT,	    /* class PLT: a jump slot, the only kind that binds lazily */
	BS_RELOC_TLS,	    /* class PLT: TLS module or offset in it */
	BS_RELOC_TLS_IE,    /* class PLT: initial-exec TLS: needs room in the static block */
	BS_RELOC_TLS_DESC,  /* class PLT: eager even in a lazy PLT table */
	BS_RELOC_COPY,	    /* class COPY: the executable holds the object */
	BS_RELOC_KIND_COUNT_
};

/* One row a machine: the relocation types the loader knows. */
struct bs_machine {
	uint16_t e_machine;	       /* EM_* */
	uint8_t elf_class;	       /* ELFCLASS* */
	uint8_t data;		       /* ELFDATA* */
	const char *name;	       /* as people say it: "x86-64", "aarch64" */
	uint32_t n_kinds;	       /* length of KIND and RELOC_NAME */
	const uint8_t *kind;	       /* by relocation type: enum bs_reloc_kind */
	const char *const *reloc_name; /* by relocation type: "R_X86_64_COPY", or NULL */
	bool hash_words_are_64;	       /* DT_HASH in 64-bit words (s390x) */
	bool takes_rel; /* DT_REL counts beside DT_RELA; without it the loader never looks there */
	bool irelative_last; /* IRELATIVE is done after the others of its run of relocations */
	bool hash_is_mips;   /* DT_MIPS_XHASH in place of DT_GNU_HASH */
	bool has_bound_got;  /* the global part of the GOT is bound without relocations (MIPS) */
	/* An undefined entry answers only if it is marked as a PLT entry (MIPS: STO_MIPS_PLT). */
	uint8_t canonical_plt_mark;
	bool tls_is_data;  /* TLS and TLS_IE have class 0 (MIPS) */
	bool checks_ifunc; /* an IFUNC of an object that is not relocated yet is complained about */
	const char
		*gp_name; /* looked up in the executable's scope before it is relocated, or NULL */
};

/* The row for E_MACHINE in ELF_CLASS and byte order DATA, or NULL when there is none. */
const struct bs_machine *bs_machine_find(uint16_t e_machine, uint8_t elf_class, uint8_t data);

static inline enum bs_reloc_kind bs_machine_kind(const struct bs_machine *machine, uint32_t type)
{
	return type < machine->n_kinds ? (enum bs_reloc_kind)machine->kind[type] : BS_RELOC_UNKNOWN;
}

/* "R_X86_64_JUMP_SLOT", or NULL for a type that the loader does not know. */
const char *bs_machine_reloc_name(const struct bs_machine *machine, uint32_t type);

/* ---- the parts of an image ---------------------------------------------------------------- */

/* The ELF header's fields, as they stand in the file (byte order of the file honoured). */
struct bs_elf_header {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version, flags;
	uint64_t entry, phoff;
	uint16_t phentsize, phnum;
};

/* How much of the file could be read as ELF; the loader's own checks start from these. */
enum bs_image_state {
	BS_IMAGE_OK,	     /* header and program headers are there */
	BS_IMAGE_UNREADABLE, /* read(2) fails (a directory): read_error says why */
	BS_IMAGE_SHORT,	     /* no room for the header of its class (64 bytes if that is unknown) */
	BS_IMAGE_NOT_ELF,    /* no magic number */
	BS_IMAGE_ODD_CLASS,  /* EI_CLASS or EI_DATA is neither of the two values; if only EI_DATA,
				the  header's fields are read in the host's byte order */
	BS_IMAGE_NO_PHDRS,   /* program headers lie outside of the file, or phentsize is wrong */
};

struct bs_segment {
	uint32_t type, flags; /* PT_*, PF_* */
	uint64_t offset, vaddr, filesz, memsz, align;
};

struct bs_dyn {
	int64_t tag;
	uint64_t value;
};

/*
 * Counts in symbol-table entries, string offsets in bytes from the start of the string table.
 *
 * No field of an ELF file says how long the symbol table is, and no loader asks. N is what may be
 * read: up to the next table that the dynamic section names, or further when a hash table reaches
 * further, but never beyond the segment. What lies behind the last symbol may be counted in, mostly
 * none or padding: whoever wants the symbols of an object goes by its hash tables and relocations.
 */
struct bs_symbol_table {
	const char *strings;	/* DT_STRTAB; its last byte is NUL: any offset is a C string */
	uint64_t n_strings;	/* bytes, up to the segment's last NUL: DT_STRSZ says nothing */
	const void *entries;	/* Elf32_Sym or Elf64_Sym in host byte order */
	uint32_t n;		/* entries that may be read */
	bool wide;		/* ENTRIES are Elf64_Sym */
	const uint16_t *versym; /* DT_VERSYM, or NULL */
	uint32_t n_versym;	/* entries of it that may be read, at most N */
	uint32_t *name_hashes;	/* what bs_image_name_hash() has computed; 0 elsewhere */
};

enum { BS_LOW_BITS = 32 };

/*
 * DT_GNU_HASH. Absent, empty or not usable: n_buckets == 0. The symbols that a lookup can find are
 * symbol_base <= index < symbol_base + n_chain.
 *
 * DT_MIPS_XHASH (glibc sysdeps/mips/ldsodefs.h) hashes symbols that are sorted otherwise: its walk
 * goes through XCHAIN, whose entry i stands for symbol xlat[i]; CHAIN is a copy sorted by symbol, 0
 * for symbols that the table leaves out.
 */
struct bs_gnu_hash {
	uint32_t n_buckets, symbol_base, bloom_words, bloom_shift;
	const void *bloom; /* words of the file's class, host byte order */
	const uint32_t *buckets;
	const uint32_t *chain; /* chain[i] belongs to symbol symbol_base + i */
	uint32_t n_chain; /* entries of CHAIN that may be read: up to the end of the last bucket */
	bool present;	  /* the tag is there: DT_HASH is not used then */
	bool wide;	  /* BLOOM has 64-bit words */

	const uint32_t *xchain, *xlat; /* DT_MIPS_XHASH only, else NULL */
	uint32_t xchain_base, n_xchain;

	/* What bs_image_chains_are_regular() has found out. */
	uint8_t *state;
	uint32_t
		*low_bits; /* of the hashes of CHAIN: bit I % BS_LOW_BITS of word I / BS_LOW_BITS */
};

/*
 * DT_HASH. Absent, not usable or, beside DT_GNU_HASH, never read: n_buckets == 0. N_CHAIN is the
 * table's own count, or more where its chains lead further: no loader reads that count.
 */
struct bs_sysv_hash {
	uint32_t n_buckets, n_chain;
	const void *buckets, *chain; /* 32-bit words, or 64-bit ones where the machine says so */
	bool wide;
	bool present; /* the tag is there, whether or not it counts */
};

/* One entry of the table that DT_VERSYM indexes (glibc elf/dl-version.c:_dl_check_map_versions). */
struct bs_version {
	const char *name; /* NULL for the nameless ones: indexes 0, 1, base definitions, holes */
	uint32_t hash;	  /* bs_hash_sysv() as the file stores it; 0 for the nameless ones */
	bool hidden;	  /* bit 15 of vna_other */
	const char *filename; /* vn_file for a needed version, NULL for a defined one */
};

struct bs_verdef {
	const char *name; /* its first verdaux */
	uint32_t hash;
	uint16_t version, flags, index; /* vd_version, VER_FLG_*, vd_ndx */
};

struct bs_vernaux {
	const char *name;
	uint32_t hash;
	uint16_t flags, other;
};

struct bs_verneed {
	const char *file;
	uint16_t version; /* vn_version */
	const struct bs_vernaux *aux;
	uint32_t n_aux;
};

/*
 * Definitions and needs are in the file's order; VERSIONS goes by index, of which 0 and 1 are
 * nameless unless the file says otherwise. N_VERSIONS is 0 when no version index is above 0: then
 * the object counts as unversioned.
 */
struct bs_version_tables {
	const struct bs_version *versions;
	uint32_t n_versions;
	const struct bs_verdef *defs;
	uint32_t n_defs;
	bool has_defs; /* DT_VERDEF is there */
	bool defs_cut; /* the file has, or may have, more definitions than DEFS */
	const struct bs_verneed *needs;
	uint32_t n_needs;
};

/* The MIPS64 formats are those of little-endian files, whose r_info is no 64-bit number. */
enum bs_reloc_format { BS_REL32, BS_RELA32, BS_REL64, BS_RELA64, BS_REL_MIPS64, BS_RELA_MIPS64 };

/*
 * A run of relocations that the loader goes through in one go. The first N_RELATIVE it takes for
 * RELATIVE without looking at their type (DT_RELCOUNT, DT_RELACOUNT).
 */
struct bs_reloc_table {
	const void *entries; /* host byte order */
	uint32_t n;
	uint32_t n_relative; /* at most N */
	enum bs_reloc_format format;
	uint64_t offset; /* of the table in the file, for messages */
};

/*
 * In the order the loader processes them: got, eager (DT_REL, then DT_RELA), then plt (DT_JMPREL);
 * where an eager table ends with the PLT's relocations, it is that much shorter. (A loader that
 * takes both formats does a PLT in REL format before DT_RELA; no linker makes such a file.)
 */
struct bs_relocations {
	struct bs_reloc_table
		got; /* MIPS: what stands in no table, see mips-got.c; n == 0 elsewhere */
	struct bs_reloc_table eager[2];
	uint32_t n_eager;
	struct bs_reloc_table plt; /* n == 0 when absent */
	uint64_t n_relr;	   /* relative relocations packed in DT_RELR */
	bool has_relr;
};

struct bs_relocation {
	uint64_t offset; /* virtual address of the place */
	uint32_t symbol; /* index into the symbol table */
	uint32_t type;
	int64_t addend; /* 0 in REL tables: it stands in the place itself */
};

/* Types of got's entries, which no file's relocation has: R_MIPS_32 and R_MIPS_JUMP_SLOT to the
 * loader, and one that a lazy relocation leaves as it is, to lead where it led, for ever. */
enum { BS_MIPS_GOT_ADDRESS = 0xf0, BS_MIPS_GOT_STUB = 0xf1, BS_MIPS_GOT_KEPT = 0xf2 };

/*
 * A note in which a file says what it may dlopen (owner "FDO", type 0x407c0c0a): a text in JSON,
 * which nobody has looked into yet, up to its NUL. (The UAPI Group Specifications, UAPI.12: "ELF
 * dlopen() metadata")
 */
struct bs_dlopen_note {
	const char *text;
	uint32_t n;	 /* bytes, without the NUL */
	uint64_t offset; /* of TEXT in the file */
};

struct bs_notes {
	const uint8_t *build_id;
	uint32_t n_build_id;
	bool has_abi_tag;
	uint32_t abi_os, abi_version[3];
	uint32_t x86_isa_needed; /* GNU_PROPERTY_X86_ISA_1_NEEDED: bits for baseline, v2, v3, v4 */
	uint32_t needed_1;	 /* GNU_PROPERTY_1_NEEDED: bit 0 INDIRECT_EXTERN_ACCESS */
	const struct bs_dlopen_note *dlopen; /* in the order of the file */
	uint32_t n_dlopen;
};

struct bs_image {
	const char *path; /* by which the host's file was first opened, for diagnostics */
	uint64_t dev, ino;
	uint64_t size; /* bytes in the file; what is no regular file, or claims to be empty, has as
			  many as were read of it */
	uint32_t mode; /* st_mode */
	const char
		*bytes; /* the file, N_BYTES of it: of what is no regular file the header at most */
	size_t n_bytes;
	enum bs_image_state state;
	int read_error; /* errno when UNREADABLE */
	/*
	 * False when something is odd about the file, cut or left out; the diagnostics say what. A
	 * loader may live with that.
	 */
	bool complete;
	/*
	 * What no loader survives that relocates the object (or, for a file that is not OK, what it
	 * refuses): an assertion of its own, or a table that it walks outside of what is mapped.
	 * Else NULL, even when not complete.
	 */
	const char *broken;

	struct bs_elf_header header;
	const struct bs_machine *machine; /* NULL: no table for it */
	const struct bs_segment *segments;
	uint32_t n_segments;
	const char *interp; /* PT_INTERP, or NULL */

	bool has_dynamic;	      /* a PT_DYNAMIC with bytes in the file */
	bool dynamic_is_empty;	      /* a PT_DYNAMIC with p_filesz 0 */
	const struct bs_dyn *dynamic; /* without the DT_NULL at the end */
	uint32_t n_dynamic;
	/* NULL when absent; rpath stands even beside runpath. */
	const char *soname, *rpath, *runpath;
	uint32_t flags, flags_1; /* DT_FLAGS, DT_FLAGS_1 */
	bool symbolic;		 /* DT_SYMBOLIC or DF_SYMBOLIC */
	bool bind_now;		 /* DT_BIND_NOW, DF_BIND_NOW or DF_1_NOW */
	bool variant_pcs;	 /* DT_AARCH64_VARIANT_PCS, on that machine */
	bool shortens_tls; /* PPC64_OPT_TLS in DT_PPC64_OPT: what the static block has room for
			      is used without a call */

	struct bs_symbol_table symbols;
	struct bs_gnu_hash gnu_hash;
	struct bs_sysv_hash sysv_hash;
	struct bs_version_tables versions;
	struct bs_relocations relocations;
	struct bs_notes notes;
	bool has_tls; /* PT_TLS with p_memsz > 0 */
	uint64_t tls_size, tls_align;
	/* By symbol, see bs_image_keeps() and bs_image_hides(); NULL in what was read from a file
	 */
	const uint8_t *kept, *hidden;
};

/* ---- accessors ---------------------------------------------------------------------------- */

struct bs_symbol {
	uint64_t value, size;
	uint32_t name;	  /* offset into symbols.strings */
	uint16_t section; /* st_shndx */
	uint8_t info, other;
};

static inline uint8_t bs_symbol_bind(const struct bs_symbol *s)
{
	return s->info >> 4;
}

static inline uint8_t bs_symbol_type(const struct bs_symbol *s)
{
	return s->info & 0xf;
}

/* "func", "object", "notype" and so on; of a type without a name its number, in ARENA. */
const char *bs_symbol_type_name(struct bs_arena *arena, unsigned type);

static inline uint8_t bs_symbol_visibility(const struct bs_symbol *s)
{
	return s->other & 3;
}

/* The bytes that stand in the file for ADDRESS, *RET_N of them up to the end of its segment; NULL:
 * none do. Other than the tables they were not looked at when the image was read. */
const uint8_t *bs_image_bytes_at(const struct bs_image *image, uint64_t address, uint64_t *ret_n);

/* Symbol INDEX of IMAGE; all zero when INDEX is outside of the table. */
static inline struct bs_symbol bs_image_symbol(const struct bs_image *image, uint32_t index)
{
	const struct bs_symbol_table *table = &image->symbols;

	if (index >= table->n)
		return (struct bs_symbol){ 0 };
	if (table->wide) {
		const Elf64_Sym *s = (const Elf64_Sym *)table->entries + index;

		return (struct bs_symbol){ s->st_value, s->st_size, bs_once32(s->st_name),
					   s->st_shndx, s->st_info, s->st_other };
	}
	const Elf32_Sym *s = (const Elf32_Sym *)table->entries + index;

	return (struct bs_symbol){ s->st_value, s->st_size, bs_once32(s->st_name),
				   s->st_shndx, s->st_info, s->st_other };
}

/* The string at OFFSET of IMAGE's string table, NUL-terminated; "" when OFFSET is outside of it. */
static inline const char *bs_image_string(const struct bs_image *image, uint64_t offset)
{
	return offset < image->symbols.n_strings ? image->symbols.strings + offset : "";
}

/* The name of symbol INDEX; "" when there is none. */
static inline const char *bs_image_symbol_name(const struct bs_image *image, uint32_t index)
{
	const struct bs_symbol_table *table = &image->symbols;

	if (index >= table->n)
		return "";
	return bs_image_string(
		image, bs_once32(table->wide ? ((const Elf64_Sym *)table->entries)[index].st_name
					     : ((const Elf32_Sym *)table->entries)[index].st_name));
}

/*
 * Whether -Bsymbolic, or -Bsymbolic-functions where FUNCTIONS_ONLY, takes the lookups of the
 * object's own references to SYMBOL away, which it exports.
 */
bool bs_symbolic_keeps(const struct bs_symbol *symbol, bool functions_only);

/* A reference of IMAGE to its own symbol INDEX does not leave it, whatever visibility it has. Never
 * so in a file, where the link editor leaves no such reference. */
static inline bool bs_image_keeps(const struct bs_image *image, uint32_t index)
{
	return image->kept && index < image->symbols.n && image->kept[index / 8] >> index % 8 & 1;
}

/* Symbol INDEX is none that others could find in IMAGE: its hash table would not have it. */
static inline bool bs_image_hides(const struct bs_image *image, uint32_t index)
{
	return image->hidden && index < image->symbols.n &&
	       image->hidden[index / 8] >> index % 8 & 1;
}

/* Has the memory of symbol INDEX (< table->n) fetched, for a reader who comes soon. */
static inline void bs_image_prefetch_symbol(const struct bs_image *image, uint32_t index)
{
	const struct bs_symbol_table *table = &image->symbols;
	size_t size = table->wide ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);

	__builtin_prefetch((const char *)table->entries + index * size);
	__builtin_prefetch(&table->name_hashes[index]);
	if (table->versym)
		__builtin_prefetch(&table->versym[index]);
}

/* The same of its name; those of C++ run to two cache lines. */
static inline void bs_image_prefetch_name(const struct bs_image *image, uint32_t index)
{
	const char *name = bs_image_symbol_name(image, index);

	__builtin_prefetch(name);
	__builtin_prefetch(name + 64);
}

/*
 * The GNU hash of the name of symbol INDEX, which must be less than the table's N. It is computed
 * once and kept with the image; threads that compute it at the same time come to the same.
 */
static inline uint32_t bs_image_name_hash(const struct bs_image *image, uint32_t index)
{
	uint32_t *kept = &image->symbols.name_hashes[index];
	uint32_t hash = __atomic_load_n(kept, __ATOMIC_RELAXED);

	if (!hash) {
		hash = bs_hash_gnu(bs_image_symbol_name(image, index));
		__atomic_store_n(kept, hash, __ATOMIC_RELAXED);
	}
	return hash;
}

/* The raw DT_VERSYM entry of symbol INDEX; 0 when there is none. */
static inline uint16_t bs_image_versym(const struct bs_image *image, uint32_t index)
{
	return index < image->symbols.n_versym ? bs_once16(image->symbols.versym[index]) : 0;
}

/* Relocation INDEX (< table->n) of TABLE. */
static inline struct bs_relocation bs_reloc_at(const struct bs_reloc_table *table, uint32_t index)
{
	uint64_t info;

	switch (table->format) {
	case BS_RELA64: {
		const Elf64_Rela *r = (const Elf64_Rela *)table->entries + index;

		info = bs_once64(r->r_info);
		return (struct bs_relocation){ r->r_offset, info >> 32, (uint32_t)info,
					       r->r_addend };
	}
	case BS_REL64: {
		const Elf64_Rel *r = (const Elf64_Rel *)table->entries + index;

		info = bs_once64(r->r_info);
		return (struct bs_relocation){ r->r_offset, info >> 32, (uint32_t)info, 0 };
	}
	case BS_RELA32: {
		const Elf32_Rela *r = (const Elf32_Rela *)table->entries + index;

		info = bs_once32(r->r_info);
		return (struct bs_relocation){ r->r_offset, info >> 8, info & 0xff, r->r_addend };
	}
	case BS_REL32: {
		const Elf32_Rel *r = (const Elf32_Rel *)table->entries + index;

		info = bs_once32(r->r_info);
		return (struct bs_relocation){ r->r_offset, info >> 8, info & 0xff, 0 };
	}
	/* The upper half has r_ssym, r_type3, r_type2, r_type: the type's bytes back to front. */
	case BS_RELA_MIPS64: {
		const Elf64_Rela *r = (const Elf64_Rela *)table->entries + index;

		info = bs_once64(r->r_info);
		return (struct bs_relocation){ r->r_offset, (uint32_t)info,
					       __builtin_bswap32((uint32_t)(info >> 32)),
					       r->r_addend };
	}
	case BS_REL_MIPS64: {
		const Elf64_Rel *r = (const Elf64_Rel *)table->entries + index;

		info = bs_once64(r->r_info);
		return (struct bs_relocation){ r->r_offset, (uint32_t)info,
					       __builtin_bswap32((uint32_t)(info >> 32)), 0 };
	}
	}
	__builtin_unreachable();
}

/* The value of the last dynamic entry TAG, or FALLBACK. */
uint64_t bs_image_dynamic(const struct bs_image *image, int64_t tag, uint64_t fallback);

/* True when the dynamic section has an entry TAG. */
bool bs_image_has_dynamic(const struct bs_image *image, int64_t tag);

/*
 * True when IMAGE has a DT_GNU_HASH with symbols in it that is as a linker writes it: chain after
 * chain in the order of buckets, each hash in its own and in the bloom filter. Then LOW_BITS has
 * what CHAIN leaves out, and a walk finds a symbol by that hash and by no other. It is found out
 * once; threads that do so at the same time come to the same.
 */
bool bs_image_chains_are_regular(const struct bs_image *image);

/*
 * The GNU hash of the name of symbol INDEX but for its lowest bit, as DT_GNU_HASH stores it,
 * shifted right by one; only for symbols that CHAIN covers: symbol_base <= INDEX < symbol_base +
 * n_chain.
 */
static inline uint32_t bs_image_stored_hash(const struct bs_image *image, uint32_t index)
{
	return image->gnu_hash.chain[index - image->gnu_hash.symbol_base] >> 1;
}

/*
 * What the bloom filter of GNU, which has buckets, says of hash H. A shift beyond the hash's 32
 * bits leaves nothing of it where the loader computes in words of a 64-bit class; where it computes
 * in 32 bits (WRAPS) only the lowest five bits of the shift count.
 */
static inline bool bs_gnu_bloom_passes(const struct bs_gnu_hash *gnu, uint32_t h, bool wraps)
{
	if (gnu->wide) {
		uint64_t word = ((const uint64_t *)gnu->bloom)[h / 64 & (gnu->bloom_words - 1)];
		uint64_t shifted = (uint64_t)h >> (gnu->bloom_shift & (wraps ? 31 : 63));

		return word >> (h & 63) & word >> (shifted & 63) & 1;
	}
	uint32_t word = ((const uint32_t *)gnu->bloom)[h / 32 & (gnu->bloom_words - 1)];
	uint32_t shifted = h >> (gnu->bloom_shift & 31);

	return word >> (h & 31) & word >> (shifted & 31) & 1;
}

/*
 * Walks IMAGE's hash table for names with the hash of NAME (GNU_HASH is bs_hash_gnu(NAME); the
 * other hash is computed when needed) exactly as a loader does: DT_GNU_HASH with bloom filter,
 * bucket and chain, where there is one, else DT_HASH. Calls nothing and compares no names: start
 * with *STEP zeroed but for SHIFT_WRAPS; each call returns the next candidate symbol index, or 0
 * when there are no more. Candidates of DT_GNU_HASH have an equal hash; those of DT_HASH are merely
 * in the right bucket. A chain that runs in a circle ends after as many steps as it has entries.
 */
struct bs_hash_step {
	bool shift_wraps; /* see bs_gnu_bloom_passes() */
	uint32_t at;	  /* private */
	uint32_t steps;	  /* private */
};
uint32_t bs_image_hash_next(const struct bs_image *image, const char *name, uint32_t gnu_hash,
			    struct bs_hash_step *step);
