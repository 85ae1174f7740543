/* SPDX-License-Identifier: MIT
 *
 * A few places that many connections want, shared among their sources (source.h).
 * Fixed size, no allocation after share_init(), constant work per call.
 *
 * While places are free anybody may have them. When there are none, a source that has many
 * yields to one that has fewer:
 *
 *	it has two or more above	at once, so that nobody is kept out by who has many, and
 *					who has as many as others is not pushed below them
 *	it has one more			a place that was of no use for SHARE_LIGHT_NS: a crowd
 *					with one place each, and silent, keeps nobody out
 *	it has as many			a place that was of no use for SHARE_STALE_NS
 *
 * Never one that has fewer. Candidates are a place of the source that has the most, and a
 * bounded number of others, another time others. What yielding means, and whether a place can
 * be had without it, is for who has the pool.
 */
#ifndef ZONED_INSPECT_SHARE_H
#define ZONED_INSPECT_SHARE_H

#include "inspect/source.h"

enum { SHARE_ASKED = 16 }; /* candidates at a time */

#define SHARE_LIGHT_NS UINT64_C(2000000000)
#define SHARE_STALE_NS UINT64_C(30000000000)

struct share_place {
	struct connection_link link; /* in its source's list, or among the free ones */
	uint32_t source;	     /* index + 1; 0: free */
	uint32_t owner;		     /* its owner, by the pool's own number */
};

struct share {
	struct share_place *v;
	uint32_t n, hand; /* hand: the next candidate */
	struct connection_list free;
	struct sources sources; /* those that have places */
};

bool share_init(struct share *s, uint32_t n, const uint64_t key[2]);
void share_free(struct share *s);
/* A place for a connection of this client, + 1; 0: none is free. */
uint32_t share_enter(struct share *s, const struct addr *client, uint32_t owner);
void share_leave(struct share *s, uint32_t place);
uint32_t share_has(const struct share *s, const struct addr *client);
/* No place is free: the i-th candidate; *has: how many places its source has. */
uint32_t share_candidate(struct share *s, unsigned i, uint32_t *has);
/* Does a source that has so many places give one up, which was of no use for so long, to who
 * has own? */
bool share_yields(uint32_t has, uint32_t own, uint64_t useless_ns);

#endif
