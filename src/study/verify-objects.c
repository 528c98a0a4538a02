/* SPDX-License-Identifier: MIT */
/* Objects that one side alone has, and what brought them. */
#include "verify-priv.h"

#include <string.h>

enum { DEEPEST_NEED = 64 };

static bool is_simulated(const struct bs_holding *h, bs_name name, uint32_t ns)
{
	return bs_made_step(h, name, ns, false, 0) != BS_NEVER;
}

struct bs_known_name *bs_known_of(struct bs_holding *h, bs_name name)
{
	while (h->known.n <= name)
		bs_vec_push(h->arena, &h->known, (struct bs_known_name){ 0 });
	return &h->known.v[name];
}

/* The object called NAME is one that no namespace of the simulation has. */
bool bs_is_foreign(struct bs_holding *h, bs_name name)
{
	struct bs_known_name *k = bs_known_of(h, name);

	if (k->has_foreign)
		return k->is_foreign;
	k->has_foreign = true;
	k->is_foreign = name && *bs_holding_text(h, name);
	for (uint32_t ns = 0; ns < BS_MAX_NAMESPACES && k->is_foreign; ns++)
		k->is_foreign = !is_simulated(h, name, ns);
	return k->is_foreign;
}

/* The one with the base name of NAME that the other side has alone, where NAME is one side's; 0:
 * there is none. */
static bs_name find_stand_in(struct bs_holding *h, bs_name name)
{
	const char *base = bs_base_name(bs_holding_text(h, name));

	if (!bs_is_foreign(h, name)) {
		bs_vec_each (i, &h->t->objects) {
			bs_name other = h->t->objects.v[i].name;

			if (other != name && bs_is_foreign(h, other) &&
			    strcmp(bs_base_name(bs_holding_text(h, other)), base) == 0)
				return other;
		}
		return 0;
	}
	bs_vec_each (i, &h->objects) {
		const struct bs_made_object *o = &h->objects.v[i];

		if (!o->is_request && o->name != name && !bs_told_find(h->t, o->name, o->ns) &&
		    strcmp(bs_base_name(bs_holding_text(h, o->name)), base) == 0)
			return o->name;
	}
	return 0;
}

bs_name bs_stand_in(struct bs_holding *h, bs_name name)
{
	if (!bs_known_of(h, name)->has_stand_in) {
		bs_name other = find_stand_in(h, name);

		bs_known_of(h, name)->stand_in = other;
		bs_known_of(h, name)->has_stand_in = true;
	}
	return bs_known_of(h, name)->stand_in;
}

/* Who asks for what, on either side. */
static void learn_requests(struct bs_holding *h)
{
	if (h->knows_requests)
		return;
	h->knows_requests = true;
	bs_vec_each (i, &h->t->deeds) {
		const struct bs_held_deed *held = &h->t->deeds.v[i];
		bool asks = held->deed.kind == BS_DEED_NEEDED || held->deed.kind == BS_DEED_DLOPEN;

		if (asks && held->told > held->made)
			bs_vec_push(h->arena, &h->asked, i);
		if (held->made && (asks || held->deed.kind == BS_DEED_SEARCH ||
				   held->deed.kind == BS_DEED_LOADED))
			bs_known_of(h, held->deed.what)->is_requested = true;
	}
}

/* Who asked for what NAME is, by the testimony; 0: nobody is known to. *RET_REQUEST: by which name.
 */
static bs_name asked_by(const struct bs_holding *h, bs_name name, bs_name *ret_request)
{
	const char *base = bs_base_name(bs_holding_text(h, name));

	bs_vec_each (i, &h->asked) {
		const struct bs_held_deed *held = &h->t->deeds.v[h->asked.v[i]];

		if (held->deed.what != name &&
		    strcmp(bs_base_name(bs_holding_text(h, held->deed.what)), base) != 0)
			continue;
		*ret_request = held->deed.what;
		return held->deed.kind == BS_DEED_DLOPEN ? 0 : held->deed.who;
	}
	return 0;
}

/* What was opened that brought NAME: a request, or NAME itself where nobody knows. */
static bs_name find_root(struct bs_holding *h, bs_name name)
{
	for (uint32_t depth = 0; depth < DEEPEST_NEED; depth++) {
		bs_name request = name, by = asked_by(h, name, &request);

		if (!by || !bs_is_foreign(h, by))
			return request;
		name = by;
	}
	return name;
}

bs_name bs_root_of(struct bs_holding *h, bs_name name)
{
	learn_requests(h);
	if (!bs_known_of(h, name)->has_root) {
		bs_name root = find_root(h, name);

		bs_known_of(h, name)->root = root;
		bs_known_of(h, name)->has_root = true;
	}
	return bs_known_of(h, name)->root;
}

/* The first word of LIST that is a foreign object, or 0. */
static bs_name foreign_in(struct bs_holding *h, bs_name list)
{
	const char *at = bs_holding_text(h, list);

	while (*at) {
		size_t n = strcspn(at, " ");
		bs_name name = bs_name_find(h->t->names, bs_arena_strndup(h->arena, at, n));

		if (name && bs_told_find(h->t, name, 0) && bs_is_foreign(h, name))
			return name;
		at += n + (at[n] == ' ');
	}
	return 0;
}

/* The object that DEED, which was told, is about and that the simulation has not; or 0. */
bs_name bs_foreign_of(struct bs_holding *h, const struct bs_deed *deed)
{
	switch (deed->kind) {
	case BS_DEED_BINDING:
	case BS_DEED_VERSION:
	case BS_DEED_DEPENDENCY:
		return bs_is_foreign(h, deed->who)  ? deed->who
		       : bs_is_foreign(h, deed->to) ? deed->to
						    : 0;
	case BS_DEED_SCOPE:
		return bs_is_foreign(h, deed->who) ? deed->who : foreign_in(h, deed->to);
	case BS_DEED_NEEDED:
	case BS_DEED_OPENED:
	case BS_DEED_CLOSING:
	case BS_DEED_DESTROYED:
	case BS_DEED_ACTIVATED:
	case BS_DEED_GLOBAL:
	case BS_DEED_ERROR:
		return bs_is_foreign(h, deed->who) ? deed->who : 0;
	case BS_DEED_SEARCH:
	case BS_DEED_DLOPEN:
	case BS_DEED_LOADED:
	case BS_DEED_COUNT_:
		break;
	}
	return 0;
}

/* The simulation asks for WHAT, too. */
bool bs_is_requested(struct bs_holding *h, bs_name what)
{
	learn_requests(h);
	return bs_known_of(h, what)->is_requested;
}

/* The dlopen whose end comes next behind MARK is one that the simulation has not; 0: it has it, or
 * there is none. */
static bs_name opened_behind(const struct bs_holding *h, uint32_t mark)
{
	while (++mark < h->t->marks.n && h->t->marks.v[mark].kind != BS_MARK_OPENED)
		;
	if (mark >= h->t->marks.n)
		return 0;
	const struct bs_mark *m = &h->t->marks.v[mark];
	const struct bs_deed deed = {
		.kind = BS_DEED_OPENED, .who = m->name, .ns = m->ns, .number = m->nth
	};
	uint32_t index = bs_deed_find(h->t, &deed);

	return index != BS_NO_DEED && h->t->deeds.v[index].told > h->t->deeds.v[index].made
		       ? m->name
		       : 0;
}

bs_name bs_open_around(struct bs_holding *h, uint32_t mark)
{
	bs_name opened = opened_behind(h, mark);

	if (opened)
		return bs_is_foreign(h, opened) ? bs_root_of(h, opened) : opened;
	for (uint32_t i = mark + 1; i-- > 0;)
		if (h->t->marks.v[i].kind == BS_MARK_SEEN)
			return bs_is_foreign(h, h->t->marks.v[i].name)
				       ? bs_root_of(h, h->t->marks.v[i].name)
				       : 0;
	return 0;
}
