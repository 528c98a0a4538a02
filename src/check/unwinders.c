/* SPDX-License-Identifier: MIT */
/*
 * mixed-unwinders: an exception is raised by one unwinder and goes on in another. The interface
 * (Itanium C++ ABI: Exception Handling) has several makers, libgcc_s and libunwind among them,
 * whose contexts differ: who comes first must serve all.
 */
#include "check-priv.h"

#include <string.h>

/* Who begins to unwind, and who is called on the way: clean-ups and personality routines. */
static bool raises(const char *name)
{
	return strcmp(name, "_Unwind_RaiseException") == 0 ||
	       strcmp(name, "_Unwind_ForcedUnwind") == 0 ||
	       strcmp(name, "_Unwind_Resume_or_Rethrow") == 0;
}

static bool goes_on(const char *name)
{
	return strcmp(name, "_Unwind_Resume") == 0 || strcmp(name, "_Unwind_SetGR") == 0 ||
	       strcmp(name, "_Unwind_SetIP") == 0 || strncmp(name, "_Unwind_Get", 11) == 0;
}

void bs_learn_unwinders(struct bs_pass *pass)
{
	const struct bs_run *run = pass->run;

	bs_definers_of(run->binder, &run->process, &run->ctx, "_Unwind_RaiseException",
		       &pass->checker->unwinders);
}

void bs_note_unwinder(struct bs_pass *pass, const struct bs_binding *b)
{
	const struct bs_run *run = pass->run;

	/* What an unwinder has inside is its own business. */
	if (!b->symbol || bs_ids_have(&pass->checker->unwinders, b->referrer))
		return;
	const char *name = bs_run_symbol_name(run, b);
	bool begins = raises(name);

	if ((begins || goes_on(name)) &&
	    !bs_counted_before(pass, &pass->counted, b, BS_COUNTED_UNWINDING))
		bs_vec_push(run->ctx.arena, &pass->checker->unwinding,
			    (struct bs_unwinding){ *b, pass->result->number, begins });
}

/* Some object that raises exceptions in the namespace of U with another unwinder; or NULL. */
static const struct bs_unwinding *other_raiser(const struct bs_checker *checker,
					       const struct bs_process *process,
					       const struct bs_unwinding *u)
{
	bs_vec_each (i, &checker->unwinding) {
		const struct bs_unwinding *other = &checker->unwinding.v[i];
		const struct bs_map *map = bs_map_of(process, other->binding.referrer);

		if (other->raises && other->binding.definer != u->binding.definer &&
		    !map->removed && map->ns == bs_map_of(process, u->binding.referrer)->ns)
			return other;
	}
	return NULL;
}

void bs_check_unwinders(struct bs_checker *checker, const struct bs_run *run, bs_findings *findings)
{
	if (checker->unwinders.n < 2)
		return;
	bs_vec_each (i, &checker->unwinding) {
		const struct bs_unwinding *u = &checker->unwinding.v[i];
		const struct bs_unwinding *other = other_raiser(checker, &run->process, u);

		if (u->raises || !other || bs_map_of(&run->process, u->binding.referrer)->removed)
			continue;
		struct bs_finding *f =
			bs_finding_between(run, findings, BS_RULE_MIXED_UNWINDERS,
					   u->step > other->step ? u->step : other->step,
					   u->binding.referrer, u->binding.definer);

		f->level = BS_LEVEL_ERROR;
		bs_finding_count(f, &u->binding);
		if (f->n > 1)
			continue;
		bs_finding_fact(run, f,
				&(struct bs_fact){ .kind = BS_FACT_RAISED_BY,
						   .object = other->binding.referrer });
		bs_finding_fact(run, f,
				&(struct bs_fact){ .kind = BS_FACT_RAISED_WITH,
						   .object = other->binding.definer });
	}
}
