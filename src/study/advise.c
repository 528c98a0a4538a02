/* SPDX-License-Identifier: MIT */
/* Remedies, each tried on the simulation, and the best of them. */
#include "advise-priv.h"

#include <stdlib.h>
#include <string.h>

static bool is_captured(const struct bs_advice *advice, bs_object_id object)
{
	bs_vec_each (i, &advice->targets)
		if (advice->base.findings.v[advice->targets.v[i]].from == object)
			return true;
	return false;
}

/* What is given back should memory run out. */
struct advising {
	struct bs_study *study;
	const struct bs_advise_options *options;
	struct bs_advice *ret;
	struct bs_ending ending; /* of the remedy that is tried */
	enum bs_sim_status status;
};

static bool try_remedy(struct advising *a, const struct bs_remedy *remedy)
{
	struct bs_study *study = a->study;
	struct bs_advice *advice = a->ret;
	struct bs_trial trial = {
		.remedy = *remedy,
		.plan = *advice->plan,
		.is_about_captured = is_captured(advice, remedy->object),
	};

	if (!bs_apply_remedy(study, advice, &trial))
		return true;
	enum bs_sim_status status = bs_study_run(study, &trial.plan, &a->ending);

	bs_store_as_it_is(study->store);
	if (status == BS_SIM_OK || status == BS_SIM_REFUSED)
		bs_weigh_trial(study, advice, &a->ending, &trial);
	bs_ending_done(&a->ending);
	if (status == BS_SIM_NO_MEMORY)
		return false;
	/* A plan that cannot be carried out any more, as one whose caller is not there yet, is no
	 * remedy. */
	if (status != BS_SIM_CANNOT)
		bs_vec_push(study->arena, &advice->trials, trial);
	return true;
}

/* What somebody has to do for it, the least first: who opens an object sets its flags; its order
 * and those of others are not in everybody's hands. */
static unsigned effort_of(const struct bs_remedy *remedy)
{
	static const uint8_t efforts[] = {
		[BS_REMEDY_DEEPBIND] = 0,
		[BS_REMEDY_NO_DEEPBIND] = 0,
		[BS_REMEDY_LOCAL] = 1,
		[BS_REMEDY_GLOBAL] = 1,
		[BS_REMEDY_NODELETE] = 1,
		[BS_REMEDY_PRELOAD_ORDER] = 2,
		[BS_REMEDY_ORDER] = 3,
		[BS_REMEDY_DLMOPEN] = 5,
		[BS_REMEDY_HIDDEN] = 6,
		[BS_REMEDY_VERSION_SCRIPT] = 7,
		[BS_REMEDY_SYMBOLIC] = 8,
		[BS_REMEDY_PROTECTED] = 9,
		[BS_REMEDY_SYMBOLIC_FUNCTIONS] = 10,
	};

	return efforts[remedy->kind];
}

static int compare_numbers(uint32_t a, uint32_t b)
{
	return a == b ? 0 : a < b ? -1 : 1;
}

/* What is left decides among those that come to the same; then the effort. */
static int compare_trials(const void *x, const void *y)
{
	const struct bs_trial *a = x, *b = y;
	int order = (int)a->benefit - (int)b->benefit;

	if (!order)
		order = compare_numbers(a->n_errors, b->n_errors);
	/* A namespace of its own is the last resort. */
	if (!order)
		order = compare_numbers(a->remedy.kind == BS_REMEDY_DLMOPEN,
					b->remedy.kind == BS_REMEDY_DLMOPEN);
	if (!order)
		order = compare_numbers(a->n_warnings, b->n_warnings);
	if (!order)
		order = compare_numbers(a->n_bypassed > 0, b->n_bypassed > 0);
	if (!order)
		order = compare_numbers(a->n_captured_after, b->n_captured_after);
	if (!order)
		order = (int)effort_of(&a->remedy) - (int)effort_of(&b->remedy);
	if (!order)
		order = (int)b->is_about_captured - (int)a->is_about_captured;
	if (!order)
		order = compare_numbers(a->remedy.object, b->remedy.object);
	if (!order)
		order = compare_numbers(a->remedy.step, b->remedy.step);
	return order ? order : compare_numbers(a->remedy.before, b->remedy.before);
}

const char *bs_hands_name(enum bs_hands hands)
{
	static const char *const names[] = {
		[BS_HANDS_OWN] = "own", [BS_HANDS_OTHER] = "other", [BS_HANDS_LINK] = "link"
	};

	return names[hands];
}

/* STEP brought an object that a target is about, as the one that is bound elsewhere; or it fails.
 */
static bool is_own_step(const struct bs_advice *advice, uint32_t step)
{
	const struct bs_ending *base = &advice->base;

	bs_vec_each (i, &advice->targets) {
		bs_object_id from = base->findings.v[advice->targets.v[i]].from;
		const struct bs_ending_object *o =
			from == BS_NO_OBJECT ? NULL : bs_ending_object(base, from);

		if ((o && o->born == step) || (!o && base->steps.v[step].opened == from))
			return true;
	}
	return step == advice->failed_step;
}

static enum bs_hands hands_of(const struct bs_advice *advice, const struct bs_remedy *remedy)
{
	if (bs_remedy_text(remedy->kind)->relinks)
		return BS_HANDS_LINK;
	return remedy->step && remedy->kind != BS_REMEDY_ORDER && is_own_step(advice, remedy->step)
		       ? BS_HANDS_OWN
		       : BS_HANDS_OTHER;
}

static void choose(struct bs_advice *advice)
{
	if (advice->trials.n)
		qsort(advice->trials.v, advice->trials.n, sizeof *advice->trials.v, compare_trials);
	for (enum bs_hands hands = 0; hands < BS_HANDS_COUNT_; hands++)
		advice->best[hands] = BS_NEVER;
	bs_vec_each (i, &advice->trials) {
		struct bs_trial *trial = &advice->trials.v[i];

		trial->hands = hands_of(advice, &trial->remedy);
		advice->has_cure |= trial->benefit == BS_CURES;
		if (trial->benefit <= BS_TRADES && advice->best[trial->hands] == BS_NEVER)
			advice->best[trial->hands] = i;
	}
}

static void try_all(void *user)
{
	struct advising *a = user;
	struct bs_advice *ret = a->ret;
	uint32_t *names = bs_new(a->study->arena, uint32_t, ret->plan->n_steps + 1);

	for (uint32_t i = 0; i <= ret->plan->n_steps; i++)
		names[i] = i;
	ret->step_names = a->study->step_names = names;
	a->status = bs_study_run(a->study, ret->plan, &ret->base);
	if (a->status == BS_SIM_CANNOT || a->status == BS_SIM_NO_MEMORY)
		return;
	const bs_remedies found = bs_find_remedies(ret, a->options);

	bs_vec_each (i, &found)
		if (!try_remedy(a, &found.v[i])) {
			a->status = BS_SIM_NO_MEMORY;
			return;
		}
	choose(ret);
}

enum bs_sim_status bs_advise(struct bs_study *study, const struct bs_plan *plan,
			     const struct bs_advise_options *options, struct bs_advice *ret)
{
	struct advising a = { .study = study, .options = options, .ret = ret };

	*ret = (struct bs_advice){ .study = study, .plan = plan };
	if (bs_arena_try(study->arena, try_all, &a))
		return a.status;
	bs_store_as_it_is(study->store);
	bs_ending_done(&a.ending);
	bs_ending_done(&ret->base);
	return BS_SIM_NO_MEMORY;
}

void bs_advice_done(struct bs_advice *advice)
{
	bs_ending_done(&advice->base);
}
