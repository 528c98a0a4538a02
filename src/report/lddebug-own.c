/* SPDX-License-Identifier: MIT */
/*
 * Lines for a loader that has categories of messages in its documents, but whose messages nobody
 * can see here. The form is ours, after the few lines that those documents show.
 */
#include "lddebug-priv.h"

#include <string.h>

/* The categories that the loader is told to print are shown unless somebody says otherwise. */
void bs_lddebug_begin(struct bs_report *report, const struct bs_run *run)
{
	static const struct {
		const char *word;
		unsigned show;
	} words[] = {
		{ "libs", SHOW_LIBS },
		{ "reloc", SHOW_RELOC },
		{ "lazyload", SHOW_LAZYLOAD },
		{ "statistics", SHOW_STATISTICS },
		{ "debug", SHOW_DEBUG },
		{ "all", SHOW_LIBS | SHOW_RELOC | SHOW_LAZYLOAD | SHOW_STATISTICS | SHOW_DEBUG },
		{ "1", SHOW_LIBS | SHOW_RELOC | SHOW_LAZYLOAD | SHOW_STATISTICS | SHOW_DEBUG },
	};

	report->state = bs_new(run->ctx.arena, struct bs_lddebug, 1);
	if (!run->debug)
		return;
	if (run->debug_output && *run->debug_output) {
		bs_lddebug_begin_line(report);
		bs_write_text(report->writer, "bindsim: the loader prints to ");
		bs_write_text(report->writer, run->debug_output);
		bs_lddebug_end_line(report);
	}
	if (!report->shows_default)
		return;
	report->show = 0;
	for (const char *s = run->debug; *s; s += *s != '\0') {
		size_t n = strcspn(s, ",");

		for (size_t i = 0; i < sizeof words / sizeof *words; i++)
			if (strlen(words[i].word) == n && strncmp(words[i].word, s, n) == 0)
				report->show |= words[i].show;
		s += n;
	}
}

/* "bindsim: assumed Q-22, Q-32" */
static void write_rules(struct bs_report *report, const char *word, const char *rules)
{
	if (!*rules)
		return;
	bs_lddebug_begin_line(report);
	bs_write_text(report->writer, "bindsim: ");
	bs_write_text(report->writer, word);
	bs_write_text(report->writer, " ");
	bs_write_text(report->writer, rules);
	bs_lddebug_end_line(report);
}

/* What the step rests on that had to be chosen, its bindings and the slots that are shown included.
 */
static void write_assumed(struct bs_report *report, const struct bs_run *run,
			  const struct bs_step_result *result)
{
	uint64_t assumed = result->assumed;

	bs_vec_each (i, &result->relocated.bindings)
		assumed |= bs_run_assumed(run, &result->relocated.bindings.v[i]);
	for (uint32_t i = 0; (report->show & SHOW_SLOTS) && i < run->slots.n; i++) {
		const struct bs_binding *answer = bs_slot_at(run, &run->slots.v[i], result->epoch);

		if (answer)
			assumed |= bs_run_assumed(run, answer);
	}
	write_rules(report, "assumed", bs_rules_text(run, assumed, false));
	write_rules(report, "probable", bs_rules_text(run, assumed, true));
}

void bs_lddebug_begin_step(struct bs_report *report, const struct bs_run *run,
			   const struct bs_step_result *result)
{
	if (result->state == BS_STEP_NOT_REACHED)
		return;
	write_assumed(report, run, result);
	if (!run->scope_policy.fixed.used || !(report->show & SHOW_LIBS) || !result->step ||
	    result->step->kind != BS_STEP_DLOPEN)
		return;
	bs_lddebug_begin_line(report);
	bs_write_text(report->writer, "dlopen(\"");
	bs_write_text(report->writer, result->step->file);
	bs_write_text(report->writer, "\")");
	bs_lddebug_end_line(report);
}

void bs_lddebug_search(struct bs_report *report, const struct bs_trace *trace)
{
	if (trace->kind != BS_TRACE_TRY)
		return;
	bs_lddebug_begin_line(report);
	bs_write_text(report->writer, "load_object: attempt load of ");
	bs_write_text(report->writer, trace->text);
	bs_write_text(report->writer, ": ");
	if (trace->os_error)
		bs_write_text(report->writer, strerror(trace->os_error));
	else
		bs_write_text(report->writer, trace->verdict == BS_TAKE ? "found" : "passed over");
	bs_lddebug_end_line(report);
}

void bs_lddebug_demand(struct bs_report *report, const struct bs_run *run,
		       const struct bs_demand *demand)
{
	bs_lddebug_begin_line(report);
	bs_write_text(report->writer, "lazyload: ");
	bs_lddebug_map(report, run, demand->owner);
	bs_write_text(report->writer, " needs ");
	bs_write_text(report->writer, run->process.lists.v[demand->list].placeholder);
	if (demand->made) {
		bs_write_text(report->writer, ": placeholder");
		bs_lddebug_end_line(report);
		return;
	}
	bs_write_text(report->writer, " for `");
	bs_write_text(report->writer, demand->symbol);
	bs_write_text(report->writer, "': ");
	if (demand->map == BS_NO_MAP) {
		bs_write_text(report->writer, "cannot be loaded");
	} else {
		bs_write_text(report->writer, demand->was_loaded ? "is loaded, " : "loaded ");
		bs_lddebug_map(report, run, demand->map);
	}
	bs_lddebug_end_line(report);
}

void bs_lddebug_statistics(struct bs_report *report, const struct bs_run *run,
			   const struct bs_step_result *result)
{
	uint32_t lookups = 0, waiting = 0;

	bs_vec_each (i, &result->relocated.bindings)
		lookups += result->relocated.bindings.v[i].why != BS_WHY_LOCAL;
	bs_vec_each (i, &run->slots)
		waiting += bs_slot_at(run, &run->slots.v[i], result->epoch) != NULL;
	bs_lddebug_begin_line(report);
	bs_write_format(report->writer,
			"statistics: %u objects loaded, %u symbols looked up, %u slots waiting",
			result->born.n, lookups, waiting);
	bs_lddebug_end_line(report);
}
