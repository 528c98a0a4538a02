/* SPDX-License-Identifier: MIT */
/* What a result says. The records that are handed out are those that were collected. */
#include "api-priv.h"
#include "records-priv.h"

#include "../report/json-names.h"

#include <assert.h>
#include <stdlib.h>

void bindsim_result_free(struct bindsim_result *result)
{
	if (!result)
		return;
	bs_api_texts_free(&result->texts);
	bs_arena_free(result->kept.arena);
	free(result);
}

int bindsim_result_is_refused(const struct bindsim_result *result)
{
	return result && result->kept.refused;
}

enum bindsim_level bindsim_result_worst(const struct bindsim_result *result)
{
	enum bs_level worst = BS_LEVEL_NONE;

	for (uint32_t i = 0; result && i < result->kept.findings.n; i++)
		if (result->kept.findings.v[i].level > worst)
			worst = result->kept.findings.v[i].level;
	return (enum bindsim_level)worst;
}

const char *bindsim_result_loader(const struct bindsim_result *result)
{
	return result ? result->kept.loader : NULL;
}

const char *bindsim_result_machine(const struct bindsim_result *result)
{
	return result ? result->kept.machine : NULL;
}

const char *bindsim_result_report(const struct bindsim_result *result, size_t index, size_t *ret_n)
{
	return bs_api_texts_at(result ? &result->texts : NULL, index, ret_n);
}

/* bindsim_result_THINGs() and bindsim_result_THING(). */
#define RECORDS(thing)                                                                             \
	size_t bindsim_result_##thing##s(const struct bindsim_result *result)                      \
	{                                                                                          \
		return result ? result->kept.thing##s.n : 0;                                       \
	}
#define RECORD(thing, type, number)                                                                \
	const struct bindsim_##thing *bindsim_result_##thing(const struct bindsim_result *result,  \
							     type number)                          \
	{                                                                                          \
		if (!result || number >= result->kept.thing##s.n)                                  \
			return NULL;                                                               \
		return (const struct bindsim_##thing *)&result->kept.thing##s.v[number];           \
	}

/* ---- objects ----------------------------------------------------------------------------------
 */

static_assert(BS_NO_MAP == BINDSIM_NONE && BS_NEVER == BINDSIM_NONE, "one word for all");

RECORDS(object)
RECORD(object, uint32_t, id)
TELL(object, name, const char *, NULL, r->name)
TELL(object, path, const char *, NULL, r->path)
TELL(object, soname, const char *, NULL, r->soname)
TELL(object, kind, const char *, NULL, r->kind)
TELL(object, role, const char *, NULL, r->role)
TELL(object, found_by, const char *, NULL, r->how)
TELL(object, namespace, uint32_t, 0, r->ns)
TELL(object, loaded_in, uint32_t, BINDSIM_NONE, r->born)
TELL(object, unloaded_in, uint32_t, BINDSIM_NONE, r->died)
TELL(object, is_preloaded, int, 0, r->preloaded)

/* ---- steps ------------------------------------------------------------------------------------
 */

static_assert((int)BINDSIM_STEP_OK == BS_STEP_OK && (int)BINDSIM_STEP_FAILED == BS_STEP_FAILED &&
		      (int)BINDSIM_STEP_NOT_REACHED == BS_STEP_NOT_REACHED,
	      "they are handed on");

RECORDS(step)
RECORD(step, size_t, index)
TELL(step, number, uint32_t, BINDSIM_NONE, r->number)
TELL(step, kind, const char *, NULL, r->kind)
TELL(step, words, const char *, NULL, r->words)
TELL(step, state, enum bindsim_step_state, BINDSIM_STEP_NOT_REACHED,
     (enum bindsim_step_state)r->state)
TELL(step, message, const char *, NULL, r->message)
TELL(step, ends_process, int, 0, r->ends_process)
TELL(step, object, uint32_t, BINDSIM_NONE, r->object)

int bindsim_step_offset(const struct bindsim_step *step, uint64_t *ret_offset)
{
	const struct bs_kept_step *r = (const void *)step;
	bool has_offset = r && r->has_offset;

	if (ret_offset)
		*ret_offset = has_offset ? r->offset : 0;
	return has_offset;
}

/* ---- bindings ---------------------------------------------------------------------------------
 */

static_assert((int)BINDSIM_WHY_NONE == BS_WHY_NONE &&
		      (int)BINDSIM_WHY_FIRST_IN_SCOPE == BS_WHY_FIRST_IN_SCOPE &&
		      (int)BINDSIM_WHY_LOCAL == BS_WHY_LOCAL &&
		      (int)BINDSIM_WHY_PROTECTED == BS_WHY_PROTECTED &&
		      (int)BINDSIM_WHY_UNIQUE == BS_WHY_UNIQUE &&
		      (int)BINDSIM_WHY_STRONG == BS_WHY_STRONG &&
		      (int)BINDSIM_WHY_WEAK == BS_WHY_WEAK &&
		      (int)BINDSIM_WHY_WEAK + 1 == BS_WHY_COUNT_ &&
		      (int)BINDSIM_BOUND == BS_BOUND &&
		      (int)BINDSIM_WEAK_UNRESOLVED == BS_UNRESOLVED_WEAK &&
		      (int)BINDSIM_UNDEFINED == BS_UNDEFINED &&
		      (int)BINDSIM_LOOKUP_CRASH == BS_LOOKUP_CRASH,
	      "they are handed on");

RECORDS(binding)
RECORD(binding, size_t, index)
TELL(binding, step, uint32_t, BINDSIM_NONE, r->step)
TELL(binding, referrer, uint32_t, BINDSIM_NONE, r->referrer)
TELL(binding, symbol, const char *, NULL, r->symbol)
TELL(binding, version, const char *, NULL, r->version)
TELL(binding, when, const char *, NULL, r->when)
TELL(binding, called_in, uint32_t, BINDSIM_NONE, r->called)
TELL(binding, answers, size_t, 0, r->n_answers)

const char *bindsim_binding_kind(const struct bindsim_binding *binding, size_t index)
{
	const struct bs_kept_binding *r = (const void *)binding;

	for (unsigned kind = 0; r && kind < BS_RELOC_KIND_COUNT_; kind++)
		if (r->kinds >> kind & 1 && !index--)
			return bs_json_reloc_kind_name(kind);
	return NULL;
}

/* The answer INDEX of BINDING, or NULL. */
static const struct bs_kept_answer *answer_of(const struct bindsim_binding *binding, size_t index)
{
	const struct bs_kept_binding *r = (const void *)binding;

	return r && index < r->n_answers ? &r->all->answers.v[r->first_answer + index] : NULL;
}

uint32_t bindsim_binding_epoch(const struct bindsim_binding *binding, size_t index)
{
	const struct bs_kept_answer *answer = answer_of(binding, index);

	return answer ? answer->after : BINDSIM_NONE;
}

uint32_t bindsim_binding_definer(const struct bindsim_binding *binding, size_t index)
{
	const struct bs_kept_answer *answer = answer_of(binding, index);

	return answer ? answer->definer : BINDSIM_NONE;
}

const char *bindsim_binding_definition_version(const struct bindsim_binding *binding, size_t index)
{
	const struct bs_kept_answer *answer = answer_of(binding, index);

	return answer ? answer->version : NULL;
}

enum bindsim_why bindsim_binding_why(const struct bindsim_binding *binding, size_t index)
{
	const struct bs_kept_answer *answer = answer_of(binding, index);

	return answer ? (enum bindsim_why)answer->why : BINDSIM_WHY_NONE;
}

enum bindsim_outcome bindsim_binding_outcome(const struct bindsim_binding *binding, size_t index)
{
	const struct bs_kept_answer *answer = answer_of(binding, index);

	return answer ? (enum bindsim_outcome)answer->outcome : BINDSIM_UNDEFINED;
}

/* ---- searches ---------------------------------------------------------------------------------
 */

size_t bindsim_result_searches(const struct bindsim_result *result)
{
	return result ? result->kept.searches.n : 0;
}

const struct bindsim_search *bindsim_result_search(const struct bindsim_result *result,
						   size_t index)
{
	if (index >= bindsim_result_searches(result))
		return NULL;
	return (const struct bindsim_search *)&result->kept.searches.v[index];
}

TELL(search, step, uint32_t, BINDSIM_NONE, r->step)
TELL(search, name, const char *, NULL, r->name)
TELL(search, found, const char *, NULL, r->found)
TELL(search, places, size_t, 0, r->n_places)

/* The place INDEX of SEARCH, or NULL. */
static const struct bs_kept_place *place_of(const struct bindsim_search *search, size_t index)
{
	const struct bs_kept_search *r = (const void *)search;

	return r && index < r->n_places ? &r->all->places.v[r->first_place + index] : NULL;
}

const char *bindsim_search_place(const struct bindsim_search *search, size_t index)
{
	const struct bs_kept_place *place = place_of(search, index);

	return place ? place->path : NULL;
}

const char *bindsim_search_place_by(const struct bindsim_search *search, size_t index)
{
	const struct bs_kept_place *place = place_of(search, index);

	return place ? place->how : NULL;
}

const char *bindsim_search_place_verdict(const struct bindsim_search *search, size_t index)
{
	const struct bs_kept_place *place = place_of(search, index);

	return place ? place->verdict : NULL;
}

int bindsim_search_place_errno(const struct bindsim_search *search, size_t index)
{
	const struct bs_kept_place *place = place_of(search, index);

	return place ? place->os_error : 0;
}

/* ---- findings ---------------------------------------------------------------------------------
 */

static_assert((int)BINDSIM_LEVEL_NONE == BS_LEVEL_NONE &&
		      (int)BINDSIM_LEVEL_NOTE == BS_LEVEL_NOTE &&
		      (int)BINDSIM_LEVEL_WARNING == BS_LEVEL_WARNING &&
		      (int)BINDSIM_LEVEL_ERROR == BS_LEVEL_ERROR,
	      "they are handed on");

RECORDS(finding)
RECORD(finding, size_t, index)
TELL(finding, level, enum bindsim_level, BINDSIM_LEVEL_NONE, (enum bindsim_level)r->level)
TELL(finding, rule, const char *, NULL, bs_rule_text(r->rule)->slug)
TELL(finding, fingerprint, const char *, NULL, r->fingerprint)
TELL(finding, step, uint32_t, BINDSIM_NONE, r->step)
TELL(finding, subject, uint32_t, BINDSIM_NONE, r->from)
TELL(finding, other, uint32_t, BINDSIM_NONE, r->to)
TELL(finding, headline, const char *, NULL, r->headline)
TELL(finding, message, const char *, NULL, r->message)
TELL(finding, symbols, size_t, 0, r->n_symbols)
TELL(finding, disposition, enum bindsim_disposition, BINDSIM_COUNTS,
     (enum bindsim_disposition)r->disposition)
TELL(finding, excuse, const char *, NULL, r->excuse)

const char *bindsim_finding_example(const struct bindsim_finding *finding, size_t index)
{
	const struct bs_kept_finding *r = (const void *)finding;

	return r && index < r->n_examples ? r->all->examples.v[r->first_example + index] : NULL;
}

/* ---- what a check says of them ------------------------------------------------------------------
 */

static_assert((int)BINDSIM_COUNTS == BS_COUNTS && (int)BINDSIM_BELOW == BS_BELOW &&
		      (int)BINDSIM_SUPPRESSED == BS_SUPPRESSED &&
		      (int)BINDSIM_IN_BASELINE == BS_IN_BASELINE &&
		      (int)BINDSIM_IN_BASELINE + 1 == BS_DISPOSITION_COUNT_,
	      "they are handed on");

size_t bindsim_result_tally(const struct bindsim_result *result,
			    enum bindsim_disposition disposition)
{
	return result && (unsigned)disposition < BS_DISPOSITION_COUNT_
		       ? result->tally.n[disposition]
		       : 0;
}

size_t bindsim_result_gone(const struct bindsim_result *result)
{
	return result ? result->kept.gone.n : 0;
}

const struct bindsim_known *bindsim_result_gone_finding(const struct bindsim_result *result,
							size_t index)
{
	return index < bindsim_result_gone(result)
		       ? (const struct bindsim_known *)&result->kept.gone.v[index]
		       : NULL;
}
