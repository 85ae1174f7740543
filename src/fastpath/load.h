/* SPDX-License-Identifier: MIT
 *
 * The parent's side of the in-kernel path: loads the program, owns the maps,
 * makes flow entries. Needs CAP_BPF and CAP_PERFMON while fastpath_open() runs,
 * and no capability afterwards (so Linux 5.19 or later).
 */
#ifndef ZONED_FASTPATH_LOAD_H
#define ZONED_FASTPATH_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fastpath/claim.h"
#include "fastpath/fast.h"
#include "policy/policy.h"

enum {
	FAST_INSPECTORS = 16,
	/* of all inspectors, rounded up to whole pages for each: 33 MB of kernel memory */
	FAST_SLOTS = 8192,
	FAST_POLICIES = 1024, /* room for at least so many flows of an image */
};

struct fastpath;

/* Numbers to make room for. Models may grow to twice these numbers, or to a thousand. */
struct fast_room {
	unsigned inspectors;	  /* slots are divided among them */
	uint32_t max_connections; /* connections of one inspector */
	uint32_t flows;		  /* inspected flows of the image */
	uint32_t marks;		  /* all flows that have a mark, inspected or not */
	uint32_t conduits;
	uint32_t mark_mask; /* model->daemon.mark_mask */
};

/* NULL, and *why says in one sentence what this machine lacks. Of the two programs below only one
 * is loaded: the second where it can be, unless late. Nothing goes fast yet. */
struct fastpath *fastpath_open(const struct fast_room *room, bool late, const char **why);
/* NULL is fine; a rule that calls the program keeps it */
void fastpath_close(struct fastpath *fp);
/* Descriptor for a rule behind those that ask whether a packet's interfaces are those of its zones.
 * Negative: not loaded. */
int fastpath_late(const struct fastpath *fp);
/* The same for a rule before them: the program asks itself. Negative: not loaded; where late was
 * false, because this kernel does not say where it keeps a packet's way out (no BTF, or locked
 * down). */
int fastpath_first(const struct fastpath *fp);
/* Descriptor for a rule behind those that find a connection's flow and write it to the packet's
 * mark; with fastpath_first() only. It always matches. Negative: not loaded. */
int fastpath_learn(const struct fastpath *fp);
/* Forget the flows that the program has learned: the rules have to find them again. */
void fastpath_unlearn(struct fastpath *fp);
uint32_t fastpath_slots(const struct fastpath *fp); /* per inspector */
/* This inspector's slots, shared memory; stays mapped in children. */
struct fast_slot *fastpath_map(const struct fastpath *fp, unsigned inspector);
/* The conduits' rate limits by conduit_id, FAST_RATES of them, which the program counts in; stays
 * mapped in children. What an inspector passes must be counted there too. */
struct fast_rate *fastpath_rates(const struct fastpath *fp);
/* Write the policies of img, which is not in force yet. Flows beyond the room made at the
 * start stay slow. 0 or -errno. */
int fastpath_policy(struct fastpath *fp, const struct pol_image *img);
uint32_t fastpath_bank(const struct fastpath *fp); /* the room: flows of one image */
/* The n flows of this generation that no inspector sees, their interfaces by number (used: which
 * conduit's, or the number of conduits: none's), in the place of what was given for it before;
 * claimed: the interfaces that zones name. Interfaces may have changed since fastpath_plain_stop():
 * those are what they are now. How many found no room, and go by the rules. */
size_t fastpath_plain(struct fastpath *fp, uint32_t generation, const struct fast_plain *v,
		      size_t n, const struct fast_claimed *claimed);
/* Interfaces may have changed: until fastpath_plain() all of these go by the rules, of either
 * generation. */
void fastpath_plain_stop(struct fastpath *fp);
/* From now on this generation is judged; 0: none, everything goes to the inspectors. */
void fastpath_switch(struct fastpath *fp, uint32_t generation);
/* Make the entries for a connection under img, the image in force. 0 or -errno:
 * -EINVAL nonsense, -EPERM not eligible, -EBUSY it is another inspector's, -ENOSPC too many share
 * its place in the table, -ERANGE an interface's number above 65535. The caller makes sure that its
 * interfaces are those of its zones. This and the two next: one call at a time. */
int fastpath_claim(struct fastpath *fp, unsigned inspector, const struct fast_claim *c,
		   const struct pol_image *img);
/* An inspector is gone: nobody can take its connections back, so none goes fast. */
void fastpath_forget(struct fastpath *fp, unsigned inspector);
/* An interface has another name now, or is gone: no packet goes fast by its number. 0: any. */
void fastpath_unplug(struct fastpath *fp, uint32_t ifindex);
/* Counts of what was passed for a flow of this generation's image since fastpath_policy(). 0 or
 * -errno. */
int fastpath_used(const struct fastpath *fp, uint32_t generation, uint32_t flow,
		  struct fast_used *sum);
/* The same for flows without inspection, by the number given as `used`. */
int fastpath_plain_used(const struct fastpath *fp, uint32_t generation, uint32_t used,
			struct fast_used *sum);
/* Packets that were given back to the inspectors, since the start. 0 or -errno. */
int fastpath_back(const struct fastpath *fp, uint64_t *packets);
/* NULL, or why the kernel's settings forbid the in-kernel path. */
const char *fastpath_forbidden(void);

#endif
