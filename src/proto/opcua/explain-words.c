/* SPDX-License-Identifier: MIT
 * OPC UA requests from words: one chunk behind an open channel without security (HEL, ACK, OPN and
 * its answer). */
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "proto/opcua/explain.h"

enum { CHANNEL = 3, TOKEN = 1, BUFFER = 65536, LIFETIME_MS = 3600000 };
enum { OPEN_CHANNEL_ANSWER = 449, DOUBLE = 11, HAS_VALUE = 1 };

struct said {
	const struct explain_words *w;
	const struct ua_service *service;
	const char *node[2];
	size_t n_nodes, node_at;
	uint32_t attribute;
	bool has_value;
	double value;
};

static void put_text(struct explain_octets *o, const char *s)
{
	explain_put_le(o, s ? strlen(s) : UINT32_MAX, 4);
	explain_put(o, s ? s : "", s ? strlen(s) : 0);
}

/* "i=85", "ns=1;s=Level.1", "ns=2;i=7" */
static bool put_node(struct explain_octets *o, const char *text)
{
	char ns_text[8] = "0";
	uint64_t ns = 0, number;
	if (strncmp(text, "ns=", 3) == 0) {
		size_t n = strcspn(text + 3, ";");
		if (n >= sizeof(ns_text) || !text[3 + n])
			return false;
		memcpy(ns_text, text + 3, n);
		ns_text[n] = '\0';
		text += 4 + n;
	}
	if (!num_parse(ns_text, 0, 65535, &ns) || (text[0] != 'i' && text[0] != 's') ||
	    text[1] != '=' || !text[2])
		return false;
	if (text[0] == 'i' && !num_parse(text + 2, 0, UINT32_MAX, &number))
		return false;
	explain_put_le(o, text[0] == 'i' ? 2 : 3, 1);
	explain_put_le(o, ns, 2);
	if (text[0] == 'i')
		explain_put_le(o, number, 4);
	else
		put_text(o, text + 2);
	return true;
}

static void put_type(struct explain_octets *o, unsigned id)
{
	explain_put_le(o, 1, 1);
	explain_put_le(o, 0, 1);
	explain_put_le(o, id, 2);
}

static void put_request_header(struct explain_octets *o, unsigned id, unsigned handle)
{
	put_type(o, id);
	explain_put_le(o, 0, 2); /* no session */
	explain_put_le(o, 0, 8);
	explain_put_le(o, handle, 4);
	explain_put_le(o, 0, 4);
	put_text(o, NULL);
	explain_put_le(o, 10000, 4);
	explain_put_le(o, 0, 3);
}

/* ---- the words ---- */

static const struct ua_service *service_said(const struct explain_words *w)
{
	static const char *const names[] = { "read", "write", "call", "browse" };
	for (size_t i = 0; i < 4; i++)
		if (strcmp(w->v[0], names[i]) == 0)
			return ua_service_by_name(names[i]);
	const struct ua_service *s = ua_service_by_name(w->v[0]);
	const char *near = name_nearest(w->v[0], names, 4);
	explain_complain(w, 0,
			 s ? "%s cannot be written in words; give the message with --hex%s%s%s"
			   : "there is no such service in words: \"%s\"%s%s%s",
			 w->v[0], near && !s ? "; did you mean \"" : "", near && !s ? near : "",
			 near && !s ? "\"?" : "");
	return NULL;
}

static size_t ua_read_word(struct said *s, size_t i)
{
	const char *word = s->w->v[i], *next = i + 1 < s->w->n ? s->w->v[i + 1] : "";
	char *end;
	if (strcmp(word, "attribute") == 0) {
		s->attribute = ua_attribute_by_name(next);
		if (!s->attribute)
			explain_complain(s->w, i + 1,
					 "there is no attribute \"%s\"; zoned-model(5) "
					 "lists them",
					 next);
		return 2;
	}
	/* of a node, ns = 1 ; i = 5 is one word, which the "=" have parted */
	if (strcmp(next, "=") == 0 &&
	    (strcmp(word, "ns") == 0 || strcmp(word, "i") == 0 || strcmp(word, "s") == 0))
		return 0;
	if (strcmp(word, "=") == 0) {
		s->value = strtod(next, &end);
		s->has_value = *next && !*end;
		if (!s->has_value)
			explain_complain(s->w, i + 1, "a number is missing behind \"=\"");
		return 2;
	}
	explain_complain(s->w, i, "\"%s\" is not expected here", word);
	return 1;
}

/* The words of one node, joined: "ns", "=", "1;s", "=", "Level.1". */
static size_t join_node(struct said *s, size_t i, char *out, size_t room)
{
	size_t n = 0, k = i;
	out[0] = '\0';
	while (k + 2 < s->w->n && strcmp(s->w->v[k + 1], "=") == 0) {
		n += (size_t)snprintf(out + n, room - n, "%s=", s->w->v[k]);
		k += 2;
		if (n >= room)
			return 0;
		const char *last = strrchr(s->w->v[k], ';');
		if (!last) {
			snprintf(out + n, room - n, "%s", s->w->v[k]);
			return k + 1 - i;
		}
	}
	return 0;
}

static bool ua_is_complete(const struct said *s, size_t before)
{
	bool writes = s->service->classes & UA_WRITE, calls = s->service->classes & UA_CALL;
	if (s->n_nodes != (calls ? 2u : 1u))
		explain_complain(s->w, 0,
				 calls ? "write call OBJECT METHOD, two nodes"
				       : "%s needs one node, such as ns=1;s=Level.1",
				 s->service->name);
	if (writes != s->has_value)
		explain_complain(s->w, 0, writes ? "%s needs = NUMBER" : "%s has no value",
				 s->service->name);
	return s->w->errs->total == before;
}

/* ---- a request ---- */

static bool put_fields(struct explain_octets *o, const struct said *s)
{
	bool good = true;
	uint64_t bits;
	unsigned classes = s->service->classes;
	if (classes & UA_READ) {
		explain_put_le(o, 0, 8);
		explain_put_le(o, 0, 4);
	}
	if (classes & UA_BROWSE) {
		explain_put_le(o, 0, 2 + 8 + 4);
		explain_put_le(o, 0, 4);
	}
	explain_put_le(o, 1, 4);
	for (size_t i = 0; i < s->n_nodes; i++)
		good &= put_node(o, s->node[i]);
	if (classes & (UA_READ | UA_WRITE)) {
		explain_put_le(o, s->attribute ? s->attribute : UA_VALUE, 4);
		put_text(o, NULL);
	}
	if (classes & UA_READ) {
		explain_put_le(o, 0, 2);
		put_text(o, NULL);
	} else if (classes & UA_WRITE) {
		memcpy(&bits, &s->value, sizeof(bits));
		explain_put_le(o, HAS_VALUE, 1);
		explain_put_le(o, DOUBLE, 1);
		explain_put_le(o, bits, 8);
	} else if (classes & UA_CALL) {
		explain_put_le(o, UINT32_MAX, 4);
	} else {
		explain_put_le(o, 0, 4);
		explain_put_le(o, 0, 2);
		explain_put_le(o, 0, 1);
		explain_put_le(o, 0, 4);
		explain_put_le(o, 0x3f, 4);
	}
	return good;
}

/* ---- chunks ---- */

static bool add_chunk(struct explain_message *out, bool answer, const char *kind,
		      const struct explain_octets *body)
{
	struct explain_octets o = { .n = 0 };
	explain_put(&o, kind, 4);
	explain_put_le(&o, 8 + body->n, 4);
	explain_put(&o, body->b, body->n);
	return o.n == 8 + body->n && explain_add(out, answer, &o);
}

static bool add_hello(struct explain_message *out, bool answer)
{
	struct explain_octets o = { .n = 0 };
	explain_put_le(&o, 0, 4);
	explain_put_le(&o, BUFFER, 4);
	explain_put_le(&o, BUFFER, 4);
	explain_put_le(&o, 0, 8);
	if (!answer)
		put_text(&o, "opc.tcp://server:4840");
	return add_chunk(out, answer, answer ? "ACKF" : "HELF", &o);
}

static bool add_open(struct explain_message *out, bool answer)
{
	struct explain_octets o = { .n = 0 };
	explain_put_le(&o, answer ? CHANNEL : 0, 4);
	put_text(&o, "http://opcfoundation.org/UA/SecurityPolicy#None");
	put_text(&o, NULL);
	put_text(&o, NULL);
	explain_put_le(&o, 1, 4);
	explain_put_le(&o, 1, 4);
	if (answer) {
		put_type(&o, OPEN_CHANNEL_ANSWER);
		explain_put_le(&o, 0, 8);
		explain_put_le(&o, 1, 4);
		explain_put_le(&o, 0, 4);
		explain_put_le(&o, 0, 1);
		put_text(&o, NULL);
		explain_put_le(&o, 0, 3);
		explain_put_le(&o, 0, 4);
		explain_put_le(&o, CHANNEL, 4);
		explain_put_le(&o, TOKEN, 4);
		explain_put_le(&o, 0, 8);
	} else {
		put_request_header(&o, UA_OPEN_CHANNEL, 1);
		explain_put_le(&o, 0, 4);
		explain_put_le(&o, 0, 4);
		explain_put_le(&o, UA_MODE_NONE, 4);
		put_text(&o, NULL);
	}
	explain_put_le(&o, LIFETIME_MS, 4);
	if (answer)
		put_text(&o, NULL);
	return add_chunk(out, answer, "OPNF", &o);
}

bool ua_compose(const struct explain_words *w, struct explain_message *out)
{
	static char node[2][256];
	size_t before = w->errs->total;
	struct said s = { .w = w, .service = service_said(w) };
	struct explain_octets o = { .n = 0 };
	if (!s.service)
		return false;
	for (size_t i = 1; i < w->n;) {
		size_t n = ua_read_word(&s, i);
		if (n || s.n_nodes == 2) {
			i += n ? n : 1;
			continue;
		}
		n = join_node(&s, i, node[s.n_nodes], sizeof(node[0]));
		if (!n)
			explain_complain(w, i,
					 "\"%s\" begins no node; write ns=1;s=NAME or ns=1;i=N",
					 w->v[i]);
		s.node_at = i;
		s.node[s.n_nodes] = node[s.n_nodes];
		s.n_nodes += n != 0;
		i += n ? n : 1;
	}
	if (w->errs->total != before || !ua_is_complete(&s, before))
		return false;
	explain_put_le(&o, CHANNEL, 4);
	explain_put_le(&o, TOKEN, 4);
	explain_put_le(&o, 2, 4);
	explain_put_le(&o, 2, 4);
	put_request_header(&o, s.service->request, 2);
	if (!put_fields(&o, &s)) {
		explain_complain(w, s.node_at, "\"%s\" is no node; write ns=1;s=NAME or ns=1;i=N",
				 s.node[s.n_nodes - 1]);
		return false;
	}
	snprintf(out->assumed, sizeof(out->assumed), "a channel without security, and no session");
	return add_hello(out, false) && add_hello(out, true) && add_open(out, false) &&
	       add_open(out, true) && add_chunk(out, false, "MSGF", &o);
}

/* ---- of a record ---- */

bool ua_record_words(const struct explain_record *r, FILE *f)
{
	char text[4][24];
	const char *service = explain_field(r, "service", text[0], 24),
		   *named = explain_field(r, "named", text[1], 24),
		   *attribute = explain_field(r, "attribute", text[2], 24);
	bool writes = service && strcmp(service, "write") == 0,
	     browses = service && strcmp(service, "browse") == 0;
	if (!service || !named || (!writes && !browses && strcmp(service, "read") != 0) ||
	    !strchr(named, '='))
		return false;
	fprintf(f, "%s %s", service, named);
	if (attribute && !browses)
		fprintf(f, " attribute %s", attribute);
	/* records have no value, and policies judge none */
	fputs(writes ? " = 0" : "", f);
	return true;
}
