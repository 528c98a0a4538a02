/* SPDX-License-Identifier: MIT */
/* Bytes of a running process, and the numbers that they are. */
#include "subject-priv.h"

#include <byteswap.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Of a string that is a path; those of link maps are. */
enum { LONGEST_STRING = 1 << 14 };

bool bs_read_at(int fd, uint64_t offset, void *to, size_t n)
{
	return bs_read_up_to(fd, to, n, offset) == n;
}

static bool read_process(const struct bs_memory *memory, uint64_t address, void *to, size_t n)
{
	return bs_read_at(memory->fd, address, to, n);
}

static int open_of(pid_t pid, const char *file)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%ld/%s", (long)pid, file);
	return bs_open_at(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
}

/* The program's ELF header tells its class and byte order. */
static bool look_at_program(pid_t pid, struct bs_memory *ret)
{
	static const unsigned char ours =
		__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB;
	unsigned char ident[EI_NIDENT];
	int fd = open_of(pid, "exe");
	bool ok;

	if (fd < 0)
		return false;
	ok = bs_read_up_to(fd, ident, sizeof ident, 0) == sizeof ident;
	if (ok ? memcmp(ident, ELFMAG, SELFMAG) != 0 : errno == 0) {
		ok = false;
		errno = ENOEXEC;
	}
	close(fd);
	ret->word = ident[EI_CLASS] == ELFCLASS32 ? 4 : 8;
	ret->swapped = ident[EI_DATA] != ours;
	return ok;
}

bool bs_memory_of_process(pid_t pid, struct bs_memory *ret)
{
	*ret = (struct bs_memory){ .read = read_process, .fd = -1 };
	if (!look_at_program(pid, ret))
		return false;
	ret->fd = open_of(pid, "mem");
	return ret->fd >= 0;
}

void bs_memory_close(struct bs_memory *memory)
{
	if (memory->close)
		memory->close(memory);
	if (memory->fd >= 0)
		close(memory->fd);
	memory->close = NULL;
	memory->fd = -1;
}

bool bs_memory_u32(const struct bs_memory *memory, uint64_t address, uint32_t *ret)
{
	if (!memory->read(memory, address, ret, sizeof *ret))
		return false;
	if (memory->swapped)
		*ret = bswap_32(*ret);
	return true;
}

bool bs_memory_word(const struct bs_memory *memory, uint64_t address, uint64_t *ret)
{
	uint32_t half;

	if (memory->word == sizeof half) {
		if (!bs_memory_u32(memory, address, &half))
			return false;
		*ret = half;
		return true;
	}
	if (!memory->read(memory, address, ret, sizeof *ret))
		return false;
	if (memory->swapped)
		*ret = bswap_64(*ret);
	return true;
}

const char *bs_memory_string(struct bs_arena *arena, const struct bs_memory *memory,
			     uint64_t address)
{
	char bytes[LONGEST_STRING];
	size_t n = 0;

	/* In pieces that cross no page: what lies behind the string need not be there. */
	while (n < sizeof bytes) {
		size_t piece = 256 - (size_t)((address + n) % 256);

		if (piece > sizeof bytes - n)
			piece = sizeof bytes - n;
		if (!memory->read(memory, address + n, bytes + n, piece))
			return NULL;
		if (memchr(bytes + n, '\0', piece))
			return bs_arena_printf(arena, "%s", bytes);
		n += piece;
	}
	return NULL;
}

/* ---- what the kernel told ------------------------------------------------------------------ */

static uint64_t word_at(const struct bs_memory *memory, const unsigned char *bytes)
{
	uint64_t word;
	uint32_t half;

	if (memory->word == sizeof half) {
		memcpy(&half, bytes, sizeof half);
		return memory->swapped ? bswap_32(half) : half;
	}
	memcpy(&word, bytes, sizeof word);
	return memory->swapped ? bswap_64(word) : word;
}

struct bs_auxiliary bs_auxiliary_read(const struct bs_memory *memory, const void *vector, size_t n)
{
	struct bs_auxiliary aux = { 0 };
	const unsigned char *bytes = vector;

	for (; n >= 2 * (size_t)memory->word;
	     n -= 2 * (size_t)memory->word, bytes += 2 * (size_t)memory->word) {
		uint64_t value = word_at(memory, bytes + memory->word);

		switch (word_at(memory, bytes)) {
		case AT_NULL:
			return aux;
		case AT_PHDR:
			aux.phdr = value;
			break;
		case AT_PHNUM:
			aux.phnum = value;
			break;
		case AT_PHENT:
			aux.phent = value;
			break;
		case AT_ENTRY:
			aux.entry = value;
			break;
		case AT_BASE:
			aux.base = value;
			break;
		case AT_SYSINFO_EHDR:
			aux.vdso = value;
			break;
		case AT_SECURE:
			aux.secure = value != 0;
			break;
		default:
			break;
		}
	}
	return aux;
}

bool bs_auxiliary_of_process(pid_t pid, const struct bs_memory *memory, struct bs_auxiliary *ret)
{
	unsigned char bytes[4096];
	int fd = open_of(pid, "auxv");

	if (fd < 0)
		return false;
	size_t n = bs_read_up_to(fd, bytes, sizeof bytes, 0);
	int error = n < sizeof bytes ? errno : 0;

	close(fd);
	errno = error;
	*ret = bs_auxiliary_read(memory, bytes, n);
	return !error;
}
