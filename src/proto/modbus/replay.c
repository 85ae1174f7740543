/* SPDX-License-Identifier: MIT
 * Modbus messages as replay prints them. */
#include <stdio.h>

#include "base/words.h"
#include "proto/modbus/wire.h"
#include "zonectl/replay.h"
#include "proto/modbus/facts.h"

enum { SUB_TEXT = 64 };

/* sub-function, MEI or masks in one text field */
static void sub_text(const struct mb_msg *m, char out[SUB_TEXT])
{
	out[0] = '\0';
	if (m->has_sub)
		snprintf(out, SUB_TEXT, "diag=%u", m->sub);
	else if (m->has_mei && m->mei == 14)
		snprintf(out, SUB_TEXT, "mei=14,devid=%u,obj=%u", m->mei_code, m->mei_object);
	else if (m->has_mei)
		snprintf(out, SUB_TEXT, "mei=%u", m->mei);
	else if (m->has_mask)
		snprintf(out, SUB_TEXT, "and=%u,or=%u", m->and_mask, m->or_mask);
}

static void json(json_t *o, const struct event *ev, const void *of)
{
	const struct mb_msg *m = of;
	char sub[SUB_TEXT];
	json_object_set_new(o, "kind", json_string("app"));
	json_object_set_new(o, "dir", json_string(ev->response ? "resp" : "req"));
	replay_put(o, "tid", true, m->tid);
	replay_put(o, "pid", true, m->pid);
	replay_put(o, "len", true, m->len);
	replay_put(o, "unit", true, m->unit);
	replay_put(o, "fc", true, m->fc);
	replay_put(o, "exc", m->exception, m->exc);
	replay_put(o, "addr", m->has_addr, m->addr);
	replay_put(o, "qty", m->has_addr || (m->fc == 24 && ev->response && !m->exception), m->qty);
	replay_put(o, "waddr", m->has_waddr, m->waddr);
	replay_put(o, "wqty", m->has_waddr, m->wqty);
	replay_put(o, "bytes", m->has_bytes, m->bytes);
	sub_text(m, sub);
	if (sub[0])
		json_object_set_new(o, "sub", json_string(sub));
}

static void difference(const struct event *ev)
{
	if (!(EV_MODBUS(ev)->has & EVH_FIELD))
		return;
	printf(" field=%s", mb_field_name(EV_MODBUS(ev)->field));
	if (EV_MODBUS(ev)->expected != EV_MODBUS(ev)->received)
		printf(" expected=%u received=%u", EV_MODBUS(ev)->expected, EV_MODBUS(ev)->received);
}

static void text(const struct event *ev, const void *of)
{
	const struct mb_msg *m = of;
	const struct mb_func *fn = mb_func_by_code(m->fc);
	char sub[SUB_TEXT];
	sub_text(m, sub);
	printf(" %s tid=%u unit=%u fc=%u(%s)", ev->response ? "resp" : "req", m->tid, m->unit, m->fc,
	       fn ? fn->name : "unassigned");
	if (m->has_addr)
		printf(" addr=%u qty=%u", m->addr, m->qty);
	if (m->has_waddr)
		printf(" waddr=%u wqty=%u", m->waddr, m->wqty);
	if (m->exception)
		printf(" exception=%u", m->exc);
	if (sub[0])
		printf(" %s", sub);
	difference(ev);
}

const struct replay_ops replay_modbus = { .json = json, .text = text, .difference = difference };
