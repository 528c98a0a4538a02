/* SPDX-License-Identifier: MIT */
/* A comparison as one document (schema/bindsim-diff-1.schema.json). */
#include "diff-priv.h"
#include "json-priv.h"

/* ---- words that scripts know ----------------------------------------------------------------- */

const char *bs_object_change_name(unsigned change)
{
	static const char *const names[BS_OBJECT_CHANGES] = {
		"came", "went", "path", "found", "soname", "build", "stays", "global", "moved",
	};

	return names[change];
}

const char *bs_step_change_name(unsigned change)
{
	static const char *const names[BS_STEP_CHANGES] = { "came", "went", "asks", "state",
							    "message" };

	return names[change];
}

const char *bs_finding_change_name(unsigned change)
{
	static const char *const names[BS_FINDING_CHANGES] = { "new", "gone", "level", "count" };

	return names[change];
}

const char *bs_turn_name(enum bs_turn turn)
{
	static const char *const names[BS_TURN_COUNT_] = {
		[BS_TURN_LOST] = "lost",	 [BS_TURN_NEW_LOST] = "new-undefined",
		[BS_TURN_REBOUND] = "rebound",	 [BS_TURN_UNSET] = "unset",
		[BS_TURN_VERSION] = "version",	 [BS_TURN_FOUND] = "found",
		[BS_TURN_OTHERWISE] = "outcome", [BS_TURN_NEW] = "new",
		[BS_TURN_GONE] = "gone",
	};

	return names[turn];
}

static void write_words(struct bs_json *json, const char *key, unsigned set,
			const char *(*word)(unsigned i), unsigned n)
{
	bs_json_key(json, key);
	bs_json_array(json, BS_JSON_INLINE);
	for (unsigned i = 0; i < n; i++)
		if (set & 1u << i)
			bs_json_word(json, word(i));
	bs_json_close(json);
}

static void write_id(struct bs_json *json, const char *key, uint32_t object)
{
	bs_json_member_if(json, key, object != BS_NOBODY, object);
}

/* The member of SIDE, an object whose members follow, or null when it is NULL. */
static bool begin_side(struct bs_json *json, enum bs_side side, const void *there)
{
	bs_json_key(json, side == BS_LEFT ? "left" : "right");
	if (there)
		bs_json_object(json, BS_JSON_INLINE);
	else
		bs_json_null(json);
	return there != NULL;
}

/* ---- the two ------------------------------------------------------------------------------- */

static void write_sides(struct bs_json *json, const struct bs_diff *diff,
			const struct bs_diff_side sides[2])
{
	for (enum bs_side side = BS_LEFT; side <= BS_RIGHT; side++) {
		begin_side(json, side, &sides[side]);
		bs_json_member(json, "name", sides[side].name);
		bs_json_member_word(json, "kind", sides[side].kind);
		bs_json_member(json, "root", sides[side].root);
		bs_json_member(json, "loader", diff->side[side]->loader);
		bs_json_close(json);
	}
}

static void write_gaps(struct bs_json *json, const struct bs_diff *diff)
{
	bs_json_key(json, "not_compared");
	bs_json_array(json, BS_JSON_INLINE);
	bs_vec_each (i, &diff->gaps) {
		bs_json_object(json, BS_JSON_INLINE);
		bs_json_member_word(json, "part", diff->gaps.v[i].part);
		bs_json_member(json, "reason", diff->gaps.v[i].reason);
		bs_json_close(json);
	}
	bs_json_close(json);
}

/* ---- objects ------------------------------------------------------------------------------- */

static void write_objects(struct bs_json *json, const struct bs_diff *diff, unsigned show)
{
	bs_json_key(json, "objects");
	bs_json_array(json, BS_JSON_LINES);
	bs_vec_each (i, &diff->objects) {
		bs_json_object(json, BS_JSON_INLINE);
		bs_json_member_number(json, "id", i);
		for (enum bs_side side = BS_LEFT; side <= BS_RIGHT; side++) {
			const struct bs_digest_object *o = bs_diff_at(diff, i, side);

			if (!begin_side(json, side, o))
				continue;
			bs_json_member_number(json, "id", diff->objects.v[i].at[side]);
			bs_json_member(json, "name", o->name);
			bs_json_member(json, "path", o->path);
			bs_json_member(json, "soname", o->soname);
			bs_json_member(json, "build_id", o->build_id);
			bs_json_member_number(json, "namespace", o->ns);
			bs_json_member(json, "found",
				       o->was_searched ? bs_json_how_name(o->how) : NULL);
			bs_json_member_bool(json, "stays", bs_digest_stays(o));
			bs_json_member_bool(json, "global", o->global != BS_NEVER);
			bs_json_close(json);
		}
		write_words(json, "changes",
			    show & BS_DIFF_OBJECTS ? diff->objects.v[i].changes : 0,
			    bs_object_change_name, BS_OBJECT_CHANGES);
		bs_json_close(json);
	}
	bs_json_close(json);
}

/* ---- steps and findings ---------------------------------------------------------------------- */

static void write_steps(struct bs_json *json, struct bs_arena *arena, const struct bs_diff *diff)
{
	bs_json_key(json, "steps");
	bs_json_array(json, BS_JSON_LINES);
	bs_vec_each (i, &diff->steps) {
		const struct bs_diff_step *step = &diff->steps.v[i];
		const struct bs_digest_step *any =
			step->at[BS_LEFT] ? step->at[BS_LEFT] : step->at[BS_RIGHT];

		bs_json_object(json, BS_JSON_INLINE);
		bs_json_member_number(json, "number", any->number);
		write_words(json, "changes", step->changes, bs_step_change_name, BS_STEP_CHANGES);
		for (enum bs_side side = BS_LEFT; side <= BS_RIGHT; side++) {
			const struct bs_digest_step *s = step->at[side];

			if (!begin_side(json, side, s))
				continue;
			bs_json_member(json, "call",
				       s->is_start_up ? NULL : bs_step_words(arena, &s->call));
			bs_json_member(json, "flags", s->is_start_up ? NULL : s->call.spelled);
			bs_json_member(json, "within", s->within);
			bs_json_member_word(json, "state", bs_json_state_name(s->state));
			bs_json_member(json, "message", s->message);
			bs_json_close(json);
		}
		bs_json_close(json);
	}
	bs_json_close(json);
}

static void write_findings(struct bs_json *json, const struct bs_diff *diff)
{
	bs_json_key(json, "findings");
	bs_json_array(json, BS_JSON_LINES);
	bs_vec_each (i, &diff->findings) {
		const struct bs_diff_finding *f = &diff->findings.v[i];
		const struct bs_digest_finding *any =
			f->at[BS_RIGHT] ? f->at[BS_RIGHT] : f->at[BS_LEFT];

		bs_json_object(json, BS_JSON_INLINE);
		write_words(json, "changes", f->changes, bs_finding_change_name,
			    BS_FINDING_CHANGES);
		bs_json_member(json, "rule", any->rule);
		write_id(json, "from", f->from);
		write_id(json, "to", f->to);
		bs_json_member(json, "symbol", any->symbol);
		for (enum bs_side side = BS_LEFT; side <= BS_RIGHT; side++) {
			if (!begin_side(json, side, f->at[side]))
				continue;
			bs_json_member_word(json, "level", bs_level_name(f->at[side]->level));
			bs_json_member_number(json, "symbols", f->at[side]->n);
			bs_json_close(json);
		}
		bs_json_close(json);
	}
	bs_json_close(json);
}

/* ---- bindings ------------------------------------------------------------------------------ */

static void write_symbol(struct bs_json *json, const char *name)
{
	const char *demangled;

	bs_json_member(json, "symbol", name);
	demangled = bs_demangled(name);
	if (demangled != name)
		bs_json_member(json, "demangled", demangled);
}

static void write_binding(struct bs_json *json, const struct bs_diff *diff,
			  const struct bs_diff_binding *b)
{
	static const char *const askers[] = {
		[BS_ASKER_RELOCATION] = "relocation",
		[BS_ASKER_PROGRAM] = "program",
		[BS_ASKER_LOADER] = "loader",
	};
	const struct bs_names *names = diff->side[BS_LEFT]->names;
	const struct bs_digest_binding *any = b->at[BS_RIGHT] ? b->at[BS_RIGHT] : b->at[BS_LEFT];

	bs_json_object(json, BS_JSON_INLINE);
	write_symbol(json, bs_diff_symbol(diff, b));
	bs_json_member_word(json, "asked_by", askers[any->asker]);
	for (enum bs_side side = BS_LEFT; side <= BS_RIGHT; side++) {
		const struct bs_digest_binding *at = b->at[side];

		if (!begin_side(json, side, at))
			continue;
		bs_json_member(json, "version", bs_name_text(names, at->version));
		write_id(json, "to", b->to[side]);
		bs_json_member(json, "definition_version",
			       bs_name_text(names, at->definition_version));
		bs_json_member_word(json, "outcome", bs_json_outcome_name(at->outcome));
		bs_json_close(json);
	}
	bs_json_close(json);
}

enum { MOST_EXAMPLES = 5 };

static void write_row(struct bs_json *json, const struct bs_diff *diff,
		      const struct bs_diff_row *row, unsigned show)
{
	const struct bs_diff_binding *first = &diff->bindings.v[row->first];
	bool whose = first->turn != BS_TURN_NEW && first->turn != BS_TURN_GONE;

	bs_json_object(json, BS_JSON_INLINE);
	write_id(json, "from", first->from);
	write_id(json, "to_left", whose ? first->to[BS_LEFT] : BS_NOBODY);
	write_id(json, "to_right", whose ? first->to[BS_RIGHT] : BS_NOBODY);
	bs_json_member_number(json, "references", row->n);
	bs_json_key(json, "examples");
	bs_json_array(json, BS_JSON_INLINE);
	for (uint32_t i = 0; i < row->n && i < MOST_EXAMPLES; i++) {
		bs_json_object(json, BS_JSON_INLINE);
		write_symbol(json, bs_diff_symbol(diff, first + i));
		bs_json_close(json);
	}
	bs_json_close(json);
	if (show & BS_DIFF_BINDINGS) {
		bs_json_key(json, "bindings");
		bs_json_array(json, BS_JSON_LINES);
		for (uint32_t i = 0; i < row->n; i++)
			write_binding(json, diff, first + i);
		bs_json_close(json);
	}
	bs_json_close(json);
}

static void write_causes(struct bs_json *json, const struct bs_diff *diff, unsigned show)
{
	bs_json_key(json, "causes");
	bs_json_array(json, BS_JSON_LINES);
	bs_vec_each (i, &diff->causes) {
		const struct bs_diff_cause *cause = &diff->causes.v[i];

		bs_json_object(json, BS_JSON_INLINE);
		bs_json_member_word(json, "change", bs_turn_name(cause->turn));
		bs_json_member_word(json, "cause", bs_cause_slug(cause->because.kind));
		write_id(json, "object", cause->because.object);
		write_id(json, "before", cause->because.other);
		bs_json_member_if(json, "step", cause->because.step != BS_NEVER,
				  cause->because.step);
		bs_json_member_number(json, "references", cause->n);
		bs_json_key(json, "pairs");
		bs_json_array(json, BS_JSON_LINES);
		for (uint32_t k = 0; k < cause->n_rows; k++)
			write_row(json, diff, &diff->rows.v[cause->first_row + k], show);
		bs_json_close(json);
		bs_json_close(json);
	}
	bs_json_close(json);
}

/* ---- the document -------------------------------------------------------------------------- */

static void write_counts(struct bs_json *json, const struct bs_diff *diff)
{
	bs_json_key(json, "counts");
	bs_json_object(json, BS_JSON_INLINE);
	bs_json_member_number(json, "differences", diff->n);
	bs_json_member_number(json, "steps", diff->steps.n);
	bs_json_member_number(json, "findings", diff->findings.n);
	bs_json_member_number(json, "bindings", diff->bindings.n);
	bs_json_member_number(json, "objects", diff->n_objects);
	bs_json_close(json);
}

void bs_diff_write_json(struct bs_report *report, struct bs_arena *arena,
			const struct bs_diff *diff, const struct bs_diff_side sides[2])
{
	struct bs_json_report *state = bs_new(arena, struct bs_json_report, 1);
	struct bs_json *json = &state->json;

	report->state = state;
	json->out = report->writer;
	json->arena = arena;
	bs_json_object(json, BS_JSON_LINES);
	bs_json_member(json, "schema", BS_DIFF_SCHEMA);
	bs_json_member(json, "schema_version", "1.0");
	bs_json_tool(json);
	write_sides(json, diff, sides);
	bs_json_selection(json, report);
	write_gaps(json, diff);
	write_steps(json, arena, diff);
	write_findings(json, diff);
	write_causes(json, diff, report->show);
	write_objects(json, diff, report->show);
	write_counts(json, diff);
	bs_json_close(json);
	bs_write(report->writer, "\n", 1);
}
