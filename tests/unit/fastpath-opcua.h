/* SPDX-License-Identifier: MIT
 * What an OPC UA client and a server say in test-fastpath.c, whose world this uses. */
#include "opcua-samples.h"

enum { UA_READS = 6, UA_NODE = 1000, UA_HELLO_LEN = 28 };

static struct pol_image *ua_plant(uint32_t generation, struct conduit how)
{
	static const char *const names[] = { "read", "publish", "create-subscription", "write" };
	static struct node_pattern pattern = {
		.form = NODE_NUMBER, .ns = 2, .lo = UA_NODE, .hi = UA_NODE + 3
	};
	const char *node = "ns=2;i=1000-1003";
	struct where at = { "test", 1 };
	struct texts any = { .any = true, .set = true };
	struct opcua_allow a = {
		.nodes = { .v = &node, .n = 1, .at = &at, .set = true },
		.patterns = &pattern,
		.attributes = { .set = true },
		.attribute_bits = 1u << 13,
		.least_interval = 100,
		.has_interval = true,
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		a.services |= UINT64_C(1) << (ua_service_by_name(names[i]) - ua_services);
	struct opcua_policy o = {
		.security = UA_MODE_NONE,
		.opaque = (generation & 3) != 0,
		.security_policies = any,
		.endpoint_urls = any,
		.client_certificates = any,
		.server_certificates = any,
		.user_tokens = any,
		.allow = &a,
		.n_allow = 1,
	};
	struct flow flow = { .proto = PROTO_OPCUA, .l4 = IPPROTO_TCP, .policy = "p" };
	struct policy policy = { .name = "p", .proto = PROTO_OPCUA, .of = &o };
	how.flows = &flow;
	how.n_flows = 1;
	struct pol_image *img = plant_image(how, &policy, 1, generation);
	must(img != NULL);
	return img;
}

/* By connection: its mode, and how a session names itself. */
static enum ua_mode ua_mode(const struct world *w)
{
	return (enum ua_mode)(UA_MODE_NONE + w->cport % 3);
}

static void ua_random(struct world *w, struct make *m, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put8(m, (uint8_t)rnd(w, 256));
}

static void ua_open_begin(struct world *w, struct make *m, bool answer)
{
	size_t at;
	bool none = ua_mode(w) == UA_MODE_NONE;
	uint32_t seq = answer ? ++w->ua.answers : ++w->ua.asked;
	at = opn_begin(m, w->ua.channel, none ? "None" : "Basic256Sha256",
		       none ? NULL : "certificate");
	if (!none) {
		ua_random(w, m, 256);
	} else {
		put_u32(m, seq);
		put_u32(m, seq);
		if (answer)
			put_open_response(m, w->ua.channel, w->ua.token);
		else
			put_open_request(m, w->ua.channel != 0, UA_MODE_NONE);
	}
	chunk_done(m, at);
}

/* The header with its fill, the type, and the end: encrypted, signed, or neither. */
static size_t ua_chunk_begin(struct world *w, struct make *m, uint32_t seq, uint32_t id)
{
	uint32_t token = w->ua.token - (odd(w, 30) ? rnd(w, 3) : 0);
	const char *head = odd(w, 80)	 ? "MSGA"
			   : odd(w, 60)	 ? "MSGC"
			   : odd(w, 200) ? "CLOF"
					 : "MSGF";
	uint32_t n[2] = { seq + (odd(w, 60) ? rnd(w, 3) : 0), id };
	return msg_begin(m, head, w->ua.channel + (odd(w, 100) ? 1 : 0), token, n);
}

static void ua_chunk_end(struct world *w, struct make *m, size_t at)
{
	if (ua_mode(w) == UA_MODE_SIGN)
		ua_random(w, m, odd(w, 40) ? 0 : 32);
	if (ua_mode(w) == UA_MODE_ENCRYPT) {
		bool shown = odd(w, 60); /* as if it were not */
		size_t from = m->n;
		while ((m->n - at - 16) % 16 != 0)
			put8(m, 0);
		if (odd(w, 40))
			put8(m, 0);
		for (size_t i = at + (shown ? 24 : 16); i < (shown ? from : m->n); i++)
			m->b[i] = shown ? m->b[i] : (uint8_t)rnd(w, 256);
	}
	chunk_done(m, at);
	if (odd(w, 40))
		m->b[at + 4]++;
	if (odd(w, 40))
		m->b[at + rnd(w, (uint32_t)(m->n - at))] ^= (uint8_t)(1u << rnd(w, 8));
}

static void ua_header(struct world *w, struct make *m, uint16_t type)
{
	put_type(m, type);
	if (w->cport % 2)
		put_numeric(m, 1, 77);
	else
		put_node_str(m, 1, "session");
	ua_random(w, m, 12);
	put_u32(m, 0);
	put_str(m, NULL);
	put_u32(m, 10000);
	put_no_extension(m);
}

static void ua_ask(struct world *w, struct make *m)
{
	/* the one before, that may still wait */
	uint32_t id = odd(w, 30) ? w->ua.asked : w->ua.asked + 1;
	size_t at = ua_chunk_begin(w, m, w->ua.asked + 1, id);
	uint32_t what = rnd(w, odd(w, 6) ? 9 : UA_READS);
	w->ua.asked++;
	if (what == 4) { /* acknowledges notifications */
		uint32_t n = rnd(w, 3);
		ua_header(w, m, 826);
		put_u32(m, n);
		for (uint32_t i = 0; i < n; i++) {
			put_u32(m, 5);
			put_u32(m, (uint32_t)w->rnd);
		}
	} else if (what == 3) {
		ua_header(w, m, 673);
		put_u32(m, 1);
		put_numeric(m, 2, UA_NODE + 3 + (odd(w, 20) ? 1 : 0));
		put_u32(m, 13);
		put_str(m, NULL);
		put8(m, 1); /* a value only: Int32 */
		put8(m, 6);
		put_u32(m, odd(w, 10) ? 8 : 7);
	} else if (what < UA_READS || what == 6) {
		uint32_t n = what == 5 ? 1 + rnd(w, odd(w, 2) ? 40 : 3) : 1 + what % 2;
		ua_header(w, m, what == 6 ? 673 : 631);
		put_le(m, 0, 8);
		put_u32(m, 3);
		put_u32(m, n);
		for (uint32_t i = 0; i < n; i++) {
			put_numeric(m, 2, UA_NODE + (what + i) % 4 + (odd(w, 20) ? 1 : 0));
			put_u32(m, 13);
			put_str(m, NULL);
			put_le(m, 0, 2);
			put_str(m, NULL);
		}
	} else {
		ua_header(w, m, what == 7 ? 787 : 467);
		put_double(m, odd(w, 10) ? -1 : 10.0 * rnd(w, 50));
		for (unsigned i = 0; i < 3; i++)
			put_u32(m, 10);
		put8(m, 1);
		put8(m, 1);
	}
	ua_chunk_end(w, m, at);
}

/* HEL; when that is acknowledged, OPN; when that is answered, all else. */
static size_t ua_request(struct world *w, uint8_t *p)
{
	static struct make m;
	uint32_t got = w->end[0].n_got, said = (uint16_t)(w->tid - w->first_tid);
	m.n = 0;
	if (said == 0) {
		w->ua = (struct ua_end){ .channel = 0 };
		put_hello(&m, "HELF", "opc.tcp://plc:4840");
		if (w->cport % 5 == 0)
			/* its buffer for responses has 1,024 bytes */
			m.b[13] = 4, m.b[14] = 0;
	} else if (got < UA_HELLO_LEN || (said > 1 && got == UA_HELLO_LEN)) {
		w->end[0].open = ++w->ua.idle < 50; /* else nothing comes any more */
		return 0;
	} else if (said == 1 || odd(w, 60)) {
		ua_open_begin(w, &m, false);
	} else {
		ua_ask(w, &m);
	}
	w->tid++;
	memcpy(p, m.b, m.n);
	return m.n;
}

static uint32_t ua_le32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static size_t ua_length(const uint8_t *q, size_t have)
{
	return have < 8 || have < ua_le32(q + 4) || ua_le32(q + 4) < 8 ? 0 : ua_le32(q + 4);
}

static void ua_say(struct world *w, struct make *m, const uint8_t *q, size_t n)
{
	uint32_t type = ua_mode(w) == UA_MODE_ENCRYPT ? 631 : n > 27 ? ua_le32(q + 24) >> 16 : 0;
	uint32_t id = ua_le32(q + 20) + (odd(w, 60) ? 1 : 0);
	size_t at = ua_chunk_begin(w, m, w->ua.answers + 1, id);
	w->ua.answers++;
	type += 3 + (odd(w, 40) ? rnd(w, 4) : 0);
	if (odd(w, 40)) {
		put_type(m, (uint16_t)type); /* and nothing of its header */
	} else {
		put_response(m, one_in(w, 40) ? UA_SERVICE_FAULT : (uint16_t)type,
			     odd(w, 20) ? 0x80010000 : 0);
		ua_random(w, m, rnd(w, one_in(w, 20) ? 1250 : 90));
	}
	ua_chunk_end(w, m, at);
}

static size_t ua_response(struct world *w, const uint8_t *q, uint8_t *p)
{
	static struct make m;
	size_t n = ua_le32(q + 4);
	m.n = 0;
	w->answered = w->tid;
	if (q[0] == 'H') {
		put_hello(&m, "ACKF", NULL);
	} else if (q[0] == 'O') {
		w->ua.channel = 7;
		w->ua.token++;
		ua_open_begin(w, &m, true);
	} else if (q[0] == 'M' && n >= 24) {
		ua_say(w, &m, q, n);
	}
	memcpy(p, m.b, m.n);
	return m.n;
}
