/* SPDX-License-Identifier: MIT
 *
 * The restrictions that an entry of a policy can have, as the model and the image hold them: which
 * of them a type has, and those that are no list of ranges. */
#ifndef ZONED_PROTO_IEC104_WIRE_LIMITS_H
#define ZONED_PROTO_IEC104_WIRE_LIMITS_H

#include "proto/iec104/wire.h"

/* The restrictions of a type, besides cause and common address, as bits. */
enum iec_restriction {
	IEC_BY_ADDRESS = 1, /* it has object addresses */
	IEC_BY_SELECT = 2,  /* its qualifier says select or execute */
	IEC_BY_STATE = 4,   /* on, off, higher, lower, and for how long (QU) */
	IEC_BY_BITS = 8,    /* bitstring commands */
	/* set-points and parameters, by their value */
	IEC_BY_NORMALISED = 16,
	IEC_BY_SCALED = 32,
	IEC_BY_FLOAT = 64,
	IEC_BY_QL = 128,	 /* qualifier of a set-point */
	IEC_BY_QOI = 256,	 /* interrogation */
	IEC_BY_QCC = 512,	 /* counter interrogation */
	IEC_BY_QRP = 1024,	 /* reset process */
	IEC_BY_PARAMETER = 2048, /* QPM, QPA */
	IEC_BY_FILE = 4096,	 /* a file's name */
	IEC_BY_SCQ = 8192,	 /* select, call or delete a file */
};

/* 0: no restriction but cause and common address, or no such type. */
unsigned iec_restrictions(uint8_t type);

/* Lists of ranges. */
enum iec_ranges {
	IEC_COMMON_ADDRESSES,
	IEC_ORIGINATORS,
	IEC_OBJECT_ADDRESSES,
	IEC_BITSTRINGS,
	IEC_INTERROGATIONS,
	IEC_COUNTER_GROUPS,
	IEC_RESETS,
	IEC_PARAMETER_QUALIFIERS,
	IEC_SETPOINT_QUALIFIERS,
	IEC_FILES,
	IEC_RANGES,
};

/* Lists of words, as bits by number. */
enum iec_words { IEC_STATES, IEC_PULSES, IEC_FREEZES, IEC_FILE_CALLS, IEC_WORDS };
enum { IEC_ANY_WORD = 0x8000 }; /* every number, reserved ones too */
enum iec_state { IEC_OFF, IEC_ON, IEC_LOWER, IEC_HIGHER };

/* Values in pairs of the least and the most; normalised ones of full scale, -1 to 1. */
enum iec_spans { IEC_NORMALISED_VALUES, IEC_SCALED_VALUES, IEC_FLOAT_VALUES, IEC_SPANS };
enum iec_select_mode { IEC_SELECT_REQUIRED, IEC_SELECT_OR_DIRECT };

struct iec_limits {
	uint64_t causes; /* bits by number */
	uint16_t words[IEC_WORDS];
	uint8_t types[IEC_TYPES / 8]; /* bits by number */
	uint8_t select_mode;	      /* enum iec_select_mode */
	uint8_t test_bit;	      /* 0 or 1: may have the test bit */
};

static inline bool iec_has_type(const struct iec_limits *l, uint8_t type)
{
	return type < IEC_TYPES && (l->types[type / 8] >> type % 8 & 1);
}

#endif
