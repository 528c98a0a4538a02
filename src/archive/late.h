/* SPDX-License-Identifier: MIT */
/* late.h - libarchive, which is opened by who reads an archive */
#pragma once

#include <archive.h>
#include <archive_entry.h>

/* Opens libarchive, which is to be done before it is used; NULL, or why it cannot be. */
const char *bs_libarchive_open(void);
