/* SPDX-License-Identifier: MIT */
/* --help, made from options.def and the formats. */
#include "cli.h"

#include <stdio.h>
#include <string.h>

#define USAGE_INDENT "       "

enum { COLUMNS = 80, HELP_COLUMN = 33, PARTS_COLUMN = 12 };

/* TEXT from COLUMN on, where the line is now; its further lines begin there, too. */
static void print_wrapped(int column, const char *text)
{
	int at = column;

	while (*text) {
		int n = (int)strcspn(text, " ");

		if (at > column && at + 1 + n > COLUMNS) {
			printf("\n%*s", column, "");
			at = column;
		}
		at += printf("%s%.*s", at > column ? " " : "", n, text);
		text += n + (text[n] == ' ');
	}
	puts("");
}

/* BEFORE and BEHIND stand around the argument. */
static void print_option(const char *name, char letter, const char *before, const char *argument,
			 const char *behind, const char *help)
{
	char left[64];

	snprintf(left, sizeof left, "  %c%c%s --%s%s%s%s", letter ? '-' : ' ',
		 letter ? letter : ' ', letter ? "," : " ", name, argument ? before : "",
		 argument ? argument : "", argument ? behind : "");
	/* What is too long for its column has a line of its own. */
	if (strlen(left) >= HELP_COLUMN)
		printf("%s\n%*s", left, HELP_COLUMN, "");
	else
		printf("%-*s", HELP_COLUMN, left);
	print_wrapped(HELP_COLUMN, help);
}

static void print_parts(const struct bs_format *format)
{
	char words[256];
	size_t n = 0;

	for (const char *const *part = format->parts; *part; part++)
		n += (size_t)snprintf(words + n, sizeof words - n, "%s%s", n ? ", " : "", *part);
	printf("  %-*s", PARTS_COLUMN - 2, format->name);
	print_wrapped(PARTS_COLUMN, words);
}

/* The lines that say how COMMAND is called; INDENT stands before all but the first. */
static void print_usage(const struct bs_command_text *text, const char *indent)
{
	for (const char *line = text->usage; *line; line += strlen(line) + 1)
		printf("%sbindsim %s %s\n", line == text->usage ? "" : indent, text->name, line);
}

static const char flags[] =
	"FLAGS: LAZY NOW GLOBAL LOCAL DEEPBIND NODELETE NOLOAD, and of qnx WORLD GROUP\n"
	"LAZYLOAD NOSHARE, joined by , + or |, or a number.";

static const char status_and_page[] =
	"Exit status: 0 all succeeds, 1 something is refused or reaches --fail-on, 2\n"
	"trouble. The manual page bindsim(1) tells more.";

/* A line or two about each command, for the list of them. */
static const char *const briefs[BS_COMMAND_COUNT_] = {
	[BS_COMMAND_EXPLAIN] = "why a reference is bound as it is; what a rule means",
	[BS_COMMAND_CHECK] = "a verdict, by a policy; of directories and archives, too",
	[BS_COMMAND_ADVISE] = "what helps, tried on the simulation",
	[BS_COMMAND_DIFF] = "what is different between two builds, roots or reports",
	[BS_COMMAND_ORDER] = "what depends on the order of the steps",
	[BS_COMMAND_LOG] = "what a real loader printed under LD_DEBUG",
	[BS_COMMAND_VERIFY] = "whether the simulation is what the loader did",
	[BS_COMMAND_RECORD] = "run a program, and write the plan of what it opens",
	[BS_COMMAND_SCAN] = "all programs of a tree",
	[BS_COMMAND_LOADERS] = "the loaders that are known, and their switches",
	[BS_COMMAND_HELP] = "help on a command, or on all options",
};

/* The few options that COMMAND takes and that its help has not told of. */
static void print_rest(enum bs_command command)
{
	char names[256];
	size_t n = 0;

	names[0] = '\0';
#define GROUP(title, command_)
#define OPTION(id, name, letter, argument, help)                                                   \
	if (bs_command_takes(command, BS_COMMAND_NONE, name) &&                                    \
	    !bs_command_shows(command, BS_COMMAND_NONE, name) && strcmp(name, "help") != 0 &&      \
	    strcmp(name, "version") != 0)                                                          \
		n += (size_t)snprintf(names + n, sizeof names - n, "%s--%s", n ? ", " : "", name);
#define MAY_HAVE OPTION
#include "options.def"
#undef MAY_HAVE
#undef OPTION
#undef GROUP
	if (!n)
		return;
	snprintf(names + n, sizeof names - n, ": as in bindsim help options.");
	print_wrapped(0, names);
}

/* What COMMAND has beside the rest. */
static void print_command_help(enum bs_command command)
{
	const struct bs_command_text *text = bs_command_text(command);
	enum bs_command owner = BS_COMMAND_NONE;
	bool any = false;

	fputs("Usage: ", stdout);
	print_usage(text, USAGE_INDENT);
	print_wrapped(0, text->about);
#define GROUP(title, command_) owner = BS_COMMAND_##command_;
#define SHOW(name, letter, before, argument, behind, help)                                         \
	if (bs_command_shows(command, owner, name)) {                                              \
		fputs(any ? "" : "\n", stdout);                                                    \
		any = true;                                                                        \
		print_option(name, letter, before, argument, behind, help);                        \
	}
#define OPTION(id, name, letter, argument, help)   SHOW(name, letter, "=", argument, "", help)
#define MAY_HAVE(id, name, letter, argument, help) SHOW(name, letter, "[=", argument, "]", help)
#include "options.def"
#undef MAY_HAVE
#undef OPTION
#undef SHOW
#undef GROUP
	puts("");
	if (bs_command_takes_few(command))
		print_rest(command);
	else
		puts("Steps and all other options: bindsim --help, bindsim help options.");
	print_wrapped(0, text->status);
	printf("The manual page bindsim-%s(1) tells more.\n", text->name);
}

static void print_usages(bool all)
{
	puts("Usage: bindsim [OPTION]... EXECUTABLE [STEP]...");
	puts(USAGE_INDENT "bindsim --pid N | --core FILE [EXECUTABLE] [OPTION]... [STEP]...");
	if (!all)
		puts(USAGE_INDENT "bindsim COMMAND [OPTION]... ...");
	for (enum bs_command command = BS_COMMAND_NONE + 1; all && command < BS_COMMAND_COUNT_;
	     command++) {
		fputs(USAGE_INDENT, stdout);
		print_usage(bs_command_text(command), USAGE_INDENT);
	}
	puts("Says what every symbol reference of a process binds to, without running it.");
}

/* Every option there is, and every part of a format. */
static void print_all_options(void)
{
	print_usages(true);
#define GROUP(title, command_) printf("\n%s:\n", title);
#define OPTION(id, name, letter, argument, help)                                                   \
	print_option(name, letter, "=", argument, "", help);
#define MAY_HAVE(id, name, letter, argument, help)                                                 \
	print_option(name, letter, "[=", argument, "]", help);
#include "options.def"
#undef MAY_HAVE
#undef OPTION
#undef GROUP
	printf("\n%s\n\nParts for --show:\n", flags);
	for (const struct bs_format *const *format = bs_formats(); *format; format++)
		if ((*format)->parts[0])
			print_parts(*format);
	printf("\n%s\n", status_and_page);
}

/* Those that the summary of the tool has: its steps, and what is asked for most. */
static bool is_in_summary(const char *name)
{
	static const char *const names[] = {
		"dlopen", "dlmopen", "dlsym",  "dlclose", "call",   "plan",   "bind-now", "preload",
		"root",	  "loader",  "format", "show",	  "output", "report", "fail-on",  NULL,
	};

	for (const char *const *n = names; *n; n++)
		if (strcmp(*n, name) == 0)
			return true;
	return false;
}

/* The options of the summary, each with its argument. */
static void print_summary_options(void)
{
	char words[512];
	size_t n = 0;

#define GROUP(title, command_)
#define OPTION(id, name, letter, argument, help)                                                   \
	if (is_in_summary(name))                                                                   \
		n += (size_t)snprintf(words + n, sizeof words - n, "%s--%s%s%s", n ? " " : "",     \
				      name, (argument) ? "=" : "", (argument) ? (argument) : "");
#define MAY_HAVE OPTION
#include "options.def"
#undef MAY_HAVE
#undef OPTION
#undef GROUP
	fputs("  ", stdout);
	print_wrapped(2, words);
}

/* One screen, of 24 lines. */
static void print_summary(void)
{
	print_usages(false);
	puts("Commands; bindsim COMMAND --help tells more:");
	for (enum bs_command command = BS_COMMAND_NONE + 1; command < BS_COMMAND_COUNT_; command++)
		printf("  %-9s %s\n", bs_command_text(command)->name, briefs[command]);
	puts("Steps, in the order given, and options; bindsim help options tells of all:");
	print_summary_options();
	puts("FLAGS: LAZY NOW GLOBAL LOCAL DEEPBIND NODELETE NOLOAD, joined by commas.");
	puts(status_and_page);
}

void bs_print_help(enum bs_command command)
{
	if (command == BS_COMMAND_NONE)
		print_summary();
	else
		print_command_help(command);
}

bool bs_print_help_about(const char *topic)
{
	enum bs_command command = topic ? bs_command_find(topic) : BS_COMMAND_NONE;

	if (topic && strcmp(topic, "options") == 0) {
		print_all_options();
		return true;
	}
	if (topic && command == BS_COMMAND_NONE) {
		const char *meant = bs_closest_command(topic);

		bs_complain("help '%s': no such command; %s%s%s", topic,
			    meant ? "did you mean " : "bindsim --help lists them",
			    meant ? meant : "", meant ? "?" : "");
		return false;
	}
	bs_print_help(command);
	return true;
}
