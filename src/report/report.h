/* SPDX-License-Identifier: MIT */
/*
 * report.h - run -> bytes: it prints what it is given and computes nothing but sums
 *
 * A format is a table of functions. The tool opens one or more reports and hands their sinks to the
 * simulation.
 *
 * Floor 8: may include base.h and sim.h; of the floors below only what sim.h shows.
 */
#pragma once

#include "../base/base.h"
#include "../sim/sim.h"

#include <stdio.h>

/* ---- writing ------------------------------------------------------------------------------- */

/* Bytes on their way to a file: some hundred thousand short lines must not cost a call each. */
struct bs_writer {
	FILE *file;
	bool failed; /* a write failed: errno of the first one in ERROR */
	int error;
	size_t n;
	char bytes[1 << 16];
};

void bs_write(struct bs_writer *writer, const char *bytes, size_t n);
void bs_write_text(struct bs_writer *writer, const char *text);
void bs_write_number(struct bs_writer *writer, uint64_t number);
void bs_write_format(struct bs_writer *writer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* TEXT with control characters and bytes that are not UTF-8 as \xNN, for terminals. */
void bs_write_escaped(struct bs_writer *writer, const char *text);

/* Passes on what is held back; false when this or an earlier write failed. */
bool bs_writer_flush(struct bs_writer *writer);

/* ---- formats ------------------------------------------------------------------------------- */

/* A part that --show can name. Bit I of a report's SHOW is part I of its format. */
struct bs_format {
	const char *name;
	const char *const *parts; /* NULL ends */
	unsigned default_show;
	struct bs_sink sink; /* data is replaced with the report */
};

struct bs_report {
	const struct bs_format *format;
	unsigned show;
	bool color;
	bool verbose;
	struct bs_writer *writer;
	void *state; /* the format's own, in the run's arena */
};

/* The format called NAME, or NULL. */
const struct bs_format *bs_format_find(const char *name);

/* All formats, NULL at the end. */
const struct bs_format *const *bs_formats(void);

/* The sink that writes REPORT, which must outlive it. */
struct bs_sink bs_report_sink(struct bs_report *report);

extern const struct bs_format bs_format_text, bs_format_lddebug;
