/* SPDX-License-Identifier: MIT */
/* Are the versions there that an object was linked against? (glibc elf/dl-version.c) */
#include "bind-priv.h"

#include <elf.h>
#include <string.h>

/* The map that a verneed's file name means: by name in link-map order, else in the requirer's own searchlist. */
static bs_map_id find_needed(const struct bs_process *process, const struct bs_ctx *ctx,
			     bs_map_id requirer, const char *file)
{
	const struct bs_map *map = bs_map_of(process, requirer);
	const bs_ids *order = &process->ns[map->ns].order;
	const bs_ids *searched = &process->lists.v[map->searchlist].maps;
	bs_name name = bs_name_of(ctx->names, file);

	bs_vec_each (i, order)
		if (bs_map_has_name(process, order->v[i], name))
			return order->v[i];
	bs_vec_each (i, searched)
		if (bs_map_has_name(process, searched->v[i], name))
			return searched->v[i];
	return BS_NO_MAP;
}

static void complain(const struct bs_ctx *ctx, bs_version_problems *problems,
		     struct bs_version_problem problem)
{
	bs_vec_push(ctx->arena, problems, problem);
}

static const char *requirer_name(const struct bs_process *process, const struct bs_ctx *ctx,
				 bs_map_id map)
{
	return bs_text(ctx, bs_map_of(process, map)->name);
}

/* False: the version is missing. NAME_OF_MAIN stands for the executable in the words. */
static bool check_one(const struct bs_process *process, const struct bs_ctx *ctx, bs_map_id map,
		      bs_map_id target, const struct bs_vernaux *aux, bool verbose,
		      const char *program, bs_version_problems *problems)
{
	const struct bs_image *image =
		bs_map_of(process, bs_map_of(process, target)->real)->image;
	const char *by = requirer_name(process, ctx, map);
	struct bs_version_problem problem = {
		.target = target,
		.required_by = map,
		.version = aux->name,
	};

	if (!*by)
		by = program;
	if (!image || !image->versions.has_defs) {
		if (verbose) {
			problem.kind = BS_VERSION_NO_INFO;
			problem.words = bs_arena_printf(
				ctx->arena, "no version information available (required by %s)",
				by);
			complain(ctx, problems, problem);
		}
		return true;
	}
	for (uint32_t i = 0; i < image->versions.n_defs; i++) {
		const struct bs_verdef *def = &image->versions.defs[i];

		if (def->version != 1) {
			problem.kind = BS_VERSION_ODD;
			problem.fatal = true;
			problem.words = bs_arena_printf(
				ctx->arena, "unsupported version %u of Verdef record", def->version);
			complain(ctx, problems, problem);
			return false;
		}
		if (def->hash == aux->hash && def->name && strcmp(def->name, aux->name) == 0)
			return true;
	}
	bool weak = aux->flags & VER_FLG_WEAK;

	if (weak && !verbose)
		return true;
	problem.kind = weak ? BS_VERSION_WEAK_MISSING : BS_VERSION_MISSING;
	problem.fatal = !weak;
	problem.words = bs_arena_printf(ctx->arena, "%sversion `%s' not found (required by %s)",
					weak ? "weak " : "", aux->name, by);
	complain(ctx, problems, problem);
	return weak;
}

/* From 2.36: packed relative relocations need a libc that says it knows them. */
static bool lacks_relr_version(const struct bs_image *image, bool named)
{
	if (!image->versions.n_needs || !image->relocations.has_relr || named)
		return false;
	for (uint32_t i = 0; i < image->n_dynamic; i++)
		if (image->dynamic[i].tag == DT_NEEDED &&
		    strncmp(bs_image_string(image, image->dynamic[i].value), "libc.so.", 8) == 0)
			return true;
	return false;
}

bool bs_check_versions(const struct bs_process *process, const struct bs_ctx *ctx, bs_map_id map,
		       bool verbose, const char *program, bs_version_problems *problems,
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

		if (target == BS_NO_MAP) {
			*ret_failure = (struct bs_failure){
				.subject = "",
				.words = bs_arena_printf(
					ctx->arena,
					"%s requires versions of %s, which is not loaded",
					requirer_name(process, ctx, map), need->file),
				.crash = true,
				.needed_by = BS_NO_MAP,
			};
			return false;
		}
		for (uint32_t k = 0; k < need->n_aux; k++) {
			ok &= check_one(process, ctx, map, target, &need->aux[k], verbose, program,
					problems);
			relr_named |= strcmp(need->aux[k].name, "GLIBC_ABI_DT_RELR") == 0;
		}
	}
	if (lacks_relr_version(image, relr_named)) {
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
