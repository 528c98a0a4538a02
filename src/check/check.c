/* SPDX-License-Identifier: MIT */
/* The order of the checks: what is asked of each binding, of each step, and of the run as a whole.
 */
#include "check-priv.h"

static void end_scratch(void *user)
{
	struct bs_checker *checker = user;

	bs_arena_free(checker->scratch);
	checker->scratch = NULL;
}

/* What the step before this one took is given back: a table with a row for each object, at each of
 * thousands of steps, would take the square of them. */
static struct bs_arena *new_scratch(struct bs_checker *checker, const struct bs_run *run)
{
	end_scratch(checker);
	checker->scratch = bs_arena_new();
	if (!checker->scratch)
		bs_arena_exhausted(run->ctx.arena);
	bs_arena_unwind_with(checker->scratch, run->ctx.arena);
	return checker->scratch;
}

struct bs_checker *bs_checker_new(const struct bs_run *run, const struct bs_check_options *options)
{
	struct bs_checker *checker = bs_new(run->ctx.arena, struct bs_checker, 1);

	checker->options = *options;
	checker->pairs.lists = options->lists_left_out;
	checker->libraries = bs_libraries_new(run);
	checker->needs = bs_needs_new(run);
	checker->pins = bs_pins_new(run);
	checker->paths = bs_paths_new(run);
	bs_arena_at_end(run->ctx.arena, end_scratch, checker);
	return checker;
}

void bs_checker_keep_symbols(struct bs_checker *checker, uint32_t n)
{
	checker->n_kept = n;
}

static uint8_t *pairs_of(struct bs_pass *pass, bs_map_id referrer)
{
	struct bs_arena *arena = pass->scratch;

	if (!pass->pairs) {
		pass->n_pairs = pass->run->process.maps.n;
		pass->pairs = bs_new(arena, uint8_t *, pass->n_pairs);
	}
	if (!pass->pairs[referrer])
		pass->pairs[referrer] = bs_new(arena, uint8_t, pass->n_pairs);
	return pass->pairs[referrer];
}

/* The first binding of a PAIR, or one of a pair of which each is looked at. */
static __attribute__((noinline)) void look_at_pair(struct bs_pass *pass, const struct bs_binding *b,
						   uint8_t *pair, bool waiting)
{
	if (!b->symbol || b->outcome != BS_BOUND)
		return;
	if (!*pair)
		*pair = bs_versions_between(pass->run, b->referrer, b->definer) |
			bs_needs_between(pass->checker->needs, b->referrer, b->definer);
	if (*pair & (BS_PAIR_UNVERSIONED | BS_PAIR_OLDER))
		bs_check_crossed(pass, b, pair);
	if (*pair & BS_PAIR_OUTSIDER && !b->is_defined &&
	    !bs_is_moved_to_executable(pass->checker, pass->run, b))
		bs_check_outsider(pass, b, waiting);
}

static void go_through(struct bs_pass *pass, const bs_bindings *bindings, bool waiting)
{
	bs_map_id last = BS_NO_MAP; /* they come referrer by referrer */
	uint8_t *pairs = NULL;

	bs_vec_each (i, bindings) {
		const struct bs_binding *b = &bindings->v[i];

		if (b->referrer != last)
			pairs = pairs_of(pass, last = b->referrer);
		if (pass->checker->unwinders.n && b->outcome == BS_BOUND &&
		    bs_ids_have(&pass->checker->unwinders, b->definer))
			bs_note_unwinder(pass, b);
		if (b->why == BS_WHY_UNIQUE && b->definer != b->referrer)
			bs_check_unique(pass, b);
		if (b->definer != BS_NO_MAP && pairs[b->definer] != BS_PAIR_BOUND)
			look_at_pair(pass, b, &pairs[b->definer], waiting);
		if (b->is_defined)
			bs_take_captured(pass, b, waiting);
		else if (b->symbol && b->outcome == BS_BOUND)
			bs_check_reference(pass, b);
	}
}

bs_findings bs_check_step(struct bs_checker *checker, const struct bs_run *run,
			  const struct bs_step_result *result)
{
	bs_findings findings = { 0 };
	struct bs_pass pass = {
		.checker = checker,
		.scratch = new_scratch(checker, run),
		.run = run,
		.result = result,
		.findings = &findings,
	};

	bs_needs_learn(checker->needs, run);
	bs_learn_unwinders(&pass);
	bs_note_promoted(checker, run, result);
	if (result->state == BS_STEP_OK && result->number == 0) {
		checker->has_started = true;
		bs_note_copies(&pass);
		bs_note_interposers(&pass);
	}
	/* What a call bound was told when its slot got that answer. */
	if (result->state == BS_STEP_OK && !(result->step && result->step->kind == BS_STEP_CALL))
		go_through(&pass, &result->relocated.bindings, false);
	if (result->state == BS_STEP_OK)
		go_through(&pass, &result->slots, true);
	pass.is_later = true;
	go_through(&pass, &result->changed_slots, true);
	bs_fold_crossed(&pass);
	bs_drop_harmless(&findings);
	bs_count_inside(&pass);
	bs_judge_copies(&pass);
	bs_check_twice(checker->libraries, run, result, &findings);
	bs_check_classes(&pass);
	bs_check_interposers(&pass);
	bs_check_split(&pass);
	bs_check_deepbind(&pass);
	bs_check_withheld(&pass);
	bs_check_unused(&pass);
	bs_check_pinned(&pass);
	bs_check_paths(&pass);
	bs_findings_sort(&findings);
	bs_object_pairs_tell(run, &checker->pairs, &findings);
	return findings;
}

bs_findings bs_check_end(struct bs_checker *checker, const struct bs_run *run)
{
	bs_findings findings = { 0 };

	/* What waits in a process that never starts is never called. */
	if (checker->has_started)
		bs_check_slots(checker, run, &findings);
	bs_check_unwinders(checker, run, &findings);
	bs_check_carried(checker, run, &findings);
	bs_check_patched(checker, run, &findings);
	if (checker->has_started) {
		bs_object_pairs_tell(run, &checker->pairs, &findings);
		bs_check_duplicates(checker, run, &findings);
	}
	bs_findings_sort(&findings);
	return findings;
}
