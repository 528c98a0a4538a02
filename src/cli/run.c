/* SPDX-License-Identifier: MIT */
/* A program is run under LD_DEBUG: nothing else of it is touched. */
#include "run.h"
#include "options-priv.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	TIMEOUT = 60, /* seconds */
	GRACE = 2,    /* seconds that it has to end after SIGTERM */
	NOT_STARTED = 127,
};

static const char categories[] = "LD_DEBUG=bindings,files,libs,scopes,versions";

/* Why the program cannot be run as PLAN says; NULL: it can. */
static const char *why_not(const struct bs_plan *plan)
{
	static const char slash[] = "/";

	if ((plan->root && strcmp(plan->root, slash) != 0) || plan->archive)
		return "it runs on this machine, not in --root";
	if (plan->unknown_program)
		return "nobody knows the program";
	if (plan->secure)
		return "with --secure the loader would tell nothing";
	if (plan->library_path)
		return "--library-path is an option of the loader; --env LD_LIBRARY_PATH=DIRS does "
		       "the same";
	if (plan->preload)
		return "--preload is an option of the loader; --env LD_PRELOAD=FILES does the same";
	if (plan->inhibit_cache || plan->inhibit_rpath || plan->hwcaps_mask || plan->hwcaps_prepend)
		return "it is started as ever, without options of the loader";
	if (plan->ldconfig)
		return "the loader takes the ld.so.cache that there is, not --ldconfig's";
	return NULL;
}

static bool is_for_loader(const char *entry)
{
	return strncmp(entry, "LD_", 3) == 0 || strncmp(entry, "GLIBC_TUNABLES=", 15) == 0;
}

static bool has_name(const char *entry, const char *name)
{
	size_t n = strlen(name);

	return strncmp(entry, name, n) == 0 && entry[n] == '=';
}

/* What of ENVIRON is not for a loader, unless the process has none of it; then what the plan says,
 * and what makes the loader tell. */
static char **environment_of(struct bs_arena *arena, const struct bs_command_line *line,
			     const char *log)
{
	const struct bs_plan *plan = &line->plan;
	BS_VEC(char *) all = { 0 };

	for (char **entry = line->verify.environ; !line->verify.no_env && *entry; entry++) {
		bool is_set = is_for_loader(*entry);

		for (uint32_t i = 0; i < plan->n_environment && !is_set; i++)
			is_set = has_name(*entry, plan->environment[i].name);
		if (!is_set)
			bs_vec_push(arena, &all, *entry);
	}
	for (uint32_t i = 0; i < plan->n_environment; i++) {
		const struct bs_variable *v = &plan->environment[i];

		if (strcmp(v->name, "LD_DEBUG") != 0 && strcmp(v->name, "LD_DEBUG_OUTPUT") != 0)
			bs_vec_push(arena, &all,
				    bs_arena_printf(arena, "%s=%s", v->name, v->value));
	}
	bs_vec_push(arena, &all, bs_arena_strndup(arena, categories, strlen(categories)));
	bs_vec_push(arena, &all, bs_arena_printf(arena, "LD_DEBUG_OUTPUT=%s", log));
	bs_vec_push(arena, &all, NULL);
	return all.v;
}

static char **arguments_of(struct bs_arena *arena, const struct bs_command_line *line)
{
	const struct bs_plan *plan = &line->plan;
	BS_VEC(char *) all = { 0 };
	const char *name = plan->argv0 ? plan->argv0 : plan->executable;

	bs_vec_push(arena, &all, bs_arena_strndup(arena, name, strlen(name)));
	for (uint32_t i = 0; i < plan->n_arguments; i++)
		bs_vec_push(
			arena, &all,
			bs_arena_strndup(arena, plan->arguments[i], strlen(plan->arguments[i])));
	bs_vec_push(arena, &all, NULL);
	return all.v;
}

/* A name without a slash is sought here first, then in $PATH. */
static const char *file_of(struct bs_arena *arena, const struct bs_plan *plan)
{
	const char *in_directory = plan->executable;
	struct stat st;

	if (strchr(plan->executable, '/'))
		return plan->executable;
	if (plan->cwd)
		in_directory = bs_arena_printf(arena, "%s/%s", plan->cwd, plan->executable);
	if (stat(in_directory, &st) == 0 && !S_ISDIR(st.st_mode))
		return bs_arena_printf(arena, "./%s", plan->executable);
	return bs_find_host(arena, plan->search_path, plan->executable);
}

/* In place of one that stands for none. */
static bool give_null(int fd)
{
	int null = bs_open_at(AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC);

	return null >= 0 && dup2(null, fd) == fd;
}

/* The loader's log is the first file that the program opens: it is not to stand for one of those
 * that everybody takes for granted. */
static bool give_standard_files(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) & FD_CLOEXEC && !give_null(fd))
			return false;
	return dup2(STDERR_FILENO, STDOUT_FILENO) >= 0;
}

/* What the program is to have as this tool has it. */
struct manners {
	sigset_t mask;
	struct sigaction child;
	pid_t pid; /* this tool's */
};

/* Becomes the program, or tells on PIPE why not: two numbers, whether it was the directory, and
 * errno. */
_Noreturn static void become(const char *file, const struct bs_plan *plan, char **arguments,
			     char **environment, int pipe, const struct manners *before)
{
	int problem[2] = { 0 };

	/* Nobody ends it in time when this tool is killed before. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != before->pid)
		_exit(NOT_STARTED);
	sigaction(SIGCHLD, &before->child, NULL);
	sigprocmask(SIG_SETMASK, &before->mask, NULL);
	problem[0] = plan->cwd && chdir(plan->cwd) != 0;
	if (!problem[0] && give_standard_files())
		execve(file, arguments, environment);
	problem[1] = errno;
	_exit(write(pipe, problem, sizeof problem) == (ssize_t)sizeof problem ? NOT_STARTED
									      : NOT_STARTED - 1);
}

/* waitpid(2), whatever signals come. */
static pid_t wait_on(pid_t pid, int *ret_status, int options)
{
	pid_t ended;

	do
		ended = waitpid(pid, ret_status, options);
	while (ended < 0 && errno == EINTR);
	return ended;
}

/* Waits until PID has ended or SECONDS are over; SIGCHLD is blocked. */
static bool wait_for(pid_t pid, uint32_t seconds, int *ret_status)
{
	struct timespec now, end;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += seconds;
	for (;;) {
		if (wait_on(pid, ret_status, WNOHANG) == pid)
			return true;
		clock_gettime(CLOCK_MONOTONIC, &now);
		struct timespec left = { end.tv_sec - now.tv_sec, end.tv_nsec - now.tv_nsec };

		if (left.tv_nsec < 0) {
			left.tv_nsec += 1000000000;
			left.tv_sec--;
		}
		if (left.tv_sec < 0)
			return false;
		sigtimedwait(&set, NULL, &left);
	}
}

static void watch(struct bs_arena *arena, pid_t pid, uint32_t timeout, struct bs_debugged *ret)
{
	int status;

	if (!wait_for(pid, timeout, &status)) {
		kill(pid, SIGTERM);
		if (!wait_for(pid, GRACE, &status)) {
			kill(pid, SIGKILL);
			wait_on(pid, &status, 0);
		}
		ret->end = bs_arena_printf(arena, "ended after %u seconds", timeout);
		return;
	}
	ret->is_whole = WIFEXITED(status);
	ret->end = WIFEXITED(status) ? bs_arena_printf(arena, "exit status %d", WEXITSTATUS(status))
				     : bs_arena_printf(arena, "signal %d", WTERMSIG(status));
}

/* From a pipe, into which all of them are written at once. */
static bool read_whole(int fd, void *bytes, size_t n)
{
	ssize_t got;

	do
		got = read(fd, bytes, n);
	while (got < 0 && errno == EINTR);
	return got == (ssize_t)n;
}

/* Starts FILE; -1 after a message. */
static pid_t start(struct bs_arena *arena, const struct bs_command_line *line, const char *file,
		   const char *log, const struct manners *before)
{
	char **arguments = arguments_of(arena, line);
	char **environment = environment_of(arena, line, log);
	int ends[2], problem[2];

	if (!bs_pipe(ends)) {
		bs_complain("--run: %s", strerror(errno));
		return -1;
	}
	pid_t pid = fork();

	if (pid == 0)
		become(file, &line->plan, arguments, environment, ends[1], before);
	int error = errno;

	close(ends[1]);
	if (pid < 0) {
		bs_complain("--run: %s", strerror(error));
	} else if (read_whole(ends[0], problem, sizeof problem)) {
		bs_complain("--run: %s: %s", problem[0] ? line->plan.cwd : file,
			    strerror(problem[1]));
		wait_on(pid, NULL, 0);
		pid = -1;
	}
	close(ends[0]);
	return pid;
}

static bool can_run(struct bs_arena *arena, const struct bs_plan *plan, const char **ret_file)
{
	const char *why = why_not(plan);
	struct stat st;

	*ret_file = NULL;
	if (why) {
		bs_complain("--run: %s", why);
		return false;
	}
	*ret_file = file_of(arena, plan);
	if (!*ret_file) {
		bs_complain("--run: %s: %s", plan->executable, strerror(ENOENT));
		return false;
	}
	const char *file = *ret_file;

	if (plan->cwd && *file != '/')
		file = bs_arena_printf(arena, "%s/%s", plan->cwd, file);
	/* It is then AT_SECURE. (Linux security/commoncap.c:cap_bprm_creds_from_file) */
	if (stat(file, &st) == 0 && (((st.st_mode & S_ISUID) && st.st_uid != getuid()) ||
				     ((st.st_mode & S_ISGID) && st.st_gid != getgid()))) {
		bs_complain(
			"--run: %s is set-user-ID or set-group-ID, for which the loader ignores "
			"LD_DEBUG",
			file);
		return false;
	}
	return true;
}

/* Nothing is run that could not be answered for: a script, say. False after a message. */
static bool can_simulate(struct bs_arena *arena, const struct bs_command_line *line,
			 struct bs_store *store)
{
	struct bs_plan start = line->plan;
	const struct bs_sink nobody = { 0 };
	struct bs_sim_report report;

	start.n_steps = start.n_blocks = 0;
	enum bs_sim_status status = bs_simulate(&start, store, &nobody, &report);

	if (status == BS_SIM_CANNOT)
		bs_complain_of_plan(arena, &start, "", report.problem, report.instead);
	if (status == BS_SIM_NO_MEMORY)
		bs_complain("%s", bs_arena_problem());
	bs_sim_report_done(&report);
	return status == BS_SIM_OK || status == BS_SIM_REFUSED;
}

bool bs_run_debugged(struct bs_arena *arena, const struct bs_command_line *line,
		     struct bs_store *store, struct bs_debugged *ret)
{
	const char *file, *directory;
	const struct sigaction waited = { .sa_handler = SIG_DFL };
	struct manners before = { .pid = getpid() };
	sigset_t child;

	*ret = (struct bs_debugged){ 0 };
	if (!can_run(arena, &line->plan, &file) || !can_simulate(arena, line, store) ||
	    !bs_private_directory(arena, "the log of --run", &directory))
		return false;
	const char *log = bs_arena_printf(arena, "%s/log", directory);

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, &before.mask);
	/* Where it is ignored, as it may have been inherited, children leave nothing to wait for.
	 */
	sigaction(SIGCHLD, &waited, &before.child);
	pid_t pid = start(arena, line, file, log, &before);

	if (pid > 0)
		watch(arena, pid, line->verify.timeout ? line->verify.timeout : TIMEOUT, ret);
	sigaction(SIGCHLD, &before.child, NULL);
	sigprocmask(SIG_SETMASK, &before.mask, NULL);
	if (pid < 0)
		return false;
	ret->pid = (uint32_t)pid;
	ret->log = bs_arena_printf(arena, "%s.%d", log, (int)pid);
	if (access(ret->log, R_OK) != 0)
		ret->log = NULL;
	return true;
}
