/* SPDX-License-Identifier: MIT */
/* Threads that make one product after the other, which their caller takes in order. */
#include "base-priv.h"

#include <pthread.h>
#include <stdlib.h>

enum { MOST_THREADS = 256 };

struct product {
	void *made;
	bool is_there;
};

struct crew {
	const struct bs_crew_work *work;
	pthread_mutex_t lock;	/* guards all that follows */
	pthread_cond_t ready;	/* the product that is waited for may be there */
	pthread_cond_t go_on;	/* there may be something to do for the threads */
	uint32_t next, n_taken; /* items */
	uint32_t n_busy;	/* threads that make something */
	bool is_resting, is_ending;
	struct product *window; /* by item modulo its size */
};

struct member {
	struct crew *crew;
	uint32_t number;
	pthread_t thread;
};

static bool may_begin(const struct crew *crew)
{
	return !crew->is_resting && (crew->next == crew->work->n_items ||
				     crew->next - crew->n_taken < crew->work->window);
}

/* With the lock held. The last one that comes to rest does what nobody else may do beside it. */
static void rest_if_wanted(struct crew *crew)
{
	const struct bs_crew_work *work = crew->work;

	if (!crew->is_resting && work->is_full && work->is_full(work->user))
		crew->is_resting = true;
	if (!crew->is_resting || crew->n_busy)
		return;
	work->rest(work->user);
	crew->is_resting = false;
	pthread_cond_broadcast(&crew->go_on);
}

static void *toil(void *data)
{
	const struct member *member = data;
	struct crew *crew = member->crew;

	pthread_mutex_lock(&crew->lock);
	for (;;) {
		while (!crew->is_ending && !may_begin(crew))
			pthread_cond_wait(&crew->go_on, &crew->lock);
		if (crew->is_ending || crew->next == crew->work->n_items)
			break;
		uint32_t item = crew->next++;

		crew->n_busy++;
		pthread_mutex_unlock(&crew->lock);
		void *made = crew->work->make(crew->work->user, member->number, item);

		pthread_mutex_lock(&crew->lock);
		crew->n_busy--;
		crew->window[item % crew->work->window] = (struct product){ made, true };
		if (item == crew->n_taken)
			pthread_cond_signal(&crew->ready);
		rest_if_wanted(crew);
	}
	pthread_mutex_unlock(&crew->lock);
	return NULL;
}

static void *wait_for(struct crew *crew, uint32_t item)
{
	struct product *product = &crew->window[item % crew->work->window];

	pthread_mutex_lock(&crew->lock);
	while (!product->is_there)
		pthread_cond_wait(&crew->ready, &crew->lock);
	/* From here on its place is that of another one. */
	void *made = product->made;

	product->is_there = false;
	crew->n_taken = item + 1;
	pthread_cond_broadcast(&crew->go_on);
	pthread_mutex_unlock(&crew->lock);
	return made;
}

void bs_signals_of_others(sigset_t *ret)
{
	static const int own[] = { SIGBUS, SIGSEGV, SIGFPE, SIGILL };

	sigfillset(ret);
	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		sigdelset(ret, own[i]);
}

/* Signals are for the thread that called. */
static uint32_t start(struct crew *crew, struct member *members, uint32_t n)
{
	sigset_t all, before;
	uint32_t started = 0;

	bs_signals_of_others(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (; started < n; started++) {
		members[started] = (struct member){ .crew = crew, .number = started };
		if (pthread_create(&members[started].thread, NULL, toil, &members[started]) != 0)
			break;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return started;
}

static void end(struct crew *crew, struct member *members, uint32_t n)
{
	pthread_mutex_lock(&crew->lock);
	crew->is_ending = true;
	pthread_cond_broadcast(&crew->go_on);
	pthread_mutex_unlock(&crew->lock);
	for (uint32_t i = 0; i < n; i++)
		pthread_join(members[i].thread, NULL);
	for (uint32_t i = 0; i < crew->work->window; i++)
		if (crew->window[i].is_there && crew->window[i].made)
			crew->work->drop(crew->work->user, crew->window[i].made);
}

/* Where no thread is to be had, the caller does it all. */
static bool do_alone(const struct bs_crew_work *work)
{
	for (uint32_t item = 0; item < work->n_items; item++) {
		if (!work->take(work->user, item, work->make(work->user, 0, item)))
			return false;
		if (work->is_full && work->is_full(work->user))
			work->rest(work->user);
	}
	return true;
}

bool bs_crew_run(const struct bs_crew_work *work)
{
	struct crew crew = {
		.work = work,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.ready = PTHREAD_COND_INITIALIZER,
		.go_on = PTHREAD_COND_INITIALIZER,
	};
	struct member members[MOST_THREADS];
	uint32_t n = work->n_threads < MOST_THREADS ? work->n_threads : MOST_THREADS;
	bool ok = true;

	crew.window = calloc(work->window, sizeof *crew.window);
	n = crew.window ? start(&crew, members, n) : 0;
	if (!n) {
		free(crew.window);
		return do_alone(work);
	}
	for (uint32_t item = 0; ok && item < work->n_items; item++)
		ok = work->take(work->user, item, wait_for(&crew, item));
	end(&crew, members, n);
	free(crew.window);
	return ok;
}
