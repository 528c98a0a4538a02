/* SPDX-License-Identifier: MIT */
/*
 * Lists of directories. A directory is registered once for all lists; what is known of it, and who
 * it is said to come from, is shared (glibc elf/dl-load.c:fillin_rpath).
 */
#include "search-priv.h"

#include <errno.h>

/* Compared by address, as the loader compares its own. */
static const char label_rpath[] = "RPATH";
static const char label_runpath[] = "RUNPATH";
static const char label_system[] = "system search path";

static uint32_t add_dir(struct bs_search_state *state, const struct bs_ctx *ctx, const char *text,
			size_t n, const char *label, const char *where)
{
	/* Relative ones are never given up: the working directory may change. */
	uint8_t status = text[0] == '/' ? BS_DIR_UNKNOWN : BS_DIR_EXISTING;
	struct bs_dir dir = {
		.text = bs_arena_strndup(ctx->arena, text, n),
		.n = (uint32_t)n,
		.hash = bs_hash_gnu(text),
		.label = label,
		.where = where,
	};

	bs_vec_push(ctx->arena, &state->dirs, dir);
	bs_vec_reserve(ctx->arena, &state->status, state->hwcaps->n_subdirs);
	for (uint32_t i = 0; i < state->hwcaps->n_subdirs; i++)
		state->status.v[state->status.n++] = status;
	return state->dirs.n - 1;
}

static uint32_t find_dir(struct bs_search_state *state, const char *text, size_t n)
{
	uint32_t hash = bs_hash_gnu(text);

	bs_vec_each (i, &state->dirs) {
		const struct bs_dir *dir = &state->dirs.v[i];

		if (dir->hash == hash && dir->n == n && memcmp(dir->text, text, n) == 0)
			return i;
	}
	return state->dirs.n;
}

static bool list_has(const struct bs_search_state *state, const struct bs_list *list, uint32_t dir)
{
	for (uint32_t i = 0; i < list->n; i++)
		if (state->members.v[list->first + i] == dir)
			return true;
	return false;
}

struct source {
	const char *label, *where, *origin;
	bool is_executable;
};

/* An element of a list. An empty one is the working directory; what expands to nothing is left out.
 */
static void add_element(struct bs_search_state *state, const struct bs_ctx *ctx,
			struct bs_list *list, const char *text, size_t n,
			const struct source *source)
{
	const char *path = "";
	char *dir;
	uint32_t id;

	if (n > 0) {
		path = bs_expand(state->setup, ctx, bs_arena_strndup(ctx->arena, text, n),
				 source->origin, source->is_executable);
		n = strlen(path);
		if (n == 0)
			return;
		while (n > 1 && path[n - 1] == '/')
			n--;
	}
	dir = bs_new(ctx->arena, char, n + 2);
	memcpy(dir, path, n);
	if (n > 0 && dir[n - 1] != '/')
		dir[n++] = '/';
	id = find_dir(state, dir, n);
	if (id == state->dirs.n)
		add_dir(state, ctx, dir, n, source->label, source->where);
	else if (list_has(state, list, id))
		return;
	bs_vec_push(ctx->arena, &state->members, id);
	list->n++;
}

static struct bs_list read_list(struct bs_search_state *state, const struct bs_ctx *ctx,
				const char *text, const char *separators,
				const struct source *source)
{
	struct bs_list list = { .first = state->members.n };

	for (const char *p = text;;) {
		size_t n = strcspn(p, separators);

		add_element(state, ctx, &list, p, n, source);
		if (p[n] == '\0')
			break;
		p += n + 1;
	}
	list.status = list.n ? BS_LIST_READY : BS_LIST_NONE;
	return list;
}

/*
 * The names in `--inhibit-rpath`. The executable's name is "", so an empty list means the
 * executable; an empty element at the end of a longer list is not looked at (glibc
 * elf/dl-load.c:decompose_rpath).
 */
static bool is_inhibited(const struct bs_search_setup *setup, const char *name)
{
	const char *p = setup->inhibit_rpath;
	size_t n = strlen(name);

	if (!p || setup->secure)
		return false;
	do {
		if (strncmp(p, name, n) == 0 && (p[n] == ':' || p[n] == '\0'))
			return true;
		p = strchrnul(p, ':');
		p += *p == ':';
	} while (*p);
	return false;
}

static struct bs_list list_of_map(struct bs_search_state *state, const struct bs_ctx *ctx,
				  const struct bs_requester *map, const char *text,
				  const char *label, bool is_executable)
{
	struct source source = {
		.label = label,
		.where = map->name,
		.origin = map->origin,
		.is_executable = is_executable,
	};

	if (!text || *text == '\0' || is_inhibited(state->setup, map->name))
		return (struct bs_list){ .status = BS_LIST_NONE };
	return read_list(state, ctx, text, ":", &source);
}

static struct bs_map_lists *lists_of(struct bs_search_state *state, const struct bs_ctx *ctx,
				     uint32_t map)
{
	while (state->maps.n <= map)
		bs_vec_push(ctx->arena, &state->maps, (struct bs_map_lists){ 0 });
	return &state->maps.v[map];
}

struct bs_list *bs_list_rpath(struct bs_search_state *state, const struct bs_ctx *ctx,
			      const struct bs_requester *map, bool is_executable)
{
	struct bs_list *list = &lists_of(state, ctx, map->map)->rpath;

	/* DT_RPATH beside DT_RUNPATH is no RPATH at all (glibc elf/get-dynamic-info.h). */
	if (list->status == BS_LIST_UNASKED)
		*list = list_of_map(state, ctx, map, map->image->runpath ? NULL : map->image->rpath,
				    label_rpath, is_executable);
	return list->status == BS_LIST_READY ? list : NULL;
}

struct bs_list *bs_list_runpath(struct bs_search_state *state, const struct bs_ctx *ctx,
				const struct bs_requester *map, bool is_executable)
{
	struct bs_list *list = &lists_of(state, ctx, map->map)->runpath;

	if (list->status == BS_LIST_UNASKED)
		*list = list_of_map(state, ctx, map, map->image->runpath, label_runpath,
				    is_executable);
	return list->status == BS_LIST_READY ? list : NULL;
}

void bs_lists_begin(struct bs_search_state *state, const struct bs_ctx *ctx,
		    const struct bs_requester *main)
{
	const struct bs_search_setup *setup = state->setup;
	struct source source = {
		.label = setup->library_path_label,
		.origin = main ? main->origin : NULL,
		.is_executable = main,
	};

	state->system_dirs.first = state->members.n;
	for (size_t i = 0; setup->system_dirs[i]; i++) {
		const char *text = setup->system_dirs[i];
		uint32_t dir = add_dir(state, ctx, text, strlen(text), label_system, NULL);

		bs_vec_push(ctx->arena, &state->members, dir);
		state->system_dirs.n++;
	}
	state->system_dirs.status = state->system_dirs.n ? BS_LIST_READY : BS_LIST_NONE;
	if (main) {
		bs_list_runpath(state, ctx, main, true);
		bs_list_rpath(state, ctx, main, true);
	}
	state->library_path.status = BS_LIST_NONE;
	if (setup->library_path && *setup->library_path)
		state->library_path = read_list(state, ctx, setup->library_path,
						setup->policy->library_path_separators, &source);
}

/* ---- walking a list ------------------------------------------------------------------------ */

static uint8_t *status_of(struct bs_search_state *state, uint32_t dir)
{
	return &state->status.v[dir * state->hwcaps->n_subdirs];
}

/*
 * The directories from MEMBER of LIST on that have the same label, with their subdirectories, but
 * for those known to be missing: what the loader prints when the label changes (glibc
 * elf/dl-load.c:print_search_path).
 */
static void trace_list(struct bs_walk *walk, const struct bs_list *list, uint32_t member,
		       enum bs_how how)
{
	struct bs_search_state *state = walk->state;
	const struct bs_hwcaps *hwcaps = state->hwcaps;
	const struct bs_dir *first = &state->dirs.v[state->members.v[list->first + member]];
	struct bs_trace trace = {
		.kind = BS_TRACE_PATH_LIST,
		.how = how,
		.label = first->label,
		.where = first->where,
	};

	if (!walk->traces)
		return;
	state->path.n = 0;
	for (uint32_t i = member; i < list->n; i++) {
		uint32_t id = state->members.v[list->first + i];
		const struct bs_dir *dir = &state->dirs.v[id];

		if (dir->label != first->label)
			break;
		for (uint32_t sub = 0; sub < hwcaps->n_subdirs; sub++) {
			const struct bs_subdir *subdir = &hwcaps->subdirs[sub];
			uint32_t n = dir->n + subdir->n;

			if (status_of(state, id)[sub] == BS_DIR_MISSING)
				continue;
			bs_chars_put(walk->ctx, &state->path, dir->text, dir->n);
			bs_chars_put(walk->ctx, &state->path, subdir->text, subdir->n);
			if (n > 1)
				state->path.n--;
			bs_chars_put(walk->ctx, &state->path, ":", 1);
		}
	}
	if (state->path.n > 0)
		state->path.n--;
	bs_chars_put(walk->ctx, &state->path, "", 1);
	trace.text = bs_arena_strndup(walk->ctx->arena, state->path.v, state->path.n - 1);
	bs_walk_trace(walk, &trace);
}

/* After a miss: is the directory, which is the first N bytes of the path buffer, there at all? */
static enum bs_dir_status ask_directory(struct bs_search_state *state, uint32_t n)
{
	struct stat st;
	/* Up to 2.37 the slash goes too: "/" becomes "" and counts as missing. */
	uint32_t end = state->setup->policy->keeps_root_dir ? n : n - 1;
	char kept = state->path.v[end];

	state->path.v[end] = '\0';
	int status = bs_fs_stat(state->fs, state->path.v, BS_FS_LOOK_FILE, &st);

	if (status != 0)
		state->error = errno;
	state->path.v[end] = kept;
	return status == 0 && S_ISDIR(st.st_mode) ? BS_DIR_EXISTING : BS_DIR_MISSING;
}

struct visit {
	enum bs_outcome outcome;
	bool exists; /* the directory or a subdirectory of it */
};

static struct visit visit_dir(struct bs_walk *walk, uint32_t id, enum bs_how how)
{
	struct bs_search_state *state = walk->state;
	const struct bs_dir *dir = &state->dirs.v[id];
	uint8_t *status = status_of(state, id);
	uint32_t n_name = (uint32_t)strlen(walk->request->name) + 1;
	struct visit visit = { .outcome = BS_NOT_HERE };

	walk->directory = dir->text;
	state->path.n = 0;
	bs_chars_put(walk->ctx, &state->path, dir->text, dir->n);
	for (uint32_t sub = 0; sub < state->hwcaps->n_subdirs; sub++) {
		const struct bs_subdir *subdir = &state->hwcaps->subdirs[sub];

		if (status[sub] == BS_DIR_MISSING)
			continue;
		state->path.n = dir->n;
		bs_chars_put(walk->ctx, &state->path, subdir->text, subdir->n);
		bs_chars_put(walk->ctx, &state->path, walk->request->name, n_name);
		visit.outcome = bs_try_file(walk, state->path.v, how);
		/* A refusal leaves the loader before it learns about the directory. */
		if (visit.outcome == BS_REFUSED)
			return visit;
		if (status[sub] == BS_DIR_UNKNOWN)
			status[sub] = visit.outcome == BS_TAKEN
					      ? BS_DIR_EXISTING
					      : ask_directory(state, dir->n + subdir->n);
		visit.exists |= status[sub] != BS_DIR_MISSING;
		if (visit.outcome == BS_TAKEN)
			return visit;
	}
	return visit;
}

/* Whether the loader gives up a list after a directory that is there and failed with ERROR. */
static bool ends_list(const struct bs_search_policy *policy, int error)
{
	if (error == ENOENT || error == EACCES)
		return false;
	return error != ENOTDIR || !policy->enotdir_goes_on;
}

enum bs_outcome bs_list_walk(struct bs_walk *walk, struct bs_list *list, enum bs_how how)
{
	struct bs_search_state *state = walk->state;
	const char *label = NULL;
	bool any_exists = false;

	for (uint32_t i = 0; i < list->n; i++) {
		uint32_t id = state->members.v[list->first + i];
		struct visit visit;

		if (state->dirs.v[id].label != label) {
			label = state->dirs.v[id].label;
			trace_list(walk, list, i, how);
		}
		visit = visit_dir(walk, id, how);
		walk->directory = NULL;
		if (visit.outcome != BS_NOT_HERE)
			return visit.outcome;
		if (visit.exists && ends_list(state->setup->policy, state->error))
			return BS_NOT_HERE;
		any_exists |= visit.exists;
	}
	if (!any_exists && list != &state->system_dirs && list != &state->library_path)
		list->status = BS_LIST_NONE;
	return BS_NOT_HERE;
}
