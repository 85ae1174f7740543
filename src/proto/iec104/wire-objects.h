/* SPDX-License-Identifier: MIT
 *
 * Information objects of an ASDU (IEC 60870-5-101, clause 7.2): an iterator that
 * gives each in one fixed struct; nothing is stored.
 *
 *   CP56Time2a  0      2               3               4              5       6      7
 *               +------+---------------+---------------+--------------+-------+------+
 *               | ms   | IV GEN min(6) | SU 0 0 hour(5)| dow(3) day(5)| month | year |
 *               +------+---------------+---------------+--------------+-------+------+
 *     CP24Time2a is its first three octets, CP16Time2a its first two.
 */
#ifndef ZONED_PROTO_IEC104_WIRE_OBJECTS_H
#define ZONED_PROTO_IEC104_WIRE_OBJECTS_H

#include "base/rd.h"
#include "proto/iec104/wire.h"

static inline uint32_t iec_le24(struct rd *r)
{
	uint32_t low = rd_le16(r);
	return low | (uint32_t)rd_u8(r) << 16;
}

struct iec_time {
	uint8_t octets;			   /* 0: none; 2 CP16Time2a, 3 CP24Time2a, 7 CP56Time2a */
	uint16_t ms;			   /* of the minute; of CP16: elapsed */
	uint8_t minute, hour;		   /* hour and what follows only of CP56 */
	uint8_t day, weekday, month, year; /* weekday 1 Monday..7, 0: not given; year 0..127 */
	bool invalid, substituted, summer;
	bool sound; /* a clock can show it, and reserved bits are zero */
};

/* Quality, as on the wire: of QDS all; of SIQ and DIQ without OV; of counters the last four. */
enum iec_quality {
	IEC_OVERFLOW = 0x01,
	IEC_ELAPSED_INVALID = 0x08,
	IEC_BLOCKED = 0x10,
	IEC_SUBSTITUTED = 0x20,
	IEC_NOT_TOPICAL = 0x40,
	IEC_INVALID = 0x80,
	IEC_COUNTER_SEQUENCE = 0x1f,
	IEC_COUNTER_CARRY = 0x20,
	IEC_COUNTER_ADJUSTED = 0x40,
	IEC_COUNTER_INVALID = 0x80,
};

struct iec_object {
	uint32_t ioa;
	const uint8_t *data; /* the element, without its address */
	size_t len;
	uint8_t value; /* enum iec_value: which of these five is there */
	uint8_t state;
	int32_t number;
	float real;
	uint32_t bits;
	bool transient;
	uint8_t quality; /* enum iec_quality; 0 where the type has none */
	/* The octet as on the wire: SCO, DCO, RCO, QOS, QOI, QCC, QRP, QPM, QPA, COI, FRQ, SRQ,
	 * SCQ, LSQ, AFQ, SOF; 0: none */
	uint8_t qualifier;
	bool select; /* S/E of a command or set-point: select, not execute */
	/* QU of a command: 0 nothing more, 1 short pulse, 2 long pulse, 3 persistent; QL of a
	 * set-point: 0. Others are reserved or private. */
	uint8_t qu;
	/* CP16Time2a (ms) of a protection event or delay; pattern or counter of a test */
	uint16_t elapsed;
	uint16_t file;	       /* NOF */
	uint8_t section;       /* NOS */
	uint32_t length;       /* LOF, or octets of a segment */
	struct iec_time time;  /* octets 0: none */
	struct iec_time until; /* F_SC_NB_1: the end of the range */
	/* The reason why receivers may read the element in different ways: R_NONE, or R_FORMAT,
	 * R_IEC_NUMBER, R_IEC_TIME, with which iec104_asdu() refuses it of the controlling station
	 */
	enum reason fault;
};

struct iec_objects {
	struct rd r;
	const struct iec_type *type; /* NULL: reserved, no objects */
	uint8_t i, n;
	bool sq;
	uint32_t ioa; /* of the element before, in a sequence */
};

/* The objects of an ASDU that iec104_asdu() read; of one it refused, as many as are whole. */
void iec104_objects(struct iec_objects *it, const struct iec_asdu *a);
bool iec104_next_object(struct iec_objects *it, struct iec_object *o);

#endif
