/* SPDX-License-Identifier: MIT
 * The process that opens a tap's capture, and starts its reader (tap.h). */
#include <cap-ng.h>
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/confine.h"
#include "daemon/tap.h"

enum { AGAIN_MS = 1000 };

struct keeper {
	const struct tap_conf *c;
	int fd, sig, ask; /* socket to the parent; word of the reader's end; for questions */
	struct capture *capture;
	unsigned ifindex;
	pid_t reader;
	bool down;
	sigset_t old;
	char told[TAP_TEXT]; /* the failure that was told last */
};

static void keeper_tells(struct keeper *k, struct tap_msg m)
{
	if (send(k->fd, &m, sizeof(m), MSG_NOSIGNAL) != sizeof(m))
		_exit(0);
}

static void tell_why(struct keeper *k, enum tap_word word, const char *why)
{
	struct tap_msg m = { .word = (char)word };
	snprintf(m.text, sizeof(m.text), "%s", why);
	keeper_tells(k, m);
}

static void tell_failure(struct keeper *k, const char *why)
{
	if (strcmp(k->told, why) == 0)
		return;
	snprintf(k->told, sizeof(k->told), "%s", why);
	tell_why(k, TAP_FAILED, why);
}

static void open_tap(struct keeper *k)
{
	char err[TAP_TEXT];
	k->ifindex = if_nametoindex(k->c->live.interface);
	k->capture = capture_live(&k->c->live, err, sizeof(err));
	if (!k->capture) {
		tell_failure(k, err);
		return;
	}
	k->told[0] = '\0';
	k->down = false;
	keeper_tells(k, (struct tap_msg){ .word = TAP_OPENED });
}

static void start_reader(struct keeper *k)
{
	pid_t keeper = getpid();
	if (!k->capture || k->reader > 0)
		return;
	pid_t pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, "zoned: tap");
		if (getppid() != keeper)
			_exit(1);
		sigprocmask(SIG_SETMASK, &k->old, NULL);
		close(k->fd);
		close(k->sig);
		close(k->ask);
		tap_reader_run(k->c, k->capture);
	}
	k->reader = pid;
	if (pid > 0) {
		keeper_tells(k, (struct tap_msg){ .word = TAP_STARTED, .pid = pid });
	} else {
		capture_close(k->capture);
		k->capture = NULL;
		tell_failure(k, "no process for its reader");
	}
}

/* Its capture is of no use to another one, which would not know how far it was read. */
static void reap_reader(struct keeper *k)
{
	struct signalfd_siginfo si;
	int status;
	while (read(k->sig, &si, sizeof(si)) == sizeof(si))
		;
	pid_t pid = waitpid(-1, &status, WNOHANG);
	if (pid <= 0 || pid != k->reader)
		return;
	k->reader = 0;
	capture_close(k->capture);
	k->capture = NULL;
	keeper_tells(k, (struct tap_msg){ .word = TAP_ENDED, .pid = pid, .status = status });
}

static bool interface_is_up(const struct keeper *k)
{
	struct ifreq r = { .ifr_flags = 0 };
	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", k->c->live.interface);
	return ioctl(k->ask, SIOCGIFFLAGS, &r) == 0 && (r.ifr_flags & IFF_UP);
}

/* An interface that was made again has another number: the capture is of the old one. */
static void look_at_interface(struct keeper *k)
{
	if (if_nametoindex(k->c->live.interface) != k->ifindex) {
		tell_failure(k, "the interface is gone");
		kill(k->reader, SIGKILL);
		return;
	}
	bool down = !interface_is_up(k);
	if (down != k->down)
		keeper_tells(k, (struct tap_msg){ .word = down ? TAP_DOWN : TAP_UP });
	k->down = down;
}

static void hear_parent(struct keeper *k)
{
	struct tap_msg m;
	if (recv(k->fd, &m, sizeof(m), 0) != sizeof(m))
		_exit(0); /* it is gone; the reader follows */
	if (m.word == TAP_GO)
		start_reader(k);
	else if (m.word == TAP_KILL && k->reader > 0)
		kill(k->reader, SIGKILL);
}

static _Noreturn void run_keeper(struct keeper *k)
{
	for (;;) {
		struct pollfd fds[2] = { { .fd = k->fd, .events = POLLIN },
					 { .fd = k->sig, .events = POLLIN } };
		if (!k->capture)
			open_tap(k);
		int n = poll(fds, 2, AGAIN_MS);
		if (n < 0 && errno != EINTR)
			_exit(1);
		if (n > 0 && fds[0].revents)
			hear_parent(k);
		if (n > 0 && fds[1].revents) {
			reap_reader(k);
			poll(NULL, 0, AGAIN_MS); /* one that ends at once is not started at once */
		}
		if (n == 0 && k->reader > 0)
			look_at_interface(k);
	}
}

/* ---- start ---- */

/* Not that of an inspector: a capture is opened again while zoned runs. */
static int keep_raw(const struct tap_conf *c)
{
	capng_clear(CAPNG_SELECT_BOTH);
	capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_NET_RAW);
	if (c->uid)
		return capng_change_id((int)c->uid, (int)c->gid, CAPNG_DROP_SUPP_GRP) ? -EPERM : 0;
	return capng_apply(CAPNG_SELECT_CAPS) ? -EPERM : 0;
}

static int may_capture(void)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	int err = fd < 0 ? -errno : 0;
	if (fd >= 0)
		close(fd);
	return err;
}

/* Without the right a keeper has nothing to wait for: none comes back while zoned runs. */
static _Noreturn void refuse_tap(struct keeper *k, int err)
{
	char why[TAP_TEXT];
	if (err == -EPERM || err == -EAFNOSUPPORT)
		snprintf(why, sizeof(why),
			 "zoned has no right to capture: a tap needs " TAP_RIGHTS);
	else
		snprintf(why, sizeof(why), "what confines its process: %s", strerror(-err));
	tell_why(k, TAP_REFUSED, why);
	_exit(1);
}

static void forget_other_taps(const struct tap_conf *c)
{
	for (unsigned i = 0; i < c->n; i++) {
		if (i == c->index)
			continue;
		munmap(c->others[i].shm, sizeof(*c->others[i].shm));
		images_forget(&c->others[i].images);
	}
}

static _Noreturn void become_keeper(const struct tap_conf *c, int fd, pid_t parent)
{
	struct keeper k = { .c = c, .fd = fd };
	sigset_t chld;
	prctl(PR_SET_NAME, "zoned: tapkeep");
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, &k.old);
	k.sig = signalfd(-1, &chld, SFD_CLOEXEC | SFD_NONBLOCK);
	k.ask = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	forget_other_taps(c);
	int err = k.sig < 0 || k.ask < 0 ? -errno : may_capture();
	if (!err)
		err = keep_raw(c);
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* changing users clears it */
	if (!err)
		err = confine_tap_keeper((int[]){ fd, k.sig, k.ask, c->told }, 4);
	if (err)
		refuse_tap(&k, err);
	if (getppid() != parent)
		_exit(0);
	run_keeper(&k);
}

int tap_keeper_start(const struct tap_conf *c, int *fd, pid_t *pid)
{
	int pair[2];
	pid_t parent = getpid();
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	*pid = fork();
	if (*pid == 0) {
		close(pair[0]);
		become_keeper(c, pair[1], parent);
	}
	int err = *pid < 0 ? -errno : 0;
	close(pair[1]);
	*fd = pair[0];
	if (err)
		close(pair[0]);
	return err;
}
