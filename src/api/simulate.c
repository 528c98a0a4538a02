/* SPDX-License-Identifier: MIT */
/* One simulation: from a plan to its result, and to the reports that were asked for. */
#include "api-priv.h"

#include "../base/open.h"
#include "../elf/store.h"
#include "../report/dlopen-notes.h"
#include "../report/jansson-late.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What is given back however it ends. */
struct simulation {
	struct bs_arena *arena;
	struct bs_plan plan;
	struct bs_store *store;
	const struct bindsim_options *options;
	struct bindsim_result *result;
	struct bs_reports reports;
	struct bs_sink inner;	       /* theirs */
	struct bs_api_output *outputs; /* by report of the options */
	uint32_t n_outputs;
	locale_t outside;
	BS_VEC(char *) texts; /* of malloc(3) */
};

/* ---- before -----------------------------------------------------------------------------------
 */

static struct bs_selection selection_of(const struct bindsim_options *options)
{
	return (struct bs_selection){ options->symbol, options->from, options->to };
}

/* Adds the libraries of the file PATH to DB. */
static enum bindsim_status add_libraries(struct simulation *s, struct bs_library_db *db,
					 const char *path, struct bindsim_error **error)
{
	size_t n;

	bs_vec_reserve(s->arena, &s->texts, 1);
	char *text = bs_api_read_file(path, &n);

	if (text)
		s->texts.v[s->texts.n++] = text;
	if (!text && errno == ENOMEM)
		return bs_api_no_memory(error);
	if (!text)
		return bs_api_fail(error, BINDSIM_ERROR_FILE, path, NULL, bs_open_words(errno));
	if (strlen(text) != n)
		return bs_api_fail(error, BINDSIM_ERROR_FILE, path, NULL, "it has a NUL byte");
	const char *problem = bs_library_db_add(db, path, text);

	/* It says "PATH:LINE: ". */
	if (problem && strncmp(problem, path, strlen(path)) == 0 && problem[strlen(path)] == ':')
		return bs_api_fail(error, BINDSIM_ERROR_FILE, path, NULL,
				   problem + strlen(path) + 1);
	return problem ? bs_api_fail(error, BINDSIM_ERROR_FILE, NULL, NULL, problem) : BINDSIM_OK;
}

static enum bindsim_status open_libraries(struct simulation *s, struct bindsim_error **error)
{
	struct bs_library_db *db = bs_library_db_open(s->arena);
	enum bindsim_status status = BINDSIM_OK;

	for (uint32_t i = 0; i < s->options->libraries.n && status == BINDSIM_OK; i++)
		status = add_libraries(s, db, s->options->libraries.v[i], error);
	s->reports.check.library_db = db;
	return status;
}

static struct bs_report report_of(const struct simulation *s, const struct bs_api_report *asked,
				  struct bs_writer *writer)
{
	return (struct bs_report){
		.format = asked->format,
		.show = asked->show,
		.shows_default = asked->shows_default,
		.selection = selection_of(s->options),
		.writer = writer,
	};
}

/* Opens what is asked for. The reports of the run are the record first, then these. */
static enum bindsim_status open_reports(struct simulation *s, struct bindsim_error **error)
{
	const struct bindsim_options *options = s->options;

	s->reports.list = bs_new(s->arena, struct bs_report, options->reports.n + 1);
	s->reports.list[s->reports.n++] = (struct bs_report){
		.format = &bs_format_collect,
		.show = bs_format_collect.default_show,
		.selection = selection_of(options),
		.kept = &s->result->kept,
	};
	s->outputs = bs_new(s->arena, struct bs_api_output, options->reports.n);
	bs_vec_each (i, &options->reports) {
		const struct bs_api_report *asked = &options->reports.v[i];
		struct bs_api_output *output = &s->outputs[i];

		output->writer = bs_new(s->arena, struct bs_writer, 1);
		output->outside = s->outside;
		s->n_outputs++;
		if (!bs_api_output_open(output, asked))
			return bs_api_no_memory(error);
		if (!asked->format->question)
			s->reports.list[s->reports.n++] = report_of(s, asked, output->writer);
	}
	const char *lacks = bs_reports_notes(&s->reports) ? bs_jansson_open() : NULL;

	return lacks ? bs_api_fail(error, BINDSIM_ERROR_LIBRARY, NULL, BS_PART_DLOPEN_NOTES, lacks)
		     : BINDSIM_OK;
}

/* The reports that are the question itself. */
static void write_questions(struct simulation *s)
{
	bs_vec_each (i, &s->options->reports) {
		const struct bs_api_report *asked = &s->options->reports.v[i];
		struct bs_report report = report_of(s, asked, s->outputs[i].writer);

		if (asked->format->question)
			asked->format->question(&report, s->arena, &s->plan);
	}
}

/* ---- callbacks --------------------------------------------------------------------------------
 */

static void tell_progress(void *user, const struct bs_kept_step *step, uint32_t n_steps)
{
	const struct simulation *s = user;
	locale_t inside = s->outside ? uselocale(s->outside) : (locale_t)0;

	s->options->progress(s->options->progress_user, step->number, n_steps, step->words);
	if (inside)
		uselocale(inside);
}

/* Takes no memory: the run's has to be given back behind it. */
static void tell_log(const struct simulation *s, const struct bs_diags *diags)
{
	char with_error[1024];

	if (!s->options->log)
		return;
	bs_vec_each (i, &diags->list) {
		const struct bs_diag *d = &diags->list.v[i];
		snprintf(with_error, sizeof with_error, "%s: %s", d->detail,
			 d->os_error ? strerror(d->os_error) : "");
		locale_t inside = s->outside ? uselocale(s->outside) : (locale_t)0;

		s->options->log(s->options->log_user, bs_diag_slug(d->code), d->path, d->offset,
				d->os_error ? with_error : d->detail);
		if (inside)
			uselocale(inside);
	}
}

/* ---- the run ----------------------------------------------------------------------------------
 */

/* PROBLEM is one sentence, which mostly begins with the executable's name. */
static enum bindsim_status cannot(const struct simulation *s, const char *problem,
				  struct bindsim_error **error)
{
	const char *file = s->plan.executable;
	size_t n = file ? strlen(file) : 0;

	if (n && strncmp(problem, file, n) == 0 && strncmp(problem + n, ": ", 2) == 0)
		return bs_api_fail(error, BINDSIM_ERROR_QUESTION, file, NULL, problem + n + 2);
	return bs_api_fail(error, BINDSIM_ERROR_QUESTION, NULL, NULL, problem);
}

/* The database of libraries grows while the run goes on: want of memory has to end that first. */
static void begin(void *data, const struct bs_run *run)
{
	struct simulation *s = data;

	bs_arena_unwind_with(s->arena, run->ctx.arena);
	s->inner.begin(s->inner.data, run);
}

static void bound(void *data, const struct bs_run *run, const struct bs_step_result *result)
{
	const struct simulation *s = data;

	s->inner.bound(s->inner.data, run, result);
}

static void step(void *data, const struct bs_run *run, const struct bs_step_result *result)
{
	const struct simulation *s = data;

	s->inner.step(s->inner.data, run, result);
}

static void end(void *data, const struct bs_run *run)
{
	const struct simulation *s = data;

	s->inner.end(s->inner.data, run);
}

static enum bindsim_status run(struct simulation *s, struct bindsim_error **error)
{
	const struct bs_sink sink = {
		.data = s, .begin = begin, .bound = bound, .step = step, .end = end
	};
	struct bs_sim_report report;
	enum bindsim_status status = BINDSIM_OK;

	s->inner = bs_reports_sink(&s->reports);
	switch (bs_simulate(&s->plan, s->store, &sink, &report)) {
	case BS_SIM_OK:
	case BS_SIM_REFUSED:
		break;
	case BS_SIM_CANNOT:
		status = cannot(s, report.problem, error);
		break;
	case BS_SIM_NO_MEMORY:
		status = bs_api_lacks(error);
		break;
	}
	bs_reports_done(&s->reports);
	/* What follows unwinds to simulate() again. */
	bs_arena_handler(s->arena);
	bs_arena_unwind_with(s->result->kept.arena, s->arena);
	if (status != BINDSIM_ERROR_NO_MEMORY)
		tell_log(s, &report.diags);
	bs_sim_report_done(&report);
	return status;
}

/* All that allocates. */
static enum bindsim_status simulate(struct simulation *s, struct bindsim_error **error)
{
	enum bindsim_status status;

	if (BS_ON_OUT_OF_MEMORY(s->arena))
		return bs_api_lacks(error);
	s->reports.proof = s->options->no_proof ? BS_PROOF_NONE : BS_PROOF_AUTO;
	s->reports.weighs = true;
	/* Where start-up fails it is told what else is missing. */
	s->plan.trace = true;
	if (s->options->progress) {
		s->result->kept.progress = tell_progress;
		s->result->kept.user = s;
	}
	status = open_libraries(s, error);
	if (status == BINDSIM_OK)
		status = open_reports(s, error);
	if (status != BINDSIM_OK)
		return status;
	write_questions(s);
	return run(s, error);
}

/* ---- after ------------------------------------------------------------------------------------
 */

static size_t count_texts(const struct simulation *s)
{
	size_t n = 0;

	for (uint32_t i = 0; i < s->n_outputs; i++)
		n += s->outputs[i].kept.text != NULL;
	return n;
}

/* Hands over the reports in memory. */
static bool take_texts(struct simulation *s)
{
	struct bindsim_result *result = s->result;
	size_t n = count_texts(s);

	result->texts = n ? calloc(n, sizeof *result->texts) : NULL;
	for (uint32_t i = 0; i < s->n_outputs; i++) {
		struct bs_api_text *kept = &s->outputs[i].kept;

		if (kept->text && result->texts)
			result->texts[result->n_texts++] = *kept;
		else
			free(kept->text);
	}
	return !n || result->texts;
}

/* Ends the outputs; the first that failed is told, unless something else was. */
static enum bindsim_status end_outputs(struct simulation *s, enum bindsim_status status,
				       struct bindsim_error **error)
{
	bs_reports_drop(&s->reports);
	for (uint32_t i = 0; i < s->n_outputs; i++) {
		int problem = bs_api_output_close(&s->outputs[i]);

		if (problem && status == BINDSIM_OK)
			status = bs_api_fail(error, BINDSIM_ERROR_OUTPUT, NULL,
					     s->options->reports.v[i].format->name,
					     strerror(problem));
	}
	if (!take_texts(s) && status == BINDSIM_OK)
		status = bs_api_no_memory(error);
	return status;
}

static struct bindsim_result *new_result(void)
{
	struct bindsim_result *result = calloc(1, sizeof *result);

	if (!result)
		return NULL;
	result->kept.arena = bs_arena_new();
	if (result->kept.arena)
		return result;
	free(result);
	return NULL;
}

static enum bindsim_status simulate_on(struct bindsim_store *store, const struct bindsim_plan *plan,
				       const struct bindsim_options *options,
				       struct bindsim_result **ret_result,
				       struct bindsim_error **error)
{
	static const struct bindsim_options nothing = { 0 };
	struct simulation s = {
		.arena = bs_arena_new(),
		.result = new_result(),
		.plan = bs_api_plan(plan),
		.store = bs_api_view(store),
		.options = options ? options : &nothing,
	};
	enum bindsim_status status = BINDSIM_ERROR_NO_MEMORY;

	if (s.arena && s.result && s.store) {
		s.outside = bs_api_enter();
		status = simulate(&s, error);
		status = end_outputs(&s, status, error);
		bs_demangled_forget();
		bs_api_leave(s.outside);
	} else {
		bs_api_no_memory(error);
	}
	bs_vec_each (i, &s.texts)
		free(s.texts.v[i]);
	bs_arena_free(s.arena);
	bs_store_free(s.store);
	if (status == BINDSIM_OK || status == BINDSIM_ERROR_OUTPUT)
		*ret_result = s.result;
	else
		bindsim_result_free(s.result);
	return status;
}

enum bindsim_status bindsim_simulate(struct bindsim_store *store, const struct bindsim_plan *plan,
				     const struct bindsim_options *options,
				     struct bindsim_result **ret_result,
				     struct bindsim_error **error)
{
	bs_api_begin(error);
	if (ret_result)
		*ret_result = NULL;
	if (!plan || !ret_result)
		return bs_api_refuse(error, "a plan and a place for the result are wanted");
	if (!plan->plan.executable && !plan->plan.unknown_program)
		return bs_api_refuse(error, "the plan names no executable");
	if (plan->said.around.n)
		return bs_api_refuse(error, "a block of constructors is open");
	struct bindsim_store *own = NULL;

	if (!store && bindsim_store_new(&own) != BINDSIM_OK)
		return bs_api_no_memory(error);
	enum bindsim_status status =
		simulate_on(store ? store : own, plan, options, ret_result, error);

	bindsim_store_unref(own);
	return status;
}
