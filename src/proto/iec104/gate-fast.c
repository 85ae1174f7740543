/* SPDX-License-Identifier: MIT
 *
 * IEC 60870-5-104 and the in-kernel path: the numbers of both ends, there and back. What the
 * program passes (kernel.bpf.h) changes nothing else of a connection: no report and no S frame
 * selects, starts or stops, or counts as a request. Its place among the started masters it must
 * have; while the program has it, iec_start_clock() keeps that.
 */
#include "proto/iec104/gate.h"
#include "proto/iec104/kernel.h"

/* Either end may send I and S frames, and what is next from it is one number. What the master asks
 * is answered by frames that the program leaves to us, so it waits for the first of them. */
static bool iec_fast_fits(const struct pass *c)
{
	const struct iec_connection *s = iec_of(c->f);
	const struct pol_iec104_head *head = policy_head(c->in->img, c->pol);
	if (!head || head->server_is_controlling || !s->known || s->server_controls || !s->asked ||
	    !s->started || !s->held_ns)
		return false;
	for (unsigned d = 0; d < 2; d++)
		if (!s->way[d].counted || !s->way[d].confirmed || s->way[d].begins_with_one)
			return false;
	return s->way[0].next == s->way[0].acked;
}

static bool iec_fast_give(struct pass *c, struct fast_slot *s)
{
	struct fast_iec104 *k = fast_iec104_of(s);
	for (unsigned d = 0; d < 2; d++) {
		k->next[d] = iec_of(c->f)->way[d].next;
		k->acked[d] = iec_of(c->f)->way[d].acked;
		k->sent[d] = 0;
	}
	return true;
}

static bool iec_fast_take(struct pass *c, struct fast_slot *s)
{
	const struct fast_iec104 *k = fast_iec104_of(s);
	struct iec_connection *to = iec_of(c->f);
	for (unsigned d = 0; d < 2; d++) {
		if (k->next[d] >= IEC_SEQ || k->acked[d] >= IEC_SEQ)
			return false;
		to->way[d].next = k->next[d];
		to->way[d].acked = k->acked[d];
		to->way[d].sent |= k->sent[d] != 0;
	}
	return true;
}

const struct fast_ops fast_iec104 = { .fits = iec_fast_fits,
				      .give = iec_fast_give,
				      .take = iec_fast_take,
				      .kept = fast_iec104_kept };
