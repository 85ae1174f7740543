/* SPDX-License-Identifier: MIT
 *
 * Flows that no inspector sees: whose connection is it, and between whose interfaces does the
 * packet go? Part of fast.bpf.c.
 *
 * Of an established connection of such a flow the rules ask only of which flow it is, and whether
 * the packet comes and goes by interfaces of its ends (ways, ways-inside); what is routed inside
 * one zone has a flow of its own. So does the program. Of which flow a connection is the rules
 * find by its addresses, protocol and ports, and tell the program at the next packet (zoned_learn,
 * called with the flow's number in the packet's mark, which is given back in the same rule). The
 * program keeps the answer under just these, read from the connection's own tuples: both ends'
 * addresses, protocol, the server's port, and the client's where it could be a port with
 * inspection. So an entry holds for all such connections of a generation, whose number it has;
 * there are 4096 in a table by keyed hash, and one that is lost is learned again.
 *
 * A mark would be less to read. But others write marks, too: firewalls, policy routing, conntrackd
 * with those of another box whose model numbers flows otherwise; and who writes the number of a
 * flow without inspection would have taken a connection from the inspectors. A second witness in
 * the kernel (labels, conntrack ids) is written or kept by others as well, or is not known to the
 * program; asking all for every packet costs six look-ups.
 *
 * The interfaces are compared with up to four of each end; of a zone without interfaces a table of
 * bits says which ones other zones name. What is inside one of these goes by the rules. The
 * program looks at nothing of the packet itself. The parent writes these tables (daemon/plain.c):
 * for a generation that is to come, and when an interface changed in any way, until which all go
 * by the rules. tests/ruleset/run.sh compares them with the rules, element by element. Without BTF
 * of connection tracking (its module has its own), where the program is asked late, for zones with
 * more interfaces, and with offload = true, the rules pass them by a map that is filled in the
 * same way (known4, known6).
 */

/* May the interface be used at this end? */
static __always_inline bool uses(__u64 end, __u32 i, __u32 bank)
{
	if (end)
		return fast_one_of(end, i) != 0;
	const volatile struct fast_claimed *c = bpf_map_lookup_elem(&fast_claimed, &bank);
	if (!c || i == 0 || i >= FAST_NO_IF)
		return false;
	__u32 word = i / 64;
	forget(word);
	return !(c->bits[word & (FAST_NO_IF / 64)] >> i % 64 & 1);
}

/* Is it, as it comes, like a port with inspection? */
static __always_inline bool may_be_inspected(__u32 port, __u32 bank)
{
	return ((bank ? fast_front.inspected[1] : fast_front.inspected[0]) &
		fast_port_bit((__u16)port)) != 0;
}

/* A connection's real ends, whatever address translation did: who opened it, and who answers. */
static __always_inline void read_ends(__u64 ct, __u32 bank, struct fast_known *k)
{
	struct side c, s;
	read_side(ct, 0, &c);
	read_side(ct, 1, &s);
	k->client[0] = c.addr[0];
	k->client[1] = c.addr[1];
	k->server[0] = s.addr[0];
	k->server[1] = s.addr[1];
	__u16 cport = (__u16)c.port;
	k->cport = may_be_inspected(cport, bank) ? cport : 0;
	k->service = s.port | s.proto << PROTO_SHIFT;
}

/* Could it be a connection with inspection? What it costs to know one without is spared those with.
 */
static __always_inline bool inspected_port(__u64 ct, __u32 bank)
{
	struct side s;
	read_side(ct, 1, &s);
	return may_be_inspected(s.port, bank);
}

static __always_inline struct fast_known *known_of(const struct fast_known *k)
{
	__u32 at = fast_known_of(k, fast_layout.seed);
	return bpf_map_lookup_elem(&fast_known, &at);
}

static __always_inline __u32 version_of(struct fast_known *e)
{
#ifdef FAST_TSO
	__u32 v = *(volatile __u32 *)&e->version;
	asm volatile("" ::: "memory");
	return v;
#else
	return __sync_fetch_and_add(&e->version, 0); /* loads stay on their side of it */
#endif
}

/* Of which flow is the connection, as the rules of this generation found? 0: not known. */
static __always_inline __u32 flow_of(__u64 ct, __u32 now)
{
	struct fast_known k;
	read_ends(ct, now & 1, &k);
	struct fast_known *e = known_of(&k);
	if (!e)
		return 0;
	__u32 version = version_of(e), flow = e->flow;
	__u64 differs = (e->client[0] ^ k.client[0]) | (e->client[1] ^ k.client[1]) |
			(e->server[0] ^ k.server[0]) | (e->server[1] ^ k.server[1]) |
			(e->service ^ k.service) | (e->cport ^ k.cport) | (e->generation ^ now) |
			(version & 1);
	return differs == 0 && version_of(e) == version ? flow : 0;
}

/* A flow that no inspector sees, by its number; NULL: there is none with this one. */
static __always_inline const volatile struct fast_plain *plain_of(__u32 flow, __u32 bank)
{
	__u32 at = (flow >> fast_layout.shift & (fast_layout.plain - 1)) |
		   (bank ? fast_layout.plain : 0);
	const volatile struct fast_plain *p = bpf_map_lookup_elem(&fast_plain, &at);
	return flow && p && p->mark == flow ? p : 0;
}

/* Is the packet, of an established connection, of a flow that no inspector sees, between interfaces
 * of its ends? Whatever protocol it is: this is what the rules would ask. */
static __always_inline bool plain(struct __sk_buff *skb, __u64 ct)
{
	__u32 now = fast_front.now, dir = (ct & CT_INFO) == IP_CT_ESTABLISHED_REPLY;
	__u32 bank = now & 1, known = bank ? fast_front.plain[1] : fast_front.plain[0];
	if (now == 0 || !known)
		return false;
	__u32 number = flow_of(ct, now);
	const volatile struct fast_plain *flow = plain_of(number, bank);
	if (!flow)
		return false;
	__u64 in = flow->end[dir], out = flow->end[dir ^ 1];
	__u32 counted = flow->used;
	if (!uses(in, skb->ifindex, bank) || !uses(out, way_out(skb), bank) || flow->mark != number)
		return false;
	struct fast_used *used = bpf_map_lookup_elem(&fast_used, &counted);
	if (!used)
		return false;
	count_passed(used, used->packets, skb->len, 0, 0);
	return true;
}

/* The rules say by the packet's mark of which flow its connection is. If it is one that no
 * inspector sees, the next packets need not ask them. */
static __always_inline void learn(struct __sk_buff *skb, __u64 ct)
{
	__u32 now = fast_front.now, flow = skb->mark;
	if (!established(ct) || !fast_layout.tuple[1] || now == 0 || !plain_of(flow, now & 1))
		return;
	struct fast_known k;
	read_ends(ct, now & 1, &k);
	struct fast_known *e = known_of(&k);
	if (!e)
		return;
	__u32 version = *(volatile __u32 *)&e->version;
	/* one at a time; who comes second comes again with the next packet */
	if ((version & 1) ||
	    __sync_val_compare_and_swap(&e->version, version, version + 1) != version)
		return;
	e->client[0] = k.client[0];
	e->client[1] = k.client[1];
	e->server[0] = k.server[0];
	e->server[1] = k.server[1];
	e->service = k.service;
	e->cport = k.cport;
	e->flow = flow;
	e->generation = now;
	__sync_lock_test_and_set(&e->version, version + 2);
}
