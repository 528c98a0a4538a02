/* SPDX-License-Identifier: MIT */
/* A process that runs, by way of /proc. Nothing is stopped or written. */
#include "subject-priv.h"

#include "../base/whole.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct opener {
	const struct bs_ctx *ctx;
	pid_t pid;
	struct bs_fs *fs;
};

static const char *proc(const struct bs_ctx *ctx, pid_t pid, const char *file)
{
	return bs_arena_printf(ctx->arena, "/proc/%ld/%s", (long)pid, file);
}

/* All of a file of /proc, whose size nobody knows; NULL and errno. */
static char *read_all(const struct bs_ctx *ctx, const char *path, size_t *ret_n)
{
	int fd = bs_open_at(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		bs_must_not_lack(ctx->arena, path);
		return NULL;
	}
	return bs_read_and_close(ctx->arena, fd, 1 << 16, SIZE_MAX, ret_n);
}

static const char *link_of(const struct bs_ctx *ctx, pid_t pid, const char *name)
{
	char text[1 << 12];
	ssize_t n = readlink(proc(ctx, pid, name), text, sizeof text);

	return n < 0 || (size_t)n == sizeof text ? NULL
						 : bs_arena_strndup(ctx->arena, text, (size_t)n);
}

/* ---- the file of an area --------------------------------------------------------------------- */

/* What is mapped, whatever has its name now: for who may ask (CAP_CHECKPOINT_RESTORE). */
static const char *path_of_mapped(const struct opener *o, const struct bs_live_area *area)
{
	return bs_arena_printf(o->ctx->arena, "/proc/%ld/map_files/%" PRIx64 "-%" PRIx64,
			       (long)o->pid, area->from, area->to);
}

static bool is_same(int a, int b)
{
	struct stat x, y;

	return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

static int open_area(void *data, const struct bs_live_area *area, enum bs_live_file *ret_file)
{
	const struct opener *o = data;
	const char *path = path_of_mapped(o, area);
	int named = bs_fs_open_file(o->fs, area->file);
	int mapped = bs_open_at(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (mapped < 0 && bs_is_lack(errno)) {
		int error = errno;

		if (named >= 0)
			close(named);
		errno = error;
		bs_must_not_lack(o->ctx->arena, path);
	}
	if (named >= 0 && !area->is_deleted &&
	    (mapped >= 0 ? is_same(named, mapped)
			 : fstat(named, &st) == 0 && st.st_ino == area->ino)) {
		*ret_file = BS_LIVE_FILE_SAME;
		if (mapped >= 0)
			close(mapped);
		return named;
	}
	*ret_file = named >= 0	  ? BS_LIVE_FILE_REPLACED
		    : mapped >= 0 ? BS_LIVE_FILE_DELETED
				  : BS_LIVE_FILE_GONE;
	if (named >= 0)
		close(named);
	return mapped;
}

/* ---- what it was started with ---------------------------------------------------------------- */

static const char *const *strings_of(const struct bs_ctx *ctx, const char *bytes, size_t n)
{
	BS_VEC(const char *) list = { 0 };

	for (size_t at = 0; at < n; at += strlen(bytes + at) + 1)
		bs_vec_push(ctx->arena, &list, bytes + at);
	bs_vec_push(ctx->arena, &list, NULL);
	return list.v;
}

static void read_origin(const struct bs_ctx *ctx, struct bs_subject *subject)
{
	size_t n;
	const char *bytes = read_all(ctx, proc(ctx, subject->pid, "cmdline"), &n);

	if (bytes && n)
		subject->argv0 = bytes;
	bytes = read_all(ctx, proc(ctx, subject->pid, "environ"), &n);
	if (bytes)
		subject->environment = strings_of(ctx, bytes, n);
	subject->cwd = link_of(ctx, subject->pid, "cwd");
}

static bool is_same_place(const char *a, const char *b)
{
	struct stat x, y;

	return stat(a, &x) != 0 || stat(b, &y) != 0 ||
	       (x.st_dev == y.st_dev && x.st_ino == y.st_ino);
}

/* The root directory of the process where it is none of ours, or has other files below it
 * (mount_namespaces(7)). PATHS that /proc shows begin there. */
static const char *own_root(const struct bs_ctx *ctx, pid_t pid)
{
	const char *path = proc(ctx, pid, "root");

	return is_same_place(path, "/") &&
			       is_same_place(proc(ctx, pid, "ns/mnt"), "/proc/self/ns/mnt")
		       ? NULL
		       : path;
}

/* PATH, as the kernel shows it to us, inside ROOT, which the kernel calls NAME. */
static const char *inside(const char *path, const char *name)
{
	size_t n = name ? strlen(name) : 0;

	return path && n > 1 && strncmp(path, name, n) == 0 && path[n] == '/' ? path + n : path;
}

static const char *cannot(const struct bs_ctx *ctx, pid_t pid, const char *what, int error)
{
	const char *name = bs_arena_printf(ctx->arena, "process %ld", (long)pid);
	bool is_there = access(proc(ctx, pid, "status"), F_OK) == 0;

	/* Whoever asks again because the process may have changed lacks the same again. */
	errno = error;
	bs_must_not_lack(ctx->arena, name);
	if (is_there && (error == ENOENT || error == ESRCH))
		return bs_arena_printf(
			ctx->arena, "%s has no memory: it is the kernel's own, or has ended", name);
	const char *because = error == ENOENT || error == ESRCH ? "there is no such process"
			      : error == EACCES || error == EPERM
				      ? "that is allowed for processes of one's own that "
					"kernel.yama.ptrace_scope "
					"leaves open, or with CAP_SYS_PTRACE"
			      : error == ENOEXEC ? "its program is no ELF file"
						 : strerror(error);

	return bs_arena_printf(ctx->arena, "%s: %s cannot be read: %s", name, what, because);
}

/* ---- all ------------------------------------------------------------------------------------- */

const char *bs_process_areas_read(const struct bs_ctx *ctx, struct bs_subject *subject)
{
	size_t n;
	char *text = read_all(ctx, proc(ctx, subject->pid, "maps"), &n);
	/* The kernel shows the paths of a process in another root as we would reach them. */
	const char *name = subject->root ? link_of(ctx, subject->pid, "root") : NULL;

	if (!text)
		return cannot(ctx, subject->pid, "its mappings", errno);
	bs_live_areas_read(ctx->arena, text, &subject->areas);
	bs_vec_each (i, &subject->areas)
		subject->areas.v[i].file = inside(subject->areas.v[i].file, name);
	subject->executable = inside(subject->executable, name);
	subject->cwd = inside(subject->cwd, name);
	return NULL;
}

/* Objects that are being looked for. */
struct finding {
	const struct bs_ctx *ctx;
	struct bs_store *store;
	struct opener opener;
	struct bs_subject *subject;
	const char *problem;
};

static void find_objects(void *user)
{
	struct finding *f = user;
	const struct bs_live_opener by = { open_area, &f->opener };

	f->problem = bs_live_objects_find(f->ctx, f->store, &by, f->subject);
}

const char *bs_subject_of_process(const struct bs_ctx *ctx, struct bs_store *store, pid_t pid,
				  const char *root, struct bs_subject *ret)
{
	struct finding f = {
		.ctx = ctx, .store = store, .opener = { .ctx = ctx, .pid = pid }, .subject = ret
	};
	const char *problem, *deleted;

	*ret = (struct bs_subject){ .pid = pid };
	ret->memory = bs_new(ctx->arena, struct bs_memory, 1);
	ret->memory->fd = -1;
	if (!bs_memory_of_process(pid, ret->memory))
		return cannot(ctx, pid, "its memory", errno);
	if (!bs_auxiliary_of_process(pid, ret->memory, &ret->auxiliary))
		return cannot(ctx, pid, "its auxiliary vector", errno);
	ret->executable = link_of(ctx, pid, "exe");
	if (!ret->executable)
		return cannot(ctx, pid, "the name of its program", errno);
	deleted = strstr(ret->executable, " (deleted)");
	if (deleted && !deleted[strlen(" (deleted)")])
		ret->executable = bs_arena_strndup(ctx->arena, ret->executable,
						   (size_t)(deleted - ret->executable));
	ret->root = root ? root : own_root(ctx, pid);
	read_origin(ctx, ret);
	problem = bs_process_areas_read(ctx, ret);
	if (problem)
		return problem;
	f.opener.fs = bs_fs_open(ctx, ret->root, NULL);
	if (!f.opener.fs)
		return bs_arena_printf(ctx->arena, "the root directory %s cannot be opened",
				       ret->root);
	bool done = bs_arena_try(ctx->arena, find_objects, &f);

	bs_fs_close(f.opener.fs);
	if (!done)
		bs_arena_unwind(ctx->arena);
	return f.problem ? bs_arena_printf(ctx->arena, "process %ld: %s", (long)pid, f.problem)
			 : NULL;
}
