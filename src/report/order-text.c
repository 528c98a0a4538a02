/* SPDX-License-Identifier: MIT */
/* What `bindsim order` found, in words: the steps, what depends on their order, the orders. */
#include "order-report.h"
#include "text-priv.h"

enum {
	MOST_FOLDS = 8,	  /* lines of what depends, where not all is asked for */
	MOST_ORDERS = 8,  /* orders that a line lists */
	MOST_CLASSES = 8, /* kinds of orders, worst first */
	MOST_EXAMPLES = 3,
};

static const char *const parts[] = { "steps", "findings", "orders", "bindings", "pairs", NULL };

const struct bs_format bs_format_order_text = {
	.name = "text",
	.parts = parts,
	.default_show = BS_ORDER_STEPS | BS_ORDER_FINDINGS | BS_ORDER_ORDERS,
};

uint32_t bs_moved_count(const struct bs_report *report, const struct bs_study *study,
			const struct bs_moved *moved)
{
	uint32_t n = 0;

	bs_vec_each (i, &moved->symbols)
		n += bs_moved_selected(&report->selection, study, moved, &moved->symbols.v[i]);
	return n;
}

void bs_order_say_step(struct bs_report *report, struct bs_arena *arena, const struct bs_step *step)
{
	bs_say_escaped(report, bs_step_words(arena, step));
	if (step->spelled) {
		bs_say(report, " ");
		bs_say_escaped(report, step->spelled);
	}
}

void bs_order_say_level(struct bs_report *report, enum bs_level level)
{
	bs_say_ink(report, level == BS_LEVEL_ERROR ? BS_INK_BAD : BS_INK_WARN,
		   bs_level_name(level));
	bs_say(report, ": ");
}

void bs_order_say_answer(struct bs_report *report, const struct bs_study *study,
			 bs_object_id referrer, bs_object_id answer)
{
	if (answer == BS_NO_OBJECT) {
		bs_say(report, "nobody");
		return;
	}
	if (answer == referrer) {
		bs_say(report, "itself");
		return;
	}
	bs_say_escaped(report, bs_study_name(study, answer));
	if (study->objects.v[answer].space)
		bs_write_format(report->writer, " of step %u's namespace",
				study->objects.v[answer].space);
	if (study->objects.v[answer].copy)
		bs_write_format(report->writer, " (copy %u)", study->objects.v[answer].copy + 1);
}

/* "2 1 3" */
static void say_order(struct bs_report *report, const struct bs_orders *orders, uint32_t at)
{
	bs_vec_each (i, &orders->movable) {
		bs_say(report, i ? " " : "");
		bs_write_number(report->writer, orders->movable.v[orders->list.v[at][i]]);
	}
}

/* "1 2 3, 1 3 2 and 4 more" */
static void say_orders(struct bs_report *report, const struct bs_orders *orders, const bs_ids *list)
{
	bs_vec_each (i, list) {
		if (i == MOST_ORDERS) {
			bs_say(report, " and ");
			bs_write_grouped(report->writer, list->n - i);
			bs_say(report, " more");
			return;
		}
		bs_say(report, i ? ", " : "");
		say_order(report, orders, list->v[i]);
	}
}

/* ---- the steps ------------------------------------------------------------------------------- */

static void say_tried(struct bs_report *report, const struct bs_orders *orders)
{
	bs_say_count(report, orders->list.n, "order", "orders");
	bs_say(report, " tried");
	if (orders->movable.n < 2)
		bs_say(report,
		       ": there is no other order of fewer than two steps that open something");
	else if (!orders->all) {
		bs_say(report, ", two for each pair of steps, of ");
		if (orders->possible == UINT64_MAX)
			bs_say(report, "more than can be counted");
		else
			bs_write_grouped(report->writer, orders->possible);
	}
	if (orders->untried) {
		bs_say(report, "; ");
		bs_write_grouped(report->writer, orders->untried);
		bs_say(report, " more for pairs of steps were not tried");
	}
	if (orders->left_out) {
		bs_say(report, "; ");
		bs_write_grouped(report->writer, orders->left_out);
		bs_say(report, orders->left_out == 1 ? " is" : " are");
		bs_say(report, " left out, in which a step comes before one that it refers to");
	}
	bs_say(report, "\n");
}

static void say_steps(struct bs_report *report, struct bs_arena *arena,
		      const struct bs_orders *orders)
{
	for (uint32_t i = 0; i < orders->plan->n_steps; i++) {
		bool moves = bs_ids_have(&orders->movable, i + 1);

		bs_write_format(report->writer, moves ? " %3u  " : "        ", i + 1);
		if (!moves)
			bs_write_format(report->writer, "%u: ", i + 1);
		bs_order_say_step(report, arena, &orders->plan->steps[i]);
		bs_say(report, "\n");
	}
	say_tried(report, orders);
}

/* ---- what depends ---------------------------------------------------------------------------- */

static void say_by_orders(struct bs_report *report, const struct bs_order_result *result,
			  const struct bs_moved *moved)
{
	bs_vec_each (k, &moved->kinds) {
		uint32_t n = 0, first = 0;

		bs_vec_each (o, &result->orders->list) {
			if (moved->answers[o] != moved->kinds.v[k])
				continue;
			first = n++ ? first : o;
		}
		bs_say(report, k ? ", to " : "to ");
		bs_order_say_answer(report, result->study, moved->referrer, moved->kinds.v[k]);
		bs_say(report, " in ");
		say_order(report, result->orders, first);
		if (n > 1) {
			bs_say(report, " and ");
			bs_say_count(report, n - 1, "more order", "more orders");
		}
	}
}

static void say_when(struct bs_report *report, const struct bs_order_result *result,
		     const struct bs_moved *moved)
{
	if (!moved->first) {
		say_by_orders(report, result, moved);
		return;
	}
	bs_say(report, "to ");
	bs_order_say_answer(report, result->study, moved->referrer, moved->kinds.v[0]);
	bs_write_format(report->writer, " when step %u comes before step %u, else to ",
			moved->first, moved->second);
	bs_order_say_answer(report, result->study, moved->referrer, moved->kinds.v[1]);
}

static void say_examples(struct bs_report *report, const struct bs_order_result *result,
			 const struct bs_moved *moved, uint32_t most)
{
	uint32_t said = 0;

	for (uint32_t i = 0; i < moved->symbols.n && said < most; i++) {
		if (!bs_moved_selected(&report->selection, result->study, moved,
				       &moved->symbols.v[i]))
			continue;
		bs_say_spaces(report, 6);
		bs_say_escaped(report, bs_demangled(moved->symbols.v[i].name));
		bs_say(report, "\n");
		said++;
	}
}

static void say_moved(struct bs_report *report, const struct bs_order_result *result)
{
	bool all = report->show & BS_ORDER_BINDINGS;
	uint32_t said = 0;

	bs_vec_each (i, &result->moved) {
		const struct bs_moved *moved = &result->moved.v[i];
		uint32_t n = bs_moved_count(report, result->study, moved);

		if (!n)
			continue;
		if (said == MOST_FOLDS && !all) {
			bs_say(report, "   ... (--show=bindings lists all)\n");
			break;
		}
		bs_say_spaces(report, 3);
		bs_say_escaped(report, bs_study_name(result->study, moved->referrer));
		bs_say(report, ": ");
		bs_say_count(report, n, "reference", "references");
		bs_say(report, ": ");
		say_when(report, result, moved);
		bs_say(report, "\n");
		say_examples(report, result, moved, all ? UINT32_MAX : said ? 1 : MOST_EXAMPLES);
		said++;
	}
}

static void say_finding(struct bs_report *report, const struct bs_order_result *result)
{
	if (!result->level) {
		bs_say_ink(report, BS_INK_GOOD, "stable");
		bs_say(report, ": no binding, finding or failure depends on the order\n");
		return;
	}
	bs_say_ink(report, result->level == BS_LEVEL_ERROR ? BS_INK_BAD : BS_INK_WARN,
		   bs_level_name(result->level));
	bs_say(report, ": order-dependent: ");
	if (result->n_moved)
		bs_say_count(report, result->n_moved, "reference depends", "references depend");
	else
		bs_say(report, "what is refused or found, but no binding, depends");
	bs_say(report, " on the order of the steps\n");
}

/* ---- the orders ------------------------------------------------------------------------------ */

static void say_class_finding(struct bs_report *report, const struct bs_order_result *result,
			      const struct bs_order_finding *f)
{
	bs_say_spaces(report, 6);
	bs_order_say_level(report, f->level);
	bs_say(report, bs_rule_text(f->rule)->slug);
	bs_say(report, ": ");
	if (f->from != BS_NO_OBJECT)
		bs_say_escaped(report, bs_study_name(result->study, f->from));
	if (f->to != BS_NO_OBJECT) {
		bs_say(report, ", ");
		bs_say_escaped(report, bs_study_name(result->study, f->to));
	}
	if (f->n) {
		bs_say(report, ", ");
		bs_say_count(report, f->n, "symbol", "symbols");
	}
	bs_say(report, "\n");
}

static void say_class(struct bs_report *report, const struct bs_order_result *result,
		      const struct bs_order_class *class)
{
	bs_say_spaces(report, 3);
	say_orders(report, result->orders, &class->orders);
	bs_say(report, class->worst < BS_LEVEL_WARNING ? ": safe"
		       : class->worst < BS_LEVEL_ERROR ? ": with warnings"
						       : ": harmful");
	bs_say(report, "\n");
	bs_vec_each (i, &class->refusals) {
		const struct bs_order_refusal *r = &class->refusals.v[i];

		bs_say_spaces(report, 6);
		bs_write_format(report->writer, "step %u fails: ", r->step);
		bs_say_escaped(report,
			       r->message && *r->message ? r->message : "the object is not loaded");
		bs_say(report, "\n");
	}
	bs_vec_each (i, &class->findings)
		if (!class->findings.v[i].everywhere)
			say_class_finding(report, result, &class->findings.v[i]);
}

static void say_everywhere(struct bs_report *report, const struct bs_order_result *result)
{
	const struct bs_order_class *class = &result->classes.v[0];
	bool said = false;

	bs_vec_each (i, &class->findings) {
		if (!class->findings.v[i].everywhere)
			continue;
		bs_say(report, said ? "" : "   in every order\n");
		said = true;
		say_class_finding(report, result, &class->findings.v[i]);
	}
}

static void say_classes(struct bs_report *report, const struct bs_order_result *result)
{
	uint32_t said = 0;
	uint32_t n = result->orders->list.n;

	if (result->n_safe == n) {
		bs_say(report, n > 1 ? "all orders are safe" : "it is safe");
	} else {
		bs_write_grouped(report->writer, result->n_safe);
		bs_say(report, " of ");
		bs_say_count(report, n, "order is safe", "orders are safe");
		bs_write_format(report->writer, "; %u with warnings, %u with errors or refusals",
				result->n_warned, result->n_harmed);
	}
	bs_say(report, "\n");
	if (result->classes.n == 1) {
		say_everywhere(report, result);
		bs_vec_each (i, &result->classes.v[0].refusals)
			if (!i)
				say_class(report, result, &result->classes.v[0]);
		return;
	}
	for (enum bs_level level = BS_LEVEL_ERROR + 1; level-- > BS_LEVEL_NONE;)
		bs_vec_each (i, &result->classes) {
			if (result->classes.v[i].worst != level)
				continue;
			if (said++ < MOST_CLASSES || report->show & BS_ORDER_BINDINGS)
				say_class(report, result, &result->classes.v[i]);
		}
	if (said > MOST_CLASSES && !(report->show & BS_ORDER_BINDINGS)) {
		bs_say(report, "   ... and ");
		bs_say_count(report, said - MOST_CLASSES, "more kind", "more kinds");
		bs_say(report, " of orders (--show=orders,bindings lists all)\n");
	}
	say_everywhere(report, result);
}

void bs_order_text(struct bs_report *report, struct bs_arena *arena,
		   const struct bs_order_result *result)
{
	if (report->show & BS_ORDER_STEPS)
		say_steps(report, arena, result->orders);
	if (report->show & BS_ORDER_FINDINGS) {
		bs_say(report, report->show & BS_ORDER_STEPS ? "\n" : "");
		say_finding(report, result);
	}
	if (report->show & (BS_ORDER_FINDINGS | BS_ORDER_BINDINGS))
		say_moved(report, result);
	if (report->show & BS_ORDER_ORDERS) {
		bs_say(report, report->show & ~(unsigned)BS_ORDER_ORDERS ? "\n" : "");
		say_classes(report, result);
	}
}
