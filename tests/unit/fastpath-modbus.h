/* SPDX-License-Identifier: MIT
 * What a Modbus client and a device say in test-fastpath.c, whose world this uses. */
static struct pol_image *plant(uint32_t generation, struct conduit how)
{
	static struct range units[] = { { 1, 3 }, { 7, 7 } },
			    low[] = { { 0, 999 }, { 2000, 2099 } }, qty[] = { { 1, 125 } },
			    set[] = { { 100, 199 }, { 300, 310 } },
			    values[] = { { 0, 500 }, { 1000, 2000 } }, bits[] = { { 0, 1 } },
			    on[] = { { 1, 1 } }, typed[] = { { 950, 953 }, { 960, 961 } },
			    around[] = { { 940, 999 } };
	/* values of two registers, of which about one in two is permitted */
	static struct modbus_typed numbers = { .registers = { .v = typed, .n = 2 },
					       .type = MB_UINT32,
					       .order = MB_CDAB,
					       .scale = { .digits = 1 },
					       .finite = { 0, 0x00640000 } };
	struct modbus_allow a[] = {
		{ .units = { .v = units, .n = 2 },
		  .addresses = { .v = low, .n = 2 },
		  .functions = { 0x1e } }, /* 1-4 */
		{ .units = { .v = units, .n = 1 },
		  .addresses = { .v = low, .n = 1 },
		  .quantity = { .v = qty, .n = 1 },
		  .values = { .v = bits, .n = 1 },
		  .functions = { 0x20, 0x80 } }, /* 5, 15 */
		{ .units = { .v = units, .n = 2 },
		  .addresses = { .v = set, .n = 2 },
		  .values = { .v = values, .n = 2 },
		  .functions = { 0x40, 0, 0x01 } }, /* 6, 16 */
		{ .units = { .any = true },
		  .addresses = { .any = true },
		  .values = { .v = on, .n = 1 },
		  .functions = { 0x20 } }, /* 5, switching on only */
		{ .units = { .any = true }, .functions = { 0, 0, 0x02 } }, /* 17 */
		{ .units = { .v = units, .n = 1 },
		  .addresses = { .v = around, .n = 1 },
		  .values = { .v = values, .n = 1 },
		  .typed = &numbers,
		  .n_typed = 1,
		  .functions = { 0x40, 0, 0x41 } }, /* 6, 16, 22 */
	};
	struct flow flow = { .proto = PROTO_MODBUS, .l4 = IPPROTO_TCP, .policy = "p" };
	static const unsigned tolerate[] = { 0, MB_TOL_ALL & ~MB_TOL_PADDED, 0,
					     MB_TOL_ALL & ~MB_TOL_LENGTH };
	struct modbus_policy p = { .allow = a,
				   .n_allow = sizeof(a) / sizeof(a[0]),
				   .tolerates = tolerate[generation % 4] };
	struct policy policy = { .name = "p", .proto = PROTO_MODBUS, .of = &p };
	how.flows = &flow;
	how.n_flows = 1;
	struct pol_image *img = plant_image(how, &policy, 1, generation);
	must(img != NULL);
	return img;
}

static size_t put_adu(uint8_t *p, uint16_t tid, uint8_t unit, const uint8_t *pdu, size_t n)
{
	put_be16(p, tid);
	put_be16(p + 2, 0);
	put_be16(p + 4, (uint32_t)n + 1);
	p[6] = unit;
	memcpy(p + 7, pdu, n);
	return n + 7;
}

/* The last request once more, of another address; at times with something else changed that makes
 * it another. */
static size_t like_before(struct world *w, uint8_t *p)
{
	size_t n = w->n_before;
	memcpy(p, w->before, n);
	put_be16(p, ++w->tid);
	if (n < 12)
		return n;
	put_be16(p + 8, odd(w, 4) ? rnd(w, 0x10000) : (uint32_t)be16(p + 8) + 2 - rnd(w, 5));
	if (odd(w, 5)) {
		const size_t where[] = { 2, 3, 6, 7, 10, 11, 11, n - 1 };
		size_t i = where[rnd(w, 8)];
		p[i] = (uint8_t)(one_in(w, 2) ? rnd(w, 256) : p[i] + 1u);
	}
	return n;
}

static size_t new_request(struct world *w, uint8_t *p)
{
	static const uint8_t codes[] = { 1, 2, 3, 4, 5, 6, 15, 16, 17, 3, 4, 3, 4, 3, 22 };
	static const uint16_t addrs[] = { 0, 100, 110, 300, 305, 950, 2000, 2050, 60000 };
	uint8_t b[300], fc = codes[rnd(w, odd(w, 4) ? sizeof(codes) : one_in(w, 4) ? 8 : 4)];
	uint32_t qty = 1 + rnd(w, odd(w, 20) ? 130 : one_in(w, 3) ? 60 : 8);
	size_t n = 5;
	b[0] = fc;
	uint32_t row = odd(w, 9)	     ? rnd(w, 9)
		       : fc == 6 || fc == 16 ? (one_in(w, 4) ? 5 : 1)
					     : rnd(w, 3);
	put_be16(b + 1, addrs[row] + rnd(w, 20));
	put_be16(b + 3, qty);
	if (fc == 5)
		put_be16(b + 3, one_in(w, 2) ? 0xff00 : odd(w, 20) ? 0x100 : 0);
	if (fc == 6)
		put_be16(b + 3, rnd(w, odd(w, 20) ? 2500 : 501));
	if (fc == 15 || fc == 16) {
		size_t bytes = fc == 15 ? (qty + 7) / 8 : 2 * qty;
		bytes = bytes > 246 ? 246 : bytes;
		b[5] = (uint8_t)bytes;
		for (size_t i = 0; i < bytes; i++)
			b[6 + i] = (uint8_t)(fc == 15 ? (qty % 8 ? 1 : rnd(w, 256))
					     : i % 2  ? rnd(w, 200)
						      : one_in(w, 30));
		n = 6 + bytes;
	}
	if (fc == 17)
		n = 1;
	if (fc == 22) {
		put_be16(b + 5, 0xffff);
		n = 7;
	}
	n = put_adu(p, ++w->tid, odd(w, 20) ? (uint8_t)rnd(w, 9) : 1, b, n);
	if (odd(w, 60))
		p[rnd(w, (uint32_t)n)] ^= (uint8_t)(1u << rnd(w, 8));
	return n;
}

static size_t one_request(struct world *w, uint8_t *p)
{
	size_t n = w->n_before && one_in(w, 3) ? like_before(w, p) : new_request(w, p);
	if (be16(p + 4) + 6u == n) {
		memcpy(w->before, p, n);
		w->n_before = n;
	}
	return n;
}

static size_t one_length(const uint8_t *q, size_t have)
{
	return have < 8 || have < 6u + be16(q + 4) ? 0 : 6u + be16(q + 4);
}

/* As devices do that a policy may tolerate, and what is next to it. */
static size_t leave_form(struct world *w, uint8_t *p, size_t n)
{
	size_t more = 1 + rnd(w, 4);
	switch (rnd(w, 5)) {
	case 0:
		p[6] = (uint8_t)rnd(w, 9);
		break;
	case 1:
		put_be16(p, rnd(w, 2));
		break;
	case 2:
		put_be16(p + 4, (uint32_t)(n - 6 + more));
		break;
	case 3: /* zeros, mostly */
		memset(p + n, one_in(w, 9), more);
		put_be16(p + 4, (uint32_t)(n - 6 + more));
		return n + more;
	default: /* the last of a value or quantity */
		p[n - 1] = (uint8_t)rnd(w, 4);
	}
	return n;
}

/* The device's answer to the request at q; 0: none. */
static size_t one_response(struct world *w, const uint8_t *q, uint8_t *p)
{
	uint8_t b[300] = { q[7] };
	uint16_t qty = be16(q + 10);
	size_t n = 5;
	w->answered = be16(q);
	if (q[7] >= 1 && q[7] <= 4) {
		b[1] = (uint8_t)(q[7] <= 2 ? (qty + 7) / 8 : 2 * qty);
		for (int i = 0; i < b[1]; i++)
			b[2 + i] = (uint8_t)rnd(w, 256);
		n = 2u + b[1];
	} else if (q[7] == 17) {
		memcpy(b + 1, (const uint8_t[]){ 2, 1, 0xff }, 3);
		n = 4;
	} else {
		memcpy(b + 1, q + 8, 6);
		n = q[7] == 22 ? 7 : 5;
	}
	if (one_in(w, 15)) {
		b[0] |= 0x80;
		b[1] = (uint8_t)(one_in(w, 4) ? rnd(w, 256) : 2);
		n = 2;
	}
	n = put_adu(p, be16(q), q[6], b, n);
	if (odd(w, 8))
		n = leave_form(w, p, n);
	if (odd(w, 80))
		p[rnd(w, (uint32_t)n)] ^= (uint8_t)(1u << rnd(w, 8));
	if (odd(w, 12)) { /* the answer to something else */
		size_t i = rnd(w, 9);
		p[i] = (uint8_t)(one_in(w, 3) ? rnd(w, 256) : p[i] + 1u);
	}
	return n;
}
