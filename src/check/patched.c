/* SPDX-License-Identifier: MIT */
/*
 * slot-patched: slots of a real process that hold what no loader puts there. Who hooks functions
 * does so, on purpose: profilers, debuggers, agents, auditors; and what writes beyond its bounds.
 */
#include "check-priv.h"

#include <elf.h>

/* Who was to interpose or audit may do it this way, too. */
static bool is_on_purpose(const struct bs_run *run, const struct bs_patched *p)
{
	return p->into == p->map || p->other_namespace ||
	       (p->into != BS_NO_MAP && bs_map_of(&run->process, p->into)->preloaded);
}

static enum bs_level level_of(const struct bs_run *run, const struct bs_patched *p)
{
	if (!p->is_mapped)
		return BS_LEVEL_ERROR;
	return is_on_purpose(run, p) ? BS_LEVEL_NOTE : BS_LEVEL_WARNING;
}

static struct bs_fact fact_of(const struct bs_patched *p)
{
	struct bs_fact fact = { .object = BS_NO_MAP };

	if (p->into_symbol) {
		fact.kind = BS_FACT_HOLDS_SYMBOL;
		fact.text = p->into_symbol;
	} else if (p->into_name) {
		fact.kind = BS_FACT_HOLDS_OBJECT;
		fact.text = p->into_name;
	} else if (p->area) {
		fact.kind = BS_FACT_HOLDS_FILE;
		fact.text = p->area;
	} else {
		fact.kind = p->is_mapped ? BS_FACT_HOLDS_ANONYMOUS : BS_FACT_HOLDS_NOTHING;
	}
	return fact;
}

static bool has_fact(const struct bs_finding *f, const struct bs_fact *fact)
{
	bs_vec_each (i, &f->facts)
		if (f->facts.v[i].kind == fact->kind)
			return true;
	return false;
}

static void tell(const struct bs_run *run, const struct bs_patched *p, bs_findings *findings)
{
	uint32_t last = run->epochs.n ? run->epochs.v[run->epochs.n - 1] : 0;
	struct bs_finding *f =
		bs_finding_between(run, findings, BS_RULE_SLOT_PATCHED, last, p->map, p->into);
	const struct bs_binding binding = {
		.referrer = p->map,
		.symbol = p->symbol,
		.definer = BS_NO_MAP,
		.kinds = (uint16_t)(1 << (p->is_call ? BS_RELOC_SLOT : BS_RELOC_GLOB_DAT)),
		.type_class = p->is_call ? BS_CLASS_PLT : BS_CLASS_DATA,
		.n_relocations = 1,
	};
	const struct bs_fact fact = fact_of(p);
	enum bs_level level = level_of(run, p);

	if (f->level < level)
		f->level = level;
	bs_finding_count(f, &binding);
	if (p->is_call)
		f->n_functions++;
	else
		f->n_data++;
	/* The first of each kind is an example. */
	if (!has_fact(f, &fact))
		bs_finding_fact(run, f, &fact);
}

void bs_check_patched(const struct bs_checker *checker, const struct bs_run *run,
		      bs_findings *findings)
{
	for (uint32_t i = 0; i < checker->options.n_patched; i++)
		tell(run, &checker->options.patched[i], findings);
}
