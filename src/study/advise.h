/* SPDX-License-Identifier: MIT */
/*
 * advise.h - a plan and its findings -> remedies that were tried on the simulation
 *
 * Nobody is told what helps by rule of thumb: each remedy is carried out on the plan or on the view
 * of an object, simulated and checked, and what it changes for each finding is told, the harm that
 * it brings included.
 *
 * Floor 12.
 */
#pragma once

#include "study.h"

enum bs_remedy_kind {
#define REMEDY(id, slug, relinks, words) BS_REMEDY_##id,
#include "remedies.def"
#undef REMEDY
	BS_REMEDY_COUNT_
};

struct bs_remedy_text {
	const char *slug, *words;
	bool relinks;
};

const struct bs_remedy_text *bs_remedy_text(enum bs_remedy_kind kind);

/* The remedy with SLUG, or BS_REMEDY_COUNT_. */
enum bs_remedy_kind bs_remedy_find(const char *slug, size_t n);

struct bs_remedy {
	enum bs_remedy_kind kind;
	uint32_t step;	     /* that is another one, of those at run time; else 0 */
	uint32_t before;     /* ORDER: STEP comes before this one */
	const char *preload; /* PRELOAD_ORDER: the new list, as LD_PRELOAD or --preload has it */
	bs_object_id object; /* that is linked otherwise, or that STEP opens; or BS_NO_OBJECT */
	bs_object_id other;  /* whose copy it is about, or BS_NO_OBJECT */
};

/* Who can do it. */
enum bs_hands {
	BS_HANDS_OWN,	/* who opens the object that is bound elsewhere, or whose step fails */
	BS_HANDS_OTHER, /* who makes other calls, or starts the program */
	BS_HANDS_LINK,	/* who links an object */
	BS_HANDS_COUNT_
};

/* "own", "other", "link" */
const char *bs_hands_name(enum bs_hands hands);

/* What a remedy does to one clash: the findings of one rule, or of a rule and its worse half, about
 * one pair of objects. */
struct bs_effect {
	enum bs_rule rule; /* after it; before it where nothing is left */
	bs_object_id from, to;
	bool is_target;
	bool is_new;				 /* there was no warning of it, or a milder one */
	uint32_t n_before, n_after;		 /* symbols; 0 where there is no finding */
	enum bs_level level_before, level_after; /* BS_LEVEL_NONE: there is no finding */
	const char *example;			 /* a symbol of it, as in the file; or NULL */
};

/* What it comes to, the best first. */
enum bs_benefit {
	BS_CURES,   /* no target is left, and nothing new is there */
	BS_HELPS,   /* targets are less, and nothing new is there */
	BS_TRADES,  /* targets are less, and something new is there; dlmopen at best, which brings a
		       second C library */
	BS_NOTHING, /* no target is touched, and nothing new is there */
	BS_IGNORED, /* the same, because the loader passes over it */
	BS_HARMS,   /* no target is less, and something new is there */
	BS_FAILS,   /* a step fails that did not fail before */
	BS_BENEFIT_COUNT_
};

/* "cures", "helps", ... */
const char *bs_benefit_name(enum bs_benefit benefit);

/* A remedy that was tried. */
struct bs_trial {
	struct bs_remedy remedy;
	enum bs_benefit benefit;
	enum bs_hands hands;
	bool is_about_captured;		  /* its object is one that is bound elsewhere */
	struct bs_plan plan;		  /* that was simulated */
	BS_VEC(struct bs_effect) effects; /* targets in their order, then what is new */
	uint32_t n_captured_before, n_captured_after; /* references of the targets, all together */
	uint32_t n_errors, n_warnings;		      /* that are left or new */
	uint32_t failed_step;			      /* for BS_FAILS; else BS_NEVER */
	const char *failure;			      /* the loader's words then, or NULL */
	uint32_t n_changed;			      /* references that are answered otherwise */
	uint32_t n_bypassed;	  /* of them those that a preloaded object had answered */
	uint32_t n_past_preloads; /* DEEPBIND: calls of the object, and of what came with it, to
				     others that a preload would no longer reach */
	uint32_t n_unique;	  /* unique symbols of the targets' pairs that still cross */
	uint32_t n_leaving;	  /* references to what the object defines that still leave it */
	uint32_t n_symbols;	  /* of the object that are linked otherwise */
	BS_VEC(const char *) exports; /* VERSION_SCRIPT: what stays exported, sorted */
};

struct bs_advise_options {
	/* Targets: findings about these objects (globs over link-map, base and lasting name) and of
	 * this rule only; NULL and BS_RULE_COUNT_: all. */
	const char *from, *to;
	enum bs_rule rule;
	uint32_t kinds; /* bit K: try remedies of kind K; 0: all */
};

struct bs_advice {
	const struct bs_study *study;
	const struct bs_plan *plan;
	struct bs_ending base;	    /* the plan as it is */
	const uint32_t *step_names; /* each step by its own number */
	bs_ids targets;		    /* indices of BASE's findings that are at least warnings */
	uint32_t failed_step;	    /* that is refused as it is, a target, too; BS_NEVER: none */
	BS_VEC(struct bs_trial)
	trials; /* the best first, those that need no new link before others
		   that are as good */
	/* By hands: the index of the best of its trials, should it be of use; BS_NEVER: none is. */
	uint32_t best[BS_HANDS_COUNT_];
	bool has_cure;
	uint32_t n_untried; /* beyond the most that are tried */
	bool has_numbers;   /* some step has its flags as a number: they were not changed */
};

enum { BS_MOST_TRIALS = 64 };

/*
 * Tries remedies for what PLAN comes to. Returns the status of the plan as it is; where that is
 * BS_SIM_CANNOT or BS_SIM_NO_MEMORY there is no advice but BASE's problem. All of *RET is in the
 * arena of STUDY but for BASE, which bs_advice_done() gives back.
 */
enum bs_sim_status bs_advise(struct bs_study *study, const struct bs_plan *plan,
			     const struct bs_advise_options *options, struct bs_advice *ret);
void bs_advice_done(struct bs_advice *advice);
