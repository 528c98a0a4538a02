/* SPDX-License-Identifier: MIT */
/* `bindsim explain --rule`: what the short words mean that the commands say why by. */
#include "options-priv.h"

#include <string.h>

/* A word of one kind may be one of another kind, too: loaded-twice is. */
struct explained {
	const char *name, *meaning;
	const char *help; /* "": none */
	const char *source;
};

typedef BS_VEC(struct explained) explained_list;

static void list_all(struct bs_arena *arena, explained_list *all)
{
	for (enum bs_rule rule = 0; rule < BS_RULE_COUNT_; rule++) {
		const struct bs_rule_text *text = bs_rule_text(rule);

		bs_vec_push(arena, all,
			    ((struct explained){
				    text->slug, text->summary, text->help,
				    bs_arena_printf(arena,
						    "An example, bad and mended: rules/%s.md of "
						    "the documents of bindsim. How a finding is\n"
						    "silenced: bindsim-findings(7).\n",
						    text->slug) }));
	}
	for (enum bs_log_rule rule = 0; rule < BS_LOG_RULE_COUNT_; rule++)
		bs_vec_push(arena, all,
			    ((struct explained){ bs_log_rule_slug(rule), bs_log_rule_summary(rule),
						 bs_log_rule_help(rule),
						 "A finding of bindsim log: bindsim-log(1).\n" }));
	for (enum bs_verify_cause cause = 0; cause < BS_VERIFY_CAUSE_COUNT_; cause++)
		bs_vec_push(arena, all,
			    ((struct explained){
				    bs_verify_cause_name(cause), bs_verify_cause_meaning(cause),
				    bs_verify_cause_help(cause),
				    "A cause of bindsim verify: bindsim-verify(1).\n" }));
	for (enum bs_cause_kind cause = 0; cause < BS_CAUSE_COUNT_; cause++)
		bs_vec_push(arena, all,
			    ((struct explained){ bs_cause_slug(cause), bs_cause_meaning(cause), "",
						 "A cause of bindsim diff, why a reference is "
						 "bound otherwise: bindsim-diff(1).\n" }));
}

static bool complain_of_rule(struct bs_arena *arena, const char *rule, const explained_list *all)
{
	BS_VEC(const char *) names = { 0 };

	bs_vec_each (i, all) {
		bool was_there = false;

		for (uint32_t k = 0; k < i && !was_there; k++)
			was_there = strcmp(all->v[k].name, all->v[i].name) == 0;
		if (!was_there)
			bs_vec_push(arena, &names, all->v[i].name);
	}
	bs_vec_push(arena, &names, NULL);
	bs_complain("--rule '%s': unknown; %s", rule,
		    bs_choices(arena, rule, strlen(rule), names.v));
	return false;
}

static void explain(struct bs_writer *writer, const struct explained *e, bool is_first)
{
	if (!is_first)
		bs_write_text(writer, "\n");
	const char *const pieces[] = { e->name,	 ": ",	  e->meaning,
				       "\n\n",	 e->help, *e->help ? "\n\n" : "",
				       e->source };

	for (unsigned i = 0; i < sizeof pieces / sizeof *pieces; i++)
		bs_write_text(writer, pieces[i]);
}

/* False after a message. */
static bool is_about_rule(const struct bs_option_reader *r)
{
	const char *refused = bs_options_refused_by(r, BS_MODE_EXPLAIN_RULE);

	if (refused)
		bs_complain("explain --rule is about no process: it has no --%s", refused);
	else if (r->line->plan.executable)
		bs_complain("explain --rule is about no process: '%s' is too many",
			    r->line->plan.executable);
	return !refused && !r->line->plan.executable;
}

bool bs_explain_rule(struct bs_option_reader *r)
{
	explained_list all = { 0 };
	struct bs_destination destination;
	struct bs_writer *writer = bs_new(r->arena, struct bs_writer, 1);
	unsigned n = 0;

	list_all(r->arena, &all);
	bs_vec_each (i, &all)
		n += strcmp(all.v[i].name, r->rule) == 0;
	if (!n)
		return complain_of_rule(r->arena, r->rule, &all);
	if (!is_about_rule(r))
		return false;
	r->line->done = r->quiet && !r->output;
	if (r->line->done)
		return true;
	if (!bs_destination_open(r->arena, r->output, &destination))
		return false;
	writer->file = destination.file;
	n = 0;
	bs_vec_each (i, &all)
		if (strcmp(all.v[i].name, r->rule) == 0)
			explain(writer, &all.v[i], n++ == 0);
	r->line->done = bs_destination_close(&destination, writer, true);
	return r->line->done;
}
