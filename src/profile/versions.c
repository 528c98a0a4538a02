/* SPDX-License-Identifier: MIT */
/* Releases of a loader, and its switches: which rule holds in which. */
#include "profile.h"

#include "../base/guess.h"

#include <stdlib.h>
#include <string.h>

/* "2.36", N letters of it read: 236; 0 when TEXT begins with no such number. */
static unsigned version_at(const char *text, size_t n, size_t *ret_n)
{
	size_t at = 2;
	unsigned minor = 0;

	if (n < 3 || text[0] < '1' || text[0] > '9' || text[1] != '.')
		return 0;
	for (; at < n && text[at] >= '0' && text[at] <= '9' && minor < 100; at++)
		minor = minor * 10 + (unsigned)(text[at] - '0');
	*ret_n = at;
	return at > 2 && minor < 100 ? (unsigned)(text[0] - '0') * 100 + minor : 0;
}

const char *bs_version_text(struct bs_arena *arena, unsigned version)
{
	return bs_arena_printf(arena, "%u.%u", version / 100, version % 100);
}

/* ld.so from 2.33 on and libc.so.6 of any age say it to who runs them: "GNU C Library (...) stable
 * release version 2.36." */
unsigned bs_profile_version_in(const char *bytes, size_t n)
{
	static const char words[] = "release version ";
	const size_t n_words = sizeof words - 1;
	size_t length;

	for (const char *end = bytes + n, *at = bytes;
	     (at = memmem(at, (size_t)(end - at), words, n_words)) != NULL; at++) {
		unsigned version = version_at(at + n_words, (size_t)(end - at) - n_words, &length);

		if (version)
			return version;
	}
	return 0;
}

/* TEXT, "glibc-2.31" or "glibc2.31", as it is to be written; NULL: that is no loader either. */
static const char *with_colon(struct bs_arena *arena, const char *text)
{
	for (size_t i = 0; bs_profiles[i]; i++) {
		size_t n = strlen(bs_profiles[i]->name);

		if (strncmp(text, bs_profiles[i]->name, n) != 0)
			continue;
		const char *release = text + n + strspn(text + n, "-_=@/ ");

		const char *meant = bs_arena_printf(arena, "%s:%s", bs_profiles[i]->name, release);
		const char *problem;
		unsigned version;

		if (*release && bs_profile_read(arena, meant, &version, &problem))
			return meant;
	}
	return NULL;
}

const struct bs_profile *bs_profile_read(struct bs_arena *arena, const char *text,
					 unsigned *ret_version, const char **ret_problem)
{
	const char *colon = strchr(text, ':');
	size_t n_name = colon ? (size_t)(colon - text) : strlen(text), n = 0;
	BS_VEC(const char *) names = { 0 };

	*ret_version = 0;
	for (size_t i = 0; bs_profiles[i]; i++) {
		const struct bs_profile *p = bs_profiles[i];

		bs_vec_push(arena, &names, p->name);
		if (strlen(p->name) != n_name || strncmp(p->name, text, n_name) != 0)
			continue;
		if (!colon || p->of_version)
			return p;
		*ret_version = version_at(colon + 1, strlen(colon + 1), &n);
		if (*ret_version >= p->oldest && *ret_version <= p->newest && !colon[1 + n] &&
		    p->version)
			return p;
		if (p->version)
			*ret_problem = bs_arena_printf(
				arena, "%s: releases %s to %s are known, as in %s:%s", text,
				bs_version_text(arena, p->oldest),
				bs_version_text(arena, p->newest), p->name,
				bs_version_text(arena, p->version));
		else
			*ret_problem = bs_arena_printf(arena, "%s: %s has one release only", text,
						       p->name);
		return NULL;
	}
	bs_vec_push(arena, &names, NULL);
	const char *meant = with_colon(arena, text);

	*ret_problem =
		bs_arena_printf(arena, "no loader profile is called '%.*s'; %s", (int)n_name, text,
				meant ? bs_arena_printf(arena, "did you mean %s?", meant)
				      : bs_choices(arena, text, n_name, names.v));
	return NULL;
}

/* ---- switches ------------------------------------------------------------------------------ */

static const char *const *text_of(const struct bs_profile *profile, const struct bs_switch *s)
{
	return (const char *const *)((const char *)profile + s->offset);
}

static void turn(struct bs_profile *profile, const struct bs_switch *s, unsigned value)
{
	char *field = (char *)profile + s->offset;

	if (s->values)
		*(unsigned *)field = value;
	else
		*(bool *)field = value;
}

static unsigned value_of(const struct bs_profile *profile, const struct bs_switch *s)
{
	const char *field = (const char *)profile + s->offset;

	return s->values ? *(const unsigned *)field : *(const bool *)field;
}

const char *bs_switch_name(const struct bs_switch *s, unsigned value)
{
	if (s->values)
		return s->values[value];
	return value ? "yes" : "no";
}

const char *bs_switch_value(const struct bs_profile *profile, const struct bs_switch *s)
{
	if (s->is_text)
		return *text_of(profile, s);
	return bs_switch_name(s, value_of(profile, s));
}

static bool find_value(const struct bs_switch *s, const char *name, unsigned *ret)
{
	for (*ret = 0; s->values ? s->values[*ret] != NULL : *ret < 2; ++*ret)
		if (strcmp(bs_switch_name(s, *ret), name) == 0)
			return true;
	*ret = strcmp(name, "1") == 0;
	return !s->values && (*ret || strcmp(name, "0") == 0);
}

static const struct bs_switch *find_switch(const struct bs_profile *profile, const char *key)
{
	for (const struct bs_switch *s = profile->switches; s && s->key; s++)
		if (strcmp(s->key, key) == 0)
			return s;
	return NULL;
}

static const char *unknown_key(struct bs_arena *arena, const struct bs_profile *profile,
			       const char *key)
{
	BS_VEC(const char *) keys = { 0 };

	for (const struct bs_switch *s = profile->switches; s && s->key; s++)
		bs_vec_push(arena, &keys, s->key);
	bs_vec_push(arena, &keys, NULL);
	return bs_arena_printf(arena, "%s has no switch '%s'; %s", profile->name, key,
			       bs_choices(arena, key, strlen(key), keys.v));
}

static const char *unknown_value(struct bs_arena *arena, const struct bs_switch *s,
				 const char *value)
{
	BS_VEC(const char *) all = { 0 };
	const char *names = "";

	for (unsigned i = 0; s->values ? s->values[i] != NULL : i < 2; i++) {
		names = bs_arena_printf(arena, "%s%s%s", names, *names ? " or " : "",
					bs_switch_name(s, i));
		bs_vec_push(arena, &all, bs_switch_name(s, i));
	}
	bs_vec_push(arena, &all, NULL);
	const char *meant = bs_closest_word(value, strlen(value), all.v);

	return bs_arena_printf(arena, "%s is %s, not '%s'%s%s%s", s->key, names, value,
			       meant ? "; did you mean " : "", meant ? meant : "",
			       meant ? "?" : "");
}

/* Turns the switch of PROFILE that NAME, "glibc.sort", means. NULL, or what is wrong. */
static const char *apply(struct bs_arena *arena, struct bs_profile *profile,
			 const struct bs_variable *setting)
{
	const char *dot = strchr(setting->name, '.');
	const struct bs_switch *s = find_switch(profile, dot + 1);
	unsigned value;

	if (!s)
		return unknown_key(arena, profile, dot + 1);
	if (s->is_text) {
		*(const char **)((char *)profile + s->offset) = setting->value;
		return NULL;
	}
	if (!find_value(s, setting->value, &value))
		return unknown_value(arena, s, setting->value);
	turn(profile, s, value);
	return NULL;
}

/* The profile that "glibc.sort" is said of; NULL with *RET_PROBLEM. */
static const struct bs_profile *
profile_of(struct bs_arena *arena, const struct bs_variable *setting, const char **ret_problem)
{
	const char *dot = strchr(setting->name, '.');
	unsigned version;

	if (dot && !memchr(setting->name, ':', (size_t)(dot - setting->name)))
		return bs_profile_read(
			arena,
			bs_arena_strndup(arena, setting->name, (size_t)(dot - setting->name)),
			&version, ret_problem);
	*ret_problem =
		bs_arena_printf(arena, "'%s' is no PROFILE.KEY, as in glibc.sort", setting->name);
	return NULL;
}

const char *bs_setting_problem(struct bs_arena *arena, const struct bs_variable *setting)
{
	const char *problem = NULL;
	const struct bs_profile *profile = profile_of(arena, setting, &problem);

	if (!profile)
		return problem;
	struct bs_profile copy = *profile;

	return apply(arena, &copy, setting);
}

struct bs_profile *bs_profile_at(struct bs_arena *arena, const struct bs_profile *profile,
				 unsigned version)
{
	struct bs_profile *at = bs_new(arena, struct bs_profile, 1);

	*at = *profile;
	if (!version || !profile->version)
		return at;
	if (version < profile->oldest)
		version = profile->oldest;
	if (version > profile->newest)
		version = profile->newest;
	at->version = version;
	at->title = bs_arena_printf(arena, "%s %s", profile->name, bs_version_text(arena, version));
	for (const struct bs_switch *s = profile->switches; s && s->key; s++)
		if (!s->is_text)
			turn(at, s,
			     version >= s->from && (!s->until || version <= s->until) ? s->inside
										      : s->outside);
	return at;
}

const char *bs_profile_set(struct bs_arena *arena, struct bs_profile *profile,
			   const struct bs_variable *settings, uint32_t n)
{
	const char *problem = NULL;

	for (uint32_t i = 0; i < n && !problem; i++) {
		const struct bs_profile *of = profile_of(arena, &settings[i], &problem);

		if (of && strcmp(of->name, profile->name) != 0)
			problem =
				bs_arena_printf(arena, "%s=%s: the loader here is %s",
						settings[i].name, settings[i].value, profile->name);
		else if (of)
			problem = apply(arena, profile, &settings[i]);
	}
	return problem;
}

/* ---- choices ------------------------------------------------------------------------------- */

const struct bs_switch *bs_switch_of_choice(const struct bs_profile *profile, enum bs_choice choice)
{
	for (const struct bs_switch *s = profile->switches; s && s->key; s++)
		if (s->choice == choice)
			return s;
	return NULL;
}

struct bs_variable bs_choice_turned(struct bs_arena *arena, const struct bs_profile *profile,
				    enum bs_choice choice)
{
	const struct bs_switch *s = bs_switch_of_choice(profile, choice);

	if (!s || s->is_text || s->values)
		return (struct bs_variable){ NULL, NULL };
	return (struct bs_variable){
		.name = bs_arena_printf(arena, "%s.%s", profile->name, s->key),
		.value = bs_switch_name(s, !value_of(profile, s)),
	};
}
