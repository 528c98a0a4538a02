/* SPDX-License-Identifier: MIT */
/*
 * Lets programs run in a virtual machine as if they ran here. As process 1 of the guest this serves
 * requests; elsewhere it makes one and goes on to be the program's stand-in:
 *
 *   client PORT ROOT PROGRAM [ARGUMENT...]
 *
 * The program gets the client's environment, its directory as it is below ROOT, its standard input,
 * output and error, and even its process id, which the loader's lines begin with. It leads a
 * session of its own. Both halves are linked statically: LD_PRELOAD and its like are for the
 * program.
 *
 * A request is a length and that many bytes: texts with their NULs. What follows is standard input.
 * The answer is pieces of what the program writes, each with the number of its descriptor and its
 * length before it, then 0, 0 and the status of wait(2).
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { GUEST_PORT = 1, MAX_REQUEST = 1 << 20, CPU_SECONDS = 60 };

extern char **environ;

static void fail(const char *what)
{
	fprintf(stderr, "virtual machine: %s: %s\n", what, strerror(errno));
	_exit(125);
}

static void write_all(int to, const void *data, size_t n)
{
	for (const char *at = data; n > 0;) {
		ssize_t written = write(to, at, n);

		if (written < 0)
			fail("write");
		at += written;
		n -= (size_t)written;
	}
}

/* False at the end. */
static int read_all(int from, void *data, size_t n)
{
	for (char *at = data; n > 0;) {
		ssize_t got = read(from, at, n);

		if (got <= 0)
			return 0;
		at += got;
		n -= (size_t)got;
	}
	return 1;
}

/* ---- the guest's side -------------------------------------------------------------------------
 */

static void load_modules(void)
{
	char path[256];
	FILE *order = fopen("/modules/order", "r");

	if (order == NULL)
		fail("/modules/order");
	while (fscanf(order, "%255s", path) == 1) {
		int file = open(path, O_RDONLY | O_CLOEXEC);

		if (file < 0 || syscall(SYS_finit_module, file, "", 0) != 0)
			fail(path);
		close(file);
	}
	fclose(order);
}

static void set_address(int control, struct ifreq *request, unsigned long what, const char *address)
{
	struct sockaddr_in *value = (struct sockaddr_in *)&request->ifr_addr;

	value->sin_family = AF_INET;
	value->sin_addr.s_addr = inet_addr(address);
	if (ioctl(control, what, request) != 0)
		fail("address");
}

/* The network that qemu makes has fixed addresses. */
static void start_network(void)
{
	struct ifreq request = { .ifr_name = "eth0" };
	int control = socket(AF_INET, SOCK_DGRAM, 0);

	set_address(control, &request, SIOCSIFADDR, "10.0.2.15");
	set_address(control, &request, SIOCSIFNETMASK, "255.255.255.0");
	request.ifr_flags = IFF_UP | IFF_RUNNING;
	if (ioctl(control, SIOCSIFFLAGS, &request) != 0)
		fail("eth0");
	close(control);
}

static void mount_at(const char *what, const char *where, const char *type, const char *options)
{
	mkdir(where, 0755);
	if (mount(what, where, type, 0, options) != 0)
		fail(where);
}

static char **texts_at(char **at, char *end)
{
	long n = strtol(*at, NULL, 10);
	char **texts = calloc((size_t)n + 1, sizeof *texts);

	for (long i = 0; i < n && *at < end; i++) {
		*at += strlen(*at) + 1;
		texts[i] = *at;
	}
	*at += strlen(*at) + 1;
	return texts;
}

/* A child with the process id that the client has. */
static pid_t fork_as(pid_t wanted)
{
	struct clone_args how = {
		.exit_signal = SIGCHLD,
		.set_tid = (uintptr_t)&wanted,
		.set_tid_size = 1,
	};

	for (int i = 0; i < 1000; i++) {
		pid_t child = (pid_t)syscall(SYS_clone3, &how, sizeof how);

		if (child >= 0 || errno != EEXIST)
			return child;
		usleep(10000);
	}
	return -1;
}

static void become(char **arguments, char **variables, const char *directory, int input, int output,
		   int error)
{
	struct rlimit limit = { CPU_SECONDS, CPU_SECONDS }, none = { 0, 0 };

	setsid();
	setrlimit(RLIMIT_CPU, &limit);
	setrlimit(RLIMIT_CORE, &none);
	if (dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(error, 2) < 0)
		fail("dup2");
	close_range(3, ~0u, 0);
	if (chroot("/root") != 0 || chdir(directory) != 0)
		fail(directory);
	execve(arguments[0], arguments, variables);
	fail(arguments[0]);
}

/* What comes from the two pipes, until both are at their end. */
static void relay(int output, int error, int to)
{
	static char piece[65536];
	struct pollfd ends[] = { { output, POLLIN, 0 }, { error, POLLIN, 0 } };

	while (ends[0].fd >= 0 || ends[1].fd >= 0) {
		if (poll(ends, 2, -1) < 0)
			fail("poll");
		for (uint32_t i = 0; i < 2; i++) {
			if (ends[i].fd < 0 || ends[i].revents == 0)
				continue;
			ssize_t got = read(ends[i].fd, piece, sizeof piece);

			if (got <= 0) {
				ends[i].fd = -1;
				continue;
			}
			uint32_t head[] = { STDOUT_FILENO + i, (uint32_t)got };

			write_all(to, head, sizeof head);
			write_all(to, piece, (size_t)got);
		}
	}
}

static void serve_one(int connection)
{
	static char request[MAX_REQUEST];
	uint32_t length, answer[3] = { 0 };
	int output[2], error[2], status;

	if (!read_all(connection, &length, sizeof length) || length >= sizeof request ||
	    !read_all(connection, request, length) || pipe(output) != 0 || pipe(error) != 0)
		fail("request");
	char *at = request, *end = request + length;
	pid_t wanted = (pid_t)strtol(at, NULL, 10);

	at += strlen(at) + 1;
	const char *directory = at;

	at += strlen(at) + 1;
	char **arguments = texts_at(&at, end);
	char **variables = texts_at(&at, end);
	pid_t child = fork_as(wanted);

	if (child == 0)
		become(arguments, variables, directory, connection, output[1], error[1]);
	if (child < 0)
		fail("clone");
	close(output[1]);
	close(error[1]);
	relay(output[0], error[0], connection);
	waitpid(child, &status, 0);
	sync(); /* what was written is there when the answer is */
	answer[2] = (uint32_t)status;
	write_all(connection, answer, sizeof answer);
	_exit(0);
}

static void serve(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(GUEST_PORT) };
	int listener, connection;

	mount_at("none", "/dev", "devtmpfs", NULL);
	mount_at("none", "/proc", "proc", NULL);
	load_modules();
	mount_at("root", "/root", "9p", "trans=virtio,version=9p2000.L,msize=262144,cache=loose");
	mount_at("none", "/root/proc", "proc", NULL);
	start_network();
	int file = open("/proc/sys/kernel/pid_max", O_WRONLY);

	write_all(file, "4194304", 7);
	close(file);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 ||
	    listen(listener, 64) != 0)
		fail("listen");
	signal(SIGCHLD, SIG_IGN);
	printf("\nbindsim: ready\n");
	fflush(stdout);
	while ((connection = accept(listener, NULL, NULL)) >= 0) {
		if (fork() == 0) {
			signal(SIGCHLD, SIG_DFL);
			close(listener);
			serve_one(connection);
		}
		close(connection);
	}
	fail("accept");
}

/* ---- this machine's side ----------------------------------------------------------------------
 */

static char request[MAX_REQUEST];
static uint32_t request_length;

static void add(const char *text)
{
	size_t n = strlen(text) + 1;

	if (request_length + n > sizeof request) {
		errno = E2BIG;
		fail("request");
	}
	memcpy(request + request_length, text, n);
	request_length += (uint32_t)n;
}

static void add_number(long number)
{
	char text[32];

	snprintf(text, sizeof text, "%ld", number);
	add(text);
}

static void add_texts(char **texts)
{
	long n = 0;

	while (texts[n] != NULL)
		n++;
	add_number(n);
	for (long i = 0; i < n; i++)
		add(texts[i]);
}

static void end_like(int status)
{
	struct rlimit none = { 0, 0 };

	if (WIFEXITED(status))
		_exit(WEXITSTATUS(status));
	setrlimit(RLIMIT_CORE, &none);
	signal(WTERMSIG(status), SIG_DFL);
	kill(getpid(), WTERMSIG(status));
	_exit(125);
}

static void pass_answer(int connection)
{
	static char piece[65536];
	uint32_t head[2], status;

	if (!read_all(connection, head, sizeof head))
		fail("no answer");
	if (head[0] == 0) {
		if (!read_all(connection, &status, sizeof status))
			fail("no status");
		end_like((int)status);
	}
	if (head[1] > sizeof piece || !read_all(connection, piece, head[1]))
		fail("half an answer");
	write_all((int)head[0], piece, head[1]);
}

static void make_request(char **argv)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)strtol(argv[1], NULL, 10)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int connection = socket(AF_INET, SOCK_STREAM, 0);
	char *directory = getcwd(NULL, 0);

	add_number(getpid());
	add(directory[strlen(argv[2])] != '\0' ? directory + strlen(argv[2]) : "/");
	add_texts(argv + 3);
	add_texts(environ);
	if (connect(connection, (struct sockaddr *)&address, sizeof address) != 0)
		fail("connect");
	write_all(connection, &request_length, sizeof request_length);
	write_all(connection, request, request_length);
	struct pollfd ends[] = { { connection, POLLIN, 0 }, { STDIN_FILENO, POLLIN, 0 } };

	for (;;) {
		if (poll(ends, 2, -1) < 0)
			fail("poll");
		if (ends[1].revents != 0) {
			char input[4096];
			ssize_t got = read(STDIN_FILENO, input, sizeof input);

			if (got > 0) {
				write_all(connection, input, (size_t)got);
			} else {
				shutdown(connection, SHUT_WR);
				ends[1].fd = -1;
			}
		}
		if (ends[0].revents != 0)
			pass_answer(connection);
	}
}

int main(int argc, char **argv)
{
	if (getpid() == 1) {
		serve();
	} else if (argc < 4) {
		fprintf(stderr, "usage: client PORT ROOT PROGRAM [ARGUMENT...]\n");
		return 2;
	} else {
		make_request(argv);
	}
}
