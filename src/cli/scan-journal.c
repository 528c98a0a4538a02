/* SPDX-License-Identifier: MIT */
/*
 * The journal of a scan: what it has found out already, should it be killed.
 *
 * A line for its question, then one for each program, in order: its number, a check sum, and its
 * records with tabs before them, which JSON has in no string. A line without an end was being
 * written when the end came, and is cut off.
 */
#include "scan-priv.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC "bindsim-scan-journal-1"

/* With its newline. */
static const char *head_line(struct bs_arena *arena, uint64_t question)
{
	return bs_arena_printf(arena, MAGIC " %016" PRIx64 "\n", question);
}

static uint64_t sum_of(const char *bytes, size_t n)
{
	struct bs_scan_hash hash = bs_scan_hash_new();

	bs_scan_hash_bytes(&hash, bytes, n);
	return bs_scan_hash_end(hash);
}

static bool complain(const struct bs_scan_journal *journal)
{
	bs_complain("%s: %s", journal->path, strerror(errno));
	return false;
}

static bool write_all(const struct bs_scan_journal *journal, const char *bytes, size_t n)
{
	return bs_write_all(journal->fd, bytes, n) || complain(journal);
}

/* ---- what is there --------------------------------------------------------------------------- */

/* The records of LINE, N bytes without the newline; NULL where it is no line of program NUMBER. */
static const char *records_of(const char *line, size_t n, uint32_t number)
{
	char *end;
	unsigned long found = strtoul(line, &end, 10);

	if (end == line || found != number || *end != ' ')
		return NULL;
	uint64_t sum = strtoull(end + 1, &end, 16);

	return *end == '\t' && sum_of(end, n - (size_t)(end - line)) == sum ? end : NULL;
}

/* A line of the journal that is whole; ANSWER may be NULL. False after a message. */
static bool take_line(struct bs_scan_journal *journal, uint32_t n_expected,
		      struct bs_scan_answer *answer, const char *line, size_t n)
{
	const char *at = records_of(line, n, journal->n_done);

	if (!at || journal->n_done == n_expected) {
		bs_complain("%s: it is damaged at program %u", journal->path, journal->n_done);
		return false;
	}
	while (answer && *at == '\t') {
		size_t length = strcspn(++at, "\t");
		const char *problem = bs_scan_answer_take(answer, at, length);

		if (problem) {
			bs_complain("%s: program %u: %s", journal->path, journal->n_done, problem);
			return false;
		}
		at += length;
	}
	journal->n_done++;
	if (answer)
		bs_scan_answer_program(answer);
	return true;
}

/* *RET_WHOLE: bytes of the lines that are whole. */
static bool take_lines(struct bs_scan_journal *journal, uint32_t n_expected,
		       struct bs_scan_answer *answer, FILE *file, off_t *ret_whole)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t n;
	bool ok = true;

	while (ok && (n = getline(&line, &room, file)) > 0 && line[n - 1] == '\n') {
		line[n - 1] = '\0';
		ok = take_line(journal, n_expected, answer, line, (size_t)n - 1);
		*ret_whole += n;
	}
	free(line);
	return ok;
}

/* The first line: false after a message, should it be another one. *RET_N: its bytes; 0: it is not
 * whole, and all that there is. */
static bool take_head(const struct bs_scan_journal *journal, const char *wanted, FILE *file,
		      off_t *ret_n)
{
	char line[sizeof MAGIC + 32];
	size_t n = fread(line, 1, strlen(wanted), file);

	*ret_n = 0;
	if (n == strlen(wanted) && memcmp(line, wanted, n) == 0)
		*ret_n = (off_t)n;
	else if (n < strlen(MAGIC) ? memcmp(line, MAGIC, n) != 0
				   : memcmp(line, MAGIC, strlen(MAGIC)) != 0) {
		bs_complain("%s: it is no journal of a scan", journal->path);
		return false;
	} else if (n == strlen(wanted)) {
		bs_complain("%s: it is the journal of another scan, or files have changed since",
			    journal->path);
		return false;
	}
	return true;
}

/* Nothing is answered before all of it was found to be in order. */
static bool read_journal(struct bs_scan_journal *journal, const char *wanted,
			 struct bs_scan_answer *answer, FILE *file)
{
	off_t head, whole;

	if (!take_head(journal, wanted, file, &head))
		return false;
	whole = head;
	if (head && !take_lines(journal, answer->n_expected, NULL, file, &whole))
		return false;
	if (ferror(file) || fseeko(file, head, SEEK_SET) != 0 || ftruncate(journal->fd, whole) != 0)
		return complain(journal);
	journal->n_done = 0;
	if (!head)
		return write_all(journal, wanted, strlen(wanted));
	return take_lines(journal, answer->n_expected, answer, file, &head);
}

bool bs_scan_journal_open(struct bs_scan_journal *journal, const char *path, uint64_t question,
			  struct bs_scan_answer *answer)
{
	struct stat st;
	FILE *file;
	int copy;

	*journal = (struct bs_scan_journal){ -1, path, 0 };
	if (!path)
		return true;
	journal->fd = bs_open_at(AT_FDCWD, path,
				 O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (journal->fd < 0)
		return complain(journal);
	if (fstat(journal->fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		bs_complain("%s: it is no regular file", path);
		return false;
	}
	if (flock(journal->fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno == EWOULDBLOCK)
			bs_complain("%s: another scan is writing to it", path);
		else
			complain(journal);
		return false;
	}
	copy = dup(journal->fd);
	file = copy < 0 ? NULL : fdopen(copy, "r");
	if (!file) {
		complain(journal);
		if (copy >= 0)
			close(copy);
		return false;
	}
	bool ok = read_journal(journal, head_line(answer->arena, question), answer, file);

	fclose(file);
	return ok;
}

/* ---- what comes to it ------------------------------------------------------------------------ */

bool bs_scan_journal_add(struct bs_scan_journal *journal, const char *lines)
{
	char start[64];
	size_t n = strlen(lines);
	char *line = journal->fd < 0 ? NULL : malloc(sizeof start + n + 2);

	if (journal->fd < 0)
		return true;
	if (!line) {
		bs_complain("out of memory");
		return false;
	}
	/* Each newline becomes the tab before the next record; the last one ends the line. */
	char *records = line + sizeof start;

	records[0] = '\t';
	memcpy(records + 1, lines, n + 1);
	for (size_t i = 1; i < n; i++)
		if (records[i] == '\n')
			records[i] = '\t';
	int length = snprintf(start, sizeof start, "%u %016" PRIx64, journal->n_done,
			      sum_of(records, n));
	char *begin = records - length;

	/* One write(2), so that a line is cut at most where the end came. */
	memcpy(begin, start, (size_t)length);
	bool ok = write_all(journal, begin, (size_t)length + n + 1);

	journal->n_done++;
	free(line);
	return ok;
}

void bs_scan_journal_close(struct bs_scan_journal *journal)
{
	if (journal->fd >= 0)
		close(journal->fd);
	journal->fd = -1;
}
