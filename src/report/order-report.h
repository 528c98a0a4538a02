/* SPDX-License-Identifier: MIT */
/* order-report.h - what `bindsim order` found, in words and in JSON */
#pragma once

#include "../study/order.h"
#include "report.h"

enum {
	BS_ORDER_STEPS = 1 << 0,    /* the steps, and how many orders were tried */
	BS_ORDER_FINDINGS = 1 << 1, /* order-dependent, and what it is about */
	BS_ORDER_ORDERS = 1 << 2,   /* the orders by what they come to */
	BS_ORDER_BINDINGS = 1 << 3, /* each reference that depends */
	BS_ORDER_PAIRS = 1 << 4,    /* each pair that is not harmless */
};

/* No formats that --format names otherwise: tables of names and parts. */
extern const struct bs_format bs_format_order_text, bs_format_order_json;

/* In words. ARENA: for scratch. */
void bs_order_text(struct bs_report *report, struct bs_arena *arena,
		   const struct bs_order_result *result);
void bs_order_pairs_text(struct bs_report *report, struct bs_arena *arena,
			 const struct bs_pairs_result *result);

/* In JSON (schema/bindsim-order-1.schema.json), of one of the two; the other is NULL. The format
 * must have been opened. */
void bs_order_json(struct bs_report *report, struct bs_arena *arena,
		   const struct bs_order_result *result, const struct bs_pairs_result *pairs);

/* How many references of MOVED are selected. */
uint32_t bs_moved_count(const struct bs_report *report, const struct bs_study *study,
			const struct bs_moved *moved);

/* order-text.c: a step with its flags; "error: "; an object that answers REFERRER. */
void bs_order_say_step(struct bs_report *report, struct bs_arena *arena,
		       const struct bs_step *step);
void bs_order_say_level(struct bs_report *report, enum bs_level level);
void bs_order_say_answer(struct bs_report *report, const struct bs_study *study,
			 bs_object_id referrer, bs_object_id answer);
