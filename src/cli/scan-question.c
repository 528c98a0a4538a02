/* SPDX-License-Identifier: MIT */
/* What makes two scans one and the same: for parts that are to be merged, and for journals. */
#include "scan-priv.h"

#include <string.h>

/* ---- numbers --------------------------------------------------------------------------------- */

struct bs_scan_hash bs_scan_hash_new(void)
{
	return (struct bs_scan_hash){ UINT64_C(0xcbf29ce484222325) };
}

void bs_scan_hash_bytes(struct bs_scan_hash *hash, const void *bytes, size_t n)
{
	const uint8_t *s = bytes;

	for (size_t i = 0; i < n; i++)
		hash->state = (hash->state ^ s[i]) * UINT64_C(0x100000001b3);
}

/* With its end, so that no two lists of texts are alike; NULL is no text. */
static void hash_text(struct bs_scan_hash *hash, const char *text)
{
	bs_scan_hash_bytes(hash, text ? "t" : "n", 1);
	if (text)
		bs_scan_hash_bytes(hash, text, strlen(text) + 1);
}

static void hash_number(struct bs_scan_hash *hash, uint64_t number)
{
	uint8_t bytes[sizeof number];

	/* The same on machines of either byte order. */
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(number >> (8 * i));
	bs_scan_hash_bytes(hash, bytes, sizeof bytes);
}

uint64_t bs_scan_hash_end(struct bs_scan_hash hash)
{
	uint64_t h = hash.state;

	h = (h ^ h >> 33) * UINT64_C(0xff51afd7ed558ccd);
	h = (h ^ h >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	return h ^ h >> 33;
}

uint64_t bs_scan_sum(const char *bytes, size_t n)
{
	struct bs_scan_hash hash = bs_scan_hash_new();

	bs_scan_hash_bytes(&hash, bytes, n);
	return bs_scan_hash_end(hash);
}

uint32_t bs_scan_part_of(const char *path, uint32_t n)
{
	struct bs_scan_hash hash = bs_scan_hash_new();

	bs_scan_hash_bytes(&hash, path, strlen(path));
	return (uint32_t)(bs_scan_hash_end(hash) % n) + 1;
}

/* ---- the question ---------------------------------------------------------------------------- */

/* The plan of all programs, as a plan file has it. Where its root lies is no matter of the answer.
 */
static const char *plan_text(struct bs_arena *arena, const struct bs_command_line *line)
{
	struct bs_writer *writer = bs_new(arena, struct bs_writer, 1);
	struct bs_report report = { .format = &bs_format_plan, .writer = writer };
	struct bs_plan plan = line->plan;

	writer->arena = arena;
	plan.root = plan.root ? "/" : NULL;
	plan.search_path = NULL;
	plan.executable = "program";
	bs_format_plan.question(&report, arena, &plan);
	return bs_writer_text(writer);
}

static bool hash_libraries(struct bs_arena *arena, const struct bs_command_line *line,
			   struct bs_scan_hash *hash)
{
	bs_vec_each (i, &line->library_dbs) {
		const char *name;
		const char *text = bs_input_text(arena, line->library_dbs.v[i], &name);

		if (!text)
			return false;
		hash_text(hash, text);
	}
	return true;
}

/* Which of its sections are over is a matter of the day. */
static void hash_policy(const struct bs_command_line *line, const struct bs_scan_head *head,
			struct bs_scan_hash *hash)
{
	hash_text(hash, line->check.policy ? line->check.policy->text : NULL);
	bs_vec_each (i, &head->watches) {
		hash_text(hash, head->watches.v[i].words);
		hash_number(hash, head->watches.v[i].has_expired);
	}
}

/* What is made of the records: no matter for those that were kept. */
static void hash_verdict(const struct bs_command_line *line, const struct bs_scan_head *head,
			 struct bs_scan_hash *hash)
{
	const bs_baseline *known = line->check.known;

	if (!bs_scan_is_judged(head))
		return;
	hash_number(hash, head->fail_on);
	hash_number(hash, head->has_baseline);
	for (uint32_t i = 0; known && i < known->n; i++) {
		hash_text(hash, known->v[i].plan);
		hash_number(hash, known->v[i].fingerprint);
		hash_number(hash, known->v[i].level);
		hash_number(hash, known->v[i].n);
	}
}

/* What is asked of each program. */
static bool hash_options(struct bs_arena *arena, const struct bs_command_line *line,
			 const bs_scan_plugins *plugins, const struct bs_scan_head *head,
			 struct bs_scan_hash *hash)
{
	hash_text(hash, BINDSIM_VERSION);
	hash_text(hash, plan_text(arena, line));
	if (!hash_libraries(arena, line, hash))
		return false;
	hash_number(hash, (uint64_t)head->libraries | (uint64_t)head->notes << 1 |
				  (uint64_t)head->objects << 2 | (uint64_t)head->is_list << 3 |
				  (uint64_t)head->exports << 4 | (uint64_t)head->bindings << 5);
	bs_vec_each (i, &head->paths)
		hash_text(hash, head->paths.v[i]);
	hash_number(hash, plugins->n);
	bs_vec_each (i, plugins) {
		hash_text(hash, plugins->v[i].step.file);
		hash_text(hash, plugins->v[i].step.spelled);
	}
	hash_policy(line, head, hash);
	return true;
}

static void hash_subjects(const bs_scan_subjects *subjects, const struct bs_scan_head *head,
			  struct bs_scan_hash *hash)
{
	hash_number(hash, head->skipped.n_static);
	hash_number(hash, head->skipped.n_scripts);
	hash_number(hash, head->skipped.n_foreign);
	hash_number(hash, head->skipped.n_other);
	hash_number(hash, head->skipped.n_unreadable);
	hash_number(hash, subjects->n);
	bs_vec_each (i, subjects) {
		hash_text(hash, subjects->v[i].path);
		hash_number(hash, subjects->v[i].size);
	}
}

/* Somebody is named from the working directory: so is what he says of himself by $ORIGIN. */
static bool has_relative(const struct bs_command_line *line, const bs_scan_subjects *subjects,
			 const bs_scan_plugins *plugins)
{
	bs_vec_each (i, subjects)
		if (*subjects->v[i].path != '/')
			return true;
	bs_vec_each (i, plugins)
		if (*plugins->v[i].step.file != '/')
			return true;
	for (uint32_t i = 0; i < line->plan.n_steps; i++) {
		const char *file = line->plan.steps[i].file;

		if (file && *file != '/' && strchr(file, '/'))
			return true;
	}
	return false;
}

bool bs_scan_question(struct bs_arena *arena, const struct bs_command_line *line,
		      const bs_scan_subjects *subjects, const bs_scan_plugins *plugins,
		      struct bs_scan_head *head, const char *cwd, uint64_t *ret_of_journal)
{
	struct bs_scan_hash hash = bs_scan_hash_new();

	if (!hash_options(arena, line, plugins, head, &hash))
		return false;
	struct bs_scan_hash of_journal = hash;

	/* What tells a directory tree from a copy of it. */
	hash_text(&of_journal, line->plan.root);
	hash_text(&of_journal, has_relative(line, subjects, plugins) ? cwd : NULL);
	hash_number(&of_journal, line->scan.part);
	hash_number(&of_journal, line->scan.n_parts);
	*ret_of_journal = bs_scan_hash_end(of_journal);
	hash_subjects(subjects, head, &hash);
	hash_verdict(line, head, &hash);
	head->question =
		bs_arena_printf(arena, "%016llx", (unsigned long long)bs_scan_hash_end(hash));
	return true;
}
