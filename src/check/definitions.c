/* SPDX-License-Identifier: MIT */
/* Which two definitions of a symbol a finding is about. */
#include "check-priv.h"

#include <elf.h>

/* Facts whose object has the definition that the referrer was to get. */
static bool names_definer(enum bs_fact_kind kind)
{
	return kind == BS_FACT_NEEDED_DEFINER || kind == BS_FACT_ELSEWHERE;
}

static struct bs_definition definition_in(const struct bs_run *run, const struct bs_binding *b,
					  bs_map_id object)
{
	return (struct bs_definition){ object,
				       bs_own_definition(run, object, bs_run_symbol_name(run, b)) };
}

/* What B would have got; its SYMBOL is 0 when there is nothing. */
static struct bs_definition other_definition(const struct bs_run *run, const struct bs_finding *f,
					     const struct bs_binding *b)
{
	struct bs_definition found = { BS_NO_MAP, 0 };

	if (f->instead != BS_NO_MAP && f->instead != b->referrer)
		return definition_in(run, b, f->instead);
	bs_vec_each (i, &f->facts) {
		const struct bs_fact *fact = &f->facts.v[i];

		if (names_definer(fact->kind) && fact->object != BS_NO_MAP && !found.symbol)
			found = definition_in(run, b, fact->object);
	}
	return !found.symbol && b->is_defined ? (struct bs_definition){ b->referrer, b->symbol }
					      : found;
}

static bool defines(const struct bs_run *run, const struct bs_definition *d)
{
	const struct bs_image *image = bs_map_of(&run->process, d->object)->image;

	return image && bs_image_symbol(image, d->symbol).section != SHN_UNDEF;
}

bool bs_finding_definitions(const struct bs_run *run, const struct bs_finding *f,
			    const struct bs_binding *b, struct bs_definition ret[2])
{
	if (b->outcome != BS_BOUND || b->definer == BS_NO_MAP || f->to == BS_NO_MAP)
		return false;
	ret[0] = other_definition(run, f, b);
	ret[1] = (struct bs_definition){ b->definer, b->definer_symbol };
	return ret[0].symbol && ret[1].symbol && ret[0].object != ret[1].object &&
	       defines(run, &ret[0]) && defines(run, &ret[1]);
}
