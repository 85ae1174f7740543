/* SPDX-License-Identifier: MIT
 * explain: from words, octets or a record to a connection and its message. */
#include <ctype.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/num.h"
#include "base/sb.h"
#include "model/internal.h"
#include "zonectl/explain.h"

enum { CLIENT_PORT = 40000, KEY_MAX = 32, VALUE_MAX = 512, PORT_MAX = 65535 };

#define P(symbol, name, word, port, over) [PROTO_##symbol] = &explain_##name,
static const struct explain_ops *const ops[PROTO_N] = { PROTOCOLS(P) };
#undef P

const struct explain_ops *explain_ops_of(uint8_t proto)
{
	return proto < PROTO_N ? ops[proto] : NULL;
}

void explain_complain(const struct explain_words *w, size_t i, const char *fmt, ...)
{
	char text[300];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	errs_add(w->errs, "word", (unsigned)(w->first + i), "%s", text);
}

bool explain_number(const struct explain_words *w, size_t i, uint64_t max, uint64_t *out)
{
	if (i < w->n && num_parse(w->v[i], 0, max, out))
		return true;
	explain_complain(w, i, "%s%s%s; write a number from 0 to %llu", i < w->n ? "\"" : "",
			 i < w->n ? w->v[i] : "a number is missing", i < w->n ? "\" is none" : "",
			 (unsigned long long)max);
	return false;
}

const struct explain_named *explain_named(const struct explain_named *rows, size_t n,
					  const char *word)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(word, rows[i].word) == 0)
			return &rows[i];
	return NULL;
}

uint8_t *explain_part(struct explain_message *m, bool answer, size_t n)
{
	if (m->parts == EXPLAIN_PARTS || n > sizeof(m->b) - m->n)
		return NULL;
	m->part[m->parts].answer = answer;
	m->part[m->parts].at = m->n;
	m->part[m->parts++].n = n;
	m->n += n;
	return m->b + m->n - n;
}

/* ---- the two ends ---- */

static bool asset_named(const struct model *m, const char *name, struct addr *a)
{
	for (size_t z = 1; z < m->n_zones; z++)
		for (size_t i = 0; i < m->zones[z].n_assets; i++)
			if (strcmp(m->zones[z].assets[i].name, name) == 0) {
				*a = m->zones[z].assets[i].addr;
				return true;
			}
	return false;
}

static const char *nearest_asset(const struct model *m, const char *name)
{
	size_t n = 0, cap = 0;
	for (size_t z = 1; z < m->n_zones; z++)
		cap += m->zones[z].n_assets;
	const char **names = calloc(cap + 1, sizeof(*names));
	for (size_t z = 1; names && z < m->n_zones; z++)
		for (size_t i = 0; i < m->zones[z].n_assets; i++)
			names[n++] = m->zones[z].assets[i].name;
	const char *near = names ? name_nearest(name, names, n) : NULL;
	free(names);
	return near;
}

/* ADDRESS, ADDRESS:PORT, [ADDRESS]:PORT, or an asset's name in place of the address. */
static bool read_end(const struct explain *x, const struct explain_words *w, size_t i,
		     struct addr *a, uint16_t *port)
{
	char text[ADDR_TEXT + 8];
	const char *word = w->v[i];
	uint64_t v = 0;
	snprintf(text, sizeof(text), "%s", *word == '[' ? word + 1 : word);
	char *colon = strrchr(text, ':'), *close = strchr(text, ']');
	bool with_port =
		*word == '[' ? close && close[1] == ':' : colon && strchr(text, ':') == colon;
	if (with_port) {
		if (!num_parse(colon + 1, 1, PORT_MAX, &v)) {
			explain_complain(w, i, "\"%s\" is no port; write 1 to %d", colon + 1,
					 PORT_MAX);
			return false;
		}
		*colon = '\0';
		*port = (uint16_t)v;
	}
	if (close)
		*close = '\0';
	if (addr_parse(text, a) || asset_named(x->m, text, a))
		return true;
	const char *near = nearest_asset(x->m, text);
	explain_complain(w, i, "\"%s\" is neither an address nor an asset of the model%s%s%s", text,
			 near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
	return false;
}

/* ---- what goes between them ---- */

static const struct service *service_named(const char *name)
{
	for (size_t i = 0; i < services_n; i++)
		if (strcmp(services[i].name, name) == 0)
			return &services[i];
	return NULL;
}

static void complain_of_kind(const struct explain_words *w, size_t i)
{
	const char *names[64] = { "tcp", "udp", "ping" };
	size_t n = 3;
	for (unsigned p = PROTO_NONE + 1; p < PROTO_N; p++)
		names[n++] = proto_word(p);
	for (size_t k = 0; k < services_n && n < 64; k++)
		names[n++] = services[k].name;
	const char *near = name_nearest(w->v[i], names, n);
	explain_complain(w, i, "\"%s\" is neither an inspected protocol nor a service; %s%s%s",
			 w->v[i], near ? "did you mean \"" : "write tcp PORT, udp PORT or ping",
			 near ? near : "", near ? "\"?" : "");
}

static uint8_t proto_named(const char *word)
{
	for (uint8_t p = PROTO_NONE + 1; p < PROTO_N; p++)
		if (strcmp(proto_word(p), word) == 0)
			return p;
	return PROTO_NONE;
}

static bool end_of_words(const struct explain_words *w, size_t i)
{
	if (i < w->n)
		explain_complain(w, i, "nothing is expected from \"%s\" on", w->v[i]);
	return i >= w->n;
}

/* icmp TYPE, ip PROTOCOL: the words of the model, or numbers. */
static bool kind_words(struct explain *x, const struct explain_words *w, size_t i)
{
	struct reach_ends *of = &x->packet.of;
	bool icmp = strcmp(w->v[i], "icmp") == 0;
	const char *key = !icmp			   ? "ip_protocols"
			  : of->client.family == 4 ? "icmp_types"
						   : "icmpv6_types";
	struct ip_kind k;
	if (i + 1 >= w->n || !model_kind_named(key, w->v[i + 1], &k)) {
		explain_complain(w, i + 1 < w->n ? i + 1 : i, "write %s, of %s, or its number",
				 icmp ? "icmp and a type" : "ip and a protocol", key);
		return false;
	}
	of->l4 = k.l4;
	of->cport = of->sport = icmp;
	x->packet.icmp_type = k.type;
	return end_of_words(w, i + 2);
}

/* A connection of it: by its first port, or the first kind that these addresses can have. */
static void first_of_service(struct explain *x, const struct flow *f)
{
	struct reach_ends *of = &x->packet.of;
	uint8_t other = of->client.family == 4 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	of->l4 = f->l4;
	if (f->n_ports && !of->sport)
		of->sport = f->ports[0].lo;
	for (size_t i = f->n_kinds; i-- > 0;)
		if (f->kinds[i].l4 != other) {
			of->l4 = f->kinds[i].l4;
			x->packet.icmp_type = f->kinds[i].type;
			of->cport = of->sport = f->kinds[i].type != 0;
		}
}

/* tcp PORT, udp PORT, icmp TYPE, ip PROTOCOL, ping, or a service. */
static bool plain_kind(struct explain *x, const struct explain_words *w, size_t i)
{
	struct reach_ends *of = &x->packet.of;
	bool tcp = strcmp(w->v[i], "tcp") == 0, udp = strcmp(w->v[i], "udp") == 0;
	const struct service *s = service_named(w->v[i]);
	uint64_t port;
	if (tcp || udp) {
		of->l4 = tcp ? IPPROTO_TCP : IPPROTO_UDP;
		if (of->sport && i + 1 == w->n)
			return true;
		if (!explain_number(w, i + 1, PORT_MAX, &port))
			return false;
		of->sport = (uint16_t)port;
		return end_of_words(w, i + 2);
	}
	if (strcmp(w->v[i], "icmp") == 0 || strcmp(w->v[i], "ip") == 0)
		return kind_words(x, w, i);
	const struct own_service *own = model_service(x->m, w->v[i]);
	if (own) {
		first_of_service(x, &own->what);
		return end_of_words(w, i + 1);
	}
	if (!s) {
		complain_of_kind(w, i);
		return false;
	}
	of->l4 = s->l4;
	if (s->l4 == IPPROTO_ICMP) {
		x->packet.icmp_type = of->client.family == 4 ? 8 : 128;
		of->cport = of->sport = 1;
	} else if (!of->sport) {
		of->sport = s->ports[0];
	}
	return end_of_words(w, i + 1);
}

static bool message_kind(struct explain *x, const struct explain_words *w, size_t i)
{
	struct reach_ends *of = &x->packet.of;
	const struct explain_ops *o = explain_ops_of(x->proto);
	struct explain_words rest = { .n = w->n - i - 1,
				      .first = w->first + i + 1,
				      .errs = w->errs };
	of->l4 = proto_over(x->proto, IPPROTO_TCP) ? IPPROTO_TCP : IPPROTO_UDP;
	if (rest.n && strcmp(w->v[i + 1], "over-udp") == 0 && proto_over(x->proto, IPPROTO_UDP)) {
		of->l4 = IPPROTO_UDP;
		rest.n--;
		rest.first++;
	}
	if (!of->sport)
		of->sport = proto_port(x->proto);
	memcpy(rest.v, w->v + (w->n - rest.n), rest.n * sizeof(*rest.v));
	if (!rest.n)
		return true; /* the connection alone, or octets */
	if (o->compose)
		return o->compose(&rest, x->msg);
	explain_complain(w, i,
			 "operations of this protocol cannot be written in words; give the "
			 "message with --hex, or --frame of a capture");
	return false;
}

bool explain_question(struct explain *x, struct explain_words *w)
{
	size_t before = w->errs->total;
	bool arrow = w->n > 1 && (strcmp(w->v[1], "->") == 0 || strcmp(w->v[1], ">") == 0);
	size_t to = arrow ? 2 : 1;
	if (w->n < to + 2) {
		explain_complain(w, w->n,
				 "write FROM -> TO and what goes between them: tcp PORT, "
				 "udp PORT, a service, or a protocol and its operation");
		return false;
	}
	struct reach_ends *of = &x->packet.of;
	*of = (struct reach_ends){ .cport = CLIENT_PORT };
	bool ends = read_end(x, w, 0, &of->client, &of->cport);
	ends &= read_end(x, w, to, &of->server, &of->sport);
	if (ends && of->client.family != of->server.family)
		explain_complain(w, to, "an IPv4 and an IPv6 address: no packet goes between them");
	x->proto = proto_named(w->v[to + 1]);
	if (x->proto == PROTO_NONE)
		plain_kind(x, w, to + 1);
	else
		message_kind(x, w, to + 1);
	return w->errs->total == before;
}

/* ---- octets ---- */

bool explain_hex(struct explain *x, const struct explain_words *w, const char *hex)
{
	uint8_t b[EXPLAIN_BYTES];
	size_t n = 0;
	int high = -1;
	for (const char *p = hex; *p; p++) {
		int d = hex_digit(*p);
		if (d < 0 && strchr(" :-\n\t", *p))
			continue;
		if (d < 0 || n == sizeof(b)) {
			errs_add(w->errs, "--hex", (unsigned)(p - hex) + 1,
				 d < 0 ? "'%c' is no hexadecimal digit" : "too long at '%c'",
				 isprint((unsigned char)*p) ? *p : '?');
			return false;
		}
		if (high >= 0)
			b[n++] = (uint8_t)(high << 4 | d);
		high = high >= 0 ? -1 : d;
	}
	if (high >= 0 || !n) {
		errs_add(w->errs, "--hex", (unsigned)strlen(hex),
			 n || high >= 0 ? "half an octet at the end" : "no octets");
		return false;
	}
	x->msg->parts = x->msg->n = 0;
	memcpy(explain_part(x->msg, false, n), b, n);
	return true;
}

/* ---- records ---- */

const char *explain_field(const struct explain_record *r, const char *name, char *text, size_t n)
{
	const json_t *v = json_object_get(r->o, name);
	if (json_is_string(v))
		return json_string_value(v);
	if (!json_is_integer(v))
		return NULL;
	snprintf(text, n, "%lld", (long long)json_integer_value(v));
	return text;
}

/* KEY=VALUE or KEY="VALUE" behind a space; what stands before the first is for people. */
static const char *one_field(const char *p, json_t *o)
{
	char key[KEY_MAX], value[VALUE_MAX];
	size_t k = strspn(p, "abcdefghijklmnopqrstuvwxyz_0123456789"), n = 0;
	if (!k || k >= sizeof(key) || p[k] != '=')
		return p + k;
	memcpy(key, p, k);
	key[k] = '\0';
	p += k + 1;
	bool quoted = *p == '"';
	for (p += quoted; *p && *p != (quoted ? '"' : ' ') && *p != '\n'; p++)
		if (n + 1 < sizeof(value))
			value[n++] = *p;
	value[n] = '\0';
	json_object_set_new(o, key, json_string(value));
	return *p == '"' ? p + 1 : p;
}

json_t *explain_record(const char *text)
{
	json_error_t je;
	const char *brace = text + strspn(text, " \t\n");
	json_t *o = *brace == '{' ? json_loads(brace, 0, &je) : json_object();
	for (const char *p = text; *brace != '{' && *p;) {
		bool begins = p == text || p[-1] == ' ';
		const char *next = begins ? one_field(p, o) : p;
		p = next > p ? next : p + 1;
	}
	if (o && json_is_object(o) && json_object_get(o, "reason"))
		return o;
	json_decref(o);
	return NULL;
}

static void put_end(FILE *f, const char *addr, const char *port)
{
	if (!port)
		fputs(addr, f);
	else
		fprintf(f, strchr(addr, ':') ? "[%s]:%s" : "%s:%s", addr, port);
}

bool explain_record_words(const json_t *record, char *out, size_t n)
{
	char text[5][24];
	const struct explain_record r = { record };
	const char *dir = explain_field(&r, "dir", text[0], 24);
	bool answer = dir && strcmp(dir, "response") == 0;
	const char *src = explain_field(&r, answer ? "dst" : "src", text[1], 24),
		   *dst = explain_field(&r, answer ? "src" : "dst", text[2], 24),
		   *sport = explain_field(&r, answer ? "dport" : "sport", text[3], 24),
		   *dport = explain_field(&r, answer ? "sport" : "dport", text[4], 24),
		   *proto = explain_field(&r, "proto", text[0], 24);
	FILE *f = src && dst && proto ? fmemopen(out, n, "w") : NULL;
	if (!f)
		return false;
	uint8_t p = proto_named(proto);
	const struct explain_ops *o = explain_ops_of(p);
	put_end(f, src, sport);
	fputs(" -> ", f);
	put_end(f, dst, dport);
	bool ip = strcmp(proto, "ip") == 0;
	fprintf(f, " %s", p != PROTO_NONE ? proto : ip ? "ping" : proto);
	if (o && o->words && !answer) {
		char words[VALUE_MAX] = "";
		FILE *g = fmemopen(words, sizeof(words), "w");
		bool had = g && o->words(&r, g);
		if (g)
			fclose(g);
		if (had)
			fprintf(f, " %s", words);
	}
	bool whole = !ferror(f);
	return fclose(f) == 0 && whole;
}
