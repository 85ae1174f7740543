/* SPDX-License-Identifier: MIT
 * By what a policy can restrict each type: from the table of types. */
#include "proto/iec104/wire-limits.h"

static unsigned by_value(const struct iec_type *t)
{
	switch (t->value) {
	case IEC_NORMALISED: return IEC_BY_NORMALISED;
	case IEC_SCALED: return IEC_BY_SCALED;
	case IEC_FLOAT: return IEC_BY_FLOAT;
	default: return 0;
	}
}

static unsigned of_system(uint8_t type)
{
	switch (type) {
	case IEC_C_IC_NA_1: return IEC_BY_QOI;
	case IEC_C_CI_NA_1: return IEC_BY_QCC;
	case IEC_C_RD_NA_1: return IEC_BY_ADDRESS;
	case IEC_C_RP_NA_1: return IEC_BY_QRP;
	default: return 0;
	}
}

unsigned iec_restrictions(uint8_t type)
{
	const struct iec_type *t = iec_type(type);
	if (!t)
		return 0;
	switch (t->class) {
	case IEC_MONITOR:
		return type == IEC_M_EI_NA_1 ? 0 : IEC_BY_ADDRESS;
	case IEC_COMMAND:
		return IEC_BY_ADDRESS | (t->select ? IEC_BY_SELECT | IEC_BY_STATE : IEC_BY_BITS);
	case IEC_SETPOINT:
		return IEC_BY_ADDRESS | IEC_BY_SELECT | IEC_BY_QL | by_value(t);
	case IEC_PARAMETER:
		return IEC_BY_ADDRESS | IEC_BY_PARAMETER | by_value(t);
	case IEC_FILE:
		return IEC_BY_ADDRESS | IEC_BY_FILE | (type == IEC_F_SC_NA_1 ? IEC_BY_SCQ : 0);
	default:
		return of_system(type);
	}
}
