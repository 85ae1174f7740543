/* SPDX-License-Identifier: MIT
 *
 * Fuzz target: OPC UA chunks and bodies. The first byte: bit 0 direction, bit 1
 * opaque bodies, the rest the channel's policy. Then one chunk, or, with bit 7,
 * a bare body. What parses must keep the promises that the policy relies on.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/opcua/wire-body.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct span {
	const uint8_t *p;
	size_t n;
	unsigned calls;
};

static void must(bool ok)
{
	if (!ok)
		abort();
}

static bool inside(const struct span *s, const struct ua_bytes *b)
{
	return b->n == 0 || (b->p >= s->p && b->p + b->n <= s->p + s->n);
}

static bool visit(void *ctx, const struct ua_visit *v)
{
	struct span *s = ctx;
	char text[UA_NODE_TEXT];
	s->calls++;
	must(v->role < UA_ROLES && inside(s, &v->node.id));
	must(v->node.kind == UA_NUMERIC || v->node.number == 0);
	ua_node_text(&v->node, text);
	must(memchr(text, 0, sizeof(text)) != NULL);
	return true;
}

static void check_body(const uint8_t *p, size_t n, bool response)
{
	struct span s = { p, n, 0 };
	struct ua_body b;
	enum reason why = ua_body(p, n, response, &(struct ua_visitor){ visit, &s }, &b);
	must(why < R_COUNT && s.calls == b.nodes && b.nodes <= n);
	must(inside(&s, &b.url) && inside(&s, &b.type.id));
	struct ua_application a = { { NULL, 0 }, { NULL, 0 }, { NULL, 0 } };
	if (ua_application(p, n, response, &a))
		must(b.service && inside(&s, &a.uri) && inside(&s, &a.product) &&
		     inside(&s, &a.name));
	if (why != R_NONE || !b.service)
		return;
	must(response ? b.has_result : (b.nodes == 0 || ua_service_names(b.service, 'n')));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (n < 1)
		return 0;
	bool response = data[0] & 1;
	enum ua_bodies bodies = data[0] & 2 ? UA_BODY_OPAQUE : UA_BODY_PLAIN;
	const struct ua_policy *pol = &ua_policies[(data[0] >> 2 & 31) % ua_policies_n];
	const uint8_t *p = data + 1;
	n--;
	if (data[0] & 0x80) {
		check_body(p, n, response);
		return 0;
	}
	enum reason why = R_NONE;
	int frame = ua_frame(p, n, &why);
	must(frame <= UA_CHUNK_HUGE && (frame < 0) == (why != R_NONE));
	struct ua_msg m;
	why = ua_parse(p, n, pol, bodies, &m);
	must(why < R_COUNT);
	(void)ua_plain(p, n, pol, response, data[0] & 1);
	struct span s = { p, n, 0 };
	must(inside(&s, &m.url) && inside(&s, &m.text) && inside(&s, &m.certificate) &&
	     inside(&s, &m.uri));
	if (m.readable) {
		must(m.body >= p && m.body + m.body_len <= p + n);
		check_body(m.body, m.body_len, response);
	}
	if (why == R_NONE)
		must((size_t)frame == m.size &&
		     (m.size == n || (m.size > UA_CHUNK_MAX && n < m.size)));
	return 0;
}
