/* SPDX-License-Identifier: MIT */
/*
 * The journal of a scan: what it has found out already, should it be killed, and what that rests
 * on.
 *
 * A line says whose journal it is. Then come lines of two kinds, each with a check sum, in the
 * order in which programs were finished:
 *
 *   f SUM TAB NUMBER STAMP PATH     something that was looked at, as it was
 *   p SUM TAB NUMBER,... TAB RECORD TAB RECORD ...     a program, and the files that it rests on
 *
 * Records have no tab, for JSON has none in a string; in a PATH what might be taken for the end of
 * something is %XX. A later line about the same program or path is right. A line without an end
 * was being written when the end came, and is cut off.
 */
#include "scan-journal.h"

#include "../search/search.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC  "bindsim-scan-journal-"
#define FORMAT "4"

enum state {
	UNKNOWN, /* nobody has looked yet */
	SAME,	 /* as it is now */
	CHANGED,
};

/* A line about a file. */
struct stamped {
	unsigned look;
	const char *path, *stamp;
	enum state state;
};

/* What a PATH begins with, by what was asked of it. */
static const char look_letters[] = {
	[BS_FS_LOOK_FILE] = 'f', [BS_FS_LOOK_LIST] = 'l',    [BS_FS_LOOK_WHICH] = 'w',
	[BS_FS_LOOK_NAME] = 'n', [BS_FS_LOOK_WRITERS] = 'a', [BS_SCAN_LOOK_PROCESSOR] = 'p',
};

/* Where the line about a subject is; LENGTH 0: there is none that holds. */
struct place {
	off_t at;
	size_t length;
};

struct bs_scan_journal {
	int fd;
	const char *path;
	struct bs_arena *arena;
	const bs_scan_subjects *subjects;
	struct place *places; /* by subject */
	BS_VEC(struct stamped) files;
	struct bs_names *names; /* of files, with what is asked of each ... */
	bs_ids latest;		/* ... and by name the place in FILES plus 1 */
	bs_ids marks;		/* by file: the last program that has it, plus 1 */
	uint32_t n_added;
	uint32_t n_before; /* files that an earlier scan has lines of */
	struct bs_scan_stamps stamps;
};

static bool complain(const struct bs_scan_journal *journal)
{
	bs_complain("%s: %s", journal->path, strerror(errno));
	return false;
}

static bool write_all(const struct bs_scan_journal *journal, const char *bytes, size_t n)
{
	return bs_write_all(journal->fd, bytes, n) || complain(journal);
}

/* ---- files ----------------------------------------------------------------------------------- */

static bool is_as_it_was(struct bs_scan_journal *journal, uint32_t number)
{
	struct stamped *file = &journal->files.v[number];

	if (file->state == UNKNOWN)
		file->state = strcmp(file->stamp, bs_scan_stamp(&journal->stamps, journal->arena,
								file->path, file->look)) == 0 &&
					      strcmp(file->stamp, "?") != 0
				      ? SAME
				      : CHANGED;
	return file->state == SAME;
}

/* By the first byte it is told apart what was asked. */
static bs_name name_of(struct bs_scan_journal *journal, const char *path, unsigned look)
{
	struct bs_arena *scratch = bs_arena_new();

	if (!scratch)
		bs_arena_exhausted(journal->arena);
	bs_arena_unwind_with(scratch, journal->arena);
	bs_name name = bs_name_of(journal->names,
				  bs_arena_printf(scratch, "%c%s", look_letters[look], path));

	bs_arena_free(scratch);
	while (journal->latest.n <= name)
		bs_vec_push(journal->arena, &journal->latest, 0);
	return name;
}

static void add_file(struct bs_scan_journal *journal, struct stamped file)
{
	bs_name name = name_of(journal, file.path, file.look);

	bs_vec_push(journal->arena, &journal->files, file);
	bs_vec_push(journal->arena, &journal->marks, 0);
	journal->latest.v[name] = journal->files.n;
}

/* ---- what is there --------------------------------------------------------------------------- */

/* TEXT, N bytes, with each %XX replaced. */
static char *unescaped(struct bs_arena *arena, const char *text, size_t n)
{
	char *made = bs_arena_strndup(arena, text, n), *to = made;

	for (const char *from = made; *from; from++) {
		unsigned byte;

		if (*from == '%' && sscanf(from, "%%%2x", &byte) == 1) {
			*to++ = (char)byte;
			from += 2;
		} else {
			*to++ = *from;
		}
	}
	*to = '\0';
	return made;
}

/* BS_SCAN_LOOK_COUNT_: there is no such. */
static unsigned look_of(char letter)
{
	const char *at = memchr(look_letters, letter, sizeof look_letters);

	return at ? (unsigned)(at - look_letters) : BS_SCAN_LOOK_COUNT_;
}

/* NUMBER STAMP PATH, where PATH begins with a letter for what was asked. */
static bool take_file(struct bs_scan_journal *journal, const char *text)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);
	size_t n = *end ? strcspn(end + 1, " ") : 0;
	const char *path = *end ? end + 1 + n : end;

	if (end == text || number != journal->files.n || !n || *path != ' ' || !path[1])
		return false;
	path++;
	if (look_of(*path) == BS_SCAN_LOOK_COUNT_)
		return false;
	add_file(journal, (struct stamped){
				  .path = unescaped(journal->arena, path + 1, strlen(path + 1)),
				  .stamp = unescaped(journal->arena, end + 1, n),
				  .look = look_of(*path),
			  });
	return true;
}

/* Every file of the list at TEXT is as it was. *RET_END: what stands behind the list; NULL: it is
 * none. */
static bool all_hold(struct bs_scan_journal *journal, const char *text, const char **ret_end)
{
	bool hold = true;

	*ret_end = NULL;
	while (*text != '\t') {
		char *end;
		unsigned long number = strtoul(text, &end, 10);

		if (end == text || number >= journal->files.n || (*end != ',' && *end != '\t'))
			return false;
		/* One that has changed is enough. */
		hold = hold && is_as_it_was(journal, (uint32_t)number);
		text = end + (*end == ',');
	}
	*ret_end = text;
	return hold;
}

/* UINT32_MAX: there is none. */
static uint32_t subject_called(const struct bs_scan_journal *journal, const char *path)
{
	uint32_t first = 0, end = journal->subjects->n;

	while (first < end) {
		uint32_t middle = first + (end - first) / 2;
		int order = strcmp(journal->subjects->v[middle].path, path);

		if (!order)
			return middle;
		if (order < 0)
			first = middle + 1;
		else
			end = middle;
	}
	return UINT32_MAX;
}

static bool take_program(struct bs_scan_journal *journal, const char *text, off_t at)
{
	struct bs_arena *scratch = bs_arena_new();
	struct bs_scan_record record;
	const char *records;

	if (!scratch)
		bs_arena_exhausted(journal->arena);
	bs_arena_unwind_with(scratch, journal->arena);
	bool hold = all_hold(journal, text, &records);
	bool ok = records &&
		  !bs_scan_record_read(scratch, records + 1, strcspn(records + 1, "\t"), &record);
	hold = hold && ok;
	uint32_t subject = ok ? subject_called(journal, record.path) : UINT32_MAX;

	if (subject != UINT32_MAX)
		journal->places[subject] =
			hold ? (struct place){ at + (records - text), strlen(records) }
			     : (struct place){ 0 };
	bs_arena_free(scratch);
	return ok;
}

/* A line that is whole, N bytes that begin at AT. */
static bool take_line(struct bs_scan_journal *journal, const char *line, size_t n, off_t at)
{
	char *end;

	if (n < 3 || (line[0] != 'f' && line[0] != 'p') || line[1] != ' ')
		return false;
	uint64_t sum = strtoull(line + 2, &end, 16);

	if (*end != '\t' || strlen(line) != n || bs_scan_sum(end, n - (size_t)(end - line)) != sum)
		return false;
	end++;
	return line[0] == 'f' ? take_file(journal, end)
			      : take_program(journal, end, at + (end - line));
}

/* From byte *AT on, up to the end of the last line that is whole. */
static bool take_lines(struct bs_scan_journal *journal, FILE *file, off_t *at)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t n;
	uint32_t number = 1;
	bool ok = true;

	while (ok && (n = getline(&line, &room, file)) > 0 && line[n - 1] == '\n') {
		line[n - 1] = '\0';
		number++;
		ok = take_line(journal, line, (size_t)n - 1, *at);
		if (!ok)
			bs_complain("%s: line %u: it is damaged", journal->path, number);
		*at += n;
	}
	free(line);
	if (ok && ferror(file))
		return complain(journal);
	return ok;
}

/* With its newline. */
static const char *head_line(struct bs_arena *arena, uint64_t question)
{
	return bs_arena_printf(arena, MAGIC FORMAT " %s %016" PRIx64 "\n", BINDSIM_VERSION,
			       question);
}

static bool refuse_head(const struct bs_scan_journal *journal, const char *line, const char *wanted)
{
	const char *version = line + strlen(MAGIC FORMAT);
	size_t n;

	if (strncmp(line, MAGIC, strlen(MAGIC)) != 0) {
		bs_complain("%s: it is no journal of a scan", journal->path);
		return false;
	}
	n = strlen(line) > strlen(MAGIC FORMAT) ? strcspn(version + 1, " \n") : 0;
	if (strncmp(line, wanted, strlen(MAGIC FORMAT) + 1) != 0 || !n ||
	    strlen(BINDSIM_VERSION) != n || strncmp(version + 1, BINDSIM_VERSION, n) != 0)
		bs_complain(
			"%s: it is the journal of another bindsim%s%.*s, not of " BINDSIM_VERSION,
			journal->path, n ? " " : "", (int)n, n ? version + 1 : "");
	else
		bs_complain("%s: it is the journal of another scan: its options, paths, steps, "
			    "plugins, policy or working directory were others",
			    journal->path);
	return false;
}

/* The first line: false after a message, should it be another one. *RET_N: its bytes; 0: it is not
 * whole, and all that there is. */
static bool take_head(const struct bs_scan_journal *journal, const char *wanted, FILE *file,
		      off_t *ret_n)
{
	char line[256] = "";
	size_t n = strlen(wanted), got;

	*ret_n = 0;
	if (!fgets(line, sizeof line, file))
		line[0] = '\0';
	got = strlen(line);
	if (strcmp(line, wanted) == 0) {
		*ret_n = (off_t)n;
		return true;
	}
	/* It is cut, and not only different. */
	if (got < n && strncmp(line, wanted, got) == 0 && fgetc(file) == EOF)
		return true;
	return refuse_head(journal, line, wanted);
}

static bool read_journal(struct bs_scan_journal *journal, const char *wanted, FILE *file)
{
	off_t head, whole;

	if (!take_head(journal, wanted, file, &head))
		return false;
	whole = head;
	if (head && !take_lines(journal, file, &whole))
		return false;
	if (ftruncate(journal->fd, whole) != 0)
		return complain(journal);
	return head || write_all(journal, wanted, strlen(wanted));
}

static bool open_file(struct bs_scan_journal *journal, uint64_t question)
{
	struct stat st;
	FILE *file;
	int copy;

	journal->fd = bs_open_at(AT_FDCWD, journal->path,
				 O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (journal->fd < 0)
		return complain(journal);
	if (fstat(journal->fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		bs_complain("%s: it is no regular file", journal->path);
		return false;
	}
	if (flock(journal->fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno == EWOULDBLOCK)
			bs_complain("%s: another scan is writing to it", journal->path);
		else
			complain(journal);
		return false;
	}
	copy = fcntl(journal->fd, F_DUPFD_CLOEXEC, 0);
	file = copy < 0 ? NULL : fdopen(copy, "r");
	if (!file) {
		complain(journal);
		if (copy >= 0)
			close(copy);
		return false;
	}
	bool ok = read_journal(journal, head_line(journal->arena, question), file);

	journal->n_before = journal->files.n;
	fclose(file);
	return ok;
}

struct bs_scan_journal *bs_scan_journal_open(struct bs_arena *arena, const char *path,
					     uint64_t question, const struct bs_fs *fs,
					     const bs_scan_subjects *subjects)
{
	struct bs_scan_journal *journal = bs_new(arena, struct bs_scan_journal, 1);

	*journal = (struct bs_scan_journal){
		.fd = -1,
		.path = path,
		.arena = arena,
		.subjects = subjects,
		.places = bs_new(arena, struct place, subjects->n),
		.names = bs_names_new(arena),
		.stamps = bs_scan_stamps_new(arena, fs),
	};
	if (open_file(journal, question))
		return journal;
	bs_scan_journal_close(journal);
	return NULL;
}

bool bs_scan_journal_has(const struct bs_scan_journal *journal, uint32_t subject)
{
	return journal && journal->places[subject].length;
}

char *bs_scan_journal_records(const struct bs_scan_journal *journal, struct bs_arena *scratch,
			      uint32_t subject)
{
	const struct place *place = &journal->places[subject];
	char *text = bs_new(scratch, char, place->length + 2);
	size_t n = bs_read_up_to(journal->fd, text, place->length, (uint64_t)place->at);

	if (n != place->length) {
		bs_complain("%s: %s", journal->path,
			    errno ? strerror(errno) : "it has become shorter");
		return NULL;
	}
	/* The tab before each record is the end of the one before. */
	for (size_t i = 1; i < n; i++)
		if (text[i] == '\t')
			text[i] = '\n';
	text[n] = '\n';
	return text + 1;
}

/* ---- what comes to it ------------------------------------------------------------------------ */

/* TEXT behind KIND and its sum. */
static void add_line(struct bs_writer *writer, char kind, const char *text)
{
	bs_write_format(writer, "%c %016" PRIx64, kind, bs_scan_sum(text, strlen(text)));
	bs_write_text(writer, text);
	bs_write_literal(writer, "\n");
}

static const char *escaped(struct bs_arena *scratch, const char *text)
{
	char *made = bs_new(scratch, char, 3 * strlen(text) + 1), *to = made;

	for (; *text; text++) {
		if ((unsigned char)*text <= ' ' || *text == '%' || *text == 0x7f)
			to += sprintf(to, "%%%02X", (unsigned char)*text);
		else
			*to++ = *text;
	}
	return made;
}

/* STAMP is of something else than the run saw that SOURCE is about. */
static bool is_of_another(const struct bs_scan_source *source, const char *stamp)
{
	size_t n = strlen(source->seen);

	return source->seen[n - 1] == ':' ? strncmp(stamp, source->seen, n) != 0
					  : strcmp(stamp, source->seen) != 0;
}

/* The number of SOURCE as it is now, which gets a line if it has none. */
static uint32_t number_of(struct bs_scan_journal *journal, struct bs_arena *scratch,
			  struct bs_writer *writer, const struct bs_scan_source *source)
{
	bs_name name = name_of(journal, source->path, source->look);
	uint32_t number = journal->latest.v[name];
	struct stamped file = { .look = source->look, .state = SAME };

	if (number && is_as_it_was(journal, number - 1) &&
	    !is_of_another(source, journal->files.v[number - 1].stamp))
		return number - 1;
	/* What changes all the time is said so once in each scan. */
	if (number > journal->n_before && strcmp(journal->files.v[number - 1].stamp, "?") == 0)
		return number - 1;
	file.path = bs_arena_strndup(journal->arena, source->path, strlen(source->path));
	file.stamp = bs_scan_stamp(&journal->stamps, journal->arena, source->path, source->look);
	/* A link that was turned meanwhile may lead to an old file, and what was not there may have
	 * come with a directory that was renamed, or mounted: it is as old as before. */
	if (is_of_another(source, file.stamp))
		file.stamp = "?";
	if (strcmp(file.stamp, "?") == 0)
		file.state = CHANGED;
	add_line(writer, 'f',
		 bs_arena_printf(scratch, "\t%u %s %c%s", journal->files.n,
				 escaped(scratch, file.stamp), look_letters[file.look],
				 escaped(scratch, file.path)));
	add_file(journal, file);
	return journal->files.n - 1;
}

/* TAB NUMBER,...: each once, in the order in which the run came to them. */
static void add_numbers(struct bs_scan_journal *journal, struct bs_arena *scratch,
			struct bs_writer *writer, const bs_scan_sources *sources,
			struct bs_writer *numbers)
{
	const char *comma = "\t";

	journal->n_added++;
	bs_vec_each (i, sources) {
		uint32_t number = number_of(journal, scratch, writer, &sources->v[i]);

		if (journal->marks.v[number] == journal->n_added)
			continue;
		journal->marks.v[number] = journal->n_added;
		bs_write_format(numbers, "%s%u", comma, number);
		comma = ",";
	}
}

bool bs_scan_journal_add(struct bs_scan_journal *journal, struct bs_arena *scratch,
			 const bs_scan_sources *sources, const char *lines)
{
	struct bs_writer *writer = bs_new(scratch, struct bs_writer, 1);
	struct bs_writer *text = bs_new(scratch, struct bs_writer, 1);
	size_t n = strlen(lines);
	char *records = bs_arena_strndup(scratch, lines, n);

	/* Each newline becomes the tab before the next record; the last one goes. */
	records[n - 1] = '\0';
	for (char *at = records; (at = strchr(at, '\n'));)
		*at = '\t';
	writer->arena = text->arena = scratch;
	add_numbers(journal, scratch, writer, sources, text);
	bs_write_literal(text, "\t");
	bs_write_text(text, records);
	add_line(writer, 'p', bs_writer_text(text));
	/* One write(2), so that a line is cut at most where the end came. */
	const char *all = bs_writer_text(writer);

	return write_all(journal, all, strlen(all));
}

bool bs_scan_journal_close(struct bs_scan_journal *journal)
{
	int fd = journal ? journal->fd : -1;

	if (fd < 0)
		return true;
	journal->fd = -1;
	/* Some file systems tell of what could not be written no sooner. */
	return close(fd) == 0 || errno == EINTR || complain(journal);
}
