/* SPDX-License-Identifier: MIT
 *
 * DNP3: link frame, transport segment, application fragment (IEEE 1815-2012,
 * clauses 9, 8 and 4). No policy, no allocation. Numbers are little endian.
 *
 *   0    1    2     3       4    5    6    7    8    9    10
 *   +----+----+-----+-------+----+----+----+----+----+----+----------------+-----+--
 *   | 05 | 64 | len |control| dest    | source  | CRC     | 1..16 octets   | CRC | ...
 *   +----+----+-----+-------+----+----+----+----+----+----+----------------+-----+--
 *     len counts control, addresses and user data: 5..255; no CRC. The user data
 *     without its CRCs is
 *
 *   +------------------+-----------------+----------+------------+-----------------
 *   | FIN FIR seq(6)   | FIR FIN CON UNS | function | IIN (2)    | object headers
 *   |                  | seq(4)          |          | responses  | and objects
 *   +------------------+-----------------+----------+------------+-----------------
 *     transport          application; a fragment is the segments from FIR to FIN
 */
#ifndef ZONED_PROTO_DNP3_WIRE_H
#define ZONED_PROTO_DNP3_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/reason.h"

enum {
	DNP_HEAD = 10,	/* link header with its CRC */
	DNP_BLOCK = 16, /* user data under one CRC */
	DNP_USER_MAX = 250,
	DNP_FRAME_MAX = 292,
	/* octets of one application fragment that any station must take (clause 4) */
	DNP_FRAGMENT = 2048,
	DNP_FRAGMENT_MAX = 16384, /* the most that a policy can permit */
	DNP_ADDR_SELF = 0xfffc,
	DNP_ADDR_BROADCAST = 0xfffd, /* and the two above */
	DNP_ADDR_RESERVED = 0xfff0,  /* from here no station has its address (clause 9) */
	/* bounds for a policy: seconds from a select to its operate, and unanswered requests */
	DNP_SELECT_DEFAULT = 5,
	DNP_SELECT_MAX = 60,
	DNP_OUTSTANDING_DEFAULT = 1,
	DNP_OUTSTANDING_MAX = 16,
};

enum dnp_link_func {
	DNP_RESET_LINK = 0,
	DNP_TEST_LINK = 2,
	DNP_CONFIRMED = 3,
	DNP_UNCONFIRMED = 4,
	DNP_ASK_STATUS = 9,
	/* of the secondary */
	DNP_ACK = 0,
	DNP_NACK = 1,
	DNP_STATUS = 11,
	DNP_NOT_SUPPORTED = 15,
};

enum dnp_class {
	DNP_READ = 1,
	DNP_WRITE = 2,
	DNP_OPERATE = 4,
	DNP_FREEZE = 8,
	DNP_RESTART = 16,
	DNP_CONFIGURE = 32,
	DNP_TIME = 64,
	DNP_FILE = 128,
	DNP_APPLICATION = 256,
	DNP_AUTH = 512,
	DNP_ANSWER = 1024,
};

/* Content of a request behind its function code (clause 4, by function). */
enum dnp_body {
	DNP_BODY_NONE,	  /* not even headers */
	DNP_BODY_HEADERS, /* headers, and the indexes they announce */
	DNP_BODY_TIMED,	  /* objects of group 50, only headers of others: freeze at time */
	DNP_BODY_OBJECTS,
};

struct dnp_func {
	uint8_t code;
	const char *name; /* "direct-operate": policy, records, man page */
	uint16_t classes; /* enum dnp_class bits */
	uint8_t body;	  /* enum dnp_body */
	bool answered;	  /* a request with a response */
};

struct dnp_class_name {
	const char *name;
	uint16_t bit;
};

extern const struct dnp_func dnp_funcs[];
extern const size_t dnp_funcs_n;
/* as policies write them; DNP_ANSWER is not there */
extern const struct dnp_class_name dnp_classes[];
extern const size_t dnp_classes_n;
/* NULL for codes without a row. */
const struct dnp_func *dnp_func_by_code(uint8_t code);
const struct dnp_func *dnp_func_by_name(const char *name);

struct dnp_link {
	bool dir;	    /* from the master */
	bool prm, fcb, fcv; /* fcv: DFC in secondary frames */
	uint8_t func;
	uint16_t dst, src;
	uint8_t n; /* octets of user data, without CRCs */
	uint8_t user[DNP_USER_MAX];
};

struct dnp_app {
	bool fir, fin, con, uns;
	uint8_t seq, func;
	bool response;	     /* functions 129 and above: with indications */
	uint16_t iin;	     /* first octet high, as it is printed */
	uint16_t len;	     /* octets of the whole fragment */
	const uint8_t *objs; /* inside the fragment */
	size_t n_objs;
};

/* Segments of one fragment, in the order in which they came. The caller gives the room. */
struct dnp_series {
	bool open;
	uint8_t func, seq; /* link function of all of them; number of the last */
	uint16_t src, dst, n, max;
	uint8_t *buf; /* of max octets */
};

/* One frame, and what it completed. */
struct dnp_msg {
	struct dnp_link link;
	bool has_tr, tr_fir, tr_fin;
	uint8_t tr_seq;
	bool has_app; /* this frame is the last of a fragment */
	struct dnp_app app;
	uint16_t objects; /* headers of it */
	enum reason walk; /* R_NONE: every object was walked to its end (wire-objects.h) */
};

/* Length on the wire of the frame that starts at p: > 0 whole length, 0 need more bytes to
 * tell, < 0 this can never be a frame (*why says why). The header's CRC is checked as soon as
 * it is there; before that the length is not trusted. */
int dnp3_frame(const uint8_t *p, size_t n, enum reason *why);
/* One whole frame of exactly n bytes; R_NONE, or R_CRC, R_LENGTH, R_DNP_LINK. What was read
 * before the fault stays in *l. */
enum reason dnp3_link(const uint8_t *p, size_t n, struct dnp_link *l);
/* Name of a link function; "reserved" where the standard has none. */
const char *dnp3_link_name(bool prm, uint8_t func);
/* Does this frame carry a transport segment? */
bool dnp3_has_segment(const struct dnp_link *l);
/* Take one segment into the series. R_NONE (is it the last: *whole), or R_DNP_SEGMENT,
 * R_DNP_FRAGMENT; then nothing is collected any more. Stricter than clause 8: the same
 * segment again is refused too, and so is one of other addresses, or of another link
 * function, in the middle. */
enum reason dnp3_segment(struct dnp_series *s, const struct dnp_link *l, bool *whole);
/* The header of a whole fragment of n octets: R_NONE or R_TRUNCATED. */
enum reason dnp3_app(const uint8_t *p, size_t n, struct dnp_app *a);
uint16_t dnp3_crc(const uint8_t *p, size_t n);

#endif
