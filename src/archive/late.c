/* SPDX-License-Identifier: MIT */
/*
 * libarchive, which is opened when an archive is asked about. The functions here are those of its
 * header and lead on to its own; bs_libarchive_open() comes before all of them.
 */
#include "late.h"

#include "../base/base.h"

#define SONAME "libarchive.so.13"

BS_LATE_NOTE(note, "[{\"soname\":[\"" SONAME "\"],\"feature\":\"archives\",\"description\":"
		   "\"wheels, packages and images\",\"priority\":\"recommended\"}]");

typedef struct archive_entry entry;

/* TYPE, NAME, PARAMETERS, ARGUMENTS of what is used here. */
#define FUNCTIONS(F)                                                                               \
	F(struct archive *, archive_read_new, (void), ())                                          \
	F(int, archive_read_free, (struct archive * a), (a))                                       \
	F(int, archive_read_support_filter_bzip2, (struct archive * a), (a))                       \
	F(int, archive_read_support_filter_gzip, (struct archive * a), (a))                        \
	F(int, archive_read_support_filter_lzma, (struct archive * a), (a))                        \
	F(int, archive_read_support_filter_xz, (struct archive * a), (a))                          \
	F(int, archive_read_support_filter_zstd, (struct archive * a), (a))                        \
	F(int, archive_read_support_format_ar, (struct archive * a), (a))                          \
	F(int, archive_read_support_format_tar, (struct archive * a), (a))                         \
	F(int, archive_read_support_format_zip, (struct archive * a), (a))                         \
	F(int, archive_read_open_filename, (struct archive * a, const char *name, size_t block),   \
	  (a, name, block))                                                                        \
	F(int, archive_read_open,                                                                  \
	  (struct archive * a, void *data, archive_open_callback *open,                            \
	   archive_read_callback *read, archive_close_callback *close),                            \
	  (a, data, open, read, close))                                                            \
	F(int, archive_read_next_header, (struct archive * a, entry * *ret), (a, ret))             \
	F(la_ssize_t, archive_read_data, (struct archive * a, void *bytes, size_t n),              \
	  (a, bytes, n))                                                                           \
	F(int, archive_errno, (struct archive * a), (a))                                           \
	F(const char *, archive_error_string, (struct archive * a), (a))                           \
	F(const char *, archive_entry_pathname, (entry * e), (e))                                  \
	F(const char *, archive_entry_pathname_utf8, (entry * e), (e))                             \
	F(const char *, archive_entry_symlink, (entry * e), (e))                                   \
	F(const char *, archive_entry_symlink_utf8, (entry * e), (e))                              \
	F(const char *, archive_entry_hardlink, (entry * e), (e))                                  \
	F(const char *, archive_entry_hardlink_utf8, (entry * e), (e))                             \
	F(__LA_MODE_T, archive_entry_filetype, (entry * e), (e))                                   \
	F(__LA_MODE_T, archive_entry_perm, (entry * e), (e))                                       \
	F(la_int64_t, archive_entry_size, (entry * e), (e))

BS_LATE_LIBRARY(SONAME, FUNCTIONS)

const char *bs_libarchive_open(void)
{
	return bs_late_open(&late);
}
