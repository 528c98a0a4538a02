/* SPDX-License-Identifier: MIT */
/* log-text-priv.h - what the files of the text report of a log share */
#pragma once

#include "log-report.h"
#include "text-priv.h"

/* What is being said of one process. */
struct bs_log_telling {
	struct bs_report *report;
	struct bs_arena *arena;
	const struct bs_log_result *result;
	const struct bs_log_process *process;
	const struct bs_log_details *d;
};

static inline void bs_log_tell_object(const struct bs_log_telling *t, uint32_t object)
{
	bs_log_say_object(t->report, t->result, t->d, object);
}

static inline void bs_log_tell_name(const struct bs_log_telling *t, bs_name name)
{
	bs_say_escaped(t->report, bs_log_words(t->result, name));
}

/* log-findings.c: the findings; one line of a search that failed. */
void bs_log_tell_findings(const struct bs_log_telling *t);
void bs_log_tell_search(const struct bs_log_telling *t, const struct bs_log_search *search);
