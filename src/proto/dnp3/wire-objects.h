/* SPDX-License-Identifier: MIT
 *
 * Object headers and objects of a DNP3 fragment (IEEE 1815-2012, clause 4
 * and annex A).
 *
 *   +-------+-----------+-----------+--------------------+----------------------------
 *   | group | variation | qualifier | range (0..8)       | prefix, object, prefix, ...
 *   +-------+-----------+-----------+--------------------+----------------------------
 *                        0 prefix(3) range code(4)
 *     prefix: 0 none, 1-3 index of 1, 2, 4 octets, 4-6 size of 1, 2, 4 octets
 *     range: 0-2 first and last index of 1, 2, 4 octets, 6 all, 7-9 count of 1, 2, 4
 *            octets, 11 count of 1 octet (before sized objects)
 *
 * Objects carry no length of their own: who does not know one cannot find the next.
 * Two iterators give facts in fixed structs; nothing is stored.
 */
#ifndef ZONED_PROTO_DNP3_WIRE_OBJECTS_H
#define ZONED_PROTO_DNP3_WIRE_OBJECTS_H

#include "base/rd.h"
#include "proto/dnp3/wire.h"

enum dnp_shape {
	DNP_FIXED, /* size octets each */
	DNP_BITS,
	DNP_PAIRS,	/* packed, one or two bits each */
	DNP_STRING,	/* as many octets as the variation says */
	DNP_SIZED,	/* only behind a size */
	DNP_ATTRIBUTE,	/* type, length, value */
	DNP_REGISTERED, /* vendor (4), object (2), length (2), data */
	DNP_BARE,	/* never any octets: classes */
};

struct dnp_object {
	uint8_t group, first, last; /* variations */
	uint8_t shape, size;
};

enum { DNP_V_ANALOG_FLOAT = 3 }; /* of DNP_G_ANALOG: single precision */

/* Numbers of object groups. */
enum {
	DNP_G_CONTROL = 12,
	DNP_G_ANALOG = 41,
	DNP_G_TIME = 50,
	DNP_G_CLASS = 60,
	DNP_G_FILE = 70,
	DNP_G_IIN = 80,
	DNP_G_AUTH = 120,
	DNP_IIN_RESTART = 7, /* index of "device restart" in group 80 */
};

extern const struct dnp_object dnp_objects[];
extern const size_t dnp_objects_n;
/* NULL: the object has an unknown size. */
const struct dnp_object *dnp_object(uint8_t group, uint8_t var);
/* Are objects of this group points with an index? Times, classes, files and authentication are not.
 */
bool dnp_has_points(uint8_t group);

enum dnp_span {
	DNP_UNCOUNTED /* the qualifier says nothing sound */,
	DNP_ALL,
	DNP_RANGE,
	DNP_COUNT
};

struct dnp_head {
	uint8_t group, var, qual;
	uint8_t span;	      /* enum dnp_span */
	uint32_t start, stop; /* of DNP_RANGE */
	uint64_t count;	      /* of objects; 0 where uncounted or all */
	bool indexed;	      /* each with its index */
	bool bare;	      /* no objects, but for indexes */
	uint8_t shape, size;  /* of an object, where not bare; size without prefix */
	const uint8_t *data;  /* indexes and objects; NULL: none, or they cannot be told */
	size_t len;
};

struct dnp_walk {
	struct rd r;
	uint8_t body; /* enum dnp_body */
	/* The reason of the end: R_NONE at the end of the fragment, else R_TRUNCATED, R_FORMAT
	 * (first index above last; indexes of what has no points), R_TRAILING (objects where none
	 * belong), or what cannot be walked: R_DNP_QUALIFIER, R_DNP_OBJECT. */
	enum reason why;
};

void dnp_walk(struct dnp_walk *w, const struct dnp_app *a);
/* The next header, also one whose objects cannot be walked: then it is the last. */
bool dnp_next(struct dnp_walk *w, struct dnp_head *h);

struct dnp_point {
	uint32_t index; /* or its place, where the header gives no indexes */
	bool has_index;
	const uint8_t *data; /* NULL: none, or bits */
	size_t len;
	uint8_t bits; /* of DNP_BITS and DNP_PAIRS */
};

struct dnp_points {
	const struct dnp_head *h;
	struct rd r;
	uint64_t at;
};

/* The objects and indexes of a header with data; no more than the fragment has room for. */
void dnp_points(struct dnp_points *it, const struct dnp_head *h);
bool dnp_next_point(struct dnp_points *it, struct dnp_point *p);

/* Effects of a write, as bits. DNP_WRITE_OTHER: any effect that has no name here. */
enum dnp_write { DNP_CLEAR_RESTART = 1, DNP_TIME_SYNC = 2, DNP_WRITE_OTHER = 4 };
unsigned dnp_write_does(const struct dnp_app *a);
/* Does the fragment carry its own proof: g120v3 first and g120v9 last? */
bool dnp_aggressive(const struct dnp_app *a);
/* Status of the session keys that a g120v5 of this fragment reports: 1 is good; 0: no g120v5. */
uint8_t dnp_key_status(const struct dnp_app *a);

struct dnp_control { /* g12v1, g12v2 (annex A) */
	uint8_t op;  /* 0 nul, 1 pulse on, 2 pulse off, 3 latch on, 4 latch off */
	bool queue, clear;
	uint8_t code; /* 0 nul, 1 close, 2 trip */
	uint8_t count, status;
	uint32_t on_time, off_time; /* ms */
};
/* False: not one. */
extern const char *const dnp_operations[5], *const dnp_trip_close[3]; /* names of op and code */
bool dnp_control(const struct dnp_head *h, const struct dnp_point *p, struct dnp_control *c);
/* Value and status of g41v1-4; false: not one. A NaN is one. */
bool dnp_analog(const struct dnp_head *h, const struct dnp_point *p, double *value,
		uint8_t *status);

#endif
