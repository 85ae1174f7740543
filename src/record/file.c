/* SPDX-License-Identifier: MIT
 *
 * A file of lines. It is only appended to, one write(2) per line; a line that a full disk cut is
 * ended before the next one, so a reader loses that line and no other.
 */
#include "record/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

int line_file_open(struct line_file *f, const char *path)
{
	struct stat st;
	f->path = path;
	/* O_NONBLOCK: opening a pipe must not wait for a reader */
	f->fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0640);
	int err = f->fd < 0 ? -errno : 0;
	if (!err && fstat(f->fd, &st) < 0)
		err = -errno;
	if (!err && !S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode))
		err = -EINVAL; /* a pipe's dying reader would end us with SIGPIPE */
	if (err)
		line_file_close(f);
	return err;
}

int line_file_reopen(struct line_file *f)
{
	struct line_file again = { .fd = -1 };
	int err = line_file_open(&again, f->path);
	if (err)
		return err;
	line_file_close(f);
	f->fd = again.fd;
	return 0;
}

void line_file_close(struct line_file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
	f->torn = false;
}

int line_file_put(struct line_file *f, const char *line, size_t n)
{
	static char end[] = "\n";
	struct iovec v[3] = { { end, f->torn ? 1 : 0 },
			      { (void *)(uintptr_t)line, n },
			      { end, 1 } };
	size_t whole = v[0].iov_len + n + 1;
	ssize_t put = -1;
	int err = EBADF;
	if (f->fd >= 0) {
		put = writev(f->fd, v, 3);
		err = put < 0 ? errno : ENOSPC;
	}
	if (put == (ssize_t)whole) {
		f->torn = false;
		return 0;
	}
	/* only the repair's own line end went in: the file ends at a line again */
	if (put > 0)
		f->torn = !(f->torn && put == 1);
	return -err;
}
