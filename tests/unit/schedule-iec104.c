/* SPDX-License-Identifier: MIT
 *
 * Schedules of IEC 60870-5-104: two masters and a station say what they should, with one thing
 * wrong at times, in segments that are cut anywhere, lost and repeated; the policy is put in force
 * again, connections are opened anew. Behind the data path are stations of every kind
 * (iec104-station.h): what one of them acts on must have been judged.
 */
#include <stdlib.h>

#include "iec104-bench.h"
#include "schedule.h"

/* Commands that are permitted at once; what is selected, and how it is confirmed; what is not
 * permitted at all. */
static const char *const direct[] = { "64 01 06 00 0100 000000 14", "2d 01 06 00 0100 e80300 01",
				      "32 01 06 00 0200 680000 00006842 00",
				      "65 01 06 00 0100 000000 05" };
static const char *const selects[] = { "2e 01 06 00 0100 d00700 82", "2e 01 06 00 0100 d16800 81",
				       "31 01 06 00 0100 d00700 6868 80" };
/* clang-format off */
static const char *const bad[] = {
	"2d 01 06 00 0100 881300 01", "2d 02 06 00 0100 e80300 01 881300 01",
	"2d 01 46 00 0100 e80300 01", "2d 01 06 00 0900 e80300 01",
	"69 01 06 00 0100 000000 01", "2d 01 06 00 0100 e80300 01 00",
	"01 01 03 00 0100 010000 01", "2d 01 07 00 0100 e80300 01",
	"2e 01 08 00 0100 d00700 02"
};
/* clang-format on */
#define COUNT(v) (sizeof(v) / sizeof((v)[0]))

struct talk { /* what both ends of a line believe */
	unsigned sent[2];
	bool started;
	char confirm[64]; /* the station's next answer; "": a report */
	bool selected;
	char execute[64];
};

static struct talk talk[LINES];

static void iec_copy(char to[64], const char *from)
{
	size_t n = strlen(from);
	memcpy(to, from, n < 63 ? n + 1 : 63);
	to[63] = '\0';
}

/* In up to three segments; what leaves the gate of the second may be lost, and then all comes
 * again. */
static void iec_send_cut(struct iec_bench *b, unsigned from, const uint8_t *p, size_t n,
			 const struct step *t)
{
	struct line *l = &b->line[b->on];
	size_t first = t->c & 1 ? 1 + t->b % n : n, second = t->c & 2 ? first + (n - first) / 2 : n;
	size_t ends[] = { first, second, n };
	for (unsigned i = 0, at = 0; i < 3 && !l->ended; at = (unsigned)ends[i++]) {
		if (ends[i] == at)
			continue;
		b->loses = (t->c & 0x1c) == 0x1c && i == 1;
		iec_packet(b, from, TCP_ACK | TCP_PSH, p + at, ends[i] - at);
		b->loses = false;
		if ((t->c & 0x1c) == 0x1c && i == 1 && !l->ended) {
			l->seq[from] -= (uint32_t)ends[i];
			iec_packet(b, from, TCP_ACK | TCP_PSH, p, ends[0]);
			iec_packet(b, from, TCP_ACK | TCP_PSH, p + ends[0], ends[1] - ends[0]);
		}
		if (t->c & 0x20)
			iec_packet(b, !from, TCP_ACK, NULL, 0);
	}
}

/* An I frame of the master; the station's answer waits. */
static size_t iec_command(struct talk *k, uint8_t *p, const char *asdu)
{
	iec_copy(k->confirm, asdu);
	k->confirm[6] = '0';
	k->confirm[7] = '7';
	return iec_i(p, k->sent[0]++ & 0x7fff, k->sent[1] & 0x7fff, asdu);
}

static size_t select_point(struct talk *k, uint8_t *p, const char *asdu)
{
	size_t last = strlen(asdu) - 2;
	iec_copy(k->execute, asdu);
	k->execute[last] = '0'; /* the highest bit of the last octet is S/E */
	k->selected = true;
	return iec_command(k, p, asdu);
}

static size_t iec_good(struct talk *k, uint8_t *p, const struct step *t)
{
	size_t n = 0;
	if (!k->started) {
		k->started = true;
		n = iec_u(p, IEC_STARTDT_ACT);
	}
	if (k->selected && k->confirm[0] == '\0') {
		k->selected = false;
		return n + iec_command(k, p + n, k->execute);
	}
	if (t->b & 1 || k->selected)
		return n + iec_command(k, p + n, direct[t->b / 2 % 4]);
	return n + select_point(k, p + n, selects[t->b / 2 % 3]);
}

/* One thing is wrong with it. */
static size_t iec_wrong(struct talk *k, uint8_t *p, const struct step *t)
{
	static const uint8_t functions[] = { 0x0f, 0x47, 0x03, 0xff, 0x0b, 0x23, 0x17, 0x1f };
	size_t n = 0;
	switch (t->b % 8) {
	case 0:
		return iec_u(p, functions[t->a >> 2 & 7]);
	case 1: /* octets before it */
		p[n++] = t->a;
		return n + iec_command(k, p + n, bad[0]);
	case 2:
		return iec_i(p, k->sent[0] + 1 + t->a, k->sent[1] & 0x7fff, direct[1]);
	case 3:
		return iec_i(p, k->sent[0] & 0x7fff, k->sent[1] + 1 + t->a, direct[1]);
	case 4: /* a length that lies */
		n = iec_command(k, p, bad[t->a % COUNT(bad)]);
		p[1] = t->a;
		return n;
	case 5: /* executed without a select */
		return iec_command(k, p, "2e 01 06 00 0100 d20700 02");
	case 6:
		n = iec_good(k, p, t);
		p[t->a % n] ^= (uint8_t)(1 << t->a % 8);
		return n;
	default:
		return iec_command(k, p, bad[t->a % COUNT(bad)]);
	}
}

static size_t station_says(struct talk *k, uint8_t *p, const struct step *t, bool tame)
{
	size_t n = 0;
	if (t->b & 8 && !k->confirm[0])
		return iec_s(p, k->sent[0] & 0x7fff);
	if (!tame && t->b % 64 == 63) /* not what a station says */
		return iec_i(p, k->sent[1]++ & 0x7fff, k->sent[0] & 0x7fff, direct[1]);
	n = iec_i(p, k->sent[1] & 0x7fff, k->sent[0] & 0x7fff,
		  k->confirm[0] ? k->confirm : "01 01 03 00 0100 010000 01");
	k->sent[1]++;
	k->confirm[0] = '\0';
	return n;
}

static void open_again(struct iec_bench *b, struct talk *k)
{
	uint8_t p[6];
	*k = (struct talk){ .started = true };
	iec_connect(b);
	iec_packet(b, 0, TCP_ACK, p, iec_u(p, IEC_STARTDT_ACT));
	iec_packet(b, 1, TCP_ACK, p, iec_u(p, IEC_STARTDT_CON));
}

static void iec_step(struct iec_bench *b, const struct step *t, bool tame)
{
	static const struct iec_rules rules = { .mode = MODE_ENFORCE };
	uint8_t p[FRAME_MAX * 2];
	b->on = t->a & 1;
	struct line *l = &b->line[b->on];
	struct talk *k = &talk[b->on];
	if (!l->open || l->ended || t->op == OP_RECONNECT) {
		open_again(b, k);
		return;
	}
	if (t->op == OP_PAUSE) {
		b->now += (uint64_t)(tame ? t->b % 8 : t->b) * 100000000;
		return;
	}
	if (t->op == OP_ANEW && b->n_img < 8) { /* the same policy again */
		iec_policy(b, &rules);
		return;
	}
	bool answers = t->op == OP_CONFIRMED || k->sent[0] % 8 == 7 || k->confirm[0];
	size_t n = answers			? station_says(k, p, t, tame)
		   : t->op == OP_BREAK && !tame ? iec_wrong(k, p, t)
						: iec_good(k, p, t);
	iec_send_cut(b, answers, p, n, t);
	if (k->sent[1] % 6 == 5 && !l->ended) /* the master confirms */
		iec_packet(b, 0, TCP_ACK, p, iec_s(p, k->sent[1] & 0x7fff));
}

const char *schedule_iec104(const struct schedule *s, enum sabotage how,
			    struct schedule_stats *stats)
{
	static struct iec_bench b;
	memset(talk, 0, sizeof(talk));
	iec_start(&b, &(struct iec_rules){ .mode = MODE_ENFORCE });
	b.lets_all = how == SABOTAGE_PASS_ALL;
	for (unsigned i = 0; i < s->n && !b.fault; i++) {
		if (b.n_judged > JUDGED_MAX / 2)
			b.n_judged = 0; /* what was let out in an earlier step arrived in it */
		iec_step(&b, &s->step[i], s->tame);
	}
	if (!b.fault && s->tame && b.n_refused)
		b.fault = "something was refused, where nothing is wrong";
	stats->runs++;
	stats->packets += b.id;
	stats->messages += b.n_acted;
	stats->refused += b.n_refused;
	stats->finished += b.n_acted > 0;
	stats->ended += b.n_refused > 0;
	const char *fault = b.fault;
	iec_stop(&b);
	return fault;
}
