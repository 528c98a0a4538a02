/* SPDX-License-Identifier: MIT */
/*
 * Which answers rest on a rule that the loader's documents leave open: those that would be others
 * if the rule were. The numbers are those of the profile's assumptions.
 */
#include "sim-priv.h"

#include <elf.h>

enum {
	RULE_OBJECT_BEFORE_OTHERS = 22,
	RULE_GROUP_PRELOADS = 23,
	RULE_WORLD_SELF = 24,
	RULE_PROMOTION_ORDER = 32,
	RULE_LAZY_NEEDS_WORLD = 34,
	RULE_LAZY_COVERS_GROUP = 35,
	RULE_NO_MODE = 36,
	RULE_DATA_IN_ORDER = 45,
	RULE_DEMAND_IS_CUT = 46,
	RULE_DEMAND_GLOBAL = 54,
	RULE_WEAK = 63,
};

/* The reference of BINDING, asked again in SCOPE: whoever answers there. */
static bs_map_id answerer_in(struct bs_run *run, const struct bs_binding *binding,
			     const bs_ids *scope, const uint64_t *behind)
{
	struct bs_query query = bs_query_of(&run->process, binding);

	query.scope = scope;
	query.behind = behind;
	return bs_lookup(run->binder, &run->process, &run->ctx, &query).definer;
}

static bool is_in(const struct bs_run *run, bs_list_id id, bs_map_id map)
{
	const struct bs_searchlist *list = &run->process.lists.v[id];

	return map < list->n_place && list->place[map];
}

/* The number of the list of SCOPE that MAP answers from; SCOPE's length: none. */
static uint32_t list_of(const struct bs_run *run, const bs_ids *scope, bs_map_id map)
{
	uint32_t i = 0;

	while (i < scope->n && !is_in(run, scope->v[i], map))
		i++;
	return i;
}

/* Somebody behind MAP in SCOPE would answer, too. */
static bool has_rival(struct bs_run *run, const struct bs_binding *binding, const bs_ids *scope)
{
	uint32_t at = list_of(run, scope, binding->definer);

	if (at == scope->n)
		return false;
	const struct bs_searchlist *list = &run->process.lists.v[scope->v[at]];
	const uint64_t place = (uint64_t)at << 32 | (list->place[binding->definer] - 1);

	return answerer_in(run, binding, scope, &place) != BS_NO_MAP;
}

static bool is_contested(const struct bs_run *run, const struct bs_binding *binding)
{
	bs_vec_each (i, &run->contested_maps)
		if (run->contested_maps.v[i] == binding->referrer &&
		    run->contested_symbols.v[i] == binding->symbol)
			return binding->type_class != BS_CLASS_PLT;
	return false;
}

/* It was found among what is RTLD_GLOBAL by now, behind the scope that is fixed. */
static unsigned by_falling_back(struct bs_run *run, const struct bs_binding *binding,
				const struct bs_map *map)
{
	const unsigned scopes = BS_OPEN_WORLD | BS_OPEN_GROUP;

	if (has_rival(run, binding, &map->call_scope))
		return RULE_PROMOTION_ORDER;
	if (!(map->open_flags & scopes) || !(map->open_flags & BS_OPEN_WORLD))
		return RULE_LAZY_NEEDS_WORLD;
	return map->opencount ? 0 : RULE_LAZY_COVERS_GROUP;
}

static unsigned of_bound(struct bs_run *run, const struct bs_binding *binding,
			 const struct bs_map *map)
{
	const struct bs_map *definer = bs_map_of(&run->process, binding->definer);
	const bs_ids *scope =
		binding->type_class == BS_CLASS_PLT ? bs_call_scope(map) : &map->scope;
	bool world = (map->open_flags & BS_OPEN_WORLD) || !(map->open_flags & BS_OPEN_GROUP);
	struct bs_symbol s = bs_image_symbol(definer->image, binding->definer_symbol);

	if (binding->why == BS_WHY_PROTECTED)
		return RULE_WEAK;
	if (is_contested(run, binding))
		return RULE_DATA_IN_ORDER;
	if (map->call_scope.n && scope == &map->call_scope &&
	    list_of(run, scope, binding->definer) == scope->n - 1)
		return by_falling_back(run, binding, map);
	if (map->other_scope.n && binding->why == BS_WHY_FIRST_IN_SCOPE &&
	    list_of(run, &map->scope, binding->definer) < map->scope.n && !map->image->symbolic &&
	    answerer_in(run, binding, &map->other_scope, NULL) != binding->definer)
		return RULE_OBJECT_BEFORE_OTHERS;
	if (!world && definer->preloaded)
		return RULE_GROUP_PRELOADS;
	if (world && (map->open_flags & BS_OPEN_WORLD) &&
	    !(map->open_flags & (BS_OPEN_GROUP | BS_OPEN_LAZYLOAD)) && definer == map)
		return RULE_WORLD_SELF;
	if (definer->on_demand && definer->global &&
	    list_of(run, &map->scope, binding->definer) < map->scope.n &&
	    !bs_ids_have(&map->initfini, binding->definer))
		return RULE_DEMAND_GLOBAL;
	if (bs_symbol_bind(&s) == STB_WEAK && has_rival(run, binding, scope))
		return RULE_WEAK;
	return 0;
}

static unsigned of_undefined(struct bs_run *run, const struct bs_binding *binding,
			     const struct bs_map *map)
{
	const unsigned modes = BS_OPEN_LAZY | BS_OPEN_NOW;
	bs_ids promoted = { 0 };

	if (map->on_demand && map->is_cut)
		return RULE_DEMAND_IS_CUT;
	if (map->kind != BS_MAP_LOADED)
		return 0;
	bs_vec_push(run->ctx.arena, &promoted, run->process.promoted);
	if ((map->open_flags & BS_OPEN_LAZY) && !map->call_scope.n &&
	    answerer_in(run, binding, &promoted, NULL) != BS_NO_MAP)
		return RULE_LAZY_NEEDS_WORLD;
	return map->open_flags & modes ? 0 : RULE_NO_MODE;
}

void bs_run_assume(struct bs_run *run, struct bs_binding *binding)
{
	const struct bs_map *map = bs_map_of(&run->process, binding->referrer);

	if (!run->scope_policy.fixed.used || !binding->symbol || binding->why == BS_WHY_LOCAL)
		return;
	switch ((enum bs_outcome)binding->outcome) {
	case BS_BOUND:
		binding->assumption = (uint8_t)of_bound(run, binding, map);
		return;
	case BS_UNDEFINED:
		binding->assumption = (uint8_t)of_undefined(run, binding, map);
		return;
	case BS_UNRESOLVED_WEAK:
		binding->assumption = RULE_WEAK;
		return;
	case BS_LOOKUP_CRASH:
		return;
	}
}

void bs_run_assume_all(struct bs_run *run, struct bs_step_result *result, uint32_t from)
{
	bs_bindings *bindings = &result->relocated.bindings;

	for (uint32_t i = from; i < bindings->n; i++)
		bs_run_assume(run, &bindings->v[i]);
}
