/* SPDX-License-Identifier: MIT */
/* archive-check.h - what is in an archive as plans */
#pragma once

#include "options-priv.h"

/* The host's file PATH is an archive that can be checked: a wheel, a Debian package, a tar. */
bool bs_is_archive(const char *path);

/* Lays out what is to be seen of the archive that the command line names, and adds the plans that
 * are to be made of it. False after a message. */
bool bs_archive_plans(struct bs_option_reader *r);
