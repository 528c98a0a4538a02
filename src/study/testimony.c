/* SPDX-License-Identifier: MIT */
/* What a loader told, kept by what is distinct: a log may be long, and says mostly the same. */
#include "verify-priv.h"

#include <string.h>

enum { FEWEST_HEADS = 1 << 8 };

static const struct {
	const char *text;
	enum bs_verify_part part;
} kinds[BS_DEED_COUNT_] = {
#define DEED(id, part, text) { text, BS_VERIFY_##part },
#include "testimony.def"
#undef DEED
};

const char *bs_deed_text(enum bs_deed_kind kind)
{
	return kinds[kind].text;
}

enum bs_verify_part bs_deed_part(enum bs_deed_kind kind)
{
	return kinds[kind].part;
}

const char *bs_verify_part_name(enum bs_verify_part part)
{
	static const char *const names[BS_VERIFY_PART_COUNT_] = {
		[BS_VERIFY_ERRORS] = "errors",	   [BS_VERIFY_OBJECTS] = "objects",
		[BS_VERIFY_SEARCHES] = "searches", [BS_VERIFY_VERSIONS] = "versions",
		[BS_VERIFY_SCOPES] = "scopes",	   [BS_VERIFY_BINDINGS] = "bindings",
	};

	return names[part];
}

const char *bs_base_name(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash ? slash + 1 : name;
}

void bs_told_add(struct bs_arena *arena, struct bs_told_text *text, const char *s)
{
	size_t n = strlen(s);

	if (n >= UINT32_MAX - text->n)
		bs_arena_exhausted(arena);
	bs_vec_reserve(arena, text, (uint32_t)n + 1);
	memcpy(text->v + text->n, s, n + 1);
	text->n += (uint32_t)n;
}

void bs_told_begin(struct bs_arena *arena, struct bs_told_text *text)
{
	text->n = 0;
	bs_told_add(arena, text, "");
}

struct bs_testimony *bs_testimony_new(struct bs_arena *arena, struct bs_names *names)
{
	struct bs_testimony *t = bs_new(arena, struct bs_testimony, 1);

	t->arena = arena;
	t->names = names;
	bs_vec_push(arena, &t->marks, (struct bs_mark){ .kind = BS_MARK_START });
	return t;
}

void bs_testimony_done(struct bs_testimony *t)
{
	bs_arena_free(t->arena);
}

/* ---- tables ---------------------------------------------------------------------------------- */

static uint32_t mix(uint32_t hash, uint32_t value)
{
	hash = (hash ^ value) * 0x9e3779b1u;
	return hash ^ hash >> 15;
}

static uint32_t subject_hash(const struct bs_deed *f)
{
	return mix(mix(mix(mix(mix(f->kind, f->who), f->what), f->version), f->ns), f->number);
}

static uint32_t deed_hash(const struct bs_deed *f)
{
	return mix(mix(mix(subject_hash(f), f->to), f->to_ns), f->is_protected);
}

static bool is_same_subject(const struct bs_deed *a, const struct bs_deed *b)
{
	return a->kind == b->kind && a->who == b->who && a->what == b->what &&
	       a->version == b->version && a->ns == b->ns && a->number == b->number;
}

static bool is_same_deed(const struct bs_deed *a, const struct bs_deed *b)
{
	return is_same_subject(a, b) && a->to == b->to && a->to_ns == b->to_ns &&
	       a->is_protected == b->is_protected;
}

static uint32_t object_hash(bs_name name, uint32_t ns)
{
	return mix(mix(1, name), ns);
}

/* Makes the heads of a table anew when it holds N elements, whose hashes HASH_OF gives. */
static void grow_table(struct bs_testimony *t, uint32_t **heads, uint32_t *n_heads, bs_ids *next,
		       uint32_t n, uint32_t (*hash_of)(const struct bs_testimony *t, uint32_t i))
{
	if (n < *n_heads)
		return;
	*n_heads = *n_heads ? *n_heads * 2 : FEWEST_HEADS;
	*heads = bs_new(t->arena, uint32_t, *n_heads);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t *head = &(*heads)[hash_of(t, i) & (*n_heads - 1)];

		next->v[i] = *head;
		*head = i + 1;
	}
}

static uint32_t hash_of_deed(const struct bs_testimony *t, uint32_t i)
{
	return deed_hash(&t->deeds.v[i].deed);
}

static uint32_t hash_of_subject(const struct bs_testimony *t, uint32_t i)
{
	return subject_hash(&t->deeds.v[t->subject_firsts.v[i]].deed);
}

static uint32_t hash_of_object(const struct bs_testimony *t, uint32_t i)
{
	return object_hash(t->objects.v[i].name, t->objects.v[i].ns);
}

static void link_in(struct bs_testimony *t, uint32_t *heads, uint32_t n_heads, bs_ids *next,
		    uint32_t hash)
{
	uint32_t *head = &heads[hash & (n_heads - 1)];

	bs_vec_push(t->arena, next, *head);
	*head = next->n;
}

uint32_t bs_deed_find(const struct bs_testimony *t, const struct bs_deed *deed)
{
	uint32_t at = t->n_deed_heads ? t->deed_heads[deed_hash(deed) & (t->n_deed_heads - 1)] : 0;

	while (at && !is_same_deed(&t->deeds.v[at - 1].deed, deed))
		at = t->deed_next.v[at - 1];
	return at ? at - 1 : BS_NO_DEED;
}

uint32_t bs_deed_subject(const struct bs_testimony *t, const struct bs_deed *deed)
{
	uint32_t at = t->n_subject_heads
			      ? t->subject_heads[subject_hash(deed) & (t->n_subject_heads - 1)]
			      : 0;

	while (at && !is_same_subject(&t->deeds.v[t->subject_firsts.v[at - 1]].deed, deed))
		at = t->subject_next.v[at - 1];
	return at ? t->subject_firsts.v[at - 1] : BS_NO_DEED;
}

uint32_t bs_deed_enter(struct bs_testimony *t, const struct bs_deed *deed)
{
	uint32_t index = bs_deed_find(t, deed);

	if (index != BS_NO_DEED)
		return index;
	uint32_t first = bs_deed_subject(t, deed);

	index = t->deeds.n;
	grow_table(t, &t->deed_heads, &t->n_deed_heads, &t->deed_next, t->deeds.n, hash_of_deed);
	bs_vec_push(t->arena, &t->deeds,
		    (struct bs_held_deed){ .deed = *deed, .other_outcome = BS_VERIFY_NO_ANSWER });
	link_in(t, t->deed_heads, t->n_deed_heads, &t->deed_next, deed_hash(deed));
	if (first == BS_NO_DEED) {
		grow_table(t, &t->subject_heads, &t->n_subject_heads, &t->subject_next,
			   t->subject_firsts.n, hash_of_subject);
		bs_vec_push(t->arena, &t->subject_firsts, index);
		link_in(t, t->subject_heads, t->n_subject_heads, &t->subject_next,
			subject_hash(deed));
		return index;
	}
	t->deeds.v[index].next_of_subject = t->deeds.v[first].next_of_subject;
	t->deeds.v[first].next_of_subject = index + 1;
	return index;
}

static uint32_t find_object(const struct bs_testimony *t, bs_name name, uint32_t ns)
{
	uint32_t at = t->n_object_heads
			      ? t->object_heads[object_hash(name, ns) & (t->n_object_heads - 1)]
			      : 0;

	while (at && (t->objects.v[at - 1].name != name || t->objects.v[at - 1].ns != ns))
		at = t->object_next.v[at - 1];
	return at ? at - 1 : UINT32_MAX;
}

const struct bs_told_object *bs_told_find(const struct bs_testimony *t, bs_name name, uint32_t ns)
{
	uint32_t i = find_object(t, name, ns);

	return i == UINT32_MAX ? NULL : &t->objects.v[i];
}

/* ---- how far the process has come -------------------------------------------------------------
 */

static void mark(struct bs_testimony *t, enum bs_mark_kind kind, bs_name name, uint32_t ns,
		 uint32_t nth)
{
	if (!t->started && (kind == BS_MARK_INIT || kind == BS_MARK_CONTROL))
		t->started = t->marks.n;
	bs_vec_push(t->arena, &t->marks, (struct bs_mark){ kind, name, ns, nth });
}

/* NAME is there. */
static void see(struct bs_testimony *t, bs_name name, uint32_t ns, struct bs_verify_place place)
{
	uint32_t i = find_object(t, name, ns);

	if (!name || (i != UINT32_MAX && t->objects.v[i].is_there))
		return;
	if (i == UINT32_MAX) {
		i = t->objects.n;
		grow_table(t, &t->object_heads, &t->n_object_heads, &t->object_next, i,
			   hash_of_object);
		bs_vec_push(t->arena, &t->objects,
			    ((struct bs_told_object){
				    .name = name,
				    .ns = ns,
				    .first_mark = t->marks.n,
				    .first = place,
			    }));
		link_in(t, t->object_heads, t->n_object_heads, &t->object_next,
			object_hash(name, ns));
	}
	t->objects.v[i].is_there = true;
	t->objects.v[i].is_ending = false;
	t->objects.v[i].came = t->marks.n;
	mark(t, BS_MARK_SEEN, name, ns, t->objects.v[i].n_times++);
}

/* What was being destroyed is gone. */
static void bury(struct bs_testimony *t)
{
	uint32_t i = t->dying ? find_object(t, t->dying, t->dying_ns) : UINT32_MAX;

	if (i != UINT32_MAX) {
		t->objects.v[i].is_there = false;
		t->objects.v[i].is_ending = true;
	}
	t->dying = 0;
}

void bs_testimony_init(struct bs_testimony *t, bs_name name)
{
	struct bs_told_object *last = NULL;

	bury(t);
	/* The line names no namespace: it is the one of that name that came last. */
	for (uint32_t ns = 0; ns < BS_MAX_NAMESPACES; ns++) {
		uint32_t i = find_object(t, name, ns);

		if (i != UINT32_MAX && (!last || t->objects.v[i].came > last->came))
			last = &t->objects.v[i];
	}
	if (!last)
		return;
	/* It was taken for the dying one, if that is what was told of last. */
	see(t, name, last->ns, last->first);
	mark(t, BS_MARK_INIT, name, last->ns, last->n_times - 1);
}

void bs_testimony_control(struct bs_testimony *t)
{
	bury(t);
	t->has_control = true;
	mark(t, BS_MARK_CONTROL, 0, 0, 0);
}

void bs_testimony_fini(struct bs_testimony *t, bs_name name, uint32_t ns)
{
	bury(t);
	t->dying = name;
	t->dying_ns = ns;
}

void bs_testimony_gone(struct bs_testimony *t, bs_name name, uint32_t ns,
		       struct bs_verify_place place)
{
	bury(t);
	uint32_t i = find_object(t, name, ns);

	/* One that goes before anything was bound has come all the same. */
	if (i == UINT32_MAX || !t->objects.v[i].is_ending)
		see(t, name, ns, place);
	t->dying = name;
	t->dying_ns = ns;
	bury(t);
	i = find_object(t, name, ns);
	if (i != UINT32_MAX)
		t->objects.v[i].is_ending = false;
}

void bs_testimony_tell(struct bs_testimony *t, const struct bs_deed *deed,
		       struct bs_verify_place place)
{
	bool is_binding = deed->kind == BS_DEED_BINDING;

	/* Destructors call functions, and what these bind may be needed from then on. */
	if (!is_binding && deed->kind != BS_DEED_DEPENDENCY && deed->kind != BS_DEED_ERROR)
		bury(t);
	if (is_binding || deed->kind == BS_DEED_VERSION || deed->kind == BS_DEED_SCOPE)
		see(t, deed->who, deed->ns, place);
	if (is_binding)
		see(t, deed->to, deed->to_ns, place);
	uint32_t index = bs_deed_enter(t, deed);
	struct bs_held_deed *held = &t->deeds.v[index];

	if (deed->kind == BS_DEED_LOADED)
		mark(t, BS_MARK_LOADED, deed->what, deed->ns, held->told);
	if (deed->kind == BS_DEED_OPENED)
		mark(t, BS_MARK_OPENED, deed->who, deed->ns, deed->number);
	if (!held->told++) {
		held->first = place;
		held->first_mark = t->marks.n - 1;
	}
	held->last_mark = t->marks.n - 1;
	t->parts |= 1u << bs_deed_part(deed->kind);
}

void bs_testimony_tear(struct bs_testimony *t, const struct bs_deed *deed)
{
	bs_vec_push(t->arena, &t->torn, *deed);
}
