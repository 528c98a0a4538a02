/* SPDX-License-Identifier: MIT */
/* The member "proof" of a finding. */
#include "json-priv.h"

static void write_side(struct bs_json *json, const struct bs_proof_side *side)
{
	bs_json_object(json, BS_JSON_INLINE);
	bs_json_member_map(json, "object", side->object);
	bs_json_member_number(json, "size", side->size);
	bs_json_member(json, "file", side->file);
	bs_json_member_if(json, "line", side->line != 0, side->line);
	bs_json_member(json, "producer", side->producer);
	bs_json_member(json, "directory", side->directory);
	bs_json_member(json, "debug_file", side->debug_file);
	bs_json_member(json, "unknown",
		       side->unproven ? bs_unproven_text(side->unproven)->slug : NULL);
	bs_json_close(json);
}

static void write_difference(struct bs_json *json, const struct bs_difference *difference)
{
	if (!difference->kind) {
		bs_json_member(json, "difference", NULL);
		return;
	}
	bs_json_key(json, "difference");
	bs_json_object(json, BS_JSON_INLINE);
	bs_json_member(json, "kind", bs_difference_text(difference->kind)->slug);
	bs_json_member(json, "type", difference->type);
	bs_json_member(json, "name", difference->name);
	bs_json_member(json, "first", difference->left);
	bs_json_member(json, "second", difference->right);
	bs_json_close(json);
}

static void write_symbol(struct bs_report *report, struct bs_json *json,
			 const struct bs_proof_symbol *symbol)
{
	bs_json_object(json, BS_JSON_INLINE);
	bs_json_symbol(report, symbol->name);
	bs_json_member(json, "verdict", bs_proof_verdict_name(symbol->verdict));
	write_difference(json, &symbol->difference);
	bs_json_key(json, "definitions");
	bs_json_array(json, BS_JSON_INLINE);
	write_side(json, &symbol->sides[0]);
	write_side(json, &symbol->sides[1]);
	bs_json_close(json);
	bs_json_close(json);
}

void bs_json_proof(struct bs_report *report, struct bs_json *json, const struct bs_proof *proof)
{
	if (!proof) {
		bs_json_member(json, "proof", NULL);
		return;
	}
	bs_json_key(json, "proof");
	bs_json_object(json, BS_JSON_INLINE);
	bs_json_member(json, "verdict", bs_proof_verdict_name(proof->verdict));
	bs_json_member(json, "level_before", bs_level_name(proof->before));
	bs_json_member_number(json, "looked", proof->n_looked);
	bs_json_member_number(json, "compared", proof->n_compared);
	bs_json_member_number(json, "differ", proof->n_differ);
	bs_json_member_number(json, "same_size", proof->n_same_size);
	bs_json_member_number(json, "same_code", proof->n_alike);
	bs_json_member_number(json, "code_compared", proof->n_code);
	if (proof->has_build_ids)
		bs_json_member_bool(json, "same_build", proof->same_build);
	else
		bs_json_member(json, "same_build", NULL);
	bs_json_key(json, "symbols");
	bs_json_array(json, BS_JSON_INLINE);
	for (uint32_t i = 0; i < proof->n_symbols; i++)
		write_symbol(report, json, &proof->symbols[i]);
	bs_json_close(json);
	bs_json_close(json);
}
