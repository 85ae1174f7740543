/* SPDX-License-Identifier: MIT
 *
 * The rows. Modbus/TCP (MODBUS Messaging on TCP/IP Implementation Guide V1.0b,
 * 3.1.3): transaction, protocol 0, length, unit; then function and data.
 */
#include "shapes.h"

enum { MBAP = 7, READ_HOLDING = 3, WRITE_MULTIPLE = 16, UNIT = 1 };

static size_t mb_request(uint8_t *b, uint32_t n, unsigned fc, unsigned addr, unsigned quantity)
{
	unsigned data = fc == WRITE_MULTIPLE ? 1 + 2 * quantity : 0;
	put16(b, n & 0xffff);
	put16(b + 2, 0);
	put16(b + 4, 6 + data);
	b[6] = UNIT;
	b[7] = (uint8_t)fc;
	put16(b + 8, addr);
	put16(b + 10, quantity);
	if (data)
		b[12] = (uint8_t)(2 * quantity);
	for (unsigned i = 0; data && i < quantity; i++)
		put16(b + 13 + 2 * i, (n + i) & 0x3ff);
	return MBAP + 5 + data;
}

static size_t mb_read(uint8_t *b, uint32_t n)
{
	return mb_request(b, n, READ_HOLDING, n % 100, 10);
}

static size_t mb_large(uint8_t *b, uint32_t n)
{
	return mb_request(b, n, READ_HOLDING, n % 100, 125);
}

/* three reads, then setpoints of four registers */
static size_t mb_mixed(uint8_t *b, uint32_t n)
{
	return n % 4 == 3 ? mb_request(b, n, WRITE_MULTIPLE, 100 + n % 50, 4) : mb_read(b, n);
}

static size_t mb_frame(const uint8_t *b, size_t n)
{
	if (n < MBAP)
		return 0;
	size_t len = 6u + get16(b + 4);
	return len <= n ? len : 0;
}

static size_t mb_answer(uint8_t *b, const uint8_t *q, size_t len, uint32_t n)
{
	(void)n;
	if (len < MBAP + 5)
		return 0;
	unsigned quantity = get16(q + 10), addr = get16(q + 8);
	memcpy(b, q, MBAP + 1);
	if (q[7] == WRITE_MULTIPLE) {
		put16(b + 4, 6);
		memcpy(b + 8, q + 8, 4);
		return MBAP + 5;
	}
	if (q[7] != READ_HOLDING || quantity < 1 || quantity > 125)
		return 0;
	put16(b + 4, 3 + 2 * quantity);
	b[8] = (uint8_t)(2 * quantity);
	for (unsigned i = 0; i < quantity; i++)
		put16(b + 9 + 2 * i, addr + i);
	return MBAP + 2 + 2 * quantity;
}

static const struct proto modbus = { "modbus", 502, mb_frame, mb_answer };

/* clang-format off */
const struct shape shapes[] = {
	{ "read", &modbus, mb_read, 1 },
	{ "mixed", &modbus, mb_mixed, 1 },
	{ "pipelined", &modbus, mb_read, 8 },
	{ "large", &modbus, mb_large, 1 },
	{ "dnp3", &dnp3, dnp3_poll, 1 },
	{ "opcua", &opcua, opcua_read, 1 },
	{ "iec104", &iec104, iec104_acknowledge, 1 },
	{ "iec104-mixed", &iec104_mixed, iec104_mix, 1 },
	{ "uninspected", &modbus, mb_read, 1 },	/* on a port that is not Modbus' */
};
/* clang-format on */
const size_t n_shapes = sizeof(shapes) / sizeof(shapes[0]);

const struct shape *shape_find(const char *name)
{
	for (size_t i = 0; i < n_shapes; i++)
		if (strcmp(shapes[i].name, name) == 0)
			return &shapes[i];
	return NULL;
}
