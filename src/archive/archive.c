/* SPDX-License-Identifier: MIT */
/* Archives, and archives within them, one entry after the other. */
#include "archive.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#if BINDSIM_LIBARCHIVE

#include "late.h"

enum { BLOCK = 1 << 16 };

struct bs_archive {
	struct archive *of_library;
	struct archive_entry *entry;
	struct bs_arena *arena;
	struct bs_archive_budget *budget;
	struct bs_archive *outer; /* or NULL */
	const char *outer_problem;
	uint64_t paid; /* bytes of the entry that the budget knows of */
	char *block;   /* what is handed on from OUTER */
	struct bs_archive_text {
		char *text;
		size_t room;
	} path, target;
};

static const char *problem_of(const struct bs_archive *a)
{
	const char *words = archive_error_string(a->of_library);
	int error = archive_errno(a->of_library);

	if (a->outer_problem)
		return a->outer_problem;
	if (!words)
		return "it cannot be read";
	/* What comes of the system has its reason there alone; the two are what libarchive calls a
	 * file of another format, and what it should not have been asked. */
	if (error <= 0 || error == EILSEQ || error == EINVAL)
		return bs_arena_strndup(a->arena, words, strlen(words));
	return bs_arena_printf(a->arena, "%s: %s", words, strerror(error));
}

/* False: more than there may be. */
static bool pay(uint64_t *budget, uint64_t n)
{
	bool enough = *budget >= n;

	*budget -= enough ? n : *budget;
	return enough;
}

static const char *over_bytes(const struct bs_archive *a)
{
	return bs_arena_printf(a->arena, "more than %d GiB are packed in it", BS_ARCHIVE_MOST_GIB);
}

/* ---- opening ------------------------------------------------------------------------------- */

static struct bs_archive *begin(struct bs_arena *arena, struct bs_archive_budget *budget,
				const char **ret_problem)
{
	*ret_problem = bs_libarchive_open();
	if (*ret_problem) {
		*ret_problem = bs_arena_printf(
			arena, "libarchive, which reads archives, is not there: %s", *ret_problem);
		return NULL;
	}
	struct bs_archive *a = bs_new(arena, struct bs_archive, 1);

	a->arena = arena;
	a->budget = budget;
	a->of_library = archive_read_new();
	if (!a->of_library)
		bs_arena_exhausted(arena);
	/* One by one: `all' has formats that call programs. */
	archive_read_support_filter_bzip2(a->of_library);
	archive_read_support_filter_gzip(a->of_library);
	archive_read_support_filter_lzma(a->of_library);
	archive_read_support_filter_xz(a->of_library);
	archive_read_support_filter_zstd(a->of_library);
	archive_read_support_format_ar(a->of_library);
	archive_read_support_format_tar(a->of_library);
	archive_read_support_format_zip(a->of_library);
	return a;
}

static struct bs_archive *check(struct bs_archive *a, int status, const char **ret_problem)
{
	if (status == ARCHIVE_OK)
		return a;
	*ret_problem = problem_of(a);
	bs_archive_close(a);
	return NULL;
}

struct bs_archive *bs_archive_open(struct bs_arena *arena, const char *path,
				   struct bs_archive_budget *budget, const char **ret_problem)
{
	struct bs_archive *a = begin(arena, budget, ret_problem);

	if (!a)
		return NULL;
	return check(a, archive_read_open_filename(a->of_library, path, BLOCK), ret_problem);
}

static la_ssize_t read_outer(struct archive *of_library, void *data, const void **ret)
{
	struct bs_archive *a = data;

	(void)of_library;
	*ret = a->block;
	return bs_archive_read(a->outer, a->block, BLOCK, &a->outer_problem);
}

struct bs_archive *bs_archive_open_entry(struct bs_archive *outer, struct bs_archive_budget *budget,
					 const char **ret_problem)
{
	struct bs_archive *a = begin(outer->arena, budget, ret_problem);

	if (!a)
		return NULL;
	a->outer = outer;
	a->block = bs_new(a->arena, char, BLOCK);
	return check(a, archive_read_open(a->of_library, a, NULL, read_outer, NULL), ret_problem);
}

void bs_archive_close(struct bs_archive *archive)
{
	if (archive)
		archive_read_free(archive->of_library);
}

/* ---- entries ------------------------------------------------------------------------------- */

/* TEXT in TO, without what leads to it from the top. */
static const char *keep(struct bs_archive *a, struct bs_archive_text *to, const char *text,
			bool is_path)
{
	while (is_path && (*text == '/' || (*text == '.' && (text[1] == '/' || !text[1]))))
		text++;
	size_t n = strlen(text);

	while (is_path && n && text[n - 1] == '/')
		n--;
	if (n >= to->room) {
		to->room = n * 2 + 64;
		to->text = bs_new(a->arena, char, to->room);
	}
	memcpy(to->text, text, n);
	to->text[n] = '\0';
	return to->text;
}

static const char *first_of(const char *a, const char *b)
{
	return a ? a : b;
}

static enum bs_entry_kind kind_of(struct archive_entry *entry)
{
	switch (archive_entry_filetype(entry)) {
	case AE_IFREG:
		return BS_ENTRY_FILE;
	case AE_IFDIR:
		return BS_ENTRY_DIRECTORY;
	case AE_IFLNK:
		return BS_ENTRY_SYMLINK;
	default:
		return BS_ENTRY_OTHER;
	}
}

int bs_archive_next(struct bs_archive *a, struct bs_archive_entry *ret, const char **ret_problem)
{
	int status = archive_read_next_header(a->of_library, &a->entry);

	if (status == ARCHIVE_EOF)
		return 0;
	*ret_problem = NULL;
	if (status != ARCHIVE_OK && status != ARCHIVE_WARN)
		*ret_problem = problem_of(a);
	else if (!pay(&a->budget->entries, 1))
		*ret_problem = bs_arena_printf(a->arena, "it has more than %d entries",
					       BS_ARCHIVE_MOST_ENTRIES);
	if (*ret_problem)
		return -1;
	/* In a locale that has not all letters, only one of the two is there. */
	const char *path =
		first_of(archive_entry_pathname(a->entry), archive_entry_pathname_utf8(a->entry));
	const char *hard =
		first_of(archive_entry_hardlink(a->entry), archive_entry_hardlink_utf8(a->entry));
	const char *soft =
		first_of(archive_entry_symlink(a->entry), archive_entry_symlink_utf8(a->entry));
	la_int64_t size = archive_entry_size(a->entry);

	*ret = (struct bs_archive_entry){
		.kind = hard ? BS_ENTRY_HARDLINK : kind_of(a->entry),
		.path = keep(a, &a->path, path ? path : "", true),
		.target = keep(a, &a->target,
			       hard   ? hard
			       : soft ? soft
				      : "",
			       hard != NULL),
		.size = size > 0 ? (uint64_t)size : 0,
		.mode = archive_entry_perm(a->entry),
	};
	/* What is passed over has to be unpacked, too. */
	a->paid = ret->size;
	if (pay(&a->budget->bytes, ret->size))
		return 1;
	*ret_problem = over_bytes(a);
	return -1;
}

ssize_t bs_archive_read(struct bs_archive *a, void *bytes, size_t n, const char **ret_problem)
{
	la_ssize_t got = archive_read_data(a->of_library, bytes, n);

	if (got < 0) {
		*ret_problem = problem_of(a);
		return -1;
	}
	uint64_t more = (uint64_t)got > a->paid ? (uint64_t)got - a->paid : 0;

	a->paid -= (uint64_t)got - more;
	if (pay(&a->budget->bytes, more))
		return got;
	*ret_problem = over_bytes(a);
	return -1;
}

#else

struct bs_archive *bs_archive_open(struct bs_arena *arena, const char *path,
				   struct bs_archive_budget *budget, const char **ret_problem)
{
	(void)arena, (void)path, (void)budget;
	*ret_problem = "archives are not read: this bindsim was built without libarchive";
	return NULL;
}

/* Nothing comes to these without an archive that is open. */
struct bs_archive *bs_archive_open_entry(struct bs_archive *outer, struct bs_archive_budget *budget,
					 const char **ret_problem)
{
	return (void)outer, (void)budget, (void)ret_problem, NULL;
}

void bs_archive_close(struct bs_archive *archive)
{
	(void)archive;
}

int bs_archive_next(struct bs_archive *archive, struct bs_archive_entry *ret,
		    const char **ret_problem)
{
	return (void)archive, (void)ret, (void)ret_problem, 0;
}

ssize_t bs_archive_read(struct bs_archive *archive, void *bytes, size_t n, const char **ret_problem)
{
	return (void)archive, (void)bytes, (void)n, (void)ret_problem, 0;
}

#endif
