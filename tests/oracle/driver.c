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
 * name, with or without [NAMESPACE]. Only objects with the code of agent.s make calls and have
 * constructors that carry out steps.
 *
 * The program is linked with -z now and leaves with _exit, so that it binds nothing after start-up
 * and runs no destructors. Its entry point is bindsim_entry.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_STEPS = 256, MAX_BLOCKS = 32, MAX_AGENTS = 256, LINE_SIZE = 16384 };
enum { SLOT_SECONDS = 5, LOADER_GAVE_UP = 127 };

typedef void *trampoline(void *function, const void *a, const void *b, const void *c);

struct flag {
	const char *name;
	int value;
};

static const struct flag flags[] = {
	{ "LAZY", RTLD_LAZY },	   { "NOW", RTLD_NOW },		  { "GLOBAL", RTLD_GLOBAL },
	{ "LOCAL", RTLD_LOCAL },   { "DEEPBIND", RTLD_DEEPBIND }, { "NODELETE", RTLD_NODELETE },
	{ "NOLOAD", RTLD_NOLOAD },
};

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
	trampoline *call;
};

/* Who makes a call: how it gets there, and how far its own C library is from the program's. */
struct caller {
	trampoline *call;
	ElfW(Addr) shift;
};

/* A map and where it is. */
struct place {
	struct link_map *map;
	int space;
};

static struct step steps[MAX_STEPS + 1];
static struct block blocks[MAX_BLOCKS + 1];
static struct agent agents[MAX_AGENTS];
static int n_steps, n_blocks, n_agents;
static const char *program;
static bool show_mapped, show_addresses, show_slots, show_state, more_steps;

/* What this driver alone may say of a step: a plan that is compared has no such steps. */
static const char undefined[] = "undefined";

/* The linker's -e: what constructors look for lies 8 bytes behind it (agent.s). */
__asm__(".pushsection .text\n"
	"	.balign 16\n"
	"	.globl bindsim_entry\n"
	"	.hidden bindsim_entry\n"
	"bindsim_entry:\n"
	"	jmp _start\n"
	"	.balign 8\n"
	"	.ascii \"bind-sim\"\n"
	"	.quad bindsim_construct - bindsim_entry\n"
	"	.popsection\n");

/* ---- lines ------------------------------------------------------------------------------------
 */

/* One write per line: the loader writes its lines in one call too, so none is ever cut in two. */
static void say(const char *text)
{
	char line[LINE_SIZE];
	int length = snprintf(line, sizeof line, "%10d:\tbindsim: %s\n", (int)getpid(), text);

	if (length >= (int)sizeof line) {
		length = (int)sizeof line;
		line[length - 1] = '\n';
	}
	if (write(STDERR_FILENO, line, (size_t)length) != length)
		_exit(125);
}

static void say_outcome(int step, const char *failure)
{
	char text[LINE_SIZE - 64];

	if (failure == NULL) {
		snprintf(text, sizeof text, "step %d: ok", step);
	} else {
		const char *last_line = strrchr(failure, '\n');

		snprintf(text, sizeof text, "step %d: failed: %s", step,
			 last_line != NULL ? last_line + 1 : failure);
	}
	say(text);
}

/* ---- what is mapped ---------------------------------------------------------------------------
 */

static const char *name_of(const struct link_map *map)
{
	return map->l_name[0] != '\0' ? map->l_name : program;
}

static bool is_vdso(const struct link_map *map)
{
	return strncmp(map->l_name, "linux-vdso", 10) == 0 ||
	       strncmp(map->l_name, "linux-gate", 10) == 0;
}

/* The loader's own structure is found by DT_DEBUG: naming _r_debug would make a copy of it, without
 * its last member. */
static const struct r_debug_extended *first_namespace(void)
{
	for (const ElfW(Dyn) *entry = _DYNAMIC; entry->d_tag != DT_NULL; entry++)
		if (entry->d_tag == DT_DEBUG)
			return (const struct r_debug_extended *)entry->d_un.d_ptr;
	return NULL;
}

/* A walk through all maps: namespace by namespace, in link-map order. */
struct walk {
	const struct r_debug_extended *space;
	struct link_map *map;
	int number;
};

static bool next_map(struct walk *walk, struct place *ret)
{
	if (walk->space == NULL) {
		walk->space = first_namespace();
		walk->map = walk->space->base.r_map;
	} else {
		walk->map = walk->map->l_next;
	}
	while (walk->map == NULL) {
		if (walk->space->base.r_version <= 1 || walk->space->r_next == NULL)
			return false;
		walk->space = walk->space->r_next;
		walk->map = walk->space->base.r_map;
		walk->number++;
	}
	*ret = (struct place){ walk->map, walk->number };
	return true;
}

static bool is_mapped(const struct link_map *map)
{
	struct place place;

	for (struct walk walk = { 0 }; next_map(&walk, &place);)
		if (place.map == map)
			return true;
	return false;
}

static bool is_named(const struct link_map *map, const char *name, size_t length, bool base_only)
{
	const char *own = name_of(map);
	const char *slash = strrchr(own, '/');

	if (base_only && slash != NULL)
		own = slash + 1;
	return strncmp(own, name, length) == 0 && own[length] == '\0';
}

/* The one map of the lowest namespace that goes by that name; none when there are several. */
static struct place find_map(const char *name)
{
	const char *bracket = strrchr(name, '[');
	int wanted = -1;
	size_t length = strlen(name);

	if (bracket != NULL && length > 0 && name[length - 1] == ']') {
		wanted = (int)strtol(bracket + 1, NULL, 10);
		length = (size_t)(bracket - name);
	}
	for (int base_only = 0; base_only <= 1; base_only++) {
		struct place place, found = { NULL, -1 };
		bool several = false;

		for (struct walk walk = { 0 }; next_map(&walk, &place);) {
			if ((wanted >= 0 && place.space != wanted) ||
			    !is_named(place.map, name, length, base_only != 0))
				continue;
			if (found.map == NULL)
				found = place;
			else if (found.space == place.space)
				several = true;
		}
		if (found.map != NULL)
			return several ? (struct place){ NULL, 0 } : found;
	}
	return (struct place){ NULL, 0 };
}

static void list_maps(void)
{
	char text[LINE_SIZE - 64];
	struct place place;

	for (struct walk walk = { 0 }; next_map(&walk, &place);) {
		if (is_vdso(place.map))
			continue;
		snprintf(text, sizeof text, "mapped %s [%d]", name_of(place.map), place.space);
		say(text);
	}
}

/* ---- jump slots -------------------------------------------------------------------------------
 */

/* What is needed of an object's dynamic section. */
struct tables {
	const ElfW(Sym) * symbols;
	const char *strings;
	const ElfW(Rela) * slots;
	size_t n_slots;
	const ElfW(Half) * versions;
	const ElfW(Verneed) * needed;
	const ElfW(Verdef) * defined;
};

/* The loader has made most of these pointers absolute, but not all. */
static const void *pointer(const struct link_map *map, ElfW(Addr) value)
{
	return (const void *)(value < map->l_addr ? value + map->l_addr : value);
}

static struct tables tables_of(const struct link_map *map)
{
	struct tables tables = { 0 };

	for (const ElfW(Dyn) *entry = map->l_ld; entry->d_tag != DT_NULL; entry++) {
		ElfW(Addr) value = entry->d_un.d_ptr;

		switch (entry->d_tag) {
		case DT_SYMTAB:
			tables.symbols = pointer(map, value);
			break;
		case DT_STRTAB:
			tables.strings = pointer(map, value);
			break;
		case DT_JMPREL:
			tables.slots = pointer(map, value);
			break;
		case DT_PLTRELSZ:
			tables.n_slots = value / sizeof *tables.slots;
			break;
		case DT_VERSYM:
			tables.versions = pointer(map, value);
			break;
		case DT_VERNEED:
			tables.needed = pointer(map, value);
			break;
		case DT_VERDEF:
			tables.defined = pointer(map, value);
			break;
		}
	}
	return tables;
}

static const char *symbol_of(const struct tables *tables, const ElfW(Rela) * slot)
{
	return tables->strings + tables->symbols[ELF64_R_SYM(slot->r_info)].st_name;
}

static const void *behind(const void *record, size_t offset)
{
	return (const char *)record + offset;
}

/* The version that a slot's symbol asks for, or NULL. */
static const char *version_of(const struct tables *tables, const ElfW(Rela) * slot)
{
	unsigned index =
		tables->versions != NULL ? tables->versions[ELF64_R_SYM(slot->r_info)] & 0x7fff : 0;

	if (index < 2)
		return NULL;
	for (const ElfW(Verneed) *need = tables->needed; need != NULL;
	     need = need->vn_next != 0 ? behind(need, need->vn_next) : NULL) {
		const ElfW(Vernaux) *entry = behind(need, need->vn_aux);

		for (unsigned i = 0; i < need->vn_cnt; i++) {
			if ((entry->vna_other & 0x7fff) == index)
				return tables->strings + entry->vna_name;
			entry = behind(entry, entry->vna_next);
		}
	}
	for (const ElfW(Verdef) *definition = tables->defined; definition != NULL;
	     definition = definition->vd_next != 0 ? behind(definition, definition->vd_next) : NULL)
		if (definition->vd_ndx == index)
			return tables->strings +
			       ((const ElfW(Verdaux) *)behind(definition, definition->vd_aux))
				       ->vda_name;
	return NULL;
}

static ElfW(Addr) * slot_address(const struct link_map *map, const ElfW(Rela) * slot)
{
	return (ElfW(Addr) *)(map->l_addr + slot->r_offset);
}

/* A slot that nobody called yet leads to `push $INDEX` in the object's own PLT. */
static bool is_unbound(const struct link_map *map, const struct tables *tables,
		       const ElfW(Rela) * slot)
{
	static const unsigned char endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };
	const unsigned char *code = (const unsigned char *)*slot_address(map, slot);
	unsigned index;

	if (code == NULL)
		return false;
	if (memcmp(code, endbr64, sizeof endbr64) == 0)
		code += sizeof endbr64;
	memcpy(&index, code + 1, sizeof index);
	return code[0] == 0x68 && index == (unsigned)(slot - tables->slots);
}

static void call_slot(const struct link_map *map, const ElfW(Rela) * slot)
{
	((void (*)(const char *)) * slot_address(map, slot))("");
}

static char slot_text[LINE_SIZE - 128];
static const ElfW(Addr) * slot_tried;

/* A call came back, or fell over what it found: the slot tells what that was. */
static void slot_tried_out(int signal)
{
	char text[LINE_SIZE - 64];

	snprintf(text, sizeof text, "%s: %s", slot_text,
		 *slot_tried == 0 ? "null"
		 : signal != 0	  ? "fault"
				  : "own");
	say(text);
	_exit(0);
}

/* A child makes the call, so nothing changes here; the loader's line tells what it bound to. */
static void try_slot(struct place place, const struct tables *tables, const ElfW(Rela) * slot)
{
	static char stack[65536];
	const char *version = version_of(tables, slot);
	char text[LINE_SIZE - 64];
	pid_t child;

	snprintf(slot_text, sizeof slot_text, "slot %s [%d] symbol `%s'%s%s%s", name_of(place.map),
		 place.space, symbol_of(tables, slot), version != NULL ? " [" : "",
		 version != NULL ? version : "", version != NULL ? "]" : "");
	slot_tried = slot_address(place.map, slot);
	if ((child = fork()) < 0)
		_exit(125);
	if (child > 0) {
		int status = 0;

		waitpid(child, &status, 0);
		if (WIFEXITED(status) && WEXITSTATUS(status) == LOADER_GAVE_UP) {
			snprintf(text, sizeof text, "%s: undefined", slot_text);
			say(text);
		}
		return;
	}
	sigaltstack(&(stack_t){ .ss_sp = stack, .ss_size = sizeof stack }, NULL);
	for (int number = SIGILL; number <= SIGSEGV; number++)
		sigaction(
			number,
			&(struct sigaction){ .sa_handler = slot_tried_out, .sa_flags = SA_ONSTACK },
			NULL);
	alarm(SLOT_SECONDS);
	snprintf(text, sizeof text, "%s: calling", slot_text);
	say(text);
	call_slot(place.map, slot);
	slot_tried_out(0);
}

/* The system's objects are left out: their functions do things, and are the same in every plan. */
static void list_slots(void)
{
	struct place place;

	for (struct walk walk = { 0 }; next_map(&walk, &place);) {
		struct tables tables;

		if (is_vdso(place.map) || strncmp(place.map->l_name, "/lib", 4) == 0 ||
		    strncmp(place.map->l_name, "/usr/lib", 8) == 0)
			continue;
		tables = tables_of(place.map);
		for (size_t i = 0; tables.slots != NULL && i < tables.n_slots; i++)
			if (ELF64_R_TYPE(tables.slots[i].r_info) == R_X86_64_JUMP_SLOT &&
			    is_unbound(place.map, &tables, &tables.slots[i]))
				try_slot(place, &tables, &tables.slots[i]);
	}
}

static const char *call_function(char *what)
{
	char *colon = strrchr(what, ':');
	char *version;
	struct link_map *map;
	struct tables tables;

	if (colon == NULL)
		return "call:OBJECT:SYMBOL expected";
	*colon = '\0';
	if ((version = strchr(colon + 1, '@')) != NULL)
		*version++ = '\0';
	if ((map = find_map(what).map) == NULL)
		return undefined;
	tables = tables_of(map);
	for (size_t i = 0; tables.slots != NULL && i < tables.n_slots; i++) {
		const ElfW(Rela) *slot = &tables.slots[i];
		const char *own = version_of(&tables, slot);

		if (ELF64_R_TYPE(slot->r_info) != R_X86_64_JUMP_SLOT ||
		    strcmp(symbol_of(&tables, slot), colon + 1) != 0 ||
		    (version != NULL && (own == NULL || strcmp(own, version) != 0)))
			continue;
		call_slot(map, slot);
		return NULL;
	}
	return undefined;
}

/* ---- calls of the loader ----------------------------------------------------------------------
 */

static void *call_directly(void *function, const void *a, const void *b, const void *c)
{
	return ((void *(*)(const void *, const void *, const void *))function)(a, b, c);
}

/* A function of the program's C library. Its address in another way would be a PLT entry in a
 * program that is not position-independent. */
#define LIBRARY_FUNCTION(name)                                                                     \
	({                                                                                         \
		void *address;                                                                     \
		__asm__("movq " #name "@GOTPCREL(%%rip), %0" : "=r"(address));                     \
		address;                                                                           \
	})

static const struct caller the_program = { call_directly, 0 };

/* The same of the caller's C library, which is another one in another namespace; how errors are
 * told depends on that. An object without one is lent the program's. */
static void *call(const struct caller *caller, void *function, const void *a, const void *b,
		  const void *c)
{
	return caller->call((char *)function + caller->shift, a, b, c);
}

static const char *last_error(const struct caller *caller)
{
	return call_directly((char *)LIBRARY_FUNCTION(dlerror) + caller->shift, NULL, NULL, NULL);
}

static ElfW(Addr) library_shift(int space)
{
	struct place place;
	struct link_map *own = NULL;
	Dl_info info;

	if (space == 0 ||
	    dladdr1(LIBRARY_FUNCTION(dlopen), &info, (void **)&own, RTLD_DL_LINKMAP) == 0)
		return 0;
	for (struct walk walk = { 0 }; next_map(&walk, &place);)
		if (place.space == space &&
		    is_named(place.map, "libc.so.6", strlen("libc.so.6"), true))
			return place.map->l_addr - own->l_addr;
	return 0;
}

static trampoline *agent_of(const struct link_map *map)
{
	for (int i = n_agents - 1; i >= 0; i--)
		if (agents[i].dynamic == map->l_ld)
			return agents[i].call;
	return NULL;
}

static bool parse_flag(const char *word, size_t length, int *mode)
{
	if (length > 5 && strncasecmp(word, "RTLD_", 5) == 0) {
		word += 5;
		length -= 5;
	}
	for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
		if (strlen(flags[i].name) == length &&
		    strncasecmp(word, flags[i].name, length) == 0) {
			*mode |= flags[i].value;
			return true;
		}
	}
	return false;
}

/* A number is passed as it is; names without LAZY and NOW mean NOW. */
static bool parse_mode(const char *text, int *mode)
{
	char *end;
	int named = 0;

	if (isdigit((unsigned char)*text)) {
		*mode = (int)strtol(text, &end, 0);
		return *end == '\0';
	}
	for (;;) {
		size_t length = strcspn(text, "|,+");

		if (!parse_flag(text, length, &named))
			return false;
		if (text[length] == '\0')
			break;
		text += length + 1;
	}
	*mode = (named & (RTLD_LAZY | RTLD_NOW)) != 0 ? named : (named | RTLD_NOW);
	return true;
}

/* Cuts the flags off FILE:FLAGS; what follows the last colon belongs to the name unless all of it
 * is flags. */
static int split_mode(char *file)
{
	char *colon = strrchr(file, ':');
	int mode = RTLD_NOW | RTLD_LOCAL;

	if (colon != NULL && parse_mode(colon + 1, &mode))
		*colon = '\0';
	return mode;
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
	static const char code[] = "\xc3IFUNC";

	return memcmp(address, code, sizeof code - 1) == 0;
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
	address = version != NULL ? call(caller, LIBRARY_FUNCTION(dlvsym), handle, what, version)
				  : call(caller, LIBRARY_FUNCTION(dlsym), handle, what, NULL);
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
		namespaced ? call(caller, LIBRARY_FUNCTION(dlmopen), (const void *)space, name,
				  (const void *)mode)
			   : call(caller, LIBRARY_FUNCTION(dlopen), name, (const void *)mode, NULL);
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
		other = (struct caller){ agent_of(place.map), library_shift(place.space) };
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
bindsim_construct(int argc, char **argv, const ElfW(Dyn) * dynamic, trampoline *call)
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
		run_block(block, &(struct caller){ call, library_shift(place.space) });
		break;
	}
}

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
