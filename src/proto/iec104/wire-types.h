/* SPDX-License-Identifier: MIT
 *
 * Types and causes of IEC 60870-5-101 and -104 (101, clause 7): numbers, names,
 * and which of them fit together. */
#ifndef ZONED_PROTO_IEC104_WIRE_TYPES_H
#define ZONED_PROTO_IEC104_WIRE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The sender: the controlling station (the master, usually the TCP client) or the controlled one.
 */
enum iec_end { IEC_CONTROLLING, IEC_CONTROLLED, IEC_ENDS };

/* M_EI_NA_1 (end of initialisation) is of class monitor: it changes nothing. */
enum iec_class {
	IEC_MONITOR = 1,   /* 1-40, 70 */
	IEC_COMMAND = 2,   /* 45-47, 51, 58-60, 64: single, double, step, bitstring */
	IEC_SETPOINT = 4,  /* 48-50, 61-63 */
	IEC_PARAMETER = 8, /* 110-113 */
	IEC_SYSTEM = 16,   /* 100-107: interrogations, read, clock, test, reset, delay */
	IEC_FILE = 32,	   /* 120-127 */
};

/* The kind of an element's value, which says what struct iec_object has beside quality, qualifier
 * and time. */
enum iec_value {
	IEC_NO_VALUE,
	IEC_SINGLE, /* state 0 off, 1 on */
	/* state 0 indeterminate or intermediate, 1 off, 2 on, 3 indeterminate */
	IEC_DOUBLE,
	IEC_STEP_COMMAND, /* state 1 lower, 2 higher; 0 and 3 are not permitted */
	IEC_STEP,	  /* number -64..63, transient */
	IEC_BITSTRING,	  /* bits */
	IEC_NORMALISED,	  /* number / 32768 */
	IEC_SCALED,	  /* number */
	IEC_FLOAT,	  /* real */
	IEC_COUNTER,	  /* number; sequence, carry, adjusted and invalid are in quality */
	IEC_PROTECTION,	  /* bits: SEP, SPE or OCI octet as on the wire */
	IEC_STATUS,	  /* bits: 16 states, and above them which of them changed */
	IEC_FILE_PART,	  /* file, section, length */
};

struct iec_type {
	uint8_t number;
	const char *name;   /* "C_SC_NA_1", as policies, records and the manual have it */
	const char *title;  /* "single command" */
	uint8_t class;	    /* enum iec_class, one bit */
	const char *fields; /* of an element, a letter each: wire-objects.c reads them */
	uint8_t value;	    /* enum iec_value */
	/* octets of an element, without address; of a segment: before its data */
	uint8_t size;
	uint8_t time;  /* octets of its time tag: 0, 3 (CP24Time2a) or 7 (CP56Time2a) */
	bool sq;       /* may be a sequence (SQ 1) */
	bool one;      /* has exactly one object, and SQ 0 */
	bool select;   /* its qualifier says select or execute */
	bool only_101; /* of IEC 60870-5-101, not selected by 104 */
	/* by who sends it, a bit for each; 0: that end never does */
	uint64_t causes[IEC_ENDS];
};

struct iec_cause {
	uint8_t number;
	const char *name;  /* "activation" */
	const char *brief; /* "act", as the standard has it */
};

struct iec_class_name {
	const char *name;
	uint8_t bit;
};

extern const struct iec_type iec_types[]; /* by number, without the reserved ones */
extern const size_t iec_types_n;
extern const struct iec_cause iec_causes[]; /* likewise */
extern const size_t iec_causes_n;
extern const struct iec_class_name iec_classes[]; /* "monitor", "command", "setpoint", ... */
extern const size_t iec_classes_n;

/* NULL: reserved or private; no such name. */
const struct iec_type *iec_type(uint8_t number);
const struct iec_type *iec_type_by_name(const char *name);
/* May a command of it be for all stations at once (101, clause 7.2.4)? */
bool iec_for_all(uint8_t number);
/* Have its objects an address, or always 0 (clauses 7.3.3 and 7.3.4)? False of reserved types. */
bool iec_has_address(uint8_t number);
const struct iec_cause *iec_cause(uint8_t number);
const struct iec_cause *iec_cause_by_name(const char *name); /* either of its names */

enum iec_cause_number {
	IEC_PERIODIC = 1,
	IEC_BACKGROUND = 2,
	IEC_SPONTANEOUS = 3,
	IEC_INITIALISED = 4,
	IEC_REQUEST = 5,
	IEC_ACT = 6,
	IEC_ACTCON = 7,
	IEC_DEACT = 8,
	IEC_DEACTCON = 9,
	IEC_ACTTERM = 10,
	IEC_RETREM = 11,
	IEC_RETLOC = 12,
	IEC_FILE_TRANSFER = 13,
	IEC_INROGEN = 20,
	IEC_REQCOGEN = 37,
	IEC_UNKNOWN_TYPE = 44,
	IEC_UNKNOWN_CAUSE = 45,
	IEC_UNKNOWN_CA = 46,
	IEC_UNKNOWN_IOA = 47,
};

/* Types that are asked for by number. */
enum iec_type_number {
	IEC_M_EI_NA_1 = 70,
	IEC_C_IC_NA_1 = 100,
	IEC_C_CI_NA_1 = 101,
	IEC_C_RD_NA_1 = 102,
	IEC_C_CS_NA_1 = 103,
	IEC_C_TS_NA_1 = 104,
	IEC_C_RP_NA_1 = 105,
	IEC_C_CD_NA_1 = 106,
	IEC_C_TS_TA_1 = 107,
	IEC_P_AC_NA_1 = 113,
	IEC_F_FR_NA_1 = 120,
	IEC_F_SC_NA_1 = 122,
	IEC_F_AF_NA_1 = 124,
	IEC_F_SG_NA_1 = 125,
	IEC_F_DR_TA_1 = 126,
	IEC_F_SC_NB_1 = 127,
};

#endif
