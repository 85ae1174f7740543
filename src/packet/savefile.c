/* SPDX-License-Identifier: MIT
 * pcap files, by libpcap. */
#include "packet/savefile.h"

#include <stdbool.h>
#include <stdlib.h>

#include "packet/raw_pcap.h"

struct savefile {
	pcap_t *p;
	uint16_t link;
};

/* Numbers of a link type in files and in libpcap on Linux, where they differ. */
static const struct {
	uint16_t link;
	int dlt;
} differing[] = { { 100, DLT_ATM_RFC1483 }, { 101, DLT_RAW }, { 102, 15 }, { 103, 16 } };

enum { DIFFERING = sizeof(differing) / sizeof(differing[0]) };

uint16_t link_of_dlt(int dlt)
{
	for (size_t i = 0; i < DIFFERING; i++)
		if (differing[i].dlt == dlt)
			return differing[i].link;
	return (uint16_t)dlt;
}

int dlt_of_link(uint16_t link)
{
	for (size_t i = 0; i < DIFFERING; i++)
		if (differing[i].link == link)
			return differing[i].dlt;
	return link;
}

struct savefile *savefile_open(FILE *f, char *err, size_t err_len)
{
	char why[PCAP_ERRBUF_SIZE] = "out of memory";
	struct savefile *s = calloc(1, sizeof(*s));
	if (s)
		s->p = pcap_fopen_offline_with_tstamp_precision(f, PCAP_TSTAMP_PRECISION_NANO, why);
	if (!s || !s->p) {
		snprintf(err, err_len, "%s", why);
		fclose(f);
		free(s);
		return NULL;
	}
	s->link = link_of_dlt(pcap_datalink(s->p));
	return s;
}

void savefile_close(struct savefile *s)
{
	if (!s)
		return;
	pcap_close(s->p);
	free(s);
}

int savefile_next(struct savefile *s, struct raw_frame *f)
{
	struct pcap_pkthdr *h;
	const u_char *data;
	int got = pcap_next_ex(s->p, &h, &data);
	if (got != 1)
		return got == PCAP_ERROR_BREAK ? 0 : -1;
	/* Seconds are 32 unsigned bits in the file, which libpcap takes for signed ones. */
	*f = raw_frame_of(h, (uint32_t)h->ts.tv_sec, data, s->link);
	return 1;
}

const char *savefile_error(struct savefile *s)
{
	return pcap_geterr(s->p);
}

uint16_t savefile_link(const struct savefile *s)
{
	return s->link;
}
