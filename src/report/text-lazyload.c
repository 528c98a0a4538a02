/* SPDX-License-Identifier: MIT */
/* What is loaded on demand, and when, and which calls are still to be bound. */
#include "text-priv.h"

static void write_owner(struct bs_report *report, const struct bs_run *run,
			const struct bs_demand *demand)
{
	bs_say(report, "  ");
	bs_say_escaped(report, bs_text_short_name(run, demand->owner));
	bs_say(report, " needs ");
	bs_say_escaped(report, run->process.lists.v[demand->list].placeholder);
}

static void write_met(struct bs_report *report, const struct bs_run *run,
		      const struct bs_demand *demand, uint32_t step)
{
	bs_write_format(report->writer, "; step %u ", step);
	if (demand->map == BS_NO_MAP) {
		bs_say_ink(report, BS_INK_BAD, "cannot load it");
	} else {
		bs_say(report, demand->was_loaded ? "finds it loaded, " : "loads ");
		bs_say_escaped(report, bs_text_short_name(run, demand->map));
	}
	bs_say(report, " for ");
	bs_say_escaped(report, bs_demangled(demand->symbol));
}

/* The slots whose call would bring what LIST stands for: one name is enough. */
static const struct bs_binding *who_loads(const struct bs_run *run, bs_list_id id)
{
	const struct bs_searchlist *list = &run->process.lists.v[id];

	bs_vec_each (i, &run->slots) {
		const struct bs_slot *slot = &run->slots.v[i];
		const struct bs_map *map =
			bs_map_of(&run->process, bs_slot_answer(run, slot)->referrer);
		const bs_ids *scope = bs_call_scope(map);

		if (slot->over != BS_NEVER || !bs_slot_answer(run, slot)->loads ||
		    bs_slot_answer(run, slot)->referrer != list->owner)
			continue;
		bs_vec_each (k, scope) {
			if (scope->v[k] == id)
				return bs_slot_answer(run, slot);
			/* It would not come further than its definition. */
			if (run->process.lists.v[scope->v[k]].ghost ==
				    bs_slot_answer(run, slot)->definer &&
			    run->process.lists.v[scope->v[k]].placeholder)
				break;
		}
	}
	return NULL;
}

static void write_waiting(struct bs_report *report, const struct bs_run *run, bs_list_id list)
{
	const struct bs_binding *first = who_loads(run, list);

	if (bs_map_of(&run->process, run->process.lists.v[list].owner)->removed) {
		bs_say(report, "; gone");
	} else if (first) {
		bs_say(report, "; not loaded: a call of ");
		bs_say_escaped(report, bs_demangled(bs_run_symbol_name(run, first)));
		bs_say(report, " would");
	} else {
		bs_say(report, "; not loaded: nothing that waits comes to it");
	}
}

static void write_placeholder(struct bs_report *report, const struct bs_run *run,
			      const bs_text_rows *rows, const struct bs_demand *made)
{
	write_owner(report, run, made);
	bs_vec_each (i, rows) {
		const struct bs_step_result *result = &rows->v[i].result;

		bs_vec_each (k, &result->demands)
			if (result->demands.v[k].list == made->list && !result->demands.v[k].made)
				write_met(report, run, &result->demands.v[k], result->number);
	}
	if (run->process.lists.v[made->list].is_waiting)
		write_waiting(report, run, made->list);
	bs_say(report, "\n");
}

void bs_text_lazyload(struct bs_report *report, const struct bs_run *run, const bs_text_rows *rows)
{
	bool any = false;

	bs_vec_each (i, rows)
		bs_vec_each (k, &rows->v[i].result.demands) {
			const struct bs_demand *demand = &rows->v[i].result.demands.v[k];

			if (!demand->made)
				continue;
			if (!any)
				bs_say(report, "\nneeds that are loaded on demand\n");
			any = true;
			write_placeholder(report, run, rows, demand);
		}
	if (!any)
		bs_say(report, "\nnothing is loaded on demand\n");
}

/* ---- real time ----------------------------------------------------------------------------- */

void bs_text_realtime(struct bs_report *report, const struct bs_run *run)
{
	uint32_t waiting = 0, objects = 0;

	bs_vec_each (i, &run->lazy_maps) {
		const struct bs_lazy_map *lazy = &run->lazy_maps.v[i];
		uint32_t n = 0;

		for (uint32_t k = 0; lazy->first_slot != UINT32_MAX && k < lazy->n_slots; k++)
			n += run->slots.v[lazy->first_slot + k].over == BS_NEVER;
		waiting += n;
		objects += n > 0;
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
	       " still to be bound, each with a look-up when it is first made. LD_BIND_NOW or an\n"
	       "executable linked with -z now binds all of them at load; -z now in a library "
	       "binds\n"
	       "the calls that it makes, not those that others make to it\n");
}
