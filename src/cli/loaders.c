/* SPDX-License-Identifier: MIT */
/* `bindsim loaders`: what loaders there are to simulate, as their profiles have it. */
#include "cli.h"

#include "../profile/profile.h"

#include <stdio.h>
#include <string.h>

enum { WIDEST_KEY = 24 };

/* ---- how they differ ------------------------------------------------------------------------- */

static const char *path_tags(const struct bs_profile *p)
{
	if (p->search.rpath_first)
		return "the executable's alone, before LD_LIBRARY_PATH";
	return p->search.first_that_opens ? "behind LD_LIBRARY_PATH, DT_RUNPATH or else DT_RPATH, "
					    "also of who loaded it"
					  : "DT_RPATH before LD_LIBRARY_PATH, also of who loaded "
					    "it; DT_RUNPATH behind";
}

static const char *files(const struct bs_profile *p)
{
	return p->scope.chain	     ? "by the name that was searched for, by inode"
	       : p->scope.fixed.used ? "by soname, by name, by path, by inode"
				     : "by name, by soname, by inode";
}

static const char *scopes(const struct bs_profile *p)
{
	return p->scope.chain ? "one chain for all objects, and the opened ones while they relocate"
	       : p->scope.fixed.used ? "each object has its own, fixed when it is loaded"
				     : "each object has its own; RTLD_GLOBAL lets them grow";
}

static const char *versions(const struct bs_profile *p)
{
	return p->match.only_default_versions ? "not compared; hidden ones answer nobody"
					      : "compared, symbol by symbol";
}

static const char *unique(const struct bs_profile *p)
{
	return p->match.unique ? "one definition a namespace" : "like any other symbol";
}

static const char *calls(const struct bs_profile *p)
{
	return p->match.defers_missing
		       ? "bound at once; RTLD_LAZY lets wait what nobody defines yet"
	       : p->scope.fixed.used ? "bound when first made, in the scope of the load"
				     : "bound when first made, in the scope of then";
}

static const char *closing(const struct bs_profile *p)
{
	return p->scope.chain ? "unloads nothing" : "unloads what nothing holds any more";
}

static const char *namespaces(const struct bs_profile *p)
{
	return p->scope.chain || p->scope.fixed.used ? "none: there is no dlmopen"
						     : "up to 16, by dlmopen";
}

/* Flags of dlopen that not every loader has. */
static const char *flags(struct bs_arena *arena, const struct bs_profile *p)
{
	unsigned has = p->own_modes | (p->scope.deepbind ? BS_MODE_DEEPBIND : 0);
	const char *list = "";

	for (const struct bs_mode_name *m = bs_mode_names; m->name; m++)
		if (has & m->mode)
			list = bs_arena_printf(arena, "%s%s%s", list, *list ? ", " : "", m->name);
	return *list ? list : "none";
}

static void print_differences(struct bs_arena *arena, const struct bs_profile *p)
{
	/* What the documents of a loader leave open is chosen, and has switches. */
	bool is_open = p->scope.fixed.used;
	const struct {
		const char *what, *how;
		bool chosen;
	} rows[] = {
		{ "path tags", path_tags(p), is_open },	  { "the same object", files(p), is_open },
		{ "scopes", scopes(p), false },		  { "versions", versions(p), is_open },
		{ "unique symbols", unique(p), is_open }, { "calls", calls(p), false },
		{ "own flags", flags(arena, p), false },  { "namespaces", namespaces(p), false },
		{ "dlclose", closing(p), false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		printf("  %-16s  %s%s\n", rows[i].what, rows[i].how,
		       rows[i].chosen ? " (chosen)" : "");
}

static void print_profile(struct bs_arena *arena, const struct bs_profile *p)
{
	unsigned n = 0;

	for (const struct bs_switch *s = p->switches; s && s->key; s++)
		n++;
	printf("%s", p->name);
	if (p->version)
		printf(" %s to %s; %s where the files do not tell",
		       bs_version_text(arena, p->oldest), bs_version_text(arena, p->newest),
		       bs_version_text(arena, p->version));
	printf("\n  rules from        %s\n", p->source);
	if (p->verified)
		printf("  verified against  %s\n", p->verified);
	print_differences(arena, p);
	if (n)
		printf("  switches          %u: bindsim loaders %s\n", n, p->name);
}

/* "yes from 2.22 to 2.35" */
static const char *releases_of(struct bs_arena *arena, const struct bs_profile *p,
			       const struct bs_switch *s)
{
	const char *inside = bs_switch_name(s, s->inside), *outside = bs_switch_name(s, s->outside);
	const char *from = bs_version_text(arena, s->from),
		   *until = bs_version_text(arena, s->until);

	if (!s->from && !s->until)
		return bs_switch_value(p, s);
	if (!s->until)
		return bs_arena_printf(arena, "%s from %s on, else %s", inside, from, outside);
	if (!s->from)
		return bs_arena_printf(arena, "%s up to %s, else %s", inside, until, outside);
	return bs_arena_printf(arena, "%s from %s to %s, else %s", inside, from, until, outside);
}

/* Of a rule that is open: what was chosen, and what the other choice is. */
static void print_meaning(const struct bs_profile *p, const struct bs_switch *s)
{
	bool is_on = s->otherwise && strcmp(bs_switch_value(p, s), "yes") == 0;

	if (!s->otherwise) {
		printf("    %s (%s)\n", s->what, s->source);
		return;
	}
	printf("    %s (%s%s)\n", is_on ? s->what : s->otherwise, s->source,
	       s->is_probable ? ", probable" : "");
	printf("    %s: %s\n", is_on ? "no" : "yes", is_on ? s->otherwise : s->what);
}

static void print_switches(struct bs_arena *arena, const struct bs_profile *p, bool one_release)
{
	if (one_release)
		printf("%s\n", p->title);
	for (const struct bs_switch *s = p->switches; s && s->key; s++) {
		printf("%s.%-*s%s\n", p->name, WIDEST_KEY, s->key,
		       one_release ? bs_switch_value(p, s) : releases_of(arena, p, s));
		print_meaning(p, s);
	}
}

bool bs_print_loaders(struct bs_arena *arena, const char *which)
{
	unsigned version = 0;
	const char *problem = NULL;

	for (size_t i = 0; !which && bs_profiles[i]; i++)
		print_profile(arena, bs_profiles[i]);
	if (!which)
		return true;
	const struct bs_profile *p = bs_profile_read(arena, which, &version, &problem);

	if (p && version)
		p = bs_profile_at(arena, p, version);
	if (!p) {
		bs_complain("%s", problem);
		return false;
	}
	if (!version)
		print_profile(arena, p);
	if (p->switches)
		print_switches(arena, p, version != 0);
	return true;
}
