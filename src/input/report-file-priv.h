/* SPDX-License-Identifier: MIT */
/* report-file-priv.h - a report that is read again, for the files that read it */
#pragma once

#include "plan-reader.h"
#include "report-file.h"

struct bs_report_reader {
	struct bs_plan_reader r; /* for places and problems */
	struct bs_digest *digest;
	BS_VEC(bs_name) blocks; /* of constructors: the object, as the plan names it */
	uint32_t n_steps;	/* that the question has, start-up included */
	bool ended;		/* a stream's last line was there */
	void **held;		/* what the caller drops who is unwound to */
};

/*
 * report-members.c: the member KEY of ITEM, which stands at PLACE. All return false with a problem
 * when it is of another type than the schema has it.
 */

/* TEXT in the table of names, as long as that; NULL for NULL. */
const char *bs_report_kept(struct bs_report_reader *reader, const char *text);
/* A string, or NULL for null and for what is not there. */
bool bs_get_text(struct bs_report_reader *reader, const struct bs_place *place, const json_t *item,
		 const char *key, const char **ret);
/* The same for what has to be there. */
bool bs_get_some_text(struct bs_report_reader *reader, const struct bs_place *place,
		      const json_t *item, const char *key, const char **ret);
/* A number below LIMIT, or NONE for null and for what is not there. */
bool bs_get_number(struct bs_report_reader *reader, const struct bs_place *place,
		   const json_t *item, const char *key, uint64_t limit, uint64_t none,
		   uint64_t *ret);
/* The id of an object that is known, or BS_NOBODY for null. */
bool bs_get_object(struct bs_report_reader *reader, const struct bs_place *place,
		   const json_t *item, const char *key, uint32_t *ret);
/* A step's number, or BS_NEVER. */
bool bs_get_step(struct bs_report_reader *reader, const struct bs_place *place, const json_t *item,
		 const char *key, uint32_t *ret);
/* Which of N words, as NAME calls them, the string is. */
bool bs_get_word(struct bs_report_reader *reader, const struct bs_place *place, const json_t *item,
		 const char *key, const char *(*name)(unsigned i), unsigned n, unsigned *ret);

/* VALUE is the string WORD. */
bool bs_is_word(const json_t *value, const char *word);

/* Hands each item of the array KEY, which may lack, to TAKE. */
typedef bool bs_take_item(struct bs_report_reader *reader, const struct bs_place *place,
			  const json_t *item);
bool bs_take_all(struct bs_report_reader *reader, const struct bs_place *place, const json_t *item,
		 const char *key, bs_take_item *take);

/* report-head.c: what a document has at its top, and a stream in its first line. */
bool bs_take_head(struct bs_report_reader *reader, const json_t *root);

/* report-records.c: one record, as documents and streams have it. */
bs_take_item bs_take_object, bs_take_step, bs_take_binding, bs_take_slot, bs_take_finding;
