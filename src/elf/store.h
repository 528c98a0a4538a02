/* SPDX-License-Identifier: MIT */
/*
 * store.h - images by file, each read once however many runs ask for it; and a look at a file that
 * needs no image
 *
 * elf.h shows this, too.
 *
 * Floor 1: may include base.h.
 */
#pragma once

#include "../base/base.h"

struct bs_image;

/* ---- the store ---------------------------------------------------------------------------- */

/*
 * Images, each file read once however many runs ask for it: keyed by device, inode, size and
 * modification time. Calls may come from several threads.
 */
struct bs_store;

/* An empty store, or NULL when out of memory. It must outlive every run that uses it. */
struct bs_store *bs_store_new(void);

/* Ends STORE and all its images. NULL is allowed. */
void bs_store_free(struct bs_store *store);

/*
 * The image of the open file FD (which stays the caller's and may be closed afterwards), read when
 * the store does not have it. PATH is for diagnostics only. Returns NULL only when fstat(2) fails,
 * with a diagnostic; a file that is no ELF at all still yields an image, whose state says so. The
 * image is counted up: bs_store_release() gives it back. Out of memory unwinds through CTX's arena.
 *
 * What is wrong with the file is told to CTX's diagnostics once for each PATH, however often a run
 * asks and whoever had the file read.
 */
const struct bs_image *bs_store_acquire(struct bs_store *store, const struct bs_ctx *ctx, int fd,
					const char *path);

/* The same, and FD is closed, also where memory runs out. errno is the former's. */
const struct bs_image *bs_store_acquire_closing(struct bs_store *store, const struct bs_ctx *ctx,
						int fd, const char *path);

/*
 * From here on STORE has a worker, whose thread begins as soon as there are images enough for it to
 * pay, and computes what bs_image_name_hash() will be asked for; it ends with STORE or with
 * bs_store_trim(). It is a matter of speed alone: where there is no thread to be had nothing
 * changes. Only for stores that one thread uses.
 */
void bs_store_read_ahead(struct bs_store *store);

/* STORE's worker, which is STORE's own; NULL while it has no thread. */
struct bs_worker *bs_store_worker(struct bs_store *store);

/* Counts IMAGE, which STORE has, up once more: bs_store_acquire() for who knows where PATH leads.
 */
const struct bs_image *bs_store_hold(struct bs_store *store, const struct bs_ctx *ctx,
				     const struct bs_image *image, const char *path);

/* What floors above keep with a store from one run for the next. */
enum bs_kept {
	BS_KEPT_PATHS,
	BS_KEPT_LOOKUPS,
	BS_KEPT_ANSWERS,  /* in common with all stores that share images */
	BS_KEPT_MEETINGS, /* which of these images have to do with each other */
	BS_KEPT_COUNT_
};

/*
 * bs_store_keeps(): from here on runs on STORE use what earlier ones found out of that kind. Only
 * speed changes, but for files that change meanwhile: where paths are kept, runs see them as the
 * first one did that looked at them. Paths and lookups are for runs of one program, answers for
 * those of many.
 *
 * bs_store_take(): what is kept under WHICH, for who takes it alone has it; NULL when there is
 * nothing or somebody else has it. bs_store_keep() gives it back, or gives the first; END ends it,
 * before the images are dropped. Another one that is there already is ended.
 */
void bs_store_keeps(struct bs_store *store, enum bs_kept which);
bool bs_store_is_keeping(struct bs_store *store, enum bs_kept which);
void *bs_store_take(struct bs_store *store, enum bs_kept which);
void bs_store_keep(struct bs_store *store, enum bs_kept which, void *kept, void (*end)(void *kept));

/*
 * What STORE and all stores that share its images keep in common under WHICH: MAKE has made it,
 * which is called by whoever comes first and may return NULL; END ends it, before the images are
 * dropped. It lasts until the store that has the images forgets it.
 */
void *bs_store_common(struct bs_store *store, enum bs_kept which, void *(*make)(void),
		      void (*end)(void *kept));

/*
 * What another link would make of an object, symbol by symbol: bit I % 8 of byte I / 8. A symbol
 * that is HIDDEN is nobody's but the object's own (hidden visibility, --exclude-libs, a version
 * script); where it is KEPT, the object's references to it do not leave the object (-Bsymbolic),
 * whoever else may find it; PROTECTED ones are kept and say so. NULL: none is.
 */
struct bs_as_if {
	const uint8_t *hidden, *kept, *protected;
	bool symbolic; /* DF_SYMBOLIC is set */
};

/*
 * From here on STORE gives out IMAGE, which it has, as if it were linked so: an image beside the
 * other one, which shares all but the entries of its symbol table with it and is as old as STORE.
 * Runs that go on keep what they have. bs_store_as_it_is() gives out all images as they are again.
 */
void bs_store_as_if(struct bs_store *store, const struct bs_ctx *ctx, const struct bs_image *image,
		    const struct bs_as_if *as_if);
void bs_store_as_it_is(struct bs_store *store);

/* The image that was read from the file of IMAGE: IMAGE itself, or what it stands in for. */
const struct bs_image *bs_image_as_read(const struct bs_image *image);

/* IMAGE's file lost something of what was read of it, zeros instead, or was written to since:
 * nothing that is made of it is sure to be right. Says which, or is NULL. Only where somebody has
 * called bs_guard_catch() and bs_sentries_at_most(). Any thread may call it. */
const char *bs_image_change(const struct bs_image *image);

/* The words for it. */
const char *bs_words_for_change(bool has_shrunk);

/* Gives IMAGE back; it stays in the store until bs_store_trim() or the end. */
void bs_store_release(struct bs_store *store, const struct bs_image *image);

/* Drops the images that nobody holds. */
void bs_store_trim(struct bs_store *store);

/*
 * A store that has the images of OF, which must outlive it, and keeps things of its own: one for
 * each thread that makes runs beside others. NULL when out of memory. It gives out images as they
 * are, and has no worker.
 */
struct bs_store *bs_store_share(struct bs_store *of);

/* Ends what STORE keeps under WHICH; to be called while no run on it is under way. */
void bs_store_forget(struct bs_store *store, enum bs_kept which);

/* Images that STORE has read since it was made, dropped ones included, and those that it has now.
 */
struct bs_store_counts {
	uint32_t n_read, n_images;
};
struct bs_store_counts bs_store_count(struct bs_store *store);

/*
 * Drops the images that nobody holds and that were asked for but once since the last call, which
 * are those of programs, and not of what they need. To be called while no run is under way on
 * STORE or on one that shares its images, after all of these have forgotten their paths.
 */
void bs_store_drop_rare(struct bs_store *store);

/*
 * Reads the N bytes at DATA as a file (for fuzzers and unit tests), with the same checks. DATA is
 * only read and must outlive the image, which bs_image_close() ends. Out of memory unwinds through
 * CTX's arena.
 */
struct bs_image *bs_image_read_memory(const struct bs_ctx *ctx, void *data, size_t n,
				      const char *path);
void bs_image_close(struct bs_image *image);

/* ---- a look that needs no image ------------------------------------------------------------- */

enum bs_peeked {
	BS_PEEKED_OTHER,
	BS_PEEKED_DEBUG,      /* a separate debug file */
	BS_PEEKED_UNREADABLE, /* errno says why */
	BS_PEEKED_SCRIPT,     /* "#!" */
	BS_PEEKED_STATIC,     /* a program that no loader starts, or with nothing to bind */
	BS_PEEKED_FOREIGN,    /* one that a loader starts, or a shared object, of a machine that has
				 no table here */
	BS_PEEKED_PROGRAM,
	BS_PEEKED_LIBRARY, /* a shared object */
	BS_PEEKED_COUNT_
};

/* What the regular file FD is, by its headers alone. Any thread may call it. */
enum bs_peeked bs_peek(int fd);

/* True when IMAGE, an executable or a shared object, was made to hold debug information alone: what
 * would be loaded is not in it. */
bool bs_image_is_separate_debug(const struct bs_image *image);
