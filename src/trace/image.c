/* SPDX-License-Identifier: MIT */
/* A program that begins in a process: what its loader is told, and where its traps lie first. */
#include "trace-priv.h"

#include "../base/whole.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *proc_path(struct bs_arena *arena, pid_t pid, const char *name)
{
	return bs_arena_printf(arena, "/proc/%ld/%s", (long)pid, name);
}

/* What a link of the process leads to, or NULL. */
static const char *read_link(struct bs_arena *arena, pid_t pid, const char *name)
{
	char target[4096];
	ssize_t n = readlink(proc_path(arena, pid, name), target, sizeof target);

	return n > 0 && n < (ssize_t)sizeof target ? bs_arena_strndup(arena, target, (size_t)n)
						   : NULL;
}

typedef BS_VEC(const char *) strings;

/* Strings that follow each other, each with its NUL. */
static strings read_strings(struct bs_arena *arena, pid_t pid, const char *name)
{
	int fd = bs_open_at(AT_FDCWD, proc_path(arena, pid, name), O_RDONLY | O_CLOEXEC);
	size_t n = 0;
	const char *bytes = fd >= 0 ? bs_read_and_close(arena, fd, 0, SIZE_MAX, &n) : NULL;
	strings list = { 0 };

	for (size_t at = 0; bytes && at < n; at += strlen(bytes + at) + 1)
		bs_vec_push(arena, &list, bytes + at);
	return list;
}

/* The path that was handed to execve(2); NULL: it cannot be read. */
static const char *executed_path(struct bs_arena *arena, pid_t pid, const struct bs_memory *memory)
{
	int fd = bs_open_at(AT_FDCWD, proc_path(arena, pid, "auxv"), O_RDONLY | O_CLOEXEC);
	Elf64_auxv_t entry;
	uint64_t at = 0, offset = 0;

	for (; fd >= 0 && bs_read_up_to(fd, &entry, sizeof entry, offset) == sizeof entry;
	     offset += sizeof entry)
		if (entry.a_type == AT_EXECFN)
			at = entry.a_un.a_val;
	if (fd >= 0)
		close(fd);
	return at ? bs_memory_string(arena, memory, at) : NULL;
}

/* PATH as the process sees it, which is without its ROOT before it. */
static const char *inside(const char *root, const char *path)
{
	size_t n = root ? strlen(root) : 0;

	if (!n || !path || strncmp(path, root, n) != 0 || (path[n] && path[n] != '/'))
		return path;
	return path[n] ? path + n : "/";
}

/* The program as it was found; that which runs a script where one was. */
static const char *program_path(struct bs_arena *arena, pid_t pid, const struct bs_memory *memory,
				const char *root)
{
	const char *path = executed_path(arena, pid, memory);
	const char *real = inside(root, read_link(arena, pid, "exe"));
	struct stat a, b;

	if (!path || stat(proc_path(arena, pid, "exe"), &b) != 0)
		return real ? real : "";
	const char *seen = bs_arena_printf(
		arena, "%s/%s", proc_path(arena, pid, *path == '/' ? "root" : "cwd"), path);

	if (stat(seen, &a) != 0 || a.st_dev != b.st_dev || a.st_ino != b.st_ino)
		return real ? real : "";
	return strchr(path, '/') ? path : bs_arena_printf(arena, "./%s", path);
}

static bool is_for_loader(const char *entry)
{
	return strchr(entry, '=') &&
	       (strncmp(entry, "LD_", 3) == 0 || strncmp(entry, "GLIBC_TUNABLES=", 15) == 0);
}

static void read_environment(struct bs_arena *arena, pid_t pid, struct bs_plan *plan)
{
	const strings all = read_strings(arena, pid, "environ");
	BS_VEC(struct bs_variable) variables = { 0 };

	bs_vec_each (i, &all) {
		const char *equals = strchr(all.v[i], '=');

		if (!is_for_loader(all.v[i]))
			continue;
		bs_vec_push(arena, &variables,
			    (struct bs_variable){
				    .name = bs_arena_strndup(arena, all.v[i],
							     (size_t)(equals - all.v[i])),
				    .value = equals + 1,
			    });
	}
	plan->environment = variables.v;
	plan->n_environment = variables.n;
}

static void describe(struct bs_tracer *t, struct bs_space *space)
{
	struct bs_plan *plan = &space->log.recording->plan;
	const strings words = read_strings(t->arena, space->pid, "cmdline");

	const char *root = read_link(t->arena, space->pid, "root");

	plan->root = root && strcmp(root, "/") != 0 ? root : NULL;
	plan->executable = program_path(t->arena, space->pid, &space->memory, plan->root);
	space->cwd = read_link(t->arena, space->pid, "cwd");
	plan->cwd = inside(plan->root, space->cwd);
	plan->secure = space->auxiliary.secure;
	if (words.n && strcmp(words.v[0], plan->executable) != 0)
		plan->argv0 = words.v[0];
	if (words.n > 1) {
		plan->arguments = words.v + 1;
		plan->n_arguments = words.n - 1;
	}
	read_environment(t->arena, space->pid, plan);
}

static bool open_memory(struct bs_tracer *t, struct bs_space *space)
{
	if (!bs_memory_of_process(space->pid, &space->memory))
		return false;
	space->write_fd =
		bs_open_at(AT_FDCWD, proc_path(t->arena, space->pid, "mem"), O_RDWR | O_CLOEXEC);
	return space->write_fd >= 0;
}

static bool is_of_this_machine(struct bs_tracer *t, const struct bs_space *space)
{
	int fd = bs_open_at(AT_FDCWD, proc_path(t->arena, space->pid, "exe"), O_RDONLY | O_CLOEXEC);
	Elf64_Ehdr header = { 0 };
	bool ok = fd >= 0 && bs_read_up_to(fd, &header, sizeof header, 0) == sizeof header &&
		  header.e_ident[EI_CLASS] == ELFCLASS64 && !space->memory.swapped &&
		  header.e_machine == bs_machine.elf_machine;

	if (fd >= 0)
		close(fd);
	return ok;
}

/* Sets the first trap: where the loader will tell of its maps. Nothing of it ran yet. */
static const char *watch_loader(struct bs_tracer *t, struct bs_space *space)
{
	const struct bs_memory *memory = &space->memory;
	uint64_t base = space->auxiliary.base, start, end, dynamic, notice;
	struct bs_tables tables;
	struct bs_trap *trap;

	if (!base)
		return "it is linked statically, or is itself a loader: nothing is recorded of it";
	if (!bs_segments_read(memory, base, &start, &end, &dynamic) || !dynamic ||
	    !bs_tables_read(memory, dynamic, base, &tables))
		return "its loader cannot be made out in its memory: nothing is recorded of it";
	notice = bs_tables_function(memory, &tables, base, "_dl_debug_state");
	trap = notice ? bs_trap_set(t, space, notice) : NULL;
	if (!trap)
		return "its loader does not tell debuggers of what it maps: nothing is recorded of "
		       "it";
	trap->is_notice = true;
	space->is_musl = bs_tables_function(memory, &tables, base, "dlopen") != 0;
	return NULL;
}

/* Where the command itself cannot be recorded it is not run. */
static void refuse_command(struct bs_tracer *t, const struct bs_recording *recording)
{
	if (recording->is_child || recording->exec)
		return;
	t->result->problem =
		bs_arena_printf(t->arena, "%s: %s", recording->plan.executable, recording->problem);
	kill(recording->pid, SIGKILL);
}

static struct bs_space *new_space(struct bs_tracer *t, pid_t pid)
{
	struct bs_space *space = bs_new(t->arena, struct bs_space, 1);

	space->pid = pid;
	space->memory.fd = space->write_fd = -1;
	space->next = t->spaces;
	t->spaces = space;
	return space;
}

static struct bs_recording *new_recording(struct bs_tracer *t, pid_t pid, bool is_child,
					  uint32_t exec)
{
	struct bs_recording *recording = bs_new(t->arena, struct bs_recording, 1);

	recording->pid = pid;
	recording->is_child = is_child;
	recording->exec = exec;
	bs_vec_push(t->arena, &t->result->recordings, recording);
	return recording;
}

struct bs_space *bs_space_begin(struct bs_tracer *t, pid_t pid, bool is_child, uint32_t exec)
{
	struct bs_space *space = new_space(t, pid);
	struct bs_recording *recording = new_recording(t, pid, is_child, exec);

	space->log.recording = recording;
	bool is_open = open_memory(t, space);

	if (!is_open)
		recording->problem = bs_arena_printf(t->arena, "its memory: %s", strerror(errno));
	else if (!bs_auxiliary_of_process(pid, &space->memory, &space->auxiliary))
		recording->problem = "its auxiliary vector cannot be read";
	describe(t, space);
	if (!recording->problem && !is_of_this_machine(t, space)) {
		recording->is_foreign = true;
		recording->problem = "it is of another machine than bindsim: no plan is made of it";
		refuse_command(t, recording);
	}
	if (!recording->problem)
		recording->problem = watch_loader(t, space);
	space->is_recorded = !recording->problem;
	return space;
}

#define COPY(arena, vec)                                                                           \
	((vec)->cap = (vec)->n,                                                                    \
	 (vec)->v = memcpy(bs_arena_alloc((arena), (vec)->n, sizeof *(vec)->v),                    \
			   (vec)->n ? (const void *)(vec)->v : "", (vec)->n * sizeof *(vec)->v))

struct bs_space *bs_space_fork(struct bs_tracer *t, struct bs_space *space, pid_t pid)
{
	struct bs_space *copy = new_space(t, pid), *next = copy->next;
	struct bs_recording *recording = new_recording(t, pid, true, space->log.recording->exec);
	const struct bs_recording *of = space->log.recording;

	*copy = *space;
	copy->next = next;
	copy->pid = pid;
	copy->log.recording = recording;
	recording->plan = of->plan;
	recording->problem = of->problem;
	recording->is_forked = true;
	/* Texts are compared with those that were asked by the parent, too. */
	copy->log.asked = NULL;
	COPY(t->arena, &copy->traps);
	COPY(t->arena, &copy->maps);
	COPY(t->arena, &copy->log.steps);
	COPY(t->arena, &copy->log.blocks);
	COPY(t->arena, &copy->log.runs);
	copy->is_recorded = open_memory(t, copy) && space->is_recorded;
	return copy;
}

void bs_space_end(struct bs_tracer *t, struct bs_space *space, bool is_last)
{
	struct bs_space **at = &t->spaces;

	space->log.recording->is_last = is_last;
	bs_plan_finish(t, space);
	bs_memory_close(&space->memory);
	if (space->write_fd >= 0)
		close(space->write_fd);
	while (*at != space)
		at = &(*at)->next;
	*at = space->next;
	space->next = t->ended;
	t->ended = space;
}
