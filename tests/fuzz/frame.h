/* SPDX-License-Identifier: MIT */
/*
 * frame.h - a sound ELF file around tables that are not
 *
 * A target whose input is one table puts it into such a file: then every byte of the input counts,
 * where most bytes of an ELF file are read by nobody. Addresses are offsets; the dynamic section
 * stands before the tables, so that the table that is added last ends with the file.
 */
#pragma once

#include "elf/elf.h"
#include "fuzz.h"

enum { BS_FRAME_BYTES = 1 << 16, BS_FRAME_ENTRIES = 40, BS_FRAME_SEGMENTS = 8 };

/* Kinds of files: those of all machines that are known, and some that are not. */
enum { BS_FRAME_KINDS = 12 };

struct bs_fuzz_frame {
	uint16_t machine; /* EM_* */
	bool wide, big;
	size_t n; /* bytes so far */
	unsigned n_entries, n_segments;
	size_t dynamic; /* where the dynamic section is */
	uint64_t strings;
	uint8_t bytes[BS_FRAME_BYTES];
};

/* Begins a file of KIND, modulo their number. */
void bs_frame_begin(struct bs_fuzz_frame *f, unsigned kind);

/* Appends PART, or as much of it as there is room for, on a multiple of ALIGN. Returns its place.
 */
uint64_t bs_frame_add(struct bs_fuzz_frame *f, struct bs_fuzz_in part, unsigned align);

/* Appends VALUE in the file's byte order, in WIDTH bytes; 0: as many as an address has. */
uint64_t bs_frame_number(struct bs_fuzz_frame *f, uint64_t value, unsigned width);

/* An entry of the dynamic section; what is too much is left out. */
void bs_frame_entry(struct bs_fuzz_frame *f, int64_t tag, uint64_t value);

/* A program header for N bytes at AT. */
void bs_frame_segment(struct bs_fuzz_frame *f, uint32_t type, uint32_t flags, uint64_t at,
		      uint64_t n, uint64_t align);

/* The names of symbols: symbol I has that at I modulo their number, which is a power of two. */
enum { BS_FRAME_NAMES = 16 };
extern const char *const bs_frame_names[BS_FRAME_NAMES];

/* Adds the names, and a table of N symbols that have them. Every fourth is undefined. */
void bs_frame_symbols(struct bs_fuzz_frame *f, unsigned n);

/* The file is complete but for its last CUT bytes. */
struct bs_fuzz_in bs_frame_end(struct bs_fuzz_frame *f, size_t cut);
