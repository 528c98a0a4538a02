/* SPDX-License-Identifier: MIT */
/* The notes of a core file. (Linux fs/binfmt_elf.c:fill_note_info, include/uapi/linux/elf.h) */
#include "core-priv.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_BYTES = 1 << 28, MOST_FILES = 1 << 20 };

struct note {
	uint32_t type;
	const uint8_t *bytes;
	size_t n;
};

static uint64_t word(const struct bs_core *core, const uint8_t *bytes, size_t index)
{
	unsigned n = core->memory.word;

	return bs_core_number(core, bytes + index * n, n);
}

/* count and page size, then a begin, an end and a page of the file for each, then their names. */
static const char *read_files(struct bs_core *core, const struct note *note,
			      struct bs_subject *subject)
{
	static const char *const cut = "its list of files (NT_FILE) is damaged";
	unsigned n = core->memory.word;
	size_t n_words = note->n / n;

	if (n_words < 2)
		return cut;
	uint64_t count = word(core, note->bytes, 0), page = word(core, note->bytes, 1);

	if (count > MOST_FILES || n_words < 2 + 3 * count || page > 1 << 20)
		return cut;
	const uint8_t *name = note->bytes + (2 + 3 * count) * n, *end = note->bytes + note->n;

	for (uint64_t i = 0; i < count; i++) {
		struct bs_live_area area = {
			.from = word(core, note->bytes, 2 + 3 * i),
			.to = word(core, note->bytes, 3 + 3 * i),
			.offset = word(core, note->bytes, 4 + 3 * i) * page,
		};
		const uint8_t *stop = memchr(name, '\0', (size_t)(end - name));

		if (!stop || area.to < area.from ||
		    (subject->areas.n && subject->areas.v[subject->areas.n - 1].to > area.from))
			return cut;
		size_t length = (size_t)(stop - name), n_deleted = strlen(" (deleted)");

		area.is_deleted = length > n_deleted &&
				  memcmp(stop - n_deleted, " (deleted)", n_deleted) == 0;
		/* What is no path is none of a file: "[aio]", "/dev/zero (deleted)" maps
		 * anonymously. */
		if (*name == '/')
			area.file = bs_arena_strndup(core->ctx->arena, (const char *)name,
						     length - (area.is_deleted ? n_deleted : 0));
		bs_vec_push(core->ctx->arena, &subject->areas, area);
		name = stop + 1;
	}
	return NULL;
}

static const char *take(struct bs_core *core, const struct note *note, struct bs_subject *subject)
{
	switch (note->type) {
	case NT_AUXV:
		subject->auxiliary = bs_auxiliary_read(&core->memory, note->bytes, note->n);
		return NULL;
	case NT_PRSTATUS:
		/* pr_info.si_signo; the first thread is the one that the signal met. */
		if (!subject->signal && note->n >= 4)
			subject->signal = (int)bs_core_number(core, note->bytes, 4);
		return NULL;
	case NT_FILE:
		return subject->areas.n ? NULL : read_files(core, note, subject);
	default:
		return NULL;
	}
}

const char *bs_core_notes_read(struct bs_core *core, uint64_t offset, uint64_t n,
			       struct bs_subject *subject)
{
	static const char *const cut = "it is cut within its notes";
	struct stat st;

	/* Of all headers together: they may all name the same bytes. */
	if (n > MOST_BYTES - core->n_notes || offset > INT64_MAX)
		return "its notes are too long";
	if (fstat(core->fd, &st) != 0 || (uint64_t)st.st_size < offset ||
	    (uint64_t)st.st_size - offset < n)
		return cut;
	core->n_notes += n;
	uint8_t *bytes = bs_new(core->ctx->arena, uint8_t, (size_t)n + 1);
	const char *problem = NULL;

	if (!bs_read_at(core->fd, offset, bytes, (size_t)n))
		return cut;
	for (size_t at = 0; n - at >= 12 && !problem;) {
		uint64_t n_name = bs_core_number(core, bytes + at, 4);
		uint64_t n_text = bs_core_number(core, bytes + at + 4, 4);
		struct note note = { .type = (uint32_t)bs_core_number(core, bytes + at + 8, 4) };
		size_t text = at + 12 + ((n_name + 3) & ~(size_t)3);
		bool is_core;

		if (text > n || n_text > n - text)
			return "a note of it is damaged";
		note.bytes = bytes + text;
		note.n = n_text;
		is_core = n_name == 5 && memcmp(bytes + at + 12, "CORE", 5) == 0;
		if (is_core)
			problem = take(core, &note, subject);
		at = text + ((n_text + 3) & ~(size_t)3);
		if (at > n)
			break;
	}
	return problem;
}
