/* SPDX-License-Identifier: MIT */
/*
 * What stays of the name of a library from version to version, and what stays of a finding from
 * build to build.
 */
#include "check-priv.h"

#include <ctype.h>
#include <string.h>

enum { HASH_OF_WHEELS = 8 }; /* hexadecimal digits that auditwheel puts behind a library's name */

/* auditwheel renames what it grafts: libgfortran-040039e1.so.5.0.0. What stands behind the hash is
 * returned; AT is at a hyphen. */
static const char *behind_hash(const char *at)
{
	unsigned n = 0;

	while (n < HASH_OF_WHEELS && isxdigit((unsigned char)at[1 + n]))
		n++;
	return n == HASH_OF_WHEELS && at[1 + n] == '.' ? at + 1 + n : NULL;
}

/* The end of a stem of N characters without the version that may stand there: behind a separator,
 * or with a point in it. libz3 is no version 3 of libz. */
static size_t without_version(const char *stem, size_t n)
{
	size_t end = n;
	bool has_point = false;

	while (end > 0 && (isdigit((unsigned char)stem[end - 1]) || stem[end - 1] == '.'))
		has_point |= stem[--end] == '.';
	while (end < n && stem[end] == '.')
		end++;
	if (end == n || !end)
		return n;
	if (stem[end - 1] == '-' || stem[end - 1] == '_')
		return end - 1;
	return has_point ? end : n;
}

bool bs_family_of(struct bs_arena *arena, const char *soname, struct bs_family *ret)
{
	if (strncmp(soname, "lib", 3) != 0)
		return false;
	char *name = bs_arena_strndup(arena, soname, strlen(soname));

	for (char *hyphen = strchr(name, '-'); hyphen; hyphen = strchr(hyphen + 1, '-')) {
		const char *rest = behind_hash(hyphen);

		if (rest)
			memmove(hyphen, rest, strlen(rest) + 1);
	}
	char *so = strstr(name, ".so");

	if (!so || (so[3] && so[3] != '.'))
		return false;
	size_t n = (size_t)(so - name), end = without_version(name, n);
	const char *behind = so[3] ? so + 4 : "";
	int n_inner = (int)(n - end);
	const char *inner = name + end;

	if (n_inner && !isdigit((unsigned char)*inner)) {
		inner++;
		n_inner--;
	}
	ret->version = bs_arena_printf(arena, "%.*s%s%s", n_inner, inner,
				       n_inner && *behind ? " " : "", behind);
	ret->name = bs_arena_strndup(arena, name, end);
	return true;
}

bool bs_is_same_build(const struct bs_image *a, const struct bs_image *b)
{
	return a->notes.n_build_id && a->notes.n_build_id == b->notes.n_build_id &&
	       memcmp(a->notes.build_id, b->notes.build_id, a->notes.n_build_id) == 0;
}

/* ---- fingerprints ------------------------------------------------------------------------------
 */

/* FNV-1a, 64 bits. */
static uint64_t mix(uint64_t hash, const char *text)
{
	do
		hash = (hash ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
	while (*text++);
	return hash;
}

const char *bs_lasting_name_of(struct bs_arena *arena, const char *soname, const char *name)
{
	const char *whole = soname ? soname : name;
	const char *slash = strrchr(whole, '/');
	const char *last = slash ? slash + 1 : whole;
	struct bs_family family;

	return bs_family_of(arena, last, &family) ? family.name : last;
}

const char *bs_lasting_name(const struct bs_run *run, bs_map_id id)
{
	if (id == BS_NO_MAP)
		return "";
	const struct bs_map *map = bs_map_of(&run->process, id);

	return bs_lasting_name_of(run->ctx.arena, map->image ? map->image->soname : NULL,
				  bs_run_map_name(run, id));
}

uint64_t bs_finding_fingerprint(const struct bs_run *run, const struct bs_finding *finding)
{
	uint64_t hash = mix(UINT64_C(0xcbf29ce484222325), bs_rule_text(finding->rule)->slug);

	hash = mix(hash, bs_lasting_name(run, finding->from));
	hash = mix(hash, bs_lasting_name(run, finding->to));
	/* Functions that nobody defines have nothing else to tell them apart. */
	if (finding->to == BS_NO_MAP && finding->n_examples)
		hash = mix(hash, bs_run_symbol_name(run, &finding->examples[0]));
	return hash;
}
