/* SPDX-License-Identifier: MIT */
/* The values of options. */
#include "../profile/profile.h"
#include "../report/plan-format.h"
#include "options-priv.h"

#include "../report/process-report.h"

#include <stdlib.h>
#include <string.h>

uint32_t bs_number_in(const char *text, uint32_t most, char **ret_end)
{
	unsigned long n = strtoul(text, ret_end, 10);

	return *text >= '0' && *text <= '9' && n <= most ? (uint32_t)n : 0;
}

bool bs_read_env(struct bs_option_reader *r, const char *text)
{
	const char *equals = strchr(text, '=');

	if (!equals || equals == text) {
		bs_complain("--env '%s': NAME=VALUE is wanted", text);
		return false;
	}
	bs_vec_push(r->arena, &r->set,
		    (struct bs_variable){ bs_arena_strndup(r->arena, text, (size_t)(equals - text)),
					  equals + 1 });
	return true;
}

bool bs_read_setting(struct bs_option_reader *r, const char *text)
{
	const char *equals = strchr(text, '=');

	if (!equals) {
		bs_complain("--set '%s': PROFILE.KEY=VALUE is wanted", text);
		return false;
	}
	const struct bs_variable setting = {
		bs_arena_strndup(r->arena, text, (size_t)(equals - text)), equals + 1
	};
	const char *problem = bs_setting_problem(r->arena, &setting);

	if (problem) {
		bs_complain("--set '%s': %s", text, problem);
		return false;
	}
	bs_vec_push(r->arena, &r->settings, setting);
	return true;
}

/* Which of three WORDS TEXT is, the value of OPTION; -1 after a message. */
static int read_word(const char *option, const char *const words[3], const char *text)
{
	for (int i = 0; i < 3; i++)
		if (strcmp(text, words[i]) == 0)
			return i;
	bs_complain("%s '%s': %s, %s or %s is wanted", option, text, words[0], words[1], words[2]);
	return -1;
}

bool bs_read_color(struct bs_option_reader *r, const char *text)
{
	static const char *const words[] = { "auto", "always", "never" };
	int which = read_word("--color", words, text);

	r->line->color = which < 0 ? BS_COLOR_AUTO : (enum bs_color)which;
	return which >= 0;
}

bool bs_read_proof(struct bs_option_reader *r, const char *text)
{
	static const char *const words[] = { "auto", "all", "none" };
	int which = read_word("--proof", words, text);

	r->line->proof = which < 0 ? BS_PROOF_AUTO : (enum bs_proof_mode)which;
	return which >= 0;
}

/* TEXT may be NULL. */
bool bs_read_follow(struct bs_option_reader *r, const char *text)
{
	enum bs_note_priority level = text ? bs_note_priority_named(text) : BS_NOTE_RECOMMENDED;

	r->line->follows_notes = true;
	r->line->follow_level = level;
	if (level < BS_NOTE_PRIORITY_COUNT_)
		return true;
	bs_complain("--follow-dlopen-notes '%s': required, recommended or suggested is wanted",
		    text);
	return false;
}

bool bs_read_level(struct bs_option_reader *r, const char *text)
{
	for (enum bs_level level = BS_LEVEL_NONE; level <= BS_LEVEL_ERROR; level++)
		if (strcmp(text, bs_level_name(level)) == 0) {
			r->line->fail_on = level;
			r->words.has_fail_on = true;
			return true;
		}
	bs_complain("--fail-on '%s': error, warning, note or none is wanted", text);
	return false;
}

/* FROM,TO */
bool bs_read_pair(struct bs_option_reader *r, const char *text)
{
	const char *comma = strchr(text, ',');

	if (!comma || comma == text || !comma[1]) {
		bs_complain("--pair '%s': FROM,TO is wanted", text);
		return false;
	}
	r->line->selection.from = bs_arena_strndup(r->arena, text, (size_t)(comma - text));
	r->line->selection.to = comma + 1;
	return true;
}

static bool complain_of_part(struct bs_option_reader *r, const char *name, size_t n)
{
	const char *names = "";
	BS_VEC(const char *) parts = { 0 };

	bs_vec_each (i, &r->line->outputs) {
		const struct bs_format *format = r->line->outputs.v[i].format;

		names = bs_arena_printf(r->arena, "%s%s format %s has%s", names, i ? ";" : "",
					format->name, format->parts[0] ? "" : " none");
		for (unsigned k = 0; format->parts[k]; k++) {
			names = bs_arena_printf(r->arena, "%s %s", names, format->parts[k]);
			bs_vec_push(r->arena, &parts, format->parts[k]);
		}
	}
	bs_vec_push(r->arena, &parts, NULL);
	const char *meant = bs_closest_word(name, n, parts.v);

	bs_complain("--show '%.*s': no such part;%s%s%s", (int)n, name,
		    meant ? " did you mean " : names, meant ? meant : "", meant ? "?" : "");
	return false;
}

static bool is_of_process(const char *name, size_t n)
{
	static const char *const parts[] = { BS_PART_PROCESS, BS_PART_DIFFERENCES,
					     BS_PART_CONTENTS };

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (strlen(parts[i]) == n && strncmp(parts[i], name, n) == 0)
			return true;
	return false;
}

/* Each report shows the parts that it has; one that has none of them shows what it shows by
 * default. */
bool bs_read_show(struct bs_option_reader *r)
{
	for (const char *name = r->show; name;) {
		size_t n = strcspn(name, ",");
		bool found = false;

		if (is_of_process(name, n) && !bs_is_about_process(r->line)) {
			bs_complain("--show '%.*s' is of real processes: it goes with --pid and "
				    "--core",
				    (int)n, name);
			return false;
		}
		bs_vec_each (i, &r->line->outputs) {
			struct bs_output *output = &r->line->outputs.v[i];
			unsigned bit = bs_format_part(output->format, name, n);

			output->show |= bit;
			found |= bit != 0;
		}
		if (!found)
			return complain_of_part(r, name, n);
		name = name[n] ? name + n + 1 : NULL;
	}
	bs_vec_each (i, &r->line->outputs) {
		struct bs_output *output = &r->line->outputs.v[i];

		output->shows_default = !output->show;
		if (!output->show && r->line->command == BS_COMMAND_CHECK)
			output->show = output->format->check_show;
		if (!output->show)
			output->show =
				output->format->default_show |
				(bs_is_about_process(r->line) ? output->format->process_show : 0);
	}
	return true;
}

bool bs_read_step(struct bs_option_reader *r, enum bs_step_kind kind, const char *text)
{
	struct bs_step step;
	const char *hint;
	const char *wrong = bs_parse_step(r->arena, kind, text, &step, &hint);

	if (wrong || hint)
		bs_complain("--%s '%s': %s", bs_step_kind_name(kind), text, wrong ? wrong : hint);
	if (wrong)
		return false;
	bs_say_step(r->arena, &r->said, step);
	return true;
}

bool bs_begin_block(struct bs_option_reader *r, const char *object)
{
	bool begins = bs_say_begin(r->arena, &r->said, object);

	if (!begins)
		bs_complain("--init '%s': more than %d blocks in each other", object,
			    BS_PLAN_DEEPEST);
	return begins;
}

bool bs_end_block(struct bs_option_reader *r)
{
	bool ends = bs_say_end(&r->said);

	if (!ends)
		bs_complain("--end-init without --init OBJECT before it");
	return ends;
}

/* The file is read when the whole line is known to be in order. */
bool bs_read_plan(struct bs_option_reader *r, const char *path)
{
	if (r->plan_file)
		bs_complain("--plan '%s': one plan at a time", path);
	else
		r->plan_file = path;
	return r->plan_file == path;
}
