/* SPDX-License-Identifier: MIT */
/* --format=sqlite where bindsim was built without the header of SQLite. */
#include "scan-report.h"

static const char *const parts[] = { "steps",	 "objects",    "bindings",     "slots",
				     "findings", "scopes",     "searches",     "demangled",
				     "mapped",	 "suppressed", "dlopen-notes", "definitions",
				     NULL };

static const char *tell(void)
{
	return "this bindsim was built without SQLite";
}

const struct bs_format bs_format_sqlite = {
	.name = "sqlite", .parts = parts, .default_show = 1, .is_binary = true, .open = tell
};

static const char *const scan_parts[] = { "programs", "notes",	  "pairs", "objects",
					  "exports",  "bindings", NULL };

static const struct bs_format scan_format = {
	.name = "sqlite", .parts = scan_parts, .default_show = 1, .is_binary = true, .open = tell
};

const struct bs_scan_format bs_scan_sqlite = { .format = &scan_format };
