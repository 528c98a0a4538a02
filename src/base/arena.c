/* SPDX-License-Identifier: MIT */
/* A bump allocator in blocks that grow. */
#include "base-priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BLOCK = 4 << 10, LARGE_BLOCK = 2 << 20, ALIGNMENT = 16 };

struct block {
	struct block *next;
	size_t size; /* with this header */
	_Alignas(ALIGNMENT) unsigned char bytes[];
};

struct ending {
	struct ending *next;
	void (*end)(void *what);
	void *what;
};

struct bs_arena {
	struct block *blocks; /* the first one is being filled */
	size_t used;	      /* bytes of it */
	size_t next_size;
	struct ending *endings; /* the last one first; in the arena itself */
	jmp_buf own_handler;
	jmp_buf *handler; /* own_handler, another arena's, or NULL while nobody asked */
};

/* Of the thread: it is the one that unwinds. */
static _Thread_local char problem[BS_LONGEST_PROBLEM];

struct bs_arena *bs_arena_new(void)
{
	struct bs_arena *arena = calloc(1, sizeof *arena);

	if (arena)
		arena->next_size = FIRST_BLOCK;
	else
		problem[0] = '\0';
	return arena;
}

void bs_arena_free(struct bs_arena *arena)
{
	if (!arena)
		return;
	for (struct ending *e = arena->endings; e; e = e->next)
		e->end(e->what);
	for (struct block *b = arena->blocks, *next; b; b = next) {
		next = b->next;
		bs_block_give(b, b->size);
	}
	free(arena);
}

jmp_buf *bs_arena_handler(struct bs_arena *arena)
{
	arena->handler = &arena->own_handler;
	return arena->handler;
}

void bs_arena_unwind_with(struct bs_arena *arena, const struct bs_arena *other)
{
	arena->handler = other->handler;
}

jmp_buf *bs_arena_goes_to(const struct bs_arena *arena)
{
	return arena->handler;
}

void bs_arena_unwind_to(struct bs_arena *arena, jmp_buf *handler)
{
	arena->handler = handler;
}

_Noreturn void bs_arena_unwind(struct bs_arena *arena)
{
	if (!arena->handler)
		abort();
	longjmp(*arena->handler, 1);
}

_Noreturn void bs_arena_exhausted(struct bs_arena *arena)
{
	problem[0] = '\0';
	bs_arena_unwind(arena);
}

_Noreturn void bs_arena_give_up(struct bs_arena *arena, const char *path, int error)
{
	enum { LONGEST = 240 };
	size_t n = strlen(path), skipped = n > LONGEST ? n - LONGEST : 0;

	snprintf(problem, sizeof problem, "%s%s: %s", skipped ? "..." : "", path + skipped,
		 strerror(error));
	bs_arena_unwind(arena);
}

const char *bs_arena_problem(void)
{
	return problem[0] ? problem : "out of memory";
}

bool bs_arena_try(struct bs_arena *arena, void (*work)(void *user), void *user)
{
	/* Others hold pointers to the handler, and none to what is in it. */
	jmp_buf *handler = arena->handler, outer;
	volatile bool ok = false;

	if (!handler) {
		work(user);
		return true;
	}
	memcpy(&outer, handler, sizeof outer);
	if (setjmp(*handler) == 0) {
		work(user);
		ok = true;
	}
	memcpy(handler, &outer, sizeof outer);
	return ok;
}

void bs_arena_at_end(struct bs_arena *arena, void (*end)(void *what), void *what)
{
	struct ending *ending = bs_new(arena, struct ending, 1);

	*ending = (struct ending){ arena->endings, end, what };
	arena->endings = ending;
}

static void add_block(struct bs_arena *arena, size_t need)
{
	size_t size;
	struct block *b;

	if (need > SIZE_MAX - sizeof *b)
		bs_arena_exhausted(arena);
	need += sizeof *b;
	b = bs_block_take(need > arena->next_size ? need : arena->next_size, &size);
	if (!b)
		bs_arena_exhausted(arena);
	if (arena->next_size < LARGE_BLOCK)
		arena->next_size *= 2;
	b->next = arena->blocks;
	b->size = size;
	arena->blocks = b;
	arena->used = sizeof *b;
}

void *bs_arena_alloc(struct bs_arena *arena, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes) || bytes > SIZE_MAX - ALIGNMENT)
		bs_arena_exhausted(arena);
	bytes = (bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
	if (!arena->blocks || arena->blocks->size - arena->used < bytes)
		add_block(arena, bytes);
	void *p = (unsigned char *)arena->blocks + arena->used;

	arena->used += bytes;
	return p;
}

char *bs_arena_strndup(struct bs_arena *arena, const char *s, size_t n)
{
	char *copy = bs_arena_alloc(arena, n + 1, 1);

	memcpy(copy, s, n);
	copy[n] = '\0';
	return copy;
}

const char *bs_hex(struct bs_arena *arena, const uint8_t *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	char *text = n ? bs_new(arena, char, 2 * n + 1) : NULL;

	for (size_t i = 0; i < n; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 0xf];
	}
	return text;
}

char *bs_arena_printf(struct bs_arena *arena, const char *format, ...)
{
	va_list ap, again;
	char *s, short_one[256]; /* as most are: those are formatted once */

	va_start(ap, format);
	va_copy(again, ap);
	int n = vsnprintf(short_one, sizeof short_one, format, ap);

	va_end(ap);
	if (n < 0) {
		va_end(again);
		bs_arena_exhausted(arena);
	}
	if ((size_t)n < sizeof short_one) {
		va_end(again);
		return bs_arena_strndup(arena, short_one, (size_t)n);
	}
	s = bs_arena_alloc(arena, (size_t)n + 1, 1);
	vsnprintf(s, (size_t)n + 1, format, again);
	va_end(again);
	return s;
}

void *bs_vec_grow(struct bs_arena *arena, void *v, uint32_t *cap, uint32_t need, size_t size)
{
	uint32_t larger = *cap > UINT32_MAX / 2 ? UINT32_MAX : *cap * 2;

	if (larger < 4)
		larger = 4;
	/* Who asks for room knows how much it will be. */
	if (larger < need)
		larger = need;
	void *grown = bs_arena_alloc(arena, larger, size);

	if (v)
		memcpy(grown, v, *cap * size);
	*cap = larger;
	return grown;
}

bool bs_ids_have(const bs_ids *ids, uint32_t id)
{
	bs_vec_each (i, ids)
		if (ids->v[i] == id)
			return true;
	return false;
}

bs_ids bs_ids_copy(struct bs_arena *arena, const bs_ids *from)
{
	bs_ids copy = { 0 };

	if (from->n) {
		bs_vec_reserve(arena, &copy, from->n);
		memcpy(copy.v, from->v, from->n * sizeof *copy.v);
		copy.n = from->n;
	}
	return copy;
}
