/* SPDX-License-Identifier: MIT
 *
 * The boundary around each process: what it holds, and what it may still ask of the
 * kernel. It does not depend on how zoned was started; the unit only adds to it.
 *
 *			parent			spawner			inspector
 *	descriptors	its own			/dev/null, a socket,	one event counter
 *						event counters
 *	capabilities	CAP_NET_ADMIN		none			none
 *	system calls	all but some		a list			a short list
 *	memory		never writable and	never executable	never executable,
 *			executable		again			64 MB more at most
 *
 * All functions return 0 or -errno; a process that cannot be confined must not go on.
 */
#ifndef ZONED_DAEMON_CONFINE_H
#define ZONED_DAEMON_CONFINE_H

#include <stddef.h>

/* Before anything is opened: none of the descriptors, the environment and the privileges
 * that somebody's shell had is left, and nothing that is held can be read out of a core. */
int confine_start(void);
/* When all is in force and the rights are given up; threads made later have it too. */
int confine_parent(void);
/* Keeps these descriptors, and /dev/null as 0 to 2. */
int confine_spawner(int *keep, size_t n);
/* Keeps this descriptor, as 0. After it the process has the memory that it will ever have. */
int confine_inspector_descriptors(int keep);
int confine_inspector(void);

#endif
