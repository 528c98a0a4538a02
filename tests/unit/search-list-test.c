/* SPDX-License-Identifier: MIT */
/* Lists of directories: their text, what is known of each directory, subdirectories and tokens. */
#include "search-tree.h"

#include <errno.h>

static const struct bs_image plain = { 0 };

static void elements_of_a_list(void **state)
{
	struct loader *l = *state;
	const struct bs_image with_rpath = { .rpath = "/a///:/a:/a/./:/b;/c:rel/" };
	struct bs_requester main = requester(MAIN, "", &with_rpath);

	tree_dir(&l->tree, "/a");
	tree_dir(&l->tree, "/c");
	tree_file(&l->tree, "/libx.so", SIZE_TAKE);
	l->setup.library_path = "/c;;:/c//;";
	loader_start(l, &main);
	assert_string_equal(search_by_main(l, &main, "libx.so"), "libx.so");
	assert_log(l, "find libx.so\n"
		      " path /a:/a/.:/b;/c:rel (RPATH of main)\n"
		      "  try /a/libx.so\n"
		      "  try /a/./libx.so\n"
		      "  try /b;/c/libx.so\n"
		      "  try rel/libx.so\n"
		      " path /c: (LD_LIBRARY_PATH)\n"
		      "  try /c/libx.so\n"
		      "  try libx.so\n");
}

static void a_list_that_is_empty_text(void **state)
{
	struct loader *l = *state;
	const struct bs_image with_runpath = { .rpath = "/rpath", .runpath = "" };
	struct bs_requester main = requester(MAIN, "", &with_runpath);

	tree_file(&l->tree, "/rpath/libx.so", SIZE_TAKE);
	tree_file(&l->tree, "/libx.so", SIZE_TAKE);
	l->setup.library_path = "";
	loader_start(l, &main);
	/* An empty DT_RUNPATH searches nothing and still switches DT_RPATH off. */
	assert_null(search_by_main(l, &main, "libx.so"));
	assert_log(l, "find libx.so\n"
		      " path /lib:/usr/lib (system search path)\n"
		      "  try /lib/libx.so\n"
		      "  try /usr/lib/libx.so\n");
}

/* ---- what is known of directories ------------------------------------------------------------ */

static void a_directory_belongs_to_who_named_it_first(void **state)
{
	struct loader *l = *state;
	const struct bs_image with_runpath = { .runpath = "/d:/e" };
	const struct bs_image with_rpath = { .rpath = "/lib:/d:/f" };
	struct bs_requester main = requester(MAIN, "", &with_runpath);
	struct bs_requester library = requester(LIBRARY, "/lib/libl.so", &with_rpath);
	struct bs_request request = ask("libx.so", &library, 1, &main);

	tree_dir(&l->tree, "/d");
	tree_dir(&l->tree, "/f");
	l->setup.library_path = "/e:/d:/lib";
	loader_start(l, &main);
	assert_null(loader_search(l, &request));
	assert_log(l, "find libx.so\n"
		      " path /lib (system search path)\n"
		      "  try /lib/libx.so\n"
		      " path /d (RUNPATH of main)\n"
		      "  try /d/libx.so\n"
		      " path /f (RPATH of /lib/libl.so)\n"
		      "  try /f/libx.so\n"
		      " path /e:/d (RUNPATH of main)\n"
		      "  try /e/libx.so\n"
		      "  try /d/libx.so\n"
		      " path  (system search path)\n"
		      " path /usr/lib (system search path)\n"
		      "  try /usr/lib/libx.so\n");
}

static void lists_without_directories_are_dropped(void **state)
{
	struct loader *l = *state;
	const struct bs_image with_rpath = { .rpath = "/no/a:/no/b" };
	struct bs_requester main = requester(MAIN, "", &with_rpath);

	l->setup.library_path = "/no/env";
	loader_start(l, &main);
	assert_null(search_by_main(l, &main, "libx.so"));
	loader_forget(l);
	assert_null(search_by_main(l, &main, "libx.so"));
	assert_log(l, "find libx.so\n"
		      " path  (LD_LIBRARY_PATH)\n"
		      " path  (system search path)\n");
}

static void a_missing_directory_is_asked_once(void **state)
{
	struct loader *l = *state;
	struct bs_requester main = requester(MAIN, "", &plain);

	l->setup.library_path = "/late:relative:/file";
	tree_file(&l->tree, "/file", SIZE_TAKE);
	loader_start(l, &main);
	assert_null(search_by_main(l, &main, "libx.so"));
	tree_file(&l->tree, "/late/libx.so", SIZE_TAKE);
	tree_file(&l->tree, "/relative/libx.so", SIZE_TAKE);
	loader_forget(l);
	assert_string_equal(search_by_main(l, &main, "libx.so"), "relative/libx.so");
	assert_log(l, "find libx.so\n"
		      " path relative (LD_LIBRARY_PATH)\n"
		      "  try relative/libx.so\n");
}

static void the_root_directory_in_a_list(void **state)
{
	struct loader *l = *state;
	struct bs_requester main = requester(MAIN, "", &plain);

	l->setup.library_path = "///";
	l->policy.keeps_root_dir = true;
	loader_start(l, &main);
	assert_null(search_by_main(l, &main, "libx.so"));
	loader_forget(l);
	assert_null(search_by_main(l, &main, "liby.so"));
	assert_log(l, "find liby.so\n"
		      " path / (LD_LIBRARY_PATH)\n"
		      "  try /liby.so\n"
		      " path  (system search path)\n");
	/* Up to glibc 2.37 the question is for "" and the answer is no. */
	l->policy.keeps_root_dir = false;
	loader_start(l, &main);
	assert_null(search_by_main(l, &main, "libx.so"));
	loader_forget(l);
	assert_null(search_by_main(l, &main, "liby.so"));
	assert_log(l, "find liby.so\n"
		      " path  (LD_LIBRARY_PATH)\n"
		      " path  (system search path)\n");
}

static void errors_that_end_a_list(void **state)
{
	struct loader *l = *state;
	struct bs_requester main = requester(MAIN, "", &plain);

	tree_link(&l->tree, "/loop/libx.so", "libx.so");
	tree_file(&l->tree, "/next/libx.so", SIZE_TAKE);
	tree_file(&l->tree, "/file", SIZE_TAKE);
	l->setup.library_path = "/loop:/next";
	loader_start(l, &main);
	assert_null(search_by_main(l, &main, "libx.so"));
	/* Nothing is known of the default directories, which are searched all the same. */
	assert_log(l, "find libx.so\n"
		      " path /loop:/next (LD_LIBRARY_PATH)\n"
		      "  try /loop/libx.so\n"
		      " path /lib:/usr/lib (system search path)\n"
		      "  try /lib/libx.so\n"
		      "  try /usr/lib/libx.so\n");

	/* An absolute file is a directory that does not exist. */
	l->setup.library_path = "/file:/next";
	loader_start(l, &main);
	assert_string_equal(search_by_main(l, &main, "libx.so"), "/next/libx.so");
	l->setup.library_path = "file:/next";
	loader_start(l, &main);
	assert_null(search_by_main(l, &main, "libx.so"));
	l->policy.enotdir_goes_on = true;
	assert_string_equal(search_by_main(l, &main, "libx.so"), "/next/libx.so");
}

static void names_of_which_rpath_is_inhibited(void **state)
{
	static const struct {
		const char *list, *name;
		bool inhibited;
	} cases[] = {
		{ "", "", true },
		{ "", "/l", false },
		{ "/a:/l", "/l", true },
		{ "/l:/a", "/l", true },
		{ "/ll:/a", "/l", false },
		{ "/l", "/ll", false },
		{ ":/l", "", true },
		{ "/l::/a", "", true },
		/* The loader stops at the end of the text before it looks at the last element. */
		{ "/l:", "", false },
	};
	struct loader *l = *state;
	const struct bs_image with_rpath = { .rpath = "/rpath" };

	tree_file(&l->tree, "/rpath/libx.so", SIZE_TAKE);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct bs_requester asker = requester(LIBRARY, cases[i].name, &with_rpath);
		struct bs_request request = ask("libx.so", &asker, 1, NULL);

		l->setup.inhibit_rpath = cases[i].list;
		loader_start(l, NULL);
		assert_int_equal(loader_search(l, &request) == NULL, cases[i].inhibited);
	}
	l->setup.secure = true;
	l->setup.inhibit_rpath = "";
	struct bs_requester main = requester(MAIN, "", &with_rpath);

	loader_start(l, &main);
	assert_string_equal(search_by_main(l, &main, "libx.so"), "/rpath/libx.so");
}

/* ---- subdirectories -------------------------------------------------------------------------- */

static void glibc_hwcaps_come_first(void **state)
{
	static const char *const levels[] = { "x86-64-v3", "x86-64-v2", NULL };
	struct loader *l = *state;
	struct bs_requester main = requester(MAIN, "", &plain);

	l->setup.hwcaps_levels = levels;
	l->setup.hwcaps_prepend = "::mine::yours:";
	l->setup.library_path = "/d:";
	tree_file(&l->tree, "/d/libx.so", SIZE_TAKE);
	tree_dir(&l->tree, "/d/glibc-hwcaps/mine");
	loader_start(l, &main);
	assert_string_equal(search_by_main(l, &main, "libx.so"), "/d/libx.so");
	loader_forget(l);
	/* Only what is there is tried again; relative directories always are. */
	assert_null(search_by_main(l, &main, "glibc"));
	assert_log_starts(l, "find glibc\n"
			     " path /d/glibc-hwcaps/mine:/d:glibc-hwcaps/mine:glibc-hwcaps/yours:"
			     "glibc-hwcaps/x86-64-v3:glibc-hwcaps/x86-64-v2: (LD_LIBRARY_PATH)\n"
			     "  try /d/glibc-hwcaps/mine/glibc\n"
			     "  try /d/glibc\n"
			     "  try glibc-hwcaps/mine/glibc\n");
	tree_file(&l->tree, "/d/glibc-hwcaps/mine/libx.so", SIZE_TAKE);
	assert_string_equal(search_by_main(l, &main, "libx.so"), "/d/glibc-hwcaps/mine/libx.so");

	l->setup.library_path = "/d";
	l->setup.hwcaps_prepend = "mine";
	l->setup.hwcaps_mask = "x86-64-v2:mine";
	loader_start(l, &main);
	loader_forget(l);
	search_by_main(l, &main, "liby.so");
	assert_log_starts(
		l, "find liby.so\n path /d/glibc-hwcaps/mine:/d/glibc-hwcaps/x86-64-v2:/d (L");
	/* A mask without names lets nothing pass, and does not concern what is prepended. */
	l->setup.hwcaps_mask = "";
	loader_start(l, &main);
	loader_forget(l);
	search_by_main(l, &main, "liby.so");
	assert_log_starts(l, "find liby.so\n path /d/glibc-hwcaps/mine:/d (L");
}

static void the_legacy_power_set(void **state)
{
	static const char *const names[] = { "sse2", NULL };
	struct loader *l = *state;
	const struct bs_image with_rpath = { .rpath = "/d:/" };
	struct bs_requester main = requester(MAIN, "", &with_rpath);

	l->policy.legacy_hwcaps = true;
	l->setup.legacy_names = names;
	l->setup.platform = "i686";
	tree_file(&l->tree, "/d/tls/libx.so", SIZE_TAKE);
	loader_start(l, &main);
	assert_string_equal(search_by_main(l, &main, "libx.so"), "/d/tls/libx.so");
	assert_log(l, "find libx.so\n"
		      " path /d/tls/i686/sse2:/d/tls/i686:/d/tls/sse2:/d/tls:/d/i686/sse2:/d/i686:"
		      "/d/sse2:/d:/tls/i686/sse2:/tls/i686:/tls/sse2:/tls:/i686/sse2:/i686:/sse2:/ "
		      "(RPATH of main)\n"
		      "  try /d/tls/i686/sse2/libx.so\n"
		      "  try /d/tls/i686/libx.so\n"
		      "  try /d/tls/sse2/libx.so\n"
		      "  try /d/tls/libx.so\n");
	l->setup.platform = NULL;
	l->setup.legacy_names = NULL;
	loader_start(l, &main);
	assert_string_equal(search_by_main(l, &main, "libx.so"), "/d/tls/libx.so");
	assert_log_starts(l, "find libx.so\n path /d/tls:/d:/tls:/ (");
}

/* ---- tokens ---------------------------------------------------------------------------------- */

static void tokens_are_replaced(void **state)
{
	static const struct {
		const char *text, *expanded;
		bool has;
	} cases[] = {
		{ "/plain/path", "/plain/path", false },
		{ "$ORIGIN", "/bin", true },
		{ "${ORIGIN}/../lib", "/bin/../lib", true },
		{ "/x/$LIB/${PLATFORM}", "/x/lib64/x86_64", true },
		{ "$LIB:$LIB", "lib64:lib64", true },
		{ "$ORIGINAL", "$ORIGINAL", false },
		{ "$ORIGIN_", "$ORIGIN_", false },
		{ "$ORIGIN-x", "/bin-x", true },
		{ "${ORIGIN", "${ORIGIN", false },
		{ "${ORIGINAL}", "${ORIGINAL}", false },
		{ "${LIB}64", "lib6464", true },
		{ "$lib/$", "$lib/$", false },
		{ "$$LIB$", "$lib64$", true },
		{ "$HOME/$LIB", "$HOME/lib64", true },
		{ "", "", false },
	};
	struct loader *l = *state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *text = bs_expand(&l->setup, &l->ctx, cases[i].text, "/bin", false);

		assert_string_equal(text, cases[i].expanded);
		assert_int_equal(bs_has_tokens(&l->setup, cases[i].text), cases[i].has);
		if (!cases[i].has)
			assert_ptr_equal(text, cases[i].text);
	}
	l->setup.platform = NULL;
	assert_string_equal(bs_expand(&l->setup, &l->ctx, "/x/$PLATFORM/y", "/bin", false), "");
	assert_string_equal(bs_expand(&l->setup, &l->ctx, "/x/$ORIGIN", NULL, false), "");
}

static void tokens_of_a_secure_program(void **state)
{
	static const struct {
		const char *text, *origin, *of_library, *of_executable;
	} cases[] = {
		{ "$ORIGIN", "/bin", "/bin", "" },
		{ "$ORIGIN/../lib", "/usr/bin", "/usr/bin/../lib", "/usr/bin/../lib" },
		{ "$ORIGIN/..//./lib/x", "/usr/bin", "/usr/bin/..//./lib/x",
		  "/usr/bin/..//./lib/x" },
		{ "$ORIGIN/../../lib", "/usr", "/usr/../../lib", "/usr/../../lib" },
		{ "$ORIGIN/../library", "/usr/bin", "/usr/bin/../library", "" },
		{ "$ORIGIN/lib/..", "/usr", "/usr/lib/..", "" },
		{ "/lib/$ORIGIN", "/bin", "", "" },
		{ "${ORIGIN}", "/lib", "/lib", "/lib" },
		{ "$ORIGIN-x", "/lib", "", "" },
		{ "/tmp/$LIB", "/bin", "/tmp/lib64", "/tmp/lib64" },
	};
	struct loader *l = *state;

	l->setup.secure = true;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_string_equal(
			bs_expand(&l->setup, &l->ctx, cases[i].text, cases[i].origin, false),
			cases[i].of_library);
		assert_string_equal(
			bs_expand(&l->setup, &l->ctx, cases[i].text, cases[i].origin, true),
			cases[i].of_executable);
	}
}

static void tokens_in_lists(void **state)
{
	struct loader *l = *state;
	const struct bs_image with_runpath = { .runpath = "$ORIGIN/../opt/$LIB:$ORIGIN/../bin" };
	struct bs_requester main = requester(MAIN, "", &plain);
	struct bs_requester library = requester(LIBRARY, "/lib/libl.so", &with_runpath);
	struct bs_request request = ask("libx.so", &library, 1, &main);

	library.origin = "/lib";
	l->setup.platform = NULL;
	l->setup.library_path = "$ORIGIN/here:/x/$PLATFORM";
	tree_dir(&l->tree, "/lib");
	tree_file(&l->tree, "/opt/lib64/libx.so", SIZE_TAKE);
	loader_start(l, &main);
	assert_string_equal(loader_search(l, &request), "/lib/../opt/lib64/libx.so");
	assert_log(l, "find libx.so\n"
		      " path /bin/here (LD_LIBRARY_PATH)\n"
		      "  try /bin/here/libx.so\n"
		      " path /lib/../opt/lib64:/lib/../bin (RUNPATH of /lib/libl.so)\n"
		      "  try /lib/../opt/lib64/libx.so\n");
}

static void origins(void **state)
{
	struct loader *l = *state;
	struct bs_fs *fs;

	tree_dir(&l->tree, "/work");
	assert_string_equal(bs_origin_of(l->fs, &l->ctx, "/usr/lib/libx.so"), "/usr/lib");
	assert_string_equal(bs_origin_of(l->fs, &l->ctx, "/libx.so"), "/");
	assert_string_equal(bs_origin_of(l->fs, &l->ctx, "libx.so"), "/");
	fs = bs_fs_open(&l->ctx, l->tree.root, "/work");
	assert_string_equal(bs_origin_of(fs, &l->ctx, "libx.so"), "/work");
	assert_string_equal(bs_origin_of(fs, &l->ctx, "./a/../libx.so"), "/work/./a/..");
	bs_fs_close(fs);
}

/* ---- forks ----------------------------------------------------------------------------------- */

static void forks_go_their_own_ways(void **state)
{
	struct loader *l = *state;
	const struct bs_image with_rpath = { .rpath = "/d:/e" };
	struct bs_requester main = requester(MAIN, "", &plain);
	struct bs_requester library = requester(LIBRARY, "/lib/libl.so", &with_rpath);
	struct bs_request request = ask("libx.so", &library, 1, &main);
	struct bs_search_state *parent, *child;

	tree_dir(&l->tree, "/lib");
	loader_start(l, &main);
	assert_null(search_by_main(l, &main, "libx.so"));
	parent = l->state;
	child = bs_search_fork(parent, &l->ctx);
	l->state = child;
	/* The child learns that /d and /e are missing, and forgets the list. */
	assert_null(loader_search(l, &request));
	bs_search_set_error(child, EIO);
	l->state = parent;
	assert_int_equal(bs_search_error(parent), ENOENT);
	tree_file(&l->tree, "/e/libx.so", SIZE_TAKE);
	loader_forget(l);
	assert_string_equal(loader_search(l, &request), "/e/libx.so");
	assert_log(l, "find libx.so\n"
		      " path /d:/e (RPATH of /lib/libl.so)\n"
		      "  try /d/libx.so\n"
		      "  try /e/libx.so\n");
	l->state = child;
	assert_null(loader_search(l, &request));
	assert_log(l, "find libx.so\n"
		      " path /lib (system search path)\n"
		      "  try /lib/libx.so\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_loader(elements_of_a_list),
		with_loader(a_list_that_is_empty_text),
		with_loader(a_directory_belongs_to_who_named_it_first),
		with_loader(lists_without_directories_are_dropped),
		with_loader(a_missing_directory_is_asked_once),
		with_loader(the_root_directory_in_a_list),
		with_loader(errors_that_end_a_list),
		with_loader(names_of_which_rpath_is_inhibited),
		with_loader(glibc_hwcaps_come_first),
		with_loader(the_legacy_power_set),
		with_loader(tokens_are_replaced),
		with_loader(tokens_of_a_secure_program),
		with_loader(tokens_in_lists),
		with_loader(origins),
		with_loader(forks_go_their_own_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
