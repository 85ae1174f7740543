/* SPDX-License-Identifier: MIT
 *
 * OPC UA service messages, read by the field letters of wire-table.c:
 *
 *   b 1 byte (Boolean, Byte)   u 4 bytes (numbers, enumerations, StatusCode)
 *   B the same                 l 8 bytes (DateTime, Double, Int64)
 *   s String, ByteString       S the same, the EndpointUrl
 *   n NodeId                   e ExpandedNodeId
 *   q QualifiedName            t LocalizedText
 *   x ExtensionObject          v Variant          d DataValue
 *   [ ... ] array of structures with these fields
 *   a AttributeId              i Double, a sampling interval   I a publishing interval
 *   U user identity token      H one HistoryUpdateDetails
 *   @r NodeId kept for the attribute that follows; r is a role
 *   !r NodeId, or ExpandedNodeId by its role, that is named now
 *   T request type, M security mode, C channel, K token, L lifetime
 *
 * OPC 10000-4 clause 5. Not one byte may be left over in a request: fields that
 * this reader does not see are fields that no policy judged.
 */
#include <math.h>
#include <string.h>

#include "base/sb.h"
#include "proto/opcua/wire-read.h"

struct walk {
	struct ua_read u;
	struct ua_body *b;
	struct ua_visitor to; /* visit NULL: nobody is called, or no more */
	struct ua_visit kept; /* of '@', until its attribute is read */
};

static const struct {
	char letter;
	enum ua_role role;
	bool expanded;
	/* clang-format off */
} roles[] = {
	{ 'r', UA_ROLE_READ, false }, { 'w', UA_ROLE_WRITE, false },
	{ 'o', UA_ROLE_CALL_OBJECT, false }, { 'm', UA_ROLE_CALL_METHOD, false },
	{ 'b', UA_ROLE_BROWSE, false }, { 'x', UA_ROLE_MONITOR, false },
	{ '+', UA_ROLE_ADD, true }, { '-', UA_ROLE_DELETE, false },
	{ 'f', UA_ROLE_REFERENCE, false }, { 'F', UA_ROLE_REFERENCE, true },
	{ 'h', UA_ROLE_HISTORY_READ, false }, { 't', UA_ROLE_TRANSLATE, false },
	{ 'p', UA_ROLE_REGISTER, false }, { 'q', UA_ROLE_QUERY, true },
};
/* clang-format on */

static const struct {
	uint16_t id;
	enum ua_token token;
	/* clang-format off */
} tokens[] = {
	{ 321, UA_TOKEN_ANONYMOUS },
	{ 324, UA_TOKEN_USER_NAME },
	{ 327, UA_TOKEN_X509 },
	{ 940, UA_TOKEN_ISSUED },
};
/* clang-format on */

const char *const ua_token_names[] = { "none",	 "anonymous", "user-name", "x509",
				       "issued", "other",     NULL };

/* clang-format off */
const char *const ua_role_names[] = {
	"read",		  "write",     "call-object", "call-method", "browse",
	"monitor",	  "add",       "delete",      "reference",   "history-read",
	"history-update", "translate", "register",    "query",	     NULL,
};
/* clang-format on */

/* OPC 10000-6 annex A, AttributeIds; the index is the id. */
/* clang-format off */
static const char *const attributes[] = {
	NULL, "node-id", "node-class", "browse-name", "display-name", "description", "write-mask",
	"user-write-mask", "is-abstract", "symmetric", "inverse-name", "contains-no-loops",
	"event-notifier", "value", "data-type", "value-rank", "array-dimensions", "access-level",
	"user-access-level", "minimum-sampling-interval", "historizing", "executable",
	"user-executable", "data-type-definition", "role-permissions", "user-role-permissions",
	"access-restrictions", "access-level-ex",
};
/* clang-format on */

const char *ua_attribute_name(uint32_t id)
{
	return id < sizeof(attributes) / sizeof(attributes[0]) ? attributes[id] : NULL;
}

uint32_t ua_attribute_by_name(const char *name)
{
	for (uint32_t i = 1; i < sizeof(attributes) / sizeof(attributes[0]); i++)
		if (strcmp(attributes[i], name) == 0)
			return i;
	return 0;
}

static void emit(struct walk *w, const struct ua_visit *v)
{
	if (w->u.r.bad)
		return;
	w->b->nodes++;
	if (w->to.visit && !w->to.visit(w->to.ctx, v))
		w->to.visit = NULL;
}

static void take_node(struct walk *w, char letter, bool keep)
{
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
		if (roles[i].letter != letter)
			continue;
		w->kept = (struct ua_visit){ .role = roles[i].role,
					     .node = ua_node(&w->u, roles[i].expanded) };
		if (!keep)
			emit(w, &w->kept);
		return;
	}
	ua_fault(&w->u, R_FORMAT);
}

static void take_attribute(struct walk *w)
{
	w->kept.attribute = rd_le32(&w->u.r);
	w->kept.has_attribute = true;
	emit(w, &w->kept);
}

/* An infinite interval or a NaN is none; a server that gets one may end. */
static bool read_interval(struct walk *w, double *ms)
{
	*ms = ua_double(&w->u);
	if (!w->u.r.bad && !isfinite(*ms))
		ua_fault(&w->u, R_FORMAT);
	return !w->u.r.bad;
}

/* Below zero, and above what 32 bits hold, is up to the server: taken for the fastest there is. */
static void note_interval(struct walk *w, double ms)
{
	struct ua_body *b = w->b;
	if (ms < 0 || ms > (double)UA_INTERVAL_MOST)
		ms = 0;
	if (!b->has_interval || ms < b->interval)
		b->interval = ms;
	b->has_interval = true;
}

/* OPC 10000-4 (1.05) 5.14.2: 0 and what is negative ask for the fastest that the server has. */
static void take_publishing(struct walk *w)
{
	double ms;
	if (read_interval(w, &ms))
		note_interval(w, ms);
}

/* OPC 10000-4 (1.05) 7.21: -1 is the publishing interval of the subscription, which is judged when
 * it is asked for. Any other negative number should mean the same; not every server takes it so. 0
 * leaves it to the server. Events are not sampled: clients have to write 0 (5.13.1.2). */
static void take_sampling(struct walk *w)
{
	double ms;
	if (!read_interval(w, &ms) ||
	    (w->kept.has_attribute && w->kept.attribute == UA_EVENT_NOTIFIER))
		return;
	if (ms >= 0 && ms <= 0)
		w->b->server_sampling = true;
	else if (!(ms >= -1 && ms <= -1))
		note_interval(w, ms);
}

static bool in_ns0(const struct ua_node *n)
{
	return n->kind == UA_NUMERIC && n->ns == 0 && !n->foreign;
}

/* OPC 10000-4 5.6.3: a null or empty token is to be taken as anonymous. */
static void take_user(struct walk *w)
{
	struct ua_node type;
	uint8_t enc;
	ua_extension(&w->u, &type, &enc);
	if (w->u.r.bad)
		return;
	w->b->user = UA_TOKEN_OTHER;
	if (enc == 0)
		w->b->user = UA_TOKEN_ANONYMOUS;
	for (size_t i = 0; enc == 1 && i < sizeof(tokens) / sizeof(tokens[0]); i++)
		if (in_ns0(&type) && type.number == tokens[i].id)
			w->b->user = tokens[i].token;
}

/* OPC 10000-4 5.10.5: every HistoryUpdateDetails begins with its NodeId. */
static void take_history(struct walk *w)
{
	static const uint16_t known[] = { 682, 685, 688, 691, 694, 11300 };
	struct ua_node type;
	uint8_t enc;
	struct ua_bytes body = ua_extension(&w->u, &type, &enc);
	bool ok = false;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		ok |= in_ns0(&type) && type.number == known[i];
	if (w->u.r.bad)
		return;
	struct ua_read inner = { .r = rd_init(body.p, body.n) };
	struct ua_visit v = { .role = UA_ROLE_HISTORY_UPDATE };
	v.node = ua_node(&inner, false);
	if (!ok || enc != 1 || inner.r.bad)
		ua_fault(&w->u, R_FORMAT);
	emit(w, &v);
}

/* Letters that fill one number of struct ua_body. */
static uint32_t *number_of(struct ua_body *b, char letter)
{
	switch (letter) {
	case 'T':
		return &b->request_type;
	case 'M':
		return &b->mode;
	case 'C':
		return &b->channel;
	case 'K':
		return &b->token;
	case 'L':
		return &b->lifetime;
	default:
		return NULL;
	}
}

static void take_field(struct walk *w, char letter)
{
	static const struct {
		char letter;
		uint8_t type;
	} plain[] = {
		{ 'b', UA_T_BYTE },	  { 'B', UA_T_BYTE },	 { 'u', UA_T_UINT32 },
		{ 'l', UA_T_INT64 },	  { 's', UA_T_STRING },	 { 'n', UA_T_NODE },
		{ 'e', UA_T_XNODE },	  { 'q', UA_T_QNAME },	 { 't', UA_T_TEXT },
		{ 'x', UA_T_EXTENSION },  { 'v', UA_T_VARIANT }, { 'd', UA_T_DATAVALUE },
		{ 'g', UA_T_DIAGNOSTIC },
	};
	static const struct {
		char letter;
		void (*take)(struct walk *w);
	} facts[] = {
		{ 'a', take_attribute }, { 'i', take_sampling }, { 'I', take_publishing },
		{ 'U', take_user },	 { 'H', take_history },
	};
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		if (plain[i].letter == letter) {
			ua_value(&w->u, plain[i].type);
			return;
		}
	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
		if (facts[i].letter == letter) {
			facts[i].take(w);
			return;
		}
	uint32_t *number = number_of(w->b, letter);
	if (number)
		*number = rd_le32(&w->u.r);
	else if (letter == 'S')
		w->b->url = ua_string(&w->u);
	else
		ua_fault(&w->u, R_FORMAT);
}

/* Behind the ']' that ends the array whose fields begin at f. */
static const char *array_end(const char *f)
{
	for (unsigned open = 1; *f && open; f++)
		open += (*f == '[') - (unsigned)(*f == ']');
	return f;
}

/* To the end of the fields, or of the array's; arrays nest three deep in the table. */
static void walk_fields(struct walk *w, const char *f)
{
	for (; *f && *f != ']' && !w->u.r.bad; f++) {
		if (*f == '[') {
			uint32_t n = ua_count(&w->u);
			for (uint32_t i = 0; i < n && !w->u.r.bad; i++)
				walk_fields(w, f + 1);
			f = array_end(f + 1) - 1;
		} else if ((*f == '@' || *f == '!') && f[1]) {
			take_node(w, f[1], *f == '@');
			f++;
		} else {
			take_field(w, *f);
		}
	}
}

static void request_header(struct walk *w)
{
	walk_fields(w, "n");
	w->b->stamp = w->u.r.p;
	walk_fields(w, "l");
	w->b->handle = rd_le32(&w->u.r);
	walk_fields(w, "usux");
	w->b->fields = w->u.r.bad ? NULL : w->u.r.p;
}

static void response_header(struct walk *w)
{
	walk_fields(w, "l");
	w->b->handle = rd_le32(&w->u.r);
	w->b->result = rd_le32(&w->u.r);
	w->b->has_result = !w->u.r.bad;
	walk_fields(w, "g[s]x");
	w->b->fields = w->u.r.bad ? NULL : w->u.r.p;
}

static void take_type(struct walk *w, bool response)
{
	struct ua_body *b = w->b;
	b->type = ua_node(&w->u, false);
	b->has_type = !w->u.r.bad;
	if (!b->has_type || !in_ns0(&b->type))
		return;
	const struct ua_service *s = ua_service_by_id(b->type.number);
	if (s && b->type.number == (response ? s->response : s->request))
		b->service = s;
}

enum reason ua_body(const uint8_t *p, size_t n, bool response, const struct ua_visitor *to,
		    struct ua_body *b)
{
	struct walk w = { .u = { .r = rd_init(p, n) }, .b = b };
	if (to)
		w.to = *to;
	*b = (struct ua_body){ .has_type = false };
	take_type(&w, response);
	bool fault = response && in_ns0(&b->type) && b->type.number == UA_SERVICE_FAULT;
	if (b->service || fault) {
		if (response)
			response_header(&w);
		else
			request_header(&w);
		const char *f =
			b->service ? (response ? b->service->answer : b->service->fields) : "";
		if (f)
			walk_fields(&w, f);
		else
			rd_skip(&w.u.r, w.u.r.left);
	} else {
		rd_skip(&w.u.r, w.u.r.left);
	}
	if (w.u.why != R_NONE)
		return w.u.why;
	if (w.u.r.bad)
		return R_TRUNCATED;
	b->rest = w.u.r.left;
	return b->rest ? R_TRAILING : R_NONE;
}

/* Printable text as it is, or two digits a byte. */
static void put_id(struct sb *b, const struct ua_bytes *id, bool hex)
{
	for (uint32_t i = 0; i < id->n && i < UA_NODE_TEXT; i++) {
		uint8_t c = id->p[i];
		if (hex)
			sb_printf(b, "%02x", c);
		else
			sb_printf(b, "%c", c >= 0x20 && c < 0x7f ? c : '?');
	}
}

/* 8-4-4-4-12 digits; the first three fields are little endian on the wire (5.2.2.6). */
static void put_guid(struct sb *b, const struct ua_bytes *id)
{
	struct rd r = rd_init(id->p, id->n);
	sb_printf(b, "%08x", rd_le32(&r));
	sb_printf(b, "-%04x", rd_le16(&r));
	sb_printf(b, "-%04x-", rd_le16(&r));
	for (unsigned i = 0; i < 8; i++)
		sb_printf(b, i == 2 ? "-%02x" : "%02x", rd_u8(&r));
}

void ua_node_text(const struct ua_node *n, char out[UA_NODE_TEXT])
{
	static const char letters[] = "isgb";
	struct sb b = sb_init(out, UA_NODE_TEXT);
	sb_printf(&b, "ns=%u;%c=", n->ns, letters[n->kind & 3]);
	if (n->kind == UA_NUMERIC)
		sb_printf(&b, "%u", n->number);
	else if (n->kind == UA_GUID)
		put_guid(&b, &n->id);
	else
		put_id(&b, &n->id, n->kind == UA_OPAQUE);
}
