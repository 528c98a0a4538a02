/* SPDX-License-Identifier: MIT */
/*
 * needs-global: what an object misses is in the process, where it does not look: in an object that
 * was opened with RTLD_LOCAL, or in another namespace.
 */
#include "check-priv.h"

/* Who defines what B asks for; whoever is in the same namespace rather than in another. */
static bs_map_id withheld_definer(const struct bs_run *run, const struct bs_binding *b,
				  uint32_t *ret_symbol)
{
	const struct bs_process *process = &run->process;
	uint32_t ns = bs_map_of(process, b->referrer)->ns;
	bs_map_id found = BS_NO_MAP;

	bs_vec_each (id, &process->maps) {
		const struct bs_map *map = bs_map_of(process, id);

		if (map->removed || map->is_ghost || !map->image || map->real != id ||
		    map->role != BS_ROLE_ORDINARY || id == b->referrer ||
		    (map->ns != ns && found != BS_NO_MAP) ||
		    bs_place_in_scope(process, b->referrer, id) != BS_NOWHERE)
			continue;
		uint32_t symbol = bs_answer_of(run->binder, process, &run->ctx, b, id);

		if (!symbol)
			continue;
		*ret_symbol = symbol;
		found = id;
		if (map->ns == ns)
			break;
	}
	return found;
}

static struct bs_fact reason(const struct bs_run *run, bs_map_id from, bs_map_id to)
{
	const struct bs_map *definer = bs_map_of(&run->process, to);
	uint32_t ns = bs_map_of(&run->process, from)->ns;

	if (definer->ns != ns)
		return (struct bs_fact){
			.kind = BS_FACT_OTHER_NAMESPACE, .n = definer->ns, .of = ns, .object = to
		};
	bs_map_id root = definer->born < run->opened.n ? run->opened.v[definer->born] : BS_NO_MAP;

	return (struct bs_fact){ .kind = BS_FACT_OPENED_LOCAL,
				 .n = definer->born,
				 .object = root == BS_NO_MAP ? to : root };
}

/* ID's constructors are running, and when they are over all may see it. */
static bool is_seen_soon(const struct bs_run *run, bs_map_id id)
{
	uint32_t number = bs_map_of(&run->process, id)->born;

	if (!number || number >= run->opened.n || run->opened.v[number] != BS_NO_MAP)
		return false;
	const struct bs_step *step = &run->plan->steps[number - 1];

	return step->mode & BS_MODE_GLOBAL || step->mode_is_number;
}

static void look(const struct bs_run *run, bs_findings *findings, const struct bs_binding *b,
		 uint32_t step)
{
	struct bs_binding missed = *b;

	missed.definer = withheld_definer(run, b, &missed.definer_symbol);
	if (missed.definer == BS_NO_MAP || is_seen_soon(run, missed.definer))
		return;
	struct bs_finding *f = bs_finding_between(run, findings, BS_RULE_NEEDS_GLOBAL, step,
						  b->referrer, missed.definer);

	f->level = BS_LEVEL_ERROR;
	bs_finding_count(f, &missed);
	if (f->n > 1)
		return;
	const struct bs_fact fact = reason(run, b->referrer, missed.definer);

	bs_finding_fact(run, f, &fact);
}

void bs_check_withheld(struct bs_pass *pass)
{
	const bs_bindings *bindings = &pass->result->relocated.bindings;
	struct bs_counted counted = { 0 };

	if (pass->result->state != BS_STEP_FAILED)
		return;
	bs_vec_each (i, bindings) {
		const struct bs_binding *b = &bindings->v[i];

		if (b->outcome == BS_UNDEFINED && b->symbol &&
		    !bs_counted_before(pass, &counted, b, BS_COUNTED_CAPTURED))
			look(pass->run, pass->findings, b, pass->result->number);
	}
}

void bs_check_withheld_slot(const struct bs_run *run, bs_findings *findings,
			    const struct bs_binding *answer, uint32_t step)
{
	if (answer->outcome == BS_UNDEFINED)
		look(run, findings, answer, step);
}
