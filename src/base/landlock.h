/* SPDX-License-Identifier: MIT
 *
 * Landlock (landlock(7)): a process gives up files, TCP ports and other processes, for good and
 * for all its children. A second boundary beside the filter of system calls, by what is reached
 * and not by which call. Kernels before 5.13, and those without it in their list of LSMs, have
 * none.
 */
#ifndef ZONED_BASE_LANDLOCK_H
#define ZONED_BASE_LANDLOCK_H

enum {
	LANDLOCK_TCP = 4,     /* the first version that refuses TCP ports */
	LANDLOCK_SIGNALS = 6, /* and signals to processes outside, and abstract local sockets */
};

/* What this kernel offers; 0: it has no Landlock, or this process may not ask. */
int landlock_version(void);
/* From now on the caller and its children can open no file but, to read, those beneath these
 * directories (NULL at the end), and reach as little as the kernel's version can refuse. What is
 * open stays. Needs no_new_privs. Does nothing where there is no Landlock. 0 or -errno. */
int landlock_shut(const char *const *readable);

#endif
