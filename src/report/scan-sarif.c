/* SPDX-License-Identifier: MIT */
/* A scan as SARIF: one run, whose results are written as they come, and what is known when all are
 * there behind them. */
#include "jansson-late.h"
#include "sarif-priv.h"
#include "scan-ci.h"

#include <string.h>

enum { MOST_NOTIFICATIONS = 1000 };

/* What is said of a program that no finding is about. */
struct notification {
	const char *id, *text;
};

struct sarif {
	struct bs_arena *arena;
	struct bs_json json;
	bs_ids used;			       /* rules that have results */
	uint32_t index_of[BS_RULE_COUNT_ + 1]; /* where in USED, plus 1 */
	uint32_t n_results, n_left;
	BS_VEC(struct notification) notifications;
	uint32_t n_more;
};

static void begin(struct bs_report *report, struct bs_arena *arena, const struct bs_scan_head *head)
{
	struct sarif *s = bs_new(arena, struct sarif, 1);

	(void)head;
	s->arena = arena;
	s->json.out = report->writer;
	s->json.arena = arena;
	s->json.depth = BS_SARIF_DEPTH;
	report->state = s;
	bs_write_literal(report->writer, BS_SARIF_BEGIN);
	bs_json_object(&s->json, BS_JSON_LINES);
	bs_json_key(&s->json, "results");
	bs_json_array(&s->json, BS_JSON_LINES);
}

static uint32_t index_of(struct sarif *s, enum bs_rule rule)
{
	if (!s->index_of[rule]) {
		bs_vec_push(s->arena, &s->used, rule);
		s->index_of[rule] = s->used.n;
	}
	return s->index_of[rule] - 1;
}

/* ---- results --------------------------------------------------------------------------------- */

/* A symbol that is bound for its address and for its calls is an example twice, and one place. */
static bool was_there(const struct bs_scan_finding *f, uint32_t example)
{
	for (uint32_t i = 0; i < example; i++)
		if (strcmp(f->examples.v[i], f->examples.v[example]) == 0)
			return true;
	return false;
}

static void write_symbols(struct bs_json *json, const struct bs_scan_finding *f)
{
	if (!f->examples.n)
		return;
	bs_json_key(json, "logicalLocations");
	bs_json_array(json, BS_JSON_LINES);
	bs_vec_each (i, &f->examples) {
		if (was_there(f, i))
			continue;
		const char *name = bs_scan_ci_escaped(json->arena, f->examples.v[i]);
		const char *demangled =
			bs_scan_ci_escaped(json->arena, bs_demangled(f->examples.v[i]));

		bs_json_object(json, BS_JSON_INLINE);
		bs_json_member(json, "fullyQualifiedName", demangled);
		if (strcmp(name, demangled) != 0)
			bs_json_member(json, "decoratedName", name);
		bs_json_close(json);
	}
	bs_json_close(json);
}

static void write_related(struct bs_json *json, const struct bs_scan_finding *f)
{
	const struct bs_scan_object *objects[] = { &f->from, &f->to };
	uint32_t id = 0;

	bs_json_key(json, "relatedLocations");
	bs_json_array(json, BS_JSON_LINES);
	for (size_t i = 0; i < sizeof objects / sizeof *objects; i++) {
		/* The program is the location itself. */
		if (!objects[i]->name || !objects[i]->lasting)
			continue;
		const struct bs_file_place place = bs_scan_ci_place(json->arena, objects[i]->name);

		bs_json_object(json, BS_JSON_INLINE);
		bs_json_member_number(json, "id", ++id);
		bs_sarif_message(json, "message",
				 bs_scan_ci_escaped(json->arena, objects[i]->name));
		bs_sarif_artifact(json, &place);
		bs_json_close(json);
	}
	bs_json_close(json);
}

static void write_verdict(struct bs_json *json, bool is_judged, const struct bs_scan_finding *f)
{
	if (!is_judged)
		return;
	bs_json_member(json, "baselineState",
		       f->disposition == BS_IN_BASELINE ? "unchanged" : "new");
	bs_json_key(json, "suppressions");
	bs_json_array(json, BS_JSON_INLINE);
	if (f->excuse) {
		bs_json_object(json, BS_JSON_INLINE);
		bs_json_member(json, "kind", "external");
		bs_json_member(json, "justification", f->excuse);
		bs_json_close(json);
	}
	bs_json_close(json);
}

static void write_location(struct bs_json *json, const char *path, const struct bs_scan_finding *f)
{
	const struct bs_file_place place = bs_scan_ci_place(json->arena, path);

	bs_json_key(json, "locations");
	bs_json_array(json, BS_JSON_INLINE);
	bs_json_object(json, BS_JSON_INLINE);
	bs_sarif_artifact(json, &place);
	if (f)
		write_symbols(json, f);
	bs_json_close(json);
	bs_json_close(json);
}

static void begin_result(struct sarif *s, enum bs_rule rule, enum bs_level level, const char *words)
{
	bs_json_object(&s->json, BS_JSON_LINES);
	bs_json_member(&s->json, "ruleId", bs_rule_text(rule)->slug);
	bs_json_member_number(&s->json, "ruleIndex", index_of(s, rule));
	bs_json_member_word(&s->json, "level", bs_level_name(level));
	bs_sarif_message(&s->json, "message", words);
}

static void end_result(struct sarif *s, const char *fingerprint)
{
	bs_json_key(&s->json, "partialFingerprints");
	bs_json_object(&s->json, BS_JSON_INLINE);
	bs_json_member(&s->json, "bindsimFingerprint/v1", fingerprint);
	bs_json_close(&s->json);
	bs_json_close(&s->json);
}

static void write_result(struct sarif *s, const struct bs_scan_record *record, uint32_t i)
{
	const struct bs_scan_finding *f = &record->findings.v[i];

	begin_result(s, bs_rule_find(f->rule), f->level,
		     bs_scan_ci_headline(s->json.arena, record, f));
	write_location(&s->json, record->path, f);
	write_related(&s->json, f);
	write_verdict(&s->json, record->is_judged, f);
	bs_json_key(&s->json, "properties");
	bs_json_object(&s->json, BS_JSON_INLINE);
	bs_json_member_number(&s->json, "step", f->step);
	bs_json_member_number(&s->json, "symbols", f->n);
	bs_json_close(&s->json);
	end_result(s, bs_scan_ci_fingerprint(s->json.arena, record, i));
}

/* Services know of suppressions and baselines: they are told of these, too. */
static bool tells(const struct bs_report *report, const struct bs_scan_finding *f)
{
	struct bs_scan_finding plain = *f;

	plain.excuse = NULL;
	plain.disposition = BS_COUNTS;
	return bs_scan_tells(report, &plain) && bs_rule_find(f->rule) != BS_RULE_COUNT_;
}

/* ---- notifications --------------------------------------------------------------------------- */

static void notify(struct sarif *s, const char *id, const char *program, const char *words)
{
	if (s->notifications.n == MOST_NOTIFICATIONS) {
		s->n_more++;
		return;
	}
	bs_vec_push(
		s->arena, &s->notifications,
		((struct notification){ id, bs_arena_printf(s->arena, "%s: %s", program, words) }));
}

static void go_on(struct bs_report *report, struct bs_arena *scratch,
		  const struct bs_scan_record *record, const char *line)
{
	struct sarif *s = report->state;
	const char *program = bs_scan_ci_program(scratch, record);

	(void)line;
	s->json.arena = scratch;
	if (record->outcome == BS_SCAN_UNANSWERED)
		notify(s, "unanswered", program, bs_scan_ci_problem(scratch, record));
	bs_vec_each (i, &record->refusals)
		notify(s, "refused", program, bs_scan_ci_refusal(scratch, &record->refusals.v[i]));
	bs_vec_each (i, &record->findings) {
		if (!tells(report, &record->findings.v[i]))
			continue;
		if (s->n_results == BS_SARIF_MOST_RESULTS) {
			s->n_left++;
			continue;
		}
		write_result(s, record, i);
		s->n_results++;
	}
	s->json.arena = s->arena;
}

/* ---- the end --------------------------------------------------------------------------------- */

static void write_of_policy(struct sarif *s, const struct bs_scan_head *head,
			    const struct bs_scan_sum *sum)
{
	bs_vec_each (i, &sum->of_policy) {
		const struct bs_watch *watch = sum->of_policy.v[i].watch;
		const struct bs_scan_finding f = { .excuse = watch->excuse };
		const char *words = bs_scan_ci_escaped(s->arena, watch->words);

		begin_result(s, watch->rule, watch->level, words);
		write_location(&s->json, head->policy, NULL);
		write_verdict(&s->json, true, &f);
		end_result(s, bs_arena_printf(s->arena, "%s:%s", bs_rule_text(watch->rule)->slug,
					      words));
	}
}

static const char *exit_words(struct sarif *s, const struct bs_scan_head *head,
			      const struct bs_scan_sum *sum, uint32_t *ret_code)
{
	const char *reason = bs_scan_reason(sum, head->fail_on);

	*ret_code = sum->unanswered ? 2 : reason != NULL;
	if (sum->unanswered)
		return "nothing can be said of some program";
	if (!reason)
		return "no finding counts, and nothing is refused";
	if (strcmp(reason, "refusal") == 0)
		return "the simulated loader refuses something";
	return bs_arena_printf(s->arena, "a finding reaches --fail-on=%s",
			       bs_level_name(head->fail_on));
}

/* What the answers had to be given in spite of. */
static void write_diagnostics(struct sarif *s, const struct bs_diags *diags)
{
	uint32_t n = 0;

	bs_vec_each (i, &diags->list) {
		const struct bs_diag *d = &diags->list.v[i];

		if (d->code != BS_DIAG_ASSUMED && n++ < MOST_NOTIFICATIONS)
			bs_sarif_notification(
				&s->json, bs_diag_slug(d->code), "warning",
				bs_scan_ci_escaped(s->arena, bs_ci_diagnostic(s->arena, d)));
	}
	if (n > MOST_NOTIFICATIONS)
		bs_sarif_notification(&s->json, "too-many-diagnostics", "warning",
				      bs_arena_printf(s->arena, "%u more diagnostics are left out",
						      n - MOST_NOTIFICATIONS));
}

static void write_invocations(struct sarif *s, const struct bs_scan_head *head,
			      const struct bs_scan_sum *sum)
{
	uint32_t code;
	const char *words = exit_words(s, head, sum, &code);

	bs_json_key(&s->json, "invocations");
	bs_json_array(&s->json, BS_JSON_INLINE);
	bs_json_object(&s->json, BS_JSON_LINES);
	bs_json_member_bool(&s->json, "executionSuccessful", !sum->unanswered);
	bs_json_member_number(&s->json, "exitCode", code);
	bs_json_member(&s->json, "exitCodeDescription", words);
	bs_json_key(&s->json, "toolExecutionNotifications");
	bs_json_array(&s->json, BS_JSON_LINES);
	bs_vec_each (i, &s->notifications)
		bs_sarif_notification(&s->json, s->notifications.v[i].id, "error",
				      s->notifications.v[i].text);
	if (s->n_more)
		bs_sarif_notification(
			&s->json, "refused", "error",
			bs_arena_printf(s->arena, "%u more refusals are left out", s->n_more));
	write_diagnostics(s, &sum->diags);
	if (s->n_left)
		bs_sarif_notification(&s->json, "too-many-results", "warning",
				      bs_arena_printf(s->arena,
						      "%u more findings are left out: %d is the "
						      "most that services take",
						      s->n_left, BS_SARIF_MOST_RESULTS));
	bs_json_close(&s->json);
	bs_json_close(&s->json);
	bs_json_close(&s->json);
}

static void end(struct bs_report *report, struct bs_arena *arena, const struct bs_scan_head *head,
		const struct bs_scan_sum *sum)
{
	struct sarif *s = report->state;

	write_of_policy(s, head, sum);
	bs_json_close(&s->json);
	bs_sarif_tool(&s->json, &s->used);
	/* Services keep the results of different scans apart by what stands before the last slash.
	 */
	bs_json_key(&s->json, "automationDetails");
	bs_json_object(&s->json, BS_JSON_INLINE);
	bs_json_member(&s->json, "id", "bindsim/scan/");
	bs_sarif_message(&s->json, "description",
			 bs_arena_printf(arena, "a scan of %u %s", sum->n_programs,
					 bs_scan_subject_word(head, sum->n_programs)));
	bs_json_close(&s->json);
	write_invocations(s, head, sum);
	bs_sarif_bases(&s->json, head->has_root);
	bs_json_member_word(&s->json, "columnKind", "utf16CodeUnits");
	bs_json_close(&s->json);
	bs_write_literal(report->writer, BS_SARIF_END);
}

static const struct bs_format format = {
	.name = "sarif",
	.parts = bs_scan_ci_parts,
	.default_show = BS_SCAN_PROGRAMS,
	.open = bs_jansson_open,
};

const struct bs_scan_format bs_scan_sarif = {
	.format = &format,
	.begin = begin,
	.record = go_on,
	.end = end,
};
