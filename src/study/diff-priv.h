/* SPDX-License-Identifier: MIT */
/* diff-priv.h - what the files of a comparison share */
#pragma once

#include "diff.h"

/* Text that is the same, or absent in both. */
bool bs_diff_is_same(const char *a, const char *b);

/* match.c: fills the objects of DIFF, and what is changed about them. */
void bs_diff_match(struct bs_arena *arena, struct bs_diff *diff);

/* TEXT, a path or a message of SIDE, with the directory of its executable cut off where it begins a
 * word. */
const char *bs_diff_beside(struct bs_arena *arena, const struct bs_diff *diff, enum bs_side side,
			   const char *text);

/* Whether OBJECT, which is on both sides, is another build on the right. */
enum bs_alike bs_diff_same_build(const struct bs_diff *diff, uint32_t object);

/* cause.c: why BINDING, whose turn is known, is as it is. */
struct bs_because bs_diff_because(const struct bs_diff *diff,
				  const struct bs_diff_binding *binding);

/* references.c: the bindings of DIFF that differ, folded into rows and causes. */
void bs_diff_references(struct bs_arena *arena, struct bs_diff *diff,
			const struct bs_selection *selection);
