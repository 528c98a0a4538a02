/* SPDX-License-Identifier: MIT */
/*
 * search-path: directories that decide what is loaded, and who decides about them. Which lists a
 * request goes through: glibc elf/dl-load.c:_dl_map_object; musl ldso/dynlink.c:load_library.
 */
#include "check-priv.h"

#include <string.h>

enum { IS_UNKNOWN, IS_FINE, IS_WRITABLE };

/* Beside them, bit N: the list by which the search step N is made has no element with a fault. */
enum { TOLD_NOTE = 1, TOLD_WARNING = 1 << BS_HOW_COUNT_ };

struct bs_paths {
	bs_ids verdicts;       /* IS_*, of directories, by name */
	BS_VEC(uint8_t) marks; /* by map */
};

struct bs_paths *bs_paths_new(const struct bs_run *run)
{
	return bs_new(run->ctx.arena, struct bs_paths, 1);
}

/* What is wrong with an element. */
enum fault { FINE, EMPTY, RELATIVE, WRITABLE, BUILD_TREE };

/* A list of directories as it stands in the file or the environment. */
struct list {
	const char *text, *separators;
	bs_map_id owner;
	enum bs_fact_kind kind; /* BS_FACT_IN_* */
	enum bs_how how;
};

static struct list path_of(const struct bs_run *run, bs_map_id id, bool runpath)
{
	const struct bs_image *image = bs_map_of(&run->process, id)->image;

	return (struct list){ .text = runpath ? image->runpath : image->rpath,
			      .separators = ":",
			      .owner = id,
			      .kind = runpath ? BS_FACT_IN_RUNPATH : BS_FACT_IN_RPATH,
			      .how = runpath ? BS_HOW_RUNPATH : BS_HOW_RPATH };
}

/* The one of its two paths that counts when ID itself asks. */
static struct list own_path(const struct bs_run *run, bs_map_id id)
{
	const struct bs_image *image = bs_map_of(&run->process, id)->image;
	const struct bs_search_policy *policy = run->setup.policy;

	if (policy->rpath_first)
		return path_of(run, id, !image->rpath && !policy->runpath_is_ignored);
	return path_of(run, id, image->runpath);
}

static struct list library_path(const struct bs_run *run)
{
	const char *separators = run->setup.policy->library_path_separators;

	return (struct list){ .text = run->setup.library_path,
			      .separators = separators ? separators : ":",
			      .owner = run->process.executable,
			      .kind = BS_FACT_IN_LIBRARY_PATH,
			      .how = BS_HOW_LIBRARY_PATH };
}

/* ---- elements -------------------------------------------------------------------------------- */

/* Directories in which nothing is installed, but much is built. */
static bool is_build_tree(const char *path)
{
	static const char *const trees[] = {
		"/home", "/root", "/tmp", "/var/tmp", "/build", "/builds", "/builddir", "/usr/src",
	};

	for (size_t i = 0; i < sizeof trees / sizeof *trees; i++) {
		size_t n = strlen(trees[i]);

		if (strncmp(path, trees[i], n) == 0 && (path[n] == '/' || path[n] == '\0'))
			return true;
	}
	for (const char *at = strstr(path, "/BUILD"); at; at = strstr(at + 1, "/BUILD"))
		if (at[6] == '/' || at[6] == '\0')
			return true;
	return false;
}

static bool is_writable(struct bs_pass *pass, const char *directory)
{
	const struct bs_run *run = pass->run;
	bs_ids *verdicts = &pass->checker->paths->verdicts;
	bs_name name = bs_name_of(run->ctx.names, directory);

	while (verdicts->n <= name)
		bs_vec_push(run->ctx.arena, verdicts, IS_UNKNOWN);
	if (verdicts->v[name] == IS_UNKNOWN)
		verdicts->v[name] =
			bs_fs_anybody_writes(run->fs, directory) ? IS_WRITABLE : IS_FINE;
	return verdicts->v[name] == IS_WRITABLE;
}

/* The directory that ELEMENT of LIST means; "" is the working directory, NULL none. */
static const char *directory_of(const struct bs_run *run, const struct list *list,
				const char *element)
{
	const struct bs_map *owner = bs_map_of(&run->process, list->owner);

	if (!*element)
		return run->setup.policy->first_that_opens ? NULL : element;
	const char *directory = bs_expand(&run->setup, &run->ctx, element, owner->origin,
					  owner->kind == BS_MAP_EXECUTABLE);

	return *directory ? directory : NULL;
}

static enum fault judge(struct bs_pass *pass, const struct list *list, const char *element,
			const char *directory)
{
	const char *origin = bs_map_of(&pass->run->process, list->owner)->origin;

	if (!directory)
		return FINE;
	if (!*directory)
		return EMPTY;
	/* What --library-path says the question has chosen. */
	if (*directory != '/')
		return list->kind == BS_FACT_IN_LIBRARY_PATH && pass->run->plan->library_path
			       ? FINE
			       : RELATIVE;
	if (is_writable(pass, directory))
		return WRITABLE;
	return list->kind != BS_FACT_IN_LIBRARY_PATH && *element == '/' &&
			       is_build_tree(directory) && !(origin && is_build_tree(origin))
		       ? BUILD_TREE
		       : FINE;
}

/* One that has a fault, and what came of it in this step. */
struct element {
	bs_map_id owner;
	enum bs_fact_kind list;
	const char *text;
	enum fault fault;
	uint32_t n_loaded, n_sought; /* objects that it led to, and did not lead to */
	bs_map_id loaded, sought;    /* the first of each */
	bs_map_id last_sought;	     /* the element may stand in its list twice */
};

struct search {
	struct bs_pass *pass;
	BS_VEC(struct element) elements;
};

static struct element *element_of(struct search *s, const struct list *list, const char *text,
				  enum fault fault)
{
	bs_vec_each (i, &s->elements) {
		struct element *e = &s->elements.v[i];

		if (e->owner == list->owner && e->list == list->kind && strcmp(e->text, text) == 0)
			return e;
	}
	bs_vec_push(s->pass->run->ctx.arena, &s->elements,
		    (struct element){ .owner = list->owner,
				      .list = list->kind,
				      .text = text,
				      .fault = fault,
				      .loaded = BS_NO_MAP,
				      .sought = BS_NO_MAP,
				      .last_sought = BS_NO_MAP });
	return &s->elements.v[s->elements.n - 1];
}

/* How much of PATH is DIRECTORY, if an element of that led there; else -1. "" leads to a bare name.
 */
static int led_to(const char *directory, const char *path)
{
	size_t n = strlen(directory);

	while (n > 1 && directory[n - 1] == '/')
		n--;
	if (!n)
		return strchr(path, '/') ? -1 : 0;
	return strncmp(path, directory, n) == 0 && (path[n] == '/' || directory[n - 1] == '/')
		       ? (int)n
		       : -1;
}

/* An element of a list. */
struct part {
	const char *text, *directory;
};

typedef BS_VEC(struct part) parts;

static parts parts_of(const struct bs_run *run, const struct list *list)
{
	parts ret = { 0 };

	for (const char *at = list->text;; at++) {
		size_t n = strcspn(at, list->separators);
		const char *text = bs_arena_strndup(run->ctx.arena, at, n);

		bs_vec_push(run->ctx.arena, &ret,
			    ((struct part){ text, directory_of(run, list, text) }));
		at += n;
		if (!*at)
			return ret;
	}
}

/* The part that led to PATH: of several the longest, for one may lie in another. */
static uint32_t part_of(const parts *in, const char *path)
{
	uint32_t found = in->n;
	int longest = -1;

	bs_vec_each (i, in) {
		int n = in->v[i].directory ? led_to(in->v[i].directory, path) : -1;

		if (n <= longest)
			continue;
		longest = n;
		found = i;
	}
	return found;
}

static uint8_t *marks_of(const struct search *s, bs_map_id map)
{
	struct bs_paths *paths = s->pass->checker->paths;

	while (paths->marks.n <= map)
		bs_vec_push(s->pass->run->ctx.arena, &paths->marks, 0);
	return &paths->marks.v[map];
}

/*
 * FOUND was looked for on LIST, and found there if that is HERE: which elements with a fault did it
 * come to? BS_NO_MAP: no request, all of them are looked at.
 */
static void go_through(struct search *s, const struct list *list, bs_map_id found, bool here)
{
	const struct bs_run *run = s->pass->run;
	const uint8_t clean = (uint8_t)(1 << list->how);

	if (!list->text || !*list->text || *marks_of(s, list->owner) & clean)
		return;
	const parts all = parts_of(run, list);
	uint32_t end =
		here ? part_of(&all, bs_text(&run->ctx, bs_map_of(&run->process, found)->name))
		     : all.n;
	bool any = false;

	bs_vec_each (i, &all) {
		enum fault fault = judge(s->pass, list, all.v[i].text, all.v[i].directory);

		any |= fault != FINE;
		if (fault == FINE || i > end)
			continue;
		struct element *e = element_of(s, list, all.v[i].text, fault);

		if (found == BS_NO_MAP)
			continue;
		bool led = here && i == end;

		if (led && !e->n_loaded++)
			e->loaded = found;
		if (!led && e->last_sought != found && !e->n_sought++)
			e->sought = found;
		e->last_sought = led ? e->last_sought : found;
	}
	if (!any)
		*marks_of(s, list->owner) |= clean;
}

/* ---- requests ------------------------------------------------------------------------------ */

/* The loader goes through the paths of who asked, and of who asked for that one. True: FOUND was in
 * one of them. */
static bool search_askers(struct search *s, bs_map_id found, bool own)
{
	const struct bs_process *process = &s->pass->run->process;
	const struct bs_map *map = bs_map_of(process, found);
	bool did_executable = false;

	for (bs_map_id id = map->asked_by;; id = bs_map_of(process, id)->loader) {
		if (id == BS_NO_MAP && (own || did_executable))
			return false;
		if (id == BS_NO_MAP)
			id = process->executable;
		did_executable |= id == process->executable;
		const struct bs_image *image = bs_map_of(process, id)->image;

		if (!image)
			continue;
		const struct list list =
			own ? own_path(s->pass->run, id) : path_of(s->pass->run, id, false);
		bool here = map->how == list.how && map->via == id;

		if (own || !image->runpath)
			go_through(s, &list, found, here);
		if (here)
			return true;
	}
}

static void check_request(struct search *s, bs_map_id found)
{
	const struct bs_run *run = s->pass->run;
	const struct bs_search_policy *policy = run->setup.policy;
	const struct bs_map *map = bs_map_of(&run->process, found);
	const struct list by_library_path = library_path(run);
	const bool in_library_path = map->how == BS_HOW_LIBRARY_PATH;
	const bs_map_id asker = map->asked_by;

	if (policy->first_that_opens) {
		if (policy->rpath_first && search_askers(s, found, true))
			return;
		go_through(s, &by_library_path, found, in_library_path);
		if (!policy->rpath_first && !in_library_path)
			search_askers(s, found, true);
		return;
	}
	const struct bs_image *image =
		asker == BS_NO_MAP ? NULL : bs_map_of(&run->process, asker)->image;

	if (!(image && image->runpath) && search_askers(s, found, false))
		return;
	go_through(s, &by_library_path, found, in_library_path);
	if (in_library_path || !image || !image->runpath)
		return;
	const struct list runpath = path_of(run, asker, true);

	go_through(s, &runpath, found, map->how == BS_HOW_RUNPATH);
}

/* ---- what is told -------------------------------------------------------------------------- */

static enum bs_level level_of(const struct element *e)
{
	return e->fault == BUILD_TREE || !(e->n_loaded + e->n_sought) ? BS_LEVEL_NOTE
								      : BS_LEVEL_WARNING;
}

static void tell(const struct bs_run *run, struct bs_finding *f, const struct element *e)
{
	static const enum bs_fact_kind kinds[] = { [EMPTY] = BS_FACT_ELEMENT_EMPTY,
						   [RELATIVE] = BS_FACT_ELEMENT_RELATIVE,
						   [WRITABLE] = BS_FACT_ELEMENT_WRITABLE,
						   [BUILD_TREE] = BS_FACT_ELEMENT_BUILD };
	bool in_library_path = e->list == BS_FACT_IN_LIBRARY_PATH;

	f->n++;
	bs_finding_fact(
		run, f,
		&(struct bs_fact){ .kind = kinds[e->fault], .object = BS_NO_MAP, .text = e->text });
	bs_finding_fact(run, f,
			&(struct bs_fact){ .kind = e->list,
					   .object = BS_NO_MAP,
					   .text = in_library_path ? run->setup.library_path_label
								   : NULL });
	if (e->n_loaded)
		bs_finding_fact(run, f,
				&(struct bs_fact){ .kind = BS_FACT_LOADED_THROUGH,
						   .n = e->n_loaded,
						   .object = e->loaded });
	if (e->n_sought)
		bs_finding_fact(run, f,
				&(struct bs_fact){ .kind = BS_FACT_SOUGHT_THERE,
						   .n = e->n_sought,
						   .object = e->sought });
	if (f->to == BS_NO_MAP)
		f->to = e->loaded;
}

/* All that is wrong with the paths of OWNER, unless as much was told before. */
static void tell_of(struct search *s, bs_map_id owner)
{
	const struct bs_run *run = s->pass->run;
	uint8_t *told = marks_of(s, owner);
	enum bs_level level = BS_LEVEL_NONE;

	bs_vec_each (i, &s->elements)
		if (s->elements.v[i].owner == owner && level_of(&s->elements.v[i]) > level)
			level = level_of(&s->elements.v[i]);
	if (level == BS_LEVEL_NONE || *told & TOLD_WARNING ||
	    (level == BS_LEVEL_NOTE && *told & TOLD_NOTE))
		return;
	*told |= level == BS_LEVEL_NOTE ? TOLD_NOTE : TOLD_WARNING;
	struct bs_finding *f = bs_finding_add_new(s->pass, BS_RULE_SEARCH_PATH, owner, BS_NO_MAP);

	f->level = level;
	bs_vec_each (i, &s->elements)
		if (s->elements.v[i].owner == owner)
			tell(run, f, &s->elements.v[i]);
}

void bs_check_paths(struct bs_pass *pass)
{
	const struct bs_run *run = pass->run;
	const bs_ids *born = &pass->result->born;
	struct search s = { .pass = pass };

	if (pass->result->state != BS_STEP_OK)
		return;
	bs_vec_each (i, born) {
		const struct bs_map *map = bs_map_of(&run->process, born->v[i]);

		if (map->removed || !map->image || map->role != BS_ROLE_ORDINARY ||
		    map->real != born->v[i])
			continue;
		if (map->how != BS_HOW_NONE && map->how != BS_HOW_PATH)
			check_request(&s, born->v[i]);
		const struct list own[] = { path_of(run, born->v[i], false),
					    path_of(run, born->v[i], true) };

		/* A RPATH beside a RUNPATH is none, where both are known. */
		if (!map->image->runpath || run->setup.policy->rpath_first)
			go_through(&s, &own[0], BS_NO_MAP, false);
		if (!run->setup.policy->runpath_is_ignored)
			go_through(&s, &own[1], BS_NO_MAP, false);
	}
	const struct list by_library_path = library_path(run);

	if (!pass->result->number)
		go_through(&s, &by_library_path, BS_NO_MAP, false);
	bs_vec_each (i, &s.elements)
		tell_of(&s, s.elements.v[i].owner);
}
