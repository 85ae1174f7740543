/* SPDX-License-Identifier: MIT
 * Packet source: libpcap savefiles. Link headers by table. */
#include "packet/pcap.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/rd.h"

enum { ETH_IP4 = 0x0800, ETH_IP6 = 0x86dd, ETH_VLAN = 0x8100, ETH_QINQ = 0x88a8, VLANS_MAX = 4 };

struct link {
	int dlt;
	unsigned skip;	/* bytes before the EtherType */
	bool typed;	/* an EtherType follows */
	unsigned after; /* bytes between it and the payload */
};

/* clang-format off */
static const struct link links[] = {
	{ DLT_EN10MB, 12, true, 0 },	 { DLT_LINUX_SLL, 14, true, 0 },
	{ DLT_LINUX_SLL2, 0, true, 18 }, { DLT_RAW, 0, false, 0 },
	{ DLT_IPV4, 0, false, 0 },	 { DLT_IPV6, 0, false, 0 },
	{ DLT_NULL, 4, false, 0 },	 { DLT_LOOP, 4, false, 0 },
};
/* clang-format on */

struct capture {
	pcap_t *p;
	const struct link *link;
	uint32_t n;
};

struct capture *capture_open(const char *path, char *err, size_t err_len)
{
	char why[PCAP_ERRBUF_SIZE];
	struct capture *c = calloc(1, sizeof(*c));
	if (!c) {
		snprintf(err, err_len, "out of memory");
		return NULL;
	}
	c->p = pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, why);
	if (!c->p) {
		snprintf(err, err_len, "%s", why);
		free(c);
		return NULL;
	}
	int dlt = pcap_datalink(c->p);
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		if (links[i].dlt == dlt)
			c->link = &links[i];
	if (!c->link) {
		snprintf(err, err_len, "link type %d is not supported", dlt);
		capture_close(c);
		return NULL;
	}
	return c;
}

void capture_close(struct capture *c)
{
	if (!c)
		return;
	pcap_close(c->p);
	free(c);
}

static bool to_ip(const struct link *l, struct rd *r)
{
	rd_skip(r, l->skip);
	if (!l->typed)
		return !r->bad;
	uint16_t type = rd_be16(r);
	for (int i = 0; i < VLANS_MAX && (type == ETH_VLAN || type == ETH_QINQ); i++) {
		rd_skip(r, 2);
		type = rd_be16(r);
	}
	rd_skip(r, l->after);
	return !r->bad && (type == ETH_IP4 || type == ETH_IP6);
}

int capture_next(struct capture *c, struct frame *f)
{
	struct pcap_pkthdr *h;
	const u_char *data;
	int got = pcap_next_ex(c->p, &h, &data);
	if (got == PCAP_ERROR_BREAK)
		return 0;
	if (got != 1)
		return -1;
	struct rd r = rd_init(data, h->caplen);
	*f = (struct frame){ .number = ++c->n,
			     .partial = h->caplen < h->len,
			     .time_ns = (uint64_t)h->ts.tv_sec * 1000000000u +
					(uint64_t)h->ts.tv_usec };
	if (to_ip(c->link, &r)) {
		f->ip = r.p;
		f->len = r.left;
	}
	return 1;
}

const char *capture_error(const struct capture *c)
{
	return pcap_geterr(c->p);
}
