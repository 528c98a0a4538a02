/* SPDX-License-Identifier: MIT */
/* What a person should see of a process, in words: the worst first. */
#include "log-text-priv.h"

#include <stdlib.h>

enum { MOST_FINDINGS = 12, MOST_SYMBOLS = 4, MOST_USERS = 4 };

static void say_level(struct bs_report *report, enum bs_log_level level)
{
	bs_say_ink(report,
		   level == BS_LOG_ERROR_LEVEL ? BS_INK_BAD
		   : level == BS_LOG_WARNING   ? BS_INK_WARN
					       : BS_INK_DIM,
		   bs_log_level_name(level));
	bs_say(report, ": ");
}

static void say_symbols(const struct bs_log_telling *t, const struct bs_log_finding *f,
			const char *indent)
{
	bool all = t->report->show & BS_LOG_SHOW_BINDINGS;

	bs_vec_each (i, &f->symbols) {
		bs_say(t->report, indent);
		if (i == MOST_SYMBOLS && !all && f->symbols.n > MOST_SYMBOLS + 1) {
			bs_say(t->report, "... and ");
			bs_write_grouped(t->report->writer, f->symbols.n - i);
			bs_say(t->report, " more (--show=findings,bindings lists all)\n");
			return;
		}
		bs_say_escaped(t->report, bs_demangled(bs_log_words(t->result, f->symbols.v[i])));
		bs_say(t->report, "\n");
	}
}

static int compare_users(const void *a, const void *b)
{
	const struct bs_log_user *x = a, *y = b;

	if (x->n != y->n)
		return x->n > y->n ? -1 : 1;
	if (x->to != y->to)
		return x->to < y->to ? -1 : 1;
	return (x->from > y->from) - (x->from < y->from);
}

/* Who goes where: what tells a person which of two copies matters to whom. */
static void say_users(const struct bs_log_telling *t, const struct bs_log_finding *f)
{
	struct bs_log_user *users = bs_new(t->arena, struct bs_log_user, f->users.n);
	uint32_t most = t->report->show & BS_LOG_SHOW_BINDINGS ? UINT32_MAX : MOST_USERS;

	for (uint32_t i = 0; i < f->users.n; i++)
		users[i] = f->users.v[i];
	if (f->users.n)
		qsort(users, f->users.n, sizeof *users, compare_users);
	for (uint32_t i = 0; i < f->users.n && i < most; i++) {
		bs_say(t->report, "      ");
		bs_log_tell_object(t, users[i].from);
		if (users[i].from == users[i].to) {
			bs_say(t->report, " uses its own");
		} else {
			bs_say(t->report, " uses that of ");
			bs_log_tell_object(t, users[i].to);
		}
		bs_say(t->report, ": ");
		bs_say_count(t->report, users[i].n, "symbol", "symbols");
		bs_say(t->report, "\n");
	}
	if (f->users.n > most || f->n_more_users) {
		bs_say(t->report, "      ... and ");
		bs_write_grouped(t->report->writer,
				 f->n_more_users + (f->users.n > most ? f->users.n - most : 0));
		bs_say(t->report, " more\n");
	}
}

static void say_clash(const struct bs_log_telling *t, const struct bs_log_finding *f)
{
	if (f->rule == BS_LOG_RULE_CAPTURED) {
		bs_say_count(t->report, f->symbols.n, "symbol", "symbols");
		bs_say(t->report, " that ");
		bs_log_tell_object(t, f->from);
		bs_say(t->report, " has itself: its references are bound to ");
		bs_log_tell_object(t, f->to);
	} else if (f->rule == BS_LOG_RULE_SPLIT) {
		bs_say_count(t->report, f->symbols.n, "symbol is", "symbols are");
		bs_say(t->report, " used from both ");
		bs_log_tell_object(t, f->from);
		bs_say(t->report, " and ");
		bs_log_tell_object(t, f->to);
	} else {
		bs_log_tell_object(t, f->from);
		bs_say(t->report, " and ");
		bs_log_tell_object(t, f->to);
		bs_say(t->report, " are in one namespace");
	}
	bs_say(t->report, "\n");
	say_users(t, f);
	say_symbols(t, f, "        ");
}

static void say_place(const struct bs_log_telling *t, const struct bs_log_place *place)
{
	bs_say(t->report, " (");
	bs_say_escaped(t->report, bs_log_file(t->result->log, place->file));
	bs_write_format(t->report->writer, ":%llu)", (unsigned long long)place->line);
}

static void say_error(const struct bs_log_telling *t, const struct bs_log_finding *f)
{
	const struct bs_log_error *e = &t->d->errors.v[f->error];

	if (e->symbol) {
		bs_log_tell_name(t, e->object ? e->object : t->process->program);
		bs_say(t->report, ": ");
		bs_say_escaped(t->report, bs_demangled(bs_log_words(t->result, e->symbol)));
		if (e->version)
			bs_say_version(t->report, bs_log_words(t->result, e->version));
		bs_say(t->report, e->ended		     ? ": it ended the process"
				  : e->in_open == BS_LOG_YES ? ": the dlopen failed"
				  : e->in_open == BS_LOG_NO
					  ? ": asked for by dlsym, and the process went on"
					  : ": a dlsym or a dlopen that failed, for the process "
					    "went on");
	} else {
		bs_log_tell_name(t, e->object);
		bs_say(t->report, ": ");
		bs_log_tell_name(t, e->text);
		if (e->by) {
			bs_say(t->report, ", wanted by ");
			bs_log_tell_name(t, e->by);
		}
	}
	if (e->n > 1)
		bs_write_format(t->report->writer, ", %u times", e->n);
	say_place(t, &e->place);
	bs_say(t->report, "\n");
}

static void say_failed_step(const struct bs_log_telling *t, const struct bs_log_finding *f)
{
	const struct bs_log_step *step = &t->d->steps.v[f->step];

	bs_say_escaped(t->report, bs_log_step_words(t->arena, t->result, step));
	if (step->by) {
		bs_say(t->report, " by ");
		bs_log_tell_name(t, step->by);
	}
	if (step->missing && step->missing != step->file) {
		bs_say(t->report, ": ");
		bs_log_tell_name(t, step->missing);
		bs_say(t->report, " was not found");
	} else if (step->missing) {
		bs_say(t->report, ": it was not found");
	} else if (f->level == BS_LOG_NOTE) {
		bs_say(t->report, ": nothing came of it (RTLD_NOLOAD, or a file that was passed "
				  "over)");
	}
	say_place(t, &step->place);
	bs_say(t->report, "\n");
}

void bs_log_tell_search(const struct bs_log_telling *t, const struct bs_log_search *search)
{
	bs_log_tell_name(t, search->name);
	if (search->by) {
		bs_say(t->report, ", wanted by ");
		bs_log_tell_name(t, search->by);
	}
	if (search->n > 1)
		bs_write_format(t->report->writer, ", %u times", search->n);
	bs_say(t->report, ": ");
	bs_say_count(t->report, search->n_tried, "file was tried", "files were tried");
	say_place(t, &search->place);
	bs_say(t->report, "\n");
}

static void say_finding(const struct bs_log_telling *t, const struct bs_log_finding *f)
{
	bs_say(t->report, "  ");
	say_level(t->report, f->level);
	bs_say(t->report, bs_log_rule_slug(f->rule));
	bs_say(t->report, ": ");
	if (f->error != UINT32_MAX)
		say_error(t, f);
	else if (f->step != BS_LOG_NO_STEP)
		say_failed_step(t, f);
	else if (f->search != UINT32_MAX)
		bs_log_tell_search(t, &t->d->searches.v[f->search]);
	else
		say_clash(t, f);
}

void bs_log_tell_findings(const struct bs_log_telling *t)
{
	uint32_t said = 0, n = 0;
	uint32_t most = t->report->shows_default ? MOST_FINDINGS : UINT32_MAX;

	bs_vec_each (i, &t->d->findings)
		n += bs_log_selects_finding(t->report, t->result, t->d, &t->d->findings.v[i]);
	if (!n)
		return;
	bs_say(t->report, "\nfindings\n");
	bs_vec_each (i, &t->d->findings) {
		if (!bs_log_selects_finding(t->report, t->result, t->d, &t->d->findings.v[i]))
			continue;
		if (said++ == most) {
			bs_say(t->report, "  ... and ");
			bs_write_grouped(t->report->writer, n - most);
			bs_say(t->report, " more (--show=findings lists all)\n");
			return;
		}
		say_finding(t, &t->d->findings.v[i]);
	}
}
