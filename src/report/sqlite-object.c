/* SPDX-License-Identifier: MIT */
/* Objects, the files they are of, and what these define. */
#include "sqlite-priv.h"

#include <elf.h>

enum { HIDDEN_VERSION = 1 << 15 };

/* ---- definitions ----------------------------------------------------------------------------- */

static void put_definition(struct bs_report *report, const struct bs_run *run, uint32_t file,
			   const struct bs_image *image, uint32_t entry, const struct bs_symbol *s)
{
	struct bs_sqlite *db = bs_sqlite_run_of(report)->db;
	const struct bs_version *version = bs_reference_version(image, entry);
	uint32_t symbol = bs_run_symbol(report, bs_image_string(image, s->name));
	uint32_t version_id = bs_sqlite_version(db, version ? version->name : NULL);
	unsigned bind = bs_symbol_bind(s);

	bs_row(db, BS_TABLE_DEFINITIONS);
	bs_put_number(db, file);
	bs_put_number(db, entry);
	bs_put_number(db, symbol);
	bs_put_id(db, version_id);
	bs_put_number(db, !(bs_image_versym(image, entry) & HIDDEN_VERSION));
	bs_put_word(db, bs_symbol_type_name(run->ctx.arena, bs_symbol_type(s)));
	bs_put_word(db, bind == STB_GLOBAL ? "global" : bind == STB_WEAK ? "weak" : "unique");
	bs_put_word(db, bs_symbol_visibility(s) == STV_PROTECTED ? "protected" : "default");
	bs_put_number(db, s->size);
	bs_row_end(db);
}

static void put_definitions(struct bs_report *report, const struct bs_run *run, uint32_t file,
			    const struct bs_image *image)
{
	struct bs_symbol s;

	for (uint32_t i = 0; (i = bs_next_export(image, i, &s)) != 0;)
		if (bs_selected_symbol(&report->selection, bs_image_string(image, s.name)))
			put_definition(report, run, file, image, i, &s);
}

/* ---- files ----------------------------------------------------------------------------------- */

static void put_needed(struct bs_sqlite *db, uint32_t file, const struct bs_image *image)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < image->n_dynamic; i++) {
		if (image->dynamic[i].tag != DT_NEEDED)
			continue;
		bs_row(db, BS_TABLE_NEEDED);
		bs_put_number(db, file);
		bs_put_number(db, n++);
		bs_put_text(db, bs_image_string(image, image->dynamic[i].value));
		bs_row_end(db);
	}
}

/* The file of the object ID; 0: nobody has it. */
static uint32_t file_of(struct bs_report *report, const struct bs_run *run, bs_map_id id)
{
	const struct bs_image *image = bs_map_of(&run->process, id)->image;
	struct bs_sqlite *db = bs_sqlite_run_of(report)->db;
	const char *path = bs_object_path(run, id);
	bool is_new;

	if (!image)
		return 0;
	path = path ? path : bs_run_map_name(run, id);
	uint32_t file = bs_sqlite_file(db, image, path, &is_new);

	if (!is_new)
		return file;
	bs_row(db, BS_TABLE_FILES);
	bs_put_number(db, file);
	bs_put_text(db, path);
	bs_put_text(db, image->soname);
	bs_put_word(db, bs_hex(run->ctx.arena, image->notes.build_id, image->notes.n_build_id));
	bs_put_number(db, image->size);
	bs_put_word(db, image->machine ? image->machine->name : NULL);
	bs_put_text(db, image->rpath);
	bs_put_text(db, image->runpath);
	bs_row_end(db);
	put_needed(db, file, image);
	if (report->show & SHOW_DEFINITIONS)
		put_definitions(report, run, file, image);
	return file;
}

/* ---- objects --------------------------------------------------------------------------------- */

static void put_object(struct bs_report *report, const struct bs_run *run, bs_map_id id)
{
	const struct bs_map *map = bs_map_of(&run->process, id);
	const struct bs_sqlite_run *state = bs_sqlite_run_of(report);
	const struct bs_json_binds binds = bs_json_binds((enum bs_calls)state->sums.calls.v[id]);
	bool is_found = bs_json_is_found(map);
	uint32_t file = file_of(report, run, id);
	struct bs_sqlite *db = bs_run_row(report, BS_TABLE_OBJECTS);

	bs_put_number(db, id);
	bs_put_id(db, file);
	bs_put_text(db, bs_run_map_name(run, id));
	bs_put_text(db, bs_object_path(run, id));
	bs_put_text(db, bs_lasting_name(run, id));
	bs_put_word(db, bs_json_map_kind_name(map->kind));
	bs_put_word(db, bs_json_role_name(map->role));
	bs_put_number(db, map->ns);
	bs_put_if(db, map->born != BS_NEVER, map->born);
	bs_put_if(db, map->died != BS_NEVER, map->died);
	bs_put_word(db, is_found ? bs_json_how_name(map->how) : NULL);
	bs_put_map(db, is_found ? map->via : BS_NO_MAP);
	bs_put_map(db, is_found ? map->asked_by : BS_NO_MAP);
	bs_put_number(db, map->preloaded);
	bs_put_word(db, binds.when);
	bs_put_word(db, binds.mark);
	bs_row_end(db);
}

static void put_libraries(struct bs_report *report, const struct bs_run *run)
{
	const bs_library_carriers carriers = bs_find_library_carriers(report->checker, run);

	bs_vec_each (i, &carriers) {
		const struct bs_library_carrier *c = &carriers.v[i];
		struct bs_sqlite *db = bs_run_row(report, BS_TABLE_KNOWN_LIBRARIES);

		bs_put_number(db, c->map);
		bs_put_text(db, c->library->name);
		bs_put_number(db, c->is_itself);
		bs_put_text(db, c->version);
		bs_row_end(db);
	}
}

void bs_sqlite_objects(struct bs_report *report, const struct bs_run *run)
{
	bs_vec_each (id, &run->process.maps)
		put_object(report, run, id);
	if (report->checker)
		put_libraries(report, run);
}
