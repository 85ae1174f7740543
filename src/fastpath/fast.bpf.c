/* SPDX-License-Identifier: MIT
 *
 * The in-kernel part of the data path: a socket filter that the ruleset calls
 * through the xt "bpf" match. 1: this packet is exactly what the inspector
 * would pass unchanged, and is accounted for. 0: ask the inspector.
 *
 * The one invariant: what the inspector refuses is never passed here. So the
 * program knows few things and is sure of them; src/fastpath/README says which.
 *
 * Data begins at the IP header. Packets come on any CPU at any time: a slot is
 * held (BUSY) while its numbers are used, and nothing in it is believed to
 * stay inside its bounds, since an inspector can write to it.
 */
#include <linux/bpf.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <stdbool.h>
#include <stddef.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "fast.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

#include "fast-bytes.bpf.h"
#include "fast-maps.bpf.h"
#include "fast-kernel.bpf.h"
#include "fast-packet.bpf.h"
#include "fast-keep.bpf.h"
#include "fast-limits.bpf.h"
#include "judged.bpf.h"
#include "fast-entry.bpf.h"
#include "fast-plain.bpf.h"

enum { SPINS = 128 };

/* ---- the protocols that are judged here: JUDGED(J) has a row J(symbol, name) for each
 * (../proto/README) ---- */

/* Results that a protocol computes before the slot is held. */
union prepared {
#define J(symbol, name) struct name##_prepared name;
	JUDGED(J)
#undef J
};

/* The slot need not be held. The results are for messages_of(). */
static __always_inline __u32 prepare(const struct judging *j, __u32 proto, union prepared *p)
{
	switch (proto) {
#define J(symbol, name) \
	case PROTO_##symbol: \
		return name##_prepare(j, &p->name);
		JUDGED(J)
#undef J
	}
	return 0;
}

/* Is there room to keep the segment's octets? */
static __always_inline bool has_room(const struct judging *j, __u32 proto)
{
	switch (proto) {
#define J(symbol, name) \
	case PROTO_##symbol: \
		return name##_has_room(j);
		JUDGED(J)
#undef J
	}
	return false;
}

/* Number of messages in the segment, if the program passes all of them: then they are kept and
 * accounted for. 0: an inspector has to judge it. */
static __always_inline __u32 messages_of(const struct judging *j, __u32 proto,
					 const union prepared *p)
{
	switch (proto) {
#define J(symbol, name) \
	case PROTO_##symbol: \
		return name##_messages(j, &p->name);
		JUDGED(J)
#undef J
	}
	return 0;
}

/* ---- one segment ---- */

/* The slot is held. Nothing changes of what an inspector reads in it, unless this says 1; but what
 * was kept and is acknowledged may be kept no more. messages: how many were passed, 0 before. */
static __always_inline bool judge(struct judging *j, __u32 proto, const union prepared *p,
				  __u32 *messages)
{
	const struct segment *s = j->s;
	struct fast_slot *slot = j->slot;
	__u32 dir = j->dir, back = dir ^ 1;
	if ((s->flags & ~(F_PSH | F_ECN)) != F_ACK)
		return false;
	if ((__s32)(s->ack - slot->acked[back]) < 0 || (__s32)(slot->next[back] - s->ack) < 0)
		return false;
	__u32 ahead = slot->next[dir] - s->seq;
	if (s->len == 0) { /* an acknowledgement, or a probe of the other end (keepalive) */
		if (ahead > 1)
			return false;
	} else {
		bool all = slot->acked[dir] == slot->next[dir];
		j->pos = all ? 0 : slot->next[dir] - slot->from[dir];
		if (ahead != 0 || !has_room(j, proto))
			return false;
		__u32 n = messages_of(j, proto, p);
		if (n == 0)
			return false;
		if (j->pos == 0)
			slot->from[dir] = s->seq;
		slot->next[dir] = s->seq + s->len;
		*messages = n;
	}
	slot->acked[back] = s->ack;
	slot->packets++;
	return true;
}

/* Take the slot. The one that wants it to stop writes `stop` and then reads whether it is BUSY.
 * Here the order is reversed, with a full barrier (the exchange) between, so one of the two sees
 * the other. */
static __always_inline bool hold(struct fast_slot *slot)
{
	for (__u32 i = 0; bounded(i, SPINS); i++) {
		__u32 was = __sync_val_compare_and_swap(&slot->state, FAST_ON, FAST_BUSY);
		if (was == FAST_ON && !*(volatile __u32 *)&slot->stop)
			return true;
		if (was == FAST_ON)
			*(volatile __u32 *)&slot->state = FAST_OFF;
		if (was != FAST_BUSY)
			return false;
	}
	__sync_lock_test_and_set(&slot->stop, 1);
	return false;
}

/* All that was written to the slot comes before. Where stores stay in order a plain one does, and
 * does not wait for those before it. */
static __always_inline void release(struct fast_slot *slot, bool on)
{
	__u32 to = on ? FAST_ON : FAST_OFF;
#ifdef FAST_TSO
	asm volatile("" ::: "memory");
	*(volatile __u32 *)&slot->state = to;
#else
	__sync_lock_test_and_set(&slot->state, to);
#endif
}

static __always_inline bool in_force(__u32 generation)
{
	return generation != 0 && generation == fast_front.now;
}

/* first: the rule knows neither whether the packet's connection is established nor whether its
 * interfaces are those of its zones. */
static __always_inline int packet(struct __sk_buff *skb, bool first)
{
	struct segment s;
	struct found f;
	__u32 messages = 0;
	bool may_be_plain = false, may_have_slot = true;
	__u64 ct = 0;
	if (first) {
		ct = connection(skb);
		if (!established(ct))
			return 0;
		may_be_plain = fast_layout.tuple[1] != 0;
		may_have_slot = !may_be_plain || inspected_port(ct, fast_front.now & 1);
	}
	if (!may_have_slot || !parse(skb, &s) || !find(&s, &f))
		return may_be_plain && plain(skb, ct);
	const struct fast_entry *e = &f.copy.e;
	struct fast_slot *slot = f.slot;
	__u32 dir = f.dir & 1, in = dir ? e->way[1][0] : e->way[0][0],
	      out = dir ? e->way[1][1] : e->way[0][1];
	if (first && (in == 0 || out == 0 || skb->ifindex != in || way_out(skb) != out))
		return 0;
	struct judging j = { .skb = skb,
			     .s = &s,
			     .slot = slot,
			     .dir = dir,
			     .policy = e->policy,
			     .limits = e->limited ? e->policy : NO_LIMITS };
	union prepared prepared;
	__u32 policy = e->policy, proto = e->proto;
	forget(proto); /* a number of its own, which is compared in one step */
	j.prepared = s.len ? prepare(&j, proto, &prepared) : 0;
	/* early: where it is has to be looked up */
	struct fast_used *used = bpf_map_lookup_elem(&fast_used, &policy);
	if (!used)
		return 0;
	__u64 packets = *(volatile __u64 *)&used->packets;
	if (!hold(slot))
		return 0;
	bool pass = unchanged(&s, &f) && in_force(e->generation) && slot->serial == e->serial &&
		    judge(&j, proto, &prepared, &messages);
	release(slot, pass);
	if (pass)
		count_passed(used, packets, skb->len, messages, dir);
	else
		count_back();
	return pass;
}

/* For the first rule: the program checks the connection and the interfaces itself. */
SEC("socket")
int zoned_first(struct __sk_buff *skb)
{
	return packet(skb, true);
}

/* For a rule that has found the packet's flow: learn it. Always 1, so that the rule goes on. */
SEC("socket")
int zoned_learn(struct __sk_buff *skb)
{
	learn(skb, connection(skb));
	return 1;
}

/* For a rule behind the anti-spoofing. */
SEC("socket")
int zoned_late(struct __sk_buff *skb)
{
	return packet(skb, false);
}
