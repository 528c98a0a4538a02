/* SPDX-License-Identifier: MIT */
/*
 * leaked-static-runtime, and who carries a known library: an object that has its name, or that
 * exports its markers.
 */
#include "check-priv.h"

#include <ctype.h>
#include <elf.h>
#include <fnmatch.h>
#include <string.h>

enum { LONGEST_VERSION = 32 };

const bs_known_libraries *bs_known(const struct bs_checker *checker, const struct bs_run *run)
{
	static const bs_known_libraries none = { 0 };
	const char *problem;

	if (!checker->options.library_db)
		return &none;
	const bs_known_libraries *known = bs_library_db_read(checker->options.library_db, &problem);

	if (problem)
		bs_diag_add(run->ctx.diags, BS_DIAG_BAD_LIBRARY_DB, NULL, BS_NO_OFFSET, 0, "%s",
			    problem);
	return known;
}

static uint32_t least(const struct bs_known_library *library)
{
	return library->least ? library->least : library->markers.n;
}

static bool has_name(const struct bs_known_library *library, const char *name)
{
	bs_vec_each (i, &library->sonames)
		if (fnmatch(library->sonames.v[i], name, 0) == 0)
			return true;
	return false;
}

/* MAP is LIBRARY, and not an object that has it inside. */
static bool is_itself(const struct bs_run *run, bs_map_id id,
		      const struct bs_known_library *library)
{
	const struct bs_map *map = bs_map_of(&run->process, id);
	const char *name = bs_text(&run->ctx, map->name), *slash = strrchr(name, '/');

	return (map->image->soname && has_name(library, map->image->soname)) ||
	       has_name(library, slash ? slash + 1 : name);
}

bool bs_carries(const struct bs_run *run, bs_map_id map, const struct bs_known_library *library)
{
	uint32_t n = 0;

	bs_vec_each (i, &library->markers)
		n += bs_own_definition(run, map, library->markers.v[i]) != 0;
	return n >= least(library);
}

const char *bs_stable_library(struct bs_checker *checker, const struct bs_run *run, bs_map_id a,
			      bs_map_id b)
{
	const bs_known_libraries *known = bs_known(checker, run);

	bs_vec_each (i, known) {
		const struct bs_known_library *library = &known->v[i];

		if (library->stable && (is_itself(run, a, library) || is_itself(run, b, library)) &&
		    bs_carries(run, a, library) && bs_carries(run, b, library))
			return library->name;
	}
	return NULL;
}

/* ---- the version ------------------------------------------------------------------------------
 */

/* The version that PATTERN says stands in the N bytes AT, or NULL. */
static const char *version_in(struct bs_arena *arena, const char *at, size_t n, const char *pattern)
{
	const char *star = strchr(pattern, '*'), *end = at + n;
	size_t n_before = (size_t)(star - pattern), n_behind = strlen(star + 1);

	while ((at = memmem(at, (size_t)(end - at), pattern, n_before)) != NULL) {
		const char *from = at += n_before;

		while (at < end && at - from < LONGEST_VERSION &&
		       (isalnum((unsigned char)*at) || *at == '.' || *at == '-' || *at == '_'))
			at++;
		if (at > from && isdigit((unsigned char)*from) && (size_t)(end - at) >= n_behind &&
		    memcmp(at, star + 1, n_behind) == 0)
			return bs_arena_strndup(arena, from, (size_t)(at - from));
	}
	return NULL;
}

static const char *version_of(const struct bs_run *run, bs_map_id map,
			      const struct bs_known_library *library)
{
	const struct bs_image *image = bs_map_of(&run->process, map)->image;

	for (uint32_t i = 0; library->version && i < image->n_segments; i++) {
		const struct bs_segment *s = &image->segments[i];
		uint64_t n;
		const uint8_t *bytes;
		const char *version;

		if (s->type != PT_LOAD || s->flags & PF_W)
			continue;
		bytes = bs_image_bytes_at(image, s->vaddr, &n);
		version =
			bytes ? version_in(run->ctx.arena, (const char *)bytes, n, library->version)
			      : NULL;
		if (version)
			return version;
	}
	return NULL;
}

bs_library_carriers bs_find_library_carriers(const struct bs_checker *checker,
					     const struct bs_run *run)
{
	const bs_known_libraries *known = bs_known(checker, run);
	bs_library_carriers carriers = { 0 };

	bs_vec_each (id, &run->process.maps) {
		const struct bs_map *map = bs_map_of(&run->process, id);

		for (uint32_t i = 0; map->image && i < known->n; i++) {
			const struct bs_known_library *library = &known->v[i];
			bool itself = is_itself(run, id, library);

			/* A name alone says little: libbrotlicommon is a part of brotli, and no
			 * copy. */
			if (library->markers.n ? bs_carries(run, id, library) : itself)
				bs_vec_push(run->ctx.arena, &carriers,
					    (struct bs_library_carrier){
						    id, library, itself,
						    version_of(run, id, library) });
		}
	}
	return carriers;
}

/* ---- who leaks what ----------------------------------------------------------------------------
 */

/* By map: how many markers it exports. */
static void count_markers(const struct bs_run *run, const struct bs_known_library *library,
			  bs_ids *counts)
{
	bs_ids definers = { 0 };

	counts->n = 0;
	for (uint32_t i = 0; i < run->process.maps.n; i++)
		bs_vec_push(run->ctx.arena, counts, 0);
	bs_vec_each (i, &library->markers) {
		bs_definers_of(run->binder, &run->process, &run->ctx, library->markers.v[i],
			       &definers);
		bs_vec_each (k, &definers)
			counts->v[definers.v[k]]++;
	}
}

/* Of those that COUNTS says carry LIBRARY the first beside ID in its namespace, and preferably the
 * library itself. */
static bs_map_id other_carrier(const struct bs_run *run, const struct bs_known_library *library,
			       const bs_ids *counts, bs_map_id id)
{
	bs_map_id found = BS_NO_MAP;

	bs_vec_each (i, counts) {
		if (i == id || counts->v[i] < least(library) ||
		    bs_map_of(&run->process, i)->ns != bs_map_of(&run->process, id)->ns)
			continue;
		if (is_itself(run, i, library))
			return i;
		found = found == BS_NO_MAP ? i : found;
	}
	return found;
}

static void tell_leak(struct bs_checker *checker, const struct bs_run *run, bs_findings *findings,
		      const struct bs_known_library *library, bs_map_id id, bs_map_id other)
{
	const struct bs_map *map = bs_map_of(&run->process, id);
	const char *version;
	struct bs_finding *f;

	if (other != BS_NO_MAP && bs_pair_is_told(checker, id, other))
		return;
	f = bs_finding_between(run, findings, BS_RULE_LEAKED_STATIC_RUNTIME, map->born, id, other);
	/* A program that exports what it has inside is mostly meant to serve its plugins. */
	f->level = other == BS_NO_MAP || map->kind == BS_MAP_EXECUTABLE ? BS_LEVEL_NOTE
									: BS_LEVEL_WARNING;
	version = version_of(run, id, library);
	bs_finding_fact(
		run, f,
		&(struct bs_fact){ .kind = BS_FACT_CARRIES,
				   .object = BS_NO_MAP,
				   .text = version ? bs_arena_printf(run->ctx.arena, "%s %s",
								     library->name, version)
						   : library->name });
	if (other != BS_NO_MAP)
		bs_finding_fact(run, f,
				&(struct bs_fact){ .kind = BS_FACT_ALSO_IN, .object = other });
}

static void check_library(struct bs_checker *checker, const struct bs_run *run,
			  bs_findings *findings, const struct bs_known_library *library)
{
	bs_ids counts = { 0 };

	count_markers(run, library, &counts);
	bs_vec_each (i, &counts) {
		if (counts.v[i] < least(library) || is_itself(run, i, library) ||
		    bs_map_of(&run->process, i)->role != BS_ROLE_ORDINARY)
			continue;
		tell_leak(checker, run, findings, library, i,
			  other_carrier(run, library, &counts, i));
	}
}

/*
 * Some object exports a name that stands in TEXT behind `marker ='. Most processes have nothing of
 * the kind, and need not wait for the file to be understood.
 */
static bool may_matter(const struct bs_run *run, const char *text)
{
	static const char key[] = "\nmarker";
	bs_ids definers = { 0 };

	while ((text = strstr(text, key)) != NULL) {
		const char *end = text + 1 + strcspn(text + 1, "\n");

		text += strlen(key);
		text += strspn(text, " \t=");
		while (text < end) {
			size_t n = strcspn(text, " \t\n");

			bs_definers_of(run->binder, &run->process, &run->ctx,
				       bs_arena_strndup(run->ctx.arena, text, n), &definers);
			if (definers.n)
				return true;
			text += n + strspn(text + n, " \t");
		}
	}
	return false;
}

void bs_check_carried(struct bs_checker *checker, const struct bs_run *run, bs_findings *findings)
{
	struct bs_library_db *db = checker->options.library_db;
	const char *unread = db ? bs_library_db_unread(db) : NULL;

	if (!db || (unread && !may_matter(run, unread)))
		return;
	const bs_known_libraries *known = bs_known(checker, run);

	bs_vec_each (i, known)
		check_library(checker, run, findings, &known->v[i]);
}
