/* SPDX-License-Identifier: MIT */
/* process-report.h - what the slots of a real process hold, in words and in JSON */
#pragma once

#include "../study/observed.h"
#include "report.h"

/* The parts that only a report about a real process has. */
#define BS_PART_PROCESS	    "process"
#define BS_PART_DIFFERENCES "differences"
#define BS_PART_CONTENTS    "contents"

/* In words: objects with counts, each slot, what differs from the simulation, and a line that sums
 * up. */
void bs_text_process(struct bs_report *report, const struct bs_run *run, bool objects,
		     bool differences, bool contents);

/* Slot INDEX is one that REPORT is to tell of: it is selected and, ONLY_DIFFERENCES, differs. */
bool bs_process_selects(const struct bs_report *report, const struct bs_run *run, uint32_t index,
			bool only_differences);
