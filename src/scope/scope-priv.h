/* SPDX-License-Identifier: MIT */
/* scope-priv.h - what the files of the scope floor share */
#pragma once

#include "scope.h"

/* How a map is asked for. */
struct bs_load {
	const char *name;     /* the request, tokens expanded where the loader expands them first */
	bs_map_id requester;  /* whose paths are searched; BS_NO_MAP: nobody's */
	bool requester_loads; /* the requester becomes the new map's loader (not for a dlopen root)
			       */
	enum bs_map_kind kind;
	uint32_t ns;
	bool by_dlopen, deepbind, noload, preload;
	bool noshare;	  /* a copy of its own, whatever is loaded */
	bool dlopened;	  /* it is the file of the dlopen itself */
	bool nobody_asks; /* the loader does not say who asked */
};

/* process.c */
bs_map_id bs_map_add(struct bs_process *process, const struct bs_ctx *ctx,
		     const struct bs_load *load, const struct bs_image *image, const char *name);
/* From here on REQUEST is one of the names of map ID, which is returned. */
bs_map_id bs_map_known_by(struct bs_process *process, const struct bs_ctx *ctx, bs_map_id id,
			  const char *request);
void bs_list_append(struct bs_process *process, const struct bs_ctx *ctx, bs_list_id list,
		    bs_map_id map);
/* Makes LIST hold MAPS, which it takes over. */
void bs_list_set(struct bs_process *process, const struct bs_ctx *ctx, bs_list_id list,
		 bs_ids maps);
bs_list_id bs_list_new(struct bs_process *process, const struct bs_ctx *ctx, bs_map_id owner);

/* load.c: tells what the loader does, where traces are wanted. */
void bs_load_note_add(struct bs_process *process, const struct bs_ctx *ctx,
		      const struct bs_load *load, const bs_traces *traces,
		      enum bs_load_note_kind kind, bs_map_id map, uint32_t flags);

/* load.c: the map for LOAD, loaded already or now; BS_NO_MAP with *RET_FAILURE, or without words
 * for a NOLOAD miss. */
bs_map_id bs_map_load(struct bs_process *process, const struct bs_ctx *ctx,
		      const struct bs_load *load, bs_traces *traces,
		      struct bs_failure *ret_failure);
/* load.c: the map that NAME leads to in namespace NS without a search, or BS_NO_MAP. (glibc
 * elf/dl-load.c:_dl_lookup_map) */
bs_map_id bs_map_loaded(struct bs_process *process, const struct bs_ctx *ctx, uint32_t ns,
			const char *name);

/* load.c: true when IMAGE runs on executable stacks only. */
uint32_t bs_odd_flags(const struct bs_scope_policy *policy, const struct bs_image *image);
bool bs_wants_exec_stack(const struct bs_image *image);

struct bs_requester bs_requester_of(const struct bs_process *process, const struct bs_ctx *ctx,
				    bs_map_id id);

/* chain-load.c: the same in a process with one chain. The requester becomes the loader of what is
 * new. */
bs_map_id bs_chain_load(struct bs_process *process, const struct bs_ctx *ctx,
			const struct bs_load *load, bs_traces *traces,
			struct bs_failure *ret_failure);
/* Loads the needs of ROOT and of all maps behind it; false: *RET_FAILURE. What is missing at
 * start-up is listed in PROCESS. */
bool bs_chain_deps(struct bs_process *process, const struct bs_ctx *ctx, bs_map_id root,
		   bs_traces *traces, struct bs_failure *ret_failure);

/* chain.c: what the functions of scope.h do in a process with one chain. */
void bs_chain_start(struct bs_process *process, const struct bs_ctx *ctx,
		    const struct bs_start *start, bs_traces *traces);
void bs_chain_open_begin(struct bs_process *process, const struct bs_ctx *ctx,
			 const struct bs_open_request *request, bs_traces *traces,
			 struct bs_opening *ret, struct bs_failure *ret_failure);
void bs_chain_open_commit(struct bs_process *process, const struct bs_ctx *ctx,
			  struct bs_opening *opening);
void bs_chain_open_abort(struct bs_process *process, const struct bs_opening *opening);
void bs_chain_promote(struct bs_process *process, const struct bs_ctx *ctx,
		      struct bs_opening *opening);
bs_ids bs_chain_constructor_order(const struct bs_process *process, const struct bs_ctx *ctx,
				  bs_map_id root);
bs_ids bs_chain_relocation_order(const struct bs_process *process, const struct bs_ctx *ctx,
				 bs_map_id root);

/* fixed-load.c: the same where scopes are fixed. */
bs_map_id bs_fixed_load(struct bs_process *process, const struct bs_ctx *ctx,
			const struct bs_load *load, bs_traces *traces,
			struct bs_failure *ret_failure);
/* The loaded map that REQUEST means by name; BS_NO_MAP: none. */
bs_map_id bs_fixed_loaded(struct bs_process *process, const struct bs_ctx *ctx,
			  const char *request);
/* The same object as bs_fixed_load() would find or map, which stays a ghost; BS_NO_MAP: none. */
bs_map_id bs_fixed_look(struct bs_process *process, const struct bs_ctx *ctx,
			const struct bs_load *load);

/* fixed.c: what the functions of scope.h do there. */
bool bs_fixed_start(struct bs_process *process, const struct bs_ctx *ctx,
		    const struct bs_start *start, bs_traces *traces,
		    struct bs_failure *ret_failure);
void bs_fixed_open_begin(struct bs_process *process, const struct bs_ctx *ctx,
			 const struct bs_open_request *request, bs_traces *traces,
			 struct bs_opening *ret, struct bs_failure *ret_failure);
void bs_fixed_open_commit(struct bs_process *process, const struct bs_ctx *ctx,
			  struct bs_opening *opening);
void bs_fixed_promote(struct bs_process *process, const struct bs_ctx *ctx,
		      struct bs_opening *opening);
bs_ids bs_fixed_order(const struct bs_process *process, const struct bs_ctx *ctx);
/* fixed-close.c: one handle less. */
void bs_fixed_close(struct bs_process *process, const struct bs_ctx *ctx, bs_map_id id,
		    struct bs_closing *ret);

/* fixed-scope.c: the needs of MAP as links: placeholders, or objects that are loaded now. LAZY: all
 * of them are placeholders, or those that the executable marks. False: *RET_FAILURE. */
bool bs_fixed_links(struct bs_process *process, const struct bs_ctx *ctx, bs_map_id map, bool lazy,
		    unsigned flags, bs_traces *traces, struct bs_failure *ret_failure);
/* ROOT, its needs, their needs, as far as they are loaded. */
bs_ids bs_fixed_tree(const struct bs_process *process, const struct bs_ctx *ctx, bs_map_id root);
/* Gives MAPS, which ROOT's opening with FLAGS brought, their scopes. */
void bs_fixed_settle(struct bs_process *process, const struct bs_ctx *ctx, bs_map_id root,
		     const bs_ids *maps, unsigned flags);
/* Gives all maps of start-up theirs. */
void bs_fixed_settle_start(struct bs_process *process, const struct bs_ctx *ctx);

/* process.c: a map that nobody searched for. */
bs_map_id bs_map_add_special(struct bs_process *process, const struct bs_ctx *ctx,
			     const struct bs_image *image, const char *name, enum bs_map_role role);

/* deps.c: loads all that ROOT needs, makes its searchlist and its sorted initfini; false:
 * *RET_FAILURE. */
bool bs_map_deps(struct bs_process *process, const struct bs_ctx *ctx, bs_map_id root,
		 const bs_ids *preloads, bool by_dlopen, bool deepbind, bs_traces *traces,
		 struct bs_failure *ret_failure);

/* sort.c: sorts MAPS, dependents before what they depend on. (glibc
 * elf/dl-sort-maps.c:_dl_sort_maps) */
void bs_sort_maps(const struct bs_process *process, const struct bs_ctx *ctx, bs_ids *maps,
		  bool keep_first, bool first_is_libc, bool with_reldeps);

/* tls.c: places the TLS blocks of all objects that are there at start-up. */
void bs_tls_begin(struct bs_process *process);

/* Gives back what the dying maps of ORDER held, as far as the loader manages to. IS_KEPT by map id.
 */
void bs_tls_give_back(struct bs_process *process, const bs_ids *order, const uint8_t *is_kept);

/* close.c: one handle less; what nothing holds any more dies. (glibc
 * elf/dl-close.c:_dl_close_worker) */
void bs_map_close(struct bs_process *process, const struct bs_ctx *ctx, bs_map_id id,
		  struct bs_closing *ret);
