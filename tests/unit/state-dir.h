/* SPDX-License-Identifier: MIT
 * A directory with the one file of which a test is, STATE_FILE, which is defined before. */
#ifndef TESTS_UNIT_STATE_DIR_H
#define TESTS_UNIT_STATE_DIR_H

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[] = "/tmp/zoned-state.XXXXXX";
static int dir = -1;

static int make_dir(void **state)
{
	(void)state;
	dir = mkdtemp(path) ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	return dir < 0;
}

static int remove_dir(void **state)
{
	(void)state;
	unlinkat(dir, STATE_FILE, 0);
	unlinkat(dir, STATE_FILE ".unreadable", 0);
	close(dir);
	return rmdir(path);
}

static inline size_t read_text(char *to, size_t size)
{
	int fd = openat(dir, STATE_FILE, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, to, size);
	close(fd);
	assert_true(n > 0 && (size_t)n < size);
	return (size_t)n;
}

static void write_text(const char *text, size_t n)
{
	int fd = openat(dir, STATE_FILE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, text, n), (ssize_t)n);
	close(fd);
}

#endif
