/* SPDX-License-Identifier: MIT
 *
 * OPC UA chunks: framing and headers, OPC 10000-6 clauses 6.7.2 and 7.1.2.
 * The frame is drawn in wire.h; bodies are wire-body.c.
 *
 * Strictness: HEL, ACK, ERR, RHE, OPN and CLO are single chunks; an OPN of a
 * readable policy must have a body; string limits of the standard are kept.
 */
#include "proto/opcua/wire.h"

#include "proto/opcua/wire-read.h"

enum {
	UA_SECURED = 16,	   /* offset at which encryption begins in MSG and CLO */
	RSA_SIGNATURE_MOST = 1024, /* a key of 8192 bits */
};

typedef void ua_head(struct ua_read *u, struct ua_msg *m);

/* A string of at most max bytes. */
static struct ua_bytes short_string(struct ua_read *u, uint32_t max)
{
	struct ua_bytes b = ua_string(u);
	if (b.n > max)
		ua_fault(u, R_LENGTH);
	return b;
}

static void head_ack(struct ua_read *u, struct ua_msg *m)
{
	m->version = rd_le32(&u->r);
	m->recv_size = rd_le32(&u->r);
	m->send_size = rd_le32(&u->r);
	m->max_message = rd_le32(&u->r);
	m->max_chunks = rd_le32(&u->r);
	if (!u->r.bad && (m->recv_size < UA_CHUNK_LEAST || m->send_size < UA_CHUNK_LEAST))
		ua_fault(u, R_LENGTH);
}

static void head_hel(struct ua_read *u, struct ua_msg *m)
{
	head_ack(u, m);
	m->url = short_string(u, UA_URL_MAX);
}

static void head_err(struct ua_read *u, struct ua_msg *m)
{
	m->error = rd_le32(&u->r);
	m->has_error = !u->r.bad;
	m->text = short_string(u, UA_URL_MAX);
}

static void head_rhe(struct ua_read *u, struct ua_msg *m)
{
	m->server_uri = short_string(u, UA_URL_MAX);
	m->url = short_string(u, UA_URL_MAX);
}

static void sequence(struct ua_read *u, struct ua_msg *m, size_t signature)
{
	m->seq = rd_le32(&u->r);
	m->reqid = rd_le32(&u->r);
	if (signature > u->r.left)
		u->r.bad = true;
	if (u->r.bad)
		return;
	m->body_len = u->r.left - signature;
	m->body = rd_take(&u->r, m->body_len);
	rd_skip(&u->r, signature);
	m->readable = true;
}

static void head_opn(struct ua_read *u, struct ua_msg *m)
{
	m->channel = rd_le32(&u->r);
	m->has_channel = !u->r.bad;
	m->uri = short_string(u, UA_URI_MAX);
	m->certificate = short_string(u, UA_CERT_MAX);
	m->thumbprint = ua_string(u);
	m->policy = m->uri.p ? ua_policy_by_uri(m->uri.p, m->uri.n) : NULL;
	if (u->r.bad)
		return;
	/* 6.7.2.3: the thumbprint is SHA-1, or null */
	if (m->thumbprint.n != 0 && m->thumbprint.n != UA_THUMB)
		ua_fault(u, R_LENGTH);
	else if (m->policy && m->policy->opn_plain)
		sequence(u, m,
			 m->policy->opn_signature == UA_SIGNATURE_OF_KEY
				 ? 0
				 : m->policy->opn_signature);
	else
		rd_skip(&u->r, u->r.left);
}

bool ua_opn_signature_ok(const struct ua_policy *policy, size_t rest)
{
	if (!policy || policy->opn_signature != UA_SIGNATURE_OF_KEY)
		return rest == 0;
	return rest > 0 && rest <= RSA_SIGNATURE_MOST;
}

static void head_msg(struct ua_read *u, struct ua_msg *m)
{
	m->channel = rd_le32(&u->r);
	m->has_channel = !u->r.bad;
	m->token = rd_le32(&u->r);
}

/* Rows by enum ua_type. */
static const struct {
	char name[4];
	ua_head *head;
	uint32_t least, most; /* size of a chunk */
			      /* clang-format off */
} types[] = {
	[UA_HEL] = { "HEL", head_hel, 32, 32 + UA_URL_MAX },
	[UA_ACK] = { "ACK", head_ack, 28, 28 },
	[UA_ERR] = { "ERR", head_err, 16, 16 + UA_URL_MAX },
	[UA_RHE] = { "RHE", head_rhe, 16, 16 + 2 * UA_URL_MAX },
	[UA_OPN] = { "OPN", head_opn, 32, UA_CHUNK_MAX },
	[UA_MSG] = { "MSG", head_msg, 24, UA_CHUNK_HUGE },
	[UA_CLO] = { "CLO", head_msg, 24, UA_CHUNK_MAX },
};
/* clang-format on */
enum { TYPES = sizeof(types) / sizeof(types[0]) };

const char *ua_type_name(enum ua_type t)
{
	return (unsigned)t < TYPES ? types[t].name : "?";
}

/* The row that the first n (at most 3) letters may belong to; TYPES: none. */
static unsigned type_of(const uint8_t *p, size_t n)
{
	unsigned i = 0;
	while (i < TYPES && memcmp(types[i].name, p, n < 3 ? n : 3) != 0)
		i++;
	return i;
}

static bool chunk_ok(unsigned type, uint8_t c)
{
	return c == 'F' || (type == UA_MSG && (c == 'C' || c == 'A'));
}

int ua_frame(const uint8_t *p, size_t n, enum reason *why)
{
	if (n == 0)
		return 0;
	unsigned t = type_of(p, n);
	if (t == TYPES || (n > 3 && !chunk_ok(t, p[3]))) {
		*why = R_UA_TYPE;
		return -1;
	}
	struct rd r = rd_init(p, n);
	rd_skip(&r, 4);
	uint32_t size = rd_le32(&r);
	if (r.bad)
		return 0;
	if (size < types[t].least || size > types[t].most) {
		*why = R_LENGTH;
		return -1;
	}
	return (int)size;
}

static void symmetric(struct ua_read *u, struct ua_msg *m, enum ua_bodies bodies)
{
	const struct ua_policy *pol = m->policy;
	if (bodies == UA_BODY_OPAQUE && pol && pol->block) {
		/* 6.7.2.5: padded to whole blocks, from the sequence header on */
		if (m->size == UA_SECURED || (m->size - UA_SECURED) % pol->block)
			ua_fault(u, R_UA_ENCRYPTED);
		rd_skip(&u->r, u->r.left);
		return;
	}
	if (bodies == UA_BODY_OPAQUE) {
		rd_skip(&u->r, u->r.left);
		return;
	}
	bool whole = u->r.left == m->size - UA_SECURED;
	sequence(u, m, pol && whole ? pol->signature : 0);
	if (m->readable && m->chunk == 'A') { /* 7.1.4: the body of an abort is that of an ERR */
		struct ua_read a = { .r = rd_init(m->body, m->body_len) };
		head_err(&a, m);
		if (!rd_done(&a.r))
			ua_fault(u, a.why != R_NONE ? a.why : a.r.bad ? R_TRUNCATED : R_TRAILING);
	}
}

enum reason ua_parse(const uint8_t *p, size_t n, const struct ua_policy *policy,
		     enum ua_bodies bodies, struct ua_msg *m)
{
	*m = (struct ua_msg){ .policy = policy };
	enum reason why = R_NONE;
	int size = ua_frame(p, n, &why);
	if (size < 0)
		return why;
	if (size == 0)
		return R_TRUNCATED;
	struct ua_read u = { .r = rd_init(p, n) };
	m->type = (enum ua_type)type_of(p, 3);
	m->chunk = (char)p[3];
	m->size = (uint32_t)size;
	bool begins = m->type == UA_MSG && size > UA_CHUNK_MAX && m->chunk != 'A';
	if ((size_t)size != n && (!begins || n > (size_t)size))
		return n < (size_t)size ? R_TRUNCATED : R_LENGTH;
	rd_skip(&u.r, UA_HEADER);
	types[m->type].head(&u, m);
	if (!u.r.bad && (m->type == UA_MSG || m->type == UA_CLO))
		symmetric(&u, m, bodies);
	if (u.why != R_NONE)
		return u.why;
	if (u.r.bad)
		return R_TRUNCATED;
	return u.r.left ? R_TRAILING : R_NONE;
}

/* To its end, or u->r.bad. */
static void skip_header(struct ua_read *u, bool response)
{
	if (response) {
		rd_skip(&u->r, 16); /* time, handle, result */
		ua_value(u, UA_T_DIAGNOSTIC);
		for (uint32_t n = ua_count(u); n && !u->r.bad; n--)
			ua_string(u);
	} else {
		ua_node(u, false);
		rd_skip(&u->r, 16); /* time, handle, diagnostics wanted */
		ua_string(u);
		rd_skip(&u->r, 4);
	}
	ua_value(u, UA_T_EXTENSION);
}

/* The TypeId may come in any form that means the same; a stack that reads it
 * as an ExpandedNodeId takes more of them than the standard's NodeId has. */
bool ua_plain(const uint8_t *p, size_t n, const struct ua_policy *policy, bool response, bool first)
{
	struct ua_msg m;
	if (ua_parse(p, n, policy, UA_BODY_PLAIN, &m) != R_NONE || !m.readable)
		return false;
	if (m.chunk == 'A')
		return true;
	struct ua_read u = { .r = rd_init(m.body, m.body_len) };
	struct ua_node type = ua_node(&u, true);
	if (u.r.bad || type.ns != 0 || type.kind != UA_NUMERIC)
		return false;
	const struct ua_service *s = ua_service_by_id(type.number);
	bool fault = response && type.number == UA_SERVICE_FAULT;
	bool known = fault || (s && type.number == (response ? s->response : s->request));
	skip_header(&u, response);
	bool asked = first && !response;
	if (!u.r.bad)
		return known || asked;
	if (u.why != R_NONE)
		return false;
	return n < m.size ? known || asked : first && known && m.chunk == 'C';
}
