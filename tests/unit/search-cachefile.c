/* SPDX-License-Identifier: MIT */
#include "search-cachefile.h"

#include <assert.h>
#include <string.h>

struct writer {
	unsigned char *bytes;
	bool big_endian;
	size_t end; /* where the next string goes */
};

static void put32(struct writer *w, size_t at, uint64_t value)
{
	assert(at + 4 <= CACHE_BYTES);
	for (int i = 0; i < 4; i++)
		w->bytes[at + (size_t)(w->big_endian ? 3 - i : i)] =
			(unsigned char)(value >> i * 8);
}

static void put64(struct writer *w, size_t at, uint64_t value)
{
	put32(w, at + (w->big_endian ? 4 : 0), value);
	put32(w, at + (w->big_endian ? 0 : 4), value >> 32);
}

static size_t put_string(struct writer *w, const char *s)
{
	size_t at = w->end, n = strlen(s) + 1;

	assert(at + n <= CACHE_BYTES);
	memcpy(w->bytes + at, s, n);
	w->end += n;
	return at;
}

static void write_extension(struct writer *w, size_t header, const char *const *hwcaps)
{
	size_t names[5], n = 0, at;

	for (; hwcaps[n]; n++)
		names[n] = put_string(w, hwcaps[n]);
	if (n == 0)
		return;
	at = (w->end + 3) & ~(size_t)3;
	put32(w, header + 32, at);
	put32(w, at, 0xeaa42174);
	put32(w, at + 4, 2);
	/* A generator section without a generator, then the names. */
	put32(w, at + 8, 0);
	put32(w, at + 16, at);
	put32(w, at + 24, 1);
	put32(w, at + 32, at + 40);
	put32(w, at + 36, n * 4);
	for (size_t i = 0; i < n; i++)
		put32(w, at + 40 + i * 4, names[i]);
	w->end = at + 40 + n * 4;
}

static void write_new(struct writer *w, const struct cache_file *file, size_t header, size_t n)
{
	memcpy(w->bytes + header, "glibc-ld.so.cache1.1", 20);
	put32(w, header + 20, n);
	w->bytes[header + 28] = file->flags;
	w->end = header + 48 + n * 24;
	for (size_t i = 0; i < n; i++) {
		size_t at = header + 48 + i * 24;

		put32(w, at, (uint32_t)file->entries[i].flags);
		put32(w, at + 4, put_string(w, file->entries[i].key) - header);
		put32(w, at + 8, put_string(w, file->entries[i].value) - header);
		put64(w, at + 16, file->entries[i].hwcap);
	}
	put32(w, header + 24, w->end - (header + 48 + n * 24));
	write_extension(w, header, file->hwcaps);
}

static void write_old(struct writer *w, const struct cache_file *file, size_t n)
{
	size_t strings = 16 + n * 12;

	w->end = strings;
	for (size_t i = 0; i < n; i++) {
		put32(w, 16 + i * 12, (uint32_t)file->entries[i].flags);
		put32(w, 20 + i * 12, put_string(w, file->entries[i].key) - strings);
		put32(w, 24 + i * 12, put_string(w, file->entries[i].value) - strings);
	}
}

size_t cache_write(const struct cache_file *file, unsigned char bytes[CACHE_BYTES])
{
	struct writer w = { .bytes = bytes, .big_endian = file->big_endian };
	size_t n = 0;

	memset(bytes, 0, CACHE_BYTES);
	while (n < sizeof file->entries / sizeof *file->entries && file->entries[n].key)
		n++;
	if (file->format != CACHE_NEW) {
		memcpy(bytes, "ld.so-1.7.0", 11);
		put32(&w, 12, n);
	}
	switch (file->format) {
	case CACHE_NEW:
		write_new(&w, file, 0, n);
		break;
	case CACHE_OLD:
		write_old(&w, file, n);
		break;
	case CACHE_COMPAT:
		write_new(&w, file, (16 + n * 12 + 7) & ~(size_t)7, n);
		break;
	}
	return w.end;
}
