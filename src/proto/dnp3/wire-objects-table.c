/* SPDX-License-Identifier: MIT
 *
 * Sizes of the public object library (IEEE 1815-2012, annex A), in order of group
 * and variation. Not here, so not walkable: withdrawn objects (g82, g100) and the
 * request-only variation 0, which has no objects.
 */
#include "proto/dnp3/wire-objects.h"

#define SIZE(g, v, n) \
	{ \
		g, v, v, DNP_FIXED, n \
	}

/* clang-format off */
const struct dnp_object dnp_objects[] = {
	/* device attributes */
	{ 0, 1, 255, DNP_ATTRIBUTE, 0 },
	/* binary inputs, their events; double-bit inputs */
	{ 1, 1, 1, DNP_BITS, 0 }, SIZE(1, 2, 1),
	SIZE(2, 1, 1), SIZE(2, 2, 7), SIZE(2, 3, 3),
	{ 3, 1, 1, DNP_PAIRS, 0 }, SIZE(3, 2, 1),
	SIZE(4, 1, 1), SIZE(4, 2, 7), SIZE(4, 3, 3),
	/* binary outputs: state, events, commands, command events */
	{ 10, 1, 1, DNP_BITS, 0 }, SIZE(10, 2, 1),
	SIZE(11, 1, 1), SIZE(11, 2, 7),
	SIZE(12, 1, 11), SIZE(12, 2, 11), { 12, 3, 3, DNP_BITS, 0 },
	SIZE(13, 1, 1), SIZE(13, 2, 7),
	/* counters: running, frozen, events, frozen events */
	SIZE(20, 1, 5), SIZE(20, 2, 3), SIZE(20, 3, 5), SIZE(20, 4, 3), SIZE(20, 5, 4), SIZE(20, 6, 2),
	SIZE(20, 7, 4), SIZE(20, 8, 2),
	SIZE(21, 1, 5), SIZE(21, 2, 3), SIZE(21, 3, 5), SIZE(21, 4, 3), SIZE(21, 5, 11), SIZE(21, 6, 9),
	SIZE(21, 7, 11), SIZE(21, 8, 9), SIZE(21, 9, 4), SIZE(21, 10, 2), SIZE(21, 11, 4), SIZE(21, 12, 2),
	SIZE(22, 1, 5), SIZE(22, 2, 3), SIZE(22, 3, 5), SIZE(22, 4, 3), SIZE(22, 5, 11), SIZE(22, 6, 9),
	SIZE(22, 7, 11), SIZE(22, 8, 9),
	SIZE(23, 1, 5), SIZE(23, 2, 3), SIZE(23, 3, 5), SIZE(23, 4, 3), SIZE(23, 5, 11), SIZE(23, 6, 9),
	SIZE(23, 7, 11), SIZE(23, 8, 9),
	/* analog inputs: present, frozen, events, frozen events, deadbands */
	SIZE(30, 1, 5), SIZE(30, 2, 3), SIZE(30, 3, 4), SIZE(30, 4, 2), SIZE(30, 5, 5), SIZE(30, 6, 9),
	SIZE(31, 1, 5), SIZE(31, 2, 3), SIZE(31, 3, 11), SIZE(31, 4, 9), SIZE(31, 5, 4), SIZE(31, 6, 2),
	SIZE(31, 7, 5), SIZE(31, 8, 9),
	SIZE(32, 1, 5), SIZE(32, 2, 3), SIZE(32, 3, 11), SIZE(32, 4, 9), SIZE(32, 5, 5), SIZE(32, 6, 9),
	SIZE(32, 7, 11), SIZE(32, 8, 15),
	SIZE(33, 1, 5), SIZE(33, 2, 3), SIZE(33, 3, 11), SIZE(33, 4, 9), SIZE(33, 5, 5), SIZE(33, 6, 9),
	SIZE(33, 7, 11), SIZE(33, 8, 15),
	SIZE(34, 1, 2), SIZE(34, 2, 4), SIZE(34, 3, 4),
	/* analog outputs: status, commands, events, command events */
	SIZE(40, 1, 5), SIZE(40, 2, 3), SIZE(40, 3, 5), SIZE(40, 4, 9),
	SIZE(41, 1, 5), SIZE(41, 2, 3), SIZE(41, 3, 5), SIZE(41, 4, 9),
	SIZE(42, 1, 5), SIZE(42, 2, 3), SIZE(42, 3, 11), SIZE(42, 4, 9), SIZE(42, 5, 5), SIZE(42, 6, 9),
	SIZE(42, 7, 11), SIZE(42, 8, 15),
	SIZE(43, 1, 5), SIZE(43, 2, 3), SIZE(43, 3, 11), SIZE(43, 4, 9), SIZE(43, 5, 5), SIZE(43, 6, 9),
	SIZE(43, 7, 11), SIZE(43, 8, 15),
	/* times: absolute, with interval, last recorded, indexed; common times of occurrence; delays */
	SIZE(50, 1, 6), SIZE(50, 2, 10), SIZE(50, 3, 6), SIZE(50, 4, 11),
	SIZE(51, 1, 6), SIZE(51, 2, 6),
	SIZE(52, 1, 2), SIZE(52, 2, 2),
	/* classes */
	{ 60, 1, 4, DNP_BARE, 0 },
	/* files */
	{ 70, 1, 8, DNP_SIZED, 0 },
	/* device: indications, storage, registered objects, data sets */
	{ 80, 1, 1, DNP_BITS, 0 },
	SIZE(81, 1, 3),
	{ 83, 1, 2, DNP_REGISTERED, 0 },
	{ 85, 1, 1, DNP_SIZED, 0 },
	{ 86, 1, 1, DNP_SIZED, 0 }, SIZE(86, 2, 1), { 86, 3, 3, DNP_SIZED, 0 },
	{ 87, 1, 1, DNP_SIZED, 0 }, { 88, 1, 1, DNP_SIZED, 0 },
	{ 90, 1, 1, DNP_SIZED, 0 }, { 91, 1, 1, DNP_SIZED, 0 },
	/* numbers */
	SIZE(101, 1, 2), SIZE(101, 2, 4), SIZE(101, 3, 8),
	SIZE(102, 1, 1),
	/* octet strings, virtual terminals, and their events */
	{ 110, 1, 255, DNP_STRING, 0 }, { 111, 1, 255, DNP_STRING, 0 }, { 112, 1, 255, DNP_STRING, 0 },
	{ 113, 1, 255, DNP_STRING, 0 }, { 114, 1, 1, DNP_SIZED, 0 }, { 115, 1, 1, DNP_SIZED, 0 },
	/* secure authentication: messages, statistics, their events */
	{ 120, 1, 2, DNP_SIZED, 0 }, SIZE(120, 3, 6), SIZE(120, 4, 2), { 120, 5, 15, DNP_SIZED, 0 },
	SIZE(121, 1, 7),
	SIZE(122, 1, 7), SIZE(122, 2, 13),
};
/* clang-format on */
const size_t dnp_objects_n = sizeof(dnp_objects) / sizeof(dnp_objects[0]);

const char *const dnp_operations[5] = { "nul", "pulse-on", "pulse-off", "latch-on", "latch-off" };
const char *const dnp_trip_close[3] = { "nul", "close", "trip" };

static unsigned dnp_number(uint8_t group, uint8_t var)
{
	return (unsigned)group << 8 | var;
}

const struct dnp_object *dnp_object(uint8_t group, uint8_t var)
{
	size_t lo = 0, hi = dnp_objects_n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct dnp_object *o = &dnp_objects[mid];
		if (dnp_number(group, var) < dnp_number(o->group, o->first))
			hi = mid;
		else if (dnp_number(group, var) > dnp_number(o->group, o->last))
			lo = mid + 1;
		else
			return o;
	}
	return NULL;
}

bool dnp_has_points(uint8_t group)
{
	static const uint8_t none[] = { 50, 51, 52, 60, 70, 81, 90, 91, 120 };
	for (size_t i = 0; i < sizeof(none); i++)
		if (none[i] == group)
			return false;
	return true;
}
