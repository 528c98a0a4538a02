/* SPDX-License-Identifier: MIT */
/* The rules as SARIF tells them, made from their texts in rules.def. */
#include "sarif-priv.h"

#include <ctype.h>
#include <string.h>

/* "captured-references" as "CapturedReferences". */
static const char *name_of(struct bs_arena *arena, const char *slug)
{
	char *name = bs_arena_strndup(arena, slug, strlen(slug)), *to = name;
	bool begins = true;

	for (const char *from = slug; *from; from++) {
		if (*from != '-')
			*to++ = (char)(begins ? toupper((unsigned char)*from) : *from);
		begins = *from == '-';
	}
	*to = '\0';
	return name;
}

/* The level that LINE of a help tells of, "error    functions are captured", and its words. */
static enum bs_level level_in(const char *line, const char **ret_words)
{
	for (enum bs_level level = BS_LEVEL_NOTE; level <= BS_LEVEL_ERROR; level++) {
		const char *name = bs_level_name(level);
		size_t n = strlen(name);

		if (strncmp(line, name, n) != 0 || strncmp(line + n, "  ", 2) != 0)
			continue;
		*ret_words = line + n + strspn(line + n, " ");
		return level;
	}
	return BS_LEVEL_NONE;
}

static const char *next_line(const char *line)
{
	line = strchrnul(line, '\n');
	return *line ? line + 1 : line;
}

/* The worst level that HELP tells of. */
static enum bs_level worst_in(const char *help)
{
	enum bs_level worst = BS_LEVEL_NONE;
	const char *words;

	for (const char *line = help; *line; line = next_line(line))
		if (level_in(line, &words) > worst)
			worst = level_in(line, &words);
	return worst;
}

/* The first paragraph of HELP, in one line. */
static const char *first_paragraph(struct bs_arena *arena, const char *help)
{
	const char *end = strstr(help, "\n\n");
	char *text = bs_arena_strndup(arena, help, end ? (size_t)(end - help) : strlen(help));

	for (char *at = text; (at = strchr(at, '\n'));)
		*at = ' ';
	return text;
}

/* HELP as Markdown: levels are a list, and what a paragraph is about stands out. */
static const char *as_markdown(struct bs_arena *arena, const char *help)
{
	static const char *const leads[] = { "Not reported", "What helps" };
	struct bs_writer *writer = bs_new(arena, struct bs_writer, 1);

	writer->arena = arena;
	for (const char *line = help; *line; line = next_line(line)) {
		const char *words = line, *end = strchrnul(line, '\n');
		enum bs_level level = level_in(line, &words);

		if (level != BS_LEVEL_NONE) {
			const char *const item[] = { "- **", bs_level_name(level), "** ", NULL };

			bs_write_pieces(writer, item);
		}
		for (size_t i = 0; i < sizeof leads / sizeof *leads; i++) {
			size_t n = strlen(leads[i]);

			if (strncmp(words, leads[i], n) != 0)
				continue;
			const char *const lead[] = { "**", leads[i], "**", NULL };

			bs_write_pieces(writer, lead);
			words += n;
		}
		/* What goes on in a list's item is indented in both. */
		for (; words < end; words++) {
			if (strchr("<>*_`[]#\\", *words))
				bs_write(writer, "\\", 1);
			bs_write(writer, words, 1);
		}
		bs_write(writer, "\n", 1);
	}
	return bs_writer_text(writer);
}

static void write_properties(struct bs_json *json, enum bs_level worst)
{
	bs_json_key(json, "properties");
	bs_json_object(json, BS_JSON_INLINE);
	bs_json_key(json, "tags");
	bs_json_array(json, BS_JSON_INLINE);
	bs_json_word(json, "correctness");
	bs_json_word(json, "dynamic-linking");
	bs_json_close(json);
	/* Each tells what the loader does; what a note tells does no harm so far. */
	bs_json_member_word(json, "precision", worst == BS_LEVEL_NOTE ? "medium" : "high");
	bs_json_member_word(json, "problem.severity",
			    worst == BS_LEVEL_NOTE ? "recommendation" : bs_level_name(worst));
	bs_json_close(json);
}

static void write_rule(struct bs_json *json, enum bs_rule rule)
{
	const struct bs_rule_text *text = bs_rule_text(rule);
	enum bs_level worst = worst_in(text->help);

	bs_json_object(json, BS_JSON_LINES);
	bs_json_member(json, "id", text->slug);
	bs_json_member(json, "name", name_of(json->arena, text->slug));
	bs_sarif_message(json, "shortDescription", text->summary);
	bs_sarif_message(json, "fullDescription", first_paragraph(json->arena, text->help));
	bs_json_member(json, "helpUri", bs_rule_page(json->arena, text->slug));
	bs_json_key(json, "help");
	bs_json_object(json, BS_JSON_INLINE);
	bs_json_member(json, "text", text->help);
	bs_json_member(json, "markdown", as_markdown(json->arena, text->help));
	bs_json_close(json);
	bs_json_key(json, "defaultConfiguration");
	bs_json_object(json, BS_JSON_INLINE);
	bs_json_member_word(json, "level", bs_level_name(worst));
	bs_json_close(json);
	write_properties(json, worst);
	bs_json_close(json);
}

void bs_sarif_rules(struct bs_json *json, const bs_ids *used)
{
	bs_json_key(json, "rules");
	bs_json_array(json, BS_JSON_LINES);
	bs_vec_each (i, used)
		write_rule(json, (enum bs_rule)used->v[i]);
	bs_json_close(json);
}
