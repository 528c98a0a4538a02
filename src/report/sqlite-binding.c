/* SPDX-License-Identifier: MIT */
/* Bindings, and jump slots that were left for their first call. */
#include "sqlite-priv.h"

/* What an answer has, whoever asks when. */
static struct bs_manner manner_of(const struct bs_run *run, const struct bs_binding *b)
{
	return (struct bs_manner){
		.why = b->why,
		.outcome = b->outcome,
		.loads = b->loads,
		.assumed = bs_run_assumed(run, b),
	};
}

/* An object's own symbol that another one answers, as the findings count it. */
static bool is_captured(const struct bs_report *report, const struct bs_binding *b)
{
	return report->checker && b->is_defined && b->outcome == BS_BOUND &&
	       b->definer != b->referrer &&
	       bs_was_captured(report->checker, b->referrer, b->symbol);
}

static uint32_t definition_version(struct bs_sqlite *db, const struct bs_run *run,
				   const struct bs_binding *b)
{
	const struct bs_version *version =
		b->definer == BS_NO_MAP
			? NULL
			: bs_reference_version(bs_map_of(&run->process, b->definer)->image,
					       b->definer_symbol);

	return bs_sqlite_version(db, version ? version->name : NULL);
}

/* ---- bindings -------------------------------------------------------------------------------- */

static void put_binding(const struct bs_json_bindings *bindings, const struct bs_binding *b,
			enum bs_json_when when)
{
	struct bs_report *report = bindings->report;
	struct bs_sqlite_run *state = bs_sqlite_run_of(report);
	const struct bs_step_result *result = bindings->result;
	const struct bs_run *run = bindings->run;
	const struct bs_version *asked = bs_run_asked_version(run, result, b);
	struct bs_manner manner = manner_of(run, b);

	manner.kinds = b->kinds;
	manner.when = (uint8_t)(when + 1);
	manner.protected_reference = b->protected_reference;
	manner.captured = is_captured(report, b);
	if (!b->symbol)
		manner.asked_by = when == BS_JSON_DLSYM ? "program" : "loader";
	uint32_t manner_id = bs_sqlite_manner(state->db, run, &manner);
	uint32_t symbol = bs_run_symbol(report, bs_json_symbol_of(run, result, b, when));
	uint32_t version = bs_sqlite_version(state->db, asked ? asked->name : NULL);
	uint32_t defined = definition_version(state->db, run, b);
	uint32_t slot = bs_json_binding_slot(bindings, b, when);
	struct bs_sqlite *db = bs_run_row(report, BS_TABLE_BINDINGS);

	bs_put_number(db, state->n_bindings++);
	bs_put_number(db, result->number);
	bs_put_number(db, b->referrer);
	bs_put_number(db, symbol);
	bs_put_id(db, version);
	bs_put_number(db, b->n_relocations);
	bs_put_map(db, b->definer);
	bs_put_id(db, defined);
	bs_put_number(db, manner_id);
	bs_put_if(db, slot != UINT32_MAX, slot);
	bs_row_end(db);
}

void bs_sqlite_bindings(struct bs_report *report, const struct bs_run *run,
			const struct bs_step_result *result)
{
	struct bs_json_bindings bindings = bs_json_bindings(report, run, result);
	const struct bs_binding *b;
	enum bs_json_when when;

	if (!(report->show & (SHOW_BINDINGS | SHOW_SLOTS)))
		return;
	while ((b = bs_json_next_binding(&bindings, &when)))
		put_binding(&bindings, b, when);
}

/* ---- slots ----------------------------------------------------------------------------------- */

static void put_answers(const struct bs_json_slots *slots)
{
	struct bs_sqlite *db = bs_sqlite_run_of(slots->report)->db;
	const struct bs_run *run = slots->run;

	bs_vec_each (i, &slots->answers) {
		const struct bs_binding *b = &slots->answers.v[i];
		const struct bs_manner manner = manner_of(run, b);
		uint32_t manner_id = bs_sqlite_manner(db, run, &manner);
		uint32_t defined = definition_version(db, run, b);

		bs_run_row(slots->report, BS_TABLE_ANSWERS);
		bs_put_number(db, slots->next - 1);
		bs_put_number(db, i);
		bs_put_number(db, run->epochs.v[slots->since.v[i]]);
		bs_put_map(db, b->definer);
		bs_put_id(db, defined);
		bs_put_number(db, manner_id);
		bs_row_end(db);
	}
}

static void put_slot(const struct bs_json_slots *slots)
{
	const struct bs_run *run = slots->run;
	const struct bs_slot *slot = &run->slots.v[slots->next - 1];
	const struct bs_binding *answer = bs_slot_answer(run, slot);
	const struct bs_version *version = bs_reference_version(
		bs_map_of(&run->process, answer->referrer)->image, answer->symbol);
	struct bs_sqlite *db = bs_sqlite_run_of(slots->report)->db;
	uint32_t symbol = bs_run_symbol(slots->report, bs_run_symbol_name(run, answer));
	uint32_t version_id = bs_sqlite_version(db, version ? version->name : NULL);
	bool is_over = slot->over < run->epochs.n;

	bs_run_row(slots->report, BS_TABLE_SLOTS);
	bs_put_number(db, slots->next - 1);
	bs_put_number(db, slot->step);
	bs_put_number(db, answer->referrer);
	bs_put_number(db, symbol);
	bs_put_id(db, version_id);
	bs_put_if(db, slot->called != BS_NEVER, slot->called);
	bs_put_if(db, is_over, is_over ? run->epochs.v[slot->over] : 0);
	bs_row_end(db);
}

void bs_sqlite_slots(struct bs_report *report, const struct bs_run *run)
{
	struct bs_json_slots slots = { .report = report, .run = run };

	if (!(report->show & (SHOW_BINDINGS | SHOW_SLOTS)))
		return;
	while (bs_json_next_slot(&slots)) {
		put_slot(&slots);
		put_answers(&slots);
	}
}
