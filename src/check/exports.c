/* SPDX-License-Identifier: MIT */
/* What two objects export alike: the measure of a copy. */
#include "check-priv.h"

#include <elf.h>
#include <string.h>

enum { BIND_UNIQUE = 10, MOST_NAMESPACES = 32 };

bool bs_is_exported(const struct bs_symbol *s)
{
	unsigned bind = bs_symbol_bind(s), visibility = bs_symbol_visibility(s);

	return s->section != SHN_UNDEF &&
	       (bind == STB_GLOBAL || bind == STB_WEAK || bind == BIND_UNIQUE) &&
	       (visibility == STV_DEFAULT || visibility == STV_PROTECTED) &&
	       (bs_symbol_type(s) != STT_OBJECT || s->section != SHN_ABS);
}

static bool exports(const struct bs_image *image, const char *name, uint32_t hash)
{
	struct bs_hash_step step = { 0 };

	for (uint32_t i; (i = bs_image_hash_next(image, name, hash, &step)) != 0;) {
		struct bs_symbol s = bs_image_symbol(image, i);

		if (bs_is_exported(&s) && strcmp(bs_image_string(image, s.name), name) == 0)
			return true;
	}
	return false;
}

/* (Itanium C++ ABI: _ZN, _ZTVN, _ZTIN ...) */
const char *bs_outermost_namespace(const char *name, size_t *ret_n)
{
	size_t n = 0;

	if (strncmp(name, "_Z", 2) != 0)
		return NULL;
	name += 2;
	if (*name == 'T' || *name == 'G')
		name += name[1] ? 2 : 1;
	if (*name != 'N')
		return NULL;
	name += 1 + strspn(name + 1, "rVKRO");
	for (; *name >= '0' && *name <= '9' && n < 1000; name++)
		n = n * 10 + (size_t)(*name - '0');
	*ret_n = n;
	return n && strnlen(name, n) == n ? name : NULL;
}

/* What names of C have in its place, N characters of it with the underscore: png_, SSL_. */
static const char *prefix(const char *name, size_t *ret_n)
{
	const char *end = strchr(name + strspn(name, "_"), '_');

	*ret_n = end ? (size_t)(end + 1 - name) : 0;
	return *ret_n > 2 && strncmp(name, "_Z", 2) != 0 && strncmp(name, "_R", 2) != 0 ? name
											: NULL;
}

/* Those that come first; what most of them have in common is among these. */
struct families {
	struct {
		const char *name;
		size_t n_name;
		uint32_t n;
		bool is_prefix;
	} of[MOST_NAMESPACES];
	uint32_t n;
};

static void count_family(struct families *spaces, const char *name)
{
	size_t n;
	const char *space = bs_outermost_namespace(name, &n);
	bool is_prefix = !space;

	if (!space)
		space = prefix(name, &n);
	if (!space)
		return;
	for (uint32_t i = 0; i < spaces->n; i++)
		if (spaces->of[i].n_name == n && strncmp(spaces->of[i].name, space, n) == 0) {
			spaces->of[i].n++;
			return;
		}
	if (spaces->n == MOST_NAMESPACES)
		return;
	spaces->of[spaces->n].name = space;
	spaces->of[spaces->n].n_name = n;
	spaces->of[spaces->n].is_prefix = is_prefix;
	spaces->of[spaces->n++].n = 1;
}

/* So many entries of IMAGE others may find, from *RET_FIRST on. */
static uint32_t count_found(const struct bs_image *image, uint32_t *ret_first)
{
	const struct bs_gnu_hash *gnu = &image->gnu_hash;

	*ret_first = gnu->present ? gnu->symbol_base : 1;
	return gnu->present ? gnu->n_chain : image->symbols.n - (image->symbols.n > 0);
}

uint32_t bs_next_export(const struct bs_image *image, uint32_t at, struct bs_symbol *ret)
{
	uint32_t first, n = count_found(image, &first);

	/* No chain says how long its table is; what lies behind the last one may be anything. */
	if (!image->gnu_hash.present && image->sysv_hash.n_buckets && image->sysv_hash.n_chain <= n)
		n = image->sysv_hash.n_chain - (image->sysv_hash.n_chain > 0);
	for (uint32_t i = at < first ? first : at + 1; i - first < n; i++) {
		*ret = bs_image_symbol(image, i);
		if (bs_is_exported(ret) && *bs_image_string(image, ret->name))
			return i;
	}
	return 0;
}

/* The name of what others can be bound to; NULL: entry I is nothing of the kind. */
static const char *export_name(const struct bs_image *image, uint32_t i)
{
	const struct bs_symbol s = bs_image_symbol(image, i);
	const char *name = bs_image_string(image, s.name);

	return bs_is_exported(&s) && *name && !bs_is_linker_made(name) ? name : NULL;
}

uint32_t bs_exports_count(const struct bs_image *image)
{
	uint32_t first, n = count_found(image, &first), n_exports = 0;

	for (uint32_t i = first; i - first < n; i++)
		n_exports += export_name(image, i) != NULL;
	return n_exports;
}

struct bs_shared bs_shared_exports(const struct bs_run *run, const struct bs_image *a,
				   const struct bs_image *b)
{
	uint32_t first, n = count_found(a, &first);
	struct families spaces = { .n = 0 };
	struct bs_shared shared = { 0 };

	for (uint32_t i = first; i - first < n; i++) {
		const char *name = export_name(a, i);

		shared.n_exports += name != NULL;
		if (!name || !exports(b, name, bs_image_name_hash(a, i)))
			continue;
		shared.n++;
		count_family(&spaces, name);
	}
	/* What is no more than a part of it does not give it its name. */
	for (uint32_t i = 0; i < spaces.n; i++) {
		if (spaces.of[i].n <= shared.n / 2)
			continue;
		const char *name =
			bs_arena_strndup(run->ctx.arena, spaces.of[i].name, spaces.of[i].n_name);

		shared.n_in_family = spaces.of[i].n;
		if (spaces.of[i].is_prefix)
			shared.prefix = name;
		else
			shared.name_space = name;
	}
	return shared;
}

void bs_shared_tell(const struct bs_run *run, struct bs_finding *f, const struct bs_shared *shared)
{
	bs_finding_fact(run, f,
			&(struct bs_fact){
				.kind = BS_FACT_SHARED_EXPORTS,
				.n = shared->n,
				.of = shared->n_exports,
				.object = f->to,
			});
	bs_shared_tell_family(run, f, shared);
}

void bs_shared_tell_family(const struct bs_run *run, struct bs_finding *f,
			   const struct bs_shared *shared)
{
	if (!shared->name_space && !shared->prefix)
		return;
	bs_finding_fact(run, f,
			&(struct bs_fact){
				.kind = shared->prefix ? BS_FACT_PREFIX : BS_FACT_NAMESPACE,
				.n = shared->n_in_family,
				.of = shared->n,
				.object = BS_NO_MAP,
				.text = shared->prefix ? shared->prefix : shared->name_space,
			});
}
