/* SPDX-License-Identifier: MIT */
/* scan-priv.h - what the files of `bindsim scan` share */
#pragma once

#include "cli.h"

#include "../report/json-writer.h"
#include "../report/scan-report.h"

#include <sys/stat.h>

/* ---- scan-subjects.c: what there is to ask about -------------------------------------------- */

struct bs_scan_subject {
	const char *path; /* as the process of the plan is started by */
	bool is_library;
	uint64_t size;
};

typedef BS_VEC(struct bs_scan_subject) bs_scan_subjects;

/* What LINE names, each file once, sorted by path; in *SKIPPED how many files are no subjects.
 * False after a message. */
bool bs_scan_find(struct bs_arena *arena, const struct bs_command_line *line, bs_scan_subjects *ret,
		  struct bs_scan_skipped *skipped);

/* ---- scan-walk.c: what lies below a directory ------------------------------------------------ */

/* A file that was looked at. */
struct bs_scan_seen {
	dev_t dev;
	ino_t ino;
	bool is_link; /* the name is a symbolic link's */
	enum bs_peeked kind;
	struct bs_scan_subject subject; /* its path is NULL where it is none */
};

struct bs_scan_found {
	struct bs_arena *arena;
	struct bs_fs *fs;
	/* Each is there for each of its names, and counted later; but for what has one name and is
	 * no program, which is counted in SKIPPED at once. */
	BS_VEC(struct bs_scan_seen) seen;
	struct bs_scan_skipped skipped;
};

/* Adds to FOUND the regular file FD, of which ST is known, named PATH. Closes FD. */
void bs_scan_look_at(struct bs_scan_found *found, const struct bs_command_line *line, int fd,
		     const struct stat *st, const char *path, bool is_link);

struct bs_scan_place {
	const char *path; /* as it is printed */
	int fd;		  /* of the directory */
	dev_t dev;
	bool is_root;  /* it is the root: the kernel's file systems are left out */
	bool is_alone; /* nothing else is named, which may have the same files */
};

/*
 * Adds what lies below PLACE, whose descriptor it closes. Without --libraries, files that nobody
 * may execute are passed over, unless there are no others: the modes of that tree were lost then,
 * as those of zip archives and artifacts are. False after a message.
 */
bool bs_scan_walk(struct bs_scan_found *found, const struct bs_command_line *line,
		  const struct bs_scan_place *place);

/* ---- scan-question.c: numbers that stand for much -------------------------------------------- */

/* FNV-1a of 64 bits, with the bits mixed at the end: no secret, and the same everywhere. */
struct bs_scan_hash {
	uint64_t state;
};

struct bs_scan_hash bs_scan_hash_new(void);
void bs_scan_hash_bytes(struct bs_scan_hash *hash, const void *bytes, size_t n);
uint64_t bs_scan_hash_end(struct bs_scan_hash hash);
/* That of the N bytes at BYTES alone. */
uint64_t bs_scan_sum(const char *bytes, size_t n);

/* The part of N, from 1 on, that PATH belongs to. */
uint32_t bs_scan_part_of(const char *path, uint32_t n);

/* A shared object that each program opens. */
struct bs_scan_plugin {
	struct bs_step step;
	const char *machine, *directory;
	const char *place; /* that directory, whatever it was called */
};

typedef BS_VEC(struct bs_scan_plugin) bs_scan_plugins;

/*
 * What LINE asks of SUBJECTS, with PLUGINS, in the head's question. *RET_OF_JOURNAL: what it asks
 * of any program, and where, from CWD on; records of the same one say the same, as long as files do
 * not change.
 * False after a message.
 */
bool bs_scan_question(struct bs_arena *arena, const struct bs_command_line *line,
		      const bs_scan_subjects *subjects, const bs_scan_plugins *plugins,
		      struct bs_scan_head *head, const char *cwd, uint64_t *ret_of_journal);

/* ---- scan-read.c: lines that were written ---------------------------------------------------- */

/* The N bytes at TEXT, a line, as a record or a head, in ARENA. NULL, or what is wrong with it. */
const char *bs_scan_record_read(struct bs_arena *arena, const char *text, size_t n,
				struct bs_scan_record *ret);
const char *bs_scan_file_read(struct bs_arena *arena, const char *text, size_t n,
			      struct bs_scan_file *ret);
const char *bs_scan_head_read(struct bs_arena *arena, const char *text, size_t n,
			      struct bs_scan_head *ret);

/* ---- scan-judge.c: what counts --------------------------------------------------------------- */

struct bs_scan_judge {
	struct bs_arena *arena;
	bool is_wanted;	    /* records get dispositions */
	bs_baseline *known; /* or NULL */
	enum bs_level fail_on;
	struct bs_json *json; /* of the baseline that is written; NULL: none is */
	struct bs_destination destination;
};

/* Begins the baseline of LINE, too, if one is to be written. False after a message. */
bool bs_scan_judge_begin(struct bs_scan_judge *judge, struct bs_arena *arena,
			 const struct bs_command_line *line, const struct bs_scan_head *head);

/* Gives each finding of RECORD its disposition, and says what is gone of the baseline. */
void bs_scan_judge_record(struct bs_scan_judge *judge, struct bs_arena *scratch,
			  struct bs_scan_record *record);

/* KEEP false: the baseline is dropped. False after a message. */
bool bs_scan_judge_end(struct bs_scan_judge *judge, bool keep);

/* ---- scan-answer.c: where records go --------------------------------------------------------- */

struct bs_scan_answer {
	struct bs_arena *arena;
	const struct bs_command_line *line;
	const struct bs_scan_head *head;
	struct bs_scan_sum *sum;
	struct bs_scan_judge judge;
	struct bs_begun_output *outputs;
	const struct bs_scan_format **formats; /* by output */
	uint32_t n_outputs;
	struct bs_names *told; /* names of files that are */
	bs_name last_told;
	const char *directory; /* a private one, for files that are copied; or NULL */
	/* Fills in a file by its name; false: there is no such. NULL: files come by themselves. */
	bool (*describe)(void *user, struct bs_arena *scratch, struct bs_scan_file *file);
	void *user;
	uint32_t n_expected, n_done; /* programs, for the progress bar */
	bool shows_progress, progress_is_shown;
	int64_t began, drawn; /* milliseconds */
};

/* Opens the outputs of LINE and writes their beginnings. N_EXPECTED: programs to come. False after
 * a message. */
bool bs_scan_answer_begin(struct bs_scan_answer *answer, struct bs_arena *arena,
			  const struct bs_command_line *line, const struct bs_scan_head *head,
			  uint32_t n_expected);

/* Takes the N bytes at TEXT, a record's line; NULL, or what is wrong with it, in *ANSWER's arena.
 */
const char *bs_scan_answer_take(struct bs_scan_answer *answer, const char *text, size_t n);

/* The same for the line of a file. */
const char *bs_scan_answer_take_file(struct bs_scan_answer *answer, const char *text, size_t n);

/* All records of a program are there: they may be seen. */
void bs_scan_answer_program(struct bs_scan_answer *answer);

/* Writes the sums, and a message for a status that is not 0. */
enum bs_exit bs_scan_answer_end(struct bs_scan_answer *answer);

/* Drops what there is; for who had a message of his own. */
enum bs_exit bs_scan_answer_drop(struct bs_scan_answer *answer);

/* ---- scan-lines.c: files that are read by turns, as many as there are -------------------------
 */

enum bs_scan_lines_end {
	BS_SCAN_LINES_GO_ON,
	BS_SCAN_LINES_ENDED,
	BS_SCAN_LINES_CUT,    /* there is a line without a newline */
	BS_SCAN_LINES_FAILED, /* with errno; ESPIPE: it is no regular file */
};

struct bs_scan_lines {
	const char *path;
	uint32_t number; /* of the latest line, from 1 on */
	enum bs_scan_lines_end end;
	/* private: */
	char *bytes; /* N of them are there, of which USED are behind the latest line */
	size_t room, n, used, block;
	off_t at; /* in the file, of what is to be read next */
};

/* Nothing is opened yet. BLOCK: bytes to read at once. */
void bs_scan_lines_begin(struct bs_scan_lines *lines, const char *path, size_t block);

/* The next line without its newline, with a NUL, until the next call; *RET_N: its bytes. NULL:
 * there is none, and END says why. */
const char *bs_scan_lines_next(struct bs_scan_lines *lines, size_t *ret_n);

void bs_scan_lines_rewind(struct bs_scan_lines *lines);

/* Gives the memory back; may follow on itself. */
void bs_scan_lines_end(struct bs_scan_lines *lines);

/* ---- scan-merge.c ---------------------------------------------------------------------------- */

/* The answer that the parts which LINE names are to. */
enum bs_exit bs_scan_merge(struct bs_arena *arena, const struct bs_command_line *line);
