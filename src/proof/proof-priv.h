/* SPDX-License-Identifier: MIT */
/* proof-priv.h - what the files of the proof floor share */
#pragma once

#include "dw-late.h"
#include "proof.h"

enum { BS_DEEPEST = 48 }; /* nested namespaces, pointers to pointers: no program has more */

/* ---- debug-file.c: the files ----------------------------------------------------------------- */

/* A file that is mapped and known to libelf. */
struct bs_mapped {
	void *bytes; /* to be unmapped, or NULL */
	size_t n;
	uint64_t dev, ino;
	Elf *elf;
	const char *path;
	struct bs_guard *guard;	 /* of BYTES, or NULL */
	struct bs_sentry sentry; /* of the file */
};

/* A namespace or a type in a unit, in the order of the file. */
struct bs_named {
	Dwarf_Die die;
	Dwarf_Off start, end; /* its own offset, and that of what comes after it and its children */
	const char *name;     /* its own, without what it is in; or NULL */
	uint32_t parent;      /* in which it stands: index plus 1; 0: none */
	uint32_t scope;	      /* to which it belongs: another one where it was declared before */
	const char *whole;    /* the same with what it is in, once that was asked for */
	uint32_t hash;	      /* of the whole name; 0: it has none */
	bool is_type, is_complete;
};

/* A function or variable in a unit. */
struct bs_placed {
	Dwarf_Die die;
	uint64_t address; /* of a thread-local variable: the offset in its block; of what is only
			     declared UINT64_MAX */
	bool is_function, is_thread_local;
};

/* A part of the debug information that was compiled in one go. */
struct bs_unit {
	Dwarf_CU *cu;
	Dwarf_Die die;
	bool is_read; /* what follows is filled in */
	BS_VEC(struct bs_named) named;
	BS_VEC(struct bs_placed) placed;
};

struct bs_range {
	uint64_t start, end; /* one behind the last */
	uint32_t unit;
};

/* Where complete types of a name are. */
struct bs_type_place {
	uint32_t hash, unit, named;
};

/* The debug information of one object. */
struct bs_debug {
	const struct bs_image *image;
	enum bs_unproven unproven; /* why there is none */
	const char *path;	   /* of the separate file, inside the root; or NULL */
	struct bs_mapped own, separate, shared;
	Dwarf *dwarf, *alt;
	bool is_split; /* some of it is in .dwo files */

	struct bs_arena *arena;
	BS_VEC(struct bs_unit) units;
	uint32_t *unit_table; /* by hash of cu: index plus 1 */
	uint32_t unit_mask;
	BS_VEC(struct bs_range) ranges;
	uint32_t n_read;      /* units up to here have been read for their types and variables */
	uint32_t *type_table; /* by hash of the name: index plus 1 into TYPES */
	uint32_t type_mask;
	BS_VEC(struct bs_type_place) types;
	uint64_t budget; /* entries that may still be looked at */
};

/* Finds the debug information of IMAGE, on RUN's file system; all that it needs comes from ARENA.
 * Always returns a record, which says why there is none. bs_debug_close() gives its files back. */
struct bs_debug *bs_debug_open(struct bs_arena *arena, const struct bs_run *run,
			       const struct bs_image *image, uint64_t budget);
void bs_debug_close(struct bs_debug *debug);

/* The path of a file of DEBUG that shrank or was written to while it was read, and which of it; or
 * NULL. */
const char *bs_debug_changed(const struct bs_debug *debug, const char **ret_words);

/* ---- units.c: what is where in them ---------------------------------------------------------- */

/* Lists the units of DEBUG. */
void bs_units_list(struct bs_debug *debug);

/* The unit that DIE is in, read; NULL: none that counts. */
struct bs_unit *bs_unit_of(struct bs_debug *debug, const Dwarf_Die *die);

/* The function at ADDRESS. */
bool bs_find_function(struct bs_debug *debug, uint64_t address, Dwarf_Die *ret);

/* The variable at ADDRESS, or else a declaration of NAME, as it stands in symbol tables: what an
 * executable holds by copy relocation it only declares. */
bool bs_find_variable(struct bs_debug *debug, const char *name, uint64_t address,
		      bool is_thread_local, Dwarf_Die *ret);

/* The definition of the type of this whole NAME, of which HINT is a declaration or NULL. */
bool bs_find_type(struct bs_debug *debug, const char *name, const Dwarf_Die *hint, Dwarf_Die *ret);

/* The name of the type or namespace DIE with all that it is in; NULL: it has none. */
const char *bs_whole_name(struct bs_debug *debug, const Dwarf_Die *die);

/* The typedef that gives the type DIE, which has no name, one; NULL: there is none. */
const char *bs_typedef_of(struct bs_debug *debug, const Dwarf_Die *die);

/* ---- attributes.c ------------------------------------------------------------------------------
 */

/* Follows the reference ATTRIBUTE of DIE to what is in a unit of DEBUG's. */
bool bs_die_follow(struct bs_debug *debug, const Dwarf_Die *die, unsigned attribute,
		   Dwarf_Die *ret);
/* The attribute of DIE or of what it completes or is an instance of, and where it was. */
Dwarf_Attribute *bs_die_inherited(struct bs_debug *debug, const Dwarf_Die *die, unsigned attribute,
				  Dwarf_Attribute *ret, Dwarf_Die *ret_owner);
const char *bs_die_string(const Dwarf_Die *die, unsigned attribute);
/* As it is mangled, by what DWARF 4 calls it or compilers did before; or NULL. */
const char *bs_die_linkage_name(const Dwarf_Die *die);
bool bs_die_number(const Dwarf_Die *die, unsigned attribute, uint64_t *ret);
bool bs_die_flag(const Dwarf_Die *die, unsigned attribute);
/* Goes on to the next child of a DIE; CHILD is the one before, or FIRST says that there is none. */
bool bs_die_next(const Dwarf_Die *parent, Dwarf_Die *child, bool first);
#define bs_die_each(parent, child)                                                                 \
	for (bool first_ = true; bs_die_next((parent), (child), first_); first_ = false)

/* ---- types.c -----------------------------------------------------------------------------------
 */

/* A type as one side has it; DIE.addr is NULL for void. */
struct bs_type {
	struct bs_debug *debug;
	Dwarf_Die die;
};

/* The type that the attribute DW_AT_type of DIE names; false: it cannot be read. */
bool bs_type_of(struct bs_debug *debug, const Dwarf_Die *die, struct bs_type *ret);
/* TYPE without typedefs and qualifiers. */
bool bs_type_peel(const struct bs_type *type, struct bs_type *ret);
/* TYPE, which may be a declaration, as it is defined. */
bool bs_type_complete(const struct bs_type *type, struct bs_type *ret);
static inline bool bs_type_is_void(const struct bs_type *type)
{
	return type->die.addr == NULL;
}
/* TEXT, which a file has, in ARENA, up to where it is too long for anybody to read; NULL for NULL.
 */
const char *bs_kept_text(struct bs_arena *arena, const char *text);
/* As it is written, in ARENA. */
const char *bs_type_text(struct bs_arena *arena, const struct bs_type *type);
/* Two whole names mean one type, whichever compiler wrote them. */
bool bs_same_name(const char *left, const char *right);

/* ---- compare.c ---------------------------------------------------------------------------------
 */

/* What is at hand when two types are held against each other: the words for a difference. */
struct bs_edge {
	enum bs_difference_kind kind;
	const char *type, *name;
};

/* A definition in the debug information. */
struct bs_evidence {
	struct bs_type at; /* the function, the variable or, for its tables, the class */
	bool is_function, is_class;
	uint64_t address; /* in the object, as the symbol says */
};

struct bs_type_pair {
	struct bs_type left, right;
	struct bs_edge edge; /* that led to it first */
};

/* A set of pairs, in the order in which they came. */
struct bs_type_pairs {
	BS_VEC(struct bs_type_pair) list;
	uint32_t *table; /* by hash: index plus 1 */
	uint32_t mask;
};

/* One comparison under way. */
struct bs_comparison {
	struct bs_arena *arena, *texts; /* for work; for what stays */
	struct bs_difference difference;
	const struct bs_type_pairs *known; /* that are the same, and all that they lead to */
	struct bs_type_pairs pairs;	   /* all that were come to; up to NEXT they are done */
	uint32_t next;
	bool is_cut; /* there was more than is looked at, or what could not be read */
};

/* Leaves the first difference in COMPARISON; false when there is one. */
bool bs_compare_types(struct bs_comparison *comparison, const struct bs_edge *edge,
		      const struct bs_type *left, const struct bs_type *right);
bool bs_compare_functions(struct bs_comparison *comparison, const struct bs_edge *edge,
			  const struct bs_type *left, const struct bs_type *right);
/* The same for all that was come to. */
bool bs_compare_rest(struct bs_comparison *comparison);
/* COMPARISON found nothing: what it came to is added to KNOWN, in ARENA. */
void bs_comparison_learn(const struct bs_comparison *comparison, struct bs_arena *arena,
			 struct bs_type_pairs *known);
/* Says that there is a difference; false, for the callers to return. */
bool bs_differ(struct bs_comparison *comparison, const struct bs_edge *edge, const char *left,
	       const char *right);

/* layout.c: two structures, classes, unions or enumerations of one name. */
bool bs_compare_layouts(struct bs_comparison *comparison, const struct bs_type_pair *pair);
/* The constants that two members or variables have. */
bool bs_compare_constants(struct bs_comparison *comparison, const struct bs_edge *edge,
			  const Dwarf_Die *left, const Dwarf_Die *right);

/* value.c: what two variables that are constants hold. */
bool bs_compare_values(struct bs_comparison *comparison, const struct bs_edge *edge,
		       const struct bs_evidence *left, const struct bs_evidence *right);

/* ---- definition.c: a symbol's definition on one side --------------------------------------------
 */

/* Finds the definition of NAME, whose entry in the image's own table is SYMBOL, and fills in SIDE.
 */
bool bs_find_definition(struct bs_debug *debug, struct bs_arena *texts, const char *name,
			const struct bs_symbol *symbol, struct bs_proof_side *side,
			struct bs_evidence *ret);
