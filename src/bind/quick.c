/* SPDX-License-Identifier: MIT */
/*
 * The usual case of a lookup, without detours: the first object of the scope that may define the
 * name has a plain definition of it, in the version that is asked for. Everything else is left to
 * bs_lookup(), and builds with assertions have it confirm what is answered here.
 */
#include "bind-priv.h"

#include <assert.h>
#include <elf.h>
#include <string.h>

enum { TYPE_IFUNC = 10, FIRST_NUMBERED_VERSION = 3, VERSION_MASK = 0x7fff };

bool bs_policy_is_plain(const struct bs_match_policy *policy)
{
	return !policy->only_default_versions && !policy->dynamic_weak &&
	       !policy->named_file_decides && !policy->visibility_is_ignored;
}

/* Code or data of this object that is no business of special rules. */
static bool is_plain_definition(const struct bs_symbol *s)
{
	unsigned type = bs_symbol_type(s), bind = bs_symbol_bind(s);

	return s->section != SHN_UNDEF && s->value && bs_symbol_visibility(s) == STV_DEFAULT &&
	       (bind == STB_GLOBAL || bind == STB_WEAK) &&
	       (type == STT_FUNC || type == STT_OBJECT || type == STT_NOTYPE || type == TYPE_IFUNC);
}

/* Nothing about versions keeps SYMBOL of IMAGE from being what WANTED asks for. */
static bool has_version(const struct bs_image *image, uint32_t symbol,
			const struct bs_version *wanted)
{
	const struct bs_version_tables *tables = &image->versions;
	uint16_t index = bs_image_versym(image, symbol) & VERSION_MASK;

	if (!tables->n_versions || !image->symbols.versym)
		return !wanted;
	if (!wanted)
		return index < FIRST_NUMBERED_VERSION;
	if (index >= tables->n_versions)
		return false;
	const struct bs_version *has = &tables->versions[index];

	return has->hash == wanted->hash && has->name && strcmp(has->name, wanted->name) == 0;
}

/*
 * The first entry of KEY's circle, when its map is asked before all others of the circle; else 0.
 * Ids grow around a circle: what the others can do is known of all maps from an id on.
 */
static uint32_t foremost_entry(const struct bs_name_table *table, const struct bs_process *process,
			       const bs_ids *scope, const struct bs_key *key)
{
	uint32_t entry = bs_key_first(table, key);
	bs_map_id map = bs_entry_map(table, entry);

	if (table->maps.v[map].walks)
		return 0;
	for (uint32_t i = 0; i < scope->n && i < BS_N_SOURCES; i++) {
		const struct bs_searchlist *list = &process->lists.v[scope->v[i]];
		uint32_t first_other = key->is_alone || map + 1 >= list->n_place
					       ? UINT32_MAX
					       : list->foremost[map + 1];

		if (map < list->n_place && list->place[map])
			return first_other > list->place[map] - 1 ? entry : 0;
		if (first_other != UINT32_MAX)
			return 0;
	}
	return 0;
}

/* There is another entry of KEY's hash in ENTRY's map. */
static bool has_twin(const struct bs_name_table *table, const struct bs_key *key, uint32_t entry)
{
	return !key->is_alone &&
	       bs_entry_map(table, table->next[entry]) == bs_entry_map(table, entry);
}

bool bs_is_confirmed(const struct bs_binder *binder, const struct bs_process *process,
		     const struct bs_ctx *ctx, const bs_ids *scope,
		     const struct bs_binding *binding)
{
	const struct bs_image *image = bs_map_of(process, binding->referrer)->image;
	struct bs_query query =
		bs_query_for(process, binding->referrer, binding->symbol, binding->type_class,
			     bs_reference_hash(image, binding->symbol));

	query.scope = scope;
	struct bs_answer answer = bs_lookup(binder, process, ctx, &query);

	return answer.outcome == BS_BOUND && answer.why == BS_WHY_FIRST_IN_SCOPE &&
	       answer.definer == binding->definer && answer.symbol == binding->definer_symbol &&
	       !answer.protected_reference && !answer.enters_unique && !answer.pins_unique;
}

bool bs_lookup_quickly(const struct bs_binder *binder, const struct bs_process *process,
		       const struct bs_ctx *ctx, const struct bs_reference *r,
		       struct bs_binding *ret)
{
	const struct bs_name_table *table = binder->table;
	const struct bs_image *from = bs_map_of(process, r->map)->image;

	if (!binder->is_plain || !r->key.circle || r->type_class & ~(unsigned)BS_CLASS_PLT ||
	    bs_symbol_visibility(&r->entry) == STV_PROTECTED)
		return false;
	uint32_t entry = foremost_entry(table, process, r->scope, &r->key);

	if (!entry || bs_entry_low_bit(table, entry) != (r->key.hash & 1) ||
	    has_twin(table, &r->key, entry))
		return false;
	bs_map_id id = bs_entry_map(table, entry);
	const struct bs_map *map = bs_map_of(process, id);
	uint32_t symbol = bs_entry_symbol(table, entry);
	bool itself = id == r->map && symbol == r->symbol;
	struct bs_symbol s = itself ? r->entry : bs_image_symbol(map->image, symbol);

	if (map->removed || map->real != id || !is_plain_definition(&s) ||
	    !has_version(map->image, symbol, bs_reference_version(from, r->symbol)) ||
	    (!itself && strcmp(bs_image_string(map->image, s.name),
			       bs_image_string(from, r->entry.name)) != 0))
		return false;
	*ret = (struct bs_binding){
		.referrer = r->map,
		.symbol = r->symbol,
		.definer = id,
		.definer_symbol = symbol,
		.type_class = (uint8_t)r->type_class,
		.why = BS_WHY_FIRST_IN_SCOPE,
		.outcome = BS_BOUND,
		.is_defined = bs_is_definition(&r->entry),
	};
	assert(bs_is_confirmed(binder, process, ctx, r->scope, ret));
	(void)ctx;
	return true;
}
