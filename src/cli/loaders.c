/* SPDX-License-Identifier: MIT */
/* `bindsim loaders`: what loaders there are to simulate, as their profiles have it. */
#include "cli.h"

#include "../profile/profile.h"

#include <stdio.h>
#include <string.h>

enum { WIDEST_KEY = 24 };

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
