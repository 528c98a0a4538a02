/* SPDX-License-Identifier: MIT */
/*
 * base.h - memory, names, vectors and diagnostics: what every floor stands on
 *
 * Nothing here knows ELF, loaders or JSON.
 *
 * Memory. A run allocates from one arena and gives it back at once. Running out of memory
 * unwinds to the handler that the entry of the API put into the arena (BS_ON_OUT_OF_MEMORY);
 * no function below returns NULL for want of memory, and none aborts or exits.
 *
 * Floor 0: includes no other floor.
 */
#pragma once

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* ---- memory ---------------------------------------------------------------------------- */

struct bs_arena;

/*
 * A new, empty arena, or NULL when there is no memory for it. The caller frees it with
 * bs_arena_free(). Until BS_ON_OUT_OF_MEMORY() names a handler, an allocation that fails
 * ends the process by abort(): a caller that forgot is a bug.
 */
struct bs_arena *bs_arena_new(void);

/* Ends ARENA and everything allocated from it. NULL is allowed. */
void bs_arena_free(struct bs_arena *arena);

/*
 * END is called with WHAT when ARENA ends, before its memory goes, whichever way that comes about:
 * for what is no memory, such as descriptors. The last one first. Unwinds before anything is noted.
 */
void bs_arena_at_end(struct bs_arena *arena, void (*end)(void *what), void *what);

/* N zeroed objects of SIZE bytes, aligned for any type; valid until the arena ends. N or SIZE may
 * be 0. */
void *bs_arena_alloc(struct bs_arena *arena, size_t n, size_t size);

/* Where a failing allocation of ARENA goes. Lives as long as the arena. */
jmp_buf *bs_arena_handler(struct bs_arena *arena);

/* From here on a failing allocation of ARENA goes where one of OTHER goes, which must outlive that.
 */
void bs_arena_unwind_with(struct bs_arena *arena, const struct bs_arena *other);

/* Where a failing allocation of ARENA goes now, for bs_arena_unwind_to() to have it go there again.
 */
jmp_buf *bs_arena_goes_to(const struct bs_arena *arena);
void bs_arena_unwind_to(struct bs_arena *arena, jmp_buf *handler);

/* Unwinds as a failed allocation of ARENA does; for allocations made elsewhere. Does not return. */
_Noreturn void bs_arena_exhausted(struct bs_arena *arena);

/*
 * Unwinds as a failed allocation of ARENA does, for want of something else that no answer can do
 * without, such as files that may be open: the file PATH and ERROR, an errno, say what. Does not
 * return.
 */
_Noreturn void bs_arena_give_up(struct bs_arena *arena, const char *path, int error);

/* Unwinds ARENA as well, for the same reason, where another one of this thread has unwound to. Does
 * not return. */
_Noreturn void bs_arena_unwind(struct bs_arena *arena);

/* Once an arena of this thread has unwound: what it was for, "out of memory" mostly. Valid until
 * one unwinds again; it has BS_LONGEST_PROBLEM bytes at most. */
enum { BS_LONGEST_PROBLEM = 320 };
const char *bs_arena_problem(void);

/*
 * `if (BS_ON_OUT_OF_MEMORY(arena)) { clean up; return error; }` at the entry of the API:
 * false when set up, true when an allocation failed later. Locals that the branch reads and that
 * changed in between must be volatile, as setjmp(3) says.
 */
#define BS_ON_OUT_OF_MEMORY(arena) (setjmp(*bs_arena_handler(arena)) != 0)

/*
 * Does WORK(USER). False when ARENA, or one that unwinds with it, unwound meanwhile: what has to be
 * ended before the handler of ARENA, which there must be, may be gone to is ended by the caller,
 * who then calls bs_arena_unwind() or reports bs_arena_problem().
 */
bool bs_arena_try(struct bs_arena *arena, void (*work)(void *user), void *user);

/* T objects in ARENA, zeroed. */
#define bs_new(arena, T, n) ((T *)bs_arena_alloc((arena), (n), sizeof(T)))

/* A NUL-terminated copy of N bytes at S. */
char *bs_arena_strndup(struct bs_arena *arena, const char *s, size_t n);

/* The N bytes at BYTES in hexadecimal digits, in ARENA; NULL for none. */
const char *bs_hex(struct bs_arena *arena, const uint8_t *bytes, size_t n);

/* A string made like printf(3) does, in ARENA. */
char *bs_arena_printf(struct bs_arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3), nonnull(2)));

/* ---- vectors --------------------------------------------------------------------------- */

/* A growable array in an arena; zeroed is empty. Elements move when it grows: keep indexes. */
#define BS_VEC(T)                                                                                  \
	struct {                                                                                   \
		T *v;                                                                              \
		uint32_t n;                                                                        \
		uint32_t cap;                                                                      \
	}

void *bs_vec_grow(struct bs_arena *arena, void *v, uint32_t *cap, uint32_t need, size_t size);

/* Makes room for EXTRA more elements. */
#define bs_vec_reserve(arena, vec, extra)                                                          \
	((vec)->v = (vec)->n + (extra) <= (vec)->cap                                               \
			    ? (vec)->v                                                             \
			    : bs_vec_grow((arena), (vec)->v, &(vec)->cap, (vec)->n + (extra),      \
					  sizeof(*(vec)->v)))

/* Appends VALUE (an expression of the element's type). */
#define bs_vec_push(arena, vec, ...)                                                               \
	(bs_vec_reserve((arena), (vec), 1), (vec)->v[(vec)->n++] = __VA_ARGS__)

/* for (each index I of VEC) */
#define bs_vec_each(i, vec) for (uint32_t i = 0; i < (vec)->n; i++)

/* A vector of ids, the commonest kind. */
typedef BS_VEC(uint32_t) bs_ids;

/* True when ID stands in IDS. */
bool bs_ids_have(const bs_ids *ids, uint32_t id);

/* Copies FROM into a fresh vector in ARENA. */
bs_ids bs_ids_copy(struct bs_arena *arena, const bs_ids *from);

/* ---- names ----------------------------------------------------------------------------- */

/*
 * An interned string: two names are equal when their numbers are. 0 is "no name";
 * the empty string is a name like any other. What is interned are paths, requested names, sonames
 * and versions; never all symbols of a file.
 */
typedef uint32_t bs_name;

struct bs_names;

/* A table of names in ARENA, ending with it. */
struct bs_names *bs_names_new(struct bs_arena *arena);

/* The name of the string S (NULL gives 0), added when it is new. */
bs_name bs_name_of(struct bs_names *names, const char *s);

/* The name of S if it is one already, else 0. Changes nothing. */
bs_name bs_name_find(const struct bs_names *names, const char *s);

/* The same for N bytes at S, which need no NUL. */
bs_name bs_name_of_n(struct bs_names *names, const char *s, size_t n);

/* The string of NAME, valid as long as the table; NULL for 0. */
const char *bs_name_text(const struct bs_names *names, bs_name name);

/* ---- diagnostics ----------------------------------------------------------------------- */

/*
 * A diagnostic is about an input that could not be read or had to be guessed at: not about the
 * program under study (that is a finding) and not about a bug of ours (that is an assertion).
 * Collected by the floors, sorted and printed by the caller. A code, once given out, keeps its
 * meaning; src/base/diags.def lists them.
 */
enum bs_diag_code {
#define DIAG(id, slug, meaning) BS_DIAG_##id,
#include "diags.def"
#undef DIAG
	BS_DIAG_COUNT_
};

#define BS_NO_OFFSET UINT64_MAX

struct bs_diag {
	enum bs_diag_code code;
	const char *path;   /* the file, as opened; or NULL */
	uint64_t offset;    /* bytes from the start of the file, or BS_NO_OFFSET */
	int os_error;	    /* errno at the time, or 0 */
	const char *detail; /* a noun phrase: "verneed entry 3 points past the string table" */
};

struct bs_diags {
	struct bs_arena *arena;
	BS_VEC(struct bs_diag) list;
	/* private, for what is told once: places in the list plus 1 by hash, open addressing */
	uint32_t *slots;
	uint32_t n_slots;   /* a power of two, or 0 */
	uint32_t n_entered; /* of the list */
};

/* Adds a diagnostic; PATH is copied, the detail is made like printf(3) does. */
void bs_diag_add(struct bs_diags *diags, enum bs_diag_code code, const char *path, uint64_t offset,
		 int os_error, const char *format, ...) __attribute__((format(printf, 6, 7)));

/* Adds a diagnostic unless there is one with the same code, PATH, OFFSET and DETAIL; in constant
 * time, however many there are. */
void bs_diag_add_once(struct bs_diags *diags, enum bs_diag_code code, const char *path,
		      uint64_t offset, int os_error, const char *detail);

/* Forgets all but the first N. */
void bs_diags_cut(struct bs_diags *diags, uint32_t n);

/* Adds D, of which nothing is needed afterwards. */
void bs_diag_copy(struct bs_diags *diags, const struct bs_diag *d);

/* The same, unless there is one that is like it, as for bs_diag_add_once(). */
void bs_diag_copy_once(struct bs_diags *diags, const struct bs_diag *d);

/* The stable short name of CODE, such as "table-outside-file". */
const char *bs_diag_slug(enum bs_diag_code code);

/* The code of that name, or BS_DIAG_COUNT_. */
enum bs_diag_code bs_diag_find(const char *slug);

/* ---- what every floor is handed --------------------------------------------------------- */

struct bs_ctx {
	struct bs_arena *arena;
	struct bs_names *names;
	struct bs_diags *diags;
};

/* The string of NAME in CTX's table: the call that the floors make most. */
static inline const char *bs_text(const struct bs_ctx *ctx, bs_name name)
{
	return bs_name_text(ctx->names, name);
}

/* ---- a second thread --------------------------------------------------------------------- */

/*
 * What can be done beside the caller, one job after the other in the order in which they are added.
 * Jobs decide nothing: what they bring is found by who looks for it, or computed by him. They get
 * no memory from anybody's arena.
 */
struct bs_worker;

struct bs_job {
	void (*run)(struct bs_job *job);
	struct bs_job *next; /* private */
	bool is_cancelled;   /* atomic; see bs_job_is_cancelled() */
};

/*
 * A worker whose thread begins with the job number STARTS_AT; NULL when there is no memory. Where
 * no thread is to be had, jobs are never run. The caller ends it by bs_worker_free(). One thread
 * at a time may call the functions of a worker.
 */
struct bs_worker *bs_worker_new(uint32_t starts_at);

/* Adds JOB, which stays where it is until it has been cancelled or WORKER has ended. A worker that
 * sleeps is woken AT_ONCE, or when there is more to do. */
void bs_worker_add(struct bs_worker *worker, struct bs_job *job, bool at_once);

/* True when jobs that are added will be run. */
bool bs_worker_is_running(struct bs_worker *worker);

/* Takes JOB back or, if it is being run, waits for its end; nothing happens to one that is over. */
void bs_worker_cancel(struct bs_worker *worker, struct bs_job *job);

/* Ends the job that is being run, and the thread; the others are never run. NULL is allowed. */
void bs_worker_free(struct bs_worker *worker);

/* A job that takes long looks at this now and then, and ends when it is true. */
static inline bool bs_job_is_cancelled(const struct bs_job *job)
{
	return __atomic_load_n(&job->is_cancelled, __ATOMIC_RELAXED);
}

/* ---- many threads -------------------------------------------------------------------------- */

/*
 * Products of N_ITEMS items, made by N_THREADS threads and taken by the caller of bs_crew_run() in
 * the order of the items, whoever made them when. No more than WINDOW (> 0) are begun and not
 * taken, so that a slow one does not have the others pile up.
 */
struct bs_crew_work {
	uint32_t n_items, n_threads, window;
	void *user;
	/* By thread number THREAD, from 0 on; a product may be NULL. */
	void *(*make)(void *user, uint32_t thread, uint32_t item);
	/* By the caller's thread. False ends it all. */
	bool (*take)(void *user, uint32_t item, void *product);
	/* A product, not NULL, that is not taken any more. */
	void (*drop)(void *user, void *product);
	/* NULL: never. Where it says yes, REST is called as soon as no thread makes anything. One
	 * thread at a time calls the two; TAKE may be going on. */
	bool (*is_full)(void *user);
	void (*rest)(void *user);
};

/* False when a product was not taken. Where threads are not to be had, the caller makes all. */
bool bs_crew_run(const struct bs_crew_work *work);

/* Bytes of this process that are in memory now; 0 where the kernel does not say. */
uint64_t bs_memory_in_use(void);

/* ---- libraries that are opened when they are used ------------------------------------------ */

/*
 * Every library that a program is linked against costs each start of it some hundredth parts of
 * what a small question takes. What few questions need is opened by them; BS_LATE_NOTE() says so to
 * who makes packages.
 */
enum bs_late_state { BS_LATE_CLOSED, BS_LATE_OPEN, BS_LATE_MISSING };

typedef void bs_function(void); /* of any type */

struct bs_late {
	const char *soname;
	const char *const *names; /* of N functions */
	bs_function **functions;  /* once it is open */
	uint32_t n;
	enum bs_late_state state; /* what follows begins as zero */
	char problem[256];
};

#define BS_LATE(of_soname, of_names, of_functions)                                                 \
	{                                                                                          \
		.soname = of_soname, .names = of_names, .functions = of_functions,                 \
		.n = sizeof of_functions / sizeof *of_functions,                                   \
	}

/*
 * A file's one library, LATE: FUNCTIONS(F) is an F(TYPE, NAME, PARAMETERS, ARGUMENTS) for each
 * function that is used, none of which is void. Defines them, to lead on to the library's own.
 */
#define BS_LATE_AT(type, name, parameters, arguments)	bs_late_at_##name,
#define BS_LATE_NAME(type, name, parameters, arguments) #name,
#define BS_LATE_CALL(type, name, parameters, arguments)                                            \
	type name parameters                                                                       \
	{                                                                                          \
		return ((type(*) parameters)late_functions[bs_late_at_##name])arguments;           \
	}
#define BS_LATE_LIBRARY(of_soname, FUNCTIONS)                                                      \
	enum { FUNCTIONS(BS_LATE_AT) N_LATE_FUNCTIONS };                                           \
	static const char *const late_names[N_LATE_FUNCTIONS] = { FUNCTIONS(BS_LATE_NAME) };       \
	static bs_function *late_functions[N_LATE_FUNCTIONS];                                      \
	static struct bs_late late = BS_LATE(of_soname, late_names, late_functions);               \
	FUNCTIONS(BS_LATE_CALL)

/* Opens LATE, for good; NULL, or what dlopen(3) or dlsym(3) said. Any thread may call it. */
const char *bs_late_open(struct bs_late *late);

/*
 * The record of a dlopen(3) in the file that makes it, TEXT in JSON. (The UAPI Group
 * Specifications: "ELF dlopen() metadata")
 */
#define BS_LATE_NOTE(variable, text)                                                               \
	static const struct {                                                                      \
		uint32_t n_name, n_text, type;                                                     \
		char name[4];                                                                      \
		_Alignas(4) char bytes[sizeof(text)];                                              \
	} variable __attribute__((used, section(".note.dlopen"),                                   \
				  aligned(4))) = { 4, sizeof(text), 0x407c0c0a, "FDO", text }

/* ---- INI files ----------------------------------------------------------------------------- */

/* A line `NAME = VALUE`, or, with NAME and VALUE NULL, `[SECTION]`. The texts are gone after the
 * call that is handed them. */
struct bs_ini_key {
	const char *section; /* "" before the first one */
	const char *name, *value;
	uint32_t line, section_line; /* from 1 on; sections of one name differ in the latter */
};

/* Takes KEY in; NULL, or what is wrong with it, in words that live on, which ends the reading. */
typedef const char *bs_ini_take(void *user, const struct bs_ini_key *key);

/* Reads TEXT, the file PATH. Returns NULL, or "PATH:LINE: " and what is wrong there, in ARENA. */
const char *bs_ini_read(struct bs_arena *arena, const char *path, const char *text,
			bs_ini_take *take, void *user);

/* ---- files ------------------------------------------------------------------------------ */

/*
 * openat(2), with the mode 0666 where FLAGS ask for a file to be made, and again when a signal came
 * before the file did, which may take its time on a network.
 */
int bs_open_at(int directory, const char *path, int flags);

/* True where ERROR, an errno, is about this process and not about a file, as ENOMEM and EMFILE are.
 */
bool bs_is_lack(int error);

/*
 * After a call for PATH failed: where errno is such a lack, nothing may be concluded from it, and
 * ARENA unwinds.
 */
void bs_must_not_lack(struct bs_arena *arena, const char *path);

/*
 * Reads as many of the N bytes at OFFSET as there are, and returns how many. Where they are fewer,
 * errno says why, and is 0 at the end of the file: what comes before an error is there.
 */
size_t bs_read_up_to(int fd, void *bytes, size_t n, uint64_t offset);

/* Sleeps so long, whatever signals come meanwhile. */
void bs_pause(unsigned milliseconds);

/* Writes N bytes, in as many pieces as it takes; false and errno, and some of them may be there. */
bool bs_write_all(int fd, const void *bytes, size_t n);

/* ---- hashes ----------------------------------------------------------------------------- */

/* The hash of DT_HASH and of version names (System V ABI, "Hash Table"; 28 bits). */
uint32_t bs_hash_sysv(const char *s);

/* The hash of DT_GNU_HASH: 5381, then h * 33 + c, in 32 bits. */
uint32_t bs_hash_gnu(const char *s);
