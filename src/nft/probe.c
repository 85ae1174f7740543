/* SPDX-License-Identifier: MIT
 *
 * Finds the features of this kernel. Each is tried by really committing a
 * scratch table (zoned-probe-PID) in the caller's network namespace and
 * deleting it. Its chains are on no hook, so no packet ever meets them.
 */
#include "nft/internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libnftnl/expr.h>
#include <linux/filter.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/xt_bpf.h>
#include <linux/netfilter/xt_connmark.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum row {
	ROW_QUEUE,
	ROW_QUEUE_NATIVE,
	ROW_QUEUE_XT,
	ROW_CT,
	ROW_INTERVAL_MAP,
	ROW_OBJREF_MAP,
	ROW_NFLOG,
	ROW_REJECT,
	ROW_CT_SWEEP,
	ROW_CONNMARK,
	ROW_FLOWTABLE,
	ROW_BPF,
	ROW_LOCK,
	ROW_HELPER,
	ROWS
};

static const struct rs_rule rule_queue = { "c", NULL, { { .kind = RS_TO_QUEUE } } };
static const struct rs_rule rule_ct = {
	"c",
	NULL,
	{ { .kind = RS_CT, .key = NFT_CT_SRC_IP, .dir = 0, .to = 0 },
	  { .kind = RS_CT, .key = NFT_CT_SRC_IP6, .dir = 1, .to = 0 },
	  { .kind = RS_CT, .key = NFT_CT_PROTO_SRC, .dir = 1, .to = 0 } }
};
static const struct rs_rule rule_log = {
	"c", NULL, { { .kind = RS_LOG, .a = 62, .b = 128, .name = "zoned" } }
};
static const struct rs_rule rule_reject = { "c",
					    NULL,
					    { { .kind = RS_META, .key = NFT_META_L4PROTO, .to = 0 },
					      { .kind = RS_EQ, .reg = 0, .len = 1, .a = 6 },
					      { .kind = RS_RESET } } };

static const struct rs_rule rule_offload = { "c", NULL, { { .kind = RS_OFFLOAD } } };

static void put_native(struct batch *b)
{
	put_rule(b, &(struct ruleset){ .queues = 2, .backend = RS_QUEUE_NATIVE }, &rule_queue);
}

static void put_xt(struct batch *b)
{
	put_rule(b, &(struct ruleset){ .queues = 2, .backend = RS_QUEUE_XT }, &rule_queue);
}

static void put_ct(struct batch *b)
{
	put_rule(b, &(struct ruleset){ .queues = 1 }, &rule_ct);
}

static void put_log(struct batch *b)
{
	put_rule(b, &(struct ruleset){ .queues = 1 }, &rule_log);
}

static void put_reject(struct batch *b)
{
	put_rule(b, &(struct ruleset){ .queues = 1 }, &rule_reject);
}

static void put_interval_map(struct batch *b)
{
	struct rs_elem v[] = { { .key = { 192, 0, 2, 0 }, .mark = 1 },
			       { .key = { 192, 0, 3, 0 }, .end = true } };
	struct rs_set s = { .name = "m",
			    .types = { RS_T_IPV4 },
			    .data = RS_D_MARK,
			    .interval = true,
			    .elems = v,
			    .n_elems = 2 };
	put_set(b, &s, 1, (struct where){ 0 });
	put_elems(b, &s);
}

static void put_objref_map(struct batch *b)
{
	struct rs_elem v[] = { { .target = "k" } };
	struct rs_set s = {
		.name = "m", .types = { RS_T_MARK }, .data = RS_D_COUNTER, .elems = v, .n_elems = 1
	};
	put_counter(b, "k", (struct where){ 0 });
	put_set(b, &s, 1, (struct where){ 0 });
	put_elems(b, &s);
}

/* A rule with one xt extension through nft_compat; info is copied. */
static void put_extension(struct batch *b, bool match, const char *name, uint32_t rev,
			  const void *info, size_t size)
{
	struct nftnl_rule *r = nftnl_rule_alloc();
	struct nftnl_expr *e = nftnl_expr_alloc(match ? "match" : "target");
	struct nlmsghdr *nlh =
		batch_msg(b, NFT_MSG_NEWRULE, NLM_F_CREATE, (struct where){ 0 }, name);
	void *copy = calloc(1, (size + 7) & ~(size_t)7);
	if (!r || !e || !nlh || !copy) {
		b->failed = true;
		free(copy);
		if (e)
			nftnl_expr_free(e);
		if (r)
			nftnl_rule_free(r);
		return;
	}
	memcpy(copy, info, size);
	nftnl_rule_set_str(r, NFTNL_RULE_TABLE, b->table);
	nftnl_rule_set_str(r, NFTNL_RULE_CHAIN, "c");
	nftnl_expr_set_str(e, match ? NFTNL_EXPR_MT_NAME : NFTNL_EXPR_TG_NAME, name);
	nftnl_expr_set_u32(e, match ? NFTNL_EXPR_MT_REV : NFTNL_EXPR_TG_REV, rev);
	nftnl_expr_set(e, match ? NFTNL_EXPR_MT_INFO : NFTNL_EXPR_TG_INFO, copy,
		       (uint32_t)((size + 7) & ~(size_t)7));
	nftnl_rule_add_expr(r, e);
	nftnl_rule_nlmsg_build_payload(nlh, r);
	batch_end_msg(b, nlh);
	nftnl_rule_free(r);
}

static void put_connmark(struct batch *b)
{
	struct xt_connmark_tginfo1 i = { .ctmask = 1, .nfmask = 1, .mode = XT_CONNMARK_SAVE };
	put_extension(b, false, "CONNMARK", 1, &i, sizeof(i));
}

static void put_bpf(struct batch *b)
{
	struct xt_bpf_info_v1 i = { .mode = XT_BPF_MODE_BYTECODE, .bpf_program_num_elem = 1 };
	i.bpf_program[0] = (struct sock_filter){ BPF_RET | BPF_K, 0, 0, 0 };
	put_extension(b, true, "bpf", 1, &i, sizeof(i));
}

static void put_probe_flowtable(struct batch *b)
{
	put_flowtable(b, NULL, 0, (struct where){ 0 });
	put_rule(b, &(struct ruleset){ .queues = 1 }, &rule_offload);
}

static void put_helpers(struct batch *b)
{
	put_helper(b, "t", IPPROTO_TCP, (struct where){ 0 });
	put_helper(b, "u", IPPROTO_UDP, (struct where){ 0 });
}

/* The flags that try() gives the table are all that this feature needs. */
static void put_lock(struct batch *b)
{
	(void)b;
}

static const struct {
	struct nft_feature f;
	void (*put)(struct batch *b);
	/* clang-format off */
} rows[ROWS] = {
	[ROW_QUEUE] = { { "queue", "packets go to the inspectors (one of the next two rows)", true, false }, NULL },
	[ROW_QUEUE_NATIVE] = { { "queue-native", "by the nft queue expression (CONFIG_NFT_QUEUE); preferred", false, false },
			       put_native },
	[ROW_QUEUE_XT] = { { "queue-xt", "by the xt NFQUEUE target through nft_compat", false, false }, put_xt },
	[ROW_CT] = { { "ct-address", "real client and server of a connection (nft_ct)", true, false }, put_ct },
	[ROW_INTERVAL_MAP] = { { "interval-map", "address to zone", true, false }, put_interval_map },
	[ROW_OBJREF_MAP] = { { "objref-map", "a counter per conduit (nft_objref)", true, false }, put_objref_map },
	[ROW_NFLOG] = { { "nflog", "records of refused flows (nfnetlink_log)", true, false }, put_log },
	[ROW_REJECT] = { { "reject", "TCP reset for blocked connections (nft_reject_inet)", true, false }, put_reject },
	[ROW_CT_SWEEP] = { { "ctnetlink", "clearing old connection marks (nf_conntrack_netlink)", true, false }, NULL },
	[ROW_CONNMARK] = { { "connmark-xt", "xt CONNMARK in inet tables; not used", false, false }, put_connmark },
	[ROW_FLOWTABLE] = { { "flowtable", "offload of flows without inspection (nf_flow_table_inet, nft_flow_offload)",
			    false, false }, put_probe_flowtable },
	[ROW_BPF] = { { "bpf-xt", "the in-kernel path's place in the ruleset (xt_bpf)", false, false }, put_bpf },
	[ROW_LOCK] = { { "table-lock", "nobody else can change our table (flags owner and persist, Linux 6.9)", false, false },
		       put_lock },
	[ROW_HELPER] = { { "helper", "inspected connections stay out of flowtables of others (nfnetlink_cthelper, nft_ct)",
			 false, false }, put_helpers },
};
/* clang-format on */

static bool try(struct mnl_socket *nl, const char *table, void (*put)(struct batch *b))
{
	struct batch b = { 0 };
	if (!batch_begin(&b, table, 0, NULL))
		return false;
	put_table(&b, put == put_lock ? TABLE_OWNER | TABLE_PERSIST : 0, (struct where){ 0 });
	put_chain(&b, "c", NO_HOOK, (struct where){ 0 });
	put(&b);
	batch_commit(&b);
	bool ok = batch_send(&b, nl, NULL) == 0;
	batch_free(&b);
	if (ok && batch_begin(&b, table, 0, NULL)) {
		put_no_table(&b);
		batch_commit(&b);
		ok = batch_send(&b, nl, NULL) == 0;
	}
	batch_free(&b);
	return ok;
}

const struct nft_feature *nft_probe(struct mnl_socket *nl, size_t *n, enum nft_queue *queue)
{
	static struct nft_feature found[ROWS]; /* the answer, until the next call */
	char table[32];
	snprintf(table, sizeof(table), "zoned-probe-%ld", (long)getpid());
	/* its row tells whether that went well */
	(void)helper_register(&(struct nft){ .nl = nl });
	for (size_t i = 0; i < ROWS; i++) {
		found[i] = rows[i].f;
		if (rows[i].put)
			found[i].present = try(nl, table, rows[i].put);
	}
	/* a sweep for no bits changes nothing, but needs all that a real one does */
	found[ROW_CT_SWEEP].present = ct_sweep(&(struct nft){ .nl = nl }, 0) == 0;
	found[ROW_QUEUE].present = found[ROW_QUEUE_NATIVE].present || found[ROW_QUEUE_XT].present;
	*queue = found[ROW_QUEUE_NATIVE].present ? NFT_QUEUE_NATIVE
		 : found[ROW_QUEUE_XT].present	 ? NFT_QUEUE_XT
						 : NFT_QUEUE_NONE;
	*n = ROWS;
	return found;
}

bool nft_has(const struct nft_feature *f, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(f[i].name, name) == 0)
			return f[i].present;
	return false;
}
