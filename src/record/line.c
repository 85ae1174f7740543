/* SPDX-License-Identifier: MIT
 * One event, one line. Names come from the operator's model, never from the wire. */
#include "record/line.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

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
	return ev->mb ? "modbus" : ev->l4 == 17 ? "udp" : ev->l4 == 6 ? "tcp" : "ip";
}

static void put_message(struct sb *b, const struct event *ev)
{
	const struct mb_func *fn = ev->has & EVH_FC ? mb_func_by_code(ev->fc) : NULL;
	if (!ev->mb)
		return;
	sb_printf(b, " tid=%u unit=%u", ev->tid, ev->unit);
	if (ev->has & EVH_FC)
		sb_printf(b, " fc=%u function=%s", ev->fc, fn ? fn->name : "unassigned");
	if ((ev->has & EVH_ADDR) && ev->qty)
		sb_printf(b, " address=%u-%u", ev->addr, ev->addr + ev->qty - 1u);
	if ((ev->has & EVH_WADDR) && ev->wqty)
		sb_printf(b, " write_address=%u-%u", ev->waddr, ev->waddr + ev->wqty - 1u);
	if (ev->has & EVH_VALUE)
		sb_printf(b, " value=%u", ev->value);
	if (ev->has & EVH_SUB)
		sb_printf(b, " subfunction=%u", ev->sub);
	if (ev->has & EVH_MEI)
		sb_printf(b, " mei=%u", ev->mei);
	if (ev->has & EVH_EXC)
		sb_printf(b, " exception=%u", ev->exc);
}

void record_line(struct sb *b, const struct pol_image *img, const struct event *ev)
{
	char src[ADDR_TEXT], dst[ADDR_TEXT];
	unsigned v = ev->verdict < 4 ? ev->verdict : V_DROP;
	const struct pol_flow *f = policy_flow(img, ev->flow_id);
	const struct pol_mb_rule *rule = policy_rule(img, ev->rule);
	const struct mb_func *fn = ev->has & EVH_FC ? mb_func_by_code(ev->fc) : NULL;
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
			  ev->mb ? (fn ? fn->name : "Modbus message") : "packet", verdicts[v], src, dst,
			  f ? " on conduit " : "", f ? policy_str(img, f->conduit) : "", reason_text(ev->reason));
	sb_printf(b, " time=%s event=%s gen=%u verdict=%s reason=%s", when, record_kind(ev), ev->generation,
		  verdict_words[v], reason_name(ev->reason));
	if (f)
		sb_printf(b, " conduit=%s policy=%s", policy_str(img, f->conduit), policy_str(img, f->policy));
	sb_printf(b, " from_zone=%s to_zone=%s", from, to);
	sb_printf(b, " src=%s sport=%u dst=%s dport=%u proto=%s dir=%s", src, ev->sport, dst, ev->dport,
		  record_proto(ev), ev->response ? "response" : "request");
	put_message(b, ev);
	if (rule) {
		sb_puts(b, " rule=\"");
		const char *file = policy_str(img, rule->file);
		for (; *file; file++)
			sb_put_foreign(b, file, 1);
		sb_printf(b, ":%u\"", rule->line);
	}
}
