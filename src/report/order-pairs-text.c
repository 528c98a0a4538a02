/* SPDX-License-Identifier: MIT */
/* What `bindsim order --pairs` found, in words. */
#include "order-report.h"
#include "text-priv.h"

#include <string.h>

enum { MOST_PAIRS = 12 };

static const char *file_name(const struct bs_pairs_result *result, uint32_t file)
{
	const char *path = result->files.v[file].step.file, *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void say_files(struct bs_report *report, const struct bs_pairs_result *result)
{
	bs_say_count(report, result->files.n, "shared object", "shared objects");
	bs_say(report, ", ");
	bs_say_count(report, result->n_pairs, "pair", "pairs");
	bs_say(report, " in both orders\n");
	bs_vec_each (i, &result->files) {
		const struct bs_pair_file *file = &result->files.v[i];

		if (file->refusal) {
			bs_say(report, "   alone ");
			bs_say_escaped(report, file_name(result, i));
			bs_say(report, " is refused: ");
			bs_say_escaped(report, *file->refusal ? file->refusal : "it is not loaded");
			bs_say(report, "\n");
		}
	}
}

static void say_order_of_pair(struct bs_report *report, const struct bs_pairs_result *result,
			      const struct bs_pair_record *r, uint32_t which)
{
	if (!r->worst[which])
		return;
	bs_say(report, "      with ");
	bs_say_escaped(report, file_name(result, which ? r->b : r->a));
	bs_say(report, " first: ");
	if (r->refusal[which]) {
		bs_say(report, "refused: ");
		bs_say_escaped(report, *r->refusal[which] ? r->refusal[which] : "it is not loaded");
	} else {
		bs_say(report, bs_level_name(r->worst[which]));
		bs_say(report, "s that neither has alone");
	}
	bs_say(report, "\n");
}

static void say_pair(struct bs_report *report, const struct bs_pairs_result *result,
		     const struct bs_pair_record *r)
{
	enum bs_level worst = r->worst[0] > r->worst[1] ? r->worst[0] : r->worst[1];

	bs_say_spaces(report, 3);
	bs_order_say_level(report, worst > r->level ? worst : r->level);
	bs_say_escaped(report, file_name(result, r->a));
	bs_say(report, " and ");
	bs_say_escaped(report, file_name(result, r->b));
	bs_say(report, r->level ? ": depends on the order" : ": in both orders");
	if (r->n) {
		bs_say(report, ", ");
		bs_say_count(report, r->n, "reference", "references");
	}
	if (r->rule != BS_RULE_COUNT_) {
		bs_say(report, ", ");
		bs_say(report, bs_rule_text(r->rule)->slug);
	}
	bs_say(report, "\n");
	if (r->n) {
		bs_say_spaces(report, 6);
		bs_say_escaped(report, bs_study_name(result->study, r->referrer));
		bs_say(report, ": ");
		bs_write_grouped(report->writer, r->n_most);
		bs_say(report, " to ");
		bs_order_say_answer(report, result->study, r->referrer, r->definers[0]);
		bs_say(report, " when ");
		bs_say_escaped(report, file_name(result, r->a));
		bs_say(report, " comes first, else to ");
		bs_order_say_answer(report, result->study, r->referrer, r->definers[1]);
		bs_say(report, "\n");
	}
	for (uint32_t which = 0; which < 2; which++)
		say_order_of_pair(report, result, r, which);
}

void bs_order_pairs_text(struct bs_report *report, struct bs_arena *arena,
			 const struct bs_pairs_result *result)
{
	bool all = report->show & BS_ORDER_PAIRS;

	if (report->show & BS_ORDER_STEPS) {
		for (uint32_t i = 0; i < result->plan->n_steps; i++) {
			bs_write_format(report->writer, " %3u  ", i + 1);
			bs_order_say_step(report, arena, &result->plan->steps[i]);
			bs_say(report, "\n");
		}
		say_files(report, result);
	}
	if (!(report->show & (BS_ORDER_FINDINGS | BS_ORDER_ORDERS | BS_ORDER_PAIRS)))
		return;
	bs_say(report, report->show & BS_ORDER_STEPS ? "\n" : "");
	if (!result->records.n) {
		bs_say_ink(report, BS_INK_GOOD, "stable");
		bs_say(report,
		       ": no pair depends on its order, or does harm that neither does alone\n");
		return;
	}
	bs_say_count(report, result->n_dependent, "pair depends", "pairs depend");
	bs_say(report, " on the order: ");
	bs_write_format(report->writer, "%u with errors, %u with warnings, %u with notes; ",
			result->n_levels[BS_LEVEL_ERROR], result->n_levels[BS_LEVEL_WARNING],
			result->n_levels[BS_LEVEL_NOTE]);
	bs_write_grouped(report->writer, result->records.n - result->n_dependent);
	bs_say(report, " do harm in both orders\n");
	bs_vec_each (i, &result->records) {
		if (i == MOST_PAIRS && !all) {
			bs_write_format(report->writer,
					"   ... and %u more (--show=pairs lists all)\n",
					result->records.n - i);
			return;
		}
		say_pair(report, result, &result->records.v[i]);
	}
}
