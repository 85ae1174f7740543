/* SPDX-License-Identifier: MIT
 * Landlock (landlock.h), by its system calls: the C library has none, and the kernel's headers of
 * Debian 12 know of version 2 only. */
#include "base/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BITS(n) ((UINT64_C(1) << (n)) - 1)

enum { ASK_VERSION = 1, PATH_BENEATH = 1 };

/* struct landlock_ruleset_attr; a kernel takes as much of it as is not zero. */
struct ruleset_attr {
	uint64_t files, ports, scopes;
};

/* struct landlock_path_beneath_attr */
struct beneath_attr {
	uint64_t allowed;
	int32_t dir;
} __attribute__((packed));

static const uint64_t read_file = 1 << 2, read_dir = 1 << 3;

/* All that a version can refuse. */
static const struct ruleset_attr refused[] = {
	[1] = { .files = BITS(13) }, /* open, make, remove, run */
	[2] = { .files = BITS(14) }, /* link to another directory */
	[3] = { .files = BITS(15) }, /* truncate */
	[LANDLOCK_TCP] = { .files = BITS(15), .ports = BITS(2) },
	[5] = { .files = BITS(16), .ports = BITS(2) }, /* ioctl of devices */
	[LANDLOCK_SIGNALS] = { .files = BITS(16), .ports = BITS(2), .scopes = BITS(2) },
};
enum { KNOWN = sizeof(refused) / sizeof(refused[0]) - 1 };

int landlock_version(void)
{
	long v = syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, ASK_VERSION);
	return v > 0 ? (int)v : 0;
}

static int let_read(int rules, const char *path)
{
	struct beneath_attr a = { .allowed = read_file | read_dir };
	a.dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (a.dir < 0)
		return errno == ENOENT ? 0 : -errno;
	long err = syscall(SYS_landlock_add_rule, rules, PATH_BENEATH, &a, 0) ? -errno : 0;
	close(a.dir);
	return (int)err;
}

int landlock_shut(const char *const *readable)
{
	int version = landlock_version(), err = 0;
	if (!version)
		return 0;
	struct ruleset_attr a = refused[version < KNOWN ? version : KNOWN];
	int rules = (int)syscall(SYS_landlock_create_ruleset, &a, sizeof(a), 0);
	if (rules < 0)
		return -errno;
	for (; *readable && !err; readable++)
		err = let_read(rules, *readable);
	if (!err && syscall(SYS_landlock_restrict_self, rules, 0))
		err = -errno;
	close(rules);
	return err;
}
