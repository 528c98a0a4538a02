/* SPDX-License-Identifier: MIT */
/* What `bindsim verify` found, in JSON: schema/bindsim-verify-1.schema.json says what it holds. */
#include "jansson-late.h"
#include "json-names.h"
#include "json-writer.h"
#include "verify-report.h"

static const char *const parts[] = { "parts", "steps", "causes", "lines", NULL };

const struct bs_format bs_format_verify_json = {
	.name = "json",
	.parts = parts,
	.default_show = BS_VERIFY_SHOW_PARTS | BS_VERIFY_SHOW_STEPS | BS_VERIFY_SHOW_CAUSES |
			BS_VERIFY_SHOW_LINES,
	.open = bs_jansson_open,
};

static const char *text_of(const struct bs_verify *verify, bs_name name)
{
	return name ? bs_name_text(verify->testimony->names, name) : NULL;
}

static void write_source(struct bs_json *json, const struct bs_verify_source *source)
{
	bs_json_key(json, "source");
	bs_json_object(json, BS_JSON_INLINE);
	bs_json_member_word(json, "kind", source->is_run ? "run" : "log");
	bs_json_key(json, "files");
	bs_json_array(json, BS_JSON_INLINE);
	for (uint32_t i = 0; i < source->n_files; i++)
		bs_json_string(json, source->files[i]);
	bs_json_close(json);
	bs_json_member_if(json, "process", source->pid != 0, source->pid);
	bs_json_member_number(json, "image", source->generation + 1);
	bs_json_member(json, "program", source->program);
	bs_json_member(json, "end", source->end);
	bs_json_close(json);
}

static void write_parts(struct bs_json *json, const struct bs_verify *verify)
{
	unsigned told = verify->testimony->parts;

	bs_json_key(json, "parts");
	bs_json_array(json, BS_JSON_LINES);
	for (enum bs_verify_part part = 0; part < BS_VERIFY_PART_COUNT_; part++) {
		const struct bs_verify_sum *sum = &verify->sums[part];

		bs_json_object(json, BS_JSON_INLINE);
		bs_json_member_word(json, "part", bs_verify_part_name(part));
		bs_json_member_bool(json, "compared",
				    part == BS_VERIFY_ERRORS ? told != 0 : told & 1u << part);
		bs_json_member_word(json, "ld_debug", bs_verify_part_word(part));
		bs_json_member_number(json, "agree", sum->agreed);
		bs_json_member_number(json, "disagree", sum->disagreed);
		bs_json_member_number(json, "not_reached", sum->unreached);
		bs_json_close(json);
	}
	bs_json_close(json);
	bs_json_key(json, "slots");
	bs_json_object(json, BS_JSON_INLINE);
	bs_json_member_number(json, "lazy", verify->n_slots);
	bs_json_member_number(json, "called", verify->n_called);
	bs_json_close(json);
	bs_json_member_number(json, "untold_lookups", verify->n_untold);
	bs_json_member_number(json, "torn_lines", verify->testimony->torn.n);
	bs_json_member_number(json, "untold_opens", verify->n_untold_opens);
}

static void write_steps(struct bs_json *json, const struct bs_verify *verify)
{
	bs_json_key(json, "steps");
	bs_json_array(json, BS_JSON_LINES);
	bs_vec_each (i, &verify->steps) {
		const struct bs_verify_step *s = &verify->steps.v[i];

		bs_json_object(json, BS_JSON_INLINE);
		bs_json_member_number(json, "step", s->number);
		bs_json_member(json, "words",
			       s->step ? bs_step_words(json->arena, s->step) : "start-up");
		bs_json_member_word(json, "state", bs_json_state_name(s->state));
		bs_json_member_bool(json, "reached", s->is_reached);
		bs_json_close(json);
	}
	bs_json_close(json);
}

static void write_result(struct bs_json *json, const struct bs_verify *verify,
			 const struct bs_deed *deed)
{
	bs_json_member(json, "to", text_of(verify, deed->to));
	bs_json_member_if(json, "to_namespace", deed->to != 0, deed->to_ns);
}

static void write_loader(struct bs_json *json, const struct bs_verify *verify,
			 const struct bs_disagreement *d)
{
	bs_json_key(json, "loader");
	if (d->told == BS_VERIFY_NOTHING) {
		bs_json_null(json);
		return;
	}
	const struct bs_held_deed *told = &verify->testimony->deeds.v[d->told];

	bs_json_object(json, BS_JSON_INLINE);
	write_result(json, verify, &told->deed);
	bs_json_member(json, "version", text_of(verify, told->deed.version));
	bs_json_member_number(json, "times", told->told);
	bs_json_member(json, "file", told->first.file);
	bs_json_member_if(json, "line", told->first.line != 0, told->first.line);
	bs_json_close(json);
}

static void write_simulation(struct bs_json *json, const struct bs_verify *verify,
			     const struct bs_disagreement *d)
{
	const struct bs_held_deed *deeds = verify->testimony->deeds.v;
	const struct bs_verify_answer answer = bs_verify_answer_of(json->arena, verify, d);

	bs_json_key(json, "simulation");
	if (!answer.is_there) {
		bs_json_null(json);
		return;
	}
	struct bs_deed deed = answer.is_call ? deeds[d->told].deed : deeds[d->made].deed;

	if (answer.is_call) {
		deed.to = deeds[d->told].other_to;
		deed.to_ns = deeds[d->told].other_ns;
	}
	bs_json_object(json, BS_JSON_INLINE);
	write_result(json, verify, &deed);
	bs_json_member(json, "version", text_of(verify, deed.version));
	bs_json_member_number(json, "times", answer.is_call ? 0 : deeds[d->made].made);
	bs_json_member_if(json, "step", answer.step != BS_NEVER, answer.step);
	bs_json_member(json, "why", answer.why);
	bs_json_close(json);
}

static void write_line(struct bs_json *json, const struct bs_verify *verify,
		       const struct bs_disagreement *d)
{
	const struct bs_deed *deed =
		&verify->testimony->deeds.v[d->told == BS_VERIFY_NOTHING ? d->made : d->told].deed;

	bs_json_object(json, BS_JSON_INLINE);
	bs_json_member(json, "kind", bs_deed_text(deed->kind));
	bs_json_member(json, "from", text_of(verify, deed->who));
	bs_json_member_number(json, "namespace", deed->ns);
	bs_json_member(json, "name", text_of(verify, deed->what));
	bs_json_member_number(json, "number", deed->number);
	bs_json_member_number(json, "n", d->n);
	write_loader(json, verify, d);
	write_simulation(json, verify, d);
	bs_json_close(json);
}

static void write_groups(struct bs_report *report, struct bs_json *json,
			 const struct bs_verify *verify)
{
	bs_json_key(json, "causes");
	bs_json_array(json, BS_JSON_LINES);
	bs_vec_each (i, &verify->groups) {
		const struct bs_verify_group *g = &verify->groups.v[i];

		bs_json_object(json, BS_JSON_INLINE);
		bs_json_member_word(json, "cause", bs_verify_cause_name(g->cause));
		bs_json_member(json, "words", bs_verify_group_words(json->arena, verify, g));
		bs_json_member(json, "object", text_of(verify, g->object));
		bs_json_member_number(json, "step", g->step);
		bs_json_member_number(json, "n", g->n);
		bs_json_member(json, "file", g->first.file);
		bs_json_member_if(json, "line", g->first.line != 0, g->first.line);
		if (report->show & BS_VERIFY_SHOW_LINES) {
			bs_json_key(json, "disagreements");
			bs_json_array(json, BS_JSON_LINES);
			bs_vec_each (k, &g->list)
				write_line(json, verify, &g->list.v[k]);
			bs_json_close(json);
		}
		bs_json_close(json);
	}
	bs_json_close(json);
}

void bs_verify_json(struct bs_report *report, struct bs_arena *arena,
		    const struct bs_verify *verify, const struct bs_verify_source *source)
{
	struct bs_json json = { .out = report->writer, .arena = arena };

	bs_json_object(&json, BS_JSON_LINES);
	bs_json_member(&json, "schema", "bindsim-verify-1");
	bs_json_member(&json, "schema_version", "1.0");
	bs_json_tool(&json);
	bs_json_member(&json, "reason", verify->n_disagreed ? "disagreement" : NULL);
	bs_json_member(&json, "executable", verify->plan->executable);
	bs_json_member(&json, "profile", verify->loader);
	write_source(&json, source);
	bs_json_member_number(&json, "disagreements", verify->n_disagreed);
	if (report->show & BS_VERIFY_SHOW_PARTS)
		write_parts(&json, verify);
	if (report->show & BS_VERIFY_SHOW_STEPS)
		write_steps(&json, verify);
	if (report->show & (BS_VERIFY_SHOW_CAUSES | BS_VERIFY_SHOW_LINES))
		write_groups(report, &json, verify);
	bs_json_close(&json);
	bs_write(report->writer, "\n", 1);
}
