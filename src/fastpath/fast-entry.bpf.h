/* SPDX-License-Identifier: MIT
 *
 * Flow entries, and how a packet's entry is found. Part of fast.bpf.c.
 *
 * An entry is one cache line for both directions, at the place that its slot's number gives; a set
 * of four such numbers is found by a keyed hash of both ends, and a connection for which there is
 * no place in its set stays slow. A table of hints is in front of the sets; it decides nothing.
 * The parent may change an entry while the program reads it (load-entries.c). So an entry has a
 * version, which is read before the rest and again when the slot is held (while it is, nobody
 * changes its entry), and must be the same; the slot must carry the serial number of the same
 * claim. The version is odd while the parent writes and in unused entries; such an entry matches
 * no packet. Where loads may overtake one another all of it is read twice.
 */

enum { WORDS = sizeof(struct fast_entry) / 8, PORTS = 4, VERSION }; /* words of it */

/* A copy of a flow entry. */
union entry {
	__u64 w[WORDS];
	struct fast_entry e;
};

_Static_assert(sizeof(struct fast_entry) == 64 && offsetof(struct fast_entry, cport) == 8 * PORTS &&
		       offsetof(struct fast_entry, version) == 8 * VERSION,
	       "a cache line");

enum { NOT_MINE = 2 };

/* Of which direction is the packet, if it is of the connection whose entry is at p? 0: from the
 * client. Those of its words that are not compared with the packet are copied to u, the version
 * before anything else is read. */
static __always_inline __u32 direction(const struct segment *s, const volatile __u64 *p,
				       union entry *u)
{
	u->w[VERSION] = p[VERSION];
	u->w[PORTS] = p[PORTS];
#pragma unroll
	for (__u32 k = VERSION + 1; k < WORDS; k++)
		u->w[k] = p[k];
	__u32 ports = (__u32)u->w[PORTS];
	if (u->e.family != s->family || (u->e.version & 1))
		return NOT_MINE;
	if (s->ports == ports && s->src[0] == p[0] && s->dst[0] == p[2] && s->src[1] == p[1] &&
	    s->dst[1] == p[3])
		return 0;
	if (s->ports == (ports << 16 | ports >> 16) && s->src[0] == p[2] && s->dst[0] == p[0] &&
	    s->src[1] == p[3] && s->dst[1] == p[1])
		return 1;
	return NOT_MINE;
}

/* The other direction is another CPU's as a rule, and has the slot's numbers in its cache: from now
 * on they are on their way here. */
static __always_inline void want(struct fast_slot *slot)
{
	*(volatile __u32 *)&slot->wanted = 1;
}

/* Entry, its copy, and slot of a packet's connection. */
struct found {
	const volatile __u64 *entry;
	union entry copy;
	struct fast_slot *slot;
	__u32 dir; /* of the packet */
};

/* Is the packet of the connection that has this slot? Also starts to fetch the slot's line. */
static __always_inline bool look(const struct segment *s, __u32 at, struct found *f)
{
	f->entry = bpf_map_lookup_elem(&fast_flows, &at);
	f->slot = bpf_map_lookup_elem(&fast_slots, &at);
	if (!f->entry || !f->slot)
		return false;
	want(f->slot);
	f->dir = direction(s, f->entry, &f->copy);
	return f->dir != NOT_MINE;
}

static __always_inline bool find(const struct segment *s, struct found *f)
{
	__u64 seed = fast_layout.seed;
	__u32 hint = fast_front.hint[fast_hint_of(s->src, s->dst, s->ports, seed)];
	if (hint == 0)
		return false;
	if (look(s, hint - 1, f))
		return true;
	__u32 set = fast_set_of(fast_end(s->src, (__u16)s->ports, seed),
				fast_end(s->dst, (__u16)(s->ports >> 16), seed), fast_layout.sets);
	const struct fast_set *t = bpf_map_lookup_elem(&fast_sets, &set);
	if (!t)
		return false;
	for (__u32 i = 0; bounded(i, FAST_WAYS); i++)
		if (look(s, t->slot[i] - 1u, f))
			return true;
	return false;
}

/* Its slot is held, so it does not change any more: is it what was read? Where loads stay in order,
 * it is if it has the version that was read first. */
static __always_inline bool unchanged(const struct segment *s, const struct found *f)
{
#ifdef FAST_TSO
	(void)s;
	return f->entry[VERSION] == f->copy.w[VERSION];
#else
	union entry now;
	__u64 differs = direction(s, f->entry, &now) ^ f->dir;
#pragma unroll
	for (__u32 k = PORTS; k < WORDS; k++)
		differs |= now.w[k] ^ f->copy.w[k];
	return differs == 0;
#endif
}
