/* SPDX-License-Identifier: MIT */
/* What is mapped where. (proc(5), /proc/PID/maps) */
#include "subject-priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DELETED " (deleted)"

/* Newlines are \012 there, and nothing else is escaped. (fs/proc/task_mmu.c:show_map_vma) */
static void unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from; to++) {
		bool escaped = strncmp(from, "\\012", 4) == 0;

		*to = escaped ? '\n' : *from;
		from += escaped ? 4 : 1;
	}
	*to = '\0';
}

static void take_line(struct bs_arena *arena, char *line, bs_live_areas *ret)
{
	struct bs_live_area area = { 0 };
	int at = 0;

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64 " %*s %" SCNu64 " %n", &area.from,
		   &area.to, &area.offset, &area.ino, &at) != 4 ||
	    !at)
		return;
	char *name = line + at;
	size_t n = strlen(name), n_deleted = strlen(DELETED);

	area.is_vdso = strcmp(name, "[vdso]") == 0;
	if (*name == '/') {
		area.is_deleted = n > n_deleted && strcmp(name + n - n_deleted, DELETED) == 0;
		if (area.is_deleted)
			name[n - n_deleted] = '\0';
		unescape(name);
		area.file = bs_arena_strndup(arena, name, strlen(name));
	}
	bs_vec_push(arena, ret, area);
}

void bs_live_areas_read(struct bs_arena *arena, char *text, bs_live_areas *ret)
{
	char *rest = NULL;

	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		take_line(arena, line, ret);
}

const struct bs_live_area *bs_live_area_at(const bs_live_areas *areas, uint64_t address)
{
	uint32_t low = 0, high = areas->n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (areas->v[middle].to <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < areas->n && areas->v[low].from <= address ? &areas->v[low] : NULL;
}
