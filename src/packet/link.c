/* SPDX-License-Identifier: MIT
 * Link layers and tags. */
#include <string.h>

#include "packet/unwrap.h"

enum {
	TYPE_MIN = 0x600, /* below: a length (IEEE 802.3 3.2.6) */
	LENGTH_MAX = 1500,
	PRP_SUFFIX = 0x88fb,
	PRP_TRAILER = 6,
	FCS = 4,
	LAN_A = 0xa,
	LAN_B = 0xb,
	MPLS_BOTTOM = 1
};

struct link_type {
	uint16_t link;
	uint8_t skip; /* octets before it */
	enum layer first;
};

/* clang-format off */
static const struct link_type link_types[] = {
	{ 1, 0, LAYER_ETHERNET },   { 101, 0, LAYER_IP },     { 12, 0, LAYER_IP },
	{ 14, 0, LAYER_IP },	    { 228, 0, LAYER_IP },     { 229, 0, LAYER_IP },
	{ 0, 4, LAYER_IP },	    { 108, 4, LAYER_IP },     /* the family, in anybody's order */
	{ 113, 0, LAYER_COOKED },   { 276, 0, LAYER_COOKED2 },
	{ 9, 0, LAYER_PPP },	    { 50, 0, LAYER_HDLC },    { 51, 0, LAYER_PPPOE },
	{ 104, 0, LAYER_HDLC },	    { 166, 0, LAYER_PPP },    { 204, 1, LAYER_PPP },
	{ 240, 4, LAYER_ETHERNET }, { 241, 12, LAYER_ETHERNET }, /* netANALYZER, with preamble */
};

static const struct {
	uint16_t type;
	enum layer next;
} followed[] = {
	{ 0x0800, LAYER_IP },	  { 0x86dd, LAYER_IP },	      { 0x8100, LAYER_VLAN },
	{ 0x88a8, LAYER_VLAN },	  { 0x9100, LAYER_VLAN },     { 0x9200, LAYER_VLAN },
	{ 0x9300, LAYER_VLAN },	  { 0x892f, LAYER_HSR },      { 0x8864, LAYER_PPPOE },
	{ 0x8847, LAYER_MPLS },	  { 0x8848, LAYER_MPLS },     { 0x6558, LAYER_ETHERNET },
	{ 0x8870, LAYER_LLC },	  { 0x893f, LAYER_ETAG }, { 0x8926, LAYER_VNTAG },
	{ 0x880b, LAYER_PPP },
};
/* clang-format on */

static const struct link_type *link_type_of(uint16_t link)
{
	for (size_t i = 0; i < sizeof(link_types) / sizeof(link_types[0]); i++)
		if (link_types[i].link == link)
			return &link_types[i];
	return NULL;
}

bool unwrap_knows(uint16_t link)
{
	return link_type_of(link) != NULL;
}

enum layer walk_ends(struct walk *w, enum capture_unread why)
{
	w->f->why = why;
	return LAYER_DONE;
}

enum layer walk_unknown(struct walk *w, enum capture_space space, uint16_t number)
{
	w->unknown = true;
	w->space = space;
	w->number = number;
	return walk_ends(w, known_number(space, number) ? CAPTURE_NOT_IP : CAPTURE_ENCAPSULATION);
}

/* Ways are told apart by a sum of what they have; two with one sum are taken for one. */
static void note_path(struct walk *w, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		w->path = (w->path ^ p[i]) * 0x01000193u; /* FNV-1a */
}

static enum layer by_type(struct walk *w, uint16_t type)
{
	w->number = type;
	return LAYER_TYPE;
}

static enum layer read_type(struct walk *w)
{
	for (size_t i = 0; i < sizeof(followed) / sizeof(followed[0]); i++)
		if (followed[i].type == w->number)
			return followed[i].next;
	if (w->number >= TYPE_MIN)
		return walk_unknown(w, SPACE_ETHERTYPE, w->number);
	if (w->number < w->r.left && w->number <= LENGTH_MAX) { /* the rest is padding */
		w->r.left = w->number;
		w->cut = 0;
	}
	return LAYER_LLC;
}

/* The trailer of PRP: sequence(2) network(4 bits) size(12 bits) 0x88fb. Its size is that of all
 * behind the EtherType and tags, itself included. */
static void look_for_prp(struct walk *w, const uint8_t *end, size_t payload)
{
	if (payload < PRP_TRAILER)
		return;
	struct rd r = rd_init(end - PRP_TRAILER, PRP_TRAILER);
	uint16_t sequence = rd_be16(&r), size = rd_be16(&r);
	uint16_t suffix = rd_be16(&r);
	unsigned lan = size >> 12;
	size &= 0xfff;
	if (suffix != PRP_SUFFIX || (lan != LAN_A && lan != LAN_B) || size > payload ||
	    size < PRP_TRAILER)
		return;
	w->numbered = true;
	w->sequence = sequence;
}

static enum layer read_ethernet(struct walk *w)
{
	const uint8_t *macs = rd_take(&w->r, 12);
	uint16_t type = rd_be16(&w->r);
	if (w->r.bad)
		return LAYER_DONE;
	w->f->dst_mac = macs;
	w->f->src_mac = macs + 6;
	w->f->n_vlans = 0;
	w->numbered = false;
	note_path(w, macs, 12);
	const uint8_t *end = w->r.p + w->r.left;
	if (w->cut == 0)
		look_for_prp(w, end, w->r.left);
	if (w->cut == 0 && !w->numbered && w->r.left > FCS)
		look_for_prp(w, end - FCS, w->r.left - FCS);
	return by_type(w, type);
}

static enum layer read_vlan(struct walk *w)
{
	uint16_t id = rd_be16(&w->r) & 0xfff;
	if (!w->r.bad && w->f->n_vlans < CAPTURE_VLANS)
		w->f->vlan[w->f->n_vlans++] = id;
	const uint8_t octets[2] = { (uint8_t)(id >> 8), (uint8_t)id };
	note_path(w, octets, sizeof(octets));
	return by_type(w, rd_be16(&w->r));
}

/* path(4 bits) size(12 bits) sequence(2) EtherType(2) */
static enum layer read_hsr(struct walk *w)
{
	rd_skip(&w->r, 2);
	w->sequence = rd_be16(&w->r);
	w->numbered = true;
	return by_type(w, rd_be16(&w->r));
}

static enum layer skip_tag(struct walk *w, size_t n)
{
	rd_skip(&w->r, n);
	return by_type(w, rd_be16(&w->r));
}

enum { SAP_SNAP = 0xaa, SAP_IP = 0x06, LLC_UI = 3, OUI_BRIDGED = 0x0080c2, OUI_TUNNEL = 0x0000f8 };

/* DSAP(1) SSAP(1) control(1); SNAP: OUI(3) protocol(2) */
static enum layer read_llc(struct walk *w)
{
	uint8_t dsap = rd_u8(&w->r), ssap = rd_u8(&w->r), control = rd_u8(&w->r);
	if (w->r.bad)
		return LAYER_DONE;
	if (dsap == SAP_IP && control == LLC_UI)
		return LAYER_IP;
	if (dsap != SAP_SNAP || ssap != SAP_SNAP || control != LLC_UI)
		return walk_unknown(w, SPACE_LLC_SAP, dsap & 0xfe);
	uint32_t oui = (uint32_t)rd_u8(&w->r) << 16;
	oui |= rd_be16(&w->r);
	uint16_t protocol = rd_be16(&w->r);
	if (oui == 0 || oui == OUI_TUNNEL)
		return by_type(w, protocol);
	if (oui == OUI_BRIDGED && (protocol == 1 || protocol == 7))
		return LAYER_ETHERNET;
	return w->r.bad ? LAYER_DONE : walk_ends(w, CAPTURE_NOT_IP); /* a maker's own */
}

enum {
	PPP_IP4 = 0x21,
	PPP_IP6 = 0x57,
	PPP_MPLS = 0x281,
	PPP_MPLS_MANY = 0x283,
	PPP_CONTROL = 0x4000
};

/* RFC 1661 2, RFC 1662 3.1: address and control, and the first octet of the protocol, may be
 * left out. pppd's own files have the direction in place of the address. */
static enum layer read_ppp(struct walk *w)
{
	if (w->r.left >= 2 && (w->r.p[0] == 0xff || w->r.p[0] <= 1) && w->r.p[1] == 3)
		rd_skip(&w->r, 2);
	uint16_t protocol = rd_u8(&w->r);
	if (!(protocol & 1))
		protocol = (uint16_t)(protocol << 8 | rd_u8(&w->r));
	if (w->r.bad)
		return LAYER_DONE;
	if (protocol == PPP_IP4 || protocol == PPP_IP6)
		return LAYER_IP;
	if (protocol == PPP_MPLS || protocol == PPP_MPLS_MANY)
		return LAYER_MPLS;
	return walk_unknown(w, SPACE_PPP, protocol);
}

/* Cisco's HDLC, or PPP in HDLC framing: the first octet tells. */
static enum layer read_hdlc(struct walk *w)
{
	if (w->r.left && w->r.p[0] == 0xff)
		return LAYER_PPP;
	return skip_tag(w, 2);
}

/* version and type(1) code(1) session(2) length(2), RFC 2516 4 */
static enum layer read_pppoe(struct walk *w)
{
	rd_skip(&w->r, 1);
	uint8_t code = rd_u8(&w->r);
	rd_skip(&w->r, 2);
	uint16_t len = rd_be16(&w->r);
	if (w->r.bad)
		return LAYER_DONE;
	if (code != 0)
		return walk_ends(w, CAPTURE_NOT_IP);
	if (len < w->r.left) {
		w->r.left = len;
		w->cut = 0;
	}
	return LAYER_PPP;
}

enum { ETH_802_3 = 1, ETH_802_2 = 4, ARPHRD_NETLINK = 824 };

static enum layer cooked_type(struct walk *w, uint16_t arphrd, uint16_t protocol)
{
	if (w->r.bad)
		return LAYER_DONE;
	if (arphrd == ARPHRD_NETLINK || protocol == ETH_802_3)
		return walk_ends(w, CAPTURE_NOT_IP);
	if (protocol == ETH_802_2)
		return LAYER_LLC;
	return by_type(w, protocol);
}

/* kind(2) ARPHRD(2) address length(2) address(8) protocol(2) */
static enum layer read_cooked(struct walk *w)
{
	note_path(w, w->r.p, w->r.left < 14 ? w->r.left : 14);
	rd_skip(&w->r, 2);
	uint16_t arphrd = rd_be16(&w->r), len = rd_be16(&w->r);
	const uint8_t *address = rd_take(&w->r, 8);
	if (len == 6)
		w->f->src_mac = address;
	return cooked_type(w, arphrd, rd_be16(&w->r));
}

/* Where a frame had two tags, the kernel gives one apart and leaves the other before the packet,
 * with the packet's EtherType (measured, libpcap 1.10.3 on "any"). No IP begins as such a tag does
 * and has its own EtherType in the third octet. */
static void skip_hidden_tag(struct walk *w, uint16_t protocol)
{
	const uint8_t *p = w->r.p;
	unsigned version = protocol == 0x0800 ? 4 : protocol == 0x86dd ? 6 : 0;
	if (version && w->r.left > 4 && p[0] >> 4 != version && p[2] == protocol >> 8 &&
	    p[3] == (protocol & 0xff) && p[4] >> 4 == version)
		read_vlan(w);
}

/* protocol(2) reserved(2) interface(4) ARPHRD(2) kind(1) address length(1) address(8) */
static enum layer read_cooked2(struct walk *w)
{
	note_path(w, w->r.p, w->r.left < 20 ? w->r.left : 20);
	uint16_t protocol = rd_be16(&w->r);
	rd_skip(&w->r, 6);
	uint16_t arphrd = rd_be16(&w->r);
	rd_skip(&w->r, 1);
	uint8_t len = rd_u8(&w->r);
	const uint8_t *address = rd_take(&w->r, 8);
	if (len == 6)
		w->f->src_mac = address;
	if (!w->r.bad)
		skip_hidden_tag(w, protocol);
	return cooked_type(w, arphrd, protocol);
}

/* label(20 bits) class(3) bottom(1) hops(8), RFC 3032; behind the last one nothing says what comes:
 * an IP version, a control word (RFC 4385), or the address of an Ethernet frame. */
static enum layer read_mpls(struct walk *w)
{
	const uint8_t *p = rd_take(&w->r, 4);
	if (!p || !(p[2] & MPLS_BOTTOM))
		return p ? LAYER_MPLS : LAYER_DONE;
	if (w->r.left == 0) {
		w->r.bad = true;
		return LAYER_DONE;
	}
	unsigned first = w->r.p[0] >> 4;
	if (first == 4 || first == 6)
		return LAYER_IP;
	if (first == 0)
		rd_skip(&w->r, 4);
	return LAYER_ETHERNET;
}

static enum layer skip_etag(struct walk *w)
{
	return skip_tag(w, 6);
}

static enum layer skip_vntag(struct walk *w)
{
	return skip_tag(w, 4);
}

static enum layer (*const readers[LAYER_N])(struct walk *w) = {
	[LAYER_ETHERNET] = read_ethernet, [LAYER_TYPE] = read_type,
	[LAYER_LLC] = read_llc,		  [LAYER_VLAN] = read_vlan,
	[LAYER_HSR] = read_hsr,		  [LAYER_ETAG] = skip_etag,
	[LAYER_VNTAG] = skip_vntag,	  [LAYER_PPPOE] = read_pppoe,
	[LAYER_PPP] = read_ppp,		  [LAYER_HDLC] = read_hdlc,
	[LAYER_COOKED] = read_cooked,	  [LAYER_COOKED2] = read_cooked2,
	[LAYER_MPLS] = read_mpls,	  [LAYER_IP] = tunnel_ip,
	[LAYER_GRE] = tunnel_gre,	  [LAYER_ERSPAN2] = tunnel_erspan2,
	[LAYER_ERSPAN3] = tunnel_erspan3, [LAYER_VXLAN] = tunnel_vxlan,
	[LAYER_GENEVE] = tunnel_geneve,	  [LAYER_TZSP] = tunnel_tzsp,
};

void unwrap(struct walk *w, const struct raw_frame *raw, struct fragments *fragments,
	    struct frame *f)
{
	*w = (struct walk){ .r = rd_init(raw->data, raw->len),
			    .cut = raw->wire_len - raw->len,
			    .f = f,
			    .fragments = fragments,
			    .now_ns = raw->time_ns,
			    .frames = 1,
			    .octets = raw->wire_len,
			    .path = raw->interface };
	f->why = CAPTURE_READ;
	fragments_release(fragments);
	const struct link_type *t = link_type_of(raw->link);
	if (!t) {
		w->unknown = true;
		w->space = SPACE_LINK_TYPE;
		w->number = raw->link;
		f->why = CAPTURE_LINK_TYPE;
		return;
	}
	rd_skip(&w->r, t->skip);
	enum layer next = t->first;
	for (int i = 0; i < CAPTURE_LAYERS && next != LAYER_DONE && !w->r.bad; i++)
		next = readers[next](w);
	if (f->why != CAPTURE_READ || f->ip)
		return;
	f->why = !w->r.bad ? CAPTURE_LAYERS_MAX : w->cut ? CAPTURE_CUT : CAPTURE_MALFORMED;
}
