/* SPDX-License-Identifier: MIT
 *
 * IEC 60870-5-104: a controlled station reports spontaneously, its master acknowledges with
 * S frames. In a closed loop an S frame is the occasion for the next burst; so a transaction is
 * an acknowledgement and the I frames that come then, all in one segment.
 *
 *	iec104		each burst is w (8) measured values with their time
 *	iec104-mixed	bursts of 1 to 8 reports of four types; between them tests of the link, and
 *			now and then the master interrogates the station
 *
 * Both begin with STARTDT. How many I frames each end has sent follows from the number of the
 * request, so all sequence numbers are right (104, clause 5.1: 15 bits, behind bit 0).
 */
#include "shapes.h"

enum {
	APCI = 6,
	START = 0x68,
	SEQ = 0x7fff,
	STARTDT_ACT = 0x07,
	STARTDT_CON = 0x0b,
	TESTFR_ACT = 0x43,
	TESTFR_CON = 0x83,
	SPONTANEOUS = 3,
	ACT = 6,
	ACTCON = 7,
	ACTTERM = 10,
	INROGEN = 20,
	C_IC_NA_1 = 100,
	W = 8,
	/* of the mixed shape: it repeats; where in it the master interrogates; how often it tests
	 */
	PERIOD = 1024,
	INTERROGATES = 5,
	TESTS = 64,
	REPORTS = 3, /* I frames that answer an interrogation */
};

struct numbers {
	uint32_t ns, nr;
};

static size_t put_u(uint8_t *b, uint8_t function)
{
	memcpy(b, (const uint8_t[APCI]){ START, 4, function }, APCI);
	return APCI;
}

static void put_number(uint8_t *b, uint32_t v)
{
	b[0] = (uint8_t)(v << 1);
	b[1] = (uint8_t)((v & SEQ) >> 7);
}

static size_t put_s(uint8_t *b, uint32_t nr)
{
	memcpy(b, (const uint8_t[]){ START, 4, 1, 0 }, 4);
	put_number(b + 4, nr);
	return APCI;
}

/* Type, objects, cause, originator 0, common address 1; then the first object address. */
static size_t put_i(uint8_t *b, struct numbers at, const uint8_t head[3], unsigned ioa, size_t body)
{
	b[0] = START;
	b[1] = (uint8_t)(4 + 9 + body);
	put_number(b + 2, at.ns);
	put_number(b + 4, at.nr);
	memcpy(b + APCI,
	       (const uint8_t[9]){ head[0], head[1], head[2], 0, 1, 0, (uint8_t)ioa,
				   (uint8_t)(ioa >> 8), 0 },
	       9);
	return APCI + 9 + body;
}

/* Element octets that differ from report to report, and where the type has it the time. */
static void put_element(uint8_t *e, uint32_t seed, size_t value, size_t time)
{
	static const uint8_t noon[7] = { 0, 0, 0, 12, 0xbb, 0x0b, 0x1a };
	for (size_t i = 0; i + 1 < value; i++)
		e[i] = (uint8_t)(seed >> i);
	e[value - 1] = 0; /* quality: good */
	memcpy(e + value, noon, time);
	if (time)
		e[value] = (uint8_t)seed;
}

/* M_ME_TF_1: a float with CP56Time2a. */
static size_t put_measured(uint8_t *b, struct numbers at)
{
	put_element(b + APCI + 9, at.ns, 5, 7);
	return put_i(b, at, (const uint8_t[]){ 36, 1, SPONTANEOUS }, 4000 + at.ns % 64, 12);
}

/* M_SP_TB_1: a single point with CP56Time2a; M_DP_TB_1 two of them; M_ME_NB_1 a sequence of 10. */
static size_t put_report(uint8_t *b, struct numbers at)
{
	uint8_t *e = b + APCI + 9;
	switch (at.ns % 4) {
	case 0:
		put_element(e, at.ns, 1, 7);
		return put_i(b, at, (const uint8_t[]){ 30, 1, SPONTANEOUS }, 100 + at.ns % 32, 8);
	case 1:
		put_element(e, at.ns, 1, 7);
		memcpy(e + 8, (const uint8_t[]){ 201, 0, 0 }, 3);
		put_element(e + 11, at.ns + 1, 1, 7);
		return put_i(b, at, (const uint8_t[]){ 31, 2, SPONTANEOUS }, 200, 19);
	case 2:
		for (unsigned i = 0; i < 10; i++)
			put_element(e + 3 * i, at.ns + i, 3, 0);
		return put_i(b, at, (const uint8_t[]){ 11, 0x80 | 10, SPONTANEOUS }, 1000, 30);
	default:
		return put_measured(b, at);
	}
}

/* ---- each burst is w measured values ---- */

static size_t plain_request(uint8_t *b, uint32_t n)
{
	return n == 0 ? put_u(b, STARTDT_ACT) : put_s(b, W * (n - 1));
}

static size_t plain_answer(uint8_t *b, const uint8_t *q, size_t len, uint32_t n)
{
	uint8_t want[FRAME_MAX];
	size_t used = 0;
	if (len != plain_request(want, n) || memcmp(q, want, len) != 0)
		return 0;
	if (n == 0)
		return put_u(b, STARTDT_CON);
	for (uint32_t i = 0; i < W; i++)
		used += put_measured(b + used, (struct numbers){ W * (n - 1) + i, 0 });
	return used;
}

/* ---- what a plant has ---- */

enum kind { BURST, TEST, INTERROGATION };

static enum kind kind_of(uint32_t n)
{
	if (n % PERIOD == INTERROGATES)
		return INTERROGATION;
	return n % TESTS == 0 ? TEST : BURST;
}

static uint32_t burst_of(uint32_t n)
{
	return 1 + n % W;
}

static uint32_t reports_of(uint32_t n)
{
	enum kind k = kind_of(n);
	return k == BURST ? burst_of(n) : k == INTERROGATION ? REPORTS : 0;
}

/* I frames that the station has sent before request n. */
static uint32_t reported(uint32_t n)
{
	static uint16_t before[PERIOD + 1];
	if (before[PERIOD] == 0)
		for (uint32_t i = 0; i < PERIOD; i++)
			before[i + 1] = (uint16_t)(before[i] + reports_of(i));
	return n / PERIOD * before[PERIOD] + before[n % PERIOD];
}

/* And the master. */
static uint32_t interrogations(uint32_t n)
{
	return (n + PERIOD - INTERROGATES - 1) / PERIOD;
}

static size_t put_interrogation(uint8_t *b, struct numbers at, uint8_t cause)
{
	b[APCI + 9] = INROGEN; /* QOI: the station */
	return put_i(b, at, (const uint8_t[]){ C_IC_NA_1, 1, cause }, 0, 1);
}

static size_t mixed_request(uint8_t *b, uint32_t n)
{
	if (n == 0)
		return put_u(b, STARTDT_ACT);
	switch (kind_of(n)) {
	case TEST:
		return put_u(b, TESTFR_ACT);
	case INTERROGATION:
		return put_interrogation(b, (struct numbers){ interrogations(n), reported(n) },
					 ACT);
	default:
		return put_s(b, reported(n));
	}
}

/* Confirmation, a sequence of 16 single points, termination. */
static size_t put_interrogated(uint8_t *b, struct numbers at)
{
	size_t used = put_interrogation(b, at, ACTCON);
	at.ns++;
	for (unsigned i = 0; i < 16; i++)
		b[used + APCI + 9 + i] = (uint8_t)(at.ns >> i & 1);
	used += put_i(b + used, at, (const uint8_t[]){ 1, 0x80 | 16, INROGEN }, 100, 16);
	at.ns++;
	return used + put_interrogation(b + used, at, ACTTERM);
}

static size_t mixed_answer(uint8_t *b, const uint8_t *q, size_t len, uint32_t n)
{
	uint8_t want[FRAME_MAX];
	struct numbers at = { reported(n), interrogations(n + 1) };
	size_t used = 0;
	if (len != mixed_request(want, n) || memcmp(q, want, len) != 0)
		return 0;
	if (kind_of(n) == TEST)
		return put_u(b, n == 0 ? STARTDT_CON : TESTFR_CON);
	if (kind_of(n) == INTERROGATION)
		return put_interrogated(b, at);
	for (uint32_t i = 0; i < burst_of(n); i++, at.ns++)
		used += put_report(b + used, at);
	return used;
}

static size_t iec104_frame(const uint8_t *b, size_t n)
{
	size_t len = n < 2 ? 0 : 2u + b[1];
	return len <= n ? len : 0;
}

const struct proto iec104 = { "iec104", 2404, iec104_frame, plain_answer };
const struct proto iec104_mixed = { "iec104", 2404, iec104_frame, mixed_answer };

size_t iec104_acknowledge(uint8_t *b, uint32_t n)
{
	return plain_request(b, n);
}

size_t iec104_mix(uint8_t *b, uint32_t n)
{
	return mixed_request(b, n);
}
