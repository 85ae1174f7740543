/* SPDX-License-Identifier: MIT
 *
 * IEC 60870-5-104 in the program: whole frames; of the controlled station's the reports that the
 * policy permits, S frames, and confirmations of TESTFR. Everything that depends on the frame and
 * the policy is found before the slot is held; then the frames' numbers, as a few sums, are
 * compared with the connection's. IEC 60870-5-104 clauses 5.1 to 5.3, IEC 60870-5-101 clause 7.2;
 * the frame is drawn in proto/iec104/wire.h.
 */
#include "proto/iec104/kernel.h"

enum {
	IEC_START_OCTET = 0x68,
	IEC_APCI_LEN = 6,
	IEC_OBJECTS_AT = 12,
	IEC_ADDRESS_LEN = 3,
	IEC_APDU_LEN_MAX = 255,
	IEC_ADDRESS_MAX = 0xffffff,
	IEC_NUMBERS = 0x7fff, /* sequence numbers have so many bits */
	IEC_S_FRAME = 1,
	IEC_TEST_CON = 0x83,
	/* the shortest object has four octets */
	IEC_OBJECTS_MAX = (IEC_APDU_LEN_MAX - IEC_OBJECTS_AT) / 4,
};

/* The types that are judged here: of iec_types. */
const volatile __u64 iec_type_facts[FAST_IEC_TYPES][FAST_IEC_FACTS] SEC(".rodata.iec104") = {};

/* What the frames of a segment say together. */
struct iec104_prepared {
	__u64 lone;	/* the frame, if there is one of six octets */
	__u32 policy;	/* its number */
	__u32 station;	/* not 0: it comes from the controlled station */
	__u32 k;	/* of the policy */
	__u32 reports;	/* I frames; */
	__u32 ns;	/* N(S) of the first, which the others follow */
	__u32 numbered; /* I and S frames; */
	__u32 nr;	/* N(R) of the first, */
	__u32 last_nr;	/* of the last, */
	__u32 advance;	/* and by how much it is ahead, all steps together */
	__u32 unused;
};

static __always_inline __u32 iec_le16(const __u8 *p)
{
	return p[0] | (__u32)p[1] << 8;
}

static __always_inline __u32 iec_le24(const __u8 *p)
{
	return iec_le16(p) | (__u32)p[2] << 16;
}

static __always_inline __u32 iec_ahead(__u32 a, __u32 b)
{
	return (b - a) & IEC_NUMBERS;
}

/* ---- one ASDU ---- */

struct iec_report {
	__u32 type, cause, common;
	__u32 lo, hi; /* the least and the highest object address */
};

/* Addresses of n objects of which each has its own, every `step` octets from `at` on in the copy. A
 * function of its own, so that the verifier does not multiply the loops. */
__noinline int iec_addresses(const struct copy *a, __u32 at, __u32 n, __u32 step,
			     struct iec_report *r)
{
	if (!a || !r || at >= PAYLOAD + IEC_OBJECTS_AT)
		return 0;
	__u32 lo = IEC_ADDRESS_MAX, hi = 0;
	for (__u32 i = 0; bounded(i, IEC_OBJECTS_MAX); i++) {
		__u32 where = i * step;
		if (i >= n)
			break;
		forget(where);
		where &= 255; /* all of them are inside the frame */
		__u32 x = iec_le24(a->bytes + at + where);
		lo = x < lo ? x : lo;
		hi = x > hi ? x : hi;
	}
	r->lo = lo;
	r->hi = hi;
	return 1;
}

/* Is it in one flattened rule? */
__noinline int iec_permits(__u32 policy, const struct iec_report *r)
{
	const struct fast_policy *pol = bpf_map_lookup_elem(&fast_policies, &policy);
	if (!pol || !r)
		return 0;
	const struct fast_iec104_rules *rules = (const struct fast_iec104_rules *)pol->rules;
	__u32 n = pol->n;
	if (!rules->listed)
		return 1;
	for (__u32 i = 0; bounded(i, FAST_IEC_RULES); i++) {
		const struct fast_iec104_rule *t = &rules->rule[i];
		if (i >= n)
			break;
		if ((t->types >> (r->type & 63) & 1) && (t->causes >> (r->cause & 63) & 1) &&
		    t->common_lo <= r->common && r->common <= t->common_hi &&
		    t->object_lo <= r->lo && r->hi <= t->object_hi)
			return 1;
	}
	return 0;
}

/* The ASDU of the I frame of n octets at `at` of the copy: process information, exactly as long as
 * it says, and permitted. */
__noinline int iec_reports(const struct copy *a, __u32 at, __u32 n, __u32 policy)
{
	if (!a || at >= PAYLOAD || n < IEC_OBJECTS_AT + IEC_ADDRESS_LEN || n > IEC_APDU_LEN_MAX)
		return 0;
	const __u8 *h = a->bytes + at;
	__u32 type = h[6], count = h[7] & 127, sequence = h[7] >> 7,
	      first = iec_le24(h + IEC_OBJECTS_AT);
	struct iec_report r = { .type = type,
				.cause = h[8] & 63,
				.common = iec_le16(h + 10),
				.lo = first,
				.hi = first };
	if (type >= FAST_IEC_TYPES || count == 0)
		return 0;
	const volatile __u64 *facts = iec_type_facts[type & (FAST_IEC_TYPES - 1)];
	__u32 form = (__u32)facts[FAST_IEC_FORM], size = form & FAST_IEC_SIZE;
	if (!(facts[FAST_IEC_CAUSES] >> r.cause & 1) || (sequence && !(form & FAST_IEC_SQ)))
		return 0;
	__u32 octets = sequence ? IEC_ADDRESS_LEN + count * size : count * (IEC_ADDRESS_LEN + size);
	if (n != IEC_OBJECTS_AT + octets)
		return 0;
	if (sequence)
		r.hi = first + count - 1;
	else if (count > 1 &&
		 !iec_addresses(a, at + IEC_OBJECTS_AT, count, IEC_ADDRESS_LEN + size, &r))
		return 0;
	return r.hi <= IEC_ADDRESS_MAX && iec_permits(policy, &r);
}

/* ---- one frame ---- */

/* N(R) of one more frame. False: it can be none, or it is a master's and confirms nothing new: that
 * may count as a request, as an inspector knows. */
static __always_inline bool iec_note_nr(struct iec104_prepared *q, __u32 field)
{
	__u32 nr = field >> 1;
	if (field & 1)
		return false;
	if (q->numbered == 0)
		q->nr = nr;
	else if (q->last_nr == nr && !q->station)
		return false;
	else
		q->advance += iec_ahead(q->last_nr, nr);
	q->last_nr = nr;
	q->numbered++;
	return true;
}

/* Not an I frame: by the four octets of its control field. That the station confirms TESTFR changes
 * nothing; its question, and all of the master's U frames, are counted by an inspector. */
static __always_inline bool iec_supervises(struct iec104_prepared *q, __u32 first, __u32 second)
{
	if (first == IEC_S_FRAME)
		return iec_note_nr(q, second);
	return second == 0 && first == IEC_TEST_CON && q->station;
}

/* The frame at `at` of the copy, of at most `left` octets: its length, or 0 when it is not for us.
 */
__noinline int iec_frame(const struct copy *a, __u32 at, __u32 left, struct iec104_prepared *q)
{
	if (!a || !q || at >= PAYLOAD || left < IEC_APCI_LEN)
		return 0;
	const __u8 *h = a->bytes + at;
	__u32 n = 2u + h[1], first = iec_le16(h + 2), second = iec_le16(h + 4), ns = first >> 1;
	if (h[0] != IEC_START_OCTET || n > left || n < IEC_APCI_LEN)
		return 0;
	if (n == IEC_APCI_LEN)
		return iec_supervises(q, first, second) ? (int)n : 0;
	if ((first & 1) || !q->station ||
	    (q->reports && ns != ((q->ns + q->reports) & IEC_NUMBERS)))
		return 0;
	if (!iec_note_nr(q, second) || !iec_reports(a, at, n, q->policy))
		return 0;
	if (q->reports == 0)
		q->ns = ns;
	q->reports++;
	return (int)n;
}

/* Whole frames that fill the segment: how many, in fast_copy; 0: not all of them are for us. */
__noinline int iec_frames(struct __sk_buff *skb, __u32 off, __u32 len, struct iec104_prepared *q)
{
	__u32 zero = 0, at = 0, n = 0;
	struct copy *a = bpf_map_lookup_elem(&fast_copy, &zero);
	if (!a || !q || !copy_payload(skb, off, len, FAST_IEC_STATION_SEGMENT, a))
		return 0;
	for (__u32 i = 0; bounded(i, FAST_MESSAGES); i++) {
		if (at >= len)
			break;
		int took = iec_frame(a, at, len - at, q);
		if (took <= 0)
			return 0;
		at += (__u32)took;
		n = i + 1;
	}
	return at == len ? (int)n : 0;
}

/* ---- a segment ---- */

static __always_inline __u32 iec104_prepare(const struct judging *j, struct iec104_prepared *q)
{
	__u32 policy = j->policy;
	const struct fast_policy *pol = bpf_map_lookup_elem(&fast_policies, &policy);
	if (!pol)
		return 0;
	const struct fast_iec104_rules *rules = (const struct fast_iec104_rules *)pol->rules;
	*q = (struct iec104_prepared){ .policy = policy, .station = j->dir, .k = rules->k };
	if (!rules->client_is_controlling)
		return 0;
	if (j->s->len != IEC_APCI_LEN)
		return (__u32)iec_frames(j->skb, j->s->off, j->s->len, q);
	const __u8 *h = (const __u8 *)&q->lone;
	return bpf_skb_load_bytes(j->skb, j->s->off, &q->lone, IEC_APCI_LEN) == 0 &&
	       h[0] == IEC_START_OCTET && h[1] == IEC_APCI_LEN - 2 &&
	       iec_supervises(q, iec_le16(h + 2), iec_le16(h + 4));
}

static __always_inline bool iec104_has_room(const struct judging *j)
{
	return j->dir ? room_in(&fast_iec104_kept[1], j) : room_in(&fast_iec104_kept[0], j);
}

/* Are these the next numbers of both ends? Each N(R) confirms no less than the one before, and the
 * last no more than was sent; no I frame is one more than may wait for its confirmation. */
static __always_inline bool iec_numbers_fit(const struct fast_iec104 *s, __u32 own,
					    const struct iec104_prepared *q)
{
	__u32 acked = s->acked[own ^ 1], first = iec_ahead(acked, q->nr);
	if (q->numbered && first + q->advance > iec_ahead(acked, s->next[own ^ 1]))
		return false;
	if (!q->station && first == 0)
		return false;
	if (q->reports == 0)
		return true;
	__u32 next = s->next[own];
	return q->ns == next && iec_ahead(s->acked[own], next) + q->reports <= q->k;
}

static __always_inline bool iec_keep(const struct judging *j, const struct iec104_prepared *q,
				     const struct fast_kept *k)
{
	__u32 pos = j->pos, zero = 0;
	if (j->s->len == IEC_APCI_LEN) {
		forget(pos);
		*(__u64 *)((__u8 *)j->slot + k->at + (pos & (k->room - 1))) = q->lone;
		return true;
	}
	const struct copy *a = bpf_map_lookup_elem(&fast_copy, &zero);
	return a && keep(j, k, a);
}

static __always_inline __u32 iec104_messages(const struct judging *j,
					     const struct iec104_prepared *q)
{
	struct fast_iec104 *s = fast_iec104_of(j->slot);
	__u32 own = j->dir & 1, n = j->prepared;
	if (n == 0 || n > FAST_MESSAGES || !iec_numbers_fit(s, own, q))
		return 0;
	if (!(own ? iec_keep(j, q, &fast_iec104_kept[1]) : iec_keep(j, q, &fast_iec104_kept[0])))
		return 0;
	if (q->numbered)
		s->acked[own ^ 1] = (__u16)q->last_nr;
	if (q->reports) {
		s->next[own] = (__u16)((q->ns + q->reports) & IEC_NUMBERS);
		s->sent[own] = 1;
	}
	return n;
}
