/* SPDX-License-Identifier: MIT */
/* json-study.h - what the documents of studies have in common */
#pragma once

#include "../study/study.h"
#include "json-writer.h"

/* The member KEY with the id of OBJECT, or null for BS_NO_OBJECT. */
void bs_json_member_study_object(struct bs_json *json, const char *key, bs_object_id object);

/* The member "objects": all objects of STUDY. */
void bs_json_study_objects(struct bs_json *json, const struct bs_study *study);
