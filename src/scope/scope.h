/* SPDX-License-Identifier: MIT */
/*
 * scope.h - which objects are in the process, in what order, and what each may see
 *
 * A loader keeps for every object an ordered list of searchlists: its scope. This floor rebuilds
 * those lists, at start-up and for each dlopen(3): breadth-first over DT_NEEDED, in the order the
 * loader would. Objects and order are decided here; symbols are not. Nothing below names a symbol
 * or a relocation: that is bind.h.
 *
 * A process state is plain data: ids and vectors of ids, no pointers into itself, so that a copy
 * is a fork. Map ids are given in order of creation and never reused; a map that was unloaded
 * keeps its record, with the step of its death. Searchlists are referred to by id and shared: one
 * that grows is seen to grow by every scope that holds it, as in the loader.
 *
 * Floor 3: may include base.h, elf.h and search.h. Rules: glibc elf/dl-load.c:_dl_map_object,
 * elf/dl-object.c:_dl_new_object, elf/dl-deps.c:_dl_map_object_deps, elf/dl-sort-maps.c,
 * elf/dl-open.c:dl_open_worker_begin, elf/dl-close.c:_dl_close_worker.
 */
#pragma once

#include "../base/base.h"
#include "../elf/elf.h"
#include "../search/search.h"
#include "choices.h"

typedef uint32_t bs_map_id;
typedef uint32_t bs_list_id;

#define BS_NO_MAP  UINT32_MAX
#define BS_NO_LIST UINT32_MAX
#define BS_NEVER   UINT32_MAX /* a step that has not come */

enum { BS_MAX_NAMESPACES = 16 }; /* glibc: DL_NNS */

/* How an object came into the process (glibc: lt_executable, lt_library, lt_loaded). */
enum bs_map_kind { BS_MAP_EXECUTABLE, BS_MAP_STARTUP, BS_MAP_LOADED };

/* The two objects that nobody searches for: the kernel and the kernel's reading of PT_INTERP bring
 * them. */
enum bs_map_role { BS_ROLE_ORDINARY, BS_ROLE_LOADER, BS_ROLE_VDSO };

/* A DT_NEEDED: the object, or the placeholder for it. */
struct bs_link {
	const char *name;
	bs_map_id map;	 /* BS_NO_MAP while it is not loaded */
	bs_list_id list; /* the placeholder's, or BS_NO_LIST */
};

struct bs_map {
	/* What lookups ask of every definer comes first. */
	const struct bs_image *image; /* NULL for the vdso, whose file nobody has */
	bs_map_id real;		      /* itself, but for a namespace's stand-in of ld.so */
	enum bs_map_kind kind;
	bool removed;
	bs_name name; /* the link-map name; "" for the executable */
	bs_ids names; /* requested names that lead here, the first request first; then the soname */
	bs_name soname; /* the image's; 0 when there is none */
	/* The base name of a file that a search once led to, in a process with one chain; or 0. */
	bs_name shortname;
	enum bs_map_role role;
	uint32_t ns;
	bs_map_id loader; /* who asked first; BS_NO_MAP for the executable and every dlopen root */
	const char *origin; /* for $ORIGIN */

	bs_ids scope;	   /* list ids, in the order they are searched */
	bs_ids call_scope; /* where scopes are fixed: the lists that function references search,
			      if these are others */
	BS_VEC(struct bs_link) links; /* its needs, where some may be placeholders */
	unsigned open_flags;	      /* BS_OPEN_* of the dlopen that brought it */
	bs_list_id searchlist;	      /* its own; its maps are empty until the map is a root */
	bool is_root;	 /* the searchlist has been made (glibc: l_searchlist.r_list != NULL) */
	bs_ids initfini; /* itself and its needs; sorted closure once it is a root */
	bool has_initfini;
	bs_ids reldeps;	  /* maps kept because a relocation bound to them */
	bool has_reldeps; /* there is such a list; it may have become empty */
	uint32_t opencount;

	bool soname_added, has_file_id, global, relocated, init_called;
	bool constructed; /* its constructors are over, where a chain of symbols asks that */
	bool settled;	  /* where scopes are fixed: it has its own */
	bool is_cut;	  /* its scope ends with its own needs */
	bool on_demand;	  /* a placeholder brought it */
	bool is_ghost;	  /* a call would load it; it is not in the process, BORN is BS_NEVER */
	bool addressed;	  /* the table of addresses has it, by which dlopen knows its caller */
	bool preloaded;	  /* by LD_PRELOAD, --preload or the file: it is there to interpose */
	bool nodelete_pending, nodelete_active, versions_checked;
	bool tls_is_dynamic;	     /* its block was allocated apart, where it stays for good */
	bool tls_placed;	     /* its TLS block has a place in the static one ... */
	uint64_t tls_start, tls_end; /* ... from and to this many bytes of its use (see tls.c) */

	uint32_t born, died; /* steps; died is BS_NEVER while it lives */
	enum bs_how how;     /* the search step that found it */
	bs_map_id via;	     /* whose RPATH or RUNPATH it was, for those */
	bs_map_id asked_by;  /* who asked, the dlopen caller included */
};

struct bs_searchlist {
	bs_map_id owner; /* whose list it is */
	bs_ids maps;
	uint32_t cuts;	 /* how often it was made anew; otherwise it only grows at its end */
	uint32_t *place; /* by map id: index in MAPS plus 1, 0 when not there; N_PLACE entries */
	uint32_t n_place;
	/* By map id: the least index in MAPS of all maps from this id on; UINT32_MAX: none is
	 * there. */
	uint32_t *foremost;
	/* A placeholder: who asks for it and has not got it yet is the OWNER. It is empty until the
	 * object that is needed by this name is loaded, on demand. */
	const char *placeholder;
	bool is_waiting; /* the object was not loaded yet */
	bs_map_id ghost; /* the object that would be loaded, once it was looked for */
};

struct bs_namespace {
	bs_ids order;	/* living maps in link-map order */
	bs_map_id libc; /* the map with soname libc.so.6, or BS_NO_MAP */
	bool used;
	bool damaged; /* a filtee was put before its first map, which the loader does not survive */
};

/*
 * The block of thread-local storage that every thread has from its start. Objects that are opened
 * later find room only in what is left over. (glibc elf/dl-tls.c:_dl_determine_tlsoffset,
 * elf/dl-reloc.c:_dl_try_allocate_static_tls)
 */
struct bs_static_tls {
	uint64_t used, size, align; /* bytes */
	uint64_t optional;	    /* bytes that may still go to those who could do without */
};

/* How a loader orders and limits. */
enum bs_sort { BS_SORT_DFS, BS_SORT_COUNTING };

/* What a process with one chain of symbols needs to know of its loader. */
struct bs_chain_policy {
	/* A number from 1 on for each of the names that mean the loader itself, whatever follows
	 * them; 0 for all other requests. (musl ldso/dynlink.c:load_library, `reserved`) */
	unsigned (*is_loader)(const char *request);
	/* An errno when IMAGE, a file that is not loaded yet, cannot be mapped into a process
	 * of MAIN, its executable; else 0. (map_library) */
	int (*load_error)(const struct bs_image *image, const struct bs_image *main);
	/* True when IMAGE is another build of the C library: the loader stands in for it.
	 * (load_library) */
	bool (*is_library)(const struct bs_image *image);
	/* What is said when RTLD_NOLOAD loads nothing. */
	const char *(*not_loaded)(const struct bs_ctx *ctx, const char *request);
};

/*
 * A process in which the scope of every object is made when the object is loaded and never changes,
 * and in which needs may be placeholders that are loaded on demand. (qnx.md; see fixed.c)
 */
struct bs_fixed_policy {
	bool used; /* the rest of bs_scope_policy does not count then, but for REFUSE */
	bool chosen[BS_CHOICE_COUNT_];
};

struct bs_scope_policy {
	struct bs_fixed_policy fixed;
	/*
	 * NULL: each object has a scope of its own. Else the process has one chain of objects in
	 * which every reference is looked up: the executable's searchlist. Objects that are being
	 * opened see behind it themselves and their needs, in breadth-first order, until they are
	 * relocated. Nothing is unloaded, there are no further namespaces, sonames mean nothing,
	 * and what is missing at start-up ends it only when all else has been done. The fields
	 * below do not count then. (musl ldso/dynlink.c:dlopen; see chain.c)
	 */
	const struct bs_chain_policy *chain;
	enum bs_sort sort;	    /* glibc: dfs from 2.35 */
	bool sort_keeps_root_first; /* from 2.37, and where it was taken back to older ones */
	bool deepbind;		    /* RTLD_DEEPBIND puts the local list first */
	bool symbolic;		    /* DT_SYMBOLIC puts the object itself first */
	bool sort_moves_libc;	    /* libc sorts like the rest when it is the root (from 2.33) */
	bool close_puts_first; /* what dlclose was asked to close is the first to go (from 2.39) */
	bool open_sorts_link_map; /* dlopen relocates in the order of the link map, sorted once more
				     (up to 2.31) */
	bool libc_relocates_first; /* from 2.39 */
	bool loader_stays_mapped;  /* ld.so stays in the link map if nothing needs it (from 2.41) */
	bool nodelete_at_once;	 /* DF_1_NODELETE and its like count before a dlopen has succeeded,
				    and without a word (up to 2.30) */
	bool root_filters_crash; /* a dlopen whose file is a filter fails an assertion (up to 2.31)
				  */
	bool optional_tls_is_free; /* all of the surplus may go to TLS descriptors (up to 2.31) */
	bool tls_holds_rseq; /* the area of restartable sequences lies in static TLS (from 2.41) */
	bool loader_copies_grow; /* dlopen adds to the scope of ld.so in another namespace (up to
				    2.35) */
	bool opens_pie;		 /* a position-independent executable is taken for a library (up
				    to 2.29) */
	bool segment_alignment;	 /* segments are held against p_align (up to 2.34) */
	bool refuses_exec_stack; /* a dlopen makes no stack executable (from 2.41) */
	bool no_relr_version;	 /* DT_RELR wants no GLIBC_ABI_DT_RELR of libc (up to 2.35) */
	bool fast_reopen;	 /* a dlopen that has nothing to do is not told of (from 2.42) */
	bool callers_by_table;	 /* dlopen finds its caller in a table that not all objects come
				    into; one that is not there counts as the executable (from 2.42)
				  */
	const char *libc_soname; /* "libc.so.6" */
	const char *global_elsewhere; /* what the loader dies of when RTLD_GLOBAL is used in a
					 namespace other than the first; NULL: it does not */
	uint32_t known_flags_1;	      /* DF_1_* that mean something to the loader */
	uint64_t tls_surplus;	      /* bytes of static TLS beyond what start-up needs */
	uint64_t tls_optional;	      /* bytes of them for TLS descriptors */
	/*
	 * After identity, before anything is mapped: NULL when IMAGE may be loaded as a library,
	 * else the loader's words. BY_DLOPEN: for dlopen or its dependencies. *RET_DYNAMIC_READ is
	 * set to false when that is found out before the dynamic section is read. (glibc
	 * elf/dl-load.c:_dl_map_object_from_fd)
	 */
	const char *(*refuse)(const struct bs_scope_policy *policy, const struct bs_image *image,
			      bool by_dlopen, bool *ret_dynamic_read);
};

/* Why a request failed, as the loader puts it: `SUBJECT: WORDS[: strerror(OS_ERROR)]`. WORDS is
 * NULL: no failure. */
enum bs_failure_kind {
	BS_FAILURE_PLAIN,      /* it says all in its words */
	BS_FAILURE_LOADING,    /* SUBJECT is a request that leads to no object */
	BS_FAILURE_RELOCATING, /* SUBJECT is an object that cannot be relocated */
};

struct bs_failure {
	enum bs_failure_kind kind; /* for those loaders that word each of them in another manner */
	const char *subject, *words; /* SUBJECT may be "" */
	const char *occasion; /* at start-up, instead of "error while loading shared libraries"; or
				 NULL */
	int os_error;
	bool crash;	     /* the loader itself dies here; WORDS say of what */
	bool not_found;	     /* there is no such file, or none of this kind */
	bs_map_id needed_by; /* whose DT_NEEDED it was; BS_NO_MAP for the file of a dlopen or a
				preload */
};

/* What a trace went on without. It is no map: nobody searches it. */
struct bs_missing {
	const char *name;  /* the request */
	bs_map_id before;  /* its place in link-map order: maps below this id came earlier */
	bool optional;	   /* DT_AUXILIARY: a normal start goes on, too */
	uint32_t n_traces; /* search steps up to the end of its search */
	struct bs_failure failure;
};

/* What the loader says under LD_DEBUG=files while it loads, in its order. */
enum bs_load_note_kind {
	BS_LOAD_ASKED,	   /* NAME is not there by name; map BY asks for it, in a DT_NEEDED ... */
	BS_LOAD_DLOPENED,  /* ... or by calling dlopen */
	BS_LOAD_BEGINS,	   /* NAME's file gets a link map */
	BS_LOAD_ODD_FLAGS, /* it has bits FLAGS in DT_FLAGS_1 that the loader does not know */
	BS_LOAD_MAPPED,	   /* it is MAP */
	BS_LOAD_RESERVED, /* NAME is one of the loader's own, and is asked for for the first time */
};

struct bs_load_note {
	enum bs_load_note_kind kind;
	uint32_t n_traces; /* search steps before it */
	uint32_t ns;
	const char *name;
	bs_map_id by, map;
	uint32_t flags;
};

struct bs_process {
	const struct bs_scope_policy *policy;
	const struct bs_search_setup *setup;
	struct bs_search_state *search; /* NULL until bs_process_start() made it */
	struct bs_fs *fs;
	struct bs_store *store;

	BS_VEC(struct bs_map) maps;
	BS_VEC(bs_ids) by_name; /* by bs_name: maps that have it, or have it as soname */
	BS_VEC(struct bs_searchlist) lists;
	struct bs_namespace ns[BS_MAX_NAMESPACES];
	bs_map_id executable; /* 0 */
	bs_map_id loader;     /* ld.so's map, or BS_NO_MAP when there is no PT_INTERP */
	struct bs_static_tls tls;
	uint32_t step;	     /* the step that is under way: births and deaths are dated with it */
	uint32_t generation; /* moves whenever a scope or a searchlist does */
	bs_map_id initfirst; /* whose constructors run before all others (DF_1_INITFIRST), or
				BS_NO_MAP */
	bool trace;	     /* start-up goes on without what cannot be found */
	bool exec_stack;     /* some object had the stacks made executable */
	/* The loader's file, for those that map it when it is first asked for. */
	const struct bs_image *interp;
	const char *interp_name;
	uint32_t loader_names; /* bit N: the name with number N was asked for */
	/* Where scopes are fixed: */
	bs_ids fresh;	     /* maps that the call under way brought */
	bs_list_id promoted; /* what was opened RTLD_GLOBAL, as it came */
	bs_list_id preloads; /* the preloads; BS_NO_LIST: there are none */
	bs_ids revived;	     /* maps that were ghosts before */
	uint64_t consulted;  /* bit N: the run came to choice N */
	uint64_t assumed;    /* bit N: this step rests on choice N, which has no other answer */
	BS_VEC(struct bs_load_note) load_notes;
	BS_VEC(struct bs_missing) missing;
};

static inline struct bs_map *bs_map_at(struct bs_process *process, bs_map_id id)
{
	return &process->maps.v[id];
}

static inline const struct bs_map *bs_map_of(const struct bs_process *process, bs_map_id id)
{
	return &process->maps.v[id];
}

/*
 * The first map in NS's link-map order that NAME is a name of, or BS_NO_MAP. SONAMES: a soname that
 * has not become one of the names yet counts, too.
 */
bs_map_id bs_map_by_name(const struct bs_process *process, uint32_t ns, bs_name name, bool sonames);

/* The global scope of namespace NS: the searchlist of its first map; BS_NO_LIST while it is empty.
 */
bs_list_id bs_global_list(const struct bs_process *process, uint32_t ns);

/* ---- start-up ------------------------------------------------------------------------------ */

struct bs_start {
	const struct bs_image *executable;
	const char *origin;	       /* the executable's $ORIGIN */
	const struct bs_image *interp; /* ld.so, or NULL */
	const char *interp_name;       /* PT_INTERP, or NULL */
	const char *vdso_soname;       /* "linux-vdso.so.1", or NULL */
	const char *const *preloads;   /* in order; NULL ends */
	bool no_preload_file;	       /* /etc/ld.so.preload is missing, whose errno stays behind */
	/* Is told of each preload that could not be loaded, by its index; the loader says so and
	 * goes on. */
	void (*preload_failed)(void *data, uint32_t index, const struct bs_failure *failure);
	void *data;
};

/*
 * Maps the executable, ld.so, the vdso, the preloads and all that they need, and gives every object
 * its scope. PROCESS has policy, setup, fs and store filled in and is zero otherwise. Every search
 * step is appended to TRACES. Returns false with *RET_FAILURE when something that is needed cannot
 * be had: the process then ends. A trace lists what cannot be found in PROCESS and returns true.
 */
bool bs_process_start(struct bs_process *process, const struct bs_ctx *ctx,
		      const struct bs_start *start, bs_traces *traces,
		      struct bs_failure *ret_failure);

/* ---- dlopen -------------------------------------------------------------------------------- */

enum { /* what of a dlopen mode matters here; the profile translates */
       BS_OPEN_NOLOAD = 1 << 0,
       BS_OPEN_DEEPBIND = 1 << 1,
       BS_OPEN_NODELETE = 1 << 2,
       BS_OPEN_GLOBAL = 1 << 3,
       BS_OPEN_LAZY = 1 << 4,
       BS_OPEN_MAP_ONLY = 1 << 5, /* the file is mapped, neither counted nor relocated */
       /* where scopes are fixed: */
       BS_OPEN_NOW = 1 << 6,
       BS_OPEN_WORLD = 1 << 7,
       BS_OPEN_GROUP = 1 << 8,
       BS_OPEN_LAZYLOAD = 1 << 9,
       BS_OPEN_NOSHARE = 1 << 10,
       BS_OPEN_LOCAL = 1 << 11, /* it was said */
};

struct bs_open_request {
	const char *file; /* "" is the executable */
	unsigned flags;	  /* BS_OPEN_* */
	bs_map_id caller; /* the object that makes the call */
	uint32_t ns;
	bool by_path; /* of a dlmopen: for a FILE with a slash nobody is taken to have called */
};

enum bs_open_state {
	BS_OPEN_FAILED,	 /* see the failure; bs_process_open_abort() undoes what was done */
	BS_OPEN_NOTHING, /* RTLD_NOLOAD, and the file is not loaded */
	BS_OPEN_MAPPED,	 /* with BS_OPEN_MAP_ONLY: that was all */
	BS_OPEN_ALREADY, /* was a root: counted and promoted, nothing more to do */
	BS_OPEN_LOADED,	 /* has a searchlist now: check versions, relocate, then commit */
};

/* One dlopen under way: begin, then commit and promote, or abort. */
struct bs_opening {
	struct bs_open_request request;
	enum bs_open_state state;
	bs_map_id root;	   /* BS_NO_MAP when the file itself could not be loaded */
	bs_map_id first;   /* maps from here on are this opening's */
	bool leads_back;   /* a need of the root, or of its needs, is the root itself */
	bool had_libc;	   /* the namespace had a libc before */
	bool unsaid;	   /* the loader found nothing to do and says nothing of it */
	bool kept;	   /* RTLD_NODELETE marks an object that was open already */
	bs_ids activated;  /* whose mark never to be unloaded counts now */
	bs_ids promoted;   /* what came into the global scope, in order */
	bs_ids grown;	   /* maps of the root's searchlist ... */
	bs_ids grown_from; /* ... and the scope index from which on each is news (0: all);
			      BS_NO_LIST: nothing */
};

/* Steps 2 to 7 of a dlopen: find, load, map the needs. (glibc elf/dl-open.c:dl_open_worker_begin)
 */
void bs_process_open_begin(struct bs_process *process, const struct bs_ctx *ctx,
			   const struct bs_open_request *request, bs_traces *traces,
			   struct bs_opening *ret, struct bs_failure *ret_failure);

/*
 * After relocation: pending NODELETE marks become active, scopes of objects that were there before
 * grow, constructors count as run. OPENING tells afterwards whose scopes grew.
 */
void bs_process_open_commit(struct bs_process *process, const struct bs_ctx *ctx,
			    struct bs_opening *opening);

/* After the constructors: RTLD_GLOBAL puts the root and its needs at the end of the global scope.
 */
void bs_process_open_promote(struct bs_process *process, const struct bs_ctx *ctx,
			     struct bs_opening *opening);

/* What a handle's end leads to. */
struct bs_closing {
	bool crashes;	   /* the loader dies of it: see bs_namespace.damaged */
	bool stays;	   /* it is never unloaded: the handle was not even counted */
	bool nothing_died; /* OPENCOUNT handles are left, or it was no dlopen that brought it */
	uint32_t opencount;
	bs_ids gone; /* maps that died, in the order in which the loader destroys them */
};

/* The object that dlopen takes for its caller when CALLER makes the call. */
bs_map_id bs_process_caller(const struct bs_process *process, bs_map_id caller);

/* Instead of commit: what the loader does when a dlopen fails half-way. Maps that this opening
 * brought die; *RET tells which. */
void bs_process_open_abort(struct bs_process *process, const struct bs_ctx *ctx,
			   struct bs_opening *opening, struct bs_closing *ret);

/* ---- what a dlopen would come to --------------------------------------------------------------
 */

/* What a name means to an object that hands it to dlopen(3). */
struct bs_sought {
	bs_map_id map;	  /* it is loaded; BS_NO_MAP: it is not */
	const char *path; /* the link-map name that it would get; NULL: no file is found */
	enum bs_how how;
	struct bs_failure failure; /* where nothing is loaded or found */
};

/* A copy of a process to look around in, so that the process itself learns nothing. */
struct bs_seeker {
	struct bs_process copy;
	uint32_t n_maps; /* of the process */
};

/* One for PROCESS, in CTX's arena, which holds for as long as PROCESS does not change. */
struct bs_seeker *bs_seeker_new(const struct bs_process *process, const struct bs_ctx *ctx);

/* Asks what NAME would lead to if CALLER opened it. Nothing is mapped, so what a loader has against
 * a file once it has found it is not told. */
void bs_seek(struct bs_seeker *seeker, const struct bs_ctx *ctx, bs_map_id caller, const char *name,
	     struct bs_sought *ret);

/* ---- namespaces ------------------------------------------------------------------------------ */

/* The number that dlmopen(LM_ID_NEWLM) gives: the first that is empty; BS_MAX_NAMESPACES when all
 * are taken. (glibc elf/dl-open.c:_dl_open) */
uint32_t bs_process_new_namespace(const struct bs_process *process);

/* ---- constructors ---------------------------------------------------------------------------- */

/* The maps under ROOT in the order in which the loader comes to their constructors. (glibc
 * elf/dl-init.c:_dl_init) */
bs_ids bs_constructor_order(struct bs_process *process, const struct bs_ctx *ctx, bs_map_id root);

/* MAP's constructors are about to run: true unless they did before, or it has none of its own. They
 * count as run from here on. */
bool bs_process_construct(struct bs_process *process, bs_map_id map);

/* They are over. */
void bs_process_constructed(struct bs_process *process, bs_map_id map);

/* ---- dlclose --------------------------------------------------------------------------------- */

/*
 * Closes a handle to MAP: what nothing holds any more dies, and scopes lose its lists. False with
 * *RET_FAILURE when MAP is not open. (glibc elf/dl-close.c:_dl_close)
 */
bool bs_process_close(struct bs_process *process, const struct bs_ctx *ctx, bs_map_id map,
		      struct bs_closing *ret, struct bs_failure *ret_failure);

/* ---- order --------------------------------------------------------------------------------- */

/* The maps of ROOT that are not relocated yet, in the order in which the loader relocates them;
 * ld.so is not among them. */
bs_ids bs_relocation_order(const struct bs_process *process, const struct bs_ctx *ctx,
			   bs_map_id root);

/*
 * The list that RTLD_NEXT searches when CALLER asks, in a process with one chain: the object loaded
 * after CALLER, and what follows that one in the chain, if it is there at all. (musl
 * ldso/dynlink.c:do_dlsym)
 */
bs_list_id bs_chain_next(struct bs_process *process, const struct bs_ctx *ctx, bs_map_id caller);

/* ---- fixed scopes ---------------------------------------------------------------------------- */

/* How CHOICE was made; the run came to it. */
bool bs_choose(struct bs_process *process, enum bs_choice choice);

/* The lists that function references of MAP search. */
static inline const bs_ids *bs_call_scope(const struct bs_map *map)
{
	return map->call_scope.n ? &map->call_scope : &map->scope;
}

/* The first placeholder of SCOPE that still waits and stands before DEFINER (BS_NO_MAP: anywhere);
 * BS_NO_LIST: none does. */
bs_list_id bs_placeholder_before(const struct bs_process *process, const bs_ids *scope,
				 bs_map_id definer);

/* The call under way begins: nothing was brought by it yet. */
void bs_fixed_begin(struct bs_process *process);

/* Loads what placeholder LIST stands for and, unless it was loaded before, gives it its scope.
 * BS_NO_MAP: *RET_FAILURE. */
bs_map_id bs_placeholder_load(struct bs_process *process, const struct bs_ctx *ctx, bs_list_id list,
			      bs_traces *traces, struct bs_failure *ret_failure);

/* The object that bs_placeholder_load() would bring: one that is loaded or a ghost. BS_NO_MAP: none
 * can be had. */
bs_map_id bs_placeholder_peek(struct bs_process *process, const struct bs_ctx *ctx,
			      bs_list_id list);

/* What the call under way brought goes again. */
void bs_fixed_undo(struct bs_process *process, const struct bs_ctx *ctx);

/* The lists that dlsym(3) searches: for a handle of ROOT; for RTLD_DEFAULT or, NEXT, RTLD_NEXT on
 * behalf of CALLER. */
bs_ids bs_fixed_handle_scope(struct bs_process *process, const struct bs_ctx *ctx, bs_map_id root);
bs_ids bs_fixed_default_scope(struct bs_process *process, const struct bs_ctx *ctx,
			      bs_map_id caller, bool next);

/* ---- effects of a binding -------------------------------------------------------------------- */

/* What add_dependency() of the loader did. */
enum bs_dependency {
	BS_DEPENDENCY_NONE,	/* nothing to record */
	BS_DEPENDENCY_RECORDED, /* DEFINER stays as long as REFERRER does */
	BS_DEPENDENCY_NODELETE, /* REFERRER can never go, so DEFINER cannot either */
};

/*
 * REFERRER was bound to DEFINER by a relocation. RELOCATING: during the relocation of an opening,
 * when NODELETE is only pending. (glibc elf/dl-lookup.c:add_dependency)
 */
enum bs_dependency bs_process_add_dependency(struct bs_process *process, const struct bs_ctx *ctx,
					     bs_map_id referrer, bs_map_id definer,
					     bool relocating);

/* A unique symbol of MAP was bound for the first time: it stays for ever. Returns false when that
 * was so before. */
bool bs_process_keep_unique(struct bs_process *process, bs_map_id map, bool relocating);

/* ---- static TLS ------------------------------------------------------------------------------ */

/*
 * Gives MAP's TLS block a place in the static one, if it has none. OPTIONAL: out of the share for
 * those who could do without. False when there is no room.
 */
bool bs_process_place_tls(struct bs_process *process, bs_map_id map, bool optional);

/* True where that has nothing to do: there is a place already, or nothing to be placed. */
bool bs_process_has_tls_place(const struct bs_process *process, bs_map_id map);

/* Somebody takes the address of a thread-local variable of MAP: a block that has no place in the
 * static one by now never gets one. (glibc elf/dl-tls.c:tls_get_addr_tail) */
void bs_process_use_tls(struct bs_process *process, bs_map_id map);

/* ---- matching names -------------------------------------------------------------------------- */

/* True when NAME is MAP's link-map name or one of its requested names. (glibc
 * elf/dl-misc.c:_dl_name_match_p) */
bool bs_map_has_name(const struct bs_process *process, bs_map_id map, bs_name name);
