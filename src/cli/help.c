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

/* What COMMAND has beside the rest. */
static void print_command_help(enum bs_command command)
{
	const struct bs_command_text *text = bs_command_text(command);
	enum bs_command owner = BS_COMMAND_NONE;

	fputs("Usage: ", stdout);
	print_usage(text, USAGE_INDENT);
	print_wrapped(0, text->about);
	puts("");
#define GROUP(title, command_) owner = BS_COMMAND_##command_;
#define OPTION(id, name, letter, argument, help)                                                   \
	if (owner == command)                                                                      \
		print_option(name, letter, "=", argument, "", help);
#define MAY_HAVE OPTION
#include "options.def"
#undef MAY_HAVE
#undef OPTION
#undef GROUP
	puts("\nAll other options are those of bindsim --help.");
	print_wrapped(0, text->status);
}

void bs_print_help(enum bs_command command)
{
	if (command != BS_COMMAND_NONE && bs_command_text(command)->about) {
		print_command_help(command);
		return;
	}
	puts("Usage: bindsim [OPTION]... EXECUTABLE [STEP]...");
	puts(USAGE_INDENT "bindsim --pid N | --core FILE [EXECUTABLE] [OPTION]... [STEP]...");
	for (command = BS_COMMAND_NONE + 1; command < BS_COMMAND_COUNT_; command++) {
		fputs(USAGE_INDENT, stdout);
		print_usage(bs_command_text(command), USAGE_INDENT);
	}
	puts("Says which shared object every symbol reference of a process would bind to, for\n"
	     "EXECUTABLE's start-up and for the loader calls to come, without running\n"
	     "anything.");
#define GROUP(title, command_) printf("\n%s:\n", title);
#define OPTION(id, name, letter, argument, help)                                                   \
	print_option(name, letter, "=", argument, "", help);
#define MAY_HAVE(id, name, letter, argument, help)                                                 \
	print_option(name, letter, "[=", argument, "]", help);
#include "options.def"
#undef MAY_HAVE
#undef OPTION
#undef GROUP
	puts("\nFLAGS: LAZY NOW GLOBAL LOCAL DEEPBIND NODELETE NOLOAD WORLD GROUP LAZYLOAD\n"
	     "NOSHARE, joined by , + or |, or a number.\n\nParts for --show:");
	for (const struct bs_format *const *format = bs_formats(); *format; format++)
		if ((*format)->parts[0])
			print_parts(*format);
	puts("\nExit status: 0 all succeeds, 1 something is refused or reaches --fail-on, 2\n"
	     "trouble.\n"
	     "The manual page bindsim(1) tells more.");
}
