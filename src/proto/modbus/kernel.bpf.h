/* SPDX-License-Identifier: MIT
 *
 * Modbus in the program: whole messages, each request inside one flattened rule, each
 * response the answer to the oldest request that is outstanding. MODBUS Application
 * Protocol Specification V1.1b3 chapters 6 and 7; the frame is drawn in proto/modbus/wire.h.
 */
#include "proto/modbus/kernel.h"

enum { ADU_MIN = 9, ADU_MAX = 260 };
/* a message's first bytes: of a request up to its quantity or value */
enum { HEAD = 12 };

_Static_assert((int)ADU_MAX <= (int)SMALL, "any one message is small");

struct head {
	__u32 w[HEAD / 4];
};

/* ---- one request ---- */

/* A request as it is remembered. In one piece: what is written in parts and then read at once is
 * waited for. */
union asked {
	struct fast_pending p;
	__u64 w;
};

static __always_inline __u64 asked_of(__u32 tid, __u32 unit, __u32 fc, __u32 addr, __u32 word)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return tid | unit << 16 | fc << 24 | (__u64)(addr | word << 16) << 32;
#else
	return (__u64)(tid << 16 | unit << 8 | fc) << 32 | addr << 16 | word;
#endif
}

struct modbus_prepared { /* a request */
	union asked a;	 /* facts of the request to remember */
	__u32 value_lo, value_hi;
	__u32 policy;
	/* The next one is permitted as well if it asks the same of an address between these. */
	__u32 same_lo, same_hi;
	struct head head; /* its first bytes */
};

/* Is it inside one rule? Then it is what is to be remembered. */
static __always_inline bool permits(struct modbus_prepared *q, __u32 fc, __u32 addr, __u32 word)
{
	const __u8 *h = (const __u8 *)&q->head;
	__u32 unit = h[6], qty = fc == 5 || fc == 6 ? 1 : word;
	__u32 id = q->policy;
	const struct fast_policy *pol = bpf_map_lookup_elem(&fast_policies, &id);
	if (!pol)
		return false;
	__u32 last = addr + qty - 1;
	for (__u32 i = 0; bounded(i, FAST_RULES); i++) {
		if (i >= pol->n)
			break;
		const struct fast_rule *r = (const struct fast_rule *)pol->rules + i;
		if ((r->functions >> (fc & 31) & 1) && r->unit_lo <= unit && unit <= r->unit_hi &&
		    r->addr_lo <= addr && last <= r->addr_hi && r->qty_lo <= qty &&
		    qty <= r->qty_hi && r->value_lo <= q->value_lo && q->value_hi <= r->value_hi) {
			q->same_lo = r->addr_lo;
			q->same_hi = (__u32)r->addr_hi + 1 - qty;
			q->a.w = asked_of(half_at(h, 0), unit, fc, addr, word);
			return true;
		}
	}
	return false;
}

/* FC 16 (6.12): byte count, registers. The lowest and the highest value; of more than
 * FAST_VALUES registers nothing is known, so any value must be permitted. */
static __always_inline bool registers(const __u8 *v, __u32 body, __u32 n, struct modbus_prepared *q)
{
	__u32 last = n > FAST_VALUES ? 0 : 2 * n, lo = 0xffff, hi = 0;
	if (body != 5 + 2 * n || v[0] != 2 * n)
		return false;
	for (__u32 i = 0; bounded(i, FAST_VALUES); i++) {
		if (2 * i >= last)
			break;
		__u32 x = be16(v + 1 + 2 * i);
		lo = x < lo ? x : lo;
		hi = x > hi ? x : hi;
	}
	q->value_lo = n > FAST_VALUES ? 0 : lo;
	q->value_hi = n > FAST_VALUES ? 0xffff : hi;
	return true;
}

/* FC 15 (6.11): byte count, coils. What is beyond the last one must be zero. */
static __always_inline bool coils(const __u8 *v, __u32 body, __u32 n, struct modbus_prepared *q)
{
	__u32 used = n % 8, bytes = v[0];
	if (bytes == 0 || bytes != (n + 7) / 8 || body != 5 + bytes)
		return false;
	q->value_lo = 0;
	q->value_hi = 1;
	return !used || !(v[bytes] >> used);
}

static __always_inline bool range_ok(__u32 addr, __u32 qty, __u32 max)
{
	return qty != 0 && qty <= max && addr + qty <= 0x10000;
}

/* A request of HEAD bytes: its address and second word are all that it says. */
static __always_inline bool read_short(__u32 fc, __u32 addr, __u32 word, struct modbus_prepared *q)
{
	q->value_lo = q->value_hi = fc == 5 ? word != 0 : fc == 6 ? word : 0;
	if (fc == 5 || fc == 6)
		return fc == 6 || word == 0 || word == 0xff00;
	return fc != 0 && fc <= 4 && range_ok(addr, word, fc <= 2 ? 2000 : 125);
}

/* A longer one; v: what is behind its first bytes, to `body` bytes behind the function code. */
static __always_inline bool read_long(const __u8 *v, __u32 body, struct modbus_prepared *q)
{
	const __u8 *h = (const __u8 *)&q->head;
	__u32 fc = h[7], addr = half_at(h, 8), word = half_at(h, 10);
	if (fc == 15)
		return range_ok(addr, word, 0x7b0) && coils(v, body, word, q);
	return fc == 16 && range_ok(addr, word, 0x7b) && registers(v, body, word, q);
}

/* One request, its bytes at `at` of the copy, of at most left: its length, or 0 when it is not for
 * us. Verified on its own, so that the loops do not multiply. */
__noinline int take_request(const struct copy *a, __u32 at, __u32 left, struct modbus_prepared *q)
{
	if (!q || !a || left < HEAD || at >= PAYLOAD)
		return 0;
	const __u8 *h = (const __u8 *)&q->head;
	__u32 n = 6u + half_at(h, 4);
	if (half_at(h, 2) != 0 || n < HEAD || n > ADU_MAX || n > left)
		return 0;
	__u32 fc = h[7], addr = half_at(h, 8), word = half_at(h, 10);
	if (!(n == HEAD ? read_short(fc, addr, word, q)
			: read_long(a->bytes + at + HEAD, n - 8, q)) ||
	    !permits(q, fc, addr, word))
		return 0;
	if (n != HEAD) /* octets behind the head may differ */
		q->same_hi = 0;
	return (int)n;
}

/* Is it what was permitted last, but for the transaction identifier and the address? */
static __always_inline bool same_again(struct modbus_prepared *q, const struct head *next)
{
	const __u8 *h = (const __u8 *)next;
	__u32 addr = half_at(h, 8);
	if (half_at(h, 2) != 0 || next->w[1] != q->head.w[1] ||
	    half_at(h, 10) != half_at(&q->head, 10) || addr < q->same_lo || addr > q->same_hi ||
	    q->same_hi == 0)
		return false;
	q->a.w = asked_of(half_at(h, 0), h[6], h[7], addr, half_at(h, 10));
	return true;
}

/* Whole requests that fill the segment: how many, in fast_copy; 0: not all of them are for us. */
__noinline int take_requests(struct __sk_buff *skb, __u32 off, __u32 len, __u32 policy)
{
	__u32 zero = 0, at = 0, n = 0;
	struct copy *a = bpf_map_lookup_elem(&fast_copy, &zero);
	if (!a || !copy_payload(skb, off, len, FAST_REQ_SEGMENT, a))
		return 0;
	struct modbus_prepared q = { .policy = policy };
	for (__u32 i = 0; bounded(i, FAST_MESSAGES); i++) {
		if (at >= len)
			break;
		struct head next = *(const struct head *)(a->bytes + (at & (PAYLOAD - 1)));
		if (i != 0 && len - at >= HEAD && same_again(&q, &next)) {
			at += HEAD;
		} else {
			q.head = next;
			int took = take_request(a, at, len - at, &q);
			if (took <= 0)
				return 0;
			at += (__u32)took;
		}
		a->message[i] = q.a.w;
		n = i + 1;
	}
	return at == len ? (int)n : 0;
}

/* The same, where one of HEAD bytes, as most are, is in q instead. Whether they come at the right
 * moment is another question. */
static __always_inline __u32 modbus_prepare(const struct judging *j, struct modbus_prepared *q)
{
	const __u8 *h = (const __u8 *)&q->head;
	if (j->dir)
		return 0;
	if (j->s->len != HEAD)
		return (__u32)take_requests(j->skb, j->s->off, j->s->len, j->policy);
	q->policy = j->policy;
	if (bpf_skb_load_bytes(j->skb, j->s->off, &q->head, HEAD) < 0 || half_at(h, 2) != 0 ||
	    half_at(h, 4) != HEAD - 6)
		return 0;
	__u32 fc = h[7], addr = half_at(h, 8), word = half_at(h, 10);
	return read_short(fc, addr, word, q) && permits(q, fc, addr, word);
}

static __always_inline bool modbus_has_room(const struct judging *j)
{
	return j->dir ? room_in(&fast_modbus_kept[1], j) : room_in(&fast_modbus_kept[0], j);
}

/* Keep the requests in fast_copy: their octets from `pos` on, and in the list of outstanding
 * requests from `head` on. */
static __always_inline bool keep_requests(const struct judging *j, __u32 head, __u32 pos)
{
	struct fast_modbus *mb = fast_modbus_of(j->slot);
	__u32 zero = 0;
	const struct copy *a = bpf_map_lookup_elem(&fast_copy, &zero);
	if (!a)
		return false;
	for (__u32 i = 0; bounded(i, FAST_MESSAGES); i++) {
		if (i >= j->prepared)
			break;
		mb->pending[(head + i) & (FAST_PENDING - 1)] =
			((union asked){ .w = a->message[i] }).p;
	}
	copy_words(mb->req + pos, a->bytes, j->s->len, FAST_REQ_SEGMENT / 8);
	return true;
}

static __always_inline bool is_write(__u64 asked)
{
	return ((union asked){ .w = asked }).p.fc > 4; /* of those known here */
}

/* Number of writes among the first `asked` requests in fast_copy. */
__noinline int count_writes(__u32 asked)
{
	__u32 zero = 0, n = 0;
	const struct copy *a = bpf_map_lookup_elem(&fast_copy, &zero);
	if (!a)
		return 0;
	for (__u32 i = 0; bounded(i, FAST_MESSAGES); i++) {
		if (i >= asked)
			break;
		n += is_write(a->message[i]);
	}
	return (int)n;
}

/* Pass and keep the prepared requests, if they come at the right moment. Returns their number;
 * 0: an inspector has to judge them. */
static __always_inline __u32 requests(const struct judging *j, const struct modbus_prepared *q)
{
	struct fast_slot *slot = j->slot;
	struct fast_modbus *mb = fast_modbus_of(slot);
	__u32 asked = j->prepared, had = slot->n_pending, pos = j->pos;
	if (asked == 0 || asked > FAST_MESSAGES || had + asked > FAST_PENDING)
		return 0;
	if (!WITHIN(j->limits, asked,
		    j->s->len == HEAD ? is_write(q->a.w) : (__u32)count_writes(asked)))
		return 0;
	if (had == 0)
		slot->head = 0; /* shares a cache line with the numbers */
	__u32 head = slot->head + had;
	forget(pos);
	pos &= FAST_REQ_ROOM - 1;
	if (j->s->len == HEAD) {
		mb->pending[head & (FAST_PENDING - 1)] = q->a.p;
		*(struct head *)(mb->req + pos) = q->head;
	} else if (!keep_requests(j, head, pos)) {
		return 0;
	}
	slot->n_pending = (__u8)(had + asked);
	return asked;
}

/* ---- responses ---- */

struct response { /* to *p, and its first bytes */
	struct fast_pending p;
	struct head head;
};

/* One response that answers r->p, an exception or what a write is answered with: its length, or 0.
 */
__noinline int take_response(__u32 left, struct response *r)
{
	if (!r || left < ADU_MIN)
		return 0;
	const struct fast_pending *p = &r->p;
	const __u8 *h = (const __u8 *)&r->head;
	__u32 n = 6u + half_at(h, 4), body = n - 8;
	if (half_at(h, 2) != 0 || n < ADU_MIN || n > ADU_MAX || n > left)
		return 0;
	if (half_at(h, 0) != p->tid || h[6] != p->unit || (h[7] & 0x7f) != p->fc)
		return 0;
	bool good = false;
	if (h[7] & 0x80) /* whatever its code */
		good = body == 1;
	/* the head of the request */
	else if (p->fc == 5 || p->fc == 6 || p->fc == 15 || p->fc == 16)
		good = body == 4 && half_at(h, 8) == p->addr && half_at(h, 10) == p->word;
	return good ? (int)n : 0;
}

/* The same of what a read is answered with: no call for the usual one. */
static __always_inline __u32 values_read(const struct head *head, const struct fast_pending *p)
{
	const __u8 *h = (const __u8 *)head;
	__u32 bytes = p->fc <= 2 ? (p->word + 7u) / 8 : 2u * p->word;
	if (p->fc > 4 || half_at(h, 0) != p->tid || half_at(h, 2) != 0 ||
	    half_at(h, 4) != 3 + bytes || h[6] != p->unit || h[7] != p->fc || h[8] != bytes)
		return 0;
	return 9 + bytes;
}

/* Of a segment of which only the first response is at a, or all of it if it is small: whole
 * responses that fill it, to the requests that are outstanding: how many; 0: not all of them are
 * for us. */
__noinline int take_responses(struct __sk_buff *skb, __u32 off, __u32 len,
			      const struct fast_slot *slot, struct copy *a)
{
	__u32 at = 0, n = 0;
	if (!slot || !a)
		return 0;
	__u32 had = slot->n_pending, head = slot->head;
	struct response r = {};
	if (had > FAST_PENDING)
		return 0;
	for (__u32 i = 0; bounded(i, FAST_MESSAGES); i++) {
		if (at >= len || i >= had)
			break;
		if (i == 1 && len > SMALL && !copy_payload(skb, off, len, FAST_RESP_SEGMENT, a))
			return 0;
		r.head = *(const struct head *)(a->bytes + (at & (PAYLOAD - 1)));
		r.p = ((const struct fast_modbus *)slot)->pending[(head + i) & (FAST_PENDING - 1)];
		__u32 took = values_read(&r.head, &r.p);
		if (took == 0)
			took = (__u32)take_response(len - at, &r);
		if (took == 0 || took > ADU_MAX)
			return 0;
		at += took;
		n = i + 1;
	}
	return at == len ? (int)n : 0;
}

/* Responses, accounted for and kept. How many; 0: not for us. */
static __always_inline __u32 responses(const struct judging *j)
{
	struct fast_slot *slot = j->slot;
	__u32 zero = 0, n = 1;
	struct copy *a = bpf_map_lookup_elem(&fast_copy, &zero);
	if (!a || j->s->len < ADU_MIN || slot->n_pending == 0 || !copy_start(j, HEAD, a))
		return 0;
	struct head head = *(const struct head *)a->bytes;
	struct fast_pending p = fast_modbus_of(slot)->pending[slot->head & (FAST_PENDING - 1)];
	if (values_read(&head, &p) != j->s->len) /* else it is the one response, to a read */
		n = (__u32)take_responses(j->skb, j->s->off, j->s->len, slot, a);
	if (n == 0 || n > FAST_MESSAGES || !keep(j, &fast_modbus_kept[1], a))
		return 0;
	slot->head += n;
	slot->n_pending -= n;
	return n;
}

static __always_inline __u32 modbus_messages(const struct judging *j,
					     const struct modbus_prepared *q)
{
	return j->dir ? responses(j) : requests(j, q);
}
