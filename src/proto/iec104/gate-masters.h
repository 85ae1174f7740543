/* SPDX-License-Identifier: MIT
 *
 * Table of the masters that have data transfer started, by station and redundancy group. A station
 * has one started connection in a group: there are stacks that close it for the next STARTDT act,
 * whoever sends that, so that one frame of six octets takes a station from its master. One table
 * for all inspectors, for the kernel's hash puts the connections of one station where it likes.
 *
 *   STARTDT act ------> started ---STOPDT con, FIN, RST, the gate ends or forgets the
 * connection---> free ^     |
 *                       +-----+ a message of the master; none for IEC_MASTER_LOST_NS, or a minute
 * after the station asked for one: free
 *
 * A master is an address. Another connection of it may start while one is: that is how a redundant
 * master turns to its other connection, and it then depends on that one.
 */
#ifndef ZONED_PROTO_IEC104_GATE_MASTERS_H
#define ZONED_PROTO_IEC104_GATE_MASTERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "proto/iec104/wire.h"

enum {
	IEC_STATIONS = 4096,   /* stations and groups that are known at a time, */
	IEC_STATION_TRIES = 8, /* each in one of so many places; without one nothing more starts */
};

/* t3 and t1 are 20 and 15 s mostly, and TESTFR came every 20 to 240 s in captures. After so long
 * without a message of it the master is gone, and nobody had to say so. */
#define IEC_MASTER_LOST_NS (300 * UINT64_C(1000000000))

struct iec_station {
	uint64_t name;			  /* keyed hash of station and group; 0: unused */
	uint64_t master[IEC_MASTERS_MAX]; /* who, and when last seen; 0: nobody */
	uint32_t by[IEC_MASTERS_MAX];	  /* the connection that started last */
};

struct iec_masters { /* proto_ops.common: zeroed, but for the key */
	uint64_t key[2];
	struct iec_station station[IEC_STATIONS];
};

struct iec_starter {
	struct addr station, master;
	uint16_t port;	/* of a station that listens; else 0 */
	uint8_t group;	/* redundancy group */
	uint8_t most;	/* masters of the group that may be started at a time */
	uint32_t ports; /* both: which connection */
	uint64_t now;
};

/* The master starts, by this connection, or is started already. False: as many others are, or there
 * is no place to remember it. */
bool iec_masters_start(struct iec_masters *t, const struct iec_starter *s);
/* It is still started. False: it is not known any more, and others have its place. */
bool iec_masters_keep(struct iec_masters *t, const struct iec_starter *s);
/* This connection is no longer started. Does nothing where a later one of the same master is. */
void iec_masters_stop(struct iec_masters *t, const struct iec_starter *s);

#endif
