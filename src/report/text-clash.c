/* SPDX-License-Identifier: MIT */
/* Findings whose words are the rule's headline and the words of its facts. */
#include "text-priv.h"

#include <stdlib.h>
#include <string.h>

/* What the braces of a text stand for. */
struct words {
	bs_map_id from, to, object;
	uint64_t n, of;
	const char *text;
};

static bool is_field(const char *field, size_t n, const char *name)
{
	return n == strlen(name) && strncmp(field, name, n) == 0;
}

/* "{n:name:names}": the number and the word that goes with it. */
static void say_number(struct bs_report *report, const char *field, size_t n, uint64_t number)
{
	const char *one = memchr(field, ':', n);
	const char *many = one ? memchr(one + 1, ':', n - (size_t)(one + 1 - field)) : NULL;

	if (!many) {
		bs_write_grouped(report->writer, number);
		return;
	}
	char *singular = strndup(one + 1, (size_t)(many - one - 1));
	char *plural = strndup(many + 1, n - (size_t)(many + 1 - field));

	bs_say_count(report, number, singular ? singular : "", plural ? plural : "");
	free(singular);
	free(plural);
}

static void say_field(struct bs_report *report, const struct bs_run *run, const char *field,
		      size_t n, const struct words *words)
{
	if (is_field(field, n, "from"))
		bs_say_escaped(report, bs_text_short_name(run, words->from));
	else if (is_field(field, n, "to"))
		bs_say_escaped(report, bs_text_short_name(run, words->to));
	else if (is_field(field, n, "object"))
		bs_say_escaped(report, bs_text_short_name(run, words->object));
	else if (is_field(field, n, "text"))
		bs_say_escaped(report, words->text ? words->text : "");
	else if (strncmp(field, "of", 2) == 0)
		say_number(report, field, n, words->of);
	else
		say_number(report, field, n, words->n);
}

static void say_words(struct bs_report *report, const struct bs_run *run, const char *text,
		      const struct words *words)
{
	for (const char *open; (open = strchr(text, '{')) != NULL;) {
		const char *close = strchr(open, '}');

		bs_write(report->writer, text, (size_t)(open - text));
		say_field(report, run, open + 1, (size_t)(close - open - 1), words);
		text = close + 1;
	}
	bs_say(report, text);
}

void bs_text_headline(struct bs_report *report, const struct bs_run *run,
		      const struct bs_finding *f)
{
	const struct words words = { .from = f->from, .to = f->to, .n = f->n };

	say_words(report, run, bs_rule_text(f->rule)->headline, &words);
	if (f->step)
		bs_write_format(report->writer, " (step %u)", f->step);
	bs_say(report, "\n");
}

void bs_text_facts(struct bs_report *report, const struct bs_run *run, const struct bs_finding *f)
{
	bs_vec_each (i, &f->facts) {
		const struct bs_fact *fact = &f->facts.v[i];
		const struct bs_fact_text *text = bs_fact_text(fact->kind);
		const struct words words = { .from = f->from,
					     .to = f->to,
					     .object = fact->object,
					     .n = fact->n,
					     .of = fact->of,
					     .text = fact->text };

		bs_text_field(report, text->label);
		say_words(report, run, text->words, &words);
		bs_say(report, "\n");
	}
}
