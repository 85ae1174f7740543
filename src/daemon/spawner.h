/* SPDX-License-Identifier: MIT
 * The spawner: a process without capabilities that starts inspectors on
 * request, so that the parent needs no right to change users. */
#ifndef ZONED_DAEMON_SPAWNER_H
#define ZONED_DAEMON_SPAWNER_H

#include <sys/types.h>

#include "daemon/inspector.h"

enum { INSPECTORS_MAX = 16 };

/* A message on the socket, in either direction. */
struct spawn_msg {
	/* to it: 's'tart, 'k'ill; from it: 'r'eady or 'f'ailed, once, then 's'tarted, 'd'ied */
	char what;
	unsigned char index; /* of the inspector; with 'f': the number of the step */
	pid_t pid;	     /* with 's': -1: there is none */
	int status;	     /* of wait(2), with 'd'; errno, with 'f' and 's' */
};

struct spawner_handle {
	int fd; /* the parent's end of the socket */
	pid_t pid;
	const char *failed; /* the step of its start that failed; NULL: none */
};

/* Fork it, as uid and gid when they are not 0, and wait until it is ready. 0 or -errno; then
 * h->failed names the step of its start. */
int spawner_start(const struct inspector_conf *conf, unsigned n, uid_t uid, gid_t gid,
		  struct spawner_handle *h);
/* End it and wait for its end; the kernel ends the inspectors with it. */
void spawner_stop(struct spawner_handle *h);

#endif
