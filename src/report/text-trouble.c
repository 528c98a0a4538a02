/* SPDX-License-Identifier: MIT */
/* The parts of the text report that tell what is wrong: failures and what is missing. */
#include "text-priv.h"
#include "text-show.h"

#include <errno.h>
#include <string.h>

enum { MOST_MISSING = 10 };

void bs_text_label(struct bs_report *report, enum bs_ink ink, const char *text)
{
	bs_say(report, "\n");
	bs_say_ink(report, ink, text);
	bs_say(report, ": ");
}

void bs_text_field(struct bs_report *report, const char *name)
{
	bs_say_spaces(report, BS_TEXT_FIELD_NAME);
	bs_say_padded(report, name, BS_TEXT_FIELD_WORDS - BS_TEXT_FIELD_NAME - 1);
	bs_say(report, " ");
}

/* ---- where it was looked for ---------------------------------------------------------------- */

/* The index of the trace where the last search for NAME begins, or the number of traces. */
static uint32_t last_search(const bs_traces *traces, const char *name)
{
	for (uint32_t i = traces->n; i-- > 0;)
		if (traces->v[i].kind == BS_TRACE_FIND && strcmp(traces->v[i].text, name) == 0)
			return i;
	return traces->n;
}

static const char *verdict_words(const struct bs_trace *trace)
{
	if (trace->os_error)
		return strerror(trace->os_error);
	switch (trace->verdict) {
	case BS_TAKE:
		return "taken";
	case BS_SKIP:
		return "for another machine";
	case BS_SKIP_OTHER_CLASS:
		return "of the other ELF class";
	case BS_SKIP_NO_SETUID:
		return "not set-user-ID";
	case BS_REFUSE:
		return trace->words;
	}
	return "";
}

/* The directories that were tried from trace I on, each once, in a line; returns the trace behind
 * them. */
static uint32_t write_directories(struct bs_report *report, struct bs_arena *arena,
				  const bs_traces *traces, uint32_t i)
{
	const char *last = NULL;

	for (; i < traces->n && traces->v[i].kind == BS_TRACE_TRY && traces->v[i].where; i++) {
		const char *directory = traces->v[i].where;
		size_t n = strlen(directory);

		if (directory == last)
			continue;
		bs_say(report, last ? ", " : "");
		last = directory;
		if (!n)
			bs_say(report, "the working directory");
		bs_say_escaped(report,
			       n > 1 ? bs_arena_strndup(arena, directory, n - 1) : directory);
	}
	bs_say(report, last ? "" : "no directory that exists");
	return i;
}

/* What was there, but not to the loader's liking. */
static void write_odd_tries(struct bs_report *report, const bs_traces *traces, uint32_t from,
			    uint32_t to)
{
	for (uint32_t i = from; i < to; i++) {
		const struct bs_trace *trace = &traces->v[i];

		if (trace->os_error == ENOENT || trace->os_error == ENOTDIR)
			continue;
		bs_text_field(report, "");
		bs_say(report, "  ");
		bs_say_escaped(report, trace->text);
		bs_say(report, ": ");
		bs_say_escaped(report, verdict_words(trace));
		bs_say(report, "\n");
	}
}

/*
 * Which step of the search it was. The loader's own label names whoever registered the directory
 * first, which may be another; it is believed only where it says the same.
 */
static void write_label(struct bs_report *report, const struct bs_run *run,
			const struct bs_trace *trace)
{
	const char *label = bs_how_words(run, trace->how);

	bs_say(report, "  (");
	bs_say(report, label);
	if (trace->where && strcmp(label, trace->label) == 0) {
		bs_say(report, " of ");
		bs_say_escaped(report, *trace->where ? trace->where : run->program);
	}
	bs_say(report, ")\n");
}

static uint32_t write_cache(struct bs_report *report, const bs_traces *traces, uint32_t i)
{
	bs_say_escaped(report, traces->v[i].text);
	i++;
	if (i < traces->n && traces->v[i].kind == BS_TRACE_CACHE_DROPPED)
		bs_say(report, ": an entry in a default directory, which DF_1_NODEFLIB forbids\n");
	else if (i < traces->n && traces->v[i].kind == BS_TRACE_TRY && !traces->v[i].where)
		bs_say(report, "\n");
	else
		bs_say(report, ": no entry\n");
	return i;
}

static void write_searched(struct bs_report *report, const struct bs_run *run,
			   const struct bs_step_result *result)
{
	const bs_traces *traces = &result->traces;
	const char *name = "looked in";

	for (uint32_t i = last_search(traces, result->failure.subject);
	     i < traces->n && traces->v[i].kind != BS_TRACE_END;) {
		uint32_t first = i + 1;

		switch (traces->v[i].kind) {
		case BS_TRACE_PATH_LIST:
			bs_text_field(report, name);
			name = "";
			i = write_directories(report, run->ctx.arena, traces, first);
			write_label(report, run, &traces->v[first - 1]);
			write_odd_tries(report, traces, first, i);
			break;
		case BS_TRACE_CACHE:
			bs_text_field(report, name);
			name = "";
			i = write_cache(report, traces, i);
			break;
		case BS_TRACE_TRY:
			write_odd_tries(report, traces, i, i + 1);
			i++;
			break;
		case BS_TRACE_CACHE_DROPPED:
		case BS_TRACE_FIND:
		case BS_TRACE_END:
		case BS_TRACE_AUXILIARY:
			i++;
			break;
		}
	}
}

static void write_hint(struct bs_report *report, const struct bs_run *run,
		       const struct bs_hint *hint)
{
	bs_say_escaped(report, hint->path);
	switch (hint->kind) {
	case BS_HINT_WORKING_DIRECTORY:
		bs_say(report, ": in the working directory, where a name without a slash is not "
			       "looked for");
		break;
	case BS_HINT_RUNPATH:
		bs_say(report, ": on the RUNPATH of ");
		bs_say_escaped(report, bs_run_map_name(run, hint->map));
		bs_say(report, run->scope_policy.chain
				       ? ", which does not reach this request"
				       : ", which serves that object's own needs only");
		break;
	case BS_HINT_RPATH:
		bs_say(report, ": on the RPATH of ");
		bs_say_escaped(report, bs_run_map_name(run, hint->map));
		bs_say(report, ", which does not reach this request");
		break;
	case BS_HINT_BESIDE:
		bs_say(report, ": beside ");
		bs_say_escaped(report, bs_run_map_name(run, hint->map));
		bs_say(report, "; no path leads there ($ORIGIN in a RUNPATH would)");
		break;
	case BS_HINT_LDCONFIG:
		bs_say(report, ": in a directory of ld.so.conf; there is no ld.so.cache "
			       "(--ldconfig makes one)");
		break;
	}
	bs_say(report, "\n");
}

/* "step 1: dlopen ./libx.so: ", but the name only once where the message begins with it. */
static void write_subject(struct bs_report *report, const struct bs_run *run,
			  const struct bs_step_result *result)
{
	if (!result->step) {
		bs_say(report, "start-up: ");
		return;
	}
	const char *file = result->step->file;
	size_t n = file ? strlen(file) : 0;

	bs_write_format(report->writer, "step %u: ", result->number);
	if (n && strncmp(result->message, file, n) == 0 && result->message[n] == ':') {
		bs_say(report, result->step->kind == BS_STEP_DLMOPEN ? "dlmopen " : "dlopen ");
		return;
	}
	bs_say_escaped(report, bs_text_step_words(run, result->step));
	bs_say(report, ": ");
}

/* Start-up stops at the first object that is not there; here are the others. */
static void write_other_missing(struct bs_report *report, const struct bs_run *run,
				const struct bs_step_result *result)
{
	const char *name = "missing too";

	if (result->step)
		return;
	bs_vec_each (i, &run->process.missing) {
		const struct bs_missing *missing = &run->process.missing.v[i];

		if (strcmp(missing->name, result->failure.subject) == 0)
			continue;
		bs_text_field(report, name);
		name = "";
		bs_say_escaped(report, missing->name);
		bs_say(report, "\n");
	}
}

/* What an archive does not bring is looked for on the machine that asks, which may have none of
 * what a package depends on. */
static void write_system(struct bs_report *report, const struct bs_run *run,
			 const struct bs_failure *failure)
{
	const struct bs_plan *plan = run->plan;

	if (!plan->archive || plan->archive_is_root || plan->root || !failure->not_found ||
	    failure->needed_by == BS_NO_MAP)
		return;
	bs_text_field(report, "system");
	bs_say(report, "this machine; --root=DIR is for another one, unpacked in a directory\n");
}

void bs_text_failure(struct bs_report *report, const struct bs_run *run,
		     const struct bs_step_result *result)
{
	const bs_hints hints = bs_find_hints(run, result);
	bs_map_id needed_by = result->failure.needed_by;

	bs_text_label(report, BS_INK_BAD, "error");
	write_subject(report, run, result);
	bs_say_escaped(report, *result->message ? result->message
						: "not loaded, and RTLD_NOLOAD loads nothing");
	bs_say(report, "\n");
	if (result->failure.words && needed_by != BS_NO_MAP) {
		const struct bs_image *image = bs_map_of(&run->process, needed_by)->image;
		const char *path = image->runpath ? image->runpath : image->rpath;

		bs_text_field(report, "needed by");
		bs_say_escaped(report, bs_run_map_name(run, needed_by));
		if (path) {
			bs_say(report, image->runpath ? "  (RUNPATH " : "  (RPATH ");
			bs_say_escaped(report, path);
			bs_say(report, ")");
		}
		bs_say(report, "\n");
	}
	if (result->failure.words)
		write_searched(report, run, result);
	bs_vec_each (i, &hints) {
		bs_text_field(report, i ? "" : "there is");
		write_hint(report, run, &hints.v[i]);
	}
	write_system(report, run, &result->failure);
	write_other_missing(report, run, result);
	bs_vec_each (i, &result->versions) {
		if (!result->versions.v[i].words)
			continue;
		bs_text_field(report, "version");
		bs_say_escaped(report, bs_run_map_name(run, result->versions.v[i].target));
		bs_say(report, ": ");
		bs_say_escaped(report, result->versions.v[i].words);
		bs_say(report, "\n");
	}
}

/* ---- what is missing ------------------------------------------------------------------------ */

struct missing {
	struct bs_report *report;
	const struct bs_run *run;
	uint32_t n, most;
};

static void write_missing(struct missing *m, const bs_bindings *bindings)
{
	bs_vec_each (i, bindings) {
		const struct bs_binding *b = &bindings->v[i];

		if (b->outcome != BS_UNDEFINED || !b->symbol || m->n++ >= m->most)
			continue;
		const struct bs_version *version = bs_reference_version(
			bs_map_of(&m->run->process, b->referrer)->image, b->symbol);

		bs_text_field(m->report, "");
		bs_say_escaped(m->report, bs_demangled(bs_run_symbol_name(m->run, b)));
		bs_say_version(m->report, version ? version->name : NULL);
		bs_say(m->report, "  in ");
		bs_say_escaped(m->report, bs_run_map_name(m->run, b->referrer));
		bs_text_assumed(m->report, m->run, bs_run_assumed(m->run, b));
		bs_say(m->report, "\n");
	}
}

static uint32_t count_missing(const bs_bindings *bindings)
{
	uint32_t n = 0;

	bs_vec_each (i, bindings)
		n += bindings->v[i].outcome == BS_UNDEFINED && bindings->v[i].symbol;
	return n;
}

/* The N symbols that RESULT found nobody to define. */
static void list_missing(struct bs_report *report, const struct bs_run *run,
			 const struct bs_step_result *result, uint32_t n)
{
	struct missing m = {
		.report = report,
		.run = run,
		.most = report->show & (SHOW_BINDINGS | SHOW_SLOTS) ? UINT32_MAX : MOST_MISSING,
	};

	bs_text_field(report, "undefined");
	bs_say_count(report, n, "symbol", "symbols");
	bs_say(report, ":\n");
	write_missing(&m, &result->relocated.bindings);
	if (m.n > m.most) {
		bs_text_field(report, "");
		bs_say(report, "and ");
		bs_write_grouped(report->writer, m.n - m.most);
		bs_say(report, " more (--show=bindings)\n");
	}
}

void bs_text_missing(struct bs_report *report, const struct bs_run *run,
		     const struct bs_step_result *result)
{
	uint32_t n = count_missing(&result->relocated.bindings);

	/* A call names the one function that it is about. */
	if (result->state == BS_STEP_FAILED && n &&
	    !(result->step && result->step->kind == BS_STEP_CALL))
		list_missing(report, run, result, n);
}

void bs_text_left_to_program(struct bs_report *report, const struct bs_run *run,
			     const struct bs_step_result *result)
{
	uint32_t n = count_missing(&result->relocated.bindings);

	if (!run->plan->unknown_program || result->state != BS_STEP_OK || !n)
		return;
	bs_text_label(report, BS_INK_DIM, "note");
	bs_say(report, "what nobody defines is left to the program (step ");
	bs_write_number(report->writer, result->number);
	bs_say(report, ")\n");
	list_missing(report, run, result, n);
}

void bs_text_not_preloaded(struct bs_report *report, const struct bs_run *run,
			   const struct bs_passed_over *p)
{
	bs_say(report, "object ");
	bs_say_escaped(report, p->word);
	bs_say(report, " from ");
	bs_say_escaped(report, p->source);
	bs_say(report, " is not preloaded: ");
	bs_say_escaped(report, bs_run_say(run, &p->failure, false));
}

void bs_text_passed_over(struct bs_report *report, const struct bs_run *run,
			 const struct bs_step_result *result)
{
	bs_vec_each (i, &result->passed_over) {
		bs_text_label(report, BS_INK_WARN, "warning");
		bs_text_not_preloaded(report, run, &result->passed_over.v[i]);
		bs_say(report, "\n");
	}
}
