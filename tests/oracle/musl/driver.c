/* SPDX-License-Identifier: MIT */
/*
 * Carries out a plan of loader calls under musl, one per argument, and tells what the loader did in
 * the form of glibc's LD_DEBUG, which musl does not have: after each step it goes through the
 * relocations of all objects and finds out where they lead.
 *
 *   FILE[:FLAGS]              dlopen
 *   sym:[HANDLE:]SYMBOL       dlsym; HANDLE is DEFAULT, NEXT or a step
 *   call:OBJECT:SYMBOL        calls the function through OBJECT's jump slot
 *   close:N                   dlclose of what step N opened
 *   by:OBJECT:STEP            the call is made by OBJECT, which has the code of agent.s
 *
 * OBJECT is a name as the loader has it, or a base name. A line is written for each relocation that
 * a lookup settled, in the loader's order; COPY relocations are told by what was copied.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { MAX_STEPS = 256, MAX_OBJECTS = 512, MAX_WAITING = 8192, LINE_SIZE = 8192 };

struct object {
	const char *name;
	uintptr_t base;
	const Elf64_Phdr *headers;
	unsigned n_headers;
	size_t tls_module, tls_size;
	const char *tls;
	const Elf64_Dyn *dynamic;
	const Elf64_Sym *symbols;
	const char *strings;
	const Elf64_Rela *tables[2]; /* the PLT's come first */
	size_t n[2];
};

struct waiting {
	uintptr_t base; /* of the object */
	const Elf64_Rela *relocation;
	bool over;
};

static struct object objects[MAX_OBJECTS];
static unsigned n_objects, n_known;
static struct waiting waiting[MAX_WAITING];
static unsigned n_waiting;
static void *handles[MAX_STEPS + 1];

static void say(const char *text)
{
	char line[LINE_SIZE];
	int n = snprintf(line, sizeof line, "%10d:\t%s\n", (int)getpid(), text);

	if (write(STDERR_FILENO, line, (size_t)n) != n)
		_exit(125);
}

#define SAY(...)                                                                                   \
	do {                                                                                       \
		char text_[LINE_SIZE - 64];                                                        \
		snprintf(text_, sizeof text_, __VA_ARGS__);                                        \
		say(text_);                                                                        \
	} while (0)

/* ---- objects ------------------------------------------------------------------------------- */

static void read_dynamic(struct object *o)
{
	size_t size[2] = { 0 };

	for (unsigned i = 0; i < o->n_headers; i++) {
		if (o->headers[i].p_type == PT_DYNAMIC)
			o->dynamic = (const void *)(o->base + o->headers[i].p_vaddr);
		if (o->headers[i].p_type == PT_TLS)
			o->tls_size = o->headers[i].p_memsz;
	}
	for (const Elf64_Dyn *d = o->dynamic; d && d->d_tag != DT_NULL; d++) {
		const void *at = (const void *)(o->base + d->d_un.d_ptr);

		switch (d->d_tag) {
		case DT_SYMTAB:
			o->symbols = at;
			break;
		case DT_STRTAB:
			o->strings = at;
			break;
		case DT_JMPREL:
			o->tables[0] = at;
			break;
		case DT_PLTRELSZ:
			size[0] = d->d_un.d_val;
			break;
		case DT_RELA:
			o->tables[1] = at;
			break;
		case DT_RELASZ:
			size[1] = d->d_un.d_val;
			break;
		}
	}
	for (int i = 0; i < 2; i++)
		o->n[i] = size[i] / sizeof(Elf64_Rela);
}

/* In load order; the kernel's object has no name. */
static int note_object(struct dl_phdr_info *info, size_t size, void *data)
{
	struct object *o = &objects[n_objects];

	(void)size, (void)data;
	if (!*info->dlpi_name || n_objects == MAX_OBJECTS)
		return 0;
	n_objects++;
	*o = (struct object){
		.name = info->dlpi_name,
		.base = info->dlpi_addr,
		.headers = info->dlpi_phdr,
		.n_headers = info->dlpi_phnum,
		.tls_module = info->dlpi_tls_modid,
		.tls = info->dlpi_tls_data,
	};
	read_dynamic(o);
	return 0;
}

static const struct object *object_at(uintptr_t address)
{
	for (unsigned i = 0; i < n_objects; i++)
		for (unsigned k = 0; k < objects[i].n_headers; k++) {
			const Elf64_Phdr *h = &objects[i].headers[k];

			if (h->p_type == PT_LOAD &&
			    address - objects[i].base - h->p_vaddr < h->p_memsz)
				return &objects[i];
		}
	return NULL;
}

static const struct object *object_of_tls(uintptr_t address)
{
	for (unsigned i = 0; i < n_objects; i++)
		if (objects[i].tls && address - (uintptr_t)objects[i].tls < objects[i].tls_size)
			return &objects[i];
	return NULL;
}

static const struct object *object_of_module(size_t module)
{
	for (unsigned i = 0; i < n_objects; i++)
		if (module && objects[i].tls_module == module)
			return &objects[i];
	return NULL;
}

static const struct object *object_named(const char *name)
{
	for (unsigned i = 0; i < n_objects; i++) {
		const char *slash = strrchr(objects[i].name, '/');

		if (strcmp(objects[i].name, name) == 0 || (slash && strcmp(slash + 1, name) == 0))
			return &objects[i];
	}
	return NULL;
}

static const struct object *object_with_base(uintptr_t base)
{
	for (unsigned i = 0; i < n_objects; i++)
		if (objects[i].base == base)
			return &objects[i];
	return NULL;
}

/* ---- where a relocation leads --------------------------------------------------------------- */

static const char *name_of(const struct object *o, const Elf64_Rela *r)
{
	return o->strings + o->symbols[ELF64_R_SYM(r->r_info)].st_name;
}

static uintptr_t thread_pointer(void)
{
	uintptr_t self;

	__asm__("movq %%fs:0, %0" : "=r"(self));
	return self;
}

/* The first eight bytes tell whose variable it was. */
static const struct object *object_copied_from(const struct object *o, const Elf64_Rela *r)
{
	const char *name = name_of(o, r);
	uint64_t copied;

	memcpy(&copied, (const void *)(o->base + r->r_offset), sizeof copied);
	for (unsigned i = 0; i < n_objects; i++) {
		void *handle = &objects[i] == o ? NULL : dlopen(objects[i].name, RTLD_NOLOAD);
		const void *own = handle ? dlsym(handle, name) : NULL;

		if (own && object_at((uintptr_t)own) == &objects[i] &&
		    memcmp(own, &copied, sizeof copied) == 0)
			return &objects[i];
	}
	return NULL;
}

static const struct object *leads_to(const struct object *o, const Elf64_Rela *r)
{
	const uintptr_t *place = (const uintptr_t *)(o->base + r->r_offset);
	uintptr_t addend = (uintptr_t)r->r_addend;

	switch (ELF64_R_TYPE(r->r_info)) {
	case R_X86_64_GLOB_DAT:
	case R_X86_64_JUMP_SLOT:
	case R_X86_64_64:
		return object_at(*place - addend);
	case R_X86_64_COPY:
		return object_copied_from(o, r);
	case R_X86_64_DTPMOD64:
		return object_of_module(*place);
	case R_X86_64_DTPOFF64:
		return object_of_module(place[-1]);
	case R_X86_64_TPOFF64:
		return object_of_tls(thread_pointer() + *place - addend);
	case R_X86_64_TLSDESC:
		/* An offset from the thread pointer, or a record of module and offset. */
		if ((intptr_t)place[1] < 0)
			return object_of_tls(thread_pointer() + place[1] - addend);
		return object_of_module(*(const size_t *)place[1]);
	default:
		return NULL;
	}
}

static bool is_looked_up(const struct object *o, const Elf64_Rela *r)
{
	size_t symbol = ELF64_R_SYM(r->r_info);

	return symbol && ELF64_ST_BIND(o->symbols[symbol].st_info) != STB_LOCAL;
}

static void say_binding(const struct object *o, const Elf64_Rela *r, const struct object *to)
{
	SAY("binding file %s [0] to %s [0]: normal symbol `%s'", o->name, to->name, name_of(o, r));
}

/* The same symbol by the same kind of relocation waits once. */
static bool waits_already(const struct object *o, const Elf64_Rela *r)
{
	for (unsigned i = 0; i < n_waiting; i++)
		if (waiting[i].base == o->base && waiting[i].relocation->r_info == r->r_info)
			return true;
	return false;
}

static void note_waiting(const struct object *o, const Elf64_Rela *r)
{
	const Elf64_Sym *s = &o->symbols[ELF64_R_SYM(r->r_info)];
	bool weak = ELF64_ST_BIND(s->st_info) == STB_WEAK && s->st_shndx == SHN_UNDEF;

	if (!weak && !waits_already(o, r) && n_waiting < MAX_WAITING)
		waiting[n_waiting++] = (struct waiting){ o->base, r, false };
}

static void tell_relocations(const struct object *o)
{
	for (int table = 0; table < 2; table++)
		for (size_t i = 0; i < o->n[table]; i++) {
			const Elf64_Rela *r = &o->tables[table][i];

			if (!is_looked_up(o, r))
				continue;
			const struct object *to = leads_to(o, r);

			if (to)
				say_binding(o, r, to);
			else
				note_waiting(o, r);
		}
}

static void tell_retried(void)
{
	for (unsigned i = 0; i < n_waiting; i++) {
		const struct object *o = object_with_base(waiting[i].base);
		const struct object *to =
			o && !waiting[i].over ? leads_to(o, waiting[i].relocation) : NULL;

		if (!to)
			continue;
		waiting[i].over = true;
		say_binding(o, waiting[i].relocation, to);
	}
}

static void tell_bindings(void)
{
	n_objects = 0;
	dl_iterate_phdr(note_object, NULL);

	for (unsigned i = n_known ? n_known : 1; i < n_objects; i++)
		tell_relocations(&objects[i]);
	if (!n_known)
		tell_relocations(&objects[0]);
	tell_retried();
	n_known = n_objects;
}

static void tell_state(void)
{
	for (unsigned i = 0; i < n_objects; i++)
		SAY("bindsim: mapped %s [0]", objects[i].name);
	for (unsigned i = 0; i < n_waiting; i++) {
		const struct object *o = object_with_base(waiting[i].base);

		if (o && !waiting[i].over)
			SAY("bindsim: slot %s [0] symbol `%s': undefined", o->name,
			    name_of(o, waiting[i].relocation));
	}
}

/* ---- steps --------------------------------------------------------------------------------- */

static bool parse_flag(const char *word, size_t n, int *mode)
{
	static const struct {
		const char *name;
		int value;
	} flags[] = {
		{ "LAZY", RTLD_LAZY },	   { "NOW", RTLD_NOW },
		{ "GLOBAL", RTLD_GLOBAL }, { "LOCAL", 0 },
		{ "DEEPBIND", 8 },	   { "NODELETE", RTLD_NODELETE },
		{ "NOLOAD", RTLD_NOLOAD },
	};

	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
		if (strlen(flags[i].name) == n && strncasecmp(flags[i].name, word, n) == 0) {
			*mode |= flags[i].value;
			return true;
		}
	return false;
}

static bool parse_mode(const char *text, int *mode)
{
	char *end;
	int named = 0;

	if (isdigit((unsigned char)*text)) {
		*mode = (int)strtol(text, &end, 0);
		return *end == '\0';
	}
	for (;;) {
		size_t n = strcspn(text, "|,+");

		if (!parse_flag(text, n, &named))
			return false;
		if (!text[n])
			break;
		text += n + 1;
	}
	*mode = named & (RTLD_LAZY | RTLD_NOW) ? named : named | RTLD_NOW;
	return true;
}

typedef void *trampoline(void *function, const void *a, const void *b);

static void *plainly(void *function, const void *a, const void *b)
{
	return ((void *(*)(const void *, const void *))function)(a, b);
}

static trampoline *trampoline_of(const char *name)
{
	const struct object *o = object_named(name);

	for (const Elf64_Dyn *d = o ? o->dynamic : NULL; d && d->d_tag != DT_NULL; d++)
		if (d->d_tag == DT_INIT)
			return (trampoline *)(o->base + d->d_un.d_ptr + 16);
	fprintf(stderr, "no object %s that makes calls\n", name);
	_exit(124);
}

static const char *open_object(int step, char *file, trampoline *call)
{
	char *colon = strrchr(file, ':');
	int mode = RTLD_NOW;

	if (colon && parse_mode(colon + 1, &mode))
		*colon = '\0';
	handles[step] = call((void *)dlopen, *file ? file : NULL, (const void *)(intptr_t)mode);
	return handles[step] ? NULL : dlerror();
}

static const char *opened_nothing(const char *number)
{
	static char text[64];

	snprintf(text, sizeof text, "step %s opened nothing", number);
	return text;
}

static void *handle_of(const char *number)
{
	long step = strtol(number, NULL, 10);

	return step >= 1 && step <= MAX_STEPS ? handles[step] : NULL;
}

static const char *find_symbol(char *what, trampoline *call)
{
	char *colon = strchr(what, ':');
	const void *handle = RTLD_DEFAULT;
	void *address;
	const char *failure;

	if (colon) {
		*colon = '\0';
		if (strcmp(what, "NEXT") == 0)
			handle = RTLD_NEXT;
		else if (strcmp(what, "DEFAULT") != 0 && !(handle = handle_of(what)))
			return opened_nothing(what);
		what = colon + 1;
	}
	dlerror();
	address = call((void *)dlsym, handle, what);
	failure = dlerror();
	if (failure)
		return failure;
	const struct object *o = object_at((uintptr_t)address);

	if (o && !object_of_tls((uintptr_t)address))
		SAY("bindsim: address %s [0]+0x%lx", o->name,
		    (unsigned long)((uintptr_t)address - o->base));
	return NULL;
}

static const char *call_slot(char *what)
{
	char *colon = strchr(what, ':');

	*colon = '\0';
	const struct object *o = object_named(what);

	for (size_t i = 0; o && i < o->n[0]; i++)
		if (strcmp(name_of(o, &o->tables[0][i]), colon + 1) == 0) {
			(*(void (**)(void))(o->base + o->tables[0][i].r_offset))();
			return NULL;
		}
	fprintf(stderr, "no such slot\n");
	_exit(124);
}

static const char *carry_out(int step, char *what)
{
	trampoline *call = plainly;

	if (strncmp(what, "by:", 3) == 0) {
		char *colon = strchr(what + 3, ':');

		*colon = '\0';
		call = trampoline_of(what + 3);
		what = colon + 1;
	}
	if (strncmp(what, "sym:", 4) == 0)
		return find_symbol(what + 4, call);
	if (strncmp(what, "call:", 5) == 0)
		return call_slot(what + 5);
	if (strncmp(what, "close:", 6) == 0) {
		void *handle = handle_of(what + 6);

		if (!handle)
			return opened_nothing(what + 6);
		return dlclose(handle) ? dlerror() : NULL;
	}
	return open_object(step, what, call);
}

int main(int argc, char **argv)
{
	int step = 0;

	tell_bindings();
	tell_state();
	say("bindsim: step 0: ok");
	for (int i = 1; i < argc; i++) {
		if (strncmp(argv[i], "show:", 5) == 0)
			continue;
		const char *failure = carry_out(++step, argv[i]);
		/* What follows makes calls of its own. */
		char *kept = failure ? strdup(failure) : NULL;

		tell_bindings();
		tell_state();
		if (kept)
			SAY("bindsim: step %d: failed: %s", step, kept);
		else
			SAY("bindsim: step %d: ok", step);
	}
	_exit(0);
}

/* The linker may be told to start here. */
__asm__(".pushsection .text\n"
	"	.globl bindsim_entry\n"
	"	.hidden bindsim_entry\n"
	"bindsim_entry:\n"
	"	jmp _start\n"
	"	.popsection\n");
