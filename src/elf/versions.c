/* SPDX-License-Identifier: MIT */
/*
 * Versions defined and needed, and the table that DT_VERSYM indexes
 * (glibc elf/dl-version.c:_dl_check_map_versions).
 *
 * As in the loader, the counts of DT_VERDEFNUM, DT_VERNEEDNUM, vd_cnt and vn_cnt say nothing: a
 * list ends where the offset to the next entry is 0. These offsets are unsigned, so that a list
 * only goes forward and ends with its segment; MOST_ENTRIES ends those that would still go on for
 * too long.
 */
#include "elf-priv.h"

#include <inttypes.h>

enum {
	INDEX_MASK = 0x7fff,
	HIDDEN = 0x8000,
	MOST_ENTRIES = 1 << 16, /* twice as many as there are indexes */
};

typedef BS_VEC(struct bs_verdef) verdefs;
typedef BS_VEC(struct bs_verneed) verneeds;
typedef BS_VEC(struct bs_vernaux) vernauxs;

/* A list of records being walked: AT counts from the start of RANGE. */
struct walk {
	struct bs_range range;
	const char *table; /* "DT_VERNEED" */
	uint64_t at;
	uint32_t n_left;
	bool nameless; /* a name outside of the string table was found and complained of */
	bool cut;      /* a record could not be read */
};

/* True when a record of SIZE bytes can be read at AT. */
static bool can_read(struct bs_reader *r, struct walk *w, uint64_t at, uint64_t size)
{
	if (!bs_within(at, size, w->range.n)) {
		bs_broken(r, BS_DIAG_OUTSIDE_FILE, w->range.offset + w->at, "%s entry cut off",
			  w->table);
		w->cut = true;
		return false;
	}
	if (!w->n_left) {
		/* A limit of this reader: the loader would go on. */
		if (!w->cut)
			bs_noted(r, BS_DIAG_MALFORMED, w->range.offset + w->at, "%s without an end",
				 w->table);
		w->cut = true;
		return false;
	}
	w->n_left--;
	return true;
}

/* The name of a version is read only by who has found its hash, that of a file always. */
static const char *name_at(struct bs_reader *r, struct walk *w, uint64_t at, uint32_t name,
			   bool is_file)
{
	if (name >= r->image->symbols.n_strings) {
		at += w->range.offset;
		if (is_file && !r->image->broken && bs_string_memory(r, name) == BS_MEMORY_NONE)
			bs_broken(r, BS_DIAG_OUTSIDE_FILE, at, "%s outside of the string table",
				  w->table);
		else if (!w->nameless)
			bs_noted(r, BS_DIAG_OUTSIDE_FILE, at, "%s outside of the string table",
				 w->table);
		w->nameless = true;
	}
	return bs_image_string(r->image, name);
}

static void read_verdefs(struct bs_reader *r, struct bs_range range)
{
	struct walk w = { .range = range, .table = "DT_VERDEF", .n_left = MOST_ENTRIES };
	verdefs defs = { 0 };

	while (can_read(r, &w, w.at, sizeof(Elf64_Verdef))) {
		uint64_t def = range.offset + w.at;
		uint64_t aux = w.at + bs_load32(r, def + offsetof(Elf64_Verdef, vd_aux));
		uint32_t next = bs_load32(r, def + offsetof(Elf64_Verdef, vd_next));
		struct bs_verdef entry = {
			.name = "",
			.hash = bs_load32(r, def + offsetof(Elf64_Verdef, vd_hash)),
			.version = bs_load16(r, def + offsetof(Elf64_Verdef, vd_version)),
			.flags = bs_load16(r, def + offsetof(Elf64_Verdef, vd_flags)),
			.index = bs_load16(r, def + offsetof(Elf64_Verdef, vd_ndx)),
		};

		if (can_read(r, &w, aux, sizeof(Elf64_Verdaux)))
			entry.name = name_at(r, &w, aux, bs_load32(r, range.offset + aux), false);
		bs_vec_push(r->arena, &defs, entry);
		if (!next)
			break;
		w.at += next;
	}
	r->image->versions.defs = defs.v;
	r->image->versions.n_defs = defs.n;
	r->image->versions.defs_cut = w.cut;
}

/* The vernaux list that starts AT. */
static vernauxs read_vernauxs(struct bs_reader *r, struct walk *w, uint64_t at)
{
	vernauxs list = { 0 };

	while (can_read(r, w, at, sizeof(Elf64_Vernaux))) {
		uint64_t aux = w->range.offset + at;
		uint32_t next = bs_load32(r, aux + offsetof(Elf64_Vernaux, vna_next));
		uint32_t name = bs_load32(r, aux + offsetof(Elf64_Vernaux, vna_name));

		bs_vec_push(r->arena, &list,
			    (struct bs_vernaux){
				    .name = name_at(r, w, at, name, false),
				    .hash = bs_load32(r, aux + offsetof(Elf64_Vernaux, vna_hash)),
				    .flags = bs_load16(r, aux + offsetof(Elf64_Vernaux, vna_flags)),
				    .other = bs_load16(r, aux + offsetof(Elf64_Vernaux, vna_other)),
			    });
		if (!next)
			break;
		at += next;
	}
	return list;
}

static void read_verneeds(struct bs_reader *r, struct bs_range range)
{
	struct walk w = { .range = range, .table = "DT_VERNEED", .n_left = MOST_ENTRIES };
	verneeds needs = { 0 };

	while (can_read(r, &w, w.at, sizeof(Elf64_Verneed))) {
		uint64_t need = range.offset + w.at;
		uint32_t file = bs_load32(r, need + offsetof(Elf64_Verneed, vn_file));
		uint32_t aux = bs_load32(r, need + offsetof(Elf64_Verneed, vn_aux));
		uint32_t next = bs_load32(r, need + offsetof(Elf64_Verneed, vn_next));
		vernauxs list = read_vernauxs(r, &w, w.at + aux);

		bs_vec_push(
			r->arena, &needs,
			(struct bs_verneed){
				.file = name_at(r, &w, w.at, file, true),
				.version = bs_load16(r, need + offsetof(Elf64_Verneed, vn_version)),
				.aux = list.v,
				.n_aux = list.n,
			});
		if (!next)
			break;
		w.at += next;
	}
	r->image->versions.needs = needs.v;
	r->image->versions.n_needs = needs.n;
}

static void index_versions(struct bs_reader *r)
{
	struct bs_version_tables *tables = &r->image->versions;
	uint32_t highest = 0;

	for (uint32_t i = 0; i < tables->n_needs; i++)
		for (uint32_t j = 0; j < tables->needs[i].n_aux; j++) {
			uint32_t index = tables->needs[i].aux[j].other & INDEX_MASK;

			highest = index > highest ? index : highest;
		}
	for (uint32_t i = 0; i < tables->n_defs; i++) {
		uint32_t index = tables->defs[i].index & INDEX_MASK;

		highest = index > highest ? index : highest;
	}
	if (!highest)
		return;
	struct bs_version *versions = bs_new(r->arena, struct bs_version, highest + 1);

	for (uint32_t i = 0; i < tables->n_needs; i++)
		for (uint32_t j = 0; j < tables->needs[i].n_aux; j++) {
			const struct bs_vernaux *aux = &tables->needs[i].aux[j];

			versions[aux->other & INDEX_MASK] = (struct bs_version){
				.name = aux->name,
				.hash = aux->hash,
				.hidden = aux->other & HIDDEN,
				.filename = tables->needs[i].file,
			};
		}
	/* A definition takes an index over from a need, but leaves its hidden bit as it is. */
	for (uint32_t i = 0; i < tables->n_defs; i++) {
		const struct bs_verdef *def = &tables->defs[i];
		struct bs_version *version = &versions[def->index & INDEX_MASK];

		if (def->flags & VER_FLG_BASE)
			continue;
		version->name = def->name;
		version->hash = def->hash;
		version->filename = NULL;
	}
	tables->versions = versions;
	tables->n_versions = highest + 1;
}

void bs_read_versions(struct bs_reader *r)
{
	struct bs_image *image = r->image;
	struct bs_range needs = bs_range_of_tag(r, DT_VERNEED, "DT_VERNEED");
	struct bs_range defs = bs_range_of_tag(r, DT_VERDEF, "DT_VERDEF");

	image->versions.has_defs = bs_image_has_dynamic(image, DT_VERDEF);
	if (needs.n)
		read_verneeds(r, needs);
	if (defs.n)
		read_verdefs(r, defs);
	else
		image->versions.defs_cut = image->versions.has_defs;
	/* The loader makes no version table for an object without DT_STRTAB. */
	if (bs_image_has_dynamic(image, DT_STRTAB))
		index_versions(r);
}
