/* SPDX-License-Identifier: MIT */
/* check-priv.h - what the files of the check floor share */
#pragma once

#include "check.h"

/* BINDING takes an object's own symbol elsewhere. */
bool bs_is_captured(const struct bs_checker *checker, const struct bs_run *run,
		    const struct bs_binding *binding);

/* Worst first, then by objects. */
void bs_findings_sort(bs_findings *findings);
