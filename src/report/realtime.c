/* SPDX-License-Identifier: MIT */
/*
 * Which calls are still to be bound, each with a look-up when it is made for the first time, and
 * what would bind them when their object is loaded.
 */
#include "text-priv.h"

#include <string.h>

bs_ids bs_lazy_slots(const struct bs_run *run, const struct bs_lazy_map *lazy)
{
	bs_ids slots = { 0 };

	for (uint32_t i = 0; lazy->first_slot != UINT32_MAX && i < lazy->n_slots; i++)
		if (run->slots.v[lazy->first_slot + i].over == BS_NEVER)
			bs_vec_push(run->ctx.arena, &slots, lazy->first_slot + i);
	return slots;
}

/* The dlopen that brought MAP and whose mode is its own; BS_NEVER: none did. */
static uint32_t opening_of(const struct bs_run *run, bs_map_id id)
{
	const struct bs_map *map = bs_map_of(&run->process, id);

	while (map->on_demand && map->loader != BS_NO_MAP)
		map = bs_map_of(&run->process, map->loader);
	return map->kind == BS_MAP_LOADED ? map->born : BS_NEVER;
}

unsigned bs_binds_now_by(const struct bs_run *run, bs_map_id id, uint32_t *ret_step)
{
	const struct bs_map *map = bs_map_of(&run->process, id);
	bool outweighs = (map->open_flags & BS_OPEN_LAZY) &&
			 run->scope_policy.fixed.chosen[BS_CHOICE_LAZY_OUTWEIGHS];
	unsigned by = outweighs ? 0 : BS_NOW_BY_ENVIRONMENT | BS_NOW_BY_EXECUTABLE;

	*ret_step = opening_of(run, id);
	if (map->kind != BS_MAP_EXECUTABLE)
		by |= BS_NOW_BY_OBJECT;
	return *ret_step == BS_NEVER ? by : by | BS_NOW_BY_MODE;
}

static void write_object(struct bs_report *report, const struct bs_run *run, bs_map_id map,
			 const bs_ids *slots)
{
	enum { MOST_NAMED = 8 };
	const char *name = bs_text_short_name(run, map), *sign = "now with ";
	uint32_t step;
	unsigned by = bs_binds_now_by(run, map, &step);

	bs_say(report, "  ");
	bs_say_escaped(report, name);
	for (uint32_t i = 0; i < slots->n && i < MOST_NAMED; i++) {
		const struct bs_slot *slot = &run->slots.v[slots->v[i]];

		bs_say(report, i ? ", " : ": ");
		bs_say_escaped(report,
			       bs_demangled(bs_run_symbol_name(run, bs_slot_answer(run, slot))));
	}
	if (slots->n > MOST_NAMED)
		bs_write_format(report->writer, " and %u more", slots->n - MOST_NAMED);
	bs_say(report, "\n    ");
	for (unsigned bit = 1; bit <= BS_NOW_BY_MODE; bit *= 2) {
		if (!(by & bit))
			continue;
		bs_say(report, sign);
		sign = ", ";
		if (bit == BS_NOW_BY_ENVIRONMENT)
			bs_say(report, "LD_BIND_NOW=1");
		else if (bit == BS_NOW_BY_MODE)
			bs_write_format(report->writer, "RTLD_NOW in step %u", step);
		else
			bs_say_escaped(
				report,
				bs_arena_printf(run->ctx.arena, "%s linked with -z now",
						bit == BS_NOW_BY_OBJECT ? name : "the executable"));
	}
	bs_say(report, "\n");
}

void bs_text_realtime(struct bs_report *report, const struct bs_run *run)
{
	uint32_t waiting = 0, objects = 0;

	bs_vec_each (i, &run->lazy_maps) {
		const bs_ids slots = bs_lazy_slots(run, &run->lazy_maps.v[i]);

		waiting += slots.n;
		objects += slots.n > 0;
	}
	bs_say(report, "\n");
	if (!waiting) {
		bs_say(report, "no call is left to be bound: every jump goes to its end at once\n");
		return;
	}
	bs_say_count(report, waiting, "call", "calls");
	bs_say(report, " in ");
	bs_say_count(report, objects, "object", "objects");
	bs_say(report,
	       " still to be bound: until it is first made and looked up, a slot holds its\n"
	       "object's own stub\n");
	bs_vec_each (i, &run->lazy_maps) {
		const bs_ids slots = bs_lazy_slots(run, &run->lazy_maps.v[i]);

		if (slots.n)
			write_object(report, run, run->lazy_maps.v[i].map, &slots);
	}
	bs_say(report,
	       "-z now in a library binds the calls that it makes, not those that others make "
	       "to it\n");
}
