/* SPDX-License-Identifier: MIT */
/* What `bindsim order` found, in JSON: schema/bindsim-order-1.schema.json says what it holds. */
#include "jansson-late.h"
#include "json-priv.h"
#include "json-study.h"
#include "order-report.h"

static const char *const parts[] = { "steps", "findings", "orders", "bindings", "pairs", NULL };

const struct bs_format bs_format_order_json = {
	.name = "json",
	.parts = parts,
	.default_show = BS_ORDER_STEPS | BS_ORDER_FINDINGS | BS_ORDER_ORDERS | BS_ORDER_BINDINGS |
			BS_ORDER_PAIRS,
	.open = bs_jansson_open,
};

static void member_object(struct bs_json *json, const char *key, bs_object_id object)
{
	bs_json_member_if(json, key, object < BS_NOT_THERE, object);
}

static void write_steps(struct bs_json *json, const struct bs_plan *plan,
			const struct bs_orders *orders)
{
	bs_json_key(json, "steps");
	bs_json_array(json, BS_JSON_LINES);
	for (uint32_t i = 0; i < plan->n_steps; i++) {
		bs_json_object(json, BS_JSON_INLINE);
		bs_json_member_number(json, "step", i + 1);
		bs_json_member(json, "words", bs_step_words(json->arena, &plan->steps[i]));
		bs_json_member(json, "flags", plan->steps[i].spelled);
		bs_json_member_bool(json, "moves", orders && bs_ids_have(&orders->movable, i + 1));
		bs_json_close(json);
	}
	bs_json_close(json);
}

static void write_findings(struct bs_json *json, const struct bs_order_class *class)
{
	bs_json_key(json, "findings");
	bs_json_array(json, BS_JSON_INLINE);
	bs_vec_each (i, &class->findings) {
		const struct bs_order_finding *f = &class->findings.v[i];

		bs_json_object(json, BS_JSON_INLINE);
		bs_json_member(json, "rule", bs_rule_text(f->rule)->slug);
		bs_json_member(json, "level", bs_level_name(f->level));
		bs_json_member_number(json, "step", f->step);
		member_object(json, "from", f->from);
		member_object(json, "to", f->to);
		bs_json_member_number(json, "symbols", f->n);
		bs_json_member_bool(json, "in_every_order", f->everywhere);
		bs_json_close(json);
	}
	bs_json_close(json);
}

static void write_order(struct bs_json *json, const struct bs_orders *orders, uint32_t at)
{
	bs_json_array(json, BS_JSON_INLINE);
	bs_vec_each (i, &orders->movable)
		bs_json_number(json, orders->movable.v[orders->list.v[at][i]]);
	bs_json_close(json);
}

static void write_classes(struct bs_json *json, const struct bs_order_result *result)
{
	bs_json_key(json, "classes");
	bs_json_array(json, BS_JSON_LINES);
	bs_vec_each (i, &result->classes) {
		const struct bs_order_class *class = &result->classes.v[i];

		bs_json_object(json, BS_JSON_INLINE);
		bs_json_member(json, "worst", bs_level_name(class->worst));
		bs_json_member_bool(json, "safe", class->worst < BS_LEVEL_WARNING);
		bs_json_key(json, "orders");
		bs_json_array(json, BS_JSON_INLINE);
		bs_vec_each (k, &class->orders)
			bs_json_number(json, class->orders.v[k]);
		bs_json_close(json);
		bs_json_key(json, "refusals");
		bs_json_array(json, BS_JSON_INLINE);
		bs_vec_each (k, &class->refusals) {
			bs_json_object(json, BS_JSON_INLINE);
			bs_json_member_number(json, "step", class->refusals.v[k].step);
			bs_json_member(json, "message", class->refusals.v[k].message);
			bs_json_close(json);
		}
		bs_json_close(json);
		write_findings(json, class);
		bs_json_close(json);
	}
	bs_json_close(json);
}

static void write_symbols(struct bs_report *report, struct bs_json *json,
			  const struct bs_order_result *result, const struct bs_moved *moved)
{
	bs_json_key(json, "symbols");
	bs_json_array(json, BS_JSON_INLINE);
	bs_vec_each (i, &moved->symbols)
		if (bs_moved_selected(&report->selection, result->study, moved,
				      &moved->symbols.v[i]))
			bs_json_string(json, moved->symbols.v[i].name);
	bs_json_close(json);
}

static void write_moved(struct bs_report *report, struct bs_json *json,
			const struct bs_order_result *result)
{
	bs_json_key(json, "dependent");
	bs_json_array(json, BS_JSON_LINES);
	bs_vec_each (i, &result->moved) {
		const struct bs_moved *moved = &result->moved.v[i];
		uint32_t n = bs_moved_count(report, result->study, moved);

		if (!n)
			continue;
		bs_json_object(json, BS_JSON_INLINE);
		bs_json_member_number(json, "from", moved->referrer);
		bs_json_member_number(json, "references", n);
		bs_json_key(json, "decided_by");
		if (moved->first) {
			bs_json_object(json, BS_JSON_INLINE);
			bs_json_member_number(json, "step", moved->first);
			bs_json_member_number(json, "before", moved->second);
			member_object(json, "then", moved->kinds.v[0]);
			member_object(json, "else", moved->kinds.v[1]);
			bs_json_close(json);
		} else {
			bs_json_null(json);
		}
		bs_json_key(json, "answers");
		bs_json_array(json, BS_JSON_INLINE);
		bs_vec_each (o, &result->orders->list) {
			bs_json_object(json, BS_JSON_INLINE);
			bs_json_member_bool(json, "there", moved->answers[o] != BS_NOT_THERE);
			member_object(json, "to", moved->answers[o]);
			bs_json_close(json);
		}
		bs_json_close(json);
		if (report->show & BS_ORDER_BINDINGS)
			write_symbols(report, json, result, moved);
		bs_json_close(json);
	}
	bs_json_close(json);
}

static void write_result(struct bs_report *report, struct bs_json *json,
			 const struct bs_order_result *result)
{
	const struct bs_orders *orders = result->orders;

	if (report->show & BS_ORDER_STEPS)
		write_steps(json, orders->plan, orders);
	bs_json_key(json, "tried");
	bs_json_object(json, BS_JSON_INLINE);
	bs_json_member_number(json, "orders", orders->list.n);
	bs_json_member_bool(json, "all", orders->all);
	bs_json_member_if(json, "possible", orders->possible != UINT64_MAX, orders->possible);
	bs_json_member_number(json, "untried", orders->untried);
	bs_json_member_number(json, "left_out", orders->left_out);
	bs_json_member_number(json, "safe", result->n_safe);
	bs_json_member_number(json, "with_warnings", result->n_warned);
	bs_json_member_number(json, "harmful", result->n_harmed);
	bs_json_close(json);
	bs_json_key(json, "finding");
	if (result->level) {
		bs_json_object(json, BS_JSON_INLINE);
		bs_json_member(json, "rule", bs_rule_text(BS_RULE_ORDER_DEPENDENT)->slug);
		bs_json_member(json, "level", bs_level_name(result->level));
		bs_json_member_number(json, "references", result->n_moved);
		bs_json_member_number(json, "strong", result->n_strong);
		bs_json_close(json);
	} else {
		bs_json_null(json);
	}
	if (report->show & (BS_ORDER_FINDINGS | BS_ORDER_BINDINGS))
		write_moved(report, json, result);
	if (!(report->show & BS_ORDER_ORDERS))
		return;
	bs_json_key(json, "orders");
	bs_json_array(json, BS_JSON_LINES);
	bs_vec_each (o, &orders->list)
		write_order(json, orders, o);
	bs_json_close(json);
	write_classes(json, result);
}

static void write_pair(struct bs_json *json, const struct bs_pair_record *r)
{
	bs_json_object(json, BS_JSON_INLINE);
	bs_json_member_number(json, "a", r->a);
	bs_json_member_number(json, "b", r->b);
	bs_json_member(json, "order_dependent", bs_level_name(r->level));
	bs_json_member_number(json, "references", r->n);
	bs_json_member(json, "rule",
		       r->rule == BS_RULE_COUNT_ ? NULL : bs_rule_text(r->rule)->slug);
	bs_json_key(json, "in_order");
	bs_json_array(json, BS_JSON_INLINE);
	for (uint32_t which = 0; which < 2; which++) {
		bs_json_object(json, BS_JSON_INLINE);
		bs_json_member(json, "worst", bs_level_name(r->worst[which]));
		bs_json_member(json, "refusal", r->refusal[which]);
		bs_json_close(json);
	}
	bs_json_close(json);
	bs_json_key(json, "most");
	if (r->n) {
		bs_json_object(json, BS_JSON_INLINE);
		bs_json_member_number(json, "from", r->referrer);
		bs_json_member_number(json, "references", r->n_most);
		member_object(json, "a_first", r->definers[0]);
		member_object(json, "b_first", r->definers[1]);
		bs_json_close(json);
	} else {
		bs_json_null(json);
	}
	bs_json_close(json);
}

static void write_pairs(struct bs_report *report, struct bs_json *json,
			const struct bs_pairs_result *result)
{
	if (report->show & BS_ORDER_STEPS)
		write_steps(json, result->plan, NULL);
	bs_json_key(json, "files");
	bs_json_array(json, BS_JSON_LINES);
	bs_vec_each (i, &result->files) {
		bs_json_object(json, BS_JSON_INLINE);
		bs_json_member(json, "file", result->files.v[i].step.file);
		bs_json_member(json, "refusal", result->files.v[i].refusal);
		bs_json_close(json);
	}
	bs_json_close(json);
	bs_json_member_number(json, "tried_pairs", result->n_pairs);
	bs_json_member_number(json, "dependent_pairs", result->n_dependent);
	if (!(report->show & BS_ORDER_PAIRS))
		return;
	bs_json_key(json, "pairs");
	bs_json_array(json, BS_JSON_LINES);
	bs_vec_each (i, &result->records)
		write_pair(json, &result->records.v[i]);
	bs_json_close(json);
}

void bs_order_json(struct bs_report *report, struct bs_arena *arena,
		   const struct bs_order_result *result, const struct bs_pairs_result *pairs)
{
	struct bs_json json = { .out = report->writer, .arena = arena };

	bs_json_object(&json, BS_JSON_LINES);
	bs_json_member(&json, "schema", "bindsim-order-1");
	bs_json_member(&json, "schema_version", "1.0");
	enum bs_level worst = result ? result->worst : pairs->worst;
	bool refused = result ? result->refused : pairs->refused;
	bool reached = report->fail_on != BS_LEVEL_NONE && worst >= report->fail_on;

	bs_json_member(&json, "reason", refused ? "refusal" : reached ? "finding" : NULL);
	bs_json_member(&json, "worst", bs_level_name(worst));
	if (result)
		write_result(report, &json, result);
	else
		write_pairs(report, &json, pairs);
	bs_json_study_objects(&json, result ? result->study : pairs->study);
	bs_json_close(&json);
	bs_write(report->writer, "\n", 1);
}
