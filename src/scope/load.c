/* SPDX-License-Identifier: MIT */
/*
 * One request for an object: is it there already, by name, soname or file? If not, find and map it.
 * (glibc elf/dl-load.c:_dl_map_object, _dl_map_object_from_fd)
 */
#include "scope-priv.h"

#include <elf.h>
#include <errno.h>

struct bs_requester bs_requester_of(const struct bs_process *process, const struct bs_ctx *ctx,
				    bs_map_id id)
{
	const struct bs_map *map = bs_map_of(process, id);

	return (struct bs_requester){
		.map = id,
		.name = bs_text(ctx, map->name),
		.origin = map->origin,
		.image = map->image,
	};
}

/* The loaded map that REQUEST means, by a name it was asked for before or by its soname. */
static bs_map_id loaded_by_name(struct bs_process *process, const struct bs_ctx *ctx, uint32_t ns,
				const char *request)
{
	bs_name name = bs_name_of(ctx->names, request);
	bs_map_id id = bs_map_by_name(process, ns, name, true);

	/* A soname is compared until it matched once; from then on it is one of the names. */
	if (id != BS_NO_MAP && !bs_map_has_name(process, id, name)) {
		bs_map_known_by(process, ctx, id, request);
		bs_map_at(process, id)->soname_added = true;
	}
	return id;
}

/* The loaded map that is the same file, whatever its name. */
static bs_map_id loaded_by_file(struct bs_process *process, const struct bs_ctx *ctx,
				const struct bs_load *load, const struct bs_image *image)
{
	const bs_ids *order = &process->ns[load->ns].order;

	bs_vec_each (i, order) {
		struct bs_map *map = bs_map_at(process, order->v[i]);

		if (map->removed || !map->has_file_id || map->image->dev != image->dev ||
		    map->image->ino != image->ino)
			continue;
		return bs_map_known_by(process, ctx, order->v[i], load->name);
	}
	return BS_NO_MAP;
}

static bool search(struct bs_process *process, const struct bs_ctx *ctx, const struct bs_load *load,
		   bs_traces *traces, struct bs_found *ret)
{
	BS_VEC(struct bs_requester) chain = { 0 };

	/* Who has no RPATH adds nothing to the chain but its length. */
	for (bs_map_id id = load->requester; id != BS_NO_MAP; id = bs_map_of(process, id)->loader)
		if (id == load->requester || bs_map_of(process, id)->image->rpath)
			bs_vec_push(ctx->arena, &chain, bs_requester_of(process, ctx, id));

	const struct bs_requester main = bs_requester_of(process, ctx, process->executable);
	const bs_ids *order = &process->ns[load->ns].order;
	const struct bs_requester first =
		order->n ? bs_requester_of(process, ctx, order->v[0]) : main;
	const struct bs_request request = {
		.name = load->name,
		.ns = load->ns,
		.chain = chain.v,
		.n_chain = chain.n,
		.main = &main,
		.nodeflib = &first,
		.preload = load->preload,
	};

	return bs_search(process->search, ctx, &request, traces, ret);
}

/*
 * A namespace other than the first gets a stand-in, which refers to the ld.so there is, where one
 * of ld.so's names is asked for. Nobody has opened ld.so's file, so that its file is no reason:
 * another path of it maps it once more. (glibc elf/dl-load.c:_dl_map_object_from_fd)
 */
static bool is_the_loader(const struct bs_process *process, const struct bs_ctx *ctx,
			  const struct bs_load *load)
{
	return load->ns != 0 && process->loader != BS_NO_MAP &&
	       bs_map_has_name(process, process->loader, bs_name_of(ctx->names, load->name));
}

void bs_load_note_add(struct bs_process *process, const struct bs_ctx *ctx,
		      const struct bs_load *load, const bs_traces *traces,
		      enum bs_load_note_kind kind, bs_map_id map, uint32_t flags)
{
	if (traces)
		bs_vec_push(ctx->arena, &process->load_notes,
			    ((struct bs_load_note){
				    .kind = kind,
				    .n_traces = traces->n,
				    .ns = load->ns,
				    .name = load->name,
				    .by = load->requester,
				    .map = map,
				    .flags = flags,
			    }));
}

/* Who opens position-independent executables does not know the flag that marks them. */
uint32_t bs_odd_flags(const struct bs_scope_policy *policy, const struct bs_image *image)
{
	uint32_t known = policy->known_flags_1;

	if (policy->opens_pie)
		known &= ~(uint32_t)DF_1_PIE;
	return image->flags_1 & ~known;
}

bool bs_wants_exec_stack(const struct bs_image *image)
{
	uint16_t machine = image->header.machine;

	for (uint32_t i = image->n_segments; i-- > 0;)
		if (image->segments[i].type == PT_GNU_STACK)
			return image->segments[i].flags & PF_X;
	/* Who says nothing was made before stacks could be anything else. (glibc
	 * sysdeps/MACHINE/stackinfo.h:DEFAULT_STACK_PERMS) */
	return machine == EM_X86_64 || machine == EM_386 || machine == EM_ARM ||
	       machine == EM_S390 || machine == EM_MIPS;
}

/* False when IMAGE needs executable stacks that it cannot have any more. */
static bool take_stack(struct bs_process *process, const struct bs_image *image, bool by_dlopen)
{
	if (process->exec_stack || !bs_wants_exec_stack(image))
		return true;
	if (by_dlopen && process->policy->refuses_exec_stack)
		return false;
	process->exec_stack = true;
	return true;
}

bs_map_id bs_map_loaded(struct bs_process *process, const struct bs_ctx *ctx, uint32_t ns,
			const char *name)
{
	return loaded_by_name(process, ctx, ns, name);
}

bs_map_id bs_map_load(struct bs_process *process, const struct bs_ctx *ctx,
		      const struct bs_load *load, bs_traces *traces, struct bs_failure *ret_failure)
{
	bs_map_id id = loaded_by_name(process, ctx, load->ns, load->name);
	struct bs_found found = { 0 };

	*ret_failure = (struct bs_failure){
		.kind = BS_FAILURE_LOADING,
		.needed_by = BS_NO_MAP,
	};
	if (id != BS_NO_MAP)
		return id;
	if (load->requester != BS_NO_MAP && !load->nobody_asks)
		bs_load_note_add(process, ctx, load, traces,
				 load->dlopened ? BS_LOAD_DLOPENED : BS_LOAD_ASKED, BS_NO_MAP, 0);
	if (!search(process, ctx, load, traces, &found)) {
		ret_failure->subject = found.subject;
		ret_failure->words = found.words;
		ret_failure->os_error = found.os_error;
		ret_failure->not_found = found.not_found;
		return BS_NO_MAP;
	}
	id = loaded_by_file(process, ctx, load, found.image);
	if (id != BS_NO_MAP) {
		bs_store_release(process->store, found.image);
		return id;
	}
	bool stand_in = is_the_loader(process, ctx, load);

	if (load->noload && !stand_in) {
		bs_store_release(process->store, found.image);
		return BS_NO_MAP;
	}
	bool dynamic_was_read = true;
	const char *refusal = stand_in
				      ? NULL
				      : process->policy->refuse(process->policy, found.image,
								load->by_dlopen, &dynamic_was_read);
	uint32_t odd_flags = bs_odd_flags(process->policy, found.image);

	if (!stand_in)
		bs_load_note_add(process, ctx, load, traces, BS_LOAD_BEGINS, BS_NO_MAP, 0);
	if (!stand_in && odd_flags && dynamic_was_read)
		bs_load_note_add(process, ctx, load, traces, BS_LOAD_ODD_FLAGS, BS_NO_MAP,
				 odd_flags);
	if (!refusal && !stand_in && !take_stack(process, found.image, load->by_dlopen)) {
		refusal = "cannot enable executable stack as shared object requires";
		ret_failure->os_error = EINVAL;
	}
	if (refusal) {
		bs_store_release(process->store, found.image);
		ret_failure->subject = load->name;
		ret_failure->words = refusal;
		return BS_NO_MAP;
	}
	id = bs_map_add(process, ctx, load, found.image, found.path);
	struct bs_map *map = bs_map_at(process, id);

	map->how = found.how;
	map->via = found.how == BS_HOW_RPATH || found.how == BS_HOW_RUNPATH ? found.via : BS_NO_MAP;
	if (stand_in) {
		map->real = process->loader;
		map->relocated = true;
		map->has_file_id = false;
		map->versions_checked = true;
		return id;
	}
	bs_load_note_add(process, ctx, load, traces, BS_LOAD_MAPPED, id, 0);
	if (found.image->flags_1 & DF_1_INITFIRST)
		process->initfirst = id;
	return id;
}
