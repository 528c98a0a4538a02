/* SPDX-License-Identifier: MIT */
#include "search-tree.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the tree ------------------------------------------------------------------------------ */

void tree_make(struct tree *tree)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(tree->root, sizeof tree->root, "%s/bindsim-search-XXXXXX",
		 tmp && strlen(tmp) < 32 ? tmp : "/tmp");
	assert_non_null(mkdtemp(tree->root));
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st, (void)kind, (void)ftw;
	return remove(path);
}

void tree_remove(struct tree *tree)
{
	assert_int_equal(nftw(tree->root, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

const char *tree_path(struct tree *tree, const char *path)
{
	snprintf(tree->text, sizeof tree->text, "%s%s", tree->root, path);
	return tree->text;
}

void tree_dir(struct tree *tree, const char *path)
{
	char *text = strdup(tree_path(tree, path));

	assert_non_null(text);
	for (char *slash = text + strlen(tree->root); (slash = strchr(slash + 1, '/'));) {
		*slash = '\0';
		mkdir(text, 0777);
		*slash = '/';
	}
	assert_true(mkdir(text, 0777) == 0 || errno == EEXIST);
	free(text);
}

static void dir_of(struct tree *tree, const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir = strndup(path, (size_t)(slash - path));

	if (slash > path)
		tree_dir(tree, dir);
	free(dir);
}

void tree_bytes(struct tree *tree, const char *path, const void *bytes, size_t n)
{
	dir_of(tree, path);
	int fd = open(tree_path(tree, path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, n), n);
	close(fd);
}

void tree_file(struct tree *tree, const char *path, size_t size)
{
	static const char zeros[256];

	tree_bytes(tree, path, zeros, size);
}

void tree_link(struct tree *tree, const char *path, const char *target)
{
	dir_of(tree, path);
	assert_int_equal(symlink(target, tree_path(tree, path)), 0);
}

/* ---- the loader ---------------------------------------------------------------------------- */

static enum bs_verdict judge(const struct bs_image *image, const struct bs_target *target,
			     const char **ret_words, int *ret_error)
{
	(void)target;
	if (image->state == BS_IMAGE_UNREADABLE) {
		*ret_words = "cannot read file data";
		*ret_error = image->read_error;
		return BS_REFUSE;
	}
	switch (image->size) {
	case SIZE_TAKE:
		return BS_TAKE;
	case SIZE_FOREIGN:
		return BS_SKIP;
	case SIZE_OTHER_CLASS:
		return BS_SKIP_OTHER_CLASS;
	default:
		*ret_words = "invalid ELF header";
		return BS_REFUSE;
	}
}

static const char *const system_dirs[] = { "/lib/", "/usr/lib/", NULL };

static const struct bs_machine x86_64 = {
	.e_machine = EM_X86_64,
	.elf_class = ELFCLASS64,
	.data = ELFDATA2LSB,
};

int loader_setup(void **state)
{
	struct loader *loader = calloc(1, sizeof *loader);

	assert_non_null(loader);
	tree_make(&loader->tree);
	loader->ctx.arena = loader->diags.arena = bs_arena_new();
	loader->ctx.diags = &loader->diags;
	loader->ctx.names = bs_names_new(loader->ctx.arena);
	loader->store = bs_store_new();
	loader->fs = bs_fs_open(&loader->ctx, loader->tree.root, "/");
	assert_non_null(loader->fs);
	loader->policy = (struct bs_search_policy){
		.not_found = "cannot open shared object file",
		.judge = judge,
		.library_path_separators = ":;",
		.glibc_hwcaps = true,
		.cache_legacy_bits = true,
	};
	loader->setup = (struct bs_search_setup){
		.policy = &loader->policy,
		.target = { .machine = &x86_64 },
		.library_path_label = "LD_LIBRARY_PATH",
		.system_dirs = system_dirs,
		.isa_level = 3,
		.platform = "x86_64",
		.lib_token = "lib64",
	};
	*state = loader;
	return 0;
}

int loader_teardown(void **state)
{
	struct loader *loader = *state;

	bs_fs_close(loader->fs);
	bs_store_free(loader->store);
	bs_arena_free(loader->ctx.arena);
	tree_remove(&loader->tree);
	free(loader->log);
	free(loader);
	return 0;
}

void loader_start(struct loader *loader, const struct bs_requester *main)
{
	loader->state =
		bs_search_begin(&loader->ctx, loader->fs, loader->store, &loader->setup, main);
}

static void log_trace(FILE *log, const struct bs_trace *trace)
{
	switch (trace->kind) {
	case BS_TRACE_FIND:
		fprintf(log, "find %s\n", trace->text);
		break;
	case BS_TRACE_PATH_LIST:
		fprintf(log, " path %s (%s", trace->text, trace->label);
		if (trace->where)
			fprintf(log, " of %s", *trace->where ? trace->where : "main");
		fputs(")\n", log);
		break;
	case BS_TRACE_CACHE:
		fprintf(log, " cache %s\n", trace->text);
		break;
	case BS_TRACE_TRY:
		fprintf(log, "  try %s\n", trace->text);
		break;
	case BS_TRACE_CACHE_DROPPED:
		fprintf(log, "  drop %s\n", trace->text);
		break;
	case BS_TRACE_END:
	case BS_TRACE_AUXILIARY:
		break;
	}
}

const char *loader_search(struct loader *loader, const struct bs_request *request)
{
	bs_traces traces = { 0 };
	bool found = bs_search(loader->state, &loader->ctx, request, &traces, &loader->found);
	char *before = loader->log;
	FILE *log = open_memstream(&loader->log, &loader->n_log);

	assert_non_null(log);
	fputs(before ? before : "", log);
	bs_vec_each (i, &traces)
		log_trace(log, &traces.v[i]);
	fclose(log);
	free(before);
	assert_int_equal(found, loader->found.image != NULL);
	if (!found)
		return NULL;
	bs_store_release(loader->store, loader->found.image);
	return loader->found.path;
}

void loader_forget(struct loader *loader)
{
	free(loader->log);
	loader->log = NULL;
}

const char *loader_message(struct loader *loader)
{
	const struct bs_found *found = &loader->found;

	assert_null(found->image);
	if (!found->os_error)
		return bs_arena_printf(loader->ctx.arena, "%s: %s", found->subject, found->words);
	return bs_arena_printf(loader->ctx.arena, "%s: %s: %s", found->subject, found->words,
			       strerror(found->os_error));
}

const char *search_by_main(struct loader *loader, const struct bs_requester *main, const char *name)
{
	struct bs_request request = ask(name, main, 1, main);

	return loader_search(loader, &request);
}
