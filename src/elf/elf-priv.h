/* SPDX-License-Identifier: MIT */
/*
 * elf-priv.h - how the files of this floor read a file: bounded access and complaints
 *
 * Tables are read where they lie in the mapped file. libelf knows the sizes of their entries and
 * turns round those of foreign byte order. It is given no file: it would look at the section
 * headers, refuse files for what stands there and allocate by their number, while no loader ever
 * reads them.
 */
#pragma once

#include "../base/guard.h"
#include "elf.h"

#include <libelf.h>
#include <string.h>

/* What is mapped is mapped by pages; those of the machines here are at least as large. */
enum { BS_PAGE = 4096 };

/* One file while it is being read. */
struct bs_reader {
	struct bs_image *image;
	struct bs_arena *arena; /* the image's own */
	struct bs_diags *diags; /* the image's own */
	const uint8_t *bytes;
	uint64_t size;
	int fd;			 /* of the file that is mapped, or -1 */
	bool wide;		 /* ELFCLASS64 */
	bool foreign;		 /* byte order is not the host's */
	uint64_t dynamic_offset; /* of the dynamic section in the file */
	uint32_t n_notes;	 /* looked at so far */
	uint32_t n_cut;		 /* segments that go on beyond the file, so far */
	uint32_t n_strays;	 /* strings outside of the table, looked for so far */
};

/* An image with what the store and bs_image_close() need to end it. */
struct bs_image_file {
	struct bs_image image; /* first: a bs_image of this floor is always one of these */
	struct bs_arena *arena;
	struct bs_diags diags; /* in ARENA; told to each run that asks for the image */
	void *map;	       /* from mmap(2), or NULL */
	size_t map_size;
	struct bs_guard *guard;	 /* of MAP, or NULL */
	struct bs_sentry sentry; /* of the file that is mapped */
	uint64_t stat_size;
	int64_t mtime_s, mtime_ns;
	uint32_t n_users;
	uint32_t n_asked;	       /* since the rare ones were dropped */
	struct bs_image_file *next;    /* in the same slot of the store */
	struct bs_image_file *instead; /* that the store gives out; NULL: itself */
	struct bs_image_file *file;    /* of one that stands in for another: that one; else NULL */
	struct bs_job ahead;	       /* see read-ahead.c */
};

/* read-ahead.c: has WORKER do what can be done for FILE before it is asked for. */
void bs_read_ahead(struct bs_worker *worker, struct bs_image_file *file);

/* as-if.c: BASE as AS_IF has it, which lives as long as BASE. Out of memory unwinds through CTX's
 * arena. */
struct bs_image_file *bs_image_as_if(const struct bs_ctx *ctx, struct bs_image_file *base,
				     const struct bs_as_if *as_if);

/* N bytes of the file from OFFSET on; never reaches beyond the file. */
struct bs_range {
	uint64_t offset, n;
};

/* What a loader has in memory at an address. */
enum bs_memory {
	BS_MEMORY_NONE, /* nothing: to read there is a fault */
	BS_MEMORY_FILE, /* bytes of the file */
	BS_MEMORY_ZERO, /* zeros behind them */
};

/* image.c */
void bs_read_image(struct bs_reader *r);
void bs_noted(struct bs_reader *r, enum bs_diag_code code, uint64_t offset, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void bs_broken(struct bs_reader *r, enum bs_diag_code code, uint64_t offset, const char *format,
	       ...) __attribute__((format(printf, 4, 5)));

/* tables.c: all take virtual addresses, as the dynamic section has them. */
struct bs_range bs_range_at(const struct bs_reader *r, uint64_t address);
struct bs_range bs_range_to_page_end(const struct bs_reader *r, uint64_t address);
enum bs_memory bs_memory_at(const struct bs_reader *r, uint64_t address);
struct bs_range bs_range_of_tag(struct bs_reader *r, int64_t tag, const char *name);
const void *bs_host_order(struct bs_reader *r, uint64_t offset, uint64_t n, Elf_Type type);
uint64_t bs_entry_size(const struct bs_reader *r, Elf_Type type);
const char *bs_kept_string(struct bs_reader *r, const char *s);

/* libelf.c: has libelf opened; NULL, or why it cannot be. From then on FROM is turned round into TO
 * out of ENCODING, an ELFDATA*; false when there is no memory. */
const char *bs_libelf_open(void);
bool bs_libelf_turns(Elf_Data *to, const Elf_Data *from, unsigned encoding, bool wide);

/* dynamic.c */
void bs_read_dynamic(struct bs_reader *r);
enum bs_memory bs_string_memory(struct bs_reader *r, uint64_t offset);
bool bs_dynamic_find(const struct bs_image *image, int64_t tag, uint64_t *ret_value);
uint64_t bs_tag_offset(const struct bs_reader *r, int64_t tag);

/* hash.c, symbols.c, versions.c, relocations.c, mips-got.c, notes.c */
void bs_read_hash_tables(struct bs_reader *r);
void bs_read_symbols(struct bs_reader *r);
void bs_read_versions(struct bs_reader *r);
void bs_read_relocations(struct bs_reader *r);
void bs_read_mips_got(struct bs_reader *r);
void bs_read_notes(struct bs_reader *r);

/* Loads in the file's byte order; the caller has checked that the bytes are there. */

static inline uint16_t bs_load16(const struct bs_reader *r, uint64_t offset)
{
	uint16_t v;

	memcpy(&v, r->bytes + offset, sizeof v);
	v = bs_once16(v);
	return r->foreign ? __builtin_bswap16(v) : v;
}

static inline uint32_t bs_load32(const struct bs_reader *r, uint64_t offset)
{
	uint32_t v;

	memcpy(&v, r->bytes + offset, sizeof v);
	v = bs_once32(v);
	return r->foreign ? __builtin_bswap32(v) : v;
}

static inline uint64_t bs_load64(const struct bs_reader *r, uint64_t offset)
{
	uint64_t v;

	memcpy(&v, r->bytes + offset, sizeof v);
	v = bs_once64(v);
	return r->foreign ? __builtin_bswap64(v) : v;
}

/* An Elf32_Addr or Elf64_Addr. */
static inline uint64_t bs_load_word(const struct bs_reader *r, uint64_t offset)
{
	return r->wide ? bs_load64(r, offset) : bs_load32(r, offset);
}

/* True when N bytes at OFFSET are within SIZE bytes. */
static inline bool bs_within(uint64_t offset, uint64_t n, uint64_t size)
{
	return offset <= size && n <= size - offset;
}
