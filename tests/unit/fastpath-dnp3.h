/* SPDX-License-Identifier: MIT
 * What a DNP3 master and an outstation say in test-fastpath.c, whose world this uses. */
#include "dnp3-samples.h"

static struct pol_image *dnp_plant(uint32_t generation, struct conduit how)
{
	static struct range few = { 0, 9 }, any_object = { 0, 65535 };
	/* a poll may be refused that was permitted before */
	few.hi = generation & 3 ? 9 : 3;
	struct ranges any = { .any = true, .set = true };
	struct dnp3_allow a = {
		.functions = { 1 << 1 | 1 << 3 | 1 << 4 },
		.writes = 1,
		.masters = any,
		.outstations = any,
		.objects = { .v = &any_object, .n = 1, .set = true },
		.points = { .v = &few, .n = 1, .set = true },
		.any_operation = true,
		.any_trip_close = true,
		.count = any,
		.on_time = any,
		.off_time = any,
	};
	struct dnp3_policy d = { .select_before_operate = generation & 1,
				 .select_timeout = 5,
				 .outstanding = generation & 2 ? 1 : 8,
				 .allow = &a,
				 .n_allow = 1 };
	struct flow flow = { .proto = PROTO_DNP3, .l4 = IPPROTO_TCP, .policy = "p" };
	struct policy policy = { .name = "p", .proto = PROTO_DNP3, .of = &d };
	how.flows = &flow;
	how.n_flows = 1;
	struct pol_image *img = plant_image(how, &policy, 1, generation);
	must(img != NULL);
	return img;
}

/* One fragment, in one frame or in two; now and then a bit of it turns over. */
static size_t dnp_send(struct world *w, bool master, const uint8_t *app, size_t n, uint8_t *p)
{
	uint8_t user[250], control = master ? 0xc4 : 0x44;
	uint16_t dst = master ? 1024 : 1, src = master ? 1 : 1024;
	size_t cut = odd(w, 40) && n > 3 ? 1 + rnd(w, (uint32_t)n - 2) : n, at;
	if (odd(w, 80))
		dst++;
	user[0] = (uint8_t)(0x40 | (cut == n ? 0x80 : 0) | rnd(w, 64));
	memcpy(user + 1, app, cut);
	at = sample_frame(control, dst, src, user, cut + 1, p);
	if (cut < n) {
		user[0] = (uint8_t)(0x80 | ((user[0] + 1) & 63));
		memcpy(user + 1, app + cut, n - cut);
		at += sample_frame(control, dst, src, user, n - cut + 1, p + at);
	}
	if (odd(w, 30))
		p[rnd(w, (uint32_t)at)] ^= (uint8_t)(1u << rnd(w, 8));
	return at;
}

static size_t dnp_request(struct world *w, uint8_t *p)
{
	static const uint8_t asks[][16] = {
		{ 11, 0, 1, 60, 2, 6, 60, 3, 6, 60, 4, 6 },
		{ 7, 0, 1, 30, 1, 0, 0, 4 },
		{ 7, 0, 1, 1, 2, 0, 0, 9 },
		{ 15, 0, 1, 60, 2, 6, 60, 3, 6, 60, 4, 6, 60, 1, 6 },
		{ 5, 0, 1, 60, 1, 6 },
		{ 7, 0, 1, 30, 1, 0, 0, 12 },
	};
	static const uint8_t relay[] = { 0, 3,	 12, 1, 0x28, 1,   0, 0, 0, 3,
					 1, 100, 0,  0, 0,    100, 0, 0, 0, 0 };
	uint8_t app[64];
	const uint8_t *a = asks[odd(w, 3) ? rnd(w, 6) : rnd(w, 2)];
	size_t n = a[0];
	memcpy(app, a + 1, n);
	if (a[0] == 15)
		n = 14;
	if (odd(w, 10)) { /* a select, or an operate that may follow it */
		memcpy(app, relay, sizeof(relay));
		app[1] = (uint8_t)(3 + rnd(w, 3));
		n = sizeof(relay);
	}
	app[0] = (uint8_t)(0xc0 | (++w->tid & 15));
	if (odd(w, 60))
		app[0] = (uint8_t)w->rnd;
	w->answered = odd(w, 30) ? w->answered : (uint16_t)(w->tid - 1);
	return dnp_send(w, true, app, n, p);
}

/* Octets of the frame at q; 0: not all of it is there. */
static size_t dnp_length(const uint8_t *q, size_t have)
{
	size_t user = have < 10 || q[2] < 5 ? 0 : q[2] - 5u,
	       all = 10 + user + 2 * ((user + 15) / 16);
	return have < 10 || have < all ? 0 : all;
}

static size_t dnp_response(struct world *w, const uint8_t *q, uint8_t *p)
{
	uint8_t app[80] = { (uint8_t)(0xc0 | (q[11] & 15)), 129, (uint8_t)rnd(w, 2), 0 };
	size_t n = 4;
	w->answered = w->tid;
	if (q[10] >> 6 != 3)
		return 0; /* of two frames: no answer */
	if (q[12] == 1 && q[13] != 60) {
		uint8_t last = q[17] < 9 ? q[17] : 9;
		memcpy(app + 4, (const uint8_t[]){ q[13], q[14], 0, 0, last }, 5);
		n = 9 + (q[13] == 30 ? 5u : 1u) * (last + 1u);
		for (size_t i = 9; i < n; i++)
			app[i] = (uint8_t)rnd(w, 256);
	} else if (q[12] == 1 && one_in(w, 6)) { /* an event, with its index */
		memcpy(app + 4, (const uint8_t[]){ 2, 1, 0x17, 1, (uint8_t)rnd(w, 9), 0x81 }, 6);
		n = 10;
	}
	if (odd(w, 20))
		app[0] = (uint8_t)((app[0] & 0xf0) | rnd(w, 16));
	if (odd(w, 20))
		app[0] ^= 0x20;
	if (odd(w, 40))
		app[1] = (uint8_t)(129 + rnd(w, 3));
	return dnp_send(w, false, app, n, p);
}
