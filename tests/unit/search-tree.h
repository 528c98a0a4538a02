/* SPDX-License-Identifier: MIT */
/*
 * search-tree.h - a little file tree that stands in for "/", and a loader that searches it
 *
 * What the loader makes of a file is told by the file's size, so that no ELF file has to be built.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "search/search-priv.h"

/* ---- the tree ------------------------------------------------------------------------------ */

enum { SIZE_TAKE = 100, SIZE_FOREIGN = 101, SIZE_OTHER_CLASS = 102, SIZE_BROKEN = 103 };

struct tree {
	char root[64];
	char text[4096]; /* of tree_path() */
};

void tree_make(struct tree *tree);
void tree_remove(struct tree *tree);

/* The host's path of PATH, which starts with a slash; valid until the next call. */
const char *tree_path(struct tree *tree, const char *path);

/* These make the directories above PATH as well. */
void tree_dir(struct tree *tree, const char *path);
void tree_file(struct tree *tree, const char *path, size_t size);
void tree_bytes(struct tree *tree, const char *path, const void *bytes, size_t n);
void tree_link(struct tree *tree, const char *path, const char *target);

/* ---- the loader ---------------------------------------------------------------------------- */

struct loader {
	struct tree tree;
	struct bs_diags diags;
	struct bs_ctx ctx;
	struct bs_fs *fs;
	struct bs_store *store;
	struct bs_search_policy policy;
	struct bs_search_setup setup;
	struct bs_search_state *state;
	struct bs_found found;
	char *log; /* LD_DEBUG=libs of all searches so far, without empty lines */
	size_t n_log;
};

/* For cmocka: *STATE becomes a struct loader whose root is an empty tree and whose cwd is "/". */
int loader_setup(void **state);
int loader_teardown(void **state);

/* Starts the process; MAIN may be NULL. Set what differs in setup and policy before. */
void loader_start(struct loader *loader, const struct bs_requester *main);

/* Asks for NAME; an image that is found is given back. Returns the path, or NULL. */
const char *loader_search(struct loader *loader, const struct bs_request *request);

/* The message of a search that failed: "SUBJECT: WORDS[: ERROR]", in the arena. */
const char *loader_message(struct loader *loader);

/* Compares the log with TEXT and empties it. */
#define assert_log(loader, text)                                                                   \
	do {                                                                                       \
		assert_string_equal((loader)->log ? (loader)->log : "", (text));                   \
		loader_forget(loader);                                                             \
	} while (0)

/* The same for the beginning of the log. */
#define assert_log_starts(loader, text)                                                            \
	do {                                                                                       \
		assert_non_null((loader)->log);                                                    \
		if (strlen((loader)->log) > strlen(text))                                          \
			(loader)->log[strlen(text)] = '\0';                                        \
		assert_log(loader, text);                                                          \
	} while (0)
void loader_forget(struct loader *loader);

/* ---- questions ------------------------------------------------------------------------------- */

/* Map ids. */
enum { MAIN, PLUGIN, LIBRARY };

/* A map with $ORIGIN "/bin". */
static inline struct bs_requester requester(uint32_t map, const char *name,
					    const struct bs_image *image)
{
	return (struct bs_requester){ .map = map, .name = name, .origin = "/bin", .image = image };
}

static inline struct bs_request ask(const char *name, const struct bs_requester *chain, uint32_t n,
				    const struct bs_requester *main)
{
	return (struct bs_request){
		.name = name, .chain = chain, .n_chain = n, .main = main, .nodeflib = main
	};
}

/* The commonest question: the executable asks. */
const char *search_by_main(struct loader *loader, const struct bs_requester *main,
			   const char *name);

#define with_loader(test) cmocka_unit_test_setup_teardown(test, loader_setup, loader_teardown)
