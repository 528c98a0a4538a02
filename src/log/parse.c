/* SPDX-License-Identifier: MIT */
/* What stands behind a prefix, as an event. log.h names the files of the loader that print it. */
#include "log-priv.h"

#include <stdlib.h>

/* A message under way: what is left of it. */
struct words {
	struct bs_log *log;
	const char *s, *end;
};

static struct bs_span rest_of(const struct words *w)
{
	return (struct bs_span){ w->s, (size_t)(w->end - w->s) };
}

static bool begins(const struct words *w, const char *literal, size_t n)
{
	return (size_t)(w->end - w->s) >= n && memcmp(w->s, literal, n) == 0;
}

/* Goes behind LITERAL if it comes next. */
static bool skip_n(struct words *w, const char *literal, size_t n)
{
	if (!begins(w, literal, n))
		return false;
	w->s += n;
	return true;
}

#define skip(w, literal) skip_n((w), (literal), sizeof(literal) - 1)

/* Takes LITERAL off the end. */
static bool drop_n(struct words *w, const char *literal, size_t n)
{
	if ((size_t)(w->end - w->s) < n || memcmp(w->end - n, literal, n) != 0)
		return false;
	w->end -= n;
	return true;
}

#define drop(w, literal) drop_n((w), (literal), sizeof(literal) - 1)

static const char *find(const struct words *w, const char *literal)
{
	return memmem(w->s, (size_t)(w->end - w->s), literal, strlen(literal));
}

static bs_name name_of(struct words *w)
{
	return bs_log_name(w->log, rest_of(w));
}

/* "NAME [NS]", or NAME alone: up to 2.3, and where the loader has no namespace at hand. All of W.
 */
static bs_name object_of(struct words *w, uint32_t *ret_ns)
{
	const char *s = w->end;
	uint32_t ns = 0, scale = 1;

	*ret_ns = BS_LOG_NO_NS;
	if (w->end - w->s >= 4 && s[-1] == ']') {
		for (s--; s > w->s && s[-1] >= '0' && s[-1] <= '9' && scale < 1000000; s--) {
			ns += (uint32_t)(s[-1] - '0') * scale;
			scale *= 10;
		}
		if (scale > 1 && s - w->s >= 2 && s[-1] == '[' && s[-2] == ' ') {
			*ret_ns = ns;
			w->end = s - 2;
		}
	}
	return name_of(w);
}

/* What comes before LITERAL, with W left behind it; false: it does not come. */
static bool split(struct words *w, const char *literal, struct words *ret_before)
{
	const char *at = find(w, literal);

	if (!at)
		return false;
	*ret_before = (struct words){ w->log, w->s, at };
	w->s = at + strlen(literal);
	return true;
}

/* "FROM [NS] to TO [NS]": a name may hold " to ", but hardly "] to ". */
static bool split_parties(struct words *w, struct bs_log_event *event)
{
	struct words from;

	if (split(w, "] to ", &from)) {
		from.end++; /* the bracket is part of it */
	} else if (!split(w, " to ", &from)) {
		return false;
	}
	event->from = object_of(&from, &event->from_ns);
	event->to = object_of(w, &event->to_ns);
	return true;
}

/* "binding file FROM [NS] to TO [NS]: normal symbol `S' [V]". The version is written apart: where
 * what is behind the symbol is not of this form, it may still come. */
static bool read_binding(struct words *w, struct bs_log_event *event, bool *ret_open)
{
	struct words parties;
	const char *quote;

	event->kind = BS_LOG_BINDING;
	if (!split(w, ": normal symbol `", &parties)) {
		if (!split(w, ": protected symbol `", &parties))
			return false;
		event->is_protected = true;
	}
	if (!split_parties(&parties, event))
		return false;
	quote = memrchr(w->s, '\'', (size_t)(w->end - w->s));
	if (!quote)
		return false;
	if (quote + 1 < w->end) {
		struct words version = { w->log, quote + 1, w->end };

		if (skip(&version, " [") && drop(&version, "]")) {
			event->version = name_of(&version);
		} else {
			/* What stands here is somebody else's. */
			const char *bracket = find(&version, " [");

			quote = memchr(w->s, '\'', (size_t)(w->end - w->s));
			event->is_cut = true;
			if (bracket && drop(&version, "]")) {
				version.s = bracket + 2;
				event->version = name_of(&version);
			} else {
				*ret_open = true;
			}
		}
	}
	w->end = quote;
	event->symbol = name_of(w);
	return true;
}

/* "OBJECT: error: OCCASION: TEXT (fatal)" (glibc elf/dl-catch.c:_dl_signal_exception) */
static bool read_error(struct words *w, struct bs_log_event *event)
{
	struct words object;
	const char *version;

	event->kind = BS_LOG_ERROR;
	event->is_fatal = drop(w, " (fatal)");
	if (!event->is_fatal && !drop(w, " (continued)"))
		return false;
	if (!split(w, ": error: ", &object))
		return false;
	event->from = name_of(&object);
	if (skip(w, "version lookup error: ")) {
		event->kind = BS_LOG_VERSION_ERROR;
		event->to = name_of(w);
		return true;
	}
	if (!skip(w, "symbol lookup error: ") || !skip(w, "undefined symbol: ")) {
		event->to = name_of(w);
		return true;
	}
	version = find(w, ", version ");
	if (version) {
		struct words v = { w->log, version + strlen(", version "), w->end };

		event->version = name_of(&v);
		w->end = version;
	}
	event->symbol = name_of(w);
	return true;
}

/* "file=..." */
static bool read_file(struct words *w, struct bs_log_event *event)
{
	struct words to;

	if (drop(w, "  generating link map") && drop(w, ";")) {
		event->kind = BS_LOG_LINK_MAP;
	} else if (drop(w, "  destroying link map") && drop(w, ";")) {
		event->kind = BS_LOG_DESTROYED;
	} else {
		event->kind =
			drop(w, " (relocation dependency)") ? BS_LOG_DEPENDENCY : BS_LOG_NEEDED;
		if (!split(w, ";  needed by ", &to)) {
			if (!split(w, ";  dynamically loaded by ", &to))
				return false;
			event->kind = BS_LOG_DYNAMIC;
		}
		event->from = object_of(w, &event->from_ns);
		*w = to;
	}
	event->to = object_of(w, &event->to_ns);
	return true;
}

static uint32_t number_of(struct words *w)
{
	uint32_t n = 0;

	while (w->s < w->end && *w->s >= '0' && *w->s <= '9' && n < 100000000)
		n = n * 10 + (uint32_t)(*w->s++ - '0');
	return n;
}

/* "opening file=F [NS]; direct_opencount=N", and "opencount == N" up to 2.3 */
static bool read_opencount(struct words *w, struct bs_log_event *event)
{
	struct words to;

	if (!split(w, "; direct_opencount=", &to) && !split(w, "; opencount == ", &to))
		return false;
	event->number = number_of(w);
	event->to = object_of(&to, &event->to_ns);
	return true;
}

/* "marking F [NS] as NODELETE[ due to REASON]" */
static bool read_nodelete(struct words *w, struct bs_log_event *event)
{
	struct words to;

	event->kind = BS_LOG_NODELETE;
	if (!split(w, " as NODELETE", &to))
		return false;
	event->to = object_of(&to, &event->to_ns);
	if (skip(w, " due to "))
		event->from = name_of(w);
	return true;
}

/* "checking for version `V' in file T [NS] required by file F [NS]" */
static bool read_version(struct words *w, struct bs_log_event *event)
{
	struct words version, to;

	event->kind = BS_LOG_VERSION;
	if (!split(w, "' in file ", &version) || !split(w, " required by file ", &to))
		return false;
	event->version = name_of(&version);
	event->to = object_of(&to, &event->to_ns);
	event->from = object_of(w, &event->from_ns);
	return true;
}

/* " scope K: M1 M2 ...": nobody can tell where a name ends that has a blank in it. */
static bool read_scope(struct words *w, struct bs_log_event *event)
{
	struct bs_log *log = w->log;

	event->kind = BS_LOG_SCOPE;
	event->number = number_of(w);
	if (!skip(w, ":"))
		return false;
	log->list.n = 0;
	while (w->s < w->end) {
		struct words one = *w;

		if (*w->s == ' ') {
			w->s++;
			continue;
		}
		one.end = memchr(w->s, ' ', (size_t)(w->end - w->s));
		one.end = one.end ? one.end : w->end;
		w->s = one.end;
		bs_vec_push(log->arena, &log->list, name_of(&one));
	}
	event->list = log->list.v;
	event->n_list = log->list.n;
	return true;
}

/* " search path=D1:D2<TAB><TAB>(RUNPATH from file F)" */
static bool read_path(struct words *w, struct bs_log_event *event)
{
	struct words path;

	event->kind = BS_LOG_SEARCH_PATH;
	if (!split(w, "\t\t(", &path) || !drop(w, ")"))
		return false;
	event->from = name_of(w);
	event->to = name_of(&path);
	return true;
}

/* Messages that are a few words and an object, or nothing. */
static bool read_simple(struct words *w, struct bs_log_event *event)
{
	enum shape { NAME, OBJECT, NOTHING };
	static const struct {
		const char *words;
		uint8_t n, kind, shape;
	} rows[] = {
#define ROW(words, kind, shape) { words, sizeof(words) - 1, BS_LOG_##kind, shape }
		ROW("  trying file=", TRYING, NAME),
		ROW(" search cache=", CACHE, NAME),
		ROW("object=", SCOPE_OF, OBJECT),
		ROW(" no scope", NO_SCOPE, NOTHING),
		ROW("relocation processing: ", RELOCATION, NAME),
		ROW("calling init: ", INIT, NAME),
		ROW("calling fini: ", FINI, OBJECT),
		ROW("calling preinit: ", PREINIT, NAME),
		ROW("initialize program: ", PROGRAM, NAME),
		ROW("transferring control: ", CONTROL, NAME),
		ROW("Initial object scopes", SCOPES, NOTHING),
		ROW("activating NODELETE for ", ACTIVATED, OBJECT),
#undef ROW
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (!skip_n(w, rows[i].words, rows[i].n))
			continue;
		event->kind = (enum bs_log_kind)rows[i].kind;
		if (event->kind == BS_LOG_RELOCATION)
			event->is_lazy = drop(w, " (lazy)");
		if (rows[i].shape == OBJECT)
			event->to = object_of(w, &event->to_ns);
		else if (rows[i].shape == NAME)
			event->to = name_of(w);
		return true;
	}
	return false;
}

/* Those with objects in the middle. */
static bool read_other(struct words *w, struct bs_log_event *event)
{
	struct words to;

	if (skip(w, "find library=")) {
		event->kind = BS_LOG_FIND;
		if (!drop(w, "; searching"))
			return false;
		event->to = object_of(w, &event->to_ns);
		return true;
	}
	if (skip(w, "symbol=")) {
		event->kind = BS_LOG_SYMBOL;
		if (!split(w, ";  lookup in file=", &to))
			return false;
		event->symbol = name_of(&to);
		event->to = object_of(w, &event->to_ns);
		return true;
	}
	if (skip(w, "opening file=")) {
		event->kind = BS_LOG_OPENED;
		return read_opencount(w, event);
	}
	if (skip(w, "closing file=")) {
		event->kind = BS_LOG_CLOSING;
		return read_opencount(w, event);
	}
	if (skip(w, "add ")) {
		event->kind = BS_LOG_GLOBAL;
		if (!drop(w, " to global scope"))
			return false;
		event->to = object_of(w, &event->to_ns);
		return true;
	}
	if (skip(w, "load auxiliary object=") || skip(w, "load filtered object=")) {
		event->kind = BS_LOG_AUXILIARY;
		if (!split(w, " requested by file=", &to))
			return false;
		event->to = name_of(&to);
		event->from = name_of(w);
		return true;
	}
	return false;
}

/* Why the file before was passed over: behind 2.42 (glibc elf/dl-load.c:open_verify). */
static bool read_rejection(struct words *w, struct bs_log_event *event)
{
	event->kind = BS_LOG_REJECTED;
	if (skip(w, "    (") && drop(w, ")")) {
		event->to = name_of(w);
		return true;
	}
	return false;
}

static bool read_statistics(struct words *w, struct bs_log_event *event)
{
	if (!find(w, "runtime linker statistics") && !find(w, "number of relocations") &&
	    !find(w, " cycles") && !find(w, "number of relative relocations"))
		return false;
	while (w->s < w->end && *w->s == ' ')
		w->s++;
	event->kind = BS_LOG_STATISTICS;
	/* Numbers differ from run to run, and are no names to keep. */
	struct words colon;

	event->to = split(w, ":", &colon) ? name_of(&colon) : name_of(w);
	event->is_lazy = find(w, "clock cycles") != NULL;
	return true;
}

/* Words of bindsim's own: "bindsim: step N: ok". */
static bool read_own(struct words *w, struct bs_log_event *event)
{
	if (!skip(w, "bindsim: step "))
		return false;
	event->kind = BS_LOG_STEP;
	event->number = number_of(w);
	return true;
}

/* A message that begins where W is. */
static bool read_message(struct words *w, struct bs_log_event *event, bool *ret_open)
{
	const struct bs_log_event none = *event;
	const struct words all = *w;
	bool read = false;

	switch (*w->s) {
	case 'b':
		read = skip(w, "binding file ") ? read_binding(w, event, ret_open)
						: read_own(w, event);
		break;
	case 'f':
		read = skip(w, "file=") ? read_file(w, event)
					: read_other(w, event) || read_statistics(w, event);
		break;
	case 'm':
		read = skip(w, "marking ") && read_nodelete(w, event);
		break;
	case 'c':
		read = skip(w, "checking for version `")
			       ? read_version(w, event)
			       : read_simple(w, event) || read_other(w, event);
		break;
	case ' ':
		read = skip(w, " scope ") ? read_scope(w, event)
		       : skip(w, " search path=")
			       ? read_path(w, event)
			       : read_simple(w, event) || read_rejection(w, event) ||
					 read_statistics(w, event);
		break;
	default:
		read = read_simple(w, event) || read_other(w, event) || read_statistics(w, event);
		break;
	}
	if (!read) {
		*w = all;
		*event = none;
		read = read_error(w, event);
	}
	if (!read) {
		*w = all;
		*event = none;
	}
	return read;
}

/* The message that begins somewhere within what nobody knows. */
static bool read_within(struct words *w, struct bs_log_event *event, bool *ret_open)
{
	static const char *const words[] = { "binding file ", "file=",	 "calling init: ",
					     "find library=", "symbol=", "checking for version `" };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		struct words from = *w;

		from.s = find(w, words[i]);
		if (from.s && read_message(&from, event, ret_open))
			return true;
	}
	return false;
}

static bool is_map_detail(const struct words *w)
{
	return begins(w, "  dynamic: ", 11) || begins(w, "    entry: ", 11);
}

void bs_log_parse(struct bs_log *log, struct bs_span body, struct bs_log_event *event,
		  bool *ret_open)
{
	struct words w = { log, body.s, body.s + body.n };

	*ret_open = false;
	event->from_ns = event->to_ns = BS_LOG_NO_NS;
	if (w.s == w.end || is_map_detail(&w)) {
		event->kind = BS_LOG_KIND_COUNT_;
		return;
	}
	if (read_message(&w, event, ret_open))
		return;
	if (read_within(&w, event, ret_open))
		event->is_cut = true;
	else
		event->from_ns = event->to_ns = BS_LOG_NO_NS;
}

/* ---- other loaders --------------------------------------------------------------------------- */

/* glibc's last words of a start-up that fails (elf/dl-catch.c:fatal_error); no line of LD_DEBUG
 * says it: "P: error while loading shared libraries: N: WHY". */
static bool read_start_failure(struct words *w, struct bs_log_event *event)
{
	struct words program, name;

	if (!split(w, ": error while loading shared libraries: ", &program) ||
	    !split(w, ": ", &name))
		return false;
	event->kind = BS_LOG_LOAD_ERROR;
	event->from = name_of(&program);
	event->to = name_of(&name);
	event->symbol = name_of(w);
	event->number = 1;
	return true;
}

/*
 * musl says nothing but what fails (musl ldso/dynlink.c:load_deps, do_relocs): "Error loading
 * shared library NAME: WHY (needed by FILE)", "Error relocating FILE: SYMBOL: symbol not found".
 */
bool bs_log_parse_bare(struct bs_log *log, struct bs_span line, struct bs_log_event *event)
{
	const char *begin = line.n > 6 ? memmem(line.s, line.n, "Error ", 6) : NULL;
	struct words w = { log, begin, line.s + line.n };
	struct words name, from = { 0 };

	event->from_ns = event->to_ns = BS_LOG_NO_NS;
	event->is_fatal = true;
	if (!begin)
		return read_start_failure(&(struct words){ log, line.s, line.s + line.n }, event);
	if (skip(&w, "Error relocating ")) {
		event->kind = BS_LOG_ERROR;
		if (!drop(&w, ": symbol not found") || !split(&w, ": ", &name))
			return false;
		event->from = name_of(&name);
		event->symbol = name_of(&w);
		return true;
	}
	if (!skip(&w, "Error loading shared library ") || !split(&w, ": ", &name))
		return false;
	event->kind = BS_LOG_LOAD_ERROR;
	event->to = name_of(&name);
	if (drop(&w, ")")) {
		if (!split(&w, " (needed by ", &from))
			return false;
		event->from = name_of(&w);
		w = from;
	}
	event->symbol = name_of(&w);
	return true;
}

/* The few words that the documents of QNX show of DL_DEBUG. */
bool bs_log_is_qnx(struct bs_span line)
{
	static const char *const words[] = { "load_object: attempt load of ",
					     "load_elf32: ", "ldd: resolving ", "dlopen(\"" };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (line.n >= strlen(words[i]) && memcmp(line.s, words[i], strlen(words[i])) == 0)
			return true;
	return false;
}
