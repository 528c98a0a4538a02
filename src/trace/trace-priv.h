/* SPDX-License-Identifier: MIT */
/* trace-priv.h - the state of a tracer, which its files share */
#pragma once

#include "machine-priv.h"
#include "trace.h"

#include "../live/live.h"

#include <signal.h>
#include <time.h>

/* ---- what was recorded ---------------------------------------------------------------------- */

/* A call of the plan to come. Its steps get their numbers at the end. */
struct bs_raw_step {
	struct bs_step step; /* block and of_step are 0 */
	/* When it had the loader to itself, among all steps; 0: it did not have it yet. */
	uint32_t order;
	uint32_t began; /* how many steps had had it when the call was made */
	bool is_silent; /* nothing came or went: that it had the loader was seen when it returned */
	uint32_t block; /* 1 + the raw block that makes it, or 0 */
	uint32_t of;	/* 1 + the raw step that it refers to, or 0 */
	uint64_t handle; /* dlopen, dlmopen: what came of it, 0 for a failure or no answer yet */
	uint32_t ns;	 /* the namespace that it opened in; UINT32_MAX: not known */
	bool is_open;	 /* what it opened was not closed */
	uint32_t number; /* in the plan */
};

/* The constructors of one object, which made calls. */
struct bs_raw_block {
	const char *object;
	uint32_t run;	 /* the Nth run of the constructors of objects that are called so */
	uint32_t during; /* 1 + the raw step that loaded the object; 0: start-up */
	uint32_t number;
};

/* So often did constructors of objects called NAME run. */
struct bs_runs {
	const char *name;
	uint32_t n;
};

struct bs_log {
	struct bs_recording *recording;
	BS_VEC(struct bs_raw_step) steps;
	BS_VEC(struct bs_raw_block) blocks;
	BS_VEC(struct bs_runs) runs;
	uint32_t last_order;
	uint32_t strangers; /* calls with a handle that no step returned */
	uint32_t moved;	    /* relative paths that were opened from another directory */
	/* dlsym calls since anything was opened or closed, as texts; begun anew by RESTART. */
	struct bs_names *asked;
	uint32_t restart;
};

/* ---- one address space ---------------------------------------------------------------------- */

enum bs_call {
	BS_CALL_NONE,
	BS_CALL_DLOPEN,
	BS_CALL_DLMOPEN,
	BS_CALL_DLCLOSE,
	BS_CALL_DLSYM,
	BS_CALL_DLVSYM
};

/* An instruction that was replaced. It stays in the table when it is put back: a thread may have
 * met the trap before. */
struct bs_trap {
	uint64_t at;
	unsigned char instruction[4];
	bool is_set;
	bool is_notice; /* the loader tells of its maps */
	enum bs_call call;
	bool is_constructor;
	uint32_t returns; /* frames that end here */
};

struct bs_mapped {
	struct bs_live_map map; /* its strings are the tracer's */
	uint64_t start, end;	/* its segments; 0: not known */
	const char *text;	/* as the plan calls it */
	uint32_t born;		/* 1 + the raw step that loaded it; 0: start-up */
	uint32_t run;		/* of its constructors, as in a raw block; 0: they did not run */
	uint32_t block;		/* 1 + its raw block, or 0 */
	bool is_program;
	bool is_library; /* a C library, which opens things by itself */
	bool is_watched; /* its constructors are */
};

struct bs_space {
	struct bs_space *next;
	pid_t pid;
	bool is_recorded; /* it has a loader, whose traps are set */
	struct bs_memory memory;
	int write_fd; /* /proc/PID/mem; -1: none */
	struct bs_auxiliary auxiliary;
	uint64_t debug;		       /* the loader's r_debug, once it is known */
	bool is_musl;		       /* the loader is the C library */
	bool adds, is_started;	       /* start-up maps its objects; has mapped them */
	const char *cwd;	       /* at its begin */
	BS_VEC(struct bs_trap) traps;  /* by address */
	BS_VEC(struct bs_mapped) maps; /* by namespace, in link-map order */
	uint32_t n_namespaces;
	struct bs_log log;
};

/* ---- one thread ------------------------------------------------------------------------------ */

/* A function that is under way. */
struct bs_frame {
	enum bs_call call; /* BS_CALL_NONE: a constructor */
	uint64_t pc, sp;   /* where it returns to, and the stack pointer then */
	bool is_left;	   /* by longjmp(3) or an exception, as it seems */
	bool has_mapped;   /* dlopen, dlmopen: its objects came */
	uint32_t step;	   /* 1 + its raw step */
	uint64_t map;	   /* constructor: the link map of its object */
};

struct bs_task {
	struct bs_task *next;
	pid_t tid, tgid;
	struct bs_space *space; /* NULL: that of bindsim still, or not known */
	bool is_known;		/* whose it is */
	bool is_running;
	bool has_event; /* EVENT waits to be looked at, the ARRIVALth */
	int event;
	uint64_t arrival;
	bool is_exiting, awaits_vfork; /* it runs no more code; not until its child lets go */
	bool is_listening;	       /* stopped as job control has it */
	bool is_interrupted, is_held;  /* for another one's step; it stopped for that only */
	bool lets_go;		       /* to be detached when it stops first */
	bool is_borrower;	       /* a process in the memory of the one that made it */
	BS_VEC(struct bs_frame) frames;
};

struct bs_tracer {
	struct bs_arena *arena;
	const struct bs_trace_options *options;
	struct bs_traced *result;
	struct bs_task *tasks;
	struct bs_space *spaces;
	struct bs_space *ended; /* those that no task has any more */
	pid_t main_pid;
	bool is_over;		 /* the command is */
	uint32_t n_terminations; /* SIGTERMs that bindsim got */
	bool is_killed, gave_up; /* all processes were, since KILLED; and they did not end */
	struct timespec killed;
	uint64_t arrivals;
	sigset_t waits_for, before; /* signals that are waited for; the mask to go back to */
	uint32_t execs;		    /* programs that began */
};

/* ---- tasks.c: threads, stopped and let go ------------------------------------------------------
 */

struct bs_task *bs_task_find(struct bs_tracer *t, pid_t tid);
struct bs_task *bs_task_add(struct bs_tracer *t, pid_t tid, pid_t tgid, struct bs_space *space);
void bs_task_remove(struct bs_tracer *t, struct bs_task *task);
uint32_t bs_space_tasks(const struct bs_tracer *t, const struct bs_space *space);

/* The task whose event came first, or NULL. */
struct bs_task *bs_task_next(struct bs_tracer *t);

/* Lets TASK run on, with the signal NUMBER or 0. */
void bs_task_go_on(struct bs_task *task, int number);

/* TASK is about to end, and has stopped to tell: it goes on. */
void bs_task_exits(struct bs_tracer *t, struct bs_task *task);

/* Lets TASK execute the one instruction that TRAP replaced, while no other one can come by there.
 * Something else may happen to it first: then it has an event. */
void bs_task_step_over(struct bs_tracer *t, struct bs_task *task, uint64_t at);

/* ---- wait.c -----------------------------------------------------------------------------------
 */

/* Whether STATUS, as wait(2) has it, says that EVENT stopped the task: PTRACE_EVENT_*. */
bool bs_is_event(int status, int event);

/* Waits until something happened, and notes it with its task. False: no task is left, or nobody
 * waits any longer. */
bool bs_wait(struct bs_tracer *t);

/* ---- new-tasks.c: whose a new task is -----------------------------------------------------------
 */

/* The number that comes with the event of TASK. */
pid_t bs_event_message(const struct bs_task *task);

/* TASK, which nobody told of, is known if it is a thread of a process that is: its maker may be
 * killed before it can tell. */
void bs_thread_know(struct bs_tracer *t, struct bs_task *task);

/* TASK tells that it made another one, by EVENT. */
void bs_task_made(struct bs_tracer *t, struct bs_task *task, int event);

/* Takes in the new processes whose makers cannot tell of them any more. False: there are none. */
bool bs_orphans_take(struct bs_tracer *t);

/* TASK is traced no longer. */
void bs_task_let_go(struct bs_tracer *t, struct bs_task *task);

/* ---- traps.c -----------------------------------------------------------------------------------
 */

struct bs_trap *bs_trap_find(struct bs_space *space, uint64_t at);

/* The one at AT, made and set if need be; NULL when the memory there cannot be written. The pointer
 * holds until the next call. */
struct bs_trap *bs_trap_set(struct bs_tracer *t, struct bs_space *space, uint64_t at);

/* Puts the instruction back where nobody waits for TRAP any more. */
void bs_trap_tidy(struct bs_space *space, struct bs_trap *trap);

/* Puts all instructions back in the memory that FD writes to: that of SPACE, or a copy of it. */
void bs_traps_lift(const struct bs_space *space, int fd);

/* What was set between START and END is gone with its memory. */
void bs_traps_forget(struct bs_space *space, uint64_t start, uint64_t end);

bool bs_trap_write(struct bs_space *space, uint64_t at, const void *bytes, size_t n);

/* ---- objects.c: what is in the memory of an object ---------------------------------------------
 */

/* Of a dynamic section; addresses are those of the process, 0 where there is none. */
struct bs_tables {
	uint64_t symbols, strings, gnu_hash, hash;
	uint64_t rela, rela_size;
	uint64_t soname; /* its place in the strings, 0: none */
	uint64_t init, init_array, init_array_size;
};

bool bs_tables_read(const struct bs_memory *memory, uint64_t dynamic, uint64_t bias,
		    struct bs_tables *ret);

/* The address of the function NAME that an object defines; 0: it does not. */
uint64_t bs_tables_function(const struct bs_memory *memory, const struct bs_tables *tables,
			    uint64_t bias, const char *name);

/* The segments of the object whose ELF header lies at HEADER; its dynamic section. */
bool bs_segments_read(const struct bs_memory *memory, uint64_t header, uint64_t *ret_start,
		      uint64_t *ret_end, uint64_t *ret_dynamic);

/* The same for the program, from its program headers. */
bool bs_program_segments(const struct bs_memory *memory, const struct bs_auxiliary *auxiliary,
			 uint64_t *ret_start, uint64_t *ret_end);

/* ---- constructors.c -----------------------------------------------------------------------------
 */

/* Sets traps at the functions that the loader will call when it initialises MAP. */
void bs_constructors_watch(struct bs_tracer *t, struct bs_space *space,
			   const struct bs_mapped *map);

/* ---- maps.c
 * -------------------------------------------------------------------------------------- */

/* The loader tells that its maps change, or have changed. */
void bs_maps_notice(struct bs_tracer *t, struct bs_task *task);

/* The one whose segments hold ADDRESS, or NULL. */
struct bs_mapped *bs_map_at(struct bs_space *space, uint64_t address);

/* The one with this link map, or NULL. */
struct bs_mapped *bs_map_with(struct bs_space *space, uint64_t link_map);

/* ---- calls.c: functions that begin and end
 * -------------------------------------------------------- */

void bs_call_begins(struct bs_tracer *t, struct bs_task *task, enum bs_call call);
void bs_constructor_begins(struct bs_tracer *t, struct bs_task *task, uint64_t function);
void bs_frame_returns(struct bs_task *task);

/* The innermost frame that was not left, or NULL. */
struct bs_frame *bs_frame_top(struct bs_task *task);

/* All calls of TASK that are under way have the loader now. */
void bs_frames_have_loader(struct bs_space *space, struct bs_task *task);

/* TASK runs no more. */
void bs_frames_drop(struct bs_space *space, struct bs_task *task);

/* ---- steps.c: what is recorded
 * --------------------------------------------------------------------- */

/* Adds STEP, made by TASK in an object that CALLER lies in (NULL: none that is known). Returns 1 +
 * its place. */
uint32_t bs_step_add(struct bs_tracer *t, struct bs_task *task, const struct bs_mapped *caller,
		     struct bs_raw_step step);

/* It has the loader now, if it had not before. */
void bs_step_has_loader(struct bs_space *space, uint32_t step);

/*
 * STEP, an open or a close, returned, did what it was to do, and nothing came or went with it.
 * Nobody sees in which order threads had the loader for such calls; they stand in that of their
 * returns. But had a handle been closed before it was opened once more, its object would have gone:
 * an open stands in front of the closes of its handle that were under way with it.
 */
void bs_step_is_silent(struct bs_log *log, uint32_t step);

/* 1 + the last step that returned HANDLE and is open, else the last that returned it, or 0. */
uint32_t bs_step_of_handle(const struct bs_log *log, uint64_t handle);

/* 1 + a step that opened something in namespace NS, or 0. */
uint32_t bs_step_of_namespace(const struct bs_log *log, uint32_t ns);

/* "NOW,GLOBAL", or a number. */
const char *bs_flags_text(struct bs_arena *arena, uint32_t mode);

/* ---- plan.c, image.c
 * -------------------------------------------------------------------------------- */

/* Makes the plan of what SPACE's program did. */
void bs_plan_finish(struct bs_tracer *t, struct bs_space *space);

/* A program begins in the process PID, which is stopped behind its exec. */
struct bs_space *bs_space_begin(struct bs_tracer *t, pid_t pid, bool is_child, uint32_t exec);

/* A copy of SPACE for the process PID, which was just forked from it. */
struct bs_space *bs_space_fork(struct bs_tracer *t, struct bs_space *space, pid_t pid);

/* No task has SPACE any more, or its program is replaced. */
void bs_space_end(struct bs_tracer *t, struct bs_space *space, bool is_last);

/* ---- events.c
 * ----------------------------------------------------------------------------------------- */

/* Looks at all that happens until no task is left. */
void bs_trace_follow(struct bs_tracer *t);
