/* SPDX-License-Identifier: MIT */
/*
 * A root cannot be left. Random trees of links are looked up in three ways, which must agree: by
 * openat2(2), component by component, and by a process for which the root is "/". Then somebody
 * moves things about while they are looked up.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "search/search-priv.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { N_TREES = 30, N_ENTRIES = 60, N_LOOKUPS = 150, N_RACES = 4000, MOST_TEXT = 512 };

static const char outside[] = "OUTSIDE";

static uint64_t seed;

static unsigned below(unsigned n)
{
	seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (unsigned)(seed >> 33) % n;
}

/* ---- a tree ---------------------------------------------------------------------------------- */

struct tree {
	char top[64], root[80]; /* TOP/root, which is the simulated one; TOP has more */
};

static void write_file(int at, const char *path, const char *text)
{
	int fd = openat(at, path, O_WRONLY | O_CREAT | O_EXCL, 0644);

	if (fd < 0)
		return;
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static const char *const words[] = { "a", "b", "c", "d", "file", "secret", "..", "..", ".", "" };

enum { N_WORDS = sizeof words / sizeof *words, N_NAMES = 6 };

/* A path of a few components, with whatever a link or a request may have in it. */
static void make_path(char *to, const struct tree *tree)
{
	unsigned n = 1 + below(5);

	*to = '\0';
	if (below(25) == 0)
		to = stpcpy(to, tree->top);
	if (below(2))
		to = stpcpy(to, "/");
	if (below(15) == 0)
		to = stpcpy(to, "../../../../../../..");
	for (unsigned i = 0; i < n; i++) {
		to = stpcpy(to, words[below(N_WORDS)]);
		if (i + 1 < n || below(12) == 0)
			to = stpcpy(to, "/");
	}
}

/* No directory of PATH is a link. */
static bool is_inside(int root, const char *path)
{
	char prefix[MOST_TEXT];
	struct stat st;

	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		snprintf(prefix, sizeof prefix, "%.*s", (int)(slash - path), path);
		if (fstatat(root, prefix, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISDIR(st.st_mode))
			return false;
	}
	return true;
}

static void make_tree(struct tree *tree)
{
	char path[MOST_TEXT], target[MOST_TEXT], text[MOST_TEXT];

	snprintf(tree->top, sizeof tree->top, "/tmp/bindsim-root-XXXXXX");
	assert_non_null(mkdtemp(tree->top));
	snprintf(tree->root, sizeof tree->root, "%s/root", tree->top);
	assert_int_equal(mkdir(tree->root, 0755), 0);
	int top = open(tree->top, O_RDONLY | O_DIRECTORY),
	    root = open(tree->root, O_RDONLY | O_DIRECTORY);

	/* What a wrong way would come to. */
	for (unsigned i = 0; i < N_NAMES; i++)
		write_file(top, words[i], outside);
	for (unsigned i = 0; i < N_ENTRIES; i++) {
		char *to = path;

		for (unsigned depth = below(4); depth; depth--)
			to += sprintf(to, "%s/", words[below(4)]);
		sprintf(to, "%s", words[below(N_NAMES)]);
		/* Links that lead out lead the maker out, too. */
		if (!is_inside(root, path))
			continue;
		switch (below(3)) {
		case 0:
			mkdirat(root, path, 0755);
			break;
		case 1:
			sprintf(text, "inside %u", i);
			write_file(root, path, text);
			break;
		default:
			make_path(target, tree);
			if (*target)
				symlinkat(target, root, path);
			break;
		}
	}
	close(top);
	close(root);
}

static void remove_tree(const struct tree *tree)
{
	char command[128];

	snprintf(command, sizeof command, "rm -rf %s", tree->top);
	assert_int_equal(system(command), 0);
}

/* ---- what there is at a path ------------------------------------------------------------------
 */

struct found {
	int error;
	mode_t kind;
	char text[32]; /* of a file */
	char canonical[MOST_TEXT];
};

static void look(int fd, struct found *ret)
{
	struct stat st;

	ret->error = fd < 0 ? errno : 0;
	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0)
		ret->kind = st.st_mode & S_IFMT;
	if (S_ISREG(ret->kind)) {
		ssize_t n = read(fd, ret->text, sizeof ret->text - 1);

		ret->text[n > 0 ? n : 0] = '\0';
	}
	close(fd);
}

/* The process that takes paths, each ended by a NUL, and knows no other root. */
struct oracle {
	pid_t pid;
	FILE *to, *from;
};

_Noreturn static void be_oracle(const struct tree *tree, int in, int out)
{
	FILE *paths = fdopen(in, "r");
	char *path = NULL, real[PATH_MAX];
	size_t room = 0;

	if (chdir(tree->root) != 0 ||
	    (chroot(".") != 0 && (unshare(CLONE_NEWUSER) != 0 || chroot(".") != 0)))
		_exit(1);
	while (getdelim(&path, &room, '\0', paths) > 0) {
		struct found found = { 0 };

		look(open(path, O_RDONLY | O_NONBLOCK), &found);
		if (realpath(path, real) && strlen(real) < MOST_TEXT)
			strcpy(found.canonical, real);
		if (write(out, &found, sizeof found) != (ssize_t)sizeof found)
			break;
	}
	_exit(0);
}

static struct oracle ask_process(const struct tree *tree)
{
	struct oracle oracle;
	int to[2], from[2];

	assert_int_equal(pipe(to), 0);
	assert_int_equal(pipe(from), 0);
	oracle.pid = fork();
	if (oracle.pid == 0) {
		close(to[1]);
		close(from[0]);
		be_oracle(tree, to[0], from[1]);
	}
	close(to[0]);
	close(from[1]);
	oracle.to = fdopen(to[1], "w");
	oracle.from = fdopen(from[0], "r");
	return oracle;
}

/* False: there is none to be had. */
static bool ask(struct oracle *oracle, const char *path, struct found *ret)
{
	fwrite(path, 1, strlen(path) + 1, oracle->to);
	return fflush(oracle->to) == 0 && fread(ret, sizeof *ret, 1, oracle->from) == 1;
}

static void end_oracle(struct oracle *oracle)
{
	fclose(oracle->to);
	fclose(oracle->from);
	waitpid(oracle->pid, NULL, 0);
}

/* ---- the three ways ---------------------------------------------------------------------------
 */

struct view {
	struct bs_diags diags;
	struct bs_ctx ctx;
	struct bs_fs *fs;
};

static void begin_view(struct view *view, const struct tree *tree, bool own)
{
	*view = (struct view){ 0 };
	view->ctx.arena = view->diags.arena = bs_arena_new();
	view->ctx.names = bs_names_new(view->ctx.arena);
	view->ctx.diags = &view->diags;
	view->fs = bs_fs_open_with(&view->ctx, tree->root, "/", own);
	assert_non_null(view->fs);
}

static void end_view(struct view *view)
{
	bs_fs_close(view->fs);
	bs_arena_free(view->ctx.arena);
}

static void see(const struct view *view, const char *path, struct found *ret)
{
	*ret = (struct found){ 0 };
	look(bs_fs_open_file(view->fs, path), ret);
	const char *canonical = bs_fs_canonical(view->fs, &view->ctx, path);

	if (canonical && strlen(canonical) < MOST_TEXT)
		strcpy(ret->canonical, canonical);
}

static void assert_same(const struct found *a, const struct found *b, const char *path,
			const char *who)
{
	if (a->error == b->error && a->kind == b->kind && strcmp(a->text, b->text) == 0 &&
	    strcmp(a->canonical, b->canonical) == 0)
		return;
	print_error("%s, %s: %s %o \"%s\" %s, not %s %o \"%s\" %s\n", path, who, strerror(a->error),
		    a->kind, a->text, a->canonical, strerror(b->error), b->kind, b->text,
		    b->canonical);
	fail();
}

static void three_ways_agree(void **state)
{
	unsigned n = 0, n_found = 0;

	(void)state;
	for (unsigned t = 0; t < N_TREES; t++) {
		struct tree tree;
		struct view kernel, own;
		struct oracle oracle;

		seed = t + 1;
		make_tree(&tree);
		begin_view(&kernel, &tree, false);
		begin_view(&own, &tree, true);
		oracle = ask_process(&tree);
		for (unsigned i = 0; i < N_LOOKUPS; i++) {
			struct found by_kernel, by_own, real;
			char path[MOST_TEXT];

			make_path(path, &tree);
			if (!ask(&oracle, path, &real)) {
				end_oracle(&oracle);
				end_view(&kernel);
				end_view(&own);
				remove_tree(&tree);
				skip();
			}
			see(&kernel, path, &by_kernel);
			see(&own, path, &by_own);
			assert_same(&by_own, &real, path, "by components");
			if (kernel.fs->kernel_resolves)
				assert_same(&by_kernel, &real, path, "by openat2(2)");
			assert_string_not_equal(real.text, outside);
			n++;
			n_found += !real.error;
		}
		end_oracle(&oracle);
		end_view(&kernel);
		end_view(&own);
		remove_tree(&tree);
	}
	print_message("%u lookups, %u of which find something\n", n, n_found);
	assert_true(n_found > n / 10);
}

/* ---- somebody moves things about ---------------------------------------------------------------
 */

struct mover {
	const struct tree *tree;
	int top, root;
	bool is_over; /* atomic */
	unsigned n_moves;
};

#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE (1 << 1)
#endif

static void *move_about(void *data)
{
	struct mover *m = data;

	while (!__atomic_load_n(&m->is_over, __ATOMIC_RELAXED)) {
		/* A directory and a link that leads out, by name and from where it lies. */
		renameat2(m->root, "a", m->root, "up", RENAME_EXCHANGE);
		renameat2(m->root, "d", m->root, "away", RENAME_EXCHANGE);
		/* A directory that is in use leaves the root: what is its parent then? */
		renameat(m->root, "b/c", m->top, "c");
		renameat(m->top, "c", m->root, "b/c");
		m->n_moves++;
	}
	return NULL;
}

static void make_racing_tree(struct tree *tree, struct mover *m)
{
	static const char *const directories[] = { "a", "b", "b/c", "d" };

	snprintf(tree->top, sizeof tree->top, "/tmp/bindsim-root-XXXXXX");
	assert_non_null(mkdtemp(tree->top));
	snprintf(tree->root, sizeof tree->root, "%s/root", tree->top);
	assert_int_equal(mkdir(tree->root, 0755), 0);
	*m = (struct mover){ .tree = tree };
	m->top = open(tree->top, O_RDONLY | O_DIRECTORY);
	m->root = open(tree->root, O_RDONLY | O_DIRECTORY);
	for (size_t i = 0; i < sizeof directories / sizeof *directories; i++)
		assert_int_equal(mkdirat(m->root, directories[i], 0755), 0);
	mkdirat(m->top, "x", 0755);
	for (unsigned i = 0; i < N_NAMES; i++)
		write_file(m->top, words[i], outside);
	write_file(m->top, "x/secret", outside);
	write_file(m->root, "a/secret", "inside");
	write_file(m->root, "d/secret", "inside");
	write_file(m->root, "b/c/file", "inside");
	write_file(m->root, "b/secret", "inside");
	write_file(m->root, "secret", "inside");
	assert_int_equal(symlinkat("../x", m->root, "up"), 0);
	char away[MOST_TEXT];

	snprintf(away, sizeof away, "%s/x", tree->top);
	assert_int_equal(symlinkat(away, m->root, "away"), 0);
}

static void race(bool own)
{
	static const char *const paths[] = { "/a/secret",
					     "/d/secret",
					     "/b/c/../secret",
					     "/b/c/../../secret",
					     "/b/c/../../../secret",
					     "/b/c/file",
					     "/a/../secret",
					     "/d/../../x/secret",
					     "/up/secret" };
	struct tree tree;
	struct mover m;
	struct view view;
	pthread_t thread;
	unsigned n_found = 0;

	make_racing_tree(&tree, &m);
	begin_view(&view, &tree, own);
	assert_int_equal(pthread_create(&thread, NULL, move_about, &m), 0);
	for (unsigned i = 0; i < N_RACES; i++) {
		struct found found;

		see(&view, paths[i % (sizeof paths / sizeof *paths)], &found);
		assert_string_not_equal(found.text, outside);
		n_found += !found.error;
	}
	__atomic_store_n(&m.is_over, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	print_message("%u of %u lookups find something, things are moved %u times\n", n_found,
		      N_RACES, m.n_moves);
	assert_true(n_found > 0);
	end_view(&view);
	close(m.top);
	close(m.root);
	remove_tree(&tree);
}

static void the_kernel_is_not_led_out(void **state)
{
	(void)state;
	race(false);
}

static void nor_are_we(void **state)
{
	(void)state;
	race(true);
}

/* ---- magic links
 * --------------------------------------------------------------------------------- */

static void magic_links_are_refused(void **state)
{
	static const char *const magic[] = { "/proc/self/root", "/proc/self/cwd/x",
					     "/proc/self/exe", "/proc/self/root/etc/passwd",
					     "/proc/self/ns/mnt" };
	static const char *const ordinary[] = { "/proc/self/status", "/proc/mounts", "/proc/self" };
	const struct tree host = { .root = "/" };

	(void)state;
	if (access("/proc/self/status", R_OK) != 0)
		skip();
	for (int own = 0; own < 2; own++) {
		struct view view;

		begin_view(&view, &host, own);
		for (size_t i = 0; i < sizeof magic / sizeof *magic; i++) {
			assert_int_equal(bs_fs_open_file(view.fs, magic[i]), -1);
			assert_int_equal(errno, EXDEV);
		}
		for (size_t i = 0; i < sizeof ordinary / sizeof *ordinary; i++) {
			int fd = bs_fs_open_file(view.fs, ordinary[i]);

			assert_true(fd >= 0);
			close(fd);
		}
		end_view(&view);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_ways_agree),
		cmocka_unit_test(the_kernel_is_not_led_out),
		cmocka_unit_test(nor_are_we),
		cmocka_unit_test(magic_links_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
