/* SPDX-License-Identifier: MIT */
/* profile-priv.h - what the files of the profile floor share */
#pragma once

#include "profile.h"

/* What ldconfig knew of MACHINE's processors up to 2.36; a NULL name ends. */
const struct bs_legacy_name *bs_legacy_names(const struct bs_machine *machine);

/*
 * The part of a search's setup that comes from PLAN's CPU, on MACHINEs that are not x86: levels,
 * features, platform. Returns false with *RET_PROBLEM when MACHINE has no such CPU.
 */
bool bs_cpu_choose(const struct bs_ctx *ctx, const struct bs_plan *plan,
		   const struct bs_machine *machine, struct bs_search_setup *ret,
		   const char **ret_problem);
