/* SPDX-License-Identifier: MIT
 *
 * zonectl, with a power cut: in the system call number $CUT of those that change files it ends at
 * once, with status 99, a write with half of its octets. Behind the last one it ends as always.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

ssize_t __real_write(int fd, const void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n);
int __real_renameat(int from, const char *name, int to, const char *other);
int __wrap_renameat(int from, const char *name, int to, const char *other);
int __real_unlinkat(int dir, const char *name, int flags);
int __wrap_unlinkat(int dir, const char *name, int flags);
int __real_mkdirat(int dir, const char *name, mode_t mode);
int __wrap_mkdirat(int dir, const char *name, mode_t mode);
int __real_fsync(int fd);
int __wrap_fsync(int fd);

enum { CUT_STATUS = 99 };

static int is_cut(void)
{
	static int n;
	const char *cut = getenv("CUT");
	return cut && ++n == strtol(cut, NULL, 10);
}

ssize_t __wrap_write(int fd, const void *p, size_t n)
{
	if (is_cut()) {
		ssize_t half = __real_write(fd, p, n / 2);
		_exit(half < 0 ? CUT_STATUS + 1 : CUT_STATUS);
	}
	return __real_write(fd, p, n);
}

int __wrap_renameat(int from, const char *name, int to, const char *other)
{
	if (is_cut())
		_exit(CUT_STATUS);
	return __real_renameat(from, name, to, other);
}

int __wrap_unlinkat(int dir, const char *name, int flags)
{
	if (is_cut())
		_exit(CUT_STATUS);
	return __real_unlinkat(dir, name, flags);
}

int __wrap_mkdirat(int dir, const char *name, mode_t mode)
{
	if (is_cut())
		_exit(CUT_STATUS);
	return __real_mkdirat(dir, name, mode);
}

int __wrap_fsync(int fd)
{
	if (is_cut())
		_exit(CUT_STATUS);
	return __real_fsync(fd);
}
