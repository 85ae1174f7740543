/* SPDX-License-Identifier: MIT
 * Echo: where a message ends, and what it says. */
#include "proto/echo/wire.h"

#include "base/rd.h"

int echo_frame(const uint8_t *p, size_t n, enum reason *why)
{
	struct rd r = rd_init(p, n);
	uint8_t len = rd_u8(&r);
	if (r.bad)
		return 0;
	if (len == 0) {
		*why = R_LENGTH;
		return -1;
	}
	return 1 + len;
}

enum reason echo_parse(const uint8_t *p, size_t n, struct echo_msg *m)
{
	struct rd r = rd_init(p, n);
	m->n = rd_u8(&r);
	rd_skip(&r, m->n);
	return r.bad ? R_TRUNCATED : R_NONE;
}
