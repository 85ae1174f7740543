/* SPDX-License-Identifier: MIT
 * One event, one line. Names come from the operator's model, never from the wire. */
#include "record/line.h"

#include <string.h>

static void put_key(struct sb *b, const char *key)
{
	sb_putc(b, ' ');
	sb_puts(b, key);
	sb_putc(b, '=');
}

static void line_num(void *ctx, const char *key, uint64_t v)
{
	put_key(ctx, key);
	sb_put_number(ctx, v);
}

static void line_range(void *ctx, const char *key, uint64_t from, uint64_t to)
{
	put_key(ctx, key);
	sb_put_number(ctx, from);
	sb_putc(ctx, '-');
	sb_put_number(ctx, to);
}

static void line_word(void *ctx, const char *key, const char *v)
{
	put_key(ctx, key);
	sb_puts(ctx, v);
}

static void line_foreign(void *ctx, const char *key, const char *v)
{
	struct sb *b = ctx;
	put_key(b, key);
	sb_putc(b, '"');
	sb_put_foreign(b, v, strlen(v));
	sb_putc(b, '"');
}

struct fact_sink record_line_sink(struct sb *b)
{
	return (struct fact_sink){ b, line_num, line_range, line_word, line_foreign };
}

void record_sentence(struct sb *b, const struct event_view *view)
{
	static const char *const verdicts[] = { "permitted", "refused", "refused and reset",
						"would be refused" };
	const struct pol_image *img = view->img;
	const struct event *ev = view->ev;
	const char *verdict = verdicts[ev->verdict < 4 ? ev->verdict : V_DROP];
	const struct pol_flow *f = policy_flow(img, ev->flow_id);
	const struct fact_ops *facts = facts_of(ev);
	char src[ADDR_TEXT], dst[ADDR_TEXT];
	event_addr_text(&ev->src, src);
	event_addr_text(&ev->dst, dst);
	if (ev->kind == EV_REFUSED_FLOW)
		sb_printf(b, "flow %s from zone %s (%s) to zone %s (%s): %s", verdict,
			  policy_zone_name(img, policy_zone_of(img, &ev->src)), src,
			  policy_zone_name(img, policy_zone_of(img, &ev->dst)), dst,
			  reason_text(ev->reason));
	else if (ev->kind == EV_GAP)
		sb_printf(b, "connection from %s to %s%s%s: %s", src, dst, f ? " on conduit " : "",
			  f ? policy_str(img, f->conduit) : "", reason_text(ev->reason));
	else
		sb_printf(b, "%s %s from %s to %s%s%s: %s", facts ? facts->title(ev) : "packet",
			  verdict, src, dst, f ? " on conduit " : "",
			  f ? policy_str(img, f->conduit) : "", reason_text(ev->reason));
}

void record_line(struct sb *b, const struct event_view *view)
{
	const struct fact_sink to = record_line_sink(b);
	record_sentence(b, view);
	sb_putc(b, ':');
	event_fields(view, FIELDS_ALL, &to);
}
