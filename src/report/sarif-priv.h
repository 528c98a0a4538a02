/* SPDX-License-Identifier: MIT */
/* sarif-priv.h - what the files of the SARIF report share */
#pragma once

#include "ci-priv.h"
#include "json-writer.h"

/* What stands around the runs of a log. */
#define BS_SARIF_BEGIN                                                                             \
	"{\n  \"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\",\n"                    \
	"  \"version\":\"2.1.0\",\n  \"runs\":["
#define BS_SARIF_END "]\n}\n"
enum {
	BS_SARIF_DEPTH = 2, /* of its runs */
	BS_SARIF_MOST_RESULTS = 25000,
};

/* The member KEY with an object that has TEXT as its text: a message of SARIF. */
void bs_sarif_message(struct bs_json *json, const char *key, const char *text);

/* sarif-rules.c: the member "rules", those that USED names in its order, with all that services
 * show of a rule. */
void bs_sarif_rules(struct bs_json *json, const bs_ids *used);

/* Members "tool" and "originalUriBaseIds" of a run. Where the machine has these directories is left
 * open, but for its own root. */
void bs_sarif_tool(struct bs_json *json, const bs_ids *used);
void bs_sarif_bases(struct bs_json *json, bool has_root);

/* The member "physicalLocation". */
void bs_sarif_artifact(struct bs_json *json, const struct bs_file_place *place);

/* An item of "toolExecutionNotifications"; LEVEL is one of SARIF's. */
void bs_sarif_notification(struct bs_json *json, const char *id, const char *level,
			   const char *text);
