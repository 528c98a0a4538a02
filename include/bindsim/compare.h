/* SPDX-License-Identifier: MIT */
/*
 * compare.h - what is bound otherwise: two plans, or reports that were kept, held against each
 * other
 *
 *	struct bindsim_side *before, *now;
 *	struct bindsim_diff *diff;
 *
 *	if (bindsim_side_read_file("release.json", &before, &error) == BINDSIM_OK &&
 *	    bindsim_side_of_plan(plan, NULL, &now, &error) == BINDSIM_OK &&
 *	    bindsim_compare(NULL, before, now, NULL, NULL, &diff, &error) == BINDSIM_OK)
 *		changed = bindsim_diff_count(diff) > 0;
 *
 * It belongs to <bindsim/bindsim.h>, which includes it, and whose words on errors, threads and
 * strings hold here, too. A side does not change once it is made, nor does a diff, which stands for
 * itself: sides, store and options may end before it.
 */
#ifndef BINDSIM_COMPARE_H
#define BINDSIM_COMPARE_H

#include <bindsim/bindsim.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- sides --------------------------------------------------------------------------------- */

/* What stands on one side. */
struct bindsim_side;

enum bindsim_which {
	BINDSIM_LEFT = 0,
	BINDSIM_RIGHT = 1,
};

/*
 * What PLAN comes to, which is simulated by each comparison, in *RET_SIDE, to be freed. NAME is
 * what the side is called; NULL: as the executable. PLAN is copied as it is now. Since 1.1.
 */
BINDSIM_API enum bindsim_status bindsim_side_of_plan(const struct bindsim_plan *plan,
						     const char *name,
						     struct bindsim_side **ret_side,
						     struct bindsim_error **error);

/*
 * What the N bytes at TEXT say, a report in JSON, as one document (json) or line by line (ndjson),
 * or a plan (bindsim-plan(5)). NAME, or NULL, is what the side and errors are called by. None of
 * the files that a report tells of need be at hand. BINDSIM_ERROR_TEXT: it is none of the three, or
 * a damaged report; BINDSIM_ERROR_PLAN: a damaged plan, or one that names no executable. Since 1.1.
 */
BINDSIM_API enum bindsim_status bindsim_side_read(const char *text, size_t n, const char *name,
						  struct bindsim_side **ret_side,
						  struct bindsim_error **error);

/* The same of the file PATH. Since 1.1. */
BINDSIM_API enum bindsim_status bindsim_side_read_file(const char *path,
						       struct bindsim_side **ret_side,
						       struct bindsim_error **error);

/* Frees SIDE. NULL is allowed. Any thread may call it. Since 1.1. */
BINDSIM_API void bindsim_side_free(struct bindsim_side *side);

/* ---- comparisons --------------------------------------------------------------------------- */

/* What is different. */
struct bindsim_diff;

/*
 * Holds LEFT against RIGHT, simulating plans with the files of STORE (NULL: with a store of its
 * own) and with OPTIONS, or NULL, whose filter and libraries count here. PARTS are those that are
 * compared, of "steps,findings,causes,bindings,objects"; NULL: all. What is different is in
 * *RET_DIFF, to be freed.
 *
 * A plan that cannot be simulated is an error with the place "left" or "right". That the loader
 * refuses something is a part of the answer. Options with reports are BINDSIM_ERROR_ARGUMENT: see
 * bindsim_diff_write(). Since 1.1.
 */
BINDSIM_API enum bindsim_status bindsim_compare(struct bindsim_store *store,
						const struct bindsim_side *left,
						const struct bindsim_side *right, const char *parts,
						const struct bindsim_options *options,
						struct bindsim_diff **ret_diff,
						struct bindsim_error **error);

/* Frees DIFF. NULL is allowed. Since 1.1. */
BINDSIM_API void bindsim_diff_free(struct bindsim_diff *diff);

/*
 * DIFF as `bindsim diff` writes it, in FORMAT, "text" or "json", in *RET_TEXT, which the caller
 * gives back with free(3); *RET_N, unless RET_N is NULL, is its length in bytes without the NUL
 * behind it. SHOW are the parts that are written, as bindsim_compare() has them; NULL: all but
 * "bindings". Since 1.1.
 */
BINDSIM_API enum bindsim_status bindsim_diff_write(const struct bindsim_diff *diff,
						   const char *format, const char *show,
						   char **ret_text, size_t *ret_n,
						   struct bindsim_error **error);

/* How many differences there are in all parts that were compared. Since 1.1. */
BINDSIM_API uint64_t bindsim_diff_count(const struct bindsim_diff *diff);

/* "glibc 2.36": the loader on the side WHICH. Since 1.1. */
BINDSIM_API const char *bindsim_diff_loader(const struct bindsim_diff *diff,
					    enum bindsim_which which);

/* What was wanted and cannot be compared, as a report has not got it: how many; the part at INDEX,
 * and the reason. That nothing else differs is no answer then. Since 1.1. */
BINDSIM_API size_t bindsim_diff_gaps(const struct bindsim_diff *diff);
BINDSIM_API const char *bindsim_diff_gap_part(const struct bindsim_diff *diff, size_t index);
BINDSIM_API const char *bindsim_diff_gap_reason(const struct bindsim_diff *diff, size_t index);

/*
 * What follows takes the number of a record, and mostly the side of which it tells; where the
 * record is not there on that side, it says nothing: NULL, 0, BINDSIM_NONE. Words of changes are
 * those of the report in JSON, each by its number K, from 0 on; NULL behind the last.
 */

/* How many objects there are on either side, in whatever parts; one by its id, by which others name
 * it: its link-map name, file, soname and build ID; and what is changed about it: "came", "went",
 * "path", "found", "soname", "build", "stays", "global", "moved". Since 1.1. */
BINDSIM_API size_t bindsim_diff_objects(const struct bindsim_diff *diff);
BINDSIM_API const char *bindsim_diff_object_name(const struct bindsim_diff *diff, uint32_t id,
						 enum bindsim_which which);
BINDSIM_API const char *bindsim_diff_object_path(const struct bindsim_diff *diff, uint32_t id,
						 enum bindsim_which which);
BINDSIM_API const char *bindsim_diff_object_soname(const struct bindsim_diff *diff, uint32_t id,
						   enum bindsim_which which);
BINDSIM_API const char *bindsim_diff_object_build_id(const struct bindsim_diff *diff, uint32_t id,
						     enum bindsim_which which);
BINDSIM_API const char *bindsim_diff_object_change(const struct bindsim_diff *diff, uint32_t id,
						   size_t k);

/* How many steps differ; one by its INDEX: its number, what it does ("start-up" for that), its
 * state, BINDSIM_STEP_NOT_REACHED where it is not there, and the loader's message; "came", "went",
 * "asks", "state", "message". Since 1.1. */
BINDSIM_API size_t bindsim_diff_steps(const struct bindsim_diff *diff);
BINDSIM_API uint32_t bindsim_diff_step_number(const struct bindsim_diff *diff, size_t index);
BINDSIM_API const char *bindsim_diff_step_words(const struct bindsim_diff *diff, size_t index,
						enum bindsim_which which);
BINDSIM_API enum bindsim_step_state bindsim_diff_step_state(const struct bindsim_diff *diff,
							    size_t index, enum bindsim_which which);
BINDSIM_API const char *bindsim_diff_step_message(const struct bindsim_diff *diff, size_t index,
						  enum bindsim_which which);
BINDSIM_API const char *bindsim_diff_step_change(const struct bindsim_diff *diff, size_t index,
						 size_t k);

/* How many findings differ, the worst first; one by its INDEX: its rule, its level and how many
 * symbols it is about; the ids of its objects; "new", "gone", "level", "count". Since 1.1. */
BINDSIM_API size_t bindsim_diff_findings(const struct bindsim_diff *diff);
BINDSIM_API const char *bindsim_diff_finding_rule(const struct bindsim_diff *diff, size_t index);
BINDSIM_API enum bindsim_level bindsim_diff_finding_level(const struct bindsim_diff *diff,
							  size_t index, enum bindsim_which which);
BINDSIM_API size_t bindsim_diff_finding_symbols(const struct bindsim_diff *diff, size_t index,
						enum bindsim_which which);
BINDSIM_API uint32_t bindsim_diff_finding_subject(const struct bindsim_diff *diff, size_t index);
BINDSIM_API uint32_t bindsim_diff_finding_other(const struct bindsim_diff *diff, size_t index);
BINDSIM_API const char *bindsim_diff_finding_change(const struct bindsim_diff *diff, size_t index,
						    size_t k);

/*
 * How many references are answered otherwise, those with one cause together, the worst first; one
 * by its INDEX: the id of the object that asks, the symbol, the version that is asked for, and the
 * id of who answers. Since 1.1.
 */
BINDSIM_API size_t bindsim_diff_bindings(const struct bindsim_diff *diff);
BINDSIM_API uint32_t bindsim_diff_binding_referrer(const struct bindsim_diff *diff, size_t index);
BINDSIM_API const char *bindsim_diff_binding_symbol(const struct bindsim_diff *diff, size_t index);
BINDSIM_API const char *bindsim_diff_binding_version(const struct bindsim_diff *diff, size_t index,
						     enum bindsim_which which);
BINDSIM_API uint32_t bindsim_diff_binding_definer(const struct bindsim_diff *diff, size_t index,
						  enum bindsim_which which);

/* What became of it: "lost", "new-undefined", "rebound", "unset", "version", "found", "outcome",
 * "new", "gone"; and why: "object-came", "definition-gone", "global", "order" and the like, as
 * bindsim-diff(1) tells. Static. Since 1.1. */
BINDSIM_API const char *bindsim_diff_binding_change(const struct bindsim_diff *diff, size_t index);
BINDSIM_API const char *bindsim_diff_binding_cause(const struct bindsim_diff *diff, size_t index);

/* The id of the object whose doing the cause is, and the step that does it; BINDSIM_NONE: nobody's,
 * none. Since 1.1. */
BINDSIM_API uint32_t bindsim_diff_binding_cause_object(const struct bindsim_diff *diff,
						       size_t index);
BINDSIM_API uint32_t bindsim_diff_binding_cause_step(const struct bindsim_diff *diff, size_t index);

#ifdef __cplusplus
}
#endif

#endif
