/* SPDX-License-Identifier: MIT */
/*
 * The ld.so.cache that ldconfig would write for a root where it has not run yet, and the links that
 * it would make. (glibc elf/ldconfig.c: add_dir_1, search_dir; elf/cache.c: compare, save_cache)
 *
 * Entries for other machines are left out, for no lookup asks for them.
 */
#include "ldconfig-priv.h"

#include <elf.h>
#include <errno.h>

/* One name in one directory, and which of its files is the newest. */
struct library {
	const char *soname, *file;
	bool is_link;
	uint32_t isa_level;
};

typedef BS_VEC(struct library) libraries;

struct builder {
	const struct bs_ctx *ctx;
	struct bs_ctx quiet; /* what is wrong with files that nobody loads is not told */
	struct bs_fs *fs;
	struct bs_store *store;
	const struct bs_search_setup *setup;
	const struct bs_cache_kind *kind;
	bs_cache_entries *entries;
	bs_conf_dirs dirs; /* grows by subdirectories for kinds of processors */
};

/* (elf/dl-is_dso.h) */
static bool is_named_like_a_library(const char *name)
{
	return (strncmp(name, "lib", 3) == 0 || strncmp(name, "ld-", 3) == 0 ||
		strncmp(name, "ld.so.", 6) == 0 || strncmp(name, "ld64.so.", 8) == 0) &&
	       strstr(name, ".so");
}

/* The highest bit that is set; bit 0 is the baseline. */
static uint32_t isa_level(uint32_t needed)
{
	return needed > 1 ? 31u - (uint32_t)__builtin_clz(needed) : 0;
}

/* Reads the file PATH as far as ldconfig wants it; false when it is no library for the machine. */
static bool read_library(struct builder *b, const char *path, const char *name, struct library *ret)
{
	int fd = bs_fs_open_file(b->fs, path), error;
	const char *words;

	if (fd < 0) {
		bs_conf_tell(b->ctx, path, errno);
		return false;
	}
	const struct bs_image *image = bs_store_acquire_closing(b->store, &b->quiet, fd, path);

	if (!image)
		return false;
	if (image->state == BS_IMAGE_UNREADABLE)
		bs_conf_tell(b->ctx, path, image->read_error);
	bool taken = image->state == BS_IMAGE_OK && image->has_dynamic &&
		     image->header.type == ET_DYN &&
		     b->setup->policy->judge(image, &b->setup->target, &words, &error) == BS_TAKE;
	const char *soname = image->soname ? image->soname : name;

	ret->soname = bs_arena_strndup(b->ctx->arena, soname, strlen(soname));
	ret->isa_level = isa_level(image->notes.x86_isa_needed);
	bs_store_release(b->store, image);
	return taken;
}

/*
 * A link counts as one if it has the name that it leads to, or is what the linker wants for that
 * name; any other is as good as a file.
 */
static bool is_proper_link(const char *name, const char *soname)
{
	size_t n = strlen(name);

	return strcmp(name, soname) == 0 ||
	       (n >= 3 && strcmp(name + n - 3, ".so") == 0 && strncmp(name, soname, n) == 0);
}

/* A file is better than a link, and a higher number better than a lower one. */
static void add_library(struct builder *b, libraries *found, const struct library *new)
{
	bs_vec_each (i, found) {
		struct library *old = &found->v[i];

		if (strcmp(old->soname, new->soname) != 0)
			continue;
		if ((!new->is_link && old->is_link) ||
		    (new->is_link == old->is_link &&bs_cache_compare(
					     old->file, new->file, b->kind->char_is_unsigned) < 0))
			*old = *new;
		return;
	}
	bs_vec_push(b->ctx->arena, found, *new);
}

/* ldconfig makes DIRECTORY/SONAME a link to FILE, unless a file stands in the way. */
static void make_link(struct builder *b, const char *directory, const struct library *library,
		      const bs_fs_entries *entries)
{
	struct bs_arena *arena = b->ctx->arena;

	if (library->is_link || strcmp(library->soname, library->file) == 0)
		return;
	bs_vec_each (i, entries)
		if (strcmp(entries->v[i].name, library->soname) == 0 &&
		    entries->v[i].kind != BS_FS_LINK)
			return;
	bs_fs_add_link(b->fs, b->ctx, bs_arena_printf(arena, "%s/%s", directory, library->soname),
		       bs_arena_printf(arena, "%s/%s", directory, library->file));
}

/* The name of N characters that means a kind of processor, or NULL. */
static const struct bs_legacy_name *legacy_name(const struct builder *b, const char *name, size_t n)
{
	const struct bs_legacy_name *known = b->setup->ldconfig_names;

	for (; known && known->name; known++)
		if (strlen(known->name) == n && strncmp(known->name, name, n) == 0)
			return known;
	return NULL;
}

/* Those of the last components of PATH, as far as they mean something. (path_hwcap) */
static uint64_t legacy_bits(const struct builder *b, const char *path)
{
	size_t end = strlen(path);
	uint64_t bits = 0;

	for (;;) {
		size_t start = end;

		while (start > 0 && path[start - 1] != '/')
			start--;
		const struct bs_legacy_name *name = legacy_name(b, path + start, end - start);

		if (!name || start == 0)
			return bits;
		bits += UINT64_C(1) << name->bit;
		end = start - 1;
	}
}

/* Enters what DIRECTORY holds; SUBDIR is its name where it lies below glibc-hwcaps. False: it
 * cannot be read, or not to its end. */
static bool search_directory(struct builder *b, const char *directory, const char *subdir)
{
	struct bs_arena *arena = b->ctx->arena;
	bs_fs_entries entries = { 0 };
	libraries found = { 0 };

	int error = bs_fs_list(b->fs, b->ctx, directory, &entries);

	bs_conf_tell(b->ctx, directory, error);
	bs_vec_each (i, &entries) {
		const char *name = entries.v[i].name;
		struct library library = { .file = name };

		/* Its turn comes behind all that is known so far. */
		if (!subdir && legacy_name(b, name, strlen(name))) {
			const char *path = bs_arena_printf(arena, "%s/%s", directory, name);

			if (bs_fs_is_directory(b->fs, path))
				bs_conf_add(b->ctx, b->fs, path, &b->dirs);
			continue;
		}
		if (entries.v[i].kind == BS_FS_OTHER || !is_named_like_a_library(name) ||
		    !read_library(b, bs_arena_printf(arena, "%s/%s", directory, name), name,
				  &library))
			continue;
		library.is_link =
			entries.v[i].kind == BS_FS_LINK && is_proper_link(name, library.soname);
		if (library.is_link)
			library.soname = name;
		add_library(b, &found, &library);
	}
	bs_vec_each (i, &found) {
		const struct library *library = &found.v[i];
		const char *file = subdir ? library->file : library->soname;

		if (!subdir)
			make_link(b, directory, library, &entries);
		bs_vec_push(arena, b->entries,
			    ((struct bs_cache_entry){
				    .key = library->soname,
				    .value = bs_arena_printf(arena, "%s/%s", directory, file),
				    .subdir = subdir,
				    .legacy_bits = subdir ? 0 : legacy_bits(b, directory),
				    .isa_level = library->isa_level,
				    .place = b->entries->n,
			    }));
	}
	return !error;
}

/* A directory and what it has below glibc-hwcaps. */
static void search_with_hwcaps(struct builder *b, const char *directory)
{
	const char *hwcaps = bs_arena_printf(b->ctx->arena, "%s/glibc-hwcaps", directory);
	bs_fs_entries entries = { 0 };

	bool is_read = search_directory(b, directory, NULL);

	if (!b->setup->policy->glibc_hwcaps)
		return;
	int error = bs_fs_list(b->fs, b->ctx, hwcaps, &entries);

	if (is_read)
		bs_conf_tell(b->ctx, hwcaps, error);
	bs_vec_each (i, &entries) {
		const char *name = entries.v[i].name;
		const char *path = bs_arena_printf(b->ctx->arena, "%s/%s", hwcaps, name);

		if (bs_fs_is_directory(b->fs, path))
			search_directory(b, path, name);
	}
}

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), n_end = strlen(end);

	return n >= n_end && strcmp(text + n - n_end, end) == 0;
}

/*
 * Behind those of ld.so.conf come the directories that ldconfig was built with, each with what it
 * is called for the machine's other classes. (glibc sysdeps/unix/sysv/linux/MACHINE/dl-cache.h:
 * add_system_dir)
 */
static void add_standard_dirs(struct builder *b, bs_conf_dirs *dirs)
{
	for (const char *const *system = b->setup->system_dirs; *system; system++) {
		size_t n = strlen(*system) - 1;
		const char *dir = bs_arena_strndup(b->ctx->arena, *system, n);

		if (ends_with(dir, "/lib64"))
			bs_conf_add(b->ctx, b->fs, bs_arena_strndup(b->ctx->arena, dir, n - 2),
				    dirs);
		bs_conf_add(b->ctx, b->fs, dir, dirs);
		if (ends_with(dir, "/lib"))
			bs_conf_add(b->ctx, b->fs, bs_arena_printf(b->ctx->arena, "%s64", dir),
				    dirs);
	}
}

unsigned char *bs_ldconfig_write(const struct bs_ctx *ctx, struct bs_fs *fs, struct bs_store *store,
				 const struct bs_search_setup *setup, size_t *ret_n)
{
	struct bs_diags unheard = { .arena = ctx->arena };
	bs_cache_entries entries = { 0 };
	struct builder b = {
		.ctx = ctx,
		.quiet = { .arena = ctx->arena, .names = ctx->names, .diags = &unheard },
		.fs = fs,
		.store = store,
		.setup = setup,
		.kind = bs_cache_kind_of(&setup->target),
		.entries = &entries,
	};

	bs_conf_read(ctx, fs, setup->conf_path, &b.dirs);
	add_standard_dirs(&b, &b.dirs);
	const uint32_t n_told = b.dirs.n;

	bs_vec_each (i, &b.dirs)
		if (i < n_told)
			search_with_hwcaps(&b, b.dirs.v[i].path);
		else
			search_directory(&b, b.dirs.v[i].path, NULL);
	return bs_cache_write(ctx, setup, &entries, ret_n);
}
