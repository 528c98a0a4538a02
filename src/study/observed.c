/* SPDX-License-Identifier: MIT */
/* What a process really holds, held against what the simulation binds. */
#include "observed.h"

#include <string.h>

/* What is an address and no jump slot, jump slots, and those of them that wait. */
enum { OTHER, CALL, WAITING, CLASSES };

static unsigned class_of_kind(uint8_t kind)
{
	return kind == BS_RELOC_SLOT ? CALL : OTHER;
}

/* Copies are no addresses. */
static bool is_address(const struct bs_binding *b)
{
	return b->symbol && b->type_class != BS_CLASS_COPY;
}

static unsigned class_of(const struct bs_binding *b)
{
	return b->type_class & BS_CLASS_PLT ? CALL : OTHER;
}

/* By symbol: index plus 1. */
struct table {
	uint32_t *of[CLASSES];
	uint32_t n;
};

struct collector {
	struct bs_observation *o;
	bs_bindings bindings;
	BS_VEC(struct table) tables; /* by map */
};

/* Where the entry of (MAP, SYMBOL, CLASS) is kept; NULL: there can be none. */
static uint32_t *entry_of(struct collector *c, const struct bs_run *run, bs_map_id map,
			  uint32_t symbol, unsigned class)
{
	const struct bs_image *image = bs_map_of(&run->process, map)->image;
	struct table *table;

	while (c->tables.n <= map)
		bs_vec_push(c->o->arena, &c->tables, ((struct table){ 0 }));
	table = &c->tables.v[map];
	if (!image || symbol >= image->symbols.n)
		return NULL;
	if (!table->of[0]) {
		table->n = image->symbols.n;
		for (unsigned k = 0; k < CLASSES; k++)
			table->of[k] = bs_new(c->o->arena, uint32_t, table->n);
	}
	return &table->of[class][symbol];
}

/* What is observed grows while the run goes on, which has to end first. */
static void begin(void *data, const struct bs_run *run)
{
	const struct collector *c = data;

	bs_arena_unwind_with(c->o->arena, run->ctx.arena);
}

static void step(void *data, const struct bs_run *run, const struct bs_step_result *result)
{
	struct collector *c = data;
	const bs_bindings *bindings = &result->relocated.bindings;

	if (result->state != BS_STEP_OK)
		return;
	bs_vec_each (i, bindings) {
		uint32_t *entry =
			is_address(&bindings->v[i])
				? entry_of(c, run, bindings->v[i].referrer, bindings->v[i].symbol,
					   class_of(&bindings->v[i]))
				: NULL;

		if (!entry)
			continue;
		bs_vec_push(c->o->arena, &c->bindings, bindings->v[i]);
		*entry = c->bindings.n;
	}
}

/* ---- which object is which ------------------------------------------------------------------- */

static bool is_file_of(const struct bs_live_object *object, const struct bs_map *map)
{
	return object->image && map->image && object->image == bs_image_as_read(map->image);
}

static bool is_named(const struct bs_run *run, const struct bs_live_object *object,
		     const struct bs_map *map)
{
	const char *name = bs_text(&run->ctx, map->name);

	return name && strcmp(name, object->name) == 0;
}

/* The object that MAP is, which is not taken yet. */
static uint32_t find(const struct bs_observation *o, const struct bs_run *run,
		     const struct bs_map *map)
{
	uint32_t by_name = BS_NO_LIVE_OBJECT;

	bs_vec_each (i, o->objects) {
		const struct bs_live_object *object = &o->objects->v[i];

		if (object->ns != map->ns || o->by_object[i].map != BS_NO_MAP)
			continue;
		if ((map->role == BS_ROLE_VDSO) != object->is_vdso ||
		    (map->kind == BS_MAP_EXECUTABLE) != object->is_executable)
			continue;
		if (object->is_vdso || object->is_executable || is_file_of(object, map))
			return i;
		if (by_name == BS_NO_LIVE_OBJECT && is_named(run, object, map))
			by_name = i;
	}
	return by_name;
}

static void match(struct bs_observation *o, const struct bs_run *run)
{
	bs_vec_each (i, o->objects)
		o->by_object[i].map = BS_NO_MAP;
	bs_vec_each (id, &run->process.maps)
		bs_vec_push(o->arena, &o->object_of, BS_NO_LIVE_OBJECT);
	for (uint32_t ns = 0; ns < BS_MAX_NAMESPACES; ns++) {
		const bs_ids *order = &run->process.ns[ns].order;

		bs_vec_each (i, order) {
			const struct bs_map *map = bs_map_of(&run->process, order->v[i]);
			uint32_t object = find(o, run, map);

			if (object != BS_NO_LIVE_OBJECT) {
				o->by_object[object].map = order->v[i];
				o->object_of.v[order->v[i]] = object;
			} else if (map->role != BS_ROLE_VDSO) {
				bs_vec_push(o->arena, &o->missing, order->v[i]);
			}
		}
	}
	bs_vec_each (i, o->objects)
		o->n_unexpected += o->by_object[i].map == BS_NO_MAP && !o->objects->v[i].is_vdso;
}

/* ---- slot by slot ---------------------------------------------------------------------------- */

static uint64_t value_of(const struct bs_run *run, bs_map_id map, uint32_t symbol)
{
	return bs_image_symbol(bs_map_of(&run->process, map)->image, symbol).value;
}

/* ANSWER is what SLOT, which is bound, holds. */
static bool is_answer(const struct bs_observation *o, const struct bs_run *run,
		      const struct bs_live_slot *slot, const struct bs_binding *answer)
{
	bs_map_id map = o->by_object[slot->definer].map;

	if (answer->outcome != BS_BOUND || map == BS_NO_MAP ||
	    bs_map_of(&run->process, map)->real != bs_map_of(&run->process, answer->definer)->real)
		return false;
	return slot->by_resolver ||
	       !is_file_of(&o->objects->v[slot->definer], bs_map_of(&run->process, map)) ||
	       slot->definer_symbol == answer->definer_symbol ||
	       value_of(run, answer->definer, answer->definer_symbol) ==
		       value_of(run, map, slot->definer_symbol);
}

static uint8_t compare(const struct bs_observation *o, const struct bs_run *run,
		       const struct bs_live_slot *slot, const struct bs_observed_slot *observed,
		       const bs_bindings *answers)
{
	const struct bs_binding *answer = &observed->answer;

	switch ((enum bs_content)slot->content) {
	case BS_CONTENT_BOUND:
		bs_vec_each (i, answers)
			if (is_answer(o, run, slot, &answers->v[i]))
				return BS_AGREES;
		return is_answer(o, run, slot, answer) ? BS_AGREES : BS_DIFFERS;
	case BS_CONTENT_LAZY:
		return observed->waits ? BS_AGREES : BS_DIFFERS;
	case BS_CONTENT_NULL:
		return answer->outcome == BS_UNRESOLVED_WEAK ||
				       (answer->outcome == BS_BOUND &&
					!value_of(run, answer->definer, answer->definer_symbol))
			       ? BS_AGREES
			       : BS_DIFFERS;
	case BS_CONTENT_PATCHED:
	case BS_CONTENT_CHANGED:
	case BS_CONTENT_UNREADABLE:
	case BS_CONTENT_COUNT_:
		break;
	}
	return BS_NOT_COMPARED;
}

static void note_waiting(struct collector *c, const struct bs_run *run)
{
	bs_vec_each (i, &run->lazy_maps) {
		const struct bs_lazy_map *lazy = &run->lazy_maps.v[i];

		if (lazy->unmapped || lazy->first_slot == UINT32_MAX)
			continue;
		for (uint32_t k = lazy->first_slot; k < lazy->first_slot + lazy->n_slots; k++) {
			uint32_t *entry =
				entry_of(c, run, lazy->map, run->answers.v[k].symbol, WAITING);

			if (entry)
				*entry = k + 1;
		}
	}
}

static void note_patched(struct bs_observation *o, const struct bs_live_slot *slot, bs_map_id map)
{
	const struct bs_live_object *object = &o->objects->v[slot->object];
	struct bs_patched patched = {
		.map = map,
		.symbol = slot->symbol,
		.is_call = slot->kind == BS_RELOC_SLOT,
		.into = BS_NO_MAP,
		.area = slot->area,
		.is_mapped = slot->target != BS_TARGET_NOTHING,
	};

	if (slot->definer != BS_NO_LIVE_OBJECT) {
		const struct bs_live_object *into = &o->objects->v[slot->definer];

		patched.into = o->by_object[slot->definer].map;
		patched.into_name = *into->name ? into->name : into->path;
		patched.other_namespace = into->ns != object->ns;
		if (into->image && slot->definer_symbol)
			patched.into_symbol =
				bs_image_symbol_name(into->image, slot->definer_symbol);
	}
	bs_vec_push(o->arena, &o->patched, patched);
}

static void observe_slot(struct collector *c, const struct bs_run *run, uint32_t index)
{
	struct bs_observation *o = c->o;
	const struct bs_live_slot *slot = &o->slots->v[index];
	struct bs_observed_slot *observed = &o->by_slot[index];
	bs_map_id map = o->by_object[slot->object].map;
	bs_bindings answers = { 0 };
	bs_ids since = { 0 };

	observed->agreement = BS_NOT_COMPARED;
	/* Where the simulation has another file of that name, symbols have other numbers. */
	if (map == BS_NO_MAP ||
	    !is_file_of(&o->objects->v[slot->object], bs_map_of(&run->process, map)))
		return;
	const uint32_t *entry = entry_of(c, run, map, slot->symbol, class_of_kind(slot->kind));
	const struct bs_slot *waiting = NULL;

	if (entry && *entry) {
		observed->answer = c->bindings.v[*entry - 1];
		observed->is_simulated = true;
	} else if (slot->kind == BS_RELOC_SLOT) {
		entry = entry_of(c, run, map, slot->symbol, WAITING);
		waiting = entry && *entry ? &run->slots.v[*entry - 1] : NULL;
		observed->is_simulated = waiting != NULL;
	}
	if (waiting) {
		observed->answer = *bs_slot_answer(run, waiting);
		observed->waits = true;
		bs_slot_answers(run, waiting, false, &answers, &since);
	}
	if (observed->is_simulated)
		observed->agreement = compare(o, run, slot, observed, &answers);
	if (slot->content == BS_CONTENT_PATCHED)
		note_patched(o, slot, map);
}

static void end(void *data, const struct bs_run *run)
{
	struct collector *c = data;
	struct bs_observation *o = c->o;

	match(o, run);
	note_waiting(c, run);
	bs_vec_each (i, o->slots) {
		struct bs_observed_object *object = &o->by_object[o->slots->v[i].object];

		observe_slot(c, run, i);
		object->n[o->slots->v[i].content]++;
		o->n[o->slots->v[i].content]++;
		object->n_differ += o->by_slot[i].agreement == BS_DIFFERS;
		o->n_agree += o->by_slot[i].agreement == BS_AGREES;
		o->n_differ += o->by_slot[i].agreement == BS_DIFFERS;
		o->n_not_compared += o->by_slot[i].agreement == BS_NOT_COMPARED;
	}
}

/* Why there is no answer, which the run's own memory has. */
struct kept_problem {
	struct bs_arena *arena;
	const char *problem, *copy;
};

static void keep_problem(void *user)
{
	struct kept_problem *kept = user;

	kept->copy = bs_arena_strndup(kept->arena, kept->problem, strlen(kept->problem));
}

enum bs_sim_status bs_observe(struct bs_arena *arena, struct bs_store *store,
			      const struct bs_plan *plan, const struct bs_subject *subject,
			      const bs_live_slots *slots, struct bs_observation *ret,
			      const char **ret_problem)
{
	struct collector collector = { .o = ret };
	const struct bs_sink sink = {
		.data = &collector, .begin = begin, .step = step, .end = end
	};
	struct bs_sim_report report;

	*ret = (struct bs_observation){
		.arena = arena,
		.subject = subject,
		.objects = &subject->objects,
		.slots = slots,
		.by_object = bs_new(arena, struct bs_observed_object, subject->objects.n),
		.by_slot = bs_new(arena, struct bs_observed_slot, slots->n),
	};
	jmp_buf *handler = bs_arena_goes_to(arena);
	enum bs_sim_status status = bs_simulate(plan, store, &sink, &report);

	bs_arena_unwind_to(arena, handler);
	struct kept_problem kept = { arena, report.problem, NULL };
	bool done = status != BS_SIM_CANNOT || bs_arena_try(arena, keep_problem, &kept);

	bs_sim_report_done(&report);
	*ret_problem = kept.copy;
	return done ? status : BS_SIM_NO_MEMORY;
}

const char *bs_observed_symbol(const struct bs_observation *observation, uint32_t slot,
			       const char **ret_version)
{
	const struct bs_live_slot *s = &observation->slots->v[slot];
	const struct bs_image *image = observation->objects->v[s->object].image;
	const struct bs_version *version = bs_reference_version(image, s->symbol);

	*ret_version = version ? version->name : NULL;
	return bs_image_symbol_name(image, s->symbol);
}
