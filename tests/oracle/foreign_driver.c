/* SPDX-License-Identifier: MIT */
/*
 * The driver for other machines: what driver.c does, but for callers, constructors and jump slots,
 * of which every machine has its own. One call per argument; standard error tells how each ended in
 * the loader's own form, so that its lines under LD_DEBUG fall into one block per step.
 *
 *   FILE[:FLAGS]                    dlopen
 *   newlm:FILE[:FLAGS]              dlmopen in a new namespace
 *   lm:N:FILE[:FLAGS]               dlmopen in the namespace of step N
 *   sym:[HANDLE:]SYMBOL[@VERSION]   dlsym, dlvsym; HANDLE is DEFAULT, NEXT or a step
 *   close:N                         dlclose of what step N opened
 *   show:mapped                     no step: list maps after each step
 *   show:addresses                  no step: tell addresses after sym
 *
 * It is linked with -z now and leaves with _exit, so that it binds nothing after start-up and runs
 * no destructors.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { MAX_STEPS = 256, LINE_SIZE = 16384 };

struct flag {
	const char *name;
	int value;
};

static const struct flag flags[] = {
	{ "LAZY", RTLD_LAZY },	   { "NOW", RTLD_NOW },		  { "GLOBAL", RTLD_GLOBAL },
	{ "LOCAL", RTLD_LOCAL },   { "DEEPBIND", RTLD_DEEPBIND }, { "NODELETE", RTLD_NODELETE },
	{ "NOLOAD", RTLD_NOLOAD },
};

static void *handles[MAX_STEPS + 1];
static const char *program;
static bool show_mapped, show_addresses;

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

static void *opened_by(const char *number)
{
	long step = strtol(number, NULL, 10);

	return step >= 1 && step <= MAX_STEPS ? handles[step] : NULL;
}

static const char *opened_nothing(const char *number)
{
	static char text[64];

	snprintf(text, sizeof text, "step %ld opened nothing", strtol(number, NULL, 10));
	return text;
}

static const char *name_of(const struct link_map *map)
{
	return map->l_name[0] != '\0' ? map->l_name : program;
}

/* The loader's own structure is found by DT_DEBUG: naming _r_debug would make a copy of it, without
 * its last member. MIPS has read-only dynamic sections, which lead to a pointer instead. */
static const struct r_debug_extended *first_namespace(void)
{
	for (const ElfW(Dyn) *entry = _DYNAMIC; entry->d_tag != DT_NULL; entry++) {
#ifdef __mips__
		if (entry->d_tag == DT_MIPS_RLD_MAP_REL)
			return *(const struct r_debug_extended **)((uintptr_t)entry +
								   entry->d_un.d_val);
#endif
		if (entry->d_tag == DT_DEBUG)
			return (const struct r_debug_extended *)entry->d_un.d_ptr;
	}
	return NULL;
}

static void list_maps(void)
{
	const struct r_debug_extended *space = first_namespace();
	int number = 0;

	for (; space != NULL; space = space->base.r_version > 1 ? space->r_next : NULL, number++) {
		for (const struct link_map *map = space->base.r_map; map != NULL;
		     map = map->l_next) {
			char text[LINE_SIZE - 64];

			if (strncmp(map->l_name, "linux-vdso", 10) == 0 ||
			    strncmp(map->l_name, "linux-gate", 10) == 0)
				continue;
			snprintf(text, sizeof text, "mapped %s [%d]", name_of(map), number);
			say(text);
		}
	}
}

static void list_address(void *address)
{
	Dl_info info;
	struct link_map *map = NULL;
	Lmid_t space = 0;
	char text[LINE_SIZE - 64];

	if (!show_addresses || dladdr1(address, &info, (void **)&map, RTLD_DL_LINKMAP) == 0 ||
	    map == NULL)
		return;
	dlinfo(map, RTLD_DI_LMID, &space);
	snprintf(text, sizeof text, "address %s [%ld]+0x%lx", name_of(map), (long)space,
		 (unsigned long)((ElfW(Addr))address - map->l_addr));
	say(text);
}

/* dlsym may well answer NULL and mean it, so only dlerror tells a failure. */
static const char *find_symbol(char *what)
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
		else if (strcmp(what, "DEFAULT") != 0 && (handle = opened_by(what)) == NULL)
			return opened_nothing(what);
		what = colon + 1;
	}
	dlerror();
	address = version != NULL ? dlvsym(handle, what, version) : dlsym(handle, what);
	failure = dlerror();
	if (failure == NULL)
		list_address(address);
	return failure;
}

static const char *open_object(int step, char *file, bool namespaced, Lmid_t space)
{
	int mode = split_mode(file);
	const char *name = *file != '\0' ? file : NULL;
	void *handle;
	const char *failure;

	dlerror();
	handle = namespaced ? dlmopen(space, name, mode) : dlopen(name, mode);
	handles[step] = handle;
	if (handle != NULL)
		return NULL;
	failure = dlerror();
	return failure != NULL ? failure : "";
}

static const char *open_beside(int step, char *what)
{
	char *colon = strchr(what, ':');
	void *handle;
	Lmid_t space;

	if (colon == NULL)
		return "lm:N:FILE expected";
	*colon = '\0';
	if ((handle = opened_by(what)) == NULL)
		return opened_nothing(what);
	if (dlinfo(handle, RTLD_DI_LMID, &space) != 0)
		return dlerror();
	return open_object(step, colon + 1, true, space);
}

static const char *close_object(const char *number)
{
	void *handle = opened_by(number);

	if (handle == NULL)
		return opened_nothing(number);
	return dlclose(handle) == 0 ? NULL : dlerror();
}

static const char *carry_out(int step, char *what)
{
	if (strncmp(what, "close:", 6) == 0)
		return close_object(what + 6);
	if (strncmp(what, "sym:", 4) == 0)
		return find_symbol(what + 4);
	if (strncmp(what, "newlm:", 6) == 0)
		return open_object(step, what + 6, true, LM_ID_NEWLM);
	if (strncmp(what, "lm:", 3) == 0)
		return open_beside(step, what + 3);
	return open_object(step, what, false, LM_ID_BASE);
}

static void finish_step(int step, const char *failure)
{
	char kept[LINE_SIZE - 128];

	if (failure != NULL)
		snprintf(kept, sizeof kept, "%s", failure);
	if (show_mapped)
		list_maps();
	say_outcome(step, failure != NULL ? kept : NULL);
}

int main(int argc, char **argv)
{
	int step = 0;

	program = argv[0];
	for (int i = 1; i < argc; i++) {
		show_mapped |= strcmp(argv[i], "show:mapped") == 0;
		show_addresses |= strcmp(argv[i], "show:addresses") == 0;
	}
	finish_step(0, NULL);
	for (int i = 1; i < argc && step < MAX_STEPS; i++) {
		if (strncmp(argv[i], "show:", 5) == 0)
			continue;
		step++;
		finish_step(step, carry_out(step, argv[i]));
	}
	_exit(0);
}
