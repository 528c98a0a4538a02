/* SPDX-License-Identifier: MIT */
/* Where a rule is explained, for programs that show it as a link. */
#include "report.h"

/*
 * Documents lie where whoever built this says. Else there is the manual, which is where the tool
 * is, by the scheme that systemd.unit(5) has for it, too; the fragment is that of mandoc's HTML.
 */
const char *bs_rule_page(struct bs_arena *arena, const char *slug)
{
#ifdef BINDSIM_DOCS_URL
	return bs_arena_printf(arena, "%s/rules/%s.md", BINDSIM_DOCS_URL, slug);
#else
	return bs_arena_printf(arena, "man:bindsim-findings(7)#%s", slug);
#endif
}

const char *bs_log_rule_page(struct bs_arena *arena, const char *slug)
{
	return bs_arena_printf(arena, "man:bindsim-log(1)#%s", slug);
}
