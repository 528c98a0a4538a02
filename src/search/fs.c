/* SPDX-License-Identifier: MIT */
/*
 * A root is entered only through root_fd: by openat2(2) where the kernel has it, else component by
 * component (resolve.c). Without a root, paths go to the kernel as they are.
 */
#include "search-priv.h"

#include "../base/whole.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(SYS_openat2) && __has_include(<linux/openat2.h>)
#include <linux/openat2.h>
#define HAVE_OPENAT2 1
#else
#define HAVE_OPENAT2 0
#endif

enum { LARGEST_FILE = 256 << 20 };

static int open_in_root(int root_fd, const char *path, int flags)
{
#if HAVE_OPENAT2
	struct open_how how = { .flags = (uint64_t)flags, .resolve = RESOLVE_IN_ROOT };
	int fd = -1;

	/* EAGAIN: something was renamed meanwhile, and the way has a ".." (openat2(2)). */
	for (int i = 0; i < 8; i++) {
		fd = (int)syscall(SYS_openat2, root_fd, path, &how, sizeof how);
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			break;
		i -= errno == EINTR;
	}
	return fd;
#else
	(void)root_fd, (void)path, (void)flags;
	errno = ENOSYS;
	return -1;
#endif
}

static int try_path(const struct bs_fs *fs, const char *path, int flags)
{
	char whole[PATH_MAX];

	if (!fs->root)
		return bs_open_at(fs->cwd_fd, path, flags);
	/* The kernel knows one root only: with two, each component is looked for in both. */
	if (fs->kernel_resolves) {
		const char *inside = path;

		/* RESOLVE_IN_ROOT would take the working directory for the root. */
		if (path[0] != '/' && path[0] != '\0')
			inside = snprintf(whole, sizeof whole, "%s/%s", fs->cwd, path) <
						 (int)sizeof whole
					 ? whole
					 : NULL;
		int fd = inside ? open_in_root(fs->root_fd, inside, flags) : -1;

		/* On a busy machine the kernel may give up again and again. */
		if (inside && (fd >= 0 || errno != EAGAIN))
			return fd;
	}
	return bs_fs_resolve(fs, path, flags, NULL);
}

static int open_path(const struct bs_fs *fs, const char *path, int flags)
{
	int fd = try_path(fs, path, flags);

	if (fd < 0)
		bs_must_not_lack(fs->arena, path);
	return fd;
}

/* The part of the real working directory CWD that lies below the real directory ROOT, or NULL. */
static const char *below(const char *root, const char *cwd)
{
	size_t n = strlen(root);

	if (strcmp(root, "/") == 0)
		return cwd;
	if (strncmp(cwd, root, n) != 0 || (cwd[n] != '/' && cwd[n] != '\0'))
		return NULL;
	return cwd[n] ? cwd + n : "/";
}

struct copying {
	struct bs_arena *arena;
	const char *text, *copy;
};

static void copy_text(void *data)
{
	struct copying *c = data;

	c->copy = bs_arena_strndup(c->arena, c->text, strlen(c->text));
}

static const char *real_cwd_in_root(const struct bs_fs *fs, const struct bs_ctx *ctx)
{
	char *cwd = getcwd(NULL, 0);
	char *root = fs->root ? realpath(fs->root, NULL) : strdup("/");
	bool is_named = cwd && root;
	const char *inside = is_named && cwd[0] == '/' ? below(root, cwd) : NULL;
	int error = errno;
	struct copying c = { ctx->arena, inside, "/" };
	bool done = !inside || bs_arena_try(ctx->arena, copy_text, &c);
	bool has_cwd = cwd != NULL;

	free(cwd);
	free(root);
	if (!done)
		bs_arena_unwind(ctx->arena);
	errno = error;
	if (!is_named)
		bs_must_not_lack(fs->arena, fs->root ? fs->root : ".");
	if (!has_cwd && !fs->root)
		bs_diag_add(ctx->diags, BS_DIAG_ASSUMED, NULL, BS_NO_OFFSET, error,
			    "the working directory cannot be named: \"/\" is taken for it");
	return c.copy;
}

static bool enter(struct bs_fs *fs, const struct bs_ctx *ctx, const char *cwd)
{
	const char *canonical = bs_fs_canonical(fs, ctx, cwd);
	struct stat st;

	if (canonical && bs_fs_stat(fs, canonical, BS_FS_LOOK_WHICH, &st) != 0) {
		canonical = NULL;
	} else if (canonical && !S_ISDIR(st.st_mode)) {
		canonical = NULL;
		errno = ENOTDIR;
	}
	if (canonical && !fs->root) {
		int fd = bs_open_at(fs->cwd_fd, cwd, O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (fd < 0)
			canonical = NULL;
		else
			fs->cwd_fd = fd;
	}
	if (!canonical) {
		bs_diag_add(ctx->diags, BS_DIAG_CANNOT_OPEN, cwd, BS_NO_OFFSET, errno,
			    "the working directory");
		return false;
	}
	fs->cwd = canonical;
	return true;
}

static int open_directory(const struct bs_ctx *ctx, const char *path)
{
	int fd = bs_open_at(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0) {
		bs_must_not_lack(ctx->arena, path);
		bs_diag_add(ctx->diags, BS_DIAG_CANNOT_OPEN, path, BS_NO_OFFSET, errno,
			    "the root directory");
	}
	return fd;
}

static void close_layers(void *what)
{
	struct bs_fs *fs = what;

	if (fs->upper_fd >= 0)
		close(fs->upper_fd);
	if (fs->root_fd >= 0)
		close(fs->root_fd);
	if (fs->cwd_fd >= 0)
		close(fs->cwd_fd);
	fs->upper_fd = fs->root_fd = fs->cwd_fd = -1;
}

static struct bs_fs *open_layers(const struct bs_ctx *ctx, const char *upper, const char *root,
				 const char *cwd, bool own_resolver)
{
	struct bs_fs *fs = bs_new(ctx->arena, struct bs_fs, 1);

	fs->arena = ctx->arena;
	fs->root = root ? bs_arena_strndup(ctx->arena, root, strlen(root)) : NULL;
	fs->cwd_fd = AT_FDCWD;
	fs->upper_fd = fs->root_fd = -1;
	/* What follows may unwind, and nobody has FS yet who could close it. */
	bs_arena_at_end(ctx->arena, close_layers, fs);
	fs->root_fd = open_directory(ctx, root ? root : "/");
	if (fs->root_fd < 0)
		return NULL;
	if (upper) {
		fs->upper_fd = open_directory(ctx, upper);
		if (fs->upper_fd < 0) {
			bs_fs_close(fs);
			return NULL;
		}
	}
	if (root && !own_resolver) {
		/* Kernels before 5.6 have no openat2(2); sandboxes answer EPERM. */
		int probe = open_in_root(fs->root_fd, ".", O_PATH | O_CLOEXEC);

		fs->kernel_resolves = probe >= 0;
		if (probe >= 0)
			close(probe);
	}
	fs->cwd = real_cwd_in_root(fs, ctx);
	if (cwd && !enter(fs, ctx, cwd)) {
		bs_fs_close(fs);
		return NULL;
	}
	return fs;
}

struct bs_fs *bs_fs_open_with(const struct bs_ctx *ctx, const char *root, const char *cwd,
			      bool own_resolver)
{
	return open_layers(ctx, NULL, root, cwd, own_resolver);
}

struct bs_fs *bs_fs_open(const struct bs_ctx *ctx, const char *root, const char *cwd)
{
	return open_layers(ctx, NULL, root, cwd, false);
}

struct bs_fs *bs_fs_open_over(const struct bs_ctx *ctx, const char *upper, const char *root,
			      const char *cwd)
{
	return open_layers(ctx, upper, root ? root : "/", cwd, true);
}

bool bs_fs_is_upper(const struct bs_fs *fs, const char *path)
{
	char *canonical = NULL;
	struct stat st;
	int fd = fs->upper_fd < 0 ? -1 : bs_fs_resolve(fs, path, O_PATH | O_CLOEXEC, &canonical);

	if (fd < 0)
		return false;
	close(fd);
	/* Free of links, and what the upper layer has there is what is seen. */
	bool is_upper = fstatat(fs->upper_fd, canonical[1] ? canonical + 1 : ".", &st,
				AT_SYMLINK_NOFOLLOW) == 0;

	free(canonical);
	return is_upper;
}

void bs_fs_close(struct bs_fs *fs)
{
	if (!fs)
		return;
	bs_paths_end(fs);
	close_layers(fs);
}

const char *bs_fs_cwd(const struct bs_fs *fs)
{
	return fs->cwd;
}

int bs_fs_open_file(const struct bs_fs *fs, const char *path)
{
	bs_vec_each (i, &fs->links)
		if (strcmp(fs->links.v[i].path, path) == 0)
			path = fs->links.v[i].target;
	char *seen = bs_fs_looks(fs, BS_FS_LOOK_FILE, path);
	/* O_NONBLOCK: a FIFO without a writer would hold the loader for ever, and us with it. */
	int fd = open_path(fs, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_LARGEFILE);

	bs_fs_sees_fd(seen, BS_FS_LOOK_FILE, fd);
	return fd;
}

void bs_fs_add_link(struct bs_fs *fs, const struct bs_ctx *ctx, const char *path,
		    const char *target)
{
	const char *old = bs_fs_canonical(fs, ctx, path), *new = bs_fs_canonical(fs, ctx, target);

	/* Mostly it is there. */
	if (!new || !old || strcmp(old, new) != 0)
		bs_vec_push(ctx->arena, &fs->links, (struct bs_fs_link){ path, target });
}

/* *ERROR becomes the errno where nobody can say what ENTRY is, and it is not only gone. */
static enum bs_fs_kind kind_of(int directory, const struct dirent *entry, int *error)
{
	unsigned type = entry->d_type;
	struct stat st;

	if (type == DT_UNKNOWN) {
		if (fstatat(directory, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			type = IFTODT(st.st_mode);
		else if (errno != ENOENT)
			*error = errno;
	}
	return type == DT_REG	? BS_FS_FILE
	       : type == DT_LNK ? BS_FS_LINK
	       : type == DT_DIR ? BS_FS_DIRECTORY
				: BS_FS_OTHER;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct bs_fs_entry *)a)->name, ((const struct bs_fs_entry *)b)->name);
}

struct listing {
	const struct bs_ctx *ctx;
	DIR *directory;
	bs_fs_entries *ret;
	int error;
};

static void list_entries(void *data)
{
	struct listing *l = data;
	int of_entry = 0;

	/* Only errno tells the end of the directory from trouble. */
	for (const struct dirent *entry; errno = 0, (entry = readdir(l->directory)) != NULL;) {
		const char *name = entry->d_name;

		if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
			bs_vec_push(l->ctx->arena, l->ret,
				    ((struct bs_fs_entry){
					    bs_arena_strndup(l->ctx->arena, name, strlen(name)),
					    kind_of(dirfd(l->directory), entry, &of_entry) }));
	}
	l->error = errno ? errno : of_entry;
}

/* Takes FD over. Returns 0, or an errno. */
static int list_layer(const struct bs_fs *fs, const struct bs_ctx *ctx, const char *path, int fd,
		      bs_fs_entries *ret)
{
	struct listing l = { .ctx = ctx, .directory = fd < 0 ? NULL : fdopendir(fd), .ret = ret };
	int error = errno;

	if (!l.directory) {
		if (fd >= 0)
			close(fd);
		errno = error;
		bs_must_not_lack(fs->arena, path);
		return error;
	}
	bool done = bs_arena_try(ctx->arena, list_entries, &l);

	closedir(l.directory);
	if (!done)
		bs_arena_unwind(ctx->arena);
	if (ret->n)
		qsort(ret->v, ret->n, sizeof *ret->v, by_name);
	errno = l.error;
	bs_must_not_lack(fs->arena, path);
	return l.error;
}

/* Adds to RET, which is sorted, those of LOWER that it has not. */
static void merge(const struct bs_ctx *ctx, const bs_fs_entries *lower, bs_fs_entries *ret)
{
	uint32_t n = ret->n;

	bs_vec_each (i, lower)
		if (!n || !bsearch(&lower->v[i], ret->v, n, sizeof *ret->v, by_name))
			bs_vec_push(ctx->arena, ret, lower->v[i]);
	if (ret->n)
		qsort(ret->v, ret->n, sizeof *ret->v, by_name);
}

int bs_fs_list(const struct bs_fs *fs, const struct bs_ctx *ctx, const char *path,
	       bs_fs_entries *ret)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
	bs_fs_entries lower = { 0 };
	struct bs_fs_dir dir;

	int error = 0;

	if (fs->upper_fd < 0) {
		char *seen = bs_fs_looks(fs, BS_FS_LOOK_LIST, path);
		int fd = open_path(fs, path, flags);

		bs_fs_sees_fd(seen, BS_FS_LOOK_LIST, fd);
		return list_layer(fs, ctx, path, fd, ret);
	}
	if (!bs_fs_resolve_dir(fs, path, &dir))
		return errno;
	for (unsigned i = 0; i < BS_FS_LAYERS; i++) {
		if (dir.fd[i] < 0)
			continue;
		int failed = list_layer(fs, ctx, path, bs_open_at(dir.fd[i], ".", flags),
					i ? &lower : ret);

		error = error ? error : failed;
		close(dir.fd[i]);
	}
	merge(ctx, &lower, ret);
	return error;
}

static int look_at(const struct bs_fs *fs, const char *path, struct stat *ret)
{
	int before = errno;

	if (!fs->root) {
		int found = fstatat(fs->cwd_fd, path, ret, 0);

		if (found != 0)
			bs_must_not_lack(fs->arena, path);
		return found;
	}
	int fd = open_path(fs, path, O_PATH | O_CLOEXEC);

	if (fd < 0)
		return -1;
	int status = fstat(fd, ret);
	int error = errno;

	close(fd);
	errno = status == 0 ? before : error;
	return status;
}

int bs_fs_stat(const struct bs_fs *fs, const char *path, enum bs_fs_look look, struct stat *ret)
{
	char *seen = bs_fs_looks(fs, look, path);
	int status = look_at(fs, path, ret);

	bs_fs_sees(seen, look, status ? errno : 0, ret);
	return status;
}

bool bs_fs_has(const struct bs_fs *fs, const char *path)
{
	struct stat st;

	return bs_fs_stat(fs, path, BS_FS_LOOK_WHICH, &st) == 0;
}

bool bs_fs_is_directory(const struct bs_fs *fs, const char *path)
{
	struct stat st;

	return bs_fs_stat(fs, path, BS_FS_LOOK_FILE, &st) == 0 && S_ISDIR(st.st_mode);
}

bool bs_fs_anybody_writes(const struct bs_fs *fs, const char *path)
{
	struct stat st;

	return bs_fs_stat(fs, path, BS_FS_LOOK_WRITERS, &st) == 0 && S_ISDIR(st.st_mode) &&
	       st.st_mode & S_IWOTH;
}

const char *bs_fs_canonical(const struct bs_fs *fs, const struct bs_ctx *ctx, const char *path)
{
	char *canonical = NULL;
	int fd = bs_fs_resolve(fs, path, O_PATH | O_CLOEXEC, &canonical);

	if (fd < 0) {
		int error = errno;

		bs_fs_sees_name(fs, path, NULL, error);
		errno = error;
		return NULL;
	}
	close(fd);
	/* Not to be lost when memory runs out. */
	struct copying c = { ctx->arena, canonical, NULL };
	bool done = bs_arena_try(ctx->arena, copy_text, &c);

	free(canonical);
	if (!done)
		bs_arena_unwind(ctx->arena);
	bs_fs_sees_name(fs, path, c.copy, 0);
	return c.copy;
}

char *bs_fs_read(const struct bs_fs *fs, const struct bs_ctx *ctx, const char *path, size_t *ret_n)
{
	int fd = bs_fs_open_file(fs, path);
	struct stat st;

	if (fd < 0)
		return NULL;
	bool is_there = fstat(fd, &st) == 0;

	if (!is_there || !S_ISREG(st.st_mode)) {
		int error = !is_there ? errno : S_ISDIR(st.st_mode) ? EISDIR : EINVAL;

		close(fd);
		errno = error;
		return NULL;
	}
	/* Files of /proc are larger than they say. */
	size_t expected = st.st_size > 0 && st.st_size < LARGEST_FILE ? (size_t)st.st_size : 0;

	return bs_read_and_close(ctx->arena, fd, expected, LARGEST_FILE, ret_n);
}
