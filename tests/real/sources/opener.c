/* SPDX-License-Identifier: MIT */
/*
 * Opens libraries as it is told, one word of the command line after the other:
 *
 *	FILE[:FLAGS]	dlopen; flags are letters: n(ow) l(azy) g(lobal) d(eepbind), nothing means n
 *	-FILE		dlclose of what FILE opened last
 *	new:FILE[:FLAGS] dlmopen into a new namespace
 *	?SYMBOL		dlsym(RTLD_DEFAULT)
 *	fork:WORD,...	a child does this and ends; the parent waits
 *	run:COMMAND	system()
 *	threads:N:WORD,...	N threads do this, all at once
 *	exec:PROGRAM	becomes it
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct handle {
	struct handle *next;
	const char *file;
	void *it;
};

static pthread_barrier_t start;

static void all(char *words, const char *parting);

static int flags_of(const char *letters)
{
	int flags = 0;

	for (; *letters; letters++)
		flags |= *letters == 'l'   ? RTLD_LAZY
			 : *letters == 'g' ? RTLD_GLOBAL
			 : *letters == 'd' ? RTLD_DEEPBIND
					   : RTLD_NOW;
	return flags & (RTLD_LAZY | RTLD_NOW) ? flags : flags | RTLD_NOW;
}

static void in_child(char *words)
{
	pid_t child = fork();

	if (child == 0) {
		all(words, ",");
		_exit(0);
	}
	waitpid(child, NULL, 0);
}

static void *thread(void *words)
{
	char *own = strdup(words);

	pthread_barrier_wait(&start);
	all(own, ",");
	free(own);
	return NULL;
}

static void in_threads(char *words)
{
	int n = (int)strtol(words, &words, 10);
	pthread_t threads[64];

	pthread_barrier_init(&start, NULL, (unsigned)n);
	for (int i = 0; i < n; i++)
		pthread_create(&threads[i], NULL, thread, words + 1);
	for (int i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
}

static void close_last(struct handle **handles, const char *file)
{
	for (struct handle **at = handles; *at; at = &(*at)->next)
		if (strcmp((*at)->file, file) == 0) {
			struct handle *gone = *at;

			*at = gone->next;
			dlclose(gone->it);
			free(gone);
			return;
		}
}

static void one(char *word, struct handle **handles)
{
	if (strncmp(word, "fork:", 5) == 0)
		in_child(word + 5);
	else if (strncmp(word, "threads:", 8) == 0)
		in_threads(word + 8);
	else if (strncmp(word, "run:", 4) == 0)
		(void)!system(word + 4);
	else if (strncmp(word, "exec:", 5) == 0)
		execl(word + 5, word + 5, (char *)NULL);
	else if (word[0] == '?')
		(void)dlsym(RTLD_DEFAULT, word + 1);
	else if (word[0] == '-')
		close_last(handles, word + 1);
	else {
		bool apart = strncmp(word, "new:", 4) == 0;

		word += apart ? 4 : 0;
		char *colon = strrchr(word, ':');

		if (colon)
			*colon = '\0';
		int flags = flags_of(colon ? colon + 1 : "");
		void *it = apart ? dlmopen(LM_ID_NEWLM, word, flags) : dlopen(word, flags);

		if (!it) {
			fprintf(stderr, "%s\n", dlerror());
			return;
		}
		struct handle *handle = malloc(sizeof(*handle));

		*handle = (struct handle){ *handles, word, it };
		*handles = handle;
	}
}

static void all(char *words, const char *parting)
{
	struct handle *handles = NULL;
	char *rest = NULL;

	for (char *word = strtok_r(words, parting, &rest); word;
	     word = strtok_r(NULL, parting, &rest))
		one(word, &handles);
}

int main(int argc, char **argv)
{
	struct handle *handles = NULL;

	for (int i = 1; i < argc; i++)
		one(argv[i], &handles);
	return 0;
}
