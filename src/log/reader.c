/* SPDX-License-Identifier: MIT */
/*
 * From bytes to messages.
 *
 * A message of glibc has a prefix, the pid in ten columns, a colon and a tab (five columns up to
 * 2.3), and is written at one go, but for what depends on the message: the version of a binding,
 * the objects of a scope, the directories of a search (glibc elf/dl-printf.c:_dl_debug_vdprintf,
 * and _dl_debug_printf_c for the rest). So a prefix may stand anywhere in a line, behind what the
 * program has left there, and what a message lacks may come behind a line of somebody else.
 */
#include "log-priv.h"

enum { COLUMNS = 10, OLD_COLUMNS = 5 };

/* ---- names ----------------------------------------------------------------------------------- */

static uint64_t load8(const char *s)
{
	uint64_t word;

	memcpy(&word, s, sizeof word);
	return word;
}

/* Of a few bytes: what comes again and again is found by its place. */
static uint32_t place_of(struct bs_span span)
{
	uint64_t h = span.n * 0x9e3779b97f4a7c15u;

	if (span.n >= 8) {
		h ^= load8(span.s) * 0xff51afd7ed558ccdu;
		h = (h ^ load8(span.s + span.n - 8)) * 0xc4ceb9fe1a85ec53u;
		h = (h ^ load8(span.s + span.n / 2 - 4)) * 0x9e3779b97f4a7c15u;
	} else {
		for (size_t i = 0; i < span.n; i++)
			h = (h ^ (unsigned char)span.s[i]) * 0x9e3779b97f4a7c15u;
	}
	return (uint32_t)(h >> 40) & (BS_LOG_CACHED - 1);
}

bs_name bs_log_name(struct bs_log *log, struct bs_span span)
{
	struct bs_log_cached *cached = &log->cache[place_of(span)];

	if (cached->name && cached->n == span.n && memcmp(cached->text, span.s, span.n) == 0)
		return cached->name;
	cached->name = bs_name_of_n(log->names, span.s, span.n);
	cached->text = bs_name_text(log->names, cached->name);
	cached->n = (uint32_t)span.n;
	return cached->name;
}

/* ---- prefixes -------------------------------------------------------------------------------- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The pid in the bytes from S to END, which a colon follows; they are blanks, then digits. */
static bool read_pid(const char *s, const char *end, uint32_t *ret)
{
	uint64_t pid = 0;

	while (s < end && *s == ' ')
		s++;
	if (s == end)
		return false;
	for (; s < end; s++) {
		if (!is_digit(*s))
			return false;
		pid = pid * 10 + (uint64_t)(*s - '0');
	}
	*ret = (uint32_t)pid;
	return pid <= INT32_MAX;
}

/* The next prefix in SPAN: where it begins, the pid, and what follows it. NULL: there is none. */
static const char *find_prefix(struct bs_span span, uint32_t *ret_pid, const char **ret_body)
{
	const char *end = span.s + span.n;

	for (const char *tab = span.s; (tab = memchr(tab, '\t', (size_t)(end - tab))); tab++) {
		if (tab - span.s <= COLUMNS || tab[-1] != ':' || !is_digit(tab[-2]))
			continue;
		if (!read_pid(tab - 1 - COLUMNS, tab - 1, ret_pid))
			continue;
		*ret_body = tab + 1;
		return tab - 1 - COLUMNS;
	}
	return NULL;
}

/* That of releases up to 2.3, at the beginning of a line only. (glibc 2.3 elf/dl-misc.c) */
static const char *old_body(struct bs_span line, uint32_t *ret_pid)
{
	if (line.n < OLD_COLUMNS + 2 || line.s[OLD_COLUMNS] != ':' ||
	    line.s[OLD_COLUMNS + 1] != '\t' || !read_pid(line.s, line.s + OLD_COLUMNS, ret_pid))
		return NULL;
	return line.s + OLD_COLUMNS + 2;
}

/* ---- messages without an end ----------------------------------------------------------------- */

static void parse_and_take(struct bs_log *log, uint32_t pid, struct bs_span body,
			   struct bs_log_place place, bool is_cut)
{
	struct bs_log_event event = { .place = place };
	bool open;

	bs_log_parse(log, body, &event, &open);
	event.is_cut |= is_cut;
	/* A line of blanks only belongs to the message around it. */
	if (event.kind == BS_LOG_KIND_COUNT_)
		return;
	bs_log_take(log, pid, &event);
}

/* Its bytes are for the next one that waits. */
static void drop_pending(struct bs_log *log, uint32_t i)
{
	const struct bs_log_pending dropped = log->pending[i];

	log->n_pending--;
	memmove(&log->pending[i], &log->pending[i + 1],
		(log->n_pending - i) * sizeof *log->pending);
	log->pending[log->n_pending] = dropped;
}

/* Hands on what has come of the message I. */
static void give_up_pending(struct bs_log *log, uint32_t i)
{
	const struct bs_log_pending p = log->pending[i];

	parse_and_take(log, p.pid, (struct bs_span){ p.text.v, p.text.n }, p.place, true);
	drop_pending(log, i);
}

static void give_up_of(struct bs_log *log, uint32_t pid)
{
	for (uint32_t i = log->n_pending; i-- > 0;)
		if (log->pending[i].pid == pid)
			give_up_pending(log, i);
}

static void give_up_all(struct bs_log *log)
{
	while (log->n_pending)
		give_up_pending(log, 0);
}

static void append(struct bs_log *log, struct bs_log_bytes *bytes, struct bs_span span)
{
	bs_vec_reserve(log->arena, bytes, (uint32_t)span.n);
	if (span.n)
		memcpy(bytes->v + bytes->n, span.s, span.n);
	bytes->n += (uint32_t)span.n;
}

static void keep_pending(struct bs_log *log, uint32_t pid, struct bs_span body)
{
	if (log->n_pending == BS_LOG_MOST_PENDING)
		give_up_pending(log, 0);
	struct bs_log_pending *p = &log->pending[log->n_pending++];

	p->pid = pid;
	p->place = log->place;
	p->text.n = 0;
	append(log, &p->text, body);
}

/* LINE is the rest of a message: that of the one that waits longest. */
static bool take_rest(struct bs_log *log, struct bs_span line)
{
	if (!log->n_pending ||
	    (line.n && line.s[0] != ' ' && line.s[0] != ':' && line.s[0] != '\t'))
		return false;
	struct bs_log_pending *p = &log->pending[0];

	append(log, &p->text, line);
	const struct bs_span body = { p->text.v, p->text.n };

	parse_and_take(log, p->pid, body, p->place, log->n_pending > 1);
	drop_pending(log, 0);
	return true;
}

/* ---- lines ----------------------------------------------------------------------------------- */

/* A part of a line behind a prefix. ENDS: the line does. */
static void read_message(struct bs_log *log, uint32_t pid, struct bs_span body, bool ends,
			 bool is_cut)
{
	struct bs_log_event event = { .place = log->place };
	bool open = false;

	if (log->n_pending)
		give_up_of(log, pid);
	bs_log_parse(log, body, &event, &open);
	if (event.kind == BS_LOG_KIND_COUNT_)
		return;
	if ((!ends && !is_cut) || open) {
		/* What stands behind the symbol is somebody else's. */
		const char *symbol = open ? memmem(body.s, body.n, "symbol `", 8) : NULL;
		const char *quote =
			symbol ? memchr(symbol, '\'', body.n - (size_t)(symbol - body.s)) : NULL;

		if (quote)
			body.n = (size_t)(quote + 1 - body.s);
		log->sum.noise += open;
		keep_pending(log, pid, body);
		return;
	}
	event.is_cut |= is_cut;
	bs_log_take(log, pid, &event);
}

static void read_bare(struct bs_log *log, struct bs_span line)
{
	struct bs_log_event event = { .place = log->place };

	if (take_rest(log, line))
		return;
	if (!line.n)
		return;
	if (bs_log_parse_bare(log, line, &event)) {
		/* glibc says it behind its lines, in the same stream. */
		bs_log_take(log, event.number && log->last_pid ? log->last_pid : log->file_pid,
			    &event);
		return;
	}
	log->sum.noise++;
	if (!log->sum.is_qnx && bs_log_is_qnx(line)) {
		log->sum.is_qnx = true;
		log->sum.first_qnx = log->place;
	}
}

static void read_clean_line(struct bs_log *log, struct bs_span line, bool is_cut)
{
	uint32_t pid, next_pid;
	const char *body, *next_body, *end;

	while (line.n && line.s[line.n - 1] == '\r')
		line.n--;
	end = line.s + line.n;
	if (line.n >= COLUMNS + 2 && memcmp(line.s, log->last_prefix, COLUMNS + 2) == 0) {
		pid = log->last_pid;
		body = line.s + COLUMNS + 2;
	} else {
		const char *begin = find_prefix(line, &pid, &body);

		if (!begin) {
			body = old_body(line, &pid);
			if (body)
				read_message(log, pid,
					     (struct bs_span){ body, (size_t)(end - body) }, true,
					     is_cut);
			else
				read_bare(log, line);
			return;
		}
		if (begin > line.s) {
			/* The end of what another one was about to say, or noise. */
			if (!take_rest(log, (struct bs_span){ line.s, (size_t)(begin - line.s) }))
				log->sum.noise++;
		} else {
			memcpy(log->last_prefix, begin, COLUMNS + 2);
			log->last_pid = pid;
		}
	}
	for (;;) {
		const struct bs_span rest = { body, (size_t)(end - body) };
		const char *next = find_prefix(rest, &next_pid, &next_body);

		if (!next) {
			read_message(log, pid, rest, true, is_cut);
			return;
		}
		read_message(log, pid, (struct bs_span){ body, (size_t)(next - body) }, false,
			     false);
		pid = next_pid;
		body = next_body;
	}
}

/* A line without its end. */
static void read_line(struct bs_log *log, struct bs_span line, bool is_cut)
{
	log->sum.lines++;
	if (line.n && memchr(line.s, '\0', line.n)) {
		/* A file that was cut to nothing while its writer went on begins with such bytes.
		 */
		log->squeezed.n = 0;
		for (size_t i = 0; i < line.n; i++)
			if (line.s[i])
				bs_vec_push(log->arena, &log->squeezed, line.s[i]);
		line = (struct bs_span){ log->squeezed.v, log->squeezed.n };
		log->sum.noise++;
	}
	if (line.n)
		read_clean_line(log, line, is_cut);
	else
		read_bare(log, line);
}

/* ---- bytes ----------------------------------------------------------------------------------- */

static void carry(struct bs_log *log, struct bs_span part)
{
	if (log->in_long)
		return;
	if (part.n > BS_LOG_LONGEST - log->carried.n) {
		part.n = BS_LOG_LONGEST - log->carried.n;
		log->in_long = true;
		if (!log->sum.long_lines++)
			log->sum.first_long =
				(struct bs_log_place){ log->place.file, log->place.line + 1,
						       log->place.offset };
	}
	append(log, &log->carried, part);
}

/* PART is the last of a line of LENGTH bytes. */
static void end_line(struct bs_log *log, struct bs_span part, uint64_t length, bool is_cut)
{
	log->place.line++;
	if (log->carried.n || part.n > BS_LOG_LONGEST) {
		log->place.line--;
		carry(log, part);
		log->place.line++;
		part = (struct bs_span){ log->carried.v, log->carried.n };
		is_cut |= log->in_long;
		log->carried.n = 0;
		log->in_long = false;
	}
	read_line(log, part, is_cut);
	log->place.offset += length;
	log->n_unended = 0;
}

void bs_log_bytes(struct bs_log *log, const char *bytes, size_t n)
{
	const char *end = bytes + n, *newline;

	log->sum.bytes += n;
	for (; bytes < end && (newline = memchr(bytes, '\n', (size_t)(end - bytes)));
	     bytes = newline + 1) {
		const struct bs_span part = { bytes, (size_t)(newline - bytes) };

		end_line(log, part, log->n_unended + part.n + 1, false);
	}
	if (bytes == end)
		return;
	carry(log, (struct bs_span){ bytes, (size_t)(end - bytes) });
	log->n_unended += (uint64_t)(end - bytes);
}

/* The last line of a file, which nothing ends. */
static void end_file(struct bs_log *log)
{
	if (log->n_unended)
		end_line(log, (struct bs_span){ "", 0 }, log->n_unended, true);
	give_up_all(log);
}

/* PID of "BASE.PID", or 0. */
static uint32_t pid_of_file(const char *name)
{
	const char *dot = strrchr(bs_log_base_name(name), '.');
	uint32_t pid;

	if (!dot || !is_digit(dot[1]) || !read_pid(dot + 1, dot + strlen(dot), &pid))
		return 0;
	return pid;
}

void bs_log_begin_file(struct bs_log *log, const char *name)
{
	end_file(log);
	bs_vec_push(log->arena, &log->files, bs_arena_strndup(log->arena, name, strlen(name)));
	log->place = (struct bs_log_place){ .file = log->files.n - 1 };
	log->file_pid = pid_of_file(name);
}

void bs_log_end(struct bs_log *log)
{
	end_file(log);
	bs_log_release(log);
	log->sum.is_empty = log->images.n == 0;
}

struct bs_log *bs_log_new(struct bs_arena *arena, struct bs_names *names,
			  const struct bs_log_sink *sink)
{
	struct bs_log *log = bs_new(arena, struct bs_log, 1);

	log->arena = arena;
	log->names = names;
	log->sink = *sink;
	log->cache = bs_new(arena, struct bs_log_cached, BS_LOG_CACHED);
	log->empty = bs_name_of(names, "");
	return log;
}

const struct bs_log_sum *bs_log_sum(const struct bs_log *log)
{
	return &log->sum;
}

const char *bs_log_file(const struct bs_log *log, uint32_t file)
{
	return log->files.v[file];
}
