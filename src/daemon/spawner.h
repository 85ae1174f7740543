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
	char what; /* to it: 's'tart, 'k'ill; from it: 's'tarted, 'd'ied */
	unsigned char index;
	pid_t pid;
	int status; /* of wait(2), with 'd' */
};

struct spawner_handle {
	int fd; /* the parent's end of the socket */
	pid_t pid;
};

/* Fork it, as uid and gid when they are not 0. 0 or -errno. */
int spawner_start(const struct inspector_conf *conf, unsigned n, uid_t uid, gid_t gid,
		  struct spawner_handle *h);
/* End it and wait for its end; the kernel ends the inspectors with it. */
void spawner_stop(struct spawner_handle *h);

#endif
