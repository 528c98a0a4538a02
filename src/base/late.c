/* SPDX-License-Identifier: MIT */
/* Libraries that are opened when they are used. */
#include "base.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void explain(struct bs_late *late)
{
	const char *why = dlerror();

	snprintf(late->problem, sizeof late->problem, "%s", why ? why : "it cannot be opened");
	late->state = BS_LATE_MISSING;
}

static void open_it(struct bs_late *late)
{
	void *handle = dlopen(late->soname, RTLD_NOW | RTLD_LOCAL);

	if (!handle) {
		explain(late);
		return;
	}
	for (uint32_t i = 0; i < late->n; i++) {
		void *function = dlsym(handle, late->names[i]);

		if (!function) {
			explain(late);
			return;
		}
		/* ISO C has no conversion for what POSIX has two kinds of address alike for. */
		memcpy(&late->functions[i], &function, sizeof function);
	}
	late->state = BS_LATE_OPEN;
}

const char *bs_late_open(struct bs_late *late)
{
	pthread_mutex_lock(&lock);
	if (late->state == BS_LATE_CLOSED)
		open_it(late);
	pthread_mutex_unlock(&lock);
	return late->state == BS_LATE_OPEN ? NULL : late->problem;
}
