/* SPDX-License-Identifier: MIT */
/* The order of a search, what files on the way are worth, and what a failed search says. */
#include "search-tree.h"

#include <elf.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct bs_image plain = { 0 };

static void the_order_of_places(void **state)
{
	struct loader *l = *state;
	const struct bs_image with_rpath = { .rpath = "/rpath" };
	const struct bs_image with_runpath = { .runpath = "/runpath", .rpath = "/unused" };
	struct bs_requester main = requester(MAIN, "", &with_rpath);
	struct bs_requester library = requester(LIBRARY, "/lib/libl.so", &with_runpath);
	struct bs_request request;

	tree_file(&l->tree, "/rpath/libx.so", SIZE_TAKE);
	tree_file(&l->tree, "/env/libx.so", SIZE_TAKE);
	tree_file(&l->tree, "/runpath/libx.so", SIZE_TAKE);
	tree_file(&l->tree, "/usr/lib/libx.so", SIZE_TAKE);
	l->setup.library_path = "/env";
	l->setup.cache_path = "/etc/ld.so.cache";
	loader_start(l, &main);

	assert_string_equal(search_by_main(l, &main, "libx.so"), "/rpath/libx.so");
	assert_int_equal(l->found.how, BS_HOW_RPATH);
	assert_int_equal(l->found.via, MAIN);
	request = ask("libx.so", &library, 1, &main);
	assert_string_equal(loader_search(l, &request), "/env/libx.so");
	assert_int_equal(l->found.how, BS_HOW_LIBRARY_PATH);
	assert_int_equal(unlink(tree_path(&l->tree, "/env/libx.so")), 0);
	assert_string_equal(loader_search(l, &request), "/runpath/libx.so");
	assert_int_equal(l->found.how, BS_HOW_RUNPATH);
	assert_int_equal(l->found.via, LIBRARY);
	assert_int_equal(unlink(tree_path(&l->tree, "/runpath/libx.so")), 0);
	loader_forget(l);
	assert_string_equal(loader_search(l, &request), "/usr/lib/libx.so");
	assert_int_equal(l->found.how, BS_HOW_DEFAULT);
	assert_log(l, "find libx.so\n"
		      " path /env (LD_LIBRARY_PATH)\n"
		      "  try /env/libx.so\n"
		      " path /runpath (RUNPATH of /lib/libl.so)\n"
		      "  try /runpath/libx.so\n"
		      " cache /etc/ld.so.cache\n"
		      " path /lib:/usr/lib (system search path)\n"
		      "  try /lib/libx.so\n"
		      "  try /usr/lib/libx.so\n");
}

static void rpath_climbs_past_objects_with_runpath(void **state)
{
	struct loader *l = *state;
	const struct bs_image with_both = { .rpath = "/mid-rpath", .runpath = "/mid-runpath" };
	const struct bs_image with_rpath = { .rpath = "/top" };
	struct bs_requester chain[] = {
		requester(LIBRARY, "/lib/libl.so", &plain),
		requester(PLUGIN, "/lib/libp.so", &with_both),
		requester(MAIN, "", &with_rpath),
	};
	struct bs_request request = ask("libx.so", chain, 3, &chain[2]);

	tree_file(&l->tree, "/mid-rpath/libx.so", SIZE_TAKE);
	tree_file(&l->tree, "/mid-runpath/libx.so", SIZE_TAKE);
	tree_file(&l->tree, "/top/libx.so", SIZE_TAKE);
	loader_start(l, &chain[2]);
	assert_string_equal(loader_search(l, &request), "/top/libx.so");
	assert_int_equal(l->found.via, MAIN);
	/* The one in the middle asks: its DT_RUNPATH switches all DT_RPATHs off. */
	request = ask("libx.so", chain + 1, 2, &chain[2]);
	assert_string_equal(loader_search(l, &request), "/mid-runpath/libx.so");
}

static void the_executables_rpath_comes_last(void **state)
{
	struct loader *l = *state;
	const struct bs_image with_rpath = { .rpath = "/main" }, other = { .rpath = "/other" };
	struct bs_requester main = requester(MAIN, "", &with_rpath);
	struct bs_requester library = requester(LIBRARY, "/lib/libl.so", &other);
	struct bs_request request = ask("libx.so", &library, 1, &main);

	tree_file(&l->tree, "/main/libx.so", SIZE_TAKE);
	tree_dir(&l->tree, "/other");
	loader_start(l, &main);
	assert_string_equal(loader_search(l, &request), "/main/libx.so");
	assert_log(l, "find libx.so\n"
		      " path /other (RPATH of /lib/libl.so)\n"
		      "  try /other/libx.so\n"
		      " path /main (RPATH of main)\n"
		      "  try /main/libx.so\n");
	/* Nobody asked. */
	request = ask("libx.so", NULL, 0, &main);
	assert_string_equal(loader_search(l, &request), "/main/libx.so");
	request.main_is_loaded_by_dlopen = true;
	assert_null(loader_search(l, &request));
	/* The executable itself is being looked for. */
	request = ask("libx.so", NULL, 0, NULL);
	assert_null(loader_search(l, &request));
	assert_string_equal(loader_message(l), "libx.so: cannot open shared object file: "
					       "No such file or directory");
}

/* ---- requests with a slash ------------------------------------------------------------------- */

static void requests_with_a_slash(void **state)
{
	struct loader *l = *state;
	struct bs_requester main = requester(MAIN, "", &plain);
	struct bs_request request = ask("$ORIGIN/libx.so", NULL, 0, &main);

	tree_file(&l->tree, "/bin/libx.so", SIZE_TAKE);
	tree_file(&l->tree, "/libs/libother.so", SIZE_OTHER_CLASS);
	tree_file(&l->tree, "/libs/libforeign.so", SIZE_FOREIGN);
	tree_file(&l->tree, "/libs/libbroken.so", SIZE_BROKEN);
	loader_start(l, &main);
	assert_string_equal(search_by_main(l, &main, "$ORIGIN/libx.so"), "/bin/libx.so");
	assert_int_equal(l->found.how, BS_HOW_PATH);
	assert_log(l, "  try /bin/libx.so\n");
	assert_string_equal(search_by_main(l, &main, "bin/../bin/libx.so"), "bin/../bin/libx.so");
	/* Without a requester there is no origin. */
	assert_null(loader_search(l, &request));
	assert_string_equal(loader_message(l), "$ORIGIN/libx.so: cannot open shared object file: "
					       "No such file or directory");
	assert_null(search_by_main(l, &main, "/bin/libx.so/y"));
	assert_string_equal(loader_message(l), "/bin/libx.so/y: cannot open shared object file: "
					       "Not a directory");
	assert_null(search_by_main(l, &main, "/libs/libother.so"));
	assert_string_equal(loader_message(l), "/libs/libother.so: wrong ELF class: ELFCLASS32");
	assert_null(search_by_main(l, &main, "/libs/libforeign.so"));
	assert_string_equal(loader_message(l), "/libs/libforeign.so: cannot open shared object "
					       "file: No such file or directory");
	assert_null(search_by_main(l, &main, "$ORIGIN/../libs/libbroken.so"));
	assert_string_equal(loader_message(l), "/bin/../libs/libbroken.so: invalid ELF header");
	assert_null(search_by_main(l, &main, "/libs"));
	assert_string_equal(loader_message(l), "/libs: cannot read file data: Is a directory");

	l->setup.platform = NULL;
	assert_null(search_by_main(l, &main, "/$PLATFORM/libx.so"));
	assert_string_equal(loader_message(l), "/$PLATFORM/libx.so: cannot open shared object "
					       "file: No such file or directory");
}

/* ---- verdicts and errors --------------------------------------------------------------------- */

static void files_of_another_kind_are_passed_over(void **state)
{
	struct loader *l = *state;
	struct bs_requester main = requester(MAIN, "", &plain);

	tree_file(&l->tree, "/a/libx.so", SIZE_FOREIGN);
	tree_file(&l->tree, "/b/libx.so", SIZE_OTHER_CLASS);
	tree_file(&l->tree, "/c/libx.so", SIZE_TAKE);
	tree_file(&l->tree, "/a/libm.so", SIZE_OTHER_CLASS);
	tree_file(&l->tree, "/a/libf.so", SIZE_FOREIGN);
	tree_file(&l->tree, "/b/libr.so", SIZE_BROKEN);
	tree_file(&l->tree, "/c/libr.so", SIZE_TAKE);
	l->setup.library_path = "/a:/b:/c";
	loader_start(l, &main);
	/* A refusal leaves the directory unknown, and ends the search. */
	assert_null(search_by_main(l, &main, "libr.so"));
	assert_string_equal(loader_message(l), "/b/libr.so: invalid ELF header");
	assert_log(l, "find libr.so\n"
		      " path /a:/b:/c (LD_LIBRARY_PATH)\n"
		      "  try /a/libr.so\n"
		      "  try /b/libr.so\n");
	assert_string_equal(search_by_main(l, &main, "libx.so"), "/c/libx.so");
	assert_null(search_by_main(l, &main, "libm.so"));
	assert_string_equal(loader_message(l), "libm.so: wrong ELF class: ELFCLASS32");
	assert_null(search_by_main(l, &main, "libf.so"));
	assert_string_equal(loader_message(l), "libf.so: cannot open shared object file: "
					       "No such file or directory");
}

static void the_error_of_a_search_that_tries_nothing(void **state)
{
	struct loader *l = *state;
	const struct bs_image nodeflib = { .flags_1 = DF_1_NODEFLIB };
	struct bs_requester main = requester(MAIN, "", &nodeflib);

	tree_file(&l->tree, "/libx.so", SIZE_TAKE);
	loader_start(l, &main);
	assert_null(search_by_main(l, &main, "libn.so"));
	assert_string_equal(loader_message(l), "libn.so: cannot open shared object file");
	/* errno is what the search before left behind. */
	assert_null(search_by_main(l, &main, "/"));
	assert_null(search_by_main(l, &main, "libn.so"));
	assert_string_equal(loader_message(l),
			    "libn.so: cannot open shared object file: Is a directory");
	assert_int_equal(bs_search_error(l->state), EISDIR);
	assert_non_null(search_by_main(l, &main, "/libx.so"));
	assert_int_equal(bs_search_error(l->state), 0);
	bs_search_set_error(l->state, ENOENT);
	assert_null(search_by_main(l, &main, "libn.so"));
	assert_string_equal(loader_message(l), "libn.so: cannot open shared object file: "
					       "No such file or directory");
}

static void nodeflib_of_whom(void **state)
{
	struct loader *l = *state;
	const struct bs_image nodeflib = { .flags_1 = DF_1_NODEFLIB };
	struct bs_requester main = requester(MAIN, "", &nodeflib);
	struct bs_requester library = requester(LIBRARY, "/lib/libl.so", &plain);
	struct bs_request request = ask("libx.so", &library, 1, &main);

	tree_file(&l->tree, "/lib/libx.so", SIZE_TAKE);
	loader_start(l, &main);
	assert_null(search_by_main(l, &main, "libx.so"));
	assert_string_equal(loader_search(l, &request), "/lib/libx.so");
	request = ask("libx.so", NULL, 0, &main);
	assert_null(loader_search(l, &request));
	request.nodeflib = &library;
	assert_string_equal(loader_search(l, &request), "/lib/libx.so");
	request.nodeflib = NULL;
	assert_string_equal(loader_search(l, &request), "/lib/libx.so");
}

static void secure_preloads_are_set_user_id(void **state)
{
	struct loader *l = *state;
	struct bs_requester main = requester(MAIN, "", &plain);
	struct bs_request request = ask("libx.so", &main, 1, &main);

	tree_file(&l->tree, "/lib/libx.so", SIZE_TAKE);
	tree_file(&l->tree, "/usr/lib/libx.so", SIZE_TAKE);
	assert_int_equal(chmod(tree_path(&l->tree, "/usr/lib/libx.so"), 04755), 0);
	l->setup.cache_path = "/etc/ld.so.cache";
	loader_start(l, &main);
	request.preload = true;
	assert_string_equal(loader_search(l, &request), "/lib/libx.so");
	loader_forget(l);
	l->setup.secure = true;
	assert_string_equal(loader_search(l, &request), "/usr/lib/libx.so");
	assert_log(l, "find libx.so\n"
		      " path /lib:/usr/lib (system search path)\n"
		      "  try /lib/libx.so\n"
		      "  try /usr/lib/libx.so\n");
	request.preload = false;
	assert_string_equal(loader_search(l, &request), "/lib/libx.so");
}

static void what_the_host_says(void **state)
{
	(void)state;
#if defined(__x86_64__)
	assert_in_range(bs_host_isa_level(), 1, 4);
	assert_int_equal(bs_host_isa_level() >= 3, __builtin_cpu_supports("avx2") &&
							   __builtin_cpu_supports("fma") &&
							   __builtin_cpu_supports("bmi2"));
#else
	assert_int_equal(bs_host_isa_level(), 0);
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_loader(the_order_of_places),
		with_loader(rpath_climbs_past_objects_with_runpath),
		with_loader(the_executables_rpath_comes_last),
		with_loader(requests_with_a_slash),
		with_loader(files_of_another_kind_are_passed_over),
		with_loader(the_error_of_a_search_that_tries_nothing),
		with_loader(nodeflib_of_whom),
		with_loader(secure_preloads_are_set_user_id),
		cmocka_unit_test(what_the_host_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
