/* SPDX-License-Identifier: MIT
 *
 * A segment's payload: copied out of an inspector's reach, and kept in the slot until its receiver
 * acknowledges it. Part of fast.bpf.c.
 *
 * The inspector that takes a connection back puts the kept octets into its stream buffer, and is
 * where it would be had it judged them itself. So a repetition of lost bytes goes on as it is, one
 * with other content is refused (overlap-differs), and one of acknowledged bytes becomes a probe,
 * as ever. What has no room to be kept is not passed. The last byte delivered and the outstanding
 * requests come back too. Only the age of requests starts over.
 */

/* SMALL: in words; what is as small is kept from its copy */
enum { PAYLOAD = 2048, SMALL = 264 };

/* A segment that is judged. */
struct judging {
	struct __sk_buff *skb;
	const struct segment *s;
	struct fast_slot *slot;
	__u32 dir;	/* 0: from the client */
	__u32 policy;	/* its number */
	__u32 limits;	/* the policy whose rate limits are to be asked, or NO_LIMITS */
	__u32 prepared; /* result of NAME_prepare() */
	__u32 pos;	/* its octets are kept so far behind the oldest that are */
};

/* A segment out of an inspector's reach, with room to look at what a message at its end could
 * have; and a word for each of the messages that it is, for their protocol. */
struct copy {
	__u8 bytes[PAYLOAD + 288];
	__u64 message[FAST_MESSAGES];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct copy);
} fast_copy SEC(".maps");

/* All of a segment of at most max bytes. */
static __always_inline bool copy_payload(struct __sk_buff *skb, __u32 off, __u32 len, __u32 max,
					 struct copy *c)
{
	__u32 last = len - 1;
	if (last >= max)
		return false;
	forget(last);
	last &= PAYLOAD - 1;
	return bpf_skb_load_bytes(skb, off, c->bytes, last + 1) == 0;
}

/* Is there room to keep its octets until they are acknowledged? */
static __always_inline bool room_in(const struct fast_kept *k, const struct judging *j)
{
	return j->pos < k->room && j->s->len <= k->segment;
}

static __always_inline __u32 byte_at(const struct fast_slot *slot, __u32 at)
{
	forget(at);
	at &= 4095; /* inside the slot for the verifier to see */
	return ((const volatile __u8 *)slot)[at];
}

/* The segment's bytes go where they are kept, behind those that are kept already: nobody reads them
 * there before they are accounted for. Where in the slot: *at. */
static __always_inline bool load(const struct judging *j, const struct fast_kept *k, __u32 *at)
{
	__u32 pos = j->pos;
	/* as a number that may be 0: the verifier forgets that one may not */
	__u32 last = j->s->len - 1;
	if (last >= k->segment)
		return false;
	forget(pos);
	forget(last);
	pos &= k->room - 1;
	last &= PAYLOAD - 1;
	if (last >= k->segment)
		return false;
	*at = k->at + pos;
	return bpf_skb_load_bytes(j->skb, j->s->off, (__u8 *)j->slot + k->at + pos, last + 1) == 0;
}

/* End judging a segment at `at`, where load() put it. Returns the number of messages: 1 where pass,
 * else 0; then acknowledged octets that load() has overwritten are no longer kept. */
static __always_inline __u32 judged_in_place(const struct judging *j, bool pass, __u32 at)
{
	struct fast_slot *slot = j->slot;
	if (pass)
		slot->last[j->dir] = byte_at(slot, at + j->s->len - 1);
	else if (j->pos == 0)
		slot->from[j->dir] = slot->next[j->dir];
	return pass;
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

/* Copy a small segment whole, and the first bytes of a larger one. */
static __always_inline bool copy_start(const struct judging *j, __u32 first, struct copy *a)
{
	return j->s->len <= SMALL ? copy_payload(j->skb, j->s->off, j->s->len, SMALL, a)
				  : bpf_skb_load_bytes(j->skb, j->s->off, a->bytes, first) == 0;
}

/* Keep a segment of which copy_start() read the start: from the copy if that has all of it, else
 * from the packet. */
static __always_inline bool keep(const struct judging *j, const struct fast_kept *k,
				 const struct copy *a)
{
	__u32 at, pos = j->pos;
	if (j->s->len > SMALL)
		return load(j, k, &at);
	forget(pos);
	copy_words((__u8 *)j->slot + k->at + (pos & (k->room - 1)), a->bytes, j->s->len, SMALL / 8);
	return true;
}

/* Definitions for a protocol that computes nothing before the slot is held. */
#define PREPARES_NOTHING(name) \
	struct name##_prepared { \
	}; \
	static __always_inline __u32 name##_prepare(const struct judging *j, \
						    struct name##_prepared *p) \
	{ \
		(void)j; \
		(void)p; \
		return 0; \
	}
