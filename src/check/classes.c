/* SPDX-License-Identifier: MIT */
/*
 * type-identity: of one class of C++ the tables are bound to another object and the functions stay,
 * or the other way round. Names are those of the Itanium C++ ABI.
 *
 * Tables are weak definitions mostly, and a class whose virtual functions are inline has them in
 * every object that uses it, the same in all. Only classes count that both objects implement: each
 * has a function of them that is not weak.
 */
#include "check-priv.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

enum { AHEAD = 8 }; /* symbols: names lie all over the table */

struct span {
	const char *v;
	uint32_t n; /* 0: there is none */
};

/* "3foo": the end of the identifier at S, or NULL. */
static const char *skip_identifier(const char *s)
{
	size_t n = 0;

	if (*s < '1' || *s > '9')
		return NULL;
	while (*s >= '0' && *s <= '9' && n < 4096)
		n = n * 10 + (size_t)(*s++ - '0');
	return strnlen(s, n) == n ? s + n : NULL;
}

static struct span span_of(const char *from, const char *to)
{
	return (struct span){ from, (uint32_t)(to - from) };
}

/* The class that a vtable, VTT, typeinfo or typeinfo name is of, if it is no template. */
static struct span class_of_type(const char *name)
{
	if (strncmp(name, "_ZT", 3) != 0 || !name[3] || !strchr("VTIS", name[3]))
		return (struct span){ 0 };
	bool nested = name[4] == 'N';
	const char *from = name + 4 + nested, *to = from;

	if (strncmp(to, "St", 2) == 0)
		to += 2;
	for (const char *end; (end = skip_identifier(to)) != NULL;)
		to = end;
	return strcmp(to, nested ? "E" : "") == 0 ? span_of(from, to) : (struct span){ 0 };
}

/* The class or the namespace that a function is in, if it is no template. */
static struct span class_of_function(const char *name)
{
	if (strncmp(name, "_ZN", 3) != 0)
		return (struct span){ 0 };
	const char *from = name + 3;

	while (*from && strchr("rVKRO", *from))
		from++;
	const char *last = from, *to = from;

	if (strncmp(to, "St", 2) == 0)
		last = to += 2;
	for (const char *end; (end = skip_identifier(to)) != NULL;) {
		last = to;
		to = end;
	}
	/* Constructors, destructors and operators have no identifier. */
	bool is_special = ((*to == 'C' || *to == 'D') && to[1] >= '0' && to[1] <= '9') ||
			  (*to >= 'a' && *to <= 'z');

	return span_of(from, is_special ? to : last);
}

static bool has_several_parts(struct span name)
{
	const char *end = strncmp(name.v, "St", 2) == 0 ? name.v + 2 : name.v;

	end = skip_identifier(end);
	return end && (uint32_t)(end - name.v) < name.n;
}

static void check_guard(struct bs_pass *pass, const struct bs_binding *b, const char *name)
{
	const struct bs_run *run = pass->run;
	const char *guarded = bs_arena_printf(run->ctx.arena, "_Z%s", name + strlen("_ZGV"));
	struct bs_binding variable = *b;

	variable.symbol = bs_own_definition(run, b->referrer, guarded);
	if (!variable.symbol ||
	    bs_answer_of(run->binder, &run->process, &run->ctx, &variable, b->definer))
		return;
	struct bs_finding *f = bs_finding_of(pass, BS_RULE_TYPE_IDENTITY, BS_LEVEL_WARNING, b);
	bs_finding_add(run, f, BS_FACT_VARIABLES_STAY, 1, 0);
}

void bs_take_class_part(struct bs_pass *pass, const struct bs_binding *b, bool strong)
{
	const char *name = bs_run_symbol_name(pass->run, b);
	bool preloaded = bs_map_of(&pass->run->process, b->definer)->preloaded;

	if (strncmp(name, "_Z", 2) != 0 || preloaded)
		return;
	if (strncmp(name, "_ZGV", 4) == 0)
		check_guard(pass, b, name);
	bool is_type = name[2] == 'T';

	if (!is_type && !strong)
		return;
	struct span class = is_type ? class_of_type(name) : class_of_function(name);

	if (class.n)
		bs_vec_push(pass->run->ctx.arena, &pass->classes,
			    (struct bs_class_part){ *b, class.v, class.n, is_type });
}

static int by_name(const char *a, uint32_t n_a, const char *b, uint32_t n_b)
{
	int order = memcmp(a, b, n_a < n_b ? n_a : n_b);

	return order ? order : (n_a > n_b) - (n_a < n_b);
}

static int by_class(const void *a, const void *b)
{
	const struct bs_class_part *x = a, *y = b;

	if (x->binding.referrer != y->binding.referrer)
		return x->binding.referrer < y->binding.referrer ? -1 : 1;
	int order = by_name(x->name, x->n_name, y->name, y->n_name);

	if (order)
		return order;
	if (x->binding.definer != y->binding.definer)
		return x->binding.definer < y->binding.definer ? -1 : 1;
	return (x->binding.symbol > y->binding.symbol) - (x->binding.symbol < y->binding.symbol);
}

/* One class of one object, as far as it is captured. */
struct class
{
	const struct bs_class_part *parts;
	uint32_t n, n_types;
	bs_map_id to;		 /* who captured tables of it first */
	uint32_t n_bound_inside; /* functions of it that the object's own references reach ... */
	uint32_t n_unbound;	 /* ... and those to which no reference was left */
	bool is_twice;		 /* TO implements it, too */
	bool keeps_types;
};

enum { BOUND_INSIDE = 1, BOUND_OUTSIDE = 2 };

struct object {
	bs_map_id id;
	const struct bs_image *image;
	const uint8_t *bound;	      /* by symbol: BOUND_* */
	BS_VEC(struct class) classes; /* by name */
};

/* BOUND has, by map, the marks of those objects that are looked at; of the others NULL. */
static void mark_bound(uint8_t *const *bound, const bs_bindings *bindings)
{
	bs_vec_each (i, bindings) {
		const struct bs_binding *b = &bindings->v[i];

		if (b->is_defined && b->outcome == BS_BOUND && bound[b->referrer])
			bound[b->referrer][b->symbol] |=
				b->definer == b->referrer ? BOUND_INSIDE : BOUND_OUTSIDE;
	}
}

/* What the symbols of all objects in PARTS were bound to: there may be as many objects as
 * bindings of each, so that these are gone through once. */
static uint8_t **find_bound(const struct bs_pass *pass, const bs_class_parts *parts)
{
	const struct bs_process *process = &pass->run->process;
	struct bs_arena *arena = pass->run->ctx.arena;
	uint8_t **bound = bs_new(arena, uint8_t *, process->maps.n);

	bs_vec_each (i, parts) {
		bs_map_id id = parts->v[i].binding.referrer;

		if (!bound[id])
			bound[id] =
				bs_new(arena, uint8_t, bs_map_of(process, id)->image->symbols.n);
	}
	mark_bound(bound, &pass->result->relocated.bindings);
	mark_bound(bound, &pass->result->slots);
	mark_bound(bound, &pass->result->changed_slots);
	return bound;
}

static struct class *class_named(const struct object *object, struct span name)
{
	uint32_t from = 0, to = object->classes.n;

	while (from < to) {
		uint32_t middle = from + (to - from) / 2;
		struct class *class = &object->classes.v[middle];
		int order = by_name(name.v, name.n, class->parts->name, class->parts->n_name);

		if (!order)
			return class;
		if (order < 0)
			to = middle;
		else
			from = middle + 1;
	}
	return NULL;
}

static bool implements(const struct bs_run *run, bs_map_id map, const char *function)
{
	uint32_t symbol = bs_own_definition(run, map, function);
	const struct bs_symbol entry =
		bs_image_symbol(bs_map_of(&run->process, map)->image, symbol);

	return symbol && bs_symbol_bind(&entry) == STB_GLOBAL;
}

/* What the object implements of its classes and nobody captured. */
static void look_inside(const struct bs_run *run, const struct object *object)
{
	for (uint32_t i = 1; i < object->image->symbols.n; i++) {
		const struct bs_symbol symbol = bs_image_symbol(object->image, i);

		__builtin_prefetch(bs_image_symbol_name(object->image, i + AHEAD));

		if (symbol.section == SHN_UNDEF || bs_symbol_type(&symbol) != STT_FUNC ||
		    bs_symbol_bind(&symbol) != STB_GLOBAL)
			continue;
		const char *function = bs_image_symbol_name(object->image, i);
		const struct span name = class_of_function(function);
		struct class *class = name.n ? class_named(object, name) : NULL;

		if (!class || !class->n_types)
			continue;
		class->is_twice = class->is_twice || implements(run, class->to, function);
		class->n_bound_inside += object->bound[i] == BOUND_INSIDE;
		class->n_unbound += !object->bound[i];
	}
}

/* The object's own references reach its own vtable of CLASS. */
static bool keeps_vtable(const struct bs_run *run, const struct object *object,
			 const struct class *class)
{
	const struct span name = { class->parts->name, class->parts->n_name };
	bool nested = has_several_parts(name);
	const char *vtable = bs_arena_printf(run->ctx.arena, "_ZTV%s%.*s%s", nested ? "N" : "",
					     (int)name.n, name.v, nested ? "E" : "");
	uint32_t symbol = bs_own_definition(run, object->id, vtable);

	return symbol && object->bound[symbol] == BOUND_INSIDE;
}

static void tell(struct bs_pass *pass, const struct class *class)
{
	uint32_t n_inside = class->n_bound_inside;
	struct bs_finding *f = NULL;
	bs_map_id to = BS_NO_MAP;

	/* Where no function of the class is captured, the link editor bound them. */
	if (class->n_types == class->n)
		n_inside += class->n_unbound;
	if (class->n_types ? !n_inside || !class->is_twice : !class->keeps_types)
		return;
	for (uint32_t i = 0; i < class->n; i++) {
		const struct bs_class_part *part = &class->parts[i];

		if (part->is_type != (class->n_types > 0) ||
		    (part->is_type && part->binding.definer != class->to))
			continue;
		f = bs_finding_of(pass, BS_RULE_TYPE_IDENTITY, BS_LEVEL_WARNING, &part->binding);
		if (part->binding.definer == to)
			continue;
		to = part->binding.definer;
		if (class->n_types)
			bs_finding_add(pass->run, f, BS_FACT_FUNCTIONS_STAY, n_inside, 1);
		else
			bs_finding_add(pass->run, f, BS_FACT_TYPES_STAY, 1, 0);
	}
}

static void check_object(struct bs_pass *pass, const struct bs_class_part *parts, uint32_t n,
			 const uint8_t *bound)
{
	const struct bs_run *run = pass->run;
	struct object object = { .id = parts->binding.referrer };
	uint32_t n_types = 0;

	object.image = bs_map_of(&run->process, object.id)->image;
	object.bound = bound;
	for (uint32_t i = 0; i < n; i++) {
		struct class *last =
			object.classes.n ? &object.classes.v[object.classes.n - 1] : NULL;

		if (!last || by_name(last->parts->name, last->parts->n_name, parts[i].name,
				     parts[i].n_name) != 0) {
			bs_vec_push(run->ctx.arena, &object.classes,
				    (struct class){ .parts = &parts[i] });
			last = &object.classes.v[object.classes.n - 1];
		}
		if (parts[i].is_type && !last->n_types)
			last->to = parts[i].binding.definer;
		last->n++;
		last->n_types += parts[i].is_type;
		n_types += parts[i].is_type;
	}
	if (n_types)
		look_inside(run, &object);
	bs_vec_each (i, &object.classes) {
		struct class *class = &object.classes.v[i];

		if (!class->n_types)
			class->keeps_types = keeps_vtable(run, &object, class);
		tell(pass, class);
	}
}

void bs_check_classes(struct bs_pass *pass)
{
	const bs_class_parts *parts = &pass->classes;

	if (!parts->n)
		return;
	uint8_t *const *bound = find_bound(pass, parts);

	qsort(parts->v, parts->n, sizeof *parts->v, by_class);
	for (uint32_t from = 0, to; from < parts->n; from = to) {
		to = from + 1;
		while (to < parts->n &&
		       parts->v[to].binding.referrer == parts->v[from].binding.referrer)
			to++;
		check_object(pass, &parts->v[from], to - from,
			     bound[parts->v[from].binding.referrer]);
	}
}
