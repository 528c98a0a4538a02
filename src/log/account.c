/* SPDX-License-Identifier: MIT */
/* The accounts of all processes: which are kept in full, and what becomes of the others. */
#include "account-priv.h"

#include <fnmatch.h>

/* So many processes are kept in full. */
enum { MOST_IN_FULL = 48 };

struct keeper {
	struct bs_log_account account;
	uint64_t last; /* its last message, by number */
};

struct bs_log_accounts {
	struct bs_arena *arena;
	struct bs_names *names;
	const struct bs_log_accounts_options *options;
	BS_VEC(struct keeper) keepers; /* by process */
	bs_ids in_full;		       /* processes */
	uint64_t n;
};

const char *bs_log_rule_slug(enum bs_log_rule rule)
{
	static const char *const slugs[] = {
#define RULE(id, slug, summary, help) [BS_LOG_RULE_##id] = slug,
#include "rules.def"
#undef RULE
	};

	return slugs[rule];
}

const char *bs_log_rule_summary(enum bs_log_rule rule)
{
	static const char *const summaries[] = {
#define RULE(id, slug, summary, help) [BS_LOG_RULE_##id] = summary,
#include "rules.def"
#undef RULE
	};

	return summaries[rule];
}

const char *bs_log_rule_help(enum bs_log_rule rule)
{
	static const char *const helps[] = {
#define RULE(id, slug, summary, help) [BS_LOG_RULE_##id] = help,
#include "rules.def"
#undef RULE
	};

	return helps[rule];
}

static struct bs_log_details *new_details(struct bs_log_accounts *accounts)
{
	struct bs_arena *arena = bs_arena_new();

	if (!arena)
		bs_arena_exhausted(accounts->arena);
	bs_arena_unwind_with(arena, accounts->arena);
	struct bs_log_details *d = bs_new(arena, struct bs_log_details, 1);

	d->arena = arena;
	d->state = bs_new(arena, struct bs_log_state, 1);
	d->state->start_init = BS_LOG_NO_OBJECT;
	d->state->last_again = BS_LOG_NO_STEP;
	d->state->last_error = UINT32_MAX;
	return d;
}

static void conclude(struct bs_log_accounts *accounts, const struct bs_log *log, uint32_t process)
{
	struct bs_log_account *account = &accounts->keepers.v[process].account;
	const struct bs_log_process *is = bs_log_process(log, process);

	bs_log_follow_end(account->details, accounts->names, is);
	bs_log_conclude(account->details, accounts->names, is, account);
}

/* Sums up the one that has said nothing for longest. */
static void sum_up_one(struct bs_log_accounts *accounts, const struct bs_log *log)
{
	uint32_t at = 0;

	bs_vec_each (i, &accounts->in_full)
		if (accounts->keepers.v[accounts->in_full.v[i]].last <
		    accounts->keepers.v[accounts->in_full.v[at]].last)
			at = i;
	uint32_t process = accounts->in_full.v[at];
	struct bs_log_account *account = &accounts->keepers.v[process].account;

	conclude(accounts, log, process);
	bs_arena_free(account->details->arena);
	account->details = NULL;
	account->is_summed_up = true;
	accounts->in_full.v[at] = accounts->in_full.v[--accounts->in_full.n];
}

/* By its id, whatever its program. */
static bool is_named(const struct bs_log_accounts_options *options,
		     const struct bs_log_process *process)
{
	bs_vec_each (i, &options->wanted) {
		const struct bs_log_wanted *wanted = &options->wanted.v[i];

		if (wanted->pid == process->pid &&
		    (!wanted->image || wanted->image == process->generation + 1))
			return true;
	}
	return false;
}

/* The program may be known later only: what may match is kept. */
static bool is_wanted(const struct bs_log_accounts *accounts, const struct bs_log_process *process)
{
	const struct bs_log_accounts_options *options = accounts->options;

	if (!options->wanted.n && !options->globs)
		return true;
	if (is_named(options, process))
		return true;
	if (!options->globs)
		return false;
	if (!process->program)
		return true;
	const char *name = bs_name_text(accounts->names, process->program);

	for (const char *const *glob = options->globs; *glob; glob++)
		if (fnmatch(*glob, name, 0) == 0 || fnmatch(*glob, bs_log_base_name(name), 0) == 0)
			return true;
	return false;
}

static void add_accounts(struct bs_log_accounts *accounts, const struct bs_log *log,
			 uint32_t process)
{
	while (accounts->keepers.n <= process) {
		struct keeper keeper = { .account = { .process = accounts->keepers.n } };

		keeper.account.is_wanted =
			is_wanted(accounts, bs_log_process(log, accounts->keepers.n));
		if (keeper.account.is_wanted) {
			if (accounts->in_full.n == MOST_IN_FULL)
				sum_up_one(accounts, log);
			keeper.account.details = new_details(accounts);
			bs_vec_push(accounts->arena, &accounts->in_full, accounts->keepers.n);
		}
		bs_vec_push(accounts->arena, &accounts->keepers, keeper);
	}
}

/* Its program is known now, and is no wanted one. */
static void drop_unwanted(struct bs_log_accounts *accounts, uint32_t process)
{
	struct bs_log_account *account = &accounts->keepers.v[process].account;

	account->is_wanted = false;
	bs_arena_free(account->details->arena);
	account->details = NULL;
	bs_vec_each (i, &accounts->in_full)
		if (accounts->in_full.v[i] == process) {
			accounts->in_full.v[i] = accounts->in_full.v[--accounts->in_full.n];
			break;
		}
}

static void take(void *user, struct bs_log *log, const struct bs_log_event *event)
{
	struct bs_log_accounts *accounts = user;
	const struct bs_log_process *process = bs_log_process(log, event->process);

	add_accounts(accounts, log, event->process);
	struct keeper *keeper = &accounts->keepers.v[event->process];
	struct bs_log_account *account = &keeper->account;

	keeper->last = ++accounts->n;
	account->n_late += account->is_summed_up;
	if (!account->details)
		return;
	if (event->kind == BS_LOG_CONTROL && !is_wanted(accounts, process)) {
		drop_unwanted(accounts, event->process);
		return;
	}
	/* What was not all of a line is no binding that the loader made. */
	if (event->kind == BS_LOG_BINDING && event->is_cut)
		return;
	if (event->kind == BS_LOG_BINDING)
		bs_log_count_binding(account->details, accounts->names, event,
				     accounts->options->keeps_sequence);
	bs_log_follow(account->details, accounts->names, process, event);
}

struct bs_log_accounts *bs_log_accounts_new(struct bs_arena *arena, struct bs_names *names,
					    const struct bs_log_accounts_options *options)
{
	struct bs_log_accounts *accounts = bs_new(arena, struct bs_log_accounts, 1);

	accounts->arena = arena;
	accounts->names = names;
	accounts->options = options;
	return accounts;
}

struct bs_log_sink bs_log_accounts_sink(struct bs_log_accounts *accounts)
{
	return (struct bs_log_sink){ .event = take, .user = accounts };
}

void bs_log_accounts_end(struct bs_log_accounts *accounts, const struct bs_log *log)
{
	for (uint32_t i = accounts->in_full.n; i-- > 0;) {
		uint32_t process = accounts->in_full.v[i];

		if (is_wanted(accounts, bs_log_process(log, process)) &&
		    (bs_log_process(log, process)->program || !accounts->options->globs ||
		     is_named(accounts->options, bs_log_process(log, process))))
			conclude(accounts, log, process);
		else
			drop_unwanted(accounts, process);
	}
}

const struct bs_log_account *bs_log_account(const struct bs_log_accounts *accounts, uint32_t i)
{
	return &accounts->keepers.v[i].account;
}

void bs_log_accounts_free(struct bs_log_accounts *accounts)
{
	bs_vec_each (i, &accounts->in_full)
		bs_arena_free(accounts->keepers.v[accounts->in_full.v[i]].account.details->arena);
	accounts->in_full.n = 0;
}
