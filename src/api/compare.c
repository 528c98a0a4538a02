/* SPDX-License-Identifier: MIT */
/* Two sides, held against each other. */
#include "compare-priv.h"
#include "simulation-priv.h"

#include <stdlib.h>
#include <string.h>

static const char *const side_names[] = { [BINDSIM_LEFT] = "left", [BINDSIM_RIGHT] = "right" };

/* A comparison under way. */
struct comparing {
	struct bs_api_simulation s;
	struct bindsim_diff *ret;
	struct bs_diff_options options;
	struct bs_digest *digests[2];
	struct bs_sink inner; /* that of the digest that is being filled */
	void *held;	      /* of the report that is being read */
};

/* ---- what stands there --------------------------------------------------------------------------
 */

/* Digest and libraries grow while the run goes on: want of memory has to end that first. */
static void begin(void *data, const struct bs_run *run)
{
	struct comparing *c = data;

	bs_arena_unwind_with(c->ret->arena, run->ctx.arena);
	bs_arena_unwind_with(c->s.arena, run->ctx.arena);
	c->inner.begin(c->inner.data, run);
}

static void step(void *data, const struct bs_run *run, const struct bs_step_result *result)
{
	const struct comparing *c = data;

	c->inner.step(c->inner.data, run, result);
}

static void end(void *data, const struct bs_run *run)
{
	const struct comparing *c = data;

	c->inner.end(c->inner.data, run);
}

static enum bindsim_status simulate(struct comparing *c, enum bindsim_which which,
				    struct bindsim_error **error)
{
	const struct bs_sink sink = { .data = c, .begin = begin, .step = step, .end = end };
	struct bs_plan plan = bs_api_plan(c->ret->sides[which]->plan);
	struct bs_api_simulation *s = &c->s;
	struct bs_sim_report report;
	enum bindsim_status status = BINDSIM_OK;

	/* As in the reports that are compared: all that a start-up lacks is told. */
	plan.trace = true;
	s->plan = &plan;
	s->place = side_names[which];
	c->inner = bs_digest_sink(c->digests[which], s->reports.check.library_db);
	enum bs_sim_status came_to = bs_simulate(&plan, s->store, &sink, &report);

	bs_arena_handler(s->arena);
	bs_arena_unwind_with(c->ret->arena, s->arena);
	if (came_to == BS_SIM_CANNOT)
		status = bs_api_cannot(s, report.problem, error);
	else if (came_to == BS_SIM_NO_MEMORY)
		status = bs_api_lacks(error);
	if (status != BINDSIM_ERROR_NO_MEMORY)
		bs_api_tell_log(s, &report.diags);
	bs_sim_report_done(&report);
	s->plan = NULL;
	return status;
}

static enum bindsim_status read_report(struct comparing *c, enum bindsim_which which,
				       struct bindsim_error **error)
{
	const struct bindsim_side *side = c->ret->sides[which];
	const char *problem = bs_report_file_read(side->text, side->n, side->is_stream,
						  c->digests[which], &c->held);

	bs_plan_drop(c->held);
	c->held = NULL;
	return problem ? bs_api_fail(error, BINDSIM_ERROR_TEXT, side->name, NULL, problem)
		       : BINDSIM_OK;
}

/* ---- the answer ---------------------------------------------------------------------------------
 */

static const char *kept(struct bindsim_diff *diff, const char *text)
{
	return text ? bs_arena_strndup(diff->arena, text, strlen(text)) : NULL;
}

static void take_words(struct bindsim_diff *diff)
{
	const struct bs_diff *d = diff->diff;

	for (enum bs_side side = BS_LEFT; side <= BS_RIGHT; side++) {
		diff->words[side] = bs_new(diff->arena, const char *, d->steps.n);
		bs_vec_each (i, &d->steps) {
			const struct bs_digest_step *at = d->steps.v[i].at[side];

			if (at)
				diff->words[side][i] =
					at->is_start_up ? "start-up"
							: bs_step_words(diff->arena, &at->call);
		}
	}
}

/* The files end with the store, and nobody asks them any more. */
static void forget_images(struct bs_digest *digest)
{
	bs_vec_each (i, &digest->objects)
		digest->objects.v[i].image = NULL;
}

/* All that allocates. */
static enum bindsim_status compare(struct comparing *c, struct bindsim_error **error)
{
	struct bindsim_diff *ret = c->ret;
	enum bindsim_status status;

	if (BS_ON_OUT_OF_MEMORY(c->s.arena))
		return bs_api_lacks(error);
	bs_arena_unwind_with(ret->arena, c->s.arena);
	status = bs_api_open_libraries(&c->s, error);
	struct bs_names *names = bs_names_new(ret->arena);

	ret->selection =
		(struct bs_selection){ kept(ret, c->s.options->symbol),
				       kept(ret, c->s.options->from), kept(ret, c->s.options->to) };
	c->options.selection = ret->selection;
	for (enum bindsim_which which = BINDSIM_LEFT;
	     which <= BINDSIM_RIGHT && status == BINDSIM_OK; which++) {
		const struct bindsim_side *side = ret->sides[which];

		c->digests[which] = bs_digest_new(ret->arena, names, ret->selection.symbol);
		c->options.name[which] = side->name;
		ret->told[which] = (struct bs_diff_side){
			.name = side->name,
			.kind = side->kind,
			.root = side->plan ? side->plan->plan.root : NULL,
		};
		status = side->plan ? simulate(c, which, error) : read_report(c, which, error);
	}
	if (status != BINDSIM_OK)
		return status;
	ret->diff = bs_diff_new(ret->arena, c->digests[0], c->digests[1], &c->options);
	take_words(ret);
	return BINDSIM_OK;
}

void bindsim_diff_free(struct bindsim_diff *diff)
{
	if (!diff)
		return;
	for (enum bindsim_which which = BINDSIM_LEFT; which <= BINDSIM_RIGHT; which++)
		bindsim_side_free(diff->sides[which]);
	bs_arena_free(diff->arena);
	free(diff);
}

static struct bindsim_diff *diff_new(const struct bindsim_side *left,
				     const struct bindsim_side *right)
{
	struct bindsim_diff *diff = calloc(1, sizeof *diff);

	if (!diff)
		return NULL;
	diff->arena = bs_arena_new();
	diff->sides[BINDSIM_LEFT] = bs_api_side_ref(left);
	diff->sides[BINDSIM_RIGHT] = bs_api_side_ref(right);
	if (diff->arena)
		return diff;
	bindsim_diff_free(diff);
	return NULL;
}

enum bindsim_status bindsim_compare(struct bindsim_store *store, const struct bindsim_side *left,
				    const struct bindsim_side *right, const char *parts,
				    const struct bindsim_options *options,
				    struct bindsim_diff **ret_diff, struct bindsim_error **error)
{
	struct comparing c = { 0 };
	struct bs_api_texts texts = { 0 };
	enum bindsim_status status;

	bs_api_begin(error);
	if (ret_diff)
		*ret_diff = NULL;
	if (!left || !right || !ret_diff)
		return bs_api_refuse(error, "two sides and a place for what differs are wanted");
	if (options && options->reports.n)
		return bs_api_refuse(error, "a comparison is written when it is there, and takes "
					    "no options with reports");
	c.options.parts = parts ? 0 : UINT32_MAX;
	status = bs_api_parts(&bs_format_diff_text, "a comparison", parts, &c.options.parts, error);
	if (status != BINDSIM_OK)
		return status;
	c.ret = diff_new(left, right);
	if (bs_api_begin_simulation(&c.s, store, options) && c.ret)
		status = compare(&c, error);
	else
		status = bs_api_no_memory(error);
	bs_plan_drop(c.held);
	for (enum bindsim_which which = BINDSIM_LEFT; which <= BINDSIM_RIGHT; which++)
		if (c.digests[which])
			forget_images(c.digests[which]);
	status = bs_api_end_simulation(&c.s, status, &texts, error);
	if (status == BINDSIM_OK)
		*ret_diff = c.ret;
	else
		bindsim_diff_free(c.ret);
	return status;
}

/* ---- as a text ----------------------------------------------------------------------------------
 */

struct written {
	const struct bindsim_diff *diff;
	const struct bs_format *format;
	unsigned show;
};

static const char *write_diff(struct bs_writer *writer, const void *of)
{
	const struct written *w = of;
	const char *lacks = w->format->open ? w->format->open() : NULL;
	struct bs_report report = {
		.format = w->format,
		.show = w->show,
		.selection = w->diff->selection,
		.writer = writer,
	};

	if (!lacks)
		bs_diff_write(&report, writer->arena, w->diff->diff, w->diff->told);
	return lacks;
}

enum bindsim_status bindsim_diff_write(const struct bindsim_diff *diff, const char *format,
				       const char *show, char **ret_text, size_t *ret_n,
				       struct bindsim_error **error)
{
	struct written w = { .diff = diff };

	bs_api_begin(error);
	if (ret_text)
		*ret_text = NULL;
	if (!diff || !format || !ret_text)
		return bs_api_refuse(error, "a comparison, a format and a place for the text are "
					    "wanted");
	w.format = bs_api_format(format, &bs_format_diff_text, &bs_format_diff_json, error);
	if (!w.format)
		return BINDSIM_ERROR_ARGUMENT;
	w.show = show ? 0 : w.format->default_show;
	enum bindsim_status status = bs_api_parts(w.format, "a comparison", show, &w.show, error);

	if (status != BINDSIM_OK)
		return status;
	return bs_api_write(write_diff, &w, ret_text, ret_n, error);
}
