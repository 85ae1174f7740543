/* SPDX-License-Identifier: MIT
 *
 * DNP3 in the program. A master asks the same again and again; an inspector that
 * has judged a poll and its answer leaves both in the slot. Here a frame is held
 * against them: it must be the same but for
 *
 *  - the transport segment's and the fragment's sequence numbers. Both stay first
 *    and last of their series, no confirmation is asked for, nothing is unsolicited;
 *  - in the answer: its indications, and objects' data where the mask is 0.
 *
 * The header's CRC is compared with it; those of the blocks are computed. What an
 * inspector writes there changes only the connections that it decides about anyway.
 * IEEE 1815-2012 clauses 4, 8, 9; the frame is drawn in dissect/dnp3.h.
 */

enum { DNP_HEAD = 10, DNP_BLOCK = 16, DNP_CRC = 2, DNP_TRANSPORT = DNP_HEAD, DNP_CONTROL = DNP_HEAD + 1,
       DNP_WHOLE = 0xc0, DNP_BLOCKS = 16 };

/* By octet; of dnp3_crc(). */
const volatile __u16 dnp_step[256] SEC(".rodata.crc") = {};

/* Are the n octets at `at` followed by their CRC? By itself, so that the verifier's states do not
 * multiply: Linux 6.1 gives up on one loop over all blocks. */
__noinline int dnp_block_ok(struct fast_slot *slot, __u32 at, __u32 n)
{
	if (!slot || n == 0 || n > DNP_BLOCK || at > FAST_ANSWER_MAX)
		return 0;
	const __u8 *p = (const __u8 *)slot + offsetof(struct fast_slot, dnp.in) + at;
	__u32 crc = 0;
	for (__u32 i = 0; bounded(i, DNP_BLOCK); i++) {
		if (i >= n)
			break;
		__u32 k = crc ^ p[i];
		forget(k);
		crc = crc >> 8 ^ dnp_step[k & 255];
	}
	crc = ~crc;
	forget(n);	/* the bound, so that the verifier sees it */
	n &= 2 * DNP_BLOCK - 1;
	return p[n] == (crc & 0xff) && p[n + 1] == (crc >> 8 & 0xff);
}

/* Of the user data behind the header, a CRC after each block and at the end: are all right? */
static __always_inline bool dnp_blocks_ok(struct fast_slot *slot, __u32 len)
{
	__u32 at = DNP_HEAD;
	for (__u32 i = 0; bounded(i, DNP_BLOCKS); i++) {
		if (at >= len)
			break;
		__u32 n = len - at < DNP_BLOCK + DNP_CRC ? len - at - DNP_CRC : DNP_BLOCK;
		if (!dnp_block_ok(slot, at, n))
			return false;
		at += n + DNP_CRC;
	}
	return at == len;
}

static __always_inline bool dnp_whole(const struct fast_slot *slot)
{
	return (slot->dnp.in[DNP_TRANSPORT] & DNP_WHOLE) == DNP_WHOLE &&
	       (slot->dnp.in[DNP_CONTROL] & 0xf0) == DNP_WHOLE;
}

/* Is the frame this poll's request? Its CRCs were found good. */
__noinline int dnp_asks(struct fast_slot *slot, __u32 len, __u32 poll)
{
	if (!slot || poll >= FAST_POLLS || len > FAST_ASK_MAX || len <= DNP_CONTROL || !dnp_whole(slot))
		return 0;
	const struct fast_poll *p = &slot->dnp.poll[poll];
	const __u64 *in = (const __u64 *)slot->dnp.in;
	__u64 differs = 0;
	if (p->ask_len != len || p->answer_len == 0)
		return 0;
	for (__u32 i = 0; bounded(i, FAST_ASK_MAX / 8); i++) {
		if (8 * i >= len)
			break;
		differs |= (in[i] ^ p->ask[i]) & p->ask_mask[i];
	}
	return differs == 0;
}

/* The same of its answer. */
__noinline int dnp_answers(struct fast_slot *slot, __u32 len, __u32 poll)
{
	if (!slot || poll >= FAST_POLLS || len > FAST_ANSWER_MAX || len <= DNP_CONTROL || !dnp_whole(slot))
		return 0;
	const struct fast_poll *p = &slot->dnp.poll[poll];
	const __u64 *in = (const __u64 *)slot->dnp.in;
	__u64 differs = 0;
	if (p->answer_len != len)
		return 0;
	for (__u32 i = 0; bounded(i, FAST_ANSWER_ROOM / 8); i++) {
		if (8 * i >= len)
			break;
		differs |= (in[i] ^ p->answer[i]) & p->answer_mask[i];
	}
	return differs == 0;
}

static __always_inline bool dnp_load(struct __sk_buff *skb, const struct segment *s, struct fast_slot *slot)
{
	__u32 last = s->len - 1;
	if (last >= FAST_ANSWER_MAX)
		return false;
	forget(last);	/* and stays inside the slot for the verifier to see */
	last &= 511;
	return bpf_skb_load_bytes(skb, s->off, slot->dnp.in, last + 1) == 0 && dnp_blocks_ok(slot, s->len);
}

/* One request that is one of the polls, and nothing outstanding: 1. */
static __noinline __u32 dnp_request(struct __sk_buff *skb, const struct segment *s, struct fast_slot *slot)
{
	__u32 poll = 0;
	if (slot->n_pending != 0 || !dnp_load(skb, s, slot))
		return 0;
	if (!dnp_asks(slot, s->len, 0)) {
		poll = 1;
		if (!dnp_asks(slot, s->len, 1))
			return 0;
	}
	__u64 now = bpf_ktime_get_ns();
	__u32 seq = slot->dnp.in[DNP_CONTROL] & 15;
	slot->head = 0;
	slot->pending[0] = (struct fast_pending){ .tid = (__u16)seq, .qty = (__u16)poll };
	slot->dnp.asked_ns = now;
	slot->dnp.asked[poll & 1][seq & 15] = (__u32)(now >> 24) | 1;
	return 1;
}

/* The answer to the request that is outstanding, in time: 1. */
static __noinline __u32 dnp_response(struct __sk_buff *skb, const struct segment *s, struct fast_slot *slot)
{
	struct fast_pending p = slot->pending[slot->head & (FAST_PENDING - 1)];
	__u64 age = bpf_ktime_get_ns() - slot->dnp.asked_ns;
	if (slot->n_pending != 1 || age > FAST_WAIT_NS || !dnp_load(skb, s, slot))
		return 0;
	return (slot->dnp.in[DNP_CONTROL] & 15) == p.tid && dnp_answers(slot, s->len, p.qty);
}
