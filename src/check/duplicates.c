/* SPDX-License-Identifier: MIT */
/*
 * What two objects of a process define alike, seen from its end. Where something is bound across,
 * other rules have told of the two; here is the rest: copies that nothing has met yet, and names
 * that are no finding, with the reason.
 *
 * The name table knows which hashes several symbols have. Those are few, even where objects have
 * thousands of symbols, so that all of them can be looked at.
 */
#include "check-priv.h"

#include <elf.h>
#include <string.h>

enum {
	BIND_UNIQUE = 10,
	SOME_FUNCTIONS = 3, /* fewer are no library: a hook, or chance */
	WHOLE = 10,	    /* symbols that a copy of a library has at least */
	FEW_OBJECTS = 8,    /* names that more objects have are compared with the first one only */
	SMALL = 32,	    /* bytes of a function that passes calls on, at most */
	TIMES = 4,	    /* so much larger is what does the work; two builds differ less */
};

/* An object's definition of a name. */
struct definition {
	struct bs_entry at;
	const struct bs_map *map;
	struct bs_symbol entry;
	const char *name;
};

/* What kind of object a map is. */
enum party { NOBODY, ORDINARY, LIBC };

struct search {
	struct bs_checker *checker;
	const struct bs_run *run;
	uint8_t *party;			   /* by map: enum party */
	BS_VEC(struct definition) defined; /* of one hash, as far as others can be bound to them */
};

static uint8_t *parties(const struct bs_run *run)
{
	uint8_t *party = bs_new(run->ctx.arena, uint8_t, run->process.maps.n);

	bs_vec_each (id, &run->process.maps) {
		const struct bs_map *map = bs_map_of(&run->process, id);

		if (map->removed || !map->image || map->is_ghost || map->real != id)
			party[id] = NOBODY;
		else
			party[id] = bs_is_of_libc(run, id) ? LIBC : ORDINARY;
	}
	return party;
}

static bool is_version_node(const struct bs_symbol *s)
{
	return s->section == SHN_ABS && bs_symbol_type(s) == STT_OBJECT;
}

/* An undefined entry with an address: where others find the function. On MIPS every call has one,
 * and those are marked. */
static bool is_canonical_plt(const struct bs_image *image, const struct bs_symbol *s)
{
	uint8_t mark = image->machine ? image->machine->canonical_plt_mark : 0;

	return s->section == SHN_UNDEF && s->value && (s->other & mark) == mark;
}

/* Another version of NAME, which the object AT.MAP has, was taken already. */
static bool is_taken(const struct search *search, const struct bs_entry *at, const char *name)
{
	for (uint32_t i = search->defined.n; i-- > 0 && search->defined.v[i].at.map == at->map;)
		if (strcmp(search->defined.v[i].name, name) == 0)
			return true;
	return false;
}

/* The definitions in GROUP, one for each object and name: two names can have one hash. */
static void collect(struct search *search, const struct bs_namesakes *group)
{
	const struct bs_run *run = search->run;

	search->defined.n = 0;
	bs_vec_each (i, &group->list) {
		const struct bs_entry at = group->list.v[i];

		if (search->party[at.map] == NOBODY)
			continue;
		const struct bs_map *map = bs_map_of(&run->process, at.map);
		const struct bs_symbol entry = bs_image_symbol(map->image, at.symbol);

		if (!bs_is_exported(&entry) && !is_version_node(&entry) &&
		    !is_canonical_plt(map->image, &entry))
			continue;
		const char *name = bs_image_string(map->image, entry.name);

		if (is_taken(search, &at, name))
			continue;
		bs_vec_push(run->ctx.arena, &search->defined,
			    (struct definition){ at, map, entry, name });
	}
}

static bool is_copy(const struct search *search, const struct definition *d)
{
	return d->at.map == search->run->process.executable &&
	       bs_is_copied(search->checker, &d->entry);
}

/* Why A and B, of one name, are no finding; BS_REASON_COUNT_: there is no reason. */
static enum bs_reason reason_of(const struct search *search, const struct definition *a,
				const struct definition *b)
{
	unsigned here = bs_symbol_bind(&a->entry), there = bs_symbol_bind(&b->entry);

	if (bs_is_linker_made(a->name))
		return BS_REASON_LINKER_MADE;
	if (is_version_node(&a->entry) || is_version_node(&b->entry))
		return BS_REASON_VERSION_NODE;
	if (is_canonical_plt(a->map->image, &a->entry) ||
	    is_canonical_plt(b->map->image, &b->entry))
		return BS_REASON_CANONICAL_PLT;
	if (is_copy(search, a) || is_copy(search, b))
		return BS_REASON_COPY;
	if (a->map->ns != b->map->ns)
		return BS_REASON_NAMESPACE;
	if (a->map->preloaded || b->map->preloaded)
		return BS_REASON_PRELOADED;
	if (bs_is_replaceable(a->name))
		return BS_REASON_REPLACEABLE;
	if (bs_is_unwinder(a->name))
		return BS_REASON_UNWINDER;
	if (here == BIND_UNIQUE || there == BIND_UNIQUE)
		return BS_REASON_UNIQUE;
	if (bs_is_type_information(a->name))
		return BS_REASON_VAGUE;
	if (here == STB_WEAK || there == STB_WEAK)
		return here == there ? BS_REASON_VAGUE : BS_REASON_WEAK_DEFAULT;
	if (search->party[a->at.map] == LIBC || search->party[b->at.map] == LIBC)
		return BS_REASON_LIBC;
	return BS_REASON_COUNT_;
}

static bool is_function(const struct bs_symbol *s)
{
	return bs_symbol_type(s) == STT_FUNC || bs_symbol_type(s) == STT_GNU_IFUNC;
}

/* A is of the later object; nobody who asks for the version of one is content with the other. */
static bool versions_differ(const struct definition *a, const struct definition *b)
{
	const struct bs_version *here = bs_reference_version(a->map->image, a->at.symbol);
	const struct bs_version *there = bs_reference_version(b->map->image, b->at.symbol);

	return here && there && strcmp(here->name, there->name) != 0;
}

static void count_pair(const struct search *search, const struct definition *a,
		       const struct definition *b, bool first)
{
	struct bs_object_pair *pair =
		bs_object_pair(search->run, &search->checker->pairs, a->at.map, b->at.map);

	if (pair->n < BS_MAX_EXAMPLES) {
		pair->examples[pair->n].from = a->at.symbol;
		pair->examples[pair->n].to = b->at.symbol;
		pair->examples[pair->n].first = first;
	}
	pair->n++;
	pair->n_first += first;
	pair->n_apart += versions_differ(a, b);
	if (!is_function(&a->entry) || !is_function(&b->entry))
		return;
	pair->n_functions++;
	pair->bytes_from += a->entry.size;
	pair->bytes_to += b->entry.size;
}

/* A finding counts the name already. */
static bool is_counted(const struct search *search, const struct definition *a,
		       const struct definition *b)
{
	return bs_was_captured(search->checker, a->at.map, a->at.symbol) ||
	       bs_was_captured(search->checker, b->at.map, b->at.symbol);
}

/* A name that A and B define; FIRST: B is the first that does. */
static void compare(const struct search *search, const struct definition *a,
		    const struct definition *b, bool first)
{
	struct bs_object_pairs *pairs = &search->checker->pairs;
	enum bs_reason reason = reason_of(search, a, b);
	enum bs_told told = bs_pair_is_told(search->checker, a->at.map, b->at.map);
	const struct bs_duplicate_sink *sink = &search->checker->options.duplicates;

	if (sink->take)
		sink->take(sink->data, search->run,
			   &(struct bs_duplicate){ a->at.map, b->at.map, a->at.symbol, b->at.symbol,
						   a->name, reason });
	if (reason == BS_REASON_COUNT_) {
		if (!told)
			count_pair(search, a, b, first);
	} else if (first && !(told == BS_TOLD_SYMBOLS && is_counted(search, a, b))) {
		bs_leave_out(search->run, pairs, reason, a->at.map, b->at.map, a->name);
	}
}

static void look_at(const struct search *search)
{
	const uint32_t n = search->defined.n;

	for (uint32_t i = 1; i < n; i++) {
		const struct definition *a = &search->defined.v[i];
		bool first = true;

		for (uint32_t k = 0; k < i; k++) {
			const struct definition *b = &search->defined.v[k];

			/* One file in two namespaces is no duplicate. */
			if (a->map->image == b->map->image || strcmp(a->name, b->name) != 0)
				continue;
			compare(search, a, b, first);
			if (n > FEW_OBJECTS)
				break;
			first = false;
		}
	}
}

/* ---- findings ------------------------------------------------------------------------------ */

static void fact(const struct bs_run *run, struct bs_finding *f, enum bs_fact_kind kind,
		 bs_map_id object)
{
	bs_finding_fact(run, f, &(struct bs_fact){ .kind = kind, .object = object });
}

/* RTLD_DEEPBIND put the objects that it was opened with before the global scope. */
static bool is_deepbound(const struct bs_run *run, const struct bs_map *map)
{
	return run->scope_policy.deepbind && map->scope.n > 1 && !map->image->symbolic &&
	       map->scope.v[0] != bs_global_list(&run->process, map->ns);
}

static bool is_protected(const struct bs_image *image, uint32_t symbol)
{
	const struct bs_symbol s = bs_image_symbol(image, symbol);

	return bs_symbol_visibility(&s) == STV_PROTECTED;
}

/* Why nothing of A, the later one, is bound to B's definitions, although it sees them. */
static void tell_escape(const struct bs_run *run, struct bs_finding *f,
			const struct bs_object_pair *pair)
{
	const struct bs_map *a = bs_map_of(&run->process, pair->from);
	const struct bs_map *b = bs_map_of(&run->process, pair->to);

	if (is_deepbound(run, a) || is_deepbound(run, b))
		fact(run, f, BS_FACT_BY_DEEPBIND, is_deepbound(run, a) ? pair->from : pair->to);
	else if (a->image->symbolic || b->image->symbolic)
		fact(run, f, BS_FACT_BY_SYMBOLIC, a->image->symbolic ? pair->from : pair->to);
	else if (is_protected(a->image, pair->examples[0].from))
		fact(run, f, BS_FACT_PROTECTED, pair->from);
	else
		fact(run, f, BS_FACT_NOT_LOOKED_UP, pair->from);
}

static bool is_apart(const struct bs_run *run, const struct bs_object_pair *pair)
{
	return bs_place_in_scope(&run->process, pair->from, pair->to) == BS_NOWHERE &&
	       bs_place_in_scope(&run->process, pair->to, pair->from) == BS_NOWHERE;
}

/* What keeps the two from being bound across. True: it does so in other plans, too. */
static bool tell_why(const struct bs_run *run, struct bs_finding *f,
		     const struct bs_object_pair *pair)
{
	bool by_versions = pair->n_apart == pair->n;

	if (by_versions)
		fact(run, f, BS_FACT_OTHER_VERSIONS, BS_NO_MAP);
	else if (is_apart(run, pair))
		fact(run, f, BS_FACT_NO_SCOPE, BS_NO_MAP);
	else
		tell_escape(run, f, pair);
	return by_versions || is_apart(run, pair);
}

static void add_examples(struct bs_finding *f, const struct bs_object_pair *pair, bool turned)
{
	for (uint32_t i = 0; i < pair->n && i < BS_MAX_EXAMPLES; i++)
		f->examples[f->n_examples++] = (struct bs_binding){
			.referrer = f->from,
			.symbol = turned ? pair->examples[i].to : pair->examples[i].from,
			.definer = f->to,
			.definer_symbol = turned ? pair->examples[i].from : pair->examples[i].to,
			.outcome = BS_BOUND,
			.why = BS_WHY_NONE, /* nothing is bound */
		};
}

/* The finding about PAIR; FROM is the one of the two that is the first to be named. */
static struct bs_finding *finding_of(const struct search *search, const struct bs_object_pair *pair,
				     bool turned, bs_findings *findings)
{
	const struct bs_process *process = &search->run->process;
	uint32_t here = bs_map_of(process, pair->from)->born;
	uint32_t there = bs_map_of(process, pair->to)->born;
	struct bs_finding *f = bs_finding_between(
		search->run, findings, BS_RULE_POTENTIAL, here > there ? here : there,
		turned ? pair->to : pair->from, turned ? pair->from : pair->to);

	f->level = BS_LEVEL_NOTE;
	f->n = pair->n;
	f->n_functions = pair->n_functions;
	f->n_data = pair->n - pair->n_functions;
	add_examples(f, pair, turned);
	return f;
}

/* One of the two needs the other, or it is a note that is shown: else nobody wants to know more. */
static bool matters(const struct search *search, const struct bs_object_pair *pair)
{
	return search->checker->options.shows_notes ||
	       bs_needs_directly(search->run, pair->from, pair->to) ||
	       bs_needs_directly(search->run, pair->to, pair->from);
}

/* What the object of FEWER exports has in common with the other, if that is a library. */
static bool is_whole(const struct bs_shared *fewer)
{
	return fewer->n >= WHOLE && fewer->n * UINT64_C(2) >= fewer->n_exports;
}

static void judge(const struct search *search, const struct bs_object_pair *pair,
		  bs_findings *findings)
{
	const struct bs_run *run = search->run;
	const struct bs_image *a = bs_map_of(&run->process, pair->from)->image;
	const struct bs_image *b = bs_map_of(&run->process, pair->to)->image;

	if (!matters(search, pair)) {
		finding_of(search, pair, false, findings);
		return;
	}
	bool b_has_fewer = bs_exports_count(b) < bs_exports_count(a);
	const struct bs_shared shared =
		b_has_fewer ? bs_shared_exports(run, b, a) : bs_shared_exports(run, a, b);
	bool whole = is_whole(&shared), turned = whole && b_has_fewer;
	bool back = whole && bs_needs_directly(run, pair->to, pair->from);
	bool needed = back || (whole && bs_needs_directly(run, pair->from, pair->to));
	struct bs_finding *f = finding_of(search, pair, needed ? back : turned, findings);

	if (whole) {
		bool from_has_fewer = f->from == (b_has_fewer ? pair->to : pair->from);

		bs_finding_fact(run, f,
				&(struct bs_fact){ .kind = from_has_fewer ? BS_FACT_SHARED_EXPORTS
									  : BS_FACT_CONTAINS,
						   .n = shared.n,
						   .of = shared.n_exports,
						   .object = f->to });
		bs_shared_tell_family(run, f, &shared);
	}
	bool isolated = tell_why(run, f, pair);

	if (needed) {
		f->rule = BS_RULE_EMBEDDED_AND_NEEDED;
		f->level = BS_LEVEL_WARNING;
	} else if (whole) {
		f->rule = BS_RULE_EMBEDDED_COPY;
	} else if (isolated) {
		f->rule = BS_RULE_ISOLATED;
	}
}

/* The front of another library: libGL's functions are those of libGLX and call them. */
static bool is_front(const struct bs_object_pair *pair)
{
	bool by_from = pair->bytes_from < pair->bytes_to;
	uint64_t small = by_from ? pair->bytes_from : pair->bytes_to;
	uint64_t large = by_from ? pair->bytes_to : pair->bytes_from;

	return small && small <= (uint64_t)pair->n_functions * SMALL && small * TIMES <= large;
}

/* Leaves out the names of PAIR, but for those that were counted with another object. */
static void leave_pair(const struct search *search, const struct bs_object_pair *pair,
		       enum bs_reason reason)
{
	struct bs_object_pairs *pairs = &search->checker->pairs;
	const struct bs_image *image = bs_map_of(&search->run->process, pair->from)->image;
	uint32_t named = 0;

	for (uint32_t i = 0; i < pair->n && i < BS_MAX_EXAMPLES; i++) {
		if (!pair->examples[i].first)
			continue;
		named++;
		bs_leave_out(search->run, pairs, reason, pair->from, pair->to,
			     bs_image_symbol_name(image, pair->examples[i].from));
	}
	for (; named < pair->n_first; named++)
		bs_leave_out(search->run, pairs, reason, pair->from, pair->to, NULL);
}

void bs_check_duplicates(struct bs_checker *checker, const struct bs_run *run,
			 bs_findings *findings)
{
	struct search search = { .checker = checker, .run = run, .party = parties(run) };
	struct bs_namesakes group = { .at = 0 };

	while (bs_next_namesakes(run->binder, run->ctx.arena, &group)) {
		collect(&search, &group);
		look_at(&search);
	}
	for (uint32_t i = 0; i < checker->pairs.list.n; i++) {
		const struct bs_object_pair pair = checker->pairs.list.v[i];

		if (pair.n_functions < SOME_FUNCTIONS)
			leave_pair(&search, &pair, BS_REASON_FEW);
		else if (is_front(&pair))
			leave_pair(&search, &pair, BS_REASON_FORWARDING);
		else
			judge(&search, &pair, findings);
	}
	bs_left_out_sort(&checker->pairs);
}
