/* SPDX-License-Identifier: MIT */
/* The sink that makes a digest of a run. All strings are copied: they end with the run. */
#include "digest.h"

static const char *kept(struct bs_digest *digest, const char *text)
{
	return text ? bs_name_text(digest->names, bs_name_of(digest->names, text)) : NULL;
}

static bs_name version_name(struct bs_digest *digest, const struct bs_version *version)
{
	return version ? bs_name_of(digest->names, version->name) : 0;
}

/* ---- steps --------------------------------------------------------------------------------- */

static void take_step(struct bs_digest *digest, const struct bs_run *run,
		      const struct bs_step_result *result)
{
	struct bs_digest_step step = {
		.number = result->number,
		.is_start_up = !result->step,
		.state = result->state,
		.message = result->state == BS_STEP_FAILED ? kept(digest, result->message) : NULL,
	};

	/* A plan outlives its digests. */
	if (result->step)
		step.call = *result->step;
	if (result->step && result->step->block)
		step.within = run->plan->blocks[result->step->block - 1].object;
	bs_vec_push(digest->arena, &digest->steps, step);
}

/* ---- bindings ------------------------------------------------------------------------------ */

static struct bs_digest_binding answer_of(struct bs_digest *digest, const struct bs_run *run,
					  const struct bs_binding *b,
					  const struct bs_version *asked)
{
	struct bs_digest_binding ret = {
		.from = b->referrer,
		.version = version_name(digest, asked),
		.to = b->definer == BS_NO_MAP ? BS_NOBODY : b->definer,
		.asker = b->symbol ? BS_ASKER_RELOCATION : BS_ASKER_LOADER,
		.outcome = b->outcome,
	};

	if (b->definer != BS_NO_MAP)
		ret.definition_version = version_name(
			digest, bs_reference_version(bs_map_of(&run->process, b->definer)->image,
						     b->definer_symbol));
	return ret;
}

static void take_bindings(struct bs_digest *digest, const struct bs_run *run,
			  const struct bs_step_result *result)
{
	const bs_bindings *bindings = &result->relocated.bindings;
	bool asks = result->step && result->step->kind == BS_STEP_DLSYM;

	bs_vec_each (i, bindings) {
		const struct bs_binding *b = &bindings->v[i];
		struct bs_digest_binding binding =
			answer_of(digest, run, b, bs_run_asked_version(run, result, b));

		/* What it loads on demand is relocated behind its own lookup. */
		if (!asks || i) {
			bs_digest_bind(digest, binding, bs_run_symbol_name(run, b));
			continue;
		}
		binding.asker = b->symbol ? BS_ASKER_RELOCATION : BS_ASKER_PROGRAM;
		bs_digest_bind(digest, binding, result->relocated.asked_name);
	}
}

/* What a first call would bind at the end. One that was called has its binding from that step. */
static void take_slots(struct bs_digest *digest, const struct bs_run *run)
{
	bs_bindings answers = { 0 };
	bs_ids since = { 0 };

	bs_vec_each (i, &run->slots) {
		const struct bs_slot *slot = &run->slots.v[i];

		if (slot->called != BS_NEVER)
			continue;
		bs_slot_answers(run, slot, true, &answers, &since);
		if (!answers.n)
			continue;
		const struct bs_binding *b = &answers.v[answers.n - 1];
		const struct bs_image *image = bs_map_of(&run->process, b->referrer)->image;

		bs_digest_bind(digest,
			       answer_of(digest, run, b, bs_reference_version(image, b->symbol)),
			       bs_run_symbol_name(run, b));
	}
}

/* ---- objects and findings ------------------------------------------------------------------ */

static const char *build_id_of(struct bs_digest *digest, const struct bs_image *image)
{
	static const char digits[] = "0123456789abcdef";

	if (!image || !image->notes.n_build_id)
		return NULL;
	char *text = bs_new(digest->arena, char, 2 * image->notes.n_build_id + 1);

	for (size_t i = 0; i < image->notes.n_build_id; i++) {
		text[2 * i] = digits[image->notes.build_id[i] >> 4];
		text[2 * i + 1] = digits[image->notes.build_id[i] & 15];
	}
	return text;
}

static void take_object(struct bs_digest *digest, const struct bs_run *run, bs_map_id id)
{
	const struct bs_map *map = bs_map_of(&run->process, id);
	bool is_vdso = map->role == BS_ROLE_VDSO;
	bool is_executable = map->kind == BS_MAP_EXECUTABLE;
	const struct bs_digest_object object = {
		.name = kept(digest, bs_run_map_name(run, id)),
		.path = is_vdso		? NULL
			: is_executable ? kept(digest, map->image->path)
					: kept(digest, bs_text(&run->ctx, map->name)),
		.soname = map->image ? kept(digest, map->image->soname) : NULL,
		.build_id = build_id_of(digest, map->image),
		.lasting = kept(digest, bs_lasting_name(run, id)),
		.ns = map->ns,
		.is_executable = is_executable,
		.was_searched = map->role == BS_ROLE_ORDINARY && !is_executable,
		.how = map->how,
		.born = map->born,
		.died = map->died,
		.global = BS_NEVER,
		.image = map->image,
	};

	bs_vec_push(digest->arena, &digest->objects, object);
	if (map->kind != BS_MAP_LOADED)
		bs_digest_globalise(digest, id, 0);
}

static void take_objects(struct bs_digest *digest, const struct bs_run *run)
{
	while (digest->objects.n < run->process.maps.n)
		take_object(digest, run, digest->objects.n);
}

static void take_findings(struct bs_digest *digest, const struct bs_run *run,
			  const bs_findings *findings)
{
	bs_vec_each (i, findings) {
		const struct bs_finding *f = &findings->v[i];
		bool names = f->to == BS_NO_MAP && f->n_examples;

		bs_digest_find(digest,
			       &(struct bs_digest_finding){
				       .rule = bs_rule_text(f->rule)->slug,
				       .level = f->level,
				       .from = f->from == BS_NO_MAP ? BS_NOBODY : f->from,
				       .to = f->to == BS_NO_MAP ? BS_NOBODY : f->to,
				       .symbol = names ? kept(digest, bs_run_symbol_name(
									      run, &f->examples[0]))
						       : NULL,
				       .n = f->n,
			       });
	}
}

/* ---- the sink ------------------------------------------------------------------------------ */

static void begin(void *data, const struct bs_run *run)
{
	struct bs_digest *digest = data;

	digest->checker = bs_checker_new(run, &digest->check);
	digest->loader = kept(digest, run->profile->title);
	digest->shift_wraps = run->match_policy.bloom_shift_wraps;
	digest->has_bindings = digest->has_findings = true;
}

static void step(void *data, const struct bs_run *run, const struct bs_step_result *result)
{
	struct bs_digest *digest = data;
	const bs_findings findings = bs_check_step(digest->checker, run, result);

	take_objects(digest, run);
	take_step(digest, run, result);
	take_bindings(digest, run, result);
	take_findings(digest, run, &findings);
	bs_vec_each (i, &result->opening.promoted)
		bs_digest_globalise(digest, result->opening.promoted.v[i], result->number);
}

static void end(void *data, const struct bs_run *run)
{
	struct bs_digest *digest = data;
	const bs_findings findings = bs_check_end(digest->checker, run);

	take_objects(digest, run);
	take_slots(digest, run);
	take_findings(digest, run, &findings);
	/* Objects change after they have come: they die, or are no ghosts any more. */
	bs_vec_each (i, &digest->objects) {
		digest->objects.v[i].born = bs_map_of(&run->process, i)->born;
		digest->objects.v[i].died = bs_map_of(&run->process, i)->died;
	}
	bs_digest_finish(digest);
}

struct bs_sink bs_digest_sink(struct bs_digest *digest, struct bs_library_db *library_db)
{
	digest->check = (struct bs_check_options){ .library_db = library_db, .shows_notes = true };
	return (struct bs_sink){ .data = digest, .begin = begin, .step = step, .end = end };
}
