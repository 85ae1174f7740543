/* SPDX-License-Identifier: MIT
 *
 * Replace the content of our table in one transaction.
 *
 * Not by deleting the table: the kernel empties the old base chain (policy
 * drop) a moment before it takes it off the hook, and packets would be lost.
 * So the base chain and counters that stay are kept, and everything else is
 * deleted and made anew. That needs to know what is there; the generation
 * number of the kernel's ruleset guards against changes in between.
 */
#include "nft/internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>

enum { TRIES = 8 };

static void put_del(struct batch *b, uint16_t type, uint16_t table_attr, uint16_t name_attr, const char *name)
{
	struct nlmsghdr *nlh = batch_msg(b, type, 0, (struct where){ 0 }, "deleting what was there");
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

static int str_cmp(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Counters can be many: ask a sorted copy. */
static void put_del_counters(struct batch *b, const struct ruleset *rs, const struct state *s)
{
	const char **v = arena_alloc(rs->arena, rs->n_counters * sizeof(*v));
	memcpy(v, rs->counters, rs->n_counters * sizeof(*v));
	qsort(v, rs->n_counters, sizeof(*v), str_cmp);
	for (size_t i = 0; i < s->counters.n; i++) {
		const char *name = s->counters.v[i];
		if (!bsearch(&name, v, rs->n_counters, sizeof(*v), str_cmp))
			put_del(b, NFT_MSG_DELOBJ, NFTA_OBJ_TABLE, NFTA_OBJ_NAME, name);
	}
}

static void put_old(struct batch *b, const struct ruleset *rs, const struct state *s)
{
	if (!s->present)
		return;
	put_del(b, NFT_MSG_DELRULE, NFTA_RULE_TABLE, 0, NULL);
	for (size_t i = 0; i < s->sets.n; i++)
		put_del(b, NFT_MSG_DELSET, NFTA_SET_TABLE, NFTA_SET_NAME, s->sets.v[i]);
	for (size_t i = 0; i < s->chains.n; i++)
		if (!listed(rs->chains, rs->n_chains, s->chains.v[i]))
			put_del(b, NFT_MSG_DELCHAIN, NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME, s->chains.v[i]);
	put_del_counters(b, rs, s);
}

static void put_new(struct batch *b, const struct ruleset *rs, const struct state *s)
{
	/* the base chain always: the kernel refuses it if one is there on another hook */
	put_chain(b, rs->chains[0], true, rs->at);
	for (size_t i = 1; i < rs->n_chains; i++)
		if (!names_have(&s->chains, rs->chains[i]))
			put_chain(b, rs->chains[i], false, rs->at);
	for (size_t i = 0; i < rs->n_counters; i++)
		if (!names_have(&s->counters, rs->counters[i]))
			put_counter(b, rs->counters[i], rs->counters_at[i]);
	for (size_t i = 0; i < rs->n_sets; i++) {
		put_set(b, &rs->sets[i], (uint32_t)i + 1, rs->at);
		put_elems(b, &rs->sets[i]);
	}
	for (size_t i = 0; i < rs->n_rules; i++)
		put_rule(b, rs, &rs->rules[i]);
}

static int attempt(struct nft *n, const struct ruleset *rs, bool commit, struct errs *errs)
{
	struct state s;
	struct batch b = { 0 };
	int r = state_read(n, &s);
	if (!r && batch_begin(&b, NFT_TABLE, n->seq, &s.genid)) {
		put_table(&b, false, rs->at);
		put_old(&b, rs, &s);
		put_new(&b, rs, &s);
		if (commit)
			batch_commit(&b);
		r = batch_send(&b, n->nl, errs);
		n->seq = b.seq;
	} else if (!r) {
		r = -ENOMEM;
	}
	batch_free(&b);
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
		errs_add(errs, m->path, 0, "this kernel has no way to queue packets; load xt_NFQUEUE or nft_queue");
		return NULL;
	}
	ro.fast = o->fast;
	ro.queue_backend = o->queue == NFT_QUEUE_NATIVE ? RS_QUEUE_NATIVE : RS_QUEUE_XT;
	return ruleset_build(m, &ro, errs);
}

int nft_check(struct mnl_socket *nl, const struct model *m, const struct nft_opts *o, struct errs *errs)
{
	struct ruleset *rs = build(m, o, errs);
	if (!rs)
		return -EINVAL;
	int r = ruleset_exchange(&(struct nft){ .nl = nl }, rs, false, errs);
	ruleset_free(rs);
	return r;
}

int nft_commit(struct mnl_socket *nl, const struct model *m, const struct nft_opts *o, struct errs *errs)
{
	struct nft n = { .nl = nl };
	struct ruleset *rs = build(m, o, errs);
	if (!rs)
		return -EINVAL;
	/* two bits of generation come round again: nobody may still carry this one */
	int r = ct_sweep(&n, rs->mark_mask, rs->generation_mask, rs->generation, rs->blocked_mark);
	if (r < 0)
		errs_add(errs, m->path, 0, "old connection marks cannot be cleared: %s", strerror(-r));
	else
		r = ruleset_exchange(&n, rs, true, errs);
	ruleset_free(rs);
	return r;
}

uint32_t nft_blocked_mark(uint32_t mask)
{
	return mask & -mask;	/* flow id 1, in place */
}
