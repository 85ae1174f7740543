/* SPDX-License-Identifier: MIT
 *
 * The tables of a generation that the parent writes for the program: policies, flows without
 * inspection, the generation in force; and the program's counters.
 */
#include <bpf/bpf.h>
#include <netinet/in.h>
#include <string.h>

#include "fastpath/load-internal.h"
#include "fastpath/policy.h"

/* Index of the counters of flows without inspection: behind those of the policies. */
static uint32_t plain_index(const struct fastpath *fp, uint32_t generation, uint32_t used)
{
	return 2 * fp->bank + (generation & 1) * fp->plain_used + used;
}

static int begin_anew(struct fastpath *fp, uint32_t at)
{
	memset(fp->per_cpu, 0, (size_t)fp->cpus * sizeof(struct fast_used));
	return bpf_map_update_elem(fp->used, &at, fp->per_cpu, BPF_ANY);
}

/* The server ports with inspection. The rules may judge a connection whose client has such a port
 * differently from others between the same ends. */
static void set_ports(struct fastpath *fp, const struct pol_image *img)
{
	uint64_t bits = 0;
	const struct pol_key *k = (const void *)((const char *)img + img->keys_off);
	for (uint32_t i = 0; i < img->n_keys; i++)
		bits |= fast_port_bit(htons(k[i].port));
	__atomic_store_n(&fp->front->inspected[img->generation & 1], bits, __ATOMIC_SEQ_CST);
}

int fastpath_policy(struct fastpath *fp, const struct pol_image *img)
{
	int err = 0;
	set_ports(fp, img);
	for (uint32_t i = 0; i <= img->n_conduits && i < fp->plain_used && !err; i++)
		err = begin_anew(fp, plain_index(fp, img->generation, i));
	for (uint32_t i = 0; i < img->n_flows && i < fp->bank && !err; i++) {
		struct fast_policy p;
		uint32_t at = policy_index(fp, img->generation, i);
		fast_flatten(img, policy_flow(img, (uint16_t)i), &p);
		err = bpf_map_update_elem(fp->policies, &at, &p, BPF_ANY);
		if (!err)
			err = begin_anew(fp, at);
	}
	return err;
}

/* `to` has no mark yet, and the mark is written last: a reader sees no mark, or the whole entry. */
static void write_plain(struct fast_plain *to, const struct fast_plain *v, uint32_t used)
{
	for (unsigned i = 0; i < 2; i++)
		__atomic_store_n(&to->end[i], v->end[i], __ATOMIC_SEQ_CST);
	__atomic_store_n(&to->used, used, __ATOMIC_SEQ_CST);
	__atomic_store_n(&to->mark, v->mark, __ATOMIC_SEQ_CST);
}

size_t fastpath_plain(struct fastpath *fp, uint32_t generation, const struct fast_plain *v,
		      size_t n, const struct fast_claimed *claimed)
{
	struct fast_plain *bank = fp->flow + (generation & 1) * fp->plain;
	size_t left = 0;
	for (uint32_t i = 0; i < fp->plain; i++)
		__atomic_store_n(&bank[i].mark, 0, __ATOMIC_SEQ_CST);
	/* nobody has a flow to ask for */
	memcpy(&fp->claimed[generation & 1], claimed, sizeof(*claimed));
	for (size_t i = 0; i < n; i++) {
		struct fast_plain *to = &bank[v[i].mark >> fp->shift & (fp->plain - 1)];
		if (v[i].used < fp->plain_used && !to->mark)
			write_plain(to, &v[i], plain_index(fp, generation, v[i].used));
		else
			left++;
	}
	__atomic_store_n(&fp->front->plain[generation & 1], 1, __ATOMIC_SEQ_CST);
	return left;
}

void fastpath_plain_stop(struct fastpath *fp)
{
	for (unsigned i = 0; i < 2; i++)
		__atomic_store_n(&fp->front->plain[i], 0, __ATOMIC_SEQ_CST);
}

void fastpath_switch(struct fastpath *fp, uint32_t generation)
{
	__atomic_store_n(&fp->front->now, generation, __ATOMIC_SEQ_CST);
}

/* ---- what was counted ---- */

static int sum_cpus(const struct fastpath *fp, uint32_t at, struct fast_used *sum)
{
	const struct fast_used *v = fp->per_cpu;
	int err = bpf_map_lookup_elem(fp->used, &at, fp->per_cpu);
	for (int i = 0; i < fp->cpus && !err; i++) {
		sum->packets += v[i].packets;
		sum->bytes += v[i].bytes;
		for (int d = 0; d < 2; d++)
			sum->messages[d] += v[i].messages[d];
	}
	return err;
}

/* A flow for which there was no room has counts of 0. */
int fastpath_used(const struct fastpath *fp, uint32_t generation, uint32_t flow,
		  struct fast_used *sum)
{
	memset(sum, 0, sizeof(*sum));
	return flow < fp->bank ? sum_cpus(fp, policy_index(fp, generation, flow), sum) : 0;
}

int fastpath_plain_used(const struct fastpath *fp, uint32_t generation, uint32_t used,
			struct fast_used *sum)
{
	memset(sum, 0, sizeof(*sum));
	return used < fp->plain_used ? sum_cpus(fp, plain_index(fp, generation, used), sum) : 0;
}

int fastpath_back(const struct fastpath *fp, uint64_t *packets)
{
	uint32_t zero = 0;
	const uint64_t *v = fp->per_cpu;
	int err = bpf_map_lookup_elem(fp->back, &zero, fp->per_cpu);
	*packets = 0;
	for (int i = 0; i < fp->cpus && !err; i++)
		*packets += v[i];
	return err;
}
