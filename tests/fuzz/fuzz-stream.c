/* SPDX-License-Identifier: MIT
 *
 * Fuzz target: one direction of a stream (stream.h) against a reference that
 * keeps one entry per byte of the whole stream and counts instead of
 * calculating.
 *
 *   start:4 | (operation:1 argument:1 length:1) ...
 *   operation   bits 0-2 what; bit 3: other bytes than the stream's
 *
 * Held: bytes in order never change; a copy with other bytes is refused;
 * what is copied out is what came without what was cut; numbers translate as
 * counting says, there and back.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/rd.h"
#include "stream/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { POSITIONS = 4096, BUFFER = 300, OPERATIONS = 400 };
enum { OP_ADD, OP_PASS, OP_CUT, OP_SEND, OP_ACK, OP_COPY, OP_NUMBERS, OP_FAR };

struct reference {
	uint32_t start;
	uint32_t end, next, sent, acked, base; /* positions, from 0 */
	uint8_t byte[POSITIONS];
	bool cut[POSITIONS];
};

static void must(bool ok)
{
	if (!ok)
		abort();
}

static uint8_t content(uint32_t at, bool other)
{
	return (uint8_t)(at * 31 + (at >> 3) + (other ? 77 : 0));
}

/* Bytes of [0, at) that were not cut. */
static uint32_t kept(const struct reference *r, uint32_t at)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < at; i++)
		n += i >= r->next || !r->cut[i];
	return n;
}

static void same_bytes(const struct half *h, const struct reference *r)
{
	size_t n;
	const uint8_t *p = half_pending(h, &n);
	must(h->base - r->start == r->base && half_end(h) - r->start == r->end &&
	     h->next - r->start == r->next);
	must(n == r->end - r->next && memcmp(p, r->byte + r->next, n) == 0);
	must(h->len <= h->size && h->n_islands <= HALF_ISLANDS && h->n_cuts <= HALF_CUTS);
}

static void add(struct half *h, struct reference *r, uint32_t at, uint32_t n, bool other)
{
	uint8_t buf[256];
	uint32_t end = at + n, was = r->end;
	if (n == 0 || end > POSITIONS)
		return;
	bool differs = false;
	for (uint32_t i = 0; i < n; i++) {
		buf[i] = content(at + i, other);
		differs |= at + i >= r->base && at + i < r->end && buf[i] != r->byte[at + i];
	}
	switch (half_add(h, r->start + at, buf, n)) {
	case HALF_OK:
		must(!differs && at <= was && end > r->base);
		r->end = half_end(h) - r->start; /* runs behind holes may have joined */
		must(r->end >= end && r->end >= was && r->end - r->base <= h->size);
		for (uint32_t i = was; i < r->end; i++) {
			uint8_t got = h->buf[i - r->base];
			must(got == content(i, false) || got == content(i, true));
			must(i >= end || got == buf[i - at]);
			r->byte[i] = got;
		}
		break;
	case HALF_OLD:
		must(end <= r->base);
		break;
	case HALF_GAP:
		must(at > was);
		break;
	case HALF_DIFFERS:
		/* of what waits behind a hole the reference knows nothing */
		must(differs || end > was);
		break;
	case HALF_FULL:
		must(end - r->base > h->size && at <= was);
		break;
	}
}

static void numbers(const struct half *h, const struct reference *r, uint32_t at)
{
	if (at < r->base || at > r->end)
		return;
	uint32_t seen = half_to_receiver(h, r->start + at);
	must(seen - r->start == kept(r, at));
	uint32_t back = half_to_sender(h, seen) - r->start;
	must(back >= at && kept(r, back) == kept(r, at));
	must(back >= r->next || !r->cut[back]); /* cut bytes behind it are covered too */
}

static void copy(const struct half *h, const struct reference *r, uint32_t from, uint32_t n)
{
	uint8_t got[BUFFER], want[BUFFER];
	uint32_t to = from + n, k = 0;
	if (n == 0 || from < r->base || to > r->end)
		return;
	for (uint32_t i = from; i < to; i++) {
		bool out = i < r->next && r->cut[i];
		if (!out)
			want[k++] = r->byte[i];
	}
	must(half_copy(h, r->start + from, r->start + to, got) == k && memcmp(got, want, k) == 0);
}

static void judge(struct half *h, struct reference *r, uint32_t n, bool cut)
{
	uint32_t pending = r->end - r->next;
	n = n < pending ? n : pending;
	if (n == 0)
		return;
	if (!cut)
		half_pass(h, n);
	else if (!half_cut(h, n))
		return;
	memset(r->cut + r->next, cut, n);
	r->next += n;
}

static void ack(struct half *h, struct reference *r, uint32_t n)
{
	uint32_t top = r->sent > r->next ? r->sent : r->next, to = r->base + n;
	to = to < top ? to : top;
	half_acked(h, r->start + to);
	if (to > r->acked)
		r->acked = to;
	to = r->acked < r->next ? r->acked : r->next;
	if (to > r->base)
		r->base = to;
	if (r->sent < r->base)
		r->sent = r->base;
}

static void operate(struct half *h, struct reference *r, struct rd *in)
{
	uint8_t op = rd_u8(in), a = rd_u8(in), n = rd_u8(in);
	bool other = op & 8;
	if (in->bad)
		return;
	switch (op & 7) {
	case OP_ADD:
		add(h, r, r->end > a % 64u ? r->end - a % 64u : 0, n, other);
		break;
	case OP_FAR:
		add(h, r, r->end + a, n % 32, other);
		break;
	case OP_PASS:
	case OP_CUT:
		judge(h, r, n, (op & 7) == OP_CUT);
		break;
	case OP_SEND:
		if (r->sent + n % 16u <= r->end)
			h->sent += n % 16u, r->sent += n % 16u;
		break;
	case OP_ACK:
		ack(h, r, n);
		break;
	case OP_COPY:
		copy(h, r, r->base + a, n);
		break;
	default:
		numbers(h, r, r->base + n);
		break;
	}
	same_bytes(h, r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct reference r;
	static uint8_t buf[BUFFER];
	struct rd in = rd_init(data, n);
	memset(&r, 0, sizeof(r));
	r.start = rd_be32(&in);
	struct half h = { .buf = buf, .size = sizeof(buf) };
	half_start(&h, r.start);
	for (unsigned i = 0; i < OPERATIONS && in.left && !in.bad; i++)
		operate(&h, &r, &in);
	return 0;
}
