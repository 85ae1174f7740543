/* SPDX-License-Identifier: MIT
 * Policy image -> what the BPF program can compare. */
#include "fastpath/policy.h"

static const struct fast_policy_ops *ops_of(const struct pol_flow *f)
{
#define P(symbol, name, word, port, over) [PROTO_##symbol] = &fast_##name##_policy,
	static const struct fast_policy_ops *const ops[PROTO_N] = { PROTOCOLS(P) };
#undef P
	return f->proto < PROTO_N ? ops[f->proto] : NULL;
}

bool fast_eligible(const struct pol_flow *f)
{
	const struct fast_policy_ops *o = ops_of(f);
	return o && o->judged && f->log != LOG_ALL;
}

void fast_flatten(const struct pol_image *img, const struct pol_flow *f, struct fast_policy *out)
{
	*out = (struct fast_policy){ .conduit = f->conduit_id, .request_ns = fast_rate_step(f->max_requests),
				     .write_ns = fast_rate_step(f->max_writes) };
	if (fast_eligible(f) && ops_of(f)->flatten)
		ops_of(f)->flatten(img, f, out);
}
