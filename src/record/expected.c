/* SPDX-License-Identifier: MIT
 * What was expected and what came: of what no protocol has its own words for, and the parts that
 * the protocols share. */
#include "record/expected.h"

#include <netinet/in.h>
#include <string.h>

/* ---- parts ---- */

void expected_name(struct sb *b, const char *name, uint32_t number)
{
	if (name)
		sb_puts(b, name);
	else
		sb_put_number(b, number);
}

void expected_item(struct sb *b, const char *text)
{
	if (b->len)
		sb_put_bytes(b, ", ", 2);
	sb_puts(b, text);
}

void expected_span(struct sb *b, uint64_t from, uint64_t to)
{
	sb_put_number(b, from);
	if (from == to)
		return;
	sb_putc(b, '-');
	sb_put_number(b, to);
}

void expected_ranges(struct sb *b, const struct pol_image *img, const struct pol_rset *s)
{
	const struct pol_range *v = policy_ranges(img, s);
	if (s->any || !s->n)
		sb_puts(b, s->any ? "any" : "none");
	for (uint32_t i = 0; !s->any && i < s->n && !b->cut; i++) {
		if (i)
			sb_put_bytes(b, ", ", 2);
		expected_span(b, v[i].lo, v[i].hi);
	}
}

const struct pol_rule *expected_rule(const struct expected_case *c, uint32_t i)
{
	if (!c->flow || i >= c->flow->n_rules || i >= EXPECTED_RULES)
		return NULL;
	return policy_rule(c->img, c->flow->proto, c->flow->rule0 + i);
}

/* ---- of every protocol ---- */

static void put_port(struct sb *b, const struct event *ev)
{
	sb_puts(b, ev->l4 == IPPROTO_TCP ? "TCP" : ev->l4 == IPPROTO_UDP ? "UDP" : "IP protocol");
	sb_puts(b, event_has_ports(ev) ? " port " : " ");
	if (event_has_ports(ev))
		sb_put_number(b, ev->dport);
	else if (ev->l4 != IPPROTO_TCP && ev->l4 != IPPROTO_UDP)
		sb_put_number(b, ev->l4);
}

static void put_zone(struct sb *b, const struct pol_image *img, const struct addr *a)
{
	sb_puts(b, policy_zone_name(img, policy_zone_of(img, a)));
}

static void put_conduit(const struct expected_case *c, struct sb *e, struct sb *came)
{
	if (!c->img)
		return;
	sb_puts(e, "a conduit from zone ");
	put_zone(e, c->img, &c->ev->src);
	sb_puts(e, " to zone ");
	put_zone(e, c->img, &c->ev->dst);
	sb_puts(e, " with ");
	put_port(e, c->ev);
	put_port(came, c->ev);
	sb_puts(came, ", which none has");
}

static void put_unknown_zone(const struct expected_case *c, struct sb *e, struct sb *came)
{
	const struct addr *ends[] = { &c->ev->src, &c->ev->dst };
	char text[ADDR_TEXT];
	sb_puts(e, "addresses in the networks of a zone");
	for (unsigned i = 0; c->img && i < 2; i++) {
		if (policy_zone_of(c->img, ends[i]) != POL_ZONE_UNKNOWN)
			continue;
		event_addr_text(ends[i], text);
		expected_item(came, text);
	}
}

static void put_wrong_interface(const struct expected_case *c, struct sb *e, struct sb *came)
{
	if (!c->img)
		return;
	sb_puts(e, "in by an interface of zone ");
	put_zone(e, c->img, &c->ev->src);
	sb_puts(e, ", out by one of zone ");
	put_zone(e, c->img, &c->ev->dst);
	if (c->ev->in) {
		sb_puts(came, "in by ");
		event_put_interface(came, c->view, c->ev->in);
	}
	if (c->ev->out) {
		sb_puts(came, came->len ? ", out by " : "out by ");
		event_put_interface(came, c->view, c->ev->out);
	}
}

static void put_rate(const struct expected_case *c, struct sb *e, struct sb *came)
{
	bool writes = c->ev->reason == R_WRITE_RATE;
	if (!c->flow)
		return;
	sb_puts(e, "at most ");
	sb_put_number(e, writes ? c->flow->max_writes : c->flow->max_requests);
	sb_puts(e, writes ? " writes a second" : " requests a second");
	sb_puts(came, "one more");
}

static const struct {
	enum reason why;
	/* what the number in the event is; its limits are in the event */
	const char *number;
	const char *expected; /* where there is no number */
	void (*put)(const struct expected_case *c, struct sb *e, struct sb *came);
	/* clang-format off */
} words[] = {
	{ R_NO_CONDUIT, NULL, NULL, put_conduit },
	{ R_UNKNOWN_ZONE, NULL, NULL, put_unknown_zone },
	{ R_SPOOFED, NULL, NULL, put_wrong_interface },
	{ R_WAY_OUT, NULL, NULL, put_wrong_interface },
	{ R_WRONG_MAC, NULL, "the MAC address that the model has for this asset", NULL },
	{ R_REQUEST_RATE, NULL, NULL, put_rate },
	{ R_WRITE_RATE, NULL, NULL, put_rate },
	{ R_FILE, "file", NULL, NULL },
	{ R_PROTOCOL_ID, "protocol identifier", "protocol identifier 0", NULL },
	{ R_LENGTH, "length field", "a length field that fits the message and the protocol's limits", NULL },
	{ R_TRUNCATED, "octets", "octets up to the last field", NULL },
	{ R_TRAILING, "octets", "no octets behind the last field", NULL },
	{ R_BYTE_COUNT, "byte count", "a byte count that fits the quantity and the data", NULL },
	{ R_UNSOLICITED, NULL, "an answer to an outstanding request", NULL },
	{ R_DUPLICATE_TID, NULL, "an identifier of no outstanding request", NULL },
	{ R_OVERLAP, NULL, "the octets that came first", NULL },
	{ R_STREAM_GAP, NULL, "a connection seen from its start", NULL },
	{ R_OUT_OF_WINDOW, NULL, "sequence numbers that the receiver accepts", NULL },
	{ R_UNFINISHED, NULL, "the rest of the message", NULL },
	{ R_HOPS, NULL, "at least 8 hops left", NULL },
	{ R_IP_OPTIONS, NULL, "no IP options, extension headers or reserved flag", NULL },
	{ R_NO_HANDSHAKE, NULL, "a handshake through the gate", NULL },
	{ R_SYN_DATA, NULL, "a SYN without data", NULL },
	{ R_URGENT, NULL, "no urgent data", NULL },
	{ R_UA_SEQUENCE, "sequence number", "the next sequence number", NULL },
	{ R_UA_SIZE, "octets", "no more octets than the policy and both ends allow", NULL },
	{ R_UA_INTERVAL, "interval in ms", NULL, NULL },
	{ R_UA_CHANNEL, "channel", "a channel and token that are open", NULL },
	{ R_UA_MIXED, NULL, "the security mode of the channel", NULL },
	{ R_FRAME, NULL, "the start octets of a frame", NULL },
	{ R_CRC, NULL, "the checksum of the octets", NULL },
	{ R_DNP_SEGMENT, "segment number", "the next segment of the fragment", NULL },
	{ R_DNP_FRAGMENT, "octets", "a fragment no longer than the policy allows", NULL },
	{ R_DNP_NOT_SELECTED, NULL, "a select of the same just before", NULL },
	{ R_IEC_RECEIVE_NUMBER, "receive number", "a number between the last confirmed and the last sent", NULL },
	{ R_RTU, NULL, "a header of the protocol over TCP", NULL },
	{ R_DNP_LINK, NULL, "a link frame that stations send", NULL },
	{ R_DNP_QUALIFIER, NULL, "a qualifier that fits the objects", NULL },
	{ R_DNP_OBJECT, NULL, "an object of known size", NULL },
	{ R_DNP_DIRECTION, NULL, "the other end as its sender", NULL },
	{ R_DNP_BROADCAST, NULL, "the address of one station", NULL },
	{ R_DNP_UNSOLICITED, NULL, "responses that were asked for", NULL },
	{ R_DNP_CONFIRM, NULL, "a confirmation that was asked for", NULL },
	{ R_DNP_AUTH, NULL, "an authenticated request or session", NULL },
	{ R_DNP_OUTSTANDING, NULL, "the answer to the request before", NULL },
	{ R_DNP_ASKS_CONFIRM, NULL, "a request that asks for no confirmation", NULL },
	{ R_DNP_CONFIRMED, NULL, "the request in one frame, or without confirmation", NULL },
	{ R_DNP_BROADCAST_PARTS, NULL, "the request in one frame", NULL },
	{ R_DNP_DATAGRAM, NULL, "the whole request in one datagram", NULL },
	{ R_DNP_REPEAT, NULL, "the next frame", NULL },
	{ R_DNP_INTERLEAVED, NULL, "the rest of the response before", NULL },
	{ R_IEC_CONTROL, NULL, "a control field of an I, S or U frame", NULL },
	{ R_IEC_OBJECTS, NULL, "one information object", NULL },
	{ R_IEC_COMMON, NULL, "the common address of one station", NULL },
	{ R_IEC_NUMBER, NULL, "a finite number", NULL },
	{ R_IEC_TIME, NULL, "a valid time", NULL },
	{ R_IEC_WINDOW, "unconfirmed frames", "no more unconfirmed frames than k", NULL },
};
/* clang-format on */
enum { WORDS = sizeof(words) / sizeof(words[0]) };

static void put_number(struct sb *e, struct sb *came, const char *what,
		       const struct event_number *n)
{
	sb_puts(e, what);
	sb_putc(e, ' ');
	expected_span(e, n->from, n->to);
	sb_puts(came, what);
	sb_putc(came, ' ');
	sb_put_number(came, n->came);
}

static void put_common(const struct expected_case *c, struct sb *e, struct sb *came)
{
	const struct event_number *n = &c->ev->number;
	unsigned i = 0;
	while (i < WORDS && words[i].why != c->ev->reason)
		i++;
	if (i == WORDS)
		return;
	if (words[i].put)
		words[i].put(c, e, came);
	else if (words[i].number && n->there)
		put_number(e, came, words[i].number, n);
	else if (words[i].expected)
		sb_puts(e, words[i].expected);
}

/* A list without room ends behind its last whole part. */
static void end_list(struct sb *b)
{
	static const char more[] = ", and more";
	if (!b->cut)
		return;
	size_t most = b->cap - sizeof(more) < b->len ? b->cap - sizeof(more) : b->len, at = most;
	while (at > 0 && b->s[at] != ',')
		at--;
	at = at ? at : most;
	memcpy(b->s + at, more, sizeof(more));
}

void event_expected(const struct expected_case *c, struct expected *out)
{
	struct sb e = sb_init(out->expected, sizeof(out->expected)),
		  came = sb_init(out->came, sizeof(out->came));
	const struct fact_ops *facts = facts_of(c->ev);
	if (facts && facts->expected)
		facts->expected(c, &e, &came);
	if (!e.len) {
		came.len = 0;
		out->came[0] = '\0';
		put_common(c, &e, &came);
	}
	end_list(&e);
	end_list(&came);
}
