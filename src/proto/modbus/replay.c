/* SPDX-License-Identifier: MIT
 * Fields that replay prints of a Modbus message besides its facts. */
#include "proto/modbus/wire.h"
#include "zonectl/replay.h"

static void put_if(const struct fact_sink *to, bool have, const char *key, uint64_t v)
{
	if (have)
		to->num(to->ctx, key, v);
}

static void mb_each_replayed(const struct event *ev, const void *of, const struct fact_sink *to)
{
	const struct mb_msg *m = of;
	bool fifo = m->fc == 24 && ev->response && !m->exception, id = m->has_mei && m->mei == 14;
	to->num(to->ctx, "protocol_id", m->pid);
	to->num(to->ctx, "length", m->len);
	/* of no items there is no last address */
	put_if(to, m->has_addr && m->qty == 0, "start", m->addr);
	put_if(to, m->has_addr || fifo, "quantity", m->qty);
	put_if(to, m->has_waddr && m->wqty == 0, "write_start", m->waddr);
	put_if(to, m->has_waddr, "write_quantity", m->wqty);
	put_if(to, m->has_bytes, "byte_count", m->bytes);
	put_if(to, id, "device_id_code", m->mei_code);
	put_if(to, id, "object_id", m->mei_object);
	put_if(to, m->has_mask, "and_mask", m->and_mask);
	put_if(to, m->has_mask, "or_mask", m->or_mask);
}

const struct replay_ops replay_modbus = { .each = mb_each_replayed };
