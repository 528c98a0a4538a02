/* SPDX-License-Identifier: MIT */
/*
 * --format=ldd: what ldd prints, without the addresses. Its options are parts: `versions` is -v,
 * `undefined` is -r, `unused` alone is -u. (glibc elf/rtld.c:dl_main, rtld_mode_trace)
 */
#include "report.h"

#include <elf.h>
#include <string.h>

enum {
	SHOW_LIBS = 1 << 0,
	SHOW_VERSIONS = 1 << 1,
	SHOW_UNDEFINED = 1 << 2,
	SHOW_UNUSED = 1 << 3,
};

static const char *const parts[] = { "libs", "versions", "undefined", "unused", NULL };

/* One line of pieces; NULL ends. */
static void line(struct bs_report *report, const char *const *pieces)
{
	bs_write_pieces(report->writer, pieces);
	bs_write(report->writer, "\n", 1);
}

#define LINE(report, ...) line((report), (const char *const[]){ __VA_ARGS__, NULL })

/* ---- objects ------------------------------------------------------------------------------- */

/* An object that the step brought, or the name of one that is not there. */
struct entry {
	bs_map_id map; /* BS_NO_MAP: missing */
	const char *missing;
};

typedef BS_VEC(struct entry) entries;

/* The link map after the executable, with what a trace went on without in its places. */
static entries started(const struct bs_run *run)
{
	const struct bs_process *process = &run->process;
	const bs_ids *order = &process->ns[0].order;
	entries list = { 0 };
	uint32_t k = 0;

	bs_vec_each (i, order) {
		bs_map_id id = order->v[i];

		/* ld.so and the vdso have low ids and high places. */
		if (bs_map_of(process, id)->role == BS_ROLE_ORDINARY)
			for (; k < process->missing.n && process->missing.v[k].before <= id; k++)
				bs_vec_push(
					run->ctx.arena, &list,
					(struct entry){ BS_NO_MAP, process->missing.v[k].name });
		if (id != process->executable)
			bs_vec_push(run->ctx.arena, &list, (struct entry){ .map = id });
	}
	for (; k < process->missing.n; k++)
		bs_vec_push(run->ctx.arena, &list,
			    (struct entry){ BS_NO_MAP, process->missing.v[k].name });
	return list;
}

/* A dlopen stops at the first object that is missing. */
static entries opened(const struct bs_run *run, const struct bs_step_result *result)
{
	entries list = { 0 };

	bs_vec_each (i, &result->born)
		bs_vec_push(run->ctx.arena, &list, (struct entry){ .map = result->born.v[i] });
	if (result->state == BS_STEP_FAILED && result->failure.not_found)
		bs_vec_push(run->ctx.arena, &list,
			    (struct entry){ BS_NO_MAP, result->failure.subject });
	return list;
}

static bool needs_nothing(const struct bs_run *run)
{
	return !bs_image_has_dynamic(bs_map_of(&run->process, run->process.executable)->image,
				     DT_NEEDED);
}

static void write_libs(struct bs_report *report, const struct bs_run *run, const entries *list)
{
	bs_vec_each (i, list) {
		if (list->v[i].map == BS_NO_MAP) {
			LINE(report, "\t", list->v[i].missing, " => not found");
			continue;
		}
		const struct bs_map *map = bs_map_of(&run->process, list->v[i].map);
		const char *request = bs_text(&run->ctx, map->names.v[0]);
		const char *name = bs_text(&run->ctx, map->name);

		if (strcmp(request, name) == 0)
			LINE(report, "\t", name);
		else
			LINE(report, "\t", request, " => ", name);
	}
}

/* ---- what the loader complains of before the list ------------------------------------------- */

static void write_complaints(struct bs_report *report, const struct bs_run *run,
			     const struct bs_step_result *result)
{
	bs_vec_each (i, &result->passed_over) {
		const struct bs_passed_over *p = &result->passed_over.v[i];

		LINE(report, "ERROR: ld.so: object '", p->word, "' from ", p->source,
		     " cannot be preloaded (", p->failure.words, "): ignored.");
	}
	bs_vec_each (i, &result->versions) {
		const struct bs_version_check *check = &result->versions.v[i];

		if (check->words)
			LINE(report, run->program, ": ", bs_run_map_name(run, check->target), ": ",
			     check->words);
	}
}

/* ---- versions ------------------------------------------------------------------------------ */

/* The object that FILE means to MAP, by any of its names. */
static bs_map_id named(const struct bs_run *run, bs_map_id id, const char *file)
{
	const struct bs_process *process = &run->process;
	const struct bs_map *map = bs_map_of(process, id);
	bs_list_id list =
		map->kind == BS_MAP_LOADED ? map->searchlist : bs_global_list(process, map->ns);
	const bs_ids *searched = &process->lists.v[list].maps;
	const bs_ids *order = &process->ns[map->ns].order;
	bs_name name = bs_name_of(run->ctx.names, file);

	for (uint32_t i = searched->n; i-- > 0;)
		if (bs_map_has_name(process, searched->v[i], name))
			return searched->v[i];
	bs_vec_each (i, order)
		if (map->kind == BS_MAP_LOADED && bs_map_has_name(process, order->v[i], name))
			return order->v[i];
	return BS_NO_MAP;
}

static bool defines(const struct bs_run *run, bs_map_id id, const char *version)
{
	const struct bs_image *image =
		id == BS_NO_MAP
			? NULL
			: bs_map_of(&run->process, bs_map_of(&run->process, id)->real)->image;

	for (uint32_t i = 0; image && i < image->versions.n_defs; i++)
		if (image->versions.defs[i].name &&
		    strcmp(image->versions.defs[i].name, version) == 0)
			return true;
	return false;
}

static void write_needs(struct bs_report *report, const struct bs_run *run, bs_map_id id)
{
	const struct bs_image *image = bs_map_of(&run->process, id)->image;

	LINE(report, "\t", bs_run_map_name(run, id), ":");
	for (uint32_t i = 0; i < image->versions.n_needs; i++) {
		const struct bs_verneed *need = &image->versions.needs[i];
		bs_map_id target = named(run, id, need->file);

		for (uint32_t k = 0; k < need->n_aux; k++)
			LINE(report, "\t\t", need->file, " (", need->aux[k].name, ") ",
			     need->aux[k].flags & VER_FLG_WEAK ? "[WEAK] " : "", "=> ",
			     defines(run, target, need->aux[k].name)
				     ? bs_text(&run->ctx, bs_map_of(&run->process, target)->name)
				     : "not found");
	}
}

static void write_versions(struct bs_report *report, const struct bs_run *run,
			   const struct bs_step_result *result, const entries *list)
{
	bool first = true;

	/* Entry -1 is the executable. */
	for (uint32_t i = 0; i <= list->n; i++) {
		bs_map_id id = i ? list->v[i - 1].map : run->process.executable;

		if (id == BS_NO_MAP || (i == 0 && result->number))
			continue;
		const struct bs_map *map = bs_map_of(&run->process, id);

		if (!map->image || map->real != id || !map->image->versions.n_needs)
			continue;
		if (first)
			LINE(report, "\n\tVersion information:");
		first = false;
		write_needs(report, run, id);
	}
}

/* ---- undefined symbols --------------------------------------------------------------------- */

static void write_undefined(struct bs_report *report, const struct bs_run *run,
			    const struct bs_binding *b)
{
	const struct bs_image *image = bs_map_of(&run->process, b->referrer)->image;
	const struct bs_version *version = bs_reference_version(image, b->symbol);

	if (!bs_selected(&report->selection, run, b))
		return;
	LINE(report, "undefined symbol: ", bs_run_symbol_name(run, b), version ? ", version " : "",
	     version ? version->name : "", "\t(", bs_run_map_name(run, b->referrer), ")");
}

/* The first of MAP's bindings at which the loader dies; the number of bindings when there is none.
 */
static uint32_t find_crash(const bs_bindings *bindings, bs_map_id map)
{
	bs_vec_each (i, bindings)
		if (bindings->v[i].referrer == map && bindings->v[i].outcome == BS_LOOKUP_CRASH)
			return i;
	return bindings->n;
}

static bool write_crash(struct bs_report *report, const struct bs_run *run,
			const struct bs_binding *b)
{
	LINE(report, bs_run_map_name(run, b->referrer), ": the loader crashes when it looks for ",
	     bs_run_symbol_name(run, b));
	return false;
}

/*
 * What MAP asks for in vain while it is relocated, then in calls that wait. False when the loader
 * comes no further.
 */
static bool write_undefined_of(struct bs_report *report, const struct bs_run *run,
			       const struct bs_step_result *result, bs_map_id map)
{
	const struct bs_relocated *relocated = &result->relocated;
	uint32_t crash = find_crash(&relocated->bindings, map);

	bs_vec_each (i, &relocated->notes) {
		const struct bs_note *note = &relocated->notes.v[i];

		if (note->kind != BS_NOTE_UNDEFINED && note->kind != BS_NOTE_UNDEFINED_AGAIN)
			continue;
		const struct bs_binding *b = &relocated->bindings.v[note->a];

		if (b->referrer == map && b->symbol && note->a < crash)
			write_undefined(report, run, b);
	}
	if (crash < relocated->bindings.n)
		return write_crash(report, run, &relocated->bindings.v[crash]);
	bs_vec_each (i, &result->slots) {
		const struct bs_binding *b = &result->slots.v[i];

		if (b->referrer == map && b->outcome == BS_UNDEFINED)
			write_undefined(report, run, b);
		else if (b->referrer == map && b->outcome == BS_LOOKUP_CRASH)
			return write_crash(report, run, b);
	}
	return true;
}

static void mark_troubled(const bs_bindings *bindings, uint8_t *troubled)
{
	bs_vec_each (i, bindings)
		if (bindings->v[i].outcome == BS_UNDEFINED ||
		    bindings->v[i].outcome == BS_LOOKUP_CRASH)
			troubled[bindings->v[i].referrer] = 1;
}

/* One object after another, in the order of relocation. */
static void write_all_undefined(struct bs_report *report, const struct bs_run *run,
				const struct bs_step_result *result)
{
	const struct bs_relocated *relocated = &result->relocated;
	bs_map_id root = result->step ? result->opening.root : run->process.executable;
	uint8_t *troubled = bs_new(run->ctx.arena, uint8_t, run->process.maps.n);

	mark_troubled(&relocated->bindings, troubled);
	mark_troubled(&result->slots, troubled);
	if (root != BS_NO_MAP) {
		const bs_ids *order = &bs_map_of(&run->process, root)->initfini;

		for (uint32_t i = order->n; i-- > 0;)
			if (troubled[order->v[i]] &&
			    !write_undefined_of(report, run, result, order->v[i]))
				return;
	}
	/* Whatever else ends a relocation is said where the loader ends. */
	if (result->state == BS_STEP_FAILED && result->failed_in == BS_STAGE_BINDING &&
	    !(relocated->stopped_at &&
	      relocated->notes.v[relocated->stopped_at - 1].kind == BS_NOTE_UNDEFINED))
		LINE(report, result->message);
}

/* ---- direct dependencies that nothing is bound to ------------------------------------------- */

static void mark_used(const struct bs_run *run, const bs_bindings *bindings, uint8_t *used)
{
	bs_vec_each (i, bindings) {
		const struct bs_binding *b = &bindings->v[i];

		if (b->referrer == run->process.executable && b->symbol && b->outcome == BS_BOUND &&
		    b->why != BS_WHY_LOCAL)
			used[b->definer] = 1;
	}
}

/*
 * ldd takes as many objects of the link map as the executable has DT_NEEDED entries. Where
 * preloads come first, or two entries lead to one object, it takes the wrong ones; so it is here.
 */
static void write_unused(struct bs_report *report, const struct bs_run *run,
			 const struct bs_step_result *result, const entries *list)
{
	const struct bs_image *image = bs_map_of(&run->process, run->process.executable)->image;
	uint8_t *used = bs_new(run->ctx.arena, uint8_t, run->process.maps.n);
	uint32_t at = 0;
	bool first = true;

	const bs_bindings *halves[] = { &result->relocated.bindings, &result->slots };

	for (int i = 0; i < 2; i++) {
		uint32_t crash = find_crash(halves[i], run->process.executable);

		if (crash < halves[i]->n) {
			write_crash(report, run, &halves[i]->v[crash]);
			return;
		}
		mark_used(run, halves[i], used);
	}
	for (uint32_t i = 0; i < image->n_dynamic; i++) {
		if (image->dynamic[i].tag != DT_NEEDED)
			continue;
		while (at < list->n && list->v[at].map != BS_NO_MAP &&
		       bs_map_of(&run->process, list->v[at].map)->role == BS_ROLE_VDSO)
			at++;
		if (at == list->n)
			return;
		const struct entry *entry = &list->v[at++];

		if (entry->map != BS_NO_MAP && used[entry->map])
			continue;
		if (first)
			LINE(report, "Unused direct dependencies:");
		first = false;
		LINE(report, "\t",
		     entry->map == BS_NO_MAP ? entry->missing : bs_run_map_name(run, entry->map));
	}
}

/* ---- a loader that lists for itself ---------------------------------------------------------- */

/*
 * What musl's loader writes as it goes: itself, each object when it is loaded, its own other names
 * once each, and all that goes wrong. (musl ldso/dynlink.c:__dls3, load_library)
 */
static void write_as_loaded(struct bs_report *report, const struct bs_run *run,
			    const struct bs_step_result *result)
{
	const struct bs_process *process = &run->process;

	LINE(report, "\t", run->interp);
	bs_vec_each (i, &process->load_notes) {
		const struct bs_load_note *note = &process->load_notes.v[i];
		bool loader = bs_map_of(process, note->map)->role == BS_ROLE_LOADER;

		/* The loader has its line already, but for its names. */
		if ((note->kind == BS_LOAD_MAPPED && !loader) || note->kind == BS_LOAD_RESERVED)
			LINE(report, "\t", note->name, " => ",
			     bs_text(&run->ctx, bs_map_of(process, note->map)->name));
	}
	bs_vec_each (i, &result->relocated.said)
		LINE(report, bs_run_say(run, &result->relocated.said.v[i], true));
}

/* ---- steps --------------------------------------------------------------------------------- */

static void write_startup(struct bs_report *report, const struct bs_run *run,
			  const struct bs_step_result *result)
{
	const entries list = started(run);

	if (run->scope_policy.chain) {
		write_as_loaded(report, run, result);
		return;
	}
	write_complaints(report, run, result);
	if (result->stage != BS_STAGE_BINDING) {
		LINE(report, result->message);
		return;
	}
	if (report->show & SHOW_UNUSED)
		write_unused(report, run, result, &list);
	if ((report->show & SHOW_LIBS) && needs_nothing(run))
		LINE(report, "\tstatically linked");
	else if (report->show & SHOW_LIBS)
		write_libs(report, run, &list);
	if (report->show & SHOW_UNDEFINED)
		write_all_undefined(report, run, result);
	if (report->show & SHOW_VERSIONS)
		write_versions(report, run, result, &list);
}

static void write_dlopen(struct bs_report *report, const struct bs_run *run,
			 const struct bs_step_result *result)
{
	const entries list = opened(run, result);

	write_complaints(report, run, result);
	if (report->show & SHOW_LIBS)
		write_libs(report, run, &list);
	if (result->state == BS_STEP_FAILED && result->stage != BS_STAGE_BINDING &&
	    !result->failure.not_found && *result->message)
		LINE(report, result->message);
	if (report->show & SHOW_UNDEFINED)
		write_all_undefined(report, run, result);
	if (report->show & SHOW_VERSIONS)
		write_versions(report, run, result, &list);
}

static void write_step(struct bs_report *report, const struct bs_run *run,
		       const struct bs_step_result *result, const bs_findings *findings)
{
	(void)findings; /* ldd finds nothing */
	if (run->plan->n_steps)
		bs_write_format(report->writer, "step %u:%s\n", result->number,
				result->state == BS_STEP_NOT_REACHED ? " not reached" : "");
	if (result->state == BS_STEP_NOT_REACHED)
		return;
	if (result->step)
		write_dlopen(report, run, result);
	else
		write_startup(report, run, result);
}

const struct bs_format bs_format_ldd = {
	.name = "ldd",
	.is_raw = true,
	.tells_no_findings = true,
	.parts = parts,
	.default_show = SHOW_LIBS,
	.traces = true,
	.step = write_step,
};
