/* SPDX-License-Identifier: MIT */
/* Remedies, tried, and what is said of them. */
#include "records-priv.h"
#include "simulation-priv.h"

#include "../report/advice-report.h"
#include "../report/jansson-late.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static_assert((int)BINDSIM_HANDS_OWN == BS_HANDS_OWN &&
		      (int)BINDSIM_HANDS_OTHER == BS_HANDS_OTHER &&
		      (int)BINDSIM_HANDS_LINK == BS_HANDS_LINK &&
		      (int)BINDSIM_HANDS_LINK + 1 == BS_HANDS_COUNT_ &&
		      (int)BINDSIM_CURES == BS_CURES && (int)BINDSIM_HELPS == BS_HELPS &&
		      (int)BINDSIM_TRADES == BS_TRADES && (int)BINDSIM_NOTHING == BS_NOTHING &&
		      (int)BINDSIM_IGNORED == BS_IGNORED && (int)BINDSIM_HARMS == BS_HARMS &&
		      (int)BINDSIM_FAILS == BS_FAILS && (int)BINDSIM_FAILS + 1 == BS_BENEFIT_COUNT_,
	      "they are handed on");

/* A record as it is told. */
struct bs_kept_clash {
	const struct bs_ending_finding *of;
	const char *subject, *other; /* or NULL */
	const char *examples[BS_MAX_EXAMPLES];
};

struct bs_kept_effect {
	const struct bs_effect *of;
	const char *subject, *other; /* or NULL */
};

struct bs_kept_trial {
	const struct bs_trial *of;
	const char *words;
	bs_sentences costs;
	bs_change_texts changes;
	struct bs_kept_effect *effects;
};

enum { TEXT, JSON, N_FORMATS };

static const struct bs_format *const formats[N_FORMATS] = { &bs_format_advice_text,
							    &bs_format_advice_json };

struct bindsim_advice {
	struct bs_arena *arena; /* that of the simulations */
	struct bindsim_plan *plan;
	struct bs_advice advice;
	const char *reports[N_FORMATS]; /* NULL: it could not be written */
	struct bs_kept_clash *clashes;
	struct bs_kept_trial *trials;
};

/* ---- names -------------------------------------------------------------------------------------
 */

const char *bindsim_remedy(size_t index)
{
	return index < BS_REMEDY_COUNT_ ? bs_remedy_text((enum bs_remedy_kind)index)->slug : NULL;
}

const char *bindsim_remedy_summary(const char *remedy)
{
	enum bs_remedy_kind kind =
		remedy ? bs_remedy_find(remedy, strlen(remedy)) : BS_REMEDY_COUNT_;

	return kind == BS_REMEDY_COUNT_ ? NULL : bs_remedy_text(kind)->words;
}

const char *bindsim_benefit_name(enum bindsim_benefit benefit)
{
	return (unsigned)benefit < BS_BENEFIT_COUNT_ ? bs_benefit_name((enum bs_benefit)benefit)
						     : NULL;
}

/* ---- the trials ---------------------------------------------------------------------------------
 */

static const char *name_of(const struct bs_study *study, bs_object_id object)
{
	return object == BS_NO_OBJECT ? NULL : bs_study_name(study, object);
}

static void keep_trial(struct bindsim_advice *ret, const struct bs_trial *trial,
		       struct bs_kept_trial *kept)
{
	const struct bs_study *study = ret->advice.study;

	*kept = (struct bs_kept_trial){
		.of = trial,
		.words = bs_remedy_line(ret->arena, &ret->advice, trial),
		.costs = bs_trial_costs(ret->arena, &ret->advice, trial),
		.changes = bs_trial_changes(ret->arena, &ret->advice, trial),
		.effects = bs_new(ret->arena, struct bs_kept_effect, trial->effects.n),
	};
	bs_vec_each (i, &trial->effects) {
		const struct bs_effect *effect = &trial->effects.v[i];

		kept->effects[i] = (struct bs_kept_effect){ effect, name_of(study, effect->from),
							    name_of(study, effect->to) };
	}
}

static const char *write_report(struct bindsim_advice *ret, const struct bs_format *format)
{
	struct bs_writer *writer = bs_new(ret->arena, struct bs_writer, 1);
	struct bs_report report = {
		.format = format,
		.show = format->default_show,
		.shows_default = true,
		.writer = writer,
	};

	if (format->open && format->open())
		return NULL;
	writer->arena = ret->arena;
	bs_advice_write(&report, ret->arena, &ret->advice);
	return bs_writer_text(writer);
}

/* What needs the files, which end with the store. */
static void keep(struct bindsim_advice *ret, struct bs_study *study)
{
	const struct bs_advice *advice = &ret->advice;

	ret->clashes = bs_new(ret->arena, struct bs_kept_clash, advice->targets.n);
	bs_vec_each (i, &advice->targets) {
		const struct bs_ending_finding *f = &advice->base.findings.v[advice->targets.v[i]];

		ret->clashes[i] = (struct bs_kept_clash){ .of = f,
							  .subject = name_of(study, f->from),
							  .other = name_of(study, f->to) };
		for (uint32_t k = 0; k < f->n_examples; k++)
			ret->clashes[i].examples[k] = bs_arena_strndup(ret->arena, f->examples[k],
								       strlen(f->examples[k]));
	}
	ret->trials = bs_new(ret->arena, struct bs_kept_trial, advice->trials.n);
	bs_vec_each (i, &advice->trials)
		keep_trial(ret, &advice->trials.v[i], &ret->trials[i]);
	for (unsigned i = 0; i < N_FORMATS; i++)
		ret->reports[i] = write_report(ret, formats[i]);
	bs_vec_each (i, &study->objects)
		study->objects.v[i].image = NULL;
}

/* All that allocates. */
static enum bindsim_status advise(struct bs_api_simulation *s, struct bindsim_advice *ret,
				  struct bs_advise_options *options, struct bindsim_error **error)
{
	enum bindsim_status status;

	if (BS_ON_OUT_OF_MEMORY(s->arena))
		return bs_api_lacks(error);
	struct bs_plan *plan = bs_new(s->arena, struct bs_plan, 1);

	*plan = bs_api_plan(ret->plan);
	status = bs_api_open_libraries(s, error);
	if (status != BINDSIM_OK)
		return status;
	const struct bs_check_options check = { .library_db = s->reports.check.library_db };
	struct bs_study *study = bs_study_new(s->arena, s->store, &check);

	s->plan = plan;
	switch (bs_advise(study, plan, options, &ret->advice)) {
	case BS_SIM_OK:
	case BS_SIM_REFUSED:
		break;
	case BS_SIM_CANNOT:
		return bs_api_cannot(s, ret->advice.base.problem, error);
	case BS_SIM_NO_MEMORY:
		return bs_api_lacks(error);
	}
	keep(ret, study);
	bs_api_tell_log(s, &ret->advice.base.diags);
	return BINDSIM_OK;
}

/* ---- the question -------------------------------------------------------------------------------
 */

static enum bindsim_status read_remedies(const char *text, uint32_t *ret,
					 struct bindsim_error **error)
{
	for (const char *name = text; name;) {
		size_t n = strcspn(name, ",");
		enum bs_remedy_kind kind = bs_remedy_find(name, n);

		if (kind == BS_REMEDY_COUNT_)
			return bs_api_refuse(error, "there is no remedy '%.*s'", (int)n, name);
		*ret |= 1u << kind;
		name = name[n] ? name + n + 1 : NULL;
	}
	return BINDSIM_OK;
}

static enum bindsim_status read_options(const char *rule, const char *remedies,
					const struct bindsim_options *options,
					struct bs_advise_options *ret, struct bindsim_error **error)
{
	*ret = (struct bs_advise_options){ .rule = BS_RULE_COUNT_ };
	if (rule)
		ret->rule = bs_rule_find(rule);
	if (rule && ret->rule == BS_RULE_COUNT_)
		return bs_api_refuse(error, "there is no rule '%s'", rule);
	if (options && (options->symbol || options->reports.n))
		return bs_api_refuse(error, "advice is about findings, and says what it says by "
					    "itself: it takes no options with a glob for symbols, "
					    "or with reports");
	if (options) {
		ret->from = options->from;
		ret->to = options->to;
	}
	return read_remedies(remedies, &ret->kinds, error);
}

void bindsim_advice_free(struct bindsim_advice *advice)
{
	if (!advice)
		return;
	bs_advice_done(&advice->advice);
	bindsim_plan_free(advice->plan);
	bs_arena_free(advice->arena);
	free(advice);
}

static struct bindsim_advice *advice_new(const struct bindsim_plan *plan)
{
	struct bindsim_advice *advice = calloc(1, sizeof *advice);

	if (!advice)
		return NULL;
	if (bindsim_plan_copy(plan, &advice->plan) == BINDSIM_OK)
		return advice;
	bindsim_advice_free(advice);
	return NULL;
}

enum bindsim_status bindsim_advise(const struct bindsim_plan *plan, const char *rule,
				   const char *remedies, const struct bindsim_options *options,
				   struct bindsim_advice **ret_advice, struct bindsim_error **error)
{
	struct bs_api_simulation s;
	struct bs_api_texts texts = { 0 };
	struct bs_advise_options asked;

	bs_api_begin(error);
	if (ret_advice)
		*ret_advice = NULL;
	if (!plan || !ret_advice)
		return bs_api_refuse(error, "a plan and a place for the advice are wanted");
	enum bindsim_status status = bs_api_is_question(plan, error);

	if (status == BINDSIM_OK)
		status = read_options(rule, remedies, options, &asked, error);
	if (status != BINDSIM_OK)
		return status;
	struct bindsim_advice *advice = advice_new(plan);

	if (bs_api_begin_alone(&s, options) && advice) {
		advice->arena = s.arena;
		s.arena_is_kept = true;
		status = advise(&s, advice, &asked, error);
	} else {
		status = bs_api_no_memory(error);
	}
	status = bs_api_end_simulation(&s, status, &texts, error);
	if (status == BINDSIM_OK)
		*ret_advice = advice;
	else
		bindsim_advice_free(advice);
	return status;
}

/* ---- the answer ---------------------------------------------------------------------------------
 */

const char *bindsim_advice_report(const struct bindsim_advice *advice, const char *format,
				  size_t *ret_n)
{
	const char *text = NULL;

	for (unsigned i = 0; advice && format && i < N_FORMATS; i++)
		if (strcmp(format, formats[i]->name) == 0)
			text = advice->reports[i];
	if (ret_n)
		*ret_n = text ? strlen(text) : 0;
	return text;
}

int bindsim_advice_has_cure(const struct bindsim_advice *advice)
{
	return advice && advice->advice.has_cure;
}

uint32_t bindsim_advice_failed_step(const struct bindsim_advice *advice)
{
	return advice ? advice->advice.failed_step : BINDSIM_NONE;
}

const char *bindsim_advice_failure(const struct bindsim_advice *advice)
{
	uint32_t step = bindsim_advice_failed_step(advice);

	return step != BINDSIM_NONE ? advice->advice.base.steps.v[step].message : NULL;
}

uint32_t bindsim_advice_best(const struct bindsim_advice *advice, enum bindsim_hands hands)
{
	return advice && (unsigned)hands < BS_HANDS_COUNT_ ? advice->advice.best[hands]
							   : BINDSIM_NONE;
}

size_t bindsim_advice_clashes(const struct bindsim_advice *advice)
{
	return advice ? advice->advice.targets.n : 0;
}

const struct bindsim_clash *bindsim_advice_clash(const struct bindsim_advice *advice, size_t index)
{
	return index < bindsim_advice_clashes(advice)
		       ? (const struct bindsim_clash *)&advice->clashes[index]
		       : NULL;
}

TELL(clash, rule, const char *, NULL, bs_rule_text(r->of->rule)->slug)
TELL(clash, level, enum bindsim_level, BINDSIM_LEVEL_NONE, (enum bindsim_level)r->of->level)
TELL(clash, step, uint32_t, BINDSIM_NONE, r->of->step)
TELL(clash, subject, const char *, NULL, r->subject)
TELL(clash, other, const char *, NULL, r->other)
TELL(clash, symbols, size_t, 0, r->of->n)

const char *bindsim_clash_example(const struct bindsim_clash *clash, size_t k)
{
	const struct bs_kept_clash *r = (const void *)clash;

	return r && k < r->of->n_examples ? r->examples[k] : NULL;
}

size_t bindsim_advice_trials(const struct bindsim_advice *advice)
{
	return advice ? advice->advice.trials.n : 0;
}

const struct bindsim_trial *bindsim_advice_trial(const struct bindsim_advice *advice, size_t index)
{
	return index < bindsim_advice_trials(advice)
		       ? (const struct bindsim_trial *)&advice->trials[index]
		       : NULL;
}

TELL(trial, remedy, const char *, NULL, bs_remedy_text(r->of->remedy.kind)->slug)
TELL(trial, words, const char *, NULL, r->words)
TELL(trial, hands, enum bindsim_hands, BINDSIM_HANDS_OTHER, (enum bindsim_hands)r->of->hands)
TELL(trial, benefit, enum bindsim_benefit, BINDSIM_NOTHING, (enum bindsim_benefit)r->of->benefit)
TELL(trial, failed_step, uint32_t, BINDSIM_NONE, r->of->failed_step)
TELL(trial, failure, const char *, NULL, r->of->failure)
TELL(trial, errors, size_t, 0, r->of->n_errors)
TELL(trial, warnings, size_t, 0, r->of->n_warnings)
TELL(trial, changed, size_t, 0, r->of->n_changed)
TELL(trial, effects, size_t, 0, r->of->effects.n)

enum bindsim_status bindsim_trial_plan(const struct bindsim_trial *trial,
				       struct bindsim_plan **ret_plan, struct bindsim_error **error)
{
	const struct bs_kept_trial *r = (const void *)trial;

	bs_api_begin(error);
	if (ret_plan)
		*ret_plan = NULL;
	if (!r || !ret_plan)
		return bs_api_refuse(error, "a trial and a place for the plan are wanted");
	return bs_api_plan_new(&r->of->plan, ret_plan) == BINDSIM_OK ? BINDSIM_OK
								     : bs_api_no_memory(error);
}

const char *bindsim_trial_cost(const struct bindsim_trial *trial, size_t k)
{
	const struct bs_kept_trial *r = (const void *)trial;

	return r && k < r->costs.n ? r->costs.v[k] : NULL;
}

/* What has to be written, number K, or NULL. */
static const struct bs_change_text *change_of(const struct bindsim_trial *trial, size_t k)
{
	const struct bs_kept_trial *r = (const void *)trial;

	return r && k < r->changes.n ? &r->changes.v[k] : NULL;
}

const char *bindsim_trial_change(const struct bindsim_trial *trial, size_t k)
{
	const struct bs_change_text *change = change_of(trial, k);

	return change ? change->text : NULL;
}

const char *bindsim_trial_change_language(const struct bindsim_trial *trial, size_t k)
{
	const struct bs_change_text *change = change_of(trial, k);

	return change ? change->language : NULL;
}

const char *bindsim_trial_change_place(const struct bindsim_trial *trial, size_t k)
{
	const struct bs_change_text *change = change_of(trial, k);

	return change ? change->where : NULL;
}

const struct bindsim_effect *bindsim_trial_effect(const struct bindsim_trial *trial, size_t index)
{
	const struct bs_kept_trial *r = (const void *)trial;

	return index < bindsim_trial_effects(trial)
		       ? (const struct bindsim_effect *)&r->effects[index]
		       : NULL;
}

TELL(effect, rule, const char *, NULL, bs_rule_text(r->of->rule)->slug)
TELL(effect, subject, const char *, NULL, r->subject)
TELL(effect, other, const char *, NULL, r->other)
TELL(effect, is_new, int, 0, r->of->is_new)
TELL(effect, level_before, enum bindsim_level, BINDSIM_LEVEL_NONE,
     (enum bindsim_level)r->of->level_before)
TELL(effect, level_after, enum bindsim_level, BINDSIM_LEVEL_NONE,
     (enum bindsim_level)r->of->level_after)
TELL(effect, symbols_before, size_t, 0, r->of->n_before)
TELL(effect, symbols_after, size_t, 0, r->of->n_after)
