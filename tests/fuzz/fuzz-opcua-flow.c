/* SPDX-License-Identifier: MIT
 *
 * Fuzz target: OPC UA through the data path. The input is what the two ends
 * say, in order; a reader at the server takes what is let through.
 *
 *   options:1 | (end:1 length:2 bytes)...
 *   options   1 observe, 2 dissect only, 4 more security asked for, 8 replay's callback too
 *   end       bit 0: from the server
 *
 * The promise under test: on an unsecured channel no request reaches the
 * server whole that is not well formed, or writes a node that is not permitted.
 */
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/inspect.h"
#include "proto/opcua/gate.h"
#include "plant.h"
#include "proto/opcua/words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { OPT_OBSERVE = 1, OPT_DISSECT = 2, OPT_SECURE = 4, OPT_MESSAGE = 8 };
enum { SEGMENT = 8000, TAKEN = 1 << 20, STEPS = 400 };

struct world {
	uint8_t opt;
	struct inspect *in;
	struct inspect_out out;
	uint32_t seq[2];
	uint64_t now;
	uint32_t id;
	const uint8_t *ip;
	size_t ip_len;
	bool ended;
	uint8_t *taken; /* by the server */
	size_t n_taken;
};

static void must(bool ok)
{
	if (!ok)
		abort();
}

static struct pol_image *plant(uint8_t opt)
{
	static const char *const only[] = { "ns=1;s=A" };
	static struct node_pattern pattern[] = {
		{ .form = NODE_STRING, .ns = 1, .id = "A", .len = 1 }
	};
	struct opcua_allow a[2] = {
		{ .nodes = { .any = true }, .attributes = { .any = true } },
		{ .nodes = { .v = (const char **)(uintptr_t)only, .n = 1 },
		  .patterns = pattern,
		  .attribute_bits = 1 << 13 },
	};
	for (size_t i = 0; i < ua_services_n; i++)
		a[!strcmp(ua_services[i].name, "write")].services |= UINT64_C(1) << i;
	struct texts any = { .any = true };
	struct opcua_policy o = {
		.security = opt & OPT_SECURE ? UA_MODE_SIGN : UA_MODE_NONE,
		.unsecured_discovery = true,
		.opaque = true,
		.reverse_connect = true,
		.security_policies = any,
		.endpoint_urls = any,
		.client_certificates = any,
		.server_certificates = any,
		.user_tokens = any,
		.allow = a,
		.n_allow = 2,
	};
	struct flow flow = { .proto = PROTO_OPCUA, .l4 = IPPROTO_TCP, .policy = "p" };
	struct conduit how = { .flows = &flow,
			       .n_flows = 1,
			       .log = LOG_ALL,
			       .mode = opt & OPT_OBSERVE ? MODE_OBSERVE : MODE_ENFORCE };
	struct policy policy = { .name = "p", .proto = PROTO_OPCUA, .of = &o };
	struct pol_image *img = plant_image(how, &policy, 1, 1);
	must(img != NULL);
	return img;
}

static void on_verdict(void *ctx, uint32_t id, enum verdict v, const uint8_t *data, size_t len)
{
	struct world *w = ctx;
	struct packet p;
	must(id == w->id);
	if (!data) {
		data = w->ip;
		len = w->ip_len;
	}
	if (v != V_ACCEPT || packet_parse(data, len, false, &p) != R_NONE || (p.flags & TCP_RST)) {
		w->ended |= v != V_ACCEPT || (p.flags & TCP_RST);
		return;
	}
	if (p.dport != 4840 || p.len == 0)
		return;
	/* in order all through: what comes on begins where the last one ended, or repeats it */
	uint32_t at = p.seq - 1000;
	if (at != w->n_taken || w->n_taken + p.len > TAKEN)
		return;
	memcpy(w->taken + w->n_taken, p.data, p.len);
	w->n_taken += p.len;
}

static void on_event(void *ctx, const struct event *ev)
{
	(void)ctx;
	must(ev->reason < R_COUNT);
}

static void on_message(void *ctx, const struct event *ev, const void *m, uint32_t id)
{
	const struct ua_seen *s = m;
	(void)ctx;
	(void)id;
	must(ev->proto == PROTO_OPCUA && s->m->type <= UA_CLO && s->mode <= UA_MODE_ENCRYPT);
	for (unsigned i = 0; i < s->n_nodes && i < 8; i++)
		must(memchr(s->nodes[i], 0, sizeof(s->nodes[i])) != NULL);
}

static void put_be(uint8_t *p, uint32_t v, unsigned n)
{
	while (n--) {
		p[n] = (uint8_t)v;
		v >>= 8;
	}
}

static void send_segment(struct world *w, unsigned end, uint8_t flags, const uint8_t *data,
			 size_t n)
{
	static const uint8_t ends[2][4] = { { 10, 1, 0, 1 }, { 10, 2, 0, 1 } };
	uint8_t *p = calloc(1, 40 + n); /* exactly as long, so that a read past it is seen */
	must(p != NULL);
	p[0] = 0x45;
	put_be(p + 2, (uint32_t)(40 + n), 2);
	p[8] = 64;
	p[9] = IPPROTO_TCP;
	memcpy(p + 12, ends[end], 4);
	memcpy(p + 16, ends[!end], 4);
	put_be(p + 20, end ? 4840 : 40000, 2);
	put_be(p + 22, end ? 40000 : 4840, 2);
	put_be(p + 24, w->seq[end], 4);
	put_be(p + 28, flags == TCP_SYN ? 0 : w->seq[!end], 4);
	p[32] = 0x50;
	p[33] = flags;
	put_be(p + 34, 60000, 2);
	if (n)
		memcpy(p + 40, data, n);
	w->ip = p;
	w->ip_len = 40 + n;
	w->now += 1000000;
	struct inspect_pkt k = {
		.id = ++w->id, .now_ns = w->now, .wall_ns = w->now, .ip = p, .len = 40 + n
	};
	inspect_packet(w->in, &k, &w->out);
	w->seq[end] += (uint32_t)n + (flags & TCP_SYN ? 1 : 0);
	free(p);
}

static bool forbidden(void *ctx, const struct ua_visit *v)
{
	bool ok = v->node.ns == 1 && v->node.kind == UA_STRING && v->node.id.n == 1 &&
		  v->node.id.p[0] == 'A' && !v->node.foreign && v->attribute == 13;
	*(bool *)ctx |= v->role == UA_ROLE_WRITE && !ok;
	return true;
}

/* What a server without security makes of the bytes it has got. */
static void serve(const struct world *w)
{
	bool none = false;
	for (size_t at = 0; at < w->n_taken;) {
		const uint8_t *p = w->taken + at;
		enum reason why = R_NONE;
		int len = ua_frame(p, w->n_taken - at, &why);
		must(len >= 0);
		if (len == 0 || (size_t)len > w->n_taken - at)
			return;
		struct ua_msg m;
		struct ua_body b;
		bool bad = false;
		/* encrypted bodies are permitted: only what is opened as None is looked at */
		if (ua_parse(p, (size_t)len, NULL, UA_BODY_PLAIN, &m) == R_NONE && m.type == UA_OPN)
			none = m.policy == &ua_policies[0];
		if (none && m.type == UA_MSG && m.chunk == 'F' && m.readable &&
		    len <= UA_CHUNK_MAX &&
		    ua_body(m.body, m.body_len, false, &(struct ua_visitor){ forbidden, &bad },
			    &b) == R_NONE)
			must(!bad);
		at += (size_t)len;
	}
}

static bool next_step(struct world *w, const uint8_t **data, size_t *n)
{
	if (*n < 3)
		return false;
	unsigned end = (*data)[0] & 1;
	size_t len = (size_t)(*data)[1] << 8 | (*data)[2];
	*data += 3;
	*n -= 3;
	len = len > *n ? *n : len;
	for (size_t at = 0; at < len; at += SEGMENT) {
		size_t piece = len - at < SEGMENT ? len - at : SEGMENT;
		send_segment(w, end, TCP_ACK | TCP_PSH, *data + at, piece);
		send_segment(w, !end, TCP_ACK, NULL, 0);
	}
	*data += len;
	*n -= len;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (n < 1)
		return 0;
	struct world w = { .opt = data[0], .seq = { 999, 4999 }, .now = 1 };
	struct inspect_conf conf = { .max_connections = 4,
				     .hash_key = { 1, 2 },
				     .dissect_only = (w.opt & OPT_DISSECT) != 0 };
	struct pol_image *img = conf.dissect_only ? NULL : plant(w.opt);
	w.in = inspect_new(&conf);
	w.taken = malloc(TAKEN);
	must(w.in != NULL && w.taken != NULL);
	w.out = (struct inspect_out){ .ctx = &w,
				      .verdict = on_verdict,
				      .event = on_event,
				      .message = w.opt & OPT_MESSAGE ? on_message : NULL };
	if (img)
		inspect_policy(w.in, img);
	data++;
	n--;
	send_segment(&w, 0, TCP_SYN, NULL, 0);
	send_segment(&w, 1, TCP_SYN | TCP_ACK, NULL, 0);
	send_segment(&w, 0, TCP_ACK, NULL, 0);
	for (unsigned i = 0; i < STEPS && !w.ended && next_step(&w, &data, &n); i++)
		inspect_tick(w.in, w.now, w.now, &w.out);
	if (img && !(w.opt & OPT_OBSERVE))
		serve(&w);
	inspect_free(w.in);
	free(w.taken);
	free(img);
	return 0;
}
