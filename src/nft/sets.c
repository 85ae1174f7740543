/* SPDX-License-Identifier: MIT
 *
 * Table, chains, counters, sets and their elements as netlink messages.
 * Written with libmnl directly: elements by the ten thousand need no object
 * each, and their offsets are needed to name the operator's line. The user
 * data is what nft(8) stores there, so that it prints types and comments.
 */
#include "nft/internal.h"

#include <arpa/inet.h>
#include <endian.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

enum { ELEMS_MAX = 56 * 1024 }; /* a nest's length has 16 bits */
/* of nft(8) */
enum { UDATA_KEY_ORDER = 0, UDATA_DATA_ORDER = 1, ORDER_HOST = 1, ORDER_NET = 2 };
enum { UDATA_COMMENT = 0 };

static const struct {
	uint32_t id; /* nft(8)'s number of the type, for printing only */
	uint32_t len;
	uint32_t order;
	/* clang-format off */
} types[] = {
	[RS_T_IPV4] = { 7, 4, ORDER_NET },    [RS_T_IPV6] = { 8, 16, ORDER_NET },
	[RS_T_PROTO] = { 12, 1, ORDER_NET },  [RS_T_PORT] = { 13, 2, ORDER_NET },
	[RS_T_MARK] = { 19, 4, ORDER_HOST },  [RS_T_IFNAME] = { 41, IFNAMSIZ, ORDER_HOST },
	[RS_T_DIRECTION] = { 27, 1, ORDER_HOST }, [RS_T_ETHER] = { 9, 6, ORDER_NET },
};
/* clang-format on */

static void put_be32(struct nlmsghdr *nlh, uint16_t type, uint32_t v)
{
	mnl_attr_put_u32(nlh, type, htonl(v));
}

static void table_msg(struct batch *b, uint16_t type, uint16_t how, uint32_t flags, struct where at)
{
	struct nlmsghdr *nlh = batch_msg(b, type, how, at, "the table");
	if (!nlh)
		return;
	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, b->table);
	if (type == NFT_MSG_NEWTABLE)
		put_be32(nlh, NFTA_TABLE_FLAGS, flags);
	batch_end_msg(b, nlh);
}

void put_table(struct batch *b, uint32_t flags, struct where at)
{
	table_msg(b, NFT_MSG_NEWTABLE, NLM_F_CREATE, flags, at);
}

void put_table_once(struct batch *b)
{
	table_msg(b, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL, 0, (struct where){ 0 });
}

void put_no_table(struct batch *b)
{
	table_msg(b, NFT_MSG_DELTABLE, 0, 0, (struct where){ 0 });
}

/* The priorities are before connection tracking (-200), and before other filters of forwarded
 * packets (0). */
static const struct {
	uint32_t number, policy;
	int32_t priority;
} hooks[] = {
	[RS_FORWARD] = { NF_INET_FORWARD, NF_DROP, RS_PRIORITY },
	[RS_EARLY] = { NF_INET_PRE_ROUTING, NF_ACCEPT, -300 },
	[HOOK_WATCHED] = { NF_INET_FORWARD, NF_ACCEPT, RS_PRIORITY },
	[HOOK_CLOSED] = { NF_INET_FORWARD, NF_DROP, RS_PRIORITY - 1 },
};

void put_chain(struct batch *b, const char *name, int hook, struct where at)
{
	struct nlmsghdr *nlh = batch_msg(b, NFT_MSG_NEWCHAIN, NLM_F_CREATE, at, "a chain");
	if (!nlh)
		return;
	mnl_attr_put_strz(nlh, NFTA_CHAIN_TABLE, b->table);
	mnl_attr_put_strz(nlh, NFTA_CHAIN_NAME, name);
	if (hook != NO_HOOK) {
		struct nlattr *nest = mnl_attr_nest_start(nlh, NFTA_CHAIN_HOOK);
		put_be32(nlh, NFTA_HOOK_HOOKNUM, hooks[hook].number);
		put_be32(nlh, NFTA_HOOK_PRIORITY, (uint32_t)hooks[hook].priority);
		mnl_attr_nest_end(nlh, nest);
		put_be32(nlh, NFTA_CHAIN_POLICY, hooks[hook].policy);
		mnl_attr_put_strz(nlh, NFTA_CHAIN_TYPE, "filter");
	}
	batch_end_msg(b, nlh);
}

/* The beginning of an object; its data is what the caller adds. */
static struct nlmsghdr *object_msg(struct batch *b, const char *name, uint32_t type,
				   struct where at)
{
	struct nlmsghdr *nlh = batch_msg(b, NFT_MSG_NEWOBJ, NLM_F_CREATE, at,
					 type == NFT_OBJECT_COUNTER ? "the counter" : "the helper");
	if (!nlh)
		return NULL;
	mnl_attr_put_strz(nlh, NFTA_OBJ_TABLE, b->table);
	mnl_attr_put_strz(nlh, NFTA_OBJ_NAME, name);
	put_be32(nlh, NFTA_OBJ_TYPE, type);
	return nlh;
}

void put_counter(struct batch *b, const char *name, struct where at)
{
	struct nlmsghdr *nlh = object_msg(b, name, NFT_OBJECT_COUNTER, at);
	if (!nlh)
		return;
	struct nlattr *data = mnl_attr_nest_start(nlh, NFTA_OBJ_DATA);
	mnl_attr_put_u64(nlh, NFTA_COUNTER_BYTES, 0);
	mnl_attr_put_u64(nlh, NFTA_COUNTER_PACKETS, 0);
	mnl_attr_nest_end(nlh, data);
	batch_end_msg(b, nlh);
}

void put_helper(struct batch *b, const char *name, uint8_t protocol, struct where at)
{
	struct nlmsghdr *nlh = object_msg(b, name, NFT_OBJECT_CT_HELPER, at);
	if (!nlh)
		return;
	struct nlattr *data = mnl_attr_nest_start(nlh, NFTA_OBJ_DATA);
	mnl_attr_put_strz(nlh, NFTA_CT_HELPER_NAME, RS_HELPER);
	mnl_attr_put_u16(nlh, NFTA_CT_HELPER_L3PROTO, htons(NFPROTO_INET));
	mnl_attr_put_u8(nlh, NFTA_CT_HELPER_L4PROTO, protocol);
	mnl_attr_nest_end(nlh, data);
	batch_end_msg(b, nlh);
}

/* Makes it, or adds the devices to it. One that is not there is refused: ask before. Connection
 * tracking goes on counting what is offloaded (where it counts at all). */
void put_flowtable(struct batch *b, const char **devices, size_t n, struct where at)
{
	struct nlmsghdr *nlh =
		batch_msg(b, NFT_MSG_NEWFLOWTABLE, NLM_F_CREATE, at, "the flowtable");
	if (!nlh)
		return;
	mnl_attr_put_strz(nlh, NFTA_FLOWTABLE_TABLE, b->table);
	mnl_attr_put_strz(nlh, NFTA_FLOWTABLE_NAME, RS_FLOWTABLE);
	put_be32(nlh, NFTA_FLOWTABLE_FLAGS, NFT_FLOWTABLE_COUNTER);
	struct nlattr *hook = mnl_attr_nest_start(nlh, NFTA_FLOWTABLE_HOOK);
	put_be32(nlh, NFTA_FLOWTABLE_HOOK_NUM, NF_NETDEV_INGRESS);
	put_be32(nlh, NFTA_FLOWTABLE_HOOK_PRIORITY, 0);
	struct nlattr *devs = mnl_attr_nest_start(nlh, NFTA_FLOWTABLE_HOOK_DEVS);
	for (size_t i = 0; i < n; i++)
		mnl_attr_put_strz(nlh, NFTA_DEVICE_NAME, devices[i]);
	mnl_attr_nest_end(nlh, devs);
	mnl_attr_nest_end(nlh, hook);
	batch_end_msg(b, nlh);
}

static uint32_t key_len(const struct rs_set *s)
{
	uint32_t len = 0;
	if (s->types[1] == RS_T_NONE)
		return types[s->types[0]].len;
	for (size_t i = 0; i < RS_TYPES_MAX && s->types[i]; i++)
		len += (types[s->types[i]].len + 3) & ~3u;
	return len;
}

static uint32_t key_type(const struct rs_set *s)
{
	uint32_t id = 0;
	for (size_t i = 0; i < RS_TYPES_MAX && s->types[i]; i++)
		id = id << 6 | types[s->types[i]].id;
	return id;
}

static uint32_t set_flags(const struct rs_set *s)
{
	uint32_t f = s->data == RS_D_COUNTER ? NFT_SET_OBJECT : s->data ? NFT_SET_MAP : 0;
	if (s->interval)
		f |= NFT_SET_INTERVAL;
	if (s->dynamic)
		f |= NFT_SET_TIMEOUT | NFT_SET_EVAL;
	if (s->timed)
		f |= NFT_SET_TIMEOUT;
	return f;
}

/* Type, length, value; the value of byte orders is a 32-bit number. */
static size_t udata_order(uint8_t *p, uint8_t type, uint32_t order)
{
	p[0] = type;
	p[1] = sizeof(order);
	memcpy(p + 2, &order, sizeof(order));
	return 2 + sizeof(order);
}

const char *set_name(const struct batch *b, const char *name, char buf[SET_NAME_MAX])
{
	if (!b->taken || !names_have(b->taken, name))
		return name;
	snprintf(buf, SET_NAME_MAX, "%s-b", name);
	return buf;
}

void put_set(struct batch *b, const struct rs_set *s, uint32_t id, struct where at)
{
	struct nlmsghdr *nlh = batch_msg(b, NFT_MSG_NEWSET, NLM_F_CREATE, at, "a set");
	char buf[SET_NAME_MAX];
	if (!nlh)
		return;
	mnl_attr_put_strz(nlh, NFTA_SET_TABLE, b->table);
	mnl_attr_put_strz(nlh, NFTA_SET_NAME, set_name(b, s->name, buf));
	put_be32(nlh, NFTA_SET_FLAGS, set_flags(s));
	put_be32(nlh, NFTA_SET_KEY_TYPE, key_type(s));
	put_be32(nlh, NFTA_SET_KEY_LEN, key_len(s));
	put_be32(nlh, NFTA_SET_ID, id);
	if (s->data == RS_D_MARK || s->data == RS_D_VERDICT) {
		put_be32(nlh, NFTA_SET_DATA_TYPE,
			 s->data == RS_D_MARK ? types[RS_T_MARK].id : NFT_DATA_VERDICT);
		put_be32(nlh, NFTA_SET_DATA_LEN, s->data == RS_D_MARK ? 4 : 0);
	} else if (s->data == RS_D_COUNTER) {
		put_be32(nlh, NFTA_SET_OBJ_TYPE, NFT_OBJECT_COUNTER);
	}
	if (s->dynamic)
		mnl_attr_put_u64(nlh, NFTA_SET_TIMEOUT, htobe64(s->timeout_ms));
	if (!s->interval) { /* the kernel's hash of known size is much the fastest */
		struct nlattr *desc = mnl_attr_nest_start(nlh, NFTA_SET_DESC);
		put_be32(nlh, NFTA_SET_DESC_SIZE, s->dynamic ? s->size : (uint32_t)s->n_elems + 1);
		mnl_attr_nest_end(nlh, desc);
	}
	uint8_t u[16];
	size_t n = udata_order(u, UDATA_KEY_ORDER, s->types[1] ? 0 : types[s->types[0]].order);
	if (s->data == RS_D_MARK)
		n += udata_order(u + n, UDATA_DATA_ORDER, ORDER_HOST);
	mnl_attr_put(nlh, NFTA_SET_USERDATA, n, u);
	batch_end_msg(b, nlh);
}

static void put_data(struct nlmsghdr *nlh, const struct rs_set *s, const struct rs_elem *e)
{
	static const int32_t codes[] = {
		[RS_ACCEPT] = NF_ACCEPT, [RS_DROP] = NF_DROP,  [RS_RETURN] = NFT_RETURN,
		[RS_JUMP] = NFT_JUMP,	 [RS_GOTO] = NFT_GOTO,
	};
	if (s->data == RS_D_COUNTER)
		mnl_attr_put_strz(nlh, NFTA_SET_ELEM_OBJREF, e->target);
	if ((s->data != RS_D_MARK && s->data != RS_D_VERDICT) || e->end)
		return;
	struct nlattr *data = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_DATA);
	if (s->data == RS_D_MARK) {
		mnl_attr_put_u32(nlh, NFTA_DATA_VALUE, e->mark);
	} else {
		struct nlattr *v = mnl_attr_nest_start(nlh, NFTA_DATA_VERDICT);
		put_be32(nlh, NFTA_VERDICT_CODE, (uint32_t)codes[e->verdict]);
		if (e->target)
			mnl_attr_put_strz(nlh, NFTA_VERDICT_CHAIN, e->target);
		mnl_attr_nest_end(nlh, v);
	}
	mnl_attr_nest_end(nlh, data);
}

/* The kernel counts in ticks, and takes less than one for an element without an end. */
enum { LEFT_LEAST_MS = 50 };

/* Milliseconds until its end; 0: it has none, or (*over) it is no more. */
static uint64_t left_of(const struct rs_elem *e, bool *over)
{
	bool ends = e->until_ns && e->until_ns != UINT64_MAX;
	uint64_t now = ends ? clock_ns(CLOCK_BOOTTIME) : 0;
	uint64_t left = e->until_ns > now ? (e->until_ns - now) / 1000000 : 0;
	*over = ends && left < LEFT_LEAST_MS;
	return ends && !*over ? left : 0;
}

static void put_elem(struct nlmsghdr *nlh, const struct rs_set *s, const struct rs_elem *e)
{
	bool over;
	uint64_t left = left_of(e, &over);
	if (over)
		return;
	struct nlattr *el = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
	struct nlattr *key = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_KEY);
	mnl_attr_put(nlh, NFTA_DATA_VALUE, key_len(s), e->key);
	mnl_attr_nest_end(nlh, key);
	if (e->end)
		put_be32(nlh, NFTA_SET_ELEM_FLAGS, NFT_SET_ELEM_INTERVAL_END);
	put_data(nlh, s, e);
	if (left)
		mnl_attr_put_u64(nlh, NFTA_SET_ELEM_TIMEOUT, htobe64(left));
	size_t n = e->comment ? strlen(e->comment) + 1 : 0;
	if (n && n <= 128) {
		uint8_t u[2 + 128] = { UDATA_COMMENT, (uint8_t)n };
		memcpy(u + 2, e->comment, n);
		mnl_attr_put(nlh, NFTA_SET_ELEM_USERDATA, n + 2, u);
	}
	mnl_attr_nest_end(nlh, el);
}

void put_elems(struct batch *b, const struct rs_set *s)
{
	char buf[SET_NAME_MAX];
	for (size_t i = 0; i < s->n_elems;) {
		struct nlmsghdr *nlh = batch_msg(b, NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL,
						 s->elems[i].at, s->name);
		if (!nlh)
			return;
		mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, b->table);
		mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, set_name(b, s->name, buf));
		struct nlattr *list = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
		for (uint32_t from = nlh->nlmsg_len;
		     i < s->n_elems && nlh->nlmsg_len - from < ELEMS_MAX; i++) {
			batch_spot(b, nlh->nlmsg_len, s->elems[i].at, s->name);
			put_elem(nlh, s, &s->elems[i]);
		}
		mnl_attr_nest_end(nlh, list);
		batch_end_msg(b, nlh);
	}
}
