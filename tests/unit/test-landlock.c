/* SPDX-License-Identifier: MIT
 *
 * What Landlock alone refuses (base/landlock.h), tried from inside: in these children the filter of
 * system calls is made and not loaded, so what is refused here is so without it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/landlock.h"
#include "daemon/confine.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

enum { FREE, SPAWNER, INSPECTOR, KEEPER };
enum { DONE = 10, REFUSED, ANOTHER_ERROR, NOT_CONFINED };

int __wrap_seccomp_load(scmp_filter_ctx f);

int __wrap_seccomp_load(scmp_filter_ctx f)
{
	return f ? 0 : -EINVAL;
}

static bool old_kernel;

long __real_syscall(long nr, ...);
long __wrap_syscall(long nr, ...);

/* As many arguments as the calls of zoned have. */
long __wrap_syscall(long nr, ...)
{
	long a[4];
	va_list args;
	va_start(args, nr);
	for (size_t i = 0; i < N(a); i++)
		a[i] = va_arg(args, long);
	va_end(args);
	if (old_kernel && nr == SYS_landlock_create_ruleset) {
		errno = ENOSYS;
		return -1;
	}
	return __real_syscall(nr, a[0], a[1], a[2], a[3]);
}

/* ---- what is tried; 0 or -1 ---- */

static int try_open(const char *path, int flags)
{
	int fd = open(path, flags, 0600);
	if (fd >= 0)
		close(fd);
	return fd < 0 ? -1 : 0;
}

static int read_passwords(void)
{
	return try_open("/etc/passwd", O_RDONLY);
}

static int list_root(void)
{
	return try_open("/", O_RDONLY | O_DIRECTORY);
}

static int write_file(void)
{
	return try_open("/tmp", O_TMPFILE | O_WRONLY);
}

static int make_directory(void)
{
	char path[64];
	snprintf(path, sizeof(path), "/tmp/zoned-test-%d", (int)getpid());
	int err = mkdir(path, 0700);
	if (!err)
		rmdir(path);
	return err;
}

static int read_process(void)
{
	return try_open("/proc/self/status", O_RDONLY);
}

static int write_process(void)
{
	return try_open("/proc/self/comm", O_WRONLY);
}

/* Nobody listens there: refused by the other end is no refusal of ours. */
static int reach_port(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) };
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int err = fd < 0 ? -1 : connect(fd, (const struct sockaddr *)&to, sizeof(to));
	if (err && (errno == ECONNREFUSED || errno == ENETUNREACH))
		err = 0;
	if (fd >= 0)
		close(fd);
	return err;
}

static pid_t test; /* in the place of zoned's parent */

static int signal_parent(void)
{
	return kill(test, 0);
}

/* As the spawner ends an inspector. */
static int end_child(void)
{
	pid_t pid = fork();
	if (pid == 0) {
		pause();
		_exit(0);
	}
	return pid < 0 || kill(pid, SIGKILL) || waitpid(pid, NULL, 0) != pid ? -1 : 0;
}

static int told;

static int tell(void)
{
	uint64_t one = 1;
	return write(told, &one, sizeof(one)) == sizeof(one) ? 0 : -1;
}

/* ---- in a child ---- */

static int shut_in(int who)
{
	int keep[1] = { told = eventfd(0, EFD_NONBLOCK) };
	if (who == FREE)
		return 0;
	if (confine_start())
		return -1;
	keep[0] = told = eventfd(0, EFD_NONBLOCK);
	if (who == KEEPER)
		return confine_tap_keeper(keep, 1);
	/* an inspector inherits it; that it may open no descriptor anyway is not what is tried */
	return confine_spawner(keep, 1);
}

static int outcome(int (*what)(void))
{
	return what() == 0 ? DONE : errno == EACCES || errno == EPERM ? REFUSED : ANOTHER_ERROR;
}

static int try(int who, int (*what)(void))
{
	int status = 0;
	pid_t pid = fork();
	if (pid == 0) {
		if (shut_in(who))
			_exit(NOT_CONFINED);
		_exit(who == INSPECTOR ? try(FREE, what) : outcome(what));
	}
	assert_true(pid > 0 && waitpid(pid, &status, 0) == pid);
	return WEXITSTATUS(status);
}

struct row {
	const char *name;
	int (*what)(void);
	int since; /* the version that refuses it */
	int freely, spawner, inspector, keeper;
};

/* clang-format off */
static const struct row rows[] = {
	{ "a file", read_passwords, 1, DONE, REFUSED, REFUSED, REFUSED },
	{ "a directory", list_root, 1, DONE, REFUSED, REFUSED, REFUSED },
	{ "a new file", write_file, 1, DONE, REFUSED, REFUSED, REFUSED },
	{ "a new directory", make_directory, 1, DONE, REFUSED, REFUSED, REFUSED },
	{ "what is known of itself", read_process, 1, DONE, REFUSED, REFUSED, DONE },
	{ "its name", write_process, 1, DONE, REFUSED, REFUSED, REFUSED },
	{ "a TCP port", reach_port, LANDLOCK_TCP, DONE, REFUSED, REFUSED, REFUSED },
	{ "a signal to the parent", signal_parent, LANDLOCK_SIGNALS, DONE, REFUSED, REFUSED, REFUSED },
	{ "a signal to its child", end_child, 1, DONE, DONE, DONE, DONE },
	{ "telling", tell, 1, DONE, DONE, DONE, DONE },
};
/* clang-format on */

static void check(const struct row *r, const char *as, int got, int want)
{
	if (landlock_version() < r->since)
		want = DONE;
	if (got != want)
		fail_msg("%s as %s: %d instead of %d", r->name, as, got, want);
}

static void without_filter(void **state)
{
	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		const struct row *r = &rows[i];
		check(r, "anybody", try(FREE, r->what), r->freely);
		check(r, "spawner", try(SPAWNER, r->what), r->spawner);
		check(r, "inspector", try(INSPECTOR, r->what), r->inspector);
		check(r, "keeper", try(KEEPER, r->what), r->keeper);
	}
}

/* Nothing of it is needed: each process is confined by the rest. */
static void without_landlock(void **state)
{
	(void)state;
	old_kernel = true;
	assert_int_equal(landlock_version(), 0);
	assert_int_equal(try(SPAWNER, read_passwords), DONE);
	assert_int_equal(try(KEEPER, read_passwords), DONE);
	old_kernel = false;
}

int main(void)
{
	if (!landlock_version())
		puts("this kernel has no Landlock, and refuses nothing by it");
	test = getpid();
	const struct CMUnitTest tests[] = { cmocka_unit_test(without_filter),
					    cmocka_unit_test(without_landlock) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
