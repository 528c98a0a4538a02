/* SPDX-License-Identifier: MIT */
/* text-show.h - the parts of the text report; apart, since those of JSON have such names, too */
#pragma once

enum {
	SHOW_STEPS = 1 << 0,	  /* a line a step */
	SHOW_UNRESOLVED = 1 << 1, /* what failed, what is missing and where it was looked for */
	SHOW_FINDINGS = 1 << 2,	  /* errors and warnings */
	SHOW_NOTES = 1 << 3,	  /* the findings that are harmless */
	SHOW_OBJECTS = 1 << 4,
	SHOW_SCOPES = 1 << 5,
	SHOW_PAIRS = 1 << 6,	     /* who binds to whom, in counts */
	SHOW_BINDINGS = 1 << 7,	     /* each binding */
	SHOW_SLOTS = 1 << 8,	     /* each jump slot that waits for its first call */
	SHOW_LAZYLOAD = 1 << 9,	     /* what is loaded on demand, and what that changes */
	SHOW_SUPPRESSED = 1 << 10,   /* names that two objects define and no finding is about */
	SHOW_DLOPEN_NOTES = 1 << 11, /* what objects say that they may open */
	SHOW_PROCESS = 1 << 12,	     /* of a real process: its objects, with counts ... */
	SHOW_DIFFERENCES = 1 << 13,  /* ... the slots that are other than simulated ... */
	SHOW_CONTENTS = 1 << 14,     /* ... and all of them */
};
