/* SPDX-License-Identifier: MIT */
/* archive-check.h - what is in an archive as plans */
#pragma once

#include "options-priv.h"

/* The executable of PLAN is an archive of the host that can be checked: a wheel, a Debian package,
 * a tar. What a root has of that name comes first. */
bool bs_names_archive(struct bs_arena *arena, const struct bs_plan *plan);

/* Lays out what is to be seen of the archive that the command line names, and adds the plans that
 * are to be made of it. False after a message. */
bool bs_archive_plans(struct bs_option_reader *r);
