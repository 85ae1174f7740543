/* SPDX-License-Identifier: MIT
 *
 * Fuzz target: Modbus framing, parsing and matching of one ADU. The first byte
 * is the direction. Besides not crashing, what parses must keep the promises
 * that the policy and the records rely on.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "proto/modbus/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void check_facts(const struct mb_msg *m, const uint8_t *p, size_t n)
{
	must(m->pid == 0 && m->len + 6u == n && m->unit == p[6]);
	must(m->fc == (p[7] & 0x7f) && m->exception == (p[7] >> 7));
	if (m->has_addr)
		must(m->qty > 0 && m->addr + m->qty <= 0x10000);
	if (m->has_waddr)
		must(m->wqty > 0 && m->waddr + m->wqty <= 0x10000 && m->values_len == 2 * m->wqty);
	if (!m->response && m->fc == 15)
		must(m->values_len == (m->qty + 7) / 8);
	if (!m->response && m->fc == 16)
		must(m->values_len == 2 * m->qty);
	for (size_t i = 0; i < m->n_files; i++)
		must(m->files[i].length > 0);
}

/* What is tolerated reads no byte that is not there, and a plain message as ever. */
static void check_tolerated(const uint8_t *p, size_t n, const struct mb_reading *how,
			    enum reason plain)
{
	struct mb_msg m;
	enum reason why = R_NONE, parsed = mb_parse_as(p, n, how, &m);
	int len = mb_frame_as(p, n, how, &why);
	must(len <= 6 + MB_UMAS_LEN_MAX && (len < 0) == (why != R_NONE));
	must(plain != R_NONE || (parsed == R_NONE && (size_t)len == n));
	must(parsed != R_NONE || how->response || plain == R_NONE || m.fc == MB_UMAS);
	must(mb_rtu_length(p, n, how->response) <= n && mb_answer_length(p, n) <= 7 + 3 + 0xffff);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (n < 1)
		return 0;
	bool response = data[0] & 1;
	const uint8_t *p = data + 1;
	n--;
	enum reason why = R_NONE;
	int frame = mb_frame(p, n, &why);
	must(frame <= MB_ADU_MAX && (frame < 0) == (why != R_NONE));
	struct mb_msg m;
	why = mb_parse(p, n, response, &m);
	check_tolerated(p, n,
			&(struct mb_reading){ .response = response,
					      .tolerate = data[0] & MB_TOL_ALL & ~1u },
			why);
	must(why < R_COUNT && m.n_files <= MB_SUBREQ_MAX);
	if (m.values)
		must(m.values >= p && m.values + m.values_len <= p + n);
	if (why != R_NONE)
		return 0;
	must((size_t)frame == n);
	check_facts(&m, p, n);
	struct mb_pending pending;
	mb_remember(&m, &pending);
	struct mb_difference d = { .field = MB_F_NONE };
	must(mb_answers(&pending, &m, 0, &d) ==
	     (d.field == MB_F_NONE ? R_NONE : R_RESPONSE_MISMATCH));
	return 0;
}
