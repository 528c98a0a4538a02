/* SPDX-License-Identifier: MIT */
#include "check-priv.h"

#include <stdlib.h>
#include <string.h>

static const struct bs_rule_text rules[BS_RULE_COUNT_] = {
#define RULE(id, slug, headline, summary, help) [BS_RULE_##id] = { slug, headline, summary, help },
#include "rules.def"
#undef RULE
};

const struct bs_rule_text *bs_rule_text(enum bs_rule rule)
{
	return &rules[rule];
}

const char *const *bs_rule_slugs(struct bs_arena *arena)
{
	const char **slugs = bs_new(arena, const char *, BS_RULE_COUNT_ + 1);

	for (enum bs_rule rule = 0; rule < BS_RULE_COUNT_; rule++)
		slugs[rule] = rules[rule].slug;
	slugs[BS_RULE_COUNT_] = NULL;
	return slugs;
}

enum bs_rule bs_rule_find(const char *slug)
{
	for (enum bs_rule rule = 0; rule < BS_RULE_COUNT_; rule++)
		if (strcmp(rules[rule].slug, slug) == 0)
			return rule;
	return BS_RULE_COUNT_;
}

/* The first row stands for none, so that there is one. */
static const struct bs_fact_text facts[BS_FACT_COUNT_] = {
	[BS_FACT_NONE] = { "none", "", "" },
#define FACT(id, slug, label, words) [BS_FACT_##id] = { slug, label, words },
#include "facts.def"
#undef FACT
};

const struct bs_fact_text *bs_fact_text(enum bs_fact_kind kind)
{
	return &facts[kind];
}

void bs_finding_fact(const struct bs_run *run, struct bs_finding *finding,
		     const struct bs_fact *fact)
{
	bs_vec_push(run->ctx.arena, &finding->facts, *fact);
}

struct bs_finding *bs_finding_like(const struct bs_run *run, bs_findings *findings,
				   const struct bs_finding *like)
{
	for (uint32_t i = findings->n; i-- > 0;) {
		struct bs_finding *f = &findings->v[i];

		if (f->rule == like->rule && f->from == like->from && f->to == like->to &&
		    f->instead == like->instead)
			return f;
	}
	bs_vec_push(run->ctx.arena, findings, *like);
	return &findings->v[findings->n - 1];
}

struct bs_finding *bs_finding_find(bs_findings *findings, enum bs_rule rule, bs_map_id from,
				   bs_map_id to)
{
	bs_vec_each (i, findings) {
		struct bs_finding *f = &findings->v[i];

		if (f->rule == rule && f->from == from && f->to == to)
			return f;
	}
	return NULL;
}

void bs_finding_count(struct bs_finding *finding, const struct bs_binding *binding)
{
	finding->n++;
	if (finding->n_examples < BS_MAX_EXAMPLES)
		finding->examples[finding->n_examples++] = *binding;
}

void bs_finding_keep(const struct bs_pass *pass, struct bs_finding *finding,
		     const struct bs_binding *binding)
{
	if (finding->symbols.n < pass->checker->n_kept)
		bs_vec_push(pass->run->ctx.arena, &finding->symbols, *binding);
}

/* One that says nothing yet. */
static struct bs_finding blank(enum bs_rule rule, uint32_t step, bs_map_id from, bs_map_id to)
{
	return (struct bs_finding){
		.rule = rule,
		.step = step,
		.from = from,
		.to = to,
		.before = BS_NO_MAP,
		.instead = BS_NO_MAP,
	};
}

struct bs_finding *bs_finding_between(const struct bs_run *run, bs_findings *findings,
				      enum bs_rule rule, uint32_t step, bs_map_id from,
				      bs_map_id to)
{
	const struct bs_finding like = blank(rule, step, from, to);

	return bs_finding_like(run, findings, &like);
}

struct bs_finding *bs_finding_add_new(struct bs_pass *pass, enum bs_rule rule, bs_map_id from,
				      bs_map_id to)
{
	bs_vec_push(pass->run->ctx.arena, pass->findings,
		    blank(rule, pass->result->number, from, to));
	return &pass->findings->v[pass->findings->n - 1];
}

struct bs_finding *bs_finding_of(struct bs_pass *pass, enum bs_rule rule, enum bs_level level,
				 const struct bs_binding *b)
{
	struct bs_finding *f = bs_finding_between(pass->run, pass->findings, rule,
						  pass->result->number, b->referrer, b->definer);

	bs_finding_count(f, b);
	bs_finding_keep(pass, f, b);
	if (level > f->level)
		f->level = level;
	return f;
}

void bs_finding_add(const struct bs_run *run, struct bs_finding *finding, enum bs_fact_kind kind,
		    uint64_t n, uint64_t of)
{
	bs_vec_each (i, &finding->facts) {
		struct bs_fact *fact = &finding->facts.v[i];

		if (fact->kind != kind)
			continue;
		fact->n += n;
		fact->of += of;
		return;
	}
	bs_finding_fact(run, finding,
			&(struct bs_fact){ .kind = kind, .n = n, .of = of, .object = BS_NO_MAP });
}

const char *bs_level_name(enum bs_level level)
{
	static const char *const names[] = { "none", "note", "warning", "error" };

	return names[level];
}

bool bs_counted_before(const struct bs_pass *pass, struct bs_counted *counted,
		       const struct bs_binding *binding, enum bs_counted_manner manner)
{
	const struct bs_process *process = &pass->run->process;

	if (!counted->of)
		counted->of = bs_new(pass->scratch, struct bs_counted_symbols, process->maps.n);
	uint32_t **definers = &counted->of[binding->referrer].definers[manner];

	if (!*definers)
		*definers = bs_new(pass->scratch, uint32_t,
				   bs_map_of(process, binding->referrer)->image->symbols.n);
	uint32_t *last = &(*definers)[binding->symbol];
	/* BS_NO_MAP is the greatest number, and plus 1 would be none. */
	uint32_t now = binding->definer == BS_NO_MAP ? BS_NO_MAP : binding->definer + 1;
	bool before = *last == now;

	*last = now;
	return before;
}

static int worst_first(const void *a, const void *b)
{
	const struct bs_finding *x = a, *y = b;

	if (x->level != y->level)
		return x->level > y->level ? -1 : 1;
	if (x->rule != y->rule)
		return x->rule < y->rule ? -1 : 1;
	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	if (x->to != y->to)
		return x->to < y->to ? -1 : 1;
	if (x->before != y->before)
		return x->before < y->before ? -1 : 1;
	return x->step < y->step ? -1 : x->step > y->step;
}

void bs_findings_sort(bs_findings *findings)
{
	if (findings->n)
		qsort(findings->v, findings->n, sizeof *findings->v, worst_first);
}
