/* SPDX-License-Identifier: MIT */
/*
 * definitions-differ: one definition stands in for another that is of another kind or size.
 * Functions of two builds differ in size all the time; what others see of data is its size.
 */
#include "check-priv.h"

#include <elf.h>

enum family { UNKNOWN, FUNCTION, DATA, THREAD_DATA };

static enum family family_of(const struct bs_symbol *symbol)
{
	switch (bs_symbol_type(symbol)) {
	case STT_FUNC:
	case STT_GNU_IFUNC:
		return FUNCTION;
	case STT_OBJECT:
	case STT_COMMON:
		return DATA;
	case STT_TLS:
		return THREAD_DATA;
	default: /* assembly often says nothing */
		return UNKNOWN;
	}
}

static uint64_t gap(const struct bs_fact *fact)
{
	return fact->n > fact->of ? fact->n - fact->of : fact->of - fact->n;
}

/* The worst example comes first, and the fact is about it. */
static void tell(struct bs_pass *pass, const struct bs_binding *b, enum bs_level level,
		 enum bs_fact_kind kind, uint64_t own, uint64_t theirs)
{
	const struct bs_fact fact = { .kind = kind,
				      .n = own,
				      .of = theirs,
				      .object = BS_NO_MAP,
				      .text = bs_run_symbol_name(pass->run, b) };
	struct bs_finding *f = bs_finding_of(pass, BS_RULE_DEFINITIONS_DIFFER, BS_LEVEL_NONE, b);

	if (f->n == 1)
		bs_finding_fact(pass->run, f, &fact);
	else if (level < f->level || (level == f->level && gap(&fact) <= gap(&f->facts.v[0])))
		return;
	f->level = level;
	f->facts.v[0] = fact;
	if (f->n <= BS_MAX_EXAMPLES)
		f->examples[f->n_examples - 1] = f->examples[0];
	f->examples[0] = *b;
}

static enum bs_fact_kind confusion(enum family own, enum family theirs)
{
	if (own == FUNCTION)
		return BS_FACT_FUNCTION_IS_DATA;
	if (theirs == FUNCTION)
		return BS_FACT_DATA_IS_FUNCTION;
	return own == THREAD_DATA ? BS_FACT_TLS_IS_PLAIN : BS_FACT_PLAIN_IS_TLS;
}

void bs_check_exchange(struct bs_pass *pass, const struct bs_binding *b,
		       const struct bs_symbol *own, const struct bs_symbol *theirs)
{
	enum family here = family_of(own), there = family_of(theirs);

	if (here == UNKNOWN || there == UNKNOWN)
		return;
	if (here != there)
		tell(pass, b, BS_LEVEL_ERROR, confusion(here, there), own->size, theirs->size);
	else if (here != FUNCTION && own->size && theirs->size && own->size != theirs->size)
		tell(pass, b, own->size > theirs->size ? BS_LEVEL_ERROR : BS_LEVEL_WARNING,
		     BS_FACT_SIZES, own->size, theirs->size);
}

/* A reference has no definition beside it to compare: it says whether it is to a thread's own
 * variable, by its type (as assemblers have it), or that it is a call, by its relocation. */
void bs_check_reference(struct bs_pass *pass, const struct bs_binding *b)
{
	const struct bs_process *process = &pass->run->process;
	const struct bs_symbol theirs =
		bs_image_symbol(bs_map_of(process, b->definer)->image, b->definer_symbol);
	const unsigned type = bs_symbol_type(&theirs);

	/* The usual ones: functions, and variables whose address is taken. */
	if (type == STT_FUNC || (type == STT_OBJECT && b->type_class != BS_CLASS_PLT))
		return;
	const struct bs_symbol own =
		bs_image_symbol(bs_map_of(process, b->referrer)->image, b->symbol);
	enum family there = family_of(&theirs);
	bool is_thread = bs_symbol_type(&own) == STT_TLS;
	enum bs_fact_kind kind = BS_FACT_NONE;

	/* Where an executable stands for a function there is no definition. */
	if (there == UNKNOWN || theirs.section == SHN_UNDEF)
		return;
	if (is_thread != (there == THREAD_DATA))
		kind = is_thread ? BS_FACT_TLS_IS_PLAIN : BS_FACT_PLAIN_IS_TLS;
	else if (b->type_class == BS_CLASS_PLT && !is_thread && there == DATA)
		kind = BS_FACT_FUNCTION_IS_DATA;
	if (kind && !bs_counted_before(pass, &pass->counted, b, BS_COUNTED_DIFFERING))
		tell(pass, b, BS_LEVEL_ERROR, kind, own.size, theirs.size);
}

/* The loader copies as much as there is room for. (glibc
 * sysdeps/x86_64/dl-machine.h: R_X86_64_COPY) */
void bs_check_copy(struct bs_pass *pass, const struct bs_binding *b, const struct bs_symbol *own,
		   const struct bs_symbol *theirs)
{
	if (own->size && theirs->size && own->size != theirs->size)
		tell(pass, b, own->size < theirs->size ? BS_LEVEL_ERROR : BS_LEVEL_WARNING,
		     BS_FACT_SIZES, own->size, theirs->size);
}
