/* SPDX-License-Identifier: MIT
 *
 * Modbus in the program: whole messages, each request inside one flattened rule, each
 * response the answer to the oldest request that is outstanding. MODBUS Application
 * Protocol Specification V1.1b3 chapters 6 and 7; the frame is drawn in dissect/modbus.h.
 */

/* ---- one request ---- */

/* Is it inside one rule? */
static __always_inline bool permits(const struct request *q)
{
	__u32 id = q->policy;
	const struct fast_policy *pol = bpf_map_lookup_elem(&fast_policies, &id);
	if (!pol)
		return false;
	__u32 last = (__u32)q->p.addr + q->p.qty - 1;
	for (__u32 i = 0; bounded(i, FAST_RULES); i++) {
		if (i >= pol->n)
			break;
		const struct fast_rule *r = &pol->rule[i];
		if ((r->functions >> (q->p.fc & 31) & 1) && r->unit_lo <= q->p.unit && q->p.unit <= r->unit_hi &&
		    r->addr_lo <= q->p.addr && last <= r->addr_hi && r->qty_lo <= q->p.qty &&
		    q->p.qty <= r->qty_hi && r->value_lo <= q->value_lo && q->value_hi <= r->value_hi)
			return true;
	}
	return false;
}

/* FC 16 (6.12): byte count, registers. The lowest and the highest value; of more than
 * FAST_VALUES registers nothing is known, so any value must be permitted. */
static __always_inline bool registers(struct __sk_buff *skb, __u32 off, __u32 body, struct request *q)
{
	__u8 v[4 * FAST_VALUES];
	__u32 n = q->p.qty, last = n > FAST_VALUES ? 0 : 2 * n;
	forget(last);
	last &= sizeof(v) - 1;
	if (body != 5 + 2 * n || bpf_skb_load_bytes(skb, off, v, last + 1) < 0 || v[0] != 2 * n)
		return false;
	q->value_lo = n > FAST_VALUES ? 0 : 0xffff;
	q->value_hi = n > FAST_VALUES ? 0xffff : 0;
	for (__u32 i = 0; bounded(i, FAST_VALUES); i++) {
		if (2 * i >= last)
			break;
		__u16 x = be16(v + 1 + 2 * i);
		q->value_lo = x < q->value_lo ? x : q->value_lo;
		q->value_hi = x > q->value_hi ? x : q->value_hi;
	}
	return true;
}

/* FC 15 (6.11): byte count, coils. What is beyond the last one must be zero. */
static __always_inline bool coils(struct __sk_buff *skb, __u32 off, __u32 body, struct request *q)
{
	__u8 bytes, last;
	__u32 used = q->p.qty % 8;
	if (bpf_skb_load_bytes(skb, off, &bytes, 1) < 0 || bytes != (q->p.qty + 7) / 8 || body != 5u + bytes ||
	    bpf_skb_load_bytes(skb, off + bytes, &last, 1) < 0)
		return false;
	q->value_lo = 0;
	q->value_hi = 1;
	return !used || !(last >> used);
}

static __always_inline bool range_ok(const struct fast_pending *p, __u32 max)
{
	return p->qty != 0 && p->qty <= max && (__u32)p->addr + p->qty <= 0x10000;
}

/* The body of a request of `body` bytes behind the function code. */
static __always_inline bool read_request(struct __sk_buff *skb, __u32 off, __u32 body, struct request *q)
{
	__u16 word = half_at(&q->head, 10);
	q->p.addr = half_at(&q->head, 8);
	q->p.qty = word;
	q->p.value = 0;
	q->value_lo = q->value_hi = 0;
	switch (q->p.fc) {
	case 1: case 2:
		return body == 4 && range_ok(&q->p, 2000);
	case 3: case 4:
		return body == 4 && range_ok(&q->p, 125);
	case 5: case 6:
		if (body != 4 || (q->p.fc == 5 && word != 0 && word != 0xff00))
			return false;
		q->p.qty = 1;
		q->p.value = word;
		q->value_lo = q->value_hi = q->p.fc == 5 ? word != 0 : word;
		return true;
	case 15:
		return range_ok(&q->p, 0x7b0) && coils(skb, off + 4, body, q);
	case 16:
		return range_ok(&q->p, 0x7b) && registers(skb, off + 4, body, q);
	}
	return false;
}

/* One request at off, of at most left bytes: its length, or 0 when it is not for us.
 * Verified by itself, so that the loops do not multiply. */
__noinline int take_request(struct __sk_buff *skb, __u32 off, __u32 left, struct request *q)
{
	if (!q || left < HEAD || off > 0xffff)
		return 0;
	const __u8 *h = (const __u8 *)&q->head;
	__u32 n = 6u + half_at(h, 4);
	if (half_at(h, 2) != 0 || n < HEAD || n > ADU_MAX || n > left)
		return 0;
	q->p.tid = half_at(h, 0);
	q->p.unit = h[6];
	q->p.fc = h[7];
	if (!read_request(skb, off + 8, n - 8, q) || !permits(q))
		return 0;
	return (int)n;
}

/* ---- one response ---- */

/* One response that answers r->p: its length, or 0. */
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
	if (h[7] & 0x80)	/* chapter 7; 7 is of older editions */
		good = body == 1 && h[8] != 0 && h[8] != 9 && h[8] <= 11;
	else if (p->fc <= 2)
		good = h[8] == (p->qty + 7) / 8 && body == 1u + h[8];
	else if (p->fc <= 4)
		good = h[8] == 2 * p->qty && body == 1u + h[8];
	else if (p->fc <= 6 || p->fc == 15 || p->fc == 16)	/* the head of the request */
		good = body == 4 && half_at(h, 8) == p->addr && half_at(h, 10) == (p->fc <= 6 ? p->value : p->qty);
	return good ? (int)n : 0;
}

/* ---- all of a segment ---- */

/* Whole requests that fill the segment: how many; 0: not all of them are for us. They are
 * put behind the pending ones, but not counted yet. */
static __always_inline __u32 requests(struct __sk_buff *skb, const struct segment *s, struct fast_slot *slot,
				      const struct request *first, int first_len)
{
	__u32 at = 0, n = 0, had = slot->n_pending;
	const __u8 *all = NULL;
	if (had == 0)
		slot->head = 0;		/* shares a cache line with the numbers */
	__u32 head = slot->head;
	for (__u32 i = 0; bounded(i, FAST_PDUS); i++) {
		struct request q = *first;
		if (at >= s->len || had + n >= FAST_PENDING)
			break;
		int len = first_len;
		if (i != 0)
			len = head_at(skb, s, i, at, &all, &q.head) ? take_request(skb, s->off + at, s->len - at, &q) : 0;
		if (len <= 0)
			return 0;
		slot->pending[(head + had + n) & (FAST_PENDING - 1)] = q.p;
		at += (__u32)len;
		n++;
	}
	return at == s->len ? n : 0;
}

static __always_inline __u32 responses(struct __sk_buff *skb, const struct segment *s, struct fast_slot *slot)
{
	__u32 at = 0, n = 0, had = slot->n_pending, head = slot->head;
	const __u8 *all = NULL;
	if (had > FAST_PENDING)
		return 0;
	for (__u32 i = 0; bounded(i, FAST_PDUS); i++) {
		if (at >= s->len || n >= had)
			break;
		struct response r = { .p = slot->pending[(head + n) & (FAST_PENDING - 1)] };
		int len = head_at(skb, s, i, at, &all, &r.head) ? take_response(s->len - at, &r) : 0;
		if (len <= 0)
			return 0;
		at += (__u32)len;
		n++;
	}
	return at == s->len ? n : 0;
}
