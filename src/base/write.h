/* SPDX-License-Identifier: MIT
 * All of it to a file, however often the system takes a part. */
#ifndef ZONED_BASE_WRITE_H
#define ZONED_BASE_WRITE_H

#include <errno.h>
#include <stddef.h>
#include <unistd.h>

/* 0 or -errno; -ENOSPC where write() takes nothing without an error. */
static inline int write_whole(int fd, const void *p, size_t n)
{
	const char *at = p;
	while (n > 0) {
		ssize_t put = write(fd, at, n);
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return put < 0 ? -errno : -ENOSPC;
		at += put;
		n -= (size_t)put;
	}
	return 0;
}

/* The end of a file that was written (err: 0 or why not): on the disk, and closed. fd < 0: there is
 * none. err, or else 0 or -errno. */
static inline int write_end(int fd, int err)
{
	if (!err && fsync(fd))
		err = -errno;
	if (fd >= 0 && close(fd) && !err)
		err = -errno;
	return err;
}

#endif
