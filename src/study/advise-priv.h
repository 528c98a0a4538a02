/* SPDX-License-Identifier: MIT */
/* advise-priv.h - what the files of advise share */
#pragma once

#include "advise.h"

/* candidates.c: what may be worth a trial, without trials yet. */
typedef BS_VEC(struct bs_remedy) bs_remedies;

bs_remedies bs_find_remedies(struct bs_advice *advice, const struct bs_advise_options *options);

/* remedies.c: has STUDY, and PLAN of TRIAL, be as TRIAL's remedy wants them. False: it cannot be
 * had. */
bool bs_apply_remedy(struct bs_study *study, const struct bs_advice *advice,
		     struct bs_trial *trial);

/* effects.c: what ENDING, of the plan with TRIAL's remedy, has otherwise than the plan as it is. */
void bs_weigh_trial(const struct bs_study *study, const struct bs_advice *advice,
		    const struct bs_ending *ending, struct bs_trial *trial);
