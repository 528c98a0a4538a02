/* SPDX-License-Identifier: MIT */
#include "report.h"

static void count_bindings(struct bs_counts *counts, const bs_bindings *bindings, uint32_t *bound)
{
	bs_vec_each (i, bindings) {
		const struct bs_binding *b = &bindings->v[i];

		if (b->why == BS_WHY_LOCAL)
			counts->local++;
		else
			*bound += b->outcome == BS_BOUND && b->symbol;
		counts->weak_unresolved += b->outcome == BS_UNRESOLVED_WEAK;
		counts->undefined += b->outcome == BS_UNDEFINED;
	}
}

struct bs_counts bs_count(const struct bs_run *run, const struct bs_step_result *result)
{
	struct bs_counts counts = { 0 };

	bs_vec_each (i, &result->born) {
		const struct bs_map *map = bs_map_of(&run->process, result->born.v[i]);

		counts.objects +=
			map->role != BS_ROLE_VDSO && !bs_ids_have(&result->gone, result->born.v[i]);
	}
	count_bindings(&counts, &result->relocated.bindings, &counts.bindings);
	count_bindings(&counts, &result->slots, &counts.first_call);
	return counts;
}

void bs_counts_add(struct bs_counts *totals, const struct bs_counts *counts)
{
	totals->objects += counts->objects;
	totals->bindings += counts->bindings;
	totals->first_call += counts->first_call;
	totals->local += counts->local;
	totals->weak_unresolved += counts->weak_unresolved;
	totals->undefined += counts->undefined;
}
