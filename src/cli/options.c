/* SPDX-License-Identifier: MIT */
/* The command line, read from the one list in options.def. */
#include "cli.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum option_id {
	OPTION_NONE = 256, /* above any short option */
#define GROUP(title)
#define OPTION(id, name, letter, argument, help) OPTION_##id,
#include "options.def"
#undef OPTION
#undef GROUP
};

static const struct option long_options[] = {
#define GROUP(title)
#define OPTION(id, name, letter, argument, help)                                                   \
	{ name, (argument) != NULL ? required_argument : no_argument, NULL, OPTION_##id },
#include "options.def"
#undef OPTION
#undef GROUP
	{ 0 },
};

void bs_complain(const char *format, ...)
{
	static struct bs_writer writer; /* large for a stack */
	char *message;
	va_list ap;

	va_start(ap, format);
	if (vasprintf(&message, format, ap) < 0)
		message = NULL;
	va_end(ap);
	writer.file = stderr;
	bs_write_text(&writer, "bindsim: ");
	bs_write_escaped(&writer, message ? message : "out of memory");
	bs_write(&writer, "\n", 1);
	bs_writer_flush(&writer);
	free(message);
}

static void print_option(const char *name, char letter, const char *argument, const char *help)
{
	char left[64];

	snprintf(left, sizeof left, "  %c%c%s --%s%s%s", letter ? '-' : ' ', letter ? letter : ' ',
		 letter ? "," : " ", name, argument ? "=" : "", argument ? argument : "");
	printf("%-32s %s\n", left, help);
}

static void print_help(void)
{
	puts("Usage: bindsim [OPTION]... EXECUTABLE [STEP]...\n"
	     "Says which shared object every symbol reference of a process would bind to, for\n"
	     "EXECUTABLE's start-up and for the loader calls to come, without running anything.");
#define GROUP(title)				 printf("\n%s:\n", title);
#define OPTION(id, name, letter, argument, help) print_option(name, letter, argument, help);
#include "options.def"
#undef OPTION
#undef GROUP
	puts("\nFLAGS: LAZY NOW GLOBAL LOCAL DEEPBIND NODELETE NOLOAD, joined by , + or |, or a "
	     "number.\n"
	     "Parts for --show: of text: steps, objects, bindings; of ld-debug: bindings, libs,\n"
	     "scopes, versions, mapped.\n"
	     "\nExit status: 0 all succeeds, 1 the simulated loader refuses something, 2 trouble.\n"
	     "The manual page bindsim(1) tells more.");
}

/* ---- values -------------------------------------------------------------------------------- */

struct reader {
	struct bs_arena *arena;
	struct bs_command_line *line;
	const char *show; /* read when the format is known */
	bool no_env;
	BS_VEC(struct bs_step) steps;
	BS_VEC(struct bs_variable) set; /* by --env */
};

static bool read_env(struct reader *r, const char *text)
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

static bool read_color(struct reader *r, const char *text)
{
	static const char *const words[] = { "auto", "always", "never" };

	for (unsigned i = 0; i < 3; i++)
		if (strcmp(text, words[i]) == 0) {
			r->line->color = (enum bs_color)i;
			return true;
		}
	bs_complain("--color '%s': auto, always or never is wanted", text);
	return false;
}

static bool read_format(struct reader *r, const char *text)
{
	r->line->format = bs_format_find(text);
	if (r->line->format)
		return true;
	const char *names = "";

	for (const struct bs_format *const *format = bs_formats(); *format; format++)
		names = bs_arena_printf(r->arena, "%s %s", names, (*format)->name);
	bs_complain("--format '%s': unknown; there are%s", text, names);
	return false;
}

/* The parts in TEXT as bits of FORMAT's list. */
static bool read_show(struct bs_arena *arena, const struct bs_format *format, const char *text,
		      unsigned *ret)
{
	*ret = 0;
	for (;; text++) {
		size_t n = strcspn(text, ",");
		unsigned i = 0;

		while (format->parts[i] &&
		       (strlen(format->parts[i]) != n || strncmp(format->parts[i], text, n) != 0))
			i++;
		if (!format->parts[i]) {
			const char *names = "";

			for (i = 0; format->parts[i]; i++)
				names = bs_arena_printf(arena, "%s %s", names, format->parts[i]);
			bs_complain("--show '%.*s': format %s has no such part; it has%s", (int)n,
				    text, format->name, names);
			return false;
		}
		*ret |= 1u << i;
		text += n;
		if (!*text)
			return true;
	}
}

static bool read_option(struct reader *r, int id, const char *value)
{
	struct bs_plan *plan = &r->line->plan;

	switch ((enum option_id)id) {
	case OPTION_DLOPEN:
		bs_vec_push(r->arena, &r->steps, bs_parse_dlopen(r->arena, value));
		return true;
	case OPTION_BIND_NOW:
		bs_vec_push(r->arena, &r->set, (struct bs_variable){ "LD_BIND_NOW", "1" });
		return true;
	case OPTION_LIBRARY_PATH:
		plan->library_path = value;
		return true;
	case OPTION_PRELOAD:
		plan->preload = value;
		return true;
	case OPTION_ENV:
		return read_env(r, value);
	case OPTION_NO_ENV:
		r->no_env = true;
		return true;
	case OPTION_ROOT:
	case OPTION_SYSROOT:
		plan->root = value;
		return true;
	case OPTION_CWD:
		plan->cwd = value;
		return true;
	case OPTION_ARGV0:
		plan->argv0 = value;
		return true;
	case OPTION_LOADER:
		plan->loader = value;
		return true;
	case OPTION_SECURE:
		plan->secure = true;
		return true;
	case OPTION_INHIBIT_CACHE:
		plan->inhibit_cache = true;
		return true;
	case OPTION_INHIBIT_RPATH:
		plan->inhibit_rpath = value;
		return true;
	case OPTION_CPU:
		plan->cpu = value;
		return true;
	case OPTION_PLATFORM:
		plan->platform = value;
		return true;
	case OPTION_HWCAPS_MASK:
		plan->hwcaps_mask = value;
		return true;
	case OPTION_HWCAPS_PREPEND:
		plan->hwcaps_prepend = value;
		return true;
	case OPTION_FORMAT:
		return read_format(r, value);
	case OPTION_SHOW:
		r->show = value;
		return true;
	case OPTION_OUTPUT:
		r->line->output = value;
		return true;
	case OPTION_COLOR:
		return read_color(r, value);
	case OPTION_VERBOSE:
		r->line->verbose = true;
		return true;
	case OPTION_QUIET:
		r->line->quiet = true;
		return true;
	case OPTION_HELP:
		print_help();
		r->line->done = true;
		return true;
	case OPTION_VERSION:
		puts("bindsim " BINDSIM_VERSION);
		r->line->done = true;
		return true;
	case OPTION_NONE:
		break;
	}
	return false;
}

/* ---- the whole line ------------------------------------------------------------------------ */

static int short_to_id(int id)
{
#define GROUP(title)
#define OPTION(id_, name, letter, argument, help)                                                  \
	if ((letter) && id == (letter))                                                            \
		return OPTION_##id_;
#include "options.def"
#undef OPTION
#undef GROUP
	return id;
}

/* What a loader would read of ENVIRON, then what --env says. */
static void take_environment(struct reader *r, char **environ)
{
	BS_VEC(struct bs_variable) all = { 0 };
	struct bs_plan *plan = &r->line->plan;

	for (char **entry = environ; !r->no_env && !plan->root && *entry; entry++) {
		const char *equals = strchr(*entry, '=');

		if (equals &&
		    (strncmp(*entry, "LD_", 3) == 0 || strncmp(*entry, "GLIBC_TUNABLES=", 15) == 0))
			bs_vec_push(
				r->arena, &all,
				(struct bs_variable){ bs_arena_strndup(r->arena, *entry,
								       (size_t)(equals - *entry)),
						      equals + 1 });
	}
	for (char **entry = environ; !plan->root && *entry; entry++)
		if (strncmp(*entry, "PATH=", 5) == 0)
			plan->search_path = *entry + 5;
	bs_vec_each (i, &r->set)
		bs_vec_push(r->arena, &all, r->set.v[i]);
	plan->environment = all.v;
	plan->n_environment = all.n;
}

static bool take_executable(struct bs_command_line *line, const char *word)
{
	if (line->plan.executable) {
		bs_complain("one executable at a time: '%s' is one too many", word);
		return false;
	}
	line->plan.executable = word;
	return true;
}

bool bs_command_line_read(struct bs_arena *arena, int argc, char **argv, char **environ,
			  struct bs_command_line *ret)
{
	struct reader r = { .arena = arena, .line = ret };
	int id;

	*ret = (struct bs_command_line){ .format = &bs_format_text };
	opterr = 0;
	optind = 1;
	/* The "-" makes getopt(3) hand over every other word, too, as option 1, whatever
	 * POSIXLY_CORRECT says. */
	while ((id = getopt_long(argc, argv, "-:o:vqhV", long_options, NULL)) != -1) {
		if (id == 1) {
			if (!take_executable(ret, optarg))
				return false;
			continue;
		}
		if (id == ':') {
			bs_complain("%s needs a value; bindsim --help lists the options",
				    argv[optind - 1]);
			return false;
		}
		if (id == '?') {
			if (optopt && optopt < OPTION_NONE)
				bs_complain("unknown option -%c; bindsim --help lists the options",
					    optopt);
			else
				bs_complain("unknown or misused option %s; bindsim --help lists "
					    "the options",
					    argv[optind - 1]);
			return false;
		}
		if (!read_option(&r, short_to_id(id), optarg))
			return false;
		if (ret->done)
			return true;
	}
	for (; optind < argc; optind++)
		if (!take_executable(ret, argv[optind]))
			return false;
	if (!ret->plan.executable) {
		bs_complain("which executable? Usage: bindsim [OPTION]... EXECUTABLE [STEP]...");
		return false;
	}
	ret->plan.steps = r.steps.v;
	ret->plan.n_steps = r.steps.n;
	ret->show = ret->format->default_show;
	if (r.show && !read_show(arena, ret->format, r.show, &ret->show))
		return false;
	take_environment(&r, environ);
	return true;
}
