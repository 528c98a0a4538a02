/* SPDX-License-Identifier: MIT */
/*
 * advise.h - what helps: remedies, each tried on the simulation
 *
 *	struct bindsim_advice *advice;
 *
 *	if (bindsim_advise(plan, NULL, NULL, NULL, &advice, &error) == BINDSIM_OK)
 *		best = bindsim_advice_trial(advice, bindsim_advice_best(advice, BINDSIM_HANDS_OWN));
 *
 * It belongs to <bindsim/bindsim.h>, which includes it, and whose words on errors, threads and
 * strings hold here, too. Advice does not change once it is there and stands for itself; its
 * records live as long as it does. Functions that ask a record take NULL, and then say nothing.
 */
#ifndef BINDSIM_ADVISE_H
#define BINDSIM_ADVISE_H

#include <bindsim/bindsim.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The names of the remedies that there are, by INDEX, from 0 on; NULL behind the last. And what the
 * one called REMEDY is, in one line; NULL where there is no such. Static. Since 1.1. */
BINDSIM_API const char *bindsim_remedy(size_t index);
BINDSIM_API const char *bindsim_remedy_summary(const char *remedy);

/* What was tried for a plan, and what came of it. */
struct bindsim_advice;

/*
 * Tries remedies for what PLAN comes to: for its findings that are warnings at least, of RULE alone
 * unless that is NULL, and for the first step that is refused. REMEDIES are those that are tried,
 * names joined by commas; NULL: all. OPTIONS, or NULL, have libraries, and globs for the objects
 * that the findings are about; reports and a glob for symbols are BINDSIM_ERROR_ARGUMENT. The
 * advice is in *RET_ADVICE, to be freed; also where nothing is wrong, or nothing helps.
 *
 * It takes no store: files are given out as other links would have made them. Since 1.1.
 */
BINDSIM_API enum bindsim_status bindsim_advise(const struct bindsim_plan *plan, const char *rule,
					       const char *remedies,
					       const struct bindsim_options *options,
					       struct bindsim_advice **ret_advice,
					       struct bindsim_error **error);

/* Frees ADVICE. NULL is allowed. Since 1.1. */
BINDSIM_API void bindsim_advice_free(struct bindsim_advice *advice);

/* ADVICE as `bindsim advise` writes it, in FORMAT, "text" or "json", with a NUL behind it; its
 * length in bytes is in *RET_N, unless that is NULL. NULL: there is no such format, or the library
 * that it wants could not be opened. Since 1.1. */
BINDSIM_API const char *bindsim_advice_report(const struct bindsim_advice *advice,
					      const char *format, size_t *ret_n);

/* 1 if something cures all that is wrong, else 0. Since 1.1. */
BINDSIM_API int bindsim_advice_has_cure(const struct bindsim_advice *advice);

/* The first step that is refused, without any remedy, or BINDSIM_NONE; and the loader's message, or
 * NULL. Since 1.1. */
BINDSIM_API uint32_t bindsim_advice_failed_step(const struct bindsim_advice *advice);
BINDSIM_API const char *bindsim_advice_failure(const struct bindsim_advice *advice);

/* ---- what is wrong ------------------------------------------------------------------------- */

/* A finding that advice is about. */
struct bindsim_clash;

/* How many there are; the one at INDEX, the worst first. Since 1.1. */
BINDSIM_API size_t bindsim_advice_clashes(const struct bindsim_advice *advice);
BINDSIM_API const struct bindsim_clash *bindsim_advice_clash(const struct bindsim_advice *advice,
							     size_t index);

/* Its rule and level; the step that shows it; the base names of the object that it is about and of
 * the other one, or NULL; how many symbols it is about, and some of them by their number K, NULL
 * behind the last. Since 1.1. */
BINDSIM_API const char *bindsim_clash_rule(const struct bindsim_clash *clash);
BINDSIM_API enum bindsim_level bindsim_clash_level(const struct bindsim_clash *clash);
BINDSIM_API uint32_t bindsim_clash_step(const struct bindsim_clash *clash);
BINDSIM_API const char *bindsim_clash_subject(const struct bindsim_clash *clash);
BINDSIM_API const char *bindsim_clash_other(const struct bindsim_clash *clash);
BINDSIM_API size_t bindsim_clash_symbols(const struct bindsim_clash *clash);
BINDSIM_API const char *bindsim_clash_example(const struct bindsim_clash *clash, size_t k);

/* ---- what was tried ------------------------------------------------------------------------ */

/* A remedy that was tried. */
struct bindsim_trial;

/* How many there are; the one at INDEX, the best first. BINDSIM_NONE is none. Since 1.1. */
BINDSIM_API size_t bindsim_advice_trials(const struct bindsim_advice *advice);
BINDSIM_API const struct bindsim_trial *bindsim_advice_trial(const struct bindsim_advice *advice,
							     size_t index);

/* In whose hands it is. */
enum bindsim_hands {
	BINDSIM_HANDS_OWN = 0,	 /* who opens the object that is bound elsewhere */
	BINDSIM_HANDS_OTHER = 1, /* who makes other calls, or starts the program */
	BINDSIM_HANDS_LINK = 2,	 /* who links an object */
};

/* The INDEX of the best one that is of use and in these HANDS; BINDSIM_NONE: there is none. Since
 * 1.1. */
BINDSIM_API uint32_t bindsim_advice_best(const struct bindsim_advice *advice,
					 enum bindsim_hands hands);

/* "deepbind": see bindsim_remedy(); what was done, in one line; in whose hands that is,
 * BINDSIM_HANDS_OTHER for NULL. Since 1.1. */
BINDSIM_API const char *bindsim_trial_remedy(const struct bindsim_trial *trial);
BINDSIM_API const char *bindsim_trial_words(const struct bindsim_trial *trial);
BINDSIM_API enum bindsim_hands bindsim_trial_hands(const struct bindsim_trial *trial);

enum bindsim_benefit {
	BINDSIM_CURES = 0,   /* nothing is left, and nothing new is there */
	BINDSIM_HELPS = 1,   /* less is left, and nothing new is there */
	BINDSIM_TRADES = 2,  /* less is left, and something new is there */
	BINDSIM_NOTHING = 3, /* it changes nothing of what is wrong */
	BINDSIM_IGNORED = 4, /* the same, because the loader passes over it */
	BINDSIM_HARMS = 5,   /* nothing is less, and something new is there */
	BINDSIM_FAILS = 6,   /* a step is refused that was not */
};

/* What it comes to. BINDSIM_NOTHING for NULL. Since 1.1. */
BINDSIM_API enum bindsim_benefit bindsim_trial_benefit(const struct bindsim_trial *trial);

/* "cures". Static; NULL for values that it does not know. Since 1.1. */
BINDSIM_API const char *bindsim_benefit_name(enum bindsim_benefit benefit);

/* The plan that was simulated, in *RET_PLAN, to be freed: that of the question, with the calls that
 * the remedy makes otherwise. What is linked otherwise does not show in it. Since 1.1. */
BINDSIM_API enum bindsim_status bindsim_trial_plan(const struct bindsim_trial *trial,
						   struct bindsim_plan **ret_plan,
						   struct bindsim_error **error);

/* The step that is refused then, or BINDSIM_NONE; and the loader's message, or NULL. Since 1.1. */
BINDSIM_API uint32_t bindsim_trial_failed_step(const struct bindsim_trial *trial);
BINDSIM_API const char *bindsim_trial_failure(const struct bindsim_trial *trial);

/* How many errors and warnings are left or new; how many references are answered otherwise. Since
 * 1.1. */
BINDSIM_API size_t bindsim_trial_errors(const struct bindsim_trial *trial);
BINDSIM_API size_t bindsim_trial_warnings(const struct bindsim_trial *trial);
BINDSIM_API size_t bindsim_trial_changed(const struct bindsim_trial *trial);

/* What it costs beside what is a finding, a sentence each, by its number K; NULL behind the last.
 * Since 1.1. */
BINDSIM_API const char *bindsim_trial_cost(const struct bindsim_trial *trial, size_t k);

/* What has to be written where, by its number K; NULL behind the last: the text; its language, "c",
 * "python", "shell", "linker" or "version-script"; and whose it is, a sentence. Since 1.1. */
BINDSIM_API const char *bindsim_trial_change(const struct bindsim_trial *trial, size_t k);
BINDSIM_API const char *bindsim_trial_change_language(const struct bindsim_trial *trial, size_t k);
BINDSIM_API const char *bindsim_trial_change_place(const struct bindsim_trial *trial, size_t k);

/* ---- what it leaves ------------------------------------------------------------------------ */

/* What a remedy does to one clash, or which one it brings. */
struct bindsim_effect;

/* How many there are; the one at INDEX: what was wrong first, in its order, then what is new. Since
 * 1.1. */
BINDSIM_API size_t bindsim_trial_effects(const struct bindsim_trial *trial);
BINDSIM_API const struct bindsim_effect *bindsim_trial_effect(const struct bindsim_trial *trial,
							      size_t index);

/* Its rule; the base names of the object that it is about and of the other one, or NULL; 1 if it
 * was not there, or milder. Since 1.1. */
BINDSIM_API const char *bindsim_effect_rule(const struct bindsim_effect *effect);
BINDSIM_API const char *bindsim_effect_subject(const struct bindsim_effect *effect);
BINDSIM_API const char *bindsim_effect_other(const struct bindsim_effect *effect);
BINDSIM_API int bindsim_effect_is_new(const struct bindsim_effect *effect);

/* Its level and how many symbols it was about, before and after; BINDSIM_LEVEL_NONE and 0 where it
 * is not there. Since 1.1. */
BINDSIM_API enum bindsim_level bindsim_effect_level_before(const struct bindsim_effect *effect);
BINDSIM_API enum bindsim_level bindsim_effect_level_after(const struct bindsim_effect *effect);
BINDSIM_API size_t bindsim_effect_symbols_before(const struct bindsim_effect *effect);
BINDSIM_API size_t bindsim_effect_symbols_after(const struct bindsim_effect *effect);

#ifdef __cplusplus
}
#endif

#endif
