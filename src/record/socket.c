/* SPDX-License-Identifier: MIT
 * Datagrams to a local socket (unix(7)). */
#include "record/socket.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int socket_connect(struct datagram_socket *s)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	size_t n = strlen(s->path);
	if (n >= sizeof(a.sun_path))
		return -ENAMETOOLONG;
	memcpy(a.sun_path, s->path, n + 1);
	s->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int err = s->fd < 0 || connect(s->fd, (struct sockaddr *)&a, sizeof(a)) ? -errno : 0;
	if (err)
		socket_close(s);
	return err;
}

int socket_put(struct datagram_socket *s, const char *data, size_t n)
{
	int err = s->fd < 0 ? socket_connect(s) : 0;
	if (!err && send(s->fd, data, n, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		err = errno == ENOBUFS ? -EAGAIN : -errno;
	/* another listener has another socket of the same name */
	if (err && err != -EAGAIN && err != -EMSGSIZE)
		socket_close(s);
	return err;
}

void socket_wait(const struct datagram_socket *s, int ms)
{
	struct pollfd p = { .fd = s->fd, .events = POLLOUT };
	poll(&p, 1, ms);
}

void socket_close(struct datagram_socket *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}
