/* SPDX-License-Identifier: MIT */
/*
 * Room in the static TLS block. Sizes below leave out the thread control block of machines where it
 * lies behind all others and both sides of every comparison contain it. (glibc
 * elf/dl-tls.c:_dl_determine_tlsoffset, elf/dl-reloc.c:_dl_try_allocate_static_tls)
 */
#include "scope-priv.h"

#include <elf.h>

enum {
	TCB_ALIGNMENT = 64,
	RSEQ_AREA = 32, /* and its alignment, as kernels have it up to now */
};

struct block {
	uint64_t size, align;
	uint64_t first; /* p_vaddr modulo align: how far the block's start is from an aligned
			   address */
};

static bool block_of(const struct bs_image *image, struct block *ret)
{
	if (!image || !image->has_tls)
		return false;
	for (uint32_t i = 0; i < image->n_segments; i++) {
		const struct bs_segment *s = &image->segments[i];

		if (s->type != PT_TLS)
			continue;
		ret->size = s->memsz;
		ret->align = s->align ? s->align : 1;
		ret->first = s->align ? s->vaddr & (s->align - 1) : 0;
	}
	return true;
}

static uint64_t round_up(uint64_t value, uint64_t align)
{
	return (value + align - 1) / align * align;
}

/* On these machines the block ends at the thread pointer and grows downwards; elsewhere it starts
 * behind it. */
static bool grows_down(const struct bs_process *process)
{
	uint16_t machine = process->setup->target.machine->e_machine;

	return machine == EM_X86_64 || machine == EM_386 || machine == EM_S390;
}

/* Where a block goes; a gap that alignment left behind an earlier one is used when it is large
 * enough. */
struct gap {
	uint64_t top, bottom;
};

static void place_downwards(struct bs_static_tls *tls, struct gap *gap, const struct block *b)
{
	uint64_t first = -b->first & (b->align - 1);
	uint64_t offset;

	if (gap->bottom - gap->top >= b->size) {
		offset = round_up(gap->top + b->size - first, b->align) + first;
		if (offset <= gap->bottom) {
			gap->top = offset;
			return;
		}
	}
	offset = round_up(tls->used + b->size - first, b->align) + first;
	if (offset > tls->used + b->size + (gap->bottom - gap->top)) {
		gap->top = tls->used;
		gap->bottom = offset - b->size;
	}
	tls->used = offset;
}

/* The first aligned place from FROM on that leaves room for what comes before it. */
static uint64_t aligned_behind(uint64_t from, uint64_t first, uint64_t align)
{
	uint64_t offset = round_up(from, align);

	return offset - from < first ? offset + align : offset;
}

static void place_upwards(struct bs_static_tls *tls, struct gap *gap, const struct block *b)
{
	uint64_t first = -b->first & (b->align - 1);
	uint64_t offset;

	if (b->size <= gap->top - gap->bottom) {
		offset = aligned_behind(gap->bottom, first, b->align);
		if (offset + b->size - first <= gap->top) {
			gap->bottom = offset + b->size - first;
			return;
		}
	}
	offset = aligned_behind(tls->used, first, b->align);
	if (offset - first - tls->used > gap->top - gap->bottom) {
		gap->bottom = tls->used;
		gap->top = offset - first;
	}
	tls->used = offset + b->size - first;
}

/* What stands at the thread pointer of machines whose blocks begin behind it. (glibc
 * sysdeps/MACHINE/nptl/tls.h: TLS_TCB_SIZE) */
static uint64_t head_size(const struct bs_process *process)
{
	switch (process->setup->target.machine->e_machine) {
	case EM_AARCH64:
		return 16;
	case EM_ARM:
		return 8;
	default:
		return 0;
	}
}

void bs_tls_begin(struct bs_process *process)
{
	struct bs_static_tls *tls = &process->tls;
	struct gap gap = { 0 };
	bool down = grows_down(process);

	tls->used = down ? 0 : head_size(process);
	tls->align = TCB_ALIGNMENT;
	tls->optional = process->policy->tls_optional;
	bs_vec_each (id, &process->maps) {
		struct bs_map *map = bs_map_at(process, id);
		struct block b = { 0 };

		if (!block_of(map->image, &b))
			continue;
		if (b.align > tls->align)
			tls->align = b.align;
		(down ? place_downwards : place_upwards)(tls, &gap, &b);
		map->tls_placed = true;
	}
	if (process->policy->tls_holds_rseq)
		tls->used = round_up(tls->used, RSEQ_AREA) + RSEQ_AREA;
	tls->size = round_up(tls->used + process->policy->tls_surplus,
			     down ? tls->align : TCB_ALIGNMENT);
}

bool bs_process_has_tls_place(const struct bs_process *process, bs_map_id id)
{
	const struct bs_map *map = bs_map_of(process, id);
	struct block b;

	return map->tls_placed || !block_of(map->image, &b);
}

bool bs_process_place_tls(struct bs_process *process, bs_map_id id, bool optional)
{
	struct bs_map *map = bs_map_at(process, id);
	struct bs_static_tls *tls = &process->tls;
	struct block b = { 0 };
	uint64_t use, free_bytes = tls->size - tls->used;

	if (map->tls_placed || !block_of(map->image, &b))
		return true;
	if (map->tls_is_dynamic || b.align > tls->align)
		return false;
	if (grows_down(process)) {
		if (free_bytes < b.size + b.first)
			return false;
		use = free_bytes - (free_bytes - b.size - b.first) / b.align * b.align - b.first;
	} else {
		uint64_t offset = round_up(tls->used - b.first, b.align) + b.first;

		use = offset + b.size - tls->used;
		if (use > free_bytes)
			return false;
	}
	if (process->policy->optional_tls_is_free)
		optional = false;
	if (optional && use > tls->optional)
		return false;
	if (optional)
		tls->optional -= use;
	tls->used += use;
	map->tls_placed = true;
	map->tls_end = tls->used;
	map->tls_start = grows_down(process) ? tls->used - b.size : tls->used - use;
	return true;
}

void bs_process_use_tls(struct bs_process *process, bs_map_id id)
{
	struct bs_map *map = bs_map_at(process, id);
	struct block b;

	map->tls_is_dynamic |= !map->tls_placed && block_of(map->image, &b);
}

/* A chunk of the block that is free again: neighbours are joined as they come. */
struct chunk {
	uint64_t start, end;
	bool any;
};

/*
 * Takes the chunk START to END in. Only what lies at the end of the used area comes back; a hole
 * that is found while another is held is lost, as in the loader. (glibc
 * elf/dl-close.c:_dl_close_worker)
 */
static void take_in(struct bs_static_tls *tls, struct chunk *free_chunk, uint64_t start,
		    uint64_t end)
{
	if (!free_chunk->any) {
		*free_chunk = (struct chunk){ start, end, true };
	} else if (end == free_chunk->start) {
		free_chunk->start = start;
	} else if (start == free_chunk->end) {
		free_chunk->end = end;
	} else if (free_chunk->end == tls->used) {
		tls->used = free_chunk->start;
		*free_chunk = (struct chunk){ start, end, true };
	} else if (end == tls->used) {
		tls->used = start;
	} else if (free_chunk->end < end) {
		*free_chunk = (struct chunk){ start, end, true };
	}
}

void bs_tls_give_back(struct bs_process *process, const bs_ids *order, const uint8_t *is_kept)
{
	struct chunk free_chunk = { 0 };

	bs_vec_each (i, order) {
		const struct bs_map *map = bs_map_of(process, order->v[i]);
		struct block b = { 0 };

		if (is_kept[order->v[i]] || !map->tls_placed || !block_of(map->image, &b))
			continue;
		take_in(&process->tls, &free_chunk, map->tls_start, map->tls_end);
	}
	if (free_chunk.any && free_chunk.end == process->tls.used)
		process->tls.used = free_chunk.start;
}
