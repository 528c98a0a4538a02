/* SPDX-License-Identifier: MIT */
/* What the environment says to the loader. (glibc elf/rtld.c:process_envvars, handle_preload_list)
 */
#include "sim-priv.h"

#include <stdlib.h>
#include <string.h>

/* The last one counts, as in the loader, which goes through the environment and overwrites. */
static const struct bs_variable *find_variable(const struct bs_plan *plan, const char *name)
{
	for (uint32_t i = plan->n_environment; i-- > 0;)
		if (strcmp(plan->environment[i].name, name) == 0)
			return &plan->environment[i];
	return NULL;
}

static bool is_read(const struct bs_run *run, const char *name)
{
	const char *const *read = run->profile->variables;

	if (run->plan->secure && run->profile->secure_reads_nothing)
		return false;
	while (read && *read && strcmp(*read, name) != 0)
		read++;
	return !read || *read;
}

static const char *count(struct bs_run *run, const char *name)
{
	const struct bs_variable *variable = find_variable(run->plan, name);

	if (!variable || !is_read(run, name))
		return NULL;
	bs_vec_push(run->ctx.arena, &run->counted, *variable);
	return variable->value;
}

static void not_simulated(struct bs_run *run, const char *name)
{
	const struct bs_variable *variable = find_variable(run->plan, name);

	if (variable && *variable->value && is_read(run, name))
		bs_diag_add(run->ctx.diags, BS_DIAG_NOT_SIMULATED, NULL, BS_NO_OFFSET, 0,
			    "%s=%s is not simulated: bindings may differ", name, variable->value);
}

/* A tunable that changes answers: numbers within bounds, others are ignored. */
struct tunable {
	const char *name;
	uint64_t least, most;
	uint64_t value; /* the default, then what was said last */
	bool said;
};

enum { TUNABLE_SORT, TUNABLE_NAMESPACES, TUNABLE_OPTIONAL_TLS, N_TUNABLES };

/* NAME=VALUE, N bytes. (glibc elf/dl-tunables.c:tunable_initialize) */
static void read_tunable(struct tunable *tunables, const char *text, size_t n)
{
	const char *equals = memchr(text, '=', n);
	size_t name_n = equals ? (size_t)(equals - text) : n;

	for (unsigned i = 0; equals && i < N_TUNABLES; i++) {
		struct tunable *t = &tunables[i];

		if (strlen(t->name) != name_n || strncmp(t->name, text, name_n) != 0)
			continue;
		uint64_t value = strtoull(equals + 1, NULL, 0);

		if (value < t->least || value > t->most)
			return;
		t->value = value;
		t->said = true;
	}
}

/*
 * What start-up leaves free in the static TLS block (glibc elf/dl-tls.c:tls_static_surplus); with
 * the defaults it is the 1664 bytes of old.
 */
static uint64_t tls_surplus(uint64_t namespaces, uint64_t optional)
{
	enum { LIBC_TLS = 144, OTHER_TLS = 144, LEGACY_TLS = 144 };

	return (namespaces - 1) * LIBC_TLS + namespaces * OTHER_TLS + optional + LEGACY_TLS;
}

static void apply_tunables(struct bs_run *run)
{
	struct tunable tunables[N_TUNABLES] = {
		{ "glibc.rtld.dynamic_sort", 1, 2, 2, false },
		{ "glibc.rtld.nns", 1, BS_MAX_NAMESPACES, 4, false },
		{ "glibc.rtld.optional_static_tls", 0, INT32_MAX, run->scope_policy.tls_optional,
		  false },
	};
	const struct bs_variable *variable = find_variable(run->plan, "GLIBC_TUNABLES");
	bool counts = false;

	if (!variable || !is_read(run, "GLIBC_TUNABLES"))
		return;
	for (const char *s = variable->value; *s; s += *s != '\0') {
		size_t n = strcspn(s, ":");

		read_tunable(tunables, s, n);
		if (strncmp(s, "glibc.cpu.", 10) == 0)
			bs_diag_add(run->ctx.diags, BS_DIAG_NOT_SIMULATED, NULL, BS_NO_OFFSET, 0,
				    "GLIBC_TUNABLES: %.*s is not simulated: the question names "
				    "the CPU",
				    (int)n, s);
		s += n;
	}
	tunables[TUNABLE_SORT].said &= run->profile->sort_is_tunable;
	tunables[TUNABLE_NAMESPACES].said &= run->profile->tls_is_tunable;
	tunables[TUNABLE_OPTIONAL_TLS].said &= run->profile->tls_is_tunable;
	for (unsigned i = 0; i < N_TUNABLES; i++)
		counts |= tunables[i].said;
	if (!counts)
		return;
	bs_vec_push(run->ctx.arena, &run->counted, *variable);
	if (tunables[TUNABLE_SORT].said)
		run->scope_policy.sort =
			tunables[TUNABLE_SORT].value == 1 ? BS_SORT_COUNTING : BS_SORT_DFS;
	if (!run->profile->tls_is_tunable)
		return;
	run->scope_policy.tls_optional = tunables[TUNABLE_OPTIONAL_TLS].value;
	run->scope_policy.tls_surplus = tls_surplus(tunables[TUNABLE_NAMESPACES].value,
						    tunables[TUNABLE_OPTIONAL_TLS].value);
}

static bool is_debug_word(const struct bs_run *run, const char *word, size_t n)
{
	const char *const *known = run->profile->debug_words;

	while (known && *known && (strlen(*known) != n || strncmp(*known, word, n) != 0))
		known++;
	return !n || !known || *known;
}

/* The words that the loader is told to print; "help" among them ends the program. */
static void read_debug_words(struct bs_run *run, const char *value)
{
	run->debug = value;
	for (const char *s = value; *s; s += *s != '\0') {
		size_t n = strcspn(s, ",");

		if (n == 4 && strncmp(s, "help", 4) == 0)
			run->ends_with_help |= n == strlen(value) ||
					       bs_choose(&run->process, BS_CHOICE_HELP_IN_LIST);
		if (!is_debug_word(run, s, n)) {
			run->process.assumed |= 1ull << BS_CHOICE_UNKNOWN_IS_ALL;
			if (run->scope_policy.fixed.chosen[BS_CHOICE_UNKNOWN_IS_ALL])
				run->debug = "all";
		}
		s += n;
	}
}

/* Under AT_SECURE it prints nothing, whatever it is told. */
static void read_debug(struct bs_run *run, bool secure)
{
	const char *value = NULL;

	for (const char *const *name = run->profile->debug_variables; name && *name && !value;
	     name++) {
		if (secure && find_variable(run->plan, *name))
			run->debug = "";
		value = secure ? NULL : count(run, *name);
		run->debug_variable = *name;
	}
	if (!value)
		return;
	read_debug_words(run, value);
	if (run->profile->debug_output)
		run->debug_output = count(run, run->profile->debug_output);
}

void bs_environment_apply(struct bs_run *run)
{
	bool secure = run->plan->secure;
	const char *value;

	if (!secure && !run->setup.library_path)
		run->setup.library_path = count(run, "LD_LIBRARY_PATH");
	value = count(run, "LD_BIND_NOW");
	run->bind_now = (value && *value) || run->profile->binds_now;
	if (value && !*value && run->scope_policy.fixed.used)
		run->bind_now |= bs_choose(&run->process, BS_CHOICE_EMPTY_BIND_NOW);
	value = count(run, "LD_BIND_NOT");
	run->bind_not = value && *value;
	if (!secure && count(run, "LD_DYNAMIC_WEAK"))
		run->match_policy.dynamic_weak = true;
	if (!secure)
		apply_tunables(run);
	read_debug(run, secure);
	for (const char *const *name = run->profile->diagnostics; name && *name && !secure; name++)
		not_simulated(run, *name);
	not_simulated(run, "LD_AUDIT");
	not_simulated(run, "LD_PROFILE");
	if (!secure)
		not_simulated(run, "LD_ORIGIN_PATH");
	if (!(run->plan->preload && run->profile->preload_option_replaces) &&
	    !(secure && run->profile->secure_preloads_nothing))
		run->preload_words = count(run, "LD_PRELOAD");
}

struct list {
	BS_VEC(const char *) words, sources;
};

static void add_words(struct bs_run *run, struct list *list, const char *text,
		      const char *separators, const char *source)
{
	while (*text) {
		size_t n = strcspn(text, separators);
		/* A loader that reads no variables then trusts whoever gave it the option. */
		bool trusted = !run->plan->secure || run->profile->secure_reads_nothing ||
			       !memchr(text, '/', n);

		if (n && trusted) {
			bs_vec_push(run->ctx.arena, &list->words,
				    bs_arena_strndup(run->ctx.arena, text, n));
			bs_vec_push(run->ctx.arena, &list->sources, source);
		}
		text += n + (text[n] != '\0');
	}
}

/* The file's comments become blanks; they run from # to the end of the line. */
static bool add_file(struct bs_run *run, struct list *list, const char *path)
{
	size_t n;
	char *text = path ? bs_fs_read(run->fs, &run->ctx, path, &n) : NULL;

	if (!text)
		return false;
	for (char *comment = text; (comment = strchr(comment, '#'));)
		while (*comment && *comment != '\n')
			*comment++ = ' ';
	add_words(run, list, text, ": \t\n", path);
	return true;
}

struct bs_preloads bs_environment_preloads(struct bs_run *run)
{
	struct list list = { 0 };
	const char *separators = run->profile->preload_separators;

	if (run->preload_words)
		add_words(run, &list, run->preload_words, separators, "LD_PRELOAD");
	if (run->plan->preload)
		add_words(run, &list, run->plan->preload, separators, "--preload");
	bool has_file = add_file(run, &list, run->profile->preload_file);

	bs_vec_push(run->ctx.arena, &list.words, NULL);
	bs_vec_push(run->ctx.arena, &list.sources, NULL);
	return (struct bs_preloads){ list.words.v, list.sources.v, !has_file };
}
