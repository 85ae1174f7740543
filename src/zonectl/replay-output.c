/* SPDX-License-Identifier: MIT
 * Records to standard output. What is handed over ends at a line's end, so no line is cut by who
 * reads a pipe. */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "zonectl/replay-parts.h"

void output_init(struct output *o, int fd)
{
	*o = (struct output){ .fd = fd, .at_once = isatty(fd) };
}

bool output_write(struct output *o, const char *p, size_t n)
{
	while (n && !o->err) {
		ssize_t put = write(o->fd, p, n);
		if (put >= 0) {
			p += put;
			n -= (size_t)put;
		} else if (errno == EAGAIN) { /* somebody else's descriptor, too */
			struct pollfd wait = { .fd = o->fd, .events = POLLOUT };
			poll(&wait, 1, -1);
		} else if (errno != EINTR) {
			o->err = errno;
		}
	}
	return !o->err;
}
