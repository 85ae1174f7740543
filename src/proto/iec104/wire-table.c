/* SPDX-License-Identifier: MIT
 *
 * Types and causes of IEC 60870-5-101 (clause 7.2 and 7.3) and -104.
 *
 * Laxer than the standard in what the controlled station sends: every type of process
 * information may have any cause of such, since stations answer interrogations with types
 * that have a time tag, and every type that is answered may have any cause of an answer.
 * Not here, so reserved: the security types of IEC 60870-5-7 (41, 81 to 95), whose
 * messages come in parts, and what 101 reserves or leaves to private use.
 */
#include "proto/iec104/wire-types.h"

#include <string.h>

#define CAUSE(c) (UINT64_C(1) << (c))
#define FROM_TO(a, b) ((UINT64_C(2) << (b)) - CAUSE(a))

/* by the controlling station */
#define NEVER UINT64_C(0)
#define ACT CAUSE(IEC_ACT)
#define ACTS (CAUSE(IEC_ACT) | CAUSE(IEC_DEACT))
#define READS CAUSE(IEC_REQUEST)
#define FILES CAUSE(IEC_FILE_TRANSFER)
/* by the controlled one */
#define INFO \
	(FROM_TO(IEC_PERIODIC, IEC_SPONTANEOUS) | READS | CAUSE(IEC_RETREM) | CAUSE(IEC_RETLOC) | \
	 FROM_TO(IEC_INROGEN, IEC_INROGEN + 16))
#define COUNTS (INFO | FROM_TO(IEC_REQCOGEN, IEC_REQCOGEN + 4))
#define UNKNOWN FROM_TO(IEC_UNKNOWN_TYPE, IEC_UNKNOWN_IOA)
#define ANSWERS (CAUSE(IEC_ACTCON) | CAUSE(IEC_DEACTCON) | CAUSE(IEC_ACTTERM) | UNKNOWN)

enum { SQ = 1, ONE = 2, SELECT = 4, OF_101 = 8 };

#define T(number, name, title, class, fields, value, size, time, flags, controlling, controlled) \
	{ \
		number, name, title, IEC_##class, fields, IEC_##value, size, time, !!((flags)&SQ), \
			!!((flags)&ONE), !!((flags)&SELECT), !!((flags)&OF_101), \
		{ \
			controlling, controlled \
		} \
	}
#define MONITOR(number, name, title, fields, value, size, time, flags) \
	T(number, name, title, MONITOR, fields, value, size, time, flags, NEVER, INFO)
#define COUNTER(number, name, title, size, time, fields, flags) \
	T(number, name, title, MONITOR, fields, COUNTER, size, time, flags, NEVER, COUNTS)
#define CONTROL(number, name, title, class, fields, value, size, time, flags) \
	T(number, name, title, class, fields, value, size, time, ONE | (flags), ACTS, ANSWERS)
#define SYSTEM(number, name, title, fields, size, time, flags, controlling, controlled) \
	T(number, name, title, SYSTEM, fields, NO_VALUE, size, time, ONE | (flags), controlling, \
	  controlled)
#define PARAMETER(number, name, title, fields, value, size, controlling) \
	T(number, name, title, PARAMETER, fields, value, size, 0, ONE, controlling, \
	  ANSWERS | FROM_TO(IEC_INROGEN, IEC_INROGEN + 16))
#define FILE_OF(number, name, title, fields, size, time, controlling) \
	T(number, name, title, FILE, fields, FILE_PART, size, time, ONE, controlling, \
	  FILES | UNKNOWN)

/* In order of number. Of what the fields are: wire-objects.c. */
/* clang-format off */
const struct iec_type iec_types[] = {
	MONITOR(1, "M_SP_NA_1", "single-point information", "s", SINGLE, 1, 0, SQ),
	MONITOR(2, "M_SP_TA_1", "single-point information with CP24 time", "sm", SINGLE, 4, 3, OF_101),
	MONITOR(3, "M_DP_NA_1", "double-point information", "d", DOUBLE, 1, 0, SQ),
	MONITOR(4, "M_DP_TA_1", "double-point information with CP24 time", "dm", DOUBLE, 4, 3, OF_101),
	MONITOR(5, "M_ST_NA_1", "step position", "vq", STEP, 2, 0, SQ),
	MONITOR(6, "M_ST_TA_1", "step position with CP24 time", "vqm", STEP, 5, 3, OF_101),
	MONITOR(7, "M_BO_NA_1", "bitstring of 32 bits", "bq", BITSTRING, 5, 0, SQ),
	MONITOR(8, "M_BO_TA_1", "bitstring of 32 bits with CP24 time", "bqm", BITSTRING, 8, 3, OF_101),
	MONITOR(9, "M_ME_NA_1", "normalised measured value", "nq", NORMALISED, 3, 0, SQ),
	MONITOR(10, "M_ME_TA_1", "normalised measured value with CP24 time", "nqm", NORMALISED, 6, 3, OF_101),
	MONITOR(11, "M_ME_NB_1", "scaled measured value", "cq", SCALED, 3, 0, SQ),
	MONITOR(12, "M_ME_TB_1", "scaled measured value with CP24 time", "cqm", SCALED, 6, 3, OF_101),
	MONITOR(13, "M_ME_NC_1", "float measured value", "fq", FLOAT, 5, 0, SQ),
	MONITOR(14, "M_ME_TC_1", "float measured value with CP24 time", "fqm", FLOAT, 8, 3, OF_101),
	COUNTER(15, "M_IT_NA_1", "integrated totals", 5, 0, "i", SQ),
	COUNTER(16, "M_IT_TA_1", "integrated totals with CP24 time", 8, 3, "im", OF_101),
	MONITOR(17, "M_EP_TA_1", "protection event with CP24 time", "pem", PROTECTION, 6, 3, OF_101),
	MONITOR(18, "M_EP_TB_1", "protection start events with CP24 time", "oqem", PROTECTION, 7, 3, OF_101),
	MONITOR(19, "M_EP_TC_1", "protection output circuits with CP24 time", "oqem", PROTECTION, 7, 3,
		OF_101),
	MONITOR(20, "M_PS_NA_1", "single-points with change detection", "gq", STATUS, 5, 0, SQ),
	MONITOR(21, "M_ME_ND_1", "normalised measured value without quality", "n", NORMALISED, 2, 0, SQ),
	MONITOR(30, "M_SP_TB_1", "single-point information with time", "st", SINGLE, 8, 7, 0),
	MONITOR(31, "M_DP_TB_1", "double-point information with time", "dt", DOUBLE, 8, 7, 0),
	MONITOR(32, "M_ST_TB_1", "step position with time", "vqt", STEP, 9, 7, 0),
	MONITOR(33, "M_BO_TB_1", "bitstring of 32 bits with time", "bqt", BITSTRING, 12, 7, 0),
	MONITOR(34, "M_ME_TD_1", "normalised measured value with time", "nqt", NORMALISED, 10, 7, 0),
	MONITOR(35, "M_ME_TE_1", "scaled measured value with time", "cqt", SCALED, 10, 7, 0),
	MONITOR(36, "M_ME_TF_1", "float measured value with time", "fqt", FLOAT, 12, 7, 0),
	COUNTER(37, "M_IT_TB_1", "integrated totals with time", 12, 7, "it", 0),
	MONITOR(38, "M_EP_TD_1", "protection event with time", "pet", PROTECTION, 10, 7, 0),
	MONITOR(39, "M_EP_TE_1", "protection start events with time", "oqet", PROTECTION, 11, 7, 0),
	MONITOR(40, "M_EP_TF_1", "protection output circuits with time", "oqet", PROTECTION, 11, 7, 0),

	CONTROL(45, "C_SC_NA_1", "single command", COMMAND, "S", SINGLE, 1, 0, SELECT),
	CONTROL(46, "C_DC_NA_1", "double command", COMMAND, "D", DOUBLE, 1, 0, SELECT),
	CONTROL(47, "C_RC_NA_1", "step command", COMMAND, "R", STEP_COMMAND, 1, 0, SELECT),
	CONTROL(48, "C_SE_NA_1", "normalised set-point", SETPOINT, "nQ", NORMALISED, 3, 0, SELECT),
	CONTROL(49, "C_SE_NB_1", "scaled set-point", SETPOINT, "cQ", SCALED, 3, 0, SELECT),
	CONTROL(50, "C_SE_NC_1", "float set-point", SETPOINT, "fQ", FLOAT, 5, 0, SELECT),
	CONTROL(51, "C_BO_NA_1", "bitstring command", COMMAND, "b", BITSTRING, 4, 0, 0),
	CONTROL(58, "C_SC_TA_1", "single command with time", COMMAND, "St", SINGLE, 8, 7, SELECT),
	CONTROL(59, "C_DC_TA_1", "double command with time", COMMAND, "Dt", DOUBLE, 8, 7, SELECT),
	CONTROL(60, "C_RC_TA_1", "step command with time", COMMAND, "Rt", STEP_COMMAND, 8, 7, SELECT),
	CONTROL(61, "C_SE_TA_1", "normalised set-point with time", SETPOINT, "nQt", NORMALISED, 10, 7,
		SELECT),
	CONTROL(62, "C_SE_TB_1", "scaled set-point with time", SETPOINT, "cQt", SCALED, 10, 7, SELECT),
	CONTROL(63, "C_SE_TC_1", "float set-point with time", SETPOINT, "fQt", FLOAT, 12, 7, SELECT),
	CONTROL(64, "C_BO_TA_1", "bitstring command with time", COMMAND, "bt", BITSTRING, 11, 7, 0),

	T(70, "M_EI_NA_1", "end of initialisation", MONITOR, "k", NO_VALUE, 1, 0, ONE, NEVER,
	  CAUSE(IEC_INITIALISED)),
	SYSTEM(100, "C_IC_NA_1", "interrogation", "k", 1, 0, 0, ACTS, ANSWERS),
	SYSTEM(101, "C_CI_NA_1", "counter interrogation", "k", 1, 0, 0, ACTS, ANSWERS),
	/* one public station answers a read with this type and activation confirmation, too */
	SYSTEM(102, "C_RD_NA_1", "read", "", 0, 0, 0, READS, READS | ANSWERS),
	SYSTEM(103, "C_CS_NA_1", "clock synchronisation", "t", 7, 7, 0, ACT,
	       CAUSE(IEC_SPONTANEOUS) | ANSWERS),
	SYSTEM(104, "C_TS_NA_1", "test", "w", 2, 0, OF_101, ACT, ANSWERS),
	SYSTEM(105, "C_RP_NA_1", "reset process", "k", 1, 0, 0, ACT, ANSWERS),
	SYSTEM(106, "C_CD_NA_1", "delay acquisition", "e", 2, 0, OF_101,
	       ACT | CAUSE(IEC_SPONTANEOUS), ANSWERS),
	SYSTEM(107, "C_TS_TA_1", "test with time", "wt", 9, 7, 0, ACT, ANSWERS),

	PARAMETER(110, "P_ME_NA_1", "parameter of a normalised measured value", "nk", NORMALISED, 3, ACT),
	PARAMETER(111, "P_ME_NB_1", "parameter of a scaled measured value", "ck", SCALED, 3, ACT),
	PARAMETER(112, "P_ME_NC_1", "parameter of a float measured value", "fk", FLOAT, 5, ACT),
	PARAMETER(113, "P_AC_NA_1", "parameter activation", "k", NO_VALUE, 1, ACTS),

	FILE_OF(120, "F_FR_NA_1", "file ready", "FLk", 6, 0, FILES),
	FILE_OF(121, "F_SR_NA_1", "section ready", "FNLk", 7, 0, FILES),
	FILE_OF(122, "F_SC_NA_1", "call directory, select file, call file, call section", "FNk", 4, 0,
		FILES | READS),
	FILE_OF(123, "F_LS_NA_1", "last section, last segment", "FNkh", 5, 0, FILES),
	FILE_OF(124, "F_AF_NA_1", "acknowledge file, acknowledge section", "FNk", 4, 0, FILES),
	FILE_OF(125, "F_SG_NA_1", "segment", "FNz", 4, 0, FILES),
	T(126, "F_DR_TA_1", "directory", FILE, "FLkt", FILE_PART, 13, 7, SQ, NEVER,
	  READS | CAUSE(IEC_SPONTANEOUS)),
	FILE_OF(127, "F_SC_NB_1", "query log", "Ftu", 16, 7, FILES | READS),
};
/* clang-format on */
const size_t iec_types_n = sizeof(iec_types) / sizeof(iec_types[0]);

/* In order of number. */
/* clang-format off */
const struct iec_cause iec_causes[] = {
	{ 1, "periodic", "per/cyc" }, { 2, "background-scan", "back" }, { 3, "spontaneous", "spont" },
	{ 4, "initialised", "init" }, { 5, "request", "req" }, { 6, "activation", "act" },
	{ 7, "activation-confirmation", "actcon" }, { 8, "deactivation", "deact" },
	{ 9, "deactivation-confirmation", "deactcon" }, { 10, "activation-termination", "actterm" },
	{ 11, "remote-command", "retrem" }, { 12, "local-command", "retloc" },
	{ 13, "file-transfer", "file" },
	{ 20, "station-interrogation", "inrogen" },
	{ 21, "group-1-interrogation", "inro1" }, { 22, "group-2-interrogation", "inro2" },
	{ 23, "group-3-interrogation", "inro3" }, { 24, "group-4-interrogation", "inro4" },
	{ 25, "group-5-interrogation", "inro5" }, { 26, "group-6-interrogation", "inro6" },
	{ 27, "group-7-interrogation", "inro7" }, { 28, "group-8-interrogation", "inro8" },
	{ 29, "group-9-interrogation", "inro9" }, { 30, "group-10-interrogation", "inro10" },
	{ 31, "group-11-interrogation", "inro11" }, { 32, "group-12-interrogation", "inro12" },
	{ 33, "group-13-interrogation", "inro13" }, { 34, "group-14-interrogation", "inro14" },
	{ 35, "group-15-interrogation", "inro15" }, { 36, "group-16-interrogation", "inro16" },
	{ 37, "counter-interrogation", "reqcogen" },
	{ 38, "group-1-counters", "reqco1" }, { 39, "group-2-counters", "reqco2" },
	{ 40, "group-3-counters", "reqco3" }, { 41, "group-4-counters", "reqco4" },
	{ 44, "unknown-type", "unknown-type" }, { 45, "unknown-cause", "unknown-cause" },
	{ 46, "unknown-common-address", "unknown-ca" }, { 47, "unknown-object-address", "unknown-ioa" },
};
/* clang-format on */
const size_t iec_causes_n = sizeof(iec_causes) / sizeof(iec_causes[0]);

/* clang-format off */
const struct iec_class_name iec_classes[] = {
	{ "monitor", IEC_MONITOR },	{ "command", IEC_COMMAND }, { "setpoint", IEC_SETPOINT },
	{ "parameter", IEC_PARAMETER }, { "system", IEC_SYSTEM },   { "file", IEC_FILE },
};
/* clang-format on */
const size_t iec_classes_n = sizeof(iec_classes) / sizeof(iec_classes[0]);

const struct iec_type *iec_type(uint8_t number)
{
	size_t lo = 0, hi = iec_types_n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (iec_types[mid].number == number)
			return &iec_types[mid];
		if (iec_types[mid].number < number)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

const struct iec_type *iec_type_by_name(const char *name)
{
	for (size_t i = 0; i < iec_types_n; i++)
		if (strcmp(iec_types[i].name, name) == 0)
			return &iec_types[i];
	return NULL;
}

bool iec_for_all(uint8_t number)
{
	return number == IEC_C_IC_NA_1 || number == IEC_C_CI_NA_1 || number == IEC_C_CS_NA_1 ||
	       number == IEC_C_RP_NA_1;
}

bool iec_has_address(uint8_t number)
{
	const struct iec_type *t = iec_type(number);
	return t && number != IEC_M_EI_NA_1 && (t->class != IEC_SYSTEM || number == IEC_C_RD_NA_1);
}

const struct iec_cause *iec_cause(uint8_t number)
{
	for (size_t i = 0; i < iec_causes_n; i++)
		if (iec_causes[i].number == number)
			return &iec_causes[i];
	return NULL;
}

const struct iec_cause *iec_cause_by_name(const char *name)
{
	for (size_t i = 0; i < iec_causes_n; i++)
		if (strcmp(iec_causes[i].name, name) == 0 || strcmp(iec_causes[i].brief, name) == 0)
			return &iec_causes[i];
	return NULL;
}
