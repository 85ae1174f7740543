/* SPDX-License-Identifier: MIT
 * The facts of a Modbus message. */
#include <string.h>

#include "proto/modbus/wire.h"
#include "record/facts.h"
#include "proto/modbus/facts-expected.h"
#include "proto/modbus/facts.h"
#include "proto/modbus/wire-typed.h"

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

enum { VALUE_TEXT = 96 };
_Static_assert((int)EV_MODBUS_UNIT == (int)MB_VALUE_UNIT, "a unit of the model fits");

static void put_written_value(const struct fact_sink *to, const struct ev_modbus *m)
{
	char text[VALUE_TEXT];
	struct sb b = sb_init(text, sizeof(text));
	if (m->has & EVH_TYPED) {
		mb_put_typed(&b, m->type, m->key);
		to->word(to->ctx, "value", text);
	} else if (m->has & EVH_VALUE) {
		to->num(to->ctx, "value", m->value);
	}
}

/* Its unit may lack the NUL in a foreign event. */
static void put_value_type(const struct fact_sink *to, const struct ev_modbus *m)
{
	char text[VALUE_TEXT], unit[MB_VALUE_UNIT + 1] = "";
	const char *name = mb_type_name(m->type);
	const struct decimal scale = mb_scale_of(m);
	struct sb b = sb_init(text, sizeof(text));
	to->word(to->ctx, "value_type", name ? name : "?");
	to->range(to->ctx, "value_registers", m->typed_at,
		  m->typed_at + mb_type_registers(m->type) - 1u);
	mb_put_scaled(&b, m->type, m->key, &scale);
	to->word(to->ctx, "value_scaled", text);
	memcpy(unit, m->value_unit, MB_VALUE_UNIT);
	if (unit[0])
		to->text(to->ctx, "value_unit", unit);
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
	put_written_value(to, m);
	if (m->has & EVH_SUB)
		to->num(to->ctx, "subfunction", m->sub);
	if (m->has & EVH_MEI)
		to->num(to->ctx, "mei", m->mei);
	if (m->has & EVH_EXC)
		to->num(to->ctx, "exception", m->exc);
	if (m->has & EVH_TYPED)
		put_value_type(to, m);
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
