/* SPDX-License-Identifier: MIT */
/*
 * What lies below a directory, by some threads.
 *
 * A system has a hundred files for each that is a program: of those that nobody may execute only
 * the mode is asked for, which costs a third of opening them.
 */
#include "scan-priv.h"

#include "../search/search.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	DEEPEST = 200, /* directories below each other, each of which is open */
	MOST_WALKERS = 4,
	FILES_OF_WALKER = 256, /* that may be open */
};

struct place {
	int fd;
	const char *path;
	unsigned depth; /* below where the walk began */
};

struct walk {
	const struct bs_command_line *line;
	dev_t dev;	  /* of where it began */
	bool is_root;	  /* it began at the root */
	bool reads_modes; /* what nobody may execute is no program */
	bool names_twice; /* a file may be named by other arguments, too */

	pthread_mutex_t lock; /* guards all that follows */
	pthread_cond_t news;  /* places for those who wait, or the end */
	struct place places[MOST_WALKERS];
	uint32_t n_places, n_waiting, n_busy;
	bool is_ending;
};

/* One thread's part. */
struct walker {
	struct walk *walk;
	struct bs_scan_found found; /* in an arena of its own */
	BS_VEC(char) path;	    /* of where it is, as it is printed; with its NUL */
	bool is_busy, met_executable, met_other;
	char problem[BS_LONGEST_PROBLEM]; /* "": none */
};

/* ---- one file -------------------------------------------------------------------------------- */

/* Which one is named hangs on no order of directory entries. */
static void name_unreadable(struct bs_scan_found *found, const char *path, const char *why)
{
	struct bs_scan_skipped *skipped = &found->skipped;

	if (skipped->unreadable && strcmp(skipped->unreadable, path) <= 0)
		return;
	skipped->unreadable = bs_arena_strndup(found->arena, path, strlen(path));
	skipped->why = bs_arena_strndup(found->arena, why, strlen(why));
}

static void note_unreadable(struct walker *w, const char *why)
{
	/* What this tool lacks is no reason to leave a file out. */
	bs_must_not_lack(w->found.arena, w->path.v);
	name_unreadable(&w->found, w->path.v, why);
	w->found.skipped.n_unreadable++;
}

void bs_scan_look_at(struct bs_scan_found *found, const struct bs_command_line *line, int fd,
		     const struct stat *st, const char *path, bool is_link)
{
	struct bs_scan_seen seen = { st->st_dev, st->st_ino, is_link, bs_peek(fd), { 0 } };
	bool is_library = seen.kind == BS_PEEKED_LIBRARY;

	if (seen.kind == BS_PEEKED_UNREADABLE && !is_link)
		name_unreadable(found, path, strerror(errno));
	close(fd);
	if (seen.kind == BS_PEEKED_PROGRAM || (is_library && line->scan.libraries))
		seen.subject = (struct bs_scan_subject){
			.path = bs_arena_strndup(found->arena, path, strlen(path)),
			.is_library = is_library,
			.size = (uint64_t)st->st_size,
		};
	/* What a link leads to is no file of this place, unless it is asked about. */
	if (!is_link || seen.subject.path)
		bs_vec_push(found->arena, &found->seen, seen);
}

/* True when the mode says that the file is no program, whatever it holds: execve(2) refuses it
 * whoever calls. */
static bool is_passed_over(struct walker *w, const struct stat *st, bool is_link)
{
	bool is_executable = st->st_mode & (S_IXUSR | S_IXGRP | S_IXOTH);

	/* What a link leads to has its mode from elsewhere, or is met by its own name. */
	if (!is_link)
		*(is_executable ? &w->met_executable : &w->met_other) = true;
	if (is_executable || !w->walk->reads_modes)
		return false;
	if (is_link)
		return true;
	if (st->st_nlink == 1 && !w->walk->names_twice)
		w->found.skipped.n_other++;
	else
		bs_vec_push(w->found.arena, &w->found.seen,
			    ((struct bs_scan_seen){ .dev = st->st_dev,
						    .ino = st->st_ino,
						    .kind = BS_PEEKED_OTHER }));
	return true;
}

/* NAME in DIRECTORY, which is the walker's path. Opened without waiting for anybody: it may have
 * become a FIFO. */
static void look_at_file(struct walker *w, int directory, const char *name)
{
	const int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW;
	struct stat st;

	if (w->walk->reads_modes && fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    is_passed_over(w, &st, false))
		return;
	int fd = bs_open_at(directory, name, flags);

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		bs_scan_look_at(&w->found, w->walk->line, fd, &st, w->path.v, false);
		return;
	}
	if (fd >= 0)
		close(fd);
	else if (errno != ENOENT)
		note_unreadable(w, strerror(errno));
}

/* What it leads to is not opened to be looked at: who waits to write to a FIFO would lose what he
 * writes, and devices do things then. */
static void look_at_link(struct walker *w)
{
	struct stat st;

	if (bs_fs_stat(w->found.fs, w->path.v, BS_FS_LOOK_FILE, &st) != 0 || !S_ISREG(st.st_mode) ||
	    is_passed_over(w, &st, true))
		return;
	int fd = bs_fs_open_file(w->found.fs, w->path.v);

	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		bs_scan_look_at(&w->found, w->walk->line, fd, &st, w->path.v, true);
	else
		close(fd);
}

/* ---- directories ----------------------------------------------------------------------------- */

/* Sets the walker's path behind its first N bytes. */
static void set_path(struct walker *w, uint32_t n, const char *name)
{
	uint32_t n_name = (uint32_t)strlen(name);
	bool slash = n && w->path.v[n - 1] != '/';

	w->path.n = n;
	bs_vec_reserve(w->found.arena, &w->path, n_name + 2);
	if (slash)
		w->path.v[n++] = '/';
	memcpy(w->path.v + n, name, n_name + 1);
	w->path.n = n + n_name;
}

static bool is_left_out(const struct walk *walk, const char *name, unsigned depth)
{
	static const char *const kernel[] = { "proc", "sys", "dev" };

	for (size_t i = 0; walk->is_root && !depth && i < sizeof kernel / sizeof *kernel; i++)
		if (strcmp(name, kernel[i]) == 0)
			return true;
	return false;
}

static unsigned type_of(int directory, const struct dirent *entry)
{
	struct stat st;

	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type;
	return fstatat(directory, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 ? IFTODT(st.st_mode)
										: DT_UNKNOWN;
}

/* Takes FD over where somebody waits for a directory. */
static bool hand_over(struct walker *w, int fd, unsigned depth)
{
	struct walk *walk = w->walk;

	pthread_mutex_lock(&walk->lock);
	bool wanted = walk->n_waiting > walk->n_places;

	pthread_mutex_unlock(&walk->lock);
	if (!wanted)
		return false;
	const char *path = bs_arena_strndup(w->found.arena, w->path.v, w->path.n);

	pthread_mutex_lock(&walk->lock);
	/* Another walker may have been first. */
	wanted = walk->n_waiting > walk->n_places;
	if (wanted) {
		walk->places[walk->n_places++] = (struct place){ fd, path, depth };
		pthread_cond_signal(&walk->news);
	}
	pthread_mutex_unlock(&walk->lock);
	return wanted;
}

static void walk_directory(struct walker *w, int fd, unsigned depth);

static void enter(struct walker *w, int directory, const char *name, unsigned depth)
{
	struct stat st;
	errno = 0;
	int fd = depth < DEEPEST ? bs_open_at(directory, name,
					      O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
				 : -1;

	if (fd < 0) {
		/* It may be gone since it was listed. */
		if (errno != ENOENT)
			note_unreadable(w,
					depth < DEEPEST ? strerror(errno) : "too many directories");
		return;
	}
	if (w->walk->line->scan.one_file_system &&
	    (fstat(fd, &st) != 0 || st.st_dev != w->walk->dev))
		close(fd);
	else if (!hand_over(w, fd, depth))
		walk_directory(w, fd, depth);
}

/* Takes FD over, that of the directory which is the walker's path. */
static void walk_directory(struct walker *w, int fd, unsigned depth)
{
	DIR *directory = fdopendir(fd);
	uint32_t n = w->path.n;
	const struct dirent *entry;

	if (!directory) {
		note_unreadable(w, strerror(errno));
		close(fd);
		return;
	}
	while ((errno = 0, entry = readdir(directory))) {
		const char *name = entry->d_name;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			continue;
		unsigned type = type_of(fd, entry);

		set_path(w, n, name);
		if (type == DT_REG)
			look_at_file(w, fd, name);
		else if (type == DT_LNK)
			look_at_link(w);
		else if (type == DT_DIR && !is_left_out(w->walk, name, depth))
			enter(w, fd, name, depth + 1);
	}
	if (errno)
		note_unreadable(w, strerror(errno));
	w->path.n = n;
	closedir(directory);
}

/* ---- the walkers ----------------------------------------------------------------------------- */

/* The next place, once there is one; false: there comes none any more. */
static bool take_place(struct walker *w, struct place *ret)
{
	struct walk *walk = w->walk;

	pthread_mutex_lock(&walk->lock);
	walk->n_waiting++;
	while (!walk->n_places && walk->n_busy && !walk->is_ending)
		pthread_cond_wait(&walk->news, &walk->lock);
	walk->n_waiting--;
	bool is_there = walk->n_places && !walk->is_ending;

	if (is_there) {
		*ret = walk->places[--walk->n_places];
		walk->n_busy++;
		w->is_busy = true;
	}
	pthread_mutex_unlock(&walk->lock);
	return is_there;
}

/* Of a place, or, IS_ENDING, whether there was one or not, of the whole. */
static void leave(struct walker *w, bool is_ending)
{
	struct walk *walk = w->walk;

	pthread_mutex_lock(&walk->lock);
	walk->n_busy -= w->is_busy;
	walk->is_ending |= is_ending;
	if (!walk->n_busy || walk->is_ending)
		pthread_cond_broadcast(&walk->news);
	pthread_mutex_unlock(&walk->lock);
	w->is_busy = false;
}

static void walk_places(struct walker *w)
{
	struct place place;

	while (take_place(w, &place)) {
		set_path(w, 0, place.path);
		walk_directory(w, place.fd, place.depth);
		leave(w, false);
	}
}

struct walkers {
	struct walk walk;
	struct bs_scan_found *found; /* where all of it goes */
	struct walker each[MOST_WALKERS];
	bool met_executable, met_other;
};

static bool make_files(struct walker *w)
{
	struct bs_diags diags = { .arena = w->found.arena };
	const struct bs_ctx ctx = { w->found.arena, bs_names_new(w->found.arena), &diags };

	w->found.fs = bs_plan_files(&ctx, &w->walk->line->plan);
	return w->found.fs != NULL;
}

/* There is no product: what the walker of ITEM has found lies in WALKERS. */
static void *make(void *user, uint32_t thread, uint32_t item)
{
	struct walkers *walkers = user;
	struct walker *w = &walkers->each[item];
	struct bs_arena *arena = bs_arena_new();

	(void)thread;
	*w = (struct walker){ .walk = &walkers->walk, .found.arena = arena };
	if (!arena || BS_ON_OUT_OF_MEMORY(arena)) {
		strcpy(w->problem, bs_arena_problem());
		leave(w, true);
		return NULL;
	}
	if (make_files(w))
		walk_places(w);
	else
		strcpy(w->problem, "the file system cannot be entered");
	return NULL;
}

/* All at once: one may have been handed a place, and not be there yet, whose path is in the arena
 * of another one that gave up. */
static void end_walkers(struct walkers *walkers)
{
	for (size_t i = 0; i < MOST_WALKERS; i++) {
		struct walker *w = &walkers->each[i];

		if (w->found.fs)
			bs_fs_close(w->found.fs);
		bs_arena_free(w->found.arena);
		*w = (struct walker){ 0 };
	}
}

struct taking {
	struct bs_scan_found *found;
	const struct bs_scan_found *part;
};

static void take_part(void *user)
{
	struct taking *taking = user;
	struct bs_scan_found *found = taking->found;
	const struct bs_scan_found *part = taking->part;

	bs_vec_each (i, &part->seen) {
		struct bs_scan_seen seen = part->seen.v[i];

		if (seen.subject.path)
			seen.subject.path = bs_arena_strndup(found->arena, seen.subject.path,
							     strlen(seen.subject.path));
		bs_vec_push(found->arena, &found->seen, seen);
	}
	found->skipped.n_other += part->skipped.n_other;
	found->skipped.n_unreadable += part->skipped.n_unreadable;
	if (part->skipped.unreadable)
		name_unreadable(found, part->skipped.unreadable, part->skipped.why);
}

static bool take(void *user, uint32_t item, void *made)
{
	struct walkers *walkers = user;
	const struct walker *w = &walkers->each[item];
	struct taking taking = { walkers->found, &w->found };
	const char *problem = *w->problem ? w->problem : NULL;

	(void)made;
	walkers->met_executable |= w->met_executable;
	walkers->met_other |= w->met_other;
	/* The threads have to be ended before this one unwinds. */
	if (!problem && !bs_arena_try(walkers->found->arena, take_part, &taking))
		problem = bs_arena_problem();
	if (problem)
		bs_complain("%s", problem);
	return !problem;
}

static uint32_t count_walkers(const struct bs_command_line *line)
{
	uint32_t n = line->scan.jobs < MOST_WALKERS ? line->scan.jobs : MOST_WALKERS;
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur / FILES_OF_WALKER < n)
		n = (uint32_t)(files.rlim_cur / FILES_OF_WALKER);
	return n ? n : 1;
}

/* READS_MODES of the walk is set again when it is right after all. False after a message. */
static bool walk_once(struct walkers *walkers, const struct bs_scan_place *place)
{
	struct walk *walk = &walkers->walk;
	/* It may be one that may be listed and not searched, so that "." cannot be opened in it. */
	int fd = fcntl(place->fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

	if (fd < 0 || lseek(fd, 0, SEEK_SET) < 0) {
		bs_complain("%s: %s", place->path, strerror(errno));
		return false;
	}
	walk->places[walk->n_places++] = (struct place){ fd, place->path, 0 };
	const uint32_t n = count_walkers(walk->line);
	const struct bs_crew_work work = {
		.n_items = n,
		.n_threads = n > 1 ? n : 0,
		.window = n,
		.user = walkers,
		.make = make,
		.take = take,
	};
	bool ok = bs_crew_run(&work);

	while (walk->n_places)
		close(walk->places[--walk->n_places].fd);
	end_walkers(walkers);
	return ok;
}

bool bs_scan_walk(struct bs_scan_found *found, const struct bs_command_line *line,
		  const struct bs_scan_place *place)
{
	struct walkers walkers = {
		.walk = {
			.line = line,
			.dev = place->dev,
			.is_root = place->is_root,
			.reads_modes = !line->scan.libraries,
			.names_twice = !place->is_alone,
			.lock = PTHREAD_MUTEX_INITIALIZER,
			.news = PTHREAD_COND_INITIALIZER,
		},
		.found = found,
	};
	const struct bs_scan_skipped before = found->skipped;
	const uint32_t n_before = found->seen.n;
	bool ok = walk_once(&walkers, place);

	if (ok && walkers.walk.reads_modes && walkers.met_other && !walkers.met_executable) {
		walkers.walk.reads_modes = false;
		found->skipped = before;
		found->seen.n = n_before;
		ok = walk_once(&walkers, place);
	}
	close(place->fd);
	return ok;
}
