/* SPDX-License-Identifier: MIT */
/* The view of a file system: nothing leads out of a root, whoever resolves the path. */
#include "search-tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static unsigned count_open_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	if (!dir)
		return 0;
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

struct world {
	struct tree tree;
	struct bs_diags diags;
	struct bs_ctx ctx;
	struct bs_fs *fs;
	unsigned n_open;
};

/* Every test runs twice. */
static bool own_resolver;

static struct bs_fs *open_fs(struct world *w, const char *root, const char *cwd)
{
	if (w->fs)
		bs_fs_close(w->fs);
	w->fs = bs_fs_open_with(&w->ctx, root, cwd, own_resolver);
	return w->fs;
}

static int begin(void **state)
{
	struct world *w = calloc(1, sizeof *w);

	assert_non_null(w);
	w->n_open = count_open_files();
	tree_make(&w->tree);
	w->ctx.arena = w->diags.arena = bs_arena_new();
	w->ctx.diags = &w->diags;
	tree_bytes(&w->tree, "/outside", "outside", 7);
	tree_bytes(&w->tree, "/r/etc/secret", "inside", 6);
	tree_bytes(&w->tree, "/r/a/b/file", "file", 4);
	tree_dir(&w->tree, "/r/a/empty");
	assert_non_null(open_fs(w, tree_path(&w->tree, "/r"), "/"));
	*state = w;
	return 0;
}

static int end(void **state)
{
	struct world *w = *state;

	bs_fs_close(w->fs);
	assert_int_equal(count_open_files(), w->n_open);
	bs_arena_free(w->ctx.arena);
	tree_remove(&w->tree);
	free(w);
	return 0;
}

static const char *text_of(struct world *w, const char *path)
{
	size_t n;

	return bs_fs_read(w->fs, &w->ctx, path, &n);
}

#define assert_text(w, path, text)                                                                 \
	do {                                                                                       \
		const char *text_ = text_of((w), (path));                                          \
		assert_non_null(text_);                                                            \
		assert_string_equal(text_, (text));                                                \
	} while (0)

#define assert_error(w, path, error)                                                               \
	do {                                                                                       \
		errno = 0;                                                                         \
		assert_int_equal(bs_fs_open_file((w)->fs, (path)), -1);                            \
		assert_int_equal(errno, (error));                                                  \
	} while (0)

static void paths_stay_inside(void **state)
{
	struct world *w = *state;

	tree_link(&w->tree, "/r/abs", "/etc/secret");
	tree_link(&w->tree, "/r/a/up", "../../../../../etc/secret");
	tree_link(&w->tree, "/r/a/out", "../../outside");
	tree_link(&w->tree, "/r/a/slash", "/");
	tree_link(&w->tree, "/r/a/host", w->tree.root);
	assert_text(w, "/etc/secret", "inside");
	assert_text(w, "/abs", "inside");
	assert_text(w, "/a/up", "inside");
	assert_text(w, "/../../../etc/secret", "inside");
	assert_text(w, "../../../etc/secret", "inside");
	assert_text(w, "/a/slash/etc/secret", "inside");
	assert_text(w, "/a/slash/../../a/b/file", "file");
	assert_text(w, "/a/b/../../a/./b//file", "file");
	assert_error(w, "/a/out", ENOENT);
	assert_error(w, "/a/host/outside", ENOENT);
	assert_error(w, w->tree.root, ENOENT);
}

static void errors_are_the_kernels(void **state)
{
	struct world *w = *state;
	char component[NAME_MAX + 3], *path = calloc(PATH_MAX + 2, 1);

	tree_link(&w->tree, "/r/loop", "loop");
	tree_link(&w->tree, "/r/ping", "/pong");
	tree_link(&w->tree, "/r/pong", "ping");
	tree_link(&w->tree, "/r/dangling", "a/nothing");
	tree_link(&w->tree, "/r/dir", "a/");
	assert_error(w, "/loop", ELOOP);
	assert_error(w, "/ping", ELOOP);
	assert_error(w, "/loop/x", ELOOP);
	assert_error(w, "/dangling", ENOENT);
	assert_error(w, "/etc/secret/x", ENOTDIR);
	assert_error(w, "/etc/secret/", ENOTDIR);
	assert_error(w, "/etc/secret/.", ENOTDIR);
	assert_error(w, "/etc/secret/..", ENOTDIR);
	assert_error(w, "/nothing/../etc/secret", ENOENT);
	assert_error(w, "", ENOENT);
	component[0] = '/';
	memset(component + 1, 'x', NAME_MAX + 1);
	component[NAME_MAX + 2] = '\0';
	assert_error(w, component, ENAMETOOLONG);
	memset(path, '/', PATH_MAX);
	assert_error(w, path, ENAMETOOLONG);
	free(path);
	assert_text(w, "/dir/b/file", "file");
	assert_text(w, "/dir/./b/file", "file");
}

static void as_many_links_as_the_kernel_follows(void **state)
{
	struct world *w = *state;
	char name[16], target[16];

	tree_bytes(&w->tree, "/r/l0", "zero", 4);
	for (int i = 1; i <= 41; i++) {
		snprintf(name, sizeof name, "/r/l%d", i);
		snprintf(target, sizeof target, "l%d", i - 1);
		tree_link(&w->tree, name, target);
	}
	assert_text(w, "/l40", "zero");
	assert_error(w, "/l41", ELOOP);
}

static void relative_names_start_from_the_working_directory(void **state)
{
	struct world *w = *state;
	char root[128];

	snprintf(root, sizeof root, "%s/r", w->tree.root);
	assert_string_equal(bs_fs_cwd(w->fs), "/");
	assert_text(w, "a/b/file", "file");

	tree_link(&w->tree, "/r/short", "/a/b");
	assert_non_null(open_fs(w, root, "/short/"));
	assert_string_equal(bs_fs_cwd(w->fs), "/a/b");
	assert_text(w, "file", "file");
	assert_text(w, "./../b/file", "file");
	assert_text(w, "../../../../etc/secret", "inside");

	char before[PATH_MAX];

	assert_non_null(getcwd(before, sizeof before));
	assert_int_equal(chdir(tree_path(&w->tree, "/r/a")), 0);
	assert_non_null(open_fs(w, root, NULL));
	assert_string_equal(bs_fs_cwd(w->fs), "/a");
	assert_text(w, "b/file", "file");
	assert_non_null(open_fs(w, root, "b"));
	assert_string_equal(bs_fs_cwd(w->fs), "/a/b");
	assert_int_equal(chdir(w->tree.root), 0);
	assert_non_null(open_fs(w, root, NULL));
	assert_string_equal(bs_fs_cwd(w->fs), "/");
	/* "…/rest" begins with the text of the root "…/r", and lies outside. */
	tree_dir(&w->tree, "/rest");
	assert_int_equal(chdir(tree_path(&w->tree, "/rest")), 0);
	assert_non_null(open_fs(w, root, NULL));
	assert_string_equal(bs_fs_cwd(w->fs), "/");
	assert_int_equal(chdir(before), 0);
}

static void what_cannot_be_entered_is_a_diagnostic(void **state)
{
	struct world *w = *state;
	char root[128];

	snprintf(root, sizeof root, "%s/r", w->tree.root);
	assert_null(open_fs(w, "/nonexistent/root", NULL));
	assert_null(open_fs(w, root, "/nothing"));
	assert_null(open_fs(w, root, "/etc/secret"));
	assert_int_equal(w->diags.list.n, 3);
	assert_int_equal(w->diags.list.v[0].code, BS_DIAG_CANNOT_OPEN);
	assert_int_equal(w->diags.list.v[0].os_error, ENOENT);
	assert_int_equal(w->diags.list.v[2].os_error, ENOTDIR);
}

static void canonical_names_have_no_links(void **state)
{
	struct world *w = *state;
	char target[PATH_MAX];

	tree_link(&w->tree, "/r/bin", "a/b");
	tree_link(&w->tree, "/r/a/b/link", "/bin/../b/./file");
	assert_string_equal(bs_fs_canonical(w->fs, &w->ctx, "/bin/link"), "/a/b/file");
	assert_string_equal(bs_fs_canonical(w->fs, &w->ctx, "a//b/"), "/a/b");
	assert_string_equal(bs_fs_canonical(w->fs, &w->ctx, "/bin/../.."), "/");
	assert_null(bs_fs_canonical(w->fs, &w->ctx, "/bin/nothing"));
	assert_null(bs_fs_canonical(w->fs, &w->ctx, ""));

	assert_non_null(open_fs(w, NULL, tree_path(&w->tree, "/r/bin")));
	assert_non_null(realpath(tree_path(&w->tree, "/r/a/b/file"), target));
	assert_string_equal(bs_fs_canonical(w->fs, &w->ctx, "file"), target);
	assert_text(w, "file", "file");
	assert_text(w, "../b/file", "file");
}

static void fifos_do_not_block(void **state)
{
	struct world *w = *state;
	size_t n;

	assert_int_equal(mkfifo(tree_path(&w->tree, "/r/fifo"), 0666), 0);
	int fd = bs_fs_open_file(w->fs, "/fifo");

	assert_true(fd >= 0);
	close(fd);
	assert_null(bs_fs_read(w->fs, &w->ctx, "/fifo", &n));
	assert_int_equal(errno, EINVAL);
	assert_null(bs_fs_read(w->fs, &w->ctx, "/a", &n));
	assert_int_equal(errno, EISDIR);
}

static void directories_are_told_apart(void **state)
{
	struct world *w = *state;
	struct stat st;

	assert_true(bs_fs_is_directory(w->fs, "/"));
	assert_true(bs_fs_is_directory(w->fs, "a/empty/"));
	assert_false(bs_fs_is_directory(w->fs, "/a/b/file"));
	assert_false(bs_fs_is_directory(w->fs, "/nothing"));
	errno = EDOM;
	assert_int_equal(bs_fs_stat(w->fs, "/a/b/file", BS_FS_LOOK_FILE, &st), 0);
	assert_int_equal(errno, EDOM);
	assert_int_equal(st.st_size, 4);
}

static const char *seen_of(const struct world *w, enum bs_fs_look look, const char *path)
{
	const bs_fs_sights *sights = bs_fs_seen(w->fs);
	const char *seen = NULL;

	bs_vec_each (i, sights)
		if (sights->v[i].look == look && strcmp(sights->v[i].path, path) == 0)
			seen = sights->v[i].seen;
	return seen;
}

/* What was asked, and what was there at that time. */
static void what_is_asked_is_written_down(void **state)
{
	struct world *w = *state;
	bs_fs_entries entries = { 0 };
	struct stat st;

	bs_fs_watch(w->fs);
	close(bs_fs_open_file(w->fs, "/a/b/file"));
	assert_int_equal(bs_fs_stat(w->fs, "/a/b/file", BS_FS_LOOK_WHICH, &st), 0);
	assert_string_equal(seen_of(w, BS_FS_LOOK_WHICH, "/a/b/file"),
			    bs_fs_facts(w->ctx.arena, BS_FS_LOOK_WHICH, 0, &st));
	assert_string_equal(seen_of(w, BS_FS_LOOK_FILE, "/a/b/file"),
			    bs_fs_facts(w->ctx.arena, BS_FS_LOOK_FILE, 0, &st));
	assert_int_equal(bs_fs_open_file(w->fs, "/nothing"), -1);
	assert_int_equal(errno, ENOENT);
	assert_string_equal(seen_of(w, BS_FS_LOOK_FILE, "/nothing"), "-");
	assert_null(seen_of(w, BS_FS_LOOK_NAME, "."));
	assert_true(bs_fs_is_directory(w->fs, "a/b"));
	assert_string_equal(seen_of(w, BS_FS_LOOK_FILE, "a/b"), "d");
	assert_string_equal(seen_of(w, BS_FS_LOOK_NAME, "."), "/");
	bs_fs_list(w->fs, &w->ctx, "/a/b/file", &entries);
	assert_string_equal(seen_of(w, BS_FS_LOOK_LIST, "/a/b/file"), "-");
	assert_false(bs_fs_anybody_writes(w->fs, "/a/b"));
	assert_string_equal(seen_of(w, BS_FS_LOOK_WRITERS, "/a/b"), "o");
	assert_int_equal(chmod(tree_path(&w->tree, "/r/a/b"), 0777), 0);
	assert_true(bs_fs_anybody_writes(w->fs, "/a/b"));
	assert_string_equal(seen_of(w, BS_FS_LOOK_WRITERS, "/a/b"), "w");
	bs_fs_canonical(w->fs, &w->ctx, "/a/../a/b/file");
	assert_string_equal(seen_of(w, BS_FS_LOOK_NAME, "/a/../a/b/file"), "/a/b/file");
	assert_null(bs_fs_canonical(w->fs, &w->ctx, "/nothing"));
	assert_int_equal(errno, ENOENT);
	assert_string_equal(seen_of(w, BS_FS_LOOK_NAME, "/nothing"), "-");
}

static void files_are_read_whole(void **state)
{
	struct world *w = *state;
	size_t n = 1;
	char *big = malloc(100000);

	memset(big, 'x', 100000);
	tree_bytes(&w->tree, "/r/big", big, 100000);
	tree_bytes(&w->tree, "/r/none", "", 0);
	const char *text = bs_fs_read(w->fs, &w->ctx, "/big", &n);

	assert_int_equal(n, 100000);
	assert_memory_equal(text, big, 100000);
	assert_int_equal(text[n], 0);
	assert_string_equal(bs_fs_read(w->fs, &w->ctx, "/none", &n), "");
	assert_int_equal(n, 0);
	free(big);
	/* /proc says that its files are empty. */
	assert_non_null(open_fs(w, NULL, NULL));
	assert_non_null(bs_fs_read(w->fs, &w->ctx, "/proc/self/status", &n));
	assert_true(n > 100);
}

/* ---- two layers ---------------------------------------------------------------------------- */

/* /u lies over /r. */
static struct bs_fs *open_layers(struct world *w)
{
	char upper[128];

	snprintf(upper, sizeof upper, "%s", tree_path(&w->tree, "/u"));
	bs_fs_close(w->fs);
	w->fs = bs_fs_open_over(&w->ctx, upper, tree_path(&w->tree, "/r"), "/");
	assert_non_null(w->fs);
	return w->fs;
}

static void assert_reads(struct world *w, const char *path, const char *text)
{
	size_t n;
	const char *found = bs_fs_read(w->fs, &w->ctx, path, &n);

	if (!found)
		fail_msg("%s: %s", path, strerror(errno));
	assert_string_equal(found, text);
}

static void assert_fails(struct world *w, const char *path, int error)
{
	int fd = bs_fs_open_file(w->fs, path);

	assert_int_equal(fd, -1);
	assert_int_equal(errno, error);
}

static void the_upper_layer_wins(struct world *w)
{
	tree_bytes(&w->tree, "/u/a/b/file", "upper", 5);
	tree_bytes(&w->tree, "/u/a/own", "own", 3);
	tree_bytes(&w->tree, "/r/a/below", "below", 5);
	tree_bytes(&w->tree, "/u/hides", "file", 4);
	tree_bytes(&w->tree, "/r/hides/x", "x", 1);
	tree_bytes(&w->tree, "/u/opens/x", "x", 1);
	tree_bytes(&w->tree, "/r/opens", "file", 4);
	open_layers(w);
	assert_reads(w, "/a/b/file", "upper");
	assert_reads(w, "/a/own", "own");
	assert_reads(w, "/a/below", "below");
	assert_reads(w, "/a/b/../below", "below");
	assert_reads(w, "/etc/secret", "inside");
	assert_reads(w, "/hides", "file");
	assert_fails(w, "/hides/x", ENOTDIR);
	assert_reads(w, "/opens/x", "x");
	assert_fails(w, "/a/none", ENOENT);
	assert_true(bs_fs_is_directory(w->fs, "/a/empty"));
	assert_true(bs_fs_is_upper(w->fs, "/a/own"));
	assert_true(bs_fs_is_upper(w->fs, "/a/b/file"));
	assert_false(bs_fs_is_upper(w->fs, "/a/below"));
	assert_false(bs_fs_is_upper(w->fs, "/a/none"));
}

static void links_lead_through_both_layers(struct world *w)
{
	tree_bytes(&w->tree, "/r/usr/lib/below", "below", 5);
	tree_bytes(&w->tree, "/u/usr/lib/own", "own", 3);
	tree_link(&w->tree, "/r/lib", "usr/lib");
	tree_link(&w->tree, "/u/up", "/usr/lib/below");
	tree_link(&w->tree, "/r/down", "../usr/./lib/own");
	tree_link(&w->tree, "/r/both", "a");
	tree_link(&w->tree, "/u/both", "usr/lib");
	tree_link(&w->tree, "/r/out", "../../outside");
	tree_link(&w->tree, "/u/out-too", "../outside");
	tree_link(&w->tree, "/u/one", "/two");
	tree_link(&w->tree, "/r/two", "/one");
	tree_bytes(&w->tree, "/u/plain", "plain", 5);
	tree_link(&w->tree, "/r/plain", "/etc/secret");
	tree_link(&w->tree, "/u/linked", "/etc/secret");
	tree_bytes(&w->tree, "/r/linked", "plain", 5);
	open_layers(w);
	assert_reads(w, "/lib/below", "below");
	assert_reads(w, "/lib/own", "own");
	assert_reads(w, "/lib/../lib/own", "own");
	assert_reads(w, "/up", "below");
	assert_reads(w, "/down", "own");
	assert_reads(w, "/both/own", "own");
	assert_fails(w, "/both/b", ENOENT);
	assert_fails(w, "/out", ENOENT);
	assert_fails(w, "/out-too", ENOENT);
	assert_fails(w, "/one", ELOOP);
	assert_reads(w, "/plain", "plain");
	assert_reads(w, "/linked", "inside");
	assert_string_equal(bs_fs_canonical(w->fs, &w->ctx, "/lib/own"), "/usr/lib/own");
	assert_string_equal(bs_fs_canonical(w->fs, &w->ctx, "/down"), "/usr/lib/own");
	assert_true(bs_fs_is_upper(w->fs, "/lib/own"));
	assert_false(bs_fs_is_upper(w->fs, "/lib/below"));
	/* What is known of a link is where it leads. */
	assert_false(bs_fs_is_upper(w->fs, "/up"));
}

static void layers_are_listed_as_one(struct world *w)
{
	bs_fs_entries entries = { 0 };
	static const struct bs_fs_entry expected[] = {
		{ "both", BS_FS_LINK },
		{ "deep", BS_FS_DIRECTORY },
		{ "lower", BS_FS_FILE },
		{ "upper", BS_FS_FILE },
	};

	tree_bytes(&w->tree, "/u/d/upper", "", 0);
	tree_link(&w->tree, "/u/d/both", "upper");
	tree_bytes(&w->tree, "/r/d/both", "", 0);
	tree_bytes(&w->tree, "/r/d/lower", "", 0);
	tree_dir(&w->tree, "/r/d/deep");
	open_layers(w);
	bs_fs_list(w->fs, &w->ctx, "/d/../d", &entries);
	assert_int_equal(entries.n, 4);
	bs_vec_each (i, &entries) {
		assert_string_equal(entries.v[i].name, expected[i].name);
		assert_int_equal(entries.v[i].kind, expected[i].kind);
	}
	entries.n = 0;
	bs_fs_list(w->fs, &w->ctx, "/d/upper", &entries);
	assert_int_equal(entries.n, 0);
}

/* The kernel has no part in it: once is enough. */
static void two_layers(void **state)
{
	struct world *w = *state;

	if (!own_resolver)
		return;
	the_upper_layer_wins(w);
	links_lead_through_both_layers(w);
	layers_are_listed_as_one(w);
}

static int let_the_kernel_resolve(void **state)
{
	(void)state;
	own_resolver = false;
	return 0;
}

static int resolve_ourselves(void **state)
{
	(void)state;
	own_resolver = true;
	return 0;
}

#define in_a_world(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_a_world(paths_stay_inside),
		in_a_world(errors_are_the_kernels),
		in_a_world(as_many_links_as_the_kernel_follows),
		in_a_world(relative_names_start_from_the_working_directory),
		in_a_world(what_cannot_be_entered_is_a_diagnostic),
		in_a_world(canonical_names_have_no_links),
		in_a_world(fifos_do_not_block),
		in_a_world(directories_are_told_apart),
		in_a_world(what_is_asked_is_written_down),
		in_a_world(files_are_read_whole),
		in_a_world(two_layers),
	};
	int failures = cmocka_run_group_tests_name("kernel", tests, let_the_kernel_resolve, NULL);

	return failures +
	       cmocka_run_group_tests_name("own resolver", tests, resolve_ourselves, NULL);
}
