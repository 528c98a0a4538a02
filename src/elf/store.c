/* SPDX-License-Identifier: MIT */
/*
 * Files and the memory of images: each image has an arena and a mapping of its own, so that it can
 * outlive the run that had it read.
 */
#include "elf-priv.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Bytes: no address space has room for more, whatever is free. */
#define LARGEST ((size_t)1 << 40)

enum {
	N_SLOTS = 4096, /* a power of two: some times the objects of a large system scan */
	WORKER_FROM = 6 /* images: a thread costs more than it brings a program of few objects */
};

struct bs_store {
	struct bs_store *images; /* the one that has them: itself, or another one */
	uint32_t n_read, n_images;
	pthread_mutex_t lock; /* guards the slots, the lists in them and the counts of users */
	struct bs_image_file *slots[N_SLOTS];
	uint64_t used[N_SLOTS / 64]; /* a bit for each slot that may have images */
	struct bs_worker *worker;    /* or NULL */
	struct kept {
		bool is_wanted;
		void *what; /* or NULL */
		void (*end)(void *what);
	} kept[BS_KEPT_COUNT_];
};

static struct bs_image_file *as_file(const struct bs_image *image)
{
	return (struct bs_image_file *)image;
}

/* The file that IMAGE was read from, should another link of it be asked about. */
static struct bs_image_file *as_read(const struct bs_image *image)
{
	struct bs_image_file *file = as_file(image);

	return file->file ? file->file : file;
}

static void free_file(struct bs_image_file *file)
{
	struct bs_arena *arena = file->arena;

	bs_guard_end(file->guard);
	bs_sentry_end(&file->sentry);
	if (file->map)
		bs_unmap_file(file->map, file->map_size);
	bs_arena_free(arena);
}

const struct bs_image *bs_image_as_read(const struct bs_image *image)
{
	return &as_read(image)->image;
}

/* What the store gives out for FILE, which it read. */
static struct bs_image_file *given_for(struct bs_image_file *file)
{
	return file->instead ? file->instead : file;
}

/* FD is that of the file that BYTES are mapped from, or -1. */
static void read_from(struct bs_image_file *file, int fd, const void *bytes, size_t n)
{
	file->image.bytes = bytes;
	file->image.n_bytes = n;
	struct bs_reader reader = {
		.image = &file->image,
		.arena = file->arena,
		.diags = &file->diags,
		.bytes = bytes,
		.size = n,
		.fd = fd,
	};

	if (file->image.read_error) {
		file->image.state = BS_IMAGE_UNREADABLE;
		bs_broken(&reader, BS_DIAG_CANNOT_READ, BS_NO_OFFSET, "unreadable file");
		return;
	}
	bs_read_image(&reader);
	if (file->image.n_dynamic && !file->image.machine)
		bs_diag_add(&file->diags, BS_DIAG_FOREIGN_MACHINE, file->image.path,
			    offsetof(Elf64_Ehdr, e_machine), 0, "machine %u",
			    file->image.header.machine);
}

/* Somebody may be writing to the file that was read just now. */
static void note_change(struct bs_image_file *file, int fd)
{
	struct stat st;
	bool is_hit = bs_guard_is_hit(file->guard);

	if (is_hit || fstat(fd, &st) != 0 || (uint64_t)st.st_size != file->stat_size ||
	    st.st_mtim.tv_sec != file->mtime_s || st.st_mtim.tv_nsec != file->mtime_ns)
		bs_diag_add(&file->diags, BS_DIAG_CHANGED, file->image.path, BS_NO_OFFSET, 0, "%s",
			    bs_words_for_change(is_hit));
}

const char *bs_image_change(const struct bs_image *image)
{
	const struct bs_image_file *file = as_read(image);
	bool has_shrunk = bs_guard_is_hit(file->guard);

	return has_shrunk || bs_sentry_is_alarmed(&file->sentry) ? bs_words_for_change(has_shrunk)
								 : NULL;
}

const char *bs_words_for_change(bool has_shrunk)
{
	return has_shrunk ? "it shrank while it was read" : "it changed while it was read";
}

/* Maps and reads FD, or DATA when FD is -1. Out of memory unwinds through FILE's arena. */
static void read_file(struct bs_image_file *file, int fd, const struct stat *st, const void *data,
		      size_t n)
{
	if (fd < 0) {
		read_from(file, -1, data, n);
		return;
	}
	n = st->st_size > 0 && (uintmax_t)st->st_size <= SIZE_MAX ? (size_t)st->st_size : 0;
	if (S_ISREG(st->st_mode) && n) {
		void *map = bs_map_file(fd, n, PROT_READ);

		if (map != MAP_FAILED) {
			file->map = map;
			file->map_size = n;
			file->guard = bs_guard_begin(map, n, PROT_READ);
			bs_sentry_begin(&file->sentry, fd, st);
			read_from(file, fd, map, n);
			note_change(file, fd);
			return;
		}
		if (errno == ENOMEM && n < LARGEST)
			bs_arena_exhausted(file->arena);
		if (n >= LARGEST)
			file->image.read_error = EFBIG;
	}
	/* Of what is no regular file, or looks empty, the header is enough to judge it. */
	if (!S_ISREG(st->st_mode) || n < sizeof(Elf64_Ehdr))
		n = sizeof(Elf64_Ehdr);
	/* By read(2): a directory, say, has the error then that a loader gets. */
	uint8_t *bytes = bs_new(file->arena, uint8_t, n);
	size_t have = bs_read_up_to(fd, bytes, n, 0);

	if (have < n && errno) {
		bs_must_not_lack(file->arena, file->image.path);
		file->image.read_error = errno;
	}
	n = have;
	/* What stat(2) says of devices and of /proc is not what a loader gets to read. */
	file->image.size = n;
	read_from(file, -1, bytes, n);
}

/*
 * A new image, not yet known to a store. Nothing is left behind when memory runs out: the image's
 * arena catches that, frees all, and only then CTX's arena is told.
 */
static struct bs_image_file *new_file(const struct bs_ctx *ctx, const char *path, int fd,
				      const struct stat *st, const void *data, size_t n)
{
	struct bs_arena *volatile arena = bs_arena_new();
	struct bs_image_file *volatile made = NULL;

	if (!arena)
		bs_arena_exhausted(ctx->arena);
	if (BS_ON_OUT_OF_MEMORY(arena)) {
		if (made)
			free_file(made);
		else
			bs_arena_free(arena);
		bs_arena_unwind(ctx->arena);
	}
	struct bs_image_file *file = bs_new(arena, struct bs_image_file, 1);

	file->arena = arena;
	file->diags.arena = arena;
	file->sentry.fd = -1;
	made = file;
	file->image.path = bs_arena_strndup(arena, path, strlen(path));
	file->image.dev = st->st_dev;
	file->image.ino = st->st_ino;
	file->image.size = file->stat_size = (uint64_t)st->st_size;
	file->image.mode = st->st_mode;
	file->mtime_s = st->st_mtim.tv_sec;
	file->mtime_ns = st->st_mtim.tv_nsec;
	read_file(file, fd, st, data, n);
	return file;
}

/* Tells CTX what is wrong with the file, unless it has been told already. */
static void tell(const struct bs_ctx *ctx, const struct bs_image_file *file, const char *path)
{
	bs_vec_each (i, &file->diags.list) {
		const struct bs_diag *d = &file->diags.list.v[i];

		bs_diag_add_once(ctx->diags, d->code, path, d->offset, d->os_error, d->detail);
	}
}

struct bs_store *bs_store_new(void)
{
	struct bs_store *store = calloc(1, sizeof *store);

	if (store && pthread_mutex_init(&store->lock, NULL) != 0) {
		free(store);
		return NULL;
	}
	if (store)
		store->images = store;
	return store;
}

struct bs_store *bs_store_share(struct bs_store *of)
{
	struct bs_store *store = bs_store_new();

	if (store)
		store->images = of->images;
	return store;
}

void bs_store_read_ahead(struct bs_store *store)
{
	pthread_mutex_lock(&store->lock);
	if (!store->worker)
		store->worker = bs_worker_new(WORKER_FROM);
	pthread_mutex_unlock(&store->lock);
}

struct bs_worker *bs_store_worker(struct bs_store *store)
{
	return store->worker && bs_worker_is_running(store->worker) ? store->worker : NULL;
}

void bs_store_keeps(struct bs_store *store, enum bs_kept which)
{
	store->kept[which].is_wanted = true;
}

bool bs_store_is_keeping(struct bs_store *store, enum bs_kept which)
{
	return store->kept[which].is_wanted;
}

void *bs_store_take(struct bs_store *store, enum bs_kept which)
{
	pthread_mutex_lock(&store->lock);
	void *what = store->kept[which].what;

	store->kept[which].what = NULL;
	pthread_mutex_unlock(&store->lock);
	return what;
}

static void end_kept(struct kept *kept)
{
	if (kept->what)
		kept->end(kept->what);
	kept->what = NULL;
}

static void end_all_kept(struct bs_store *store)
{
	for (unsigned i = 0; i < BS_KEPT_COUNT_; i++)
		end_kept(&store->kept[i]);
}

void bs_store_keep(struct bs_store *store, enum bs_kept which, void *kept, void (*end)(void *kept))
{
	pthread_mutex_lock(&store->lock);
	end_kept(&store->kept[which]);
	store->kept[which].what = kept;
	store->kept[which].end = end;
	pthread_mutex_unlock(&store->lock);
}

void *bs_store_common(struct bs_store *store, enum bs_kept which, void *(*make)(void),
		      void (*end)(void *kept))
{
	store = store->images;
	pthread_mutex_lock(&store->lock);
	struct kept *kept = &store->kept[which];

	if (!kept->what) {
		kept->what = make();
		kept->end = end;
	}
	void *what = kept->what;

	pthread_mutex_unlock(&store->lock);
	return what;
}

void bs_store_forget(struct bs_store *store, enum bs_kept which)
{
	pthread_mutex_lock(&store->lock);
	end_kept(&store->kept[which]);
	pthread_mutex_unlock(&store->lock);
}

static void end_worker(struct bs_store *store)
{
	bs_worker_free(store->worker);
	store->worker = NULL;
}

enum dropped { ALL, UNUSED, RARE };

static void drop_of(struct bs_store *store, size_t slot, enum dropped which)
{
	for (struct bs_image_file **at = &store->slots[slot], *file; (file = *at);) {
		bool stays =
			(which != ALL && file->n_users) || (which == RARE && file->n_asked > 1);

		file->n_asked = 0;
		if (stays) {
			at = &file->next;
			continue;
		}
		*at = file->next;
		store->n_images--;
		free_file(file);
	}
}

/* The first slot from AT on that may have images; N_SLOTS: there is none. */
static size_t next_used(const struct bs_store *store, size_t at)
{
	while (at < N_SLOTS) {
		uint64_t bits = store->used[at / 64] >> at % 64;

		if (bits)
			return at + (size_t)__builtin_ctzll(bits);
		at = (at / 64 + 1) * 64;
	}
	return N_SLOTS;
}

static void drop(struct bs_store *store, enum dropped which)
{
	for (size_t i = 0; (i = next_used(store, i)) < N_SLOTS; i++)
		drop_of(store, i, which);
}

void bs_store_free(struct bs_store *store)
{
	if (!store)
		return;
	end_worker(store);
	end_all_kept(store);
	drop(store, ALL);
	pthread_mutex_destroy(&store->lock);
	free(store);
}

void bs_store_trim(struct bs_store *store)
{
	pthread_mutex_lock(&store->lock);
	end_worker(store);
	end_all_kept(store);
	drop(store, UNUSED);
	pthread_mutex_unlock(&store->lock);
}

struct bs_store_counts bs_store_count(struct bs_store *store)
{
	pthread_mutex_lock(&store->lock);
	struct bs_store_counts counts = { store->n_read, store->n_images };

	pthread_mutex_unlock(&store->lock);
	return counts;
}

void bs_store_drop_rare(struct bs_store *store)
{
	pthread_mutex_lock(&store->lock);
	drop(store, RARE);
	pthread_mutex_unlock(&store->lock);
}

static struct bs_image_file **slot_of(struct bs_store *store, const struct stat *st)
{
	uint64_t key = ((uint64_t)st->st_dev << 32 ^ st->st_ino) * UINT64_C(0x9e3779b97f4a7c15);

	return &store->slots[key >> 52 & (N_SLOTS - 1)];
}

static void note_used(struct bs_store *store, struct bs_image_file **slot)
{
	size_t at = (size_t)(slot - store->slots);

	store->used[at / 64] |= UINT64_C(1) << at % 64;
}

static struct bs_image_file *find(struct bs_image_file *list, const struct stat *st)
{
	for (; list; list = list->next)
		if (list->image.ino == st->st_ino && list->image.dev == st->st_dev &&
		    list->stat_size == (uint64_t)st->st_size &&
		    list->mtime_s == st->st_mtim.tv_sec && list->mtime_ns == st->st_mtim.tv_nsec)
			return list;
	return NULL;
}

const struct bs_image *bs_store_acquire(struct bs_store *store, const struct bs_ctx *ctx, int fd,
					const char *path)
{
	struct stat st;

	if (fstat(fd, &st) != 0) {
		bs_diag_add(ctx->diags, BS_DIAG_CANNOT_READ, path, BS_NO_OFFSET, errno,
			    "unreadable file");
		return NULL;
	}
	store = store->images;
	struct bs_image_file **slot = slot_of(store, &st);

	pthread_mutex_lock(&store->lock);
	struct bs_image_file *file = find(*slot, &st);

	if (!file) {
		/* Read without the lock: should two threads read one file, the first copy stays. */
		pthread_mutex_unlock(&store->lock);
		struct bs_image_file *fresh = new_file(ctx, path, fd, &st, NULL, 0);

		pthread_mutex_lock(&store->lock);
		file = find(*slot, &st);
		if (file) {
			free_file(fresh);
		} else {
			file = fresh;
			file->next = *slot;
			*slot = file;
			note_used(store, slot);
			store->n_read++;
			store->n_images++;
			if (store->worker)
				bs_read_ahead(store->worker, file);
		}
	}
	file->n_users++;
	file->n_asked++;
	struct bs_image_file *given = given_for(file);

	pthread_mutex_unlock(&store->lock);
	tell(ctx, file, path);
	return &given->image;
}

struct acquiring {
	struct bs_store *store;
	const struct bs_ctx *ctx;
	int fd;
	const char *path;
	const struct bs_image *image;
};

static void acquire(void *data)
{
	struct acquiring *a = data;

	a->image = bs_store_acquire(a->store, a->ctx, a->fd, a->path);
}

const struct bs_image *bs_store_acquire_closing(struct bs_store *store, const struct bs_ctx *ctx,
						int fd, const char *path)
{
	struct acquiring a = { store, ctx, fd, path, NULL };
	bool done = bs_arena_try(ctx->arena, acquire, &a);
	int error = errno;

	close(fd);
	if (!done)
		bs_arena_unwind(ctx->arena);
	errno = error;
	return a.image;
}

const struct bs_image *bs_store_hold(struct bs_store *store, const struct bs_ctx *ctx,
				     const struct bs_image *image, const char *path)
{
	struct bs_image_file *file = as_read(image);

	store = store->images;
	pthread_mutex_lock(&store->lock);
	file->n_users++;
	file->n_asked++;
	struct bs_image_file *given = given_for(file);

	pthread_mutex_unlock(&store->lock);
	tell(ctx, file, path);
	return &given->image;
}

void bs_store_release(struct bs_store *store, const struct bs_image *image)
{
	store = store->images;
	pthread_mutex_lock(&store->lock);
	as_read(image)->n_users--;
	pthread_mutex_unlock(&store->lock);
}

void bs_store_as_if(struct bs_store *store, const struct bs_ctx *ctx, const struct bs_image *image,
		    const struct bs_as_if *as_if)
{
	struct bs_image_file *file = as_read(image);
	struct bs_image_file *made = bs_image_as_if(ctx, file, as_if);

	pthread_mutex_lock(&store->lock);
	file->instead = made;
	pthread_mutex_unlock(&store->lock);
}

void bs_store_as_it_is(struct bs_store *store)
{
	pthread_mutex_lock(&store->lock);
	for (size_t i = 0; (i = next_used(store, i)) < N_SLOTS; i++)
		for (struct bs_image_file *file = store->slots[i]; file; file = file->next)
			file->instead = NULL;
	pthread_mutex_unlock(&store->lock);
}

struct bs_image *bs_image_read_memory(const struct bs_ctx *ctx, void *data, size_t n,
				      const char *path)
{
	struct stat st = { .st_size = (off_t)n, .st_mode = S_IFREG | 0644 };
	struct bs_image_file *file = new_file(ctx, path, -1, &st, data, n);

	tell(ctx, file, path);
	return &file->image;
}

void bs_image_close(struct bs_image *image)
{
	if (image)
		free_file(as_file(image));
}
