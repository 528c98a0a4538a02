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
 *   show:state                no step: tells of jump slots and of who can make calls, too
 *   init:OBJECT, end-init     no steps: OBJECT's constructors carry out the steps between
 *
 * OBJECT is a name as the loader has it, or a base name; only one with the code of agent.s has
 * constructors that carry out steps. A line is written for each relocation that a lookup settled,
 * in the loader's order; COPY relocations are told by what was copied. Nothing here asks the loader
 * to open anything but what the plan says: that could run constructors.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../driver/modes.h"
#include "machine.h"

enum {
	MAX_STEPS = 256,
	MAX_BLOCKS = 64,
	MAX_OBJECTS = 512,
	MAX_WAITING = 8192,
	LINE_SIZE = 8192,
};

/* Relocations with addends (DT_RELA) or without. */
struct table {
	const char *start;
	size_t size;
	bool has_addends;
};

struct relocation {
	uintptr_t offset, addend;
	size_t symbol;
	unsigned type;
};

struct object {
	const char *name;
	uintptr_t base;
	const ElfW(Phdr) * headers;
	unsigned n_headers;
	size_t tls_module, tls_size;
	const char *tls;
	const ElfW(Dyn) * dynamic;
	const ElfW(Sym) * symbols;
	size_t n_symbols;
	const uint16_t *versions;
	const char *strings;
	struct table tables[3]; /* in the loader's order: the PLT's, DT_REL, DT_RELA */
};

struct waiting {
	uintptr_t base; /* of the object */
	struct relocation relocation;
	bool over;
};

static struct object objects[MAX_OBJECTS];
static unsigned n_objects, n_known;
static struct waiting waiting[MAX_WAITING];
static unsigned n_waiting;
static void *handles[MAX_STEPS + 1];

struct step {
	char *what;
	int block; /* 0: the program's own */
};

struct block {
	const char *object;
	bool done;
};

static struct step steps[MAX_STEPS + 1];
static struct block blocks[MAX_BLOCKS + 1];
static int n_steps, n_blocks;
static bool show_state;

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

/* The table has no length of its own; the hash table knows. */
static size_t count_by_gnu_hash(const uint32_t *table)
{
	uint32_t n_buckets = table[0], first = table[1];
	const uint32_t *buckets = table + 4 + table[2] * (sizeof(uintptr_t) / sizeof(uint32_t));
	const uint32_t *chains = buckets + n_buckets;
	uint32_t last = 0;

	for (uint32_t i = 0; i < n_buckets; i++)
		if (buckets[i] > last)
			last = buckets[i];
	if (last < first)
		return first;
	while (!(chains[last - first] & 1))
		last++;
	return last + 1;
}

static void read_dynamic(struct object *o)
{
	for (unsigned i = 0; i < o->n_headers; i++) {
		if (o->headers[i].p_type == PT_DYNAMIC)
			o->dynamic = (const void *)(o->base + o->headers[i].p_vaddr);
		if (o->headers[i].p_type == PT_TLS)
			o->tls_size = o->headers[i].p_memsz;
	}
	for (const ElfW(Dyn) *d = o->dynamic; d && d->d_tag != DT_NULL; d++) {
		const void *at = (const void *)(o->base + d->d_un.d_ptr);

		switch (d->d_tag) {
		case DT_SYMTAB:
			o->symbols = at;
			break;
		case DT_STRTAB:
			o->strings = at;
			break;
		case DT_VERSYM:
			o->versions = at;
			break;
		case DT_HASH:
			o->n_symbols = ((const hash_word *)at)[1];
			break;
		case DT_GNU_HASH:
			if (!o->n_symbols)
				o->n_symbols = count_by_gnu_hash(at);
			break;
		case DT_JMPREL:
			o->tables[0].start = at;
			break;
		case DT_PLTRELSZ:
			o->tables[0].size = d->d_un.d_val;
			break;
		case DT_PLTREL:
			o->tables[0].has_addends = d->d_un.d_val == DT_RELA;
			break;
		case DT_REL:
			o->tables[1].start = at;
			break;
		case DT_RELSZ:
			o->tables[1].size = d->d_un.d_val;
			break;
		case DT_RELA:
			o->tables[2].start = at;
			o->tables[2].has_addends = true;
			break;
		case DT_RELASZ:
			o->tables[2].size = d->d_un.d_val;
			break;
		}
	}
}

static size_t count(const struct table *table)
{
	return table->size / (table->has_addends ? sizeof(ElfW(Rela)) : sizeof(ElfW(Rel)));
}

/* An addend that is in place before relocation is 0 in all that is compared. */
static struct relocation relocation_at(const struct table *table, size_t i)
{
	const ElfW(Rela) *rela = (const ElfW(Rela) *)table->start + i;
	const ElfW(Rel) *rel = (const ElfW(Rel) *)table->start + i;
	uintptr_t info = table->has_addends ? rela->r_info : rel->r_info;

	return (struct relocation){
		.offset = table->has_addends ? rela->r_offset : rel->r_offset,
		.addend = table->has_addends ? (uintptr_t)rela->r_addend : 0,
		.symbol = SYMBOL_OF(info),
		.type = (unsigned)TYPE_OF(info),
	};
}

extern void *__tls_get_addr(size_t *);

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
		/* Up to 1.2.2 dlpi_tls_data is the image, not what this thread has. */
		.tls = info->dlpi_tls_modid ? __tls_get_addr((size_t[]){ info->dlpi_tls_modid, 0 })
					    : NULL,
	};
	read_dynamic(o);
	return 0;
}

static const struct object *object_at(uintptr_t address)
{
	for (unsigned i = 0; i < n_objects; i++)
		for (unsigned k = 0; k < objects[i].n_headers; k++) {
			const ElfW(Phdr) *h = &objects[i].headers[k];

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

static const char *name_of(const struct object *o, const struct relocation *r)
{
	return o->strings + o->symbols[r->symbol].st_name;
}

static uintptr_t thread_pointer(void)
{
	return (uintptr_t)__builtin_thread_pointer();
}

/* O's definition of NAME that others see. */
static const void *definition_in(const struct object *o, const char *name)
{
	for (size_t i = 1; i < o->n_symbols; i++) {
		const ElfW(Sym) *s = &o->symbols[i];

		if (s->st_shndx != SHN_UNDEF && s->st_value &&
		    ELF32_ST_BIND(s->st_info) != STB_LOCAL &&
		    !(o->versions && o->versions[i] & 0x8000) &&
		    strcmp(o->strings + s->st_name, name) == 0)
			return (const void *)(o->base + s->st_value);
	}
	return NULL;
}

/* The first eight bytes tell whose variable it was; it is never the program's. */
static const struct object *object_copied_from(const struct object *o, const struct relocation *r)
{
	const char *name = name_of(o, r);
	uint64_t copied;

	memcpy(&copied, (const void *)(o->base + r->offset), sizeof copied);
	for (unsigned i = 1; i < n_objects; i++) {
		const void *own = &objects[i] == o ? NULL : definition_in(&objects[i], name);

		if (own && memcmp(own, &copied, sizeof copied) == 0)
			return &objects[i];
	}
	return NULL;
}

/* The second word is an offset from the thread pointer, or a record of module and offset. */
static const struct object *described(const uintptr_t *place, uintptr_t addend)
{
	const uintptr_t farthest = 1 << 20;
	uintptr_t value = place[1];
	const struct object *o = object_of_tls(thread_pointer() + value - addend);

	if (o || value + farthest < 2 * farthest)
		return o;
	return object_of_module(*(const size_t *)value);
}

static const struct object *leads_to(const struct object *o, const struct relocation *r)
{
	const uintptr_t *place = (const uintptr_t *)(o->base + r->offset);
	uintptr_t addend = r->addend;

	switch (kind_of(r->type)) {
	case ADDRESS:
		return object_at(*place - addend);
	case COPY:
		return object_copied_from(o, r);
	case MODULE:
		return object_of_module(*place);
	case OFFSET:
		return object_of_module(place[-1]);
	case BEHIND_POINTER:
		return object_of_tls(thread_pointer() + *place - addend);
	case BEFORE_POINTER:
		return object_of_tls(thread_pointer() - *place + addend);
	case DESCRIPTOR:
		return described(place, addend);
	case OTHER:
		break;
	}
	return NULL;
}

static bool is_looked_up(const struct object *o, const struct relocation *r)
{
	size_t symbol = r->symbol;

	return symbol && ELF32_ST_BIND(o->symbols[symbol].st_info) != STB_LOCAL;
}

static void say_binding(const struct object *o, const struct relocation *r, const struct object *to)
{
	SAY("binding file %s [0] to %s [0]: normal symbol `%s'", o->name, to->name, name_of(o, r));
}

/* The same symbol by the same kind of relocation waits once. */
static bool waits_already(const struct object *o, const struct relocation *r)
{
	for (unsigned i = 0; i < n_waiting; i++)
		if (waiting[i].base == o->base && waiting[i].relocation.symbol == r->symbol &&
		    waiting[i].relocation.type == r->type)
			return true;
	return false;
}

static void note_waiting(const struct object *o, const struct relocation *r)
{
	const ElfW(Sym) *s = &o->symbols[r->symbol];
	bool weak = ELF32_ST_BIND(s->st_info) == STB_WEAK && s->st_shndx == SHN_UNDEF;

	if (!weak && !waits_already(o, r) && n_waiting < MAX_WAITING)
		waiting[n_waiting++] = (struct waiting){ o->base, *r, false };
}

static void tell_relocations(const struct object *o)
{
	for (int table = 0; table < 3; table++)
		for (size_t i = 0; i < count(&o->tables[table]); i++) {
			const struct relocation r = relocation_at(&o->tables[table], i);

			if (!is_looked_up(o, &r))
				continue;
			const struct object *to = leads_to(o, &r);

			if (to)
				say_binding(o, &r, to);
			else
				note_waiting(o, &r);
		}
}

static void tell_retried(void)
{
	for (unsigned i = 0; i < n_waiting; i++) {
		const struct object *o = object_with_base(waiting[i].base);
		const struct object *to =
			o && !waiting[i].over ? leads_to(o, &waiting[i].relocation) : NULL;

		if (!to)
			continue;
		waiting[i].over = true;
		say_binding(o, &waiting[i].relocation, to);
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

static bool waits(const struct object *o, const struct relocation *r)
{
	for (unsigned i = 0; i < n_waiting; i++)
		if (!waiting[i].over && waiting[i].base == o->base &&
		    waiting[i].relocation.offset == r->offset)
			return true;
	return false;
}

/* Where the code of agent.s begins; 0: O has none, or is the program, whose DT_INIT is libc's. */
static uintptr_t init_of(const struct object *o)
{
	for (const ElfW(Dyn) *d = o->dynamic; o != objects && d && d->d_tag != DT_NULL; d++)
		if (d->d_tag == DT_INIT)
			return o->base + d->d_un.d_ptr;
	return 0;
}

/* Not compared: what a plan may call. */
static void tell_jump_slots(const struct object *o)
{
	for (size_t i = 0; i < count(&o->tables[0]); i++) {
		const struct relocation r = relocation_at(&o->tables[0], i);

		if (kind_of(r.type) == ADDRESS && is_looked_up(o, &r))
			SAY("bindsim: jump slot %s %s %s", o->name, name_of(o, &r),
			    leads_to(o, &r) ? "bound"
			    : waits(o, &r)  ? "waiting"
					    : "null");
	}
}

static void tell_state(void)
{
	for (unsigned i = 0; i < n_objects; i++)
		SAY("bindsim: mapped %s [0]", objects[i].name);
	for (unsigned i = 0; i < n_waiting; i++) {
		const struct object *o = object_with_base(waiting[i].base);

		if (o && !waiting[i].over)
			SAY("bindsim: slot %s [0] symbol `%s': undefined", o->name,
			    name_of(o, &waiting[i].relocation));
	}
	for (unsigned i = 0; i < n_objects && show_state; i++) {
		tell_jump_slots(&objects[i]);
		if (init_of(&objects[i]))
			SAY("bindsim: agent %s", objects[i].name);
	}
}

/* ---- steps --------------------------------------------------------------------------------- */

/* Where agent.s has it, from the entry of its constructor on. */
enum { TRAMPOLINE = 32 };

typedef void *trampoline(void *function, const void *a, const void *b);

static void *plainly(void *function, const void *a, const void *b)
{
	return ((void *(*)(const void *, const void *))function)(a, b);
}

static trampoline *trampoline_of(const char *name)
{
	const struct object *o = object_named(name);
	uintptr_t init = o ? init_of(o) : 0;

	if (init)
		return (trampoline *)(init + TRAMPOLINE);
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

	for (size_t i = 0; o && i < count(&o->tables[0]); i++) {
		const struct relocation r = relocation_at(&o->tables[0], i);

		if (strcmp(name_of(o, &r), colon + 1) == 0) {
			(*(void (**)(void))(o->base + r.offset))();
			return NULL;
		}
	}
	fprintf(stderr, "no such slot\n");
	_exit(124);
}

static const char *carry_out(int step, char *what, trampoline *call)
{
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

/* CALL says who makes the calls. */
static void carry_out_and_tell(int step, trampoline *call)
{
	const char *failure = carry_out(step, steps[step].what, call);
	/* What follows makes calls of its own. */
	char *kept = failure ? strdup(failure) : NULL;

	tell_bindings();
	tell_state();
	if (kept)
		SAY("bindsim: step %d: failed: %s", step, kept);
	else
		SAY("bindsim: step %d: ok", step);
}

/* ---- the plan and its constructors ----------------------------------------------------------- */

#ifdef __x86_64__ /* agent.s knows no other machine */

/* What bindsim_entry leaves for the constructors, which musl calls without any argument. */
struct meeting_point {
	void (*construct)(const char *init);
	const long *stack; /* argc, argv ... as the kernel laid them down */
};

#define MEETING_POINT 0x100000000000

#endif

/* Constructors come here before main does. */
static void read_plan(int argc, char **argv)
{
	int within[MAX_BLOCKS + 1] = { 0 }, depth = 0;

	if (n_steps)
		return;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "show:state") == 0) {
			show_state = true;
		} else if (strncmp(argv[i], "init:", 5) == 0 && n_blocks < MAX_BLOCKS) {
			blocks[++n_blocks] = (struct block){ .object = argv[i] + 5 };
			within[++depth] = n_blocks;
		} else if (strcmp(argv[i], "end-init") == 0 && depth > 0) {
			depth--;
		} else if (n_steps < MAX_STEPS) {
			steps[++n_steps] = (struct step){ argv[i], within[depth] };
		}
	}
}

#ifdef __x86_64__

static bool is_block_of(const struct block *block, const char *name)
{
	const char *slash = strrchr(name, '/');

	return strcmp(block->object, name) == 0 || (slash && strcmp(block->object, slash + 1) == 0);
}

static void run_block(int block, trampoline *call)
{
	for (int step = 1; step <= n_steps; step++) {
		if (steps[step].block != block)
			continue;
		SAY("bindsim: step %d: begin", step);
		carry_out_and_tell(step, call);
	}
}

/* Called by an object's constructors, whose code is at INIT. The Nth block that names it is for
 * their Nth run. */
static void construct(const char *init)
{
	const struct meeting_point *point = (const void *)MEETING_POINT;

	read_plan((int)point->stack[0], (char **)(point->stack + 1));
	if (!n_blocks)
		return;
	tell_bindings();
	const struct object *o = object_at((uintptr_t)init);

	for (int block = 1; o && block <= n_blocks; block++) {
		if (blocks[block].done || !is_block_of(&blocks[block], o->name))
			continue;
		blocks[block].done = true;
		run_block(block, (trampoline *)(init + TRAMPOLINE));
		break;
	}
}

/* No library function works yet. */
__attribute__((visibility("hidden"), used)) void bindsim_meet(const long *stack)
{
	const struct meeting_point point = { construct, stack };
	register long flags __asm__("r10") = 0x32; /* MAP_PRIVATE, MAP_FIXED, MAP_ANONYMOUS */
	register long file __asm__("r8") = -1;
	register long offset __asm__("r9") = 0;
	long result = 9; /* mmap */

	__asm__ volatile("syscall"
			 : "+a"(result)
			 : "D"(MEETING_POINT), "S"(4096L), "d"(3L), "r"(flags), "r"(file),
			   "r"(offset)
			 : "rcx", "r11", "memory");
	*(volatile struct meeting_point *)MEETING_POINT = point;
}

#endif

int main(int argc, char **argv)
{
	read_plan(argc, argv);
	tell_bindings();
	tell_state();
	say("bindsim: step 0: ok");
	for (int step = 1; step <= n_steps; step++)
		if (!steps[step].block)
			carry_out_and_tell(step, plainly);
	_exit(0);
}

#ifdef __x86_64__
/* The linker's -e. */
__asm__(".pushsection .text\n"
	"	.globl bindsim_entry\n"
	"	.hidden bindsim_entry\n"
	"bindsim_entry:\n"
	"	movq %rsp, %rdi\n"
	"	movq %rsp, %rbx\n"
	"	andq $-16, %rsp\n"
	"	call bindsim_meet\n"
	"	movq %rbx, %rsp\n"
	"	jmp _start\n"
	"	.popsection\n");
#endif
