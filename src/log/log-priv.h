/* SPDX-License-Identifier: MIT */
/* log-priv.h - what the files of the log floor share */
#pragma once

#include "log.h"

#include <string.h>

/* N bytes somewhere in the input. */
struct bs_span {
	const char *s;
	size_t n;
};

/* What was said of objects of an image, to tell what can be said once only. */
enum bs_log_fact {
	BS_LOG_IS_OBJECT,    /* by link-map name or by the name that was asked for */
	BS_LOG_IS_BASE_NAME, /* of one */
	BS_LOG_WAS_SEARCHED,
	BS_LOG_WAS_RELOCATED,
	BS_LOG_WAS_CHECKED, /* for the versions that it wants */
};

/* A set of facts: open addressing, 0 is free. */
struct bs_log_facts {
	uint64_t *slots;
	uint32_t n, n_slots; /* a power of two, or 0 */
};

/* An image, and what is known of it to tell when the next one begins. */
struct bs_log_image {
	struct bs_log_process is;
	bool is_last; /* of its pid */
	struct bs_log_facts facts;
	enum bs_log_kind last_kind; /* of the last message that is not about the vdso */
	bool last_init_is_libc;	    /* that was INIT, and of libc */
	bool has_spoken;	    /* of more than the vdso */
	/* Its words include some with which each image begins, and no other time. */
	bool tells_starts;
	bool counted_start;		 /* statistics of a start-up were told */
	uint32_t n_sought;		 /* messages by which its parent was looked for */
	bs_name vdso_bound, vdso_sought; /* the first symbols */
	struct {
		bs_name from, to, symbol;
	} first_binding;
	/* Messages that may be the beginning of another image; see image.c. */
	BS_VEC(struct bs_log_event) held;
	bool held_init;	 /* with constructors among them ... */
	bool held_again; /* ... and before these something that this image had done before */
};

struct bs_log_bytes {
	char *v;
	uint32_t n, cap;
};

/* A message without an end: the rest may come on a line of its own. */
struct bs_log_pending {
	uint32_t pid;
	struct bs_log_bytes text;
	struct bs_log_place place;
};

enum { BS_LOG_CACHED = 1 << 13, BS_LOG_MOST_PENDING = 8 };

struct bs_log_cached {
	const char *text;
	uint32_t n;
	bs_name name;
};

struct bs_log {
	struct bs_arena *arena;
	struct bs_names *names;
	struct bs_log_sink sink;
	struct bs_log_sum sum;

	/* reader.c */
	BS_VEC(const char *) files;
	uint32_t file_pid; /* by the file's name, 0: it tells none */
	struct bs_log_place place;
	struct bs_log_bytes carried; /* the beginning of a line */
	struct bs_log_bytes squeezed;
	uint64_t n_unended;   /* bytes of a line that has no end yet */
	bool in_long;	      /* the rest of a line that is too long is passed over */
	char last_prefix[12]; /* that of the line before */
	uint32_t last_pid;
	struct bs_log_pending pending[BS_LOG_MOST_PENDING];
	uint32_t n_pending;
	BS_VEC(bs_name) list; /* of the event at hand */
	struct bs_log_cached *cache;

	/* image.c */
	BS_VEC(struct bs_log_image) images;
	uint32_t *by_pid; /* the last image of each, + 1; open addressing */
	uint32_t n_by_pid, n_pids;
	BS_VEC(uint8_t) minors; /* by name: what GLIBC_2.N says, + 1; 255: nothing */
	bs_name empty;
};

/* The name of SPAN, whose NULs, if any, have been taken out. */
bs_name bs_log_name(struct bs_log *log, struct bs_span span);

/* parse.c: BODY, behind a prefix, as EVENT, whose fields are all 0 before; UNKNOWN if it is none.
 * *RET_OPEN: the message is complete only with what may come on the next line. */
void bs_log_parse(struct bs_log *log, struct bs_span body, struct bs_log_event *event,
		  bool *ret_open);

/* The same for a LINE without a prefix: musl. False when it is none; it may be QNX's. */
bool bs_log_parse_bare(struct bs_log *log, struct bs_span line, struct bs_log_event *event);
bool bs_log_is_qnx(struct bs_span line);

/* image.c: hands EVENT of PID on to the sink, as one of the image that it belongs to. */
void bs_log_take(struct bs_log *log, uint32_t pid, struct bs_log_event *event);

/* Hands on what is held back. */
void bs_log_release(struct bs_log *log);

/* facts.c: FACT holds of NAME; adds it, false if it was there. */
bool bs_log_has(const struct bs_log_facts *facts, enum bs_log_fact fact, bs_name name);
bool bs_log_add(struct bs_arena *arena, struct bs_log_facts *facts, enum bs_log_fact fact,
		bs_name name);

/* releases.c: what EVENT of IMAGE says of the loader's release. */
void bs_log_note_release(struct bs_log *log, struct bs_log_image *image,
			 const struct bs_log_event *event);

/* The file name of PATH. */
static inline const char *bs_log_base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* "linux-vdso.so.1", "linux-gate.so.1": NAME is the kernel's. */
static inline bool bs_log_is_vdso(const char *name)
{
	return strncmp(name, "linux-vdso", 10) == 0 || strncmp(name, "linux-gate.so", 13) == 0;
}
