/* SPDX-License-Identifier: MIT */
/*
 * Symbols that two objects define, as far as bindings show: each definition that was bound to.
 *
 * An object is captured where it makes a reference to a symbol that it has itself, bound to another
 * object. Where no reference of its own is, but both definitions are used, the symbol is split.
 */
#include "account-priv.h"

#include <stdlib.h>

enum { MOST_USERS = 64 };

struct clashes {
	struct bs_log_details *d;
	const struct bs_names *names;
};

/* A definition of another version is another symbol. */
static bool same_version(bs_name a, bs_name b)
{
	return !a || !b || a == b;
}

static bool is_program(const struct clashes *c, uint32_t object)
{
	return c->d->objects.v[object].how == BS_LOG_HOW_PROGRAM;
}

static bool has_base(const struct clashes *c, uint32_t object, const char *prefix)
{
	const char *base = bs_log_base_name(bs_name_text(c->names, c->d->objects.v[object].name));

	return strncmp(base, prefix, strlen(prefix)) == 0;
}

static bool is_loader(const struct clashes *c, uint32_t object)
{
	return has_base(c, object, "ld-linux") || has_base(c, object, "ld64.so") ||
	       has_base(c, object, "ld.so") || has_base(c, object, "ld-2.");
}

/* What allocators are meant to take over. */
static bool is_of_malloc(const char *symbol)
{
	static const char *const names[] = { "malloc",	       "free",	       "calloc",
					     "realloc",	       "memalign",     "aligned_alloc",
					     "valloc",	       "pvalloc",      "posix_memalign",
					     "cfree",	       "reallocarray", "malloc_usable_size",
					     "__libc_memalign" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(names[i], symbol) == 0)
			return true;
	return false;
}

/* Templates and type information that the C++ library is used by: every object may have a copy, and
 * all are meant to be one. */
static bool is_meant_to_merge(const char *symbol)
{
	static const char *const prefixes[] = { "_ZNSt",	 "_ZNKSt",	   "_ZSt",
						"_ZTISt",	 "_ZTSSt",	   "_ZTVSt",
						"_ZNSs",	 "_ZNKSs",	   "_ZTI",
						"_ZTS",		 "_ZGVZNSt",	   "_ZZNSt",
						"_ZN9__gnu_cxx", "_ZNK9__gnu_cxx", "DW.ref." };

	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
		if (strncmp(symbol, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

static bool is_harmless(const char *symbol)
{
	return is_of_malloc(symbol) || is_meant_to_merge(symbol);
}

/* ---- groups of one symbol -------------------------------------------------------------------- */

struct entry {
	uint32_t ns;
	bs_name symbol;
	uint32_t binding;
};

static int compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->ns != y->ns)
		return x->ns < y->ns ? -1 : 1;
	if (x->symbol != y->symbol)
		return x->symbol < y->symbol ? -1 : 1;
	return (x->binding > y->binding) - (x->binding < y->binding);
}

/* OBJECT defines the symbol of the N bindings at E, in VERSION. */
static bool defines(const struct clashes *c, const struct entry *e, uint32_t n, uint32_t object,
		    bs_name version)
{
	for (uint32_t i = 0; i < n; i++) {
		const struct bs_log_binding *b = &c->d->bindings.v[e[i].binding];

		if (b->to == object && same_version(b->version, version))
			return true;
	}
	return false;
}

/* OBJECT's own reference to that symbol leads to TO. */
static bool leads(const struct clashes *c, const struct entry *e, uint32_t n, uint32_t from,
		  uint32_t to)
{
	for (uint32_t i = 0; i < n; i++) {
		const struct bs_log_binding *b = &c->d->bindings.v[e[i].binding];

		if (b->from == from && b->to == to)
			return true;
	}
	return false;
}

static struct bs_log_finding *clash_of(const struct clashes *c, enum bs_log_rule rule,
				       uint32_t from, uint32_t to)
{
	bs_vec_each (i, &c->d->findings) {
		struct bs_log_finding *f = &c->d->findings.v[i];

		if (f->rule == rule && f->from == from && f->to == to)
			return f;
	}
	const struct bs_log_finding f = {
		.rule = rule,
		.level = BS_LOG_NOTE,
		.from = from,
		.to = to,
		.error = UINT32_MAX,
		.search = UINT32_MAX,
		.step = BS_LOG_NO_STEP,
	};

	bs_vec_push(c->d->arena, &c->d->findings, f);
	return &c->d->findings.v[c->d->findings.n - 1];
}

static void add_user(const struct clashes *c, struct bs_log_finding *f, uint32_t user,
		     uint32_t definer)
{
	for (uint32_t i = 0; i < f->users.n; i++) {
		struct bs_log_user *u = &f->users.v[i];

		if (u->from != user || u->to != definer)
			continue;
		u->n++;
		return;
	}
	if (f->users.n < MOST_USERS)
		bs_vec_push(c->d->arena, &f->users, ((struct bs_log_user){ user, definer, 1 }));
	else
		f->n_more_users++;
}

static void add_symbol(const struct clashes *c, struct bs_log_finding *f, const struct entry *e,
		       uint32_t n, bool is_note)
{
	if (f->symbols.n && f->symbols.v[f->symbols.n - 1] == e[0].symbol)
		return;
	bs_vec_push(c->d->arena, &f->symbols, e[0].symbol);
	f->n = f->symbols.n;
	if (!is_note)
		f->level = BS_LOG_WARNING;
	for (uint32_t i = 0; i < n; i++) {
		const struct bs_log_binding *b = &c->d->bindings.v[e[i].binding];

		if (b->to == f->from || b->to == f->to)
			add_user(c, f, b->from, b->to);
	}
}

/* The program takes over what it copies (a COPY relocation) or whose address it takes: everybody is
 * meant to go there. */
static bool is_taken_over(const struct clashes *c, const struct entry *e, uint32_t n,
			  uint32_t definer, uint32_t other)
{
	return is_program(c, definer) && leads(c, e, n, definer, other);
}

/* References to the symbol of the N bindings at E. */
static bool find_captured(const struct clashes *c, const struct entry *e, uint32_t n)
{
	const char *symbol = bs_name_text(c->names, e[0].symbol);
	bool found = false;

	for (uint32_t i = 0; i < n; i++) {
		const struct bs_log_binding *b = &c->d->bindings.v[e[i].binding];

		if (b->from == b->to || is_program(c, b->from) || is_loader(c, b->from) ||
		    !defines(c, e, n, b->from, b->version) ||
		    is_taken_over(c, e, n, b->to, b->from))
			continue;
		add_symbol(c, clash_of(c, BS_LOG_RULE_CAPTURED, b->from, b->to), e, n,
			   is_harmless(symbol) || is_program(c, b->to));
		found = true;
	}
	return found;
}

static void find_split(const struct clashes *c, const struct entry *e, uint32_t n)
{
	const struct bs_log_binding *all = c->d->bindings.v;
	const char *symbol = bs_name_text(c->names, e[0].symbol);

	for (uint32_t i = 1; i < n; i++) {
		const struct bs_log_binding *a = &all[e[0].binding], *b = &all[e[i].binding];

		if (a->to == b->to || !same_version(a->version, b->version) ||
		    is_taken_over(c, e, n, a->to, b->to) || is_taken_over(c, e, n, b->to, a->to) ||
		    is_loader(c, a->to) || is_loader(c, b->to))
			continue;
		uint32_t first = a->to < b->to ? a->to : b->to;
		uint32_t second = a->to < b->to ? b->to : a->to;
		bool own = a->from == a->to && b->from == b->to;

		add_symbol(c, clash_of(c, BS_LOG_RULE_SPLIT, first, second), e, n,
			   own || is_harmless(symbol));
		return;
	}
}

void bs_log_find_clashes(struct bs_log_details *d, const struct bs_names *names)
{
	const struct clashes c = { d, names };
	struct entry *entries = bs_new(d->arena, struct entry, d->bindings.n);
	uint32_t n = d->bindings.n, end;

	for (uint32_t i = 0; i < n; i++)
		entries[i] = (struct entry){ d->objects.v[d->bindings.v[i].from].ns,
					     d->bindings.v[i].symbol, i };
	if (n)
		qsort(entries, n, sizeof *entries, compare_entries);
	for (uint32_t i = 0; i < n; i = end) {
		bool alone = true;

		for (end = i;
		     end < n &&
		     compare_entries(&(struct entry){ entries[end].ns, entries[end].symbol, 0 },
				     &(struct entry){ entries[i].ns, entries[i].symbol, 0 }) == 0;
		     end++)
			alone &= d->bindings.v[entries[end].binding].to ==
				 d->bindings.v[entries[i].binding].to;
		if (!alone && !find_captured(&c, &entries[i], end - i))
			find_split(&c, &entries[i], end - i);
	}
}
