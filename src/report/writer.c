/* SPDX-License-Identifier: MIT */
#include "report.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

static void keep(struct bs_writer *writer, const char *bytes, size_t n)
{
	bs_vec_reserve(writer->arena, &writer->kept, (uint32_t)n);
	memcpy(writer->kept.v + writer->kept.n, bytes, n);
	writer->kept.n += (uint32_t)n;
}

/* stdio gives up, and does not say how much of it was written, when a signal comes. */
static bool write_whole(FILE *file, const char *bytes, size_t n)
{
	int fd = fileno(file);

	if (fd < 0)
		return fwrite(bytes, 1, n, file) == n;
	return fflush(file) == 0 && bs_write_all(fd, bytes, n);
}

static void put(struct bs_writer *writer, const char *bytes, size_t n)
{
	if (writer->failed || !n || write_whole(writer->file, bytes, n))
		return;
	writer->failed = true;
	writer->error = errno;
}

/* Whole texts come here: what is cut in two is a character that the buffer had no room for, and is
 * shown by its bytes. */
static void put_for_eyes(struct bs_writer *writer, const char *bytes, size_t n)
{
	const char *end = bytes + n, *start = bytes;

	while (bytes < end) {
		/* No character is longer, and behind the end there is none. */
		unsigned char next[5] = "";
		char escaped[5];

		memcpy(next, bytes, (size_t)(end - bytes) < 4 ? (size_t)(end - bytes) : 4);
		size_t length = *bytes == '\n' || *bytes == '\t' ? 1 : bs_utf8_length(next);

		if (length) {
			bytes += length;
			continue;
		}
		put(writer, start, (size_t)(bytes - start));
		put(writer, escaped, (size_t)sprintf(escaped, "\\x%02x", *next));
		start = ++bytes;
	}
	put(writer, start, (size_t)(bytes - start));
}

static void pass_on(struct bs_writer *writer, const char *bytes, size_t n)
{
	if (!writer->file && n)
		keep(writer, bytes, n);
	else if (writer->is_for_eyes)
		put_for_eyes(writer, bytes, n);
	else
		put(writer, bytes, n);
}

void bs_write_beyond(struct bs_writer *writer, const char *bytes, size_t n)
{
	pass_on(writer, writer->bytes, writer->n);
	writer->n = 0;
	if (n > sizeof writer->bytes)
		pass_on(writer, bytes, n);
	else
		bs_write(writer, bytes, n);
}

void bs_write_text(struct bs_writer *writer, const char *text)
{
	bs_write(writer, text, strlen(text));
}

void bs_write_pieces(struct bs_writer *writer, const char *const *pieces)
{
	for (; *pieces; pieces++)
		bs_write_text(writer, *pieces);
}

void bs_write_number(struct bs_writer *writer, uint64_t number)
{
	char digits[20];
	size_t at = sizeof digits;

	do
		digits[--at] = (char)('0' + number % 10);
	while (number /= 10);
	bs_write(writer, digits + at, sizeof digits - at);
}

void bs_write_format(struct bs_writer *writer, const char *format, ...)
{
	char line[1024];
	va_list ap;

	va_start(ap, format);
	int n = vsnprintf(line, sizeof line, format, ap);

	va_end(ap);
	if (n > 0)
		bs_write(writer, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
}

/* Bytes of the character at S in well-formed UTF-8; 0 when there is none. */
static size_t length_of_any(const unsigned char *s)
{
	size_t n = s[0] < 0x80	 ? 1
		   : s[0] < 0xc2 ? 0
		   : s[0] < 0xe0 ? 2
		   : s[0] < 0xf0 ? 3
		   : s[0] < 0xf5 ? 4
				 : 0;

	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

/* What turns the direction of writing round, ends lines or cannot be seen, so that a name looks
 * like another one. (Unicode Standard Annex 9; U+2028; U+200B) */
static bool misleads(const unsigned char *s)
{
	if (s[0] == 0xd8)
		return s[1] == 0x9c;
	if (s[0] == 0xef)
		return s[1] == 0xbb && s[2] == 0xbf;
	if (s[0] != 0xe2)
		return false;
	if (s[1] == 0x80)
		return s[2] == 0x8b || s[2] == 0x8e || s[2] == 0x8f ||
		       (s[2] >= 0xa8 && s[2] <= 0xae);
	return s[1] == 0x81 && s[2] >= 0xa0 && s[2] <= 0xaf;
}

size_t bs_utf8_length(const unsigned char *s)
{
	/* C1 controls move cursors, too. */
	bool is_control = s[0] < 0x20 || s[0] == 0x7f || (s[0] == 0xc2 && s[1] < 0xa0);

	return is_control || misleads(s) ? 0 : length_of_any(s);
}

/* TEXT is UTF-8. */
static bool is_utf8(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	while (*s) {
		size_t n = *s < 0x80 ? 1 : length_of_any(s);

		if (!n)
			return false;
		s += n;
	}
	return true;
}

const char *bs_unicode(struct bs_arena *arena, const char *text)
{
	static const char marker[] = "\xef\xbf\xbd"; /* U+FFFD */
	static const char digits[] = "0123456789abcdef";
	const size_t n_marker = sizeof marker - 1, longest = strlen("\\xNN");

	if (strncmp(text, marker, n_marker) != 0 && is_utf8(text))
		return text;
	/* It may stand in a file that is written to: what is gone through is as long as there is
	 * room for. */
	size_t n = strlen(text);

	text = bs_arena_strndup(arena, text, n);
	char *marked = bs_new(arena, char, n_marker + n * longest + 1);
	char *to = mempcpy(marked, marker, n_marker);

	for (const unsigned char *s = (const unsigned char *)text; *s;) {
		size_t length = bs_utf8_length(s);

		if (*s == '\\') {
			to = mempcpy(to, "\\\\", 2);
		} else if (length) {
			to = mempcpy(to, s, length);
		} else {
			const char byte[] = { '\\', 'x', digits[*s >> 4], digits[*s & 0xf] };

			to = mempcpy(to, byte, sizeof byte);
		}
		s += length ? length : 1;
	}
	return marked;
}

void bs_write_escaped(struct bs_writer *writer, const char *text)
{
	for (const unsigned char *s = (const unsigned char *)text; *s;) {
		size_t n = bs_utf8_length(s);

		if (n)
			bs_write(writer, (const char *)s, n);
		else
			bs_write_format(writer, "\\x%02x", *s);
		s += n ? n : 1;
	}
}

const char *bs_writer_text(struct bs_writer *writer)
{
	const char *text;

	/* Most of it fits into the buffer and is copied once. */
	if (writer->kept.n) {
		keep(writer, writer->bytes, writer->n);
		text = bs_arena_strndup(writer->arena, writer->kept.v, writer->kept.n);
	} else {
		text = bs_arena_strndup(writer->arena, writer->bytes, writer->n);
	}
	writer->n = 0;
	writer->kept.n = 0;
	return text;
}

bool bs_writer_flush(struct bs_writer *writer)
{
	pass_on(writer, writer->bytes, writer->n);
	writer->n = 0;
	if (!writer->failed && fflush(writer->file) != 0) {
		writer->failed = true;
		writer->error = errno;
	}
	return !writer->failed;
}

void bs_write_grouped(struct bs_writer *writer, uint64_t number)
{
	char digits[27];
	size_t at = sizeof digits;
	unsigned n = 0;

	do {
		if (n && n % 3 == 0)
			digits[--at] = ',';
		digits[--at] = (char)('0' + number % 10);
		n++;
	} while (number /= 10);
	bs_write(writer, digits + at, sizeof digits - at);
}
