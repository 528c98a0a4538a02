/* SPDX-License-Identifier: MIT */
/* `bindsim order`: what it tries, where its answer goes, and the exit status. */
#include "options-priv.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_MAX_ORDERS = 50000, MOST_PAIR_FILES = 1000 };

/* ---- the command line ------------------------------------------------------------------------ */

bool bs_read_max_orders(struct bs_option_reader *r, const char *text)
{
	char *end;
	uint32_t n = bs_number_in(text, MOST_MAX_ORDERS, &end);

	if (!n || *end) {
		bs_complain("--max-orders '%s': a number from 1 to %d is wanted", text,
			    MOST_MAX_ORDERS);
		return false;
	}
	r->line->order.max_orders = n;
	return true;
}

bool bs_order_open(struct bs_option_reader *r)
{
	static const struct bs_format *const formats[] = { &bs_format_order_text,
							   &bs_format_order_json, NULL };
	struct bs_command_line *line = r->line;

	if (line->order.pairs && line->plan.root) {
		bs_complain("--pairs lists a directory of this machine, and has no --root");
		return false;
	}
	if (line->order.pairs && line->order.max_orders) {
		bs_complain("--pairs has two orders a pair, and no --max-orders");
		return false;
	}
	bs_add_own_output(r, NULL);
	return bs_use_formats(r->arena, line, formats);
}

/* ---- the files of --pairs -------------------------------------------------------------------- */

struct listed {
	const char *path; /* as the process opens it */
	dev_t dev;
	ino_t ino;
};

typedef BS_VEC(struct listed) listing;

/* What the file PATH is; BS_PEEKED_LIBRARY, too, for one that says so and is damaged: the loader
 * will say in what. */
static enum bs_peeked what_is(struct bs_arena *arena, const char *path, struct stat *ret)
{
	unsigned char bytes[EI_NIDENT + 2];
	int fd = bs_open_at(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	enum bs_peeked kind = BS_PEEKED_OTHER;

	if (fd < 0)
		bs_must_not_lack(arena, path);
	if (fd >= 0 && fstat(fd, ret) == 0 && S_ISREG(ret->st_mode))
		kind = bs_peek(fd);
	if (kind != BS_PEEKED_PROGRAM && kind != BS_PEEKED_STATIC && kind != BS_PEEKED_LIBRARY &&
	    kind != BS_PEEKED_DEBUG && fd >= 0 &&
	    bs_read_up_to(fd, bytes, sizeof bytes, 0) == sizeof bytes &&
	    memcmp(bytes, ELFMAG, SELFMAG) == 0 &&
	    bytes[EI_NIDENT + (bytes[EI_DATA] == ELFDATA2MSB)] == ET_DYN)
		kind = BS_PEEKED_LIBRARY;
	if (fd >= 0)
		close(fd);
	return kind;
}

static int by_path(const void *a, const void *b)
{
	const struct listed *x = a, *y = b;

	return strcmp(x->path, y->path);
}

/* Names that lead to one file are one. */
static void drop_repeated(listing *files)
{
	uint32_t n = 0;

	bs_vec_each (i, files) {
		bool known = false;

		for (uint32_t k = 0; k < n && !known; k++)
			known = files->v[k].dev == files->v[i].dev &&
				files->v[k].ino == files->v[i].ino;
		if (!known)
			files->v[n++] = files->v[i];
	}
	files->n = n;
}

/* What is linked as a program cannot be opened, however it is made. */
static void tell_left_out(listing *programs)
{
	if (!programs->n)
		return;
	qsort(programs->v, programs->n, sizeof *programs->v, by_path);
	if (programs->n == 1)
		bs_complain("--pairs: %s is left out: it is a program", programs->v[0].path);
	else
		bs_complain("--pairs: %u programs are left out, the first: %s", programs->n,
			    programs->v[0].path);
}

static bool list_files(struct bs_arena *arena, const char *directory, const char *cwd,
		       listing *files)
{
	const char *prefix = cwd && *directory != '/' ? bs_arena_printf(arena, "%s/", cwd) : "";
	const char *place = bs_arena_printf(arena, "%s%s", prefix, directory);
	int fd = bs_open_at(AT_FDCWD, place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	struct stat st = { 0 };
	listing programs = { 0 };

	if (!dir) {
		bs_complain("--pairs %s: %s", place, strerror(errno));
		return false;
	}
	while ((errno = 0, entry = readdir(dir))) {
		const char *path = bs_arena_printf(arena, "%s/%s", directory, entry->d_name);

		enum bs_peeked kind =
			what_is(arena, bs_arena_printf(arena, "%s%s", prefix, path), &st);
		const struct listed listed = { path, st.st_dev, st.st_ino };

		if (kind == BS_PEEKED_LIBRARY)
			bs_vec_push(arena, files, listed);
		else if (kind == BS_PEEKED_PROGRAM || kind == BS_PEEKED_STATIC)
			bs_vec_push(arena, &programs, listed);
	}
	int error = errno;

	closedir(dir);
	if (error) {
		bs_complain("--pairs %s: %s", place, strerror(error));
		return false;
	}
	if (files->n)
		qsort(files->v, files->n, sizeof *files->v, by_path);
	drop_repeated(files);
	tell_left_out(&programs);
	if (files->n >= 2 && files->n <= MOST_PAIR_FILES)
		return true;
	bs_complain(files->n < 2 ? "--pairs %s: no two shared objects are there"
				 : "--pairs %s: there are more than 1000 shared objects",
		    place);
	return false;
}

/* DIR[:FLAGS], as that of --dlopen; DIR keeps no slash at its end. */
static const char *directory_of(struct bs_arena *arena, const char *text, struct bs_step *ret)
{
	const char *hint, *directory;

	bs_parse_step(arena, BS_STEP_DLOPEN, text, ret, &hint);
	if (hint)
		bs_complain("--pairs '%s': %s", text, hint);
	directory = ret->file;
	size_t n = strlen(directory);

	while (n > 1 && directory[n - 1] == '/')
		n--;
	return bs_arena_strndup(arena, directory, n);
}

/* ---- the answer ------------------------------------------------------------------------------ */

/* One of the two is NULL. */
struct answer {
	const struct bs_order_result *order;
	const struct bs_pairs_result *pairs;
};

static bool write_answer(struct bs_arena *arena, const struct bs_command_line *line,
			 const struct bs_output *output, const struct answer *answer)
{
	struct bs_begun_output begun;

	if (!bs_output_begin(arena, line, output, &begun))
		return false;
	if (output->format == &bs_format_order_json)
		bs_order_json(&begun.report, arena, answer->order, answer->pairs);
	else if (answer->order)
		bs_order_text(&begun.report, arena, answer->order);
	else
		bs_order_pairs_text(&begun.report, arena, answer->pairs);
	return bs_output_end(&begun);
}

static enum bs_exit conclude(const struct bs_command_line *line, const struct answer *answer)
{
	bool refused = answer->order ? answer->order->refused : answer->pairs->refused;
	enum bs_level worst = answer->order ? answer->order->worst : answer->pairs->worst;

	if (refused) {
		bs_complain(answer->pairs ? "a file is refused, alone or in some order of a pair"
					  : "a step is refused in some order");
		return BS_EXIT_REFUSED;
	}
	if (line->fail_on == BS_LEVEL_NONE || worst < line->fail_on)
		return BS_EXIT_OK;
	bs_complain("a finding of some order reaches --fail-on=%s", bs_level_name(line->fail_on));
	return BS_EXIT_REFUSED;
}

static enum bs_exit finish(struct bs_arena *arena, const struct bs_command_line *line,
			   const struct answer *answer)
{
	const struct bs_order_result *order = answer->order;
	const struct bs_pairs_result *pairs = answer->pairs;
	enum bs_sim_status status = order ? order->status : pairs->status;

	if (status == BS_SIM_CANNOT)
		bs_complain_of_plan(arena, &line->plan, "", order ? order->problem : pairs->problem,
				    order ? order->instead : pairs->instead);
	else if (status != BS_SIM_OK)
		bs_complain("%s", bs_arena_problem());
	if (status != BS_SIM_OK)
		return BS_EXIT_TROUBLE;
	bs_vec_each (i, &line->outputs)
		if (!write_answer(arena, line, &line->outputs.v[i], answer))
			return BS_EXIT_TROUBLE;
	bs_print_diagnostics(arena, order ? &order->diags : &pairs->diags, line->verbose);
	return conclude(line, answer);
}

static enum bs_exit try_pairs(struct bs_arena *arena, const struct bs_command_line *line,
			      struct bs_study *study)
{
	struct bs_step like;
	const char *directory = directory_of(arena, line->order.pairs, &like);
	listing files = { 0 };

	if (!list_files(arena, directory, line->plan.cwd, &files))
		return BS_EXIT_TROUBLE;
	struct bs_step *steps = bs_new(arena, struct bs_step, files.n);

	bs_vec_each (i, &files) {
		steps[i] = like;
		steps[i].file = files.v[i].path;
	}
	const struct bs_pairs_result result =
		bs_order_pairs(study, arena, &line->plan, steps, files.n, &line->selection);

	return finish(arena, line, &(struct answer){ .pairs = &result });
}

enum bs_exit bs_order_command(struct bs_arena *arena, const struct bs_command_line *line,
			      struct bs_store *store, struct bs_library_db *library_db)
{
	const struct bs_check_options check = { .library_db = library_db };
	struct bs_study *study = bs_study_new(arena, store, &check);
	uint32_t most = line->order.max_orders ? line->order.max_orders : BS_MAX_ORDERS;

	if (line->order.pairs)
		return try_pairs(arena, line, study);
	struct bs_orders orders = bs_orders_of(arena, &line->plan, most);
	const struct bs_order_result result = bs_order_run(study, arena, &orders);

	return finish(arena, line, &(struct answer){ .order = &result });
}
