/* SPDX-License-Identifier: MIT
 * What tests of IEC 60870-5-104 in the data path say on the lines of the bench, frame by frame. */
#ifndef ZONED_TESTS_IEC104_SAY_H
#define ZONED_TESTS_IEC104_SAY_H

#include "iec104-bench.h"

#define SECOND UINT64_C(1000000000)

#define GI "64 01 06 00 0100 000000 14"
#define ON "2d 01 06 00 0100 e80300 01"
#define REPORT "01 01 03 00 0100 010000 01"
#define SELECT(x) "2e 01 06 00 0100 d00700 " x
#define CONFIRM(x) "2e 01 07 00 0100 d00700 " x

static const struct iec_rules enforce = { .mode = MODE_ENFORCE },
			      observe = { .mode = MODE_OBSERVE };

/* One frame: U and S by their control octets, I with both numbers and its ASDU; other octets as
 * they are. */
struct say {
	unsigned from; /* 1: the station */
	char kind;     /* U, S, I, or x: hex */
	unsigned a, b; /* U: octet; S: N(R); I: N(S), N(R) */
	const char *hex;
	enum reason why;
};

static inline size_t make(const struct say *s, uint8_t *p)
{
	switch (s->kind) {
	case 'U':
		return iec_u(p, (uint8_t)s->a);
	case 'S':
		return iec_s(p, s->a);
	case 'I':
		return iec_i(p, s->a, s->b, s->hex);
	default:
		return unhex(s->hex, p);
	}
}

static inline enum reason say(struct iec_bench *b, const struct say *s)
{
	uint8_t p[600];
	iec_packet(b, s->from, TCP_ACK | TCP_PSH, p, make(s, p));
	return b->reason;
}

static inline enum reason say_u(struct iec_bench *b, unsigned from, uint8_t u)
{
	return say(b, &(struct say){ .from = from, .kind = 'U', .a = u });
}

static inline enum reason say_s(struct iec_bench *b, unsigned from, unsigned nr)
{
	return say(b, &(struct say){ .from = from, .kind = 'S', .a = nr });
}

static inline void ask_u(struct iec_bench *b, uint8_t act, uint8_t con)
{
	assert_int_equal(say_u(b, 0, act), R_NONE);
	assert_int_equal(say_u(b, 1, con), R_NONE);
}

static inline enum reason command(struct iec_bench *b, unsigned ns, unsigned nr, const char *asdu)
{
	return say(b, &(struct say){ 0, 'I', ns, nr, asdu, R_NONE });
}

static inline enum reason answer(struct iec_bench *b, unsigned ns, unsigned nr, const char *asdu)
{
	return say(b, &(struct say){ 1, 'I', ns, nr, asdu, R_NONE });
}

/* A segment of a connection whose beginning nobody saw. */
static inline void join(struct iec_bench *b)
{
	b->line[0] = (struct line){ .seq = { 77000, 88000 }, .next = { 88000, 77000 } };
	for (unsigned k = 0; k < STATION_KINDS; k++)
		b->station[k].line[0] = (struct station_line){
			.open = true, .started = true, .received = 70, .sent = 1000
		};
}

#endif
