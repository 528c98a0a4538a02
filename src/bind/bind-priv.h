/* SPDX-License-Identifier: MIT */
/* bind-priv.h - what the files of the bind floor share */
#pragma once

#include "bind.h"

/*
 * Who may define a name. Every symbol that a map's hash table lists has an entry; those with equal
 * hashes are linked in a circle, in the order in which their maps came and, within a map, in that
 * of its chain. The place of a hash leads to the last entry of its circle, and that to the first.
 * Entries of one map are neighbours, in the order of their symbols, from a multiple of
 * BS_OWNER_UNIT on.
 */
struct bs_name_place {
	/* But for its lowest bit, which the files do not store: that of this field is set when the
	 * circle has several entries. */
	uint32_t hash;
	uint32_t last; /* 0: nobody has come here yet */
};

/* As LAST: who came here has left. */
#define BS_NAME_PLACE_LEFT UINT32_MAX

struct bs_entries_of {
	uint32_t first;	 /* entry */
	uint32_t symbol; /* that the first entry stands for */
	/* The map must be walked by its own hash table: it has DT_HASH, or one that leads elsewhere
	 * than it should. Of the others the circle says what a walk would. */
	bool walks;
	const struct bs_image *image; /* the map's */
};

enum { BS_OWNER_UNIT = 64 };

struct bs_name_table {
	struct bs_arena *arena;
	struct bs_name_place *places;
	uint32_t size, n_places; /* of SIZE places N_PLACES are taken or have been left */
	uint32_t *next;		 /* by entry */
	uint32_t *low_bits;	 /* by entry, a bit each: the lowest one of its hash; where the map
				    is not walked */
	uint32_t *owner;	 /* by entry / BS_OWNER_UNIT: the map */
	uint32_t n, capacity;	 /* entries; 0 is none */
	BS_VEC(uint32_t) shared; /* of each circle of several: the entry that came second */
	BS_VEC(struct bs_entries_of) maps;
};

static inline uint32_t bs_name_table_start(const struct bs_name_table *table, uint32_t hash)
{
	return (uint64_t)((hash >> 1) * 2654435761u) * table->size >> 32;
}

static inline uint32_t bs_name_table_next(const struct bs_name_table *table, uint32_t at)
{
	return at + 1 == table->size ? 0 : at + 1;
}

static inline bool bs_name_place_is_of(const struct bs_name_place *place, uint32_t hash)
{
	return ((place->hash ^ hash) & ~UINT32_C(1)) == 0;
}

/* The place of HASH, its lowest bit apart, or NULL. */
static inline const struct bs_name_place *bs_name_table_find(const struct bs_name_table *table,
							     uint32_t hash)
{
	uint32_t at = bs_name_table_start(table, hash);

	for (; table->places[at].last; at = bs_name_table_next(table, at))
		if (bs_name_place_is_of(&table->places[at], hash))
			return table->places[at].last != BS_NAME_PLACE_LEFT ? &table->places[at]
									    : NULL;
	return NULL;
}

/* So many symbols of IMAGE, which may be NULL, get entries, from symbol *RET_FIRST on. */
uint32_t bs_count_names(const struct bs_image *image, uint32_t *ret_first);

static inline bs_map_id bs_entry_map(const struct bs_name_table *table, uint32_t entry)
{
	return table->owner[entry / BS_OWNER_UNIT];
}

static inline uint32_t bs_entry_symbol(const struct bs_name_table *table, uint32_t entry)
{
	const struct bs_entries_of *of = &table->maps.v[bs_entry_map(table, entry)];

	return entry - of->first + of->symbol;
}

/* That of SYMBOL of MAP, whose hash table must list it. */
static inline uint32_t bs_entry_of(const struct bs_name_table *table, bs_map_id map,
				   uint32_t symbol)
{
	const struct bs_entries_of *of = &table->maps.v[map];

	return of->first + (symbol - of->symbol);
}

static inline uint32_t bs_entry_low_bit(const struct bs_name_table *table, uint32_t entry)
{
	return table->low_bits[entry / BS_LOW_BITS] >> entry % BS_LOW_BITS & 1;
}

/* The unique symbol NAME of namespace NS, or NULL. */
const struct bs_unique *bs_unique_find(const struct bs_binder *binder, const char *name,
				       uint32_t hash, uint32_t ns);

void bs_unique_enter(struct bs_binder *binder, const struct bs_ctx *ctx,
		     const struct bs_unique *unique);

/* One request, as the judges below see it. */
struct bs_matcher {
	const struct bs_binder *binder;
	const struct bs_process *process;
	const struct bs_ctx *ctx;
	const struct bs_query *query;
	unsigned type_class; /* the query's, but for the second search for protected symbols */
	bool is_second;	     /* this is that search */
};

static inline struct bs_matcher bs_matcher_of(const struct bs_binder *binder,
					      const struct bs_process *process,
					      const struct bs_ctx *ctx,
					      const struct bs_query *query)
{
	return (struct bs_matcher){
		.binder = binder,
		.process = process,
		.ctx = ctx,
		.query = query,
		.type_class = query->type_class,
	};
}

/* What one object says to a request: the entry it would answer with, or the last one that it
 * refused and why. */
struct bs_match {
	uint32_t symbol; /* 0: it has no entry of that name */
	enum bs_refusal refusal;
};

enum bs_refusal bs_judge_map(const struct bs_matcher *m, bs_map_id id);
enum bs_refusal bs_judge_entry(const struct bs_matcher *m, bs_map_id id, uint32_t symbol);
enum bs_refusal bs_judge_found(const struct bs_matcher *m, bs_map_id id, uint32_t symbol);

/* The definition in map ID that answers the request. ENTRY is the map's first for the hash, or 0
 * when that is not known: then the map's own hash table is walked. */
struct bs_match bs_match_in(const struct bs_matcher *m, bs_map_id id, uint32_t entry);

/* The GNU hash of the name that a reference to SYMBOL asks for; 0 where there is no such symbol. */
static inline uint32_t bs_reference_hash(const struct bs_image *image, uint32_t symbol)
{
	return symbol < image->symbols.n ? bs_image_name_hash(image, symbol) : 0;
}

/* A name as the name table has it. */
struct bs_key {
	uint32_t hash;	 /* 0: no relocation asks for a name */
	uint32_t circle; /* the last entry with that hash, or 0 */
	bool is_alone;	 /* it is the first, too */
};

static inline struct bs_key bs_key_for(const struct bs_binder *binder, uint32_t hash)
{
	const struct bs_name_place *place = bs_name_table_find(binder->table, hash);

	if (!place)
		return (struct bs_key){ .hash = hash };
	return (struct bs_key){ hash, place->last, !(place->hash & 1) };
}

static inline struct bs_key bs_key_of(const struct bs_binder *binder, const struct bs_image *image,
				      uint32_t symbol)
{
	return bs_key_for(binder, bs_reference_hash(image, symbol));
}

/* The first entry of KEY's circle, which there must be. */
static inline uint32_t bs_key_first(const struct bs_name_table *table, const struct bs_key *key)
{
	return key->is_alone ? key->circle : table->next[key->circle];
}

/* ---- forecast.c ---------------------------------------------------------------------------- */

/*
 * What is known of the references to one symbol before they are made: the entry in the name table
 * that answers them. Whoever finds it out comes to the same as anybody else. Atomic; 0: nothing.
 */
typedef uint32_t bs_known;

#define BS_KNOWN_DEFINED 0x80000000u /* the referrer has a definition of its own */
#define BS_KNOWN_TO_ASK	 0x7fffffffu /* no entry: it takes bs_lookup() to answer that */

/* The maps of a list as they were. */
struct bs_lineup {
	const bs_map_id *maps;
	uint32_t n;
};

/* A list that answers come from. */
struct bs_source {
	bs_list_id list;
	uint32_t cuts;		 /* it was made anew so often */
	struct bs_lineup lineup; /* what it was when the last answer was found */
};

enum { BS_N_SOURCES = 2 };

/*
 * Of one map. An answer is in the first list of the scope that has any, and as long as the lists
 * before are the same, and that one only grows, it is none other.
 */
struct bs_forecast {
	bs_known *known;	      /* by symbol of IMAGE; NULL: none was made */
	const struct bs_image *image; /* of the map */
	struct bs_source sources[BS_N_SOURCES];
	uint32_t n_sources;
	uint32_t serial; /* of the run that it is for; of an earlier one it has to be looked through
			  */
	bs_map_id
		cut; /* maps from here on were others in the run that it comes from, or BS_NO_MAP */
};

/*
 * What a run leaves behind for the next on the same store: the name table and answers. Both go by
 * map ids, which other processes of the same images have, too.
 */
struct bs_recall {
	struct bs_arena *arena;
	bool is_kept; /* beyond the run */
	struct bs_match_policy policy;
	struct bs_name_table table;
	struct bs_forecasts *forecasts;
	BS_VEC(const struct bs_image *) images; /* by map id: what FORECASTS knows of */
};

/* The images that maps of PROCESS from FROM on have: what is known of others goes. */
void bs_recall_meets(struct bs_recall *recall, const struct bs_process *process, bs_map_id from);

struct bs_forecasts *bs_forecasts_new(struct bs_arena *arena);

/* A run begins that may use what an earlier one has left in FORECASTS. */
void bs_forecasts_renew(struct bs_forecasts *forecasts);

/* What is foretold of MAP's references in SCOPE; NULL: nothing. */
const struct bs_forecast *bs_forecast_of(const struct bs_binder *binder,
					 const struct bs_process *process, bs_map_id map,
					 const bs_ids *scope);

/* The image of map id FROM and of those behind it are others than in the run before. */
void bs_forecasts_cut(struct bs_forecasts *forecasts, bs_map_id from);

/* BINDING of REFERENCE, whose forecast FORECAST is, was found quickly. NULL is allowed. */
void bs_forecast_learn(const struct bs_binder *binder, const struct bs_forecast *forecast,
		       const struct bs_symbol *reference, const struct bs_binding *binding);

static inline bool bs_is_foretold(const struct bs_forecast *forecast, uint32_t symbol)
{
	if (!forecast)
		return false;
	bs_known known = __atomic_load_n(&forecast->known[symbol], __ATOMIC_RELAXED);

	return known && known != BS_KNOWN_TO_ASK;
}

/* The binding of SYMBOL, of MAP's image, for TYPE_CLASS as FORECAST, which may be NULL, has it;
 * false when it has none. */
bool bs_bind_as_foretold(const struct bs_binder *binder, const struct bs_process *process,
			 const struct bs_ctx *ctx, const struct bs_forecast *forecast,
			 bs_map_id map, uint32_t symbol, unsigned type_class,
			 struct bs_binding *ret);

/* ---- ahead.c ------------------------------------------------------------------------------- */

enum { BS_AHEAD = 16 };

/* A batch of relocations, with the names that they ask for. */
struct bs_ahead {
	struct bs_relocation relocation[BS_AHEAD];
	struct bs_key key[BS_AHEAD];
	uint32_t n;
};

/* Reads up to BS_AHEAD relocations of TABLE from FROM on and has the memory fetched that their
 * lookups will want. Those that the memo, should it be that of the
 * map, or FORECAST, the image's or NULL, has
 * the answer of have no key. */
void bs_look_ahead(const struct bs_binder *binder, const struct bs_process *process,
		   const struct bs_image *image, const struct bs_reloc_table *table, uint32_t from,
		   bool has_memo, const struct bs_forecast *forecast, struct bs_ahead *ret);

/* ---- quick.c ------------------------------------------------------------------------------- */

/* One reference that is to be looked up in SCOPE. */
struct bs_reference {
	bs_map_id map;
	uint32_t symbol;
	struct bs_symbol entry; /* of SYMBOL, in MAP's table */
	unsigned type_class;
	struct bs_key key;
	const bs_ids *scope;
};

/* True when no rule of POLICY changes what bs_lookup_quickly() answers. */
bool bs_policy_is_plain(const struct bs_match_policy *policy);

/* The binding of R as bs_lookup() would have it, without effects but for a dependency; false when
 * that has to be asked. */
bool bs_lookup_quickly(const struct bs_binder *binder, const struct bs_process *process,
		       const struct bs_ctx *ctx, const struct bs_reference *r,
		       struct bs_binding *ret);

/* True when bs_lookup() comes to BINDING, too, for a reference in SCOPE, and to nothing else
 * besides. For assertions. */
bool bs_is_confirmed(const struct bs_binder *binder, const struct bs_process *process,
		     const struct bs_ctx *ctx, const bs_ids *scope,
		     const struct bs_binding *binding);

/* A lookup that a relocation of the object asks for found binding INDEX. Most come in the order of
 * their bindings: a note stands for as many as follow each other. FIRST_NOTE is the object's. */
static inline void bs_note_lookup(const struct bs_ctx *ctx, struct bs_relocated *ret,
				  uint32_t first_note, uint32_t index)
{
	bs_note_list *notes = &ret->notes;

	if (notes->n > first_note && !(ret->stopped && notes->n == ret->stopped_at)) {
		struct bs_note *last = &notes->v[notes->n - 1];

		if (last->kind == BS_NOTE_LOOKUP && last->a + last->b == index) {
			last->b++;
			return;
		}
	}
	bs_vec_push(ctx->arena, notes, (struct bs_note){ BS_NOTE_LOOKUP, index, 1 });
}

/* The lookup that a relocation of REFERRER against SYMBOL asks for, in the scope that REFERRER has
 * now. HASH is that of the symbol's name. */
struct bs_query bs_query_for(const struct bs_process *process, bs_map_id referrer, uint32_t symbol,
			     unsigned type_class, uint32_t hash);

struct bs_binding bs_binding_from(const struct bs_process *process, const struct bs_query *query,
				  const struct bs_answer *answer);

/* The referrer's entry for what it asks for is a definition that others may be bound to. */
static inline bool bs_is_definition(const struct bs_symbol *reference)
{
	return reference->section != SHN_UNDEF && bs_symbol_bind(reference) != STB_LOCAL;
}

/* Neither rule that keeps a reference to SYMBOL, whose entry is REFERENCE, at home has anything to
 * say to this one. */
static inline bool bs_is_sought(const struct bs_image *image, uint32_t symbol,
				const struct bs_symbol *reference)
{
	unsigned bind = bs_symbol_bind(reference);

	return (bind == STB_GLOBAL || bind == STB_WEAK) &&
	       bs_symbol_visibility(reference) == STV_DEFAULT && !bs_image_keeps(image, symbol);
}

/* Local and hidden symbols are nobody else's business: no lookup is made. Loaders that do not skip
 * hidden definitions do not mind hidden references either. REFERENCE is the entry of SYMBOL. */
bool bs_binds_locally(const struct bs_match_policy *policy, const struct bs_image *image,
		      uint32_t symbol, const struct bs_symbol *reference);

/* The type class of lookups for relocations of KIND. */
unsigned bs_class_of(const struct bs_machine *machine, enum bs_reloc_kind kind);

/* x86-64 or i386. */
bool bs_is_x86(const struct bs_image *image);

/* In a lazy table jump slots wait, and TLS descriptors where BINDER's loader lets them. (glibc
 * sysdeps/MACHINE/dl-machine.h:elf_machine_lazy_rel) */
bool bs_relocation_waits(const struct bs_binder *binder, const struct bs_image *image,
			 const struct bs_relocation *r);

/* Local, hidden or protected: the object itself, without a question. */
struct bs_binding bs_own_binding(const struct bs_process *process, bs_map_id map, uint32_t symbol,
				 unsigned type_class);

/* The loader's message when nothing answers to NAME, as ANSWER says (NULL: no more than that);
 * BY_DLSYM: no relocation asked. */
struct bs_failure bs_undefined_failure(const struct bs_binder *binder,
				       const struct bs_process *process, const struct bs_ctx *ctx,
				       bs_map_id referrer, const char *name,
				       const struct bs_version *version,
				       const struct bs_answer *answer, bool by_dlsym);

/* The part of bs_apply_effects() that comes of REFERRER being bound to DEFINER. */
void bs_apply_dependency(struct bs_process *process, const struct bs_ctx *ctx, bs_map_id referrer,
			 bs_map_id definer, bool relocating, struct bs_relocated *ret);

/* The part of bs_apply_effects() that comes of unique symbols. */
void bs_apply_unique(struct bs_binder *binder, struct bs_process *process, const struct bs_ctx *ctx,
		     const struct bs_query *query, const struct bs_answer *answer, bool relocating,
		     struct bs_relocated *ret);

/* Applies what ANSWER to QUERY does to the process, and notes what the loader says about it. */
void bs_apply_effects(struct bs_binder *binder, struct bs_process *process,
		      const struct bs_ctx *ctx, const struct bs_query *query,
		      const struct bs_answer *answer, bool relocating, struct bs_relocated *ret);
