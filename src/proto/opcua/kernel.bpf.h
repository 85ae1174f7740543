/* SPDX-License-Identifier: MIT
 *
 * OPC UA in the program. Of a response an inspector looks at the header of its chunk,
 * at the request that it answers and at its type; so does this. A request is held against
 * those that an inspector has permitted before on this connection: it must be the same
 * but for what the shape leaves free (time, handle, signature, what a publish request
 * acknowledges) and what is compared on its own (token, sequence number, RequestId).
 * Of an encrypted chunk there is only the header, and that it must not be readable.
 *
 * One whole message in one chunk in one segment, or it is for the inspector.
 * OPC 10000-6 clauses 6.7.2 and 7.1.2; the chunk is drawn in proto/opcua/wire.h.
 */
#include "proto/opcua/kernel.h"

enum {
	UA_HEADER = 24,
	UA_TYPED = UA_HEADER + 4,
	UA_SECURED = 16,
	UA_WORDS = FAST_UA_REQ_SEGMENT / 8,
	UA_POOL_WORDS = 127 /* the next power of two, less one: still inside the slot */
};

_Static_assert(offsetof(struct fast_opcua, pool) + 8 * (UA_POOL_WORDS + 1) <=
		       sizeof(struct fast_opcua),
	       "inside");

/* Expand one bit per byte to all bits of that byte. */
static __always_inline __u64 spread(__u64 bits)
{
	__u64 x = (bits * 0x0101010101010101ull) & 0x8040201008040201ull;
	return ((x + 0x7f7f7f7f7f7f7f7full) & 0x8080808080808080ull) / 128 * 255;
}

enum { UA_END = sizeof(struct fast_opcua) - FAST_UA_RESP_SEGMENT };

/* Has the chunk of len bytes at `from` of the slot this shape? A function of its own, since the
 * verifier would otherwise multiply the loops. */
__noinline int ua_same(struct fast_slot *slot, __u32 from, __u32 len, __u32 shape)
{
	if (!slot || shape >= FAST_SHAPES || len > FAST_UA_REQ_SEGMENT || from > UA_END)
		return 0;
	const __u8 *pool = fast_opcua_of(slot)->pool, *asked = (const __u8 *)slot + from;
	const struct fast_shape *t = &fast_opcua_of(slot)->shape[shape];
	__u32 at = t->at / 8, n = (len + 7) / 8;
	if (t->len != len)
		return 0;
	for (__u32 i = 0; bounded(i, UA_WORDS); i++) {
		if (i >= n)
			break;
		__u64 differs = *(const __u64 *)(asked + 8 * i) ^
				*(const __u64 *)(pool + 8 * ((at + i) & UA_POOL_WORDS));
		if (differs &&
		    (differs & spread(pool[(8 * (at + n) + i) & (8 * UA_POOL_WORDS + 7)])))
			return 0;
	}
	return 1;
}

/* The place, plus one, of the request that has this RequestId; 0: there is none. */
__noinline int ua_waits(struct fast_slot *slot, __u32 id)
{
	if (!slot)
		return 0;
	const struct fast_channel *u = &fast_opcua_of(slot)->ch;
	__u32 n = u->n_waits;
	for (__u32 i = 0; bounded(i, FAST_UA_WAITS); i++) {
		if (i >= n)
			break;
		if (u->wait[i].id == id)
			return (int)i + 1;
	}
	return 0;
}

/* One whole message of the open channel, which fills the segment. */
static __always_inline bool ua_head(const __u8 *h, __u32 len, const struct fast_channel *u)
{
	if (h[0] != 'M' || h[1] != 'S' || h[2] != 'G' || h[3] != 'F' || le32(h + 4) != len)
		return false;
	__u32 token = le32(h + 12);
	return le32(h + 8) == u->id && ((u->n_tokens > 0 && token == u->token[0]) ||
					(u->n_tokens > 1 && token == u->token[1]));
}

/* Encrypted, and so that nobody can take it for one that is not: its first bytes are no TypeId in
 * namespace 0 of 16 bits or more, and those of fewer have no service. */
static __always_inline bool ua_opaque(const __u8 *h, __u32 len, const struct fast_channel *u)
{
	const __u8 *type = h + UA_HEADER;
	__u32 block = u->block, form = type[0] & 0x3f;
	if (block == 0 || (len - UA_SECURED) % block != 0)
		return false;
	return !(form == 1 && type[1] == 0) && !(form == 2 && type[1] == 0 && type[2] == 0);
}

/* Index of the known shape that a request has, plus one; 0: none. */
static __always_inline __u32 ua_shape(struct fast_slot *slot, __u32 from, __u32 len)
{
	__u32 n = fast_opcua_of(slot)->ch.n_shapes;
	for (__u32 i = 0; bounded(i, FAST_SHAPES); i++) {
		if (i >= n)
			break;
		if (ua_same(slot, from, len, i))
			return i + 1;
	}
	return 0;
}

/* The request of len bytes at `at` of the slot. 1: passed and accounted for. */
__noinline int ua_request(struct fast_slot *slot, __u32 at, __u32 len, __u32 limits)
{
	if (!slot || at > UA_END || len < UA_TYPED)
		return 0;
	struct fast_channel *u = &fast_opcua_of(slot)->ch;
	const __u8 *h = (const __u8 *)slot + at;
	if (!ua_head(h, len, u))
		return 0;
	if (u->opaque) {
		if (!ua_opaque(h, len, u) || !WITHIN(limits, 1, 0))
			return 0;
		u->seq[0]++;
		return 1;
	}
	__u32 id = le32(h + 20), n = u->n_waits;
	if (le32(h + 16) != u->seq[0] || n >= FAST_UA_WAITS || ua_waits(slot, id))
		return 0;
	__u32 shape = ua_shape(slot, at, len);
	if (shape == 0 || shape > FAST_SHAPES)
		return 0;
	const struct fast_shape *is = &fast_opcua_of(slot)->shape[shape - 1];
	if (!WITHIN(limits, 1, is->changes != 0))
		return 0;
	u->wait[n & (FAST_UA_WAITS - 1)] = (struct fast_wait){ .id = id, .answer = is->answer };
	u->n_waits = n + 1;
	u->seq[0]++;
	return 1;
}

/* The response in the segment. 1: passed, kept and accounted for. */
static __noinline __u32 ua_response(struct __sk_buff *skb, const struct segment *s,
				    struct fast_slot *slot, __u32 pos)
{
	struct fast_channel *u = &fast_opcua_of(slot)->ch;
	const struct judging j = { .skb = skb, .s = s, .slot = slot, .pos = pos };
	__u32 len = s->len, zero = 0;
	struct copy *a = bpf_map_lookup_elem(&fast_copy, &zero);
	if (!a || len < UA_TYPED || !copy_start(&j, UA_TYPED, a))
		return 0;
	const __u8 *h = a->bytes;
	if (!ua_head(h, len, u))
		return 0;
	if (u->opaque) {
		if (!ua_opaque(h, len, u) || !keep(&j, &fast_opcua_kept[1], a))
			return 0;
		u->seq[1]++;
		return 1;
	}
	/* the TypeId in its usual form: 16 bits in namespace 0 */
	const __u8 *type = h + UA_HEADER;
	if (le32(h + 16) != u->seq[1] || len < UA_TYPED + u->signature || type[0] != 1 ||
	    type[1] != 0)
		return 0;
	__u32 place = (__u32)ua_waits(slot, le32(h + 20)), n = u->n_waits;
	if (place == 0 || place > n || n > FAST_UA_WAITS)
		return 0;
	struct fast_wait *w = &u->wait[(place - 1) & (FAST_UA_WAITS - 1)];
	if (w->answer != (type[2] | type[3] << 8) || !keep(&j, &fast_opcua_kept[1], a))
		return 0;
	*w = u->wait[(n - 1) & (FAST_UA_WAITS - 1)];
	u->n_waits = n - 1;
	u->seq[1]++;
	return 1;
}

PREPARES_NOTHING(opcua)

static __always_inline bool opcua_has_room(const struct judging *j)
{
	return j->dir ? room_in(&fast_opcua_kept[1], j) : room_in(&fast_opcua_kept[0], j);
}

/* The write to `wanted` starts to fetch the cache lines of the shapes, to which the request is
 * compared; the request is copied meanwhile. */
static __always_inline __u32 opcua_messages(const struct judging *j, const struct opcua_prepared *p)
{
	__u32 at;
	(void)p;
	if (j->dir)
		return ua_response(j->skb, j->s, j->slot, j->pos);
	*(volatile __u32 *)&fast_opcua_of(j->slot)->wanted = 1;
	bool pass = load(j, &fast_opcua_kept[0], &at) &&
		    ua_request(j->slot, at, j->s->len, j->limits) == 1;
	return judged_in_place(j, pass, at);
}
