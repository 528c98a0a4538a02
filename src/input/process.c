/* SPDX-License-Identifier: MIT */
/* A process that is there as the answer to a question: which question that is. */
#include "process.h"

#include "input.h"

#include <string.h>
#include <sys/stat.h>

static void take_environment(struct bs_arena *arena, const struct bs_subject *subject,
			     struct bs_plan *plan)
{
	BS_VEC(struct bs_variable) all = { 0 };

	for (const char *const *entry = subject->environment; entry && *entry; entry++) {
		const char *equals = strchr(*entry, '=');

		if (!equals || !bs_is_for_loader(*entry))
			continue;
		bs_vec_push(arena, &all,
			    ((struct bs_variable){
				    bs_arena_strndup(arena, *entry, (size_t)(equals - *entry)),
				    equals + 1 }));
	}
	/* What the plan says on top of it wins. */
	for (uint32_t i = 0; i < plan->n_environment; i++)
		bs_vec_push(arena, &all, plan->environment[i]);
	plan->environment = all.v;
	plan->n_environment = all.n;
}

static bool is_directory(struct bs_arena *arena, const char *root, const char *path)
{
	struct stat st;

	return stat(bs_arena_printf(arena, "%s%s", root ? root : "", path), &st) == 0 &&
	       S_ISDIR(st.st_mode);
}

/* The question that the process is the answer to, but for its steps. */
static void take_origin(struct bs_arena *arena, const struct bs_subject *subject,
			const char *executable, struct bs_plan *plan)
{
	const struct bs_live_object *program = &subject->objects.v[0];

	plan->root = subject->root;
	if (executable)
		plan->executable = executable;
	else if (program->file == BS_LIVE_FILE_DELETED && subject->pid && !subject->root &&
		 !subject->by_loader)
		plan->executable = bs_arena_printf(arena, "/proc/%ld/exe", (long)subject->pid);
	else
		plan->executable = program->path ? program->path : subject->executable;
	if (!plan->argv0)
		plan->argv0 = subject->argv0;
	if (!plan->cwd && subject->cwd && is_directory(arena, subject->root, subject->cwd))
		plan->cwd = subject->cwd;
	plan->secure |= subject->auxiliary.secure;
	take_environment(arena, subject, plan);
}

enum bs_sim_status bs_process_observe(struct bs_arena *arena, struct bs_store *store,
				      const struct bs_process_question *question,
				      struct bs_plan *plan, struct bs_observation *ret,
				      const char **ret_problem)
{
	const struct bs_subject *subject = question->subject;

	/* A plan with an executable is the whole question. */
	if (!plan->executable)
		take_origin(arena, subject, question->executable, plan);
	else if (!plan->root)
		plan->root = subject->root;
	if (question->has_plan)
		return bs_observe(arena, store, plan, subject, question->slots, ret, ret_problem);
	return bs_observe_derived(arena, store, subject, question->slots, plan, ret, ret_problem);
}
