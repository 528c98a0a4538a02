/* SPDX-License-Identifier: MIT */
/*
 * bind.h - reference + scope -> definer
 *
 * Knows symbols and versions, never files or paths. A lookup reads the process and changes nothing:
 * what a loader would do on the way (enter a unique symbol, keep an object from being unloaded) is
 * part of the answer, and the caller applies it. So a slot can be asked for at any moment what a
 * first call would bind.
 *
 * The name table proposes, the hash walk disposes: one table leads from the GNU hash that the files
 * store already to the maps that may define a name; the candidate with the smallest place in the
 * scope is then asked exactly as the loader asks it, bloom filter and all.
 *
 * Floor 4: may include base.h, elf.h, search.h and scope.h. Rules: glibc elf/dl-lookup.c
 * (do_lookup_x, check_match, do_lookup_unique), elf/dl-reloc.c:resolve_map, elf/dl-version.c.
 */
#pragma once

#include "../base/base.h"
#include "../elf/elf.h"
#include "../scope/scope.h"

/* What a lookup is for: glibc's type class, a set of bits. */
enum {
	BS_CLASS_DATA = 0,
	BS_CLASS_PLT = 1,	  /* undefined entries never match */
	BS_CLASS_COPY = 2,	  /* the executable is not searched */
	BS_CLASS_EXTERN_DATA = 4, /* protected data may lie in the executable, copied there */
	BS_CLASS_COUNT_ = 5,
};

/* How one loader matches. */
struct bs_match_policy {
	bool unique;	    /* STB_GNU_UNIQUE: one definition a namespace */
	bool dynamic_weak;  /* LD_DYNAMIC_WEAK: a weak definition counts only when there is no other
			     */
	bool absolute_zero; /* a value of 0 in SHN_ABS is a definition (glibc from 2.28) */
	bool hidden_is_skipped;	     /* hidden definitions are no answer to others (from 2.24) */
	bool base_version_waits;     /* a base definition counts only if no exact version follows
					(from 2.42) */
	bool missing_versions_abort; /* a file named in verneed that has no versions ends the
					process (up to 2.40) */
	bool extern_protected_data;  /* BS_CLASS_EXTERN_DATA is there, on x86 (2.22 to 2.35) */
	bool indirect_is_kept;	    /* protected symbols of objects that ask for indirect access are
				       neither copied nor stood in for (from 2.35) */
	bool guards_program_ifuncs; /* who uses an IFUNC of the executable before that is relocated
				       ends the process (from 2.33) */
	bool bloom_shift_wraps; /* of the shift of a bloom filter five bits count (from 2.36; musl:
				   gnu_lookup_filtered) */
	bool own_ifuncs_last;	/* a reference to a symbol that the object has an IFUNC for is bound
				   when all else of the object is (from 2.44) */
	bool lazy_tls_descriptors; /* on x86, in a table that binds lazily (up to 2.33) */
	bool named_file_decides;   /* the file that verneed names ends the search, with an error if
				      it lacks the version (up to 2.29) */
	/* Versions are not compared: a hidden one answers nobody, any other everybody, and of each
	 * object the first such entry is the only one that is judged. (musl
	 * ldso/dynlink.c:gnu_lookup) */
	bool only_default_versions;
	bool unique_is_global;	  /* STB_GNU_UNIQUE is an ordinary binding (musl OK_BINDS) */
	bool ifunc_is_skipped;	  /* no IFUNC answers (musl OK_TYPES) */
	bool tls_must_be_defined; /* an undefined TLS entry never answers (musl find_sym2) */
	bool protected_is_sought; /* nor does a protected reference end at its own object */
	/* No reference is bound to its own object by its visibility: what the link editor left
	 * undecided is looked up (musl do_relocs) */
	bool visibility_is_ignored;
	/* A weak reference may stay 0 only where its own object does not define the name (musl
	 * do_relocs) */
	bool own_weak_must_resolve;
	bool plt_first; /* the PLT's relocations come before all others (musl reloc_all) */
	bool remembers_no_lookup;   /* each relocation is a lookup of its own (musl do_relocs) */
	bool tls_needs_definition;  /* the loader dies of a TLS relocation that binds to nothing
				       (musl  do_relocs: def.dso->tls_id) */
	bool no_static_tls_surplus; /* initial-exec TLS is that of start-up only (musl do_relocs:
				       static_tls_cnt) */
	/*
	 * What RTLD_LAZY means: everything that is defined is bound at once, and a jump slot or GOT
	 * entry for what nobody defines waits until a later dlopen brings a definition into the
	 * chain (musl do_relocs, redo_lazy_relocs)
	 */
	bool defers_missing;
	/* At start-up all errors are found and said before the process ends (musl error_impl) */
	bool startup_finds_all;
	/* What nobody defines is no error: a program that is not at hand is to bring it. */
	bool others_bring;
	bool ignores_relr; /* DT_RELR is not read (musl before 1.2.4) */
	/* False for relocation types that the loader does not know although its machine has them;
	 * NULL: it knows all of them. */
	bool (*knows_type)(const struct bs_machine *machine, uint32_t type);
	/* The name by which the loader's own library has NAME when nobody else does, or NULL;
	 * itself NULL where there is no such thing (musl get_lfs64) */
	const char *(*alias)(const struct bs_ctx *ctx, const char *name);
	/* The loader's sentences. */
	const struct bs_match_words *words;
};

struct bs_match_words {
	/* Nobody defines NAME, which an object's relocation, or BY_DLSYM a call, asks for. */
	const char *(*undefined)(const struct bs_ctx *ctx, const char *name,
				 const struct bs_version *version, bool by_dlsym);
	/* A relocation of a TYPE that the loader does not know, in the PLT or elsewhere. */
	const char *(*odd_type)(const struct bs_ctx *ctx, uint32_t type, bool plt);
	const char *too_direct; /* of a copy or an address that its object does not allow */
	/* Initial-exec TLS of NAME ends in DEFINER, for which there is no room. NULL: DEFINER
	 * itself is said to find none. */
	const char *(*late_tls)(const struct bs_ctx *ctx, const char *name, const char *definer);
};

/* One unique symbol that is bound in a namespace. */
struct bs_unique {
	const char *name;
	uint32_t hash; /* bs_hash_gnu() */
	uint32_t ns;
	bs_map_id map;
	uint32_t symbol;
	uint32_t next; /* of those with a like hash: index plus 1, 0 ends */
};

struct bs_name_table;
struct bs_forecasts;
struct bs_recall;
struct bs_answers;

struct bs_binder {
	struct bs_match_policy policy;
	bool is_plain;		  /* POLICY has no rule that touches the usual case of a lookup */
	struct bs_recall *recall; /* has the next two; NULL when the run is over */
	struct bs_name_table *table;
	struct bs_forecasts *forecasts;
	struct bs_answers *answers; /* of other processes; NULL: none are kept */
	bool is_indexed;	    /* TABLE is about this process, and has its maps */
	/* Which binding a (symbol, class) of the map under relocation has: serials, so that nothing
	 * need be cleared. */
	struct bs_memo {
		uint32_t *of; /* by symbol */
		uint32_t n;
	} memo[BS_CLASS_COUNT_]; /* by class, as large as the largest map that asked for one */
	uint32_t serial;
	BS_VEC(struct bs_unique) uniques;
	uint32_t *unique_heads;	 /* by hash: index into UNIQUES plus 1 */
	uint32_t n_unique_heads; /* a power of two */
};

/*
 * A binder with nothing in it, in CTX's arena. Where STORE, which may be NULL, keeps things
 * (bs_store_keeps()), lookups of earlier runs need not be made again: that is a matter of speed
 * alone. bs_binder_done() gives STORE what there is to keep, at the end of a run; bs_binder_drop()
 * drops it, for a run that was broken off by want of memory.
 */
struct bs_binder *bs_binder_new(const struct bs_ctx *ctx, const struct bs_match_policy *policy,
				struct bs_store *store);
void bs_binder_done(struct bs_binder *binder, struct bs_store *store);
void bs_binder_drop(struct bs_binder *binder);

/* What is kept with STORE under BS_KEPT_ANSWERS, by all who share its images: bytes, and how often
 * it was of use. */
struct bs_answers_counts {
	uint64_t n_bytes, n_found;
};
struct bs_answers_counts bs_answers_count(struct bs_store *store);

/* Enters the maps that came since the last call. To be called before lookups that should see them.
 */
void bs_binder_index(struct bs_binder *binder, const struct bs_process *process);

/* Forgets unique symbols of maps that are dead, as the end of a failed dlopen does. */
void bs_binder_forget_dead(struct bs_binder *binder, const struct bs_process *process);

/* ---- one lookup ---------------------------------------------------------------------------- */

/* Why a definition answered. */
enum bs_why {
	BS_WHY_NONE,	       /* nothing did */
	BS_WHY_FIRST_IN_SCOPE, /* the first in scope order that matches */
	BS_WHY_LOCAL,	       /* local or hidden reference: the object itself, without a lookup */
	BS_WHY_PROTECTED,      /* protected reference: forced to the object's own definition */
	BS_WHY_UNIQUE, /* the definition of this name that was bound first in the namespace */
	BS_WHY_STRONG, /* LD_DYNAMIC_WEAK: the first that is not weak */
	BS_WHY_WEAK,   /* LD_DYNAMIC_WEAK: no strong one, so the first weak one */
	BS_WHY_COUNT_
};

enum bs_outcome {
	BS_BOUND,
	BS_UNRESOLVED_WEAK, /* stays 0, silently */
	BS_UNDEFINED,	    /* the loader's error */
	BS_LOOKUP_CRASH,    /* the loader dies in this lookup */
};

struct bs_query {
	const char *name;
	uint32_t hash; /* bs_hash_gnu(name) */
	bs_map_id referrer;
	uint32_t symbol; /* the reference's index in the referrer's table; 0: there is none (dlsym)
			  */
	const struct bs_version *version; /* NULL: no version is asked for */
	unsigned type_class;		  /* BS_CLASS_* */
	bool newest;			  /* dlsym: of several versions the default one */
	const bs_ids *scope;		  /* list ids, searched in this order */
	/* RTLD_NEXT: only what comes behind this place is searched, list number in the high half,
	 * position in the low one; else NULL. */
	const uint64_t *behind;
};

struct bs_answer {
	enum bs_outcome outcome;
	enum bs_why why;
	bs_map_id definer;
	uint32_t symbol;	  /* in the definer's table */
	bool protected_reference; /* the loader's line says "protected" */
	/* effects, for the caller to apply: */
	bool enters_unique; /* UNIQUE_MAP:UNIQUE_SYMBOL becomes the definition of this name */
	bs_map_id unique_map;
	uint32_t unique_symbol;
	bool pins_unique;     /* UNIQUE_MAP must never be unloaded because of it */
	const char *crash;    /* for BS_LOOKUP_CRASH */
	bool not_where_named; /* for BS_UNDEFINED: the file that verneed names lacks the version */
	bool is_too_direct;   /* for BS_UNDEFINED: TOO_DIRECT_FOR has the symbol, not to be copied
				 or to be stood in for */
	bs_map_id too_direct_for;
};

/* Answers QUERY. Changes nothing. */
struct bs_answer bs_lookup(const struct bs_binder *binder, const struct bs_process *process,
			   const struct bs_ctx *ctx, const struct bs_query *query);

/* Why an object of the scope does not answer; the order is that in which the loader finds out. */
enum bs_refusal {
	BS_ACCEPTED,
	BS_REFUSED_UNLOADED,	  /* it is gone */
	BS_REFUSED_COPY,	  /* the executable is not asked for what is copied into it */
	BS_REFUSED_NAME,	  /* its hash table leads to no entry of that name */
	BS_REFUSED_UNDEFINED,	  /* its entry is a reference, no definition */
	BS_REFUSED_CANONICAL_PLT, /* its entry is a canonical PLT entry, which answers references to
				     data only */
	BS_REFUSED_TYPE,	  /* a section, a file or the like */
	BS_REFUSED_IFUNC,	  /* an IFUNC, which this loader does not know */
	BS_REFUSED_HIDDEN_VERSION, /* a version that is not the default one, in a loader that has no
				      others */
	BS_REFUSED_VERSION,	   /* another version */
	BS_REFUSED_OLD_VERSION,	   /* a hidden version, and none was asked for */
	BS_REFUSED_UNLESS_ALONE,   /* within one object: counts if no other entry does */
	BS_REFUSED_AMBIGUOUS,	   /* several such entries */
	BS_REFUSED_HIDDEN,	   /* hidden visibility */
	BS_REFUSED_BINDING,	   /* a local or unknown binding */
	BS_REFUSED_BY_CRASH,	   /* the loader dies when it looks */
	BS_REFUSAL_COUNT_
};

/* ---- relocation ------------------------------------------------------------------------------ */

/*
 * What one symbol of one map is bound to, for one type class: made once, however many relocations
 * use it. Relocations are led back to it by map, symbol and class.
 */
struct bs_binding {
	bs_map_id referrer;
	uint32_t symbol;   /* in the referrer's table; 0: no relocation asked */
	bs_map_id definer; /* BS_NO_MAP when nothing answers */
	uint32_t definer_symbol;
	uint32_t n_relocations; /* that use it */
	uint16_t kinds;		/* of those relocations: bit K is enum bs_reloc_kind K */
	uint16_t assumed; /* for the sim floor: which of its sets of choices the answer rests on */
	uint8_t type_class;
	uint8_t why : 3;     /* enum bs_why */
	uint8_t outcome : 2; /* enum bs_outcome */
	bool protected_reference : 1;
	bool is_defined : 1;  /* the referrer has a definition of its own, which is not local */
	bool unversioned : 1; /* SYMBOL is 0, and no version was asked for */
	bool loads;	      /* a call, when it is made, loads something first */
};

_Static_assert(BS_WHY_COUNT_ <= 1 << 3 && BS_LOOKUP_CRASH < 1 << 2, "they have room");

typedef BS_VEC(struct bs_binding) bs_bindings;

/* What the loader has to say while it relocates, in order. */
enum bs_note_kind {
	BS_NOTE_LOOKUP, /* lookups found something, one after the other: B bindings from A on;
			   their lines */
	BS_NOTE_UNIQUE_PINNED,	  /* map A can never be unloaded: a unique symbol */
	BS_NOTE_REFERENCE_PINNED, /* map A can never be unloaded: map B refers to it */
	BS_NOTE_DEPENDENCY,	  /* map A stays as long as map B does, which refers to it */
	BS_NOTE_UNDEFINED,	  /* binding A is undefined: the loader's error line */
	BS_NOTE_UNDEFINED_AGAIN,  /* binding A, asked for once more: a trace says it again */
	BS_NOTE_RELINK,		  /* binding A: an IFUNC of an object that is not relocated yet */
	BS_NOTE_SAID,		  /* failure A, after which the loader goes on */
};

struct bs_note {
	enum bs_note_kind kind;
	uint32_t a, b;
};

typedef BS_VEC(struct bs_note) bs_note_list;

typedef BS_VEC(struct bs_failure) bs_failures;

/* What relocating left behind. */
struct bs_relocated {
	bs_bindings bindings;
	bs_note_list notes;
	bs_ids lazy; /* maps whose jump slots wait for their first call, or in which something waits
			for its definition */
	bs_bindings deferred; /* what waits for its definition */
	bs_failures said;     /* failures after which the loader goes on */
	const struct bs_version
		*asked; /* the version in lookups that no relocation asks for (SYMBOL 0), or NULL */
	const char *asked_name; /* the name in the last of them */
	/* The last symbol that a relocation had; meaningless before there was one. */
	bs_map_id last_referrer;
	uint32_t last_symbol;
	/*
	 * The loader has given up: what is appended from here on says what else would be missing,
	 * and nothing has effects any more.
	 */
	bool stopped;
	uint32_t stopped_at; /* notes before this index are the loader's; valid when STOPPED */
};

enum bs_relocation_end {
	BS_RELOCATED,
	BS_RELOCATION_FAILED, /* the loader reports *RET_FAILURE and gives the object up */
	BS_RELOCATION_FATAL,  /* it ends the process, even in a dlopen */
};

/*
 * Relocates MAP as the loader does: table after table, lookup after lookup, with effects applied to
 * PROCESS and BINDER until RET is stopped. LAZY: jump slots are left for later. Everything is
 * appended to RET. *RET_FAILURE is the loader's message at the first failure; it stays untouched
 * when RET was stopped before.
 */
enum bs_relocation_end bs_relocate(struct bs_binder *binder, struct bs_process *process,
				   const struct bs_ctx *ctx, bs_map_id map, bool lazy,
				   struct bs_relocated *ret, struct bs_failure *ret_failure);

/*
 * From here to bs_forecast_end() PROCESS's store has its worker, if there is one, find out what
 * relocations of MAPS, in that order, will be bound to: jump slots alone if SLOTS_ONLY, else all,
 * of which jump slots are left for later if LAZY. Speed is all that changes. In between, no map
 * and no list of PROCESS may be added or changed but by relocation; MAPS must stay.
 */
void bs_forecast_begin(struct bs_binder *binder, const struct bs_process *process,
		       const struct bs_ctx *ctx, const bs_ids *maps, bool lazy, bool slots_only);
void bs_forecast_end(struct bs_binder *binder);

/* What a first call through SYMBOL's jump slot in MAP would bind at this moment; without effect. */
struct bs_binding bs_ask_slot(const struct bs_binder *binder, const struct bs_process *process,
			      const struct bs_ctx *ctx, bs_map_id map, uint32_t symbol);

/*
 * The first call through SYMBOL's jump slot in MAP: appends its binding to RET, with effects and
 * notes. False with *RET_FAILURE when nothing answers, which ends the process.
 */
bool bs_call_slot(struct bs_binder *binder, struct bs_process *process, const struct bs_ctx *ctx,
		  bs_map_id map, uint32_t symbol, struct bs_relocated *ret,
		  struct bs_failure *ret_failure);

/*
 * Binds the jump slots of MAP that a lazy relocation left alone, as a first call at this moment
 * would, without effect: appended to BINDINGS, once a symbol.
 */
void bs_bind_slots(const struct bs_binder *binder, const struct bs_process *process,
		   const struct bs_ctx *ctx, bs_map_id map, bs_bindings *bindings);

/* True when IMAGE has jump slots, or what MIPS has for them. */
bool bs_image_has_slots(const struct bs_image *image);

/* Bounds, so that memory can be set aside at once: of the slots in IMAGE that may wait, and of the
 * bindings that its relocation can make. IMAGE may be NULL. */
uint32_t bs_slots_at_most(const struct bs_image *image);
uint32_t bs_bindings_at_most(const struct bs_image *image, bool lazy);

/*
 * Looks for the definition of DEFERRED, a reference that waits for one: true when it is there. Then
 * the binding is appended to RET and noted. False with *RET_FAILURE, which has words, when the
 * loader dies of writing it. (musl ldso/dynlink.c:redo_lazy_relocs)
 */
bool bs_retry_deferred(struct bs_binder *binder, struct bs_process *process,
		       const struct bs_ctx *ctx, const struct bs_binding *deferred,
		       struct bs_relocated *ret, struct bs_failure *ret_failure);

/*
 * The first placeholder that a reference of MAP comes to which has to be bound when MAP is
 * relocated, jump slots included unless LAZY: it must be loaded before. BS_NO_LIST: there is none.
 * *RET_SYMBOL is the reference. *CONTESTED becomes true when the answer of one depends on whether
 * loaded objects are asked first.
 */
bs_list_id bs_placeholder_wanted(const struct bs_binder *binder, const struct bs_process *process,
				 const struct bs_ctx *ctx, bs_map_id map, bool lazy,
				 uint32_t *ret_symbol, bool *contested);

/* The objects in PROCESS that define NAME for others, whatever scopes and versions say, in *RET,
 * which is filled anew, in CTX's arena; of those that a relocation has had looked at. */
void bs_definers_of(const struct bs_binder *binder, const struct bs_process *process,
		    const struct bs_ctx *ctx, const char *name, bs_ids *ret);

/* The entry with which MAP would answer BINDING's reference, or 0. */
uint32_t bs_answer_of(const struct bs_binder *binder, const struct bs_process *process,
		      const struct bs_ctx *ctx, const struct bs_binding *binding, bs_map_id map);

/* True when MAP's jump slots bind lazily in a process that does so at all. */
bool bs_map_is_lazy(const struct bs_process *process, bs_map_id map);

/* A name that no relocation asks for: dlsym(3)'s, or the loader's own, such as malloc. */
struct bs_name_query {
	const char *name;
	const struct bs_version *version; /* or NULL */
	bs_map_id referrer;		  /* on whose behalf */
	const bs_ids *scope;		  /* list ids */
	const uint64_t *behind;		  /* as in struct bs_query */
	bool newest;			  /* of several versions the default one */
	bool weak;			  /* it is no failure when nothing answers */
	bool keeps_nothing; /* the definer may be unloaded as if nobody had asked (lookups through a
			       handle) */
};

/* Looks ASKED up and notes it like the lookups of relocations. False with *RET_FAILURE when nothing
 * answers. */
bool bs_bind_name(struct bs_binder *binder, struct bs_process *process, const struct bs_ctx *ctx,
		  const struct bs_name_query *asked, struct bs_relocated *ret,
		  struct bs_failure *ret_failure);

/* ---- definitions of one name --------------------------------------------------------------- */

/* An entry of a map's hash table. */
struct bs_entry {
	bs_map_id map;
	uint32_t symbol;
};

/* Entries whose names have the same hash but for its lowest bit, and so mostly the same name. */
struct bs_namesakes {
	BS_VEC(struct bs_entry) list; /* of two maps or more, by map */
	uint32_t at;		      /* private */
};

/*
 * Goes on to the next group of entries in BINDER's name table; false at the end. Begins with all
 * zero; the list grows in ARENA and is filled anew each time. References, maps that are dead and
 * several versions of one map are among them: who asks looks.
 */
bool bs_next_namesakes(const struct bs_binder *binder, struct bs_arena *arena,
		       struct bs_namesakes *group);

/* ---- the walk, told ------------------------------------------------------------------------- */

/* One object of the scope, in the order in which the loader would ask. */
struct bs_candidate {
	bs_map_id map;
	uint32_t list, position; /* in the scope: which list, and where in it */
	uint32_t symbol;	 /* its entry of that name, or 0 */
	enum bs_refusal refusal; /* BS_ACCEPTED: it answers, or would if nobody before it did */
};

typedef BS_VEC(struct bs_candidate) bs_candidates;

/*
 * Asks every object in QUERY's scope, each once, and appends what it says to RET. Changes nothing.
 * The first that accepts is the definer, but for protected references and unique symbols, whose
 * answer bs_lookup() has.
 */
void bs_walk(const struct bs_binder *binder, const struct bs_process *process,
	     const struct bs_ctx *ctx, const struct bs_query *query, bs_candidates *ret);

/* The query that led to BINDING, which must have a symbol; its scope is the referrer's of now. */
struct bs_query bs_query_of(const struct bs_process *process, const struct bs_binding *binding);

/* ---- versions ------------------------------------------------------------------------------ */

/* How one version check went. */
enum bs_version_outcome {
	BS_VERSION_FOUND,
	BS_VERSION_MISSING,
	BS_VERSION_WEAK_MISSING, /* it was asked for weakly: no error */
	BS_VERSION_NO_INFO,	 /* the target has no versions at all: no error */
	BS_VERSION_ODD,		 /* a record of an unknown layout */
};

/* "checking for version VERSION in file TARGET required by file REQUIRED_BY" */
struct bs_version_check {
	bs_map_id target, required_by;
	const char *version;
	enum bs_version_outcome outcome;
	const char *words; /* what the loader says of TARGET, or NULL when it says nothing */
};

typedef BS_VEC(struct bs_version_check) bs_version_checks;

/*
 * Checks what MAP's verneed asks for and appends each check. What is no error is said only when
 * VERBOSE (at start-up); otherwise the first error is the last check. PROGRAM is what the loader
 * calls the executable. Returns false when a version is missing or, with *RET_FAILURE, when the
 * check itself cannot go on. (glibc elf/dl-version.c:_dl_check_map_versions)
 */
bool bs_check_versions(const struct bs_process *process, const struct bs_ctx *ctx, bs_map_id map,
		       bool verbose, const char *program, bs_version_checks *checks,
		       struct bs_failure *ret_failure);

/* The version that the reference SYMBOL of IMAGE asks for, or NULL. */
const struct bs_version *bs_reference_version(const struct bs_image *image, uint32_t symbol);
