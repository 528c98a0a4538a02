/* SPDX-License-Identifier: MIT */
/* The objects of a process, and who is bound to whom: each distinct one once. */
#include "account-priv.h"

enum { FIRST_SLOTS = 64 };

/* ---- tables ---------------------------------------------------------------------------------- */

typedef uint64_t hash_at(const struct bs_log_details *details, uint32_t index);

/* Room for one more; HASH says where those that are there go. */
static void make_room(struct bs_log_details *d, struct bs_log_table *table, hash_at *hash)
{
	if (table->n * 2 < table->n_slots)
		return;
	struct bs_log_table grown = {
		.n = table->n,
		.n_slots = table->n_slots ? table->n_slots * 2 : FIRST_SLOTS,
	};

	grown.slots = bs_new(d->arena, uint32_t, grown.n_slots);
	for (uint32_t i = 0; i < table->n_slots; i++) {
		if (!table->slots[i])
			continue;
		uint32_t at = bs_log_first_slot(&grown, hash(d, table->slots[i] - 1));

		while (grown.slots[at])
			at = (at + 1) & (grown.n_slots - 1);
		grown.slots[at] = table->slots[i];
	}
	*table = grown;
}

static uint64_t hash_object(bs_name name, uint32_t ns)
{
	return (uint64_t)name << 8 ^ ns;
}

static uint64_t hash_object_at(const struct bs_log_details *d, uint32_t index)
{
	return hash_object(d->objects.v[index].name, d->objects.v[index].ns);
}

static uint64_t hash_pair(uint32_t from, uint32_t to)
{
	return (uint64_t)from << 32 | to;
}

static uint64_t hash_pair_at(const struct bs_log_details *d, uint32_t index)
{
	return hash_pair(d->pairs.v[index].from, d->pairs.v[index].to);
}

static uint64_t hash_binding(const struct bs_log_binding *b)
{
	return ((uint64_t)b->from << 40 ^ (uint64_t)b->to << 20 ^ b->symbol) +
	       (uint64_t)b->version * 0xff51afd7ed558ccdu + b->is_protected;
}

static uint64_t hash_binding_at(const struct bs_log_details *d, uint32_t index)
{
	return hash_binding(&d->bindings.v[index]);
}

/* ---- objects --------------------------------------------------------------------------------- */

static uint32_t object_slot(const struct bs_log_details *d, bs_name name, uint32_t ns)
{
	const struct bs_log_table *table = &d->state->objects;
	uint32_t at = bs_log_first_slot(table, hash_object(name, ns));

	for (; table->slots[at]; at = (at + 1) & (table->n_slots - 1)) {
		const struct bs_log_object *o = &d->objects.v[table->slots[at] - 1];

		if (o->name == name && o->ns == ns)
			break;
	}
	return at;
}

uint32_t bs_log_object_find(const struct bs_log_details *d, bs_name name, uint32_t ns)
{
	if (!d->state->objects.n_slots)
		return BS_LOG_NO_OBJECT;
	if (ns != BS_LOG_NO_NS) {
		uint32_t index = d->state->objects.slots[object_slot(d, name, ns)];

		return index ? index - 1 : BS_LOG_NO_OBJECT;
	}
	/* The latest: what has no namespace with it is about what is being loaded. */
	for (uint32_t i = d->objects.n; i-- > 0;)
		if (d->objects.v[i].name == name && !d->objects.v[i].is_gone)
			return i;
	return BS_LOG_NO_OBJECT;
}

/* One of those of which only the request was known may turn out to be NAME. */
static uint32_t find_asked(struct bs_log_details *d, const struct bs_names *names, bs_name name,
			   uint32_t ns)
{
	struct bs_log_state *state = d->state;
	const char *base = bs_log_base_name(bs_name_text(names, name));

	for (uint32_t i = state->asked.n; i-- > 0;) {
		uint32_t index = state->asked.v[i];
		struct bs_log_object *o = &d->objects.v[index];

		if ((ns != BS_LOG_NO_NS && o->ns != ns) ||
		    strcmp(bs_log_base_name(bs_name_text(names, o->asked)), base) != 0)
			continue;
		state->asked.v[i] = state->asked.v[--state->asked.n];
		o->name = name;
		o->is_asked = false;
		return index;
	}
	return BS_LOG_NO_OBJECT;
}

static void enter(struct bs_log_details *d, uint32_t index)
{
	struct bs_log_table *table = &d->state->objects;

	make_room(d, table, hash_object_at);
	uint32_t at = object_slot(d, d->objects.v[index].name, d->objects.v[index].ns);

	table->n += !table->slots[at];
	table->slots[at] = index + 1;
	/* What was remembered may be another one now. */
	d->state->last_from.name = d->state->last_to.name = 0;
}

uint32_t bs_log_object_add(struct bs_log_details *d, const struct bs_names *names, bs_name name,
			   bs_name asked, uint32_t ns)
{
	uint32_t index = d->objects.n;
	const char *text = bs_name_text(names, name);
	struct bs_log_object object = {
		.name = name,
		.ns = ns == BS_LOG_NO_NS ? 0 : ns,
		.asked = asked,
		.is_asked = asked == name && (!strchr(text, '/') || strchr(text, '$')),
		.how = bs_log_is_vdso(text) ? BS_LOG_HOW_KERNEL : BS_LOG_HOW_UNKNOWN,
		.by = BS_LOG_NO_OBJECT,
	};

	bs_vec_push(d->arena, &d->objects, object);
	if (object.is_asked)
		bs_vec_push(d->arena, &d->state->asked, index);
	enter(d, index);
	return index;
}

uint32_t bs_log_object_of(struct bs_log_details *d, const struct bs_names *names, bs_name name,
			  uint32_t ns)
{
	uint32_t index = bs_log_object_find(d, name, ns);

	if (index != BS_LOG_NO_OBJECT && !d->objects.v[index].is_gone)
		return index;
	uint32_t asked = find_asked(d, names, name, ns);

	if (asked != BS_LOG_NO_OBJECT) {
		enter(d, asked);
		return asked;
	}
	/* Of one that went there may be last words. */
	return index != BS_LOG_NO_OBJECT ? index : bs_log_object_add(d, names, name, 0, ns);
}

/* ---- bindings -------------------------------------------------------------------------------- */

static uint32_t pair_of(struct bs_log_details *d, uint32_t from, uint32_t to)
{
	struct bs_log_table *table = &d->state->pairs;

	if (d->state->last_pair < d->pairs.n && d->pairs.v[d->state->last_pair].from == from &&
	    d->pairs.v[d->state->last_pair].to == to)
		return d->state->last_pair;
	make_room(d, table, hash_pair_at);
	uint32_t at = bs_log_first_slot(table, hash_pair(from, to));

	for (; table->slots[at]; at = (at + 1) & (table->n_slots - 1)) {
		const struct bs_log_pair *p = &d->pairs.v[table->slots[at] - 1];

		if (p->from == from && p->to == to)
			return table->slots[at] - 1;
	}
	bs_vec_push(d->arena, &d->pairs, ((struct bs_log_pair){ from, to, 0 }));
	table->slots[at] = d->pairs.n;
	table->n++;
	return d->pairs.n - 1;
}

static uint32_t binding_of(struct bs_log_details *d, const struct bs_log_binding *wanted)
{
	struct bs_log_table *table = &d->state->bindings;

	make_room(d, table, hash_binding_at);
	uint32_t at = bs_log_first_slot(table, hash_binding(wanted));

	for (; table->slots[at]; at = (at + 1) & (table->n_slots - 1)) {
		const struct bs_log_binding *b = &d->bindings.v[table->slots[at] - 1];

		if (b->from == wanted->from && b->to == wanted->to && b->symbol == wanted->symbol &&
		    b->version == wanted->version && b->is_protected == wanted->is_protected)
			return table->slots[at] - 1;
	}
	bs_vec_push(d->arena, &d->bindings, *wanted);
	table->slots[at] = d->bindings.n;
	table->n++;
	return d->bindings.n - 1;
}

void bs_log_count_binding(struct bs_log_details *d, const struct bs_names *names,
			  const struct bs_log_event *event, bool keeps_sequence)
{
	struct bs_log_state *state = d->state;
	uint32_t from_ns = event->from_ns == BS_LOG_NO_NS ? 0 : event->from_ns;
	uint32_t to_ns = event->to_ns == BS_LOG_NO_NS ? 0 : event->to_ns;

	if (state->last_from.name != event->from || state->last_from.ns != from_ns) {
		uint32_t object = bs_log_object_of(d, names, event->from, from_ns);

		state->last_from.name = event->from;
		state->last_from.ns = from_ns;
		state->last_from.object = object;
	}
	uint32_t from = state->last_from.object;

	if (state->last_to.name != event->to || state->last_to.ns != to_ns) {
		uint32_t object = bs_log_object_of(d, names, event->to, to_ns);

		state->last_to.name = event->to;
		state->last_to.ns = to_ns;
		state->last_to.object = object;
	}
	const struct bs_log_binding wanted = {
		.from = from,
		.to = state->last_to.object,
		.symbol = event->symbol,
		.version = event->version,
		.is_protected = event->is_protected,
	};
	uint32_t binding = binding_of(d, &wanted);

	d->bindings.v[binding].n++;
	d->objects.v[from].n_from++;
	d->objects.v[wanted.to].n_to++;
	state->last_pair = pair_of(d, from, wanted.to);
	d->pairs.v[state->last_pair].n++;
	if (keeps_sequence)
		bs_vec_push(d->arena, &d->sequence, binding);
}
