/* SPDX-License-Identifier: MIT */
/* Are the versions there that an object was linked against? (glibc elf/dl-version.c) */
#include "bind-priv.h"

#include <elf.h>
#include <string.h>

/* The map that a verneed's file name means: by name in link-map order, else in the requirer's own
 * searchlist. */
static bs_map_id find_needed(const struct bs_process *process, const struct bs_ctx *ctx,
			     bs_map_id requirer, const char *file)
{
	const struct bs_map *map = bs_map_of(process, requirer);
	const bs_ids *searched = &process->lists.v[map->searchlist].maps;
	bs_name name = bs_name_of(ctx->names, file);
	bs_map_id loaded = bs_map_by_name(process, map->ns, name, false);

	if (loaded != BS_NO_MAP)
		return loaded;
	bs_vec_each (i, searched)
		if (bs_map_has_name(process, searched->v[i], name))
			return searched->v[i];
	return BS_NO_MAP;
}

/* A trace asks nothing of what it went on without. */
static bool is_missing(const struct bs_process *process, const char *file)
{
	bs_vec_each (i, &process->missing)
		if (strcmp(process->missing.v[i].name, file) == 0)
			return true;
	return false;
}

static const char *requirer_name(const struct bs_process *process, const struct bs_ctx *ctx,
				 bs_map_id map)
{
	return bs_text(ctx, bs_map_of(process, map)->name);
}

static enum bs_version_outcome find_version(const struct bs_image *image,
					    const struct bs_vernaux *aux, uint16_t *ret_odd)
{
	if (!image || !image->versions.has_defs)
		return BS_VERSION_NO_INFO;
	for (uint32_t i = 0; i < image->versions.n_defs; i++) {
		const struct bs_verdef *def = &image->versions.defs[i];

		if (def->version != 1) {
			*ret_odd = def->version;
			return BS_VERSION_ODD;
		}
		if (def->hash == aux->hash && def->name && strcmp(def->name, aux->name) == 0)
			return BS_VERSION_FOUND;
	}
	return aux->flags & VER_FLG_WEAK ? BS_VERSION_WEAK_MISSING : BS_VERSION_MISSING;
}

/* BY is who requires the version. NULL: nothing to say. */
static const char *words_for(const struct bs_ctx *ctx, const struct bs_version_check *check,
			     const char *by, uint16_t odd, bool verbose)
{
	switch (check->outcome) {
	case BS_VERSION_FOUND:
		break;
	case BS_VERSION_MISSING:
		return bs_arena_printf(ctx->arena, "version `%s' not found (required by %s)",
				       check->version, by);
	case BS_VERSION_WEAK_MISSING:
		if (verbose)
			return bs_arena_printf(ctx->arena,
					       "weak version `%s' not found (required by %s)",
					       check->version, by);
		break;
	case BS_VERSION_NO_INFO:
		if (verbose)
			return bs_arena_printf(ctx->arena,
					       "no version information available (required by %s)",
					       by);
		break;
	case BS_VERSION_ODD:
		return bs_arena_printf(ctx->arena, "unsupported version %u of Verdef record", odd);
	}
	return NULL;
}

/* False: an error. */
static bool check_one(const struct bs_process *process, const struct bs_ctx *ctx, bs_map_id map,
		      bs_map_id target, const struct bs_vernaux *aux, bool verbose,
		      const char *program, bs_version_checks *checks)
{
	bs_map_id real = bs_map_of(process, target)->real;
	const struct bs_image *image = bs_map_of(process, real)->image;
	const char *by = requirer_name(process, ctx, map);
	uint16_t odd = 0;
	struct bs_version_check check = {
		.target = real,
		.required_by = map,
		.version = aux->name,
		.outcome = find_version(image, aux, &odd),
	};

	check.words = words_for(ctx, &check, *by ? by : program, odd, verbose);
	bs_vec_push(ctx->arena, checks, check);
	return check.outcome != BS_VERSION_MISSING && check.outcome != BS_VERSION_ODD;
}

/* From 2.36: packed relative relocations need a libc that says it knows them. */
static bool lacks_relr_version(const struct bs_process *process, const struct bs_image *image,
			       bool named)
{
	if (process->policy->no_relr_version || !image->versions.n_needs ||
	    !image->relocations.has_relr || named)
		return false;
	for (uint32_t i = 0; i < image->n_dynamic; i++)
		if (image->dynamic[i].tag == DT_NEEDED &&
		    strncmp(bs_image_string(image, image->dynamic[i].value), "libc.so.", 8) == 0)
			return true;
	return false;
}

bool bs_check_versions(const struct bs_process *process, const struct bs_ctx *ctx, bs_map_id map,
		       bool verbose, const char *program, bs_version_checks *checks,
		       struct bs_failure *ret_failure)
{
	const struct bs_image *image = bs_map_of(process, map)->image;
	bool ok = true, relr_named = false;

	ret_failure->words = NULL;
	if (!image)
		return true;
	for (uint32_t i = 0; i < image->versions.n_needs; i++) {
		const struct bs_verneed *need = &image->versions.needs[i];

		if (i == 0 && need->version != 1) {
			*ret_failure = (struct bs_failure){
				.subject = requirer_name(process, ctx, map),
				.words = bs_arena_printf(ctx->arena,
							 "unsupported version %u of Verneed record",
							 need->version),
				.needed_by = BS_NO_MAP,
			};
			return false;
		}
		bs_map_id target = find_needed(process, ctx, map, need->file);

		if (target == BS_NO_MAP && is_missing(process, need->file))
			continue;
		if (target == BS_NO_MAP) {
			const char *by = requirer_name(process, ctx, map);

			*ret_failure = (struct bs_failure){
				.subject = "",
				.words = bs_arena_printf(
					ctx->arena,
					"%s requires versions of %s, which is not loaded",
					*by ? by : program, need->file),
				.crash = true,
				.needed_by = BS_NO_MAP,
			};
			return false;
		}
		for (uint32_t k = 0; k < need->n_aux; k++) {
			ok &= check_one(process, ctx, map, target, &need->aux[k], verbose, program,
					checks);
			/* In a dlopen nobody catches the complaint: it ends the attempt at once. */
			if (!ok && !verbose)
				return false;
			relr_named |= strcmp(need->aux[k].name, "GLIBC_ABI_DT_RELR") == 0;
		}
	}
	if (lacks_relr_version(process, image, relr_named)) {
		const char *name = requirer_name(process, ctx, map);

		*ret_failure = (struct bs_failure){
			.subject = *name ? name : program,
			.words = "DT_RELR without GLIBC_ABI_DT_RELR dependency",
			.needed_by = BS_NO_MAP,
		};
		return false;
	}
	return ok;
}
