/* SPDX-License-Identifier: MIT
 *
 * Ways to make a station of IEC 60870-5-104 act on what nobody judged or permitted. Each is first
 * shown without the gate: a station of some kind (iec104-station.h) executes it. Behind the gate
 * none does, and the connection ends. And what a master may send, every kind acts on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "iec104-bench.h"

#define STARTS "680407000000"
#define CONFIRMS "68040b000000"
#define GI "64 01 06 00 0100 000000 14"
#define FAR "2d 01 06 00 0100 881300 01" /* of point 5000, which must be selected */
#define ODD "69 01 06 00 0100 000000 01" /* a reset of the process: of no entry */

enum { PIECES = 8, LEN = 300 };

/* What is sent at once: 0 or 1 a master's line, 2 and 3 the station's on these. */
struct piece {
	unsigned from;
	const char *hex; /* NULL: the end */
};

static const struct {
	const char *name;
	struct piece p[PIECES];
	/* clang-format off */
} attacks[] = {
	{ "STARTDT by single bits", { { 0, "68040f000000" }, { 0, "680e0000 0000" FAR } } },
	{ "a command before STARTDT", { { 0, "680e0000 0000" FAR } } },
	{ "ignored before STARTDT, and again", { { 0, "680e0000 0000" FAR }, { 0, STARTS }, { 0, "680e0000 0000" FAR } } },
	{ "an octet before it", { { 0, STARTS }, { 0, "00 680e0000 0000" FAR } } },
	{ "in what is no frame", { { 0, STARTS }, { 0, "6803 680e0000 0000" FAR } } },
	{ "length 254", { { 0, STARTS }, { 0, "68fe 0000 0000" FAR "00*240" } } },
	{ "octets behind it", { { 0, STARTS }, { 0, "68120000 0000" FAR "00000000" } } },
	{ "two objects", { { 0, STARTS }, { 0, "68120000 0000 2d 02 06 00 0100 881300 01 e80300 01" } } },
	{ "a sequence", { { 0, STARTS }, { 0, "680f0000 0000 2d 82 06 00 0100 881300 01 01" } } },
	{ "all stations", { { 0, STARTS }, { 0, "680e0000 0000 2d 01 06 00 ffff e80300 01" } } },
	{ "another station", { { 0, STARTS }, { 0, "680e0000 0000 2d 01 06 00 0900 e80300 01" } } },
	{ "the test bit", { { 0, STARTS }, { 0, "680e0000 0000 2d 01 86 00 0100 e80300 01" } } },
	{ "P/N", { { 0, STARTS }, { 0, "680e0000 0000 2d 01 46 00 0100 e80300 01" } } },
	{ "a cause that is no activation", { { 0, STARTS }, { 0, "680e0000 0000 2d 01 07 00 0100 e80300 01" } } },
	{ "a deactivation", { { 0, STARTS }, { 0, "680e0000 0000 2e 01 08 00 0100 d00700 02" } } },
	{ "executed without a select", { { 0, STARTS }, { 0, "680e0000 0000 2e 01 06 00 0100 d00700 02" } } },
	{ "selected with another state", { { 0, STARTS }, { 2, CONFIRMS }, { 0, "680e0000 0000 2e 01 06 00 0100 d00700 82" },
					   { 2, "680e0000 0200 2e 01 07 00 0100 d00700 82" },
					   { 0, "680e0200 0200 2e 01 06 00 0100 d00700 01" } } },
	{ "selected by another master", { { 0, STARTS }, { 2, CONFIRMS }, { 1, STARTS }, { 3, CONFIRMS },
					  { 0, "680e0000 0000 2e 01 06 00 0100 d00700 82" },
					  { 2, "680e0000 0200 2e 01 07 00 0100 d00700 82" },
					  { 1, "680e0000 0000 2e 01 06 00 0100 d00700 02" } } },
	{ "executed by a select", { { 0, STARTS }, { 0, "680e0000 0000 2d 01 06 00 0900 881300 81" } } },
	{ "a sequence over the last address", { { 0, STARTS }, { 0, "680f0000 0000 2d 82 06 00 0100 ffffff 01 01" } } },
	{ "point 0 of another type", { { 0, STARTS }, { 0, "68100000 0000 33 01 06 00 0100 000000 01000000" } } },
	{ "a U frame that is an I frame", { { 0, STARTS }, { 0, "680e0300 0000" FAR }, { 0, "680e0000 0000" FAR } } },
	{ "the octet after a keep-alive", { { 0, STARTS }, { 0, "680e0000 0000" GI "6800" }, { 0, "680e0200 0000" FAR } } },
};
/* clang-format on */
enum { ATTACKS = sizeof(attacks) / sizeof(attacks[0]) };

/* "00*240": so many octets of zero. */
static size_t octets(const char *hex, uint8_t *p)
{
	const char *star = strchr(hex, '*');
	size_t n = unhex(hex, p);
	if (star) {
		n -= 2; /* 24 of "240" was read as an octet, behind the zero */
		size_t more = strtoul(star + 1, NULL, 10);
		memset(p + n, 0, more);
		n += more;
	}
	return n;
}

/* How many outputs the last piece moves. */
static unsigned attack(struct iec_bench *b, const struct piece *p)
{
	uint8_t data[LEN + 300];
	unsigned before = 0;
	for (unsigned line = 0; line < LINES; line++) {
		b->on = line;
		iec_connect(b);
	}
	for (; p->hex; p++) {
		b->on = p->from & 1;
		before = b->n_executed;
		if (!b->line[b->on].ended)
			iec_packet(b, p->from >> 1, TCP_ACK | TCP_PSH, data, octets(p->hex, data));
	}
	return b->n_executed - before;
}

static void no_station_acts(void **state)
{
	(void)state;
	static struct iec_bench b;
	for (unsigned i = 0; i < ATTACKS; i++) {
		iec_start(&b, &(struct iec_rules){ .mode = MODE_ENFORCE });
		b.pass_all = true;
		if (!attack(&b, attacks[i].p))
			fail_msg("%s: no station acts on it without the gate", attacks[i].name);
		iec_stop(&b);
		iec_start(&b, &(struct iec_rules){ .mode = MODE_ENFORCE });
		unsigned moved = attack(&b, attacks[i].p);
		if (moved || b.fault || !(b.line[0].ended || b.line[1].ended))
			fail_msg("%s: %u executed; %s", attacks[i].name, moved,
				 b.fault ? b.fault : "");
		iec_stop(&b);
	}
}

/* What is permitted each kind executes, once. */
static void every_station_acts(void **state)
{
	(void)state;
	static const struct piece p[] = {
		{ 0, STARTS },
		{ 2, CONFIRMS },
		{ 0, "680e0000 0000 2d 01 06 00 0100 e80300 01" },
		{ 0, "680e0200 0000 2e 01 06 00 0100 d00700 82" },
		{ 2, "680e0000 0400 2e 01 07 00 0100 d00700 82" },
		{ 0, "680e0400 0200 2e 01 06 00 0100 d00700 02" },
		{ 0, "68120600 0200 32 01 06 00 0100 e80300 00006842 00" },
		{ 0, NULL },
	};
	static struct iec_bench b;
	iec_start(&b, &(struct iec_rules){ .mode = MODE_ENFORCE });
	attack(&b, p);
	assert_null(b.fault);
	assert_int_equal(b.n_refused, 0);
	assert_int_equal(b.n_acted, 4 * STATION_KINDS);
	for (unsigned k = 0; k < STATION_KINDS; k++)
		assert_true(b.station[k].line[0].open);
	iec_stop(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(no_station_acts),
					    cmocka_unit_test(every_station_acts) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
