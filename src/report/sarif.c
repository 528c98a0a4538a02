/* SPDX-License-Identifier: MIT */
/*
 * --format=sarif: SARIF 2.1.0 (OASIS), for services that show findings beside code.
 *
 * These take a part of it and have limits; both are as GitHub documents them ("SARIF support for
 * code scanning"). A finding is one result, whatever the number of its symbols. There are no times
 * and no paths of the machine in it: the same question gives the same bytes.
 */
#include "jansson-late.h"
#include "sarif-priv.h"

#include <elf.h>
#include <inttypes.h>
#include <string.h>

enum { MOST_LOCATIONS = 100 };

/* What a path is relative to. The first is the usual name for where a checkout lies. */
static const char cwd_base[] = "%SRCROOT%", root_base[] = "ROOT";

struct sarif {
	struct bs_report *report;
	const struct bs_run *run;
	const struct bs_ci *ci;
	struct bs_json json;
	bs_ids used;			   /* rules that have results */
	uint32_t index_of[BS_RULE_COUNT_]; /* where in USED */
	const char **fingerprints;
	uint32_t n_results;
};

void bs_sarif_message(struct bs_json *json, const char *key, const char *text)
{
	bs_json_key(json, key);
	bs_json_object(json, BS_JSON_INLINE);
	bs_json_member(json, "text", text);
	bs_json_close(json);
}

/* ---- locations ------------------------------------------------------------------------------ */

void bs_sarif_artifact(struct bs_json *json, const struct bs_file_place *place)
{
	bs_json_key(json, "physicalLocation");
	bs_json_object(json, BS_JSON_INLINE);
	bs_json_key(json, "artifactLocation");
	bs_json_object(json, BS_JSON_INLINE);
	bs_json_member(json, "uri", bs_ci_uri(json->arena, place->path));
	bs_json_member(json, "uriBaseId", place->below_cwd ? cwd_base : root_base);
	bs_json_close(json);
	/* Services want a line, and a file that is no text has none. */
	bs_json_key(json, "region");
	bs_json_object(json, BS_JSON_INLINE);
	bs_json_member_number(json, "startLine", 1);
	bs_json_close(json);
	bs_json_close(json);
}

static void write_artifact(struct sarif *s, bs_map_id map)
{
	const struct bs_file_place place = bs_file_place_of(s->run, map);

	bs_sarif_artifact(&s->json, &place);
}

/* The type of symbol I of MAP; STT_NOTYPE for none. */
static unsigned type_of(const struct bs_run *run, bs_map_id map, uint32_t i)
{
	const struct bs_image *image =
		map == BS_NO_MAP ? NULL : bs_map_of(&run->process, map)->image;

	if (!image || !i)
		return STT_NOTYPE;
	const struct bs_symbol symbol = bs_image_symbol(image, i);

	return bs_symbol_type(&symbol);
}

/* "function" or "variable", thread-local ones, too; NULL where neither side tells: link editors
 * leave the type out of what an object refers to and does not define. */
static const char *kind_of(const struct bs_run *run, const struct bs_binding *b)
{
	unsigned type = type_of(run, b->referrer, b->symbol);

	if (type == STT_NOTYPE)
		type = type_of(run, b->definer, b->definer_symbol);
	switch (type) {
	case STT_FUNC:
	case STT_GNU_IFUNC:
		return "function";
	case STT_OBJECT:
	case STT_TLS:
	case STT_COMMON:
		return "variable";
	}
	return NULL;
}

/* A symbol that is bound for its address and for its calls is an example twice, and one place. */
static bool was_there(const struct bs_run *run, const struct bs_finding *f, uint32_t example)
{
	const char *name = bs_run_symbol_name(run, &f->examples[example]);

	for (uint32_t i = 0; i < example; i++)
		if (strcmp(bs_run_symbol_name(run, &f->examples[i]), name) == 0)
			return true;
	return false;
}

static void write_symbols(struct sarif *s, const struct bs_finding *f)
{
	if (!f->n_examples)
		return;
	bs_json_key(&s->json, "logicalLocations");
	bs_json_array(&s->json, BS_JSON_LINES);
	for (uint32_t i = 0; i < f->n_examples; i++) {
		if (was_there(s->run, f, i))
			continue;
		const char *name = bs_run_symbol_name(s->run, &f->examples[i]);
		const char *kind = kind_of(s->run, &f->examples[i]);
		const char *demangled = bs_ci_escaped(s->report, bs_demangled(name));

		bs_json_object(&s->json, BS_JSON_INLINE);
		bs_json_member(&s->json, "fullyQualifiedName", demangled);
		if (strcmp(name, demangled) != 0)
			bs_json_member(&s->json, "decoratedName", bs_ci_escaped(s->report, name));
		if (kind)
			bs_json_member_word(&s->json, "kind", kind);
		bs_json_close(&s->json);
	}
	bs_json_close(&s->json);
}

static void add_object(const struct sarif *s, const struct bs_finding *f, bs_ids *objects,
		       bs_map_id map)
{
	if (map != BS_NO_MAP && map != f->from && objects->n < MOST_LOCATIONS &&
	    !bs_ids_have(objects, map))
		bs_vec_push(s->run->ctx.arena, objects, map);
}

/* The other objects that F tells of. */
static bs_ids objects_of(const struct sarif *s, const struct bs_finding *f)
{
	bs_ids objects = { 0 };

	add_object(s, f, &objects, f->to);
	add_object(s, f, &objects, f->rule == BS_RULE_IGNORED_DEEPBIND ? f->instead : BS_NO_MAP);
	add_object(s, f, &objects,
		   f->rule == BS_RULE_HEALED || f->rule == BS_RULE_WHEN_MATTERS ? f->before
										: BS_NO_MAP);
	bs_vec_each (i, &f->facts)
		add_object(s, f, &objects, f->facts.v[i].object);
	return objects;
}

static void write_related(struct sarif *s, const struct bs_finding *f)
{
	const bs_ids objects = objects_of(s, f);

	bs_json_key(&s->json, "relatedLocations");
	bs_json_array(&s->json, BS_JSON_LINES);
	bs_vec_each (i, &objects) {
		bs_json_object(&s->json, BS_JSON_INLINE);
		bs_json_member_number(&s->json, "id", i + 1);
		bs_sarif_message(&s->json, "message",
				 bs_ci_escaped(s->report, bs_run_map_name(s->run, objects.v[i])));
		write_artifact(s, objects.v[i]);
		bs_json_close(&s->json);
	}
	bs_json_close(&s->json);
}

/* ---- results -------------------------------------------------------------------------------- */

/* What a policy or a baseline says of F. (SARIF 2.1.0, 3.27.23 and 3.27.24) */
static void write_verdict(struct sarif *s, const struct bs_finding *f)
{
	const struct bs_judge *judge = s->report->judge;

	if (!judge)
		return;
	if (bs_judge_has_baseline(judge))
		bs_json_member(&s->json, "baselineState",
			       f->disposition == BS_IN_BASELINE ? "unchanged" : "new");
	bs_json_key(&s->json, "suppressions");
	bs_json_array(&s->json, BS_JSON_INLINE);
	if (f->disposition == BS_SUPPRESSED) {
		bs_json_object(&s->json, BS_JSON_INLINE);
		bs_json_member(&s->json, "kind", "external");
		bs_json_member(&s->json, "justification", f->excuse);
		bs_json_close(&s->json);
	}
	bs_json_close(&s->json);
}

static void write_result(struct sarif *s, uint32_t i)
{
	const struct bs_finding *f = &s->ci->findings.v[i];
	const struct bs_ci_words words = bs_ci_words(s->report, s->run, f);

	bs_json_object(&s->json, BS_JSON_LINES);
	bs_json_member(&s->json, "ruleId", bs_rule_text(f->rule)->slug);
	bs_json_member_number(&s->json, "ruleIndex", s->index_of[f->rule]);
	bs_json_member_word(&s->json, "level", bs_level_name(f->level));
	bs_sarif_message(&s->json, "message", bs_ci_message(s->run, &words));
	bs_json_key(&s->json, "locations");
	bs_json_array(&s->json, BS_JSON_INLINE);
	bs_json_object(&s->json, BS_JSON_INLINE);
	write_artifact(s, f->from);
	write_symbols(s, f);
	bs_json_close(&s->json);
	bs_json_close(&s->json);
	write_related(s, f);
	write_verdict(s, f);
	bs_json_key(&s->json, "partialFingerprints");
	bs_json_object(&s->json, BS_JSON_INLINE);
	bs_json_member(&s->json, "bindsimFingerprint/v1", s->fingerprints[i]);
	bs_json_close(&s->json);
	bs_json_key(&s->json, "properties");
	bs_json_object(&s->json, BS_JSON_INLINE);
	bs_json_member_number(&s->json, "step", f->step);
	bs_json_member_number(&s->json, "symbols", f->n);
	bs_json_close(&s->json);
	bs_json_close(&s->json);
}

static void write_results(struct sarif *s)
{
	bs_json_key(&s->json, "results");
	bs_json_array(&s->json, BS_JSON_LINES);
	for (uint32_t i = 0; i < s->n_results; i++)
		write_result(s, i);
	bs_json_close(&s->json);
}

/* ---- the run -------------------------------------------------------------------------------- */

void bs_sarif_tool(struct bs_json *json, const bs_ids *used)
{
	bs_json_key(json, "tool");
	bs_json_object(json, BS_JSON_LINES);
	bs_json_key(json, "driver");
	bs_json_object(json, BS_JSON_LINES);
	bs_json_member(json, "name", "bindsim");
	bs_json_member(json, "semanticVersion", BINDSIM_VERSION);
	bs_sarif_rules(json, used);
	bs_json_close(json);
	bs_json_close(json);
}

void bs_sarif_notification(struct bs_json *json, const char *id, const char *level,
			   const char *text)
{
	bs_json_object(json, BS_JSON_INLINE);
	bs_json_key(json, "descriptor");
	bs_json_object(json, BS_JSON_INLINE);
	bs_json_member(json, "id", id);
	bs_json_close(json);
	bs_json_member_word(json, "level", level);
	bs_sarif_message(json, "message", text);
	bs_json_close(json);
}

static void write_notification(struct sarif *s, const char *id, const char *level, const char *text)
{
	bs_sarif_notification(&s->json, id, level, text);
}

/* What no finding is about: steps that were refused, preloads that were passed over. */
static void write_troubles(struct sarif *s)
{
	bs_vec_each (i, &s->ci->rows) {
		const struct bs_step_result *result = &s->ci->rows.v[i].result;
		const char *text = bs_ci_refusal(s->report, s->run, result);

		if (text)
			write_notification(s, "refused", "error", text);
		bs_vec_each (k, &result->passed_over)
			write_notification(
				s, "not-preloaded", "warning",
				bs_ci_not_preloaded(s->report, s->run, &result->passed_over.v[k]));
	}
}

/* What the answer had to be given in spite of. What is merely assumed is for --verbose. */
static void write_diagnostics(struct sarif *s)
{
	const struct bs_diags *diags = s->run->ctx.diags;

	bs_vec_each (i, &diags->list) {
		const struct bs_diag *d = &diags->list.v[i];

		if (d->code == BS_DIAG_ASSUMED)
			continue;
		write_notification(
			s, bs_diag_slug(d->code), "warning",
			bs_ci_escaped(s->report, bs_ci_diagnostic(s->run->ctx.arena, d)));
	}
}

static void write_assumptions(struct sarif *s)
{
	const char *text = bs_ci_assumptions(s->report, s->run);

	if (text)
		write_notification(s, "assumed", "note", text);
}

static void write_cut(struct sarif *s)
{
	uint32_t n = s->ci->findings.n - s->n_results;

	if (n)
		write_notification(s, "too-many-results", "warning",
				   bs_arena_printf(s->run->ctx.arena,
						   "%u more findings are left out: %d is the most "
						   "that services take",
						   n, BS_SARIF_MOST_RESULTS));
}

/* Why the exit status is what it is, and the status. */
static const char *exit_words(const struct sarif *s, uint32_t *ret_code)
{
	*ret_code = 1;
	if (s->ci->refused)
		return "the simulated loader refuses something";
	for (enum bs_level level = s->report->fail_on;
	     level != BS_LEVEL_NONE && level <= BS_LEVEL_ERROR; level++)
		if (s->ci->levels[level])
			return bs_arena_printf(s->run->ctx.arena, "a finding reaches --fail-on=%s",
					       bs_level_name(s->report->fail_on));
	*ret_code = 0;
	return "start-up and all steps succeed";
}

static void write_invocations(struct sarif *s)
{
	uint32_t code;
	const char *words = exit_words(s, &code);

	bs_json_key(&s->json, "invocations");
	bs_json_array(&s->json, BS_JSON_INLINE);
	bs_json_object(&s->json, BS_JSON_LINES);
	/* What is refused is part of the answer; where there is none, there is no file. */
	bs_json_member_bool(&s->json, "executionSuccessful", true);
	bs_json_member_number(&s->json, "exitCode", code);
	bs_json_member(&s->json, "exitCodeDescription", words);
	bs_json_key(&s->json, "toolExecutionNotifications");
	bs_json_array(&s->json, BS_JSON_LINES);
	write_troubles(s);
	write_diagnostics(s);
	write_assumptions(s);
	write_cut(s);
	bs_json_close(&s->json);
	bs_json_close(&s->json);
	bs_json_close(&s->json);
}

static void write_base(struct bs_json *json, const char *id, const char *words, bool is_known)
{
	bs_json_key(json, id);
	bs_json_object(json, BS_JSON_INLINE);
	if (is_known)
		bs_json_member(json, "uri", "file:///");
	bs_sarif_message(json, "description", words);
	bs_json_close(json);
}

void bs_sarif_bases(struct bs_json *json, bool has_root)
{
	bs_json_key(json, "originalUriBaseIds");
	bs_json_object(json, BS_JSON_LINES);
	write_base(json, cwd_base, "the working directory of the process", false);
	write_base(json, root_base,
		   has_root ? "the directory that --root names" : "the root directory", !has_root);
	bs_json_close(json);
}

static void write_automation(struct sarif *s)
{
	bs_json_key(&s->json, "automationDetails");
	bs_json_object(&s->json, BS_JSON_INLINE);
	/* What stands before the last slash is the category: services keep the results of different
	 * plans apart by it. */
	bs_json_member(&s->json, "id",
		       bs_arena_printf(s->run->ctx.arena, "bindsim/%016" PRIx64 "/",
				       bs_ci_question(s->report, s->run)));
	bs_sarif_message(&s->json, "description", bs_ci_title(s->report, s->run));
	bs_json_close(&s->json);
}

static void find_rules(struct sarif *s)
{
	for (enum bs_rule rule = 0; rule < BS_RULE_COUNT_; rule++) {
		bool used = false;

		for (uint32_t i = 0; i < s->n_results && !used; i++)
			used = s->ci->findings.v[i].rule == rule;
		if (!used)
			continue;
		s->index_of[rule] = s->used.n;
		bs_vec_push(s->run->ctx.arena, &s->used, rule);
	}
}

static void end(struct bs_report *report, const struct bs_run *run, const bs_findings *findings)
{
	struct sarif s = {
		.report = report,
		.run = run,
		.ci = bs_ci_end(report, run, findings),
		.json = { .out = report->writer, .arena = run->ctx.arena },
	};

	s.fingerprints = bs_ci_fingerprints(run, s.ci);
	s.n_results =
		s.ci->findings.n < BS_SARIF_MOST_RESULTS ? s.ci->findings.n : BS_SARIF_MOST_RESULTS;
	find_rules(&s);
	if (!report->is_framed)
		bs_write_literal(report->writer, BS_SARIF_BEGIN);
	s.json.depth = BS_SARIF_DEPTH;
	bs_json_object(&s.json, BS_JSON_LINES);
	bs_sarif_tool(&s.json, &s.used);
	write_automation(&s);
	write_invocations(&s);
	bs_sarif_bases(&s.json, run->plan->root != NULL);
	bs_json_member_word(&s.json, "columnKind", "utf16CodeUnits");
	write_results(&s);
	bs_json_close(&s.json);
	if (!report->is_framed)
		bs_write_literal(report->writer, BS_SARIF_END);
}

static const struct bs_frame frame = { .begin = BS_SARIF_BEGIN,
				       .between = ",",
				       .end = BS_SARIF_END };

const struct bs_format bs_format_sarif = {
	.name = "sarif",
	.parts = bs_ci_parts,
	.default_show = BS_CI_FINDINGS,
	.notes = BS_CI_NOTES,
	.shows_what_counts = true,
	.tells_excused = true,
	.traces = true,
	.open = bs_jansson_open,
	.begin = bs_ci_begin,
	.step = bs_ci_step,
	.end = end,
	.frame = &frame,
};
