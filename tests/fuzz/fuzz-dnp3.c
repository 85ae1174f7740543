/* SPDX-License-Identifier: MIT
 *
 * Fuzz target: DNP3. The first byte says what follows: 0 a frame as it is on the
 * wire, 1 frames without their CRCs (control, destination, source, length of user
 * data, user data), 2 a fragment. Besides not crashing, what is walked must stay
 * inside, and what the policy lets pass must be what it says, seen another way.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "plant.h"
#include "proto/dnp3/policy.h"
#include "proto/dnp3/words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool ok)
{
	if (!ok)
		abort();
}

/* Reads; selects of relays 0-7 by latching, of setpoints 0-7 within 0-100; clearing of the restart
 * bit. */
static struct pol_image *policy(void)
{
	static struct range points = { 0, 7 }, any_object = { 0, 65535 },
			    outputs[2] = { { 0x0c01, 0x0c02 }, { 0x2900, 0x29ff } };
	static struct ranges any = { .any = true, .set = true };
	struct dnp3_allow a[3] = {
		{ .functions = { 1 << 1 }, .objects = { .v = &any_object, .n = 1, .set = true } },
		{ .functions = { 1 << 3 },
		  .objects = { .v = outputs, .n = 2, .set = true },
		  .operations = 0x18,
		  .trip_close = 1,
		  .analog = { .v = { { 0, 100 } }, .n = 1 } },
		{ .writes = DNP_CLEAR_RESTART },
	};
	for (int i = 0; i < 3; i++) {
		a[i].at.file = "f";
		a[i].masters = a[i].outstations = a[i].count = a[i].on_time = a[i].off_time = any;
		a[i].points = (struct ranges){ .v = &points, .n = 1, .set = true };
	}
	struct flow flow = { .proto = PROTO_DNP3, .l4 = 6, .policy = "p" };
	struct dnp3_policy d = { .select_timeout = 5, .outstanding = 1, .allow = a, .n_allow = 3 };
	struct policy p = { .name = "p", .proto = PROTO_DNP3, .of = &d };
	struct pol_image *img =
		plant_image((struct conduit){ .flows = &flow, .n_flows = 1 }, &p, 1, 1);
	must(img && policy_valid(img, img->size));
	return img;
}

/* A select that passed: every relay 0-7, latched; every value 0-100. */
static void check_select(const struct dnp_head *h, const struct dnp_point *p)
{
	struct dnp_control c;
	double v;
	uint8_t status;
	must(h->group == 12 || h->group == 41);
	must(p->has_index && p->index <= 7);
	if (dnp_control(h, p, &c))
		must((c.op == 3 || c.op == 4) && c.code == 0 && !c.queue && !c.clear);
	if (dnp_analog(h, p, &v, &status))
		must(v >= 0 && v <= 100);
}

static void fragment(const uint8_t *p, size_t n)
{
	static struct pol_image *img;
	struct dnp_msg m = { .has_app = true };
	struct dnp_walk w;
	struct dnp_head h;
	if (!img)
		img = policy();
	if (dnp3_app(p, n, &m.app) != R_NONE)
		return;
	dnp_walk(&w, &m.app);
	while (dnp_next(&w, &h))
		must(++m.objects <= n && (!h.data || (h.data >= p && h.data + h.len <= p + n)));
	m.walk = w.why;
	must(w.why < R_COUNT);
	struct dnp_decision d = policy_dnp3(img, policy_flow(img, 0), &m);
	must(d.reason < R_COUNT);
	bool passes = d.reason == R_NONE && m.walk == R_NONE;
	if (passes)
		must(m.app.func == 1 || m.app.func == 2 || m.app.func == 3);
	dnp_walk(&w, &m.app);
	while (dnp_next(&w, &h)) {
		struct dnp_points it;
		struct dnp_point pt;
		size_t steps = 0;
		if (passes && m.app.func == 2)
			must(h.group == 80 || h.group == 120);
		dnp_points(&it, &h);
		while (dnp_next_point(&it, &pt)) {
			must(++steps <= 8 * n &&
			     (!pt.data || (pt.data >= p && pt.data + pt.len <= p + n)));
			if (passes && m.app.func == 3 && h.group != 120)
				check_select(&h, &pt);
		}
	}
}

static void frames(const uint8_t *p, size_t n)
{
	static struct dnp_series s;
	struct rd r = rd_init(p, n);
	static uint8_t room[DNP_FRAGMENT_MAX];
	s = (struct dnp_series){ .buf = room, .max = sizeof(room) };
	while (r.left) {
		uint8_t f[DNP_FRAME_MAX] = { 0x05, 0x64 };
		const uint8_t *head = rd_take(&r, 5);
		size_t user = rd_u8(&r) % (DNP_USER_MAX + 1), at = 0;
		const uint8_t *data = rd_take(&r, user);
		if (r.bad)
			return;
		f[2] = (uint8_t)(user + 5);
		memcpy(f + 3, head, 5);
		for (size_t from = 0, len = 8; at == 0 || from < user;
		     len = user - from < 16 ? user - from : 16) {
			if (at)
				memcpy(f + at, data + from, len);
			uint16_t crc = dnp3_crc(f + at, len);
			f[at + len] = (uint8_t)crc;
			f[at + len + 1] = (uint8_t)(crc >> 8);
			from += at ? len : 0;
			at += len + 2;
		}
		struct dnp_link l;
		enum reason why = R_NONE;
		bool whole = false;
		must(dnp3_frame(f, at, &why) == (int)at && why == R_NONE);
		why = dnp3_link(f, at, &l);
		must(why == R_NONE || why == R_DNP_LINK || why == R_LENGTH);
		must(l.n == user && memcmp(l.user, data, user) == 0);
		if (why == R_NONE && dnp3_has_segment(&l) &&
		    dnp3_segment(&s, &l, &whole) == R_NONE && whole)
			fragment(s.buf, s.n);
		must(s.n <= DNP_FRAGMENT_MAX);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	enum reason why = R_NONE;
	struct dnp_link l;
	if (n < 1)
		return 0;
	if (data[0] == 1) {
		frames(data + 1, n - 1);
	} else if (data[0] == 2) {
		fragment(data + 1, n - 1 < DNP_FRAGMENT_MAX ? n - 1 : DNP_FRAGMENT_MAX);
	} else {
		int len = dnp3_frame(data + 1, n - 1, &why);
		must(len <= DNP_FRAME_MAX && (len < 0) == (why != R_NONE));
		why = dnp3_link(data + 1, n - 1, &l);
		must(why < R_COUNT && l.n <= DNP_USER_MAX);
	}
	return 0;
}
