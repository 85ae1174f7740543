/* SPDX-License-Identifier: MIT
 *
 * What a Modbus policy tolerates of devices: each without its key refused, with it passed, and what
 * is next to it refused all the same; enforced and observed. The in-kernel path leaves every one of
 * these forms to an inspector: test_answers_in_kernel in fastpath-slots.h. RTU framing over TCP.
 */
#include "inspect-bench.h"

#include "inspect/proto.h"
#include "proto/modbus/facts.h"

enum { C = 1000, S = 5000, MOST = 1100 };

/* A policy that permits everything, and tolerates this. */
static void start(struct bench *b, uint8_t mode, unsigned tolerate)
{
	bench_start(b, VIOLATION_DROP, mode);
	struct pol_mb_rule *r = &b->img.rule;
	memset(r->functions, 0xff, 16);
	r->units.any = r->addresses.any = r->subfunctions.any = r->mei.any = r->files.any = true;
	b->img.head.tolerate = tolerate;
	assert_true(policy_valid(&b->img.h, sizeof(b->img)));
	handshake(b, C, S);
}

/* Did the packet's payload go on, and nothing else? */
static bool delivered(const struct bench *b)
{
	return b->verdict == V_ACCEPT && b->got_len == b->orig_len &&
	       memcmp(b->got, b->orig, b->got_len) == 0;
}

/* Of the last packet nothing reached the other end. */
static void assert_nothing_left(const struct bench *b)
{
	if (b->verdict == V_ACCEPT)
		assert_true(left(b).len <= 1);
}

struct odd {
	const char *request, *response;
	unsigned key;
	enum reason without, with;
	/* what the record without the key has */
	uint8_t field;
	uint16_t expected, received;
};

#define READ "0001 0000 0006 01 03 0064 0001"
#define ID "0001 0000 0005 01 2b 0e 01 00"
#define FILES "0001 0000 000a 01 14 07 06 0001 0000 0001"
#define MIS R_RESPONSE_MISMATCH
#define UNS R_UNSOLICITED
#define LEN R_LENGTH
#define TRAIL R_TRAILING
#define OK R_NONE

/* clang-format off */
static const struct odd odd[] = {
	/* another unit */
	{ READ, "0001 0000 0005 09 03 02 0007", MB_TOL_UNIT, MIS, OK, MB_F_UNIT, 1, 9 },
	{ READ, "0001 0000 0003 00 83 02", MB_TOL_UNIT, MIS, OK, MB_F_UNIT, 1, 0 },
	{ READ, "0001 0000 0005 09 04 02 0007", MB_TOL_UNIT, MIS, MIS, MB_F_UNIT, 1, 9 },
	{ READ, "0001 0000 0007 09 03 04 0007 0008", MB_TOL_UNIT, MIS, MIS, MB_F_UNIT, 1, 9 },
	{ READ, "0002 0000 0005 09 03 02 0007", MB_TOL_UNIT, UNS, UNS, MB_F_TRANSACTION, 1, 2 },
	/* transaction identifier 0 */
	{ READ, "0000 0000 0005 01 03 02 0007", MB_TOL_TRANSACTION, UNS, OK, MB_F_TRANSACTION, 1, 0 },
	{ READ, "0002 0000 0005 01 03 02 0007", MB_TOL_TRANSACTION, UNS, UNS, MB_F_TRANSACTION, 1, 2 },
	{ READ, "0100 0000 0005 01 03 02 0007", MB_TOL_TRANSACTION, UNS, UNS, MB_F_TRANSACTION, 1, 0x100 },
	{ READ, "0000 0000 0005 02 03 02 0007", MB_TOL_TRANSACTION, UNS, MIS, MB_F_TRANSACTION, 1, 0 },
	{ READ, "0000 0000 0007 01 03 04 0007 0008", MB_TOL_TRANSACTION, UNS, MIS, MB_F_TRANSACTION, 1, 0 },
	/* a length field one too large; two; and where the octet is there */
	{ READ, "0001 0000 0004 01 83 02", MB_TOL_LENGTH, LEN, OK, MB_F_LENGTH, 3, 4 },
	{ READ, "0001 0000 0006 01 03 02 0007", MB_TOL_LENGTH, LEN, OK, MB_F_LENGTH, 5, 6 },
	{ READ, "0001 0000 0005 01 83 02", MB_TOL_LENGTH, LEN, LEN, MB_F_LENGTH, 3, 5 },
	{ READ, "0001 0000 0007 01 03 02 0007", MB_TOL_LENGTH, LEN, LEN, MB_F_LENGTH, 5, 7 },
	{ READ, "0001 0000 0005 01 83 02 0000", MB_TOL_LENGTH, TRAIL, TRAIL, MB_F_LENGTH, 3, 5 },
	{ "0001 0000 0006 01 06 0001 0003", "0001 0000 0007 01 06 0001 0003", MB_TOL_LENGTH, LEN, OK, MB_F_LENGTH, 6, 7 },
	{ "0001 0000 0004 01 18 04de", "0001 0000 0007 01 18 0002 0000", MB_TOL_LENGTH, LEN, OK, MB_F_LENGTH, 6, 7 },
	{ READ, "0001 0000 0002 01 83 02", MB_TOL_LENGTH, R_TRUNCATED, R_TRUNCATED, MB_F_LENGTH, 3, 2 },
	/* exceptions with zeros behind them; more of them, and others */
	{ READ, "0001 0000 0004 01 83 02 00", MB_TOL_PADDED, TRAIL, OK, MB_F_LENGTH, 3, 4 },
	{ READ, "0001 0000 0006 01 83 02 000000", MB_TOL_PADDED, TRAIL, OK, MB_F_LENGTH, 3, 6 },
	{ READ, "0001 0000 0007 01 83 02 00000000", MB_TOL_PADDED, TRAIL, TRAIL, MB_F_LENGTH, 3, 7 },
	{ READ, "0001 0000 0004 01 83 02 01", MB_TOL_PADDED, TRAIL, TRAIL, MB_F_LENGTH, 3, 4 },
	{ READ, "0001 0000 0006 01 83 02 000001", MB_TOL_PADDED, TRAIL, TRAIL, MB_F_LENGTH, 3, 6 },
	{ READ, "0001 0000 0006 01 03 02 0007 00", MB_TOL_PADDED, TRAIL, TRAIL, MB_F_LENGTH, 5, 6 },
	{ READ, "0001 0000 0006 01 03 02 0007", MB_TOL_PADDED, LEN, LEN, MB_F_LENGTH, 5, 6 },
	{ READ, "0001 0000 0004 01 84 02 00", MB_TOL_PADDED, TRAIL, MIS, MB_F_LENGTH, 3, 4 },
	/* identification of any form; other types of 43; other functions */
	{ ID, "0001 0000 0008 01 2b 0e 01 01 01 00 00", MB_TOL_DEVICE_ID, R_FORMAT, OK, 0, 0, 0 },
	{ ID, "0001 0000 0003 01 2b 0e", MB_TOL_DEVICE_ID, R_TRUNCATED, OK, 0, 0, 0 },
	{ ID, "0001 0000 000b 01 2b 0e 01 01 00 00 01 00 20 41", MB_TOL_DEVICE_ID, R_TRUNCATED, OK, 0, 0, 0 },
	{ ID, "0001 0000 0008 01 2b 0e 02 01 00 00 00", MB_TOL_DEVICE_ID, MIS, OK, MB_F_ID_CODE, 1, 2 },
	{ ID, "0001 0000 0004 01 ab 0e 01", MB_TOL_DEVICE_ID, TRAIL, OK, MB_F_LENGTH, 3, 4 },
	{ ID, "0001 0000 0004 01 ab 01 0e", MB_TOL_DEVICE_ID, TRAIL, TRAIL, MB_F_LENGTH, 3, 4 },
	{ ID, "0001 0000 0005 01 ab 0e 01 00", MB_TOL_DEVICE_ID, TRAIL, TRAIL, MB_F_LENGTH, 3, 5 },
	{ ID, "0001 0000 0002 01 2b", MB_TOL_DEVICE_ID, R_TRUNCATED, R_TRUNCATED, 0, 0, 0 },
	{ ID, "0001 0000 0003 01 2b 0d", MB_TOL_DEVICE_ID, MIS, MIS, MB_F_MEI, 14, 13 },
	{ "0001 0000 0004 01 2b 0d 01", "0001 0000 0003 01 2b 0e", MB_TOL_DEVICE_ID, R_TRUNCATED, MIS, 0, 0, 0 },
	{ READ, "0001 0000 0005 01 03 03 0007", MB_TOL_DEVICE_ID, R_BYTE_COUNT, R_BYTE_COUNT, MB_F_LENGTH, 6, 5 },
	/* file records likewise */
	{ FILES, "0001 0000 0003 01 14 00", MB_TOL_FILE, R_BYTE_COUNT, OK, 0, 0, 0 },
	{ FILES, "0001 0000 0007 01 14 04 03 05 0007", MB_TOL_FILE, R_FORMAT, OK, 0, 0, 0 },
	{ FILES, "0001 0000 0009 01 14 06 05 06 0007 0008", MB_TOL_FILE, MIS, OK, MB_F_BYTES, 4, 6 },
	{ FILES, "0001 0000 0004 01 14 00 00", MB_TOL_FILE, R_BYTE_COUNT, OK, MB_F_LENGTH, 3, 4 },
	{ FILES, "0001 0000 0003 01 15 00", MB_TOL_FILE, R_BYTE_COUNT, R_BYTE_COUNT, 0, 0, 0 },
	{ READ, "0001 0000 0003 01 14 00", MB_TOL_FILE, R_BYTE_COUNT, MIS, 0, 0, 0 },
	/* what a device has made of a write */
	{ "0001 0000 0006 01 06 0001 13ff", "0001 0000 0006 01 06 0001 1388", MB_TOL_ECHO, MIS, OK, MB_F_VALUE, 5119, 5000 },
	{ "0001 0000 0006 01 06 0001 13ff", "0001 0000 0006 01 06 0002 13ff", MB_TOL_ECHO, MIS, MIS, MB_F_ADDRESS, 1, 2 },
	{ "0001 0000 000b 01 10 0001 0002 04 0000 0000", "0001 0000 0006 01 10 0001 0001", MB_TOL_ECHO, MIS, OK,
	  MB_F_QUANTITY, 2, 1 },
	{ "0001 0000 000b 01 10 0001 0002 04 0000 0000", "0001 0000 0006 01 10 0001 0003", MB_TOL_ECHO, MIS, MIS,
	  MB_F_QUANTITY, 2, 3 },
	{ "0001 0000 000b 01 10 0001 0002 04 0000 0000", "0001 0000 0006 01 10 0000 0002", MB_TOL_ECHO, MIS, MIS,
	  MB_F_ADDRESS, 1, 0 },
	{ "0001 0000 0008 01 0f 0000 0004 01 0f", "0001 0000 0006 01 0f 0000 0003", MB_TOL_ECHO, MIS, OK, MB_F_QUANTITY, 4, 3 },
	{ "0001 0000 0006 01 05 0001 ff00", "0001 0000 0006 01 05 0001 0000", MB_TOL_ECHO, MIS, MIS, MB_F_VALUE, 0xff00, 0 },
	{ "0001 0000 0008 01 16 0004 00f2 0025", "0001 0000 0008 01 16 0004 00f2 0024", MB_TOL_ECHO, MIS, MIS,
	  MB_F_OR, 0x25, 0x24 },
	{ "0001 0000 0006 01 08 0000 1234", "0001 0000 0006 01 08 0000 1235", MB_TOL_ECHO, MIS, MIS, MB_F_DATA, 0, 0 },
};
/* clang-format on */

/* After what was tolerated both ends are in step: one more, in the plain form. */
static void goes_on(struct bench *b, uint32_t c, uint32_t s)
{
	uint8_t m[12], r[11] = { 0, 77, 0, 0, 0, 5, 1, 3, 2, 0, 7 };
	unsigned said = b->events;
	segment(b, 0, c, s, TCP_ACK, m, request(m, 77, 1, 3, 10, 1));
	assert_true(delivered(b));
	segment(b, 1, s, c + 12, TCP_ACK, r, sizeof(r));
	assert_true(delivered(b));
	assert_int_equal(b->events, said);
}

static void try_one(const struct odd *o, uint8_t mode, unsigned tolerate, enum reason want,
		    bool record)
{
	struct bench b;
	uint8_t q[64], r[64];
	size_t nq = unhex(o->request, q), nr = unhex(o->response, r);
	start(&b, mode, tolerate);
	segment(&b, 0, C, S, TCP_ACK, q, nq);
	assert_true(delivered(&b) && b.events == 0);
	segment(&b, 1, S, C + (uint32_t)nq, TCP_ACK, r, nr);
	if (b.reason != want)
		fail_msg("%s after %s, tolerating %#x: %s, expected %s", o->response, o->request,
			 tolerate, reason_name(b.reason), reason_name(want));
	assert_int_equal(b.events, want != OK);
	if (want == OK || mode == MODE_OBSERVE)
		assert_true(delivered(&b));
	else
		assert_nothing_left(&b);
	if (want == OK)
		goes_on(&b, C + (uint32_t)nq, S + (uint32_t)nr);
	else if (record) {
		const struct ev_modbus *ev = EV_MODBUS(&b.last);
		assert_int_equal(b.last.proto, PROTO_MODBUS);
		assert_int_equal((ev->has & EVH_FIELD) != 0, o->field != 0);
		if (o->field)
			assert_true(ev->field == o->field && ev->expected == o->expected &&
				    ev->received == o->received);
	}
	inspect_free(b.in);
}

static void answers_are_tolerated_one_by_one(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		for (unsigned mode = MODE_ENFORCE; mode <= MODE_OBSERVE; mode++) {
			unsigned others = MB_TOL_ALL & ~odd[i].key;
			/* a longer exception or file record is in part what these are about */
			others &= ~(unsigned)(MB_TOL_LENGTH | MB_TOL_PADDED | MB_TOL_FILE |
					      MB_TOL_DEVICE_ID);
			try_one(&odd[i], (uint8_t)mode, 0, odd[i].without, true);
			try_one(&odd[i], (uint8_t)mode, odd[i].key, odd[i].with, false);
			if (odd[i].without != odd[i].with &&
			    odd[i].without != R_RESPONSE_MISMATCH && odd[i].with == OK)
				try_one(&odd[i], (uint8_t)mode, others & ~(unsigned)MB_TOL_UNIT,
					odd[i].without, false);
		}
}

/* In a request each of these forms is refused, or waits for its rest, whatever is tolerated. */
static void requests_are_read_strictly(void **state)
{
	(void)state;
	static const struct {
		const char *adu;
		enum reason why;
	} bad[] = {
		{ "0001 0000 0007 01 03 0064 0001", R_NONE }, /* one too large: not all there */
		{ "0001 0000 0007 01 03 0064 0001 00", R_TRAILING },
		{ "0001 0000 0004 01 83 02 00", R_FORMAT },
		{ "0001 0000 0004 01 ab 0e 01", R_FORMAT },
		{ "0001 0000 0005 01 2b 0e 07 00", R_FORMAT },
		{ "0001 0000 0006 01 2b 0e 01 00 00", R_TRAILING },
		{ "0001 0000 0003 01 14 00", R_BYTE_COUNT },
		{ "0001 0000 0006 01 10 0001 0001", R_TRUNCATED },
		{ "0001 0000 0100 01 10", R_LENGTH },
		{ "0001 0000 0100 01 5a", R_LENGTH },
	};
	uint8_t m[64];
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct bench b;
		start(&b, MODE_ENFORCE, MB_TOL_ALL);
		segment(&b, 0, C, S, TCP_ACK, m, unhex(bad[i].adu, m));
		assert_int_equal(b.reason, bad[i].why);
		assert_nothing_left(&b);
		inspect_free(b.in);
	}
}

/* The octet that a padded exception has, and one that is too short does not have, comes later. */
static void the_end_of_an_answer(void **state)
{
	(void)state;
	struct bench b;
	uint8_t q[24], r[64];
	for (unsigned tolerate = 0; tolerate <= MB_TOL_PADDED; tolerate += MB_TOL_PADDED) {
		start(&b, MODE_ENFORCE, tolerate);
		segment(&b, 0, C, S, TCP_ACK, q, unhex(READ, q));
		size_t n = unhex("0001 0000 0004 01 83 02 00", r);
		segment(&b, 1, S, C + 12, TCP_ACK, r, 8); /* so far it could be good */
		assert_true(b.events == 0 && left(&b).len <= 1);
		segment(&b, 1, S + 8, C + 12, TCP_ACK, r + 8, 1);
		if (!tolerate) { /* at once, and not when the next answer comes */
			assert_int_equal(b.reason, R_LENGTH);
			assert_ended(&b, S);
			assert_true(b.last.part && EV_MODBUS(&b.last)->unit == 1 &&
				    EV_MODBUS(&b.last)->fc == 3 && EV_MODBUS(&b.last)->exc == 2);
		} else {
			assert_true(b.events == 0 && left(&b).len <= 1);
			segment(&b, 1, S + 9, C + 12, TCP_ACK, r + 9, n - 9);
			struct packet p = left(&b);
			assert_int_equal(p.len, n);
			assert_memory_equal(p.data, r, n);
		}
		inspect_free(b.in);
	}
	/* one that is one too large and has the octet all the same: what follows is out of step */
	start(&b, MODE_ENFORCE, MB_TOL_LENGTH);
	segment(&b, 0, C, S, TCP_ACK, q, unhex(READ, q));
	segment(&b, 0, C + 12, S, TCP_ACK, q, 12);
	segment(&b, 1, S, C + 24, TCP_ACK, r, unhex("0001 0000 0004 01 83 02 00", r));
	segment(&b, 1, S + 10, C + 24, TCP_ACK, r, unhex("0001 0000 0005 01 03 02 0007", r));
	assert_int_equal(b.reason, R_PROTOCOL_ID);
	inspect_free(b.in);
	/* observed it is one record, and the next answer is in step */
	start(&b, MODE_OBSERVE, 0);
	segment(&b, 0, C, S, TCP_ACK, q, unhex(READ, q));
	segment(&b, 1, S, C + 12, TCP_ACK, r, unhex("0001 0000 0004 01 83 02", r));
	assert_true(b.reason == R_LENGTH && delivered(&b));
	goes_on(&b, C + 12, S + 9);
	segment(&b, 1, S + 20, C + 24, TCP_ACK, r, unhex("0002 0000 0005 01 03 02 0007", r));
	assert_int_equal(b.reason, R_UNSOLICITED); /* and judged */
	inspect_free(b.in);
	/* so it is where both come in one segment; and with an octet too many, which is there, the
	 * next one is behind that */
	static const char *const two[] = {
		"0001 0000 0006 01 03 02 0007 0002 0000 0006 01 03 02 0007",
		"0001 0000 0006 01 03 02 0007 00 0002 0000 0005 01 03 02 0007"
	};
	for (unsigned i = 0; i < 2; i++) {
		start(&b, MODE_OBSERVE, 0);
		segment(&b, 0, C, S, TCP_ACK, q, unhex(READ "0002 0000 0006 01 03 0064 0001", q));
		segment(&b, 1, S, C + 24, TCP_ACK, r, unhex(two[i], r));
		assert_true(b.events == 2 - i && b.reason == (i ? R_TRAILING : R_LENGTH) &&
			    delivered(&b));
		segment(&b, 0, C + 24, S + 22 + i, TCP_ACK, q, unhex(READ, q));
		b.img.rule.functions[0] = 0;
		segment(&b, 0, C + 36, S + 22 + i, TCP_ACK, q, unhex(READ, q));
		assert_int_equal(b.reason, R_FUNCTION); /* still judged */
		inspect_free(b.in);
	}
}

/* Two requests wait under one identifier: each gets its own unit's answer, also where another's
 * would do. */
static void the_exact_answer_first(void **state)
{
	(void)state;
	struct bench b;
	uint8_t m[12], r[11];
	start(&b, MODE_ENFORCE, MB_TOL_UNIT | MB_TOL_TRANSACTION);
	segment(&b, 0, C, S, TCP_ACK, m, request(m, 5, 1, 3, 10, 1));
	segment(&b, 0, C + 12, S, TCP_ACK, m, request(m, 5, 2, 3, 10, 1));
	segment(&b, 0, C + 24, S, TCP_ACK, m, request(m, 0, 3, 3, 10, 1));
	segment(&b, 1, S, C + 36, TCP_ACK, r, unhex("0005 0000 0005 02 03 02 0007", r));
	segment(&b, 1, S + 11, C + 36, TCP_ACK, r, unhex("0000 0000 0005 03 03 02 0007", r));
	segment(&b, 1, S + 22, C + 36, TCP_ACK, r, unhex("0005 0000 0005 01 03 02 0007", r));
	assert_true(delivered(&b) && b.events == 0);
	segment(&b, 1, S + 33, C + 36, TCP_ACK, r, unhex("0000 0000 0005 01 03 02 0007", r));
	assert_int_equal(b.reason, R_UNSOLICITED);
	inspect_free(b.in);
}

/* ---- long frames ---- */

/* A frame of so many octets behind the length field, with this unit and code. */
static size_t long_frame(uint8_t *p, unsigned tid, unsigned len, unsigned unit, unsigned fc)
{
	memset(p, 0, MOST);
	put16(p, tid);
	put16(p + 4, len);
	p[6] = (uint8_t)unit;
	p[7] = (uint8_t)fc;
	return 6 + (size_t)len;
}

/* The device answers function 90 as unit 0: with what its own answer is, or an exception. */
static void greet(struct bench *b, bool knows)
{
	uint8_t m[16];
	segment(b, 0, C, S, TCP_ACK, m, unhex("0001 0000 0004 00 5a 0001", m));
	segment(b, 1, S, C + 10, TCP_ACK, m,
		unhex(knows ? "0001 0000 0005 00 5a 00 fe 00" : "0001 0000 0005 00 da 01 00 00",
		      m));
	assert_true(delivered(b));
}

static void long_frames_of_umas(void **state)
{
	(void)state;
	static uint8_t m[MOST];
	static const struct {
		unsigned tolerate, len, unit, fc;
		bool knows, passes;
	} rows[] = {
		{ MB_TOL_UMAS, 1004, 0, 90, true, true },
		{ MB_TOL_UMAS, 255, 0, 90, true, true },
		{ MB_TOL_UMAS, 1026, 0, 90, true, true },
		{ MB_TOL_UMAS, 1027, 0, 90, true, false },
		{ 0, 1004, 0, 90, true, false },
		{ MB_TOL_ALL & ~MB_TOL_UMAS, 1004, 0, 90, true, false },
		{ MB_TOL_UMAS | MB_TOL_PADDED, 1004, 0, 90, false,
		  false }, /* it may look for requests inside */
		{ MB_TOL_UMAS, 1004, 1, 90, true,
		  false }, /* another unit has not shown that it knows it */
		{ MB_TOL_UMAS, 1004, 0, 16, true, false },
		{ MB_TOL_UMAS, 1004, 0, 0xda, true, false },
		{ MB_TOL_UMAS, 65535, 0, 90, true, false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bench b;
		start(&b, MODE_ENFORCE, rows[i].tolerate);
		greet(&b, rows[i].knows || (rows[i].tolerate & MB_TOL_PADDED) == 0);
		size_t n = long_frame(m, 2, rows[i].len, rows[i].unit, rows[i].fc);
		uint32_t s = S + (rows[i].knows ? 11 : 11);
		segment(&b, 0, C + 10, s, TCP_ACK, m, n < 1010 ? n : 1010);
		if (n > 1010 && rows[i].passes)
			segment(&b, 0, C + 10 + 1010, s, TCP_ACK, m + 1010, n - 1010);
		assert_int_equal(b.reason, rows[i].passes ? R_NONE : R_LENGTH);
		assert_int_equal(b.events, !rows[i].passes);
		if (!rows[i].passes) {
			assert_ended(&b, C + 10);
			inspect_free(b.in);
			continue;
		}
		uint32_t c = C + 10 + (uint32_t)n;
		size_t a = long_frame(m, 2, rows[i].len, 0, 90); /* and an answer as long */
		segment(&b, 1, s, c, TCP_ACK, m, a < 1010 ? a : 1010);
		if (a > 1010)
			segment(&b, 1, s + 1010, c, TCP_ACK, m + 1010, a - 1010);
		assert_int_equal(b.events, 0);
		goes_on(&b, c, s + (uint32_t)a);
		inspect_free(b.in);
	}
}

/* An answer that is long and that nobody asked for; and what the policy does not permit has no
 * first part. */
static void long_frames_are_due(void **state)
{
	(void)state;
	static uint8_t m[MOST];
	struct bench b;
	start(&b, MODE_ENFORCE, MB_TOL_UMAS);
	greet(&b, true);
	segment(&b, 1, S + 11, C + 10, TCP_ACK, m, long_frame(m, 2, 600, 0, 90));
	assert_int_equal(b.reason, R_LENGTH);
	assert_ended(&b, S + 11);
	inspect_free(b.in);
	for (unsigned mode = MODE_ENFORCE; mode <= MODE_OBSERVE; mode++) {
		start(&b, (uint8_t)mode, MB_TOL_UMAS);
		greet(&b, true);
		b.img.rule.functions[90 / 8] = 0; /* as after a reload */
		segment(&b, 0, C + 10, S + 11, TCP_ACK, m, long_frame(m, 2, 600, 0, 90));
		assert_int_equal(b.reason, mode == MODE_OBSERVE ? R_FUNCTION : R_LENGTH);
		if (mode == MODE_ENFORCE)
			assert_ended(&b, C + 10);
		else
			assert_true(delivered(&b));
		inspect_free(b.in);
	}
	/* cut anywhere: of the rest that is kept nothing goes on before the end is there */
	start(&b, MODE_ENFORCE, MB_TOL_UMAS);
	greet(&b, true);
	size_t n = long_frame(m, 2, 600, 0, 90);
	segment(&b, 0, C + 10, S + 11, TCP_ACK, m, 7);
	assert_int_equal(left(&b).len, 1);
	segment(&b, 0, C + 17, S + 11, TCP_ACK, m + 7, n - 8);
	assert_int_equal(left(&b).len, n - HOLD_MAX);
	segment(&b, 0, C + 10 + (uint32_t)n - 1, S + 11, TCP_ACK, m + n - 1, 1);
	assert_int_equal(left(&b).len, HOLD_MAX);
	assert_int_equal(b.events, 0);
	inspect_free(b.in);
}

#define UMAS_ASK(unit) "0001 0000 0004 " #unit " 5a 0001"
#define UMAS_ANSWER(unit) "0001 0000 0005 " #unit " 5a 00 fe 00"

/* Each unit shows for itself what it knows, and no other one takes it away: first both are asked,
 * unit 2 as the last one. Where an answer of another unit than was asked is tolerated, it shows of
 * neither. */
static void long_frames_by_unit(void **state)
{
	(void)state;
	static uint8_t m[MOST];
	struct bench b;
	start(&b, MODE_ENFORCE, MB_TOL_UMAS);
	for (uint32_t i = 0; i < 2; i++) {
		segment(&b, 0, C + 10 * i, S + 11 * i, TCP_ACK, m,
			unhex(i ? UMAS_ASK(02) : UMAS_ASK(01), m));
		segment(&b, 1, S + 11 * i, C + 10 * i + 10, TCP_ACK, m,
			unhex(i ? UMAS_ANSWER(02) : UMAS_ANSWER(01), m));
		assert_true(delivered(&b));
	}
	for (uint32_t i = 0; i < 3; i++) {
		uint32_t at = C + 20 + 606 * i;
		segment(&b, 0, at, S + 22, TCP_ACK, m, long_frame(m, 3 + i, 600, 1 + i, 90));
		assert_int_equal(b.events, i == 2);
		if (i < 2)
			assert_true(delivered(&b));
		else
			assert_ended(&b, at);
	}
	assert_int_equal(b.reason, R_LENGTH);
	inspect_free(b.in);
	for (unsigned unit = 1; unit <= 9; unit += 8) {
		start(&b, MODE_ENFORCE, MB_TOL_UMAS | MB_TOL_UNIT);
		segment(&b, 0, C, S, TCP_ACK, m, unhex(UMAS_ASK(01), m));
		segment(&b, 1, S, C + 10, TCP_ACK, m, unhex(UMAS_ANSWER(09), m));
		assert_true(delivered(&b) && b.events == 0);
		segment(&b, 0, C + 10, S + 11, TCP_ACK, m, long_frame(m, 2, 600, unit, 90));
		assert_int_equal(b.reason, R_LENGTH);
		assert_ended(&b, C + 10);
		inspect_free(b.in);
	}
}

/* ---- RTU framing ---- */

static void rtu_is_called_so(void **state)
{
	(void)state;
	static const struct {
		const char *bytes; /* without CRC */
		int bad;	   /* the CRC is made wrong */
		enum reason why;
	} rows[] = {
		{ "01 03 0064 0002", 0, R_RTU },
		{ "01 03 0064 0002", 1, R_PROTOCOL_ID },
		{ "11 06 0001 0003", 0, R_RTU },
		{ "01 10 0001 0002 04 000a 0102", 0, R_RTU },
		{ "01 0f 0013 000a 02 cd01", 0, R_RTU },
		{ "01 17 0003 0006 000e 0001 02 00ff", 0, R_RTU },
		{ "01 11", 0, R_RTU },
		{ "f8 03 0064 0002", 0, R_PROTOCOL_ID },
		{ "01 2b 0e 01 00", 0, R_RTU },
		/* the address is where MBAP has its protocol identifier, 0, and the quantity where
		   it has its length */
		{ "01 03 0000 0001", 0, R_RTU },
		{ "01 03 0000 0001", 1, R_LENGTH },
		{ "01 04 0000 0002", 0, R_RTU },
		{ "01 01 0000 07d0", 0, R_RTU },
		{ "01 03 0000 000a", 0, R_NONE },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (unsigned mode = MODE_ENFORCE; mode <= MODE_OBSERVE; mode++) {
			struct bench b;
			uint8_t m[64];
			size_t n = unhex(rows[i].bytes, m);
			uint16_t crc = mb_crc16(m, n);
			m[n] = (uint8_t)(crc ^ rows[i].bad);
			m[n + 1] = (uint8_t)(crc >> 8);
			start(&b, (uint8_t)mode, mode ? 0 : MB_TOL_ALL & ~MB_TOL_PADDED);
			segment(&b, 0, C, S, TCP_ACK, m, n + 2);
			if (b.reason != rows[i].why)
				fail_msg("%s: %s, expected %s", rows[i].bytes,
					 reason_name(b.reason), reason_name(rows[i].why));
			if (mode == MODE_OBSERVE)
				assert_true(delivered(&b));
			else
				assert_nothing_left(&b);
			/* it waits for more as MBAP; the record of the unfinished message knows
			 * better */
			if (rows[i].why == R_NONE) {
				inspect_tick(b.in, b.now + 11000000000u, b.now, &b.out);
				assert_int_equal(b.reason, R_RTU);
			}
			/* the serial line's header, which has no transaction */
			if (b.reason == R_RTU) {
				assert_int_equal(EV_MODBUS(&b.last)->has, EVH_FC);
				assert_int_equal(EV_MODBUS(&b.last)->unit, m[0]);
				assert_int_equal(EV_MODBUS(&b.last)->fc, m[1]);
			}
			inspect_free(b.in);
		}
}

/* What is well formed as Modbus/TCP and has a CRC by chance is judged as ever. */
static void rtu_is_only_a_name(void **state)
{
	(void)state;
	struct bench b;
	uint8_t m[12];
	unsigned seen = 0;
	/* unit and function are where a CRC would be */
	for (unsigned tid = 0; tid < 65536; tid++) {
		size_t n = request(m, tid, 1, 3, 10, 1);
		seen += mb_rtu_length(m, n, false) != 0;
		m[6] = (uint8_t)mb_crc16(m, 6);
		m[7] = (uint8_t)(mb_crc16(m, 6) >> 8);
		if (m[7] != 3 || !mb_rtu_length(m, n, false))
			continue;
		start(&b, MODE_ENFORCE, 0);
		segment(&b, 0, C, S, TCP_ACK, m, n);
		assert_true(delivered(&b) && b.events == 0);
		/* refused, it has its own reason: what follows is no RTU */
		b.img.rule.functions[0] = 0;
		segment(&b, 0, C + 12, S, TCP_ACK, m, n);
		assert_int_equal(b.reason, R_FUNCTION);
		inspect_free(b.in);
		seen += 1000;
	}
	assert_true(seen >= 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_are_tolerated_one_by_one),
		cmocka_unit_test(requests_are_read_strictly),
		cmocka_unit_test(the_end_of_an_answer),
		cmocka_unit_test(the_exact_answer_first),
		cmocka_unit_test(long_frames_of_umas),
		cmocka_unit_test(long_frames_are_due),
		cmocka_unit_test(long_frames_by_unit),
		cmocka_unit_test(rtu_is_called_so),
		cmocka_unit_test(rtu_is_only_a_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
