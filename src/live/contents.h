/* SPDX-License-Identifier: MIT */
/*
 * contents.h - what the slots of the objects of a process hold
 *
 * A slot is a place that a relocation fills with the address of a symbol. What it holds says by
 * itself to whom it is bound: the object that the address lies in, if that defines the name there.
 * No loader is known here and nothing is looked up in a scope.
 *
 * Floor 10: may include subject.h and what that shows.
 */
#pragma once

#include "../base/base.h"
#include "../elf/elf.h"
#include "subject.h"

enum bs_content {
	BS_CONTENT_BOUND,      /* the address of the symbol in DEFINER */
	BS_CONTENT_LAZY,       /* it waits for its first call */
	BS_CONTENT_NULL,       /* 0 */
	BS_CONTENT_PATCHED,    /* what no loader puts there */
	BS_CONTENT_CHANGED,    /* the same, in a variable, which the program may write to */
	BS_CONTENT_UNREADABLE, /* the memory or a file is not at hand, or the loader, at work, had
				  not come to it */
	BS_CONTENT_COUNT_
};

/* "bound", "lazy", ... */
const char *bs_content_slug(enum bs_content content);

/* What an address that defines nothing leads to. */
enum bs_target_kind {
	BS_TARGET_NONE,	     /* not asked: the slot is as a loader leaves it */
	BS_TARGET_OBJECT,    /* another place of an object: DEFINER, and DEFINER_SYMBOL if one lies
				there */
	BS_TARGET_FILE,	     /* a file that is mapped and in no link map: AREA */
	BS_TARGET_ANONYMOUS, /* memory without a file */
	BS_TARGET_NOTHING,   /* nothing is mapped there */
	BS_TARGET_COUNT_
};

const char *bs_target_slug(enum bs_target_kind kind);

struct bs_live_slot {
	uint32_t object;  /* whose */
	uint32_t symbol;  /* in its table */
	uint64_t place;	  /* virtual address, as in the file */
	uint8_t kind;	  /* enum bs_reloc_kind */
	uint8_t content;  /* enum bs_content */
	uint8_t target;	  /* enum bs_target_kind, of PATCHED and CHANGED */
	bool by_resolver; /* of BOUND: the definition is an IFUNC, whose resolver chose the address
			   */
	uint32_t definer; /* of BOUND, or see TARGET; else BS_NO_LIVE_OBJECT */
	uint32_t definer_symbol;
	const char *area; /* of BS_TARGET_FILE: its path */
};

typedef BS_VEC(struct bs_live_slot) bs_live_slots;

/*
 * Appends to RET the slots of SUBJECT's objects, object by object in the order of their
 * relocations. Slots of thread-local storage, of copies, and those that a resolver without a name
 * fills are none of them; nor are those of MIPS.
 */
void bs_live_slots_read(const struct bs_ctx *ctx, const struct bs_subject *subject,
			bs_live_slots *ret);

/*
 * bs_subject_of_process() and bs_live_slots_read() of a process that may run: again, until it has
 * not changed between the first and the last look. A loader that is at work all the time is shown
 * so. Takes up to some seconds. Returns NULL, or why not, a sentence; RET is to be closed in any
 * case.
 */
const char *bs_live_process_read(const struct bs_ctx *ctx, struct bs_store *store, pid_t pid,
				 const char *root, struct bs_subject *ret,
				 bs_live_slots *ret_slots);
