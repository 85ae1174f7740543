/* SPDX-License-Identifier: MIT
 *
 * The headers of a packet that may go fast. Part of fast.bpf.c.
 */

enum { TCP_PROTO = 6, F_FIN = 1, F_PSH = 8, F_ACK = 16, F_ECN = 0xc0 };

struct segment {
	__u64 src[2], dst[2]; /* as in a flow entry */
	__u32 ports;	      /* source and destination, as they come */
	__u32 family;
	__u32 seq, ack, off, len; /* payload: offset and length */
	__u32 flags;
};

/* Version 4 without options, fragments and the reserved flag, and not about to expire: the length
 * of the packet, or 0. */
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
