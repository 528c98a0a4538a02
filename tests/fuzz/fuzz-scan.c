/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as what `bindsim scan' reads again: up to three parts that --merge makes one of, with a
 * NUL between them, or a journal. The first byte says which. What parts say is told in all formats.
 *
 * The check sums of a journal's lines are made right, for nobody hits on them.
 */
#define FUZZ_WORDS "words/scan.def"
#include "words.h"

#include "base/open.h"
#include "cli/scan-journal.h"
#include "report/jansson-late.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

bool __wrap_bs_input_open(struct bs_input *input, const char *path, enum bs_input_kind kind);
ssize_t __wrap_pread64(int fd, void *bytes, size_t n, off_t at);
ssize_t __real_pread64(int fd, void *bytes, size_t n, off_t at);
int __wrap_bs_fs_open_file(const struct bs_fs *fs, const char *path);
const char *__wrap_bs_fs_canonical(const struct bs_fs *fs, const struct bs_ctx *ctx,
				   const char *path);
void __wrap_bs_complain(const char *format, ...);

enum { MOST_PARTS = 3, FIRST_PART = 1 << 20 /* no descriptor */ };

static struct bs_fuzz_in parts[MOST_PARTS];

/* The part with the number that PATH is. */
bool __wrap_bs_input_open(struct bs_input *input, const char *path, enum bs_input_kind kind)
{
	(void)kind;
	*input = (struct bs_input){ .fd = FIRST_PART + *path - '0' };
	return true;
}

ssize_t __wrap_pread64(int fd, void *bytes, size_t n, off_t at)
{
	if (fd < FIRST_PART)
		return __real_pread64(fd, bytes, n, at);
	const struct bs_fuzz_in *part = &parts[fd - FIRST_PART];
	size_t left = (size_t)at < part->n ? part->n - (size_t)at : 0;

	n = n < left ? n : left;
	if (n)
		memcpy(bytes, part->at + at, n);
	return (ssize_t)n;
}

/* Nothing is where a journal says that it was. */
int __wrap_bs_fs_open_file(const struct bs_fs *fs, const char *path)
{
	(void)fs, (void)path;
	errno = ENOENT;
	return -1;
}

const char *__wrap_bs_fs_canonical(const struct bs_fs *fs, const struct bs_ctx *ctx,
				   const char *path)
{
	(void)fs, (void)ctx, (void)path;
	errno = ENOENT;
	return NULL;
}

void __wrap_bs_complain(const char *format, ...)
{
	(void)format;
}

/* It is the command line's. */
bool bs_wants_color(const struct bs_command_line *line, FILE *file)
{
	return (void)line, (void)file, false;
}

static void merge(struct bs_arena *arena, struct bs_fuzz_in in)
{
	static const char *const names[MOST_PARTS] = { "0", "1", "2" };
	static const struct bs_output outputs[] = {
		{ .format = &bs_format_text, .show = UINT32_MAX, .path = "/dev/null" },
		{ .format = &bs_format_json, .show = UINT32_MAX, .path = "/dev/null" },
		{ .format = &bs_format_ndjson, .show = UINT32_MAX, .path = "/dev/null" },
		{ .format = &bs_format_sarif, .show = UINT32_MAX, .path = "/dev/null" },
		{ .format = &bs_format_junit, .show = UINT32_MAX, .path = "/dev/null" },
		{ .format = &bs_format_github, .show = UINT32_MAX, .path = "/dev/null" },
		{ .format = &bs_format_gitlab, .show = UINT32_MAX, .path = "/dev/null" },
		{ .format = &bs_format_markdown, .show = UINT32_MAX, .path = "/dev/null" },
	};
	struct bs_command_line *line = bs_new(arena, struct bs_command_line, 1);

	line->color = BS_COLOR_NEVER;
	line->scan.quiet = line->scan.merge = true;
	for (unsigned i = 0; i < MOST_PARTS && (i == 0 || in.n); i++) {
		const uint8_t *end = in.n ? memchr(in.at, 0, in.n) : NULL;

		parts[i] = bs_fuzz_take(&in, end ? (size_t)(end - in.at) : in.n);
		bs_fuzz_u8(&in);
		bs_vec_push(arena, &line->scan.paths, names[i]);
	}
	for (size_t i = 0; i < sizeof outputs / sizeof *outputs; i++)
		bs_vec_push(arena, &line->outputs, outputs[i]);
	bs_scan_merge(arena, line);
}

/* Each line of the input, whose first letter is its kind, with the sum of what it says. */
static void write_journal(FILE *file, struct bs_fuzz_in in)
{
	fprintf(file, "bindsim-scan-journal-3 " BINDSIM_VERSION " %016x\n", 1);
	while (in.n) {
		const uint8_t *end = memchr(in.at, '\n', in.n);
		struct bs_fuzz_in line = bs_fuzz_take(&in, end ? (size_t)(end - in.at) : in.n);
		struct bs_scan_hash hash = bs_scan_hash_new();
		uint8_t kind = bs_fuzz_u8(&line);

		bs_scan_hash_bytes(&hash, line.at, line.n);
		fprintf(file, "%c %016" PRIx64, kind, bs_scan_hash_end(hash));
		fwrite(line.at, 1, line.n, file);
		if (end)
			fputc('\n', file);
		bs_fuzz_u8(&in);
	}
}

static void read_journal(struct bs_arena *arena, struct bs_fuzz_in in, bool is_raw)
{
	static struct bs_scan_subject programs[] = {
		{ .path = "/bin/p1" },
		{ .path = "/bin/p2" },
		{ .path = "/bin/p3" },
	};
	static const bs_scan_subjects subjects = {
		.v = programs,
		.n = sizeof programs / sizeof *programs,
	};
	static int fd = -1;
	char path[64], *text;
	size_t n;
	FILE *file = open_memstream(&text, &n);

	if (fd < 0)
		fd = memfd_create("journal", MFD_CLOEXEC);
	if (is_raw)
		fwrite(in.at, 1, in.n, file);
	else
		write_journal(file, in);
	if (fclose(file) != 0 || fd < 0 || ftruncate(fd, 0) != 0 ||
	    pwrite(fd, text, n, 0) != (ssize_t)n)
		abort();
	free(text);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	struct bs_scan_journal *journal = bs_scan_journal_open(arena, path, 1, NULL, &subjects);

	for (uint32_t i = 0; journal && i < subjects.n; i++)
		if (bs_scan_journal_has(journal, i))
			bs_scan_journal_records(journal, arena, i);
	bs_scan_journal_close(journal);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct bs_arena *arena = bs_fuzz_arena();
	struct bs_fuzz_in in = { data, n };
	uint8_t which = bs_fuzz_u8(&in);

	if (bs_jansson_open())
		abort();
	if (which % 4 == 3)
		read_journal(arena, in, which & 128);
	else
		merge(arena, in);
	bs_arena_free(arena);
	return 0;
}
