/* SPDX-License-Identifier: MIT */
/*
 * `bindsim check` of shared objects that have no program: which of them there are, and the plans
 * that are made of them.
 *
 * Nobody knows who opens them. So a program is thought up that opens one after the other, apart as
 * dlopen(3) does by default, which is the question whether each of them can be loaded at all; and
 * then, as what might be, all together with RTLD_GLOBAL, which is the question who meets whom.
 */
#include "sets.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	DEEPEST = 64,	    /* directories below each other */
	AT_A_GLANCE = 1000, /* entries of directories that are looked at for a hint */
};

/* ---- which there are ------------------------------------------------------------------------ */

struct search {
	struct bs_arena *arena;
	const struct bs_ctx *ctx;
	const struct bs_fs *fs;
	struct bs_store *store;
	bool recursive;
	bool failed; /* after a message */
	/* Of a glance: how many entries may be looked at yet. It sees what it can and tells
	 * nothing. */
	bool is_glance;
	uint32_t left;
	bs_set_files *ret;
};

static bool is_known(const bs_set_files *files, const struct bs_file_look *look)
{
	bs_vec_each (i, files)
		if (files->v[i].look.dev == look->dev && files->v[i].look.ino == look->ino)
			return true;
	return false;
}

static bool may_go_on(struct search *s)
{
	return !s->is_glance || (s->left && s->left--);
}

static void take(struct search *s, const char *path)
{
	struct bs_set_file file = { .path = path };

	if (!may_go_on(s))
		return;
	if (bs_look_at(s->ctx, s->fs, s->store, path, &file.look) &&
	    file.look.kind != BS_FILE_OTHER && !is_known(s->ret, &file.look))
		bs_vec_push(s->arena, s->ret, file);
}

static const char *below(const struct search *s, const char *directory, const char *name)
{
	size_t n = strlen(directory);

	return bs_arena_printf(s->arena, "%s%s%s", directory,
			       n && directory[n - 1] == '/' ? "" : "/", name);
}

/* A file is known by its own name, by that of a link only where it has none here. */
static void look_in(struct search *s, const char *directory, unsigned depth)
{
	bs_fs_entries entries = { 0 };

	if (!may_go_on(s))
		return;
	int error = bs_fs_list(s->fs, s->ctx, directory, &entries);

	if (error && !s->failed && !s->is_glance) {
		bs_complain("%s: %s", directory, strerror(error));
		s->failed = true;
	}
	if (s->failed)
		return;
	for (enum bs_fs_kind kind = BS_FS_FILE; kind <= BS_FS_LINK; kind++)
		bs_vec_each (i, &entries)
			if (entries.v[i].kind == kind)
				take(s, below(s, directory, entries.v[i].name));
	if (!s->recursive || depth == DEEPEST)
		return;
	bs_vec_each (i, &entries)
		if (entries.v[i].kind == BS_FS_DIRECTORY)
			look_in(s, below(s, directory, entries.v[i].name), depth + 1);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct bs_set_file *)a)->path, ((const struct bs_set_file *)b)->path);
}

static bool find(struct bs_arena *arena, const struct bs_plan *plan, const char *directory,
		 struct search s)
{
	struct bs_diags diags = { .arena = arena };
	const struct bs_ctx ctx = { arena, bs_names_new(arena), &diags };
	struct bs_fs *fs = bs_plan_files(&ctx, plan);
	struct bs_store *store = bs_store_new();
	int fd = fs ? bs_fs_open_file(fs, directory) : -1;

	s.arena = arena;
	s.ctx = &ctx;
	s.fs = fs;
	s.store = store;
	if (!store)
		bs_arena_exhausted(arena);
	if (!fs) {
		const struct bs_diag *d = &diags.list.v[diags.list.n - 1];

		bs_complain("%s: %s: %s", d->path, d->detail, strerror(d->os_error));
	} else if (fd < 0) {
		bs_complain("%s: %s", directory, strerror(errno));
	} else {
		close(fd);
		look_in(&s, directory, 0);
		if (s.ret->n)
			qsort(s.ret->v, s.ret->n, sizeof *s.ret->v, by_path);
	}
	bs_fs_close(fs);
	bs_store_free(store);
	return fd >= 0 && !s.failed;
}

bool bs_set_find(struct bs_arena *arena, const struct bs_plan *plan, const char *directory,
		 bool recursive, bs_set_files *ret)
{
	return find(arena, plan, directory, (struct search){ .recursive = recursive, .ret = ret });
}

bool bs_set_has_directory(struct bs_arena *arena, const struct bs_plan *plan, const char *path)
{
	struct bs_diags diags = { .arena = arena };
	const struct bs_ctx ctx = { arena, bs_names_new(arena), &diags };
	struct bs_fs *fs = bs_plan_files(&ctx, plan);

	errno = 0;
	bool is = fs && bs_fs_is_directory(fs, path);
	int error = errno;

	bs_fs_close(fs);
	errno = error;
	return is;
}

const char *bs_set_place(struct bs_arena *arena, const struct bs_plan *plan, const char *path)
{
	struct bs_diags diags = { .arena = arena };
	const struct bs_ctx ctx = { arena, bs_names_new(arena), &diags };
	struct bs_fs *fs = bs_plan_files(&ctx, plan);
	const char *place = fs ? bs_fs_canonical(fs, &ctx, path) : NULL;

	bs_fs_close(fs);
	return place ? place : path;
}

void bs_set_keep(bs_set_files *files, enum bs_file_kind kind, const char *glob)
{
	uint32_t kept = 0;

	bs_vec_each (i, files) {
		const char *slash = strrchr(files->v[i].path, '/');
		const char *name = slash ? slash + 1 : files->v[i].path;

		if (files->v[i].look.kind == kind && (!glob || fnmatch(glob, name, 0) == 0))
			files->v[kept++] = files->v[i];
	}
	files->n = kept;
}

/* By the end of its name. (PEP 3149, PEP 384) */
bool bs_set_is_module(const char *path)
{
	return strstr(path, ".cpython-") || strstr(path, ".abi3.so") || strstr(path, ".pypy");
}

/* auditwheel(1) puts what modules need into NAME.libs, and leads the modules there: what lies there
 * is not to be opened by itself, and is not found without them. libtool(1) has directories that are
 * called .libs and nothing else. */
bool bs_set_is_for_modules(const char *path)
{
	static const char end[] = ".libs";
	const char *slash = strrchr(path, '/');
	const char *name = slash;

	while (name && name > path && name[-1] != '/')
		name--;
	return name && (size_t)(slash - name) > strlen(end) &&
	       strncmp(slash - strlen(end), end, strlen(end)) == 0;
}

/* Drops what comes with modules, where there are modules among FILES. */
static void drop_what_modules_bring(bs_set_files *files)
{
	bool has_modules = false;
	uint32_t kept = 0;

	bs_vec_each (i, files)
		has_modules |= bs_set_is_module(files->v[i].path);
	bs_vec_each (i, files)
		if (!has_modules || !bs_set_is_for_modules(files->v[i].path))
			files->v[kept++] = files->v[i];
	files->n = kept;
}

/* ---- plans ---------------------------------------------------------------------------------- */

void bs_set_add(struct bs_option_reader *r, const struct bs_named_plan *plan)
{
	struct bs_check_line *check = &r->line->check;
	const char *wanted = r->words.plan_name;

	if (wanted && (!plan->name || strcmp(wanted, plan->name) != 0) &&
	    (!plan->set || strcmp(wanted, plan->set) != 0)) {
		check->all = false;
		return;
	}
	bs_vec_push(r->arena, &check->plans, *plan);
}

/* One of the plans of SET for the files of one MACHINE. */
static void add_plan(struct bs_option_reader *r, const struct bs_set *set, const char *machine,
		     const char *suffix, bool together)
{
	/* What a host does is known, and there is but one way. */
	const char *way = set->host && set->name ? "" : together ? "together" : "apart";
	BS_VEC(struct bs_step) steps = { 0 };
	struct bs_named_plan plan = {
		.name = bs_arena_printf(r->arena, "%s%s%s%s", set->name ? set->name : "",
					set->name && *way ? " " : "", way, suffix),
		.set = set->name,
		.plan = *set->base,
		.is_what_if = together,
	};

	for (uint32_t i = 0; i < set->files->n; i++) {
		const struct bs_set_file *file = &set->files->v[i];

		if (strcmp(file->look.machine, machine) != 0)
			continue;
		if (!plan.plan.unknown_program && !set->host)
			plan.plan.unknown_program = file->path;
		bs_vec_push(
			r->arena, &steps,
			((struct bs_step){
				.kind = BS_STEP_DLOPEN,
				.file = file->path,
				.mode = BS_MODE_NOW | (together ? BS_MODE_GLOBAL : BS_MODE_LOCAL),
				.spelled = together ? "NOW,GLOBAL" : "NOW,LOCAL",
			}));
	}
	plan.plan.executable = set->host ? set->host : BS_UNKNOWN_HOST;
	plan.plan.steps = steps.v;
	plan.plan.n_steps = steps.n;
	/* One alone meets nobody. */
	if (!together || steps.n > 1)
		bs_set_add(r, &plan);
}

void bs_set_plans(struct bs_option_reader *r, const struct bs_set *set)
{
	const bs_set_files *files = set->files;
	const char *first = files->n ? files->v[0].look.machine : NULL;
	bool several = false;

	bs_vec_each (i, files)
		several |= strcmp(files->v[i].look.machine, first) != 0;
	bs_vec_each (i, files) {
		const char *machine = files->v[i].look.machine;
		uint32_t before = 0;

		while (strcmp(files->v[before].look.machine, machine) != 0)
			before++;
		if (before < i)
			continue;
		const char *suffix = several ? bs_arena_printf(r->arena, " (%s)", machine) : "";

		add_plan(r, set, machine, suffix, false);
		if (!set->host)
			add_plan(r, set, machine, suffix, true);
	}
}

/* ---- directories ---------------------------------------------------------------------------- */

/* A host with a slash is a path, as an executable is. */
static const char *host_of_set(const struct bs_option_reader *r, const struct bs_plan *plan,
			       const char *host)
{
	if (!host || strchr(host, '/') || plan->root)
		return host;
	const char *path = bs_find_host(r->arena, plan->search_path, host);

	if (!path)
		bs_complain("the host %s is not in $PATH", host);
	return path;
}

/* Below the directory of FROM, at a glance, are shared objects that it would have. */
static bool are_deeper(struct bs_arena *arena, const struct bs_plan *base,
		       const struct bs_policy_libraries *from)
{
	bs_set_files files = { 0 };
	const struct search glance = {
		.recursive = true,
		.is_glance = true,
		.left = AT_A_GLANCE,
		.ret = &files,
	};

	if (from->recursive || !find(arena, base, from->directory, glance))
		return false;
	bs_set_keep(&files, BS_FILE_SHARED_OBJECT, from->glob);
	return files.n;
}

bool bs_set_directory(struct bs_option_reader *r, const struct bs_plan *base,
		      const struct bs_policy_libraries *from)
{
	bs_set_files files = { 0 };
	const struct bs_set set = {
		.name = from->name,
		.base = base,
		.files = &files,
		.host = host_of_set(r, base, from->host),
	};

	if (from->host && !set.host)
		return false;
	if (!bs_set_find(r->arena, base, from->directory, from->recursive, &files))
		return false;
	bs_set_keep(&files, BS_FILE_SHARED_OBJECT, from->glob);
	drop_what_modules_bring(&files);
	if (!files.n) {
		bs_complain("%s: no shared object%s%s%s%s", from->directory,
			    from->glob ? " is called " : "", from->glob ? from->glob : "",
			    from->recursive ? " in it or below it" : " in it",
			    !are_deeper(r->arena, base, from) ? ""
			    : from->name ? "; below it there are some: recursive = yes"
					 : "; below it there are some: --recursive");
		return false;
	}
	bs_set_plans(r, &set);
	return true;
}

bool bs_set_of_policy(struct bs_option_reader *r, const struct bs_plan *base)
{
	const struct bs_policy *policy = r->line->check.policy;
	const char *wanted = r->words.plan_name;

	bs_vec_each (i, &policy->libraries) {
		const struct bs_policy_libraries *from = &policy->libraries.v[i];

		/* What is not asked for need not be there. */
		if (wanted && !bs_policy_is_plan_of(from, wanted)) {
			r->line->check.all = false;
			continue;
		}
		if (!bs_set_directory(r, base, from))
			return false;
	}
	return true;
}
