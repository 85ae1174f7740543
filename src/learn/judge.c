/* SPDX-License-Identifier: MIT
 *
 * The captures, or their last part, under the model that was proposed: messages by the engine,
 * plain packets by the conduits' services and ports, as the ruleset would.
 */
#include <inttypes.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <stdlib.h>
#include <string.h>

#include "learn/internal.h"

enum { REFUSALS = 4096 };

struct refusal {
	struct learn_seen seen;
	struct addr from, to;
	uint16_t port, reason;
	uint8_t l4, proto;
};

struct court {
	struct learn *l;
	struct learn_report *r;
	const struct model *m;
	const struct pol_image *img;
	struct refusal *v;
	size_t n;
	uint64_t more; /* for which there was no room */
	uint64_t since_ns;
};

static void refuse(struct court *c, const struct refusal *what, uint64_t ns, uint32_t frame)
{
	struct refusal *f = c->v, *end = f + c->n;
	while (f < end && (f->reason != what->reason || f->port != what->port ||
			   f->l4 != what->l4 || f->proto != what->proto ||
			   !addr_eq(&f->from, &what->from) || !addr_eq(&f->to, &what->to)))
		f++;
	if (f == end && c->n == REFUSALS) {
		c->more++;
		return;
	}
	if (f == end) {
		*f = *what;
		c->n++;
	}
	learn_sight(&f->seen, ns, c->l->file, frame, 1);
}

static struct refusal refusal_of(const struct court *c, const struct learn_talk *t, unsigned reason)
{
	return (struct refusal){ .from = c->l->hosts[t->client].addr,
				 .to = c->l->hosts[t->server].addr,
				 .port = t->port,
				 .reason = (uint16_t)reason,
				 .l4 = t->l4,
				 .proto = t->proto };
}

/* Inside one zone nothing is judged. */
static bool inside(const struct court *c, const struct learn_talk *t)
{
	uint16_t from = policy_zone_of(c->img, &c->l->hosts[t->client].addr);
	return from != POL_ZONE_UNKNOWN &&
	       from == policy_zone_of(c->img, &c->l->hosts[t->server].addr);
}

static void court_message(void *ctx, struct learn_talk *t, const struct event *ev, const void *m,
			  uint32_t frame)
{
	struct court *c = ctx;
	if (!t || ev->time_ns <= c->since_ns || inside(c, t))
		return;
	*(m ? &c->r->messages : &c->r->packets) += 1;
	if (ev->reason == R_NONE)
		return;
	*(m ? &c->r->refused : &c->r->refused_packets) += 1;
	const struct refusal what = refusal_of(c, t, ev->reason);
	refuse(c, &what, ev->time_ns, frame);
}

bool learn_flow_has(const struct flow *w, const struct learn *l, const struct learn_talk *t)
{
	if (w->proto != PROTO_NONE)
		return false;
	if (t->l4 != IPPROTO_ICMP)
		return w->l4 == t->l4 && model_flow_has(w, t->port);
	return l->hosts[t->server].addr.family == 4 /* of ICMP there is only echo */
		       ? model_flow_has_kind(w, IPPROTO_ICMP, ICMP_ECHO)
		       : model_flow_has_kind(w, IPPROTO_ICMPV6, ICMP6_ECHO_REQUEST);
}

bool learn_plain_permitted(const struct model *m, const struct pol_image *img,
			   const struct learn *l, const struct learn_talk *t)
{
	uint16_t from = policy_zone_of(img, &l->hosts[t->client].addr),
		 to = policy_zone_of(img, &l->hosts[t->server].addr);
	const struct end_pair classes = { policy_class_of(img, &l->hosts[t->client].addr),
					  policy_class_of(img, &l->hosts[t->server].addr) };
	for (size_t i = 0; i < m->n_conduits; i++) {
		const struct conduit *k = &m->conduits[i];
		if (!model_joins(k, &(struct end_pair){ from, to }, &classes))
			continue;
		for (size_t n = 0; n < k->n_flows; n++)
			if (learn_flow_has(&k->flows[n], l, t))
				return true;
	}
	return false;
}

static void court_plain(void *ctx, struct learn_talk *t, bool from_client, const struct packet *p,
			const struct frame *f)
{
	struct court *c = ctx;
	(void)from_client;
	(void)p;
	if (f->time_ns <= c->since_ns || inside(c, t))
		return;
	c->r->packets++;
	if (learn_plain_permitted(c->m, c->img, c->l, t))
		return;
	c->r->refused_packets++;
	const struct refusal what = refusal_of(c, t, R_NO_CONDUIT);
	refuse(c, &what, f->time_ns, f->number);
}

static int by_first(const void *a, const void *b)
{
	const struct refusal *x = a, *y = b;
	if (x->seen.first_ns != y->seen.first_ns)
		return x->seen.first_ns < y->seen.first_ns ? -1 : 1;
	return (x->reason > y->reason) - (x->reason < y->reason);
}

static const char *transport_word(uint8_t l4)
{
	return l4 == IPPROTO_TCP ? "tcp" : l4 == IPPROTO_UDP ? "udp" : "icmp";
}

static void print_refusals(struct court *c, FILE *f)
{
	char from[ADDR_TEXT], to[ADDR_TEXT], text[LEARN_SEEN_TEXT];
	if (c->n)
		qsort(c->v, c->n, sizeof(*c->v), by_first);
	for (size_t i = 0; i < c->n; i++) {
		const struct refusal *x = &c->v[i];
		struct sb b = sb_init(text, sizeof(text));
		addr_text(&x->from, from);
		addr_text(&x->to, to);
		learn_put_seen(&b, c->l, &x->seen, "times");
		fprintf(f, "  %s > %s %s %u %s %s: %s\n", from, to,
			proto_word(x->proto) ? proto_word(x->proto) : "-", x->port,
			transport_word(x->l4), reason_name((enum reason)x->reason), text);
	}
	if (c->more)
		fprintf(f, "  %" PRIu64 " more, of others\n", c->more);
}

bool learn_judge(struct learn *l, const char *text, size_t len, FILE *f, struct learn_report *r)
{
	struct model *m = NULL;
	bool held = l->until_ns != UINT64_MAX, good = false;
	struct pol_image *img = learn_image(text, len, true, &m);
	struct court c = { .l = l, .r = r, .m = m, .img = img, .since_ns = held ? l->until_ns : 0 };
	struct learn_run run = { .l = l,
				 .img = img,
				 .until_ns = UINT64_MAX,
				 .ctx = &c,
				 .message = court_message,
				 .plain = court_plain };
	*r = (struct learn_report){ .messages = 0 };
	c.v = calloc(REFUSALS, sizeof(*c.v));
	if (!img || !c.v || !learn_run(&run))
		goto out;
	good = true;
	fprintf(f,
		"zonectl: the proposed model refuses %" PRIu64 " of %" PRIu64
		" messages, and %" PRIu64 " of %" PRIu64 " other packets, %s\n",
		r->refused, r->messages, r->refused_packets, r->packets,
		held ? "of what was held out" : "of these captures");
	print_refusals(&c, f);
out:
	free(c.v);
	free(img);
	model_free(m);
	return good;
}
