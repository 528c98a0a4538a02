/* SPDX-License-Identifier: MIT */
/*
 * Which loader it is, and of which releases, as far as its words tell.
 *
 * The bounds are those of the first and last release whose sources have the words: no namespaces up
 * to 2.3; "destroying link map" from 2.4 on; where symbols are looked up, with a namespace, from
 * 2.11; scopes and "dynamically loaded by" from 2.15; cycles without "clock" from 2.30; NODELETE
 * and the vdso at the beginning from 2.31; "due to reference to" up to 2.35; the program's
 * destructors by its name up to 2.36, and with an empty one from then on; reasons why a file is
 * passed over behind 2.42. Versions that libc has are a bound, too.
 */
#include "log-priv.h"

#include <stdlib.h>

enum { NO_MINOR = 255 };

static void at_least(struct bs_log_process *is, unsigned minor)
{
	if (minor > is->release_from)
		is->release_from = (uint8_t)minor;
}

static void at_most(struct bs_log_process *is, unsigned minor)
{
	if (!is->release_to || minor < is->release_to)
		is->release_to = (uint8_t)minor;
}

/* N of "GLIBC_2.N", or 0. */
static unsigned minor_of(struct bs_log *log, bs_name version)
{
	while (log->minors.n <= version) {
		uint32_t n = log->minors.n;

		/* Versions are few, names are many: up to here they are looked at when asked for.
		 */
		bs_vec_reserve(log->arena, &log->minors, version + 1 - n);
		memset(log->minors.v + n, 0, version + 1 - n);
		log->minors.n = version + 1;
	}
	uint8_t *known = &log->minors.v[version];

	if (!*known) {
		const char *text = bs_name_text(log->names, version);
		unsigned long n = 0;

		if (strncmp(text, "GLIBC_2.", 8) == 0)
			n = strtoul(text + 8, NULL, 10);
		*known = n && n < NO_MINOR - 1 ? (uint8_t)(n + 1) : NO_MINOR;
	}
	return *known == NO_MINOR ? 0 : *known - 1u;
}

static bool is_libc_or_loader(const char *name)
{
	const char *base = bs_log_base_name(name);

	return strncmp(base, "libc.so.6", 9) == 0 || strncmp(base, "ld-linux", 8) == 0 ||
	       strncmp(base, "ld64.so", 7) == 0 || strncmp(base, "ld.so", 5) == 0;
}

static void note_binding(struct bs_log *log, struct bs_log_image *image,
			 const struct bs_log_event *event)
{
	struct bs_log_process *is = &image->is;

	if (event->is_cut)
		return;
	if (event->to_ns == BS_LOG_NO_NS)
		at_most(is, 3);
	else
		at_least(is, 4);
	if (event->version) {
		unsigned minor = minor_of(log, event->version);

		if (minor > is->release_from &&
		    is_libc_or_loader(bs_name_text(log->names, event->to)))
			at_least(is, minor);
	}
	if (!bs_log_is_vdso(bs_name_text(log->names, event->from)))
		return;
	/* The vdso, behind a constructor or before all else. */
	if (image->last_kind == BS_LOG_INIT && image->last_init_is_libc &&
	    image->vdso_bound == event->symbol)
		at_most(is, 30);
	else if (!image->has_spoken)
		at_least(is, 31);
}

static void note_fini(struct bs_log *log, struct bs_log_process *is,
		      const struct bs_log_event *event)
{
	if (event->to == log->empty)
		at_least(is, 36);
	else if (event->to_ns == 0 && event->to == is->program)
		at_most(is, 36);
	if (event->to_ns != BS_LOG_NO_NS)
		at_least(is, 4);
}

static void note_path(struct bs_log *log, struct bs_log_process *is, bs_name path)
{
	const char *text = bs_name_text(log->names, path);

	if (strstr(text, "/glibc-hwcaps/"))
		at_least(is, 33);
	if (strstr(text, "/tls/") || strstr(text, "/tls:"))
		at_most(is, 36);
}

static enum bs_log_loader loader_of(const struct bs_log_process *is,
				    const struct bs_log_event *event)
{
	bool is_bare_error = event->kind == BS_LOG_ERROR && event->symbol && !is->pid;

	if (event->kind == BS_LOG_STEP && !is->pid)
		return BS_LOG_LOADER_BINDSIM;
	if (is_bare_error || (event->kind == BS_LOG_LOAD_ERROR && !event->number))
		return BS_LOG_LOADER_MUSL;
	return event->kind == BS_LOG_UNKNOWN || event->kind == BS_LOG_STEP ? BS_LOG_LOADER_UNKNOWN
									   : BS_LOG_LOADER_GLIBC;
}

void bs_log_note_release(struct bs_log *log, struct bs_log_image *image,
			 const struct bs_log_event *event)
{
	struct bs_log_process *is = &image->is;

	if (!is->loader || (event->kind == BS_LOG_STEP && !is->pid))
		is->loader = loader_of(is, event);
	if (is->loader != BS_LOG_LOADER_GLIBC)
		return;
	switch ((int)event->kind) {
	case BS_LOG_BINDING:
		note_binding(log, image, event);
		break;
	case BS_LOG_SYMBOL:
		if (event->to_ns == BS_LOG_NO_NS)
			at_most(is, 10);
		else
			at_least(is, 11);
		break;
	case BS_LOG_LINK_MAP:
	case BS_LOG_OPENED:
		if (event->to_ns == BS_LOG_NO_NS)
			at_most(is, 3);
		else
			at_least(is, 4);
		break;
	case BS_LOG_DESTROYED:
		at_least(is, 4);
		break;
	case BS_LOG_DYNAMIC:
	case BS_LOG_SCOPES:
	case BS_LOG_SCOPE_OF:
	case BS_LOG_NO_SCOPE:
	case BS_LOG_GLOBAL:
		at_least(is, 15);
		break;
	case BS_LOG_STATISTICS:
		if (strncmp(bs_name_text(log->names, event->to), "total startup", 13) == 0) {
			if (event->is_lazy)
				at_most(is, 29);
			else
				at_least(is, 30);
		}
		break;
	case BS_LOG_NODELETE:
	case BS_LOG_ACTIVATED:
		at_least(is, 31);
		if (!event->from)
			break;
		if (strncmp(bs_name_text(log->names, event->from), "reference to ", 13) == 0)
			at_most(is, 35);
		else if (strncmp(bs_name_text(log->names, event->from), "reference from ", 15) == 0)
			at_least(is, 36);
		break;
	case BS_LOG_FINI:
		note_fini(log, is, event);
		break;
	case BS_LOG_REJECTED:
		at_least(is, 43);
		break;
	case BS_LOG_SEARCH_PATH:
		note_path(log, is, event->to);
		break;
	default:
		break;
	}
}
