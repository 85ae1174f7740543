/* SPDX-License-Identifier: MIT
 * APDUs of IEC 60870-5-104 for the tests, built rather than listed; and a good element of every
 * type, written here from the standard and not from our table. */
#ifndef ZONED_TESTS_IEC104_SAMPLES_H
#define ZONED_TESTS_IEC104_SAMPLES_H

#include "put.h"

/* 27 November 2026, a Friday, 17:20:30.500; winter time */
#define SAMPLE_CP56 "24 77 14 11 bb 0b 1a"
#define SAMPLE_CP24 "24 77 14"

/* "object" where it has none is its address 0. */
struct sample_type {
	uint8_t number;
	const char *name;
	const char *element;
	/* a cause, by the controlling and the controlled station; 0: it never does */
	uint8_t asks, tells;
	bool no_address;
};

/* clang-format off */
static const struct sample_type sample_types[] = {
	{ 1, "M_SP_NA_1", "01", 0, 20, false },
	{ 2, "M_SP_TA_1", "11" SAMPLE_CP24, 0, 3, false },
	{ 3, "M_DP_NA_1", "82", 0, 20, false },
	{ 4, "M_DP_TA_1", "01" SAMPLE_CP24, 0, 3, false },
	{ 5, "M_ST_NA_1", "c5 10", 0, 2, false },
	{ 6, "M_ST_TA_1", "3f 00" SAMPLE_CP24, 0, 3, false },
	{ 7, "M_BO_NA_1", "efbeadde 00", 0, 5, false },
	{ 8, "M_BO_TA_1", "01020304 00" SAMPLE_CP24, 0, 3, false },
	{ 9, "M_ME_NA_1", "00c0 01", 0, 1, false },
	{ 10, "M_ME_TA_1", "0040 00" SAMPLE_CP24, 0, 3, false },
	{ 11, "M_ME_NB_1", "18fc 00", 0, 1, false },
	{ 12, "M_ME_TB_1", "e803 80" SAMPLE_CP24, 0, 3, false },
	{ 13, "M_ME_NC_1", "00004842 00", 0, 1, false },
	{ 14, "M_ME_TC_1", "0000c0bf 00" SAMPLE_CP24, 0, 3, false },
	{ 15, "M_IT_NA_1", "40e20100 25", 0, 37, false },
	{ 16, "M_IT_TA_1", "ffffffff 00" SAMPLE_CP24, 0, 38, false },
	{ 17, "M_EP_TA_1", "0a 6400" SAMPLE_CP24, 0, 3, false },
	{ 18, "M_EP_TB_1", "3f 08 6400" SAMPLE_CP24, 0, 3, false },
	{ 19, "M_EP_TC_1", "0f 00 6400" SAMPLE_CP24, 0, 3, false },
	{ 20, "M_PS_NA_1", "01800180 00", 0, 20, false },
	{ 21, "M_ME_ND_1", "ff7f", 0, 1, false },
	{ 30, "M_SP_TB_1", "00" SAMPLE_CP56, 0, 3, false },
	{ 31, "M_DP_TB_1", "02" SAMPLE_CP56, 0, 3, false },
	{ 32, "M_ST_TB_1", "40 00" SAMPLE_CP56, 0, 3, false },
	{ 33, "M_BO_TB_1", "01000000 00" SAMPLE_CP56, 0, 3, false },
	{ 34, "M_ME_TD_1", "0080 00" SAMPLE_CP56, 0, 3, false },
	{ 35, "M_ME_TE_1", "0100 00" SAMPLE_CP56, 0, 3, false },
	{ 36, "M_ME_TF_1", "0000803f 00" SAMPLE_CP56, 0, 3, false },
	{ 37, "M_IT_TB_1", "01000000 61" SAMPLE_CP56, 0, 41, false },
	{ 38, "M_EP_TD_1", "09 0000" SAMPLE_CP56, 0, 3, false },
	{ 39, "M_EP_TE_1", "01 00 e803" SAMPLE_CP56, 0, 3, false },
	{ 40, "M_EP_TF_1", "01 00 e803" SAMPLE_CP56, 0, 3, false },
	{ 45, "C_SC_NA_1", "01", 6, 7, false },
	{ 46, "C_DC_NA_1", "86", 6, 7, false },
	{ 47, "C_RC_NA_1", "02", 8, 9, false },
	{ 48, "C_SE_NA_1", "0040 00", 6, 7, false },
	{ 49, "C_SE_NB_1", "18fc 80", 6, 10, false },
	{ 50, "C_SE_NC_1", "0000c842 00", 6, 47, false },
	{ 51, "C_BO_NA_1", "78563412", 6, 7, false },
	{ 58, "C_SC_TA_1", "00" SAMPLE_CP56, 6, 7, false },
	{ 59, "C_DC_TA_1", "01" SAMPLE_CP56, 8, 9, false },
	{ 60, "C_RC_TA_1", "01" SAMPLE_CP56, 6, 44, false },
	{ 61, "C_SE_TA_1", "0080 00" SAMPLE_CP56, 6, 45, false },
	{ 62, "C_SE_TB_1", "ff7f 00" SAMPLE_CP56, 6, 46, false },
	{ 63, "C_SE_TC_1", "000080c0 00" SAMPLE_CP56, 6, 10, false },
	{ 64, "C_BO_TA_1", "01000080" SAMPLE_CP56, 6, 7, false },
	{ 70, "M_EI_NA_1", "02", 0, 4, true },
	{ 100, "C_IC_NA_1", "14", 6, 10, true },
	{ 101, "C_CI_NA_1", "05", 6, 7, true },
	{ 102, "C_RD_NA_1", "", 5, 47, false },
	{ 103, "C_CS_NA_1", SAMPLE_CP56, 6, 7, true },
	{ 104, "C_TS_NA_1", "aa55", 6, 7, true },
	{ 105, "C_RP_NA_1", "01", 6, 7, true },
	{ 106, "C_CD_NA_1", "6400", 6, 7, true },
	{ 107, "C_TS_TA_1", "0100" SAMPLE_CP56, 6, 7, true },
	{ 110, "P_ME_NA_1", "0040 01", 6, 7, false },
	{ 111, "P_ME_NB_1", "e803 02", 6, 20, false },
	{ 112, "P_ME_NC_1", "0000803f 03", 6, 7, false },
	{ 113, "P_AC_NA_1", "03", 8, 9, false },
	{ 120, "F_FR_NA_1", "0100 000100 00", 13, 13, false },
	{ 121, "F_SR_NA_1", "0100 01 000100 00", 13, 13, false },
	{ 122, "F_SC_NA_1", "0100 00 01", 13, 13, false },
	{ 123, "F_LS_NA_1", "0100 01 03 5a", 13, 13, false },
	{ 124, "F_AF_NA_1", "0100 01 01", 13, 13, false },
	{ 125, "F_SG_NA_1", "0100 01 04 68040700", 13, 13, false },
	{ 126, "F_DR_TA_1", "0100 000200 00" SAMPLE_CP56, 0, 5, false },
	{ 127, "F_SC_NB_1", "0100" SAMPLE_CP56 SAMPLE_CP56, 13, 13, false },
};
/* clang-format on */
enum { SAMPLE_TYPES = sizeof(sample_types) / sizeof(sample_types[0]) };

/* A control field and what follows, as an APDU. */
static inline size_t sample_apdu(const char *control, const uint8_t *asdu, size_t n, uint8_t *out)
{
	out[0] = 0x68;
	out[1] = (uint8_t)(4 + n);
	unhex(control, out + 2);
	if (n)
		memcpy(out + 6, asdu, n);
	return 6 + n;
}

/* An ASDU of n objects, each with its address, or with sq a sequence of them; ca 7. */
static inline size_t sample_asdu(const struct sample_type *t, uint8_t cause, unsigned n, bool sq,
				 uint32_t ioa, uint8_t *out)
{
	const uint8_t head[] = { t->number, (uint8_t)((sq ? 0x80 : 0) | n), cause, 0, 7, 0 };
	size_t at = sizeof(head);
	memcpy(out, head, at);
	for (unsigned i = 0; i < n || (i == 0 && sq); i++) {
		uint32_t address = t->no_address ? 0 : ioa + i;
		const uint8_t octets[] = { address & 255, address >> 8 & 255, address >> 16 & 255 };
		if (!sq || i == 0) {
			memcpy(out + at, octets, sizeof(octets));
			at += sizeof(octets);
		}
		at += unhex(t->element, out + at);
	}
	return at;
}

#endif
