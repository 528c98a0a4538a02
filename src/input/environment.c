/* SPDX-License-Identifier: MIT */
#include "input.h"

#include <string.h>

bool bs_is_for_loader(const char *entry)
{
	return strncmp(entry, "LD_", 3) == 0 || strncmp(entry, "DL_DEBUG=", 9) == 0 ||
	       strncmp(entry, "GLIBC_TUNABLES=", 15) == 0;
}
