/* SPDX-License-Identifier: MIT
 *
 * Facts that the kernel has of a packet: its connection, its way out, the place of its bytes. Part
 * of fast.bpf.c.
 *
 * The program is called by the first rule of all, for every packet: the rules behind it cost more
 * than the program. So it asks itself what they would ask (is this connection established and
 * permitted by the generation in force, does the packet come and go by interfaces of its zones?),
 * and counts for the conduit. A flow entry holds the interfaces (by number) of its packets, in and
 * out. The inspector gets them with each packet from the queue, which comes behind the
 * anti-spoofing, and claims with them; the parent looks up their names and asks whether the model
 * lets these zones use them. In the forward hook a packet's device is the one that it came by; the
 * way out is read from its route (sk_buff._skb_refdst, dst_entry.dev, net_device.ifindex), and
 * what the packet is to its connection from sk_buff._nfct, as ct state would. The parent finds
 * their places in the kernel's type information (load-layout.c).
 *
 * The program is built twice: with bpf_rdonly_cast() (FAST_CAST, Linux 6.2), which reads directly,
 * and with bpf_probe_read_kernel(); the first that the kernel takes is used. Where the kernel has
 * no BTF, or refuses bpf_probe_read_kernel (lockdown), the program is called behind the
 * anti-spoofing instead, for packets in state established, in the chains fast-closed and
 * fast-open. When an interface changes in any way (rtnetlink), the entries that name it are
 * removed, and their connections are claimed again.
 */

enum { IPV4_LEN = 20, IPV6_LEN = 40, TCP_LEN = 20, HEADERS = 64 };

#define CT_INFO 7ull

/* From the pointer to a packet's connection, whose lowest bits say what the packet is to it: what
 * the rules call ct state established. */
static __always_inline bool established(__u64 ct)
{
	__u64 info = ct & CT_INFO;
	return ct > CT_INFO && (info == IP_CT_ESTABLISHED || info == IP_CT_ESTABLISHED_REPLY);
}

/* Of struct nf_conntrack_tuple, whose form load-layout.c has compared: the sender of one direction,
 * its port and family in one word, and a word that ends with the protocol's number and the
 * direction. What an IPv4 address does not fill is zero. */
struct side {
	__u64 addr[2];
	__u32 port, proto;
};

enum { TUPLE_PORT = 16, TUPLE_PROTO = 36, TUPLE_LEN = 40 };

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define PROTO_MASK 0x00ff0000u
#define PROTO_SHIFT 8 /* above the family */
#else
#define PROTO_MASK 0x0000ff00u
#define PROTO_SHIFT 0
#endif

/* In the forward hook a packet's device is still the one that it came by; its way out is known
 * to the route that it has (a pointer whose lowest bit says who counts references). 0: none. */
#ifdef FAST_CAST /* Linux 6.2 */
void *bpf_rdonly_cast(const void *obj, __u32 btf_id) __ksym;

static __always_inline __u64 connection(struct __sk_buff *skb)
{
	const char *p = bpf_rdonly_cast(skb, fast_layout.sk_buff);
	return *(const __u64 *)(p + fast_layout.nfct);
}

static __always_inline void read_side(__u64 ct, __u32 dir, struct side *s)
{
	const char *p = bpf_rdonly_cast((const void *)((ct & ~CT_INFO) + fast_layout.tuple[dir]),
					fast_layout.words);
	s->addr[0] = *(const __u64 *)p;
	s->addr[1] = *(const __u64 *)(p + 8);
	s->port = *(const __u32 *)(p + TUPLE_PORT);
	s->proto = *(const __u32 *)(p + TUPLE_PROTO) & PROTO_MASK;
}

static __always_inline __u32 way_out(struct __sk_buff *skb)
{
	const char *p = bpf_rdonly_cast(skb, fast_layout.sk_buff);
	__u64 dst = *(const __u64 *)(p + fast_layout.dst) & ~1ull;
	p = bpf_rdonly_cast((const void *)dst, fast_layout.dst_entry);
	p = *(const char *const *)(p + fast_layout.dev);
	return *(const __u32 *)(p + fast_layout.ifindex); /* 0 if it cannot be read */
}

/* Read the headers of a packet of n bytes into h, HEADERS bytes, for parse(). This makes no call,
 * since calls are most of the program's cost. False: too short, or not in one piece (rare). */
static __always_inline bool read_headers(struct __sk_buff *skb, __u32 n, __u64 *h)
{
	const char *p = bpf_rdonly_cast(skb, fast_layout.sk_buff);
	__u64 data = *(const __u64 *)(p + fast_layout.data);
	__u32 linear = n - *(const __u32 *)(p + fast_layout.data_len);
	const __u64 *w = bpf_rdonly_cast((const void *)data, fast_layout.words);
	if (n < IPV4_LEN + TCP_LEN || linear > n || linear < IPV4_LEN + TCP_LEN)
		return false;
#pragma unroll
	for (__u32 k = 0; k < 5; k++)
		h[k] = w[k];
	h[5] = h[6] = h[7] = 0;
	if (*(const __u8 *)h == 0x45) {
		if (linear >= IPV4_LEN + TCP_LEN + 4)
			*(__u32 *)&h[5] = *(const __u32 *)&w[5];
		return true;
	}
	if (linear < IPV6_LEN + TCP_LEN)
		return false;
	h[5] = w[5];
	h[6] = w[6];
	if (linear >= HEADERS)
		h[7] = w[7];
	return true;
}
#else
static __always_inline __u64 connection(struct __sk_buff *skb)
{
	__u64 ct;
	return bpf_probe_read_kernel(&ct, sizeof(ct), (void *)skb + fast_layout.nfct) < 0 ? 0 : ct;
}

static __always_inline void read_side(__u64 ct, __u32 dir, struct side *s)
{
	__u64 t[TUPLE_LEN / 8] = { 0 };
	bpf_probe_read_kernel(t, sizeof(t), (void *)((ct & ~CT_INFO) + fast_layout.tuple[dir]));
	s->addr[0] = t[0];
	s->addr[1] = t[1];
	s->port = word_at(t, TUPLE_PORT);
	s->proto = word_at(t, TUPLE_PROTO) & PROTO_MASK;
}

static __always_inline __u32 way_out(struct __sk_buff *skb)
{
	__u64 dst = 0, dev = 0;
	__u32 index = 0;
	if (bpf_probe_read_kernel(&dst, sizeof(dst), (void *)skb + fast_layout.dst) < 0)
		return 0;
	dst &= ~1ull;
	if (dst == 0 ||
	    bpf_probe_read_kernel(&dev, sizeof(dev), (void *)(dst + fast_layout.dev)) < 0 ||
	    dev == 0 ||
	    bpf_probe_read_kernel(&index, sizeof(index), (void *)(dev + fast_layout.ifindex)) < 0)
		return 0;
	return index;
}

static __always_inline bool read_headers(struct __sk_buff *skb, __u32 n, __u64 *h)
{
	enum { V4 = IPV4_LEN + TCP_LEN + 4, V6 = IPV6_LEN + TCP_LEN };
	h[5] = h[6] = h[7] = 0;
	if (n >= V4 ? bpf_skb_load_bytes(skb, 0, h, V4) < 0
		    : bpf_skb_load_bytes(skb, 0, h, V4 - 4) < 0)
		return false;
	if (*(const __u8 *)h == 0x45)
		return true;
	return n >= HEADERS ? bpf_skb_load_bytes(skb, 0, h, HEADERS) == 0
			    : bpf_skb_load_bytes(skb, 0, h, V6) == 0;
}
#endif
