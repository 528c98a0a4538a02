/* SPDX-License-Identifier: MIT */
/* Findings whose words are the rule's headline and the words of its facts. */
#include "text-priv.h"

#include <stdlib.h>
#include <string.h>

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

/* The text that FIELD stands for, or NULL: it is none. */
static const char *text_of(const char *field, size_t n, const struct bs_text_words *words)
{
	const struct {
		const char *name, *text;
	} texts[] = { { "from", words->from },
		      { "to", words->to },
		      { "object", words->object },
		      { "first", words->first },
		      { "second", words->second },
		      { "text", words->text ? bs_demangled(words->text) : NULL },
		      { "type", words->type },
		      { "name", words->name },
		      { "left", words->left },
		      { "right", words->right } };

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (is_field(field, n, texts[i].name))
			return texts[i].text ? texts[i].text : "";
	return NULL;
}

static void say_field(struct bs_report *report, const char *field, size_t n,
		      const struct bs_text_words *words)
{
	const char *text = text_of(field, n, words);

	if (text)
		bs_say_escaped(report, text);
	else if (strncmp(field, "of", 2) == 0)
		say_number(report, field, n, words->of);
	else
		say_number(report, field, n, words->n);
}

void bs_text_fill_in(struct bs_report *report, const char *text, const struct bs_text_words *words)
{
	for (const char *open; (open = strchr(text, '{')) != NULL;) {
		const char *close = strchr(open, '}');

		bs_write(report->writer, text, (size_t)(open - text));
		say_field(report, open + 1, (size_t)(close - open - 1), words);
		text = close + 1;
	}
	bs_say(report, text);
}

static const char *name_of(const struct bs_run *run, bs_map_id map)
{
	return map == BS_NO_MAP ? NULL : bs_text_short_name(run, map);
}

void bs_text_headline(struct bs_report *report, const struct bs_run *run,
		      const struct bs_finding *f)
{
	const struct bs_text_words words = { .from = name_of(run, f->from),
					     .to = name_of(run, f->to),
					     .n = f->n };

	bs_text_fill_in(report, bs_rule_text(f->rule)->headline, &words);
	if (f->step)
		bs_write_format(report->writer, " (step %u)", f->step);
	bs_say(report, "\n");
}

void bs_text_facts(struct bs_report *report, const struct bs_run *run, const struct bs_finding *f)
{
	bs_vec_each (i, &f->facts) {
		const struct bs_fact *fact = &f->facts.v[i];
		const struct bs_fact_text *text = bs_fact_text(fact->kind);
		const struct bs_text_words words = { .from = name_of(run, f->from),
						     .to = name_of(run, f->to),
						     .object = name_of(run, fact->object),
						     .n = fact->n,
						     .of = fact->of,
						     .text = fact->text };

		bs_text_field(report, text->label);
		bs_text_fill_in(report, text->words, &words);
		bs_say(report, "\n");
	}
}
