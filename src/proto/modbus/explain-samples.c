/* SPDX-License-Identifier: MIT
 * Samples of a Modbus policy for zonectl selftest: requests, and what its entries say of each. */
#include "proto/modbus/explain.h"
#include "proto/modbus/words.h"

enum { ADDRESS_MOST = 65535, VALUE_MOST = 65535, UNIT_MOST = 255, MEI_DEVICE_ID = 14 };

struct request {
	const struct mb_func *fn;
	uint32_t unit, addr, qty, waddr, value, sub, mei;
};

static bool mb_in_words(const struct mb_func *fn)
{
	return fn->request && !(fn->names & MB_NAMES_FILES);
}

static bool mb_has_range(const struct mb_func *fn)
{
	return fn->has_address && !mb_writes_one(fn) && fn->values != MB_MASKS &&
	       fn->request_extent.fixed != 3;
}

static bool mb_is_coil(const struct mb_func *fn)
{
	return fn->values == MB_COILS || fn->values == MB_ONE_COIL;
}

/* ---- what the entries say ---- */

static bool mb_has_function(const struct modbus_allow *a, uint8_t code)
{
	return a->functions[code / 8] >> (code % 8) & 1;
}

/* The first thing of the request that this entry does not have, as number of `refusals`. */
static unsigned mb_steps_of(const struct modbus_allow *a, const struct request *q)
{
	const struct mb_func *fn = q->fn;
	const bool ok[] = {
		mb_has_function(a, fn->code),
		sample_holds(&a->units, q->unit, q->unit, false),
		!(fn->names & MB_NAMES_SUB) ||
			sample_holds(&a->subfunctions, q->sub, q->sub, false),
		!(fn->names & MB_NAMES_MEI) || sample_holds(&a->mei, q->mei, q->mei, false),
		!fn->has_address ||
			sample_holds(&a->addresses, q->addr, q->addr + q->qty - 1, false),
		!(fn->names & MB_NAMES_WRITE_ADDRESS) ||
			sample_holds(&a->write_addresses, q->waddr, q->waddr + q->qty - 1, false),
		!fn->has_address || sample_holds(&a->quantity, q->qty, q->qty, true),
		fn->values == MB_NO_VALUES || sample_holds(&a->values, q->value, q->value, false),
	};
	unsigned n = 0;
	while (n < sizeof(ok) / sizeof(ok[0]) && ok[n])
		n++;
	return n;
}

static enum reason mb_expected_of(const struct modbus_policy *p, const struct request *q)
{
	static const enum reason refusals[] = { R_FUNCTION, R_UNIT,    R_SUBFUNCTION,
						R_MEI,	    R_ADDRESS, R_WRITE_ADDRESS,
						R_QUANTITY, R_VALUE,   R_NONE };
	unsigned furthest = 0;
	for (size_t i = 0; i < p->n_allow; i++) {
		unsigned n = mb_steps_of(&p->allow[i], q);
		furthest = n > furthest ? n : furthest;
	}
	return refusals[furthest];
}

/* What is written there are parts of typed values, which no sample composes. */
static bool mb_writes_typed(const struct modbus_policy *p, const struct request *q)
{
	const struct mb_func *fn = q->fn;
	uint32_t lo = fn->names & MB_NAMES_WRITE_ADDRESS ? q->waddr : q->addr;
	if (fn->values == MB_NO_VALUES || mb_is_coil(fn))
		return false;
	for (size_t i = 0; i < p->n_allow; i++)
		for (size_t k = 0; k < p->allow[i].n_typed; k++) {
			const struct ranges *r = &p->allow[i].typed[k].registers;
			for (size_t n = 0; n < r->n; n++)
				if (lo <= r->v[n].hi && r->v[n].lo < lo + q->qty)
					return true;
		}
	return false;
}

/* ---- requests ---- */

static void mb_put_range(char *out, size_t n, const char *word, uint32_t first, uint32_t qty)
{
	if (qty > 1)
		snprintf(out, n, "%s%u-%u", word, first, first + qty - 1);
	else
		snprintf(out, n, "%s%u", word, first);
}

static void mb_put_sample(struct samples *s, const struct modbus_policy *p, const char *what,
			  const struct request *q)
{
	const struct mb_func *fn = q->fn;
	char addr[32] = "", waddr[32] = "", more[64] = "";
	if (mb_writes_typed(p, q)) {
		samples_leave(s, "%s: written values of typed registers", fn->name);
		return;
	}
	if (fn->has_address)
		mb_put_range(addr, sizeof(addr), " ", q->addr, q->qty);
	if (fn->names & MB_NAMES_WRITE_ADDRESS)
		mb_put_range(waddr, sizeof(waddr), " write ", q->waddr, q->qty);
	if (fn->values == MB_MASKS)
		snprintf(more, sizeof(more), " and 0 or %u", q->value);
	else if (fn->values != MB_NO_VALUES)
		snprintf(more, sizeof(more), " = %u", q->value);
	else if (fn->names & MB_NAMES_SUB)
		snprintf(more, sizeof(more), " subfunction %u", q->sub);
	else if (fn->names & MB_NAMES_MEI)
		snprintf(more, sizeof(more), " mei %u", q->mei);
	samples_put(s, what, mb_expected_of(p, q), "%s unit %u%s%s%s", fn->name, q->unit, addr,
		    waddr, more);
}

/* One that the entry should permit. */
static struct request mb_permitted_by(const struct modbus_allow *a, const struct mb_func *fn)
{
	struct request q = { .fn = fn,
			     .unit = sample_first(&a->units, 1),
			     .addr = sample_first(&a->addresses, 0),
			     .waddr = sample_first(&a->write_addresses, 0),
			     .qty = mb_has_range(fn) ? sample_first(&a->quantity, 1) : 1,
			     .value = sample_first(&a->values, 0),
			     .sub = sample_first(&a->subfunctions, 0),
			     .mei = MEI_DEVICE_ID };
	q.qty = q.qty ? q.qty : 1;
	for (size_t i = 0; i < a->addresses.n; i++) /* a range with room for them */
		if (a->addresses.v[i].hi - a->addresses.v[i].lo + 1 >= q.qty) {
			q.addr = a->addresses.v[i].lo;
			break;
		}
	return q;
}

struct moved {
	const char *what;
	const struct ranges *of;
	uint32_t *to, n, most;
	bool there;
};

static void mb_put_moved(struct samples *s, const struct modbus_policy *p,
			 const struct modbus_allow *a, const struct request *good)
{
	struct request q = *good;
	const struct mb_func *fn = q.fn;
	const struct moved fields[] = {
		{ "unit", &a->units, &q.unit, 1, UNIT_MOST, true },
		{ "address", &a->addresses, &q.addr, q.qty, ADDRESS_MOST, fn->has_address },
		{ "written address", &a->write_addresses, &q.waddr, q.qty, ADDRESS_MOST,
		  fn->names & MB_NAMES_WRITE_ADDRESS },
		{ "value", &a->values, &q.value, 1, mb_is_coil(fn) ? 1 : VALUE_MOST,
		  fn->values != MB_NO_VALUES },
		{ "sub-function", &a->subfunctions, &q.sub, 1, VALUE_MOST,
		  fn->names & MB_NAMES_SUB },
		{ "quantity", &a->quantity, &q.qty, 1, fn->write_max ? fn->write_max : fn->max,
		  mb_has_range(fn) },
	};
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		q = *good;
		if (fields[i].there &&
		    sample_outside(fields[i].of, fields[i].n, fields[i].most, fields[i].to) &&
		    q.qty && q.addr + q.qty <= ADDRESS_MOST + 1u)
			mb_put_sample(s, p, fields[i].what, &q);
	}
}

static void mb_put_entry(struct samples *s, const struct modbus_policy *p,
			 const struct modbus_allow *a)
{
	unsigned n = 0;
	for (size_t i = 0; i < mb_funcs_n; i++) {
		const struct mb_func *fn = &mb_funcs[i];
		if (!mb_has_function(a, fn->code))
			continue;
		if (!mb_in_words(fn)) {
			samples_leave(s, "%s: it cannot be written in words", fn->name);
			continue;
		}
		if (n++ == SAMPLE_FUNCTIONS)
			break;
		struct request q = mb_permitted_by(a, fn);
		mb_put_sample(s, p, "permitted", &q);
		mb_put_moved(s, p, a, &q);
	}
}

static void mb_put_other_function(struct samples *s, const struct modbus_policy *p)
{
	for (size_t i = 0; i < mb_funcs_n; i++) {
		bool has = !mb_in_words(&mb_funcs[i]);
		for (size_t k = 0; k < p->n_allow; k++)
			has |= mb_has_function(&p->allow[k], mb_funcs[i].code);
		if (has)
			continue;
		const struct request q = {
			.fn = &mb_funcs[i], .unit = 1, .qty = 1, .mei = MEI_DEVICE_ID
		};
		mb_put_sample(s, p, "function", &q);
		return;
	}
	samples_leave(s, "a function that is refused: the policy permits all that have words");
}

void mb_samples(const struct policy *policy, struct samples *s)
{
	const struct modbus_policy *p = modbus_policy_of(policy);
	for (size_t i = 0; i < p->n_allow; i++)
		mb_put_entry(s, p, &p->allow[i]);
	mb_put_other_function(s, p);
	/* MBAP: the protocol identifier, and a body that ends early */
	samples_flip(s, "protocol identifier", R_PROTOCOL_ID, 3, 1);
	samples_cut_short(s, R_TRUNCATED, 5);
}
