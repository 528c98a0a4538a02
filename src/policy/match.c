/* SPDX-License-Identifier: MIT */
/* What a section of a policy is about. */
#include "policy-priv.h"

#include <fnmatch.h>
#include <string.h>

static bool passes(const char *glob, const char *text)
{
	return fnmatch(glob, text, 0) == 0;
}

bool bs_entry_has_symbol(const struct bs_policy_entry *entry, const char *name)
{
	if (entry->symbol && !passes(entry->symbol, name) &&
	    !passes(entry->symbol, bs_demangled(name)))
		return false;
	return !entry->demangled || passes(entry->demangled, bs_demangled(name));
}

static bool has_soname(const struct bs_run *run, bs_map_id id, const char *glob)
{
	const struct bs_image *image = bs_map_of(&run->process, id)->image;

	return image && image->soname && passes(glob, image->soname);
}

static bool has_object(const struct bs_policy_entry *entry, const struct bs_run *run, bs_map_id id)
{
	if (id == BS_NO_MAP)
		return false;
	return bs_selected_object(run, id, entry->object) &&
	       (!entry->soname || has_soname(run, id, entry->soname)) &&
	       (!entry->family || passes(entry->family, bs_lasting_name(run, id)));
}

bool bs_entry_has_objects(const struct bs_policy_entry *entry, const struct bs_run *run,
			  bs_map_id a, bs_map_id b)
{
	return has_object(entry, run, a) || has_object(entry, run, b);
}

/* Rules about what two objects define alike. */
static bool is_about_duplicates(enum bs_rule rule)
{
	static const enum bs_rule rules[] = {
		BS_RULE_CAPTURED,
		BS_RULE_SPLIT_COPY,
		BS_RULE_CONSTRUCTED_TWICE,
		BS_RULE_LEAKED_STATIC_RUNTIME,
		BS_RULE_TWO_VERSIONS,
		BS_RULE_LOADED_TWICE,
		BS_RULE_TYPE_IDENTITY,
		BS_RULE_UNIQUE_CROSSES,
		BS_RULE_DEFINITIONS_DIFFER,
		BS_RULE_OBJECT_SPLIT,
		BS_RULE_EMBEDDED_AND_NEEDED,
		BS_RULE_EMBEDDED_COPY,
		BS_RULE_ISOLATED,
		BS_RULE_POTENTIAL,
	};

	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
		if (rules[i] == rule)
			return true;
	return false;
}

/* Those that are no example are not kept: each symbol that may be one of them has to pass. */
static bool has_others(const struct bs_policy_entry *entry, const struct bs_run *run,
		       const struct bs_checker *checker, const struct bs_finding *f)
{
	const struct bs_image *image = bs_map_of(&run->process, f->from)->image;
	bool captured = bs_rule_is_capture(f->rule);

	for (uint32_t i = 1; image && i < image->symbols.n; i++) {
		const char *name = bs_image_symbol_name(image, i);

		if (captured && !bs_was_captured(checker, f->from, i))
			continue;
		if (f->to != BS_NO_MAP && !bs_own_definition(run, f->to, name))
			continue;
		if (!bs_entry_has_symbol(entry, name))
			return false;
	}
	return true;
}

/* A finding that has no symbols is not about any. */
static bool has_symbols(const struct bs_policy_entry *entry, const struct bs_run *run,
			const struct bs_checker *checker, const struct bs_finding *f)
{
	if (!entry->symbol && !entry->demangled)
		return true;
	for (uint32_t i = 0; i < f->n_examples; i++)
		if (!bs_entry_has_symbol(entry, bs_run_symbol_name(run, &f->examples[i])))
			return false;
	return f->n_examples && (f->n <= f->n_examples || has_others(entry, run, checker, f));
}

bool bs_entry_has(const struct bs_policy_entry *entry, const struct bs_run *run,
		  const struct bs_checker *checker, const struct bs_finding *f)
{
	if (entry->rule != BS_RULE_COUNT_ && entry->rule != f->rule)
		return false;
	if (entry->kind == BS_POLICY_ALLOW &&
	    (!is_about_duplicates(f->rule) || !bs_entry_has_objects(entry, run, f->from, f->to)))
		return false;
	return bs_selected_object(run, f->from, entry->from) &&
	       bs_selected_object(run, f->to, entry->to) && has_symbols(entry, run, checker, f);
}
