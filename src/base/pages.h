/* SPDX-License-Identifier: MIT
 * Large tables of one process: zeroed pages from the system, there only once
 * they are written to, and known to no allocator. */
#ifndef ZONED_BASE_PAGES_H
#define ZONED_BASE_PAGES_H

#include <stddef.h>
#include <sys/mman.h>

/* `n` octets; NULL: the system has none. pages_unmap() gives them back, as many. */
static inline void *pages_map(size_t n)
{
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return p == MAP_FAILED ? NULL : p;
}

static inline void pages_unmap(void *p, size_t n)
{
	if (p)
		munmap(p, n);
}

#endif
