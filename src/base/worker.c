/* SPDX-License-Identifier: MIT */
/* One thread that does one job after the other. */
#include "base-priv.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

struct bs_worker {
	pthread_mutex_t lock; /* guards all that follows */
	pthread_cond_t news;  /* there is a job, or the end */
	pthread_cond_t over;  /* a job is over */
	struct bs_job *first, *last, *running;
	uint32_t n_added, starts_at, n_waiting;
	bool is_started, is_ending, has_failed;
	pthread_t thread;
};

static void *work(void *data)
{
	struct bs_worker *worker = data;

	pthread_mutex_lock(&worker->lock);
	for (;;) {
		while (!worker->first && !worker->is_ending)
			pthread_cond_wait(&worker->news, &worker->lock);
		if (worker->is_ending)
			break;
		struct bs_job *job = worker->running = worker->first;

		worker->first = job->next;
		worker->n_waiting--;
		pthread_mutex_unlock(&worker->lock);
		job->run(job);
		pthread_mutex_lock(&worker->lock);
		worker->running = NULL;
		pthread_cond_broadcast(&worker->over);
	}
	pthread_mutex_unlock(&worker->lock);
	return NULL;
}

struct bs_worker *bs_worker_new(uint32_t starts_at)
{
	struct bs_worker *worker = calloc(1, sizeof *worker);

	if (!worker)
		return NULL;
	/* On Linux these take no memory and do not fail. */
	pthread_mutex_init(&worker->lock, NULL);
	pthread_cond_init(&worker->news, NULL);
	pthread_cond_init(&worker->over, NULL);
	worker->starts_at = starts_at;
	return worker;
}

/*
 * On another processor than this one: what is started is wanted now, and a scheduler may let it
 * wait for the one that starts it. Where there is no other one, a second thread brings nothing.
 */
static bool start(struct bs_worker *worker)
{
	pthread_attr_t attributes;
	cpu_set_t others;
	int here = sched_getcpu();
	bool is_known = here >= 0 && here < CPU_SETSIZE &&
			sched_getaffinity(0, sizeof others, &others) == 0;

	if (is_known)
		CPU_CLR(here, &others);
	if ((is_known && !CPU_COUNT(&others)) || pthread_attr_init(&attributes) != 0)
		return false;
	if (is_known)
		pthread_attr_setaffinity_np(&attributes, sizeof others, &others);
	/* Signals are for the thread that knows what it is about. */
	sigset_t all, before;

	bs_signals_of_others(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	bool started = pthread_create(&worker->thread, &attributes, work, worker) == 0;

	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return started;
}

/* To wake a thread takes longer than many a job: there should be some for it. */
enum { WORTH_WAKING = 8 };

void bs_worker_add(struct bs_worker *worker, struct bs_job *job, bool at_once)
{
	job->next = NULL;
	pthread_mutex_lock(&worker->lock);
	if (!worker->has_failed) {
		if (worker->first)
			worker->last->next = job;
		else
			worker->first = job;
		worker->last = job;
		worker->n_added++;
		worker->n_waiting++;
	}
	if (!worker->is_started && !worker->has_failed && worker->n_added >= worker->starts_at) {
		worker->is_started = start(worker);
		worker->has_failed = !worker->is_started;
		if (worker->has_failed)
			worker->first = NULL;
	}
	if (at_once || worker->n_waiting >= WORTH_WAKING)
		pthread_cond_signal(&worker->news);
	pthread_mutex_unlock(&worker->lock);
}

bool bs_worker_is_running(struct bs_worker *worker)
{
	pthread_mutex_lock(&worker->lock);
	bool is_running = worker->is_started;

	pthread_mutex_unlock(&worker->lock);
	return is_running;
}

void bs_worker_cancel(struct bs_worker *worker, struct bs_job *job)
{
	pthread_mutex_lock(&worker->lock);
	__atomic_store_n(&job->is_cancelled, true, __ATOMIC_RELAXED);
	for (struct bs_job **at = &worker->first, *before = NULL; *at; at = &(*at)->next) {
		if (*at == job) {
			*at = job->next;
			if (worker->last == job)
				worker->last = before;
			worker->n_waiting--;
			break;
		}
		before = *at;
	}
	while (worker->running == job)
		pthread_cond_wait(&worker->over, &worker->lock);
	pthread_mutex_unlock(&worker->lock);
}

void bs_worker_free(struct bs_worker *worker)
{
	if (!worker)
		return;
	if (worker->is_started) {
		pthread_mutex_lock(&worker->lock);
		worker->is_ending = true;
		if (worker->running)
			__atomic_store_n(&worker->running->is_cancelled, true, __ATOMIC_RELAXED);
		pthread_cond_signal(&worker->news);
		pthread_mutex_unlock(&worker->lock);
		pthread_join(worker->thread, NULL);
	}
	pthread_cond_destroy(&worker->over);
	pthread_cond_destroy(&worker->news);
	pthread_mutex_destroy(&worker->lock);
	free(worker);
}
