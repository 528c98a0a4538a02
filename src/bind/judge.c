/* SPDX-License-Identifier: MIT */
/*
 * What one object says to a request: may it be asked, which entry of its own has the name and the
 * version, and does that entry count? (glibc elf/dl-lookup.c: do_lookup_x, check_match)
 */
#include "bind-priv.h"

#include <elf.h>
#include <string.h>

/* Values of the operating-system range, which not every <elf.h> names. */
enum { BIND_UNIQUE = 10, TYPE_IFUNC = 10 };

/* Entries of these types are code or data; the others (sections, files) never answer. */
static enum bs_refusal judge_type(const struct bs_match_policy *policy, unsigned type)
{
	if (type == TYPE_IFUNC)
		return policy->ifunc_is_skipped ? BS_REFUSED_IFUNC : BS_ACCEPTED;
	return type == STT_NOTYPE || type == STT_OBJECT || type == STT_FUNC || type == STT_COMMON ||
			       type == STT_TLS
		       ? BS_ACCEPTED
		       : BS_REFUSED_TYPE;
}

/* The version test on an entry that has the name. BS_ACCEPTED: it passes. */
static enum bs_refusal judge_version(const struct bs_matcher *m, bs_map_id id, uint32_t symbol)
{
	const struct bs_image *image = bs_map_of(m->process, id)->image;
	const struct bs_version *wanted = m->query->version;

	if (m->binder->policy.only_default_versions)
		return BS_ACCEPTED;
	const struct bs_version_tables *tables = &image->versions;
	bool has_versions = tables->n_versions && image->symbols.versym;
	uint16_t raw = bs_image_versym(image, symbol);
	uint16_t index = raw & 0x7fff;
	bool hidden = raw & 0x8000;

	if (!wanted) {
		if (!has_versions)
			return BS_ACCEPTED;
		/* Index 2 is the library's oldest version: taken at once, hidden or not, unless
		 * dlsym wants the newest. */
		if (index < (m->query->newest ? 2 : 3))
			return BS_ACCEPTED;
		return hidden ? BS_REFUSED_OLD_VERSION : BS_REFUSED_UNLESS_ALONE;
	}
	if (!has_versions) {
		if (m->binder->policy.missing_versions_abort && wanted->filename &&
		    bs_map_has_name(m->process, id, bs_name_find(m->ctx->names, wanted->filename)))
			return BS_REFUSED_BY_CRASH;
		return BS_ACCEPTED;
	}
	static const struct bs_version nameless = { 0 };
	const struct bs_version *has =
		index < tables->n_versions ? &tables->versions[index] : &nameless;

	if (has->hash == wanted->hash && has->name && strcmp(has->name, wanted->name) == 0)
		return BS_ACCEPTED;
	if (wanted->hidden || has->hash || hidden)
		return BS_REFUSED_VERSION;
	return m->binder->policy.base_version_waits ? BS_REFUSED_UNLESS_ALONE : BS_ACCEPTED;
}

/* Entry SYMBOL of map ID against the request. (glibc elf/dl-lookup.c:check_match) */
enum bs_refusal bs_judge_entry(const struct bs_matcher *m, bs_map_id id, uint32_t symbol)
{
	const struct bs_image *image = bs_map_of(m->process, id)->image;
	struct bs_symbol s = bs_image_symbol(image, symbol);

	if (bs_image_hides(image, symbol))
		return BS_REFUSED_NAME;
	/* The reference itself may be the entry: it has its own name. */
	if (!(id == m->query->referrer && symbol == m->query->symbol) &&
	    strcmp(bs_image_string(image, s.name), m->query->name) != 0)
		return BS_REFUSED_NAME;
	if (s.value == 0 && bs_symbol_type(&s) != STT_TLS &&
	    !(s.section == SHN_ABS && m->binder->policy.absolute_zero))
		return BS_REFUSED_UNDEFINED;
	if (s.section == SHN_UNDEF && image->machine->canonical_plt_mark &&
	    !(s.other & image->machine->canonical_plt_mark))
		return BS_REFUSED_UNDEFINED;
	if (s.section == SHN_UNDEF && bs_symbol_type(&s) == STT_TLS &&
	    m->binder->policy.tls_must_be_defined)
		return BS_REFUSED_UNDEFINED;
	if ((m->type_class & BS_CLASS_PLT) && s.section == SHN_UNDEF)
		return BS_REFUSED_CANONICAL_PLT;
	enum bs_refusal refusal = judge_type(&m->binder->policy, bs_symbol_type(&s));

	return refusal == BS_ACCEPTED ? judge_version(m, id, symbol) : refusal;
}

/* True when the executable has NAME copied into itself. */
static bool copies(const struct bs_image *image, const char *name)
{
	for (uint32_t i = 0; i < image->relocations.n_eager; i++) {
		const struct bs_reloc_table *table = &image->relocations.eager[i];

		for (uint32_t k = 0; k < table->n; k++) {
			struct bs_relocation r = bs_reloc_at(table, k);

			if (bs_machine_kind(image->machine, r.type) == BS_RELOC_COPY &&
			    r.symbol < image->symbols.n &&
			    strcmp(bs_image_symbol_name(image, r.symbol), name) == 0)
				return true;
		}
	}
	return false;
}

/* The entry that the map would answer with is looked at once more. (glibc
 * elf/dl-lookup.c:do_lookup_x, found_it) */
enum bs_refusal bs_judge_found(const struct bs_matcher *m, bs_map_id id, uint32_t symbol)
{
	struct bs_symbol s = bs_image_symbol(bs_map_of(m->process, id)->image, symbol);
	unsigned visibility = bs_symbol_visibility(&s);

	/* Whose protected data lies in the executable now is content with that. */
	if (m->is_second && m->type_class == BS_CLASS_EXTERN_DATA &&
	    bs_map_of(m->process, id)->kind == BS_MAP_EXECUTABLE &&
	    copies(bs_map_of(m->process, id)->image, m->query->name))
		return BS_REFUSED_COPY;
	if (m->binder->policy.hidden_is_skipped &&
	    (visibility == STV_HIDDEN || visibility == STV_INTERNAL))
		return BS_REFUSED_HIDDEN;
	switch (bs_symbol_bind(&s)) {
	case STB_GLOBAL:
	case STB_WEAK:
		return BS_ACCEPTED;
	case BIND_UNIQUE:
		return m->binder->policy.unique || m->binder->policy.unique_is_global
			       ? BS_ACCEPTED
			       : BS_REFUSED_BINDING;
	default:
		return BS_REFUSED_BINDING;
	}
}

/* May map ID be asked at all? */
enum bs_refusal bs_judge_map(const struct bs_matcher *m, bs_map_id id)
{
	const struct bs_map *map = bs_map_of(m->process, id);

	if (map->removed)
		return BS_REFUSED_UNLOADED;
	if ((m->type_class & BS_CLASS_COPY) && map->kind == BS_MAP_EXECUTABLE)
		return BS_REFUSED_COPY;
	return BS_ACCEPTED;
}

/* The entries of one map that have the request's hash, in the order of its hash table. */
struct entries {
	const struct bs_name_table *table;
	const struct bs_image *image;
	const struct bs_query *query;
	uint32_t at, end; /* the next entry, and the first of another map; END 0: by walking */
	struct bs_hash_step step;
};

static struct entries entries_of(const struct bs_matcher *m, bs_map_id id, uint32_t entry)
{
	const struct bs_name_table *table = m->binder->table;
	struct entries e = {
		.table = table,
		.image = bs_map_of(m->process, id)->image,
		.query = m->query,
		.at = entry,
		.step = { .shift_wraps = m->binder->policy.bloom_shift_wraps },
	};

	/* A stand-in's entries are not those of whom it stands in for. */
	if (entry && bs_entry_map(table, entry) == id && !table->maps.v[id].walks)
		e.end = id + 1 < table->maps.n ? table->maps.v[id + 1].first : table->n;
	return e;
}

/* The next symbol, or 0. */
static uint32_t next_symbol(struct entries *e)
{
	if (!e->end)
		return bs_image_hash_next(e->image, e->query->name, e->query->hash, &e->step);
	while (e->at) {
		uint32_t entry = e->at, next = e->table->next[entry];

		/* Those of one map stand together, and the circle goes on with a later map's or
		 * begins anew. */
		e->at = next > entry && next < e->end ? next : 0;
		if (bs_entry_low_bit(e->table, entry) == (e->query->hash & 1))
			return bs_entry_symbol(e->table, entry);
	}
	return 0;
}

/*
 * The first entry of the name whose version is not hidden is the one that counts, whatever comes of
 * it. (musl ldso/dynlink.c:sysv_lookup, gnu_lookup)
 */
static struct bs_match match_first(const struct bs_matcher *m, bs_map_id id, struct entries *e)
{
	struct bs_match match = { .refusal = BS_REFUSED_NAME };

	for (uint32_t index; (index = next_symbol(e)) != 0;) {
		enum bs_refusal refusal = bs_judge_entry(m, id, index);

		if (refusal == BS_REFUSED_NAME)
			continue;
		if (!(bs_image_versym(e->image, index) & 0x8000))
			return (struct bs_match){ .symbol = index, .refusal = refusal };
		match = (struct bs_match){ .symbol = index, .refusal = BS_REFUSED_HIDDEN_VERSION };
	}
	return match;
}

struct bs_match bs_match_in(const struct bs_matcher *m, bs_map_id id, uint32_t entry)
{
	struct entries e = entries_of(m, id, entry);
	uint32_t fallback = 0, n_fallbacks = 0;
	struct bs_match match = { .refusal = BS_REFUSED_NAME };

	if (m->binder->policy.only_default_versions)
		return match_first(m, id, &e);
	for (uint32_t index; (index = next_symbol(&e)) != 0;) {
		enum bs_refusal refusal = bs_judge_entry(m, id, index);

		if (refusal == BS_ACCEPTED || refusal == BS_REFUSED_BY_CRASH)
			return (struct bs_match){ .symbol = index, .refusal = refusal };
		if (refusal == BS_REFUSED_UNLESS_ALONE && n_fallbacks++ == 0)
			fallback = index;
		if (refusal != BS_REFUSED_NAME)
			match = (struct bs_match){ .symbol = index, .refusal = refusal };
	}
	if (n_fallbacks == 1)
		return (struct bs_match){ .symbol = fallback, .refusal = BS_ACCEPTED };
	if (n_fallbacks)
		match = (struct bs_match){ .symbol = fallback, .refusal = BS_REFUSED_AMBIGUOUS };
	return match;
}
