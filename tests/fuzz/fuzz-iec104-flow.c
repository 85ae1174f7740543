/* SPDX-License-Identifier: MIT
 *
 * Fuzz target: IEC 60870-5-104 through the whole data path to stations that differ
 * (tests/unit/iec104-station.h). The input is records of three bytes and data:
 *
 *   what    bit 0 from the station, 1 the other line; 2 an I frame is made with the numbers that
 * are due, 3 an S frame, 4 a U frame of the first data byte; else the data goes as it is. 5 lost
 * behind the gate, 6 opened again; 7 a second passes cut     the data goes in pieces of so many
 * octets; 0: whole length  of the data
 *
 * Whatever a station acts on must have been judged and permitted, to the octet, once.
 */
#include <stdlib.h>

#include "base/rd.h"
#include "../unit/iec104-bench.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum {
	FROM_STATION = 1,
	OTHER = 2,
	MAKE_I = 4,
	MAKE_S = 8,
	MAKE_U = 16,
	LOST = 32,
	AGAIN = 64,
	LATER = 128
};

static unsigned sent[LINES][2]; /* I frames of each end */

static size_t make(struct iec_bench *b, unsigned from, uint8_t what, struct rd d, uint8_t *out)
{
	unsigned *own = &sent[b->on][from], *other = &sent[b->on][!from];
	size_t n = d.left;
	if (what & MAKE_S)
		return iec_s(out, *other & 0x7fff);
	if (what & MAKE_U)
		return iec_u(out, rd_u8(&d));
	if (!(what & MAKE_I)) {
		memcpy(out, d.p, n);
		return n;
	}
	out[0] = 0x68;
	out[1] = (uint8_t)(n + 4);
	iec_numbers(out, *own & 0x7fff, *other & 0x7fff);
	memcpy(out + 6, d.p, n);
	++*own;
	return n + 6;
}

static void record(struct iec_bench *b, struct rd *r)
{
	uint8_t out[FRAME_MAX * 2], what = rd_u8(r), cut = rd_u8(r);
	struct rd d = rd_sub(r, rd_u8(r));
	if (d.bad || (d.left == 0 && !(what & (MAKE_S | AGAIN))))
		return;
	unsigned from = what & FROM_STATION;
	b->on = what & OTHER ? 1 : 0;
	b->n_judged = b->n_judged > JUDGED_MAX / 2 ? 0 : b->n_judged;
	if (what & LATER)
		b->now += 1000000000;
	if (what & AGAIN || !b->line[b->on].open || b->line[b->on].ended) {
		iec_connect(b);
		sent[b->on][0] = sent[b->on][1] = 0;
	}
	size_t n = d.left || what & MAKE_S ? make(b, from, what, d, out) : 0;
	b->loses = what & LOST;
	for (size_t at = 0, len; at < n; at += len) {
		len = cut && cut < n - at ? cut : n - at;
		iec_packet(b, from, TCP_ACK, out + at, len);
	}
	b->loses = false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct iec_bench b;
	iec_start(&b, &(struct iec_rules){ .mode = MODE_ENFORCE });
	memset(sent, 0, sizeof(sent));
	struct rd r = rd_init(data, n);
	while (r.left && !r.bad && !b.fault)
		record(&b, &r);
	if (b.fault)
		abort();
	iec_stop(&b);
	return 0;
}
