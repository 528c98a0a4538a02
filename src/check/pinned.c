/* SPDX-License-Identifier: MIT */
/*
 * pinned: what a dlclose leaves in the process although no handle is left and nothing needs it.
 * (glibc elf/dl-close.c:_dl_close_worker, elf/dl-lookup.c:add_dependency, do_lookup_unique)
 */
#include "check-priv.h"

#include <elf.h>

/* Of one map. */
struct pin {
	uint32_t handles;  /* that the plan holds */
	bool is_asked_for; /* by RTLD_NODELETE */
	bool unique;	   /* a unique symbol of it was bound */
	bool is_told;
	bs_map_id by; /* that is bound to it and stays for ever; or BS_NO_MAP */
};

struct bs_pins {
	BS_VEC(struct pin) of; /* by map */
};

struct bs_pins *bs_pins_new(const struct bs_run *run)
{
	return bs_new(run->ctx.arena, struct bs_pins, 1);
}

static struct pin *pin_of(const struct bs_pass *pass, bs_map_id map)
{
	struct bs_pins *pins = pass->checker->pins;

	while (pins->of.n <= map)
		bs_vec_push(pass->run->ctx.arena, &pins->of, (struct pin){ .by = BS_NO_MAP });
	return &pins->of.v[map];
}

static void note_pins(const struct bs_pass *pass)
{
	const struct bs_relocated *relocated = &pass->result->relocated;

	bs_vec_each (i, &relocated->notes) {
		const struct bs_note *note = &relocated->notes.v[i];

		if (note->kind == BS_NOTE_UNIQUE_PINNED)
			pin_of(pass, note->a)->unique = true;
		else if (note->kind == BS_NOTE_REFERENCE_PINNED)
			pin_of(pass, note->a)->by = note->b;
	}
}

static void note_opened(const struct bs_pass *pass)
{
	const struct bs_opening *opening = &pass->result->opening;

	if (opening->root == BS_NO_MAP || opening->state == BS_OPEN_MAPPED)
		return;
	pin_of(pass, opening->root)->handles++;
	pin_of(pass, opening->root)->is_asked_for |=
		(opening->request.flags & BS_OPEN_NODELETE) != 0;
}

/* By map: what KEPT needs is kept, too. */
static void spread(const struct bs_pass *pass, bs_ids *kept, uint8_t *is_kept)
{
	for (uint32_t at = 0; at < kept->n; at++) {
		const bs_ids *needs = &bs_map_of(&pass->run->process, kept->v[at])->initfini;

		bs_vec_each (i, needs) {
			if (is_kept[needs->v[i]])
				continue;
			is_kept[needs->v[i]] = 1;
			bs_vec_push(pass->run->ctx.arena, kept, needs->v[i]);
		}
	}
}

/* By map: 1 for what would stay if the plan's own handles and marks alone counted. */
static uint8_t *wanted(const struct bs_pass *pass)
{
	const struct bs_process *process = &pass->run->process;
	uint8_t *is_kept = bs_new(pass->scratch, uint8_t, process->maps.n);
	bs_ids kept = { 0 };

	bs_vec_each (id, &process->maps) {
		const struct bs_map *map = bs_map_of(process, id);
		const struct pin *pin = pin_of(pass, id);

		if (map->removed ||
		    (map->kind == BS_MAP_LOADED && !pin->handles && !pin->is_asked_for))
			continue;
		is_kept[id] = 1;
		bs_vec_push(pass->run->ctx.arena, &kept, id);
	}
	spread(pass, &kept, is_kept);
	return is_kept;
}

/* Who that stays is bound to MAP, for which the loader keeps it as long; BS_NO_MAP: nobody. */
static bs_map_id depends_on(const struct bs_process *process, bs_map_id map)
{
	bs_vec_each (id, &process->maps)
		if (!bs_map_of(process, id)->removed &&
		    bs_ids_have(&bs_map_of(process, id)->reldeps, map))
			return id;
	return BS_NO_MAP;
}

/* A unique symbol of MAP that is bound, or NULL. */
static const char *unique_of(const struct bs_run *run, bs_map_id map)
{
	bs_vec_each (i, &run->binder->uniques)
		if (run->binder->uniques.v[i].map == map)
			return run->binder->uniques.v[i].name;
	return NULL;
}

static void tell(struct bs_pass *pass, bs_map_id map, enum bs_level level,
		 const struct bs_fact *fact)
{
	struct bs_finding *f = bs_finding_between(pass->run, pass->findings, BS_RULE_PINNED,
						  pass->result->number, map, fact->object);

	f->level = level;
	pin_of(pass, map)->is_told = true;
	bs_finding_fact(pass->run, f, fact);
}

/* ID should be gone; IS_ROOT: it is what the plan closed. What is there for another's needs alone
 * is that one's affair. */
static void explain(struct bs_pass *pass, bs_map_id id, bool is_root)
{
	const struct bs_run *run = pass->run;
	const struct bs_map *map = bs_map_of(&run->process, id);
	const struct pin *pin = pin_of(pass, id);
	struct bs_fact fact = { .object = BS_NO_MAP };

	if (pin->is_told)
		return;
	if (map->nodelete_active && pin->unique) {
		fact.kind = BS_FACT_STAYS_UNIQUE;
		fact.text = unique_of(run, id);
		tell(pass, id, is_root ? BS_LEVEL_WARNING : BS_LEVEL_NOTE, &fact);
		return;
	}
	if (map->nodelete_active && map->image->flags_1 & DF_1_NODELETE) {
		fact.kind = BS_FACT_STAYS_BY_FLAG;
		tell(pass, id, BS_LEVEL_NOTE, &fact);
		return;
	}
	fact.kind = BS_FACT_STAYS_BOUND;
	fact.object = map->nodelete_active ? pin->by : depends_on(&run->process, id);
	if (fact.object != BS_NO_MAP)
		tell(pass, id, BS_LEVEL_NOTE, &fact);
}

static void note_closed(struct bs_pass *pass)
{
	const struct bs_process *process = &pass->run->process;
	bs_map_id root = pass->run->opened.v[pass->result->step->of_step];
	struct pin *pin = pin_of(pass, root);

	if (pin->handles)
		pin->handles--;
	if (pin->handles || bs_map_of(process, root)->kind != BS_MAP_LOADED)
		return;
	const uint8_t *is_wanted = wanted(pass);
	uint8_t *is_closed = bs_new(pass->scratch, uint8_t, process->maps.n);
	bs_ids closed = { 0 };

	is_closed[root] = 1;
	bs_vec_push(pass->run->ctx.arena, &closed, root);
	spread(pass, &closed, is_closed);
	bs_vec_each (i, &closed)
		if (!is_wanted[closed.v[i]] && !bs_map_of(process, closed.v[i])->removed)
			explain(pass, closed.v[i], closed.v[i] == root);
}

void bs_check_pinned(struct bs_pass *pass)
{
	const struct bs_scope_policy *policy = &pass->run->scope_policy;

	/* Where nothing is ever unloaded, or a close is all that counts, there is nothing to tell.
	 */
	if (!pass->result->step || pass->result->state != BS_STEP_OK || policy->chain ||
	    policy->fixed.used)
		return;
	enum bs_step_kind kind = pass->result->step->kind;

	note_pins(pass);
	if (kind == BS_STEP_DLCLOSE)
		note_closed(pass);
	else if (kind == BS_STEP_DLOPEN || kind == BS_STEP_DLMOPEN)
		note_opened(pass);
}
