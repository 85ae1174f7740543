/* SPDX-License-Identifier: MIT
 *
 * Replace the content of our table: all rules in one transaction, and without
 * losing or misjudging a packet that is under way.
 *
 * Not by deleting the table: the kernel empties the old base chain (policy
 * drop) a moment before it takes it off the hook, and packets would be lost.
 * So the base chain and counters that stay are kept, and all rules and sets are
 * made again. That needs to know what is there; the generation number of the
 * kernel's ruleset guards against changes in between.
 *
 * A packet goes through the rules it began with, but a map that is deleted in
 * the same transaction has no elements any more the moment it is committed, and
 * an interval map that is made in it has none until a moment later: the packet
 * would be of no zone. So it takes three. The first makes the new sets under the
 * other of two names ("zone4", "zone4-b"), which nobody uses yet; the second
 * exchanges the rules; and when no packet can be in the old ones any more the
 * third takes away what only they used.
 *
 * The flowtable is made again with the rules, in the same transaction: the kernel forgets what
 * was offloaded, and the next packet of such a connection comes through the new rules. An
 * interface can be in one flowtable of a table only, so the old one goes first.
 */
#include "nft/internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/membarrier.h>
#include <linux/netfilter/nfnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { TRIES = 8, GRACE_US = 20000 };

static void put_del(struct batch *b, uint16_t type, uint16_t table_attr, uint16_t name_attr,
		    const char *name)
{
	struct nlmsghdr *nlh =
		batch_msg(b, type, 0, (struct where){ 0 }, "deleting what was there");
	if (!nlh)
		return;
	mnl_attr_put_strz(nlh, table_attr, b->table);
	if (name)
		mnl_attr_put_strz(nlh, name_attr, name);
	if (type == NFT_MSG_DELOBJ)
		mnl_attr_put_u32(nlh, NFTA_OBJ_TYPE, htonl(NFT_OBJECT_COUNTER));
	batch_end_msg(b, nlh);
}

static bool listed(const char *const *v, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(v[i], name))
			return true;
	return false;
}

/* Counters can be many: ask a sorted copy. */
static void put_del_counters(struct batch *b, const struct ruleset *rs, const struct state *s)
{
	const char **v = arena_alloc(rs->arena, rs->n_counters * sizeof(*v));
	memcpy(v, rs->counters, rs->n_counters * sizeof(*v));
	qsort(v, rs->n_counters, sizeof(*v), names_cmp);
	for (size_t i = 0; i < s->counters.n; i++) {
		const char *name = s->counters.v[i];
		if (!bsearch(&name, v, rs->n_counters, sizeof(*v), names_cmp))
			put_del(b, NFT_MSG_DELOBJ, NFTA_OBJ_TABLE, NFTA_OBJ_NAME, name);
	}
}

/* Delete the sets, chains and counters that the old rules used and the new ones do not. */
static void put_del_unused(struct batch *b, const struct ruleset *rs, const struct state *s)
{
	for (size_t i = 0; i < s->sets.n; i++)
		put_del(b, NFT_MSG_DELSET, NFTA_SET_TABLE, NFTA_SET_NAME, s->sets.v[i]);
	for (size_t i = 0; i < s->chains.n; i++)
		if (!listed(rs->chains, rs->n_chains, s->chains.v[i]))
			put_del(b, NFT_MSG_DELCHAIN, NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME,
				s->chains.v[i]);
	put_del_counters(b, rs, s);
}

/* From here on no packet is in rules that were replaced before: the kernel waits for the end
 * of all that is under way, or we do. */
static void wait_for_packets(void)
{
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0))
		usleep(GRACE_US);
}

static int hook_of(const struct ruleset *rs, size_t chain)
{
	if (chain == RS_FORWARD && rs->observes)
		return HOOK_WATCHED;
	return chain < RS_BASE_CHAINS ? (int)chain : NO_HOOK;
}

static void put_new(struct batch *b, const struct ruleset *rs, const struct state *s)
{
	/* those with a hook always: the kernel refuses one that is there on another hook */
	for (size_t i = 0; i < rs->n_chains; i++)
		if (i < RS_BASE_CHAINS || !names_have(&s->chains, rs->chains[i]))
			put_chain(b, rs->chains[i], hook_of(rs, i), rs->at);
	for (size_t i = 0; i < rs->n_counters; i++)
		if (!names_have(&s->counters, rs->counters[i]))
			put_counter(b, rs->counters[i], rs->counters_at[i]);
	if (rs->helper) { /* as they are, if they are there */
		put_helper(b, RS_HELPER_TCP, IPPROTO_TCP, rs->at);
		put_helper(b, RS_HELPER_UDP, IPPROTO_UDP, rs->at);
	}
	for (size_t i = 0; i < rs->n_sets; i++) {
		put_set(b, &rs->sets[i], (uint32_t)i + 1, rs->at);
		put_elems(b, &rs->sets[i]);
	}
}

/* The flowtable has the interfaces that exist now; the kernel removes those that go. */
static void put_offload(struct batch *b, const struct ruleset *rs)
{
	const char **v = arena_alloc(rs->arena, (rs->n_devices + 1) * sizeof(*v));
	size_t n = 0;
	for (size_t i = 0; i < rs->n_devices; i++)
		if (if_nametoindex(rs->devices[i]))
			v[n++] = rs->devices[i];
	put_flowtable(b, v, n, rs->at);
}

static void put_rules(struct batch *b, const struct ruleset *rs, const struct state *s)
{
	if (s->present)
		put_del(b, NFT_MSG_DELRULE, NFTA_RULE_TABLE, 0, NULL);
	for (size_t i = 0; i < s->flowtables.n; i++)
		put_del(b, NFT_MSG_DELFLOWTABLE, NFTA_FLOWTABLE_TABLE, NFTA_FLOWTABLE_NAME,
			s->flowtables.v[i]);
	if (rs->offload)
		put_offload(b, rs);
	for (size_t i = 0; i < rs->n_rules; i++)
		put_rule(b, rs, &rs->rules[i]);
}

static int finish(struct nft *n, struct batch *b, bool commit, struct errs *errs)
{
	if (commit)
		batch_commit(b);
	int r = batch_send(b, n->nl, errs);
	n->seq = b->seq;
	batch_free(b);
	return r;
}

/* Sets of both names: an earlier commit came only halfway. One of the two is in use, and the
 * kernel refuses to delete that one. True: something is different now. */
static bool delete_leftovers(struct nft *n, const struct state *s)
{
	bool changed = false;
	char buf[SET_NAME_MAX];
	for (size_t i = 0; i < s->sets.n; i++) {
		const char *name = s->sets.v[i];
		const char *other = set_name(&(struct batch){ .taken = &s->sets }, name, buf);
		for (int k = 0; k < 2 && names_have(&s->sets, other); k++) {
			struct batch b;
			if (!batch_begin(&b, NFT_TABLE, n->seq, NULL))
				break;
			put_del(&b, NFT_MSG_DELSET, NFTA_SET_TABLE, NFTA_SET_NAME,
				k ? other : name);
			changed |= finish(n, &b, true, NULL) == 0;
		}
	}
	return changed;
}

/* Delete what the new rules do not use. If that fails, the next commit tries again. */
static void delete_unused(struct nft *n, const struct ruleset *rs, const struct state *s)
{
	struct batch b;
	if (!batch_begin(&b, NFT_TABLE, n->seq, NULL))
		return;
	put_del_unused(&b, rs, s);
	finish(n, &b, true, NULL);
}

/* Delete what the first transaction made for rules that the kernel then refused. */
static void delete_new(struct nft *n, const struct ruleset *rs, const struct state *s)
{
	struct batch b;
	char buf[SET_NAME_MAX];
	if (!batch_begin(&b, NFT_TABLE, n->seq, NULL))
		return;
	b.taken = &s->sets;
	for (size_t i = 0; i < rs->n_sets; i++)
		put_del(&b, NFT_MSG_DELSET, NFTA_SET_TABLE, NFTA_SET_NAME,
			set_name(&b, rs->sets[i].name, buf));
	for (size_t i = 0; i < rs->n_chains; i++)
		if (!names_have(&s->chains, rs->chains[i]))
			put_del(&b, NFT_MSG_DELCHAIN, NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME,
				rs->chains[i]);
	for (size_t i = 0; i < rs->n_counters; i++)
		if (!names_have(&s->counters, rs->counters[i]))
			put_del(&b, NFT_MSG_DELOBJ, NFTA_OBJ_TABLE, NFTA_OBJ_NAME, rs->counters[i]);
	finish(n, &b, true, NULL);
}

/* The new sets exist: exchange the rules, then delete the old sets. */
static int exchange_rules(struct nft *n, const struct ruleset *rs, const struct state *s,
			  struct errs *errs)
{
	struct batch b;
	if (!batch_begin(&b, NFT_TABLE, n->seq, NULL))
		return -ENOMEM;
	b.taken = &s->sets;
	put_rules(&b, rs, s);
	int r = finish(n, &b, true, errs);
	if (r) {
		delete_new(n, rs, s);
		return r;
	}
	wait_for_packets();
	delete_unused(n, rs, s); /* the new rules are in force either way */
	return 0;
}

/* A table keeps the flags that it was made with, but for its owner: with the wrong ones it has to
 * be made again, and what is forwarded in that moment is dropped. This happens at the first start
 * on a new kernel, not at a reload. */
static bool must_be_made_again(const struct ruleset *rs, const struct state *s)
{
	return s->present && rs->lock && !(s->flags & TABLE_PERSIST);
}

static int attempt(struct nft *n, const struct ruleset *rs, bool commit, struct errs *errs)
{
	struct state s;
	struct batch b;
	int r = state_read(n, &s);
	bool remake = !r && must_be_made_again(rs, &s);
	uint32_t flags = rs->lock ? TABLE_OWNER | TABLE_PERSIST : s.flags & TABLE_PERSIST;
	if (!r && s.owner && s.owner != mnl_socket_get_portid(n->nl)) {
		errs_add(errs, rs->at.file, 0,
			 "the table inet " NFT_TABLE
			 " belongs to another process (netlink port %u), "
			 "which must end first",
			 s.owner);
		r = -EPERM;
	}
	if (remake)
		state_forget(&s);
	if (!r && delete_leftovers(n, &s))
		r = -ERESTART;
	else if (!r && !batch_begin(&b, NFT_TABLE, n->seq, &s.genid))
		r = -ENOMEM;
	if (r)
		goto out;
	/* a base chain without rules would drop everything for a moment */
	bool staged = commit && names_have(&s.chains, rs->chains[RS_FORWARD]);
	b.taken = &s.sets;
	if (remake)
		put_no_table(&b);
	put_table(&b, flags, rs->at);
	put_new(&b, rs, &s);
	if (!staged)
		put_rules(&b, rs, &s);
	r = finish(n, &b, commit, errs);
	if (!r && staged)
		r = exchange_rules(n, rs, &s, errs);
	else if (!r && commit)
		delete_unused(n, rs, &s);
out:
	state_free(&s);
	return r;
}

int ruleset_exchange(struct nft *n, const struct ruleset *rs, bool commit, struct errs *errs)
{
	size_t before = errs->total;
	int r = -ERESTART;
	for (int i = 0; i < TRIES && (r == -ERESTART || r == -EINTR); i++)
		r = attempt(n, rs, commit, errs);
	if (r < 0 && errs->total == before)
		errs_add(errs, rs->at.file, 0, "the ruleset cannot be committed: %s", strerror(-r));
	return r;
}

static struct ruleset *build(const struct model *m, const struct nft_opts *o, struct errs *errs)
{
	struct ruleset_opts ro = { .generation = o->generation, .queues = o->queues };
	if (o->queue == NFT_QUEUE_NONE) {
		errs_add(errs, m->path, 0,
			 "this kernel has no way to queue packets; load xt_NFQUEUE or nft_queue");
		return NULL;
	}
	ro.fast = o->fast;
	ro.fast_first = o->fast_first;
	ro.learn = o->learn;
	ro.asked_mark = o->asked_mark;
	ro.blocked_mark = o->blocked_mark;
	ro.offload = o->offload;
	ro.lock = o->lock;
	ro.helper = o->helper;
	ro.queue_backend = o->queue == NFT_QUEUE_NATIVE ? RS_QUEUE_NATIVE : RS_QUEUE_XT;
	return ruleset_build(m, &ro, errs);
}

int nft_check(struct mnl_socket *nl, const struct model *m, const struct nft_opts *o,
	      struct errs *errs)
{
	struct ruleset *rs = build(m, o, errs);
	if (!rs)
		return -EINVAL;
	int r = ruleset_exchange(&(struct nft){ .nl = nl }, rs, false, errs);
	ruleset_free(rs);
	return r;
}

int nft_commit(struct mnl_socket *nl, const struct model *m, const struct nft_opts *o,
	       struct errs *errs)
{
	struct nft n = { .nl = nl };
	struct ruleset *rs = build(m, o, errs);
	if (!rs)
		return -EINVAL;
	int r = ruleset_exchange(&n, rs, true, errs);
	if (!r && rs->helper && !o->again)
		helper_missing_end(&n, m);
	ruleset_free(rs);
	return r;
}

uint32_t nft_blocked_mark(uint32_t mask, uint32_t drawn)
{
	/* neither 0 nor 1 nor all bits */
	uint32_t unit = mask & -mask, others = mask ? mask / unit - 2 : 0;
	return others ? (2 + drawn % others) * unit : unit;
}
