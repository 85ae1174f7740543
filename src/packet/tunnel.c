/* SPDX-License-Identifier: MIT
 * IP, and the tunnels that travel in it. */
#include <netinet/in.h>
#include <string.h>

#include "packet/packet.h"
#include "packet/unwrap.h"

enum {
	IP4_HEADER = 20,
	IP6_HEADER = 40,
	UDP_HEADER = 8,
	EXTENSIONS_MAX = 8, /* IPv6 headers walked, as in packet.c */
	IP_PROTO_MPLS = 137,
	JUMBO = 0xc2, /* RFC 2675 2 */
	JUMBO_MIN = 65536,
	TZSP_TAGS = 32,
	TYPE_ETHERNET = 0x6558,
	TYPE_IP4 = 0x0800,
	TYPE_IP6 = 0x86dd,
	TYPE_ERSPAN = 0x88be,
	TYPE_ERSPAN3 = 0x22eb,
	TYPE_MIN = 0x600
};

/* What the header of a packet says of it. */
struct ip_facts {
	bool v4;
	size_t len;	/* by its own field; 0: that is zero */
	size_t payload; /* where the header ends, or the IPv6 headers that were walked */
	uint8_t protocol;
	size_t fragment_at; /* IPv6: of the fragment header */
	bool fragment;
	struct fragment part;
};

static enum layer malformed(struct walk *w)
{
	return walk_ends(w, CAPTURE_MALFORMED);
}

static bool facts_of_ip4(struct rd r, struct ip_facts *o)
{
	const uint8_t *start = r.p;
	o->payload = (size_t)(rd_u8(&r) & 15) * 4;
	o->part.ecn = rd_u8(&r) & 3;
	o->len = rd_be16(&r);
	o->part.id = rd_be16(&r);
	uint16_t flags = rd_be16(&r);
	rd_skip(&r, 1);
	o->protocol = rd_u8(&r);
	rd_skip(&r, 2);
	const uint8_t *ends = rd_take(&r, 8);
	if (!ends || o->payload < IP4_HEADER || (o->len && o->len < o->payload))
		return false;
	o->part.offset = (flags & 0x1fffu) * 8;
	o->part.more = (flags & 0x2000) != 0;
	o->fragment = o->part.more || o->part.offset;
	o->part.protocol = o->protocol;
	o->part.src.family = o->part.dst.family = 4;
	memcpy(o->part.src.b, ends, 4);
	memcpy(o->part.dst.b, ends + 4, 4);
	o->part.header = start;
	o->part.header_len = o->payload;
	return true;
}

/* The headers behind the first one, up to the fragment header and behind it. Of a length that is
 * not there nothing is found. */
static void walk_extensions(struct rd r, struct ip_facts *o)
{
	size_t next_at = 6;
	for (int i = 0; i < EXTENSIONS_MAX; i++) {
		const uint8_t *p = r.p;
		bool fragment = o->protocol == IPPROTO_FRAGMENT;
		if (!fragment && o->protocol != IPPROTO_HOPOPTS && o->protocol != IPPROTO_ROUTING &&
		    o->protocol != IPPROTO_DSTOPTS)
			return;
		uint8_t next = rd_u8(&r);
		size_t len = rd_u8(&r) * 8u + 8;
		struct rd f = r;
		uint16_t flags = rd_be16(&f);
		uint32_t id = rd_be32(&f);
		rd_skip(&r, (fragment ? 8 : len) - 2);
		if (r.bad)
			return;
		if (fragment && !o->fragment) {
			o->fragment = true;
			o->fragment_at = o->payload;
			o->part.offset = flags & 0xfff8u;
			o->part.more = flags & 1;
			o->part.id = id;
			o->part.protocol = next;
			o->part.header_len = o->payload;
			o->part.next_at = next_at;
			o->payload += 8;
			o->protocol = next;
			return; /* what comes behind is in pieces */
		}
		next_at = o->payload;
		o->payload += (size_t)(r.p - p);
		o->protocol = next;
	}
}

/* With a hop-by-hop option that says a length no header has room for, as Linux writes it into
 * what it shows of a send of more than 64 KB. */
static bool says_jumbo(struct rd r)
{
	rd_skip(&r, 2);
	uint8_t option = rd_u8(&r), len = rd_u8(&r);
	return option == JUMBO && len == 4 && rd_be32(&r) + IP6_HEADER >= JUMBO_MIN;
}

static bool facts_of_ip6(struct rd r, struct ip_facts *o)
{
	const uint8_t *start = r.p;
	uint16_t class = rd_be16(&r);
	rd_skip(&r, 2);
	uint16_t len = rd_be16(&r);
	o->protocol = rd_u8(&r);
	rd_skip(&r, 1);
	const uint8_t *ends = rd_take(&r, 32);
	if (!ends)
		return false;
	o->part.ecn = (class >> 4) & 3;
	o->part.src.family = o->part.dst.family = 6;
	memcpy(o->part.src.b, ends, 16);
	memcpy(o->part.dst.b, ends + 16, 16);
	o->part.header = start;
	o->payload = IP6_HEADER;
	bool jumbo = o->protocol == IPPROTO_HOPOPTS && says_jumbo(r);
	bool upper = o->protocol == IPPROTO_TCP || o->protocol == IPPROTO_UDP;
	o->len = len || (!jumbo && !upper) ? (size_t)IP6_HEADER + len : 0;
	walk_extensions(r, o);
	return true;
}

/* Give the window the packet's own length. False: w ended. */
static bool fit_length(struct walk *w, struct ip_facts *o)
{
	size_t have = w->r.left, there = have + w->cut;
	w->unsized = o->len == 0;
	if (w->unsized) {
		if (o->protocol != IPPROTO_TCP && o->protocol != IPPROTO_UDP) {
			malformed(w);
			return false;
		}
		return true;
	}
	/* a mirror may cut what it sends, and tells nobody */
	if (o->len > there && !w->tunnels) {
		malformed(w);
		return false;
	}
	w->r.left = o->len < have ? o->len : have;
	w->cut = o->len - w->r.left;
	return true;
}

static enum layer add_fragment(struct walk *w, struct ip_facts *o)
{
	struct whole_packet whole;
	const uint8_t *ip = w->r.p;
	size_t header = o->v4 ? o->payload : o->fragment_at + 8;
	if (header > w->r.left || w->cut || w->unsized)
		return walk_ends(w, w->unsized ? CAPTURE_MALFORMED : CAPTURE_CUT);
	/* the kernel drops it before; zero is what a card would have filled in */
	if (o->v4 && (ip[10] || ip[11]) && !packet_header_sum_fits(ip, w->r.left))
		return walk_ends(w, CAPTURE_FRAGMENT_BAD);
	o->part.data = ip + header;
	o->part.len = w->r.left - header;
	o->part.frames = w->frames;
	o->part.octets = w->octets;
	enum capture_unread why = fragments_add(w->fragments, &o->part, w->now_ns, &whole);
	if (why != CAPTURE_READ)
		return walk_ends(w, why);
	w->r = rd_init(whole.ip, whole.len);
	w->frames = whole.frames;
	w->octets = whole.octets;
	w->f->fragments = (uint32_t)whole.frames;
	w->assembled = true;
	return LAYER_IP;
}

enum { PORT_VXLAN = 4789, PORT_VXLAN_LINUX = 8472, PORT_GENEVE = 6081, PORT_TZSP = 37008 };

/* p: 8 octets behind the UDP header. What does not begin as the tunnel must is a datagram like any
 * other. */
static enum layer udp_tunnel(const uint8_t *udp)
{
	unsigned port = (unsigned)udp[2] << 8 | udp[3];
	const uint8_t *p = udp + UDP_HEADER;
	unsigned type = (unsigned)p[2] << 8 | p[3];
	if (port == PORT_VXLAN || port == PORT_VXLAN_LINUX)
		return (p[0] & 0x7f) == 8 && p[7] == 0 ? LAYER_VXLAN : LAYER_DONE;
	if (port == PORT_GENEVE)
		return p[0] < 64 && !(p[1] & 0x3f) && p[7] == 0 &&
				       (type == TYPE_ETHERNET || type == TYPE_IP4 ||
					type == TYPE_IP6)
			       ? LAYER_GENEVE
			       : LAYER_DONE;
	if (port == PORT_TZSP) /* version, a received packet, of Ethernet */
		return p[0] == 1 && p[1] == 0 && type == 1 ? LAYER_TZSP : LAYER_DONE;
	return LAYER_DONE;
}

/* What the packet carries, where it is a tunnel. */
static enum layer tunnel_of(const struct walk *w, const struct ip_facts *o)
{
	switch (o->protocol) {
	case IPPROTO_IPIP:
	case IPPROTO_IPV6:
		return LAYER_IP;
	case IPPROTO_GRE:
		return LAYER_GRE;
	case IP_PROTO_MPLS:
		return LAYER_MPLS;
	case IPPROTO_UDP:
		if (o->payload + 2 * UDP_HEADER <= w->r.left)
			return udp_tunnel(w->r.p + o->payload);
		return LAYER_DONE;
	default:
		return LAYER_DONE;
	}
}

enum layer tunnel_ip(struct walk *w)
{
	struct ip_facts o = { 0 };
	if (w->r.left == 0) {
		w->r.bad = true;
		return LAYER_DONE;
	}
	unsigned version = w->r.p[0] >> 4;
	o.v4 = version == 4;
	if (w->r.left < (o.v4 ? (size_t)IP4_HEADER : IP6_HEADER) && (o.v4 || version == 6)) {
		w->r.bad = true;
		return LAYER_DONE;
	}
	if (version == 6 ? !facts_of_ip6(w->r, &o) : !o.v4 || !facts_of_ip4(w->r, &o))
		return malformed(w);
	if (!fit_length(w, &o))
		return LAYER_DONE;
	bool part = o.fragment && !w->assembled;
	w->assembled = false;
	if (part)
		return add_fragment(w, &o);
	enum layer next = o.fragment || w->unsized ? LAYER_DONE : tunnel_of(w, &o);
	if (next != LAYER_DONE) {
		rd_skip(&w->r, o.payload);
		w->tunnels++;
		return next;
	}
	w->f->ip = w->r.p;
	w->f->len = w->r.left;
	w->f->partial = w->cut > 0;
	return walk_ends(w, w->cut ? CAPTURE_CUT : CAPTURE_READ);
}

enum {
	GRE_CHECKSUM = 0x8000,
	GRE_ROUTING = 0x4000,
	GRE_KEY = 0x2000,
	GRE_SEQUENCE = 0x1000,
	GRE_ACK = 0x0080,
	GRE_VERSION = 7
};

/* flags and version(2) protocol(2), then what the flags say: checksum(4) key(4) sequence(4); of
 * version 1 (PPTP) an acknowledgement(4) too. */
enum layer tunnel_gre(struct walk *w)
{
	uint16_t flags = rd_be16(&w->r), type = rd_be16(&w->r);
	unsigned version = flags & GRE_VERSION;
	if (w->r.bad)
		return LAYER_DONE;
	if (version > 1 || (flags & GRE_ROUTING))
		return walk_unknown(w, SPACE_IP_PROTOCOL, IPPROTO_GRE);
	rd_skip(&w->r, (flags & GRE_CHECKSUM ? 4u : 0u) + (flags & GRE_KEY ? 4u : 0u) +
			       (flags & GRE_SEQUENCE ? 4u : 0u) +
			       (version == 1 && (flags & GRE_ACK) ? 4u : 0u));
	if (type == TYPE_ERSPAN)
		return flags & GRE_SEQUENCE ? LAYER_ERSPAN2 : LAYER_ETHERNET;
	if (type == TYPE_ERSPAN3)
		return LAYER_ERSPAN3;
	if (type < TYPE_MIN || (version == 1 && w->r.left == 0))
		return walk_ends(w, CAPTURE_NOT_IP); /* keep-alives and acknowledgements */
	w->number = type;
	return LAYER_TYPE;
}

/* version(4 bits) VLAN(12) class, truncated, session(16) index(32); type I has none of it */
enum layer tunnel_erspan2(struct walk *w)
{
	const uint8_t *p = rd_take(&w->r, 8);
	if (p && p[0] >> 4 != 1)
		return walk_unknown(w, SPACE_ETHERTYPE, TYPE_ERSPAN);
	return LAYER_ETHERNET;
}

/* version(4 bits) VLAN(12) ... time(32) ... frame type(5 bits: 0 Ethernet, 2 IP) ... O: 8 more */
enum layer tunnel_erspan3(struct walk *w)
{
	const uint8_t *p = rd_take(&w->r, 12);
	if (!p)
		return LAYER_DONE;
	unsigned kind = (p[10] >> 2) & 0x1f;
	if (p[0] >> 4 != 2 || (kind != 0 && kind != 2))
		return walk_unknown(w, SPACE_ETHERTYPE, TYPE_ERSPAN3);
	if (p[11] & 1)
		rd_skip(&w->r, 8);
	return kind == 0 ? LAYER_ETHERNET : LAYER_IP;
}

enum layer tunnel_vxlan(struct walk *w)
{
	rd_skip(&w->r, UDP_HEADER + 8);
	return LAYER_ETHERNET;
}

/* version(2 bits) words of options(6) flags(8) EtherType(16) network(24) reserved(8) */
enum layer tunnel_geneve(struct walk *w)
{
	rd_skip(&w->r, UDP_HEADER);
	size_t options = (rd_u8(&w->r) & 0x3fu) * 4;
	rd_skip(&w->r, 1);
	w->number = rd_be16(&w->r);
	rd_skip(&w->r, 4 + options);
	return LAYER_TYPE;
}

/* version(1) kind(1) encapsulation(2), then tags: 0 padding, 1 the end, others with a length(1) */
enum layer tunnel_tzsp(struct walk *w)
{
	rd_skip(&w->r, UDP_HEADER + 4);
	for (int i = 0; i < TZSP_TAGS; i++) {
		uint8_t tag = rd_u8(&w->r);
		if (w->r.bad || tag == 1)
			return LAYER_ETHERNET;
		if (tag != 0)
			rd_skip(&w->r, rd_u8(&w->r));
	}
	return malformed(w);
}
