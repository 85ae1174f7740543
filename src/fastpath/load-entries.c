/* SPDX-License-Identifier: MIT
 *
 * The table of flow entries: which connection has which slot. Written here only, when an inspector
 * asks ("claim"), and mapped into no other process.
 *
 * The parent classifies the connection itself, under the image in force. A slot has the entry of
 * one connection: that of its last one is removed before it gets another, and the inspector uses
 * the slot only after the answer. Entries of forgotten connections are left until then; their
 * slots are OFF. A connection that another inspector has claimed is refused.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "fastpath/load-internal.h"
#include "fastpath/policy.h"
#include "fastpath/slot.h"

static struct fast_entry key_of(const struct fast_claim *c)
{
	struct fast_entry k = { .cport = htons(c->cport),
				.sport = htons(c->sport),
				.family = c->client.family };
	size_t n = c->client.family == 4 ? 4 : 16;
	memcpy(k.client, c->client.b, n);
	memcpy(k.server, c->server.b, n);
	return k;
}

static bool same_key(const struct fast_entry *a, const struct fast_entry *b)
{
	return a->family == b->family && a->cport == b->cport && a->sport == b->sport &&
	       memcmp(a->client, b->client, sizeof(a->client)) == 0 &&
	       memcmp(a->server, b->server, sizeof(a->server)) == 0;
}

static struct fast_set *set_of(const struct fastpath *fp, const struct fast_entry *k)
{
	uint64_t client = fast_end(k->client, k->cport, fp->seed),
		 server = fast_end(k->server, k->sport, fp->seed);
	return &fp->set[fast_set_of(client, server, fp->sets)];
}

/* An entry comes (1) or goes (-1). Who shares a place has no hint: the last one that is left has
 * none either. */
static void hint(struct fastpath *fp, uint32_t slot, int by)
{
	const struct fast_entry *e = &fp->table[slot];
	uint32_t at =
		fast_hint_of(e->client, e->server, (uint32_t)e->cport << 16 | e->sport, fp->seed);
	fp->sharers[at] = (uint16_t)(fp->sharers[at] + by);
	uint16_t v = fp->sharers[at] == 0	      ? 0
		     : by > 0 && fp->sharers[at] == 1 ? (uint16_t)(slot + 1)
						      : FAST_NO_HINT;
	__atomic_store_n(&fp->front->hint[at], v, __ATOMIC_RELAXED);
}

/* The connection's place in its set, or one where it may be put; NULL: too many share the set. */
static uint16_t *place_of(const struct fastpath *fp, const struct fast_entry *k)
{
	struct fast_set *t = set_of(fp, k);
	uint16_t *unused = NULL;
	for (unsigned i = 0; i < FAST_WAYS; i++) {
		if (t->slot[i] && same_key(&fp->table[t->slot[i] - 1], k))
			return &t->slot[i];
		if (!unused && !t->slot[i])
			unused = &t->slot[i];
	}
	return unused;
}

/* The version is odd while an entry is changed. The program does not use such an entry, nor one
 * whose version changed while it was read. */
static void hide(struct fast_entry *e)
{
	__atomic_store_n(&e->version, e->version | 1, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static bool is_hidden(const struct fast_entry *e)
{
	return !e->family || e->version & 1;
}

static void write_entry(struct fastpath *fp, struct fast_entry *e, struct fast_entry v)
{
	hide(e);
	v.version = e->version;
	memcpy(e, &v, sizeof(v));
	__atomic_store_n(&e->version, fp->version += 2, __ATOMIC_SEQ_CST);
}

/* The entry of the connection that had this slot before goes first: never may a packet
 * find the numbers of another connection. */
static void disown(struct fastpath *fp, uint32_t slot)
{
	struct fast_entry *e = &fp->table[slot];
	if (is_hidden(e))
		return;
	struct fast_set *t = set_of(fp, e);
	hide(e);
	hint(fp, slot, -1);
	for (unsigned i = 0; i < FAST_WAYS; i++)
		if (t->slot[i] == slot + 1)
			__atomic_store_n(&t->slot[i], 0, __ATOMIC_SEQ_CST);
}

int fastpath_claim(struct fastpath *fp, unsigned inspector, const struct fast_claim *c,
		   const struct pol_image *img)
{
	uint8_t family = c->client.family;
	if (c->slot >= fp->slots || (family != 4 && family != 6) || c->server.family != family)
		return -EINVAL;
	for (unsigned i = 0; i < 4; i++)
		if (c->way[i / 2][i % 2] > UINT16_MAX)
			return -ERANGE;
	uint16_t flow = policy_classify(img, &c->client, &c->server, IPPROTO_TCP, c->sport);
	const struct pol_flow *pol = policy_flow(img, flow);
	if (!pol || flow >= fp->bank || !fast_eligible(pol))
		return -EPERM;
	uint32_t slot = inspector * fp->slots + c->slot;
	struct fast_entry v = key_of(c);
	uint16_t *place = place_of(fp, &v);
	if (!place)
		return -ENOSPC;
	if (*place && *place != slot + 1) {
		if ((*place - 1u) / fp->slots != inspector)
			return -EBUSY;
		disown(fp, *place - 1u);
	}
	disown(fp, slot);
	v.proto = pol->proto;
	v.generation = img->generation;
	v.serial = c->serial;
	v.limited = pol->max_requests || pol->max_writes;
	v.policy = policy_index(fp, img->generation, flow);
	for (unsigned i = 0; i < 4; i++)
		v.way[i / 2][i % 2] = (uint16_t)c->way[i / 2][i % 2];
	write_entry(fp, &fp->table[slot], v);
	__atomic_store_n(place, (uint16_t)(slot + 1), __ATOMIC_SEQ_CST);
	hint(fp, slot, 1);
	return 0;
}

void fastpath_forget(struct fastpath *fp, unsigned inspector)
{
	for (uint32_t i = 0; i < fp->slots; i++)
		fast_ask_stop(&fp->map[inspector][i]);
	for (uint32_t i = 0; i < fp->slots; i++)
		disown(fp, inspector * fp->slots + i);
}

void fastpath_unplug(struct fastpath *fp, uint32_t ifindex)
{
	for (uint32_t i = 0; i < fp->slots * fp->inspectors; i++) {
		const struct fast_entry *e = &fp->table[i];
		bool uses = ifindex == 0;
		for (unsigned k = 0; k < 4; k++)
			uses |= e->way[k / 2][k % 2] == ifindex;
		if (uses)
			disown(fp, i);
	}
}
