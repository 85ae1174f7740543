/* SPDX-License-Identifier: MIT
 * The fields of an event, row by row. An event crossed a process boundary: no number in it is
 * trusted. */
#include "record/fields.h"

#include <netinet/in.h>
#include <string.h>

#include "base/hex.h"
#include "base/sb.h"
#include "base/utc.h"
#include "record/expected.h"
#include "record/varied.h"

enum { FIELD_TEXT = 1024 }; /* a rule's file and line; the others are short */

struct walk {
	const struct pol_image *img;
	const struct event *ev;
	const char *id;
	uint64_t repeated;
	const struct varied *varied;
	const struct event_view *view;
	const struct pol_flow *flow; /* NULL: of no conduit */
	const struct pol_rule *rule; /* NULL: no rule decided */
};

/* ---- when a field applies ---- */

static bool always_applies(const struct walk *w)
{
	(void)w;
	return true;
}

static bool was_judged(const struct walk *w)
{
	return w->img != NULL;
}

static bool has_id(const struct walk *w)
{
	return w->id != NULL;
}

static bool has_conduit(const struct walk *w)
{
	return w->flow != NULL;
}

/* Of the entry that decided, or else of the flow; empty: neither has any. */
static const char *ticket_of(const struct walk *w)
{
	const char *own = w->flow && w->rule ? policy_str(w->img, w->rule->ticket) : "";
	return *own || !w->flow ? own : policy_str(w->img, w->flow->ticket);
}

static const char *owner_of(const struct walk *w)
{
	const char *own = w->flow && w->rule ? policy_str(w->img, w->rule->owner) : "";
	return *own || !w->flow ? own : policy_str(w->img, w->flow->owner);
}

static bool has_ticket(const struct walk *w)
{
	return *ticket_of(w);
}

static bool has_owner(const struct walk *w)
{
	return *owner_of(w);
}

static bool is_addr(const struct addr *a)
{
	return a->family == 4 || a->family == 6;
}

static bool has_src(const struct walk *w)
{
	return is_addr(&w->ev->src);
}

static bool has_dst(const struct walk *w)
{
	return is_addr(&w->ev->dst);
}

static bool has_src_zone(const struct walk *w)
{
	return w->img && has_src(w);
}

static bool has_dst_zone(const struct walk *w)
{
	return w->img && has_dst(w);
}

bool event_has_ports(const struct event *ev)
{
	return !ev->no_ports && (ev->l4 == IPPROTO_TCP || ev->l4 == IPPROTO_UDP);
}

static bool has_ports(const struct walk *w)
{
	return event_has_ports(w->ev);
}

static bool has_direction(const struct walk *w)
{
	return has_ports(w) && !w->ev->no_dir;
}

static bool has_sport(const struct walk *w)
{
	return has_ports(w) && !w->ev->no_sport;
}

static bool has_rule(const struct walk *w)
{
	return w->rule != NULL;
}

static bool is_refusal(const struct walk *w)
{
	return w->ev->reason != R_NONE;
}

static bool has_src_asset(const struct walk *w)
{
	return is_refusal(w) && has_src_zone(w) && policy_asset_name(w->img, &w->ev->src);
}

static bool has_dst_asset(const struct walk *w)
{
	return is_refusal(w) && has_dst_zone(w) && policy_asset_name(w->img, &w->ev->dst);
}

static bool has_in(const struct walk *w)
{
	return is_refusal(w) && w->ev->in != 0;
}

static bool has_out(const struct walk *w)
{
	return is_refusal(w) && w->ev->out != 0;
}

bool event_has_mac(const uint8_t mac[6])
{
	static const uint8_t none[6];
	return memcmp(mac, none, sizeof(none)) != 0;
}

static bool has_src_mac(const struct walk *w)
{
	return is_refusal(w) && event_has_mac(w->ev->macs.src);
}

static bool has_dst_mac(const struct walk *w)
{
	return is_refusal(w) && event_has_mac(w->ev->macs.dst);
}

static bool was_repeated(const struct walk *w)
{
	return w->repeated != 0;
}

static bool is_of_many(const struct walk *w)
{
	return w->varied != NULL;
}

/* ---- what it says ---- */

static const char *put_time(uint64_t ns, char out[FIELD_TEXT])
{
	struct sb b = sb_init(out, FIELD_TEXT);
	sb_put_time(&b, ns, 3);
	return out;
}

static const char *time_text(const struct walk *w, char out[FIELD_TEXT])
{
	return put_time(w->ev->time_ns, out);
}

static const char *since_text(const struct walk *w, char out[FIELD_TEXT])
{
	return put_time(w->varied->since_ns, out);
}

static const char *id_word(const struct walk *w, char out[FIELD_TEXT])
{
	(void)out;
	return w->id;
}

static const char *kind_word(const struct walk *w, char out[FIELD_TEXT])
{
	static const char *const words[] = { "violation", "message", "refused-flow", "gap" };
	(void)out;
	return words[w->ev->kind < EVENT_KINDS ? w->ev->kind : EV_VIOLATION];
}

const char *event_verdict_word(const struct event *ev)
{
	static const char *const words[] = { "accept", "drop", "reset", "observed" };
	return words[ev->verdict < 4 ? ev->verdict : V_DROP];
}

static const char *verdict_word(const struct walk *w, char out[FIELD_TEXT])
{
	(void)out;
	return event_verdict_word(w->ev);
}

static const char *reason_word(const struct walk *w, char out[FIELD_TEXT])
{
	(void)out;
	return reason_name(w->ev->reason);
}

static const char *conduit_word(const struct walk *w, char out[FIELD_TEXT])
{
	(void)out;
	return policy_str(w->img, w->flow->conduit);
}

static const char *ticket_text(const struct walk *w, char out[FIELD_TEXT])
{
	(void)out;
	return ticket_of(w);
}

static const char *owner_text(const struct walk *w, char out[FIELD_TEXT])
{
	(void)out;
	return owner_of(w);
}

static const char *policy_word(const struct walk *w, char out[FIELD_TEXT])
{
	(void)out;
	return policy_str(w->img, w->flow->policy);
}

static const char *src_zone_word(const struct walk *w, char out[FIELD_TEXT])
{
	(void)out;
	return policy_zone_name(w->img, policy_zone_of(w->img, &w->ev->src));
}

static const char *dst_zone_word(const struct walk *w, char out[FIELD_TEXT])
{
	(void)out;
	return policy_zone_name(w->img, policy_zone_of(w->img, &w->ev->dst));
}

void event_addr_text(const struct addr *a, char *out)
{
	if (is_addr(a))
		addr_text(a, out);
	else
		memcpy(out, "?", 2);
}

static const char *src_text(const struct walk *w, char out[FIELD_TEXT])
{
	event_addr_text(&w->ev->src, out);
	return out;
}

static const char *dst_text(const struct walk *w, char out[FIELD_TEXT])
{
	event_addr_text(&w->ev->dst, out);
	return out;
}

const char *event_proto_word(const struct event *ev)
{
	const char *word = proto_word(ev->proto);
	return word ? word : ev->l4 == IPPROTO_UDP ? "udp" : ev->l4 == IPPROTO_TCP ? "tcp" : "ip";
}

static const char *message_proto_word(const struct walk *w, char out[FIELD_TEXT])
{
	(void)out;
	return event_proto_word(w->ev);
}

static const char *direction_word(const struct walk *w, char out[FIELD_TEXT])
{
	(void)out;
	return w->ev->response ? "response" : "request";
}

static const char *src_asset_word(const struct walk *w, char out[FIELD_TEXT])
{
	(void)out;
	return policy_asset_name(w->img, &w->ev->src);
}

static const char *dst_asset_word(const struct walk *w, char out[FIELD_TEXT])
{
	(void)out;
	return policy_asset_name(w->img, &w->ev->dst);
}

void event_put_interface(struct sb *b, const struct event_view *view, uint32_t index)
{
	char name[EVENT_INTERFACE];
	const char *found = view->interface ? view->interface(index, name) : NULL;
	if (found)
		sb_puts(b, found);
	else
		sb_put_number(b, index);
}

static const char *interface_text(const struct walk *w, uint32_t index, char out[FIELD_TEXT])
{
	struct sb b = sb_init(out, FIELD_TEXT);
	event_put_interface(&b, w->view, index);
	return out;
}

static const char *in_text(const struct walk *w, char out[FIELD_TEXT])
{
	return interface_text(w, w->ev->in, out);
}

static const char *out_text(const struct walk *w, char out[FIELD_TEXT])
{
	return interface_text(w, w->ev->out, out);
}

static const char *src_mac_text(const struct walk *w, char out[FIELD_TEXT])
{
	mac_text(w->ev->macs.src, out);
	return out;
}

static const char *dst_mac_text(const struct walk *w, char out[FIELD_TEXT])
{
	mac_text(w->ev->macs.dst, out);
	return out;
}

/* "file:line" where the operator wrote the rule; the file's name is as foreign as a message's text
 */
static const char *rule_text(const struct walk *w, char out[FIELD_TEXT])
{
	struct sb b = sb_init(out, FIELD_TEXT);
	sb_puts(&b, policy_str(w->img, w->rule->file));
	sb_putc(&b, ':');
	sb_put_number(&b, w->rule->line);
	return out;
}

static uint64_t generation_number(const struct walk *w)
{
	return w->ev->generation;
}

static uint64_t src_port(const struct walk *w)
{
	return w->ev->sport;
}

static uint64_t dst_port(const struct walk *w)
{
	return w->ev->dport;
}

static bool is_of_tap(const struct walk *w)
{
	return w->ev->tap[0] != '\0';
}

static const char *tap_name(const struct walk *w, char out[FIELD_TEXT])
{
	struct sb b = sb_init(out, FIELD_TEXT);
	sb_put_bytes(&b, w->ev->tap, strnlen(w->ev->tap, EVENT_TAP - 1));
	return out;
}

static bool is_capture_lost(const struct walk *w)
{
	return w->ev->kind == EV_GAP && w->ev->reason == R_TAP_LOST;
}

static bool is_gap(const struct walk *w)
{
	return w->ev->kind == EV_GAP && !is_capture_lost(w);
}

static uint64_t unjudged_number(const struct walk *w)
{
	return w->ev->unjudged;
}

static uint64_t repeated_number(const struct walk *w)
{
	return w->repeated;
}

/* ---- the table ---- */

enum field_kind {
	NUMBER,
	WORD /* needs no quotes */,
	FOREIGN_TEXT,
	PROTOCOL_FACTS,
	EXPECTED,
	VARIED
};

static const struct field {
	const char *name;
	unsigned set; /* of enum field_set */
	enum field_kind kind;
	bool (*applies)(const struct walk *w);
	const char *(*text)(const struct walk *w, char out[FIELD_TEXT]);
	uint64_t (*number)(const struct walk *w);
	/* clang-format off */
} fields[] = {
	{ "time", FIELDS_JUDGEMENT | FIELDS_TIME, WORD, always_applies, time_text, NULL },
	{ "id", FIELDS_JUDGEMENT, WORD, has_id, id_word, NULL },
	{ "event", FIELDS_JUDGEMENT, WORD, was_judged, kind_word, NULL },
	{ "gen", FIELDS_JUDGEMENT, NUMBER, was_judged, NULL, generation_number },
	{ "verdict", FIELDS_JUDGEMENT, WORD, was_judged, verdict_word, NULL },
	{ "reason", FIELDS_JUDGEMENT, WORD, always_applies, reason_word, NULL },
	{ "conduit", FIELDS_JUDGEMENT, WORD, has_conduit, conduit_word, NULL },
	{ "policy", FIELDS_JUDGEMENT, WORD, has_conduit, policy_word, NULL },
	{ "tap", FIELDS_JUDGEMENT, FOREIGN_TEXT, is_of_tap, tap_name, NULL },
	{ "from_zone", FIELDS_ENDS, WORD, has_src_zone, src_zone_word, NULL },
	{ "to_zone", FIELDS_ENDS, WORD, has_dst_zone, dst_zone_word, NULL },
	{ "src", FIELDS_ENDS, WORD, has_src, src_text, NULL },
	{ "sport", FIELDS_ENDS, NUMBER, has_sport, NULL, src_port },
	{ "dst", FIELDS_ENDS, WORD, has_dst, dst_text, NULL },
	{ "dport", FIELDS_ENDS, NUMBER, has_ports, NULL, dst_port },
	{ "proto", FIELDS_ENDS, WORD, always_applies, message_proto_word, NULL },
	{ "dir", FIELDS_MESSAGE, WORD, has_direction, direction_word, NULL },
	{ "ticket", FIELDS_MESSAGE, FOREIGN_TEXT, has_ticket, ticket_text, NULL },
	{ "owner", FIELDS_MESSAGE, FOREIGN_TEXT, has_owner, owner_text, NULL },
	{ "src_asset", FIELDS_MESSAGE, FOREIGN_TEXT, has_src_asset, src_asset_word, NULL },
	{ "dst_asset", FIELDS_MESSAGE, FOREIGN_TEXT, has_dst_asset, dst_asset_word, NULL },
	{ "in_interface", FIELDS_MESSAGE, FOREIGN_TEXT, has_in, in_text, NULL },
	{ "out_interface", FIELDS_MESSAGE, FOREIGN_TEXT, has_out, out_text, NULL },
	{ "src_mac", FIELDS_MESSAGE, WORD, has_src_mac, src_mac_text, NULL },
	{ "dst_mac", FIELDS_MESSAGE, WORD, has_dst_mac, dst_mac_text, NULL },
	{ "lost", FIELDS_MESSAGE, NUMBER, is_capture_lost, NULL, unjudged_number },
	{ "unjudged", FIELDS_MESSAGE, NUMBER, is_gap, NULL, unjudged_number },
	{ NULL, FIELDS_MESSAGE, PROTOCOL_FACTS, always_applies, NULL, NULL },
	{ NULL, FIELDS_MESSAGE, EXPECTED, is_refusal, NULL, NULL },
	{ "rule", FIELDS_MESSAGE, FOREIGN_TEXT, has_rule, rule_text, NULL },
	{ "repeated", FIELDS_MESSAGE, NUMBER, was_repeated, NULL, repeated_number },
	{ "since", FIELDS_MESSAGE, WORD, is_of_many, since_text, NULL },
	{ NULL, FIELDS_MESSAGE, VARIED, is_of_many, NULL, NULL },
};
/* clang-format on */

static void put_expected(const struct walk *w, const struct fact_sink *to)
{
	const struct expected_case c = { w->view, w->img, w->ev, w->flow, w->rule };
	struct expected x;
	event_expected(&c, &x);
	if (x.expected[0])
		to->text(to->ctx, "expected", x.expected);
	if (x.came[0])
		to->text(to->ctx, "came", x.came);
}

static void put_field(const struct field *f, const struct walk *w, const struct fact_sink *to)
{
	char text[FIELD_TEXT];
	const struct fact_ops *facts;
	switch (f->kind) {
	case NUMBER:
		to->num(to->ctx, f->name, f->number(w));
		break;
	case WORD:
		to->word(to->ctx, f->name, f->text(w, text));
		break;
	case FOREIGN_TEXT:
		to->text(to->ctx, f->name, f->text(w, text));
		break;
	case PROTOCOL_FACTS:
		facts = facts_of(w->ev);
		if (facts)
			facts->each(w->ev, to);
		break;
	case EXPECTED:
		put_expected(w, to);
		break;
	case VARIED:
		varied_each(w->varied, to);
		break;
	}
}

void event_fields(const struct event_view *view, unsigned sets, const struct fact_sink *to)
{
	const struct walk w = {
		.img = view->img,
		.ev = view->ev,
		.id = view->id,
		.repeated = view->repeated,
		.varied = view->varied,
		.view = view,
		.flow = view->img ? policy_flow(view->img, view->ev->flow_id) : NULL,
		.rule = view->img ? policy_rule(view->img, view->ev->proto, view->ev->rule) : NULL,
	};
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if ((fields[i].set & sets) && fields[i].applies(&w))
			put_field(&fields[i], &w, to);
}
