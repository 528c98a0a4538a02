/* SPDX-License-Identifier: MIT */
/* Simulations: from a plan to its result, and to the reports that were asked for. */
#include "simulation-priv.h"

#include "../elf/store.h"
#include "../report/dlopen-notes.h"
#include "../report/jansson-late.h"

#include <stdlib.h>
#include <string.h>

/* ---- before -----------------------------------------------------------------------------------
 */

static struct bs_selection selection_of(const struct bindsim_options *options)
{
	return (struct bs_selection){ options->symbol, options->from, options->to };
}

/* Adds the libraries of the file PATH to DB. */
static enum bindsim_status add_libraries(struct bs_api_simulation *s, struct bs_library_db *db,
					 const char *path, struct bindsim_error **error)
{
	size_t n;
	char *text;

	bs_vec_reserve(s->arena, &s->texts, 1);
	enum bindsim_status status = bs_api_read_file(path, &text, &n, error);

	if (status != BINDSIM_OK)
		return status;
	s->texts.v[s->texts.n++] = text;
	if (strlen(text) != n)
		return bs_api_fail(error, BINDSIM_ERROR_FILE, path, NULL, "it has a NUL byte");
	const char *problem = bs_library_db_add(db, path, text);

	/* It says "PATH:LINE: ". */
	if (problem && strncmp(problem, path, strlen(path)) == 0 && problem[strlen(path)] == ':')
		return bs_api_fail(error, BINDSIM_ERROR_FILE, path, NULL,
				   problem + strlen(path) + 1);
	return problem ? bs_api_fail(error, BINDSIM_ERROR_FILE, NULL, NULL, problem) : BINDSIM_OK;
}

enum bindsim_status bs_api_open_libraries(struct bs_api_simulation *s, struct bindsim_error **error)
{
	struct bs_library_db *db = bs_library_db_open(s->arena);
	enum bindsim_status status = BINDSIM_OK;

	for (uint32_t i = 0; i < s->options->libraries.n && status == BINDSIM_OK; i++)
		status = add_libraries(s, db, s->options->libraries.v[i], error);
	s->reports.check.library_db = db;
	return status;
}

static struct bs_report report_of(const struct bs_api_simulation *s,
				  const struct bs_api_report *asked, struct bs_writer *writer)
{
	unsigned show = asked->show;

	if (asked->shows_default && s->reports.judge && asked->format->check_show)
		show = asked->format->check_show;
	if (asked->shows_default && s->observation)
		show |= asked->format->process_show;
	return (struct bs_report){
		.format = asked->format,
		.show = show,
		.shows_default = asked->shows_default,
		.selection = selection_of(s->options),
		.writer = writer,
		.fail_on = s->fail_on,
	};
}

/* The reports of a run are the record first, then those that are asked for. */
enum bindsim_status bs_api_open_reports(struct bs_api_simulation *s, struct bindsim_error **error)
{
	const struct bindsim_options *options = s->options;

	s->reports.list = bs_new(s->arena, struct bs_report, options->reports.n + 1);
	s->reports.list[s->reports.n++] = (struct bs_report){
		.format = &bs_format_collect,
		.show = bs_format_collect.default_show,
		.selection = selection_of(options),
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

void bs_api_write_questions(struct bs_api_simulation *s, const struct bs_plan *plan)
{
	bs_vec_each (i, &s->options->reports) {
		const struct bs_api_report *asked = &s->options->reports.v[i];
		struct bs_report report = report_of(s, asked, s->outputs[i].writer);

		if (asked->format->question)
			asked->format->question(&report, s->arena, plan);
	}
}

/* ---- callbacks --------------------------------------------------------------------------------
 */

static void tell_progress(void *user, const struct bs_kept_step *step, uint32_t n_steps)
{
	const struct bs_api_simulation *s = user;
	locale_t inside = s->outside ? uselocale(s->outside) : (locale_t)0;

	s->options->progress(s->options->progress_user, step->number, n_steps, step->words);
	if (inside)
		uselocale(inside);
}

void bs_api_tell_log(const struct bs_api_simulation *s, const struct bs_diags *diags)
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

/* The sentence mostly begins with the executable's name. */
enum bindsim_status bs_api_cannot(const struct bs_api_simulation *s, const char *problem,
				  struct bindsim_error **error)
{
	const char *file = s->plan->executable;
	size_t n = file ? strlen(file) : 0;

	if (n && strncmp(problem, file, n) == 0 && strncmp(problem + n, ": ", 2) == 0)
		return bs_api_fail(error, BINDSIM_ERROR_QUESTION, file, s->place, problem + n + 2);
	return bs_api_fail(error, BINDSIM_ERROR_QUESTION, NULL, s->place, problem);
}

/* The database of libraries grows while the run goes on: want of memory has to end that first. */
static void begin(void *data, const struct bs_run *run)
{
	struct bs_api_simulation *s = data;

	bs_arena_unwind_with(s->arena, run->ctx.arena);
	s->inner.begin(s->inner.data, run);
}

static void bound(void *data, const struct bs_run *run, const struct bs_step_result *result)
{
	const struct bs_api_simulation *s = data;

	s->inner.bound(s->inner.data, run, result);
}

static void step(void *data, const struct bs_run *run, const struct bs_step_result *result)
{
	const struct bs_api_simulation *s = data;

	s->inner.step(s->inner.data, run, result);
}

static void end(void *data, const struct bs_run *run)
{
	const struct bs_api_simulation *s = data;

	s->inner.end(s->inner.data, run);
}

enum bindsim_status bs_api_simulate(struct bs_api_simulation *s, const struct bs_plan *plan,
				    struct bindsim_result *result, struct bindsim_error **error)
{
	const struct bs_sink sink = {
		.data = s, .begin = begin, .bound = bound, .step = step, .end = end
	};
	const struct bs_sink reports = bs_reports_sink(&s->reports);
	struct bs_sim_report report;
	enum bindsim_status status = BINDSIM_OK;

	s->plan = plan;
	s->reports.checker = NULL;
	s->reports.worst = BS_LEVEL_NONE;
	s->reports.first_refusal = NULL;
	s->reports.list[0].kept = &result->kept;
	if (s->options->progress) {
		result->kept.progress = tell_progress;
		result->kept.user = s;
	}
	s->inner = s->observation ? bs_observed_sink(s->observation, &reports) : reports;
	switch (bs_simulate(plan, s->store, &sink, &report)) {
	case BS_SIM_OK:
	case BS_SIM_REFUSED:
		break;
	case BS_SIM_CANNOT:
		status = bs_api_cannot(s, report.problem, error);
		break;
	case BS_SIM_NO_MEMORY:
		status = bs_api_lacks(error);
		break;
	}
	bs_reports_done(&s->reports);
	/* What follows unwinds to the entry again. */
	bs_arena_handler(s->arena);
	bs_arena_unwind_with(result->kept.arena, s->arena);
	if (status != BINDSIM_ERROR_NO_MEMORY)
		bs_api_tell_log(s, &report.diags);
	bs_sim_report_done(&report);
	return status;
}

/* All that allocates. */
static enum bindsim_status simulate(struct bs_api_simulation *s, const struct bindsim_plan *asked,
				    struct bindsim_result *result, struct bindsim_error **error)
{
	struct bs_plan plan = bs_api_plan(asked);
	enum bindsim_status status;

	if (BS_ON_OUT_OF_MEMORY(s->arena))
		return bs_api_lacks(error);
	/* Where start-up fails it is told what else is missing. */
	plan.trace = true;
	status = bs_api_open_libraries(s, error);
	if (status == BINDSIM_OK)
		status = bs_api_open_reports(s, error);
	if (status != BINDSIM_OK)
		return status;
	bs_api_write_questions(s, &plan);
	return bs_api_simulate(s, &plan, result, error);
}

/* ---- after ------------------------------------------------------------------------------------
 */

static size_t count_texts(const struct bs_api_simulation *s)
{
	size_t n = 0;

	for (uint32_t i = 0; i < s->n_outputs; i++)
		n += s->outputs[i].kept.text != NULL;
	return n;
}

/* Hands over the reports in memory. */
static bool take_texts(struct bs_api_simulation *s, struct bs_api_texts *ret)
{
	size_t n = count_texts(s);

	ret->v = n ? calloc(n, sizeof *ret->v) : NULL;
	for (uint32_t i = 0; i < s->n_outputs; i++) {
		struct bs_api_text *kept = &s->outputs[i].kept;

		if (kept->text && ret->v)
			ret->v[ret->n++] = *kept;
		else
			free(kept->text);
	}
	return !n || ret->v;
}

/* Ends the outputs; the first that failed is told, unless something else was. */
static enum bindsim_status end_outputs(struct bs_api_simulation *s, enum bindsim_status status,
				       struct bs_api_texts *texts, struct bindsim_error **error)
{
	bs_reports_drop(&s->reports);
	for (uint32_t i = 0; i < s->n_outputs; i++) {
		int problem = bs_api_output_close(&s->outputs[i]);

		if (problem && status == BINDSIM_OK)
			status = bs_api_fail(error, BINDSIM_ERROR_OUTPUT, NULL,
					     s->options->reports.v[i].format->name,
					     strerror(problem));
	}
	if (!take_texts(s, texts) && status == BINDSIM_OK)
		status = bs_api_no_memory(error);
	return status;
}

static bool begin_on(struct bs_api_simulation *s, const struct bindsim_options *options,
		     struct bindsim_store *own, struct bs_store *store)
{
	static const struct bindsim_options nothing = { 0 };

	*s = (struct bs_api_simulation){
		.arena = bs_arena_new(),
		.options = options ? options : &nothing,
		.own = own,
		.store = store,
	};
	s->reports.proof = s->options->no_proof ? BS_PROOF_NONE : BS_PROOF_AUTO;
	s->reports.weighs = true;
	if (!s->arena || !s->store)
		return false;
	s->outside = bs_api_enter();
	return true;
}

bool bs_api_begin_simulation(struct bs_api_simulation *s, struct bindsim_store *store,
			     const struct bindsim_options *options)
{
	struct bindsim_store *own = NULL;

	if (!store && bindsim_store_new(&own) == BINDSIM_OK)
		store = own;
	return begin_on(s, options, own, store ? bs_api_view(store) : NULL);
}

bool bs_api_begin_alone(struct bs_api_simulation *s, const struct bindsim_options *options)
{
	return begin_on(s, options, NULL, bs_store_new());
}

enum bindsim_status bs_api_end_simulation(struct bs_api_simulation *s, enum bindsim_status status,
					  struct bs_api_texts *texts, struct bindsim_error **error)
{
	if (s->arena && s->store) {
		status = end_outputs(s, status, texts, error);
		bs_demangled_forget();
		bs_api_leave(s->outside);
	}
	bs_vec_each (i, &s->texts)
		free(s->texts.v[i]);
	if (!s->arena_is_kept)
		bs_arena_free(s->arena);
	bs_store_free(s->store);
	bindsim_store_unref(s->own);
	return status;
}

struct bindsim_result *bs_api_result_new(void)
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

const char *bs_api_no_question(const struct bindsim_plan *plan)
{
	if (!plan->plan.executable && !plan->plan.unknown_program)
		return "the plan names no executable";
	return plan->said.around.n ? "a block of constructors is open" : NULL;
}

enum bindsim_status bs_api_is_question(const struct bindsim_plan *plan,
				       struct bindsim_error **error)
{
	const char *problem = bs_api_no_question(plan);

	return problem ? bs_api_refuse(error, "%s", problem) : BINDSIM_OK;
}

enum bindsim_status bindsim_simulate(struct bindsim_store *store, const struct bindsim_plan *plan,
				     const struct bindsim_options *options,
				     struct bindsim_result **ret_result,
				     struct bindsim_error **error)
{
	struct bs_api_simulation s;

	bs_api_begin(error);
	if (ret_result)
		*ret_result = NULL;
	if (!plan || !ret_result)
		return bs_api_refuse(error, "a plan and a place for the result are wanted");
	enum bindsim_status status = bs_api_is_question(plan, error);

	if (status != BINDSIM_OK)
		return status;
	struct bindsim_result *result = bs_api_result_new();

	if (bs_api_begin_simulation(&s, store, options) && result)
		status = simulate(&s, plan, result, error);
	else
		status = bs_api_no_memory(error);
	struct bs_api_texts texts = { 0 };

	status = bs_api_end_simulation(&s, status, &texts, error);
	if (result)
		result->texts = texts;
	if (status == BINDSIM_OK || status == BINDSIM_ERROR_OUTPUT)
		*ret_result = result;
	else
		bindsim_result_free(result);
	return status;
}
