/* SPDX-License-Identifier: MIT */
/* `bindsim advise`: its options, its outputs and its exit status. */
#include "options-priv.h"

#include "../report/advice-report.h"

#include <string.h>

/* ---- the command line ------------------------------------------------------------------------ */

bool bs_read_remedies(struct bs_option_reader *r, const char *text)
{
	for (const char *name = text; name;) {
		size_t n = strcspn(name, ",");
		enum bs_remedy_kind kind = bs_remedy_find(name, n);

		if (kind == BS_REMEDY_COUNT_) {
			const char *names[BS_REMEDY_COUNT_ + 1] = { NULL };

			for (kind = 0; kind < BS_REMEDY_COUNT_; kind++)
				names[kind] = bs_remedy_text(kind)->slug;
			bs_complain("--remedy '%.*s': unknown; %s", (int)n, name,
				    bs_choices(r->arena, name, n, names));
			return false;
		}
		r->line->advise.remedies |= 1u << kind;
		name = name[n] ? name + n + 1 : NULL;
	}
	return true;
}

bool bs_advise_open(struct bs_option_reader *r)
{
	static const struct bs_format *const formats[] = { &bs_format_advice_text,
							   &bs_format_advice_json, NULL };
	struct bs_command_line *line = r->line;

	if (line->selection.symbol) {
		bs_complain("--symbol has no say in advise: it is about findings; take --from, "
			    "--to or --rule");
		return false;
	}
	return bs_use_formats(r->arena, line, formats);
}

/* ---- the answer ------------------------------------------------------------------------------ */

static bool write_output(struct bs_arena *arena, const struct bs_command_line *line,
			 const struct bs_output *output, const struct bs_advice *advice)
{
	struct bs_begun_output begun;

	if (!bs_output_begin(arena, line, output, &begun))
		return false;
	bs_advice_write(&begun.report, arena, advice);
	return bs_output_end(&begun);
}

/* As for the plan itself: what is advised has not been done yet. */
static enum bs_exit conclude(const struct bs_command_line *line, const struct bs_ending *base)
{
	uint32_t refused = bs_ending_refused(base);

	if (refused != BS_NEVER) {
		const char *message = base->steps.v[refused].message;

		bs_complain("step %u %s: %s", refused,
			    base->steps.v[refused].state == BS_STEP_NOT_REACHED ? "is not reached"
										: "failed",
			    message && *message ? message : "the object is not loaded");
		return BS_EXIT_REFUSED;
	}
	if (line->fail_on == BS_LEVEL_NONE || base->worst < line->fail_on)
		return BS_EXIT_OK;
	bs_complain("a finding reaches --fail-on=%s", bs_level_name(line->fail_on));
	return BS_EXIT_REFUSED;
}

enum bs_exit bs_advise_run(struct bs_arena *arena, const struct bs_command_line *line,
			   struct bs_store *store, struct bs_library_db *library_db)
{
	const struct bs_check_options check = { .library_db = library_db };
	const struct bs_advise_options options = {
		.from = line->selection.from,
		.to = line->selection.to,
		.rule = line->advise.rule,
		.kinds = line->advise.remedies,
	};
	struct bs_study *study = bs_study_new(arena, store, &check);
	struct bs_advice advice;
	enum bs_sim_status status = bs_advise(study, &line->plan, &options, &advice);
	bool answered = status == BS_SIM_OK || status == BS_SIM_REFUSED;
	enum bs_exit exit_status = BS_EXIT_TROUBLE;
	bool written = true;

	for (uint32_t i = 0; answered && i < line->outputs.n; i++)
		written &= write_output(arena, line, &line->outputs.v[i], &advice);
	if (answered || line->verbose)
		bs_print_diagnostics(arena, &advice.base.diags, line->verbose);
	if (status == BS_SIM_CANNOT)
		bs_complain_of_plan(arena, &line->plan, "", advice.base.problem,
				    advice.base.instead);
	else if (!answered)
		bs_complain("%s", bs_arena_problem());
	else if (written)
		exit_status = conclude(line, &advice.base);
	bs_advice_done(&advice);
	return exit_status;
}
