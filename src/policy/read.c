/* SPDX-License-Identifier: MIT */
/* Reads policies: INI, as inih understands it; see bindsim-policy(5). */
#include "policy-priv.h"

#include "../base/guess.h"

#include <stdlib.h>
#include <string.h>

#define KIND(kind) (1u << BS_POLICY_##kind)

/* Sections whose name is all there is to their head; [level RULE] and [plan NAME] have more. */
static const struct {
	const char *name;
	enum bs_policy_kind kind;
} sections[] = {
	{ "allow", BS_POLICY_ALLOW },
	{ "forbid", BS_POLICY_FORBID },
	{ "require-binding", BS_POLICY_REQUIRE_BINDING },
	{ "require-isolation", BS_POLICY_REQUIRE_ISOLATION },
	{ "require-export", BS_POLICY_REQUIRE_EXPORT },
	{ "require-bind-now", BS_POLICY_REQUIRE_BIND_NOW },
	{ "suppress", BS_POLICY_SUPPRESS },
};

enum { N_SECTIONS = sizeof sections / sizeof *sections };

/* Keys that are texts, and in which sections they may stand. */
static const struct {
	const char *name;
	size_t offset;
	unsigned kinds;
} texts[] = {
	{ "symbol", offsetof(struct bs_policy_entry, symbol),
	  KIND(ALLOW) | KIND(FORBID) | KIND(REQUIRE_BINDING) | KIND(REQUIRE_EXPORT) |
		  KIND(SUPPRESS) },
	{ "demangled", offsetof(struct bs_policy_entry, demangled), KIND(ALLOW) | KIND(FORBID) },
	{ "from", offsetof(struct bs_policy_entry, from),
	  KIND(LEVEL) | KIND(REQUIRE_BINDING) | KIND(SUPPRESS) },
	{ "to", offsetof(struct bs_policy_entry, to),
	  KIND(LEVEL) | KIND(REQUIRE_BINDING) | KIND(SUPPRESS) },
	{ "object", offsetof(struct bs_policy_entry, object),
	  KIND(ALLOW) | KIND(FORBID) | KIND(REQUIRE_EXPORT) | KIND(REQUIRE_BIND_NOW) },
	{ "soname", offsetof(struct bs_policy_entry, soname), KIND(ALLOW) | KIND(FORBID) },
	{ "family", offsetof(struct bs_policy_entry, family), KIND(ALLOW) | KIND(FORBID) },
	{ "reason", offsetof(struct bs_policy_entry, reason),
	  KIND(ALLOW) | KIND(FORBID) | KIND(SUPPRESS) },
	{ "expires", offsetof(struct bs_policy_entry, expires), KIND(SUPPRESS) },
};

enum { N_TEXTS = sizeof texts / sizeof *texts };

enum where { IN_NOTHING, IN_CHECK, IN_PLAN, IN_LIBRARIES, IN_ENTRY };

struct reader {
	struct bs_arena *arena;
	struct bs_policy *policy;
	enum where where;	/* the last one of its list */
	const char *unfinished; /* what a section lacks that is over, and where */
};

static char *copy(struct reader *r, const char *text)
{
	return bs_arena_strndup(r->arena, text, strlen(text));
}

static const char **text_of(struct bs_policy_entry *entry, unsigned i)
{
	return (const char **)((char *)entry + texts[i].offset);
}

/* ---- dates --------------------------------------------------------------------------------- */

const char *bs_date_of(struct bs_arena *arena, time_t now)
{
	struct tm tm;

	if (!gmtime_r(&now, &tm))
		return "1970-01-01";
	return bs_arena_printf(arena, "%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1,
			       tm.tm_mday);
}

bool bs_is_date(const char *text)
{
	static const unsigned char days[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	if (strlen(text) != strlen("YYYY-MM-DD"))
		return false;
	for (unsigned i = 0; text[i]; i++)
		if (i == 4 || i == 7 ? text[i] != '-' : text[i] < '0' || text[i] > '9')
			return false;
	int year = atoi(text), month = atoi(text + 5), day = atoi(text + 8);
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1] &&
	       (month != 2 || day < 29 || leap);
}

/* ---- sections ------------------------------------------------------------------------------ */

/* What is missing in a section that is over; NULL: nothing. */
static const char *lacking(const struct bs_policy_entry *e)
{
	switch (e->kind) {
	case BS_POLICY_LEVEL:
		return e->has_level ? NULL : "[level RULE] needs a level";
	case BS_POLICY_ALLOW:
	case BS_POLICY_FORBID:
		return e->symbol || e->demangled || e->object || e->soname || e->family
			       ? NULL
			       : "which duplicates? By symbol, demangled, object, soname or family";
	case BS_POLICY_REQUIRE_BINDING:
		return e->symbol && e->to ? NULL : "[require-binding] needs a symbol and a to";
	case BS_POLICY_REQUIRE_ISOLATION:
		return e->from ? NULL : "[require-isolation] needs a between";
	case BS_POLICY_REQUIRE_EXPORT:
		return e->symbol && e->object ? NULL
					      : "[require-export] needs an object and a symbol";
	case BS_POLICY_REQUIRE_BIND_NOW:
		return e->object ? NULL : "[require-bind-now] needs an object";
	case BS_POLICY_SUPPRESS:
		return !e->reason ? "[suppress] needs a reason: say why the finding may stay"
		       : e->rule == BS_RULE_COUNT_ && !e->symbol && !e->from && !e->to
			       ? "which findings? By rule, symbol, from or to"
			       : NULL;
	case BS_POLICY_KIND_COUNT_:
		break;
	}
	return NULL;
}

/* The section under way is over. An error in it is told with the line where it began. */
static const char *finish_section(struct reader *r)
{
	const struct bs_policy *policy = r->policy;
	const char *problem = NULL;
	uint32_t line = 0;

	if (r->where == IN_ENTRY) {
		const struct bs_policy_entry *entry = &policy->entries.v[policy->entries.n - 1];

		problem = lacking(entry);
		line = entry->line;
	} else if (r->where == IN_PLAN) {
		const struct bs_policy_plan *plan = &policy->plans.v[policy->plans.n - 1];

		line = plan->line;
		if (!plan->executable == !plan->host)
			problem = "[plan NAME] needs an executable or a host, one of the two";
	} else if (r->where == IN_LIBRARIES) {
		const struct bs_policy_libraries *set =
			&policy->libraries.v[policy->libraries.n - 1];

		line = set->line;
		if (!set->directory)
			problem = "[libraries NAME] needs a directory";
	}
	return problem ? bs_arena_printf(r->arena, "%s:%u: %s", policy->path, line, problem) : NULL;
}

/* Plans and sets of libraries are chosen by one option, so they have names of one kind. */
static const char *claim_name(struct reader *r, const char *what, const char *name)
{
	const struct bs_policy *policy = r->policy;

	if (!*name)
		return bs_arena_printf(r->arena, "%s a name: [%s NAME]",
				       strcmp(what, "plan") == 0 ? "a plan has" : "libraries have",
				       what);
	bs_vec_each (i, &policy->plans)
		if (strcmp(policy->plans.v[i].name, name) == 0)
			return bs_arena_printf(r->arena, "there is a plan %s in line %u already",
					       name, policy->plans.v[i].line);
	bs_vec_each (i, &policy->libraries)
		if (strcmp(policy->libraries.v[i].name, name) == 0)
			return bs_arena_printf(r->arena,
					       "there are libraries %s in line %u already", name,
					       policy->libraries.v[i].line);
	return NULL;
}

static const char *begin_plan(struct reader *r, const char *name, uint32_t line)
{
	const char *problem = claim_name(r, "plan", name);

	if (problem)
		return problem;
	bs_vec_push(r->arena, &r->policy->plans,
		    (struct bs_policy_plan){ .name = copy(r, name), .line = line });
	r->where = IN_PLAN;
	return NULL;
}

static const char *begin_libraries(struct reader *r, const char *name, uint32_t line)
{
	const char *problem = claim_name(r, "libraries", name);

	if (problem)
		return problem;
	bs_vec_push(r->arena, &r->policy->libraries,
		    (struct bs_policy_libraries){ .name = copy(r, name), .line = line });
	r->where = IN_LIBRARIES;
	return NULL;
}

static const char *begin_entry(struct reader *r, enum bs_policy_kind kind, enum bs_rule rule,
			       uint32_t line)
{
	bs_vec_push(r->arena, &r->policy->entries,
		    (struct bs_policy_entry){ .kind = kind, .line = line, .rule = rule });
	r->where = IN_ENTRY;
	return NULL;
}

/* What stands behind the word WORD in NAME; NULL: it is another word. */
static const char *behind(const char *name, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(name, word, n) != 0 || (name[n] && name[n] != ' ' && name[n] != '\t'))
		return NULL;
	return name + n + strspn(name + n, " \t");
}

static const char *no_such_rule(struct reader *r, const char *name)
{
	return bs_arena_printf(r->arena, "no such rule: '%s'; %s", name,
			       bs_choices(r->arena, name, strlen(name), bs_rule_slugs(r->arena)));
}

/* The head of some has a name behind its first word, in which they are mistyped as well. */
static const char *no_such_section(struct reader *r, const char *name)
{
	static const char *const with_names[] = { "plan", "libraries", "level", NULL };
	const char *names[4 + N_SECTIONS + 1] = { "check", "plan NAME", "libraries NAME",
						  "level RULE" };
	size_t n_word = strcspn(name, " \t");
	const char *meant = name[n_word] ? bs_closest_word(name, n_word, with_names) : NULL;

	for (unsigned i = 0; i < N_SECTIONS; i++)
		names[4 + i] = sections[i].name;
	if (meant)
		return bs_arena_printf(r->arena, "no such section: '%s'; did you mean %s%s?", name,
				       meant, name + n_word);
	return bs_arena_printf(r->arena, "no such section: '%s'; %s", name,
			       bs_choices(r->arena, name, strlen(name), names));
}

static const char *begin_section(struct reader *r, const char *name, uint32_t line)
{
	const char *rest;

	if (strcmp(name, "check") == 0) {
		r->where = IN_CHECK;
		return NULL;
	}
	if ((rest = behind(name, "plan")))
		return begin_plan(r, rest, line);
	if ((rest = behind(name, "libraries")))
		return begin_libraries(r, rest, line);
	if ((rest = behind(name, "level"))) {
		enum bs_rule rule = bs_rule_find(rest);

		return rule == BS_RULE_COUNT_ ? no_such_rule(r, rest)
					      : begin_entry(r, BS_POLICY_LEVEL, rule, line);
	}
	for (unsigned i = 0; i < N_SECTIONS; i++)
		if (strcmp(name, sections[i].name) == 0)
			return begin_entry(r, sections[i].kind, BS_RULE_COUNT_, line);
	return no_such_section(r, name);
}

/* ---- keys ---------------------------------------------------------------------------------- */

static const char *read_level(const char *value, enum bs_level *ret)
{
	for (*ret = BS_LEVEL_NONE; *ret <= BS_LEVEL_ERROR; ++*ret)
		if (strcmp(value, bs_level_name(*ret)) == 0)
			return NULL;
	return "error, warning, note or none is wanted";
}

static const char *read_yes(const char *value, bool *ret)
{
	*ret = strcmp(value, "yes") == 0;
	return *ret || strcmp(value, "no") == 0 ? NULL : "yes or no is wanted";
}

/* KEY stands WHERE, and is none of KEYS, NULL at the end. */
static const char *no_such_key(struct reader *r, const char *where, const char *key,
			       const char *const *keys)
{
	return bs_arena_printf(r->arena, "no such key %s: '%s'; %s", where, key,
			       bs_choices(r->arena, key, strlen(key), keys));
}

static const char *take_check(struct reader *r, const char *key, const char *value)
{
	static const char *const keys[] = { "fail-on",	    "use-env",	"loader", "root",
					    "library-path", "baseline", NULL };
	struct bs_policy_defaults *d = &r->policy->defaults;
	const char **text = strcmp(key, "loader") == 0	       ? &d->loader
			    : strcmp(key, "root") == 0	       ? &d->root
			    : strcmp(key, "library-path") == 0 ? &d->library_path
			    : strcmp(key, "baseline") == 0     ? &d->baseline
							       : NULL;

	if (text) {
		*text = copy(r, value);
		return NULL;
	}
	if (strcmp(key, "fail-on") == 0) {
		d->has_fail_on = true;
		return read_level(value, &d->fail_on);
	}
	if (strcmp(key, "use-env") != 0)
		return no_such_key(r, "in [check]", key, keys);
	return read_yes(value, &d->use_env);
}

static const char *take_libraries(struct reader *r, const char *key, const char *value)
{
	static const char *const keys[] = { "directory", "glob", "recursive", "host", NULL };
	struct bs_policy_libraries *set = &r->policy->libraries.v[r->policy->libraries.n - 1];
	const char **text = strcmp(key, "directory") == 0 ? &set->directory
			    : strcmp(key, "glob") == 0	  ? &set->glob
			    : strcmp(key, "host") == 0	  ? &set->host
							  : NULL;

	if (text) {
		*text = copy(r, value);
		return NULL;
	}
	if (strcmp(key, "recursive") == 0)
		return read_yes(value, &set->recursive);
	return no_such_key(r, "in [libraries NAME]", key, keys);
}

static const char *take_plan(struct reader *r, const struct bs_ini_key *key)
{
	static const char *const keys[] = { "executable", "host", "step", "env", "caller", NULL };
	struct bs_policy_plan *plan = &r->policy->plans.v[r->policy->plans.n - 1];

	if (strcmp(key->name, "executable") == 0) {
		plan->executable = copy(r, key->value);
	} else if (strcmp(key->name, "host") == 0) {
		if (strchr(key->value, '/'))
			return "a host is looked for in $PATH; a path is an executable";
		plan->host = copy(r, key->value);
	} else if (strcmp(key->name, "step") == 0 || strcmp(key->name, "env") == 0 ||
		   strcmp(key->name, "caller") == 0) {
		bs_vec_push(r->arena, &plan->lines,
			    (struct bs_policy_line){ copy(r, key->name), copy(r, key->value),
						     key->line });
	} else {
		return no_such_key(r, "in [plan NAME]", key->name, keys);
	}
	return NULL;
}

/* A,B */
static const char *take_between(struct reader *r, struct bs_policy_entry *entry, const char *value)
{
	const char *comma = strchr(value, ',');

	if (!comma || comma == value || !comma[1 + strspn(comma + 1, " \t")])
		return "two objects are wanted: A,B";
	size_t n = (size_t)(comma - value);

	while (n && (value[n - 1] == ' ' || value[n - 1] == '\t'))
		n--;
	entry->from = bs_arena_strndup(r->arena, value, n);
	entry->to = copy(r, comma + 1 + strspn(comma + 1, " \t"));
	return NULL;
}

static const char *no_such_key_of(struct reader *r, enum bs_policy_kind kind, const char *key)
{
	const char *names[1 + N_TEXTS + 1] = { NULL };
	unsigned n = 0;

	if (kind == BS_POLICY_LEVEL)
		names[n++] = "level";
	else if (kind == BS_POLICY_SUPPRESS)
		names[n++] = "rule";
	else if (kind == BS_POLICY_REQUIRE_ISOLATION)
		names[n++] = "between";
	for (unsigned i = 0; i < N_TEXTS; i++)
		if (texts[i].kinds >> kind & 1)
			names[n++] = texts[i].name;
	return no_such_key(r, "here", key, names);
}

static const char *take_text(struct reader *r, struct bs_policy_entry *entry, const char *key,
			     const char *value)
{
	for (unsigned i = 0; i < N_TEXTS; i++) {
		if (strcmp(texts[i].name, key) != 0 || !(texts[i].kinds >> entry->kind & 1))
			continue;
		if (*text_of(entry, i))
			return bs_arena_printf(r->arena, "`%s' is there twice in one section", key);
		*text_of(entry, i) = copy(r, value);
		return strcmp(key, "expires") == 0 && !bs_is_date(value)
			       ? "a day is wanted: YYYY-MM-DD"
			       : NULL;
	}
	return no_such_key_of(r, entry->kind, key);
}

static const char *take_entry(struct reader *r, const char *key, const char *value)
{
	struct bs_policy_entry *entry = &r->policy->entries.v[r->policy->entries.n - 1];

	if (entry->kind == BS_POLICY_LEVEL && strcmp(key, "level") == 0) {
		entry->has_level = true;
		return read_level(value, &entry->level);
	}
	if (entry->kind == BS_POLICY_REQUIRE_ISOLATION && strcmp(key, "between") == 0)
		return take_between(r, entry, value);
	if (entry->kind != BS_POLICY_SUPPRESS || strcmp(key, "rule") != 0)
		return take_text(r, entry, key, value);
	entry->rule = bs_rule_find(value);
	return entry->rule == BS_RULE_COUNT_ ? no_such_rule(r, value) : NULL;
}

static const char *take(void *user, const struct bs_ini_key *key)
{
	struct reader *r = user;

	if (!key->name) {
		r->unfinished = finish_section(r);
		return r->unfinished ? r->unfinished : begin_section(r, key->section, key->line);
	}
	if (r->where == IN_NOTHING)
		return "a section has to come first, such as [check]";
	if (!*key->value)
		return strcmp(key->name, "reason") == 0
			       ? "the reason is empty: say why the finding may stay"
			       : "nothing stands behind the `='";
	return r->where == IN_CHECK	  ? take_check(r, key->name, key->value)
	       : r->where == IN_PLAN	  ? take_plan(r, key)
	       : r->where == IN_LIBRARIES ? take_libraries(r, key->name, key->value)
					  : take_entry(r, key->name, key->value);
}

const char *bs_policy_read(struct bs_arena *arena, const char *path, const char *text,
			   struct bs_policy *ret)
{
	struct reader r = { .arena = arena, .policy = ret };

	*ret = (struct bs_policy){ .path = path };
	const char *problem = bs_ini_read(arena, path, text, take, &r);

	/* What a section lacks is told with the line where it began. */
	if (r.unfinished)
		return r.unfinished;
	return problem ? problem : finish_section(&r);
}
