/* SPDX-License-Identifier: MIT
 * Built without BPF: there is no in-kernel path, and every function that could fail says so. */
#include "fastpath/load.h"

#include <errno.h>

struct fastpath *fastpath_open(const struct fast_room *room, bool late, const char **why)
{
	(void)room;
	(void)late;
	*why = "built without BPF";
	return NULL;
}

/* None of these has a fastpath to be called with. */
void fastpath_close(struct fastpath *fp)
{
	(void)fp;
}

int fastpath_late(const struct fastpath *fp)
{
	(void)fp;
	return -1;
}

int fastpath_first(const struct fastpath *fp)
{
	(void)fp;
	return -1;
}

int fastpath_learn(const struct fastpath *fp)
{
	(void)fp;
	return -1;
}

uint32_t fastpath_slots(const struct fastpath *fp)
{
	(void)fp;
	return 0;
}

struct fast_slot *fastpath_map(const struct fastpath *fp, unsigned inspector)
{
	(void)fp;
	(void)inspector;
	return NULL;
}

struct fast_rate *fastpath_rates(const struct fastpath *fp)
{
	(void)fp;
	return NULL;
}

uint32_t fastpath_bank(const struct fastpath *fp)
{
	(void)fp;
	return 0;
}

int fastpath_policy(struct fastpath *fp, const struct pol_image *img)
{
	(void)fp;
	(void)img;
	return -ENOTSUP;
}

size_t fastpath_plain(struct fastpath *fp, uint32_t generation, const struct fast_plain *v,
		      size_t n, const struct fast_claimed *claimed)
{
	(void)claimed;
	(void)fp;
	(void)generation;
	(void)v;
	return n;
}

void fastpath_plain_stop(struct fastpath *fp)
{
	(void)fp;
}

void fastpath_switch(struct fastpath *fp, uint32_t generation)
{
	(void)fp;
	(void)generation;
}

int fastpath_claim(struct fastpath *fp, unsigned inspector, const struct fast_claim *c,
		   const struct pol_image *img)
{
	(void)fp;
	(void)inspector;
	(void)c;
	(void)img;
	return -ENOTSUP;
}

void fastpath_forget(struct fastpath *fp, unsigned inspector)
{
	(void)fp;
	(void)inspector;
}

void fastpath_unlearn(struct fastpath *fp)
{
	(void)fp;
}

void fastpath_unplug(struct fastpath *fp, uint32_t ifindex)
{
	(void)fp;
	(void)ifindex;
}

int fastpath_used(const struct fastpath *fp, uint32_t generation, uint32_t flow,
		  struct fast_used *sum)
{
	(void)fp;
	(void)generation;
	(void)flow;
	(void)sum;
	return -ENOTSUP;
}

int fastpath_plain_used(const struct fastpath *fp, uint32_t generation, uint32_t used,
			struct fast_used *sum)
{
	(void)fp;
	(void)generation;
	(void)used;
	(void)sum;
	return -ENOTSUP;
}

int fastpath_back(const struct fastpath *fp, uint64_t *packets)
{
	(void)fp;
	(void)packets;
	return -ENOTSUP;
}

const char *fastpath_forbidden(void)
{
	return "built without BPF";
}
