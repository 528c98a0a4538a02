/* SPDX-License-Identifier: MIT */
/*
 * captured-references: an object defines a symbol, refers to it, and is bound to somebody else's.
 * In ELF the reference and the definition are one entry of the object's symbol table, so a binding
 * tells both.
 */
#include "check-priv.h"

#include <elf.h>

enum { BIND_UNIQUE = 10 };

static uint32_t *inside_of(struct bs_checker *checker, const struct bs_run *run, bs_map_id map)
{
	while (checker->inside.n <= map)
		bs_vec_push(run->ctx.arena, &checker->inside, 0);
	return &checker->inside.v[map];
}

/* What the executable holds by copy relocation is used by everybody there: that is the point of it.
 */
void bs_note_copies(struct bs_pass *pass)
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
						bs_is_constant(image, theirs.value),
						bs_symbol_visibility(&theirs) == STV_PROTECTED });
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

	/* ld.so's own definitions serve it until libc is there; then it changes over to libc's. And
	 * what belongs to libc works together: a program without it gets a second ld.so with it. */
	if (bs_is_of_libc(run, b->referrer) && bs_is_of_libc(run, b->definer))
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

void bs_take_captured(struct bs_pass *pass, const struct bs_binding *b, bool waiting)
{
	enum bs_capture kind = bs_capture_of(pass->checker, pass->run, b);

	if (kind == BS_NOT_CAPTURED ||
	    bs_counted_before(pass, &pass->counted, b,
			      kind == BS_BOUND_INSIDE ? BS_COUNTED_INSIDE : BS_COUNTED_CAPTURED))
		return;
	if (kind == BS_BOUND_INSIDE) {
		++*inside_of(pass->checker, pass->run, b->referrer);
		return;
	}
	count_captured(pass, b, kind, waiting);
	look_closer(pass, b, kind);
}

void bs_count_inside(const struct bs_pass *pass)
{
	bs_vec_each (i, pass->findings)
		pass->findings->v[i].n_inside =
			*inside_of(pass->checker, pass->run, pass->findings->v[i].from);
}

bool bs_is_captured(const struct bs_checker *checker, const struct bs_run *run,
		    const struct bs_binding *binding)
{
	enum bs_capture kind = bs_capture_of(checker, run, binding);

	return kind != BS_NOT_CAPTURED && kind != BS_BOUND_INSIDE;
}

/* What is meant to be merged or replaced, and nothing else, is left out: duplicates.c counts it. */
void bs_drop_harmless(bs_findings *findings)
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
