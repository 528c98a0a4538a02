/* SPDX-License-Identifier: MIT */
/*
 * Whose words they are: one pid can be several images, one after the other.
 *
 * The loader does not say that it begins. What it says then depends on what LD_DEBUG asks for:
 *
 * - bindings, symbols: from 2.31 on first of all what the vdso has (glibc elf/rtld.c:dl_main calls
 *   setup_vdso_pointers). Before, libc's constructor looks for that, right behind its own line.
 * - scopes: "Initial object scopes", once.
 * - files: what the program needs; an image looks for that once. Whoever else needs something is
 *   an object that somebody asked for before.
 * - statistics: the total of the start-up, once.
 *
 * The other words begin as a dlopen does: searches, version checks, relocations. Where an image
 * with control has none of the above, such messages are held back until it is clear whose they are.
 * "initialize program" settles it: they were a start-up. The end of the process, or more of them
 * than any start-up has, settles it the other way. Of several runs of them with constructors in
 * between, the last one is taken, unless an earlier one did again what is done once only: then all
 * behind it are what constructors of the start-up open.
 */
#include "log-priv.h"

enum { MOST_HELD = 1 << 14, MOST_PARENTS = 1024, MOST_SOUGHT = 32 };

static const char *text_of(const struct bs_log *log, bs_name name)
{
	return name ? bs_name_text(log->names, name) : "";
}

/* ---- pids ------------------------------------------------------------------------------------ */

static uint32_t pid_slot(const struct bs_log *log, uint32_t pid)
{
	uint32_t at = (pid * 2654435761u) & (log->n_by_pid - 1);

	while (log->by_pid[at] && log->images.v[log->by_pid[at] - 1].is.pid != pid)
		at = (at + 1) & (log->n_by_pid - 1);
	return at;
}

static void grow_pids(struct bs_log *log)
{
	uint32_t *old = log->by_pid, n = log->n_by_pid;

	log->n_by_pid = n ? n * 2 : 64;
	log->by_pid = bs_new(log->arena, uint32_t, log->n_by_pid);
	for (uint32_t i = 0; i < n; i++)
		if (old[i])
			log->by_pid[pid_slot(log, log->images.v[old[i] - 1].is.pid)] = old[i];
}

static struct bs_log_image *image_of(struct bs_log *log, uint32_t pid)
{
	if (!log->n_by_pid)
		return NULL;
	uint32_t index = log->by_pid[pid_slot(log, pid)];

	return index ? &log->images.v[index - 1] : NULL;
}

static struct bs_log_image *add_image(struct bs_log *log, uint32_t pid,
				      const struct bs_log_event *event)
{
	struct bs_log_image *before = image_of(log, pid);
	struct bs_log_image image = {
		.is = {
			.pid = pid,
			.generation = before ? before->is.generation + 1 : 0,
			.origin = BS_LOG_STARTED,
			.parent = BS_LOG_NOBODY,
			.first = event->place,
		},
		.is_last = true,
		.last_kind = BS_LOG_UNKNOWN,
	};

	if (before) {
		before->is_last = false;
		before->facts = (struct bs_log_facts){ 0 };
	}
	if (log->n_pids * 2 >= log->n_by_pid)
		grow_pids(log);
	log->n_pids += !before;
	bs_vec_push(log->arena, &log->images, image);
	log->by_pid[pid_slot(log, pid)] = log->images.n;
	return &log->images.v[log->images.n - 1];
}

/* ---- what a message says of its image -------------------------------------------------------- */

/* It can be the first of an image. BINDING is another matter. */
static bool may_be_first(enum bs_log_kind kind)
{
	switch ((int)kind) {
	case BS_LOG_NEEDED:
	case BS_LOG_LINK_MAP:
	case BS_LOG_FIND:
	case BS_LOG_SEARCH_PATH:
	case BS_LOG_TRYING:
	case BS_LOG_CACHE:
	case BS_LOG_AUXILIARY:
	case BS_LOG_VERSION:
	case BS_LOG_SCOPES:
	case BS_LOG_RELOCATION:
	case BS_LOG_STATISTICS:
	case BS_LOG_LOAD_ERROR:
	case BS_LOG_VERSION_ERROR:
	case BS_LOG_STEP:
		return true;
	default:
		return false;
	}
}

static bool is_of_vdso(const struct bs_log *log, const struct bs_log_event *event)
{
	return (event->kind == BS_LOG_BINDING && bs_log_is_vdso(text_of(log, event->from))) ||
	       (event->kind == BS_LOG_SYMBOL && bs_log_is_vdso(text_of(log, event->to)));
}

/* What the loader looks for in the vdso first of all (glibc dl-vdso-setup.h). */
static bool is_clock(const struct bs_log *log, bs_name symbol)
{
	const char *text = text_of(log, symbol);
	size_t n = strlen(text);

	return n >= 13 && strcmp(text + n - 13, "clock_gettime") == 0;
}

static bool is_libc(const char *name)
{
	const char *base = bs_log_base_name(name);

	return strncmp(base, "libc.so", 7) == 0 || strncmp(base, "libc-2.", 7) == 0;
}

static bool is_known(struct bs_log *log, const struct bs_log_image *image, bs_name name)
{
	const char *base = bs_log_base_name(text_of(log, name));

	return bs_log_has(&image->facts, BS_LOG_IS_OBJECT, name) ||
	       bs_log_has(&image->facts, BS_LOG_IS_BASE_NAME,
			  bs_log_name(log, (struct bs_span){ base, strlen(base) }));
}

static void add_object(struct bs_log *log, struct bs_log_image *image, bs_name name)
{
	if (!name || name == log->empty ||
	    !bs_log_add(log->arena, &image->facts, BS_LOG_IS_OBJECT, name))
		return;
	const char *base = bs_log_base_name(text_of(log, name));

	bs_log_add(log->arena, &image->facts, BS_LOG_IS_BASE_NAME,
		   bs_log_name(log, (struct bs_span){ base, strlen(base) }));
}

/* The total of a start-up (glibc elf/rtld.c:print_statistics). */
static bool is_start_total(const struct bs_log *log, const struct bs_log_event *event)
{
	return event->kind == BS_LOG_STATISTICS &&
	       strncmp(text_of(log, event->to), "total startup time", 18) == 0;
}

/* EVENT is the first of another image, whatever comes. */
static bool begins_image(struct bs_log *log, const struct bs_log_image *image,
			 const struct bs_log_event *event)
{
	bool has_control = image->is.phase >= BS_LOG_RUNNING;

	if (is_of_vdso(log, event)) {
		/* The others are looked for by IFUNC resolvers of libc, too, whenever these run. */
		if (!is_clock(log, event->symbol))
			return false;
		if (image->last_kind == BS_LOG_INIT && (!has_control || image->last_init_is_libc))
			return false;
		return image->has_spoken ||
		       event->symbol == (event->kind == BS_LOG_BINDING ? image->vdso_bound
								       : image->vdso_sought);
	}
	switch ((int)event->kind) {
	case BS_LOG_SCOPES:
		return image->is.n[BS_LOG_SCOPES] || image->is.phase > BS_LOG_LOADING;
	case BS_LOG_NEEDED:
		if (image->is.phase == BS_LOG_LOADING || event->from_ns == 0 ||
		    event->from_ns == BS_LOG_NO_NS) {
			bool by_program = event->from == image->is.program;

			return image->is.phase > BS_LOG_LOADING &&
			       (by_program || !is_known(log, image, event->from));
		}
		return false;
	case BS_LOG_STATISTICS:
		return is_start_total(log, event) && (image->counted_start || has_control);
	case BS_LOG_PREINIT:
	case BS_LOG_PROGRAM:
		return has_control;
	case BS_LOG_CONTROL:
		return has_control && image->last_kind != BS_LOG_PROGRAM;
	case BS_LOG_STEP:
		return !image->is.pid && event->number == 0 && image->is.n[BS_LOG_STEP];
	default:
		return false;
	}
}

/* It is done once for each object, unless that is closed or there are namespaces. */
static bool is_done_again(const struct bs_log_image *image, const struct bs_log_event *event)
{
	switch ((int)event->kind) {
	case BS_LOG_FIND:
		return event->to_ns == 0 &&
		       bs_log_has(&image->facts, BS_LOG_WAS_SEARCHED, event->to);
	case BS_LOG_RELOCATION:
		return bs_log_has(&image->facts, BS_LOG_WAS_RELOCATED, event->to);
	case BS_LOG_VERSION:
		return bs_log_has(&image->facts, BS_LOG_WAS_CHECKED, event->from);
	case BS_LOG_BINDING:
		return event->from == image->first_binding.from &&
		       event->to == image->first_binding.to &&
		       event->symbol == image->first_binding.symbol;
	default:
		return false;
	}
}

/* Both a start-up and a dlopen say such. */
static bool may_begin_image(const struct bs_log_image *image, const struct bs_log_event *event)
{
	switch ((int)event->kind) {
	case BS_LOG_FIND:
	case BS_LOG_RELOCATION:
	case BS_LOG_VERSION:
		return true;
	case BS_LOG_BINDING:
		return is_done_again(image, event);
	default:
		return false;
	}
}

/* ---- what is kept of it ---------------------------------------------------------------------- */

static void note_first_words(struct bs_log *log, struct bs_log_image *image,
			     const struct bs_log_event *event)
{
	if (is_of_vdso(log, event)) {
		bs_name *first =
			event->kind == BS_LOG_BINDING ? &image->vdso_bound : &image->vdso_sought;

		if (!*first)
			*first = event->symbol;
		if (!image->has_spoken)
			image->tells_starts = true;
		return;
	}
	image->has_spoken = true;
	image->last_kind = event->kind;
	image->last_init_is_libc = event->kind == BS_LOG_INIT && is_libc(text_of(log, event->to));
	if (event->kind == BS_LOG_BINDING && !image->first_binding.symbol) {
		image->first_binding.from = event->from;
		image->first_binding.to = event->to;
		image->first_binding.symbol = event->symbol;
	}
	image->tells_starts |= event->kind == BS_LOG_SCOPES || event->kind == BS_LOG_NEEDED ||
			       event->kind == BS_LOG_DYNAMIC;
	image->counted_start |= is_start_total(log, event);
}

static void note_objects(struct bs_log *log, struct bs_log_image *image,
			 const struct bs_log_event *event)
{
	struct bs_log_facts *facts = &image->facts;

	switch ((int)event->kind) {
	case BS_LOG_BINDING:
	case BS_LOG_NEEDED:
	case BS_LOG_DYNAMIC:
		add_object(log, image, event->from);
		add_object(log, image, event->to);
		break;
	case BS_LOG_FIND:
		add_object(log, image, event->to);
		bs_log_add(log->arena, facts, BS_LOG_WAS_SEARCHED, event->to);
		break;
	case BS_LOG_RELOCATION:
		add_object(log, image, event->to);
		bs_log_add(log->arena, facts, BS_LOG_WAS_RELOCATED, event->to);
		break;
	case BS_LOG_VERSION:
		add_object(log, image, event->to);
		bs_log_add(log->arena, facts, BS_LOG_WAS_CHECKED, event->from);
		break;
	case BS_LOG_LINK_MAP:
	case BS_LOG_OPENED:
	case BS_LOG_INIT:
	case BS_LOG_SCOPE_OF:
		add_object(log, image, event->to);
		break;
	default:
		break;
	}
}

static void note_phase(struct bs_log *log, struct bs_log_image *image,
		       const struct bs_log_event *event)
{
	struct bs_log_process *is = &image->is;
	enum bs_log_phase phase = is->phase;

	switch ((int)event->kind) {
	case BS_LOG_INIT:
	case BS_LOG_PREINIT:
	case BS_LOG_PROGRAM:
		phase = BS_LOG_STARTING;
		break;
	case BS_LOG_DYNAMIC:
	case BS_LOG_OPENED:
	case BS_LOG_CLOSING:
		/* Nobody opens anything before constructors run. */
		phase = BS_LOG_STARTING;
		break;
	case BS_LOG_CONTROL:
		phase = BS_LOG_RUNNING;
		break;
	case BS_LOG_FINI:
		/* The program's destructors come first, and before them nobody's but at a dlclose.
		 */
		if (event->to == log->empty || event->to == is->program) {
			if (phase < BS_LOG_RUNNING && is->origin == BS_LOG_STARTED &&
			    !is->n[BS_LOG_PROGRAM])
				is->origin = BS_LOG_CUT;
			phase = BS_LOG_ENDING;
		}
		break;
	default:
		break;
	}
	if (phase > is->phase)
		is->phase = phase;
	if (event->kind == BS_LOG_PROGRAM || event->kind == BS_LOG_CONTROL) {
		is->program = event->to;
		/* A start-up it is, even if it did not look like one (2.30 and before). */
		if (event->kind == BS_LOG_PROGRAM && is->origin != BS_LOG_STARTED &&
		    !is->n[BS_LOG_OPENED]) {
			is->origin = BS_LOG_STARTED;
			is->parent = BS_LOG_NOBODY;
		}
	} else if (!is->program && event->kind == BS_LOG_NEEDED && is->phase == BS_LOG_LOADING &&
		   is->origin == BS_LOG_STARTED) {
		is->program = event->from;
	} else if (!is->program && event->kind == BS_LOG_SCOPE_OF &&
		   image->last_kind == BS_LOG_SCOPES) {
		is->program = event->to;
	}
}

/* Takes EVENT in as one of IMAGE, and hands it on. */
static void take(struct bs_log *log, struct bs_log_image *image, struct bs_log_event *event)
{
	struct bs_log_process *is = &image->is;

	is->last = event->place;
	is->n_cut += event->is_cut;
	event->process = (uint32_t)(image - log->images.v);
	note_phase(log, image, event);
	is->n[event->kind]++;
	note_first_words(log, image, event);
	note_objects(log, image, event);
	bs_log_note_release(log, image, event);
	log->sink.event(log->sink.user, log, event);
}

/* ---- what is held back ----------------------------------------------------------------------- */

/* Hands on what IMAGE holds back, as words of its own or of the image that they began. */
static struct bs_log_image *release(struct bs_log *log, struct bs_log_image *image, bool is_new)
{
	const struct bs_log_event *held = image->held.v;
	uint32_t n = image->held.n, pid = image->is.pid;
	size_t index = (size_t)(image - log->images.v);

	image->held.n = 0;
	image->held_init = image->held_again = false;
	if (n && is_new) {
		struct bs_log_image *next = add_image(log, pid, &held[0]);

		/* The room is used again. */
		next->held = log->images.v[index].held;
		log->images.v[index].held.v = NULL;
		log->images.v[index].held.cap = 0;
		index = log->images.n - 1;
	}
	for (uint32_t i = 0; i < n; i++) {
		struct bs_log_event event = held[i];

		take(log, &log->images.v[index], &event);
	}
	return &log->images.v[index];
}

static void hold(struct bs_log *log, struct bs_log_image *image, const struct bs_log_event *event)
{
	struct bs_log_event copy = *event;

	if (event->n_list) {
		bs_name *list = bs_new(log->arena, bs_name, event->n_list);

		memcpy(list, event->list, event->n_list * sizeof *list);
		copy.list = list;
	}
	if (!image->held_init)
		image->held_again |= is_done_again(image, event);
	image->held_init |= event->kind == BS_LOG_INIT;
	bs_vec_push(log->arena, &image->held, copy);
}

/* What only an image with control says. */
static bool is_of_running(const struct bs_log_event *event)
{
	switch ((int)event->kind) {
	case BS_LOG_OPENED:
	case BS_LOG_CLOSING:
	case BS_LOG_DESTROYED:
	case BS_LOG_DYNAMIC:
	case BS_LOG_FINI:
		return true;
	default:
		return false;
	}
}

/* True when EVENT is held back; otherwise what was is handed on, and IMAGE may be another one. */
static bool holds(struct bs_log *log, struct bs_log_image **image, const struct bs_log_event *event)
{
	struct bs_log_image *i = *image;
	bool may_begin =
		!i->tells_starts && i->is.phase == BS_LOG_RUNNING && may_begin_image(i, event);

	if (!i->held.n) {
		if (may_begin)
			hold(log, i, event);
		return may_begin;
	}
	if (event->kind == BS_LOG_PROGRAM || event->kind == BS_LOG_PREINIT ||
	    event->kind == BS_LOG_CONTROL) {
		*image = release(log, i, true);
		return false;
	}
	/* libc's constructor, which is held back, asks the vdso (2.30 and before). */
	bool is_of_init = is_of_vdso(log, event) && i->held_init;

	if (is_of_running(event) || i->held.n == MOST_HELD ||
	    (!is_of_init && begins_image(log, i, event))) {
		*image = release(log, i, false);
		return false;
	}
	/* Constructors lie between: an earlier dlopen, unless it was the start-up itself. */
	if (may_begin && i->held_init && !i->held_again)
		i = *image = release(log, i, false);
	hold(log, i, event);
	return true;
}

/* ---- whose it is ----------------------------------------------------------------------------- */

/* The one process that can have had a child which says EVENT; or NOBODY. */
static uint32_t parent_of(struct bs_log *log, const struct bs_log_event *event, uint32_t child)
{
	bs_name object = event->from && event->from != log->empty ? event->from : event->to;
	uint32_t found = BS_LOG_NOBODY;

	if (!object || object == log->empty)
		return found;
	for (uint32_t i = log->images.n; i-- > 0 && log->images.n - i <= MOST_PARENTS;) {
		const struct bs_log_image *image = &log->images.v[i];

		if (!image->is_last || image->is.phase < BS_LOG_RUNNING || i == child)
			continue;
		if (!is_known(log, image, object) && object != image->is.program)
			continue;
		if (found != BS_LOG_NOBODY)
			return BS_LOG_NOBODY;
		found = i;
	}
	return found;
}

/* A child that was forked says little at first: who its parent is may come out later. */
static void seek_parent(struct bs_log *log, struct bs_log_image *image,
			const struct bs_log_event *event)
{
	uint32_t parent = parent_of(log, event, (uint32_t)(image - log->images.v));

	image->n_sought++;
	if (parent == BS_LOG_NOBODY)
		return;
	image->is.parent = parent;
	if (!image->is.program)
		image->is.program = log->images.v[parent].is.program;
}

/* The first words of a pid. */
static struct bs_log_image *meet(struct bs_log *log, uint32_t pid, const struct bs_log_event *event)
{
	bool is_start = may_be_first(event->kind) || is_of_vdso(log, event);
	bool is_first = log->images.n == 0;
	struct bs_log_image *image = add_image(log, pid, event);

	if (is_start)
		return image;
	image->is.origin = is_first ? BS_LOG_CUT : BS_LOG_FORKED;
	/* It begins where its parent was. Before 2.31 the first bindings of a start-up look like
	 * that, too. */
	if (!is_first && (event->kind != BS_LOG_BINDING || log->images.v[0].tells_starts)) {
		image->is.phase = BS_LOG_RUNNING;
		image->tells_starts = log->images.v[0].tells_starts;
	}
	return image;
}

void bs_log_take(struct bs_log *log, uint32_t pid, struct bs_log_event *event)
{
	struct bs_log_image *image = image_of(log, pid);

	if (!image)
		image = meet(log, pid, event);
	if (holds(log, &image, event))
		return;
	if (begins_image(log, image, event))
		image = add_image(log, pid, event);
	if (image->is.origin == BS_LOG_FORKED && image->is.parent == BS_LOG_NOBODY &&
	    image->n_sought < MOST_SOUGHT)
		seek_parent(log, image, event);
	take(log, image, event);
}

void bs_log_release(struct bs_log *log)
{
	for (uint32_t i = 0; i < log->images.n; i++)
		if (log->images.v[i].held.n)
			release(log, &log->images.v[i], false);
}

uint32_t bs_log_n_processes(const struct bs_log *log)
{
	return log->images.n;
}

const struct bs_log_process *bs_log_process(const struct bs_log *log, uint32_t i)
{
	return &log->images.v[i].is;
}
