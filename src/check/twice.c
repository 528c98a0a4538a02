/* SPDX-License-Identifier: MIT */
/*
 * One library twice in a process: two versions of it, or two files of one soname or of one build.
 * Nothing need be bound across for that to hurt; captured references tell when something is.
 */
#include "check-priv.h"

#include <string.h>

/* What is known of the libraries that came so far. */
struct library {
	bs_map_id map;
	bs_name family, soname;
	const char *version;
	uint32_t before; /* of the same family: index plus 1 */
};

struct bs_libraries {
	BS_VEC(struct library) list;
	bs_ids last; /* by name of family: index in LIST plus 1 */
};

struct bs_libraries *bs_libraries_new(const struct bs_run *run)
{
	return bs_new(run->ctx.arena, struct bs_libraries, 1);
}

/* What is said of the pair in this step already: one finding for one cause. */
static struct bs_finding *captured_by(bs_findings *findings, bs_map_id a, bs_map_id b)
{
	struct bs_finding *f = bs_finding_find(findings, BS_RULE_CAPTURED, a, b);

	if (!f)
		f = bs_finding_find(findings, BS_RULE_CAPTURED, b, a);
	if (!f)
		f = bs_finding_find(findings, BS_RULE_SPLIT_COPY, a, b);
	return f ? f : bs_finding_find(findings, BS_RULE_SPLIT_COPY, b, a);
}

static void tell(const struct bs_run *run, struct bs_finding *f, enum bs_fact_kind kind)
{
	bs_finding_fact(run, f, &(struct bs_fact){ .kind = kind, .object = BS_NO_MAP });
}

static void tell_file(const struct bs_run *run, struct bs_finding *f, enum bs_fact_kind kind,
		      bs_map_id map)
{
	bs_finding_fact(run, f,
			&(struct bs_fact){
				.kind = kind,
				.object = map,
				.text = bs_text(&run->ctx, bs_map_of(&run->process, map)->name),
			});
}

static void two_files(const struct bs_run *run, bs_findings *findings, uint32_t step, bs_map_id map,
		      bs_map_id other, bool same)
{
	struct bs_finding *f = captured_by(findings, map, other);

	if (f) {
		tell(run, f, BS_FACT_TWO_FILES);
	} else {
		f = bs_finding_between(run, findings, BS_RULE_LOADED_TWICE, step, map, other);
		f->level = BS_LEVEL_WARNING;
	}
	tell_file(run, f, BS_FACT_ONE_FILE, f->from);
	tell_file(run, f, BS_FACT_OTHER_FILE, f->to);
	tell(run, f, same ? BS_FACT_SAME_BUILD : BS_FACT_OTHER_BUILD);
}

static void two_versions(const struct bs_run *run, bs_findings *findings, uint32_t step,
			 bs_map_id map, bs_map_id other)
{
	const struct bs_image *a = bs_map_of(&run->process, map)->image;
	const struct bs_image *b = bs_map_of(&run->process, other)->image;
	struct bs_finding *f = captured_by(findings, map, other);

	if (f) {
		tell(run, f, BS_FACT_TWO_VERSIONS);
		return;
	}
	const struct bs_shared shared = bs_shared_exports(run, a, b);
	bool isolated = a->versions.n_defs && b->versions.n_defs;

	if (!shared.n)
		return;
	f = bs_finding_between(run, findings, BS_RULE_TWO_VERSIONS, step, map, other);
	f->level = isolated ? BS_LEVEL_NOTE : BS_LEVEL_WARNING;
	f->n = shared.n;
	bs_shared_tell(run, f, &shared);
	tell(run, f, isolated ? BS_FACT_VERSIONED : BS_FACT_UNVERSIONED);
}

/* MAP is another file of the library OTHER. */
static void compare(const struct bs_run *run, bs_findings *findings, uint32_t step,
		    const struct library *map, const struct library *other)
{
	bool same = bs_is_same_build(bs_map_of(&run->process, map->map)->image,
				     bs_map_of(&run->process, other->map)->image);

	if (same || map->soname == other->soname)
		two_files(run, findings, step, map->map, other->map, same);
	else if (strcmp(map->version, other->version) != 0)
		two_versions(run, findings, step, map->map, other->map);
}

static bool is_library(const struct bs_map *map)
{
	return map->image && map->image->soname && map->role == BS_ROLE_ORDINARY &&
	       map->kind != BS_MAP_EXECUTABLE && !map->is_ghost;
}

static void meet(struct bs_libraries *libraries, const struct bs_run *run, bs_findings *findings,
		 uint32_t step, bs_map_id id)
{
	const struct bs_map *map = bs_map_of(&run->process, id);
	struct bs_arena *arena = run->ctx.arena;
	struct bs_family family;

	if (!is_library(map) || map->real != id || map->removed ||
	    !bs_family_of(arena, map->image->soname, &family))
		return;
	struct library library = {
		.map = id,
		.family = bs_name_of(run->ctx.names, family.name),
		.soname = bs_name_of(run->ctx.names, map->image->soname),
		.version = family.version,
	};

	while (libraries->last.n <= library.family)
		bs_vec_push(arena, &libraries->last, 0);
	library.before = libraries->last.v[library.family];
	for (uint32_t at = library.before; at; at = libraries->list.v[at - 1].before) {
		const struct library *other = &libraries->list.v[at - 1];
		const struct bs_map *there = bs_map_of(&run->process, other->map);

		/* A namespace is there to keep them apart. */
		if (!there->removed && there->ns == map->ns && there->image != map->image)
			compare(run, findings, step, &library, other);
	}
	bs_vec_push(arena, &libraries->list, library);
	libraries->last.v[library.family] = libraries->list.n;
}

void bs_check_twice(struct bs_libraries *libraries, const struct bs_run *run,
		    const struct bs_step_result *result, bs_findings *findings)
{
	bs_vec_each (i, &result->born)
		meet(libraries, run, findings, result->number, result->born.v[i]);
}
