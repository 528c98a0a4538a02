/* SPDX-License-Identifier: MIT */
/* A plan is simulated, once or twice, and held against a testimony. */
#include "verify-priv.h"

#include <string.h>

static const struct {
	const char *name, *meaning, *help;
} causes[BS_VERIFY_CAUSE_COUNT_] = {
#define CAUSE(id, slug, meaning, help) { slug, meaning, help },
#include "verify-causes.def"
#undef CAUSE
};

const char *bs_verify_cause_name(enum bs_verify_cause cause)
{
	return causes[cause].name;
}

const char *bs_verify_cause_meaning(enum bs_verify_cause cause)
{
	return causes[cause].meaning;
}

const char *bs_verify_cause_help(enum bs_verify_cause cause)
{
	return causes[cause].help;
}

static const char *own(struct bs_holding *h, const char *text)
{
	return text ? bs_arena_strndup(h->arena, text, strlen(text)) : NULL;
}

static void take_diagnostics(struct bs_holding *h, const struct bs_diags *diags)
{
	struct bs_verify *verify = h->verify;

	verify->diags.arena = h->arena;
	bs_vec_each (i, &diags->list) {
		struct bs_diag d = diags->list.v[i];

		d.path = own(h, d.path);
		d.detail = own(h, d.detail);
		bs_vec_push(h->arena, &verify->diags.list, d);
	}
}

static enum bs_sim_status simulate(struct bs_holding *h, const struct bs_sink *sink,
				   struct bs_store *store, bool is_first)
{
	struct bs_sim_report report;
	enum bs_sim_status status = bs_simulate(h->verify->plan, store, sink, &report);

	if (status == BS_SIM_CANNOT) {
		h->verify->problem = own(h, report.problem);
		h->verify->instead = report.instead;
	}
	if (is_first && status != BS_SIM_NO_MEMORY)
		take_diagnostics(h, &report.diags);
	bs_sim_report_done(&report);
	return status;
}

void bs_verify(const struct bs_plan *plan, struct bs_store *store,
	       const struct bs_selection *selection, struct bs_testimony *testimony,
	       struct bs_verify *ret)
{
	*ret = (struct bs_verify){
		.arena = testimony->arena,
		.testimony = testimony,
		.plan = plan,
	};
	struct bs_holding *h = bs_new(testimony->arena, struct bs_holding, 1);

	h->verify = ret;
	h->t = testimony;
	h->arena = testimony->arena;
	h->selection = selection;
	struct bs_sink sink = bs_holding_sink(h);

	ret->status = simulate(h, &sink, store, true);
	if (ret->no_log || ret->status == BS_SIM_CANNOT || ret->status == BS_SIM_NO_MEMORY)
		return;
	bs_holding_list_untold(h);
	if (h->untold.n) {
		sink = bs_untold_sink(h);
		enum bs_sim_status again = simulate(h, &sink, store, false);

		if (again == BS_SIM_NO_MEMORY) {
			ret->status = again;
			return;
		}
	}
	bs_holding_conclude(h);
}
