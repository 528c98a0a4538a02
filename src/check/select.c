/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <fnmatch.h>
#include <string.h>

bool bs_selected_object(const struct bs_run *run, bs_map_id id, const char *glob)
{
	if (!glob)
		return true;
	if (id == BS_NO_MAP)
		return false;
	const struct bs_map *map = bs_map_of(&run->process, id);
	const char *name = bs_run_map_name(run, id);
	const char *slash = strrchr(name, '/');

	return fnmatch(glob, name, 0) == 0 || (slash && fnmatch(glob, slash + 1, 0) == 0) ||
	       (map->image && map->image->soname && fnmatch(glob, map->image->soname, 0) == 0);
}

bool bs_selected_symbol(const struct bs_selection *selection, const char *name)
{
	if (!selection->symbol || fnmatch(selection->symbol, name, 0) == 0)
		return true;
	const char *demangled = bs_demangled(name);

	return demangled != name && fnmatch(selection->symbol, demangled, 0) == 0;
}

bool bs_selected(const struct bs_selection *selection, const struct bs_run *run,
		 const struct bs_binding *binding)
{
	if (!bs_selected_object(run, binding->referrer, selection->from) ||
	    !bs_selected_object(run, binding->definer, selection->to))
		return false;
	return !selection->symbol ||
	       bs_selected_symbol(selection, bs_run_symbol_name(run, binding));
}

bool bs_selected_pair(const struct bs_selection *selection, const struct bs_run *run,
		      bs_map_id from, bs_map_id to)
{
	return bs_selected_object(run, from, selection->from) &&
	       bs_selected_object(run, to, selection->to);
}
