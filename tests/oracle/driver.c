/* SPDX-License-Identifier: MIT */
/*
 * Carries out a plan of loader calls, one per argument, and says on standard error how each ended:
 * a line in the loader's own form, so that the lines the loader prints under LD_DEBUG fall into one
 * block per step.
 *
 *   FILE[:FLAGS]                    dlopen
 *   newlm:FILE[:FLAGS]              dlmopen in a new namespace
 *   lm:N:FILE[:FLAGS]               dlmopen in the namespace of step N
 *   sym:[HANDLE:]SYMBOL[@VERSION]   dlsym, dlvsym; HANDLE is DEFAULT, NEXT or a step
 *   call:OBJECT:SYMBOL[@VERSION]    calls the function through OBJECT's jump slot
 *   close:N                         dlclose of what step N opened
 *   by:OBJECT:STEP                  the call is made by OBJECT
 *   init:OBJECT, end-init           no steps: OBJECT's constructors carry out the steps between
 *   show:mapped                     no step: list maps after each step
 *   show:addresses                  no step: tell addresses after sym
 *   show:slots                      no step: tell what each unbound jump slot would bind
 *   show:state                      no step: tell what a maker of plans needs to know
 *   -                               no step: at the end, more steps come on standard input
 *
 * Steps have the numbers of their places among all steps. OBJECT is a link-map name, or a base
 * name, with or without [NAMESPACE]. Only objects with the code of agent.c make calls and have
 * constructors that carry out steps.
 *
 * The program is linked with -z now and leaves with _exit, so that it binds nothing after start-up
 * and runs no destructors.
 */
#define _GNU_SOURCE
#include "driver/lines.h"
#include "driver/maps.h"
#include "driver/meeting.h"
#include "driver/modes.h"
#include "driver/slots.h"

enum { MAX_STEPS = 256, MAX_BLOCKS = 32, MAX_AGENTS = 256 };

struct step {
	char *what;
	int block; /* 0: the program's own */
	struct link_map *handle;
	bool unmapped; /* what the handle stood for is gone */
};

struct block {
	const char *object;
	bool done;
};

/* An object that can make calls. */
struct agent {
	const ElfW(Dyn) * dynamic;
	trampoline_function *call;
};

/* Who makes a call: how it gets there, and whose C library is its own. */
struct caller {
	trampoline_function *call;
	int space;
};

static struct step steps[MAX_STEPS + 1];
static struct block blocks[MAX_BLOCKS + 1];
static struct agent agents[MAX_AGENTS];
static int n_steps, n_blocks, n_agents;
static bool show_mapped, show_addresses, show_slots, show_state, more_steps;

/* ---- calls of the loader ----------------------------------------------------------------------
 */

static void *call_directly(void *function, const void *a, const void *b, const void *c)
{
	return ((void *(*)(const void *, const void *, const void *))function)(a, b, c);
}

static void *function_of(int space, const char *name)
{
	struct place place;

	for (struct walk walk = { 0 }; next_map(&walk, &place);) {
		struct tables tables;

		if (place.space != space || (!is_named(place.map, "libc.so.6", 9, true) &&
					     !is_named(place.map, "libdl.so.2", 10, true)))
			continue;
		tables = tables_of(place.map);
		/* The strings lie behind the symbols; a hidden version is an older one. */
		for (const ElfW(Sym) *symbol = tables.symbols;
		     (const char *)symbol < tables.strings; symbol++)
			if (symbol->st_shndx != SHN_UNDEF &&
			    (tables.versions[symbol - tables.symbols] & 0x8000) == 0 &&
			    strcmp(tables.strings + symbol->st_name, name) == 0)
				return (void *)(place.map->l_addr + symbol->st_value);
	}
	return NULL;
}

/* A function of the caller's C library, which is another one in another namespace; how errors are
 * told depends on that. An object without one is lent the program's. Their addresses in another way
 * would be PLT entries in a program that is not position-independent. */
static void *library_function(const struct caller *caller, const char *name)
{
	void *own = function_of(caller->space, name);

	return own != NULL ? own : function_of(0, name);
}

static const struct caller the_program = { call_directly, 0 };

static void *call(const struct caller *caller, const char *name, const void *a, const void *b,
		  const void *c)
{
	return caller->call(library_function(caller, name), a, b, c);
}

static const char *last_error(const struct caller *caller)
{
	return call_directly(library_function(caller, "dlerror"), NULL, NULL, NULL);
}

static trampoline_function *agent_of(const struct link_map *map)
{
	for (int i = n_agents - 1; i >= 0; i--)
		if (agents[i].dynamic == map->l_ld)
			return agents[i].call;
	return NULL;
}

/* What step NUMBER opened; NULL, and why not, when there is nothing to use. */
static struct link_map *opened_by(const char *number, const char **why_not)
{
	static char text[64];
	long step = strtol(number, NULL, 10);

	if (step >= 1 && step <= MAX_STEPS && steps[step].handle != NULL) {
		*why_not = undefined;
		return steps[step].unmapped ? NULL : steps[step].handle;
	}
	snprintf(text, sizeof text, "step %ld opened nothing", step);
	*why_not = text;
	return NULL;
}

/* What an IFUNC's resolver chose is marked: no file tells where it lies. */
static bool is_chosen(const void *address)
{
	static const char mark[8] = "IFUNC";

	return memcmp((const char *)address - sizeof mark, mark, sizeof mark) == 0;
}

static void list_address(void *address)
{
	Dl_info info;
	struct link_map *map = NULL;
	Lmid_t space = 0;
	char text[LINE_SIZE - 64];

	if (!show_addresses || dladdr1(address, &info, (void **)&map, RTLD_DL_LINKMAP) == 0 ||
	    map == NULL || is_chosen(address))
		return;
	dlinfo(map, RTLD_DI_LMID, &space);
	snprintf(text, sizeof text, "address %s [%ld]+0x%lx", name_of(map), (long)space,
		 (unsigned long)((ElfW(Addr))address - map->l_addr));
	say(text);
}

/* dlsym may well answer NULL and mean it, so only dlerror tells a failure. */
static const char *find_symbol(char *what, const struct caller *caller)
{
	char *version = strchr(what, '@');
	char *colon = strchr(what, ':');
	void *handle = RTLD_DEFAULT;
	void *address;
	const char *failure;

	if (version != NULL)
		*version++ = '\0';
	if (colon != NULL) {
		*colon = '\0';
		if (strcmp(what, "NEXT") == 0)
			handle = RTLD_NEXT;
		else if (strcmp(what, "DEFAULT") != 0 &&
			 (handle = opened_by(what, &failure)) == NULL)
			return failure;
		what = colon + 1;
	}
	last_error(caller);
	address = version != NULL ? call(caller, "dlvsym", handle, what, version)
				  : call(caller, "dlsym", handle, what, NULL);
	failure = last_error(caller);
	if (failure == NULL)
		list_address(address);
	return failure;
}

static const char *open_object(int step, char *file, bool namespaced, Lmid_t space,
			       const struct caller *caller)
{
	long mode = split_mode(file);
	const char *name = *file != '\0' ? file : NULL;
	const char *failure;

	last_error(caller);
	steps[step].handle =
		namespaced ? call(caller, "dlmopen", (const void *)space, name, (const void *)mode)
			   : call(caller, "dlopen", name, (const void *)mode, NULL);
	if (steps[step].handle != NULL)
		return NULL;
	failure = last_error(caller);
	return failure != NULL ? failure : "";
}

static const char *open_beside(int step, char *what, const struct caller *caller)
{
	char *colon = strchr(what, ':');
	struct link_map *map;
	const char *failure;
	Lmid_t space;

	if (colon == NULL)
		return "lm:N:FILE expected";
	*colon = '\0';
	if ((map = opened_by(what, &failure)) == NULL)
		return failure;
	if (dlinfo(map, RTLD_DI_LMID, &space) != 0)
		return dlerror();
	return open_object(step, colon + 1, true, space, caller);
}

static const char *close_object(const char *number)
{
	const char *failure;
	struct link_map *map = opened_by(number, &failure);

	if (map == NULL)
		return failure;
	return dlclose(map) == 0 ? NULL : dlerror();
}

/* ---- steps ------------------------------------------------------------------------------------
 */

static const char *carry_out(int step, char *what, const struct caller *caller)
{
	struct caller other;

	if (strncmp(what, "by:", 3) == 0) {
		char *colon = strchr(what + 3, ':');
		struct place place;

		if (colon == NULL)
			return "by:OBJECT:STEP expected";
		*colon = '\0';
		if ((place = find_map(what + 3)).map == NULL)
			return undefined;
		other = (struct caller){ agent_of(place.map), place.space };
		caller = place.map == first_namespace()->base.r_map ? &the_program : &other;
		if (caller->call == NULL)
			return undefined;
		what = colon + 1;
	}
	if (strncmp(what, "close:", 6) == 0)
		return close_object(what + 6);
	if (strncmp(what, "sym:", 4) == 0)
		return find_symbol(what + 4, caller);
	if (strncmp(what, "call:", 5) == 0)
		return call_function(what + 5);
	if (strncmp(what, "newlm:", 6) == 0)
		return open_object(step, what + 6, true, LM_ID_NEWLM, caller);
	if (strncmp(what, "lm:", 3) == 0)
		return open_beside(step, what + 3, caller);
	return open_object(step, what, false, LM_ID_BASE, caller);
}

static void list_state(void)
{
	char text[LINE_SIZE - 64];
	struct place place;

	for (int i = 1; i <= n_steps; i++) {
		if (steps[i].handle == NULL || steps[i].unmapped)
			continue;
		snprintf(text, sizeof text, "handle %d", i);
		say(text);
	}
	for (struct walk walk = { 0 }; next_map(&walk, &place);) {
		if (agent_of(place.map) == NULL)
			continue;
		snprintf(text, sizeof text, "agent %s [%d]", name_of(place.map), place.space);
		say(text);
	}
}

static void finish_step(int step, const char *failure)
{
	char kept[LINE_SIZE - 128];

	if (failure != NULL)
		snprintf(kept, sizeof kept, "%s", failure);
	for (int i = 1; i <= n_steps; i++)
		if (steps[i].handle != NULL && !steps[i].unmapped)
			steps[i].unmapped = !is_mapped(steps[i].handle);
	if (show_mapped)
		list_maps();
	if (show_state)
		list_state();
	if (show_slots)
		list_slots();
	say_outcome(step, failure != NULL ? kept : NULL);
}

/* ---- the plan ---------------------------------------------------------------------------------
 */

static void show_category(const char *what)
{
	show_mapped |= strcmp(what, "mapped") == 0;
	show_addresses |= strcmp(what, "addresses") == 0;
	show_slots |= strcmp(what, "slots") == 0;
	show_state |= strcmp(what, "state") == 0;
}

static void add_step(char *what, int block)
{
	if (n_steps < MAX_STEPS)
		steps[++n_steps] = (struct step){ .what = what, .block = block };
}

/* Constructors come here before main does. */
static void read_plan(int argc, char **argv)
{
	int within[MAX_BLOCKS + 1] = { 0 }, depth = 0;

	if (program != NULL)
		return;
	program = argv[0];
	for (int i = 1; i < argc; i++) {
		if (strncmp(argv[i], "show:", 5) == 0) {
			show_category(argv[i] + 5);
		} else if (strcmp(argv[i], "-") == 0) {
			more_steps = true;
		} else if (strncmp(argv[i], "init:", 5) == 0 && n_blocks < MAX_BLOCKS) {
			blocks[++n_blocks] = (struct block){ .object = argv[i] + 5 };
			within[++depth] = n_blocks;
		} else if (strcmp(argv[i], "end-init") == 0 && depth > 0) {
			depth--;
		} else {
			add_step(argv[i], within[depth]);
		}
	}
}

static struct place place_of(const ElfW(Dyn) * dynamic)
{
	struct place place;

	for (struct walk walk = { 0 }; next_map(&walk, &place);)
		if (place.map->l_ld == dynamic)
			return place;
	return (struct place){ NULL, 0 };
}

static bool is_block_of(const struct block *block, struct place place)
{
	const char *name = block->object;
	const char *bracket = strrchr(name, '[');
	size_t length = strlen(name);

	if (bracket != NULL && name[length - 1] == ']') {
		if (strtol(bracket + 1, NULL, 10) != place.space)
			return false;
		length = (size_t)(bracket - name);
	}
	return is_named(place.map, name, length, false) || is_named(place.map, name, length, true);
}

static void run_block(int block, const struct caller *caller)
{
	char text[64];

	for (int step = 1; step <= n_steps; step++) {
		if (steps[step].block != block)
			continue;
		snprintf(text, sizeof text, "step %d: begin", step);
		say(text);
		finish_step(step, carry_out(step, steps[step].what, caller));
	}
}

/* Called by an object's constructors. The Nth block that names it is for their Nth run. */
__attribute__((visibility("hidden"), used)) void
bindsim_construct(int argc, char **argv, const ElfW(Dyn) * dynamic, trampoline_function *call)
{
	struct place place = place_of(dynamic);
	char text[LINE_SIZE - 64];

	read_plan(argc, argv);
	if (environ == NULL)
		environ = argv + argc + 1; /* the C library's own constructors come later */
	if (place.map == NULL)
		return;
	if (n_agents < MAX_AGENTS)
		agents[n_agents++] = (struct agent){ dynamic, call };
	if (show_state) {
		snprintf(text, sizeof text, "constructing %s [%d]", name_of(place.map),
			 place.space);
		say(text);
	}
	for (int block = 1; block <= n_blocks; block++) {
		if (blocks[block].done || !is_block_of(&blocks[block], place))
			continue;
		blocks[block].done = true;
		run_block(block, &(struct caller){ call, place.space });
		break;
	}
}

MEETING_NOTE(bindsim_construct);

/* The next line of standard input, in memory that stays; NULL at the end. */
static char *read_step(void)
{
	static char texts[1 << 18];
	static size_t used;
	char *start = texts + used;

	while (used + 1 < sizeof texts && read(STDIN_FILENO, texts + used, 1) == 1) {
		if (texts[used++] == '\n') {
			texts[used - 1] = '\0';
			return start;
		}
	}
	return NULL;
}

int main(int argc, char **argv)
{
	char *what;

	read_plan(argc, argv);
	finish_step(0, NULL);
	for (int step = 1; step <= n_steps; step++)
		if (steps[step].block == 0)
			finish_step(step, carry_out(step, steps[step].what, &the_program));
	while (more_steps && n_steps < MAX_STEPS && (what = read_step()) != NULL) {
		add_step(what, 0);
		finish_step(n_steps, carry_out(n_steps, what, &the_program));
	}
	_exit(0);
}
