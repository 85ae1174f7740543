/* SPDX-License-Identifier: MIT
 *
 * Fuzz target: IEC 60870-5-104. The first octet says who sends, 0 the controlling station, others
 * the controlled one; then APDUs as they are in the stream. Besides not crashing: what is walked
 * stays inside, and of what passes the length, the number of objects and their addresses are
 * counted here another way, a cause and a type have names, and nothing passes with an octet less or
 * more.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/iec104/wire-objects.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool ok)
{
	if (!ok)
		abort();
}

/* Octets behind the header of an ASDU, by what the table says of its type. */
static size_t octets_of(const struct iec_type *t, const struct iec_asdu *a)
{
	size_t segment = t->number == IEC_F_SG_NA_1 && a->n_objs > 6 ? a->objs[6] : 0;
	return a->sq ? 3u + (size_t)a->n * t->size : (size_t)a->n * (3u + t->size) + segment;
}

static void check_objects(const struct iec_asdu *a, bool passes, enum iec_end from)
{
	struct iec_objects it;
	struct iec_object o;
	size_t octets = 0;
	unsigned count = 0;
	iec104_objects(&it, a);
	while (iec104_next_object(&it, &o)) {
		must(o.data >= a->objs && o.data + o.len <= a->objs + a->n_objs);
		octets += o.len + (a->sq && count ? 0 : 3);
		must(++count <= a->n);
		must(!a->sq || o.ioa == a->ioa + count - 1);
		if (!passes)
			continue;
		must(o.ioa <= IEC_IOA_MAX && o.value == iec_type(a->type)->value);
		must(from == IEC_CONTROLLED || o.fault == R_NONE);
		must(o.time.octets == iec_type(a->type)->time);
	}
	must(!passes || (count == a->n && octets == a->n_objs));
}

static void check_asdu(const struct iec_asdu *a, bool passes, enum iec_end from)
{
	const struct iec_type *t = iec_type(a->type);
	check_objects(a, passes, from);
	if (!passes)
		return;
	must(t && iec_cause(a->cause) && a->n >= 1 && a->n <= 127 && a->n_objs == octets_of(t, a));
	must(t->causes[from] >> a->cause & 1);
	must(!t->one || (a->n == 1 && !a->sq));
	if (from == IEC_CONTROLLING)
		must(t->class != IEC_MONITOR && a->n == 1 && !a->negative && a->ca);
}

static void check_apdu(const uint8_t *p, size_t n, enum iec_end from)
{
	struct iec_msg m, again;
	enum reason why = iec104_parse(p, n, from, &m);
	bool passes = why == R_NONE;
	must(why < R_COUNT && (!passes || m.has_asdu == (m.apci.format == IEC_I)));
	must(!passes || strcmp(iec104_apci_name(&m.apci), "?") != 0);
	must(m.apci.ns < IEC_SEQ && m.apci.nr < IEC_SEQ);
	must(!passes || m.apci.format == IEC_I || n == IEC_APCI);
	if (m.has_asdu)
		check_asdu(&m.asdu, passes, from);
	/* the same with an octet less or more, also where the length octet says so */
	uint8_t other[IEC_APDU_MAX + 1];
	memcpy(other, p, n);
	other[n] = 0;
	must(iec104_parse(other, n - 1, from, &again) != R_NONE &&
	     iec104_parse(other, n + 1, from, &again) != R_NONE);
	for (int by = -1; by <= 1 && passes; by += 2) {
		other[1] = (uint8_t)(p[1] + by);
		must(iec104_parse(other, n + (size_t)by, from, &again) != R_NONE);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (n < 1)
		return 0;
	enum iec_end from = data[0] == 0 ? IEC_CONTROLLING : IEC_CONTROLLED;
	struct rd r = rd_init(data + 1, n - 1);
	while (r.left) {
		enum reason why = R_NONE;
		int len = iec104_frame(r.p, r.left, &why);
		must((len < 0) == (why != R_NONE) &&
		     (len <= 0 || (len >= IEC_APCI && len <= IEC_APDU_MAX)));
		if (len <= 0 || (size_t)len > r.left)
			break;
		check_apdu(r.p, (size_t)len, from);
		rd_skip(&r, (size_t)len);
	}
	return 0;
}
