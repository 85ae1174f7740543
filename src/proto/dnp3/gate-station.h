/* SPDX-License-Identifier: MIT
 *
 * Table of the connections that are sending a request of several frames, by DNP3 station.
 * Some stations collect the segments of all their connections in one place, so only
 * one connection at a time may send one: from its first frame until the station
 * answers, or DNP_HOLD_NS. One table for all inspectors, for the kernel's hash puts
 * the connections of one station where it likes.
 */
#ifndef ZONED_PROTO_DNP3_GATE_STATION_H
#define ZONED_PROTO_DNP3_GATE_STATION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

/* By a keyed hash; two stations in one place wait for each other, which is rare and short. */
enum { DNP_STATIONS = 4096 };

#define DNP_HOLD_NS (10 * UINT64_C(1000000000))

struct dnp_stations { /* proto_ops.common: zeroed, but for the key */
	uint64_t key[2];
	uint64_t holder[DNP_STATIONS]; /* who, and since when; 0: nobody */
};

struct dnp_holder {
	struct addr station;
	uint16_t link; /* its link address */
	uint64_t who;  /* the connection, the same each time */
	uint64_t now;
};

/* Hold it, or go on holding it (held: it was ours before). False: another connection has it,
 * or had it since. */
bool dnp_station_hold(struct dnp_stations *t, const struct dnp_holder *h, bool held);
void dnp_station_release(struct dnp_stations *t, const struct dnp_holder *h);

#endif
