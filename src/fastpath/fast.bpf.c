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

enum { TCP_PROTO = 6, F_FIN = 1, F_PSH = 8, F_ACK = 16, F_ECN = 0xc0, SPINS = 128, ADU_MIN = 9, ADU_MAX = 260,
       PAYLOAD = 2048, SMALL = 264 };	/* SMALL: in words; any one Modbus message */

char LICENSE[] SEC("license") = "Dual MIT/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct fast_entry);
} fast_flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct fast_set);
} fast_sets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct fast_slot);
} fast_slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_RDONLY_PROG);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct fast_policy);
} fast_policies SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct fast_plain);
} fast_plain SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FAST_KNOWN);
	__type(key, __u32);
	__type(value, struct fast_known);
} fast_known SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct fast_claimed);
} fast_claimed SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, FAST_RATES);
	__type(key, __u32);
	__type(value, struct fast_rate);
} fast_rates SEC(".maps");

/* By policy; behind those what is counted for flows without inspection. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct fast_used);
} fast_used SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} fast_back SEC(".maps");

/* A segment out of an inspector's reach, with room to look at what a message at its end could
 * have; of requests the messages that they are. */
struct copy {
	__u8 bytes[PAYLOAD + 288];
	__u64 message[FAST_PDUS];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct copy);
} fast_copy SEC(".maps");

const volatile struct fast_layout fast_layout SEC(".rodata.layout") = {};
volatile struct fast_front fast_front SEC(".data.front") = {};	/* written by the parent only */

enum { HEAD = 12 };		/* a message's first bytes: of a request up to its quantity or value */

struct head {
	__u32 w[HEAD / 4];
};

struct segment {
	__u64 src[2], dst[2];	/* as in a flow entry */
	__u32 ports;		/* source and destination, as they come */
	__u32 family;
	__u32 seq, ack, off, len;	/* payload: offset and length */
	__u32 flags;
};

static __always_inline void count_back(void)
{
	__u32 zero = 0;
	__u64 *v = bpf_map_lookup_elem(&fast_back, &zero);
	if (v)
		*v += 1;
}

/* packets: as they were, read some time before, when nothing had to wait for it. Nobody else counts on this CPU. */
static __always_inline void count_passed(struct fast_used *u, __u64 packets, __u32 bytes, __u32 messages)
{
	u->packets = packets + 1;
	u->bytes += bytes;
	u->messages += messages;
}

static __always_inline __u16 be16(const __u8 *p)
{
	return (__u16)(p[0] << 8 | p[1]);
}

/* Anywhere: where numbers are in this order, a processor that has BPF loads them so. */
static __always_inline __u32 le32(const __u8 *p)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return *(const __u32 *)p;
#else
	return p[0] | (__u32)p[1] << 8 | (__u32)p[2] << 16 | (__u32)p[3] << 24;
#endif
}

/* Of what stands at a multiple of two, and of four. */
static __always_inline __u16 half_at(const void *p, __u32 at)
{
	return bpf_ntohs(*(const __u16 *)((const __u8 *)p + at));
}

static __always_inline __u32 word_at(const void *p, __u32 at)
{
	return *(const __u32 *)((const __u8 *)p + at);
}

/* The compiler may count neither down nor by pointers: the verifier then loses the end. */
#define bounded(i, n) ((__u32)(i) < (n) && ({ asm volatile("" : "+r"(i)); true; }))

/* The verifier of Linux 6.1 forgets what it knew of a number that was on the stack meanwhile:
 * so bounds that were compared already are stated again where they are needed. */
#define forget(x) asm volatile("" : "+r"(x))

#include "fast-kernel.bpf.h"

/* ---- headers ---- */

/* Version 4 without options, fragments and the reserved flag, and not about to expire: the length of the packet, or 0. */
static __always_inline __u32 parse_ipv4(const __u64 *h, struct segment *s)
{
	const __u8 *b = (const __u8 *)h;
	if (b[9] != TCP_PROTO || (half_at(h, 6) & 0xbfff) || b[8] < FAST_HOPS_MIN)
		return 0;
	s->src[0] = word_at(h, 12);
	s->dst[0] = word_at(h, 16);
	s->src[1] = s->dst[1] = 0;
	s->family = 4;
	return half_at(h, 2);
}

static __always_inline __u32 parse_ipv6(const __u64 *h, struct segment *s)
{
	const __u8 *b = (const __u8 *)h;
	if (b[0] >> 4 != 6 || b[6] != TCP_PROTO || half_at(h, 4) == 0 || b[7] < FAST_HOPS_MIN)
		return 0;
	s->src[0] = h[1];
	s->src[1] = h[2];
	s->dst[0] = h[3];
	s->dst[1] = h[4];
	s->family = 6;
	return IPV6_LEN + half_at(h, 4);
}

enum { STAMPS = 12 };

/* Two no-operations, time stamps and their length, as they come. */
static const __u8 stamps[4] = { 1, 1, 8, 10 };

/* t: the TCP header and the room of its usual options; at: where it is in a packet of len bytes.
 * Of options only time stamps in their usual place: the inspector blanks what gives the stream
 * another meaning (multipath TCP, RFC 8684), and selective acknowledgements come with losses. */
static __always_inline bool parse_tcp(const __u8 *t, __u32 at, __u32 len, struct segment *s)
{
	s->ports = word_at(t, 0);
	s->seq = bpf_ntohl(word_at(t, 4));
	s->ack = bpf_ntohl(word_at(t, 8));
	s->flags = t[13];
	__u32 head = (t[12] >> 4) * 4;
	if (at + head > len)
		return false;
	if (head != TCP_LEN && (head != TCP_LEN + STAMPS || word_at(t, 20) != word_at(stamps, 0)))
		return false;
	s->off = at + head;
	s->len = len - s->off;
	return true;
}

static __always_inline bool parse(struct __sk_buff *skb, struct segment *s)
{
	__u64 h[HEADERS / 8];
	__u32 n = skb->len;
	if (!read_headers(skb, n, h))
		return false;
	const __u8 *b = (const __u8 *)h;
	if (b[0] == 0x45)
		return parse_ipv4(h, s) == n && parse_tcp(b + IPV4_LEN, IPV4_LEN, n, s);
	return parse_ipv6(h, s) == n && parse_tcp(b + IPV6_LEN, IPV6_LEN, n, s);
}

/* ---- a segment ---- */

/* All of a segment of at most max bytes. */
static __always_inline bool copy_payload(struct __sk_buff *skb, __u32 off, __u32 len, __u32 max, struct copy *c)
{
	__u32 last = len - 1;
	if (last >= max)
		return false;
	forget(last);
	last &= PAYLOAD - 1;
	return bpf_skb_load_bytes(skb, off, c->bytes, last + 1) == 0;
}

/* Is there room to keep these bytes until they are acknowledged? Where: *pos. */
static __always_inline bool has_room(const struct segment *s, struct fast_slot *slot, __u32 proto, __u32 dir,
				     __u32 *pos)
{
	bool all = slot->acked[dir] == slot->next[dir];
	*pos = all ? 0 : slot->next[dir] - slot->from[dir];
	if (proto == PROTO_OPCUA)
		return dir ? *pos < FAST_UA_RESP_ROOM && s->len <= FAST_UA_RESP_SEGMENT :
			     *pos < FAST_UA_REQ_ROOM && s->len <= FAST_UA_REQ_SEGMENT;
	if (dir ? *pos >= FAST_RESP_ROOM || s->len > FAST_RESP_SEGMENT :
		  *pos >= FAST_REQ_ROOM || s->len > FAST_REQ_SEGMENT)
		return false;
	return true;
}

static __always_inline __u32 byte_at(const struct fast_slot *slot, __u32 at)
{
	forget(at);
	at &= 4095;	/* inside the slot for the verifier to see */
	return ((const volatile __u8 *)slot)[at];
}

/* The segment's bytes go where they are kept, behind those that are kept already: nobody reads them there
 * before they are accounted for. Where in the slot: *at. */
static __always_inline bool load(struct __sk_buff *skb, const struct segment *s, struct fast_slot *slot, __u32 base,
				 __u32 room, __u32 max, __u32 pos, __u32 *at)
{
	__u32 last = s->len - 1;	/* as a number that may be 0: the verifier forgets that one may not */
	if (last >= max)
		return false;
	forget(pos);
	forget(last);
	pos &= room - 1;
	last &= FAST_RESP_SEGMENT - 1;
	if (last >= max)
		return false;
	*at = base + pos;
	return bpf_skb_load_bytes(skb, s->off, (__u8 *)slot + base + pos, last + 1) == 0;
}

/* So many bytes, filled up to words, of which there are at most max. */
static __always_inline void copy_words(__u8 *to, const __u8 *from, __u32 n, __u32 max)
{
	for (__u32 i = 0; bounded(i, max); i++) {
		if (8 * i >= n)
			break;
		*(__u64 *)(to + 8 * i) = *(const __u64 *)(from + 8 * i);
	}
}

#define LOAD(member, room, max) load(skb, s, slot, offsetof(struct fast_slot, member), room, max, pos, &at)

/* Of a segment: all of it if it is small, else the first bytes. */
static __always_inline bool copy_start(struct __sk_buff *skb, const struct segment *s, __u32 first, struct copy *a)
{
	return s->len <= SMALL ? copy_payload(skb, s->off, s->len, SMALL, a) :
				 bpf_skb_load_bytes(skb, s->off, a->bytes, first) == 0;
}

/* What copy_start() has looked at is kept, from the copy where that has all of it. */
static __always_inline bool keep(struct __sk_buff *skb, const struct segment *s, struct fast_slot *slot,
				 const struct copy *a, __u32 base, __u32 room, __u32 max, __u32 pos)
{
	__u32 at;
	if (s->len > SMALL)
		return load(skb, s, slot, base, room, max, pos, &at);
	forget(pos);
	copy_words((__u8 *)slot + base + (pos & (room - 1)), a->bytes, s->len, SMALL / 8);
	return true;
}

#define KEEP(member, room, max) keep(skb, s, slot, a, offsetof(struct fast_slot, member), room, max, pos)

#include "fast-limits.bpf.h"
#include "proto/modbus/kernel.bpf.h"
#include "proto/dnp3/kernel.bpf.h"
#include "proto/opcua/kernel.bpf.h"

/* What a frame will be held against is on its way while that is copied. */
static __always_inline void want_known(struct fast_slot *slot, __u32 proto, __u32 dir)
{
	if (proto == PROTO_OPCUA)
		*(volatile __u32 *)&slot->ua.wanted = 1;
	else if (dir)
		*(volatile __u32 *)&slot->dnp.poll[slot->asked.newest.word & (FAST_POLLS - 1)].answer_wanted = 1;
	else
		*(volatile __u32 *)&slot->dnp.poll[0].wanted = 1;
}

/* What is read where it is kept: is it for us? If not, what was kept there may be no more. */
static __always_inline bool in_place(struct __sk_buff *skb, const struct segment *s, struct fast_slot *slot,
				     __u32 proto, __u32 dir, __u32 limits, __u32 pos)
{
	__u32 at;
	bool pass;
	want_known(slot, proto, dir);
	if (proto == PROTO_OPCUA)
		pass = LOAD(ua.req, FAST_UA_REQ_ROOM, FAST_UA_REQ_SEGMENT) && ua_request(slot, at, s->len, limits) == 1;
	else if (dir)
		pass = LOAD(resp, FAST_RESP_ROOM, FAST_ANSWER_MAX) && dnp_response(slot, at, s->len) == 1;
	else
		pass = LOAD(req, FAST_REQ_ROOM, FAST_ASK_MAX) && dnp_request(slot, at, s->len, limits) == 1;
	if (pass)
		slot->last[dir] = byte_at(slot, at + s->len - 1);
	else if (pos == 0)
		slot->from[dir] = slot->next[dir];
	return pass;
}

/* How many messages the segment is, all of them for us; 0: not all. They are kept and accounted for. */
static __always_inline __u32 messages_of(struct __sk_buff *skb, const struct segment *s, struct fast_slot *slot,
					 __u32 proto, __u32 dir, const struct request *q, __u32 asked,
					 __u32 limits, __u32 pos)
{
	if (proto == PROTO_DNP3 || (proto == PROTO_OPCUA && !dir))
		return in_place(skb, s, slot, proto, dir, limits, pos);
	if (proto == PROTO_OPCUA)
		return ua_response(skb, s, slot, pos);
	return dir ? responses(skb, s, slot, pos) : requests(s, slot, q, asked, limits, pos);
}

/* The slot is held. Nothing changes of what an inspector reads in it, unless this says 1; but what was kept
 * and is acknowledged may be kept no more.
 * q, asked: of a segment of Modbus requests what ask() said; 0: not for us.
 * limits: the policy whose rate limits are to be asked, or NO_LIMITS.
 * messages: how many were passed, 0 before. */
static __always_inline bool judge(struct __sk_buff *skb, const struct segment *s, struct fast_slot *slot,
				  __u32 proto, __u32 dir, const struct request *q, __u32 asked, __u32 limits,
				  __u32 *messages)
{
	__u32 back = dir ^ 1, pos;
	if ((s->flags & ~(F_PSH | F_ECN)) != F_ACK)
		return false;
	if ((__s32)(s->ack - slot->acked[back]) < 0 || (__s32)(slot->next[back] - s->ack) < 0)
		return false;
	__u32 ahead = slot->next[dir] - s->seq;
	if (s->len == 0) {	/* an acknowledgement, or a probe of the other end (keepalive) */
		if (ahead > 1)
			return false;
	} else {
		if (ahead != 0 || !has_room(s, slot, proto, dir, &pos))
			return false;
		__u32 n = messages_of(skb, s, slot, proto, dir, q, asked, limits, pos);
		if (n == 0)
			return false;
		if (pos == 0)
			slot->from[dir] = s->seq;
		slot->next[dir] = s->seq + s->len;
		*messages = n;
	}
	slot->acked[back] = s->ack;
	slot->packets++;
	return true;
}

/* Whoever wants it to stop says so first and then looks whether it is BUSY; here it is the other way
 * round, with a full barrier (the exchange) between: so one of the two sees the other. */
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

/* ---- whose packet is it ---- */

enum { WORDS = sizeof(struct fast_entry) / 8, PORTS = 4, VERSION };	/* words of it */

/* A flow entry as it was when it was read. */
union entry {
	__u64 w[WORDS];
	struct fast_entry e;
};

_Static_assert(sizeof(struct fast_entry) == 64 && offsetof(struct fast_entry, cport) == 8 * PORTS &&
		       offsetof(struct fast_entry, version) == 8 * VERSION, "a cache line");

enum { NOT_MINE = 2 };

/* Of which direction is the packet, if it is of the connection whose entry is at p? 0: from the client. Those of
 * its words that are not compared with the packet are copied to u, the version before anything else is read. */
static __always_inline __u32 direction(const struct segment *s, const volatile __u64 *p, union entry *u)
{
	u->w[VERSION] = p[VERSION];
	u->w[PORTS] = p[PORTS];
#pragma unroll
	for (__u32 k = VERSION + 1; k < WORDS; k++)
		u->w[k] = p[k];
	__u32 ports = (__u32)u->w[PORTS];
	if (u->e.family != s->family || (u->e.version & 1))
		return NOT_MINE;
	if (s->ports == ports && s->src[0] == p[0] && s->dst[0] == p[2] && s->src[1] == p[1] && s->dst[1] == p[3])
		return 0;
	if (s->ports == (ports << 16 | ports >> 16) && s->src[0] == p[2] && s->dst[0] == p[0] && s->src[1] == p[3] &&
	    s->dst[1] == p[1])
		return 1;
	return NOT_MINE;
}

/* The other direction is another CPU's as a rule, and has the slot's numbers in its cache: from now
 * on they are on their way here. */
static __always_inline void want(struct fast_slot *slot)
{
	*(volatile __u32 *)&slot->wanted = 1;
}

/* What a packet's connection has. */
struct found {
	const volatile __u64 *entry;
	union entry copy;
	struct fast_slot *slot;
	__u32 dir;		/* of the packet */
};

/* Is the packet of the connection that has this slot? What is looked at afterwards is on its way then. */
static __always_inline bool look(const struct segment *s, __u32 at, struct found *f)
{
	f->entry = bpf_map_lookup_elem(&fast_flows, &at);
	f->slot = bpf_map_lookup_elem(&fast_slots, &at);
	if (!f->entry || !f->slot)
		return false;
	want(f->slot);
	f->dir = direction(s, f->entry, &f->copy);
	return f->dir != NOT_MINE;
}

static __always_inline bool find(const struct segment *s, struct found *f)
{
	__u64 seed = fast_layout.seed;
	__u32 hint = fast_front.hint[fast_hint_of(s->src, s->dst, s->ports, seed)];
	if (hint == 0)
		return false;
	if (look(s, hint - 1, f))
		return true;
	__u32 set = fast_set_of(fast_end(s->src, (__u16)s->ports, seed), fast_end(s->dst, (__u16)(s->ports >> 16), seed),
				fast_layout.sets);
	const struct fast_set *t = bpf_map_lookup_elem(&fast_sets, &set);
	if (!t)
		return false;
	for (__u32 i = 0; bounded(i, FAST_WAYS); i++)
		if (look(s, t->slot[i] - 1u, f))
			return true;
	return false;
}

/* Its slot is held, so it does not change any more: is it what was read? Where loads stay in order, it is if it
 * has the version that was read first. */
static __always_inline bool unchanged(const struct segment *s, const struct found *f)
{
#ifdef FAST_TSO
	(void)s;
	return f->entry[VERSION] == f->copy.w[VERSION];
#else
	union entry now;
	__u64 differs = direction(s, f->entry, &now) ^ f->dir;
#pragma unroll
	for (__u32 k = PORTS; k < WORDS; k++)
		differs |= now.w[k] ^ f->copy.w[k];
	return differs == 0;
#endif
}

#include "fast-plain.bpf.h"

/* first: the rule knows neither whether the packet's connection is established nor whether its interfaces are
 * those of its zones. */
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
	__u32 dir = f.dir & 1, in = dir ? e->way[1][0] : e->way[0][0], out = dir ? e->way[1][1] : e->way[0][1];
	if (first && (in == 0 || out == 0 || skb->ifindex != in || way_out(skb) != out))
		return 0;
	bool asks = e->proto == PROTO_MODBUS && s.len != 0 && dir == 0;
	__u32 policy = e->policy, limits = e->limited ? policy : NO_LIMITS;
	struct request q;
	__u32 asked = asks ? ask(skb, &s, policy, &q) : 0;
	struct fast_used *used = bpf_map_lookup_elem(&fast_used, &policy);	/* early: where it is has to be looked up */
	if (!used)
		return 0;
	__u64 packets = *(volatile __u64 *)&used->packets;
	if (!hold(slot))
		return 0;
	bool pass = unchanged(&s, &f) && in_force(e->generation) && slot->serial == e->serial &&
		    judge(skb, &s, slot, e->proto, dir, &q, asked, limits, &messages);
	release(slot, pass);
	if (pass)
		count_passed(used, packets, skb->len, messages);
	else
		count_back();
	return pass;
}

/* For the first rule: what others ask about the connection and against spoofing is done here. */
SEC("socket")
int zoned_first(struct __sk_buff *skb)
{
	return packet(skb, true);
}

/* Where the rules have found a flow: always 1, so that the rule goes on. */
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
