/* SPDX-License-Identifier: MIT */
/* The objects of a process: its link maps, each with the file that is mapped. */
#include "subject-priv.h"

#include <elf.h>
#include <string.h>
#include <unistd.h>

const char *bs_live_file_slug(enum bs_live_file file)
{
	static const char *const slugs[] = {
		[BS_LIVE_FILE_SAME] = "same",	    [BS_LIVE_FILE_UNCHECKED] = "unchecked",
		[BS_LIVE_FILE_DELETED] = "deleted", [BS_LIVE_FILE_REPLACED] = "replaced",
		[BS_LIVE_FILE_GONE] = "gone",	    [BS_LIVE_FILE_NONE] = "none",
	};

	return slugs[file];
}

struct extent {
	uint64_t from, to;
};

struct finder {
	const struct bs_ctx *ctx;
	struct bs_store *store;
	const struct bs_live_opener *opener;
	struct bs_subject *subject;
	struct extent *extents; /* by area, or NULL: nobody has asked yet */
};

static void take_image(struct finder *f, const struct bs_live_area *area,
		       struct bs_live_object *object)
{
	enum bs_live_file file = BS_LIVE_FILE_GONE;
	int fd = f->opener->open(f->opener->data, area, &file);

	object->path = area->file;
	object->file = fd < 0 && file == BS_LIVE_FILE_SAME ? BS_LIVE_FILE_GONE : file;
	if (fd < 0)
		return;
	object->image = bs_store_acquire_closing(f->store, f->ctx, fd, area->file);
	if (object->image && object->image->state != BS_IMAGE_OK) {
		bs_store_release(f->store, object->image);
		object->image = NULL;
	}
	if (!object->image)
		object->file = BS_LIVE_FILE_GONE;
}

/* One that is in several namespaces has one image. */
static bool take_twin(struct finder *f, struct bs_live_object *object)
{
	bs_vec_each (i, &f->subject->objects) {
		const struct bs_live_object *other = &f->subject->objects.v[i];

		if (other->base != object->base || !other->image || other->is_executable)
			continue;
		object->image = bs_store_hold(f->store, f->ctx, other->image, other->path);
		object->path = other->path;
		object->file = other->file;
		return true;
	}
	return false;
}

/* How far a file is mapped without anything else between, around each area of it. */
static struct extent *extents_of(const struct bs_ctx *ctx, const bs_live_areas *areas)
{
	struct extent *extents = bs_new(ctx->arena, struct extent, areas->n);
	uint32_t first = 0;

	for (uint32_t i = 0; i < areas->n; i++) {
		const struct bs_live_area *area = &areas->v[i], *next = area + 1;

		if (i + 1 < areas->n && area->file && next->file &&
		    strcmp(area->file, next->file) == 0)
			continue;
		const struct extent extent = { areas->v[first].from, area->to };

		while (first <= i)
			extents[first++] = extent;
	}
	return extents;
}

/* What has no image lies at least where its file is mapped around AREA; elsewhere somebody may have
 * mapped that to read it. */
static void find_extent(struct finder *f, const struct bs_live_area *area,
			struct bs_live_object *object)
{
	const bs_live_areas *areas = &f->subject->areas;

	if (!f->extents)
		f->extents = extents_of(f->ctx, areas);
	object->from = f->extents[area - areas->v].from;
	object->to = f->extents[area - areas->v].to;
}

static void add_object(struct finder *f, const struct bs_live_map *map, bool is_executable)
{
	const struct bs_live_area *area = bs_live_area_at(&f->subject->areas, map->dynamic);
	uint64_t vdso = f->subject->auxiliary.vdso;
	struct bs_live_object object = {
		.ns = map->ns,
		.name = map->name,
		.requested = map->requested,
		.base = map->bias,
		.link_map = map->at,
		.is_executable = is_executable,
		.file = BS_LIVE_FILE_GONE,
	};

	if (area && !area->file && vdso && area->from <= vdso && vdso < area->to) {
		object.is_vdso = true;
		object.file = BS_LIVE_FILE_NONE;
		object.from = area->from;
		object.to = area->to;
	} else if (area && !(map->ns && take_twin(f, &object))) {
		/* A core that does not tell what was mapped leaves the names of link maps. */
		const struct bs_live_area named = {
			.from = area->from,
			.to = area->to,
			.file = is_executable ? f->subject->executable : map->name,
		};

		take_image(f, area->file ? area : &named, &object);
	}
	if (!object.image && area && area->file)
		find_extent(f, area, &object);
	bs_vec_push(f->ctx->arena, &f->subject->objects, object);
}

/* ---- what is in no link map ------------------------------------------------------------------ */

/* ELF files whose text is mapped as a loader would, by somebody else. */
static void find_unlisted(struct finder *f)
{
	struct bs_subject *subject = f->subject;
	struct bs_names *listed = bs_names_new(f->ctx->arena);
	unsigned char ident[SELFMAG];

	bs_vec_each (i, &subject->objects)
		bs_name_of(listed, subject->objects.v[i].path);
	bs_vec_each (i, &subject->areas) {
		const struct bs_live_area *area = &subject->areas.v[i];

		/* A file that is mapped in one piece is read, not loaded. */
		if (!area->file || area->offset || i + 1 >= subject->areas.n ||
		    !subject->areas.v[i + 1].file || subject->areas.v[i + 1].ino != area->ino ||
		    strcmp(subject->areas.v[i + 1].file, area->file) != 0 ||
		    bs_name_find(listed, area->file))
			continue;
		if (!subject->memory->read(subject->memory, area->from, ident, sizeof ident) ||
		    memcmp(ident, ELFMAG, SELFMAG) != 0)
			continue;
		bs_vec_push(f->ctx->arena, &subject->unlisted, i);
		bs_name_of(listed, area->file);
	}
}

/* ---- build IDs ------------------------------------------------------------------------------- */

enum { MOST_HEADERS = 64, MOST_NOTE = 4096 };

static size_t id_in_notes(const struct bs_memory *memory, const uint8_t *bytes, size_t n,
			  uint8_t *id, size_t n_id)
{
	for (size_t at = 0; n - at >= 12;) {
		uint32_t header[3];

		memcpy(header, bytes + at, sizeof header);
		for (unsigned i = 0; i < 3 && memory->swapped; i++)
			header[i] = __builtin_bswap32(header[i]);
		if (header[0] > n || header[1] > n)
			return 0;
		size_t name = at + sizeof header;
		size_t text = name + ((header[0] + 3) & ~(size_t)3);
		size_t next = text + ((header[1] + 3) & ~(size_t)3);

		if (text > n || header[1] > n - text)
			return 0;
		if (header[2] == NT_GNU_BUILD_ID && header[0] == 4 &&
		    memcmp(bytes + name, "GNU", 4) == 0 && header[1] && header[1] <= n_id) {
			memcpy(id, bytes + text, header[1]);
			return header[1];
		}
		if (next > n)
			return 0;
		at = next;
	}
	return 0;
}

/* A member of a program header or ELF header that is as wide as an address. */
#define WIDE_MEMBER(memory, Type32, Type64, member)                                                \
	((memory)->word == 8 ? offsetof(Type64, member) : offsetof(Type32, member))

size_t bs_live_build_id(const struct bs_memory *memory, uint64_t from, uint8_t *id, size_t n_id)
{
	uint64_t phoff, address, size, first = 0;
	size_t entry = memory->word == 8 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	uint8_t bytes[MOST_NOTE];
	uint16_t n;
	size_t found = 0;
	bool has_first = false;

	if (!memory->read(memory, from, bytes, SELFMAG) || memcmp(bytes, ELFMAG, SELFMAG) != 0 ||
	    !bs_memory_word(memory, from + WIDE_MEMBER(memory, Elf32_Ehdr, Elf64_Ehdr, e_phoff),
			    &phoff) ||
	    !memory->read(memory, from + WIDE_MEMBER(memory, Elf32_Ehdr, Elf64_Ehdr, e_phnum), &n,
			  sizeof n))
		return 0;
	n = memory->swapped ? __builtin_bswap16(n) : n;
	for (unsigned pass = 0; pass < 2; pass++)
		for (unsigned i = 0; i < n && i < MOST_HEADERS && !found; i++) {
			uint64_t at = from + phoff + i * entry;
			uint32_t type;

			if (!bs_memory_u32(memory, at, &type) ||
			    !bs_memory_word(
				    memory,
				    at + WIDE_MEMBER(memory, Elf32_Phdr, Elf64_Phdr, p_vaddr),
				    &address) ||
			    !bs_memory_word(
				    memory,
				    at + WIDE_MEMBER(memory, Elf32_Phdr, Elf64_Phdr, p_filesz),
				    &size))
				return 0;
			if (pass == 0 && type == PT_LOAD && !has_first) {
				first = address & ~(uint64_t)4095;
				has_first = true;
			}
			if (pass == 1 && type == PT_NOTE && size <= sizeof bytes &&
			    memory->read(memory, from + (address - first), bytes, (size_t)size))
				found = id_in_notes(memory, bytes, (size_t)size, id, n_id);
		}
	return found;
}

/* ---- a loader that was started as a program -----------------------------------------------------
 */

/*
 * `ld.so PROGRAM`: the kernel knows of no program but the loader. Its record for debuggers is a
 * variable of its own then. (glibc elf/rtld.c:rtld_setup_main_map, elf/dl-debug.c:_r_debug)
 */
static uint64_t debug_of_loader(struct finder *f)
{
	struct bs_subject *subject = f->subject;
	const struct bs_live_area *area =
		bs_live_area_at(&subject->areas, subject->auxiliary.entry);
	struct bs_live_object loader = { .base = 0 };
	uint64_t at;

	if (subject->auxiliary.base || !area || !area->file)
		return 0;
	take_image(f, area, &loader);
	if (!loader.image)
		return 0;
	loader.base = subject->auxiliary.entry - loader.image->header.entry;
	at = bs_live_variable(&loader, "_r_debug");
	bs_store_release(f->store, loader.image);
	if (at) {
		subject->auxiliary.base = loader.base;
		subject->by_loader = true;
	}
	return at;
}

/* ---- all ------------------------------------------------------------------------------------- */

const char *bs_live_objects_find(const struct bs_ctx *ctx, struct bs_store *store,
				 const struct bs_live_opener *opener, struct bs_subject *subject)
{
	struct finder f = { .ctx = ctx, .store = store, .opener = opener, .subject = subject };
	uint64_t debug;

	/* Only then has the table of program headers an end. */
	if (!subject->auxiliary.phnum || subject->auxiliary.phnum > UINT16_MAX ||
	    !subject->auxiliary.phent)
		return "its auxiliary vector is not at hand";
	debug = bs_live_debug(subject->memory, &subject->auxiliary);
	if (!debug)
		debug = debug_of_loader(&f);
	if (!debug)
		return subject->auxiliary.base ? "its loader has not come to its link maps yet"
					       : "it has no link maps: it is static, no loader "
						 "started it";
	if (!bs_live_maps_read(ctx->arena, subject->memory, debug, &subject->maps))
		return "its link maps cannot be read";
	subject->has_loader = true;
	bs_vec_each (i, &subject->maps.namespaces)
		subject->is_loading |= subject->maps.namespaces.v[i].state != BS_LOADER_CONSISTENT;
	bs_vec_each (i, &subject->maps.maps)
		add_object(&f, &subject->maps.maps.v[i], i == 0);
	find_unlisted(&f);
	bs_live_global_find(ctx, subject);
	if (subject->by_loader)
		bs_live_arguments_find(ctx, subject);
	return NULL;
}

void bs_subject_close(struct bs_subject *subject, struct bs_store *store)
{
	bs_vec_each (i, &subject->objects)
		if (subject->objects.v[i].image)
			bs_store_release(store, subject->objects.v[i].image);
	subject->objects.n = 0;
	if (subject->memory)
		bs_memory_close(subject->memory);
}
