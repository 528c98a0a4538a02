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

/*
 * Three functions are no accident. One symbol alone is most often meant: a hook, or a fallback that
 * a program brings along for systems without it.
 */
enum { SEVERAL = 2, MANY_FUNCTIONS = 3 };

struct bs_checker *bs_checker_new(const struct bs_run *run)
{
	struct bs_checker *checker = bs_new(run->ctx.arena, struct bs_checker, 1);

	checker->libraries = bs_libraries_new(run);
	checker->needs = bs_needs_new(run);
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
static bool is_copied(const struct bs_checker *checker, const struct bs_symbol *symbol)
{
	bs_vec_each (i, &checker->copied)
		if (checker->copied.v[i].address == symbol->value)
			return true;
	return false;
}

/* B ends in the executable because that holds the object, or stands for the function's address. */
static bool is_moved_to_executable(const struct bs_checker *checker, const struct bs_run *run,
				   const struct bs_binding *b)
{
	if (b->definer != run->process.executable)
		return false;
	struct bs_symbol theirs =
		bs_image_symbol(bs_map_of(&run->process, b->definer)->image, b->definer_symbol);

	return theirs.section == SHN_UNDEF || is_copied(checker, &theirs);
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

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return strncmp(name, "_Znw", 4) == 0 || strncmp(name, "_Zna", 4) == 0 ||
	       strncmp(name, "_Zdl", 4) == 0 || strncmp(name, "_Zda", 4) == 0;
}

enum kind { NOT_CAPTURED, INSIDE, WEAK, REPLACEABLE, FUNCTION, DATA };

static enum kind kind_of(const struct bs_checker *checker, const struct bs_run *run,
			 const struct bs_binding *b)
{
	if (!b->is_defined || b->outcome != BS_BOUND || b->type_class == BS_CLASS_COPY)
		return NOT_CAPTURED;
	if (b->definer == b->referrer)
		return INSIDE;
	const struct bs_map *from = bs_map_of(&run->process, b->referrer);
	const struct bs_map *to = bs_map_of(&run->process, b->definer);

	/* ld.so's own definitions serve it until libc is there; then it changes over to libc's. */
	if (from->role == BS_ROLE_LOADER && b->definer == run->process.ns[from->ns].libc)
		return NOT_CAPTURED;
	struct bs_symbol own = bs_image_symbol(from->image, b->symbol);
	struct bs_symbol theirs = bs_image_symbol(to->image, b->definer_symbol);

	if (theirs.section == SHN_UNDEF || b->why == BS_WHY_UNIQUE ||
	    bs_symbol_bind(&own) == BIND_UNIQUE)
		return NOT_CAPTURED;
	if (b->definer == run->process.executable && is_copied(checker, &theirs))
		return NOT_CAPTURED;
	if (bs_is_replaceable(bs_image_symbol_name(from->image, b->symbol)))
		return REPLACEABLE;
	if (bs_symbol_bind(&own) == STB_WEAK)
		return WEAK;
	return bs_symbol_type(&own) == STT_OBJECT || bs_symbol_type(&own) == STT_TLS ||
			       bs_symbol_type(&own) == STT_COMMON
		       ? DATA
		       : FUNCTION;
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

static void count_captured(struct bs_pass *pass, const struct bs_binding *b, enum kind kind,
			   bool waiting)
{
	struct bs_finding *f = finding_for(pass, b->referrer, b->definer);

	f->n++;
	f->n_functions += kind == FUNCTION;
	f->n_data += kind == DATA;
	f->n_weak += kind == WEAK;
	f->n_replaceable += kind == REPLACEABLE;
	f->n_waiting += waiting;
	add_example(f, b, kind == FUNCTION || kind == DATA);
	bs_finding_keep(pass, f, b);
}

static void look_closer(struct bs_pass *pass, const struct bs_binding *b, enum kind kind)
{
	struct bs_symbol own =
		bs_image_symbol(bs_map_of(&pass->run->process, b->referrer)->image, b->symbol);
	struct bs_symbol theirs = bs_image_symbol(bs_map_of(&pass->run->process, b->definer)->image,
						  b->definer_symbol);

	bs_check_exchange(pass, b, &own, &theirs);
	bs_take_class_part(pass, b, kind == FUNCTION || kind == DATA);
}

static void go_through(struct bs_pass *pass, const bs_bindings *bindings, bool waiting)
{
	bs_vec_each (i, bindings) {
		const struct bs_binding *b = &bindings->v[i];

		if (b->why == BS_WHY_UNIQUE && b->definer != b->referrer)
			bs_check_unique(pass, b);
		if (!b->is_defined) {
			if (bs_is_outsider(pass->checker->needs, b) &&
			    !is_moved_to_executable(pass->checker, pass->run, b))
				bs_check_outsider(pass, b, waiting);
			continue;
		}
		enum kind kind = kind_of(pass->checker, pass->run, b);

		if (kind == NOT_CAPTURED ||
		    bs_counted_before(pass->run, &pass->counted, b,
				      kind == INSIDE ? BS_COUNTED_INSIDE : BS_COUNTED_CAPTURED))
			continue;
		if (kind == INSIDE) {
			++*inside_of(pass->checker, pass->run, b->referrer);
			continue;
		}
		count_captured(pass, b, kind, waiting);
		look_closer(pass, b, kind);
	}
}

static enum bs_level level_of(const struct bs_finding *f)
{
	if (f->preloaded || f->n_functions + f->n_data < SEVERAL)
		return BS_LEVEL_NOTE;
	return f->n_functions >= MANY_FUNCTIONS ? BS_LEVEL_ERROR : BS_LEVEL_WARNING;
}

/* So much of the object is there a second time. */
static void tell_copy(const struct bs_checker *checker, const struct bs_run *run,
		      struct bs_finding *f)
{
	if (f->n_functions + f->n_data < SEVERAL)
		return;
	const struct bs_shared shared =
		bs_shared_exports(run, bs_map_of(&run->process, f->from)->image,
				  bs_map_of(&run->process, f->to)->image);

	bs_shared_tell(run, f, &shared);
	if (bs_needs(checker->needs, f->from, f->to))
		bs_finding_fact(run, f,
				&(struct bs_fact){ .kind = BS_FACT_NEEDS_IT, .object = f->to });
}

bool bs_is_captured(const struct bs_checker *checker, const struct bs_run *run,
		    const struct bs_binding *binding)
{
	enum kind kind = kind_of(checker, run, binding);

	return kind != NOT_CAPTURED && kind != INSIDE;
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
	if (result->state == BS_STEP_OK && result->number == 0) {
		note_copies(&pass);
		bs_note_interposers(&pass);
	}
	/* What a call bound was told when its slot got that answer. */
	if (result->state == BS_STEP_OK && !(result->step && result->step->kind == BS_STEP_CALL))
		go_through(&pass, &result->relocated.bindings, false);
	if (result->state == BS_STEP_OK)
		go_through(&pass, &result->slots, true);
	go_through(&pass, &result->changed_slots, true);
	bs_vec_each (i, &findings) {
		struct bs_finding *f = &findings.v[i];

		if (f->rule != BS_RULE_CAPTURED)
			continue;
		f->n_inside = *inside_of(checker, run, f->from);
		f->level = level_of(f);
		tell_copy(checker, run, f);
	}
	bs_check_twice(checker->libraries, run, result, &findings);
	bs_check_classes(&pass);
	bs_check_interposers(&pass);
	bs_check_split(&pass);
	bs_check_deepbind(&pass);
	bs_findings_sort(&findings);
	return findings;
}
