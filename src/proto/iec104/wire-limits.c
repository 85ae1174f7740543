/* SPDX-License-Identifier: MIT
 * By what a policy can restrict each type: from the table of types. */
#include "proto/iec104/wire-limits.h"

static unsigned by_value(const struct iec_type *t)
{
	switch (t->value) {
	case IEC_NORMALISED:
		return IEC_BY_NORMALISED;
	case IEC_SCALED:
		return IEC_BY_SCALED;
	case IEC_FLOAT:
		return IEC_BY_FLOAT;
	default:
		return 0;
	}
}

static unsigned of_system(uint8_t type)
{
	switch (type) {
	case IEC_C_IC_NA_1:
		return IEC_BY_QOI;
	case IEC_C_CI_NA_1:
		return IEC_BY_QCC;
	case IEC_C_RP_NA_1:
		return IEC_BY_QRP;
	default:
		return 0;
	}
}

static unsigned of_class(const struct iec_type *t)
{
	switch (t->class) {
	case IEC_COMMAND:
		return t->select ? IEC_BY_SELECT | IEC_BY_STATE : IEC_BY_BITS;
	case IEC_SETPOINT:
		return IEC_BY_SELECT | IEC_BY_QL | by_value(t);
	case IEC_PARAMETER:
		return IEC_BY_PARAMETER | by_value(t);
	case IEC_FILE:
		return IEC_BY_FILE | (t->number == IEC_F_SC_NA_1 ? IEC_BY_SCQ : 0);
	case IEC_SYSTEM:
		return of_system(t->number);
	default:
		return 0;
	}
}

unsigned iec_restrictions(uint8_t type)
{
	const struct iec_type *t = iec_type(type);
	return t ? of_class(t) | (iec_has_address(type) ? IEC_BY_ADDRESS : 0) : 0;
}
