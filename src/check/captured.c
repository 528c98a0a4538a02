/* SPDX-License-Identifier: MIT */
/*
 * captured-references: an object defines a symbol, refers to it, and is bound to somebody else's.
 * In ELF the reference and the definition are one entry of the object's symbol table, so a binding
 * tells both.
 */
#include "check-priv.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

enum { BIND_UNIQUE = 10 };

struct bs_checker *bs_checker_new(const struct bs_run *run, const struct bs_check_options *options)
{
	struct bs_checker *checker = bs_new(run->ctx.arena, struct bs_checker, 1);

	checker->options = *options;
	checker->pairs.lists = options->lists_left_out;
	checker->libraries = bs_libraries_new(run);
	checker->needs = bs_needs_new(run);
	checker->pins = bs_pins_new(run);
	checker->paths = bs_paths_new(run);
	return checker;
}

void bs_checker_keep_symbols(struct bs_checker *checker, uint32_t n)
{
	checker->n_kept = n;
}

static uint32_t *inside_of(struct bs_checker *checker, const struct bs_run *run, bs_map_id map)
{
	while (checker->inside.n <= map)
		bs_vec_push(run->ctx.arena, &checker->inside, 0);
	return &checker->inside.v[map];
}

bool bs_is_constant(const struct bs_image *image, uint64_t address)
{
	bool writable = false;

	for (uint32_t i = 0; i < image->n_segments; i++) {
		const struct bs_segment *segment = &image->segments[i];

		if (address < segment->vaddr || address - segment->vaddr >= segment->memsz)
			continue;
		if (segment->type == PT_GNU_RELRO)
			return true;
		writable |= segment->type == PT_LOAD && segment->flags & PF_W;
	}
	return !writable;
}

/* What the executable holds by copy relocation is used by everybody there: that is the point of it.
 */
static void note_copies(struct bs_pass *pass)
{
	const struct bs_run *run = pass->run;
	const struct bs_image *exe = bs_map_of(&run->process, run->process.executable)->image;
	const bs_bindings *bindings = &pass->result->relocated.bindings;

	bs_vec_each (i, bindings) {
		const struct bs_binding *b = &bindings->v[i];

		if (b->type_class != BS_CLASS_COPY || b->referrer != run->process.executable ||
		    b->outcome != BS_BOUND)
			continue;
		const struct bs_image *image = bs_map_of(&run->process, b->definer)->image;
		struct bs_symbol own = bs_image_symbol(exe, b->symbol);
		struct bs_symbol theirs = bs_image_symbol(image, b->definer_symbol);

		bs_vec_push(run->ctx.arena, &pass->checker->copied,
			    (struct bs_copied){ own.value, b->definer, theirs.value,
						bs_is_constant(image, theirs.value) });
		bs_check_copy(pass, b, &own, &theirs);
	}
}

/* By address, since an object may have several names and only one of them the relocation. */
bool bs_is_copied(const struct bs_checker *checker, const struct bs_symbol *symbol)
{
	bs_vec_each (i, &checker->copied)
		if (checker->copied.v[i].address == symbol->value)
			return true;
	return false;
}

bool bs_is_moved_to_executable(const struct bs_checker *checker, const struct bs_run *run,
			       const struct bs_binding *b)
{
	if (b->definer != run->process.executable)
		return false;
	struct bs_symbol theirs =
		bs_image_symbol(bs_map_of(&run->process, b->definer)->image, b->definer_symbol);

	return theirs.section == SHN_UNDEF || bs_is_copied(checker, &theirs);
}

/*
 * Functions that a program may replace by defining them (glibc manual, "Replacing malloc"; C++
 * [new.delete]): being captured is what they are for.
 */
bool bs_is_replaceable(const char *name)
{
	static const char *const names[] = {
		"malloc",	 "free",   "calloc",  "realloc",	"memalign",
		"aligned_alloc", "valloc", "pvalloc", "posix_memalign", "malloc_usable_size",
		"reallocarray",	 "cfree",
	};

	/* _Znw, _Zna, _Zdl, _Zda */
	if (*name == '_')
		return name[1] == 'Z' && ((name[2] == 'n' && (name[3] == 'w' || name[3] == 'a')) ||
					  (name[2] == 'd' && (name[3] == 'l' || name[3] == 'a')));
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

bool bs_is_type_information(const char *name)
{
	return strncmp(name, "_ZTI", 4) == 0 || strncmp(name, "_ZTS", 4) == 0;
}

/* B takes libc's own NAME elsewhere, or the program stands in for libc: an error handler, a
 * variable that programs may set by defining it. (glibc manual: argp, obstacks) */
static bool replaces_libc(const struct bs_run *run, const struct bs_binding *b, const char *name)
{
	bs_map_id libc = run->process.ns[bs_map_of(&run->process, b->referrer)->ns].libc;

	return b->referrer == libc || (b->definer == run->process.executable && libc != BS_NO_MAP &&
				       bs_own_definition(run, libc, name));
}

enum bs_capture bs_capture_of(const struct bs_checker *checker, const struct bs_run *run,
			      const struct bs_binding *b)
{
	if (!b->is_defined || b->outcome != BS_BOUND || b->type_class == BS_CLASS_COPY)
		return BS_NOT_CAPTURED;
	if (b->definer == b->referrer)
		return BS_BOUND_INSIDE;
	const struct bs_map *from = bs_map_of(&run->process, b->referrer);
	const struct bs_map *to = bs_map_of(&run->process, b->definer);

	/* ld.so's own definitions serve it until libc is there; then it changes over to libc's. */
	if (from->role == BS_ROLE_LOADER && b->definer == run->process.ns[from->ns].libc)
		return BS_NOT_CAPTURED;
	struct bs_symbol own = bs_image_symbol(from->image, b->symbol);
	struct bs_symbol theirs = bs_image_symbol(to->image, b->definer_symbol);

	if (theirs.section == SHN_UNDEF || b->why == BS_WHY_UNIQUE ||
	    bs_symbol_bind(&own) == BIND_UNIQUE)
		return BS_NOT_CAPTURED;
	if (b->definer == run->process.executable && bs_is_copied(checker, &theirs))
		return BS_NOT_CAPTURED;
	const char *name = bs_image_symbol_name(from->image, b->symbol);

	if (bs_is_linker_made(name))
		return BS_NOT_CAPTURED;
	if (bs_is_replaceable(name) || bs_is_unwinder(name) || replaces_libc(run, b, name))
		return BS_CAPTURED_REPLACEABLE;
	/* What tells types apart is one for all, whoever has it. */
	if (bs_symbol_bind(&own) == STB_WEAK || bs_is_type_information(name))
		return BS_CAPTURED_WEAK;
	return bs_symbol_type(&own) == STT_OBJECT || bs_symbol_type(&own) == STT_TLS ||
			       bs_symbol_type(&own) == STT_COMMON
		       ? BS_CAPTURED_DATA
		       : BS_CAPTURED_FUNCTION;
}

static enum bs_decided_by decider(const struct bs_run *run, bs_map_id from, bs_map_id to)
{
	const struct bs_process *process = &run->process;
	const struct bs_map *map = bs_map_of(process, from);
	bs_list_id global = bs_global_list(process, map->ns);

	bs_vec_each (i, &map->scope) {
		const struct bs_searchlist *list = &process->lists.v[map->scope.v[i]];

		if (to >= list->n_place || !list->place[to])
			continue;
		if (map->scope.v[i] == global)
			return BS_BY_GLOBAL;
		return list->maps.n == 1 ? BS_BY_OWN : BS_BY_LOCAL;
	}
	/* In a process with one chain the list that an opening lends has gone by now. */
	return run->scope_policy.chain ? BS_BY_LOCAL : BS_BY_GLOBAL;
}

static struct bs_finding *finding_for(const struct bs_pass *pass, bs_map_id from, bs_map_id to)
{
	const struct bs_run *run = pass->run;
	struct bs_finding *f = bs_finding_between(run, pass->findings, BS_RULE_CAPTURED,
						  pass->result->number, from, to);

	if (!f->n) {
		f->decided_by = decider(run, from, to);
		f->preloaded = bs_map_of(&run->process, to)->preloaded;
	}
	return f;
}

/* Strong ones come first, in their order, and push weak ones out; B is counted already. */
static void add_example(struct bs_finding *f, const struct bs_binding *b, bool strong)
{
	uint32_t at = strong ? f->n_functions + f->n_data - 1 : f->n_examples;

	if (at >= BS_MAX_EXAMPLES)
		return;
	if (f->n_examples < BS_MAX_EXAMPLES)
		f->examples[f->n_examples++] = f->examples[at];
	f->examples[at] = *b;
}

bool bs_counted_before(const struct bs_run *run, struct bs_counted *counted,
		       const struct bs_binding *binding, uint8_t manner)
{
	if (!counted->symbols || counted->of != binding->referrer) {
		const struct bs_image *image = bs_map_of(&run->process, binding->referrer)->image;

		counted->symbols = bs_new(run->ctx.arena, uint8_t, image->symbols.n);
		counted->of = binding->referrer;
	}
	bool before = counted->symbols[binding->symbol] & manner;

	counted->symbols[binding->symbol] |= manner;
	return before;
}

static void mark_captured(const struct bs_pass *pass, const struct bs_binding *b)
{
	struct bs_checker *checker = pass->checker;
	const struct bs_image *image = bs_map_of(&pass->run->process, b->referrer)->image;
	struct bs_arena *arena = pass->run->ctx.arena;

	while (checker->captured.n <= b->referrer)
		bs_vec_push(arena, &checker->captured, NULL);
	uint8_t **marks = &checker->captured.v[b->referrer];

	if (!*marks)
		*marks = bs_new(arena, uint8_t, image->symbols.n);
	(*marks)[b->symbol] = 1;
}

bool bs_was_captured(const struct bs_checker *checker, bs_map_id map, uint32_t symbol)
{
	return map < checker->captured.n && checker->captured.v[map] &&
	       checker->captured.v[map][symbol];
}

static void count_captured(struct bs_pass *pass, const struct bs_binding *b, enum bs_capture kind,
			   bool waiting)
{
	struct bs_finding *f = finding_for(pass, b->referrer, b->definer);

	mark_captured(pass, b);
	f->n++;
	f->n_functions += kind == BS_CAPTURED_FUNCTION;
	f->n_data += kind == BS_CAPTURED_DATA;
	f->n_weak += kind == BS_CAPTURED_WEAK;
	f->n_replaceable += kind == BS_CAPTURED_REPLACEABLE;
	f->n_waiting += waiting;
	add_example(f, b, kind == BS_CAPTURED_FUNCTION || kind == BS_CAPTURED_DATA);
	bs_finding_keep(pass, f, b);
}

static void look_closer(struct bs_pass *pass, const struct bs_binding *b, enum bs_capture kind)
{
	struct bs_symbol own =
		bs_image_symbol(bs_map_of(&pass->run->process, b->referrer)->image, b->symbol);
	struct bs_symbol theirs = bs_image_symbol(bs_map_of(&pass->run->process, b->definer)->image,
						  b->definer_symbol);

	bs_check_exchange(pass, b, &own, &theirs);
	bs_take_class_part(pass, b, kind == BS_CAPTURED_FUNCTION || kind == BS_CAPTURED_DATA);
}

static uint8_t *pairs_of(struct bs_pass *pass, bs_map_id referrer)
{
	struct bs_arena *arena = pass->run->ctx.arena;

	if (!pass->pairs) {
		pass->n_pairs = pass->run->process.maps.n;
		pass->pairs = bs_new(arena, uint8_t *, pass->n_pairs);
	}
	if (!pass->pairs[referrer])
		pass->pairs[referrer] = bs_new(arena, uint8_t, pass->n_pairs);
	return pass->pairs[referrer];
}

/* The first binding of a PAIR, or one of a pair of which each is looked at. */
static __attribute__((noinline)) void look_at_pair(struct bs_pass *pass, const struct bs_binding *b,
						   uint8_t *pair, bool waiting)
{
	if (!b->symbol || b->outcome != BS_BOUND)
		return;
	if (!*pair)
		*pair = bs_versions_between(pass->run, b->referrer, b->definer) |
			bs_needs_between(pass->checker->needs, b->referrer, b->definer);
	if (*pair & (BS_PAIR_UNVERSIONED | BS_PAIR_OLDER))
		bs_check_crossed(pass, b, pair);
	if (*pair & BS_PAIR_OUTSIDER && !b->is_defined &&
	    !bs_is_moved_to_executable(pass->checker, pass->run, b))
		bs_check_outsider(pass, b, waiting);
}

static void go_through(struct bs_pass *pass, const bs_bindings *bindings, bool waiting)
{
	bs_map_id last = BS_NO_MAP; /* they come referrer by referrer */
	uint8_t *pairs = NULL;

	bs_vec_each (i, bindings) {
		const struct bs_binding *b = &bindings->v[i];

		if (b->referrer != last)
			pairs = pairs_of(pass, last = b->referrer);
		if (pass->checker->unwinders.n && b->outcome == BS_BOUND &&
		    bs_ids_have(&pass->checker->unwinders, b->definer))
			bs_note_unwinder(pass, b);
		if (b->why == BS_WHY_UNIQUE && b->definer != b->referrer)
			bs_check_unique(pass, b);
		if (b->definer != BS_NO_MAP && pairs[b->definer] != BS_PAIR_BOUND)
			look_at_pair(pass, b, &pairs[b->definer], waiting);
		if (!b->is_defined)
			continue;
		enum bs_capture kind = bs_capture_of(pass->checker, pass->run, b);

		if (kind == BS_NOT_CAPTURED ||
		    bs_counted_before(pass->run, &pass->counted, b,
				      kind == BS_BOUND_INSIDE ? BS_COUNTED_INSIDE
							      : BS_COUNTED_CAPTURED))
			continue;
		if (kind == BS_BOUND_INSIDE) {
			++*inside_of(pass->checker, pass->run, b->referrer);
			continue;
		}
		count_captured(pass, b, kind, waiting);
		look_closer(pass, b, kind);
	}
}

bool bs_is_captured(const struct bs_checker *checker, const struct bs_run *run,
		    const struct bs_binding *binding)
{
	enum bs_capture kind = bs_capture_of(checker, run, binding);

	return kind != BS_NOT_CAPTURED && kind != BS_BOUND_INSIDE;
}

/* What is meant to be merged or replaced, and nothing else, is left out: duplicates.c counts it. */
static void drop_harmless(bs_findings *findings)
{
	uint32_t kept = 0;

	bs_vec_each (i, findings) {
		const struct bs_finding *f = &findings->v[i];

		if (f->rule != BS_RULE_CAPTURED ||
		    (!f->preloaded && f->n_functions + f->n_data > 0))
			findings->v[kept++] = *f;
	}
	findings->n = kept;
}

bs_findings bs_check_step(struct bs_checker *checker, const struct bs_run *run,
			  const struct bs_step_result *result)
{
	bs_findings findings = { 0 };
	struct bs_pass pass = {
		.checker = checker,
		.run = run,
		.result = result,
		.findings = &findings,
	};

	bs_needs_learn(checker->needs, run);
	bs_learn_unwinders(&pass);
	bs_note_promoted(checker, run, result);
	if (result->state == BS_STEP_OK && result->number == 0) {
		checker->has_started = true;
		note_copies(&pass);
		bs_note_interposers(&pass);
	}
	/* What a call bound was told when its slot got that answer. */
	if (result->state == BS_STEP_OK && !(result->step && result->step->kind == BS_STEP_CALL))
		go_through(&pass, &result->relocated.bindings, false);
	if (result->state == BS_STEP_OK)
		go_through(&pass, &result->slots, true);
	pass.is_later = true;
	go_through(&pass, &result->changed_slots, true);
	bs_fold_crossed(&pass);
	drop_harmless(&findings);
	bs_vec_each (i, &findings)
		findings.v[i].n_inside = *inside_of(checker, run, findings.v[i].from);
	bs_judge_copies(&pass);
	bs_check_twice(checker->libraries, run, result, &findings);
	bs_check_classes(&pass);
	bs_check_interposers(&pass);
	bs_check_split(&pass);
	bs_check_deepbind(&pass);
	bs_check_withheld(&pass);
	bs_check_unused(&pass);
	bs_check_pinned(&pass);
	bs_check_paths(&pass);
	bs_findings_sort(&findings);
	bs_object_pairs_tell(run, &checker->pairs, &findings);
	return findings;
}
