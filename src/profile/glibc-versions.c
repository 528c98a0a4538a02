/* SPDX-License-Identifier: MIT */
/*
 * In what releases of glibc differ, from 2.17 to 2.44: each rule is a field of a policy, and the
 * floor that owns the field obeys it. Read from the sources of the releases up to 2.43 and seen of
 * 2.44; `from` is the first with the value INSIDE and `until` the last. A backport makes a
 * distribution's build differ from its number; those that are known say so, the others are what
 * --set is for.
 *
 * Not here, for no binding depends on them: prelink (up to 2.35), which says that a file is bound
 * already only where the very files are at hand that it was bound to; the debug lines that
 * upstream's 2.36 alone lacks; removed objects that see each other while their destructors run
 * (from 2.38).
 */
#include "profile.h"

#include <stddef.h>
#include <string.h>

#define FIELD(field) offsetof(struct bs_profile, field)
#define YES_FROM(key_, field, release, what_, source_)                                             \
	{                                                                                          \
		.key = (key_), .offset = FIELD(field), .from = (release), .inside = 1,             \
		.what = (what_), .source = (source_)                                               \
	}
#define YES_UNTIL(key_, field, release, what_, source_)                                            \
	{                                                                                          \
		.key = (key_), .offset = FIELD(field), .until = (release), .inside = 1,            \
		.what = (what_), .source = (source_)                                               \
	}
#define YES_BETWEEN(key_, field, first, last, what_, source_)                                      \
	{                                                                                          \
		.key = (key_), .offset = FIELD(field), .from = (first), .until = (last),           \
		.inside = 1, .what = (what_), .source = (source_)                                  \
	}

static const char *const sort_names[] = {
	[BS_SORT_DFS] = "dfs", [BS_SORT_COUNTING] = "counting", [BS_SORT_COUNTING + 1] = NULL
};

const struct bs_switch bs_glibc_switches[] = {
	/* ---- finding files ---- */
	YES_FROM("glibc-hwcaps", search.glibc_hwcaps, 233,
		 "glibc-hwcaps/LEVEL subdirectories are searched, and their entries in ld.so.cache",
		 "elf/dl-hwcaps.c:_dl_important_hwcaps"),
	YES_UNTIL("legacy-hwcaps", search.legacy_hwcaps, 236,
		  "subdirectories of tls, hardware capabilities and platform are searched",
		  "elf/dl-hwcaps.c:_dl_important_hwcaps"),
	YES_FROM("x86-platforms", search.x86_platforms, 226,
		 "the loader names x86-64 processors itself: x86_64, avx512_1; haswell, xeon_phi",
		 "sysdeps/x86/cpu-features.c"),
	YES_UNTIL("cache-legacy-bits", search.cache_legacy_bits, 239,
		  "ld.so.cache entries with legacy capability bits count if the bits fit",
		  "elf/dl-cache.c:search_cache"),
	YES_FROM("checks-cache-again", search.checks_cache_again, 244,
		 "a search without ld.so.cache fails with its error each time, not the first only",
		 "seen of Debian's 2.44"),
	YES_FROM("keeps-root-dir", search.keeps_root_dir, 238,
		 "/ in a list of directories stays in it after a miss", "elf/dl-load.c:open_path"),
	YES_FROM("enotdir-goes-on", search.enotdir_goes_on, 239,
		 "a list goes on behind an element that is no directory",
		 "elf/dl-load.c:open_path"),
	YES_UNTIL("greedy-tokens", search.greedy_tokens, 227,
		  "$ORI/ and ${} are tokens; only / or the end follows one without braces",
		  "elf/dl-load.c:is_dst"),
	YES_UNTIL("abi-tags", search.abi_tags, 235,
		  "files whose ABI tag names another system are passed over",
		  "elf/dl-load.c:open_verify"),
	YES_UNTIL("old-abis", search.old_abis, 227,
		  "files whose EI_ABIVERSION asks for absolute symbols are refused", "libc-abis"),

	YES_BETWEEN("refuses-executables", search.refuses_executables, 220, 230,
		    "a file at a fixed address is refused by its path, before it is known again",
		    "elf/dl-load.c:open_verify"),

	/* ---- objects and their order ---- */
	{ .key = "sort",
	  .values = sort_names,
	  .offset = FIELD(scope.sort),
	  .from = 235,
	  .inside = BS_SORT_DFS,
	  .outside = BS_SORT_COUNTING,
	  .what = "the algorithm that orders objects by their dependencies",
	  .source = "elf/dl-sort-maps.c" },
	YES_FROM("sort-keeps-root-first", scope.sort_keeps_root_first, 236,
		 "sort=dfs: what was opened stays first in a cycle; upstream has it from 2.37 on",
		 "elf/dl-sort-maps.c:_dl_sort_maps_dfs"),
	YES_FROM("sort-moves-libc", scope.sort_moves_libc, 233,
		 "libc sorts like the rest when it is what was opened",
		 "elf/dl-deps.c:_dl_map_object_deps"),
	YES_UNTIL("open-sorts-link-map", scope.open_sorts_link_map, 231,
		  "dlopen relocates what follows in the link map, sorted by itself",
		  "elf/dl-open.c:dl_open_worker"),
	YES_FROM("libc-relocates-first", scope.libc_relocates_first, 239,
		 "libc is relocated before all others", "elf/rtld.c:dl_main"),
	YES_FROM("close-puts-first", scope.close_puts_first, 239,
		 "what dlclose closes is destroyed first", "elf/dl-close.c:_dl_close_worker"),
	YES_FROM("loader-stays-mapped", scope.loader_stays_mapped, 241,
		 "ld.so is in the link map even if nothing needs it", "elf/rtld.c:dl_main"),
	YES_UNTIL("nodelete-at-once", scope.nodelete_at_once, 230,
		  "marks never to be unloaded count before a dlopen has succeeded",
		  "elf/dl-open.c:dl_open_worker"),
	YES_UNTIL("loader-copies-grow", scope.loader_copies_grow, 235,
		  "dlopen adds to the scope of ld.so in another namespace; upstream until 2.38",
		  "elf/dl-init.c:call_init"),
	YES_UNTIL("root-filters-crash", scope.root_filters_crash, 231,
		  "a dlopen of a filter ends in a failed assertion",
		  "elf/dl-deps.c:_dl_map_object_deps"),
	YES_UNTIL("optional-tls-is-free", scope.optional_tls_is_free, 231,
		  "TLS descriptors may use up all static TLS",
		  "elf/dl-reloc.c:_dl_try_allocate_static_tls"),
	YES_FROM("tls-holds-rseq", scope.tls_holds_rseq, 241,
		 "static TLS holds the area of restartable sequences behind the start-up objects",
		 "elf/dl-tls.c:_dl_determine_tlsoffset"),
	YES_UNTIL("opens-pie", scope.opens_pie, 229,
		  "a position-independent executable may be opened as a library",
		  "elf/dl-load.c:_dl_map_object_from_fd"),
	YES_UNTIL("segment-alignment", scope.segment_alignment, 234,
		  "segments must be aligned as p_align says, and to pages",
		  "elf/dl-load.c:_dl_map_object_from_fd"),
	YES_FROM("refuses-exec-stack", scope.refuses_exec_stack, 241,
		 "a dlopen makes no stack executable", "elf/dl-load.c:_dl_map_object_from_fd"),
	YES_UNTIL("no-relr-version", scope.no_relr_version, 235,
		  "DT_RELR is not held against a version of libc",
		  "elf/dl-version.c:_dl_check_map_versions"),
	YES_FROM("fast-reopen", scope.fast_reopen, 242,
		 "LD_DEBUG=files does not tell of a dlopen that has nothing to do",
		 "elf/dl-open.c:is_already_fully_open"),

	YES_FROM("callers-by-table", scope.callers_by_table, 242,
		 "dlopen takes a filtee that a dlopen put before its filter for the executable",
		 "elf/dl-open.c:_dl_open, elf/dl-find_object.c:_dl_find_object_update"),

	/* ---- bindings ---- */
	YES_FROM("absolute-zero", match.absolute_zero, 228,
		 "an absolute symbol with value 0 is a definition", "elf/dl-lookup.c:check_match"),
	YES_FROM("hidden-is-skipped", match.hidden_is_skipped, 224,
		 "hidden symbols answer no other object, and bind locally",
		 "elf/dl-lookup.c:do_lookup_x, elf/dl-reloc.c:RESOLVE_MAP"),
	YES_BETWEEN("extern-protected-data", match.extern_protected_data, 222, 235,
		    "on x86, protected data may lie in the executable, copied there",
		    "elf/dl-lookup.c:do_lookup_x, sysdeps/x86_64/dl-machine.h"),
	YES_FROM("indirect-is-kept", match.indirect_is_kept, 235,
		 "an object that asks for indirect access has no protected symbol copied",
		 "sysdeps/generic/dl-protected.h:_dl_check_protected_symbol"),
	YES_FROM("guards-program-ifuncs", match.guards_program_ifuncs, 233,
		 "on x86, using an IFUNC of the executable too early ends the process",
		 "sysdeps/x86_64/dl-machine.h:elf_machine_rela"),
	YES_UNTIL("lazy-tls-descriptors", match.lazy_tls_descriptors, 233,
		  "on x86, TLS descriptors in a table that binds lazily wait, too",
		  "sysdeps/x86_64/dl-machine.h:elf_machine_lazy_rel"),
	YES_FROM("bloom-shift-wraps", match.bloom_shift_wraps, 236,
		 "of the shift in DT_GNU_HASH's bloom filter only the lowest five bits count",
		 "elf/dl-lookup.c:do_lookup_x"),
	YES_FROM("own-ifuncs-last", match.own_ifuncs_last, 244,
		 "references to IFUNCs that the object itself has are bound after all its others",
		 "seen of Debian's 2.44"),
	YES_UNTIL("named-file-decides", match.named_file_decides, 229,
		  "the file that a version requirement names ends the search",
		  "elf/dl-lookup.c:do_lookup_x"),
	YES_UNTIL(
		"missing-versions-abort", match.missing_versions_abort, 240,
		"a file that a version requirement names and that has no versions ends the process",
		"elf/dl-lookup.c:check_match"),
	YES_FROM("base-version-waits", match.base_version_waits, 242,
		 "an unversioned definition counts only if no exact version follows",
		 "elf/dl-lookup.c:check_match"),
	YES_FROM("next-takes-newest", next_takes_newest, 236,
		 "dlsym(RTLD_NEXT) takes the default version, not the oldest",
		 "elf/dl-sym.c:do_sym"),

	/* ---- the loader itself ---- */
	YES_UNTIL("errors-crash", errors_crash, 236,
		  "what libc itself refuses in another namespace ends the process",
		  "elf/dl-error-skeleton.c, elf/dl-catch.c"),
	YES_FROM("profile-mode-maps", profile_mode_maps, 241,
		 "dlopen with mode 0x40000000 maps the file and no more, else fails an assertion",
		 "elf/dl-open.c:dl_open_worker"),
	YES_FROM("checks-isa-level", checks_isa_level, 233,
		 "x86 objects that need a newer processor are refused",
		 "sysdeps/x86/dl-prop.h:dl_isa_level_check"),
	YES_FROM("binds-malloc", binds_malloc, 232,
		 "the loader looks up calloc, free, malloc and realloc",
		 "elf/dl-minimal.c:__rtld_malloc_init_real"),
	YES_FROM("rebinds-for-libc", rebinds_for_libc, 241,
		 "the loader relocates itself again wherever libc is loaded, then looks up malloc",
		 "elf/rtld.c:dl_main"),
	YES_FROM("finds-r-debug", finds_r_debug, 242,
		 "the loader looks up _r_debug; 2.41 builds with this backport are recognised",
		 "elf/dl-debug.c:_dl_debug_post_relocate"),
	YES_FROM("canonical-program", canonical_program, 242,
		 "$ORIGIN of a program that is run as `ld.so FILE' is free of links",
		 "elf/rtld.c:dl_main"),
	YES_FROM("names-library-path", names_library_path, 233,
		 "LD_DEBUG=libs tells --library-path from LD_LIBRARY_PATH",
		 "elf/dl-load.c:_dl_init_paths"),
	YES_FROM("tells-rejections", tells_rejections, 243,
		 "LD_DEBUG=libs says why a file that was tried is not taken",
		 "elf/dl-load.c:open_verify"),
	YES_BETWEEN("pins-say-to", pins_say_to, 231, 235,
		    "LD_DEBUG says `due to reference to', not `from'",
		    "elf/dl-lookup.c:add_dependency"),
	YES_FROM("sort-is-tunable", sort_is_tunable, 235,
		 "glibc.rtld.dynamic_sort chooses the sort", "elf/dl-tunables.list"),
	YES_FROM("tls-is-tunable", tls_is_tunable, 232,
		 "glibc.rtld.nns and optional_static_tls size static TLS", "elf/dl-tunables.list"),
	{ 0 },
};

/*
 * What a distribution took back to an older release, as far as the bytes of the loader tell. A
 * loader that looks _r_debug up has the name twice: as a symbol of its own, and to look it up.
 * Debian's 2.31 sizes static TLS as 2.32 does, and has words for what 2.33 ends a process for.
 */
void bs_glibc_read_build(struct bs_profile *profile, const char *bytes, size_t n)
{
	static const char name[] = "\0_r_debug", tunable[] = "glibc.rtld.optional_static_tls";
	static const char circular[] = "creates an unsatisfiable circular dependency";
	unsigned count = 0;

	if (profile->rebinds_for_libc)
		for (const char *end = bytes + n, *at = bytes;
		     (at = memmem(at, (size_t)(end - at), name, sizeof name)) != NULL; at++)
			count++;
	profile->finds_r_debug |= count > 1;
	if (!profile->tls_is_tunable && memmem(bytes, n, tunable, sizeof tunable)) {
		profile->tls_is_tunable = true;
		profile->scope.optional_tls_is_free = false;
	}
	if (!profile->match.guards_program_ifuncs)
		profile->match.guards_program_ifuncs =
			memmem(bytes, n, circular, strlen(circular)) != NULL;
}
