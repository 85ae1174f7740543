/* SPDX-License-Identifier: MIT
 * The spawner. */
#include "daemon/spawner.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/confine.h"
#include "daemon/steps.h"

enum { READY_MS = 2000 };

struct spawner {
	const struct inspector_conf *conf;
	uid_t uid; /* 0: it stays who it is */
	gid_t gid;
	int sig; /* says that a child has ended */
	unsigned n;
	int fd;
	pid_t pid[INSPECTORS_MAX];
	sigset_t old;
};

static void unmap(const struct inspector_conf *c)
{
	munmap(c->shm, sizeof(struct shared));
	images_forget(&c->images);
	if (c->fast)
		munmap(c->fast, c->n_fast * sizeof(*c->fast));
}

static pid_t fork_inspector(const struct spawner *s, unsigned index)
{
	pid_t parent = getpid();
	pid_t pid = fork();
	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "zoned: inspect");
	if (getppid() != parent)
		_exit(1);
	signal(SIGINT, SIG_IGN); /* the parent ends us, not the terminal */
	signal(SIGHUP, SIG_IGN);
	sigprocmask(SIG_SETMASK, &s->old, NULL);
	for (unsigned i = 0; i < s->n; i++) /* nobody else's packets and verdicts */
		if (i != index)
			unmap(&s->conf[i]);
	inspector_run(&s->conf[index]);
}

static void tell_parent(const struct spawner *s, struct spawn_msg m)
{
	if (send(s->fd, &m, sizeof(m), MSG_NOSIGNAL) != sizeof(m))
		_exit(0);
}

static void on_request(struct spawner *s)
{
	struct spawn_msg m;
	if (recv(s->fd, &m, sizeof(m), 0) != sizeof(m))
		_exit(0); /* the parent is gone; inspectors follow */
	if (m.index >= s->n)
		return;
	if (m.what == 'k' && s->pid[m.index] > 0)
		kill(s->pid[m.index], SIGKILL);
	if (m.what != 's' || s->pid[m.index] > 0)
		return;
	s->pid[m.index] = fork_inspector(s, m.index);
	tell_parent(s, (struct spawn_msg){ .what = 's',
					   .index = m.index,
					   .pid = s->pid[m.index],
					   .status = s->pid[m.index] < 0 ? errno : 0 });
}

static void reap_inspectors(struct spawner *s)
{
	int status;
	pid_t pid;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (unsigned i = 0; i < s->n; i++) {
			if (s->pid[i] != pid)
				continue;
			s->pid[i] = 0;
			tell_parent(s, (struct spawn_msg){ .what = 'd',
							   .index = (unsigned char)i,
							   .pid = pid,
							   .status = status });
		}
	}
}

/* ---- start ---- */

static int hear_children(void *ctx)
{
	struct spawner *s = ctx;
	sigset_t chld;
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, &s->old);
	s->sig = signalfd(-1, &chld, SFD_CLOEXEC | SFD_NONBLOCK);
	return s->sig < 0 ? -errno : 0;
}

static int become_user(void *ctx)
{
	const struct spawner *s = ctx;
	if (!s->uid)
		return 0;
	if (setgroups(0, NULL) || setresgid(s->gid, s->gid, s->gid) ||
	    setresuid(s->uid, s->uid, s->uid))
		return -errno;
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* changing users clears it */
	return 0;
}

/* Without a user to change to, capabilities would stay: they are cleared in either case. */
static int drop_capabilities(void *ctx)
{
	(void)ctx;
	capng_clear(CAPNG_SELECT_BOTH);
	return capng_apply(CAPNG_SELECT_CAPS) ? -EPERM : 0;
}

static int confine_this_spawner(void *ctx)
{
	const struct spawner *s = ctx;
	int keep[INSPECTORS_MAX + 2] = { s->fd, s->sig };
	for (unsigned i = 0; i < s->n; i++)
		keep[i + 2] = s->conf[i].told;
	return confine_spawner(keep, s->n + 2);
}

/* clang-format off */
static const struct child_step steps[] = {
	{ "word of its children", hear_children },
	{ "the user to become", become_user },
	{ "capabilities to give up", drop_capabilities },
	{ "what confines it", confine_this_spawner },
};
/* clang-format on */
enum { STEPS = sizeof(steps) / sizeof(steps[0]) };

static void take_spawner_steps(struct spawner *s)
{
	int err;
	unsigned failed = child_steps_take(steps, STEPS, s, &err);
	tell_parent(s, (struct spawn_msg){ .what = failed ? 'f' : 'r',
					   .index = (unsigned char)failed,
					   .status = -err });
	if (failed)
		_exit(1);
}

static _Noreturn void run_spawner(struct spawner *s)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "zoned: spawner");
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	take_spawner_steps(s);
	struct pollfd fds[2] = { { .fd = s->fd, .events = POLLIN },
				 { .fd = s->sig, .events = POLLIN } };
	for (;;) {
		struct signalfd_siginfo si;
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			_exit(1);
		while (read(s->sig, &si, sizeof(si)) == sizeof(si))
			;
		reap_inspectors(s);
		if (fds[0].revents)
			on_request(s);
	}
}

/* Its first word: it is ready, or which step failed. */
static int await_ready(struct spawner_handle *h)
{
	struct pollfd fd = { .fd = h->fd, .events = POLLIN };
	struct spawn_msg m;
	int n = poll(&fd, 1, READY_MS);
	if (n <= 0)
		return n < 0 ? -errno : -ETIMEDOUT;
	if (recv(h->fd, &m, sizeof(m), MSG_DONTWAIT) != sizeof(m))
		return -EPIPE; /* it ended without a word */
	if (m.what == 'r')
		return 0;
	h->failed = child_step_name(steps, STEPS, m.index);
	return m.status > 0 ? -m.status : -EIO;
}

int spawner_start(const struct inspector_conf *conf, unsigned n, uid_t uid, gid_t gid,
		  struct spawner_handle *h)
{
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	pid_t pid = fork();
	if (pid < 0) {
		int err = -errno;
		close(pair[0]);
		close(pair[1]);
		return err;
	}
	if (pid == 0) {
		struct spawner s = { .conf = conf, .uid = uid, .gid = gid, .n = n, .fd = pair[1] };
		close(pair[0]);
		run_spawner(&s);
	}
	close(pair[1]);
	*h = (struct spawner_handle){ .fd = pair[0], .pid = pid };
	int err = await_ready(h);
	const char *failed = h->failed;
	if (err)
		spawner_stop(h);
	h->failed = failed;
	return err;
}

/* Killed, and not only told by the end of the socket: it may hang. */
void spawner_stop(struct spawner_handle *h)
{
	close(h->fd);
	kill(h->pid, SIGKILL);
	while (waitpid(h->pid, NULL, 0) < 0 && errno == EINTR)
		;
	*h = (struct spawner_handle){ .fd = -1 };
}
