/* SPDX-License-Identifier: MIT */
/*
 * A log in JSON (schema/bindsim-log-1.schema.json): one document, or one object a line. The records
 * are the same; in a stream each says what it is and of which process.
 */
#include "jansson-late.h"
#include "json-writer.h"
#include "log-report.h"
#include "text-priv.h"

static const char *const parts[] = { "processes", "findings", "opens",	  "searches",
				     "objects",	  "pairs",    "bindings", NULL };

enum { SHOW_ALL = (1 << 7) - 1 };

const struct bs_format bs_format_log_json = {
	.name = "json",
	.parts = parts,
	.default_show = SHOW_ALL,
	.open = bs_jansson_open,
};

const struct bs_format bs_format_log_ndjson = {
	.name = "ndjson",
	.parts = parts,
	.default_show = SHOW_ALL,
	.streams = true,
	.open = bs_jansson_open,
};

struct telling {
	struct bs_report *report;
	struct bs_arena *arena;
	const struct bs_log_result *result;
	struct bs_json json; /* the document, or the line */
	bool streams;
	uint32_t process;
	const struct bs_log_details *d;
};

/* ---- records --------------------------------------------------------------------------------- */

static void begin_list(struct telling *t, const char *key)
{
	if (t->streams)
		return;
	bs_json_key(&t->json, key);
	bs_json_array(&t->json, BS_JSON_LINES);
}

static void end_list(struct telling *t)
{
	if (!t->streams)
		bs_json_close(&t->json);
}

static void begin_record(struct telling *t, const char *record)
{
	if (t->streams)
		t->json = (struct bs_json){ .out = t->report->writer, .arena = t->arena };
	bs_json_object(&t->json, BS_JSON_INLINE);
	if (!t->streams)
		return;
	bs_json_member_word(&t->json, "record", record);
	bs_json_member_number(&t->json, "process", t->process);
}

static void end_record(struct telling *t)
{
	bs_json_close(&t->json);
	if (t->streams)
		bs_write(t->report->writer, "\n", 1);
}

static void member_name(struct telling *t, const char *key, bs_name name)
{
	bs_json_member(&t->json, key, name ? bs_log_words(t->result, name) : NULL);
}

static void member_id(struct telling *t, const char *key, uint32_t id)
{
	bs_json_member_if(&t->json, key, id != UINT32_MAX, id);
}

static void member_place(struct telling *t, const struct bs_log_place *place)
{
	bs_json_key(&t->json, "place");
	bs_json_object(&t->json, BS_JSON_INLINE);
	bs_json_member_number(&t->json, "file", place->file);
	bs_json_member_number(&t->json, "line", place->line);
	bs_json_member_number(&t->json, "offset", place->offset);
	bs_json_close(&t->json);
}

static void member_tri(struct telling *t, const char *key, enum bs_log_tri tri)
{
	bs_json_key(&t->json, key);
	if (tri == BS_LOG_MAYBE)
		bs_json_null(&t->json);
	else
		bs_json_bool(&t->json, tri == BS_LOG_YES);
}

/* ---- parts of a process ---------------------------------------------------------------------- */

static void write_objects(struct telling *t)
{
	static const char *const hows[] = { NULL, "program", "kernel", "needed", "opened" };

	begin_list(t, "objects");
	bs_vec_each (i, &t->d->objects) {
		const struct bs_log_object *o = &t->d->objects.v[i];

		begin_record(t, "object");
		bs_json_member_number(&t->json, "id", i);
		member_name(t, "name", o->name);
		bs_json_member_number(&t->json, "namespace", o->ns);
		member_name(t, "asked", o->asked);
		bs_json_member_bool(&t->json, "has_path", !o->is_asked);
		bs_json_member(&t->json, "how", hows[o->how]);
		member_id(t, "by", o->by);
		bs_json_member_bool(&t->json, "gone", o->is_gone);
		bs_json_member_number(&t->json, "bindings_from", o->n_from);
		bs_json_member_number(&t->json, "bindings_to", o->n_to);
		end_record(t);
	}
	end_list(t);
}

static void write_opens(struct telling *t)
{
	static const char *const states[] = { "open", "done", "failed" };

	begin_list(t, "opens");
	bs_vec_each (i, &t->d->steps) {
		const struct bs_log_step *s = &t->d->steps.v[i];

		begin_record(t, "open");
		bs_json_member_number(&t->json, "step", i + 1);
		bs_json_member_word(&t->json, "call",
				    s->is_close	    ? "dlclose"
				    : s->is_dlmopen ? "dlmopen"
						    : "dlopen");
		member_name(t, "file", s->file);
		member_id(t, "object", s->object);
		bs_json_member_number(&t->json, "namespace", s->ns);
		member_name(t, "caller", s->by);
		bs_json_member_word(&t->json, "state", states[s->state]);
		bs_json_member_bool(&t->json, "again", s->again);
		bs_json_member_bool(&t->json, "inferred", s->is_inferred);
		bs_json_member_if(&t->json, "closes", s->is_close && s->of != BS_LOG_NO_STEP,
				  (uint64_t)s->of + 1);
		bs_json_member_if(&t->json, "within", s->within != BS_LOG_NO_STEP,
				  (uint64_t)s->within + 1);
		member_id(t, "constructors_of", s->init);
		member_tri(t, "lazy", s->lazy);
		member_tri(t, "global", s->global);
		member_tri(t, "deepbind", s->deepbind);
		member_tri(t, "nodelete", s->nodelete);
		member_name(t, "missing", s->missing);
		member_place(t, &s->place);
		end_record(t);
	}
	end_list(t);
}

static void write_searches(struct telling *t)
{
	begin_list(t, "searches");
	bs_vec_each (i, &t->d->searches) {
		const struct bs_log_search *s = &t->d->searches.v[i];

		begin_record(t, "search");
		member_name(t, "name", s->name);
		bs_json_member_number(&t->json, "namespace", s->ns);
		member_name(t, "by", s->by);
		bs_json_member_number(&t->json, "times", s->n);
		bs_json_member_bool(&t->json, "sure", s->is_sure);
		bs_json_key(&t->json, "tried");
		bs_json_array(&t->json, BS_JSON_INLINE);
		for (uint32_t k = 0; k < s->n_tried; k++) {
			bs_json_object(&t->json, BS_JSON_INLINE);
			member_name(t, "file", s->tried[k]);
			member_name(t, "reason", s->reasons[k]);
			bs_json_close(&t->json);
		}
		bs_json_close(&t->json);
		member_place(t, &s->place);
		end_record(t);
	}
	end_list(t);
}

static void write_pairs(struct telling *t)
{
	begin_list(t, "pairs");
	bs_vec_each (i, &t->d->pairs) {
		const struct bs_log_pair *p = &t->d->pairs.v[i];

		if (!bs_log_selects_pair(t->report, t->result, t->d, p->from, p->to))
			continue;
		begin_record(t, "pair");
		bs_json_member_number(&t->json, "from", p->from);
		bs_json_member_number(&t->json, "to", p->to);
		bs_json_member_number(&t->json, "bindings", p->n);
		end_record(t);
	}
	end_list(t);
}

static void write_bindings(struct telling *t)
{
	begin_list(t, "bindings");
	bs_vec_each (i, &t->d->bindings) {
		const struct bs_log_binding *b = &t->d->bindings.v[i];

		if (!bs_log_selects(t->report, t->result, t->d, b))
			continue;
		begin_record(t, "binding");
		bs_json_member_number(&t->json, "from", b->from);
		bs_json_member_number(&t->json, "to", b->to);
		member_name(t, "symbol", b->symbol);
		member_name(t, "version", b->version);
		bs_json_member_bool(&t->json, "protected", b->is_protected);
		bs_json_member_number(&t->json, "times", b->n);
		end_record(t);
	}
	end_list(t);
}

static void write_error_members(struct telling *t, const struct bs_log_error *e)
{
	bs_json_key(&t->json, "error");
	bs_json_object(&t->json, BS_JSON_INLINE);
	member_name(t, "object", e->object);
	member_name(t, "symbol", e->symbol);
	member_name(t, "version", e->version);
	member_name(t, "text", e->text);
	member_name(t, "by", e->by);
	bs_json_member_number(&t->json, "times", e->n);
	bs_json_member_bool(&t->json, "ended", e->ended);
	member_tri(t, "in_open", e->in_open);
	member_place(t, &e->place);
	bs_json_close(&t->json);
}

static void write_clash_members(struct telling *t, const struct bs_log_finding *f)
{
	member_id(t, "from", f->from);
	member_id(t, "to", f->to);
	bs_json_key(&t->json, "symbols");
	bs_json_array(&t->json, BS_JSON_INLINE);
	bs_vec_each (i, &f->symbols)
		bs_json_string(&t->json, bs_log_words(t->result, f->symbols.v[i]));
	bs_json_close(&t->json);
	bs_json_key(&t->json, "users");
	bs_json_array(&t->json, BS_JSON_INLINE);
	bs_vec_each (i, &f->users) {
		bs_json_object(&t->json, BS_JSON_INLINE);
		bs_json_member_number(&t->json, "from", f->users.v[i].from);
		bs_json_member_number(&t->json, "to", f->users.v[i].to);
		bs_json_member_number(&t->json, "symbols", f->users.v[i].n);
		bs_json_close(&t->json);
	}
	bs_json_close(&t->json);
	bs_json_member_number(&t->json, "more_users", f->n_more_users);
}

static void write_findings(struct telling *t)
{
	begin_list(t, "findings");
	bs_vec_each (i, &t->d->findings) {
		const struct bs_log_finding *f = &t->d->findings.v[i];

		if (!bs_log_selects_finding(t->report, t->result, t->d, f))
			continue;
		begin_record(t, "finding");
		bs_json_member_word(&t->json, "rule", bs_log_rule_slug(f->rule));
		bs_json_member(&t->json, "help",
			       bs_log_rule_page(t->arena, bs_log_rule_slug(f->rule)));
		bs_json_member_word(&t->json, "level", bs_log_level_name(f->level));
		if (f->error != UINT32_MAX)
			write_error_members(t, &t->d->errors.v[f->error]);
		else if (f->step != BS_LOG_NO_STEP)
			bs_json_member_number(&t->json, "step", (uint64_t)f->step + 1);
		else if (f->search != UINT32_MAX)
			member_name(t, "missing", t->d->searches.v[f->search].name);
		else
			write_clash_members(t, f);
		end_record(t);
	}
	end_list(t);
}

/* ---- processes ------------------------------------------------------------------------------- */

static void write_messages(struct telling *t, const struct bs_log_process *process)
{
	bs_json_key(&t->json, "messages");
	bs_json_object(&t->json, BS_JSON_INLINE);
	for (enum bs_log_kind kind = BS_LOG_UNKNOWN; kind < BS_LOG_KIND_COUNT_; kind++)
		if (process->n[kind])
			bs_json_member_number(&t->json, bs_log_kind_text(kind), process->n[kind]);
	bs_json_close(&t->json);
}

static void write_lacks(struct telling *t, const struct bs_log_process *process)
{
	bs_json_key(&t->json, "lacks");
	bs_json_array(&t->json, BS_JSON_INLINE);
	for (const struct bs_log_lack *lack = bs_log_lacks(t->arena, process); lack->word; lack++)
		bs_json_word(&t->json, lack->word);
	bs_json_close(&t->json);
}

static void write_process_members(struct telling *t, const struct bs_log_process *p,
				  const struct bs_log_account *a)
{
	static const char *const origins[] = { "started", "forked", "cut" };
	static const char *const loaders[] = { NULL, "glibc", "musl", "bindsim" };
	static const char *const phases[] = { "loading", "starting", "running", "ending" };

	if (!t->streams)
		bs_json_member_number(&t->json, "process", t->process);
	bs_json_member_number(&t->json, "pid", p->pid);
	bs_json_member_number(&t->json, "image", (uint64_t)p->generation + 1);
	member_name(t, "program", p->program);
	bs_json_member_word(&t->json, "origin", origins[p->origin]);
	member_id(t, "parent", p->parent);
	bs_json_member(&t->json, "loader", loaders[p->loader]);
	bs_json_member_if(&t->json, "release_from", p->release_from, p->release_from);
	bs_json_member_if(&t->json, "release_to", p->release_to, p->release_to);
	bs_json_member_word(&t->json, "phase", phases[p->phase]);
	write_messages(t, p);
	bs_json_member_number(&t->json, "damaged", p->n_cut);
	member_place(t, &p->first);
	bs_json_member_bool(&t->json, "complete", a->details != NULL);
	bs_json_member_number(&t->json, "opened", a->n_opens);
	bs_json_member_number(&t->json, "failed_opens", a->n_failed_opens);
	bs_json_member_number(&t->json, "closed", a->n_closes);
	bs_json_member_number(&t->json, "undefined", a->n_undefined);
	bs_json_member_number(&t->json, "refused", a->n_refused);
	bs_json_member_number(&t->json, "errors", a->n_findings[BS_LOG_ERROR_LEVEL]);
	bs_json_member_number(&t->json, "warnings", a->n_findings[BS_LOG_WARNING]);
	bs_json_member_number(&t->json, "notes", a->n_findings[BS_LOG_NOTE]);
	bs_json_member_word(&t->json, "worst", bs_log_level_name(a->worst));
	bs_json_member_number(&t->json, "late", a->n_late);
	write_lacks(t, p);
}

static void write_details(struct telling *t)
{
	static const struct {
		unsigned show;
		void (*write)(struct telling *t);
	} all[] = {
		{ BS_LOG_SHOW_OBJECTS, write_objects },	  { BS_LOG_SHOW_OPENS, write_opens },
		{ BS_LOG_SHOW_SEARCHES, write_searches }, { BS_LOG_SHOW_FINDINGS, write_findings },
		{ BS_LOG_SHOW_PAIRS, write_pairs },	  { BS_LOG_SHOW_BINDINGS, write_bindings },
	};

	/* Ids are of the objects, which are there when anything is that has one. */
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (t->report->show & all[i].show ||
		    (all[i].write == write_objects &&
		     t->report->show & ~(unsigned)(BS_LOG_SHOW_PROCESSES | BS_LOG_SHOW_SEARCHES)))
			all[i].write(t);
}

static void write_process(struct telling *t, uint32_t index)
{
	const struct bs_log_process *p = bs_log_process(t->result->log, index);
	const struct bs_log_account *a = bs_log_account(t->result->accounts, index);

	t->process = index;
	t->d = a->details;
	if (t->streams) {
		begin_record(t, "process");
		write_process_members(t, p, a);
		end_record(t);
	} else {
		bs_json_object(&t->json, BS_JSON_LINES);
		write_process_members(t, p, a);
	}
	if (t->d)
		write_details(t);
	if (!t->streams)
		bs_json_close(&t->json);
}

static void write_head(struct telling *t)
{
	const struct bs_log_sum *sum = bs_log_sum(t->result->log);
	enum bs_log_level worst = BS_LOG_NONE;

	bs_vec_each (i, &t->result->chosen) {
		const struct bs_log_account *a =
			bs_log_account(t->result->accounts, t->result->chosen.v[i]);

		worst = a->worst > worst ? a->worst : worst;
	}
	bs_json_member(&t->json, "schema", "bindsim-log-1");
	bs_json_member(&t->json, "schema_version", "1.1");
	bs_json_member(&t->json, "reason",
		       t->result->is_refusal   ? "refusal"
		       : t->result->is_reached ? "finding"
					       : NULL);
	bs_json_member_word(&t->json, "worst", bs_log_level_name(worst));
	bs_json_key(&t->json, "files");
	bs_json_array(&t->json, BS_JSON_INLINE);
	for (uint32_t i = 0; i < t->result->n_files; i++)
		bs_json_string(&t->json, bs_log_file(t->result->log, i));
	bs_json_close(&t->json);
	bs_json_member_number(&t->json, "bytes", sum->bytes);
	bs_json_member_number(&t->json, "lines", sum->lines);
	bs_json_member_number(&t->json, "noise", sum->noise);
	bs_json_member_number(&t->json, "long_lines", sum->long_lines);
	bs_json_member_number(&t->json, "images", bs_log_n_processes(t->result->log));
}

void bs_log_json(struct bs_report *report, struct bs_arena *arena,
		 const struct bs_log_result *result)
{
	struct telling t = {
		.report = report,
		.arena = arena,
		.result = result,
		.json = { .out = report->writer, .arena = arena },
		.streams = report->format->streams,
	};

	bs_json_object(&t.json, t.streams ? BS_JSON_INLINE : BS_JSON_LINES);
	if (t.streams)
		bs_json_member_word(&t.json, "record", "log");
	write_head(&t);
	if (t.streams)
		end_record(&t);
	else
		begin_list(&t, "processes");
	bs_vec_each (i, &result->chosen)
		write_process(&t, result->chosen.v[i]);
	if (t.streams) {
		t.json = (struct bs_json){ .out = report->writer, .arena = arena };
		bs_json_object(&t.json, BS_JSON_INLINE);
		bs_json_member_word(&t.json, "record", "end");
		bs_json_member_number(&t.json, "processes", result->chosen.n);
		end_record(&t);
		return;
	}
	end_list(&t);
	bs_json_close(&t.json);
	bs_write(report->writer, "\n", 1);
}
