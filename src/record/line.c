/* SPDX-License-Identifier: MIT
 * One event, one line. Names come from the operator's model, never from the wire. */
#include "record/line.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "record/facts.h"

static const char *const verdicts[] = { "permitted", "refused", "refused and reset", "would be refused" };
static const char *const verdict_words[] = { "accept", "drop", "reset", "observed" };

static const char *const kinds[] = { "violation", "message", "refused-flow" };

void record_time(char out[RECORD_TIME_TEXT], uint64_t ns)
{
	time_t s = (time_t)(ns / 1000000000);
	struct tm tm;
	char text[24];
	gmtime_r(&s, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out, RECORD_TIME_TEXT, "%s.%03" PRIu64 "Z", text, ns / 1000000 % 1000);
}

/* An event crossed a process boundary: no number in it is trusted. */
const char *record_kind(const struct event *ev)
{
	return kinds[ev->kind < 3 ? ev->kind : EV_VIOLATION];
}

const char *record_verdict(const struct event *ev)
{
	return verdict_words[ev->verdict < 4 ? ev->verdict : V_DROP];
}

const char *record_proto(const struct event *ev)
{
	const char *word = proto_word(ev->proto);
	return word ? word : ev->l4 == 17 ? "udp" : ev->l4 == 6 ? "tcp" : "ip";
}

static void put_num(void *ctx, const char *key, uint64_t v)
{
	sb_printf(ctx, " %s=%" PRIu64, key, v);
}

static void put_word(void *ctx, const char *key, const char *v)
{
	sb_printf(ctx, " %s=%s", key, v);
}

static void put_foreign(void *ctx, const char *key, const char *v)
{
	struct sb *b = ctx;
	sb_printf(b, " %s=\"", key);
	for (; *v; v++)
		sb_put_foreign(b, v, 1);
	sb_puts(b, "\"");
}

void record_line(struct sb *b, const struct pol_image *img, const struct event *ev)
{
	char src[ADDR_TEXT], dst[ADDR_TEXT];
	unsigned v = ev->verdict < 4 ? ev->verdict : V_DROP;
	const struct pol_flow *f = policy_flow(img, ev->flow_id);
	const struct pol_rule *rule = policy_rule(img, ev->proto, ev->rule);
	const struct fact_ops *facts = facts_of(ev);
	addr_text(&ev->src, src);
	addr_text(&ev->dst, dst);
	const char *from = policy_zone_name(img, policy_zone_of(img, &ev->src));
	const char *to = policy_zone_name(img, policy_zone_of(img, &ev->dst));
	char when[RECORD_TIME_TEXT];
	record_time(when, ev->time_ns);
	if (ev->kind == EV_REFUSED_FLOW)
		sb_printf(b, "flow %s from zone %s (%s) to zone %s (%s): %s:", verdicts[v], from, src, to, dst,
			  reason_text(ev->reason));
	else
		sb_printf(b, "%s %s from %s to %s%s%s: %s:",
			  facts ? facts->title(ev) : "packet", verdicts[v], src, dst,
			  f ? " on conduit " : "", f ? policy_str(img, f->conduit) : "", reason_text(ev->reason));
	sb_printf(b, " time=%s event=%s gen=%u verdict=%s reason=%s", when, record_kind(ev), ev->generation,
		  verdict_words[v], reason_name(ev->reason));
	if (f)
		sb_printf(b, " conduit=%s policy=%s", policy_str(img, f->conduit), policy_str(img, f->policy));
	sb_printf(b, " from_zone=%s to_zone=%s", from, to);
	sb_printf(b, " src=%s sport=%u dst=%s dport=%u proto=%s dir=%s", src, ev->sport, dst, ev->dport,
		  record_proto(ev), ev->response ? "response" : "request");
	const struct fact_sink sink = { b, put_num, put_word, put_foreign };
	if (facts)
		facts->each(ev, &sink);
	if (rule) {
		char where[RECORD_RULE_TEXT];
		record_rule(where, img, rule);
		sb_printf(b, " rule=\"%s\"", where);
	}
}

void record_rule(char out[RECORD_RULE_TEXT], const struct pol_image *img, const struct pol_rule *rule)
{
	struct sb b = sb_init(out, RECORD_RULE_TEXT);
	for (const char *file = policy_str(img, rule->file); *file; file++)
		sb_put_foreign(&b, file, 1);
	sb_printf(&b, ":%u", rule->line);
}
