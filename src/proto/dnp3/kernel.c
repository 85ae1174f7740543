/* SPDX-License-Identifier: MIT
 * Of a DNP3 policy the BPF program compares nothing: it repeats what an inspector permitted. */
#include <string.h>

#include "fastpath/policy.h"
#include "proto/dnp3/wire.h"

/* The CRC after each octet, and after one to three octets of zero behind it. */
static size_t fill_crc(void *out)
{
	uint16_t step[4][256];
	for (unsigned i = 0; i < 256; i++)
		step[0][i] = (uint16_t)~dnp3_crc(&(uint8_t){ (uint8_t)i }, 1);
	for (unsigned k = 1; k < 4; k++)
		for (unsigned i = 0; i < 256; i++)
			step[k][i] =
				(uint16_t)(step[k - 1][i] >> 8 ^ step[0][step[k - 1][i] & 255]);
	_Static_assert(sizeof(step) <= FAST_TABLE_MAX, "it has room there");
	memcpy(out, step, sizeof(step));
	return sizeof(step);
}

const struct fast_policy_ops fast_dnp3_policy = { .judged = true,
						  .table = ".rodata.crc",
						  .fill = fill_crc };
