/* SPDX-License-Identifier: MIT
 * One step of an abstract rule -> one nftables expression, by libnftnl. */
#include "nft/internal.h"

#include <errno.h>
#include <libnftnl/expr.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/xt_NFQUEUE.h>
#include <linux/netfilter/xt_bpf.h>
#include <stdlib.h>
#include <string.h>

#ifndef NFT_QUEUE_FLAG_BYPASS
#define NFT_QUEUE_FLAG_BYPASS 1
#endif

enum { XT_ALIGN = 8, NFQUEUE_REVISION = 3, BPF_REVISION = 1 };

struct ctx {
	const struct batch *b;
	const struct ruleset *rs;
	struct nftnl_rule *rule;
	const struct rs_op *op;
};

static struct nftnl_expr *expr(const struct ctx *c, const char *name)
{
	struct nftnl_expr *e = nftnl_expr_alloc(name);
	if (e)
		nftnl_rule_add_expr(c->rule, e);
	return e;
}

static uint32_t reg(uint8_t word)
{
	return NFT_REG32_00 + word;
}

static bool do_ct(const struct ctx *c)
{
	struct nftnl_expr *e = expr(c, "ct");
	if (!e)
		return false;
	nftnl_expr_set_u32(e, NFTNL_EXPR_CT_KEY, c->op->key);
	if (c->op->kind == RS_SET_CT_MARK)
		nftnl_expr_set_u32(e, NFTNL_EXPR_CT_SREG, reg(c->op->reg));
	else
		nftnl_expr_set_u32(e, NFTNL_EXPR_CT_DREG, reg(c->op->to));
	if (c->op->kind == RS_CT && c->op->dir >= 0)
		nftnl_expr_set_u8(e, NFTNL_EXPR_CT_DIR, (uint8_t)c->op->dir);
	return true;
}

static bool do_set_ct(const struct ctx *c)
{
	struct rs_op op = *c->op;
	op.key = NFT_CT_MARK;
	return do_ct(&(struct ctx){ c->b, c->rs, c->rule, &op });
}

static bool do_meta(const struct ctx *c)
{
	struct nftnl_expr *e = expr(c, "meta");
	if (!e)
		return false;
	bool set = c->op->kind == RS_SET_MARK;
	nftnl_expr_set_u32(e, NFTNL_EXPR_META_KEY, set ? NFT_META_MARK : c->op->key);
	nftnl_expr_set_u32(e, set ? NFTNL_EXPR_META_SREG : NFTNL_EXPR_META_DREG,
			   reg(set ? c->op->reg : c->op->to));
	return true;
}

static bool do_payload(const struct ctx *c)
{
	struct nftnl_expr *e = expr(c, "payload");
	if (!e)
		return false;
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_BASE,
			   c->op->a == 2 ? NFT_PAYLOAD_LL_HEADER
			   : c->op->a	 ? NFT_PAYLOAD_TRANSPORT_HEADER
					 : NFT_PAYLOAD_NETWORK_HEADER);
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_OFFSET, c->op->key);
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_LEN, c->op->len);
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_DREG, reg(c->op->to));
	return true;
}

static bool do_bitwise(const struct ctx *c)
{
	uint32_t len = c->op->len ? c->op->len : 4;
	uint8_t mask = (uint8_t)c->op->a, xor = (uint8_t)c->op->b; /* of one byte */
	struct nftnl_expr *e = expr(c, "bitwise");
	if (!e)
		return false;
	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_SREG, reg(c->op->reg));
	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_DREG, reg(c->op->to));
	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_LEN, len);
	nftnl_expr_set(e, NFTNL_EXPR_BITWISE_MASK, len == 1 ? (const void *)&mask : &c->op->a, len);
	nftnl_expr_set(e, NFTNL_EXPR_BITWISE_XOR, len == 1 ? (const void *)&xor : &c->op->b, len);
	return true;
}

static bool do_cmp(const struct ctx *c)
{
	struct nftnl_expr *e = expr(c, "cmp");
	uint8_t byte = (uint8_t)c->op->a;
	if (!e)
		return false;
	nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_SREG, reg(c->op->reg));
	nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_OP, c->op->kind == RS_EQ ? NFT_CMP_EQ : NFT_CMP_NEQ);
	nftnl_expr_set(e, NFTNL_EXPR_CMP_DATA, c->op->len == 1 ? (const void *)&byte : &c->op->a,
		       c->op->len);
	return true;
}

/* A number of 16 bits in a header, and it is larger. */
static bool do_above(const struct ctx *c)
{
	struct nftnl_expr *e = expr(c, "cmp");
	uint8_t v[2] = { (uint8_t)(c->op->a >> 8), (uint8_t)c->op->a };
	if (!e)
		return false;
	nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_SREG, reg(c->op->reg));
	nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_OP, NFT_CMP_GT);
	nftnl_expr_set(e, NFTNL_EXPR_CMP_DATA, v, sizeof(v));
	return true;
}

static bool do_lookup(const struct ctx *c)
{
	struct nftnl_expr *e = expr(c, "lookup");
	char buf[SET_NAME_MAX];
	if (!e)
		return false;
	nftnl_expr_set_str(e, NFTNL_EXPR_LOOKUP_SET, set_name(c->b, c->op->name, buf));
	nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_SREG, reg(c->op->reg));
	if (c->op->kind == RS_MAP)
		nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_DREG, reg(c->op->to));
	if (c->op->kind == RS_VMAP)
		nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_DREG, NFT_REG_VERDICT);
	if (c->op->kind == RS_NOT_IN)
		nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_FLAGS, NFT_LOOKUP_F_INV);
	return true;
}

static bool do_counter(const struct ctx *c)
{
	struct nftnl_expr *e = expr(c, "objref");
	char buf[SET_NAME_MAX];
	if (!e)
		return false;
	if (c->op->kind == RS_COUNTER_MAP) {
		nftnl_expr_set_u32(e, NFTNL_EXPR_OBJREF_SET_SREG, reg(c->op->reg));
		nftnl_expr_set_str(e, NFTNL_EXPR_OBJREF_SET_NAME, set_name(c->b, c->op->name, buf));
	} else {
		nftnl_expr_set_u32(e, NFTNL_EXPR_OBJREF_IMM_TYPE, NFT_OBJECT_COUNTER);
		nftnl_expr_set_str(e, NFTNL_EXPR_OBJREF_IMM_NAME, c->op->name);
	}
	return true;
}

static struct nftnl_expr *add_to_set(const struct ctx *c)
{
	struct nftnl_expr *e = expr(c, "dynset");
	char buf[SET_NAME_MAX];
	if (!e)
		return NULL;
	nftnl_expr_set_str(e, NFTNL_EXPR_DYNSET_SET_NAME, set_name(c->b, c->op->name, buf));
	nftnl_expr_set_u32(e, NFTNL_EXPR_DYNSET_OP, NFT_DYNSET_OP_ADD);
	nftnl_expr_set_u32(e, NFTNL_EXPR_DYNSET_SREG_KEY, reg(c->op->reg));
	if (c->op->kind == RS_ADD_MAP)
		nftnl_expr_set_u32(e, NFTNL_EXPR_DYNSET_SREG_DATA, reg(c->op->to));
	return e;
}

static bool do_add(const struct ctx *c)
{
	return add_to_set(c) != NULL;
}

static void set_limit(struct nftnl_expr *e, const struct ctx *c, uint32_t flags)
{
	nftnl_expr_set_u64(e, NFTNL_EXPR_LIMIT_RATE, c->op->a);
	nftnl_expr_set_u64(e, NFTNL_EXPR_LIMIT_UNIT, 1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_LIMIT_BURST, c->op->b);
	nftnl_expr_set_u32(e, NFTNL_EXPR_LIMIT_TYPE, NFT_LIMIT_PKTS);
	nftnl_expr_set_u32(e, NFTNL_EXPR_LIMIT_FLAGS, flags);
}

static bool do_limit(const struct ctx *c)
{
	struct nftnl_expr *e = expr(c, "limit");
	if (e)
		set_limit(e, c, c->op->key);
	return e != NULL;
}

/* Like any packet's use of a set with a time-out; the element is there. */
static bool do_keep(const struct ctx *c)
{
	struct nftnl_expr *e = add_to_set(c);
	if (e)
		nftnl_expr_set_u32(e, NFTNL_EXPR_DYNSET_OP, NFT_DYNSET_OP_UPDATE);
	return e != NULL;
}

/* Each key has a limit of its own in the set; the rule goes on when this one is exceeded. It does
 * not where there is no room for another key. */
static bool do_over_share(const struct ctx *c)
{
	struct nftnl_expr *e = add_to_set(c), *limit = e ? nftnl_expr_alloc("limit") : NULL;
	if (!limit)
		return false;
	set_limit(limit, c, NFT_LIMIT_F_INV);
	nftnl_expr_set(e, NFTNL_EXPR_DYNSET_EXPR, limit, 0); /* it is freed with the rule */
	return true;
}

/* Each key has a counter of its own in the set, which lasts as long as there are packets. Where
 * there is no room for another key the rule does not go on. */
static bool do_count_key(const struct ctx *c)
{
	struct nftnl_expr *e = add_to_set(c), *counter = e ? nftnl_expr_alloc("counter") : NULL;
	if (!counter)
		return false;
	nftnl_expr_set_u32(e, NFTNL_EXPR_DYNSET_OP, NFT_DYNSET_OP_UPDATE);
	nftnl_expr_set(e, NFTNL_EXPR_DYNSET_EXPR, counter, 0); /* it is freed with the rule */
	return true;
}

/* Mask an IPv6 address to the network of its link, /64. */
static bool do_network6(const struct ctx *c)
{
	static const uint8_t zero[16], mask[16] = { 255, 255, 255, 255, 255, 255, 255, 255 };
	struct nftnl_expr *e = expr(c, "bitwise");
	if (!e)
		return false;
	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_SREG, reg(c->op->reg));
	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_DREG, reg(c->op->reg));
	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_LEN, sizeof(mask));
	nftnl_expr_set(e, NFTNL_EXPR_BITWISE_MASK, mask, sizeof(mask));
	nftnl_expr_set(e, NFTNL_EXPR_BITWISE_XOR, zero, sizeof(zero));
	return true;
}

static bool do_log(const struct ctx *c)
{
	struct nftnl_expr *e = expr(c, "log");
	if (!e)
		return false;
	nftnl_expr_set_str(e, NFTNL_EXPR_LOG_PREFIX, c->op->name);
	nftnl_expr_set_u16(e, NFTNL_EXPR_LOG_GROUP, (uint16_t)c->op->a);
	nftnl_expr_set_u32(e, NFTNL_EXPR_LOG_SNAPLEN, c->op->b);
	return true;
}

/* Conduits with fail = "open" have queues of their own behind the others, so that
 * the reader knows what may pass while an inspector is down. */
static uint16_t first_queue(const struct ctx *c)
{
	return (uint16_t)(c->rs->queue_base + (c->op->a ? c->rs->queues : 0));
}

static bool do_queue_native(const struct ctx *c)
{
	struct nftnl_expr *e = expr(c, "queue");
	if (!e)
		return false;
	nftnl_expr_set_u16(e, NFTNL_EXPR_QUEUE_NUM, first_queue(c));
	nftnl_expr_set_u16(e, NFTNL_EXPR_QUEUE_TOTAL, c->rs->queues);
	nftnl_expr_set_u16(e, NFTNL_EXPR_QUEUE_FLAGS, c->op->a ? NFT_QUEUE_FLAG_BYPASS : 0);
	return true;
}

/* The xt target through nft_compat, where the kernel has no native queue. */
static bool do_queue_xt(const struct ctx *c)
{
	struct nftnl_expr *e = expr(c, "target");
	size_t size = (sizeof(struct xt_NFQ_info_v3) + XT_ALIGN - 1) & ~(size_t)(XT_ALIGN - 1);
	struct xt_NFQ_info_v3 *info = calloc(1, size);
	if (!e || !info) {
		free(info);
		return false;
	}
	info->queuenum = first_queue(c);
	info->queues_total = c->rs->queues;
	info->flags = c->op->a ? NFQ_FLAG_BYPASS : 0;
	nftnl_expr_set_str(e, NFTNL_EXPR_TG_NAME, "NFQUEUE");
	nftnl_expr_set_u32(e, NFTNL_EXPR_TG_REV, NFQUEUE_REVISION);
	nftnl_expr_set(e, NFTNL_EXPR_TG_INFO, info, (uint32_t)size); /* libnftnl frees it */
	return true;
}

static bool do_queue(const struct ctx *c)
{
	return c->rs->backend == RS_QUEUE_NATIVE ? do_queue_native(c) : do_queue_xt(c);
}

/* The xt match through nft_compat. The kernel looks the program up in our own descriptors
 * while it takes the batch, and keeps it for as long as the rule is there: no pin, no path. */
static bool put_program(const struct ctx *c, int fd)
{
	struct nftnl_expr *e = expr(c, "match");
	size_t size = (sizeof(struct xt_bpf_info_v1) + XT_ALIGN - 1) & ~(size_t)(XT_ALIGN - 1);
	struct xt_bpf_info_v1 *info = calloc(1, size);
	if (!e || !info) {
		free(info);
		return false;
	}
	info->mode = XT_BPF_MODE_FD_ELF;
	info->fd = fd;
	nftnl_expr_set_str(e, NFTNL_EXPR_MT_NAME, "bpf");
	nftnl_expr_set_u32(e, NFTNL_EXPR_MT_REV, BPF_REVISION);
	nftnl_expr_set(e, NFTNL_EXPR_MT_INFO, info, (uint32_t)size); /* libnftnl frees it */
	return true;
}

static bool do_fast(const struct ctx *c)
{
	return put_program(c, c->rs->fast);
}

/* The program always matches, so the rule does the same without it. */
static bool do_learn(const struct ctx *c)
{
	return !c->rs->fast_first || c->rs->learn < 0 || put_program(c, c->rs->learn);
}

static bool do_offload(const struct ctx *c)
{
	struct nftnl_expr *e = expr(c, "flow_offload");
	if (e)
		nftnl_expr_set_str(e, NFTNL_EXPR_FLOW_TABLE_NAME, RS_FLOWTABLE);
	return e != NULL;
}

/* Does nothing for connections of another protocol, and for those that have one. */
static bool do_set_helper(const struct ctx *c)
{
	struct nftnl_expr *e = expr(c, "objref");
	if (!e)
		return false;
	nftnl_expr_set_u32(e, NFTNL_EXPR_OBJREF_IMM_TYPE, NFT_OBJECT_CT_HELPER);
	nftnl_expr_set_str(e, NFTNL_EXPR_OBJREF_IMM_NAME, c->op->name);
	return true;
}

static bool do_notrack(const struct ctx *c)
{
	return expr(c, "notrack") != NULL;
}

static bool do_reset(const struct ctx *c)
{
	struct nftnl_expr *e = expr(c, "reject");
	if (!e)
		return false;
	nftnl_expr_set_u32(e, NFTNL_EXPR_REJECT_TYPE, NFT_REJECT_TCP_RST);
	nftnl_expr_set_u8(e, NFTNL_EXPR_REJECT_CODE, 0);
	return true;
}

static bool do_verdict(const struct ctx *c)
{
	static const int codes[] = {
		[RS_ACCEPT] = NF_ACCEPT, [RS_DROP] = NF_DROP,  [RS_RETURN] = NFT_RETURN,
		[RS_JUMP] = NFT_JUMP,	 [RS_GOTO] = NFT_GOTO,
	};
	struct nftnl_expr *e = expr(c, "immediate");
	if (!e)
		return false;
	nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_VERDICT, (uint32_t)codes[c->op->key]);
	if (c->op->name)
		nftnl_expr_set_str(e, NFTNL_EXPR_IMM_CHAIN, c->op->name);
	return true;
}

static bool (*const makers[])(const struct ctx *c) = {
	[RS_CT] = do_ct,
	[RS_META] = do_meta,
	[RS_PAYLOAD] = do_payload,
	[RS_AND_XOR] = do_bitwise,
	[RS_EQ] = do_cmp,
	[RS_NE] = do_cmp,
	[RS_MAP] = do_lookup,
	[RS_IN] = do_lookup,
	[RS_NOT_IN] = do_lookup,
	[RS_VMAP] = do_lookup,
	[RS_SET_CT_MARK] = do_set_ct,
	[RS_SET_MARK] = do_meta,
	[RS_COUNTER] = do_counter,
	[RS_COUNTER_MAP] = do_counter,
	[RS_ADD] = do_add,
	[RS_LIMIT] = do_limit,
	[RS_LOG] = do_log,
	[RS_NETWORK6] = do_network6,
	[RS_OVER_SHARE] = do_over_share,
	[RS_COUNT_KEY] = do_count_key,
	[RS_KEEP] = do_keep,
	[RS_FAST] = do_fast,
	[RS_ADD_MAP] = do_add,
	[RS_LEARN] = do_learn,
	[RS_OFFLOAD] = do_offload,
	[RS_SET_HELPER] = do_set_helper,
	[RS_NOTRACK] = do_notrack,
	[RS_TO_QUEUE] = do_queue,
	[RS_RESET] = do_reset,
	[RS_VERDICT] = do_verdict,
	[RS_ABOVE] = do_above,
};

static bool put_comment(struct nftnl_rule *rule, const char *text)
{
	struct nftnl_udata_buf *u = nftnl_udata_buf_alloc(NFT_USERDATA_MAXLEN);
	if (!u)
		return false;
	if (nftnl_udata_put_strz(u, NFTNL_UDATA_RULE_COMMENT, text))
		nftnl_rule_set_data(rule, NFTNL_RULE_USERDATA, nftnl_udata_buf_data(u),
				    nftnl_udata_buf_len(u));
	nftnl_udata_buf_free(u);
	return true;
}

void put_rule(struct batch *b, const struct ruleset *rs, const struct rs_rule *r)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();
	struct nlmsghdr *nlh =
		batch_msg(b, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, rs->at, r->chain);
	bool ok = rule && nlh;
	if (ok) {
		nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, b->table);
		nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, r->chain);
		ok = !r->comment || put_comment(rule, r->comment);
	}
	for (const struct rs_op *op = r->ops; ok && op->kind != RS_END; op++)
		ok = makers[op->kind](&(struct ctx){ b, rs, rule, op });
	if (ok) {
		nftnl_rule_nlmsg_build_payload(nlh, rule);
		batch_end_msg(b, nlh);
	} else {
		b->failed = true;
	}
	if (rule)
		nftnl_rule_free(rule);
}
