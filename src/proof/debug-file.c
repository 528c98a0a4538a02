/* SPDX-License-Identifier: MIT */
/*
 * Where the debug information of an object is. In the file itself; in the file that .gnu_debuglink
 * names, beside it, in .debug/ or below /usr/lib/debug; in /usr/lib/debug/.build-id. A part that
 * several files share (dwz) is named by .gnu_debugaltlink. (GDB manual, "Debugging Information in
 * Separate Files")
 */
#include "proof-priv.h"

#include "../base/guard.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEBUG_ROOT "/usr/lib/debug"

/* Of what is unpacked, for each entry that may be looked at. */
enum { BYTES_OF_AN_ENTRY = 64 };

/* What a search for one object's files needs. */
struct search {
	struct bs_debug *debug;
	const struct bs_run *run;
	const char *directory; /* of the object's file, inside the root */
};

/* ---- mapped files -------------------------------------------------------------------------- */

static void let_go(struct bs_mapped *mapped)
{
	if (mapped->elf)
		elf_end(mapped->elf);
	bs_guard_end(mapped->guard);
	if (mapped->bytes) {
		bs_sentry_end(&mapped->sentry);
		bs_unmap_file(mapped->bytes, mapped->n);
	}
	*mapped = (struct bs_mapped){ 0 };
}

/* The file at PATH, which libelf may write into where it unpacks sections: it stays private. */
static bool map_file(const struct bs_run *run, const char *path, struct bs_mapped *ret)
{
	int fd = bs_fs_open_file(run->fs, path);
	struct stat st;

	*ret = (struct bs_mapped){ 0 };
	if (fd < 0)
		return false;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
		void *map = bs_map_file(fd, (size_t)st.st_size, PROT_READ | PROT_WRITE);

		if (map != MAP_FAILED) {
			*ret = (struct bs_mapped){ .bytes = map,
						   .n = (size_t)st.st_size,
						   .dev = st.st_dev,
						   .ino = st.st_ino,
						   .path = path };
			bs_sentry_begin(&ret->sentry, fd, &st);
		}
	}
	close(fd);
	if (ret->bytes) {
		ret->guard = bs_guard_begin(ret->bytes, ret->n, PROT_READ | PROT_WRITE);
		ret->elf = elf_memory(ret->bytes, ret->n);
	}
	if (!ret->elf)
		let_go(ret);
	return ret->elf != NULL;
}

/* The checksum of .gnu_debuglink: that of IEEE 802.3. */
static uint32_t crc_of(const struct bs_mapped *mapped)
{
	uint32_t table[256], crc = UINT32_MAX;
	const unsigned char *byte = mapped->bytes;

	for (uint32_t i = 0; i < 256; i++) {
		table[i] = i;
		for (int bit = 0; bit < 8; bit++)
			table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xedb88320 : 0);
	}
	for (size_t i = 0; i < mapped->n; i++)
		crc = crc >> 8 ^ table[(crc ^ byte[i]) & 0xff];
	return ~crc;
}

static bool has_build_id(Elf *elf, const void *id, size_t n)
{
	const void *own = NULL;
	ssize_t n_own = dwelf_elf_gnu_build_id(elf, &own);

	return n && n_own == (ssize_t)n && memcmp(own, id, n) == 0;
}

/* What a file says of its sections. */
struct sections {
	bool debug_info, mini; /* there are such */
	uint64_t unpacked;     /* bytes that the packed ones have when they are unpacked */
};

/* Of a section in the older way of packing: "ZLIB", then its size. */
static uint64_t old_unpacked_size(const struct bs_mapped *mapped, const GElf_Shdr *header)
{
	const unsigned char *bytes = mapped->bytes;
	uint64_t size = 0;

	if (header->sh_offset > mapped->n || mapped->n - header->sh_offset < 12)
		return 0;
	for (unsigned i = 4; i < 12; i++)
		size = size << 8 | bytes[header->sh_offset + i];
	return size;
}

static void note_section(const struct bs_mapped *mapped, Elf_Scn *section, const GElf_Shdr *header,
			 const char *name, struct sections *ret)
{
	uint64_t unpacked = 0;
	GElf_Chdr packed;

	if (header->sh_flags & SHF_COMPRESSED && gelf_getchdr(section, &packed))
		unpacked = packed.ch_size;
	else if (strncmp(name, ".zdebug_", 8) == 0)
		unpacked = old_unpacked_size(mapped, header);
	ret->unpacked =
		unpacked > UINT64_MAX - ret->unpacked ? UINT64_MAX : ret->unpacked + unpacked;
	ret->debug_info |= strcmp(name, ".debug_info") == 0 || strcmp(name, ".zdebug_info") == 0;
	ret->mini |= strcmp(name, ".gnu_debugdata") == 0;
}

static struct sections sections_of(const struct bs_mapped *mapped)
{
	struct sections found = { 0 };
	size_t names;

	if (elf_getshdrstrndx(mapped->elf, &names) != 0)
		return found;
	for (Elf_Scn *at = NULL; (at = elf_nextscn(mapped->elf, at)) != NULL;) {
		GElf_Shdr header;
		const char *name = gelf_getshdr(at, &header)
					   ? elf_strptr(mapped->elf, names, header.sh_name)
					   : NULL;

		if (name)
			note_section(mapped, at, &header, name, &found);
	}
	return found;
}

/* ---- what several files share -------------------------------------------------------------- */

/* The alt file at PATH, which must be the one with this build ID and share nothing itself: libdw
 * would look for that on its own, outside of the root, too. */
static bool try_shared(struct search *s, const char *path, const void *id, size_t n)
{
	struct bs_debug *debug = s->debug;
	const char *name;
	const void *more;

	if (!map_file(s->run, path, &debug->shared))
		return false;
	if (has_build_id(debug->shared.elf, id, n) &&
	    sections_of(&debug->shared).unpacked <= debug->budget * BYTES_OF_AN_ENTRY)
		debug->alt = dwarf_begin_elf(debug->shared.elf, DWARF_C_READ, NULL);
	if (debug->alt && dwelf_dwarf_gnu_debugaltlink(debug->alt, &name, &more) == 0)
		return true;
	if (debug->alt)
		dwarf_end(debug->alt);
	debug->alt = NULL;
	let_go(&debug->shared);
	return false;
}

static const char *build_id_path(struct bs_arena *arena, const uint8_t *id, size_t n)
{
	char *path = bs_arena_printf(arena, DEBUG_ROOT "/.build-id/%02x/%*s.debug", id[0],
				     (int)(2 * n - 2), "");
	char *at = path + strlen(DEBUG_ROOT "/.build-id/xx/");

	for (size_t i = 1; i < n; i++, at += 2) {
		at[0] = "0123456789abcdef"[id[i] >> 4];
		at[1] = "0123456789abcdef"[id[i] & 15];
	}
	return path;
}

static const char *directory_of(struct bs_arena *arena, const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? bs_arena_strndup(arena, path, (size_t)(slash - path)) : ".";
}

/* DEBUG's information in FILE, which is in DIRECTORY, shares some with another file or not at all;
 * false: it does, and that one is not there. */
static bool join_shared(struct search *s, const char *directory)
{
	struct bs_debug *debug = s->debug;
	const char *name = NULL;
	const void *id = NULL;
	ssize_t n = dwelf_dwarf_gnu_debugaltlink(debug->dwarf, &name, &id);

	if (n == 0)
		return true;
	if (n < 2 || n > 64)
		return false;
	const char *path =
		*name == '/' ? name : bs_arena_printf(debug->arena, "%s/%s", directory, name);

	if (!try_shared(s, path, id, (size_t)n) &&
	    !try_shared(s, build_id_path(debug->arena, id, (size_t)n), id, (size_t)n))
		return false;
	dwarf_setalt(debug->dwarf, debug->alt);
	return true;
}

/* ---- the files one after the other --------------------------------------------------------- */

static void note(struct bs_debug *debug, enum bs_unproven unproven)
{
	/* What was nearest to it says more than that there was nothing. */
	if (debug->unproven == BS_UNPROVEN_NO_DEBUG || unproven == BS_UNPROVEN_NO_SHARED)
		debug->unproven = unproven;
}

/* Takes what MAPPED, in DIRECTORY, has. */
static bool take(struct search *s, const struct bs_mapped *mapped, const char *directory)
{
	const struct sections sections = sections_of(mapped);
	struct bs_debug *debug = s->debug;

	/* Without it libdw takes a file with nothing but names for one with debug information. */
	if (!sections.debug_info)
		return false;
	/* It unpacks all there is at once, and believes in the size that is told. */
	if (sections.unpacked > debug->budget * BYTES_OF_AN_ENTRY) {
		note(debug, BS_UNPROVEN_TOO_MUCH);
		return false;
	}
	debug->dwarf = dwarf_begin_elf(mapped->elf, DWARF_C_READ, NULL);
	if (!debug->dwarf)
		return false;
	if (join_shared(s, directory)) {
		debug->unproven = BS_PROVEN;
		return true;
	}
	note(debug, BS_UNPROVEN_NO_SHARED);
	dwarf_end(debug->dwarf);
	debug->dwarf = NULL;
	return false;
}

/* The separate file at PATH if it belongs to the object: by its build ID where both have one, else
 * by the checksum CRC, if that is known. */
static bool try_separate(struct search *s, const char *path, const uint32_t *crc)
{
	struct bs_debug *debug = s->debug;
	const struct bs_notes *notes = &debug->image->notes;
	const void *id;

	if (!map_file(s->run, path, &debug->separate))
		return false;
	bool belongs =
		notes->n_build_id && dwelf_elf_gnu_build_id(debug->separate.elf, &id) > 0
			? has_build_id(debug->separate.elf, notes->build_id, notes->n_build_id)
			: crc && crc_of(&debug->separate) == *crc;

	if (belongs && take(s, &debug->separate, directory_of(debug->arena, path))) {
		debug->path = path;
		return true;
	}
	let_go(&debug->separate);
	return false;
}

static bool try_link(struct search *s)
{
	struct bs_debug *debug = s->debug;
	GElf_Word crc;
	const char *name = dwelf_elf_gnu_debuglink(debug->own.elf, &crc);

	if (!name || !*name || strchr(name, '/'))
		return false;
	const char *const paths[] = {
		bs_arena_printf(debug->arena, "%s/%s", s->directory, name),
		bs_arena_printf(debug->arena, "%s/.debug/%s", s->directory, name),
		bs_arena_printf(debug->arena, DEBUG_ROOT "%s/%s", s->directory, name),
	};

	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
		if (try_separate(s, paths[i], &crc))
			return true;
	return false;
}

static bool try_build_id(struct search *s)
{
	const struct bs_notes *notes = &s->debug->image->notes;

	return notes->n_build_id >= 2 && notes->n_build_id <= 64 &&
	       try_separate(s, build_id_path(s->debug->arena, notes->build_id, notes->n_build_id),
			    NULL);
}

struct bs_debug *bs_debug_open(struct bs_arena *arena, const struct bs_run *run,
			       const struct bs_image *image, uint64_t budget)
{
	struct bs_debug *debug = bs_new(arena, struct bs_debug, 1);
	struct search s = { .debug = debug, .run = run };
	const char *path = image ? bs_fs_canonical(run->fs, &run->ctx, image->path) : NULL;

	*debug = (struct bs_debug){
		.image = image, .unproven = BS_UNPROVEN_NO_FILE, .arena = arena, .budget = budget
	};
	if (!path)
		return debug;
	/* What has been replaced meanwhile is another file. */
	if (!map_file(run, path, &debug->own) || debug->own.n != image->n_bytes ||
	    debug->own.dev != image->dev || debug->own.ino != image->ino)
		return debug;
	debug->unproven = BS_UNPROVEN_NO_DEBUG;
	s.directory = directory_of(arena, path);
	if (take(&s, &debug->own, s.directory) || try_link(&s) || try_build_id(&s))
		bs_units_list(debug);
	else if (sections_of(&debug->own).mini)
		note(debug, BS_UNPROVEN_MINI_ONLY);
	return debug;
}

const char *bs_debug_changed(const struct bs_debug *debug, const char **ret_words)
{
	const struct bs_mapped *const files[] = { &debug->own, &debug->separate, &debug->shared };

	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		if (files[i]->bytes &&
		    (bs_guard_is_hit(files[i]->guard) || bs_sentry_is_alarmed(&files[i]->sentry))) {
			*ret_words = bs_words_for_change(bs_guard_is_hit(files[i]->guard));
			return files[i]->path;
		}
	return NULL;
}

void bs_debug_close(struct bs_debug *debug)
{
	if (debug->dwarf)
		dwarf_end(debug->dwarf);
	if (debug->alt)
		dwarf_end(debug->alt);
	debug->dwarf = debug->alt = NULL;
	let_go(&debug->own);
	let_go(&debug->separate);
	let_go(&debug->shared);
}
