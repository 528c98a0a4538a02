/* SPDX-License-Identifier: MIT */
/* What is loaded on demand, and when, and what that changes. */
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

/* ---- compared with plain needs ------------------------------------------------------------- */

static void write_answer(struct bs_report *report, const struct bs_binding *answer,
			 const char *definer, bool waits)
{
	if (answer->outcome == BS_BOUND) {
		bs_say(report, "bound to ");
		bs_say_escaped(report, definer);
	} else {
		bs_say(report, answer->outcome == BS_UNRESOLVED_WEAK ? "0, since it is weak,"
								     : "undefined");
	}
	if (waits)
		bs_say(report, " at the first call");
}

static const char *name_there(const struct bs_run *run, const struct bs_change *change)
{
	return change->definer_there && *change->definer_there ? change->definer_there
							       : run->program;
}

static void write_change(struct bs_report *report, const struct bs_run *run,
			 const struct bs_change *change)
{
	const struct bs_binding *here = &change->here;

	bs_write_format(report->writer, "  step %u  ", change->step);
	bs_say_escaped(report, bs_text_short_name(run, here->referrer));
	bs_say(report, "  ");
	bs_say_escaped(report, bs_demangled(bs_run_symbol_name(run, here)));
	bs_say(report, "  is ");
	write_answer(report, here,
		     here->definer == BS_NO_MAP ? "" : bs_text_short_name(run, here->definer),
		     change->waits_here);
	bs_say(report, "; it would be ");
	write_answer(report, &change->there, name_there(run, change), change->waits_there);
	bs_say(report, "\n");
}

static void write_changed_step(struct bs_report *report, const struct bs_run *run,
			       const struct bs_changed_step *changed)
{
	bs_write_format(report->writer, "  step %u  ", changed->step);
	if (!changed->reached_there || changed->state_there == BS_STEP_NOT_REACHED) {
		bs_say(report, "would not be reached");
	} else if (changed->state_there == BS_STEP_FAILED) {
		bs_say(report, "would fail: ");
		bs_say_escaped(report, changed->message_there);
	} else {
		bs_say(report, "would succeed");
	}
	bs_vec_each (i, &changed->loaded_there) {
		bs_say(report, i ? ", " : "; loaded by its end would also be ");
		bs_say_escaped(report, *changed->loaded_there.v[i] ? changed->loaded_there.v[i]
								   : run->program);
	}
	bs_say(report, "\n");
}

static void write_changes(struct bs_report *report, const struct bs_run *run)
{
	bs_say(report, "\nif the same needs were plain ones");
	if (!run->changes.n && !run->changed_steps.n) {
		bs_say(report, ", nothing would be otherwise\n");
		return;
	}
	bs_say(report, "\n");
	bs_vec_each (i, &run->changed_steps)
		write_changed_step(report, run, &run->changed_steps.v[i]);
	bs_vec_each (i, &run->changes)
		write_change(report, run, &run->changes.v[i]);
	if (!run->changes.n)
		bs_say(report,
		       "  no reference that is there in both cases would be bound otherwise\n");
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
	if (run->has_plain_run)
		write_changes(report, run);
}
