/* SPDX-License-Identifier: MIT */
/* The notes of objects about dlopen, read from JSON and held against the process. */
#include "dlopen-notes.h"

#include "jansson-late.h"

#include <string.h>

/* What no object comes near; beyond it somebody wants to keep the reader busy. */
enum { MOST_ENTRIES = 2000, MOST_SONAMES = 64, MOST_BAD = 100 };

static const char *const priorities[BS_NOTE_PRIORITY_COUNT_] = {
	[BS_NOTE_REQUIRED] = "required",
	[BS_NOTE_RECOMMENDED] = "recommended",
	[BS_NOTE_SUGGESTED] = "suggested",
};

const char *bs_note_priority_name(enum bs_note_priority priority)
{
	return priorities[priority];
}

enum bs_note_priority bs_note_priority_named(const char *text)
{
	enum bs_note_priority priority = 0;

	while (priority < BS_NOTE_PRIORITY_COUNT_ && strcmp(text, priorities[priority]) != 0)
		priority++;
	return priority;
}

/* ---- one note ------------------------------------------------------------------------------ */

/* One object's notes while they are read. */
struct reader {
	const struct bs_run *run;
	bs_map_id object;
	uint32_t n;	/* entries so far, those that are left out included */
	uint32_t n_bad; /* notes that have none */
	const struct bs_dlopen_note *note;
};

/* ENTRY is what is left out; 0: all of the note is. Several who ask for the same notes are told
 * once. */
static bool complain(const struct reader *r, uint32_t entry, const char *what, const char *text)
{
	const struct bs_run *run = r->run;
	const char *detail = bs_arena_printf(
		run->ctx.arena, "dlopen note%s: %s%s",
		entry ? bs_arena_printf(run->ctx.arena, ", entry %u", entry) : "", what, text);

	bs_diag_add_once(run->ctx.diags, BS_DIAG_MALFORMED, bs_run_map_name(run, r->object),
			 r->note->offset, 0, detail);
	return false;
}

/* The string KEY of an entry, or NULL where it has none; false: it is something else. */
static bool read_string(const struct reader *r, const json_t *entry, const char *key,
			const char **ret)
{
	const json_t *value = json_object_get(entry, key);

	*ret = NULL;
	if (!value)
		return true;
	if (!json_is_string(value))
		return complain(r, r->n, key, " is no string");
	const char *text = json_string_value(value);

	*ret = bs_arena_strndup(r->run->ctx.arena, text, strlen(text));
	return true;
}

static bool read_priority(const struct reader *r, const json_t *entry, enum bs_note_priority *ret)
{
	const char *text;

	*ret = BS_NOTE_RECOMMENDED;
	if (!read_string(r, entry, "priority", &text))
		return false;
	if (text)
		*ret = bs_note_priority_named(text);
	return *ret < BS_NOTE_PRIORITY_COUNT_ ||
	       complain(r, r->n, "priority is neither required, recommended nor suggested: ", text);
}

/* An empty name would be the program itself. */
static bool read_sonames(const struct reader *r, const json_t *entry, struct bs_note_entry *ret)
{
	struct bs_arena *arena = r->run->ctx.arena;
	const json_t *list = json_object_get(entry, "soname");

	if (!json_is_array(list))
		return complain(r, r->n, "soname is ", list ? "no array" : "missing");
	if (json_array_size(list) > MOST_SONAMES)
		return complain(r, r->n, "soname has more items than anybody needs", "");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *soname = json_array_get(list, i);
		const char *text = json_is_string(soname) ? json_string_value(soname) : NULL;

		if (!text || !*text)
			return complain(r, r->n, "soname has an item that is ",
					text ? "empty" : "no string");
		bs_vec_push(arena, &ret->sonames, bs_arena_strndup(arena, text, strlen(text)));
	}
	return ret->sonames.n || complain(r, r->n, "soname is empty", "");
}

static void read_entry(struct reader *r, const json_t *value, bs_note_entries *entries)
{
	struct bs_note_entry entry = { .object = r->object, .number = ++r->n };

	if (!json_is_object(value)) {
		complain(r, r->n, "it is no object", "");
		return;
	}
	if (read_string(r, value, "feature", &entry.feature) &&
	    read_string(r, value, "description", &entry.description) &&
	    read_priority(r, value, &entry.priority) && read_sonames(r, value, &entry))
		bs_vec_push(r->run->ctx.arena, entries, entry);
}

static void read_note(struct reader *r, bs_note_entries *entries)
{
	json_error_t error;
	/* A key that comes twice leaves open which one is meant. */
	json_t *array = json_loadb(r->note->text, r->note->n, JSON_REJECT_DUPLICATES, &error);

	if (!array) {
		r->n_bad++;
		complain(r, 0, "it is no JSON: ", error.text);
		return;
	}
	if (!json_is_array(array)) {
		r->n_bad++;
		complain(r, 0, "it is no array", "");
	}
	/* jansson gives 0 for what is no array. */
	for (size_t i = 0; i < json_array_size(array) && r->n < MOST_ENTRIES; i++)
		read_entry(r, json_array_get(array, i), entries);
	if (json_array_size(array) && r->n == MOST_ENTRIES)
		complain(r, 0, "the object has more entries than anybody needs; it ends here", "");
	json_decref(array);
}

void bs_note_entries_read(const struct bs_run *run, bs_map_id object, bs_note_entries *entries)
{
	const struct bs_notes *notes = &bs_map_of(&run->process, object)->image->notes;
	struct reader r = { .run = run, .object = object };
	const char *problem = bs_jansson_open();

	if (problem) {
		bs_diag_add(run->ctx.diags, BS_DIAG_NO_LIBRARY, bs_run_map_name(run, object),
			    BS_NO_OFFSET, 0, "its dlopen notes: %s", problem);
		return;
	}
	for (uint32_t i = 0; i < notes->n_dlopen && r.n < MOST_ENTRIES && r.n_bad < MOST_BAD; i++) {
		r.note = &notes->dlopen[i];
		read_note(&r, entries);
	}
	if (r.n_bad == MOST_BAD)
		complain(&r, 0, "so many are none that the others are not read", "");
}

/* ---- a run --------------------------------------------------------------------------------- */

bs_ids bs_noting_objects(const struct bs_run *run)
{
	bs_ids objects = { 0 };

	for (uint32_t ns = 0; ns < BS_MAX_NAMESPACES; ns++) {
		const bs_ids *order = &run->process.ns[ns].order;

		bs_vec_each (i, order) {
			const struct bs_map *map = bs_map_of(&run->process, order->v[i]);

			if (map->image && map->image->notes.n_dlopen && !map->removed)
				bs_vec_push(run->ctx.arena, &objects, order->v[i]);
		}
	}
	return objects;
}

/* The step that was taken from ENTRY. Its caller is told apart by name, as the plan tells it. */
static uint32_t step_from(const struct bs_run *run, const struct bs_note_entry *entry)
{
	const char *caller = bs_run_object_text(run, entry->object);

	for (uint32_t i = 0; i < run->plan->n_steps; i++) {
		const struct bs_step *step = &run->plan->steps[i];
		bool executable = !step->caller && entry->object == run->process.executable;

		if (step->note_entry == entry->number &&
		    (executable || (step->caller && caller && strcmp(step->caller, caller) == 0)))
			return i + 1;
	}
	return 0;
}

void bs_note_answers_find(const struct bs_run *run, struct bs_note_answers *ret)
{
	const bs_ids objects = bs_noting_objects(run);
	struct bs_seeker *seeker;
	bs_note_entries entries = { 0 };

	ret->list.n = 0;
	bs_vec_each (i, &objects)
		bs_note_entries_read(run, objects.v[i], &entries);
	if (!entries.n)
		return;
	seeker = bs_seeker_new(&run->process, &run->ctx);
	bs_vec_each (i, &entries) {
		struct bs_note_answer answer = {
			.entry = entries.v[i],
			.step = step_from(run, &entries.v[i]),
		};

		bs_vec_each (k, &answer.entry.sonames) {
			struct bs_sought sought;

			bs_seek(seeker, &run->ctx, answer.entry.object, answer.entry.sonames.v[k],
				&sought);
			bs_vec_push(run->ctx.arena, &answer.sought, sought);
		}
		bs_vec_push(run->ctx.arena, &ret->list, answer);
	}
}
