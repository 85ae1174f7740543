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

struct spawner {
	const struct inspector_conf *conf;
	unsigned n;
	int fd;
	pid_t pid[INSPECTORS_MAX];
	sigset_t old;
};

static void unmap(const struct inspector_conf *c)
{
	munmap(c->shm, sizeof(struct shared));
	if (c->fast)
		munmap(c->fast, c->n_fast * sizeof(*c->fast));
}

static pid_t fork_inspector(const struct spawner *s, unsigned index)
{
	const struct inspector_conf *c = &s->conf[index];
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
	struct inspector_conf mine = *c;
	mine.told = 0;
	if (confine_inspector_descriptors(c->told))
		_exit(1);
	inspector_run(&mine);
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
	tell_parent(s, (struct spawn_msg){ .what = 's', .index = m.index, .pid = s->pid[m.index] });
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

/* Without a user to change to, capabilities would stay: they are cleared in either case. */
static int drop_spawner_rights(uid_t uid, gid_t gid)
{
	capng_clear(CAPNG_SELECT_BOTH);
	if (uid && (setgroups(0, NULL) || setresgid(gid, gid, gid) || setresuid(uid, uid, uid)))
		return -1;
	if (uid) /* changing users clears the parent-death signal */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return capng_apply(CAPNG_SELECT_CAPS);
}

static _Noreturn void run_spawner(struct spawner *s, uid_t uid, gid_t gid)
{
	sigset_t chld;
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "zoned: spawner");
	sigprocmask(SIG_BLOCK, &chld, &s->old);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	int keep[INSPECTORS_MAX + 2] = { s->fd, signalfd(-1, &chld, SFD_CLOEXEC | SFD_NONBLOCK) };
	int sig = keep[1];
	for (unsigned i = 0; i < s->n; i++)
		keep[i + 2] = s->conf[i].told;
	if (sig < 0 || drop_spawner_rights(uid, gid) || confine_spawner(keep, s->n + 2))
		_exit(1);
	struct pollfd fds[2] = { { .fd = s->fd, .events = POLLIN },
				 { .fd = sig, .events = POLLIN } };
	for (;;) {
		struct signalfd_siginfo si;
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			_exit(1);
		while (read(sig, &si, sizeof(si)) == sizeof(si))
			;
		reap_inspectors(s);
		if (fds[0].revents)
			on_request(s);
	}
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
		struct spawner s = { .conf = conf, .n = n, .fd = pair[1] };
		close(pair[0]);
		run_spawner(&s, uid, gid);
	}
	close(pair[1]);
	*h = (struct spawner_handle){ .fd = pair[0], .pid = pid };
	return 0;
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
