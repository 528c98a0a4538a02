/* SPDX-License-Identifier: MIT */
/*
 * The bindings of a page, as JSON for its search. A block a step:
 *
 *   {"step":N,
 *    "bindings":[[OBJECT,[SYMBOL,MANNER,...]],...],   of neighbours with one referrer
 *    "symbols":[NAME or [NAME,DEMANGLED],...],        that were not met before, from 0 on
 *    "manners":[{...},...]}                           the same: the rest of a binding
 *
 * and one that ends the plan, with its objects and the slots whose answer changes. Bindings stand
 * first, so that nothing but the new names has to wait.
 */
#include "html-priv.h"

#include <inttypes.h>
#include <stdio.h>

static void open_block(struct bs_html *html)
{
	bs_write_literal(html->out, "<script type=\"application/json\" class=\"bindsim\">");
	bs_json_object(&html->json.json, BS_JSON_INLINE);
}

static void close_block(struct bs_html *html)
{
	bs_json_close(&html->json.json);
	bs_write_literal(html->out, "</script>\n");
}

void bs_html_data_begin(struct bs_html *html, const struct bs_report *report)
{
	struct bs_arena *arena = html->run->ctx.arena;

	html->json.json = (struct bs_json){ .out = html->out, .arena = arena, .in_markup = true };
	html->rows = *report;
	html->rows.show = SHOW_BINDINGS | SHOW_DEMANGLED;
	html->rows.state = &html->json;
	html->symbols = bs_names_new(arena);
	html->versions = bs_names_new(arena);
	html->manners = bs_names_new(arena);
}

/* ---- what bindings have in common ------------------------------------------------------------ */

struct manner {
	struct bs_binding binding;
	const char *version;
	enum bs_json_when when;
};

/* What a block tells behind its bindings. */
struct met {
	bs_ids symbols;
	BS_VEC(struct manner) manners;
};

static uint32_t version_number(struct bs_html *html, const struct bs_version *version)
{
	return version ? bs_name_of(html->versions, version->name) : 0;
}

/* Two bindings with one key have the same members, see bs_json_manner_members(). */
static uint32_t number_of_manner(struct bs_html *html, struct met *met, const struct manner *manner)
{
	const struct bs_run *run = html->run;
	const struct bs_binding *b = &manner->binding;
	const struct bs_version *defined =
		b->definer == BS_NO_MAP
			? NULL
			: bs_reference_version(bs_map_of(&run->process, b->definer)->image,
					       b->definer_symbol);
	char key[160];
	int n = snprintf(key, sizeof key, "%x.%x.%x.%x.%x.%x.%x.%d.%d.%d.%" PRIx64,
			 manner->version ? bs_name_of(html->versions, manner->version) : 0,
			 version_number(html, defined), (unsigned)b->definer, (unsigned)b->kinds,
			 (unsigned)b->why, (unsigned)b->outcome, (unsigned)manner->when,
			 b->loads != 0, b->protected_reference != 0, b->symbol == 0,
			 bs_run_assumed(run, b));
	bs_name name = bs_name_of_n(html->manners, key, (size_t)n);

	if (name > html->n_manners) {
		html->n_manners = name;
		bs_vec_push(run->ctx.arena, &met->manners, *manner);
	}
	return name - 1;
}

static uint32_t number_of_symbol(struct bs_html *html, struct met *met, const char *text)
{
	bs_name name = bs_name_of(html->symbols, text);

	if (name > html->n_symbols) {
		html->n_symbols = name;
		bs_vec_push(html->run->ctx.arena, &met->symbols, name);
	}
	return name - 1;
}

static void write_met(struct bs_html *html, const struct met *met)
{
	struct bs_json *json = &html->json.json;

	bs_json_key(json, "symbols");
	bs_json_array(json, BS_JSON_INLINE);
	bs_vec_each (i, &met->symbols) {
		const char *name = bs_name_text(html->symbols, met->symbols.v[i]);
		const char *demangled = bs_demangled(name);

		if (demangled != name)
			bs_json_array(json, BS_JSON_INLINE);
		bs_json_string(json, name);
		if (demangled == name)
			continue;
		bs_json_string(json, demangled);
		bs_json_close(json);
	}
	bs_json_close(json);
	bs_json_key(json, "manners");
	bs_json_array(json, BS_JSON_INLINE);
	bs_vec_each (i, &met->manners) {
		const struct manner *manner = &met->manners.v[i];

		bs_json_object(json, BS_JSON_INLINE);
		bs_json_manner_members(json, html->run, &manner->binding, manner->when,
				       manner->version);
		bs_json_close(json);
	}
	bs_json_close(json);
}

/* ---- blocks --------------------------------------------------------------------------------- */

static void write_bindings(struct bs_html *html, const struct bs_step_result *result,
			   struct met *met)
{
	struct bs_json_bindings bindings = bs_json_bindings(&html->rows, html->run, result);
	struct bs_json *json = &html->json.json;
	bs_map_id referrer = BS_NO_MAP;
	const struct bs_binding *b;
	enum bs_json_when when;

	while ((b = bs_json_next_binding(&bindings, &when))) {
		const struct bs_version *version = bs_run_asked_version(html->run, result, b);
		const struct manner manner = { *b, version ? version->name : NULL, when };

		if (b->referrer != referrer || referrer == BS_NO_MAP) {
			if (json->depth > 2) {
				bs_json_close(json);
				bs_json_close(json);
			}
			bs_json_array(json, BS_JSON_INLINE);
			bs_json_number(json, b->referrer);
			bs_json_array(json, BS_JSON_INLINE);
		}
		referrer = b->referrer;
		bs_json_number(
			json,
			number_of_symbol(html, met, bs_json_symbol_of(html->run, result, b, when)));
		bs_json_number(json, number_of_manner(html, met, &manner));
	}
	if (json->depth > 2) {
		bs_json_close(json);
		bs_json_close(json);
	}
}

void bs_html_data_step(struct bs_html *html, const struct bs_step_result *result)
{
	struct bs_json *json = &html->json.json;
	struct met met = { 0 };

	open_block(html);
	bs_json_member_number(json, "step", result->number);
	bs_json_key(json, "bindings");
	bs_json_array(json, BS_JSON_INLINE);
	write_bindings(html, result, &met);
	bs_json_close(json);
	write_met(html, &met);
	close_block(html);
}

/* By the names that the page has for them. */
static void write_objects(struct bs_html *html, struct bs_report *report)
{
	const struct bs_run *run = html->run;
	struct bs_json *json = &html->json.json;

	bs_json_key(json, "objects");
	bs_json_array(json, BS_JSON_INLINE);
	bs_vec_each (id, &run->process.maps) {
		const struct bs_image *image = bs_map_of(&run->process, id)->image;
		const char *soname = image ? image->soname : NULL;

		bs_json_array(json, BS_JSON_INLINE);
		bs_json_string(json, bs_ci_escaped(report, bs_run_map_name(run, id)));
		bs_json_string(json, soname);
		bs_json_close(json);
	}
	bs_json_close(json);
}

static void write_slots(struct bs_html *html)
{
	struct bs_json_slots slots = { .report = &html->rows, .run = html->run };
	struct bs_json *json = &html->json.json;

	bs_json_key(json, "slots");
	bs_json_array(json, BS_JSON_INLINE);
	while (bs_json_next_slot(&slots)) {
		if (slots.answers.n < 2 && html->run->slots.v[slots.next - 1].called == BS_NEVER)
			continue;
		bs_json_object(json, BS_JSON_INLINE);
		bs_json_slot_members(&slots);
		bs_json_close(json);
	}
	bs_json_close(json);
}

void bs_html_data_end(struct bs_html *html, struct bs_report *report)
{
	struct bs_json *json = &html->json.json;
	const char *plan = report->judge ? bs_judge_plan(report->judge) : NULL;

	open_block(html);
	bs_json_member(json, "plan", plan ? plan : html->run->program);
	write_objects(html, report);
	write_slots(html);
	close_block(html);
}
