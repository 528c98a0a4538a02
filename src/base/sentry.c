/* SPDX-License-Identifier: MIT */
#include "guard.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static unsigned most, n_open; /* files; of any thread */

void bs_sentries_at_most(unsigned n)
{
	__atomic_store_n(&most, n, __ATOMIC_RELAXED);
}

void bs_sentries_post(unsigned n)
{
	enum { PART = 4, LEAST = 256 }; /* who may open few wants all of them */
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	rlim_t wanted = (rlim_t)n * PART;

	if (limit.rlim_cur < wanted) {
		const rlim_t had = limit.rlim_cur;

		limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
		if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
			limit.rlim_cur = had;
	}
	if (limit.rlim_cur >= LEAST)
		bs_sentries_at_most(limit.rlim_cur / PART < UINT_MAX
					    ? (unsigned)(limit.rlim_cur / PART)
					    : UINT_MAX);
}

static void give_back(void)
{
	__atomic_sub_fetch(&n_open, 1, __ATOMIC_RELAXED);
}

void bs_sentry_begin(struct bs_sentry *sentry, int fd, const struct stat *st)
{
	*sentry = (struct bs_sentry){
		.fd = -1,
		.size = st->st_size,
		.mtime = st->st_mtim,
	};
	if (__atomic_add_fetch(&n_open, 1, __ATOMIC_RELAXED) <=
	    __atomic_load_n(&most, __ATOMIC_RELAXED))
		sentry->fd = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (sentry->fd < 0)
		give_back();
}

void bs_sentry_end(struct bs_sentry *sentry)
{
	if (sentry->fd < 0)
		return;
	close(sentry->fd);
	give_back();
	sentry->fd = -1;
}

/*
 * By its size and when it was written to. The time of its last change of any kind is left alone: it
 * changes with links to the file, with its mode and its owner, which say nothing about what is in
 * it.
 */
bool bs_sentry_is_alarmed(const struct bs_sentry *sentry)
{
	struct stat st;

	return sentry->fd >= 0 && fstat(sentry->fd, &st) == 0 &&
	       (st.st_size != sentry->size || st.st_mtim.tv_sec != sentry->mtime.tv_sec ||
		st.st_mtim.tv_nsec != sentry->mtime.tv_nsec);
}
