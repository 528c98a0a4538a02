/* SPDX-License-Identifier: MIT */
/* What debug information says about the definitions that findings are about, and what follows. */
#include "proof-priv.h"

#include <string.h>

/* Entries of debug information that are looked at in one object: about a second's worth, and what
 * somebody waits for who asked for all. */
enum { BUDGET_OF_EXAMPLES = 2000000, BUDGET_OF_ALL = 60000000 };

struct known {
	const struct bs_image *image;
	struct bs_debug *debug;
};

struct bs_prover {
	const struct bs_run *run;
	enum bs_proof_mode mode;
	struct bs_arena *arena;
	struct bs_arena *scratch; /* of the comparison under way, or NULL */
	struct bs_type_pairs same;
	bool has_asked; /* for libdw */
	bool has_library;
	BS_VEC(struct known) known;
};

static const struct bs_difference_text differences[BS_DIFFERENCE_COUNT_] = {
	[BS_DIFFERENCE_NONE] = { "none", "" },
#define DIFFERENCE(id, slug, words) [BS_DIFFERENCE_##id] = { slug, words },
#include "differences.def"
#undef DIFFERENCE
};

const struct bs_difference_text *bs_difference_text(enum bs_difference_kind kind)
{
	return &differences[kind];
}

static const struct bs_unproven_text reasons[BS_UNPROVEN_COUNT_] = {
	[BS_PROVEN] = { "none", "" },
#define UNPROVEN(id, slug, words) [BS_UNPROVEN_##id] = { slug, words },
#include "unproven.def"
#undef UNPROVEN
};

const struct bs_unproven_text *bs_unproven_text(enum bs_unproven why)
{
	return &reasons[why];
}

const char *bs_proof_verdict_name(enum bs_verdict_of_proof verdict)
{
	static const char *const names[] = { "unknown", "same", "differ" };

	return names[verdict];
}

/* An arena of its own, which is given back before RUN's. */
static struct bs_arena *new_arena(const struct bs_run *run)
{
	struct bs_arena *arena = bs_arena_new();

	if (!arena)
		bs_arena_exhausted(run->ctx.arena);
	bs_arena_unwind_with(arena, run->ctx.arena);
	return arena;
}

struct bs_prover *bs_prover_new(const struct bs_run *run, enum bs_proof_mode mode)
{
	/* In RUN's: where memory lacks, nobody would know of an arena that holds itself. */
	struct bs_prover *prover = bs_new(run->ctx.arena, struct bs_prover, 1);

	prover->run = run;
	prover->mode = mode;
	prover->arena = new_arena(run);
	return prover;
}

void bs_prover_free(struct bs_prover *prover)
{
	if (!prover)
		return;
	bs_vec_each (i, &prover->known)
		bs_debug_close(prover->known.v[i].debug);
	bs_arena_free(prover->scratch);
	bs_arena_free(prover->arena);
}

/* ---- the objects --------------------------------------------------------------------------- */

/* One message is enough. */
static bool has_library(struct bs_prover *prover)
{
	if (prover->has_asked)
		return prover->has_library;
	const char *problem = bs_libdw_open();

	prover->has_asked = true;
	prover->has_library = !problem;
	if (problem)
		bs_diag_add(prover->run->ctx.diags, BS_DIAG_NO_LIBRARY, NULL, BS_NO_OFFSET, 0,
			    "libdw.so.1 cannot be opened: %s", problem);
	return prover->has_library;
}

static struct bs_debug *debug_of(struct bs_prover *prover, bs_map_id map)
{
	const struct bs_image *image = bs_map_of(&prover->run->process, map)->image;

	bs_vec_each (i, &prover->known)
		if (prover->known.v[i].image == image)
			return prover->known.v[i].debug;
	struct bs_debug *debug =
		bs_debug_open(prover->arena, prover->run, image,
			      prover->mode == BS_PROOF_ALL ? BUDGET_OF_ALL : BUDGET_OF_EXAMPLES);

	bs_vec_push(prover->arena, &prover->known, (struct known){ image, debug });
	return debug;
}

/* ---- one symbol ---------------------------------------------------------------------------- */

static bool compare(struct bs_comparison *c, const struct bs_evidence *left,
		    const struct bs_evidence *right)
{
	const struct bs_edge edge = { .kind = BS_DIFFERENCE_VARIABLE_TYPE };
	const struct bs_edge value = { .kind = BS_DIFFERENCE_VALUE };
	struct bs_type a, b;

	if (left->is_class)
		return bs_compare_types(c, &edge, &left->at, &right->at);
	if (left->is_function)
		return bs_compare_functions(c, NULL, &left->at, &right->at);
	if (bs_type_of(left->at.debug, &left->at.die, &a) &&
	    bs_type_of(right->at.debug, &right->at.die, &b))
		return bs_compare_types(c, &edge, &a, &b) &&
		       bs_compare_values(c, &value, left, right);
	c->is_cut = true;
	return true;
}

/* Both sides are known and are things of one kind. */
static enum bs_verdict_of_proof judge(struct bs_prover *prover, const struct bs_evidence found[2],
				      struct bs_difference *ret)
{
	struct bs_comparison c = {
		.texts = prover->run->ctx.arena,
		.known = &prover->same,
	};
	enum bs_verdict_of_proof verdict = BS_PROOF_DIFFER;

	if (found[0].is_function != found[1].is_function)
		return BS_PROOF_UNKNOWN;
	prover->scratch = new_arena(prover->run);
	c.arena = prover->scratch;
	if (compare(&c, &found[0], &found[1]) && bs_compare_rest(&c))
		verdict = c.is_cut ? BS_PROOF_UNKNOWN : BS_PROOF_SAME;
	if (verdict == BS_PROOF_SAME)
		bs_comparison_learn(&c, prover->arena, &prover->same);
	*ret = c.difference;
	bs_arena_free(prover->scratch);
	prover->scratch = NULL;
	return verdict;
}

/* What can be said of two definitions without debug information: their sizes, and whether they are
 * the same instructions. */
static void compare_without(const struct bs_run *run, const struct bs_definition definitions[2],
			    struct bs_proof_symbol *ret)
{
	const struct bs_image *images[2];
	struct bs_symbol symbols[2];

	for (unsigned i = 0; i < 2; i++) {
		images[i] = bs_map_of(&run->process, definitions[i].object)->image;
		symbols[i] = bs_image_symbol(images[i], definitions[i].symbol);
	}
	ret->same_size = symbols[0].size == symbols[1].size;
	if (bs_symbol_type(&symbols[0]) == STT_FUNC && bs_symbol_type(&symbols[1]) == STT_FUNC)
		ret->alike = bs_code_is_alike(images[0], &symbols[0], images[1], &symbols[1]);
}

static void look_at(struct bs_prover *prover, const char *name,
		    const struct bs_definition definitions[2], struct bs_proof_symbol *ret)
{
	const struct bs_run *run = prover->run;
	struct bs_evidence found[2];
	bool both = true;

	*ret = (struct bs_proof_symbol){ .name = name };
	for (unsigned i = 0; i < 2; i++) {
		const struct bs_image *image =
			bs_map_of(&run->process, definitions[i].object)->image;
		struct bs_symbol symbol = bs_image_symbol(image, definitions[i].symbol);
		struct bs_proof_side *side = &ret->sides[i];

		side->object = definitions[i].object;
		side->size = symbol.size;
		side->unproven = BS_UNPROVEN_NO_LIBRARY;
		both &= has_library(prover) &&
			bs_find_definition(debug_of(prover, side->object), run->ctx.arena, name,
					   &symbol, side, &found[i]);
	}
	if (both)
		ret->verdict = judge(prover, found, &ret->difference);
	if (ret->verdict == BS_PROOF_UNKNOWN)
		compare_without(run, definitions, ret);
}

/* ---- one finding --------------------------------------------------------------------------- */

/* Those that differ come first. */
static void keep(struct bs_proof *proof, const struct bs_proof_symbol *symbol)
{
	uint32_t at = symbol->verdict == BS_PROOF_DIFFER ? proof->n_differ - 1 : proof->n_symbols;

	if (at >= BS_MAX_EXAMPLES)
		return;
	if (proof->n_symbols < BS_MAX_EXAMPLES)
		proof->symbols[proof->n_symbols++] = proof->symbols[at];
	proof->symbols[at] = *symbol;
}

static void count(struct bs_proof *proof, const struct bs_proof_symbol *symbol)
{
	proof->n_looked++;
	proof->n_compared += symbol->verdict != BS_PROOF_UNKNOWN;
	proof->n_differ += symbol->verdict == BS_PROOF_DIFFER;
	proof->n_same_size += symbol->same_size;
	proof->n_alike += symbol->alike == BS_ALIKE_YES;
	proof->n_code += symbol->alike != BS_ALIKE_UNKNOWN;
	keep(proof, symbol);
}

/* Whether the two files are of one build. */
static void compare_files(const struct bs_run *run, struct bs_proof *proof)
{
	const struct bs_proof_side *sides = proof->symbols[0].sides;
	const struct bs_image *a = bs_map_of(&run->process, sides[0].object)->image;
	const struct bs_image *b = bs_map_of(&run->process, sides[1].object)->image;

	proof->has_build_ids = a->notes.n_build_id && b->notes.n_build_id;
	proof->same_build = bs_is_same_build(a, b);
}

static void prove_symbol(struct bs_prover *prover, const struct bs_finding *f,
			 const struct bs_binding *b, struct bs_proof *proof)
{
	struct bs_definition definitions[2];
	struct bs_proof_symbol symbol;

	if (!bs_finding_definitions(prover->run, f, b, definitions))
		return;
	look_at(prover, bs_run_symbol_name(prover->run, b), definitions, &symbol);
	count(proof, &symbol);
}

/* It is about which of several instances is used, or what becomes of them: that they are the same
 * is no comfort. */
static bool is_about_instances(enum bs_rule rule)
{
	return rule == BS_RULE_OBJECT_SPLIT || rule == BS_RULE_TYPE_IDENTITY ||
	       rule == BS_RULE_UNIQUE_CROSSES || rule == BS_RULE_INTERPOSER_BYPASSED ||
	       rule == BS_RULE_SPLIT_COPY || rule == BS_RULE_CONSTRUCTED_TWICE;
}

/* The files show instructions that differ: one interface is not one definition. */
static bool has_other_code(const struct bs_finding *f)
{
	bs_vec_each (i, &f->facts)
		if (f->facts.v[i].kind == BS_FACT_SAME_CODE && f->facts.v[i].n < f->facts.v[i].of)
			return true;
	return false;
}

/* What was asked for in full is believed. */
static void weigh(const struct bs_finding *f, struct bs_proof *proof)
{
	if (proof->verdict == BS_PROOF_DIFFER)
		proof->after = BS_LEVEL_ERROR;
	else if (proof->verdict == BS_PROOF_SAME && proof->n_compared == f->n &&
		 !is_about_instances(f->rule) && !has_other_code(f))
		proof->after--;
}

static void prove_finding(struct bs_prover *prover, struct bs_finding *f)
{
	const struct bs_run *run = prover->run;
	struct bs_proof proof = { .before = f->level, .after = f->level };
	bool all = prover->mode == BS_PROOF_ALL && f->symbols.n;
	const struct bs_binding *symbols = all ? f->symbols.v : f->examples;
	uint32_t n = all ? f->symbols.n : f->n_examples;

	for (uint32_t i = 0; i < n; i++)
		prove_symbol(prover, f, &symbols[i], &proof);
	if (!proof.n_looked)
		return;
	proof.verdict = proof.n_differ	   ? BS_PROOF_DIFFER
			: proof.n_compared ? BS_PROOF_SAME
					   : BS_PROOF_UNKNOWN;
	compare_files(run, &proof);
	if (prover->mode == BS_PROOF_ALL)
		weigh(f, &proof);
	f->level = proof.after;
	struct bs_proof *copy = bs_new(run->ctx.arena, struct bs_proof, 1);

	*copy = proof;
	f->proof = copy;
}

/* What was proved by a file that is not what it was is no proof: the run has no answer then. */
static void note_changes(const struct bs_prover *prover)
{
	bs_vec_each (i, &prover->known) {
		const char *words, *path = bs_debug_changed(prover->known.v[i].debug, &words);

		if (path)
			bs_diag_add(prover->run->ctx.diags, BS_DIAG_CHANGED, path, BS_NO_OFFSET, 0,
				    "%s", words);
	}
}

void bs_prove(struct bs_prover *prover, bs_findings *findings)
{
	bs_vec_each (i, findings) {
		struct bs_finding *f = &findings->v[i];

		if (f->level < BS_LEVEL_WARNING)
			continue;
		prove_finding(prover, f);
	}
	note_changes(prover);
	if (prover->mode == BS_PROOF_ALL)
		bs_findings_sort(findings);
}
