/* SPDX-License-Identifier: MIT */
/*
 * log.h - a loader's own words, read back
 *
 * Bytes go in, as they come: files one after the other, or what a pipe gives. Out come events, one
 * for each message of a loader: LD_DEBUG of glibc, what musl says of failures. Whatever else stands
 * in between, before and behind is passed over and counted. Memory is bounded by what is distinct,
 * which are names and processes, not by the length of the log.
 *
 * A process is one image: an exec in the same pid begins another one, and so does a pid that is
 * used again. A fork does not, but has a pid of its own: its process goes on where the parent was.
 *
 * Floor 11: may include base.h alone.
 */
#pragma once

#include "../base/base.h"

/* ---- events ---------------------------------------------------------------------------------- */

/*
 * KIND(id, text): what a message is about, and the fields that it has. Others are 0. TEXT is what
 * the kind is called in reports. (glibc elf/dl-lookup.c, dl-load.c, dl-open.c, dl-close.c,
 * dl-init.c, dl-version.c, dl-object.c, rtld.c)
 */
enum bs_log_kind {
#define KIND(id, text) BS_LOG_##id,
#include "kinds.def"
#undef KIND
	BS_LOG_KIND_COUNT_
};

/* Where in the input a message stands. */
struct bs_log_place {
	uint32_t file;	 /* as numbered by bs_log_begin_file(), from 0 on */
	uint64_t line;	 /* from 1 on */
	uint64_t offset; /* of the line's first byte, in the file */
};

#define BS_LOG_NO_NS  UINT32_MAX /* the message names no namespace */
#define BS_LOG_NOBODY UINT32_MAX /* no process */

/* Names are of the table that bs_log_new() was handed; LIST lives as long as the call. */
struct bs_log_event {
	enum bs_log_kind kind;
	uint32_t process; /* see bs_log_process() */
	struct bs_log_place place;
	bs_name from, to;	 /* objects; see kinds.def for what else */
	bs_name symbol, version; /* version 0: none is named */
	uint32_t from_ns, to_ns;
	uint32_t number;   /* opencount; number of a scope */
	bool is_protected; /* binding */
	bool is_fatal;	   /* errors; false: "(continued)" */
	bool is_lazy;	   /* relocation */
	bool is_cut;	   /* the line was too long, or had bytes that do not belong there */
	uint32_t n_list;
	const bs_name *list; /* scope */
};

/* ---- processes ------------------------------------------------------------------------------- */

enum bs_log_loader {
	BS_LOG_LOADER_UNKNOWN,
	BS_LOG_LOADER_GLIBC,
	BS_LOG_LOADER_MUSL,
	BS_LOG_LOADER_BINDSIM, /* --format=ld-debug */
};

/* How the first message of a process came to be its first. */
enum bs_log_origin {
	BS_LOG_STARTED, /* it belongs to a start-up */
	BS_LOG_FORKED,	/* it does not, and others were there before: most likely a fork(2) */
	BS_LOG_CUT,	/* it does not, and nothing was there before: the log begins too late */
};

/* How far a process has come, by what it said. */
enum bs_log_phase {
	BS_LOG_LOADING,	 /* the objects of the start-up come, are relocated, ... */
	BS_LOG_STARTING, /* ... and their constructors run */
	BS_LOG_RUNNING,	 /* the program has control */
	BS_LOG_ENDING,	 /* its destructors run */
};

struct bs_log_process {
	uint32_t pid;	     /* 0: the loader tells none */
	uint32_t generation; /* images that the log showed of this pid before */
	enum bs_log_origin origin;
	uint32_t parent; /* FORKED: the one process that it can have come from, or BS_LOG_NOBODY */
	enum bs_log_loader loader;
	enum bs_log_phase phase;
	bs_name program; /* as the loader calls it, argv[0] as a rule; 0: it never did */
	/* Releases of glibc, as 36 for 2.36, that its words fit; 0: no bound. */
	uint8_t release_from, release_to;
	uint64_t n[BS_LOG_KIND_COUNT_]; /* messages by kind */
	uint64_t n_cut;			/* with IS_CUT */
	struct bs_log_place first, last;
};

/* ---- reading --------------------------------------------------------------------------------- */

struct bs_log;

struct bs_log_sink {
	/* Takes EVENT in, which is gone afterwards. Events of one process come in the order in
	 * which they were written; those of others may come in between. */
	void (*event)(void *user, struct bs_log *log, const struct bs_log_event *event);
	void *user;
};

/* What the log has that is no message. */
struct bs_log_sum {
	uint64_t bytes, lines;
	uint64_t noise;	     /* lines that no loader wrote, and lines that have such bytes */
	uint64_t long_lines; /* of which only the first BS_LOG_LONGEST bytes were read */
	struct bs_log_place first_long;
	bool is_qnx; /* it shows messages of DL_DEBUG of QNX, which are not read */
	struct bs_log_place first_qnx;
	bool is_empty; /* of messages */
};

enum { BS_LOG_LONGEST = 1 << 20 };

/* A reader, ARENA's as all that it keeps. Names are added to NAMES. SINK is copied. Running out of
 * memory unwinds to the handler of ARENA, also within bs_log_bytes() and bs_log_end(). */
struct bs_log *bs_log_new(struct bs_arena *arena, struct bs_names *names,
			  const struct bs_log_sink *sink);

/* What follows is of the file NAME, which is copied; a line that was not ended is. BASE.PID, as
 * LD_DEBUG_OUTPUT makes it, says whose words are those without a prefix. */
void bs_log_begin_file(struct bs_log *log, const char *name);

/* Reads the next N bytes. */
void bs_log_bytes(struct bs_log *log, const char *bytes, size_t n);

/* The input is over: what was held back, if anything, is handed on. */
void bs_log_end(struct bs_log *log);

/* How many processes there are so far, and the Ith, which may move when bytes are read. */
uint32_t bs_log_n_processes(const struct bs_log *log);
const struct bs_log_process *bs_log_process(const struct bs_log *log, uint32_t i);

const struct bs_log_sum *bs_log_sum(const struct bs_log *log);

/* The name of the file number FILE. */
const char *bs_log_file(const struct bs_log *log, uint32_t file);

/* What KIND is called in reports, "binding". */
const char *bs_log_kind_text(enum bs_log_kind kind);
