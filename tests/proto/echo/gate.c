/* SPDX-License-Identifier: MIT
 * Echo in the data path: as many answers as there were requests. */
#include "inspect/internal.h"
#include "proto/echo/facts.h"
#include "proto/echo/policy.h"

struct echo_state {
	uint32_t asked;
};

static void fill(const struct pass *c, struct event *ev, const void *of)
{
	const struct echo_msg *m = of;
	(void)c;
	ev->proto = PROTO_ECHO;
	EV_ECHO(ev)->n = m->n;
}

static struct judged judge(struct pass *c, const uint8_t *p, size_t n)
{
	struct echo_state *s = c->f->proto_state;
	struct echo_msg *m = pass_message(c);
	uint16_t rule = 0xffff;
	enum reason why = echo_parse(p, n, m);
	if (why == R_NONE && c->dir == 0 && c->pol)
		why = policy_echo(c->in->img, c->pol, m, &rule);
	if (why == R_NONE && c->dir == 1 && s->asked == 0)
		why = R_UNSOLICITED;
	if (why == R_NONE && c->dir == 0)
		s->asked++;
	else if (why == R_NONE)
		s->asked--;
	return (struct judged){
		.why = why, .len = n, .rule = rule, .fill = fill, .of = m, .msg = m
	};
}

const struct proto_ops proto_echo = {
	.cuts = true,
	.state = sizeof(struct echo_state),
	.fresh = sizeof(struct echo_state),
	.holds = true,
	.message = sizeof(struct echo_msg),
	.frame = echo_frame,
	.judge = judge,
};
