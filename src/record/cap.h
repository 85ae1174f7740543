/* SPDX-License-Identifier: MIT
 *
 * So many records a second, and no source's hide another's.
 *
 * A bucket of CAP_BURST tokens, CAP_RATE more each second; a record costs one.
 *
 *	 full                        CAP_KEPT                    empty
 *	  |--- whoever comes first ---|--- who is within its share ---|
 *
 * While there are more than CAP_KEPT tokens any record is written. These are for those
 * within their share: CAP_RATE is divided among the groups that wanted something of them in
 * the last CAP_LATELY_NS, and one more; what a group has, among its sources likewise, and one
 * more. A group is a conduit, or the zone that refused flows come from; a source is an IPv4
 * address or the /64 of an IPv6 address. All shares together are less than what comes in, so they
 * are not used up for who wants little, however many others want much.
 *
 * Fixed size, no allocation, one pass over CAP_GROUPS and CAP_SOURCES per record. More groups, or
 * sources of one group, have the entry of the one that used the least, together. What was not
 * written is counted by source, or without one where the entry is another's: the sums are exact.
 */
#ifndef ZONED_RECORD_CAP_H
#define ZONED_RECORD_CAP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "record/reason.h"

enum {
	CAP_RATE = 50,
	CAP_BURST = 300,
	CAP_KEPT = 100,
	CAP_SPARED = 20,
	CAP_GROUPS = 32,
	CAP_SOURCES = 32,
	CAP_TOLD = 4
}; /* sources named at a time */

#define CAP_LATELY_NS UINT64_C(10000000000)
#define CAP_SAVED_NS UINT64_C(1000000000) /* of its share's worth a source may use at once */

/* The group and the source to which a record is counted, and why it is written. */
struct cap_who {
	uint32_t generation, group; /* group: a number of that generation */
	struct addr source;
	enum reason reason;
};

struct cap_entry {
	bool used;
	struct cap_who who;  /* of a group, without a source */
	uint64_t due;	     /* up to when its share is used */
	uint64_t suppressed; /* not told yet; of a source */
};

struct cap {			/* zeroed, and then cap_init() */
	uint64_t tokens, at_ns; /* whole records left; since when */
	/* not told yet: all; and of these, of sources without an entry */
	uint64_t suppressed, unnamed;
	uint64_t shown_ns[R_COUNT]; /* when a reason was last written; 0: never */
	struct cap_entry group[CAP_GROUPS], source[CAP_GROUPS][CAP_SOURCES];
};

void cap_init(struct cap *c);
/* May one more be written? Then it is counted as written, else as suppressed. */
bool cap_take(struct cap *c, const struct cap_who *who, uint64_t now);
typedef void (*cap_told)(void *ctx, const struct cap_who *who, uint64_t suppressed);
/* Tell what was suppressed: CAP_TOLD sources that had the most, and the rest together (who NULL).
 */
void cap_tell(struct cap *c, cap_told told, void *ctx);

#endif
