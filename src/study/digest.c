/* SPDX-License-Identifier: MIT */
/* What becomes of what a digest is told, whoever tells it. */
#include "findings.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

struct bs_digest *bs_digest_new(struct bs_arena *arena, struct bs_names *names,
				const char *symbol_glob)
{
	struct bs_digest *digest = bs_new(arena, struct bs_digest, 1);

	digest->arena = arena;
	digest->names = names;
	digest->symbol_glob = symbol_glob;
	digest->loader = "";
	return digest;
}

/* As bs_selected() judges a name; each is judged once. */
static bool is_wanted(struct bs_digest *digest, bs_name symbol, const char *name)
{
	if (!digest->symbol_glob)
		return true;
	while (digest->wanted.n <= symbol)
		bs_vec_push(digest->arena, &digest->wanted, 0);
	if (!digest->wanted.v[symbol]) {
		bool matches = fnmatch(digest->symbol_glob, name, 0) == 0 ||
			       fnmatch(digest->symbol_glob, bs_demangled(name), 0) == 0;

		digest->wanted.v[symbol] = matches ? 1 : 2;
	}
	return digest->wanted.v[symbol] == 1;
}

void bs_digest_bind(struct bs_digest *digest, struct bs_digest_binding binding, const char *name)
{
	binding.symbol = bs_name_of(digest->names, name);
	if (is_wanted(digest, binding.symbol, name))
		bs_vec_push(digest->arena, &digest->bindings, binding);
}

void bs_digest_globalise(struct bs_digest *digest, uint32_t object, uint32_t step)
{
	struct bs_digest_object *o = &digest->objects.v[object];

	if (o->global != BS_NEVER)
		return;
	o->global = step;
	o->rank = digest->n_ranked++;
}

void bs_digest_find(struct bs_digest *digest, const struct bs_digest_finding *finding)
{
	bs_vec_push(digest->arena, &digest->findings, *finding);
}

#define ORDER(a, b)                                                                                \
	if ((a) != (b))                                                                            \
		return (a) < (b) ? -1 : 1;

static int by_reference(const void *a, const void *b)
{
	const struct bs_digest_binding *x = a, *y = b;

	ORDER(x->from, y->from)
	ORDER(x->asker, y->asker)
	ORDER(x->symbol, y->symbol)
	ORDER(x->version, y->version)
	ORDER(x->to, y->to)
	ORDER(x->definition_version, y->definition_version)
	ORDER(x->outcome, y->outcome)
	return 0;
}

enum { MOST_ANSWERS = 256 };

static bool is_one_reference(const struct bs_digest_binding *a, const struct bs_digest_binding *b)
{
	return a->from == b->from && a->asker == b->asker && a->symbol == b->symbol;
}

void bs_digest_finish(struct bs_digest *digest)
{
	uint32_t n = 0, of_one = 0;

	if (digest->bindings.n)
		qsort(digest->bindings.v, digest->bindings.n, sizeof *digest->bindings.v,
		      by_reference);
	/* Relocations of several classes may ask for a symbol, and mostly get the same answer. */
	bs_vec_each (i, &digest->bindings) {
		const struct bs_digest_binding *b = &digest->bindings.v[i];

		if (n && by_reference(&digest->bindings.v[n - 1], b) == 0)
			continue;
		of_one = n && is_one_reference(&digest->bindings.v[n - 1], b) ? of_one + 1 : 0;
		if (of_one < MOST_ANSWERS)
			digest->bindings.v[n++] = *b;
	}
	digest->bindings.n = n;
	digest->findings.n = bs_findings_merge(digest->arena, digest->names, digest->findings.v,
					       digest->findings.n, NULL);
}
