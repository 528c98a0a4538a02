/* SPDX-License-Identifier: MIT */
/* What a person should see of a process: findings, and what decides the exit status. */
#include "account-priv.h"

#include <stdlib.h>

static struct bs_log_finding finding_of(enum bs_log_rule rule, enum bs_log_level level)
{
	return (struct bs_log_finding){
		.rule = rule,
		.level = level,
		.from = BS_LOG_NO_OBJECT,
		.to = BS_LOG_NO_OBJECT,
		.error = UINT32_MAX,
		.search = UINT32_MAX,
		.step = BS_LOG_NO_STEP,
		.n = 1,
	};
}

/* A dlsym that finds nothing prints the same line as a reference that nobody answers (glibc
 * elf/dl-lookup.c:_dl_lookup_symbol_x). Where it is known to be one it is no reason to fail. */
static void conclude_error(struct bs_log_details *d, uint32_t index, bool is_musl,
			   struct bs_log_account *account)
{
	struct bs_log_error *e = &d->errors.v[index];

	/* musl's loader itself says nothing of a dlopen that fails: these are its last words. */
	e->ended |= is_musl;
	enum bs_log_level level = e->ended || e->in_open == BS_LOG_YES ? BS_LOG_ERROR_LEVEL
				  : e->in_open == BS_LOG_NO	       ? BS_LOG_NOTE
								       : BS_LOG_WARNING;
	struct bs_log_finding f = finding_of(BS_LOG_RULE_UNDEFINED, level);

	f.error = index;
	f.n = e->n;
	if (e->kind == BS_LOG_LOAD_ERROR) {
		f.rule = BS_LOG_RULE_NOT_STARTED;
		f.level = BS_LOG_ERROR_LEVEL;
		account->n_refused++;
	} else if (e->symbol) {
		account->n_undefined += level != BS_LOG_NOTE;
	} else {
		f.rule = BS_LOG_RULE_VERSION;
		f.level = e->is_fatal ? BS_LOG_ERROR_LEVEL : BS_LOG_WARNING;
		account->n_refused += e->is_fatal;
	}
	bs_vec_push(d->arena, &d->findings, f);
}

/* A file that the cache knows and that nothing was made of: RTLD_NOLOAD does that, too. */
static bool may_be_noload(const struct bs_log_step *step)
{
	return !step->missing;
}

static void conclude_step(struct bs_log_details *d, const struct bs_names *names, uint32_t index,
			  struct bs_log_account *account)
{
	const struct bs_log_step *step = &d->steps.v[index];

	account->n_closes += step->is_close;
	account->n_opens += !step->is_close;
	if (step->is_close || step->state != BS_LOG_STEP_FAILED)
		return;
	account->n_failed_opens++;
	bool is_path = strchr(bs_name_text(names, step->file), '/') != NULL;
	enum bs_log_level level = step->has_error		    ? BS_LOG_ERROR_LEVEL
				  : may_be_noload(step) && !is_path ? BS_LOG_NOTE
								    : BS_LOG_WARNING;
	struct bs_log_finding f = finding_of(BS_LOG_RULE_REFUSED, level);

	f.step = index;
	account->n_refused += level != BS_LOG_NOTE;
	bs_vec_push(d->arena, &d->findings, f);
}

static void conclude_search(struct bs_log_details *d, uint32_t index,
			    struct bs_log_account *account)
{
	const struct bs_log_search *search = &d->searches.v[index];
	struct bs_log_finding f = finding_of(BS_LOG_RULE_MISSING, BS_LOG_NOTE);

	f.search = index;
	f.n = search->n;
	if (search->ended) {
		f.rule = BS_LOG_RULE_NOT_STARTED;
		f.level = BS_LOG_ERROR_LEVEL;
		/* The loader's last words, if they are there, say the same. */
		bs_vec_each (i, &d->errors)
			if (d->errors.v[i].kind == BS_LOG_LOAD_ERROR &&
			    d->errors.v[i].object == search->name)
				return;
		account->n_refused++;
	} else if (search->is_sure) {
		return; /* it is told with the step that failed */
	}
	bs_vec_push(d->arena, &d->findings, f);
}

/* "libLLVM" of "libLLVM-14.so.1": libraries of one name, whatever their version. */
static size_t library_stem(const char *base)
{
	const char *so = strstr(base, ".so");
	size_t n = so ? (size_t)(so - base) : 0;

	if (strncmp(base, "lib", 3) != 0)
		return 0;
	while (n > 3 && strchr("-.0123456789", base[n - 1]))
		n--;
	return n;
}

static bool clash(const struct bs_log_details *d, uint32_t a, uint32_t b)
{
	bs_vec_each (i, &d->findings) {
		const struct bs_log_finding *f = &d->findings.v[i];

		if ((f->rule == BS_LOG_RULE_CAPTURED || f->rule == BS_LOG_RULE_SPLIT) &&
		    ((f->from == a && f->to == b) || (f->from == b && f->to == a)))
			return true;
	}
	return false;
}

/* One of those that may be there twice. */
struct copy {
	const char *base;
	size_t n_stem;
	uint32_t ns, object;
};

static int compare_stems(const struct copy *x, const struct copy *y)
{
	size_t n = x->n_stem < y->n_stem ? x->n_stem : y->n_stem;

	if (x->ns != y->ns)
		return x->ns < y->ns ? -1 : 1;
	int order = strncmp(x->base, y->base, n);

	return order ? order : (x->n_stem > y->n_stem) - (x->n_stem < y->n_stem);
}

static int compare_copies(const void *a, const void *b)
{
	const struct copy *x = a, *y = b;
	int order = compare_stems(x, y);

	order = order ? order : strcmp(x->base, y->base);
	return order ? order : (x->object > y->object) - (x->object < y->object);
}

static void add_twice(struct bs_log_details *d, const struct copy *x, const struct copy *y)
{
	if (d->objects.v[x->object].name == d->objects.v[y->object].name)
		return;
	bool is_bad = strcmp(x->base, y->base) == 0 || clash(d, x->object, y->object);
	struct bs_log_finding f =
		finding_of(BS_LOG_RULE_TWICE, is_bad ? BS_LOG_WARNING : BS_LOG_NOTE);

	f.from = x->object < y->object ? x->object : y->object;
	f.to = x->object < y->object ? y->object : x->object;
	bs_vec_push(d->arena, &d->findings, f);
}

/* Each one with the first of its file name, and that with the first of its stem: pairs of all would
 * be as many as the square of them. */
static void find_twice(struct bs_log_details *d, const struct bs_names *names)
{
	struct copy *copies = bs_new(d->arena, struct copy, d->objects.n + 1);
	uint32_t n = 0, stem = 0, base = 0;

	bs_vec_each (i, &d->objects) {
		const struct bs_log_object *o = &d->objects.v[i];
		struct copy copy = { .base = bs_log_base_name(bs_name_text(names, o->name)),
				     .ns = o->ns,
				     .object = i };

		copy.n_stem = library_stem(copy.base);
		if (copy.n_stem && !o->is_gone && !o->is_asked)
			copies[n++] = copy;
	}
	qsort(copies, n, sizeof *copies, compare_copies);
	for (uint32_t i = 1; i < n; i++) {
		if (compare_stems(&copies[stem], &copies[i]) != 0) {
			stem = base = i;
		} else if (strcmp(copies[base].base, copies[i].base) != 0) {
			base = i;
			add_twice(d, &copies[stem], &copies[i]);
		} else {
			add_twice(d, &copies[base], &copies[i]);
		}
	}
}

/* Worst first, then in the order of the rules, then those of most symbols. */
static int compare_findings(const void *a, const void *b)
{
	const struct bs_log_finding *x = a, *y = b;

	if (x->level != y->level)
		return x->level > y->level ? -1 : 1;
	if (x->rule != y->rule)
		return x->rule < y->rule ? -1 : 1;
	if (x->symbols.n != y->symbols.n)
		return x->symbols.n > y->symbols.n ? -1 : 1;
	if (x->step != y->step)
		return x->step < y->step ? -1 : 1;
	if (x->error != y->error)
		return x->error < y->error ? -1 : 1;
	if (x->search != y->search)
		return x->search < y->search ? -1 : 1;
	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return (x->to > y->to) - (x->to < y->to);
}

void bs_log_conclude(struct bs_log_details *d, const struct bs_names *names,
		     const struct bs_log_process *process, struct bs_log_account *account)
{
	bs_vec_each (i, &d->objects)
		if (d->objects.v[i].name == process->program && d->objects.v[i].ns == 0)
			d->objects.v[i].how = BS_LOG_HOW_PROGRAM;
	bs_vec_each (i, &d->errors)
		conclude_error(d, i, process->loader == BS_LOG_LOADER_MUSL, account);
	bs_vec_each (i, &d->steps)
		conclude_step(d, names, i, account);
	bs_vec_each (i, &d->searches)
		conclude_search(d, i, account);
	bs_log_find_clashes(d, names);
	find_twice(d, names);
	if (d->findings.n)
		qsort(d->findings.v, d->findings.n, sizeof *d->findings.v, compare_findings);
	bs_vec_each (i, &d->findings)
		account->n_findings[d->findings.v[i].level]++;
	account->worst = d->findings.n ? d->findings.v[0].level : BS_LOG_NONE;
	account->n_objects = d->objects.n;
}
