/* SPDX-License-Identifier: MIT
 *
 * A local datagram socket that somebody listens to: a log daemon, the journal. syslog(3) loses
 * silently what nobody takes; this says so. Nothing here waits, but socket_wait().
 */
#ifndef ZONED_RECORD_SOCKET_H
#define ZONED_RECORD_SOCKET_H

#include <stddef.h>

struct datagram_socket {
	const char *path; /* the caller's, and stays */
	int fd;		  /* -1: not connected */
};

/* Sends one datagram, connected before where it is not. 0; -EAGAIN: the listener's queue is full;
 * other -errno: there is no listener, or it does not take this. */
int socket_put(struct datagram_socket *s, const char *data, size_t n);
/* Waits until its queue may have room, for at most so many ms. */
void socket_wait(const struct datagram_socket *s, int ms);
void socket_close(struct datagram_socket *s);

#endif
