/* SPDX-License-Identifier: MIT */
/*
 * records-priv.h - functions that ask one record, of those that were collected
 *
 * Floor 17.
 */
#pragma once

/* A function that says of a record, as it was collected (R), what it is. */
#define TELL(thing, name, type, nothing, value)                                                    \
	type bindsim_##thing##_##name(const struct bindsim_##thing *thing)                         \
	{                                                                                          \
		const struct bs_kept_##thing *r = (const void *)thing;                             \
                                                                                                   \
		return r ? (value) : (nothing);                                                    \
	}
