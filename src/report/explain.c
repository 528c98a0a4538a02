/* SPDX-License-Identifier: MIT */
/*
 * bindsim explain: the walk of each lookup that was asked for, object by object, and what would
 * have to change for another object to win.
 */
#include "text-priv.h"

#include <stdlib.h>
#include <string.h>

static const char *const parts[] = { "walk", NULL };

/* A symbol that the walk below is about. */
struct heading {
	const char *name, *demangled, *version; /* DEMANGLED is NAME where it is none */
};

/* Symbols whose lookups went the same way are told together. */
struct group {
	BS_VEC(struct heading) headings;
	const char *walk; /* in words */
};

struct explained {
	uint32_t n; /* references that were explained */
	struct bs_text_chosen chosen;
	BS_VEC(struct group) groups; /* of the step under way */
	uint32_t written;	     /* groups */
	uint32_t n_bound;	     /* bindings of the step under way that were explained */
	struct bs_writer aside;	     /* where a walk is put into words */
	uint64_t assumed;	     /* the choices that explained answers rest on */
};

static void begin(struct bs_report *report, const struct bs_run *run)
{
	report->state = bs_new(run->ctx.arena, struct explained, 1);
}

static const char *kind_words(uint16_t kinds)
{
	static const struct {
		enum bs_reloc_kind kind;
		const char *words;
	} words[] = {
		{ BS_RELOC_SLOT, "a call" },
		{ BS_RELOC_COPY, "a copy relocation" },
		{ BS_RELOC_TLS, "thread-local data" },
		{ BS_RELOC_TLS_IE, "thread-local data (initial-exec)" },
		{ BS_RELOC_TLS_DESC, "thread-local data (descriptor)" },
		{ BS_RELOC_GLOB_DAT, "an address in the GOT" },
	};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (kinds >> words[i].kind & 1)
			return words[i].words;
	return "an address in data";
}

static const char *refusal_words(enum bs_refusal refusal)
{
	static const char *const words[BS_REFUSAL_COUNT_] = {
		[BS_ACCEPTED] = "defines it",
		[BS_REFUSED_UNLOADED] = "unloaded",
		[BS_REFUSED_COPY] = "not asked: it holds the copy",
		[BS_REFUSED_NAME] = "no such symbol",
		[BS_REFUSED_UNDEFINED] = "refers to it, does not define it",
		[BS_REFUSED_CANONICAL_PLT] =
			"has a canonical PLT entry, which answers references to data only",
		[BS_REFUSED_TYPE] = "has an entry that is neither code nor data",
		[BS_REFUSED_IFUNC] = "defines it as an IFUNC, which this loader does not know",
		[BS_REFUSED_HIDDEN_VERSION] = "defines a version that is not its default one",
		[BS_REFUSED_VERSION] = "defines another version",
		[BS_REFUSED_OLD_VERSION] = "no version was asked for, and this one is hidden",
		[BS_REFUSED_UNLESS_ALONE] = "defines it in a version that counts if alone",
		[BS_REFUSED_AMBIGUOUS] = "defines several versions, and the reference names none",
		[BS_REFUSED_HIDDEN] = "defines it hidden",
		[BS_REFUSED_BINDING] = "defines it with a binding that answers nobody",
		[BS_REFUSED_BY_CRASH] = "has no versions although one was linked against",
	};

	return words[refusal];
}

static const char *version_of(const struct bs_run *run, const struct bs_candidate *c)
{
	const struct bs_image *image = bs_map_of(&run->process, c->map)->image;
	uint16_t index = bs_image_versym(image, c->symbol) & 0x7fff;

	return index < image->versions.n_versions ? image->versions.versions[index].name : NULL;
}

/* The list that DT_SYMBOLIC puts first: the object alone. Its local scope may be as short. */
static bool is_symbolic(const struct bs_run *run, bs_map_id from, bs_list_id list)
{
	const struct bs_map *map = bs_map_of(&run->process, from);

	/* Where scopes are fixed, a list of the object alone may be its place among others. */
	if (run->scope_policy.fixed.used && (!map->image->symbolic || list != map->scope.v[0]))
		return false;
	return run->process.lists.v[list].owner == from && list != map->searchlist;
}

static void write_place(struct bs_report *report, const struct bs_run *run,
			const struct bs_binding *b, bs_list_id id)
{
	const struct bs_map *from = bs_map_of(&run->process, b->referrer);
	bs_map_id owner = run->process.lists.v[id].owner;

	bs_say(report, "   ");
	if (id == bs_global_list(&run->process, from->ns)) {
		bs_say_ink(report, BS_INK_DIM, "global scope");
	} else if (is_symbolic(run, b->referrer, id)) {
		bs_say_ink(report, BS_INK_DIM, "itself (DT_SYMBOLIC)");
	} else {
		bs_say_ink(report, BS_INK_DIM, "local scope of ");
		bs_say_ink(report, BS_INK_DIM, bs_text_short_name(run, owner));
	}
	bs_say(report, "\n");
}

/* Objects that have no such symbol are told in one line; returns the index behind them. */
static uint32_t write_run(struct bs_report *report, const struct bs_run *run,
			  const bs_candidates *walk, uint32_t from)
{
	enum { MOST_NAMED = 4 };
	uint32_t n = 0;

	bs_say(report, "     -  ");
	for (uint32_t i = from; i < walk->n && walk->v[i].refusal == BS_REFUSED_NAME &&
				walk->v[i].list == walk->v[from].list;
	     i++) {
		if (n++ >= MOST_NAMED)
			continue;
		bs_say(report, i > from ? ", " : "");
		bs_say_escaped(report, bs_text_short_name(run, walk->v[i].map));
	}
	if (n > MOST_NAMED)
		bs_write_format(report->writer, " and %u more", n - MOST_NAMED);
	bs_say(report, ": no such symbol\n");
	return from + n;
}

/* The base name, unless another object has the same. */
static const char *plain_name(const struct bs_run *run, bs_map_id map)
{
	const char *name = bs_text_short_name(run, map);

	bs_vec_each (id, &run->process.maps)
		if (id != map && strcmp(bs_text_short_name(run, id), name) == 0)
			return bs_run_map_name(run, map);
	return name;
}

static void write_candidate(struct bs_report *report, const struct bs_run *run,
			    const struct bs_binding *b, const struct bs_candidate *c, bool first)
{
	const char *version = c->symbol ? version_of(run, c) : NULL;
	bool wins = b->definer == c->map && c->refusal == BS_ACCEPTED;

	bs_say(report, wins ? "     => " : "     -  ");
	bs_say_ink(report, wins ? BS_INK_STRONG : BS_INK_PLAIN, plain_name(run, c->map));
	bs_say(report, ": ");
	bs_say(report, refusal_words(c->refusal));
	bs_say_version(report, version);
	if (wins)
		bs_say(report, "; bound to it");
	else if (c->refusal == BS_ACCEPTED && !first)
		bs_say(report, " too, but comes later");
	bs_say(report, "\n");
}

/* What would have to change for C to win over the definer, in a sentence. */
static void write_remedy(struct bs_report *report, const struct bs_run *run,
			 const struct bs_binding *b, const struct bs_candidate *c,
			 const struct bs_candidate *winner)
{
	const struct bs_map *from = bs_map_of(&run->process, b->referrer);
	const char *name = bs_text_short_name(run, c->map);
	bool winner_is_global =
		winner && from->scope.v[winner->list] == bs_global_list(&run->process, from->ns);
	bool said = false;

	bs_say(report, "   for ");
	bs_say_escaped(report, name);
	bs_say(report, " to win: ");
	if (winner && winner_is_global && c->list > winner->list) {
		if (run->scope_policy.deepbind) {
			bs_say(report, "open ");
			bs_say_escaped(
				report,
				bs_text_short_name(
					run, run->process.lists.v[from->scope.v[c->list]].owner));
			bs_say(report, " with RTLD_DEEPBIND");
			said = true;
		}
		if (bs_map_of(&run->process, winner->map)->kind == BS_MAP_LOADED) {
			bs_say(report, said ? ", or " : "open ");
			bs_say_escaped(report, bs_text_short_name(run, winner->map));
			bs_say(report, " without RTLD_GLOBAL");
			said = true;
		}
	}
	if (winner && !winner_is_global && c->list > winner->list) {
		bs_list_id list = from->scope.v[winner->list];
		bool symbolic = is_symbolic(run, b->referrer, list);

		bs_say(report, symbolic ? "link " : "open ");
		bs_say_escaped(report, bs_text_short_name(run, run->process.lists.v[list].owner));
		bs_say(report, symbolic ? " without -Bsymbolic" : " without RTLD_DEEPBIND");
		said = true;
	}
	if (c->map == b->referrer) {
		bs_say(report, said ? ", or link " : "link ");
		bs_say_escaped(report, name);
		bs_say(report, " with -Bsymbolic or make the symbol hidden or protected");
		said = true;
	}
	if (!said)
		bs_say(report, "it must come before, by the order of loading or by LD_PRELOAD");
	bs_say(report, "\n");
}

static void write_remedies(struct bs_report *report, const struct bs_run *run,
			   const struct bs_binding *b, const bs_candidates *walk)
{
	const struct bs_candidate *winner = NULL;
	uint32_t n = 0;

	/* No order changes these. */
	if (b->why == BS_WHY_PROTECTED || b->why == BS_WHY_UNIQUE)
		return;
	bs_vec_each (i, walk)
		if (!winner && walk->v[i].map == b->definer && walk->v[i].refusal == BS_ACCEPTED)
			winner = &walk->v[i];
	bs_vec_each (i, walk) {
		const struct bs_candidate *c = &walk->v[i];

		if (c->refusal == BS_ACCEPTED && c->map != b->definer && n++ < 3)
			write_remedy(report, run, b, c, winner);
	}
}

static void write_answer(struct bs_report *report, const struct bs_run *run,
			 const struct bs_binding *b)
{
	switch ((enum bs_why)b->why) {
	case BS_WHY_LOCAL:
		bs_say(report, "   local, hidden or protected: bound to itself without a lookup\n");
		return;
	case BS_WHY_PROTECTED:
		bs_say(report,
		       "   the reference is protected: bound to itself whatever the walk says\n");
		return;
	case BS_WHY_UNIQUE:
		bs_say(report, "   a unique symbol: the definition that was bound first counts: ");
		bs_say_escaped(report, bs_text_short_name(run, b->definer));
		bs_say(report, "\n");
		return;
	case BS_WHY_STRONG:
	case BS_WHY_WEAK:
		bs_say(report, "   LD_DYNAMIC_WEAK is set: weak definitions give way\n");
		return;
	case BS_WHY_NONE:
		bs_say(report, b->outcome == BS_UNRESOLVED_WEAK
				       ? "   nobody answers; the reference is weak and stays 0\n"
				       : "   nobody answers: undefined symbol\n");
		return;
	case BS_WHY_FIRST_IN_SCOPE:
	case BS_WHY_COUNT_:
		return;
	}
}

static void write_walk(struct bs_report *report, const struct bs_run *run,
		       const struct bs_step_result *result, const struct bs_binding *b,
		       bool waiting)
{
	const struct bs_query query = b->symbol ? bs_query_of(&run->process, b) : result->asked;
	bs_candidates walk = { 0 };
	uint32_t list = UINT32_MAX;
	bool answered = false;

	bs_say(report, "   in ");
	bs_say_escaped(report, bs_run_map_name(run, b->referrer));
	bs_write_format(report->writer, ", step %u, ", result->number);
	bs_say_escaped(report,
		       b->symbol ? kind_words(b->kinds) : bs_text_step_words(run, result->step));
	if (waiting)
		bs_write_format(report->writer, ", bound at the first call: as after step %u",
				result->number);
	bs_say(report, "\n");
	if (b->why == BS_WHY_LOCAL) {
		write_answer(report, run, b);
		return;
	}
	bs_walk(run->binder, &run->process, &run->ctx, &query, &walk);
	for (uint32_t i = 0; i < walk.n;) {
		const struct bs_candidate *c = &walk.v[i];

		if (c->list != list)
			write_place(report, run, b, query.scope->v[list = c->list]);
		if (c->refusal == BS_REFUSED_NAME) {
			i = write_run(report, run, &walk, i);
			continue;
		}
		write_candidate(report, run, b, c, !answered);
		answered |= c->refusal == BS_ACCEPTED;
		i++;
	}
	write_answer(report, run, b);
	if (b->symbol)
		write_remedies(report, run, b, &walk);
}

/* The walk in words, in the run's arena. */
static const char *walk_in_words(struct bs_report *report, const struct bs_run *run,
				 const struct bs_step_result *result, const struct bs_binding *b,
				 bool waiting)
{
	struct explained *explained = report->state;
	struct bs_writer *out = report->writer;
	char *text = NULL;
	size_t n = 0;

	explained->aside.file = open_memstream(&text, &n);
	if (!explained->aside.file)
		bs_arena_exhausted(run->ctx.arena);
	report->writer = &explained->aside;
	write_walk(report, run, result, b, waiting);
	report->writer = out;
	bool written = bs_writer_flush(&explained->aside);

	written &= fclose(explained->aside.file) == 0;
	if (!written || !text) {
		free(text);
		bs_arena_exhausted(run->ctx.arena);
	}
	const char *kept = bs_arena_strndup(run->ctx.arena, text, n);

	free(text);
	return kept;
}

static struct group *group_for(struct explained *explained, const struct bs_run *run,
			       const char *walk)
{
	bs_vec_each (i, &explained->groups)
		if (strcmp(explained->groups.v[i].walk, walk) == 0)
			return &explained->groups.v[i];
	bs_vec_push(run->ctx.arena, &explained->groups, (struct group){ .walk = walk });
	return &explained->groups.v[explained->groups.n - 1];
}

static void explain(struct bs_report *report, const struct bs_run *run,
		    const struct bs_step_result *result, const struct bs_binding *b, bool waiting)
{
	struct explained *explained = report->state;
	struct bs_arena *arena = run->ctx.arena;
	const char *walk = walk_in_words(report, run, result, b, waiting);
	const char *name = b->symbol ? bs_run_symbol_name(run, b) : result->asked.name;
	const char *demangled = bs_demangled(name);
	const struct bs_version *version = bs_run_asked_version(run, result, b);
	struct group *group = group_for(explained, run, walk);

	explained->n++;
	if (demangled != name)
		demangled = bs_arena_strndup(arena, demangled, strlen(demangled));
	bs_vec_push(arena, &group->headings,
		    ((struct heading){ name, demangled, version ? version->name : NULL }));
}

static void write_headings(struct bs_report *report, const struct group *group)
{
	enum { MOST = 10 };
	const struct heading *first = &group->headings.v[0];

	bs_vec_each (i, &group->headings) {
		const struct heading *h = &group->headings.v[i];

		if (i >= MOST) {
			bs_say(report, "and ");
			bs_write_grouped(report->writer, group->headings.n - MOST);
			bs_say(report, " more (--symbol GLOB chooses)\n");
			break;
		}
		bs_say_ink(report, BS_INK_STRONG, h->demangled);
		bs_say_version(report, h->version);
		bs_say(report, "\n");
	}
	if (group->headings.n > 1 || first->demangled == first->name)
		return;
	bs_say(report, "   ");
	bs_say_escaped(report, first->name);
	bs_say(report, "\n");
}

static void write_groups(struct bs_report *report)
{
	struct explained *explained = report->state;

	bs_vec_each (i, &explained->groups) {
		bs_say(report, explained->written++ ? "\n" : "");
		write_headings(report, &explained->groups.v[i]);
		bs_say(report, explained->groups.v[i].walk);
	}
	explained->groups.n = 0;
}

static void explain_all(struct bs_report *report, const struct bs_run *run,
			const struct bs_step_result *result, const bs_bindings *bindings,
			uint32_t from, bool waiting)
{
	bool by_dlsym = result->step && result->step->kind == BS_STEP_DLSYM;

	/* What the loader looks up for itself has no reference. */
	for (uint32_t i = from; i < bindings->n; i++)
		if ((bindings->v[i].symbol || by_dlsym) &&
		    bs_selected(&report->selection, run, &bindings->v[i]))
			explain(report, run, result, &bindings->v[i], waiting);
}

/* While scopes are as the lookups saw them. */
static void bound(struct bs_report *report, const struct bs_run *run,
		  const struct bs_step_result *result)
{
	struct explained *explained = report->state;

	explain_all(report, run, result, &result->relocated.bindings, 0, false);
	explained->n_bound = result->relocated.bindings.n;
	write_groups(report);
}

/* What the explained answers rest on, which is known when the step is over. */
static void write_rests(struct bs_report *report, const struct bs_run *run,
			const bs_bindings *bindings)
{
	struct explained *explained = report->state;

	bs_vec_each (i, bindings) {
		const struct bs_binding *b = &bindings->v[i];
		uint64_t choices = bs_run_assumed(run, b);

		if (!choices || !bs_selected(&report->selection, run, b))
			continue;
		bs_say(report, "\n  ");
		bs_say_escaped(report, bs_text_short_name(run, b->referrer));
		bs_say(report, "  ");
		bs_say_escaped(report, bs_demangled(bs_run_symbol_name(run, b)));
		bs_text_assumed(report, run, choices);
		bs_say(report, "\n");
		explained->assumed |= choices;
	}
}

static void step(struct bs_report *report, const struct bs_run *run,
		 const struct bs_step_result *result, const bs_findings *findings)
{
	struct explained *explained = report->state;

	(void)findings;
	bs_text_note_chosen(&explained->chosen, &report->selection, run, result);
	/* A loader that defers binds what it finds later behind all else. */
	if (run->match_policy.defers_missing)
		explain_all(report, run, result, &result->relocated.bindings, explained->n_bound,
			    false);
	explained->n_bound = 0;
	explain_all(report, run, result, &result->slots, 0, true);
	explain_all(report, run, result, &result->changed_slots, 0, true);
	write_groups(report);
	write_rests(report, run, &result->relocated.bindings);
	write_rests(report, run, &result->slots);
	write_rests(report, run, &result->changed_slots);
}

/* That none is to the symbol that --symbol asks for, of those that --from and --to leave. */
static void say_no_reference(struct bs_report *report)
{
	const struct bs_selection *selection = &report->selection;

	bs_say(report, "no reference to a symbol '");
	bs_say_escaped(report, selection->symbol);
	if (selection->from) {
		bs_say(report, "' is made by '");
		bs_say_escaped(report, selection->from);
	}
	if (selection->to) {
		bs_say(report, selection->from ? "' and bound to '" : "' is bound to '");
		bs_say_escaped(report, selection->to);
	}
	bs_say(report, selection->from || selection->to ? "'" : "' is made in this process");
	bs_say(report, ": nothing to explain\n");
}

static void end(struct bs_report *report, const struct bs_run *run, const bs_findings *findings)
{
	const struct explained *explained = report->state;
	const struct bs_selection *selection = &report->selection;

	(void)findings;
	bs_text_assumptions(report, run, explained->assumed);
	if (explained->n)
		return;
	if (bs_text_absent(report, run, &explained->chosen, ""))
		return;
	if (!selection->symbol)
		bs_say(report,
		       "no reference of the one is bound to the other: nothing to explain\n");
	else
		say_no_reference(report);
}

const struct bs_format bs_format_explain = {
	.name = "explain",
	.tells_no_findings = true,
	.parts = parts,
	.default_show = 1,
	.begin = begin,
	.bound = bound,
	.step = step,
	.end = end,
};
