/* SPDX-License-Identifier: MIT */
/* Baselines, which do not change. */
#include "api-priv.h"
#include "records-priv.h"

#include "../input/report-file.h"
#include "../report/jansson-late.h"

#include <stdlib.h>
#include <string.h>

struct bindsim_baseline *bs_api_baseline_new(void)
{
	return bs_api_counted_new(sizeof(struct bindsim_baseline));
}

struct bindsim_baseline *bs_api_baseline_ref(const struct bindsim_baseline *baseline)
{
	return bs_api_counted_ref(baseline);
}

void bindsim_baseline_free(struct bindsim_baseline *baseline)
{
	if (!baseline || !bs_api_counted_drop(&baseline->counted))
		return;
	bs_api_counted_end(&baseline->counted);
}

bs_baseline bs_api_baseline(struct bs_arena *arena, const struct bindsim_baseline *baseline)
{
	bs_baseline all = { 0 };

	for (uint32_t i = 0; baseline && i < baseline->findings.n; i++)
		bs_vec_push(arena, &all, baseline->findings.v[i].finding);
	return all;
}

/* ---- from a file ------------------------------------------------------------------------------
 */

static enum bindsim_status fill(struct bindsim_baseline *baseline, const char *text, size_t n,
				const char *name, void **ret_held, struct bindsim_error **error)
{
	bs_baseline read = { 0 };

	if (BS_ON_OUT_OF_MEMORY(baseline->counted.arena))
		return bs_api_no_memory(error);
	const char *lacks = bs_jansson_open();

	if (lacks)
		return bs_api_fail(error, BINDSIM_ERROR_LIBRARY, NULL, NULL, lacks);
	const char *problem = bs_baseline_read(baseline->counted.arena, text, n, &read, ret_held);

	if (problem)
		return bs_api_fail(error, BINDSIM_ERROR_TEXT, name, NULL, problem);
	bs_vec_each (i, &read)
		bs_vec_push(baseline->counted.arena, &baseline->findings,
			    bs_keep_known(baseline->counted.arena, &read.v[i]));
	return BINDSIM_OK;
}

static enum bindsim_status read_baseline(const char *text, size_t n, const char *name,
					 struct bindsim_baseline **ret_baseline,
					 struct bindsim_error **error)
{
	struct bindsim_baseline *baseline = bs_api_baseline_new();
	void *held = NULL;

	if (!baseline)
		return bs_api_no_memory(error);
	enum bindsim_status status = fill(baseline, text, n, name, &held, error);

	bs_plan_drop(held);
	if (status == BINDSIM_OK)
		*ret_baseline = baseline;
	else
		bindsim_baseline_free(baseline);
	return status;
}

enum bindsim_status bindsim_baseline_read(const char *text, size_t n, const char *name,
					  struct bindsim_baseline **ret_baseline,
					  struct bindsim_error **error)
{
	bs_api_begin(error);
	if (ret_baseline)
		*ret_baseline = NULL;
	if (!text || !ret_baseline)
		return bs_api_refuse(error, "a text and a place for the baseline are wanted");
	locale_t outside = bs_api_enter();
	enum bindsim_status status = read_baseline(text, n, name, ret_baseline, error);

	bs_api_leave(outside);
	return status;
}

enum bindsim_status bindsim_baseline_read_file(const char *path,
					       struct bindsim_baseline **ret_baseline,
					       struct bindsim_error **error)
{
	size_t n;
	char *text;

	bs_api_begin(error);
	if (ret_baseline)
		*ret_baseline = NULL;
	if (!path || !ret_baseline)
		return bs_api_refuse(error, "a path and a place for the baseline are wanted");
	locale_t outside = bs_api_enter();
	enum bindsim_status status = bs_api_read_file(path, &text, &n, error);

	if (status == BINDSIM_OK)
		status = read_baseline(text, n, path, ret_baseline, error);
	bs_api_leave(outside);
	free(text);
	return status;
}

/* ---- to a text --------------------------------------------------------------------------------
 */

static const char *write_baseline(struct bs_writer *writer, const void *of)
{
	const char *lacks = bs_jansson_open();

	if (lacks)
		return lacks;
	const bs_baseline all = bs_api_baseline(writer->arena, of);

	bs_baseline_write(writer, writer->arena, &all);
	return NULL;
}

enum bindsim_status bindsim_baseline_write(const struct bindsim_baseline *baseline, char **ret_text,
					   size_t *ret_n, struct bindsim_error **error)
{
	bs_api_begin(error);
	if (ret_text)
		*ret_text = NULL;
	if (!baseline || !ret_text)
		return bs_api_refuse(error, "a baseline and a place for the text are wanted");
	return bs_api_write(write_baseline, baseline, ret_text, ret_n, error);
}

/* ---- its findings ------------------------------------------------------------------------------
 */

size_t bindsim_baseline_findings(const struct bindsim_baseline *baseline)
{
	return baseline ? baseline->findings.n : 0;
}

const struct bindsim_known *bindsim_baseline_finding(const struct bindsim_baseline *baseline,
						     size_t index)
{
	return index < bindsim_baseline_findings(baseline)
		       ? (const struct bindsim_known *)&baseline->findings.v[index]
		       : NULL;
}

TELL(known, plan, const char *, NULL, r->finding.plan)
TELL(known, rule, const char *, NULL, r->finding.rule)
TELL(known, fingerprint, const char *, NULL, r->fingerprint)
TELL(known, subject, const char *, NULL, r->finding.from)
TELL(known, other, const char *, NULL, r->finding.to)
TELL(known, level, enum bindsim_level, BINDSIM_LEVEL_NONE, (enum bindsim_level)r->finding.level)
TELL(known, symbols, size_t, 0, r->finding.n)
