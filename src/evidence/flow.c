/* SPDX-License-Identifier: MIT
 * Addresses, protocol and ports of a copied packet. */
#include "evidence/flow.h"

#include <netinet/in.h>
#include <string.h>

#include "base/rd.h"

enum { IP4_HEADER = 20, IP6_HEADER = 40, FRAGMENT_OFFSET = 0x1fff };

static bool read_addr(struct rd *r, uint8_t family, struct addr *a)
{
	size_t n = family == 4 ? 4 : 16;
	const uint8_t *p = rd_take(r, n);
	*a = (struct addr){ .family = family };
	if (p)
		memcpy(a->b, p, n);
	return p != NULL;
}

static bool read_ip4(struct rd *r, struct evidence_flow *f, uint32_t *whole, bool *later)
{
	unsigned header = (rd_u8(r) & 0xfu) * 4;
	rd_skip(r, 1);
	*whole = rd_be16(r);
	rd_skip(r, 2);
	*later = (rd_be16(r) & FRAGMENT_OFFSET) != 0;
	rd_skip(r, 1);
	f->l4 = rd_u8(r);
	rd_skip(r, 2);
	bool ok = read_addr(r, 4, &f->src) && read_addr(r, 4, &f->dst) && header >= IP4_HEADER;
	if (ok)
		rd_skip(r, header - IP4_HEADER);
	return ok;
}

static bool read_ip6(struct rd *r, struct evidence_flow *f, uint32_t *whole)
{
	rd_skip(r, 4);
	*whole = rd_be16(r) + IP6_HEADER;
	f->l4 = rd_u8(r);
	rd_skip(r, 1);
	return read_addr(r, 6, &f->src) && read_addr(r, 6, &f->dst);
}

bool evidence_flow_of(const uint8_t *ip, size_t len, struct evidence_flow *f, uint32_t *whole)
{
	struct rd r = rd_init(ip, len);
	bool later = false, ok = false;
	*f = (struct evidence_flow){ .l4 = 0 };
	*whole = 0;
	unsigned version = len ? ip[0] >> 4 : 0;
	if (version == 4)
		ok = read_ip4(&r, f, whole, &later);
	else if (version == 6)
		ok = read_ip6(&r, f, whole);
	if (!ok)
		return false;
	f->sport = rd_be16(&r);
	f->dport = rd_be16(&r);
	f->ports = !later && !r.bad && (f->l4 == IPPROTO_TCP || f->l4 == IPPROTO_UDP);
	return true;
}

bool evidence_flow_same(const struct evidence_flow *a, const struct evidence_flow *b)
{
	bool ports = a->ports && b->ports;
	if (a->l4 != b->l4)
		return false;
	if (addr_eq(&a->src, &b->src) && addr_eq(&a->dst, &b->dst) &&
	    (!ports || (a->sport == b->sport && a->dport == b->dport)))
		return true;
	return addr_eq(&a->src, &b->dst) && addr_eq(&a->dst, &b->src) &&
	       (!ports || (a->sport == b->dport && a->dport == b->sport));
}
