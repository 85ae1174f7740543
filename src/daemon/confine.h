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
 *	(the processes of taps: confine_tap_keeper(), confine_tap_reader())
 *	files (Landlock, where the kernel has it)
 *			-			none			none
 *	memory		never writable and	never executable	never executable,
 *			executable		again			64 MB more at most
 *
 * All functions return 0 or -errno; a process that cannot be confined must not go on.
 */
#ifndef ZONED_DAEMON_CONFINE_H
#define ZONED_DAEMON_CONFINE_H

#include <stddef.h>

/* Called before anything is opened. Removes the descriptors, the environment and the privileges
 * of the caller's shell, and keeps the memory out of core dumps. */
int confine_start(void);
/* Called when taps and what resets their connections are open: no sockets of families but AF_UNIX
 * and AF_NETLINK from now on. Processes made later inherit it. */
int confine_families(void);
/* Called when all is in force and the rights are given up. Threads made later inherit it. */
int confine_parent(void);
/* Keeps these descriptors, and /dev/null as 0 to 2. */
int confine_spawner(int *keep, size_t n);
/* Keeps this descriptor, as 0. After it the process has the memory that it will ever have. */
int confine_inspector_descriptors(int keep);
int confine_inspector(void);
/* Keeps these descriptors, and /dev/null as 0 to 2. It may still open captures (packet sockets) and
 * make a process; no other programs, name spaces, other processes' memory. */
int confine_tap_keeper(int *keep, size_t n);
/* Keeps what it has. It may read a capture that is open, and what an inspector may. */
int confine_tap_reader(void);

#endif
