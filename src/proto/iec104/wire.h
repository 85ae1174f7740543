/* SPDX-License-Identifier: MIT
 *
 * IEC 60870-5-104: APDU, and in I frames the ASDU of IEC 60870-5-101 (cause of
 * transmission and common address in two octets, object address in three, which
 * 104 fixes). No policy, no allocation. Numbers are little endian.
 *
 *   APCI  0    1     2         3         4         5
 *         +----+-----+---------+---------+---------+---------+------------
 *   I     | 68 | len | N(S)  0 | N(S)    | N(R)  0 | N(R)    | ASDU
 *   S     | 68 | 04  | 01      | 00      | N(R)  0 | N(R)    |
 *   U     | 68 | 04  | u    11 | 00      | 00      | 00      |
 *         +----+-----+---------+---------+---------+---------+------------
 *     len counts what follows it: 4..253. N(S) and N(R) have 15 bits, above bit 0
 *     of their first octet. u is one of six functions, and nothing else (enum iec_u).
 *
 *   ASDU  0      1        2          3     4  5   6    8
 *         +------+--------+----------+-----+------+------+---------+------+---------+--
 *         | type | SQ n   | T PN cause | OA | CA   | IOA  | element | IOA  | element | ...    SQ 0
 *         |      | (1)(7) | (1)(1)(6)  |    |      | IOA  | element | element | ...           SQ 1
 *         +------+--------+----------+-----+------+------+---------+------+---------+--
 *     n objects, each with its address; with SQ one address, and elements of
 *     it and the n - 1 addresses that follow. The type alone says how long an element is;
 *     but for file segments, which say it themselves.
 */
#ifndef ZONED_PROTO_IEC104_WIRE_H
#define ZONED_PROTO_IEC104_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/iec104/wire-types.h"
#include "record/reason.h"

enum {
	IEC_START = 0x68,
	IEC_LEN_MIN = 4,
	IEC_LEN_MAX = 253, /* of the length octet */
	IEC_APCI = 6,
	IEC_APDU_MAX = 255, /* octets, all of it */
	IEC_ASDU_HEAD = 6,
	IEC_IOA = 3,
	IEC_IOA_MAX = 0xffffff,
	IEC_CA_ALL = 0xffff, /* common address of all stations; 0 is nobody's */
	IEC_SEQ = 0x8000,    /* N(S) and N(R) are modulo this */
	IEC_CAUSES = 64,
	IEC_TYPES = 128, /* numbers below; types from 128 are private */
	/* what a policy may set: I frames not acknowledged (k is 12 in the standard and in stacks,
	   of which one sends one more than its k), seconds from a select to its execute */
	IEC_K_DEFAULT = 13,
	IEC_K_MAX = 32767,
	IEC_SELECT_DEFAULT = 10,
	IEC_SELECT_MAX = 60,
	/* masters of a redundancy group that have data transfer started with a station at a time */
	IEC_MASTERS_DEFAULT = 1,
	IEC_MASTERS_MAX = 16,
	IEC_GROUP_DEFAULT = 1,
	IEC_GROUP_MAX = 255,
};

/* --- APCI */

enum iec_format { IEC_I, IEC_S, IEC_U };

/* First octet of the control field of U frames; no others exist. */
enum iec_u {
	IEC_STARTDT_ACT = 0x07,
	IEC_STARTDT_CON = 0x0b,
	IEC_STOPDT_ACT = 0x13,
	IEC_STOPDT_CON = 0x23,
	IEC_TESTFR_ACT = 0x43,
	IEC_TESTFR_CON = 0x83,
};

struct iec_apci {
	uint8_t format; /* enum iec_format */
	uint8_t u;	/* enum iec_u; 0 in I and S frames */
	uint16_t ns;	/* of I frames */
	uint16_t nr;	/* of I and S frames */
};

/* Length on the wire of the APDU that starts at p: > 0 whole length, 0 need more octets to tell, <
 * 0 none begins here (*why: R_FRAME, R_LENGTH). The next 0x68 is not looked for: peers find
 * different ones. */
int iec104_frame(const uint8_t *p, size_t n, enum reason *why);
/* Can an APDU begin at p, of which nothing before is known? > 0: its length, with a sound control
 * field and, of an I frame, a type that there is; 0: more octets are needed; < 0: no. */
int iec104_begins(const uint8_t *p, size_t n, bool response);
/* The control field of one whole APDU of exactly n octets. R_NONE, R_FRAME, R_LENGTH, or
 * R_IEC_CONTROL: not exactly one of the forms above, to the bit. What was read before the fault
 * stays in *a. */
enum reason iec104_apci(const uint8_t *p, size_t n, struct iec_apci *a);
/* "I", "S", "STARTDT act", ...; "?" where it is none. */
const char *iec104_apci_name(const struct iec_apci *a);

/* Sequence numbers: how far b is ahead of a, 0 to IEC_SEQ - 1. */
static inline uint16_t iec_seq_ahead(uint16_t a, uint16_t b)
{
	return (uint16_t)((unsigned)(b - a) & (IEC_SEQ - 1));
}

/* --- ASDU */

struct iec_asdu {
	uint8_t type; /* iec_type() has its row */
	uint8_t n;    /* objects, 1..127 */
	bool sq;
	uint8_t cause;
	bool negative, test; /* P/N and T */
	uint8_t oa;	     /* originator address */
	uint16_t ca;	     /* common address */
	uint32_t ioa;	     /* of the first object; with sq the last is ioa + n - 1 */
	const uint8_t *objs; /* inside the message, from the first object address on */
	size_t n_objs;
};

/* One whole ASDU of exactly n octets, and who sent it. R_NONE: every object was walked to its end
 * and nothing follows. What was read before the fault stays in *a. R_TRUNCATED, R_TRAILING  the
 * objects are not exactly as long as type, SQ and n say R_IEC_TYPE      reserved or private type
 *   R_DNP_DIRECTION the type never comes from this end
 *   R_IEC_CAUSE     a cause that is reserved or does not fit type and end; P/N of the controlling
 * station R_IEC_OBJECTS   no object; more than one, or a sequence, where the type has one
 *   R_ADDRESS_WRAP  the last address of a sequence is above IEC_IOA_MAX
 *   R_IEC_COMMON    common address 0, or that of all for a type that is for one station
 * and in what the controlling station sends, where receivers differ in what they make of it:
 *   R_FORMAT        reserved bits, a state that is not permitted, an object address where there is
 * none R_IEC_NUMBER    a float that is no finite number R_IEC_TIME      a time that no clock shows,
 * or that is marked as invalid */
enum reason iec104_asdu(const uint8_t *p, size_t n, enum iec_end from, struct iec_asdu *a);

/* One whole APDU; the ASDU is judged only where the control field is good. */
struct iec_msg {
	struct iec_apci apci;
	enum reason control; /* what is wrong with the control field, not the ASDU: iec104_apci() */
	bool has_asdu;	     /* an I frame whose ASDU was read, at least its header */
	struct iec_asdu asdu;
};

enum reason iec104_parse(const uint8_t *p, size_t n, enum iec_end from, struct iec_msg *m);

#endif
