/* SPDX-License-Identifier: MIT
 * The boundary around each process (confine.h). */
#include "daemon/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <net/if.h>
#include <sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/landlock.h"
#include "config.h"

#ifdef ZONED_SANITIZERS
enum { SANITIZERS = 1 }; /* report on descriptor 2, and fork and end with more calls */
#else
enum { SANITIZERS = 0 };
#endif

enum {
	FILES_MAX = 1024,
	MEMORY_MORE = 64 << 20,
	TAP_MEMORY_MORE = 512 << 20, /* models, of which two are there while one is replaced */
	NAMESPACES = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
		     CLONE_NEWPID | CLONE_NEWNET,
};

/* ---- system calls ---- */

#define MASKED_ZERO(n, mask) \
	{ \
		.arg = (n), .op = SCMP_CMP_MASKED_EQ, .datum_a = (mask), .datum_b = 0 \
	}
#define EQUALS(n, value) \
	{ \
		.arg = (n), .op = SCMP_CMP_EQ, .datum_a = (value) \
	}
#define ABOVE(n, value) \
	{ \
		.arg = (n), .op = SCMP_CMP_GT, .datum_a = (value) \
	}
#define MASKED_ALL(n, mask) \
	{ \
		.arg = (n), .op = SCMP_CMP_MASKED_EQ, .datum_a = (mask), .datum_b = (mask) \
	}

/* A call, and what must hold of its arguments for the rule to count. */
struct call {
	int nr;
	unsigned n_args;
	struct scmp_arg_cmp args[1];
};

/* An inspector waits, takes the time, wakes the parent and ends. */
/* clang-format off */
static const struct call inspector_calls[] = {
	{ .nr = SCMP_SYS(futex) }, { .nr = SCMP_SYS(write) }, { .nr = SCMP_SYS(clock_gettime) }, { .nr = SCMP_SYS(poll) },
	{ .nr = SCMP_SYS(ppoll) }, { .nr = SCMP_SYS(exit_group) }, { .nr = SCMP_SYS(exit) }, { .nr = SCMP_SYS(brk) },
	{ .nr = SCMP_SYS(munmap) }, { .nr = SCMP_SYS(madvise) }, { .nr = SCMP_SYS(mremap) },
	{ .nr = SCMP_SYS(rt_sigreturn) }, { .nr = SCMP_SYS(restart_syscall) },
	{ .nr = SCMP_SYS(mmap), .n_args = 1, .args = { MASKED_ZERO(2, PROT_EXEC) } },
	{ .nr = SCMP_SYS(sched_setaffinity), .n_args = 1, .args = { EQUALS(0, 0) } },
};
/* clang-format on */

/* What reads a capture that is open: an error of its socket, its counts, the interface's flags, and
 * the descriptor by which libpcap ends a wait. */
/* clang-format off */
static const struct call tap_reader_calls[] = {
	{ .nr = SCMP_SYS(recvfrom), .n_args = 1, .args = { MASKED_ALL(3, MSG_PEEK) } },
	{ .nr = SCMP_SYS(getsockopt) }, { .nr = SCMP_SYS(read) },
	{ .nr = SCMP_SYS(ioctl), .n_args = 1, .args = { EQUALS(1, SIOCGIFFLAGS) } },
	{ .nr = SCMP_SYS(ioctl), .n_args = 1, .args = { EQUALS(1, SIOCGIFINDEX) } },
};
/* clang-format on */

/* The spawner forks and waits; and what an inspector asks before it is shut in, since it
 * is born with the spawner's list. Nothing opens a file or makes a socket. */
/* clang-format off */
static const struct call spawner_calls[] = {
	{ .nr = SCMP_SYS(recvfrom) }, { .nr = SCMP_SYS(sendto) }, { .nr = SCMP_SYS(recv) }, { .nr = SCMP_SYS(send) },
	{ .nr = SCMP_SYS(read) }, { .nr = SCMP_SYS(fork) }, { .nr = SCMP_SYS(wait4) }, { .nr = SCMP_SYS(waitid) },
	{ .nr = SCMP_SYS(kill) }, { .nr = SCMP_SYS(rt_sigaction) }, { .nr = SCMP_SYS(rt_sigprocmask) },
	{ .nr = SCMP_SYS(getpid) }, { .nr = SCMP_SYS(gettid) }, { .nr = SCMP_SYS(getppid) }, { .nr = SCMP_SYS(tgkill) },
	{ .nr = SCMP_SYS(set_robust_list) }, { .nr = SCMP_SYS(rseq) }, { .nr = SCMP_SYS(prctl) },
	{ .nr = SCMP_SYS(seccomp) }, { .nr = SCMP_SYS(close) }, { .nr = SCMP_SYS(close_range) }, { .nr = SCMP_SYS(dup2) },
	{ .nr = SCMP_SYS(dup3) }, { .nr = SCMP_SYS(setrlimit) }, { .nr = SCMP_SYS(getrlimit) },
	{ .nr = SCMP_SYS(prlimit64), .n_args = 1, .args = { EQUALS(0, 0) } }, { .nr = SCMP_SYS(getrandom) },
	{ .nr = SCMP_SYS(sched_getaffinity) }, { .nr = SCMP_SYS(sched_yield) },
	{ .nr = SCMP_SYS(clone), .n_args = 1, .args = { MASKED_ZERO(0, NAMESPACES | CLONE_VM) } },
	{ .nr = SCMP_SYS(mprotect), .n_args = 1, .args = { MASKED_ZERO(2, PROT_EXEC) } },
};
/* clang-format on */

/* System calls that the parent does not need and an attacker in it would: other programs, other
 * processes, other name spaces, code of its own, calls that go round this list. */
/* clang-format off */
static const struct call parent_refused[] = {
	{ .nr = SCMP_SYS(fork) }, { .nr = SCMP_SYS(vfork) },
	{ .nr = SCMP_SYS(clone), .n_args = 1, .args = { MASKED_ZERO(0, CLONE_VM) } },
};

/* Besides those between AF_UNIX and AF_NETLINK. */
static const struct call families_refused[] = {
	{ .nr = SCMP_SYS(socket), .n_args = 1, .args = { EQUALS(0, AF_UNSPEC) } },
	{ .nr = SCMP_SYS(socket), .n_args = 1, .args = { ABOVE(0, AF_NETLINK) } },
};

/* Of these a tap's keeper needs none either. */
static const struct call all_refused[] = {
	{ .nr = SCMP_SYS(clone), .n_args = 1, .args = { MASKED_ALL(0, CLONE_NEWUSER) } },
	{ .nr = SCMP_SYS(clone), .n_args = 1, .args = { MASKED_ALL(0, CLONE_NEWNS) } },
	{ .nr = SCMP_SYS(clone), .n_args = 1, .args = { MASKED_ALL(0, CLONE_NEWNET) } },
	{ .nr = SCMP_SYS(clone), .n_args = 1, .args = { MASKED_ALL(0, CLONE_NEWPID) } },
	{ .nr = SCMP_SYS(clone), .n_args = 1, .args = { MASKED_ALL(0, CLONE_NEWIPC) } },
	{ .nr = SCMP_SYS(clone), .n_args = 1, .args = { MASKED_ALL(0, CLONE_NEWUTS) } },
	{ .nr = SCMP_SYS(clone), .n_args = 1, .args = { MASKED_ALL(0, CLONE_NEWCGROUP) } },
	{ .nr = SCMP_SYS(execve) }, { .nr = SCMP_SYS(execveat) },
	{ .nr = SCMP_SYS(ptrace) }, { .nr = SCMP_SYS(process_vm_readv) }, { .nr = SCMP_SYS(process_vm_writev) },
	{ .nr = SCMP_SYS(pidfd_getfd) }, { .nr = SCMP_SYS(kcmp) }, { .nr = SCMP_SYS(memfd_create) },
	{ .nr = SCMP_SYS(userfaultfd) }, { .nr = SCMP_SYS(io_uring_setup) }, { .nr = SCMP_SYS(perf_event_open) },
	{ .nr = SCMP_SYS(unshare) }, { .nr = SCMP_SYS(setns) }, { .nr = SCMP_SYS(mount) }, { .nr = SCMP_SYS(umount2) },
	{ .nr = SCMP_SYS(pivot_root) }, { .nr = SCMP_SYS(chroot) }, { .nr = SCMP_SYS(open_tree) },
	{ .nr = SCMP_SYS(move_mount) }, { .nr = SCMP_SYS(fsopen) }, { .nr = SCMP_SYS(init_module) },
	{ .nr = SCMP_SYS(finit_module) }, { .nr = SCMP_SYS(delete_module) }, { .nr = SCMP_SYS(kexec_load) },
	{ .nr = SCMP_SYS(kexec_file_load) }, { .nr = SCMP_SYS(add_key) }, { .nr = SCMP_SYS(request_key) },
	{ .nr = SCMP_SYS(keyctl) }, { .nr = SCMP_SYS(personality) }, { .nr = SCMP_SYS(open_by_handle_at) },
	{ .nr = SCMP_SYS(shmat) }, { .nr = SCMP_SYS(reboot) }, { .nr = SCMP_SYS(swapon) },
	{ .nr = SCMP_SYS(mmap), .n_args = 1, .args = { MASKED_ALL(2, PROT_EXEC | PROT_WRITE) } },
	{ .nr = SCMP_SYS(mprotect), .n_args = 1, .args = { MASKED_ALL(2, PROT_EXEC) } },
	{ .nr = SCMP_SYS(pkey_mprotect), .n_args = 1, .args = { MASKED_ALL(2, PROT_EXEC) } },
};
/* clang-format on */

#define N(a) (sizeof(a) / sizeof((a)[0]))

static int add_calls(scmp_filter_ctx f, uint32_t action, const struct call *v, size_t n)
{
	int err = 0;
	for (size_t i = 0; i < n && !err; i++)
		err = seccomp_rule_add_array(f, action, v[i].nr, v[i].n_args, v[i].args);
	return err;
}

/* Of clone3() no filter sees the flags: the C library takes clone() where it is not there. */
static int refuse_clone3(scmp_filter_ctx f)
{
	return seccomp_rule_add_array(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0, NULL);
}

/* Nothing but AF_UNIX and AF_NETLINK. */
static int refuse_families(scmp_filter_ctx f)
{
	int err = refuse_clone3(f);
	if (!err)
		err = add_calls(f, SCMP_ACT_ERRNO(EPERM), families_refused, N(families_refused));
	for (unsigned family = AF_UNIX + 1; family < AF_NETLINK && !err; family++) {
		const struct scmp_arg_cmp is = EQUALS(0, family);
		err = seccomp_rule_add_array(f, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(socket), 1, &is);
	}
	return err;
}

/* Directories that a process may read from (base/landlock.h): libpcap looks for what an interface
 * is. */
static const char *const no_files[] = { NULL }, *const files_of_keeper[] = { "/proc", "/sys",
									     NULL };

static int shut_files(const char *const *readable)
{
	if (SANITIZERS)
		return 0;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? -errno : landlock_shut(readable);
}

/* Loads and frees it: never unguarded when this fails, since the caller ends. */
static int load_filter(scmp_filter_ctx f, int err)
{
	if (!err)
		err = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? -errno : seccomp_load(f);
	seccomp_release(f);
	return err;
}

/* ---- descriptors, limits, environment ---- */

static int limit(int what, rlim_t most)
{
	const struct rlimit r = { most, most };
	return setrlimit((__rlimit_resource_t)what, &r) ? -errno : 0;
}

/* /dev/null for a standard descriptor: what is opened later must not get its number. */
static int null_for(int fd)
{
	int null = open("/dev/null", O_RDWR);
	if (null < 0)
		return -errno;
	if (null == fd)
		return 0;
	int err = dup2(null, fd) < 0 ? -errno : 0;
	close(null);
	return err;
}

static int close_from(unsigned first, unsigned last)
{
	return first > last || syscall(SYS_close_range, first, last, 0) == 0 ? 0 : -errno;
}

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* All above 2 but these. */
static int close_but(int *keep, size_t n)
{
	unsigned from = 3;
	int err = 0;
	qsort(keep, n, sizeof(*keep), by_number);
	for (size_t i = 0; i < n && !err; i++) {
		err = close_from(from, (unsigned)keep[i] - 1);
		from = (unsigned)keep[i] + 1;
	}
	return err ? err : close_from(from, ~0u);
}

/* Only what zoned itself asks for is left, also in /proc/PID/environ: the environment of a
 * shell holds passwords more often than not, and inspectors have a copy of our memory. */
static int clear_environment(void)
{
	static const char *const wanted[] = { "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID",
					      "TZ" };
	char *kept[N(wanted)] = { NULL };
	int err = 0;
	for (size_t i = 0; i < N(wanted); i++)
		if (getenv(wanted[i]) && !(kept[i] = strdup(getenv(wanted[i]))))
			err = -ENOMEM;
	for (char **e = environ; e && *e; e++)
		memset(*e, 0, strlen(*e));
	clearenv();
	for (size_t i = 0; i < N(wanted); i++) {
		if (kept[i] && setenv(wanted[i], kept[i], 1))
			err = -errno;
		free(kept[i]);
	}
	return err;
}

/* None can come back by a program that is started; without CAP_SETPCAP the set stays, and
 * no_new_privs alone is why none can. */
static int clear_bounding_set(void)
{
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap) >= 0; cap++)
		if (prctl(PR_CAPBSET_DROP, cap) && errno != EPERM)
			return -errno;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? -errno : 0;
}

/* ---- the processes ---- */

int confine_start(void)
{
	struct rlimit files;
	int err = null_for(0);
	for (int fd = 1; fd <= 2 && !err; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			err = null_for(fd);
	if (!err)
		err = close_from(3, ~0u);
	if (!err)
		err = clear_environment();
	if (!err && getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_max > FILES_MAX)
		err = limit(RLIMIT_NOFILE, FILES_MAX);
	if (!err)
		err = limit(RLIMIT_CORE, 0);
	if (!err)
		err = clear_bounding_set();
	if (!err && !SANITIZERS && prctl(PR_SET_DUMPABLE, 0))
		err = -errno;
	return err;
}

int confine_families(void)
{
	if (SANITIZERS)
		return 0;
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
	return f ? load_filter(f, refuse_families(f)) : -ENOMEM;
}

int confine_parent(void)
{
	if (SANITIZERS) /* the search for leaks at the end traces this process */
		return 0;
	if (prctl(PR_SET_DUMPABLE, 0))
		return -errno;
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
	if (!f)
		return -ENOMEM;
	int err = add_calls(f, SCMP_ACT_ERRNO(EPERM), all_refused, N(all_refused));
	if (!err)
		err = add_calls(f, SCMP_ACT_ERRNO(EPERM), parent_refused, N(parent_refused));
	return load_filter(f, err ? err : refuse_families(f));
}

/* Of a process that only waits for others: these descriptors, no file to write to, and none to read
 * but these. */
static int keep_only(int *keep, size_t n, const char *const *readable)
{
	int err = close_but(keep, n);
	for (int fd = 0; fd <= 2 - SANITIZERS && !err; fd++)
		err = null_for(fd);
	if (!err)
		err = limit(RLIMIT_FSIZE, 0);
	if (!err && prctl(PR_SET_DUMPABLE, 0))
		err = -errno;
	return err ? err : shut_files(readable);
}

int confine_spawner(int *keep, size_t n)
{
	int err = keep_only(keep, n, no_files);
	if (!err)
		err = limit(RLIMIT_CORE, 0);
	if (err || SANITIZERS)
		return err;
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	if (!f)
		return -ENOMEM;
	err = add_calls(f, SCMP_ACT_ALLOW, inspector_calls, N(inspector_calls));
	return load_filter(f, err ? err
				  : add_calls(f, SCMP_ACT_ALLOW, spawner_calls, N(spawner_calls)));
}

int confine_inspector_descriptors(int keep)
{
	if (dup2(keep, 0) < 0)
		return -errno;
	return SANITIZERS ? close_from(1, 1) || close_from(3, ~0u) : close_from(1, ~0u);
}

/* files: poll(2) refuses more entries than RLIMIT_NOFILE. The descriptors below it are taken, so
 * that still none can be opened. */
static int limit_reader(rlim_t files, size_t memory)
{
	int err = limit(RLIMIT_NOFILE, files);
	if (!err)
		err = limit(RLIMIT_NPROC, 0);
	if (!err)
		err = limit(RLIMIT_CORE, 0);
	if (!err)
		err = limit(RLIMIT_FSIZE, 0);
	if (!err && !SANITIZERS)
		err = limit(RLIMIT_DATA, memory);
	return err;
}

int confine_inspector(void)
{
	const struct mallinfo2 m = mallinfo2();
	int err = limit_reader(1, m.arena + m.hblkhd + MEMORY_MORE);
	if (err)
		return err;
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);
	return f ? load_filter(f, add_calls(f, SCMP_ACT_ALLOW, inspector_calls, N(inspector_calls)))
		 : -ENOMEM;
}

int confine_tap_keeper(int *keep, size_t n)
{
	int err = keep_only(keep, n, files_of_keeper);
	if (err || SANITIZERS)
		return err;
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
	if (!f)
		return -ENOMEM;
	err = refuse_clone3(f);
	return load_filter(
		f, err ? err : add_calls(f, SCMP_ACT_ERRNO(EPERM), all_refused, N(all_refused)));
}

/* Octets of data that this process has, connections with them; 0: nobody tells. */
static size_t data_size(void)
{
	size_t pages = 0;
	FILE *f = fopen("/proc/self/statm", "re");
	if (f && fscanf(f, "%*u %*u %*u %*u %*u %zu", &pages) != 1)
		pages = 0;
	if (f)
		fclose(f);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

int confine_tap_reader(void)
{
	enum { STANDARD = 3 }; /* and libpcap waits for two */
	size_t has = data_size();
	int err = has ? shut_files(no_files) : -EIO;
	if (!err)
		err = limit_reader(STANDARD, has + TAP_MEMORY_MORE);
	if (!err && prctl(PR_SET_DUMPABLE, 0))
		err = -errno;
	if (err || SANITIZERS)
		return err;
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);
	if (!f)
		return -ENOMEM;
	err = add_calls(f, SCMP_ACT_ALLOW, inspector_calls, N(inspector_calls));
	return load_filter(
		f, err ? err : add_calls(f, SCMP_ACT_ALLOW, tap_reader_calls, N(tap_reader_calls)));
}
