/* SPDX-License-Identifier: MIT */
/* The record of an object. */
#include "json-priv.h"

#include <elf.h>

const char *bs_json_map_kind_name(enum bs_map_kind kind)
{
	static const char *const names[] = {
		[BS_MAP_EXECUTABLE] = "executable",
		[BS_MAP_STARTUP] = "startup",
		[BS_MAP_LOADED] = "loaded",
	};

	return names[kind];
}

const char *bs_json_role_name(enum bs_map_role role)
{
	static const char *const names[] = {
		[BS_ROLE_ORDINARY] = "ordinary",
		[BS_ROLE_LOADER] = "loader",
		[BS_ROLE_VDSO] = "vdso",
	};

	return names[role];
}

const char *bs_json_how_name(enum bs_how how)
{
	static const char *const names[BS_HOW_COUNT_] = {
		[BS_HOW_NONE] = "none",
		[BS_HOW_PATH] = "path",
		[BS_HOW_RPATH] = "rpath",
		[BS_HOW_LIBRARY_PATH] = "library-path",
		[BS_HOW_RUNPATH] = "runpath",
		[BS_HOW_CACHE] = "cache",
		[BS_HOW_DEFAULT] = "default-directories",
	};

	return names[how];
}

void bs_json_member_map(struct bs_json *json, const char *key, bs_map_id map)
{
	bs_json_member_if(json, key, map != BS_NO_MAP, map);
}

bool bs_json_is_found(const struct bs_map *map)
{
	return map->role == BS_ROLE_ORDINARY && map->kind != BS_MAP_EXECUTABLE;
}

static void write_found(struct bs_json *json, const struct bs_map *map)
{
	bs_json_key(json, "found");
	if (!bs_json_is_found(map)) {
		bs_json_null(json); /* nobody looked for it */
		return;
	}
	bs_json_object(json, BS_JSON_INLINE);
	bs_json_member_word(json, "how", bs_json_how_name(map->how));
	bs_json_member_map(json, "via", map->via);
	bs_json_member_map(json, "asked_by", map->asked_by);
	bs_json_close(json);
}

static void write_needed(struct bs_json *json, const struct bs_image *image)
{
	bs_json_key(json, "needed");
	bs_json_array(json, BS_JSON_INLINE);
	for (uint32_t i = 0; image && i < image->n_dynamic; i++)
		if (image->dynamic[i].tag == DT_NEEDED)
			bs_json_string(json, bs_image_string(image, image->dynamic[i].value));
	bs_json_close(json);
}

struct bs_json_binds bs_json_binds(enum bs_calls calls)
{
	static const struct bs_json_binds texts[BS_CALLS_COUNT_] = {
		[BS_CALLS_NONE] = { "none", NULL },
		[BS_CALLS_LAZY] = { "lazy", NULL },
		[BS_CALLS_NOW] = { "now", NULL },
		[BS_CALLS_NOW_DT_BIND_NOW] = { "now", "DT_BIND_NOW" },
		[BS_CALLS_NOW_DF_BIND_NOW] = { "now", "DF_BIND_NOW" },
		[BS_CALLS_NOW_DF_1_NOW] = { "now", "DF_1_NOW" },
		[BS_CALLS_NOW_LD_BIND_NOW] = { "now", "LD_BIND_NOW" },
		[BS_CALLS_NOW_RTLD_NOW] = { "now", "RTLD_NOW" },
		[BS_CALLS_NOW_EXECUTABLE] = { "now", "executable" },
	};

	return texts[calls];
}

static void write_binds(struct bs_json *json, enum bs_calls calls)
{
	const struct bs_json_binds binds = bs_json_binds(calls);

	bs_json_key(json, "binds");
	if (calls == BS_CALLS_UNKNOWN) {
		bs_json_null(json);
		return;
	}
	bs_json_object(json, BS_JSON_INLINE);
	bs_json_member_word(json, "when", binds.when);
	bs_json_member(json, "mark", binds.mark);
	bs_json_close(json);
}

void bs_json_object_members(struct bs_report *report, const struct bs_run *run, bs_map_id id)
{
	const struct bs_map *map = bs_map_of(&run->process, id);
	const struct bs_image *image = map->image;
	struct bs_json_report *state = report->state;
	struct bs_json *json = &state->json;

	bs_json_member_number(json, "id", id);
	bs_json_member(json, "name", bs_run_map_name(run, id));
	bs_json_member(json, "path", bs_object_path(run, id));
	bs_json_member(json, "soname", image ? image->soname : NULL);
	bs_json_key(json, "build_id");
	if (image && image->notes.n_build_id)
		bs_json_hex(json, image->notes.build_id, image->notes.n_build_id);
	else
		bs_json_null(json);
	bs_json_member_word(json, "kind", bs_json_map_kind_name(map->kind));
	bs_json_member_word(json, "role", bs_json_role_name(map->role));
	bs_json_member_number(json, "namespace", map->ns);
	bs_json_member_if(json, "born", map->born != BS_NEVER, map->born);
	bs_json_member_if(json, "died", map->died != BS_NEVER, map->died);
	write_found(json, map);
	bs_json_member_bool(json, "preloaded", map->preloaded);
	write_needed(json, image);
	bs_json_member(json, "rpath", image ? image->rpath : NULL);
	bs_json_member(json, "runpath", image ? image->runpath : NULL);
	write_binds(json, (enum bs_calls)state->calls.v[id]);
}

void bs_json_note_calls(struct bs_json_report *state, const struct bs_run *run,
			const struct bs_step_result *result)
{
	while (state->calls.n < result->last_map) {
		bs_map_id id = state->calls.n;
		bool is_vdso = bs_map_of(&run->process, id)->role == BS_ROLE_VDSO;

		bs_vec_push(run->ctx.arena, &state->calls,
			    (uint8_t)(is_vdso ? BS_CALLS_UNKNOWN : bs_calls_of(run, id)));
	}
}
