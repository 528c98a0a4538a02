/* SPDX-License-Identifier: MIT */
/*
 * bindsim.h - libbindsim: what a dynamic loader would bind, from the files alone
 *
 *	struct bindsim_plan *plan;
 *	struct bindsim_result *result;
 *	struct bindsim_error *error = NULL;
 *
 *	if (bindsim_plan_new(&plan) == BINDSIM_OK &&
 *	    bindsim_plan_set(plan, "executable", "./app", &error) == BINDSIM_OK &&
 *	    bindsim_plan_dlopen(plan, "./plugin.so", "NOW,LOCAL", &error) == BINDSIM_OK &&
 *	    bindsim_simulate(NULL, plan, NULL, &result, &error) == BINDSIM_OK)
 *		...
 *
 * A plan is the question: an executable, its surroundings and the loader calls to come. A store has
 * files that were read, for many simulations. Options say what else is wanted, reports above all. A
 * result is the answer, which stands for itself: plan, store and options may end before it. None of
 * the files is executed or changed.
 *
 * What more can be asked is in headers that this one includes: which findings count,
 * <bindsim/check.h>; what is bound otherwise than before, <bindsim/compare.h>; what would help,
 * <bindsim/advise.h>; and what a process that is there has really bound, <bindsim/process.h>.
 *
 * Errors. A function that can fail returns an enum bindsim_status. Where its last parameter is
 * ERROR, that may be NULL; otherwise *ERROR is NULL after a success and a record of what went wrong
 * after a failure, which the caller frees. What else a failing function was to return is set to
 * NULL. The library prints nothing, ends no process, and leaves environment, working directory,
 * locale, umask and signal handlers as they are; nothing it does depends on the locale. Want of
 * memory is a status like others. That the simulated loader refuses something is no error: it is
 * the answer.
 *
 * Threads. A store may be used by many threads at once, and so may a plan, options or a result that
 * nobody changes meanwhile. One thread at a time changes or frees an object. Callbacks are called
 * by the thread that called bindsim_simulate(), or whatever else simulates, and must return.
 *
 * Files are mapped while they are read. One that somebody cuts short meanwhile may end the process
 * by SIGBUS, as any mapping does, for the library has no handler of signals.
 *
 * Strings are UTF-8 where they are words; names from files are bytes as they stand there, up to a
 * NUL. A string that is returned lives as long as the object it was asked of, unless it says
 * otherwise. What is handed in is copied, unless it says otherwise.
 *
 * Numbers. Steps count from 1 over all of the plan's; 0 is start-up. Objects have ids from 0 on, in
 * the order in which they came; BINDSIM_NONE is no step and no object. Indexes that are out of
 * range give NULL, 0 or BINDSIM_NONE.
 *
 * Versions. Later releases add functions and values of enums, and do not change what is here: a
 * value that is not known is to be taken as "something else". All types but enums are opaque. Each
 * function names the version of the interface that brought it, which is that of its symbol: what is
 * there since 1.1 is BINDSIM_1.1. BINDSIM_API_MAJOR and BINDSIM_API_MINOR say which one this is.
 */
#ifndef BINDSIM_BINDSIM_H
#define BINDSIM_BINDSIM_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <bindsim/version.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__) && __GNUC__ >= 4
#define BINDSIM_API __attribute__((visibility("default")))
#else
#define BINDSIM_API
#endif

/* The version of this interface. */
#define BINDSIM_API_MAJOR 1
#define BINDSIM_API_MINOR 1

/* No object, no step. */
#define BINDSIM_NONE UINT32_MAX

/* ---- versions ------------------------------------------------------------------------------ */

/* The version of the library that runs, "0.1.0"; BINDSIM_VERSION is that of this header. Static.
 * Since 1.0. */
BINDSIM_API const char *bindsim_version(void);

/* The same as a number to compare with BINDSIM_VERSION_NUMBER. Since 1.0. */
BINDSIM_API uint32_t bindsim_version_number(void);

/* ---- errors -------------------------------------------------------------------------------- */

enum bindsim_status {
	BINDSIM_OK = 0,
	BINDSIM_ERROR_NO_MEMORY = 1, /* or none of what no answer can do without: descriptors */
	BINDSIM_ERROR_ARGUMENT = 2,  /* a parameter is none that there is: see the reason */
	BINDSIM_ERROR_FILE = 3,	     /* a file cannot be read */
	BINDSIM_ERROR_PLAN = 4,	     /* a text is no plan */
	BINDSIM_ERROR_QUESTION = 5,  /* the plan cannot be simulated: no such executable, ... */
	BINDSIM_ERROR_OUTPUT = 6,    /* a report could not be written */
	BINDSIM_ERROR_LIBRARY = 7,   /* a library that is opened when it is needed cannot be */
	BINDSIM_ERROR_TEXT = 8,	     /* a text is not what it is to be: a policy, a report, ... */
	BINDSIM_ERROR_PROCESS = 9,   /* a process or a core cannot be read */
};

/* "out of memory": STATUS in words. Static; for values that it does not know, too. Since 1.0. */
BINDSIM_API const char *bindsim_status_text(enum bindsim_status status);

/* What went wrong. */
struct bindsim_error;

/* Frees ERROR. NULL is allowed. Since 1.0. */
BINDSIM_API void bindsim_error_free(struct bindsim_error *error);

/* Its status; BINDSIM_OK for NULL. Since 1.0. */
BINDSIM_API enum bindsim_status bindsim_error_status(const struct bindsim_error *error);

/* All of it in one line, "FILE: PLACE: REASON". Since 1.0. */
BINDSIM_API const char *bindsim_error_message(const struct bindsim_error *error);

/* The file it is about, or NULL. Since 1.0. */
BINDSIM_API const char *bindsim_error_file(const struct bindsim_error *error);

/* Where in the file, "steps[2].flags" or "line 3, column 7"; or NULL. Since 1.0. */
BINDSIM_API const char *bindsim_error_place(const struct bindsim_error *error);

/* What is wrong there; never NULL. Since 1.0. */
BINDSIM_API const char *bindsim_error_reason(const struct bindsim_error *error);

/* ---- stores -------------------------------------------------------------------------------- */

/*
 * Files that were read, each once however many simulations need it, known by device, inode, size
 * and time of modification. Counted.
 */
struct bindsim_store;

/* A store with nothing in it, in *RET_STORE; to be given back with bindsim_store_unref(). Since
 * 1.0. */
BINDSIM_API enum bindsim_status bindsim_store_new(struct bindsim_store **ret_store);

/* Counts STORE up, and returns it. Any thread may call it. Since 1.0. */
BINDSIM_API struct bindsim_store *bindsim_store_ref(struct bindsim_store *store);

/* Gives STORE back; the last one ends it. NULL is allowed. Any thread may call it. Since 1.0. */
BINDSIM_API void bindsim_store_unref(struct bindsim_store *store);

/* Drops what no simulation that is under way needs; their memory goes back. Since 1.0. */
BINDSIM_API void bindsim_store_trim(struct bindsim_store *store);

/* How many files STORE has, and how many it has read since it was made. Since 1.0. */
BINDSIM_API size_t bindsim_store_files(struct bindsim_store *store);
BINDSIM_API size_t bindsim_store_files_read(struct bindsim_store *store);

/* ---- plans --------------------------------------------------------------------------------- */

/* The question. */
struct bindsim_plan;

/* A plan that says nothing, in *RET_PLAN; to be freed with bindsim_plan_free(). What the calling
 * process has in its environment is no part of it. Since 1.0. */
BINDSIM_API enum bindsim_status bindsim_plan_new(struct bindsim_plan **ret_plan);

/* Frees PLAN. NULL is allowed. Since 1.0. */
BINDSIM_API void bindsim_plan_free(struct bindsim_plan *plan);

/* A copy of PLAN, to be freed. Since 1.0. */
BINDSIM_API enum bindsim_status bindsim_plan_copy(const struct bindsim_plan *plan,
						  struct bindsim_plan **ret_plan);

/* The plan that the N bytes at TEXT are, in the JSON of bindsim-plan(5). NAME, or NULL, is what
 * errors call the file. Since 1.0. */
BINDSIM_API enum bindsim_status bindsim_plan_read(const char *text, size_t n, const char *name,
						  struct bindsim_plan **ret_plan,
						  struct bindsim_error **error);

/* The same of the file PATH. A FIFO that nobody writes to is given up after two seconds. Since 1.0.
 */
BINDSIM_API enum bindsim_status bindsim_plan_read_file(const char *path,
						       struct bindsim_plan **ret_plan,
						       struct bindsim_error **error);

/*
 * PLAN in that JSON, in *RET_TEXT, which the caller gives back with free(3); *RET_N, unless
 * RET_N is NULL, is its length in bytes without the NUL behind it. Since 1.0.
 */
BINDSIM_API enum bindsim_status bindsim_plan_write(const struct bindsim_plan *plan, char **ret_text,
						   size_t *ret_n, struct bindsim_error **error);

/*
 * Sets the member MEMBER of PLAN, which is called as in bindsim-plan(5): executable, root, loader,
 * cwd, argv0, search_path, cpu, platform, hwcaps_mask, hwcaps_prepend, inhibit_rpath, library_path,
 * preload, unknown_program. VALUE NULL takes it back. Since 1.0.
 */
BINDSIM_API enum bindsim_status bindsim_plan_set(struct bindsim_plan *plan, const char *member,
						 const char *value, struct bindsim_error **error);

/* The same for one that is true (ON is not 0) or false: secure, inhibit_cache, ldconfig. Since 1.0.
 */
BINDSIM_API enum bindsim_status bindsim_plan_set_switch(struct bindsim_plan *plan,
							const char *member, int on,
							struct bindsim_error **error);

/* The variable NAME of the process is VALUE; NULL: it has none. Since 1.0. */
BINDSIM_API enum bindsim_status bindsim_plan_set_variable(struct bindsim_plan *plan,
							  const char *name, const char *value,
							  struct bindsim_error **error);

/* Sets those variables of ENVIRON, a list of NAME=VALUE that NULL ends, which loaders read. Since
 * 1.0. */
BINDSIM_API enum bindsim_status bindsim_plan_set_environment(struct bindsim_plan *plan,
							     const char *const *environ_list,
							     struct bindsim_error **error);

/* The switch NAME of a loader, "glibc.sort", is VALUE (bindsim loaders); NULL: as ever. Since 1.0.
 */
BINDSIM_API enum bindsim_status bindsim_plan_set_setting(struct bindsim_plan *plan,
							 const char *name, const char *value,
							 struct bindsim_error **error);

/* ---- steps --------------------------------------------------------------------------------- */

/*
 * Each appends a step to PLAN, which is then number bindsim_plan_steps(). FLAGS are names, with or
 * without RTLD_, joined by commas or bars, "NOW,LOCAL", or a number as the loader's <dlfcn.h> has
 * it; NULL: NOW and LOCAL.
 */

/* How many steps PLAN has. Since 1.0. */
BINDSIM_API uint32_t bindsim_plan_steps(const struct bindsim_plan *plan);

/* dlopen(FILE, FLAGS); "" is dlopen(NULL, FLAGS). Since 1.0. */
BINDSIM_API enum bindsim_status bindsim_plan_dlopen(struct bindsim_plan *plan, const char *file,
						    const char *flags,
						    struct bindsim_error **error);

/* dlmopen(3) in the namespace of what STEP opened; 0: in a new one. Since 1.0. */
BINDSIM_API enum bindsim_status bindsim_plan_dlmopen(struct bindsim_plan *plan, const char *file,
						     const char *flags, uint32_t step,
						     struct bindsim_error **error);

/* Where dlsym(3) looks. */
enum bindsim_handle {
	BINDSIM_HANDLE_DEFAULT = 0,
	BINDSIM_HANDLE_NEXT = 1,
	BINDSIM_HANDLE_STEP = 2, /* what STEP opened */
};

/* dlsym(3), or dlvsym(3) where VERSION is not NULL. STEP is 0 but for BINDSIM_HANDLE_STEP. Since
 * 1.0. */
BINDSIM_API enum bindsim_status bindsim_plan_dlsym(struct bindsim_plan *plan,
						   enum bindsim_handle handle, uint32_t step,
						   const char *symbol, const char *version,
						   struct bindsim_error **error);

/* dlclose(3) of what STEP opened. Since 1.0. */
BINDSIM_API enum bindsim_status bindsim_plan_dlclose(struct bindsim_plan *plan, uint32_t step,
						     struct bindsim_error **error);

/* The first call of SYMBOL through the lazily bound slot of OBJECT. Since 1.0. */
BINDSIM_API enum bindsim_status bindsim_plan_call(struct bindsim_plan *plan, const char *object,
						  const char *symbol, struct bindsim_error **error);

/* A step in the words of the command line: KIND "dlopen", TEXT "libx.so:NOW,LOCAL". Since 1.0. */
BINDSIM_API enum bindsim_status bindsim_plan_step(struct bindsim_plan *plan, const char *kind,
						  const char *text, struct bindsim_error **error);

/* From here on OBJECT makes the calls; NULL: the executable, or, between the next two, theirs.
 * Since 1.0. */
BINDSIM_API enum bindsim_status bindsim_plan_set_caller(struct bindsim_plan *plan,
							const char *object,
							struct bindsim_error **error);

/* The steps between these two are made by the constructors of OBJECT. Since 1.0. */
BINDSIM_API enum bindsim_status bindsim_plan_begin_init(struct bindsim_plan *plan,
							const char *object,
							struct bindsim_error **error);
BINDSIM_API enum bindsim_status bindsim_plan_end_init(struct bindsim_plan *plan,
						      struct bindsim_error **error);

/* ---- options ------------------------------------------------------------------------------- */

enum bindsim_level {
	BINDSIM_LEVEL_NONE = 0,
	BINDSIM_LEVEL_NOTE = 1,
	BINDSIM_LEVEL_WARNING = 2,
	BINDSIM_LEVEL_ERROR = 3,
};

/* "note". Static. Since 1.0. */
BINDSIM_API const char *bindsim_level_name(enum bindsim_level level);

/* The name of the format INDEX, from 0 on, that a report can have; NULL behind the last. Static.
 * Since 1.0. */
BINDSIM_API const char *bindsim_format(size_t index);

/* The names of the rules that findings can have, in the same way; and what RULE is about, in one
 * line and in full, NULL where there is no such. Static. Since 1.0. */
BINDSIM_API const char *bindsim_rule(size_t index);
BINDSIM_API const char *bindsim_rule_summary(const char *rule);
BINDSIM_API const char *bindsim_rule_help(const char *rule);

/* What is wanted of a simulation beside its result. */
struct bindsim_options;

/* Options that ask for nothing, in *RET_OPTIONS; to be freed. Since 1.0. */
BINDSIM_API enum bindsim_status bindsim_options_new(struct bindsim_options **ret_options);
BINDSIM_API void bindsim_options_free(struct bindsim_options *options);

/* Only bindings and findings of symbols and objects that these globs match are in results and
 * reports; NULL matches all. Since 1.0. */
BINDSIM_API enum bindsim_status bindsim_options_set_filter(struct bindsim_options *options,
							   const char *symbol, const char *from,
							   const char *to);

/* What debug information says of two definitions is looked at; it is by default. Since 1.0. */
BINDSIM_API enum bindsim_status bindsim_options_set_proof(struct bindsim_options *options, int on);

/* A further file of known libraries (bindsim-libraries(5)). It is read by each simulation. Since
 * 1.0. */
BINDSIM_API enum bindsim_status bindsim_options_add_libraries(struct bindsim_options *options,
							      const char *path,
							      struct bindsim_error **error);

/*
 * What the simulation met: a file that it could not read or that is damaged, or something that it
 * had to assume. CODE is a word that keeps its meaning ("malformed"), FILE is NULL or a path,
 * OFFSET is in bytes or UINT64_MAX. Strings end with the call.
 */
typedef void bindsim_log_function(void *user, const char *code, const char *file, uint64_t offset,
				  const char *message);

/* LOG, or NULL for nobody, is told of it when the simulation is over. Since 1.0. */
BINDSIM_API enum bindsim_status bindsim_options_set_log(struct bindsim_options *options,
							bindsim_log_function *log, void *user);

/* STEP of N_STEPS is over; WORDS say which one: "dlopen ./libx.so". */
typedef void bindsim_progress_function(void *user, uint32_t step, uint32_t n_steps,
				       const char *words);

/* PROGRESS, or NULL for nobody, is told of steps as they come. Since 1.0. */
BINDSIM_API enum bindsim_status bindsim_options_set_progress(struct bindsim_options *options,
							     bindsim_progress_function *progress,
							     void *user);

/* ---- reports ------------------------------------------------------------------------------- */

/*
 * Each has a simulation write a report: FORMAT is one of bindsim_format(), SHOW the parts that it
 * is to show, as --show has them, or NULL for what the format shows by default. Reports are written
 * while the simulation goes on, in the order in which they were asked for. One that could not be
 * written ends with BINDSIM_ERROR_OUTPUT; what was written before then stays.
 */

/* Takes N bytes. Returns 0, or an errno, after which it is not called any more. */
typedef int bindsim_write_function(void *user, const void *bytes, size_t n);

/* To a function. Since 1.0. */
BINDSIM_API enum bindsim_status bindsim_options_report_to(struct bindsim_options *options,
							  const char *format, const char *show,
							  bindsim_write_function *write, void *user,
							  struct bindsim_error **error);

/* To FILE, which is flushed and stays the caller's. Since 1.0. */
BINDSIM_API enum bindsim_status bindsim_options_report_to_file(struct bindsim_options *options,
							       const char *format, const char *show,
							       FILE *file,
							       struct bindsim_error **error);

/* To the file descriptor FD, which stays the caller's. A pipe that nobody reads raises SIGPIPE, as
 * with write(2); where that is ignored it is BINDSIM_ERROR_OUTPUT. Since 1.0. */
BINDSIM_API enum bindsim_status bindsim_options_report_to_fd(struct bindsim_options *options,
							     const char *format, const char *show,
							     int fd, struct bindsim_error **error);

/* To memory: see bindsim_result_report(). Since 1.0. */
BINDSIM_API enum bindsim_status bindsim_options_report(struct bindsim_options *options,
						       const char *format, const char *show,
						       struct bindsim_error **error);

/* ---- results ------------------------------------------------------------------------------- */

/* The answer. */
struct bindsim_result;

/*
 * Simulates PLAN with the files of STORE (NULL: with a store of its own) and with OPTIONS, or NULL.
 * The answer is in *RET_RESULT, to be freed; also where the loader refuses something.
 *
 * BINDSIM_ERROR_OUTPUT: the answer is there all the same, in *RET_RESULT. Since 1.0.
 */
BINDSIM_API enum bindsim_status bindsim_simulate(struct bindsim_store *store,
						 const struct bindsim_plan *plan,
						 const struct bindsim_options *options,
						 struct bindsim_result **ret_result,
						 struct bindsim_error **error);

/* Frees RESULT. NULL is allowed. Since 1.0. */
BINDSIM_API void bindsim_result_free(struct bindsim_result *result);

/* 1 if the simulated loader refused something, else 0. Since 1.0. */
BINDSIM_API int bindsim_result_is_refused(const struct bindsim_result *result);

/* The level of the worst finding. Since 1.0. */
BINDSIM_API enum bindsim_level bindsim_result_worst(const struct bindsim_result *result);

/* "glibc 2.36"; "x86-64", or NULL. Since 1.0. */
BINDSIM_API const char *bindsim_result_loader(const struct bindsim_result *result);
BINDSIM_API const char *bindsim_result_machine(const struct bindsim_result *result);

/* The report INDEX of those that bindsim_options_report() asked for, with a NUL behind it; its
 * length in bytes is in *RET_N, unless that is NULL. Since 1.0. */
BINDSIM_API const char *bindsim_result_report(const struct bindsim_result *result, size_t index,
					      size_t *ret_n);

/*
 * The records of RESULT live as long as it does. Functions that ask one of them take NULL, and then
 * say nothing: NULL, 0, BINDSIM_NONE.
 */

/* ---- objects ------------------------------------------------------------------------------- */

struct bindsim_object;

/* How many there were; the one with ID. Since 1.0. */
BINDSIM_API size_t bindsim_result_objects(const struct bindsim_result *result);
BINDSIM_API const struct bindsim_object *bindsim_result_object(const struct bindsim_result *result,
							       uint32_t id);

/* Its name in the link map; the executable's is argv[0]. Since 1.0. */
BINDSIM_API const char *bindsim_object_name(const struct bindsim_object *object);

/* Its file as the loader opened it, inside the root; NULL for the vdso. Since 1.0. */
BINDSIM_API const char *bindsim_object_path(const struct bindsim_object *object);

/* Its DT_SONAME, or NULL. Since 1.0. */
BINDSIM_API const char *bindsim_object_soname(const struct bindsim_object *object);

/* What it is: "executable", "startup", "loaded"; and which: "ordinary", "loader", "vdso". Static.
 * Since 1.0. */
BINDSIM_API const char *bindsim_object_kind(const struct bindsim_object *object);
BINDSIM_API const char *bindsim_object_role(const struct bindsim_object *object);

/* What found it: "path", "rpath", "library-path", "runpath", "cache", "default-directories"; NULL
 * where nobody looked for it. Static. Since 1.0. */
BINDSIM_API const char *bindsim_object_found_by(const struct bindsim_object *object);

/* The number of its namespace; 0 is the first one. Since 1.0. */
BINDSIM_API uint32_t bindsim_object_namespace(const struct bindsim_object *object);

/* The step that loaded it, and the one that unloaded it; or BINDSIM_NONE. Since 1.0. */
BINDSIM_API uint32_t bindsim_object_loaded_in(const struct bindsim_object *object);
BINDSIM_API uint32_t bindsim_object_unloaded_in(const struct bindsim_object *object);

/* 1 if it was preloaded. Since 1.0. */
BINDSIM_API int bindsim_object_is_preloaded(const struct bindsim_object *object);

/* ---- steps of the answer ------------------------------------------------------------------- */

struct bindsim_step;

enum bindsim_step_state {
	BINDSIM_STEP_OK = 0,
	BINDSIM_STEP_FAILED = 1,
	BINDSIM_STEP_NOT_REACHED = 2, /* the process ended before */
};

/* How many there are, start-up included; the one at INDEX, in the order in which they came. Since
 * 1.0. */
BINDSIM_API size_t bindsim_result_steps(const struct bindsim_result *result);
BINDSIM_API const struct bindsim_step *bindsim_result_step(const struct bindsim_result *result,
							   size_t index);

/* Its number in the plan. Since 1.0. */
BINDSIM_API uint32_t bindsim_step_number(const struct bindsim_step *step);

/* "dlopen", static; "dlopen ./libx.so". Start-up is "start-up" in both. Since 1.0. */
BINDSIM_API const char *bindsim_step_kind(const struct bindsim_step *step);
BINDSIM_API const char *bindsim_step_words(const struct bindsim_step *step);

/* BINDSIM_STEP_NOT_REACHED for NULL. Since 1.0. */
BINDSIM_API enum bindsim_step_state bindsim_step_state(const struct bindsim_step *step);

/* What dlerror(3), or the loader on standard error, would say; NULL where it says nothing. Since
 * 1.0. */
BINDSIM_API const char *bindsim_step_message(const struct bindsim_step *step);

/* 1 if the process ends with it. Since 1.0. */
BINDSIM_API int bindsim_step_ends_process(const struct bindsim_step *step);

/* The object that it opened or closed, or in which it found a symbol. Since 1.0. */
BINDSIM_API uint32_t bindsim_step_object(const struct bindsim_step *step);

/* 1 with the place of the symbol that it found in *RET_OFFSET, in bytes from the load address of
 * that object; 0: there is no such place. Since 1.0. */
BINDSIM_API int bindsim_step_offset(const struct bindsim_step *step, uint64_t *ret_offset);

/* ---- bindings ------------------------------------------------------------------------------ */

/* What one reference is bound to: one record however many relocations use it. */
struct bindsim_binding;

/* Why a definition answered. */
enum bindsim_why {
	BINDSIM_WHY_NONE = 0,		/* nothing did */
	BINDSIM_WHY_FIRST_IN_SCOPE = 1, /* the first in the scope that matches */
	BINDSIM_WHY_LOCAL = 2,		/* local or hidden: the object itself, without a lookup */
	BINDSIM_WHY_PROTECTED = 3,	/* protected: the object itself */
	BINDSIM_WHY_UNIQUE = 4,		/* STB_GNU_UNIQUE: what was bound first */
	BINDSIM_WHY_STRONG = 5,		/* LD_DYNAMIC_WEAK: the first that is not weak ... */
	BINDSIM_WHY_WEAK = 6,		/* ... and there was none */
};

enum bindsim_outcome {
	BINDSIM_BOUND = 0,
	BINDSIM_WEAK_UNRESOLVED = 1, /* it stays 0 */
	BINDSIM_UNDEFINED = 2,	     /* the loader's error */
	BINDSIM_LOOKUP_CRASH = 3,    /* the loader dies in this lookup */
};

/* "first-in-scope"; "bound". Static; NULL for values that it does not know. Since 1.0. */
BINDSIM_API const char *bindsim_why_name(enum bindsim_why why);
BINDSIM_API const char *bindsim_outcome_name(enum bindsim_outcome outcome);

/* How many there are; the one at INDEX, step by step. Since 1.0. */
BINDSIM_API size_t bindsim_result_bindings(const struct bindsim_result *result);
BINDSIM_API const struct bindsim_binding *
bindsim_result_binding(const struct bindsim_result *result, size_t index);

/* The step that made it, or left it for a first call. Since 1.0. */
BINDSIM_API uint32_t bindsim_binding_step(const struct bindsim_binding *binding);

/* The object that asks. Since 1.0. */
BINDSIM_API uint32_t bindsim_binding_referrer(const struct bindsim_binding *binding);

/* What it asks for, and which version of it, or NULL. Since 1.0. */
BINDSIM_API const char *bindsim_binding_symbol(const struct bindsim_binding *binding);
BINDSIM_API const char *bindsim_binding_version(const struct bindsim_binding *binding);

/* When: "load", "first-call", "not-reached" (the loader gave up before), "call", "dlsym". Static.
 * Since 1.0. */
BINDSIM_API const char *bindsim_binding_when(const struct bindsim_binding *binding);

/* The kind INDEX, from 0 on, of its relocations, such as "jump-slot"; NULL behind the last. Static.
 * Since 1.0. */
BINDSIM_API const char *bindsim_binding_kind(const struct bindsim_binding *binding, size_t index);

/* The step whose call bound for good what waited; BINDSIM_NONE. Since 1.0. */
BINDSIM_API uint32_t bindsim_binding_called_in(const struct bindsim_binding *binding);

/*
 * Its answers, which are several where it waits for its first call and what that would bind
 * changes: the answer INDEX holds from the end of the step bindsim_binding_epoch() on. There is one
 * at least, with INDEX 0. The outcome of what is not there is BINDSIM_UNDEFINED. Since 1.0.
 */
BINDSIM_API size_t bindsim_binding_answers(const struct bindsim_binding *binding);
BINDSIM_API uint32_t bindsim_binding_epoch(const struct bindsim_binding *binding, size_t index);
BINDSIM_API uint32_t bindsim_binding_definer(const struct bindsim_binding *binding, size_t index);
BINDSIM_API const char *bindsim_binding_definition_version(const struct bindsim_binding *binding,
							   size_t index);
BINDSIM_API enum bindsim_why bindsim_binding_why(const struct bindsim_binding *binding,
						 size_t index);
BINDSIM_API enum bindsim_outcome bindsim_binding_outcome(const struct bindsim_binding *binding,
							 size_t index);

/* ---- searches ------------------------------------------------------------------------------ */

/* Where the loader looked for a file. */
struct bindsim_search;

/* How many there were; the one at INDEX, in the loader's order. Since 1.0. */
BINDSIM_API size_t bindsim_result_searches(const struct bindsim_result *result);
BINDSIM_API const struct bindsim_search *bindsim_result_search(const struct bindsim_result *result,
							       size_t index);

/* The step in which it looked. Since 1.0. */
BINDSIM_API uint32_t bindsim_search_step(const struct bindsim_search *search);

/* What was asked for, and the file that was taken, or NULL. Since 1.0. */
BINDSIM_API const char *bindsim_search_name(const struct bindsim_search *search);
BINDSIM_API const char *bindsim_search_found(const struct bindsim_search *search);

/*
 * The places that were tried: the file; what led there, as in bindsim_object_found_by(); and what
 * was made of it: "taken", "skipped", "other-class", "refused", "forbidden", "not-opened", the
 * latter with an errno. Since 1.0.
 */
BINDSIM_API size_t bindsim_search_places(const struct bindsim_search *search);
BINDSIM_API const char *bindsim_search_place(const struct bindsim_search *search, size_t index);
BINDSIM_API const char *bindsim_search_place_by(const struct bindsim_search *search, size_t index);
BINDSIM_API const char *bindsim_search_place_verdict(const struct bindsim_search *search,
						     size_t index);
BINDSIM_API int bindsim_search_place_errno(const struct bindsim_search *search, size_t index);

/* ---- findings ------------------------------------------------------------------------------ */

/* What in the bindings is likely to hurt. */
struct bindsim_finding;

/* How many there are; the one at INDEX, as they came. Since 1.0. */
BINDSIM_API size_t bindsim_result_findings(const struct bindsim_result *result);
BINDSIM_API const struct bindsim_finding *
bindsim_result_finding(const struct bindsim_result *result, size_t index);

/* How bad it is; BINDSIM_LEVEL_NONE for NULL. Since 1.0. */
BINDSIM_API enum bindsim_level bindsim_finding_level(const struct bindsim_finding *finding);

/* "captured-references": see bindsim_rule(). Static. Since 1.0. */
BINDSIM_API const char *bindsim_finding_rule(const struct bindsim_finding *finding);

/* 16 hexadecimal digits: the same for other builds, versions and places of its objects. Since 1.0.
 */
BINDSIM_API const char *bindsim_finding_fingerprint(const struct bindsim_finding *finding);

/* The step that shows it. Since 1.0. */
BINDSIM_API uint32_t bindsim_finding_step(const struct bindsim_finding *finding);

/* The object that it is about, and the other one, or BINDSIM_NONE. Since 1.0. */
BINDSIM_API uint32_t bindsim_finding_subject(const struct bindsim_finding *finding);
BINDSIM_API uint32_t bindsim_finding_other(const struct bindsim_finding *finding);

/* Its headline, one line; that and its evidence, in lines. Since 1.0. */
BINDSIM_API const char *bindsim_finding_headline(const struct bindsim_finding *finding);
BINDSIM_API const char *bindsim_finding_message(const struct bindsim_finding *finding);

/* How many symbols it is about; some of them by INDEX, from 0 on, NULL behind the last. Since 1.0.
 */
BINDSIM_API size_t bindsim_finding_symbols(const struct bindsim_finding *finding);
BINDSIM_API const char *bindsim_finding_example(const struct bindsim_finding *finding,
						size_t index);

#ifdef __cplusplus
}
#endif

#include <bindsim/advise.h>
#include <bindsim/check.h>
#include <bindsim/compare.h>
#include <bindsim/process.h>

#endif
