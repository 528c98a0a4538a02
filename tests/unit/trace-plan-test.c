/* SPDX-License-Identifier: MIT */
/* What is recorded, and the plan that it becomes: without a process. */
#include "trace/trace-priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <string.h>
#include <sys/ptrace.h>

struct fixture {
	struct bs_tracer t;
	struct bs_space space;
	struct bs_recording recording;
};

static struct fixture *begin(void)
{
	struct bs_arena *arena = bs_arena_new();
	struct fixture *f = bs_new(arena, struct fixture, 1);

	f->t.arena = arena;
	f->space.log.recording = &f->recording;
	f->recording.plan.executable = "./app";
	return f;
}

static void done(struct fixture *f)
{
	bs_arena_free(f->t.arena);
}

/* A thread of the process. */
static struct bs_task *thread(struct fixture *f, pid_t tid)
{
	struct bs_task *task = bs_task_add(&f->t, tid, 1, &f->space);

	task->is_known = true;
	return task;
}

/* ---- steps of a log --------------------------------------------------------------------------
 */

static uint32_t add_open(struct fixture *f, const char *file, uint64_t handle, bool is_open)
{
	const struct bs_raw_step step = {
		.step = { .kind = BS_STEP_DLOPEN, .file = file },
		.handle = handle,
		.is_open = is_open,
	};

	bs_vec_push(f->t.arena, &f->space.log.steps, step);
	return f->space.log.steps.n;
}

static uint32_t add_symbol(struct fixture *f, const char *symbol, uint32_t of)
{
	const struct bs_raw_step step = {
		.step = { .kind = BS_STEP_DLSYM,
			  .symbol = symbol,
			  .handle = of ? BS_HANDLE_STEP : BS_HANDLE_DEFAULT },
		.of = of,
	};

	bs_vec_push(f->t.arena, &f->space.log.steps, step);
	return f->space.log.steps.n;
}

/* The constructors of OBJECT, in their Nth RUN, which the raw step DURING set going. */
static uint32_t add_block(struct fixture *f, const char *object, uint32_t run, uint32_t during)
{
	const struct bs_raw_block block = { .object = object, .run = run, .during = during };

	bs_vec_push(f->t.arena, &f->space.log.blocks, block);
	return f->space.log.blocks.n;
}

static void set_block(struct fixture *f, uint32_t step, uint32_t block)
{
	f->space.log.steps.v[step - 1].block = block;
}

static void has_loader(struct fixture *f, uint32_t step)
{
	bs_step_has_loader(&f->space, step);
}

/* What the step NUMBER of the plan is about. */
static const char *word_of(const struct fixture *f, uint32_t number)
{
	const struct bs_step *step = &f->recording.plan.steps[number - 1];

	return step->file ? step->file : step->symbol;
}

/* The plan has the steps that WORDS name, up to a NULL. */
static void assert_steps(const struct fixture *f, const char *const *words)
{
	uint32_t n = 0;

	for (; words[n]; n++) {
		assert_true(n < f->recording.plan.n_steps);
		assert_string_equal(word_of(f, n + 1), words[n]);
	}
	assert_int_equal(f->recording.plan.n_steps, n);
}

/* ---- handles --------------------------------------------------------------------------------- */

static void a_handle_is_that_of_the_last_step_that_is_open(void **state)
{
	struct fixture *f = begin();

	(void)state;
	add_open(f, "a", 0x10, true);
	add_open(f, "b", 0x20, true);
	add_open(f, "a again", 0x10, true);
	add_open(f, "a, closed", 0x10, false);
	assert_int_equal(bs_step_of_handle(&f->space.log, 0x10), 3);
	assert_int_equal(bs_step_of_handle(&f->space.log, 0x20), 2);
	assert_int_equal(bs_step_of_handle(&f->space.log, 0x30), 0);
	f->space.log.steps.v[0].is_open = f->space.log.steps.v[2].is_open = false;
	assert_int_equal(bs_step_of_handle(&f->space.log, 0x10), 4);
	done(f);
}

static void no_handle_is_that_of_a_failure_or_of_the_library(void **state)
{
	struct fixture *f = begin();

	(void)state;
	add_open(f, "absent", 0, false);
	add_open(f, "libgcc_s.so.1", 0x10, true);
	f->space.log.steps.v[1].step.internal = true;
	assert_int_equal(bs_step_of_handle(&f->space.log, 0), 0);
	assert_int_equal(bs_step_of_handle(&f->space.log, 0x10), 0);
	done(f);
}

static void a_namespace_is_that_of_what_was_opened_in_it(void **state)
{
	struct fixture *f = begin();

	(void)state;
	add_open(f, "a", 0x10, true);
	add_open(f, "failed", 0, false);
	f->space.log.steps.v[0].ns = f->space.log.steps.v[1].ns = 2;
	assert_int_equal(bs_step_of_namespace(&f->space.log, 2), 1);
	assert_int_equal(bs_step_of_namespace(&f->space.log, 1), 0);
	done(f);
}

static void flags_that_have_no_one_meaning_are_numbers(void **state)
{
	static const struct {
		uint32_t mode;
		const char *text;
	} cases[] = {
		{ RTLD_NOW, "NOW" },
		{ RTLD_LAZY | RTLD_GLOBAL, "LAZY,GLOBAL" },
		{ RTLD_NOW | RTLD_NOLOAD | RTLD_DEEPBIND | RTLD_NODELETE,
		  "NOW,NOLOAD,DEEPBIND,NODELETE" },
		{ 0, "0x0" },
		{ RTLD_GLOBAL, "0x100" },
		{ RTLD_NOW | RTLD_LAZY, "0x3" },
		{ RTLD_NOW | 0x40000000, "0x40000002" },
	};
	struct fixture *f = begin();

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_string_equal(bs_flags_text(f->t.arena, cases[i].mode), cases[i].text);
	done(f);
}

/* ---- the order of steps ----------------------------------------------------------------------
 */

static void steps_come_as_they_had_the_loader(void **state)
{
	struct fixture *f = begin();

	(void)state;
	uint32_t a = add_open(f, "a", 0x10, true), b = add_open(f, "b", 0x20, true);
	uint32_t of_a = add_symbol(f, "of a", a), of_b = add_symbol(f, "of b", b);

	has_loader(f, b);
	has_loader(f, of_b);
	has_loader(f, a);
	has_loader(f, b); /* it had it already */
	has_loader(f, of_a);
	bs_plan_finish(&f->t, &f->space);
	assert_steps(f, (const char *const[]){ "b", "of b", "a", "of a", NULL });
	assert_int_equal(f->recording.plan.steps[1].of_step, 1);
	assert_int_equal(f->recording.plan.steps[3].of_step, 3);
	assert_int_equal(f->recording.plan.steps[0].of_step, 0);
	done(f);
}

static void what_never_had_the_loader_is_left_out(void **state)
{
	struct fixture *f = begin();

	(void)state;
	uint32_t a = add_open(f, "a", 0x10, true), b = add_open(f, "b", 0x20, true);
	uint32_t of_a = add_symbol(f, "of a", a);

	has_loader(f, of_a);
	has_loader(f, b);
	bs_plan_finish(&f->t, &f->space);
	assert_steps(f, (const char *const[]){ "b", NULL });
	done(f);
}

/* The second open and the close of the first are under way together, and the close returns first.
 */
static void what_stayed_was_opened_before_it_was_closed(void **state)
{
	(void)state;
	for (int was_under_way = 0; was_under_way < 2; was_under_way++) {
		struct fixture *f = begin();
		struct bs_log *log = &f->space.log;
		const struct bs_raw_step close = {
			.step = { .kind = BS_STEP_DLCLOSE, .symbol = "close" },
			.of = add_open(f, "first", 0x10, true),
			.began = 1,
		};

		has_loader(f, 1);
		bs_vec_push(f->t.arena, &log->steps, close);
		uint32_t closing = log->steps.n;
		uint32_t other = add_symbol(f, "other", 0);
		uint32_t again = add_open(f, "again", 0x10, true);

		log->steps.v[again - 1].began = was_under_way ? 1 : 3;
		has_loader(f, closing);
		bs_step_is_silent(log, closing);
		has_loader(f, other);
		has_loader(f, again);
		bs_step_is_silent(log, again);
		bs_plan_finish(&f->t, &f->space);
		if (was_under_way)
			assert_steps(f, (const char *const[]){ "first", "again", "close", "other",
							       NULL });
		else
			assert_steps(f, (const char *const[]){ "first", "close", "other", "again",
							       NULL });
		done(f);
	}
}

static void constructors_come_behind_what_loaded_their_object(void **state)
{
	struct fixture *f = begin();

	(void)state;
	uint32_t a = add_open(f, "a", 0x10, true), late = add_open(f, "late", 0x20, true);
	uint32_t inner = add_open(f, "inner", 0x30, true);
	uint32_t innermost = add_symbol(f, "innermost", 0);
	uint32_t early = add_symbol(f, "early", 0);

	set_block(f, early, add_block(f, "libstart.so", 1, 0));
	set_block(f, inner, add_block(f, "liba.so", 1, a));
	set_block(f, innermost, add_block(f, "libinner.so", 1, inner));
	has_loader(f, early);
	has_loader(f, a);
	has_loader(f, late); /* of another thread, meanwhile */
	has_loader(f, inner);
	has_loader(f, innermost);
	bs_plan_finish(&f->t, &f->space);
	const struct bs_plan *plan = &f->recording.plan;

	assert_steps(f, (const char *const[]){ "early", "a", "inner", "innermost", "late", NULL });
	assert_int_equal(plan->n_blocks, 3);
	assert_string_equal(plan->blocks[plan->steps[0].block - 1].object, "libstart.so");
	assert_string_equal(plan->blocks[plan->steps[2].block - 1].object, "liba.so");
	assert_string_equal(plan->blocks[plan->steps[3].block - 1].object, "libinner.so");
	assert_int_equal(plan->steps[1].block, 0);
	assert_int_equal(plan->steps[4].block, 0);
	done(f);
}

static void runs_without_calls_have_blocks_without_steps(void **state)
{
	struct fixture *f = begin();

	(void)state;
	uint32_t a = add_open(f, "a", 0x10, true), called = add_symbol(f, "called", 0);

	set_block(f, called, add_block(f, "liba.so", 3, a));
	has_loader(f, a);
	has_loader(f, called);
	bs_plan_finish(&f->t, &f->space);
	assert_int_equal(f->recording.plan.n_blocks, 3);
	assert_int_equal(f->recording.plan.steps[1].block, 3);
	done(f);
}

/* ---- what is recorded of calls -----------------------------------------------------------------
 */

static void a_question_is_there_once_until_something_is_opened(void **state)
{
	const struct bs_raw_step question = {
		.step = { .kind = BS_STEP_DLSYM, .symbol = "f", .handle = BS_HANDLE_DEFAULT },
	};
	const struct bs_raw_step open = { .step = { .kind = BS_STEP_DLOPEN, .file = "a" } };
	struct bs_raw_step other = question;
	struct fixture *f = begin();
	struct bs_task *task = thread(f, 1);

	(void)state;
	other.step.version = "V1";
	assert_int_equal(bs_step_add(&f->t, task, NULL, question), 1);
	assert_int_equal(bs_step_add(&f->t, task, NULL, question), 0);
	assert_int_equal(bs_step_add(&f->t, task, NULL, other), 2);
	assert_int_equal(bs_step_add(&f->t, task, NULL, open), 3);
	assert_int_equal(bs_step_add(&f->t, task, NULL, question), 4);
	assert_int_equal(f->recording.n_calls, 4);
	done(f);
}

static void the_caller_is_said_where_it_is_not_the_usual_one(void **state)
{
	const struct bs_mapped program = { .text = "./app" }, library = { .text = "liba.so" };
	const struct bs_raw_step open = { .step = { .kind = BS_STEP_DLOPEN, .file = "a" } };
	struct fixture *f = begin();
	struct bs_task *task = thread(f, 1);

	(void)state;
	bs_step_add(&f->t, task, &program, open);
	bs_step_add(&f->t, task, &library, open);
	bs_step_add(&f->t, task, NULL, open);
	assert_null(f->space.log.steps.v[0].step.caller);
	assert_string_equal(f->space.log.steps.v[1].step.caller, "liba.so");
	assert_null(f->space.log.steps.v[2].step.caller);
	done(f);
}

/* ---- tasks ------------------------------------------------------------------------------------
 */

static void happens(struct fixture *f, struct bs_task *task, int status)
{
	task->has_event = true;
	task->event = status;
	task->arrival = ++f->t.arrivals;
}

static void events_are_looked_at_as_they_came(void **state)
{
	struct fixture *f = begin();
	struct bs_task *a = thread(f, 1), *b = thread(f, 2);
	const int stop = SIGSTOP << 8 | 0x7f;

	(void)state;
	assert_null(bs_task_next(&f->t));
	happens(f, b, stop);
	happens(f, a, stop);
	assert_ptr_equal(bs_task_next(&f->t), b);
	b->has_event = false;
	assert_ptr_equal(bs_task_next(&f->t), a);
	assert_int_equal(bs_space_tasks(&f->t, &f->space), 2);
	bs_task_remove(&f->t, a);
	assert_null(bs_task_next(&f->t));
	assert_int_equal(bs_space_tasks(&f->t, &f->space), 1);
	done(f);
}

/* One that nobody told of waits at its begin, but its end is not held up: others wait for that. */
static void the_end_of_an_unknown_task_does_not_wait(void **state)
{
	struct fixture *f = begin();
	struct bs_task *task = bs_task_add(&f->t, 1, 0, NULL);
	const int begins = PTRACE_EVENT_STOP << 16 | SIGTRAP << 8 | 0x7f;
	const int exits = PTRACE_EVENT_EXIT << 16 | SIGTRAP << 8 | 0x7f;

	(void)state;
	happens(f, task, begins);
	assert_null(bs_task_next(&f->t));
	happens(f, task, exits);
	assert_ptr_equal(bs_task_next(&f->t), task);
	happens(f, task, SIGKILL);
	assert_ptr_equal(bs_task_next(&f->t), task);
	done(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_handle_is_that_of_the_last_step_that_is_open),
		cmocka_unit_test(no_handle_is_that_of_a_failure_or_of_the_library),
		cmocka_unit_test(a_namespace_is_that_of_what_was_opened_in_it),
		cmocka_unit_test(flags_that_have_no_one_meaning_are_numbers),
		cmocka_unit_test(steps_come_as_they_had_the_loader),
		cmocka_unit_test(what_never_had_the_loader_is_left_out),
		cmocka_unit_test(what_stayed_was_opened_before_it_was_closed),
		cmocka_unit_test(constructors_come_behind_what_loaded_their_object),
		cmocka_unit_test(runs_without_calls_have_blocks_without_steps),
		cmocka_unit_test(a_question_is_there_once_until_something_is_opened),
		cmocka_unit_test(the_caller_is_said_where_it_is_not_the_usual_one),
		cmocka_unit_test(events_are_looked_at_as_they_came),
		cmocka_unit_test(the_end_of_an_unknown_task_does_not_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
