/* SPDX-License-Identifier: MIT
 *
 * Fuzz target: headers of one packet (packet.h). The input is the packet, from
 * its IP header. Held: every offset lies inside the packet; what is accepted
 * with its checksums judged is accepted without; a packet summed anew is
 * accepted, and summing it again changes nothing; the short form for records
 * agrees with the full one about the ends.
 */
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "packet/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { SEED_MAX = 4096 };

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void inside(const struct packet *p, const uint8_t *data, size_t n)
{
	must(p->ip == data && p->ip_len <= n && p->l4_off <= p->ip_len && p->data_off <= p->ip_len);
	must(p->data >= data && p->data + p->len <= data + n && p->data == data + p->data_off);
	must(p->opt_off + p->opt_len <= p->ip_len);
	if (p->l4 == IPPROTO_TCP && !p->fragment)
		must(p->data_off >= p->l4_off + 20 && p->opt_len == p->data_off - p->l4_off - 20);
	if (p->l4 == IPPROTO_UDP && !p->fragment)
		must(p->data_off == p->l4_off + 8);
}

static void sum_again(const uint8_t *data, size_t n, const struct packet *was)
{
	uint8_t once[SEED_MAX], twice[SEED_MAX];
	struct packet p;
	if (was->ip_len > sizeof(once))
		return;
	memcpy(once, data, was->ip_len);
	packet_checksum(once, was->ip_len);
	must(packet_parse(once, was->ip_len, true, &p) == R_NONE);
	memcpy(twice, once, was->ip_len);
	packet_checksum(twice, was->ip_len);
	must(memcmp(once, twice, was->ip_len) == 0);
	(void)n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct packet p, strict, ends;
	enum reason why = packet_parse(data, n, false, &p);
	bool known = packet_ends(data, n, &ends);
	must(why == R_NONE || why == R_BAD_SEGMENT);
	must(packet_parse(data, n, true, &strict) != R_NONE || why == R_NONE);
	if (why != R_NONE)
		return 0;
	inside(&p, data, n);
	must(known && addr_eq(&ends.src, &p.src) && addr_eq(&ends.dst, &p.dst));
	if (!p.fragment)
		sum_again(data, n, &p);
	return 0;
}
