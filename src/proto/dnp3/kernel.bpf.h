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
 * IEEE 1815-2012 clauses 4, 8, 9; the frame is drawn in proto/dnp3/wire.h.
 */
#include "proto/dnp3/kernel.h"

enum {
	DNP_HEAD = 10,
	DNP_BLOCK = 16,
	DNP_CRC = 2,
	DNP_TRANSPORT = DNP_HEAD,
	DNP_CONTROL = DNP_HEAD + 1,
	DNP_WHOLE = 0xc0,
	DNP_BLOCKS = 16
};

/* The CRC after an octet, and after so many octets of zero behind it; of dnp3_crc(). */
const volatile __u16 dnp_step[4][256] SEC(".rodata.crc") = {};

/* of what is kept, and no frame goes beyond */
enum { DNP_END = offsetof(struct fast_dnp3, behind) };

static __always_inline __u32 dnp_after(__u32 octet, __u32 zeros)
{
	/* else the compiler may compare wider than it looks up, and the verifier sees no bound */
	forget(octet);
	return dnp_step[zeros][octet & 255];
}

/* Are the n octets at `at` of the slot followed by their CRC? Four octets at a time, as each look
 * into the table waits for the one before. A function of its own, so that the verifier's states do
 * not multiply: Linux 6.1 gives up on one loop over all blocks. */
__noinline int dnp_block_ok(struct fast_slot *slot, __u32 at, __u32 n)
{
	if (!slot || n == 0 || n > DNP_BLOCK || at > DNP_END)
		return 0;
	const __u8 *p = (const __u8 *)slot + at;
	__u32 crc = 0, i = 0;
	for (__u32 k = 0; bounded(k, DNP_BLOCK / 4); k++) {
		if (4 * k + 4 > n)
			break;
		__u32 w = crc ^ le32(p + 4 * k);
		crc = dnp_after(w, 3) ^ dnp_after(w >> 8, 2) ^ dnp_after(w >> 16, 1) ^
		      dnp_after(w >> 24, 0);
		i = 4 * k + 4;
	}
	for (__u32 k = 0; bounded(k, 3); k++) {
		if (i + k >= n)
			break;
		__u32 here = i + k;
		forget(here);
		here &= DNP_BLOCK - 1;
		crc = crc >> 8 ^ dnp_after(crc ^ p[here], 0);
	}
	crc = ~crc;
	forget(n); /* the bound, so that the verifier sees it */
	n &= 2 * DNP_BLOCK - 1;
	return p[n] == (crc & 0xff) && p[n + 1] == (crc >> 8 & 0xff);
}

/* Are the CRCs of the user data behind the header right, one after each block and at the end? */
static __always_inline bool dnp_blocks_ok(struct fast_slot *slot, __u32 from, __u32 len)
{
	__u32 at = DNP_HEAD;
	for (__u32 i = 0; bounded(i, DNP_BLOCKS); i++) {
		if (at >= len)
			break;
		__u32 n = len - at < DNP_BLOCK + DNP_CRC ? len - at - DNP_CRC : DNP_BLOCK;
		if (!dnp_block_ok(slot, from + at, n))
			return false;
		at += n + DNP_CRC;
	}
	return at == len;
}

static __always_inline bool dnp_whole(const __u8 *in)
{
	return (in[DNP_TRANSPORT] & DNP_WHOLE) == DNP_WHOLE &&
	       (in[DNP_CONTROL] & 0xf0) == DNP_WHOLE;
}

/* Is the frame at `at` this poll's request? Its CRCs were found good. */
__noinline int dnp_asks(struct fast_slot *slot, __u32 at, __u32 len, __u32 poll)
{
	if (!slot || poll >= FAST_POLLS || len > FAST_ASK_MAX || len <= DNP_CONTROL || at > DNP_END)
		return 0;
	const struct fast_poll *p = &fast_dnp3_of(slot)->poll[poll];
	const __u8 *in = (const __u8 *)slot + at;
	__u64 differs = 0;
	if (p->ask_len != len || !dnp_whole(in))
		return 0;
	for (__u32 i = 0; bounded(i, FAST_ASK_MAX / 8); i++) {
		if (8 * i >= len)
			break;
		differs |= (*(const __u64 *)(in + 8 * i) ^ p->ask[i].v) & p->ask[i].mask;
	}
	return differs == 0;
}

/* The same for its response. */
__noinline int dnp_answers(struct fast_slot *slot, __u32 at, __u32 len, __u32 poll)
{
	if (!slot || poll >= FAST_POLLS || len > FAST_ANSWER_MAX || len <= DNP_CONTROL ||
	    at > DNP_END)
		return 0;
	const struct fast_poll *p = &fast_dnp3_of(slot)->poll[poll];
	const __u8 *in = (const __u8 *)slot + at;
	__u64 differs = 0;
	if (p->answer_len != len || !dnp_whole(in))
		return 0;
	for (__u32 i = 0; bounded(i, FAST_ANSWER_WORDS); i++) {
		if (8 * i >= len)
			break;
		differs |= (*(const __u64 *)(in + 8 * i) ^ p->answer[i].v) & p->answer[i].mask;
	}
	return differs == 0;
}

/* Application sequence number of the frame at `at`. */
static __always_inline __u32 dnp_seq(const struct fast_slot *slot, __u32 at)
{
	forget(at);
	at &= 4095; /* above DNP_END, and inside the slot for the verifier to see */
	return ((const __u8 *)slot)[at + DNP_CONTROL] & 15;
}

_Static_assert(DNP_END < 4096, "any place of a frame");

/* One request of len bytes at `at`, which is one of the polls, and nothing outstanding: 1. */
__noinline int dnp_request(struct fast_slot *slot, __u32 at, __u32 len, __u32 limits)
{
	__u32 poll = 0;
	if (!slot || slot->n_pending != 0 || !dnp_blocks_ok(slot, at, len))
		return 0;
	if (!dnp_asks(slot, at, len, 0)) {
		poll = 1;
		if (!dnp_asks(slot, at, len, 1))
			return 0;
	}
	if (!WITHIN(limits, 1, 0))
		return 0;
	__u64 now = bpf_ktime_get_ns();
	struct fast_asked *a = &fast_dnp3_of(slot)->asked;
	__u32 seq = dnp_seq(slot, at);
	slot->head = 0;
	slot->n_pending = 1;
	a->seq = seq;
	a->poll = poll;
	a->ns = now;
	a->at[poll & 1][seq & 15] = (__u32)(now >> 24) | 1;
	return 1;
}

/* The answer to the request that is outstanding, in time: 1. */
__noinline int dnp_response(struct fast_slot *slot, __u32 at, __u32 len)
{
	if (!slot || slot->n_pending != 1)
		return 0;
	const struct fast_asked *a = &fast_dnp3_of(slot)->asked;
	__u32 seq = a->seq, poll = a->poll;
	__u64 age = bpf_ktime_get_ns() - a->ns;
	if (age > FAST_WAIT_NS || dnp_seq(slot, at) != seq || !dnp_blocks_ok(slot, at, len) ||
	    !dnp_answers(slot, at, len, poll))
		return 0;
	slot->n_pending = 0;
	return 1;
}

PREPARES_NOTHING(dnp3)

static __always_inline bool dnp3_has_room(const struct judging *j)
{
	return j->dir ? room_in(&fast_dnp3_kept[1], j) : room_in(&fast_dnp3_kept[0], j);
}

/* The write to `wanted` or `answer_wanted` starts to fetch the cache lines to which the frame is
 * compared; the frame is copied meanwhile. */
static __always_inline __u32 dnp3_messages(const struct judging *j, const struct dnp3_prepared *p)
{
	struct fast_dnp3 *d = fast_dnp3_of(j->slot);
	__u32 at;
	bool pass;
	(void)p;
	if (j->dir) {
		*(volatile __u32 *)&d->poll[d->asked.poll & (FAST_POLLS - 1)].answer_wanted = 1;
		pass = load(j, &fast_dnp3_kept[1], &at) &&
		       dnp_response(j->slot, at, j->s->len) == 1;
	} else {
		*(volatile __u32 *)&d->poll[0].wanted = 1;
		pass = load(j, &fast_dnp3_kept[0], &at) &&
		       dnp_request(j->slot, at, j->s->len, j->limits) == 1;
	}
	return judged_in_place(j, pass, at);
}
