/* SPDX-License-Identifier: MIT */
#include "input.h"

#include "../profile/profile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool bs_parse_flags(const char *text, struct bs_step *ret)
{
	unsigned mode = 0;

	if (*text >= '0' && *text <= '9') {
		char *end;

		errno = 0;
		unsigned long long number = strtoull(text, &end, 0);

		/* dlopen's second argument is an int. */
		if (*end || errno || number > UINT32_MAX)
			return false;
		ret->mode_is_number = true;
		ret->number = number;
		return true;
	}
	for (const char *s = text;; s++) {
		size_t n = strcspn(s, "|,+");
		unsigned flag = bs_mode_named(s, n);

		if (!flag)
			return false;
		mode |= flag;
		s += n;
		if (!*s)
			break;
	}
	ret->mode = mode;
	return true;
}

/* A word in upper case, or one that begins with RTLD_. */
static bool looks_like_flag(const char *word, size_t n)
{
	if (n >= 5 && strncasecmp(word, "RTLD_", 5) == 0)
		return true;
	for (size_t i = 0; i < n; i++)
		if ((word[i] < 'A' || word[i] > 'Z') && word[i] != '_')
			return false;
	return n > 1;
}

/* What to say of TEXT, which stands where flags may stand and is none: nothing unless one of its
 * words is a flag or looks like one. */
static const char *hint_at_flags(struct bs_arena *arena, const char *text)
{
	const char *wrong = NULL, *meant = NULL;
	size_t wrong_n = 0;
	bool are_flags = false;

	for (const char *s = text;; s++) {
		size_t n = strcspn(s, "|,+");
		bool is_flag = bs_mode_named(s, n) != 0;

		if (!is_flag && !wrong) {
			wrong = s;
			wrong_n = n;
			meant = bs_mode_meant(s, n);
		}
		are_flags |= is_flag || meant || looks_like_flag(s, n);
		s += n;
		if (!*s)
			break;
	}
	if (!are_flags || !wrong)
		return NULL;
	bool is_all = wrong == text && !text[wrong_n];

	return bs_arena_printf(arena, "'%.*s' is no flag%s%s; %s%s%staken as part of the file name",
			       (int)wrong_n, wrong, meant ? " (did you mean " : "",
			       meant ? bs_arena_printf(arena, "%s?)", meant) : "",
			       is_all ? "" : "':", is_all ? "" : text, is_all ? "" : "' is ");
}

/* What to say of FILE, behind which flags stand: nothing unless it ends in flags of its own. */
static const char *hint_at_colon(struct bs_arena *arena, const char *file)
{
	const char *colon = strrchr(file, ':');
	struct bs_step ignored;

	if (!colon || !looks_like_flag(colon + 1, strcspn(colon + 1, "|,+")) ||
	    !bs_parse_flags(colon + 1, &ignored))
		return NULL;
	return bs_arena_printf(arena,
			       "flags are joined by a comma; '%s' is taken as part of the "
			       "file name",
			       colon);
}

/* FILE[:FLAGS] into STEP. */
static void read_file(struct bs_arena *arena, const char *text, struct bs_step *step,
		      const char **ret_hint)
{
	const char *colon = strrchr(text, ':');

	step->file = text;
	if (!colon)
		return;
	if (!bs_parse_flags(colon + 1, step)) {
		*ret_hint = hint_at_flags(arena, colon + 1);
		return;
	}
	step->file = bs_arena_strndup(arena, text, (size_t)(colon - text));
	step->spelled = colon + 1;
	*ret_hint = hint_at_colon(arena, step->file);
}

/* All of TEXT, N bytes, is the number of a step. */
static bool read_number(const char *text, size_t n, uint32_t *ret)
{
	uint64_t number = 0;

	if (!n)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		number = number * 10 + (uint64_t)(text[i] - '0');
		if (number > UINT32_MAX)
			return false;
	}
	*ret = (uint32_t)number;
	return true;
}

/* SYMBOL[@VERSION] into STEP; false when either is empty. */
static bool read_symbol(struct bs_arena *arena, const char *text, struct bs_step *step)
{
	const char *at = strchr(text, '@');

	step->symbol = text;
	if (!at)
		return *text != '\0';
	step->symbol = bs_arena_strndup(arena, text, (size_t)(at - text));
	step->version = at + 1 + (at[1] == '@');
	return *step->symbol && *step->version;
}

static const char *read_dlmopen(struct bs_arena *arena, const char *text, struct bs_step *step,
				const char **ret_hint)
{
	const char *at = strrchr(text, '@');

	if (at && read_number(at + 1, strlen(at + 1), &step->of_step)) {
		if (!step->of_step)
			return "the step behind the @ counts from 1";
		text = bs_arena_strndup(arena, text, (size_t)(at - text));
	}
	read_file(arena, text, step, ret_hint);
	return NULL;
}

static const char *read_dlsym(struct bs_arena *arena, const char *text, struct bs_step *step)
{
	const char *colon = strchr(text, ':');
	size_t n = colon ? (size_t)(colon - text) : 0;

	if (colon) {
		if (n == strlen("NEXT") && strncasecmp(text, "NEXT", n) == 0)
			step->handle = BS_HANDLE_NEXT;
		else if (read_number(text, n, &step->of_step))
			step->handle = BS_HANDLE_STEP;
		else if (n != strlen("DEFAULT") || strncasecmp(text, "DEFAULT", n) != 0)
			return "before the colon stands DEFAULT, NEXT or the number of a step";
	}
	return read_symbol(arena, colon ? colon + 1 : text, step)
		       ? NULL
		       : "[HANDLE:]SYMBOL[@VERSION] is wanted";
}

static const char *read_call(struct bs_arena *arena, const char *text, struct bs_step *step)
{
	const char *colon = strrchr(text, ':');

	if (!colon || colon == text || !read_symbol(arena, colon + 1, step))
		return "OBJECT:SYMBOL is wanted";
	step->object = bs_arena_strndup(arena, text, (size_t)(colon - text));
	return NULL;
}

const char *bs_parse_step(struct bs_arena *arena, enum bs_step_kind kind, const char *text,
			  struct bs_step *ret, const char **ret_hint)
{
	*ret_hint = NULL;
	*ret = (struct bs_step){ .kind = kind };
	switch (kind) {
	case BS_STEP_DLOPEN:
		read_file(arena, text, ret, ret_hint);
		return NULL;
	case BS_STEP_DLMOPEN:
		return read_dlmopen(arena, text, ret, ret_hint);
	case BS_STEP_DLSYM:
		return read_dlsym(arena, text, ret);
	case BS_STEP_DLCLOSE:
		return read_number(text, strlen(text), &ret->of_step)
			       ? NULL
			       : "the number of a step is wanted";
	case BS_STEP_CALL:
		return read_call(arena, text, ret);
	case BS_STEP_KIND_COUNT_:
		break;
	}
	return "no such step";
}
