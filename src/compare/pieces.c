/* SPDX-License-Identifier: MIT
 *
 * What flows permit, cut so that every flow of both models permits a piece as a whole or not at
 * all: ranges of ports at each end of a range, types of ICMP and IP protocols one by one.
 */
#include <netinet/in.h>
#include <string.h>

#include "compare/internal.h"
#include "model/internal.h"

enum { PORTS = 65536 };

/* A piece begins at this port. */
struct cuts {
	bool tcp[PORTS + 1], udp[PORTS + 1];
};

static bool *cuts_of(struct cuts *c, uint8_t l4)
{
	return l4 == IPPROTO_UDP ? c->udp : c->tcp;
}

static void cut_model(struct cuts *c, const struct model *m)
{
	for (size_t i = 0; i < m->n_conduits; i++)
		for (size_t k = 0; k < m->conduits[i].n_flows; k++) {
			const struct flow *f = &m->conduits[i].flows[k];
			bool *at = cuts_of(c, f->l4);
			for (size_t p = 0; p < f->n_ports; p++)
				at[f->ports[p].lo] = at[f->ports[p].hi + 1] = true;
		}
}

void pieces_cut(struct compare_run *r)
{
	r->cuts = arena_alloc(r->c->arena, sizeof(*r->cuts));
	cut_model(r->cuts, r->old.m);
	cut_model(r->cuts, r->new.m);
}

static void fill_piece(const struct compare_run *r, const struct flow *f, struct piece *p)
{
	if (p->at >= f->n_ports) {
		const struct ip_kind *k = &f->kinds[p->at - f->n_ports];
		p->l4 = k->l4;
		p->lo = p->hi = k->type;
		return;
	}
	const bool *at = cuts_of(r->cuts, f->l4);
	p->l4 = f->l4;
	p->hi = p->lo;
	while (p->hi < f->ports[p->at].hi && !at[p->hi + 1])
		p->hi++;
}

bool piece_next(const struct compare_run *r, const struct flow *f, struct piece *p)
{
	bool ports = p->at < f->n_ports;
	if (p->begun && ports && p->hi < f->ports[p->at].hi) {
		p->lo = (uint16_t)(p->hi + 1);
	} else {
		p->at += p->begun;
		p->begun = true;
		if (p->at >= f->n_ports + f->n_kinds)
			return false;
		p->lo = p->at < f->n_ports ? f->ports[p->at].lo : 0;
	}
	fill_piece(r, f, p);
	return true;
}

bool piece_is_of(const struct piece *p, const struct flow *f)
{
	if (model_flow_has_kind(f, p->l4, (uint8_t)p->lo))
		return true;
	for (size_t i = 0; f->l4 == p->l4 && i < f->n_ports; i++)
		if (f->ports[i].lo <= p->lo && p->lo <= f->ports[i].hi)
			return true;
	return false;
}

/* "service ssh on tcp 22", the name of a protocol, with the port; "icmp echo", "ip esp". */
void piece_words(const struct piece *p, const struct flow *f, struct sb *out)
{
	char kind[32];
	bool named = f->service || f->proto != PROTO_NONE;
	if (f->service)
		sb_printf(out, "service %s", f->service);
	else if (f->proto != PROTO_NONE)
		sb_puts(out, proto_word(f->proto));
	if (f->n_kinds && named) /* one word for all of them */
		return;
	if (f->n_kinds) {
		model_kind_text(&(struct ip_kind){ p->l4, (uint8_t)p->lo }, kind, sizeof(kind));
		sb_printf(out, "%s %s",
			  p->l4 == IPPROTO_ICMP	    ? "icmp"
			  : p->l4 == IPPROTO_ICMPV6 ? "icmpv6"
						    : "ip",
			  kind);
		return;
	}
	sb_printf(out, "%s%s %u", named ? " on " : "", p->l4 == IPPROTO_UDP ? "udp" : "tcp", p->lo);
	if (p->hi != p->lo)
		sb_printf(out, "-%u", p->hi);
}

void piece_list(const struct piece *p, const struct flow *f, struct sb *out)
{
	char words[100];
	struct sb b = sb_init(words, sizeof(words));
	piece_words(p, f, &b);
	if (f->n_kinds && f->service && strstr(out->s, words)) /* told once */
		return;
	sb_puts(out, out->len ? ", " : "");
	sb_puts(out, words);
}
