/* SPDX-License-Identifier: MIT */
/* The record of a binding. There are hundreds of thousands of them. */
#include "json-priv.h"

static const char *const kind_names[BS_RELOC_KIND_COUNT_] = {
	[BS_RELOC_UNKNOWN] = "unknown",	  [BS_RELOC_NONE] = "none",
	[BS_RELOC_RELATIVE] = "relative", [BS_RELOC_IRELATIVE] = "irelative",
	[BS_RELOC_DATA] = "data",	  [BS_RELOC_GLOB_DAT] = "glob-dat",
	[BS_RELOC_SLOT] = "jump-slot",	  [BS_RELOC_TLS] = "tls",
	[BS_RELOC_TLS_IE] = "tls-ie",	  [BS_RELOC_TLS_DESC] = "tls-desc",
	[BS_RELOC_COPY] = "copy",
};

static const char *const why_names[BS_WHY_COUNT_] = {
	[BS_WHY_NONE] = "none",	    [BS_WHY_FIRST_IN_SCOPE] = "first-in-scope",
	[BS_WHY_LOCAL] = "local",   [BS_WHY_PROTECTED] = "protected",
	[BS_WHY_UNIQUE] = "unique", [BS_WHY_STRONG] = "strong",
	[BS_WHY_WEAK] = "weak",
};

static const char *const when_names[] = {
	[BS_JSON_LOAD] = "load",
	[BS_JSON_FIRST_CALL] = "first-call",
	[BS_JSON_NOT_REACHED] = "not-reached",
	[BS_JSON_CALL] = "call",
	[BS_JSON_DLSYM] = "dlsym",
};

const char *bs_json_reloc_kind_name(enum bs_reloc_kind kind)
{
	return kind_names[kind];
}

const char *bs_json_why_name(enum bs_why why)
{
	return why_names[why];
}

const char *bs_json_when_name(enum bs_json_when when)
{
	return when_names[when];
}

const char *bs_json_outcome_name(enum bs_outcome outcome)
{
	static const char *const names[] = {
		[BS_BOUND] = "bound",
		[BS_UNRESOLVED_WEAK] = "weak-unresolved",
		[BS_UNDEFINED] = "undefined",
		[BS_LOOKUP_CRASH] = "crash",
	};

	return names[outcome];
}

/* ---- which --------------------------------------------------------------------------------- */

/* How many bindings the loader made before it gave up: up to the last one that it says anything
 * of. */
static uint32_t count_reached(const struct bs_step_result *result)
{
	const struct bs_relocated *relocated = &result->relocated;
	uint32_t n = 0;

	if (result->state == BS_STEP_FAILED && result->failed_in != BS_STAGE_BINDING)
		return 0;
	if (!relocated->stopped)
		return relocated->bindings.n;
	for (uint32_t i = 0; i < relocated->stopped_at; i++) {
		const struct bs_note *note = &relocated->notes.v[i];

		uint32_t end = note->kind == BS_NOTE_LOOKUP	 ? note->a + note->b
			       : note->kind == BS_NOTE_UNDEFINED ? note->a + 1
								 : 0;

		n = end > n ? end : n;
	}
	return n;
}

struct bs_json_bindings bs_json_bindings(struct bs_report *report, const struct bs_run *run,
					 const struct bs_step_result *result)
{
	return (struct bs_json_bindings){
		.report = report,
		.run = run,
		.result = result,
		.made = (report->show & SHOW_BINDINGS) != 0,
		.reached = count_reached(result),
	};
}

/* A jump slot that the step left and that waits at its end. */
static const struct bs_binding *next_waiting(struct bs_json_bindings *bindings)
{
	const struct bs_run *run = bindings->run;
	const struct bs_step_result *result = bindings->result;

	for (; bindings->lazy < run->lazy_maps.n; bindings->lazy++, bindings->i = 0) {
		const struct bs_lazy_map *lazy = &run->lazy_maps.v[bindings->lazy];

		if (lazy->step != result->number || lazy->first_slot == UINT32_MAX)
			continue;
		while (bindings->i < lazy->n_slots) {
			uint32_t slot = lazy->first_slot + bindings->i++;
			const struct bs_binding *answer =
				bs_slot_at(run, &run->slots.v[slot], result->epoch);

			bindings->slot = slot;
			if (answer)
				return answer;
		}
	}
	return NULL;
}

/* The jump slot that the call B went through. */
static uint32_t slot_of(const struct bs_run *run, const struct bs_binding *b)
{
	bs_vec_each (i, &run->lazy_maps) {
		const struct bs_lazy_map *lazy = &run->lazy_maps.v[i];

		if (lazy->map != b->referrer || lazy->first_slot == UINT32_MAX)
			continue;
		for (uint32_t k = 0; k < lazy->n_slots; k++)
			if (run->answers.v[lazy->first_slot + k].symbol == b->symbol)
				return lazy->first_slot + k;
	}
	return UINT32_MAX;
}

/* When the step made its binding number I. */
static enum bs_json_when when_made(const struct bs_json_bindings *bindings, uint32_t i)
{
	const struct bs_step_result *result = bindings->result;

	/* What it loads on demand is relocated then. */
	if (result->step && result->step->kind == BS_STEP_CALL && i == 0)
		return BS_JSON_CALL;
	if (result->step && result->step->kind == BS_STEP_DLSYM && i == 0)
		return BS_JSON_DLSYM;
	if (i < bindings->reached || result->relocated.bindings.v[i].outcome == BS_LOOKUP_CRASH)
		return BS_JSON_LOAD;
	return BS_JSON_NOT_REACHED;
}

static const struct bs_binding *next(struct bs_json_bindings *bindings, enum bs_json_when *ret_when)
{
	const bs_bindings *made = &bindings->result->relocated.bindings;

	bindings->slot = UINT32_MAX;
	if (bindings->made && bindings->i < made->n) {
		*ret_when = when_made(bindings, bindings->i);
		return &made->v[bindings->i++];
	}
	if (bindings->made)
		bindings->i = 0;
	bindings->made = false;
	*ret_when = BS_JSON_FIRST_CALL;
	return next_waiting(bindings);
}

const struct bs_binding *bs_json_next_binding(struct bs_json_bindings *bindings,
					      enum bs_json_when *ret_when)
{
	const struct bs_binding *b;

	do
		b = next(bindings, ret_when);
	while (b && !bs_selected(&bindings->report->selection, bindings->run, b));
	return b;
}

/* ---- what ---------------------------------------------------------------------------------- */

void bs_json_symbol(struct bs_report *report, const char *name)
{
	struct bs_json_report *state = report->state;

	bs_json_member(&state->json, "symbol", name);
	if (!(report->show & SHOW_DEMANGLED))
		return;
	const char *demangled = bs_demangled(name);

	if (demangled == name)
		return;
	bs_json_member(&state->json, "demangled", demangled);
}

static void write_kinds(struct bs_json *json, unsigned kinds)
{
	bs_json_key(json, "kinds");
	bs_json_array(json, BS_JSON_INLINE);
	for (unsigned kind = 0; kind < BS_RELOC_KIND_COUNT_; kind++)
		if (kinds & (1u << kind))
			bs_json_word(json, kind_names[kind]);
	bs_json_close(json);
}

void bs_json_answer_members(struct bs_json *json, const struct bs_run *run,
			    const struct bs_binding *b)
{
	const struct bs_version *defined =
		b->definer == BS_NO_MAP
			? NULL
			: bs_reference_version(bs_map_of(&run->process, b->definer)->image,
					       b->definer_symbol);

	bs_json_member_map(json, "to", b->definer);
	if (defined)
		bs_json_member(json, "definition_version", defined->name);
	bs_json_member_word(json, "why", why_names[b->why]);
	bs_json_member_word(json, "outcome", bs_json_outcome_name(b->outcome));
	if (b->loads)
		bs_json_member_bool(json, "loads", true);
	bs_json_assumed(json, run, bs_run_assumed(run, b));
}

static void write_marks(struct bs_json *json, const struct bs_binding *b, enum bs_json_when when)
{
	if (b->protected_reference)
		bs_json_member_bool(json, "protected", true);
	if (!b->symbol)
		bs_json_member_word(json, "asked_by", when == BS_JSON_DLSYM ? "program" : "loader");
}

/* What a dlsym(3) that finds nothing asked for stands in no table. */
const char *bs_json_symbol_of(const struct bs_run *run, const struct bs_step_result *result,
			      const struct bs_binding *b, enum bs_json_when when)
{
	return when == BS_JSON_DLSYM ? result->relocated.asked_name : bs_run_symbol_name(run, b);
}

uint32_t bs_json_binding_slot(const struct bs_json_bindings *bindings, const struct bs_binding *b,
			      enum bs_json_when when)
{
	return when == BS_JSON_CALL ? slot_of(bindings->run, b) : bindings->slot;
}

void bs_json_binding_members(const struct bs_json_bindings *bindings, const struct bs_binding *b,
			     enum bs_json_when when)
{
	const struct bs_run *run = bindings->run;
	const struct bs_step_result *result = bindings->result;
	struct bs_json_report *state = bindings->report->state;
	struct bs_json *json = &state->json;
	const struct bs_version *version = bs_run_asked_version(run, result, b);
	uint32_t slot = bs_json_binding_slot(bindings, b, when);

	bs_json_member_number(json, "step", result->number);
	bs_json_member_number(json, "from", b->referrer);
	bs_json_symbol(bindings->report, bs_json_symbol_of(run, result, b, when));
	bs_json_member(json, "version", version ? version->name : NULL);
	write_kinds(json, b->kinds);
	bs_json_member_number(json, "relocations", b->n_relocations);
	bs_json_answer_members(json, run, b);
	bs_json_member_word(json, "when", when_names[when]);
	if (slot != UINT32_MAX)
		bs_json_member_number(json, "slot", slot);
	write_marks(json, b, when);
}

void bs_json_manner_members(struct bs_json *json, const struct bs_run *run,
			    const struct bs_binding *b, enum bs_json_when when, const char *version)
{
	bs_json_member(json, "version", version);
	write_kinds(json, b->kinds);
	bs_json_answer_members(json, run, b);
	bs_json_member_word(json, "when", when_names[when]);
	write_marks(json, b, when);
}
