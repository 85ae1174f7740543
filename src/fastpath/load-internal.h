/* SPDX-License-Identifier: MIT
 * The parent's side of the in-kernel path, as its files share it. */
#ifndef ZONED_FASTPATH_LOAD_INTERNAL_H
#define ZONED_FASTPATH_LOAD_INTERNAL_H

#include <bpf/libbpf.h>

#include "fastpath/load.h"

struct fastpath {
	struct bpf_object *obj;
	unsigned inspectors;
	uint32_t slots; /* per inspector */
	uint32_t bank;	/* policies per generation */
	/* likewise flows without inspection, and what is counted for them */
	uint32_t plain, plain_used;
	uint32_t shift; /* of a flow's number in a mark */
	struct fast_slot *map[FAST_INSPECTORS];
	struct fast_rate *rates;
	/* the flow entries, by slot; mapped in this process only, and so are: */
	struct fast_entry *table;
	struct fast_set *set;
	struct fast_front *front;
	struct fast_plain *flow;      /* without inspection */
	struct fast_claimed *claimed; /* two */
	uint32_t sets;		      /* power of two */
	uint16_t sharers[FAST_HINTS]; /* entries that want this place */
	uint64_t seed;
	uint32_t version; /* of the newest entry */
	int policies, used, back;
	int cpus;
	void *per_cpu; /* room for one value of a per-CPU map */
	bool first;    /* the program knows packets' way out */
};

/* The place of a flow's policy, and of what is counted for it. */
static inline uint32_t policy_index(const struct fastpath *fp, uint32_t generation, uint32_t flow)
{
	return (generation & 1) * fp->bank + flow;
}

/* load-layout.c: where this kernel keeps a packet's bytes, its connection and its way out; false:
 * it does not say. */
bool fastpath_layout(struct fast_layout *l);

#endif
