/* SPDX-License-Identifier: MIT */
/*
 * A log of LD_DEBUG as a testimony. Nobody knows whose words they are before the loader says what
 * the program is called, which is late: until then each process has a testimony of its own, in an
 * arena that is given back when it is another program's.
 */
#include "verify-log.h"
#include "options-priv.h"

#include "../log/log.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MOST_LISTED = 12 };

/* One process of the log. */
struct witness {
	struct bs_arena *arena; /* NULL: it is not wanted */
	struct bs_testimony *testimony;
	bool is_settled; /* its program is known, and is the one */
	bs_name search;	 /* under way; 0: none is */
	struct bs_told_text search_text;
	uint32_t search_ns;
	struct bs_verify_place search_place;
	struct bs_log_place torn; /* the last line of which a part is missing; LINE 0: none */
	bs_name object;		  /* whose scopes come */
	uint32_t object_ns;
};

struct hearing {
	struct bs_arena *arena;
	struct bs_names *names;
	const struct bs_log_wish *wish;
	BS_VEC(struct witness) witnesses;
	struct bs_told_text list; /* of a scope */
	struct stat executable;	  /* ST_NLINK is 0: there is none at hand */
};

/* ---- whose words ----------------------------------------------------------------------------- */

static bool is_pid(const struct hearing *h, const struct bs_log_process *p)
{
	return !h->wish->has_pid ||
	       (p->pid == h->wish->pid && (!h->wish->image || p->generation + 1 == h->wish->image));
}

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* PROGRAM, as the loader calls it, is the executable that is asked about. */
static bool is_program(const struct hearing *h, const char *program)
{
	const struct bs_plan *plan = h->wish->plan;
	struct stat st;

	if ((plan->argv0 && strcmp(program, plan->argv0) == 0) ||
	    strcmp(base_of(program), base_of(plan->executable)) == 0)
		return true;
	return h->executable.st_nlink && strchr(program, '/') && stat(program, &st) == 0 &&
	       st.st_dev == h->executable.st_dev && st.st_ino == h->executable.st_ino;
}

static void drop(struct witness *w)
{
	bs_arena_free(w->arena);
	*w = (struct witness){ 0 };
}

/* Whose words EVENT is; NULL: nobody's who counts. */
static struct witness *witness_of(struct hearing *h, struct bs_log *log, uint32_t process)
{
	const struct bs_log_process *p = bs_log_process(log, process);

	while (h->witnesses.n <= process) {
		struct witness w = { 0 };
		const struct bs_log_process *new = bs_log_process(log, h->witnesses.n);

		if (is_pid(h, new)) {
			w.arena = bs_arena_new();
			if (!w.arena)
				bs_arena_exhausted(h->arena);
			bs_arena_unwind_with(w.arena, h->arena);
			w.testimony = bs_testimony_new(w.arena, h->names);
		}
		bs_vec_push(h->arena, &h->witnesses, w);
	}
	struct witness *w = &h->witnesses.v[process];

	if (!w->arena)
		return NULL;
	if (p->program && !w->is_settled) {
		if (!h->wish->has_pid && !is_program(h, bs_name_text(h->names, p->program))) {
			drop(w);
			return NULL;
		}
		w->is_settled = true;
	}
	return w;
}

/* ---- messages -------------------------------------------------------------------------------- */

/* The kernel's object, whose file nobody has. */
static bool is_vdso(const struct hearing *h, bs_name name)
{
	static const char *const words[] = { "linux-vdso.so.1", "linux-vdso32.so.1",
					     "linux-vdso64.so.1", "linux-gate.so.1" };

	for (size_t i = 0; name && i < sizeof words / sizeof *words; i++)
		if (strcmp(bs_name_text(h->names, name), words[i]) == 0)
			return true;
	return false;
}

/* What no simulation can say. */
static bool is_of_vdso(const struct hearing *h, const struct bs_deed *deed)
{
	switch ((int)deed->kind) {
	case BS_DEED_BINDING:
	case BS_DEED_SCOPE:
		return is_vdso(h, deed->who);
	case BS_DEED_LOADED:
		return is_vdso(h, deed->what);
	default:
		return false;
	}
}

static void end_search(struct bs_names *names, struct witness *w)
{
	if (w->search)
		bs_testimony_tell(
			w->testimony,
			&(struct bs_deed){
				.kind = BS_DEED_SEARCH,
				.what = w->search,
				.ns = w->search_ns,
				.to = bs_name_of_n(names, w->search_text.v, w->search_text.n),
			},
			w->search_place);
	w->search = 0;
}

static void add_to_search(struct hearing *h, struct witness *w, const char *word, bs_name text,
			  bs_name label)
{
	const char *const parts[] = {
		w->search_text.n ? "\n" : "",
		word,
		" ",
		bs_name_text(h->names, text),
		label ? " (" : "",
		label ? bs_name_text(h->names, label) : "",
		label ? ")" : "",
	};

	for (size_t i = 0; w->search && i < sizeof parts / sizeof *parts; i++)
		bs_told_add(w->arena, &w->search_text, parts[i]);
}

/* True when EVENT is a part of a search. */
static bool hear_search(struct hearing *h, struct witness *w, const struct bs_log_event *event,
			struct bs_verify_place place)
{
	if (event->kind == BS_LOG_FIND) {
		end_search(h->names, w);
		w->search = event->to;
		w->search_ns = event->to_ns;
		bs_told_begin(w->arena, &w->search_text);
		w->search_place = place;
		return true;
	}
	if (event->kind == BS_LOG_SEARCH_PATH)
		add_to_search(h, w, "path", event->to, event->from);
	else if (event->kind == BS_LOG_CACHE)
		add_to_search(h, w, "cache", event->to, 0);
	else if (event->kind == BS_LOG_TRYING)
		add_to_search(h, w, "try", event->to, 0);
	else if (event->kind != BS_LOG_REJECTED)
		return false;
	return true;
}

static bs_name list_text(struct hearing *h, const struct bs_log_event *event)
{
	bs_told_begin(h->arena, &h->list);
	for (uint32_t i = 0; i < event->n_list; i++) {
		bs_told_add(h->arena, &h->list, i ? " " : "");
		bs_told_add(h->arena, &h->list, bs_name_text(h->names, event->list[i]));
	}
	return bs_name_of_n(h->names, h->list.v, h->list.n);
}

/* What EVENT says as a deed; false: it is none. */
static bool deed_of(struct hearing *h, struct witness *w, const struct bs_log_event *event,
		    struct bs_deed *ret)
{
	static const struct {
		enum bs_log_kind kind;
		enum bs_deed_kind deed;
	} of_objects[] = {
		{ BS_LOG_OPENED, BS_DEED_OPENED },	 { BS_LOG_CLOSING, BS_DEED_CLOSING },
		{ BS_LOG_DESTROYED, BS_DEED_DESTROYED }, { BS_LOG_ACTIVATED, BS_DEED_ACTIVATED },
		{ BS_LOG_GLOBAL, BS_DEED_GLOBAL },
	};
	uint32_t from_ns = event->from_ns == BS_LOG_NO_NS ? 0 : event->from_ns;
	uint32_t to_ns = event->to_ns == BS_LOG_NO_NS ? 0 : event->to_ns;

	*ret = (struct bs_deed){ 0 };
	for (size_t i = 0; i < sizeof of_objects / sizeof *of_objects; i++)
		if (of_objects[i].kind == event->kind) {
			ret->kind = of_objects[i].deed;
			ret->who = event->to;
			ret->ns = ret->kind == BS_DEED_CLOSING || ret->kind == BS_DEED_ACTIVATED
					  ? 0
					  : to_ns;
			ret->number = event->number;
			return true;
		}
	if (event->kind == BS_LOG_BINDING) {
		ret->kind = BS_DEED_BINDING;
		ret->who = event->from;
		ret->ns = from_ns;
		ret->what = event->symbol;
		ret->version = event->version;
		ret->to = event->to;
		ret->to_ns = to_ns;
		ret->is_protected = event->is_protected;
	} else if (event->kind == BS_LOG_VERSION) {
		ret->kind = BS_DEED_VERSION;
		ret->who = event->from;
		ret->ns = from_ns;
		ret->version = event->version;
		ret->to = event->to;
		ret->to_ns = to_ns;
	} else if (event->kind == BS_LOG_NEEDED || event->kind == BS_LOG_DYNAMIC) {
		ret->kind = event->kind == BS_LOG_NEEDED ? BS_DEED_NEEDED : BS_DEED_DLOPEN;
		ret->who = event->from;
		ret->ns = to_ns;
		ret->what = event->to;
	} else if (event->kind == BS_LOG_LINK_MAP) {
		ret->kind = BS_DEED_LOADED;
		ret->ns = to_ns;
		ret->what = event->to;
	} else if (event->kind == BS_LOG_DEPENDENCY) {
		ret->kind = BS_DEED_DEPENDENCY;
		ret->who = event->to;
		ret->ns = to_ns;
		ret->to = event->from;
		ret->to_ns = from_ns;
	} else if (event->kind == BS_LOG_SCOPE && w->object) {
		ret->kind = BS_DEED_SCOPE;
		ret->who = w->object;
		ret->ns = w->object_ns;
		ret->number = event->number;
		ret->to = list_text(h, event);
	} else if (event->kind == BS_LOG_ERROR || event->kind == BS_LOG_VERSION_ERROR) {
		ret->kind = BS_DEED_ERROR;
		ret->who = event->from;
		ret->what = event->symbol ? event->symbol : event->to;
		ret->version = event->version;
		ret->number = event->symbol != 0;
	} else {
		return false;
	}
	return true;
}

/* A part of the message is missing, or may be that of another one on the same line. */
static bool is_torn(struct witness *w, const struct bs_log_event *event)
{
	if (event->is_cut)
		w->torn = event->place;
	return event->place.line == w->torn.line && event->place.file == w->torn.file;
}

static void hear(void *user, struct bs_log *log, const struct bs_log_event *event)
{
	struct hearing *h = user;
	struct witness *w = witness_of(h, log, event->process);
	const struct bs_verify_place place = {
		.file = h->wish->is_private ? NULL : bs_log_file(log, event->place.file),
		.line = event->place.line,
	};
	struct bs_deed deed;

	if (!w || hear_search(h, w, event, place))
		return;
	end_search(h->names, w);
	if (event->kind == BS_LOG_SCOPE_OF) {
		w->object = event->to;
		w->object_ns = event->to_ns == BS_LOG_NO_NS ? 0 : event->to_ns;
	} else if (event->kind == BS_LOG_INIT) {
		bs_testimony_init(w->testimony, event->to);
	} else if (event->kind == BS_LOG_CONTROL) {
		bs_testimony_control(w->testimony);
	}
	if (!deed_of(h, w, event, &deed) || is_of_vdso(h, &deed))
		;
	else if (event->kind == BS_LOG_BINDING && is_torn(w, event))
		bs_testimony_tear(w->testimony, &deed);
	else
		bs_testimony_tell(w->testimony, &deed, place);
	uint32_t ns = event->to_ns == BS_LOG_NO_NS ? 0 : event->to_ns;

	if (event->kind == BS_LOG_FINI)
		bs_testimony_fini(w->testimony, event->to, ns);
	else if (event->kind == BS_LOG_DESTROYED)
		bs_testimony_gone(w->testimony, event->to, ns, place);
}

/* ---- reading --------------------------------------------------------------------------------- */

/* "process 1234 (./app, run.log:17)" */
static const char *process_words(struct bs_arena *arena, const struct bs_names *names,
				 const struct bs_log *log, uint32_t i)
{
	const struct bs_log_process *p = bs_log_process(log, i);

	const char *image = p->generation ? bs_arena_printf(arena, ":%u", p->generation + 1) : "";

	return bs_arena_printf(arena, "%u%s (%s, %s:%llu)", p->pid, image,
			       p->program ? bs_name_text(names, p->program)
					  : "its program is unknown",
			       bs_log_file(log, p->first.file), (unsigned long long)p->first.line);
}

static void complain(struct hearing *h, const struct bs_log *log, const char *what, bool settled)
{
	const char *list = "";
	uint32_t n = 0;

	for (uint32_t i = 0; i < bs_log_n_processes(log); i++) {
		if (settled && (i >= h->witnesses.n || !h->witnesses.v[i].is_settled ||
				bs_log_process(log, i)->origin == BS_LOG_FORKED))
			continue;
		if (n++ < MOST_LISTED)
			list = bs_arena_printf(h->arena, "%s%s%s", list, n > 1 ? ", " : "",
					       process_words(h->arena, h->names, log, i));
	}
	if (n > MOST_LISTED)
		list = bs_arena_printf(h->arena, "%s and %u more", list, n - MOST_LISTED);
	bs_complain("%s: %s", what, list);
}

/* The one that is meant; UINT32_MAX after a message. */
static uint32_t choose(struct hearing *h, const struct bs_log *log)
{
	uint32_t found = UINT32_MAX, n = 0, unknown = UINT32_MAX, n_unknown = 0;

	bs_vec_each (i, &h->witnesses) {
		const struct witness *w = &h->witnesses.v[i];
		bool goes_on = bs_log_process(log, i)->origin == BS_LOG_FORKED;

		if (!w->arena)
			continue;
		if (w->is_settled || h->wish->has_pid) {
			/* A fork goes on where its parent was, which has the start-up. */
			if (goes_on && !h->wish->has_pid)
				continue;
			found = i;
			n++;
		} else if (!goes_on) {
			unknown = i;
			n_unknown++;
		}
	}
	if (n == 1)
		return found;
	if (n == 0 && n_unknown == 1 && bs_log_n_processes(log) == 1)
		return unknown;
	if (n == 0 && h->wish->has_pid)
		complain(h, log, "the log has no such process; there are", false);
	else if (n == 0)
		complain(h, log,
			 bs_arena_printf(h->arena,
					 "no process of the log runs %s (--process PID takes "
					 "another one); there are",
					 h->wish->plan->executable),
			 false);
	else
		complain(h, log,
			 "several processes of the log are meant; --process PID[:IMAGE] takes one",
			 !h->wish->has_pid);
	return UINT32_MAX;
}

/* Reads FILES; the process whose words count, or UINT32_MAX after a message. */
static uint32_t hear_all(struct hearing *h, struct bs_log *log, const char *const *files,
			 uint32_t n_files)
{
	for (uint32_t i = 0; i < n_files; i++)
		if (!bs_log_read_file(log, files[i]))
			return UINT32_MAX;
	bs_log_end(log);
	return bs_log_has_words(log) ? choose(h, log) : UINT32_MAX;
}

bool bs_testimony_from_logs(struct bs_arena *arena, const char *const *files, uint32_t n_files,
			    const struct bs_log_wish *wish, struct bs_log_testimony *ret)
{
	struct hearing h = { .arena = arena, .names = bs_names_new(arena), .wish = wish };
	const struct bs_log_sink sink = { .event = hear, .user = &h };
	struct bs_log *log = bs_log_new(arena, h.names, &sink);

	if (wish->plan->root || stat(wish->plan->executable, &h.executable) != 0)
		h.executable.st_nlink = 0;
	uint32_t chosen = hear_all(&h, log, files, n_files);

	bs_vec_each (i, &h.witnesses)
		if (i != chosen && h.witnesses.v[i].arena)
			drop(&h.witnesses.v[i]);
	if (chosen == UINT32_MAX)
		return false;
	const struct bs_log_process *p = bs_log_process(log, chosen);
	struct witness *w = &h.witnesses.v[chosen];

	w->testimony->program = p->program;
	w->testimony->is_whole = wish->is_whole || p->phase == BS_LOG_ENDING;
	/* A search that nothing follows may not be over. */
	if (w->testimony->is_whole)
		end_search(h.names, w);
	w->testimony->is_forked = p->origin != BS_LOG_STARTED;
	if (!w->testimony->parts) {
		bs_complain("%s: nothing that %s says can be compared; LD_DEBUG=all shows all that "
			    "can",
			    wish->is_private ? "--run" : bs_log_file(log, p->first.file),
			    p->program ? bs_name_text(h.names, p->program) : "the process");
		bs_testimony_done(w->testimony);
		return false;
	}
	*ret = (struct bs_log_testimony){
		.testimony = w->testimony,
		.pid = p->pid,
		.generation = p->generation,
		.program = p->program ? bs_name_text(h.names, p->program) : NULL,
	};
	return true;
}
