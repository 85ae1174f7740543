/* SPDX-License-Identifier: MIT
 *
 * Numbers out of octets, and what the verifier has to be told. Part of fast.bpf.c.
 */

static __always_inline __u16 be16(const __u8 *p)
{
	return (__u16)(p[0] << 8 | p[1]);
}

/* Anywhere: where numbers are in this order, a processor that has BPF loads them so. */
static __always_inline __u32 le32(const __u8 *p)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return *(const __u32 *)p;
#else
	return p[0] | (__u32)p[1] << 8 | (__u32)p[2] << 16 | (__u32)p[3] << 24;
#endif
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
#define bounded(i, n) \
	((__u32)(i) < (n) && ({ \
		 asm volatile("" : "+r"(i)); \
		 true; \
	 }))

/* The verifier of Linux 6.1 forgets what it knew of a number that was on the stack meanwhile:
 * so bounds that were compared already are stated again where they are needed. */
#define forget(x) asm volatile("" : "+r"(x))
