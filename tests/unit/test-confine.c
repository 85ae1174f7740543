/* SPDX-License-Identifier: MIT
 *
 * The boundary of each process (confine.h), tried from inside: a child shuts itself in and
 * does what it must not, and for comparison the same without the boundary, and what it must.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "config.h"
#include "daemon/confine.h"
#include "daemon/images.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

#ifdef ZONED_SANITIZERS
enum { SANITIZERS = 1 }; /* their run time needs calls and memory of its own */
#else
enum { SANITIZERS = 0 };
#endif

enum { FREE, STARTING, PARENT, SPAWNER, INSPECTOR, KEEPER, READER };
enum { DONE = 10, REFUSED, NOT_CONFINED };

/* ---- what is tried; 0: done, else -1 ---- */

static int run_program(void)
{
	char *const argv[] = { "/bin/true", NULL };
	return execv(argv[0], argv);
}

static int map_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0) == MAP_FAILED
		       ? -1
		       : 0;
}

static void *page; /* made before the boundary */

static int make_code(void)
{
	return mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

static int map_data(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return p == MAP_FAILED ? -1 : munmap(p, 4096);
}

static int map_much(void)
{
	void *p = mmap(NULL, (size_t)1 << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);
	return p == MAP_FAILED ? -1 : 0;
}

static int make_file(void)
{
	return memfd_create("x", 0) < 0 ? -1 : 0;
}

static int open_file(void)
{
	return open("/dev/null", O_RDONLY) < 0 ? -1 : 0;
}

static int open_inet(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) < 0 ? -1 : 0;
}

static int open_packet(void)
{
	return socket(AF_PACKET, SOCK_RAW, 0) < 0 ? -1 : 0;
}

static int open_unix(void)
{
	return socket(AF_UNIX, SOCK_DGRAM, 0) < 0 ? -1 : 0;
}

static int open_netlink(void)
{
	return socket(AF_NETLINK, SOCK_RAW, 0) < 0 ? -1 : 0;
}

static int make_process(void)
{
	pid_t pid = fork();
	if (pid == 0)
		_exit(0);
	return pid < 0 || waitpid(pid, NULL, 0) != pid ? -1 : 0;
}

static int make_name_space(void)
{
	return unshare(CLONE_NEWUSER);
}

static int clone_name_space(void)
{
	long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, 0);
	if (pid == 0)
		_exit(0);
	return pid < 0 ? -1 : 0;
}

static int leave(void *ctx)
{
	(void)ctx;
	return 0;
}

/* As a thread is made, which the parent may. */
static int share_name_space(void)
{
	static char stack[65536] __attribute__((aligned(16)));
	int pid = clone(leave, stack + sizeof(stack), CLONE_VM | CLONE_NEWUSER | SIGCHLD, NULL);
	return pid < 0 ? -1 : 0;
}

/* Whose flags no filter sees. */
static int clone3_name_space(void)
{
	uint64_t args[8] = { CLONE_NEWUSER, 0, 0, 0, SIGCHLD }; /* struct clone_args */
	long pid = syscall(SYS_clone3, args, sizeof(args));
	if (pid == 0)
		_exit(0);
	return pid < 0 ? -1 : 0;
}

static int trace(void)
{
	return (int)syscall(SYS_ptrace, PTRACE_TRACEME, 0, NULL, NULL);
}

static int read_parent(void)
{
	char here, *there = &here;
	struct iovec {
		void *p;
		size_t n;
	} to = { &here, 1 }, from = { there, 1 };
	return syscall(SYS_process_vm_readv, getppid(), &to, 1, &from, 1, 0) == 1 ? 0 : -1;
}

static int kill_parent(void)
{
	return kill(getppid(), 0);
}

static int tell(void)
{
	uint64_t one = 1;
	return write(0, &one, sizeof(one)) == sizeof(one) ? 0 : -1;
}

static int wait_some(void)
{
	return poll(NULL, 0, 1);
}

static int move_core(void)
{
	cpu_set_t one;
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	sched_setaffinity(0, sizeof(one), &one); /* that core may not be ours */
	return 0;
}

static int move_other(void)
{
	cpu_set_t one;
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	return sched_setaffinity(getppid(), sizeof(one), &one);
}

static struct images images; /* of the parent of all who try */

static int read_policy(void)
{
	return *(const volatile uint8_t *)images.reader[1] == 7 ? 0 : -1;
}

static int write_policy(void)
{
	*(volatile uint8_t *)(uintptr_t)images.reader[1] = 8;
	return 0;
}

static int write_as_parent(void)
{
	*(volatile uint8_t *)images.writer[1] = 8;
	return 0;
}

static int make_writable(void)
{
	return mprotect((void *)(uintptr_t)images.reader, 4096, PROT_READ | PROT_WRITE);
}

/* ---- in a child ---- */

static int shut_in(int who)
{
	int told = eventfd(0, EFD_NONBLOCK), keep[1] = { told };
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (who == FREE)
		return dup2(told, 0) < 0;
	if (confine_start())
		return -1;
	if (who == STARTING)
		return confine_families();
	if (who == PARENT)
		return confine_parent();
	told = keep[0] = eventfd(0, EFD_NONBLOCK);
	if (who == KEEPER || who == READER)
		return confine_tap_keeper(keep, 1) || (who == READER && confine_tap_reader());
	if (confine_spawner(keep, 1))
		return -1;
	return who == SPAWNER ? 0 : confine_inspector_descriptors(told) ? -1 : confine_inspector();
}

/* DONE, REFUSED, or minus the signal that ended it. */
static int try(int who, int (*what)(void))
{
	int status = 0;
	pid_t pid = fork();
	if (pid == 0) {
		signal(SIGSEGV, SIG_DFL); /* which cmocka takes */
		if (shut_in(who))
			_exit(NOT_CONFINED);
		_exit(what() == 0 ? DONE : REFUSED);
	}
	assert_true(pid > 0 && waitpid(pid, &status, 0) == pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

struct row {
	const char *name;
	int (*what)(void);
	int freely, parent, spawner, inspector, keeper, reader;
};

enum { KILLED = -SIGSYS, FAULT = -SIGSEGV, ANY = 0 };

/* clang-format off */
static const struct row rows[] = {
	{ "a program", run_program, 0, REFUSED, REFUSED, KILLED, REFUSED, KILLED },
	{ "memory with code", map_code, DONE, REFUSED, REFUSED, KILLED, REFUSED, KILLED },
	{ "code of memory", make_code, DONE, REFUSED, REFUSED, KILLED, REFUSED, KILLED },
	{ "memory", map_data, DONE, DONE, DONE, DONE, DONE, DONE },
	{ "much memory", map_much, DONE, DONE, DONE, REFUSED, DONE, REFUSED },
	{ "a file in memory", make_file, DONE, REFUSED, REFUSED, KILLED, REFUSED, KILLED },
	{ "a file", open_file, DONE, DONE, REFUSED, KILLED, ANY, KILLED },
	{ "an IP socket", open_inet, DONE, REFUSED, REFUSED, KILLED, DONE, KILLED },
	{ "a packet socket", open_packet, ANY, REFUSED, REFUSED, KILLED, ANY, KILLED },
	{ "a local socket", open_unix, DONE, DONE, REFUSED, KILLED, DONE, KILLED },
	{ "a netlink socket", open_netlink, DONE, DONE, REFUSED, KILLED, DONE, KILLED },
	{ "a process", make_process, DONE, REFUSED, DONE, KILLED, DONE, KILLED },
	{ "a name space", make_name_space, ANY, REFUSED, REFUSED, KILLED, REFUSED, KILLED },
	{ "a process in one", clone_name_space, ANY, REFUSED, REFUSED, KILLED, REFUSED, KILLED },
	{ "a thread in one", share_name_space, ANY, REFUSED, REFUSED, KILLED, REFUSED, KILLED },
	{ "one by clone3", clone3_name_space, ANY, REFUSED, REFUSED, KILLED, REFUSED, KILLED },
	{ "tracing", trace, DONE, REFUSED, REFUSED, KILLED, REFUSED, KILLED },
	{ "another's memory", read_parent, ANY, REFUSED, REFUSED, KILLED, REFUSED, KILLED },
	{ "a signal", kill_parent, DONE, DONE, ANY, KILLED, ANY, KILLED }, /* test-landlock.c */
	{ "telling", tell, DONE, ANY, ANY, DONE, ANY, ANY },
	{ "waiting", wait_some, DONE, DONE, DONE, DONE, DONE, DONE },
	{ "another core", move_core, DONE, DONE, DONE, DONE, DONE, DONE },
	{ "the policy", read_policy, DONE, DONE, DONE, DONE, DONE, DONE },
	{ "a policy of its own", write_policy, FAULT, FAULT, FAULT, FAULT, FAULT, FAULT },
	{ "the parent's pages of it", write_as_parent, FAULT, FAULT, FAULT, FAULT, FAULT, FAULT },
	{ "a policy that can be written", make_writable, REFUSED, REFUSED, REFUSED, KILLED, REFUSED, KILLED },
	{ "another's core", move_other, ANY, DONE, REFUSED, KILLED, DONE, KILLED },
};
/* clang-format on */

static void check(const struct row *r, const char *as, int got, int want)
{
	if (want != ANY && got != want)
		fail_msg("%s as %s: %d instead of %d", r->name, as, got, want);
}

static void system_calls(void **state)
{
	(void)state;
	assert_int_equal(images_open(&images), 0);
	images.writer[1][0] = 7;
	for (size_t i = 0; i < N(rows); i++) {
		const struct row *r = &rows[i];
		check(r, "anybody", try(FREE, r->what), r->freely);
		check(r, "parent", try(PARENT, r->what), r->parent);
		check(r, "spawner", try(SPAWNER, r->what), r->spawner);
		check(r, "inspector", try(INSPECTOR, r->what), r->inspector);
		check(r, "tap keeper", try(KEEPER, r->what), r->keeper);
		check(r, "tap reader", try(READER, r->what), r->reader);
	}
	assert_int_equal(images.writer[1][0], 7);
	images_close(&images);
}

/* While zoned starts, it still makes processes. */
static void families(void **state)
{
	(void)state;
	assert_int_equal(try(STARTING, open_inet), REFUSED);
	assert_int_equal(try(STARTING, open_packet), REFUSED);
	assert_int_equal(try(STARTING, open_unix), DONE);
	assert_int_equal(try(STARTING, open_netlink), DONE);
	assert_int_equal(try(STARTING, make_process), DONE);
}

/* ---- what is held ---- */

enum { SECRET_FD = 57 };

static int open_descriptors(void)
{
	int n = 0;
	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static int start_leaves(void)
{
	struct rlimit core, files;
	getrlimit(RLIMIT_CORE, &core);
	getrlimit(RLIMIT_NOFILE, &files);
	bool clean = fcntl(SECRET_FD, F_GETFD) < 0 && open_descriptors() == 3 &&
		     !getenv("ZONED_TEST_SECRET") && getenv("NOTIFY_SOCKET") &&
		     strcmp(getenv("NOTIFY_SOCKET"), "@x") == 0 && core.rlim_max == 0 &&
		     files.rlim_max <= 1024 && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 &&
		     prctl(PR_GET_DUMPABLE) == 0;
	return clean ? 0 : -1;
}

static int closed_standard(void)
{
	int fd = open("/dev/null", O_RDONLY);
	return fd == 3 ? 0 : -1; /* 0 to 2 are taken */
}

static int start_and(int (*what)(void), bool closed)
{
	int status = 0;
	pid_t pid = fork();
	if (pid == 0) {
		dup2(1, SECRET_FD);
		setenv("ZONED_TEST_SECRET", "hunter2", 1);
		setenv("NOTIFY_SOCKET", "@x", 1);
		for (int fd = 0; closed && fd < 3; fd++)
			close(fd);
		_exit(confine_start() ? NOT_CONFINED : what() == 0 ? DONE : REFUSED);
	}
	assert_true(pid > 0 && waitpid(pid, &status, 0) == pid);
	return WEXITSTATUS(status);
}

static void start(void **state)
{
	(void)state;
	assert_int_equal(start_and(start_leaves, false), DONE);
	assert_int_equal(start_and(closed_standard, true), DONE);
}

int main(void)
{
	if (SANITIZERS) {
		puts("SKIP: sanitizers do what is not permitted here");
		return 77;
	}
	const struct CMUnitTest tests[] = { cmocka_unit_test(system_calls),
					    cmocka_unit_test(families), cmocka_unit_test(start) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
