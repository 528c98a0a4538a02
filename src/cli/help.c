/* SPDX-License-Identifier: MIT */
/* --help, made from options.def and the formats. */
#include "cli.h"

#include <stdio.h>
#include <string.h>

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

static void print_option(const char *name, char letter, const char *argument, const char *help)
{
	char left[64];

	snprintf(left, sizeof left, "  %c%c%s --%s%s%s", letter ? '-' : ' ', letter ? letter : ' ',
		 letter ? "," : " ", name, argument ? "=" : "", argument ? argument : "");
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

/* What check has beside the rest. */
static void print_check_help(void)
{
	const char *group = "";

	puts("Usage: bindsim check [OPTION]... [EXECUTABLE [STEP]...]\n"
	     "Asks what `bindsim EXECUTABLE [STEP]...' asks, of EXECUTABLE or of the plans of\n"
	     "a policy, and gives a verdict: which findings count, which are suppressed, and\n"
	     "which are in a baseline. LD_* variables are not read.\n");
#define GROUP(title) group = title;
#define OPTION(id, name, letter, argument, help)                                                   \
	if (strcmp(group, "The command check") == 0)                                               \
		print_option(name, letter, argument, help);
#include "options.def"
#undef OPTION
#undef GROUP
	print_option("fail-on", 0, "LEVEL", "what counts: error (default), warning, note or none");
	puts("\nAll other options are those of bindsim --help.\n"
	     "Exit status: 0 passed, 1 failed: a finding counts or something is refused, 2\n"
	     "trouble.\n"
	     "The manual pages bindsim(1) and bindsim-policy(5) tell more.");
}

void bs_print_help(bool check)
{
	if (check) {
		print_check_help();
		return;
	}
	puts("Usage: bindsim [OPTION]... EXECUTABLE [STEP]...\n"
	     "       bindsim explain --symbol GLOB | --pair FROM,TO [OPTION]... EXECUTABLE\n"
	     "                       [STEP]...\n"
	     "       bindsim explain --rule RULE\n"
	     "       bindsim check [OPTION]... [EXECUTABLE [STEP]...]\n"
	     "       bindsim loaders [PROFILE]\n"
	     "Says which shared object every symbol reference of a process would bind to, for\n"
	     "EXECUTABLE's start-up and for the loader calls to come, without running\n"
	     "anything.");
#define GROUP(title)				 printf("\n%s:\n", title);
#define OPTION(id, name, letter, argument, help) print_option(name, letter, argument, help);
#include "options.def"
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
