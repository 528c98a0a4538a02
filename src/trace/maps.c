/* SPDX-License-Identifier: MIT */
/*
 * The link maps of a process, read again whenever its loader tells debuggers of a change. What came
 * with a call that is recorded belongs to that; what came or went by itself was opened or closed by
 * the C library, which does it without the functions of <dlfcn.h> (glibc elf/dl-libc.c).
 */
#include "trace-priv.h"

#include <dlfcn.h>
#include <string.h>

/* How far behind the begin of an object its dynamic section may lie. */
enum { FARTHEST = 1 << 28, PAGE = 4096 };

static const struct {
	enum bs_call call;
	const char *name;
} functions[] = {
	{ BS_CALL_DLOPEN, "dlopen" },	{ BS_CALL_DLMOPEN, "dlmopen" },
	{ BS_CALL_DLCLOSE, "dlclose" }, { BS_CALL_DLSYM, "dlsym" },
	{ BS_CALL_DLVSYM, "dlvsym" },
};

enum { N_FUNCTIONS = sizeof functions / sizeof *functions };

/* ---- looking up ------------------------------------------------------------------------------ */

struct bs_mapped *bs_map_at(struct bs_space *space, uint64_t address)
{
	bs_vec_each (i, &space->maps)
		if (address >= space->maps.v[i].start && address < space->maps.v[i].end)
			return &space->maps.v[i];
	return NULL;
}

struct bs_mapped *bs_map_with(struct bs_space *space, uint64_t link_map)
{
	bs_vec_each (i, &space->maps)
		if (space->maps.v[i].map.at == link_map)
			return &space->maps.v[i];
	return NULL;
}

/* The C library of namespace NS; NULL: it has none. */
static struct bs_mapped *library_of(struct bs_space *space, uint32_t ns)
{
	bs_vec_each (i, &space->maps)
		if (space->maps.v[i].is_library && space->maps.v[i].map.ns == ns)
			return &space->maps.v[i];
	return NULL;
}

/* ---- an object that came -----------------------------------------------------------------------
 */

static void find_segments(const struct bs_space *space, struct bs_mapped *map)
{
	const struct bs_memory *memory = &space->memory;
	uint64_t dynamic, page = map->map.dynamic & ~(uint64_t)(PAGE - 1);

	if (map->is_program) {
		bs_program_segments(memory, &space->auxiliary, &map->start, &map->end);
		return;
	}
	if (bs_segments_read(memory, map->map.bias, &map->start, &map->end, &dynamic) &&
	    dynamic == map->map.dynamic)
		return;
	/* Its first segment has an address of its own. */
	for (uint64_t back = 0; back < FARTHEST && back <= page; back += PAGE)
		if (bs_segments_read(memory, page - back, &map->start, &map->end, &dynamic) &&
		    dynamic == map->map.dynamic)
			return;
	map->start = map->end = 0;
}

/* In musl the loader is the C library; glibc's has none of the functions. */
static bool is_library(const struct bs_space *space, const struct bs_mapped *map,
		       const struct bs_tables *tables)
{
	static const char *const names[] = { "libc.so.6", "libdl.so.2" };
	char soname[16] = "";

	if (map->map.bias == space->auxiliary.base)
		return space->is_musl;
	if (!tables->soname || !space->memory.read(&space->memory, tables->strings + tables->soname,
						   soname, sizeof soname - 1))
		return false;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(soname, names[i]) == 0)
			return true;
	return false;
}

static void watch_library(struct bs_tracer *t, struct bs_space *space, struct bs_mapped *map)
{
	struct bs_tables tables;

	if (!bs_tables_read(&space->memory, map->map.dynamic, map->map.bias, &tables) ||
	    !is_library(space, map, &tables))
		return;
	for (unsigned i = 0; i < N_FUNCTIONS; i++) {
		uint64_t at = bs_tables_function(&space->memory, &tables, map->map.bias,
						 functions[i].name);
		struct bs_trap *trap = at ? bs_trap_set(t, space, at) : NULL;

		if (!trap)
			continue;
		trap->call = functions[i].call;
		map->is_library |= functions[i].call == BS_CALL_DLOPEN;
	}
	/* That of an older glibc has its functions in libdl, but is the one that opens by itself.
	 */
	map->is_library |= !space->is_musl && strstr(map->map.name, "libc.so.6");
}

/* As a plan names it (bs_run_object_text() says the same of what is simulated). */
static const char *text_of(struct bs_arena *arena, const struct bs_space *space,
			   const struct bs_mapped *map)
{
	const char *name = map->map.name;
	const struct bs_raw_step *step = map->born ? &space->log.steps.v[map->born - 1] : NULL;

	if (map->is_program)
		return space->log.recording->plan.executable;
	/* A relative path that is absolute in the plan; see calls.c. */
	if (step && step->step.file && *step->step.file == '/' && *name != '/' &&
	    strchr(name, '/')) {
		size_t n = strlen(name), n_file = strlen(step->step.file);

		if (n_file > n && strcmp(step->step.file + n_file - n, name) == 0)
			name = step->step.file;
	}
	return map->map.ns ? bs_arena_printf(arena, "%s[%u]", name, map->map.ns) : name;
}

static void begin_map(struct bs_tracer *t, struct bs_space *space, struct bs_mapped *map)
{
	map->map.name = bs_arena_printf(t->arena, "%s", map->map.name);
	if (map->map.requested)
		map->map.requested = bs_arena_printf(t->arena, "%s", map->map.requested);
	find_segments(space, map);
	map->text = text_of(t->arena, space, map);
	watch_library(t, space, map);
}

/* ---- what came and went
 * -------------------------------------------------------------------------- */

static bool is_same(const struct bs_live_map *a, const struct bs_live_map *b)
{
	return a->at == b->at && a->bias == b->bias && a->dynamic == b->dynamic && a->ns == b->ns;
}

/* glibc maps what is asked for first, then what that needs. (elf/dl-open.c:dl_open_worker_begin) */
static void add_internal_open(struct bs_tracer *t, struct bs_task *task, struct bs_mapped *root)
{
	struct bs_space *space = task->space;
	struct bs_mapped *library = library_of(space, root->map.ns);
	const char *file =
		root->map.requested && *root->map.requested ? root->map.requested : root->map.name;
	const struct bs_raw_step step = {
		.step = {
			.kind = BS_STEP_DLOPEN,
			.file = bs_arena_printf(t->arena, "%s", file),
			.spelled = bs_flags_text(t->arena, RTLD_NOW),
			.internal = true,
		},
		.handle = root->map.at,
		.ns = root->map.ns,
		.is_open = true,
	};

	root->born = bs_step_add(t, task, library, step);
	bs_step_has_loader(space, root->born);
}

static void add_internal_close(struct bs_tracer *t, struct bs_task *task, uint32_t of, uint32_t ns)
{
	struct bs_raw_step step = {
		.step = { .kind = BS_STEP_DLCLOSE, .internal = true },
		.of = of,
	};

	bs_step_has_loader(task->space, bs_step_add(t, task, library_of(task->space, ns), step));
}

static bool is_open_call(const struct bs_frame *frame)
{
	return frame && (frame->call == BS_CALL_DLOPEN || frame->call == BS_CALL_DLMOPEN);
}

/* The new ones stand in NEW with no step yet. */
static void attribute(struct bs_tracer *t, struct bs_task *task)
{
	struct bs_space *space = task->space;
	struct bs_frame *top = bs_frame_top(task);
	uint32_t born = 0, ns = UINT32_MAX;

	if (is_open_call(top) && !top->has_mapped)
		born = top->step;
	bs_vec_each (i, &space->maps) {
		struct bs_mapped *map = &space->maps.v[i];

		if (map->born != UINT32_MAX)
			continue;
		if (born && !top->has_mapped) {
			top->has_mapped = true;
			space->log.steps.v[born - 1].ns = map->map.ns;
		}
		map->born = born;
		if (!born && map->map.ns != ns) {
			ns = map->map.ns;
			add_internal_open(t, task, map);
		} else if (!born) {
			map->born = space->log.steps.n;
		}
	}
}

/* What OLD was is not there any more. */
static void end_map(struct bs_tracer *t, struct bs_task *task, const struct bs_mapped *old)
{
	struct bs_space *space = task->space;
	const struct bs_frame *top = bs_frame_top(task);
	bool is_called = top && (top->call == BS_CALL_DLCLOSE || is_open_call(top));
	uint32_t n = space->log.steps.n;

	/* The one ld.so is in every namespace. */
	if (old->end && !bs_map_at(space, old->start))
		bs_traps_forget(space, old->start, old->end);
	for (uint32_t i = 0; i < n; i++) {
		struct bs_raw_step *step = &space->log.steps.v[i];

		if (step->handle != old->map.at || !step->is_open)
			continue;
		step->is_open = false;
		if (step->step.internal && !is_called)
			add_internal_close(t, task, i + 1, old->map.ns);
	}
}

/* Which of OLD the Ith map that LIVE is was before; OLD.n: none. Mostly nothing before it came or
 * went. */
static uint32_t find_old(const struct bs_mapped *old, uint32_t n, uint32_t i,
			 const struct bs_live_map *live)
{
	if (i < n && is_same(&old[i].map, live))
		return i;
	for (uint32_t k = 0; k < n; k++)
		if (is_same(&old[k].map, live))
			return k;
	return n;
}

static void take_maps(struct bs_tracer *t, struct bs_task *task, const struct bs_live_maps *live,
		      struct bs_arena *scratch)
{
	struct bs_space *space = task->space;
	struct bs_mapped *old = bs_new(scratch, struct bs_mapped, space->maps.n);
	const uint32_t n_old = space->maps.n;
	bool is_startup = !space->is_started, has_new = false;
	bool *kept = bs_new(scratch, bool, n_old);

	if (n_old)
		memcpy(old, space->maps.v, n_old * sizeof *old);
	space->maps.n = 0;
	bs_vec_each (i, &live->maps) {
		struct bs_mapped map = {
			.map = live->maps.v[i],
			.born = is_startup ? 0 : UINT32_MAX,
			.is_program = i == 0,
		};
		uint32_t k = find_old(old, n_old, i, &map.map);

		if (k < n_old) {
			kept[k] = true;
			map = old[k];
		}
		has_new |= k == n_old;
		bs_vec_push(t->arena, &space->maps, map);
	}
	for (uint32_t k = 0; k < n_old; k++)
		if (!kept[k])
			end_map(t, task, &old[k]);
	if (!has_new)
		return;
	if (!is_startup)
		attribute(t, task);
	bs_vec_each (i, &space->maps)
		if (!space->maps.v[i].text)
			begin_map(t, space, &space->maps.v[i]);
	bs_vec_each (i, &space->maps) {
		struct bs_mapped *map = &space->maps.v[i];

		if (!map->is_watched)
			bs_constructors_watch(t, space, map);
		map->is_watched = true;
	}
}

/* While maps change only some of an object's are there. */
static bool is_changing(const struct bs_live_maps *live)
{
	bs_vec_each (i, &live->namespaces)
		if (live->namespaces.v[i].state != BS_LOADER_CONSISTENT)
			return true;
	return false;
}

/* The same where there is one namespace, which nothing else is read for: it is so every second
 * time. */
static bool is_seen_changing(const struct bs_space *space)
{
	uint64_t at = space->debug + 3 * sizeof(uint64_t); /* r_state */
	uint32_t state;

	return space->n_namespaces == 1 && bs_memory_u32(&space->memory, at, &state) &&
	       state != BS_LOADER_CONSISTENT;
}

static void read_maps(struct bs_tracer *t, struct bs_task *task, struct bs_arena *scratch)
{
	struct bs_space *space = task->space;
	struct bs_live_maps live;

	if (!bs_live_maps_read(scratch, &space->memory, space->debug, &live))
		return;
	space->n_namespaces = live.namespaces.n;
	/* glibc tells before and behind start-up's mapping; musl tells once, behind it. */
	space->adds |= live.namespaces.v[0].state == BS_LOADER_ADDS;
	if (is_changing(&live) || (!space->is_started && !space->adds && !space->is_musl))
		return;
	take_maps(t, task, &live, scratch);
	space->is_started = true;
}

void bs_maps_notice(struct bs_tracer *t, struct bs_task *task)
{
	struct bs_space *space = task->space;

	bs_frames_have_loader(space, task);
	if (!space->debug)
		space->debug = bs_live_debug(&space->memory, &space->auxiliary);
	if (!space->debug || (space->is_started && is_seen_changing(space)))
		return;
	struct bs_arena *scratch = bs_arena_new();

	if (!scratch)
		bs_arena_exhausted(t->arena);
	bs_arena_unwind_with(scratch, t->arena);
	read_maps(t, task, scratch);
	bs_arena_free(scratch);
}
