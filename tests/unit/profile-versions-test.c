/* SPDX-License-Identifier: MIT */
/* Releases and switches of profiles: what is read from bytes and words, and where a rule changes.
 */
#include "profile/profile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static int setup(void **state)
{
	*state = bs_arena_new();
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	bs_arena_free(*state);
	return 0;
}

static unsigned version_in(const char *text)
{
	return bs_profile_version_in(text, strlen(text));
}

static void the_release_is_read_from_what_it_says(void **state)
{
	(void)state;
	assert_int_equal(version_in("ld.so (GNU libc) stable release version 2.36.\n"), 236);
	assert_int_equal(version_in("GNU C Library (x) release release version 2.31."), 231);
	assert_int_equal(version_in("development release version 2.35.9000."), 235);
	assert_int_equal(version_in("release version x release version 2.17"), 217);
	assert_int_equal(version_in("release version 2."), 0);
	assert_int_equal(version_in("release version "), 0);
	assert_int_equal(version_in("release version 2.999"), 0);
	assert_int_equal(version_in(""), 0);
	assert_int_equal(bs_profile_version_in("release version 2.36", 19), 203);
}

static void a_profile_is_named_with_a_release(void **state)
{
	const char *problem = NULL;
	unsigned version = 1;

	assert_ptr_equal(bs_profile_read(*state, "glibc", &version, &problem), &bs_profile_glibc);
	assert_int_equal(version, 0);
	assert_ptr_equal(bs_profile_read(*state, "glibc:2.28", &version, &problem),
			 &bs_profile_glibc);
	assert_int_equal(version, 228);
	assert_null(problem);
	assert_null(bs_profile_read(*state, "glibc:2.16", &version, &problem));
	assert_non_null(strstr(problem, "2.17 to 2.44"));
	assert_null(bs_profile_read(*state, "glib", &version, &problem));
	assert_non_null(strstr(problem, "no loader profile"));
}

/* Each switch, the first release with one value, and the first with the other one again. */
static const struct {
	const char *key;
	unsigned from, behind; /* 0: no such change */
} changes[] = {
	{ "glibc-hwcaps", 233, 0 },
	{ "legacy-hwcaps", 0, 237 },
	{ "x86-platforms", 226, 0 },
	{ "cache-legacy-bits", 0, 240 },
	{ "checks-cache-again", 244, 0 },
	{ "keeps-root-dir", 238, 0 },
	{ "enotdir-goes-on", 239, 0 },
	{ "greedy-tokens", 0, 228 },
	{ "abi-tags", 0, 236 },
	{ "old-abis", 0, 228 },
	{ "refuses-executables", 220, 231 },
	{ "sort", 235, 0 },
	{ "sort-keeps-root-first", 236, 0 },
	{ "sort-moves-libc", 233, 0 },
	{ "open-sorts-link-map", 0, 232 },
	{ "libc-relocates-first", 239, 0 },
	{ "close-puts-first", 239, 0 },
	{ "loader-stays-mapped", 241, 0 },
	{ "nodelete-at-once", 0, 231 },
	{ "loader-copies-grow", 0, 236 },
	{ "root-filters-crash", 0, 232 },
	{ "optional-tls-is-free", 0, 232 },
	{ "tls-holds-rseq", 241, 0 },
	{ "opens-pie", 0, 230 },
	{ "segment-alignment", 0, 235 },
	{ "refuses-exec-stack", 241, 0 },
	{ "no-relr-version", 0, 236 },
	{ "fast-reopen", 242, 0 },
	{ "callers-by-table", 242, 0 },
	{ "absolute-zero", 228, 0 },
	{ "hidden-is-skipped", 224, 0 },
	{ "extern-protected-data", 222, 236 },
	{ "indirect-is-kept", 235, 0 },
	{ "guards-program-ifuncs", 233, 0 },
	{ "lazy-tls-descriptors", 0, 234 },
	{ "bloom-shift-wraps", 236, 0 },
	{ "own-ifuncs-last", 244, 0 },
	{ "named-file-decides", 0, 230 },
	{ "missing-versions-abort", 0, 241 },
	{ "base-version-waits", 242, 0 },
	{ "next-takes-newest", 236, 0 },
	{ "errors-crash", 0, 237 },
	{ "profile-mode-maps", 241, 0 },
	{ "checks-isa-level", 233, 0 },
	{ "binds-malloc", 232, 0 },
	{ "rebinds-for-libc", 241, 0 },
	{ "finds-r-debug", 242, 0 },
	{ "canonical-program", 242, 0 },
	{ "names-library-path", 233, 0 },
	{ "tells-rejections", 243, 0 },
	{ "pins-say-to", 231, 236 },
	{ "sort-is-tunable", 235, 0 },
	{ "tls-is-tunable", 232, 0 },
};

enum { N_CHANGES = sizeof changes / sizeof *changes };

static void a_switch_changes_where_the_sources_do(void **state)
{
	unsigned n = 0;

	for (const struct bs_switch *s = bs_profile_glibc.switches; s->key; s++, n++) {
		assert_true(n < N_CHANGES);
		assert_string_equal(s->key, changes[n].key);
		for (unsigned release = 218; release <= 244; release++) {
			const char *before = bs_switch_value(
				bs_profile_at(*state, &bs_profile_glibc, release - 1), s);
			const char *now = bs_switch_value(
				bs_profile_at(*state, &bs_profile_glibc, release), s);
			bool changed = release == changes[n].from || release == changes[n].behind;

			assert_int_equal(strcmp(before, now) != 0, changed);
		}
	}
	assert_int_equal(n, N_CHANGES);
}

/* The profile as it is written is what the table says of its release. */
static void the_release_that_is_written_down_is_that_of_the_table(void **state)
{
	const struct bs_profile *other = bs_profile_at(*state, &bs_profile_glibc, 217);
	const struct bs_profile *back = bs_profile_at(*state, other, bs_profile_glibc.version);

	for (const struct bs_switch *s = bs_profile_glibc.switches; s->key; s++) {
		assert_string_equal(bs_switch_value(back, s),
				    bs_switch_value(&bs_profile_glibc, s));
		assert_non_null(s->what);
		assert_non_null(s->source);
	}
	assert_string_equal(back->title, bs_profile_glibc.title);
}

static void unknown_releases_are_the_nearest(void **state)
{
	assert_int_equal(bs_profile_at(*state, &bs_profile_glibc, 205)->version, 217);
	assert_int_equal(bs_profile_at(*state, &bs_profile_glibc, 299)->version, 244);
	assert_int_equal(bs_profile_at(*state, &bs_profile_glibc, 0)->version, 236);
	assert_string_equal(bs_profile_at(*state, &bs_profile_glibc, 228)->title, "glibc 2.28");
}

static const char *set(struct bs_arena *arena, struct bs_profile *profile, const char *name,
		       const char *value)
{
	const struct bs_variable setting = { name, value };

	return bs_profile_set(arena, profile, &setting, 1);
}

static void settings_turn_one_switch(void **state)
{
	struct bs_profile *profile = bs_profile_at(*state, &bs_profile_glibc, 0);

	assert_null(set(*state, profile, "glibc.sort", "counting"));
	assert_int_equal(profile->scope.sort, BS_SORT_COUNTING);
	assert_null(set(*state, profile, "glibc.opens-pie", "yes"));
	assert_true(profile->scope.opens_pie);
	assert_false(bs_profile_glibc.scope.opens_pie);
	assert_non_null(strstr(set(*state, profile, "glibc.opens", "yes"), "opens-pie"));
	assert_non_null(strstr(set(*state, profile, "glibc.sort", "yes"), "dfs or counting"));
	assert_non_null(set(*state, profile, "glibc", "yes"));
	assert_non_null(set(*state, profile, ".sort", "dfs"));
	assert_non_null(set(*state, profile, "glibc:2.31.sort", "dfs"));
}

static void backports_are_read_from_the_bytes(void **state)
{
	static const char with[] = "x\0_r_debug\0y\0_r_debug\0", without[] = "x\0_r_debug\0y";
	struct bs_profile *profile = bs_profile_at(*state, &bs_profile_glibc, 241);

	profile->read_build(profile, without, sizeof without);
	assert_false(profile->finds_r_debug);
	profile->read_build(profile, with, sizeof with);
	assert_true(profile->finds_r_debug);
	profile = bs_profile_at(*state, &bs_profile_glibc, 240);
	profile->read_build(profile, with, sizeof with);
	assert_false(profile->finds_r_debug);

	static const char words[] = "x and creates an unsatisfiable circular dependency.\n";

	profile = bs_profile_at(*state, &bs_profile_glibc, 231);
	profile->read_build(profile, without, sizeof without);
	assert_false(profile->match.guards_program_ifuncs);
	profile->read_build(profile, words, sizeof words);
	assert_true(profile->match.guards_program_ifuncs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_release_is_read_from_what_it_says),
		cmocka_unit_test(a_profile_is_named_with_a_release),
		cmocka_unit_test(a_switch_changes_where_the_sources_do),
		cmocka_unit_test(the_release_that_is_written_down_is_that_of_the_table),
		cmocka_unit_test(unknown_releases_are_the_nearest),
		cmocka_unit_test(settings_turn_one_switch),
		cmocka_unit_test(backports_are_read_from_the_bytes),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
