/* SPDX-License-Identifier: MIT
 * Modbus and the in-kernel path: the requests that wait for an answer, there and back. */
#include "proto/modbus/gate.h"
#include "proto/modbus/kernel.h"

static void take_pending(const struct fast_pending *from, struct mb_pending *to, uint64_t now)
{
	const uint8_t value[2] = { (uint8_t)(from->word >> 8), (uint8_t)from->word };
	const struct mb_func *fn = mb_func_by_code(from->fc);
	bool single = fn && mb_writes_one(fn);
	struct mb_msg m = { .tid = from->tid,
			    .unit = from->unit,
			    .fc = from->fc,
			    .addr = from->addr,
			    .qty = single ? 1 : from->word,
			    .values = single ? value : NULL,
			    .values_len = single ? 2 : 0 };
	mb_remember(&m, to);
	to->at_ns = now;
}

static bool mb_fast_take(struct pass *c, struct fast_slot *s)
{
	struct connection *f = c->f;
	const struct fast_modbus *mb = fast_modbus_of(s);
	if (s->n_pending > FAST_PENDING)
		return false;
	mb_of(f)->n_pending = s->n_pending;
	for (uint32_t i = 0; i < s->n_pending; i++)
		take_pending(&mb->pending[(s->head + i) % FAST_PENDING], &mb_of(f)->pending[i],
			     c->raw->now_ns);
	return true;
}

/* Copy a pending request to the slot. False: the program could not match its response. The copy has
 * no written value, so requests of FC 5 and 6 wait for their response with the inspector. */
static bool give_pending(const struct mb_pending *from, struct fast_pending *to)
{
	const struct mb_func *fn = mb_func_by_code(from->fc);
	bool fit = fn && fn->in_kernel && !mb_writes_one(fn);
	*to = (struct fast_pending){ .tid = from->tid,
				     .unit = from->unit,
				     .fc = from->fc,
				     .addr = from->addr,
				     .word = from->qty };
	return fit;
}

static bool mb_fast_fits(const struct pass *c)
{
	mb_forget_old(mb_of(c->f), c->raw->now_ns);
	return mb_of(c->f)->n_pending <= FAST_PENDING;
}

static bool mb_fast_give(struct pass *c, struct fast_slot *s)
{
	s->n_pending = (uint8_t)mb_of(c->f)->n_pending;
	for (unsigned i = 0; i < s->n_pending; i++)
		if (!give_pending(&mb_of(c->f)->pending[i], &fast_modbus_of(s)->pending[i]))
			return false;
	return true;
}

const struct fast_ops fast_modbus = {
	.fits = mb_fast_fits, .give = mb_fast_give, .take = mb_fast_take, .kept = fast_modbus_kept
};
