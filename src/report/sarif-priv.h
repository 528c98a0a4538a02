/* SPDX-License-Identifier: MIT */
/* sarif-priv.h - what the files of the SARIF report share */
#pragma once

#include "ci-priv.h"
#include "json-writer.h"

/* The member KEY with an object that has TEXT as its text: a message of SARIF. */
void bs_sarif_message(struct bs_json *json, const char *key, const char *text);

/* sarif-rules.c: the member "rules", those that USED names in its order, with all that services
 * show of a rule. */
void bs_sarif_rules(struct bs_json *json, const bs_ids *used);
