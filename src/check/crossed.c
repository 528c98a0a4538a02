/* SPDX-License-Identifier: MIT */
/*
 * version-crossed: the loader takes a definition without a version for every version, and has a
 * default one for references without. (glibc elf/dl-lookup.c:check_match)
 */
#include "check-priv.h"

#include <elf.h>
#include <string.h>

static bool has_versions(const struct bs_image *image)
{
	return image->versions.n_defs && image->symbols.versym;
}

/* By the soname alone, for every pair is asked: another name leads to a closer look. */
static bool names_soname(const struct bs_image *image, const char *soname)
{
	for (uint32_t i = 0; soname && i < image->versions.n_needs; i++)
		if (strcmp(image->versions.needs[i].file, soname) == 0)
			return true;
	return false;
}

uint8_t bs_versions_between(const struct bs_run *run, bs_map_id from, bs_map_id to)
{
	const struct bs_image *referrer = bs_map_of(&run->process, from)->image;
	const struct bs_image *definer = bs_map_of(&run->process, to)->image;

	/* Who is preloaded is there to take the place of others. */
	if (from == to || !referrer || !definer || run->match_policy.only_default_versions ||
	    bs_map_of(&run->process, to)->preloaded)
		return BS_PAIR_BOUND;
	if (!has_versions(definer))
		return referrer->symbols.versym ? BS_PAIR_BOUND | BS_PAIR_UNVERSIONED
						: BS_PAIR_BOUND;
	return names_soname(referrer, definer->soname) ? BS_PAIR_BOUND
						       : BS_PAIR_BOUND | BS_PAIR_OLDER;
}

/* Allocators take the place of others on purpose, and so does another unwinder. */
static bool is_meant(const struct bs_pass *pass, const struct bs_binding *b)
{
	const char *name = bs_run_symbol_name(pass->run, b);

	return bs_is_replaceable(name) || bs_is_unwinder(name);
}

/* The finding about the objects of B; there may be hundreds of them, and thousands of bindings. */
static struct bs_finding *finding_for(struct bs_pass *pass, const struct bs_binding *b)
{
	struct bs_arena *arena = pass->scratch;

	if (!pass->crossed)
		pass->crossed = bs_new(arena, uint32_t *, pass->n_pairs);
	if (!pass->crossed[b->referrer])
		pass->crossed[b->referrer] = bs_new(arena, uint32_t, pass->n_pairs);
	uint32_t *index = &pass->crossed[b->referrer][b->definer];

	if (!*index) {
		bs_finding_add_new(pass, BS_RULE_VERSION_CROSSED, b->referrer, b->definer);
		*index = pass->findings->n;
	}
	return &pass->findings->v[*index - 1];
}

static struct bs_fact *fact_of(const struct bs_run *run, struct bs_finding *f,
			       enum bs_fact_kind kind, const char *text)
{
	bs_vec_each (i, &f->facts)
		if (f->facts.v[i].kind == kind)
			return &f->facts.v[i];
	bs_finding_fact(run, f,
			&(struct bs_fact){ .kind = kind, .object = BS_NO_MAP, .text = text });
	return &f->facts.v[f->facts.n - 1];
}

static struct bs_finding *count(struct bs_pass *pass, const struct bs_binding *b,
				enum bs_level level, enum bs_fact_kind kind, const char *version)
{
	struct bs_finding *f = finding_for(pass, b);

	if (level > f->level)
		f->level = level;
	bs_finding_count(f, b);
	fact_of(pass->run, f, kind, version)->n++;
	return f;
}

/* B asks for VERSION, of which its definer has none at all. */
static void check_unversioned(struct bs_pass *pass, const struct bs_binding *b,
			      const struct bs_version *version)
{
	const struct bs_run *run = pass->run;
	const char *file = version->filename;
	bool is_named = file && bs_map_has_name(&run->process, b->definer,
						bs_name_find(run->ctx.names, file));
	enum bs_level level =
		is_named || (file && bs_is_soname_of_libc(file)) ? BS_LEVEL_NOTE : BS_LEVEL_WARNING;
	struct bs_finding *f = count(pass, b, level, BS_FACT_ASKS_FOR_VERSION, version->name);

	if (is_named)
		fact_of(run, f, BS_FACT_NAMED_FILE, NULL);
	else if (file)
		fact_of(run, f, BS_FACT_VERSION_OF, file);
}

static unsigned version_index(const struct bs_run *run, bs_map_id map, uint32_t symbol)
{
	return bs_image_versym(bs_map_of(&run->process, map)->image, symbol) & 0x7fff;
}

/* B asks for no version. A weak reference, such as compilers put into all objects, is content with
 * whatever there is. */
static void check_older(struct bs_pass *pass, const struct bs_binding *b, uint8_t *pair)
{
	const struct bs_run *run = pass->run;
	const struct bs_image *image = bs_map_of(&run->process, b->referrer)->image;
	const struct bs_symbol reference = bs_image_symbol(image, b->symbol);

	if (b->is_defined || bs_symbol_bind(&reference) == STB_WEAK ||
	    bs_counted_before(pass, &pass->counted, b, BS_COUNTED_CROSSED))
		return;
	const struct bs_version *has = bs_reference_version(
		bs_map_of(&run->process, b->definer)->image, b->definer_symbol);

	if (!has || !has->name || has->filename)
		return;
	count(pass, b, BS_LEVEL_NOTE, BS_FACT_ASKS_FOR_NONE, has->name);
	if (!pass->checker->options.shows_notes)
		*pair &= (uint8_t)~BS_PAIR_OLDER;
}

void bs_check_crossed(struct bs_pass *pass, const struct bs_binding *b, uint8_t *pair)
{
	const struct bs_run *run = pass->run;
	bool asks = version_index(run, b->referrer, b->symbol) > VER_NDX_GLOBAL;
	bool is_older = *pair & BS_PAIR_OLDER;

	if (asks == is_older ||
	    (is_older && version_index(run, b->definer, b->definer_symbol) <= VER_NDX_GLOBAL) ||
	    b->why == BS_WHY_UNIQUE || b->type_class == BS_CLASS_COPY ||
	    bs_is_moved_to_executable(pass->checker, run, b))
		return;
	if (is_older) {
		check_older(pass, b, pair);
		return;
	}
	const struct bs_version *wanted =
		bs_reference_version(bs_map_of(&run->process, b->referrer)->image, b->symbol);

	/* What the object defines itself is another rule's, of which this is the evidence. */
	if (wanted && (!b->is_defined || bs_is_captured(pass->checker, run, b)) &&
	    !is_meant(pass, b) && !bs_counted_before(pass, &pass->counted, b, BS_COUNTED_CROSSED))
		check_unversioned(pass, b, wanted);
}

/* True: F, of a worse rule, has the evidence of what is crossed between its objects. */
static bool take_over(struct bs_pass *pass, struct bs_finding *f)
{
	const uint32_t *of_referrer = pass->crossed[f->from];

	if ((f->rule != BS_RULE_CAPTURED && f->rule != BS_RULE_CAPTURED_DEPENDENCY) ||
	    !of_referrer || !of_referrer[f->to])
		return false;
	struct bs_finding *crossed = &pass->findings->v[of_referrer[f->to] - 1];

	bs_vec_each (i, &crossed->facts)
		bs_finding_fact(pass->run, f, &crossed->facts.v[i]);
	crossed->level = BS_LEVEL_NONE;
	return crossed->facts.n > 0;
}

void bs_fold_crossed(struct bs_pass *pass)
{
	bs_findings *findings = pass->findings;
	uint32_t n = 0;
	bool any = false;

	for (uint32_t i = 0; pass->crossed && i < findings->n; i++)
		any |= take_over(pass, &findings->v[i]);
	/* Who has lost its level goes. */
	for (uint32_t i = 0; any && i < findings->n; i++) {
		const struct bs_finding *f = &findings->v[i];

		if (f->rule != BS_RULE_VERSION_CROSSED || f->level != BS_LEVEL_NONE)
			findings->v[n++] = *f;
	}
	findings->n = any ? n : findings->n;
}
