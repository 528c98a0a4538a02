/* SPDX-License-Identifier: MIT */
/*
 * A search without memory: each directory of each list is tried anew, and the first file that opens
 * is the answer. What is in it is somebody else's question. (musl ldso/dynlink.c:load_library,
 * path_open, fixup_rpath)
 */
#include "search-priv.h"

#include <errno.h>
#include <limits.h>

/* The loader builds paths in a buffer of this size and passes over what does not fit. */
enum { PATH_BUFFER = 2 * NAME_MAX + 2 };

static const char separators[] = ":\n";

/* False: the file is passed over, where the loader looks at what is in it. */
static bool is_taken(struct bs_walk *walk, const struct bs_image *image, struct bs_trace *trace)
{
	const struct bs_search_setup *setup = walk->state->setup;
	const char *words = NULL;
	int error = 0;

	trace->verdict = BS_TAKE;
	if (setup->policy->judge)
		trace->verdict = setup->policy->judge(image, &setup->target, &words, &error);
	trace->words = words;
	return trace->verdict == BS_TAKE;
}

static enum bs_outcome take(struct bs_walk *walk, int fd, const char *path, struct bs_trace *trace)
{
	struct bs_found *found = walk->found;

	found->image = bs_store_acquire_closing(walk->state->store, walk->ctx, fd, path);
	trace->os_error = found->image ? 0 : errno;
	found->path = path;
	found->how = trace->how;
	if (!found->image || is_taken(walk, found->image, trace)) {
		trace->verdict = BS_TAKE;
		return found->image ? BS_TAKEN : BS_REFUSED;
	}
	bs_store_release(walk->state->store, found->image);
	found->image = NULL;
	walk->state->error = ENOEXEC;
	return BS_NOT_HERE;
}

/* An error of these kinds lets the search go on; any other ends it. */
static bool goes_on(int error)
{
	return error == ENOENT || error == ENOTDIR || error == EACCES || error == ENAMETOOLONG;
}

/* PATH is kept. A success leaves the old error where it is, as open(2) does with errno. */
static enum bs_outcome try_path(struct bs_walk *walk, const char *path, enum bs_how how)
{
	struct bs_trace trace = {
		.kind = BS_TRACE_TRY,
		.how = how,
		.verdict = BS_SKIP,
		.text = path,
		.where = walk->directory,
	};
	int fd = bs_fs_open_file(walk->state->fs, path);
	enum bs_outcome outcome;

	if (fd >= 0) {
		outcome = take(walk, fd, path, &trace);
	} else {
		walk->state->error = trace.os_error = errno;
		outcome = goes_on(errno) ? BS_NOT_HERE : BS_REFUSED;
	}
	bs_walk_trace(walk, &trace);
	return outcome;
}

static enum bs_outcome try_in(struct bs_walk *walk, const char *directory, size_t n,
			      enum bs_how how)
{
	struct bs_arena *arena = walk->ctx->arena;
	const char *name = walk->request->name;
	enum bs_outcome outcome;

	if (n + 1 + strlen(name) >= PATH_BUFFER)
		return BS_NOT_HERE;
	/* Traces hold directories with a slash at their end. */
	walk->directory = bs_arena_printf(arena, "%.*s/", (int)n, directory);
	outcome = try_path(walk, bs_arena_printf(arena, "%s%s", walk->directory, name), how);
	walk->directory = NULL;
	return outcome;
}

/* The directories of LIST; empty elements are passed over. WHERE is the object that it belongs to,
 * or NULL. */
static enum bs_outcome walk_list(struct bs_walk *walk, const char *list, enum bs_how how,
				 const char *label, const char *where)
{
	enum bs_outcome outcome = BS_NOT_HERE;

	bs_walk_trace(walk, &(struct bs_trace){ .kind = BS_TRACE_PATH_LIST,
						.how = how,
						.text = list,
						.label = label,
						.where = where });
	while (outcome == BS_NOT_HERE) {
		list += strspn(list, separators);
		size_t n = strcspn(list, separators);

		if (!n)
			break;
		outcome = try_in(walk, list, n, how);
		list += n;
	}
	return outcome;
}

/* The length of the token that begins with the dollar sign at TEXT; 0: it is none. */
static size_t token_length(const char *text)
{
	if (strncmp(text, "$ORIGIN", 7) == 0)
		return 7;
	return strncmp(text, "${ORIGIN}", 9) == 0 ? 9 : 0;
}

/* PATH with its tokens replaced; NULL when one cannot be, which is the end of all of PATH. */
static const char *replace_tokens(struct bs_walk *walk, const struct bs_requester *map,
				  const char *path)
{
	bool secure = walk->state->setup->secure;
	bool is_main = walk->request->main && walk->request->main->map == map->map;
	bs_chars out = { 0 };

	if (!strchr(path, '$') || walk->state->setup->policy->origin_is_literal)
		return path;
	if (!map->origin || (secure && (is_main || map->origin[0] != '/')))
		return NULL;
	while (*path) {
		size_t n = strcspn(path, "$");

		bs_chars_put(walk->ctx, &out, path, n);
		path += n;
		if (!*path)
			break;
		n = token_length(path);
		if (!n)
			return NULL;
		bs_chars_put(walk->ctx, &out, map->origin, strlen(map->origin));
		path += n;
	}
	bs_chars_put(walk->ctx, &out, "", 1);
	return out.v;
}

static enum bs_outcome search_rpath_of(struct bs_walk *walk, const struct bs_requester *map)
{
	const struct bs_search_policy *policy = walk->state->setup->policy;
	const struct bs_image *image = map->image;
	bool by_rpath = image->rpath && (!image->runpath || policy->rpath_first);
	const char *runpath = policy->runpath_is_ignored ? NULL : image->runpath;
	const char *raw = by_rpath ? image->rpath : runpath;
	const char *path = raw ? replace_tokens(walk, map, raw) : NULL;
	enum bs_outcome outcome;

	if (!path)
		return BS_NOT_HERE;
	outcome = walk_list(walk, path, by_rpath ? BS_HOW_RPATH : BS_HOW_RUNPATH,
			    by_rpath ? "RPATH" : "RUNPATH", map->name);
	if (outcome == BS_TAKEN)
		walk->found->via = map->map;
	return outcome;
}

/* It is read when it is first needed. A file that is there and cannot be read leaves nothing. */
static const char *system_path(struct bs_walk *walk)
{
	struct bs_search_state *state = walk->state;
	const struct bs_search_setup *setup = state->setup;
	size_t n;

	if (state->system_path)
		return state->system_path;
	state->system_path = setup->system_path_file
				     ? bs_fs_read(state->fs, walk->ctx, setup->system_path_file, &n)
				     : NULL;
	if (!state->system_path && setup->system_path_file)
		state->error = errno;
	if (!state->system_path)
		state->system_path = !setup->system_path_file || state->error == ENOENT
					     ? setup->system_path
					     : "";
	return state->system_path;
}

static enum bs_outcome search_library_path(struct bs_walk *walk)
{
	const struct bs_search_setup *setup = walk->state->setup;

	return setup->library_path ? walk_list(walk, setup->library_path, BS_HOW_LIBRARY_PATH,
					       setup->library_path_label, NULL)
				   : BS_NOT_HERE;
}

static enum bs_outcome search_chain(struct bs_walk *walk)
{
	const struct bs_request *request = walk->request;
	enum bs_outcome outcome = BS_NOT_HERE;

	for (uint32_t i = 0; i < request->n_chain && outcome == BS_NOT_HERE; i++)
		outcome = search_rpath_of(walk, &request->chain[i]);
	return outcome;
}

static enum bs_outcome search_lists(struct bs_walk *walk)
{
	const struct bs_request *request = walk->request;
	bool rpath_first = walk->state->setup->policy->rpath_first;
	enum bs_outcome outcome;

	bs_walk_trace(walk, &(struct bs_trace){ .kind = BS_TRACE_FIND,
						.ns = request->ns,
						.text = request->name });
	outcome = rpath_first ? search_chain(walk) : search_library_path(walk);
	if (outcome == BS_NOT_HERE)
		outcome = rpath_first ? search_library_path(walk) : search_chain(walk);
	if (outcome == BS_NOT_HERE)
		outcome = walk_list(walk, system_path(walk), BS_HOW_DEFAULT, "system search path",
				    NULL);
	bs_walk_trace(walk, &(struct bs_trace){ .kind = BS_TRACE_END });
	return outcome;
}

enum bs_outcome bs_search_plainly(struct bs_walk *walk)
{
	const char *name = walk->request->name;
	struct bs_found *found = walk->found;
	enum bs_outcome outcome = BS_NOT_HERE;

	if (strchr(name, '/') &&
	    (name[0] == '/' || !walk->state->setup->policy->relative_is_sought))
		outcome = try_path(walk, bs_arena_strndup(walk->ctx->arena, name, strlen(name)),
				   BS_HOW_PATH);
	else if (strlen(name) <= NAME_MAX)
		outcome = search_lists(walk);
	if (outcome == BS_TAKEN)
		return outcome;
	found->subject = name;
	found->words = walk->state->setup->policy->not_found;
	found->os_error = walk->state->error;
	found->not_found = true;
	return outcome;
}
