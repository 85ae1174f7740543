/* SPDX-License-Identifier: MIT
 * The facts of a Modbus message. */
#include "proto/modbus/wire.h"
#include "record/facts.h"
#include "proto/modbus/facts-expected.h"
#include "proto/modbus/facts.h"

static const struct mb_func *func_of(const struct event *ev)
{
	return EV_MODBUS(ev)->has & EVH_FC ? mb_func_by_code(EV_MODBUS(ev)->fc) : NULL;
}

static const char *mb_title(const struct event *ev)
{
	const struct mb_func *fn = func_of(ev);
	return fn ? fn->name : "Modbus message";
}

static void put_range(const struct fact_sink *to, const char *key, uint16_t addr, uint16_t qty)
{
	if (qty != 0)
		to->range(to->ctx, key, addr, addr + qty - 1u);
}

static void mb_each_fact(const struct event *ev, const struct fact_sink *to)
{
	const struct ev_modbus *m = EV_MODBUS(ev);
	const struct mb_func *fn = func_of(ev);
	if (m->has & EVH_TID)
		to->num(to->ctx, "tid", m->tid);
	to->num(to->ctx, "unit", m->unit);
	if (m->has & EVH_FC) {
		to->num(to->ctx, "fc", m->fc);
		to->word(to->ctx, "function", fn ? fn->name : "unassigned");
	}
	if (m->has & EVH_ADDR)
		put_range(to, "address", m->addr, m->qty);
	if (m->has & EVH_WADDR)
		put_range(to, "write_address", m->waddr, m->wqty);
	if (m->has & EVH_VALUE)
		to->num(to->ctx, "value", m->value);
	if (m->has & EVH_SUB)
		to->num(to->ctx, "subfunction", m->sub);
	if (m->has & EVH_MEI)
		to->num(to->ctx, "mei", m->mei);
	if (m->has & EVH_EXC)
		to->num(to->ctx, "exception", m->exc);
	if (!(m->has & EVH_FIELD))
		return;
	to->word(to->ctx, "field", mb_field_name(m->field));
	if (m->expected == m->received) /* too much to be kept */
		return;
	to->num(to->ctx, "field_expected", m->expected);
	to->num(to->ctx, "field_received", m->received);
}

static uint64_t mb_fact_key(const struct event *ev)
{
	return (uint64_t)EV_MODBUS(ev)->fc << 8 | EV_MODBUS(ev)->unit;
}

const struct fact_ops facts_modbus = {
	.title = mb_title, .each = mb_each_fact, .expected = mb_expected, .key = mb_fact_key
};
