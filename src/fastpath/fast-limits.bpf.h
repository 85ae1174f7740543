/* SPDX-License-Identifier: MIT
 *
 * Rate limits in the program. Program and inspectors count a conduit's requests and writes in the
 * same two words (struct fast_rate), each with one compare-and-swap, so a limit holds over all of
 * them. The program asks last, when nothing else can keep the segment from passing, and for all
 * its requests at once, and only while more than half of a second's worth is left: below that it
 * matters whose turn it is (inspect/rate.h). Else it takes none, and an inspector says which are
 * refused. Flow entries say whether there are limits: where there are none, nothing is asked.
 */

enum { NO_LIMITS = 0xffffffff, TOKEN_TRIES = 16 };

static __always_inline bool take_tokens(__u64 *word, __u64 step, __u32 n, __u64 now)
{
	if (step == 0 || n == 0)
		return true;
	for (__u32 i = 0; bounded(i, TOKEN_TRIES); i++) {
		__u64 due = *(volatile __u64 *)word, next = fast_rate_next(due, now, step, n);
		if (!fast_rate_plenty(next, now))
			return false;
		if (__sync_val_compare_and_swap(word, due, next) == due)
			return true;
	}
	return false;
}

/* May this policy's conduit have n requests more now, of which so many are writes, and much is left
 * for others? Then they are counted. Asked last: what was counted is passed. */
__noinline int within_limits(__u32 policy, __u32 n, __u32 writes)
{
	const struct fast_policy *p = bpf_map_lookup_elem(&fast_policies, &policy);
	__u32 conduit = p ? p->conduit : 0;
	struct fast_rate *r = bpf_map_lookup_elem(&fast_rates, &conduit);
	__u64 now = bpf_ktime_get_ns();
	if (!p || !r || !take_tokens(&r->requests, p->request_ns, n, now))
		return 0;
	if (take_tokens(&r->writes, p->write_ns, writes, now))
		return 1;
	__sync_fetch_and_sub(&r->requests, n * p->request_ns);
	return 0;
}

/* What is counted is asked for only where there are limits. */
#define WITHIN(limits, n, writes) ((limits) == NO_LIMITS || within_limits(limits, n, writes))
