/* SPDX-License-Identifier: MIT */
/* What tells a file that a scan's answers rest on from all that may come to lie in its place. */
#include "scan-journal.h"

#include "../search/search.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

static int64_t nanoseconds(struct timespec t)
{
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Numbers the time since the machine was started; 0: nobody can. */
static uint64_t this_boot(struct bs_arena *arena)
{
	char id[64];
	int fd = bs_open_at(AT_FDCWD, "/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		bs_must_not_lack(arena, "boot_id");
	ssize_t n = fd < 0 ? 0 : bs_read_up_to(fd, id, sizeof id, 0);

	if (fd >= 0)
		close(fd);
	return n > 0 ? bs_scan_sum(id, (size_t)n) : 0;
}

/*
 * What is mounted to be read only cannot change, but for another image that is mounted in its
 * place. Those are made with the same inodes and times again and again: which mount it is tells
 * them apart. 0: FD's may be written to, so that its times can be trusted.
 */
static uint64_t mount_of(const struct bs_scan_stamps *stamps, int fd)
{
	struct statvfs fs;

	if (fstatvfs(fd, &fs) != 0 || !(fs.f_flag & ST_RDONLY))
		return 0;
#ifdef STATX_MNT_ID
	/* Numbers that are given once: from Linux 6.8 on, and younger than some headers. */
	enum { MNT_ID_UNIQUE = 0x4000 };
	struct statx st;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID | MNT_ID_UNIQUE, &st) == 0 &&
	    st.stx_mask & (STATX_MNT_ID | MNT_ID_UNIQUE))
		return stamps->boot ^ st.stx_mnt_id;
#endif
	return stamps->boot;
}

/* Behind what a run saw of a file or a list comes when it was changed. What has changed since the
 * scan began may be another one than was read: it is like nothing. */
static const char *with_times(const struct bs_scan_stamps *stamps, struct bs_arena *arena,
			      const char *facts, const struct stat *st, uint64_t mount)
{
	if (facts[strlen(facts) - 1] != ':')
		return facts;
	if (nanoseconds(st->st_ctim) >= stamps->began)
		return "?";
	return bs_arena_printf(arena, "%s%" PRIx64 ":%" PRIx64 ":%" PRIx64, facts,
			       (uint64_t)nanoseconds(st->st_mtim),
			       (uint64_t)nanoseconds(st->st_ctim), mount);
}

static const char *name_stamp(const struct bs_scan_stamps *stamps, struct bs_arena *arena,
			      const char *path)
{
	const struct bs_ctx ctx = { .arena = arena };
	const char *name = bs_fs_canonical(stamps->fs, &ctx, path);

	return name ? name : bs_fs_facts(arena, BS_FS_LOOK_NAME, errno, NULL);
}

const char *bs_scan_stamp(const struct bs_scan_stamps *stamps, struct bs_arena *arena,
			  const char *path, unsigned look)
{
	struct stat st;

	if (look == BS_SCAN_LOOK_PROCESSOR)
		return bs_scan_processor(arena);
	if (look == BS_FS_LOOK_NAME)
		return name_stamp(stamps, arena, path);
	int fd = bs_fs_open_file(stamps->fs, path);

	if (fd < 0)
		return bs_fs_facts(arena, look, errno, NULL);
	int status = fstat(fd, &st);
	uint64_t mount = mount_of(stamps, fd);

	close(fd);
	if (status != 0)
		return "?";
	/* Where a list is asked for any other file is none. */
	if (look == BS_FS_LOOK_LIST && !S_ISDIR(st.st_mode))
		return bs_fs_facts(arena, look, ENOTDIR, NULL);
	return with_times(stamps, arena, bs_fs_facts(arena, look, 0, &st), &st, mount);
}

struct bs_scan_stamps bs_scan_stamps_new(struct bs_arena *arena, const struct bs_fs *fs)
{
	struct timespec now;

	/* The clock that the kernel takes for what changes files. */
	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	return (struct bs_scan_stamps){
		.fs = fs,
		.boot = this_boot(arena),
		.began = nanoseconds(now),
	};
}
