/* SPDX-License-Identifier: MIT
 *
 * A conduit's rate limits, fair among its sources.
 *
 * The limit itself is one bucket, counted in a word that the in-kernel path counts in too
 * (struct fast_rate): as many tokens as may pass in a second. Who may have them:
 *
 *	 full                        half                        empty
 *	  |--- whoever comes first ---|--- who is within its share ---|
 *
 * While the bucket is more than half full anybody takes from it, in the kernel as well, and
 * nothing is counted by source: what some do not use others may. The other half is for those
 * who are within their share of the rate: that of one of all sources that wanted something of
 * this half in the last RATE_LATELY_NS, and of one more, so that who comes next finds some.
 * Together they take less than what comes in, so who wants much cannot empty it.
 *
 * Where a second's worth is RATE_FEW tokens or less there are no halves worth the name; then a
 * source that is alone may have what is there, and several take turns.
 *
 * A source is an IPv4 address or the /64 of an IPv6 address (source.h). RATE_SOURCES of them
 * are known at a time; more have the entry of the one that used the least, together.
 *
 * The tables are shared by all inspectors. Another one may write while this one reads: what is
 * lost is a source's entry or one of its tokens, never one of the limit's.
 */
#ifndef ZONED_INSPECT_RATE_H
#define ZONED_INSPECT_RATE_H

#include <stdbool.h>

#include "base/addr.h"
#include "fastpath/fast.h"

enum { RATE_SOURCES = 32, RATE_FEW = 8 };

#define RATE_LATELY_NS UINT64_C(10000000000)
#define RATE_BURST_NS UINT64_C(250000000) /* of its share's worth a source may take at once */

struct rate_source {
	uint64_t who; /* rate_who(); 0: nobody yet */
	uint64_t due; /* as the words of struct fast_rate, at the rate of a share */
};

/* The sources that use the rate limits of one conduit. */
struct rate_shares {
	struct rate_source requests[RATE_SOURCES], writes[RATE_SOURCES];
};

/* The source's number; never 0. */
uint64_t rate_who(const struct addr *a);
/* May `who` have one of `per_second` (0: no limit) at this time? Then it is taken. */
bool rate_take(uint64_t *word, struct rate_source v[RATE_SOURCES], uint32_t per_second,
	       uint64_t who, uint64_t now);

#endif
