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
#include <stdbool.h>
#include <stddef.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "fast.h"

enum { TCP_PROTO = 6, F_FIN = 1, F_PSH = 8, F_ACK = 16, F_ECN = 0xc0, SPINS = 128, ADU_MIN = 9, ADU_MAX = 260,
       PAYLOAD = 2048 };

char LICENSE[] SEC("license") = "Dual MIT/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct fast_set);
} fast_flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct fast_hints);
} fast_hints SEC(".maps");

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

/* The generation in force; 0: nothing goes fast. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_RDONLY_PROG);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} fast_now SEC(".maps");

/* By policy. */
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

/* That of the packet, where its parts are read many times. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64[PAYLOAD / 8 + 2]);
} fast_payload SEC(".maps");

const volatile struct fast_layout fast_layout SEC(".rodata.layout") = {};

enum { HEAD = 12 };		/* a message's first bytes: of a request up to its quantity or value */

struct head {
	__u32 w[HEAD / 4];
};

struct segment {
	__u64 src[2], dst[2];	/* as in a flow entry */
	__u32 ports;		/* source and destination, as they come */
	__u32 family;
	__u32 seq, ack, off, len;	/* payload: offset and length */
	__u32 flags, has_head;
	struct head head;	/* of the payload, if it came with the headers */
};

struct request {		/* one request, and what to remember of it */
	struct fast_pending p;
	__u16 value_lo, value_hi;
	__u32 policy;
	struct head head;	/* its first bytes */
};

struct response {		/* to *p, and its first bytes */
	struct fast_pending p;
	struct head head;
};

static __always_inline void count_back(void)
{
	__u32 zero = 0;
	__u64 *v = bpf_map_lookup_elem(&fast_back, &zero);
	if (v)
		*v += 1;
}

static __always_inline void count_passed(__u32 policy, __u32 bytes, __u32 messages)
{
	struct fast_used *u = bpf_map_lookup_elem(&fast_used, &policy);
	if (!u)
		return;
	u->packets += 1;
	u->bytes += bytes;
	u->messages += messages;
}

static __always_inline __u16 be16(const __u8 *p)
{
	return (__u16)(p[0] << 8 | p[1]);
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

/* ---- headers ---- */

enum { IPV4_LEN = 20, IPV6_LEN = 40, TCP_LEN = 20, STAMPS = 12, FIRST = IPV4_LEN + TCP_LEN };

/* Version 4 without options and fragments: the length of the packet, or 0. */
static __always_inline __u32 parse_ipv4(const __u64 *h, struct segment *s)
{
	const __u8 *b = (const __u8 *)h;
	if (b[9] != TCP_PROTO || (half_at(h, 6) & 0x3fff))
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
	if (b[0] >> 4 != 6 || b[6] != TCP_PROTO || half_at(h, 4) == 0)
		return 0;
	s->src[0] = h[1];
	s->src[1] = h[2];
	s->dst[0] = h[3];
	s->dst[1] = h[4];
	s->family = 6;
	return IPV6_LEN + half_at(h, 4);
}

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

/* As few calls as can be: they are most of what the program costs. */
static __always_inline bool parse(struct __sk_buff *skb, struct segment *s)
{
	__u64 h[(FIRST + STAMPS + HEAD) / 8], t[(TCP_LEN + STAMPS) / 8];
	__u32 n = skb->len;
	h[FIRST / 8] = t[2] = t[3] = 0;
	bool whole = n >= sizeof(h);
	if (whole ? bpf_skb_load_bytes(skb, 0, h, sizeof(h)) < 0 :
	    n >= FIRST + STAMPS ? bpf_skb_load_bytes(skb, 0, h, FIRST + STAMPS) < 0 :
				  bpf_skb_load_bytes(skb, 0, h, FIRST) < 0)
		return false;
	const __u8 *b = (const __u8 *)h;
	s->has_head = 0;
	if (b[0] == 0x45) {
		if (parse_ipv4(h, s) != n || !parse_tcp(b + IPV4_LEN, IPV4_LEN, n, s))
			return false;
		s->has_head = whole || (s->off == FIRST && n >= FIRST + HEAD);
		if (whole && s->off != FIRST)
			s->head = *(const struct head *)(b + FIRST + STAMPS);
		else if (s->has_head)
			s->head = *(const struct head *)(b + FIRST);
		return true;
	}
	if (parse_ipv6(h, s) != n)
		return false;
	if (n >= IPV6_LEN + TCP_LEN + STAMPS ? bpf_skb_load_bytes(skb, IPV6_LEN, t, TCP_LEN + STAMPS) < 0 :
					       bpf_skb_load_bytes(skb, IPV6_LEN, t, TCP_LEN) < 0)
		return false;
	return parse_tcp((const __u8 *)t, IPV6_LEN, n, s);
}

/* ---- a segment ---- */

/* All of the payload, with room behind it; NULL: too long. */
static __always_inline const __u8 *payload(struct __sk_buff *skb, const struct segment *s)
{
	__u32 zero = 0, last = s->len - 1;
	__u8 *p = bpf_map_lookup_elem(&fast_payload, &zero);
	if (!p || last >= PAYLOAD)
		return NULL;
	forget(last);
	last &= PAYLOAD - 1;
	return bpf_skb_load_bytes(skb, s->off, p, last + 1) == 0 ? p : NULL;
}

/* The first bytes of the first message; what is beyond the segment stays as it is. */
static __always_inline bool first_head(struct __sk_buff *skb, const struct segment *s, struct head *head)
{
	if (s->has_head) {
		*head = s->head;
		return true;
	}
	return s->len >= HEAD ? bpf_skb_load_bytes(skb, s->off, head, HEAD) == 0 :
	       s->len >= ADU_MIN && bpf_skb_load_bytes(skb, s->off, head, ADU_MIN) == 0;
}

/* Those of the i-th, at `at`. The payload is copied once there is a second one. */
static __always_inline bool head_at(struct __sk_buff *skb, const struct segment *s, __u32 i, __u32 at, const __u8 **all,
				    struct head *head)
{
	if (i == 0)
		return first_head(skb, s, head);
	if (i == 1)
		*all = payload(skb, s);
	if (!*all)
		return false;
	forget(at);
	__builtin_memcpy(head, *all + (at & (PAYLOAD - 1)), HEAD);
	return true;
}

/* Is there room to keep these bytes until they are acknowledged? Where: *pos. */
static __always_inline bool has_room(const struct segment *s, struct fast_slot *slot, __u32 proto, __u32 dir,
				     __u32 *pos)
{
	bool all = slot->acked[dir] == slot->next[dir];
	*pos = all ? 0 : slot->next[dir] - slot->from[dir];
	if (proto == FAST_OPCUA)
		return dir ? *pos < FAST_UA_RESP_ROOM && s->len <= FAST_UA_RESP_SEGMENT :
			     *pos < FAST_UA_REQ_ROOM && s->len <= FAST_UA_REQ_SEGMENT;
	if (dir ? *pos >= FAST_RESP_ROOM || s->len > FAST_RESP_SEGMENT :
		  *pos >= FAST_REQ_ROOM || s->len > FAST_REQ_SEGMENT)
		return false;
	return true;
}

#include "fast-modbus.bpf.h"
#include "fast-dnp3.bpf.h"
#include "fast-opcua.bpf.h"

static __always_inline bool keep(struct __sk_buff *skb, const struct segment *s, struct fast_slot *slot, __u32 dir,
				 __u32 pos)
{
	if (!dir && pos == 0 && s->has_head && s->len == HEAD) {
		*(struct head *)slot->req = s->head;
		return true;
	}
	__u32 last = s->len - 1;	/* as a number that may be 0: it also forgets that one may not */
	if (last >= (dir ? FAST_RESP_SEGMENT : FAST_REQ_SEGMENT))
		return false;
	forget(pos);
	forget(last);
	last &= FAST_RESP_SEGMENT - 1;
	return bpf_skb_load_bytes(skb, s->off, dir ? slot->resp + (pos & (FAST_RESP_ROOM - 1)) :
				  slot->req + (pos & (FAST_REQ_ROOM - 1)), last + 1) == 0;
}

/* How many messages the segment is, all of them for us; 0: not all. They are kept and accounted for. */
static __always_inline __u32 messages_of(struct __sk_buff *skb, const struct segment *s, struct fast_slot *slot,
					 __u32 proto, __u32 dir, const struct request *first, int first_len,
					 __u32 pos)
{
	__u32 n;
	if (proto == FAST_OPCUA)
		return dir ? ua_response(skb, s, slot, pos) : ua_request(skb, s, slot, pos);
	if (proto == FAST_DNP3)
		n = dir ? dnp_response(skb, s, slot) : dnp_request(skb, s, slot);
	else
		n = dir ? responses(skb, s, slot) : requests(skb, s, slot, first, first_len);
	if (n == 0 || !keep(skb, s, slot, dir, pos))
		return 0;
	slot->head += dir ? n : 0;
	slot->n_pending += dir ? -n : n;
	return n;
}

/* The slot is held. Nothing changes of what an inspector reads in it, unless this says 1.
 * first: the request at the beginning of the segment, of first_len bytes; 0: not for us.
 * messages: how many were passed, 0 before. */
static __always_inline bool judge(struct __sk_buff *skb, const struct segment *s, struct fast_slot *slot,
				  __u32 proto, __u32 dir, const struct request *first, int first_len,
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
		__u32 n = messages_of(skb, s, slot, proto, dir, first, first_len, pos);
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
	__u32 zero = 0;
	const __u32 *now = bpf_map_lookup_elem(&fast_now, &zero);
	return now && *now != 0 && generation == *now;
}

/* ---- a packet ---- */

/* In the forward hook a packet's device is still the one that it came by; its way out is known
 * to the route that it has (a pointer whose lowest bit says who counts references). 0: none. */
#ifdef FAST_CAST	/* Linux 6.2 */
void *bpf_rdonly_cast(const void *obj, __u32 btf_id) __ksym;

static __always_inline __u32 way_out(struct __sk_buff *skb)
{
	const char *p = bpf_rdonly_cast(skb, fast_layout.sk_buff);
	__u64 dst = *(const __u64 *)(p + fast_layout.dst) & ~1ull;
	p = bpf_rdonly_cast((const void *)dst, fast_layout.dst_entry);
	p = *(const char *const *)(p + fast_layout.dev);
	return *(const __u32 *)(p + fast_layout.ifindex);	/* what cannot be read is 0 */
}
#else
static __always_inline __u32 way_out(struct __sk_buff *skb)
{
	__u64 dst = 0, dev = 0;
	__u32 index = 0;
	if (bpf_probe_read_kernel(&dst, sizeof(dst), (void *)skb + fast_layout.dst) < 0)
		return 0;
	dst &= ~1ull;
	if (dst == 0 || bpf_probe_read_kernel(&dev, sizeof(dev), (void *)(dst + fast_layout.dev)) < 0 || dev == 0 ||
	    bpf_probe_read_kernel(&index, sizeof(index), (void *)(dev + fast_layout.ifindex)) < 0)
		return 0;
	return index;
}
#endif

/* ---- whose packet is it ---- */

enum { WORDS = sizeof(struct fast_entry) / 8 };

/* A flow entry as it was when it was read. */
union entry {
	__u64 w[WORDS];
	struct fast_entry e;
};

_Static_assert(sizeof(struct fast_entry) == 64 && offsetof(struct fast_entry, cport) == 32, "a cache line");

enum { NOT_MINE = 2 };

/* Of which direction is the packet, if it is of this connection? 0: from the client. */
static __always_inline __u32 direction(const struct segment *s, const union entry *u)
{
	__u32 ports = (__u32)u->w[4];
	if (u->e.family != s->family)
		return NOT_MINE;
	if (s->ports == ports && s->src[0] == u->w[0] && s->dst[0] == u->w[2] && s->src[1] == u->w[1] &&
	    s->dst[1] == u->w[3])
		return 0;
	if (s->ports == (ports << 16 | ports >> 16) && s->src[0] == u->w[2] && s->dst[0] == u->w[0] &&
	    s->src[1] == u->w[3] && s->dst[1] == u->w[1])
		return 1;
	return NOT_MINE;
}

/* The other direction is another CPU's as a rule, and has the slot's numbers in its cache: from now
 * on they are on their way here. */
static __always_inline void want(struct fast_slot *slot)
{
	*(volatile __u32 *)&slot->wanted = 1;
}

static __always_inline void want_by_hint(__u64 hash)
{
	__u32 zero = 0;
	const struct fast_hints *hints = bpf_map_lookup_elem(&fast_hints, &zero);
	__u32 at = hints ? hints->slot[fast_hint_of(hash)] : 0;
	struct fast_slot *slot;
	if (at == 0 || at == FAST_NO_HINT)
		return;
	at--;
	slot = bpf_map_lookup_elem(&fast_slots, &at);
	if (slot)
		want(slot);
}

/* The connection's entry, a copy of it, and the packet's direction. */
static __always_inline const volatile __u64 *find(const struct segment *s, union entry *u, __u32 *dir)
{
	__u64 hash = fast_hash(fast_end(s->src, (__u16)s->ports, fast_layout.seed),
			       fast_end(s->dst, (__u16)(s->ports >> 16), fast_layout.seed));
	__u32 set = hash >> 40 & fast_layout.sets;
	const struct fast_set *t = bpf_map_lookup_elem(&fast_flows, &set);
	if (!t)
		return NULL;
	want_by_hint(hash);
	for (__u32 i = 0; bounded(i, FAST_WAYS); i++) {
		const volatile __u64 *p = (const volatile __u64 *)&t->way[i];
#pragma unroll
		for (__u32 k = 0; k < WORDS; k++)
			u->w[k] = p[k];
		*dir = direction(s, u);
		if (*dir != NOT_MINE)
			return p;
		if (!u->e.more)
			break;
	}
	return NULL;
}

/* Its slot is held, so it does not change any more: is it what was read? */
static __always_inline bool unchanged(const volatile __u64 *p, const union entry *u)
{
	__u64 differs = 0;
#pragma unroll
	for (__u32 k = 0; k < WORDS; k++)
		differs |= p[k] ^ u->w[k];
	return differs == 0;
}

/* ask_way: the rule does not know whether the packet's interfaces are those of its zones. */
static __always_inline int packet(struct __sk_buff *skb, bool ask_way)
{
	struct segment s;
	union entry u;
	__u32 dir, messages = 0;
	if (!parse(skb, &s))
		return 0;
	const volatile __u64 *found = find(&s, &u, &dir);
	if (!found)
		return 0;
	dir &= 1;
	const struct fast_entry *e = &u.e;
	__u32 at = e->slot, in = e->way[dir][0], out = e->way[dir][1];
	struct fast_slot *slot = bpf_map_lookup_elem(&fast_slots, &at);
	if (!slot)
		return 0;
	want(slot);
	if (ask_way && (in == 0 || out == 0 || skb->ifindex != in || way_out(skb) != out))
		return 0;
	struct request first = { .policy = e->policy };
	bool reads = e->proto == FAST_MODBUS && s.len != 0 && dir == 0;
	int len = reads && first_head(skb, &s, &first.head) ? take_request(skb, s.off, s.len, &first) : 0;
	if (!hold(slot))
		return 0;
	bool pass = unchanged(found, &u) && in_force(e->generation) && slot->serial == e->serial &&
		    judge(skb, &s, slot, e->proto, dir, &first, len, &messages);
	release(slot, pass);
	if (pass)
		count_passed(e->policy, skb->len, messages);
	else
		count_back();
	return pass;
}

/* For the first rule: the anti-spoofing of the others is done here. */
SEC("socket")
int zoned_first(struct __sk_buff *skb)
{
	return packet(skb, true);
}

/* For a rule behind the anti-spoofing. */
SEC("socket")
int zoned_late(struct __sk_buff *skb)
{
	return packet(skb, false);
}
