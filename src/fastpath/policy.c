/* SPDX-License-Identifier: MIT
 * Policy image -> what the BPF program can compare. */
#include "fastpath/policy.h"

const struct fast_policy_ops *fast_policy_of(uint8_t proto)
{
#define P(symbol, name, word, port, over) [PROTO_##symbol] = &fast_##name##_policy,
	static const struct fast_policy_ops *const ops[PROTO_N] = { PROTOCOLS(P) };
#undef P
	return proto < PROTO_N ? ops[proto] : NULL;
}

bool fast_eligible(const struct pol_flow *f)
{
	const struct fast_policy_ops *o = fast_policy_of(f->proto);
	/* who is in the kernel's hands would outlive the opening of a conduit with a gate */
	return o && o->judged && f->log != LOG_ALL && !f->gate;
}

void fast_flatten(const struct pol_image *img, const struct pol_flow *f, struct fast_policy *out)
{
	*out = (struct fast_policy){ .conduit = f->conduit_id,
				     .request_ns = fast_rate_step(f->max_requests),
				     .write_ns = fast_rate_step(f->max_writes) };
	const struct fast_policy_ops *o = fast_policy_of(f->proto);
	if (fast_eligible(f) && o->flatten)
		o->flatten(img, f, out);
}

uint32_t fast_ranges(const struct pol_rset *s)
{
	return s->any ? 1 : s->n;
}

struct pol_range fast_range_at(const struct pol_image *img, const struct pol_rset *s, uint32_t i,
			       uint32_t most)
{
	const struct pol_range *v = (const void *)((const uint8_t *)img + img->ranges_off);
	struct pol_range r = s->any ? (struct pol_range){ 0, most } : v[s->r0 + i];
	r.hi = r.hi > most ? most : r.hi;
	return r;
}
