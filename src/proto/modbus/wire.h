/* SPDX-License-Identifier: MIT
 *
 * Modbus/TCP: framing and facts of one ADU. MODBUS Application Protocol 1.1b3,
 * MODBUS Messaging on TCP/IP 1.0b. No policy, no state, no allocation.
 *
 *   0        2        4        6      7      8
 *   +--------+--------+--------+------+------+------------
 *   | trans  | proto  | length | unit | func | data ...
 *   +--------+--------+--------+------+------+------------
 *     MBAP header, big endian;  length counts from `unit`, 2..254
 */
#ifndef ZONED_PROTO_MODBUS_WIRE_H
#define ZONED_PROTO_MODBUS_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/reason.h"

enum {
	MB_MBAP = 7, /* header with unit identifier */
	MB_LEN_MIN = 2,
	MB_LEN_MAX = 254, /* of the length field */
	MB_ADU_MAX = 260,
	MB_SUBREQ_MAX = 35, /* file sub-requests in one PDU */
	/* the one code whose frames may be longer, up to this length field */
	MB_UMAS = 90,
	MB_UMAS_LEN_MAX = 1026,
	/* octets that a padded exception may have behind its code, all zero */
	MB_PAD_MAX = 3,
};

/* Deviations that a policy may tolerate, one bit each (names in wire-tolerate.c). All but the last
 * concern responses only. */
enum mb_tolerance {
	MB_TOL_UNIT = 1,	/* another unit than was asked */
	MB_TOL_TRANSACTION = 2, /* transaction identifier 0 */
	MB_TOL_LENGTH = 4,	/* a length field one too large */
	MB_TOL_PADDED = 8,	/* exceptions with up to MB_PAD_MAX zeros behind the code */
	MB_TOL_DEVICE_ID = 16,	/* answers to 43/14 of any form */
	MB_TOL_FILE = 32,	/* answers to 20 of any form */
	/* another value, or fewer items, than was asked to be written */
	MB_TOL_ECHO = 64,
	MB_TOL_UMAS = 128, /* long frames of function 90, both ways */
	MB_TOL_ALL = 255,
};
struct mb_tolerated {
	const char *name;
	uint8_t bit;
};
extern const struct mb_tolerated mb_tolerances[];
extern const size_t mb_tolerances_n;

/* Parameters for reading the messages of one stream. */
struct mb_reading {
	bool response;
	/* nothing is refused: where a response's length is wrong, it ends where its function says
	 */
	bool observed;
	unsigned tolerate; /* enum mb_tolerance bits */
};

enum mb_class { MB_READ = 1, MB_WRITE = 2, MB_DIAGNOSTIC = 4, MB_PROGRAM = 8, MB_OTHER = 16 };

/* Form of the values that a request writes. */
enum mb_values {
	MB_NO_VALUES,
	MB_ONE_COIL,
	MB_ONE_REGISTER,
	MB_COILS,
	MB_REGISTERS,
	MB_RECORDS,
	MB_MASKS
};

/* Things that a request names besides its unit and address range, one bit each. */
enum mb_names {
	MB_NAMES_SUB = 1,
	MB_NAMES_MEI = 2,
	MB_NAMES_FILES = 4,
	MB_NAMES_WRITE_ADDRESS = 8
};

/* Octets of a PDU: fixed, and as many more as the count of `width` octets at `count` says. fixed 0:
 * not known. */
struct mb_extent {
	uint8_t fixed, count, width;
};

struct rd;
struct mb_func;
struct mb_msg;
struct mb_pending;
struct mb_difference;

/* Reads what follows the function code. Returns the first fault of meaning;
 * the caller tells truncation (r->bad) and left-over bytes from the reader. */
typedef enum reason mb_body(struct rd *r, const struct mb_func *fn, struct mb_msg *m);
/* Does a response say what its request asks for? */
typedef bool mb_match(const struct mb_pending *p, const struct mb_msg *r, struct mb_difference *d);

/* All that is known of one function; wire-table.c has the only list. */
struct mb_func {
	uint8_t code;
	const char *name; /* "read-holding-registers": policy, records, man page */
	uint8_t classes;  /* enum mb_class bits */
	bool has_address; /* request names an address range */
	/* first digit of its addresses in Modicon's notation; 0: it has no table */
	char table;
	uint8_t values;		     /* enum mb_values */
	uint8_t names;		     /* enum mb_names bits */
	uint8_t tolerate;	     /* enum mb_tolerance bits that are about this function */
	bool in_kernel;		     /* requests and responses may pass without an inspector */
	uint16_t max;		     /* largest quantity; FC 23: of the read part */
	uint16_t write_max;	     /* FC 23: of the written part */
	mb_body *request, *response; /* NULL: it has no public shape */
	mb_match *match;	     /* NULL: the length of an answer is the device's own choice */
	struct mb_extent request_extent, response_extent;
};

/* Does a request of it write one coil or register, whose value its answer repeats? */
static inline bool mb_writes_one(const struct mb_func *fn)
{
	return fn->values == MB_ONE_COIL || fn->values == MB_ONE_REGISTER;
}

/* Does a request of it write registers at its address, or write address? */
static inline bool mb_writes_registers(const struct mb_func *fn)
{
	return fn->values == MB_ONE_REGISTER || fn->values == MB_REGISTERS ||
	       fn->values == MB_MASKS;
}

/* NULL for codes without a row. */
const struct mb_func *mb_func_by_code(uint8_t code);
const struct mb_func *mb_func_by_name(const char *name);
extern const struct mb_func mb_funcs[];
extern const size_t mb_funcs_n;

struct mb_file_ref {		       /* FC 20/21 sub-request */
	uint16_t file, record, length; /* length in registers */
};

struct mb_msg {
	uint16_t tid, pid, len;
	uint8_t unit;
	uint8_t fc; /* without bit 7 */
	bool response;
	bool exception;
	uint8_t exc; /* exception code, when exception */
	bool has_addr;
	uint16_t addr, qty; /* FC23: read part; FC5/6/22: qty 1 */
	bool has_waddr;
	uint16_t waddr, wqty; /* FC23: write part */
	bool has_bytes;
	uint16_t bytes; /* byte count field */
	bool has_sub;
	uint16_t sub; /* FC8 sub-function */
	/* FC43; 14: read device id code, object id */
	bool has_mei;
	uint8_t mei, mei_code, mei_object;
	bool has_mask;
	uint16_t and_mask, or_mask; /* FC22 */
	uint8_t n_files;
	struct mb_file_ref files[MB_SUBREQ_MAX];
	const uint8_t *values; /* written or read data inside the ADU; values_len bytes */
	uint16_t values_len;
	const uint8_t *adu;
	uint16_t adu_len;
};

/* Length of the ADU that starts at p: >0 whole length, 0 need more bytes to
 * tell, <0 this can never be Modbus (then *why says why). Decides on the MBAP
 * header alone. */
int mb_frame(const uint8_t *p, size_t n, enum reason *why);
/* Can a frame begin at p, of which nothing before is known? > 0: its length, that the length field
 * and a known function agree on (as far as devices agree, wire-tolerate.c); 0: more octets are
 * needed; < 0: no. */
int mb_begins(const uint8_t *p, size_t n, bool response);
/* The same with what is tolerated. A response whose length field says more than its function has
 * is refused as soon as all that belongs to it is there (R_LENGTH), unless the rest is there, too;
 * what is RTU framing, with a right CRC, is called so (R_RTU). */
int mb_frame_as(const uint8_t *p, size_t n, const struct mb_reading *how, enum reason *why);
/* The first value a request writes, as policies name it: a register, or a coil's 0 or 1. False:
 * none, or records or masks, which have no single one. */
bool mb_first_value(const struct mb_msg *m, uint16_t *out);
/* Parse one whole ADU of exactly n bytes. R_NONE, or the reason why it is not
 * a well-formed request (response). Facts read before the fault stay in *m.
 * Codes without a public shape (vendor ranges) parse as header facts only. */
enum reason mb_parse(const uint8_t *p, size_t n, bool response, struct mb_msg *m);
enum reason mb_parse_as(const uint8_t *p, size_t n, const struct mb_reading *how, struct mb_msg *m);
/* The whole length of the response that begins at p, as its function and counts say it, whatever
 * its length field does; 0: not known of this function, or not yet. */
size_t mb_answer_length(const uint8_t *p, size_t n);
/* Of the message as the serial line has it, unit to CRC, that begins at p: its length, or 0 when
 * it is none or its CRC is wrong. The second: nothing but such messages. */
size_t mb_rtu_length(const uint8_t *p, size_t n, bool response);
bool mb_rtu_only(const uint8_t *p, size_t n, bool response);
/* Does this well-formed response answer this request? R_NONE, or
 * R_RESPONSE_MISMATCH (unit, function, quantity, echo differ). Both parsed. */
struct mb_pending { /* the facts of a request that its response is compared with */
	uint16_t tid;
	uint8_t unit, fc;
	uint16_t addr, qty, waddr, wqty, sub, and_mask, or_mask;
	uint16_t echo; /* FC 5 and 6: the value; else the CRC of the values */
	uint8_t mei;
	uint16_t files_bytes; /* FC20: exact response data length expected */
	uint64_t at_ns;	      /* filled by the caller */
};
void mb_remember(const struct mb_msg *req, struct mb_pending *p);

enum mb_field {
	MB_F_NONE,
	MB_F_TRANSACTION,
	MB_F_UNIT,
	MB_F_FUNCTION,
	MB_F_LENGTH,
	MB_F_ADDRESS,
	MB_F_VALUE,
	MB_F_QUANTITY,
	MB_F_BYTES,
	MB_F_SUB,
	MB_F_MEI,
	MB_F_ID_CODE,
	MB_F_AND,
	MB_F_OR,
	MB_F_DATA
};
const char *mb_field_name(unsigned field); /* "?" outside the table */

struct mb_difference { /* the first; of data only that it differs: both are 0 */
	uint8_t field;
	uint16_t expected, received;
};
/* d: written when they differ. */
enum reason mb_answers(const struct mb_pending *p, const struct mb_msg *resp, unsigned tolerate,
		       struct mb_difference *d);
/* Is the length field of this response another than its function's? */
bool mb_length_differs(const uint8_t *p, size_t n, struct mb_difference *d);
uint16_t mb_crc16(const uint8_t *p, size_t n);

#endif
