/* SPDX-License-Identifier: MIT */
/* `bindsim scan`: the runs are made by many threads on one store, and told in the order of the
 * programs. */
#include "scan-journal.h"

#include "sets.h"

#include "../base/guard.h"
#include "../search/search.h"

#include <stdlib.h>
#include <string.h>

enum {
	WINDOW = 64,	       /* programs for each thread that are begun and not written */
	MOST_IMAGES = 1 << 14, /* a process may have some 65,000 mappings */
	ANSWERS_OF_MEMORY = 4, /* the part of it that answers to references may take */
	READ_BETWEEN_RESTS =
		512 /* images: a rest that brings little is not to come at once again */
};

/* The lines of a program's records, each with a newline, in an arena of its own. */
struct product {
	struct bs_arena *arena; /* NULL: there are none, for want of: */
	const char *lacks;
	bool is_unanswered; /* one of its runs */
	BS_VEC(char) lines;
	bs_scan_sources sources;
};

/* What a thread has of its own. */
struct worker {
	struct bs_store *store; /* with the images of all */
	struct bs_arena *arena;
	struct bs_scan_options options;
	/* Its last product where it had no more of something, and of what, else "": what it keeps
	 * between programs may be half made then. */
	struct product nothing;
	char problem[BS_LONGEST_PROBLEM];
};

struct scan {
	struct bs_arena *arena;
	const struct bs_command_line *line;
	struct bs_store *store;
	struct worker *workers;
	uint32_t n_workers;
	bs_scan_subjects subjects;
	bs_scan_plugins plugins;
	struct bs_scan_head head;
	struct bs_scan_answer answer;
	struct bs_scan_journal *journal; /* or NULL */
	bs_ids todo;			 /* subjects that are not in it */
	uint32_t n_told;		 /* subjects */
	struct bs_fs *fs;		 /* the files of all programs; NULL: nobody wants them */
	uint32_t n_read;		 /* images, by the last rest */
	const char *lacks;		 /* what there was no more of; or NULL */
};

/* ---- a program ------------------------------------------------------------------------------- */

static void add_record(struct product *product, const struct bs_scan_record *record)
{
	const char *line = bs_scan_line(product->arena, record);
	uint32_t n = (uint32_t)strlen(line);

	bs_vec_reserve(product->arena, &product->lines, n + 2);
	memcpy(product->lines.v + product->lines.n, line, n);
	memcpy(product->lines.v + product->lines.n + n, "\n", 2);
	product->lines.n += n + 1;
	product->is_unanswered |= record->outcome == BS_SCAN_UNANSWERED;
}

static struct bs_plan plan_of(const struct scan *scan, struct product *product,
			      const struct bs_scan_subject *subject)
{
	struct bs_plan plan = scan->line->plan;

	plan.executable = subject->path;
	if (!subject->is_library)
		return plan;
	struct bs_step *step = bs_new(product->arena, struct bs_step, 1);

	*step = (struct bs_step){
		.kind = BS_STEP_DLOPEN,
		.file = subject->path,
		.mode = BS_MODE_NOW | BS_MODE_LOCAL,
		.spelled = "NOW,LOCAL",
	};
	plan.executable = BS_UNKNOWN_HOST;
	plan.unknown_program = subject->path;
	plan.steps = step;
	plan.n_steps = 1;
	return plan;
}

/* The plan of a program, and behind its steps those of N plugins. */
static struct bs_plan plan_with(struct product *product, const struct bs_plan *base,
				const struct bs_scan_plugin *const *plugins, uint32_t n)
{
	struct bs_step *steps = bs_new(product->arena, struct bs_step, base->n_steps + n);
	struct bs_plan plan = *base;

	if (base->n_steps)
		memcpy(steps, base->steps, base->n_steps * sizeof *steps);
	for (uint32_t i = 0; i < n; i++)
		steps[base->n_steps + i] = plugins[i]->step;
	plan.steps = steps;
	plan.n_steps = base->n_steps + n;
	return plan;
}

/* Each plugin that the program can have, alone, and all of them. */
static void run_plugins(const struct scan *scan, const struct worker *worker,
			struct product *product, const struct bs_plan *plan,
			const struct bs_scan_record *bare, const struct bs_scan_known *known)
{
	BS_VEC(const struct bs_scan_plugin *) fitting = { 0 };

	bs_vec_each (i, &scan->plugins)
		if (bare->machine && strcmp(scan->plugins.v[i].machine, bare->machine) == 0)
			bs_vec_push(product->arena, &fitting, &scan->plugins.v[i]);
	for (uint32_t i = 0; i <= fitting.n; i++) {
		bool all = i == fitting.n;
		struct bs_scan_record record = { .path = bare->path };

		if (all && fitting.n < 2)
			return;
		record.n_plugins = all ? fitting.n : 1;
		record.plugin = all ? fitting.v[0]->directory : fitting.v[i]->step.file;
		const struct bs_plan longer =
			plan_with(product, plan, all ? fitting.v : &fitting.v[i], record.n_plugins);

		bs_scan_run(product->arena, &longer, worker->store, &worker->options, known, NULL,
			    &product->sources, &record);
		add_record(product, &record);
	}
}

static void run_program(const struct scan *scan, const struct worker *worker,
			struct product *product, const struct bs_scan_subject *subject)
{
	const struct bs_plan plan = plan_of(scan, product, subject);
	bool has_plugins = scan->plugins.n && !subject->is_library;
	struct bs_scan_known known = { 0 };
	struct bs_scan_record record = {
		.path = subject->path,
		.is_library = subject->is_library,
	};

	bs_scan_run(product->arena, &plan, worker->store, &worker->options, NULL,
		    has_plugins ? &known : NULL, &product->sources, &record);
	add_record(product, &record);
	if (has_plugins && record.outcome != BS_SCAN_UNANSWERED)
		run_plugins(scan, worker, product, &plan, &record, &known);
}

static void *make(void *user, uint32_t thread, uint32_t item)
{
	const struct scan *scan = user;
	struct worker *worker = &scan->workers[thread];
	struct bs_arena *arena = *worker->problem ? NULL : bs_arena_new();
	struct bs_scan_subject subject = scan->subjects.v[scan->todo.v[item]];

	if (!arena || BS_ON_OUT_OF_MEMORY(arena)) {
		/* Another thread tells it. */
		if (!*worker->problem)
			strcpy(worker->problem, bs_arena_problem());
		bs_arena_free(arena);
		worker->nothing.lacks = worker->problem;
		return &worker->nothing;
	}
	bs_arena_unwind_with(worker->arena, arena);
	struct product *product = bs_new(arena, struct product, 1);

	product->arena = arena;
	run_program(scan, worker, product, &subject);
	/* A file that was written to is another one for those that come. */
	if (product->is_unanswered)
		bs_store_forget(worker->store, BS_KEPT_PATHS);
	/* The next program is another one: by map, of lookups nothing is to be met again. */
	bs_store_forget(worker->store, BS_KEPT_LOOKUPS);
	return product;
}

/* ---- all of them ----------------------------------------------------------------------------- */

/* Takes LINES to the answer; these are the tool's own, or the journal's. */
static bool answer_lines(struct scan *scan, const char *lines)
{
	for (const char *at = lines, *end; (end = strchr(at, '\n')); at = end + 1) {
		const char *problem = bs_scan_answer_take(&scan->answer, at, (size_t)(end - at));

		if (!problem)
			continue;
		bs_complain("%s: %s: %s", scan->journal ? scan->line->scan.journal : "scan",
			    scan->subjects.v[scan->n_told].path, problem);
		return false;
	}
	scan->n_told++;
	bs_scan_answer_program(&scan->answer);
	return true;
}

/* Tells what the journal has of the subjects before END. */
static bool tell_known(struct scan *scan, uint32_t end)
{
	while (scan->n_told < end) {
		struct bs_arena *scratch = bs_arena_new();

		if (!scratch)
			bs_arena_exhausted(scan->arena);
		bs_arena_unwind_with(scratch, scan->arena);
		const char *lines = bs_scan_journal_records(scan->journal, scratch, scan->n_told);
		bool ok = lines && answer_lines(scan, lines);

		bs_arena_free(scratch);
		if (!ok)
			return false;
	}
	return true;
}

/* A program that was run, and what comes before it. */
struct told {
	struct scan *scan;
	const struct product *product;
	uint32_t item;
	bool ok;
};

static void tell(void *user)
{
	struct told *told = user;
	struct scan *scan = told->scan;
	const struct product *product = told->product;

	told->ok = tell_known(scan, scan->todo.v[told->item]);
	if (told->ok && scan->journal) {
		bs_arena_unwind_with(product->arena, scan->arena);
		told->ok = bs_scan_journal_add(scan->journal, product->arena, &product->sources,
					       product->lines.v);
	}
	told->ok = told->ok && answer_lines(scan, product->lines.v);
}

static void drop(void *user, void *made)
{
	struct product *product = made;

	(void)user;
	bs_arena_free(product->arena);
}

static bool take(void *user, uint32_t item, void *made)
{
	struct scan *scan = user;
	struct product *product = made;

	scan->lacks = product->lacks;
	if (scan->lacks)
		return false;
	struct told told = { .scan = scan, .product = product, .item = item };

	/* The threads have to be ended first. */
	if (!bs_arena_try(scan->arena, tell, &told)) {
		scan->lacks = bs_arena_problem();
		told.ok = false;
	}
	drop(scan, product);
	return told.ok;
}

static bool is_full(void *user)
{
	const struct scan *scan = user;
	const struct bs_store_counts counts = bs_store_count(scan->store);

	return counts.n_images > MOST_IMAGES ||
	       bs_answers_count(scan->store).n_bytes >
		       scan->line->scan.memory / ANSWERS_OF_MEMORY ||
	       (counts.n_read - scan->n_read >= READ_BETWEEN_RESTS &&
		bs_memory_in_use() > scan->line->scan.memory);
}

static void rest(void *user)
{
	struct scan *scan = user;
	uint64_t much = scan->line->scan.memory / 4 * 3;

	bs_store_forget(scan->store, BS_KEPT_ANSWERS);
	for (uint32_t i = 0; i < scan->n_workers; i++)
		for (enum bs_kept kept = 0; kept < BS_KEPT_COUNT_; kept++)
			bs_store_forget(scan->workers[i].store, kept);
	bs_store_drop_rare(scan->store);
	if (bs_store_count(scan->store).n_images > MOST_IMAGES / 2 || bs_memory_in_use() > much)
		bs_store_trim(scan->store);
	scan->n_read = bs_store_count(scan->store).n_read;
}

/* ---- before and after ------------------------------------------------------------------------ */

/* A directory may come from several places, such as two variables of a script. */
static bool has_plugins_of(const struct scan *scan, const char *place, uint32_t mode)
{
	bs_vec_each (i, &scan->plugins)
		if (scan->plugins.v[i].step.mode == mode &&
		    strcmp(scan->plugins.v[i].place, place) == 0)
			return true;
	return false;
}

static bool find_plugins(struct scan *scan)
{
	const struct bs_scan_line *asked = &scan->line->scan;

	bs_vec_each (i, &asked->plugins) {
		struct bs_step like;
		const char *hint;
		bs_set_files files = { 0 };

		bs_parse_step(scan->arena, BS_STEP_DLOPEN, asked->plugins.v[i], &like, &hint);
		if (hint)
			bs_complain("--plugins '%s': %s", asked->plugins.v[i], hint);
		const char *place = bs_set_place(scan->arena, &scan->line->plan, like.file);

		if (has_plugins_of(scan, place, like.mode))
			continue;
		if (!bs_set_find(scan->arena, &scan->line->plan, like.file, false, &files))
			return false;
		bs_set_keep(&files, BS_FILE_SHARED_OBJECT, NULL);
		if (!files.n) {
			bs_complain("--plugins %s: no shared object in it", like.file);
			return false;
		}
		bs_vec_each (k, &files) {
			struct bs_scan_plugin plugin = { like, files.v[k].look.machine, like.file,
							 place };

			plugin.step.file = files.v[k].path;
			bs_vec_push(scan->arena, &scan->plugins, plugin);
		}
	}
	return true;
}

static bool shows(const struct bs_command_line *line, unsigned part)
{
	bool does = false;

	bs_vec_each (i, &line->outputs)
		does |= line->outputs.v[i].show & part;
	return does;
}

static void make_head(struct scan *scan)
{
	const struct bs_command_line *line = scan->line;
	struct bs_scan_head *head = &scan->head;

	head->paths = line->scan.paths;
	head->has_root = line->plan.root != NULL;
	head->is_list = line->scan.reads_list;
	head->libraries = line->scan.libraries;
	/* What counts is told. */
	head->notes = shows(line, BS_SCAN_NOTES) || line->fail_on == BS_LEVEL_NOTE;
	head->objects = shows(line, BS_SCAN_OBJECTS);
	head->exports = shows(line, BS_SCAN_EXPORTS);
	head->bindings = shows(line, BS_SCAN_BINDINGS);
	head->n_subjects = scan->subjects.n;
	head->part = line->scan.part;
	head->n_parts = line->scan.n_parts;
	head->fail_on = line->fail_on;
	head->has_baseline = line->check.known != NULL;
	if (line->check.policy) {
		head->policy = line->check.policy->path;
		head->watches =
			bs_policy_watches(scan->arena, line->check.policy, line->check.today);
	}
	bs_vec_each (i, &scan->plugins)
		bs_vec_push(scan->arena, &head->plugins,
			    bs_step_words(scan->arena, &scan->plugins.v[i].step));
	for (uint32_t i = 0; i < line->plan.n_steps; i++)
		bs_vec_push(scan->arena, &head->steps,
			    bs_step_words(scan->arena, &line->plan.steps[i]));
}

static void keep_part(struct scan *scan)
{
	uint32_t n = 0;

	if (!scan->head.n_parts)
		return;
	bs_vec_each (i, &scan->subjects)
		if (bs_scan_part_of(scan->subjects.v[i].path, scan->head.n_parts) ==
		    scan->head.part)
			scan->subjects.v[n++] = scan->subjects.v[i];
	scan->subjects.n = n;
}

static bool begin_workers(struct scan *scan, uint32_t n_items)
{
	uint32_t n = scan->line->scan.jobs < n_items ? scan->line->scan.jobs : n_items;

	n = n ? n : 1;
	scan->workers = bs_new(scan->arena, struct worker, n);
	for (; scan->n_workers < n; scan->n_workers++) {
		struct worker *worker = &scan->workers[scan->n_workers];
		struct bs_scan_options *options = &worker->options;

		worker->arena = bs_arena_new();
		worker->store = bs_store_share(scan->store);
		if (!worker->arena || !worker->store)
			bs_arena_exhausted(scan->arena);
		bs_arena_unwind_with(worker->arena, scan->arena);
		bs_store_keeps(worker->store, BS_KEPT_PATHS);
		bs_store_keeps(worker->store, BS_KEPT_ANSWERS);
		/* Where runs are of the same program. */
		if (scan->plugins.n)
			bs_store_keeps(worker->store, BS_KEPT_LOOKUPS);
		/* They are read on the way, which is nothing for several threads. */
		options->check.library_db = bs_libraries_open(worker->arena, scan->line);
		if (!options->check.library_db)
			return false;
		options->check.shows_notes = scan->head.notes;
		options->lists_objects = scan->head.objects;
		options->lists_bindings = scan->head.bindings;
		options->policy = scan->line->check.policy;
		options->today = scan->line->check.today;
		options->lists_files = scan->line->scan.journal != NULL;
	}
	return true;
}

static void end_workers(struct scan *scan)
{
	for (uint32_t i = 0; i < scan->n_workers; i++) {
		bs_store_free(scan->workers[i].store);
		bs_arena_free(scan->workers[i].arena);
	}
}

static enum bs_exit run(struct scan *scan)
{
	uint32_t n_items;

	bs_vec_each (i, &scan->subjects)
		if (!bs_scan_journal_has(scan->journal, i))
			bs_vec_push(scan->arena, &scan->todo, i);
	n_items = scan->todo.n;
	if (!begin_workers(scan, n_items))
		return bs_scan_answer_drop(&scan->answer);
	const struct bs_crew_work work = {
		.n_items = n_items,
		.n_threads = scan->n_workers,
		.window = WINDOW * scan->n_workers,
		.user = scan,
		.make = make,
		.take = take,
		.drop = drop,
		.is_full = is_full,
		.rest = rest,
	};
	bool ok = bs_crew_run(&work) && tell_known(scan, scan->subjects.n);

	if (scan->lacks)
		bs_complain("%s", scan->lacks);
	return ok ? bs_scan_answer_end(&scan->answer) : bs_scan_answer_drop(&scan->answer);
}

/* ---- files ----------------------------------------------------------------------------------- */

static bool open_files(struct scan *scan, const struct bs_ctx *ctx)
{
	if (!scan->line->scan.journal && !scan->head.exports)
		return true;
	scan->fs = bs_plan_files(ctx, &scan->line->plan);
	if (!scan->fs)
		bs_complain("%s", ctx->diags->list.v[ctx->diags->list.n - 1].detail);
	return scan->fs != NULL;
}

static bool describe(void *user, struct bs_arena *scratch, struct bs_scan_file *file)
{
	struct scan *scan = user;
	struct bs_diags diags = { .arena = scratch };
	const struct bs_ctx ctx = { scratch, bs_names_new(scratch), &diags };
	int fd = bs_fs_open_file(scan->fs, file->name);
	const struct bs_image *image =
		fd < 0 ? NULL : bs_store_acquire_closing(scan->store, &ctx, fd, file->name);

	if (!image)
		return false;
	bs_scan_describe(scratch, image, file);
	bs_store_release(scan->store, image);
	file->path = bs_fs_canonical(scan->fs, &ctx, file->name);
	return true;
}

static enum bs_exit make_answer(struct scan *scan, uint64_t question)
{
	const char *path = scan->line->scan.journal;

	if (!bs_scan_answer_begin(&scan->answer, scan->arena, scan->line, &scan->head,
				  scan->subjects.n))
		return BS_EXIT_TROUBLE;
	scan->answer.describe = describe;
	scan->answer.user = scan;
	if (path) {
		scan->journal = bs_scan_journal_open(scan->arena, path, question, scan->fs,
						     &scan->subjects);
		if (!scan->journal)
			return bs_scan_answer_drop(&scan->answer);
	}
	return run(scan);
}

static enum bs_exit scan_all(struct scan *scan)
{
	struct bs_diags diags = { .arena = scan->arena };
	const struct bs_ctx ctx = { scan->arena, bs_names_new(scan->arena), &diags };
	uint64_t question;

	bs_sentries_post(MOST_IMAGES);
	if (!bs_scan_find(scan->arena, scan->line, &scan->subjects, &scan->head.skipped) ||
	    !find_plugins(scan))
		return BS_EXIT_TROUBLE;
	/* Of a list nobody knows what it will have, and none of it may be no mistake. What cannot
	 * be read has a message of its own. */
	if (!scan->subjects.n && !scan->line->scan.reads_list && !scan->head.skipped.unreadable)
		bs_complain("scan: no program is there; %sbindsim check asks about a directory of "
			    "shared objects, or an archive",
			    scan->line->scan.libraries
				    ? ""
				    : "--libraries asks about shared objects, too, and ");
	make_head(scan);
	if (!open_files(scan, &ctx) ||
	    !bs_scan_question(scan->arena, scan->line, &scan->subjects, &scan->plugins, &scan->head,
			      scan->fs ? bs_fs_cwd(scan->fs) : NULL, &question))
		return BS_EXIT_TROUBLE;
	keep_part(scan);
	enum bs_exit status = make_answer(scan, question);

	if (!bs_scan_journal_close(scan->journal))
		status = BS_EXIT_TROUBLE;
	end_workers(scan);
	if (scan->fs)
		bs_fs_close(scan->fs);
	return status;
}

enum bs_exit bs_scan_command(struct bs_arena *arena, const struct bs_command_line *line,
			     struct bs_store *store)
{
	struct scan scan = { .arena = arena, .line = line, .store = store };

	return line->scan.merge ? bs_scan_merge(arena, line) : scan_all(&scan);
}
