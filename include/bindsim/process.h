/* SPDX-License-Identifier: MIT */
/*
 * process.h - processes that are there, alive or as core files: what their slots really hold
 *
 *	struct bindsim_process *process;
 *
 *	if (bindsim_process_read(NULL, pid, NULL, NULL, &process, &error) == BINDSIM_OK)
 *		as_simulated = bindsim_process_agrees(process);
 *
 * It belongs to <bindsim/bindsim.h>, which includes it, and whose words on errors, threads and
 * strings hold here, too. Nothing is stopped or changed. What was read does not change and stands
 * for itself: process, core, plan, store and options may end before it.
 */
#ifndef BINDSIM_PROCESS_H
#define BINDSIM_PROCESS_H

#include <bindsim/bindsim.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A process as it was when it was read, held against the simulation. */
struct bindsim_process;

/*
 * Reads the process PID and holds it against PLAN, in *RET_PROCESS, to be freed. PLAN NULL: the
 * plan that leads to the process is found out from it, see bindsim_process_plan(). One that names
 * an executable is the whole question; what another one does not say is as in the process, and so
 * are the steps, unless it has some. A root of PLAN is the process's root directory, for who sees
 * that elsewhere. Files come from STORE (NULL: one of its own). OPTIONS, or NULL, are as for
 * bindsim_simulate(): reports tell of the process as it is, with the definers that its slots have.
 *
 * BINDSIM_ERROR_PROCESS: it cannot be read, which takes the same rights as debugging it, or changes
 * all the time. BINDSIM_ERROR_QUESTION: it cannot be simulated. That both disagree is no error.
 * Since 1.1.
 */
BINDSIM_API enum bindsim_status bindsim_process_read(struct bindsim_store *store, int pid,
						     const struct bindsim_plan *plan,
						     const struct bindsim_options *options,
						     struct bindsim_process **ret_process,
						     struct bindsim_error **error);

/* The same for the core file PATH. EXECUTABLE: the program's file; NULL: the one that the core
 * names. Files are looked for in the root of PLAN, or the real one. Since 1.1. */
BINDSIM_API enum bindsim_status
bindsim_core_read(struct bindsim_store *store, const char *path, const char *executable,
		  const struct bindsim_plan *plan, const struct bindsim_options *options,
		  struct bindsim_process **ret_process, struct bindsim_error **error);

/* Frees PROCESS, and its result. NULL is allowed. Since 1.1. */
BINDSIM_API void bindsim_process_free(struct bindsim_process *process);

/* The answer with the definers that the process really has: a finding is about these. It is
 * PROCESS's. Since 1.1. */
BINDSIM_API const struct bindsim_result *
bindsim_process_result(const struct bindsim_process *process);

/* The report INDEX of those that bindsim_options_report() asked for, with a NUL behind it; its
 * length in bytes is in *RET_N, unless that is NULL. Since 1.1. */
BINDSIM_API const char *bindsim_process_report(const struct bindsim_process *process, size_t index,
					       size_t *ret_n);

/* The plan that it was held against, in *RET_PLAN, to be freed. Since 1.1. */
BINDSIM_API enum bindsim_status bindsim_process_plan(const struct bindsim_process *process,
						     struct bindsim_plan **ret_plan,
						     struct bindsim_error **error);

/* 1 if nothing differs: no slot, and no object that only one of the two has; else 0. That somebody
 * has patched a slot is a finding. Since 1.1. */
BINDSIM_API int bindsim_process_agrees(const struct bindsim_process *process);

/* 1 if its loader was at work when it was read, so that what it was to come to is open; the signal
 * that ended it, or 0. Since 1.1. */
BINDSIM_API int bindsim_process_is_loading(const struct bindsim_process *process);
BINDSIM_API int bindsim_process_signal(const struct bindsim_process *process);

/* How many of its slots agree with the simulation, differ from it, and could not be compared. Since
 * 1.1. */
BINDSIM_API size_t bindsim_process_agreeing(const struct bindsim_process *process);
BINDSIM_API size_t bindsim_process_differing(const struct bindsim_process *process);
BINDSIM_API size_t bindsim_process_not_compared(const struct bindsim_process *process);

/* How many slots there is something to say of: those that differ, and those that hold what no
 * loader puts there, which are not compared. Since 1.1. */
BINDSIM_API size_t bindsim_process_slots(const struct bindsim_process *process);

/*
 * One of them, by INDEX: 1 if it differs; the object that it is in, as an id of the result; the
 * symbol and the version that it asks for, or NULL; what it holds, "bound", "lazy", "null",
 * "patched" and the like (bindsim-json(5)); the object whose definition it holds, and the one that
 * the simulation has found, ids of the result, or BINDSIM_NONE. Since 1.1.
 */
BINDSIM_API int bindsim_process_slot_differs(const struct bindsim_process *process, size_t index);
BINDSIM_API uint32_t bindsim_process_slot_object(const struct bindsim_process *process,
						 size_t index);
BINDSIM_API const char *bindsim_process_slot_symbol(const struct bindsim_process *process,
						    size_t index);
BINDSIM_API const char *bindsim_process_slot_version(const struct bindsim_process *process,
						     size_t index);
BINDSIM_API const char *bindsim_process_slot_holds(const struct bindsim_process *process,
						   size_t index);
BINDSIM_API uint32_t bindsim_process_slot_definer(const struct bindsim_process *process,
						  size_t index);
BINDSIM_API uint32_t bindsim_process_slot_simulated(const struct bindsim_process *process,
						    size_t index);

/* How many objects of the result the process has not, and the id of the one at INDEX; how many it
 * has that the result has not, and the file of one, or its name. Since 1.1. */
BINDSIM_API size_t bindsim_process_missing(const struct bindsim_process *process);
BINDSIM_API uint32_t bindsim_process_missing_object(const struct bindsim_process *process,
						    size_t index);
BINDSIM_API size_t bindsim_process_unexpected(const struct bindsim_process *process);
BINDSIM_API const char *bindsim_process_unexpected_file(const struct bindsim_process *process,
							size_t index);

/* How many of its files are not, or may not be, what the process has mapped, or cannot be had; the
 * file at INDEX, and what became of it: "unchecked", "deleted", "replaced", "gone". Since 1.1. */
BINDSIM_API size_t bindsim_process_files(const struct bindsim_process *process);
BINDSIM_API const char *bindsim_process_file(const struct bindsim_process *process, size_t index);
BINDSIM_API const char *bindsim_process_file_state(const struct bindsim_process *process,
						   size_t index);

#ifdef __cplusplus
}
#endif

#endif
