/* SPDX-License-Identifier: MIT */
/* What the environment says to the loader. (glibc elf/rtld.c:process_envvars, handle_preload_list)
 */
#include "sim-priv.h"

#include <string.h>

/* The last one counts, as in the loader, which goes through the environment and overwrites. */
static const struct bs_variable *find(const struct bs_plan *plan, const char *name)
{
	for (uint32_t i = plan->n_environment; i-- > 0;)
		if (strcmp(plan->environment[i].name, name) == 0)
			return &plan->environment[i];
	return NULL;
}

static const char *count(struct bs_run *run, const char *name)
{
	const struct bs_variable *variable = find(run->plan, name);

	if (!variable)
		return NULL;
	bs_vec_push(run->ctx.arena, &run->counted, *variable);
	return variable->value;
}

static void not_simulated(struct bs_run *run, const char *name)
{
	const struct bs_variable *variable = find(run->plan, name);

	if (variable && *variable->value)
		bs_diag_add(run->ctx.diags, BS_DIAG_NOT_SIMULATED, NULL, BS_NO_OFFSET, 0,
			    "%s=%s is not simulated: bindings may differ", name, variable->value);
}

static void apply_tunables(struct bs_run *run)
{
	static const char sort[] = "glibc.rtld.dynamic_sort=";
	const struct bs_variable *variable = find(run->plan, "GLIBC_TUNABLES");

	if (!variable)
		return;
	const char *found = strstr(variable->value, sort);

	if (found) {
		bs_vec_push(run->ctx.arena, &run->counted, *variable);
		run->scope_policy.sort =
			found[sizeof sort - 1] == '1' ? BS_SORT_COUNTING : BS_SORT_DFS;
	}
	if (strstr(variable->value, "glibc.cpu."))
		bs_diag_add(
			run->ctx.diags, BS_DIAG_NOT_SIMULATED, NULL, BS_NO_OFFSET, 0,
			"GLIBC_TUNABLES=%s: what it says of the CPU is not simulated; --cpu does",
			variable->value);
}

void bs_environment_apply(struct bs_run *run)
{
	bool secure = run->plan->secure;
	const char *value;

	if (!secure && !run->setup.library_path)
		run->setup.library_path = count(run, "LD_LIBRARY_PATH");
	value = count(run, "LD_BIND_NOW");
	run->bind_now = value && *value;
	if (!secure && count(run, "LD_DYNAMIC_WEAK"))
		run->match_policy.dynamic_weak = true;
	if (!secure)
		apply_tunables(run);
	not_simulated(run, "LD_AUDIT");
	not_simulated(run, "LD_PROFILE");
	not_simulated(run, "LD_BIND_NOT");
	if (!secure)
		not_simulated(run, "LD_ORIGIN_PATH");
}

struct list {
	BS_VEC(const char *) words, sources;
};

static void add_words(struct bs_run *run, struct list *list, const char *text,
		      const char *separators, const char *source)
{
	while (*text) {
		size_t n = strcspn(text, separators);
		bool trusted = !run->plan->secure || !memchr(text, '/', n);

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
	const char *value = count(run, "LD_PRELOAD");

	if (value)
		add_words(run, &list, value, " :", "LD_PRELOAD");
	if (run->plan->preload)
		add_words(run, &list, run->plan->preload, " :", "--preload");
	bool has_file = add_file(run, &list, run->profile->preload_file);

	bs_vec_push(run->ctx.arena, &list.words, NULL);
	bs_vec_push(run->ctx.arena, &list.sources, NULL);
	return (struct bs_preloads){ list.words.v, list.sources.v, !has_file };
}
